"""The demo model's trunk in torch, from its GGUF file (V heads tiled), weights frozen. Formulas: Qwen3.5 reference
(qwen3_5_moe.md)."""
import math

import torch
import torch.nn.functional as F

from gguf import Gguf

# Our names and those of the file, by layer.
NORMS = {"norm1": "attn_norm", "norm2": "post_attention_norm"}
ATTENTION = {"q": "attn_q", "k": "attn_k", "v": "attn_v", "o": "attn_output", "q_norm": "attn_q_norm", "k_norm": "attn_k_norm"}
RECURRENT = {"qkv": "attn_qkv", "z": "attn_gate", "b": "ssm_beta", "a": "ssm_alpha", "out": "ssm_out", "conv": "ssm_conv1d",
             "decay": "ssm_a", "dt": "ssm_dt.bias", "norm": "ssm_norm"}
MIXTURE = {"router": "ffn_gate_inp", "shared_scale": "ffn_gate_inp_shexp",
           **{"shared_" + k: f"ffn_{k}_shexp" for k in ("gate", "up", "down")},
           **{"expert_" + k: f"ffn_{k}_exps" for k in ("gate", "up", "down")}}


def load_layer(file, i, device):
    mixer = ATTENTION if f"blk.{i}.attn_q.weight" in file.infos else RECURRENT
    out = {}
    for ours, theirs in {**NORMS, **mixer, **MIXTURE}.items():
        name = f"blk.{i}.{theirs}"
        v = file.tensor(name if name in file.infos else name + ".weight")
        out[ours] = torch.from_numpy(v if ours != "shared_scale" else v.reshape(1, -1)).to(device)
    return out


def shape_of(file):
    """What the forward pass needs of the metadata."""
    v = lambda key: file.values["qwen35moe." + key]
    return {"layers": v("block_count"), "heads": v("attention.head_count"), "kv_heads": v("attention.head_count_kv"),
            "dim": v("attention.key_length"), "rotary": v("rope.dimension_count"), "theta": v("rope.freq_base"),
            "k_heads": v("ssm.group_count"), "v_heads": v("ssm.time_step_rank"), "dk": v("ssm.state_size"),
            "dv": v("ssm.inner_size") // v("ssm.time_step_rank"), "taps": v("ssm.conv_kernel"), "top_k": v("expert_used_count")}


def rms(x, w, eps=1e-6):
    return x * torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + eps).to(x.dtype) * w


def rotary(shape, count, device):
    half = shape["rotary"] // 2
    angle = torch.arange(count, device=device)[:, None] * shape["theta"] ** (-torch.arange(half, device=device) / half)
    return torch.cos(angle)[:, None], torch.sin(angle)[:, None]  # [T, 1, half]


def rotate(z, cos, sin):  # z [B, T, heads, dim]
    half = cos.shape[-1]
    a, b = z[..., :half], z[..., half:2 * half]
    return torch.cat([a * cos - b * sin, b * cos + a * sin, z[..., 2 * half:]], -1)


