"""The forms of results by name: results know what they can be shown as, not how; what shows them knows results.

A form is imported when it is asked for. A new one is a line here and a function that takes the result.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

VIEWS = {
    "report.dicts": "cnncalc.render.frames:to_dicts",
    "report.pandas": "cnncalc.render.frames:to_pandas",
    "report.polars": "cnncalc.render.frames:to_polars",
    "report.arrow": "cnncalc.render.frames:to_arrow",
    "report.csv": "cnncalc.render.frames:to_csv",
    "report.markdown": "cnncalc.render.frames:to_markdown",
    "report.brief": "cnncalc.render.html:brief_markdown",
    "report.latex": "cnncalc.render.frames:to_latex",
    "report.html": "cnncalc.render.html:to_html",
    "report.text": "cnncalc.render.plain:report_text",
    "layer.arguments": "cnncalc.render.arguments:text",
    "layers.text": "cnncalc.render.plain:layers_text",
    "layers.html": "cnncalc.render.html:layers_html",
    "layers.totals": "cnncalc.analysis.subset:totals_of",
    "report.explain": "cnncalc.explanation.of_report:explained",
    "report.formula": "cnncalc.search.formula:of_report",
    "report.rf": "cnncalc.explanation.of_report:seen",
    "layer.missing": "cnncalc.explanation.network:missing",
    "layer.text": "cnncalc.render.notebook:layer_text",
    "layer.html": "cnncalc.render.notebook:layer_html",
    "explained.text": "cnncalc.render.notebook:explained_text",
    "explained.html": "cnncalc.render.notebook:explained_html",
    "unit.text": "cnncalc.render.notebook:unit_text",
    "unit.html": "cnncalc.render.notebook:unit_html",
    "report.graph": "cnncalc.drawing.picture:graph",
    "report.plot": "cnncalc.render.plot:plot",
    "report.roofline": "cnncalc.analysis.roofline:roofline_on",
    "roofline.text": "cnncalc.render.devices:roofline_text",
    "memory.html": "cnncalc.render.html:memory_html",
    "memory.markdown": "cnncalc.render.memory:memory_markdown",
    "memory.plot": "cnncalc.render.plot:plot_memory",
    "comparison.html": "cnncalc.render.html:comparison_html",
    "comparison.markdown": "cnncalc.render.diff:comparison_markdown",
    "reconciliation.html": "cnncalc.render.html:reconciliation_html",
    "reconciliation.markdown": "cnncalc.render.reconcile:markdown",
    "mimebundle": "cnncalc.render.html:mimebundle",
}
"""Module and function of each form, by the result that has it."""


def view(name: str) -> Any:
    """Return the function that makes a form of a result."""
    module, _, function = VIEWS[name].partition(":")
    return getattr(import_module(module), function)
