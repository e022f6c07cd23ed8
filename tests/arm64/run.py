#!/usr/bin/env python3
"""Runs a GoogleTest program built for 64-bit ARM under qemu-aarch64.

Exit 0: tests ran and passed. 1: some failed, or none ran. 77: qemu-aarch64 is not there or the program is not built.
Further arguments go to the program.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys

SKIPPED = 77
LIBRARIES = "/usr/aarch64-linux-gnu"  # where Debian's cross compiler has the C library


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cpu", default="max")
    parser.add_argument("program")
    args, rest = parser.parse_known_args()
    if shutil.which("qemu-aarch64") is None:
        print("SKIPPED: NOTHING of the 64-bit ARM code is tested: no qemu-aarch64 here (Debian: qemu-user)")
        return SKIPPED
    if not os.path.exists(args.program):
        print(
            f"SKIPPED: NOTHING of the 64-bit ARM code is tested: {os.path.basename(args.program)} is not built for it: needs g++-aarch64-linux-gnu "
            "(tools/arm64_sysroot.sh build/arm64-sysroot && cmake --preset arm64 && cmake --build build/arm64 --target arm64_tests)"
        )
        return SKIPPED
    command = ["qemu-aarch64", "-L", LIBRARIES, "-cpu", args.cpu, args.program, *rest]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    print(run.stdout)
    passed = re.search(r"^\[  PASSED  \] (\d+) test", run.stdout, re.MULTILINE)
    if run.returncode == 0 and (not passed or int(passed.group(1)) == 0):
        print("no test ran")
        return 1
    return 1 if run.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
