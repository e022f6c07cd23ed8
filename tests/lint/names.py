#!/usr/bin/env python3
"""No file, folder, namespace or class is called util, helper, common, manager, misc, impl, new or v2, also as a part."""

import argparse
import os
import re
import sys

import source

BANNED = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc", "impl", "new", "v2"}
_TYPE = re.compile(
    r"\b(?:class|struct|union|enum(?:\s+(?:class|struct))?|concept|namespace|using(?=\s+\w+\s*=))\s+"
    r"(?:\[\[.*?\]\]\s*|alignas\s*\([^)]*\)\s*)*([A-Za-z_][\w:]*)"
)


def words(name):
    """'FileUtil', 'file_util' and 'file-util.h' are all file, util."""
    return [w.lower() for w in re.findall(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+", name)]


def check(path, text):
    problems = []
    bad = BANNED.intersection(words(path))
    if bad:
        problems.append(f"{path}: {', '.join(sorted(bad))} says nothing: name the thing")
    code = source.blank(text)
    for match in _TYPE.finditer(code):
        bad = BANNED.intersection(words(match.group(1)))
        if bad:
            line = source.line_of(code, match.start(1))
            problems.append(f"{path}:{line}: {match.group(1)}: {', '.join(sorted(bad))} says nothing: name the thing")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    root = parser.parse_args().root
    paths = source.files(root, ["src", "include"], source.CPP + ("CMakeLists.txt", ".cmake", ".py", ".js"))
    problems = []
    for path in paths:
        problems += check(path, source.read(os.path.join(root, path)) if path.endswith(source.CPP) else "")
    if not paths:
        problems.append("no source found: nothing was checked")
    return source.finish("names", problems, f"{len(paths)} files")


if __name__ == "__main__":
    sys.exit(main())
