"""A spec that has been read: its name, source, variables, variants; ready to be expanded any number of times."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cnncalc.language.expand import expand
from cnncalc.language.file import template
from cnncalc.language.python_data import from_python
from cnncalc.language.settings import Overrides
from cnncalc.language.sizes import TRIED, filled, open_axes
from cnncalc.language.slots import written
from cnncalc.language.stack import with_room
from cnncalc.language.template import Template
from cnncalc.language.yaml_text import read
from cnncalc.values.diagnostics import Collector, Diagnostic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.graph.graph import Graph
    from cnncalc.language.tree import Map
    from cnncalc.language.used import Beside


class Spec:
    """A checked spec. Immutable; expanding or analysing it changes nothing, so threads may share one.

    Attributes:
        file: the file's name as given, or None.
        variant: the variant that is expanded when none is asked for; None: the file's own variables.
    """

    __slots__ = ("_template", "file", "variant")

    def __init__(self, data: Mapping[str, object] | Template, *, file: str | None = None,
                 variant: str | None = None) -> None:  # fmt: skip
        """Read a mapping of the same form as the YAML.

        Raises:
            SpecError: it is no spec; diagnostics have no lines.
        """
        self.file = file
        self.variant = variant
        if isinstance(data, Template):
            self._template = data
        else:
            self._template = with_room(lambda: _from_mapping(data, file))
            self._template.collector.raise_if_errors()

    @property
    def name(self) -> str | None:
        """The spec's own name, if it gives one."""
        return self._template.name

    @property
    def source(self) -> str | None:
        """The citation."""
        return self._template.source

    @property
    def variants(self) -> tuple[str, ...]:
        """Names of the variants."""
        return tuple(self._template.variants)

    @property
    def variables(self) -> dict[str, str]:
        """The variables as written."""
        return {name: written(node) for name, (_, node) in self._template.vars.items()}

    @property
    def needs_input(self) -> bool:
        """Whether whoever expands it must say the input: it has none, or one whose sizes are open."""
        slots = self._template.inputs.values()
        return not slots or any(open_axes(slot.node) for slot in slots)

    @property
    def tree(self) -> Map:
        """The located tree of the whole file."""
        return self._template.root

    @property
    def budgets(self) -> Map | None:
        """The located tree under `budgets:`, if there is one."""
        return self._template.budgets

    def title(self, variant: str | None = None) -> str:
        """Return the network's name: that of a variant where each is a network, else the spec's, or the file's stem."""
        if self.variant is not None:
            return variant or self.variant
        stem = Path(self.file).stem if self.file and self.file != "-" else "network"
        return self.name or stem

    def to_yaml(self) -> str:
        """Return the spec as text that reads as if written by hand and loads back to the same report.

        Blocks, variables and variants stay; comments do not. Of a spec with a variant of its own, the text is that
        variant, under its name.
        """
        from cnncalc.language.write import to_yaml

        if self.variant is None:
            named = self.name is None and self.file is not None and self.file != "-"
            return to_yaml(self.tree, name=self.title() if named else None)
        values = {name: node for name, (_, node) in self._template.vars.items()}
        values.update({name: node for name, (_, node) in self._template.variants.get(self.variant, {}).items()})
        return to_yaml(self.tree, name=self.title(), variables=values)

    def with_variant(self, variant: str | None) -> Spec:
        """Return the same spec with another variant as its own, or with none."""
        return Spec(self._template, file=self.file, variant=variant)

    def collector(self) -> Collector:
        """Return an empty collector for findings about this spec."""
        known = self._template.collector
        return Collector(file=self.file, lines=known.lines, used=known.used)

    @property
    def used(self) -> dict[str, tuple[str, ...]]:
        """The lines of every file that it uses, by the file's path from the spec's folder."""
        return self._template.texts

    def __repr__(self) -> str:
        return f"<Spec {self.name or self.file or 'unnamed'}>"

    def expand(self, overrides: Overrides, collector: Collector) -> Graph:
        """Return the network; findings go to the collector."""
        known = tuple(collector.found)

        def run() -> Graph:
            collector.found[:] = known
            graph = expand(self._template, overrides, collector)
            collector.found[:] = [self._with_sizes(finding, overrides) for finding in collector.found]
            return graph

        return with_room(run)

    def _with_sizes(self, finding: Diagnostic, overrides: Overrides) -> Diagnostic:
        """Return the finding that an input has open sizes with the sizes that work; any other as it is."""
        if finding.code != "unknown-size" or len(self._template.inputs) != 1:
            return finding
        ((name, slot),) = self._template.inputs.items()
        works = [str(size) for size in TRIED if self._works(name, filled(slot.node, size), overrides)]
        if not works:
            return finding
        every = len(works) > 1 and works == [str(size) for size in TRIED[-len(works) :]]
        said = f"sizes from {works[0]} on work" if every else f"sizes that work: {', '.join(works)}"
        return replace(finding, hint=f"{finding.hint}; {said}")

    def _works(self, name: str, shape: tuple[int, ...] | None, overrides: Overrides) -> bool:
        """Return whether the network takes an input of this shape."""
        if shape is None:
            return False
        trial = self.collector()
        again = Overrides(overrides.variant, overrides.variables, {name: shape}, overrides.max_layers)
        expand(self._template, again, trial)
        return not trial.errors


def _from_mapping(data: Mapping[str, object], file: str | None) -> Template:
    return template(from_python(data), Collector(file=file))


def read_spec(text: str | bytes, file: str | None = None,
              beside: Beside | None = None) -> tuple[Spec, Collector]:  # fmt: skip
    """Return what could be read of a spec's text, and everything found wrong with it so far.

    Args:
        text: UTF-8, as str or bytes.
        file: the name that diagnostics print.
        beside: where the files that it uses are read from; without one it may use the shipped blocks alone.

    Raises:
        SpecError: the text is not even a tree.
    """
    return with_room(lambda: _read(text, file, beside))


def _read(text: str | bytes, file: str | None, beside: Beside | None) -> tuple[Spec, Collector]:
    root, collector = read(text, file, go_on=True)
    return Spec(template(root, collector, beside), file=file), collector


def parse(text: str | bytes, file: str | None = None, *, beside: Beside | None = None) -> Spec:
    """Return the spec of a YAML text.

    Args:
        text: UTF-8, as str or bytes.
        file: the name that diagnostics print.
        beside: where the files that it uses are read from; without one it may use the shipped blocks alone.

    Raises:
        SpecError: it is no spec.
        TypeError: it is no text.
    """
    if not isinstance(text, str | bytes):
        raise TypeError(f"the text of a spec is str or bytes, got {type(text).__name__}: analyze takes others")
    spec, collector = read_spec(text, file, beside)
    if collector.errors and not spec.needs_input:
        spec.expand(Overrides(), collector)
    collector.raise_if_errors()
    return spec
