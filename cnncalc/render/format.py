"""Numbers, shapes and names as people read them: what every form of output shares. Strings in, strings out."""

from __future__ import annotations

import re
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING

from cnncalc.values.diagnostics import one_line, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnncalc.analysis.group import Amount
    from cnncalc.results.layer import Axis
    from cnncalc.results.report import Report

UNITS = ("", "k", "M", "G", "T", "P", "E")
BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
UNKNOWN = "?"
NOTHING = "-"
DIGITS = "0123456789"
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
UNIT = re.compile(r"(?:%|[kMGTPE]|(?:[kKMGTPE]i?)?B|(?:G|M|k)?Hz|[num]?s)[,;.)]*")
"""What belongs to the number before it: a line is not broken between the two."""
PLACE = re.compile(r"(\S+:\d+:\d+:) (error|warning|note): ")
"""A place and a severity: editors read them from one line."""
HANG = 4
"""What follows a broken line is indented by so much more."""


class NumberFormat(Enum):
    """How counts are written: 25,557,032, or 25557032, or 25.6 M."""

    EXACT = "exact"
    PLAIN = "plain"
    HUMAN = "human"

    def write(self, value: int) -> str:
        """Return a count as text."""
        if self is NumberFormat.HUMAN:
            return human(value)
        return f"{value:,}" if self is NumberFormat.EXACT else str(value)


def human(value: int) -> str:
    """Return a count with three significant digits and a decimal unit, `25.6 M`; below 1,000 as it is."""
    if value < 0:
        return f"-{human(-value)}"
    if value < 1000:
        return str(value)
    power = (len(str(value)) - 1) // 3
    decimals = 3 - (len(str(value)) - 3 * power)
    digits = (value * 10**decimals * 2 + 1000**power) // (2 * 1000**power)
    if digits == 1000:
        power, decimals, digits = (power + 1, 2, 100) if decimals == 0 else (power, decimals - 1, 100)
    whole, part = divmod(digits, 10**decimals)
    unit = UNITS[power] if power < len(UNITS) else f"e{3 * power}"
    return f"{whole}.{part:0{decimals}} {unit}" if decimals else f"{whole} {unit}"


def stored(value: int) -> str:
    """Return bytes as memories are sold, three digits in powers of 1,024: `97.5 MiB`; below 1,024 as they are."""
    power = 0
    while power < len(BINARY) - 1 and value >= 1024 ** (power + 1):
        power += 1
    if not power:
        return plural(value, "byte")
    size = 1024**power
    decimals = 2 if value < 10 * size else 1 if value < 100 * size else 0
    digits = (value * 10**decimals * 2 + size) // (2 * size)
    whole, part = divmod(digits, 10**decimals)
    return f"{whole:,}.{part:0{decimals}} {BINARY[power]}" if decimals else f"{whole:,} {BINARY[power]}"


def amount(value: Amount, numbers: NumberFormat) -> str:
    """Return a sum: `?` where nothing is known, `>= ` before one that leaves out an unknown part."""
    if value.value is None:
        return UNKNOWN
    return f"{'>= ' if value.lower_bound else ''}{numbers.write(value.value)}"


def count(value: int | None, numbers: NumberFormat) -> str:
    """Return one number, `?` where it is unknown."""
    return UNKNOWN if value is None else numbers.write(value)


def percent(part: int, whole: int) -> str:
    """Return a share with one decimal, rounded half up; a small one that is not nothing as `<0.1 %`."""
    tenths = (2000 * part + whole) // (2 * whole)
    return "<0.1 %" if part and not tenths else f"{tenths // 10:,}.{tenths % 10} %"


def ratio(part: int, whole: int) -> str:
    """Return a quotient with one decimal, rounded half up."""
    tenths = (20 * part + whole) // (2 * whole)
    return f"{tenths // 10:,}.{tenths % 10}"


def pixels(rank: int, number: object = "") -> str:
    """Return what places of an input with so many spatial axes are called: pixels are of images alone."""
    noun = "pixel" if rank == 2 else "position"
    return noun if str(number) == "1" else f"{noun}s"


def image(rank: int) -> str:
    """Return what an input with so many spatial axes is called."""
    return "image" if rank == 2 else "input"


def image_rank(report: Report) -> int:
    """Return how many spatial axes the first input of a network has."""
    return len(report.input[0][1].spatial) if report.input else 0


def axis(value: Axis) -> str:
    """Return a number of pixels along one axis; a fraction as a decimal where that is exact."""
    if value is None:
        return UNKNOWN
    if not isinstance(value, Fraction) or value.denominator == 1:
        return str(value)
    decimal = str(value.numerator / value.denominator)
    return decimal if "e" not in decimal and Fraction(decimal) == value else str(value)


