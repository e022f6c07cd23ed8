#!/usr/bin/env python3
"""No file over 800 lines and no function over 80 without a row, and a reason, in tests/lint/size_allow.txt.

Functions are found by matching braces (C++) and by ast (Python). Files over 250 lines are listed but may be.
"""

import argparse
import ast
import os
import re
import sys

import source

FOLDERS = ["src", "include", "tests", "fuzz", "bench", "tools"]
SUFFIXES = source.CPP + (".py", ".sh", ".js")
FILE_LINES, FUNCTION_LINES, NOTED_LINES = 800, 80, 250

_DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\r?\n|[^\n])*", re.MULTILINE)
_TOKEN = re.compile(r"^[ \t]*#[ \t]*(?P<directive>\w+)(?:\\\r?\n|[^\n])*|(?P<mark>[{}();])", re.MULTILINE)
_LABEL = re.compile(r"\s*(?:public|private|protected)\s*:(?!:)")
_LAMBDA = re.compile(
    r"(?:^|[=(,?:]|return)\s*\[[^\[\]]*\]\s*(?:<[^;]*>\s*)?(?:\(.*\)\s*)?(?:(?:mutable|constexpr|noexcept|static)\s*)*"
    r"(?:->[\w:<>,\s*&]+)?$",
    re.DOTALL,
)
_TEST = re.compile(r"(?:TEST|TEST_F|TEST_P|TYPED_TEST|TYPED_TEST_P)\s*\(\s*(\w+)\s*,\s*(\w+)\s*\)")
_ANNOTATION = re.compile(r"\b(?:__attribute__|alignas|decltype|noexcept|explicit|__declspec|requires)\s*\(\)")


def without_template(head):
    """The head without a leading template <...>; brackets are counted, so nested ones are fine."""
    while match := re.match(r"\s*template\s*<", head):
        depth, at = 1, match.end()
        while at < len(head) and depth:
            depth += {"<": 1, ">": -1}.get(head[at], 0)
            at += 1
        head = head[at:]
    return head


def flat(head, opening=r"\(", closing=r"\)", left="()"):
    """Innermost pairs first, every pair becomes `left`, so that only the outermost level remains."""
    inner = re.compile(opening + r"(?!\s*" + closing + r")[^(){}]*(?:\(\)[^(){}]*)*" + closing)
    while True:
        head, count = inner.subn(left, head)
        if not count:
            return head


def classify(head, in_parentheses):
    """What the brace after `head` opens: (kind, name). Kinds: scope, function, data, and part (the head goes on)."""
    head = re.sub(r"\{[^{}]*\}", "()", re.sub(r"\{[^{}]*\}", "()", head))
    head = without_template(head.strip())
    if _LAMBDA.search(head):
        before = re.search(r"(\w+)\s*=[^=]*$", head)
        return "function", f"lambda {before.group(1)}" if before else "lambda"
    if in_parentheses:
        return "part", ""
    if re.search(r"^(?:inline\s+)?namespace\b|^extern\s*\"?\s*\"?$", head):
        return "scope", ""
    top = _ANNOTATION.sub("", re.sub(r"\[\[[^\]]*\]\]", "", flat(head)))
    if re.match(r"(?:typedef\s+)?enum\b", top):
        return "data", ""
    if re.search(r"\b(?:class|struct|union)\b", top) and "(" not in top and "=" not in without_template(top):
        return "scope", ""
    if re.search(r"\brequires\s*(?:\(\)\s*)?$", flat(head)):
        return "part", ""
    if re.search(r"\)\s*(?:try\s*)?:(?!:)", top) and re.search(r"[:,]\s*[\w:]+\s*(?:<.*>)?\s*$", top) and not top.endswith(")"):
        return "part", ""  # a member initialised with braces, before the constructor's body
    named = re.search(r"(operator\s*(?:\(\)|[^\s\w(]+|\w[\w:<>&*\s]*)|~?[\w:~]+(?:<[^()]*>)?)\s*\(\)", top)
    equals = re.search(r"(?<![=!<>+\-*/|&^%])=(?!=)", re.sub(r"operator\s*[^\s\w(]+", "operator", top))
    if not named or equals:
        return "data", ""
    test = _TEST.match(head)
    return "function", f"{test.group(1)}.{test.group(2)}" if test else re.sub(r"\s+", " ", named.group(1)).strip()


