"""Networks of the zoo against programs that are not this one: what each says of them, and where anything differs.

`python -m tools.crosscheck [NAME ...]` asks the programs that are installed about the networks named, or about one of
every file of the zoo that it has not asked about, and adds what they say to `tests/data/crosschecked.jsonl`: one line
for each network and program. It runs one network after the other; `--program` asks one program alone. `python
tools/renew.py crosscheck` writes `docs/cross-examined.md` from these records and those of the tests, without them.
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
DATA = TESTS / "data" / "crosschecked.jsonl"
PROGRAMS = {"torch": "PyTorch", "onnx": "ONNX", "keras": "Keras"}
"""The programs that are given what `cnncalc export` writes, by the word of `cnncalc verify --with`."""
TOOLS = ("fvcore", "flopcounter", "torchinfo", "ptflops", "calflops", "torchscan", "thop")
"""The counters whose rules this program has, as they count the library's own model."""


class Said(NamedTuple):
    """What a program says of a network, and what it cannot be asked."""

    params: int | None = None
    macs: int | None = None
    layers: int | None = None
    refused: str = ""


def networks() -> list[str]:
    """Return the own network of every file of the zoo."""
    from cnncalc import zoo

    return sorted(file.stem for file in zoo.files())


def ask(name: str, program: str) -> Said:
    """Return what a program says of a network."""
    from cnncalc.matching import EXPORTED
    from cnncalc.study import Study
    from cnncalc.values.diagnostics import SpecError

    try:
        side = EXPORTED[program](Study.of(name))
    except SpecError as error:
        return Said(refused=error.diagnostics[0].message)
    return Said(side.params, side.macs, len(side.layers))


def records() -> dict[tuple[str, str], dict[str, Any]]:
    """Return the recorded lines by network and program, the last where there are several."""
    if not DATA.exists():
        return {}
    lines = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
    return {(line["network"], line["program"]): line for line in lines}


def record(names: list[str], programs: list[str]) -> None:
    """Ask the programs about networks and write down what they say."""
    for name in names:
        for program in programs:
            said = ask(name, program)
            line = {"network": name, "program": program, "version": version(program).partition("+")[0],
                    **{key: value for key, value in said._asdict().items() if value not in (None, "")}}  # fmt: skip
            known = {**records(), (name, program): line}
            sys.stdout.write(f"{json.dumps(line)}\n")
            text = "".join(f"{json.dumps(row)}\n" for _, row in sorted(known.items()))
            DATA.write_text(text, encoding="utf-8")


@cache
def graph_of(name: str, shape: str) -> Any:
    """Return a network at input shapes that are written as JSON."""
    from cnncalc.study import Study

    return Study.of(name, input=json.loads(shape)).graph


@cache
def here(name: str, shape: str = "null") -> tuple[int, int]:
    """Return our parameters and multiply-accumulates."""
    nodes = graph_of(name, shape).nodes
    params = sum(node.op.params(node.in_shapes) for node in nodes if node.shares is None)
    return params, sum(node.op.macs(node.in_shapes, node.out_shapes) for node in nodes)


def by_rule(name: str, shape: str, rule: str) -> int:
    """Return our operations by a counter's rule."""
    from cnncalc.rules import convention

    flops = convention(rule).flops
    return sum(flops(node.op.count(node.in_shapes, node.out_shapes)) or 0 for node in graph_of(name, shape).nodes)


def library(name: str) -> str:
    """Return how the network of a library compares: timm's, torchvision's and others', run by PyTorch."""
    told = frameworks().get(name)
    if told is None:
        return ""
    mine = here(name, json.dumps(told["input"]))
    return "=" if mine == (told["params"], told["macs"]) else f"**{told['params']:,}; {told['macs']:,}**"


@cache
def frameworks() -> dict[str, Any]:
    """Return the recorded networks of libraries: parameters and multiply-accumulates of their own code."""
    found = dict(json.loads((TESTS / "data" / "frameworks.json").read_text(encoding="utf-8"))["networks"])
    for file in sorted((TESTS / "oracles" / "models").glob("*.json")):
        told = json.loads(file.read_text(encoding="utf-8"))
        totals = told["totals"]
        found.setdefault(file.stem, {"input": told["input"], "params": totals["total_params"],
                                     "macs": totals["total_macs"]})  # fmt: skip
    return found


def counters(name: str) -> str:
    """Return how many of the counters count the library's model as their rule here counts the spec."""
    told = next((row for row in conventions() if row["network"] == name), None)
    if told is None:
        return ""
    numbers = {tool: number for tool, number in told["numbers"].items() if tool in TOOLS and number is not None}
    equal = [tool for tool, number in numbers.items() if by_rule(name, json.dumps(told["input"]), tool) == number]
    if len(equal) == len(numbers):
        return f"= {len(numbers)}"
    rest = ", ".join(f"[{tool}](counting.md#{tool})" for tool in numbers if tool not in equal)
    return f"= {len(equal)} of {len(numbers)}; not {rest}"


