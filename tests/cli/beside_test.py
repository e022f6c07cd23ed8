#!/usr/bin/env python3
"""beside_test.py BESIDE: the program that runs a peer beside sluice, with both played by scripts of known speed."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

BESIDE = ""

# As llama.mjs: notes its turn and its settings, gets faster by 1 tok/s a run and by 10 a turn; argv: folder, faults, settings.
PEER = """
import json, os, sys
folder, faults, settings = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
with open(os.path.join(folder, "log"), "a+") as log:
    log.seek(0)
    turn = log.read().count("p")
    log.write("p")
with open(os.path.join(folder, "settings"), "w") as file:
    json.dump(settings, file)
print(json.dumps({"name": "fake", "version": "7", "kernels": "libfake.so", "settings": settings}), flush=True)
run = 0
for line in sys.stdin:
    asked, run = json.loads(line), run + 1
    print(json.dumps({"prefill_tok_s": asked["prompt"], "decode_tok_s": 10 * turn + run, "decode_tokens": asked["new_tokens"] - 1,
                      "major_faults": faults}), flush=True)
"""

# As sluice bench: notes its turn and its words.
SLUICE = """
import json, os, sys
folder, read, *words = sys.argv[1:]
if words == ["--version"]:
    sys.exit(print("sluice 0"))
if "--wrong" in words:
    sys.exit("no such option")
with open(os.path.join(folder, "log"), "a") as log:
    log.write("s")
with open(os.path.join(folder, "words"), "w") as file:
    json.dump(words, file)
