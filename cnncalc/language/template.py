"""A spec as its text says it, checked but not yet expanded: items, blocks, variables, and slots for values.

Everything that can be known without shapes is decided here, once per item however often it is repeated: which operator
a key means, which argument a name means, automatic names, reserved words, duplicate labels, recursion.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from cnncalc.language.expressions import RESERVED, Expression, ExpressionError, compile_expression
from cnncalc.language.tree import Map, Node, Scalar, Seq
from cnncalc.ops import base as ops
from cnncalc.ops.arguments import Boolean, Extents, Integer, Kind, Nested, shown
from cnncalc.values.diagnostics import ArgumentError, Collector, Span, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FORMAT = 1
FILE_KEYS = (
    "cnncalc", "name", "source", "input", "inputs", "vars", "variants", "defaults", "blocks", "layers", "outputs",
    "budgets",
)  # fmt: skip
MODIFIERS = ("as", "from", "repeat", "first", "when", "share")
TORN = re.compile(r"[()\"' ]")
LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
DOTTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*")
REFERENCE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


class Value(Kind):
    """A variable or parameter: a number or a truth value, exact."""

    def check(self, value: Any, name: str) -> Any:
        """Return the value; raise ArgumentError for anything but a number or truth value."""
        if isinstance(value, bool | int | Fraction):
            return value
        raise ArgumentError(f"'{name}' must be a number or an expression, got {shown(value)}", argument=name)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the value as a spec writes it."""
        return {"type": ["number", "string", "boolean"]}

    def describe(self) -> str:
        """Return the form in a few words."""
        return "number or expression"


VALUE = Value()
CONDITION = Boolean()
MAX_SCOPES = 100
"""Block calls and merge paths may be nested this deep."""
REPEAT = Integer(0)
EXTENTS = Extents(scalar=False)
MAX_REPEAT = 10_000
MAX_FAILURES = 200
"""A spec with more mistakes than this is not read any further."""
MAX_DIMENSIONS = 4


class Slot:
    """The place of one value: a constant, an expression, a `$word`, a list of slots or a nested operator."""

    __slots__ = ("constant", "kind", "name", "node", "value")

    def __init__(self, name: str, node: Node, kind: Kind, value: Any, *, constant: bool) -> None:
        self.name = name
        self.node = node
        self.kind = kind
        self.value = value
        self.constant = constant

    @property
    def span(self) -> Span | None:
        """Where it is written."""
        return self.node.span

    @property
    def text(self) -> str:
        """The value as the spec writes it."""
        return written(self.node)


Args: TypeAlias = dict[str, Slot]


class Word(NamedTuple):
    """A `$name` that passes a parameter's or variable's word through."""

    name: str


class NestedCall(NamedTuple):
    """An operator inside an argument: what `norm:` and `act:` hold."""

    cls: type[ops.Operator]
    args: dict[str, Slot]


class Item:
    """One entry of a list of layers.

    Attributes:
        name: its name in its scope, automatic or its label.
        key: what its key means: an operator class, a block's name, or None where the item is wrong.
        counter: the canonical name that it counts under.
        args: arguments of an operator or parameters of a block call.
        first: those of the first repetition that differ.
        sources: a merge's sources: (path name or None, label scalar or list of items).
        cost: roughly how long one repetition takes to look at, whether it is left out or not.
    """

    __slots__ = ("args", "cost", "counter", "defaults", "first", "from_", "key", "key_node", "labels", "name",
                 "repeat", "share", "sources", "span", "when")  # fmt: skip

    def __init__(self, key_node: Scalar) -> None:
        self.key_node = key_node
        self.span = key_node.span
        self.cost = 4
        self.key: type[ops.Operator] | str | None = None
        self.counter = key_node.text
        self.name = ""
        self.args: dict[str, Slot] = {}
        self.first: dict[str, Slot] = {}
        self.defaults: dict[str, Slot] = {}
        self.labels: tuple[Scalar, ...] = ()
        self.from_: tuple[Scalar, ...] = ()
        self.repeat: Slot | None = None
        self.when: Slot | None = None
        self.share: Scalar | None = None
        self.sources: list[tuple[str | None, Scalar | Items]] | None = None

    @property
    def joins_labels(self) -> bool:
        """Whether it is a merge whose sources are all labels, so that the layer before need not be one of them."""
        return self.sources is not None and not self.from_ and all(isinstance(s, Scalar) for _, s in self.sources)


class Items:
    """A list of items: one scope for names and labels."""

    __slots__ = ("items", "labels")

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.labels: dict[str, Span | None] = {}


