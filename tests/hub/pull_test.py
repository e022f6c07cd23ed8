#!/usr/bin/env python3
"""pull_test.py SLUICE SOURCE: sluice pull, list, rm and -m NAME against hub_server. Standard library only."""

import contextlib
import json
import os
import pty
import random
import re
import select
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import hub_server

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import readme  # noqa: E402

SLUICE = SOURCE = ""
TIMEOUT = 300
REPO = "maker/Fox-GGUF"


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


def demo():
    with open(os.path.join(SOURCE, "models/demo.gguf"), "rb") as file:
        return file.read()


class Case(unittest.TestCase):
    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.hub = stack.enter_context(hub_server.running())
        self.home = stack.enter_context(tempfile.TemporaryDirectory())
        self.models = os.path.join(self.home, "sluice/models")
        self.environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy") and not k.startswith("HF_")}
        self.environment |= {"XDG_DATA_HOME": self.home, "HF_ENDPOINT": self.hub.address, "XDG_CONFIG_HOME": "/nonexistent",
                             "XDG_CACHE_HOME": "/dev/null/nowhere"}

    def sluice(self, *args, **variables):
        return subprocess.run([SLUICE, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT,
                              env={**self.environment, **variables})

    def good(self, *args, **variables):
        done = self.sluice(*args, **variables)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def bad(self, code, *args, says, **variables):
        """It ends with `code`; the last line on standard error is the error and contains `says`."""
        done = self.sluice(*args, **variables)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        message = done.stderr.splitlines()[-1]
        self.assertTrue(message.startswith("sluice: error: "), done.stderr)
        self.assertEqual(done.stderr.count("error:"), 1, done.stderr)
        self.assertIn(says, message)
        return message

    def started(self, *args):
        return subprocess.Popen([SLUICE, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=self.environment)

    def content(self, path, repository=REPO):
        with open(os.path.join(self.models, repository, path), "rb") as file:
            return file.read()

    def tree(self):
        return sorted(os.path.relpath(os.path.join(at, name), self.home) for at, _, names in os.walk(self.home) for name in names)

    def one_file(self, size=3 << 20, repository=REPO, path="fox-Q4_K_M.gguf"):
        self.hub.repositories[repository] = {path: noise(size)}
        self.hub.entries.pop(repository, None)
        return self.hub.repositories[repository][path]


class Fetching(Case):
    def test_in_parallel_pieces_over_a_redirect(self):
        content = self.one_file(5_000_001)
        done = self.good("pull", REPO + ":q4_k_m", "--range", "1M", HF_TOKEN=hub_server.TOKEN)
        self.assertEqual(self.content("fox-Q4_K_M.gguf"), content)
        self.assertEqual(self.tree(), [f"sluice/models/{REPO}/fox-Q4_K_M.gguf"])
        self.assertNotIn("\r", done.stderr)  # no progress line where there is no terminal
        asked = self.hub.requests("/resolve/")
        self.assertGreaterEqual(len({headers.get("Range") for hub, _, headers in asked if not hub}), 5)
        for hub, _, headers in asked:  # the token stays with the hub
            self.assertEqual(headers.get("Authorization"), f"Bearer {hub_server.TOKEN}" if hub else None)
        self.assertTrue(any(hub for hub, _, _ in asked) and any(not hub for hub, _, _ in asked))
        before = len(self.hub.requests("/resolve/"))
        self.assertIn("0 B fetched", self.good("pull", REPO + ":Q4_K_M").stderr)
        self.assertEqual(len(self.hub.requests("/resolve/")), before)

    def test_split_set_in_a_folder_and_pages(self):
        parts = {f"UD-Q4_K_XL/Big-UD-Q4_K_XL-0000{n}-of-00003.gguf": noise(300_000 + n, n) for n in (3, 1, 2)}
        self.hub.repositories[REPO] = {"README.md": b"x", "mmproj-F16.gguf": b"y", **parts, "BF16/Big-BF16.gguf": b"z"}
        self.hub.page = 2
        self.good("pull", REPO + ":Q4_K_XL")
        self.assertEqual(len(self.hub.requests("/tree/")), 4)  # with the two folders: 8 entries
        for path, content in parts.items():
            self.assertEqual(self.content(path), content)
        self.assertEqual(len(self.tree()), 3)
        models = json.loads(self.good("list", "--json").stdout)["models"]
        self.assertEqual([(m["name"], m["files"], m["finished"]) for m in models], [(REPO + ":UD-Q4_K_XL", 3, True)])

    def test_safetensors(self):
        files = {"model-00001-of-00002.safetensors": noise(2 << 20, 1), "model-00002-of-00002.safetensors": noise(9, 2), "config.json": b"{}",
                 "tokenizer.json": b"{ }", "tokenizer_config.json": b"", "generation_config.json": b"{}", "chat_template.jinja": b"{{x}}",
                 "model.safetensors.index.json": b"{}"}
        rest = {"README.md": b"x", "original/model.safetensors": b"x", "modeling_evil.py": b"x", "pytorch_model.bin": b"x"}
        self.hub.repositories["a/b"] = {**files, **rest}
        self.good("pull", "a/b")
        self.assertEqual(sorted(os.listdir(os.path.join(self.models, "a/b"))), sorted(files))
        for path, content in files.items():
            self.assertEqual(self.content(path, "a/b"), content)
        self.hub.repositories["a/b"]["config.json"] = b"[]"  # git's checksum finds that it changed, at the same size
        self.good("pull", "a/b", "--revision", "refs/pr/1")
        self.assertEqual(self.content("config.json", "a/b"), b"[]")

    def test_out(self):
        content = self.one_file()
        self.good("pull", REPO, "--out", os.path.join(self.home, "here"))
        with open(os.path.join(self.home, "here/fox-Q4_K_M.gguf"), "rb") as file:
            self.assertEqual(file.read(), content)

    def test_server_without_ranges(self):
        content = self.one_file()
        self.hub.ranges = False
        self.hub.broken["fox-Q4_K_M.gguf"] = [("cut", 0.5)]
        self.good("pull", REPO, "--range", "1M")
        self.assertEqual(self.content("fox-Q4_K_M.gguf"), content)

    def test_without_redirects(self):
        content = self.one_file()
        self.hub.redirect = False
        self.good("pull", REPO, "--connections", "1")
        self.assertEqual(self.content("fox-Q4_K_M.gguf"), content)

    def test_faults_that_pass(self):
        content = self.one_file(4 << 20)
        self.hub.broken = {"tree": [503, ("retry", 1)], "fox-Q4_K_M.gguf": [500, ("cut", 0.5), ("retry", 1), ("cut", 0.1), ("cut", 0.9), 502]}
        start = time.monotonic()
        self.good("pull", REPO, "--range", "1M")
        self.assertGreaterEqual(time.monotonic() - start, 2)  # Retry-After twice
        self.assertEqual(self.content("fox-Q4_K_M.gguf"), content)
        self.assertEqual(self.hub.broken["fox-Q4_K_M.gguf"], [])

    def test_a_cut_piece_goes_on_where_it_broke(self):
        content = self.one_file(3 << 20)
        self.hub.broken = {"fox-Q4_K_M.gguf": [("cut", 0.5)]}
        self.good("pull", REPO, "--connections", "1")
        starts = [int(h["Range"][6:].split("-")[0]) for hub, _, h in self.hub.requests("/resolve/") if not hub and "Range" in h]
        self.assertEqual(starts[:2], [0, 0])  # to see, and the first
        self.assertEqual(starts[2:], [len(content) // 2])
        self.assertEqual(self.content("fox-Q4_K_M.gguf"), content)

    def test_proxy(self):
        content = self.one_file()
        self.hub.redirect = False
        self.good("pull", REPO, HF_ENDPOINT="http://hub.invalid", http_proxy=self.hub.address)
        self.assertEqual(self.content("fox-Q4_K_M.gguf"), content)
        self.assertTrue(all(path.startswith("http://hub.invalid/") for _, path, _ in self.hub.asked))


class Stopping(Case):
    def test_kill_and_go_on(self):
        content = self.one_file(8 << 20)
        self.hub.slow = 0.004
        command = ("pull", REPO, "--range", "256K", "--connections", "3")
        kills = 0
        journal = os.path.join(self.models, REPO, "fox-Q4_K_M.gguf.journal")
        for wanted in (1, 6, 12):
            running = self.started(*command)
            while running.poll() is None:
                with contextlib.suppress(FileNotFoundError), open(journal, "rb") as file:
                    if file.read().count(b"\n") > wanted:
                        break
                time.sleep(0.002)
            kills += running.poll() is None
            running.kill()
            running.communicate()
        self.assertEqual(kills, 3)
        with open(journal, "ab") as file:
            file.write(b"12")  # a torn line
        self.bad(1, "run", "-m", REPO, "Hello", says="only a part of it was pulled: sluice pull")
        self.assertIn("unfinished", self.good("list").stdout)
        before = len(self.hub.asked)
        self.hub.slow = 0
        done = self.good(*command)
        fetched = sum(int(b) - int(a) + 1 for hub, _, h in self.hub.asked[before:] if not hub
                      for a, b in [re.fullmatch(r"bytes=(\d+)-(\d+)", h["Range"]).groups()])
        self.assertLessEqual(fetched, len(content) - 12 * (256 << 10) + 1)  # twelve pieces were there; one byte to see
        self.assertEqual(self.content("fox-Q4_K_M.gguf"), content)
        self.assertEqual(len(self.tree()), 1)
        self.assertIn("whole and checked", done.stderr)

    def test_interrupt(self):
        content = self.one_file(8 << 20)
        self.hub.slow = 0.02
        running = self.started("pull", REPO)
        while not self.hub.requests("/resolve/"):
            time.sleep(0.01)
        time.sleep(0.3)
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=TIMEOUT)
        self.assertEqual((running.returncode, errors.splitlines()[-1]), (130, f"sluice: error: {REPO}: stopped; the same command goes on from here"))
        with open(os.path.join(self.models, REPO, "fox-Q4_K_M.gguf.journal")) as file:
            self.assertGreater(sum(int(line.split()[1]) for line in file.readlines()[1:]), 64 << 10)  # half a piece counts
        self.hub.slow = 0
        self.good("pull", REPO)
        self.assertEqual(self.content("fox-Q4_K_M.gguf"), content)

    def test_two_at_once(self):
        self.one_file(8 << 20)
        self.hub.slow = 0.02
        running = self.started("pull", REPO)
        while not self.hub.requests("/resolve/"):
            time.sleep(0.01)
        self.bad(1, "pull", REPO, says="another sluice pull fetches it now")
        running.kill()
        running.communicate()

    def test_other_content_starts_anew(self):
        self.one_file(4 << 20)
        self.hub.broken = {"fox-Q4_K_M.gguf": [404, 404]}
        self.bad(1, "pull", REPO, "--range", "1M", says="404")
        self.hub.repositories[REPO]["fox-Q4_K_M.gguf"] = noise(4 << 20, 7)
        self.hub.broken = {}
        self.good("pull", REPO)
        self.assertEqual(self.content("fox-Q4_K_M.gguf"), noise(4 << 20, 7))


class Refusing(Case):
    def test_wrong_hash(self):
        for size in (1000, 3 << 20):
            self.one_file(size)
            right = self.hub.listing(REPO)
            self.hub.entries[REPO] = [{**right[0], "lfs": {**right[0]["lfs"], "oid": "0" * 64}}]
            message = self.bad(1, "pull", REPO, says="fox-Q4_K_M.gguf: what came has SHA-256 ")
            self.assertIn("listed is " + "0" * 64, message)
            self.assertEqual(self.tree(), [])  # bad bytes are not kept

    def test_wrong_sizes(self):
        for size in (1000, 3 << 20):
            self.one_file(size)
            right = self.hub.listing(REPO)[0]
            for listed, says in ((size + 5, ""), (size - 5, "")):
                self.hub.entries[REPO] = [{**right, "size": listed, "lfs": {**right["lfs"], "size": listed}}]
                self.bad(1, "pull", REPO, "--retries", "1", says=says)
                self.assertFalse(os.path.exists(os.path.join(self.models, REPO, "fox-Q4_K_M.gguf")))

    def test_a_server_that_lies_about_ranges(self):
        self.one_file()
        self.hub.lie_range = True
        self.bad(1, "pull", REPO, "--range", "1M", says="the server sends others")

    def test_a_server_that_never_ends_the_byte_that_was_asked_for(self):
        self.one_file()
        self.hub.endless = True
        self.bad(1, "pull", REPO, says="asked for one byte, the server sends more")

    def test_faults_that_stay(self):
        self.one_file()
        self.hub.broken = {"tree": [500] * 9}
        self.bad(1, "pull", REPO, "--retries", "1", says="answered 500 (asked 2 times; try again later)")
        self.hub.broken = {"tree": [("retry", 3600)]}
        self.bad(1, "pull", REPO, says="asks to come back in 3600 s")
        self.hub.broken = {"fox-Q4_K_M.gguf": [503] * 20}
        self.bad(1, "pull", REPO, "--retries", "1", says="answered 503")
        self.bad(1, "pull", REPO, "--retries", "0", says="127.0.0.1", HF_ENDPOINT="http://127.0.0.1:1")

    def test_hostile_names(self):
        right = hub_server.entry("a.gguf", b"x", True)
        for name in ("../a.gguf", "/etc/a.gguf", "b/../../a.gguf", "./a.gguf", "b//a.gguf", "a\0.gguf", "a\n.gguf", "b\\a.gguf", "", "a" * 300 + ".gguf"):
            self.hub.entries[REPO] = [{**right, "path": name}]
            self.bad(1, "pull", REPO, says="the listing's entry")
            self.assertEqual(self.tree(), [])

    def test_hostile_listings(self):
        right = hub_server.entry("a.gguf", b"x", True)
        for listing in (b"", b"{}", b"[1]", b"[" * 100_000, b'[{"type": "file"}]', b"\xff\xfe", [right, right], [{**right, "size": -1, "lfs": None}],
                        [{**right, "lfs": {**right["lfs"], "size": 1 << 60}}], [{**right, "lfs": {**right["lfs"], "oid": "zz"}}],
                        [{**right, "lfs": {**right["lfs"], "size": 1.5}}]):
            self.hub.entries[REPO] = listing
            self.bad(1, "pull", REPO, says="listing")
            self.assertEqual(self.tree(), [])
        self.hub.entries[REPO] = b" " * (33 << 20)
        self.bad(1, "pull", REPO, says="listing is too long")

    def test_no_room(self):
        right = hub_server.entry("a.gguf", b"x", True)
        self.hub.entries[REPO] = [{**right, "size": 1 << 43, "lfs": {**right["lfs"], "size": 1 << 43}}]
        self.bad(1, "pull", REPO, says="needs 8796.09 GB more, but the disk of")
        self.assertEqual(self.tree(), [])

    def test_small_disk(self):
        disk = os.path.join(self.home, "disk")
        os.mkdir(disk)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", disk], capture_output=True).returncode != 0:
            self.skipTest("SKIPPED: no right to mount a small disk; the full disk is untested")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        content = self.one_file(3 << 20)
        self.bad(1, "pull", REPO, "--out", disk + "/x/y", says="free some, or name another folder with --out")
        self.assertEqual(os.listdir(disk), [])
        content = self.one_file(1 << 20)
        self.good("pull", REPO, "--out", disk + "/x/y")
        with open(disk + "/x/y/fox-Q4_K_M.gguf", "rb") as file:
            self.assertEqual(file.read(), content)

    def test_private(self):
        self.one_file()
        self.hub.private.add(REPO)
        self.bad(1, "pull", REPO, says="put a token that may read it into HF_TOKEN")
        self.bad(1, "pull", REPO, says="the token in HF_TOKEN may not read it", HF_TOKEN="wrong")
        self.bad(2, "pull", REPO, says="HF_TOKEN: ", HF_TOKEN="a\r\nX: y")
        self.good("pull", REPO, HF_TOKEN=hub_server.TOKEN)

    def test_names(self):
        self.hub.repositories[REPO] = {"fox-Q4_K_M.gguf": b"1", "fox-UD-Q4_K_M.gguf": b"2", "fox-Q8_0.gguf": b"3", "s-00002-of-00002.gguf": b"4"}
        self.hub.repositories["a/empty"] = {"README.md": b""}
        message = self.bad(2, "pull", REPO, says="4 models in it: add one of ")
        for tag in (":fox-Q4_K_M", ":UD-Q4_K_M", ":Q8_0", ":s"):
            self.assertIn(tag, message)
        self.bad(2, "pull", REPO + ":Q4_K_M", says="fits 2 models in it: say which of :fox-Q4_K_M, :UD-Q4_K_M")
        self.bad(1, "pull", REPO + ":Q5_K", says="no :Q5_K in it; there are ")
        self.bad(1, "pull", REPO + ":s", says="1 of its 2 parts")
        self.bad(1, "pull", "a/empty", says="no *.gguf and no *.safetensors")
        self.bad(1, "pull", "a/nothing", says="no such repository, revision or file")
        self.bad(1, "pull", REPO, "--revision", "nowhere", says="no such repository, revision or file")
        for name in ("x", "a/b/c", "../b", "a/..", "a/b:", "a/b:c/d", "/b", "a/"):
            self.bad(2, "pull", name, says="is no OWNER/REPOSITORY")
        self.bad(2, "pull", says="what to pull is missing")
        self.bad(2, "pull", "a/b", says="no http or https address", HF_ENDPOINT="file:///etc")
        self.good("pull", REPO + ":FOX-q4_k_m")
        self.assertEqual(self.content("fox-Q4_K_M.gguf"), b"1")


class Using(Case):
    def test_readme(self):
        """The commands of the README's section, as they stand there, on the local hub."""
        commands = [shlex.split(line) for line in readme.commands("Pull")]
        self.assertEqual([c[1] for c in commands], ["pull", "run", "list", "rm"])
        name = commands[0][2]
        repository, tag = name.split(":")
        self.hub.repositories[repository] = {f"UD-{tag}/Fox-UD-{tag}.gguf": demo(), "Fox-Q8_0.gguf": b"x"}
        for command in commands:
            self.assertEqual(command[0], "build/release/sluice")
            done = self.good(*command[1:])
            if command[1] == "run":
                self.assertGreater(len(done.stdout), 20)
            if command[1] == "list":
                self.assertIn(f"{repository}:UD-{tag}", done.stdout)
                self.assertIn("35.6 MB", done.stdout)
        self.assertEqual(self.tree(), [])

    def test_as_a_model(self):
        self.hub.repositories[REPO] = {"fox.gguf": demo()}
        message = self.bad(1, "run", "-m", REPO, "Hello", says=f"sluice pull {REPO} fetches it")
        self.assertIn(self.models, message)
        self.good("pull", REPO, "--range", "4M")
        args = ("--temp", "0", "-n", "8", "--memory", "200M", "Tell me a story about a fox.")
        here = self.good("run", "-m", REPO, *args).stdout
        self.assertEqual(here, self.good("run", "-m", os.path.join(SOURCE, "models/demo.gguf"), *args).stdout)
        self.assertEqual(here, self.good("run", "-m", REPO + ":FOX", *args).stdout)
        self.good("inspect", "-m", REPO)
        self.bad(1, "inspect", "-m", REPO + ":Q2_K", says="no :Q2_K in it; there are :fox")
        self.bad(1, "inspect", "-m", "maker/none.gguf", says="maker/none.gguf")
        self.good("pack", "-m", REPO, "--out", os.path.join(self.home, "packed"))

    def test_list_and_rm(self):
        self.assertIn("no models here", self.good("list").stderr)
        self.assertEqual(json.loads(self.good("list", "--json").stdout), {"models": []})
        self.hub.repositories[REPO] = {"fox-Q4_K_M.gguf": b"1" * 1000, "fox-Q8_0.gguf": b"2" * 3000}
        self.hub.repositories["a/b"] = {"model.safetensors": b"3", "config.json": b"{}"}
        for name in (REPO + ":Q4_K_M", REPO + ":Q8_0", "a/b"):
            self.good("pull", name)
        lines = self.good("list").stdout.splitlines()
        self.assertRegex(lines[0], r"^name +size +files +date$")
        self.assertRegex(lines[1], r"^a/b +3 B +2 +20\d\d-\d\d-\d\d \d\d:\d\d$")
        self.assertEqual([line.split()[0] for line in lines[1:]], ["a/b", REPO + ":Q4_K_M", REPO + ":Q8_0"])
        self.bad(2, "rm", REPO, "--yes", says="2 models in it")
        self.bad(2, "rm", REPO + ":Q8_0", says="only with --yes")
        self.bad(1, "rm", "a/c", "--yes", says="no model of this name")
        self.bad(2, "rm", "../..", "--yes", says="is no OWNER/REPOSITORY")
        self.good("rm", REPO + ":q8_0", "--yes")
        self.assertEqual(self.tree(), ["sluice/models/a/b/config.json", "sluice/models/a/b/model.safetensors", f"sluice/models/{REPO}/fox-Q4_K_M.gguf"])
        with open(os.path.join(self.models, "a/b/notes"), "w"):  # not ours: stays
            pass
        self.good("rm", "a/b", "--yes")
        self.good("rm", REPO, "--yes")
        self.assertEqual(self.tree(), ["sluice/models/a/b/notes"])
        self.assertFalse(os.path.exists(os.path.join(self.models, "maker")))

    def on_terminal(self, *args, typed=b""):
        """What the program shows on a terminal, and its exit code."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(SLUICE, [SLUICE, *args], self.environment)
        os.write(terminal, typed)
        out = b""
        while select.select([terminal], [], [], TIMEOUT)[0]:
            try:
                block = os.read(terminal, 65536)
            except OSError:
                break
            if not block:
                break
            out += block
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.close(terminal)
        return code, out.decode()

    def test_on_a_terminal(self):
        self.one_file(8 << 20)
        self.hub.slow = 0.06
        code, out = self.on_terminal("pull", REPO, "--range", "1M")
        self.assertEqual(code, 0, out)
        self.assertRegex(out, r"\d MB of 8\.39 MB \(\d+ %\), [\d.]+ [kM]B/s, \d+ s left")
        self.assertEqual(self.on_terminal("rm", REPO, typed=b"n\n")[0], 1)
        self.assertEqual(len(self.tree()), 1)
        code, out = self.on_terminal("rm", REPO, typed=b"y\n")
        self.assertEqual((code, self.tree()), (0, []))
        self.assertIn("in 1 files? [y/N]", out)


if __name__ == "__main__":
    SLUICE, SOURCE = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
