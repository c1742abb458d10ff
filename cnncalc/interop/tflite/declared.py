"""What operators cost that the language has no operator for, from the extents that the file gives."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from cnncalc.interop.foreign import Cost
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.graph.graph import Ref
    from cnncalc.interop.tflite.operators import TfliteCall


def each(names: str, **operations: int) -> dict[str, dict[str, int]]:
    """Return the same operations for several names."""
    return dict.fromkeys(names.split(), operations)


PER_OUTPUT: dict[str, dict[str, int]] = {
    **each("ADD SUB ADD_N NEG CUMSUM", additions=1),
    **each("MUL SQUARE", multiplications=1),
    **each("DIV FLOOR_DIV FLOOR_MOD RSQRT", divisions=1),
    **each("MAXIMUM MINIMUM RELU RELU6 RELU_N1_TO_1 RELU_0_TO_1 ABS LESS LESS_EQUAL GREATER GREATER_EQUAL EQUAL "
           "NOT_EQUAL SELECT SELECT_V2 WHERE LOGICAL_AND LOGICAL_OR LOGICAL_NOT PRELU LEAKY_RELU", comparisons=1),
    **each("SQRT EXP LOG SIN COS POW TANH LOGISTIC ELU GELU", special=1),
    **each("FLOOR CEIL ROUND", comparisons=1),
    **each("SQUARED_DIFFERENCE", additions=1, multiplications=1),
    **each("QUANTIZE DEQUANTIZE FAKE_QUANT", multiplications=1, additions=1),
    **each("HARD_SWISH", additions=1, multiplications=2, comparisons=2),
}  # fmt: skip
"""Operations per element of the result."""
PER_INPUT: dict[str, dict[str, int]] = {
    **each("SUM MEAN", additions=1), **each("REDUCE_MAX REDUCE_MIN ARG_MAX ARG_MIN REDUCE_ANY REDUCE_ALL TOPK_V2",
                                            comparisons=1),
    **each("REDUCE_PROD", multiplications=1),
}  # fmt: skip
"""Operations per element that is read; the few per result are left out."""
VIEWS = frozenset(("RESHAPE", "SQUEEZE", "EXPAND_DIMS"))
MOVES = frozenset(
    ("PACK", "UNPACK", "CONCATENATION", "TRANSPOSE", "PAD", "PADV2", "MIRROR_PAD", "SLICE", "STRIDED_SLICE", "SPLIT",
     "SPLIT_V", "GATHER", "GATHER_ND", "TILE", "CAST", "BROADCAST_TO", "REVERSE_V2", "SPACE_TO_BATCH_ND",
     "BATCH_TO_SPACE_ND", "DEPTH_TO_SPACE", "SPACE_TO_DEPTH", "SCATTER_ND", "ONE_HOT", "FILL", "ZEROS_LIKE",
     "RESIZE_NEAREST_NEIGHBOR", "DYNAMIC_UPDATE_SLICE", "EMBEDDING_LOOKUP", "REVERSE_SEQUENCE")
)  # fmt: skip
"""What moves elements and computes nothing."""

KEEPING = frozenset(("PAD", "PADV2", "CONCATENATION", "SLICE", "STRIDED_SLICE", "SPLIT", "SPLIT_V", "CAST"))
"""Moves after which a map of the same extents has every position where it was."""


def filtered(call: TfliteCall) -> int | None:
    """Return the products of a convolution or linear layer from the extents of its weights and result."""
    weights, out = call.weight(1), call.outs[0].elements
    if weights is None:
        return None
    if call.kind == "DEPTHWISE_CONV_2D":
        return out * prod(weights[1:3])
    if call.kind == "TRANSPOSE_CONV":
        x = call.ref(2)
        return None if x is None else call.shape(x).elements * prod(weights[:3])
    if call.kind == "CONV_3D":
        return out * prod(weights[:4])
    return out * prod(weights[1:])


def multiplied(call: TfliteCall) -> int | None:
    """Return the products of two stacks of matrices."""
    left = call.stored(0)
    if left is None or len(left.shape) < 2:
        return None
    return call.outs[0].elements * left.shape[-2 if call.option("adj_x") else -1]


PRODUCTS: dict[str, Callable[[TfliteCall], int | None]] = {
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED", "CONV_3D"), filtered),
    "BATCH_MATMUL": multiplied,
}

WEIGHING = frozenset(("int4", "int8", "uint8", "int16"))
"""Types of whole numbers that stand for real ones."""


def constants(call: TfliteCall) -> tuple[int, int]:
    """Return the parameters among what an operator reads, and how many of them are added: each counts once."""
    walk, params, biases = call.walk, 0, 0
    weighing = call.kind in PRODUCTS
    for index, number in enumerate(call.operation.inputs):
        source = walk.constants.get(number) if number >= 0 else None
        if source is None or number in walk.refs or source in walk.lenders:
            continue
        stored = walk.model.tensors[source]
        if weighing and call.kind == "TRANSPOSE_CONV" and index == 0:
            continue
        many = stored.dtype in WEIGHING and (weighing or stored.elements > 1)
        if stored.shape and (stored.real or many or (weighing and stored.dtype == "int32")):
            walk.lenders[source] = call.path
            params += stored.elements
            biases += stored.elements if index >= 2 or call.kind in ("ADD", "SUB") else 0
    return params, biases


def declared(call: TfliteCall) -> tuple[Ref, ...]:
    """Add a layer with what is known of its cost."""
    maker, kind, refs = call.walk.maker, call.kind, call.moving
    params, biases = constants(call)
    outs = call.outs
    size = outs[0].elements

    def add(cost: Cost, reason: str = "", *, product: bool = False) -> tuple[Ref, ...]:
        return maker.declare(kind, refs, call.path, cost, reason, product=product)

    if kind in PRODUCTS:
        macs = PRODUCTS[kind](call)
        if macs is None:
            return add(Cost(outs=outs, params=params, biases=biases, macs=None, work=None),
                       f"the multiply-accumulates of this {kind} are not known")  # fmt: skip
        work = Work(multiplications=macs, additions=max(macs - size + (size if biases else 0), 0))
        return add(Cost(outs=outs, params=params, biases=biases, macs=macs, work=work), product=True)
    same = all(call.shape(ref)[1:] == outs[0][1:] for ref in refs) and (kind in PER_OUTPUT or kind in KEEPING)
    if kind in PER_OUTPUT:
        work = Work(**{name: n * size for name, n in PER_OUTPUT[kind].items()})
    elif kind in PER_INPUT:
        work = Work(**{name: n * call.shape(refs[0]).elements for name, n in PER_INPUT[kind].items()})
    elif kind in VIEWS or kind in MOVES:
        work = Work()
    else:
        return add(Cost(outs=outs, params=params, biases=biases, macs=None, work=None),
                   f"cnncalc has no operator for TensorFlow Lite's {kind}")  # fmt: skip
    return add(Cost(outs=outs, params=params, biases=biases, work=work, moved=kind not in VIEWS, same=same))
