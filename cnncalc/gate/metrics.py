"""What can be limited: every metric by its explicit name, measured on a report, for the network or for one layer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from cnncalc.gate.quantity import BYTES, Unit
from cnncalc.results.measures import MEASURES, Basis
from cnncalc.values.dtypes import parse_dtypes, tensor_bytes
from cnncalc.values.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from cnncalc.language.literals import Number
    from cnncalc.results.layer import Layer
    from cnncalc.results.measures import Measure
    from cnncalc.results.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A number that may be known only in part.

    Attributes:
        low: what is certain; the number itself when it is known.
        high: the same when the number is known, None when it may be larger.
        part: of a share, the exact (part, whole) that it is of.
        where: the layer at which it occurs, for a peak.
        live: what is alive at a peak, as (name, elements).
        note: why it is not known.
    """

    low: Number
    high: Number | None
    part: tuple[int, int] | None = None
    where: str | None = None
    live: tuple[tuple[str, int], ...] = ()
    note: str | None = None

    @property
    def known(self) -> bool:
        """Whether the number is exact."""
        return self.high is not None and self.low == self.high


def known(value: Number) -> Measured:
    """Return a number that is exactly known."""
    return Measured(low=value, high=value)


def at_least(value: Number, note: str) -> Measured:
    """Return a number of which only a lower bound is known."""
    return Measured(low=value, high=None, note=note)


@record(kw_only=True)
class Metric:
    """One thing that a budget can limit.

    Attributes:
        name: its name in budgets.
        unit: what it is counted in.
        title: what it is, in a few words, for sentences.
        total: its value for a whole network.
        layer: its value for one layer; None for what only a network has.
        additive: the total is the sum over the layers, so that shares and heaviest layers make sense.
        rule: `convention` or `dtype` when its value depends on that, else "".
        more_is_better: a smaller value is the worse one.
        ratchet: a baseline records it.
        in_bytes: the metric that says the same in bytes, for a limit that is written in them.
        planned: a runtime's planner says it.
        widths: only a network has it in which a layer says its bits or density.
    """

    name: str
    unit: Unit
    title: str
    total: Callable[[Report], Measured]
    layer: Callable[[Layer, Report], Measured] | None = None
    additive: bool = False
    rule: str = ""
    more_is_better: bool = False
    ratchet: bool = False
    in_bytes: str = ""
    planned: bool = False
    widths: bool = False


def _sum(key: str) -> Callable[[Report], Measured]:
    """Return the metric of a sum over layers."""

    def total(report: Report) -> Measured:
        value = report.totals.number(key)
        if key in report.totals.lower_bounds:
            return at_least(value, f"{_unknown_in(report, key)}, so the total is at least {value:,}")
        return known(value)

    return total


def _unknown_in(report: Report, key: str) -> str:
    """Return the words for the layers that hide a number."""
    key = {"model_size": "params", "peak_activation": "activations"}.get(key, key)
    paths = [layer.path for layer in report.layers if key in layer.unknown]
    if not paths:
        return "a part is unknown"
    rest = f" and {len(paths) - 1} more are" if len(paths) > 1 else " is"
    return f"layer '{paths[0]}'{rest} unknown"


def _each(key: str) -> Callable[[Layer, Report], Measured]:
    """Return the metric of a layer's own number."""
    words = {"memory_access": "memory access", "bytes": "memory access"}.get(key, key)

    def value_of(layer: Layer, _report: Report) -> Measured:
        value = layer.number(key)
        return at_least(0, f"its {words} cannot be known") if value is None else known(value)

    return value_of


def _hides_layers(report: Report) -> str | None:
    """Return the words for opaque layers, in which further layers may be; None without one."""
    return _unknown_in(report, "activations") if "activations" in report.totals.lower_bounds else None


def _structure(attribute: Callable[[Report], int | None]) -> Callable[[Report], Measured]:
    def total(report: Report) -> Measured:
        value = attribute(report)
        hidden = _hides_layers(report)
        if value is None or (hidden and not value):
            return at_least(0, hidden or "the network has no hidden convolution or linear layer")
        return at_least(value, f"{hidden} inside") if hidden else known(value)

    return total


def _network_field(report: Report) -> Measured:
    path = report.summary.last_map_path
    if path is not None and path in _behind_opaque(report):
        return at_least(0, f"{_hides_layers(report)} inside")
    return _smallest(report.summary.receptive_field)


