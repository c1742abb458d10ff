"""What an operator is: a frozen value with arguments, that maps shapes to shapes and counts.

An operator sees shapes and its own arguments, never a file, a neighbour or a line number. Its class is the only place
that knows it: the parser, the JSON Schema, `cnncalc ops`, the docs and editor completion read the class.
"""

from __future__ import annotations

import dataclasses
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, dataclass_transform

from cnncalc.numbers.doors import identity
from cnncalc.ops.arguments import Word
from cnncalc.values.axis import IDENTITY, WHOLE, Reach
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.shape import Shape
from cnncalc.values.tensor import BIAS, BUFFER, WEIGHT, Tensor, elements
from cnncalc.values.work import NO_WORK, Count, MemoryAccess, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.deployment.emitter import Emitter
    from cnncalc.ops.arguments import Kind
    from cnncalc.ops.foreign import Elsewhere

Shapes = tuple[Shape, ...]
INPUTS, OUTPUT, POSITIONS, MASK = "inputs", "output", "positions", "mask"
"""What a backward pass may need of the forward pass; `Operator.keeps` is a tuple of them."""


class _Required:
    """The default of an argument that has none."""

    def __repr__(self) -> str:
        return "required"


REQUIRED = _Required()


@dataclass(frozen=True, slots=True)
class Arg:
    """One argument of an operator as declared in its class.

    Attributes:
        kind: the form it takes.
        default: its value when not given; REQUIRED if it must be.
        main: it takes the bare value of `op: value`.
        aliases: other names that a spec may use (PyTorch's).
        symbol: its letter in formulas.
        like: the argument `like: label` fills this one with that layer's map size.
        doc: what it means.
        attribute: the Python attribute that holds it; differs from the name where a method has that name.
    """

    kind: Kind
    default: Any
    main: bool
    aliases: tuple[str, ...]
    symbol: str
    like: bool
    doc: str
    name: str = ""
    attribute: str = ""

    @property
    def required(self) -> bool:
        """Whether a spec must give it."""
        return self.default is REQUIRED


def arg(
    kind: Kind,
    *,
    default: Any = REQUIRED,
    main: bool = False,
    aliases: tuple[str, ...] = (),
    symbol: str = "",
    like: bool = False,
    doc: str = "",
    alias: str = "",
) -> Any:
    """Declare an argument in the body of an operator class.

    `alias` is its name in specs where a method has that name already: `parts_: int = arg(.., alias="parts")`.
    """
    return Arg(kind, default, main, aliases, symbol, like, doc, alias)


