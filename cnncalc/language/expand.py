"""From a checked spec to a graph: variables, variants and repetitions put in, shapes computed item by item.

Expansion asks each operator for its shape at once, because `c_in`, `x.h` and `when:` of later items need it. An item
that fails is reported once; whatever depends on it is left out in silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from cnncalc.graph.graph import Graph, Node, Ref
from cnncalc.language.evaluate import Evaluator, Values
from cnncalc.language.expressions import ExpressionError
from cnncalc.language.scope import Frame, Scope, Silent, Tensor
from cnncalc.language.settings import MAX_LAYERS, Overrides, set_inputs, set_variables
from cnncalc.language.slots import SlotError
from cnncalc.language.template import MAX_REPEAT, MAX_SCOPES, Item, Items, Template
from cnncalc.values.diagnostics import ArgumentError, Collector, Span

if TYPE_CHECKING:
    from cnncalc.ops.base import Operator, Part
    from cnncalc.values.shape import Shape

STEPS_PER_LAYER = 20
"""Items that are left out cost time too, and so do sources and parameters: at most this much for each layer allowed."""
MAX_EXTENT_BITS = 512
"""The extents of a shape stay below 2 to this power; what is counted on them is exact."""
MAX_AXES = 8
"""A shape has at most this many axes."""
Trace: TypeAlias = tuple[tuple[str, Span | None], ...]


class Stop(Exception):  # noqa: N818
    """A limit is exceeded; nothing more is expanded."""


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
        self.scope = Scope(spec.body.labels)
        self.values = Evaluator(spec, self.scope, collector)
        self.graph = self.scope.graph
        self.nodes = self.graph.nodes
        self.inferred: dict[Any, tuple[Shape, ...]] = {}
        self.reported: set[tuple[str, Span | None]] = set()
        self.scopes = 0
        self.steps = max(overrides.max_layers, MAX_LAYERS // 10) * STEPS_PER_LAYER
        self.used: set[Ref] = set()
        self.passed_on = False

    def error(self, error: SlotError | ArgumentError | ExpressionError, path: str, item: Item, trace: Trace,
              refs: tuple[Ref, ...] = ()) -> None:  # fmt: skip
        """Record why an item failed, at the argument to blame or at the item; once, however often it is used."""
        who = f"{'block' if isinstance(item.key, str) else 'layer'} '{path}' ({item.counter})"
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
                place = self.nodes[ref[0]].span if ref[0] >= 0 else self.spec.inputs_span
                if place is not None and place != span:
                    related.append((f"'{self.graph.name(ref)}' gives {self.scope.shape(ref)}", place))
        if self.graph.whole is None:
            self.graph.whole = len(self.nodes)
        if (code, span) in self.reported and span is not None:
            return
        self.reported.add((code, span))
        calls = tuple((f"in block call '{call}'", place) for call, place in trace if place is not None)
        said = message.removeprefix(f"{item.counter} ")
        message = f"{who}: {message}" if said == message else f"{who} {said}"
        places = tuple(dict.fromkeys(related))
        self.collector.add(code, message, span, path=path, hint=hint, related=places, trace=calls)

    def limit(self, code: str, message: str, span: Span | None, hint: str) -> NoReturn:
        """Report a limit that is exceeded, and give up the whole network."""
        self.collector.add(code, message, span, hint=hint)
        self.nodes.clear()
        self.graph.calls.clear()
        self.graph.whole = 0
        raise Stop

    def run(self) -> Graph:
        """Expand the file."""
        set_variables(self.values, self.overrides)
        if set_inputs(self.values, self.overrides):
            try:
                first: Tensor = (-1, 0)
                last = self.items(self.spec.body, self.scope.file_frame, first, "", ())
                self.outputs(last)
            except Stop:
                pass
            else:
                if self.spec.dotted:
                    self.unique()
                self.unused()
        elif self.graph.whole is None:
            self.graph.whole = 0
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
            except ExpressionError as error:
                self.collector.add(error.code, f"outputs: {error}", label.span, hint=error.hint)
                continue
            if isinstance(tensor, list):
                self.collector.add("several-outputs", f"outputs: '{label.text}' is several outputs", label.span,
                                   hint=f"label each of them, or name one as {label.text}:0")  # fmt: skip
            elif tensor is not None:
                self.graph.outputs[name] = tensor

    def unused(self) -> None:
        """Warn of layers and inputs whose result nobody uses."""
        used = {ref[0] for ref in self.used} | {ref[0] for ref in self.graph.outputs.values()}
        if self.collector.errors:
            return
        for index, node in enumerate(self.nodes):
            if index not in used and ("unused-result", node.span) not in self.reported:
                if node.span is not None:
                    self.reported.add(("unused-result", node.span))
                self.collector.add("unused-result", f"nobody uses the result of layer '{node.path}' ({node.op.name})",
                                   node.span, severity="warning", path=node.path,
                                   hint="name it under outputs:, or remove the layer")  # fmt: skip
        for number, name in enumerate(self.graph.inputs, 1):
            if -number not in used:
                self.collector.add("unused-input", f"nobody uses the input '{name}'", self.spec.inputs_span,
                                   severity="warning", hint="remove it, or start a layer from it")  # fmt: skip

    def items(self, items: Items, frame: Frame, previous: Tensor, prefix: str, trace: Trace) -> Tensor:
        """Expand a list of layers and return what its last one gives."""
        if self.scopes > MAX_SCOPES:
            self.limit("too-deep", f"block calls and paths are nested more than {MAX_SCOPES} deep",
                       items.items[0].span if items.items else None, "flatten some of them")  # fmt: skip
        self.scopes += 1
        outer = self.scope.frame, self.scope.index
        for item in items.items:
            self.scope.frame, self.scope.index = frame, outer[1]
            previous = self.item(item, previous, prefix, trace)
            if item.labels:
                found = self.labelled(previous, item, prefix, trace)
                frame.labels.update(zip((label.text for label in item.labels), found, strict=True))
                if previous is not None and found[0] is None:
                    previous = None
        self.scope.frame, self.scope.index = outer
        self.scopes -= 1
        return previous

    def labelled(self, tensor: Tensor, item: Item, prefix: str, trace: Trace) -> list[Tensor]:
        """Return what each label of an item stands for: its one output, or each of several."""
        count = len(item.labels)
        if count == 1 or self.passed_on or tensor is None:
            return [tensor] * count
        if isinstance(tensor, list) and len(tensor) == count:
            return list(tensor)
        outputs = len(tensor) if isinstance(tensor, list) else 1
        self.error(ArgumentError(f"{item.counter} has {outputs} output{'s' if outputs > 1 else ''} and {count} labels",
                                 code="label-count", hint="give one label for each output"),
                   prefix + item.name, item, trace)  # fmt: skip
        return [None] * count

    def item(self, item: Item, previous: Tensor, prefix: str, trace: Trace) -> Tensor:
        """Expand one item, with all its repetitions, and return what follows it sees as `prev`."""
        self.passed_on = False
        self.scope.previous = previous
        if item.key is None:
            if self.graph.whole is None:
                self.graph.whole = len(self.nodes)
            return None
        path = prefix + item.name if prefix else item.name
        self.spend(item)
        try:
            if item.repeat is None:
                return self.once(item, previous, path, trace)
            first = self.scope.first_source(item, previous)
            self.scope.c_in = self.scope.shape(first).channels
            if not item.joins_labels:
                previous = first
            count = self.repetitions(item)
            self.passed_on = not count
            for number in range(count):
                self.scope.index = number
                if number:
                    self.spend(item)
                if isinstance(previous, list):
                    raise ArgumentError(  # noqa: TRY301 - told like every other mistake
                        "several outputs cannot be chained", code="several-outputs", hint="split without repeat"
                    )
                previous = self.once(item, previous, f"{path}.{number}", trace, number)
                if previous is None:
                    break
        except Silent:
            return None
        except (SlotError, ArgumentError, ExpressionError) as error:
            self.error(error, path, item, trace)
            return None
        return previous

    def spend(self, item: Item) -> None:
        """Count the time that an item takes, also where nothing comes of it."""
        self.steps -= item.cost
        if self.steps < 0:
            self.limit("too-many-layers", f"the network has more than {self.overrides.max_layers:,} layers, or repeats "
                       "too many that are left out", item.span, "raise the limit with --max-layers")  # fmt: skip

    def repetitions(self, item: Item) -> int:
        """Return how often an item is repeated."""
        assert item.repeat is not None
        count = item.repeat.kind.check(self.values.evaluate(item.repeat), "repeat")
        if count > MAX_REPEAT:
            self.limit("repeat-too-large", f"repeat is at most {MAX_REPEAT:,}, got {count}", item.repeat.span,
                       "repeat a block of layers instead")  # fmt: skip
        return int(count)

    def once(self, item: Item, previous: Tensor, path: str, trace: Trace, number: int | None = None) -> Tensor:
        """Expand one repetition of an item."""
        refs: tuple[Ref, ...]
        if item.joins_labels:
            refs, passed = (self.scope.first_source(item, previous),), previous
        else:
            refs = self.scope.sources_of(item, previous, number)
            passed = refs[0]
        self.scope.c_in = self.scope.shape(refs[0]).channels
        if item.when is not None and not item.when.kind.check(self.values.evaluate(item.when), "when"):
            self.passed_on = True
            return passed
        self.passed_on = False
        if isinstance(item.key, str):
            return self.block(item, refs, path, trace, number)
        if item.sources is not None:
            return self.merge(item, refs, path, trace, passed)
        op, parts, values = self.values.operator(item, first=number == 0)
        self.used.update(refs)
        try:
            return self.layers(item, op, parts, refs, path, trace, values)
        except ArgumentError as error:
            self.error(error, path, item, trace, refs)
            return None

    def layers(self, item: Item, op: Operator, parts: tuple[Part, ...], refs: tuple[Ref, ...], path: str, trace: Trace,
               values: Values) -> Tensor:  # fmt: skip
        """Append the nodes of one operator and return its outputs."""
        shared = self.values.shared(item) if item.share is not None else None
        first = len(self.nodes)
        if not parts:
            outs = self.add(path, op, refs, item, trace, values, shared[0] if shared else None)
            made: tuple[int, ...] = (first,)
        else:
            outputs: list[Ref] = [refs[0]]
            outs = []
            for number, part in enumerate(parts):
                if part.reads is not None:
                    reads = tuple(outputs[k] for k in part.reads)
                else:
                    reads = (outs[0],) if number else refs
                if number:
                    self.used.update(reads)
                name = f"{path}.{part.suffix}" if part.suffix else path
                try:
                    outs = self.add(name, part.op, reads, item, trace, values if not part.suffix else (),
                                    shared[number] if shared else None)  # fmt: skip
                except ArgumentError as error:
                    if number:
                        error.argument = part.suffix.rpartition(".")[2]
                    raise
                outputs.append(outs[0])
            made = tuple(range(first, len(self.nodes)))
        for label in item.labels:
            self.scope.frame.made[label.text] = (op, made)
        return outs[0] if len(outs) == 1 else outs

    def add(self, path: str, op: Operator, refs: tuple[Ref, ...], item: Item, trace: Trace,
            values: Values, shares: int | None) -> list[Ref]:  # fmt: skip
        """Append one node and return its outputs."""
        index = len(self.nodes)
        if index >= self.overrides.max_layers:
            self.limit("too-many-layers", f"the network has more than {self.overrides.max_layers:,} layers", item.span,
                       "raise the limit with --max-layers")  # fmt: skip
        ins = tuple(map(self.scope.shape, refs))
        key = (op, ins)
        outs = self.inferred.get(key)
        if outs is None:
            if op.sources is not None and op.sources != len(ins):
                wanted = plural(op.sources, "source")
                raise ArgumentError(f"{op.name} wants {wanted}, got {len(ins)}",
                                    code="source-count", hint="join them first, with add or concat")  # fmt: skip
            outs = op.infer(ins)
            check_bounds(op, outs)
            self.inferred[key] = outs
        if shares is not None:
            own, other = op.params(ins), self.nodes[shares]
            theirs = other.op.params(other.in_shapes)
            if own != theirs:
                raise ArgumentError(f"needs {own} parameters, '{other.path}' has {theirs}", argument=None,
                                    code="share-mismatch", hint="shared layers must see the same channels")  # fmt: skip
        self.nodes.append(Node(path, op, refs, ins, outs, item.span, trace, shares, values))
        return [(index, 0)] if len(outs) == 1 else [(index, port) for port in range(len(outs))]

    def merge(self, item: Item, refs: tuple[Ref, ...], path: str, trace: Trace, previous: Tensor) -> Tensor:
        """Expand a merge; `previous` is what `prev` means among its sources."""
        assert item.sources is not None
        frame, index, c_in = self.scope.frame, self.scope.index, self.scope.c_in
        sources: list[Tensor] = []
        for name, source in item.sources:
            if isinstance(source, Items):
                inner = Frame(frame, source.labels)
                sources.append(self.items(source, inner, refs[0], f"{path}.{name}.", trace))
                self.scope.frame, self.scope.index, self.scope.c_in = frame, index, c_in
                self.passed_on = False
                if isinstance(sources[-1], list):
                    raise SlotError("several-outputs", f"path '{name}' ends in several outputs", item.span,
                                    "choose one with identity and from:")  # fmt: skip
            else:
                sources.append(self.scope.resolved(source, previous))
        joined = tuple(source for source in sources if isinstance(source, tuple))
        if len(joined) < len(sources):
            return None
        self.used.update(joined)
        op, parts, values = self.values.operator(item, first=False)
        try:
            return self.layers(item, op, parts, joined, path, trace, values)
        except ArgumentError as error:
            self.error(error, path, item, trace, joined)
            return None

    def block(self, item: Item, refs: tuple[Ref, ...], path: str, trace: Trace, number: int | None) -> Tensor:
        """Expand one call of a block."""
        block = self.spec.blocks[str(item.key)]
        if len(refs) != len(block.inputs):
            names = ", ".join(block.inputs)
            count = len(block.inputs)
            raise ArgumentError(f"{block.name} has {plural(count, 'input')} ({names}), got {len(refs)}",
                                code="source-count", hint=f"write from: with {plural(count, 'label')}")  # fmt: skip
        if block.failed:
            return None
        if not trace:
            self.graph.calls.append(path)
        frame = self.values.parameters(item, block, first=number == 0)
        frame.labels.update(zip(block.inputs, refs, strict=True))
        outer = self.scope.index, self.scope.c_in
        self.scope.index = None
        result = self.items(block.body, frame, refs[0], f"{path}.", (*trace, (path, item.span)))
        self.scope.index, self.scope.c_in = outer
        self.passed_on = False
        return result


def plural(count: int, noun: str) -> str:
    """Return a number of things in words."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def check_bounds(op: Operator, outs: tuple[Shape, ...]) -> None:
    """Raise ArgumentError for shapes beyond what can sensibly be counted."""
    for shape in outs:
        if len(shape) > MAX_AXES:
            raise ArgumentError(f"{op.name} makes a shape of {len(shape)} axes, more than {MAX_AXES}",
                                code="wrong-rank", hint="merge some axes")  # fmt: skip
        if any(extent >> MAX_EXTENT_BITS for extent in shape):
            raise ArgumentError(f"{op.name} makes a map of more than 2^{MAX_EXTENT_BITS} values along one axis",
                                code="number-too-large", hint="repeat it fewer times")  # fmt: skip
