"""What every plot shares: colours by theme, axes and their labels, legends, marks. Extra `plot`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.render.format import human, shorten_name
from cnncalc.render.frames import library
from cnncalc.values.diagnostics import did_you_mean, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

# Okabe and Ito's colours, told apart by people with any common colour blindness.
BLUE, ORANGE, GREEN, VERMILION, SKY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9"
THEMES = {
    "light": {"ink": "#1b1f24", "soft": "#5b6470", "grid": "#d8dee4", "paper": "#ffffff", "first": BLUE},
    "dark": {"ink": "#e6edf3", "soft": "#9aa4af", "grid": "#3a424c", "paper": "#14181d", "first": SKY},
}
LABELLED = 28
"""Positions on a crowded axis that carry a label."""
NAME_WIDTH = 28
CLOSEST = 50
"""Labels of a crowded axis stay at least this part of it apart."""


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Return the message for a name that is not one of the right ones."""
    names = tuple(known)
    hint = did_you_mean(name, names) or f"choose one of {', '.join(names)}"
    return f"there is no {what} '{name}'; {hint}"


def drawn(
    draw: Callable[[Any, dict[str, str]], None], size: tuple[float, float], ax: Any, theme: str
) -> Any:
    """Draw on the given Axes, or on those of a new figure, in the colours of a theme; return them."""
    if theme not in THEMES:
        raise ValueError(unknown("theme", theme, THEMES))
    matplotlib = library("matplotlib", "plot")
    if ax is None:
        _, ax = library("matplotlib.pyplot", "plot").subplots(figsize=size, layout="constrained")
    with matplotlib.rc_context({"text.usetex": False, "mathtext.default": "regular"}):
        draw(ax, THEMES[theme])
    dress(ax, THEMES[theme])
    return ax


def dress(ax: Any, colours: dict[str, str]) -> None:
    """Give axes, labels and grid the colours of a theme."""
    ax.figure.patch.set_facecolor(colours["paper"])
    ax.set_facecolor(colours["paper"])
    for axis in (ax.xaxis, ax.yaxis):
        axis.label.set_color(colours["ink"])
        axis.set_tick_params(colors=colours["soft"], which="both", labelcolor=colours["ink"])
    for side, spine in ax.spines.items():
        spine.set_color(colours["soft"])
        spine.set_visible(side in {"left", "bottom"})
    ax.set_axisbelow(True)
    key = ax.get_legend()
    if key is not None:
        key.set_frame_on(False)
        for text in key.get_texts():
            text.set_color(colours["ink"])


def literal(text: str) -> str:
    """Return a name as matplotlib text, its dollar signs and control characters without meaning."""
    return one_line(text).replace("$", r"\$")


def counts(axis: Any) -> None:
    """Label an axis of counts as 25.6 M."""
    axis.set_major_formatter(lambda value, _: human(round(value)))


def thinned(count: int) -> range:
    """Return the positions of a crowded axis that get a label."""
    return range(0, count, -(-count // LABELLED) if count else 1)


def title(name: str, what: str, ax: Any, colours: dict[str, str]) -> None:
    """Write what is shown over the axes."""
    text = literal(f"{shorten_name(name, 40)}: {what}")
    ax.set_title(text, loc="left", fontsize=11, fontweight="bold", color=colours["ink"])


def name_positions(ax: Any, labels: Sequence[str]) -> None:
    """Write names under a crowded axis where they change, as many as can be read."""
    starts = [k for k, label in enumerate(labels) if k == 0 or label != labels[k - 1]]
    ticks: list[int] = []
    for k in (starts[k] for k in thinned(len(starts))):
        if not ticks or (k - ticks[-1]) * CLOSEST >= len(labels):
            ticks.append(k)
    names = [literal(shorten_name(labels[k], NAME_WIDTH)) for k in ticks]
    ax.set_xticks(ticks, names, rotation=90, fontsize=7)


def legend(ax: Any, place: str | None = None) -> None:
    """Write the legend above the axes, where no line runs, or at a place inside."""
    if place is not None:
        ax.legend(fontsize=8, loc=place)
    else:
        ax.legend(fontsize=8, loc="lower right", bbox_to_anchor=(1, 1), ncols=4, borderaxespad=0.2)


def steps(ax: Any, values: Sequence[int | None], **style: Any) -> None:
    """Draw one level per layer, a gap where it is unknown."""
    edges = [position - 0.5 for position in range(len(values) + 1)]
    ax.stairs([float("nan") if value is None else value for value in values], edges, **style)


def over_layers(ax: Any, scopes: Sequence[str], colours: dict[str, str], note: str = "") -> None:
    """Dress the horizontal axis of a plot over all layers."""
    name_positions(ax, scopes)
    ax.set_xlabel(f"layers in order of execution{note}")
    ax.set_xlim(-0.5, len(scopes) - 0.5)
    ax.grid(axis="y", color=colours["grid"], linewidth=0.6)


def mark_peak(ax: Any, position: int, top: int, text: str, colours: dict[str, str]) -> None:
    """Mark the highest moment, its words on the side with more room."""
    count = sum(ax.get_xlim())
    ax.plot([position], [top], marker="v", color=VERMILION, markersize=7)
    side = "right" if position > count / 2 else "left"
    ax.annotate(literal(text), (position, top), ha=side, xytext=(-8 if side == "right" else 8, 4),
                textcoords="offset points", fontsize=8, color=colours["ink"])  # fmt: skip


def plain_log(axis: Any) -> None:
    """Label a logarithmic axis as 0.1, 10, 25.6 M."""
    axis.set_major_formatter(lambda value, _: human(round(value)) if value >= 1 else f"{value:g}")
    axis.set_minor_formatter(lambda *_: "")
