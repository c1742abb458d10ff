"""What reads a map where another says, or window by window: unfold, grid_sample, roi_align, correlation."""

from __future__ import annotations

from math import prod

from cnncalc.ops.arguments import Boolean, Extents, Integer, Padding, PerAxis, Word
from cnncalc.ops.foreign import Foreign, known_as
from cnncalc.ops.operator import INPUTS, Operator, Shapes, arg
from cnncalc.ops.registry import register
from cnncalc.ops.windows import AxisValue, axis_name, fitting, only_rank, per_axis, spatial_rank, windows
from cnncalc.values.axis import IDENTITY, WHOLE, Reach, Slide, Window, extent
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.shape import Shape
from cnncalc.values.work import Work

NEIGHBOURS = {"nearest": 0, "bilinear": 2, "bicubic": 4}
"""Weighed neighbours per axis; one that is taken as it is needs no arithmetic."""


@register("unfold", aliases=("im2col",))
class Unfold(Operator):
    """Every window as a column, `[C, *S] -> [K*C, L]`: K taps of each channel at L window positions, copied.

    PyTorch's Unfold; on a sequence L is the axis itself.
    """

    group = "shape"
    family = "unfold"
    keeps = ()
    example = "unfold: {kernel: 3, padding: 1}"
    elsewhere = known_as(
        torch=Foreign("Unfold", {"kernel": "kernel_size", "stride": "stride", "padding": "padding",
                                 "dilation": "dilation"}),
        torch_function=Foreign("unfold", {"kernel": "kernel_size", "stride": "stride", "padding": "padding",
                                          "dilation": "dilation"}),
        caffe=Foreign("Im2col", {"kernel": "kernel_size", "stride": "stride", "padding": "pad",
                                 "dilation": "dilation"}),
    )  # fmt: skip

    kernel: AxisValue = arg(PerAxis(1), main=True, aliases=("kernel_size",), symbol="k", doc="window size")
    stride: AxisValue = arg(PerAxis(1), default=1, symbol="s", doc="stride")
    padding: AxisValue | str = arg(Padding(), default=0, symbol="p", doc="padding")
    dilation: AxisValue = arg(PerAxis(1), default=1, symbol="d", doc="dilation")

    def windows(self, x: Shape) -> tuple[Window, ...]:
        """Return the window of each axis, padding resolved."""
        return windows(x, self.name, self.kernel, self.stride, self.dilation, self.padding)

    def taps(self, ins: Shapes) -> int:
        return prod(per_axis(self.kernel, len(ins[0]) - 1, "kernel"))

    def out_shape(self, x: Shape) -> Shape:
        used = self.windows(x)
        sizes = tuple(extent(n, w) for n, w in zip(x.spatial, used, strict=True))
        return Shape((self.taps((x,)) * x.channels, prod(fitting(sizes, x, used, self.name))))

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        if len(ins[0]) != 2:
            return ((WHOLE,),)
        (w,) = self.windows(ins[0])
        return ((Slide(w.kernel, w.stride, w.dilation, w.before),),)


@register("grid_sample")
class GridSample(Operator):
    """A map read between its pixels where a second source says, `[C, *S], [r, *S'] -> [C, *S']` (arXiv:1506.02025).

    The grid holds r = 2 or 3 coordinates from -1 to 1 for each output position, as many as the map has axes, in its
    channels (PyTorch's grid_sample has them last). Per output element 2*T - 1 operations for T = 4, 8 or 16 weighed
    neighbours, none for the nearest; 2 for each coordinate, which is scaled to pixels.
    """

    group = "shape"
    family = "grid_sample"
    sources = 2
    keeps = (INPUTS,)
    example = "grid_sample: bilinear"
    example_input = ((8, 14, 10), (2, 6, 5))
    elsewhere = known_as(
        torch_function=Foreign("grid_sample", {"mode": "mode", "align_corners": "align_corners"}),
        onnx=Foreign("GridSample", {"align_corners": "align_corners"}),
    )

    mode: str = arg(Word(tuple(NEIGHBOURS)), default="bilinear", main=True, doc="how values between pixels are made")
    align_corners: bool = arg(Boolean(), default=False, doc="whether -1 and 1 are the outermost pixels' centres")

    def infer(self, ins: Shapes) -> Shapes:
        x, grid = ins
        rank = spatial_rank(x, self.name)
        if rank not in (2, 3) or len(grid) != len(x) or grid.channels != rank:
            raise ArgumentError(
                f"{self.name} wants a map [C, H, W] and a grid [2, H', W'], or [C, D, H, W] and [3, D', H', W'], "
                f"got {x} and {grid}",
                code="shape-mismatch",
                hint="the grid has one channel for each axis of the map; permute it if the coordinates stand last",
            )
        if self.mode == "bicubic" and rank != 2:
            raise ArgumentError(
                f"{self.name} in mode bicubic wants a map [C, H, W], got {x}", argument="mode", code="wrong-rank"
            )
        return (Shape((x.channels, *grid.spatial)),)

    def neighbours(self, x: Shape) -> int:
        """Return the weighed neighbours of each sample."""
        return int(NEIGHBOURS[self.mode] ** (len(x) - 1))

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        grid, n, weighed = ins[1].elements, outs[0].elements, self.neighbours(ins[0])
        return Work(multiplications=grid + weighed * n, additions=grid + (weighed * n - n if weighed else 0))

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        rank = len(outs[0]) - 1
        return (WHOLE,) * rank, (IDENTITY,) * rank


