"""Report -> matplotlib: work, parameters, field growth, activation memory, roofline, operators. Extra `plot`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.analysis import series
from cnncalc.diagnostics import did_you_mean, one_line
from cnncalc.render.format import human, shorten_name
from cnncalc.render.frames import library

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.report import Report

# Okabe and Ito's colours, told apart by people with any common colour blindness.
BLUE, ORANGE, GREEN, VERMILION, SKY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9"
THEMES = {
    "light": {"ink": "#1b1f24", "soft": "#5b6470", "grid": "#d8dee4", "paper": "#ffffff", "first": BLUE},
    "dark": {"ink": "#e6edf3", "soft": "#9aa4af", "grid": "#3a424c", "paper": "#14181d", "first": SKY},
}
HORIZONTAL_UP_TO = 40
LABELLED = 28
"""Positions on a crowded axis that carry a label."""
NAME_WIDTH = 28
CLOSEST = 50
"""Labels of a crowded axis stay at least this part of it apart."""


def plot(report: Report, kind: str, *, ax: Any = None, theme: str = "light", **options: Any) -> Any:
    """Draw one plot of a report and return its Axes.

    Args:
        report: the report.
        kind: one of `KINDS`.
        ax: the Axes to draw on; by default a new figure of a fitting size.
        theme: light or dark.
        options: `by="layer"|"block"` for bars, `device="..."` for the roofline.

    Raises:
        ImportError: matplotlib is missing; the message names the extra.
        ValueError: there is no such kind, theme or option value.
    """
    if kind not in KINDS:
        hint = did_you_mean(kind, KINDS) or f"choose one of {', '.join(KINDS)}"
        raise ValueError(f"there is no plot '{kind}'; {hint}")
    if theme not in THEMES:
        raise ValueError(f"there is no theme '{theme}'; choose one of {', '.join(THEMES)}")
    draw, size = KINDS[kind]
    matplotlib = library("matplotlib", "plot")
    if ax is None:
        pyplot = library("matplotlib.pyplot", "plot")
        _, ax = pyplot.subplots(figsize=size(report), layout="constrained")
    with matplotlib.rc_context({"text.usetex": False, "mathtext.default": "regular"}):
        draw(report, ax, THEMES[theme], **options)
    dress(ax, THEMES[theme])
    return ax


def save(report: Report, kind: str, file: str, *, theme: str = "light", **options: Any) -> None:
    """Draw one plot into a file, the form by its ending (png, svg, pdf).

    Raises:
        ImportError, ValueError: as `plot`; also for an ending that matplotlib cannot write.
        OSError: the file cannot be written.
    """
    if kind not in KINDS:
        plot(report, kind)
    figures = library("matplotlib.figure", "plot")
    figure = figures.Figure(figsize=KINDS[kind][1](report), layout="constrained")
    plot(report, kind, ax=figure.add_subplot(), theme=theme, **options)
    figure.savefig(file, dpi=150, facecolor=THEMES[theme]["paper"])


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


def title(report: Report, what: str, ax: Any, colours: dict[str, str]) -> None:
    """Write what is shown over the axes."""
    text = literal(shorten_name(f"{report.name}: {what}", 80))
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


def legend(ax: Any) -> None:
    """Write the legend above the axes, where no line runs."""
    ax.legend(fontsize=8, loc="lower right", bbox_to_anchor=(1, 1), ncols=4, borderaxespad=0.2)


def draw_bars(metric: str) -> Callable[..., None]:
    """Return the function that draws one metric by layer or block."""

    def draw(report: Report, ax: Any, colours: dict[str, str], by: str | None = None) -> None:
        data = series.bars(report, metric, by)
        values = [value or 0 for value in data.values]
        positions = range(len(values))
        if len(values) <= HORIZONTAL_UP_TO:
            ax.barh(positions, values, color=colours["first"])
            ax.set_yticks(list(positions), [literal(label) for label in data.labels], fontsize=8)
            ax.invert_yaxis()
            counts(ax.xaxis)
            ax.set_xlabel(data.unit)
            ax.grid(axis="x", color=colours["grid"], linewidth=0.6)
            whole = sum(values)
            for position, (value, known) in enumerate(zip(values, data.values, strict=True)):
                note = "?" if known is None else f" {100 * value / whole:.1f} %" if whole else ""
                ax.text(value, position, note, va="center", fontsize=7, color=colours["soft"])
            ax.margins(x=0.12, y=0.02)
        else:
            ax.bar(positions, values, color=colours["first"], width=0.9)
            name_positions(ax, data.labels)
            counts(ax.yaxis)
            ax.set_ylabel(data.unit)
            ax.set_xlabel(f"{data.by}s in order of execution")
            ax.grid(axis="y", color=colours["grid"], linewidth=0.6)
            ax.margins(x=0.01)
        title(report, f"{data.unit} by {data.by}", ax, colours)

    return draw


def draw_growth(report: Report, ax: Any, colours: dict[str, str]) -> None:
    """Draw the receptive field over the layers against the input's size."""
    data = series.growth(report)
    nan = float("nan")
    same = len(set(data.sizes)) == 1 and len(set(data.extents)) == 1
    palette = (colours["first"], VERMILION, GREEN)
    for axis in range(1 if same else len(data.axes)):
        letter = "" if same else f" {data.axes[axis]}"
        steps = [nan if size is None else size for size in data.sizes[axis]]
        ax.step(range(len(steps)), steps, where="mid", color=palette[axis], label=f"receptive field{letter}")
        if data.true is not None:
            true = [nan if size is None else size for size in data.true[axis]]
            ax.step(range(len(true)), true, where="mid", color=ORANGE, linewidth=1.6, linestyle=":",
                    label=f"with gates{letter}")  # fmt: skip
        ax.axhline(data.extents[axis], color=colours["soft"], linestyle="--", linewidth=1,
                   label=f"input size{letter}", zorder=0)  # fmt: skip
    name_positions(ax, data.scopes)
    ax.set_ylabel("input pixels")
    ax.set_xlabel("layers in order of execution")
    ax.set_ylim(bottom=0)
    ax.grid(axis="y", color=colours["grid"], linewidth=0.6)
    ax.margins(x=0.01)
    legend(ax)
    title(report, "receptive field", ax, colours)


