"""Networks in Python: each call adds a layer, `with` opens a path or a block, and the result is exactly a spec.

    net = Network("tiny", input=[3, 32, 32])
    net.defaults["conv"] = {"padding": "half", "norm": "batch_norm", "act": "relu"}
    net.conv(32, kernel=3)
    with net.add() as paths:
        with paths("body"):
            net.conv(32, kernel=3)
            net.conv(32, kernel=3, act="none")
        paths.identity("skip")
    net.relu()
    net.analyze()

Layers are methods named after the operators; their arguments are those of the spec language, expressions as strings.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NewType, Self, TypeAlias

from cnncalc.language.document import Spec
from cnncalc.language.standard import standard_block
from cnncalc.language.template import FORMAT
from cnncalc.language.write import ordered
from cnncalc.ops import base as ops
from cnncalc.ops.hints import operator_hint
from cnncalc.values.diagnostics import did_you_mean
from cnncalc.values.files import write_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from os import PathLike

    from cnncalc.api import Input
    from cnncalc.builder_ops import OperatorMethods
    from cnncalc.results.report import Report
else:

    class OperatorMethods:
        """The operators as methods; type checkers and editors read them from `builder_ops.pyi`."""


Word = NewType("Word", str)
"""A `$name` in place of a word."""

MODIFIERS = {
    "from_": "from", "each": "each", "repeat": "repeat", "first": "first", "tied": "tied", "when": "when",
    "share": "share", "label": "as", "accept": "accept", "bits": "bits", "density": "density",
}  # fmt: skip
"""Modifiers by the name of their Python argument, in the order in which they are written."""


PATH_MODIFIERS = {
    "from_": "from", "when": "when", "branches": "branches", "repeat": "repeat", "keep": "keep", "tied": "tied",
    "accept": "accept",
}  # fmt: skip
"""What may stand beside the layers of a path, likewise."""


def word(name: str) -> Word:
    """Return what passes a block's parameter or a variable on where the spec wants a word: `act=word("act")`."""
    return Word(f"${name}")


class Handle:
    """A layer that was added; use it wherever a label may stand. `handle[1]` is the second of several outputs."""

    def __init__(self, item: _Item, output: int | None = None) -> None:
        self._item = item
        self._output = output

    def __getitem__(self, output: int) -> Handle:
        """Return one of several outputs, from 0."""
        if not isinstance(output, int) or output < 0:
            raise IndexError(f"outputs are numbered from 0, got {output!r}")
        return Handle(self._item, output)

    @property
    def label(self) -> str:
        """Its label; given to the layer now if it has none, and equal to its automatic name then."""
        labels = self._item.modifiers.get("label")
        if isinstance(labels, list) and self._output is not None and self._output < len(labels):
            return str(labels[self._output])
        own = self._item.reference()
        return own if self._output is None else f"{own}:{self._output}"

    def __repr__(self) -> str:
        return f"<Handle {self._item.key}>"


Source: TypeAlias = Handle | str


class Branches(Handle):
    """A merge whose paths are being written: `with paths("body"): ...` opens one, `paths.identity("skip")` is empty."""

    def __init__(self, item: _Item, network: Network) -> None:
        super().__init__(item)
        self._network = network

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    @contextmanager
    def __call__(self, name: str, **modifiers: Any) -> Iterator[None]:
        """Open the path of this name: layers that are added inside belong to it, the first reads the merge's input.

        Args:
            name: the path's name.
            modifiers: what stands beside its layers: from_, when, branches, repeat, keep, tied, accept.

        Raises:
            TypeError: a path has no such modifier.
            ValueError: there is a path of this name already.
        """
        for given in modifiers:
            if given not in PATH_MODIFIERS:
                known = f"a path has {', '.join(PATH_MODIFIERS)}"
                raise TypeError(f"a path has no '{given}'; {did_you_mean(given, PATH_MODIFIERS, known)}")
        if "from_" in modifiers:
            modifiers["from_"] = self._network._labels(modifiers["from_"])  # noqa: SLF001 - two halves of one builder
        scope = _Scope(beside={key: _plain(value) for key, value in modifiers.items() if value is not None})
        with self._network._opened(self._claim(name, scope)):  # noqa: SLF001
            yield

    def identity(self, name: str) -> None:
        """Add an empty path: the merge's input as it is."""
        self._claim(name, _Scope())

    def source(self, name: str, source: Source) -> None:
        """Add another layer's output as the path of this name."""
        self._claim(name, self._network._label(source))  # noqa: SLF001

    def _claim(self, name: str, path: _Scope | str) -> Any:
        if name in self._item.paths:
            raise ValueError(f"{self._item.key} has two paths '{name}'")
        self._item.paths[name] = path
        return path


