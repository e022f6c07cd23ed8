#!/usr/bin/env python3
"""Makes the golden data of the multi-token prediction head: a random head for a golden checkpoint, and what it computes in
numpy, float64, by the formulas of the Qwen3.5 reference (qwen3_5_moe.md, 2.5). transformers has no such head to ask.

usage: make_mtp_golden.py seed100/qwen3_5_moe OUT_DIR
Writes OUT_DIR/config.json (a copy), OUT_DIR/mtp.safetensors (BF16, the names of a Qwen3.5 checkpoint) and OUT_DIR/golden.safetensors:
  draft_logits [T - 1, V] f32  row t, from the trunk's state at position t (golden hidden_<L>) and token t + 1
  draft_ids    [3] int64       the greedy drafts behind the last row: each made from the one before it
"""
import json
import os
import struct
import sys

import numpy as np

source, out = sys.argv[1:3]
config = json.load(open(source + "/config.json"))
H, E, K, I = (config[k] for k in ("hidden_size", "num_experts", "num_experts_per_tok", "moe_intermediate_size"))
shared = config["shared_expert_intermediate_size"]
heads, kv_heads, dim = config["num_attention_heads"], config["num_key_value_heads"], config["head_dim"]
rng = np.random.default_rng(2026)


def read(path):
    blob = open(path, "rb").read()
    start = 8 + struct.unpack("<Q", blob[:8])[0]
    tensors = {}
    for name, e in json.loads(blob[8:start]).items():
        if name == "__metadata__":
            continue
        data = blob[start + e["data_offsets"][0]:start + e["data_offsets"][1]]
        if e["dtype"] == "BF16":
            v = (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32)
        else:
            v = np.frombuffer(data, {"F32": np.float32, "I64": np.int64}[e["dtype"]])
        tensors[name] = v.reshape(e["shape"])
    return tensors


