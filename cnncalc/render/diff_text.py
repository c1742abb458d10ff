"""Two networks side by side on a terminal: columns leave in a fixed order, layers that are alike are one row.

Colour says what a change does to the cost: dearer or cheaper, whatever was added or removed.
"""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from cnncalc.render import format as fmt
from cnncalc.render.check_shared import safe
from cnncalc.render.diff import SIGNS, cell, changed, layer_cells, plain, what
from cnncalc.values.diagnostics import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.gate.compare import Comparison, Delta, LayerChange
    from cnncalc.render.diff import Sides

UNLIMITED = 10_000
DEARER, CHEAPER = "red", "green"
NEUTRAL = frozenset({"receptive_field", "depth", "width", "layers", "fc_share"})
"""Metrics of which more is neither dear nor cheap."""
LAYER_HEADS = {
    "sign": "", "layer": "layer", "macs before": "macs", "macs after": "", "macs change": "change", "macs %": "",
    "params before": "params", "params after": "", "params change": "change", "params %": "", "what": "what",
}  # fmt: skip
LEAVING = (("before", ("macs before", "params before")), ("after", ("macs after", "params after")),
           ("percentages", ("macs %", "params %")))  # fmt: skip
"""What a narrow screen leaves out, in this order."""
LEFT = frozenset({"sign", "layer", "what"})
NAME_LEAST = 14
GAP = 2


class Alike(NamedTuple):
    """One row of layers: a change, the path or the paths of those that are alike, and how many these are."""

    change: LayerChange
    path: str
    layers: int


def to_text(sides: Sides, *, top: int | None, colour: bool = False, width: int | None = None) -> str:
    """Return the comparison as tables of text, `top` rows of layers at most; no number is ever cut.

    Args:
        sides: what is compared.
        top: so many rows of layers; None for all.
        colour: whether to colour.
        width: columns of the screen; None where there is none, so that nothing is left out.
    """
    out = StringIO()
    console = Console(file=out, width=UNLIMITED, force_terminal=colour, no_color=not colour, highlight=False,
                      markup=False, emoji=False, color_system="standard" if colour else None,
                      legacy_windows=False)  # fmt: skip
    room = width or UNLIMITED

    def line(text: str, style: str = "") -> None:
        console.print(Text(text.rstrip(), style=style), no_wrap=True, crop=False, overflow="ignore", soft_wrap=True)

    def words(text: str, style: str = "") -> None:
        for part in fmt.hanging(text, room).split("\n"):
            line(part, style)

    first, second = (safe(name) for name in sides.names)
    words(f"{first} -> {second}  (FLOPs by '{sides.after.convention}', {sides.after.dtype})", "bold")
    for row, delta in zip(totals(sides.comparison, room), (None, *sides.comparison.totals), strict=True):
        line(row, "bold" if delta is None else total_style(delta))
    comparison = sides.comparison
    kinds = ", ".join(f"{len(comparison.of_kind(kind)):,} {kind}" for kind in SIGNS)
    line("")
    words(f"layers: {kinds}, {comparison.same:,} unchanged", "bold")
    rows = alike(comparison.layers)
    shown = rows[:top]
    if shown:
        table = LayerTable(shown, room)
        for text, style in table.lines():
            line(text, style)
        if table.left_out:
            words(f"left out at this width: {', '.join(table.left_out)}; a wider terminal shows them", "dim")
    rest = sum(row.layers for row in rows[len(shown) :])
    if rest:
        words(f"and {plural(rest, 'more layer')}; --all shows them", "dim")
    return out.getvalue()


def total_style(delta: Delta) -> str:
    """Return how a total looks: dearer, cheaper, neither, or the same."""
    if not delta.change:
        return "dim"
    return "" if delta.metric in NEUTRAL or delta.subject.more_is_better else cost_style(delta.change > 0)


def cost_style(more: bool) -> str:
    """Return the colour of a cost that rose or fell."""
    return DEARER if more else CHEAPER


def layer_style(change: LayerChange) -> str:
    """Return how a layer's row looks, by the first of its costs that moved."""
    moved = next((delta.change for delta in change.deltas if delta.change), None)
    return "" if moved is None else cost_style(moved > 0)


def totals(comparison: Comparison, room: int) -> list[str]:
    """Return the totals as lines: rounded numbers leave first, then difference, earlier number and percentage."""
    full = [(d.metric, cell(d.before, d.subject.unit), cell(d.after, d.subject.unit), *changed(d))
            for d in comparison.totals]  # fmt: skip
    exact = [(d.metric, plain(d.before, d.subject.unit), plain(d.after, d.subject.unit), *changed(d, short=False))
             for d in comparison.totals]  # fmt: skip
    head = ("total", "before", "after", "change", "")
    forms: list[list[tuple[str, ...]]] = [[head, *full], [head, *exact]]
    forms += [[tuple(row[k] for k in kept) for row in forms[1]] for kept in ((0, 1, 2, 4), (0, 2, 4), (0, 2))]
    lines = next((rows for rows in map(aligned, forms) if max(map(cell_len, rows)) <= room), None)
    return lines if lines is not None else aligned(forms[-1])


