"""llama.cpp as bench/peers/beside runs it: fetched ready built, in a process of its own that speaks JSON lines."""

import contextlib
import json
import os
import platform
import shlex
import subprocess
import sys
import tempfile

VERSION = "3.22.1"  # of node-llama-cpp: llama.cpp's release v0.5.0
HERE = os.path.dirname(os.path.abspath(__file__))


def stop(text):
    sys.exit(f"beside: {text}")


def fetch(scratch):
    """node-llama-cpp with its ready-built library for this processor in SCRATCH/node_modules; does nothing when it is there."""
    manifest = os.path.join(scratch, "node_modules", "node-llama-cpp", "package.json")
    with contextlib.suppress(OSError, ValueError), open(manifest) as file:
        if json.load(file)["version"] == VERSION:
            return
    arch = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine())
    if platform.system() != "Linux" or arch is None:
        stop(f"no ready-built llama.cpp is known for {platform.system()} on {platform.machine()}")
    print(f"beside: fetching node-llama-cpp {VERSION} into {scratch}", file=sys.stderr)
    os.makedirs(scratch, exist_ok=True)
    # Its own optional packages are GPU builds of some hundred MB: left out, and the processor's named instead.
    command = ["npm", "install", "--prefix", scratch, "--no-save", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund",
               f"node-llama-cpp@{VERSION}", f"@node-llama-cpp/linux-{arch}@{VERSION}"]
    try:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    except (OSError, subprocess.CalledProcessError) as error:
        stop(error)


class Peer:
    """The peer's process, which speaks JSON lines: see llama.mjs."""

    def __init__(self, options):
        settings = {"packages": options.scratch, "model": os.path.abspath(options.model), "threads": options.threads,
                    "context": options.ctx, "batch": options.batch, "flash_attention": options.flash_attention, "mmap": not options.no_mmap}
        self.command = [*(options.peer or ["node", os.path.join(HERE, "llama.mjs")]), json.dumps(settings)]
        self.errors = tempfile.TemporaryFile("w+")
        # Its buffers come from malloc, which asks for huge pages only when told to: glibc's tunable, without effect elsewhere.
        environment = {**os.environ, "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"} if options.huge_pages else None
        try:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                            text=True, env=environment)
        except OSError as error:
            stop(error)
        self.about = self.line()

    def line(self):
        """The object that it prints next. Exits with what it said of its end."""
        text = self.process.stdout.readline()
        with contextlib.suppress(ValueError):
            return json.loads(text)
        if text:
            self.process.kill()
        code = self.process.wait()
        self.errors.seek(0)
        stop(f"{shlex.join(self.command)}: exit code {code}, printed {text!r}\n{self.errors.read()[-2000:]}".rstrip())

    def measure(self, prompt, new_tokens):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps({"prompt": prompt, "new_tokens": new_tokens}) + "\n")
            self.process.stdin.flush()
        return self.line()

    def close(self):
        """Waits until its memory is free again."""
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
