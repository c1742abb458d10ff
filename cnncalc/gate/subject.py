"""One spec judged: its limits laid over each other, its numbers, its past."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from cnncalc._version import __version__
from cnncalc.api import load, parse
from cnncalc.gate.analyses import Analyses
from cnncalc.gate.blame import Blame
from cnncalc.gate.budget import Budget, Limit, Origin, layered, warning_level
from cnncalc.gate.compare import Delta, compare
from cnncalc.gate.form import read_budget
from cnncalc.gate.git import GitError, beside, git_doubt
from cnncalc.gate.judge import Status, judge_change, judge_layers, judge_total
from cnncalc.gate.meant import anew, hidden, meant
from cnncalc.gate.metrics import METRICS, declared_note, known
from cnncalc.gate.outcome import Earlier, Options, Run, Subject
from cnncalc.gate.places import moved_most, spot, weighs_most
from cnncalc.gate.words import limit_name, limit_words
from cnncalc.values.diagnostics import Diagnostic, SpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cnncalc.gate.baseline import Baseline
    from cnncalc.gate.config import Config
    from cnncalc.gate.history import History
    from cnncalc.gate.specs import Target
    from cnncalc.language.document import Spec
    from cnncalc.study import Study


DOUBTFUL = frozenset({"lost-branch", "input-channels"})
"""Warnings that say that the network is hardly the one that was meant."""


class Judge:
    """Judges one target, each of its variants as a subject of its own."""

    __slots__ = ("_baseline", "_blame", "_configs", "_files", "_history", "_options", "_run", "_target")

    def __init__(  # noqa: PLR0917 - the run's parts, each used once
        self, options: Options, target: Target, history: History | None, baseline: Baseline | None,
        files: tuple[Budget, ...], configs: Sequence[Config], run: Run,
    ) -> None:  # fmt: skip
        self._options = options
        self._target = target
        self._history = history
        self._baseline = baseline
        self._files = files
        self._configs = configs
        self._run = run
        self._blame: Blame | None = None

    def subjects(self, stdin: Callable[[], bytes] | None) -> list[Subject]:
        """Return what was found, whatever happens on the way."""
        target = self._target
        try:
            spec = parse(stdin(), "-") if target.file is None and stdin is not None else load(target.name)
            return self.judged(spec)
        except SpecError as error:
            doubts = list(error.diagnostics)
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not pass a spec, nor stop the others
            doubts = [_internal(error, self._target.name)]
        return [Subject(target=self._target, variant=self._options.variant, doubts=doubts)]

    def judged(self, spec: Spec, study: Study | None = None) -> list[Subject]:
        """Return how a spec that has been read stands, each of its variants as a subject of its own.

        Args:
            spec: the spec.
            study: what is known of it already.
        """
        target, options = self._target, self._options
        collector = spec.collector()
        own = Budget(origin=Origin(kind="spec", name=target.name))
        if spec.budgets is not None:
            own = read_budget(spec.budgets, own.origin, collector)
        place = target.place
        from_config = [] if place is None else [found for config in self._configs for found in config.applying(place)]
        budgets = [own, *from_config, *self._files, *(_command_line(limit) for limit in options.limits)]
        for budget in budgets:
            for name in budget.variants:
                if name not in spec.variants:
                    source = budget.origin.words()
                    collector.add("budget-unread", f"{source} has budgets for variant '{name}', which there is not",
                                  hint=f"variants are {', '.join(spec.variants) or 'none'}")  # fmt: skip
        found = []
        for variant in (None, *spec.variants) if options.all_variants else (options.variant,):
            subject = Subject(target=target, variant=variant, doubts=list(collector.errors))
            try:
                self._judge(subject, spec, study, budgets)
            except SpecError as error:
                subject.doubts += error.diagnostics
            except ValueError as error:
                subject.doubts.append(Diagnostic(code="bad-option", message=str(error), file=target.name))
            except Exception as error:  # noqa: BLE001 - a mistake of ours must not pass a spec, nor stop the others
                subject.doubts.append(_internal(error, target.name))
            found.append(subject)
        return found

    def _judge(self, subject: Subject, spec: Spec, study: Study | None, budgets: list[Budget]) -> None:
        options = self._options
        self._blame = None
        limits = layered(budgets, variant=subject.variant or spec.variant, convention=options.convention,
                         dtype=options.dtype, deploy=options.deploy, runtime=options.runtime)  # fmt: skip
        self._announce(subject, limits, budgets)
        analyses = Analyses(study or spec, options, subject.variant)
        report = subject.report = analyses.first(limits)
        for finding in report.warnings:
            if finding.code not in options.accept:
                (subject.doubts if options.strict or finding.code in DOUBTFUL else subject.warnings).append(finding)
        subject.doubts += hidden(report, DOUBTFUL - options.accept)
        subject.meant += meant(report, DOUBTFUL)
        if not options.all_variants:
            subject.notes += _not_judged(budgets, subject.variant or spec.variant)
        warn_at = warning_level(budgets, options.warn_at)
        for limit in limits:
            if not limit.is_change:
                reading = analyses.report_for(limit)
                judgement = (
                    judge_total(limit, reading, analyses.measure, warn_at)
                    if limit.match is None
                    else judge_layers(limit, reading, warn_at)
                )
                subject.judgements.append(judgement)
                if judgement.status <= Status.NEAR:
                    glob = limit.match or "*"
                    paths = {layer.path for layer in reading.layers if fnmatchcase(layer.path, glob)}
                    said = declared_note(limit.subject, reading, paths)
                    subject.notes += [said] if said and said not in subject.notes else []
        changes = [limit for limit in limits if limit.is_change]
        unjudged = list(changes)
        if self._history is not None:
            self._compare(subject, analyses, changes, spec, budgets[0])
            unjudged = []
        if self._baseline is not None:
            judged = self._hold(subject, analyses, changes)
            unjudged = [limit for limit in unjudged if limit.metric not in judged]
        if unjudged and not options.no_compare and not options.update_baseline:
            subject.doubts.append(self._unjudged(unjudged[0], subject))
        if not (limits or subject.recorded or subject.doubts or options.allow_empty) or (
            limits and unjudged == limits and not (subject.recorded or subject.doubts or options.allow_empty)
        ):
            subject.doubts.append(
                Diagnostic(
                    code="nothing-to-check",
                    message=f"'{subject.title}' has no budget, so there is nothing to check",
                    file=report.file,
                    hint="give it 'budgets:', or a limit such as --max macs=300M; --allow-empty lets it pass",
                )
            )

    def _unjudged(self, limit: Limit, subject: Subject) -> Diagnostic:
        return Diagnostic(
            code="nothing-to-compare",
            message=f"'{limit.metric} {limit_words(limit)}' cannot be judged: there is nothing to compare with",
            span=limit.span,
            file=subject.target.name,
            hint="give --against REF or --baseline FILE, or leave comparisons out with --no-compare",
        )

    def _announce(self, subject: Subject, limits: list[Limit], budgets: list[Budget]) -> None:
        """Notice what the command line loosens."""
        for limit in limits:
            lower = limit.replaced[-1] if limit.replaced else None
            if lower is not None and limit.origin.kind in {"command line", "file"} and limit.loosens(lower):
                before = f"{limit_words(lower)} ({lower.origin.words(lower.span.line if lower.span else None)})"
                now = f"{limit_name(limit)} from {before} to {limit_words(limit)}"
                self._run.notices.append(f"{subject.title}: {limit.origin.name} loosens {now}")
        if self._options.convention is not None or self._options.dtype is not None:
            plain = {limit.key: limit for limit in layered(budgets, variant=subject.variant)}
            for limit in limits:
                other = plain.get(limit.key, limit)
                if limit.origin.kind != "command line" and other.reading[:2] != limit.reading[:2]:
                    rule = limit.convention if limit.subject.rule == "convention" else limit.dtype
                    self._run.notices.append(
                        f"{subject.title}: {limit_name(limit)} is judged by '{rule}', as the command line says"
                    )

    def _compare(self, subject: Subject, analyses: Analyses, changes: list[Limit], spec: Spec, own: Budget) -> None:
        """Compare with the earlier version, and judge the limits on changes by it."""
        history, file = self._history, self._target.file
        if history is None:
            return
        if file is None:
            self._run.doubts.append(
                git_doubt(GitError("standard input has no earlier version", "name the spec's file"))
            )
            return
        try:
            shot, path = history.find(file)
            old_text = shot.read(path) if path is not None else b""
        except GitError as error:
            doubt = git_doubt(error)
            if doubt not in self._run.doubts:
                self._run.doubts.append(doubt)
            return
        if path is None:
            subject.earlier = Earlier(reference=history.ref, state="new")
            return
        state = "changed" if path == shot.inside(file) else "renamed"
        subject.earlier = Earlier(reference=history.ref, state=state, path=path)
        try:
            old = parse(old_text, f"{history.ref}:{path}", beside=beside(shot, path))
            subject.notes += used_notes(old.used, spec.used, history.ref)
            if subject.variant is not None and subject.variant not in old.variants:
                subject.earlier = Earlier(reference=history.ref, state="new")
                return
            before = Analyses(old.with_variant(spec.variant) if spec.variant else old, self._options, subject.variant)
            report = analyses.first()
            earlier = before.like(report)
            comparison = compare(earlier, report)
            subject.meant = anew(subject.meant, meant(earlier, DOUBTFUL), history.ref)
        except (SpecError, ValueError) as error:
            reason = error.diagnostics[0].message if isinstance(error, SpecError) else str(error)
            said = f"the version in {history.ref} cannot be analysed: {reason}"
            if changes:
                subject.doubts.append(
                    Diagnostic(code="nothing-to-compare", message=said, file=self._target.name,
                               hint="compare with a commit in which the spec is right")
                )  # fmt: skip
            else:
                subject.notes.append(said)
            return
        if state == "changed" and not comparison.changed:
            state = "same"
        subject.earlier = Earlier(reference=history.ref, state=state, path=path, comparison=comparison)
        self._blame = Blame(spec, old, self._options, subject.variant, analyses)
        for limit in changes:
            moved = self._blame.place(limit, moved_most(limit, comparison))
            numbers = before.measure(limit), analyses.measure(limit)
            subject.judgements.append(judge_change(limit, *numbers, history.ref, moved))
        subject.notes += _budget_notes(old, own, history.ref)

    def _hold(self, subject: Subject, analyses: Analyses, changes: list[Limit]) -> set[str]:
        """Judge a subject by the baseline, and note what could be recorded; return the metrics that were judged."""
        baseline, options = self._baseline, self._options
        if baseline is None:
            return set()
        rule = baseline.rule
        current = {}
        for name, metric in METRICS.items():
            limit = Limit(
                metric=name, bound="max_decrease" if metric.more_is_better else "max_increase", value=0,
                origin=Origin(kind="baseline", name=baseline.file), convention=rule.convention, dtype=rule.dtype,
            )  # fmt: skip
            current[name] = limit, analyses.measure(limit) if metric.ratchet else None
        subject.recorded = {
            name: int(measured.low)
            for name, (_, measured) in current.items()
            if measured is not None and measured.known
        }
        if options.update_baseline:
            return set()
        key = baseline.key(self._target.name, self._target.file, subject.variant)
        entry = baseline.specs.get(key)
        if entry is None:
            subject.recorded = {}
            subject.doubts.append(
                Diagnostic(code="nothing-to-compare", message=f"'{key}' is not in the baseline", file=baseline.file,
                           hint="--update-baseline adds it")
            )  # fmt: skip
            return set()
        for name in subject.recorded.keys() - entry.keys():
            subject.doubts.append(
                Diagnostic(code="nothing-to-compare", message=f"the baseline has no {name} of '{key}'",
                           file=baseline.file, hint="--update-baseline records it again")
            )  # fmt: skip
        judged = set()
        for name, value in entry.items():
            implied, measured = current[name]
            measured = measured if measured is not None else analyses.measure(implied)
            explicit = [limit for limit in changes if limit.metric == name]
            allowed = any(limit.bound == implied.bound for limit in explicit)
            for limit in explicit if allowed else [*explicit, implied]:
                same_rule = replace(limit, convention=rule.convention, dtype=rule.dtype)
                past = subject.earlier and subject.earlier.comparison
                moved = self._blame.place(same_rule, moved_most(limit, past)) if past and self._blame else None
                moved = moved or spot(weighs_most(limit, analyses.report(rule.convention, rule.dtype)))
                subject.judgements.append(judge_change(same_rule, known(value), measured, "the baseline", moved))
            judged.add(name)
            better = measured.low > value if METRICS[name].more_is_better else measured.low < value
            if measured.known and better:
                subject.improved.append(Delta(metric=name, before=value, after=measured.low))
        if baseline.version != __version__ and any(measured != value for measured, value in _pairs(subject, entry)):
            subject.notes.append(f"the baseline was written by cnncalc {baseline.version}, this is {__version__}")
        return judged


def _pairs(subject: Subject, entry: Mapping[str, int]) -> Iterable[tuple[int, int]]:
    return ((subject.recorded[name], value) for name, value in entry.items() if name in subject.recorded)


def _command_line(limit: Limit) -> Budget:
    return Budget(origin=limit.origin, limits=(limit,))


def _not_judged(budgets: Iterable[Budget], variant: str | None) -> list[str]:
    """Return which budgets are for variants that this subject is not."""
    names = {name: None for budget in budgets for name in budget.variants if name != variant}
    return [f"budgets for variant '{name}' are not judged here; --all-variants judges them" for name in names]


def used_notes(old: Mapping[str, object], new: Mapping[str, object], reference: str) -> list[str]:
    """Return which of the files that a spec uses differ from an earlier version."""
    notes = [f"uses '{path}', which it did not in {reference}" for path in new if path not in old]
    notes += [f"no longer uses '{path}' of {reference}" for path in old if path not in new]
    changed = [path for path in new if old.get(path, new[path]) != new[path]]
    return notes + [f"uses '{path}', which is changed since {reference}" for path in changed]


def _budget_notes(old: Spec, own: Budget, reference: str) -> list[str]:
    """Return what the branch takes out of the spec's own budgets."""
    if old.budgets is None:
        return []
    collector = old.collector()
    earlier = read_budget(old.budgets, own.origin, collector)
    if collector.errors:
        return []
    current = {limit.key: limit for limit in own.limits}
    notes = []
    for limit in earlier.limits:
        held = current.get(limit.key)
        if held is None:
            notes.append(f"the spec's limit on {limit_name(limit)} ({limit_words(limit)} in {reference}) is gone")
        elif held.loosens(limit):
            notes.append(
                f"the spec's limit on {limit_name(limit)} is looser than in {reference}: "
                f"{limit_words(limit)} there, {limit_words(held)} now"
            )
    return notes


def _internal(error: Exception, file: str) -> Diagnostic:
    return Diagnostic(
        code="internal-error",
        message=f"a mistake in cnncalc itself, {type(error).__name__}: {error}",
        file=file,
        hint="report it with this spec; until then the spec counts as not checked",
    )