class DeclaredBlock:
    """A block that was declared; call it like an operator: `bottleneck(64, repeat=3)`."""

    def __init__(self, network: Network, name: str, parameters: Sequence[str]) -> None:
        self._network = network
        self._name = name
        self._parameters = tuple(parameters)

    def __call__(self, *main: object, **arguments: Any) -> Handle:
        """Add a call of the block: its first parameter bare or by name, the others by name, and modifiers.

        Raises:
            TypeError: it has no such parameter.
        """
        if len(main) > 1 or (main and not self._parameters):
            raise TypeError(f"block '{self._name}' takes {len(self._parameters[:1])} value without a name")
        first = self._parameters[0] if self._parameters else None
        return self._network._call(self._name, first, dict.fromkeys(self._parameters), main, arguments)  # noqa: SLF001

    def __repr__(self) -> str:
        return f"<DeclaredBlock {self._name}>"


@dataclass(eq=False, slots=True)
class _Item:
    """One entry of a list of layers, before it is written."""

    key: str
    scope: _Scope
    arguments: object = None
    modifiers: dict[str, object] = field(default_factory=dict)
    paths: dict[str, _Scope | str] = field(default_factory=dict)
    beside: dict[str, object] = field(default_factory=dict)

    def reference(self) -> str:
        labels = self.modifiers.get("label")
        if labels is None:
            same = [item for item in self.scope.items if item.key == self.key]
            labels = self.modifiers["label"] = f"{self.key}{same.index(self) + 1}"
        if isinstance(labels, list):
            listed = ", ".join(labels)
            raise ValueError(f"{self.key} has several labels, {listed}: name one of them")  # noqa: TRY004 - a value
        return str(labels)

    def written(self) -> object:
        """Return the entry as a spec has it."""
        arguments = {name: p if isinstance(p, str) else p.path() for name, p in self.paths.items()} or self.arguments
        modifiers = {word: self.modifiers[name] for name, word in MODIFIERS.items() if name in self.modifiers}
        if arguments is None and not modifiers and not self.beside:
            return self.key
        return {self.key: arguments, **self.beside, **modifiers}


@dataclass(eq=False, slots=True)
class _Scope:
    """One list of layers; labels inside a closed one cannot be seen from outside."""

    items: list[_Item] = field(default_factory=list)
    opaque: bool = False
    beside: dict[str, object] = field(default_factory=dict)

    def path(self) -> object:
        """Return it as a path of a merge: a mapping where something stands beside its layers."""
        if not self.beside:
            return self.written()
        return {"layers": self.written(), **{PATH_MODIFIERS[name]: value for name, value in self.beside.items()}}

    def written(self) -> list[object]:
        return [item.written() for item in self.items]


