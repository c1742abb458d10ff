"""A Reconciliation as text, Markdown or JSON: a table of rules with their terms, then a few lines for each claim."""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cnncalc.values.diagnostics import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from cnncalc.reconciliation.claims import Claim
    from cnncalc.reconciliation.reconcile import Reconciliation
    from cnncalc.reconciliation.tally import RuleTotal
    from cnncalc.reconciliation.verdict import Match, Verdict

STRICT = "multiply-accumulates"


def grouped(number: Fraction | int) -> str:
    """Return a number with thousands separated; a half keeps its half."""
    if number == int(number):
        return f"{int(number):,}"
    return f"{int(number):,}.5"


def signed(number: int) -> str:
    """Return a difference with its sign, nothing for none."""
    return f"{number:+,}" if number else ""


def title(result: Reconciliation) -> str:
    """Return the line above the table."""
    shapes = ", ".join(
        f"{name} {'x'.join(map(str, shape))}" if len(result.input) > 1 else "x".join(map(str, shape))
        for name, shape in result.input
    )
    marks = {name: ">= " if name in result.lower_bounds else "" for name in ("macs", "params")}
    return one_line(
        f"{result.name}, input {shapes}: {marks['macs']}{result.macs:,} {STRICT}, "
        f"{marks['params']}{result.params:,} parameters"
    )


def named(total: RuleTotal) -> str:
    """Return a rule with the release of its tool."""
    rule = total.rule
    return f"{rule.name} ({rule.version})" if rule.version else rule.name


def rows(result: Reconciliation) -> Iterator[tuple[str, str, str, str]]:
    """Yield what the table shows: rule, what the tool calls its number, the number, its difference from `macs`.

    Below each rule stand, indented, the terms by which it differs and what it leaves out; with what it has no number
    for they add up to the difference.
    """
    for total in result.rules:
        bound = ">= " if total.unknown else ""
        yield named(total), total.rule.unit, f"{bound}{total.number:,}", signed(total.number - result.macs)
        for term in total.terms:
            if term.label != STRICT:
                yield f"  {'+' if term.number > 0 else '-'} {term.label}", "", "", f"{abs(term.number):,}"
        for term in total.missed:
            yield f"  {'-' if term.number > 0 else '+'} {term.label}", "", "", f"{abs(term.number):,}"
        if total.unknown:
            first, more = one_line(total.unknown[0]), len(total.unknown) - 1
            others = f" and {more:,} more layer{'s' if more > 1 else ''}" if more else ""
            hidden = f", {total.unknown_macs:,} {STRICT}" if total.unknown_macs else ""
            yield f"  no number for {first}{others}{hidden}", "", "", ""


def table(result: Reconciliation, *, width: int | None = None, colour: bool = False) -> str:
    """Return the table and the verdicts for a terminal; words wrap at its width, numbers never do."""
    grid = Table(box=SIMPLE_HEAD, pad_edge=False, title=Text(title(result)), title_justify="left", title_style="bold")
    grid.add_column("rule", ratio=1, overflow="fold")
    grid.add_column("called", no_wrap=True)
    grid.add_column("number", justify="right", no_wrap=True)
    grid.add_column("more than the strict count", justify="right", no_wrap=True)
    for name, unit, number, more in rows(result):
        style = "dim" if name.startswith("  ") else ""
        grid.add_row(Text(name, style=style), unit, number, Text(more, style=style))
    out = StringIO()
    console = Console(
        file=out, width=max(width or 10_000, least_width(result)), force_terminal=colour, no_color=not colour,
        color_system="standard" if colour else None, highlight=False, markup=False, emoji=False, legacy_windows=False,
    )  # fmt: skip
    console.print(grid)
    lines = [line.rstrip() for line in out.getvalue().rstrip().splitlines()]
    return "\n".join([*lines, *claims(result)]) + "\n"


def least_width(result: Reconciliation) -> int:
    """Return the width below which a number would have to be cut."""
    numbers = sum(max(len(row[i]) for row in rows(result)) for i in (1, 2))
    return numbers + len("more than the strict count") + 20


def claims(result: Reconciliation) -> Iterator[str]:
    """Yield the lines of every claim."""
    for verdict in result.verdicts:
        yield from ("", *described(verdict, result.lower_bounds))


def described(verdict: Verdict, lower_bounds: tuple[str, ...]) -> Iterator[str]:
    """Yield what was found for one claim, in words."""
    claim = verdict.claim
    what = "parameters" if claim.metric == "params" else STRICT
    span = f"{grouped(claim.low)} to {grouped(claim.high)}" if claim.low != claim.high else grouped(claim.value)
    unknown = ("params" if claim.metric == "params" else "macs") in lower_bounds
    own = f"{'at least ' if unknown else ''}{verdict.own:,} {what}"
    yield f"{claim.metric}={one_line(claim.text)}: {span}; the network has {own}"
    for match in verdict.matches:
        yield f"  = {given(match)}"
    if not verdict.matches and unknown:
        yield "  cannot be told: the network has layers of which only the shape is known"
    elif verdict.weak:
        percent = verdict.weak[0].to_dict()["chance"]
        yield f"  nothing plausible: what gives it is no better than chance, {percent} % of such figures are given so"
        for match in verdict.weak:
            yield f"  ~ {given(match)}"
    elif not verdict.matches:
        yield "  nothing matches: no rule, variant, common input size, batch or known relative gives this figure"
        if verdict.nearest is not None:
            near = verdict.nearest
            yield f"  nearest is {near.words}: {grouped(near.number)}, {apart(near, claim)}"


def given(match: Match) -> str:
    """Return a reading with its number."""
    return f"{match.words}: {grouped(match.number)}{', cut off instead of rounded' if match.cut else ''}"


def apart(match: Match, claim: Claim) -> str:
    """Return how far a number is from the claimed one, in percent of the claimed one."""
    tenths = round(abs(match.number - claim.value) * 1000 / claim.value) if claim.value else 0
    return f"{tenths // 10}.{tenths % 10} % {'more' if match.number > claim.value else 'less'}"


def markdown(result: Reconciliation) -> str:
    """Return the table and the verdicts as Markdown."""
    lines = [f"**{escaped(title(result))}**", "", "| rule | called | number | more than the strict count |"]
    lines.append("| --- | --- | ---: | ---: |")
    lines += [f"| {' | '.join(escaped(cell.strip()) for cell in row)} |" for row in rows(result)]
    return "\n".join([*lines, *map(escaped, claims(result))]) + "\n"


def escaped(text: str) -> str:
    """Return text that Markdown prints as it is."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|" else c for c in text)


def to_json(result: Reconciliation) -> str:
    """Return the JSON form."""
    return json.dumps(result.to_dict(), indent=2, ensure_ascii=False) + "\n"
