"""Why two tools print two numbers for one network, and what a published number must have counted.

`reconcile` counts a network under every rule and names the terms by which they differ. For a claimed figure it looks
for the reading that gives it: a rule, a factor of two, a batch, another variant, another input or a known relative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnncalc.reconciliation.claims import parse_claim
from cnncalc.reconciliation.search import Search
from cnncalc.results.views import view
from cnncalc.values.diagnostics import one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from cnncalc.reconciliation.tally import RuleTotal
    from cnncalc.reconciliation.verdict import Verdict
    from cnncalc.source import Input, Source
    from cnncalc.study import Study


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
