#!/usr/bin/env python3
"""page_test.py SLUICE MODELS HERE WORK: the page of `sluice serve` in a real browser, by playwright-core from npm.

The package is installed from HERE's lock file into WORK; pictures of the page lie in WORK/pictures afterwards. Exit 77, with a
reason, where node, npm, Chromium or the network is missing.
"""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "serve"))
import server  # noqa: E402
from clients_test import install, skip  # noqa: E402

KEY = "key-of-tests"
PARTS = ("answers.mjs", "conversations.mjs", "troubles.mjs", "look.mjs", "machine.mjs")


def browser():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path:
            return path
    return skip("no Chromium is there (Debian's package chromium)")


def run(part, work, env):
    return subprocess.run(["node", part], cwd=work, env=env, capture_output=True, text=True, timeout=600)


def main():
    server.SLUICE, server.MODELS, here, work = (os.path.abspath(a) for a in sys.argv[1:5])
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            skip(f"{program} is not there")
    chromium = browser()
    install(here, work)
    pictures = os.path.join(work, "pictures")
    os.makedirs(pictures, exist_ok=True)
    # Some experts fit, and not all of them: then the machine has something to show.
    plain, closed = server.Server("--memory", "60M"), server.Server("--api-key", KEY)
    env = {**os.environ, "PAGE": f"http://127.0.0.1:{plain.port}", "CLOSED_PAGE": f"http://127.0.0.1:{closed.port}", "KEY": KEY,
           "CHROMIUM": chromium, "PICTURES": pictures, "MODELS": server.MODELS}
    failed = []
    for part in sys.argv[5:] or PARTS:
        result = run(part, work, env)
        if result.returncode != 0:  # a browser on a starved machine is late now and then; what fails twice fails
            print(f"{part} failed and is run AGAIN; its first run:\n{result.stdout[-6000:]}")
            result = run(part, work, env)
        if result.returncode != 0:
            failed.append(part)
        print(result.stdout[-6000:] if result.returncode != 0 else f"{part}: {result.stdout.count('ok ') - result.stdout.count('# ok')} good", result.stderr[-3000:])
    for one in (plain, closed):
        if one.stop() != 0:
            failed.append(f"the server: {one.said[-2000:]}")
    print("failed: " + ", ".join(failed) if failed else "all good")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
