"""Small programs in the template language: each is compared with Jinja2 like a template (text, or an error on both sides)."""

SOURCES = r'''
{{ 1 + 2 * 3 - 4 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 2 ** 3 ** 2 }} {{ -2 ** 2 }}
{{ 7.5 // 2 }} {{ -7.5 % 2 }} {{ 1e3 }} {{ 1.0 }} {{ 1e16 }} {{ 1e15 }} {{ 1.5e-5 }} {{ 0.0001 }} {{ 1/3 }} {{ 1e300 * 10 }} {{ 0x1f }} {{ 0b101 }} {{ 0o17 }} {{ 1_000 }}
{{ 1 / 0 }}
{{ 1 % 0 }}
{{ "a" ~ 1 ~ none ~ 2.0 ~ true }} {{ 1 + 2 ~ 3 + 4 }}
{{ "ab" * 3 }}|{{ 2 * [1, "x"] }}|{{ (1,) * 2 }}|{{ "a" * -1 }}
{{ "a" + 1 }}
{{ [1] + [2] }} {{ (1,) + (2, 3) }} {{ [1] + (2,) }}
{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 == 1.0 == true }} {{ "a" < "b" }} {{ [1, 2] < [1, 3] }} {{ "a" < 1 }}
{{ 3 in [1, 2, 3] }} {{ "b" in "abc" }} {{ "k" in {"k": 1} }} {{ 4 not in (1, 2) }} {{ not 1 in [1] }}
{{ 1 in "abc" }}
{{ x in [] }} {{ "a" in x }}
{{ x in "abc" }}
{{ true and 0 or "z" }} {{ none or [] or 5 }} {{ not none }} {{ 1 and 2 }}
{{ "y" if 1 else "n" }}{{ "y" if 0 }}|{{ 1 if 0 else 2 if 0 else 3 }}
{{ [1, 2.5, "a'b", 'c"d', "e'\"f", none, true, {"k": [1]}, (1,), (), [], {}] }}
{{ "tab\t nl\n nul\x00 e\u00e9 \u200b \U0001f600 back\\slash" }}{{ ["tab\t nl\n nul\x00 e\u00e9 \u200b \U0001f600 back\\slash \x7f \xa0"] }}
{{ 'a\'b' }} {{ "a\"b" }} {{ "a\qb" }} {{ "a" "b" 'c' }}
{{ "hello"[1] }} {{ "hello"[-1] }} {{ "hello"[1:3] }} {{ "hello"[::-1] }} {{ "hello"[::2] }} {{ "hello"[-3:] }} {{ "hello"[10:] }} {{ "hello"[4:1:-1] }}
{{ "héllo wörld"[1:9] }} {{ "日本語"[::-1] }} {{ "日本語"|length }} {{ "日本語"[5] }}|
{{ [1, 2, 3][1:] }} {{ [1, 2, 3][:-1] }} {{ [1, 2, 3][-10:10] }} {{ (1, 2, 3)[::2] }} {{ [1,2,3][5] }}|{{ [1, 2, 3][-1] }}
{{ [1, 2][::0] }}
{{ d.a }} {{ d["a"] }} {{ d.nope }} {{ d.nope.x }}
{{ d.items() }} {{ d.keys() }} {{ d.values() }} {{ d.items()|list }} {{ d.get("a") }} {{ d.get("z") }} {{ d.get("z", 5) }}
{{ d.items is callable }} {{ e["items"] }} {{ e.items is defined }} {{ e["get"] }} {{ "x" if e.items else "y" }}
{{ missing }}|{{ missing is defined }}|{{ missing is undefined }}|{{ missing|default("d") }}|{{ none|default("d") }}|{{ none|default("d", true) }}|{{ ""|d("e", true) }}
{{ missing.x }}
{{ missing + 1 }}
{{ missing() }}
{{ missing == missing }} {{ missing == none }} {{ missing is none }} {{ missing|length }} {{ missing|list }} {{ missing|join }} {{ missing ~ "x" }} {{ missing|trim }}|
{{ missing|tojson }}
{{ missing is iterable }} {{ missing is sequence }} {{ missing is mapping }} {{ missing is string }} {{ missing is callable }}
{{ missing < 1 }}
{{ -missing }}
{{ missing|int }}
{{ missing|items|list }}
{{ missing|dictsort }}
{{ d is mapping }} {{ [] is sequence }} {{ d is sequence }} {{ "" is sequence }} {{ 1 is sequence }} {{ none is iterable }} {{ d.items() is sequence }} {{ d.items() is iterable }} {{ (1,) is sequence }}
{{ 1 is number }} {{ true is number }} {{ 1.5 is float }} {{ true is integer }} {{ 1 is integer }} {{ true is boolean }} {{ 1 is true }} {{ true is true }} {{ false is false }} {{ 0 is false }}
{{ 3 is odd }} {{ 4 is even }} {{ 9 is divisibleby 3 }} {{ 9 is divisibleby(2) }} {{ 1 is eq 1 }} {{ 1 is ne 2 }} {{ 1 is lt 2 }} {{ 2 is ge(2) }} {{ 1 is in [1] }} {{ 1 is not in [1] }} {{ "a" is lower }} {{ "A" is upper }} {{ 1 is sameas 1 }}
{{ "upper" is filter }} {{ "nope" is filter }} {{ "odd" is test }} {{ 1 is not none }} {{ 1 is not string and 2 is number }}
{{ "x" is nosuchtest }}
{{ "x"|nosuchfilter }}
{% nosuchtag %}
{{ 1 is defined is none }}
{% if 1 %}
{{ 1
{{ "abc }}
{{ 1 }
{% for x in %}{% endfor %}
{{ [1, 2 }}
{{ a b }}
{% endif %}
{% else %}
{% set 1 = 2 %}
{# never closed
{# comment #}a{#- x -#} b {#+ y +#}
  {# c #}
d
a {{- 1 -}} b {{ 2 }} c
  {% if true %}
  x
  {% endif %}
y
  {%+ if true %}  z{%+ endif %}  
  {%- if true -%}  z  {%- endif -%}  w
{% raw %}{{ not }} {% this %} {# stays #}{% endraw %}
{%- raw -%}  {{ x }}  {%- endraw -%}  y
{% raw %}a


{{ 1 }}
{{ 1 }}{% set a = 1 %}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set (c, (e, f)) = [3, [4, 5]] %}{{ c }}{{ e }}{{ f }}{% set t = 1, 2 %}{{ t }}
{% set a, b = [1] %}
{% set a, b = 5 %}
{% set x %}  block {{ 1 + 1 }}
 text{% endset %}[{{ x }}]{% set y | trim | upper %}  up {% endset %}[{{ y }}]
{% set ns = namespace(a=1, b="x") %}{% set ns.a = ns.a + 1 %}{% set ns.c = [1] %}{{ ns.a }}{{ ns.b }}{{ ns.c }}{{ ns["a"] }}|{{ ns.nope }}|{{ ns.a is defined }}{{ ns.nope is defined }}
{% set q = {} %}{% set q.a = 1 %}
{% set ns = namespace({"k": 1}, z=2) %}{{ ns.k }}{{ ns.z }}
{% for x in [1, 2, 3] %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.depth }}{{ loop.depth0 }}{{ loop.cycle("a", "b") }};{% endfor %}
{% for x in [] %}a{% else %}empty{% endfor %}{% for x in [1] %}a{% else %}empty{% endfor %}
{% for x in range(10) if x is odd %}{{ x }}/{{ loop.index }}/{{ loop.length }} {% else %}none{% endfor %}{% for x in [1] if x > 5 %}{{ x }}{% else %}none{% endfor %}
{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}{% for k in d %}{{ k }}{% endfor %}{% for k, v in d|items %}{{ k }}{{ v }}{% endfor %}{% for c in "añb" %}[{{ c }}]{% endfor %}
{% for a, b in [1, 2] %}{% endfor %}
{% for x in 5 %}{% endfor %}
{% for x in none %}{% endfor %}
{% for x in missing %}a{% else %}b{% endfor %}
{% for x in [1, 2, 3, 4] %}{% if x == 2 %}{% continue %}{% endif %}{% if x == 4 %}{% break %}{% endif %}{{ x }}{% else %}no{% endfor %}
{% break %}
{% for x in [[1, [2, [3]]], [4]] recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}{{ x }}.{{ loop.depth }}{% endif %}{% endfor %}
{% for x in [1, 1, 2, 2, 1] %}{% if loop.changed(x) %}{{ x }}{% endif %}{% endfor %}
{% set x = 0 %}{% for i in [1, 2] %}{{ x }}{% set x = i %}{{ x }}{% endfor %}{{ x }}
{% set x = 0 %}{% if true %}{% set x = 1 %}{% endif %}{{ x }}
{% for i in [1, 2] %}{{ y }}{% set y = i %}{{ y }}{% endfor %}{{ y }}
{% for x in [1, 2] %}{% for y in [3, 4] %}{{ x }}{{ y }}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}{{ loop }}
{{ x for }}
{% macro m(a, b=2, c=a) %}{{ a }}-{{ b }}-{{ c }};{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(b=5, a=4) }}{{ m() }}{{ m.name }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(z=2) }}
{% macro m(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, z=4) }}
{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}inner{% endcall %}{% macro n(f) %}{{ caller(f) }}{{ caller(f + 1) }}{% endmacro %}{% call(v) n(3) %}<{{ v }}>{% endcall %}
{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}
{% macro m() %}{{ v }}{% endmacro %}{{ m() }}{% set v = 5 %}{{ m() }}{% for v in [6] %}{{ m() }}{% endfor %}
{% macro fac(n) %}{% if n < 2 %}1{% else %}{{ n * fac(n - 1)|int }}{% endif %}{% endmacro %}{{ fac(10) }}
{% macro m(x) %}{% set x = x + 1 %}{{ x }}{% endmacro %}{{ m(1) }}{{ x }}
{% filter upper %}abc {{ "d" }}{% endfilter %}{% filter replace("a", "b") | upper %}banana{% endfilter %}
{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a }}
{% generation %}x{{ 1 }}{% endgeneration %}
{{ "  a b  "|trim }}|{{ "xxaxx"|trim("x") }}|{{ "abc"|upper }}|{{ "ABC"|lower }}|{{ "hELLO wORLD"|capitalize }}|{{ "hello wORLD-foo (bar"|title }}|{{ 5|upper }}|{{ none|upper }}
{{ " \u3000\u00a0\x1f a\u200b \u2028"|trim|length }} {{ "straße"|upper }} {{ "ÀÉ"|lower }} {{ "ǆ"|title }}
{{ "a,b,,c".split(",") }} {{ "a,b,c".split(",", 1) }} {{ "  a  b ".split() }} {{ " a b c ".split(none, 1) }} {{ "abc".split("x") }} {{ "a,b,c".rsplit(",", 1) }} {{ " a b  c ".rsplit(none, 1) }} {{ "a\nb\r\nc\x0bd\u2028e".splitlines() }} {{ "a\nb\n".splitlines(true) }} {{ "".split() }} {{ "".split(",") }}
{{ "a".split("") }}
{{ "abc".startswith("a") }} {{ "abc".endswith(("x", "c")) }} {{ "abc".startswith("") }} {{ "xxabcxx".strip("x") }} {{ "xxabcxx".lstrip("x") }} {{ "xxabcxx".rstrip("x") }} {{ "abcba".strip("ab") }}
{{ "abcabc".replace("b", "X") }} {{ "abcabc".replace("b", "X", 1) }} {{ "abc".replace("", "-") }} {{ "aaa".replace("aa", "b") }} {{ "abc"|replace("b", 5) }} {{ "aaa"|replace("a", "b", 2) }}
{{ "abcabc".find("c") }} {{ "abcabc".rfind("c") }} {{ "abc".find("z") }} {{ "éabc".find("b") }} {{ "abcabc".find("a", 1) }} {{ "abcabc".find("c", 0, 2) }} {{ "abab".count("ab") }} {{ "abc".index("c") }}
{{ "abc".index("z") }}
{{ ", ".join(["a", "b"]) }} {{ ",".join([1]) }}
{{ "abc".title() }} {{ "they're bill's".title() }} {{ "aBc".swapcase() }} {{ "ab12".isalnum() }} {{ "12".isdigit() }} {{ "".isdigit() }} {{ "ab".isalpha() }} {{ " ".isspace() }} {{ "AB1".isupper() }} {{ "1".isupper() }} {{ "a".islower() }} {{ "½".isnumeric() }} {{ "a-b".partition("-") }} {{ "ab".removeprefix("a") }} {{ "ab".removesuffix("b") }}
{{ "ab".center(7, "*") }}|{{ "abc".center(6) }}|{{ "ab".ljust(4) }}|{{ "ab".rjust(4, "0") }}|{{ "-5".zfill(4) }}|{{ "abc"|center(8) }}|
{{ "{} {1}".format(1, 2) }}
{{ "{} {} {x}".format(1, "b", x=3) }} {{ "{0:>5}|{0:<5}|{0:^5}|{1:05d}|{2:.2f}|{1:+d}|{3:,}|{1:x}|{2:e}|{2:g}|{2:%}".format("ab", 42, 3.14159, 1234567) }} {{ "{{}}" .format() }} {{ "{a[k]} {b.x} {c!r}".format(a={"k": 1}, b={"x": 2}, c="s") }}
{{ "{a[k]} {c!r:>5} {c!s}".format(a={"k": 1}, c="s") }}
{{ "%s is %d and %.2f, %5s|%-5s|%05d|%x|%%" % ("a", 42, 3.14159, "r", "l", 7, 255) }} {{ "%s" % "x" }} {{ "%(k)s" % {"k": 5} }} {{ "%r" % "q" }} {{ "%s-%s"|format("a", "b") }} {{ "%s" % [1] }}
{{ "%s %s" % "a" }}
{{ "%d" % "a" }}
{{ "a" % 1 }}
{{ d|tojson }} {{ [1, 2.5, none, true, "é\"\n\t\u2028\x1f</b>'&"]|tojson }} {{ {"a": {"b": [1, {}], "c": []}}|tojson(indent=2) }} {{ (1, 2)|tojson }} {{ {1: 2, none: 3, true: 4, 1.5: 5}|tojson }}
{{ {"b": 1, "a": "é"}|tojson(sort_keys=true, ensure_ascii=true) }} {{ {"b": [1, 2]}|tojson(separators=(",", ":")) }} {{ "😀"|tojson(ensure_ascii=true) }} {{ 1e100|tojson }} {{ 1e16|tojson }} {{ 0.1|tojson }}
{{ d.items()|tojson }}
{{ range|tojson }}
{{ '{"a": [1, 2.0, "x"]}'|from_json }} {{ "[1"|from_json }}
{{ [1, 2, 3]|join }} {{ [1, 2, 3]|join(", ") }} {{ [d, d]|join(",", attribute="a") }} {{ "abc"|join("-") }} {{ d|join(",") }}
{{ [3, 1, 2]|first }} {{ [3, 1, 2]|last }} {{ []|first }}| {{ "abc"|first }} {{ "abc"|last }} {{ d|first }} {{ d|last }} {{ []|last is defined }}
{{ [3, 1, 2]|sort }} {{ ["b", "A", "c"]|sort }} {{ ["b", "A", "c"]|sort(case_sensitive=true) }} {{ [3, 1, 2]|sort(reverse=true) }} {{ [{"k": 2}, {"k": 1}]|sort(attribute="k") }} {{ [{"k": 2, "j": 1}, {"k": 1, "j": 2}, {"k": 1, "j": 1}]|sort(attribute="k,j") }}
{{ [1, "a"]|sort }}
{{ {"b": 1, "A": 3, "c": 2}|dictsort }} {{ {"b": 1, "A": 3, "c": 2}|dictsort(true) }} {{ {"b": 1, "A": 3, "c": 2}|dictsort(by="value") }} {{ {"b": 1, "A": 3}|dictsort(reverse=true) }}
{{ [1, 2, 1, "a", "A"]|unique|list }} {{ [1, 2, 3]|reverse|list }} {{ "abc"|reverse }} {{ [1, 2, 3]|sum }} {{ [{"a": 1}, {"a": 2}]|sum(attribute="a") }} {{ [1, 2]|sum(start=10) }} {{ [1, 5, 2]|max }} {{ ["b", "A"]|min }} {{ []|max }}|
{{ [1, 2, 3, 4, 5]|batch(2)|list }} {{ [1, 2, 3]|batch(2, "x")|list }}
{{ [1, 2, 3]|map("string")|list }} {{ ["a", "b"]|map("upper")|join }} {{ [{"a": 1}, {}]|map(attribute="a", default=9)|list }} {{ [{"a": {"b": 1}}]|map(attribute="a.b")|list }} {{ [[1, 2]]|map(attribute=1)|list }} {{ ["a"]|map("replace", "a", "b")|list }}
{{ [0, 1, none, 2]|select|list }} {{ [1, 2, 3]|select("odd")|list }} {{ [1, 2, 3]|reject("odd")|list }} {{ [1, 2, 3]|select("gt", 1)|list }} {{ [{"a": 1}, {"a": 0}]|selectattr("a")|list }} {{ [{"a": 1}, {"a": 2}]|selectattr("a", "equalto", 2)|list }} {{ [{"a": 1}, {"b": 2}]|rejectattr("a", "defined")|list }} {{ [{"a": 1}, {"a": 2}]|selectattr("a", "in", [2, 3])|list }}
{{ [1, 2]|select("nosuch")|list }}
{{ [1]|map("nosuch")|list }}
{% if []|select %}yes{% else %}no{% endif %}{% set g = [1, 2]|map("string") %}{{ g|list }}{{ g|list }}
{{ [1]|select|length }}
{% for g, l in [{"a": 1, "b": 2}, {"a": 2, "b": 3}, {"a": 1, "b": 4}]|groupby("a") %}{{ g }}:{{ l }};{% endfor %}
{{ "5"|int }} {{ "5.7"|int }} {{ "x"|int }} {{ "x"|int(9) }} {{ 5.9|int }} {{ -5.9|int }} {{ "0x1f"|int(0, 16) }} {{ "ff"|int(base=16) }} {{ none|int }} {{ true|int }} {{ " 12 "|int }} {{ "1_000"|int }} {{ "5"|float }} {{ "x"|float }} {{ 3|float }} {{ "1e3"|float }} {{ [1]|int }}
{{ 2.5|round }} {{ 3.5|round }} {{ 2.675|round(2) }} {{ 42.55|round(1, "floor") }} {{ 42.51|round(1, "ceil") }} {{ 1234|round(-2) }} {{ -5|abs }} {{ 5.5|abs }} {{ 7|round }}
{{ "a\nb\n\nc"|indent }}| {{ "a\nb"|indent(2, true) }}| {{ "a\n\nb"|indent(1, blank=true) }}| {{ "a\nb\n"|indent("> ") }}|
{{ "<a href='x'>&\""|e }} {{ "one two  three"|wordcount }} {{ 5|string + "x" }} {{ [1]|string }} {{ "x"|safe }} {{ d|length }} {{ d|count }} {{ d|list }} {{ "ab"|list }} {{ (1, 2)|list }}
{{ 5|length }}
{{ 5|list }}
{{ range(3)|list }} {{ range(1, 4)|list }} {{ range(5, 0, -2)|list }} {{ range(0)|list }} {{ dict(a=1, b=2) }} {{ dict([("x", 1)]) }} {{ dict(d, z=1) }}
{{ range(1, 2, 0) }}
{{ range(1000000)|length }}
{{ range("a") }}
{{ raise_exception("no: " ~ 5) }}
{{ strftime_now("%Y-%m-%d %d %B %Y %b %A %a %H:%M:%S %I %p %j %y %-d %%") }}
{% set l = [1, 2] %}{% set _ = l.append(3) %}{% set m = l %}{% set _ = m.insert(0, 0) %}{{ l }}{{ l.pop() }}{{ l.pop(0) }}{{ l }}{{ l.index(2) }}{{ l.count(1) }}{% set q = {"a": 1} %}{% set _ = q.update({"b": 2}) %}{{ q }}{{ q.pop("a") }}{{ q }}
{% set l = [] %}{{ l.pop() }}
{% set l = [1] %}{% for x in l %}{% if x < 5 %}{% set _ = l.append(x + 1) %}{% endif %}{{ x }}{% endfor %}
{{ {"a": 1, "a": 2} }} {{ {1: "i", "1": "s"} }} {{ {1: "a"}[1] }} {{ {1: "a"}[1.0] }} {{ {(1, 2): "t"}[(1, 2)] }} {{ {true: "t"}[1] }}
{{ {[]: 1} }}
{{ d == {"a": 1, "b": "two"} }} {{ [1, [2]] == [1, [2]] }} {{ (1,) == [1] }} {{ "a" == "a" }} {{ 1 == "1" }} {{ none == none }} {{ 1 != 2 }} {{ {"x": 1, "y": 2} == {"y": 2, "x": 1} }}
{{ big }} {{ big|tojson }} {{ big is integer }} {{ f }} {{ f|tojson }} {{ neg }} {{ tiny }}
{{ messages }} {{ tools }} {{ tools is none }} {{ bos_token }} {{ add_generation_prompt }} {{ documents is none }}
{{ u|length }} {{ u.upper() }} {{ u[2:5] }} {{ u|tojson }} {{ [u] }} {{ u.split(" ") }} {{ u|reverse }}
{{ d.a.b }} {{ d.a.b.c }}
{{ "a".nope }}|{{ "a".nope() }}
{{ none.x }}|{{ (5).x }}|{{ 5["x"] }}|{{ none[0] }}|{{ "a"["b"] }}
{{ 1.__class__ }}
{{ "a" if true else b c }}
{{ (1, 2) + 3 }}
{{ d|attr("items") is callable }} {{ d|attr("a") is defined }}
{{ -1|abs }} {{ -"a"|length }}
{{ +5 }} {{ +true }} {{ -true }} {{ - - 5 }} {{ not not 1 }}
{{ "a" is string is string }}
{{ [1,2,3,] }} {{ (1,) }} {{ {"a":1,} }} {{ 1, 2 }} {{ () }}
{{ foo.bar is defined }}
{{ d.nope is defined and d.nope.x }} {{ d.nope.x is defined }}
{% if d.a == 1 and (d.b == "two" or missing.x) %}short{% endif %}
{% if a is defined %}1{% elif d %}2{% else %}3{% endif %}
{{ caller }}|{{ loop is defined }}|{{ namespace is callable }}
{{ "%5.1f|%+d|% d|%e|%g|%i" % (3.14159, 5, 5, 12345.678, 0.00001, 3.7) }}
{{ "x".join([]) }}|{{ ["a", "b"]|join("") }}|{{ [none, 1]|join(",") }}
{%- for x in [1,2] -%}
  {{ x }}
{%- endfor -%}
{% if x -%}

a
{%- endif +%}

b
'''

