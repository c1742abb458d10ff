"""The charts of a report as SVG, their colours left to the page; what stands for a layer bears its number."""

from __future__ import annotations

from itertools import groupby
from math import log10
from typing import TYPE_CHECKING

from cnncalc.analysis import series
from cnncalc.drawing.svg import number, safe
from cnncalc.drawing.words import share_text, shorten
from cnncalc.render import format as fmt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cnncalc.analysis.roofline import Roofline
    from cnncalc.results.report import Report

WIDTH, HEIGHT = 640.0, 240.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 14.0, 12.0, 40.0
ROW = 19.0
MOST_ROWS = 60
"""Bars by stage or operator, at most; the rest is left to the table."""
MOST_NAMES = 12
"""Stages that are named below a chart."""


class Chart:
    """One chart: its title, what it says to who does not see it, and its picture."""

    def __init__(self, title: str, said: str, height: float = HEIGHT) -> None:
        self.title, self.said, self.height = title, said, height
        self.parts: list[str] = []

    def html(self) -> str:
        """Return the chart as a figure."""
        return (
            f"<figure><figcaption>{safe(self.title)}</figcaption>"
            f'<svg class="chart" role="img" aria-label="{safe(self.said)}" viewBox="0 0 {number(WIDTH)} '
            f'{number(self.height)}">{"".join(self.parts)}</svg></figure>'
        )

    def text(self, x: float, y: float, words: str, kind: str = "") -> None:
        """Add some words."""
        self.parts.append(f'<text class="{kind}" x="{number(x)}" y="{number(y)}">{safe(words)}</text>')

    def bar(self, place: tuple[float, float, float, float], kind: str, said: str, layer: int | None = None) -> None:
        """Add a rectangle: x, y, width, height."""
        x, y, width, height = (number(max(0.0, value)) for value in place)
        link = "" if layer is None else f' data-l="{layer}"'
        self.parts.append(f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}"{link}>'
                          f"<title>{safe(said)}</title></rect>")  # fmt: skip

    def line(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        """Add a line through points."""
        path = "L".join(f"{number(x)} {number(y)}" for x, y in points)
        self.parts.append(f'<path class="{kind}" d="M{path}"/>')

    def levels(self, most: int, unit: str) -> Callable[[float], float]:
        """Add the vertical axis up to a number, and return where a number is on it."""
        room = self.height - TOP - BOTTOM

        def at(value: float) -> float:
            return TOP + room * (1 - value / most)

        for quarter in range(5):
            value = most * quarter / 4
            self.line([(LEFT, at(value)), (WIDTH - RIGHT, at(value))], "grid")
            self.text(LEFT - 6, at(value) + 4, fmt.human(round(value)), "end")
        self.text(LEFT, self.height - 4, unit, "soft")
        return at


def stages(scopes: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """Yield the stages along an axis of layers: name, first and last place."""
    for name, group in groupby(enumerate(scopes), key=lambda pair: pair[1]):
        places = [place for place, _ in group]
        yield name, places[0], places[-1]


def by_stage(report: Report) -> Chart | None:
    """Return work and parameters by block."""
    found = {}
    for metric in ("macs", "params"):
        try:
            found[metric] = series.bars(report, metric, "block")
        except ValueError:
            continue
    labels = list(dict.fromkeys(label for bars in found.values() for label in bars.labels))
    if not labels:
        return None
    shown = labels[:MOST_ROWS]
    chart = Chart("Work and parameters by stage", f"multiply-accumulates and parameters of {len(labels)} stages",
                  TOP + ROW * (len(shown) + 1) + 8)  # fmt: skip
    totals = {"macs": report.totals.macs, "params": report.totals.params}
    columns = {"macs": (150.0, "MACs"), "params": (405.0, "parameters")}
    for metric, (x, name) in columns.items():
        chart.text(x, TOP + 6, name, "soft")
        if metric not in found:
            continue
        values = dict(zip(found[metric].labels, found[metric].values, strict=True))
        most = max((value for value in values.values() if value), default=1)
        for row, label in enumerate(shown):
            value = values.get(label, 0)
            y = TOP + ROW * (row + 1)
            words = fmt.UNKNOWN if value is None else fmt.human(value)
            part = share_text(value or 0, totals[metric]) if totals[metric] else ""
            chart.bar((x, y, 150 * (value or 0) / most, 12), f"bar {metric}", f"{label}: {words} {name}, {part}")
            chart.text(x + 154 * (value or 0) / most + 4, y + 10, f"{words} · {part}" if value else words, "soft")
    for row, label in enumerate(shown):
        chart.text(4, TOP + ROW * (row + 1) + 10, shorten(label, 22))
    if len(labels) > len(shown):
        chart.text(4, chart.height - 2, f"and {len(labels) - len(shown)} more", "soft")
    return chart


def by_layer(report: Report, metric: str, name: str) -> Chart | None:
    """Return a number layer by layer."""
    values = [getattr(layer, metric) for layer in report.layers]
    most = max((value for value in values if value), default=0)
    if not most:
        return None
    chart = Chart(f"{name} by layer", f"{name} of {len(values)} layers, at most {fmt.human(most)}")
    at = chart.levels(most, "layers in order of execution")
    step = (WIDTH - LEFT - RIGHT) / len(values)
    for place, value in enumerate(values):
        if value:
            said = f"{report.layers[place].path}: {fmt.human(value)}"
            box = (LEFT + step * place, at(value), max(0.8, step * 0.86), at(0) - at(value))
            chart.bar(box, f"bar {metric}", said, place)
    return chart


def growth(report: Report) -> Chart | None:
    """Return how the receptive field grows against the input."""
    try:
        found = series.growth(report)
    except ValueError:
        return None
    sizes = [(axis, column) for axis, column in zip(found.axes, found.sizes, strict=True)]
    if len({tuple(column) for _, column in sizes}) == 1 and len(set(found.extents)) == 1:
        sizes = sizes[:1]
    most = max([*found.extents, *(size for _, column in sizes for size in column if size)])
    unit = fmt.pixels(fmt.image_rank(report))
    chart = Chart("Receptive field against the input", f"the field grows to {fmt.human(most)} {unit} at most")
    at = chart.levels(most, f"layers in order of execution, in {unit} of the input")
    index = {layer.path: number_ for number_, layer in enumerate(report.layers)}
    step = (WIDTH - LEFT - RIGHT) / len(found.labels)
    for extent in sorted(set(found.extents)):
        chart.line([(LEFT, at(extent)), (WIDTH - RIGHT, at(extent))], "limit")
        chart.text(LEFT + 6, at(extent) + (12 if extent == most else -4), f"input {extent}", "soft")
    for which, (axis, column) in enumerate(sizes):
        points = [(LEFT + step * (n + 0.5), at(size)) for n, size in enumerate(column) if size is not None]
        if points:
            low = -6 if points[-1][1] > 2 * TOP else 14
            chart.line(points, f"trace t{which}")
            chart.text(points[-1][0], points[-1][1] + low, axis if len(sizes) > 1 else str(column[-1]), "end")
    for n, label in enumerate(found.labels):
        size = found.sizes[0][n]
        if size is not None:
            chart.bar((LEFT + step * n, TOP, step, HEIGHT - TOP - BOTTOM), "touch", f"{label}: {size}", index[label])
    if found.left_out:
        chart.text(WIDTH - RIGHT, chart.height - 4, f"{found.left_out} layers see the whole input", "soft end")
    return chart


def staircase(report: Report) -> Chart | None:
    """Return what is alive while each layer runs, with the names of the stages and of the peak."""
    try:
        found = series.profile(report)
    except ValueError:
        return None
    most = max(found.elements, default=0)
    if not most:
        return None
    peak = found.labels[found.peak]
    chart = Chart("Activation memory over execution", f"{fmt.human(most)} elements at the peak, at {peak}")
    at = chart.levels(most, "elements alive while each layer runs, nothing in place")
    step = (WIDTH - LEFT - RIGHT) / len(found.elements)
    points = [(LEFT, at(0))]
    for place, value in enumerate(found.elements):
        points += [(LEFT + step * place, at(value)), (LEFT + step * (place + 1), at(value))]
    chart.line([*points, (LEFT + step * len(found.elements), at(0))], "stairs")
    named = [stage for stage in stages(found.scopes) if stage[2] > stage[1]]
    largest = sorted(named, key=lambda stage: stage[1] - stage[2])[:MOST_NAMES]
    for name, first, last in named:
        if (name, first, last) in largest and step * (last + 1 - first) > 44:
            middle = LEFT + step * (first + last + 1) / 2
            chart.text(middle, HEIGHT - BOTTOM + 15, shorten(name, int(step * (last + 1 - first) / 7)), "soft mid")
            chart.line([(LEFT + step * first, TOP), (LEFT + step * first, HEIGHT - BOTTOM)], "grid")
    x = LEFT + step * (found.peak + 0.5)
    side = "end" if x > WIDTH / 2 else ""
    chart.text(x + (-6 if side else 6), TOP + 10, f"peak {fmt.stored(found.bytes)} at {shorten(peak, 30)}", side)
    for place, value in enumerate(found.elements):
        chart.bar((LEFT + step * place, TOP, step, HEIGHT - TOP - BOTTOM), "touch",
                  f"{found.labels[place]}: {fmt.human(value)} elements", place)  # fmt: skip
    return chart


def by_operator(report: Report) -> Chart | None:
    """Return each operator's part of work, parameters and traffic."""
    try:
        found = series.shares(report)
    except ValueError:
        return None
    names = {"macs": (130.0, "MACs"), "params": (305.0, "parameters"), "memory_access": (480.0, "memory access")}
    chart = Chart("Share by operator", "the part of each operator in work, parameters and memory access",
                  TOP + ROW * (len(found.operators) + 1) + 4)  # fmt: skip
    for key, (x, name) in names.items():
        chart.text(x, TOP + 6, name, "soft")
        for row, part in enumerate(found.parts[key]):
            y = TOP + ROW * (row + 1)
            words = f"{100 * part:.1f} %"
            chart.bar((x, y, 100 * part, 12), f"bar {key}", f"{found.operators[row]}: {words} of {name}")
            chart.text(x + 100 * part + 4, y + 10, words if part else "-", "soft")
    for row, operator in enumerate(found.operators):
        chart.text(4, TOP + ROW * (row + 1) + 10, shorten(operator, 20))
    return chart


def roofline(report: Report, line: Roofline) -> Chart | None:
    """Return the layers under a device's roofline."""
    try:
        found = series.points(line)
    except ValueError:
        return None
    chart = Chart(f"Roofline of {line.device}", f"{len(found.labels)} layers under the roofline of {line.device}", 300)
    low = log10(min(found.intensity)) - 0.2
    high = log10(max(found.intensity)) + 0.2
    ridge = line.peak / line.bandwidth if line.bandwidth else 10**low
    low, high = min(low, log10(ridge) - 0.3), max(high, log10(ridge) + 0.5)
    least = log10(min(found.rate)) - 0.2
    most = log10(line.peak) + 0.15

    def place(intensity: float, rate: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - RIGHT) * (log10(intensity) - low) / (high - low)
        return x, TOP + (300 - TOP - BOTTOM) * (1 - (log10(rate) - least) / (most - least))

    corners = [10**low, ridge, 10**high]
    roof = [place(x, max(10**least, series.attainable(x, line.peak, line.bandwidth))) for x in corners]
    chart.line(roof, "limit")
    index = {layer.path: n for n, layer in enumerate(report.layers)}
    for label, intensity, rate, bound in zip(found.labels, found.intensity, found.rate, found.bounds, strict=True):
        x, y = place(intensity, max(rate, 10**least))
        chart.bar((x - 3, y - 3, 6, 6), f"dot {bound}", f"{label}: {intensity:.1f} FLOPs a byte, {bound}-bound",
                  index.get(label))  # fmt: skip
    chart.text(LEFT, 296, "operations per byte moved, logarithmic", "soft")
    chart.text(LEFT - 6, TOP + 10, f"{fmt.human(line.peak)}/s", "end")
    return chart


def charts(report: Report, line: Roofline | None = None) -> list[Chart]:
    """Return the charts of a report that there is something to show of."""
    found = [
        by_stage(report), by_layer(report, "macs", "MACs"), by_layer(report, "params", "Parameters"), growth(report),
        staircase(report), by_operator(report), roofline(report, line) if line is not None else None,
    ]  # fmt: skip
    return [chart for chart in found if chart is not None]
