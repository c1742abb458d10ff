"""What the plots show, as plain numbers taken from a report: bars, lines and points with their units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnncalc.analysis.group import by_operator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.analysis.roofline import Roofline
    from cnncalc.results.layer import Layer
    from cnncalc.results.report import Report

UNITS = {
    "macs": "multiply-accumulates",
    "flops": "FLOPs",
    "params": "parameters",
    "memory_access": "elements moved",
}
"""What bars can show, and its unit."""

SMALL = 100
"""An operator with less than one part in so many of everything is not shown by itself."""
BY_LAYER_UP_TO = 40
"""Networks with at most so many layers that count are shown layer by layer, larger ones block by block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """One number per layer, block or operator.

    Attributes:
        labels: paths, or operator names.
        values: their numbers; None where unknown.
        unit: what they count.
        by: `layer`, `block` or `operator`.
    """

    labels: tuple[str, ...]
    values: tuple[int | None, ...]
    unit: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """The receptive field over the layers, per axis, in input pixels.

    Attributes:
        labels: paths of the layers with a field of their own; those that see the whole input are left out.
        scopes: the block or item that each stands in.
        axes: letter of each spatial axis of the input.
        sizes: per axis, the field of each layer along the spatial path; None where it is unknown.
        true: the same with gates; None throughout where there are none.
        extents: the input's size per axis.
        left_out: the number of layers that see the whole input.
        main: per layer, whether it is on the main path: that to the last map, of several inputs through the one that
            sees most.
    """

    labels: tuple[str, ...]
    scopes: tuple[str, ...]
    axes: tuple[str, ...]
    sizes: tuple[tuple[int | None, ...], ...]
    true: tuple[tuple[int | None, ...], ...] | None
    extents: tuple[int, ...]
    left_out: int
    main: tuple[bool, ...]

    def along(self, values: Sequence[int | None]) -> list[int | None]:
        """Return values of the layers along the main path, over side branches as before them."""
        found: list[int | None] = []
        for value, main in zip(values, self.main, strict=True):
            found.append(value if main or not found else found[-1])
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Parts of the totals by operator, as fractions; operators without any are left out.

    Attributes:
        operators: names, the most work first; those with less than a `SMALL`th of everything are one entry at the end.
        parts: per total (`params`, `macs`, `memory_access`), the part of each operator.
    """

    operators: tuple[str, ...]
    parts: dict[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Activation memory over execution.

    Attributes:
        labels: paths of the layers in order of execution.
        scopes: the block or item that each stands in.
        elements: elements alive while each runs.
        peak: index of the layer with the most.
        bytes: what is alive then, in bytes.
        lower_bound: there may be more inside a layer of which only the shape is known.
    """

    labels: tuple[str, ...]
    scopes: tuple[str, ...]
    elements: tuple[int, ...]
    peak: int
    bytes: int
    lower_bound: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """The layers under a roofline; those that compute or move nothing are left out.

    Attributes:
        labels: their paths.
        intensity: operations per byte moved.
        rate: operations per second that the device allows at that intensity.
        operations: the work of each.
        seconds: how long each takes at least.
        bounds: what limits each, `compute` or `memory`.
        left_out: layers without arithmetic that take time to move data.
        unknown: layers of which only the shape is known.
    """

    labels: tuple[str, ...]
    intensity: tuple[float, ...]
    rate: tuple[float, ...]
    operations: tuple[int, ...]
    seconds: tuple[float, ...]
    bounds: tuple[str, ...]
    left_out: int
    unknown: int


def scope(layer: Layer) -> str:
    """Return the block that a layer stands in, or its own item: the outermost call, else the path's first part."""
    if layer.calls:
        return layer.calls[0]
    parts = layer.path.split(".")
    return ".".join(parts[: 2 if len(parts) > 1 and parts[1].isdecimal() else 1])


def bars(report: Report, metric: str, by: str | None = None) -> Bars:
    """Return one number per layer or block, those that have none of it left out.

    Args:
        report: the report.
        metric: one of `UNITS`.
        by: `layer` or `block`; default: by layer for small networks.

    Raises:
        ValueError: there is no such metric or grouping, or no layer has any of it.
    """
    if metric not in UNITS:
        raise ValueError(f"there are no bars of '{metric}'; choose one of {', '.join(UNITS)}")
    if by not in (None, "layer", "block"):
        raise ValueError(f"bars are by layer or by block, got '{by}'")
    unit = f"{UNITS[metric]} ({report.convention})" if metric == "flops" else UNITS[metric]
    counted = [layer for layer in report.layers if layer.number(metric) != 0]
    if not counted:
        raise ValueError(f"no layer of {report.name} has {UNITS[metric]}, there is nothing to plot")
    if by is None:
        by = "layer" if len(counted) <= BY_LAYER_UP_TO else "block"
    groups: dict[str, list[int | None]] = {}
    for layer in counted:
        groups.setdefault(layer.path if by == "layer" else scope(layer), []).append(layer.number(metric))
    values = tuple(None if None in found else sum(v for v in found if v is not None) for found in groups.values())
    return Bars(labels=tuple(groups), values=values, unit=unit, by=by)


