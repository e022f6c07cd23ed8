"""Random schemas: every way through the automaton is JSON that python's jsonschema accepts; instances it accepts are taken."""

import argparse
import json
import random
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    print("SKIPPED: python3-jsonschema is missing: no schema was checked")
    sys.exit(77)

NAMES = ["name", "city", "a", "ab", "é", "x y", "\"q", "city_2"]
WORDS = ["", "the", "a\"b", "\\", "é你", "line\nbreak", "plain words", "<tag>"]
PATTERNS = {"^[a-z]{2,4}$": ["ab", "zzzz"], "^\\d+(\\.\\d{1,2})?$": ["1", "12.50"], "^(yes|no)$": ["yes", "no"], "^[^0-9\"]*!$": ["!", "é\\!"]}


class Random:
    """Schemas, each with a few instances in the order in which the grammar writes them."""

    def __init__(self, seed):
        self.r = random.Random(seed)

    def schema(self, depth):
        kinds = [self.string, self.integer, self.number, self.plain, self.values]
        if depth > 0:
            kinds += [self.object, self.object, self.array, self.choice, self.either, self.both]
        return self.r.choice(kinds)(depth)

    def string(self, _):
        kind = self.r.randrange(3)
        if kind == 0:
            return {"type": "string"}, WORDS
        if kind == 1:
            pattern = self.r.choice(list(PATTERNS))
            return {"type": "string", "pattern": pattern}, PATTERNS[pattern]
        low = self.r.randrange(4)
        high = low + self.r.randrange(12)
        return {"type": "string", "minLength": low, "maxLength": high}, [w for w in WORDS if low <= len(w) <= high] or ["x" * low]

    def bounds(self):
        low = self.r.choice([-1000, -17, -1, 0, 3, 99])
        return low, low + self.r.choice([0, 1, 9, 250])

    def integer(self, _):
        low, high = self.bounds()
        if self.r.random() < 0.3:
            return {"type": "integer"}, [0, -7, 123456789]
        if self.r.random() < 0.3:
            return {"type": "integer", "exclusiveMinimum": low - 1}, [low, high]
        return {"type": "integer", "minimum": low, "maximum": high, "title": "n"}, [low, high, (low + high) // 2]

    def number(self, _):
        low, high = self.bounds()
        if self.r.random() < 0.3:
            return {"type": "number"}, [0, -1.5, 2.5e-7]
        if self.r.random() < 0.3:
            return {"type": "number", "exclusiveMinimum": low, "exclusiveMaximum": high + 1}, [low + 0.5, high + 0.25]
        return {"type": "number", "minimum": low, "maximum": high}, [low, high, (low + high) / 2]

    def plain(self, _):
        return self.r.choice([({"type": "boolean"}, [True, False]), ({"type": "null"}, [None]), ({"type": ["null", "boolean"]}, [None, True])])

    def values(self, _):
        some = self.r.sample(["x", 1, 2.5, None, True, "é\"", {"k": [1, 2]}, []], 3)
        return self.r.choice([({"enum": some}, some), ({"const": some[0]}, some[:1])])

    def object(self, depth):
        names = self.r.sample(NAMES, self.r.randrange(4))
        parts = {name: self.schema(depth - 1) for name in names}
        schema = {"type": "object", "properties": {n: s for n, (s, _) in parts.items()}, "required": [n for n in names if self.r.random() < 0.5]}
        extra = self.r.randrange(3)
        if extra:
            schema["additionalProperties"] = [None, False, {"type": "integer"}][extra]
        out = []
        for _ in range(3):
            one = {n: self.r.choice(i) for n, (_, i) in parts.items() if n in schema["required"] or self.r.random() < 0.5}
            if extra == 2:
                one.update({k: 4 for k in self.r.sample(["zz", "na", "cityx"], 2)})
            out.append(one)
        return schema, out

    def array(self, depth):
        item, instances = self.schema(depth - 1)
        low = self.r.randrange(3)
        high = low + self.r.randrange(4)
        schema = {"type": "array", "items": item, "minItems": low, "maxItems": high}
        out = [[self.r.choice(instances) for _ in range(n)] for n in (low, high)]
        if self.r.random() < 0.3:
            first, starts = self.schema(0)
            schema = {"type": "array", "prefixItems": [first], "items": item, "minItems": 1, "maxItems": 1 + high}
            out = [[self.r.choice(starts)] + each for each in out]
        return schema, out

    def choice(self, depth):
        ways = [self.schema(depth - 1) for _ in range(2)]
        return {"anyOf": [s for s, _ in ways]}, [i for _, instances in ways for i in instances[:2]]

    def either(self, depth):
        """Alternatives that no answer fits at once: so oneOf holds, though it is taken as anyOf."""
        tagged = self.r.random() < 0.5
        ways, out = [], []
        for word in ("first", "second"):
            schema, instances = self.object(depth)
            name, value = ("kind", word) if tagged else (word, 1)
            schema["properties"] = {name: {"const": word} if tagged else {"type": "integer"}, **schema["properties"]}
            schema["required"].append(name)
            if not tagged:
                schema["additionalProperties"] = False
            ways.append(schema)
            out += [{name: value, **each} for each in instances[:2]]
        return {"oneOf": ways}, out

    def both(self, depth):
        schema, instances = self.object(depth)
        schema["$defs"] = {"more": {"type": "object", "description": "d"}}
        return {"allOf": [{"type": ["object", "null"]}, {k: v for k, v in schema.items() if k != "$defs"}]}, instances


def check(walk, seed):
    made, instances = Random(seed).schema(3)
    texts = [json.dumps(i, ensure_ascii=False) for i in instances] + [json.dumps(i, ensure_ascii=False, separators=(",", ":")) for i in instances]
    walk.stdin.write(json.dumps({"schema": made, "texts": texts, "ways": 3, "seed": seed}) + "\n")
    walk.stdin.flush()
    out = json.loads(walk.stdout.readline())
    validator = jsonschema.Draft202012Validator(made)
    problems = [f"refused: {out['error']}"] if "error" in out else []
    for text, accepted in zip(texts, out.get("accepted", [])):
        if not accepted and validator.is_valid(json.loads(text)):
            problems.append(f"a valid instance is not taken: {text}")
    for text in out.get("ways", []):
        try:
            if not validator.is_valid(json.loads(text)):
                problems.append(f"a way that is not valid: {text}")
        except ValueError as error:
            problems.append(f"a way that is no JSON ({error}): {text!r}")
    return [f"seed {seed}: {p}\n  {json.dumps(made)}" for p in problems]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("walk")
    parser.add_argument("--schemas", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with subprocess.Popen([args.walk], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8") as walk:
        problems = [p for seed in range(args.seed, args.seed + args.schemas) for p in check(walk, seed)]
        walk.stdin.close()
        rest = walk.stdout.read()
    print("\n".join(problems[:20] + [rest]), f"{args.schemas} schemas, {len(problems)} problems")
    return 1 if problems or walk.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
