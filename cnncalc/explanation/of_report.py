"""A closer look at a network whose report one has: formulas of its layers, and what a unit sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.explanation.network import explain
from cnncalc.explanation.unit import view_unit
from cnncalc.study import Study

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.explanation.model import Explained
    from cnncalc.explanation.unit import UnitView
    from cnncalc.results.report import Report


def network_of(report: Report) -> Study:
    """Return the study of a report's network, under the options that the report was made with.

    Raises:
        ValueError: the report does not know its network.
    """
    if report.question is None:
        raise ValueError(f"the report of {report.name} does not know its network; analyze it again")
    return Study(report.question)


def explained(report: Report, pattern: str) -> Explained:
    """Return the layers of a report whose path matches a glob, with the formula of every number.

    Raises:
        ValueError: nothing matches, or the report does not know its network.
    """
    return explain(network_of(report), pattern)


def seen(report: Report, layer: str, at: Sequence[int] | None) -> UnitView:
    """Return what a unit of a layer of a report's network sees.

    Raises:
        ValueError: there is no such layer or unit, or the report does not know its network.
    """
    return view_unit(network_of(report), layer, at)
