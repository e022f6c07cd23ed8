"""sluice plan, and the rates that it and the others take from doctor's profile."""

import json
import os

import program

SPEEDS = ("decode_tok_s", "prefill_tok_s", "t_ssd_s", "t_ram_s", "limit_tok_s")


class Plan(program.Case):
    def plan(self, *args):
        return self.json("plan", "-m", program.model(), "--json", *args)

    def test_one_budget(self):
        out = self.plan("--memory", "60M", "--ssd", "2", "--ram", "17", "--threads", "2")
        self.assertEqual((out["ssd_gb_s"], out["ram_gb_s"], out["threads"], out["routes"]), (2, 17, 2, "conversation"))
        (row,) = out["plans"]
        self.assertEqual(row["memory"]["budget"], 60 << 20)
        self.assertLess(row["cold"]["hit_rate"], row["warm"]["hit_rate"])
        for part in ("cold", "warm"):
            speed = row[part]
            self.assertAlmostEqual(speed["t_ssd_s"], speed["ssd_bytes_per_token"] / 2e9)
            touched = speed["expert_bytes_per_token"] + speed["ssd_bytes_per_token"] + row["trunk_bytes_per_token"] + row["state_bytes_per_token"]
            self.assertAlmostEqual(speed["t_ram_s"], touched / 17e9)
            self.assertAlmostEqual(speed["limit_tok_s"], 1 / max(speed["t_ssd_s"], speed["t_ram_s"]))
            self.assertLess(speed["decode_tok_s"], speed["limit_tok_s"])

    def test_the_plan_is_the_engines(self):
        args = ("--memory", "60M", "--ctx", "2048", "--threads", "2")
        planned = self.plan(*args)["plans"][0]["memory"]
        ran = self.json("run", "-m", program.model(), "--json", "-n", "1", *args, "Hi")["memory"]
        self.assertEqual(planned, ran)

    def test_several_budgets(self):
        out = self.plan("--ssd", "2", "--ram", "17")
        self.assertEqual(out["plans"][0]["budget"], 4 << 30)
        self.assertEqual(len(out["plans"]), 2)  # the first holds everything; the other is what is here
        text = self.good("plan", "-m", program.model(), "--ssd", "2", "--ram", "17").decode()
        for words in ("drive 2.00 GB/s", "t_ssd", "t_ram", "limit", "warm"):
            self.assertIn(words, text)

    def test_without_rates_there_are_no_speeds(self):
        row = self.plan("--memory", "60M")["plans"][0]
        for part in ("cold", "warm"):
            self.assertEqual([row[part][key] for key in SPEEDS], [None] * 5)
        self.assertIn("run sluice doctor", self.good("plan", "-m", program.model(), "--memory", "60M").decode())

    def test_routes_and_policies(self):
        hits = {name: self.plan("--memory", "60M", "--routes", name)["plans"][0]["warm"]["hit_rate"] for name in ("mixed", "conversation")}
        self.assertLess(hits["mixed"], hits["conversation"])
        self.assertEqual(self.plan("--memory", "60M", "--policy", "lru")["policy"], "lru")
        self.bad(2, "plan", "--routes", "nowhere", says="mixed")
        self.bad(2, "plan", "--policy", "nothing", says="lru")

    def test_refusals(self):
        self.bad(1, "plan", "-m", program.model(), "--memory", "1M", says="needs at least")
        self.bad(2, "plan", "-m", program.model(), "--ctx", "99999999", says="--ctx")
        self.bad(2, "plan", "--ssd", "-1", says="--ssd")
        self.bad(2, "plan", "--ram", "1e99", says="--ram")
        self.bad(1, "plan", "-m", "/nonexistent.gguf", says="nonexistent")


