"""A Reconciliation as text, Markdown or JSON: a table of rules with their terms, then a few lines for each claim."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cnncalc.render.format import hanging, wrap
from cnncalc.values.diagnostics import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    from cnncalc.reconciliation.claims import Claim
    from cnncalc.reconciliation.reconcile import Reconciliation
    from cnncalc.reconciliation.tally import RuleTotal
    from cnncalc.reconciliation.verdict import Match, Verdict

STRICT = "multiply-accumulates"
HEADS = ("rule", "called", "number", "more than the strict count")
WIDE = 10_000
GAP = 3
ROOM = 32
"""Columns are left out before rules have less room than this."""
LEAST = 16
NARROW = 49
"""Below so many characters a difference stands under its number."""


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
    """Return the table and the verdicts for a terminal.

    Rules wrap at its width, numbers never do; on a narrow one the heading of the last column takes several lines, then
    what a tool calls its number is left out.
    """
    found = list(rows(result))
    if (width or WIDE) < NARROW:
        return "\n".join([*stacked(result, found, width or WIDE, colour=colour), *claims(result)]) + "\n"
    named_so = max(map(len, (HEADS[1], *(row[1] for row in found))))
    number = max(map(len, (HEADS[2], *(row[2] for row in found))))
    differ = max(len(row[3]) for row in found)
    longest = max(len(row[0]) for row in found)
    broken = max(differ, *map(len, HEADS[3].split()))
    for called, more in ((named_so, max(differ, len(HEADS[3]))), (named_so, broken), (0, broken)):
        rest = sum(part + GAP for part in (called, number, more) if part)
        room = min(longest, (width or WIDE) - rest)
        if room >= min(longest, ROOM):
            break
    bold, dim = ("\x1b[1m", "\x1b[2m") if colour else ("", "")
    widths = room, called, number, more
    lines = [*(marked(line, bold) for line in hanging(title(result), width or WIDE).split("\n")), ""]
    lines += [marked(line, bold) for line in laid(HEADS, widths)]
    lines.append("─" * (room + rest))
    for row in found:
        lines += [marked(line, dim if row[0].startswith("  ") else "") for line in laid(row, widths)]
    if not called:
        lines.append(f"left out for the width: {HEADS[1]}")
    return "\n".join([*lines, *claims(result)]) + "\n"


def stacked(result: Reconciliation, found: Sequence[tuple[str, str, str, str]], width: int, *,
            colour: bool) -> Iterator[str]:  # fmt: skip
    """Yield the lines of the table for a narrow screen: one column of numbers, each difference under its number."""
    bold, dim = ("\x1b[1m", "\x1b[2m") if colour else ("", "")
    numbers = max(len(cell) for row in (HEADS, *found) for cell in row[2:3] + row[3:4] * (row is not HEADS))
    room = max(width - GAP - numbers, LEAST)
    yield from (marked(line, bold) for line in hanging(title(result), width).split("\n"))
    yield ""
    yield marked(f"{HEADS[0]:<{room}}{' ' * GAP}{HEADS[2]:>{numbers}}", bold)
    yield from hanging(f"with a sign: {HEADS[3]}", width).split("\n")
    yield "─" * (room + GAP + numbers)
    for row in found:
        texts, cells = hanging(row[0], room).split("\n"), [cell for cell in row[2:] if cell]
        for place in range(max(len(texts), len(cells))):
            text = texts[place] if place < len(texts) else ""
            cell = cells[place] if place < len(cells) else ""
            line = f"{text:<{room}}{' ' * GAP}{cell:>{numbers}}".rstrip()
            yield marked(line, dim if row[0].startswith("  ") else "")
    yield from hanging(f"left out for the width: {HEADS[1]}", width).split("\n")


def laid(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """Yield the lines of a row: the rule and the last column over as many as they take, the others on the first.

    Args:
        row: its four cells.
        widths: the characters of its columns, 0 for one that is left out.
    """
    rule = hanging(row[0], widths[0]).split("\n")
    last = wrap(row[3], widths[3])
    for place in range(max(len(rule), len(last))):
        cells = [rule[place] if place < len(rule) else "", *(row[1:3] if not place else ("", "")),
                 last[place] if place < len(last) else ""]  # fmt: skip
        aligned = [f"{cells[0]:<{widths[0]}}", f"{cells[1]:<{widths[1]}}" if widths[1] else None,
                   f"{cells[2]:>{widths[2]}}", f"{cells[3]:>{widths[3]}}"]  # fmt: skip
        yield (" " * GAP).join(cell for cell in aligned if cell is not None).rstrip()


def marked(line: str, style: str) -> str:
    """Return a line in the style of an escape; as it is without one."""
    return f"{style}{line}\x1b[0m" if style else line


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
