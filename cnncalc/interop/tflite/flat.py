"""FlatBuffers, read within bounds: tables, their fields by slot, vectors and texts (the format's own documentation)."""

from __future__ import annotations

import struct
from typing import NamedTuple


class TruncatedError(Exception):
    """A table, a vector or a text reaches beyond the file."""


FORMATS = {"Int8": "<b", "Uint8": "<B", "Bool": "<?", "Int32": "<i", "Uint32": "<I", "Float32": "<f", "Uint64": "<Q"}
SIZES = {name: struct.calcsize(form) for name, form in FORMATS.items()}


class FlatTable(NamedTuple):
    """A table: the file, and where in it the table starts."""

    data: bytes
    at: int

    def number(self, kind: str, at: int) -> int | float:
        """Return a number at a position."""
        if not 0 <= at <= len(self.data) - SIZES[kind]:
            raise TruncatedError
        found: int | float = struct.unpack_from(FORMATS[kind], self.data, at)[0]
        return found

    def whole(self, kind: str, at: int) -> int:
        """Return a whole number at a position."""
        return int(self.number(kind, at))

    def place(self, slot: int) -> int | None:
        """Return where a field stands; None where it is left out."""
        names = self.at - self.whole("Int32", self.at)
        if not 0 <= names <= len(self.data) - 4:
            raise TruncatedError
        size = struct.unpack_from("<H", self.data, names)[0]
        entry = 4 + 2 * slot
        if entry + 2 > size:
            return None
        if names + entry + 2 > len(self.data):
            raise TruncatedError
        offset = struct.unpack_from("<H", self.data, names + entry)[0]
        return self.at + offset if offset else None

    def field(self, slot: int, kind: str, default: float) -> int | float:
        """Return a number, or what it is where the file leaves it out."""
        at = self.place(slot)
        return default if at is None else self.number(kind, at)

    def target(self, at: int) -> int:
        """Return the place that an offset leads to."""
        found = at + self.whole("Uint32", at)
        if found > len(self.data) - 4:
            raise TruncatedError
        return found

    def table(self, slot: int) -> FlatTable | None:
        """Return a table that a field leads to."""
        at = self.place(slot)
        return None if at is None else FlatTable(self.data, self.target(at))

    def vector(self, slot: int, size: int) -> tuple[int, int]:
        """Return where a vector's first element stands, and how many elements of `size` bytes there are."""
        at = self.place(slot)
        if at is None:
            return 0, 0
        start = self.target(at)
        count = self.whole("Uint32", start)
        if start + 4 + count * size > len(self.data):
            raise TruncatedError
        return start + 4, count

    def integers(self, slot: int) -> tuple[int, ...]:
        """Return a vector of 32-bit whole numbers."""
        start, count = self.vector(slot, 4)
        return struct.unpack_from(f"<{count}i", self.data, start)

    def tables(self, slot: int, most: int) -> list[FlatTable]:
        """Return a vector of tables, at most so many and one more."""
        start, count = self.vector(slot, 4)
        return [FlatTable(self.data, self.target(start + 4 * n)) for n in range(min(count, most + 1))]

    def text(self, slot: int, most: int = 4096) -> str:
        """Return a text, its beginning if it is long."""
        start, count = self.vector(slot, 1)
        return self.data[start : start + min(count, most)].decode("utf-8", "replace")
