"""The located tree of a spec: scalars by the YAML 1.2 core schema, lists and mappings, every node with its place."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from cnncalc.values.diagnostics import Span

if TYPE_CHECKING:
    from collections.abc import Collection

EXPANDED_MARKER = "# cnncalc expand"
"""A file whose first line starts with this comment was written by `cnncalc expand` and may be large."""
MAX_NESTING = 64
SURROGATE = "[\ud800-\udfff]"
"""A pattern of what is no character."""
Value: TypeAlias = bool | int | Fraction | str | None


class Refused(str):
    """The text of a number that was refused where it stands; whoever needs its value fails in silence."""

    __slots__ = ()


class Scalar:
    """A leaf: null, a boolean, an exact number or text.

    Attributes:
        value: what it means; a number is an int when it is whole and a Fraction otherwise.
        plain: whether it stands in the file without quotes; of Python data, whether it is anything but a string.
        text: its characters without the quotes.
        line, column, length: its place, 1-based, on its first line; an empty value has the place of its key. Line 0 is
            Python data.
        file: the file that it is in, where that is one that a spec uses.
    """

    __slots__ = ("column", "file", "length", "line", "plain", "text", "value")

    def __init__(
        self, value: Value, plain: bool, text: str, line: int = 0, column: int = 0, length: int = 1,
        file: str = "",
    ) -> None:
        self.value = value
        self.plain = plain
        self.text = text
        self.line = line
        self.column = column
        self.length = length
        self.file = file

    @property
    def span(self) -> Span | None:
        """Its place, to the end of its first line; None for Python data."""
        return Span(self.line, self.column, self.length, self.file) if self.line else None

    def __repr__(self) -> str:
        return f"Scalar({self.value!r})"


class Seq:
    """A list of nodes, in the file's order."""

    __slots__ = ("column", "file", "items", "length", "line")

    def __init__(self, items: list[Node], line: int = 0, column: int = 0, length: int = 1, file: str = "") -> None:
        self.items = items
        self.line = line
        self.column = column
        self.length = length
        self.file = file

    @property
    def span(self) -> Span | None:
        """The place where it starts, to the end of its first line; None for Python data."""
        return Span(self.line, self.column, self.length, self.file) if self.line else None

    def __repr__(self) -> str:
        return f"Seq({self.items!r})"


class Map:
    """Keys with their nodes, in the file's order; keys are told apart by their text, so `1` and `"1"` are the same."""

    __slots__ = ("_by_text", "column", "file", "length", "line")

    def __init__(
        self, by_text: dict[str, tuple[Scalar, Node]], line: int = 0, column: int = 0, length: int = 1,
        file: str = "",
    ) -> None:
        self._by_text = by_text
        self.line = line
        self.column = column
        self.length = length
        self.file = file

    @property
    def span(self) -> Span | None:
        """The place where it starts, to the end of its first line; None for Python data."""
        return Span(self.line, self.column, self.length, self.file) if self.line else None

    @property
    def entries(self) -> list[tuple[Scalar, Node]]:
        """The keys, each with its node."""
        return list(self._by_text.values())

    def keys(self) -> Collection[str]:
        """Return the texts of the keys, in order."""
        return self._by_text.keys()

    def key(self, key: str) -> Scalar | None:
        """Return the key of this text as it stands in the file, or None."""
        entry = self._by_text.get(key)
        return entry[0] if entry else None

    def get(self, key: str) -> Node | None:
        """Return the node under a key, or None."""
        entry = self._by_text.get(key)
        return entry[1] if entry else None

    def __len__(self) -> int:
        return len(self._by_text)

    def __bool__(self) -> bool:
        return True

    def __contains__(self, key: object) -> bool:
        return key in self._by_text

    def __repr__(self) -> str:
        return f"Map({ {text: node for text, (_, node) in self._by_text.items()}!r})"


Node: TypeAlias = Scalar | Seq | Map
