"""Report -> matplotlib: work, parameters, field growth, activation memory, roofline, operators. Extra `plot`."""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.analysis import series
from cnncalc.render.format import image_rank, percent, pixels, shorten_name
from cnncalc.render.frames import library
from cnncalc.render.plot_axes import (
    GREEN,
    NAME_WIDTH,
    ORANGE,
    THEMES,
    VERMILION,
    counts,
    drawn,
    legend,
    literal,
    mark_peak,
    over_layers,
    plain_log,
    steps,
    title,
    unknown,
)
from cnncalc.render.plot_roofline import draw_roofline, square
from cnncalc.render.plot_svg import adaptive
from cnncalc.values.files import write_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnncalc.analysis.arena import Arena
    from cnncalc.analysis.memory import MemoryReport
    from cnncalc.results.report import Report

HORIZONTAL_UP_TO = 40
FLAT = 20
"""A field that stays below one part in so many of the input is drawn on a logarithmic axis."""
BARS_UP_TO = 400
"""More bars than this become one outline."""
ENDINGS: dict[str, dict[str, None]] = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
"""What a plot can be written as, and what is left out of it so that the same plot is the same file."""


class PlotKind(NamedTuple):
    """One kind of plot: the function that draws it, its size in inches, and the options that it takes."""

    draw: Callable[..., None]
    size: Callable[..., tuple[float, float]]
    options: tuple[str, ...] = ()


def plot(report: Report, kind: str, *, ax: Any = None, theme: str = "light", **options: Any) -> Any:
    """Draw one plot of a report and return its Axes.

    Args:
        report: the report.
        kind: one of `KINDS`.
        ax: the Axes to draw on; by default a new figure of a fitting size.
        theme: light or dark.
        options: `by="layer"|"block"` for bars; `device="..."`, `devices="file.toml"` for the roofline.

    Raises:
        ImportError: matplotlib is missing; the message names the extra.
        ValueError: there is no such kind, theme, option or device, or nothing to draw.
    """
    chosen = kind_of(kind, options)
    size = chosen.size(report, **options)
    return drawn(lambda on, colours: chosen.draw(report, on, colours, **options), size, ax, theme)


def plot_memory(report: MemoryReport, kind: str, *, ax: Any = None, theme: str = "light") -> Any:
    """Draw the memory of a network over execution and return the Axes.

    Args:
        report: the memory.
        kind: one of `MEMORY_KINDS`.
        ax: the Axes to draw on; by default a new figure.
        theme: light or dark.

    Raises:
        ImportError: matplotlib is missing; the message names the extra.
        ValueError: there is no such kind or theme, or nothing to draw.
    """
    if kind not in MEMORY_KINDS:
        raise ValueError(unknown("plot of memory", kind, MEMORY_KINDS))
    if not report.layers:
        raise ValueError(f"{report.name} has no layers, there is nothing to plot")
    return drawn(lambda on, colours: MEMORY_KINDS[kind](report, on, colours), (11, 5), ax, theme)


