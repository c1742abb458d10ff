"""Merges: what joins several sources into one. `sources` is None: any number from two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.ops.arguments import Axis, Boolean
from cnncalc.ops.foreign import Foreign, known_as
from cnncalc.ops.operator import INPUTS, Operator, Shapes, arg
from cnncalc.ops.registry import register
from cnncalc.ops.windows import axis_of
from cnncalc.values.axis import BROADCAST, IDENTITY, Reach, Table
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.record import record
from cnncalc.values.shape import Shape
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from cnncalc.deployment.emitter import Emitter


SPREAD = "write broadcast: true beside it to spread the extents of 1"


class Merge(Operator):
    """What merges share: at least two sources."""

    group = "merge"
    family = "merge"
    sources = None
    example_input = ((8, 14, 10), (8, 14, 10))

    def infer(self, ins: Shapes) -> Shapes:
        if len(ins) < 2:
            raise ArgumentError(f"{self.name} wants at least two sources, got {len(ins)}", code="too-few-sources")
        return (self.merged(ins),)

    def merged(self, ins: Shapes) -> Shape:
        """Return the shape of the result; by default all sources must agree."""
        for x in ins[1:]:
            if x != ins[0]:
                raise ArgumentError(
                    f"{self.name} needs equal shapes, got {' and '.join(map(str, ins))}",
                    code="shape-mismatch",
                    hint=mismatch_hint(ins[0], x),
                )
        return ins[0]


def mismatch_hint(a: Shape, b: Shape) -> str:
    """Return what most likely repairs two shapes that should have been equal."""
    if len(a) != len(b):
        return "flatten or reshape one of them"
    if a[1:] == b[1:]:
        return "give both the same number of channels, for example with a 1x1 conv"
    if a.channels == b.channels and all(1 in {n, m} or n == m for n, m in zip(a.spatial, b.spatial, strict=True)):
        return SPREAD
    return "give both the same height and width: check stride and padding, or crop or upsample one of them"


def gate_hint(ins: Shapes) -> str:
    """Return what most likely repairs gates that do not fit."""
    if any(len(x) != len(ins[0]) for x in ins):
        return "reshape a vector gate to [C, 1, 1]"
    spreads = all(len({*extents} - {1}) < 2 for extents in zip(*ins, strict=True))
    return SPREAD if spreads else "check the gate's channels against the map's"


def spread(ins: Shapes, y: Shape) -> tuple[tuple[Reach, ...], ...]:
    """Return what a unit reads of sources whose extents of 1 are spread."""
    return tuple(
        tuple(IDENTITY if n == m else BROADCAST for n, m in zip(x.spatial, y.spatial, strict=True)) for x in ins
    )


class Elementwise(Merge):
    """What add, sub and max share: one operation less than sources per element.

    With `broadcast` an extent of 1 is spread over those of the other sources, axis by axis (NumPy's rule, equal ranks).
    """

    broadcast: bool = arg(Boolean(), default=False, doc="spread extents of 1; stands beside the sources")

    def merged(self, ins: Shapes) -> Shape:
        if not self.broadcast or any(len(x) != len(ins[0]) for x in ins):
            return super().merged(ins)
        out = Shape(max(extents) for extents in zip(*ins, strict=True))
        if any(n not in (1, m) for x in ins for n, m in zip(x, out, strict=True)):
            raise ArgumentError(
                f"{self.name} needs extents that are equal or 1, got {' and '.join(map(str, ins))}",
                code="shape-mismatch",
                hint="crop, upsample or project one of them",
            )
        return out

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        return spread(ins, outs[0]) if self.broadcast else super().reach(ins, outs)

    in_place = True


@register("add", aliases=("sum",))
class Add(Elementwise):
    """Elementwise sum of m sources, `[C, *S], .. -> [C, *S]`; m - 1 additions per element (arXiv:1512.03385)."""

    example = "add: [prev, x]"
    elsewhere = known_as(
        torch_function="add",
        onnx="Add",
        tflite="ADD",
        keras="Add",
        darknet="shortcut",
        caffe=Foreign("Eltwise", constants={"operation": "SUM"}),
    )
    keeps = ()
    takes_activation = True

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        return Work(additions=outs[0].elements * (len(ins) - 1))

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return to.chain("ADD", xs)


@register("sub", aliases=("subtract",))
class Sub(Elementwise):
    """The first of m sources less the others, `[C, *S], .. -> [C, *S]`; m - 1 subtractions each (PyTorch's sub)."""

    example = "sub: [prev, x]"
    elsewhere = known_as(torch_function="sub", onnx="Sub", tflite="SUB", keras="Subtract")
    keeps = ()
    takes_activation = True

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        return Work(additions=outs[0].elements * (len(ins) - 1))

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return to.chain("SUB", xs)


@register("max", aliases=("maximum",))
class Max(Elementwise):
    """Elementwise maximum of m sources, `[C, *S], .. -> [C, *S]`; m - 1 comparisons per element (arXiv:1302.4389)."""

    example = "max: [prev, x]"
    elsewhere = known_as(
        torch_function="maximum",
        onnx="Max",
        tflite="MAXIMUM",
        keras="Maximum",
        caffe=Foreign("Eltwise", constants={"operation": "MAX"}),
    )
    keeps = (INPUTS,)

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        return Work(comparisons=outs[0].elements * (len(ins) - 1))

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return to.chain("MAXIMUM", xs)


@register("mul", aliases=("multiply",))
class Mul(Elementwise):
    """Elementwise product of m sources, `[C, *S], .. -> [C, *S]`; m - 1 multiplications per element.

    A `[C, 1, 1]` or `[1, H, W]` source is a gate that is broadcast (arXiv:1709.01507, arXiv:1807.06521); with
    `broadcast` every extent of 1 is, as of the gates `[C, H, 1]` and `[C, 1, W]` of coordinate attention
    (arXiv:2103.02907).
    """

    example = "mul: [prev, gate]"
    elsewhere = known_as(
        torch_function="mul",
        onnx="Mul",
        tflite="MUL",
        keras="Multiply",
        darknet="scale_channels",
        caffe=Foreign("Eltwise", constants={"operation": "PROD"}),
    )
    keeps = (INPUTS,)
    takes_activation = True
    example_input = ((8, 14, 10), (8, 1, 1))

    def merged(self, ins: Shapes) -> Shape:
        if self.broadcast:
            return super().merged(ins)
        rank = len(ins[0])
        if all(len(x) == rank for x in ins):
            out = Shape(max(extents) for extents in zip(*ins, strict=True))
            channel_gate, spatial_gate = Shape((out[0], *(1,) * (rank - 1))), Shape((1, *out[1:]))
            if out in ins and all(x in (out, channel_gate, spatial_gate) for x in ins):
                return out
        raise ArgumentError(
            f"{self.name} needs equal shapes or gates of C x 1 x 1 or 1 x H x W, got {' and '.join(map(str, ins))}",
            code="shape-mismatch",
            hint=gate_hint(ins),
        )

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        return Work(multiplications=outs[0].elements * (len(ins) - 1))

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        return spread(ins, outs[0])

    def gates(self, ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        y = outs[0]
        return tuple(i for i, x in enumerate(ins) if x != y and all(n == 1 for n in x.spatial))

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return to.chain("MUL", xs)


@record
class Stretch:
    """The windows of an axis of which `size` positions from `first` on are those of one source."""

    first: int
    size: int

    def __getitem__(self, x: int) -> tuple[int, int]:
        inside = self.first <= x < self.first + self.size
        return (x - self.first, x - self.first) if inside else (0, -1)


CHANNELS = {"axis": "channel"}


@register("concat", aliases=("cat", "concatenate"))
class Concat(Merge):
    """Concatenation of channels, `[C_1, *S], [C_2, *S], .. -> [C_1 + C_2 + .., *S]` (arXiv:1409.4842).

    With `axis` beside the sources along another axis, the other extents equal. Computes nothing, reads and writes
    everything once.
    """

    family = "concat"
    joins = True
    example = "concat: [prev, x]"
    elsewhere = known_as(
        torch_function=Foreign("cat", constants={"dim": 1}, when=CHANNELS),
        onnx=Foreign("Concat", constants={"axis": 1}, when=CHANNELS),
        tflite=Foreign("CONCATENATION"),
        keras=Foreign("Concatenate", when=CHANNELS),
        darknet=Foreign("route", when=CHANNELS),
        caffe=Foreign("Concat", constants={"axis": 1}, when=CHANNELS),
    )
    keeps = ()
    example_input = ((8, 14, 10), (4, 14, 10))
    axis: int | str = arg(Axis(), default="channel", doc="where they join; stands beside the sources")

    def along(self, ins: Shapes) -> int:
        """Return the axis on which the sources lie beside each other."""
        return axis_of(self.axis, ins[0], self.name)

    def merged(self, ins: Shapes) -> Shape:
        along = self.along(ins)
        first = ins[0]
        for x in ins[1:]:
            if len(x) != len(first) or (*x[:along], *x[along + 1 :]) != (*first[:along], *first[along + 1 :]):
                wanted = "equal height and width" if not along else f"equal extents but on axis {along}"
                raise ArgumentError(
                    f"{self.name} needs {wanted}, got {' and '.join(map(str, ins))}",
                    code="shape-mismatch",
                    hint=mismatch_hint(first, x),
                )
        return Shape((*first[:along], sum(x[along] for x in ins), *first[along + 1 :]))

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        along, reaches, before = self.along(ins), [], 0
        for x in ins:
            part: Reach = Table(Stretch(before, x[along]))
            reaches.append(tuple(part if axis == along else IDENTITY for axis in range(1, len(outs[0]))))
            before += x[along]
        return tuple(reaches)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        along, rank = self.along(ins), len(to.shape(xs[0]))
        return (to.concat(xs, rank - len(ins[0]) + along - 1 if along else rank - 1),)
