"""The designs that are asked about: axes with their choices, from what is written behind `--vary`."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import lcm, prod
from os import PathLike
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc import devices
from cnncalc.language.literals import LiteralError, parse_number
from cnncalc.ops.arguments import shown
from cnncalc.rules import convention
from cnncalc.source import Text, build_graph, input_shapes, open_source
from cnncalc.values.diagnostics import did_you_mean
from cnncalc.values.dtypes import parse_dtypes

if TYPE_CHECKING:
    from cnncalc.language.document import Spec
    from cnncalc.source import Source

INPUT, VARIABLE, VARIANT, BATCH, DTYPE, RULE = "input", "variable", "variant", "batch", "dtype", "rule"
SPEC, DEVICE = "spec", "device"
WORDS = (INPUT, VARIANT, BATCH, DTYPE, RULE, DEVICE)
"""What can be varied besides a spec's variables; a variable of such a name is meant first."""
MOST_CHOICES = 1_000_000
SIZED = 2
"""Axes of a shape that a single number stands for: a square map."""


class Choices(NamedTuple):
    """One thing that varies.

    Attributes:
        name: as it was asked for, and its column.
        kind: INPUT, VARIABLE, ...
        choices: its values: numbers, shapes, words, truth values, lists.
        texts: how they are written.
    """

    name: str
    kind: str
    choices: tuple[Any, ...]
    texts: tuple[str, ...]

    @property
    def numeric(self) -> bool:
        """Whether all choices are numbers, or shapes of one rank: one recording can stand for all."""
        if self.kind == INPUT:
            return len({len(shape) for shape in self.choices}) == 1
        return self.kind in (VARIABLE, BATCH) and all(
            isinstance(choice, int | Fraction) and not isinstance(choice, bool) for choice in self.choices
        )

    @property
    def under(self) -> int:
        """The least common denominator of its numbers."""
        return lcm(*(choice.denominator for choice in self.choices))


class Space:
    """All combinations of the choices of some axes, in order: the last axis runs fastest.

    Attributes:
        axes: what varies.
        size: how many designs there are.
        numbers: those that are meant, what makes networks of its own slowest; None for all of them.
    """

    def __init__(self, axes: Sequence[Choices], sample: int | None = None, seed: int = 0) -> None:
        self.axes = tuple(axes)
        self.shape = tuple(len(axis.choices) for axis in axes)
        self.size = prod(self.shape)
        self.numbers: list[int] | None = None
        if sample is not None and sample < self.size:
            numbers = sorted(random.Random(seed).sample(range(self.size), sample))  # noqa: S311 - no secret
            words = [k for k, axis in enumerate(axes) if not axis.numeric]
            self.numbers = sorted(numbers, key=lambda number: [self.places(number)[k] for k in words])

    def __len__(self) -> int:
        return self.size if self.numbers is None else len(self.numbers)

    def places(self, number: int) -> tuple[int, ...]:
        """Return which choice of each axis a design has."""
        places = []
        for count in reversed(self.shape):
            number, place = divmod(number, count)
            places.append(place)
        return tuple(reversed(places))

    def number(self, places: Sequence[int]) -> int:
        """Return the number of a design from its choices."""
        number = 0
        for count, place in zip(self.shape, places, strict=True):
            number = number * count + place
        return number

    def choices(self, places: Sequence[int]) -> dict[str, Any]:
        """Return a design by the names of the axes."""
        return {axis.name: axis.choices[place] for axis, place in zip(self.axes, places, strict=True)}

    def texts(self, places: Sequence[int]) -> tuple[str, ...]:
        """Return a design as it is written."""
        return tuple(axis.texts[place] for axis, place in zip(self.axes, places, strict=True))


class OpenedSpecs(dict[str, "Spec"]):
    """Specs by the names that they are given by.

    Attributes:
        sources: what each was read from.
    """

    def __init__(self, specs: Mapping[str, Spec], sources: Mapping[str, Source]) -> None:
        super().__init__(specs)
        self.sources = dict(sources)


