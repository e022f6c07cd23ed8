#!/usr/bin/env python3
"""Proves that the lints can fail: each one passes a small clean tree and reports each kind of violation planted in it."""

import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))

CLEAN = {
    "include/sluice/status.h": "#pragma once\n#include <cstdlib>\ninline void stop() { std::abort(); }\n",
    "include/sluice/engine.h": '#pragma once\n#include <string>\n#include "sluice/status.h"\nstruct Engine { std::string name; };\n',
    "src/base/arena.h": '#pragma once\n#include "sluice/status.h"\nint arena();\n',
    "src/base/arena.cc": '#include "base/arena.h"\n// printf("x") and getenv and #include "cli/main.h"\nint arena() { return 1; }\n',
    "src/base/check.cc": "#include <cstdio>\n#include <cstdlib>\nvoid f() { std::fprintf(stderr, \"x\"); std::abort(); }\n",
    "src/io/file.h": '#pragma once\n#include "base/arena.h"\nstruct File { int fd; void puts_back(); };\n',
    "src/io/file_test.cc": '#include "support/tiny.h"\n#include "io/file.h"\n#include <cstdio>\nint t() { puts("x"); return 0; }\n',
    "src/kernels/x86_avx2/dot.cc": '#include "kernels/table.h"\n#include "quant/format.h"\nint dot() { return 1; }\n',
    "src/runtime/engine.cc": '#include "sluice/engine.h"\n#include "io/file.h"\nint engine() { return 1; }\n',
    "src/cli/main.cc": '#include "sluice/engine.h"\n#include <cstdio>\nint main() { std::puts("x"); }\n',
    "tests/long.py": "def f():\n    return 1\n",
}


def long_function(head, lines):
    return head + " {\n" + "  x();\n" * (lines - 2) + "}\n"


