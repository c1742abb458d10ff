"""What a node costs that the spec language cannot say: products, elementwise work, moves; or that it is unknown."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from cnncalc.interop.foreign import Cost, Declared, DeclaredProduct, einsum_macs
from cnncalc.interop.onnx.call import Call, image
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable



def windowed(call: Call) -> int | None:
    """Conv: taps times channels of a group for each output element."""
    w = call.given(1)
    return None if w is None else call.elements * prod(w.shape[1:])


def transposed(call: Call) -> int | None:
    """ConvTranspose: every input element with every tap of its group's filters."""
    w = call.given(1)
    return None if w is None else call.x.elements * prod(w.shape[1:])


def matrices(call: Call) -> int | None:
    """MatMul: the shared extent for each output element."""
    return call.elements * (call.x.shape[-1] if call.x.shape else 1)


def gemm(call: Call) -> int | None:
    """Gemm: the shared extent for each output element."""
    shape = call.x.shape
    return call.elements * (shape[0] if call.attributes.get("transA") else shape[-1])


def einsum(call: Call) -> int | None:
    """Einsum of two tensors: the product of all extents; of more it depends on the order."""
    return einsum_macs(str(call.attributes.get("equation", "")), [v.shape for v in call.ins if v is not None])


def recurrent(call: Call) -> int | None:
    """LSTM, GRU, RNN: both weight matrices at every step of every sequence."""
    w, r, x = call.given(1), call.given(2), call.x.shape
    if w is None or r is None or len(x) != 3:
        return None
    return int(x[0] * x[1]) * (w.elements + r.elements)


