"""An estimate of the effective receptive field: where in the theoretical one the weight lies (arXiv:1701.04128).

The estimate takes all weights to be equal. Per axis it is the distribution of the pixel that a random walk from the
unit back to the input ends at: in every layer the walk goes to one of the positions that the unit reads, each as likely
as the others; in a merge to one of its sources, each as likely, in a concatenation in proportion to their channels;
multiplicative channel gates are ignored. For a chain of convolutions this is the gradient of the unit with uniform
weights, of which the paper shows that it is close to a Gaussian whose width grows with the square root of the depth.
Walks that step into padding are lost, as the gradient is. Trained weights, non-linearities and the maximum in a pool
make the true distribution narrower or wider; this is a guide, not a count.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from cnncalc.values.axis import Whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.graph.graph import Graph, Node
    from cnncalc.values.axis import Reach

LIMIT = 100_000
"""At most this many positions of one axis are followed."""
HELD = 0.95
Weights: TypeAlias = dict[int, float]


class Effective(NamedTuple):
    """The estimate on one axis, in input pixels.

    Attributes:
        mean: the middle of the weight.
        deviation: its standard deviation.
        first: first pixel of the narrowest interval that holds 95 % of the weight.
        last: last pixel of that interval.
    """

    mean: float
    deviation: float
    first: int
    last: int

    @property
    def width(self) -> int:
        """Pixels of that interval."""
        return self.last - self.first + 1


def effective_fields(graph: Graph, index: int, position: Sequence[int]) -> dict[str, tuple[Effective, ...]]:
    """Return the estimate of one unit, per network input and axis; inputs with too many positions are left out.

    Args:
        graph: the network.
        index: the layer.
        position: the unit, one number per spatial axis of the layer's output.
    """
    arrived: dict[int, list[Weights]] = {index: [{x: 1.0} for x in position]}
    for at in range(index, -1, -1):
        weights = arrived.pop(at, None)
        if weights is not None:
            _pass_on(graph, graph.nodes[at], weights, arrived)
            if any(len(axis) > LIMIT for axes in arrived.values() for axis in axes):
                return {}
    found = {}
    for place, name in enumerate(graph.inputs):
        axes = arrived.get(-place - 1)
        if axes and all(sum(axis.values()) > 0 for axis in axes):
            found[name] = tuple(map(measured, axes))
    return found


def _pass_on(graph: Graph, node: Node, weights: list[Weights], arrived: dict[int, list[Weights]]) -> None:
    """Give a layer's weight to what it reads."""
    reaches = node.op.reach(node.in_shapes, node.out_shapes)
    gates = node.op.gates(node.in_shapes, node.out_shapes)
    paths = [k for k in range(len(node.inputs)) if k not in gates] or list(range(len(node.inputs)))
    joined = node.op.joins
    sizes = [node.in_shapes[k].channels if joined else 1 for k in paths]
    for k, size in zip(paths, sizes, strict=True):
        share = size / sum(sizes)
        extents = node.in_shapes[k].spatial
        if len(reaches[k]) == len(extents):
            moved = [_moved(w, r, n, share) for w, r, n in zip(weights, reaches[k], extents, strict=True)]
        else:
            mass = share * (sum(weights[0].values()) if weights else 1.0)
            moved = [_even(n, mass) for n in extents]
        before, port = node.inputs[k]
        if port:
            moved = _begun(graph.nodes[before], port, moved)
        if before in arrived:
            for into, axis in zip(arrived[before], moved, strict=True):
                for x, weight in axis.items():
                    into[x] = into.get(x, 0.0) + weight
        else:
            arrived[before] = moved


def _begun(node: Node, port: int, weights: list[Weights]) -> list[Weights]:
    """Return weights on one of several outputs as weights on the axes of the first."""
    begins = node.op.begins(node.in_shapes, port)
    return [{x + first: w for x, w in axis.items()} for axis, first in zip(weights, begins, strict=True)] \
        if any(begins) else weights


def _moved(weights: Weights, reach: Reach, extent: int, share: float) -> Weights:
    if isinstance(reach, Whole):
        return _even(extent, share * sum(weights.values()))
    moved: Weights = {}
    for x, weight in weights.items():
        taps = reach.taps(x)
        for tap in taps:
            if 0 <= tap < extent:
                moved[tap] = moved.get(tap, 0.0) + share * weight / len(taps)
    return moved


def _even(extent: int, mass: float) -> Weights:
    return dict.fromkeys(range(min(extent, LIMIT + 1)), mass / extent)


def measured(weights: Weights) -> Effective:
    """Return mean, standard deviation and the narrowest interval that holds 95 % of a distribution."""
    whole = sum(weights.values())
    mean = sum(x * w for x, w in weights.items()) / whole
    variance = sum((x - mean) ** 2 * w for x, w in weights.items()) / whole
    pixels = sorted(weights)
    best = pixels[0], pixels[-1]
    start, held = 0, 0.0
    for last in pixels:
        held += weights[last]
        while held - weights[pixels[start]] >= HELD * whole:
            held -= weights[pixels[start]]
            start += 1
        if held >= HELD * whole:
            best = min(best, (pixels[start], last), key=lambda ends: (ends[1] - ends[0], abs(sum(ends) - 2 * mean)))
    return Effective(mean, sqrt(variance), *best)