class Scanner:
    """Walks the braces of one file. A scope is (kind, name, first offset, head start, parentheses) of its opening."""

    def __init__(self, text):
        self.code = source.blank(text)
        self.plain = _DIRECTIVE.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), self.code)
        self.found = []
        self.stack, self.head, self.parentheses = [], 0, 0
        self.saved = []  # one state for every open #if: its other branches start from the same place

    def inside_function(self):
        return bool(self.stack) and self.stack[-1][0] in ("function", "block")

    def directive(self, word, end):
        if word in ("if", "ifdef", "ifndef"):
            self.saved.append((list(self.stack), self.head, self.parentheses))
        elif word in ("else", "elif", "elifdef", "elifndef") and self.saved:
            stack, self.head, self.parentheses = self.saved[-1]
            self.stack = list(stack)
            if not self.plain[self.head:end].strip():
                self.head = end
        elif word == "endif" and self.saved:
            self.saved.pop()

    def open(self, at):
        if self.inside_function():
            self.stack.append(("block", "", at, self.head, self.parentheses))
        else:
            head = self.plain[self.head:at]
            skip = 0
            while label := _LABEL.match(head, skip):
                skip = label.end()
            head = head[skip:]
            kind, name = classify(head, self.parentheses > 0)
            first = self.head + skip + len(head) - len(head.lstrip())
            self.stack.append((kind, name, first, self.head, self.parentheses))
        self.head, self.parentheses = at + 1, 0

    def close(self, at):
        if not self.stack:
            return
        kind, name, first, head, parentheses = self.stack.pop()
        self.head, self.parentheses = at + 1, 0
        if kind == "part" or name.split(" ")[0] == "lambda":
            self.head, self.parentheses = head, parentheses
        if kind == "function":
            start, end = source.line_of(self.code, first), source.line_of(self.code, at)
            self.found.append((name, start, end - start + 1))

    def run(self):
        for match in _TOKEN.finditer(self.code):
            mark, at = match.group("mark"), match.start()
            if mark is None:
                self.directive(match.group("directive"), match.end())
            elif mark == "{":
                self.open(at)
            elif mark == "}":
                self.close(at)
            elif mark == ";" and self.parentheses == 0:
                self.head = at + 1
            elif mark == "(":
                self.parentheses += 1
            elif mark == ")":
                self.parentheses = max(0, self.parentheses - 1)
        return self.found


def functions(path, text):
    """(name, first line, lines) of every function; what is inside a function counts as part of it."""
    if path.endswith(".py"):
        nodes = (ast.FunctionDef, ast.AsyncFunctionDef)
        return [(n.name, n.lineno, n.end_lineno - n.lineno + 1) for n in ast.walk(ast.parse(text)) if isinstance(n, nodes)]
    return Scanner(text).run() if path.endswith(source.CPP) else []


def read_allowed(path):
    allowed, problems = {}, []
    lines = source.read(path).splitlines() if os.path.exists(path) else []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        what, _, reason = line.partition(" ")
        allowed[what] = number
        if len(reason.split()) < 3:
            problems.append(f"tests/lint/size_allow.txt:{number}: {what}: give a reason")
    return allowed, problems


