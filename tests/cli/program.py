"""Runs the program under test and looks at what it did."""

import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest

SLUICE = ""
MODELS = ""
TIMEOUT = 300  # sanitizer builds on a busy machine

STATS = """prompt_tokens prompt_s decode_tokens decode_s decode_tok_s prefill_tok_s expert_bytes_per_token ssd_bytes_per_token
ssd_gb_s hit_rate stall_share limit_tok_s share_of_limit peak_rss_bytes k threads isa io hits misses bytes_read
prompt_bytes_read prompt_bytes_touched speculative_reads speculative_used prompt_phases decode_phases trunk_bytes_per_token
state_bytes_per_token policy routes speculate decode_passes drafted draft_accepted kv activations""".split()

PHASES = "attention delta_net router shared experts io_wait lookahead head drafts other".split()


def model():
    return os.path.join(MODELS, "demo.gguf")


def environment(config="/nonexistent", cache="/dev/null/nowhere"):
    """Ours, with other folders: the profile and the uses of this machine must not show in tests, nor tests in them."""
    return {**os.environ, "XDG_CONFIG_HOME": config, "XDG_CACHE_HOME": cache}


def start(*args, ignore_sigpipe=False, **options):
    """The running program. Signals are as in a shell, whatever the test's own parent set."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}

    def signals():
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN if ignore_sigpipe else signal.SIG_DFL)

    return subprocess.Popen([SLUICE, *args], preexec_fn=signals, env=environment(), **{**pipes, **options})


def wait_until_idle(running):
    """Until the process catches SIGINT and has used no processor time for a second."""
    def look():
        with open(f"/proc/{running.pid}/status") as status:
            catches = int(re.search(r"SigCgt:\s*(\w+)", status.read()).group(1), 16) & 2
        with open(f"/proc/{running.pid}/stat") as stat:
            return catches, stat.read().rsplit(")", 1)[1].split()[11:13]

    before = look()
    while True:
        time.sleep(1)
        now = look()
        if now == before and now[0]:
            return
        before = now


class Case(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.folder = self._folder.name
        self.addCleanup(self._folder.cleanup)

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as out:
            out.write(content if isinstance(content, bytes) else content.encode())
        return path

    config, cache = "/nonexistent", "/dev/null/nowhere"

    def sluice(self, *args, stdin=b""):
        return subprocess.run([SLUICE, *args], input=stdin, capture_output=True, timeout=TIMEOUT, env=environment(self.config, self.cache))

    def good(self, *args, stdin=b""):
        """Standard output of a run that must succeed."""
        done = self.sluice(*args, stdin=stdin)
        self.assertEqual(done.returncode, 0, done.stderr.decode(errors="replace"))
        return done.stdout

    def json(self, *args, stdin=b""):
        out = self.good(*args, stdin=stdin)
        self.assertEqual(out.count(b"\n"), 1, "one object on one line")
        return json.loads(out, parse_constant=lambda name: self.fail(f"{name} is not JSON"))

    def bad(self, code, *args, says="", stdin=b""):
        """A run that must end with `code`, one line on stderr that contains `says`, and nothing on stdout."""
        done = self.sluice(*args, stdin=stdin)
        message = done.stderr.decode(errors="replace")
        self.assertEqual(done.returncode, code, message)
        self.assertEqual(done.stdout, b"")
        self.assertTrue(message.startswith("sluice: error: "), message)
        self.assertEqual(message.count("\n"), 1, message)
        self.assertIn(says, message)
        return message
