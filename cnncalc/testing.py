"""Budgets in a test suite: `assert_within(spec, macs="300M")`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cnncalc.api import Text, load, parse
from cnncalc.gate.config import read_call
from cnncalc.gate.outcome import Options, Run
from cnncalc.gate.run import check
from cnncalc.gate.specs import Target
from cnncalc.gate.subject import Judge
from cnncalc.graph.graph import Graph
from cnncalc.interop.foreign import of_graph
from cnncalc.language.document import Spec
from cnncalc.render.check_shared import file_of, safe, sentence

if TYPE_CHECKING:
    from os import PathLike

    from cnncalc.api import Input, Source
    from cnncalc.results.report import Report

__all__ = ["BudgetDoubtError", "assert_within", "check_file"]


class BudgetDoubtError(ValueError):
    """A budget that cannot be judged: an unknown metric, a bad spec, a pattern without a layer, nothing to check."""


def assert_within(
    spec: Source,
    *,
    variant: str | None = None,
    input: Input | None = None,  # noqa: A002 - the spec's own word
    variables: Mapping[str, object] | None = None,
    in_place: bool = False,
    **budgets: object,
) -> Report:
    """Assert that a network stays within limits, and return its report.

    The limits have the form of `budgets:` in a spec: `macs="300M"`, `receptive_field={"min": 224}`,
    `layers=[{"match": "layer4.*", "macs": "60M"}]`, `convention="fvcore"`. The spec's own budgets hold beside them; a
    limit given here outranks the spec's. Limits on changes are left out of the spec's budgets and refused here.

    Args:
        spec: a path, the name of a zoo network, a `Spec`, or a mapping of the same form as the YAML.
        variant: one of the spec's variants.
        input: another input shape without the batch.
        variables: values for some of the spec's `vars`.
        in_place: activations, normalisations and adds may reuse their operand.
        budgets: the limits.

    Raises:
        AssertionError: a limit is over; the message has every one, with exact numbers.
        BudgetDoubtError: a limit cannot be judged.
        SpecError: a limit is not written as one.
    """
    given = read_call(dict(budgets), "assert_within")
    if any(limit.is_change for budget in (given, *given.variants.values()) for limit in budget.limits):
        raise BudgetDoubtError(
            "a limit on a change has nothing to compare with here; 'cnncalc check --against REF' has"
        )
    options = Options(variant=variant, input=input, variables=variables or {}, in_place=in_place, no_compare=True)
    name = spec if isinstance(spec, str) else getattr(spec, "file", None) or "the spec"
    read = _spec(spec)
    run = Run()
    judge = Judge(options, Target(str(name), None), None, None, (given,), (), run)
    run.subjects += judge.judged(read)
    _raise(run)
    report = run.subjects[0].report
    if report is None:
        raise BudgetDoubtError(f"'{name}' has no report")
    return report


def _spec(source: Source) -> Spec:
    if isinstance(source, Spec):
        return source
    if isinstance(source, Text):
        return parse(source.data, source.file)
    if isinstance(source, Graph):
        return of_graph(source)
    return Spec(source) if isinstance(source, Mapping) else load(source)


def check_file(file: str | PathLike[str]) -> None:
    """Judge one spec file by its own budgets and configuration; limits on changes are left out.

    Raises:
        AssertionError: a limit is over.
        BudgetDoubtError: a limit cannot be judged.
    """
    _raise(check([str(file)], Options(no_compare=True)))


def _raise(run: Run) -> None:
    """Raise what a run found, all of it in one message."""
    said = []
    for subject, finding in run.findings():
        if finding.code != "near-budget":
            file = file_of(subject, finding)
            place = f"{safe(file)}:{finding.line}:{finding.column}: " if file is not None else ""
            said.append(f"{place}{sentence(subject, finding)} [{finding.code}]")
    if run.exit_code == 2:
        raise BudgetDoubtError("\n".join(said))
    if run.exit_code == 1:
        raise AssertionError("\n".join(said))
