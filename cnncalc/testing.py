"""A test suite's own checks: `assert_within(spec, macs="300M")` and `assert_matches(spec, build)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.gate.config import read_call
from cnncalc.gate.network import changes, judged
from cnncalc.gate.outcome import Options, Run
from cnncalc.gate.run import check
from cnncalc.matching import matched
from cnncalc.render.check_shared import file_of, safe, sentence
from cnncalc.render.verdict import told
from cnncalc.study import Study

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from cnncalc.results.report import Report
    from cnncalc.source import Input, Source

__all__ = ["BudgetDoubtError", "assert_matches", "assert_within", "check_file"]


class BudgetDoubtError(ValueError):
    """A budget that cannot be judged: an unknown metric, a bad spec, a pattern without a layer, nothing to check."""


def assert_within(
    spec: Source | Study,
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
        spec: as for `analyze`.
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
    limits = read_call(dict(budgets), "assert_within")
    if changes(limits):
        raise BudgetDoubtError(
            "a limit on a change has nothing to compare with here; 'cnncalc check --against REF' has"
        )
    study = Study.of(spec, variant=variant, input=input, variables=variables)
    run = judged(study, limits, in_place=in_place)
    _raise(run)
    report = run.subjects[0].report
    if report is None:
        raise BudgetDoubtError("the network has no report")
    return report


def assert_matches(
    spec: Source | Study,
    model: Any,
    *,
    variant: str | None = None,
    input: Input | None = None,  # noqa: A002 - the spec's own word
    variables: Mapping[str, object] | None = None,
) -> Report:
    """Assert that a model is the network of a spec, layer by layer, and return the network's report.

    Output shapes, parameters and multiply-accumulates are held against each other, in the order of the calls.

    Args:
        spec: as for `analyze`.
        model: a model of PyTorch or Keras, a function that makes one (PyTorch's on the meta device), or what
            `cnncalc verify --with` takes: a file, `torch`, `keras`, `onnx`, `torch:package.module:factory`.
        variant: one of the spec's variants.
        input: another input shape without the batch.
        variables: values for some of the spec's `vars`.

    Raises:
        AssertionError: a layer or a total differs; the message has the layers that do.
        ValueError: the model is none, or does not run.
        SpecError: the spec is no network, or one that has no form there.
    """
    study = Study.of(spec, variant=variant, input=input, variables=variables)
    verdict = matched(study, model)
    if not verdict.holds:
        raise AssertionError(told(verdict, differing=True))
    return study.report


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
