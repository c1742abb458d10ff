"""What an operator is: a frozen value with arguments, that maps shapes to shapes and counts. And the registry.

An operator sees shapes and its own arguments, never a file, a neighbour or a line number. Its class is the only place
that knows it: the parser, the JSON Schema, `cnncalc ops`, the docs and editor completion read the class.
"""

from __future__ import annotations

import dataclasses
import inspect
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, TypeVar, dataclass_transform

from cnncalc.ops.arguments import Word, shown
from cnncalc.ops.foreign import SYSTEMS, Foreign
from cnncalc.values.axis import IDENTITY, WHOLE, Reach, Window, effective_kernel, named, same_padding
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.shape import Shape
from cnncalc.values.tensor import BIAS, BUFFER, WEIGHT, Tensor, elements
from cnncalc.values.work import NO_WORK, Count, MemoryAccess, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cnncalc.deployment.emitter import Emitter
    from cnncalc.ops.arguments import Kind
    from cnncalc.ops.foreign import Elsewhere

Shapes = tuple[Shape, ...]
INPUTS, OUTPUT, POSITIONS, MASK = "inputs", "output", "positions", "mask"
"""What a backward pass may need of the forward pass; `Operator.keeps` is a tuple of them."""
AxisValue = int | tuple[int, ...]


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

    `reads` counts the item's own input as 0 and the output of the n-th part as n; None is the part before it.
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
    (its sources lie beside each other in its channels), `moves` (False for a view), `sources` (how many inputs; None:
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
        self.__dict__["_hash"] = hash((self.name, self._values))
        self.check()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{self.name} is immutable")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{self.name} is immutable")

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, type(self)) and type(self) is type(other) and self._values == other._values
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

    def symbolic(self, values: dict[str, Any]) -> Self:
        """Return an unchecked copy whose arguments are other number-like values, for printing formulas."""
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy.__dict__.update((self.args[n].attribute if n in self.args else n, v) for n, v in values.items())
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

    def gates(self, ins: Shapes, outs: Shapes) -> tuple[int, ...]:
        """Return the inputs that only scale channels; the receptive field's spatial path ignores them."""
        return ()

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


class Layer(NamedTuple):
    """One layer that an operator stands for, on given shapes."""

    suffix: str
    op: Operator
    ins: Shapes
    outs: Shapes


def expanded(op: Operator, ins: Shapes) -> list[Layer]:
    """Return the layers that an operator stands for, itself if it is one layer, with their shapes.

    Raises:
        ArgumentError: one of them cannot act on its shapes.
    """
    layers: list[Layer] = []
    for suffix, part, reads in op.parts() or (Part("", op),):
        if reads is None:
            given = layers[-1].outs if layers else ins
        else:
            given = tuple(layers[n - 1].outs[0] if n else ins[0] for n in reads)
        layers.append(Layer(suffix, part, given, part.infer(given)))
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


# Helpers that families share.


def per_axis(value: AxisValue, rank: int, name: str) -> tuple[int, ...]:
    """Return one value per axis; raise ArgumentError for a list of another length."""
    if not isinstance(value, tuple):
        return (value,) * rank
    if len(value) != rank:
        raise ArgumentError(
            f"'{name}' has {len(value)} values for {rank} spatial ax{'is' if rank == 1 else 'es'}, got {shown(value)}",
            argument=name,
            hint="give one number for all axes, or one per axis",
        )
    return value


def pads(value: AxisValue, rank: int, name: str = "padding") -> tuple[tuple[int, int], ...]:
    """Return (before, after) per axis of a padding written as numbers."""
    if isinstance(value, tuple) and len(value) == 2 * rank:
        return tuple(zip(value[::2], value[1::2], strict=True))
    if isinstance(value, tuple) and len(value) != rank:
        raise ArgumentError(
            f"'{name}' has {len(value)} values for {rank} spatial ax{'is' if rank == 1 else 'es'}, got {shown(value)}",
            argument=name,
            hint=f"give 1, {rank} or {2 * rank} numbers",
        )
    return tuple((p, p) for p in per_axis(value, rank, name))


