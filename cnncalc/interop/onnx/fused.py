"""What ONNX Runtime's optimiser makes of several nodes: here they are several again, operators of ONNX itself.

Source: the contrib operators of ONNX Runtime (`docs/ContribOperators.md`), whose names say what they join.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import NodeProto, helper, numpy_helper

from cnncalc.interop.onnx.inference import attributes_of
from cnncalc.interop.onnx.quantised import MICROSOFT

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.interop.onnx.tensors import Value

BLOCKED = "com.microsoft.nchwc"
"""The domain of operators on channels in blocks."""
OWN = frozenset(("activation", "activation_params", "channels", "channels_last"))
"""Attributes that the operators of ONNX do not have."""


class FusedNode:
    """The nodes that one becomes, in order, with names of their own between them."""

    def __init__(self, node: NodeProto, ins: list[Value | None]) -> None:
        self.node = node
        self.ins = ins
        self.attributes = attributes_of(node)
        self.made: list[NodeProto] = []

    def read(self, index: int) -> str:
        """Return the name of an input, empty where it is left out."""
        return str(self.node.input[index]) if index < len(self.node.input) else ""

    def rank(self, index: int) -> int:
        """Return how many axes an input has."""
        value = self.ins[index]
        assert value is not None
        return len(value.shape)

    def add(self, kind: str, *names: str, out: int | None = None, outs: int = 1, **attributes: Any) -> str:
        """Add a node; its result is the first of its own, or the result `out` of the whole."""
        kept = list(names)
        while kept and not kept[-1]:
            kept.pop()
        base = f"{self.node.output[0]}#{len(self.made)}"
        results = [str(self.node.output[out])] if out is not None else [f"{base}.{n}" for n in range(outs)]
        last = self.node.name if out is not None or not self.node.name else f"{self.node.name}.{kind}"
        self.made.append(helper.make_node(kind, kept, results, name=last, **attributes))
        return results[0]

    def held(self, value: Any, dtype: Any) -> str:
        """Add a constant."""
        return self.add("Constant", value=numpy_helper.from_array(np.asarray(value, dtype)))

    def ended(self, name: str) -> list[NodeProto]:
        """Return the nodes; the last result is the whole's."""
        last = next(n for n in reversed(self.made) if name in n.output)
        last.output[list(last.output).index(name)] = self.node.output[0]
        last.name = self.node.name or last.name
        return self.made

    def plain(self) -> dict[str, Any]:
        """Return the attributes that the operator of ONNX has too."""
        return {name: value for name, value in self.attributes.items() if name not in OWN}

    def activated(self, name: str) -> str:
        """Add the activation that it carries."""
        word, params = self.attributes.get("activation", ""), self.attributes.get("activation_params") or []
        if not word:
            return name
        if word == "Clip":
            bounds = [self.held(p, np.float32) for p in params]
            return self.add("Clip", name, *bounds)
        names = {"LeakyRelu": ("alpha",), "HardSigmoid": ("alpha", "beta")}.get(word, ())
        return self.add(word, name, **dict(zip(names, params, strict=False)))


def convolution(parts: FusedNode) -> list[NodeProto]:
    """A convolution, a map that is added, an activation."""
    ref = parts.add("Conv", *(parts.read(n) for n in range(3)), **parts.plain())
    if parts.read(3):
        ref = parts.add("Add", ref, parts.read(3))
    return parts.ended(parts.activated(ref))


def gemm(parts: FusedNode) -> list[NodeProto]:
    """A linear layer and an activation."""
    attributes = {k: v for k, v in parts.attributes.items() if not k.startswith("activation")}
    return parts.ended(parts.activated(parts.add("Gemm", *parts.node.input, **attributes)))


