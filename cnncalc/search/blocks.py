"""Designs in blocks: a part of the grid that is computed at once by broadcasting, or designs picked one by one."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from cnncalc.numbers.arrays import Compiled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.search.designs import Designs, Places
    from cnncalc.search.network import Structure

Array = Any
NOTHING = np.array(None, dtype=object)
ROWS = 16_384
"""Designs of a block: what is computed of them stays in the cache."""


class GridBlock:
    """Some designs with the same choices of all word axes, and what came of them.

    What is the same along an axis of the block is held once; `column` and `place` lay it out, one number a design.

    Attributes:
        shape: of the block, a number of designs along each axis that is free in it.
        grid: which choice of each axis, arrays that broadcast to the shape.
        totals: the totals, by name, arrays that broadcast to the shape.
        valid: which of them are networks, likewise; a plain truth value for all of them.
        errors: why the others are not, by their place in the block.
    """

    def __init__(
        self, shape: tuple[int, ...], grid: list[Array], totals: dict[str, Array], valid: Array, errors: dict[int, str]
    ) -> None:
        self.shape = shape
        self.grid = grid
        self.totals = totals
        self.valid = valid
        self.errors = errors

    def __len__(self) -> int:
        return prod(self.shape)

    def column(self, name: str) -> Array:
        """Return a total of every design."""
        return self._flat(self.totals[name])

    def place(self, axis: int) -> Array:
        """Return which choice of an axis every design has."""
        return self._flat(self.grid[axis])

    def design(self, row: int) -> tuple[Places, dict[str, Any]]:
        """Return the choices and the totals of one design."""
        at = np.unravel_index(row, self.shape)
        return (
            tuple(int(np.broadcast_to(place, self.shape)[at]) for place in self.grid),
            {name: int(np.broadcast_to(values, self.shape)[at]) for name, values in self.totals.items()},
        )

    def without(self, first: int) -> GridBlock:
        """Return a block without its first designs."""
        places = [self.place(axis)[first:] for axis in range(len(self.grid))]
        totals = {name: self.column(name)[first:] for name in self.totals}
        errors = {row - first: text for row, text in self.errors.items() if row >= first}
        return GridBlock((len(self) - first,), places, totals, self._flat(self.valid)[first:], errors)

    def _flat(self, values: Array) -> Array:
        return np.broadcast_to(np.asarray(values), self.shape).ravel()


class GridBlocks:
    """The blocks of a space, computed by recordings on arrays."""

    def __init__(self, designs: Designs, rows: int = ROWS, *, compiled: bool = False) -> None:
        self.designs = designs
        self.loops = compiled
        self.rows = rows
        self.tables = {given.name: np.array(given.values, dtype=np.int64) for given in designs.given}
        self.ranges = designs.ranges()
        self._compiled: dict[tuple[int, bool], Compiled] = {}

    def __iter__(self) -> Iterator[GridBlock]:
        return self.starting(0)

    def starting(self, first: int) -> Iterator[GridBlock]:
        """Yield the blocks of all designs from the first-th on, in order; word axes run slowest."""
        space = self.designs.space
        if space.numbers is not None:
            yield from self._picked(space.numbers[first:])
            return
        shape = space.shape
        words, numbers = self.designs.words, self.designs.numbers
        order = [*words, *numbers]
        counts = [shape[k] for k in order]
        inner, at = 1, len(order)
        while at > len(words) and inner * counts[at - 1] <= self.rows:
            at -= 1
            inner *= counts[at]
        split = at > len(words)
        outer = counts[: at - 1] if split else counts[:at]
        step = max(1, self.rows // inner) if split else 1
        parts = -(-counts[at - 1] // step) if split else 1
        for number in range(prod(outer) * parts):
            rest, part = divmod(number, parts)
            places: list[Any] = [0] * len(shape)
            for k, count in zip(reversed(order[: len(outer)]), reversed(outer), strict=True):
                rest, places[k] = divmod(rest, count)
            free = order[len(outer) :]
            extents = []
            for n, k in enumerate(free):
                low, high = (part * step, min((part + 1) * step, shape[k])) if split and n == 0 else (0, shape[k])
                extents.append(high - low)
                grid = [1] * len(free)
                grid[n] = high - low
                places[k] = np.arange(low, high).reshape(grid)
            size = prod(extents)
            done = number * inner * step if not split else self._before(number, parts, inner, step, counts[at - 1])
            if done + size <= first:
                continue
            block = self.computed(places, tuple(extents), free)
            yield block if done >= first else block.without(first - done)

    @staticmethod
    def _before(number: int, parts: int, inner: int, step: int, count: int) -> int:
        whole, part = divmod(number, parts)
        return (whole * count + part * step) * inner

    def _picked(self, numbers: Sequence[int]) -> Iterator[GridBlock]:
        space, words = self.designs.space, self.designs.words
        for start in range(0, len(numbers), self.rows):
            places = [space.places(number) for number in numbers[start : start + self.rows]]
            places.sort(key=lambda one: tuple(one[k] for k in words))
            while places:
                key = self.designs.key(places[0])
                same = [one for one in places if self.designs.key(one) == key]
                places = places[len(same) :]
                arrays = [np.array(column) for column in zip(*same, strict=True)]
                yield self.computed(arrays, (len(same),), [])

    def computed(self, places: list[Any], shape: tuple[int, ...], free: Sequence[int]) -> GridBlock:
        """Return a block: places are arrays that broadcast to the shape, along the free axes, or plain numbers."""
        designs = self.designs
        key = designs.key([int(np.asarray(place).flat[0]) for place in places])
        given = {one.name: self.tables[one.name][places[one.axis]] for one in designs.given}
        networks = designs.networks.get(key, [])
        for network in [one for one in networks if one.refusal is None]:
            found = self._code(network, free).run(given)
            if not np.any(found.holds):
                continue
            if np.all(found.holds):
                networks.remove(network)  # the next block is likely to be alike
                networks.insert(0, network)
                designs.solved[key] = designs.solved.get(key, 0) + prod(shape)
                return GridBlock(shape, places, {n: found.outputs.get(n, NOTHING) for n in designs.of}, True, {})
            break
        return self._by_structure(key, given, places, shape, free)

    def _by_structure(
        self, key: Places, given: dict[str, Array], places: list[Any], shape: tuple[int, ...], free: Sequence[int]
    ) -> GridBlock:
        """Return a block whose designs have several structures, or are not recorded yet."""
        designs, size = self.designs, prod(shape)
        flat = [np.broadcast_to(np.asarray(place), shape).ravel() for place in places]
        columns: dict[str, Array] = {name: np.zeros(size, np.int64) for name in designs.of}
        valid, left = np.zeros(size, bool), np.ones(size, bool)
        errors: dict[int, str] = {}
        known = list(designs.networks.get(key, ()))
        while left.any():
            if known:
                network, whole = known.pop(0), bool(left.all())
            elif designs.scattered(key):
                self._plain(np.flatnonzero(left), flat, columns, valid, errors)
                break
            else:
                at = int(np.argmax(left))
                network, whole = designs.structure([int(place[at]) for place in flat]), bool(left.all())
                if network.run(designs.numbers_of([int(place[at]) for place in flat])) is None:
                    self._plain(np.array([at]), flat, columns, valid, errors)
                    left[at] = False
                    continue
            chosen = np.arange(size) if whole else np.flatnonzero(left)
            found = self._code(network, free if whole else ()).run(
                given if whole else {one.name: self.tables[one.name][flat[one.axis][chosen]] for one in designs.given}
            )
            form = shape if whole else chosen.shape
            holds = np.broadcast_to(np.asarray(found.holds), form).ravel()
            outputs = {name: np.broadcast_to(np.asarray(x), form).ravel() for name, x in found.outputs.items()}
            if not holds.any():
                continue
            rows = chosen[holds]
            left[rows] = False
            designs.solved[key] = designs.solved.get(key, 0) + len(rows)
            if network.refusal is not None:
                for row, place in zip(rows.tolist(), np.flatnonzero(holds).tolist(), strict=True):
                    errors[row] = network.filled({name: int(x[place]) for name, x in outputs.items()})
                continue
            valid[rows] = True
            for name in designs.of:
                if name not in outputs:  # unknown in all designs of this structure
                    columns[name] = columns[name].astype(object)
                    columns[name][rows] = None
                    continue
                values = outputs[name] if len(rows) == len(holds) else outputs[name][holds]
                if values.dtype == object and columns[name].dtype != object:
                    columns[name] = columns[name].astype(object)
                columns[name][rows] = values
        totals = {name: column.reshape(shape) for name, column in columns.items()}
        return GridBlock(shape, places, totals, valid.reshape(shape), errors)

    def _code(self, network: Structure, free: Sequence[int]) -> Compiled:
        key = (id(network), bool(free))
        if key not in self._compiled:
            axes = {one.name: frozenset({str(one.axis)}) for one in self.designs.given} if free else {}
            form: type[Compiled] = Compiled
            if self.loops and free:  # picked designs are few: no code is made for them
                from cnncalc.numbers.jit import CompiledLoops

                form = CompiledLoops
            self._compiled[key] = form(network, self.ranges, axes)
        return self._compiled[key]

    def _plain(self, rows: Array, flat: list[Array], columns: dict[str, Array], valid: Array,
               errors: dict[int, str]) -> None:  # fmt: skip
        """Run some designs one by one."""
        for row in rows.tolist():
            places: Places = tuple(int(place[row]) for place in flat)
            found = self.designs.plain(places)
            if found.numbers is None:
                errors[row] = found.error or ""
                continue
            valid[row] = True
            for name, value in zip(self.designs.of, found.numbers, strict=True):
                if (value is None or abs(value) >= 2**63) and columns[name].dtype != object:
                    columns[name] = columns[name].astype(object)
                columns[name][row] = value

