#!/usr/bin/env python3
"""Runs one libFuzzer program for SLUICE_FUZZ_SECONDS (10) on a temporary copy of its corpus.

Exit 0: it ran inputs and found nothing. 1: it found something; the input is kept beside the program, in crashes/.
77: the program is not built. SLUICE_FUZZ_SEED (1) chooses other mutations.

libFuzzer's clock is the wall's. On a machine that stands still for some seconds an input seems to take for ever, or none is
run: both are tried again, and said.
"""

import argparse
import base64
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
INPUT_SECONDS = 10  # that one input may take
TRIES = 4


def fuzz(program, corpus, seconds, crashes):
    """(exit code, log, inputs of the corpus) of one run."""
    with tempfile.TemporaryDirectory() as folder:
        work = os.path.join(folder, "corpus")
        os.mkdir(work)
        if os.path.isdir(corpus):
            shutil.copytree(corpus, work, dirs_exist_ok=True)
        inputs = sum(len(names) for _, _, names in os.walk(work))
        command = [program, f"-max_total_time={seconds}", f"-timeout={INPUT_SECONDS}", "-rss_limit_mb=2048", "-print_final_stats=1"]
        command += [f"-seed={os.environ.get('SLUICE_FUZZ_SEED', '1')}", f"-artifact_prefix={crashes}/{os.path.basename(program)}-", work]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
        return result.returncode, result.stderr, inputs


def runs_of(log):
    """How many inputs a run tried; 0 where it does not say."""
    found = re.search(r"stat::number_of_executed_units:\s*(\d+)", log)
    return int(found.group(1)) if found else 0


def is_slow(program, path):
    """Whether the input takes the processor's time, not only the wall's."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([program, "-timeout=600", path], stdin=subprocess.DEVNULL, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.returncode != 0 or after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime >= INPUT_SECONDS


def stood_still(program, code, log, inputs):
    """Why the run says nothing about the program, or None."""
    if code == 0:
        return None if runs_of(log) > inputs else f"ran no mutation: {runs_of(log)} runs, {inputs} inputs in the corpus"
    slow = re.search(r"Test unit written to (\S*-timeout-\w+)", log)
    if not slow or is_slow(program, slow.group(1)):
        return None
    os.remove(slow.group(1))
    return "an input that takes no time seemed to take for ever"


def with_lines(program, log):
    """The log with functions and source lines at the addresses that it leaves bare where there is no llvm-symbolizer."""
    places = {}
    for address in dict.fromkeys(re.findall(re.escape(program) + r"\+(0x[0-9a-f]+)\)", log)):
        found = subprocess.run(["addr2line", "-Cfpie", program, address], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        places[address] = " <- ".join(line.strip() for line in found.stdout.splitlines())
    return re.sub(re.escape(program) + r"\+(0x[0-9a-f]+)\)", lambda bare: f"{bare.group(1)}) {places[bare.group(1)]}", log)


def report(program, log):
    """What a reader needs to find the cause elsewhere: the sanitizer's words from their start, the end, the input itself."""
    start = re.search(r"^.*(ERROR:|runtime error:)", log, re.MULTILINE)
    shown = log[start.start() :] if start else log
    shown = with_lines(os.path.realpath(program), shown)
    parts = [shown if len(shown) < 12000 else shown[:8000] + "\n...\n" + shown[-4000:]]
    written = re.search(r"Test unit written to (\S+)", log)
    if written and os.path.getsize(written.group(1)) <= 20000:
        with open(written.group(1), "rb") as file:
            parts.append("the input in base64: " + base64.b64encode(file.read()).decode())
    return "\n".join(parts)


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
    for _ in range(TRIES):
        code, log, inputs = fuzz(args.program, args.corpus, seconds, crashes)
        still = stood_still(args.program, code, log, inputs)
        if still is None:
            break
        print(f"{name}: {still}; once more")
    if code != 0 or still is not None:
        print(report(args.program, log))
        print(f"{name}: {still or f'exit {code}; the input is in {crashes}; add it to {args.corpus} once it is fixed'}")
        return 1
    print(f"{name}: {runs_of(log)} runs in {seconds} s from {inputs} inputs, nothing found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
