#!/usr/bin/env python3
"""The demo model's forward pass in numpy, float64, from the MLX checkpoint: an oracle that shares no code with sluice.

usage: numpy_oracle.py MLX_DIR TOKENS_FILE K BLOCKS
Prints the perplexity over the first BLOCKS blocks of 512 tokens, second half of each scored, with K experts a token.
TOKENS_FILE: sluice tokenize --special < models/demo-eval/heldout.txt. Formulas: Qwen3.5 reference (qwen3_5_moe.md).
"""
import json
import struct
import sys

import numpy as np

folder, tokens_file, top_k, blocks = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
blob = open(folder + "/model.safetensors", "rb").read()
start = 8 + struct.unpack("<Q", blob[:8])[0]
header = json.loads(blob[8:start])
config = json.load(open(folder + "/config.json"))
text = config["text_config"]
MODEL = "language_model.model."


def raw(name):
    entry = header[name]
    data = blob[start + entry["data_offsets"][0]:start + entry["data_offsets"][1]]
    if entry["dtype"] == "BF16":
        return (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(entry["shape"])
    return np.frombuffer(data, {"F32": np.float32, "U32": np.uint32}[entry["dtype"]]).reshape(entry["shape"])


def weight(name):
    """A matrix, dequantised where it is quantised: scale * q + bias by groups along the rows."""
    packed, scales, biases = raw(name + ".weight"), raw(name + ".scales"), raw(name + ".biases")
    bits = config["quantization"].get(name, config["quantization"])["bits"]
    q = (packed[..., None] >> (np.arange(32 // bits, dtype=np.uint32) * bits)) & ((1 << bits) - 1)
    q = q.reshape(*scales.shape, -1).astype(np.float32)
    return (q * scales[..., None] + biases[..., None]).reshape(*packed.shape[:-1], -1)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def silu(x):
    return x * sigmoid(x)


def rms(x, w):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-6) * w


def softmax(x):
    p = np.exp(x - x.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)


def load_layer(i):
    p = MODEL + f"layers.{i}."
    layer = {"norm1": raw(p + "input_layernorm.weight"), "norm2": raw(p + "post_attention_layernorm.weight")}
    if text["layer_types"][i] == "full_attention":
        layer.update({k: weight(p + f"self_attn.{k}_proj") for k in "qkvo"})
        layer.update(q_norm=raw(p + "self_attn.q_norm.weight"), k_norm=raw(p + "self_attn.k_norm.weight"))
    else:
        layer.update({k: weight(p + "linear_attn." + k) for k in ("in_proj_qkv", "in_proj_z", "in_proj_b", "in_proj_a", "out_proj")})
        layer.update(conv=raw(p + "linear_attn.conv1d.weight")[..., 0], a_log=raw(p + "linear_attn.A_log"),
                     dt=raw(p + "linear_attn.dt_bias"), norm=raw(p + "linear_attn.norm.weight"))
    layer.update(router=weight(p + "mlp.gate"), shared_gate=weight(p + "mlp.shared_expert_gate"))
    for k in ("gate_proj", "up_proj", "down_proj"):
        layer["shared_" + k], layer["expert_" + k] = weight(p + "mlp.shared_expert." + k), weight(p + "mlp.switch_mlp." + k)
    return layer


def attention(x, w):
    count, heads, kv_heads, dim = len(x), text["num_attention_heads"], text["num_key_value_heads"], text["head_dim"]
    rope = text["rope_parameters"]
    half = int(dim * rope["partial_rotary_factor"]) // 2
    qg = (x @ w["q"].T).reshape(count, heads, 2 * dim)
    q, gate = rms(qg[..., :dim], w["q_norm"]), qg[..., dim:]
    k = rms((x @ w["k"].T).reshape(count, kv_heads, dim), w["k_norm"])
    v = (x @ w["v"].T).reshape(count, kv_heads, dim)
    angle = np.arange(count)[:, None] * rope["rope_theta"] ** (-np.arange(half) / half)
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]

    def rotate(z):
        a, b = z[..., :half], z[..., half:2 * half]
        return np.concatenate([a * cos - b * sin, b * cos + a * sin, z[..., 2 * half:]], -1)

    q, k = rotate(q), rotate(k)
    out = np.zeros((count, heads, dim))
    past = np.tril(np.ones((count, count))) > 0
    for h in range(heads):
        kv = h // (heads // kv_heads)
        out[:, h] = softmax(np.where(past, q[:, h] @ k[:, kv].T / np.sqrt(dim), -1e30)) @ v[:, kv]
    return (out * sigmoid(gate)).reshape(count, -1) @ w["o"].T


def delta_net(x, w):
    count, k_heads, v_heads = len(x), text["linear_num_key_heads"], text["linear_num_value_heads"]
    dk, dv, taps = text["linear_key_head_dim"], text["linear_value_head_dim"], text["linear_conv_kernel_dim"]
    u = x @ w["in_proj_qkv"].T
    padded = np.concatenate([np.zeros((taps - 1, u.shape[1])), u])
    y = silu(sum(padded[j:j + count] * w["conv"][:, j] for j in range(taps)))
    q, k, v = np.split(y, [k_heads * dk, 2 * k_heads * dk], axis=1)
    unit = lambda t: t / np.sqrt((t * t).sum(-1, keepdims=True) + 1e-6)
    q = np.repeat(unit(q.reshape(count, k_heads, dk)) / np.sqrt(dk), v_heads // k_heads, 1)
    k = np.repeat(unit(k.reshape(count, k_heads, dk)), v_heads // k_heads, 1)
    v, z = v.reshape(count, v_heads, dv), (x @ w["in_proj_z"].T).reshape(count, v_heads, dv)
    beta = sigmoid(x @ w["in_proj_b"].T)
    decay = np.exp(-np.exp(w["a_log"]) * np.logaddexp(0, x @ w["in_proj_a"].T + w["dt"]))
    state, out = np.zeros((v_heads, dk, dv)), np.zeros((count, v_heads, dv))
    for t in range(count):
        state *= decay[t][:, None, None]
        delta = beta[t][:, None] * (v[t] - np.einsum("hkv,hk->hv", state, k[t]))
        state += k[t][:, :, None] * delta[:, None, :]
        out[t] = np.einsum("hkv,hk->hv", state, q[t])
    return (rms(out, w["norm"]) * silu(z)).reshape(count, -1) @ w["out_proj"].T


def mixture(x, w):
    p = softmax(x @ w["router"].T)
    top = np.argsort(-p, -1, kind="stable")[:, :top_k]
    share = np.take_along_axis(p, top, -1)
    share /= share.sum(-1, keepdims=True)
    shared = (silu(x @ w["shared_gate_proj"].T) * (x @ w["shared_up_proj"].T)) @ w["shared_down_proj"].T
    y = sigmoid(x @ w["shared_gate"].T) * shared
    for e in range(p.shape[1]):
        t, k = np.nonzero(top == e)
        if len(t):
            hidden = silu(x[t] @ w["expert_gate_proj"][e].T) * (x[t] @ w["expert_up_proj"][e].T)
            y[t] += share[t, k][:, None] * (hidden @ w["expert_down_proj"][e].T)
    return y


layers = [load_layer(i) for i in range(text["num_hidden_layers"])]
embed, head, last_norm = weight(MODEL + "embed_tokens"), weight("language_model.lm_head"), raw(MODEL + "norm.weight")
ids = [int(t) for t in open(tokens_file).read().split()]
loss = count = 0
for at in range(0, blocks * 512, 512):
    block = np.array(ids[at:at + 512])
    x = embed[block].astype(np.float64)
    for layer in layers:
        x = x + (attention if "q" in layer else delta_net)(rms(x, layer["norm1"]), layer)
        x = x + mixture(rms(x, layer["norm2"]), layer)
    logits = rms(x, last_norm)[256:511] @ head.T
    most = logits.max(-1, keepdims=True)
    norm = (most + np.log(np.exp(logits - most).sum(-1, keepdims=True)))[:, 0]
    loss += (norm - logits[np.arange(255), block[257:512]]).sum()
    count += 255
print(f"perplexity {np.exp(loss / count):.6f} (K {top_k}, {blocks} blocks, {count} scored)")
