#!/usr/bin/env python3
"""How do decoding and prompts scale with threads? Runs a model with 1, 2, 4, ... threads, whole rounds up and then down
again, and says for each number the median tokens a second, the gain over one thread, and whether the tokens were the same.

  bench/scaling.py --sluice build/dev/sluice --model /dev/shm/m35.gguf --synth qwen3.5-35b-a3b --out OUT
  bench/scaling.py --plot OUT/scaling.json --out OUT

Writes scaling.json (all figures, and the time of each step of a token), scaling.md (the table) and scaling.svg into --out.
--synth makes the model where it is not there; the repeat of `sluice bench` that first touches the experts is not counted.
Measuring stops where --budget seconds would be overrun; what is missing then is said.
Exit codes: 0 good, 1 a command failed or tokens differed, 2 wrong usage.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

SPEEDS = (("decode", "decode_tok_s", "decode_phases"), ("prompt", "prefill_tok_s", "prompt_phases"))


def parse():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--sluice", type=Path)
    p.add_argument("--model", type=Path)
    p.add_argument("--synth", metavar="SHAPE")
    p.add_argument("--synth-args", default="--quant Q4_K", help="of sluice synth")
    p.add_argument("--threads", default="1,2,4,8,12,16", help="numbers above what this process may use are left out")
    p.add_argument("--args", default="", help="more options for sluice, e.g. '--pin on --memory 24G'")
    p.add_argument("-p", "--prompt", type=int, default=512)
    p.add_argument("-n", "--new", type=int, default=64)
    p.add_argument("--repeat", type=int, default=3, help="of sluice bench in a round, the first not counted")
    p.add_argument("--rounds", type=int, default=2)
    p.add_argument("--budget", type=float, default=480)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--plot", type=Path, metavar="JSON", help="only draw again what was measured")
    a = p.parse_args()
    if not a.plot and (a.sluice is None or a.model is None):
        p.error("--sluice and --model are needed")
    if a.repeat < 2 or a.rounds < 1:
        p.error("--repeat must be at least 2, --rounds 1")
    return a


def output(command, label):
    started = time.monotonic()
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{label} failed with {done.returncode}:\n{done.stderr[-2000:]}")
    print(f"{label}: {time.monotonic() - started:.1f} s", flush=True)
    return done.stdout


def machine():
    lscpu = subprocess.run(["lscpu"], capture_output=True, text=True, check=False).stdout if os.path.exists("/usr/bin/lscpu") else ""
    return {"node": platform.platform(), "cpus": len(os.sched_getaffinity(0)), "lscpu": lscpu.splitlines()}


class Budget:
    """Whether one more step fits, if it takes as long as the longest of its kind so far."""

    def __init__(self, seconds):
        self.end = time.monotonic() + seconds
        self.longest = {}

    def fits(self, kind):
        return time.monotonic() + self.longest.get(kind, 0) < self.end

    def took(self, kind, started):
        self.longest[kind] = max(self.longest.get(kind, 0), time.monotonic() - started)


def tokens_of(a, count):
    """What the model says with so many threads: a prompt that spans chunks, then greedy tokens."""
    ids = a.out / "prompt.txt"
    ids.write_text(" ".join(str(7 + i * 37 % 900) for i in range(min(a.prompt, 128))))
    run = [a.sluice, "run", "-m", a.model, "--tokens", ids, "-n", 24, "--temp", 0, "--ignore-eos", "--json", "--quiet"]
    return json.loads(output([*run, "--warm-start", "off", "--threads", count, *a.args.split()], f"tokens, {count} threads"))["tokens"]


def measure(a, count):
    bench = [a.sluice, "bench", "-m", a.model, "-p", a.prompt, "-n", a.new, "--repeat", a.repeat, "--json"]
    return json.loads(output([*bench, "--threads", count, *a.args.split()], f"bench, {count} threads"))["stats"][1:]


def run_all(a, result):
    """Fills in `result` as it goes, so that what was measured is kept. Counts of which something is missing."""
    budget = Budget(a.budget)
    if a.synth and not a.model.exists():
        output([a.sluice, "synth", "--shape", a.synth, "--out", a.model, *a.synth_args.split()], "synth")
    counts = result["threads"]
    missing = set()
    for round_number in range(a.rounds):
        for count in counts if round_number % 2 == 0 else counts[::-1]:
            key = ("bench", count)
            if not budget.fits(key):
                missing.add(count)
                continue
            started = time.monotonic()
            result["stats"].setdefault(str(count), []).extend(measure(a, count))
            budget.took(key, started)
        for count in counts if round_number == 0 else []:
            if not budget.fits("tokens"):
                missing.add(count)
                continue
            started = time.monotonic()
            result["tokens"][str(count)] = tokens_of(a, count)
            budget.took("tokens", started)
    return sorted(missing)


def table(result):
    """Rows of text cells, the head first."""
    first = next(iter(result["tokens"].values()), None)
    rows = [["threads", "decode tok/s", "gain", "range", "prompt tok/s", "gain", "range", "share of limit", "tokens"]]
    base = {}
    for count in result["threads"]:
        stats = result["stats"].get(str(count), [])
        if not stats:
            continue
        row = [str(count)]
        for name, key, _ in SPEEDS:
            values = [s[key] for s in stats]
            median = statistics.median(values)
            base.setdefault(name, median / count if count > 1 else median)
            row += [f"{median:.2f}", f"{median / base[name]:.2f}", f"{min(values):.2f} to {max(values):.2f}"]
        shares = [s["share_of_limit"] for s in stats if s.get("share_of_limit")]
        row.append(f"{statistics.median(shares):.2f}" if shares else "-")
        mine = result["tokens"].get(str(count))
        row.append("-" if mine is None else "same" if mine == first else "DIFFERENT")
        rows.append(row)
    return rows


def steps(result, phases):
    """Milliseconds of each step of all new tokens (or of the prompt), by threads: what does not scale."""
    counts = [c for c in result["threads"] if result["stats"].get(str(c))]
    names = list(result["stats"][str(counts[0])][0].get(phases, {})) if counts else []
    rows = [["ms", *map(str, counts)]]
    for name in names:
        rows.append([name, *(f"{1e3 * statistics.median(s[phases][name] for s in result['stats'][str(c)]):.1f}" for c in counts)])
    return rows


def markdown(rows):
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def svg(result):
    """Gain over threads, both axes alike, with the line of perfect scaling."""
    rows, size, edge = table(result)[1:], 360, 50
    most = max(int(row[0]) for row in rows)
    at = lambda threads, gain: f"{edge + size * threads / most:.1f},{edge / 2 + size - size * min(gain, most) / most:.1f}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size + 2 * edge}" height="{size + 2 * edge}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<polyline points="{at(0, 0)} {at(most, 0)}" stroke="black"/><polyline points="{at(0, 0)} {at(0, most)}" stroke="black"/>',
        f'<polyline points="{at(0, 0)} {at(most, most)}" stroke="#bbb" stroke-dasharray="4"/>',
        f'<text x="{edge + size / 2}" y="{size + edge * 1.4}" text-anchor="middle">threads</text>',
        f'<text x="{edge + 8}" y="{edge / 2 + 10}">times the speed of one thread</text>',
    ]
    for row in rows:
        x, y = at(int(row[0]), 0).split(",")
        parts.append(f'<text x="{x}" y="{float(y) + 15}" text-anchor="middle">{row[0]}</text>')
        x, y = at(0, int(row[0])).split(",")
        parts.append(f'<text x="{float(x) - 5}" y="{float(y) + 4}" text-anchor="end">{row[0]}</text>')
    for i, ((name, _, _), colour) in enumerate(zip(SPEEDS, ("#1f6fb4", "#c4501b"))):
        points = [at(int(row[0]), float(row[2 + 3 * i])) for row in rows]
        parts.append(f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{p.split(",")[0]}" cy="{p.split(",")[1]}" r="3" fill="{colour}"/>' for p in points]
        parts.append(f'<text x="{edge + 8}" y="{edge / 2 + 28 + 16 * i}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def write(a, result):
    if not any(result["stats"].values()):
        return ""
    text = "\n\n".join([markdown(table(result)), *(f"{name}\n\n{markdown(steps(result, phases))}" for name, _, phases in SPEEDS)])
    (a.out / "scaling.md").write_text(text + "\n")
    (a.out / "scaling.svg").write_text(svg(result))
    return text


def main():
    a = parse()
    a.out.mkdir(parents=True, exist_ok=True)
    if a.plot:
        print(write(a, json.loads(a.plot.read_text())))
        return 0
    counts = sorted({int(c) for c in a.threads.split(",")})
    result = {"machine": machine(), "command": sys.argv[1:], "stats": {}, "tokens": {}}
    result["threads"] = [c for c in counts if c <= result["machine"]["cpus"]]
    missing = []
    try:
        missing = run_all(a, result)
    finally:
        (a.out / "scaling.json").write_text(json.dumps(result))
        print(write(a, result), flush=True)
    if missing:
        print(f"out of time: not all rounds with {', '.join(map(str, missing))} threads")
    different = [c for c, tokens in result["tokens"].items() if tokens != next(iter(result["tokens"].values()))]
    if different:
        print(f"TOKENS DIFFER with {', '.join(different)} threads")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
