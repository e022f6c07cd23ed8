#!/usr/bin/env python3
"""Runs one libFuzzer program for SLUICE_FUZZ_SECONDS (10) on a temporary copy of its corpus.

Exit 0: it ran inputs and found nothing. 1: it found something; the input is kept beside the program, in crashes/.
77: the program is not built. SLUICE_FUZZ_SEED (1) chooses other mutations.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77


def run(program, corpus, seconds, crashes):
    with tempfile.TemporaryDirectory() as folder:
        work = os.path.join(folder, "corpus")
        os.mkdir(work)
        if os.path.isdir(corpus):
            shutil.copytree(corpus, work, dirs_exist_ok=True)
        inputs = sum(len(names) for _, _, names in os.walk(work))
        command = [program, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"]
        command += [f"-seed={os.environ.get('SLUICE_FUZZ_SEED', '1')}", f"-artifact_prefix={crashes}/{os.path.basename(program)}-", work]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
        return result.returncode, result.stderr, inputs


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--corpus", required=True)
    args = parser.parse_args()
    name = os.path.basename(args.program)
    if not os.path.exists(args.program):
        print(f"SKIPPED: {name} is not built: the fuzzers need clang with libFuzzer (cmake --preset fuzz && cmake --build build/fuzz --target fuzz/all)")
        return SKIPPED
    seconds = int(os.environ.get("SLUICE_FUZZ_SECONDS", "10"))
    crashes = os.path.join(os.path.dirname(args.program), "crashes")
    os.makedirs(crashes, exist_ok=True)
    code, log, inputs = run(args.program, args.corpus, seconds, crashes)
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", log)
    if code != 0:
        print(log[-8000:])
        print(f"{name}: exit {code}; the input is in {crashes}; add it to {args.corpus} once it is fixed")
        return 1
    # A fuzzer that tries next to nothing proves nothing.
    if not runs or int(runs.group(1)) <= inputs:
        print(log[-8000:])
        print(f"{name}: ran no mutation in {seconds} s: {runs.group(1) if runs else 'no'} runs, {inputs} inputs in the corpus")
        return 1
    print(f"{name}: {runs.group(1)} runs in {seconds} s from {inputs} inputs, nothing found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
