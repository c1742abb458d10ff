"""Keras 3 networks without Keras: the text of `model.to_json()`, and `.keras` files, of which `config.json` is read.

`reading` makes the settings of a file, `structure` says what a model's layers read, `walk` goes through the layers in
order, `layers` says which operators stand for each, `declared` what the others cost, and `call` is one layer at work.
Keras is channels last; here every tensor is `[C, *S]`, and the batch is left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cnncalc.interop.foreign import ForeignSpec
from cnncalc.interop.keras.reading import load
from cnncalc.interop.keras.walk import KerasWalk

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph
    from cnncalc.language.settings import Overrides
    from cnncalc.values.diagnostics import Collector

__all__ = ["read"]


def read(source: Path | bytes, file: str | None) -> ForeignSpec:
    """Return the network of a Keras file, or of its bytes.

    Raises:
        SpecError: it cannot be read.
    """
    model = load(source, file)

    def build(overrides: Overrides, collector: Collector) -> Graph:
        return KerasWalk(model, file, overrides, collector).run()

    named = model["config"].get("name")
    name = Path(file).stem if file and file != "-" else named if isinstance(named, str) else None
    return ForeignSpec(build, name=name, format="a Keras model", file=file)
