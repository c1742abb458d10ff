"""What a training step keeps and computes beyond the forward pass: stored activations, backward work, optimiser state.

A tensor needs a gradient when learnable parameters lie somewhere before it, as in automatic differentiation. The
network input needs none, so a layer fed by it, directly or through layers without parameters, computes none for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.ops.operator import INPUTS, MASK, OUTPUT, POSITIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.graph.graph import Graph, Node, Ref

OPTIMISERS = {"sgd": 0, "momentum": 1, "adam": 2}
"""Values that an optimiser keeps per parameter; gradients are apart."""

class Backward(NamedTuple):
    """What one layer adds to a training step, for one image.

    Attributes:
        kept: activation elements kept because of this layer and not for a layer before it.
        positions: indices kept, one per output of a max pool.
        mask: flags kept, one per element of a dropout.
        macs: multiply-accumulates of its backward pass; None if unknown.
        unknown: what it keeps cannot be known.
    """

    kept: int
    positions: int
    mask: int
    macs: int | None
    unknown: bool


def passes_through(node: Node) -> bool:
    """Return whether a layer's output is its input's storage in training too; a working dropout makes a new tensor."""
    return not (node.op.moves or node.op.trains_in_new_memory)


def backward(graph: Graph) -> tuple[Backward, ...]:
    """Return what every layer adds to a training step, in execution order.

    Backward work of a weighted layer is twice its forward work: the gradient of its weights and that of its input. The
    second is left out where the input needs no gradient. A tensor that several layers need is kept once.
    """
    home: list[Ref] = []
    learned: list[bool] = []
    kept: set[Ref] = set()
    found = []
    for index, node in enumerate(graph.nodes):
        gradient = any(ref[0] >= 0 and learned[ref[0]] for ref in node.inputs)
        count = node.op.params(node.in_shapes)
        own = count is None or count > 0
        learned.append(gradient or own)
        home.append(_home(node.inputs[0], home, graph) if passes_through(node) else (index, 0))
        says = node.op.keeps if gradient or own else ()
        needs = says or ()
        tensors: Sequence[Ref] = node.inputs if INPUTS in needs else ()
        if OUTPUT in needs:
            tensors = (*tensors, *((index, port) for port in range(len(node.out_shapes))))
        elements = 0
        for ref in tensors:
            place = _home(ref, home, graph)
            if place not in kept:
                kept.add(place)
                elements += graph.shape(place).elements
        out = sum(shape.elements for shape in node.out_shapes)
        macs = node.op.macs(node.in_shapes, node.out_shapes)
        if macs is not None and node.op.weighted:
            macs *= 1 + gradient
        found.append(
            Backward(
                kept=elements,
                positions=out if POSITIONS in needs else 0,
                mask=out if MASK in needs and not passes_through(node) else 0,
                macs=macs,
                unknown=says is None,
            )
        )
    return tuple(found)


def _home(ref: Ref, home: Sequence[Ref], graph: Graph) -> Ref:
    """Return the tensor that first filled the storage of this one."""
    index, port = ref
    if index < 0:
        return ref
    place = home[index]
    return (index, port) if place == (index, 0) and len(graph.nodes[index].out_shapes) > 1 else place
