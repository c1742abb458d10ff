"""What each layer is in PyTorch: a module with its arguments, or an expression; many by the operators' own names.

Tensors have a batch before `[C, *S]`, so every axis is one more than here.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any

from cnncalc.interop.exporting.refusing import NotSaidError, named
from cnncalc.interop.exporting.source import LayerCode
from cnncalc.ops.windows import axis_of, pads

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.ops.foreign import Foreign
    from cnncalc.ops.operator import Operator, Shapes
    from cnncalc.values.axis import Window
    from cnncalc.values.shape import Shape

SYSTEM = "torch"


def plain(value: Any) -> Any:
    """Return a value as Python writes it: whole where it is, tuples of equal numbers as one."""
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else float(value)
    if isinstance(value, tuple) and value and len(set(value)) == 1:
        return plain(value[0])
    return tuple(plain(v) for v in value) if isinstance(value, tuple) else value


def paddings(used: tuple[Window, ...]) -> tuple[Any, list[int]]:
    """Return the padding that a window takes, and what has to stand before it as `F.pad` takes it: last axis first."""
    if all(w.before == w.after for w in used):
        return plain(tuple(w.before for w in used)), []
    return 0, [n for w in reversed(used) for n in (w.before, w.after)]


def module_of(said: Foreign, rank: int) -> str:
    """Return the class of a module."""
    return f"nn.{said.named(max(rank, 1))}"


def by_name(op: Operator, ins: Shapes, *first: Any, skip: tuple[str, ...] = (), **more: Any) -> LayerCode:
    """Return the module that an operator says of itself, with the arguments that differ from PyTorch's defaults.

    Args:
        op: the operator.
        ins: the shapes that it reads.
        first: arguments without a name before the others.
        skip: arguments that are among these, or say nothing.
        more: arguments in PyTorch's words, instead of the operator's.
    """
    said = named(op, SYSTEM)
    if said is None:
        raise NotSaidError("PyTorch has no module for it as it stands here")
    args: list[tuple[str, Any]] = [("", value) for value in first]
    for ours, theirs in said.arguments.items():
        if ours in skip or theirs in more:
            continue
        value = plain(op.arguments()[ours])
        if value is not None and value != plain(op.args[ours].default):
            args.append((theirs, value))
    args += [(name, value) for name, value in {**said.constants, **more}.items() if value is not None]
    return LayerCode(module_of(said, len(ins[0]) - 1), args)


def convolution(op: Any, ins: Shapes, outs: Shapes) -> LayerCode:
    """Convolutions, depthwise ones too."""
    x, used = ins[0], op.windows(ins[0])
    around, apart = paddings(used)
    sizes = [plain(tuple(getattr(w, name) for w in used)) for name in ("kernel", "stride", "dilation")]
    groups = getattr(op, "groups", x[0]) if op.name != "depthwise" else x[0]
    mode = getattr(op, "padding_mode", "zeros")
    args: list[tuple[str, Any]] = [("", x[0]), ("", outs[0][0]), ("", sizes[0])]
    args += [("stride", sizes[1]), ("padding", around), ("dilation", sizes[2]), ("groups", groups),
             ("bias", op.has_bias), ("padding_mode", mode)]  # fmt: skip
    call = "{m}({0})"
    if apart:
        if mode != "zeros":
            raise NotSaidError("its padding is uneven and not of zeros")
        call = f"{{m}}(F.pad({{0}}, {tuple(apart)}))"
    defaults = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": True, "padding_mode": "zeros"}
    around = "nn.utils.parametrizations.weight_norm" if getattr(op, "gain", False) else ""
    return LayerCode(f"nn.Conv{len(used)}d", args, call, defaults=defaults, around=around)


def transposed(op: Any, ins: Shapes, outs: Shapes) -> LayerCode:
    """Transposed convolutions."""
    used = op.windows(ins[0])
    if getattr(op, "gain", False):
        raise NotSaidError("a gain of a transposed convolution is not written")
    if any(w.before != w.after for w in used):
        raise NotSaidError("PyTorch crops a transposed convolution evenly")
    args: list[tuple[str, Any]] = [("", ins[0][0]), ("", outs[0][0]), ("", plain(tuple(w.kernel for w in used)))]
    for name, value, default in (
        ("stride", plain(tuple(w.stride for w in used)), 1), ("padding", plain(tuple(w.before for w in used)), 0),
        ("output_padding", plain(op.output_paddings(used)), 0), ("groups", op.groups, 1), ("bias", op.has_bias, True),
        ("dilation", plain(tuple(w.dilation for w in used)), 1),
    ):  # fmt: skip
        if value != default:
            args.append((name, value))
    return LayerCode(f"nn.ConvTranspose{len(used)}d", args)


def pool(op: Any, ins: Shapes, outs: Shapes) -> LayerCode:
    """Pools; what is padded unevenly stands before them."""
    used = op.windows(ins[0])
    around, apart = paddings(used)
    kernel, stride = (plain(tuple(getattr(w, name) for w in used)) for name in ("kernel", "stride"))
    said = named(op, SYSTEM)
    if said is None:
        raise NotSaidError("PyTorch has no such pool")
    largest = op.name == "max_pool"
    if apart and not largest and not op.count_include_pad:
        raise NotSaidError("its padding is uneven, and out of the mean")
    args: list[tuple[str, Any]] = [("", kernel)]
    dilation = plain(tuple(w.dilation for w in used))
    for name, value, default in (("stride", stride, kernel), ("padding", around, 0), ("dilation", dilation, 1),
                                 ("ceil_mode", op.ceil, False)):  # fmt: skip
        if value != default:
            args.append((name, value))
    if not largest and not op.count_include_pad:
        args.append(("count_include_pad", False))
    value = ', value=float("-inf")' if largest else ""
    call = f"{{m}}(F.pad({{0}}, {tuple(apart)}{value}))" if apart else "{m}({0})"
    return LayerCode(module_of(said, len(used)), args, call)


def linear(op: Any, ins: Shapes, outs: Shapes) -> LayerCode:
    """Linear layers; along the channels of a map they are convolutions of one position."""
    x = ins[0]
    bias = [("bias", False)] if not op.has_bias else []
    if len(x) == 1 or op.axis != "channel":
        return LayerCode("nn.Linear", [("", x[-1]), ("", op.out), *bias])
    if len(x) > 4:
        raise NotSaidError("PyTorch has no linear layer along these channels")
    return LayerCode(f"nn.Conv{len(x) - 1}d", [("", x[0]), ("", op.out), ("", 1), *bias])


def layer_norm(op: Any, ins: Shapes, outs: Shapes) -> LayerCode:
    """Layer normalisation over channels, or over trailing axes."""
    x = ins[0]
    more = [(name, False) for name, on in (("elementwise_affine", op.affine), ("bias", op.bias or not op.affine))
            if not on]  # fmt: skip
    if op.over == "channel":
        if len(x) == 1:
            return LayerCode("nn.LayerNorm", [("", x[0]), *more])
        return LayerCode("ChannelNorm", [("", x[0]), *more], helper="ChannelNorm")
    trailing = {"all": len(x), "last": 1}.get(op.over, op.over)
    over = tuple(x)[len(x) - trailing :]
    return LayerCode("nn.LayerNorm", [("", over[0] if len(over) == 1 else over), *more])


def extents(kind: str, x: Any) -> tuple[int, ...] | None:
    """Return the shape of learned factors for inputs `[C, *S]`."""
    sizes = {"none": None, "one": (1,), "channel": (x[0], *(1,) * (len(x) - 1)), "all": tuple(x)}
    if kind not in sizes:
        raise NotSaidError(f"its factors lie along '{kind}'")
    return sizes[kind]


def affine(op: Any, ins: Shapes, outs: Shapes) -> LayerCode:
    """Learned factors and summands."""
    args = [("scale", extents(op.scale, ins[0])), ("offset", extents(op.offset, ins[0]))]
    return LayerCode("Affine", args, helper="Affine")


def upsample(op: Any, ins: Shapes, outs: Shapes) -> LayerCode:
    """Resizing by a factor, or to a size."""
    args: list[tuple[str, Any]] = []
    if op.scale is not None:
        args.append(("scale_factor", plain(op.scale)))
    else:
        args.append(("size", plain(tuple(outs[0].spatial))))
    if op.mode != "nearest":
        args += [("mode", op.mode), ("align_corners", bool(op.align_corners))]
    return LayerCode("nn.Upsample", args)


def pad(op: Any, ins: Shapes, outs: Shapes) -> LayerCode:
    """Padding; PyTorch counts its axes from the last."""
    sides = [n for pair in reversed(pads(op.amount, len(ins[0]) - 1, "amount")) for n in pair]
    mode = {"zeros": "", "reflect": ', mode="reflect"', "replicate": ', mode="replicate"',
            "circular": ', mode="circular"'}[op.mode]  # fmt: skip
    return LayerCode(call=f"F.pad({{0}}, {tuple(sides)}{mode})")


def crop(op: Any, ins: Shapes, outs: Shapes) -> LayerCode:
    """Part of a map."""
    cuts = ", ".join(f"{a}:{a + n}" for a, n in zip(op.offsets(ins[0]), outs[0].spatial, strict=True))
    return LayerCode(call=f"{{0}}[:, :, {cuts}]")


def along(op: Any, x: Shape) -> int:
    """Return the axis that an operator works along, counted with the batch."""
    return 1 + axis_of(getattr(op, "axis", "channel"), x, op.name)


def joined(op: Any, ins: Shapes, outs: Shapes) -> LayerCode:
    """Concatenation."""
    names = ", ".join(f"{{{n}}}" for n in range(len(ins)))
    return LayerCode(call=f"torch.cat(({names}), dim={along(op, ins[0])})")


def split(op: Any, ins: Shapes, outs: Shapes) -> LayerCode:
    """Parts of an axis."""
    axis = along(op, ins[0])
    sizes = [out[axis - 1] for out in outs]
    if len(set(sizes)) == 1:
        return LayerCode(call=f"{{0}}.chunk({len(sizes)}, dim={axis})")
    return LayerCode(call=f"{{0}}.split({sizes}, dim={axis})")


def cut(op: Any, ins: Shapes, outs: Shapes) -> LayerCode:
    """A range of an axis."""
    axis = along(op, ins[0])
    start, stop = op.bounds
    return LayerCode(call=f"{{0}}[{':, ' * axis}{start}:{stop}]")


def infix(sign: str) -> Callable[[Any, Shapes, Shapes], LayerCode]:
    """Return the entry of an operator between tensors."""
    return lambda _op, ins, _outs: LayerCode(call=f" {sign} ".join(f"{{{n}}}" for n in range(len(ins))))


def largest(op: Any, ins: Shapes, outs: Shapes) -> LayerCode:
    """The largest of several."""
    text = "{0}"
    for n in range(1, len(ins)):
        text = f"torch.maximum({text}, {{{n}}})"
    return LayerCode(call=text)


def reshape(op: Any, ins: Shapes, outs: Shapes) -> LayerCode:
    """The same elements in another shape; the last extent follows, so that other sizes fit the same line."""
    *first, _ = map(str, outs[0])
    return LayerCode(call=f"{{0}}.reshape({', '.join(('len({0})', *first, '-1'))})")


def flatten(op: Any, ins: Shapes, outs: Shapes) -> LayerCode:
    """Axes joined into one."""
    end = op.end if op.end < 0 else op.end + 1
    start = op.start if op.start < 0 else op.start + 1
    return LayerCode(call=f"torch.flatten({{0}}, {start}{'' if end == -1 else f', {end}'})")


def permute(op: Any, ins: Shapes, outs: Shapes) -> LayerCode:
    """Axes in another order."""
    return LayerCode(call=f"{{0}}.permute(0, {', '.join(str(a + 1) for a in op.order(ins[0]))})")


def matmul(op: Any, ins: Shapes, outs: Shapes) -> LayerCode:
    """The product of two matrices."""
    left, right = ("{0}.mT" if op.transpose in ("left", "both") else "{0}",
                   "{1}.mT" if op.transpose in ("right", "both") else "{1}")  # fmt: skip
    return LayerCode(call=f"{left} @ {right}")


def score_bias(op: Any, ins: Shapes, outs: Shapes) -> LayerCode:
    """The bias of attention's scores: made for itself, and added where the values are mixed."""
    q = ins[0]
    extents = tuple(q.spatial) if op.window is None else op.windowed(q)
    args: list[tuple[str, Any]] = [("", op.heads), ("", extents)]
    if op.bias is not True:
        if op.bias != prod(extents):
            raise NotSaidError("its bias has another count than one per distance")
        args.append(("signed", False))
    return LayerCode("ScoreBias", args, "{m}()", helper="ScoreBias")


