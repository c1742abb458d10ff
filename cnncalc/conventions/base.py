"""What a counting rule is: a table from operator family to named terms over a layer's Count.

A rule is data. It knows no operator class, no file and no network; it reads the features that an operator declares
(`cnncalc.work.Count`) and returns integers, or None where the rule has no entry: unknown, never a silent 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cnncalc.work import Count

Formula = Callable[[Count], int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One named part of what a rule counts in a layer.

    Attributes:
        label: what is counted, as it reads after a plus sign ("2 per BatchNorm element").
        formula: how many, for one layer, one image, forward; None if unknown.
        shared: true for the multiply-accumulates themselves, which every rule has.
    """

    label: str
    formula: Formula
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a rule counts in one family of operators; without terms the family is ignored, for the reason in `note`."""

    terms: tuple[Term, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """A named way to turn a layer's Count into one number.

    Attributes:
        name: what `--flops` takes.
        unit: what the tool calls its number ("FLOPs", "MACs", "mult-adds"), also where that is not what it counts.
        source: where the rule was read.
        version: the release of the tool that it reproduces, "" for a rule that is no tool's.
        summary: the rule in one sentence.
        table: from operator name or family to what is counted; a name goes before its family.
        otherwise: the entry of every operator that the table does not name; None: unknown.
        mistakes: where the rule departs from what its number is called.
    """

    name: str
    unit: str
    source: str
    version: str
    summary: str
    table: Mapping[str, Entry] = field(default_factory=dict)
    otherwise: Entry | None = None
    mistakes: tuple[str, ...] = ()

    def entry(self, count: Count) -> Entry | None:
        """Return what the rule says about this operator, None if nothing."""
        return self.table.get(count.op) or self.table.get(count.family) or self.otherwise

    def terms(self, count: Count) -> dict[Term, int] | None:
        """Return the number of each term for one layer, one image, forward; None if one of them is unknown."""
        entry = self.entry(count)
        if entry is None:
            return None
        numbers: dict[Term, int] = {}
        for term in entry.terms:
            number = term.formula(count)
            if number is None:
                return None
            numbers[term] = number
        return numbers

    def flops(self, count: Count) -> int | None:
        """Return the layer's number under this rule, for one image, forward; None if the rule does not know it."""
        numbers = self.terms(count)
        return None if numbers is None else sum(numbers.values())