def project(x, w, shape, cos, sin):
    """Queries, keys, values [B, heads, T, dim] with keys and values repeated over their groups, and the output gate."""
    batch, count, _ = x.shape
    heads, kv_heads, dim = shape["heads"], shape["kv_heads"], shape["dim"]
    qg = F.linear(x, w["q"]).view(batch, count, heads, 2 * dim)
    q, gate = rms(qg[..., :dim], w["q_norm"]), qg[..., dim:]
    k = rms(F.linear(x, w["k"]).view(batch, count, kv_heads, dim), w["k_norm"])
    v = F.linear(x, w["v"]).view(batch, count, kv_heads, dim)
    q, k = rotate(q, cos, sin), rotate(k, cos, sin)
    repeat = lambda t: t.repeat_interleave(heads // kv_heads, 2).transpose(1, 2)
    return q.transpose(1, 2), repeat(k), repeat(v), gate


def attention(x, w, shape, cos, sin):
    q, k, v, gate = project(x, w, shape, cos, sin)
    scores = q @ k.transpose(-1, -2) / math.sqrt(shape["dim"])
    count = x.shape[1]
    past = torch.ones(count, count, dtype=torch.bool, device=x.device).tril()
    p = scores.float().masked_fill(~past, -1e30).softmax(-1).to(v.dtype)
    out = (p @ v).transpose(1, 2)
    return F.linear((out * torch.sigmoid(gate)).flatten(2), w["o"])


def delta_rule(q, k, v, g, beta, chunk=64):
    """The gated delta rule by chunks, float32. q, k [N, T, dk] (q scaled), v [N, T, dv], g, beta [N, T]."""
    n, count, dk = q.shape
    dv = v.shape[-1]
    state = torch.zeros(n, dk, dv, device=q.device)
    out = []
    eye = torch.eye(chunk, device=q.device)
    for at in range(0, count, chunk):
        q_, k_, v_, g_, b_ = (t[:, at:at + chunk] for t in (q, k, v, g, beta))
        c = q_.shape[1]
        cum = g_.cumsum(1)
        decay = (cum[:, :, None] - cum[:, None, :]).tril().exp().tril()
        a = ((k_ * b_[..., None]) @ k_.transpose(1, 2) * decay).tril(-1) + eye[:c, :c]
        right = torch.cat([v_ * b_[..., None], k_ * (b_ * cum.exp())[..., None]], -1)
        u, w = torch.linalg.solve_triangular(a, right, upper=False, unitriangular=True).split([dv, dk], -1)
        new = u - w @ state
        out.append((q_ * cum.exp()[..., None]) @ state + ((q_ @ k_.transpose(1, 2)) * decay) @ new)
        last = cum[:, -1:]
        state = state * last.exp()[..., None] + (k_ * (last - cum).exp()[..., None]).transpose(1, 2) @ new
    return torch.cat(out, 1)


def delta_net(x, w, shape):
    batch, count, _ = x.shape
    k_heads, v_heads, dk, dv, taps = (shape[k] for k in ("k_heads", "v_heads", "dk", "dv", "taps"))
    u = F.linear(x, w["qkv"]).transpose(1, 2)
    y = F.silu(F.conv1d(F.pad(u, (taps - 1, 0)), w["conv"][:, None].to(u.dtype), groups=u.shape[1])).transpose(1, 2).float()
    q, k, v = y.split([k_heads * dk, k_heads * dk, v_heads * dv], -1)
    unit = lambda t: t * torch.rsqrt(t.pow(2).sum(-1, keepdim=True) + 1e-6)
    spread = lambda t: t.repeat(1, 1, v_heads // k_heads, 1).transpose(1, 2).reshape(batch * v_heads, count, -1)
    q = spread(unit(q.view(batch, count, k_heads, dk)) / math.sqrt(dk))
    k = spread(unit(k.view(batch, count, k_heads, dk)))
    v = v.view(batch, count, v_heads, dv).transpose(1, 2).reshape(batch * v_heads, count, dv)
    rows = lambda t: t.float().transpose(1, 2).reshape(batch * v_heads, count)
    g = rows(w["decay"] * F.softplus(F.linear(x, w["a"]).float() + w["dt"]))
    beta = rows(torch.sigmoid(F.linear(x, w["b"]).float()))
    out = delta_rule(q, k, v, g, beta).view(batch, v_heads, count, dv).transpose(1, 2)
    z = F.linear(x, w["z"]).view(batch, count, v_heads, dv)
    return F.linear((rms(out, w["norm"]) * F.silu(z.float())).flatten(2).to(x.dtype), w["out"])


def mixture(x, w, top_k):
    """All experts over all tokens: wasteful, and a handful of large products. Returns the balance loss of the router too."""
    shape, x = x.shape, x.flatten(0, 1)
    p = F.linear(x.float(), w["router"].float()).softmax(-1)
    share, top = p.topk(top_k, -1)
    share = share / share.sum(-1, keepdim=True)
    dense = torch.zeros_like(p).scatter(1, top, share)  # [N, E]
    balance = p.shape[1] * ((dense > 0).float().mean(0) * p.mean(0)).sum() / top_k
    inner = F.silu(torch.matmul(x, w["expert_gate"].transpose(1, 2))) * torch.matmul(x, w["expert_up"].transpose(1, 2))
    inner = inner * dense.t()[..., None].to(inner.dtype)                                # [E, N, W]
    y = inner.transpose(0, 1).flatten(1) @ w["expert_down"].transpose(1, 2).flatten(0, 1)  # [N, E W] [E W, H]
    shared = F.linear(F.silu(F.linear(x, w["shared_gate"])) * F.linear(x, w["shared_up"]), w["shared_down"])
    y = y + torch.sigmoid(F.linear(x, w["shared_scale"])) * shared
    return y.view(shape), balance


class Trunk:
    def __init__(self, path, device, dtype):
        file = Gguf(path)
        self.shape, self.dtype = shape_of(file), dtype
        keep = ("norm1", "norm2", "q_norm", "k_norm", "decay", "dt", "norm", "router", "conv")
        self.layers = [{k: v if k in keep else v.to(dtype) for k, v in load_layer(file, i, device).items()}
                       for i in range(self.shape["layers"])]
        take = lambda name: torch.from_numpy(file.tensor(name)).to(device)
        self.embed, self.head = take("token_embd.weight").to(dtype), take("output.weight").to(dtype)
        self.norm = take("output_norm.weight")

    @torch.no_grad()
    def __call__(self, ids):
        """The hidden states after the final norm [B, T, H]."""
        cos, sin = rotary(self.shape, ids.shape[1], ids.device)
        x = self.embed[ids].float()
        for w in self.layers:
            y = rms(x, w["norm1"]).to(self.dtype)
            x = x + (attention(y, w, self.shape, cos.to(self.dtype), sin.to(self.dtype)) if "q" in w else delta_net(y, w, self.shape)).float()
            x = x + mixture(rms(x, w["norm2"]).to(self.dtype), w, self.shape["top_k"])[0].float()
        return rms(x, self.norm)
