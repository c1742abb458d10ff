"""Numbers beside the lines: inlay hints behind items and budgets, and lenses above lists of layers and blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.analysis.group import Row, RowKind
from cnncalc.editor.budgets import standings
from cnncalc.editor.text import Position
from cnncalc.language.tree import Map
from cnncalc.render import format as fmt
from cnncalc.render.columns import ALIASES, COLUMNS, Context
from cnncalc.render.format import NumberFormat
from cnncalc.values.diagnostics import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cnncalc.editor.analysis import Analysis
    from cnncalc.editor.document import Document
    from cnncalc.editor.places import Use
    from cnncalc.results.report import Report

PARTS = ("output", "receptive_field", "macs")
"""What is shown behind an item unless something else is asked for."""
SIGNS = {"output": "-> ", "receptive_field": "rf ", "macs": ""}
"""What stands before a number instead of the name of its column."""
NOT_SHOWN = {"layer", "line"}
CHOICES = tuple(name for name in COLUMNS if name not in NOT_SHOWN)
"""What can be shown."""
SILENT = {"", fmt.NOTHING, "0"}
TOTALS = (("params", "params"), ("macs", "MACs"))


class Hint(NamedTuple):
    """A text to be shown behind a place.

    Attributes:
        at: the place.
        text: what to show there.
        old: the numbers are those of an earlier text, before there were errors.
    """

    at: Position
    text: str
    old: bool


class Lens(NamedTuple):
    """A text to be shown above a line."""

    line: int
    text: str


def chosen_parts(names: Iterable[str]) -> tuple[str, ...]:
    """Return the columns of these names or aliases; those that cannot be shown beside a line are left out."""
    full = (ALIASES.get(name, name) for name in names)
    return tuple(name for name in dict.fromkeys(full) if name in CHOICES)


def inlay_hints(document: Document, parts: Sequence[str] = PARTS, first: int = 1, last: int | None = None,
                ) -> list[Hint]:  # fmt: skip
    """Return the numbers beside the lines.

    A text with errors has those of its layers before the first that failed, and behind these, on lines that are as
    they were, those of the last text without errors.

    Args:
        document: the file.
        parts: names of columns.
        first: the first line to look at.
        last: the last one.
    """
    whole = document.numbered()
    now = document.now
    last = len(now.lines) if last is None else min(last, len(now.lines))

    def asked(line: int | None) -> bool:
        return line is not None and first <= line <= last

    lines: dict[int, tuple[str, bool]] = {}
    if whole is not None and whole is not now:
        shift = document.shift(whole)
        for line, text in beside(whole, parts, lambda line: asked(shift.forward(line))).items():
            lines[shift.forward(line) or 0] = text, True
    lines.update({line: (text, False) for line, text in beside(now, parts, asked).items()})
    return [
        Hint(Position(line, len(now.lines[line - 1].rstrip()) + 1), text, old)
        for line, (text, old) in sorted(lines.items())
    ]


def beside(analysis: Analysis, parts: Sequence[str], among: Callable[[int], bool] = lambda _: True) -> dict[int, str]:
    """Return what stands beside the lines of an analysed text that are asked for."""
    report = analysis.report if analysis.done else None
    if report is None:
        return {}
    context = Context(report, NumberFormat.HUMAN)
    outer: dict[int, tuple[int, list[Use]]] = {}
    for (line, column), reached in analysis.uses.items():
        if among(line) and (line not in outer or column < outer[line][0]):
            outer[line] = column, reached
    found = {line: item_text(reached, parts, context) for line, (_, reached) in outer.items()}
    texts = {line: text for line, text in found.items() if text}
    limits: dict[int, list[str]] = {}
    for standing in standings(analysis.gate):
        if standing.span is not None and among(standing.span.line):
            limits.setdefault(standing.span.line, []).append(standing.brief)
    return {**texts, **{line: "; ".join(said) for line, said in limits.items()}}


def item_text(reached: Sequence[Use], parts: Sequence[str], context: Context) -> str:
    """Return what one item comes to: `-> 64x112x112  rf 7  118 M`; of one that is called several times the sums."""
    row = row_of(reached)
    words = []
    for part in parts:
        column = COLUMNS[part]
        if part == "output":
            text = _range([fmt.shapes(use.outputs) for use in reached])
        elif not column.per_row:
            text = _range([column.cell(row_of([use]), context) for use in reached])
        else:
            text = column.cell(row, context)
        if text not in SILENT:
            words.append(f"{SIGNS.get(part, part.replace('_', ' ') + ' ')}{text}")
    times = f"{len(reached):,} x  " if len(reached) > 1 and words else ""
    return times + "  ".join(words)


def row_of(reached: Sequence[Use]) -> Row:
    """Return a table's row of all layers that an item comes to; the one that makes its output is the last."""
    last = reached[-1].last
    layers = tuple(layer for use in reached for layer in use.layers if layer is not last)
    return Row(kind=RowKind.BLOCK, path=last.path, name=last.path, layers=(*layers, last), head=reached[0].layers[0])


def _range(texts: Sequence[str]) -> str:
    """Return what several uses have in common, or the first and the last of them."""
    return texts[0] if len(set(texts)) == 1 else f"{texts[0]} .. {texts[-1]}"


def lenses(document: Document) -> list[Lens]:
    """Return the totals above `layers:` and above each block that is called."""
    whole = document.numbered()
    if whole is None or whole.report is None or whole.spec is None:
        return []
    report, tree = whole.report, whole.spec.tree
    shift = document.shift(whole)
    found: list[tuple[int, str]] = []
    key = tree.key("layers")
    if key is not None:
        found.append((key.line, network_text(report)))
    blocks = tree.get("blocks")
    if isinstance(blocks, Map):
        calls = called_blocks(document, whole.uses)
        for name, _ in blocks.entries:
            reached = calls.get(name.text, [])
            found.append((name.line, block_text(reached, Context(report, NumberFormat.HUMAN))))
    moved = ((shift.forward(line), text) for line, text in found)
    return [Lens(line, text) for line, text in moved if line is not None]


def called_blocks(document: Document, reached: Mapping[tuple[int, int], list[Use]]) -> dict[str, list[Use]]:
    """Return every call of a block, by the block's name."""
    names = document.names()
    found: dict[str, list[Use]] = {}
    for one in names.occurrences if names is not None else ():
        if one.symbol.kind == "block" and not one.declares:
            found.setdefault(one.symbol.name, []).extend(reached.get((one.span.line, one.span.column), ()))
    return found


def network_text(report: Report) -> str:
    """Return a network's totals in one line."""
    row = Row(kind=RowKind.BLOCK, path="", name="", layers=report.layers)
    said = [f"{fmt.amount(row.amount(name), NumberFormat.HUMAN)} {title}" for name, title in TOTALS]
    rf = report.summary.receptive_field
    return ", ".join((plural(len(report.layers), "layer"), *said, *([f"rf {fmt.axes(rf)}"] if rf else ())))


def block_text(reached: Sequence[Use], context: Context) -> str:
    """Return what all calls of a block come to together."""
    if not reached:
        return "not called"
    row = row_of(reached)
    said = [f"{fmt.amount(row.amount(name), context.numbers)} {title}" for name, title in TOTALS]
    count = plural(len(reached), "call")
    return ", ".join((count, *said))
