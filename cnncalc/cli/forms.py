"""The forms of output that a command offers: a table from a name to what writes it, looked up in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cnncalc.cli.common import fail
from cnncalc.values.diagnostics import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

T = TypeVar("T")


def form_named(name: str, forms: Mapping[str, T]) -> T:
    """Return what writes the form of this name; stop with exit code 2 where there is none."""
    known_form(name, forms)
    return forms[name]


def known_form(name: str, forms: Collection[str]) -> None:
    """Stop with exit code 2 where there is no form of this name."""
    if name not in forms:
        fail(f"there is no format '{name}'; choose one of {', '.join(forms)}", did_you_mean(name, forms))


def completed(names: Mapping[str, object]) -> Callable[[str], list[str]]:
    """Return what a shell completes such a name to."""
    return lambda incomplete: [name for name in names if name.startswith(incomplete)]
