#!/usr/bin/env python3
"""Says which tests of a ctest JUnit report were skipped, and why."""

import re
import sys
import xml.etree.ElementTree

NOISE = re.compile(r"^\s*$|^Note: Google Test|^\[[-=]+\]|^\[ +(RUN|OK|PASSED|SKIPPED|FAILED) +\]|^Running main\(\)|\d+ tests? from|: Skipped$")


def main():
    skipped = 0
    for case in xml.etree.ElementTree.parse(sys.argv[1]).getroot().iter("testcase"):
        mark = case.find("skipped")
        if mark is None and case.get("status") != "disabled":
            continue
        skipped += 1
        message = mark.get("message", "") if mark is not None else "disabled"
        output = case.findtext("system-out") or ""
        reason = " ".join(line.strip() for line in output.splitlines() if not NOISE.search(line))
        print(f"SKIPPED {case.get('name')}: {reason[:300] or message or 'no reason given'}")
    print(f"{skipped} tests skipped")


if __name__ == "__main__":
    main()
