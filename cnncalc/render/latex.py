"""A report as a LaTeX table, for a paper's appendix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.analysis.group import RowKind
from cnncalc.render.columns import Column, Context, label
from cnncalc.render.summary import heading
from cnncalc.values.diagnostics import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnncalc.analysis.group import Row
    from cnncalc.render.format import NumberFormat
    from cnncalc.results.report import Report

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
}

BOUNDS = {">= ": r"$\geq$ ", "<= ": r"$\leq$ "}


def escape(text: str) -> str:
    """Return text that LaTeX sets as it is."""
    text = one_line(text)
    prefix = ""
    for bound, sign in BOUNDS.items():
        if text.startswith(bound):
            prefix, text = sign, text.removeprefix(bound)
    return prefix + "".join(SPECIAL.get(character, character) for character in text)


def latex(report: Report, rows: Sequence[Row], columns: Sequence[Column], numbers: NumberFormat) -> str:
    """Return a `tabular` with the totals below; needs the package booktabs."""
    context = Context(report, numbers)
    title = "  ".join(one_line(part) for part in heading(report))
    lines = [f"% {title}", f"% FLOPs counted by the rule {report.convention}; \\usepackage{{booktabs}}"]
    lines.append(f"\\begin{{tabular}}{{{''.join('r' if column.right else 'l' for column in columns)}}}")
    lines += [r"\toprule", line(escape(f"{column.heading} {column.unit}".rstrip()) for column in columns), r"\midrule"]
    for row in rows:
        if row.kind is RowKind.HEADING:
            continue
        lines.append(
            line(
                escape(label(row, row.path or row.name) if column.name == "layer" else column.cell(row, context))
                for column in columns
            )
        )
    totals = [escape(column.total(context)) for column in columns]
    if columns[0].summed is None:
        totals[0] = "Total"
    lines += [r"\midrule", line(totals), r"\bottomrule", r"\end{tabular}"]
    return "\n".join(lines) + "\n"


def line(cells: Iterable[str]) -> str:
    """Return one line of a `tabular`; an opening bracket is kept from reading as the argument of the line break."""
    return " & ".join(f"{{}}{cell}" if cell.startswith(("[", "*")) else cell for cell in cells) + r" \\"