def check(root):
    allowed, problems = read_allowed(os.path.join(root, "tests", "lint", "size_allow.txt"))
    used, noted, count = set(), [], 0
    paths = source.files(root, FOLDERS, SUFFIXES)
    for path in paths:
        text = source.read(os.path.join(root, path))
        lines = len(text.splitlines())
        over = [(path, f"{path}: {lines} lines, over {FILE_LINES}")] if lines > FILE_LINES else []
        noted += [f"  {lines:5} {path}"] if lines > NOTED_LINES else []
        try:
            found = functions(path, text)
        except SyntaxError as error:
            problems.append(f"{path}:{error.lineno}: does not parse: {error.msg}")
            continue
        count += len(found)
        for name, start, length in found:
            if length > FUNCTION_LINES:
                message = f"{path}:{start}: {name} has {length} lines, over {FUNCTION_LINES}"
                over.append((f"{path}:{name.replace(' ', '_')}", message))
        used |= {key for key, _ in over}
        problems += [f"{message} (split it, or give a reason in tests/lint/size_allow.txt: {key} …)" for key, message in over if key not in allowed]
    problems += [f"tests/lint/size_allow.txt:{n}: {what} is not over any more" for what, n in allowed.items() if what not in used]
    if not count:
        problems.append("no function found: nothing was checked")
    if noted:
        print(f"over {NOTED_LINES} lines (allowed):\n" + "\n".join(sorted(noted, reverse=True)))
    return source.finish("sizes", problems, f"{len(paths)} files, {count} functions")


SAMPLE = r'''
#include <x>  // {
#define BODY(x) do { x
namespace a::b {
extern "C" { int c_name(int a) { return a; } }
enum class E { one, two };
struct S : public Base<int> {
 public:
  S(int a) : a_{a}, b_(a), c_{{1}} { if (a) { f(); } }
  ~S() override { }
  bool operator==(const S& o) const = default;
  int operator()(int x) const noexcept { return x; }
  explicit operator bool() const { return true; }
  int a_ = 3;
  std::vector<int> v{1, 2, 3};
};
constexpr Row kRows[] = {{"a", [](int x) -> int { return x; }}, {"b", nullptr}};
constexpr int kBig = 1'000'000; const char q = '{', r = '"';
const char* raw = R"x( void fake() { )" )x";
template <class T, int N = (1 < 2)> requires requires(T t) { t.x(); }
[[nodiscard]] std::enable_if_t<(N > 0), T> generic(T t, std::vector<int> d = {}) { return t; }
__attribute__((target("avx2"))) static void kernel(float* x)
{
#if defined(A)
  if (x) {
#else
  if (!x) {
#endif
  }
}
TEST(Suite, Case) { EXPECT_EQ(1, 1) << "}"; }
struct stat read_stat(int fd) { for (int i = 0; i < 2; ++i) { } return {}; }
const auto named = [](int a) { return a; };
Status Thing::method() && { return {}; }
auto trailing(int a) -> Result<std::pair<int, int>> { return a; }
int after_all() { return 0; } /* } */
}
'''
EXPECTED = """c_name S ~S operator() operator_bool lambda generic kernel Suite.Case read_stat lambda_named Thing::method trailing
after_all""".split()


def self_test():
    """Every function of the sample is found, and nothing else; then one function grows and its length must follow."""
    found = [name.replace(" ", "_") for name, _, _ in Scanner(SAMPLE).run()]
    assert found == EXPECTED, f"sizes.py does not read its own sample:\n  found    {found}\n  expected {EXPECTED}"
    for length in (80, 81, 200):
        body = "\n".join(["  x();"] * (length - 2))
        text = f"// top\nint first() {{ return 1; }}\n\nvoid long_one(int a) {{\n{body}\n}}\nint last() {{ return 1; }}\n"
        assert Scanner(text).run() == [("first", 2, 1), ("long_one", 4, length), ("last", 4 + length, 1)], Scanner(text).run()
    text = "def f():\n" + "  pass\n" * 99
    assert functions("x.py", text) == [("f", 1, 100)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    parser.add_argument("--self-test", action="store_true", help="only read the embedded sample (every run does this first)")
    args = parser.parse_args()
    self_test()
    return 0 if args.self_test else check(args.root)


if __name__ == "__main__":
    sys.exit(main())
