"""What stands for a node: the operator that says it with the weights that it has, else its numbers, declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.interop.foreign import Cost, Declared
from cnncalc.interop.onnx.call import Plan, image
from cnncalc.interop.onnx.declared import declared
from cnncalc.interop.onnx.operators import TABLE
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph
    from cnncalc.interop.onnx.call import Call
    from cnncalc.interop.onnx.weights import Share, StoredWeights
    from cnncalc.ops.operator import Operator
    from cnncalc.values.shape import Shape


class Planning:
    """Plans for the nodes of one model, in their order.

    Attributes:
        bits: the width of a layer's weights, where the file has narrow ones; by the layer's number.
    """

    def __init__(self, graph: Graph, weights: StoredWeights) -> None:
        self.graph = graph
        self.weights = weights
        self.bits: dict[int, int] = {}

    def of(self, call: Call, guess: str) -> tuple[Plan, int | None]:
        """Return what stands for a node, and the layer whose weights it uses; `guess` says why extents are guesses."""
        layer = len(self.graph.nodes)
        share = self.weights.share(call, layer)
        outs = tuple(image(o) for o in call.outs)
        if guess:
            cost = Cost(outs=outs, params=share.params, biases=share.biases, buffers=share.buffers, macs=None,
                        work=None)  # fmt: skip
            return Plan(Declared.of(cost, call.type, guess), tuple(call.moving)), None
        plan = tabled(call, outs)
        if plan is not None:
            if not share.known:
                return plan, None
            if share.bits is not None:
                self.bits[layer + len(plan.before)] = share.bits
            shapes = plan.shapes()[len(plan.before)]
            counted = (plan.op.params(shapes) or 0) + plan.op.buffers(shapes)
            if counted == share.params + share.buffers:
                return plan, None
            owner = self.owner(share, plan.op)
            if owner is not None:
                return plan, owner
            if (apart := without_bias(plan, share)) is not None:
                return apart, None
        if share.bits is not None:
            self.bits[layer] = share.bits
        return Plan(declared(call, share.params, share.biases, share.buffers), tuple(call.moving)), None

    def owner(self, share: Share, op: Operator) -> int | None:
        """Return the layer whose weights one that has none of its own uses, if they are all of one such layer."""
        if share.params or share.buffers or len(share.first) != 1:
            return None
        first = next(iter(share.first))
        other = self.graph.nodes[first]
        return first if type(other.op) is type(op) and other.op.params(other.in_shapes) else None


def tabled(call: Call, outs: tuple[Shape, ...]) -> Plan | None:
    """Return the operator of the spec language that says a node, if its shapes are those of ONNX."""
    entry = TABLE.get(call.type)
    if entry is None or not call.moving:
        return None
    try:
        plan = entry(call)
        return plan if plan is not None and plan.shapes()[-1] == outs else None
    except ArgumentError:
        return None


def without_bias(plan: Plan, share: Share) -> Plan | None:
    """Return a layer whose bias another has counted as the layer without it and a sum behind it; None for no such."""
    if plan.op.arguments().get("bias") is not True:
        return None
    shapes, at = plan.shapes(), len(plan.before)
    bare = plan.op.replace(bias=False)
    if (bare.params(shapes[at]) or 0, bare.buffers(shapes[at])) != (share.params, share.buffers):
        return None
    out = shapes[at + 1]
    added = Cost(outs=out, same=True, work=Work(additions=out[0].elements))
    return plan._replace(op=bare, after=(Declared.of(added, "Add"), *plan.after))
