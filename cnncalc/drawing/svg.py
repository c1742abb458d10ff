"""A layout -> SVG: text and shapes alone, the same bytes for the same network, light and dark, every name escaped."""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING

from cnncalc.drawing import words
from cnncalc.drawing.colours import Colouring, colouring, tone
from cnncalc.drawing.layout import BAR, LABEL, LINE, PADDING
from cnncalc.render import format as fmt
from cnncalc.values.diagnostics import one_line, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.drawing.layout import LaidOut, Layout, Rectangle
    from cnncalc.drawing.scene import Box
    from cnncalc.drawing.words import BoxLine
    from cnncalc.results.report import Report

THEMES = ("auto", "light", "dark", "page")
"""`auto` follows the reader; `page` leaves the colours to the page around it."""
FONT = "Inter,'Segoe UI',Roboto,'Helvetica Neue',Arial,'Liberation Sans',sans-serif"
RADIUS = 9.0
THIN, THICK = 1.2, 5.0
LEGEND = 26.0
LIGHT = {"paper": "#ffffff", "ink": "#1b222c", "soft": "#5b6674", "edge": "#8d99a8", "frame": "#d3dae2",
         "fill": "#fafbfc", "track": "#dfe5ec"}  # fmt: skip
DARK = {"paper": "#0f1318", "ink": "#e8edf3", "soft": "#9fabb8", "edge": "#6d7987", "frame": "#333d48",
        "fill": "#141920", "track": "#2b343e"}  # fmt: skip


STRONG = {"s3", "s4", "s5"}
"""Grounds on which all text is as dark, or as light, as can be."""


def rules(names: Sequence[str], *, dark: bool) -> dict[str, str]:
    """Return the colours of one theme for some classes of boxes: by selector."""
    base = DARK if dark else LIGHT
    found = {
        ".paper": f"fill:{base['paper']}", "text": f"fill:{base['ink']}", ".q,.p": f"fill:{base['soft']}",
        ".e": f"stroke:{base['edge']}", ".h": f"fill:{base['edge']}",
        ".f": f"fill:{base['fill']};stroke:{base['frame']}", ".t": f"fill:{base['track']}",
    }  # fmt: skip
    for name in names:
        it = tone(name)
        line, ground = (it.dark_line, it.dark_ground) if dark else (it.line, it.ground)
        found[f".{name} .g"] = f"fill:{ground};stroke:{line}"
        found[f".{name} .s"] = f"fill:{line}"
        if name in STRONG:
            found[f".{name} .q,.{name} .p"] = f"fill:{base['ink']}"
    return found


SHARED = {
    "text": f"font:11px {FONT}", ".n": "font-weight:600;font-size:12.5px", ".r": "text-anchor:end",
    ".p": "font-size:9.5px", ".e": "fill:none;stroke-linejoin:round", ".g": "stroke-width:1",
    ".f": "stroke-width:1;stroke-dasharray:4 3", ".l": "font-weight:600;font-size:10.5px",
    ".b:hover .g": "stroke-width:2",
}  # fmt: skip
"""What both themes have in common."""


def written(found: dict[str, str], scope: str = ".cg") -> str:
    """Return style rules as text, for what is inside a scope alone."""
    return "".join(
        f"{','.join(f'{scope} {part}' for part in selector.split(','))}{{{rule}}}" for selector, rule in found.items()
    )


def style(names: Sequence[str], theme: str) -> str:
    """Return the style of a picture."""
    if theme == "page":
        return ""
    if theme != "auto":
        return written(SHARED) + written(rules(names, dark=theme == "dark"))
    dark = written(rules(names, dark=True))
    return f"{written(SHARED)}{written(rules(names, dark=False))}@media (prefers-color-scheme:dark){{{dark}}}"


def safe(text: str) -> str:
    """Return text as XML takes it: escaped, on one line, without what XML forbids."""
    kept = "".join(c if c >= " " and not 0xD800 <= ord(c) <= 0xDFFF and c not in "\ufffe\uffff" else "\ufffd"
                   for c in one_line(text))  # fmt: skip
    return kept.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def number(value: float) -> str:
    """Return a length with at most one decimal."""
    text = f"{value:.1f}"
    return text.removesuffix(".0")


def corners(place: Rectangle) -> str:
    """Return the attributes of a rectangle's place."""
    names = ("x", "y", "width", "height")
    return " ".join(f'{name}="{number(value)}"' for name, value in zip(names, place, strict=True))


