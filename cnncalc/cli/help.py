"""Help that breaks no example: flags without a type, and what stands below the options laid out for the width."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from typing import Any

NARROWEST, WIDEST = 40, 100
GAP = re.compile(r"\s{2,}(?=\S)")


class Helped:
    """A command of typer, or a group of them, that writes its help so."""

    epilog: str | None

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters; a flag and an argument say no type, which reads as if `--flag true` were the form."""
        parameters: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for parameter in parameters:
            if getattr(parameter, "is_flag", False) or getattr(parameter, "param_type_name", "") == "argument":
                parameter.display_type_rich = untyped
        return parameters

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, then examples and remarks, each example on a line of its own."""
        below, self.epilog = self.epilog, None
        try:
            super().format_help(ctx, formatter)  # type: ignore[misc]
        finally:
            self.epilog = below
        if below:
            sys.stdout.write(laid_out(below, shutil.get_terminal_size().columns) + "\n")


def untyped(ctx: Any) -> None:
    """Return no type."""


def laid_out(text: str, width: int) -> str:
    """Return remarks wrapped at a width, and examples whole: a command, and what it does beside or below it."""
    room = min(max(width, NARROWEST), WIDEST) - 2
    paragraphs = [paragraph for paragraph in text.split("\n\n") if paragraph.strip()]
    pairs = {p: GAP.split(p.strip(), maxsplit=1) for p in paragraphs if is_example(p)}
    column = max((len(pair[0]) for pair in pairs.values()), default=0) + 2
    beside = column + max((len(pair[1]) for pair in pairs.values() if len(pair) > 1), default=0) + 2 <= room
    lines = []
    for paragraph in paragraphs:
        pair = pairs.get(paragraph)
        if pair is None:
            lines += textwrap.wrap(" ".join(paragraph.split()), room, break_long_words=False, break_on_hyphens=False)
        elif len(pair) == 1 or not beside:
            lines += [f"  {pair[0]}", *(f"      {remark}" for remark in pair[1:])]
        else:
            lines.append(f"  {pair[0]:{column}}{pair[1]}")
    return "\n".join(f" {line}" for line in lines)


def is_example(paragraph: str) -> bool:
    """Whether a paragraph is a command line to copy."""
    return paragraph.lstrip().startswith("cnncalc ") and "\n" not in paragraph.strip()