@dataclass(slots=True)
class Block:
    """A named list of layers with parameters.

    Attributes:
        params: parameter names with their default node, or None for a required one.
        slots: the defaults, ready to evaluate.
        words: the parameters that are passed on as words.
        inputs: names of its inputs.
        failed: its body cannot be read, so that calls of it fail in silence.
    """

    name: str
    key: Scalar
    node: Map
    params: dict[str, Node | None] = field(default_factory=dict)
    slots: dict[str, Slot] = field(default_factory=dict)
    words: frozenset[str] = frozenset()
    inputs: tuple[str, ...] = ("x",)
    body: Items = field(default_factory=Items)
    failed: bool = False


@dataclass(slots=True)
class Template:
    """A whole spec, checked as far as text goes."""

    collector: Collector
    root: Map
    name: str | None = None
    source: str | None = None
    inputs: dict[str, Slot] = field(default_factory=dict)
    inputs_span: Span | None = None
    vars: dict[str, tuple[Scalar, Node]] = field(default_factory=dict)
    words: frozenset[str] = frozenset()
    variants: dict[str, dict[str, tuple[Scalar, Node]]] = field(default_factory=dict)
    blocks: dict[str, Block] = field(default_factory=dict)
    body: Items = field(default_factory=Items)
    outputs: tuple[tuple[str, Scalar], ...] = ()
    budgets: Map | None = None
    defaults: dict[str, Args] = field(default_factory=dict)
    dotted: bool = False


def written(node: Node) -> str:
    """Return a node as a spec would write it on one line."""
    if isinstance(node, Scalar):
        return node.text if node.text or not node.plain else "null"
    if isinstance(node, Seq):
        return "[" + ", ".join(map(written, node.items)) + "]"
    return "{" + ", ".join(f"{key.text}: {written(value)}" for key, value in node.entries) + "}"


def as_map(node: Node | None) -> Map | None:
    """Return a mapping, with nothing standing for an empty one."""
    if isinstance(node, Scalar) and node.value is None:
        return Map({}, node.line, node.column, node.length)
    return node if isinstance(node, Map) else None


def template(root: Map, collector: Collector) -> Template:
    """Return the checked form of a spec's tree; what is wrong goes to the collector."""
    return _Compiler(collector).file(root)


def point(node: Scalar | None, error: ExpressionError) -> Span | None:
    """Return the place of an expression's error inside the scalar that holds it."""
    if node is None or node.span is None:
        return None
    quote = 0 if node.plain else 1
    if error.offset + quote >= node.length:
        return node.span
    return Span(node.line, node.column + quote + error.offset, max(1, min(error.length, node.length - error.offset)))


