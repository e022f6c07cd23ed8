#!/usr/bin/env python3
"""sluice chat, by pipes and by a pseudo-terminal. Arguments: the program, the folder of the demo model."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import unittest

import program

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import readme  # noqa: E402

GREEDY = ("--temp", "0", "--no-think")
STORY = "Tell me a story about a fox."


def environment(folder, **more):
    out = {**program.environment(), "XDG_STATE_HOME": folder, "HOME": folder, "TERM": "xterm", "LC_ALL": "C.UTF-8", **more}
    if not more.get("NO_COLOR"):
        out.pop("NO_COLOR", None)
    return out


class Terminal:
    """The program on a pseudo-terminal."""

    def __init__(self, test, *args, columns=100, rows=30, **more):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.execve(program.SLUICE, [program.SLUICE, "chat", "-m", program.model(), *GREEDY, *args], environment(test.folder, **more))
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.seen, self.from_, self.code = "", 0, None
        test.addCleanup(self.close)

    def close(self):
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    def type(self, text):
        self.from_ = len(self.seen)
        os.write(self.fd, text.encode())

    def wait(self, pattern, seconds=120):
        """Until what came since the last type matches."""
        until = time.monotonic() + seconds
        while not re.search(pattern, self.seen[self.from_:]):
            if time.monotonic() > until:
                raise AssertionError(f"{pattern!r} did not come; seen: {self.seen[self.from_:]!r}")
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    self.seen += os.read(self.fd, 65536).decode(errors="replace")
                except OSError:
                    if not re.search(pattern, self.seen[self.from_:]):
                        raise AssertionError(f"{pattern!r} did not come before the end; seen: {self.seen[self.from_:]!r}")
        return self.seen[self.from_:]

    def end(self, seconds=60):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                if select.select([self.fd], [], [], 0.1)[0]:
                    self.seen += os.read(self.fd, 65536).decode(errors="replace")
            except OSError:
                pass
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
                return self.code
        raise AssertionError(f"it does not end; seen: {self.seen[self.from_:]!r}")


class Chat(program.Case):
    def chat(self, *args, stdin="", code=0):
        done = subprocess.run([program.SLUICE, "chat", "-m", program.model(), *GREEDY, *args], input=stdin.encode(), capture_output=True,
                              timeout=program.TIMEOUT, env=environment(self.folder), cwd=self.folder)
        self.assertEqual(done.returncode, code, done.stderr.decode())
        return done.stdout.decode(), done.stderr.decode()

    def test_lines_are_turns(self):
        alone = self.good("run", "-m", program.model(), *GREEDY, "--quiet", STORY).decode()
        out, err = self.chat(stdin=STORY + "\n")
        self.assertEqual((out, err), (alone + "\n", ""))
        out, _ = self.chat(stdin=f"{STORY}\n/stats\n{STORY}\n/stats\n")
        self.assertTrue(out.startswith(alone + "\n"))
        self.assertEqual(out.count("tok/s"), 4)

    def test_many_lines(self):
        self.chat("-n", "4", "--session", "m", stdin='one \\\ntwo\n"""three\n\nfour"""\n')
        self.assertEqual([m["content"] for m in self.session("m") if m["role"] == "user"], ["one \ntwo", "three\n\nfour"])

    def session(self, name):
        with open(os.path.join(self.folder, "sluice", "sessions", name + ".json"), encoding="utf-8") as file:
            return json.load(file)["messages"]

    def test_every_command(self):
        names = re.findall(r"^(/\w+)", self.chat(stdin="/help\n")[0], re.M)
        self.assertEqual(names, "/help /clear /save /load /sessions /system /think /set /stats /tools /quit".split())
        for name in names:
            with self.subTest(name=name):
                out, err = self.chat(stdin=name + "\n")
                self.assertNotIn("no command", err)
                self.assertTrue(out or err or name == "/quit")
        self.assertIn("did you mean /stats?", self.chat(stdin="/stast\n")[1])
        self.assertIn("/help lists them", self.chat(stdin="/xyzzyxyz\n")[1])

    def test_save_and_load(self):
        self.chat("-n", "6", stdin="Hi\n/set temperature 0.25\n/system Be brief.\n/save one\nHi\n")
        self.assertEqual([m["role"] for m in self.session("one")], ["user", "assistant"] * 2)
        out, _ = self.chat(stdin="/sessions\n/load one\n/set temperature\n/system\n")
        self.assertRegex(out, r"(?s)one\n.*one: 4 messages\n.*0\.25.*\nBe brief\.")
        self.assertIn("no session", self.chat(stdin="/load none\n")[1])
        self.assertIn("name", self.chat(stdin="/load ../x\n")[1])
        self.chat("--session", "../x", code=2)

    def test_tools_are_asked_for(self):
        for answer, word in (("y", "exit status"), ("n", "did not allow")):
            with self.subTest(answer=answer):
                out, err = self.chat("-n", "160", "--tools", "bash", "--session", "t" + answer, stdin=f"What is the weather in Cairo?\n{answer}\n")  # then the input ends: no
                self.assertIn("wants to use bash", out, err)
                results = [m["content"] for m in self.session("t" + answer) if m["role"] == "tool"]
                self.assertIn(word, results[0])
                call = next(m for m in self.session("t" + answer) if "tool_calls" in m)["tool_calls"][0]["function"]
                self.assertEqual((call["name"], list(json.loads(call["arguments"]))), ("bash", ["command"]))
        self.assertNotIn("wants to use", self.chat("-n", "160", stdin="What is the weather in Cairo?\n")[0])  # off by default
        self.chat("--tools", "rm", code=2)

    def test_terminal(self):
        t = Terminal(self)
        t.wait("> $")
        t.type("Tell me a story about a fox.\r")
        t.wait(r"context \d+ of")
        t.wait(r"\n> $")
        t.type("\x10")  # Ctrl-P: the history
        t.wait("about a fox")
        t.type("\x03")  # gives the line up
        t.wait("Ctrl-C again")
        t.wait("> $")
        t.type("/help\r")
        t.wait(r"(?s)/quit.*> $")  # a Ctrl-D in front of the prompt is the line discipline's, not the editor's
        t.type("\x04")
        self.assertEqual(t.end(), 0)
        history = os.path.join(self.folder, "sluice", "history")
        self.assertEqual(os.stat(history).st_mode & 0o777, 0o600)

    def test_interrupt_stops_the_answer_only(self):
        t = Terminal(self, "--memory", "44M", "--ctx", "2048", "--threads", "1")
        t.wait("> $")
        t.type("Tell me a story about a fox.\r")
        t.wait(r"context \d+")
        t.type("\x03")
        t.wait(r"> $")
        t.type("/stats\r")
        t.wait("(?s)context +.*> $")
        t.type("\x03")
        t.wait("(?s)again.*> $")
        t.type("\x03")
        self.assertEqual(t.end(), 0)

    def test_narrow_and_without_colours(self):
        t = Terminal(self, columns=20, NO_COLOR="1")
        t.wait("> $")
        t.type("Tell me a story about a fox.\r")
        out = t.wait(r"\n> $")
        self.assertNotRegex(out, r"\033\[[0-9;]*m")
        t.type("\x04")
        self.assertEqual(t.end(), 0)

    def test_readme(self):
        """The commands of its section, as they stand there."""
        for line in readme.commands("Chat"):
            self.assertIn("build/release/sluice chat", line)
            line = line.replace("build/release/sluice", program.SLUICE).replace("MODEL", program.model())
            with self.subTest(line=line):
                done = subprocess.run(line, shell=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=program.TIMEOUT, cwd=self.folder,
                                      env=environment(self.folder))
                self.assertEqual(done.returncode, 0, done.stderr.decode())


if __name__ == "__main__":
    program.SLUICE, program.MODELS = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
