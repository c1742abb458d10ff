"""What the pictures of a sweep show: designs by two columns with the front, and a column over two of what varies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.search.front import Front, goal_of
from cnncalc.values.diagnostics import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncalc.search.sweep import Sweep

MOST_POINTS = 200_000
"""Designs of a picture of points; more of them are for a sample."""
MOST_CELLS = 40_000


class SweepPoints(NamedTuple):
    """Designs that are networks, by two columns.

    Attributes:
        network: the name of what was swept.
        names: of the columns.
        counted: which of the two are totals.
        x: of each design, the first column.
        y: the second.
        labels: what each design is.
        front: the places of those that no other beats, by the first column.
    """

    network: str
    names: tuple[str, str]
    counted: tuple[bool, bool]
    x: list[Any]
    y: list[Any]
    labels: list[str]
    front: list[int]


class SweepMap(NamedTuple):
    """One column over two of what varies: `values[row][column]`, None where there is no network."""

    network: str
    names: tuple[str, str, str]
    across: tuple[str, ...]
    up: tuple[str, ...]
    values: list[list[Any]]


def points(sweep: Sweep, x: str = "macs", y: str = "+params") -> SweepPoints:
    """Return the designs of a sweep by two columns; less is better, with a + before a name more is.

    Raises:
        ValueError: there is no such column, or there are too many designs.
    """
    drawable = (*sweep.computed, *(axis.name for axis in sweep.axes if axis.numeric))
    one, other = (goal_of(text, drawable) for text in (x, y))
    if len(sweep) > MOST_POINTS:
        raise ValueError(f"a picture of {len(sweep):,} designs shows none of them; take a --sample of {MOST_POINTS:,}")
    counted = one.name in sweep.computed, other.name in sweep.computed
    found = SweepPoints(sweep.title, (one.name, other.name), counted, [], [], [], [])
    front = Front()
    for batch in sweep.kept():
        columns = sweep.values(batch, {one.name, other.name})
        for row in range(len(batch)):
            a, b = columns[one.name][row], columns[other.name][row]
            if a is None or b is None:
                continue
            front.add_one((one.sign * a, other.sign * b), len(found.x))
            found.x.append(a)
            found.y.append(b)
            places = [axis.texts[column[row]] for axis, column in zip(sweep.axes, batch.places, strict=True)]
            found.labels.append(", ".join(places))
    found.front.extend(place for _, place in front.best)
    return found


def over_two(sweep: Sweep, x: str | None = None, y: str | None = None, value: str = "macs") -> SweepMap:
    """Return a column over two of what varies: the last and the first where nothing is said.

    Raises:
        ValueError: something is not called so, varies besides, or there are too many designs.
    """
    axes = {axis.name: k for k, axis in enumerate(sweep.axes)}
    varied = [axis.name for axis in sweep.axes if len(axis.choices) > 1] or list(axes)
    x, y = x or varied[-1], y or varied[0]
    for name in (x, y):
        _check("axis", name, axes)
    if x == y:
        raise ValueError(f"a map is over two axes, got '{x}' twice")
    _check("column", value, sweep.computed)
    if others := [name for name in varied if name not in (x, y)]:
        raise ValueError(f"'{others[0]}' varies too; a map is over two axes")
    across, up = sweep.axes[axes[x]], sweep.axes[axes[y]]
    if len(sweep) > MOST_CELLS:
        raise ValueError(f"a map of {len(sweep):,} cells shows none of them; up to {MOST_CELLS:,} are drawn")
    found: list[list[Any]] = [[None] * len(across.choices) for _ in up.choices]
    for batch in sweep.kept():
        for column, row, number in zip(batch.places[axes[x]], batch.places[axes[y]], batch.columns[value], strict=True):
            found[row][column] = number
    return SweepMap(sweep.title, (x, y, value), across.texts, up.texts, found)


def _check(what: str, name: str, known: Iterable[str]) -> None:
    names = tuple(known)
    if name not in names:
        raise ValueError(f"there is no {what} '{name}'; {did_you_mean(name, names) or 'there is ' + ', '.join(names)}")


KINDS = {"front": ("x", "y"), "map": ("x", "y", "value")}
"""The pictures of a sweep by name, each with its options."""


def plot_sweep(sweep: Sweep, kind: str, *, ax: Any = None, theme: str = "light", **options: Any) -> Any:
    """Draw a sweep and return the Axes.

    Raises:
        ImportError: matplotlib is missing; the message names the extra.
        ValueError: there is no such kind, column or theme, or it cannot be drawn.
    """
    from cnncalc.render import plot_sweep as pictures

    _check("plot of a sweep", kind, KINDS)
    for option in options:
        if option not in KINDS[kind]:
            raise ValueError(f"a {kind} takes no option '{option}'; it takes {', '.join(KINDS[kind])}")
    if kind == "front":
        return pictures.front(points(sweep, **options), ax, theme)
    return pictures.map_over_two(over_two(sweep, **options), ax, theme)
