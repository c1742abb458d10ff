"""What is left of a result where a viewer takes styles, scripts, drawings and attributes out of its HTML.

GitHub, nbviewer and marimo keep the tags of tables and text; VS Code keeps styles in a trusted notebook only.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

import cnncalc

GONE = frozenset(("style", "script", "svg", "title", "head", "object", "iframe"))
ENDS = frozenset(("tr", "p", "li", "div", "summary", "caption", "pre", "h1", "h2", "h3", "h4", "h5", "table"))


class Sanitised(HTMLParser):
    """The text of HTML as a strict viewer shows it: a cell ends with ` | `, a row and a paragraph with the line."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.inside = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        self.inside += tag in GONE
        if tag == "br":
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self.inside -= tag in GONE
        if tag in {"td", "th"}:
            self.parts.append(" | ")
        elif tag in ENDS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.inside:
            self.parts.append(data)

    @property
    def lines(self) -> list[str]:
        """The lines that are not empty."""
        return [line for line in "".join(self.parts).splitlines() if line.strip()]


def html_of(shown: Any) -> str:
    """Return the HTML that a notebook asks an object for."""
    if hasattr(shown, "_repr_mimebundle_"):
        return str(shown._repr_mimebundle_()["text/html"])
    return str(shown._repr_html_())


LENET = cnncalc.analyze("lenet5")
SHOWN: dict[str, Any] = {
    "report": LENET, "match": LENET.match("c*"), "layer": LENET["c3"], "totals": LENET.totals, "summary": LENET.summary,
    "explain": LENET.explain("c3"), "rf": LENET.rf("s2", at=(3, 3)), "graph": LENET.graph(),
    "memory": cnncalc.memory("lenet5"), "compare": cnncalc.compare(LENET, cnncalc.analyze("lenet5", dtype="int8")),
    "reconcile": cnncalc.reconcile("lenet5", claims=["macs=3M"]),
}  # fmt: skip
SAYS = {
    "report": ("c3 | conv 16, kernel 5 | 16x10x10 | 14 | 2,416 | 240,000 |", "61,706"),
    "match": ("c3 | conv 16, kernel 5 |", "240,000"), "layer": ("= 240,000",), "totals": ("macs | 416,520",),
    "summary": ("width | 120",), "explain": ("c3  conv 16, kernel 5", "= 240,000"), "rf": ("field 6 pixels",),
    "graph": ("lenet5: 12 layers, 417 k MACs, 61.7 k parameters",), "memory": ("Parameters | 61,706 | 246,824",),
    "compare": ("lenet5 | 61,706 | 416,520",), "reconcile": ("2mac | FLOPs | 833,040",),
}  # fmt: skip


@pytest.mark.parametrize("name", SHOWN)
def test_what_a_viewer_leaves_of_a_result_is_read(name: str) -> None:
    text = "\n".join(Sanitised(html_of(SHOWN[name])).lines)
    for words in SAYS[name]:
        assert words in text, text


@pytest.mark.parametrize("name", SHOWN)
def test_a_result_runs_nothing_and_loads_nothing(name: str) -> None:
    html = html_of(SHOWN[name])
    assert not re.search(r"<script|\son\w+\s*=|javascript:|<iframe|<object|<link|@import", html, flags=re.IGNORECASE)
    assert not re.search(r"(?:src|href)\s*=\s*(?![\"']?(?:data:|#))", re.sub(r"xmlns(:\w+)?=\"[^\"]*\"", "", html))


def test_a_formula_and_a_roofline_were_walls_in_a_notebook() -> None:
    said: list[str] = []

    class Printer:
        text = staticmethod(said.append)

    found = LENET.formula(("H",))
    found._repr_pretty_(Printer(), cycle=False)
    assert said[0] == found.to_text().rstrip("\n")
    assert found._repr_latex_().startswith("\\begin{align*}")
    bound = LENET.roofline("a100")
    bound._repr_pretty_(Printer(), cycle=False)
    assert said[1].splitlines()[0].startswith("Layer ")
    assert str(bound).rstrip("\n") == said[1]
    assert max(map(len, said[1].splitlines())) < 140