def opened_specs(source: Source | Sequence[Source] | OpenedSpecs) -> OpenedSpecs:
    """Return the specs of one source, or of several, by the names that they are given by.

    Raises:
        SpecError: one cannot be read.
        ValueError: there is none, or one is given twice.
    """
    if isinstance(source, OpenedSpecs):
        return source
    found = OpenedSpecs({}, {})
    several: Sequence[Any] = source if isinstance(source, list | tuple) and not isinstance(source, Text) else [source]
    for one in several:
        spec, collector = open_source(one)
        collector.raise_if_errors()
        name = str(one) if isinstance(one, str | PathLike) else spec.title(None)
        if name in found:
            raise ValueError(f"'{name}' is given twice")
        found[name] = spec
        found.sources[name] = one
    if not found:
        raise ValueError("there is no spec")
    return found


def axes_of(specs: Mapping[str, Spec], vary: Mapping[str, Any]) -> tuple[Choices, ...]:
    """Return what varies; several specs are an axis of their own, before the others.

    Raises:
        ValueError: there is no such variable or value, or it is not the same in all specs.
    """
    axes: list[Choices] = []
    if len(specs) > 1:
        axes.append(Choices(SPEC, SPEC, tuple(specs), tuple(specs)))
    for name, given in vary.items():
        given = list(given) if isinstance(given, Iterator) else given  # noqa: PLW2901 - asked for each spec
        of_each = [axis_of(name, given, spec) for spec in specs.values()]
        for one, title in zip(of_each, specs, strict=True):
            if one != of_each[0]:
                hint = "write whole shapes: input=3x96x96" if one.kind == of_each[0].kind == INPUT else "leave one out"
                raise ValueError(f"'{name}' is not the same in '{next(iter(specs))}' and '{title}'; {hint}")
        axes.append(of_each[0])
    if len(axes) == (len(specs) > 1) and len(specs) < 2:
        raise ValueError("say what varies: width=0.5,1.0 or input=96..224:32")
    names = [axis.name for axis in axes]
    if len(set(names)) < len(names):
        raise ValueError(f"'{SPEC}' varies as the spec, so no variable of that name does")
    return tuple(axes)


def axis_of(name: str, given: Any, spec: Spec) -> Choices:
    """Return what varies under a name: a text such as `0.25..2.0:0.05` or `96,128`, or the values themselves.

    Raises:
        ValueError: there is no such variable, or no such value; the message says what there is.
    """
    kind = VARIABLE if name in spec.variables else name if name in WORDS else ""
    if not kind:
        known = [*spec.variables, *WORDS]
        hint = did_you_mean(name, known) or f"there is {', '.join(known)}"
        raise ValueError(f"nothing called '{name}' varies; {hint}")
    values = list(_written(name, given)) if isinstance(given, str) else list(_listed(given))
    if not values:
        raise ValueError(f"'{name}' has no values to vary over")
    if kind == INPUT:
        values = list(_shapes(values, spec))
    elif kind in (VARIANT, DTYPE, RULE, DEVICE):
        values = [str(shown(value)) for value in values]
        for value in values:
            _known(kind, value, spec)
    elif kind == BATCH and not all(type(value) is int and value > 0 for value in values):
        raise ValueError(f"'batch' varies over whole numbers of at least 1, got {shown(tuple(values))}")
    unique = list(dict.fromkeys(map(_key, values)))
    if len(unique) < len(values):
        values = [next(value for value in values if _key(value) == key) for key in unique]
    texts = tuple(_text(kind, value) for value in values)
    return Choices(name, kind, tuple(values), texts)


def _known(kind: str, value: str, spec: Spec) -> None:
    """Refuse a word that is none of its kind."""
    if kind == DTYPE:
        parse_dtypes(value)
    elif kind == RULE:
        convention(value)
    elif kind == DEVICE:
        devices.find(value)
    elif value not in spec.variants:
        hint = did_you_mean(value, spec.variants) or f"there is {', '.join(spec.variants) or 'none'}"
        raise ValueError(f"there is no variant '{value}' in this spec; {hint}")


