"""Anti-aliased downsampling as a cnncalc operator."""

from __future__ import annotations

from math import prod

from cnncalc import Operator, Shape
from cnncalc.ops.arguments import Padding, PerAxis
from cnncalc.ops.operator import Shapes, arg
from cnncalc.ops.windows import AxisValue, fitting, per_axis, windows
from cnncalc.values.axis import Reach, Slide, Window, extent
from cnncalc.values.tensor import BUFFER, Tensor
from cnncalc.values.work import Work


class BlurPool(Operator):
    """Blur with a fixed binomial filter, then subsample, `[C, *S] -> [C, *S']` (arXiv:1904.11486).

    Each output element is a weighted sum of its taps; the filter is a buffer, shared by all channels, nothing is
    learned.
    """

    group = "pooling"
    keeps = ()  # a fixed linear map: the backward pass needs nothing of the forward pass
    example = "blur_pool: {kernel: 3, stride: 2, padding: half}"

    kernel: AxisValue = arg(PerAxis(1), main=True, symbol="k", doc="filter size")
    stride: AxisValue = arg(PerAxis(1), default=2, symbol="s", doc="stride")
    padding: AxisValue | str = arg(Padding(), default="half", symbol="p", doc="padding")

    def windows(self, x: Shape) -> tuple[Window, ...]:
        """Return the window of each axis."""
        return windows(x, self.name, self.kernel, self.stride, 1, self.padding)

    def out_shape(self, x: Shape) -> Shape:
        used = self.windows(x)
        sizes = tuple(extent(n, w) for n, w in zip(x.spatial, used, strict=True))
        return Shape((x.channels, *fitting(sizes, x, used, self.name)))

    def kernels(self, ins: Shapes) -> tuple[int, ...]:
        """Return the filter size on each axis."""
        return per_axis(self.kernel, len(ins[0]) - 1, "kernel")

    def taps(self, ins: Shapes) -> int:
        return prod(self.kernels(ins))

    def tensors(self, ins: Shapes) -> tuple[Tensor, ...]:
        return (Tensor("filter", self.kernels(ins), BUFFER),)

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        products = self.taps(ins) * outs[0].elements
        return Work(multiplications=products, additions=products - outs[0].elements)

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        return (tuple(Slide(w.kernel, w.stride, w.dilation, w.before) for w in self.windows(ins[0])),)
