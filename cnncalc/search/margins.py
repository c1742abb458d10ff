"""Which units of a tile's maps equal those of the whole image: exact, from what every layer reads.

A tile is a part of an image that a network is run on alone. Where its edge is an edge of the image, padding is the same
in both; where it cuts through the image, a unit is right only if all it reads is right and lies on the tile's maps.
Along one axis the right units of a map are an interval: its ends follow layer by layer from the taps of every phase.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from cnncalc.values.axis import Broadcast, Table, Whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.analysis.shift import Motion
    from cnncalc.graph.graph import Graph, Node, Ref
    from cnncalc.values.axis import Reach

Local: TypeAlias = "tuple[int | None, int | None]"
"""First and last right unit of a map; None: right up to the edge of the image, and beyond it the same padding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Which ends of a tile on one axis cut through the image."""

    before: bool
    after: bool


def first_right(reach: Reach, right: int) -> int:
    """Return the least x from which on no unit reads a position before `right`."""
    first = -(2**62)
    every, advance = reach.cycle  # type: ignore[union-attr]
    for phase in range(every):
        taps = reach.taps(phase)  # type: ignore[union-attr]
        if taps:
            rounds = -((taps[0] - right) // advance) - 1
            first = max(first, phase + rounds * every + 1)
    return first


def last_right(reach: Reach, right: int) -> int:
    """Return the largest x up to which no unit reads a position behind `right`."""
    last = 2**62
    every, advance = reach.cycle  # type: ignore[union-attr]
    for phase in range(every):
        taps = reach.taps(phase)  # type: ignore[union-attr]
        if taps:
            rounds = (right - taps[-1]) // advance + 1
            last = min(last, phase + rounds * every - 1)
    return last


def right_units(graph: Graph, motion: Motion, axis: int, edges: Edges) -> dict[Ref, tuple[int, int]]:
    """Return the first and last right unit of every map that moves with the input, on one axis of a tile.

    Args:
        graph: the network on the tile.
        motion: how it moves with its input.
        axis: the axis, from 0.
        edges: which ends of the tile cut through the image.
    """
    known: dict[int, Local] = {}
    found: dict[Ref, tuple[int, int]] = {}
    for k, shape in enumerate(graph.inputs.values()):
        end = shape.spatial[axis] - 1 if len(shape.spatial) > axis else 0
        known[-k - 1] = (0 if edges.before else None, end if edges.after else None)
        found[-k - 1, 0] = (0, end)
    for index, node in enumerate(graph.nodes):
        if motion.rates[index][axis] is None:
            continue
        extent = node.out_shapes[0].spatial[axis]
        reaches = node.op.reach(node.in_shapes, node.out_shapes)
        first: int | None = 0 if edges.before else None
        last: int | None = extent - 1 if edges.after else None
        for (before, _), reach in zip(node.inputs, reaches, strict=True):
            if before not in known or axis >= len(reach) or isinstance(reach[axis], Broadcast | Table | Whole):
                continue
            low, high = known[before]
            if first is not None and low is not None:
                first = max(first, first_right(reach[axis], low))
            if last is not None and high is not None:
                last = min(last, last_right(reach[axis], high))
        known[index] = first, last
        whole = (0 if first is None else first, extent - 1 if last is None else last)
        found.update({(index, port): whole for port in range(len(node.out_shapes))})
    return found


def differing(one: Graph, other: Graph, axis: int) -> int | None:
    """Return the first layer that reads the same axis of two networks differently, None where none does."""
    for index, (a, b) in enumerate(zip(one.nodes, other.nodes, strict=False)):
        if type(a.op) is not type(b.op) or a.inputs != b.inputs:
            return index
        pairs = zip(_reaches(a, axis), _reaches(b, axis), strict=True)
        if any(type(x) is not type(y) or x != y for x, y in pairs if not isinstance(x, Table | Whole)):
            return index
    return None if len(one.nodes) == len(other.nodes) else min(len(one.nodes), len(other.nodes))


def _reaches(node: Node, axis: int) -> Sequence[Reach]:
    return [reach[axis] for reach in node.op.reach(node.in_shapes, node.out_shapes) if axis < len(reach)]