@cache
def conventions() -> list[dict[str, Any]]:
    """Return the recorded counts of the counters."""
    return list(json.loads((TESTS / "data" / "conventions.json").read_text(encoding="utf-8"))["networks"])


def exported(name: str, program: str) -> str:
    """Return how a program's numbers of what is exported compare."""
    told = records().get((name, program))
    if told is None:
        return ""
    if "refused" in told:
        return "[no form](#no-form)"
    mine = here(name)
    return "=" if mine == (told["params"], told["macs"]) else f"**{told['params']:,}; {told['macs']:,}**"


def refusals() -> list[str]:
    """Return what the exports refuse, one line for each network and program."""
    return [f"- {name}, {PROGRAMS[program]}: {line['refused']}." for (name, program), line in sorted(records().items())
            if "refused" in line]  # fmt: skip


def differing() -> list[str]:
    """Return what differs from this program's numbers and is not explained, one text for each."""
    found = []
    for name in networks():
        cells = {"its library": library(name), **{title: exported(name, word) for word, title in PROGRAMS.items()}}
        found += [f"{name}: {title} says {cell}" for title, cell in cells.items() if cell.startswith("**")]
    return found


def page() -> str:
    """Return docs/cross-examined.md."""
    versions: dict[str, set[str]] = {}
    for (_, program), line in records().items():
        versions.setdefault(program, set()).add(line["version"])
    titles = [f"{title} {', '.join(sorted(versions.get(word, {'-'})))}" for word, title in PROGRAMS.items()]
    rows = []
    counts = [0] * (2 + len(PROGRAMS))
    for name in networks():
        cells = [library(name), counters(name), *(exported(name, word) for word in PROGRAMS)]
        counts = [n + cell.startswith("=") for n, cell in zip(counts, cells, strict=True)]
        params, macs = here(name)
        rows.append(f"| {name} | {params:,} | {macs:,} | {' | '.join(cells)} |")
    wrong = differing()
    verdict = "Nothing differs." if not wrong else f"{len(wrong)} differ: {'; '.join(wrong)}."
    head = f"| network | parameters | MACs | its library | counters | {' | '.join(titles)} |"
    total = f"| **equal** | | | {' | '.join(map(str, counts))} |"
    return f"""\
# Cross-examined

Each network of the zoo, one of every file, against programs that are not this one. {verdict} Written by
`python tools/renew.py crosscheck` from what was recorded by `python -m tools.crosscheck` and by the tests; CI asks the
programs that are installed there again.

- `=`: parameters and multiply-accumulates are equal to the digit. In bold: what the other program says.
- its library: the network in torchvision, timm, effdet, MONAI, Ultralytics or in its authors' code, run by PyTorch on
  the meta device and counted by `FlopCounterMode` (one half; attention as its two products).
- counters: {", ".join(TOOLS)} on the library's network, each against the
  [rule](counting.md) of its name here; how many are equal. Those that are not have hooks that go by a module's exact
  type, and pass over the norms and attention of the library. `cnncalc reconcile` says of two figures of one network
  what lies between them ([reconcile](reconcile.md)); a name in a cell leads to what that tool counts, and passes over.
- PyTorch, ONNX, Keras: what `cnncalc export` writes, as [`cnncalc verify`](exporting.md) holds it against the spec: run
  and counted by PyTorch, its shapes inferred by ONNX, built by Keras. `no form`: the export refuses a layer, which
  [the end of this page](#no-form) names.
- An empty cell was not asked.

{head}
| --- | ---: | ---: | --- | --- | {" | ".join("---" for _ in PROGRAMS)} |
{chr(10).join(rows)}
{total}

Deployment is cross-examined apart: arenas to the byte with TensorFlow Lite Micro, operators and peaks with Arm's Vela
([deployment](deployment.md)); receptive fields with PyTorch's gradients ([receptive fields](receptive-fields.md)).

## No form

What an export refuses, at its layer:

{chr(10).join(refusals())}
"""


def main(arguments: list[str] | None = None) -> int:
    """Ask the programs that are installed."""
    parser = argparse.ArgumentParser(prog="python -m tools.crosscheck", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="networks; without any, those not asked about")
    parser.add_argument("--program", choices=[*PROGRAMS], help="one program alone")
    asked = parser.parse_args(arguments)
    programs = [asked.program] if asked.program else [p for p in PROGRAMS if find_spec(p) is not None]
    for program in programs:
        known = {name for name, word in records() if word == program}
        record(asked.names or [name for name in networks() if name not in known], [program])
    return 0


if __name__ == "__main__":
    sys.exit(main())
