"""A report as a Markdown table, for pull requests and notes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnncalc.analysis.group import RowKind
from cnncalc.render.columns import Column, Context, label
from cnncalc.render.summary import facts, heading
from cnncalc.values.diagnostics import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.analysis.group import Row
    from cnncalc.render.format import NumberFormat
    from cnncalc.results.report import Report

SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&])")


def escape(text: str) -> str:
    """Return text that Markdown shows as it is, in a table cell too."""
    return SPECIAL.sub(r"\\\1", one_line(text)).replace("@", "&#64;").replace("://", "&#58;//")


def code(text: str) -> str:
    """Return text as a code span, where nothing is markup and nobody is mentioned."""
    text = one_line(text).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    blank = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{blank}{text}{blank}{fence}" if text else ""


def markdown(
    report: Report, rows: Sequence[Row], columns: Sequence[Column], numbers: NumberFormat, *, summary: bool = True
) -> str:
    """Return a title, the table with its totals, and with `summary` its facts as a list."""
    context = Context(report, numbers)
    name, *rest = heading(report)
    lines = [f"### {code(name)}", "", escape("  ".join(rest)), ""]
    lines.append("| " + " | ".join(f"{column.heading} {column.unit}".rstrip() for column in columns) + " |")
    lines.append("| " + " | ".join("---:" if column.right else "---" for column in columns) + " |")
    for row in rows:
        if row.kind is RowKind.HEADING:
            continue
        cells = [
            code(label(row, row.path or row.name)) if column.name == "layer" else escape(column.cell(row, context))
            for column in columns
        ]
        lines.append("| " + " | ".join(cells) + " |")
    totals = [column.total(context) for column in columns]
    if columns[0].summed is None:
        totals[0] = "Total"
    lines.append("| " + " | ".join(f"**{escape(text)}**" if text else "" for text in totals) + " |")
    if summary:
        lines.append("")
        told = [column.name for column in columns]
        lines += [f"- {fact}: {escape(text)}" for fact, text in facts(report, numbers, told)]
    return "\n".join(lines) + "\n"
