#!/usr/bin/env python3
"""Libraries do not print, exit or read the environment: only src/cli may. Tests are not looked at."""

import argparse
import os
import re
import sys

import source

# (pattern on the text without comments and strings, what it does)
_CALL = r"(?<![\w.>:])(?:::|std\s*::\s*)?(?:{})\s*\("
RULES = [
    (re.compile(_CALL.format(r"v?f?w?printf|v?dprintf|puts|fputs|fputws|putchar|putwchar|perror|psignal|v?syslog")), "prints"),
    (re.compile(r"\b(?:fmt|std)\s*::\s*v?print(?:ln)?\b"), "prints"),
    (re.compile(r"(?<![\w.>])w?(?:cout|cerr|clog)\b"), "prints"),
    (re.compile(r"\b(?:stdout|stderr|STDOUT_FILENO|STDERR_FILENO)\b"), "prints"),
    (re.compile(r"(?<![\w.>])write\s*\(\s*[12]\s*,"), "prints"),
    (re.compile(_CALL.format(r"exit|_exit|_Exit|quick_exit|abort|terminate|__builtin_trap|__builtin_abort")), "ends the process"),
    (re.compile(_CALL.format(r"assert")), "ends the process (use CHECK)"),
    (re.compile(_CALL.format(r"(?:secure_)?getenv|setenv|putenv|unsetenv|clearenv")), "uses the environment"),
    (re.compile(r"\benviron\b"), "uses the environment"),
]

# Everything that may, with the reason.
ALLOWED = {
    ("src/base/check.cc", "prints"): "a failed CHECK says where before it aborts; nobody else can",
    ("src/base/check.cc", "ends the process"): "CHECK is for our own mistakes: there is no caller to tell",
    ("include/sluice/status.h", "ends the process"): "asking a failed Result for its value is our own mistake",
}


def check(path, text):
    problems, code = [], source.blank(text)
    for pattern, verb in RULES:
        if (path, verb) in ALLOWED:
            continue
        for match in pattern.finditer(code):
            what = re.sub(r"\s+", "", match.group().split("(")[0])
            problems.append(f"{path}:{source.line_of(code, match.start())}: {what} {verb}: return a Status or use trace instead")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    root = parser.parse_args().root
    paths = [p for p in source.files(root, ["src", "include"]) if not p.startswith("src/cli/") and not p.endswith("_test.cc")]
    problems = []
    for path in paths:
        problems += check(path, source.read(os.path.join(root, path)))
    if not paths:
        problems.append("no source found: nothing was checked")
    return source.finish("silence", problems, f"{len(paths)} files, {len(ALLOWED)} exceptions")


if __name__ == "__main__":
    sys.exit(main())
