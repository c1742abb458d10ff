"""Merges expanded: their paths, with the modifiers that these carry, and the layer that joins them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.graph.graph import Accept
from cnncalc.language.scope import Frame, Made
from cnncalc.language.slots import SlotError
from cnncalc.language.ties import Tie
from cnncalc.language.tree import Scalar
from cnncalc.ops.registry import find
from cnncalc.values.diagnostics import ArgumentError

if TYPE_CHECKING:
    from cnncalc.graph.graph import Ref, Trace
    from cnncalc.language.expand import Expander
    from cnncalc.language.scope import Tensor
    from cnncalc.language.template import Item, Path


class MergeExpander:
    """The merges of one expansion."""

    def __init__(self, expander: Expander) -> None:
        self.expander = expander
        self.scope = expander.scope

    def merge(self, item: Item, refs: tuple[Ref, ...], path: str, trace: Trace, previous: Tensor) -> Tensor:
        """Expand a merge; `previous` is what `prev` means among its sources."""
        assert item.sources is not None
        frame, index, c_in = self.scope.frame, self.scope.index, self.scope.c_in
        made = self.expander.made
        sources: list[Tensor] = []
        for name, source in item.sources:
            if isinstance(source, Scalar):
                sources.append(self.source(name, source, previous))
                continue
            found = self.path(source, f"{path}.{name}", refs[0] if refs else previous, trace)
            self.scope.frame, self.scope.index, self.scope.c_in = frame, index, c_in
            self.expander.passed_on = False
            if any(isinstance(tensor, list) for tensor in found):
                raise SlotError("several-outputs", f"path '{name}' ends in several outputs", item.span,
                                "choose one with identity and from:")  # fmt: skip
            sources += found
        self.expander.made = made
        joined = tuple(source for source in sources if isinstance(source, tuple))
        if len(joined) < len(sources):
            return None
        if len(joined) < 2 and not all(isinstance(s, Scalar) or s.plain for _, s in item.sources):
            if not joined:
                raise ArgumentError("has no source left", code="too-few-sources",
                                    hint="keep one path, or leave the merge out by when:")  # fmt: skip
            return joined[0]
        self.expander.unread.used.update(joined)
        op, parts, values = self.expander.values.operator(item, first=False)
        try:
            return self.expander.layers.put(item, op, parts, joined, path, trace, values)
        except ArgumentError as error:
            self.expander.error(error, path, item, trace, joined)
            return None

    def source(self, name: str | None, label: Scalar, previous: Tensor) -> Ref | None:
        """Return the tensor that a source of a merge names; None where that failed."""
        try:
            return self.scope.resolved(label, previous)
        except SlotError as error:
            if error.code == "unknown-label" and (label.text in self.scope.frame.home.blocks or find(label.text)):
                hint = f"a word is a label: write {name or 'body'}: [{label.text}] for a path with this layer"
                raise SlotError(error.code, str(error), error.span, hint) from None
            raise

    def path(self, path: Path, where: str, previous: Tensor, trace: Trace) -> list[Tensor]:
        """Expand a path of a merge and return the sources that it stands for."""
        scope = self.scope
        frame = scope.frame
        if path.from_:
            refs = [scope.refer(label, previous) for label in path.from_]
            previous = refs[0] if len(refs) == 1 else [*refs]
        first = previous[0] if isinstance(previous, list) else previous
        scope.c_in = scope.shape(first).channels if isinstance(first, tuple) else None
        entering = scope.c_in
        start = len(self.expander.nodes)
        if not path.branches:
            found = self.branch(path, where, previous, frame, trace)
        else:
            found = []
            for row, inner in enumerate(self.expander.walker.rows(path.branches)):
                scope.frame, scope.index, scope.c_in = inner, None, entering
                found += self.branch(path, f"{where}.{row}", previous, inner, trace)
        if path.accept:
            self.expander.graph.accepts.append(Accept(path.accept, path.span, start, len(self.expander.nodes)))
        return found

    def branch(self, path: Path, where: str, previous: Tensor, frame: Frame, trace: Trace) -> list[Tensor]:
        """Expand one row of a path, with its repetitions."""
        scope = self.scope
        if not self.expander.wanted(path):
            if not isinstance(previous, list) and previous is not None:
                self.expander.unread.skipped.setdefault(previous, path.span)
            self.expander.unread.skip_labels(path.items.items)
            return []
        chained = bool(path.from_)
        if path.repeat is None:
            inner = Frame(frame, path.items.labels)
            return [self.expander.items(path.items, inner, previous, f"{where}.", trace, chained=chained)]
        count = self.expander.repetitions(path)
        found = [previous] if path.keep else []
        made: Made | None = None
        for number in range(count):
            scope.index = number
            start = len(self.expander.nodes)
            tie = Tie(made, f"{where}.{number}", self.expander.nodes) if path.tied and made is not None else None
            inner = Frame(frame, path.items.labels)
            with self.expander.tied(tie, path.span):
                previous = self.expander.items(path.items, inner, previous, f"{where}.{number}.", trace,
                                               chained=chained)  # fmt: skip
            made = made or Made(f"{where}.{number}", start, len(self.expander.nodes))
            if previous is None:
                return [None]
            if path.keep:
                found.append(previous)
        return found if path.keep else [previous]
