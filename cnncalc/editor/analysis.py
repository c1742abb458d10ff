"""One text analysed: what is wrong with it, and its network as far as there is one."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.editor.budgets import subject_of
from cnncalc.editor.places import uses
from cnncalc.gate.specs import has_only_blocks
from cnncalc.language.document import read_spec
from cnncalc.language.used import Folder
from cnncalc.source import Text
from cnncalc.study import Study
from cnncalc.values.diagnostics import SpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnncalc.editor.places import Use
    from cnncalc.gate.outcome import Subject
    from cnncalc.graph.graph import Graph
    from cnncalc.language.document import Spec
    from cnncalc.language.used import Beside
    from cnncalc.results.report import Report
    from cnncalc.values.diagnostics import Diagnostic


class Overlay:
    """The folder of a spec as the editor has it: what is open there outranks what is saved."""

    def __init__(self, folder: Path, opened: Callable[[str], str | None]) -> None:
        """Look at a folder.

        Args:
            folder: the folder.
            opened: the text of an open file by its absolute path; None where it is not open.
        """
        self.folder = folder
        self.opened = opened
        self.saved = Folder(folder, str(folder))

    def name(self, path: str) -> str:
        """Return the absolute path of a file."""
        return os.path.normpath(self.saved.name(path))

    def read(self, path: str) -> bytes:
        """Return what a file holds.

        Raises:
            OSError: it is not open, and cannot be read.
        """
        text = self.opened(self.name(path))
        return self.saved.read(path) if text is None else text.encode("utf-8", "surrogatepass")


ITSELF = "blocks.yaml"


@dataclass(frozen=True, slots=True)
class Itself:
    """A folder with one file of blocks, and what that file uses in its turn."""

    text: str
    beside: Beside | None

    def name(self, path: str) -> str:
        """Return what places in a file call it."""
        return path if path == ITSELF or self.beside is None else self.beside.name(path)

    def read(self, path: str) -> bytes:
        """Return what a file holds.

        Raises:
            OSError: it cannot be read.
        """
        if path == ITSELF:
            return self.text.encode("utf-8", "surrogatepass")
        if self.beside is None:
            raise OSError(0, "is in no folder")
        return self.beside.read(path)


class Outcome(NamedTuple):
    """What came out of an analysis.

    Attributes:
        findings: as `cnncalc show` prints them.
        report: the network; of one with errors, its layers before the first that failed.
        whole: whether the report is that of the whole network.
    """

    findings: tuple[Diagnostic, ...]
    report: Report | None
    whole: bool


class Analysis:
    """One text, analysed once; each thing is made when it is first asked for.

    Attributes:
        text: the text.
        path: the file's absolute path, or a name where it is in no folder.
        study: its network.
    """

    def __init__(self, text: str, path: str, beside: Beside | None = None) -> None:
        self.text = text
        self.path = path
        self.beside = beside
        self.lines: tuple[str, ...] = tuple(text.splitlines())
        self.study = Study.of(Text(text, path, beside))

    @cached_property
    def spec(self) -> Spec | None:
        """The spec, None where the text is not even a tree."""
        try:
            return self.study.spec
        except SpecError:
            return None

    @property
    def is_library(self) -> bool:
        """Whether it holds blocks for others to use, and no network."""
        return self.spec is not None and has_only_blocks(frozenset(self.spec.tree.keys()))

    @property
    def is_read(self) -> bool:
        """Whether the text has been read, at least in vain."""
        return "spec" in self.__dict__

    @property
    def done(self) -> bool:
        """Whether it is known what came out; until then nothing but the text has been read."""
        return "outcome" in self.__dict__

    def work_out(self) -> None:
        """Make everything that is shown of the network."""
        _ = self.outcome, self.uses, self.gate

    @cached_property
    def outcome(self) -> Outcome:
        """What is wrong, and the network."""
        if self.is_library:
            return Outcome(self._as_used(), None, whole=False)
        try:
            report = self.study.report
        except SpecError as error:
            return Outcome(error.diagnostics, error.partial, whole=False)
        return Outcome(report.warnings, report, whole=True)

    @property
    def findings(self) -> tuple[Diagnostic, ...]:
        """What is wrong."""
        return self.outcome.findings

    @property
    def report(self) -> Report | None:
        """The network as far as it is known."""
        return self.outcome.report

    @property
    def graph(self) -> Graph | None:
        """The graph behind the report: as many of its first layers as the report has."""
        return None if self.report is None else self.study.expanded.graph

    @cached_property
    def uses(self) -> dict[tuple[int, int], list[Use]]:
        """What every item of the file comes to, by the line and column of its key."""
        return {} if self.report is None else uses(self.study.expanded.graph, self.report.layers)

    @cached_property
    def gate(self) -> Subject | None:
        """What `cnncalc check` says of the limits in it; None where it sets none, or has errors."""
        return subject_of(self)

    @property
    def used(self) -> Mapping[str, tuple[str, ...]]:
        """The lines of every file that it uses, by the path from its folder."""
        return {} if self.spec is None else self.spec.used

    def _as_used(self) -> tuple[Diagnostic, ...]:
        """Return what is wrong with a file of blocks, as a spec that uses it is told."""
        try:
            user = f"input: [1, 1]\nuse: [{ITSELF}]\nlayers: [identity]"
            _, collector = read_spec(user, "", Itself(self.text, self.beside))
        except SpecError as error:
            found = list(error.diagnostics)
        else:
            found = collector.found
        own_ones = (finding for finding in found if finding.span is not None and finding.span.file == ITSELF)
        return tuple(
            replace(
                finding, file=self.path, spec=None, span=finding.span and finding.span._replace(file=""),
                related=tuple((label, place._replace(file="")) if place.file == ITSELF else (label, place)
                              for label, place in finding.related),
            )
            for finding in own_ones
        )  # fmt: skip


def analysed(text: str, path: str, opened: Callable[[str], str | None] = lambda _: None) -> Analysis:
    """Return the analysis of the text of a file; of a name that is no absolute path, without files beside it."""
    absolute = Path(path).is_absolute()
    return Analysis(text, path, Overlay(Path(path).parent, opened) if absolute else None)
