"""Named counting rules: each turns a layer's Count into the number that one tool or one habit calls FLOPs.

A rule's module is imported when the rule is asked for: most runs need one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from cnncalc.rules.base import MACS, Convention, FamilyRule, RuleTerm
from cnncalc.values.diagnostics import suggest

__all__ = ["CONVENTIONS", "MACS", "Convention", "FamilyRule", "RuleTerm", "convention"]

HOMES = {
    "exact": "plain.EXACT",
    "2mac": "plain.TWO_PER_MAC",
    "mac": "plain.MAC",
    "flopcounter": "flopcounter.FLOPCOUNTER",
    "fvcore": "fvcore.FVCORE",
    "thop": "thop.THOP",
    "ptflops": "ptflops.PTFLOPS",
    "torchinfo": "torchinfo.TORCHINFO",
    "calflops": "calflops.CALFLOPS",
    "torchscan": "torchscan.TORCHSCAN",
}
"""The module and the name of each rule."""


class Rules(Mapping[str, Convention]):
    """The rules by name, in the order of the docs."""

    def __getitem__(self, name: str) -> Convention:
        module, _, attribute = HOMES[name].partition(".")
        rule: Convention = getattr(import_module(f"cnncalc.rules.{module}"), attribute)
        return rule

    def __iter__(self) -> Iterator[str]:
        return iter(HOMES)

    def __len__(self) -> int:
        return len(HOMES)


CONVENTIONS = Rules()


def convention(name: str) -> Convention:
    """Return the rule of that name.

    Raises:
        ValueError: there is none; the message lists them.
    """
    if name in HOMES:
        return CONVENTIONS[name]
    close = suggest(name.lower(), CONVENTIONS)
    hint = f"; did you mean {close!r}?" if close else ""
    raise ValueError(f"unknown convention {name!r}{hint} (one of {', '.join(CONVENTIONS)})")
