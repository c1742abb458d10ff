"""Report -> data frames: flat records, one unit a column with the unit in its name, integers as integers."""

from __future__ import annotations

from fractions import Fraction
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnncalc.report import Layer, Report

AXES = {1: ("w",), 2: ("h", "w"), 3: ("d", "h", "w")}
INT64 = 2**63
DECIMAL_DIGITS = 38

INTEGERS = (
    "out_channels", "params", "buffers", "macs", "flops", "read_elements", "written_elements", "weights_elements",
    "bias_elements", "moved_elements", "moved_bytes", "activations_elements", "connections", "line", "column",
)  # fmt: skip
FRACTIONS = ("share_params", "share_macs", "intensity_flops_per_byte")
TEXTS = ("path", "op", "arguments", "inputs", "block", "in_shapes", "out_shape", "shares")
BOOLEANS = ("global", "weighted")


def library(name: str, extra: str) -> Any:
    """Return an optional library.

    Raises:
        ImportError: it is missing; one line that names the extra.
    """
    try:
        return import_module(name)
    except ImportError:
        raise ImportError(f"{name} is not installed; pip install 'cnncalc[{extra}]'") from None


def axis_columns(report: Report) -> dict[str, tuple[str, int]]:
    """Return the columns of the receptive field, in input pixels: name -> (attribute of a layer, axis)."""
    rank = len(report.input[0][1]) - 1 if report.input else 0
    letters = AXES.get(rank, ())
    names = {
        "receptive_field": "receptive_field_{}_px",
        "receptive_field_min": "receptive_field_min_{}_px",
        "receptive_field_true": "receptive_field_true_{}_px",
        "start": "start_{}_px",
        "jump": "jump_{}_px",
    }
    return {
        pattern.format(letter): (attribute, axis)
        for attribute, pattern in names.items()
        for axis, letter in enumerate(letters)
    }


def columns(report: Report) -> dict[str, str]:
    """Return the columns in order, each with its kind: text, integer, fraction or boolean."""
    order = (
        "path", "op", "arguments", "block", "inputs", "in_shapes", "out_shape", "out_channels", "params", "buffers",
        "macs", "flops", "read_elements", "written_elements", "weights_elements", "bias_elements", "moved_elements",
        "moved_bytes", "intensity_flops_per_byte", "activations_elements", "connections", "share_params", "share_macs",
    )  # fmt: skip
    kinds = dict.fromkeys(TEXTS, "text") | dict.fromkeys(INTEGERS, "integer")
    kinds |= dict.fromkeys(FRACTIONS, "fraction") | dict.fromkeys(BOOLEANS, "boolean")
    result = {name: kinds[name] for name in order}
    for name, (attribute, _) in axis_columns(report).items():
        result[name] = "fraction" if attribute == "jump" else "integer"
    return result | {name: kinds[name] for name in ("global", "weighted", "shares", "line", "column")}


def record(layer: Layer, axes: dict[str, tuple[str, int]]) -> dict[str, Any]:
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
        "params": layer.params,
        "buffers": layer.buffers,
        "macs": layer.macs,
        "flops": layer.flops,
        "read_elements": memory.read if memory else None,
        "written_elements": memory.written if memory else None,
        "weights_elements": memory.weights if memory else None,
        "bias_elements": memory.bias if memory else None,
        "moved_elements": memory.total if memory else None,
        "moved_bytes": layer.bytes,
        "intensity_flops_per_byte": layer.intensity,
        "activations_elements": layer.activations,
        "connections": layer.connections,
        "share_params": layer.share_params,
        "share_macs": layer.share_macs,
    }
    for name, (attribute, axis) in axes.items():
        values = getattr(layer, attribute)
        value = values[axis] if axis < len(values) else None
        row[name] = float(value) if attribute == "jump" and isinstance(value, int | Fraction) else value
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
    axes = axis_columns(report)
    return [record(layer, axes) for layer in report.layers]


def by_column(report: Report) -> dict[str, list[Any]]:
    """Return the values of each column."""
    rows = to_dicts(report)
    return {name: [row[name] for row in rows] for name in columns(report)}


def wide(values: list[Any]) -> bool:
    """Return whether an integer among the values does not fit into 64 bits."""
    return any(value is not None and not -INT64 <= value < INT64 for value in values)


def to_pandas(report: Report) -> Any:
    """Return a pandas DataFrame; integers are Int64 with missing values, object where 64 bits do not hold them."""
    pandas = library("pandas", "pandas")
    kinds = columns(report)
    series = {}
    for name, values in by_column(report).items():
        kind = {"integer": "Int64", "fraction": "Float64", "boolean": "bool"}.get(kinds[name], "object")
        if kind == "Int64" and wide(values):
            kind = "object"
        series[name] = pandas.Series(values, dtype=kind)
    return pandas.DataFrame(series)


def to_polars(report: Report) -> Any:
    """Return a polars DataFrame; integers are Int64, Int128 where 64 bits do not hold them."""
    polars = library("polars", "polars")
    kinds = columns(report)
    series = []
    for name, values in by_column(report).items():
        kind = {"integer": polars.Int64, "fraction": polars.Float64, "boolean": polars.Boolean}.get(
            kinds[name], polars.String
        )
        if kind == polars.Int64 and wide(values):
            kind = polars.Int128
        series.append(polars.Series(name, values, dtype=kind))
    return polars.DataFrame(series)


def to_arrow(report: Report) -> Any:
    """Return a pyarrow Table; integers are int64, decimal where 64 bits do not hold them."""
    arrow = library("pyarrow", "arrow")
    kinds = columns(report)
    arrays = {}
    for name, values in by_column(report).items():
        kind = {"integer": arrow.int64(), "fraction": arrow.float64(), "boolean": arrow.bool_()}.get(
            kinds[name], arrow.string()
        )
        if kind == arrow.int64() and wide(values):
            from decimal import Decimal

            kind = arrow.decimal256(2 * DECIMAL_DIGITS, 0)
            arrays[name] = arrow.array([None if v is None else Decimal(v) for v in values], type=kind)
            continue
        arrays[name] = arrow.array(values, type=kind)
    return arrow.table(arrays)
