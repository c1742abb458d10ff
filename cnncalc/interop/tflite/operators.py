"""Which operator of the language stands for which of TensorFlow Lite: by the operators' own names, or by an entry."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from cnncalc.interop.tflite_out import ACT, TABLES
from cnncalc.ops.registry import by_foreign_name, find
from cnncalc.values.diagnostics import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.graph.graph import Ref
    from cnncalc.interop.tflite.reading import Operation, TfliteTensor
    from cnncalc.interop.tflite.walk import TfliteWalk
    from cnncalc.ops.operator import Operator
    from cnncalc.values.shape import Shape

SYSTEM = "tflite"
OPTIONS = {
    "CONV_2D": "Conv2DOptions", "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions", "TRANSPOSE_CONV": "TransposeConvOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions", "MAX_POOL_2D": "Pool2DOptions", "AVERAGE_POOL_2D": "Pool2DOptions",
    "L2_POOL_2D": "Pool2DOptions", "ADD": "AddOptions", "SUB": "SubOptions", "MUL": "MulOptions",
    "CONCATENATION": "ConcatenationOptions", "L2_NORMALIZATION": "L2NormOptions", "LEAKY_RELU": "LeakyReluOptions",
    "DEPTH_TO_SPACE": "DepthToSpaceOptions", "SPACE_TO_DEPTH": "SpaceToDepthOptions", "MEAN": "ReducerOptions",
    "SUM": "ReducerOptions", "REDUCE_MAX": "ReducerOptions", "RESIZE_BILINEAR": "ResizeBilinearOptions",
    "RESIZE_NEAREST_NEIGHBOR": "ResizeNearestNeighborOptions", "BATCH_MATMUL": "BatchMatMulOptions",
    "SPLIT": "SplitOptions", "SPLIT_V": "SplitVOptions",
}  # fmt: skip
"""Which table of options an operator has."""


class TfliteMisfitError(Exception):
    """What an operator reads does not go together."""


Made = "tuple[Ref, ...] | None"


@dataclass(slots=True, eq=False)
class TfliteCall:
    """One operator: where it stands, and the shapes that the file gives of its results, as `[C, *S]`."""

    walk: TfliteWalk
    operation: Operation
    path: str
    outs: tuple[Shape, ...]

    @property
    def kind(self) -> str:
        """Its name."""
        return self.operation.kind

    def option(self, name: str) -> int | float:
        """Return one of its options, or its default."""
        table = OPTIONS.get(self.kind)
        fields = TABLES[table][1] if table else {}
        if name not in fields:
            return 0
        slot, kind, default = fields[name]
        options = self.operation.options
        return default if options is None else options.field(slot, kind, default)

    @property
    def fused(self) -> int:
        """The number of the activation inside it."""
        return int(self.option(ACT))

    def stored(self, index: int) -> TfliteTensor | None:
        """Return a tensor that it reads as the file has it; None for one left out."""
        numbers = self.operation.inputs
        if index >= len(numbers) or numbers[index] < 0:
            return None
        return self.walk.model.tensors[numbers[index]]

    def ref(self, index: int) -> Ref | None:
        """Return a tensor that it reads, None if it is a constant or left out."""
        numbers = self.operation.inputs
        return self.walk.refs.get(numbers[index]) if index < len(numbers) else None

    @property
    def moving(self) -> list[Ref]:
        """What it reads that depends on the network's inputs."""
        return [self.walk.refs[n] for n in self.operation.inputs if n in self.walk.refs]

    def whole(self, index: int) -> tuple[int, ...]:
        """Return a constant list of whole numbers; raise TfliteMisfitError where it is none."""
        found = self.stored(index)
        if found is None or found.values is None:
            raise TfliteMisfitError("has extents or axes that the file does not fix")
        return found.values

    def shape(self, ref: Ref) -> Shape:
        """Return a tensor's shape."""
        return self.walk.maker.shape(ref)

    def weight(self, index: int) -> tuple[int, ...] | None:
        """Return the extents of a weight that is a constant; None where it is computed."""
        found = self.stored(index)
        if found is None or self.ref(index) is not None:
            return None
        return found.shape

    def fits(self, op: Operator, *refs: Ref) -> bool:
        """Whether an operator makes of these tensors what the file says."""
        try:
            if op.parts():
                return False
            found = op.infer(tuple(self.shape(r) for r in refs))
        except ArgumentError:
            return False
        return found == self.outs

    def put(self, op: Operator, *refs: Ref, weight: int | None = None) -> tuple[Ref, ...] | None:
        """Add an operator of the language if it makes what the file says."""
        if not self.fits(op, *refs):
            return None
        weights = self.operation.inputs[weight:] if weight is not None else ()
        return self.walk.put(self, op, refs, [n for n in weights if n not in self.walk.refs])

    def make(self, name: str, **arguments: Any) -> Operator | None:
        """Return an operator of the language, None where it does not take the arguments."""
        cls = find(name)
        try:
            return cls(**arguments) if cls else None
        except ValueError:
            return None

    def single(self, name: str, *refs: Ref, weight: int | None = None, **arguments: Any) -> tuple[Ref, ...] | None:
        """Add an operator of the language by its name, if it fits."""
        op = self.make(name, **arguments)
        return self.put(op, *refs, weight=weight) if op is not None else None


