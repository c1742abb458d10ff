"""The table of a network in letters: extents, parameters and products of every layer for any size of the input."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from cnncalc._version import __version__
from cnncalc.numbers.words import TEXT, Words
from cnncalc.render.cells import guarded
from cnncalc.render.data import csv_lines
from cnncalc.render.format import hanging, tally
from cnncalc.render.formula import wanted
from cnncalc.render.markdown import code, escape
from cnncalc.values.diagnostics import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.numbers.polynomial import Polynomial
    from cnncalc.search.formula import Formulas

HEADS = ("Layer", "Operator", "Output", "Params", "MACs")
KEYS = ("layer", "operator", "output", "params", "macs")
GAP = "  "
UNKNOWN = "?"
WIDE = 10_000


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A layer, or the layers of one path, in letters.

    Attributes:
        path: its path, cut to the depth that was asked for.
        operator: its operator, or how many of each.
        extents: of its last layer's output.
        params: its parameters; None where a layer's are unknown.
        macs: its products; None where a layer's are unknown.
    """

    path: str
    operator: str
    extents: tuple[str, ...]
    params: str | None
    macs: str | None

    @property
    def output(self) -> str:
        """The extents between crosses, what is no single number or letter in parentheses."""
        plain = all(text.isdigit() for text in self.extents)
        return ("x" if plain else " x ").join(f"({text})" if " " in text else text for text in self.extents)

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as a table shows it."""
        return self.path, self.operator, self.output, self.params or UNKNOWN, self.macs or UNKNOWN


class LetterTable:
    """Writes the layers of formulas, their sums, and what must hold.

    Args:
        found: the formulas of each layer, with `output`.
        operators: the layers in order, each with its operator.
        depth: the parts of paths that are rows, deeper layers summed; None for every layer.
    """

    def __init__(self, found: Formulas, operators: Sequence[tuple[str, str]], depth: int | None = None) -> None:
        self.found = found
        self.layers = len(operators)
        self.words = Words(found.network, {one.name: one.under for one in found.letters}, TEXT)
        self.rows = [self._row(path, list(group)) for path, group in groupby(operators, key=_cut(depth))]
        self.totals = {name: self._text(found.network.outputs.get(name)) for name in ("params", "macs")}
        self.meanings = [f"{one.name}: {one.meaning}" for one in found.letters]
        self.steps = {self.words.names[step.number]: self.words.step(step) for step in wanted(found, self.words)}
        self.conditions = self.words.requirements()

    def _text(self, polynomial: Polynomial | None) -> str | None:
        return None if polynomial is None else self.words.polynomial(polynomial)

    def _row(self, path: str, group: Sequence[tuple[str, str]]) -> LetterRow:
        outputs, last = self.found.network.outputs, group[-1][0]
        extents: list[str] = []
        while (extent := outputs.get(f"{last}:output.{len(extents)}")) is not None:
            extents.append(self.words.polynomial(extent))
        params, macs = (self._text(self._sum(name, group)) for name in ("params", "macs"))
        return LetterRow(path, tally(operator for _, operator in group), tuple(extents), params, macs)

    def _sum(self, name: str, group: Sequence[tuple[str, str]]) -> Polynomial | None:
        found: Polynomial = {}
        for layer, _ in group:
            if f"{layer}:{name}" in self.found.unknown:
                return None
            for monomial, factor in self.found.network.outputs[f"{layer}:{name}"].items():
                found[monomial] = found.get(monomial, 0) + factor
        return {monomial: factor for monomial, factor in found.items() if factor}

    def _total(self) -> tuple[str, ...]:
        unknown = self.found.unknown
        sums = (f"{'>= ' if name in unknown else ''}{text or UNKNOWN}" for name, text in self.totals.items())
        return "Total", plural(self.layers, "layer"), "", *sums

    def _holds(self) -> str:
        return f"for {', '.join(self.conditions)}" if self.conditions else "for all sizes"

    def table(self, width: int = WIDE) -> str:
        """Return the table as text; on a narrow screen without the operators, a formula is never cut."""
        rows = [HEADS, *(row.cells for row in self.rows), self._total()]
        note = []
        if _wide(rows) > width:
            rows = [(row[0], *row[2:]) for row in rows]
            note = ["left out for the width: operator"]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [GAP.join(text.ljust(room) for text, room in zip(row, widths, strict=True)).rstrip() for row in rows]
        below = [*self.meanings, *(f"{name} = {step}" for name, step in self.steps.items()), self._holds()]
        return "\n".join([*lines, *note, "", *(hanging(line, width) for line in below)]) + "\n"

    def csv(self, width: int = WIDE) -> str:  # noqa: ARG002 - as every form
        """Return one line for each row, without totals."""
        return "".join(csv_lines([KEYS, *([guarded(cell) for cell in row.cells] for row in self.rows)]))

    def markdown(self, width: int = WIDE) -> str:  # noqa: ARG002 - as every form
        """Return the table with its totals, and what its letters are as a list."""
        lines = [f"### {code(self.found.name)}", "", f"| {' | '.join(HEADS)} |", "| --- | --- | --- | --- | --- |"]
        lines += [f"| {code(row.path)} | {' | '.join(map(escape, row.cells[1:]))} |" for row in self.rows]
        lines.append(f"| {' | '.join(f'**{escape(text)}**' if text else '' for text in self._total())} |")
        below = [*self.meanings, *(f"{name} = {step}" for name, step in self.steps.items()), self._holds()]
        return "\n".join([*lines, "", *(f"- {escape(line)}" for line in below)]) + "\n"

    def json(self, width: int = WIDE) -> str:  # noqa: ARG002 - as every form
        """Return everything as JSON: formulas are text, what is unknown is null."""
        found = self.found
        layers = [
            {"path": row.path, "op": row.operator, "output": list(row.extents), "params": row.params, "macs": row.macs}
            for row in self.rows
        ]
        data: dict[str, Any] = {
            "schema": 1, "cnncalc": __version__, "name": found.name,
            "letters": {one.name: one.meaning for one in found.letters}, "layers": layers, "totals": self.totals,
            "steps": self.steps, "conditions": self.conditions,
            "lower_bounds": [name for name in self.totals if name in found.unknown],
        }  # fmt: skip
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


FORMS = {"table": LetterTable.table, "json": LetterTable.json, "csv": LetterTable.csv, "markdown": LetterTable.markdown}


def _cut(depth: int | None) -> Callable[[tuple[str, str]], str]:
    return lambda layer: ".".join(layer[0].split(".")[:depth])


def _wide(rows: Sequence[tuple[str, ...]]) -> int:
    return sum(max(map(len, column)) for column in zip(*rows, strict=True)) + (len(rows[0]) - 1) * len(GAP)
