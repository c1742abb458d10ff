"""The columns of `show`: their names, headings and cells. Every form of output takes its cells from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.analysis.group import Row, RowKind, total
from cnncalc.render import format as fmt
from cnncalc.render.arguments import headline
from cnncalc.render.headings import HEADINGS
from cnncalc.values.diagnostics import did_you_mean, plural
from cnncalc.values.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cnncalc.results.layer import Layer
    from cnncalc.results.report import Report


class Context(NamedTuple):
    """What a cell needs besides its row."""

    report: Report
    numbers: fmt.NumberFormat


@record(kw_only=True)
class Column:
    """One column.

    Attributes:
        name: what `--columns` takes; also the heading in CSV.
        heading: the heading in a table.
        unit: its second line: more of the name, or what the numbers count.
        right: aligned to the right.
        cell: a row's text.
        summed: the number behind it, where it adds up to a total.
        per_row: it says something of groups of layers that are no scope, too.
    """

    name: str
    heading: str
    unit: str = ""
    right: bool = True
    cell: Callable[[Row, Context], str]
    summed: str | None = None
    per_row: bool = True

    def total(self, context: Context) -> str:
        """Return the footer's text, empty for a column that does not add up."""
        if self.summed is None:
            return ""
        return fmt.amount(total(context.report.totals, self.summed), context.numbers)


def operator(row: Row, leave_out: Sequence[str] = (), *, letters: bool = False) -> str:
    """Return what a row computes: an operator with its arguments, or a tally of the operators in a block.

    Args:
        row: the row.
        leave_out: arguments that are not said.
        letters: say arguments by their letters.
    """
    return " + ".join(operators(row, leave_out, letters=letters))


