"""A graph in the words of the spec language: what no operator says is `opaque` with its numbers, names are labels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cnncalc.graph.rewrite import Rewrite
from cnncalc.interop.naming import unique
from cnncalc.language.expressions import RESERVED
from cnncalc.language.template import MAX_LABEL, MAX_PARTS
from cnncalc.ops.opaque import Opaque
from cnncalc.values.axis import IDENTITY

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph, Node

_NO_WORD = re.compile(r"[^A-Za-z0-9_]+")


def speakable(graph: Graph) -> Graph:
    """Return the network with `opaque` layers for declared ones and with paths and names that are labels.

    Numbers of layers do not change. Of a network of the spec language nothing does.
    """
    taken: set[str] = set()
    inputs = {unique(word(name), taken): shape for name, shape in graph.inputs.items()}
    made = Rewrite(graph)
    for index, node in enumerate(graph.nodes):
        made.keep(index, path=unique(dotted(node.path), taken), **said(node))
    names: set[str] = set()
    own = dict(zip(graph.inputs, inputs, strict=True))
    outputs = {
        unique(own[name] if ref[0] < 0 and name in own else output_name(name), names): ref
        for name, ref in graph.outputs.items()
    }
    return made.done(inputs, outputs)


def close(graph: Graph) -> Graph:
    """Return the network with norms and activations right behind the layer whose only readers they are."""
    readers: dict[int, set[int]] = {}
    for index, node in enumerate(graph.nodes):
        for source, _ in node.inputs:
            readers.setdefault(source, set()).add(index)
    behind = {
        source: next(iter(found)) for source, found in readers.items()
        if source >= 0 and len(found) == 1 and graph.nodes[next(iter(found))].op.role
        and len(graph.nodes[next(iter(found))].inputs) == 1 and graph.nodes[next(iter(found))].shares is None
    }  # fmt: skip
    moved = set(behind.values())
    order: list[int] = []
    for index in range(len(graph.nodes)):
        here: int | None = None if index in moved else index
        while here is not None:
            order.append(here)
            here = behind.get(here)
    if order == sorted(order):
        return graph
    made = Rewrite(graph)
    for index in order:
        made.keep(index)
    return made.done()


def said(node: Node) -> dict[str, Any]:
    """Return how a layer that no operator says is said otherwise: as `opaque` with what its reader knows of it."""
    op = node.op
    if not getattr(type(op), "of_file", False):
        return {}
    ins, outs = node.in_shapes, node.out_shapes
    work, memory = op.work(ins, outs), op.memory(ins, outs)
    fields = tuple(
        "same" if all(reach == IDENTITY for reach in one) else "whole" for one in op.reach(ins, outs)
    ) or ("whole",)
    lent = node.shares is not None  # counted with the layer that has them
    opaque = Opaque(
        out=tuple(map(tuple, outs)) if len(outs) > 1 else tuple(outs[0]), params=0 if lent else op.params(ins),
        buffers=0 if lent else op.buffers(ins), macs=op.macs(ins, outs), flops=None if work is None else work.total,
        memory_access=None if memory is None else memory.total,
        field=None if op.unsaid(ins, outs) else fields[0] if len(fields) == 1 else fields,
    )  # fmt: skip
    return {"op": opaque, "shares": None}


def word(name: str) -> str:
    """Return a name as a label without dots."""
    found = _NO_WORD.sub("_", name).strip("_") or "x"
    found = found if not found[0].isdigit() else f"_{found}"
    return found[:MAX_LABEL] if found == "input" or found not in RESERVED else f"{found}_"


def dotted(path: str) -> str:
    """Return a path as a label: scopes joined by dots, its end where it is longer than labels are."""
    scopes = [scope for scope in (_NO_WORD.sub("_", part).strip("_") for part in path.split(".")) if scope]
    text = ".".join(scopes[-MAX_PARTS + 1 :]) or "layer"
    if len(text) > MAX_LABEL - 8:
        text = text[-MAX_LABEL + 8 :].partition(".")[2] or text[-MAX_LABEL + 8 :]
    text = text if not text[0].isdigit() else f"_{text}"
    return text if text not in RESERVED else f"{text}_"


def output_name(name: str) -> str:
    """Return an output's name as a label; a second result's keeps its number."""
    base, colon, port = name.rpartition(":")
    return f"{dotted(base)}:{port}" if colon and port.isdigit() and base else dotted(name)
