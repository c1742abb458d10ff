"""Report -> data frames: flat records, one unit a column with the unit in its name, integers as integers."""

from __future__ import annotations

from decimal import Decimal
from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING, Any

from cnncalc.analysis.group import tree
from cnncalc.render.cells import guarded
from cnncalc.render.columns import DEFAULT, chosen
from cnncalc.render.data import csv_lines
from cnncalc.render.format import NumberFormat
from cnncalc.render.latex import latex
from cnncalc.render.markdown import markdown
from cnncalc.results.layer import Layer
from cnncalc.results.measures import measure, summed
from cnncalc.values.files import write_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from os import PathLike

    from cnncalc.analysis.group import Row
    from cnncalc.render.columns import Column
    from cnncalc.results.report import Report

AXES = {0: (), 1: ("l",), 2: ("h", "w"), 3: ("d", "h", "w")}
FIELDS = ("receptive_field", "receptive_field_min", "receptive_field_true", "start", "jump")
INT64, INT128 = 2**63, 2**127
DECIMAL_DIGITS = 76

def of_kind(kind: str, names: str) -> dict[str, str]:
    """Return columns of one kind by name."""
    return dict.fromkeys(names.split(), kind)


PARTS = {"read_elements": "read", "written_elements": "written", "weights_elements": "weights", "bias_elements": "bias"}
"""The columns of the parts of the memory access, before their sum."""


def of_numbers() -> dict[str, tuple[str, str]]:
    """Return the columns of a layer's numbers, each with the number and its kind."""
    found: dict[str, tuple[str, str]] = {}
    entries = summed(first=Layer._fields)
    for entry in entries:
        if entry.name == "memory_access":
            found |= dict.fromkeys(PARTS, (entry.name, "integer"))
        found[entry.header] = entry.name, "integer"
        if entry.name == "bytes":
            found[measure("intensity").header] = "intensity", "fraction"
    return found | {name: (name, "fraction") for name in ("share_params", "share_macs")}


NUMBERS = of_numbers()
LEADING = {
    **of_kind("text", "path op arguments block inputs in_shapes out_shape"),
    **of_kind("integer", "out_channels out_elements"),
    **{column: kind for column, (_, kind) in NUMBERS.items()},
}
"""The columns before those of the receptive field, each with its kind."""
TRAILING = {
    **of_kind("boolean", "global weighted"),
    **of_kind("text", "shares"),
    **of_kind("integer", "line column"),
}
"""The columns after them."""


def library(name: str, extra: str) -> Any:
    """Return an optional library.

    Raises:
        ImportError: it is missing; one line that names the extra.
    """
    try:
        return import_module(name)
    except ImportError:
        raise ImportError(f"{name.partition('.')[0]} is not installed; pip install 'cnncalc[{extra}]'") from None


def axes_of(report: Report) -> tuple[str, ...]:
    """Return the letters of the axes of the network's inputs, which may differ in rank, and of the layers' fields."""
    ranks = {len(shape.spatial) for _, shape in report.input} | {len(row.receptive_field) for row in report.layers}
    used = {letter for rank in ranks for letter in AXES[rank]}
    return tuple(letter for letter in ("d", "h", "w", "l") if letter in used)


def columns(report: Report) -> dict[str, str]:
    """Return the columns in order, each with its kind: text, integer, fraction or boolean."""
    fields = {
        f"{attribute}_{letter}_px": "fraction" if attribute == "jump" else "integer"
        for attribute in FIELDS
        for letter in axes_of(report)
    }
    return LEADING | fields | TRAILING


def record(layer: Layer, axes: Sequence[str]) -> dict[str, Any]:
    """Return one layer as a flat record; what is unknown or does not apply is None."""
    memory = layer.memory_access
    row: dict[str, Any] = {
        "path": layer.path,
        "op": layer.op,
        "arguments": layer.text,
        "block": layer.calls[-1] if layer.calls else None,
        "inputs": ", ".join(layer.inputs),
        "in_shapes": ", ".join(map(str, layer.in_shapes)),
        "out_shape": str(layer.out_shape),
        "out_channels": layer.out_shape.channels,
        "out_elements": sum(shape.elements for shape in layer.out_shapes),
    }
    for column, (name, _) in NUMBERS.items():
        part = PARTS.get(column)
        row[column] = layer.number(name) if part is None else memory and getattr(memory, part)
    for attribute in FIELDS:
        values = getattr(layer, attribute)
        named = dict(zip(AXES[len(values)], values, strict=True))
        for letter in axes:
            value = named.get(letter)
            row[f"{attribute}_{letter}_px"] = float(value) if attribute == "jump" and value is not None else value
    row |= {
        "global": layer.is_global,
        "weighted": layer.weighted,
        "shares": layer.shares,
        "line": layer.line,
        "column": layer.column,
    }
    return row


