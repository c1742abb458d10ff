"""The sentences of the gate: what was measured, against what, and by how much it missed."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from cnncalc.gate.quantity import Unit, percentage, shown

if TYPE_CHECKING:
    from cnncalc.gate.budget import Limit
    from cnncalc.gate.metrics import Measured
    from cnncalc.language.literals import Number
    from cnncalc.results.layer import Layer

BOUNDS = {"max": "at most", "min": "at least", "max_increase": "grows at most", "max_decrease": "shrinks at most"}


def limit_words(limit: Limit) -> str:
    """Return a limit as sentences say it: `at most 300,000,000 (300M)`."""
    return f"{BOUNDS[limit.bound]} {limit_value(limit)}"


def limit_value(limit: Limit) -> str:
    """Return the number of a limit."""
    if limit.relative:
        return percentage(Fraction(limit.value))
    if limit.subject.unit is Unit.SHARE and limit.is_change:
        return percentage(Fraction(limit.value)).replace("%", "points")
    return shown(limit.value, limit.subject.unit)


def limit_name(limit: Limit) -> str:
    """Return what is limited: `macs`, `macs of layer4.*`, `sum of macs of layer4.*`."""
    if limit.match is None:
        return limit.metric
    return f"{'sum of ' if limit.together else ''}{limit.metric} of {limit.match}"


def rule_words(limit: Limit) -> str:
    """Return the rule that a limit is judged by where its metric has one, else nothing."""
    if limit.subject.rule == "convention":
        return f"counted by '{limit.convention}'"
    runtime = f" under {limit.runtime}" if limit.subject.planned and limit.runtime else ""
    return f"as {limit.dtype}{runtime}" if limit.subject.rule == "dtype" else ""


def measured_words(limit: Limit, measured: Measured) -> str:
    """Return what was measured: `4,089,184,256 (4.09G)`, `80.3 % (102,760,448 of 138,357,544)`, `at least 12`."""
    unit = Unit.SHARE if limit.relative and not limit.is_change else limit.subject.unit
    if measured.known:
        return value_words(measured.low, unit, measured.part)
    if measured.high is not None:
        return f"at most {value_words(measured.high, unit, measured.part)}"
    return f"at least {value_words(measured.low, unit)}" if measured.low else "unknown"


def value_words(value: Number, unit: Unit, part: tuple[int, int] | None = None) -> str:
    """Return a number with, for a share, the exact numbers that it is of."""
    return shown(value, unit) + (f" ({part[0]:,} of {part[1]:,})" if part else "")


def over_words(limit: Limit, measured: Measured) -> str:
    """Return the sentence for a limit that does not hold."""
    said = measured_words(limit, measured)
    name = limit.metric
    if limit.relative:
        side = "over its share of" if limit.bound == "max" else "under its share of"
        return f"{name} is {said}, {side} {limit_value(limit)}"
    unit = limit.subject.unit
    if limit.bound == "max":
        excess = measured.low - limit.value
        times = ""
        if limit.value and measured.low >= 2 * limit.value:
            times = f", {_times(Fraction(measured.low) / Fraction(limit.value))} times as much"
        return f"{name} is {said}, over its maximum of {limit_value(limit)} by {shown(excess, unit)}{times}"
    high = measured.high if measured.high is not None else measured.low
    return f"{name} is {said}, under its minimum of {limit_value(limit)} by {shown(limit.value - high, unit)}"


def _times(ratio: Fraction) -> str:
    tenths = ratio * 10 // 1
    return f"{tenths // 10:,}" + (f".{tenths % 10}" if tenths % 10 else "")


def change_words(limit: Limit, before: Measured, after: Measured, reference: str) -> str:
    """Return the sentence for a metric that grew (or shrank) more than it may."""
    unit = limit.subject.unit
    change = after.low - before.low
    size = -change if change < 0 else change
    moved = "grew" if change > 0 else "shrank" if change < 0 else "stayed"
    ratio = f", {percentage(Fraction(change) / Fraction(before.low), signed=True)}" if before.low else ""
    allowed = "0" if not limit.value else limit_value(limit)
    way = "increase" if limit.bound == "max_increase" else "decrease"
    earlier, later = value_words(before.low, unit, before.part), value_words(after.low, unit, after.part)
    moves = f"{limit.metric} {moved} from {earlier} in {reference} to {later}, by {shown(size, unit)}{ratio}"
    return f"{moves}; the allowed {way} is {allowed}"


def growth_words(limit: Limit, before: Measured, after: Measured) -> str:
    """Return how much a number grew and how much it may: `+50.78 %, allowed 2 %`."""
    change = after.low - before.low
    if before.low:
        moved = percentage(Fraction(change) / Fraction(before.low), signed=True)
    else:
        moved = f"{'-' if change < 0 else '+'}{shown(-change if change < 0 else change, limit.subject.unit)}"
    return f"{moved if change else 'the same'}, allowed {limit_value(limit) if limit.value else '0'}"


def brief_words(limit: Limit, measured: Measured, status: str) -> str:
    """Return what is wrong with a limit for a reader who sees its row, without the numbers that are there."""
    if status == "doubt":
        return f"{limit.metric} cannot be judged: {measured.note or 'a part of it is unknown'}"
    side = "minimum" if limit.bound == "min" else "maximum"
    if status == "near":
        return f"{limit.metric} is close to its {side}"
    if limit.relative:
        return f"{limit.metric} is {'under' if limit.bound == 'min' else 'over'} its share"
    unit = limit.subject.unit
    if limit.bound == "min":
        high = measured.high if measured.high is not None else measured.low
        return f"{limit.metric} is under its minimum by {shown(limit.value - high, unit)}"
    return f"{limit.metric} is over its maximum by {shown(measured.low - limit.value, unit)}"


def near_words(limit: Limit, measured: Measured, fill: Fraction) -> str:
    """Return the sentence for a limit that nearly fails."""
    said = measured_words(limit, measured)
    if limit.bound == "min":
        return f"{limit.metric} is {said}, close to its minimum of {limit_value(limit)}"
    return f"{limit.metric} is {said}, {percentage(fill)} of its maximum of {limit_value(limit)}"


def doubt_words(limit: Limit, measured: Measured) -> str:
    """Return the sentence for a limit that nobody can judge."""
    note = f": {measured.note}" if measured.note else ""
    return f"{limit.metric} is {measured_words(limit, measured)}{note}; whether it is {limit_words(limit)} is unknown"


def layer_words(layer: Layer) -> str:
    """Return a layer as sentences name it."""
    return f"layer '{layer.path}' ({layer.op})"
