"""From a checked spec to a graph: variables, variants and repetitions put in, shapes computed item by item.

Expansion asks each operator for its shape at once, because `c_in`, `x.h` and `when:` of later items need it. An item
that fails is reported once; whatever depends on it is left out in silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.graph.graph import Accept, Graph, Ref
from cnncalc.language.calling import CallExpander
from cnncalc.language.early import Early
from cnncalc.language.ends import note_outputs, refuse_equal_paths
from cnncalc.language.evaluate import Evaluator
from cnncalc.language.expressions import ExpressionError
from cnncalc.language.failures import Failures, Stop
from cnncalc.language.layers import LayerPlacer
from cnncalc.language.merging import MergeExpander
from cnncalc.language.rows import RowWalker
from cnncalc.language.scope import Frame, Made, Scope, Silent, Tensor
from cnncalc.language.settings import Overrides, set_inputs, set_used, set_variables
from cnncalc.language.slots import SlotError
from cnncalc.language.template import (
    MAX_PARTS,
    MAX_PATH,
    MAX_REPEAT,
    MAX_SCOPES,
    Block,
    Item,
    Items,
    Path,
    Template,
)
from cnncalc.language.ties import Tie
from cnncalc.language.unread import Unread
from cnncalc.values.bits import Bits
from cnncalc.values.diagnostics import ArgumentError, Collector, plural

if TYPE_CHECKING:

    from cnncalc.graph.graph import Trace
    from cnncalc.language.slots import Args

def expand(spec: Template, overrides: Overrides, collector: Collector) -> Graph:
    """Return the network; findings go to the collector, and with errors among them the graph is what could be built.

    Raises:
        ValueError: the variant, a variable or an input name is not one of the spec's.
    """
    return Expander(spec, overrides, collector).run()


class Expander:
    """One expansion of one template."""

    def __init__(self, spec: Template, overrides: Overrides, collector: Collector) -> None:
        self.spec = spec
        self.overrides = overrides
        self.collector = collector
        self.scope = Scope(spec, recording=overrides.recording)
        self.build = self.scope.build
        self.values = Evaluator(spec, self.scope, collector, recording=overrides.recording)
        self.walker = RowWalker(self.values)
        self.graph = self.scope.graph
        self.nodes = self.graph.nodes
        self.failures = Failures(self.values, collector)
        self.error, self.limit = self.failures.error, self.failures.limit
        self.unread = Unread(self.failures)
        self.layers = LayerPlacer(self.values, overrides, self.failures, self.unread)
        self.tied = self.layers.tied
        self.scopes = 0
        self.passed_on = False
        self.made: list[Made] = []
        self.merges = MergeExpander(self)
        self.called = CallExpander(self)

    def run(self) -> Graph:
        """Expand the file."""
        if self.spec.accept:
            self.graph.accepts.append(Accept(self.spec.accept, self.spec.accept_span, 0, None))
        set_variables(self.values, self.overrides)
        set_used(self.values, self.spec)
        if set_inputs(self.values, self.overrides):
            try:
                first: Tensor = (-1, 0)
                last = self.items(self.spec.body, self.scope.file_frame, first, "", ())
                note_outputs(self.spec, self.scope, self.collector, last)
            except Stop:
                pass
            else:
                if self.spec.bits:
                    self.file_widths()
                if self.spec.dotted:
                    refuse_equal_paths(self.nodes, self.collector)
                self.unread.warn()
        elif self.graph.whole is None:
            self.graph.whole = 0
        if self.collector.errors and self.layers.steps >= 0:
            Early(self.spec, self.values, lambda error, path, item: self.error(error, path, item, ())).run()
        return self.graph

    def file_widths(self) -> None:
        """Give every layer the widths of the file, where it has none of its own."""
        self.scope.frame = self.scope.file_frame
        try:
            self.widen(self.spec.bits, 0)
        except Silent:
            pass
        except (SlotError, ArgumentError) as error:
            span = next(iter(self.spec.bits.values())).span
            self.collector.add(error.code, f"bits: {error}", span, hint=error.hint)

    def items(self, items: Items, frame: Frame, previous: Tensor, prefix: str, trace: Trace, *,
              chained: bool = False) -> Tensor:  # fmt: skip
        """Expand a list of layers and return what its last one gives; chained, the first may read several tensors."""
        if self.scopes > MAX_SCOPES:
            self.limit("too-deep", f"block calls and paths are nested more than {MAX_SCOPES} deep",
                       items.items[0].span if items.items else None, "flatten some of them")  # fmt: skip
        self.scopes += 1
        outer = self.scope.frame, self.scope.index
        for item in items.items:
            self.scope.frame, self.scope.index = frame, outer[1]
            self.made = []
            start = len(self.nodes)
            previous = self.item(item, previous, prefix, trace, chained=chained)
            self.scope.frame = frame
            chained = False
            if item.accept:
                self.graph.accepts.append(Accept(item.accept, item.span, start, len(self.nodes)))
            if item.bits:
                self.widths(item, start, prefix, trace)
            if item.labels:
                frame.made.update((label.text, tuple(self.made)) for label in item.labels)
                found = self.labelled(previous, item, prefix, trace)
                frame.labels.update(zip((label.text for label in item.labels), found, strict=True))
                if previous is not None and found[0] is None:
                    previous = None
        self.scope.frame, self.scope.index = outer
        self.scopes -= 1
        return previous

    def widths(self, item: Item, start: int, prefix: str, trace: Trace) -> None:
        """Give an item's layers the widths and the density that stand beside it, where they have none of their own."""
        try:
            self.widen(item.bits, start)
        except Silent:
            pass
        except (SlotError, ArgumentError) as error:
            self.error(error, prefix + item.name, item, trace)

    def widen(self, slots: Args, start: int) -> None:
        """Give the layers from `start` on what the slots of `bits:` and `density:` come to."""
        given = Bits(**{name: slot.kind.check(self.values.evaluate(slot), name) for name, slot in slots.items()})
        self.build.widen(given, start)

    def labelled(self, tensor: Tensor, item: Item, prefix: str, trace: Trace) -> list[Tensor]:
        """Return what each label of an item stands for: its one output, or each of several."""
        count = len(item.labels)
        if count == 1 or tensor is None:
            return [tensor] * count
        if isinstance(tensor, list) and len(tensor) == count:
            return list(tensor)
        if self.passed_on:
            return [tensor] * count
        outputs = len(tensor) if isinstance(tensor, list) else 1
        self.error(ArgumentError(f"{item.counter} has {outputs} output{'s' if outputs > 1 else ''} and {count} labels",
                                 code="label-count", hint="give one label for each output"),
                   prefix + item.name, item, trace)  # fmt: skip
        return [None] * count

    def item(self, item: Item, previous: Tensor, prefix: str, trace: Trace, *, chained: bool = False) -> Tensor:
        """Expand one item, with all its rows and repetitions, and return what follows it sees as `prev`."""
        self.passed_on = False
        self.scope.previous = previous
        if item.key is None:
            if self.graph.whole is None:
                self.graph.whole = len(self.nodes)
            return None
        path = prefix + item.name if prefix else item.name
        self.layers.spend(item)
        if len(path) > MAX_PATH or path.count(".") >= MAX_PARTS:
            has = f"{len(path):,} characters and {path.count('.') + 1:,} parts"
            self.limit("path-too-long", f"the path '{path[:60]}...' has {has}, more than {MAX_PATH:,} or {MAX_PARTS}",
                       item.span, "choose shorter labels, or nest less deeply")  # fmt: skip
        try:
            if item.word is not None:
                meant = self.values.meant(item)
                if meant is None:
                    return self.leave_out(item, previous, self.scope.sources_of(item, previous, chained=chained))
                item = meant
            if item.each:
                return self.rows(item, previous, path, trace, chained=chained)
            if item.repeat is not None:
                return self.repeated(item, previous, path, trace, chained=chained)
            self.scope.repetition = 0
            return self.once(item, previous, path, trace, chained=chained)
        except Silent:
            return None
        except (SlotError, ArgumentError, ExpressionError) as error:
            self.error(error, path, item, trace)
            return None

    def rows(self, item: Item, previous: Tensor, path: str, trace: Trace, *, chained: bool) -> Tensor:
        """Expand an item once for each row of the lists that it walks, each row behind the one before."""
        outer = self.scope.frame
        nothing = True
        for row, frame in enumerate(self.walker.rows(item.each)):
            self.scope.frame, self.scope.index = frame, None
            if row:
                self.layers.spend(item)
            tag = self.walker.tag(item, outer) if item.tag is not None else None
            where = f"{path}.{row}" if tag is None else path[: len(path) - len(item.name)] + tag
            before = len(self.made)
            refs = self.entering(item, previous, chained=chained)
            wanted = self.wanted(item)
            if not wanted:
                self.unread.skip(item, refs)
            elif item.repeat is None:
                previous = self.once(item, previous, where, trace, decided=True, chained=chained)
            else:
                previous = self.repeated(item, previous, where, trace, decided=True, chained=chained)
            self.scope.frame = outer
            if tag is not None:
                outer.labels[tag], outer.made[tag] = previous, tuple(self.made[before:])
            if not wanted:
                continue
            nothing &= self.passed_on
            if previous is None:
                return None
            chained = True
        self.scope.frame = outer
        if nothing:
            return self.leave_out(item, previous, self.entering(item, previous, chained=chained))
        self.passed_on = False
        return previous

    def repeated(self, item: Item, previous: Tensor, path: str, trace: Trace, *, decided: bool = False,
                 chained: bool = False) -> Tensor:  # fmt: skip
        """Expand all repetitions of an item, each behind the one before."""
        refs = self.entering(item, previous, chained=chained)
        count = self.repetitions(item)
        if not count:
            return self.leave_out(item, previous, refs)
        if not item.joins_labels and refs and self.scope.wanted(item) == len(refs):
            previous = list(refs) if len(refs) > 1 else refs[0]
        elif not item.joins_labels and refs:
            previous = refs[0]
        self.passed_on = False
        for number in range(count):
            self.scope.index = number
            if number:
                self.layers.spend(item)
            self.scope.repetition = len(self.made)
            if isinstance(previous, list) and len(previous) != self.scope.wanted(item):
                many, takes = len(previous), plural(self.scope.wanted(item), "input")
                raise ArgumentError(f"has {many} outputs and {takes}, so it cannot be chained",
                                    code="several-outputs",
                                        hint="chain a block with as many outputs as inputs; an input that stays "
                                             "the same may stand among its outputs:")  # fmt: skip
            first = len(self.made) - number if number else None
            tie = Tie(self.made[first], f"{path}.{number}", self.nodes) if item.tied and first is not None else None
            with self.tied(tie, item.span):
                previous = self.once(item, previous, f"{path}.{number}", trace, number, decided=decided,
                                     chained=chained or bool(number) or isinstance(previous, list))  # fmt: skip
            if previous is None:
                break
        return previous

    def entering(self, item: Item, previous: Tensor, *, chained: bool) -> tuple[Ref, ...]:
        """Return what enters an item, and let `c_in` mean its channels."""
        refs: tuple[Ref, ...]
        if item.joins_labels:
            refs = (self.scope.first_source(item, previous),)
        elif isinstance(previous, list) and item.sources is not None and not item.from_:
            refs = ()
        else:
            refs = self.scope.sources_of(item, previous, chained=chained)
        self.scope.c_in = self.scope.shape(refs[0]).channels if refs else None
        return refs

    def wanted(self, item: Item | Path) -> bool:
        """Return whether `when:` keeps an item or a path."""
        return item.when is None or bool(item.when.kind.check(self.values.evaluate(item.when), "when"))

    def leave_out(self, item: Item, previous: Tensor, refs: tuple[Ref, ...]) -> Tensor:
        """Return what stands for an item that is left out: what it would have read, the first of it or all."""
        self.passed_on = True
        self.unread.skip(item, refs)
        if item.joins_labels or not refs:
            return previous
        if previous is not None and item.from_ and not isinstance(previous, list):
            self.unread.skipped.setdefault(previous, item.span)
        return list(refs) if 1 < self.scope.gives(item) == len(refs) else refs[0]

    def repetitions(self, item: Item | Path) -> int:
        """Return how often an item is repeated."""
        assert item.repeat is not None
        count = item.repeat.kind.check(self.values.evaluate(item.repeat), "repeat")
        if count > MAX_REPEAT:
            self.limit("repeat-too-large", f"repeat is at most {MAX_REPEAT:,}, got {count}", item.repeat.span,
                       "repeat a block of layers instead")  # fmt: skip
        return int(count)

    def once(self, item: Item, previous: Tensor, path: str, trace: Trace, number: int | None = None, *,
             decided: bool = False, chained: bool = False) -> Tensor:  # fmt: skip
        """Expand one repetition of an item."""
        refs = self.entering(item, previous, chained=chained)
        passed = previous if item.joins_labels or not refs else refs[0]
        if not decided and not self.wanted(item):
            return self.leave_out(item, previous, refs)
        self.passed_on = False
        start = len(self.nodes)
        if isinstance(item.key, Block):
            result, made = self.called.block(item, item.key, refs, path, trace, number)
        elif item.sources is not None:
            result, made = self.merges.merge(item, refs, path, trace, passed), Made(path, start, len(self.nodes))
        else:
            op, parts, values = self.values.operator(item, first=number == 0)
            self.unread.used.update(refs)
            try:
                result = self.layers.put(item, op, parts, refs, path, trace, values)
            except ArgumentError as error:
                self.error(error, path, item, trace, refs)
                return None
            made = Made(path, start, len(self.nodes), op)
        self.made.append(made._replace(stop=len(self.nodes)))
        return result
