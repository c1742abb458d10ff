"""Which names a file has: what is declared where, where it is used, and where it holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.language.tree import Map, Node, Scalar
    from cnncalc.values.diagnostics import Span

STD = "std"


class Symbol(NamedTuple):
    """A thing that has a name.

    Attributes:
        kind: label, block, variable, parameter, input or value (a column of `each:`).
        name: its name.
        file: the absolute path of the file that declares it; `std` for the shipped blocks.
        scope: where it holds: the place of the list of layers, or the name of the block; empty for the whole file.
    """

    kind: str
    name: str
    file: str
    scope: str = ""


class Occurrence(NamedTuple):
    """A place where a name stands."""

    symbol: Symbol
    span: Span
    declares: bool


@dataclass(slots=True, eq=False)
class NameScope:
    """A piece of a file in which names hold.

    Attributes:
        parent: the scope around it.
        opaque: labels from outside do not hold in it: it is a block.
        first, last: its lines.
        labels: what `from:` may name, in the file's order.
        values: what expressions and `$name` may name.
    """

    parent: NameScope | None
    opaque: bool
    first: int
    last: int
    block: str = ""
    labels: dict[str, Symbol] = field(default_factory=dict)
    values: dict[str, Symbol] = field(default_factory=dict)

    def label(self, name: str) -> Symbol | None:
        """Return the label or input of a name."""
        scope: NameScope | None = self
        while scope is not None:
            if name in scope.labels:
                return scope.labels[name]
            scope = None if scope.opaque else scope.parent
        return None

    def value(self, name: str) -> Symbol | None:
        """Return the variable, parameter or walked value of a name."""
        scope: NameScope | None = self
        while scope is not None:
            if name in scope.values:
                return scope.values[name]
            scope = scope.parent
        return None

    def all_labels(self) -> dict[str, Symbol]:
        """Return every label that holds here, the nearest first."""
        outer = self.parent.all_labels() if self.parent is not None and not self.opaque else {}
        return {**self.labels, **{name: symbol for name, symbol in outer.items() if name not in self.labels}}

    def all_values(self) -> dict[str, Symbol]:
        """Return every value that holds here, the nearest first."""
        outer = self.parent.all_values() if self.parent is not None else {}
        return {**self.values, **{name: symbol for name, symbol in outer.items() if name not in self.values}}


@dataclass(slots=True, eq=False)
class BlockName:
    """A block that can be called.

    Attributes:
        symbol: what it is.
        key: its name where it is declared.
        params: its parameters, each with its default; None for a required one.
        node: its body.
    """

    symbol: Symbol
    key: Scalar
    params: dict[str, tuple[Scalar, Node | None]]
    node: Map

    def parameter(self, name: str) -> Symbol:
        """Return one of its parameters."""
        return Symbol("parameter", name, self.symbol.file, self.symbol.name)

@dataclass(slots=True, eq=False)
class SymbolTable:
    """The names of one file.

    Attributes:
        file: its absolute path.
        root: its tree.
        whole: the scope of the file.
        blocks: the blocks that it can call, its own and those of the files that it uses.
        used: the absolute paths of these files, by what it writes.
        scopes: every scope, outer ones first.
        occurrences: every place of a name, in the file's order.
        operators: the operators that are named, by line and column.
        expressions: what is an expression, numbers left out.
        hidden: what is also named where its place cannot be told: in text of several lines, or with escapes.
    """

    file: str
    root: Map
    whole: NameScope
    blocks: dict[str, BlockName] = field(default_factory=dict)
    used: dict[str, str] = field(default_factory=dict)
    scopes: list[NameScope] = field(default_factory=list)
    occurrences: list[Occurrence] = field(default_factory=list)
    operators: dict[tuple[int, int], str] = field(default_factory=dict)
    expressions: list[Scalar] = field(default_factory=list)
    hidden: set[Symbol] = field(default_factory=set)

    def at(self, line: int, column: int) -> Occurrence | None:
        """Return the name at a place, its end included."""
        for one in self.occurrences:
            if one.span.line == line and one.span.column <= column <= one.span.column + one.span.length:
                return one
        return None

    def places(self, symbol: Symbol) -> Iterator[Occurrence]:
        """Yield where a thing is named, in the file's order."""
        return (one for one in self.occurrences if one.symbol == symbol)

    def scope_at(self, line: int) -> NameScope:
        """Return the innermost scope of a line."""
        return next(scope for scope in reversed(self.scopes) if scope.first <= line <= scope.last or not scope.parent)