def both(*sizes: float) -> int | tuple[int, ...]:
    """Return sizes by axis, equal ones as one number."""
    found = tuple(int(n) for n in sizes)
    return found[0] if len(set(found)) == 1 else found


def windows(call: TfliteCall, *, dilated: bool = True) -> dict[str, Any]:
    """Return stride, padding and dilation."""
    found: dict[str, Any] = {
        "stride": both(call.option("stride_h"), call.option("stride_w")),
        "padding": "same" if int(call.option("padding")) == 0 else 0,
    }
    if dilated:
        found["dilation"] = both(call.option("dilation_h_factor"), call.option("dilation_w_factor"))
    return found


def convolution(call: TfliteCall) -> tuple[Ref, ...] | None:
    """CONV_2D: filters `[out, h, w, in / groups]`."""
    x, filters = call.ref(0), call.weight(1)
    if x is None or filters is None or len(filters) != 4 or call.shape(x)[0] % max(filters[3], 1):
        return None
    return call.single("conv", x, weight=1, out=filters[0], kernel=both(*filters[1:3]), bias=call.stored(2) is not None,
                       groups=call.shape(x)[0] // filters[3], **windows(call))  # fmt: skip


def depthwise(call: TfliteCall) -> tuple[Ref, ...] | None:
    """DEPTHWISE_CONV_2D: filters `[1, h, w, out]`."""
    x, filters = call.ref(0), call.weight(1)
    if x is None or filters is None or len(filters) != 4 or filters[3] % call.shape(x)[0]:
        return None
    return call.single("depthwise", x, weight=1, multiplier=filters[3] // call.shape(x)[0], kernel=both(*filters[1:3]),
                       bias=call.stored(2) is not None, **windows(call))  # fmt: skip


def transposed(call: TfliteCall) -> tuple[Ref, ...] | None:
    """TRANSPOSE_CONV: the size, filters `[out, h, w, in]`, the map."""
    x, filters = call.ref(2), call.weight(1)
    if x is None or filters is None or len(filters) != 4:
        return None
    given = windows(call, dilated=False)
    return call.single("conv_transpose", x, weight=1, out=filters[0], kernel=both(*filters[1:3]),
                       bias=call.stored(3) is not None, **given)  # fmt: skip


def transposed_alone(call: TfliteCall) -> tuple[Ref, ...] | None:
    """Convolution2DTransposeBias, MediaPipe's own: the map, filters `[out, h, w, in]`, a bias.

    Its options are the author's bytes; the stride is what makes the result's extents.
    """
    x, filters = call.ref(0), call.weight(1)
    if x is None or filters is None or len(filters) != 4:
        return None
    before, after, kernel = call.shape(x)[1:], call.outs[0][1:], filters[1:3]
    for padding in ("same", 0):
        strides = [m // n if padding else (m - k) // max(n - 1, 1)
                   for n, m, k in zip(before, after, kernel, strict=True)]  # fmt: skip
        if min(strides) > 0 and (made := call.single(
            "conv_transpose", x, weight=1, out=filters[0], kernel=both(*kernel), stride=both(*strides),
            padding=padding, bias=call.stored(2) is not None,
        )):  # fmt: skip
            return made
    return None


def connected(call: TfliteCall) -> tuple[Ref, ...] | None:
    """FULLY_CONNECTED: weights `[out, in]` on vectors, or on the channels of a map."""
    x, weights = call.ref(0), call.weight(1)
    if x is None or weights is None or len(weights) != 2:
        return None
    shape, maker = call.shape(x), call.walk.maker
    if len(shape) > 1 and shape.elements == weights[1]:
        x = maker.add("flatten", [x], f"{call.path}.flatten")
    elif len(shape) > 1:
        return call.single("linear", x, weight=1, out=weights[0], bias=call.stored(2) is not None, axis="channel")
    return call.single("linear", x, weight=1, out=weights[0], bias=call.stored(2) is not None)


def pool(name: str, **arguments: Any) -> Callable[[TfliteCall], tuple[Ref, ...] | None]:
    """Return the entry of a pool."""

    def entry(call: TfliteCall) -> tuple[Ref, ...] | None:
        size = both(call.option("filter_height"), call.option("filter_width"))
        return call.single(name, *call.moving, kernel=size, **windows(call, dilated=False), **arguments)

    return entry


def merge(name: str) -> Callable[[TfliteCall], tuple[Ref, ...] | None]:
    """Return the entry of what joins tensors element by element."""

    def entry(call: TfliteCall) -> tuple[Ref, ...] | None:
        if len(call.moving) != len(call.operation.inputs):
            return None
        return call.single(name, *call.moving) or call.single(name, *call.moving, broadcast=True)

    return entry


def concat(call: TfliteCall) -> tuple[Ref, ...] | None:
    """CONCATENATION of channels."""
    refs = call.moving
    if len(refs) != len(call.operation.inputs) or len(refs) < 2:
        return None
    axis, rank = int(call.option("axis")), len(call.walk.model.tensors[call.operation.outputs[0]].shape)
    return call.single("concat", *refs) if axis in (-1, rank - 1) else None


def view(call: TfliteCall) -> tuple[Ref, ...] | None:
    """RESHAPE, SQUEEZE, EXPAND_DIMS: the same elements in the shape that the file gives."""
    x, out = call.ref(0), call.outs[0]
    if x is None:
        return None
    if call.shape(x).elements != out.elements:
        raise TfliteMisfitError(f"makes {out} of {call.shape(x)}, which has other elements")
    if len(out) == 1 and len(call.shape(x)) > 1:
        return call.single("flatten", x)
    if out == call.shape(x):
        return call.single("identity", x)
    return call.single("reshape", x, shape=tuple(out))


def transpose(call: TfliteCall) -> tuple[Ref, ...] | None:
    """TRANSPOSE that leaves the batch where it is."""
    x, order = call.ref(0), call.whole(1)
    rank = len(order)
    if x is None or rank != len(call.shape(x)) + 1 or sorted(order) != list(range(rank)) or order[0]:
        return None
    ours = {axis: (0 if axis == rank - 1 else axis) for axis in range(1, rank)}
    return call.single("permute", x, axes=tuple(ours[a] for a in (order[-1], *order[1:-1])))


def pad(call: TfliteCall) -> tuple[Ref, ...] | None:
    """PAD, MIRROR_PAD of spatial axes."""
    x, amounts = call.ref(0), call.whole(1)
    if x is None or len(amounts) != 2 * (len(call.shape(x)) + 1) or any(amounts[:2]) or any(amounts[-2:]):
        return None
    inner = amounts[2:-2]
    mode = "reflect" if call.kind == "MIRROR_PAD" else "zeros"
    return call.single("pad", x, amount=inner, mode=mode) if any(inner) else call.single("identity", x)


def mean(call: TfliteCall) -> tuple[Ref, ...] | None:
    """MEAN over all positions, or over channels."""
    x, axes = call.ref(0), call.whole(1)
    if x is None:
        return None
    rank = len(call.shape(x)) + 1
    over = {a % rank for a in axes}
    if over == set(range(1, rank - 1)):
        if call.option("keep_dims"):
            return call.single("global_avg_pool", x)
        maker = call.walk.maker
        pooled = maker.add("global_avg_pool", [x], f"{call.path}.pool")
        return call.single("flatten", pooled)
    return call.single("channel_mean", x) if over == {rank - 1} and call.option("keep_dims") else None


def resize(mode: str) -> Callable[[TfliteCall], tuple[Ref, ...] | None]:
    """Return the entry of a resize to the size of its result."""

    def entry(call: TfliteCall) -> tuple[Ref, ...] | None:
        corners = {"align_corners": True} if call.option("align_corners") and mode != "nearest" else {}
        return call.single("upsample", *call.moving, size=tuple(call.outs[0].spatial), mode=mode, **corners)

    return entry


def split(call: TfliteCall) -> tuple[Ref, ...] | None:
    """SPLIT, SPLIT_V of channels: the sizes are those of the results."""
    refs = call.moving
    if len(refs) != 1 or len(call.outs) < 2:
        return None
    return call.single("split", *refs, sizes=tuple(out[0] for out in call.outs))


def named(call: TfliteCall) -> tuple[Ref, ...] | None:
    """An operator that says of itself that it is this one, where it makes what the file says."""
    refs = call.moving
    for cls, said in by_foreign_name(SYSTEM, call.kind):
        arguments: dict[str, Any] = {}
        for ours, theirs in said.arguments.items():
            value = call.option(theirs)
            arguments[ours] = Fraction(f"{value:.9g}") if isinstance(value, float) else value
        if cls.sources is not None and cls.sources != len(refs):
            continue
        if len(refs) != len([n for n in call.operation.inputs if n >= 0]) and cls.sources != 1:
            continue
        try:
            op = cls(**{**said.when, **arguments})
        except ValueError:
            continue
        if (made := call.put(op, *refs)) is not None:
            return made
    return None


ENTRIES: dict[str, Callable[[TfliteCall], tuple[Ref, ...] | None]] = {
    "CONV_2D": convolution, "DEPTHWISE_CONV_2D": depthwise, "TRANSPOSE_CONV": transposed, "FULLY_CONNECTED": connected,
    "Convolution2DTransposeBias": transposed_alone,
    "MAX_POOL_2D": pool("max_pool"), "AVERAGE_POOL_2D": pool("avg_pool", count_include_pad=False), "ADD": merge("add"),
    "SUB": merge("sub"), "MAXIMUM": merge("max"), "MUL": lambda call: call.single("mul", *call.moving)
    if len(call.moving) == len(call.operation.inputs) else None, "CONCATENATION": concat, "RESHAPE": view,
    "SQUEEZE": view, "EXPAND_DIMS": view, "TRANSPOSE": transpose, "PAD": pad, "MIRROR_PAD": pad, "MEAN": mean,
    "RESIZE_BILINEAR": resize("bilinear"), "RESIZE_NEAREST_NEIGHBOR": resize("nearest"), "SPLIT": split,
    "SPLIT_V": split,
}  # fmt: skip
"""Operators whose arguments stand in tensors, or that are several of ours."""
UNNAMED = frozenset(("REDUCE_MAX", "SLICE", "BATCH_MATMUL"))
"""Names that say too little: what they work on stands in a tensor, or along axes that are others here."""


def entry_of(kind: str) -> Callable[[TfliteCall], tuple[Ref, ...] | None] | None:
    """Return what makes the layers of an operator, None where nothing but its cost can be said."""
    return ENTRIES.get(kind) or (None if kind in UNNAMED else named)