def spatial_rank(x: Shape, op: str) -> int:
    """Return the number of spatial axes of a map; raise ArgumentError for a vector."""
    if len(x) < 2:
        raise ArgumentError(
            f"{op} wants a map, got a vector of {x.channels} values",
            code="wrong-rank",
            hint=f"reshape it first, for example reshape: [{x.channels}, 1, 1]",
        )
    if len(x) > 4:
        raise ArgumentError(
            f"{op} wants a map of at most 3 spatial axes, got {x}",
            code="wrong-rank",
            hint="flatten some of its axes first",
        )
    return len(x) - 1


def only_rank(rank: int, x: Shape, op: str) -> None:
    """Raise ArgumentError unless a map has this many spatial axes."""
    if spatial_rank(x, op) != rank:
        raise ArgumentError(
            f"{op} acts on {'x'.join(('C', *AXES[rank]))} maps, got {x}",
            code="wrong-rank",
            hint="reshape the map to that rank first",
        )


def windows(  # noqa: PLR0917 - the field's order
    x: Shape,
    op: str,
    kernel: AxisValue,
    stride: AxisValue,
    dilation: AxisValue,
    padding: AxisValue | str,
) -> tuple[Window, ...]:
    """Return the sliding window of each spatial axis of x, padding words resolved against the map's size."""
    rank = spatial_rank(x, op)
    kernels = per_axis(kernel, rank, "kernel")
    strides = per_axis(stride, rank, "stride")
    dilations = per_axis(dilation, rank, "dilation")
    if isinstance(padding, str):
        amounts = tuple(
            _padding_word(padding, n, k, s, d, axis_name(axis, rank))
            for axis, (n, k, s, d) in enumerate(zip(x.spatial, kernels, strides, dilations, strict=True))
        )
    else:
        amounts = pads(padding, rank)
    return tuple(
        Window(k, s, d, before, after)
        for k, s, d, (before, after) in zip(kernels, strides, dilations, amounts, strict=True)
    )


