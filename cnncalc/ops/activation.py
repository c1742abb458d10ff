"""Activations: elementwise, no weights but PReLU's. `each` is the work of one element; softmax works on channels."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, ClassVar

from cnncalc.ops.arguments import Axis, Integer, Kind, Number, Word, whole
from cnncalc.ops.foreign import Foreign, known_as
from cnncalc.ops.operator import INPUTS, OUTPUT, Called, Shapes, arg
from cnncalc.ops.registry import register
from cnncalc.ops.windows import axis_of
from cnncalc.values.axis import IDENTITY, WHOLE, Reach
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.tensor import Tensor
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from cnncalc.deployment.emitter import Emitter
    from cnncalc.values.shape import Shape


CHANNELS, LAST = {"axis": "channel"}, {"axis": "last"}


class Activation(Called):
    """What elementwise activations share: `[C, *S] -> [C, *S]` and the same work for every element."""

    group = "activation"
    family = "activation"
    role = "act"
    keeps = (INPUTS,)
    in_place = True
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
    elsewhere = known_as(
        torch="ReLU", torch_function="relu", onnx="Relu", tflite="RELU", keras="ReLU", darknet="relu", caffe="ReLU"
    )
    keeps = (OUTPUT,)
    fuses = "RELU"
    each = Work(comparisons=1)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.activation(xs[0], self.fuses),)


@register("relu6")
class ReLU6(Activation):
    """`min(max(x, 0), 6)`, elementwise on `[C, *S]` (arXiv:1704.04861)."""

    example = "relu6"
    elsewhere = known_as(
        torch="ReLU6",
        torch_function="relu6",
        onnx=Foreign("Clip", constants={"min": 0, "max": 6}),
        tflite="RELU6",
        keras=Foreign("ReLU", constants={"max_value": 6}),
        darknet="relu6",
    )
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
    elsewhere = known_as(torch="SELU", torch_function="selu", onnx="Selu", darknet="selu")
    each = Work(comparisons=1, special=1, additions=1, multiplications=2)


@register("sigmoid")
class Sigmoid(Activation):
    """`1/(1 + exp(-x))`: exponential, addition, division, elementwise on `[C, *S]` (doi:10.1007/BF00344251)."""

    example = "sigmoid"
    elsewhere = known_as(
        torch="Sigmoid",
        torch_function="sigmoid",
        onnx="Sigmoid",
        tflite="LOGISTIC",
        darknet="logistic",
        caffe="Sigmoid",
    )
    keeps = (OUTPUT,)
    each = Work(special=1, additions=1, divisions=1)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.unary(xs[0], "LOGISTIC"),)


@register("silu", aliases=("swish",))
class SiLU(Activation):
    """`x*sigmoid(x)`, elementwise on `[C, *S]` (arXiv:1702.03118)."""

    example = "silu"
    elsewhere = known_as(
        torch="SiLU",
        torch_function="silu",
        onnx=Foreign("", recipe=(("Sigmoid", "x"), ("Mul", "x", "0"))),
        tflite=Foreign("", recipe=(("LOGISTIC", "x"), ("MUL", "x", "0"))),
        darknet="swish",
        caffe="Swish",
    )
    each = Work(special=1, additions=1, divisions=1, multiplications=1)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.binary("MUL", xs[0], to.unary(xs[0], "LOGISTIC")),)


@register("tanh")
class Tanh(Activation):
    """`(exp(2x) - 1)/(exp(2x) + 1)`, elementwise on `[C, *S]` (doi:10.1109/5.726791).

    Doubling, exponential, two additions, division.
    """

    example = "tanh"
    elsewhere = known_as(
        torch="Tanh", torch_function="tanh", onnx="Tanh", tflite="TANH", darknet="tanh", caffe="TanH"
    )
    keeps = (OUTPUT,)
    each = Work(multiplications=1, special=1, additions=2, divisions=1)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.unary(xs[0], "TANH"),)


@register("hardsigmoid")
class HardSigmoid(Activation):
    """`min(max(x + 3, 0), 6)/6`, elementwise on `[C, *S]` (arXiv:1905.02244)."""

    example = "hardsigmoid"
    elsewhere = known_as(
        torch="Hardsigmoid",
        torch_function="hardsigmoid",
        onnx=Foreign("HardSigmoid", constants={"alpha": Fraction(1, 6), "beta": Fraction(1, 2)}),
    )
    each = Work(additions=1, comparisons=2, divisions=1)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        shifted = to.scaled(xs[0], "ADD", 1, "shift")
        to.alone = True
        return (to.scaled(to.activation(shifted, "RELU6"), "MUL", 1, "scale"),)


@register("hardswish")
class HardSwish(Activation):
    """`x*hardsigmoid(x)`, elementwise on `[C, *S]` (arXiv:1905.02244)."""

    example = "hardswish"
    elsewhere = known_as(
        torch="Hardswish",
        torch_function="hardswish",
        onnx=(Foreign("HardSwish"), Foreign("", recipe=(("HardSigmoid", "x"), ("Mul", "x", "0")))),
        tflite="HARD_SWISH",
    )
    each = Work(additions=1, comparisons=2, divisions=1, multiplications=1)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.unary(xs[0], "HARD_SWISH", "HardSwishOptions"),)


@register("hardtanh")
class HardTanh(Activation):
    """`min(max(x, -1), 1)`, elementwise on `[C, *S]` (PyTorch's Hardtanh)."""

    example = "hardtanh"
    elsewhere = known_as(
        torch=Foreign("Hardtanh", constants={"min_val": -1, "max_val": 1}),
        torch_function=Foreign("hardtanh", constants={"min_val": -1, "max_val": 1}),
        onnx=Foreign("Clip", constants={"min": -1, "max": 1}),
        tflite="RELU_N1_TO_1",
        darknet="hardtan",
    )
    each = Work(comparisons=2)


@register("mish")
class Mish(Activation):
    """`x*tanh(softplus(x))`, elementwise on `[C, *S]` (arXiv:1908.08681)."""

    example = "mish"
    elsewhere = known_as(
        torch="Mish",
        torch_function="mish",
        onnx=(Foreign("Mish"), Foreign("", recipe=(("Softplus", "x"), ("Tanh", "0"), ("Mul", "x", "1")))),
        darknet="mish",
    )
    each = Work(special=3, additions=3, multiplications=2, divisions=1)


@register("softplus")
class Softplus(Activation):
    """`log(1 + exp(x))`: exponential, addition, logarithm, elementwise on `[C, *S]` (doi:10.5555/3008751.3008817)."""

    example = "softplus"
    elsewhere = known_as(torch="Softplus", torch_function="softplus", onnx="Softplus")
    each = Work(special=2, additions=1)


@register("softsign")
class Softsign(Activation):
    """`x/(1 + |x|)`: comparison, addition, division, elementwise on `[C, *S]` (PyTorch's Softsign)."""

    example = "softsign"
    elsewhere = known_as(torch="Softsign", torch_function="softsign", onnx="Softsign")
    each = Work(comparisons=1, additions=1, divisions=1)


@register("leaky_relu")
class LeakyReLU(Activation):
    """`x` or `slope*x` below zero, elementwise on `[C, *S]` (Maas et al. 2013; arXiv:1505.00853)."""

    example = "leaky_relu: 0.1"
    elsewhere = known_as(
        torch=Foreign("LeakyReLU", {"slope": "negative_slope"}),
        torch_function=Foreign("leaky_relu", {"slope": "negative_slope"}),
        onnx=Foreign("LeakyRelu", {"slope": "alpha"}),
        tflite=Foreign("LEAKY_RELU", {"slope": "alpha"}),
        keras=Foreign("LeakyReLU", {"slope": "negative_slope"}),
        darknet=Foreign("leaky", when={"slope": Fraction(1, 10)}),
        caffe=Foreign("ReLU", {"slope": "negative_slope"}),
    )
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
    elsewhere = known_as(
        torch=Foreign("PReLU", {"parameters": "num_parameters"}),
        torch_function="prelu",
        onnx=Foreign("PRelu", tensors={"weight": "slope"}),
        tflite="PRELU",
        keras=Foreign("PReLU", tensors={"weight": "alpha"}),
        caffe="PReLU",
    )
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

    def tensors(self, ins: Shapes) -> tuple[Tensor, ...]:
        return (Tensor("weight", (1 if self.parameters == 1 else ins[0].channels,)),)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.prelu(xs[0], 1 if self.parameters == 1 else ins[0].channels),)


