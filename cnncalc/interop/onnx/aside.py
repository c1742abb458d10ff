"""Products of stored tensors alone, as of a table of positions through a convolution: layers beside the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.interop.onnx.call import Call
from cnncalc.interop.onnx.declared import PRODUCTS, declared
from cnncalc.interop.onnx.inference import STANDARD, attributes_of

if TYPE_CHECKING:
    import onnx

    from cnncalc.interop.onnx.tensors import Value
    from cnncalc.interop.onnx.walk import Walk


def aside(walk: Walk, node: onnx.NodeProto, ins: list[Value | None], results: list[Value]) -> None:
    """Add the products of a node that no input enters as a layer that reads the first input, and that nothing reads."""
    if node.op_type not in PRODUCTS or node.domain not in STANDARD or not walk.graph.inputs:
        return
    call = Call(node.op_type, walk.versions.get("", 1), attributes_of(node), ins, [v.shape for v in results])
    share = walk.weights.share(call, len(walk.graph.nodes))
    op = declared(call, share.params, share.biases, share.buffers)
    if op.cost.macs:
        first = next(v.ref for v in walk.values.values() if v.ref is not None)
        walk.build.append(walk.path(node, ""), op, (first,), origin=walk.label(node))
