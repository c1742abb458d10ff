"""The gate for one network in Python: `check("net.yaml", macs="300M")`."""

from __future__ import annotations

from os import PathLike, fspath
from typing import TYPE_CHECKING

from cnncalc.gate.config import read_call
from cnncalc.gate.outcome import Options, Run
from cnncalc.gate.specs import Target
from cnncalc.gate.subject import Judge
from cnncalc.source import Text
from cnncalc.study import DEFAULTS, Study
from cnncalc.values.diagnostics import SpecError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.gate.budget import Budget
    from cnncalc.source import Input, Source

ASKED = ("variant", "input", "variables", "max_layers", "convention", "dtype", "fold_bn", "deploy", "runtime",
         "scratch")  # fmt: skip
"""What a question says and a run of the gate may be told."""


def check(
    spec: Source | Study,
    *,
    variant: str | None = None,
    input: Input | None = None,  # noqa: A002 - the spec's own word
    variables: Mapping[str, object] | None = None,
    in_place: bool = False,
    **budgets: object,
) -> Run:
    """Judge one network by its spec's budgets and by limits given here; `exit_code` says 0 within, 1 over, 2 in doubt.

    The limits have the form of `budgets:` in a spec: `macs="300M"`, `receptive_field={"min": 224}`,
    `layers=[{"match": "layer4.*", "macs": "60M"}]`, `convention="fvcore"`; one given here outranks the spec's. A limit
    on a change has nothing to compare with here: it is left out in the spec, and a doubt where it is given.

    Args:
        spec: as for `analyze`; what a study's question says beyond the usual holds as the command's options do.
        variant: one of the spec's variants.
        input: another input shape without the batch.
        variables: values for some of the spec's `vars`.
        in_place: activations, normalisations and adds may reuse their operand.
        budgets: the limits.

    Raises:
        SpecError: a limit is not written as one.
        TypeError: it is nothing that a spec can be given as.
    """
    limits = read_call(dict(budgets), "check")
    study = Study.of(spec, variant=variant, input=input, variables=variables)
    try:
        return judged(study, limits, in_place=in_place)
    except SpecError as error:
        return Run(doubts=list(error.diagnostics))


def judged(study: Study, limits: Budget, *, in_place: bool) -> Run:
    """Return how the network of a study stands.

    Raises:
        SpecError: its spec cannot even be read.
    """
    spec = study.spec
    said = {name: getattr(study.question, name) for name in ASKED}
    options = {name: value for name, value in said.items() if value != DEFAULTS[name]}
    run = Run()
    judge = Judge(Options(**options, in_place=in_place, no_compare=not changes(limits)),
                  Target(called(study.question.spec, spec.file), None), None, None, (limits,), (), run)  # fmt: skip
    run.subjects += judge.judged(spec, study)
    return run


def changes(limits: Budget) -> bool:
    """Return whether one of the limits is on a change."""
    return any(limit.is_change for budget in (limits, *limits.variants.values()) for limit in budget.limits)


def called(source: Source, file: str | None) -> str:
    """Return how a network is called in what is said about it: as it was given, or by its file."""
    if isinstance(source, Text):
        return source.file
    return fspath(source) if isinstance(source, str | PathLike) else file or "the spec"