def product(parts: FusedNode) -> list[NodeProto]:
    """A product of matrices of which either, or its batch, is turned."""
    names = []
    for index, side in enumerate("AB"):
        rank = parts.rank(index)
        order = list(range(rank))
        if parts.attributes.get(f"transBatch{side}"):
            order = [*order[1:-1], order[0], order[-1]]
        if parts.attributes.get(f"trans{side}") and rank > 1:
            order[-2:] = order[:-3:-1]
        turned = order != list(range(rank))
        names.append(parts.add("Transpose", parts.read(index), perm=order) if turned else parts.read(index))
    return parts.ended(parts.add("MatMul", *names))


def same(kind: str) -> Callable[[FusedNode], list[NodeProto]]:
    """Return the entry of what is an operator of ONNX under another domain."""
    return lambda parts: parts.ended(parts.add(kind, *parts.node.input, **parts.plain()))


def gelu(parts: FusedNode) -> list[NodeProto]:
    """GELU, of a sum where there is a bias."""
    x = parts.add("Add", parts.read(0), parts.read(1)) if parts.read(1) else parts.read(0)
    return parts.ended(parts.add("Gelu", x))


def quick_gelu(parts: FusedNode) -> list[NodeProto]:
    """A tensor times its sigmoid."""
    return parts.ended(parts.add("Mul", parts.read(0), parts.add("Sigmoid", parts.read(0))))


def biased(parts: FusedNode) -> list[NodeProto]:
    """A sum of a tensor, its bias and another."""
    ref = parts.read(0)
    for index in range(1, len(parts.node.input)):
        ref = parts.add("Add", ref, parts.read(index)) if parts.read(index) else ref
    return parts.ended(ref)


def skipped(parts: FusedNode) -> list[NodeProto]:
    """A sum, and its layer normalisation; the sum may be a result too."""
    simple = parts.node.op_type.startswith("SkipSimplified")
    scale, bias = (parts.read(2), "" if simple else parts.read(3))
    extra = parts.read(3 if simple else 4)
    ref = parts.add("Add", parts.read(0), parts.read(1))
    ref = parts.add("Add", ref, extra) if extra else ref
    if len(parts.node.output) > 3 and parts.node.output[3]:
        parts.add("Identity", ref, out=3)
    if simple:
        return parts.ended(parts.add("RMSNormalization", ref, scale, axis=-1))
    return parts.ended(parts.add("LayerNormalization", ref, scale, bias, axis=-1))


def simplified(parts: FusedNode) -> list[NodeProto]:
    """A layer normalisation without a mean."""
    return parts.ended(parts.add("RMSNormalization", *parts.node.input, axis=parts.attributes.get("axis", -1)))


def reordered(parts: FusedNode) -> list[NodeProto]:
    """Channels out of blocks: those that there are."""
    wanted, value = parts.attributes.get("channels"), parts.ins[0]
    if value is None or wanted in (None, value.shape[1]) or parts.node.op_type == "ReorderInput":
        return parts.ended(parts.add("Identity", parts.read(0)))
    ends = [parts.held([n], np.int64) for n in (0, wanted, 1)]
    return parts.ended(parts.add("Slice", parts.read(0), *ends))


def parted(parts: FusedNode, name: str, heads: int, perm: list[int]) -> str:
    """Return a tensor `[N, T, C]` by its heads."""
    shape = parts.held([0, 0, heads, -1], np.int64)
    return parts.add("Transpose", parts.add("Reshape", name, shape), perm=perm)


