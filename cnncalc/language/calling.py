"""Block calls expanded: parameters, the layers inside, what is shared with another call, and the outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.graph.graph import Accept
from cnncalc.language.scope import Made
from cnncalc.language.ties import Tie, shared_call
from cnncalc.values.diagnostics import ArgumentError, plural

if TYPE_CHECKING:
    from cnncalc.graph.graph import Ref, Trace
    from cnncalc.language.expand import Expander
    from cnncalc.language.scope import Frame, Tensor
    from cnncalc.language.template import Block, Item


class CallExpander:
    """The block calls of one expansion.

    Attributes:
        calls: the blocks whose layers are being expanded, the outermost first.
    """

    def __init__(self, expander: Expander) -> None:
        self.expander = expander
        self.scope = expander.scope
        self.calls: list[Block] = []

    def block(self, item: Item, block: Block, refs: tuple[Ref, ...], path: str, trace: Trace,
              number: int | None) -> tuple[Tensor, Made]:  # fmt: skip
        """Expand one call of a block."""
        if len(refs) != len(block.inputs):
            names = ", ".join(block.inputs)
            count = len(block.inputs)
            raise ArgumentError(f"{block.name} has {plural(count, 'input')} ({names}), got {len(refs)}",
                                code="source-count", hint=f"write from: with {plural(count, 'label')}")  # fmt: skip
        if block in self.calls:
            called = [*self.calls[self.calls.index(block) :], block]
            cycle = " -> ".join(call.name for call in called)
            raise ArgumentError(f"calls itself: {cycle}", code="recursive-block",
                                hint="a block cannot contain itself; use repeat")  # fmt: skip
        start = len(self.expander.nodes)
        if block.failed:
            return None, Made(path, start, start)
        if not trace:
            self.expander.graph.calls.append(path)
        source = shared_call(self.scope, item)
        like = source.frame if source else None
        frame = self.expander.values.parameters(item, block, refs, first=number == 0, like=like)
        outer = self.scope.index, self.scope.c_in, self.expander.made, self.scope.repetition
        self.scope.index = None
        self.calls.append(block)
        self.expander.layers.ties += [None] if item.apart else []
        shared = item.share.span if item.share is not None else item.span
        with self.expander.tied(Tie(source, path, self.expander.nodes) if source else None, shared):
            result = self.expander.items(block.body, frame, refs[0], f"{path}.", (*trace, (path, item.span)))
        self.expander.layers.ties[len(self.expander.layers.ties) - item.apart :] = []
        self.calls.pop()
        if block.outputs and result is not None:
            result = self.results(block, frame)
        if block.accept:
            self.expander.graph.accepts.append(Accept(block.accept, item.span, start, len(self.expander.nodes)))
        self.scope.index, self.scope.c_in, self.expander.made, self.scope.repetition = outer
        self.expander.passed_on = False
        return result, Made(path, start, len(self.expander.nodes), None, block, frame)

    def results(self, block: Block, frame: Frame) -> Tensor:
        """Return what a block's labels under `outputs:` stand for, one tensor or several."""
        outer, self.scope.frame = self.scope.frame, frame
        try:
            found = [self.scope.refer(label, None) for label in block.outputs]
        finally:
            self.scope.frame = outer
        return found[0] if len(found) == 1 else [*found]
