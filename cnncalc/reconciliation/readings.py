"""The numbers that may be quoted for a network, each with how far it is from the plain one and how rarely it is meant.

`steps` counts what differs from the plain number; `rank` orders readings of as many steps: 0 is what papers print,
1 what a common tool prints, 2 a habit, more is rarer. Both only choose between readings; no number depends on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from cnncalc.zoo import HEADS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.reconciliation.tally import Tally

BATCHES = (4, 8, 16, 32, 64, 128, 256)
COMMON = ("fvcore", "thop", "ptflops", "torchinfo", "calflops")
DOUBLE = ("2mac", "flopcounter", "calflops", "darknet", "keras", "exact")
"""The rules that count a multiply-accumulate as two, which nobody calls MACs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A network that a claim may be about: the spec as it is, or one difference away."""

    words: str
    tally: Tally
    steps: int
    rank: int = 0
    network: str | None = None
    variant: str | None = None
    inputs: tuple[tuple[str, tuple[int, ...]], ...] | None = None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A number that may be quoted for a network, and how far it is from the plain one."""

    words: str
    number: Fraction | int
    steps: int
    rank: int
    rule: str | None = None
    factor: Fraction | int = 1


def quoted(subject: Candidate, metric: str) -> Iterator[Quoted]:
    """Yield the numbers that may be quoted as a network's macs, flops or params."""
    return params_readings(subject) if metric == "params" else work_readings(subject, metric)


def rarity(rule: str, metric: str) -> int:
    """Return how rarely a rule's number is quoted as `macs` or as `flops`."""
    if rule == "mac" or (metric == "flops" and rule in DOUBLE[:2]):
        return 0
    if metric == "macs" and rule in DOUBLE:
        return 3
    return 1 if rule in COMMON else 2


def work_readings(subject: Candidate, metric: str) -> Iterator[Quoted]:
    """Yield the numbers that may be quoted as a network's multiply-accumulates or FLOPs."""
    tally = subject.tally
    if "macs" in tally.lower_bounds:
        return
    plain = tally.macs
    order = sorted(tally.totals, key=lambda name: name != "mac")
    for name in order:
        total = tally.totals[name]
        if total.unknown:
            continue
        steps = 0 if name == "mac" or metric == "flops" else 1
        rank = rarity(name, metric)
        words = "multiply-accumulates alone" if name == "mac" else f"by the rule {name}"
        yield Quoted(words=words, number=total.number, steps=steps, rank=rank, rule=name)
        twice = f"twice {words.removeprefix('by ')}: two operations each, or a batch of 2"
        yield Quoted(words=twice, number=2 * total.number, steps=steps + 1, rank=rank + 1, rule=name, factor=2)
        half = Fraction(total.number, 2)
        words = f"half of {words.removeprefix('by ')}: pairs of operations"
        yield Quoted(words=words, number=half, steps=steps + 1, rank=rank + 2, rule=name, factor=Fraction(1, 2))
    if tally.linear_macs:
        number = plain - tally.linear_macs
        yield Quoted(words="convolutions alone, without linear layers", number=number, steps=1, rank=1)
    if tally.products:
        number = plain - tally.products
        words = "products with weights alone, without those of activations with each other"
        yield Quoted(words=words, number=number, steps=1, rank=1)
    if tally.bias_outputs:
        words = "multiply-accumulates and one addition per bias"
        yield Quoted(words=words, number=plain + tally.bias_outputs, steps=1, rank=1)
    for batch in BATCHES if subject.steps == 0 else ():
        words = f"a batch of {batch}"
        yield Quoted(words=words, number=batch * plain, steps=1, rank=2, rule="mac", factor=batch)


def params_readings(subject: Candidate) -> Iterator[Quoted]:
    """Yield the numbers that may be quoted as a network's parameters."""
    tally = subject.tally
    if "params" in tally.lower_bounds:
        return
    params, own = tally.params, list(tally.own)
    buffers = sum(count.buffers for count in own)
    norms = sum(count.params or 0 for count in own if not count.weighted)
    biases = sum(count.biases for count in own)
    linear = sum(count.params or 0 for count in own if count.dense)
    yield Quoted(words="all parameters", number=params, steps=0, rank=0)
    others = {
        "with its training-only head": HEADS.get(subject.name, 0),
        "with the running statistics of normalisations": buffers,
        "convolutions and linear layers alone": -norms,
        "without biases": -biases,
        "weights alone, no bias, no normalisation": -norms - biases,
        "without linear layers": -linear,
    }
    for words, more in others.items():
        if more:
            yield Quoted(words=words, number=params + more, steps=1, rank=1)
