"""Parts of a report that print like it: a layer with its formulas, and some layers as the table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from cnncalc.results.layer import Layer
from cnncalc.results.views import view

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncalc.results.report import Report
    from cnncalc.results.totals import Totals


class ReportLayer(Layer):
    """A layer of a report as `report["conv1"]` gives it: the same numbers, printed with their formulas.

    Attributes:
        report: what it is a layer of; None for one with other numbers, of which there are no formulas.
    """

    report: Report | None = None

    @classmethod
    def of(cls, layer: Layer, report: Report) -> ReportLayer:
        """Return the layer with what its formulas are made of."""
        made = cls._make(layer)
        made.report = report
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Layer._make, (tuple(self),)

    def __repr__(self) -> str:
        return self._form("text") or super().__repr__()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        text = self._form("text")
        if text is None:
            super()._repr_pretty_(printer, cycle)
        else:
            printer.text(text)

    def _repr_html_(self) -> str:
        return self._form("html") or super()._repr_html_()

    def _form(self, kind: str) -> str | None:
        """Return the layer as `explain` shows it; None where its network is not known."""
        if self.report is None or self.report.question is None:
            return None
        made: str = view(f"layer.{kind}")(self.report, self.path)
        return made


class Layers(tuple[Layer, ...]):  # noqa: SLOT001 - a tuple cannot have slots of its own
    """Some layers of a report, in its order. A tuple that prints as the report's table.

    Attributes:
        report: the report that they are of.
    """

    report: Report | None

    def __new__(cls, layers: Iterable[Layer] = (), report: Report | None = None) -> Self:
        """Return the layers as a part of a report."""
        made = super().__new__(cls, layers)
        made.report = report
        return made

    def part(self) -> Report:
        """Return the report with these layers and their sums alone."""
        assert self.report is not None  # noqa: S101 - only what a report made is shown
        return replace(self.report, layers=tuple(self), totals=self.totals, warnings=())

    @property
    def totals(self) -> Totals:
        """The sums over these layers."""
        made: Totals = view("layers.totals")(self.report, self)
        return made

    def __repr__(self) -> str:
        text: str = view("layers.text")(self)
        return text

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002 - as IPython calls it
        printer.text(repr(self))

    def _repr_html_(self) -> str | None:
        if self.report is None or not self:
            return None
        text: str = view("layers.html")(self)
        return text