class _Compiler:
    """Walks the tree once."""

    def __init__(self, collector: Collector, defaults: dict[str, Args] | None = None) -> None:
        self.collector = collector
        self.blocks: dict[str, Block] = {}
        self.defaults: dict[str, Args] = defaults or {}
        self.resolved_defaults: dict[str, Args] = {}
        self.calls: dict[str, dict[str, Scalar]] = {}
        self.block: Block | None = None
        self.names_used: dict[str, Scalar] = {}
        self.failures = 0
        self.prefix = ""
        self.who = ""
        self.path: str | None = None
        self.dotted = False

    def error(self, code: str, message: str, node: Node | None, hint: str | None = None,
              related: tuple[tuple[str, Span], ...] = ()) -> None:  # fmt: skip
        self.failures += 1
        if self.failures > MAX_FAILURES:
            self.collector.raise_if_errors()
        span = node.span if node is not None else Span(1, 1) if self.collector.lines is not None else None
        self.collector.add(code, message, span, hint=hint, related=related, path=self.path)

    def unknown_keys(self, node: Map, known: Iterable[str], what: str) -> None:
        known = list(known)
        for key, _ in node.entries:
            if key.text not in known:
                self.unknown_key(key, known, what)

    def unknown_key(self, key: Scalar, known: list[str], what: str) -> None:
        hint = did_you_mean(key.text, known, f"write one of {', '.join(sorted(known))}")
        self.error("unknown-key", f"{what} has no key '{clip(key.text)}'", key, hint)

    def unknown_argument(self, key: Scalar, known: Iterable[str], what: str, kind: str = "argument",
                         advice: str | None = None) -> None:  # fmt: skip
        known = list(known)
        listed = f"its {kind}s are {', '.join(sorted(known))}" if known else f"it has no {kind}s"
        hint = advice or did_you_mean(key.text, known, listed)
        if key.text in MODIFIERS:
            hint = f"write {key.text}: beside the operator, not inside its arguments"
        self.error("unknown-argument", f"{what} has no {kind} '{clip(key.text)}'", key, hint)

    def torn(self, args: Map, known: Iterable[str], what: str) -> bool:
        """Report an expression that a comma inside { } has torn into keys without values, if there is one."""
        for key, value in args.entries:
            if key.text not in known and isinstance(value, Scalar) and value.value is None and TORN.search(key.text):
                self.error("unknown-argument", f"{what} has no argument '{clip(key.text)}'", key,
                           'put quotes around an expression with a comma: {out: "max(mid, 8)"}')  # fmt: skip
                return True
        return False

    # The file.

    def file(self, root: Map) -> Template:
        result = Template(self.collector, root)
        self.version(root)
        self.unknown_keys(root, FILE_KEYS, "the spec")
        result.name = self.text(root, "name")
        result.source = self.text(root, "source")
        self.inputs(root, result)
        self.declare_blocks(root.get("blocks"))
        self.variables(root, result)
        self.read_defaults(root.get("defaults"))
        self.compile_params()
        result.blocks = self.blocks
        result.defaults = self.defaults
        for block in self.blocks.values():
            self.block_body(block)
        self.refuse_recursion()
        layers = root.get("layers")
        if layers is None:
            self.error("missing-key", "the spec has no layers", None, "add layers: with a list of layers")
        else:
            self.items(layers, result.body, "layers", taken=result.inputs)
            if isinstance(layers, Seq) and not layers.items:
                self.error("no-layers", "the spec has no layers", root.key("layers"), "list at least one layer")
        result.outputs = self.outputs(root.get("outputs")) if "outputs" in root else ()
        result.dotted = self.dotted
        budgets = root.get("budgets")
        if budgets is not None:
            result.budgets = as_map(budgets)
            if result.budgets is None:
                self.error("wrong-type", "budgets must be a mapping", budgets, "write budgets: {macs: 300M}")
        return result

    def outputs(self, node: Node | None) -> tuple[tuple[str, Scalar], ...]:
        """Return the outputs, each with its name: the label itself, or a key of `outputs: {name: label}`."""
        if isinstance(node, Map):
            named = ((key.text, self.labels(value, "outputs")[:1]) for key, value in node.entries)
            return tuple((name, label) for name, labels in named for label in labels)
        return tuple((label.text, label) for label in self.labels(node, "outputs"))

    def version(self, root: Map) -> None:
        node = root.get("cnncalc")
        if node is None:
            return
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            self.error("bad-format", f"cnncalc must be the format's number, got {written(node)}", node,
                       f"write cnncalc: {FORMAT}")  # fmt: skip
        elif value > FORMAT:
            self.error("newer-format", f"this spec is of format {value}, this program reads format {FORMAT}", node,
                       "upgrade cnncalc")  # fmt: skip
            self.collector.raise_if_errors()

    def text(self, root: Map, key: str) -> str | None:
        node = root.get(key)
        if node is None:
            return None
        if not isinstance(node, Scalar) or node.value is None:
            self.error("wrong-type", f"{key} must be text, got {written(node)}", node)
            return None
        return " ".join(node.text.split())

    def variables(self, root: Map, result: Template) -> None:
        declared = as_map(root.get("vars")) if "vars" in root else Map({})
        if declared is None:
            self.error("wrong-type", "vars must be a mapping of names to numbers or words", root.get("vars"))
            declared = Map({})
        for key, value in declared.entries:
            if self.name_ok(key, "variable"):
                result.vars[key.text] = (key, value)
        words: set[str] = set()
        for part_name in ("layers", "defaults", "vars", "variants"):
            if (part := root.get(part_name)) is not None:
                words |= words_in(part)
        for block in self.blocks.values():
            words |= words_in(block.node) - block.params.keys()
        result.words = frozenset(words & result.vars.keys())
        variants = as_map(root.get("variants")) if "variants" in root else Map({})
        if variants is None:
            self.error("wrong-type", "variants must be a mapping of names to variables", root.get("variants"))
            return
        for name, node in variants.entries:
            changes = as_map(node)
            if changes is None:
                self.error("wrong-type", f"variant '{name.text}' must be a mapping of variables", node)
                continue
            for key, _ in changes.entries:
                if key.text not in result.vars:
                    self.error("unknown-variable", f"variant '{name.text}' sets '{key.text}', which vars does not have",
                               key, did_you_mean(key.text, result.vars, "declare it under vars:"))  # fmt: skip
            result.variants[name.text] = {key.text: (key, value) for key, value in changes.entries}

    def name_ok(self, key: Scalar, what: str) -> bool:
        if key.text in RESERVED:
            message = f"'{key.text}' is reserved and cannot name a {what}"
            self.error("reserved-name", message, key, "choose another name")
        elif not LABEL.fullmatch(key.text):
            self.error("bad-name", f"'{key.text}' is not a name for a {what}", key,
                       "use letters, digits and _, not starting with a digit")  # fmt: skip
        else:
            return True
        return False

    def inputs(self, root: Map, result: Template) -> None:
        single, several = root.get("input"), root.get("inputs")
        if single is not None and several is not None:
            self.error("duplicate-key", "the spec has input and inputs", root.key("inputs"), "keep one of them")
            return
        result.inputs_span = next((k.span for k in (root.key("input"), root.key("inputs")) if k), None)
        if single is not None:
            result.inputs["input"] = self.slot("input", single, EXTENTS)
        elif isinstance(several, Map) and len(several):
            for key, node in several.entries:
                if key.text == "input" or self.name_ok(key, "network input"):
                    result.inputs[key.text] = self.slot(key.text, node, EXTENTS)
        elif several is not None:
            self.error("wrong-type", "inputs must be a mapping of names to shapes", several,
                       "write inputs: {left: [3, 64, 64], right: [3, 64, 64]}")  # fmt: skip
        else:
            self.error("missing-key", "the spec has no input", None, "add input: [C, H, W], without the batch")

    def read_defaults(self, node: Node | None) -> None:
        if node is None:
            return
        table = as_map(node)
        if table is None:
            self.error("wrong-type", "defaults must be a mapping of operators to arguments", node)
            return
        entries = [(key, value, ops.find(key.text)) for key, value in table.entries]
        for key, value, cls in sorted(entries, key=lambda entry: not (entry[2] and entry[2].role)):
            args = as_map(value)
            if cls is None:
                self.error("unknown-operator", f"defaults name no operator '{key.text}'", key,
                           did_you_mean(key.text, ops.names()))  # fmt: skip
            elif args is None:
                self.error("wrong-type", f"defaults of {key.text} must be a mapping, got {written(value)}", value)
            else:
                self.who = f"'{key.text}' under defaults"
                self.defaults.setdefault(cls.name, {}).update(self.arguments(args, cls))
                self.who = ""

    def defaults_of(self, cls: type[ops.Operator]) -> Args:
        found = self.resolved_defaults.get(cls.name)
        if found is None:
            found = {}
            for name in (*cls.defaults_from, cls.name):
                found.update({k: v for k, v in self.defaults.get(name, {}).items() if k in cls.args})
            self.resolved_defaults[cls.name] = found
        return found

    # Blocks.

    def declare_blocks(self, node: Node | None) -> None:
        if node is None:
            return
        table = as_map(node)
        if table is None:
            self.error("wrong-type", "blocks must be a mapping of names to blocks", node)
            return
        for key, value in table.entries:
            if not self.name_ok(key, "block"):
                continue
            if ops.built_in(key.text) is not None:
                self.error("name-taken", f"block '{key.text}' has the name of an operator", key, "choose another name")
                continue
            body = as_map(value)
            if body is None:
                self.error("wrong-type", f"block '{key.text}' must be a mapping with layers", value,
                           "write {params: .., layers: [..]}")  # fmt: skip
                body = Map({})
            block = Block(key.text, key, body)
            self.blocks[key.text] = block
            self.unknown_keys(body, ("params", "inputs", "layers"), f"block '{key.text}'")
            self.block_params(block, body)
            block.failed = body is not value

    def block_params(self, block: Block, body: Map) -> None:
        params = as_map(body.get("params")) if "params" in body else Map({})
        if params is None:
            self.error("wrong-type", f"params of block '{block.name}' must be a mapping", body.get("params"),
                       "write {required: , optional: default}")  # fmt: skip
            params = Map({})
        if "inputs" in body:
            named = self.labels(body.get("inputs"), "inputs")
            block.inputs = tuple(label.text for label in named if self.name_ok(label, "block input")) or ("x",)
            if len(set(block.inputs)) < len(block.inputs):
                self.error("duplicate-label", f"block '{block.name}' names an input twice", body.key("inputs"))
        for key, value in params.entries:
            if self.name_ok(key, "parameter"):
                if key.text in block.inputs:
                    self.error("duplicate-label", f"parameter '{key.text}' has the name of an input", key)
                empty = isinstance(value, Scalar) and value.value is None and value.plain
                block.params[key.text] = None if empty else value
        parts = [part for part in (body.get("layers"), body.get("params")) if part is not None]
        block.words = frozenset(set().union(*map(words_in, parts)) & block.params.keys())

    def compile_params(self) -> None:
        """Make the defaults of every block's parameters ready; which are words is known of all blocks by now."""
        for block in self.blocks.values():
            self.who = f"block '{block.name}'"
            block.slots = {
                name: self.parameter(block, name, node) for name, node in block.params.items() if node is not None
            }
        self.who = ""

    def block_body(self, block: Block) -> None:
        layers = block.node.get("layers")
        if layers is None:
            if not block.failed:
                self.error("missing-key", f"block '{block.name}' has no layers", block.key, "add layers:")
            block.failed = True
            return
        self.block, self.names_used = block, {}
        self.items(layers, block.body, f"layers of block '{block.name}'", taken=block.inputs)
        for name in sorted(block.words & self.names_used.keys()):
            block.failed = True
            self.error("word-and-number", f"parameter '{name}' of block '{block.name}' is used as a word (${name}) "
                       "and in an expression", self.names_used[name], "use two parameters")  # fmt: skip
        self.block = None
        block.failed |= not isinstance(layers, Seq)
        if isinstance(layers, Seq) and not layers.items:
            self.error("no-layers", f"block '{block.name}' has no layers", block.key, "list at least one layer")

    def refuse_recursion(self) -> None:
        """Report blocks that contain themselves, and calls that are nested too deep; nothing is expanded then."""
        depths: dict[str, int] = {}
        for root in self.blocks:
            chain: list[str] = []
            pending = [] if root in depths else [(root, iter(self.calls.get(root, ())))]
            while pending:
                name, callees = pending[-1]
                if len(chain) < len(pending):
                    chain.append(name)
                callee = next((c for c in callees if c not in depths), None)
                if callee is None:
                    depths[name] = 1 + max((depths[c] for c in self.calls.get(name, ())), default=0)
                    chain.pop()
                    pending.pop()
                elif callee in chain:
                    cycle = " -> ".join((*chain[chain.index(callee) :], callee))
                    self.error("recursive-block", f"block '{callee}' calls itself: {clip(cycle, 200)}",
                               self.calls[name][callee], "a block cannot contain itself; use repeat")  # fmt: skip
                    self.collector.raise_if_errors()
                else:
                    pending.append((callee, iter(self.calls.get(callee, ()))))
            if depths[root] > MAX_SCOPES:
                self.error("too-deep", f"blocks call each other more than {MAX_SCOPES} deep", self.blocks[root].key,
                           "flatten some of them")  # fmt: skip
                self.collector.raise_if_errors()

    # Items.

    def items(self, node: Node, into: Items, what: str, taken: Iterable[str] = ()) -> None:
        if not isinstance(node, Seq):
            self.error("wrong-type", f"{what} must be a list, got {clipped(node)}", node, "start each layer with '- '")
            return
        into.labels.update(dict.fromkeys(taken))
        counters: dict[str, int] = {}
        automatic: dict[str, Item] = {}
        for entry in node.items:
            failures, self.who, self.path = self.failures, "the layer", None
            item = self.item(entry)
            into.items.append(item)
            counters[item.counter] = number = counters.get(item.counter, 0) + 1
            for label in item.labels:
                self.declare(label, into)
            item.name = item.labels[0].text if len(item.labels) == 1 else f"{item.counter}{number}"
            if len(item.labels) != 1:
                if item.name in automatic:
                    self.error("duplicate-label", f"two layers have the automatic name '{item.name}'", item.key_node,
                               "label one of them with as: name")  # fmt: skip
                automatic[item.name] = item
            if self.failures == failures:
                self.contents(item, entry)
            if self.failures > failures:
                item.key = None
        self.who, self.path = "", None
        for name, item in automatic.items():
            if name in into.labels:
                self.error("duplicate-label", f"label '{name}' is the automatic name of another layer", item.key_node,
                           f"label this layer too, or rename '{name}'")  # fmt: skip

    def declare(self, label: Scalar, into: Items) -> None:
        """Check a label and make it known in its scope."""
        text = label.text
        if text in RESERVED or (self.block is not None and text in self.block.inputs):
            self.error("reserved-name", f"'{text}' is reserved and cannot be a label", label, "choose another name")
        elif not DOTTED.fullmatch(text):
            self.error("bad-name", f"'{clip(text)}' is not a label", label,
                       "use letters, digits and _, not starting with a digit")  # fmt: skip
        elif text in into.labels:
            first = into.labels[text]
            self.error("duplicate-label", f"label '{text}' is used twice", label, "choose another label",
                       (("first used here", first),) if first else ())  # fmt: skip
        else:
            self.dotted |= "." in text
            into.labels[text] = label.span

    def item(self, entry: Node) -> Item:
        """Return an entry with what it is and its labels; its arguments and other modifiers come once it has a name."""
        if isinstance(entry, Scalar) and isinstance(entry.value, str):
            item = Item(entry)
            self.meaning(item)
            return item
        if not isinstance(entry, Map) or not len(entry):
            self.error("wrong-type", f"a layer is a name or a mapping, got {clipped(entry)}", entry,
                       "write 'relu' or {conv: {out: 64, kernel: 3}}")  # fmt: skip
            return Item(Scalar("", plain=False, text=""))
        keys = [key for key, _ in entry.entries if key.text not in MODIFIERS]
        known = [key for key in keys if key.text in self.blocks or ops.find(key.text) is not None]
        if not keys:
            self.error("missing-operator", "the layer has modifiers but no operator", entry,
                       "add one, for example identity")  # fmt: skip
            return Item(Scalar("", plain=False, text=""))
        chosen = known[0] if known else keys[0]
        for key in keys:
            if key is not chosen:
                self.stray_key(key, chosen, known=key in known)
        item = Item(chosen)
        self.meaning(item)
        item.labels = self.labels(entry.get("as"), "as") if "as" in entry else ()
        return item

    def meaning(self, item: Item) -> None:
        """Find out what an item's key means."""
        key = item.key_node
        if key.text in self.blocks:
            item.key = key.text
            self.calls.setdefault(self.block.name if self.block else "", {}).setdefault(key.text, key)
            return
        cls = ops.find(key.text)
        if cls is not None:
            item.key = cls
            item.counter = cls.name
            return
        hint = did_you_mean(key.text, [*ops.names(), *self.blocks], "see cnncalc ops for the operators")
        if key.text in MODIFIERS:
            hint = "write modifiers beside an operator: {conv: 64, as: stem}"
        self.error("unknown-operator", f"there is no operator or block '{clip(key.text)}'", key, hint)

    def contents(self, item: Item, entry: Node) -> None:
        """Read an item's arguments and modifiers; what is wrong there is told with the item's name."""
        path = self.prefix + item.name
        outer = self.prefix
        kind = "block" if isinstance(item.key, str) else "layer"
        self.who = f"{kind} '{path}' ({item.counter})" + (f" of block '{self.block.name}'" if self.block else "")
        self.path = None if self.block else path
        self.prefix = f"{path}."
        self.arguments_of(item, entry.get(item.key_node.text) if isinstance(entry, Map) else None)
        self.prefix = outer
        if isinstance(entry, Map):
            self.modifiers(item, entry)

    def arguments_of(self, item: Item, value: Node | None) -> None:
        """Read the arguments of an operator, the parameters of a block call or the sources of a merge."""
        if isinstance(item.key, str):
            block = self.blocks[item.key]
            item.args = self.parameters(block, value)
            item.cost += 4 + 2 * len(block.params) + len(block.inputs)
        elif item.key is not None and item.key.sources is None:
            self.merge_sources(item, item.key, value)
        elif item.key is not None:
            item.defaults = self.defaults_of(item.key)
            item.args = self.main_or_arguments(value, item.key)

    def stray_key(self, key: Scalar, chosen: Scalar, *, known: bool) -> None:
        cls = ops.find(chosen.text)
        if known:
            message, hint = f"a layer has one operator, got '{chosen.text}' and '{key.text}'", "make two layers of it"
        elif cls is not None and key.text in cls.spellings:
            message = f"'{key.text}' stands beside '{chosen.text}', not inside its arguments"
            hint = f"indent it: {{{chosen.text}: {{.., {key.text}: ..}}}}"
        else:
            message = f"a layer has no modifier '{key.text}'"
            hint = did_you_mean(key.text, MODIFIERS) or f"modifiers are {', '.join(MODIFIERS)}"
        self.error("unknown-key", message, key, hint)

    def main_or_arguments(self, value: Node | None, cls: type[ops.Operator]) -> Args:
        if value is None or (isinstance(value, Scalar) and value.value is None):
            return {}
        if isinstance(value, Map):
            return self.arguments(value, cls)
        if cls.main is None:
            hint = f"name one of its arguments: {', '.join(cls.args)}" if cls.args else "write it without a value"
            self.error("unexpected-argument", f"{self.who} takes no bare value, got {clipped(value)}", value, hint)
            return {}
        return {cls.main: self.slot(cls.main, value, cls.args[cls.main].kind)}

    def arguments(self, args: Map, cls: type[ops.Operator]) -> Args:
        known = cls.spellings
        result: Args = {}
        if self.torn(args, known, self.who):
            return result
        for key, value in args.entries:
            name = known.get(key.text)
            if name is None:
                self.unknown_argument(key, known, self.who, advice=cls.advice.get(key.text))
            elif name in result:
                self.error("duplicate-key", f"{self.who} is given '{name}' twice", key, "keep one of the two")
            elif key.text == "like" and cls.args[name].like:
                result[name] = self.like(name, value, cls.args[name].kind)
            else:
                result[name] = self.slot(key.text, value, cls.args[name].kind)
        return result

    def like(self, name: str, value: Node, kind: Kind) -> Slot:
        if not isinstance(value, Scalar) or not isinstance(value.value, str):
            self.error("wrong-type", f"{self.who}: 'like' must be a label, got {clipped(value)}", value)
            return Slot(name, value, kind, FAILED, constant=True)
        return Slot(name, value, kind, Like(value), constant=False)

    def parameters(self, block: Block, value: Node | None) -> Args:
        args = as_map(value) if value is not None else Map({})
        if args is None:
            assert value is not None
            if not block.params:
                self.error("unexpected-argument", f"{self.who} has no parameters, got {clipped(value)}", value,
                           "write it without a value")  # fmt: skip
                return {}
            first = next(iter(block.params))
            return {first: self.parameter(block, first, value)}
        if self.torn(args, block.params, self.who):
            return {}
        result: Args = {}
        for key, node in args.entries:
            if key.text in block.params:
                result[key.text] = self.parameter(block, key.text, node)
            else:
                self.unknown_argument(key, block.params, self.who, "parameter")
        return result

    def parameter(self, block: Block, name: str, node: Node) -> Slot:
        return Slot(name, node, VALUE, node, constant=True) if name in block.words else self.slot(name, node, VALUE)

    def merge_sources(self, item: Item, cls: type[ops.Operator], value: Node | None) -> None:
        item.sources = []
        if isinstance(value, Seq) and value.items:
            for entry in value.items:
                if isinstance(entry, Scalar) and isinstance(entry.value, str):
                    item.sources.append((None, entry))
                else:
                    self.error("wrong-type", f"{self.who}: a source is a label, got {clipped(entry)}", entry,
                               f"name paths: {cls.name}: {{body: [..], skip: []}}")  # fmt: skip
        elif isinstance(value, Map) and len(value):
            for key, path in value.entries:
                self.merge_path(item, key, path)
        else:
            where = value if value is not None else item.key_node
            self.error("missing-argument", f"{self.who} needs its sources", where,
                       f"write {cls.name}: [label, label] or {cls.name}: {{path: [..], path: [..]}}")  # fmt: skip
        item.cost += 2 * len(item.sources)

    def merge_path(self, item: Item, key: Scalar, path: Node) -> None:
        assert item.sources is not None
        if not self.name_ok(key, "path"):
            return
        if isinstance(path, Scalar) and isinstance(path.value, str):
            item.sources.append((key.text, path))
        elif isinstance(path, Seq):
            inner = Items()
            outer = self.failures, self.who, self.path, self.prefix
            self.prefix += f"{key.text}."
            self.items(path, inner, "a path")
            self.failures, self.who, self.path, self.prefix = outer
            item.sources.append((key.text, inner))
        else:
            self.error("wrong-type", f"{self.who}: path '{key.text}' must be a label or a list, got {clipped(path)}",
                       path, f"write {key.text}: [] for the input itself")  # fmt: skip

    def modifiers(self, item: Item, entry: Map) -> None:
        item.from_ = self.labels(entry.get("from"), "from") if "from" in entry else ()
        repeat, when, share, first = (entry.get(key) for key in ("repeat", "when", "share", "first"))
        if repeat is not None:
            item.repeat = self.slot("repeat", repeat, REPEAT)
        if when is not None:
            item.when = self.slot("when", when, CONDITION)
        if share is not None:
            labels = self.labels(share, "share")
            item.share = labels[0] if len(labels) == 1 else None
            if not isinstance(item.key, type) or item.sources is not None:
                self.error("bad-share", f"{self.who}: only a layer with weights can share them", share,
                           "share each layer inside by its label")  # fmt: skip
            elif len(labels) > 1:
                self.error("bad-share", f"{self.who}: a layer shares the weights of one layer", share,
                           "name one label")  # fmt: skip
        if first is not None:
            self.first(item, first, entry)
        item.cost += len(item.labels) + len(item.from_)

    def first(self, item: Item, node: Node, entry: Map) -> None:
        args = as_map(node)
        if "repeat" not in entry:
            self.error("first-without-repeat", f"{self.who}: 'first' is for the first repetition, there is no repeat",
                       node, "add repeat: n")  # fmt: skip
        elif args is None:
            self.error("wrong-type", f"{self.who}: 'first' must be a mapping of arguments, got {clipped(node)}", node,
                       "write first: {argument: value}")  # fmt: skip
        elif item.sources is not None:
            self.error("wrong-type", f"{self.who}: 'first' changes arguments, a merge has none", node,
                       "use when: i == 0 inside its paths")  # fmt: skip
        elif isinstance(item.key, str):
            item.first = self.parameters(self.blocks[item.key], args)
        elif item.key is not None:
            item.first = self.arguments(args, item.key)

    def labels(self, node: Node | None, what: str) -> tuple[Scalar, ...]:
        entries = node.items if isinstance(node, Seq) else [node]
        result = []
        for entry in entries:
            if isinstance(entry, Scalar) and isinstance(entry.value, str) and entry.text:
                result.append(entry)
            else:
                self.error("wrong-type", f"{what} must be a label or a list of labels, got {clipped(entry)}",
                           entry if entry is not None else node)  # fmt: skip
        return tuple(result)

    # Values.

    def slot(self, name: str, node: Node, kind: Kind) -> Slot:
        try:
            return compile_slot(name, node, kind, self)
        except SlotError as error:
            self.failures += 1
            self.collector.add(error.code, f"{self.who}: {error}" if self.who else str(error), error.span,
                               hint=error.hint, path=self.path)  # fmt: skip
            return Slot(name, node, kind, FAILED, constant=True)

    def note_names(self, expression: Expression, node: Scalar) -> None:
        """Remember the names that a block's expressions use."""
        for name in expression.names:
            self.names_used.setdefault(name, node)

    def nested_arguments(self, value: Node | None, cls: type[ops.Operator]) -> Args:
        """Return the arguments of an operator inside an argument, its defaults first."""
        who = self.who
        self.who = f"{who}: '{cls.name}'" if who else f"'{cls.name}'"
        given = self.main_or_arguments(value, cls)
        self.who = who
        return {**self.defaults_of(cls), **given}


