"""Named counting rules: each turns a layer's Count into the number that one tool or one habit calls FLOPs.

A tool's rule is the `RULE` of a module here that bears its name; the rules that are no tool's stand in `plain`. A
module is imported when its rule is asked for: most runs need one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncalc.rules.base import Convention

__all__ = ["CONVENTIONS", "convention"]

PLAIN = {"exact": "plain.EXACT", "2mac": "plain.TWO_PER_MAC", "mac": "plain.MAC"}
"""The rules that are no tool's, first."""

NO_RULE = ("base", "functional", "plain")
"""The modules here that are no rule of a tool."""


class Rules(Mapping[str, "Convention"]):
    """The rules by name: the plain ones, then the tools' in the order of the alphabet."""

    @cached_property
    def homes(self) -> dict[str, str]:
        """The module and the name of each rule."""
        tools = sorted(module.name for module in iter_modules(__path__) if module.name not in NO_RULE)
        return PLAIN | {name: f"{name}.RULE" for name in tools}

    def __getitem__(self, name: str) -> Convention:
        module, _, attribute = self.homes[name].partition(".")
        rule: Convention = getattr(import_module(f"cnncalc.rules.{module}"), attribute)
        return rule

    def __iter__(self) -> Iterator[str]:
        return iter(self.homes)

    def __len__(self) -> int:
        return len(self.homes)

    def __contains__(self, name: object) -> bool:
        return name in self.homes


CONVENTIONS = Rules()


def convention(name: str) -> Convention:
    """Return the rule of that name.

    Raises:
        ValueError: there is none; the message lists them.
    """
    if name in CONVENTIONS:
        return CONVENTIONS[name]
    from cnncalc.values.diagnostics import suggest

    close = suggest(str(name).lower(), CONVENTIONS)
    hint = f"; did you mean {close!r}?" if close else ""
    raise ValueError(f"unknown convention {name!r}{hint} (one of {', '.join(CONVENTIONS)})")
