"""Fully connected layers and what reshapes for them: linear, flatten, reshape, identity, dropout."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, ClassVar, Self

from cnncalc.numbers.doors import exactly
from cnncalc.ops.arguments import Extents, Integer, Number, Word, shown
from cnncalc.ops.conv import Weighted
from cnncalc.ops.foreign import Foreign, known_as
from cnncalc.ops.operator import MASK, Operator, Shapes, arg
from cnncalc.ops.registry import register
from cnncalc.values.axis import IDENTITY, WHOLE, Reach
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.shape import Shape
from cnncalc.values.tensor import BIAS, Tensor
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from cnncalc.deployment.emitter import Emitter


@register("linear", aliases=("dense", "fc"))
class Linear(Weighted):
    """Fully connected layer, `[C_in] -> [C_out]`; on a map along one axis at every position of the others.

    `axis: channel` is `[C_in, *S] -> [C_out, *S]`, `axis: last` is `[*A, C_in] -> [*A, C_out]` (PyTorch's rule).
    """

    group = "linear"
    family = "linear"
    dense = True
    example = "linear: 10"
    elsewhere = known_as(
        torch=Foreign("Linear", {"out": "out_features", "bias": "bias"}),
        torch_function="linear",
        onnx=Foreign("Gemm", constants={"transB": 1}, tensors={"weight": "B", "bias": "C"}),
        tflite="FULLY_CONNECTED",
        keras=Foreign("Dense", {"out": "units", "bias": "use_bias"}, tensors={"weight": "kernel"}),
        darknet=Foreign("connected", {"out": "output"}),
        caffe=Foreign("InnerProduct", {"out": "num_output", "bias": "bias_term"}),
    )
    example_input = ((120,),)

    out: int = arg(Integer(1), main=True, aliases=("out_features",), symbol="C_out", doc="output values")
    axis: str | None = arg(Word(("channel", "last")), default=None, doc="the axis of a map that it acts on")

    def _axis(self, x: Shape) -> int:
        if len(x) > 1 and self.axis is None:
            raise ArgumentError(
                f"{self.name} wants a vector, got a map {x}",
                code="wrong-rank",
                hint="put flatten before it" if x.elements == x.channels
                else "put flatten before it, or global_avg_pool and flatten, use a 1x1 conv, or axis: channel or last",
            )
        return 0 if self.axis == "channel" else len(x) - 1

    def out_shape(self, x: Shape) -> Shape:
        axis = self._axis(x)
        return Shape((*x[:axis], self.out, *x[axis + 1 :]))

    def tensors(self, ins: Shapes) -> tuple[Tensor, ...]:
        weight = Tensor("weight", (self.out, ins[0][self._axis(ins[0])]), entering=1)
        return (weight, Tensor("bias", (self.out,), BIAS)) if self.has_bias else (weight,)

    def absorbing(self, outs: Shapes) -> Self | None:
        return super().absorbing(outs) if len(outs[0]) == 1 or self.axis != "last" else None

    def macs(self, ins: Shapes, outs: Shapes) -> int:
        return ins[0][self._axis(ins[0])] * outs[0].elements

    def bias_outputs(self, outs: Shapes) -> int:
        return outs[0].elements if self.has_bias else 0

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        macs = self.macs(ins, outs)
        return Work(multiplications=macs, additions=macs - outs[0].elements + self.bias_outputs(outs))

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        rank = len(outs[0]) - 1
        along = self._axis(ins[0]) - 1
        return (tuple(WHOLE if axis == along else IDENTITY for axis in range(rank)),)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        entering = ins[0][self._axis(ins[0])]
        if len(ins[0]) > 1 and self.axis == "last":
            return super().tflite(to, xs, ins, outs)
        return (to.linear(xs[0], self.out, entering, bias=self.has_bias),)


class View(Operator):
    """A layer that computes and moves nothing: the same elements under another shape."""

    group = "shape"
    family = "view"
    moves = False
    keeps: ClassVar[tuple[str, ...] | None] = ()


def axis_index(value: int, rank: int, name: str, x: Shape) -> int:
    """Return an axis counted from the front; raise ArgumentError if there is none."""
    if not -rank <= value < rank:
        raise ArgumentError(f"'{name}' must be an axis of {x} (-{rank}..{rank - 1}), got {value}", argument=name)
    return value % rank


def same_axes(x: Shape, y: Shape) -> tuple[int | None, ...] | None:
    """Return the spatial axis of x that each of y is, None for an added one, where only extents of 1 differ.

    None as a whole where the shapes are the same, y is a vector, the other extents differ, or one of them moves between
    the channels and the space.
    """
    wide = [(a, n) for a, n in enumerate(x) if n != 1]
    if x == y or len(y) < 2 or [n for _, n in wide] != [n for n in y if n != 1]:
        return None
    found: list[int | None] = []
    behind = 0
    moved = [a for a, _ in wide]
    for a, n in enumerate(y):
        ones = [b for b in range(behind, len(x)) if b not in moved]
        before = next((b for b in range(behind, len(x)) if x[b] != 1), len(x))
        axis = before if n != 1 else next((b for b in ones if b < before and (b > 0) == (a > 0)), None)
        behind = behind if axis is None else axis + 1
        if a and axis == 0:
            return None
        if a:
            found.append(None if axis is None else axis - 1)
    return tuple(found)


@register("flatten")
class Flatten(View):
    """Merge the axes `start` to `end`, counted without the batch, `[C, H, W] -> [C*H*W]` (PyTorch's Flatten)."""

    example = "flatten"
    elsewhere = known_as(
        torch=Foreign("Flatten", {"start": "start_dim", "end": "end_dim"}),
        torch_function=Foreign("flatten", {"start": "start_dim", "end": "end_dim"}),
        onnx=Foreign("Flatten", constants={"axis": 1}, when={"start": 0, "end": -1}),
        keras=Foreign("Flatten", when={"start": 0, "end": -1}),
        caffe=Foreign("Flatten", when={"start": 0, "end": -1}),
    )
    start: int = arg(Integer(-8), default=0, main=True, doc="first axis to merge; 0 is the channels")
    end: int = arg(Integer(-8), default=-1, doc="last axis to merge")

    def out_shape(self, x: Shape) -> Shape:
        start, end = axis_index(self.start, len(x), "start", x), axis_index(self.end, len(x), "end", x)
        if start > end:
            raise ArgumentError(f"'start' must not lie behind 'end', got {self.start} and {self.end}", argument="start")
        return Shape((*x[:start], prod(x[start : end + 1]), *x[end + 1 :]))

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        same = ins[0] == outs[0]
        return ((IDENTITY if same else WHOLE,) * (len(outs[0]) - 1),)

    def kept_axes(self, ins: Shapes, outs: Shapes) -> tuple[int | None, ...] | None:
        return same_axes(ins[0], outs[0])

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.viewed(xs[0], ins[0], outs[0]),)


@register("reshape", aliases=("view",))
class Reshape(View):
    """The same elements as another shape, `[C, *S] -> [C', *S']`; one extent may be -1 (PyTorch's reshape)."""

    example = "reshape: [8, -1]"
    elsewhere = known_as(
        torch_function="reshape",
        onnx="Reshape",
        tflite="RESHAPE",
        keras=Foreign("Reshape", {"shape": "target_shape"}),
        caffe="Reshape",
    )
    shape: tuple[int, ...] = arg(Extents(infer=True, scalar=False), main=True, doc="the new shape")

    def out_shape(self, x: Shape) -> Shape:
        known = prod(n for n in self.shape if n != -1)
        fits = x.elements % known == 0 if -1 in self.shape else x.elements == known
        if not fits:
            raise ArgumentError(
                f"{self.name} cannot turn {x} ({x.elements} elements) into {shown(self.shape)}", argument="shape"
            )
        return Shape(exactly(x.elements, known) if n == -1 else n for n in self.shape)

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        same = ins[0] == outs[0]
        return ((IDENTITY if same else WHOLE,) * (len(outs[0]) - 1),)

    def kept_axes(self, ins: Shapes, outs: Shapes) -> tuple[int | None, ...] | None:
        return same_axes(ins[0], outs[0])

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.viewed(xs[0], ins[0], outs[0]),)


