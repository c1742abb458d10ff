"""A backbone of torchvision in a row: the zoo's network of that name, less its pool and its classifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc import zoo
from cnncalc.language.document import read_spec
from cnncalc.language.settings import Overrides

if TYPE_CHECKING:
    from cnncalc.graph.graph import Ref
    from cnncalc.interop.ultralytics.place import ModulePlace

ENDS = frozenset(("global_avg_pool", "adaptive_avg_pool"))
LEFT_OUT = 2
"""The modules at the end of a published classifier that are no features: its pool and its linear layer."""


def vision(y: ModulePlace, x: Ref, settings: list[Any]) -> Ref:
    """TorchVision: channels out, the network's name, its weights, whether it is cut open, how many are left out."""
    channels, name = settings[0], str(settings[1])
    left_out = settings[4] if len(settings) > 4 else LEFT_OUT
    split = len(settings) > 5 and settings[5] is True
    entry = zoo.find(name)
    if entry is None or left_out != LEFT_OUT or split:
        why = f"is '{name[:40]}'" if entry is None else f"leaves {left_out} modules out, or gives every one's result"
        y.maker.fail(f"{why}, which is not known here", code="unknown-module",
                     hint="networks of the zoo are known, without their pool and classifier")  # fmt: skip
    spec, collector = read_spec(entry.file.read_bytes(), str(entry.file))
    shape = {"": tuple(y.shape(x))}
    graph = spec.expand(Overrides(entry.variant, inputs=shape), collector)
    collector.raise_if_errors()
    made: list[Ref] = []
    for node in graph.nodes:
        if node.op.name in ENDS:
            break
        inputs = [(made[index][0], port) if index >= 0 else x for index, port in node.inputs]
        made.append(y.maker.put(node.op, inputs, f"{y.path}.m.{node.path}")[0])
    if not made or y.channels(made[-1]) != channels:
        y.fail(f"says {channels} channels, and '{name}' has {y.channels(made[-1]) if made else 'none'}")
    return made[-1]
