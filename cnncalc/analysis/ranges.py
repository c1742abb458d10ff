"""Hulls over many entries at once: a window of thousands of positions costs as much as one of two.

Windows of a causal layer over a sequence of T positions have T*T/2 entries in all; here each is answered from joins of
1, 2, 4, 8, .. neighbours (a sparse table; Bender and Farach-Colton 2000, doi:10.1007/10719839_9), windows that begin at
the first position from running joins.
"""

from __future__ import annotations

from itertools import accumulate
from math import inf
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.analysis.field import Hull

Edges: TypeAlias = list[int | float]
"""One edge of every entry; an empty one has an edge that never wins."""


class Ranges:
    """Answers for the hull of entries at `start`, `start + step`, .., of which there are `count`."""

    __slots__ = ("_high", "_low", "_running", "_tables")

    def __init__(self, entries: Sequence[Hull]) -> None:
        self._low: Edges = [inf if entry is None else entry[0] for entry in entries]
        self._high: Edges = [-inf if entry is None else entry[1] for entry in entries]
        self._running: tuple[Edges, Edges] | None = None
        self._tables: dict[int, list[tuple[Edges, Edges]]] = {}

    def hull(self, taps: range) -> Hull:
        """Return the hull of the entries at some positions, all of them there and at least one."""
        start, step, count = taps.start, taps.step, len(taps)
        if start == 0 and step == 1:
            if self._running is None:
                self._running = list(accumulate(self._low, min)), list(accumulate(self._high, max))
            low, high = self._running[0][count - 1], self._running[1][count - 1]
        else:
            level = count.bit_length() - 1
            lows, highs = self._level(step, level)
            last = start + step * (count - 2**level)
            low, high = min(lows[start], lows[last]), max(highs[start], highs[last])
        return None if low > high else (int(low), int(high))

    def _level(self, step: int, level: int) -> tuple[Edges, Edges]:
        """Return the joins of 2**level entries that are a step apart, by the first of them."""
        table = self._tables.setdefault(step, [(self._low, self._high)])
        while len(table) <= level:
            lows, highs = table[-1]
            apart = step * 2 ** (len(table) - 1)
            table.append((list(map(min, lows, lows[apart:])), list(map(max, highs, highs[apart:]))))
        return table[level]
