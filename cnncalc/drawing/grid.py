"""Where boxes stand in a grid: rows by the longest way from the inputs, columns by the chains of a network.

The longest chain is the spine; the paths of a merge stand beside it in the order of the spec.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

REACH = 12
"""A chain keeps its column free up to where it joins, over at most so many rows."""


class GridCell(NamedTuple):
    """The place of a box."""

    row: int
    column: int


class Neighbours(NamedTuple):
    """The boxes before and behind each box, each once, in order."""

    before: list[list[int]]
    behind: list[list[int]]


def neighbours(count: int, edges: Sequence[tuple[int, int]]) -> Neighbours:
    """Return who is before and behind whom."""
    found = Neighbours([[] for _ in range(count)], [[] for _ in range(count)])
    for source, target in edges:
        found.before[target].append(source)
        found.behind[source].append(target)
    for behind in found.behind:
        behind.sort()
    return found


def tails_of(near: Neighbours) -> list[int]:
    """Return how many boxes follow on the longest way ahead of each."""
    tails = [0] * len(near.behind)
    for box in range(len(tails) - 1, -1, -1):
        if near.behind[box]:
            tails[box] = 1 + max(tails[reader] for reader in near.behind[box])
    return tails


def rows_of(near: Neighbours, favoured: int = -1) -> list[int]:
    """Return the row of each box: behind all that it reads.

    What the main input, or the box that is favoured, does not reach stands as near to its readers as it can.
    """
    rows = [0] * len(near.before)
    tails = tails_of(near)
    sources = [box for box, before in enumerate(near.before) if not before]
    longest = max((tails[box] for box in sources), default=0)
    loose = [False] * len(rows)
    for box, before in enumerate(near.before):
        if before:
            rows[box] = 1 + max(rows[source] for source in before)
            loose[box] = all(loose[source] for source in before)
        else:
            loose[box] = tails[box] < longest or (favoured >= 0 and box != favoured)
    for box in range(len(rows) - 1, -1, -1):
        if loose[box] and near.behind[box]:
            rows[box] = min(rows[reader] for reader in near.behind[box]) - 1
    return rows


def chains_of(near: Neighbours, rows: Sequence[int], favoured: int = -1) -> list[list[int]]:
    """Return the boxes as chains: each box goes on to the reader with the longest way ahead, if that one takes it.

    A reader takes the longest chain that offers itself, before all others the one of the box that is favoured.
    """
    count = len(rows)
    tails = tails_of(near)
    onward = [max(behind, key=lambda reader: (tails[reader], -reader), default=-1) for behind in near.behind]
    lengths = [1 if box != favoured else count for box in range(count)]
    taken = [-1] * count
    for box, before in enumerate(near.before):
        candidates = [source for source in before if onward[source] == box]
        if candidates:
            taken[box] = max(candidates, key=lambda source: (lengths[source], rows[source], -source))
            lengths[box] = lengths[taken[box]] + 1
    chains: list[list[int]] = []
    chain_of = [-1] * count
    for box in range(count):
        source = taken[box]
        if source >= 0 and chains[chain_of[source]][-1] == source:
            chain_of[box] = chain_of[source]
            chains[chain_of[box]].append(box)
        else:
            chain_of[box] = len(chains)
            chains.append([box])
    return chains


def place(near: Neighbours, rows: Sequence[int], loose: int = 1, favoured: int = -1) -> list[GridCell]:
    """Return the place of every box; columns count from 0, none is empty.

    Args:
        near: who reads whom.
        rows: the row of each box.
        loose: the side of what reads nothing: 1 behind the spine, -1 before it.
        favoured: a box on the spine; by default the spine is the longest chain.
    """
    chains = chains_of(near, rows, favoured)
    if not chains:
        return []
    spine = max(range(len(chains)), key=lambda n: (favoured in chains[n], len(chains[n]), -n))
    columns = Columns(near, rows, loose)
    columns.fill(chains[spine], 0, mask(rows[chains[spine][0]], rows[chains[spine][-1]]))
    waiting = sorted((n for n in range(len(chains)) if n != spine), key=lambda n: (rows[chains[n][0]], chains[n][0]))
    while waiting:
        later = []
        for number in waiting:
            anchor = columns.anchor(chains[number])
            if anchor is None:
                later.append(number)
            else:
                columns.settle(chains[number], anchor)
        if len(later) == len(waiting):
            columns.settle(chains[later.pop(0)], None)
        waiting = later
    used = sorted(columns.filled)
    numbers = {column: number for number, column in enumerate(used)}
    return [GridCell(row, numbers[column or 0]) for row, column in zip(rows, columns.of, strict=True)]


def mask(first: int, last: int) -> int:
    """Return rows from the first to the last as bits."""
    return (1 << (last + 1)) - (1 << first) if last >= first else 0


class Columns:
    """The columns of the boxes so far, and which rows of each are filled, as bits."""

    def __init__(self, near: Neighbours, rows: Sequence[int], loose: int) -> None:
        self.near, self.rows, self.loose = near, rows, loose
        self.of: list[int | None] = [None] * len(rows)
        self.filled: dict[int, int] = {}

    def anchor(self, chain: Sequence[int]) -> int | None:
        """Return the box beside which a chain stands: one that it comes from, or else one that it goes to."""
        for box in (*self.near.before[chain[0]], *self.near.behind[chain[-1]]):
            if self.of[box] is not None:
                return box
        return None

    def settle(self, chain: Sequence[int], anchor: int | None) -> None:
        """Give a chain its column: the nearest on its side that is free, if possible from its fork to its merge."""
        rows, near = self.rows, self.near
        base = 0 if anchor is None else self.of[anchor] or 0
        first, last = rows[chain[0]], rows[chain[-1]]
        fork = max((rows[box] for box in near.before[chain[0]]), default=first - 1)
        join = min((rows[box] for box in near.behind[chain[-1]]), default=last + 1)
        bits = mask(first, last) | mask(max(fork + 1, first - REACH), min(join - 1, last + REACH))
        side = self.side(chain, anchor) if near.before[chain[0]] else self.loose
        step = 0
        while self.filled.get(column := base + _offset(step, side), 0) & bits:
            step += 1
        self.fill(chain, column, bits)

    def fill(self, chain: Sequence[int], column: int, bits: int) -> None:
        """Put a chain into a column."""
        self.filled[column] = self.filled.get(column, 0) | bits
        for box in chain:
            self.of[box] = column

    def side(self, chain: Sequence[int], anchor: int | None) -> int:
        """Return on which side of its anchor a chain stands: -1 before the path that goes straight on, 1 behind it."""
        column = (self.of[anchor] or 0) if anchor is not None else 0
        outside = -1 if column < 0 else 1
        if anchor is None or anchor not in self.near.before[chain[0]]:
            return outside
        straight = next((box for box in self.near.behind[anchor] if self.of[box] == self.of[anchor]), None)
        return -1 if straight is not None and chain[0] < straight and column <= 0 else outside


def _offset(step: int, side: int) -> int:
    """Return the columns away from its anchor that a chain tries at a step: 0, 1, 2, -1, 3, -2, ... on its side."""
    if step < 3:
        return step * side
    half, odd = divmod(step - 3, 2)
    return side * (half + 3) if odd else -side * (half + 1)
