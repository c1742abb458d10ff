"""Designs computed in number: one recording for every structure that they have, and code on arrays where NumPy is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.deployment.runtimes import find_runtime
from cnncalc.numbers.node import Range
from cnncalc.numbers.recorded import RecordedFraction
from cnncalc.numbers.recorder import Recorder
from cnncalc.search.columns import value_of
from cnncalc.search.network import Asked, Structure, record
from cnncalc.search.plain import options_of, study_of
from cnncalc.search.space import BATCH, DEVICE, INPUT, RULE, SPEC, VARIABLE
from cnncalc.source import input_shapes
from cnncalc.values.diagnostics import SpecError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType

    from cnncalc.language.document import Spec
    from cnncalc.search.space import Choices, Space

Places = tuple[int, ...]
MANY_STRUCTURES, FEW_ROWS = 40, 8
"""Where more structures than this were recorded, for fewer designs each than that, the others are run one by one."""

NOT_RECORDED = ("runtime", "scratch", "device")
"""Options of slow columns alone."""


class DesignRow(NamedTuple):
    """One design: which choice of each axis, its totals in order, and why there are none."""

    places: Places
    numbers: tuple[Any, ...] | None
    error: str | None


class Varied(NamedTuple):
    """One number that a recording starts from, and how a choice of an axis gives it.

    Attributes:
        name: of the recorded input.
        axis: the place of the axis among those that vary.
        values: whole numbers, one for each choice.
        under: what they are divided by.
    """

    name: str
    axis: int
    values: tuple[int, ...]
    under: int


class Designs:
    """The designs of a space, and what of each is asked.

    Attributes:
        axes: of the space.
        words: the places of the axes whose choices each make networks of their own.
        numbers: the places of the others.
        of: the totals that are asked for.
        certain: those without which, or with no more than a lower bound of which, a design counts as none.
        networks: the recordings made so far, by the choices of the word axes.
    """

    def __init__(
        self, specs: Mapping[str, Spec], space: Space, of: Sequence[str], options: Mapping[str, Any],
        certain: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.specs = specs
        self.certain = tuple(certain)
        self.space = space
        self.axes = space.axes
        self.of = tuple(of)
        self.options = dict(options)
        self.words = tuple(k for k, axis in enumerate(self.axes) if not axis.numeric)
        self.numbers = tuple(k for k, axis in enumerate(self.axes) if axis.numeric)
        self.networks: dict[Places, list[Structure]] = {}
        self.one_by_one: set[Places] = set()
        self.solved: dict[Places, int] = {}
        self.given = [given for k in self.numbers for given in _given(k, self.axes[k])]

    def spec(self, places: Sequence[int]) -> Spec:
        """Return the spec of a design."""
        for axis, place in zip(self.axes, places, strict=True):
            if axis.kind == SPEC:
                return self.specs[axis.choices[place]]
        return next(iter(self.specs.values()))

    def key(self, places: Sequence[int]) -> Places:
        """Return the choices of the word axes of a design."""
        return tuple(places[k] for k in self.words)

    def numbers_of(self, places: Sequence[int]) -> dict[str, int]:
        """Return what a recording is given for a design."""
        return {given.name: given.values[places[given.axis]] for given in self.given}

    def ranges(self) -> dict[str, Range]:
        """Return what every number that a recording is given can be."""
        return {given.name: Range(min(given.values), max(given.values)) for given in self.given}

    def record(self, places: Sequence[int], ranges: Mapping[str, Range] | None = None) -> Structure:
        """Return the structure of one design, for numbers within the ranges."""
        recorder = Recorder(holes=True)
        within = ranges or self.ranges()
        made: dict[str, Any] = {}
        for given in self.given:
            low, high = within[given.name]
            number: Any = given.values[places[given.axis]]
            if low != high:
                number = recorder.input(given.name, number, low, high)
            made[given.name] = number
        setting: dict[str, Any] = {name: value for name, value in self.options.items() if name not in NOT_RECORDED}
        if self.options.get("runtime"):
            setting["deploy"] = True
            setting["pads"] = find_runtime(self.options["runtime"]).pads
        variables: dict[str, Any] = dict(setting.pop("variables", None) or {})
        if "input" in setting:
            setting["inputs"] = input_shapes(setting.pop("input"))
        for k, axis in enumerate(self.axes):
            choice = axis.choices[places[k]]
            if axis.kind == INPUT:
                setting["inputs"] = {"": tuple(_extent(made, axis, d, n) for d, n in enumerate(choice))}
            elif axis.kind == VARIABLE:
                variables[axis.name] = _variable(recorder, made, axis, choice)
            elif axis.kind == BATCH:
                setting[BATCH] = made.get(axis.name, choice)
            elif axis.kind not in (SPEC, DEVICE):
                setting["convention" if axis.kind == RULE else axis.kind] = choice
        try:
            network = record(self.spec(places), recorder, Asked(variables=variables, **setting), self.of)
        except SpecError as error:
            return Structure(recorder, {}, refusal=error.diagnostics[0].message)
        except ValueError as error:
            return Structure(recorder, {}, refusal=str(error))
        if network.refusal is None:
            for name in self.certain:
                if name in network.unknown or name not in network.outputs:
                    return Structure(recorder, {}, refusal=unknown(name))
        return network

    def structure(self, places: Sequence[int]) -> Structure:
        """Return the structure of one design, and keep it for others."""
        key = self.key(places)
        try:
            network = self.record(places)
        except Exception:  # noqa: BLE001 - somebody else's operator may do anything with its numbers; plain ones remain
            network = Structure(Recorder(), {}, refusal="")
            network.runs = False
            self.one_by_one.add(key)
            return network
        self.networks.setdefault(key, []).insert(0, network)
        return network

    def scattered(self, key: Places) -> bool:
        """Return whether so few designs share a structure that they are better run one by one."""
        many = len(self.networks.get(key, ()))
        if many > MANY_STRUCTURES and self.solved.get(key, 0) < FEW_ROWS * many:
            self.one_by_one.add(key)
        return key in self.one_by_one

    def row(self, places: Places) -> DesignRow:
        """Return one design, by the recordings there are or by a new one."""
        numbers = self.numbers_of(places)
        key = self.key(places)
        self.solved[key] = self.solved.get(key, 0) + 1
        for network in self.networks.get(key, ()):
            found = network.run(numbers)
            if found is not None:
                return self._row(places, network, found)
        if self.scattered(key):
            return self.plain(places)
        network = self.structure(places)
        found = network.run(numbers)
        return self.plain(places) if found is None else self._row(places, network, found)

    def _row(self, places: Places, network: Structure, found: Mapping[str, int]) -> DesignRow:
        if network.refusal is not None:
            return DesignRow(places, None, network.filled(found))
        return DesignRow(places, tuple(found.get(name) for name in self.of), None)

    def plain(self, places: Places) -> DesignRow:
        """Return one design by the ordinary way."""
        return self.alone(places, self.of)

    def alone(self, places: Sequence[int], of: Sequence[str]) -> DesignRow:
        """Return some numbers of one design, run by itself."""
        places = tuple(places)
        options = options_of(self.axes, self.space.choices(places), self.options)
        device = options.get("device")
        try:
            study = study_of(self.spec(places), options)
            numbers = tuple(value_of(name, study, device) for name in of)
        except SpecError as error:
            return DesignRow(places, None, error.diagnostics[0].message)
        except ValueError as error:
            return DesignRow(places, None, str(error))
        for name, number in zip(of, numbers, strict=True):
            if name in self.certain and (number is None or name in study.report.totals.lower_bounds):
                return DesignRow(places, None, unknown(name))
        return DesignRow(places, numbers, None)


def unknown(name: str) -> str:
    """Return why a design without a certain total counts as none."""
    return f"its {name.replace('_', ' ')} is not known"


def _given(place: int, axis: Choices) -> list[Varied]:
    """Return what an axis gives a recording: a number, or the extents of a shape, equal ones once."""
    if axis.kind != INPUT:
        under = axis.under
        return [Varied(axis.name, place, tuple(int(choice * under) for choice in axis.choices), under)]
    found: list[Varied] = []
    for values in zip(*axis.choices, strict=True):
        if len(set(values)) > 1 and all(values != given.values for given in found):
            found.append(Varied(f"{axis.name}.{len(found)}", place, values, 1))
    return found


def _extent(made: Mapping[str, Any], axis: Choices, position: int, own: int) -> Any:
    """Return one extent of a shape: the recorded number that stands for it, or what it always is."""
    if not axis.numeric:
        return own
    values = tuple(choice[position] for choice in axis.choices)
    distinct: list[tuple[int, ...]] = []
    for column in zip(*axis.choices, strict=True):
        if len(set(column)) > 1 and column not in distinct:
            distinct.append(column)
    return made[f"{axis.name}.{distinct.index(values)}"] if values in distinct else own


def _variable(recorder: Recorder, made: Mapping[str, Any], axis: Choices, choice: Any) -> Any:
    """Return a variable's value: what is recorded for it, as a fraction where its axis has some."""
    number = made.get(axis.name)
    if number is None or type(number) is int:
        return list(choice) if isinstance(choice, tuple) else choice
    return number if axis.under == 1 else RecordedFraction(recorder, number, axis.under)


def numpy() -> ModuleType | None:
    """Return NumPy where it is installed."""
    try:
        import numpy as np
    except ImportError:
        return None
    return np
