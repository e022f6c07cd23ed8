"""Broken models and whole answers: with --constrain every tool call and every JSON answer parses and fits its schema.

The demo model at one expert a token, where nothing it says makes sense, over its evaluation items and generated ones; at
Q2_K too, where ../shared has it. `--all` takes every item and 500 generated ones.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile

CALL = re.compile(r"\s*<tool_call>\n<function=([^>\n]+)>\n(.*)</function>\n</tool_call>\s*", re.DOTALL)
PARAMETER = re.compile(r"<parameter=([^>\n]+)>\n(.*?)\n?</parameter>\n", re.DOTALL)
WORDS = {"True": True, "False": False, "None": None}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def is_of(kind, value):
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[kind])


def problem(schema, value):
    """What the schema has against the value, or None; the keywords that the items below use."""
    if not is_of(schema["type"], value):
        return f"{value!r} is no {schema['type']}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{value!r} is not listed"
    if not schema.get("minimum", value if is_of("number", value) else 0) <= (value if is_of("number", value) else 0) <= schema.get("maximum", value if is_of("number", value) else 0):
        return f"{value!r} is out of bounds"
    if isinstance(value, dict):
        for name in schema.get("required", []):
            if name not in value:
                return f"{name} is missing"
        for name, each in value.items():
            if name not in schema["properties"]:
                return f"{name} is unknown"
            if found := problem(schema["properties"][name], each):
                return found
    if isinstance(value, list):
        return next((p for p in (problem(schema["items"], v) for v in value) if p), None)
    return None


def call_problem(tools, answer):
    call = CALL.fullmatch(answer)
    if not call:
        return "no call"
    schema = {t["function"]["name"]: t["function"]["parameters"] for t in tools}.get(call.group(1))
    if schema is None or PARAMETER.sub("", call.group(2)):
        return "no such tool, or text between parameters"
    arguments = {}
    for key, text in PARAMETER.findall(call.group(2)):
        kind = schema["properties"].get(key, {}).get("type")
        arguments[key] = text if kind == "string" else WORDS[text] if text in WORDS else json.loads(text)
    return problem(schema, arguments)


def suggested(value):
    if isinstance(value, dict):
        return {"type": "object", "properties": {k: suggested(v) for k, v in value.items()}, "required": list(value)}
    if isinstance(value, list):
        return {"type": "array", "items": suggested(value[0])}
    for kind in ("boolean", "null", "integer", "number", "string"):
        if is_of(kind, value):
            return {"type": kind}
    raise ValueError(value)


def scalar(r):
    return r.choice([{"type": "string"}, {"type": "integer", "minimum": 0, "maximum": 23}, {"type": "number"}, {"type": "boolean"},
                     {"type": "string", "enum": ["celsius", "fahrenheit"]}])


def schema_of(r, depth):
    kind = r.random()
    if depth == 0 or kind < 0.6:
        return scalar(r)
    if kind < 0.8:
        return {"type": "array", "items": schema_of(r, depth - 1)}
    return object_of(r, depth - 1)


def object_of(r, depth):
    names = r.sample("city day hour title amount unit tags source target note".split(), r.randrange(1, 5))
    return {"type": "object", "properties": {n: schema_of(r, depth) for n in names}, "required": r.sample(names, r.randrange(len(names) + 1))}


def generated(count):
    r = random.Random(17)
    items = []
    for i in range(count):
        ask = f"Please look after number {i}."
        if i % 2:
            value = {k: r.choice([1, "x", 2.5, True, ["y"], [3], {"deep": {"er": [1.5]}}]) for k in r.sample(["age", "job", "likes", "city", "name"], r.randrange(1, 5))}
            items.append({"task": "json", "messages": [{"role": "user", "content": ask}], "tools": None, "thinking": False, "expect": value})
            continue
        tools = [{"type": "function", "function": {"name": f"tool_{j}", "description": "Does something.", "parameters": object_of(r, 2)}} for j in range(r.randrange(1, 5))]
        items.append({"task": "tool_call", "messages": [{"role": "user", "content": ask}], "tools": tools, "thinking": False, "expect": {"name": "x", "arguments": {}}})
    return items


def run(sluice, model, items, experts):
    """Problems of the answers, and the scores."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        file.write("".join(json.dumps(i) + "\n" for i in items))
        file.flush()
        command = [sluice, "eval", "-m", model, "--experts", str(experts), "--tasks", file.name, "--constrain", "--answers", "--json", "--threads", "2", "-n", "300"]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    rows = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    if done.returncode or len(rows) != len(items):
        return [f"{' '.join(command)}: {done.stderr[-500:]}"], None
    problems = []
    for item, row in zip(items, rows):
        try:
            found = call_problem(item["tools"], row["answer"]) if item["task"] == "tool_call" else problem(suggested(item["expect"]), json.loads(row["answer"]))
        except ValueError as error:
            found = str(error)
        if found:
            problems.append(f"{found}: {row['answer']!r}")
    return problems, json.loads(done.stdout)["tasks"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sluice")
    parser.add_argument("models")
    parser.add_argument("--all", action="store_true")
    args = parser.parse_args()
    with open(os.path.join(args.models, "demo-eval", "eval.jsonl"), encoding="utf-8") as file:
        items = [i for i in map(json.loads, file) if i["task"] in ("tool_call", "json")]
    small = os.path.join(args.models, "..", "..", "shared", "demo-model", "gguf", "demo-Q2_K.gguf")
    some, count = (len(items), 500) if args.all else (24, 30)
    failed = []
    for model, experts in ((os.path.join(args.models, "demo.gguf"), 1), (small, 8)):
        if not os.path.exists(model):
            print(f"SKIPPED: {model} is not there")
            continue
        for what, chosen in (("evaluation", items[:some]), ("generated", generated(count))):
            problems, scores = run(args.sluice, model, chosen, experts)
            right = {s["task"]: f"{s['right']} of {s['total']} right, {s['parsed']} parse" for s in scores or []}
            print(f"{os.path.basename(model)}, {experts} experts, {len(chosen)} {what} items: {len(problems)} do not fit; {right}", flush=True)
            failed += problems
    print("\n".join(failed[:20]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
