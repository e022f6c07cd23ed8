"""C++ source text as the lints see it: which files there are, and their text without comments and strings."""

import os
import re

CPP = (".h", ".hpp", ".cc", ".cpp", ".c", ".inc")

# A number comes first so that the quotes of 1'000'000 are not taken for characters.
_TOKEN = re.compile(
    r"""(?P<number>(?<!\w)\d(?:'?[\w.])*)
      | (?P<comment>//(?:\\\r?\n|[^\n])*|/\*.*?(?:\*/|\Z))
      | (?P<raw>\b(?:u8|[uUL])?R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)")
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<char>'(?:\\.|[^'\\\n])+')""",
    re.VERBOSE | re.DOTALL,
)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])', re.MULTILINE)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def files(root, folders, suffixes=CPP):
    """Paths relative to root, with '/', sorted; hidden folders and caches are not entered."""
    found = []
    for folder in folders:
        for place, subfolders, names in os.walk(os.path.join(root, folder)):
            subfolders[:] = [s for s in subfolders if not s.startswith(".") and s != "__pycache__"]
            found += [os.path.relpath(os.path.join(place, n), root).replace(os.sep, "/") for n in names if n.endswith(suffixes)]
    return sorted(found)


def _spaces(text):
    return re.sub(r"[^\n]", " ", text)


def blank(text):
    """The same text, every character at its old place, but comments and the insides of strings are spaces."""

    def replace(match):
        kind, found = match.lastgroup, match.group()
        if kind == "raw":
            return '"' + _spaces(found[1:-1]) + '"'
        if kind == "number":
            return found.replace("'", "0")
        if kind == "comment":
            return _spaces(found)
        return found[0] + _spaces(found[1:-1]) + found[-1]

    return _TOKEN.sub(replace, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def includes(text):
    """(line, '"' or '<', path) of every #include that is not in a comment or a string."""
    found = []
    for match in _INCLUDE.finditer(blank(text)):
        opening = match.group(1)
        path = re.match(r'[^">\n]*', text[match.end():]).group()
        found.append((line_of(text, match.start()), opening, path))
    return found


def finish(name, problems, summary):
    """Prints the problems; the exit status of the lint."""
    for problem in problems:
        print(problem)
    print(f"{name}: {len(problems)} problems; {summary}")
    return 1 if problems else 0
