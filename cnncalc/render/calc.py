"""Layers in a line each: output size with its formula, field, params, MACs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.render import format as fmt
from cnncalc.render.columns import field
from cnncalc.values.diagnostics import one_line

if TYPE_CHECKING:
    from cnncalc.explanation.model import Explained, Explanation
    from cnncalc.results.report import Report


def sizes(layer: Explanation) -> str:
    """Return the formulas of the output's extents with their numbers; equal ones once, ` and ` between others."""
    words: dict[str, None] = {}
    for section in layer.sections:
        if section.key == "size":
            for formula in section.formulas:
                if formula.numbers and formula.name.endswith("'"):
                    words[f"{formula.numbers} = {formula.value}"] = None
    return one_line(", ".join(words))


def to_text(report: Report, found: Explained) -> str:
    """Return a line for each layer, and one with the totals where there are several."""
    exact = fmt.NumberFormat.EXACT
    rows = [
        (
            one_line(f"{layer.op} {layer.text}".rstrip()),
            f"{fmt.shapes(layer.in_shapes)} -> {fmt.shapes(layer.out_shapes)}",
            f"rf {field(layer)}",
            f"{fmt.count(layer.params, exact)} params",
            f"{fmt.count(layer.macs, exact)} macs",
            sizes(explained),
        )
        for layer, explained in zip(report.layers, found.layers, strict=True)
    ]
    totals = report.totals
    bound = [">= " if key in totals.lower_bounds else "" for key in ("params", "macs")]
    if len(rows) > 1:
        rows.append(("total", "", "", f"{bound[0]}{totals.params:,} params", f"{bound[1]}{totals.macs:,} macs", ""))
    widths = [max(len(row[place]) for row in rows) for place in range(5)]
    left = (True, True, True, False, False)
    lines = []
    for row in rows:
        cells = [
            text.ljust(width) if side else text.rjust(width)
            for text, width, side in zip(row[:5], widths, left, strict=True)
        ]
        lines.append("  ".join((*cells, row[5])).rstrip())
    return "\n".join(lines) + "\n"
