"""What goes wrong while a spec is expanded: each mistake once, at its place; a limit that is exceeded ends all."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from cnncalc.language.slots import SlotError
from cnncalc.language.template import Block, Item
from cnncalc.values.diagnostics import ArgumentError, Collector, Span

if TYPE_CHECKING:
    from cnncalc.graph.graph import Ref, Trace
    from cnncalc.language.evaluate import Evaluator
    from cnncalc.language.expressions import ExpressionError


class Stop(Exception):  # noqa: N818
    """A limit is exceeded; nothing more is expanded."""


class Failures:
    """Tells the collector what goes wrong in one expansion.

    Attributes:
        reported: what was said, by code and place.
    """

    def __init__(self, values: Evaluator, collector: Collector) -> None:
        self.values = values
        self.scope = values.scope
        self.graph = values.scope.graph
        self.collector = collector
        self.reported: set[tuple[str, Span | None]] = set()

    def error(self, error: SlotError | ArgumentError | ExpressionError, path: str, item: Item, trace: Trace,
              refs: tuple[Ref, ...] = ()) -> None:  # fmt: skip
        """Record why an item failed, at the argument to blame or at the item; once, however often it is used."""
        who = f"{'block' if isinstance(item.key, Block) else 'layer'} '{path}' ({item.counter})"
        span, code, message, hint = item.span, error.code, str(error), error.hint
        related: list[tuple[str, Span]] = []
        if isinstance(error, SlotError):
            span = error.span or span
        elif isinstance(error, ArgumentError):
            if error.argument is not None:
                modifier = {"repeat": item.repeat, "when": item.when}.get(error.argument)
                slot = modifier or self.values.slots(item, first=True).get(error.argument)
                span = slot.span or span if slot else span
            for ref in refs:
                place = self.graph.nodes[ref[0]].span if ref[0] >= 0 else self.scope.file_frame.home.inputs_span
                if place is not None and place != span:
                    related.append((f"'{self.graph.name(ref)}' gives {self.scope.shape(ref)}", place))
        if self.graph.whole is None:
            self.graph.whole = len(self.graph.nodes)
        if (code, span) in self.reported and span is not None:
            return
        self.reported.add((code, span))
        if span is None and trace:
            span = next((place for _, place in reversed(trace) if place is not None), None)
        calls = tuple((f"in block call '{call}'", place) for call, place in trace if place is not None)
        said = message.removeprefix(f"{item.counter} ")
        message = f"{who}: {message}" if said == message else f"{who} {said}"
        places = tuple(dict.fromkeys(related))
        self.collector.add(code, message, span, path=path, hint=hint, related=places, trace=calls)

    def limit(self, code: str, message: str, span: Span | None, hint: str) -> NoReturn:
        """Report a limit that is exceeded, and give up the whole network."""
        self.collector.add(code, message, span, hint=hint)
        self.scope.build.take_back(0)
        self.graph.calls.clear()
        self.graph.whole = 0
        raise Stop
