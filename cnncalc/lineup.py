"""Several networks as rows of one table, with those that no other beats."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnncalc.analysis.pareto import front
from cnncalc.api import analyze
from cnncalc.gate.compare import exactly
from cnncalc.gate.metrics import METRICS, declared_note
from cnncalc.results.report import Report

if TYPE_CHECKING:
    from collections.abc import Collection

    from cnncalc.gate.compare import Comparison
    from cnncalc.language.literals import Number
    from cnncalc.source import Source
    from cnncalc.study import Study

SHOWN = ("params", "macs", "flops", "memory_access", "peak_activation", "receptive_field", "model_size")
"""The numbers of a row."""
FRONT = ("params", "macs", "memory_access", "peak_activation")
"""What is weighed against each other for the Pareto front, smaller being better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineupEntry:
    """One network: its name, its report, the numbers of its row (None: not known), whether no other beats it."""

    name: str
    report: Report
    numbers: dict[str, Number | None]
    best: bool

    @property
    def declared(self) -> tuple[str, ...]:
        """The numbers of the row that rest on what the spec declares of a layer."""
        paths = [layer.path for layer in self.report.layers if layer.declared]
        return tuple(key for key in self.numbers if paths and declared_note(METRICS[key], self.report, paths))

    def to_dict(self) -> dict[str, Any]:
        """Return the row as JSON has it."""
        marked = {"declared": list(self.declared)} if self.declared else {}
        return {"name": self.name, **self.numbers, "pareto": self.best, **marked}


@dataclass(frozen=True, slots=True)
class Lineup:
    """Networks side by side, sorted; prints as a table in a notebook and at a prompt."""

    entries: tuple[LineupEntry, ...]

    def __repr__(self) -> str:
        from cnncalc.render.lineup import to_table

        return to_table(self).rstrip("\n")

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, name: str) -> Report:
        """Return the report of a network by its name.

        Raises:
            KeyError: there is none; the message lists them.
        """
        for entry in self.entries:
            if entry.name == name:
                return entry.report
        raise KeyError(f"no network '{name}'; there are {', '.join(entry.name for entry in self.entries)}")

    @property
    def front(self) -> tuple[str, ...]:
        """Names of the networks that no other beats in params, macs, memory access and peak activation."""
        return tuple(entry.name for entry in self.entries if entry.best)

    def diff(self) -> Comparison:
        """Return what differs between two networks, layer by layer, as `cnncalc diff` shows it.

        Raises:
            ValueError: there are not two.
        """
        from cnncalc.gate.compare import compare as compared

        if len(self.entries) != 2:
            raise ValueError(f"a diff is of two networks, here are {len(self.entries)}")
        return compared(self.entries[0].report, self.entries[1].report)

    def to_dict(self) -> dict[str, Any]:
        """Return the table as plain data; keys are only added within one schema number."""
        rows = [entry.to_dict() for entry in self.entries]
        return {"schema": 1, "kind": "compare", "pareto_over": list(FRONT), "networks": rows}

    def to_json(self) -> str:
        """Return the table as JSON text."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)

    def to_markdown(self) -> str:
        """Return the table as Markdown."""
        from cnncalc.render.lineup import to_markdown

        return to_markdown(self)

    def to_html(self) -> str:
        """Return the table as HTML."""
        from cnncalc.render.lineup import to_html

        return to_html(self)

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        from cnncalc.render.html import mimebundle

        return mimebundle(self, include, exclude)


def compare(*networks: Source | Study | Report, sort: str | None = None, **options: Any) -> Lineup:
    """Return several networks as rows of one table, those on the Pareto front marked.

    Args:
        networks: as for `analyze`, `name@variant` for a variant; or reports.
        sort: a metric, the smallest first, with `-` before it the largest first; None keeps the order.
        options: as for `analyze`: input, convention, dtype, batch, ...

    Raises:
        SpecError: a spec is wrong.
        ValueError: an option is not one of the right ones, or nothing is named.
    """
    if not networks:
        raise ValueError("compare wants at least one network")
    return lineup([_named(network, options) for network in networks], sort=sort)


def _named(network: Source | Study | Report, options: dict[str, Any]) -> tuple[str, Report]:
    if isinstance(network, Report):
        return network.name, network
    if isinstance(network, str):
        name, variant = split(network)
        if variant is not None:
            return network, analyze(name, **{**options, "variant": variant})
    report = analyze(network, **options)
    return report.name, report


def split(text: str) -> tuple[str, str | None]:
    """Return the two parts of `name@variant`; the variant is None without one."""
    name, at, variant = text.rpartition("@")
    return (name, variant) if at and name and variant else (text, None)


def lineup(reports: list[tuple[str, Report]], *, sort: str | None = None) -> Lineup:
    """Return networks that are analysed already, by name, as one table.

    Raises:
        ValueError: there is no such metric to sort by.
    """
    word = (sort or "").removeprefix("-")
    if word and word not in METRICS and word != "name":
        raise ValueError(f"networks cannot be sorted by '{word}'; choose from name, {', '.join(SHOWN)}")
    shown = (*SHOWN, word) if word and word != "name" and word not in SHOWN else SHOWN
    rows = [{key: exactly(METRICS[key].total(report)) for key in shown} for _, report in reports]
    best = front([[None if row[key] is None else float(row[key] or 0) for key in FRONT] for row in rows])
    entries = [
        LineupEntry(name=name, report=report, numbers=row, best=mark)
        for (name, report), row, mark in zip(reports, rows, best, strict=True)
    ]
    if word == "name":
        entries.sort(key=lambda entry: entry.name, reverse=(sort or "").startswith("-"))
    elif word:
        sign = -1 if (sort or "").startswith("-") else 1
        entries.sort(key=lambda entry: (entry.numbers[word] is None, sign * (entry.numbers[word] or 0)))
    return Lineup(tuple(entries))
