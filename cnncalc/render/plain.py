"""Reports and parts of them as text: what a notebook shows that may run no style, and what a prompt prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.analysis.group import tree, within
from cnncalc.render.table import TableView, render

if TYPE_CHECKING:
    from cnncalc.results.parts import Layers
    from cnncalc.results.report import Report

WIDTH, MOST_ROWS = 120, 60


def report_text(report: Report) -> str:
    """Return a report as its table; blocks are folded so far that it has few rows."""
    rows = tree(report.layers)
    note = ""
    if len(rows) > MOST_ROWS:
        rows, _ = within(report.layers, MOST_ROWS)
        note = f"folded; report.match('*') shows all {len(report.layers):,} layers"
    return render(report, TableView(rows=rows, note=note), width=WIDTH).rstrip("\n")


def layers_text(layers: Layers) -> str:
    """Return some layers of a report as the same table, with their sums."""
    if layers.report is None or not layers:
        return "no layers"
    part = layers.part()
    return render(part, TableView(rows=tree(part.layers), summary=False), width=WIDTH).rstrip("\n")
