"""The order of a model's nodes: each behind what it reads, whatever the order in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    import onnx

    from cnncalc.interop.onnx.inputs import Fail


def ordered(nodes: Sequence[onnx.NodeProto], known: Iterable[str], fail: Fail) -> Sequence[onnx.NodeProto]:
    """Return the nodes in an order in which every one reads only what stands before it: the file's, if it is one.

    Args:
        nodes: the nodes.
        known: the tensors that are there before them.
        fail: gives the model up.
    """
    there = set(known)
    return nodes if _in_order(nodes, set(there)) else _sorted(nodes, there, fail)


def _in_order(nodes: Sequence[onnx.NodeProto], made: set[str]) -> bool:
    """Whether every node reads only what stands before it."""
    for node in nodes:
        if any(name and name not in made for name in node.input):
            return False
        made.update(node.output)
    return True


def _sorted(nodes: Sequence[onnx.NodeProto], known: Container[str], fail: Fail) -> list[onnx.NodeProto]:
    """Return the nodes in an order in which every one reads only what stands before it."""
    maker = {name: n for n, node in enumerate(nodes) for name in node.output if name}
    waiting: dict[int, int] = {}
    readers: dict[int, list[int]] = {}
    for n, node in enumerate(nodes):
        needs = set()
        for name in node.input:
            if name and name not in known:
                if name not in maker:
                    fail(f"reads '{name}', which nothing makes", node=node, hint="export the model again")
                needs.add(maker[name])
        waiting[n] = len(needs)
        for need in needs:
            readers.setdefault(need, []).append(n)
    ready = [n for n, count in waiting.items() if not count]
    order: list[int] = []
    for n in ready:
        order.append(n)
        for reader in readers.get(n, ()):
            waiting[reader] -= 1
            if not waiting[reader]:
                ready.append(reader)
    if len(order) < len(nodes):
        stuck = next(n for n in range(len(nodes)) if waiting[n])
        fail("reads its own result: the nodes form a circle", node=nodes[stuck], code="cyclic-model",
                  hint="export the model again")  # fmt: skip
    return [nodes[n] for n in order]
