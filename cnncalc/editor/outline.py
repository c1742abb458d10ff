"""The structure of a file: an outline by section, block and item, and what can be folded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.editor.naming import last_line
from cnncalc.language.template import MODIFIERS
from cnncalc.language.tree import Map, Node, Scalar, Seq

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.editor.document import Document

SECTIONS = {"vars": "variable", "variants": "variant", "blocks": "block", "inputs": "input"}


class Entry(NamedTuple):
    """One line of an outline.

    Attributes:
        name: what it is called.
        detail: a few words beside it.
        kind: section, variable, variant, block, input or layer.
        line: its first line.
        last: its last one.
        column: the column of its name.
        children: what is in it.
    """

    name: str
    detail: str
    kind: str
    line: int
    last: int
    column: int
    children: tuple[Entry, ...] = ()


def outline(document: Document) -> list[Entry]:
    """Return the sections of a file with what is in them; of the last text that could be read."""
    names = document.names()
    if names is None:
        return []
    found = []
    for key, value in names.root.entries:
        if key.text in SECTIONS and isinstance(value, Map):
            children = tuple(_named(name, body, SECTIONS[key.text]) for name, body in value.entries)
        elif key.text == "layers":
            children = tuple(_items(value))
        elif not isinstance(value, Scalar):
            children = ()
        else:
            continue
        found.append(Entry(key.text, "", "section", key.line, last_line(value, key.line), key.column, children))
    return [moved for entry in found if (moved := _moved(entry, document)) is not None]


def _moved(entry: Entry, document: Document) -> Entry | None:
    """Return an entry where it is now, None where its first line is no more."""
    line = document.after(entry.line)
    if line is None:
        return None
    last = document.after(entry.last)
    children = tuple(moved for child in entry.children if (moved := _moved(child, document)) is not None)
    ends = [line, entry.last if last is None else last, *(child.last for child in children)]
    return entry._replace(line=line, last=min(max(ends), len(document.now.lines)), children=children)


def _named(key: Scalar, value: Node, kind: str) -> Entry:
    layers = value.get("layers") if kind == "block" and isinstance(value, Map) else None
    children = tuple(_items(layers)) if layers is not None else ()
    return Entry(key.text, "", kind, key.line, last_line(value, key.line), key.column, children)


def _items(node: Node) -> Iterator[Entry]:
    """Yield the items of a list of layers, with those of the paths in them."""
    for entry in node.items if isinstance(node, Seq) else ():
        if isinstance(entry, Scalar) and entry.text:
            yield Entry(entry.text, "", "layer", entry.line, entry.line, entry.column)
        elif isinstance(entry, Map) and len(entry):
            key, value = next(((k, v) for k, v in entry.entries if k.text not in MODIFIERS), entry.entries[0])
            label = entry.get("as")
            name = label.text if isinstance(label, Scalar) else key.text
            children = tuple(_paths(value)) if isinstance(value, Map) else ()
            yield Entry(name, key.text if name != key.text else "", "layer", key.line, last_line(entry, key.line),
                        key.column, children)  # fmt: skip


def _paths(value: Map) -> Iterator[Entry]:
    for key, path in value.entries:
        layers = path.get("layers") if isinstance(path, Map) else path
        if isinstance(layers, Seq) and any(not isinstance(entry, Scalar) for entry in layers.items):
            yield Entry(key.text, "", "section", key.line, last_line(path, key.line), key.column, tuple(_items(layers)))


class Fold(NamedTuple):
    """Lines that can be folded into the first of them."""

    first: int
    last: int
    comment: bool = False


def folds(document: Document) -> list[Fold]:
    """Return what can be folded: whatever is indented below a line, and comments of several lines."""
    lines = document.now.lines
    found: list[Fold] = []
    open_: list[tuple[int, int]] = []
    last = 0
    comment = 0
    for number, text in enumerate((*lines, "."), 1):
        content = text.lstrip(" ")
        if content.startswith("#"):
            comment = comment or number
            continue
        if comment:
            if number - 1 > comment:
                found.append(Fold(comment, number - 1, comment=True))
            comment = 0
        if not content:
            continue
        indent = len(text) - len(content) if number <= len(lines) else -1
        indent += 1 if re.match(r"-(\s|$)", content) else 0
        while open_ and open_[-1][0] >= indent:
            _, start = open_.pop()
            if last > start:
                found.append(Fold(start, last))
        open_.append((indent, number))
        last = number
    return sorted(found)

