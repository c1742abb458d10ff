"""Sizes as people write them: `3x3` and `1x49x10` are lists; what merely looks like one gets the list as its hint.

Read are plain decimal integers. A tuple, a list in quotes and a hexadecimal number are refused, since each means
something else in YAML: a text, a text, and one number.
"""

from __future__ import annotations

import re

from cnncalc.language.tree import Node, Scalar, Seq

TIMES = re.compile(r"[0-9]{1,18}(?:x[0-9]{1,18})+")
OPEN_TIMES = re.compile(r"(?:[0-9]{1,18}|\?)(?:x(?:[0-9]{1,18}|\?))+")
BRACKETS = re.compile(r"[\[(]\s*(-?[0-9]{1,18}(?:\s*,\s*-?[0-9]{1,18})*)\s*,?\s*[\])]")
PREFIXED = re.compile(r"0[xo]([0-9]+)|0[xo][0-9a-fA-F]+")
OPEN = frozenset({"?", "None", "none", "null", "~", "-1", "*", ""})
"""How an extent is written that is not known."""
TRIED = (8, 16, 24, 28, 32, 48, 64, 96, 112, 128, 160, 192, 224, 256, 288, 299, 320, 384, 416, 448, 512, 640)
"""Sizes that are tried for inputs whose sizes are open."""


def as_list(node: Scalar, *, may_be_open: bool = False) -> Seq | None:
    """Return `3x5` as the list `[3, 5]`, each entry where its number stands; None where it is no such size.

    Args:
        node: what is written.
        may_be_open: a `?` may stand for an extent: `3x?x?`.
    """
    if not isinstance(node.value, str) or not (OPEN_TIMES if may_be_open else TIMES).fullmatch(node.text):
        return None
    entries: list[Node] = []
    offset = 0 if node.plain else 1
    for text in node.text.split("x"):
        value = text if text == "?" else int(text)
        entries.append(Scalar(value, True, text, node.line, node.column + offset, len(text)))
        offset += len(text) + 1
    return Seq(entries, node.line, node.column, node.length)


def meant(node: Scalar) -> str | None:
    """Return the list that is meant by a tuple, by a list in quotes or by `0x1`; None where none is."""
    if isinstance(node.value, str) and (found := BRACKETS.fullmatch(node.text.strip())):
        return f"[{', '.join(part.strip() for part in found[1].split(','))}]"
    if isinstance(node.value, int) and (found := PREFIXED.fullmatch(node.text)):
        return f"[0, {int(found[1])}]" if node.text[1] == "x" and found[1] else f"{node.value}"
    return None


def torn_tuple(texts: list[str]) -> str | None:
    """Return the list that is meant by the pieces of a tuple that commas inside { } have torn: `(3` and `3)`."""
    found = BRACKETS.fullmatch(", ".join(texts))
    return f"[{', '.join(part.strip() for part in found[1].split(','))}]" if found else None


def open_axes(node: Node | None) -> list[int]:
    """Return the places of a shape whose extents are not known."""
    entries = node.items if isinstance(node, Seq) else []
    return [
        place for place, entry in enumerate(entries)
        if isinstance(entry, Scalar) and (entry.value is None or entry.text in OPEN)
    ]  # fmt: skip


def filled(node: Node, size: int) -> tuple[int, ...] | None:
    """Return a shape with one size for all its open axes; None where its channels or others are not known."""
    entries = node.items if isinstance(node, Seq) else []
    places = open_axes(node)
    values = [entry.value if isinstance(entry, Scalar) else None for entry in entries]
    shape = [size if place in places else value for place, value in enumerate(values)]
    whole = all(isinstance(value, int) and value > 0 for value in shape)
    return tuple(shape) if shape and whole and 0 not in places else None  # type: ignore[arg-type]
