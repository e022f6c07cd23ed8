#!/usr/bin/env python3
"""Every header of include/ and src/ compiles alone, has #pragma once and pulls in no heavy library.

Arguments that are not options of this script go to the compiler. The compiler is $CXX, or c++.
"""

import argparse
import concurrent.futures
import os
import platform
import re
import shlex
import subprocess
import sys

import source

# They cost every includer seconds, and they belong behind our own interfaces: .cc files only.
HEAVY = re.compile(r"(?:nlohmann/|CLI/|CLI11|pcre2|utf8proc|httplib|liburing)")


def read_problems(path, text):
    problems = []
    if not re.search(r"^[ \t]*#[ \t]*pragma[ \t]+once\b", source.blank(text), re.MULTILINE):
        problems.append(f"{path}: no #pragma once")
    for line, _, target in source.includes(text):
        if HEAVY.match(target):
            problems.append(f"{path}:{line}: {target} stays in .cc files")
    return problems


def elsewhere(path):
    """True for the header of an instruction set whose intrinsics this machine's compiler does not have."""
    machine = platform.machine().lower()
    if path.startswith("src/kernels/arm"):
        return machine not in ("aarch64", "arm64")
    return path.startswith("src/kernels/x86") and machine not in ("x86_64", "amd64")


def compile_alone(root, path, flags):
    name = path.split("/", 1)[1]
    command = [*shlex.split(os.environ.get("CXX", "c++")), "-fsyntax-only", "-std=c++20", "-Iinclude", "-Isrc", *flags, "-x", "c++", "-"]
    # Twice: a header without its guard would be caught here too.
    text = f'#include "{name}"\n#include "{name}"\n'
    run = subprocess.run(command, input=text, cwd=root, capture_output=True, text=True, errors="replace")
    if run.returncode == 0:
        return []
    return [f"{path}: does not compile alone:\n  " + "\n  ".join(run.stderr.strip().splitlines()[:12])]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    args, flags = parser.parse_known_args()
    paths = source.files(args.root, ["include", "src"], (".h", ".hpp"))
    problems = []
    for path in paths:
        problems += read_problems(path, source.read(os.path.join(args.root, path)))
    skipped = [p for p in paths if elsewhere(p)]
    for path in skipped:
        print(f"SKIPPED {path}: not compiled, this machine is {platform.machine()}")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for found in pool.map(lambda p: compile_alone(args.root, p, flags), [p for p in paths if p not in skipped]):
            problems += found
    if not paths:
        problems.append("no header found: nothing was checked")
    return source.finish("headers", problems, f"{len(paths) - len(skipped)} headers compiled, {len(skipped)} skipped")


if __name__ == "__main__":
    sys.exit(main())