def attention(call: Call) -> int | None:
    """Attention over q, k, v, [N, h, S, d] or [N, S, h*d]: scores and mix."""
    k, v = call.given(1), call.given(2)
    q = call.x.shape
    if k is None or v is None or len(q) not in (3, 4):
        return None
    if len(q) == 4:
        return prod(q) * k.shape[2] + prod(q[:3]) * k.shape[2] * v.shape[3]
    heads, shared = call.attributes.get("q_num_heads", 1), call.attributes.get("kv_num_heads", 1)
    steps = k.shape[1]
    return int(prod(q) * steps + q[0] * q[1] * steps * v.shape[2] // shared * heads)


def deformed(call: Call) -> int | None:
    """DeformConv: the convolution at the sampled places."""
    return windowed(call)


PRODUCTS: dict[str, Callable[[Call], int | None]] = {
    "Conv": windowed,
    "DeformConv": deformed,
    "ConvTranspose": transposed,
    "MatMul": matrices,
    "Gemm": gemm,
    "Einsum": einsum,
    "LSTM": recurrent,
    "GRU": recurrent,
    "RNN": recurrent,
    "Attention": attention,
}
"""Multiply-accumulates of what multiplies and sums, by ONNX's name."""

BIAS_AT = {"Conv": 2, "ConvTranspose": 2, "Gemm": 2, "DeformConv": 3, "LSTM": 3, "GRU": 3, "RNN": 3}
"""Which input is a bias, by ONNX's name."""

def each(names: str, **operations: int) -> dict[str, dict[str, int]]:
    """Return the entries of operators that cost the same."""
    return dict.fromkeys(names.split(), operations)


PER_ELEMENT: dict[str, dict[str, int]] = {
    **each("Add Sub Sum Neg", additions=1),
    **each("Mul BitShift", multiplications=1),
    **each("Div Reciprocal Mod", divisions=1),
    **each("Max Min Greater GreaterOrEqual Less LessOrEqual Equal And Or Not Xor Where Abs Sign Relu", comparisons=1),
    **each("ThresholdedRelu IsNaN IsInf BitwiseAnd BitwiseOr BitwiseXor BitwiseNot Floor Ceil Round", comparisons=1),
    **each("Sqrt Exp Log Pow Erf Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh", special=1),
    **each("Clip", comparisons=2),
    **each("Shrink", comparisons=2, additions=1),
    **each("Mean", additions=1, divisions=1),
    **each("PRelu", comparisons=1, multiplications=1),
    **each("BatchNormalization DequantizeLinear", multiplications=1, additions=1),
    **each("QuantizeLinear", divisions=1, additions=1, comparisons=2),
    **each("DynamicQuantizeLinear", divisions=1, additions=1, comparisons=4),
    **each("RotaryEmbedding", multiplications=2, additions=1),
}
"""Operations per element of the result, by ONNX's name."""

PER_INPUT: dict[str, dict[str, int]] = {
    **each("ReduceSum ReduceMean CumSum ReduceLogSum GlobalAveragePool AveragePool", additions=1),
    **each("ReduceMax ReduceMin ArgMax ArgMin MaxPool GlobalMaxPool Hardmax TopK", comparisons=1),
    **each("ReduceProd", multiplications=1),
    **each("ReduceSumSquare ReduceL2 LpPool GlobalLpPool", multiplications=1, additions=1),
    **each("ReduceL1", comparisons=1, additions=1),
    **each("ReduceLogSumExp", additions=1, special=1),
    **each("Softmax", special=1, additions=2, divisions=1),
    **each("LogSoftmax", special=1, additions=3),
    **each("LayerNormalization GroupNormalization InstanceNormalization MeanVarianceNormalization",
           multiplications=3, additions=4),
    **each("RMSNormalization", multiplications=3, additions=1),
    **each("LpNormalization", multiplications=1, additions=1, divisions=1),
}  # fmt: skip
"""Operations per element of the first input, by ONNX's name; the few per result are left out."""

VIEWS = frozenset(
    ("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Slice", "Split", "SplitToSequence", "SequenceAt",
     "SequenceConstruct", "Dropout", "Optional", "OptionalGetElement")
)  # fmt: skip
"""What moves and computes nothing."""

MOVES = frozenset(
    ("Transpose", "Concat", "Pad", "Expand", "Tile", "Gather", "GatherElements", "GatherND", "ScatterElements",
     "ScatterND", "Scatter", "DepthToSpace", "SpaceToDepth", "Cast", "CastLike", "ConcatFromSequence", "EyeLike",
     "ReverseSequence", "CenterCropPad", "Trilu", "OneHot", "Compress", "Range", "ConstantOfShape", "MaxUnpool",
     "Shape", "Size", "TensorScatter", "BitCast", "Col2Im")
)  # fmt: skip
"""What moves elements and computes nothing."""

MANY = frozenset(("Sum", "Max", "Min", "Mean"))
"""What takes any number of inputs, one operation less than these."""

SAME = frozenset((*PER_ELEMENT, "Cast", "CastLike"))
"""What reads at each position its own position of every input."""


def declared(call: Call, params: int, biases: int, buffers: int) -> Declared:
    """Return the layer of a node with what is known of its cost.

    Args:
        call: the node.
        params: learnable values in what it reads.
        biases: those of them that are added.
        buffers: the other stored real numbers.
    """
    kind = call.type
    known = Cost(outs=tuple(image(o) for o in call.outs), params=params, biases=biases, buffers=buffers)
    unknown = replace(known, macs=None, work=None)
    if kind in PRODUCTS:
        macs = PRODUCTS[kind](call)
        if macs is None:
            return Declared.of(unknown, kind, f"the multiply-accumulates of this {kind} are not known")
        sums = call.elements
        done = Work(multiplications=macs, additions=max(macs - sums + (sums if biases else 0), 0))
        return DeclaredProduct.of(replace(known, macs=macs, work=done), kind)
    if kind in PER_ELEMENT:
        work = times(PER_ELEMENT[kind], call.elements * (max(len(call.ins) - 1, 1) if kind in MANY else 1))
    elif kind in PER_INPUT:
        work = times(PER_INPUT[kind], call.x.elements)
    elif kind in VIEWS or kind in MOVES:
        work = Work()
    else:
        return Declared.of(unknown, kind, f"cnncalc has no operator for ONNX's {kind}")
    return Declared.of(replace(known, work=work, moved=kind not in VIEWS, same=kind in SAME), kind)


def times(per_one: dict[str, int], elements: int) -> Work:
    """Return the operations of a number of elements."""
    return Work(**{name: number * elements for name, number in per_one.items()})
