"""Conversations whose beginnings are not read again: many at once, after a restart, after a kill, and sent back in other words."""

import glob
import json
import os
import signal
import tempfile
import time
import unittest

import server
from routes_test import WEATHER

PATH = "/v1/chat/completions"
NAMES = ("Anna", "Boris", "Carla", "Deniz", "Emil", "Fatima", "Goran", "Hana")
# Long enough for its state to be worth keeping.
MORE = "Tell me more about {0}, and about the house of {0}, and what {0} said to the old woman and to the fox at the river that day."


def opening(name):
    return [{"role": "system", "content": f"You tell stories about {name}. " * 12}, {"role": "user", "content": MORE.format(name)}]


def body(messages, **more):
    return {"messages": messages, "temperature": 0, "reasoning_effort": "none", "max_tokens": 24, **more}


class Talk:
    """One conversation with a server; every answer goes back with the next question."""

    def __init__(self, name):
        self.name, self.messages, self.said, self.usages = name, opening(name), [], []

    def turn(self, at):
        if self.said:
            self.messages.append({"role": "user", "content": MORE.format(self.name)})
        status, answer = at.post(PATH, body(self.messages))
        if status != 200:
            raise AssertionError(answer)
        message = answer["choices"][0]["message"]
        self.messages.append(message)
        self.said.append(message["content"])
        self.usages.append(answer["usage"])
        return answer["usage"]["prompt_tokens_details"]["cached_tokens"]


class Snapshots(unittest.TestCase):
    maxDiff = 3000

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.running = []
        self.addCleanup(lambda: [s.stop(signal.SIGKILL) for s in self.running if s.process.poll() is None])
        self.addCleanup(lambda: [s.process.stderr.close() for s in self.running])

    def start(self, *args, snapshots=True):
        where = ("--snapshots", self.folder.name) if snapshots else ()
        self.running.append(server.Server("--ctx", "4096", *where, *args))
        return self.running[-1]

    def end(self, which):
        self.assertEqual(which.stop(), 0, which.said[-2000:])

    def files(self, ending=".snapshot"):
        return glob.glob(os.path.join(self.folder.name, "*" + ending))

    def without(self, turns):
        """What the conversations say on a server that keeps nothing, turn by turn in alternation."""
        plain = self.start("--snapshot-memory", "off", snapshots=False)
        talks = [Talk(name) for name in NAMES]
        for _ in range(turns):
            for talk in talks:
                self.assertEqual(talk.turn(plain), 0)
        self.end(plain)
        return {talk.name: talk.said for talk in talks}

    def test_eight_conversations_in_turn_keep_their_beginnings_over_a_restart(self):
        talks = [Talk(name) for name in NAMES]
        first = self.start()
        for turn in range(3):
            for talk in talks:
                cached = talk.turn(first)
                # All of the turn before but for the template's words around the answer to come.
                least = talk.usages[-2]["prompt_tokens"] - 10 if turn else 0
                self.assertGreaterEqual(cached, least, (talk.name, turn))
        m = first.metrics()
        self.assertEqual(m["reused_tokens_total"], sum(u["prompt_tokens_details"]["cached_tokens"] for t in talks for u in t.usages))
        self.assertGreaterEqual(m["snapshots_restored_total"], 16)
        self.end(first)

        again = self.start()
        for talk in talks:
            self.assertGreaterEqual(talk.turn(again), talk.usages[-2]["prompt_tokens"] - 10, talk.name)
        m = again.metrics()
        self.assertGreaterEqual(m["snapshot_files_read_total"], 8)
        self.assertEqual(m["snapshot_files_refused_total"], 0)
        self.end(again)
        self.assertEqual({talk.name: talk.said for talk in talks}, self.without(4))

    def test_a_kill_in_the_middle_of_writing_loses_nothing_else(self):
        want = self.without(1)
        killed = 0
        for name in NAMES[:5]:
            dying = self.start()
            # Its answer comes before its state is on disk.
            self.assertEqual(Talk(name).turn(dying), 0)
            until = time.monotonic() + 5
            while not self.files(".partial") and time.monotonic() < until:
                pass
            dying.stop(signal.SIGKILL)
            killed += len(self.files(".partial"))
        self.assertGreater(killed, 0, "never caught in writing")
        again = self.start()
        self.assertEqual(self.files(".partial"), [])
        for name in NAMES:
            talk = Talk(name)
            talk.turn(again)
            self.assertEqual(talk.said, want[name])
        self.assertEqual(again.metrics()["snapshot_files_refused_total"], 0)
        self.end(again)

    def test_damaged_files_are_as_good_as_absent(self):
        first = self.start()
        talk = Talk("Anna")
        talk.turn(first)
        self.end(first)
        want = self.without(1)["Anna"]
        self.assertTrue(self.files())
        for path in self.files():
            with open(path, "r+b") as file:
                file.seek(-5000, os.SEEK_END)
                file.write(b"wrong")
        again = self.start()
        fresh = Talk("Anna")
        self.assertEqual(fresh.turn(again), 0)
        self.assertEqual(fresh.said, want)
        self.assertGreater(again.metrics()["snapshot_files_refused_total"], 0)
        self.end(again)

    def test_the_folder_and_what_is_written_to_it_are_bounded(self):
        bound = 8 << 20
        bounded = self.start("--snapshots-size", str(bound))
        for name in NAMES:
            Talk(name).turn(bounded)
        self.assertTrue(bounded.wait_for(lambda m: m["snapshot_writes_put_off_total"] > 0, 10))
        m = bounded.metrics()
        self.end(bounded)
        on_disk = sum(os.path.getsize(path) for path in glob.glob(os.path.join(self.folder.name, "*")))
        self.assertGreater(on_disk, 0)
        self.assertLessEqual(on_disk, bound)
        self.assertLessEqual(m["snapshot_file_bytes"], bound)
        self.assertGreater(m["snapshot_bytes_written_total"], 0)
        self.assertLessEqual(m["snapshot_bytes_written_total"], bound / 2)