def _padding_word(  # noqa: PLR0917 - the field's order
    word: str, size: int, kernel: int, stride: int, dilation: int, axis: str
) -> tuple[int, int]:
    if word == "valid":
        return 0, 0
    if word == "half":
        half = named("p", (dilation * (kernel - 1) + 1) // 2, axis)
        return half, half
    total = named("P", same_padding(size, kernel, stride, dilation), axis)
    small, large = total // 2, total - total // 2
    return (small, large) if word == "same" else (large, small)


AXES = {1: ("W",), 2: ("H", "W"), 3: ("D", "H", "W")}


def padding_apart(used: tuple[Window, ...], x: Shape, out: Shape, *, exact: bool = False) -> tuple[int, ...] | None:
    """Return the padding that neither VALID nor SAME of TensorFlow Lite gives, before and after on each axis, or None.

    SAME stands for every padding with its sizes, although it puts the odd position after; unless `exact`.
    """
    axes = list(zip(used, x.spatial, out.spatial, strict=True))
    if all(not w.before and not w.after for w in used):
        return None
    if not exact and all(o == -(-n // w.stride) for w, n, o in axes):
        return None
    needed = (max((o - 1) * w.stride + effective_kernel(w.kernel, w.dilation) - n - w.before, 0) for w, n, o in axes)
    amounts = [(w.before, after) for (w, _, _), after in zip(axes, needed, strict=True)]
    return tuple(n for pair in amounts for n in pair) if any(map(any, amounts)) else None


def starts_earlier(used: tuple[Window, ...], x: Shape, out: Shape) -> bool:
    """Return whether SAME of TensorFlow Lite has the sizes of a padding, but starts at another position."""
    if padding_apart(used, x, out) is not None or padding_apart(used, x, out, exact=True) is None:
        return False
    axes = zip(used, x.spatial, out.spatial, strict=True)
    return any(
        w.before != max((o - 1) * w.stride + effective_kernel(w.kernel, w.dilation) - n, 0) // 2 for w, n, o in axes
    )


def axis_name(axis: int, rank: int) -> str:
    """Return the usual letter of a spatial axis."""
    return AXES[rank][axis] if rank in AXES else f"axis {axis}"


def fitting(sizes: tuple[int, ...], x: Shape, used: tuple[Window, ...], op: str) -> tuple[int, ...]:
    """Return the output extents, or raise ArgumentError naming the axis on which no window fits."""
    for axis, (out, window) in enumerate(zip(sizes, used, strict=True)):
        if out < 1:
            size = x.spatial[axis]
            span = window.dilation * (window.kernel - 1) + 1
            raise ArgumentError(
                f"{op} does not fit: on {axis_name(axis, len(used))} the window spans {span} "
                f"but the padded input has {size} + {window.before} + {window.after} = "
                f"{size + window.before + window.after}, input {x}",
                argument="kernel",
                code="window-does-not-fit",
                hint="use a smaller kernel or dilation, more padding, or a larger input",
            )
    return sizes


# The registry.

_lock = threading.Lock()
_plugin_lock = threading.Lock()
_broken: dict[str, str] = {}
_by_name: dict[str, type[Operator]] = {}
_plugins_loaded = False
OperatorClass = TypeVar("OperatorClass", bound=type[Operator])


def register(name: str, *, aliases: tuple[str, ...] = ()) -> Callable[[OperatorClass], OperatorClass]:
    """Make an operator class known under a name and its aliases.

    Raises:
        ValueError: a name is taken by another class, or is not a spec name.
    """

    def decorate(cls: OperatorClass) -> OperatorClass:
        with _lock:
            for word in (name, *aliases):
                if not word.isidentifier():
                    raise ValueError(f"operator name {word!r} is not of the form [A-Za-z_][A-Za-z0-9_]*")
                taken = _by_name.get(word)
                if taken is not None:
                    raise ValueError(f"operator name {word!r} is taken by {taken.__module__}.{taken.__qualname__}")
            cls.name = name
            cls.aliases = aliases
            cls.elsewhere = vars(cls).get("elsewhere", {})
            for word in (name, *aliases):
                _by_name[word] = cls
        return cls

    return decorate


def load_plugins() -> None:
    """Load the operators that installed packages announce under the entry-point group `cnncalc.operators`, once.

    A package that cannot be loaded, or wants the name of another operator, is left out; `broken_plugins` says why.
    """
    global _plugins_loaded  # noqa: PLW0603 - part of the registry
    with _plugin_lock:
        if _plugins_loaded:
            return
        from importlib.metadata import entry_points

        for entry in entry_points(group="cnncalc.operators"):
            try:
                loaded = entry.load()
                if isinstance(loaded, type) and issubclass(loaded, Operator) and not loaded.name:
                    register(entry.name)(loaded)
            except Exception as error:  # noqa: BLE001 - whatever a package does, the built-in operators still work
                _broken[entry.name] = f"{type(error).__name__}: {error}"
        _plugins_loaded = True


def broken_plugins() -> dict[str, str]:
    """Return the announced operators that could not be loaded, each with the reason."""
    load_plugins()
    return dict(_broken)


def find(name: str) -> type[Operator] | None:
    """Return the operator class of a name or alias, looking at installed plug-ins for an unknown one."""
    found = _by_name.get(name)
    if found is None and not _plugins_loaded:
        load_plugins()
        found = _by_name.get(name)
    return found


def built_in(name: str) -> type[Operator] | None:
    """Return the operator class of a name or alias that comes with cnncalc; no plug-in is looked at."""
    found = _by_name.get(name)
    return found if found is not None and found.__module__.startswith("cnncalc.ops.") else None


def operators() -> Iterator[type[Operator]]:
    """Yield every operator class once, built-in ones first, in the order of their families."""
    load_plugins()
    yield from dict.fromkeys(_by_name.values())


def names() -> list[str]:
    """Return every name and alias that a spec may use."""
    load_plugins()
    return list(_by_name)


def by_foreign_name(system: str, name: str) -> tuple[tuple[type[Operator], Foreign], ...]:
    """Return the operators that a name of another system may stand for, built-in ones first.

    There are several where constants tell them apart: ONNX's Clip is relu6 or hardtanh. An unknown name has none.

    Raises:
        ValueError: there is no such system.
    """
    if system not in SYSTEMS:
        raise ValueError(f"there is no system {system!r} (one of {', '.join(SYSTEMS)})")
    return tuple((cls, said) for cls in operators() for said in cls.elsewhere.get(system, ()) if name in said.names())