def _key(value: Any) -> Any:
    return type(value), tuple(value) if isinstance(value, list) else value


def _text(kind: str, value: Any) -> str:
    if kind == INPUT:
        return "x".join(map(str, value))
    return shown(value)


def _listed(given: Any) -> Iterator[Any]:
    if not isinstance(given, Iterable) or isinstance(given, Mapping):
        given = [given]
    for value in given:
        yield exact_value(value)


def exact_value(value: Any) -> Any:
    """Return a number of Python as the exact one that it is written as; shapes and lists as tuples of them."""
    if isinstance(value, bool | str | Fraction):
        return value
    if isinstance(value, Sequence):
        return tuple(exact_value(part) for part in value)
    if isinstance(value, int) or hasattr(value, "__index__"):
        return int(value)
    number = Fraction(repr(float(value)))
    return number.numerator if number.denominator == 1 else number


def _written(name: str, text: str) -> Iterator[Any]:
    """Yield the values of `0.25..2.0:0.05`, `96,128`, `[64, 128],[32, 64]`, `true,false` or words."""
    for part in _parts(text):
        word = part.strip()
        if not word:
            raise ValueError(f"'{name}' has an empty value in '{text}'")
        if ".." in word:
            yield from _range(name, word)
        else:
            yield _value(name, word)


def _parts(text: str) -> list[str]:
    """Return what stands between the commas outside brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "[") - (letter == "]")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _value(name: str, word: str) -> Any:
    if word.startswith("[") and word.endswith("]"):
        return tuple(_value(name, part.strip()) for part in _parts(word[1:-1]))
    if word in ("true", "false"):
        return word == "true"
    try:
        number = parse_number(word)
    except LiteralError as error:
        raise ValueError(f"'{name}': {error}") from None
    return word if number is None else number


def _range(name: str, word: str) -> Iterator[int | Fraction]:
    first, _, rest = word.partition("..")
    last, _, step = rest.partition(":")
    ends = [_value(name, part) for part in (first, last, step or "1")]
    if not all(isinstance(end, int | Fraction) and not isinstance(end, bool) for end in ends):
        raise ValueError(f"a range of '{name}' is written 0.25..2.0:0.05, first to last by a step, got '{word}'")
    low, high, by = ends
    if by <= 0 or high < low:
        raise ValueError(f"a range of '{name}' rises from its first to its last number, got '{word}'")
    count = (high - low) // by + 1
    if count > MOST_CHOICES:
        raise ValueError(f"a range of '{name}' has {count:,} values, more than {MOST_CHOICES:,}: '{word}'")
    for k in range(count):
        number = Fraction(low + k * by)
        yield number.numerator if number.denominator == 1 else number


def _shapes(values: Sequence[Any], spec: Spec) -> list[tuple[int, ...]]:
    """Return an input's shapes; a single number is its height and width."""
    own = own_shape(spec) if any(type(value) is int for value in values) else ()
    found = []
    for value in values:
        if type(value) is int:
            found.append((own[0], *(value,) * (len(own) - 1)) if len(own) > 1 else (value,))
            continue
        shapes = input_shapes(value)
        assert shapes is not None  # noqa: S101 - of a value there is one
        found.append(shapes[""])
    return found


def own_shape(spec: Spec, variant: str | None = None) -> tuple[int, ...]:
    """Return the shape of a spec's one input.

    Raises:
        ValueError: it has several.
    """
    graph, _, collector = build_graph(spec, variant=variant)
    if len(graph.inputs) != 1:
        if not graph.inputs:
            collector.raise_if_errors()
        raise ValueError(f"the network has {len(graph.inputs)} inputs, so 'input' does not vary as one number")
    return tuple(next(iter(graph.inputs.values())))
