"""What can be limited: every metric by its explicit name, measured on a report, for the network or for one layer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from cnncalc.gate.quantity import BYTES, Unit
from cnncalc.values.dtypes import parse_dtypes, tensor_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from cnncalc.language.literals import Number
    from cnncalc.results.layer import Layer
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


@dataclass(frozen=True, slots=True, kw_only=True)
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


def _sum(key: str, attribute: Callable[[Report], int]) -> Callable[[Report], Measured]:
    def total(report: Report) -> Measured:
        value = attribute(report)
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
    rest = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return f"layer '{paths[0]}'{rest} is unknown"


def _each(key: str, attribute: Callable[[Layer], int | None]) -> Callable[[Layer, Report], Measured]:
    def value_of(layer: Layer, _report: Report) -> Measured:
        value = attribute(layer)
        return at_least(0, f"its {key} cannot be known") if value is None else known(value)

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
    measured = _sum("peak_activation", lambda r: r.totals.peak_activation)(report)
    return replace(measured, where=peak.path, live=peak.live)


def _peak_bytes(report: Report) -> Measured:
    peak, bits = report.summary.peak_activation, parse_dtypes(report.dtype).activation_bits
    if report.totals.precision is not None:
        return replace(_sum("peak_activation", lambda r: r.summary.peak_activation.bytes)(report), where=peak.path)
    live = tuple((name, tensor_bytes(elements, bits)) for name, elements in peak.live)
    value = sum(size for _, size in live)
    plain = _sum("peak_activation", lambda r: r.totals.peak_activation)(report)
    measured = known(value) if plain.known else at_least(value, plain.note or "a part is unknown")
    return replace(measured, where=peak.path, live=live)


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


def _layer_activations(layer: Layer, _report: Report) -> Measured:
    if layer.activations is None:
        return at_least(0, "its activations cannot be known")
    return known(layer.activations)


def _layer_connections(layer: Layer, _report: Report) -> Measured:
    if layer.connections is None:
        return at_least(0, "its connections cannot be known")
    return known(layer.connections)


def _moved(layer: Layer) -> int | None:
    return None if layer.memory_access is None else layer.memory_access.total


def _layer_width(layer: Layer, _report: Report) -> Measured:
    return known(layer.out_shape.channels)


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(name="macs", unit=Unit.COUNT, title="multiply-accumulates", additive=True, ratchet=True,
               total=_sum("macs", lambda r: r.totals.macs), layer=_each("macs", lambda x: x.macs)),
        Metric(name="flops", unit=Unit.COUNT, title="floating-point operations", additive=True, rule="convention",
               ratchet=True, total=_sum("flops", lambda r: r.totals.flops), layer=_each("flops", lambda x: x.flops)),
        Metric(name="params", unit=Unit.COUNT, title="parameters", additive=True, ratchet=True,
               total=_sum("params", lambda r: r.totals.params), layer=_each("params", lambda x: x.params)),
        Metric(name="model_size", unit=Unit.BYTES, title="model size", additive=True, rule="dtype", ratchet=True,
               total=_sum("model_size", lambda r: r.totals.model_size), layer=_layer_size),
        Metric(name="memory_access", unit=Unit.COUNT, title="elements moved", additive=True, ratchet=True,
               in_bytes="memory_access_bytes",
               total=_sum("memory_access", lambda r: r.totals.memory_access.total),
               layer=_each("memory access", _moved)),
        Metric(name="memory_access_bytes", unit=Unit.BYTES, title="bytes moved", additive=True, rule="dtype",
               total=_sum("bytes", lambda r: r.totals.bytes), layer=_each("memory access", lambda x: x.bytes)),
        Metric(name="activations", unit=Unit.COUNT, title="activations", additive=True, ratchet=True,
               total=_structure(lambda r: r.totals.activations), layer=_layer_activations),
        Metric(name="peak_activation", unit=Unit.COUNT, title="elements alive at once", total=_peak, ratchet=True,
               in_bytes="peak_activation_bytes"),
        Metric(name="peak_activation_bytes", unit=Unit.BYTES, title="bytes alive at once", total=_peak_bytes,
               rule="dtype"),
        Metric(name="arena", unit=Unit.BYTES, title="bytes of the runtime's arena", rule="dtype",
               planned=True, total=_planned("arena")),
        Metric(name="sram", unit=Unit.BYTES, title="bytes of arena and interpreter", rule="dtype",
               planned=True, total=_planned("sram")),
        Metric(name="flash", unit=Unit.BYTES, title="bytes of weights, biases and scales", rule="dtype",
               planned=True, total=_planned("flash")),
        Metric(name="largest_tensor", unit=Unit.BYTES, title="bytes of the largest activation", rule="dtype",
               planned=True, total=_planned("largest_tensor")),
        Metric(name="bops", unit=Unit.COUNT, title="binary operations: macs by bits of weight and activation",
               rule="dtype", widths=True, total=_widths("bops")),
        Metric(name="ops", unit=Unit.COUNT, title="operations as binary networks count them", rule="dtype",
               widths=True, total=_widths("ops")),
        Metric(name="effective_macs", unit=Unit.COUNT, title="multiply-accumulates with weights that are not zero",
               widths=True, total=_widths("effective_macs")),
        Metric(name="receptive_field", unit=Unit.PIXELS, title="receptive field, its smaller axis",
               total=_network_field, layer=_layer_field, more_is_better=True,
               ratchet=True),
        Metric(name="depth", unit=Unit.COUNT, title="convolutions and linear layers on the longest path",
               total=_structure(lambda r: r.summary.depth.layers)),
        Metric(name="width", unit=Unit.COUNT, title="most channels of a hidden layer",
               total=_structure(lambda r: r.summary.width), layer=_layer_width),
        Metric(name="layers", unit=Unit.COUNT, title="layers", total=lambda r: known(r.totals.layers)),
        Metric(name="connections", unit=Unit.COUNT, title="connections", additive=True,
               total=_structure(lambda r: r.totals.connections),
               layer=_layer_connections),
        Metric(name="fc_share", unit=Unit.SHARE, title="share of the parameters in linear layers", total=_fc_share),
    )
}  # fmt: skip
"""Every metric by its name."""

ALIASES = {"rf": "receptive_field", "layer_count": "layers"}
"""Other names of metrics; `layer_count` is for a budget that also limits single layers under `layers:`."""


def find_metric(name: str) -> Metric | None:
    """Return the metric of that name or alias, or None."""
    return METRICS.get(ALIASES.get(name, name))


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