def draw_memory(report: Report, ax: Any, colours: dict[str, str]) -> None:
    """Draw the activation memory alive while each layer runs, the peak marked."""
    data = series.profile(report)
    positions = range(len(data.elements))
    ax.fill_between(positions, data.elements, step="mid", color=colours["first"], alpha=0.35, linewidth=0)
    ax.step(positions, data.elements, where="mid", color=colours["first"], linewidth=1.2)
    top = data.elements[data.peak]
    ax.plot([data.peak], [top], marker="v", color=VERMILION, markersize=7)
    side = "right" if data.peak > len(data.elements) / 2 else "left"
    ax.annotate(literal(f"peak {top:,} elements at {data.labels[data.peak]}"), (data.peak, top), ha=side,
                xytext=(-8 if side == "right" else 8, 4), textcoords="offset points", fontsize=8,
                color=colours["ink"])  # fmt: skip
    name_positions(ax, data.scopes)
    counts(ax.yaxis)
    ax.set_ylabel("live activation elements")
    ax.set_xlabel("layers in order of execution")
    ax.set_ylim(0, top * 1.12)
    ax.grid(axis="y", color=colours["grid"], linewidth=0.6)
    ax.margins(x=0.01)
    title(report, "activation memory over execution", ax, colours)


def draw_operators(report: Report, ax: Any, colours: dict[str, str]) -> None:
    """Draw each operator's part of parameters, work and memory access."""
    data = series.shares(report)
    names = {"params": "parameters", "macs": "multiply-accumulates", "memory_access": "memory access"}
    palette = (colours["first"], ORANGE, GREEN)
    height = 0.26
    for row, (key, parts) in enumerate(data.parts.items()):
        places = [position + (row - 1) * height for position in range(len(parts))]
        ax.barh(places, [100 * part for part in parts], height=height, color=palette[row], label=names[key])
    ax.set_yticks(range(len(data.operators)), [literal(name) for name in data.operators], fontsize=8)
    ax.invert_yaxis()
    ax.set_xlabel("share of the total in %")
    ax.set_xlim(0, 100)
    ax.grid(axis="x", color=colours["grid"], linewidth=0.6)
    legend(ax)
    title(report, "share by operator", ax, colours)


def bar_size(metric: str) -> Callable[[Report], tuple[float, float]]:
    """Return the function that gives the size of a bar plot in inches."""

    def size(report: Report) -> tuple[float, float]:
        count = len(series.bars(report, metric).labels)
        return (8, max(2.5, 1.2 + 0.24 * count)) if count <= HORIZONTAL_UP_TO else (11, 5)

    return size


def wide(report: Report) -> tuple[float, float]:  # noqa: ARG001 - one of the size functions
    """Return the size of a plot over the layers, in inches."""
    return 11, 5


def operator_size(report: Report) -> tuple[float, float]:
    """Return the size of the plot of operators, in inches."""
    return 8, max(2.5, 1.4 + 0.5 * len(series.shares(report).operators))


KINDS: dict[str, tuple[Callable[..., None], Callable[[Report], tuple[float, float]]]] = {
    **{metric: (draw_bars(metric), bar_size(metric)) for metric in series.UNITS},
    "receptive_field": (draw_growth, wide),
    "memory": (draw_memory, wide),
    "operators": (draw_operators, operator_size),
}
"""What can be drawn: the function and the size of each kind."""
