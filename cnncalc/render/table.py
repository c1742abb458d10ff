"""The table of `show` on a terminal: a rich renderable that never cuts a number."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO
from itertools import compress
from typing import TYPE_CHECKING, NamedTuple

from rich.segment import Segment
from rich.style import Style

from cnncalc.analysis.group import RowKind
from cnncalc.render import format as fmt
from cnncalc.render.columns import COLUMNS, LEAVE_FIRST, Column, Context, fitting, label, operator, operators, tallied
from cnncalc.render.summary import brief, facts, heading
from cnncalc.values.diagnostics import one_line, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

    from cnncalc.analysis.group import Row
    from cnncalc.results.layer import Layer
    from cnncalc.results.report import Report

PLAIN, BOLD, DIM = Style.null(), Style(bold=True), Style(dim=True)
TITLE, SCOPE, INNER = Style(bold=True), Style(bold=True, color="cyan"), Style(color="cyan")
BAR, DOUBT = Style(color="cyan"), Style(color="yellow")
EIGHTHS = " ▏▎▍▌▋▊▉█"
OPERATOR_MOST = 52
OPERATOR_LEAST = 17
NAME_LEAST = 12
PANEL_MOST = 110
SECONDARY = ("bias", "no bias", "padding")
"""Arguments that the operator column leaves out first, in this order, in all rows alike."""


class Spacing(NamedTuple):
    """How a table is spaced, in characters: indentation per level, gap between columns, length of the bars."""

    indent: int
    gap: int
    bar: int


SPACINGS = (Spacing(2, 2, 10), Spacing(2, 1, 6), Spacing(1, 1, 6))


@dataclass(frozen=True, slots=True, kw_only=True)
class TableView:
    """What of a report to show, and how.

    Attributes:
        rows: the rows, from `cnncalc.analysis.group`.
        columns: the columns; empty for those that fit the rows.
        numbers: how counts are written.
        partial: the report ends at an error: no totals, no shares, no summary.
        summary: what holds for the network as a whole stands below the table.
        brief: the summary is a line or two.
        more: further lines of the summary, as (label, text).
        note: a line below the table that says what is not shown.
    """

    rows: tuple[Row, ...]
    columns: tuple[Column, ...] = ()
    numbers: fmt.NumberFormat = fmt.NumberFormat.EXACT
    partial: bool = False
    summary: bool = True
    brief: bool = False
    more: tuple[tuple[str, str], ...] = ()
    note: str = ""


@dataclass(slots=True)
class _Grid:
    """Cells of one column, its heading and footer, how wide it is, and how wide its numbers are beside their bars."""

    column: Column
    heading: tuple[str, ...]
    cells: list[str]
    footer: str
    width: int = 0
    numbers: int = 0

    def natural(self) -> int:
        """Return the width that every cell fits in."""
        return longest((*self.heading, *self.cells, self.footer))


class NetworkTable:
    """One network as a table with its totals and, under it, a panel of facts.

    At a width that it does not fit in, secondary arguments, then columns are left out, in a fixed order and with a line
    that says which; names are shortened last. Numbers are never cut: if nothing else helps, lines are longer.
    """

    def __init__(self, report: Report, view: TableView) -> None:
        self.report = report
        self.view = view
        self.context = Context(report, view.numbers)
        columns = view.columns or fitting(view.rows)
        if view.partial:
            columns = tuple(column for column in columns if not column.name.startswith("share_"))
        self.columns = columns
        self.measure = SPACINGS[0]
        self.words: list[list[str]] = []

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.lines(options.max_width, ascii_only=options.ascii_only):
            yield from line
            yield Segment.line()

    def lines(self, width: int, *, ascii_only: bool = False) -> Iterator[list[Segment]]:
        """Yield the lines at a width, in characters."""
        yield from self._title(width)
        yield []
        grids, left_out = self._fit(width)
        yield from self._table(grids, ascii_only=ascii_only)
        if left_out:
            names = ", ".join(column.name for column in left_out)
            text = f"left out at this width: {names} (--columns chooses, a wider terminal shows all)"
            yield from ([Segment(line, DIM)] for line in fmt.wrap(text, width))
        if self.view.note:
            yield from ([Segment(line, DIM)] for line in fmt.wrap(self.view.note, width))
        if self.view.summary and self.view.brief and not self.view.partial:
            more = (f"{name} {text}" for name, text in self.view.more)
            yield from ([Segment(line)] for text in (brief(self.report), *more) for line in fmt.wrap(text, width))
        elif self.view.summary and not self.view.partial:
            yield []
            yield from self._panel([grid.column.name for grid in grids], width, ascii_only=ascii_only)

    def _title(self, width: int) -> Iterator[list[Segment]]:
        name, *rest = (one_line(part) for part in heading(self.report))
        for number, line in enumerate(fmt.wrap("  ".join((name, "  ".join(rest))), width)):
            if number == 0 and line.startswith(name):
                yield [Segment(name, TITLE), Segment(line[len(name) :], DIM)]
            else:
                yield [Segment(line, DIM)]

    # fitting

    def _fit(self, width: int) -> tuple[list[_Grid], list[Column]]:
        """Return the columns that fit, with their cells and widths, and those left out."""
        columns = list(self.columns)
        left_out: list[Column] = []
        cells = {column.name: self._grid(column) for column in columns}
        order = iter(LEAVE_FIRST)
        while True:
            grids = [cells[column.name] for column in columns]
            for measure in SPACINGS:
                self.measure = measure
                if self._arrange(grids, width):
                    return grids, left_out
            going = next((name for name in order if name in cells and len(columns) > 1), None)
            if going is None:
                self._squeeze(grids, width)
                return grids, left_out
            columns.remove(COLUMNS[going])
            left_out.append(COLUMNS[going])

    def _grid(self, column: Column) -> _Grid:
        view, context = self.view, self.context
        heading = (column.heading, f"({self.report.convention})" if column.name == "flops" else column.unit)
        footer = "" if view.partial else column.total(context)
        grid = _Grid(column, heading, [], footer)
        if column.name != "layer":
            grid.cells = ["" if row.kind is RowKind.HEADING else column.cell(row, context) for row in view.rows]
            if column.summed and view.numbers is fmt.NumberFormat.HUMAN:
                grid.cells = [text if " " in text or not text else f"{text}  " for text in grid.cells]
        elif not view.partial:
            grid.footer = "Total"
        if column.name == "operator" and not view.partial:
            grid.footer = plural(self.report.totals.layers, "layer")
        return grid

    def _arrange(self, grids: Sequence[_Grid], width: int) -> bool:
        """Give every column its width; return whether all fits."""
        flexible = None
        for grid in grids:
            if grid.column.name == "layer":
                names = [one_line(label(row, row.name)) for row in self.view.rows]
                indents = [" " * (self.measure.indent * row.level) for row in self.view.rows]
                grid.cells = [indent + name for indent, name in zip(indents, names, strict=True)]
            grid.width = grid.natural()
            if grid.column.name.startswith("share_"):
                grid.numbers = longest(grid.cells)
                grid.width = max(*map(len, grid.heading), grid.numbers + 1 + self.measure.bar)
            if grid.column.name == "operator":
                flexible = grid
        if flexible is None:
            return self._line_width(grids) <= width
        room = width - self._line_width(grids) + flexible.width
        return self._operators(flexible, min(room, max(OPERATOR_MOST, len(flexible.heading[0]))))

    def _operators(self, grid: _Grid, room: int) -> bool:
        """Write the operator column in at most `room` characters; return whether that can be read."""
        if not self.words:
            known: dict[str, list[str]] = {}
            for text, row in zip(grid.cells, self.view.rows, strict=True):
                if text not in known:
                    known[text] = [text] * (len(SECONDARY) + 3) if row.kind is RowKind.HEADING else shorter(row)
            kinds = grid.cells
            self.words = [list(words) for words in zip(*(known[kind] for kind in kinds), strict=True)] or [[]]
        shortest = longest(self.words[-1])
        if room < max(min(shortest, OPERATOR_LEAST), len(grid.footer)):
            return False
        single = [not tallied(row) for row in self.view.rows]
        words = next((words for words in self.words if longest(compress(words, single)) <= room), self.words[-1])
        grid.cells = [
            fmt.shorten_list(word, room, tallied=tallied(row)) if len(word) > room else word
            for word, row in zip(words, self.view.rows, strict=True)
        ]
        grid.width = grid.natural()
        return grid.width <= room

    def _squeeze(self, grids: Sequence[_Grid], width: int) -> None:
        """Shorten the names of layers, the last thing that can give way."""
        for grid in grids:
            if grid.column.name == "layer":
                room = max(width - self._line_width(grids) + grid.width, NAME_LEAST)
                grid.cells = [shorten_label(cell, room) for cell in grid.cells]
                grid.width = grid.natural()

    def _line_width(self, grids: Sequence[_Grid]) -> int:
        """Return the width of a line of the table."""
        return sum(grid.width for grid in grids) + self.measure.gap * (len(grids) - 1)

    # drawing

    def _joined(self, cells: Sequence[tuple[str, Style]]) -> list[Segment]:
        gap = " " * self.measure.gap
        last = len(cells) - 1
        return [Segment(text if index == last else text + gap, style) for index, (text, style) in enumerate(cells)]

    def _table(self, grids: Sequence[_Grid], *, ascii_only: bool) -> Iterator[list[Segment]]:
        rule = Segment(("-" if ascii_only else "─") * self._line_width(grids), DIM)
        yield self._joined([(aligned(grid, grid.heading[0]), BOLD) for grid in grids])
        if any(grid.heading[1] for grid in grids):
            yield self._joined([(aligned(grid, grid.heading[1]), DIM) for grid in grids])
        yield [rule]
        most = {grid.column.name: self._most(grid.column) for grid in grids}
        gap = Segment(" " * self.measure.gap)
        for index, row in enumerate(self.view.rows):
            line: list[Segment] = []
            for grid in grids:
                if line:
                    line.append(gap)
                text = grid.cells[index]
                if most[grid.column.name] and row.kind is not RowKind.HEADING:
                    line += self._bar(grid, row, text, most[grid.column.name], ascii_only=ascii_only)
                else:
                    line.append(Segment(aligned(grid, text), style_of(grid.column, row, text)))
            yield line
        if not self.view.partial:
            yield [rule]
            yield self._joined([(aligned(grid, grid.footer), DOUBT if ">=" in grid.footer else BOLD) for grid in grids])

    def _most(self, column: Column) -> int:
        """Return the largest part in a column of shares, what the longest bar stands for; 0 for other columns."""
        if not column.name.startswith("share_"):
            return 0
        key = column.name.removeprefix("share_")
        return max((row.amount(key).value or 0 for row in self.view.rows if row.kind is not RowKind.REST), default=0)

    def _bar(self, grid: _Grid, row: Row, text: str, most: int, *, ascii_only: bool) -> list[Segment]:
        part = row.amount(grid.column.name.removeprefix("share_")).value or 0
        cells = self.measure.bar
        eighths = 0 if row.kind is RowKind.REST else -(-part * cells * 8 // most)
        drawn = EIGHTHS[8] * (eighths // 8) + EIGHTHS[eighths % 8].strip()
        if ascii_only:
            drawn = "#" * len(drawn)
        number = text.rjust(grid.numbers)
        bar = f" {drawn}".ljust(grid.width - len(number))
        return [Segment(number, DOUBT if text.startswith((fmt.UNKNOWN, "<=")) else PLAIN), Segment(bar, BAR)]

    def _panel(self, told: Sequence[str], width: int, *, ascii_only: bool) -> Iterator[list[Segment]]:
        """Yield the facts, framed; without the totals that the table's last row tells."""
        found = [*facts(self.report, self.view.numbers, told), *self.view.more]
        labels = max(len(name) for name, _ in found)
        room = max(min(width, PANEL_MOST) - labels - 6, 16)
        lines: list[tuple[str, str]] = []
        for name, text in found:
            for number, part in enumerate(fmt.wrap(text, room)):
                known = len(part) <= room or part[:1].isdecimal()
                lines.append(("" if number else name, part if known else fmt.shorten_name(part, room)))
        inner = labels + 2 + max(len(text) for _, text in lines)
        corners, across, down = ("++++", "-", "|") if ascii_only else ("╭╮╰╯", "─", "│")
        yield [Segment(f"{corners[0]}{across * (inner + 2)}{corners[1]}", DIM)]
        edge = Segment(down, DIM)
        for name, text in lines:
            style = DOUBT if text.startswith((">=", fmt.UNKNOWN)) else PLAIN
            padded = text.ljust(inner - labels - 2)
            yield [edge, Segment(f" {name.ljust(labels)}  ", DIM), Segment(f"{padded} ", style), edge]
        yield [Segment(f"{corners[2]}{across * (inner + 2)}{corners[3]}", DIM)]