def mixed(op: Any, ins: Shapes, outs: Shapes) -> LayerCode:
    """Attention: the layers that it stands for are one call, which reads queries, keys, perhaps a bias, and values."""
    shared = f", shared={op.shared_heads}" if op.shared_heads != op.heads else ""
    bias = ", bias={2}" if op.bias else ""
    more = f", heads={op.heads}{shared}{bias}{', causal=True' if op.causal else ''}"
    reads = ("{0}", "{1}", "{3}" if op.bias else "{2}")
    if op.window is not None:
        size = op.windowed(ins[0])
        if len(size) != 2:
            raise NotSaidError("windows are written for maps of two axes")
        parts = ", ".join(f"windows({x}, {size})" for x in reads)
        return LayerCode(call=f"unwindows(attend({parts}{more}), {', '.join(map(str, ins[0].spatial))})",
                         helper="attend windows")  # fmt: skip
    if op.tokens_per_group is not None:
        parts = ", ".join(f"token_groups({x}, {op.tokens_per_group})" for x in reads)
        shape = "{0}.shape" if outs[0] == ins[0] else f"(len({{0}}), {', '.join(map(str, outs[0]))})"
        return LayerCode(call=f"ungrouped(attend({parts}{more}), {shape})", helper="attend token_groups")
    return LayerCode(call=f"attend({', '.join(reads)}{more})", helper="attend")


