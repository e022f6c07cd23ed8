"""sluice run and sluice tokenize."""

import json
import os
import shutil
import signal
import time

import program

GREEDY = ("--temp", "0")


class Run(program.Case):
    def run_json(self, *args, **options):
        return self.json("run", "-m", program.model(), "--json", *args, **options)

    def test_json(self):
        out = self.run_json("-n", "8", *GREEDY, "--ignore-eos", "Tell me a story about a fox.")
        self.assertLessEqual({"tokens", "text", "finish", "seed", "stats", "memory"}, set(out))
        self.assertEqual(set(out["stats"]), set(program.STATS))
        self.assertIsNone(out["stats"]["limit_tok_s"])
        for part in ("prompt_phases", "decode_phases"):
            self.assertEqual(list(out["stats"][part]), program.PHASES)
        self.assertEqual((len(out["tokens"]), out["finish"], out["stats"]["decode_tokens"]), (8, "length", 7))
        self.assertGreater(out["stats"]["expert_bytes_per_token"], 0)
        self.assertLessEqual({"budget", "trunk", "state", "workspace", "slots", "slot_count", "floor"}, set(out["memory"]))

    def test_text_is_alone_on_stdout(self):
        args = ("-n", "12", *GREEDY, "--no-think", "Tell me a story about a fox.")
        done = self.sluice("run", "-m", program.model(), *args)
        self.assertEqual(done.stdout.decode(), self.run_json(*args)["text"])
        footer = done.stderr.decode()
        self.assertTrue(footer.startswith("\nsluice: 12 tokens at "), footer)
        for part in ["prompt", "hits", "stall", "peak", "K ", "thread", "limit not measured"]:
            self.assertIn(part, footer)
        self.assertNotIn("lossy", footer)
        self.assertEqual(self.sluice("run", "-m", program.model(), "--quiet", *args).stderr, b"")

    def test_warm_start_keeps_the_uses_and_changes_no_token(self):
        self.cache = self.folder
        args = ("-n", "12", *GREEDY, "--ignore-eos", "--memory", "44M", "--ctx", "128", "Hi")
        uses = os.path.join(self.folder, "sluice", "uses")
        cold = self.run_json("--warm-start", "off", *args)
        self.assertFalse(os.path.exists(uses))
        first = self.run_json(*args)
        self.assertEqual([name.startswith("demo.gguf-") for name in os.listdir(uses)], [True])
        warm = self.run_json(*args)
        self.assertEqual((first["tokens"], warm["tokens"]), (cold["tokens"], cold["tokens"]))
        with open(os.path.join(uses, os.listdir(uses)[0]), "wb") as file:
            file.write(b"not ours")
        self.assertEqual(self.run_json(*args)["tokens"], cold["tokens"])

    def test_two_folders(self):
        copies = [os.path.join(self.folder, name) for name in "ab"]
        for copy in copies:
            os.mkdir(copy)
            shutil.copy(program.model(), copy)
        args = ("--json", "-n", "8", *GREEDY, "--ignore-eos", "Hi")
        both = self.json("run", "-m", os.path.join(copies[0], "demo.gguf"), "-m", copies[1], *args)
        self.assertEqual(both["tokens"], self.run_json(*args)["tokens"])
        self.bad(2, "run", "-m", program.model(), "-m", os.path.dirname(__file__), "Hi", says="no copy")

    def test_timing(self):
        done = self.sluice("run", "-m", program.model(), "-n", "3", *GREEDY, "--timing", "--quiet", "Hi")
        table = done.stderr.decode().split("\n")[1:-1]
        self.assertEqual(table[0].split(), "ms a token prompt share decode share".split())
        self.assertEqual([row[:10].strip() for row in table[1:]],
                         ["attention", "delta-net", "router", "shared", "experts", "I/O wait", "look-ahead", "head", "drafts", "other", "all"])

    def test_speculation_changes_no_token(self):
        args = ("-n", "80", "--ignore-eos", "--temp", "0.5", "--seed", "3",
                "Paul has 42 apples. Finn gives Paul 11 more. Paul eats 8. How many apples does Paul have now?")
        plain = self.run_json(*args)
        self.assertEqual([plain["stats"][key] for key in ("speculate", "drafted", "draft_accepted")], ["off", 0, 0])
        for how in (("lookup",), ("auto",), ("lookup", "--draft", "1")):
            with self.subTest(how=how):
                guessed = self.run_json("--speculate", *how, *args)
                self.assertEqual(guessed["tokens"], plain["tokens"])
                s = guessed["stats"]
                self.assertEqual((s["speculate"], s["decode_passes"] + s["draft_accepted"]), (how[0], s["decode_tokens"]))
                if how[0] == "lookup":
                    self.assertLess(0, s["draft_accepted"])
        done = self.sluice("run", "-m", program.model(), "--speculate", "lookup", "--timing", "--quiet", *args)
        self.assertRegex(done.stderr.decode(), r"79 tokens in \d+ passes: \d+ guessed ahead, \d+ of them right\n$")

    def test_lossy_is_said(self):
        done = self.sluice("run", "-m", program.model(), "-n", "2", "--experts", "1", "Hi")
        self.assertIn(b"(lossy)", done.stderr)

    def test_nothing_to_generate(self):
        out = self.run_json("-n", "0", "Hi")
        self.assertEqual((out["tokens"], out["text"], out["finish"]), ([], "", "length"))
        self.assertIn(b"not measured", self.sluice("run", "-m", program.model(), "-n", "0", "Hi").stderr)

    def test_seeds(self):
        args = ("-n", "24", "--temp", "1.5", "--top-k", "0", "--top-p", "1", "--ignore-eos", "Tell me a story.")
        first = self.run_json("--seed", "7", *args)
        self.assertEqual(first["seed"], 7)
        self.assertEqual(first["tokens"], self.run_json("--seed", "7", *args)["tokens"])
        drawn = self.run_json(*args)
        self.assertNotEqual(first["tokens"], drawn["tokens"])
        self.assertEqual(drawn["tokens"], self.run_json("--seed", str(drawn["seed"]), *args)["tokens"])
        self.assertEqual(self.run_json("--seed", str(2**64 - 1), "-n", "1", "Hi")["seed"], 2**64 - 1)

    def test_stop_strings(self):
        args = ("-n", "60", *GREEDY, "--no-think", "Tell me a story about a fox.")
        whole = self.run_json(*args)["text"]
        stop = whole[20:24]
        cut = self.run_json("--stop", "never in there", "--stop", stop, *args)
        self.assertEqual((cut["text"], cut["finish"]), (whole[:whole.index(stop)], "stop_string"))

    def test_prompt_from_stdin(self):
        args = ("-n", "6", *GREEDY, "--raw")
        typed = self.run_json(*args, "Once upon")["tokens"]
        self.assertEqual(typed, self.run_json(*args, stdin=b"Once upon")["tokens"])
        self.assertEqual(typed, self.run_json(*args, "-", stdin=b"Once upon")["tokens"])

    def test_empty_prompt(self):
        self.bad(2, "run", "-m", program.model(), "", says="empty")
        self.bad(2, "run", "-m", program.model(), says="empty")
        self.bad(2, "run", "-m", program.model(), "--tokens", "/dev/null", says="no token ids")

    def test_not_utf8(self):
        self.bad(1, "run", b"abc\xff", says="byte 3 (0xff)")
        self.bad(1, "run", says="byte 2", stdin=b"ab\xc3")
        self.bad(1, "run", "--system-file", self.file("s", b"\x80"), "Hi", says="byte 0")
        self.bad(1, "tokenize", b"abc\xff", says="byte 3")

    def test_conversations(self):
        turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Tell me a story about a fox."}]
        asked = self.run_json("-n", "8", *GREEDY, "--system", turns[0]["content"], turns[1]["content"])
        given = self.run_json("-n", "8", *GREEDY, "--messages", self.file("m.json", json.dumps(turns)))
        self.assertEqual(asked["tokens"], given["tokens"])
        self.assertEqual(asked["stats"]["prompt_tokens"], given["stats"]["prompt_tokens"])

    def test_tools_reach_the_model(self):
        tools = os.path.join(program.MODELS, "demo-tools.json")
        args = ("-n", "80", *GREEDY, "--no-think", "Tell me the weather of Cairo, in fahrenheit.")
        self.assertIn("<tool_call>", self.run_json("--tools", tools, *args)["text"])

    def test_bad_conversations(self):
        for content in ["{", "[1]", '{"role": "user"}', '"text"', "[" * 100000]:
            for option in ["--messages", "--tools"]:
                with self.subTest(content=content[:20], option=option):
                    prompt = ["Hi"] if option == "--tools" else []
                    self.bad(1, "run", option, self.file("bad.json", content), *prompt, says="bad.json")
        self.bad(2, "run", "--messages", self.file("none.json", "[]"), says="no messages")
        refused = self.file("role.json", '[{"role": "wizard", "content": "x"}]')
        self.bad(1, "run", "-m", program.model(), "--messages", refused, says="chat template")

    def test_control_tokens_in_a_prompt_are_text(self):
        text = "<|im_end|>"
        self.assertGreater(len(self.good("tokenize", text).split()), 1)
        self.assertEqual(len(self.good("tokenize", "--special", text).split()), 1)
        counts = [self.run_json("-n", "0", raw, text)["stats"]["prompt_tokens"] for raw in ("--raw", "--raw-special")]
        self.assertEqual((counts[0] > 1, counts[1]), (True, 1))


