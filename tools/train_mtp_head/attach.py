"""Puts a trained prediction head into a GGUF file of the demo model.

usage: attach.py MODEL.gguf mtp.safetensors OUT.gguf
The head becomes block L (blk.L.*, blk.L.nextn.*), its matrices Q8_0 and its norms F32 with the 1 folded in, as llama.cpp's
converter lays it out (qwen3_5_moe.md, 5.2); block_count grows by one and nextn_predict_layers is 1. numpy only.
"""
import json
import struct
import sys

import numpy as np

from gguf import Gguf, bf16

LAYER = {"input_layernorm.weight": "attn_norm.weight", "post_attention_layernorm.weight": "post_attention_norm.weight",
         **{f"self_attn.{k}_proj.weight": f"attn_{k}.weight" for k in "qkv"}, "self_attn.o_proj.weight": "attn_output.weight",
         **{f"self_attn.{k}_norm.weight": f"attn_{k}_norm.weight" for k in "qk"}, "mlp.gate.weight": "ffn_gate_inp.weight",
         "mlp.shared_expert_gate.weight": "ffn_gate_inp_shexp.weight", "mlp.experts.down_proj": "ffn_down_exps.weight",
         **{f"mlp.shared_expert.{k}_proj.weight": f"ffn_{k}_shexp.weight" for k in ("gate", "up", "down")}}
TOP = {"fc.weight": "eh_proj.weight", "norm.weight": "shared_head_norm.weight", "pre_fc_norm_embedding.weight": "enorm.weight",
       "pre_fc_norm_hidden.weight": "hnorm.weight"}
F32, Q8_0 = 0, 8


def read_head(path):
    blob = open(path, "rb").read()
    start = 8 + struct.unpack("<Q", blob[:8])[0]
    return {name: bf16(blob[start + e["data_offsets"][0]:start + e["data_offsets"][1]]).reshape(e["shape"])
            for name, e in json.loads(blob[8:start]).items() if name != "__metadata__"}


def q8_0(v):
    blocks = v.reshape(-1, 32)
    d = np.abs(blocks).max(1, keepdims=True) / 127
    q = np.round(np.divide(blocks, d, out=np.zeros_like(blocks), where=d > 0)).astype(np.int8)
    return np.concatenate([d.astype(np.float16).view(np.uint8), q.view(np.uint8)], 1).tobytes()


def entries(head, layer):
    """(name, shape, type, bytes) of the head's tensors."""
    parts = {}
    for name, v in head.items():
        if name.startswith("mtp.layers.0."):
            rest = name[len("mtp.layers.0."):]
            if rest == "mlp.experts.gate_up_proj":
                parts["ffn_gate_exps.weight"], parts["ffn_up_exps.weight"] = np.split(v, 2, 1)
                continue
            parts[LAYER[rest]] = v
        else:
            parts["nextn." + TOP[name[len("mtp."):]]] = v
    for name, v in parts.items():
        if "norm" in name:
            v = v + np.float32(1)
        if name == "ffn_gate_inp_shexp.weight":
            v = v.reshape(-1)
        plain = v.ndim == 1 or name == "ffn_gate_inp.weight"
        yield f"blk.{layer}.{name}", list(v.shape), F32 if plain else Q8_0, np.ascontiguousarray(v, np.float32).tobytes() if plain else q8_0(v)


def text(s):
    return struct.pack("<Q", len(s.encode())) + s.encode()


def main():
    model, head, out = sys.argv[1:4]
    file = Gguf(model)
    arch = file.values["general.architecture"]
    layers = file.values[arch + ".block_count"]
    assert not file.values.get(arch + ".nextn_predict_layers"), "the file has a head already"
    values, count = b"", file.value_count
    for key, (begin, end) in file.spans.items():
        raw = file.blob[begin:end]
        values += raw[:-4] + struct.pack("<I", layers + 1) if key == arch + ".block_count" else raw
    values += text(arch + ".nextn_predict_layers") + struct.pack("<II", 4, 1)
    tensors = [(name, shape, kind, file.bytes_of(name)) for name, (shape, kind, _) in file.infos.items()]
    tensors += list(entries(read_head(head), layers))
    infos, data = b"", bytearray()
    for name, shape, kind, raw in tensors:
        data += b"\0" * (-len(data) % file.alignment)
        infos += text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape[::-1]) + struct.pack("<IQ", kind, len(data))
        data += raw
    header = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), count + 1) + values + infos
    with open(out, "wb") as f:
        f.write(header + b"\0" * (-len(header) % file.alignment) + data)
    print(f"{out}: {len(tensors)} tensors, head {len(tensors) - len(file.infos)}")


main()