class Profile(program.Case):
    """What of a profile is believed."""
    measured = None

    def setUp(self):
        super().setUp()
        self.config = os.path.join(self.folder, "config")
        if Profile.measured is None:
            args = ("doctor", "--quick", "--json", "--no-save", "-m", program.model())
            Profile.measured = json.dumps(self.json(*args))
        self.profile = json.loads(Profile.measured)
        self.profile["ram"]["gb_s"] = 11.5
        self.drive = self.profile["drives"][0]
        self.drive["cells"] = [{"mode": mode, "size": size, "depth": depth, "gb_s": rate, "mean_ms": 1, "p99_ms": 1}
                               for mode, size, depth, rate in [("direct", 32768, 1, 0.5), ("direct", 32768, 4, 1.0), ("direct", 32768, 16, 1.04),
                                                               ("direct", 65536, 1, 1.98), ("direct", 65536, 4, 2.0), ("buffered", 32768, 1, 9)]]

    def rates(self, profile=None, *args):
        folder = os.path.join(self.config, "sluice")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "profile.json"), "w") as out:
            out.write(profile if profile is not None else json.dumps(self.profile))
        out = self.json("plan", "-m", program.model(), "--memory", "1G", "--json", *args)
        return out["ssd_gb_s"], out["ram_gb_s"]

    def test_between_the_nearest_sizes_at_their_knees(self):
        size = self.json("inspect", "-m", program.model(), "--json")["read_bytes"]
        self.assertTrue(32768 < size < 65536, size)
        ssd, ram = self.rates()
        self.assertTrue(1.0 < ssd < 1.98, ssd)
        self.assertEqual(ram, 11.5)
        for cell in self.drive["cells"]:
            cell["size"] *= 64
        self.assertEqual(self.rates(), (1.0, 11.5))
        for cell in self.drive["cells"]:
            cell["size"] //= 1024
        self.assertEqual(self.rates(), (1.98, 11.5))

    def test_what_the_user_says_counts(self):
        self.assertEqual(self.rates(None, "--ssd", "3", "--ram", "4"), (3, 4))
        self.assertEqual(self.rates(None, "--ssd", "3"), (3, 11.5))

    def test_a_drive_without_direct_reads(self):
        self.drive["cells"] = self.drive["cells"][-1:]
        self.assertEqual(self.rates(), (9, 11.5))

    def test_other_drives(self):
        self.drive["device"] = "99:99"
        self.assertEqual(self.rates(), (None, 11.5))
        self.drive["device"] = ""
        self.assertEqual(self.rates(), (None, 11.5))

    def test_a_device_number_that_another_drive_has_by_now(self):
        self.drive["path"] = "/proc"
        self.assertEqual(self.rates(), (None, 11.5))
        self.drive["path"] = "/no longer there"
        self.assertIsNotNone(self.rates()[0])

    def test_another_machine(self):
        for part, key, value in [("machine", "cpu", "Another"), ("machine", "memory_bytes", 1 << 50), ("machine", "cpu", 7)]:
            profile = json.loads(json.dumps(self.profile))
            profile[part][key] = value
            self.assertEqual(self.rates(json.dumps(profile)), (None, None))
        self.profile["version"] = 2
        self.assertEqual(self.rates(), (None, None))

    def test_nonsense(self):
        for text in ["", "{", "[]", "null", "[" * 100000, "{}", '{"version": 1}', json.dumps(self.profile) + " " * (5 << 20), "\0" * 99]:
            self.assertEqual(self.rates(text), (None, None), text[:20])
        for rate in [-1, 0, 1e300, "fast", None, [], {}, "1"]:
            self.profile["ram"]["gb_s"] = rate
            for cell in self.drive["cells"]:
                cell["gb_s"] = rate
            self.assertEqual(self.rates(), (None, None), rate)
        for key in ("drives", "ram", "machine"):
            profile = json.loads(Profile.measured)
            for value in (7, [], [7], {}, None, "x"):
                profile[key] = value
                self.rates(json.dumps(profile))
        self.drive["cells"] = [{"mode": "direct", "size": -5, "depth": "x", "gb_s": 2}, 9, {"mode": "direct"}]
        self.assertIsNone(self.rates()[0])
