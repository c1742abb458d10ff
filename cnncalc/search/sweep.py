"""Many designs of a network, each with its totals: what `cnncalc sweep` writes and `cnncalc.sweep` returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.search.condition import Criterion
from cnncalc.search.designs import Designs, numpy
from cnncalc.search.network import TOTALS
from cnncalc.search.space import INPUT, Space, axis_of
from cnncalc.source import open_source
from cnncalc.values.diagnostics import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncalc.search.space import Choices
    from cnncalc.source import Source

DEFAULT = ("params", "macs", "flops", "memory_access", "bytes", "activations")
ERROR = "error"
BATCH_ROWS = 4_096


class Batch(NamedTuple):
    """Some designs: their places, the totals as lists (None where there is no network), and why there is none."""

    places: list[list[int]]
    columns: dict[str, list[Any]]
    errors: dict[int, str]
    done: int

    def __len__(self) -> int:
        return len(self.places[0]) if self.places else 0


class Sweep:
    """The designs of a sweep, computed as they are asked for.

    Args:
        spec: as for `analyze`.
        vary: what varies, by name: a text as behind `--vary`, or the values.
        of: the totals of each design.
        where: keep the designs for which this holds.
        pareto: keep the designs that no other beats in all of these columns: smaller, or larger with a + before.
        sample: this many designs, chosen at random.
        seed: of the choice.
        options: as for `analyze`: variables, variant, input, convention, dtype, batch, fold_bn.

    Raises:
        SpecError: the spec cannot be read.
        ValueError: a name or a value is not one of the right ones.
    """

    def __init__(
        self, spec: Source, vary: Mapping[str, Any], *, of: Sequence[str] = DEFAULT, where: str | None = None,
        pareto: Sequence[str] = (), sample: int | None = None, seed: int = 0, arrays: bool = True, **options: Any,
    ) -> None:  # fmt: skip
        read, collector = open_source(spec)
        collector.raise_if_errors()
        self.spec = read
        self.axes: tuple[Choices, ...] = tuple(axis_of(name, given, read) for name, given in vary.items())
        if not self.axes:
            raise ValueError("say what varies: width=0.5,1.0 or input=96..224:32")
        for name in of:
            check_total(name)
        self.of = tuple(dict.fromkeys(of))
        for axis in self.axes:
            if axis.name in (*self.of, ERROR):
                raise ValueError(f"'{axis.name}' varies and is a total; leave the total out with --of")
        self.space = Space(self.axes, sample, seed)
        options = {name: value for name, value in options.items() if value is not None}
        self.designs = Designs(read, self.space, self.of, options)
        names = [*(axis.name for axis in self.axes), *self.of]
        self.where = Criterion(where, names) if where else None
        self.pareto = tuple(_goal(text, names) for text in pareto)
        self.arrays = arrays and numpy() is not None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns: what varies, the totals, and why a design is no network."""
        return (*(axis.name for axis in self.axes), *self.of, ERROR)

    def __len__(self) -> int:
        return len(self.space)

    def batches(self, first: int = 0) -> Iterator[Batch]:
        """Yield the designs that are kept, in order, from the first-th on; `done` counts those that are not, too."""
        found = self._computed(first)
        if self.where is not None:
            found = map(self._kept, found)
        if self.pareto:
            return iter([self._front(found)])
        return found

    def _computed(self, first: int) -> Iterator[Batch]:
        if self.arrays:
            from cnncalc.search.blocks import GridBlocks

            for block in GridBlocks(self.designs).starting(first):
                columns = {}
                for name, values in block.columns.items():
                    listed = values.tolist()
                    for row in block.errors:
                        listed[row] = None
                    columns[name] = listed
                yield Batch([place.tolist() for place in block.places], columns, block.errors, len(block))
            return
        yield from self._plain(first)

    def _plain(self, first: int) -> Iterator[Batch]:
        """Compute without arrays, in the same order."""
        rows = []
        for number in self.order(first):
            rows.append(self.designs.row(self.space.places(number)))
            if len(rows) == BATCH_ROWS:
                yield self._batch(rows)
                rows = []
        if rows:
            yield self._batch(rows)

    def order(self, first: int) -> Iterator[int]:
        """Yield the numbers of the designs in the order of the rows: what makes networks of its own runs slowest."""
        if self.space.numbers is not None:
            yield from self.space.numbers[first:]
            return
        designs, shape = self.designs, self.space.shape
        order = [*designs.words, *designs.numbers]
        for number in range(first, self.space.size):
            places, rest = [0] * len(shape), number
            for k in reversed(order):
                rest, places[k] = divmod(rest, shape[k])
            yield self.space.number(places)

    def position(self, places: Sequence[int]) -> int:
        """Return which row a design is."""
        number = self.space.number(places)
        if self.space.numbers is not None:
            return self.space.numbers.index(number)
        position = 0
        for k in (*self.designs.words, *self.designs.numbers):
            position = position * self.space.shape[k] + places[k]
        return position

    def _batch(self, rows: Sequence[Any]) -> Batch:
        places = [list(column) for column in zip(*(row.places for row in rows), strict=True)]
        columns = {
            name: [None if row.numbers is None else row.numbers[k] for row in rows] for k, name in enumerate(self.of)
        }
        errors = {k: row.error for k, row in enumerate(rows) if row.error is not None}
        return Batch(places, columns, errors, len(rows))

    def values(self, batch: Batch, names: set[str]) -> dict[str, list[Any]]:
        """Return columns as expressions see them: a fraction as a float, a shape as its first extent in space."""
        found = {name: batch.columns[name] for name in self.of if name in names}
        for axis, places in zip(self.axes, batch.places, strict=True):
            if axis.name in names:
                values = [_compared(axis, choice) for choice in axis.choices]
                found[axis.name] = [values[place] for place in places]
        return found

    def _kept(self, batch: Batch) -> Batch:
        """Return the designs for which `where` holds; where it asks for totals, those that have some."""
        assert self.where is not None  # noqa: S101 - asked for
        names = self.where.names
        columns = self.values(batch, names)
        totals = names & set(self.of)
        keep = []
        for row in range(len(batch)):
            if totals and row in batch.errors:
                continue
            if self.where.of({name: column[row] for name, column in columns.items()}):
                keep.append(row)
        return _rows(batch, keep)

    def _front(self, batches: Iterator[Batch]) -> Batch:
        """Return the designs that no other beats."""
        best: list[tuple[tuple[Any, ...], list[int], dict[str, Any]]] = []
        done = 0
        for batch in batches:
            done += batch.done
            names = {name for name, _ in self.pareto}
            columns = self.values(batch, names)
            goals = [[sign * x if x is not None else None for x in columns[name]] for name, sign in self.pareto]
            for row, point in enumerate(zip(*goals, strict=True)):
                if None in point or any(_beats(other, point) for other, _, _ in best):
                    continue
                best = [entry for entry in best if not _beats(point, entry[0])]
                best.append((point, [p[row] for p in batch.places], {n: c[row] for n, c in batch.columns.items()}))
        best.sort(key=lambda entry: entry[0])
        places = [list(column) for column in zip(*(entry[1] for entry in best), strict=True)] or [[] for _ in self.axes]
        return Batch(places, {name: [entry[2][name] for entry in best] for name in self.of}, {}, done)

    def rows(self, first: int = 0) -> Iterator[dict[str, Any]]:
        """Yield each design as its columns; the error is None where there is none."""
        for batch in self.batches(first):
            for row in range(len(batch)):
                found = {a.name: a.choices[p[row]] for a, p in zip(self.axes, batch.places, strict=True)}
                found.update((name, batch.columns[name][row]) for name in self.of)
                yield {**found, ERROR: batch.errors.get(row)}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self.rows()

    def frame(self, batch: Batch) -> dict[str, list[Any]]:
        """Return a batch by column; fractions are floats, shapes and lists texts."""
        found: dict[str, list[Any]] = {}
        for axis, places in zip(self.axes, batch.places, strict=True):
            shown = [_framed(axis, k) for k in range(len(axis.choices))]
            found[axis.name] = [shown[place] for place in places]
        found.update((name, batch.columns[name]) for name in self.of)
        found[ERROR] = [batch.errors.get(row) for row in range(len(batch))]
        return found

    def columns(self) -> dict[str, list[Any]]:
        """Return everything by column; fractions are floats, shapes and lists texts."""
        found: dict[str, list[Any]] = {name: [] for name in self.names}
        for batch in self.batches():
            for name, values in self.frame(batch).items():
                found[name] += values
        return found

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame, one row a design (extra `pandas`)."""
        import pandas as pd

        return pd.DataFrame(self.columns())

    def to_polars(self) -> Any:
        """Return a polars DataFrame, one row a design (extra `polars`)."""
        import polars as pl

        return pl.DataFrame(self.columns(), strict=False)

    def to_arrow(self) -> Any:
        """Return an Arrow table, one row a design (extra `arrow`)."""
        import pyarrow as pa

        return pa.table(self.columns())


def sweep(
    spec: Source, vary: Mapping[str, Any], *, of: Sequence[str] = DEFAULT, where: str | None = None,
    pareto: Sequence[str] = (), sample: int | None = None, seed: int = 0, **options: Any,
) -> Sweep:  # fmt: skip
    """Return many designs of a network; each row equals `analyze` of that design.

    Args:
        spec: as for `analyze`.
        vary: what varies, by name: variables of the spec, `input`, `variant`, `batch`, `dtype`, `rule`; each a text as
            behind `--vary`, such as "0.25..2.0:0.05", or the values themselves.
        of: the totals of each design.
        where: keep the designs for which this holds: "macs < 300e6 and width >= 0.5".
        pareto: keep the designs that no other beats in all of these columns: smaller, or larger with a + before.
        sample: this many designs, chosen at random.
        seed: of the choice.
        options: as for `analyze`: variables, variant, input, convention, dtype, batch, fold_bn.

    Raises:
        SpecError: the spec cannot be read.
        ValueError: a name or a value is not one of the right ones.
    """
    return Sweep(spec, vary, of=of, where=where, pareto=pareto, sample=sample, seed=seed, **options)


def check_total(name: str, others: Sequence[str] = ()) -> None:
    """Raise ValueError for a name that is no total, nor one of the others."""
    if name not in TOTALS:
        known = (*TOTALS, *others)
        hint = did_you_mean(name, known) or f"there is {', '.join(known)}"
        raise ValueError(f"there is no total '{name}'; {hint}")


def _goal(text: str, names: Sequence[str]) -> tuple[str, int]:
    name = text.strip().lstrip("+-")
    if name not in names:
        raise ValueError(f"there is no column '{name}'; {did_you_mean(name, names) or f'there is {names}'}")
    return name, -1 if text.strip().startswith("+") else 1


def _beats(other: tuple[Any, ...], point: tuple[Any, ...]) -> bool:
    return other != point and all(a <= b for a, b in zip(other, point, strict=True))


def _rows(batch: Batch, keep: Sequence[int]) -> Batch:
    errors = {new: batch.errors[row] for new, row in enumerate(keep) if row in batch.errors}
    columns = {name: [values[row] for row in keep] for name, values in batch.columns.items()}
    return Batch([[place[row] for row in keep] for place in batch.places], columns, errors, batch.done)


def _compared(axis: Choices, choice: Any) -> Any:
    if axis.kind == INPUT:
        return choice[1] if len(choice) > 1 else choice[0]
    return choice if isinstance(choice, int | str) else float(choice) if not isinstance(choice, tuple) else str(choice)


def _framed(axis: Choices, place: int) -> Any:
    choice = axis.choices[place]
    if axis.kind == INPUT or isinstance(choice, tuple):
        return axis.texts[place]
    return choice if isinstance(choice, int | str) else float(choice)
