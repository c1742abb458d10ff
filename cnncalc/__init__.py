"""cnncalc: what a convolutional network is, from its YAML description.

`analyze("resnet50")` gives a `Report`, `memory("resnet50")` a `MemoryReport`; `parse` and `load` give a `Spec`, a
`Network` builds one in Python; a bad spec raises `SpecError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc._version import __version__
from cnncalc.api import analyze, load, memory, parse
from cnncalc.diagnostics import Diagnostic, SpecError
from cnncalc.ops.base import Operator, register
from cnncalc.report import Layer, Report
from cnncalc.shape import Shape
from cnncalc.spec.document import Spec

if TYPE_CHECKING:
    from cnncalc.builder import Network

__all__ = [
    "Diagnostic",
    "Layer",
    "Network",
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


def __getattr__(name: str) -> object:
    """Import the builder when it is first asked for: reading specs does not need it."""
    if name == "Network":
        from cnncalc.builder import Network

        return Network
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