def write(path, tensors):
    header, data = {}, b""
    for name, (dtype, v) in tensors.items():
        raw = v.tobytes()
        header[name] = {"dtype": dtype, "shape": list(v.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    open(path, "wb").write(struct.pack("<Q", len(text)) + text + data)


def bf16(v):
    bits = v.astype(np.float32).view(np.uint32)
    return ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def random_head():
    matrix = lambda *shape: rng.standard_normal(shape) / shape[-1] ** 0.5
    vector = lambda n: rng.standard_normal(n) * 0.1
    p = "mtp.layers.0."
    return {"mtp.fc.weight": matrix(H, 2 * H), "mtp.norm.weight": vector(H),
            "mtp.pre_fc_norm_embedding.weight": vector(H), "mtp.pre_fc_norm_hidden.weight": vector(H),
            p + "input_layernorm.weight": vector(H), p + "post_attention_layernorm.weight": vector(H),
            p + "self_attn.q_proj.weight": matrix(heads * dim * 2, H), p + "self_attn.k_proj.weight": matrix(kv_heads * dim, H),
            p + "self_attn.v_proj.weight": matrix(kv_heads * dim, H), p + "self_attn.o_proj.weight": matrix(H, heads * dim),
            p + "self_attn.q_norm.weight": vector(dim), p + "self_attn.k_norm.weight": vector(dim),
            p + "mlp.gate.weight": 2 * matrix(E, H), p + "mlp.experts.gate_up_proj": matrix(E, 2 * I, H),
            p + "mlp.experts.down_proj": matrix(E, H, I), p + "mlp.shared_expert.gate_proj.weight": matrix(shared, H),
            p + "mlp.shared_expert.up_proj.weight": matrix(shared, H), p + "mlp.shared_expert.down_proj.weight": matrix(H, shared),
            p + "mlp.shared_expert_gate.weight": matrix(1, H)}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def rms(x, w):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-6) * (1 + w)


def softmax(x):
    p = np.exp(x - x.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)


class Head:
    """Row after row, keys and values kept; rows behind `position` are forgotten."""

    def __init__(self, w, trunk):
        self.w, self.trunk, self.keys, self.values = w, trunk, [], []

    def __call__(self, token, hidden, position):
        w = self.w
        m = lambda name: w["mtp.layers.0." + name]
        embed = self.trunk["model.embed_tokens.weight"][token].astype(np.float64)
        u = w["mtp.fc.weight"] @ np.concatenate([rms(embed, w["mtp.pre_fc_norm_embedding.weight"]),
                                                 rms(hidden, w["mtp.pre_fc_norm_hidden.weight"])])
        u = u + self.attention(rms(u, m("input_layernorm.weight")), m, position)
        u = u + self.mixture(rms(u, m("post_attention_layernorm.weight")), m)
        hd = rms(u, w["mtp.norm.weight"])
        return self.trunk["lm_head.weight"].astype(np.float64) @ hd, hd

    def attention(self, x, m, position):
        rope = config["rope_parameters"]
        half = int(dim * rope["partial_rotary_factor"]) // 2
        angle = position * rope["rope_theta"] ** (-np.arange(half) / half)

        def rotate(z):
            a, b = z[:, :half], z[:, half:2 * half]
            return np.concatenate([a * np.cos(angle) - b * np.sin(angle), b * np.cos(angle) + a * np.sin(angle), z[:, 2 * half:]], 1)

        qg = (m("self_attn.q_proj.weight") @ x).reshape(heads, 2 * dim)
        q, gate = rotate(rms(qg[:, :dim], m("self_attn.q_norm.weight"))), qg[:, dim:]
        del self.keys[position:], self.values[position:]
        self.keys.append(rotate(rms((m("self_attn.k_proj.weight") @ x).reshape(kv_heads, dim), m("self_attn.k_norm.weight"))))
        self.values.append((m("self_attn.v_proj.weight") @ x).reshape(kv_heads, dim))
        k, v = np.stack(self.keys, 1), np.stack(self.values, 1)  # [kv_heads, rows, dim]
        out = np.stack([softmax(k[h // (heads // kv_heads)] @ q[h] / dim ** 0.5) @ v[h // (heads // kv_heads)] for h in range(heads)])
        return m("self_attn.o_proj.weight") @ (out * sigmoid(gate)).reshape(-1)

    def mixture(self, x, m):
        p = softmax(m("mlp.gate.weight") @ x)
        top = np.argsort(-p, kind="stable")[:K]
        silu = lambda z: z * sigmoid(z)
        y = m("mlp.shared_expert.down_proj.weight") @ (silu(m("mlp.shared_expert.gate_proj.weight") @ x) * (m("mlp.shared_expert.up_proj.weight") @ x))
        y = y * sigmoid(m("mlp.shared_expert_gate.weight") @ x)
        for e in top:
            g = m("mlp.experts.gate_up_proj")[e] @ x
            y = y + p[e] / p[top].sum() * (m("mlp.experts.down_proj")[e] @ (silu(g[:I]) * g[I:]))
        return y


os.makedirs(out, exist_ok=True)
json.dump({**config, "mtp_num_hidden_layers": 1}, open(out + "/config.json", "w"), indent=2)
stored = {k: bf16(v) for k, v in random_head().items()}
write(out + "/mtp.safetensors", {k: ("BF16", v) for k, v in stored.items()})
weights = {k: (v.astype(np.uint32) << 16).view(np.float32).astype(np.float64) for k, v in stored.items()}
golden = read(source + "/golden.safetensors")
ids, states = golden["input_ids"], golden[f"hidden_{config['num_hidden_layers']}"].astype(np.float64)
head = Head(weights, read(source + "/model.safetensors"))
rows, hd = [], None
for t in range(len(ids) - 1):
    logits, hd = head(ids[t + 1], states[t], t)
    rows.append(logits)
drafts = [int(rows[-1].argmax())]
for position in range(len(ids) - 1, len(ids) + 1):
    logits, hd = head(drafts[-1], hd, position)
    drafts.append(int(logits.argmax()))
    top = np.sort(logits)[-2:]
    print("draft", drafts[-1], "margin", top[1] - top[0])
write(out + "/golden.safetensors", {"draft_logits": ("F32", np.array(rows, np.float32)), "draft_ids": ("I64", np.array(drafts, np.int64))})
print("drafts", drafts, "logit std", np.array(rows).std())
