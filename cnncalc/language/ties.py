"""Weights that several layers use: what `share:` names, and which layer of one call stands for which of another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.language.scope import Silent
from cnncalc.language.slots import SlotError
from cnncalc.ops.arguments import shown
from cnncalc.values.diagnostics import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.graph.graph import Node
    from cnncalc.language.scope import Frame, Made, Scope
    from cnncalc.language.template import Item
    from cnncalc.language.tree import Scalar
    from cnncalc.ops.operator import Operator
    from cnncalc.values.diagnostics import Span
    from cnncalc.values.shape import Shape

FREE = frozenset({"stride", "dilation", "padding", "padding_mode", "output_padding", "call"})
"""Arguments that do not shape a layer's weights: two layers that share them may differ here (TridentNet)."""


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


def shared_with(scope: Scope, label: Scalar) -> Made:
    """Return the layer or block call that a label of `share:` names; of a repeated one, the same repetition."""
    frame: Frame | None = scope.frame
    while frame is not None:
        if label.text in frame.made:
            made = frame.made[label.text]
            if not made:
                raise SlotError("bad-share", f"'{label.text}' is left out", label.span,
                                "leave this layer out by the same when:")  # fmt: skip
            return made[scope.repetition] if scope.repetition < len(made) else made[-1]
        if label.text in frame.labels:
            if frame.labels[label.text] is None:
                raise Silent
            raise SlotError("bad-share", f"'{label.text}' is not a layer with weights", label.span,
                            "share names the label of a layer or of a block call")  # fmt: skip
        frame = None if frame.opaque else frame.parent
    hint = scope.label_hint(label.text)
    outer = label.text.partition(".")[0]
    if outer != label.text and any(made.block for made in made_by(scope, outer)):
        hint = f"what is inside a block is shared by a call of the block: {{BLOCK: , share: {outer}}}"
    raise SlotError("unknown-label", f"there is no label '{label.text}'", label.span, hint)


def made_by(scope: Scope, label: str) -> tuple[Made, ...]:
    """Return what the layers or block calls made that a label names; nothing where there is none."""
    frame: Frame | None = scope.frame
    while frame is not None:
        if label in frame.made:
            return frame.made[label]
        frame = None if frame.opaque else frame.parent
    return ()


def shared_call(scope: Scope, item: Item) -> Made | None:
    """Return the block call whose weights an item uses."""
    if item.share is None:
        return None
    made = shared_with(scope, item.share)
    if made.block is not item.key:
        what = f"a call of {made.block.name}" if made.block else f"a {made.op.name if made.op else 'layer'}"
        raise SlotError("share-mismatch", f"'{item.share.text}' is {what}, this is a call of {item.counter}",
                        item.share.span, "only calls of one block can share weights")  # fmt: skip
    return made


def inherited(scope: Scope, item: Item, cls: type[Operator], given: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a layer that uses another's weights: inherited where not given, else equal.

    What does not shape the weights (stride, dilation, padding) may differ.
    """
    assert item.share is not None
    other = shared_with(scope, item.share).op
    if other is None or type(other) is not cls:
        what = "a block call" if other is None else f"a {other.name}"
        raise SlotError("share-mismatch", f"'{item.share.text}' is {what}, this is a {cls.name}",
                        item.share.span, "only layers of one kind can share weights")  # fmt: skip
    theirs = other.arguments()
    own = {name: value for name, value in given.items() if name in item.args or name in item.first}
    probe = cls(**{**theirs, **own}).arguments()
    for name in own:
        if probe[name] != theirs[name] and name not in FREE:
            had = f"{name}={shown(theirs[name])}"
            raise ArgumentError(f"shares the weights of '{item.share.text}', which has {had}, "
                                f"got {shown(probe[name])}", argument=name, code="share-mismatch",
                                hint="leave it out, it is inherited")  # fmt: skip
    return {**theirs, **{name: probe[name] for name in own if name in FREE}}


def shared_nodes(scope: Scope, item: Item) -> tuple[int, ...]:
    """Return the nodes whose weights an item uses, one for each of its parts."""
    assert item.share is not None
    made = shared_with(scope, item.share)
    roots = []
    for index in range(made.start, made.stop):
        shares = scope.graph.nodes[index].shares
        roots.append(index if shares is None else shares)
    return tuple(roots)
