"""Writes docs/zoo.md: every network of the zoo with its numbers, and what others publish beside what we count.

python tests/make_zoo_page.py > docs/zoo.md
"""

from __future__ import annotations

import sys
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from oracles import models

import cnncalc
from cnncalc import zoo
from cnncalc.render.zoo_page import measured
from cnncalc.zoo.figures import Figure, figures
from cnncalc.zoo.totals import NetworkTotals, stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

@cache
def report(name: str, shape: tuple[int, ...] | None = None, convention: str = "exact") -> cnncalc.Report:
    """Return the analysis of a network."""
    return cnncalc.analyze(name, input=shape, convention=convention)


class Fact(NamedTuple):
    """One published figure, and the number that stands here beside it."""

    told: Figure
    here: int

    @property
    def agrees(self) -> bool:
        """Whether our number, rounded to the figure's last digit, is the figure."""
        return self.told.agrees(self.here)

    @property
    def difference(self) -> str:
        """Ours less theirs."""
        return self.told.difference(self.here)

    @property
    def remark(self) -> str:
        """What is known, also that nothing is."""
        return self.told.remark(self.here)


@cache
def facts() -> tuple[Fact, ...]:
    """Return every published figure of a network in the zoo, in the order of the zoo, with our number."""
    return tuple(
        Fact(told, here(told)) for told in figures()
    )


@cache
def totals(name: str) -> NetworkTotals:
    """Return what a network comes to on its own input, as it is stored."""
    entry = zoo.find(name)
    known = None if entry is None else stored(entry)
    assert known is not None, "run: python tools/renew.py totals"
    return known


def here(told: Figure) -> int:
    """Return our number for a published figure."""
    if told.shape is not None or told.convention != "exact":
        return measured(report(told.network, told.shape, told.convention), told.metric)
    if told.metric == "receptive_field":
        return totals(told.network).receptive_field[0] or 0
    return int(totals(told.network).number(told.metric))


def page() -> str:
    """Return the whole page."""
    return "\n".join([*_head(), *_differences(), *_heads(), *_families()]) + "\n"


def _head() -> Iterator[str]:
    known = facts()
    agreeing = sum(fact.agrees for fact in known)
    networks, files = len(zoo.entries()), len(zoo.files())
    yield f"""\
# The zoo

{networks} networks in {files} files: `cnncalc zoo` lists them, `cnncalc zoo NAME` has one's table and figures.
A name is found as people write it, everywhere: `ResNet-50`, `vit_base`, `unet++`.
`cnncalc zoo --task detection --year 2020- --max params=5M` narrows the list, `--sort` orders it. Written by
`python tests/make_zoo_page.py > docs/zoo.md`.
{_tasks()}
Counts are exact, for one image, forward, at the input given: parameters, multiply-accumulates (MACs), floating-point
operations under the rule `exact`, elements moved (read, written, weights and biases), and the receptive field of the
last map in input pixels ([how we count](counting.md)). Networks have no heads that only training uses.

Beside them stands what others publish: {len(known)} figures. {agreeing} of them agree to the last digit that is
printed; the other {len(known) - agreeing} are in the first table, with the reason where it is known. Nothing is tuned
to hide a difference. A difference is our number less the published one. Figures with a dagger † are second-hand: the
publication itself was not at hand to check them.
"""


def _tasks() -> str:
    """Return a line for each task, with the networks that are for it, by file."""
    lines = [""]
    for task in zoo.TASKS:
        names = [f"[{file.stem}](#{file.stem})" for file in zoo.files() if zoo.task(file) == task]
        lines.append(f"- {task}: {', '.join(names)}")
    return "\n".join([*lines, ""])


def _differences() -> Iterator[str]:
    yield "## Where the published figure is another\n"
    yield from _table(
        ["Network", "Figure", "Published", "Here", "Difference", "Where", "Why"],
        "llrrrll",
        (
            [f"`{f.told.network}`", f.told.words, f.told.marked, f"{f.here:,}", f.difference, f.told.where, f.remark]
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
        yield f"{zoo.task(file).capitalize()}, {zoo.year(file)}. {totals(names[0]).source}."
        yield f"[specs/{file.name}](../specs/{file.name})\n"
        yield from _table(
            ["Network", "Input", "Params", "MACs", "FLOPs", "Memory access", "Receptive field"],
            "llrrrrr",
            (_numbers(name) for name in names),
        )
        known = [fact for fact in facts() if fact.told.network in names]
        if known:
            yield from _table(
                ["Network", "Figure", "Published", "Difference", "Where", "Remark"],
                "llrrll",
                (
                    [f"`{f.told.network}`", f.told.words, f.told.marked, f.difference, f.told.where, f.remark]
                    for f in known
                ),
            )
        else:
            yield "No published figure of it is known to us.\n"


def _numbers(name: str) -> list[str]:
    found = totals(name)
    shapes = ", ".join("x".join(map(str, shape)) for _, shape in found.input)
    counts = [int(found.number(metric)) for metric in ("params", "macs", "flops", "memory_access")]
    field = "x".join(map(str, dict.fromkeys(found.receptive_field)))
    return [f"`{name}`", shapes, *(f"{count:,}" for count in counts), field]


def _table(headings: list[str], align: str, rows: Iterable[list[str]]) -> Iterator[str]:
    yield "| " + " | ".join(headings) + " |"
    yield "| " + " | ".join("---:" if side == "r" else "---" for side in align) + " |"
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
    yield ""


if __name__ == "__main__":
    sys.stdout.write(page())