def axes(values: Sequence[Axis]) -> str:
    """Return a value per axis: one number where all are equal, `HxW` otherwise, `-` without axes."""
    if not values:
        return NOTHING
    words = [axis(value) for value in values]
    return words[0] if len(set(words)) == 1 else "x".join(words)


def edges(values: Sequence[Axis]) -> str:
    """Return a position per axis, which may be negative: `-3`, or `(-3, 0)` where the axes differ."""
    words = [axis(value) for value in values]
    if not words:
        return NOTHING
    return words[0] if len(set(words)) == 1 else f"({', '.join(words)})"


def shapes(found: Sequence[Sequence[int]]) -> str:
    """Return the shapes of a layer's outputs or inputs: `64x112x112`, `2 of 32x28x28`."""
    words = ["x".join(map(str, shape)) for shape in found]
    if len(words) > 1 and len(set(words)) == 1:
        return f"{len(words)} of {words[0]}"
    return ", ".join(words) or NOTHING


def tally(names: Iterable[str]) -> str:
    """Return what there is and how often, in order of appearance: `3 conv, 2 relu, add`."""
    found: dict[str, int] = {}
    for name in names:
        found[name] = found.get(name, 0) + 1
    return ", ".join(f"{times:,} {name}" if times > 1 else name for name, times in found.items())


def shorten_list(text: str, width: int, *, tallied: bool = False) -> str:
    """Return a comma-separated text in at most `width` characters, whole items left out at its end.

    An ellipsis stands for what is missing, after a comma and never inside a word or number; of a tally (`3 conv, relu`)
    it is said how much is missing. A first item that does not fit is shortened as a name.
    """
    if len(text) <= width:
        return text
    items = text.split(", ")
    missing = 0
    while len(items) > 1:
        times = items.pop().split(" ")[0].replace(",", "")
        missing += int(times) if times.isdecimal() else 1
        shorter = ", ".join((*items, f"{missing:,} more" if tallied else "…"))
        if len(shorter) <= width:
            return shorter
    words = items[0].split(" ")
    while len(words) > 1:
        words.pop()
        shorter = " ".join((*words, "…"))
        if len(shorter) <= width:
            return shorter
    return shorten_name(words[0], width)


def shorten_name(name: str, width: int) -> str:
    """Return a name in at most `width` characters, its middle left out; no number of it is cut apart."""
    if len(name) <= width:
        return name
    keep = max(width - 1, 2)
    head = name[: (keep + 1) // 2].rstrip(DIGITS)
    tail = name[len(name) - keep // 2 :].lstrip(DIGITS)
    return f"{head}…{tail}"


def wrap(text: str, width: int) -> list[str]:
    """Return lines of at most `width` characters, broken at spaces only; a longer word has a line of its own."""
    lines: list[str] = []
    for word in one_line(text).split(" "):
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def hanging(text: str, width: int) -> str:
    """Return text whose lines have at most `width` characters, broken at spaces, what follows indented deeper.

    Terminal escapes take no room. A word that is longer than a line stays whole: a number is never broken, nor parted
    from its unit, nor a place from its severity.
    """
    lines = (line if seen_length(line) <= width else _hung(line, width) for line in text.split("\n"))
    return "\n".join(lines)


def seen_length(text: str) -> int:
    """Return how many characters of text are seen on a terminal."""
    return len(ESCAPE.sub("", text))


def _hung(line: str, width: int) -> str:
    seen = ESCAPE.sub("", line)
    indent = len(seen) - len(seen.lstrip(" "))
    start, _, bare = line.partition(" " * indent) if indent else ("", "", line)
    deeper = " " * min(indent + HANG, width // 2)
    lines, length, begun = [start + " " * indent], indent, False
    for word in _words(bare):
        size = seen_length(word)
        if begun and length + 1 + size > width:
            if not word:
                continue
            lines.append(deeper + word)
            length = len(deeper) + size
        else:
            lines[-1] += f" {word}" if begun else word
            length += size + begun
        begun = True
    return "\n".join(part.rstrip() for part in lines)


def _words(text: str) -> list[str]:
    """Return the pieces of a line between which it may be broken."""
    found: list[str] = []
    for word in text.split(" "):
        bare, last = ESCAPE.sub("", word), ESCAPE.sub("", found[-1]) if found else ""
        unit = last[-1:].isdigit() and UNIT.fullmatch(bare)
        if unit or PLACE.fullmatch(f"{last} {bare} "):
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found
