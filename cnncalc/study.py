"""What is asked of which network, and what was found: each thing is made once, when it is first asked for.

A `Question` is a value; a `Study` answers it. `Study.under` asks another question of the same network, which is read
and expanded anew only where the question says so.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc import zoo
from cnncalc._version import __version__
from cnncalc.analysis.assemble import Counts, build_report, count
from cnncalc.analysis.receptive import receptive_fields
from cnncalc.results.report import Report
from cnncalc.rules import convention as find_convention
from cnncalc.source import check_count, expand, open_source, overrides
from cnncalc.values.diagnostics import MAX_REPORTED, Collector, SpecError, by_place
from cnncalc.values.dtypes import ALIGNMENT, parse_dtypes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.analysis.memory import MemoryReport
    from cnncalc.analysis.receptive import Misalignment, NodeField
    from cnncalc.deployment.runtimes import Runtime
    from cnncalc.graph.graph import Graph
    from cnncalc.language.document import Spec
    from cnncalc.rules.base import Convention
    from cnncalc.source import Input, Source
    from cnncalc.values.diagnostics import Span
    from cnncalc.values.dtypes import Dtypes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """What to ask of which network; `analyze` says what each of it means.

    The first five say which network it is, the others how it is counted.
    """

    spec: Source
    input: Input | None = None
    variant: str | None = None
    variables: Mapping[str, object] | None = None
    max_layers: int | None = None
    convention: str = "exact"
    dtype: str = "fp32"
    batch: int = 1
    fold_bn: bool = False
    deploy: bool = False
    runtime: str | None = None
    scratch: int | None = None


NETWORK = "input", "variant", "variables", "max_layers"
DEFAULTS = {field.name: field.default for field in dataclasses.fields(Question)}


class Fields(NamedTuple):
    """The receptive fields of every layer, and the merges whose sources are not aligned."""

    of: Sequence[NodeField]
    misaligned: Sequence[Misalignment]


class Form:
    """A graph and what is computed of it alone, whatever the counting rule."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    @cached_property
    def fields(self) -> Fields:
        """The receptive fields."""
        return Fields(*receptive_fields(self.graph))


class Expanded:
    """A network as it was read and expanded, and its graph in the forms that were asked for."""

    def __init__(self, question: Question, spec: Spec, found: Collector) -> None:
        asked = overrides(input=question.input, variant=question.variant, variables=question.variables,
                          max_layers=question.max_layers)  # fmt: skip
        self.collector = found.copy()
        self.graph = expand(spec, self.collector, asked)
        self._forms: dict[str, Form] = {"": Form(self.graph)}

    def form(self, name: str) -> Form:
        """Return the graph as it is (""), `folded`, `deployed` or, for a runtime that pads, `padded`."""
        if name not in self._forms:
            from cnncalc.graph.deploy import deployed, padded_apart
            from cnncalc.graph.fold import fold_batch_norm

            if name == "folded":
                graph = fold_batch_norm(self.graph)
            else:
                graph = padded_apart(self.form("deployed").graph) if name == "padded" else deployed(self.graph)
            self._forms[name] = Form(graph)
        return self._forms[name]


