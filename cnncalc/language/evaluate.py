"""Values where they are used: arguments, words and parameters evaluated, and the operators built from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from cnncalc.language.arithmetic import Listed
from cnncalc.language.expressions import Expression, ExpressionError
from cnncalc.language.reading import compile_value
from cnncalc.language.scope import Frame, Silent
from cnncalc.language.slots import (
    FAILED,
    VALUE,
    KeyedSlots,
    Like,
    NestedCall,
    PassedWord,
    RawList,
    Slot,
    SlotError,
    in_expression,
    word_hint,
)
from cnncalc.language.ties import inherited
from cnncalc.language.tree import Scalar, Seq
from cnncalc.numbers.doors import identity
from cnncalc.values.diagnostics import ArgumentError, Collector, did_you_mean
from cnncalc.values.keyed import Keyed

if TYPE_CHECKING:
    from cnncalc.graph.graph import Ref, Values
    from cnncalc.language.scope import Scope
    from cnncalc.language.template import Block, Item, Template
    from cnncalc.language.tree import Node as TreeNode
    from cnncalc.ops.operator import Operator, Part

Built: TypeAlias = "tuple[Operator, tuple[Part, ...], Values]"
"""An item's operator, the layers that it stands for if they are several, and what its expressions came to."""


class Recipe:
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

    def __init__(self, spec: Template, scope: Scope, collector: Collector, *, recording: bool = False) -> None:
        self.recording = recording
        self.spec = spec
        self.scope = scope
        self.collector = collector
        self.plans: dict[int, Recipe] = {}
        self.operators: dict[Any, tuple[Operator, tuple[Part, ...]]] = {}
        self.asked = 0
        self.word_slots: dict[Any, Slot] = {}
        self.meanings: dict[tuple[int, int], Item] = {}

    def parameters(self, item: Item, block: Block, refs: tuple[Ref, ...], *, first: bool,
                   like: Frame | None = None) -> Frame:  # fmt: skip
        """Return the frame of one call: every parameter evaluated, in the order of declaration.

        Args:
            item: the call.
            block: the block.
            refs: what it reads.
            first: whether it is the first repetition.
            like: the frame of the call whose weights it uses; what is not given is inherited from it.
        """
        home = self.scope.file_frame if block.home is None else self.scope.file_frames[block.home]
        frame = Frame(home, block.body.labels, opaque=True, params=block.params)
        frame.labels.update(zip(block.inputs, refs, strict=True))
        caller = self.scope.frame
        given = {**item.args, **item.first} if first and item.first else item.args
        for name in block.params:
            slot, where = given.get(name), caller if item.bound is None else item.bound
            if slot is None and like is not None:
                if name in like.words:
                    frame.words[name] = like.words[name]
                else:
                    frame.values[name] = like.values[name]
                continue
            if slot is None:
                slot, where = block.slots.get(name), frame
            if slot is None:
                raise ArgumentError(f"{block.name} needs '{name}'", code="missing-argument",
                                    hint=f"add {name}: to the call")  # fmt: skip
            if name in block.words:
                frame.words[name] = self.word(slot, where)
                continue
            self.scope.frame = where
            outer, self.scope.index = self.scope.index, self.scope.index if where is not frame else None
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
        known = {**frame.words, **self.scope.file_frames[frame.home].words}
        raise SlotError("unknown-name", f"there is no word ${name}", where.span,
                        did_you_mean(name, known, "$name passes a block's parameter or a variable"))  # fmt: skip

    def slots(self, item: Item, *, first: bool) -> dict[str, Slot]:
        """Return the slots of an item's arguments, the file's defaults where it gives none."""
        merged = {**item.defaults, **item.args} if item.defaults else item.args
        return {**merged, **item.first} if first else merged

    def operator(self, item: Item, *, first: bool) -> Built:
        """Return an item's operator, its parts, and what its expressions came to; equal arguments give one object."""
        outer = self.scope.frame
        if item.bound is not None:
            self.scope.frame = item.bound
        try:
            return self.planned(item, first=first)
        finally:
            self.scope.frame = outer

    def planned(self, item: Item, *, first: bool) -> Built:
        """Return the same, from what was built before where nothing differs."""
        first = first and bool(item.first)
        number = -id(item) if first else id(item)
        plan = self.plans.get(number)
        if plan is None:
            plan = self.plans[number] = Recipe(item, self.slots(item, first=first))
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
        key = (self.keyed(values), tuple([kind_of(value) for value in values]))
        found = plan.cache.get(key)
        if found is None:
            found = plan.cache[key] = self.build(item, plan, values)
        return found

    def keyed(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return values as part of a key; numbers that record are told apart by how they came about."""
        return tuple(map(identity, values)) if self.recording else values

    def build(self, item: Item, plan: Recipe, values: tuple[Any, ...]) -> Built:
        """Return the operator of an item with these values."""
        cls = item.key
        assert isinstance(cls, type)
        arguments = dict(zip(plan.slots, values, strict=True))
        if item.share is not None:
            arguments = inherited(self.scope, item, cls, arguments)
        kinds = tuple([kind_of(value) for value in arguments.values()])
        key = (cls, self.keyed(tuple(arguments.items())), kinds)
        made = self.operators.get(key)
        if made is None:
            op = cls(**arguments)
            made = self.operators[key] = (op, flat_parts(op))
        written_values: Values = ()
        if not plan.fixed:
            written_values = tuple(
                (name, slot.text, arguments[name])
                for name, slot in plan.slots.items()
                if name in arguments and isinstance(slot.value, Expression | list | PassedWord | Like)
            )
        return (*made, written_values)

    def evaluate_default(self, slot: Slot) -> Any:
        """Return the value of a slot of `defaults:`, whose names are the file's."""
        if slot.constant:
            return self.evaluate(slot)
        frame, index = self.scope.frame, self.scope.index
        self.scope.frame, self.scope.index = self.scope.file_frames[frame.home], None
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
                result: Any = value.evaluate(self.scope)
                return result.values() if isinstance(result, Listed) and slot.kind is not VALUE else result
            except ExpressionError as error:
                hint = word_hint(value.text, slot.kind, error) if slot.kind.words else None
                raise in_expression(slot.name, slot.node, value.text, error, hint) from None
        if isinstance(value, RawList):
            return Listed(tuple(value.node.items), self.scope.frame, self)
        if isinstance(value, KeyedSlots):
            return Keyed((inner.name, self.evaluate(inner)) for inner in value)
        if isinstance(value, list):
            return tuple(self.evaluate(inner) for inner in value)
        if isinstance(value, PassedWord):
            node, frame = self.lookup_word(value.name, self.scope.frame, slot.node)
            key = (id(node), id(slot.kind))
            passed = self.word_slots.get(key)
            if passed is None:
                passed = self.word_slots[key] = compile_value(slot.name, node, slot.kind, frame.home, self.collector)
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

    @property
    def around(self) -> int | None:
        """What `c_in` is here, None outside the layers."""
        return self.scope.c_in

    def listed(self, node: TreeNode, frame: Frame) -> Any:
        """Return the value of one entry of a list, in the frame where the list is written."""
        if isinstance(node, Seq):
            return Listed(tuple(node.items), frame, self)
        key = (id(node), id(VALUE))
        slot = self.word_slots.get(key)
        if slot is None:
            slot = self.word_slots[key] = compile_value("the list", node, VALUE, frame.home, self.collector)
        scope = self.scope
        outer = scope.frame, scope.index
        scope.frame, scope.index = frame, None
        try:
            return VALUE.check(self.evaluate(slot), "the list")
        except ArgumentError as error:
            raise SlotError(error.code, str(error), slot.span, error.hint) from None
        finally:
            scope.frame, scope.index = outer

    def word_at(self, node: TreeNode, frame: Frame) -> tuple[TreeNode, Frame]:
        """Return what a node stands for, following `$name` to where it was written."""
        while isinstance(node, Scalar) and isinstance(node.value, str) and node.value.startswith("$"):
            node, frame = self.lookup_word(node.value[1:], frame, node)
        return node, frame

    def meant(self, item: Item) -> Item | None:
        """Return the item that an entry with a `$word` as its operator means here; None where the word is none."""
        assert item.word is not None
        node, frame = self.lookup_word(item.word, self.scope.frame, item.key_node)
        node, frame = self.word_at(node, frame)
        if isinstance(node, Scalar) and (node.value is None or node.text == "none"):
            return None
        key = (id(item), id(node))
        found = self.meanings.get(key)
        if found is None:
            reader = self.scope.frame.home.reader
            assert reader is not None
            outer, reader.at.collector = reader.at.collector, self.collector
            try:
                found = self.meanings[key] = reader.word_item(item, node, frame.home.blocks)
            finally:
                reader.at.collector = outer
        found.bound = frame if not isinstance(node, Scalar) else None
        if found.key is None:
            raise Silent
        return found


def flat_parts(op: Operator) -> tuple[Part, ...]:
    """Return the layers that an operator stands for, parts of parts included; nothing if it is one layer."""
    parts = op.parts()
    if not any(part.op.parts() for part in parts):
        return parts
    flat: list[Part] = []
    ends = [0]
    for part in parts:
        inner = flat_parts(part.op)
        reads = tuple(ends[k] if k > 0 else k for k in part.reads) if part.reads is not None else None
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
