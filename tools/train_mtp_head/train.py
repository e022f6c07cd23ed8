"""Trains a multi-token prediction head for the demo model, the trunk frozen, on one GPU. Plain torch and numpy.

usage: train.py MODEL.gguf TOKENS.u16.xz OUT_DIR [--minutes M] [--device cuda|cpu] [--batch B] [--steps N]
TOKENS.u16.xz: make_tokens.py. Writes OUT_DIR/mtp.safetensors (BF16, the names and the zero-centred norms of an unconverted
Qwen3.5 checkpoint: mtp.fc.weight ...) and OUT_DIR/log.txt with the share of drafts the trunk would accept, greedy, on the
last 2 % of the tokens, per depth.

The head (qwen3_5_moe.md, 2.5): u = fc([rms(embed(x[t+1])), rms(h[t])]); one gated-attention decoder layer; hd = rms(u).
lm_head(hd) predicts x[t+2]. Deeper drafts feed hd back as h; training walks them the way inference does: a draft's own
row attends to the rows of the depths before it, older rows to those made from the trunk's states. The target is the
trunk's distribution, since it is the trunk that accepts.
"""
import argparse
import json
import lzma
import math
import os
import struct
import time

import numpy as np
import torch
import torch.nn.functional as F

from trunk import Trunk, mixture, project, rms, rotary

SEQ, DEPTH = 512, 3
LOSS_WEIGHT = (1.0, 0.5, 0.25)


def start_from(trunk):
    """The head's parameters, the decoder layer a copy of the trunk's last one (which is of the attention kind)."""
    h = trunk.embed.shape[1]
    layer = {k: v.float().clone() for k, v in trunk.layers[-1].items()}
    p = {k: v - 1 if k in ("norm1", "norm2", "q_norm", "k_norm") else v for k, v in layer.items()}  # the file folds a 1 in
    fc = torch.randn(h, 2 * h, device=trunk.embed.device) * 0.5 / math.sqrt(2 * h)
    fc[:, h:] += torch.eye(h, device=fc.device)
    p.update(fc=fc, norm_embedding=torch.zeros(h, device=fc.device), norm_hidden=torch.zeros(h, device=fc.device),
             norm_last=trunk.norm.clone() - 1)
    return {k: torch.nn.Parameter(v.contiguous()) for k, v in p.items()}


class Head:
    def __init__(self, p, trunk):
        self.p, self.trunk, self.shape = p, trunk, trunk.shape

    def weights(self):
        dtype = self.trunk.dtype
        plus_one = ("norm1", "norm2", "q_norm", "k_norm", "norm_embedding", "norm_hidden", "norm_last")
        return {k: 1 + v if k in plus_one else v if k == "router" else v.to(dtype) for k, v in self.p.items()}

    def attend(self, x, w, past):
        """One depth's rows. `past`: keys and values of the depths before; row t sees rows <= t - (d - 1) of the first, and of
        each later depth m the row t - (d - m)."""
        cos, sin = rotary(self.shape, x.shape[1], x.device)
        q, k, v, gate = project(x, w, self.shape, cos.to(x.dtype), sin.to(x.dtype))
        past.append((k, v))
        depth, count = len(past), x.shape[1]
        scale = 1 / math.sqrt(self.shape["dim"])
        rows = torch.arange(count, device=x.device)
        seen = rows[None, :] <= rows[:, None] - (depth - 1)
        scores = [(q @ past[0][0].transpose(-1, -2) * scale).float().masked_fill(~seen, -1e30)]
        values = []
        for m in range(2, depth + 1):
            shift = depth - m
            k_m, v_m = (torch.roll(t, shift, 2) for t in past[m - 1])
            scores.append(((q * k_m).sum(-1, keepdim=True) * scale).float())
            values.append(v_m)
        p = torch.cat(scores, -1).softmax(-1).to(v.dtype)
        out = p[..., :count] @ past[0][1]
        for m, v_m in enumerate(values):
            out = out + p[..., count + m:count + m + 1] * v_m
        return F.linear((out.transpose(1, 2) * torch.sigmoid(gate)).flatten(2), w["o"])

    def __call__(self, ids, hidden, depths=DEPTH):
        """Per depth d the states hd [B, T - 1, H]: row t, from h[t - d + 1] and x[t + 1], predicts x[t + 2] (rows t < d - 1 mean
        nothing). And the balance loss."""
        w, out, past, balance = self.weights(), [], [], 0.0
        embedded = rms(self.trunk.embed[ids[:, 1:]].float(), w["norm_embedding"])
        h = hidden[:, :-1]
        for _ in range(depths):
            u = F.linear(torch.cat([embedded, rms(h, w["norm_hidden"])], -1).to(self.trunk.dtype), w["fc"]).float()
            u = u + self.attend(rms(u, w["norm1"]).to(self.trunk.dtype), w, past).float()
            y, b = mixture(rms(u, w["norm2"]).to(self.trunk.dtype), w, self.shape["top_k"])
            hd = rms(u + y.float(), w["norm_last"])
            out.append(hd)
            balance = balance + b / depths
            h = torch.roll(hd, 1, 1)
        return out, balance


def logits(trunk, h):
    return F.linear(h.to(trunk.dtype), trunk.head).float()


def losses(trunk, head, ids):
    hidden = trunk(ids)
    with torch.no_grad():
        target = logits(trunk, hidden)[:, 1:].softmax(-1)  # row t: what the trunk says of x[t + 2]
    states, balance = head(ids, hidden)
    total = 0.003 * balance
    each = []
    for d, hd in enumerate(states):
        loss = -(target[:, d:] * logits(trunk, hd[:, d:]).log_softmax(-1)).sum(-1).mean()
        total = total + LOSS_WEIGHT[d] * loss
        each.append(loss.item())
    return total, each


