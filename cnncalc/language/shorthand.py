"""Layers in a line: `conv 64 k3 s2 p1; max_pool 2`, the words in which tables print them.

An item is an operator, its main argument, letters with sizes (`k3`, `s2`, `p1`, `d2`, `g32`; `k3x5` names each axis,
`p half` is a word), and `name=value` for every other argument; `;` or ` -> ` joins items, `+ batch_norm` and
`+ relu` after a layer are its norm and activation. What is left out is not guessed: the language's defaults hold.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cnncalc.language.document import Spec
from cnncalc.language.file import template
from cnncalc.language.python_data import from_python
from cnncalc.language.tree import Scalar, Seq
from cnncalc.ops.base import find
from cnncalc.ops.hints import operator_hint
from cnncalc.values.diagnostics import Collector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.language.tree import Node

LETTERS = {"k": "kernel", "s": "stride", "p": "padding", "d": "dilation", "g": "groups"}
SIZED = re.compile(r"([kspdg])(\d+(?:x\d+)*)")
BETWEEN = re.compile(r";|\s->\s")
SIZE = re.compile(r"\d+(?:x\d+)+")
GRAMMAR = "OPERATOR MAIN kN sN pN dN gN, k3x5, p half, name=value; joined by ;"


def spec_of(text: str, shape: Sequence[int] | None = None, name: str = "calc") -> Spec:
    """Return the network of a line of layers, whose findings stand at the layer in the line.

    Raises:
        SpecError: a layer is wrong whatever it reads.
        ValueError: a word cannot be read; the message names it and the grammar.
    """
    data: dict[str, Any] = {"name": name, "layers": layers_of(text)}
    if shape is not None:
        data["input"] = list(shape)
    root = from_python(data)
    layers = root.get("layers")
    assert isinstance(layers, Seq)
    for item, (start, length) in zip(layers.items, _places(text), strict=True):
        _stamp(item, start + 1, length, text)
    collector = Collector(lines=(text,))
    found = Spec(template(root, collector))
    collector.raise_if_errors()
    return found


def _places(text: str) -> list[tuple[int, int]]:
    """Return where the items of a line begin, and how long they are."""
    found, start = [], 0
    for part in BETWEEN.split(text):
        begin = text.index(part, start)
        start = begin + len(part)
        if part.strip():
            found.append((begin + len(part) - len(part.lstrip()), len(part.strip())))
    return found


def _stamp(node: Node, column: int, length: int, line: str) -> None:
    """Give a node and all in it the place of an item in a line, and a word the place where it stands itself."""
    node.line, node.column, node.length = 1, column, length
    if isinstance(node, Scalar):
        found = line.find(node.text, column - 1, column - 1 + length) if isinstance(node.value, str) else -1
        if found >= 0 and node.text:
            node.column, node.length, node.plain = found + 1, len(node.text), True
        return
    children = node.items if isinstance(node, Seq) else [part for entry in node.entries for part in entry]
    for child in children:
        _stamp(child, column, length, line)


def layers_of(text: str) -> list[Any]:
    """Return the items of a spec's `layers:`.

    Raises:
        ValueError: a word cannot be read; the message names it and the grammar.
    """
    items = [_item(part) for part in BETWEEN.split(text) if part.strip()]
    if not items:
        raise ValueError(f"there is no layer; write {GRAMMAR}")
    return items


def _item(text: str) -> Any:
    first, *after = text.replace(",", " ").split("+")
    words = first.split()
    if not words:
        raise ValueError(f"there is no operator before '+' in '{text.strip()}'")
    if find(words[0]) is None:
        raise ValueError(f"no operator is called '{words[0]}': {operator_hint(words[0])}")
    name, arguments = words[0], _arguments(words[0], words[1:])
    for part in after:
        fused = part.split()
        cls = find(fused[0]) if fused else None
        if cls is None or not cls.role:
            hint = f": {operator_hint(fused[0])}" if fused and cls is None else ""
            raise ValueError(f"'+{part.rstrip()}' is no norm or activation{hint}")
        key = cls.role
        if key in arguments:
            raise ValueError(f"'{text.strip()}' has two of '{key}'")
        given = _arguments(fused[0], fused[1:])
        arguments[key] = {cls.name: given} if given else cls.name
    return {name: arguments} if arguments else name


def _arguments(name: str, words: list[str]) -> dict[str, Any]:
    cls = find(name)
    main = next((arg.name for arg in cls.args.values() if arg.main), None) if cls is not None else None
    found: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        key, equals, value = word.partition("=")
        if sized := SIZED.fullmatch(word):
            key, value = LETTERS[sized[1]], sized[2]
        elif word in LETTERS:
            key, value = LETTERS[word], next(rest, "")
        elif not equals:
            key, value = main or "", word
        if not key or not value:
            raise ValueError(f"'{word}' of '{name}' cannot be read; write {GRAMMAR}")
        if key in found and key == main and value == word:
            raise ValueError(f"'{name}' is given '{key}' twice, also by '{word}'; write {GRAMMAR}")
        if key in found:
            raise ValueError(f"'{name}' is given '{key}' twice")
        found[key] = _value(value)
    return found


def _value(text: str) -> Any:
    if SIZE.fullmatch(text):
        return [int(part) for part in text.split("x")]
    if text.isascii() and text.isdecimal():
        return int(text)
    return {"true": True, "false": False}.get(text, text)
