"""The network as an ONNX model: shapes by ONNX's own inference, parameters and products from its tensors alone."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from cnncalc.interop.exporting.onnx_model import onnx_model
from cnncalc.interop.exporting.verifying import Numbers, Side

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph

STATISTICS = {"BatchNormalization": (3, 4)}
"""Inputs that are kept and not learned."""


def products(node: Any, shapes: dict[str, tuple[int, ...]]) -> int:
    """Return the multiply-accumulates of a node from extents (ONNX's definitions of its operators)."""
    kind = node.op_type
    if kind in ("Conv", "Gemm"):
        weight = shapes[node.input[1]]
        return prod(shapes[node.output[0]]) * prod(weight[1:])
    if kind == "ConvTranspose":
        return prod(shapes[node.input[0]]) * prod(shapes[node.input[1]][1:])
    if kind == "MatMul":
        return prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]
    if kind in ("LSTM", "GRU"):
        return shapes[node.input[0]][0] * (prod(shapes[node.input[1]]) + prod(shapes[node.input[2]]))
    return 0


def onnx_side(graph: Graph, name: str, file: str | None) -> Side:
    """Return the numbers of the network as an ONNX model.

    Raises:
        SpecError: a layer has no form in ONNX.
    """
    import onnx

    written = onnx_model(graph, name=name, file=file)
    inferred = onnx.shape_inference.infer_shapes(written.model, check_type=True, strict_mode=True, data_prop=True).graph
    shapes = {v.name: tuple(d.dim_value for d in v.type.tensor_type.shape.dim)
              for v in (*inferred.value_info, *inferred.output, *inferred.input)
              if v.type.tensor_type.HasField("shape")}  # fmt: skip
    stored = {t.name: t for t in inferred.initializer}
    shapes.update({n: tuple(t.dims) for n, t in stored.items()})
    weights = {n for n, t in stored.items() if t.data_type == onnx.TensorProto.FLOAT and not n.startswith("constant_")}
    params: dict[str, int] = {}
    macs: dict[str, int] = {}
    seen: set[str] = set()
    for node, layer in zip(inferred.node, written.layers, strict=True):
        macs[layer] = macs.get(layer, 0) + products(node, shapes)
        kept = STATISTICS.get(node.op_type, ())
        for at, read in enumerate(node.input):
            if read in weights and read not in seen:
                seen.add(read)
                params[layer] = params.get(layer, 0) + (0 if at in kept else prod(stored[read].dims))
    layers = {
        path: Numbers(shapes[results[0]][1:] if results[0] in shapes else None, params.get(path, 0), macs.get(path, 0))
        for path, results in written.results.items()
    }
    scored = {p for p in layers if p.endswith(("scores", "bias", "softmax"))}  # [heads, queries, keys] there
    layers = {p: n._replace(shape=None) if p in scored else n for p, n in layers.items()}
    outputs = [tuple(d.dim_value for d in v.type.tensor_type.shape.dim)[1:] for v in inferred.output]
    return Side(f"ONNX {onnx.__version__}", layers, True, outputs, sum(params.values()), sum(macs.values()))
