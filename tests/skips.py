#!/usr/bin/env python3
"""Says which tests of a ctest JUnit report were skipped, and why, those with the same reason together, and then what failed, with the end of its output."""

import re
import sys
import xml.etree.ElementTree

NOISE = re.compile(r"^\s*$|^Note: Google Test|^\[[-=]+\]|^\[ +(RUN|OK|PASSED|SKIPPED|FAILED) +\]|^Running main\(\)|\d+ tests? from|: Skipped$")
PARAMETER = re.compile(r"#? ?GetParam\(\) = (\S+-byte object <[^>]*>|\([^)]*\)|\"[^\"]*\")(: )?")


def main():
    cases = list(xml.etree.ElementTree.parse(sys.argv[1]).getroot().iter("testcase"))
    reasons = {}
    for case in cases:
        mark = case.find("skipped")
        if mark is None and case.get("status") != "disabled":
            continue
        message = mark.get("message", "") if mark is not None else "disabled"
        output = case.findtext("system-out") or ""
        reason = " ".join(line.strip() for line in output.splitlines() if not NOISE.search(line))
        reason = PARAMETER.sub("", reason)[:300] or message or "no reason given"
        reasons.setdefault(reason, []).append(case.get("name"))
    for reason, names in reasons.items():
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        print(f"SKIPPED {names[0]}{others}: {reason}")
    print(f"{sum(map(len, reasons.values()))} tests skipped")
    for case in cases:
        if case.find("failure") is not None or case.get("status") == "fail":
            print(f"\n== FAILED {case.get('name')}, the end of its output")
            print((case.findtext("system-out") or "")[-12000:].rstrip())


if __name__ == "__main__":
    main()