def operators(row: Row, leave_out: Sequence[str] = (), *, letters: bool = False) -> list[str]:
    """Return what a row computes, one operator after another; arguments are said of the first alone."""
    if row.kind in {RowKind.GROUP, RowKind.REST}:
        return [plural(len(row.layers), "layer")]
    head = row.head
    if head is None or tallied(row):
        return [fmt.tally(layer.op for layer in row.layers)]
    after = row.layers[1 : len(row.layers) // row.times]
    parts = (name for layer in after for name in (layer.op, *layer.fused))
    return [headline(head, ("call", *leave_out), letters=letters), *head.fused, *parts]


def tallied(row: Row) -> bool:
    """Return whether a row stands for several operators, none of them first."""
    return row.kind is RowKind.BLOCK and row.layers[0] is not row.head


def label(row: Row, name: str) -> str:
    """Return a row's name or path with its repetitions, `layer3 x 6`."""
    return f"{name} x {row.times:,}" if row.times > 1 else name


def amounts(name: str) -> Column:
    """Return a column of counts that add up."""

    def cell(row: Row, context: Context) -> str:
        return fmt.amount(row.amount(name), context.numbers)

    return headed(name, cell, summed=name)


def headed(name: str, cell: Callable[[Row, Context], str], **how: Any) -> Column:
    """Return a column under its heading."""
    heading, unit = HEADINGS[name]
    return Column(name=name, heading=heading, unit=unit, cell=cell, **how)


def shares(name: str, summed: str) -> Column:
    """Return a column of parts of a total, in per cent; at most so much where the total is a lower bound."""

    def cell(row: Row, context: Context) -> str:
        part, whole = row.amount(summed), total(context.report.totals, summed)
        if part.value is None or not whole.value:
            return fmt.UNKNOWN if part.value is None else ""
        if context.numbers is fmt.NumberFormat.PLAIN:
            return fmt.UNKNOWN if whole.lower_bound else str(part.value / whole.value)
        if not part.value:
            return ""
        if part.lower_bound:
            return fmt.UNKNOWN
        return f"{'<= ' if whole.lower_bound else ''}{fmt.percent(part.value, whole.value)}"

    return headed(name, cell, right=False)


def of_last(name: str, text: Callable[[Layer], str]) -> Column:
    """Return a column that says of several layers what holds for the last."""

    def cell(row: Row, context: Context) -> str:  # noqa: ARG001 - every cell takes both
        return text(row.layers[-1]) if row.kind in {RowKind.LAYER, RowKind.BLOCK} else ""

    return headed(name, cell, per_row=False)


def field(layer: Layer) -> str:
    """Return the receptive field: one number if square, `HxW` otherwise, `global` for the whole input."""
    return "global" if layer.is_global else fmt.axes(layer.receptive_field)


def intensity(row: Row, context: Context) -> str:  # noqa: ARG001
    """Return the FLOPs per byte moved."""
    flops, moved = row.amount("flops"), row.amount("bytes")
    if flops.value is None or moved.value is None or flops.lower_bound or moved.lower_bound:
        return fmt.UNKNOWN
    return fmt.ratio(flops.value, moved.value) if moved.value else fmt.NOTHING


def live(row: Row, context: Context) -> str:
    """Return the most activation elements alive at once while the row's layers run."""
    return context.numbers.write(max(layer.live for layer in row.layers)) if row.layers else ""


_OWN = (
    headed("layer", lambda row, _: row.path or row.name, right=False),
    headed("operator", lambda row, _: operator(row), right=False),
    of_last("output", lambda layer: fmt.shapes(layer.out_shapes)),
    of_last("receptive_field", field),
    shares("share_macs", "macs"),
    headed("layers", lambda row, context: context.numbers.write(len(row.layers))),
    headed(
        "input", lambda row, _: fmt.shapes(row.layers[0].in_shapes) if row.kind is RowKind.LAYER else "", per_row=False
    ),
    of_last("receptive_field_min", lambda layer: fmt.axes(layer.receptive_field_min)),
    of_last("receptive_field_true", lambda layer: fmt.axes(layer.receptive_field_true)),
    of_last("jump", lambda layer: fmt.NOTHING if layer.is_global else fmt.axes(layer.jump)),
    of_last("start", lambda layer: fmt.NOTHING if layer.is_global else fmt.edges(layer.start)),
    headed("intensity", intensity),
    headed("live", live, per_row=False),
    shares("share_params", "params"),
    of_last("line", lambda layer: str(layer.line or "")),
)
"""The columns that are more than the sum of a number."""
COLUMNS = {
    name: next((column for column in _OWN if column.name == name), None) or amounts(name) for name in HEADINGS
}
ALIASES = {"rf": "receptive_field", "rf_min": "receptive_field_min", "rf_true": "receptive_field_true"}
"""Shorter names of columns, of which `check` and `zoo` take the first, too."""
DEFAULT = tuple(
    "layer operator output receptive_field params macs flops memory_access share_macs".split()  # noqa: SIM905
)
_IN_ORDER = (
    "line", "start", "jump", "receptive_field_true", "receptive_field_min", "live", "connections", "activations",
    "intensity", "bytes", "share_params", "input", "layers", "buffers", "memory_access", "share_macs", "flops",
    "operator", "receptive_field", "output", "macs", "params",
)  # fmt: skip
LEAVE_FIRST = (*(name for name in COLUMNS if name not in {*_IN_ORDER, "layer"}), *_IN_ORDER)
"""The order in which columns go when a table does not fit, those that are not usual first; `layer` stays."""


def chosen(names: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns of these names or aliases, in their order.

    Raises:
        ValueError: a name is unknown or given twice; the message lists all.
    """
    names = [ALIASES.get(name, name) for name in names]
    for index, name in enumerate(names):
        if name not in COLUMNS:
            hint = did_you_mean(name, COLUMNS)
            known = ", ".join(COLUMNS)
            raise ValueError(f"there is no column '{name}'{f' ({hint})' if hint else ''}; choose from {known}")
        if name in names[:index]:
            raise ValueError(f"column '{name}' is named twice")
    return tuple(COLUMNS[name] for name in names)


def fitting(rows: Iterable[Row]) -> tuple[Column, ...]:
    """Return the usual columns for these rows: groups of layers that are no scope have no shape of their own."""
    grouped = any(row.kind is RowKind.GROUP for row in rows)
    return tuple(column for column in chosen(DEFAULT) if column.per_row or not grouped)


__all__ = ["ALIASES", "COLUMNS", "DEFAULT", "LEAVE_FIRST", "Column", "Context", "chosen", "fitting", "label",
           "operator", "operators", "tallied"]  # fmt: skip
