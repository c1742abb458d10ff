"""One network under every counting rule, term by term."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cnncalc.rules import CONVENTIONS
from cnncalc.rules.base import MACS, Convention

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.graph.graph import Graph
    from cnncalc.values.work import Count

PRODUCTS = ("attention", "matmul", "correlation")
"""Families whose multiply-accumulates are of activations with each other."""


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
        missed: multiply-accumulates that it leaves out or counts as something else, by operator, with the reason.
        unknown: paths of the layers that the rule has no number for; with any, `number` is a lower bound.
        unknown_macs: the multiply-accumulates of these layers, as far as they are known.
    """

    rule: Convention
    number: int
    terms: tuple[TermTotal, ...]
    missed: tuple[TermTotal, ...]
    unknown: tuple[str, ...]
    unknown_macs: int

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
            "missed": [term.to_dict() for term in self.missed],
            "mistakes": list(rule.mistakes),
        }


class Sums:
    """Numbers added up by label, with the layers that they are from."""

    def __init__(self) -> None:
        self.found: dict[str, TermTotal] = {}

    def add(self, label: str, number: int, layers: int) -> None:
        """Add the number of each of some layers."""
        before = self.found.get(label, TermTotal(label=label, number=0, layers=0))
        together = before.number + number * layers
        self.found[label] = TermTotal(label=label, number=together, layers=before.layers + layers)

    def totals(self) -> tuple[TermTotal, ...]:
        """Return what is not zero, the multiply-accumulates first."""
        ordered = sorted(self.found.values(), key=lambda term: term.label != MACS.label)
        return tuple(term for term in ordered if term.number)


def _left_out(rule: Convention, count: Count) -> str:
    """Return whose multiply-accumulates a rule leaves out, and why."""
    entry = rule.entry(count)
    note = entry.note if entry is not None else ""
    return f"multiply-accumulates of {count.family}" + (f": {note}" if note else ", which are counted otherwise")


class Tally:
    """One expanded network under every rule, counted once."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        counts: dict[Any, Any] = {}
        self.counts = []
        layers: Counter[Any] = Counter()
        for node in graph.nodes:
            key = (node.op, node.in_shapes)
            if key not in counts:
                counts[key] = node.op.count(node.in_shapes, node.out_shapes)
            layers[key] += 1
            self.counts.append((node, counts[key]))
        self.alike = [(counts[key], times) for key, times in layers.items()]
        """Each count that differs from the others, and how many layers have it."""

    @cached_property
    def totals(self) -> dict[str, RuleTotal]:
        """The number of each rule."""
        return {name: self.under(rule) for name, rule in CONVENTIONS.items()}

    def under(self, rule: Convention) -> RuleTotal:
        """Return the number of one rule with its terms."""
        found, missed, unknown_macs = Sums(), Sums(), 0
        unknown: set[int] = set()
        for count, layers in self.alike:
            terms = rule.terms(count)
            if terms is None:
                unknown.add(id(count))
                unknown_macs += (count.macs or 0) * layers
                continue
            for label, number in terms.items():
                found.add(label, number, layers)
            left = (count.macs or 0) - terms.get(MACS.label, 0)
            if left:
                missed.add(_left_out(rule, count), left, layers)
        paths = [node.path for node, count in self.counts if id(count) in unknown] if unknown else []
        totals = found.totals()
        return RuleTotal(rule=rule, number=sum(term.number for term in totals), terms=totals, missed=missed.totals(),
                         unknown=tuple(paths), unknown_macs=unknown_macs)  # fmt: skip

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates that are known."""
        return sum(count.macs or 0 for _, count in self.counts)

    @cached_property
    def linear_macs(self) -> int:
        """Those of linear layers."""
        return sum(count.macs or 0 for _, count in self.counts if count.dense)

    @cached_property
    def products(self) -> int:
        """Those of activations with each other."""
        return sum(count.macs or 0 for _, count in self.counts if count.family in PRODUCTS)

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
