"""A spec as the writer writes it, with every comment in its place; or the reason why that cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.language.tree import Map, Node, Scalar, Seq
from cnncalc.language.write import plain_data, to_yaml
from cnncalc.language.yaml_text import read
from cnncalc.values.diagnostics import SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence



class FormatError(ValueError):
    """A text cannot be formatted; the message says why."""


class Comment(NamedTuple):
    """A comment, with the number of the scalar that it stands behind or before.

    Attributes:
        text: from its `#` on.
        line: where it was.
        scalar: how many scalars stand before it.
        alone: it has a line of its own.
    """

    text: str
    line: int
    scalar: int
    alone: bool


def formatted(text: str) -> str:
    """Return the text of a spec as `Spec.to_yaml` writes it, comments kept.

    Raises:
        FormatError: it is no spec, it is one that was written by `expand`, or a comment would stand elsewhere.
    """
    try:
        root = read(text)[0]
    except SpecError as error:
        raise FormatError(f"it cannot be read: {error.diagnostics[0].message}") from None
    new = to_yaml(root)
    written = read(new)[0]
    if plain_data(written) != {"cnncalc": 1, **plain_data(root)}:
        raise FormatError("the writer would change what it says")
    old_places, new_places = list(_scalars(root)), list(_scalars(written))
    if "cnncalc" not in root or [s.text for s in old_places] != [s.text for s in new_places]:
        moved = _aligned(root, written)
        if moved is None:
            raise FormatError("its keys would stand in another order")
        old_places, new_places = moved
    comments = _comments(text.splitlines(), old_places)
    return _with_comments(new.splitlines(), comments, new_places)


def _aligned(root: Map, written: Map) -> tuple[list[Scalar], list[Scalar]] | None:
    """Return the scalars of both trees in one order, without the format's number, which is written first."""
    old = [s for key, value in root.entries if key.text != "cnncalc" for s in (key, *_scalars(value))]
    new = [s for key, value in written.entries if key.text != "cnncalc" for s in (key, *_scalars(value))]
    return (old, new) if [s.text for s in old] == [s.text for s in new] else None


def _scalars(node: Node) -> Iterator[Scalar]:
    """Yield the keys and values of a tree in the text's order; an empty value has no place of its own."""
    if isinstance(node, Scalar):
        if node.text or not node.plain:
            yield node
    elif isinstance(node, Seq):
        for entry in node.items:
            yield from _scalars(entry)
    else:
        for key, value in node.entries:
            yield key
            yield from _scalars(value)


def _comments(lines: Sequence[str], places: Sequence[Scalar]) -> list[Comment]:
    """Return the comments of a text."""
    by_line: dict[int, list[Scalar]] = {}
    for scalar in places:
        by_line.setdefault(scalar.line, []).append(scalar)
    order = {id(scalar): number for number, scalar in enumerate(places)}
    found = []
    before = 0
    for number, line in enumerate(lines, 1):
        here = by_line.get(number, [])
        start = _comment_start(line)
        if here:
            before = max(order[id(scalar)] for scalar in here) + 1
        if start is not None:
            found.append(Comment(line[start:].rstrip(), number, before, alone=not line[:start].strip()))
    return found


def _comment_start(line: str) -> int | None:
    """Return where a comment starts in a line that no text of several lines goes over."""
    quote = ""
    for place, character in enumerate(line):
        if quote:
            if character == quote and (quote == "'" or line[place - 1] != "\\"):
                quote = ""
        elif character in {'"', "'"} and (not place or line[place - 1] in " [{,:-"):
            quote = character
        elif character == "#" and (not place or line[place - 1] in " \t"):
            return place
    return None


def _with_comments(lines: list[str], comments: Sequence[Comment], places: Sequence[Scalar]) -> str:
    """Return written lines with comments put in.

    Raises:
        FormatError: two comments would stand on one line, or one in the middle of one.
    """
    behind: dict[int, str] = {}
    above: dict[int, list[str]] = {}
    for comment in comments:
        if comment.alone:
            following = places[comment.scalar] if comment.scalar < len(places) else None
            there = following.line if following is not None else len(lines) + 1
            if comment.scalar and places[comment.scalar - 1].line == there:
                raise FormatError(f"the comment in line {comment.line} would have no line of its own")
            above.setdefault(there, []).append(comment.text)
        else:
            there = places[comment.scalar - 1].line if comment.scalar else 1
            if there in behind:
                raise FormatError(f"the comment in line {comment.line} would stand behind another one")
            behind[there] = comment.text
    result = []
    for number, line in enumerate((*lines, ""), 1):
        indent = line[: len(line) - len(line.lstrip())]
        result += [indent + text for text in above.get(number, ())]
        if number <= len(lines):
            result.append(f"{line}  {behind[number]}" if number in behind else line)
    return "\n".join(result) + "\n"