class Part(NamedTuple):
    """One layer of what an item expands to: a path suffix, the operator, and what it reads.

    `reads` counts the item's own input as 0, its further sources as -1, -2, .., and the output of the n-th part as n;
    None is the part before it.
    """

    suffix: str
    op: Operator
    reads: tuple[int, ...] | None = None


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(arg,))
class Operator:
    """Base of all operators. Subclasses declare arguments with `arg` and override what differs from an elementwise op.

    Instances are immutable, hashable and compare by value. Every method that takes shapes is pure.

    A class may also say of itself: `group` (its heading in `cnncalc ops`), `family` (the key under which counting rules
    look it up; its name without one), `role` (`act` or `norm`: what it may stand for inside a layer), `weighted` (its
    multiply-accumulates, activations and depth count), `dense` (its weights are one matrix: a linear layer), `joins`
    (its sources lie beside each other in its channels), `wraps` (what leaves its map enters
    at the other side), `moves` (False for a view), `sources` (how many inputs; None:
    a merge), `defaults_from` (operators whose `defaults:` hold for it too), `advice` (hints for arguments that people
    try and it does not have), `example` (a line of YAML) on `example_input`. For deployment: `inert` (the identity at
    inference), `fuses` (TensorFlow Lite's name of an activation that a layer can compute itself), `takes_activation`
    (such a layer).

    And for memory, importers and exporters: `keeps` (what its backward pass needs of the forward pass: any of INPUTS,
    OUTPUT, POSITIONS (one index an output) and MASK (one flag an output); None: unknown, which views then say),
    `in_place` (its result may be written over an operand of that size), `elsewhere` (its names in other systems; a
    registered class says its own, it inherits none).
    """

    name: ClassVar[str] = ""
    aliases: ClassVar[tuple[str, ...]] = ()
    args: ClassVar[dict[str, Arg]] = {}
    main: ClassVar[str | None] = None
    spellings: ClassVar[dict[str, str]] = {}
    family: ClassVar[str] = ""
    role: ClassVar[str] = ""
    group: ClassVar[str] = "other"
    weighted: ClassVar[bool] = False
    inert: ClassVar[bool] = False
    fuses: ClassVar[str] = ""
    takes_activation: ClassVar[bool] = False
    moves: ClassVar[bool] = True
    dense: ClassVar[bool] = False
    joins: ClassVar[bool] = False
    wraps: ClassVar[bool] = False
    sources: ClassVar[int | None] = 1
    keeps: ClassVar[tuple[str, ...] | None] = None
    in_place: ClassVar[bool] = False
    elsewhere: ClassVar[Elsewhere] = {}
    defaults_from: ClassVar[tuple[str, ...]] = ()
    advice: ClassVar[dict[str, str]] = {}
    example: ClassVar[str] = ""
    example_input: ClassVar[tuple[tuple[int, ...], ...]] = ((8, 14, 10),)

    _values: tuple[Any, ...]
    _hash: int

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        declared: dict[str, Arg] = {}
        for base in reversed(cls.__mro__[1:]):
            declared.update(base.__dict__.get("args", {}))
        for name in inspect.get_annotations(cls):
            value = cls.__dict__.get(name)
            if isinstance(value, Arg):
                written = value.name or name
                declared[written] = dataclasses.replace(value, name=written, attribute=name)
                delattr(cls, name)
        cls.args = declared
        cls.main = next((name for name, a in declared.items() if a.main), None)
        cls.spellings = {}
        for name, a in declared.items():
            cls.spellings.update(dict.fromkeys((name, *a.aliases, *(("like",) if a.like else ())), name))

    def __init__(self, **values: Any) -> None:
        checked = {}
        for name, declared in self.args.items():
            if name in values:
                value = values.pop(name)
                if value is not declared.default:
                    value = declared.kind.check(tuple(value) if isinstance(value, list) else value, name)
            elif declared.required:
                raise ArgumentError(
                    f"{self.name} needs '{name}'",
                    argument=None,
                    code="missing-argument",
                    hint=f"add {name}: {declared.kind.describe()}",
                )
            else:
                value = declared.default
            checked[name] = value
        if values:
            raise ArgumentError(f"{self.name} has no argument '{next(iter(values))}'", code="unknown-argument")
        self.__dict__.update((self.args[name].attribute, value) for name, value in checked.items())
        self.__dict__["_values"] = tuple(checked.values())
        self.__dict__["_hash"] = hash((self.name, identity(self._values)))
        self.check()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{self.name} is immutable")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{self.name} is immutable")

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Operator)
            and type(self) is type(other)
            and self._hash == other._hash
            and self._values == other._values
        )

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        given = ", ".join(f"{k}={v!r}" for k, v in self.arguments().items() if v != self.args[k].default)
        return f"{type(self).__name__}({given})"

    def __reduce__(self) -> tuple[Callable[..., Operator], tuple[type[Operator], dict[str, Any]]]:
        return _rebuild, (type(self), self.arguments())

    def arguments(self) -> dict[str, Any]:
        """Return every argument with its value."""
        return dict(zip(self.args, self._values, strict=True))

    def replace(self, **changes: Any) -> Self:
        """Return the same operator with some arguments changed."""
        return type(self)(**{**self.arguments(), **changes})

    def plainest(self, ins: Shapes) -> Operator:
        """Return the operator that a person would write for this one on these shapes."""
        return self

    def symbolic(self, values: dict[str, Any]) -> Self:
        """Return an unchecked copy with other values, among them numbers that record; it equals no other operator."""
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy.__dict__.update((self.args[n].attribute if n in self.args else n, v) for n, v in values.items())
        copy.__dict__["_values"] = tuple(values.get(name, old) for name, old in self.arguments().items())
        copy.__dict__["_hash"] = hash((self.name, identity(copy._values)))
        return copy

    # What a subclass says about itself.

    def check(self) -> None:
        """Check arguments against each other; raise ArgumentError."""

    def parts(self) -> tuple[Part, ...]:
        """Return the layers that this item stands for, or nothing if it is one layer."""
        return ()

    def infer(self, ins: Shapes) -> Shapes:
        """Return the shapes of the outputs for the shapes of the inputs.

        Raises:
            ArgumentError: the operator cannot act on these shapes.
        """
        return (self.out_shape(ins[0]),)

    def out_shape(self, x: Shape) -> Shape:
        """Return the output's shape, [C', *S'], for an input [C, *S]."""
        return x

    def tensors(self, ins: Shapes) -> tuple[Tensor, ...] | None:
        """Return the weights, biases and buffers that it holds, each with its shape; None if unknown.

        Parameters, biases, buffers and the weights of memory access are sums of them. A class that counts parameters
        by a formula of its own and says no tensors holds unknown ones.
        """
        return () if type(self).params is Operator.params else None

    def params(self, ins: Shapes) -> int | None:
        """Return the learnable values, biases included; None if unknown."""
        held = self.tensors(ins)
        return None if held is None else elements(held, WEIGHT, BIAS)

    def biases(self, ins: Shapes) -> int:
        """Return how many of the known parameters are biases, moved apart from the weights."""
        return elements(self.tensors(ins) or (), BIAS)

    def buffers(self, ins: Shapes) -> int:
        """Return the known values kept with the layer but not learned."""
        return elements(self.tensors(ins) or (), BUFFER)

    def macs(self, ins: Shapes, outs: Shapes) -> int | None:
        """Return the multiply-accumulates for one image, forward; None if unknown."""
        return 0

    def bias_outputs(self, outs: Shapes) -> int:
        """Return the output elements that receive a bias."""
        return 0

    def taps(self, ins: Shapes) -> int:
        """Return the window positions that meet in one output element."""
        return 1

    def work(self, ins: Shapes, outs: Shapes) -> Work | None:
        """Return the operations by kind for one image, forward; None if unknown."""
        return NO_WORK

    def memory(self, ins: Shapes, outs: Shapes) -> MemoryAccess | None:
        """Return the elements moved, each operand once; None if unknown."""
        if not self.moves:
            return MemoryAccess()
        params, biases = self.params(ins), self.biases(ins)
        if params is None:
            return None
        return MemoryAccess(
            read=sum(x.elements for x in ins),
            written=sum(y.elements for y in outs),
            weights=params - biases,
            bias=biases,
        )

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        """Return, for each input, what one output unit reads of it on each spatial axis of the output."""
        y = outs[0]
        return tuple((IDENTITY if len(x) == len(y) else WHOLE,) * (len(y) - 1) for x in ins)

    def unsaid(self, ins: Shapes, outs: Shapes) -> frozenset[int]:
        """Return the inputs of which it is not known what an output unit reads: behind them no field is known."""
        return frozenset()

    def begins(self, ins: Shapes, port: int) -> tuple[int, ...]:
        """Return where one of several outputs starts on the input's spatial axes; () where they are all of them."""
        return ()

    def kept_axes(self, ins: Shapes, outs: Shapes) -> tuple[int | None, ...] | None:
        """Return, for each spatial axis of the output, the spatial axis of the input that it is, None for an added one.

        Only of a view that drops, adds or moves extents of 1, or puts axes in another order; None for every other
        operator.
        """
        return None

    def gates(self, ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        """Return the inputs that only scale channels; the receptive field's spatial path ignores them."""
        return ()

    def statistics(self, ins: Shapes) -> tuple[bool, ...]:
        """Return, for each spatial axis, whether the values depend on a mean over the whole axis of this very map."""
        return (False,) * (len(ins[0]) - 1)

    def suspicion(self, ins: Shapes) -> tuple[str, str, str] | None:
        """Return code, message and hint of a warning about arguments that are allowed and hardly ever meant."""
        return None

    @property
    def foldable(self) -> bool:
        """Whether it is a fixed scale and shift per channel, which the weighted layer before it can take in."""
        return False

    def absorbing(self, outs: Shapes) -> Operator | None:
        """Return the layer after it took a scale and shift per channel of its output into its weights.

        None where it cannot: it has no weights, or its outputs do not lie along the channels.
        """
        return None

    @property
    def trains_in_new_memory(self) -> bool:
        """Whether a training step makes a new tensor of what is a view, or nothing at all, at inference."""
        return False

    @property
    def declared(self) -> tuple[str, ...]:
        """Names of the numbers that the spec states and no formula gives."""
        return ()

    @property
    def affine_(self) -> bool:
        """Whether a normalisation has learnable scale and shift."""
        return bool(getattr(self, "affine", False))

    def shifted(self, ins: Shapes, outs: Shapes) -> bool:
        """Return whether its padding is taken as SAME of TensorFlow Lite although it starts at another position."""
        return False

    def apart(self, ins: Shapes, outs: Shapes) -> tuple[tuple[int, ...], Operator] | None:
        """Return a padding that TensorFlow Lite needs as an operator of its own, and the layer without it, or None.

        The padding is in the form of `pad`: before and after, axis by axis.
        """
        return None

    def tflite(self, to: Emitter, xs: tuple[int, ...], ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        """Write what stands for the layer in TensorFlow Lite, and return the cells of its results.

        Raises:
            NotExpressibleError: nothing does.
        """
        to.refuse(self.name)

    def count(self, ins: Shapes, outs: Shapes) -> Count:
        """Return everything countable about the layer on these shapes."""
        return Count(
            op=self.name,
            family=self.family or self.name,
            in_elements=sum(x.elements for x in ins),
            out_elements=sum(y.elements for y in outs),
            channels=ins[0].channels,
            out_channels=outs[0].channels,
            taps=self.taps(ins),
            macs=self.macs(ins, outs),
            params=self.params(ins),
            biases=self.biases(ins),
            buffers=self.buffers(ins),
            bias_outputs=self.bias_outputs(outs),
            affine=self.affine_,
            weighted=self.weighted,
            dense=self.dense,
            work=self.work(ins, outs),
            memory=self.memory(ins, outs),
            in_shapes=ins,
            out_shapes=outs,
            arguments=self.arguments(),
        )


class Composite(Operator):
    """An item that always stands for several layers; its shapes are those of the layers it stands for."""

    def infer(self, ins: Shapes) -> Shapes:
        return expanded(self, ins)[-1].outs


class PlacedPart(NamedTuple):
    """One layer that an operator stands for, on given shapes."""

    suffix: str
    op: Operator
    ins: Shapes
    outs: Shapes


def expanded(op: Operator, ins: Shapes) -> list[PlacedPart]:
    """Return the layers that an operator stands for, itself if it is one layer, with their shapes.

    Raises:
        ArgumentError: one of them cannot act on its shapes.
    """
    layers: list[PlacedPart] = []
    for suffix, part, reads in op.parts() or (Part("", op),):
        if reads is None:
            given = layers[-1].outs if layers else ins
        else:
            given = tuple(layers[n - 1].outs[0] if n > 0 else ins[-n] for n in reads)
        layers.append(PlacedPart(suffix, part, given, part.infer(given)))
    return layers


class Called(Operator):
    """A layer that PyTorch has as a module and as a function.

    Counters that hook modules do not see functions: their counting rules ask what the reference code has. Nothing else
    depends on it.
    """

    call: str = arg(
        Word(("module", "function")), default="module", doc="what the code has; only rules that hook modules ask"
    )


def _rebuild(cls: type[Operator], values: dict[str, Any]) -> Operator:
    return cls(**values)
