"""cnncalc: what a convolutional network is, from its YAML description.

`analyze("resnet50")` gives a `Report`, `memory("resnet50")` a `MemoryReport`; `parse` and `load` give a `Spec`; a bad spec
raises `SpecError`.
"""

from cnncalc._version import __version__
from cnncalc.api import analyze, load, memory, parse
from cnncalc.diagnostics import Diagnostic, SpecError
from cnncalc.ops.base import Operator, register
from cnncalc.report import Layer, Report
from cnncalc.shape import Shape
from cnncalc.spec.document import Spec

__all__ = [
    "Diagnostic",
    "Layer",
    "Operator",
    "Report",
    "Shape",
    "Spec",
    "SpecError",
    "__version__",
    "analyze",
    "load",
    "memory",
    "parse",
    "register",
]