@torch.no_grad()
def acceptance(trunk, head, rows):
    """Shares of rows whose draft is the trunk's own greedy choice, per depth, all depths before it right as well; and the
    trunk's loss, to see that it is the model it should be."""
    right, seen, nll = [0] * DEPTH, 0, 0.0
    for ids in rows:
        hidden = trunk(ids)
        full = logits(trunk, hidden)
        nll += F.cross_entropy(full[:, :-1].flatten(0, 1), ids[:, 1:].flatten()).item() / len(rows)
        choice = full.argmax(-1)[:, 1:]
        states, _ = head(ids, hidden)
        good = None
        for d, hd in enumerate(states):
            ok = (logits(trunk, hd).argmax(-1) == choice)
            good = ok if good is None else torch.roll(good, 1, 1) & ok
            right[d] += good[:, DEPTH:].sum().item()
        seen += choice[:, DEPTH:].numel()
    return [r / seen for r in right], nll


def save(p, path):
    t = {k: v.detach().cpu() for k, v in p.items()}
    layer = "mtp.layers.0."
    named = {"mtp.fc.weight": t["fc"], "mtp.pre_fc_norm_embedding.weight": t["norm_embedding"],
             "mtp.pre_fc_norm_hidden.weight": t["norm_hidden"], "mtp.norm.weight": t["norm_last"],
             layer + "input_layernorm.weight": t["norm1"], layer + "post_attention_layernorm.weight": t["norm2"],
             layer + "self_attn.q_norm.weight": t["q_norm"], layer + "self_attn.k_norm.weight": t["k_norm"],
             layer + "mlp.gate.weight": t["router"], layer + "mlp.shared_expert_gate.weight": t["shared_scale"],
             layer + "mlp.experts.gate_up_proj": torch.cat([t["expert_gate"], t["expert_up"]], 1),
             layer + "mlp.experts.down_proj": t["expert_down"]}
    named.update({layer + f"self_attn.{k}_proj.weight": t[k] for k in "qkvo"})
    named.update({layer + f"mlp.shared_expert.{k}_proj.weight": t["shared_" + k] for k in ("gate", "up", "down")})
    header, blobs, at = {"__metadata__": {"format": "pt"}}, [], 0
    for name, v in named.items():
        bits = v.contiguous().float().numpy().view(np.uint32)
        rounded = ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16).astype(np.uint16).tobytes()
        header[name] = {"dtype": "BF16", "shape": list(v.shape), "data_offsets": [at, at + len(rounded)]}
        blobs.append(rounded)
        at += len(rounded)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("model")
    ap.add_argument("tokens")
    ap.add_argument("out")
    ap.add_argument("--minutes", type=float, default=6)
    ap.add_argument("--device", default="cuda")
    ap.add_argument("--batch", type=int, default=64)
    ap.add_argument("--steps", type=int, default=10**9)
    a = ap.parse_args()
    os.makedirs(a.out, exist_ok=True)
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = True
    trunk = Trunk(a.model, a.device, torch.bfloat16 if a.device == "cuda" else torch.float32)
    p = start_from(trunk)
    head = Head(p, trunk)
    ids = np.frombuffer(lzma.open(a.tokens).read(), np.uint16)
    rows = ids[: len(ids) // SEQ * SEQ].reshape(-1, SEQ).astype(np.int64)
    held = max(len(rows) // 50, 1)
    test = [torch.from_numpy(rows[i:i + a.batch]).to(a.device) for i in range(len(rows) - held, len(rows), a.batch)][:8]
    rows = rows[: len(rows) - held]
    log = open(os.path.join(a.out, "log.txt"), "w")

    def say(text):
        print(text, flush=True)
        log.write(text + "\n")
        log.flush()

    matrices = [v for v in p.values() if v.ndim >= 2]
    vectors = [v for v in p.values() if v.ndim < 2]
    opt = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.05}, {"params": vectors, "weight_decay": 0.0}], lr=1e-3, betas=(0.9, 0.95))
    say(f"{sum(v.numel() for v in p.values()) / 1e6:.2f} M parameters, {len(rows)} rows of {SEQ}, torch {torch.__version__}")
    t0, step, order, shown = time.time(), 0, np.random.default_rng(0), 0.0
    while step < a.steps:
        done = max((time.time() - t0) / (a.minutes * 60), step / a.steps)
        if done >= 1:
            break
        for group in opt.param_groups:
            group["lr"] = 1.5e-3 * min(1, (step + 1) / 50) * (0.5 * (1 + math.cos(math.pi * done)) * 0.98 + 0.02)
        batch = torch.from_numpy(rows[order.integers(0, len(rows), a.batch)]).to(a.device)
        total, each = losses(trunk, head, batch)
        total.backward()
        torch.nn.utils.clip_grad_norm_(list(p.values()), 1.0)
        opt.step()
        opt.zero_grad(set_to_none=True)
        step += 1
        if time.time() - shown > 20 or step == a.steps:
            shown = time.time()
            say(f"step {step} t {time.time() - t0:.0f} s loss " + " ".join(f"{x:.4f}" for x in each))
    shares, nll = acceptance(trunk, head, test)
    say(f"steps {step}; held out: trunk loss {nll:.4f}; drafts accepted (this and all before) " + " ".join(f"{x:.4f}" for x in shares))
    save(p, os.path.join(a.out, "mtp.safetensors"))


main()
