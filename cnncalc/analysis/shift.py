"""How a network moves with its input: units per pixel of every map, and the shift of the input that keeps the phases.

A strided layer that starts at another pixel of an image reads other windows, unless the start moved by a multiple of
its stride; behind several of them, of their product. Per axis and layer, `rate` is how many units of the layer's map
stand on one pixel of the input; a shift of the input by n pixels is one of n*rate units there, and every layer needs it
to be a whole number of rounds of its `cycle`. The least such n is the network's step.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from cnncalc.values.axis import Broadcast, Table, Whole

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph, Node
    from cnncalc.values.axis import Reach

STEP_LIMIT = 2**40
Rates: TypeAlias = "tuple[Fraction | None, ...]"


class Fixed(NamedTuple):
    """A layer that does not move with its input.

    Attributes:
        node: its index.
        axis: the axis, from 0.
        why: what it reads: `whole` (the whole map), `table` (windows that follow from the map's size), `rates` (maps
            of different steps), `axes` (its axes are not the input's).
    """

    node: int
    axis: int
    why: str


class Motion(NamedTuple):
    """How a network moves with its input.

    Attributes:
        steps: for each axis, the least shift in pixels that moves every map by whole units and keeps its phases.
        rates: for each node and axis, units per pixel of the input; None where the map does not move with it.
        fixed: the layers at which a map stops to move with the input, in order.
    """

    steps: tuple[int, ...]
    rates: tuple[Rates, ...]
    fixed: tuple[Fixed, ...]


def motion(graph: Graph) -> Motion:
    """Return how a network moves with its inputs, which are moved alike; axes are those of the first one."""
    rank = len(next(iter(graph.inputs.values())).spatial)
    steps, fixed = [1] * rank, list[Fixed]()
    known: dict[int, Rates] = {
        -k - 1: (Fraction(1),) * rank if len(shape.spatial) == rank else (None,) * rank
        for k, shape in enumerate(graph.inputs.values())
    }
    for index, node in enumerate(graph.nodes):
        reaches = node.op.reach(node.in_shapes, node.out_shapes)
        found: list[Fraction | None] = []
        for axis in range(rank):
            rate, step, why = _through(axis, node, reaches, known)
            if why:
                fixed.append(Fixed(index, axis, why))
            steps[axis] = min(lcm(steps[axis], step), STEP_LIMIT)
            found.append(rate)
        known[index] = tuple(found)
    return Motion(tuple(steps), tuple(known[index] for index in range(len(graph.nodes))), tuple(fixed))


def _through(axis: int, node: Node, reaches: tuple[tuple[Reach, ...], ...], known: dict[int, Rates]
             ) -> tuple[Fraction | None, int, str]:  # fmt: skip
    """Return the rate behind a node on one axis, the shift in pixels that it asks for, and why a map stops to move."""
    rates: list[Fraction] = []
    step, why = 1, ""
    for k, (before, _) in enumerate(node.inputs):
        rate = known[before][axis]
        if rate is None:
            continue
        if len(node.in_shapes[k].spatial) != len(reaches[k]) or len(reaches[k]) != len(known[before]):
            why = why or "axes"
            continue
        reach = reaches[k][axis]
        if isinstance(reach, Whole):
            why = why or "whole"
        elif isinstance(reach, Table):
            why = why or "table"
        elif not isinstance(reach, Broadcast):
            every, advance = reach.cycle
            step = lcm(step, (rate / advance).denominator)
            rates.append(rate * every / advance)
    if any(rate != rates[0] for rate in rates):
        return None, step, why or "rates"
    if why and rates:
        return rates[0], step, why
    return (rates[0] if rates else None), step, why
