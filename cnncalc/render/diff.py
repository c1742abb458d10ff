"""Two networks side by side: totals and layers with deltas and percentages, what moved most first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from cnncalc.gate.quantity import Unit, percentage, shown
from cnncalc.gate.words import plural
from cnncalc.render.check_markdown import code
from cnncalc.render.check_shared import safe

if TYPE_CHECKING:
    from cnncalc.gate.compare import Comparison, Delta, LayerChange
    from cnncalc.language.literals import Number
    from cnncalc.results.report import Report

SCHEMA = 1
SIGNS = {"added": "+", "removed": "-", "changed": "~"}
STYLES = {"added": "green", "removed": "red", "changed": "yellow"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """What is compared: the names as the user gave them, both reports, and what differs."""

    names: tuple[str, str]
    before: Report
    after: Report
    comparison: Comparison


def to_json(sides: Sides) -> str:
    """Return the comparison as JSON text; keys are only added within one schema number."""
    return json.dumps(to_dict(sides), indent=2, ensure_ascii=False, allow_nan=False)


def to_dict(sides: Sides) -> dict[str, Any]:
    """Return the comparison as plain data."""
    return {
        "schema": SCHEMA,
        "cnncalc": sides.after.version,
        "kind": "diff",
        "convention": sides.after.convention,
        "dtype": sides.after.dtype,
        "before": _side(sides.names[0], sides.before),
        "after": _side(sides.names[1], sides.after),
        **sides.comparison.to_dict(),
    }


def _side(name: str, report: Report) -> dict[str, Any]:
    return {
        "spec": name,
        "name": report.name,
        "variant": report.variant,
        "input": {key: list(shape) for key, shape in report.input},
    }


def cell(value: Number | None, unit: Unit = Unit.COUNT) -> str:
    """Return one number of a table, `?` where it is not known."""
    return "?" if value is None else shown(value, unit)


def changed(delta: Delta) -> tuple[str, str]:
    """Return a delta's difference and percentage as text."""
    change, ratio = delta.change, delta.ratio
    if change is None:
        return "?", "?"
    if not change:
        return "=", ""
    sign = "-" if change < 0 else "+"
    size = -change if change < 0 else change
    unit = delta.subject.unit
    text = shown(size, unit).replace(" %", " points") if unit is Unit.SHARE else shown(size, unit)
    return f"{sign}{text}", percentage(ratio, signed=True) if ratio is not None else "new" if not delta.before else "?"


def _plain(value: Number | None) -> str:
    return "?" if value is None else f"{value:,}"


def layer_cells(change: LayerChange) -> tuple[str, ...]:
    """Return the cells of a layer: MACs before, after, difference, percentage, the same of parameters."""
    cells: list[str] = []
    for delta in change.deltas[:2]:
        move = delta.change
        first = "-" if change.before is None else _plain(delta.before)
        second = "-" if change.after is None else _plain(delta.after)
        ratio = percentage(delta.ratio, signed=True) if delta.ratio and change.kind == "changed" else ""
        cells += [first, second, "?" if move is None else f"{move:+,}" if move else "=", ratio]
    return tuple(cells)


def what(change: LayerChange) -> str:
    """Return how a layer differs, in words."""
    before, after = change.before, change.after
    if before is None and after is not None:
        return f"{after.op} {after.text}".strip()
    if after is None and before is not None:
        return f"{before.op} {before.text}".strip()
    if before is None or after is None:
        return ""
    if (before.op, before.text) != (after.op, after.text):
        return f"{before.op} {before.text} -> {after.op} {after.text}"
    return ", ".join(change.what)


def to_text(sides: Sides, *, top: int | None, colour: bool = False) -> str:
    """Return the comparison as tables of text, `top` layers at most; no number is ever cut."""
    out = StringIO()
    console = Console(file=out, width=10_000, force_terminal=colour, no_color=not colour, highlight=False, markup=False,
                      emoji=False, color_system="standard" if colour else None, legacy_windows=False)  # fmt: skip

    def line(text: str, style: str = "") -> None:
        console.print(Text(text.rstrip(), style=style), no_wrap=True, crop=False, overflow="ignore", soft_wrap=True)

    first, second = (safe(name) for name in sides.names)
    line(f"{first} -> {second}  (FLOPs by '{sides.after.convention}', {sides.after.dtype})", "bold")
    rows = [
        (d.metric, cell(d.before, d.subject.unit), cell(d.after, d.subject.unit), *changed(d))
        for d in sides.comparison.totals
    ]
    for row, delta in zip(_aligned([("total", "before", "after", "change", ""), *rows]),
                          (None, *sides.comparison.totals), strict=True):  # fmt: skip
        line(row, "bold" if delta is None else "" if delta.change else "dim")
    comparison = sides.comparison
    kinds = ", ".join(f"{len(comparison.of_kind(kind)):,} {kind}" for kind in SIGNS)
    line("")
    line(f"layers: {kinds}, {comparison.same:,} unchanged", "bold")
    shown_layers = comparison.layers[:top]
    if shown_layers:
        head = ("", "layer", "macs", "", "change", "", "params", "", "change", "", "what")
        table = [
            (SIGNS[change.kind], safe(change.path), *layer_cells(change), safe(what(change)))
            for change in shown_layers
        ]
        for text, layer in zip(_aligned([head, *table], left=(0, 1, 10)), (None, *shown_layers), strict=True):
            line(text, "bold" if layer is None else STYLES[layer.kind])
    if len(comparison.layers) > len(shown_layers):
        line(f"and {plural(len(comparison.layers) - len(shown_layers), 'more layer')}; --all shows them", "dim")
    return out.getvalue()


def _aligned(rows: list[tuple[str, ...]], left: tuple[int, ...] = (0,)) -> list[str]:
    """Return rows of cells as lines with aligned columns, numbers to the right."""
    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            text + " " * (width - cell_len(text)) if column in left else " " * (width - cell_len(text)) + text
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def to_markdown(sides: Sides, *, top: int | None) -> str:
    """Return the comparison as two Markdown tables."""
    return comparison_markdown(sides.comparison, names=sides.names, top=top)


def comparison_markdown(
    comparison: Comparison, *, names: tuple[str, str] | None = None, top: int | None = None
) -> str:
    """Return a comparison as two Markdown tables, of totals and of `top` layers at most."""
    first, second = (code(name) for name in names or comparison.names)
    rows = [
        f"### {first} → {second}",
        "",
        "| total | before | after | change | |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for delta in comparison.totals:
        sizes = f"{cell(delta.before, delta.subject.unit)} | {cell(delta.after, delta.subject.unit)}"
        rows.append(f"| {delta.metric} | {sizes} | {' | '.join(changed(delta))} |")
    kinds = ", ".join(f"{len(comparison.of_kind(kind)):,} {kind}" for kind in SIGNS)
    rows += ["", f"Layers: {kinds}, {comparison.same:,} unchanged. FLOPs by {code(comparison.convention)}.", ""]
    if comparison.layers:
        rows += [
            "| layer | | macs before | after | change | | params before | after | change | | what |",
            "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
        ]
        rows += [
            f"| {code(change.path)} | {change.kind} | {' | '.join(layer_cells(change))} | {code(what(change))} |"
            for change in comparison.layers[:top]
        ]
        if top is not None and len(comparison.layers) > top:
            rows += ["", f"and {plural(len(comparison.layers) - top, 'more layer')}"]
    return "\n".join(rows)
