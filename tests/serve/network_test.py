"""Clients that vanish, flood, send garbage or have no key; the server's limits, and its end."""

import json
import signal
import socket
import time

import server
from routes_test import user

PATH = "/v1/chat/completions"
# Some thousand tokens, whatever the model would say.
ENDLESS = user("Hello", max_tokens=8000, enable_thinking=False, stream=True, response_format={
    "type": "json_schema", "json_schema": {"name": "long", "schema": {"type": "array", "items": {"enum": [7]}, "minItems": 3500}}})


def request(body, path=PATH, headers=b""):
    data = json.dumps(body).encode()
    return b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s" % (path.encode(), headers, len(data), data)


class Vanishing(server.Case):
    args = ("--queue", "2", "--parallel", "1")

    def end_of(self, how):
        """Starts an endless answer, ends its client, and expects the engine to be free at once."""
        sock = self.server.raw(request({**ENDLESS, "stream": how != "whole"}))
        self.assertTrue(self.server.wait_for(lambda m: m["requests_running"] == 1, 20))
        before = self.server.metrics()
        self.assertTrue(self.server.wait_for(lambda m: m["generated_tokens_total"] > before["generated_tokens_total"], 20))
        if how == "half":
            sock.shutdown(socket.SHUT_WR)
        elif how == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sock.close()
        else:
            sock.close()
        self.assertTrue(self.server.wait_for(lambda m: m["requests_running"] == 0, 10), how)
        sock.close()
        after = self.server.metrics()
        self.assertEqual(after["requests_cancelled_total"], before["requests_cancelled_total"] + 1)
        self.assertLess(after["generated_tokens_total"], 7000)

    def test_a_client_that_goes_ends_its_answer(self):
        for how in ("close", "reset", "half", "whole"):
            self.end_of(how)

    def test_a_full_queue_says_when_to_come_again(self):
        running = self.server.raw(request(ENDLESS))
        self.assertTrue(self.server.wait_for(lambda m: m["requests_running"] == 1, 20))
        waiting = [self.server.raw(request(ENDLESS)) for _ in range(2)]
        self.assertTrue(self.server.wait_for(lambda m: m["requests_queued"] == 2, 20))
        status, headers, body = self.server.ask("POST", PATH, user("Hello"))
        self.assertEqual(status, 429, body)
        self.assertGreaterEqual(int(headers["Retry-After"]), 1)
        self.assertEqual(json.loads(body)["error"]["code"], "queue_full")
        self.assertEqual(self.server.post("/v1/messages", {"max_tokens": 1, "messages": [{"role": "user", "content": "x"}]})[1]["error"]["type"], "rate_limit_error")
        # What is only asked about never waits for the engine.
        for path in ("/health", "/v1/models", "/metrics"):
            self.assertEqual(self.server.ask("GET", path)[0], 200)
        self.assertEqual(self.server.metrics()["requests_running"], 1, "the engine was held meanwhile")
        # Somebody who waited and went makes room.
        waiting.pop().close()
        time.sleep(0.3)
        waiting.append(self.server.raw(request(ENDLESS)))
        for sock in [running, *waiting]:
            sock.close()
        self.assertTrue(self.server.wait_for(lambda m: m["requests_running"] + m["requests_queued"] == 0, 20))

    def test_a_client_that_does_not_read_holds_nobody(self):
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        slow.connect(("127.0.0.1", self.server.port))
        slow.sendall(request({**ENDLESS, "max_tokens": 300, "logprobs": True, "top_logprobs": 20}))
        self.assertTrue(self.server.wait_for(lambda m: m["requests_running"] == 1, 20))
        self.assertEqual(self.server.ask("POST", PATH, user("Hello", max_tokens=3))[0], 200)
        slow.close()