@register("elu")
class ELU(Activation):
    """`x` or `alpha*(exp(x) - 1)` below zero, elementwise on `[C, *S]` (arXiv:1511.07289)."""

    example = "elu"
    elsewhere = known_as(
        torch=Foreign("ELU", {"alpha": "alpha"}),
        torch_function=Foreign("elu", {"alpha": "alpha"}),
        onnx=Foreign("Elu", {"alpha": "alpha"}),
        tflite=Foreign("ELU", when={"alpha": 1}),
        keras=Foreign("ELU", {"alpha": "alpha"}),
        darknet=Foreign("elu", when={"alpha": 1}),
        caffe=Foreign("ELU", {"alpha": "alpha"}),
    )
    each = Work(comparisons=1, special=1, additions=1, multiplications=1)
    alpha: Fraction | int = arg(Number(), default=1, main=True, doc="scale below zero")

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        return (to.unary(xs[0], "ELU"),) if self.alpha == 1 else super().tflite(to, xs, ins, outs)


@register("celu")
class CELU(Activation):
    """`x` or `alpha*(exp(x/alpha) - 1)` below zero, elementwise on `[C, *S]` (arXiv:1704.07483)."""

    example = "celu"
    elsewhere = known_as(
        torch=Foreign("CELU", {"alpha": "alpha"}),
        torch_function=Foreign("celu", {"alpha": "alpha"}),
        onnx=Foreign("Celu", {"alpha": "alpha"}),
    )
    each = Work(comparisons=1, divisions=1, special=1, additions=1, multiplications=1)
    alpha: Fraction | int = arg(Number(), default=1, main=True, doc="scale below zero")


