"""Activations: elementwise, no weights but PReLU's. `each` is the work of one element; softmax works on channels."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar

from cnncalc.ops.arguments import Integer, Kind, Number, Word, whole
from cnncalc.ops.base import Called, Shapes, arg, register
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from cnncalc.deployment.emitter import Emitter
    from cnncalc.values.shape import Shape


class Activation(Called):
    """What elementwise activations share: `[C, *S] -> [C, *S]` and the same work for every element."""

    group = "activation"
    family = "activation"
    role = "act"
    each: ClassVar[Work]

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        n, each = ins[0].elements, self.each
        return Work(
            multiplications=n * each.multiplications,
            additions=n * each.additions,
            comparisons=n * each.comparisons,
            divisions=n * each.divisions,
            special=n * each.special,
        )


@register("relu")
class ReLU(Activation):
    """`max(x, 0)`, elementwise on `[C, *S]` (doi:10.5555/3104322.3104425)."""

    example = "relu"
    fuses = "RELU"
    each = Work(comparisons=1)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.activation(xs[0], self.fuses),)


@register("relu6")
class ReLU6(Activation):
    """`min(max(x, 0), 6)`, elementwise on `[C, *S]` (arXiv:1704.04861)."""

    example = "relu6"
    fuses = "RELU6"
    each = Work(comparisons=2)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.activation(xs[0], self.fuses),)


@register("selu")
class SELU(Activation):
    """Scaled ELU with its fixed constants, elementwise on `[C, *S]` (arXiv:1706.02515).

    Comparison, exponential, subtraction, two multiplications.
    """

    example = "selu"
    each = Work(comparisons=1, special=1, additions=1, multiplications=2)


@register("sigmoid")
class Sigmoid(Activation):
    """`1/(1 + exp(-x))`: exponential, addition, division, elementwise on `[C, *S]` (doi:10.1007/BF00344251)."""

    example = "sigmoid"
    each = Work(special=1, additions=1, divisions=1)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.unary(xs[0], "LOGISTIC"),)


@register("silu", aliases=("swish",))
class SiLU(Activation):
    """`x*sigmoid(x)`, elementwise on `[C, *S]` (arXiv:1702.03118)."""

    example = "silu"
    each = Work(special=1, additions=1, divisions=1, multiplications=1)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.binary("MUL", xs[0], to.unary(xs[0], "LOGISTIC")),)


@register("tanh")
class Tanh(Activation):
    """`(exp(2x) - 1)/(exp(2x) + 1)`, elementwise on `[C, *S]` (doi:10.1109/5.726791).

    Doubling, exponential, two additions, division.
    """

    example = "tanh"
    each = Work(multiplications=1, special=1, additions=2, divisions=1)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.unary(xs[0], "TANH"),)


@register("hardsigmoid")
class HardSigmoid(Activation):
    """`min(max(x + 3, 0), 6)/6`, elementwise on `[C, *S]` (arXiv:1905.02244)."""

    example = "hardsigmoid"
    each = Work(additions=1, comparisons=2, divisions=1)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        shifted = to.scaled(xs[0], "ADD", 1, "shift")
        to.alone = True
        return (to.scaled(to.activation(shifted, "RELU6"), "MUL", 1, "scale"),)


@register("hardswish")
class HardSwish(Activation):
    """`x*hardsigmoid(x)`, elementwise on `[C, *S]` (arXiv:1905.02244)."""

    example = "hardswish"
    each = Work(additions=1, comparisons=2, divisions=1, multiplications=1)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.unary(xs[0], "HARD_SWISH", "HardSwishOptions"),)


@register("hardtanh")
class HardTanh(Activation):
    """`min(max(x, -1), 1)`, elementwise on `[C, *S]` (PyTorch's Hardtanh)."""

    example = "hardtanh"
    each = Work(comparisons=2)


@register("mish")
class Mish(Activation):
    """`x*tanh(softplus(x))`, elementwise on `[C, *S]` (arXiv:1908.08681)."""

    example = "mish"
    each = Work(special=3, additions=3, multiplications=2, divisions=1)


@register("softplus")
class Softplus(Activation):
    """`log(1 + exp(x))`: exponential, addition, logarithm, elementwise on `[C, *S]` (doi:10.5555/3008751.3008817)."""

    example = "softplus"
    each = Work(special=2, additions=1)


@register("softsign")
class Softsign(Activation):
    """`x/(1 + |x|)`: comparison, addition, division, elementwise on `[C, *S]` (PyTorch's Softsign)."""

    example = "softsign"
    each = Work(comparisons=1, additions=1, divisions=1)


@register("leaky_relu")
class LeakyReLU(Activation):
    """`x` or `slope*x` below zero, elementwise on `[C, *S]` (Maas et al. 2013; arXiv:1505.00853)."""

    example = "leaky_relu: 0.1"
    each = Work(comparisons=1, multiplications=1)
    slope: Fraction | int = arg(
        Number(), default=Fraction(1, 100), main=True, aliases=("negative_slope",), doc="slope below zero"
    )

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.unary(xs[0], "LEAKY_RELU", "LeakyReluOptions", alpha=float(self.slope)),)


