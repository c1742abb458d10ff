"""The line that a change is due to: of the layer that moved most, its call, or the variable that it follows."""

from __future__ import annotations

import difflib
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from cnncalc.gate.analyses import Analyses
from cnncalc.language.slots import written
from cnncalc.language.tree import Map, Scalar, Seq
from cnncalc.values.diagnostics import SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnncalc.gate.budget import Limit
    from cnncalc.gate.outcome import Options
    from cnncalc.language.document import Spec
    from cnncalc.language.tree import Node
    from cnncalc.results.layer import Layer
    from cnncalc.values.diagnostics import Span

MOST_TRIED = 8
"""So many changed variables are tried one by one for the one that a number follows most."""


class Blame:
    """Finds the line of a spec that made a number grow or shrink, among the lines that were changed.

    A layer that grew may stand on a line that nobody touched: a variable, or the call of its block, made it grow. A
    viewer of changes shows nothing beside a line that is the same, so the finding stands where the change is.

    Args:
        spec: the later version.
        old: the earlier version.
        options: what the run was asked.
        variant: the variant that is judged.
        analyses: of the later version.
    """

    def __init__(self, spec: Spec, old: Spec, options: Options, variant: str | None, analyses: Analyses) -> None:
        self._spec = spec
        self._options = options
        self._variant = variant
        self._analyses = analyses
        self._changed = frozenset(changed_lines(lines_of(old), lines_of(spec)))
        self._variables = list(self._moved_variables(old))
        self._traces: dict[str, tuple[Span, ...]] | None = None

    def place(self, limit: Limit, layer: Layer | None) -> tuple[int, int] | None:
        """Return the line and column that a number's change is due to; None where the spec has no line for it."""
        if layer is None or not layer.line:
            return None
        own = layer.line, layer.column or 1
        if not self._changed or layer.line in self._changed:
            return own
        for span in self._calls(layer):
            if span.line in self._changed:
                return span.line, span.column
        variable = self._variable(limit)
        return own if variable is None else variable

    def _calls(self, layer: Layer) -> tuple[Span, ...]:
        """Return where the calls around a layer stand in the file, the innermost first."""
        if self._traces is None:
            graph = self._analyses.study().graph
            self._traces = {
                node.path: tuple(span for _, span in reversed(node.trace) if span is not None and not span.file)
                for node in graph.nodes
            }
        return self._traces.get(layer.path, ())

    def _moved_variables(self, old: Spec) -> Iterator[tuple[str, Scalar, object]]:
        """Yield the variables that have another value, each with its key in the spec and its earlier value."""
        for section in (("vars",), ("variants", self._variant or self._spec.variant or "")):
            before, after = table(old.tree, section), table(self._spec.tree, section)
            for key, value in after.entries:
                then = before.get(key.text)
                if then is not None and written(then) != written(value):
                    yield key.text, key, plain(then)

    def _variable(self, limit: Limit) -> tuple[int, int] | None:
        """Return the place of the changed variable that a number follows most; None where none was changed."""
        if not self._variables:
            return None
        best, name, key = Fraction(-1), *self._variables[0][:2]
        if len(self._variables) > 1:
            now = self._analyses.measure(limit).low
            for other, place, then in self._variables[:MOST_TRIED]:
                moved = abs(Fraction(now) - Fraction(self._with(other, then, limit, now)))
                if moved > best:
                    best, name, key = moved, other, place
        span = key.span
        return (span.line, span.column) if name and span is not None else None

    def _with(self, name: str, value: object, limit: Limit, otherwise: Fraction | float) -> Fraction | float:
        """Return a number with one variable as it was; what cannot be analysed so counts as unmoved."""
        options = replace(self._options, variables={**self._options.variables, name: value})
        try:
            return Analyses(self._spec, options, self._variant).measure(limit).low
        except (SpecError, ValueError):
            return otherwise


def lines_of(spec: Spec) -> Sequence[str]:
    """Return the lines of a spec's file."""
    return spec.collector().lines or ()


def changed_lines(old: Sequence[str], new: Sequence[str]) -> Iterator[int]:
    """Yield the numbers of the new lines that are not in the old text."""
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False) if len(old) * len(new) < 10**7 else \
        difflib.SequenceMatcher(None, old, new)  # fmt: skip
    for kind, _, _, start, stop in matcher.get_opcodes():
        if kind != "equal":
            yield from range(start + 1, stop + 1)


def table(tree: Map, section: tuple[str, ...]) -> Map:
    """Return a mapping inside a spec, an empty one where there is none."""
    node: Node | None = tree
    for name in section:
        node = node.get(name) if isinstance(node, Map) else None
    return node if isinstance(node, Map) else Map({})


def plain(node: Node) -> object:
    """Return a variable's value as Python has it."""
    if isinstance(node, Seq):
        return [plain(entry) for entry in node.items]
    return node.value if isinstance(node, Scalar) else None
