"""From a checked spec to a graph: variables, variants and repetitions put in, shapes computed item by item.

Expansion asks each operator for its shape at once, because `c_in`, `x.h` and `when:` of later items need it. An item
that fails is reported once; whatever depends on it is left out in silence.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from cnncalc.graph.graph import Graph, Node, Ref
from cnncalc.language.expressions import Expression, ExpressionError
from cnncalc.language.literals import LiteralError, parse_number
from cnncalc.language.template import (
    EXTENTS,
    FAILED,
    MAX_DIMENSIONS,
    MAX_REPEAT,
    MAX_SCOPES,
    VALUE,
    Block,
    Item,
    Items,
    Like,
    NestedCall,
    Slot,
    SlotError,
    Template,
    Word,
    compile_value,
    in_expression,
    written,
)
from cnncalc.language.tree import Scalar, Seq, from_python
from cnncalc.ops.arguments import shown
from cnncalc.values.diagnostics import ArgumentError, Collector, Span, SpecError, did_you_mean
from cnncalc.values.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cnncalc.language.tree import Node as TreeNode
    from cnncalc.ops.base import Operator, Part

MAX_LAYERS = 100_000
STEPS_PER_LAYER = 20
"""Items that are left out cost time too, and so do sources and parameters: at most this much for each layer allowed."""
MAX_EXTENT_BITS = 512
"""The extents of a shape stay below 2 to this power; what is counted on them is exact."""
MAX_AXES = 8
"""A shape has at most this many axes."""

Tensor: TypeAlias = Ref | list[Ref] | None
"""One tensor, the several outputs of a split, or None where its layer failed."""
Trace: TypeAlias = tuple[tuple[str, Span | None], ...]
Made: TypeAlias = tuple["Operator", tuple[int, ...]]
"""What a label that can be shared stands for: the operator as the item has it, and the nodes of its parts."""


Values: TypeAlias = tuple[tuple[str, str, object], ...]
Built: TypeAlias = tuple["Operator", "tuple[Part, ...]", Values]
"""An item's operator, the layers that it stands for if they are several, and what its expressions came to."""


class Silent(Exception):  # noqa: N818 - not an error of its own
    """A value depends on something that has already been reported."""


class Stop(Exception):  # noqa: N818
    """A limit is exceeded; nothing more is expanded."""


class Frame:
    """One lexical scope: values, words and labels. A block's frame sees the file's values but not its labels."""

    __slots__ = ("declared", "labels", "made", "opaque", "parent", "values", "words")

    def __init__(self, parent: Frame | None, declared: Mapping[str, Span | None], *, opaque: bool = False) -> None:
        self.parent = parent
        self.declared = declared
        self.opaque = opaque
        self.values: dict[str, Any] = {}
        self.words: dict[str, tuple[TreeNode, Frame]] = {}
        self.labels: dict[str, Tensor] = {}
        self.made: dict[str, Made] = {}

    def visible_labels(self) -> dict[str, Tensor]:
        """Return every label that can be referred to from here."""
        outer = self.parent.visible_labels() if self.parent is not None and not self.opaque else {}
        return {**outer, **self.labels}


class Plan:
    """How an item's arguments are found: its slots, and what was built from them before.

    Attributes:
        slots: by argument, defaults included.
        fixed: no value depends on where the item is used.
        found: what a fixed item stands for, once it is known.
        cache: what the other items stand for, by their values and the types of these.
    """

    __slots__ = ("cache", "fixed", "found", "slots")

    def __init__(self, item: Item, slots: dict[str, Slot]) -> None:
        self.slots = slots
        self.fixed = item.share is None and all(slot.constant for slot in slots.values())
        self.found: Built | None = None
        self.cache: dict[Any, Built] = {}


class Overrides:
    """What a caller sets besides the file: a variant, variables, the input, the limit on layers."""

    __slots__ = ("inputs", "max_layers", "variables", "variant")

    def __init__(
        self,
        variant: str | None = None,
        variables: Mapping[str, object] | None = None,
        inputs: Mapping[str, tuple[int, ...]] | None = None,
        max_layers: int | None = None,
    ) -> None:
        self.variant = variant
        self.variables = dict(variables or {})
        self.inputs = inputs
        self.max_layers = max_layers or MAX_LAYERS