@register("roi_align", aliases=("roialign",))
class RoiAlign(Operator):
    """Regions of a map, each resampled to one size, `[C, H, W] -> [C, R, h, w]`, one region as `[C, h, w]`.

    Per output element the mean of `samples` x `samples` bilinear samples, 7 operations each (torchvision's roi_align
    with that sampling_ratio, arXiv:1703.06870). Where the regions lie is no work of this layer. Regions are an axis of
    the map: a convolution of each alone has the kernel `[1, 3, 3]`, a linear layer behind `reshape` `axis: channel`.
    """

    group = "shape"
    family = "roi_align"
    keeps = ()
    example = "roi_align: {size: 7, regions: 3}"
    elsewhere = known_as(
        torch=Foreign("RoIAlign", {"size": "output_size", "samples": "sampling_ratio"}),
        torch_function=Foreign("roi_align", {"size": "output_size", "samples": "sampling_ratio"}),
        onnx=Foreign("RoiAlign", {"samples": "sampling_ratio"}),
    )

    size: AxisValue = arg(Extents(), main=True, aliases=("output_size",), symbol="o", doc="size of each region's map")
    regions: int | None = arg(Integer(1), default=None, symbol="R", doc="how many regions; one, without an axis")
    samples: int = arg(Integer(1), default=2, aliases=("sampling_ratio",), symbol="n", doc="samples per bin and axis")

    def out_shape(self, x: Shape) -> Shape:
        only_rank(2, x, self.name)
        sizes = per_axis(self.size, 2, "size")
        return Shape((x.channels, *sizes) if self.regions is None else (x.channels, self.regions, *sizes))

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        n, points = outs[0].elements, self.samples * self.samples
        return Work(multiplications=4 * points * n, additions=(4 * points - 1) * n, divisions=n)

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        return ((WHOLE,) * (len(outs[0]) - 1),)


@register("correlation", aliases=("cross_correlation",))
class Correlation(Operator):
    """Products of two maps: a search and a template, `[C, *S], [C, *T] -> [1, *S - T + 1]` (arXiv:1606.09549).

    With `depthwise` each channel by itself, `[C, *S - T + 1]` (arXiv:1812.11703). With `displacement: d` two equal maps
    are compared at every shift up to d, `[C, *S], [C, *S] -> [(2d + 1)^r, *S]`, one in `step` of them (FlowNet,
    arXiv:1504.06852); shifts beyond the edge are multiplied too.
    """

    group = "attention"
    family = "correlation"
    sources = 2
    keeps = (INPUTS,)
    example = "correlation: {depthwise: true}"
    example_input = ((8, 14, 10), (8, 4, 3))

    displacement: int | None = arg(Integer(0), default=None, symbol="d", doc="compare equal maps shifted by up to this")
    step: int = arg(Integer(1), default=1, symbol="s", doc="shifts are multiples of this")
    depthwise: bool = arg(Boolean(), default=False, doc="each channel by itself")

    def check(self) -> None:
        if self.displacement is None and self.step != 1:
            raise ArgumentError(
                f"{self.name} takes 'step' beside 'displacement'", argument="step", code="conflicting-arguments"
            )
        if self.displacement is not None and self.depthwise:
            raise ArgumentError(
                f"{self.name} takes 'depthwise' or 'displacement', got both",
                argument="depthwise",
                code="conflicting-arguments",
            )

    @property
    def shifts(self) -> int:
        """The shifts on each axis."""
        return 2 * ((self.displacement or 0) // self.step) + 1

    def infer(self, ins: Shapes) -> Shapes:
        search, template = ins
        rank = spatial_rank(search, self.name)
        if self.displacement is not None:
            if search != template:
                raise ArgumentError(
                    f"{self.name} with a displacement needs equal shapes, got {search} and {template}",
                    code="shape-mismatch",
                    hint="leave out displacement to move a template over a search map",
                )
            return (Shape((self.shifts**rank, *search.spatial)),)
        if len(template) != len(search) or template.channels != search.channels:
            raise ArgumentError(
                f"{self.name} needs a search map and a template with the same channels and axes, got {search} and "
                f"{template}",
                code="shape-mismatch",
                hint="give both the same number of channels, for example with a 1x1 conv",
            )
        for axis, (n, k) in enumerate(zip(search.spatial, template.spatial, strict=True)):
            if n < k:
                raise ArgumentError(
                    f"{self.name} does not fit: the template {template} has {axis_name(axis, rank)}={k}, the search "
                    f"map {search} {n}",
                    code="window-does-not-fit",
                    hint="the first source is the search map, the second the template",
                )
        sizes = (n - k + 1 for n, k in zip(search.spatial, template.spatial, strict=True))
        return (Shape((search.channels if self.depthwise else 1, *sizes)),)

    def depth(self, ins: Shapes) -> int:
        """Return the products that meet in one output element."""
        search, template = ins
        if self.displacement is not None:
            return search.channels
        return template.positions if self.depthwise else template.elements

    def macs(self, ins: Shapes, outs: Shapes) -> int:
        return self.depth(ins) * outs[0].elements

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        macs = self.macs(ins, outs)
        return Work(multiplications=macs, additions=macs - outs[0].elements)

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        rank = len(outs[0]) - 1
        if self.displacement is not None:
            around = Slide(self.shifts, 1, self.step, self.displacement // self.step * self.step)
            return (IDENTITY,) * rank, (around,) * rank
        return tuple(Slide(k) for k in ins[1].spatial), (WHOLE,) * rank
