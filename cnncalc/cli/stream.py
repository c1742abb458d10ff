"""What the program prints, on its way out: no line of it is a command to the program that reads it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND = re.compile(r"^(?P<before>\s*)(?P<sign>::|##\[|##vso\[)", re.MULTILINE)
"""How a line begins that a CI service takes for a command of its own."""

HIDDEN = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Characters that a terminal obeys or that turn the order of text: DEL, C1 controls, line separators, bidi marks."""


def escaped(character: str) -> str:
    """Return a character as an escape that JSON reads back and a person can see."""
    return f"\\u{ord(character):04x}"


def harmless(text: str, *, fresh: bool = True) -> str:
    """Return text in which no line begins a command and no character is obeyed; JSON stays the same JSON.

    Args:
        text: what is to be printed.
        fresh: whether it starts a line.
    """

    def changed(match: re.Match[str]) -> str:
        if not match.start() and not fresh:
            return match[0]
        sign = match["sign"]
        return match["before"] + escaped(sign[0]) + sign[1:]

    return COMMAND.sub(changed, HIDDEN.sub(lambda match: escaped(match[0]), text))


class Harmless:
    """A stream that prints text harmlessly; `plain` is the stream itself, for what is meant as commands.

    `before` is called before anything is printed.
    """

    def __init__(self, plain: TextIO, before: Callable[[], None] = lambda: None) -> None:
        self.plain = plain
        self._fresh = True
        self._before = before

    def write(self, text: str) -> int:
        """Print text; return how many characters were given.

        Raises:
            TypeError: it is bytes, as for any stream of text.
        """
        if not isinstance(text, str):
            raise TypeError(f"write() takes text, got {type(text).__name__}")
        if text:
            self._before()
            self.plain.write(harmless(text, fresh=self._fresh))
            self._fresh = text.endswith("\n") or (self._fresh and not text.strip())
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Print lines."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)