def expand(spec: Template, overrides: Overrides, collector: Collector) -> Graph:
    """Return the network; findings go to the collector, and with errors among them the graph is what could be built.

    Raises:
        ValueError: the variant, a variable or an input name is not one of the spec's.
    """
    return _Expander(spec, overrides, collector).run()


class _Expander:
    """One expansion of one template."""

    def __init__(self, spec: Template, overrides: Overrides, collector: Collector) -> None:
        self.spec = spec
        self.overrides = overrides
        self.collector = collector
        self.graph = Graph({}, [])
        self.nodes = self.graph.nodes
        self.in_shapes: list[Shape] = []
        self.inferred: dict[Any, tuple[Shape, ...]] = {}
        self.reported: set[tuple[str, Span | None]] = set()
        self.plans: dict[int, Plan] = {}
        self.operators: dict[Any, tuple[Operator, tuple[Part, ...]]] = {}
        self.word_slots: dict[Any, Slot] = {}
        self.file_frame = Frame(None, spec.body.labels)
        self.frame = self.file_frame
        self.c_in: int | None = None
        self.index: int | None = None
        self.scopes = 0
        self.steps = max(overrides.max_layers, MAX_LAYERS // 10) * STEPS_PER_LAYER
        self.used: set[Ref] = set()
        self.previous: Tensor = None
        self.passed_on = False

    # What names mean in expressions (the Scope of spec.expressions).

    def name(self, name: str, /) -> Any:
        if name == "c_in" and self.c_in is not None:
            return self.c_in
        if name == "i" and self.index is not None:
            return self.index
        frame: Frame | None = self.frame
        while frame is not None:
            if name in frame.values:
                value = frame.values[name]
                if value is FAILED:
                    raise Silent
                return value
            if name in frame.words:
                raise ExpressionError(f"'{name}' is a word here, not a number", code="word-and-number",
                                      hint=f"pass it as ${name}")  # fmt: skip
            frame = frame.parent
        raise ExpressionError(f"there is no '{name}'", code="unknown-name", hint=self.name_hint(name))

    def name_hint(self, name: str) -> str:
        if name == "i":
            return "i counts the repetitions of an item with repeat; pass it to a block as a parameter"
        if name.lower() in ("yes", "no", "on", "off"):
            return "write true or false"
        if name in self.frame.visible_labels():
            return f"a label is not a number: write {name}.c, {name}.h or {name}.w"
        known: list[str] = [] if self.c_in is None else ["c_in"]
        frame: Frame | None = self.frame
        while frame is not None:
            known += frame.values
            frame = frame.parent
        return did_you_mean(name, known) or (f"known here: {', '.join(sorted(set(known)))}" if known else "")

    def attribute(self, label: str, attribute: str, /) -> int:
        tensor = self.find(label)
        if tensor is None:
            raise Silent
        if isinstance(tensor, list):
            raise ExpressionError(f"'{label}' is several outputs", code="several-outputs", hint="label each of them")
        shape = self.shape(tensor)
        if attribute == "c":
            return shape.channels
        position = {"w": -1, "h": -2}[attribute]
        if len(shape) <= -position:
            raise ExpressionError(f"'{label}' has shape {shape}, which has no {attribute}", code="wrong-rank")
        return shape[position]

    def find(self, label: str) -> Tensor:
        frame: Frame | None = self.frame
        while frame is not None:
            if label in frame.labels:
                return frame.labels[label]
            if frame.opaque:
                break
            frame = frame.parent
        raise ExpressionError(f"there is no label '{label}'", code="unknown-label", hint=self.label_hint(label))

    def label_hint(self, label: str) -> str:
        frame: Frame | None = self.frame
        while frame is not None:
            if label in frame.declared:
                return f"'{label}' is defined further down; move this layer behind it"
            frame = None if frame.opaque else frame.parent
        known = self.frame.visible_labels()
        hint = did_you_mean(label, known)
        if hint:
            return hint
        if any(node.path == label or node.path.startswith(label + ".") for node in self.nodes[-1000:]):
            return f"only labels can be referred to: give that layer as: {label.replace('.', '_')}"
        return f"labels here: {', '.join(sorted(known))}" if known else "label a layer with as: name"

    # Shapes and failures.

    def shape(self, ref: Ref) -> Shape:
        index, port = ref
        return self.in_shapes[-index - 1] if index < 0 else self.nodes[index].out_shapes[port]

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
                slot = modifier or self.slots(item, first=True).get(error.argument)
                span = slot.span or span if slot else span
            for ref in refs:
                place = self.nodes[ref[0]].span if ref[0] >= 0 else self.spec.inputs_span
                if place is not None and place != span:
                    related.append((f"'{self.graph.name(ref)}' gives {self.shape(ref)}", place))
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

    # The file.

    def run(self) -> Graph:
        self.variables()
        if self.inputs():
            try:
                first: Tensor = (-1, 0)
                last = self.items(self.spec.body, self.file_frame, first, "", ())
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

    def variables(self) -> None:
        chosen = {name: node for name, (_, node) in self.spec.vars.items()}
        if self.overrides.variant is not None:
            known = self.spec.variants
            if self.overrides.variant not in known:
                raise ValueError(unknown("variant", self.overrides.variant, known))
            chosen.update({name: node for name, (_, node) in known[self.overrides.variant].items()})
        for name, value in self.overrides.variables.items():
            if name not in chosen:
                raise ValueError(unknown("variable", name, chosen))
            chosen[name] = override(name, value)
        frame = self.file_frame
        for name, node in chosen.items():
            if name in self.spec.words:
                frame.words[name] = (node, frame)
                self.graph.variables[name] = written(node)
                continue
            try:
                value = VALUE.check(self.evaluate(compile_value(name, node, VALUE, self.spec, self.collector)), name)
            except (SlotError, ArgumentError) as error:
                if name in self.overrides.variables:
                    raise ValueError(f"variable '{name}': {error}") from None
                span = error.span if isinstance(error, SlotError) else node.span
                self.collector.add(error.code, f"variable '{name}': {error}", span, hint=error.hint)
                value = FAILED
            except Silent:
                value = FAILED
            frame.values[name] = value
            if value is not FAILED:
                self.graph.variables[name] = value

    def inputs(self) -> bool:
        given = dict(self.overrides.inputs or {})
        if len(given) == 1 and "" in given and len(self.spec.inputs) == 1:
            given = {next(iter(self.spec.inputs)): given[""]}
        for name in given:
            if name not in self.spec.inputs:
                if not name:
                    listed = ", ".join(self.spec.inputs)
                    raise ValueError(f"the spec has several inputs: say which the shape is for, one of {listed}")
                raise ValueError(unknown("input", name, self.spec.inputs))
        for name, slot in self.spec.inputs.items():
            try:
                if name in given:
                    shape = EXTENTS.check(tuple(given[name]), name)
                else:
                    shape = EXTENTS.check(self.evaluate(slot), name)
                if not isinstance(shape, tuple) or len(shape) > MAX_DIMENSIONS:
                    raise ArgumentError(  # noqa: TRY301 - told like every other mistake
                        f"'{name}' must be [C], [C, L], [C, H, W] or [C, D, H, W], got {shown(shape)}",
                        hint="leave the batch out",
                    )
            except (SlotError, ArgumentError) as error:
                if name in given and isinstance(error, ArgumentError):
                    raise ValueError(str(error)) from None
                span = error.span if isinstance(error, SlotError) else slot.span
                self.collector.add(error.code, str(error), span, hint=error.hint)
                continue
            except Silent:
                continue
            self.graph.inputs[name] = Shape(shape)  # type: ignore[arg-type]
            self.file_frame.labels[name] = (-len(self.graph.inputs), 0)
        self.in_shapes = list(self.graph.inputs.values())
        return bool(self.spec.inputs) and len(self.in_shapes) == len(self.spec.inputs)

    def outputs(self, last: Tensor) -> None:
        if not self.spec.outputs:
            for ref in last if isinstance(last, list) else [last]:
                if ref is not None:
                    self.graph.outputs[self.graph.name(ref)] = ref
            return
        self.frame = self.file_frame
        for name, label in self.spec.outputs:
            try:
                tensor = self.tensor(label.text)
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

    # Items.

    def items(self, items: Items, frame: Frame, previous: Tensor, prefix: str, trace: Trace) -> Tensor:
        if self.scopes > MAX_SCOPES:
            self.limit("too-deep", f"block calls and paths are nested more than {MAX_SCOPES} deep",
                       items.items[0].span if items.items else None, "flatten some of them")  # fmt: skip
        self.scopes += 1
        outer = self.frame, self.index
        for item in items.items:
            self.frame, self.index = frame, outer[1]
            previous = self.item(item, previous, prefix, trace)
            if item.labels:
                found = self.labelled(previous, item, prefix, trace)
                frame.labels.update(zip((label.text for label in item.labels), found, strict=True))
                if previous is not None and found[0] is None:
                    previous = None
        self.frame, self.index = outer
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
        self.previous = previous
        if item.key is None:
            if self.graph.whole is None:
                self.graph.whole = len(self.nodes)
            return None
        path = prefix + item.name if prefix else item.name
        self.spend(item)
        try:
            if item.repeat is None:
                return self.once(item, previous, path, trace)
            first = self.first_source(item, previous)
            self.c_in = self.shape(first).channels
            if not item.joins_labels:
                previous = first
            count = self.repetitions(item)
            self.passed_on = not count
            for number in range(count):
                self.index = number
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

    def sources_of(self, item: Item, previous: Tensor, number: int | None = None) -> tuple[Ref, ...]:
        """Return what an item reads; from the second repetition on, what the one before made in place of the first."""
        if not item.from_:
            if type(previous) is tuple:
                return (previous,)
            return (self.single(previous, item.key_node),)
        if number:
            others = (self.refer(label, self.previous) for label in item.from_[1:])
            return (self.single(previous, item.key_node), *others)
        return tuple(self.refer(label, self.previous) for label in item.from_)

    def first_source(self, item: Item, previous: Tensor) -> Ref:
        """Return what `c_in` means in an item: of several sources, the first."""
        if item.joins_labels:
            assert item.sources is not None
            label = item.sources[0][1]
            assert isinstance(label, Scalar)
            return self.refer(label, previous)
        return self.sources_of(item, previous)[0]

    def refer(self, label: Scalar, previous: Tensor) -> Ref:
        if label.text == "prev":
            return self.single(previous, label)
        try:
            return self.single(self.tensor(label.text), label)
        except ExpressionError as error:
            raise SlotError(error.code, str(error), label.span, error.hint) from None

    def tensor(self, reference: str) -> Tensor:
        """Return what `label` stands for, or `label:n`, its n-th output."""
        name, colon, port = reference.partition(":")
        tensor = self.find(name)
        if not colon or tensor is None:
            return tensor
        outputs = tensor if isinstance(tensor, list) else [tensor]
        if not re.fullmatch("[0-9]{1,9}", port) or int(port) >= len(outputs):
            many = f"outputs 0 to {len(outputs) - 1}" if len(outputs) > 1 else "one output"
            raise ExpressionError(f"'{name}' has no output '{port}'", code="unknown-label", hint=f"it has {many}")
        return outputs[int(port)]

    def resolved(self, label: Scalar, previous: Tensor) -> Ref | None:
        """Return what a label stands for, or None where that failed."""
        try:
            return self.refer(label, previous)
        except Silent:
            return None

    def single(self, tensor: Tensor, where: Scalar) -> Ref:
        """Return the one tensor that a name stands for."""
        if tensor is None:
            raise Silent
        if isinstance(tensor, list):
            raise SlotError("several-outputs", f"the layer before has {len(tensor)} outputs, choose one", where.span,
                            "label them with as: [a, b] and name one with from:")  # fmt: skip
        return tensor

    def repetitions(self, item: Item) -> int:
        assert item.repeat is not None
        count = item.repeat.kind.check(self.evaluate(item.repeat), "repeat")
        if count > MAX_REPEAT:
            self.limit("repeat-too-large", f"repeat is at most {MAX_REPEAT:,}, got {count}", item.repeat.span,
                       "repeat a block of layers instead")  # fmt: skip
        return int(count)

    def once(self, item: Item, previous: Tensor, path: str, trace: Trace, number: int | None = None) -> Tensor:
        """Expand one repetition of an item."""
        refs: tuple[Ref, ...]
        if item.joins_labels:
            refs, passed = (self.first_source(item, previous),), previous
        else:
            refs = self.sources_of(item, previous, number)
            passed = refs[0]
        self.c_in = self.shape(refs[0]).channels
        if item.when is not None and not item.when.kind.check(self.evaluate(item.when), "when"):
            self.passed_on = True
            return passed
        self.passed_on = False
        if isinstance(item.key, str):
            return self.block(item, refs, path, trace, number)
        if item.sources is not None:
            return self.merge(item, refs, path, trace, passed)
        op, parts, values = self.operator(item, first=number == 0)
        self.used.update(refs)
        try:
            return self.layers(item, op, parts, refs, path, trace, values)
        except ArgumentError as error:
            self.error(error, path, item, trace, refs)
            return None

    def layers(self, item: Item, op: Operator, parts: tuple[Part, ...], refs: tuple[Ref, ...], path: str, trace: Trace,
               values: Values) -> Tensor:  # fmt: skip
        shared = self.shared(item) if item.share is not None else None
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
            self.frame.made[label.text] = (op, made)
        return outs[0] if len(outs) == 1 else outs

    def add(self, path: str, op: Operator, refs: tuple[Ref, ...], item: Item, trace: Trace,
            values: Values, shares: int | None) -> list[Ref]:  # fmt: skip
        """Append one node and return its outputs."""
        index = len(self.nodes)
        if index >= self.overrides.max_layers:
            self.limit("too-many-layers", f"the network has more than {self.overrides.max_layers:,} layers", item.span,
                       "raise the limit with --max-layers")  # fmt: skip
        ins = tuple(map(self.shape, refs))
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
        frame, index, c_in = self.frame, self.index, self.c_in
        sources: list[Tensor] = []
        for name, source in item.sources:
            if isinstance(source, Items):
                inner = Frame(frame, source.labels)
                sources.append(self.items(source, inner, refs[0], f"{path}.{name}.", trace))
                self.frame, self.index, self.c_in = frame, index, c_in
                self.passed_on = False
                if isinstance(sources[-1], list):
                    raise SlotError("several-outputs", f"path '{name}' ends in several outputs", item.span,
                                    "choose one with identity and from:")  # fmt: skip
            else:
                sources.append(self.resolved(source, previous))
        joined = tuple(source for source in sources if isinstance(source, tuple))
        if len(joined) < len(sources):
            return None
        self.used.update(joined)
        op, parts, values = self.operator(item, first=False)
        try:
            return self.layers(item, op, parts, joined, path, trace, values)
        except ArgumentError as error:
            self.error(error, path, item, trace, joined)
            return None

    def block(self, item: Item, refs: tuple[Ref, ...], path: str, trace: Trace, number: int | None) -> Tensor:
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
        frame = self.parameters(item, block, first=number == 0)
        frame.labels.update(zip(block.inputs, refs, strict=True))
        outer = self.index, self.c_in
        self.index = None
        result = self.items(block.body, frame, refs[0], f"{path}.", (*trace, (path, item.span)))
        self.index, self.c_in = outer
        self.passed_on = False
        return result

    def parameters(self, item: Item, block: Block, *, first: bool) -> Frame:
        """Return the frame of one call: every parameter evaluated, in the order of declaration."""
        frame = Frame(self.file_frame, block.body.labels, opaque=True)
        caller = self.frame
        given = {**item.args, **item.first} if first and item.first else item.args
        for name in block.params:
            slot, where = given.get(name), caller
            if slot is None:
                slot, where = block.slots.get(name), frame
            if slot is None:
                raise ArgumentError(f"{block.name} needs '{name}'", code="missing-argument",
                                    hint=f"add {name}: to the call")  # fmt: skip
            if name in block.words:
                frame.words[name] = self.word(slot, where)
                continue
            self.frame = where
            outer, self.index = self.index, self.index if where is caller else None
            try:
                frame.values[name] = slot.kind.check(self.evaluate(slot), name)
            except ArgumentError as error:
                raise SlotError(error.code, str(error), slot.span, error.hint) from None
            finally:
                self.frame, self.index = caller, outer
        return frame

    def word(self, slot: Slot, frame: Frame) -> tuple[TreeNode, Frame]:
        """Return the node that a word parameter stands for, following `$name` to where it was written."""
        node = slot.node
        while isinstance(node, Scalar) and isinstance(node.value, str) and node.value.startswith("$"):
            node, frame = self.lookup_word(node.value[1:], frame, node)
        return node, frame

    def lookup_word(self, name: str, frame: Frame, where: TreeNode) -> tuple[TreeNode, Frame]:
        scope: Frame | None = frame
        while scope is not None:
            if name in scope.words:
                return scope.words[name]
            if name in scope.values:
                break
            scope = scope.parent
        known = {**frame.words, **self.file_frame.words}
        raise SlotError("unknown-name", f"there is no word ${name}", where.span,
                        did_you_mean(name, known, "$name passes a block's parameter or a variable"))  # fmt: skip

    # Operators and values.

    def slots(self, item: Item, *, first: bool) -> dict[str, Slot]:
        """Return the slots of an item's arguments, the file's defaults where it gives none."""
        merged = {**item.defaults, **item.args} if item.defaults else item.args
        return {**merged, **item.first} if first else merged

    def operator(self, item: Item, *, first: bool) -> Built:
        """Return an item's operator, its parts, and what its expressions came to; equal arguments give one object."""
        first = first and bool(item.first)
        number = -id(item) if first else id(item)
        plan = self.plans.get(number)
        if plan is None:
            plan = self.plans[number] = Plan(item, self.slots(item, first=first))
        if plan.found is not None:
            return plan.found
        own = item.args
        values = tuple(
            [
                slot.value
                if slot.constant and slot.value is not FAILED
                else self.evaluate(slot)
                if own.get(name) is slot or item.first.get(name) is slot
                else self.evaluate_default(slot)
                for name, slot in plan.slots.items()
            ]
        )
        if plan.fixed:
            plan.found = self.build(item, plan, values)
            return plan.found
        if item.share is not None:
            return self.build(item, plan, values)
        key = (values, tuple([kind_of(value) for value in values]))
        found = plan.cache.get(key)
        if found is None:
            found = plan.cache[key] = self.build(item, plan, values)
        return found

    def build(self, item: Item, plan: Plan, values: tuple[Any, ...]) -> Built:
        cls = item.key
        assert isinstance(cls, type)
        arguments = dict(zip(plan.slots, values, strict=True))
        if item.share is not None:
            arguments = self.inherited(item, cls, arguments)
        key = (cls, tuple(arguments.items()), tuple([kind_of(value) for value in arguments.values()]))
        made = self.operators.get(key)
        if made is None:
            op = cls(**arguments)
            made = self.operators[key] = (op, flat_parts(op))
        written_values: Values = ()
        if not plan.fixed:
            written_values = tuple(
                (name, slot.text, arguments[name])
                for name, slot in plan.slots.items()
                if name in arguments and isinstance(slot.value, Expression | list | Word | Like)
            )
        return (*made, written_values)

    def evaluate_default(self, slot: Slot) -> Any:
        """Return the value of a slot of `defaults:`, whose names are the file's."""
        if slot.constant:
            return self.evaluate(slot)
        frame, index = self.frame, self.index
        self.frame, self.index = self.file_frame, None
        try:
            return self.evaluate(slot)
        finally:
            self.frame, self.index = frame, index

    def evaluate(self, slot: Slot) -> Any:
        """Return the value of a slot in the current frame.

        Raises:
            SlotError: it cannot be evaluated; located.
            Silent: it depends on what failed before.
        """
        value = slot.value
        if slot.constant:
            if value is FAILED:
                raise Silent
            return value
        if isinstance(value, Expression):
            try:
                return value.evaluate(self)
            except ExpressionError as error:
                hint = did_you_mean(value.text, slot.kind.words) if slot.kind.words else None
                raise in_expression(slot.name, slot.node, value.text, error, hint) from None
        if isinstance(value, list):
            return tuple(self.evaluate(inner) for inner in value)
        if isinstance(value, Word):
            node, frame = self.lookup_word(value.name, self.frame, slot.node)
            key = (id(node), id(slot.kind))
            passed = self.word_slots.get(key)
            if passed is None:
                passed = self.word_slots[key] = compile_value(slot.name, node, slot.kind, self.spec, self.collector)
            outer, self.frame = self.frame, frame
            try:
                return self.evaluate(passed)
            finally:
                self.frame = outer
        if isinstance(value, NestedCall):
            arguments = {name: self.evaluate(inner) for name, inner in value.args.items()}
            try:
                return value.cls(**arguments)
            except ArgumentError as error:
                blamed = value.args.get(error.argument or "")
                message = str(error).removeprefix(f"{value.cls.name} ")
                raise SlotError(error.code, f"'{value.cls.name}' {'' if message != str(error) else 'has '}{message}",
                                blamed.span if blamed else slot.span, error.hint) from None  # fmt: skip
        assert isinstance(value, Like)
        shape = self.shape(self.refer(value.label, self.previous))
        if not shape.spatial:
            raise SlotError("wrong-rank", f"'{value.label.text}' is a vector of {shape.channels} values, which has no "
                            "height and width", value.label.span, "name a map")  # fmt: skip
        return shape.spatial

    # Shared weights.

    def shared_with(self, label: Scalar) -> Made:
        frame: Frame | None = self.frame
        while frame is not None:
            if label.text in frame.made:
                return frame.made[label.text]
            if label.text in frame.labels:
                if frame.labels[label.text] is None:
                    raise Silent
                raise SlotError("bad-share", f"'{label.text}' is not a layer with weights", label.span,
                                "share names the label of a layer")  # fmt: skip
            frame = None if frame.opaque else frame.parent
        raise SlotError("unknown-label", f"there is no label '{label.text}'", label.span, self.label_hint(label.text))

    def inherited(self, item: Item, cls: type[Operator], given: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments of a layer that uses another's weights: inherited where not given, else equal."""
        assert item.share is not None
        other, _ = self.shared_with(item.share)
        if type(other) is not cls:
            raise SlotError("share-mismatch", f"'{item.share.text}' is a {other.name}, this is a {cls.name}",
                            item.share.span, "only layers of one kind can share weights")  # fmt: skip
        theirs = other.arguments()
        own = {name: value for name, value in given.items() if name in item.args or name in item.first}
        probe = cls(**{**theirs, **own}).arguments()
        for name in own:
            if probe[name] != theirs[name]:
                had = f"{name}={shown(theirs[name])}"
                raise ArgumentError(f"shares the weights of '{item.share.text}', which has {had}, "
                                    f"got {shown(probe[name])}", argument=name, code="share-mismatch",
                                    hint="leave it out, it is inherited")  # fmt: skip
        return theirs

    def shared(self, item: Item) -> tuple[int, ...]:
        assert item.share is not None
        _, made = self.shared_with(item.share)
        roots = []
        for index in made:
            shares = self.nodes[index].shares
            roots.append(index if shares is None else shares)
        return tuple(roots)


def flat_parts(op: Operator) -> tuple[Part, ...]:
    """Return the layers that an operator stands for, parts of parts included; nothing if it is one layer."""
    parts = op.parts()
    if not any(part.op.parts() for part in parts):
        return parts
    flat: list[Part] = []
    ends = [0]
    for part in parts:
        inner = flat_parts(part.op)
        reads = tuple(ends[k] for k in part.reads) if part.reads is not None else None
        if not inner:
            flat.append(part._replace(reads=reads))
        for number, deeper in enumerate(inner):
            name = ".".join(filter(None, (part.suffix, deeper.suffix)))
            flat.append(deeper._replace(suffix=name, reads=reads if number == 0 else None))
        ends.append(len(flat))
    return tuple(flat)


def plural(count: int, noun: str) -> str:
    """Return a number of things in words."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def kind_of(value: object) -> object:
    """Return what tells values apart that are equal but not the same, such as true and 1."""
    return tuple(map(type, value)) if isinstance(value, tuple) else type(value)


def check_bounds(op: Operator, outs: tuple[Shape, ...]) -> None:
    """Raise ArgumentError for shapes beyond what can sensibly be counted."""
    for shape in outs:
        if len(shape) > MAX_AXES:
            raise ArgumentError(f"{op.name} makes a shape of {len(shape)} axes, more than {MAX_AXES}",
                                code="wrong-rank", hint="merge some axes")  # fmt: skip
        if any(extent >> MAX_EXTENT_BITS for extent in shape):
            raise ArgumentError(f"{op.name} makes a map of more than 2^{MAX_EXTENT_BITS} values along one axis",
                                code="number-too-large", hint="repeat it fewer times")  # fmt: skip


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Return the message for a name that is none of the spec's."""
    known = list(known)
    nearest = did_you_mean(name, known)
    listed = f"this spec has {', '.join(known)}" if known else f"this spec has no {what}s"
    return f"there is no {what} '{name}'; {nearest + ' ' if nearest else ''}{listed}"


def override(name: str, value: object) -> TreeNode:
    """Return the value of `--set name=value` as it would stand in the file."""
    if isinstance(value, str):
        try:
            number = parse_number(value)
        except LiteralError as error:
            raise ValueError(f"variable '{name}': {error}") from None
        words = {"true": True, "false": False}
        return Scalar(words.get(value, number if number is not None else value), True, value)
    try:
        node = from_python({name: value}).get(name)
    except SpecError:
        node = None
    if node is None or not isinstance(node, Scalar | Seq):
        raise ValueError(f"variable '{name}' must be a number or a word, got {value!r}")
    return node