@register("gelu")
class GELU(Activation):
    """`x/2*(1 + erf(x/sqrt(2)))`, elementwise on `[C, *S]` (arXiv:1606.08415)."""

    example = "gelu"
    elsewhere = known_as(
        torch=Foreign("GELU", {"approximate": "approximate"}),
        torch_function=Foreign("gelu", {"approximate": "approximate"}),
        onnx=Foreign("Gelu", {"approximate": "approximate"}),
        tflite="GELU",
    )
    each = Work(multiplications=2, divisions=1, special=1, additions=1)
    approximate: str = arg(Word(("none", "tanh")), default="none", doc="the tanh approximation; counted alike")


class SummingToOne(Called):
    """What softmax and its logarithm share: along one axis the values sum to one."""

    group = "activation"
    role = "act"
    keeps = (OUTPUT,)
    in_place = True
    axis: int | str = arg(Axis(), default="channel", doc="the axis along which values sum to one")

    def out_shape(self, x: Shape) -> Shape:
        axis_of(self.axis, x, self.name)
        return x

    def rows(self, x: Shape) -> tuple[int, int]:
        """Return the n values that sum to one, and how many such rows there are."""
        along = axis_of(self.axis, x, self.name)
        return x[along], prod(n for axis, n in enumerate(x) if axis != along)

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        along = axis_of(self.axis, ins[0], self.name)
        return (tuple(WHOLE if axis == along else IDENTITY for axis in range(1, len(ins[0]))),)


@register("softmax")
class Softmax(SummingToOne):
    """`exp(x - max)/sum` over the n channels of each position of `[C, *S]`: 5n - 2 operations (PyTorch's Softmax).

    With `axis` over the n values along another axis.
    """

    example = "softmax"
    elsewhere = known_as(
        torch=(
            Foreign("Softmax", constants={"dim": 1}, when=CHANNELS),
            Foreign("Softmax", constants={"dim": -1}, when=LAST),
        ),
        torch_function=(
            Foreign("softmax", constants={"dim": 1}, when=CHANNELS),
            Foreign("softmax", constants={"dim": -1}, when=LAST),
        ),
        onnx=Foreign("Softmax", constants={"axis": 1}, when=CHANNELS),
        tflite=Foreign("SOFTMAX", when=CHANNELS),
        keras=Foreign("Softmax", when=CHANNELS),
        darknet=Foreign("softmax", when=CHANNELS),
        caffe=Foreign("Softmax", when=CHANNELS),
    )
    example_input = ((10,),)

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        n, rows = self.rows(ins[0])
        elements = ins[0].elements
        fewer = rows * (n - 1)
        return Work(comparisons=fewer, additions=elements + fewer, special=elements, divisions=elements)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        if axis_of(self.axis, ins[0], self.name):
            return super().tflite(to, xs, ins, outs)
        return (to.unary(xs[0], "SOFTMAX", "SoftmaxOptions", beta=1.0),)


@register("log_softmax")
class LogSoftmax(SummingToOne):
    """`x - max - log(sum of exp)` over the n channels of each position of `[C, *S]` (PyTorch's LogSoftmax).

    Per position 5n - 1 operations: the maximum, n differences, n exponentials, their sum, its logarithm, n differences.
    """

    example = "log_softmax"
    elsewhere = known_as(
        torch=Foreign("LogSoftmax", constants={"dim": 1}, when=CHANNELS),
        torch_function=Foreign("log_softmax", constants={"dim": 1}, when=CHANNELS),
        onnx=Foreign("LogSoftmax", constants={"axis": 1}, when=CHANNELS),
        tflite=Foreign("LOG_SOFTMAX", when=CHANNELS),
    )
    example_input = ((10,),)

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        n, rows = self.rows(ins[0])
        elements = ins[0].elements
        fewer = rows * (n - 1)
        return Work(comparisons=fewer, additions=2 * elements + fewer, special=elements + rows)

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        if axis_of(self.axis, ins[0], self.name):
            return super().tflite(to, xs, ins, outs)
        return (to.unary(xs[0], "LOG_SOFTMAX", "LogSoftmaxOptions"),)