def save(report: Report, kind: str, file: str, *, theme: str | None = None, **options: Any) -> None:
    """Draw one plot into a file, the form by its ending; SVG without a theme follows that of the page around it.

    Raises:
        ImportError, ValueError: as `plot`; ValueError also for an ending that is not one of `ENDINGS`.
        OSError: the file cannot be written; what stood there stays.
    """
    ending = Path(file).suffix.lower().removeprefix(".")
    if ending not in ENDINGS:
        raise ValueError(f"a plot is written as {', '.join(f'.{name}' for name in ENDINGS)}, got '{file}'")
    chosen = kind_of(kind, options)
    figure = library("matplotlib.figure", "plot").Figure(figsize=chosen.size(report, **options), layout="constrained")
    ax = plot(report, kind, ax=figure.add_subplot(), theme=theme or "light", **options)
    with library("matplotlib", "plot").rc_context({"svg.hashsalt": "cnncalc"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        drawn = BytesIO()
        figure.savefig(drawn, format=ending, dpi=150, facecolor=ax.get_facecolor(), metadata=ENDINGS[ending])
    data = drawn.getvalue()
    if theme is None and ending == "svg":
        data = adaptive(data.decode("utf-8"), THEMES["light"], THEMES["dark"]).encode("utf-8")
    write_file(file, data)


def kind_of(name: str, options: Mapping[str, object]) -> PlotKind:
    """Return a kind of plot.

    Raises:
        ValueError: there is none of that name, or it does not take one of the options.
    """
    if name not in KINDS:
        raise ValueError(unknown("plot", name, KINDS))
    for option in options:
        if option not in KINDS[name].options:
            raise ValueError(f"a plot of {name} takes no option '{option}'")
    return KINDS[name]


def draw_bars(metric: str) -> Callable[..., None]:
    """Return the function that draws one metric by layer or block."""

    def draw(report: Report, ax: Any, colours: dict[str, str], by: str | None = None) -> None:
        data = series.bars(report, metric, by)
        values = [value or 0 for value in data.values]
        positions = range(len(values))
        if len(values) <= HORIZONTAL_UP_TO:
            ax.barh(positions, values, color=colours["first"])
            labels = [literal(shorten_name(label, 2 * NAME_WIDTH)) for label in data.labels]
            ax.set_yticks(list(positions), labels, fontsize=8)
            ax.invert_yaxis()
            counts(ax.xaxis)
            ax.set_xlabel(data.unit)
            ax.grid(axis="x", color=colours["grid"], linewidth=0.6)
            whole = sum(values)
            for position, (value, known) in enumerate(zip(values, data.values, strict=True)):
                note = "unknown" if known is None else percent(value, whole)
                ax.text(value, position, f" {note}", va="center", fontsize=7, color=colours["soft"])
            ax.margins(x=0.12, y=0.02)
        else:
            if len(values) <= BARS_UP_TO:
                ax.bar(positions, values, color=colours["first"], width=0.9)
            else:
                steps(ax, values, fill=True, color=colours["first"])
            for position, known in enumerate(data.values):
                if known is None:
                    ax.text(position, 0, "?", ha="center", va="bottom", fontsize=8, color=VERMILION)
            counts(ax.yaxis)
            ax.set_ylabel(data.unit)
            over_layers(ax, data.labels, colours)
            ax.set_xlabel(f"{data.by}s in order of execution")
        title(report.name, f"{data.unit} by {data.by}", ax, colours)

    return draw


def draw_growth(report: Report, ax: Any, colours: dict[str, str]) -> None:
    """Draw the receptive field over the layers against the input's size."""
    data = series.growth(report)
    same = len(set(data.sizes)) == 1 and len(set(data.extents)) == 1
    palette = (colours["first"], VERMILION, GREEN)
    for axis in range(1 if same else len(data.axes)):
        letter = "" if same else f" {data.axes[axis]}"
        steps(ax, data.along(data.sizes[axis]), baseline=None, color=palette[axis], linewidth=1.6,
              label=f"receptive field{letter}")  # fmt: skip
        if beside := [(k, size) for k, size in enumerate(data.sizes[axis]) if not data.main[k] and size is not None]:
            ax.scatter(*zip(*beside, strict=True), s=10, color=palette[axis], alpha=0.7, edgecolors="none", zorder=3,
                       label=f"side branches{letter}")  # fmt: skip
        if data.true is not None:
            steps(ax, data.along(data.true[axis]), baseline=None, color=ORANGE, linewidth=1.6, linestyle=":",
                  label=f"with gates{letter}")  # fmt: skip
        ax.axhline(data.extents[axis], color=colours["soft"], linestyle="--", linewidth=1,
                   label=f"input size{letter}", zorder=0)  # fmt: skip
    note = f"; {data.left_out:,} that see the whole input left out" if data.left_out else ""
    over_layers(ax, data.scopes, colours, note)
    largest = max(size or 0 for sizes in data.sizes for size in sizes)
    if largest * FLAT < min(data.extents):
        ax.set_yscale("log")
        ax.set_ylim(bottom=0.8)
        plain_log(ax.yaxis)
    else:
        ax.set_ylim(0, 1.05 * max(largest, *data.extents))
    ax.set_ylabel(f"input {pixels(image_rank(report))}")
    legend(ax)
    title(report.name, "receptive field", ax, colours)


def draw_memory(report: Report, ax: Any, colours: dict[str, str]) -> None:
    """Draw the activation memory alive while each layer runs, the peak marked."""
    data = series.profile(report)
    steps(ax, data.elements, fill=True, color=colours["first"], alpha=0.35)
    steps(ax, data.elements, baseline=None, color=colours["first"], linewidth=1.2)
    top = data.elements[data.peak]
    bound = ">= " if data.lower_bound else ""
    text = f"peak {bound}{top:,} elements, {data.bytes:,} bytes as {report.dtype}, at "
    over_layers(ax, data.scopes, colours)
    mark_peak(ax, data.peak, top, text + shorten_name(data.labels[data.peak], 40), colours)
    counts(ax.yaxis)
    ax.set_ylabel("live activation elements")
    ax.set_ylim(0, top * 1.12 or 1)
    title(report.name, "activation memory over execution", ax, colours)


def draw_patches(report: Report, ax: Any, colours: dict[str, str]) -> None:
    """Draw the bytes alive while each layer runs, with the first stage in patches and without."""
    found = report.patches
    if found is None:
        raise ValueError("there are no patches to draw; ask for them with --patches")
    data = series.profile(report)
    split = "x".join(map(str, found.split))
    steps(ax, found.profile_whole, baseline=None, color=colours["soft"], linewidth=1.0, label="without patches")
    steps(ax, found.profile, fill=True, color=colours["first"], alpha=0.35)
    steps(ax, found.profile, baseline=None, color=colours["first"], linewidth=1.2, label=f"{split} patches")
    over_layers(ax, data.scopes, colours)
    ax.axvline(data.labels.index(found.layer) + 0.5, color=VERMILION, linewidth=1.0, linestyle="--")
    counts(ax.yaxis)
    ax.set_ylabel(f"bytes alive ({report.dtype})")
    ax.set_ylim(0, max(*found.profile_whole, *found.profile) * 1.12 or 1)
    legend(ax)
    title(report.name, f"memory with {split} patches up to {shorten_name(found.layer, 40)}", ax, colours)


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
    legend(ax, "lower right")
    title(report.name, "share by operator", ax, colours)


def draw_live(report: MemoryReport, ax: Any, colours: dict[str, str]) -> None:
    """Draw the elements alive during each layer, plain and in place, with both peaks and the arena."""
    plain = [layer.live for layer in report.layers]
    saving = [layer.live_in_place for layer in report.layers]
    steps(ax, plain, fill=True, color=colours["first"], alpha=0.25)
    steps(ax, plain, baseline=None, color=colours["first"], linewidth=1.2, label="every layer writes its own tensor")
    if saving != plain:
        steps(ax, saving, baseline=None, color=VERMILION, linewidth=1.2, linestyle="--",
              label="in place where possible")  # fmt: skip
    peak = report.peak
    text = f"peak {peak.elements * report.batch:,} elements, {report.peak_bytes:,} bytes as {report.dtype}, at "
    over_layers(ax, [layer.path.partition(".")[0] for layer in report.layers], colours)
    mark_peak(ax, peak.index, peak.elements * report.batch, text + shorten_name(peak.path, 40), colours)
    counts(ax.yaxis)
    ax.set_ylabel("live activation elements")
    ax.set_ylim(0, max(plain) * 1.12 or 1)
    legend(ax)
    title(report.name, "live activations", ax, colours)


def draw_arena(*, in_place: bool) -> Callable[[MemoryReport, Any, dict[str, str]], None]:
    """Return the function that draws where every tensor lies and how long it is needed."""

    def draw(report: MemoryReport, ax: Any, colours: dict[str, str]) -> None:
        arena: Arena = report.arena_in_place if in_place else report.arena
        patches = library("matplotlib.patches", "plot")
        collections = library("matplotlib.collections", "plot")
        placed = [p for p in arena.placements if p.bytes]
        boxes = [patches.Rectangle((p.first - 0.5, p.offset), p.last - p.first + 1, p.bytes) for p in placed]
        width = 0.6 if len(placed) <= HORIZONTAL_UP_TO else 0.2
        style = {"facecolor": colours["first"], "edgecolor": colours["paper"], "linewidth": width}
        ax.add_collection(collections.PatchCollection(boxes, **style))
        ax.axhline(arena.bytes, color=VERMILION, linewidth=1)
        ax.annotate(f"arena of {arena.bytes:,} bytes", (len(report.layers) - 0.5, arena.bytes), ha="right", fontsize=8,
                    xytext=(-4, 4), textcoords="offset points", color=colours["ink"])  # fmt: skip
        over_layers(ax, [layer.path.partition(".")[0] for layer in report.layers], colours)
        counts(ax.yaxis)
        ax.set_ylim(0, arena.bytes * 1.12 or 1)
        ax.set_ylabel("address in bytes")
        title(report.name, f"arena{', tensors written over one another' if in_place else ''}", ax, colours)

    return draw


def bar_size(metric: str) -> Callable[..., tuple[float, float]]:
    """Return the function that gives the size of a bar plot in inches."""

    def size(report: Report, by: str | None = None) -> tuple[float, float]:
        count = len(series.bars(report, metric, by).labels)
        return (8, max(2.5, 1.2 + 0.24 * count)) if count <= HORIZONTAL_UP_TO else (11, 5)

    return size


def wide(report: Report) -> tuple[float, float]:  # noqa: ARG001 - one of the size functions
    """Return the size of a plot over the layers, in inches."""
    return 11, 5


def operator_size(report: Report) -> tuple[float, float]:
    """Return the size of the plot of operators, in inches."""
    return 8, max(2.5, 1.4 + 0.5 * len(series.shares(report).operators))


KINDS: dict[str, PlotKind] = {
    **{metric: PlotKind(draw_bars(metric), bar_size(metric), ("by",)) for metric in series.UNITS},
    "receptive_field": PlotKind(draw_growth, wide),
    "memory": PlotKind(draw_memory, wide),
    "patches": PlotKind(draw_patches, wide),
    "operators": PlotKind(draw_operators, operator_size),
    "roofline": PlotKind(draw_roofline, square, ("device", "devices")),
}
"""What can be drawn of a report."""

MEMORY_KINDS: dict[str, Callable[[MemoryReport, Any, dict[str, str]], None]] = {
    "live": draw_live,
    "arena": draw_arena(in_place=False),
    "arena_in_place": draw_arena(in_place=True),
}
"""What can be drawn of a network's memory."""
