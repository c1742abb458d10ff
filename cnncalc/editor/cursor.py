"""What is around the cursor: the keys and lists that lead to it, read line by line, so that a half-written line does.

No YAML reader gets over a line that is being typed. This one knows indentation, `- `, `key:`, braces and quotes, which
is all that a spec has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.editor.text import Position

KEY = re.compile(r"""("(?:[^"\\]|\\.)*"|'[^']*'|[^\s\[\]{},"'#&*!|>%@`-][^#:]*?|-[^\s#:][^#:]*?)\s*:(?=\s|$)""")
WORD = re.compile(r"[$A-Za-z_][A-Za-z0-9_.]*$|$")
BEHIND = "\0"
"""What stands for a place behind the end of a value, where nothing is typed."""
DASH = re.compile(r"-(?:\s+|$)")


@dataclass(slots=True)
class CursorFrame:
    """A mapping or a list that is open at the cursor.

    Attributes:
        kind: map or seq.
        indent: columns before it.
        flow: it is written in braces or brackets.
        key: of a mapping, the key whose value is being read; None before a key's colon.
        keys: the keys before the cursor.
        line: where it starts.
    """

    kind: str
    indent: int
    flow: bool
    line: int
    key: str | None = None
    keys: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Cursor:
    """What is around a position.

    Attributes:
        frames: what is open, from the outside in.
        on_key: a key of the last frame is being typed.
        typed: what stands there before the cursor, of the scalar that is being typed.
        bare: the scalar stands in block style: it may still become the key of a mapping of its own.
    """

    frames: list[CursorFrame]
    on_key: bool
    typed: str
    bare: bool = False

    @property
    def word(self) -> str:
        """The name at the end of what is typed."""
        found = WORD.search(self.typed)
        return found[0] if found else ""


class _Scanner:
    """One pass over the lines before a position."""

    def __init__(self) -> None:
        self.stack: list[CursorFrame] = []
        self.token = ""
        self.bare = False
        self.on_key = False
        self.number = 0
        self.quote = ""

    @property
    def top(self) -> CursorFrame | None:
        return self.stack[-1] if self.stack else None

    def line(self, text: str, *, last: bool) -> None:
        self.number += 1
        if self.stack and self.stack[-1].flow and not self.abandoned(text):
            self.token += " " if self.token and self.token.strip() else ""
            self.flow(text)
            return
        self.token, self.on_key, self.bare = "", False, False
        column = len(text) - len(text.lstrip(" "))
        content = text[column:]
        if content.startswith("#") or (not content and not last):
            if last:
                self.token = content
            return
        self.dedent(column)
        dashed = False
        while dash := DASH.match(content):
            self.enter_list(column)
            column += dash.end()
            content = content[dash.end() :]
            dashed = True
        top = self.top
        while not dashed and top is not None and top.kind == "seq" and top.indent >= column:
            self.stack.pop()
            top = self.top
        self.content(content, column, dashed=dashed)

    def abandoned(self, text: str) -> bool:
        """Return whether a line is too far left to continue the open braces, which somebody has not closed yet."""
        outer = max((frame.indent for frame in self.stack if not frame.flow), default=-1)
        content = text.lstrip(" ")
        if not content or len(text) - len(content) > outer:
            return False
        self.stack = [frame for frame in self.stack if not frame.flow]
        self.quote = ""
        return True

    def dedent(self, column: int) -> None:
        while self.stack and self.stack[-1].indent > column:
            self.stack.pop()

    def enter_list(self, column: int) -> None:
        self.dedent(column)
        top = self.top
        if top is None or top.kind == "map" or top.indent < column:
            self.stack.append(CursorFrame("seq", column, flow=False, line=self.number))

    def content(self, content: str, column: int, *, dashed: bool) -> None:
        """Read what stands behind the dashes of a line."""
        key = KEY.match(content)
        top = self.top
        here = top is not None and top.kind == "map" and top.indent == column and not dashed
        if key is None:
            if content[:1] in {"{", "["}:
                self.flow(content)
            else:
                self.scalar(content)
                self.on_key = here or not self.stack
                self.bare = True
            return
        if not here:
            self.stack.append(CursorFrame("map", column, flow=False, line=self.number))
        frame = self.stack[-1]
        frame.key = key[1].strip("\"'")
        frame.keys.append(frame.key)
        rest = content[key.end() :]
        if rest.lstrip()[:1] in {"{", "["}:
            self.flow(rest.lstrip())
        else:
            self.scalar(rest.lstrip())

    def scalar(self, text: str) -> None:
        comment = re.search(r"(?:^|\s)#", text)
        self.token = text if comment is None or text[:1] in {'"', "'"} else text + BEHIND

    def flow(self, text: str) -> None:
        """Read braces and brackets to the end of a line, or of the outermost of them."""
        before = ""
        for place, character in enumerate(text):
            if self.quote:
                self.token += character
                if character == self.quote and before != "\\":
                    self.quote = ""
            elif character in {'"', "'"} and not self.token.strip():
                self.quote = character
                self.token += character
            elif character == "#" and (not place or before.isspace()):
                self.token = ""
                return
            elif character in "{[":
                kind = "map" if character == "{" else "seq"
                self.stack.append(CursorFrame(kind, 10**6, flow=True, line=self.number))
                self.token = ""
            elif character in "}]":
                self.token = BEHIND
                if self.stack and self.stack[-1].flow:
                    self.stack.pop()
                if not self.stack or not self.stack[-1].flow:
                    return
            elif character == ",":
                self.token = ""
                if self.stack[-1].kind == "map":
                    self.stack[-1].key = None
            elif character == ":" and text[place + 1 : place + 2].strip() == "" and self.stack[-1].kind == "map":
                if self.stack[-1].key is None:
                    self.stack[-1].key = self.token.strip().strip("\"'")
                    self.stack[-1].keys.append(self.stack[-1].key)
                    self.token = ""
            else:
                self.token += character
            before = character


def cursor(lines: Sequence[str], at: Position) -> Cursor | None:
    """Return what is around a position; None in a comment, or behind the end of a value."""
    scanner = _Scanner()
    for text in lines[: at.line - 1]:
        scanner.line(text, last=False)
    here = lines[at.line - 1][: at.column - 1] if at.line <= len(lines) else ""
    scanner.line(here, last=True)
    typed = scanner.token.lstrip()
    if BEHIND in typed or typed.startswith("#"):
        return None
    top = scanner.top
    on_key = scanner.on_key
    if top is not None and top.flow:
        on_key = top.kind == "map" and top.key is None
    return Cursor(scanner.stack, on_key, typed, scanner.bare)


def keys_behind(lines: Sequence[str], at: Position, frame: CursorFrame) -> list[str]:
    """Return the keys of an open mapping that stand behind the cursor."""
    if frame.flow:
        return _flow_keys(lines[at.line - 1][at.column - 1 :] if at.line <= len(lines) else "")
    found = []
    for text in lines[at.line :]:
        indent = len(text) - len(text.lstrip(" "))
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        if indent < frame.indent or (indent == frame.indent and DASH.match(text[indent:])):
            break
        if indent == frame.indent and (key := KEY.match(text[indent:])):
            found.append(key[1].strip("\"'"))
    return found


def _flow_keys(rest: str) -> list[str]:
    depth, token, found = 0, "", []
    for character in rest:
        if character in "{[":
            depth += 1
        elif character in "}]":
            depth -= 1
            if depth < 0:
                break
        elif depth == 0 and character == ":":
            found.append(token.strip())
        elif depth == 0 and character == ",":
            token = ""
            continue
        token = token + character if character not in "{[" else ""
    return [key for key in found if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key)]
