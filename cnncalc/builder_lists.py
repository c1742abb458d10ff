"""The lists of layers of a network that is built in Python: entries, paths, block calls, and what each may refer to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from cnncalc.values.diagnostics import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.ops.operator import Operator

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


class Handle:
    """A layer that was added; use it wherever a label may stand. `handle[1]` is the second of several outputs."""

    def __init__(self, item: LayerEntry, output: int | None = None) -> None:
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

    def __init__(self, item: LayerEntry, lists: OpenLists) -> None:
        super().__init__(item)
        self._lists = lists

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
            modifiers["from_"] = self._lists.labels(modifiers["from_"])
        scope = LayerList(beside={key: plain(value) for key, value in modifiers.items() if value is not None})
        with self._lists.opened(self._claim(name, scope)):
            yield

    def identity(self, name: str) -> None:
        """Add an empty path: the merge's input as it is."""
        self._claim(name, LayerList())

    def source(self, name: str, source: Source) -> None:
        """Add another layer's output as the path of this name."""
        self._claim(name, self._lists.label(source))

    def _claim(self, name: str, path: LayerList | str) -> Any:
        if name in self._item.paths:
            raise ValueError(f"{self._item.key} has two paths '{name}'")
        self._item.paths[name] = path
        return path


class DeclaredBlock:
    """A block that was declared; call it like an operator: `bottleneck(64, repeat=3)`."""

    def __init__(self, lists: OpenLists, name: str, parameters: Sequence[str]) -> None:
        self._lists = lists
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
        return self._lists.call(self._name, first, dict.fromkeys(self._parameters), main, arguments)

    def __repr__(self) -> str:
        return f"<DeclaredBlock {self._name}>"


@dataclass(eq=False, slots=True)
class LayerEntry:
    """One entry of a list of layers, before it is written."""

    key: str
    scope: LayerList
    arguments: object = None
    modifiers: dict[str, object] = field(default_factory=dict)
    paths: dict[str, LayerList | str] = field(default_factory=dict)
    beside: dict[str, object] = field(default_factory=dict)

    def reference(self) -> str:
        """Return its label; its automatic name, given to it now, where it has none."""
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
class LayerList:
    """One list of layers; labels inside a closed one cannot be seen from outside."""

    items: list[LayerEntry] = field(default_factory=list)
    opaque: bool = False
    beside: dict[str, object] = field(default_factory=dict)

    def path(self) -> object:
        """Return it as a path of a merge: a mapping where something stands beside its layers."""
        if not self.beside:
            return self.written()
        return {"layers": self.written(), **{PATH_MODIFIERS[name]: value for name, value in self.beside.items()}}

    def written(self) -> list[object]:
        """Return it as a spec has it."""
        return [item.written() for item in self.items]


class OpenLists:
    """The lists that layers are being added to, the innermost last.

    Attributes:
        body: the network's own.
    """

    def __init__(self) -> None:
        self.body = LayerList()
        self._open = [self.body]

    @property
    def nested(self) -> bool:
        """Whether a path or a block is open."""
        return len(self._open) > 1

    @contextmanager
    def opened(self, scope: LayerList) -> Iterator[None]:
        """Add what is added inside to a list of its own."""
        self._open.append(scope)
        depth = len(self._open)
        try:
            yield
        finally:
            del self._open[depth - 1 :]

    def append(self, key: str, modifiers: dict[str, object]) -> LayerEntry:
        """Add an entry to the innermost list."""
        item = LayerEntry(key, self._open[-1], modifiers=modifiers)
        self._open[-1].items.append(item)
        return item

    def modifiers(self, arguments: dict[str, Any]) -> dict[str, object]:
        """Take the modifiers out of the arguments of a call."""
        found = {name: arguments.pop(name) for name in MODIFIERS if name in arguments}
        if found.get("share") is not None:
            found["share"] = self.shared(found["share"])
        if found.get("from_") is not None:
            found["from_"] = self.labels(found["from_"])
            if found["from_"] == "prev":
                del found["from_"]
        return {name: plain(value) for name, value in found.items() if value is not None}

    def call(self, key: str, main: str | None, known: Mapping[str, object], bare: tuple[object, ...],
             arguments: dict[str, Any]) -> Handle:  # fmt: skip
        """Add an operator or a block call with arguments."""
        modifiers = self.modifiers(arguments)
        for name in arguments:
            if name not in known:
                hint = did_you_mean(name, [*known, *MODIFIERS], f"it has {', '.join(known) or 'none'}")
                raise TypeError(f"{key} has no argument '{name}'; {hint}")
        given = {
            name: self.label(value, prev=False) if isinstance(value, Handle) else plain(value)
            for name, value in arguments.items()
        }
        if bare and main is not None:
            if main in given:
                raise TypeError(f"{key} is given '{main}' twice")
            given = {main: plain(bare[0]), **given}
        item = self.append(key, modifiers)
        alone = main is not None and list(given) == [main] and not isinstance(given[main], Mapping | None)
        item.arguments = given[main] if alone and main is not None else given or None
        return Handle(item)

    def merge(self, cls: type[Operator], sources: tuple[object, ...], arguments: dict[str, Any]) -> Handle:
        """Add a merge of sources; without any its paths are to be opened."""
        modifiers = self.modifiers(arguments)
        for name in arguments:
            if name not in cls.spellings:
                raise TypeError(f"{cls.name} has no argument '{name}'; give sources, or open paths")
        beside = {name: plain(value) for name, value in arguments.items()}
        labels = [self.label(source) for source in sources]
        item = self.append(cls.name, modifiers)
        item.beside = beside
        if not sources:
            return Branches(item, self)
        item.arguments = labels
        return Handle(item)

    def labels(self, given: object) -> object:
        """Return the label of a source, or those of several."""
        if isinstance(given, Handle | str):
            return self.label(given)
        return [self.label(source) for source in given]  # type: ignore[attr-defined]

    def shared(self, given: object) -> str:
        """Return the label for `share:`; any of several names the call."""
        if isinstance(given, Handle) and given._output is None:  # noqa: SLF001 - two halves of one builder
            labels = given._item.modifiers.get("label")  # noqa: SLF001
            if isinstance(labels, list):
                return str(labels[0])
        return self.label(given, prev=False)

    def label(self, source: object, *, prev: bool = True) -> str:
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


def plain(value: object) -> object:
    """Return a value with every sequence a list and every mapping a dict, as a spec has it."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(inner) for inner in value]
    return value
