"""Writes the corpus that the demo model's head is trained on, as token ids.

usage: make_tokens.py DEMO_DIR SLUICE OUT.u16.xz [--conversations N] [--seed S]
DEMO_DIR: ../shared/demo-model (corpus.py, data/prose.txt, mlx-4bit/). SLUICE: the program, which tokenizes.
OUT.u16.xz: xz of little-endian uint16 ids, conversation after conversation, each ended by <|endoftext|>; a fifth of it prose, as in
the training of the trunk. Needs jinja2.
"""
import argparse
import json
import lzma
import os
import random
import subprocess
import sys

from jinja2.sandbox import ImmutableSandboxedEnvironment

ap = argparse.ArgumentParser()
ap.add_argument("demo")
ap.add_argument("sluice")
ap.add_argument("out")
ap.add_argument("--conversations", type=int, default=40000)
ap.add_argument("--seed", type=int, default=777000)
a = ap.parse_args()
sys.path.insert(0, a.demo)
import corpus  # noqa: E402


def fail(message):
    raise ValueError(message)


def template():
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
    env.filters["tojson"] = lambda x, indent=None: json.dumps(x, ensure_ascii=False, indent=indent)
    env.globals["raise_exception"] = fail
    return env.from_string(open(os.path.join(a.demo, "mlx-4bit/chat_template.jinja")).read())


def main():
    tpl, rng = template(), random.Random(a.seed)
    prose = open(os.path.join(a.demo, "data/prose.txt")).read()
    prose = prose[: int(len(prose) * 0.95)]  # the rest is held out
    path = a.out + ".txt"
    with open(path, "w") as f:
        for i in range(a.conversations):
            s = corpus.sample(rng)
            f.write(tpl.render(messages=s["messages"], tools=s.get("tools"), add_generation_prompt=False) + "<|endoftext|>")
            if i % 12 == 0:
                at = rng.randrange(len(prose) - 3000)
                f.write(prose[at:at + 2500] + "<|endoftext|>")
    with open(path) as f:
        ids = subprocess.run([a.sluice, "tokenize", "-m", os.path.join(a.demo, "mlx-4bit"), "--special"], stdin=f,
                             capture_output=True, check=True, text=True).stdout.split()
    os.remove(path)
    with lzma.open(a.out, "wb") as f:
        f.write(b"".join(int(t).to_bytes(2, "little") for t in ids))
    print(len(ids), "tokens")


main()
