"""What rearranges or reduces channels: shuffle, split, slice, mean and maximum over channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.ops.arguments import Extents, Integer, shown
from cnncalc.ops.foreign import Foreign, known_as
from cnncalc.ops.linear import View
from cnncalc.ops.operator import POSITIONS, Operator, Shapes, arg
from cnncalc.ops.registry import register
from cnncalc.ops.windows import spatial_rank
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.shape import Shape
from cnncalc.values.work import Work, exactly

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


@register("split", aliases=("chunk",))
class Split(View):
    """Cut the channels into several outputs, `[C, *S] -> [C_1, *S], [C_2, *S], ..`; views that move nothing.

    As PyTorch's split and chunk, except that equal parts must divide the channels.
    """

    group = "channels"
    example = "split: 2"
    elsewhere = known_as(
        torch_function=(
            Foreign("chunk", {"parts": "chunks"}, constants={"dim": 1}, when={"sizes": None}),
            Foreign("split", {"sizes": "split_size_or_sections"}, constants={"dim": 1}, when={"parts": None}),
        ),
        onnx=Foreign("Split", {"parts": "num_outputs", "sizes": "split"}, constants={"axis": 1}),
        tflite=(Foreign("SPLIT", when={"sizes": None}), Foreign("SPLIT_V", when={"parts": None})),
        caffe=Foreign("Slice", constants={"axis": 1}),
    )
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

    def channels(self, x: Shape) -> tuple[int, ...]:
        """Return the channels of each output."""
        if self.sizes is not None:
            if sum(self.sizes) != x.channels:
                raise ArgumentError(
                    f"{self.name} into {shown(self.sizes)} makes {sum(self.sizes)} channels, the input is {x}",
                    argument="sizes",
                    hint="let the sizes add up to the input's channels",
                )
            return self.sizes
        count = self.parts_ or 1
        if x.channels % count:
            raise ArgumentError(
                f"{self.name} into {count} parts does not divide the {x.channels} channels of {x}",
                argument="parts",
                code="does-not-divide",
                hint="say the channels of each part: sizes: [.., ..]",
            )
        return (exactly(x.channels, count),) * count

    def infer(self, ins: Shapes) -> Shapes:
        x = ins[0]
        return tuple(Shape((c, *x[1:])) for c in self.channels(x))

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return to.split(xs[0], self.channels(ins[0]), len(to.shape(xs[0])) - 1)


@register("slice", aliases=("narrow",))
class Slice(View):
    """The channels from `start` up to, not including, `stop`, `[C, *S] -> [stop - start, *S]`; moves nothing.

    PyTorch's `x[:, start:stop]` for bounds inside the channels.
    """

    group = "channels"
    example = "slice: [0, 4]"
    elsewhere = known_as(onnx=Foreign("Slice", constants={"axes": 1}), tflite="SLICE")
    channels: tuple[int, ...] = arg(Extents(scalar=False, least=0), main=True, doc="[start, stop], stop not included")

    def check(self) -> None:
        if len(self.channels) != 2 or self.channels[0] >= self.channels[1]:
            raise ArgumentError(
                f"'channels' must be [start, stop] with start below stop, got {shown(self.channels)}",
                argument="channels",
                hint="write slice: [0, 16] for the first 16 channels",
            )

    def out_shape(self, x: Shape) -> Shape:
        start, stop = self.channels
        if stop > x.channels:
            raise ArgumentError(
                f"{self.name} up to channel {stop} of an input with {x.channels} channels, {x}",
                argument="channels",
                hint=f"stop at {x.channels} at the latest",
            )
        return Shape((stop - start, *x[1:]))

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        shape = to.shape(xs[0])
        start, stop = self.channels
        return (to.slice(xs[0], (*(0,) * (len(shape) - 1), start), (*shape[:-1], stop - start)),)


class OverChannels(Operator):
    """What reductions over channels share: every position keeps one value, `[C, *S] -> [1, *S]`."""

    group = "channels"
    family = "channel_pool"

    def out_shape(self, x: Shape) -> Shape:
        spatial_rank(x, self.name)
        return Shape((1, *x[1:]))


@register("channel_mean")
class ChannelMean(OverChannels):
    """Mean over channels, `[C, *S] -> [1, *S]`; C - 1 additions and a division per position (arXiv:1807.06521)."""

    example = "channel_mean"
    elsewhere = known_as(
        torch_function=Foreign("mean", constants={"dim": 1, "keepdim": True}),
        onnx=Foreign("ReduceMean", constants={"axes": 1, "keepdims": 1}),
        tflite=Foreign("MEAN", constants={"keep_dims": True}),
    )
    keeps = ()

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        return Work(additions=ins[0].elements - outs[0].elements, divisions=outs[0].elements)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.mean(xs[0], (len(to.shape(xs[0])) - 1,)),)


@register("channel_max")
class ChannelMax(OverChannels):
    """Maximum over channels, `[C, *S] -> [1, *S]`; C - 1 comparisons per position (arXiv:1807.06521)."""

    example = "channel_max"
    elsewhere = known_as(
        torch_function=Foreign("amax", constants={"dim": 1, "keepdim": True}),
        onnx=Foreign("ReduceMax", constants={"axes": 1, "keepdims": 1}),
        tflite=Foreign("REDUCE_MAX", constants={"keep_dims": True}),
    )
    keeps = (POSITIONS,)

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        return Work(comparisons=ins[0].elements - outs[0].elements)
