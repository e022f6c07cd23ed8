#!/usr/bin/env python3
"""load.py SLUICE MODELS [SECONDS (10)] [CLIENTS (64)]: clients that ask, vanish, flood, half-close, read slowly and send garbage, at once.

Afterwards the server must answer as before, with nothing left running or waiting, no more files or threads open than at rest, no
more memory than a bound, and end with exit code 0 (which in a sanitizer build says that nothing leaked). The variable
SLUICE_LOAD_SECONDS is stronger than SECONDS: 600 is the long form.
"""

import collections
import json
import os
import random
import socket
import sys
import threading
import time

import server

MOST_GROWTH_MB = 400  # of resident memory over that at rest: 64 bodies being received, parsed and answered
MOST_GROWTH_MB_SANITIZED = 1500  # freed memory is held back there

PATHS = ["/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages"]
QUESTION = {"messages": [{"role": "user", "content": "What is the capital of France?"}], "temperature": 0, "enable_thinking": False, "max_tokens": 12}


def http(body, path=PATHS[0], length=None):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (path.encode(), len(data) if length is None else length, data)


class Clients:
    def __init__(self, one):
        self.server, self.counts, self.wrong = one, collections.Counter(), []

    def open(self):
        return self.server.raw(timeout=30)

    def asks(self, rng):
        status, _, body = self.server.ask("POST", PATHS[0], QUESTION, timeout=60)
        self.counts[f"asked {status}"] += 1
        if status == 200:
            content = json.loads(body)["choices"][0]["message"]["content"]
            if content != "The capital of France is Paris.":
                self.wrong.append(content)
        elif status not in (429, 503):
            self.wrong.append((status, body[:200]))

    def streams_and_vanishes(self, rng):
        with self.open() as sock:
            sock.sendall(http({**QUESTION, "max_tokens": 4000, "temperature": 3, "stream": True}))
            if rng.random() < 0.7:
                sock.recv(rng.choice([1, 500]))
            time.sleep(rng.random() * 0.2)

    def half_closes(self, rng):
        with self.open() as sock:
            sock.sendall(http(QUESTION))
            sock.shutdown(socket.SHUT_WR)
            sock.recv(4096)

    def sends_garbage(self, rng):
        with self.open() as sock:
            sock.sendall(rng.choice([rng.randbytes(rng.randrange(1, 3000)), http(rng.randbytes(200), rng.choice(PATHS)), http(b"[" * 20000), b"GET /" + b"%" * 5000 + b" HTTP/1.1\r\n\r\n",
                                     http(b'{"messages": [{"role": "user", "content": "' + b"a" * 50000 + b'"}]}', rng.choice(PATHS)), b"\r\n" * 500]))
            sock.settimeout(0.5)
            sock.recv(4096)

    def promises_more_than_it_sends(self, rng):
        with self.open() as sock:
            sock.sendall(http(b'{"messages": ', length=rng.choice([50, 10**6, 10**18])))
            time.sleep(rng.random() * 0.3)

    def is_slow(self, rng):
        with self.open() as sock:
            for byte in http(QUESTION)[:rng.randrange(1, 60)]:
                sock.sendall(bytes([byte]))
                time.sleep(0.01)

    def floods(self, rng):
        with self.open() as sock:
            for _ in range(200):
                sock.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" * 10)

    def reads_slowly(self, rng):
        with self.open() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            sock.sendall(http({**QUESTION, "max_tokens": 60, "temperature": 3, "stream": True, "logprobs": True, "top_logprobs": 20}))
            for _ in range(rng.randrange(1, 40)):
                sock.recv(100)
                time.sleep(0.05)

    def sends_much(self, rng):
        words = b"word " * rng.randrange(1000, 400000)  # up to 2 MB; some fit the context, most do not
        with self.open() as sock:
            sock.sendall(http(b'{"prompt": "' + words + b'", "max_tokens": 1}', PATHS[1]))
            status = sock.recv(4096)[9:12].decode()
            self.counts[f"sent much {status}"] += 1
            if status not in ("200", "400", "429", "503"):
                self.wrong.append(("much", status))

    def looks(self, rng):
        began = time.monotonic()
        status = self.server.ask("GET", rng.choice(["/health", "/metrics", "/v1/models"]), timeout=60)[0]
        self.counts[f"looked {status}"] += 1
        self.counts["slowest look, ms"] = max(self.counts["slowest look, ms"], int(1000 * (time.monotonic() - began)))

    def run(self, seed, clock, until):
        rng = random.Random(seed)
        kinds = [self.asks, self.streams_and_vanishes, self.half_closes, self.sends_garbage, self.promises_more_than_it_sends, self.is_slow, self.floods,
                 self.reads_slowly, self.sends_much, self.looks]
        while clock.awake < until and self.server.process.poll() is None:
            kind = rng.choice(kinds)
            try:
                kind(rng)
                self.counts[kind.__name__] += 1
            except (OSError, EOFError, server.http.client.HTTPException) as error:
                self.counts[f"{kind.__name__}: {type(error).__name__}"] += 1


