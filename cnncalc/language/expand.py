"""From a checked spec to a graph: variables, variants and repetitions put in, shapes computed item by item.

Expansion asks each operator for its shape at once, because `c_in`, `x.h` and `when:` of later items need it. An item
that fails is reported once; whatever depends on it is left out in silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.graph.graph import Accept, Graph, Ref
from cnncalc.language.early import Early
from cnncalc.language.evaluate import Evaluator
from cnncalc.language.expressions import ExpressionError
from cnncalc.language.failures import Failures, Stop
from cnncalc.language.layers import LayerPlacer
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
from cnncalc.language.ties import Tie, shared_call
from cnncalc.language.tree import Scalar
from cnncalc.language.unread import Unread
from cnncalc.ops.registry import find
from cnncalc.values.bits import Bits
from cnncalc.values.diagnostics import ArgumentError, Collector, plural

if TYPE_CHECKING:

    from cnncalc.graph.graph import Node, Trace
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
        self.calls: list[Block] = []

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
                self.outputs(last)
            except Stop:
                pass
            else:
                if self.spec.bits:
                    self.file_widths()
                if self.spec.dotted:
                    self.unique()
                self.unread.warn()
        elif self.graph.whole is None:
            self.graph.whole = 0
        if self.collector.errors and self.layers.steps >= 0:
            Early(self.spec, self.values, lambda error, path, item: self.error(error, path, item, ())).run()
        return self.graph

    def unique(self) -> None:
        """Report dotted labels that are also the path of another layer."""
        seen: dict[str, Node] = {}
        for node in self.nodes:
            other = seen.setdefault(node.path, node)
            if other is not node:
                related = (("the other layer", other.span),) if other.span else ()
                message = f"two layers have the path '{node.path}'"
                self.collector.add("duplicate-label", message, node.span, path=node.path, hint="choose another label",
                                   related=related)  # fmt: skip

    def outputs(self, last: Tensor) -> None:
        """Note which tensors are the outputs."""
        if not self.spec.outputs:
            for ref in last if isinstance(last, list) else [last]:
                if ref is not None:
                    self.graph.outputs[self.graph.name(ref)] = ref
            return
        self.scope.frame = self.scope.file_frame
        for name, label in self.spec.outputs:
            try:
                tensor = self.scope.tensor(label.text)
            except Silent:
                continue
            except ExpressionError as error:
                self.collector.add(error.code, f"outputs: {error}", label.span, hint=error.hint)
                continue
            if isinstance(tensor, list):
                self.collector.add("several-outputs", f"outputs: '{label.text}' is several outputs", label.span,
                                   hint=f"label each of them, or name one as {label.text}:0")  # fmt: skip
            elif tensor is not None:
                self.graph.outputs[name] = tensor

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
        for row, frame in enumerate(self.values.rows(item.each)):
            self.scope.frame, self.scope.index = frame, None
            if row:
                self.layers.spend(item)
            tag = self.values.tag(item, outer) if item.tag is not None else None
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
            result, made = self.block(item, item.key, refs, path, trace, number)
        elif item.sources is not None:
            result, made = self.merge(item, refs, path, trace, passed), Made(path, start, len(self.nodes))
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

    def merge(self, item: Item, refs: tuple[Ref, ...], path: str, trace: Trace, previous: Tensor) -> Tensor:
        """Expand a merge; `previous` is what `prev` means among its sources."""
        assert item.sources is not None
        frame, index, c_in = self.scope.frame, self.scope.index, self.scope.c_in
        made = self.made
        sources: list[Tensor] = []
        for name, source in item.sources:
            if isinstance(source, Scalar):
                sources.append(self.source(name, source, previous))
                continue
            found = self.path(source, f"{path}.{name}", refs[0] if refs else previous, trace)
            self.scope.frame, self.scope.index, self.scope.c_in = frame, index, c_in
            self.passed_on = False
            if any(isinstance(tensor, list) for tensor in found):
                raise SlotError("several-outputs", f"path '{name}' ends in several outputs", item.span,
                                "choose one with identity and from:")  # fmt: skip
            sources += found
        self.made = made
        joined = tuple(source for source in sources if isinstance(source, tuple))
        if len(joined) < len(sources):
            return None
        if len(joined) < 2 and not all(isinstance(s, Scalar) or s.plain for _, s in item.sources):
            if not joined:
                raise ArgumentError("has no source left", code="too-few-sources",
                                    hint="keep one path, or leave the merge out by when:")  # fmt: skip
            return joined[0]
        self.unread.used.update(joined)
        op, parts, values = self.values.operator(item, first=False)
        try:
            return self.layers.put(item, op, parts, joined, path, trace, values)
        except ArgumentError as error:
            self.error(error, path, item, trace, joined)
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
        start = len(self.nodes)
        if not path.branches:
            found = self.branch(path, where, previous, frame, trace)
        else:
            found = []
            for row, inner in enumerate(self.values.rows(path.branches)):
                scope.frame, scope.index, scope.c_in = inner, None, entering
                found += self.branch(path, f"{where}.{row}", previous, inner, trace)
        if path.accept:
            self.graph.accepts.append(Accept(path.accept, path.span, start, len(self.nodes)))
        return found

    def branch(self, path: Path, where: str, previous: Tensor, frame: Frame, trace: Trace) -> list[Tensor]:
        """Expand one row of a path, with its repetitions."""
        scope = self.scope
        if not self.wanted(path):
            if not isinstance(previous, list) and previous is not None:
                self.unread.skipped.setdefault(previous, path.span)
            self.unread.skip_labels(path.items.items)
            return []
        chained = bool(path.from_)
        if path.repeat is None:
            return [self.items(path.items, Frame(frame, path.items.labels), previous, f"{where}.", trace,
                               chained=chained)]  # fmt: skip
        count = self.repetitions(path)
        found = [previous] if path.keep else []
        made: Made | None = None
        for number in range(count):
            scope.index = number
            start = len(self.nodes)
            tie = Tie(made, f"{where}.{number}", self.nodes) if path.tied and made is not None else None
            inner = Frame(frame, path.items.labels)
            with self.tied(tie, path.span):
                previous = self.items(path.items, inner, previous, f"{where}.{number}.", trace, chained=chained)
            made = made or Made(f"{where}.{number}", start, len(self.nodes))
            if previous is None:
                return [None]
            if path.keep:
                found.append(previous)
        return found if path.keep else [previous]

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
        start = len(self.nodes)
        if block.failed:
            return None, Made(path, start, start)
        if not trace:
            self.graph.calls.append(path)
        source = shared_call(self.scope, item)
        frame = self.values.parameters(item, block, refs, first=number == 0, like=source.frame if source else None)
        outer = self.scope.index, self.scope.c_in, self.made, self.scope.repetition
        self.scope.index = None
        self.calls.append(block)
        self.layers.ties += [None] if item.apart else []
        shared = item.share.span if item.share is not None else item.span
        with self.tied(Tie(source, path, self.nodes) if source else None, shared):
            result = self.items(block.body, frame, refs[0], f"{path}.", (*trace, (path, item.span)))
        self.layers.ties[len(self.layers.ties) - item.apart :] = []
        self.calls.pop()
        if block.outputs and result is not None:
            result = self.results(block, frame)
        if block.accept:
            self.graph.accepts.append(Accept(block.accept, item.span, start, len(self.nodes)))
        self.scope.index, self.scope.c_in, self.made, self.scope.repetition = outer
        self.passed_on = False
        return result, Made(path, start, len(self.nodes), None, block, frame)

    def results(self, block: Block, frame: Frame) -> Tensor:
        """Return what a block's labels under `outputs:` stand for, one tensor or several."""
        outer, self.scope.frame = self.scope.frame, frame
        try:
            found = [self.scope.refer(label, None) for label in block.outputs]
        finally:
            self.scope.frame = outer
        return found[0] if len(found) == 1 else [*found]