# (lint, file, its text, what the lint must say); None as text: the file is removed.
PLANTED = [
    ("layers", "src/base/bad.cc", '#include "io/file.h"\n', "base (rank 0) may not include io"),
    ("layers", "src/io/bad.cc", '#include "quant/format.h"\n', "io (rank 1) may not include quant"),
    ("layers", "src/store/bad.cc", '#include "kernels/table.h"\n', "store (rank 2) may not include kernels"),
    ("layers", "src/model/families/bad.cc", '  #  include "io/file.h"\n', "model (rank 3) may not include io"),
    ("layers", "src/device/cpu/bad.cc", '#include "io/file.h"\n', "device (rank 4) may not include io"),
    ("layers", "src/kernels/x86_avx2/bad.cc", '#include "store/pack.h"\n', "kernels (rank 2) may not include store"),
    ("layers", "src/serve/bad.cc", '#include "runtime/engine.h"\n', "serve (rank 6) may not include runtime"),
    ("layers", "src/cli/bad.cc", '#include "runtime/engine.h"\n', "cli (rank 7) may not include runtime"),
    ("layers", "src/cache/bad.cc", '#include "sluice/engine.h"\n', "may not include the public header sluice/engine.h"),
    ("layers", "src/io/bad_test.cc", '#include "model/step.h"\n', "io (rank 1) may not include model"),
    ("layers", "src/io/bad.cc", '#include "support/tiny.h"\n', "quoted includes name a file of src/"),
    ("layers", "src/io/bad.cc", '#include "file.h"\n', "quoted includes name a file of src/"),
    ("layers", "src/io/bad.cc", "#include <base/arena.h>\n", "write our own headers with quotes"),
    ("layers", "src/attic/bad.cc", '#include "base/arena.h"\n', "src/attic has no row"),
    ("layers", "include/sluice/bad.h", '#include "base/arena.h"\n', "a public header includes base/arena.h"),
    ("layers", "include/sluice/bad.h", "#include <fmt/core.h>\n", "a public header includes fmt/core.h"),
    ("layers", "docs/architecture.md", "| 1 | io | base, quant |\n| 1 | quant | |\n| 0 | base | |\n", "io (rank 1) may not list quant (rank 1)"),
    ("layers", "docs/architecture.md", "no table\n", "no rank table found"),
    ("sizes", "src/base/bad.cc", "int x;\n" * 801, "801 lines, over 800"),
    ("sizes", "src/base/bad.cc", long_function("int Big::f(int a) const", 81), "Big::f has 81 lines, over 80"),
    ("sizes", "src/base/bad_test.cc", long_function("TEST(Suite, Case)", 99), "Suite.Case has 99 lines, over 80"),
    ("sizes", "src/base/bad.cc", long_function("const auto f = [](int a)", 90).replace("}\n", "};\n"), "lambda f has 90 lines, over 80"),
    ("sizes", "tests/bad.py", "def f():\n" + "    g()\n" * 80, "f has 81 lines, over 80"),
    ("sizes", "tests/bad.py", "def f(:\n", "does not parse"),
    ("sizes", "tests/lint/size_allow.txt", "src/base/arena.cc:arena it is one table\n", "is not over any more"),
    ("sizes", "tests/lint/size_allow.txt", "src/base/arena.cc\n", "give a reason"),
    ("silence", "src/io/bad.cc", 'void f() { std::printf("x"); }\n', "std::printf prints"),
    ("silence", "src/io/bad.cc", "void f() { std::fprintf(log, x); }\n", "std::fprintf prints"),
    ("silence", "src/io/bad.cc", "void f() { puts(x); }\n", "puts prints"),
    ("silence", "src/io/bad.cc", "void f() { std::cout << 1; }\n", "cout prints"),
    ("silence", "src/io/bad.h", "inline void f() { std::cerr << 1; std::clog << 1; }\n", "clog prints"),
    ("silence", "src/serve/bad.cc", 'void f() { fmt::print("x"); }\n', "fmt::print prints"),
    ("silence", "src/io/bad.cc", "void f() { write(2, x, 1); }\n", "write prints"),
    ("silence", "src/io/bad.cc", "void f() { exit(1); }\n", "exit ends the process"),
    ("silence", "src/io/bad.cc", "void f() { ::_exit(1); }\n", "_exit ends the process"),
    ("silence", "src/io/bad.cc", "void f() { std::quick_exit(1); }\n", "quick_exit ends the process"),
    ("silence", "src/base/bad.h", "#define DIE() std::abort()\n", "std::abort ends the process"),
    ("silence", "include/sluice/bad.h", "inline void f() { abort(); }\n", "abort ends the process"),
    ("silence", "src/io/bad.cc", 'auto x = std::getenv("X");\n', "std::getenv uses the environment"),
    ("silence", "src/io/bad.cc", 'auto x = secure_getenv("X");\n', "secure_getenv uses the environment"),
    ("silence", "src/eval/bad.cc", 'void f() { setenv("X", "", 1); }\n', "setenv uses the environment"),
    ("headers", "src/base/bad.h", "#pragma once\ninline std::string f();\n", "src/base/bad.h: does not compile alone"),
    ("headers", "src/base/bad.h", '#pragma once\n#include "base/gone.h"\n', "src/base/bad.h: does not compile alone"),
    ("headers", "include/sluice/bad.h", "// #pragma once\nint f();\n", "include/sluice/bad.h: no #pragma once"),
    ("headers", "src/text/bad.h", "#pragma once\n#include <nlohmann/json.hpp>\n", "nlohmann/json.hpp stays in .cc files"),
    ("headers", "src/text/bad.h", "#pragma once\n#include <CLI/CLI.hpp>\n", "CLI/CLI.hpp stays in .cc files"),
    ("headers", "src/text/bad.h", "#pragma once\n#include <pcre2.h>\n", "pcre2.h stays in .cc files"),
    ("headers", "src/text/bad.h", "#pragma once\n#include <utf8proc.h>\n", "utf8proc.h stays in .cc files"),
    ("names", "src/base/string_utils.cc", "int f() { return 1; }\n", "src/base/string_utils.cc: utils says nothing"),
    ("names", "src/common/arena.h", "#pragma once\n", "src/common/arena.h: common says nothing"),
    ("names", "src/base/pack_v2.h", "#pragma once\n", "src/base/pack_v2.h: v2 says nothing"),
    ("names", "src/base/bad.h", "class CacheManager;\n", "CacheManager: manager says nothing"),
    ("names", "src/base/bad.cc", "struct alignas(64) Impl {};\n", "Impl: impl says nothing"),
    ("names", "src/base/bad.cc", "namespace sluice::misc {}\n", "sluice::misc: misc says nothing"),
    ("names", "src/base/bad.cc", "enum class NewMode { a };\n", "NewMode: new says nothing"),
]


def write(root, files):
    for path, text in files.items():
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as f:
            f.write(text)


def plant_clean(root):
    write(root, CLEAN)
    os.makedirs(os.path.join(root, "docs"))
    shutil.copy(os.path.join(HERE, "..", "..", "docs", "architecture.md"), os.path.join(root, "docs"))


def run(lint, root):
    command = [sys.executable, "-B", os.path.join(HERE, lint + ".py"), "--root", root]
    result = subprocess.run(command, capture_output=True, text=True)
    return result.returncode, result.stdout + result.stderr


def main():
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        clean = os.path.join(folder, "clean")
        plant_clean(clean)
        for lint in sorted({row[0] for row in PLANTED}):
            code, output = run(lint, clean)
            if code != 0:
                failures.append(f"{lint}: fails the clean tree:\n{output}")
        for number, (lint, path, text, message) in enumerate(PLANTED):
            root = os.path.join(folder, str(number))
            plant_clean(root)
            write(root, {path: text})
            code, output = run(lint, root)
            if code != 1 or message not in output:
                failures.append(f"{lint}: {path} ({text[:60]!r}): exit {code}, expected 1 with '{message}':\n{output}")
            shutil.rmtree(root)
        empty = os.path.join(folder, "empty")
        write(empty, {"docs/architecture.md": "| 0 | base | |\n"})
        for lint in sorted({row[0] for row in PLANTED}):
            code, output = run(lint, empty)
            if code != 1 or "nothing was checked" not in output:
                failures.append(f"{lint}: passes an empty tree:\n{output}")
    print("\n".join(failures))
    print(f"self_test: {len(failures)} of {len(PLANTED)} planted violations and 2 trees went wrong")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
