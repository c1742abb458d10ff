"""One recording of a whole network: the ordinary expander, operators and sums, run on numbers that record."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cnncalc.analysis.assemble import counted
from cnncalc.language.settings import Overrides
from cnncalc.numbers.doors import identity
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
}
"""Totals that a recording gives, by name, each from the totals of a report."""
NO_PEAK = PeakActivation(elements=0, bytes=0, path="", live=(), profile=())
HOLE = re.compile("\x00([0-9]+)(?::([^\x01]*))?\x01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a network is expanded and counted with; extents, variables and the batch may record."""

    variant: str | None = None
    variables: Mapping[str, object] = field(default_factory=dict)
    inputs: Mapping[str, tuple[int, ...]] | None = None
    convention: str = "exact"
    dtype: str = "fp32"
    batch: int = 1
    fold_bn: bool = False
    max_layers: int | None = None


class Network(Recording):
    """The recording of one structure of a network.

    Attributes:
        refusal: why networks of this structure are refused, with marks where numbers stand; None where they are not.
        unknown: totals that are lower bounds.
    """

    def __init__(self, recorder: Recorder, outputs: Mapping[str, Any], refusal: str | None = None,
                 unknown: Iterable[str] = ()) -> None:  # fmt: skip
        self.refusal = refusal
        self.unknown = tuple(unknown)
        for number, _ in HOLE.findall(refusal or ""):
            outputs = {**outputs, f"#{number}": recorder.nodes[int(number)]}
        super().__init__(recorder, outputs)

    def run(self, given: Mapping[str, int]) -> dict[str, int] | None:
        """Return the totals for plain numbers; None where they make another structure, or are refused."""
        return super().run(given) if self.refusal is None else None

    def reason(self, given: Mapping[str, int]) -> str | None:
        """Return why these numbers are refused, None where another structure says."""
        if self.refusal is None:
            return None
        found = super().run(given)
        return None if found is None else self.filled(found)

    def filled(self, found: Mapping[str, int]) -> str:
        """Return the refusal with its numbers."""
        return HOLE.sub(lambda match: format(found[f"#{match[1]}"], match[2] or ""), self.refusal or "")


def record(spec: Spec, recorder: Recorder, setting: Setting, wanted: Iterable[str]) -> Network:
    """Return the structure that a network has for the numbers in a setting, with the wanted totals.

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
        return Network(recorder, {}, refusal=first.message)
    if setting.fold_bn:
        from cnncalc.graph.fold import fold_batch_norm

        graph = fold_batch_norm(graph)
    _, totals = counted(graph, rule, dtypes, setting.batch, NO_PEAK, tell=identity)
    outputs = {name: TOTALS[name](totals) for name in wanted if name in TOTALS}
    outputs.update(shapes(graph, wanted))
    return Network(recorder, outputs, unknown=totals.lower_bounds)


def shapes(graph: Graph, wanted: Iterable[str]) -> dict[str, Any]:
    """Return the extents of the outputs where they are wanted, by names such as `output.0`."""
    if "output" not in wanted:
        return {}
    found = {}
    for label, ref in graph.outputs.items():
        for axis, extent in enumerate(graph.shape(ref)):
            found[f"output.{axis}" if len(graph.outputs) == 1 else f"output.{label}.{axis}"] = extent
    return found