value = lambda name: int(words[words.index(name) + 1])
stats = [{"prefill_tok_s": 3 * value("-p"), "decode_tok_s": 8, "ssd_bytes_per_token": float(read), "expert_bytes_per_token": 100}] * value("--repeat")
stats[0] = {"prefill_tok_s": 1e-9, "decode_tok_s": 1e-9, "ssd_bytes_per_token": 1e9, "expert_bytes_per_token": 100}
print(json.dumps({"model": {}, "memory": {}, "options": {}, "stats": stats}))
"""


class Beside(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        for name, text in (("peer.py", PEER), ("sluice.py", SLUICE)):
            with open(self.path(name), "w") as out:
                out.write(text)

    def path(self, name):
        return os.path.join(self.folder, name)

    def beside(self, *args, faults=0, read=0, peer=None):
        peer = peer or f"{sys.executable} {self.path('peer.py')} {self.folder} {faults}"
        sluice = f"{sys.executable} {self.path('sluice.py')} {self.folder} {read}"
        return subprocess.run([sys.executable, BESIDE, "-m", "m.gguf", "--peer", peer, "--sluice", sluice, "--crowd", "1", *args],
                              capture_output=True, text=True, timeout=300)

    def noted(self, name):
        with open(self.path(name)) as file:
            return file.read() if name == "log" else json.load(file)

    def test_rounds_and_table(self):
        done = self.beside("-p", "100,40", "-n", "5", "--rounds", "3", "--json", self.path("all.json"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.noted("log"), "pss" + "ssp" + "pss")
        # A turn of the peer is six runs: 1 and 4 are thrown away, 2 3 and 5 6 count, and 10 more a turn.
        self.assertEqual([" ".join(line.split()) for line in done.stdout.splitlines()[:5]], [
            "tok/s fake sluice sluice/peer",
            "prefill 100 100 (100–100) 300 (300–300) 3.00 (3.00–3.00)",
            "decode after 100 12.5 (2.5–22.5) 8 (8–8) 0.64 (0.36–3.20)",
            "prefill 40 40 (40–40) 120 (120–120) 3.00 (3.00–3.00)",
            "decode after 40 15.5 (5.5–25.5) 8 (8–8) 0.52 (0.31–1.45)"])
        self.assertIn("fake 7, libfake.so", done.stdout)
        self.assertNotIn("not comparable", done.stdout)
        out = self.noted("all.json")
        self.assertEqual([run["decode_tok_s"] for run in out["rounds"][1]["peer"]["40"]], [15, 16])
        self.assertEqual((out["about"]["sluice"]["version"], out["about"]["peer"]["kernels"]), ("sluice 0", "libfake.so"))
        self.assertEqual(out["rows"][0]["ratio"], 3)

    def test_both_get_the_same_settings(self):
        self.beside("-p", "7", "-n", "5", "--rounds", "1", "--warmup", "2", "--repeat", "3", "--threads", "4", "--ctx", "99", "--memory", "5G", "--args", "--chunk 64")
        words = " ".join(self.noted("words"))
        self.assertEqual(words, "bench -m m.gguf -p 7 -n 5 --ctx 99 --threads 4 --repeat 5 --json --chunk 64 --memory 5G")
        settings = self.noted("settings")
        self.assertEqual({key: settings[key] for key in ("threads", "context", "batch", "flash_attention", "mmap")},
                         {"threads": 4, "context": 99, "batch": 512, "flash_attention": False, "mmap": True})

    def test_what_is_not_resident_is_said(self):
        self.assertIn("not comparable: the peer took up to 1.2 major faults", self.beside("-n", "11", "--rounds", "1", faults=12).stdout)
        self.assertIn("not comparable: sluice read up to 2.5%", self.beside("--rounds", "1", read=2.5).stdout)
        self.assertNotIn("not comparable", self.beside("-n", "11", "--rounds", "1", faults=10, read=1).stdout)

    def test_a_crowded_machine(self):
        done = self.beside("--rounds", "1", "--crowd", "-1", "--json", self.path("all.json"))  # more than that always
        self.assertEqual(done.stderr.count("programs waited for cores"), 2 * 3, done.stderr)
        self.assertIn("not comparable: programs waited for cores", done.stdout)
        runs = self.noted("all.json")["rounds"][0]["peer"]["128"]
        self.assertEqual([run["decode_tok_s"] for run in runs], [8, 9])  # of nine the last
        self.assertTrue(0 <= runs[0]["crowded"] < 3)

    def test_hold(self):
        hold = self.path("hold")
        with open(hold, "w") as out:
            out.write(f'#!/bin/sh\nprintf "[" >> {self.path("log")}\n"$@"\nprintf "]" >> {self.path("log")}\n')
        os.chmod(hold, 0o755)
        done = self.beside("-p", "4,5", "--rounds", "1", "--hold", hold)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.noted("log"), "p[][][s][s]")  # the peer loads outside, its log has no runs
        once = self.path("once")  # ends too soon the first time
        with open(once, "w") as out:
            out.write(f'#!/bin/sh\n[ -e {once}.done ] && exec "$@"\ntouch {once}.done\necho held\n')
        os.chmod(once, 0o755)
        done = self.beside("--rounds", "1", "--json", self.path("all.json"), "--hold", once)
        self.assertEqual((done.returncode, done.stderr.count("the hold ended")), (0, 1), done.stderr)
        self.assertNotIn("not comparable", done.stdout)
        self.assertEqual([run["decode_tok_s"] for run in self.noted("all.json")["rounds"][0]["peer"]["128"]], [15, 16])
        done = self.beside("--rounds", "1", "--tries", "2", "--hold", "sh -c 'echo held'")  # always
        self.assertEqual((done.returncode, done.stderr.count("the hold ended")), (0, 4), done.stderr)
        self.assertIn("not comparable: the hold ended during 4 runs", done.stdout)
        for bad, said in (("false", "holds nothing"), ("/nonexistent/hold", "/nonexistent/hold")):
            done = self.beside("--rounds", "1", "--hold", bad)
            self.assertEqual((done.returncode, said in done.stderr), (1, True), done.stderr)

    def test_programs_that_fail(self):
        done = self.beside(peer="sh -c 'echo no such model >&2; exit 5'")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"(?s)exit code 5.*no such model")
        self.assertIn("exit code", self.beside(peer=f"{sys.executable} -c 'print(\"{{}}\")'").stderr)
        self.assertIn("exit code 1\nno such option", self.beside("--args", "--wrong").stderr)
        missing = subprocess.run([sys.executable, BESIDE, "-m", "x", "--sluice", "/nonexistent/sluice"], capture_output=True, text=True)
        self.assertEqual((missing.returncode, "/nonexistent/sluice" in missing.stderr), (1, True))

    def test_usage(self):
        for args in (["-n", "1"], ["-p", "0"], ["-p", "8,x"], ["--rounds", "0"], ["-p", "2040"], ["--threads", "-1"]):
            self.assertEqual(self.beside(*args).returncode, 2, args)
        self.assertEqual(subprocess.run([sys.executable, BESIDE], capture_output=True).returncode, 2)
        page = subprocess.run([BESIDE, "--help"], capture_output=True, text=True)
        self.assertEqual(page.returncode, 0)
        for words in ("node-llama-cpp", "--hold", "alternation"):
            self.assertIn(words, page.stdout)


if __name__ == "__main__":
    BESIDE = sys.argv[1]
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