def to_dicts(report: Report) -> list[dict[str, Any]]:
    """Return one flat record per layer."""
    axes = axes_of(report)
    return [record(layer, axes) for layer in report.layers]


def by_column(report: Report) -> dict[str, list[Any]]:
    """Return the values of each column."""
    rows = to_dicts(report)
    return {name: [row[name] for row in rows] for name in columns(report)}


def largest(values: Iterable[int | None]) -> int:
    """Return the size that an integer type must hold: the largest, taken without its sign."""
    return max((abs(value) for value in values if value is not None), default=0)


def to_pandas(report: Report) -> Any:
    """Return a pandas DataFrame; integers are Int64 with missing values, object where 64 bits do not hold them."""
    pandas = library("pandas", "pandas")
    kinds = {"integer": "Int64", "fraction": "Float64", "boolean": "bool", "text": "string"}
    wanted = columns(report)
    series = {}
    for name, values in by_column(report).items():
        kind = kinds[wanted[name]]
        series[name] = pandas.Series(values, dtype="object" if kind == "Int64" and largest(values) >= INT64 else kind)
    return pandas.DataFrame(series)


def to_polars(report: Report) -> Any:
    """Return a polars DataFrame; integers are Int64, Int128 where 64 bits do not hold them, beyond that text."""
    polars = library("polars", "polars")
    kinds = {"fraction": polars.Float64, "boolean": polars.Boolean, "text": polars.String}
    wanted = columns(report)
    series = []
    for name, values in by_column(report).items():
        if wanted[name] != "integer":
            series.append(polars.Series(name, values, dtype=kinds[wanted[name]]))
        elif largest(values) < INT128:
            kind = polars.Int64 if largest(values) < INT64 else polars.Int128
            series.append(polars.Series(name, values, dtype=kind))
        else:
            series.append(polars.Series(name, as_text(values), dtype=polars.String))
    return polars.DataFrame(series)


def to_arrow(report: Report) -> Any:
    """Return a pyarrow Table; integers are int64, decimal256 where 64 bits do not hold them, beyond that text."""
    arrow = library("pyarrow", "arrow")
    kinds = {"fraction": arrow.float64(), "boolean": arrow.bool_(), "text": arrow.string()}
    wanted = columns(report)
    arrays = {}
    for name, values in by_column(report).items():
        if wanted[name] != "integer":
            arrays[name] = arrow.array(values, type=kinds[wanted[name]])
        elif largest(values) < INT64:
            arrays[name] = arrow.array(values, type=arrow.int64())
        elif largest(values) < 10**DECIMAL_DIGITS:
            numbers = [None if value is None else Decimal(value) for value in values]
            arrays[name] = arrow.array(numbers, type=arrow.decimal256(DECIMAL_DIGITS, 0))
        else:
            arrays[name] = arrow.array(as_text(values), type=arrow.string())
    return arrow.table(arrays)


def as_text(values: Iterable[int | None]) -> list[str | None]:
    """Return integers that no type of a library holds as their digits."""
    return [None if value is None else str(value) for value in values]


def to_csv(report: Report, path: str | PathLike[str] | None = None) -> str | None:
    """Write the records as CSV to a file, or return them as text without one; no cell is read as a formula."""
    axes = axes_of(report)
    records = (record(layer, axes) for layer in report.layers)
    lines = csv_lines(
        chain([columns(report)], ([guarded(x) if isinstance(x, str) else x for x in row.values()] for row in records))
    )
    if path is None:
        return "".join(lines)
    write_file(path, lines)
    return None


def to_markdown(report: Report, *, columns: Sequence[str] | None, depth: int | None, human: bool) -> str:
    """Return the table of `show` as Markdown."""
    return markdown(report, *shown(report, columns, depth, human=human))


def to_latex(report: Report, *, columns: Sequence[str] | None, depth: int | None, human: bool) -> str:
    """Return the table of `show` as LaTeX."""
    return latex(report, *shown(report, columns, depth, human=human))


def shown(
    report: Report, names: Sequence[str] | None, depth: int | None, *, human: bool
) -> tuple[tuple[Row, ...], tuple[Column, ...], NumberFormat]:
    """Return the rows, the columns and the form of numbers of a table.

    Raises:
        ValueError: there is no such column, or the depth is below 1.
    """
    if depth is not None and depth < 1:
        raise ValueError(f"depth must be at least 1, got {depth}")
    picked = chosen(DEFAULT if names is None else names)
    return tree(report.layers, depth), picked, NumberFormat.HUMAN if human else NumberFormat.EXACT
