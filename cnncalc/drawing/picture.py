"""A drawing of a network in every form: what `report.graph()` returns and `cnncalc graph` writes."""

from __future__ import annotations

from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncalc.drawing.colours import COLOUR_BY
from cnncalc.drawing.dot import to_dot
from cnncalc.drawing.layout import DIRECTIONS, layout
from cnncalc.drawing.mermaid import to_mermaid
from cnncalc.drawing.page import to_html
from cnncalc.drawing.scene import scene
from cnncalc.drawing.svg import THEMES, caption, to_svg
from cnncalc.values.diagnostics import one_line
from cnncalc.values.files import write_file

if TYPE_CHECKING:
    from collections.abc import Collection
    from os import PathLike

    from cnncalc.drawing.layout import Layout
    from cnncalc.drawing.scene import Scene
    from cnncalc.results.report import Report

FORMS = ("svg", "png", "dot", "mermaid", "html")
SUFFIXES = {".svg": "svg", ".png": "png", ".dot": "dot", ".gv": "dot", ".mmd": "mermaid", ".mermaid": "mermaid",
            ".html": "html", ".htm": "html"}  # fmt: skip
ZOOM = 2
"""Pixels of a PNG for one of the SVG."""
MOST_PIXELS = 60_000_000
"""A PNG of more is drawn smaller, so that it can be opened."""


class Picture:
    """A network as a drawing; shows itself in a notebook.

    Args:
        report: the network.
        depth: blocks inside so many others are one box each, 1 for the outermost; by default what is readable.
        whole: every layer in a box of its own, nothing folded.
        color_by: op, macs, params, memory or rf.
        direction: down or right.
        theme: auto, light or dark.
        field: receptive fields in the boxes.

    Raises:
        ValueError: one of these is not what can be drawn.
    """

    def __init__(
        self,
        report: Report,
        *,
        depth: int | None = None,
        whole: bool = False,
        color_by: str = "op",
        direction: str = "down",
        theme: str = "auto",
        field: bool = False,
    ) -> None:
        for what, value, known in (("colouring", color_by, COLOUR_BY), ("direction", direction, DIRECTIONS),
                                   ("theme", theme, THEMES[:3])):  # fmt: skip
            if value not in known:
                raise ValueError(f"there is no {what} '{value}'; choose one of {', '.join(known)}")
        if depth is not None and depth < 1:
            raise ValueError(f"depth is at least 1, got {depth}")
        self.report, self.depth, self.whole, self.field = report, depth, whole, field
        self.color_by, self.direction, self.theme = color_by, direction, theme

    def __repr__(self) -> str:
        boxes = len(self.scene.boxes)
        return f"<Picture of {self.report.name}: {boxes} boxes, {len(self.scene.edges)} edges>"

    @cached_property
    def scene(self) -> Scene:
        """What is drawn."""
        return scene(self.report, self.depth, whole=self.whole)

    @cached_property
    def layout(self) -> Layout:
        """Where it is drawn."""
        return layout(self.scene, self.direction, field=self.field)

    def to_svg(self) -> str:
        """Return the drawing as SVG."""
        return to_svg(self.layout, color_by=self.color_by, theme=self.theme)

    def to_html(self) -> str:
        """Return the drawing as a page of its own, without a script and without anything from elsewhere."""
        return to_html(self.report.name, self.to_svg())

    def to_dot(self) -> str:
        """Return the drawing as DOT, for Graphviz."""
        return to_dot(self.scene, direction=self.direction, color_by=self.color_by)

    def to_mermaid(self) -> str:
        """Return the drawing as a Mermaid flowchart, folded as far as GitHub draws it.

        Raises:
            ValueError: it is too large even so.
        """
        return to_mermaid(self.report, self.depth, direction=self.direction, color_by=self.color_by)

    def to_png(self) -> bytes:
        """Return the drawing as PNG.

        Raises:
            ImportError: resvg_py is missing; the message names the extra.
        """
        try:
            import resvg_py
        except ImportError as error:
            raise ImportError("PNG needs resvg_py; install cnncalc[png], or write SVG") from error
        theme = "light" if self.theme == "auto" else self.theme
        text = to_svg(self.layout, color_by=self.color_by, theme=theme)
        zoom = min(ZOOM, (MOST_PIXELS / (self.layout.width * self.layout.height)) ** 0.5)
        return bytes(resvg_py.svg_to_bytes(svg_string=text, zoom=zoom))

    def render(self, form: str) -> str | bytes:
        """Return the drawing in a form: svg, png, dot, mermaid or html.

        Raises:
            ValueError: there is no such form, or the drawing is too large for it.
            ImportError: the form needs a package that is missing.
        """
        if form not in FORMS:
            raise ValueError(f"there is no format '{form}'; choose one of {', '.join(FORMS)}")
        made: str | bytes = getattr(self, f"to_{form}")()
        return made

    def save(self, file: str | PathLike[str], form: str | None = None) -> None:
        """Write the drawing to a file, in the form that its suffix says if none is given.

        Raises:
            ValueError: no form has this suffix, or the drawing is too large for it.
            ImportError: the form needs a package that is missing.
            OSError: the file cannot be written.
        """
        write_file(file, self.render(form or form_of(file)))

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        forms = {"text/plain": self.__repr__, "text/html": self._inline}
        return {
            kind: make()
            for kind, make in forms.items()
            if (not include or kind in include) and not (exclude and kind in exclude)
        }

    def _inline(self) -> str:
        drawn = f'<div style="max-width:100%;max-height:80vh;overflow:auto">{self.to_svg()}</div>'
        return f"{drawn}<small>{escape(one_line(caption(self.report)))}</small>"


def form_of(file: str | PathLike[str]) -> str:
    """Return the form that a file's suffix says.

    Raises:
        ValueError: none has it.
    """
    suffix = Path(file).suffix.lower()
    if suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise ValueError(f"no drawing has the suffix '{suffix}'; choose one of {known}, or name a format")
    return SUFFIXES[suffix]


def graph(report: Report, **options: Any) -> Picture:
    """Return a report's drawing: what `report.graph()` is."""
    return Picture(report, **options)
