"""The files of the page and the routes that it lives on: types, policy, tags; no other file is reached."""

import json
import os

import server
from network_test import ENDLESS, request
from routes_test import user

WEB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "web")
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
MOST_BYTES = 96_000  # of all files together, uncompressed


def files():
    """(path, name) of every file of the page."""
    return [("/" if name == "index.html" else "/page/" + name, name) for name in sorted(os.listdir(WEB))]


def source(name):
    with open(os.path.join(WEB, name), "rb") as file:
        return file.read()


class Page(server.Case):
    env = {"SLUICE_API_KEY": "secret-1"}  # the page itself needs none

    def test_every_file_is_served_as_it_is(self):
        self.assertGreater(len(files()), 10)
        for path, name in files():
            status, headers, body = self.server.ask("GET", path)
            self.assertEqual((status, body), (200, source(name)), path)
            self.assertEqual(headers["Content-Type"], TYPES[os.path.splitext(name)[1]])
            self.assertEqual(headers.get_all("Cache-Control"), ["no-cache"])
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            policy = headers["Content-Security-Policy"].split("; ")
            self.assertIn("default-src 'none'", policy)
            for rule in policy:
                for word in rule.split()[1:]:
                    self.assertIn(word, ("'self'", "'none'", "'script'"), rule)
            status, again, body = self.server.ask("GET", path, headers={"If-None-Match": headers["ETag"]})
            self.assertEqual((status, body, again["ETag"]), (304, b"", headers["ETag"]))
            self.assertEqual(self.server.ask("GET", path, headers={"If-None-Match": '"other"'})[0], 200)
            self.assertEqual(self.server.ask("HEAD", path)[2], b"")
            self.assertEqual(self.server.ask("POST", path, {})[0], 405)

    def test_it_is_small_and_names_no_outside_address(self):
        self.assertLess(sum(len(source(name)) for _, name in files()), MOST_BYTES)
        for _, name in files():
            text = source(name).decode()
            self.assertLessEqual(len(text.splitlines()), 250, name)
            for address in ("https://", "http://", "//cdn", "@import"):
                self.assertNotIn(address, text.replace("http://www.w3.org/", "w3 "), name)
            for unsafe in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
                self.assertNotIn(unsafe, text, name)

    def test_no_other_file_is_reached(self):
        for path in ("/page", "/page/", "/page/index.html", "/page/mainxjs", "/page/../main.js", "/page/..%2fmain.js", "/page/%2e%2e/%2e%2e/etc/passwd",
                     "/page//main.js", "/page/main.js/", "/page/main.js%00", "/page/MAIN.JS", "//page/main.js", "/web/main.js", "/index.html", "/main.js", "/favicon.ico"):
            status, headers, body = self.server.ask("GET", path)
            self.assertIn(status, (400, 404), path)
            self.assertEqual(headers["Content-Type"], "application/json")
            self.assertNotIn(b"import", body)

    def test_the_live_routes_need_the_key(self):
        for path in ("/live", "/live/experts"):
            self.assertEqual(self.server.ask("GET", path)[0], 401)
            self.assertEqual(self.server.ask("GET", path, headers={"x-api-key": "secret-1"})[0], 200)


class Live(server.Case):
    args = ("--memory", "60M")  # some experts fit, and not all of them

    def get(self, path):
        status, headers, body = self.server.ask("GET", path)
        self.assertEqual((status, headers["Content-Type"], headers["Cache-Control"]), (200, "application/json", "no-store"))
        return json.loads(body)

    def test_the_machine_and_its_experts(self):
        live, before = self.get("/live"), self.get("/live/experts")
        self.assertEqual((live["model"]["name"], live["running"], live["queued"], live["tok_s"]), ("demo", 0, 0, 0))
        memory = live["memory"]
        self.assertLessEqual(sum(memory[part] for part in ("process", "trunk", "state", "workspace", "snapshots", "slots")), memory["budget"])
        self.assertLessEqual(memory["slots"], memory["slot_count"] * memory["slot_bytes"])
        self.assertNotIn("1", "".join(before["resident"]))
        self.assertEqual(set("".join(before["use"])), {"0"})

        self.good("/v1/chat/completions", user("Tell me a story about a fox.", reasoning_effort="none"))
        live, after = self.get("/live"), self.get("/live/experts")
        self.assertEqual((live["running"], live["finished"], live["prompt_share"]), (0, 1, None))
        self.assertGreater(live["tok_s"], 0)
        self.assertGreater(after["version"], before["version"])
        self.assertEqual((after["layers"], after["experts"], after["slots"]), (8, 32, memory["slot_count"]))
        for grid in (after["resident"], after["use"]):
            self.assertEqual([len(row) for row in grid], [32] * 8)
        here = "".join(after["resident"])
        self.assertEqual(here.count("1"), after["in_memory"])
        self.assertLessEqual(after["in_memory"], after["slots"])
        self.assertGreater(after["in_memory"], after["slots"] // 2)
        # What is used most is what the cache keeps; most of what it does not keep is used little.
        use = "".join(after["use"])
        self.assertIn("z", use)
        levels = {kept: [int(u, 36) for u, r in zip(use, here) if r == kept] for kept in "01"}
        self.assertGreater(sum(levels["1"]) / len(levels["1"]), sum(levels["0"]) / len(levels["0"]))



class Working(Live):
    test_the_machine_and_its_experts = None  # it wants a server that nobody asked before

    def test_the_live_routes_never_wait_for_the_engine(self):
        running = self.server.raw(request(ENDLESS))
        self.assertTrue(self.server.wait_for(lambda m: m["generated_tokens_total"] > 0 and m["requests_running"] == 1, 20))
        for _ in range(5):
            self.assertEqual(self.get("/live")["running"], 1)
            self.get("/live/experts")
        running.close()
        self.assertTrue(self.server.wait_for(lambda m: m["requests_running"] == 0, 20))
