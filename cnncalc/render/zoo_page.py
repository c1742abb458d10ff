"""One network of the zoo: where it is from, and what others publish beside what is counted here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnncalc.render.markdown import code, escape
from cnncalc.zoo.figures import SECOND_HAND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.results.report import Report
    from cnncalc.zoo.figures import Figure


def measured(report: Report, metric: str) -> int:
    """Return our number for what a published figure counts."""
    if metric == "receptive_field":
        return report.summary.receptive_field[0] or 0
    return int(getattr(report.totals, metric))


@dataclass(frozen=True, slots=True, kw_only=True)
class ZooPage:
    """What is told about one network.

    Attributes:
        name: the network.
        task: what it is for.
        year: of the publication.
        source: the citation.
        remarks: what its file says below that.
        file: the name of its file.
        siblings: the other networks of the file.
        relatives: networks that go by the same name, and what tells them apart.
        published: published figures, each with the number here.
    """

    name: str
    task: str
    year: int
    source: str
    remarks: str
    file: str
    siblings: Sequence[str]
    relatives: Sequence[tuple[str, str]]
    published: Sequence[tuple[Figure, int]]

    def text(self) -> str:
        """Return the page for a terminal, in long lines: what stands below the table of the network."""
        lines = [f"{self.name}: {self.task}, {self.year}", self.source]
        if self.remarks:
            lines += ["", self.remarks]
        others = f", with {', '.join(self.siblings)}" if self.siblings else ""
        lines += ["", f"file     specs/{self.file}{others}"]
        lines += [f"not      {name}: {why}" for name, why in self.relatives]
        lines += ["", self._heading]
        for figure, here in self.published:
            remark = figure.remark(here)
            lines.append(f"  {figure.words}: {figure.marked} published, {here:,} here, {self._verdict(figure, here)}")
            lines.append(f"    {figure.where}" + (f". {remark}" if remark else ""))
        if any(not figure.certain for figure, _ in self.published):
            lines.append(f"{SECOND_HAND} second-hand: the publication itself was not at hand to check it")
        return "\n".join(lines) + "\n"

    @property
    def _heading(self) -> str:
        agreeing = sum(figure.agrees(here) for figure, here in self.published)
        if not self.published:
            return "No published figure of it is known to us."
        return f"Published figures: {agreeing} of {len(self.published)} agree to the last digit that is printed"

    def _verdict(self, figure: Figure, here: int) -> str:
        difference = figure.difference(here)
        return {"0": "equal", "agrees": "agrees"}.get(difference, difference)

    def markdown(self) -> str:
        """Return the page as Markdown, what stands below the table."""
        lines = [f"{self.task}, {self.year}. {escape(self.source)}", ""]
        if self.remarks:
            lines += [escape(self.remarks), ""]
        lines += [f"- not {code(name)}: {escape(why)}" for name, why in self.relatives]
        if self.relatives:
            lines.append("")
        lines += [f"{self._heading}", ""]
        if self.published:
            lines.append("| Figure | Published | Here | Difference | Where | Remark |")
            lines.append("| --- | ---: | ---: | --- | --- | --- |")
        for figure, here in self.published:
            cells = [escape(figure.words), escape(figure.marked), f"{here:,}", escape(self._verdict(figure, here)),
                     escape(figure.where), escape(figure.remark(here))]  # fmt: skip
            lines.append("| " + " | ".join(cells) + " |")
        return "\n".join(lines).rstrip("\n") + "\n"

    def plain(self) -> dict[str, Any]:
        """Return what it says beyond its totals, for JSON."""
        return {
            "remarks": self.remarks,
            "file": self.file,
            "siblings": list(self.siblings),
            "relatives": dict(self.relatives),
            "published": [
                {
                    "metric": figure.metric,
                    "printed": figure.printed,
                    "value": figure.value,
                    "unit": figure.unit,
                    "here": here,
                    "agrees": figure.agrees(here),
                    "where": figure.where,
                    "remark": figure.remark(here),
                    "certain": figure.certain,
                    "input": None if figure.shape is None else list(figure.shape),
                    "convention": figure.convention,
                }
                for figure, here in self.published
            ],
        }
