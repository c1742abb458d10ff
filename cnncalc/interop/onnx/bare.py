"""Models that were exported without their weights: the weights are inputs of the graph, told here from its maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.interop.onnx.inputs import declared
from cnncalc.interop.onnx.tensors import FLOATS, Value

if TYPE_CHECKING:
    import onnx

WEIGHED = frozenset(("Conv", "ConvTranspose", "Gemm", "BatchNormalization", "InstanceNormalization",
                     "LayerNormalization", "GroupNormalization", "PRelu", "LSTM", "GRU", "RNN"))  # fmt: skip
"""Operators whose inputs behind the first are weights."""

MAPS_OF = frozenset(("Conv", "ConvTranspose", "Gemm", "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool",
                     "GlobalMaxPool", "GlobalLpPool", "Resize", "Upsample", "LSTM", "GRU", "RNN"))  # fmt: skip
"""Operators whose first input is a map, never a weight."""

SAME_NUMBERS = frozenset(("Identity", "Cast", "Transpose", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "Expand"))
"""Operators whose result is a weight where their first input is one."""


def weight_inputs(graph: onnx.GraphProto) -> dict[str, Value]:
    """Return the inputs that are weights, of a graph that holds none itself; none of any other graph.

    The first input is a map, and every input that an operator on maps reads as one, or whose extents are open. Of the
    others at least one has to stand where only weights do; then they all are weights, in sums and products too.
    """
    held = {tensor.name for tensor in graph.initializer}
    if any(tensor.data_type in FLOATS and len(tensor.dims) > 1 for tensor in graph.initializer):
        return {}
    found: dict[str, Value] = {}
    for info in list(graph.input)[1:]:
        dims, elem = declared(info), info.type.tensor_type.elem_type
        if info.name not in held and dims is not None and elem in FLOATS:
            shape = tuple(n for n in dims if isinstance(n, int))
            if len(shape) == len(dims):
                found[info.name] = Value(shape, elem)
    came_from = {name: name for name in found}
    sure = False
    for node in graph.node:
        for slot, name in enumerate(node.input):
            source = came_from.get(name)
            if source is None:
                continue
            sure = sure or (slot > 0 and node.op_type in WEIGHED)
            if slot == 0 and node.op_type in MAPS_OF:
                found.pop(source, None)
            elif slot == 0 and node.op_type in SAME_NUMBERS and node.output:
                came_from[node.output[0]] = source
    return found if sure else {}
