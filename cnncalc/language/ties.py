"""Weights that several layers use: which layer of one block call or repetition stands for which of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.language.evaluate import FREE
from cnncalc.language.slots import SlotError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.graph.graph import Node
    from cnncalc.language.scope import Made
    from cnncalc.ops.operator import Operator
    from cnncalc.values.diagnostics import Span
    from cnncalc.values.shape import Shape


class Tie:
    """One block call or repetition whose layers use the weights of their namesakes in another.

    Attributes:
        path: the path of the call whose weights are used, and of the one that uses them.
        layers: the nodes with weights there, by what follows the path.
        inner: those of them that use the weights of another one there.
        met: those of them that have a namesake here.
    """

    __slots__ = ("inner", "layers", "met", "own", "path")

    def __init__(self, made: Made, own: str, nodes: Sequence[Node]) -> None:
        self.path = made.path
        self.own = own
        self.met: set[str] = set()
        self.layers = {
            nodes[index].path[len(made.path) :]: index
            for index in range(made.start, made.stop)
            if has_weights(nodes[index].op, nodes[index].in_shapes)
        }
        self.inner = frozenset(
            name for name, index in self.layers.items() if made.start <= (nodes[index].shares or 0) < made.stop
            and nodes[index].shares is not None
        )

    def namesake(self, path: str, op: Operator, ins: tuple[Shape, ...], span: Span | None, nodes: Sequence[Node], *,
                 apart: bool) -> int | None:  # fmt: skip
        """Return the node whose weights a layer uses; None for a layer without weights, or that keeps its own.

        Raises:
            SlotError: there is none, or it has other arguments.
        """
        name = path[len(self.own) :]
        if not has_weights(op, ins):
            return None
        index = self.layers.get(name)
        self.met.add(name)
        if apart:
            return None
        if index is None:
            raise SlotError("share-mismatch", f"has no namesake in '{self.path}', whose weights '{self.own}' uses",
                            span,
                            "write share: none on a layer that keeps its own weights")  # fmt: skip
        other = nodes[index]
        if type(op) is not type(other.op):
            raise SlotError("share-mismatch", f"is a {op.name}, '{other.path}', whose weights it uses, a "
                            f"{other.op.name}",
                            span, "write share: none on a layer that keeps its own weights")  # fmt: skip
        mine, theirs = op.arguments(), other.op.arguments()
        for argument, value in mine.items():
            if argument not in FREE and value != theirs[argument]:
                raise SlotError("share-mismatch", f"has {argument} {value}, '{other.path}', whose weights it uses, "
                                f"{theirs[argument]}", span, "give both calls the same arguments")  # fmt: skip
        return index if other.shares is None else other.shares

    def check(self, span: Span | None, nodes: Sequence[Node]) -> None:
        """Raise SlotError where a layer with weights has no namesake in the call that uses them."""
        for name, index in self.layers.items():
            if name not in self.met and name not in self.inner:
                raise SlotError("share-mismatch", f"'{nodes[index].path}' has no namesake in '{self.own}', which "
                                "uses its weights", span,
                                "let both have the same layers: give them the same arguments")  # fmt: skip


def has_weights(op: Operator, ins: tuple[Shape, ...]) -> bool:
    """Return whether a layer keeps values of its own: parameters, known or not, or buffers."""
    return op.params(ins) != 0 or op.buffers(ins) != 0