def rolled(op: Any, ins: Shapes, outs: Shapes) -> LayerCode:
    """A map moved along its axes."""
    if op.axis is not None:
        return LayerCode(call=f"torch.roll({{0}}, {plain(op.shift)}, {along(op, ins[0])})")
    axes = tuple(range(2, len(ins[0]) + 1))
    shifts = op.shift if isinstance(op.shift, tuple) else (op.shift,) * len(axes)
    return LayerCode(call=f"torch.roll({{0}}, {shifts}, {axes})")


def regions(op: Any, ins: Shapes, outs: Shapes) -> LayerCode:
    """Regions of a map, which are an input of their own there."""
    raise NotSaidError("the regions are an input of their own in torchvision")


def recurrent(op: Any, ins: Shapes, outs: Shapes) -> LayerCode:
    """LSTM and GRU, which PyTorch gives steps before channels; they return the outputs of all steps and last states."""
    said = named(op, SYSTEM)
    if said is None:
        raise NotSaidError("PyTorch has no such recurrent layer")
    args = [("", ins[0][0]), ("", op.hidden), ("num_layers", op.layers), ("batch_first", True),
            ("bidirectional", op.bidirectional)]  # fmt: skip
    call = "{m}({0}.mT)[0].mT"
    if op.last:
        states = "[1][0]" if said.name == "LSTM" else "[1]"
        call = f"{{m}}({{0}}.mT){states}"
        call += "[-2:].transpose(0, 1).flatten(1)" if op.bidirectional else "[-1]"
    return LayerCode(f"nn.{said.name}", args, call, defaults={"num_layers": 1, "bidirectional": False})


