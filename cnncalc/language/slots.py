"""Places of values: what an argument, a modifier or a parameter holds before it is evaluated."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from cnncalc.language import sizes
from cnncalc.language.arithmetic import Listed
from cnncalc.language.expressions import Expression, ExpressionError, compile_expression
from cnncalc.language.tree import Map, Node, Refused, Scalar, Seq
from cnncalc.ops import base as ops
from cnncalc.ops.arguments import Boolean, Extents, Integer, Kind, Nested, Number, Padding, PerAxis, shown
from cnncalc.ops.hints import role_hint
from cnncalc.values.bits import WIDEST
from cnncalc.values.diagnostics import ArgumentError, Span, did_you_mean
from cnncalc.values.keyed import Keyed
from cnncalc.values.words import fold, value_hint

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


class ValueKind(Kind):
    """A variable or parameter: a number or a truth value, exact, or a list that is walked or handed on."""

    def check(self, value: Any, name: str) -> Any:
        """Return the value; raise ArgumentError for anything but a number or truth value."""
        if isinstance(value, bool | int | Fraction | Listed):
            return value
        raise ArgumentError(f"'{name}' must be a number or an expression, got {shown(value)}", argument=name)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the value as a spec writes it."""
        return {"type": ["number", "string", "boolean", "array"]}

    def describe(self) -> str:
        """Return the form in a few words."""
        return "number or expression"
VALUE = ValueKind()
CONDITION = Boolean()
REPEAT = Integer(0)


class Width(Integer):
    """Bits of a number."""

    def check(self, value: Any, name: str) -> int:
        """Return the number of bits; raise ArgumentError for none, or too many."""
        bits = super().check(value, name)
        if bits > WIDEST:
            raise ArgumentError(f"'{name}' must be {self.describe()}, got {bits}", argument=name)
        return bits

    def describe(self) -> str:
        """Return the form in a few words."""
        return f"integer from 1 to {WIDEST}"


WIDTHS: dict[str, Kind] = {"weights": Width(), "activations": Width(), "output": Width()}
DENSITY = Number(above=0, most=1)
EXTENTS = Extents(scalar=False)
SIZES = (PerAxis, Padding, Extents, ValueKind)
"""Kinds of values that may be one number for each axis."""


class Reader(Protocol):
    """Whoever compiles slots: it notes the names that expressions use, and reads the arguments of nested operators."""

    def note_names(self, expression: Expression, node: Scalar) -> None:
        """Remember the names that an expression uses."""

    def nested_arguments(self, value: Node | None, cls: type[ops.Operator]) -> Args:
        """Return the arguments of an operator inside an argument."""



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


class PassedWord(NamedTuple):
    """A `$name` that passes a parameter's or variable's word through."""

    name: str


class RawList(NamedTuple):
    """A list as it is written: its entries are evaluated when they are used."""

    node: Seq


class KeyedSlots(list[Slot]):
    """The values of a mapping, each under its slot's name."""


class NestedCall(NamedTuple):
    """An operator inside an argument: what `norm:` and `act:` hold."""

    cls: type[ops.Operator]
    args: dict[str, Slot]


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


def compile_slot(name: str, node: Node, kind: Kind, reader: Reader) -> Slot:
    """Return a node ready to be evaluated as one kind of argument.

    Raises:
        SlotError: the value cannot be of that kind, whatever its expressions come to.
    """
    if isinstance(node, Scalar):
        if isinstance(node.value, Refused):
            return Slot(name, node, kind, FAILED, constant=True)
        if isinstance(kind, SIZES) and node.text[:1] in "0123456789([":
            seq = size(name, node, kind)
            if seq is not None:
                return compile_slot(name, seq, kind, reader)
        value = node.value
        if isinstance(value, str):
            match = REFERENCE.fullmatch(value)
            if match:
                return Slot(name, node, kind, PassedWord(match[1]), constant=False)
            if isinstance(kind, Nested):
                return nested(name, node, node, None, kind, reader)
            if value in kind.words or not kind.numeric:
                return Slot(name, node, kind, value, constant=True)
            return expression_slot(name, node, value, kind, reader)
        return Slot(name, node, kind, value, constant=True)
    if isinstance(node, Seq):
        if isinstance(kind, ValueKind):
            return Slot(name, node, kind, RawList(node), constant=False)
        if isinstance(kind, Nested):
            raise SlotError("wrong-type", f"'{name}' must be {kind.describe()}, got a list", node.span)
        slots = [compile_slot(name, entry, kind, reader) for entry in node.items]
        if any(slot.value is FAILED for slot in slots):
            return Slot(name, node, kind, FAILED, constant=True)
        if all(slot.constant for slot in slots):
            return Slot(name, node, kind, tuple(slot.value for slot in slots), constant=True)
        return Slot(name, node, kind, slots, constant=False)
    if kind.keys and len(node):
        return keyed(name, node, kind, reader)
    if isinstance(kind, Nested) and len(node) == 1:
        key, value_node = node.entries[0]
        return nested(name, node, key, value_node, kind, reader)
    raise SlotError("wrong-type", f"'{name}' must be {kind.describe()}, got {clipped(node)}", node.span)