def _layer_field(layer: Layer, report: Report) -> Measured:
    if layer.path in _behind_opaque(report):
        return at_least(0, f"{_hides_layers(report)} inside")
    return _smallest(layer.receptive_field)


def _behind_opaque(report: Report) -> set[str]:
    """Return the paths of the layers that depend on one whose inside nobody knows; such fields are mere conventions."""
    if "activations" not in report.totals.lower_bounds:
        return set()
    found: set[str] = set()
    for layer in report.layers:
        hidden = "activations" in layer.unknown and "receptive_field" not in layer.declared
        if hidden or any(source.partition(":")[0] in found for source in layer.inputs):
            found.add(layer.path)
    return found


STATED = {"model_size": "params", "fc_share": "params", "memory_access_bytes": "memory_access"}
"""The number of a layer that a metric follows from, where that has another name."""


def declared_note(metric: Metric, report: Report, paths: Collection[str]) -> str | None:
    """Return the words for a number of these layers that rests on what the spec declares; None where it does not."""
    key = STATED.get(metric.name, metric.name)
    if key == "flops" and report.convention != "exact":
        key = "macs"
    found = [layer.path for layer in report.layers if layer.path in paths and key in layer.declared]
    if not found:
        return None
    more = f" and {len(found) - 1:,} more" if len(found) > 1 else ""
    return f"{metric.name} holds only by a number that layer '{found[0]}'{more} declares"


def _smallest(axes: tuple[int | None, ...]) -> Measured:
    sizes = [size for size in axes if size is not None]
    if not axes:
        return at_least(0, "there is no map with a spatial extent")
    if len(sizes) < len(axes):
        return at_least(0, "it cannot be known")
    return known(min(sizes))


def _fc_share(report: Report) -> Measured:
    whole = report.totals.params
    linear = report.summary.fc_params
    if "params" in report.totals.lower_bounds:
        return at_least(0, _unknown_in(report, "params"))
    return Measured(low=Fraction(linear, whole or 1), high=Fraction(linear, whole or 1), part=(linear, whole))


def _peak(report: Report) -> Measured:
    peak = report.summary.peak_activation
    measured = _sum("peak_activation")(report)
    return replace(measured, where=peak.path, live=peak.live)


def _peak_bytes(report: Report) -> Measured:
    peak, bits = report.summary.peak_activation, parse_dtypes(report.dtype).activation_bits
    if report.totals.precision is not None:
        return replace(_of_peak(report, peak.bytes), where=peak.path)
    live = tuple((name, tensor_bytes(elements, bits)) for name, elements in peak.live)
    return replace(_of_peak(report, sum(size for _, size in live)), where=peak.path, live=live)


def _of_peak(report: Report, value: int) -> Measured:
    """Return a number of the peak's bytes, as far as the peak is known."""
    if "peak_activation" not in report.totals.lower_bounds:
        return known(value)
    return at_least(value, f"{_unknown_in(report, 'peak_activation')}, so the total is at least {value:,}")


def _planned(key: str) -> Callable[[Report], Measured]:
    """Return the metric of a number that a runtime's planner says."""

    def total(report: Report) -> Measured:
        memory = report.memory
        value = None if memory is None else getattr(memory, key)
        if memory is None or value is None:
            return at_least(0, "no runtime is named; say --runtime plain or tflm, or runtime: in the budget")
        hidden = _hides_layers(report)
        live = tuple((buffer.name, buffer.bytes) for buffer in memory.alive)
        measured = at_least(value, f"{hidden} inside") if hidden else known(value)
        return replace(measured, where=memory.peak_layer, live=live) if key in {"arena", "sram"} else measured

    return total


def _widths(key: str) -> Callable[[Report], Measured]:
    """Return the metric of a sum over layers that say their bits."""

    def total(report: Report) -> Measured:
        value = None if report.totals.precision is None else getattr(report.totals.precision, key)
        if report.totals.precision is None or value is None:
            why = "no layer says bits:" if report.totals.precision is None else "a layer has other widths than one bit"
            return at_least(0, why)
        return at_least(value, "a part is unknown") if key in report.totals.precision.lower_bounds else known(value)

    return total


