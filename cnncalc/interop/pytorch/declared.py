"""What an operation costs that the spec language cannot say: products, elementwise work, moves, or what is unknown."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod
from typing import TYPE_CHECKING

from cnncalc.interop.foreign import Cost, Declared, DeclaredProduct, einsum_macs
from cnncalc.interop.pytorch.call import image
from cnncalc.values.axis import IDENTITY
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from cnncalc.interop.pytorch.call import TorchCall, TorchPlan
    from cnncalc.ops.operator import Operator
    from cnncalc.values.shape import Shape

ELEMENTWISE = {
    **dict.fromkeys(("add", "sub", "rsub", "neg", "sum", "cumsum", "col2im"), "additions"),
    **dict.fromkeys(("mul", "bitwise_and", "bitwise_or", "square"), "multiplications"),
    **dict.fromkeys(("div", "reciprocal", "remainder", "floor_divide", "mean"), "divisions"),
    **dict.fromkeys(("maximum", "minimum", "gt", "lt", "ge", "le", "eq", "ne", "where", "abs", "sign", "relu", "clamp",
                     "clamp_min", "clamp_max", "floor", "ceil", "round", "masked_fill", "logical_not", "logical_and",
                     "max", "min", "amax", "amin", "argmax", "topk"), "comparisons"),
    **dict.fromkeys(("sqrt", "rsqrt", "exp", "log", "pow", "erf", "sin", "cos", "sigmoid", "tanh", "softplus",
                     "linalg_vector_norm"), "special"),
}  # fmt: skip
"""Operations of one kind for each element of the larger of what they read and make."""
SEVERAL = {
    **dict.fromkeys(("addcmul", "lerp"), ("multiplications", "additions")),
    "addcdiv": ("divisions", "additions"),
    **dict.fromkeys(("var", "var_mean", "std", "std_mean"), ("multiplications", "additions")),
}
"""Operations of several kinds for each element."""
MOVES = frozenset((
    "cat", "stack", "pad", "expand", "expand_as", "repeat", "repeat_interleave", "index", "index_select", "gather",
    "embedding", "permute", "transpose", "roll", "flip", "unfold", "im2col", "pixel_shuffle", "split", "chunk", "slice",
    "select", "unbind", "copy", "slice_scatter", "select_scatter", "index_put", "scatter", "one_hot", "tile",
    "channel_shuffle", "constant_pad_nd", "view", "reshape", "unflatten", "to", "_to_copy", "fill",
    "t", "movedim", "as_strided", "diagonal", "tril", "triu", "meshgrid", "broadcast_tensors", "narrow",
    "split_with_sizes", "unsafe_chunk",
))  # fmt: skip
"""Operations that move elements and compute nothing."""


CONSTANT = frozenset((
    "new_zeros", "new_ones", "new_full", "new_empty", "zeros_like", "ones_like", "full_like", "empty_like",
))  # fmt: skip
"""Operations that take nothing but extents from what they read."""

PER_INPUT = {
    "batch_norm": {"multiplications": 1, "additions": 1},
    **{key: {"multiplications": 3, "additions": 4} for key in ("layer_norm", "group_norm", "instance_norm")},
    "rms_norm": {"multiplications": 3, "additions": 1},
    **{key: {"special": 1, "additions": 2, "divisions": 1} for key in ("softmax", "_softmax")},
    **{key: {"special": 1, "additions": 3} for key in ("log_softmax", "_log_softmax")},
}
"""Operations for each element of the first tensor, as those of the same operators of other formats."""

POOLS = {
    **dict.fromkeys(("max_pool1d", "max_pool2d", "max_pool3d", "max_pool2d_with_indices"), "comparisons"),
    **dict.fromkeys(("avg_pool1d", "avg_pool2d", "avg_pool3d"), "additions"),
}
"""Operations for each tap of each output."""


@dataclass(slots=True)
class DeclaredShare:
    """What an operation has of its own: stored numbers by kind, products of constants; `first` has the rest of them."""

    params: int = 0
    biases: int = 0
    buffers: int = 0
    macs: int = 0
    first: list[int] = field(default_factory=list)


def declared(call: TorchCall, outs: tuple[Shape, ...], share: DeclaredShare, said: TorchPlan | None) -> Operator:
    """Return the layer of an operation with what is known of its cost.

    Args:
        call: the operation.
        outs: the shapes of its results.
        share: its stored numbers, and the products of constants that are its.
        said: what the language says of it, if it is that but for the stored numbers.
    """
    kind = call.step.kind
    known = Cost(outs=outs, params=share.params, biases=share.biases, buffers=share.buffers, macs=share.macs,
                 work=Work(multiplications=share.macs, additions=share.macs))  # fmt: skip
    macs = macs_of(call) if kind in PRODUCTS else None
    if macs is not None:
        macs += share.macs
        sums = macs - outs[0].elements * (not share.biases)
        done = Work(multiplications=macs, additions=max(sums, 0))
        return DeclaredProduct.of(replace(known, macs=macs, work=done), kind)
    if said is not None and said.ops and (cost := as_said(said, known)) is not None:
        return Declared.of(cost, kind)
    most = max(sum(y.elements for y in outs), *(image(v.shape).elements for v in call.moving))
    if kind in ELEMENTWISE or kind in SEVERAL:
        same = all(image(v.shape)[1:] == outs[0][1:] for v in call.moving)
        each = Work(**dict.fromkeys(SEVERAL.get(kind) or (ELEMENTWISE[kind],), most))
        return Declared.of(replace(known, same=same, work=(known.work or Work()) + each), kind)
    if kind in PER_INPUT:
        each = Work(**{name: n * call.x.elements for name, n in PER_INPUT[kind].items()})
        return Declared.of(replace(known, work=(known.work or Work()) + each), kind)
    if kind in POOLS:
        rank = int(kind[kind.index("pool") + 4])
        size = list(call.given("kernel_size", [])) * (1 if len(call.given("kernel_size", [])) == rank else rank)
        return Declared.of(replace(known, work=Work(**{POOLS[kind]: outs[0].elements * prod(size)})), kind)
    if kind in MOVES:
        return Declared.of(known, kind)
    reason = f"cnncalc has no operator for PyTorch's {kind}"
    return Declared.of(replace(known, macs=None, work=None), kind, reason)


def as_said(plan: TorchPlan, known: Cost) -> Cost | None:
    """Return the work of the operators that say an operation, with other stored numbers; None where it is unknown."""
    macs, work = known.macs or 0, known.work or Work()
    shapes = plan.shapes()
    same = True
    for op, ins, outs in zip(plan.ops, shapes, shapes[1:], strict=False):
        done, more = op.work(ins, outs), op.macs(ins, outs)
        if done is None or more is None:
            return None
        macs, work = macs + more, work + done
        same = same and all(reach == IDENTITY for one in op.reach(ins, outs) for reach in one)
    return replace(known, macs=macs, work=work, same=same)


def macs_of(call: TorchCall) -> int | None:
    """Return the multiply-accumulates of what no operator of the language says; None where they are not known."""
    kind, out = call.step.kind, prod(call.out)
    w = call.tensor("weight")
    if kind in {"conv1d", "conv2d", "conv3d"} and w is not None:
        return out * prod(w.shape[1:])
    if (kind.startswith("conv_transpose") or (kind == "convolution" and call.given("transposed"))) and w is not None:
        return call.x.elements * prod(w.shape[1:])
    if kind == "convolution" and w is not None:
        return out * prod(w.shape[1:])
    if kind == "linear" and w is not None:
        return out * w.shape[-1]
    if kind in {"matmul", "bmm", "mm", "mv", "dot"}:
        return out * call.x.shape[-1]
    if kind in {"addmm", "baddbmm", "addbmm"}:
        middle = call.tensors[1] if len(call.tensors) > 1 else call.x
        return out * middle.shape[-1]
    if kind == "einsum":
        return einsum(call)
    if kind == "bilinear" and w is not None:
        return out * prod(w.shape[1:])
    if kind == "scaled_dot_product_attention":
        q, k, v = (call.tensor(name) for name in ("query", "key", "value"))
        if q is not None and k is not None and v is not None:
            return q.elements * k.shape[-2] + prod(q.shape[:-1]) * k.shape[-2] * v.shape[-1]
    if kind in {"lstm", "gru", "rnn_tanh", "rnn_relu"}:
        steps = call.x.shape[0] * call.x.shape[1]
        params = [call.values[t.name] for t in call.step.given.get("params") or []]
        return steps * sum(v.elements for v in params if len(v.shape) == 2)
    return None


PRODUCTS = frozenset((
    "conv1d", "conv2d", "conv3d", "convolution", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "linear",
    "matmul", "bmm", "mm", "mv", "dot", "addmm", "baddbmm", "addbmm", "einsum", "bilinear",
    "scaled_dot_product_attention", "lstm", "gru", "rnn_tanh", "rnn_relu",
))  # fmt: skip
"""What multiplies and sums."""


def einsum(call: TorchCall) -> int | None:
    """Einsum of two tensors: the product of all extents; of more it depends on the order."""
    return einsum_macs(str(call.given("equation", "")), [value.shape for value in call.tensors])
