"""Results without a table of their own in a notebook: their numbers as a list of names and values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONGEST = 12
"""Longer lists are told by their length."""


def rows(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield name and value of everything in plain data that can be said in a line; unknown is `?`."""
    for name, value in data.items():
        words = name.replace("_", " ")
        if isinstance(value, dict):
            if value:
                yield words, ", ".join(f"{key.replace('_', ' ')} {said(each)}" for key, each in value.items())
        elif value != []:
            yield words, said(value)


def said(value: Any) -> str:
    """Return one value as people read it."""
    if value is None:
        return "?"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        if len(value) > LONGEST:
            return f"{len(value):,} values"
        whole = all(isinstance(each, int) for each in value)
        return "x".join(map(str, value)) if whole else ", ".join(map(said, value))
    if isinstance(value, dict):
        return " ".join(said(each) for each in value.values())
    return str(value)


def as_text(title: str, data: Mapping[str, Any]) -> str:
    """Return the list as lines."""
    found = [(visible(name), visible(value)) for name, value in rows(data)]
    width = max((len(name) for name, _ in found), default=0)
    return "\n".join((visible(title), *(f"  {name.ljust(width)}  {value}" for name, value in found)))


def as_html(title: str, data: Mapping[str, Any]) -> str:
    """Return the list as a table, which survives viewers that strip styles."""
    from html import escape

    cells = "".join(
        f'<tr><th style="text-align:left">{escape(visible(name))}</th>'
        f'<td style="text-align:left">{escape(visible(value))}</td></tr>'
        for name, value in rows(data)
    )
    return f"<table><caption>{escape(visible(title))}</caption>{cells}</table>"


def visible(text: str) -> str:
    """Return text with what does not print as escapes."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
