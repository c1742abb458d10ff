"""Which ONNX nodes each layer is: most are rows of the operators' own names, the others entries of a table.

Tensors have a batch before `[C, *S]`, so every axis is one more than here.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from cnncalc.interop.exporting import onnx_sequences
from cnncalc.interop.exporting.refusing import NotSaidError, named
from cnncalc.ops.windows import axis_of, pads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.interop.exporting.onnx_model import Nodes
    from cnncalc.ops.operator import Operator, Shapes
    from cnncalc.values.axis import Window
    from cnncalc.values.shape import Shape

SYSTEM = "onnx"
BOUNDS = {"relu6": (0.0, 6.0), "hardtanh": (-1.0, 1.0)}
"""Bounds of a `Clip`, which are inputs of it and not attributes."""


def value(given: Any) -> Any:
    """Return an argument as an attribute."""
    if isinstance(given, Fraction):
        return float(given)
    return int(given) if isinstance(given, bool) else given


def around(used: Sequence[Window]) -> list[int]:
    """Return paddings as ONNX orders them: all before, then all after."""
    return [*(w.before for w in used), *(w.after for w in used)]


def windowed(used: Sequence[Window], *, dilated: bool = True) -> dict[str, Any]:
    """Return the attributes of a window."""
    found: dict[str, Any] = {
        "kernel_shape": [w.kernel for w in used], "strides": [w.stride for w in used], "pads": around(used),
    }  # fmt: skip
    if dilated:
        found["dilations"] = [w.dilation for w in used]
    return found


def unsaid(reason: str) -> Callable[..., list[str]]:
    """Refuse an operator whose namesake in ONNX takes other inputs."""

    def refuse(*_: object) -> list[str]:
        raise NotSaidError(reason)

    return refuse


def convolution(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """Convolutions, depthwise ones too; a gain multiplies filters of length one."""
    used, x = op.windows(ins[0]), xs[0]
    groups = ins[0][0] if op.name == "depthwise" else op.groups
    given = windowed(used)
    mode = getattr(op, "padding_mode", "zeros")
    if mode != "zeros":
        x = padded(to, x, [(w.before, w.after) for w in used], mode)
        given["pads"] = [0] * (2 * len(used))
    kernel = (outs[0][0], ins[0][0] // groups, *given["kernel_shape"])
    weight, *bias = to.weights(op, kernel, outs[0][0])
    if getattr(op, "gain", False):
        length = to.node("ReduceL2", [weight, to.whole(range(1, len(kernel)))], keepdims=1)
        gain = to.tensor("gain", (outs[0][0], *(1,) * (len(kernel) - 1)))
        weight = to.node("Mul", [to.node("Div", [weight, length]), gain])
    return [to.node("Conv", [x, weight, *bias], group=groups, **given)]


def transposed(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """Transposed convolutions."""
    if getattr(op, "gain", False):
        raise NotSaidError("a gain of a transposed convolution is not written")
    used = op.windows(ins[0])
    given = windowed(used)
    kernel = (ins[0][0], outs[0][0] // op.groups, *given["kernel_shape"])
    return [to.node("ConvTranspose", [xs[0], *to.weights(op, kernel, outs[0][0])], group=op.groups,
                    output_padding=list(op.output_paddings(used)), **given)]  # fmt: skip


def linear(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """Linear layers: Gemm of vectors, Conv along channels, MatMul along the last axis."""
    x = ins[0]
    if len(x) == 1:
        return [to.node("Gemm", [xs[0], *to.weights(op, (op.out, x[0]), op.out)], transB=1)]
    if op.axis == "channel":
        kernel = (op.out, x[0], *(1,) * (len(x) - 1))
        return [to.node("Conv", [xs[0], *to.weights(op, kernel, op.out)], kernel_shape=[1] * (len(x) - 1))]
    weight, *bias = to.weights(op, (x[-1], op.out), op.out)
    made = to.node("MatMul", [xs[0], weight])
    return [to.node("Add", [made, *bias])] if bias else [made]


def pool(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """Pools. What rounds up has its last window written out, as PyTorch's rule differs from ONNX's."""
    said = named(op, SYSTEM)
    if said is None:
        raise NotSaidError("ONNX has no such pool")
    used = op.windows(ins[0])
    dilated = op.name == "max_pool"
    given = windowed(used, dilated=dilated)
    if op.ceil:
        given["ceil_mode"] = 1
    if op.name == "avg_pool":
        given["count_include_pad"] = int(op.count_include_pad)
    return [to.node(said.name, xs, **given)]


def batch_norm(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """Batch normalisation; without learned values, these are constants of it."""
    c = (ins[0][0],)
    scale = [to.tensor("weight", c), to.tensor("bias", c)] if op.affine else [to.filled(1.0, c), to.filled(0.0, c)]
    if not op.running_stats:
        raise NotSaidError("it keeps no statistics")
    return [to.node("BatchNormalization", [xs[0], *scale, to.tensor("running_mean", c), to.tensor("running_var", c)])]


def layer_norm(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """Layer normalisation; over channels the channels go last and come back."""
    x = ins[0]
    over = (x[0],) if op.over == "channel" else tuple(x)[len(x) - {"all": len(x), "last": 1}.get(op.over, op.over) :]
    scale = to.tensor("weight", over) if op.affine else to.filled(1.0, over)
    bias = [to.tensor("bias", over)] if op.affine and op.bias else []
    first = xs[0]
    turned = op.over == "channel" and len(x) > 1
    if turned:
        first = to.node("Transpose", [first], perm=[0, *range(2, len(x) + 1), 1])
    made = to.node("LayerNormalization", [first, scale, *bias], axis=-len(over))
    return [to.node("Transpose", [made], perm=[0, len(x), *range(1, len(x))]) if turned else made]


def group_norm(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """Group normalisation of opset 21: a factor for each channel."""
    c = (ins[0][0],)
    scale = [to.tensor("weight", c), to.tensor("bias", c)] if op.affine else [to.filled(1.0, c), to.filled(0.0, c)]
    made = to.node("GroupNormalization", [xs[0], *scale], num_groups=op.groups)
    to.stated[made] = (to.batch, *ins[0])  # ONNX infers no shape of it
    return [made]


def instance_norm(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """Normalisation of each channel by itself."""
    if op.running_stats:
        raise NotSaidError("ONNX keeps no statistics of it")
    c = (ins[0][0],)
    scale = [to.tensor("weight", c), to.tensor("bias", c)] if op.affine else [to.filled(1.0, c), to.filled(0.0, c)]
    return [to.node("InstanceNormalization", [xs[0], *scale])]


def affine(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """Learned factors and summands."""
    x = ins[0]
    sizes = {"one": (1,), "channel": (x[0], *(1,) * (len(x) - 1)), "all": tuple(x)}
    made = xs[0]
    for kind, name, said in ((op.scale, "scale", "Mul"), (op.offset, "offset", "Add")):
        if kind != "none":
            if kind not in sizes:
                raise NotSaidError(f"its factors lie along '{kind}'")
            made = to.node(said, [made, to.tensor(name, sizes[kind])])
    return [made]


def layer_scale(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """One learned factor per channel."""
    return [to.node("Mul", [xs[0], to.tensor("scale", (ins[0][0], *(1,) * (len(ins[0]) - 1)))])]


def unit_norm(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """Vectors of length one, with learned factors or without."""
    made = to.node("LpNormalization", xs, axis=1, p=2)
    if not op.affine:
        return [made]
    return [to.node("Mul", [made, to.tensor("weight", (ins[0][0], *(1,) * (len(ins[0]) - 1)))])]


def response_norm(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """Each channel by its strength among all of them."""
    factors = (ins[0][0], *(1,) * (len(ins[0]) - 1))
    strength = to.node("ReduceL2", [xs[0], to.whole(range(2, len(ins[0]) + 1))], keepdims=1)
    mean = to.node("Add", [to.node("ReduceMean", [strength, to.whole([1])], keepdims=1), to.number(1e-6)])
    share = to.node("Mul", [xs[0], to.node("Div", [strength, mean])])
    made = to.node("Mul", [to.tensor("weight", factors), share])
    return [to.node("Add", [xs[0], to.node("Add", [made, to.tensor("bias", factors)])])]


def prelu(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """PRelu with a slope for each channel, or one."""
    return [to.node("PRelu", [xs[0], to.tensor("weight", (op.parameters, *(1,) * (len(ins[0]) - 1)))])]


def clip(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """Activations with bounds."""
    low, high = BOUNDS[op.name]
    return [to.node("Clip", [xs[0], to.number(low), to.number(high)])]


def upsample(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """Resizing to the size that it makes."""
    mode = {"nearest": "nearest", "bilinear": "linear", "linear": "linear", "trilinear": "linear", "bicubic": "cubic"}
    if op.mode not in mode:
        raise NotSaidError(f"ONNX does not resize by '{op.mode}'")
    how = "align_corners" if op.align_corners else "asymmetric" if op.mode == "nearest" else "pytorch_half_pixel"
    more = {"nearest_mode": "floor"} if op.mode == "nearest" else {}
    return [to.node("Resize", [xs[0], "", "", to.whole([to.batch, *outs[0]])], mode=mode[op.mode],
                    coordinate_transformation_mode=how, **more)]  # fmt: skip


def padded(to: Nodes, x: str, sides: Sequence[tuple[int, int]], mode: str = "zeros") -> str:
    """Add a padding of the spatial axes."""
    words = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    amounts = [0, 0, *(a for a, _ in sides), 0, 0, *(b for _, b in sides)]
    return to.node("Pad", [x, to.whole(amounts)], mode=words[mode])


def pad(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """Padding."""
    return [padded(to, xs[0], pads(op.amount, len(ins[0]) - 1, "amount"), op.mode)]


def crop(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """Part of a map."""
    first = op.offsets(ins[0])
    return [to.node("Slice", [xs[0], to.whole(first), to.whole([a + n for a, n in zip(first, outs[0].spatial,
                                                                                     strict=True)]),
                              to.whole(range(2, len(ins[0]) + 1))])]  # fmt: skip


def along(op: Any, x: Shape) -> int:
    """Return the axis that an operator works along, counted with the batch."""
    return 1 + axis_of(getattr(op, "axis", "channel"), x, op.name)


def cut(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """A range of an axis."""
    start, stop = op.bounds
    return [to.node("Slice", [xs[0], to.whole([start]), to.whole([stop]), to.whole([along(op, ins[0])])])]


def split(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """Parts of an axis."""
    axis = along(op, ins[0])
    return to.nodes("Split", [xs[0], to.whole([out[axis - 1] for out in outs])], len(outs), axis=axis)


def reshape(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """The same elements in another shape."""
    return [to.node("Reshape", [xs[0], to.whole([to.batch, *outs[0]])])]


def flatten(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """All axes joined into one, or some."""
    return [to.node("Flatten", xs, axis=1)] if len(outs[0]) == 1 else reshape(to, op, xs, ins, outs)


def shuffle(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """Channels of groups, interleaved."""
    c, *rest = ins[0]
    made = to.node("Reshape", [xs[0], to.whole([to.batch, op.groups, c // op.groups, *rest])])
    made = to.node("Transpose", [made], perm=[0, 2, 1, *range(3, 3 + len(rest))])
    return [to.node("Reshape", [made, to.whole([to.batch, c, *rest])])]


def chain(name: str) -> Callable[..., list[str]]:
    """Return the entry of an operator between two tensors, in a row where there are more."""

    def entry(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
        made = xs[0]
        for x in xs[1:]:
            made = to.node(name, [made, x])
        return [made]

    return entry


def permute(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """Axes in another order."""
    return [to.node("Transpose", xs, perm=[0, *(a + 1 for a in op.order(ins[0]))])]


def matmul(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """The product of two matrices."""
    sides = []
    for x, shape, word in zip(xs, ins, ("left", "right"), strict=True):
        rank = len(shape) + 1
        turned = op.transpose in (word, "both")
        sides.append(to.node("Transpose", [x], perm=[*range(rank - 2), rank - 1, rank - 2]) if turned else x)
    return [to.node("MatMul", sides)]


def rolled(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """A map moved along its axes, what leaves it at one end entering at the other."""
    rank = len(ins[0])
    if op.axis is not None:
        shifts = {along(op, ins[0]): op.shift if isinstance(op.shift, int) else op.shift[0]}
    else:
        each = op.shift if isinstance(op.shift, tuple) else (op.shift,) * (rank - 1)
        shifts = dict(zip(range(2, rank + 1), each, strict=True))
    made = xs[0]
    for axis, shift in shifts.items():
        extent = ins[0][axis - 1]
        cut = (extent - shift) % extent
        if cut:
            ends = [to.node("Slice", [made, to.whole([a]), to.whole([b]), to.whole([axis])])
                    for a, b in ((cut, extent), (0, cut))]  # fmt: skip
            made = to.node("Concat", ends, axis=axis)
    return [made if made != xs[0] else to.node("Identity", xs)]


def repeated(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """Every channel several times in a row."""
    c, *rest = ins[0]
    made = to.node("Reshape", [xs[0], to.whole([to.batch, c, 1, *rest])]) if c > 1 else xs[0]
    made = to.node("Concat", [made] * op.times, axis=2 if c > 1 else 1)
    return [to.node("Reshape", [made, to.whole([to.batch, *outs[0]])]) if c > 1 else made]


def over_channels(name: str) -> Callable[..., list[str]]:
    """Return the entry of a reduction."""

    def entry(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
        return [to.node(name, [xs[0], to.whole([along(op, ins[0])])], keepdims=1)]

    return entry


def softmax(name: str) -> Callable[..., list[str]]:
    """Return the entry of a softmax."""

    def entry(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
        return [to.node(name, xs, axis=along(op, ins[0]))]

    return entry


def tokens(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """Learned vectors before a sequence, one set for each image."""
    own = to.tensor("tokens", (1, ins[0][0], op.n))
    if to.batch != 1:
        own = to.node("Expand", [own, to.whole([to.batch, ins[0][0], op.n])])
    return [to.node("Concat", [own, xs[0]], axis=2)]


def nothing(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """What does nothing at inference."""
    return [to.node("Identity", xs)]


def adaptive(to: Nodes, op: Any, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """Adaptive pools whose windows are equal and side by side."""
    sizes = list(zip(ins[0].spatial, outs[0].spatial, strict=True))
    if any(n % o for n, o in sizes):
        raise NotSaidError("its windows differ in size")
    kernel = [n // o for n, o in sizes]
    name = "MaxPool" if "max" in op.name else "AveragePool"
    return [to.node(name, xs, kernel_shape=kernel, strides=kernel)]


def by_name(to: Nodes, op: Operator, xs: Sequence[str], ins: Shapes) -> list[str]:
    """Add the node that an operator says of itself, or the nodes of its recipe."""
    said = named(op, SYSTEM)
    if said is not None:
        given = {theirs: value(op.arguments()[ours]) for ours, theirs in said.arguments.items()
                 if op.arguments()[ours] is not None}  # fmt: skip
        given.update({k: value(v) for k, v in said.constants.items()})
        return [to.node(said.name, xs, **given)]
    recipe = next((f.recipe for f in op.elsewhere.get(SYSTEM, ()) if f.recipe), None)
    if recipe is None:
        raise NotSaidError("ONNX has no operator for it as it stands here")
    made: list[str] = []
    for name, *reads in recipe:
        made.append(to.node(name, [xs[0] if read == "x" else made[int(read)] for read in reads]))
    return [made[-1]]


ENTRIES: dict[str, Callable[..., list[str]]] = {
    "conv": convolution, "depthwise": convolution, "conv_transpose": transposed, "linear": linear, "max_pool": pool,
    "avg_pool": pool, "batch_norm": batch_norm, "layer_norm": layer_norm, "group_norm": group_norm, "instance_norm":
    instance_norm, "affine": affine, "layer_scale": layer_scale, "prelu": prelu, "l2_norm": unit_norm,
    "grn": response_norm, "relu6": clip, "hardtanh": clip,
    "upsample": upsample, "pad": pad, "crop": crop, "slice": cut, "split": split, "reshape": reshape, "flatten":
    flatten, "channel_shuffle": shuffle, "add": chain("Add"), "sub": chain("Sub"), "mul": chain("Mul"), "max":
    chain("Max"),
    "concat": lambda to, op, xs, ins, outs: [to.node("Concat", xs, axis=along(op, ins[0]))], "permute": permute,
    "matmul": matmul, "attention_scores": onnx_sequences.scores, "attention_bias": onnx_sequences.score_bias,
    "attention_softmax": onnx_sequences.softmax, "attention": onnx_sequences.mix, "lstm": onnx_sequences.recurrent,
    "gru": onnx_sequences.recurrent, "repeat_channels": repeated, "roll": rolled, "channel_mean":
    over_channels("ReduceMean"), "channel_max": over_channels("ReduceMax"), "softmax": softmax("Softmax"),
    "log_softmax": softmax("LogSoftmax"), "tokens": tokens, "dropout": nothing, "drop_path": nothing,
    "identity": nothing, "adaptive_avg_pool": adaptive, "adaptive_max_pool": adaptive,
    "roi_align": unsaid("the regions are inputs of their own in ONNX"),
}  # fmt: skip
"""Layers whose attributes follow from shapes, or that are several nodes."""


def onnx_nodes(to: Nodes, op: Operator, xs: Sequence[str], ins: Shapes, outs: Shapes) -> list[str]:
    """Add the nodes that a layer is, and return the names of its results.

    Raises:
        NotSaidError: it has no form in ONNX.
    """
    entry = ENTRIES.get(op.name)
    if entry is not None:
        return entry(to, op, xs, ins, outs)
    if op.tensors(ins):
        raise NotSaidError("it has weights that ONNX's operator has not")
    return by_name(to, op, xs, ins)
