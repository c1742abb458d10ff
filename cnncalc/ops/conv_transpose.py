"""The transposed convolution: every input unit writes a window."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from cnncalc.numbers.doors import exactly, named, recorded
from cnncalc.ops.arguments import Integer, PerAxis, Word
from cnncalc.ops.conv import Convolution, divides_groups
from cnncalc.ops.foreign import (
    CAFFE_FILTERS,
    KERAS_FILTERS,
    KERAS_WEIGHTS,
    ONNX_FILTERS,
    ONNX_WEIGHTS,
    TORCH_FILTERS,
    Foreign,
    known_as,
)
from cnncalc.ops.operator import Shapes, arg
from cnncalc.ops.registry import register
from cnncalc.ops.windows import (
    AxisValue,
    axis_name,
    per_axis,
    windows,
)
from cnncalc.values.axis import (
    Reach,
    Transpose,
    Window,
    effective_kernel,
    extent_transposed,
    reached,
)
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.shape import Shape
from cnncalc.values.tensor import Tensor
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from cnncalc.deployment.emitter import Emitter


@register("conv_transpose", aliases=("deconv", "convT", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"))
class ConvTranspose(Convolution):
    """Transposed convolution, `[C_in, *S] -> [C_out, *S']`, S' = (S-1)*s - p - p' + k_eff + op (arXiv:1603.07285).

    Every input element is multiplied with every tap of its group's filters, so work counts from the input.
    """

    family = "conv_transpose"
    example = "conv_transpose: {out: 4, kernel: 4, stride: 2, padding: 1}"
    elsewhere = known_as(
        torch=Foreign("ConvTranspose{n}d", {**TORCH_FILTERS, "output_padding": "output_padding"}),
        torch_function=Foreign("conv_transpose{n}d"),
        onnx=Foreign("ConvTranspose", {**ONNX_FILTERS, "output_padding": "output_padding"}, tensors=ONNX_WEIGHTS),
        tflite="TRANSPOSE_CONV",
        keras=Foreign("Conv{n}DTranspose", {**KERAS_FILTERS, "output_padding": "output_padding"},
                      tensors=KERAS_WEIGHTS),
        caffe=Foreign("Deconvolution", CAFFE_FILTERS),
    )  # fmt: skip

    out: int = arg(Integer(1), main=True, aliases=("out_channels",), symbol="C_out", doc="output channels")
    groups: int = arg(Integer(1), default=1, symbol="g", doc="groups")
    output_padding: AxisValue = arg(PerAxis(0), default=0, symbol="op", doc="further output at the end of each axis")
    padding_mode: str = arg(Word(("zeros",)), default="zeros", doc="zeros is the only one there is")

    def out_channels(self, x: Shape) -> int:
        return self.out

    def grouping(self, x: Shape) -> int:
        return self.groups

    def suspicion(self, ins: Shapes) -> tuple[str, str, str] | None:
        return None

    def windows(self, x: Shape) -> tuple[Window, ...]:
        if self.padding == "causal":
            raise ArgumentError(f"{self.name} has no padding=causal", argument="padding",
                                hint="write padding: [before, after]")  # fmt: skip
        if self.padding not in ("same", "same_lower"):
            return super().windows(x)
        plain = windows(x, self.name, self.kernel, self.stride, self.dilation, 0)
        resolved = []
        for axis, window in enumerate(plain):
            surplus = recorded(max, effective_kernel(window.kernel, window.dilation) - window.stride, 0)
            total = named("P", surplus, axis_name(axis, len(plain)))
            small, large = total // 2, total - total // 2
            before, after = (small, large) if self.padding == "same" else (large, small)
            resolved.append(window._replace(before=before, after=after))
        return tuple(resolved)

    def output_paddings(self, used: tuple[Window, ...]) -> tuple[int, ...]:
        """Return the output padding of each axis; raise ArgumentError where it is not below stride or dilation."""
        given = per_axis(self.output_padding, len(used), "output_padding")
        if self.padding in ("same", "same_lower"):
            if any(given):
                raise ArgumentError(
                    f"{self.name} with padding={self.padding} fixes the output size, output_padding must be 0",
                    argument="output_padding",
                )
            return tuple(recorded(max, w.stride - effective_kernel(w.kernel, w.dilation), 0) for w in used)
        for window, extra in zip(used, given, strict=True):
            if extra >= max(window.stride, window.dilation):
                raise ArgumentError(
                    f"{self.name} has output_padding={extra}, which must be below the stride {window.stride} "
                    f"or the dilation {window.dilation}",
                    argument="output_padding",
                )
        return given

    def out_shape(self, x: Shape) -> Shape:
        used = self.windows(x)
        divides_groups(self.groups, x.channels, self.out, self.name)
        sizes = tuple(
            extent_transposed(n, w, extra)
            for n, w, extra in zip(x.spatial, used, self.output_paddings(used), strict=True)
        )
        for axis, size in enumerate(sizes):
            if size < 1:
                raise ArgumentError(
                    f"{self.name} leaves nothing: {axis_name(axis, len(sizes))} would be {size}, input {x}",
                    argument="padding",
                    code="window-does-not-fit",
                    hint="use less padding",
                )
        return Shape((self.out, *sizes))

    def tensors(self, ins: Shapes) -> tuple[Tensor, ...]:
        shape = (ins[0].channels, exactly(self.out, self.groups), *self.kernels(ins))
        return self.held(Tensor("weight", shape, entering=0), self.out)

    def macs(self, ins: Shapes, outs: Shapes) -> int:
        return self.taps(ins) * exactly(self.out, self.groups) * ins[0].elements

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        x, y = ins[0], outs[0]
        macs = self.macs(ins, outs)
        firsts = self.out * prod(
            recorded(reached, n, *w, m) for n, w, m in zip(x.spatial, self.windows(x), y.spatial, strict=True)
        )
        return Work(multiplications=macs, additions=macs - firsts + self.bias_outputs(outs))

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        return (tuple(Transpose(w.kernel, w.stride, w.dilation, w.before) for w in self.windows(ins[0])),)

    def shifted(self, ins: Shapes, outs: Shapes) -> bool:
        return False

    def apart(self, ins: Shapes, outs: Shapes) -> None:
        return None

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        used = self.windows(ins[0])
        return (
            to.conv_transpose(xs[0], self.out, used, outs[0].spatial, groups=self.groups, bias=self.has_bias),
        )
