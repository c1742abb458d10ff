"""What `show` writes: the rows and columns that are asked for, as a table for a screen, and the forms for files."""

from __future__ import annotations

import sys
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from cnncalc.analysis.group import RowKind, TreeRows, by_operator, first, ranked, tree, within
from cnncalc.cli.common import WIDE, ascii_only, coloured, screen_height, screen_width
from cnncalc.render.columns import fitting
from cnncalc.render.format import NumberFormat
from cnncalc.values.diagnostics import plural
from cnncalc.values.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cnncalc.analysis.group import Row
    from cnncalc.render.columns import Column
    from cnncalc.render.table import TableView
    from cnncalc.results.report import Report

Lines: TypeAlias = tuple[tuple[str, str], ...]
"""Lines of a summary, as (label, text)."""
LEAST_ROWS = 8
"""A summary that leaves less room than for so many rows is a brief one."""


class By(StrEnum):
    """What `--by` takes."""

    OP = "op"


@record(kw_only=True)
class Choice:
    """Which rows and columns to show.

    Attributes:
        columns: the columns; empty for the usual ones.
        depth: paths of so many parts; None where nothing was said.
        whole: every layer was asked for.
        by: one row per operator.
        sort: the largest first, by this.
        top: so many rows, the rest as one.
        numbers: how counts are written.
        summary: what holds for the network as a whole stands below the table.
    """

    columns: tuple[Column, ...] = ()
    depth: int | None = None
    whole: bool = False
    by: By | None = None
    sort: str | None = None
    top: int | None = None
    numbers: NumberFormat = NumberFormat.EXACT
    summary: bool = True

    def rows(self, report: Report, *, dressed: bool = False) -> tuple[Row, ...]:
        """Return a report's rows, norm and activation in their layer's row if `dressed`."""
        if self.by:
            rows = by_operator(report.layers)
        else:
            rows = tree(report.layers, self.depth, dressed=dressed and self.in_order)
        if self.sort or self.top or self.by:
            rows = ranked(rows, self.sort or "macs")
        return first(rows, self.top) if self.top else rows

    @property
    def in_order(self) -> bool:
        """Whether rows may be put together as the screen needs it: they stand in order, and not every one is wanted."""
        return not (self.whole or self.by or self.sort or self.top)


def table(
    report: Report, choice: Choice, *, below: bool = False, partial: bool = False, plain: bool = False, under: int = 0,
    more: Lines = (),
) -> str:
    """Return a table for the screen, or for a file if `plain`.

    On a terminal it is as tall as the screen at most, if folding blocks can do that; norms and activations stand in the
    row of their layer. Elsewhere every layer has its row.

    Args:
        report: the report.
        choice: which rows and columns.
        below: after an empty line, for it stands below another.
        partial: the report ends at an error.
        plain: for a file.
        under: lines that stand under it.
        more: further lines of the summary, as (label, text).
    """
    from cnncalc.render.table import TableView, render

    height = None if plain else screen_height()
    width = WIDE if plain else screen_width()
    rows = choice.rows(report, dressed=height is not None)
    view = TableView(rows=rows, columns=choice.columns, numbers=choice.numbers, partial=partial, summary=choice.summary,
                     more=more)  # fmt: skip
    if height is not None and choice.in_order:
        view = on_screen(report, view, choice, width, height - under)
    if plain:
        text = render(report, view, width=width)
    else:
        text = render(report, view, width=width, colour=coloured(sys.stdout), ascii_only=ascii_only(sys.stdout))
    return f"\n{text}" if below else text


def on_screen(report: Report, view: TableView, choice: Choice, width: int, height: int) -> TableView:
    """Return a view whose blocks are folded until it fits the screen, with the line that says how to see all."""
    from cnncalc.render.table import render

    count = len(report.layers)
    rows, depth = view.rows, choice.depth
    if depth is None:
        note = "x" * len(folded(count, count, count))
        least = replace(view, rows=tree(report.layers, 1, dressed=True), note=note)
        around = render(report, least, width=width).count("\n") - len(least.rows)
        if around + LEAST_ROWS >= height:
            view = replace(view, brief=True)
            around = render(report, replace(least, brief=True), width=width).count("\n") - len(least.rows)
        rows, depth = within(report.layers, max(height - around - 1, 1))
    shown = sum(row.kind is not RowKind.HEADING for row in rows)
    return replace(view, rows=rows, note=folded(shown, count, depth) if shown < count else "")


def folded(rows: int, layers: int, depth: int | None) -> str:
    """Return the line that says that rows stand for several layers, and how to see each."""
    at = "" if depth is None else f", folded at depth {depth}"
    return f"{plural(rows, 'row')} for {plural(layers, 'layer')}{at}: --depth all shows every layer"


def tables(reports: Sequence[Report], choice: Choice, views: Sequence[str],
           more: Sequence[Lines]) -> str:  # fmt: skip
    """Return tables with their views below, for a file."""
    found = (table(report, choice, plain=True, more=lines) for report, lines in zip(reports, more, strict=True))
    return "\n".join(text + view for text, view in zip(found, views, strict=True))


def json(reports: Sequence[Report], choice: Choice, views: Sequence[str], more: Sequence[Lines]) -> Iterator[str]:  # noqa: ARG001
    """Return the whole reports as JSON."""
    from cnncalc.render.data import json_text

    return json_text(reports)


def parts(
    reports: Sequence[Report], choice: Choice
) -> Iterator[tuple[Report, tuple[Row, ...], tuple[Column, ...]]]:
    """Yield reports with their rows and columns."""
    return ((report, rows := choice.rows(report), choice.columns or fitting(rows)) for report in reports)


def parts_in_turn(
    reports: Sequence[Report], choice: Choice
) -> Iterator[tuple[Report, Iterable[Row], tuple[Column, ...]]]:
    """Yield the same with rows that are made as they are read, where none has to wait for another."""
    if choice.by or choice.sort or choice.top:
        yield from parts(reports, choice)
        return
    columns = choice.columns or fitting(())
    for report in reports:
        yield report, TreeRows(report.layers, choice.depth), columns


def csv(reports: Sequence[Report], choice: Choice, views: Sequence[str], more: Sequence[Lines]) -> Iterator[str]:  # noqa: ARG001
    """Return the rows as CSV."""
    from cnncalc.render.data import csv_text

    return csv_text(parts_in_turn(reports, choice), several=len(reports) > 1)


def markdown(reports: Sequence[Report], choice: Choice, views: Sequence[str], more: Sequence[Lines]) -> str:  # noqa: ARG001
    """Return Markdown tables."""
    from cnncalc.render.markdown import markdown as written

    return "\n".join(written(*part, choice.numbers, summary=choice.summary) for part in parts(reports, choice))


def latex(reports: Sequence[Report], choice: Choice, views: Sequence[str], more: Sequence[Lines]) -> str:  # noqa: ARG001
    """Return LaTeX tables."""
    from cnncalc.render.latex import latex as written

    return "\n".join(written(*part, choice.numbers) for part in parts(reports, choice))


FORMS: dict[str, Callable[[Sequence[Report], Choice, Sequence[str], Sequence[Lines]], str | Iterator[str]]] = {
    "table": tables, "json": json, "csv": csv, "markdown": markdown, "latex": latex,
}  # fmt: skip
"""What writes reports, by what `--format` takes."""
