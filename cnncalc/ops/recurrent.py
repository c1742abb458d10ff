"""Recurrent layers over a sequence: every step multiplies its input and the state before it."""

from __future__ import annotations

from typing import ClassVar

from cnncalc.ops.arguments import Boolean, Integer
from cnncalc.ops.attention import Past
from cnncalc.ops.foreign import Foreign, known_as
from cnncalc.ops.operator import Operator, Shapes, arg
from cnncalc.ops.registry import register
from cnncalc.values.axis import WHOLE, Reach, Table
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.shape import Shape
from cnncalc.values.tensor import BIAS, Tensor
from cnncalc.values.work import Work

ARGUMENTS = {"hidden": "hidden_size", "layers": "num_layers", "bidirectional": "bidirectional"}


class Recurrent(Operator):
    """What recurrent layers share: `gates` products of input and state per hidden value, two biases each as PyTorch."""

    group = "recurrent"
    family = "recurrent"
    example_input = ((8, 6),)
    gates_: ClassVar[int]
    each: ClassVar[Work]

    hidden: int = arg(Integer(1), main=True, aliases=("hidden_size",), symbol="h", doc="values of the state")
    layers: int = arg(Integer(1), default=1, aliases=("num_layers",), symbol="n", doc="layers, one on the other")
    bidirectional: bool = arg(Boolean(), default=False, doc="a second state runs from the end")
    last: bool = arg(Boolean(), default=False, doc="give the last state alone")

    @property
    def directions(self) -> int:
        """How many states run over the sequence."""
        return 2 if self.bidirectional else 1

    def out_shape(self, x: Shape) -> Shape:
        if len(x) != 2:
            raise ArgumentError(
                f"{self.name} wants a sequence [C, T], got {x}",
                code="wrong-rank",
                hint="flatten or reshape the map to [C, T] first",
            )
        out = self.hidden * self.directions
        return Shape((out,)) if self.last else Shape((out, x[1]))

    def entering(self, channels: int) -> list[int]:
        """Return the values that enter each layer."""
        return [channels, *[self.hidden * self.directions] * (self.layers - 1)]

    def tensors(self, ins: Shapes) -> tuple[Tensor, ...]:
        rows = self.gates_ * self.hidden
        held: list[Tensor] = []
        for layer, width in enumerate(self.entering(ins[0].channels)):
            for suffix in ("", "_reverse")[: self.directions]:
                held += [
                    Tensor(f"weight_ih_l{layer}{suffix}", (rows, width)),
                    Tensor(f"weight_hh_l{layer}{suffix}", (rows, self.hidden)),
                    Tensor(f"bias_ih_l{layer}{suffix}", (rows,), BIAS),
                    Tensor(f"bias_hh_l{layer}{suffix}", (rows,), BIAS),
                ]
        return tuple(held)

    def macs(self, ins: Shapes, outs: Shapes) -> int:
        x = ins[0]
        products = sum(width + self.hidden for width in self.entering(x.channels))
        return x[1] * self.directions * self.gates_ * self.hidden * products

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        macs = self.macs(ins, outs)
        states = ins[0][1] * self.directions * self.layers * self.hidden
        each = self.each
        return Work(
            multiplications=macs + states * each.multiplications,
            additions=macs + states * (self.gates_ + each.additions),
            divisions=states * each.divisions,
            special=states * each.special,
        )

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        if self.last:
            return ((),)
        return ((WHOLE if self.bidirectional else Table(Past()),),)


@register("lstm")
class LSTM(Recurrent):
    """Long short-term memory, `[C, T] -> [directions*h, T]`, the last state `[directions*h]` with `last: true`.

    Per layer and direction 4*h*(C + h) weights and 8*h biases (PyTorch's LSTM, doi:10.1162/neco.1997.9.8.1735); per
    hidden value and step three sigmoids, two tanh and four products and sums.
    """

    example = "lstm: 5"
    elsewhere = known_as(torch=Foreign("LSTM", ARGUMENTS), onnx="LSTM", keras=Foreign("LSTM", {"hidden": "units"}))
    gates_ = 4
    each = Work(multiplications=2 + 3, additions=3 + 4 + 1, divisions=3 + 2, special=3 + 2)


@register("gru")
class GRU(Recurrent):
    """Gated recurrent unit, `[C, T] -> [directions*h, T]`, the last state `[directions*h]` with `last: true`.

    Per layer and direction 3*h*(C + h) weights and 6*h biases (PyTorch's GRU, arXiv:1406.1078); per hidden value and
    step two sigmoids, a tanh and five products and sums.
    """

    example = "gru: 5"
    elsewhere = known_as(torch=Foreign("GRU", ARGUMENTS), onnx="GRU", keras=Foreign("GRU", {"hidden": "units"}))
    gates_ = 3
    each = Work(multiplications=1 + 3, additions=2 + 2 + 2, divisions=2 + 1, special=2 + 1)
