"""Layers in a line: `conv 64 k3 s2 p1; max_pool 2`, the words in which tables print them.

An item is an operator, its main argument, letters with sizes (`k3`, `s2`, `p1`, `d2`, `g32`; `k3x5` names each axis,
`p half` is a word), and `name=value` for every other argument; `;` or ` -> ` joins items, `+ batch_norm` and
`+ relu` after a layer are its norm and activation. What is left out is not guessed: the language's defaults hold.
"""

from __future__ import annotations

import re
from typing import Any

from cnncalc.ops.base import find

LETTERS = {"k": "kernel", "s": "stride", "p": "padding", "d": "dilation", "g": "groups"}
SIZED = re.compile(r"([kspdg])(\d+(?:x\d+)*)")
SIZE = re.compile(r"\d+(?:x\d+)+")
GRAMMAR = "OPERATOR MAIN kN sN pN dN gN, k3x5, p half, name=value; joined by ;"


def layers_of(text: str) -> list[Any]:
    """Return the items of a spec's `layers:`.

    Raises:
        ValueError: a word cannot be read; the message names it and the grammar.
    """
    items = [_item(part) for part in re.split(r";|\s->\s", text) if part.strip()]
    if not items:
        raise ValueError(f"there is no layer; write {GRAMMAR}")
    return items


def _item(text: str) -> Any:
    first, *after = text.replace(",", " ").split("+")
    words = first.split()
    if not words:
        raise ValueError(f"there is no operator before '+' in '{text.strip()}'")
    if find(words[0]) is None:
        raise ValueError(f"no operator is called '{words[0]}'; cnncalc ops lists them")
    name, arguments = words[0], _arguments(words[0], words[1:])
    for part in after:
        fused = part.split()
        cls = find(fused[0]) if fused else None
        if cls is None or not cls.role:
            raise ValueError(f"'+{part.rstrip()}' is no norm or activation")
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