class _Slopes(Kind):
    """How many slopes PReLU learns: a number, or one per channel."""

    words = ("channel",)

    def check(self, value: object, name: str) -> str | int:
        return "channel" if value == "channel" else whole(value, name, 1)

    def schema(self) -> dict[str, object]:
        return {"anyOf": [{"enum": ["channel"]}, *Integer(1).schema()["anyOf"]]}

    def describe(self) -> str:
        return "1, the number of channels, or channel"


@register("prelu")
class PReLU(Activation):
    """Leaky ReLU with learnable slopes, one for all or one per channel, on `[C, *S]` (arXiv:1502.01852)."""

    example = "prelu: channel"
    each = Work(comparisons=1, multiplications=1)
    parameters: str | int = arg(_Slopes(), default=1, main=True, aliases=("num_parameters",), doc="learnable slopes")

    def out_shape(self, x: Shape) -> Shape:
        if self.parameters not in (1, "channel", x.channels):
            raise ArgumentError(
                f"{self.name} has {self.parameters} slopes for {x.channels} channels",
                argument="parameters",
                hint="write 1 or channel",
            )
        return x

    def params(self, ins: Shapes) -> int:
        return 1 if self.parameters == 1 else ins[0].channels

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.prelu(xs[0], self.params(ins)),)


@register("elu")
class ELU(Activation):
    """`x` or `alpha*(exp(x) - 1)` below zero, elementwise on `[C, *S]` (arXiv:1511.07289)."""

    example = "elu"
    each = Work(comparisons=1, special=1, additions=1, multiplications=1)
    alpha: Fraction | int = arg(Number(), default=1, main=True, doc="scale below zero")

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.unary(xs[0], "ELU"),) if self.alpha == 1 else super().tflite(to, xs, ins, outs)


@register("celu")
class CELU(Activation):
    """`x` or `alpha*(exp(x/alpha) - 1)` below zero, elementwise on `[C, *S]` (arXiv:1704.07483)."""

    example = "celu"
    each = Work(comparisons=1, divisions=1, special=1, additions=1, multiplications=1)
    alpha: Fraction | int = arg(Number(), default=1, main=True, doc="scale below zero")


@register("gelu")
class GELU(Activation):
    """`x/2*(1 + erf(x/sqrt(2)))`, elementwise on `[C, *S]` (arXiv:1606.08415)."""

    example = "gelu"
    each = Work(multiplications=2, divisions=1, special=1, additions=1)
    approximate: str = arg(Word(("none", "tanh")), default="none", doc="the tanh approximation; counted alike")


class OverChannels(Called):
    """What softmax and its logarithm share: each position's channels sum to one."""

    group = "activation"
    role = "act"


@register("softmax")
class Softmax(OverChannels):
    """`exp(x - max)/sum` over the n channels of each position of `[C, *S]`: 5n - 2 operations (PyTorch's Softmax)."""

    example = "softmax"
    example_input = ((10,),)

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        n, positions = ins[0].channels, ins[0].positions
        elements = ins[0].elements
        fewer = positions * (n - 1)
        return Work(comparisons=fewer, additions=elements + fewer, special=elements, divisions=elements)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.unary(xs[0], "SOFTMAX", "SoftmaxOptions", beta=1.0),)


@register("log_softmax")
class LogSoftmax(OverChannels):
    """`x - max - log(sum of exp)` over the n channels of each position of `[C, *S]` (PyTorch's LogSoftmax).

    Per position 5n - 1 operations: the maximum, n differences, n exponentials, their sum, its logarithm, n differences.
    """

    example = "log_softmax"
    example_input = ((10,),)

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        n, positions = ins[0].channels, ins[0].positions
        elements = ins[0].elements
        fewer = positions * (n - 1)
        return Work(comparisons=fewer, additions=2 * elements + fewer, special=elements + positions)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.unary(xs[0], "LOG_SOFTMAX", "LogSoftmaxOptions"),)
