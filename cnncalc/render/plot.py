"""Report -> matplotlib: work, parameters, field growth, activation memory, roofline, operators. Extra `plot`."""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.analysis import series
from cnncalc.render.format import human, image, image_rank, percent, pixels, shorten_name
from cnncalc.render.frames import library
from cnncalc.render.plot_svg import adaptive
from cnncalc.values.diagnostics import did_you_mean, one_line, plural
from cnncalc.values.files import write_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cnncalc.analysis.arena import Arena
    from cnncalc.analysis.memory import MemoryReport
    from cnncalc.results.report import Report

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
FLAT = 20
"""A field that stays below one part in so many of the input is drawn on a logarithmic axis."""
CLOSEST = 50
"""Labels of a crowded axis stay at least this part of it apart."""
BARS_UP_TO = 400
"""More bars than this become one outline."""
MARKED = 3
"""Layers that a roofline names: those that take longest."""
FIRST_NAME, NEXT_NAME = 11, 10
"""Points from a layer up to the first name, and from one name to the next."""
APART = 1.6
"""Factor by which the intensities of named layers differ at least."""
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


def mark_peak(ax: Any, position: int, top: int, text: str, colours: dict[str, str]) -> None:
    """Mark the highest moment, its words on the side with more room."""
    count = sum(ax.get_xlim())
    ax.plot([position], [top], marker="v", color=VERMILION, markersize=7)
    side = "right" if position > count / 2 else "left"
    ax.annotate(literal(text), (position, top), ha=side, xytext=(-8 if side == "right" else 8, 4),
                textcoords="offset points", fontsize=8, color=colours["ink"])  # fmt: skip


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


def draw_roofline(
    report: Report, ax: Any, colours: dict[str, str], device: Any = None, devices: str | None = None
) -> None:
    """Draw what a device allows at each intensity, and every layer on that line, as large as its work."""
    if device is None:
        from cnncalc.devices import load

        raise ValueError(f"a roofline needs a device; choose one of {', '.join(load(devices))}")
    bounds = report.roofline(device, devices=devices)
    data = series.points(bounds)
    low, high = min(data.intensity), max(data.intensity)
    if bounds.ridge is not None:
        low, high = min(low, bounds.ridge), max(high, bounds.ridge)
    ends = [low / 10, *((bounds.ridge,) if bounds.ridge is not None else ()), high * 3]
    roof = [series.attainable(end, bounds.peak, bounds.bandwidth) for end in ends]
    ax.plot(ends, roof, color=colours["soft"], linewidth=1.2, zorder=1)
    most = max(data.operations)
    for bound, colour in (("compute", VERMILION), ("memory", colours["first"])):
        chosen = [k for k, found in enumerate(data.bounds) if found == bound]
        if not chosen:
            continue
        seconds = bounds.compute_seconds if bound == "compute" else bounds.memory_seconds
        layers = sum(layer.bound == bound for layer in bounds.layers)
        words = f"{plural(layers, 'layer')}, {share(seconds, bounds.seconds)} of the lower bound"
        ax.scatter(
            [data.intensity[k] for k in chosen], [data.rate[k] for k in chosen],
            s=[14 + 340 * data.operations[k] / most for k in chosen], color=colour, alpha=0.55, edgecolors="none",
            label=f"{bound}-bound: {words}", zorder=2,
        )  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(ends[0], ends[-1])
    ax.set_ylim(min(roof[0], bounds.peak / 10) / 1.5, bounds.peak * 3)
    if bounds.ridge is not None:
        ax.axvline(bounds.ridge, color=colours["soft"], linestyle="--", linewidth=1, zorder=0)
        ax.annotate(f"ridge, {bounds.ridge:,.3g} operations per byte", (bounds.ridge, 0.16), rotation=90, ha="right",
                    va="bottom", xycoords=ax.get_xaxis_transform(), xytext=(-3, 0), textcoords="offset points",
                    fontsize=7, color=colours["soft"])  # fmt: skip
    rate = f"peak {human(bounds.peak)} per second in {bounds.computed_in}"
    ax.annotate(rate, (ends[-1], bounds.peak), ha="right", va="top", xytext=(-4, -12), textcoords="offset points",
                fontsize=7, color=colours["soft"])  # fmt: skip
    name_longest(ax, data, colours)
    plain_log(ax.xaxis)
    plain_log(ax.yaxis)
    ax.set_ylabel("operations per second, at most")
    ax.set_xlabel("operations per byte moved" + left_out(data))
    ax.grid(color=colours["grid"], linewidth=0.5)
    legend(ax, "lower right")
    for handle in ax.get_legend().legend_handles:
        handle.set_sizes([40])
    whole = f"{'>= ' if bounds.lower_bounds else 'at least '}{duration(bounds.seconds)}"
    batch = plural(bounds.batch, image(image_rank(report)))
    title(report.name, f"roofline on {bounds.title}, {whole} for {batch}", ax, colours)


def left_out(data: series.Points) -> str:
    """Return what a roofline does not show, in words."""
    words = []
    if data.left_out:
        words.append(f"{plural(data.left_out, 'layer')} without arithmetic")
    if data.unknown:
        words.append(f"{plural(data.unknown, 'unknown layer')}")
    return f" ({' and '.join(words)} not shown)" if words else ""


def name_longest(ax: Any, data: series.Points, colours: dict[str, str]) -> None:
    """Write the names of the layers that take longest above them, each on a line of its own, close ones once."""
    named: list[float] = []
    for k in sorted(range(len(data.labels)), key=lambda k: -data.seconds[k]):
        here = data.intensity[k]
        if all(max(here, there) > APART * min(here, there) for there in named):
            name = literal(shorten_name(data.labels[k], NAME_WIDTH))
            line = {"arrowstyle": "-", "color": colours["soft"], "linewidth": 0.5, "shrinkA": 0, "shrinkB": 0}
            ax.annotate(name, (here, data.rate[k]), ha="right", va="bottom",
                        xytext=(-6, FIRST_NAME + NEXT_NAME * len(named)), textcoords="offset points", fontsize=7,
                        color=colours["ink"], arrowprops=line, zorder=3)  # fmt: skip
            named.append(here)
        if len(named) == MARKED:
            return


def share(part: float, whole: float) -> str:
    """Return a part of a time in whole per cent."""
    return f"{100 * part / whole:.0f} %" if whole else "0 %"


def duration(seconds: float) -> str:
    """Return a time with three digits and a unit."""
    for unit, factor in (("s", 1), ("ms", 10**3), ("µs", 10**6)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 10**9:.3g} ns"


def plain_log(axis: Any) -> None:
    """Label a logarithmic axis as 0.1, 10, 25.6 M."""
    axis.set_major_formatter(lambda value, _: human(round(value)) if value >= 1 else f"{value:g}")
    axis.set_minor_formatter(lambda *_: "")


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


def square(report: Report, **device: object) -> tuple[float, float]:  # noqa: ARG001
    """Return the size of a roofline, in inches."""
    return 9, 5.5


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
