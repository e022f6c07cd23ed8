#!/usr/bin/env python3
"""scaling_test.py SCALING: the program that measures speed over threads, on a sluice whose speeds are known."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCALING = ""

# Twice as fast a thread up to two, no faster from there; the first repeat is slow. FAULT changes the tokens of two threads.
FAKE = """#!/usr/bin/env python3
import json, os, sys
at = lambda name: sys.argv[sys.argv.index(name) + 1]
threads = int(at("--threads")) if "--threads" in sys.argv else 0
if sys.argv[1] == "synth":
    open(at("--out"), "w").write("model")
elif sys.argv[1] == "run":
    print(json.dumps({"tokens": [1, 2, 3 + (threads == 2 and "FAULT" in open(at("-m")).read())]}))
else:
    speed = 10.0 * min(threads, 2)
    one = lambda s: {"decode_tok_s": s, "prefill_tok_s": 3 * s, "share_of_limit": 0.5, "decode_phases": {"head": 1 / s}, "prompt_phases": {"head": 2 / s}}
    print(json.dumps({"stats": [one(0.1)] + [one(speed)] * (int(at("--repeat")) - 1)}))
"""


class Scaling(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.fake = self.folder / "sluice"
        self.fake.write_text(FAKE)
        self.fake.chmod(0o755)
        self.model = self.folder / "model"

    def run_scaling(self, *more):
        command = [sys.executable, SCALING, "--out", str(self.folder / "out"), "--threads", "1,2,9999", *more]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def measure(self, *more):
        return self.run_scaling("--sluice", str(self.fake), "--model", str(self.model), *more)

    def test_table_counts_no_first_repeat_and_no_threads_that_are_not_there(self):
        done = self.measure("--synth", "tiny")
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in done.stdout.splitlines() if line.startswith("| ")]
        one = next(row for row in rows if row[0] == "1")
        self.assertEqual(one[1:7], ["10.00", "1.00", "10.00 to 10.00", "30.00", "1.00", "30.00 to 30.00"])
        self.assertEqual(one[-1], "same")
        self.assertNotIn("9999", [row[0] for row in rows])
        result = json.loads((self.folder / "out/scaling.json").read_text())
        for count in result["threads"]:
            self.assertEqual(len(result["stats"][str(count)]), 4)  # two rounds of three, the first of each not counted
        self.assertIn("<svg", (self.folder / "out/scaling.svg").read_text())
        if "2" in result["stats"]:
            self.assertIn("| head | 100.0 | 50.0 |", done.stdout)

    def test_different_tokens_are_a_failure(self):
        self.model.write_text("FAULT")
        done = self.measure()
        if json.loads((self.folder / "out/scaling.json").read_text())["threads"] == [1]:
            self.skipTest("needs two processors")
        self.assertEqual(done.returncode, 1)
        self.assertIn("DIFFERENT", done.stdout)
        self.assertIn("TOKENS DIFFER with 2 threads", done.stdout)

    def test_what_there_is_no_time_for_is_said(self):
        self.model.write_text("")
        done = self.measure("--budget", "0")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("out of time: not all rounds with 1", done.stdout)

    def test_plots_again_what_was_measured(self):
        self.measure("--synth", "tiny")
        (self.folder / "out/scaling.svg").unlink()
        self.assertEqual(self.run_scaling("--plot", str(self.folder / "out/scaling.json")).returncode, 0)
        self.assertTrue((self.folder / "out/scaling.svg").exists())

    def test_a_failing_command_ends_it(self):
        self.assertEqual(self.run_scaling("--sluice", "/bin/false", "--model", str(self.fake)).returncode, 1)


if __name__ == "__main__":
    SCALING = sys.argv.pop(1)
    unittest.main()
