#!/usr/bin/env python3
"""compare_test.py COMPARE: the program that says which of two is faster, on commands whose speeds are known."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

COMPARE = ""

# Prints the figure that stands on its turn in a list, and notes who ran.
FAKE = """
import json, os, sys
name, log, *values = sys.argv[1:]
with open(log, "a+") as file:
    file.seek(0)
    turn = file.read().count(name)
    file.write(name)
value = float(values[turn % len(values)])
print("loading")
print(json.dumps({"stats": [{"decode_tok_s": v, "prefill_tok_s": 7} for v in (value, value * 0.9, value * 1.2)], "other": {"x": value}}))
"""


class Compare(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.fake = os.path.join(folder.name, "fake.py")
        self.log = os.path.join(folder.name, "log")
        with open(self.fake, "w") as out:
            out.write(FAKE)

    def compare(self, a, b, *args):
        command = [sys.executable, COMPARE, "--run", f"{sys.executable} {self.fake}"]
        return subprocess.run([*command, "--a", f"A {self.log} {a}", "--b", f"B {self.log} {b}", *args],
                              capture_output=True, text=True, timeout=300)

    def verdict(self, *args, code=0):
        done = self.compare(*args, "--json")
        self.assertEqual(done.returncode, code, done.stderr)
        return json.loads(done.stdout)

    def test_a_real_difference(self):
        out = self.verdict("10 10.5 9.8", "12 12.4 11.9", "--rounds", "8")
        self.assertEqual((out["verdict"], out["rounds"]), ("real", 8))
        self.assertEqual(out["p"], 2 / 2**8)  # all eight on one side
        self.assertAlmostEqual(out["ratio"], 1.2, delta=0.03)
        self.assertTrue(1.1 < out["interval"][0] <= out["ratio"] <= out["interval"][1] < 1.3)
        self.assertIn("above A", out["why"])
        with open(self.log) as log:
            self.assertEqual(log.read(), "ABBA" * 4)

    def test_no_difference(self):
        out = self.verdict("10 11 12 9", "11 10 9 12", "--rounds", "8")
        self.assertEqual(out["verdict"], "not shown")
        self.assertGreater(out["p"], 0.05)
        self.assertTrue(out["interval"][0] <= 1 <= out["interval"][1])

    def test_the_same_is_not_a_difference(self):
        out = self.verdict("10", "10", "--rounds", "8")
        self.assertEqual((out["verdict"], out["p"], out["ratio"]), ("not shown", 1, 1))

    def test_one_bad_round_changes_little(self):
        out = self.verdict("10 10 10 10 10 10 10 10 10 100", "11 11 11 11 11 11 11 11 11 11", "--rounds", "10")
        self.assertAlmostEqual(out["ratio"], 1.1)
        # Ranks 5 nine times for B and 10 for A: as uneven are sums of 10 and less, 1 + 9 + 36 + 1 of them, on either side.
        self.assertEqual(out["p"], 2 * 47 / 2**10)

    def test_too_few_rounds(self):
        out = self.verdict("10", "20", "--rounds", "5", code=3)
        self.assertEqual(out["verdict"], "none")
        self.assertIn("6 at least", out["why"])
        self.assertEqual(self.verdict("10", "20", "--rounds", "5", "--level", "0.1")["verdict"], "real")

    def test_for_a_person(self):
        done = self.compare("10", "12", "--rounds", "6", "--warmup", "1")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"(?m)^B/A  1\.2000, 95% interval 1\.2000 to 1\.2000, p = 0\.0312, 6 rounds$")
        self.assertRegex(done.stdout, r"(?m)^real: B is 20\.0% above A$")
        self.assertIn("round 6 of 6", done.stderr)

    def test_other_figures(self):
        self.assertEqual(self.verdict("10", "20", "--rounds", "6", "--figure", "other.x")["median_b"], 20)
        self.assertEqual(self.verdict("10", "20", "--rounds", "6", "--figure", "stats[].prefill_tok_s")["ratio"], 1)
        for path in ("stats", "nothing", "stats[].nothing", "other.x.y"):
            done = self.compare("10", "20", "--figure", path)
            self.assertEqual(done.returncode, 1, path)
            self.assertIn("no figure", done.stderr)

    def test_commands_that_fail(self):
        done = self.compare("10", "fast")
        self.assertEqual(done.returncode, 1)
        self.assertIn("could not convert", done.stderr)
        self.assertIn("the figure is 0.0", self.compare("10", "0").stderr)
        missing = subprocess.run([sys.executable, COMPARE, "--a", "/nonexistent/a", "--b", "x"], capture_output=True, text=True)
        self.assertEqual(missing.returncode, 1)
        self.assertIn("/nonexistent/a", missing.stderr)
        slow = subprocess.run([sys.executable, COMPARE, "--a", "sleep 9", "--b", "x", "--timeout", "0.2"], capture_output=True, text=True)
        self.assertIn("timed out", slow.stderr)

    def test_usage(self):
        for args in ([], ["--a", "x"], ["--a", "x", "--b", "y", "--rounds", "0"], ["--a", "x", "--b", "y", "--level", "2"],
                     ["--a", "", "--b", ""], ["--a", "x", "--b", "y", "--figure", "[["]):
            done = subprocess.run([sys.executable, COMPARE, *args], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2, args)
        page = subprocess.run([COMPARE, "--help"], capture_output=True, text=True)
        self.assertEqual(page.returncode, 0)
        for words in ("--rounds", "--figure", "two builds", "signed ranks"):
            self.assertIn(words, page.stdout)


if __name__ == "__main__":
    COMPARE = sys.argv[1]
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
