"""ONNX models: read with the official package, without their weights, at any opset.

`reading` makes the message, `order` its nodes' order, `walk` goes through them with the extents of `inference` and what
`folding` can compute, `inlined` puts in branches, loops and sequences, `planning` finds what stands for each other
node: an operator of the spec language by `operators`, or what `declared` says that it costs; `weights` says which
numbers are whose, `idioms` puts together what exporters take apart.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cnncalc.interop.foreign import ForeignSpec
from cnncalc.interop.onnx.idioms import joined
from cnncalc.interop.onnx.reading import load
from cnncalc.interop.onnx.walk import Walk
from cnncalc.values.diagnostics import SpecError

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph
    from cnncalc.language.settings import Overrides
    from cnncalc.values.diagnostics import Collector

__all__ = ["read"]


def read(source: Path | bytes, file: str | None) -> ForeignSpec:
    """Return the network of an ONNX file, or of its bytes.

    Raises:
        SpecError: it cannot be read.
    """
    model = load(source, file)

    def build(overrides: Overrides, collector: Collector) -> Graph:
        known = list(collector.found)
        walk = Walk(model, file, overrides, collector)
        try:
            return joined(walk.run())
        except SpecError:
            if walk.batch == 1:
                raise
            collector.found[:] = known
            return joined(Walk(model, file, overrides, collector, whole=True).run())

    name = Path(file).stem if file and file != "-" else model.graph.name or None
    return ForeignSpec(build, name=name, format="an ONNX model", file=file)
