"""Values where they are used: arguments, words and parameters evaluated, and the operators built from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from cnncalc.language.expressions import Expression, ExpressionError
from cnncalc.language.reading import compile_value
from cnncalc.language.scope import Frame, Made, Silent
from cnncalc.language.slots import FAILED, Like, NestedCall, Slot, SlotError, Word, in_expression
from cnncalc.language.tree import Scalar
from cnncalc.ops.arguments import shown
from cnncalc.values.diagnostics import ArgumentError, Collector, did_you_mean

if TYPE_CHECKING:
    from cnncalc.language.scope import Scope
    from cnncalc.language.template import Block, Item, Template
    from cnncalc.language.tree import Node as TreeNode
    from cnncalc.ops.base import Operator, Part

Values: TypeAlias = tuple[tuple[str, str, object], ...]
Built: TypeAlias = tuple["Operator", "tuple[Part, ...]", Values]
"""An item's operator, the layers that it stands for if they are several, and what its expressions came to."""


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


class Evaluator:
    """Turns slots into values and items into operators, in the frame where the scope is."""

    def __init__(self, spec: Template, scope: Scope, collector: Collector) -> None:
        self.spec = spec
        self.scope = scope
        self.collector = collector
        self.plans: dict[int, Plan] = {}
        self.operators: dict[Any, tuple[Operator, tuple[Part, ...]]] = {}
        self.word_slots: dict[Any, Slot] = {}

    def parameters(self, item: Item, block: Block, *, first: bool) -> Frame:
        """Return the frame of one call: every parameter evaluated, in the order of declaration."""
        frame = Frame(self.scope.file_frame, block.body.labels, opaque=True)
        caller = self.scope.frame
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
            self.scope.frame = where
            outer, self.scope.index = self.scope.index, self.scope.index if where is caller else None
            try:
                frame.values[name] = slot.kind.check(self.evaluate(slot), name)
            except ArgumentError as error:
                raise SlotError(error.code, str(error), slot.span, error.hint) from None
            finally:
                self.scope.frame, self.scope.index = caller, outer
        return frame

    def word(self, slot: Slot, frame: Frame) -> tuple[TreeNode, Frame]:
        """Return the node that a word parameter stands for, following `$name` to where it was written."""
        node = slot.node
        while isinstance(node, Scalar) and isinstance(node.value, str) and node.value.startswith("$"):
            node, frame = self.lookup_word(node.value[1:], frame, node)
        return node, frame

    def lookup_word(self, name: str, frame: Frame, where: TreeNode) -> tuple[TreeNode, Frame]:
        """Return what a `$name` stands for, with the frame where it was written."""
        scope: Frame | None = frame
        while scope is not None:
            if name in scope.words:
                return scope.words[name]
            if name in scope.values:
                break
            scope = scope.parent
        known = {**frame.words, **self.scope.file_frame.words}
        raise SlotError("unknown-name", f"there is no word ${name}", where.span,
                        did_you_mean(name, known, "$name passes a block's parameter or a variable"))  # fmt: skip

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
        """Return the operator of an item with these values."""
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
        frame, index = self.scope.frame, self.scope.index
        self.scope.frame, self.scope.index = self.scope.file_frame, None
        try:
            return self.evaluate(slot)
        finally:
            self.scope.frame, self.scope.index = frame, index

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
                return value.evaluate(self.scope)
            except ExpressionError as error:
                hint = did_you_mean(value.text, slot.kind.words) if slot.kind.words else None
                raise in_expression(slot.name, slot.node, value.text, error, hint) from None
        if isinstance(value, list):
            return tuple(self.evaluate(inner) for inner in value)
        if isinstance(value, Word):
            node, frame = self.lookup_word(value.name, self.scope.frame, slot.node)
            key = (id(node), id(slot.kind))
            passed = self.word_slots.get(key)
            if passed is None:
                passed = self.word_slots[key] = compile_value(slot.name, node, slot.kind, self.spec, self.collector)
            outer, self.scope.frame = self.scope.frame, frame
            try:
                return self.evaluate(passed)
            finally:
                self.scope.frame = outer
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
        shape = self.scope.shape(self.scope.refer(value.label, self.scope.previous))
        if not shape.spatial:
            raise SlotError("wrong-rank", f"'{value.label.text}' is a vector of {shape.channels} values, which has no "
                            "height and width", value.label.span, "name a map")  # fmt: skip
        return shape.spatial

    def shared_with(self, label: Scalar) -> Made:
        """Return the layer that a label of `share:` names."""
        frame: Frame | None = self.scope.frame
        while frame is not None:
            if label.text in frame.made:
                return frame.made[label.text]
            if label.text in frame.labels:
                if frame.labels[label.text] is None:
                    raise Silent
                raise SlotError("bad-share", f"'{label.text}' is not a layer with weights", label.span,
                                "share names the label of a layer")  # fmt: skip
            frame = None if frame.opaque else frame.parent
        raise SlotError("unknown-label", f"there is no label '{label.text}'", label.span,
                        self.scope.label_hint(label.text))

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
        """Return the nodes whose weights an item uses, one for each of its parts."""
        assert item.share is not None
        _, made = self.shared_with(item.share)
        roots = []
        for index in made:
            shares = self.scope.graph.nodes[index].shares
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


def kind_of(value: object) -> object:
    """Return what tells values apart that are equal but not the same, such as true and 1."""
    return tuple(map(type, value)) if isinstance(value, tuple) else type(value)