def growth(report: Report) -> Growth:
    """Return the receptive field of every map, in order.

    Raises:
        ValueError: the input is a vector, which has no field, or every layer sees all of it.
    """
    extents = report.input[0][1].spatial
    if not extents:
        raise ValueError(f"{report.name} has a vector as input, there is no receptive field to plot")
    letters = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}[len(extents)]
    maps = [m for m in report.layers if len(m.receptive_field) == len(extents) and not m.is_global]
    if not maps:
        raise ValueError(f"every layer of {report.name} sees the whole input, there is no growth to plot")

    def column(values: Sequence[tuple[int | None, ...]], axis: int) -> tuple[int | None, ...]:
        return tuple(value[axis] for value in values)

    local = [layer.receptive_field for layer in maps]
    whole = [layer.receptive_field_true for layer in maps]
    differ = local != whole
    axes = range(len(extents))
    return Growth(
        labels=tuple(layer.path for layer in maps),
        scopes=tuple(map(scope, maps)),
        axes=letters,
        sizes=tuple(column(local, axis) for axis in axes),
        true=tuple(column(whole, axis) for axis in axes) if differ else None,
        extents=extents,
        left_out=sum(layer.is_global for layer in report.layers),
        main=main_path(maps, report.summary.last_map_path),
    )


def main_path(maps: Sequence[Layer], last: str | None) -> tuple[bool, ...]:
    """Return which layers lie on the main path: back from the last map, each time to the input that sees most."""
    by_path = {layer.path: layer for layer in maps}
    path = last if last in by_path else maps[-1].path
    taken = set()
    while path in by_path and path not in taken:
        taken.add(path)
        inputs = [name.partition(":")[0] for name in by_path[path].inputs]
        known = [by_path[name] for name in inputs if name in by_path]
        if not known:
            break
        path = max(known, key=lambda layer: [size or 0 for size in layer.receptive_field]).path
    return tuple(layer.path in taken for layer in maps)


def shares(report: Report) -> Shares:
    """Return each operator's part of parameters, multiply-accumulates and memory access.

    Raises:
        ValueError: no layer has any of them.
    """
    totals = {
        "params": report.totals.params,
        "macs": report.totals.macs,
        "memory_access": report.totals.memory_access.total,
    }
    rows = [(row.path, {key: row.amount(key).value or 0 for key in totals}) for row in by_operator(report.layers)]
    rows = [row for row in rows if any(row[1].values())]
    if not rows:
        raise ValueError(f"no layer of {report.name} has parameters, work or memory access, there is nothing to plot")
    rows.sort(key=lambda row: (-row[1]["macs"], -row[1]["memory_access"]))
    small = [row for row in rows if all(value * SMALL <= totals[key] for key, value in row[1].items() if totals[key])]
    if len(small) > 1:
        others = {key: sum(found[key] for _, found in small) for key in totals}
        rows = [row for row in rows if row not in small] + [(f"{len(small)} others", others)]
    return Shares(
        operators=tuple(name for name, _ in rows),
        parts={key: tuple(found[key] / whole if whole else 0.0 for _, found in rows) for key, whole in totals.items()},
    )


def profile(report: Report) -> Profile:
    """Return the activation elements alive while each layer runs.

    Raises:
        ValueError: the network has no layers.
    """
    if not report.layers:
        raise ValueError(f"{report.name} has no layers, there is nothing to plot")
    peak = report.summary.peak_activation
    labels = tuple(layer.path for layer in report.layers)
    return Profile(
        labels=labels, scopes=tuple(map(scope, report.layers)), elements=peak.profile, peak=labels.index(peak.path),
        bytes=peak.bytes, lower_bound="peak_activation" in report.totals.lower_bounds,
    )  # fmt: skip


def points(roofline: Roofline) -> Points:
    """Return the layers of a roofline as points on it.

    Raises:
        ValueError: no layer computes anything.
    """
    found = [layer for layer in roofline.layers if layer.operations and layer.intensity]
    if not found:
        raise ValueError(f"no layer of {roofline.network} is known to compute anything, there is nothing to plot")
    bandwidth = roofline.bandwidth
    return Points(
        labels=tuple(layer.path for layer in found),
        intensity=tuple(layer.intensity or 0.0 for layer in found),
        rate=tuple(attainable(layer.intensity or 0.0, roofline.peak, bandwidth) for layer in found),
        operations=tuple(layer.operations or 0 for layer in found),
        seconds=tuple(layer.seconds or 0.0 for layer in found),
        bounds=tuple(layer.bound or "" for layer in found),
        left_out=sum(layer.operations == 0 and bool(layer.bytes) for layer in roofline.layers),
        unknown=sum(layer.seconds is None for layer in roofline.layers),
    )


def attainable(intensity: float, peak: int, bandwidth: int | None) -> float:
    """Return the operations per second that a device allows at an intensity; without a bandwidth, its peak."""
    return peak if bandwidth is None else min(peak, intensity * bandwidth)
