"""Named counting rules: each turns a layer's Count into the number that one tool or one habit calls FLOPs."""

from __future__ import annotations

from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING

from cnncalc.conventions.base import MACS, Convention, Entry, Term
from cnncalc.conventions.calflops import CALFLOPS
from cnncalc.conventions.flopcounter import FLOPCOUNTER
from cnncalc.conventions.fvcore import FVCORE
from cnncalc.conventions.plain import EXACT, MAC, TWO_PER_MAC
from cnncalc.conventions.ptflops import PTFLOPS
from cnncalc.conventions.thop import THOP
from cnncalc.conventions.torchinfo import TORCHINFO
from cnncalc.conventions.torchscan import TORCHSCAN

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CONVENTIONS", "MACS", "Convention", "Entry", "Term", "convention"]

RULES = (EXACT, TWO_PER_MAC, MAC, FLOPCOUNTER, FVCORE, THOP, PTFLOPS, TORCHINFO, CALFLOPS, TORCHSCAN)
CONVENTIONS: Mapping[str, Convention] = MappingProxyType({rule.name: rule for rule in RULES})


def convention(name: str) -> Convention:
    """Return the rule of that name.

    Raises:
        ValueError: there is none; the message lists them.
    """
    try:
        return CONVENTIONS[name]
    except KeyError:
        close = get_close_matches(name.lower(), CONVENTIONS, n=1, cutoff=0.5)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        known = ", ".join(CONVENTIONS)
        raise ValueError(f"unknown convention {name!r}{hint} (one of {known})") from None
