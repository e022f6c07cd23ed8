#!/usr/bin/env python3
"""clients_test.py SLUICE MODELS CLIENTS WORK: real clients (npm packages, curl) against a running server.

CLIENTS is tests/serve/clients; the packages are installed from its lock file into WORK. Exit 77, with a reason, where
node, npm or the network is missing.
"""

import filecmp
import os
import shutil
import subprocess
import sys

import server

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import readme  # noqa: E402

SKIPPED = 77
# Clients that were told nothing but by the environment.
FROM_ENVIRONMENT = """
import OpenAI from "openai";
import Anthropic from "@anthropic-ai/sdk";
const messages = [{ role: "user", content: "What is the capital of France?" }];
const chat = await new OpenAI().chat.completions.create({ model: "a-name", messages, temperature: 0, reasoning_effort: "none" });
const message = await new Anthropic().messages.create({ model: "demo", messages, temperature: 0, max_tokens: 50 });
console.log(chat.choices[0].message.content, message.content[0].text);
"""


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(SKIPPED)


def install(clients, work):
    os.makedirs(work, exist_ok=True)
    lock = os.path.join(clients, "package-lock.json")
    done = os.path.join(work, "installed.json")
    if not (os.path.exists(done) and filecmp.cmp(lock, done, shallow=False)):
        for name in ("package.json", "package-lock.json"):
            shutil.copy(os.path.join(clients, name), work)
        try:
            result = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=work, capture_output=True, text=True, timeout=300)
        except subprocess.TimeoutExpired:
            skip("npm ci took more than 300 s: no network?")
        if result.returncode != 0:
            skip(f"npm ci failed, which needs the network: {result.stderr[-300:]}")
        shutil.copy(lock, done)
    for name in os.listdir(clients):
        if name.endswith(".mjs"):
            shutil.copy(os.path.join(clients, name), work)


def curl(base, key):
    body = '{"messages": [{"role": "user", "content": "What is the capital of France?"}], "temperature": 0, "reasoning_effort": "none"}'
    result = subprocess.run(["curl", "-sS", "-f", base + "/v1/chat/completions", "-H", "Content-Type: application/json", "-H", f"Authorization: Bearer {key}", "-d", body],
                            capture_output=True, text=True, timeout=60)
    good = result.returncode == 0 and "The capital of France is Paris." in result.stdout
    print("curl: good" if good else f"curl: {result.stdout} {result.stderr}")
    return good


def readme_section(work):
    """What the README's section says, in its order and on one server; only the port is another. What is wrong with it."""
    start, ask, *exports = readme.commands("Serve")
    (snippet,) = readme.snippets("Serve")
    wrong = []
    if start != "build/release/sluice serve --port 8080 &":
        wrong.append(start)
    one = server.Server("--alias", "a-name")

    def says(what, command, text):
        done = subprocess.run(["bash", "-c", command.replace("8080", str(one.port))], cwd=work, capture_output=True, text=True, timeout=server.TIMEOUT, env=server.environment())
        if done.returncode != 0 or text not in done.stdout:
            wrong.append(f"{what}: {done.stdout[-500:]} {done.stderr[-2000:]}")

    says("curl", ask, "Paris")
    for name, text in (("snippet.mjs", snippet.replace("8080", str(one.port))), ("environment.mjs", FROM_ENVIRONMENT)):
        with open(os.path.join(work, name), "w", encoding="utf-8") as file:
            file.write(text)
    says("the snippet", "node snippet.mjs", "fox")
    says("the environment", "\n".join([*exports, "node environment.mjs"]), "The capital of France is Paris. The capital of France is Paris.")
    if one.stop() != 0:
        wrong.append("the server")
    print("readme: " + ("; ".join(wrong) or "good"))
    return not wrong


def main():
    server.SLUICE, server.MODELS, clients, work = sys.argv[1:5]
    for program in ("node", "npm", "curl"):
        if shutil.which(program) is None:
            skip(f"{program} is not there")
    install(clients, work)
    one = server.Server("--api-key", "key-of-tests")
    base = f"http://127.0.0.1:{one.port}"
    failed = [] if curl(base, "key-of-tests") else ["curl"]
    for name in ("openai", "anthropic", "vercel"):
        result = subprocess.run(["node", name + ".mjs", base, "key-of-tests"], cwd=work, capture_output=True, text=True, timeout=server.TIMEOUT)
        print(result.stdout[-3000:], result.stderr[-3000:])
        if result.returncode != 0:
            failed.append(name)
    if one.stop() != 0:
        failed.append("the server")
    if not readme_section(work):
        failed.append("the README")
    print("failed: " + ", ".join(failed) if failed else "all good")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
