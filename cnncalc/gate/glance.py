"""How a network stands to its spec's own budgets, in one line: what `show` says beside its table."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from cnncalc.gate.analyses import Analyses
from cnncalc.gate.budget import Origin, layered
from cnncalc.gate.form import read_budget
from cnncalc.gate.judge import Judgement, Status, judge_layers, judge_total
from cnncalc.gate.outcome import Options
from cnncalc.gate.quantity import Unit, percentage, rounded, shown
from cnncalc.gate.words import limit_name, limit_value

if TYPE_CHECKING:
    from cnncalc.gate.budget import Limit
    from cnncalc.study import Study


def standing_words(study: Study) -> str:
    """Return how full the spec's own limits are: `params 29 % of 80k, model size 113 % of 80 KiB`.

    Nothing where the spec has none. Limits on changes and the configuration's are for `check`.

    Raises:
        SpecError: the network is none.
    """
    spec = study.spec
    if spec.budgets is None:
        return ""
    collector = spec.collector()
    own = read_budget(spec.budgets, Origin(kind="spec", name=""), collector)
    if collector.errors:
        return "not of their form: cnncalc check says where"
    question = study.question
    limits = layered([own], variant=study.variant, convention=question.convention, dtype=question.dtype,
                     deploy=question.deploy, runtime=question.runtime)  # fmt: skip
    options = Options(input=question.input, variables=question.variables or {}, max_layers=question.max_layers,
                      fold_bn=question.fold_bn, deploy=question.deploy, runtime=question.runtime,
                      scratch=question.scratch)  # fmt: skip
    analyses = Analyses(study, options, study.variant)
    words = []
    for limit in limits:
        if not limit.is_change:
            report = analyses.report_for(limit)
            judgement = (judge_total(limit, report, analyses.measure, None) if limit.match is None
                         else judge_layers(limit, report, None))  # fmt: skip
            words.append(one(judgement))
    return ", ".join(words)


def one(judgement: Judgement) -> str:
    """Return one limit with the part of it that is used."""
    limit, fill = judgement.limit, judgement.fill
    used = "unknown," if fill is None or judgement.status is Status.DOUBT else whole(fill, judgement.status, limit)
    side = "of at least" if limit.bound == "min" else "of"
    missed = ", which is too little" if limit.bound == "min" and judgement.status is Status.OVER else ""
    return f"{limit_name(limit).replace('_', ' ')} {used} {side} {short(limit)}{missed}"


def whole(fill: Fraction, status: Status, limit: Limit) -> str:
    """Return a part as a whole percentage; as an exact one where that would hide on which side of the limit it is."""
    over = status is Status.OVER and limit.bound != "min"
    near = Fraction(99, 100) < fill < Fraction(101, 100) and fill != 1
    return percentage(fill, up=over) if near else f"{(fill * 200 + 1) // 2:,} %"


def short(limit: Limit) -> str:
    """Return the number of a limit with its suffix: `80k`, `80 KiB`."""
    if limit.relative or limit.subject.unit is Unit.SHARE:
        return limit_value(limit)
    return rounded(limit.value, limit.subject.unit) or shown(limit.value, limit.subject.unit)