def keyed(name: str, node: Map, kind: Kind, reader: Reader) -> Slot:
    """Return the slot of a mapping with known keys."""
    slots = []
    for key, value in node.entries:
        if key.text not in kind.keys:
            raise SlotError("unknown-argument", f"'{name}' has no key '{clip(key.text)}'", key.span,
                            did_you_mean(key.text, kind.keys, f"its keys are {', '.join(kind.keys)}"))  # fmt: skip
        slots.append(compile_slot(key.text, value, kind.keys[key.text], reader))
    if all(slot.constant for slot in slots):
        return Slot(name, node, kind, Keyed((slot.name, slot.value) for slot in slots), constant=True)
    return Slot(name, node, kind, KeyedSlots(slots), constant=False)


def size(name: str, node: Scalar, kind: Kind) -> Seq | None:
    """Return a size that is written like `3x5` as a list; None where it is not written so.

    Raises:
        SlotError: it is a tuple, a list in quotes or a hexadecimal number.
    """
    instead = sizes.meant(node)
    if instead is not None and not (kind is VALUE and not isinstance(node.value, str)):
        raise SlotError("wrong-type", f"'{name}' must be {kind.describe()}, got {clipped(node)}", node.span,
                        f"write {instead}")  # fmt: skip
    return sizes.as_list(node)


def expression_slot(name: str, node: Scalar, text: str, kind: Kind, reader: Reader) -> Slot:
    """Return the slot of an expression."""
    hint = None
    if kind.words:
        hint = value_hint(text, kind.words)
    elif text.lower() in ("yes", "no", "on", "off"):
        hint = "write true or false"
    elif text.strip() == "?":
        hint = "write the number: what is not known cannot be counted"
    try:
        expression = compile_expression(text)
    except ExpressionError as error:
        raise in_expression(name, node, text, error, hint) from None
    reader.note_names(expression, node)
    return Slot(name, node, kind, expression, constant=False)


def word_hint(text: str, kind: Kind, error: ExpressionError) -> str | None:
    """Return what to write instead of a word that an argument does not take; None where the error's own hint is better.

    Args:
        text: what is written.
        kind: of an argument that takes some words.
        error: what is wrong with the text as an expression.
    """
    hint = value_hint(text, kind.words)
    if hint or not text.isidentifier() or error.code != "unknown-name" or "did you mean" in (error.hint or ""):
        return hint
    if isinstance(kind, Padding) and fold(text) == "causal":
        return "convolutions alone have it: put {pad: [kernel - 1, 0]} before this layer, zeros in front of the map"
    return f"write a number or one of {', '.join(kind.words)}"


def in_expression(name: str, node: Node, text: str, error: ExpressionError, hint: str | None = None) -> SlotError:
    """Return an expression's error with the argument and the text it stands in."""
    place = point(node if isinstance(node, Scalar) else None, error)
    return SlotError(error.code, f"in '{name}: {clip(text)}', {error}", place, hint or error.hint)


def nested(name: str, node: Node, key: Scalar, value: Node | None, kind: Nested, reader: Reader) -> Slot:
    """Return the slot of an operator inside an argument."""
    if key.text == "none" and value is None:
        return Slot(name, node, kind, None, constant=True)
    cls = ops.find(key.text)
    if cls is None or cls.role != kind.role:
        what = "activation" if kind.role == "act" else "normalisation"
        raise SlotError("unknown-operator", f"there is no {what} '{clip(key.text)}'", key.span,
                        role_hint(key.text, kind.role))  # fmt: skip
    return Slot(name, node, kind, NestedCall(cls, reader.nested_arguments(value, cls)), constant=False)


def point(node: Scalar | None, error: ExpressionError) -> Span | None:
    """Return the place of an expression's error inside the scalar that holds it."""
    if node is None or node.span is None:
        return None
    quote = 0 if node.plain else 1
    if error.offset + quote >= node.length:
        return node.span
    length = max(1, min(error.length, node.length - error.offset))
    return Span(node.line, node.column + quote + error.offset, length, node.file)


def scalars(node: Node) -> Iterator[Scalar]:
    """Yield every scalar value of a tree, and of the keys those that are a `$name`."""
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Seq):
        for entry in node.items:
            yield from scalars(entry)
    else:
        for key, value in node.entries:
            if key.text.startswith("$"):
                yield key
            yield from scalars(value)


def words_in(node: Node) -> set[str]:
    """Return the names that a tree uses as `$name`."""
    return {
        match[1]
        for scalar in scalars(node)
        if isinstance(scalar.value, str) and (match := REFERENCE.fullmatch(scalar.value))
    }


def written(node: Node) -> str:
    """Return a node as a spec would write it on one line."""
    if isinstance(node, Scalar):
        return node.text if node.text or not node.plain else "null"
    if isinstance(node, Seq):
        return "[" + ", ".join(map(written, node.items)) + "]"
    return "{" + ", ".join(f"{key.text}: {written(value)}" for key, value in node.entries) + "}"


def clip(text: str, most: int = 60) -> str:
    """Return text cut to a length that fits into a message."""
    return text if len(text) <= most else text[: most - 3] + "..."


def clipped(node: Node | None) -> str:
    """Return a node as a spec would write it, cut to a length that fits into a message."""
    return "nothing" if node is None else clip(written(node)) or "nothing"


def as_map(node: Node | None) -> Map | None:
    """Return a mapping, with nothing standing for an empty one."""
    if isinstance(node, Scalar) and node.value is None:
        return Map({}, node.line, node.column, node.length, node.file)
    return node if isinstance(node, Map) else None
