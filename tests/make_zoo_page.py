"""Writes docs/zoo.md: every network of the zoo with its numbers, and what others publish beside what we count.

python tests/make_zoo_page.py > docs/zoo.md
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oracles import models

import cnncalc
from cnncalc import zoo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DATA = Path(__file__).parent / "data"
FILES = ("published.json", "published_mobile.json")
NOT_KNOWN = "the reason is not known"
FIGURES = {
    "params": "params",
    "macs": "MACs",
    "flops": "FLOPs",
    "activations": "activations",
    "receptive_field": "receptive field",
    "model_size": "model size, bytes",
}


@cache
def report(name: str, shape: tuple[int, ...] | None = None, convention: str = "exact") -> cnncalc.Report:
    """Return the analysis of a network."""
    return cnncalc.analyze(name, input=shape, convention=convention)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One published figure, and the number that stands here beside it.

    Attributes:
        network: a name of the zoo.
        metric: what it counts.
        printed: the figure as it is published.
        value: the same as a whole number.
        unit: the value of its last digit.
        where: the publication.
        note: what is known about a difference.
        certain: it was read in the publication itself.
        shape: the input it is for, where that is not the network's own.
        convention: the counting rule of the figure.
    """

    network: str
    metric: str
    printed: str
    value: int
    unit: int
    where: str
    note: str
    certain: bool
    shape: tuple[int, ...] | None
    convention: str

    @property
    def here(self) -> int:
        """Our number for the same thing."""
        found = report(self.network, self.shape, self.convention)
        if self.metric == "receptive_field":
            return found.summary.receptive_field[0] or 0
        return int(getattr(found.totals, self.metric))

    @property
    def agrees(self) -> bool:
        """Whether our number, rounded to the figure's last digit, is the figure."""
        return abs(self.here - self.value) * 2 <= self.unit

    @property
    def figure(self) -> str:
        """What it is, in words."""
        words = FIGURES[self.metric]
        if self.metric == "flops":
            words += f", rule `{self.convention}`"
        return words + (f" at {'x'.join(map(str, self.shape))}" if self.shape else "")

    @property
    def difference(self) -> str:
        """Ours less theirs."""
        delta = self.here - self.value
        if not delta:
            return "0"
        if self.agrees:
            return "agrees"
        hundredths = (abs(delta) * 20_000 + self.value) // (2 * self.value)
        percent = f"{hundredths // 100}.{hundredths % 100:02d}"
        return f"{delta:+,} ({'-' if delta < 0 else '+'}{percent} %)"

    @property
    def remark(self) -> str:
        """What is known, also that nothing is."""
        return self.note or ("" if self.agrees else NOT_KNOWN)


def _fact(entry: dict[str, Any]) -> Fact:
    return Fact(
        network=entry["network"],
        metric=entry["metric"],
        printed=entry["printed"],
        value=entry["value"],
        unit=entry["unit"],
        where=entry["source"],
        note=entry["note"],
        certain=entry["certain"],
        shape=tuple(entry["input"]) if "input" in entry else None,
        convention=entry.get("convention", "exact"),
    )


@cache
def facts() -> tuple[Fact, ...]:
    """Return every published figure of a network in the zoo, in the order of the zoo."""
    order = [entry.name for entry in zoo.entries()]
    found = [_fact(entry) for name in FILES for entry in json.loads((DATA / name).read_text(encoding="utf-8"))]
    return tuple(sorted(found, key=lambda fact: order.index(fact.network)))


def page() -> str:
    """Return the whole page."""
    return "\n".join([*_head(), *_differences(), *_heads(), *_families()]) + "\n"


def _head() -> Iterator[str]:
    known = facts()
    agreeing = sum(fact.agrees for fact in known)
    networks, files = len(zoo.entries()), len(zoo.files())
    yield f"""\
# The zoo

{networks} networks in {files} files: `cnncalc zoo` lists them, `cnncalc show NAME` shows one. Written by
`python tests/make_zoo_page.py > docs/zoo.md`.

Counts are exact, for one image, forward, at the input given: parameters, multiply-accumulates (MACs), floating-point
operations under the rule `exact`, elements moved (read, written, weights and biases), and the receptive field of the
last map in input pixels ([how we count](counting.md)). Networks have no heads that only training uses.

Beside them stands what others publish: {len(known)} figures. {agreeing} of them agree to the last digit that is
printed; the other {len(known) - agreeing} are in the first table, with the reason where it is known. Nothing is tuned
to hide a difference. A difference is our number less the published one. Figures with a dagger † are second-hand: the
publication itself was not at hand to check them.
"""


def _differences() -> Iterator[str]:
    yield "## Where the published figure is another\n"
    yield from _table(
        ["Network", "Figure", "Published", "Here", "Difference", "Where", "Why"],
        "llrrrll",
        (
            [f"`{f.network}`", f.figure, _printed(f), f"{f.here:,}", f.difference, f.where, f.remark]
            for f in facts()
            if not f.agrees
        ),
    )


def _heads() -> Iterator[str]:
    yield """\
## Heads that only training uses

torchvision builds these networks with an auxiliary classifier, and publishes some figures with it. Here it is left out;
the difference is the head (PyTorch's own count of both). The classifiers of googlenet and inception_v3 do not run in
evaluation, so that they cost parameters and no multiply-accumulates.
"""
    rows = []
    for name, model in models().items():
        totals = model.totals
        if "total_params_with_aux" in totals:
            params, macs = totals["total_params_with_aux"], totals["total_macs_with_aux"]
            found = report(name).totals
            rows.append([f"`{name}`", f"{params:,}", f"{found.params:,}", f"{params - found.params:,}", f"{macs:,}",
                         f"{found.macs:,}", f"{macs - found.macs:,}"])  # fmt: skip
    headings = ["Network", "Params with", "Params here", "Head", "MACs with", "MACs here", "Head"]
    yield from _table(headings, "lrrrrrr", rows)


def _families() -> Iterator[str]:
    for file, members in groupby(zoo.entries(), key=lambda entry: entry.file):
        names = [entry.name for entry in members]
        yield f"## {file.stem}\n"
        yield f"{report(names[0]).source}. [specs/{file.name}](../specs/{file.name})\n"
        yield from _table(
            ["Network", "Input", "Params", "MACs", "FLOPs", "Memory access", "Receptive field"],
            "llrrrrr",
            (_numbers(name) for name in names),
        )
        published = [fact for fact in facts() if fact.network in names]
        if published:
            yield from _table(
                ["Network", "Figure", "Published", "Difference", "Where", "Remark"],
                "llrrll",
                ([f"`{f.network}`", f.figure, _printed(f), f.difference, f.where, f.remark] for f in published),
            )
        else:
            yield "No published figure of it is known to us.\n"


def _numbers(name: str) -> list[str]:
    found = report(name)
    totals, field = found.totals, found.summary.receptive_field
    shapes = ", ".join(str(shape) for _, shape in found.input)
    counts = (totals.params, totals.macs, totals.flops, totals.memory_access.total)
    return [f"`{name}`", shapes, *(f"{count:,}" for count in counts), "x".join(map(str, dict.fromkeys(field)))]


def _printed(fact: Fact) -> str:
    return fact.printed + ("" if fact.certain else " †")


def _table(headings: list[str], align: str, rows: Iterable[list[str]]) -> Iterator[str]:
    yield "| " + " | ".join(headings) + " |"
    yield "| " + " | ".join("---:" if side == "r" else "---" for side in align) + " |"
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
    yield ""


if __name__ == "__main__":
    sys.stdout.write(page())