def attention(parts: FusedNode) -> list[NodeProto]:
    """Queries, keys and values of one linear layer, or given; scores, their softmax, and the mix of the values."""
    heads = int(parts.attributes.get("num_heads", 1))
    joined = parts.node.op_type == "Attention"
    if joined:
        ref = parts.add("MatMul", parts.read(0), parts.read(1))
        ref = parts.add("Add", ref, parts.read(2)) if parts.read(2) else ref
        sizes = parts.attributes.get("qkv_hidden_sizes")
        weight = parts.ins[1]
        assert weight is not None
        ends = sizes or [weight.shape[-1] // 3] * 3
        parts.add("Split", ref, parts.held(ends, np.int64), outs=3, axis=2)
        query, key, value = parts.made[-1].output
    else:
        query, key, value = (parts.read(n) for n in range(3))
        bias = parts.ins[3] if len(parts.ins) > 3 else None
        if bias is not None:
            third = bias.shape[-1] // 3
            parts.add("Split", parts.read(3), parts.held([third] * 3, np.int64), outs=3, axis=0)
            pieces = parts.made[-1].output
            query, key, value = (parts.add("Add", n, b) for n, b in zip((query, key, value), pieces, strict=True))
    turned = [0, 2, 1, 3]
    q, k = parted(parts, query, heads, turned), parted(parts, key, heads, [0, 2, 3, 1])
    scores = parts.add("Softmax", parts.add("MatMul", q, k), axis=-1)
    mixed = parts.add("MatMul", scores, parted(parts, value, heads, turned))
    back = parts.add("Transpose", mixed, perm=turned)
    return parts.ended(parts.add("Reshape", back, parts.held([0, 0, -1], np.int64)))


def recurrent(parts: FusedNode) -> list[NodeProto]:
    """A recurrent layer whose matrices are whole numbers, and stand with the inputs' axis before the gates'."""
    matrices = []
    for index, scale in ((1, 8), (2, 10)):
        real = parts.add("DequantizeLinear", *(parts.read(n) for n in (index, scale, scale + 1)))
        matrices.append(parts.add("Transpose", real, perm=[0, 2, 1]))
    ins = [parts.read(0), *matrices, *(parts.read(n) for n in range(3, 8))]
    while ins and not ins[-1]:
        ins.pop()
    node = helper.make_node("LSTM", ins, parts.node.output, name=parts.node.name, **parts.attributes)
    return [*parts.made, node]


FUSED: dict[tuple[str, str], Callable[[FusedNode], list[NodeProto]]] = {
    (MICROSOFT, "FusedConv"): convolution, (MICROSOFT, "FusedGemm"): gemm, (MICROSOFT, "FusedMatMul"): product,
    (MICROSOFT, "TransposeMatMul"): product, (MICROSOFT, "Gelu"): gelu, (MICROSOFT, "BiasGelu"): gelu,
    (MICROSOFT, "FastGelu"): gelu, (MICROSOFT, "QuickGelu"): quick_gelu, (MICROSOFT, "BiasAdd"): biased,
    (MICROSOFT, "SkipLayerNormalization"): skipped, (MICROSOFT, "SkipSimplifiedLayerNormalization"): skipped,
    (MICROSOFT, "Attention"): attention, (MICROSOFT, "MultiHeadAttention"): attention,
    (MICROSOFT, "DynamicQuantizeLSTM"): recurrent,
    ("", "SimplifiedLayerNormalization"): simplified, (BLOCKED, "Conv"): convolution,
    (BLOCKED, "ReorderInput"): reordered, (BLOCKED, "ReorderOutput"): reordered,
    **{(BLOCKED, kind): same(kind) for kind in ("MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool")},
}  # fmt: skip
"""What each becomes, by domain and name."""
LEFT = {"Attention": 3, "MultiHeadAttention": 4}
"""Behind this input stand masks and states, which change what is computed."""


def parts_of(node: NodeProto, domain: str, ins: list[Value | None]) -> list[NodeProto] | None:
    """Return the nodes that one stands for; None for one that stands for itself, or of which nobody knows the parts."""
    entry = FUSED.get((domain, node.op_type))
    if entry is None or not node.output or any(v is not None and v.guessed for v in ins[:1]):
        return None
    if any(v is not None for v in ins[LEFT.get(node.op_type, len(ins)) :]):
        return None
    if any(a.name == "channels_last" and a.i for a in node.attribute):
        return None
    return entry(FusedNode(node, ins))
