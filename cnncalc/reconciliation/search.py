"""The networks around a spec, and the search for readings of them that give a claimed figure."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cnncalc.api import load
from cnncalc.reconciliation.inputs import other_inputs
from cnncalc.reconciliation.readings import Candidate, quoted
from cnncalc.reconciliation.tally import Tally
from cnncalc.reconciliation.verdict import Match, Verdict, coverage
from cnncalc.source import build_graph
from cnncalc.study import Study
from cnncalc.values.diagnostics import SpecError
from cnncalc.zoo import RELATIVES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnncalc.language.document import Spec
    from cnncalc.reconciliation.claims import Claim
    from cnncalc.source import Input, Source

MOST_STEPS = 2
MOST_WEAK = 3
MOST_RANK = 3
"""Rarer readings are never called the nearest."""


class Search:
    """The networks around a spec, expanded when a claim asks for them."""

    def __init__(
        self,
        source: Source | Study,
        input_: Input | None,
        variant: str | None,
        variables: Mapping[str, object] | None,
        max_layers: int | None,
    ) -> None:
        study = Study.of(source, input=input_, variant=variant, variables=variables, max_layers=max_layers)
        asked = study.question
        self.arguments: dict[str, Any] = {"variables": asked.variables, "max_layers": asked.max_layers}
        self.input = asked.input
        self.spec, self.variant, self.name = study.spec, study.variant, study.name
        self.tally = Tally(study.under(fold_bn=False, deploy=False, runtime=None, scratch=None).graph)

    def expanded(self, source: Spec, **changes: Any) -> Tally | None:
        """Return another network, or None where the spec cannot be that."""
        try:
            graph, _, collector = build_graph(source, **changes)
        except (SpecError, ValueError):
            return None
        return None if collector.errors else Tally(graph)

    @cached_property
    def subjects(self) -> list[Candidate]:
        """The network as it is, then its relatives, variants and other inputs."""
        return [self.as_it_is, *self.relatives(), *self.variants(), *self.resized()]

    @cached_property
    def as_it_is(self) -> Candidate:
        """The network that was asked for."""
        return Candidate(words="", tally=self.tally, steps=0, name=self.name)

    def relatives(self) -> Iterator[Candidate]:
        """Yield the zoo's networks that go by the same name elsewhere."""
        for name, words in RELATIVES.get(self.name, ()):
            tally = self.expanded(load(name))
            if tally is not None:
                yield Candidate(words=f"{name} ({words})", tally=tally, steps=1, rank=1, network=name, name=name)

    def variants(self) -> Iterator[Candidate]:
        """Yield the spec's other variants."""
        plain = [None] if self.variant is not None else []
        for variant in [*plain, *self.spec.variants]:
            if variant == self.variant:
                continue
            source = self.spec.with_variant(variant)
            tally = self.expanded(source, input=self.input, **self.arguments)
            if tally is not None:
                title = variant or source.title()
                yield Candidate(words=f"variant {title}", tally=tally, steps=1, rank=1, variant=title, name=title)

    def resized(self) -> Iterator[Candidate]:
        """Yield the same network on other inputs."""
        for rank, shapes in other_inputs(self.tally.graph.inputs):
            given: Any = shapes if len(shapes) > 1 else next(iter(shapes.values()))
            tally = self.expanded(self.spec, input=given, variant=self.variant, **self.arguments)
            if tally is not None:
                sizes = {name: "x".join(map(str, shape)) for name, shape in shapes.items()}
                (*_, last) = sizes.values()
                words = f"input {last}" if len(sizes) == 1 else f"inputs {', '.join(map(' '.join, sizes.items()))}"
                found = tuple(shapes.items())
                yield Candidate(words=words, tally=tally, steps=1, rank=rank, inputs=found, name=self.name)

    def verdict(self, claim: Claim) -> Verdict:
        """Return what gives a claimed figure, with as few differences as possible."""
        own = self.tally.params if claim.metric == "params" else self.tally.macs
        tried: list[Match] = []
        weak: list[Match] = []
        for most in range(MOST_STEPS + 1):
            subjects = self.subjects if most else [self.as_it_is]
            tried = [match for subject in subjects for match in readings(subject, claim, most)]
            found = [match for match in tried if claim.rounds(match.number)]
            found = weighed(distinct(found or [match for match in tried if match.cut]), tried, claim)
            strong = tuple(match for match in found if not match.weak)
            if strong:
                return Verdict(claim=claim, own=own, matches=strong, weak=(), nearest=None)
            weak = weak or found
        near = [match for match in tried if match.steps <= 1 and match.rank <= MOST_RANK]
        nearest = min(near, key=lambda match: (abs(match.number - claim.value), match.steps), default=None)
        return Verdict(
            claim=claim, own=own, matches=(), weak=tuple(weak[:MOST_WEAK]), nearest=None if weak else nearest
        )


def readings(subject: Candidate, claim: Claim, most: int) -> Iterator[Match]:
    """Yield every reading of a network with at most that many differences."""
    for reading in quoted(subject, claim.metric):
        steps = subject.steps + reading.steps
        if steps > most or not reading.number:
            continue
        yield Match(
            words=", ".join(filter(None, (subject.words, reading.words))),
            number=reading.number,
            steps=steps,
            rank=subject.rank + reading.rank,
            cut=claim.cuts(reading.number) and not claim.rounds(reading.number),
            rule=reading.rule,
            network=subject.network,
            variant=subject.variant,
            inputs=subject.inputs,
            factor=reading.factor,
        )


def distinct(found: Sequence[Match]) -> list[Match]:
    """Return matches without those that say the same number of the same network twice, the likeliest first."""
    kept: dict[Any, Match] = {}
    for match in sorted(found, key=lambda match: (match.steps, match.rank)):
        kept.setdefault((match.number, match.network, match.variant, match.inputs), match)
    fewest = min((match.steps for match in kept.values()), default=0)
    return [match for match in kept.values() if match.steps == fewest]


def weighed(found: Sequence[Match], tried: Sequence[Match], claim: Claim) -> list[Match]:
    """Return matches with the share of figures that readings as likely give."""
    shares = {}
    for match in found:
        if (match.rank, match.cut) not in shares:
            numbers = {other.number for other in tried if other.steps <= match.steps and other.rank <= match.rank}
            shares[match.rank, match.cut] = coverage(numbers, claim, cut=match.cut)
    return [replace(match, chance=shares[match.rank, match.cut]) for match in found]
