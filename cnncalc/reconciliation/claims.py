"""A figure that somebody states, with the precision it was written with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from cnncalc.values.diagnostics import did_you_mean

METRICS = ("macs", "flops", "params")
SUFFIXES = {"": 0, "K": 3, "M": 6, "G": 9, "B": 9, "T": 12, "P": 15}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A figure that somebody states, with the precision it was written with: 4.11G is 4,105,000,000 to 4,115,000,000.

    Attributes:
        metric: macs, flops or params.
        text: the figure as written.
        value: the figure.
        step: one unit of its last digit.
    """

    metric: str
    text: str
    value: Fraction
    step: Fraction

    @property
    def low(self) -> Fraction:
        """The smallest number that rounds to it."""
        return self.value - self.step / 2 if self.step > 1 else self.value

    @property
    def high(self) -> Fraction:
        """The largest number that rounds to it."""
        return self.value + self.step / 2 if self.step > 1 else self.value

    def rounds(self, number: Fraction | int) -> bool:
        """Return whether the number, rounded, is the figure."""
        return self.low <= number <= self.high

    def cuts(self, number: Fraction | int) -> bool:
        """Return whether the number, its further digits cut off, is the figure: many papers print 3.86 as 3.8."""
        return self.step > 1 and self.value <= number < self.value + self.step


def parse_claim(text: str) -> Claim:
    """Return the claim of `macs=4.11G`.

    Raises:
        ValueError: it is no claim; the message says what is wrong.
    """
    metric, equals, figure = (part.strip() for part in text.partition("="))
    if not equals:
        raise ValueError(f"a claim is written like macs=4.11G, got '{text}'")
    if metric not in METRICS:
        near = did_you_mean(metric, METRICS, "claim one of " + ", ".join(METRICS))
        raise ValueError(f"there is nothing to reconcile for '{metric}'; {near}")
    compact = figure.replace(",", "").replace("_", "")
    match = re.fullmatch(r"([0-9]{1,30})(?:\.([0-9]{1,30}))?(?:[eE]\+?([0-9]{1,2})|\s*([kKmMgGbBtTpP]?))", compact)
    if match is None:
        raise ValueError(f"a figure is written like 4.11G, 25.6M, 4.11e9 or 4111512576, got '{figure}'")
    digits, decimals, power = match[1], match[2] or "", match[3]
    exponent = SUFFIXES[(match[4] or "").upper()] if power is None else int(power)
    rounded = power is not None or bool(match[4])
    scale = Fraction(10**exponent)
    value = Fraction(int(digits + decimals), 10 ** len(decimals)) * scale
    step = scale / 10 ** len(decimals) if rounded else Fraction(1)
    if value.denominator > 1 and not rounded:
        raise ValueError(f"a figure below one thousand is whole, got '{figure}'; add K, M, G or T")
    if value == 0:
        raise ValueError(f"a claimed figure is above zero, got '{figure}'")
    return Claim(metric=metric, text=figure, value=value, step=step)
