"""What puts elements in another order or place: permute, tokens, roll, repeat_channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.ops.arguments import Axis, Extents, Integer, shown
from cnncalc.ops.foreign import Foreign, known_as
from cnncalc.ops.linear import View
from cnncalc.ops.operator import Operator, Shapes, arg
from cnncalc.ops.registry import register
from cnncalc.ops.windows import axis_of, per_axis, spatial_rank
from cnncalc.values.axis import IDENTITY, WHOLE, Reach, Slide
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.shape import Shape
from cnncalc.values.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.deployment.emitter import Emitter


@register("permute", aliases=("transpose_axes",))
class Permute(View):
    """The same elements with the axes in another order, `[A, B, C] -> [C, A, B]`, counted without the batch.

    A view that moves nothing (PyTorch's permute).
    """

    example = "permute: [2, 0, 1]"
    elsewhere = known_as(
        torch_function=Foreign("permute", {"axes": "dims"}),
        onnx=Foreign("Transpose", {"axes": "perm"}),
        tflite="TRANSPOSE",
        keras=Foreign("Permute", {"axes": "dims"}),
        caffe="Permute",
    )
    axes: tuple[int, ...] = arg(
        Extents(scalar=False, least=-8), main=True, aliases=("dims",), doc="the input's axis that each output axis is"
    )

    def order(self, x: Shape) -> tuple[int, ...]:
        """Return the input's axis for each axis of the output; raise ArgumentError if that is no permutation."""
        rank = len(x)
        axes = tuple(a % rank if -rank <= a < rank else rank for a in self.axes)
        if sorted(axes) != list(range(rank)):
            raise ArgumentError(
                f"{self.name} to {shown(self.axes)} does not name each of the {rank} axes of {x} once",
                argument="axes",
                hint=f"put 0..{rank - 1} in another order; 0 is the channels",
            )
        return axes

    def out_shape(self, x: Shape) -> Shape:
        return Shape(x[a] for a in self.order(x))

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        order: Sequence[int] = self.order(ins[0])
        return (tuple(IDENTITY if axis == a else WHOLE for a, axis in enumerate(order) if a),)


    def kept_axes(self, ins: Shapes, outs: Shapes) -> tuple[int | None, ...] | None:
        order = self.order(ins[0])
        return tuple(axis - 1 for axis in order[1:]) if not order[0] and len(order) > 2 else None

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        order, rank = self.order(ins[0]), len(to.layout(ins[0]))
        first = rank - len(order)
        place = [rank - 1, *range(first, rank - 1)]
        moved = list(range(rank))
        for axis, source in enumerate(order):
            moved[place[axis]] = place[source]
        return (to.transpose(xs[0], moved),)


@register("tokens", aliases=("class_token",))
class Tokens(Operator):
    """`n` learned vectors before a sequence, `[C, S] -> [C, n + S]`; n*C parameters (arXiv:2010.11929)."""

    group = "shape"
    family = "tokens"
    keeps = ()
    example = "tokens: 1"
    example_input = ((8, 16),)
    n: int = arg(Integer(1), default=1, main=True, symbol="n", doc="learned vectors")

    def out_shape(self, x: Shape) -> Shape:
        if len(x) != 2:
            raise ArgumentError(
                f"{self.name} wants a sequence [C, S], got {x}",
                code="wrong-rank",
                hint="flatten the map's positions first: flatten: {start: 1}",
            )
        return Shape((x[0], self.n + x[1]))

    def tensors(self, ins: Shapes) -> tuple[Tensor, ...]:
        return (Tensor("tokens", (ins[0].channels, self.n)),)

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        return ((Slide(before=self.n),),)


@register("roll")
class Roll(Operator):
    """A map moved by `shift` along its axes, what leaves it entering at the other side, `[C, *S] -> [C, *S]`.

    PyTorch's roll over the spatial axes, or over one `axis` (arXiv:2103.14030). A unit's field is taken without the
    wrapping.
    """

    group = "shape"
    keeps = ()
    wraps = True
    example = "roll: -3"
    elsewhere = known_as(torch_function=Foreign("roll", {"shift": "shifts", "axis": "dims"}))
    shift: int | tuple[int, ...] = arg(
        Extents(least=-(2**31)), main=True, aliases=("shifts",), doc="steps towards the end, one per spatial axis"
    )
    axis: int | str | None = arg(Axis(), default=None, doc="the one axis that is moved")

    def steps(self, x: Shape) -> tuple[int, ...]:
        """Return the steps on each spatial axis."""
        if self.axis is None:
            return per_axis(self.shift, spatial_rank(x, self.name), "shift")
        along = axis_of(self.axis, x, self.name)
        (shift,) = per_axis(self.shift, 1, "shift")
        return tuple(shift if axis == along else 0 for axis in range(1, len(x)))

    def out_shape(self, x: Shape) -> Shape:
        self.steps(x)
        return x

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        return (tuple(Slide(before=s) for s in self.steps(ins[0])),)


@register("repeat_channels")
class RepeatChannels(Operator):
    """Every channel `times` times, `[C, *S] -> [times*C, *S]`; copies (PyTorch's repeat_interleave over channels)."""

    group = "channels"
    keeps = ()
    example = "repeat_channels: 2"
    elsewhere = known_as(torch_function=Foreign("repeat_interleave", {"times": "repeats"}, constants={"dim": 1}))
    times: int = arg(Integer(1), main=True, aliases=("repeats",), symbol="n", doc="copies of each channel")

    def out_shape(self, x: Shape) -> Shape:
        return Shape((self.times * x.channels, *x[1:]))
