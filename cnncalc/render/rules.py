"""Measures and counting rules as Markdown, from their tables: the generated parts of docs/counting.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.results.measures import MEASURES
from cnncalc.rules import CONVENTIONS

if TYPE_CHECKING:
    from cnncalc.rules.base import Convention, FamilyRule


def numbers() -> str:
    """Return the table of all measures."""
    lines = [
        "| number | unit | what it is | from | sum of layers | times batch | shared weights | depends on | budget |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for entry in MEASURES:
        budget = f"`{entry.budget}`{' *' if entry.ratchet else ''}" if entry.budget else ""
        rule = {"convention": "`--flops`", "dtype": "`--dtype`"}.get(entry.rule, "")
        yes = ("yes" if entry.adds else "", "yes" if entry.batch else "", "once" if entry.once else "")
        cells = (f"`{entry.name}`", entry.unit, entry.meaning, entry.source.value, *yes, rule, budget)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def overview() -> str:
    """Return the table of all rules."""
    lines = ["| rule | prints | source | release | counts |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| `{rule.name}` | {rule.unit} | {rule.source} | {rule.version} | {rule.summary} |"
        for rule in CONVENTIONS.values()
    ]
    return "\n".join(lines)


def cell(entry: FamilyRule) -> str:
    """Return what an entry counts, and its remark."""
    text = "; ".join(dict.fromkeys(term.label for term in entry.terms)) or "0"
    return f"{text} ({entry.note})" if entry.note else text


def table(rule: Convention) -> str:
    """Return a rule's table, families with the same entry in one row."""
    rows: dict[str, list[str]] = {}
    for family, entry in rule.table.items():
        rows.setdefault(cell(entry), []).append(f"`{family}`")
    if rule.otherwise is not None:
        rows.setdefault(cell(rule.otherwise), []).append("all others" if rule.table else "all")
    lines = ["| operators | counted |", "| --- | --- |"]
    return "\n".join([*lines, *(f"| {', '.join(families)} | {text} |" for text, families in rows.items())])


def rules() -> str:
    """Return the overview, and each tool's table with the mistakes that the rule reproduces."""
    parts = [overview()]
    for rule in CONVENTIONS.values():
        parts += [f"### `{rule.name}`", table(rule)]
        if rule.mistakes:
            parts.append("\n".join(["Reproduced as it is:", "", *(f"- {mistake}" for mistake in rule.mistakes)]))
    return "\n\n".join(parts) + "\n"
