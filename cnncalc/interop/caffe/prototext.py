"""The text form of protocol buffers: names with values or with messages, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from cnncalc.values.diagnostics import Diagnostic, Span, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator

DEEPEST = 32
MOST = 500_000
"""A text has at most this many fields."""
LARGEST = 2**40
TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)|(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
    r"""|(?P<name>[A-Za-z_][A-Za-z0-9_.]*)"""
    r"""|(?P<number>[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|inf\b|nan\b)f?)|(?P<mark>[{}<>\[\]:;,])"""
)
CLOSING = {"{": "}", "<": ">"}


@dataclass(frozen=True, slots=True)
class PrototextValue:
    """A value: a number or a word as it is written, without quotes."""

    text: str
    span: Span


@dataclass(slots=True)
class Message:
    """Fields by name, each with its values in order."""

    span: Span
    fields: dict[str, list[Field]] = field(default_factory=dict)

    def messages(self, name: str) -> list[Message]:
        """Return the messages under a name."""
        return [value for value in self.fields.get(name, ()) if isinstance(value, Message)]

    def message(self, name: str) -> Message:
        """Return the message under a name; an empty one where there is none."""
        found = self.messages(name)
        return found[-1] if found else Message(self.span)

    def words(self, name: str) -> list[PrototextValue]:
        """Return the values under a name."""
        return [value for value in self.fields.get(name, ()) if isinstance(value, PrototextValue)]

    def word(self, name: str, default: str = "") -> str:
        """Return the last value under a name."""
        found = self.words(name)
        return found[-1].text if found else default


Field: TypeAlias = PrototextValue | Message


def parse(text: str, file: str | None) -> Message:
    """Return the message of a text.

    Raises:
        SpecError: it is none.
    """
    return _PrototextParser(text, file).message()


class _PrototextParser:
    """One way through a text."""

    def __init__(self, text: str, file: str | None) -> None:
        self.text = text
        self.file = file
        self.line, self.start, self.count = 1, 0, 0
        self.following = self.tokens()
        self.kind, self.value, self.span = next(self.following)

    def fail(self, message: str, span: Span) -> SpecError:
        hint = "a network is fields 'name: value' and 'name { .. }'"
        return SpecError([Diagnostic(code="bad-model", message=message, span=span, file=self.file, hint=hint)])

    def tokens(self) -> Iterator[tuple[str, str, Span]]:
        at = 0
        while at < len(self.text):
            match = TOKEN.match(self.text, at)
            span = Span(self.line, at - self.start + 1, max(match.end() - at, 1) if match else 1)
            if match is None:
                raise self.fail(f"'{self.text[at]}' stands where a name or a value belongs", span)
            kind = match.lastgroup or ""
            if kind == "space":
                lines = match[0].count("\n")
                if lines:
                    self.line += lines
                    self.start = at + match[0].rindex("\n") + 1
            else:
                yield kind, match[0], span
            at = match.end()
        while True:
            yield "end", "", Span(self.line, max(at - self.start, 1))

    def step(self) -> tuple[str, str, Span]:
        found = self.kind, self.value, self.span
        self.kind, self.value, self.span = next(self.following)
        return found

    def message(self, closing: str = "", depth: int = 0, span: Span | None = None) -> Message:
        made = Message(span or Span(1, 1))
        if depth > DEEPEST:
            raise self.fail(f"messages stand more than {DEEPEST} deep in each other", made.span)
        while True:
            kind, value, place = self.step()
            if kind == "end" and not closing:
                return made
            if kind == "mark" and value == closing:
                return made
            if kind == "mark" and value in ";,":
                continue
            if kind == "end":
                raise self.fail(f"the text ends before '{closing}'", place)
            if kind != "name":
                raise self.fail(f"'{value[:40]}' stands where a field's name belongs", place)
            self.count += 1
            if self.count > MOST:
                raise self.fail(f"has more than {MOST:,} fields", place)
            self.field(made, value, place, depth)

    def field(self, made: Message, name: str, place: Span, depth: int) -> None:
        values = made.fields.setdefault(name, [])
        colon = self.kind == "mark" and self.value == ":"
        if colon:
            self.step()
        if self.kind == "mark" and self.value in CLOSING:
            values.append(self.message(CLOSING[self.step()[1]], depth + 1, place))
        elif not colon:
            raise self.fail(f"'{name[:40]}' has no value", place)
        elif self.kind == "mark" and self.value == "[":
            self.step()
            while not (self.kind == "mark" and self.value == "]"):
                if self.kind == "mark" and self.value == ",":
                    self.step()
                    continue
                values.append(self.scalar(name))
            self.step()
        else:
            values.append(self.scalar(name))

    def scalar(self, name: str) -> PrototextValue:
        kind, value, span = self.step()
        if kind not in ("text", "name", "number"):
            raise self.fail(f"'{name[:40]}' has no value", span)
        return PrototextValue(value[1:-1] if kind == "text" else value, span)