def over_channels(name: str) -> Callable[[Any, Shapes, Shapes], LayerCode]:
    """Return the entry of a reduction."""
    return lambda op, ins, _outs: LayerCode(call=f"{{0}}.{name}(dim={along(op, ins[0])}, keepdim=True)")


def unit_norm(op: Any, ins: Shapes, outs: Shapes) -> LayerCode:
    """Vectors of length one, with learned factors or without."""
    if not op.affine:
        return LayerCode(call="F.normalize({0}, dim=1)")
    return LayerCode("UnitNorm", [("", ins[0][0]), ("", len(ins[0]) - 1)], helper="UnitNorm")


def norm(op: Any, ins: Shapes, outs: Shapes) -> LayerCode:
    """Normalisations that need the channels first."""
    said = named(op, SYSTEM)
    return by_name(op, ins, ins[0][0]) if said and "groups" not in said.arguments else by_name(
        op, ins, op.groups, ins[0][0], skip=("groups",))  # fmt: skip


ENTRIES: dict[str, Callable[[Any, Shapes, Shapes], LayerCode]] = {
    "conv": convolution, "depthwise": convolution, "conv_transpose": transposed, "linear": linear, "max_pool": pool,
    "avg_pool": pool, "batch_norm": norm, "instance_norm": norm, "group_norm": norm, "layer_norm": layer_norm,
    "layer_scale": lambda op, ins, outs: LayerCode("LayerScale", [("", ins[0][0]), ("", len(ins[0]) - 1)],
                                                    helper="LayerScale"),
    "affine": affine, "upsample": upsample, "pad": pad, "crop": crop, "concat": joined, "split": split, "slice": cut,
    "add": infix("+"), "sub": infix("-"), "mul": infix("*"), "max": largest, "reshape": reshape, "flatten": flatten,
    "permute": permute, "matmul": matmul, "attention": mixed, "attention_bias": score_bias, "roll": rolled,
    "channel_mean": over_channels("mean"), "channel_max": over_channels("amax"),
    "grn": lambda op, ins, outs: LayerCode("GlobalResponseNorm", [("", ins[0][0]), ("", len(ins[0]) - 1)],
                                            helper="GlobalResponseNorm"),
    "l2_norm": unit_norm, "lstm": recurrent, "gru": recurrent, "roi_align": regions,
    "drop_path": lambda op, ins, outs: LayerCode("nn.Identity", [], "{m}({0})"),
    "channel_shuffle": lambda op, ins, outs: LayerCode(call=f"channel_shuffle({{0}}, {op.groups})",
                                                        helper="channel_shuffle"),
    "tokens": lambda op, ins, outs: LayerCode("Tokens", [("", ins[0][0]), ("", op.n)], helper="Tokens"),
    "repeat_channels": lambda op, ins, outs: LayerCode(call=f"{{0}}.repeat_interleave({op.times}, dim=1)"),
}  # fmt: skip
"""Layers whose arguments follow from shapes, or that are expressions."""


def torch_layer(op: Operator, ins: Shapes, outs: Shapes) -> LayerCode:
    """Return what a layer is in PyTorch.

    Raises:
        NotSaidError: it has no form there.
    """
    entry = ENTRIES.get(op.name)
    if entry is not None:
        return entry(op, ins, outs)
    if op.tensors(ins) and op.name != "prelu":
        raise NotSaidError("it has weights, and PyTorch no module of its name")
    return by_name(op, ins)
