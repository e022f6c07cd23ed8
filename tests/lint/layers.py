#!/usr/bin/env python3
"""Who may include whom. Reads the table of docs/architecture.md and fails on any #include that it does not allow.

The table is also checked itself: a folder may list only folders of a lower rank, so the folders can form no cycle.
"""

import argparse
import os
import re
import sys

import source

PUBLIC = "public headers"
RANK_0 = ("sluice/status.h", "sluice/constraint.h")  # docs/decisions/0001, 0008
STANDARD = set(
    """algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes climits
    clocale cmath codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint
    cstdio cstdlib cstring ctime cuchar cwchar cwctype deque exception execution filesystem format forward_list fstream
    functional future initializer_list iomanip ios iosfwd iostream istream iterator latch limits list locale map memory
    memory_resource mutex new numbers numeric optional ostream queue random ranges ratio regex scoped_allocator semaphore
    set shared_mutex source_location span sstream stack stdexcept stop_token streambuf string string_view strstream
    syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map unordered_set utility valarray
    variant vector version""".split()
)


def read_table(path):
    """{folder: (rank, allowed folders)} from the rows '| 3 | cache | store, io, base |', and what is wrong with them."""
    table, problems = {}, []
    for number, line in enumerate(source.read(path).splitlines(), 1):
        row = re.match(r"\|\s*(\d+)\s*\|\s*`?(\w+)`?\s*\|([^|]*)\|\s*$", line)
        if not row:
            continue
        rank, folder, names = int(row.group(1)), row.group(2), row.group(3)
        if folder in table:
            problems.append(f"{path}:{number}: {folder} has two rows")
        allowed = {n.strip(" `") for n in names.split(",")} - {"", "–", "-", "none"}
        table[folder] = (rank, allowed)
    for folder, (rank, allowed) in sorted(table.items()):
        for other in sorted(allowed - {PUBLIC}):
            if other not in table:
                problems.append(f"{path}: {folder} may include {other}, which has no row")
            elif table[other][0] >= rank:
                problems.append(f"{path}: {folder} (rank {rank}) may not list {other} (rank {table[other][0]})")
    if not table:
        problems.append(f"{path}: no rank table found")
    return table, problems


def check_public(path, line, opening, target):
    if opening == '"' and target.startswith("sluice/"):
        return None
    if opening == "<" and target in STANDARD:
        return None
    return f'{path}:{line}: a public header includes {target}; only the C++ standard library and "sluice/…" are allowed'


def check_source(path, folder, table, line, opening, target):
    where = f"{path}:{line}:"
    top = target.split("/")[0]
    if opening == "<":
        ours = "/" in target and (top in table or top == "sluice")
        return f'{where} write our own headers with quotes: "{target}"' if ours else None
    if target in RANK_0:
        return None
    rank, allowed = table[folder]
    if top == "sluice":
        return None if PUBLIC in allowed else f"{where} {folder} (rank {rank}) may not include the public header {target}"
    if top == "support" and path.endswith("_test.cc"):
        return None
    if "/" not in target or top not in table:
        return f'{where} "{target}": quoted includes name a file of src/ from its top, "folder/file.h"'
    if top == folder or top in allowed:
        return None
    return f"{where} {folder} (rank {rank}) may not include {top} (rank {table[top][0]}): {target}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    root = parser.parse_args().root
    table, problems = read_table(os.path.join(root, "docs", "architecture.md"))
    count, paths = 0, source.files(root, ["src", "include"])
    for path in paths:
        folder = path.split("/")[1]
        found = source.includes(source.read(os.path.join(root, path)))
        count += len(found)
        if path.startswith("include/"):
            problems += [check_public(path, *each) for each in found]
        elif folder not in table:
            problems.append(f"{path}: the folder src/{folder} has no row in docs/architecture.md")
        else:
            problems += [check_source(path, folder, table, *each) for each in found]
    if not count:
        problems.append("no #include found: nothing was checked")
    return source.finish("layers", [p for p in problems if p], f"{count} includes in {len(paths)} files")


if __name__ == "__main__":
    sys.exit(main())