class SvgWriter:
    """Writes one picture."""

    def __init__(self, layout: Layout, colours: Colouring) -> None:
        self.layout, self.colours = layout, colours
        report = layout.scene.report
        self.whole = report.totals.macs
        boxes = layout.scene.boxes
        self.works = [box.total("macs") or 0 for box in boxes]
        self.most = max(self.works, default=0)
        sizes = [edge.shape.elements for edge in layout.scene.edges]
        self.least, self.largest = (log2(max(1, least)) for least in (min(sizes, default=1), max(sizes, default=1)))

    def edge_width(self, elements: int) -> float:
        """Return how thick the line of a tensor is: by the logarithm of its elements."""
        if self.largest - self.least < 0.01:
            return 2.0
        return THIN + (THICK - THIN) * (log2(max(1, elements)) - self.least) / (self.largest - self.least)

    def edges(self) -> Iterator[str]:
        """Yield the lines, thin ones last, each with its head."""
        scene = self.layout.scene
        order = sorted(range(len(scene.edges)), key=lambda n: (-scene.edges[n].shape.elements, n))
        for index in order:
            edge, path = scene.edges[index], self.layout.paths[index]
            thick = self.edge_width(edge.shape.elements)
            head = 4.0 + thick
            (x0, y0), (x1, y1) = path[-2], path[-1]
            dx, dy = (x1 > x0) - (x1 < x0), (y1 > y0) - (y1 < y0)
            inner = [*path[:-1], (x1 - dx * head * 0.8, y1 - dy * head * 0.8)]
            half = head * 0.62
            bx, by = x1 - dx * head, y1 - dy * head
            corners = ((x1 - dx, y1 - dy), (bx - dy * half, by + dx * half), (bx + dy * half, by - dx * half))
            tip = "L".join(f"{number(x)} {number(y)}" for x, y in corners)
            name = safe(words.shape_text(edge.shape))
            yield (
                f'<g data-e="{edge.source} {edge.target}"><title>{name}</title>'
                f'<path class="e" stroke-width="{number(thick)}" d="{curve(inner)}"/><path class="h" d="M{tip}Z"/></g>'
            )

    def box(self, index: int) -> str:
        """Return one box."""
        box, place = self.layout.scene.boxes[index], self.layout.places[index]
        texts = self.layout.texts[index]
        pill = box.kind in {"input", "output"}
        round_by = number(place.height / 2) if pill else "5"
        parts = [f'<rect class="g" {corners(place)} rx="{round_by}"/>']
        stack = min(2, box.times - 1)
        behind = [
            f'<rect class="g" {corners(place._replace(x=place.x + 3 * n, y=place.y + 3 * n))} rx="5"/>'
            for n in range(stack, 0, -1)
        ]
        if not pill:
            parts.append(f'<rect class="s" x="{number(place.x)}" y="{number(place.y + 4)}" width="3" '
                         f'height="{number(place.height - 8)}" rx="1.5"/>')  # fmt: skip
        top = place.y + (place.height - len(texts) * LINE - (BAR if self.works[index] else 0)) / 2
        for row, line in enumerate(texts):
            parts.append(self.line(line, place, top + LINE * row + 11.5, pill=pill))
        if self.works[index] and self.most:
            parts.append(self.bar(index, place))
        name = self.colours.classes[index]
        return (
            f'<g class="b {name}" data-n="{index}"><title>{safe(self.tip(box))}</title>'
            f"{''.join(behind)}{''.join(parts)}</g>"
        )

    def line(self, line: BoxLine, place: Rectangle, y: float, *, pill: bool) -> str:
        """Return one line of text in a box."""
        left = place.x + PADDING + (3 if pill else 2)
        words_ = []
        if line.strong:
            words_.append(f'<tspan class="n">{safe(line.strong)}</tspan>')
        if line.plain:
            words_.append(f'<tspan class="q">{" " if line.strong else ""}{safe(line.plain)}</tspan>')
        text = f'<text x="{number(left)}" y="{number(y)}">{"".join(words_)}</text>' if words_ else ""
        if line.right:
            right = place.right - PADDING - (2 if pill else 0)
            text += f'<text class="r" x="{number(right)}" y="{number(y)}">{safe(line.right)}</text>'
        return text

    def bar(self, index: int, place: Rectangle) -> str:
        """Return the bar of a box's share of the work."""
        share = words.share_text(self.works[index], self.whole)
        room = place.width - 2 * PADDING - words.width(share, 9.5) - 8
        length = max(1.0, room * self.works[index] / self.most)
        x, y = place.x + PADDING + 2, place.bottom - PADDING
        return (
            f'<rect class="t" x="{number(x)}" y="{number(y)}" width="{number(room)}" height="3" rx="1.5"/>'
            f'<rect class="s" x="{number(x)}" y="{number(y)}" width="{number(length)}" height="3" rx="1.5"/>'
            f'<text class="p r" x="{number(place.right - PADDING)}" y="{number(y + 4.5)}">{safe(share)}</text>'
        )

    def tip(self, box: Box) -> str:
        """Return what is said of a box where the pointer rests on it."""
        if not box.layers:
            return f"{box.kind} {box.path} {words.shape_text(box.shape)}"
        last = box.layers[-1]
        field = fmt.axes(last.receptive_field) if last.receptive_field else ""
        text = f"{box.head.op} {box.head.text}".strip() if box.head else plural(len(box.shown), "layer")
        parts = [f"{box.path}: {text}", words.shape_text(box.shape, box.last),
                 f"{words.amount(box, 'macs')} MACs", f"{words.amount(box, 'params')} parameters"]  # fmt: skip
        if field:
            parts.append("sees the whole input" if last.is_global else f"receptive field {field}")
        if box.times > 1:
            parts.append(f"{box.times} times")
        line = box.layers[0].line
        if line is not None:
            parts.append(f"line {line}")
        return " · ".join(parts)

    def frame(self, frame: LaidOut) -> str:
        """Return one frame with its name."""
        place = frame.place
        parts = [f'<rect class="f" {corners(place)} rx="8"/>']
        y = number(place.y + LABEL - 2)
        limit = max(6, int((place.width - 50) / 6))
        if frame.label:
            label = safe(words.shorten(frame.label, limit))
            parts.append(f'<text class="q" x="{number(place.x + 8)}" y="{y}">{label}</text>')
        if frame.times > 1:
            parts.append(f'<text class="l r" x="{number(place.right - 8)}" y="{y}">{words.TIMES}{frame.times}</text>')
        return "".join(parts)

    def legend(self) -> Iterator[str]:
        """Yield what the colours mean, below the picture."""
        x = 16.0
        for name, text in self.colours.legend:
            y = self.layout.height
            yield (
                f'<g class="{name}"><rect class="g" x="{number(x)}" y="{number(y)}" width="12" height="12" rx="3"/>'
                f'<text class="q" x="{number(x + 17)}" y="{number(y + 10)}">{safe(text)}</text></g>'
            )
            x += 17 + words.width(text) + 14
        self.legend_width = x

    def whole_picture(self, theme: str) -> str:
        """Return the picture."""
        report = self.layout.scene.report
        frames = "".join(map(self.frame, self.layout.frames))
        edges = "".join(self.edges())
        boxes = "".join(map(self.box, range(len(self.layout.scene.boxes))))
        legend = "".join(self.legend())
        width = max(self.layout.width, self.legend_width if legend else 0)
        height = self.layout.height + (LEGEND if legend else 0)
        self.extent = width, height
        names = sorted({*self.colours.classes, *(name for name, _ in self.colours.legend)})
        rules_ = style(names, theme)
        said = caption(report)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="cg" role="img" aria-label="{safe(said)}" '
            f'width="{number(width)}" height="{number(height)}" viewBox="0 0 {number(width)} {number(height)}">'
            f"<title>{safe(said)}</title>"
            + (f"<style>{rules_}</style>" if rules_ else "")
            + ('<rect class="paper" width="100%" height="100%"/>' if theme != "page" else "")
            + f"{frames}{edges}{boxes}{legend}</svg>\n"
        )


