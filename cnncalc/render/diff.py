"""Two networks side by side: totals and layers with deltas and percentages, what moved most first."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnncalc.gate.quantity import Unit, percentage, shown
from cnncalc.render.arguments import words
from cnncalc.render.check_markdown import code
from cnncalc.render.format import shapes
from cnncalc.values.diagnostics import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.gate.compare import Comparison, Delta, LayerChange
    from cnncalc.language.literals import Number
    from cnncalc.results.arguments import Argument
    from cnncalc.results.report import Report

SCHEMA = 1
COSTS = ("params", "macs", "flops", "memory_access", "receptive_field")
SIGNS = {"added": "+", "removed": "-", "changed": "~"}


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


def plain(value: Number | None, unit: Unit = Unit.COUNT) -> str:
    """Return one number without a rounded one beside it."""
    return "?" if value is None else re.sub(r" \([^()]*\)$", "", shown(value, unit))


def changed(delta: Delta, *, short: bool = True) -> tuple[str, str]:
    """Return a delta's difference and percentage as text; the difference with its rounded form, if `short`."""
    change, ratio = delta.change, delta.ratio
    if change is None:
        return "?", "?"
    if not change:
        return "=", ""
    sign = "-" if change < 0 else "+"
    size = -change if change < 0 else change
    unit = delta.subject.unit
    text = cell(size, unit) if short else plain(size, unit)
    text = text.replace(" %", " points") if unit is Unit.SHARE else text
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


def apart(before: Sequence[Argument], after: Sequence[Argument]) -> tuple[str, str]:
    """Return what differs between the arguments of two operators, `64` and `72`."""
    old, new = words(before) or [""], words(after) or [""]
    gone, come = [part for part in old if part not in new], [part for part in new if part not in old]
    if not gone or not come:
        gone, come = [old[0], *gone], [new[0], *come]
    return ", ".join(gone), ", ".join(come)


def what(change: LayerChange) -> str:
    """Return how a layer differs, in words."""
    before, after = change.before, change.after
    if before is None and after is not None:
        return f"{after.op} {after.text}".strip()
    if after is None and before is not None:
        return f"{before.op} {before.text}".strip()
    if before is None or after is None:
        return ""
    said = []
    if (before.op, before.text) != (after.op, after.text):
        said.append(f"{before.op} {' -> '.join(apart(before.given, after.given))}" if before.op == after.op
                    else f"{before.op} {before.text} -> {after.op} {after.text}")  # fmt: skip
    for key in ("out_shapes", "in_shapes"):
        old, new = shapes(getattr(before, key)), shapes(getattr(after, key))
        if old != new and not any("x" in word for word in said[1:]):
            said.append(f"{'from ' if key == 'in_shapes' else ''}{old} -> {new}")
            break
    if before.inputs != after.inputs:
        said.append("reads other layers")
    rest = [key for key in change.what if key in COSTS]
    return ", ".join(said or [key.replace("_", " ") for key in rest] or change.what)


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
