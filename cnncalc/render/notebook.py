"""Formulas and what a unit sees, as a notebook shows them: their text, and in HTML the picture with it."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from typing import TYPE_CHECKING

from cnncalc.explanation.of_report import explained
from cnncalc.render import explain, rf
from cnncalc.render.rf_svg import to_svg
from cnncalc.values.diagnostics import visible

if TYPE_CHECKING:
    from cnncalc.explanation.model import Explained
    from cnncalc.explanation.unit import UnitView
    from cnncalc.results.report import Report

WIDTH = 100
"""Columns of the text forms."""
SVG = "data:image/svg+xml;base64"


def layer_text(report: Report, path: str) -> str:
    """Return what `explain` says of one layer of a report."""
    return explained_text(explained(report, path))


def layer_html(report: Report, path: str) -> str:
    """Return what `explain` says of one layer of a report, as HTML."""
    return explained_html(explained(report, path))


def explained_text(found: Explained) -> str:
    """Return the explanations as plain text."""
    return explain.to_text(found, WIDTH)


def explained_html(found: Explained) -> str:
    """Return the explanations as HTML, which is the text where styles are taken away."""
    return preformatted(explained_text(found))


def unit_text(view: UnitView) -> str:
    """Return what a unit sees as text with a drawing in characters."""
    return rf.to_text(view, WIDTH)


def unit_html(view: UnitView) -> str:
    """Return the picture of what a unit sees, and below it the numbers.

    The picture is an image of its own, so that its style is not the page's.
    """
    data = b64encode(to_svg(view).encode()).decode()
    picture = f'<img style="max-width:100%" alt="{escape(f"what {visible(view.path)} sees")}" src="{SVG},{data}">'
    return picture + preformatted(rf.to_text(view, WIDTH, drawn=False))


def preformatted(text: str) -> str:
    """Return lines of text as HTML that keeps them."""
    return f'<pre style="white-space:pre-wrap;font-family:monospace;line-height:1.3">{escape(text)}</pre>'
