#!/usr/bin/env python3
"""Objects built with an instruction set's flags may define no weak symbol.

usage: isa_objects.py BUILD_DIR ARCHITECTURE   (x86 or arm; an optimised build: unoptimised ones do not inline)

Looks at the objects of every folder src/kernels/ARCHITECTURE_* that has sources.

A weak function (an inline function or template of a shared header) exists once per program; the linker may take the
copy from an AVX-512 object and hand it to every caller, also on processors that cannot run it.
"""
import pathlib
import subprocess
import sys

KERNELS = pathlib.Path(__file__).resolve().parents[2] / "src" / "kernels"
WEAK = set("VvWwu")


def folders_of(architecture):
    return sorted({p.parent.name for p in KERNELS.glob(f"{architecture}_*/*.cc")})


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


def main(build, architecture):
    folders = folders_of(architecture)
    bad = 0
    if not build.is_dir():
        print(f"SKIPPED: {build} is not built")
        return 77
    if not folders:
        print(f"error: no folder src/kernels/{architecture}_* has sources: nothing was checked")
        bad += 1
    for folder in folders:
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
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]))
