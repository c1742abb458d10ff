"""Writes a TensorFlow Lite program operator by operator: what its operators take, and where a scale must be what.

An operator of the spec language says in `Operator.tflite` which of these methods stand for it.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from cnncalc.deployment.program import Cell, Program, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.values.axis import Window
    from cnncalc.values.shape import Shape

SCALE = 0.05
"""The scale of every activation that need not have another: a shell has no statistics."""
HALF, UNIT = (1 / 256, -128), (1 / 128, 0)
FIXED_SCALES = {
    "int8": {"LOGISTIC": HALF, "SOFTMAX": HALF, "TANH": UNIT, "LOG_SOFTMAX": (16 / 256, 127)},
    "int16": dict.fromkeys(("LOGISTIC", "SOFTMAX", "TANH"), (1 / 32768, 0)),
}
"""Scale and zero point that the kernels demand of these operators' outputs."""
PADDINGS = {"SAME": 0, "VALID": 1}
FUSED = {"RELU": 1, "RELU_N1_TO_1": 2, "RELU6": 3}
FUSING = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "ADD", "SUB", "MUL"})
"""Operators that a converter gives an activation of their own."""


class NotExpressibleError(ValueError):
    """What a network asks for has no form in the runtime; the message says what."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class Span2(NamedTuple):
    """A window on one of the two axes that TensorFlow Lite knows, in its own words."""

    kernel: int
    stride: int
    dilation: int
    before: int
    after: int

    @property
    def covered(self) -> int:
        """The inputs from the first to the last tap."""
        return (self.kernel - 1) * self.dilation + 1

    def same(self, size: int, out: int) -> bool:
        """Return whether padding SAME gives this many outputs."""
        return out == -(-size // self.stride)

    def valid(self, size: int, out: int) -> bool:
        """Return whether the window needs no padding at all."""
        return size >= self.covered and out == (size - self.covered) // self.stride + 1 and self.before == 0


class Emitter:
    """A program while it is written; every method returns the cell of its result."""

    def __init__(self, dtype: str, batch: int = 1) -> None:
        self.program = Program(dtype)
        self.batch = batch
        self.path = ""
        self.makers: dict[int, int] = {}
        self.alone = True
        """Whether the layer at work is the only reader of its first operand, which is no output of the network."""
        self.only_linear = False
        """Whether all that reads the layer at work are linear layers."""

    def refuse(self, name: str) -> NoReturn:
        """Say that an operator has no form here.

        Raises:
            NotExpressibleError: always.
        """
        raise NotExpressibleError(f"TensorFlow Lite Micro has no operator for {name} as it stands here")

    # Cells.

    def cell(self, name: str, shape: Sequence[int], like: int | None = None) -> int:
        """Return a new activation; its scale is that of `like`, where one is given."""
        scale, zero = (SCALE, 0) if like is None else (self.program.cells[like].scale, self.program.cells[like].zero)
        if self.program.dtype == "float32":
            return self._add(Cell(name, tuple(shape), "float32"))
        return self._add(Cell(name, tuple(shape), self.program.dtype, scale=scale, zero=zero, scales=1))

    def feed(self, name: str, shape: Shape) -> int:
        """Return an input of the network."""
        index = self.cell(name, self.layout(shape))
        self.program.inputs.append(index)
        return index

    def shape(self, index: int) -> tuple[int, ...]:
        """Return the extents of a cell, channels last."""
        return self.program.cells[index].shape

    def layout(self, shape: Shape) -> tuple[int, ...]:
        """Return a shape of the language as TensorFlow Lite has it: `[C]` as N, C; `[C, H, W]` as N, H, W, C.

        Raises:
            NotExpressibleError: it has three spatial axes.
        """
        if len(shape) > 3:
            axes = f"{len(shape) - 1} spatial axes"
            raise NotExpressibleError(f"TensorFlow Lite Micro has no maps of {axes}, and this one is {shape}")
        channels, *extents = shape
        return (self.batch, *([1, *extents] if len(extents) == 1 else extents), channels)

    def weights(self, shape: Sequence[int], axis: int | None, name: str = "weight") -> int:
        """Return weights of zeros, with a scale for each channel along an axis, or one for all."""
        shape = tuple(shape)
        if self.program.dtype == "float32":
            return self._add(Cell(f"{self.path}.{name}", shape, "float32", constant=True))
        scales = 1 if axis is None else shape[axis]
        return self._add(Cell(f"{self.path}.{name}", shape, "int8", constant=True, scale=0.01, scales=scales,
                              axis=axis or 0))  # fmt: skip

    def bias(self, channels: int, scales: int) -> int:
        """Return biases of zeros."""
        if self.program.dtype == "float32":
            return self._add(Cell(f"{self.path}.bias", (channels,), "float32", constant=True))
        kind = "int64" if self.program.dtype == "int16" else "int32"
        return self._add(Cell(f"{self.path}.bias", (channels,), kind, constant=True, scale=0.0005, scales=scales))

    def indices(self, name: str, values: Sequence[int], shape: Sequence[int] | None = None) -> int:
        """Return a constant of whole numbers: axes, sizes, paddings."""
        extents = (len(values),) if shape is None else tuple(shape)
        return self._add(Cell(f"{self.path}.{name}", extents, "int32", constant=True, values=tuple(values)))

    def _add(self, cell: Cell) -> int:
        self.program.cells.append(cell)
        return len(self.program.cells) - 1

    def step(self, code: str, inputs: Sequence[int], out: Sequence[int] | int, table: str = "",
             **options: float | bool | tuple[int, ...]) -> int:
        """Add an operator and return its first output."""
        outputs = (out,) if isinstance(out, int) else tuple(out)
        kept = tuple((key, value) for key, value in options.items() if value)
        for index in outputs:
            self.makers[index] = len(self.program.steps)
        self.program.steps.append(Step(code, tuple(inputs), outputs, table, kept, self.path))
        return outputs[0]

    # Windows.

    def spans(self, used: Sequence[Window]) -> tuple[Span2, Span2]:
        """Return the windows of a layer on the two axes, the first of them of one unit for a layer over one axis."""
        given = [Span2(w.kernel, w.stride, w.dilation, w.before, w.after) for w in used]
        first, second = given if len(given) == 2 else (Span2(1, 1, 1, 0, 0), given[0])
        return first, second

    def padded(self, x: int, spans: tuple[Span2, Span2], outs: tuple[int, int], *, lowest: bool = False,
               exact: bool = False) -> tuple[int, str]:
        """Return what a layer with windows reads, and its padding: SAME or VALID, else a PAD before it.

        SAME is taken where it gives the same sizes; it puts the odd pixel after the map.
        """
        sizes = self.shape(x)[1:3]
        if all(span.valid(n, m) for span, n, m in zip(spans, sizes, outs, strict=True)):
            return x, "VALID"
        if not exact and all(span.same(n, m) for span, n, m in zip(spans, sizes, outs, strict=True)):
            return x, "SAME"
        needed = [max((m - 1) * s.stride + s.covered - n - s.before, 0)
                  for s, n, m in zip(spans, sizes, outs, strict=True)]  # fmt: skip
        return self.pad(x, [(s.before, after) for s, after in zip(spans, needed, strict=True)], lowest=lowest), "VALID"

    def pad(self, x: int, around: Sequence[tuple[int, int]], *, lowest: bool = False, mirror: bool = False) -> int:
        """Pad the two spatial axes with zeros, with the lowest value, or with the map's own."""
        shape = self.shape(x)
        amounts = [(0, 0), *around, (0, 0)]
        table = self.indices("paddings", [n for pair in amounts for n in pair], (len(shape), 2))
        out = self.cell(f"{self.path}.pad", [n + a + b for n, (a, b) in zip(shape, amounts, strict=True)], like=x)
        if mirror:
            return self.step("MIRROR_PAD", (x, table), out, "MirrorPadOptions")
        if not lowest:
            return self.step("PAD", (x, table), out, "PadOptions")
        value = self._add(self.program.cells[x]._replace(name=f"{self.path}.lowest", shape=(1,), constant=True))
        return self.step("PADV2", (x, table, value), out, "PadV2Options")

    # Layers with weights.

    def conv(self, x: int, channels: int, used: Sequence[Window], extents: Sequence[int], *, groups: int = 1,
             bias: bool = True) -> int:
        """Convolve in groups; one group a channel is the runtime's own depthwise operator."""
        spans = self.spans(used)
        outs = self.extents(extents)
        entering = self.shape(x)[3]
        depthwise = groups == entering and groups > 1
        x, padding = self.padded(x, spans, outs)
        kernel = [span.kernel for span in spans]
        if depthwise:
            weights = self.weights([1, *kernel, channels], 3)
        else:
            weights = self.weights([channels, *kernel, entering // groups], 0)
        out = self.cell(self.path, (self.batch, *outs, channels))
        # The reference depthwise kernel reads a bias that is not there; converters give it one of zeros, as here.
        inputs = (x, weights, self.bias(channels, channels) if bias or depthwise else -1)
        shared = {"padding": PADDINGS[padding], "stride_h": spans[0].stride, "stride_w": spans[1].stride,
                  "dilation_h_factor": spans[0].dilation, "dilation_w_factor": spans[1].dilation}  # fmt: skip
        if depthwise:
            return self.step("DEPTHWISE_CONV_2D", inputs, out, "DepthwiseConv2DOptions", **shared,
                             depth_multiplier=channels // entering)  # fmt: skip
        return self.step("CONV_2D", inputs, out, "Conv2DOptions", **shared)

    def conv_transpose(self, x: int, channels: int, used: Sequence[Window], extents: Sequence[int], *, groups: int,
                       bias: bool) -> int:
        """Convolve transposed, cropped to its size where neither SAME nor VALID gives it."""
        spans, outs = self.spans(used), self.extents(extents)
        if groups != 1 or any(span.dilation != 1 for span in spans):
            raise NotExpressibleError("TRANSPOSE_CONV knows neither groups nor dilation", "use groups 1 and dilation 1")
        sizes = self.shape(x)[1:3]
        full = tuple((n - 1) * s.stride + s.kernel for n, s in zip(sizes, spans, strict=True))
        same = all(m == n * s.stride for n, m, s in zip(sizes, outs, spans, strict=True))
        made = outs if same else full
        weights = self.weights([channels, *(s.kernel for s in spans), self.shape(x)[3]], 0)
        target = self.indices("shape", (self.batch, *made, channels))
        out = self.cell(self.path, (self.batch, *made, channels))
        inputs = (target, weights, x, *((self.bias(channels, channels),) if bias else ()))
        out = self.step("TRANSPOSE_CONV", inputs, out, "TransposeConvOptions", padding=0 if same else 1,
                        stride_h=spans[0].stride, stride_w=spans[1].stride)  # fmt: skip
        if made == outs:
            return out
        if any(m > f - s.before for m, f, s in zip(outs, full, spans, strict=True)):
            grown = [max(m + s.before - f, 0) for m, f, s in zip(outs, full, spans, strict=True)]
            out = self.pad(out, [(0, n) for n in grown])
        return self.slice(out, (0, spans[0].before, spans[1].before, 0), (self.batch, *outs, channels))

    def linear(self, x: int, channels: int, entering: int, *, bias: bool) -> int:
        """Apply a matrix to the last axis of a map, or to all values of one that has as many as it takes."""
        shape = self.shape(x)
        keep = len(shape) > 2 and shape[-1] == entering and prod(shape[1:-1]) != 1
        rows = shape[:-1] if keep else (self.batch,)
        weights = self.weights([channels, entering], None)
        inputs = (x, weights, self.bias(channels, 1) if bias else -1)
        out = self.cell(self.path, (*rows, channels))
        return self.step("FULLY_CONNECTED", inputs, out, "FullyConnectedOptions", keep_num_dims=keep)

    def extents(self, given: Sequence[int]) -> tuple[int, int]:
        """Return the spatial extents of a result on two axes."""
        first, second = given if len(given) == 2 else (1, given[0])
        return first, second

    # Pools and sizes.

    def pool(self, x: int, code: str, used: Sequence[Window], extents: Sequence[int], *, exact: bool = False) -> int:
        """Slide a maximum or a mean."""
        spans, outs = self.spans(used), self.extents(extents)
        if any(span.dilation != 1 for span in spans):
            raise NotExpressibleError(f"{code} knows no dilation", "use dilation 1")
        x, padding = self.padded(x, spans, outs, lowest=code == "MAX_POOL_2D", exact=exact)
        out = self.cell(self.path, (self.batch, *outs, self.shape(x)[3]), like=x)
        return self.step(code, (x,), out, "Pool2DOptions", padding=PADDINGS[padding], stride_h=spans[0].stride,
                         stride_w=spans[1].stride, filter_height=spans[0].kernel,
                         filter_width=spans[1].kernel)  # fmt: skip

    def mean(self, x: int, axes: Sequence[int] = (1, 2)) -> int:
        """Average over axes, which stay with an extent of 1."""
        shape = [1 if axis in axes else n for axis, n in enumerate(self.shape(x))]
        return self.step("MEAN", (x, self.indices("axes", axes)), self.cell(self.path, shape), "ReducerOptions",
                         keep_dims=True)  # fmt: skip

    def resize(self, x: int, extents: Sequence[int], *, bilinear: bool, align_corners: bool) -> int:
        """Resize the two spatial axes."""
        code = "RESIZE_BILINEAR" if bilinear else "RESIZE_NEAREST_NEIGHBOR"
        outs = self.extents(extents)
        out = self.cell(self.path, (self.batch, *outs, self.shape(x)[3]), like=x)
        table = "ResizeBilinearOptions" if bilinear else "ResizeNearestNeighborOptions"
        return self.step(code, (x, self.indices("size", outs)), out, table, align_corners=align_corners,
                         half_pixel_centers=bilinear and not align_corners)  # fmt: skip

    # Element by element.

    def unary(self, x: int, code: str, table: str = "", **options: float) -> int:
        """Apply a function to every element, or a softmax to the channels."""
        out = self.cell(self.path, self.shape(x))
        fixed = FIXED_SCALES.get(self.program.dtype, {}).get(code)
        if fixed:
            self.program.cells[out] = self.program.cells[out]._replace(scale=fixed[0], zero=fixed[1])
        return self.step(code, (x,), out, table, **options)

    def activation(self, x: int, code: str) -> int:
        """Apply a rectifier: inside the operator before it, where that can have one and nobody else reads it."""
        number = self.makers.get(x)
        if number is not None and self.alone:
            maker = self.program.steps[number]
            if maker.code in FUSING and not maker.option("fused_activation_function"):
                options = (*maker.options, ("fused_activation_function", FUSED[code]))
                self.program.steps[number] = maker._replace(options=options)
                return x
        return self.unary(x, code)

    def binary(self, code: str, a: int, b: int) -> int:
        """Join two maps element by element; extents of 1 are spread."""
        shape = [max(n, m) for n, m in zip(self.shape(a), self.shape(b), strict=True)]
        table = {"ADD": "AddOptions", "SUB": "SubOptions", "MUL": "MulOptions"}.get(code, "MaximumMinimumOptions")
        return self.step(code, (a, b), self.cell(self.path, shape), table)

    def scaled(self, x: int, code: str, channels: int, name: str) -> int:
        """Multiply by, or add, one constant per channel."""
        value = self._add(self.program.cells[x]._replace(
            name=f"{self.path}.{name}", shape=(channels,) if channels > 1 else (1,), constant=True,
        ))  # fmt: skip
        table = "MulOptions" if code == "MUL" else "AddOptions"
        return self.step(code, (x, value), self.cell(self.path, self.shape(x)), table)

    def prelu(self, x: int, parameters: int) -> int:
        """Apply a rectifier with learned slopes."""
        slopes = self.weights((1, 1, parameters), None, "slope")
        return self.step("PRELU", (x, slopes), self.cell(self.path, self.shape(x)))

    # Shapes.

    def concat(self, xs: Sequence[int], axis: int) -> int:
        """Join maps along an axis; what has another scale than the first common one is requantised before."""
        cells = self.program.cells
        first = cells[xs[0]]
        alike = all((cells[x].scale, cells[x].zero) == (first.scale, first.zero) for x in xs)
        given = list(xs) if alike else [self.requantised(x) for x in xs]
        shape = list(self.shape(given[0]))
        shape[axis] = sum(self.shape(x)[axis] for x in given)
        out = self.cell(self.path, shape, like=given[0])
        return self.step("CONCATENATION", given, out, "ConcatenationOptions", axis=axis)

    def requantised(self, x: int) -> int:
        """Return a map at the usual scale."""
        cell = self.program.cells[x]
        if self.program.dtype == "float32" or (cell.scale, cell.zero) == (SCALE, 0):
            return x
        return self.step("QUANTIZE", (x,), self.cell(f"{self.path}.quantize", cell.shape))

    def split(self, x: int, sizes: Sequence[int], axis: int) -> tuple[int, ...]:
        """Part a map along an axis."""
        shapes = []
        for size in sizes:
            shape = list(self.shape(x))
            shape[axis] = size
            shapes.append(shape)
        outs = tuple(self.cell(f"{self.path}:{k}", shape, like=x) for k, shape in enumerate(shapes))
        where = self.indices("axis", (axis,))
        if len(set(sizes)) == 1:
            self.step("SPLIT", (where, x), outs, "SplitOptions", num_splits=len(sizes))
        else:
            self.step("SPLIT_V", (x, self.indices("sizes", sizes), where), outs, "SplitVOptions",
                      num_splits=len(sizes))  # fmt: skip
        return outs

    def slice(self, x: int, begin: Sequence[int], size: Sequence[int]) -> int:
        """Cut a box out of a map."""
        inputs = (x, self.indices("begin", begin), self.indices("size", size))
        return self.step("SLICE", inputs, self.cell(self.path, size, like=x), "SliceOptions")

    def reshape(self, x: int, shape: Sequence[int]) -> int:
        """Give a map another shape; in this runtime that is a copy."""
        if tuple(shape) == self.shape(x):
            return x
        inputs = (x, self.indices("shape", shape))
        return self.step("RESHAPE", inputs, self.cell(self.path, shape, like=x), "ReshapeOptions",
                         new_shape=tuple(shape))  # fmt: skip

    def transpose(self, x: int, order: Sequence[int]) -> int:
        """Permute the axes."""
        if list(order) == sorted(order):
            return x
        shape = [self.shape(x)[axis] for axis in order]
        return self.step("TRANSPOSE", (x, self.indices("order", order)), self.cell(self.path, shape, like=x),
                         "TransposeOptions")  # fmt: skip

    def blocks(self, x: int, code: str, factor: int) -> int:
        """Move blocks of pixels into channels, or back."""
        n, h, w, c = self.shape(x)
        deep = code == "DEPTH_TO_SPACE"
        shape = (n, h * factor, w * factor, c // factor**2) if deep else (n, h // factor, w // factor, c * factor**2)
        table = "DepthToSpaceOptions" if deep else "SpaceToDepthOptions"
        return self.step(code, (x,), self.cell(self.path, shape, like=x), table, block_size=factor)

    def matmul(self, a: int, b: int, *, adj_y: bool = False) -> int:
        """Multiply the last two axes."""
        rows, columns = self.shape(a)[-2], self.shape(b)[-2 if adj_y else -1]
        out = self.cell(self.path, (*self.shape(a)[:-2], rows, columns))
        return self.step("BATCH_MATMUL", (a, b), out, "BatchMatMulOptions", adj_y=adj_y)

    def chain(self, code: str, xs: Sequence[int]) -> tuple[int, ...]:
        """Join maps two by two, from the first to the last."""
        result = xs[0]
        for x in xs[1:]:
            result = self.binary(code, result, x)
        return (result,)

    def viewed(self, x: int, before: Shape, after: Shape) -> int:
        """Give a map another shape; linear layers read it as it is, all else sees the order of `[C, H, W]`."""
        if self.only_linear:
            return x
        shape = self.shape(x)
        if before.channels > 1 and before.positions > 1:
            rank = len(shape)
            x = self.transpose(x, (0, rank - 1, *range(1, rank - 1)))
        if len(after) == 1:
            return self.reshape(x, (self.batch, *after))
        plain = self.reshape(x, (self.batch, after[0], *([1, *after[1:]] if len(after) == 2 else after[1:])))
        return self.transpose(plain, (0, 2, 3, 1))
