"""Cells of CSV, as spreadsheets read them."""

from __future__ import annotations

from cnncalc.values.diagnostics import one_line


def guarded(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: text that begins like one gets an apostrophe."""
    text = one_line(text)
    if text[:1] in {"=", "+", "-", "@", "\t", "\r"} and text != "-" and not is_number(text):
        return f"'{text}"
    return text


def is_number(text: str) -> bool:
    """Return whether a cell is a plain number."""
    digits = text.removeprefix("-")
    return digits.replace(".", "", 1).isdecimal() and digits.isascii()
