"""JSON and CSV: what other programs read."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING

from cnncalc.analysis.group import RowKind
from cnncalc.render.cells import guarded
from cnncalc.render.columns import Column, Context
from cnncalc.render.format import NumberFormat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cnncalc.analysis.group import Row
    from cnncalc.results.report import Report


def json_text(reports: Sequence[Report]) -> Iterator[str]:
    """Yield one report as an object, several as an array; exactly `Report.to_dict()`, a layer when its turn comes."""
    if len(reports) == 1:
        yield from reports[0].json_pieces()
        yield "\n"
        return
    yield "[\n"
    for index, report in enumerate(reports):
        yield from report.json_pieces()
        yield ",\n" if index < len(reports) - 1 else "\n"
    yield "]\n"


def csv_lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Yield rows as lines of CSV."""
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    for row in rows:
        writer.writerow(row)
        yield file.getvalue()
        file.seek(0)
        file.truncate()


def csv_text(
    tables: Iterable[tuple[Report, Iterable[Row], Sequence[Column]]], *, several: bool
) -> Iterator[str]:
    """Yield one line per row, without totals: counts as bare digits, shares as parts of one, unknown as `?`.

    Args:
        tables: reports with their rows and columns.
        several: begin each line with the network's name.
    """

    def lines() -> Iterator[list[str]]:
        begun = False
        for report, rows, columns in tables:
            context = Context(report, NumberFormat.PLAIN)
            if not begun:
                names = [column.name for column in columns]
                yield ["network", *names] if several else names
                begun = True
            for row in rows:
                if row.kind is not RowKind.HEADING:
                    cells = [guarded(column.cell(row, context)) for column in columns]
                    yield [guarded(report.name), *cells] if several else cells

    return csv_lines(lines())
