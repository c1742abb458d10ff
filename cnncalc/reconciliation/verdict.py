"""What was found for a claimed figure: readings that give it, and how little such a match may say."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncalc.reconciliation.claims import Claim

MOST_CHANCE = Fraction(1, 12)
"""A match by readings that give more than this share of all figures is called weak."""


def whole(number: Fraction | int) -> int | float:
    """Return a number for JSON: an integer where it is one."""
    return int(number) if number == int(number) else float(number)


def percent(share: Fraction) -> int:
    """Return a share in whole percent, rounded up."""
    return -(-share.numerator * 100 // share.denominator)


def coverage(numbers: Iterable[Fraction | int], claim: Claim, *, cut: bool) -> Fraction:
    """Return the share of the figures from half to twice a claimed one that at least one of the numbers gives.

    A number gives a figure that lies within half a unit of the claim's last digit, with `cut` also within a whole unit
    below; a figure without rounding is given by itself alone, so that its share is that of the numbers among integers.
    """
    low, high, half = claim.value / 2, claim.value * 2, max(claim.step, Fraction(1)) / 2
    below = 2 * half if cut else half
    covered, end = Fraction(0), low
    for number in sorted(numbers):
        start, stop = max(number - below, end), min(number + half, high)
        if stop > start:
            covered += stop - start
            end = stop
    return covered / (high - low)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One way to read a claimed figure.

    Attributes:
        words: the reading in words.
        number: the number that it gives.
        steps: how many things differ from the plain reading of the network as it is.
        rank: how rarely such a reading is meant, 0 for what papers print.
        cut: the figure is this number cut off, not rounded.
        chance: the share of all figures between half and twice the claimed one, written with as many digits, that this
            reading or a likelier one gives. Where it is large, a match says little.
        rule: the counting rule, None for parameters.
        network: the relative of the zoo, None for the network itself.
        variant: the variant of the spec, None for the one that was asked for.
        inputs: name and shape of every input, None for the ones that were asked for.
        factor: what the rule's number is multiplied with.
    """

    words: str
    number: Fraction | int
    steps: int
    rank: int
    cut: bool
    chance: Fraction = Fraction(0)
    rule: str | None = None
    network: str | None = None
    variant: str | None = None
    inputs: tuple[tuple[str, tuple[int, ...]], ...] | None = None
    factor: Fraction | int = 1

    @property
    def input(self) -> tuple[int, ...] | None:
        """The shape of the only input, None for the one that was asked for or for several."""
        return self.inputs[0][1] if self.inputs is not None and len(self.inputs) == 1 else None

    @property
    def weak(self) -> bool:
        """Whether the match is no better than chance: too many figures are met by such readings."""
        return self.chance > MOST_CHANCE

    def to_dict(self) -> dict[str, Any]:
        """Return the reading as JSON has it; `chance` is in percent, rounded up."""
        shapes = None if self.inputs is None else {name: list(shape) for name, shape in self.inputs}
        return {
            "reading": self.words,
            "number": whole(self.number),
            "steps": self.steps,
            "cut": self.cut,
            "weak": self.weak,
            "chance": percent(self.chance),
            "rule": self.rule,
            "network": self.network,
            "variant": self.variant,
            "input": None if self.input is None else list(self.input),
            "inputs": shapes,
            "factor": whole(self.factor),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found for one claim.

    Attributes:
        claim: the claimed figure.
        own: what the network itself has: multiply-accumulates, or parameters.
        matches: the readings with the fewest differences that give the figure, the likeliest first; empty: none does
            that is better than chance.
        weak: where there is none, readings that give the figure, but so do they most figures.
        nearest: where nothing matches, the reading of few differences that comes nearest.
    """

    claim: Claim
    own: int
    matches: tuple[Match, ...]
    weak: tuple[Match, ...]
    nearest: Match | None

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON has it."""
        claim = self.claim
        return {
            "metric": claim.metric,
            "claim": claim.text,
            "from": whole(claim.low),
            "to": whole(claim.high),
            "own": self.own,
            "matches": [match.to_dict() for match in self.matches],
            "weak": [match.to_dict() for match in self.weak],
            "nearest": self.nearest.to_dict() if self.nearest else None,
        }
