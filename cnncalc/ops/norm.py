"""Normalisations. Over n elements: mean n, deviations and their variance 3n, epsilon and root 2, division n."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from cnncalc.numbers.doors import exactly
from cnncalc.ops.arguments import Boolean, Integer, Kind, whole
from cnncalc.ops.foreign import KERAS_NORM, ONNX_NORM, ONNX_SCALE, TORCH_STATISTICS, Foreign, known_as
from cnncalc.ops.operator import INPUTS, Operator, Shapes, arg
from cnncalc.ops.registry import register
from cnncalc.ops.windows import spatial_rank
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.tensor import BUFFER, Tensor
from cnncalc.values.work import MemoryAccess, Work

if TYPE_CHECKING:
    from cnncalc.deployment.emitter import Emitter
    from cnncalc.values.shape import Shape


def statistics(groups: int, n: int) -> Work:
    """Return the work of normalising `groups` groups of n elements by their own mean and deviation: 5n + 2 each."""
    return Work(
        additions=groups * (n - 1 + n + n - 1 + 1),
        multiplications=groups * (n + n),
        divisions=groups * 2,
        special=groups,
    )


def measurable(n: int, x: Shape, op: str) -> None:
    """Raise ArgumentError where a mean and deviation would be taken over a single value."""
    if n == 1:
        raise ArgumentError(
            f"{op} normalises groups of one value, which are always zero, input {x}",
            code="too-few-values",
            hint="use batch_norm with running statistics, or normalise a larger map",
        )


class Norm(Operator):
    """What normalisations share: the shape stays, parameters and running statistics are moved as weights."""

    group = "normalisation"
    role = "norm"
    keeps = (INPUTS,)
    in_place = True

    def memory(self, ins: Shapes, outs: Shapes) -> MemoryAccess | None:
        params = self.params(ins)
        if params is None:
            return None
        return MemoryAccess(read=ins[0].elements, written=outs[0].elements, weights=params + self.buffers(ins))


def scale_and_shift(*shape: int, shift: bool = True) -> tuple[Tensor, ...]:
    """Return the learnable factors of a normalisation, and its shifts, which are moved as weights too."""
    return (Tensor("weight", shape), Tensor("bias", shape)) if shift else (Tensor("weight", shape),)


class ChannelStatistics(Norm):
    """What batch and instance normalisation share."""

    affine: bool
    running_stats: bool

    def statistics(self, ins: Shapes) -> tuple[bool, ...]:
        return (not self.running_stats,) * (len(ins[0]) - 1)

    def tensors(self, ins: Shapes) -> tuple[Tensor, ...]:
        channels = ins[0].channels
        learned = scale_and_shift(channels) if self.affine else ()
        running = (Tensor("running_mean", (channels,), BUFFER), Tensor("running_var", (channels,), BUFFER))
        return (*learned, *running) if self.running_stats else learned

    def out_shape(self, x: Shape) -> Shape:
        if not self.running_stats:
            measurable(x.positions, x, self.name)
        return x

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        x = ins[0]
        if self.running_stats:
            return Work(multiplications=x.elements, additions=x.elements)
        own = statistics(x.channels, x.positions)
        return own + Work(multiplications=x.elements, additions=x.elements) if self.affine else own


@register("batch_norm", aliases=("bn", "batch_norm1d", "batch_norm2d", "batch_norm3d"))
class BatchNorm(ChannelStatistics):
    """Batch normalisation at inference, `[C, *S] -> [C, *S]`, a multiplication and an addition per element.

    Source: arXiv:1502.03167. Without running statistics the image's own are taken, 5n + 2 operations per channel.
    2*C parameters (gamma, beta) and 2*C buffers (running mean and variance).
    """

    example = "batch_norm"
    elsewhere = known_as(
        torch=Foreign("BatchNorm{n}d", TORCH_STATISTICS),
        torch_function="batch_norm",
        onnx=Foreign("BatchNormalization", when={"running_stats": True}, tensors=ONNX_NORM),
        keras=Foreign("BatchNormalization", when={"running_stats": True}, tensors=KERAS_NORM),
        darknet=Foreign("batchnorm", when={"affine": True, "running_stats": True}),
        caffe=Foreign("BatchNorm", when={"affine": False, "running_stats": True}),
    )
    affine: bool = arg(Boolean(), default=True, doc="learn a scale and a shift per channel")
    running_stats: bool = arg(
        Boolean(), default=True, aliases=("track_running_stats",), doc="normalise by running statistics"
    )

    @property
    def foldable(self) -> bool:
        return self.running_stats

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        if not self.running_stats:
            return super().tflite(to, xs, ins, outs)
        return (to.scaled(to.scaled(xs[0], "MUL", ins[0].channels, "scale"), "ADD", ins[0].channels, "shift"),)


@register("instance_norm", aliases=("in_norm", "instance_norm1d", "instance_norm2d", "instance_norm3d"))
class InstanceNorm(ChannelStatistics):
    """Instance normalisation, `[C, *S] -> [C, *S]`, each channel by its own mean and deviation (arXiv:1607.08022)."""

    example = "instance_norm"
    elsewhere = known_as(
        torch=Foreign("InstanceNorm{n}d", TORCH_STATISTICS),
        torch_function="instance_norm",
        onnx=Foreign("InstanceNormalization", when={"running_stats": False}, tensors=ONNX_SCALE),
    )
    affine: bool = arg(Boolean(), default=False, doc="learn a scale and a shift per channel")
    running_stats: bool = arg(
        Boolean(), default=False, aliases=("track_running_stats",), doc="normalise by running statistics"
    )

    def out_shape(self, x: Shape) -> Shape:
        spatial_rank(x, self.name)
        return super().out_shape(x)


class _Over(Kind):
    """The axes that layer normalisation covers: a word or a number of trailing axes."""

    words = ("channel", "all", "last")

    def check(self, value: object, name: str) -> str | int:
        return value if value in self.words else whole(value, name, 1)

    def schema(self) -> dict[str, object]:
        return {"anyOf": [{"enum": list(self.words)}, *Integer(1).schema()["anyOf"]]}

    def describe(self) -> str:
        return "channel|all|last, or a number of trailing axes"


@register("layer_norm", aliases=("ln",))
class LayerNorm(Norm):
    """Layer normalisation, `[C, *S] -> [C, *S]`, over each position's channels or trailing axes (arXiv:1607.06450).

    One scale and one shift per normalised element: C of each over the channels, C*H*W of each over all.
    """

    example = "layer_norm"
    advice = {  # noqa: RUF012 - declared in Operator
        **dict.fromkeys(("axis", "dim", "begin_norm_axis"), "write over: channel, last, or a number of trailing axes"),
        **dict.fromkeys(("center", "use_offset", "create_offset"), "write bias: false for a scale without an offset"),
    }
    elsewhere = known_as(
        torch=Foreign("LayerNorm", {"affine": "elementwise_affine", "bias": "bias"}),
        torch_function="layer_norm",
        onnx=Foreign("LayerNormalization", tensors={"weight": "Scale", "bias": "B"}),
        keras=Foreign("LayerNormalization", tensors={"weight": "gamma", "bias": "beta"}),
    )
    over: str | int = arg(_Over(), default="channel", main=True, doc="what is normalised together")
    affine: bool = arg(Boolean(), default=True, aliases=("elementwise_affine",), doc="learn a scale per element")
    bias: bool = arg(Boolean(), default=True, doc="with affine: learn a shift per element too")

    def extents(self, x: Shape) -> tuple[int, ...]:
        """Return the axes that are normalised together."""
        if self.over == "channel":
            return x[:1]
        trailing = {"all": len(x), "last": 1}.get(self.over) if isinstance(self.over, str) else self.over
        if trailing is None or trailing > len(x):
            raise ArgumentError(f"{self.name} is over {self.over} axes, the input {x} has {len(x)}", argument="over")
        return x[len(x) - trailing :]

    def extent(self, x: Shape) -> int:
        """Return the elements that are normalised together, n."""
        return prod(self.extents(x))

    def out_shape(self, x: Shape) -> Shape:
        self.extent(x)
        return x

    def statistics(self, ins: Shapes) -> tuple[bool, ...]:
        rank = len(ins[0])
        over = {"channel": 0, "all": rank, "last": 1}[self.over] if isinstance(self.over, str) else self.over
        return tuple(axis >= rank - over for axis in range(1, rank))

    def tensors(self, ins: Shapes) -> tuple[Tensor, ...]:
        return scale_and_shift(*self.extents(ins[0]), shift=self.bias) if self.affine else ()

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        elements, n = ins[0].elements, self.extent(ins[0])
        work = statistics(exactly(elements, n), n)
        scale = Work(multiplications=elements) if self.affine else Work()
        return work + scale + (Work(additions=elements) if self.affine and self.bias else Work())


@register("group_norm", aliases=("gn",))
class GroupNorm(Norm):
    """Group normalisation, `[C, *S] -> [C, *S]`: groups of channels by their own statistics (arXiv:1803.08494)."""

    example = "group_norm: 4"
    elsewhere = known_as(
        torch=Foreign("GroupNorm", {"groups": "num_groups", "affine": "affine"}),
        torch_function=Foreign("group_norm", {"groups": "num_groups"}),
        onnx=Foreign("GroupNormalization", {"groups": "num_groups"}, tensors={"weight": "scale", "bias": "bias"}),
        keras=Foreign("GroupNormalization", {"groups": "groups"}, tensors={"weight": "gamma", "bias": "beta"}),
    )
    groups: int = arg(Integer(1), main=True, aliases=("num_groups",), symbol="g", doc="groups of channels")
    affine: bool = arg(Boolean(), default=True, doc="learn a scale and a shift per channel")

    def statistics(self, ins: Shapes) -> tuple[bool, ...]:
        return (True,) * (len(ins[0]) - 1)

    def out_shape(self, x: Shape) -> Shape:
        if x.channels % self.groups:
            raise ArgumentError(
                f"{self.name} has groups={self.groups}, which does not divide its {x.channels} channels",
                argument="groups",
                code="groups-do-not-divide",
                hint=f"choose a divisor of {x.channels}",
            )
        measurable(exactly(x.elements, self.groups), x, self.name)
        return x

    def tensors(self, ins: Shapes) -> tuple[Tensor, ...]:
        return scale_and_shift(ins[0].channels) if self.affine else ()

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        elements = ins[0].elements
        own = statistics(self.groups, exactly(elements, self.groups))
        return own + Work(multiplications=elements, additions=elements) if self.affine else own


@register("local_response_norm", aliases=("lrn",))
class LocalResponseNorm(Norm):
    """Local response normalisation across `size` channels, `[C, *S] -> [C, *S]` (doi:10.1145/3065386).

    Per element: one square, size - 1 additions over the window, scale, offset, power and division.
    """

    example = "local_response_norm: 5"
    advice = dict.fromkeys(("alpha", "beta", "k", "bias", "knorm"), "leave it out: constants change no count")
    elsewhere = known_as(
        torch=Foreign("LocalResponseNorm", {"size": "size"}),
        torch_function=Foreign("local_response_norm", {"size": "size"}),
        onnx=Foreign("LRN", {"size": "size"}),
        tflite="LOCAL_RESPONSE_NORMALIZATION",
        caffe=Foreign("LRN", {"size": "local_size"}),
    )
    size: int = arg(Integer(1), main=True, symbol="n", doc="channels in the window")

    def out_shape(self, x: Shape) -> Shape:
        spatial_rank(x, self.name)
        return x

    def taps(self, ins: Shapes) -> int:
        return self.size

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        n = ins[0].elements
        return Work(multiplications=2 * n, additions=n * self.size, special=n, divisions=n)


@register("layer_scale")
class LayerScale(Norm):
    """One learnable factor per channel, `[C, *S] -> [C, *S]` (arXiv:2103.17239)."""

    role = ""
    example = "layer_scale"

    def tensors(self, ins: Shapes) -> tuple[Tensor, ...]:
        return (Tensor("weight", (ins[0].channels,)),)

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        return Work(multiplications=ins[0].elements)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.scaled(xs[0], "MUL", ins[0].channels, "scale"),)
