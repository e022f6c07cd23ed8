"""Token files, sluice logits and sluice inspect."""

import ast
import os
import signal
import struct
import subprocess
import time

import program


def read_npy(path):
    """(shape, list of float32)"""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"\x93NUMPY\x01\x00"
    end = 10 + struct.unpack("<H", data[8:10])[0]
    assert end % 64 == 0 and data[end - 1] == ord("\n")
    header = ast.literal_eval(data[10:end].decode())
    assert header["descr"] == "<f4" and header["fortran_order"] is False
    count = header["shape"][0] * header["shape"][1]
    return header["shape"], struct.unpack(f"<{count}f", data[end:])


class TokenFiles(program.Case):
    def run_tokens(self, path, *args):
        return self.json("run", "-m", program.model(), "--tokens", path, "-n", "6", "--temp", "0", "--ignore-eos", "--json", *args)

    def test_same_as_the_prompt(self):
        text = "Once upon a time there was a fox."
        ids = self.file("ids", self.good("tokenize", text).replace(b" ", b"\n\t"))
        typed = self.json("run", "--raw", "-n", "6", "--temp", "0", "--ignore-eos", "--json", text)
        given = self.run_tokens(ids)
        self.assertEqual((typed["tokens"], typed["text"]), (given["tokens"], given["text"]))

    def test_pipe(self):
        pipe = os.path.join(self.folder, "pipe")
        os.mkfifo(pipe)
        writer = subprocess.Popen(["sh", "-c", 'echo 1 2 3 > "$0"', pipe])
        self.assertEqual(self.run_tokens(pipe)["stats"]["prompt_tokens"], 3)
        writer.wait()
        self.bad(1, "inspect", "-m", pipe, says="not a regular file")

    def test_bad_ids(self):
        vocab = self.json("inspect", "--json")["vocab"]
        for content, says in [("1 2 x3", "position 2"), ("1 -2", "position 1"), ("1.5", "position 0"), ("9" * 20, "position 0"),
                              (b"1 \xff\x00 2", "position 1")]:
            with self.subTest(content=content):
                self.bad(1, "run", "--tokens", self.file("bad", content), says=says)
        self.bad(1, "run", "--tokens", self.file("high", f"1 {vocab}"), says=f"token {vocab} at position 1")
        self.bad(1, "run", "--tokens", self.folder, says="directory")
        self.bad(1, "run", "--tokens", "/nonexistent", says="/nonexistent")

    def test_longer_than_the_context(self):
        ids = self.file("ids", "5 " * 20)
        self.bad(1, "run", "-m", program.model(), "--ctx", "16", "--tokens", ids, says="--ctx")
        self.bad(1, "run", "-m", program.model(), "--ctx", "16", "many words " * 20, says="--ctx")
        out = self.run_tokens(ids, "--ctx", "23")
        self.assertEqual(out["finish"], "context")


