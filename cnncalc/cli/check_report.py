"""`cnncalc check --report`: the page of what a check judged, with how its budgets stand."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from cnncalc.cli.common import everything
from cnncalc.page.report import ReportAsked, report_page
from cnncalc.render.check_shared import safe, summary
from cnncalc.source import Text
from cnncalc.study import Question, Study
from cnncalc.values.files import write_file

if TYPE_CHECKING:
    from cnncalc.gate.outcome import Options, Run, Subject
    from cnncalc.source import Source


def write_page(run: Run, options: Options, file: str) -> None:
    """Write the page of a run.

    Raises:
        OSError: it cannot be written.
    """
    said = [summary(run)]
    said += [safe(doubt.render().splitlines()[0]) for doubt in run.doubts]
    asked = []
    for subject in run.subjects:
        if subject.report is None:
            said += [safe(doubt.render().splitlines()[0]) for doubt in subject.doubts]
        else:
            asked.append(ReportAsked(study=study_of(subject, options), title=subject.title, subject=subject))
    write_file(file, report_page(asked, said=said))


def study_of(subject: Subject, options: Options) -> Study:
    """Return the study of a judged spec, under the rules that it was judged by."""
    found, target = subject.report, subject.target
    assert found is not None  # noqa: S101 - asked of those alone that have one
    source: Source = os.fspath(target.file) if target.file is not None else Text(everything(sys.stdin), "-")
    return Study(Question(
        spec=source, variant=subject.variant, input=options.input, variables=options.variables,
        convention=found.convention, dtype=found.dtype, batch=found.batch, max_layers=options.max_layers,
        fold_bn=options.fold_bn, deploy=found.deploy, runtime=options.runtime, scratch=options.scratch,
    ))  # fmt: skip
