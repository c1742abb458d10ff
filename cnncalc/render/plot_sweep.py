"""Sweep -> matplotlib: designs with the front that none beats, and a map over two of what varies. Extra `plot`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.render.format import human
from cnncalc.render.plot_axes import VERMILION, counts, drawn, legend, literal, thinned, title

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.search.pictures import SweepMap, SweepPoints

NAMED = 12
"""Designs of a front that carry what they are, where there are no more."""
WRITTEN = 150
"""Cells of a map that carry their numbers, where there are no more."""
SIZE = 8, 5.5


def front(found: SweepPoints, ax: Any, theme: str) -> Any:
    """Draw every design as a point, those that no other beats joined; return the Axes."""

    def draw(ax: Any, colours: dict[str, str]) -> None:
        ax.scatter(found.x, found.y, s=9, color=colours["first"], alpha=0.45, edgecolors="none",
                   label=f"{len(found.x):,} designs")  # fmt: skip
        best = [(found.x[place], found.y[place]) for place in found.front]
        if best:
            across, up = zip(*best, strict=True)
            ax.plot(across, up, color=VERMILION, linewidth=1.2, marker="o", markersize=4,
                    label=f"{len(best):,} that none beats")  # fmt: skip
        if len(found.front) <= NAMED:
            for place in found.front:
                ax.annotate(literal(found.labels[place]), (found.x[place], found.y[place]), fontsize=7,
                            textcoords="offset points", xytext=(5, 4), color=colours["ink"])  # fmt: skip
        for axis, counted in zip((ax.xaxis, ax.yaxis), found.counted, strict=True):
            if counted:
                counts(axis)
        ax.set_xlabel(found.names[0].replace("_", " "))
        ax.set_ylabel(found.names[1].replace("_", " "))
        ax.grid(color=colours["grid"], linewidth=0.6)
        legend(ax)
        title(found.network, "designs", ax, colours)

    return drawn(draw, SIZE, ax, theme)


def map_over_two(found: SweepMap, ax: Any, theme: str) -> Any:
    """Draw a column as a map over two of what varies, what is no network without colour; return the Axes."""

    def draw(ax: Any, colours: dict[str, str]) -> None:
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
        ax.set_xlabel(found.names[0])
        ax.set_ylabel(found.names[1])
        title(found.network, found.names[2].replace("_", " "), ax, colours)

    return drawn(draw, SIZE, ax, theme)


def _named(ticks: Callable[..., Any], texts: Sequence[str]) -> None:
    places = thinned(len(texts))
    ticks(list(places), [literal(texts[place]) for place in places], fontsize=8)
