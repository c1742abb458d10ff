"""The layers of one operator of a spec: limits of number and size, weights that are shared, and into the graph."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from cnncalc.graph.build import put_together, refuse_sources
from cnncalc.language.settings import MAX_LAYERS, MOST_DIFFERENT
from cnncalc.language.template import MEAN_PATH
from cnncalc.language.ties import shared_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.graph.graph import Ref, Trace, Values
    from cnncalc.language.evaluate import Evaluator
    from cnncalc.language.failures import Failures
    from cnncalc.language.scope import Tensor
    from cnncalc.language.settings import Overrides
    from cnncalc.language.template import Item
    from cnncalc.language.ties import Tie
    from cnncalc.language.unread import Unread
    from cnncalc.ops.operator import Operator, Part
    from cnncalc.values.diagnostics import Span

STEPS_PER_LAYER = 20
"""Items that are left out cost time too, and so do sources and parameters: at most this much for each layer allowed."""


class LayerPlacer:
    """Adds the layers of one expansion to its graph.

    Attributes:
        ties: the block calls and repetitions around what is being added, whose layers use the weights of others.
        steps: how many more items may be looked at.
    """

    def __init__(self, values: Evaluator, overrides: Overrides, failures: Failures, unread: Unread) -> None:
        self.values = values
        self.build = values.scope.build
        self.nodes = values.scope.graph.nodes
        self.limit = failures.limit
        self.collector = failures.collector
        self.used = unread.used
        self.max_layers = overrides.max_layers
        self.steps = max(overrides.max_layers, MAX_LAYERS // 10) * STEPS_PER_LAYER
        self.different = max(overrides.max_layers // 5, MOST_DIFFERENT)
        self.path_room = MEAN_PATH * max(overrides.max_layers, MAX_LAYERS)
        self.ties: list[Tie | None] = []

    def put(self, item: Item, op: Operator, parts: tuple[Part, ...], refs: tuple[Ref, ...], path: str, trace: Trace,
               values: Values) -> Tensor:  # fmt: skip
        """Append the nodes of one operator and return its outputs."""
        shared = shared_nodes(self.values.scope, item) if item.share is not None else None
        if not parts:
            outs = self.add(path, op, refs, item, trace, values, shared[0] if shared else None)
            return outs[0] if len(outs) == 1 else outs
        refuse_sources(op, len(refs))

        def one(name: str, part: Operator, reads: tuple[Ref, ...], number: int) -> list[Ref]:
            if number:
                self.used.update(reads)
            lender = shared[number] if shared else None
            return self.add(name, part, reads, item, trace, values if name == path else (), lender)

        outs = put_together(parts, refs, path, one)
        return outs[0] if len(outs) == 1 else outs

    def add(self, path: str, op: Operator, refs: tuple[Ref, ...], item: Item, trace: Trace,
            values: Values, shares: int | None) -> list[Ref]:  # fmt: skip
        """Append one node and return its outputs."""
        if len(self.nodes) >= self.max_layers:
            self.limit("too-many-layers", f"the network has more than {self.max_layers:,} layers", item.span,
                       "raise the limit with --max-layers")  # fmt: skip
        self.path_room -= len(path)
        if self.path_room < 0:
            self.limit("path-too-long", f"the paths of the layers have more than {MEAN_PATH} characters on average "
                       f"over {self.max_layers:,} layers", item.span, "choose shorter labels")  # fmt: skip
        if self.build.different >= self.different and not self.build.knows(op, refs):
            self.limit("too-many-layers", f"the network has more than {self.different:,} layers that all differ",
                       item.span, "raise the limit with --max-layers, to five times as many")  # fmt: skip
        if shares is None and self.ties and (tie := self.ties[-1]) is not None:
            self.build.infer(op, refs)  # that it does not fit is said before that it is no namesake
            ins = tuple(map(self.build.shape, refs))
            shares = tie.namesake(path, op, ins, item.span, self.nodes, apart=item.apart)
        return self.build.append(path, op, refs, span=item.span, trace=trace, shares=shares, values=values)

    @contextmanager
    def tied(self, tie: Tie | None, span: Span | None) -> Iterator[None]:
        """Let layers use the weights of their namesakes, and hold that all of them are used."""
        if tie is None:
            yield
            return
        self.ties.append(tie)
        before = len(self.collector.found)
        try:
            yield
        finally:
            self.ties.pop()
        if len(self.collector.found) == before:
            tie.check(span, self.nodes)

    def spend(self, item: Item) -> None:
        """Count the time that an item takes, also where nothing comes of it."""
        self.steps -= item.cost
        if self.steps < 0:
            self.limit("too-many-layers", f"the network has more than {self.max_layers:,} layers, or repeats "
                       "too many that are left out", item.span, "raise the limit with --max-layers")  # fmt: skip
