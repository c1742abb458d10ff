"""From the places of a client to those of the engine and back: 0-based and in UTF-16 units there, 1-based here."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from lsprotocol import types

from cnncalc.editor.text import Position, TextRange, line_starts

if TYPE_CHECKING:
    from pygls.workspace import PositionCodec

BREAK = re.compile(r"\r\n|\n|\r")
"""What ends a line for a client; Python and YAML know some more."""


class Ruler:
    """The places of one text."""

    def __init__(self, text: str, codec: PositionCodec) -> None:
        self.text = text
        self.codec = codec
        self.plain = text.isascii()
        self.here = line_starts(text)
        self.there = [0, *(found.end() for found in BREAK.finditer(text))]

    def position(self, at: types.Position) -> Position:
        """Return a client's place as the engine has it; behind a line's end it is its end."""
        if at.line >= len(self.there):
            offset = len(self.text)
        else:
            start = self.there[at.line]
            end = self.there[at.line + 1] if at.line + 1 < len(self.there) else len(self.text)
            line = self.text[start:end].rstrip("\r\n")
            offset = start + (min(at.character, len(line)) if self.plain else self._characters(line, at.character))
        number = bisect_right(self.here, offset)
        return Position(number, offset - self.here[number - 1] + 1)

    def _characters(self, line: str, units: int) -> int:
        """Return how many characters of a line have so many of the client's units."""
        for number, character in enumerate(line):
            if units <= 0:
                return number
            units -= self.codec.client_num_units(character)
        return len(line)

    def to_client(self, line: int, column: int) -> types.Position:
        """Return a place of the engine as the client has it."""
        if line > len(self.here):
            offset = len(self.text)
        else:
            end = self.here[line] if line < len(self.here) else len(self.text)
            offset = min(self.here[line - 1] + column - 1, end)
        number = bisect_right(self.there, offset)
        before = self.text[self.there[number - 1] : offset]
        units = len(before) if self.plain else self.codec.client_num_units(before)
        return types.Position(number - 1, units)

    def range(self, place: TextRange) -> types.Range:
        """Return a piece of text as the client has it."""
        return types.Range(
            self.to_client(place.line, place.column), self.to_client(place.end_line, place.end_column)
        )

    def whole(self) -> types.Range:
        """Return all of the text."""
        return types.Range(types.Position(0, 0), self.to_client(len(self.here) + 1, 1))
