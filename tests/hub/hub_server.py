"""A small imitation of the Hugging Face hub: listings in pages, files behind redirects to another port, and faults."""

import contextlib
import hashlib
import http.server
import json
import re
import threading
import urllib.parse

TOKEN = "hf_secret"


def entry(path, content, large):
    git = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    out = {"type": "file", "oid": git, "size": len(content), "path": path}
    if large:
        out["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
    return out


class Hub:
    """Repositories, how they misbehave, and what was asked. `files` of a repository: {path: bytes}."""

    def __init__(self):
        self.repositories, self.entries = {}, {}  # entries: listed instead of the true ones
        self.asked, self.lock = [], threading.Lock()  # (port is the hub's, method path, headers)
        self.private, self.page = set(), 1000
        self.redirect, self.ranges, self.lie_range = True, True, False
        self.endless = False  # a range is answered with bytes that never end
        self.slow = 0.0  # seconds between blocks of 64 KiB
        self.broken = {}  # path: faults, each used once: a number (a status), ("cut", share), ("retry", seconds)

    def listing(self, repository):
        if repository in self.entries:
            return self.entries[repository]
        files = self.repositories[repository]
        folders = {path.rsplit("/", 1)[0] for path in files if "/" in path}
        return [{"type": "directory", "oid": "0" * 40, "size": 0, "path": f} for f in folders] + [
            entry(path, content, path.endswith((".gguf", ".safetensors"))) for path, content in files.items()
        ]

    def fault(self, path):
        with self.lock:
            return self.broken[path].pop(0) if self.broken.get(path) else None

    def requests(self, part):
        with self.lock:
            return [(hub, path, headers) for hub, path, headers in self.asked if part in path]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub, is_hub, other = None, True, ""  # other: the address of the store of large files

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)  # a proxy is asked for the whole address
        path = url.path
        with self.hub.lock:
            self.hub.asked.append((self.is_hub, self.path, dict(self.headers)))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/([^/]+)", path):
                self.tree(*map(urllib.parse.unquote, match.groups()), urllib.parse.parse_qs(url.query))
            elif match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
                self.resolve(*map(urllib.parse.unquote, match.groups()))
            else:
                self.answer(404)

    def denied(self, repository):
        if repository in self.hub.private and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.answer(401, X_Error_Message="Invalid username or password.")
            return True
        return False

    def tree(self, repository, revision, query):
        fault = self.hub.fault("tree")
        if fault is not None:
            return self.fail(fault)
        if self.denied(repository):
            return
        if (repository not in self.hub.repositories and repository not in self.hub.entries) or revision not in ("main", "refs/pr/1"):
            return self.answer(404, X_Error_Message="Repository not found")
        if isinstance(self.hub.listing(repository), bytes):
            return self.answer(200, self.hub.listing(repository))
        start, listing = int(query.get("cursor", ["0"])[0]), self.hub.listing(repository)
        more = {}
        if start + self.hub.page < len(listing):
            more["Link"] = f'<http://{self.headers["Host"]}{self.path.split("?")[0]}?recursive=true&cursor={start + self.hub.page}>; rel="next"'
        self.answer(200, json.dumps(listing[start : start + self.hub.page]).encode(), **more)

    def fail(self, fault):
        if isinstance(fault, tuple):
            return self.answer(429, Retry_After=str(fault[1]))
        self.answer(fault)

    def resolve(self, repository, revision, path):
        if self.is_hub and self.denied(repository):
            return
        content = self.hub.repositories.get(repository, {}).get(path)
        if content is None:
            return self.answer(404)
        if self.is_hub and self.hub.redirect:
            return self.answer(302, b"moved", Location=self.other + self.path)
        self.send_file(path, content)

    def send_file(self, path, content):
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        first, last = (int(asked[1]), min(int(asked[2]), len(content) - 1)) if asked and self.hub.ranges else (0, len(content) - 1)
        probe = asked and asked[0] == "bytes=0-0"
        fault = None if probe else self.hub.fault(path)
        if fault is not None and not (isinstance(fault, tuple) and fault[0] == "cut"):
            return self.fail(fault)
        body = content[first : last + 1]
        self.send_response(206 if asked and self.hub.ranges else 200)
        if self.hub.endless:
            self.end_headers()
            while True:
                self.wfile.write(bytes(1 << 16))
        self.send_header("Content-Length", str(len(body)))
        if asked and self.hub.ranges:
            self.send_header("Content-Range", f"bytes {first + (7 if self.hub.lie_range and not probe else 0)}-{last}/{len(content)}")
        self.end_headers()
        if fault is not None:
            self.wfile.write(body[: int(len(body) * fault[1])])
            self.close_connection = True
            return
        for at in range(0, len(body), 1 << 16):
            self.wfile.write(body[at : at + (1 << 16)])
            if self.hub.slow:
                threading.Event().wait(self.hub.slow)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass


@contextlib.contextmanager
def running():
    """The hub, with its address in `address`."""
    hub = Hub()
    store = Server(("127.0.0.1", 0), type("Store", (Handler,), {"hub": hub, "is_hub": False}))
    other = f"http://127.0.0.1:{store.server_address[1]}"
    front = Server(("127.0.0.1", 0), type("Front", (Handler,), {"hub": hub, "is_hub": True, "other": other}))
    hub.address = f"http://127.0.0.1:{front.server_address[1]}"
    for server in (store, front):
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield hub
    finally:
        for server in (store, front):
            server.shutdown()
            server.server_close()