# One program a line does not hold those about lines.
MULTILINE = [
    "  {% if true %}\n  x\n  {% endif %}\ny\n",
    "a\n  {% if true %}\n  x\n  {% endif %}\ny\n\n",
    "{% for x in [1, 2] %}\n  {{ x }}\n{% endfor %}\nend",
    "  {%+ if true %}\n  x\n  {%+ endif %}\ny",
    "a\n\t {%- if true -%}\n  x  \n{%- endif -%}\n  b",
    "a\n  {# c #}\nb  {# d #}  \nc",
    "a\n  {#- c -#}\n  b\n {#+ c +#}\nd",
    "  {% raw %}\n  {{ a }}\n  {% endraw %}\nb",
    "x  {% raw -%}\n  {{ a }}\n  {%- endraw %}\nb",
    "x\n  {%- raw +%}\n y {%+ endraw +%}\nb",
    "a\r\nb\rc\n{{ 'x\r\ny' }}\r\n",
    "{% set x %}\nhello\n{% endset %}\n[{{ x }}]",
    "{{ 1 }}\n{{ 2 }}\n\n",
    "{% set a = 1 %}\n\n{% set b = 2 %}\n{{ a }}",
    "   {{ 1 }}\n   {{- 2 }}\n   {{+ 3 }}\n",
    "{{ 1 -}}\n\n   x  {%- set y = 1 %}\nz",
    "{{ {'a': {'b': 1}} }}{{ {'a': {}}}}",
    "{%- set x = [\n 1,\n 2\n] -%}\n{{ x }}",
    "{% if true %}a{% endif %}  \n  {% if true %}b{% endif %}",
    "\n\n  {% if true %}\n\n  {% endif %}  {% if true %}\nx{% endif %}",
    "{% macro m() %}\n  a\n{% endmacro %}\n[{{ m() }}]",
    "{{ 'a' }}  {% if true %} b{% endif %}",
    "{#\n multi\n line #}\n{{ 1 }}{#\n#}\n\n",
]

SNIPPETS = {
    "messages": [{"role": "user", "content": "hi"}],
    "tools": None,
    "extra": {"d": {"a": 1, "b": "two"}, "e": {"items": [1], "get": 5}, "big": 123456789012345678901234567890, "f": 1.0,
              "neg": -0.0, "tiny": 1e-7, "u": "añ😀 ßΩ z"},
    "sources": [line for line in SOURCES.strip("\n").split("\n") if line] + MULTILINE,
}