def curve(points: Sequence[tuple[float, float]]) -> str:
    """Return the path through points, its corners rounded."""
    parts = [f"M{number(points[0][0])} {number(points[0][1])}"]
    for before, here, behind in zip(points, points[1:], points[2:], strict=False):
        room = min(RADIUS, _length(before, here) / 2, _length(here, behind) / 2)
        start, stop = _toward(here, before, room), _toward(here, behind, room)
        parts.append(f"L{number(start[0])} {number(start[1])}Q{number(here[0])} {number(here[1])} "
                     f"{number(stop[0])} {number(stop[1])}")  # fmt: skip
    parts.append(f"L{number(points[-1][0])} {number(points[-1][1])}")
    return "".join(parts)


def _length(one: tuple[float, float], other: tuple[float, float]) -> float:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _toward(here: tuple[float, float], there: tuple[float, float], by: float) -> tuple[float, float]:
    whole = _length(here, there) or 1.0
    return here[0] + (there[0] - here[0]) * by / whole, here[1] + (there[1] - here[1]) * by / whole


def caption(report: Report) -> str:
    """Return a network in a few words, for who does not see the drawing."""
    work, params = fmt.human(report.totals.macs), fmt.human(report.totals.params)
    return f"{report.name}: {plural(len(report.layers), 'layer')}, {work} MACs, {params} parameters"


def to_svg(layout: Layout, *, color_by: str = "op", theme: str = "auto") -> str:
    """Return a picture as SVG.

    Args:
        layout: where everything stands.
        color_by: op, macs, params, memory or rf.
        theme: auto, light, dark or page.

    Raises:
        ValueError: there is no such colouring or theme.
    """
    if theme not in THEMES:
        raise ValueError(f"there is no theme '{theme}'; choose one of {', '.join(THEMES[:3])}")
    return SvgWriter(layout, colouring(layout.scene.boxes, color_by)).whole_picture(theme)
