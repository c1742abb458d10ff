"""Whether two graphs are the same network: the same numbers at the same places, whatever the layers are called."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cnncalc.interop.writing.widths import said_of

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph, Node

ANY_ORDER = frozenset(("add", "mul", "max"))


def numbers(node: Node) -> tuple[object, ...]:
    """Return what a layer costs, and its shapes."""
    op, ins, outs = node.op, node.in_shapes, node.out_shapes
    work, memory = op.work(ins, outs), op.memory(ins, outs)
    return (
        ins if op.name not in ANY_ORDER else tuple(sorted(ins)), outs, op.params(ins), op.buffers(ins),
        op.macs(ins, outs), said_of(node), None if work is None else work.total,
        None if memory is None else memory.total,
    )  # fmt: skip


def prints(graph: Graph) -> tuple[Counter[int], list[int]]:
    """Return a number for each layer that holds it and everything that it is made of, and those of the outputs."""
    made: list[int] = []

    def of(ref: tuple[int, int]) -> int:
        return hash((made[ref[0]], ref[1])) if ref[0] >= 0 else ref[0]

    for node in graph.nodes:
        reads = [of(ref) for ref in node.inputs]
        if node.op.name in ANY_ORDER:
            reads.sort()
        owner = None if node.shares is None else made[node.shares]
        made.append(hash((numbers(node), tuple(reads), owner)))
    return Counter(made), [of(ref) for ref in graph.outputs.values()]


def same(one: Graph, other: Graph) -> bool:
    """Return whether two graphs are the same network."""
    if len(one.nodes) != len(other.nodes) or list(one.inputs.values()) != list(other.inputs.values()):
        return False
    return prints(one) == prints(other)
