"""Why two tools print two numbers for one network, and what a published number must have counted.

`reconcile` counts a network under every rule and names the terms by which they differ. For a claimed figure it looks
for the reading that gives it: a rule, a factor of two, a batch, another variant, resolution or a known relative.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cnncalc.api import load
from cnncalc.results.views import view
from cnncalc.rules import CONVENTIONS
from cnncalc.rules.base import MACS, Convention
from cnncalc.source import Input, Source, build_graph
from cnncalc.study import Study
from cnncalc.values.diagnostics import SpecError, did_you_mean, one_line
from cnncalc.zoo import HEADS, RELATIVES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from cnncalc.graph.graph import Graph
    from cnncalc.language.document import Spec

METRICS = ("macs", "flops", "params")
SUFFIXES = {"": 0, "K": 3, "M": 6, "G": 9, "B": 9, "T": 12, "P": 15}
RESOLUTIONS = (
    28, 32, 64, 96, 112, 128, 160, 192, 224, 227, 231, 240, 256, 260, 288, 299, 300, 320, 331, 380, 384, 400, 416, 448,
    456, 480, 512, 520, 528, 560, 572, 600, 608, 640, 768, 800, 1024,
)  # fmt: skip
BATCHES = (4, 8, 16, 32, 64, 128, 256)
MOST_STEPS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class TermTotal:
    """What one term of a rule adds over all layers; negative where the rule counts less."""

    label: str
    number: int
    layers: int

    def to_dict(self) -> dict[str, Any]:
        """Return the term as JSON has it."""
        return {"term": self.label, "number": self.number, "layers": self.layers}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTotal:
    """A network's number under one rule; the terms add up to it.

    Attributes:
        rule: the rule.
        number: what it counts for one image, forward; what is unknown is left out.
        terms: its parts, the multiply-accumulates first.
        unknown: paths of the layers that the rule has no number for; with any, `number` is a lower bound.
    """

    rule: Convention
    number: int
    terms: tuple[TermTotal, ...]
    unknown: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the rule's number as JSON has it."""
        rule = self.rule
        return {
            "rule": rule.name,
            "unit": rule.unit,
            "source": rule.source,
            "version": rule.version or None,
            "number": self.number,
            "lower_bound": bool(self.unknown),
            "unknown": list(self.unknown),
            "terms": [term.to_dict() for term in self.terms],
            "mistakes": list(rule.mistakes),
        }


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One way to read a claimed figure.

    Attributes:
        words: the reading in words.
        number: the number that it gives.
        steps: how many things differ from the plain reading of the network as it is.
        cut: the figure is this number cut off, not rounded.
        rule: the counting rule, None for parameters.
        network: the relative of the zoo, None for the network itself.
        variant: the variant of the spec, None for the one that was asked for.
        input: the input shape, None for the one that was asked for.
        factor: what the rule's number is multiplied with.
    """

    words: str
    number: Fraction | int
    steps: int
    cut: bool
    rule: str | None = None
    network: str | None = None
    variant: str | None = None
    input: tuple[int, ...] | None = None
    factor: Fraction | int = 1

    def to_dict(self) -> dict[str, Any]:
        """Return the reading as JSON has it."""
        return {
            "reading": self.words,
            "number": whole(self.number),
            "steps": self.steps,
            "cut": self.cut,
            "rule": self.rule,
            "network": self.network,
            "variant": self.variant,
            "input": None if self.input is None else list(self.input),
            "factor": whole(self.factor),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found for one claim.

    Attributes:
        claim: the claimed figure.
        own: what the network itself has: multiply-accumulates, or parameters.
        matches: the readings with the fewest differences that give the figure, the likeliest first; empty: none does.
        nearest: where nothing matches, the reading of few differences that comes nearest.
    """

    claim: Claim
    own: int
    matches: tuple[Match, ...]
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
            "nearest": self.nearest.to_dict() if self.nearest else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """A network under every counting rule, and what was found for each claim.

    Attributes:
        name: the network.
        variant: its variant.
        input: the shape of each input.
        macs: multiply-accumulates for one image, forward: the strict count that all rules are compared with.
        params: learnable values.
        lower_bounds: which of these two leave out an unknown part.
        rules: one per counting rule.
        verdicts: one per claim.
    """

    name: str
    variant: str | None
    input: tuple[tuple[str, tuple[int, ...]], ...]
    macs: int
    params: int
    lower_bounds: tuple[str, ...]
    rules: tuple[RuleTotal, ...]
    verdicts: tuple[Verdict, ...]

    def __repr__(self) -> str:
        rules, claims = len(self.rules), len(self.verdicts)
        return one_line(f"<Reconciliation {self.name}: {self.macs:,} MACs, {rules} rules, {claims} claims>")

    def to_html(self) -> str:
        """Return the rules and verdicts as HTML: inline style, light and dark, no script, names escaped."""
        text: str = view("reconciliation.html")(self)
        return text

    def to_markdown(self) -> str:
        """Return the rules and verdicts as Markdown."""
        text: str = view("reconciliation.markdown")(self)
        return text

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        forms: dict[str, Any] = view("mimebundle")(self, include, exclude)
        return forms

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        return {
            "schema": 1,
            "name": self.name,
            "variant": self.variant,
            "input": {name: list(shape) for name, shape in self.input},
            "macs": self.macs,
            "params": self.params,
            "lower_bounds": list(self.lower_bounds),
            "rules": [rule.to_dict() for rule in self.rules],
            "claims": [verdict.to_dict() for verdict in self.verdicts],
        }


