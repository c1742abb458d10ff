"""Roofline -> matplotlib: what a device allows at each intensity, and where every layer lies. Extra `plot`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.analysis import series
from cnncalc.render.format import human, image, image_rank, shorten_name
from cnncalc.render.plot_axes import NAME_WIDTH, VERMILION, legend, literal, plain_log, title
from cnncalc.values.diagnostics import plural

if TYPE_CHECKING:
    from cnncalc.results.report import Report

MARKED = 3
"""Layers that a roofline names: those that take longest."""
FIRST_NAME, NEXT_NAME = 11, 10
"""Points from a layer up to the first name, and from one name to the next."""
APART = 1.6
"""Factor by which the intensities of named layers differ at least."""


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


def square(report: Report, **device: object) -> tuple[float, float]:  # noqa: ARG001
    """Return the size of a roofline, in inches."""
    return 9, 5.5
