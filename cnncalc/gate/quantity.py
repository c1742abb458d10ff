"""Quantities as people write them (`300M`, `12 MiB`, `2%`), read exactly and shown with the exact number beside."""

from __future__ import annotations

import math
import re
from enum import Enum
from fractions import Fraction

from cnncalc.language.literals import LiteralError, Number, exact, parse_number


class Unit(Enum):
    """What a number counts: things, bytes, input pixels, or a part of a whole."""

    COUNT = "count"
    BYTES = "bytes"
    PIXELS = "pixels"
    SHARE = "share"


THOUSANDS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15}
BYTES = {
    "B": 1,
    "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip
MAX_DECIMALS = 6
"""A change has at most this many decimals."""
_WRITTEN = re.compile(r"([^\s].*?[0-9.]|[0-9])\s*([A-Za-z%]*)", re.DOTALL)


class QuantityError(ValueError):
    """A quantity that is refused.

    Attributes:
        message: one line with the text received.
        hint: how to write it.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def parse_quantity(written: object, unit: Unit) -> Number:
    """Return the exact value of a quantity: an int, or a Fraction for a share.

    Counts take `k M G T P` (powers of 1000), bytes also `B kB MB .. KiB MiB ..`, shares a percentage or a number up
    to 1.

    Raises:
        QuantityError: it is no quantity of this unit, negative, not finite, not whole, or has separators in it.
    """
    number, suffix = _split(written)
    if unit is Unit.SHARE:
        return _share(written, number, suffix)
    if suffix == "%":
        raise QuantityError(f"{_shown(written)} is a percentage and this is no share", "write a number, such as 300M")
    factor = THOUSANDS.get(suffix)
    if factor is None and suffix in BYTES:
        if unit is not Unit.BYTES:
            raise QuantityError(f"{_shown(written)} is in bytes and this is {_UNIT_WORDS[unit]}",
                                "bytes are for model_size and memory_access_bytes")  # fmt: skip
        factor = BYTES[suffix]
    if factor is None:
        raise _unknown_suffix(written, suffix, unit)
    value = exact(Fraction(number) * factor)
    if not isinstance(value, int):
        raise QuantityError(f"{_shown(written)} is not a whole number", "write a whole number, or a suffix: 1.5k, 4.1G")
    return value


def parse_percentage(written: object) -> Fraction | None:
    """Return the value of `2%` as a fraction, or None when the text does not end in a percent sign.

    Raises:
        QuantityError: what stands before the sign is no number, or negative.
    """
    if not isinstance(written, str) or not written.strip().endswith("%"):
        return None
    number, _ = _split(written)
    return Fraction(number) / 100


_UNIT_WORDS = {Unit.COUNT: "a plain number", Unit.PIXELS: "positions of the input", Unit.BYTES: "bytes",
               Unit.SHARE: "a share"}  # fmt: skip


def _split(written: object) -> tuple[Number, str]:
    """Return the number in front and the suffix behind it."""
    if isinstance(written, bool) or written is None or not isinstance(written, str | int | float | Fraction):
        word = "nothing" if written is None else str(written).lower() if isinstance(written, bool) else repr(written)
        raise QuantityError(f"{word} is not a quantity", "write a number such as 300M, 4.1G or 12000")
    if isinstance(written, float):
        if not math.isfinite(written):
            raise QuantityError(f"{written} is not a finite number", "write a finite number")
        written = Fraction(repr(written))
    if isinstance(written, int | Fraction):
        value: Number | None = exact(Fraction(written))
        suffix = ""
    else:
        match = _WRITTEN.fullmatch(written.strip())
        if match is None or match[1][:2] in {"0x", "0o"}:
            raise QuantityError(f"{_shown(written)} is not a quantity", "write a number such as 300M, 4.1G or 12000")
        try:
            value = parse_number(match[1])
        except LiteralError as error:
            raise QuantityError(error.message, error.hint) from None
        suffix = match[2]
    if value is None:
        raise QuantityError(f"{_shown(written)} is not a quantity", "write a number such as 300M, 4.1G or 12000")
    if value < 0:
        raise QuantityError(f"{_shown(written)} is negative", "limits are zero or more")
    return value, suffix


def _share(written: object, number: Number, suffix: str) -> Number:
    if suffix not in {"", "%"}:
        raise QuantityError(f"{_shown(written)} is not a share", "write a percentage, such as 10%, or a number up to 1")
    value = Fraction(number) / (100 if suffix else 1)
    if value > 1:
        hint = f"write {number}%" if not suffix and number <= 100 else "a share is at most 100%"
        raise QuantityError(f"{_shown(written)} is more than the whole", hint)
    return exact(value)


def _unknown_suffix(written: object, suffix: str, unit: Unit) -> QuantityError:
    near = {"K": "k", "m": "M", "g": "G", "b": "G", "B": "G", "KB": "kB", "kb": "kB", "mb": "MB", "gb": "GB"}
    known = (*THOUSANDS, *BYTES) if unit is Unit.BYTES else tuple(THOUSANDS)
    listed = ", ".join(name for name in known if name)
    proposal = near.get(suffix)
    hint = f"did you mean '{proposal}'? known are {listed}" if proposal in known else f"known suffixes are {listed}"
    return QuantityError(f"{_shown(written)} has an unknown suffix '{suffix}'", hint)


def _shown(written: object) -> str:
    text = str(written)
    return f"'{text if len(text) <= 40 else text[:37] + '...'}'"


def rounded(value: Number, unit: Unit = Unit.COUNT) -> str | None:
    """Return a number to three digits with its suffix, or None where that is no shorter than the exact one."""
    whole = round(value)
    if unit is Unit.BYTES:
        steps = [(2**40, " TiB"), (2**30, " GiB"), (2**20, " MiB"), (2**10, " KiB")]
    elif unit is Unit.COUNT:
        steps = [(10**15, "P"), (10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")]
    else:
        return None
    place = next((place for place, (size, _) in enumerate(steps) if whole >= size), None)
    if place is None:
        return None
    size, suffix = steps[place]
    text = _three_digits(Fraction(whole, size))
    if place and Fraction(text) * size >= steps[place - 1][0]:
        size, suffix = steps[place - 1]
        text = _three_digits(Fraction(whole, size))
    return text + suffix


def _three_digits(value: Fraction) -> str:
    """Return a value of at least 1 to three digits, half up, trailing zeros of the fraction left out."""
    places = 2 if value < 10 else 1 if value < 100 else 0
    scaled = (value * 10**places * 2 + 1) // 2
    text = f"{scaled // 10**places}"
    if places and scaled % 10**places:
        text += "." + f"{scaled % 10**places:0{places}d}".rstrip("0")
    return text


def shown(value: Number, unit: Unit = Unit.COUNT) -> str:
    """Return a number as people read it, the exact one first: `4,089,184,256 (4.09G)`, `7.5 %`."""
    if unit is Unit.SHARE:
        return percentage(Fraction(value))
    whole = value if isinstance(value, int) else math.floor(value)
    noun = " bytes" if unit is Unit.BYTES else ""
    short = rounded(whole, unit)
    return f"{whole:,}{noun}" + (f" ({short})" if short else "")


def percentage(value: Fraction, *, up: bool = False, signed: bool = False) -> str:
    """Return a fraction as a percentage with at most two decimals, rounded down, or up where that is asked for.

    A change (`signed`) is rounded to the nearest, and has one form wherever it stands; one that would look like a whole
    percentage and is none has as many decimals as show it.
    """
    if signed:
        return _change(value)
    hundredths = math.ceil(abs(value) * 10000) if up else math.floor(abs(value) * 10000)
    text = f"{hundredths // 100:,}"
    if hundredths % 100:
        text += "." + f"{hundredths % 100:02d}".rstrip("0")
    return f"{'-' if value < 0 else ''}{text} %"


def _change(value: Fraction) -> str:
    """Return a change as a percentage with its sign."""
    size = abs(value) * 100
    decimals = 2
    while decimals < MAX_DECIMALS and size.denominator != 1 and (size * 10**decimals + Fraction(1, 2)) // 1 % 100 == 0:
        decimals += 1
    digits = int((size * 10**decimals + Fraction(1, 2)) // 1)
    text = f"{digits // 10**decimals:,}"
    if part := digits % 10**decimals:
        text += "." + f"{part:0{decimals}d}".rstrip("0")
    return f"{'-' if value < 0 else '+' if value > 0 else ''}{text} %"