class Network(OperatorMethods):
    """A network under construction: every operator is a method, `net.conv(64, kernel=3)`; `block` declares blocks.

    Attributes:
        name: its name.
        source: its citation.
        vars: named numbers and words.
        variants: named sets of values for some of the vars.
        defaults: arguments by operator that hold where they are not given.
        budgets: limits for `cnncalc check`.
        use: `std` makes the shipped blocks known: `net.layer("basic", 64)`.
        accept: codes of warnings that are meant.
        bits: widths of its numbers.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        input: Sequence[int | str] | None = None,  # noqa: A002 - the spec's own word
        inputs: Mapping[str, Sequence[int | str]] | None = None,
        source: str | None = None,
        vars: Mapping[str, object] | None = None,  # noqa: A002 - the spec's own word
        variants: Mapping[str, Mapping[str, object]] | None = None,
        defaults: Mapping[str, Mapping[str, object]] | None = None,
        budgets: Mapping[str, object] | None = None,
        use: Sequence[str] = (),
        accept: Sequence[str] = (),
        bits: Mapping[str, object] | None = None,
    ) -> None:
        """Start a network.

        Args:
            name: its name.
            input: the input's shape without the batch, `[C, H, W]`.
            inputs: several inputs by name instead.
            source: the citation.
            vars: named numbers and words; expressions in arguments use them.
            variants: named sets of values for some of the vars.
            defaults: arguments by operator that hold where they are not given.
            budgets: limits for `cnncalc check`.
            use: `["std"]` makes the shipped blocks known.
            accept: codes of warnings that are meant.
            bits: widths of its numbers, `{"weights": 8, "activations": 8}`.

        Raises:
            TypeError: neither or both of input and inputs.
        """
        if (input is None) == (inputs is None):
            raise TypeError("a network has input=[C, H, W] or inputs={name: [C, H, W], ...}")
        self.name = name
        self.source = source
        self.vars = dict(vars or {})
        self.variants = {key: dict(changes) for key, changes in (variants or {}).items()}
        self.defaults = {key: dict(arguments) for key, arguments in (defaults or {}).items()}
        self.budgets = dict(budgets or {})
        self.use = list(use)
        self.accept = list(accept)
        self.bits = dict(bits or {})
        self._inputs: dict[str, object] = {"inputs": _plain(inputs)} if inputs is not None else {"input": _plain(input)}
        self._blocks: dict[str, dict[str, object]] = {}
        self._outputs: object = None
        self._body = _Scope()
        self._open = [self._body]

    # Layers.

    def layer(self, operator: str, *main: object, **arguments: Any) -> Handle:
        """Add a layer by its operator's name, also an alias or one of a plug-in, or a call of a shipped block.

        Args:
            operator: the operator, the shipped block (with `use=["std"]`), or `$name` of a word that names one.
            main: its main argument, or the sources of a merge.
            arguments: its arguments, and modifiers: label, from_, each, repeat, first, tied, when, share, accept.

        Raises:
            TypeError: there is no such operator, or it has no such argument.
            ValueError: a source cannot be seen from here.
        """
        cls = ops.find(operator)
        if operator.startswith("$"):
            item = self._append(operator, self._modifiers(arguments))
            item.arguments = {key: _plain(value) for key, value in arguments.items()} or (main[0] if main else None)
            return Handle(item)
        if cls is None and "std" in self.use and (block := standard_block(operator)) is not None:
            return DeclaredBlock(self, operator, tuple(block))(*main, **arguments)
        if cls is None:
            hint = operator_hint(operator)
            raise TypeError(f"no operator is called '{operator}'; {hint}")
        if cls.sources is None:
            return self._merge(cls, main, arguments)
        if len(main) > 1 or (main and cls.main is None):
            limit = "one value" if cls.main else "no value"
            raise TypeError(f"{cls.name} takes {limit} without a name, got {len(main)}")
        return self._call(cls.name, cls.main, cls.spellings, main, arguments)

    @contextmanager
    def residual(self, **modifiers: Any) -> Iterator[None]:
        """Add what is built inside to its own input: `add` with the paths `body` and `skip`, the identity."""
        paths = self._merge(_class("add"), (), modifiers)
        assert isinstance(paths, Branches)  # noqa: S101 - a merge without sources
        with paths("body"):
            yield
        paths.identity("skip")

    @contextmanager
    def block(self, name: str, *, inputs: Sequence[str] = (), outputs: Sequence[str] = (),
              **params: object) -> Iterator[DeclaredBlock]:  # fmt: skip
        """Declare a block: layers that are added inside belong to it, the first reads its first input.

        Args:
            name: its name.
            inputs: names of its inputs; one, `x`, if there are none.
            outputs: labels of its outputs; its last layer, if there are none.
            params: its parameters with their defaults; None for one that a call must give.

        Raises:
            ValueError: there is a block of this name, or a path or block is open.
        """
        if name in self._blocks:
            raise ValueError(f"there are two blocks '{name}'")
        if len(self._open) > 1:
            raise ValueError(f"block '{name}' is declared inside another block or path; declare it before")
        declared: dict[str, object] = {}
        if inputs:
            declared["inputs"] = list(inputs)
        if params:
            declared["params"] = {key: _plain(value) for key, value in params.items()}
        if outputs:
            declared["outputs"] = list(outputs)
        scope = declared["layers"] = _Scope(opaque=True)
        self._blocks[name] = declared
        with self._opened(scope):
            yield DeclaredBlock(self, name, tuple(params))

    def outputs(self, *sources: Source, **named: Source) -> None:
        """Say which layers are the network's outputs, each under its label or under a name of its own."""
        labels = [self._label(source, prev=False) for source in sources]
        if named:
            others = {name: self._label(source, prev=False) for name, source in named.items()}
            self._outputs = {**dict(zip(labels, labels, strict=True)), **others}
        else:
            self._outputs = labels

    if not TYPE_CHECKING:  # type checkers know the operators, and that nothing else is there

        def __getattr__(self, name: str) -> Callable[..., Handle]:
            cls = None if name.startswith("_") else ops.find(name)
            if cls is None:
                hint = did_you_mean(name, [*ops.names(), *self.__class__.__dict__]) or "cnncalc ops lists the operators"
                raise AttributeError(f"a network has no '{name}'; {hint}")

            def add(*main: object, **arguments: Any) -> Handle:
                return self.layer(name, *main, **arguments)

            add.__name__, add.__doc__ = name, cls.__doc__
            add.__signature__ = _signature(cls)
            return add

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(cls.name for cls in ops.operators())})

    # What it is.

    def to_dict(self) -> dict[str, object]:
        """Return the spec as plain data, in the form of the YAML."""
        found: dict[str, object] = {"cnncalc": FORMAT}
        parts = {
            "name": self.name, "source": self.source, **self._inputs, "vars": self.vars, "variants": self.variants,
            "defaults": self.defaults, "use": self.use, "accept": self.accept, "bits": self.bits,
        }  # fmt: skip
        found.update({key: _plain(value) for key, value in parts.items() if value})
        if self._blocks:
            found["blocks"] = {
                name: {key: part.written() if isinstance(part, _Scope) else part for key, part in declared.items()}
                for name, declared in self._blocks.items()
            }
        found["layers"] = self._body.written()
        if self._outputs:
            found["outputs"] = self._outputs
        if self.budgets:
            found["budgets"] = _plain(self.budgets)
        return found

    def spec(self) -> Spec:
        """Return the spec.

        Raises:
            SpecError: it is wrong.
        """
        return Spec(self.to_dict())

    def to_yaml(self) -> str:
        """Return the spec as text that reads as if written by hand.

        Raises:
            SpecError: it is wrong.
        """
        return self.spec().to_yaml()

    def save(self, file: str | PathLike[str]) -> None:
        """Write the spec to a file.

        Raises:
            SpecError: it is wrong; nothing is written then.
            OSError: the file cannot be written; what stood there stays.
        """
        text = self.to_yaml()
        write_file(file, text)

    def analyze(
        self,
        *,
        input: Input | None = None,  # noqa: A002 - the spec's own word
        variant: str | None = None,
        variables: Mapping[str, object] | None = None,
        convention: str = "exact",
        dtype: str = "fp32",
        batch: int = 1,
    ) -> Report:
        """Return everything known about the network; arguments and errors are those of `cnncalc.analyze`."""
        from cnncalc.api import analyze

        return analyze(
            self.spec(),
            input=input,
            variant=variant,
            variables=variables,
            convention=convention,
            dtype=dtype,
            batch=batch,
        )

    def __repr__(self) -> str:
        return f"<Network {self.name or 'unnamed'}: {len(self._body.items)} items>"

    # Building.

    @contextmanager
    def _opened(self, scope: _Scope) -> Iterator[None]:
        self._open.append(scope)
        depth = len(self._open)
        try:
            yield
        finally:
            del self._open[depth - 1 :]

    def _append(self, key: str, modifiers: dict[str, object]) -> _Item:
        item = _Item(key, self._open[-1], modifiers=modifiers)
        self._open[-1].items.append(item)
        return item

    def _modifiers(self, arguments: dict[str, Any]) -> dict[str, object]:
        """Take the modifiers out of the arguments of a call."""
        found = {name: arguments.pop(name) for name in MODIFIERS if name in arguments}
        if found.get("share") is not None:
            found["share"] = self._shared(found["share"])
        if found.get("from_") is not None:
            found["from_"] = self._labels(found["from_"])
            if found["from_"] == "prev":
                del found["from_"]
        return {name: _plain(value) for name, value in found.items() if value is not None}

    def _call(self, key: str, main: str | None, known: Mapping[str, object], bare: tuple[object, ...],
              arguments: dict[str, Any]) -> Handle:  # fmt: skip
        """Add an operator or a block call with arguments."""
        modifiers = self._modifiers(arguments)
        for name in arguments:
            if name not in known:
                hint = did_you_mean(name, [*known, *MODIFIERS], f"it has {', '.join(known) or 'none'}")
                raise TypeError(f"{key} has no argument '{name}'; {hint}")
        given = {
            name: self._label(value, prev=False) if isinstance(value, Handle) else _plain(value)
            for name, value in arguments.items()
        }
        if bare and main is not None:
            if main in given:
                raise TypeError(f"{key} is given '{main}' twice")
            given = {main: _plain(bare[0]), **given}
        item = self._append(key, modifiers)
        alone = main is not None and list(given) == [main] and not isinstance(given[main], Mapping | None)
        item.arguments = given[main] if alone and main is not None else given or None
        return Handle(item)

    def _merge(self, cls: type[ops.Operator], sources: tuple[object, ...], arguments: dict[str, Any]) -> Handle:
        modifiers = self._modifiers(arguments)
        for name in arguments:
            if name not in cls.spellings:
                raise TypeError(f"{cls.name} has no argument '{name}'; give sources, or open paths")
        beside = {name: _plain(value) for name, value in arguments.items()}
        labels = [self._label(source) for source in sources]
        item = self._append(cls.name, modifiers)
        item.beside = beside
        if not sources:
            return Branches(item, self)
        item.arguments = labels
        return Handle(item)

    def _labels(self, given: object) -> object:
        if isinstance(given, Handle | str):
            return self._label(given)
        return [self._label(source) for source in given]  # type: ignore[attr-defined]

    def _shared(self, given: object) -> str:
        """Return the label for `share:`; any of several names the call."""
        if isinstance(given, Handle) and given._output is None:  # noqa: SLF001 - two halves of one builder
            labels = given._item.modifiers.get("label")  # noqa: SLF001
            if isinstance(labels, list):
                return str(labels[0])
        return self._label(given, prev=False)

    def _label(self, source: object, *, prev: bool = True) -> str:
        """Return the label of a source; for the layer before it is `prev`, where that may stand."""
        if isinstance(source, str):
            return source
        if not isinstance(source, Handle):
            raise TypeError(f"a source is a layer or a label, got {source!r}")
        item = source._item  # noqa: SLF001
        for scope in reversed(self._open):
            if item.scope is scope:
                last = prev and scope is self._open[-1] and scope.items[-1] is item
                return "prev" if last and source._output is None else source.label  # noqa: SLF001
            if scope.opaque:
                break
        raise ValueError(f"{item.key} cannot be seen from here: it is inside a path or block, or of another network")


def _class(name: str) -> type[ops.Operator]:
    cls = ops.find(name)
    assert cls is not None, name  # noqa: S101 - a built-in
    return cls


def _plain(value: object) -> object:
    """Return a value with every sequence a list and every mapping a dict, as a spec has it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(inner) for inner in value]
    return value


def _signature(cls: type[ops.Operator]) -> inspect.Signature:
    """Return the signature of an operator's method, for help and completion in notebooks."""
    keyword, optional = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    found = []
    if cls.sources is None:
        found.append(inspect.Parameter("sources", inspect.Parameter.VAR_POSITIONAL))
    for declared in ordered(cls):
        default = None if declared.required else declared.default
        found.append(inspect.Parameter(declared.name, optional if declared.main else keyword, default=default))
    found += [inspect.Parameter(name, keyword, default=None) for name in MODIFIERS]
    return inspect.Signature(found)
