"""Results that nobody uses: what is read, what would have been read by a layer that is left out, and what is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.language.expressions import ExpressionError
from cnncalc.language.scope import Silent
from cnncalc.language.template import Path
from cnncalc.language.tree import Scalar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncalc.graph.graph import Ref
    from cnncalc.language.failures import Failures
    from cnncalc.language.template import Item
    from cnncalc.values.diagnostics import Span


class Unread:
    """Who reads what in one expansion.

    Attributes:
        used: the tensors that a layer reads.
        skipped: those that a layer would have read that is left out, and where it stands.
    """

    def __init__(self, failures: Failures) -> None:
        self.scope = failures.scope
        self.graph = failures.graph
        self.nodes = failures.graph.nodes
        self.collector = failures.collector
        self.reported = failures.reported
        self.spec = self.scope.file_frame.home
        self.used: set[Ref] = set()
        self.skipped: dict[Ref, Span | None] = {}

    def skip(self, item: Item, refs: Iterable[Ref]) -> None:
        """Remember what an item that is left out would have read."""
        for ref in refs:
            self.skipped.setdefault(ref, item.span)
        self.skip_labels([item])

    def skip_labels(self, items: Iterable[Item]) -> None:
        """Remember what layers that are left out would have read by label."""
        for item in items:
            sources = item.sources or []
            labels = [*item.from_, *(source for _, source in sources if isinstance(source, Scalar))]
            for _, source in sources:
                if isinstance(source, Path):
                    labels += source.from_
                    self.skip_labels(source.items.items)
            for label in labels:
                try:
                    tensor = self.scope.tensor(label.text)
                except (ExpressionError, Silent):
                    continue
                for ref in tensor if isinstance(tensor, list) else [tensor]:
                    if ref is not None:
                        self.skipped.setdefault(ref, item.span)

    def warn(self) -> None:
        """Warn of layers and inputs whose result nobody uses."""
        used = {ref[0] for ref in self.used} | {ref[0] for ref in self.graph.outputs.values()}
        if self.collector.errors:
            return
        self.lost()
        for index, node in enumerate(self.nodes):
            if index not in used and not self.reported & {("unused-result", node.span), ("lost-branch", node.span)}:
                if node.span is not None:
                    self.reported.add(("unused-result", node.span))
                self.collector.add("unused-result", f"nobody uses the result of layer '{node.path}' ({node.op.name})",
                                   node.span, severity="warning", path=node.path,
                                   hint="name it under outputs:, or remove the layer")  # fmt: skip
        for number, name in enumerate(self.graph.inputs, 1):
            if -number not in used:
                self.collector.add("unused-input", f"nobody uses the input '{name}'", self.spec.inputs_span,
                                   severity="warning", hint="remove it, or start a layer from it")  # fmt: skip

    def lost(self) -> None:
        """Warn of results that nobody uses because a layer is left out."""
        outputs = set(self.graph.outputs.values())
        for ref, place in self.skipped.items():
            if ref[0] < 0 or ref in self.used or ref in outputs:
                continue
            node = self.nodes[ref[0]]
            if ("lost-branch", node.span) in self.reported:
                continue
            self.reported.add(("lost-branch", node.span))
            related = (("this layer is left out", place),) if place is not None else ()
            self.collector.add("lost-branch", f"the result of layer '{self.graph.name(ref)}' ({node.op.name}) is lost: "
                               "what would use it is left out", node.span, severity="warning", path=node.path,
                               hint="leave this layer out too, or say with from: what follows it reads",
                               related=related)  # fmt: skip
