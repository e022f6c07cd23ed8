#!/usr/bin/env python3
"""Writes src/quant/formats/iq_tables.{h,cc} from the codebooks of the IQ formats as JSON.

usage: tools/make_iq_tables.py IQ_TABLES.json [OUTPUT_FOLDER]
"""

import json
import pathlib
import sys

# JSON name -> C++ name; what the JSON has beyond these (kmask_iq2xs, iq1s_grid_gpu) we do not need.
TABLES = {
    "ksigns_iq2xs": "kIq2Signs",
    "iq2xxs_grid": "kIq2XxsGrid",
    "iq2xs_grid": "kIq2XsGrid",
    "iq2s_grid": "kIq2SGrid",
    "iq3xxs_grid": "kIq3XxsGrid",
    "iq3s_grid": "kIq3SGrid",
    "iq1s_grid": "kIq1SGrid",
    "kvalues_iq4nl": "kIq4NlValues",
    "kvalues_fp4": "kFp4Values",
}

HEADER = """// Codebooks of the IQ and MXFP4 formats. Written by tools/make_iq_tables.py: do not edit.
// The numbers are from ggml (https://github.com/ggml-org/ggml): Copyright (c) 2023-2026 The ggml authors, MIT licence.
//
// Each grid entry packs 8 (uint64_t) or 4 (uint32_t) values, one a byte, lowest byte first; those of kIq1SGrid are
// signed. kIq2Signs maps 7 sign bits to 8, the last of which makes the number of minus signs even. kFp4Values holds
// doubled E2M1 values.
"""


def literal(value: int, ctype: str) -> str:
    return str(value) if ctype.startswith("int") else f"0x{value:0{2 * bytes_of(ctype)}x}"


def bytes_of(ctype: str) -> int:
    return {"uint64_t": 8, "uint32_t": 4}.get(ctype, 1)


def declaration(name: str, table: dict) -> str:
    return f"extern const {table['type']} {name}[{len(table['values'])}]"


def definition(name: str, table: dict) -> str:
    ctype, values = table["type"], [literal(v, table["type"]) for v in table["values"]]
    per_line = {8: 5, 4: 9}.get(bytes_of(ctype), 16)
    lines = ["    " + ", ".join(values[i : i + per_line]) for i in range(0, len(values), per_line)]
    return f"alignas(64) const {ctype} {name}[{len(values)}] = {{\n" + ",\n".join(lines) + "};\n"


def main() -> None:
    tables = json.loads(pathlib.Path(sys.argv[1]).read_text())
    default = pathlib.Path(__file__).parent.parent / "src/quant/formats"
    folder = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else default
    rows = [(name, tables[key]) for key, name in TABLES.items()]
    inside = "\nnamespace sluice::quant {\n\n"
    end = "\n}  // namespace sluice::quant\n"
    header = HEADER + "#pragma once\n\n#include <cstdint>\n" + inside
    header += "".join(declaration(*row) + ";\n" for row in rows) + end
    source = HEADER + '#include "quant/formats/iq_tables.h"\n' + inside
    source += "\n".join(definition(*row) for row in rows) + end
    (folder / "iq_tables.h").write_text(header)
    (folder / "iq_tables.cc").write_text(source)


if __name__ == "__main__":
    main()