class Signals(program.Case):
    LONG = ("--ignore-eos", "-n", "100000", "--temp", "1", "--min-p", "0", "--show-special", "Tell me a story about a fox.")

    def test_interrupt(self):
        running = program.start("run", "-m", program.model(), *self.LONG)
        self.assertTrue(running.stdout.read(1))
        running.send_signal(signal.SIGINT)
        out, errors = running.communicate(timeout=program.TIMEOUT)
        self.assertEqual(running.returncode, 0, errors)
        self.assertIn(", interrupted", errors.decode())
        self.assertIn("limit not measured", errors.decode())

    def test_second_interrupt(self):
        read, write = os.pipe()
        os.set_blocking(write, False)
        try:
            while os.write(write, b"x" * 512):
                pass
        except BlockingIOError:
            os.set_blocking(write, True)  # full: the program's first word blocks it
        running = program.start("run", "-m", program.model(), *self.LONG, stdout=write)
        program.wait_until_idle(running)
        running.send_signal(signal.SIGINT)
        time.sleep(0.2)
        self.assertIsNone(running.poll())
        running.send_signal(signal.SIGINT)
        self.assertEqual((running.wait(timeout=program.TIMEOUT), running.stderr.read()), (130, b""))
        running.stderr.close()
        os.close(read)
        os.close(write)

    def test_reader_that_closes_early(self):
        for ignored in [False, True]:
            running = program.start("run", "-m", program.model(), *self.LONG, ignore_sigpipe=ignored)
            self.assertTrue(running.stdout.read(1))
            running.stdout.close()
            errors = running.stderr.read()
            running.wait(timeout=program.TIMEOUT)
            running.stderr.close()
            self.assertEqual((running.returncode, errors), (-signal.SIGPIPE, b""))

    def test_full_disk(self):
        with open("/dev/full", "wb") as full:
            running = program.start("run", "-m", program.model(), *self.LONG, stdout=full)
            _, errors = running.communicate(timeout=program.TIMEOUT)
        self.assertEqual(running.returncode, 1)
        self.assertIn(b"sluice: error: standard output: No space left", errors)


class Tokenize(program.Case):
    TEXT = "Héllo  wörld,\n\tthe 12 foxes 🦊 <|im_start|>\n"

    def test_round_trip(self):
        for special in [[], ["--special"]]:
            ids = self.good("tokenize", *special, stdin=self.TEXT.encode())
            self.assertEqual(self.good("tokenize", "--decode", stdin=ids).decode(), self.TEXT)
            both = self.json("tokenize", "--json", *special, self.TEXT)
            self.assertEqual((both["tokens"], both["text"]), ([int(i) for i in ids.split()], self.TEXT))

    def test_pieces(self):
        lines = self.good("tokenize", "--pieces", 'a "b"\n').decode().splitlines()
        self.assertTrue(all(line.split(" ", 1)[1].startswith('"') for line in lines), lines)
        self.assertIn("\\x0a", lines[-1])

    def test_bad_ids(self):
        self.bad(1, "tokenize", "--decode", "1 2 x", says="position 2")
        self.bad(1, "tokenize", "--decode", "1 99999999", says="position 1")

    def test_nothing(self):
        self.assertEqual(self.good("tokenize", ""), b"\n")
        self.assertEqual(self.json("tokenize", "--json", "")["tokens"], [])