def alike(changes: Sequence[LayerChange]) -> list[Alike]:
    """Return the changes, those that differ in one number of their path alone as one row, in the order of the first."""
    groups: dict[tuple[object, ...], list[int]] = {}
    keys: list[list[tuple[object, ...]]] = []
    for number, change in enumerate(changes):
        parts = change.path.split(".")
        same = (change.kind, layer_cells(change), what(change))
        numbers = [k for k, part in enumerate(parts) if part.isdecimal()]
        own: list[tuple[object, ...]] = [(*parts[:k], None, *parts[k + 1 :], *same) for k in numbers]
        keys.append(own)
        for key in own:
            groups.setdefault(key, []).append(number)
    taken: set[int] = set()
    rows = []
    for number, change in enumerate(changes):
        if number in taken:
            continue
        free = [[n for n in groups[key] if n not in taken] for key in keys[number]]
        members = max(free, key=len, default=[number])
        taken.update(members)
        path = change.path if len(members) < 2 else together([changes[n].path.split(".") for n in members])
        rows.append(Alike(change, safe(path), max(len(members), 1)))
    return rows


def together(paths: Sequence[Sequence[str]]) -> str:
    """Return paths that differ in one number as one: `layer3.1-5.conv2`, each."""
    parts = []
    for part in zip(*paths, strict=True):
        numbers = sorted({int(text) for text in part}) if len(set(part)) > 1 else []
        parts.append(ranges(numbers) if numbers else part[0])
    return f"{'.'.join(parts)}, each"


def ranges(numbers: Sequence[int]) -> str:
    """Return numbers in order as ranges: `0-3,5`."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][-1] == number - 1:
            found[-1].append(number)
        else:
            found.append([number])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in found)


class LayerTable:
    """The rows of layers, laid out for a width.

    Attributes:
        left_out: what there was no room for, in words.
    """

    def __init__(self, rows: Sequence[Alike], room: int) -> None:
        self.rows = rows
        self.room = room
        self.left_out: list[str] = []
        self.columns = {name: [head] for name, head in LAYER_HEADS.items()}
        for row in rows:
            cells = (SIGNS[row.change.kind], row.path, *layer_cells(row.change), safe(what(row.change)))
            for column, text in zip(self.columns.values(), cells, strict=True):
                column.append(text)
        self.below: list[str] = []
        self._fit()

    def _total(self) -> int:
        return sum(max(map(cell_len, cells)) for cells in self.columns.values()) + GAP * (len(self.columns) - 1)

    def _fit(self) -> None:
        """Leave out what has no room: numbers, in their order; then the words go below their row, then names shrink."""
        for name, columns in LEAVING:
            if self._total() <= self.room:
                return
            self.left_out.append(name)
            for column in columns:
                del self.columns[column]
                if column.endswith(" after"):
                    metric = column.removesuffix(" after")
                    self.columns[f"{metric} change"][0] = metric
        if self._total() > self.room:
            self.below = self.columns.pop("what")[1:]
        if self._total() > self.room:
            names = self.columns["layer"]
            over = self._total() - self.room
            longest = max(max(map(cell_len, names)) - over, NAME_LEAST)
            self.columns["layer"] = [fmt.shorten_name(name, longest) for name in names]
        if self._total() > self.room:
            self.left_out.append("params")
            del self.columns["params change"]

    def lines(self) -> list[tuple[str, str]]:
        """Return every line with its style."""
        left = tuple(number for number, name in enumerate(self.columns) if name in LEFT)
        table = aligned(list(zip(*self.columns.values(), strict=True)), left)
        found = [(table[0], "bold")]
        for number, (text, row) in enumerate(zip(table[1:], self.rows, strict=True)):
            style = layer_style(row.change)
            found.append((text, style))
            if self.below and self.below[number]:
                found += [(f"     {part}", style) for part in fmt.wrap(self.below[number], max(self.room - 5, 20))]
        return found


def aligned(rows: Sequence[tuple[str, ...]], left: tuple[int, ...] = (0,)) -> list[str]:
    """Return rows of cells as lines with aligned columns, numbers to the right."""
    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        (" " * GAP).join(
            text + " " * (width - cell_len(text)) if column in left else " " * (width - cell_len(text)) + text
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
