"""The runtimes by name: each a memory planner with lifetimes, rules in place, alignment, order and placement."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.analysis.arena import arrange, storages
from cnncalc.deployment import tflm
from cnncalc.deployment.lower import lowered
from cnncalc.results.runtime import Alive, RuntimeMemory
from cnncalc.values.diagnostics import Diagnostic, SpecError, suggest
from cnncalc.values.dtypes import ALIGNMENT, Dtypes, tensor_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnncalc.deployment.program import Program
    from cnncalc.graph.graph import Graph

TFLITE_TYPES = {"int8": "int8", "fp32": "float32"}
"""The types that a program can be in, by the names of `--dtype`."""
BIAS_BITS = 32
"""Biases and scales of quantised layers."""


class Deployment(NamedTuple):
    """What is asked of a runtime.

    Attributes:
        graph: the network as it is deployed.
        dtypes: what its elements are stored as.
        batch: images at once.
        scratch: bytes that the kernels of a board ask for in every step; None for the runtime's own.
        file: where the spec stands, for errors.
    """

    graph: Graph
    dtypes: Dtypes
    batch: int = 1
    scratch: int | None = None
    file: str | None = None


class Runtime(NamedTuple):
    """A memory planner by name.

    Attributes:
        name: what `--runtime` takes.
        version: which one it equals.
        summary: what it does, in a line.
        source: where its rules are from.
        memory: the memory that it plans.
        pads: it needs paddings beyond SAME and VALID as operators of their own.
    """

    name: str
    version: str
    summary: str
    source: str
    memory: Callable[[Deployment], RuntimeMemory]
    pads: bool = False


def program_of(asked: Deployment) -> Program:
    """Return the TensorFlow Lite program of a network.

    Raises:
        SpecError: a layer has no form in TensorFlow Lite Micro.
        ValueError: there is no program of that type.
    """
    _refuse_widths(asked)
    dtype = TFLITE_TYPES.get(str(asked.dtypes))
    if dtype is None:
        raise ValueError(f"TensorFlow Lite Micro runs int8 and fp32 here, not {asked.dtypes}; "
                         f"choose --dtype {' or '.join(TFLITE_TYPES)}")  # fmt: skip
    return lowered(asked.graph, dtype, batch=asked.batch, file=asked.file)


def _refuse_widths(asked: Deployment) -> None:
    """Raise SpecError at a layer with widths of its own: a program has one type."""
    same = {None, asked.dtypes.weight_bits} & {None, asked.dtypes.activation_bits}
    for node in asked.graph.nodes:
        if node.bits is not None and not set(node.bits[:3]) <= same:
            raise SpecError([Diagnostic(
                code="not-expressible", message=f"layer '{node.path}' ({node.op.name}) has bits of its own, and "
                f"TensorFlow Lite Micro runs the whole network as {asked.dtypes} here", span=node.place, path=node.path,
                file=asked.file, hint="leave bits out, or choose --runtime plain",
            )])  # fmt: skip


def tflm_memory(asked: Deployment) -> RuntimeMemory:
    """Return what TensorFlow Lite Micro plans, with its reference kernels unless their scratch is given."""
    program = program_of(asked)
    plan = tflm.plan(program, asked.scratch)
    moment = plan.busiest
    alive = [place.need for place in plan.places if place.need.first <= moment <= place.need.last]
    alive.sort(key=lambda need: (need.scratch, need.first))
    return RuntimeMemory(
        runtime="tflm", version=tflm.VERSION, arena=plan.head, tail=plan.tail, sram=plan.head + plan.tail,
        flash=program.flash,
        largest_tensor=max((place.need.bytes for place in plan.places if not place.need.scratch), default=0),
        live_peak=plan.live(moment), peak_layer=program.steps[moment - 1].path if moment else "",
        alive=tuple(Alive(name=need.name, bytes=need.aligned, scratch=need.scratch) for need in alive),
        kernels="reference" if asked.scratch is None else "given", notes=shifted(asked.graph),
        operators=tuple(sorted(Counter(step.code for step in program.steps).items())),
    )  # fmt: skip


def shifted(graph: Graph) -> tuple[str, ...]:
    """Return a sentence on the layers whose padding was taken as SAME although it starts one position earlier."""
    paths = [node.path for node in graph.nodes if node.op.shifted(node.in_shapes, node.out_shapes)]
    if not paths:
        return ()
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return ((
        f"the padding of '{paths[0]}'{more} is taken as SAME, which has the same "
        "sizes and puts the odd position after the map; padded exactly, each would need a PAD and a larger arena"
    ),)


def plain_memory(asked: Deployment) -> RuntimeMemory:
    """Return a greedy arena, the largest tensor first, views without storage and nothing written over its operand."""
    graph, bits = asked.graph, asked.dtypes.activation_bits
    needs = storages(graph)
    arena = arrange(needs, bits=bits, batch=asked.batch, alignment=ALIGNMENT)
    sizes = [tensor_bytes(need.elements * asked.batch, need.bits or bits) for need in needs]
    moments = range(max(len(graph.nodes), 1))

    def live(moment: int) -> int:
        return sum(size for need, size in zip(needs, sizes, strict=True) if need.first <= moment <= need.last)

    busiest = max(moments, key=live)
    scratch = asked.scratch or 0
    return RuntimeMemory(
        runtime="plain", version="1", arena=arena.bytes + scratch, tail=None, sram=arena.bytes + scratch,
        flash=flash(graph, asked.dtypes), largest_tensor=max(sizes, default=0), live_peak=live(busiest),
        peak_layer=graph.nodes[busiest].path if graph.nodes else "",
        alive=tuple(
            Alive(name=need.name, bytes=size)
            for need, size in zip(needs, sizes, strict=True)
            if need.first <= busiest <= need.last
        ),
        kernels="none" if asked.scratch is None else "given",
    )  # fmt: skip


def memory_of(runtime: Runtime | None, asked: Deployment) -> RuntimeMemory:
    """Return what a runtime plans; without one, what holds for any: a live peak and no arena.

    Raises:
        SpecError: a layer has no form in the runtime.
        ValueError: the runtime does not know the element type.
    """
    if runtime is not None:
        return runtime.memory(asked)
    return replace(plain_memory(asked), runtime=None, version=None, arena=None, sram=None)


def flash(graph: Graph, dtypes: Dtypes) -> int:
    """Return the bytes of weights in their type; of int8 networks biases of 32 bits and a scale for each channel."""
    total = 0
    quantised = dtypes.weight_bits <= 8
    for node in graph.nodes:
        if node.shares is not None:
            continue
        params = node.op.params(node.in_shapes) or 0
        biases = node.op.biases(node.in_shapes)
        scales = node.out_shapes[0].channels if quantised and node.op.weighted else 0
        width = (node.bits and node.op.weighted and node.bits.weights) or dtypes.weight_bits
        total += tensor_bytes(params - biases, width)
        total += tensor_bytes(biases, BIAS_BITS if quantised else dtypes.weight_bits) + 4 * scales
    return total


RUNTIMES: Mapping[str, Runtime] = MappingProxyType({
    runtime.name: runtime
    for runtime in (
        Runtime("plain", "1", "a greedy arena, largest tensor first; no scratch, nothing in place",
                "the rule that most planners share", plain_memory),
        Runtime("tflm", tflm.VERSION, "TensorFlow Lite Micro's planner and reference kernels, to the byte",
                "github.com/tensorflow/tflite-micro, greedy_memory_planner.cc", tflm_memory, pads=True),
    )
})  # fmt: skip
"""Every runtime by its name."""


def find_runtime(name: str) -> Runtime:
    """Return a runtime by name.

    Raises:
        ValueError: there is none; the message lists them.
    """
    if name in RUNTIMES:
        return RUNTIMES[name]
    close = suggest(name.lower(), RUNTIMES)
    hint = f"; did you mean {close!r}?" if close else ""
    raise ValueError(f"there is no runtime {name!r}{hint} (one of {', '.join(RUNTIMES)})")
