"""cnncalc: what a convolutional network is, from its YAML description.

`analyze("resnet50")` gives a `Report`, `memory("resnet50")` a `MemoryReport`; `parse` and `load` give a `Spec`, a
`Network` builds one in Python; a bad spec raises `SpecError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc._version import __version__

if TYPE_CHECKING:
    from cnncalc.api import analyze, load, memory, parse
    from cnncalc.builder import Network
    from cnncalc.explanation.network import explain
    from cnncalc.explanation.unit import view_unit as rf
    from cnncalc.gate.network import check
    from cnncalc.graph.build import GraphBuilder
    from cnncalc.graph.graph import Graph
    from cnncalc.interop.pytorch import from_torch
    from cnncalc.language.document import Spec
    from cnncalc.lineup import compare
    from cnncalc.ops.operator import Operator
    from cnncalc.ops.registry import register
    from cnncalc.reconciliation.reconcile import reconcile
    from cnncalc.results.layer import Layer
    from cnncalc.results.report import Report
    from cnncalc.search.fit import fit
    from cnncalc.search.formula import formula
    from cnncalc.search.sweep import sweep
    from cnncalc.study import Question, Study
    from cnncalc.values.diagnostics import Diagnostic, SpecError
    from cnncalc.values.shape import Shape

__all__ = [
    "Diagnostic",
    "Graph",
    "GraphBuilder",
    "Layer",
    "Network",
    "Operator",
    "Question",
    "Report",
    "Shape",
    "Spec",
    "SpecError",
    "Study",
    "__version__",
    "analyze",
    "check",
    "compare",
    "explain",
    "fit",
    "formula",
    "from_torch",
    "load",
    "memory",
    "parse",
    "reconcile",
    "register",
    "rf",
    "sweep",
]

_HOMES = {
    "Diagnostic": "cnncalc.values.diagnostics",
    "Graph": "cnncalc.graph.graph",
    "GraphBuilder": "cnncalc.graph.build",
    "Layer": "cnncalc.results.layer",
    "Network": "cnncalc.builder",
    "Operator": "cnncalc.ops.operator",
    "Question": "cnncalc.study",
    "Report": "cnncalc.results.report",
    "Shape": "cnncalc.values.shape",
    "Spec": "cnncalc.language.document",
    "SpecError": "cnncalc.values.diagnostics",
    "Study": "cnncalc.study",
    "analyze": "cnncalc.api",
    "check": "cnncalc.gate.network",
    "compare": "cnncalc.lineup",
    "explain": "cnncalc.explanation.network",
    "from_torch": "cnncalc.interop.pytorch",
    "fit": "cnncalc.search.fit",
    "formula": "cnncalc.search.formula",
    "load": "cnncalc.api",
    "memory": "cnncalc.api",
    "parse": "cnncalc.api",
    "reconcile": "cnncalc.reconciliation.reconcile",
    "rf": "cnncalc.explanation.unit:view_unit",
    "register": "cnncalc.ops.registry",
    "sweep": "cnncalc.search.sweep",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for: a command starts before it is known what it needs."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, _, attribute = home.partition(":")
    value: object = getattr(import_module(module), attribute or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
