"""The reports of one network under the rules that its limits need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.analysis.liveness import peak_activation
from cnncalc.gate.metrics import METRICS, Measured
from cnncalc.study import Study

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncalc.gate.budget import Limit
    from cnncalc.gate.outcome import Options
    from cnncalc.results.report import Report
    from cnncalc.source import Source


class Analyses:
    """The reports of one network, each made once."""

    __slots__ = ("_options", "_peak", "_reports", "_source", "_study", "_variant")

    def __init__(self, source: Source | Study, options: Options, variant: str | None) -> None:
        self._source = source
        self._options = options
        self._variant = variant
        self._reports: dict[tuple[str, str, bool, str | None], Report] = {}
        self._peak: Measured | None = None
        self._study: Study | None = None

    def report(self, convention: str, dtype: str, *, deploy: bool = False, runtime: str | None = None) -> Report:
        """Return the report under a rule, of the deployed network where that is asked for.

        Raises:
            SpecError: the spec is wrong.
            ValueError: an option is.
        """
        key = convention, dtype, deploy, runtime
        if key not in self._reports:
            scratch = None if runtime is None else self._options.scratch
            self._reports[key] = self.study(convention=convention, dtype=dtype, fold_bn=self._options.fold_bn,
                                            deploy=deploy, runtime=runtime, scratch=scratch).report  # fmt: skip
        return self._reports[key]

    def study(self, **rules: Any) -> Study:
        """Return the study of the network under some rules; it is expanded once for all of them.

        Raises:
            SpecError: the spec cannot even be read.
            ValueError: an option is wrong.
        """
        if self._study is None:
            options = self._options
            self._study = Study.of(self._source, input=options.input, variant=self._variant,
                                   variables=options.variables or None, max_layers=options.max_layers)  # fmt: skip
        return self._study.under(**rules)

    def first(self, limits: Iterable[Limit] = ()) -> Report:
        """Return a report for what depends on no rule: the one that the limits need anyway."""
        if self._reports:
            return next(iter(self._reports.values()))
        options = self._options
        rules = {limit.subject.rule: limit for limit in limits}
        convention, dtype = rules.get("convention"), rules.get("dtype")
        return self.report(convention.convention if convention else options.convention or "exact",
                           dtype.dtype if dtype else options.dtype or "fp32",
                           deploy=options.deploy or options.runtime is not None,
                           runtime=options.runtime)  # fmt: skip

    def like(self, report: Report) -> Report:
        """Return the report under the rules of another."""
        return self.report(report.convention, report.dtype, deploy=report.deploy,
                           runtime=report.memory.runtime if report.memory else None)  # fmt: skip

    def report_for(self, limit: Limit) -> Report:
        """Return a report under the rule of a limit, or any where its metric depends on none."""
        kind = limit.subject.rule
        for (convention, dtype, *form), report in self._reports.items():
            if form != [limit.deploy, limit.runtime]:
                continue
            if (kind != "convention" or convention == limit.convention) and (kind != "dtype" or dtype == limit.dtype):
                return report
        return self.report(limit.convention, limit.dtype, deploy=limit.deploy, runtime=limit.runtime)

    def measure(self, limit: Limit) -> Measured:
        """Return the metric of a limit for the whole network, under its rule."""
        if limit.metric == "peak_activation" and self._options.in_place:
            return self._in_place()
        return limit.subject.total(self.report_for(limit))

    def _in_place(self) -> Measured:
        if self._peak is None:
            peak = peak_activation(self.study().graph, in_place=True)
            plain = METRICS["peak_activation"].total(self.first())
            high = peak.elements if plain.known else None
            self._peak = Measured(low=peak.elements, high=high, where=peak.path, live=peak.live, note=plain.note)
        return self._peak
