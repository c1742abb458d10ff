"""A whole run of the gate: find the specs, lay the budgets over each other, judge, compare, and never pass a doubt."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from cnncalc.gate.baseline import Baseline, Rule, read_baseline
from cnncalc.gate.config import Config, configurations, read_budget_file
from cnncalc.gate.git import GitError, git_doubt
from cnncalc.gate.history import History
from cnncalc.gate.outcome import Options, Run
from cnncalc.gate.specs import targets
from cnncalc.gate.subject import Judge
from cnncalc.gate.words import plural
from cnncalc.values.diagnostics import Diagnostic, SpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
SHOWN = 3
"""So many names stand in a notice."""


def check(names: Sequence[str], options: Options, *, stdin: Callable[[], bytes] | None = None) -> Run:
    """Judge specs against their budgets; what is wrong with one never keeps the others from being judged.

    Args:
        names: files, folders, zoo networks, or `-` for standard input.
        options: what to judge them by.
        stdin: gives the text behind `-`.
    """
    run = Run(against=options.against, baseline=options.baseline)
    named = targets(names)
    found = named.targets
    run.doubts += named.doubts
    if not options.allow_empty:
        run.doubts += named.empty
        if not found and not run.doubts:
            run.doubts.append(
                Diagnostic(code="nothing-to-check", message="no spec is named", hint="name specs or a folder")
            )
    if named.skipped:
        run.notices.append(_skipped(named.skipped))
    read = [_or_doubt(run, partial(read_budget_file, name)) for name in options.budgets]
    files = tuple(budget for budget in read if budget is not None)
    settled = _or_doubt(run, lambda: configurations([target.place for target in found], options.config))
    per_spec, configs = settled if settled is not None else ({}, [])
    baseline = _baseline(run, options)
    history = History(options.against) if options.against is not None else None
    for target in found:
        judge = Judge(options, target, history, baseline, files, per_spec.get(target.place, []), run)
        run.subjects += judge.subjects(stdin)
    for config in configs:
        run.doubts += [_stale(config, glob) for glob in config.stale()]
    if history is not None and not any(d.code == "git" for d in run.doubts):
        run.removed = _or_doubt(run, lambda: history.removed(named.folders)) or []
        unsigned = _or_doubt(run, lambda: history.unsigned(named.skipped)) or []
        run.doubts += [_unsigned(file, history) for file in unsigned]
    if baseline is not None:
        _close_baseline(run, baseline, options)
    run.notices = list(dict.fromkeys(run.notices))
    return run


def _or_doubt(run: Run, make: Callable[[], T]) -> T | None:
    """Return what a function makes, or record why it cannot."""
    try:
        return make()
    except SpecError as error:
        run.doubts += error.diagnostics
    except GitError as error:
        run.doubts.append(git_doubt(error))
    return None


def _skipped(files: Sequence[Path]) -> str:
    """Return the words for files of a folder that no run judges."""
    shown = ", ".join(f"'{file}'" for file in files[:SHOWN])
    more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    return f"{plural(len(files), 'YAML file')} without 'cnncalc: 1' not judged: {shown}{more}"


def _unsigned(file: Path, history: History) -> Diagnostic:
    return Diagnostic(
        code="nothing-to-check",
        message=f"'{file}' is a spec in {history.ref} and has no 'cnncalc: 1' now, so nobody judges it",
        file=str(file),
        hint="give it the line back, or delete the file",
    )


def _stale(config: Config, glob: str) -> Diagnostic:
    return Diagnostic(
        code="budget-unread",
        message=f"the budgets for '{glob}' match no spec, so nobody reads them",
        file=config.name,
        hint="correct the glob, which is from the configuration's folder, or remove it; a spec carries 'cnncalc: 1'",
    )


def _rule(options: Options) -> Rule:
    shape = options.input
    text = None if shape is None else shape if isinstance(shape, str) else str(shape)
    return Rule(convention=options.convention or "exact", dtype=options.dtype or "fp32", in_place=options.in_place,
                input=text, variables={name: str(value) for name, value in options.variables.items()})  # fmt: skip


def _baseline(run: Run, options: Options) -> Baseline | None:
    """Return the baseline of a run; one that is to be written may be missing."""
    if options.baseline is None:
        return None
    name, rule = options.baseline, _rule(options)
    if options.update_baseline and not Path(name).exists():
        return Baseline(name, rule)
    baseline = _or_doubt(run, lambda: read_baseline(name))
    if baseline is not None and baseline.rule != rule:
        run.doubts.append(
            Diagnostic(
                code="another-rule",
                message=f"baseline '{name}' has {baseline.rule.words()}; this run has {rule.words()}",
                file=name,
                hint="give the options that it was written with, or delete it and write it anew",
            )
        )
        return None
    return baseline


def _close_baseline(run: Run, baseline: Baseline, options: Options) -> None:
    """Report what the baseline has and nobody checks any more; write it where that is asked for."""
    gone = baseline.gone()
    if not options.update_baseline:
        run.doubts += [
            Diagnostic(code="budget-unread", message=f"the baseline has '{key}', which is no longer there",
                       file=baseline.file, hint="--update-baseline removes it")
            for key in gone
        ]  # fmt: skip
        return
    if run.exit_code == 2:
        run.notices.append(f"baseline '{baseline.file}' is not written: there are doubts")
        return
    for key in gone:
        del baseline.specs[key]
    for subject in run.subjects:
        if subject.report is not None:
            key = baseline.key(subject.target.name, subject.target.file, subject.variant)
            baseline.specs[key] = dict(subject.recorded)
    try:
        baseline.write()
    except SpecError as error:
        run.doubts += error.diagnostics
    else:
        run.notices.append(
            f"baseline '{baseline.file}' is written, with {plural(len(run.subjects), 'spec')} of this run"
        )
