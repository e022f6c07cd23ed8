"""Help, wrong usage, option values."""

import os
import re

import program

SUBCOMMANDS = ["run", "inspect", "tokenize", "logits", "doctor", "bench", "plan"]


class Help(program.Case):
    def test_help(self):
        out = self.good("--help").decode()
        for name in SUBCOMMANDS:
            self.assertRegex(out, rf"(?m)^  {name} +\S")
        self.assertIn("example", out)

    def test_every_help_page(self):
        names = re.findall(r"(?m)^  (\w+)  +\S", self.good("--help").decode())
        self.assertTrue(set(SUBCOMMANDS) <= set(names))
        for name in names:
            out = self.good(name, "--help").decode()
            self.assertTrue(out.startswith(f"usage: sluice {name}"), out)
            own = {"synth": "--shape", "pull": "--revision", "list": "--json", "rm": "--yes"}  # those that open no model
            self.assertIn(own.get(name, "--model"), out)

    def test_version(self):
        self.assertRegex(self.good("--version"), rb"^sluice \d+\.\d+\.\d+\n$")

    def test_no_subcommand_shows_the_help(self):
        done = self.sluice()
        self.assertEqual((done.returncode, done.stdout), (2, b""))
        self.assertIn(b"sluice SUBCOMMAND --help", done.stderr)


class WrongUsage(program.Case):
    def test_unknown(self):
        self.bad(2, "walk", says='unknown subcommand "walk"')
        self.bad(2, "--walk", says="unknown option --walk")
        for name in SUBCOMMANDS:
            self.bad(2, name, "--walk", says="unknown option --walk")
        self.bad(2, "run", "Tell", "me", says='unexpected argument "me"')

    def test_missing_values(self):
        self.bad(2, "run", "-m")
        self.bad(2, "logits", "--out", "x.npy", says="--tokens")
        self.bad(2, "logits", "--tokens", "x", says="--out")
        self.bad(2, "synth", "--shape", "tiny", says="--out")
        self.bad(2, "synth", "--out", "x.gguf", says="--shape")

    def test_bad_values(self):
        bad = [("--memory", "8X"), ("--memory", "0"), ("--memory", "G"), ("--memory", "-1"), ("--memory", "1e9"),
               ("--memory", "99999999T"), ("--memory", ""), ("--memory", "1..5G"), ("--memory", "nan"),
               ("--threads", "0"), ("--threads", "two"), ("--threads", "1025"), ("--ctx", "0"), ("--ctx", "-5"),
               ("--ctx", "9" * 30), ("--experts", "0"), ("--chunk", "0"), ("--seed", "-1"), ("--seed", "1.5"),
               ("--io", "fast"), ("--lookahead", "maybe"), ("--speculate", "often"), ("--draft", "0"), ("--draft", "4"), ("-n", "-1"), ("-n", "many"), ("--temp", "-1"), ("--temp", "nan"),
               ("--temp", "hot"), ("--top-k", "-1"), ("--top-p", "0"), ("--top-p", "1.1"), ("--min-p", "2"),
               ("--presence-penalty", "3"), ("--repetition-penalty", "0"), ("--stop", "")]
        for option, value in bad:
            with self.subTest(option=option, value=value):
                self.bad(2, "run", option, value, "Hi", says=option)

    def test_bad_values_of_synth(self):
        for option, value in [("--shape", "gpt-17"), ("--layers", "0"), ("--quant", "Q7_K"), ("--skew", "much"), ("--seed", "-1"),
                              ("--threads", "0")]:
            with self.subTest(option=option, value=value):
                args = {"--shape": "tiny", "--out": os.path.join(self.folder, "x.gguf"), option: value}
                self.bad(2, "synth", *[word for pair in args.items() for word in pair], says=value if option in ("--shape", "--quant") else option)
        self.assertEqual(os.listdir(self.folder), [])

    def test_options_that_exclude_each_other(self):
        ids = self.file("ids", "1 2 3")
        for args in [("--think", "--no-think", "Hi"), ("--raw", "--no-think", "Hi"), ("--tokens", ids, "Hi"),
                     ("--raw", "--system", "x", "Hi"), ("--tokens", ids, "--raw"), ("--system", "x", "--system-file", ids, "Hi"),
                     ("--messages", ids, "Hi"), ("--raw", "--raw-special", "Hi"), ("--tokens", ids, "--tools", ids)]:
            with self.subTest(args=args):
                self.bad(2, "run", *args, says="--")
        self.bad(2, "tokenize", "--special", "--decode", "1", says="--")

    def test_given_twice(self):
        self.bad(2, "run", "--ctx", "5", "--ctx", "6", "Hi", says="--ctx")


class Model(program.Case):
    def test_sizes(self):
        budgets = {"1G": 1 << 30, "1.5GiB": 3 << 29, "600M": 600 << 20, "1gb": 10**9, "700000KB": 7 * 10**8, "900000000": 9 * 10**8}
        for text, size in budgets.items():
            with self.subTest(text=text):
                out = self.json("run", "-m", program.model(), "--memory", text, "-n", "0", "--json", "Hi")
                self.assertEqual(out["memory"]["budget"], size)
                self.assertLessEqual(out["memory"]["total"], size)

    def test_refused(self):
        cases = [(2, ("--io", "sideways"), "direct"), (2, ("--lookahead", "maybe"), "auto"), (2, ("--activations", "12"), "8 or 16"), (2, ("--isa", "nonsense"), "ref"),
                 (2, ("--policy", "oracle"), "fading"), (2, ("--io-backend", "tape"), "uring"), (2, ("--warm-start", "hot"), "off"),
                 (1, ("--speculate", "mtp"), "no prediction head"), (2, ("--speculate", "lookup", "--record-routes", "x"), "routes"),
                 (1, ("--memory", "1M"), "at least"), (2, ("--experts", "100000"), "experts"), (2, ("--ctx", "999999999"), "--ctx")]
        for code, args, says in cases:
            with self.subTest(args=args):
                self.bad(code, "run", "-m", program.model(), *args, "Hi", says=says)

    def test_missing_and_unreadable(self):
        empty, text = self.file("empty.gguf", ""), self.file("text.gguf", "not a model at all\n" * 99)
        folder = os.path.join(self.folder, "nothing in it")
        os.mkdir(folder)
        for path in ["/nonexistent/model.gguf", folder, "/dev/null", empty, text, "a\nb"]:
            for name in ["run", "inspect", "tokenize"]:
                with self.subTest(path=path, name=name):
                    self.bad(1, name, "-m", path, *([] if name == "inspect" else ["Hi"]))

    def test_cut_short(self):
        with open(program.model(), "rb") as whole:
            cut = self.file("cut.gguf", whole.read()[:1 << 20])
        self.bad(1, "run", "-m", cut, "Hi", says="cut.gguf")

    def test_without_m_it_is_the_demo_model(self):
        self.assertTrue(self.json("inspect", "--json")["path"].endswith("models/demo.gguf"))
