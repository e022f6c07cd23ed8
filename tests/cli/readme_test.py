#!/usr/bin/env python3
"""readme_test.py SLUICE SOURCE: the README's commands as they stand there, and that none of its commands is untested.

They run in a folder laid out as a checkout, with the program under test as its build/release/sluice.
"""

import glob
import os
import shutil
import subprocess
import sys
import unittest

SLUICE, SOURCE = sys.argv[1:3] if len(sys.argv) > 2 else ("", "")
sys.path.insert(0, os.path.join(SOURCE, "tests", "support"))
import program  # noqa: E402
import readme  # noqa: E402

TIMEOUT = 600


class Claims(unittest.TestCase):
    def test_every_command_is_run_by_one_test(self):
        with open(readme.PATH, encoding="utf-8") as file:
            text = file.read()
        sources = []
        for path in glob.glob(os.path.join(SOURCE, "tests", "**", "*.py"), recursive=True):
            if os.path.basename(path) != "readme.py":
                with open(path, encoding="utf-8") as file:
                    sources.append(file.read())
        self.assertEqual(readme.unclaimed(text, sources), [])

    def test_it_can_fail(self):
        text = "# A\n\n    sluice x\n\n```js\nf();\n```\n## B\n\n```\n$ sluice y\nout\n```\n"
        self.assertEqual(readme.parse(text), [("A", "command", "sluice x"), ("A", "snippet", "f();\n"), ("B", "command", "sluice y")])
        a, f, b = (f'readme.{kind}s("{section}")' for section, kind in (("A", "command"), ("A", "snippet"), ("B", "command")))
        self.assertEqual(readme.unclaimed(text, [a, f + b]), [])
        self.assertEqual(len(readme.unclaimed(text, [a, f])), 1)
        self.assertEqual(len(readme.unclaimed(text, [a, f + b, b])), 1)
        self.assertEqual(len(readme.unclaimed(text, [a + f + b, b.replace("B", "C")])), 1)
        self.assertEqual(readme.parse("    a \\\n      b c   # why\n"), [("", "command", "a b c")])


class Commands(program.Case):
    def setUp(self):
        super().setUp()
        release = os.path.join(self.folder, "build", "release")
        os.makedirs(release)
        os.symlink(SLUICE, os.path.join(release, "sluice"))
        for name in ("models", "demo", "test", "tools"):
            os.symlink(os.path.join(SOURCE, name), os.path.join(self.folder, name))
        for name in ("config", "cache", "data", "state"):
            os.mkdir(os.path.join(self.folder, name))
        self.environment = {**os.environ, **{f"XDG_{name.upper()}_HOME": os.path.join(self.folder, name) for name in ("config", "cache", "data", "state")}}

    def shell(self, command, **more):
        done = subprocess.run(["bash", "-c", command], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT,
                              env={**self.environment, **more})
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout[-1000:]}\n{done.stderr[-3000:]}")
        return done.stdout

    def test_first_of_all(self):
        (command,) = readme.commands("sluice")
        said = self.shell(command)
        with open(readme.PATH, encoding="utf-8") as file:
            shown = file.read().split("$ " + command + "\n")[1].split("\n\n")[0]
        self.assertEqual(said.split(), shown.split(), "the README shows what it says")

    def test_using_it(self):
        self.file("ids", "1 2 3")
        ran = []
        for line in readme.commands("Using it"):
            line = line.replace("MODEL", "models/demo.gguf").replace("--tokens FILE", "--tokens ids").replace("FILE.npy", "logits.npy")
            line = line.replace("FILE.gguf", "tiny.gguf").replace("FOLDER", "packed")
            with self.subTest(line=line):
                self.assertTrue(line.startswith("build/release/sluice "), line)
                out = self.shell(line)
                self.assertTrue(out or "--out" in line)
                ran.append(line.split()[1])
        self.assertEqual(ran, "run inspect tokenize logits eval doctor plan bench synth pack".split())
        with open(os.path.join(self.folder, "logits.npy"), "rb") as file:
            self.assertEqual(file.read(6), b"\x93NUMPY")
        for made in ("packed", "tiny.gguf"):
            self.shell(f"build/release/sluice inspect -m {made}")

    def test_two_commands(self):
        """All but the compiler: the program is the one under test, the build is configured only, and ./test is what runs this."""
        bin_folder = os.path.join(self.folder, "bin")
        os.mkdir(bin_folder)
        with open(os.path.join(bin_folder, "cmake"), "w") as file:  # "nothing to do", as in every second run of ./demo
            file.write("#!/bin/sh\nexit 0\n")
        os.chmod(file.name, 0o755)
        open(os.path.join(self.folder, "build", "release", "build.ninja"), "w").close()
        os.unlink(os.path.join(self.folder, "demo"))
        shutil.copy(os.path.join(SOURCE, "demo"), self.folder)
        for command in readme.commands("Two commands"):
            with self.subTest(command=command):
                if command == "./test":
                    self.shell("bash -n test && ! ./test --nonsense 2>usage && grep -q usage: usage")
                elif command.startswith("./demo"):
                    self.assertTrue(self.shell(command, PATH=bin_folder + ":" + os.environ["PATH"]).strip())
                elif command.startswith("cmake"):
                    self.assertEqual(command, "cmake --preset release && cmake --build --preset release")
                    made = os.path.join(self.folder, "made")
                    subprocess.run(["cmake", "--preset", "release", "-B", made], cwd=SOURCE, check=True, capture_output=True, timeout=TIMEOUT)
                    self.shell(f"ninja -C {made} -t targets all | grep '^sluice: '")
                    self.assertIn('"release"', subprocess.run(["cmake", "--build", "--list-presets"], cwd=SOURCE, capture_output=True, text=True).stdout)
                else:
                    self.assertTrue(command.startswith("build/release/sluice run"), command)
                    self.assertTrue(self.shell(command).strip())


if __name__ == "__main__":
    program.SLUICE, program.MODELS = SLUICE, os.path.join(SOURCE, "models")
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
