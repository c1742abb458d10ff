"""How an operator's argument may be written: one kind per form, with its check, its JSON Schema and its words."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, ClassVar

from cnncalc.numbers.doors import whole_part
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.keyed import Keyed
from cnncalc.values.record import record
from cnncalc.values.words import value_hint

Json = dict[str, Any]

EXPRESSION: Json = {"type": "string", "description": "an expression over vars, parameters, i, c_in, label.c/h/w"}
REFERENCE: Json = {"type": "string", "pattern": r"^\$[A-Za-z_][A-Za-z0-9_]*$", "description": "a parameter's word"}
SIZE: Json = {"type": "string", "pattern": r"^[0-9]+(x[0-9]+)+$", "description": "one per axis, as 3x5"}
AXES_LIMIT = 8
PADDING_WORDS = ("valid", "half", "same", "same_lower")


def shown(value: object) -> str:
    """Return a value as a spec would write it."""
    if isinstance(value, Keyed):
        return "{" + ", ".join(f"{key}: {shown(inner)}" for key, inner in value) + "}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, Fraction):
        decimal = float(value)
        return f"{decimal:g}" if Fraction(repr(decimal)) == value else f"{value.numerator}/{value.denominator}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(shown(v) for v in value) + "]"
    return str(value)


class Kind:
    """One form of argument.

    Attributes:
        numeric: strings are expressions, unless they are one of `words`.
        words: literal words that the argument accepts.
        keys: the forms of the keys of a mapping, where it may be one; it arrives as `Keyed`.
        label: the word `like` gives this argument's value from another layer's map.
    """

    numeric: ClassVar[bool] = True
    words: tuple[str, ...] = ()
    keys: ClassVar[dict[str, Kind]] = {}
    nested: ClassVar[str | None] = None

    def check(self, value: Any, name: str) -> Any:
        """Return the value in its canonical form.

        Raises:
            ArgumentError: the value has the wrong type or range; names the argument and the value.
        """
        raise NotImplementedError  # pragma: no cover

    def schema(self) -> Json:
        """Return the JSON Schema of the argument as a spec writes it."""
        raise NotImplementedError  # pragma: no cover

    def describe(self) -> str:
        """Return the form in a few words."""
        raise NotImplementedError  # pragma: no cover


ONE_NUMBER = "one value stands here: walk a list with each:, or use len(..) or sum(..)"
"""What to do about a list in the place of one number or one condition."""


def whole(value: Any, name: str, least: int | None) -> int:
    """Return a whole number of at least `least`, or raise ArgumentError."""
    if isinstance(value, bool) or not isinstance(value, int | Fraction):
        hint = ONE_NUMBER if isinstance(value, tuple) else None
        raise ArgumentError(f"'{name}' must be a whole number, got {shown(value)}", argument=name, hint=hint)
    number = whole_part(value)
    if isinstance(number, Fraction):
        raise ArgumentError(
            f"'{name}' must be a whole number, got {shown(value)}",
            argument=name,
            hint="round it with round8(x), or with floor(x)",
            code="not-whole",
        )
    if least is not None and number < least:
        raise ArgumentError(f"'{name}' must be at least {least}, got {shown(value)}", argument=name)
    return number


@record
class Integer(Kind):
    """A whole number."""

    least: int = 1

    def check(self, value: Any, name: str) -> int:
        return whole(value, name, self.least)

    def schema(self) -> Json:
        return {"anyOf": [{"type": "integer", "minimum": self.least}, EXPRESSION]}

    def describe(self) -> str:
        return f"integer >= {self.least}"


@record
class PerAxis(Kind):
    """A whole number for all axes, or a list with one per axis."""

    least: int = 1

    def check(self, value: Any, name: str) -> int | tuple[int, ...]:
        if isinstance(value, tuple):
            return tuple(whole(v, name, self.least) for v in value)
        return whole(value, name, self.least)

    def schema(self) -> Json:
        one = Integer(self.least).schema()["anyOf"]
        return {"anyOf": [*one, {"type": "array", "items": {"anyOf": one}, "minItems": 1, "maxItems": 3}]}

    def describe(self) -> str:
        return f"integer >= {self.least}, or one per axis"


@record
class Padding(Kind):
    """A whole number, one per axis, before and after each axis, or a word."""

    words: tuple[str, ...] = PADDING_WORDS

    def check(self, value: Any, name: str) -> str | int | tuple[int, ...]:
        if isinstance(value, str):
            if value not in self.words:
                raise ArgumentError(
                    f"'{name}' has no form {value!r}",
                    argument=name,
                    hint=value_hint(value, self.words) or f"write a number, a list, or one of {', '.join(self.words)}",
                )
            return value
        if isinstance(value, tuple):
            return tuple(whole(v, name, 0) for v in value)
        return whole(value, name, 0)

    def schema(self) -> Json:
        one = Integer(0).schema()["anyOf"]
        many = {"type": "array", "items": {"anyOf": one}, "minItems": 1, "maxItems": 6}
        return {"anyOf": [{"enum": list(self.words)}, *one, many]} if self.words else {"anyOf": [*one, many]}

    def describe(self) -> str:
        forms = "integer, one per axis, or before and after each axis"
        return f"{forms}, or {'|'.join(self.words)}" if self.words else forms


@record
class Axis(Kind):
    """An axis counted without the batch: 0 or `channel`, 1, .., `last`; negative from the end."""

    words: tuple[str, ...] = ("channel", "last")

    def check(self, value: Any, name: str) -> int | str:
        if isinstance(value, str):
            if value not in self.words:
                raise ArgumentError(
                    f"'{name}' must be an axis, got {value!r}",
                    argument=name,
                    hint=value_hint(value, self.words) or "write channel, last, or a number counted without the batch",
                )
            return value
        found = whole(value, name, -AXES_LIMIT)
        if found >= AXES_LIMIT:
            raise ArgumentError(f"'{name}' must be below {AXES_LIMIT}, got {found}", argument=name)
        return {0: "channel", -1: "last"}.get(found, found)

    def schema(self) -> Json:
        return {"anyOf": [{"enum": list(self.words)}, {"type": "integer"}, EXPRESSION]}

    def describe(self) -> str:
        return "channel, last, or an axis counted without the batch"


@record
class Boolean(Kind):
    """True or false."""

    def check(self, value: Any, name: str) -> bool:
        if not isinstance(value, bool):
            hint = ONE_NUMBER if isinstance(value, tuple) else "write true or false"
            raise ArgumentError(f"'{name}' must be true or false, got {shown(value)}", argument=name, hint=hint)
        return value

    def schema(self) -> Json:
        return {"anyOf": [{"type": "boolean"}, EXPRESSION]}

    def describe(self) -> str:
        return "true or false"


@record
class Word(Kind):
    """One of a few words."""

    words: tuple[str, ...] = ()
    numeric: ClassVar[bool] = False

    def check(self, value: Any, name: str) -> str:
        if not isinstance(value, str) or value not in self.words:
            raise ArgumentError(
                f"'{name}' must be one of {', '.join(self.words)}, got {shown(value)}",
                argument=name,
                hint=value_hint(str(value), self.words),
            )
        return value

    def schema(self) -> Json:
        return {"anyOf": [{"enum": list(self.words)}, REFERENCE]}

    def describe(self) -> str:
        return "|".join(self.words)


@record
class Number(Kind):
    """An exact number, whole or not; per axis where `axes` says so."""

    above: Fraction | int | None = None
    least: Fraction | int | None = None
    most: Fraction | int | None = None
    axes: bool = False

    def check(self, value: Any, name: str) -> Any:
        if self.axes and isinstance(value, tuple):
            return tuple(self.check(v, name) for v in value)
        if isinstance(value, bool) or not isinstance(value, int | Fraction):
            raise ArgumentError(f"'{name}' must be a number, got {shown(value)}", argument=name)
        low = (self.above is not None and value <= self.above) or (self.least is not None and value < self.least)
        if low or (self.most is not None and value > self.most):
            raise ArgumentError(f"'{name}' must be {self.describe()}, got {shown(value)}", argument=name)
        return value

    def schema(self) -> Json:
        one: list[Json] = [{"type": "number"}, EXPRESSION]
        if self.axes:
            one.append({"type": "array", "items": {"anyOf": [*one]}, "minItems": 1, "maxItems": 3})
        return {"anyOf": one}

    def describe(self) -> str:
        low = f" > {shown(self.above)}" if self.above is not None else ""
        low += f" >= {shown(self.least)}" if self.least is not None else ""
        high = f" <= {shown(self.most)}" if self.most is not None else ""
        return f"number{low}{' and' if low and high else ''}{high}" + (", or one per axis" if self.axes else "")


@record
class Extents(Kind):
    """Sizes of a map or of a shape: a number, or a list of them.

    `keep` lets null stand for the input's extent; `infer` lets one -1 stand for what is left; `scalar` lets one number
    stand for all axes; `least` is the smallest extent.
    """

    keep: bool = False
    infer: bool = False
    scalar: bool = True
    least: int = 1

    def check(self, value: Any, name: str) -> int | tuple[int | None, ...]:
        if isinstance(value, tuple):
            if self.infer and sum(v == -1 for v in value) > 1:
                raise ArgumentError(f"'{name}' may hold one -1, got {shown(value)}", argument=name)
            if not value:
                raise ArgumentError(f"'{name}' must not be empty", argument=name)
            return tuple(self._one(v, name) for v in value)
        if not self.scalar:
            raise ArgumentError(
                f"'{name}' must be a list, got {shown(value)}", argument=name, hint=f"write [{shown(value)}]"
            )
        return whole(value, name, self.least)

    def _one(self, value: Any, name: str) -> int | None:
        if (value is None and self.keep) or (value == -1 and self.infer and not isinstance(value, bool)):
            return value
        return whole(value, name, self.least)

    def schema(self) -> Json:
        one: list[Json] = [{"type": "integer"}, EXPRESSION]
        inner = [*one, {"type": "null"}] if self.keep else one
        many: Json = {"type": "array", "items": {"anyOf": inner}, "minItems": 1}
        return {"anyOf": [*one, many] if self.scalar else [many, SIZE]}

    def describe(self) -> str:
        form = "integer, or one per axis" if self.scalar else "list of integers"
        return form + (", null keeps the extent" if self.keep else "") + (", one may be -1" if self.infer else "")


@record
class Nested(Kind):
    """Another operator as a word, `{word: args}`, or `none`: what `norm:` and `act:` take."""

    role: str = "act"
    numeric: ClassVar[bool] = False

    def check(self, value: Any, name: str) -> Any:
        role = getattr(value, "role", None)
        if value is not None and role != self.role:
            what = {"act": "an activation", "norm": "a normalisation"}[self.role]
            raise ArgumentError(f"'{name}' must be {what} or none, got {shown(value)}", argument=name)
        return value

    def schema(self) -> Json:
        return {"$ref": f"#/definitions/{self.role}"}

    def describe(self) -> str:
        return {"act": "an activation", "norm": "a normalisation"}[self.role] + ", or none"
