"""Ultralytics' model files (YAML) without their package: rows of modules, scaled in depth and width.

`reading` makes the rows of a file with their places, `rows` goes through them, `table` says which module each name is
and how its settings are scaled, `place` is one module at work, `blocks`, `attention` and `heads` are what modules hold.
Written from the published architectures; paths are those of the state dict, parameters those of the built models.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cnncalc.interop.foreign import ForeignSpec
from cnncalc.interop.ultralytics.reading import load, scale_named
from cnncalc.interop.ultralytics.rows import RowReader

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph
    from cnncalc.language.settings import Overrides
    from cnncalc.values.diagnostics import Collector

__all__ = ["read"]


def read(source: Path | bytes, file: str | None) -> ForeignSpec:
    """Return the network of an Ultralytics model file, or of its bytes.

    Raises:
        SpecError: it cannot be read.
    """
    model = load(source, file)

    stem = Path(file).stem if file and file != "-" else None
    scale = scale_named(stem or "", model.scales) if model.scales else ""

    def build(overrides: Overrides, collector: Collector) -> Graph:
        return RowReader(model, overrides.variant or scale, overrides, collector).run()

    return ForeignSpec(build, name=stem, format="an Ultralytics model", file=file,
                       variants=tuple(model.scales), variables={"nc": str(model.classes)})  # fmt: skip
