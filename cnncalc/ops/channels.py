"""What rearranges or reduces channels: shuffle, split, slice, mean and maximum over channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.numbers.doors import exactly
from cnncalc.ops.arguments import Axis, Extents, Integer, shown
from cnncalc.ops.foreign import Foreign, known_as
from cnncalc.ops.linear import View
from cnncalc.ops.operator import POSITIONS, Operator, Shapes, arg
from cnncalc.ops.registry import register
from cnncalc.ops.windows import axis_of, spatial_rank
from cnncalc.values.axis import IDENTITY, WHOLE, Reach, Slide
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.shape import Shape
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from cnncalc.deployment.emitter import Emitter


@register("channel_shuffle", aliases=("shuffle",))
class ChannelShuffle(Operator):
    """Transpose the channels' groups, `[C, *S] -> [C, *S]`; reads and writes everything (arXiv:1707.01083)."""

    group = "channels"
    family = "shuffle"
    example = "channel_shuffle: 2"
    elsewhere = known_as(
        torch=Foreign("ChannelShuffle", {"groups": "groups"}),
        torch_function=Foreign("channel_shuffle", {"groups": "groups"}),
        caffe=Foreign("ShuffleChannel", {"groups": "group"}),
    )
    keeps = ()
    groups: int = arg(Integer(1), main=True, symbol="g", doc="groups whose channels are interleaved")

    def out_shape(self, x: Shape) -> Shape:
        if x.channels % self.groups:
            raise ArgumentError(
                f"{self.name} has groups={self.groups}, which does not divide its {x.channels} channels",
                argument="groups",
                code="groups-do-not-divide",
                hint=f"choose a divisor of {x.channels}",
            )
        return x

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        n, h, w, c = to.shape(xs[0])
        parted = to.reshape(xs[0], (n, h, w, self.groups, c // self.groups))
        return (to.reshape(to.transpose(parted, (0, 1, 2, 4, 3)), (n, h, w, c)),)


CHANNELS = {"axis": "channel"}


class AxisPart(View):
    """What split and slice share: a stretch of one axis, at its own place."""

    group = "channels"
    axis: int | str = arg(Axis(), default="channel", doc="the axis that is cut")

    def along(self, x: Shape) -> int:
        """Return the axis that is cut."""
        return axis_of(self.axis, x, self.name)

    def of(self, x: Shape, extent: int) -> Shape:
        """Return the shape of a part with this many positions of the axis."""
        along = self.along(x)
        return Shape((*x[:along], extent, *x[along + 1 :]))

    def moved(self, x: Shape, first: int) -> tuple[Reach, ...]:
        """Return what units read of a part that starts here, on each spatial axis."""
        along = self.along(x)
        return tuple(Slide(before=-first) if axis == along else IDENTITY for axis in range(1, len(x)))

    def what(self, x: Shape) -> str:
        """Return what is cut, in words."""
        along = self.along(x)
        return "channels" if not along else f"positions of axis {along}"


@register("split", aliases=("chunk",))
class Split(AxisPart):
    """Cut the channels into several outputs, `[C, *S] -> [C_1, *S], [C_2, *S], ..`; views that move nothing.

    With `axis` another axis is cut. As PyTorch's split and chunk, except that equal parts must divide the extent.
    """

    example = "split: 2"
    elsewhere = known_as(
        torch_function=(
            Foreign("chunk", {"parts": "chunks"}, constants={"dim": 1}, when={"sizes": None, **CHANNELS}),
            Foreign("split", {"sizes": "split_size_or_sections"}, constants={"dim": 1},
                    when={"parts": None, **CHANNELS}),
        ),
        onnx=Foreign("Split", {"parts": "num_outputs", "sizes": "split"}, constants={"axis": 1}, when=CHANNELS),
        tflite=(
            Foreign("SPLIT", when={"sizes": None, **CHANNELS}), Foreign("SPLIT_V", when={"parts": None, **CHANNELS})
        ),
        caffe=Foreign("Slice", constants={"axis": 1}, when=CHANNELS),
    )  # fmt: skip
    parts_: int | None = arg(Integer(1), default=None, main=True, alias="parts", aliases=("chunks",), doc="equal parts")
    sizes: tuple[int, ...] | None = arg(Extents(scalar=False), default=None, doc="channels of each part")

    def check(self) -> None:
        if (self.parts_ is None) == (self.sizes is None):
            raise ArgumentError(
                f"{self.name} takes 'parts' or 'sizes', got {'neither' if self.sizes is None else 'both'}",
                argument=None if self.sizes is None else "sizes",
                code="missing-argument" if self.sizes is None else "conflicting-arguments",
                hint="write split: 2, or split: {sizes: [16, 48]}",
            )

    def cuts(self, x: Shape) -> tuple[int, ...]:
        """Return the extent of each output on the axis that is cut."""
        extent, what = x[self.along(x)], self.what(x)
        if self.sizes is not None:
            if sum(self.sizes) != extent:
                raise ArgumentError(
                    f"{self.name} into {shown(self.sizes)} makes {sum(self.sizes)} {what}, the input is {x}",
                    argument="sizes",
                    hint=f"let the sizes add up to the input's {what}",
                )
            return self.sizes
        count = self.parts_ or 1
        if extent % count:
            raise ArgumentError(
                f"{self.name} into {count} parts does not divide the {extent} {what} of {x}",
                argument="parts",
                code="does-not-divide",
                hint=f"say the {what} of each part: sizes: [.., ..]",
            )
        return (exactly(extent, count),) * count

    def infer(self, ins: Shapes) -> Shapes:
        x = ins[0]
        return tuple(self.of(x, n) for n in self.cuts(x))

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        return (self.moved(ins[0], 0),)

    def begins(self, ins: Shapes, port: int) -> tuple[int, ...]:
        along = self.along(ins[0])
        before = sum(self.cuts(ins[0])[:port])
        return tuple(before if axis == along else 0 for axis in range(1, len(ins[0])))

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        if self.along(ins[0]):
            return super().tflite(to, xs, ins, outs)
        return to.split(xs[0], self.cuts(ins[0]), len(to.shape(xs[0])) - 1)


@register("slice", aliases=("narrow",))
class Slice(AxisPart):
    """The channels from `start` up to, not including, `stop`, `[C, *S] -> [stop - start, *S]`; moves nothing.

    PyTorch's `x[:, start:stop]` for bounds inside the channels; `range` with `axis` cuts another axis.
    """

    example = "slice: [0, 4]"
    elsewhere = known_as(
        onnx=Foreign("Slice", constants={"axes": 1}, when=CHANNELS), tflite=Foreign("SLICE", when=CHANNELS)
    )
    channels: tuple[int, ...] | None = arg(
        Extents(scalar=False, least=0), default=None, main=True, doc="[start, stop] of channels, stop not included"
    )
    range_: tuple[int, ...] | None = arg(
        Extents(scalar=False, least=0), default=None, alias="range", doc="[start, stop] along `axis`, stop not included"
    )

    def check(self) -> None:
        given = [name for name, value in (("channels", self.channels), ("range", self.range_)) if value is not None]
        if len(given) != 1 or (given == ["channels"] and self.axis != "channel"):
            raise ArgumentError(
                f"{self.name} needs 'channels'" if not given else
                f"{self.name} takes 'channels', or 'range' with 'axis', got both",
                argument=given[-1] if given else None,
                code="conflicting-arguments" if given else "missing-argument",
                hint="write slice: [0, 16], or slice: {range: [0, 16], axis: 1}",
            )  # fmt: skip
        bounds = self.bounds
        if len(bounds) != 2 or bounds[0] >= bounds[1]:
            raise ArgumentError(
                f"'{given[0]}' must be [start, stop] with start below stop, got {shown(bounds)}",
                argument=given[0],
                hint="write slice: [0, 16] for the first 16 channels",
            )

    @property
    def bounds(self) -> tuple[int, ...]:
        """Start and stop."""
        return self.channels or self.range_ or ()

    def out_shape(self, x: Shape) -> Shape:
        start, stop = self.bounds
        along = self.along(x)
        if stop > x[along]:
            what = "channel" if not along else "position"
            raise ArgumentError(
                f"{self.name} up to {what} {stop} of an input with {x[along]} {self.what(x)}, {x}",
                argument="range" if self.channels is None else "channels",
                hint=f"stop at {x[along]} at the latest",
            )
        return self.of(x, stop - start)

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        return (self.moved(ins[0], self.bounds[0]),)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        if self.along(ins[0]):
            return super().tflite(to, xs, ins, outs)
        shape = to.shape(xs[0])
        start, stop = self.bounds
        return (to.slice(xs[0], (*(0,) * (len(shape) - 1), start), (*shape[:-1], stop - start)),)


class OverChannels(Operator):
    """What reductions over channels share: every position keeps one value, `[C, *S] -> [1, *S]`."""

    group = "channels"
    family = "channel_pool"
    axis: int | str = arg(Axis(), default="channel", doc="the axis that is reduced to 1")

    def out_shape(self, x: Shape) -> Shape:
        spatial_rank(x, self.name)
        along = axis_of(self.axis, x, self.name)
        return Shape((*x[:along], 1, *x[along + 1 :]))

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        along = axis_of(self.axis, ins[0], self.name)
        return (tuple(WHOLE if axis == along else IDENTITY for axis in range(1, len(ins[0]))),)


@register("channel_mean")
class ChannelMean(OverChannels):
    """Mean over channels, `[C, *S] -> [1, *S]`; C - 1 additions and a division per position (arXiv:1807.06521).

    With `axis` over another axis, of which an extent of 1 stays.
    """

    example = "channel_mean"
    elsewhere = known_as(
        torch_function=Foreign("mean", constants={"dim": 1, "keepdim": True}, when=CHANNELS),
        onnx=Foreign("ReduceMean", constants={"axes": 1, "keepdims": 1}, when=CHANNELS),
        tflite=Foreign("MEAN", constants={"keep_dims": True}, when=CHANNELS),
    )
    keeps = ()

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        return Work(additions=ins[0].elements - outs[0].elements, divisions=outs[0].elements)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        if axis_of(self.axis, ins[0], self.name):
            return super().tflite(to, xs, ins, outs)
        return (to.mean(xs[0], (len(to.shape(xs[0])) - 1,)),)


@register("channel_max")
class ChannelMax(OverChannels):
    """Maximum over channels, `[C, *S] -> [1, *S]`; C - 1 comparisons per position (arXiv:1807.06521).

    With `axis` over another axis, of which an extent of 1 stays.
    """

    example = "channel_max"
    elsewhere = known_as(
        torch_function=Foreign("amax", constants={"dim": 1, "keepdim": True}, when=CHANNELS),
        onnx=Foreign("ReduceMax", constants={"axes": 1, "keepdims": 1}, when=CHANNELS),
        tflite=Foreign("REDUCE_MAX", constants={"keep_dims": True}, when=CHANNELS),
    )
    keeps = (POSITIONS,)

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        return Work(comparisons=ins[0].elements - outs[0].elements)
