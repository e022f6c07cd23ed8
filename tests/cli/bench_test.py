"""sluice bench."""

import json
import os

import program

SHORT = ("-p", "20", "-n", "6", "--repeat", "2")


class Bench(program.Case):
    def bench(self, *args):
        return self.json("bench", "-m", program.model(), "--json", *SHORT, *args)

    def test_json(self):
        out = self.bench("--memory", "600M", "--ssd", "3.5")
        self.assertEqual(list(out), ["model", "memory", "options", "stats"])
        self.assertEqual(out["memory"]["budget"], 600 << 20)
        self.assertEqual((out["options"]["repeat"], out["options"]["cold"], out["options"]["seed"]), (2, False, 1))
        self.assertEqual((out["options"]["ssd_gb_s"], out["options"]["ram_gb_s"]), (3.5, None))
        self.assertEqual(len(out["stats"]), 2)
        for stats in out["stats"]:
            self.assertEqual(set(stats), set(program.STATS))
            self.assertEqual((stats["prompt_tokens"], stats["decode_tokens"]), (20, 5))
            self.assertGreater(stats["decode_tok_s"], 0)
        self.assertGreater(out["stats"][0]["bytes_read"], 0)

    def test_cold_reads_again(self):
        out = self.bench("--cold")
        self.assertTrue(out["options"]["cold"])
        first, second = (stats["bytes_read"] for stats in out["stats"])
        self.assertGreater(second, first / 2)

    def test_for_a_person(self):
        out = self.good("bench", "-m", program.model(), *SHORT).decode().splitlines()
        self.assertEqual([line.split(":")[0] for line in out[:3]], ["1 of 2", "2 of 2", "median of 2"])
        for line in out:
            self.assertTrue(line.endswith("routes own"), line)
        self.assertIn("tok/s", out[2])
        self.assertIn("limit not measured", out[3])

    def test_only_the_prompt(self):
        out = self.json("bench", "-m", program.model(), "--json", "-p", "5", "-n", "0", "--repeat", "1")
        self.assertEqual(out["stats"][0]["decode_tokens"], 0)
        self.assertGreater(out["stats"][0]["prefill_tok_s"], 0)

    def test_trace(self):
        path = os.path.join(self.folder, "trace.json")
        for command in (("run", "-n", "3", "--temp", "0", "--quiet", "Hi"), ("bench", *SHORT)):
            done = self.sluice(*command, "-m", program.model(), "--trace", path)
            if b"keeps no trace yet" in done.stderr:
                self.skipTest("SKIPPED: this build's engine keeps no trace")
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(path) as file:
                events = json.load(file)["traceEvents"]
            self.assertTrue([event for event in events if event["ph"] == "X" and event["dur"] >= 0])
            names = {event["args"]["name"] for event in events if event["name"] == "thread_name"}
            self.assertEqual(names, {"compute", "reads", "waits"})

    def test_timing_is_on_stderr(self):
        done = self.sluice("bench", "-m", program.model(), "--json", *SHORT, "--timing")
        json.loads(done.stdout)
        self.assertIn(b"look-ahead", done.stderr)

    def test_refusals(self):
        self.bad(2, "bench", "-p", "0", says="-p")
        self.bad(2, "bench", "-p", str(2**40), says="-p")
        self.bad(2, "bench", "--repeat", "0", says="--repeat")
        self.bad(2, "bench", "--ssd", "0", says="--ssd")
        self.bad(2, "bench", "--ram", "fast", says="--ram")
        self.bad(2, "bench", "--trace", "", says="--trace")
        self.bad(2, "bench", "--cold", "--record-routes", "x", says="--cold")
        self.bad(2, "bench", "-m", program.model(), "-p", "60", "-n", "5", "--ctx", "64", says="--ctx")
        self.bad(1, "bench", "-m", os.path.join(self.folder, "nowhere.gguf"), says="nowhere")
