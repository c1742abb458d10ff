"""One recording of a whole network: the ordinary expander, operators and sums, run on numbers that record."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cnncalc.analysis.assemble import counted, total
from cnncalc.language.settings import Overrides
from cnncalc.numbers.doors import greatest, identity, recorded
from cnncalc.numbers.recording import Recording
from cnncalc.results.totals import PeakActivation
from cnncalc.rules import convention as find_convention
from cnncalc.values.diagnostics import Span
from cnncalc.values.dtypes import parse_dtypes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cnncalc.graph.graph import Graph
    from cnncalc.language.document import Spec
    from cnncalc.numbers.recorder import Recorder
    from cnncalc.results.totals import Totals

OUTPUT = "output"
PEAK, FIELD = "peak_activation", "receptive_field"
TOTALS: dict[str, Callable[[Totals], Any]] = {
    "params": lambda t: t.params,
    "macs": lambda t: t.macs,
    "flops": lambda t: t.flops,
    "memory_access": lambda t: t.memory_access.total,
    "bytes": lambda t: t.bytes,
    "model_size": lambda t: t.model_size,
    "activations": lambda t: t.activations,
    "connections": lambda t: t.connections,
    "buffers": lambda t: t.buffers,
    "layers": lambda t: t.layers,
    PEAK: lambda t: t.peak_activation,
}
"""Totals that a recording gives, by name, each from the totals of a report."""
NO_PEAK = PeakActivation(elements=0, bytes=0, path="", live=(), profile=())
HOLE = re.compile("\x00([0-9]+)(?::([^\x01]*))?\x01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a network is expanded and counted with; extents, variables and the batch may record."""

    variant: str | None = None
    variables: Mapping[str, object] = field(default_factory=dict)
    inputs: Mapping[str, tuple[int, ...]] | None = None
    convention: str = "exact"
    dtype: str = "fp32"
    batch: int = 1
    fold_bn: bool = False
    deploy: bool = False
    pads: bool = False
    max_layers: int | None = None


class Structure(Recording):
    """The recording of one structure of a network.

    Attributes:
        layers: the names of the parts whose totals are among the results, "" for the whole network's.
        refusal: why networks of this structure are refused, with marks where numbers stand; None where they are not.
        unknown: totals that are lower bounds.
        runs: whether it was recorded at all: not where an operator does not run on numbers that record.
    """

    runs = True

    def __init__(self, recorder: Recorder, outputs: Mapping[str, Any], refusal: str | None = None,
                 unknown: Iterable[str] = (), layers: Iterable[str] = ("",)) -> None:  # fmt: skip
        self.layers = tuple(layers)
        self.refusal = refusal
        self.unknown = tuple(unknown)
        for number, _ in HOLE.findall(refusal or ""):
            outputs = {**outputs, f"#{number}": recorder.nodes[int(number)]}
        super().__init__(recorder, outputs)

    def run(self, given: Mapping[str, int]) -> dict[str, int] | None:
        """Return the results for plain numbers; None where a condition does not hold, or nothing was recorded."""
        return super().run(given) if self.runs else None

    def totals(self, given: Mapping[str, int]) -> dict[str, int] | None:
        """Return the totals for plain numbers; None where they make another structure, or are refused."""
        return self.run(given) if self.refusal is None else None

    def reason(self, given: Mapping[str, int]) -> str | None:
        """Return why these numbers are refused, None where another structure says."""
        found = None if self.refusal is None else self.run(given)
        return None if found is None else self.filled(found)

    def filled(self, found: Mapping[str, int]) -> str:
        """Return the refusal with its numbers."""
        return HOLE.sub(lambda match: format(found[f"#{match[1]}"], match[2] or ""), self.refusal or "")


