"""Many designs of a network, each with its totals: what `cnncalc sweep` writes and `cnncalc.sweep` returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.search.columns import ALIASES, COLUMNS, SLOW, check_named, column
from cnncalc.search.condition import Criterion
from cnncalc.search.designs import Designs, numpy
from cnncalc.search.front import Front, goal_of
from cnncalc.search.space import INPUT, Space, axes_of, opened_specs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    from cnncalc.search.blocks import GridBlocks
    from cnncalc.search.space import Choices
    from cnncalc.source import Source

DEFAULT = ("params", "macs", "flops", "memory_access", "bytes", "activations")
ERROR = "error"
BATCH_ROWS = 4_096
BLOCK_ROWS = 16_384
"""Designs of a block on arrays: what is computed of them stays in the cache."""
SLOW_ROWS = 64
"""Designs that are computed before some are written, where each is run by itself."""


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
        compiled: run blocks of the grid as machine code (extra `compiled`): made for structures that have
            millions of designs, then several times as fast.
        executor: computes parts of the sweep, as a `ProcessPoolExecutor` does, or `get_executor()` of a Dask client.
        options: as for `analyze`: variables, variant, input, convention, dtype, batch, fold_bn, runtime, scratch;
            and the name of a device, for the column `seconds`.

    Raises:
        SpecError: the spec cannot be read.
        ValueError: a name or a value is not one of the right ones.
    """

    def __init__(
        self, spec: Source | Sequence[Source], vary: Mapping[str, Any], *, of: Sequence[str] = DEFAULT,
        where: str | None = None, pareto: Sequence[str] = (), sample: int | None = None, seed: int = 0,
        arrays: bool = True, compiled: bool = False, executor: Executor | None = None, **options: Any,
    ) -> None:  # fmt: skip
        if compiled:
            from cnncalc.numbers.jit import check_installed

            check_installed()
        self.compiled = compiled
        self.executor = executor
        self.specs = opened_specs(spec)
        self.axes = axes_of(self.specs, vary)
        self.of = tuple(dict.fromkeys(column(name) for name in of))
        varied = tuple(axis.name for axis in self.axes)
        if twice := next((name for name in varied if name in (*self.of, ERROR)), None):
            raise ValueError(f"'{twice}' varies and is a total; leave the total out with --of")
        self.space = Space(self.axes, sample, seed)
        options = {name: value for name, value in options.items() if value is not None}
        self.given = {"of": self.of, "where": where, "pareto": tuple(pareto), "sample": sample, "seed": seed,
                      "arrays": arrays, "compiled": compiled, **options}  # fmt: skip
        known = (*varied, *(name for name in COLUMNS if name not in varied))
        self.where = Criterion(where, (*known, *ALIASES)) if where else None
        self.pareto = tuple(goal_of(ALIASES.get(text, text), known) for text in pareto)
        asked = {*(goal.name for goal in self.pareto), *(self.where.names if self.where else ())}
        hidden = sorted({ALIASES.get(name, name) for name in asked} - {*varied, *self.of})
        self.computed = (*self.of, *hidden)
        check_named(self.computed, (*varied, *options))
        self.slow = tuple(name for name in self.computed if name in SLOW)
        fast = tuple(name for name in self.computed if name not in SLOW)
        self.designs = Designs(self.specs, self.space, fast, options)
        self.early = self.where.about({*varied, *fast, *ALIASES}) if self.where and self.slow else None
        self.arrays = arrays and numpy() is not None
        self._blocks: dict[int, GridBlocks] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The columns: what varies, the totals, and why a design is no network."""
        return (*(axis.name for axis in self.axes), *self.of, ERROR)

    def __len__(self) -> int:
        return len(self.space)

    def batches(self, first: int = 0, count: int | None = None) -> Iterator[Batch]:
        """Yield the designs that are kept, in order, from the first-th on; `done` counts those that are not, too.

        With `count`, no more than so many designs are looked at.
        """
        found = self.kept(first, count)
        if self.executor is not None:
            from cnncalc.search.handout import handed_out

            found = handed_out(self, self.executor, first)
        return iter([self._front(found)]) if self.pareto else found

    def kept(self, first: int = 0, count: int | None = None) -> Iterator[Batch]:
        """Yield the same without a look at which of them beat which."""
        found = self._computed(first, count)
        if self.slow:
            found = map(self._slowly, found)
        if self.where is not None:
            found = (self._chosen(batch, self.where) for batch in found)
        return found

    def _computed(self, first: int, count: int | None) -> Iterator[Batch]:
        rows = SLOW_ROWS if self.slow else BLOCK_ROWS if self.arrays else BATCH_ROWS
        left = len(self) - first if count is None else count
        rows = min(rows, count or rows)
        for batch in self._on_arrays(first, rows) if self.arrays else self._plain(first, rows):
            if left <= 0:
                return
            yield batch if len(batch) <= left else _rows(batch, range(left))
            left -= len(batch)

    def _on_arrays(self, first: int, rows: int) -> Iterator[Batch]:
        from cnncalc.search.blocks import GridBlocks

        if rows not in self._blocks:
            self._blocks[rows] = GridBlocks(self.designs, rows, compiled=self.compiled)
        for block in self._blocks[rows].starting(first):
            columns = {}
            for name in block.totals:
                listed = block.column(name).tolist()
                for row in block.errors:
                    listed[row] = None
                columns[name] = listed
            places = [block.place(axis).tolist() for axis in range(len(self.axes))]
            yield Batch(places, columns, block.errors, len(block))

    def _slowly(self, batch: Batch) -> Batch:
        """Run designs one by one for their slow columns, those that the rest of `where` keeps."""
        if self.early is not None:
            batch = self._chosen(batch, self.early)
        columns: dict[str, list[Any]] = {name: list(batch.columns[name]) for name in self.designs.of}
        columns.update((name, [None] * len(batch)) for name in self.slow)
        errors = dict(batch.errors)
        for row in range(len(batch)):
            if row in errors:
                continue
            found = self.designs.alone([places[row] for places in batch.places], self.slow)
            if found.error is not None:
                errors[row] = found.error
                for name in self.designs.of:
                    columns[name][row] = None
            for name, number in zip(self.slow, found.numbers or (), strict=False):
                columns[name][row] = number
        return Batch(batch.places, columns, errors, batch.done)

    def _plain(self, first: int, size: int) -> Iterator[Batch]:
        """Compute without arrays, in the same order."""
        rows = []
        for number in self.order(first):
            rows.append(self.designs.row(self.space.places(number)))
            if len(rows) == size:
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
            name: [None if row.numbers is None else row.numbers[k] for row in rows]
            for k, name in enumerate(self.designs.of)
        }  # fmt: skip
        errors = {k: row.error for k, row in enumerate(rows) if row.error is not None}
        return Batch(places, columns, errors, len(rows))

    def values(self, batch: Batch, names: set[str]) -> dict[str, list[Any]]:
        """Return columns as expressions see them: a fraction as a float, a shape as its first extent in space."""
        found = {name: batch.columns[ALIASES.get(name, name)] for name in names
                 if ALIASES.get(name, name) in batch.columns}  # fmt: skip
        for axis, places in zip(self.axes, batch.places, strict=True):
            if axis.name in names:
                values = [_compared(axis, choice) for choice in axis.choices]
                found[axis.name] = [values[place] for place in places]
        return found

    def _chosen(self, batch: Batch, where: Criterion) -> Batch:
        """Return the designs for which a condition holds; where it asks for totals, those that have them."""
        columns = self.values(batch, where.names)
        keep = []
        for row in range(len(batch)):
            values = {name: column[row] for name, column in columns.items()}
            if None not in values.values() and where.of(values):
                keep.append(row)
        return _rows(batch, keep)

    def _front(self, batches: Iterator[Batch]) -> Batch:
        """Return the designs that no other beats."""
        front, done = Front(), 0
        for batch in batches:
            done += batch.done
            columns = self.values(batch, {goal.name for goal in self.pareto})
            goals = [[x if x is None else goal.sign * x for x in columns[goal.name]] for goal in self.pareto]
            front.add((point, ([p[row] for p in batch.places], {n: c[row] for n, c in batch.columns.items()}))
                      for row, point in enumerate(zip(*goals, strict=True)))  # fmt: skip
        best = [entry for _, entry in front.best]
        places = [list(column) for column in zip(*(places for places, _ in best), strict=True)]
        columns = {name: [totals[name] for _, totals in best] for name in self.computed}
        return Batch(places or [[] for _ in self.axes], columns, {}, done)

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

    @property
    def title(self) -> str:
        """The network's name, or how many there are."""
        names = list(self.specs.values())
        return names[0].title(None) if len(names) == 1 else f"{len(names)} networks"

    def plot(self, kind: str = "front", *, ax: Any = None, theme: str = "light", **options: Any) -> Any:
        """Draw the designs with matplotlib and return the Axes (extra `plot`).

        Args:
            kind: `front`: designs by two columns `x` and `y` (macs and params; +NAME where more is better) with those
                that no other beats; `map`: a column `value` (macs) over two of what varies, `x` and `y`.
            ax: the Axes to draw on; by default those of a new figure.
            theme: light or dark.
            options: of the kind.

        Raises:
            ImportError: matplotlib is missing.
            ValueError: there is no such kind or column, or it cannot be drawn.
        """
        from cnncalc.search.pictures import plot_sweep

        return plot_sweep(self, kind, ax=ax, theme=theme, **options)

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
    spec: Source | Sequence[Source], vary: Mapping[str, Any], *, of: Sequence[str] = DEFAULT, where: str | None = None,
    pareto: Sequence[str] = (), sample: int | None = None, seed: int = 0, compiled: bool = False,
    executor: Executor | None = None, **options: Any,
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
        compiled: run blocks of the grid as machine code (extra `compiled`): made for structures that have
            millions of designs, then several times as fast.
        executor: computes parts of the sweep, as a `ProcessPoolExecutor` does, or `get_executor()` of a Dask client.
        options: as for `analyze`: variables, variant, input, convention, dtype, batch, fold_bn, runtime, scratch;
            and the name of a device, for the column `seconds`.

    Raises:
        SpecError: the spec cannot be read.
        ValueError: a name or a value is not one of the right ones.
    """
    return Sweep(spec, vary, of=of, where=where, pareto=pareto, sample=sample, seed=seed,
                 compiled=compiled, executor=executor, **options)  # fmt: skip


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
