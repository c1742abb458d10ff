"""TensorFlow Lite files without any package: tables of the file by their slots, weights by their size alone.

`flat` reads tables within bounds, `reading` makes tensors and operators of them, `walk` goes through the operators in
order, `operators` says which operator of the language stands for each, `declared` what the others cost. TensorFlow Lite
is channels last; here every tensor is `[C, *S]`, and the batch is left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cnncalc.interop.foreign import ForeignSpec
from cnncalc.interop.tflite.reading import load
from cnncalc.interop.tflite.walk import TfliteWalk

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph
    from cnncalc.language.settings import Overrides
    from cnncalc.values.diagnostics import Collector

__all__ = ["read"]


def read(source: Path | bytes, file: str | None) -> ForeignSpec:
    """Return the network of a TensorFlow Lite file, or of its bytes.

    Raises:
        SpecError: it cannot be read.
    """
    model = load(source if isinstance(source, bytes) else source.read_bytes(), file)

    def build(overrides: Overrides, collector: Collector) -> Graph:
        return TfliteWalk(model, file, overrides, collector).run()

    name = Path(file).stem if file and file != "-" else None
    return ForeignSpec(build, name=name, format="a TensorFlow Lite model", file=file)