class Failed:
    """What stands for a value that could not be read; whoever needs it fails in silence."""


FAILED = Failed()


class Like(NamedTuple):
    """The map size of the layer of this label."""

    label: Scalar


class SlotError(Exception):
    """A value that cannot be read."""

    def __init__(self, code: str, message: str, span: Span | None, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.span = span
        self.hint = hint


def compile_slot(name: str, node: Node, kind: Kind, compiler: _Compiler) -> Slot:
    """Return a node ready to be evaluated as one kind of argument.

    Raises:
        SlotError: the value cannot be of that kind, whatever its expressions come to.
    """
    if isinstance(node, Scalar):
        value = node.value
        if isinstance(value, str):
            match = REFERENCE.fullmatch(value)
            if match:
                return Slot(name, node, kind, Word(match[1]), constant=False)
            if isinstance(kind, Nested):
                return nested(name, node, node, None, kind, compiler)
            if value in kind.words or not kind.numeric:
                return Slot(name, node, kind, value, constant=True)
            return expression_slot(name, node, value, kind, compiler)
        return Slot(name, node, kind, value, constant=True)
    if isinstance(node, Seq):
        if isinstance(kind, Nested):
            raise SlotError("wrong-type", f"'{name}' must be {kind.describe()}, got a list", node.span)
        slots = [compile_slot(name, entry, kind, compiler) for entry in node.items]
        if all(slot.constant for slot in slots):
            return Slot(name, node, kind, tuple(slot.value for slot in slots), constant=True)
        return Slot(name, node, kind, slots, constant=False)
    if isinstance(kind, Nested) and len(node) == 1:
        key, value_node = node.entries[0]
        return nested(name, node, key, value_node, kind, compiler)
    raise SlotError("wrong-type", f"'{name}' must be {kind.describe()}, got {clipped(node)}", node.span)


def expression_slot(name: str, node: Scalar, text: str, kind: Kind, compiler: _Compiler) -> Slot:
    """Return the slot of an expression."""
    hint = None
    if kind.words:
        hint = did_you_mean(text, kind.words)
    elif text.lower() in ("yes", "no", "on", "off"):
        hint = "write true or false"
    try:
        expression = compile_expression(text)
    except ExpressionError as error:
        raise in_expression(name, node, text, error, hint) from None
    compiler.note_names(expression, node)
    return Slot(name, node, kind, expression, constant=False)


def in_expression(name: str, node: Node, text: str, error: ExpressionError, hint: str | None = None) -> SlotError:
    """Return an expression's error with the argument and the text it stands in."""
    place = point(node if isinstance(node, Scalar) else None, error)
    return SlotError(error.code, f"in '{name}: {clip(text)}', {error}", place, hint or error.hint)


def nested(name: str, node: Node, key: Scalar, value: Node | None, kind: Nested, compiler: _Compiler) -> Slot:
    """Return the slot of an operator inside an argument."""
    if key.text == "none" and value is None:
        return Slot(name, node, kind, None, constant=True)
    cls = ops.find(key.text)
    if cls is None or cls.role != kind.role:
        known = [word for word in ops.names() if (found := ops.find(word)) is not None and found.role == kind.role]
        what = "activation" if kind.role == "act" else "normalisation"
        raise SlotError("unknown-operator", f"there is no {what} '{clip(key.text)}'", key.span,
                        did_you_mean(key.text, [*known, "none"], "see cnncalc ops"))  # fmt: skip
    return Slot(name, node, kind, NestedCall(cls, compiler.nested_arguments(value, cls)), constant=False)


def compile_value(name: str, node: Node, kind: Kind, spec: Template, collector: Collector) -> Slot:
    """Return a node outside any layer ready to be evaluated; raise SlotError like `compile_slot`."""
    return compile_slot(name, node, kind, _Compiler(collector, spec.defaults))


def scalars(node: Node) -> Iterator[Scalar]:
    """Yield every scalar value of a tree, keys left out."""
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Seq):
        for entry in node.items:
            yield from scalars(entry)
    else:
        for _, value in node.entries:
            yield from scalars(value)


def words_in(node: Node) -> set[str]:
    """Return the names that a tree uses as `$name`."""
    return {
        match[1]
        for scalar in scalars(node)
        if isinstance(scalar.value, str) and (match := REFERENCE.fullmatch(scalar.value))
    }


def clip(text: str, most: int = 60) -> str:
    """Return text cut to a length that fits into a message."""
    return text if len(text) <= most else text[: most - 3] + "..."


def clipped(node: Node | None) -> str:
    """Return a node as a spec would write it, cut to a length that fits into a message."""
    return "nothing" if node is None else clip(written(node)) or "nothing"