class Hostile(server.Case):
    args = ("--max-body", "100K")

    def test_garbage_is_refused(self):
        for body in (b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"messages": ' + b"[" * 9000, b'"' * 5000, b'{"messages": [{"role": "user", "content": "\xff"}]}'):
            for path in (PATH, "/v1/completions", "/v1/responses", "/v1/messages"):
                status, _, answer = self.server.ask("POST", path, body)
                self.assertEqual(status, 400, (path, body[:30]))
                self.assertTrue(json.loads(answer)["error"]["message"])
        for raw in (b"\0" * 100, b"GET\r\n\r\n", b"BREW / HTTP/1.1\r\n\r\n", b"POST " + b"a" * 9000, b"GET / HTTP/9\r\n\r\n"):
            sock = self.server.raw(raw)
            sock.shutdown(socket.SHUT_WR)
            sock.settimeout(20)
            self.assertNotIn(b"200 OK", sock.recv(200))
            sock.close()
        self.assertEqual(self.server.ask("GET", "/health")[0], 200)

    def test_sizes_are_bounded(self):
        self.assertEqual(self.server.ask("POST", PATH, b" " * 200_000)[0], 413)
        sock = self.server.raw(b"GET /health HTTP/1.1\r\nHost: localhost\r\n")
        try:
            for _ in range(2000):
                sock.sendall(b"X-Header: " + b"x" * 1000 + b"\r\n")
            self.assertNotIn(b"200 OK", sock.recv(100))
        except OSError:
            pass  # it has hung up
        sock.close()
        sock = self.server.raw(b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" % PATH.encode())
        try:
            for _ in range(3000):
                sock.sendall(b"400\r\n" + b" " * 1024 + b"\r\n")
            self.assertNotIn(b"200 OK", sock.recv(100))
        except OSError:
            pass
        sock.close()
        self.assertEqual(self.server.ask("POST", PATH, b"{}", {"Content-Encoding": "gzip"})[0], 415)
        self.assertEqual(self.server.ask("POST", PATH, b"a=b", {"Content-Type": "application/x-www-form-urlencoded"})[0], 415)

    def test_only_this_machine_is_answered(self):
        for host, status in (("localhost", 200), ("127.0.0.1:99", 200), ("[::1]:80", 200), ("evil.example", 403), ("localhost.evil.example", 403), ("127.0.0.1.evil.example", 403)):
            self.assertEqual(self.server.ask("GET", "/health", headers={"Host": host})[0], status, host)
        self.assertNotIn("Access-Control-Allow-Origin", self.server.ask("GET", "/health", headers={"Origin": "http://evil.example"})[1])

    def test_no_path_reaches_a_file(self):
        for path in ("/../../etc/passwd", "/v1/models/../../etc/passwd", "//etc/passwd", "/%2e%2e/etc/passwd", "/etc/passwd", "/v1"):
            status, _, body = self.server.ask("GET", path)
            self.assertIn(status, (400, 404), path)
            self.assertNotIn(b"root:", body)


class WithKey(server.Case):
    args = ("--cors", "http://page.example", "--alias", "gpt-4")
    env = {"SLUICE_API_KEY": "secret-1"}

    def test_the_key(self):
        for headers, status in (({}, 401), ({"Authorization": "Bearer secret-2"}, 401), ({"Authorization": "Bearer secret-11"}, 401), ({"Authorization": "Bearer "}, 401),
                                ({"x-api-key": "secret"}, 401), ({"Authorization": "Bearer secret-1"}, 200), ({"x-api-key": "secret-1"}, 200)):
            self.assertEqual(self.server.ask("GET", "/v1/models", headers=headers)[0], status, headers)
        self.assertEqual(self.server.ask("GET", "/health")[0], 200)
        status, answer = self.server.post("/v1/messages", {})
        self.assertEqual((status, answer["error"]["type"]), (401, "authentication_error"))
        status, _ = self.server.post(PATH, user("Hello", model="gpt-4", max_tokens=1), headers={"x-api-key": "secret-1"})
        self.assertEqual(status, 200)

    def test_a_page_that_may(self):
        headers = {"Origin": "http://page.example", "Access-Control-Request-Method": "POST"}
        status, got, _ = self.server.ask("OPTIONS", PATH, headers=headers)
        self.assertEqual((status, got["Access-Control-Allow-Origin"]), (204, "http://page.example"))
        self.assertIn("Authorization", got["Access-Control-Allow-Headers"])
        self.assertNotIn("Access-Control-Allow-Origin", self.server.ask("OPTIONS", PATH, headers={"Origin": "http://other.example"})[1])


class Ending(server.unittest.TestCase):
    def test_signals_end_it_cleanly_in_the_middle_of_an_answer(self):
        for how in (signal.SIGINT, signal.SIGTERM):
            one = server.Server()
            sock = one.raw(request(ENDLESS))
            idle = one.raw()
            self.assertTrue(one.wait_for(lambda m: m["requests_running"] == 1, 20))
            self.assertEqual(one.stop(how), 0, one.said)
            sock.close(), idle.close()
            one.process.stderr.close()

    def test_a_port_that_is_taken(self):
        one = server.Server()
        with self.assertRaisesRegex(RuntimeError, "cannot listen"):
            server.Server(port=one.port)
        one.stop()
        one.process.stderr.close()
