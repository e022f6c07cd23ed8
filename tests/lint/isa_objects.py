#!/usr/bin/env python3
"""Objects built with an instruction set's flags may define no weak symbol.

usage: isa_objects.py BUILD_DIR   (an optimised build: unoptimised ones do not inline)

A weak function (an inline function or template of a shared header) exists once per program; the linker may take the
copy from an AVX-512 object and hand it to every caller, also on processors that cannot run it.
"""
import pathlib
import subprocess
import sys

FOLDERS = ("x86_avx2", "x86_avx512")
WEAK = set("VvWwu")


def objects_of(build, folder):
    return sorted(p for p in build.rglob("*.o") if p.parent.name == folder and "kernels" in p.parts)


def weak_symbols(listing):
    """The weak symbols in the output of nm -C --defined-only."""
    found = []
    for line in listing.splitlines():
        fields = line.split(maxsplit=2)
        if len(fields) == 3 and fields[1] in WEAK:
            found.append(fields[2])
    return found


def main(build):
    bad = 0
    for folder in FOLDERS:
        objects = objects_of(build, folder)
        print(f"{folder}: {len(objects)} object(s) checked")
        if not objects:
            print(f"  error: no objects of src/kernels/{folder} under {build}: build sluice_kernels first")
            bad += 1
        for path in objects:
            run = subprocess.run(["nm", "-C", "--defined-only", path], capture_output=True, text=True, check=True)
            for name in weak_symbols(run.stdout):
                print(f"  error: {path.relative_to(build)} defines the weak symbol {name}")
                bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
