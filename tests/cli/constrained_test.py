"""sluice run with --schema, --grammar and --tools: at one expert a token, where the model alone says nothing of use."""

import json
import os
import re

import program

BROKEN = ("--temp", "0", "--experts", "1", "--no-think")
SCHEMA = {"type": "object", "properties": {"city": {"type": "string", "maxLength": 20}, "people": {"type": "integer", "minimum": 5, "maximum": 9}},
          "required": ["city", "people"]}


class Constrained(program.Case):
    def answer(self, *args):
        return self.json("run", "-m", program.model(), "--json", *args)

    def tools(self):
        return os.path.join(program.MODELS, "demo-tools.json")

    def test_schema(self):
        schema = self.file("schema.json", json.dumps(SCHEMA))
        out = self.answer(*BROKEN, "--schema", schema, "Describe Oslo.")
        value = json.loads(out["text"])
        self.assertEqual((list(value), out["finish"]), (["city", "people"], "stop"))
        self.assertIn(value["people"], range(5, 10))
        self.assertLessEqual(len(value["city"]), 20)

    def test_an_answer_ends_within_its_tokens(self):
        schema = self.file("schema.json", '{"type": "array", "items": {"type": "string"}, "minItems": 2}')
        for most in ("24", "40"):
            out = self.answer(*BROKEN, "-n", most, "--schema", schema, "List rivers.")
            self.assertGreaterEqual(len(json.loads(out["text"])), 2)
            self.assertEqual(out["finish"], "stop")

    def test_speculation_and_seeds_change_nothing(self):
        schema = self.file("schema.json", json.dumps(SCHEMA))
        args = ("--no-think", "-n", "100", "--temp", "1", "--seed", "7", "--schema", schema, "Describe Oslo.")
        plain = self.answer(*args)["tokens"]
        self.assertEqual(self.answer("--speculate", "lookup", *args)["tokens"], plain)
        self.assertEqual(self.answer("--chunk", "3", *args)["tokens"], plain)

    def test_what_fits_anyway_is_not_changed(self):
        grammar = self.file("any.gbnf", "root ::= .*")
        args = ("--temp", "0", "--no-think", "-n", "40", "Tell me a story about a fox.")
        self.assertEqual(self.answer("--grammar", grammar, *args)["text"][:60], self.answer(*args)["text"][:60])

    def test_grammar_behind_reasoning(self):
        grammar = self.file("list.gbnf", 'root ::= "- " [a-z]{1,5} "\\n"')
        args = ("--temp", "0", "--experts", "1", "-n", "60", "--think", "--grammar", grammar, "Name a river.")
        self.assertRegex(self.answer(*args)["text"], r"</think>\n{0,2}- [a-z]{1,5}\n$")

    def test_tools(self):
        with open(self.tools(), encoding="utf-8") as file:
            name = json.load(file)[0]["function"]["name"]
        for choice, wanted in (("required", r"[\w]+"), (name, name)):
            out = self.answer(*BROKEN, "--tools", self.tools(), "--tool-choice", choice, "--show-special", "What is the weather in Cairo?")
            self.assertRegex(out["text"], rf"(?s)^<tool_call>\n<function={wanted}>\n.*</function>\n</tool_call>")
        out = self.answer(*BROKEN, "--tools", self.tools(), "--tool-choice", "none", "What is the weather in Cairo?")
        self.assertFalse(re.search("<tool_call>", out["text"]))

    def test_refusals(self):
        schema = self.file("bad.json", '{"properties": {"x": {"not": {}}}}')
        self.bad(1, "run", "-m", program.model(), "--schema", schema, "Hi", says='"not" at #/properties/x')
        grammar = self.file("bad.gbnf", "root ::= [")
        self.bad(1, "run", "-m", program.model(), "--grammar", grammar, "Hi", says="GBNF line 1")
        self.bad(2, "run", "-m", program.model(), "--tool-choice", "required", "Hi", says="--tools")
        self.bad(2, "run", "-m", program.model(), "--grammar", grammar, "--schema", schema, "Hi", says="--schema")
        self.bad(2, "run", "-m", program.model(), "--schema", schema, "--ignore-eos", "Hi", says="--ignore-eos")
        self.bad(1, "run", "-m", program.model(), "--tools", self.tools(), "--tool-choice", "nobody", "Hi", says="nobody")
