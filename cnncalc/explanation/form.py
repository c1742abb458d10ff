"""Layers of one form: recorded once in letters, where all that their formulas decided is the same for each of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.analysis.assemble import Facts
from cnncalc.explanation.letters import lettered, naming
from cnncalc.explanation.term import letter
from cnncalc.numbers.node import INPUT
from cnncalc.numbers.recorder import Recorder
from cnncalc.numbers.replay import Decision, Replay, hold

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnncalc.graph.graph import Node
    from cnncalc.rules.base import Convention
    from cnncalc.values.dtypes import Dtypes

MOST_ALIKE = 16
"""Forms with the same letters that are tried for a layer, which differ in what their formulas decided."""


class FieldTerms(NamedTuple):
    """What a form does to the field that arrives: numbers of its recording, and what was decided for them."""

    terms: tuple[Any, ...]
    decisions: list[Decision]


class LayerForm:
    """A layer in letters with all that is counted of it, and what was decided on the way.

    Attributes:
        found: the layer in letters.
        facts: what is counted of it.
        reach: what its outputs read of its inputs; the error where its code does not say.
        outs: the letters of its outputs that are not those of its inputs and arguments, as (port, axis, letter).
        own: the values of its letters when it was recorded; None where one letter stands for two numbers.
    """

    def __init__(self, node: Node, convention: Convention, dtypes: Dtypes, batch: int) -> None:
        """Record a layer.

        Raises:
            Exception: its code does not run on letters.
        """
        recorder = Recorder(asking=False)
        self.images = letter(recorder, "N", batch) if batch > 1 else 1
        self.found = found = lettered(node, recorder)
        on_letters = replace(node, op=found.op, in_shapes=found.ins, out_shapes=found.outs, shares=None)
        self.facts = Facts(on_letters, convention, dtypes, self.images)
        self.reach: Any
        try:
            self.reach = found.op.reach(found.ins, found.outs)
        except Exception as error:  # noqa: BLE001 - somebody else's operator; raised where the field is asked for
            self.reach = error
        self.outs = [
            (port, axis, number.node.args[0])
            for port, shape in enumerate(found.outs)
            for axis, number in enumerate(map(_recorded, shape))
            if number is not None
        ]
        self.own = _values(recorder)
        self._guards = list(recorder.guards.items())
        self._replay = Replay()
        self._decisions: list[Decision] | None = None
        self._steps: dict[Any, FieldTerms] = {}

    def fits(self, values: Mapping[str, int]) -> bool:
        """Whether the recording holds for other values of its letters."""
        if self._decisions is None:
            self._decisions = self._replay.decisions(self._guards)
        return hold(self._decisions, values)

    def step(
        self, key: Any, record: Callable[[], tuple[Any, ...]], values: Mapping[str, int]
    ) -> tuple[tuple[Any, ...], bool]:
        """Return numbers that are recorded once for each key, and whether they were recorded just now."""
        found = self._steps.get(key)
        if found is not None and hold(found.decisions, values):
            return found.terms, False
        guards = self.found.recorder.guards
        before = len(guards)
        terms = record()
        if found is None:
            self._steps[key] = FieldTerms(terms, self._replay.decisions(list(guards.items())[before:]))
        return terms, True


def _recorded(number: Any) -> Any:
    node = getattr(number, "node", None)
    return number if node is not None and node.kind == INPUT else None


def _values(recorder: Recorder) -> dict[str, int] | None:
    """Return what each letter stands for, None where one stands for two numbers."""
    values: dict[str, int] = {}
    for node in recorder.nodes:
        if node.kind == INPUT and values.setdefault(node.args[0], node.value) != node.value:
            return None
    return values


class LayerForms:
    """The forms of one network's layers.

    Args:
        convention: the rule that counts.
        dtypes: what elements are stored as.
        batch: images at once.
    """

    def __init__(self, convention: Convention, dtypes: Dtypes, batch: int) -> None:
        self._how = convention, dtypes, batch
        self._known: dict[Any, list[LayerForm]] = {}

    def of(self, node: Node, *, shared: bool = True) -> tuple[LayerForm | None, dict[str, int] | None]:
        """Return a layer's form and the values of its letters.

        The form is None where the layer's code does not run on letters, and the values where they are those of the
        recording and no others will do.
        """
        try:
            named = naming(node) if shared else None
            alike = self._known.setdefault((named.key, node.bits), []) if named is not None else []
        except Exception:  # noqa: BLE001 - somebody else's values may be anything; the layer is recorded by itself
            named, alike = None, []
        if named is not None:
            values = named.values
            if self._how[2] > 1:
                values["N"] = self._how[2]
            for form in alike:
                found = _completed(form, values, node)
                if found is not None and form.fits(found):
                    return form, found
        try:
            form = LayerForm(node, *self._how)
        except Exception:  # noqa: BLE001 - somebody else's operator may do anything with its numbers; plain ones remain
            return None, None
        if form.own is None or named is None or any(form.own.get(name) != n for name, n in named.values.items()):
            return form, None
        if len(alike) < MOST_ALIKE:
            alike.append(form)
        return form, form.own


def _completed(form: LayerForm, values: Mapping[str, int], node: Node) -> dict[str, int] | None:
    """Return the values of all letters of a layer, None where one letter would stand for two numbers."""
    found = dict(values)
    for port, axis, name in form.outs:
        number = node.out_shapes[port][axis]
        if found.setdefault(name, number) != number:
            return None
    return found