def in_unit(metric: Metric, written: object) -> Metric:
    """Return the metric that a limit is on: where it is written in bytes, the one that says the same in bytes."""
    if not metric.in_bytes or not isinstance(written, str):
        return metric
    suffix = written.strip().lstrip("0123456789. ")
    return METRICS[metric.in_bytes] if suffix in BYTES else metric


def _layer_size(layer: Layer, report: Report) -> Measured:
    if layer.params is None:
        return at_least(0, "its params cannot be known")
    return known(tensor_bytes(layer.params, parse_dtypes(report.dtype).weight_bits))


def _layer_width(layer: Layer, _report: Report) -> Measured:
    return known(layer.out_shape.channels)


UNITS = {"bytes": Unit.BYTES, "pixels": Unit.PIXELS, "share": Unit.SHARE}
"""How limits are written on a measure, by its unit; everything else is counted."""

TOTAL: dict[str, Callable[[Report], Measured]] = {
    "activations": _structure(lambda r: r.totals.activations),
    "connections": _structure(lambda r: r.totals.connections),
    "peak_activation": _peak,
    "peak_activation_bytes": _peak_bytes,
    "receptive_field": _network_field,
    "depth": _structure(lambda r: r.summary.depth.layers),
    "width": _structure(lambda r: r.summary.width),
    "layers": lambda r: known(r.totals.layers),
    "fc_share": _fc_share,
}
"""What is more than a sum, for a network."""

LAYER: dict[str, Callable[[Layer, Report], Measured]] = {
    "model_size": _layer_size, "receptive_field": _layer_field, "width": _layer_width,
}  # fmt: skip
"""What is more than a number of the layer."""


def metric_of(entry: Measure) -> Metric:
    """Return what limits a measure."""
    total = TOTAL.get(entry.budget)
    if total is None and entry.source is Basis.PLAN:
        total = _planned(entry.name)
    if total is None and entry.source is Basis.WIDTHS:
        total = _widths(entry.name)
    layer = LAYER.get(entry.budget)
    return Metric(
        name=entry.budget, unit=UNITS.get(entry.unit, Unit.COUNT), title=entry.title,
        total=total or _sum(entry.name), layer=layer or (_each(entry.name) if entry.each else None),
        additive=entry.adds and (entry.each or layer is not None), rule=entry.rule, ratchet=entry.ratchet,
        more_is_better=entry.more_is_better, in_bytes=entry.in_bytes, planned=entry.source is Basis.PLAN,
        widths=entry.source is Basis.WIDTHS,
    )  # fmt: skip


METRICS: dict[str, Metric] = {entry.budget: metric_of(entry) for entry in MEASURES if entry.budget}
"""Every metric by its name."""

ALIASES = {entry.also: entry.budget for entry in MEASURES if entry.also}
"""Other names of metrics; `layer_count` is for a budget that also limits single layers under `layers:`."""


def find_metric(name: str) -> Metric | None:
    """Return the metric of that name or alias, or None."""
    return METRICS.get(ALIASES.get(name, name))


def lows(report: Report) -> dict[str, Number]:
    """Return every metric of a network as far as it is certain, by its name."""
    return {metric.name: metric.total(report).low for metric in METRICS.values()}


def share(part: Measured, whole: Measured) -> Measured:
    """Return a layer's part of a total, as far as both are known."""
    if not part.known:
        return at_least(0, part.note or "it cannot be known")
    if not whole.low:
        return known(0)
    value = Fraction(part.low) / Fraction(whole.low)
    parts = (int(part.low), int(whole.low))
    if whole.known:
        return Measured(low=value, high=value, part=parts)
    return Measured(low=0, high=value, part=parts, note=whole.note)


def together(values: list[Measured]) -> Measured:
    """Return the sum of several layers' values, as far as they are known."""
    low = sum(value.low for value in values)
    note = next((value.note for value in values if not value.known), None)
    return known(low) if note is None else at_least(low, note)


def heaviest(report: Report, metric: Metric, count: int = 3) -> list[tuple[Layer, Number]]:
    """Return the layers with the most of an additive metric, the heaviest first, those with nothing left out."""
    if not metric.additive or metric.layer is None:
        return []
    measured = [(layer, metric.layer(layer, report).low) for layer in report.layers]
    return sorted((pair for pair in measured if pair[1]), key=lambda pair: -pair[1])[:count]
