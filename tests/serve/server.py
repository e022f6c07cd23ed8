"""Starts the program under test as a server and talks to it."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import unittest

SLUICE = ""
MODELS = ""
TIMEOUT = 120  # sanitizer builds on a busy machine


def environment(**more):
    """Ours, with other folders: what this machine remembers must not show in tests."""
    clean = {k: v for k, v in os.environ.items() if k != "SLUICE_API_KEY"}
    return {**clean, "XDG_CONFIG_HOME": "/nonexistent", "XDG_CACHE_HOME": "/dev/null/nowhere", **more}


class Server:
    """The running program; its port is read from what it says."""

    def __init__(self, *args, port=0, **env):
        command = [SLUICE, "serve", "-m", os.path.join(MODELS, "demo.gguf"), "--port", str(port), *args]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=environment(**env), text=True)
        self.said = ""
        while True:
            line = self.process.stderr.readline()
            self.said += line
            found = re.search(r"serving \S+ at http://\S+:(\d+);", line)
            if found:
                break
            if not line:
                raise RuntimeError(f"the server did not start: {self.said}")
        self.port = int(found.group(1))
        # It must never wait for somebody to read what it says.
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self.process.stderr:
            self.said += line

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(TIMEOUT)

    def raw(self, data=b"", timeout=TIMEOUT):
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=timeout)
        sock.sendall(data)
        return sock

    def ask(self, method, path, body=None, headers=None, timeout=TIMEOUT):
        """(status, headers, body) of one request; a body that is no bytes is sent as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        headers = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def post(self, path, body, **options):
        status, _, answer = self.ask("POST", path, body, **options)
        return status, json.loads(answer)

    def events(self, path, body, headers=None):
        """[(event name or None, data)] of a stream."""
        status, got, answer = self.ask("POST", path, {**body, "stream": True}, headers)
        if status != 200 or got["Content-Type"] != "text/event-stream":
            raise AssertionError(f"{status} {answer}")
        out = []
        for block in answer.decode().split("\n\n"):
            name = data = None
            for line in block.split("\n"):
                if line.startswith("event: "):
                    name = line[7:]
                if line.startswith("data: "):
                    data = line[6:]
            if data is not None:
                out.append((name, data if data == "[DONE]" else json.loads(data)))
        return out

    def metrics(self):
        text = self.ask("GET", "/metrics")[2].decode()
        return {m.group(1): float(m.group(2)) for m in re.finditer(r"^sluice_(\w+) (\S+)$", text, re.M)}

    def wait_for(self, what, seconds=TIMEOUT):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if what(self.metrics()):
                return True
            time.sleep(0.02)
        return False


class Case(unittest.TestCase):
    """One server for the tests of a class."""

    maxDiff = 3000
    args, env = (), {}

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.args, **cls.env)

    @classmethod
    def tearDownClass(cls):
        code = cls.server.stop()
        if code != 0:
            raise AssertionError(f"the server ended with {code}: {cls.server.said[-4000:]}")
        cls.server.process.stderr.close()

    def good(self, path, body):
        status, answer = self.server.post(path, body)
        self.assertEqual(status, 200, answer)
        return answer

    def refused(self, status, path, body, says="", **options):
        got, answer = self.server.post(path, body, **options)
        self.assertEqual(got, status, answer)
        self.assertIn(says, answer["error"]["message"])
        return answer["error"]


def run(*args, stdin=b""):
    """Standard output of the program, which must succeed."""
    done = subprocess.run([SLUICE, *args], input=stdin, capture_output=True, timeout=TIMEOUT, env=environment())
    if done.returncode != 0:
        raise AssertionError(done.stderr.decode(errors="replace"))
    return done.stdout.decode()