class Logits(program.Case):
    IDS = " ".join(str(7 * i % 300) for i in range(37))

    def logits(self, name, *args):
        path = os.path.join(self.folder, name)
        self.good("logits", "-m", program.model(), "--tokens", self.file("ids", self.IDS), "--out", path, *args)
        return path

    def test_chunks_agree(self):
        paths = [self.logits(f"{chunk}.npy", "--chunk", chunk) for chunk in ("1", "7", "16")]
        files = []
        for path in paths:
            with open(path, "rb") as file:
                files.append(file.read())
        self.assertEqual(len(set(files)), 1)
        shape, values = read_npy(paths[0])
        self.assertEqual(shape, (37, self.json("inspect", "--json")["vocab"]))
        self.assertTrue(all(abs(value) < 1e6 for value in values))
        self.assertGreater(len(set(values[:shape[1]])), 100)
        self.assertNotEqual(values[:shape[1]], values[-shape[1]:])

    def test_last_row_is_the_next_token(self):
        shape, values = read_npy(self.logits("x.npy"))
        last = values[-shape[1]:]
        out = self.json("run", "--tokens", self.file("ids", self.IDS), "-n", "1", "--temp", "0", "--json")
        self.assertEqual(out["tokens"], [last.index(max(last))])

    def test_replaces_and_leaves_nothing_behind(self):
        path = self.file("x.npy", "old")
        self.assertEqual(self.logits("x.npy"), path)
        self.assertEqual(read_npy(path)[0][0], 37)
        self.assertEqual(sorted(os.listdir(self.folder)), ["ids", "x.npy"])
        self.assertEqual(self.json("logits", "--tokens", self.file("ids", "1 2"), "--out", path, "--json")["shape"][0], 2)

    def test_interrupt_leaves_nothing_behind(self):
        ids = self.file("ids", "5 " * 8000)
        running = program.start("logits", "-m", program.model(), "--tokens", ids, "--out", os.path.join(self.folder, "x.npy"), "--chunk", "4")
        while len(os.listdir(self.folder)) == 1 and running.poll() is None:
            time.sleep(0.01)
        time.sleep(0.3)
        running.send_signal(signal.SIGINT)
        out, errors = running.communicate(timeout=program.TIMEOUT)
        self.assertEqual((running.returncode, out, errors), (130, b"", b"sluice: error: interrupted; nothing was written\n"))
        self.assertEqual(os.listdir(self.folder), ["ids"])

    def test_errors_leave_nothing_behind(self):
        ids, high = self.file("ids", "1 2 3"), self.file("high", "1 99999999")
        out = os.path.join(self.folder, "x.npy")
        self.bad(1, "logits", "--tokens", ids, "--out", os.path.join(self.folder, "none", "x.npy"), says="none/x.npy")
        self.bad(1, "logits", "--tokens", high, "--out", out, says="token 99999999 at position 1")
        self.bad(1, "logits", "--tokens", ids, "--out", self.folder, says="not a regular file")
        self.bad(1, "logits", "--tokens", ids, "--out", "/dev/null", says="not a regular file")
        self.bad(1, "logits", "--tokens", ids, "--out", "/dev/full", says="not a regular file")
        self.assertEqual(sorted(os.listdir(self.folder)), ["high", "ids"])


class Inspect(program.Case):
    def test_facts_add_up(self):
        facts = self.json("inspect", "--json")
        self.assertEqual(facts["attention_layers"] + facts["recurrent_layers"], facts["layers"])
        self.assertLess(facts["floor_bytes"], facts["full_bytes"])
        self.assertEqual(facts["file_bytes"], os.path.getsize(program.model()))
        experts = next(c for c in facts["classes"] if c["name"] == "routed experts")
        self.assertEqual(experts["bytes"], facts["expert_bytes"])
        self.assertLessEqual(sum(c["bytes"] for c in facts["classes"]), facts["file_bytes"])

    def test_the_floor_is_enough(self):
        floor = self.json("inspect", "--json", "--ctx", "512", "--threads", "1")["floor_bytes"]
        args = ("run", "-m", program.model(), "--ctx", "512", "--threads", "1", "-n", "2", "--temp", "0")
        self.good(*args, "--memory", str(floor), "Hi")
        self.bad(1, *args, "--memory", str(floor - 1), "Hi", says=str(floor))

    def test_the_budget_holds(self):
        """The most the process ever held stays within --memory, with a full prompt and a filled context."""
        args = ("--ctx", "512", "--threads", "2", "-n", "400", "--temp", "0", "--ignore-eos", "--no-think", "Tell me a story. " * 20)
        floor = self.json("inspect", "--json", "--ctx", "512", "--threads", "2")["floor_bytes"]
        for budget in (floor, floor + (8 << 20), floor + (64 << 20)):
            out = self.json("run", "-m", program.model(), "--json", "--memory", str(budget), *args)
            self.assertEqual(out["memory"]["budget"], budget)
            self.assertLessEqual(out["stats"]["peak_rss_bytes"], budget)
            self.assertEqual(out["stats"]["decode_tokens"], len(out["tokens"]) - 1)
            self.assertGreater(out["stats"]["bytes_read"], 0)

    def test_options_change_the_facts(self):
        usual, small = self.json("inspect", "--json"), self.json("inspect", "--json", "--ctx", "64", "--experts", "1")
        self.assertLess(small["state_bytes"], usual["state_bytes"])
        self.assertEqual((small["top_k"], small["trained_top_k"]), (1, usual["trained_top_k"]))

    def test_table(self):
        out = self.good("inspect").decode()
        for word in ["family", "layers", "routed experts", "trunk", "floor", "positions"]:
            self.assertIn(word, out)
        self.assertNotIn("lossy", out)
        self.assertIn("lossy", self.good("inspect", "--experts", "1").decode())
