"""Arguments in words: the one place that says them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.ops.arguments import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnncalc.results.arguments import Argument
    from cnncalc.results.layer import Layer

LETTERS = {"kernel": "k", "stride": "s", "dilation": "d", "groups": "g", "padding": "p"}
"""Arguments that are known by a letter where there is little room: `conv 64, k7, s2`."""


def label(argument: Argument) -> str:
    """Return what an argument is known by: its name, `no bias` of one that is false."""
    return f"no {argument.name}" if argument.value is False else argument.name


def word(argument: Argument, *, letters: bool = False) -> str:
    """Return one argument: `64`, `kernel 3x5`, `no bias`; with letters `k3x5`."""
    name, value = argument.name, argument.value
    text = "x".join(map(shown, value)) if argument.per_axis else shown(value)
    if argument.main:
        return text
    if isinstance(value, bool):
        return label(argument)
    if letters and name in LETTERS and not argument.declared:
        return f"{LETTERS[name]}{text}"
    return f"{'declared ' if argument.declared else ''}{name} {text}"


def words(arguments: Iterable[Argument]) -> list[str]:
    """Return each argument in words."""
    return [word(argument) for argument in arguments]


def text(layer: Layer) -> str:
    """Return a layer's arguments in a few words."""
    return ", ".join(words(layer.given))


def headline(layer: Layer, leave_out: Sequence[str] = (), *, letters: bool = False) -> str:
    """Return an operator with its arguments, some of them left out by their label, others as letters if asked."""
    kept = [x for x in layer.given if x.main or label(x) not in leave_out]
    return f"{layer.op} {', '.join(word(x, letters=letters) for x in kept)}".rstrip()
