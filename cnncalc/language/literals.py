"""Number literals of the spec language: the YAML 1.2 core schema, read exactly, without its ambiguous forms."""

from __future__ import annotations

import re
from fractions import Fraction

from cnncalc.numbers.doors import recording

Number = int | Fraction

BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
"""The spellings of the two booleans in the YAML 1.2 core schema."""

MAX_NUMBER = 2**63
"""Numbers written in a spec stay below this magnitude; results may be of any size."""

_MAX_CHARACTERS = 200
_MAX_EXPONENT = 400

_WHOLE = re.compile(r"[-+]?[0-9]+")
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE]([-+]?[0-9]+))?")
# Rare forms stay text: a pattern is compiled, and kept by `re`, when a file first has one.
_PREFIXED = r"0o[0-7]+|0x[0-9a-fA-F]+"
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]")
_UNDERSCORED = r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9_]+)?|0[ox][0-9a-fA-F_]+"
_COMMAS = r"[-+]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?"
_NOT_FINITE = r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"


class LiteralError(ValueError):
    """A literal that looks like a number and is refused.

    Attributes:
        code: kebab-case name of the kind of error.
        message: one line with the literal in it.
        hint: how to write the number.
    """

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


def exact(value: Number) -> Number:
    """Return a number in its one form: an int when it is whole, a Fraction otherwise.

    One that records stays as it is, so that no question about it is asked before it matters.
    """
    if type(value) is int or recording(value):
        return value
    return value.numerator if value.denominator == 1 else value


def check_magnitude(value: Number, text: str) -> Number:
    """Return the value when its magnitude is below 2^63.

    Raises:
        LiteralError: it is not.
    """
    if -MAX_NUMBER < value < MAX_NUMBER:
        return value
    raise LiteralError("number-too-large", f"number {_short(text)} is too large",
                       "numbers written in a spec must be smaller than 2^63")


def parse_number(text: str) -> Number | None:
    """Return the exact value of a number, or None when the text is no number.

    Whole numbers come back as int however they are written (`1e6`, `64.0`), all others as Fraction.

    Raises:
        LiteralError: for `010`, `1_000`, `1,000`, `.inf`, `.nan` and numbers out of bounds.
    """
    if _WHOLE.fullmatch(text):
        if _LEADING_ZERO.match(text):
            raise _leading_zero(text)
        return check_magnitude(int(text), text) if len(text) <= _MAX_CHARACTERS else _refuse_length(text)
    if decimal := _DECIMAL.fullmatch(text):
        if _LEADING_ZERO.match(text):
            raise _leading_zero(text)
        if len(text) > _MAX_CHARACTERS:
            _refuse_length(text)
        if decimal[1] and abs(int(decimal[1])) > _MAX_EXPONENT:
            raise LiteralError("number-too-large", f"the exponent of {_short(text)} is out of bounds",
                               f"keep exponents between -{_MAX_EXPONENT} and {_MAX_EXPONENT}")
        return check_magnitude(exact(Fraction(text)), text)
    if re.fullmatch(_PREFIXED, text):
        return check_magnitude(int(text, 0), text) if len(text) <= _MAX_CHARACTERS else _refuse_length(text)
    if "_" in text and re.fullmatch(_UNDERSCORED, text):
        raise LiteralError("number-separator", f"number {_short(text)} has underscores in it",
                           f"write {_short(text.replace('_', ''))}")
    if "," in text and re.fullmatch(_COMMAS, text):
        raise LiteralError("number-separator", f"number {_short(text)} has commas in it",
                           f"write {_short(text.replace(',', ''))}, or [a, b, c] for a list")
    if re.fullmatch(_NOT_FINITE, text):
        raise LiteralError("not-finite", f"{text} is not a finite number", "write a finite number")
    return None


def _leading_zero(text: str) -> LiteralError:
    sign, digits = (text[0], text[1:]) if text[0] in "+-" else ("", text)
    significant = digits.lstrip("0") or "0"
    hint = f"write {sign}{_short(significant)}"
    if not sign and re.fullmatch(r"[1-7][0-7]{0,20}", significant):
        hint += f", or 0o{significant} if it is octal"
    return LiteralError("leading-zero", f"number {_short(text)} starts with a zero and could be read as octal", hint)


def _refuse_length(text: str) -> Number:
    raise LiteralError("number-too-large", f"number {_short(text)} has {len(text)} characters",
                       f"write numbers with at most {_MAX_CHARACTERS} characters")


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:20]}...{text[-10:]}"