def shorten_label(text: str, width: int) -> str:
    """Return an indented name in at most `width` characters, the indentation given up first."""
    if len(text) <= width:
        return text
    return fmt.shorten_name(text.lstrip(" "), width).rjust(width)


def shorter(row: Row) -> list[str]:
    """Return what a row computes ever shorter: as it is, without secondary arguments, with letters, the first part."""
    said = [operator(row, SECONDARY[:count]) for count in range(len(SECONDARY) + 1)]
    return [*said, operator(row, SECONDARY, letters=True), operators(row, SECONDARY, letters=True)[0]]


def longest(texts: Iterable[str]) -> int:
    """Return the length of the longest text."""
    return max(map(len, texts), default=0)


def aligned(grid: _Grid, text: str) -> str:
    """Return a cell at its column's width."""
    return text.rjust(grid.width) if grid.column.right else text.ljust(grid.width)


def style_of(column: Column, row: Row, text: str) -> Style:
    """Return how a cell looks: scopes stand out, nothing recedes, doubt is marked."""
    if column.name == "layer":
        opens = row.kind is RowKind.HEADING or tallied(row)
        return (INNER if row.level else SCOPE) if opens else PLAIN
    if text.startswith((fmt.UNKNOWN, ">=")):
        return DOUBT
    if text == "0" or (column.name == "operator" and not any(weighs(layer) for layer in row.layers)):
        return DIM
    return PLAIN


def weighs(layer: Layer) -> bool:
    """Return whether a layer is a convolution, transposed convolution or linear layer, or unknown."""
    return layer.weighted or bool(layer.unknown)


def render(report: Report, view: TableView, *, width: int, colour: bool = False, ascii_only: bool = False) -> str:
    """Return a report's table as text.

    Args:
        report: the report.
        view: what of it to show.
        width: characters in a line.
        colour: write terminal escapes.
        ascii_only: keep to ASCII.
    """
    table = NetworkTable(report, view)
    lines = table.lines(width, ascii_only=ascii_only)
    if not colour:
        return "\n".join("".join(segment.text for segment in line).rstrip() for line in lines) + "\n"
    from rich.console import Console
    from rich.segment import Segments

    console = Console(file=StringIO(), width=width, force_terminal=True, legacy_windows=False)
    everything = [segment for line in lines for segment in (*line, Segment.line())]
    with console.capture() as capture:
        console.print(Segments(everything), end="", crop=False)
    return capture.get()
