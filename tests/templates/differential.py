#!/usr/bin/python3
"""Renders every template with every conversation twice, by Jinja2 as Hugging Face sets it up and by sluice, and compares.

The same bytes are wanted; an error on one side must be an error on the other. Also small programs in the template language
(snippets.py), so that the language is compared beyond what published templates use. Needs python3-jinja2.
"""
import argparse
import datetime
import functools
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from conversations import CONVERSATIONS, OPTIONS
from snippets import SNIPPETS

try:
    import jinja2
    import jinja2.ext
    import jinja2.nodes
    import jinja2.sandbox
except ImportError:
    sys.exit("template_differential: Jinja2 is missing; install it: apt-get install python3-jinja2")

NOW = datetime.datetime(2025, 3, 14, 9, 26, 53)
TIME_LIMIT_S = 240


class Refusal(Exception):
    pass


class Generation(jinja2.ext.Extension):
    """{% generation %}, which transformers adds: the body as it is."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def raise_exception(message):
    raise Refusal(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def environment(mutable):
    base = jinja2.sandbox.SandboxedEnvironment if mutable else jinja2.sandbox.ImmutableSandboxedEnvironment
    env = base(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, "jinja2.ext.loopcontrols"])
    env.filters["tojson"] = tojson
    env.filters["from_json"] = json.loads  # not transformers': DeepSeek's templates want it
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = NOW.strftime
    return env


def changes_containers(source):
    """Such templates cannot run in transformers' sandbox at all; ours lets them, so the mutable sandbox is the reference."""
    return ".append(" in source or ".pop(" in source or ".update(" in source or ".insert(" in source


@functools.lru_cache(maxsize=None)
def compiled(source):
    return environment(changes_containers(source)).from_string(source)


def expected(source, case):
    # A deep copy per rendering: a template may change what it is given.
    case = json.loads(json.dumps(case))
    variables = {"messages": case["messages"], "tools": case["tools"], "documents": None,
                 "add_generation_prompt": case["add_generation_prompt"], "bos_token": "<BOS>", "eos_token": "<EOS>"}
    variables.update(case["extra"])
    try:
        return {"text": compiled(source).render(**variables)}
    except Exception as error:  # whatever Python raises, ours must fail too
        return {"error": f"{type(error).__name__}: {error}"}


def all_cases(templates):
    for name in templates:
        if name.startswith("snippet "):
            yield {"template": name, "messages": SNIPPETS["messages"], "tools": SNIPPETS["tools"],
                   "add_generation_prompt": True, "extra": SNIPPETS["extra"]}, name
            continue
        for title, conversation in CONVERSATIONS.items():
            for option, extra in OPTIONS.items():
                for prompt in (True, False):
                    yield {"template": name, "messages": conversation["messages"], "tools": conversation.get("tools"),
                           "add_generation_prompt": prompt, "extra": extra}, f"{name}: {title}, {option}, prompt={prompt}"


def ours(renderer, templates, cases):
    job = json.dumps({"templates": templates, "cases": cases})
    done = subprocess.run([renderer], input=job, capture_output=True, text=True, timeout=TIME_LIMIT_S)
    if done.returncode != 0:
        sys.exit(f"template_differential: {renderer} ended with {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def differs(want, got):
    if "error" in want:
        return "text" in got
    return want.get("text") != got.get("text")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--renderer", required=True, help="the template_render program")
    parser.add_argument("--templates", required=True, type=pathlib.Path, help="folder of *.jinja")
    parser.add_argument("--show", type=int, default=10, help="how many differences to print")
    arguments = parser.parse_args()
    templates = {path.name: path.read_text(encoding="utf-8") for path in sorted(arguments.templates.glob("*.jinja"))}
    if not templates:
        sys.exit(f"template_differential: no templates in {arguments.templates}")
    published = len(templates)
    templates.update({f"snippet {i}: {source}": source for i, source in enumerate(SNIPPETS["sources"])})
    cases, titles = zip(*all_cases(templates))
    results = ours(arguments.renderer, templates, list(cases))
    failures, refused = 0, 0
    for case, title, got in zip(cases, titles, results):
        source = templates[case["template"]]
        want = expected(source, case)
        refused += "error" in want
        if differs(want, got):
            failures += 1
            if failures <= arguments.show:
                print(f"DIFFERS {title}\n  want {json.dumps(want, ensure_ascii=False)}\n  got  {json.dumps(got, ensure_ascii=False)}")
    print(f"{published} templates, {len(templates) - published} snippets, {len(cases)} renderings "
          f"({refused} refused by both or one side), {failures} differ")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
