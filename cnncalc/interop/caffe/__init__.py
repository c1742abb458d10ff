"""Caffe networks (prototxt), deploy and train_val, without protobuf.

`prototext` reads the text, `reading` makes layers of it in the form of today, whatever version wrote them, `walk` goes
through them in order, `layers` says which operator of the language stands for each.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cnncalc.interop.caffe.reading import load
from cnncalc.interop.caffe.walk import CaffeWalk
from cnncalc.interop.foreign import ForeignSpec

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph
    from cnncalc.language.settings import Overrides
    from cnncalc.values.diagnostics import Collector

__all__ = ["read"]

PHASES = ("test", "train")


def read(source: Path | bytes, file: str | None) -> ForeignSpec:
    """Return the network of a Caffe file, or of its bytes; its phases are variants, and so are stages that it names.

    Raises:
        SpecError: it cannot be read.
    """
    net = load(source if isinstance(source, bytes) else source.read_bytes(), file)

    def build(overrides: Overrides, collector: Collector) -> Graph:
        return CaffeWalk(net, overrides.variant or PHASES[0], file, overrides, collector).run()

    name = Path(file).stem if file and file != "-" else net.name
    return ForeignSpec(build, name=name, format="a Caffe network", file=file,
                       variants=(*PHASES, *sorted(net.stages() - set(PHASES))))  # fmt: skip
