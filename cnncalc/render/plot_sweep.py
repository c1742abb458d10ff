"""Sweep -> matplotlib: designs with the front that none beats, and a map over two of what varies. Extra `plot`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.render.format import human
from cnncalc.render.plot import VERMILION, counts, drawn, legend, literal, thinned, title, unknown
from cnncalc.search.front import Front, goal_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.search.sweep import Sweep

MOST_POINTS = 200_000
"""Designs of a picture of points; more of them are for a sample."""
MOST_CELLS = 40_000
NAMED = 12
"""Designs of a front that carry what they are, where there are no more."""
WRITTEN = 150
"""Cells of a map that carry their numbers, where there are no more."""


class SweepPoints(NamedTuple):
    """Designs that are networks, by two columns.

    Attributes:
        x: of each, the first column.
        y: the second.
        labels: what each design is.
        front: the places of those that no other beats, by the first column.
    """

    x: list[Any]
    y: list[Any]
    labels: list[str]
    front: list[int]


def points(sweep: Sweep, x: str, y: str) -> SweepPoints:
    """Return the designs of a sweep by two columns; less is better, with a + before a name more is.

    Raises:
        ValueError: there is no such column, or there are too many designs.
    """
    goals = [goal_of(text, columns_of(sweep)) for text in (x, y)]
    if len(sweep) > MOST_POINTS:
        raise ValueError(f"a picture of {len(sweep):,} designs shows none of them; take a --sample of {MOST_POINTS:,}")
    found = SweepPoints([], [], [], [])
    front = Front()
    for batch in sweep.kept():
        columns = sweep.values(batch, {goal.name for goal in goals})
        for row in range(len(batch)):
            one, other = (columns[goal.name][row] for goal in goals)
            if one is None or other is None:
                continue
            front.add_one((goals[0].sign * one, goals[1].sign * other), len(found.x))
            found.x.append(one)
            found.y.append(other)
            places = [axis.texts[column[row]] for axis, column in zip(sweep.axes, batch.places, strict=True)]
            found.labels.append(", ".join(places))
    found.front.extend(place for _, place in front.best)
    return found


class SweepMap(NamedTuple):
    """One column over two of what varies: `values[row][column]`, None where there is no network."""

    across: tuple[str, ...]
    up: tuple[str, ...]
    values: list[list[Any]]


def over_two(sweep: Sweep, x: str, y: str, value: str) -> SweepMap:
    """Return a column over two of what varies.

    Raises:
        ValueError: something is not called so, varies besides, or there are too many designs.
    """
    axes = {axis.name: k for k, axis in enumerate(sweep.axes)}
    for name in (x, y):
        if name not in axes:
            raise ValueError(unknown("axis", name, axes))
    if x == y:
        raise ValueError(f"a map is over two axes, got '{x}' twice")
    if value not in sweep.computed:
        raise ValueError(unknown("column", value, sweep.computed))
    if others := [axis.name for axis in sweep.axes if axis.name not in (x, y) and len(axis.choices) > 1]:
        raise ValueError(f"'{others[0]}' varies too; a map is over two axes")
    across, up = sweep.axes[axes[x]], sweep.axes[axes[y]]
    if len(sweep) > MOST_CELLS:
        raise ValueError(f"a map of {len(sweep):,} cells shows none of them; up to {MOST_CELLS:,} are drawn")
    found: list[list[Any]] = [[None] * len(across.choices) for _ in up.choices]
    for batch in sweep.kept():
        rows = zip(batch.places[axes[x]], batch.places[axes[y]], batch.columns[value], strict=True)
        for column, row, number in rows:
            found[row][column] = number
    return SweepMap(across.texts, up.texts, found)


def columns_of(sweep: Sweep) -> tuple[str, ...]:
    """Return what can be drawn along an axis: totals, and what varies in numbers."""
    return (*sweep.computed, *(axis.name for axis in sweep.axes if axis.numeric))


def plot_sweep(sweep: Sweep, kind: str, *, ax: Any = None, theme: str = "light", **options: Any) -> Any:
    """Draw a sweep and return the Axes.

    Args:
        sweep: the designs.
        kind: `front` (options `x`, `y`: columns, with a + where more is better) or `map` (`x`, `y`: what varies;
            `value`: a column).
        ax: the Axes to draw on; by default those of a new figure.
        theme: light or dark.
        options: of the kind.

    Raises:
        ImportError: matplotlib is missing; the message names the extra.
        ValueError: there is no such kind, column or theme, or it cannot be drawn.
    """
    if kind not in KINDS:
        raise ValueError(unknown("plot of a sweep", kind, KINDS))
    draw, usual = KINDS[kind]
    for option in options:
        if option not in usual:
            raise ValueError(f"a {kind} takes no option '{option}'")
    given = usual | options
    if kind == "map" and (given["x"] is None or given["y"] is None):
        names = [axis.name for axis in sweep.axes if len(axis.choices) > 1] + [axis.name for axis in sweep.axes]
        given["x"], given["y"] = given["x"] or names[-1], given["y"] or names[0]
    return drawn(lambda on, colours: draw(sweep, on, colours, **given), (8, 5.5), ax, theme)


def draw_front(sweep: Sweep, ax: Any, colours: dict[str, str], *, x: str, y: str) -> None:
    """Draw every design as a point, those that no other beats joined by steps."""
    found = points(sweep, x, y)
    ax.scatter(found.x, found.y, s=9, color=colours["first"], alpha=0.45, edgecolors="none",
               label=f"{len(found.x):,} designs")  # fmt: skip
    best = [(found.x[place], found.y[place]) for place in found.front]
    if best:
        across, up = zip(*best, strict=True)
        ax.plot(across, up, color=VERMILION, linewidth=1.2, marker="o", markersize=4,
                label=f"{len(best):,} that none beats")  # fmt: skip
    if len(found.front) <= NAMED:
        for place in found.front:
            ax.annotate(literal(found.labels[place]), (found.x[place], found.y[place]), textcoords="offset points",
                        xytext=(5, 4), fontsize=7, color=colours["ink"])  # fmt: skip
    for axis, name in ((ax.xaxis, x), (ax.yaxis, y)):
        if name.lstrip("+-") in sweep.computed:
            counts(axis)
    ax.set_xlabel(x.lstrip("+-").replace("_", " "))
    ax.set_ylabel(y.lstrip("+-").replace("_", " "))
    ax.grid(color=colours["grid"], linewidth=0.6)
    legend(ax)
    title(sweep.title, "designs and what none beats", ax, colours)


def draw_map(sweep: Sweep, ax: Any, colours: dict[str, str], *, x: str, y: str, value: str) -> None:
    """Draw a column as a map over two of what varies; what is no network stays empty."""
    found = over_two(sweep, x, y, value)
    numbers = [[float("nan") if number is None else number for number in row] for row in found.values]
    known = [number for row in found.values for number in row if number is not None]
    ax.imshow(numbers, origin="lower", aspect="auto", cmap="cividis")
    _named(ax.set_xticks, found.across)
    _named(ax.set_yticks, found.up)
    if len(found.across) * len(found.up) <= WRITTEN and known:
        middle = (min(known) + max(known)) / 2
        for row, line in enumerate(found.values):
            for column, number in enumerate(line):
                text = "none" if number is None else human(number) if isinstance(number, int) else f"{number:.3g}"
                shade = colours["ink"] if number is None else "#ffffff" if number < middle else "#000000"
                ax.text(column, row, text, ha="center", va="center", fontsize=7, color=shade)
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    title(sweep.title, value.replace("_", " "), ax, colours)


def _named(ticks: Callable[..., Any], texts: Sequence[str]) -> None:
    places = thinned(len(texts))
    ticks(list(places), [literal(texts[place]) for place in places], fontsize=8)


KINDS: dict[str, tuple[Callable[..., None], dict[str, Any]]] = {
    "front": (draw_front, {"x": "macs", "y": "+params"}),
    "map": (draw_map, {"x": None, "y": None, "value": "macs"}),
}
"""The plots of a sweep by name, each with its options and their usual values."""
