"""Places in a text and changes of it: 1-based lines and columns, counted in characters, as everywhere in cnncalc."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnncalc.values.diagnostics import Span


class Position(NamedTuple):
    """A place between two characters: before the one in this column."""

    line: int
    column: int


class TextRange(NamedTuple):
    """A piece of text, from its first character to before its last position."""

    line: int
    column: int
    end_line: int
    end_column: int

    def holds(self, at: Position) -> bool:
        """Return whether a position is in it, its end included."""
        return (self.line, self.column) <= at <= (self.end_line, self.end_column)


class Edit(NamedTuple):
    """A piece of text to be replaced; of a file, by its path."""

    range: TextRange
    text: str


def range_of(span: Span) -> TextRange:
    """Return the piece of text that a span marks."""
    return TextRange(span.line, span.column, span.line, span.column + max(span.length, 0))


def edited(text: str, edits: Iterable[Edit]) -> str:
    """Return a text after changes of it that do not touch each other."""
    starts = line_starts(text)

    def offset(line: int, column: int) -> int:
        if line > len(starts):
            return len(text)
        end = starts[line] if line < len(starts) else len(text) + 1
        return min(starts[line - 1] + column - 1, end - 1 if line < len(starts) else len(text))

    for place, new in sorted(edits, reverse=True):
        start, end = offset(place.line, place.column), offset(place.end_line, place.end_column)
        text = text[:start] + new + text[end:]
    return text


def line_starts(text: str) -> list[int]:
    """Return where each line of a text starts."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    if starts[-1] == len(text) and len(starts) > 1 and text[-1:] not in "\n\r":
        starts.pop()
    return starts


class Shift:
    """Where the lines of an earlier text are in a later one: the same ones before and behind what has changed."""

    def __init__(self, before: Sequence[str], after: Sequence[str]) -> None:
        shorter = min(len(before), len(after))
        self._head = next((n for n in range(shorter) if before[n] != after[n]), shorter)
        most = shorter - self._head
        self._tail = next((n for n in range(most) if before[-1 - n] != after[-1 - n]), most)
        self._before, self._after = len(before), len(after)

    def forward(self, line: int) -> int | None:
        """Return where a line of the earlier text is now, None where it is no more."""
        return self._moved(line, self._before, self._after)

    def back(self, line: int) -> int | None:
        """Return where a line of the later text was, None where it was not."""
        return self._moved(line, self._after, self._before)

    def _moved(self, line: int, here: int, there: int) -> int | None:
        if line <= self._head:
            return line
        return line + there - here if line > here - self._tail else None
