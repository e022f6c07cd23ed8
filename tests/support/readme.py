"""What the README tells people to type. Each section is run by exactly one test, which asks for it here by
readme.commands("SECTION") or readme.snippets("SECTION"); tests/cli/readme_test.py fails where nobody does."""

import os
import re

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "README.md")


def parse(text):
    """[(section, kind, text)] in order: "command", of an indented line or of one behind "$ " in a block, or "snippet", a
    whole block that names its language. Lines that end in a backslash are one command with the next."""
    out, section, fence, block = [], "", None, []
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("```"):
            if fence:
                out.append((section, "snippet", "\n".join(block) + "\n"))
            fence, block = (line[3:].strip() if fence is None else None), []
        elif fence is not None:
            if fence:
                block.append(line)
            elif line.startswith("$ "):
                out.append((section, "command", line[2:]))
        elif heading := re.match(r"#+ (.+)", line):
            section = heading.group(1)
        elif line.startswith("    "):
            command = line[4:]
            while command.endswith("\\"):
                command = command[:-1] + next(lines).strip()
            out.append((section, "command", re.sub(r"\s+#( .*)?$", "", command)))
    return out


def of(section, kind):
    with open(PATH, encoding="utf-8") as file:
        found = [text for where, what, text in parse(file.read()) if (where, what) == (section, kind)]
    if not found:
        raise AssertionError(f"the README's section {section} has no {kind}")
    return found


def commands(section):
    return of(section, "command")


def snippets(section):
    return of(section, "snippet")


def unclaimed(text, sources):
    """What is wrong: a section whose commands or snippets no test runs, or two do, or a test of what is not there."""
    claims = [(section, kind) for source in sources for kind, section in re.findall(r'readme\.(command|snippet)s\("([^"]+)"\)', source)]
    there = {(section, kind) for section, kind, _ in parse(text)}
    problems = [f"{kind}s of the section {section}: {claims.count((section, kind))} tests run them" for section, kind in sorted(there) if claims.count((section, kind)) != 1]
    return problems + [f"{kind}s of the section {section}: a test runs them, the README has none" for section, kind in sorted(set(claims) - there)]
