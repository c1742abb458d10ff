"""Codes of diagnostics as text: a list, or one in full."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.manual import CodePage

FENCE = "```"


def listed(codes: Mapping[str, CodePage], width: int) -> str:
    """Return a line for each code, its sentence wrapped beside it."""
    column = max(map(len, codes)) + 2
    lines = []
    for code, entry in codes.items():
        wrapped = textwrap.wrap(entry.summary.replace("`", ""), max(width - column, 20), break_on_hyphens=False)
        lines += [f"{code:{column}}{wrapped[0]}", *(" " * column + line for line in wrapped[1:])]
    return "\n".join(lines)


def page(code: str, entry: CodePage, width: int) -> str:
    """Return all that is said of a code; examples keep their lines."""
    lines = [code, ""]
    inside, paragraph = False, list[str]()
    for line in [*entry.text.splitlines(), ""]:
        if line.startswith(FENCE) or (not inside and not line.strip()):
            if paragraph:
                lines += [*textwrap.wrap(" ".join(paragraph).replace("`", ""), width, break_on_hyphens=False), ""]
                paragraph = []
            if line.startswith(FENCE):
                inside = not inside
                if not inside:
                    lines.append("")
        elif inside:
            lines.append(f"  {line}".rstrip())
        else:
            paragraph.append(line.strip())
    return "\n".join([*lines, f"from {entry.source}"])