def record(spec: Spec, recorder: Recorder, setting: Asked, wanted: Iterable[str], *, per: str = "",
           axes: bool = False) -> Structure:  # fmt: skip
    """Return the structure that a network has for the numbers in a setting, with the wanted totals.

    With `per`, the totals of each `layer` or `block` come before those of the whole network, as `path:total`. With
    `axes` the receptive field is a result for each axis, else its smaller one.

    Raises:
        SpecError: the spec is wrong whatever the numbers are.
        ValueError: an argument is not one of the right ones.
    """
    wanted = tuple(wanted)
    rule, dtypes = find_convention(setting.convention), parse_dtypes(setting.dtype)
    collector = spec.collector()
    variant = setting.variant if setting.variant is not None else spec.variant
    graph = spec.expand(Overrides(variant, setting.variables, setting.inputs, setting.max_layers), collector)
    if errors := collector.errors:
        first = min(errors, key=lambda d: d.span or Span(0, 0))
        return Structure(recorder, {}, refusal=first.message)
    if setting.deploy:
        from cnncalc.graph.deploy import deployed, padded_apart

        graph = deployed(graph)
        if setting.pads:
            graph = padded_apart(graph)
    elif setting.fold_bn:
        from cnncalc.graph.fold import fold_batch_norm

        graph = fold_batch_norm(graph)
    batch = graph.batch if setting.batch == 1 else setting.batch
    peak = NO_PEAK
    if PEAK in wanted:
        peak = replace(NO_PEAK, elements=most_alive(graph) * batch)
    per_node, totals = counted(graph, rule, dtypes, batch, peak, tell=identity)
    outputs: dict[str, Any] = {}
    parts = _parts(graph, per)
    unknown = list(totals.lower_bounds)
    for name, indices in parts.items():
        own = total([graph.nodes[k] for k in indices], [per_node[k] for k in indices], dtypes.weight_bits, NO_PEAK)
        unknown += [f"{name}:{what}" for what in own.lower_bounds]
        outputs.update({f"{name}:{what}": TOTALS[what](own) for what in wanted
                        if what in TOTALS and what != PEAK})  # fmt: skip
    if per == "layer" and OUTPUT in wanted:
        outputs.update((f"{node.path}:{OUTPUT}.{axis}", extent)
                       for node in graph.nodes for axis, extent in enumerate(node.out_shapes[0]))  # fmt: skip
    outputs.update({what: TOTALS[what](totals) for what in wanted if what in TOTALS})
    outputs.update(shapes(graph, wanted))
    if FIELD in wanted:
        outputs.update(fields(graph) if axes else smallest_field(graph))
    return Structure(recorder, outputs, unknown=unknown, layers=(*parts, ""))


def _parts(graph: Graph, per: str) -> dict[str, list[int]]:
    """Return the layers of each part of a network, by the part's name."""
    found: dict[str, list[int]] = {}
    if per:
        for index, node in enumerate(graph.nodes):
            found.setdefault(node.path if per == "layer" else node.path.partition(".")[0], []).append(index)
    return found


def most_alive(graph: Graph) -> Any:
    """Return the most activation elements alive at once, as a report's `peak_activation` for one image."""
    from cnncalc.analysis.liveness import Lifetimes, alive

    profile = alive(Lifetimes(graph)) or (sum(shape.elements for shape in graph.inputs.values()),)
    return greatest(*{identity(elements): elements for elements in profile}.values())


def field_of(graph: Graph) -> tuple[Any, ...]:
    """Return the receptive field of the last map on each axis, None where it is unknown; none without a map."""
    from cnncalc.analysis.assemble import last_map
    from cnncalc.analysis.receptive import receptive_fields

    found, _ = receptive_fields(graph)
    index = last_map(graph, found)
    return () if index is None else tuple(axis.size for axis in found[index].spatial)


def fields(graph: Graph) -> dict[str, Any]:
    """Return the receptive field of the last map on each axis, by names such as `receptive_field.0`."""
    sizes = field_of(graph)
    if None in sizes:
        raise ValueError("the receptive field is too irregular for a formula")
    return {f"{FIELD}.{axis}": size for axis, size in enumerate(sizes)}


def smallest_field(graph: Graph) -> dict[str, Any]:
    """Return the receptive field of the last map, its smaller axis; nothing where there is none or it is unknown."""
    sizes = field_of(graph)
    if not sizes or None in sizes:
        return {}
    apart = list({identity(size): size for size in sizes}.values())
    return {FIELD: recorded(min, *apart) if len(apart) > 1 else apart[0]}


def shapes(graph: Graph, wanted: Iterable[str]) -> dict[str, Any]:
    """Return the extents of the outputs where they are wanted, by names such as `output.0`."""
    if OUTPUT not in wanted:
        return {}
    found = {}
    for label, ref in graph.outputs.items():
        for axis, extent in enumerate(graph.shape(ref)):
            found[f"output.{axis}" if len(graph.outputs) == 1 else f"output.{label}.{axis}"] = extent
    return found
