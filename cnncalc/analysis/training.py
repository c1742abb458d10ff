"""What a training step keeps and computes beyond the forward pass: stored activations, backward work, optimiser state.

A tensor needs a gradient when learnable parameters lie somewhere before it, as in automatic differentiation. The
network input needs none, so a layer fed by it, directly or through layers without parameters, computes none for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.graph.graph import Graph, Node, Ref
    from cnncalc.ops.base import Operator

OPTIMISERS = {"sgd": 0, "momentum": 1, "adam": 2}
"""Values that an optimiser keeps per parameter; gradients are apart."""

INPUTS, OUTPUT, BOTH, POSITIONS, MASK, NOTHING, UNKNOWN = range(7)

BY_NAME = {
    "relu": OUTPUT, "sigmoid": OUTPUT, "tanh": OUTPUT, "softmax": OUTPUT, "log_softmax": OUTPUT,
    "max_pool": POSITIONS, "min_pool": POSITIONS, "global_max_pool": POSITIONS, "adaptive_max_pool": POSITIONS,
    "channel_max": POSITIONS, "lp_pool": BOTH, "max": INPUTS, "mul": INPUTS, "add": NOTHING, "sub": NOTHING,
    "dropout": MASK, "drop_path": NOTHING, "opaque": UNKNOWN,
}  # fmt: skip
BY_GROUP = {
    "convolution": INPUTS, "linear": INPUTS, "normalisation": INPUTS, "activation": INPUTS,
    "pooling": NOTHING, "shape": NOTHING, "channels": NOTHING, "merge": NOTHING, "regularisation": NOTHING,
}  # fmt: skip


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


def rule(op: Operator) -> int:
    """Return what the backward pass of an operator needs: by name, else by family's group, else all its inputs."""
    found = BY_NAME.get(op.name)
    return BY_GROUP.get(op.group, INPUTS) if found is None else found


def passes_through(node: Node) -> bool:
    """Return whether a layer's output is its input's storage in training too; a working dropout makes a new tensor."""
    return not node.op.moves and (node.op.group != "regularisation" or not node.op.arguments().get("p"))


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
        needs = rule(node.op) if gradient or own else NOTHING
        tensors: Sequence[Ref] = ()
        if needs in {INPUTS, BOTH}:
            tensors = node.inputs
        if needs in {OUTPUT, BOTH}:
            tensors = (*tensors, (index, 0))
        elements = 0
        for ref in tensors:
            place = _home(ref, home, graph)
            if place not in kept:
                kept.add(place)
                elements += graph.shape(place).elements
        out = node.out_shapes[0].elements
        macs = node.op.macs(node.in_shapes, node.out_shapes)
        if macs is not None and node.op.weighted:
            macs *= 1 + gradient
        found.append(
            Backward(
                kept=elements,
                positions=out if needs == POSITIONS else 0,
                mask=out if needs == MASK and not passes_through(node) else 0,
                macs=macs,
                unknown=needs == UNKNOWN,
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
