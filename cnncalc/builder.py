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
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NewType

from cnncalc.builder_lists import MODIFIERS, Branches, DeclaredBlock, Handle, LayerList, OpenLists, Source, plain
from cnncalc.language.document import Spec
from cnncalc.language.standard import standard_block
from cnncalc.language.template import FORMAT
from cnncalc.language.write import ordered
from cnncalc.ops import base as ops
from cnncalc.ops.hints import operator_hint
from cnncalc.values.diagnostics import did_you_mean
from cnncalc.values.files import write_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from os import PathLike

    from cnncalc.api import Input
    from cnncalc.builder_ops import OperatorMethods
    from cnncalc.results.report import Report
else:

    class OperatorMethods:
        """The operators as methods; type checkers and editors read them from `builder_ops.pyi`."""


__all__ = ["Branches", "DeclaredBlock", "Handle", "Network", "Source", "Word", "word"]

Word = NewType("Word", str)
"""A `$name` in place of a word."""


def word(name: str) -> Word:
    """Return what passes a block's parameter or a variable on where the spec wants a word: `act=word("act")`."""
    return Word(f"${name}")


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
        self._inputs: dict[str, object] = {"inputs": plain(inputs)} if inputs is not None else {"input": plain(input)}
        self._blocks: dict[str, dict[str, object]] = {}
        self._outputs: object = None
        self._lists = OpenLists()

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
            item = self._lists.append(operator, self._lists.modifiers(arguments))
            item.arguments = {key: plain(value) for key, value in arguments.items()} or (main[0] if main else None)
            return Handle(item)
        if cls is None and "std" in self.use and (block := standard_block(operator)) is not None:
            return DeclaredBlock(self._lists, operator, tuple(block))(*main, **arguments)
        if cls is None:
            hint = operator_hint(operator)
            raise TypeError(f"no operator is called '{operator}'; {hint}")
        if cls.sources is None:
            return self._lists.merge(cls, main, arguments)
        if len(main) > 1 or (main and cls.main is None):
            limit = "one value" if cls.main else "no value"
            raise TypeError(f"{cls.name} takes {limit} without a name, got {len(main)}")
        return self._lists.call(cls.name, cls.main, cls.spellings, main, arguments)

    @contextmanager
    def residual(self, **modifiers: Any) -> Iterator[None]:
        """Add what is built inside to its own input: `add` with the paths `body` and `skip`, the identity."""
        paths = self._lists.merge(_class("add"), (), modifiers)
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
        if self._lists.nested:
            raise ValueError(f"block '{name}' is declared inside another block or path; declare it before")
        declared: dict[str, object] = {}
        if inputs:
            declared["inputs"] = list(inputs)
        if params:
            declared["params"] = {key: plain(value) for key, value in params.items()}
        if outputs:
            declared["outputs"] = list(outputs)
        scope = declared["layers"] = LayerList(opaque=True)
        self._blocks[name] = declared
        with self._lists.opened(scope):
            yield DeclaredBlock(self._lists, name, tuple(params))

    def outputs(self, *sources: Source, **named: Source) -> None:
        """Say which layers are the network's outputs, each under its label or under a name of its own."""
        labels = [self._lists.label(source, prev=False) for source in sources]
        if named:
            others = {name: self._lists.label(source, prev=False) for name, source in named.items()}
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
        found.update({key: plain(value) for key, value in parts.items() if value})
        if self._blocks:
            found["blocks"] = {
                name: {key: part.written() if isinstance(part, LayerList) else part for key, part in declared.items()}
                for name, declared in self._blocks.items()
            }
        found["layers"] = self._lists.body.written()
        if self._outputs:
            found["outputs"] = self._outputs
        if self.budgets:
            found["budgets"] = plain(self.budgets)
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
        return f"<Network {self.name or 'unnamed'}: {len(self._lists.body.items)} items>"


def _class(name: str) -> type[ops.Operator]:
    cls = ops.find(name)
    assert cls is not None, name  # noqa: S101 - a built-in
    return cls


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