def whole(number: Fraction | int) -> int | float:
    """Return a number for JSON: an integer where it is one."""
    return int(number) if number == int(number) else float(number)


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


class Tally:
    """One expanded network under every rule, counted once."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        counts: dict[Any, Any] = {}
        self.counts = []
        for node in graph.nodes:
            key = (node.op, node.in_shapes)
            if key not in counts:
                counts[key] = node.op.count(node.in_shapes, node.out_shapes)
            self.counts.append((node, counts[key]))

    @cached_property
    def totals(self) -> dict[str, RuleTotal]:
        """The number of each rule."""
        return {name: self.under(rule) for name, rule in CONVENTIONS.items()}

    def under(self, rule: Convention) -> RuleTotal:
        """Return the number of one rule with its terms."""
        sums: dict[str, list[int]] = {}
        unknown = []
        known: dict[int, dict[str, int] | None] = {}
        for node, count in self.counts:
            if id(count) not in known:
                known[id(count)] = rule.terms(count)
            terms = known[id(count)]
            if terms is None:
                unknown.append(node.path)
                continue
            for label, number in terms.items():
                entry = sums.setdefault(label, [0, 0])
                entry[0] += number
                entry[1] += 1
        ordered = sorted(sums.items(), key=lambda item: item[0] != MACS.label)
        found = tuple(TermTotal(label=label, number=n, layers=layers) for label, (n, layers) in ordered if n)
        return RuleTotal(rule=rule, number=sum(t.number for t in found), terms=found, unknown=tuple(unknown))

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates that are known."""
        return sum(count.macs or 0 for _, count in self.counts)

    @cached_property
    def linear_macs(self) -> int:
        """Those of linear layers."""
        return sum(count.macs or 0 for _, count in self.counts if count.dense)

    @cached_property
    def bias_outputs(self) -> int:
        """Output elements that receive a bias."""
        return sum(count.bias_outputs for _, count in self.counts)

    @property
    def own(self) -> Iterator[Any]:
        """The counts of layers with weights of their own: shared weights are parameters once."""
        return (count for node, count in self.counts if node.shares is None)

    @cached_property
    def params(self) -> int:
        """Learnable values that are known."""
        return sum(count.params or 0 for count in self.own)

    @cached_property
    def lower_bounds(self) -> tuple[str, ...]:
        """Which of `macs` and `params` leave out something unknown."""
        names = ("macs", "params")
        return tuple(name for name in names if any(getattr(count, name) is None for _, count in self.counts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A network that a claim may be about: the spec as it is, or one difference away."""

    words: str
    tally: Tally
    steps: int
    network: str | None = None
    variant: str | None = None
    input: tuple[int, ...] | None = None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A number that may be quoted for a network, and how far it is from the plain one."""

    words: str
    number: Fraction | int
    steps: int
    rule: str | None = None
    factor: Fraction | int = 1


def reconcile(
    spec: Source | Study,
    *,
    input: Input | None = None,  # noqa: A002 - the spec's own word
    variant: str | None = None,
    variables: Mapping[str, object] | None = None,
    claims: Sequence[str] = (),
    max_layers: int | None = None,
) -> Reconciliation:
    """Return a network under every counting rule, and the readings that give claimed figures.

    Args:
        spec: a path, the name of a zoo network, a `Spec`, or a mapping of the same form as the YAML.
        input: another input shape without the batch.
        variant: one of the spec's variants.
        variables: values for some of the spec's `vars`.
        claims: figures to explain, like `macs=4.11G`, `flops=8.2G` or `params=25.6M`.
        max_layers: allow more expanded layers than 100,000.

    Raises:
        SpecError: the spec is wrong.
        ValueError: an argument or a claim is wrong; the message says how.
    """
    parsed = [parse_claim(text) for text in claims]
    search = Search(spec, input, variant, variables, max_layers)
    tally = search.tally
    return Reconciliation(
        name=search.name,
        variant=search.variant,
        input=tuple((name, tuple(shape)) for name, shape in tally.graph.inputs.items()),
        macs=tally.macs,
        params=tally.params,
        lower_bounds=tally.lower_bounds,
        rules=tuple(tally.totals.values()),
        verdicts=tuple(search.verdict(claim) for claim in parsed),
    )


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
        """The network as it is, then its relatives, variants and resolutions."""
        return [self.as_it_is, *self.relatives(), *self.variants(), *self.resolutions()]

    @cached_property
    def as_it_is(self) -> Candidate:
        """The network that was asked for."""
        return Candidate(words="", tally=self.tally, steps=0, name=self.name)

    def relatives(self) -> Iterator[Candidate]:
        """Yield the zoo's networks that go by the same name elsewhere."""
        for name, words in RELATIVES.get(self.name, ()):
            tally = self.expanded(load(name))
            if tally is not None:
                yield Candidate(words=f"{name} ({words})", tally=tally, steps=1, network=name, name=name)

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
                yield Candidate(words=f"variant {title}", tally=tally, steps=1, variant=title, name=title)

    def resolutions(self) -> Iterator[Candidate]:
        """Yield the same network on other square inputs."""
        shapes = list(self.tally.graph.inputs.values())
        if len(shapes) != 1 or len(shapes[0]) != 3:
            return
        channels = shapes[0].channels
        for size in RESOLUTIONS:
            shape = (channels, size, size)
            if shape == tuple(shapes[0]):
                continue
            tally = self.expanded(self.spec, input=shape, variant=self.variant, **self.arguments)
            if tally is not None:
                words = f"input {channels}x{size}x{size}"
                yield Candidate(words=words, tally=tally, steps=1, input=shape, name=self.name)

    def verdict(self, claim: Claim) -> Verdict:
        """Return what gives a claimed figure, with as few differences as possible."""
        own = self.tally.params if claim.metric == "params" else self.tally.macs
        candidates: list[Match] = []
        for most in range(MOST_STEPS + 1):
            subjects = self.subjects if most else [self.as_it_is]
            candidates = [match for subject in subjects for match in matches(subject, claim, most)]
            found = [match for match in candidates if claim.rounds(match.number)]
            found = found or [match for match in candidates if match.cut]
            if found:
                return Verdict(claim=claim, own=own, matches=distinct(found), nearest=None)
        near = [match for match in candidates if match.steps <= 1]
        nearest = min(near, key=lambda match: (abs(match.number - claim.value), match.steps), default=None)
        return Verdict(claim=claim, own=own, matches=(), nearest=nearest)


def matches(subject: Candidate, claim: Claim, most: int) -> Iterator[Match]:
    """Yield every reading of a network with at most that many differences."""
    readings = params_readings(subject) if claim.metric == "params" else work_readings(subject, claim.metric)
    for reading in readings:
        steps = subject.steps + reading.steps
        if steps > most or not reading.number:
            continue
        yield Match(
            words=", ".join(filter(None, (subject.words, reading.words))),
            number=reading.number,
            steps=steps,
            cut=claim.cuts(reading.number) and not claim.rounds(reading.number),
            rule=reading.rule,
            network=subject.network,
            variant=subject.variant,
            input=subject.input,
            factor=reading.factor,
        )


def distinct(found: Sequence[Match]) -> tuple[Match, ...]:
    """Return matches without those that say the same number of the same network twice, the simplest first."""
    kept: dict[Any, Match] = {}
    for match in sorted(found, key=lambda match: match.steps):
        kept.setdefault((match.number, match.network, match.variant, match.input), match)
    fewest = min(match.steps for match in kept.values())
    return tuple(match for match in kept.values() if match.steps == fewest)


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
        words = "multiply-accumulates alone" if name == "mac" else f"by the rule {name}"
        yield Quoted(words=words, number=total.number, steps=steps, rule=name)
        twice = f"twice {words.removeprefix('by ')}: two operations each, or two images"
        yield Quoted(words=twice, number=2 * total.number, steps=steps + 1, rule=name, factor=2)
        half = Fraction(total.number, 2)
        words = f"half of {words.removeprefix('by ')}: pairs of operations"
        yield Quoted(words=words, number=half, steps=steps + 1, rule=name, factor=Fraction(1, 2))
    if tally.linear_macs:
        yield Quoted(words="convolutions alone, without linear layers", number=plain - tally.linear_macs, steps=1)
    if tally.bias_outputs:
        words = "multiply-accumulates and one addition per bias"
        yield Quoted(words=words, number=plain + tally.bias_outputs, steps=1)
    for batch in BATCHES if subject.steps == 0 else ():
        yield Quoted(words=f"a batch of {batch} images", number=batch * plain, steps=1, rule="mac", factor=batch)


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
    yield Quoted(words="all parameters", number=params, steps=0)
    if subject.name in HEADS:
        yield Quoted(words="with its training-only head", number=params + HEADS[subject.name], steps=1)
    if buffers:
        yield Quoted(words="with the running statistics of normalisations", number=params + buffers, steps=1)
    if norms:
        yield Quoted(words="convolutions and linear layers alone", number=params - norms, steps=1)
    if biases:
        yield Quoted(words="without biases", number=params - biases, steps=1)
    if norms or biases:
        yield Quoted(words="weights alone, no bias, no normalisation", number=params - norms - biases, steps=1)
    if linear:
        yield Quoted(words="without linear layers", number=params - linear, steps=1)