def resources(one):
    pid = one.process.pid
    with open(f"/proc/{pid}/status") as status:
        fields = dict(line.split(":", 1) for line in status)
    return {"files": len(os.listdir(f"/proc/{pid}/fd")), "threads": int(fields["Threads"]), "MB": int(fields["VmRSS"].split()[0]) // 1024}


class Samples(threading.Thread):
    """Resident memory over time. Time that this machine spent stopped does not count."""

    def __init__(self, one, every):
        super().__init__(daemon=True)
        self.one, self.every, self.ended, self.curve, self.awake = one, every, threading.Event(), [], 0.0

    def run(self):
        last, due = time.monotonic(), 0.0
        while not self.ended.wait(0.1) and self.one.process.poll() is None:
            now = time.monotonic()
            self.awake += min(now - last, 1.0)
            last = now
            if self.awake >= due:
                due = self.awake + self.every
                r = resources(self.one)
                self.curve.append((round(self.awake), r["MB"], r["threads"], r["files"]))


def settles(one, seconds):
    """The metrics once nothing runs or waits; None: it does not come to that."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            metrics = one.metrics()
            if metrics["requests_running"] + metrics["requests_queued"] == 0:
                return metrics
        except OSError:  # a machine that was stopped meanwhile
            pass
        time.sleep(0.05)
    return None


def main():
    server.SLUICE, server.MODELS = sys.argv[1:3]
    seconds = float(os.environ.get("SLUICE_LOAD_SECONDS") or (sys.argv[3] if len(sys.argv) > 3 else 10))
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 64
    # States of conversations are planned memory and no growth: few of them here.
    one = server.Server("--queue", "16", "--snapshot-memory", "64M")
    one.ask("POST", PATHS[0], QUESTION)
    before = resources(one)
    samples = Samples(one, max(0.5, seconds / 40))
    samples.start()
    clients = Clients(one)
    threads = [threading.Thread(target=clients.run, args=(seed, samples, seconds)) for seed in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    samples.ended.set()
    samples.join()
    if one.process.poll() is not None:
        print(f"FAILED: it ended by itself with {one.process.poll()}: {one.said[-6000:]}")
        return 1
    idle = settles(one, 300)
    status, answer = one.post(PATHS[0], QUESTION)
    time.sleep(16 if seconds > 60 else 0)  # connections that are kept alive end on their own
    after = resources(one)
    with open(f"/proc/{one.process.pid}/maps") as maps:
        sanitized = "libasan" in maps.read()
    code = one.stop()
    print(f"{count} clients, {seconds:g} s: {dict(sorted(clients.counts.items()))}\nbefore {before}, after {after}, exit {code}")
    print("seconds, MB resident, threads, files: " + " ".join(f"{t}:{mb}:{threads}:{files}" for t, mb, threads, files in samples.curve))
    print("server:", {k: v for k, v in (idle or {}).items() if k.startswith("requests") or k.endswith("tokens_total")})
    peak = max([after["MB"]] + [mb for _, mb, _, _ in samples.curve])
    problems = [f"wrong answers: {clients.wrong[:3]}"] if clients.wrong else []
    if clients.counts["asked 200"] == 0:
        problems.append("nobody got an answer")
    if not idle:
        problems.append("requests are still running")
    if status != 200 or answer["choices"][0]["message"]["content"] != "The capital of France is Paris.":
        problems.append(f"it does not answer as before: {status} {answer}")
    if peak > before["MB"] + (MOST_GROWTH_MB_SANITIZED if sanitized else MOST_GROWTH_MB):
        problems.append(f"memory grew from {before['MB']} to {peak} MB")
    if after["files"] > before["files"] + (4 if seconds > 60 else 140):
        problems.append("files were left open")
    if code != 0:
        problems.append(f"it ended with {code}: {one.said[-3000:]}")
    for problem in problems:
        print("FAILED:", problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
