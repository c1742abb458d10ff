"""A whole run of the gate: find the specs, lay the budgets over each other, judge, compare, and never pass a doubt."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from cnncalc.gate.baseline import Baseline, Rule, read_baseline
from cnncalc.gate.config import Config, configurations, is_repository, read_budget_file
from cnncalc.gate.git import GitError, git_doubt
from cnncalc.gate.history import History
from cnncalc.gate.outcome import Options, Run
from cnncalc.gate.specs import has_budgets, is_library, targets
from cnncalc.gate.subject import Judge
from cnncalc.values.diagnostics import Diagnostic, SpecError, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.gate.specs import Target

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
    unsigned = [file for file in named.skipped if _carries_budgets(file)]
    run.doubts += [_unread(file) for file in unsigned]
    if skipped := [file for file in named.skipped if file not in unsigned and not is_library(file)]:
        run.notices.append(_skipped(skipped))
    run.notices += nested(found)
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
        _close_baseline(run, baseline, options, named.folders)
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


def _carries_budgets(file: Path) -> bool:
    """Return whether a file without the signature has layers and budgets, which somebody means to be held."""
    try:
        return has_budgets(file.read_bytes())
    except OSError:
        return False


def _unread(file: Path) -> Diagnostic:
    return Diagnostic(
        code="budget-unread",
        message=f"'{file}' has layers and budgets, and no 'cnncalc: 1', so nobody judges it",
        file=str(file),
        hint="give it the line 'cnncalc: 1'",
    )


def nested(found: Sequence[Target]) -> list[str]:
    """Return a notice for each repository inside another one that specs are in: git and configurations stop there."""
    said: dict[str, None] = {}
    files = [target.file for target in found if target.place is not None and target.file is not None]
    for folder in dict.fromkeys(place for file in files for place in (file.absolute().parent, file.resolve().parent)):
        tops = [top for top in (folder, *folder.parents) if is_repository(top)]
        if len(tops) > 1:
            said[
                f"'{shown_path(tops[0])}' is a repository of its own inside '{shown_path(tops[1])}': a reference means "
                "its own commit, and configurations above it do not hold for its specs"
            ] = None
    return list(said)


def shown_path(folder: Path) -> str:
    """Return a folder from the current one where it is inside, else in full."""
    here = Path.cwd()
    return str(folder.relative_to(here)) if folder != here and folder.is_relative_to(here) else str(folder)


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


def _unjudged(run: Run, baseline: Baseline, folders: Sequence[Path]) -> list[Diagnostic]:
    """Return a doubt for every recorded spec or variant that this run is about and does not judge."""
    judged = {baseline.key(s.target.name, s.target.file, s.variant) for s in run.subjects}
    files = {key.partition("@")[0] for key in judged}
    top = Path(baseline.file).resolve().parent
    inside = [folder.resolve() for folder in folders]
    gone = set(baseline.gone())
    doubts = []
    for key in baseline.specs:
        name, _, variant = key.partition("@")
        if key in judged or key in gone:
            continue
        path = (top / name).resolve()
        if name in files or any(path.is_relative_to(folder) for folder in inside):
            hint = "judge it with --all-variants or --variant" if variant else "give it 'cnncalc: 1' back"
            doubts.append(
                Diagnostic(code="budget-unread", message=f"the baseline has '{key}', which this run does not judge",
                           file=baseline.file, hint=f"{hint}; or write the baseline anew without it")
            )  # fmt: skip
    return doubts


def _close_baseline(run: Run, baseline: Baseline, options: Options, folders: Sequence[Path]) -> None:
    """Report what the baseline has and nobody checks any more; write it where that is asked for."""
    gone = baseline.gone()
    if not options.update_baseline:
        run.doubts += _unjudged(run, baseline, folders)
        run.doubts += [
            Diagnostic(code="budget-unread", message=f"the baseline has '{key}', which is no longer there",
                       file=baseline.file, hint="--update-baseline removes it")
            for key in gone
        ]  # fmt: skip
        return
    if run.exit_code == 2:
        run.notices.append(f"baseline '{baseline.file}' is not written: there are doubts")
        return
    recorded = {
        baseline.key(subject.target.name, subject.target.file, subject.variant): dict(subject.recorded)
        for subject in run.subjects
        if subject.report is not None
    }
    try:
        baseline.update(recorded, gone)
    except SpecError as error:
        run.doubts += error.diagnostics
    else:
        run.notices.append(
            f"baseline '{baseline.file}' is written, with {plural(len(run.subjects), 'spec')} of this run"
        )