class SentBackInOtherWords(server.Case):
    """A client writes a call as its own software does; what was sampled is still what goes on."""

    args = ("--ctx", "4096")

    def asked(self):
        return [{"role": "user", "content": "What is the weather in Cairo in celsius?"}]

    def call(self):
        answer = self.good(PATH, body(self.asked(), tools=[WEATHER], max_tokens=200))
        return answer, answer["choices"][0]["message"]["tool_calls"][0]

    def after(self, call, arguments, **message):
        function = {"name": call["function"]["name"], "arguments": arguments}
        sent = {"role": "assistant", "content": None, "tool_calls": [{"id": "call_of_mine", "type": "function", "function": function}], **message}
        messages = self.asked() + [sent, {"role": "tool", "tool_call_id": "call_of_mine", "content": "Sunny, 31 degrees."}]
        return self.good(PATH, body(messages, tools=[WEATHER]))

    def test_another_spelling_reuses_the_sampled_call(self):
        first, call = self.call()
        arguments = json.loads(call["function"]["arguments"])
        self.assertEqual(set(arguments), {"city", "unit"})
        other = json.dumps(dict(reversed(arguments.items())), indent=3, separators=(" ,", " : "))
        self.assertNotEqual(list(json.loads(other)), list(arguments))
        # All of the first turn's tokens, the answer's too, but for the one that ended it.
        known = first["usage"]["prompt_tokens"] + first["usage"]["completion_tokens"] - 1
        same, reworded = self.after(call, call["function"]["arguments"]), self.after(call, other, content=" \n")
        self.assertGreaterEqual(reworded["usage"]["prompt_tokens_details"]["cached_tokens"], known)
        self.assertEqual(reworded["usage"]["prompt_tokens"], same["usage"]["prompt_tokens"])
        self.assertEqual(reworded["choices"][0]["message"]["content"], same["choices"][0]["message"]["content"])

    def test_another_meaning_does_not(self):
        first, call = self.call()
        answer = self.after(call, json.dumps({"city": "Oslo", "unit": "celsius"}))
        self.assertLess(answer["usage"]["prompt_tokens_details"]["cached_tokens"], first["usage"]["prompt_tokens"] + 8)
