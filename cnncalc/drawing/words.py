"""What stands in a box: the lines of a layer or block, short enough for a picture, and how wide they are."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.drawing.scene import MERGED, family
from cnncalc.render import format as fmt
from cnncalc.render.arguments import label, word, words
from cnncalc.values.diagnostics import one_line

if TYPE_CHECKING:
    from cnncalc.drawing.scene import Box
    from cnncalc.results.layer import Layer
    from cnncalc.values.shape import Shape

TIMES = "\N{MULTIPLICATION SIGN}"
NARROW = "fijlrtI.,:;'|![]()/- "
WIDE = "mwMW@%"
LIMIT = 27
"""Characters of an operator's arguments in a box."""
PATH_LIMIT = 24
QUIET = ("no bias", "padding")
"""Arguments that a picture can do without: the shapes show them."""


class BoxLine(NamedTuple):
    """One line of a box: a strong part, a plain part, and one at the right."""

    strong: str
    plain: str = ""
    right: str = ""


def width(text: str, size: float = 11.0) -> float:
    """Return how wide text is, in pixels, at most: of a common sans-serif face, whichever is there."""
    return sum(map(_em, text)) * size


def _em(character: str) -> float:
    """Return how wide a character is, in parts of its height."""
    if character in NARROW:
        return 0.34
    if character in WIDE:
        return 0.92
    if character.isupper():
        return 0.68
    return 0.59 if ord(character) < 0x2000 else 1.0


def shorten(text: str, limit: int) -> str:
    """Return text of at most so many characters, its middle left out where it is longer."""
    text = one_line(text)
    if len(text) <= limit:
        return text
    head = (limit - 1) // 3
    return f"{text[:head]}…{text[len(text) - (limit - 1 - head):]}"


def shape_text(shape: Shape | None, last: Shape | None = None) -> str:
    """Return a shape as people write it; of repetitions that widen, the first and last channels: `96..256x56x56`."""
    if shape is None:
        return ""
    text = TIMES.join(map(str, shape))
    if last is not None and last != shape and last.spatial == shape.spatial:
        return TIMES.join((f"{shape.channels}…{last.channels}", *map(str, shape.spatial)))
    return text


def arguments(layer: Layer, limit: int = LIMIT) -> str:
    """Return a layer's arguments in a few words, the quiet ones only where there is room."""
    parts = list(layer.given)
    while len(", ".join(words(parts))) > limit and (quiet := [x for x in parts if label(x).startswith(QUIET)]):
        del parts[max(number for number, x in enumerate(parts) if x is quiet[-1])]
    return shorten(", ".join(word(x) for x in parts if label(x) != "no bias"), limit)


def contents(box: Box) -> str:
    """Return what a folded block consists of: `4 conv, add`."""
    counts = Counter(layer.op for layer in box.shown if family(layer.op) not in MERGED)
    most = counts.most_common(3)
    text = ", ".join(f"{count} {op}" if count > 1 else op for op, count in most)
    return shorten(text + (", …" if len(counts) > 3 else ""), LIMIT + 6)


def company(box: Box) -> str:
    """Return what else stands in a layer's box: `batch_norm, relu` behind it, `after layer_norm` before it."""
    assert box.head is not None  # noqa: S101 - a box of layers has one that names it
    here = box.shown.index(box.head)
    before = ", ".join(layer.op for layer in box.shown[:here])
    behind = ", ".join(layer.op for layer in box.shown[here + 1 :])
    both = [f"after {before}"] if before else []
    return shorten("; ".join(both + ([f"+ {behind}"] if behind else [])), LIMIT + 6)


def share_text(part: int, whole: int) -> str:
    """Return a part of a whole as a percentage."""
    tenths = (part * 2000 + whole) // (2 * whole)
    if part and not tenths:
        return "<0.1 %"
    return f"{tenths / 10:.1f} %" if tenths < 100 else f"{(tenths + 5) // 10} %"


def lines(box: Box, limit: int = PATH_LIMIT, *, scoped: bool = True) -> list[BoxLine]:
    """Return the lines of a box.

    Args:
        box: what stands in it.
        limit: characters of its path.
        scoped: its path inside its frame, which bears the rest.
    """
    shape = shape_text(box.shape, box.last)
    path = shorten((scoped and box.name) or box.path, limit)
    if box.head is None and box.kind != "block":
        return [BoxLine(path, "", shape)]
    times = f"{TIMES}{box.times}" if box.times > 1 else ""
    if box.head is None:
        return [BoxLine(path, times), BoxLine("", contents(box)), BoxLine("", "", shape)]
    found = [BoxLine(box.head.op, " ".join(filter(None, (arguments(box.head), times))))]
    if len(box.shown) > 1:
        found.append(BoxLine("", company(box)))
    found.append(BoxLine("", path, shape))
    return found


def field_line(box: Box, *, field: bool) -> list[BoxLine]:
    """Return the line with the receptive field of what a box makes, if it is asked for and there is one."""
    if not field or not box.layers or not box.layers[-1].receptive_field:
        return []
    last = box.layers[-1]
    return [BoxLine("", "field", "the whole input" if last.is_global else fmt.axes(last.receptive_field))]


def amount(box: Box, key: str) -> str:
    """Return a sum over a box's layers as people read it."""
    found = box.total(key)
    return fmt.UNKNOWN if found is None else fmt.human(found)