class Study:
    """The answers to a question.

    Raises:
        ValueError: a part of the question is not one of the right ones; the message lists them.
    """

    def __init__(self, question: Question, origin: Study | None = None) -> None:
        self.question = question
        self.rule: Convention = find_convention(question.convention)
        self.dtypes: Dtypes = parse_dtypes(question.dtype)
        check_count("batch", question.batch)
        if origin is not None and origin.question.spec is question.spec:
            self.opened = origin.opened
            if not any(getattr(question, name) != getattr(origin.question, name) for name in NETWORK):
                self.expanded = origin.expanded
        self._memories: dict[tuple[str, int], MemoryReport] = {}

    @classmethod
    def of(cls, spec: Source | Study, **options: Any) -> Study:
        """Return the study of a network, or the given one under the options that are not the usual ones."""
        if not isinstance(spec, Study):
            return cls(Question(spec=spec, **options))
        changes = {name: value for name, value in options.items() if value != DEFAULTS[name]}
        return spec.under(**changes) if changes else spec

    def under(self, **changes: Any) -> Study:
        """Return the study of the same network with parts of the question replaced; this one where none differs."""
        if all(value == getattr(self.question, name) for name, value in changes.items()):
            return self
        return Study(dataclasses.replace(self.question, **changes), self)

    @cached_property
    def opened(self) -> tuple[Spec, Collector]:
        """The spec as it was read, and what was found on the way.

        Raises:
            SpecError: it cannot even be read.
            TypeError: it is nothing that a spec can be given as.
        """
        return open_source(self.question.spec)

    @cached_property
    def expanded(self) -> Expanded:
        """The network; with errors among its findings the graph is incomplete.

        Raises:
            SpecError: the spec cannot even be read.
            ValueError: there is no such variant, variable or input, or a value cannot be one.
        """
        return Expanded(self.question, *self.opened)

    @property
    def spec(self) -> Spec:
        """The spec of the network."""
        return self.opened[0]

    def line(self, span: Span | None) -> str | None:
        """Return the text of a line of the spec, or of a file that it uses."""
        return self.expanded.collector.line(span)

    @property
    def name(self) -> str:
        """The network's name: its own variant's, else the spec's, else the file's.

        A variant of a file of the zoo that is a network of the zoo has one name, whatever it was reached by.
        """
        spec, variant = self.spec, self.question.variant
        if variant is not None and zoo.is_network(variant, spec.file):
            return variant
        return spec.title(variant)

    @property
    def variant(self) -> str | None:
        """The variant that is asked for, or the spec's own."""
        return self.question.variant or self.spec.variant

    @property
    def batch(self) -> int:
        """Images at once; those of the file where the question does not say."""
        return self.expanded.graph.batch if self.question.batch == 1 else self.question.batch

    @cached_property
    def runtime(self) -> Runtime | None:
        """The named runtime.

        Raises:
            ValueError: there is none of that name, or scratch is given without one.
        """
        planner = None
        if self.question.runtime is not None:
            from cnncalc.deployment.runtimes import find_runtime

            planner = find_runtime(self.question.runtime)
        if self.question.scratch is not None:
            check_count("scratch", self.question.scratch)
            if planner is None:
                raise ValueError("scratch goes with a runtime")
        return planner

    @property
    def deploy(self) -> bool:
        """Whether the network is taken as a runtime gets it."""
        return self.question.deploy or self.runtime is not None

    def _form(self) -> Form:
        """Return the graph in the form that the question asks for, as it is where a layer failed."""
        planner = self.runtime
        if self.expanded.collector.errors:
            return self.expanded.form("")
        if self.deploy:
            return self.expanded.form("padded" if planner is not None and planner.pads else "deployed")
        return self.expanded.form("folded" if self.question.fold_bn else "")

    @property
    def graph(self) -> Graph:
        """The network, whole.

        Raises:
            SpecError: the spec is wrong.
        """
        self.expanded.collector.raise_if_errors()
        return self._form().graph

    @property
    def fields(self) -> Fields:
        """The receptive fields of every layer of the graph."""
        return self._form().fields

    @cached_property
    def counts(self) -> Counts:
        """What every layer of the graph comes to by the rule, and the sums."""
        return count(self._form().graph, self.rule, self.dtypes, self.batch)

    @cached_property
    def report(self) -> Report:
        """Everything known about the network.

        Raises:
            SpecError: the spec is wrong; carries every finding, and a partial report where there is one.
        """
        form, read = self._form(), self.expanded.collector
        graph, deploy = form.graph, self.deploy
        found = read.copy()
        report = build_report(
            graph, name=self.name, source=self.spec.source, file=self.spec.file, variant=self.variant,
            version=__version__, convention=self.rule, dtypes=self.dtypes, batch=self.batch, collector=found,
            fields=form.fields, counts=self.counts, fold_bn=self.question.fold_bn or deploy, deploy=deploy,
            question=dataclasses.replace(self.question, spec=self.spec),
        )  # fmt: skip
        if deploy and not found.errors:
            from cnncalc.deployment.runtimes import Deployment, memory_of

            asked = Deployment(graph, self.dtypes, self.batch, self.question.scratch, self.spec.file)
            try:
                report = dataclasses.replace(report, memory=memory_of(self.runtime, asked))
            except SpecError as error:
                raise self.located(error) from None
        if errors := found.errors:
            errors.sort(key=by_place)
            raise SpecError(errors[:MAX_REPORTED], before(report, graph))
        return report

    def located(self, error: SpecError) -> SpecError:
        """Return an error about the graph with the lines of the spec that it points at."""
        read = self.expanded.collector
        return SpecError(dataclasses.replace(each, source=read.line(each.span)) for each in error.diagnostics)

    def with_patches(self, asked: str) -> Report:
        """Return the report with what running the first stage patch by patch does, as `--patches` asks.

        Raises:
            SpecError: the spec is wrong.
            ValueError: the network cannot run so, or it is not written so.
        """
        from cnncalc.analysis.patches import patched

        return dataclasses.replace(self.report, patches=patched(self.graph, self.dtypes, asked, self.batch))

    def memory(self, optimizer: str = "adam", alignment: int = ALIGNMENT) -> MemoryReport:
        """Return the memory of the network: live activations, an arena for them, and what a training step keeps.

        Raises:
            SpecError: the spec is wrong.
            ValueError: there is no such optimiser, or the alignment is below 1.
        """
        from cnncalc.analysis.memory import build_memory

        key = optimizer, alignment
        if key not in self._memories:
            self.expanded.collector.raise_if_errors()
            folded = self.question.fold_bn or self.deploy
            self._memories[key] = build_memory(
                self.graph, name=self.name, dtypes=self.dtypes,
                batch=self.batch, fold_bn=folded, optimizer=optimizer, alignment=alignment,
            )  # fmt: skip
        return self._memories[key]


def before(report: Report, graph: Graph) -> Report | None:
    """Return a report of the layers before the first that failed, or None where there are none."""
    kept = report.layers[: graph.whole]
    if not kept:
        return None
    values = {key: getattr(report, key) for key in report.__slots__}
    return Report(**{**values, "layers": kept, "outputs": (), "output_tensors": ()})