@register("identity")
class Identity(View):
    """The input unchanged, `[C, *S] -> [C, *S]` (PyTorch's Identity)."""

    example = "identity"
    elsewhere = known_as(torch="Identity", onnx="Identity", keras="Identity")
    inert = True

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return xs


@register("dropout")
class Dropout(View):
    """Dropout, the identity at inference, `[C, *S] -> [C, *S]` (arXiv:1207.0580)."""

    group = "regularisation"
    example = "dropout: 0.5"
    elsewhere = known_as(
        torch=(Foreign("Dropout", {"p": "p"}), Foreign("Dropout{n}d", {"p": "p"})),
        torch_function=Foreign("dropout", {"p": "p"}),
        onnx="Dropout",
        keras=Foreign("Dropout", {"p": "rate"}),
        darknet=Foreign("dropout", {"p": "probability"}),
        caffe=Foreign("Dropout", {"p": "dropout_ratio"}),
    )
    inert = True
    keeps = (MASK,)
    p: Fraction | int = arg(Number(least=0, most=1), default=Fraction(1, 2), main=True, doc="probability of dropping")

    @property
    def trains_in_new_memory(self) -> bool:
        return bool(self.p)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return xs


@register("drop_path", aliases=("stochastic_depth",))
class DropPath(View):
    """Stochastic depth, the identity at inference, `[C, *S] -> [C, *S]` (arXiv:1603.09382)."""

    group = "regularisation"
    example = "drop_path: 0.2"
    inert = True
    p: Fraction | int = arg(Number(least=0, most=1), default=0, main=True, doc="probability of dropping the path")

    @property
    def trains_in_new_memory(self) -> bool:
        return bool(self.p)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return xs
