"""Whole networks as formulas: totals in the letters of inputs and variables, with the conditions of their validity."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, Any

from cnncalc.deployment.runtimes import find_runtime
from cnncalc.explanation.of_report import network_of
from cnncalc.graph.fold import fold_batch_norm
from cnncalc.numbers.recorded import RecordedFraction
from cnncalc.numbers.recorder import Recorder
from cnncalc.search.columns import column
from cnncalc.search.network import TOTALS, Asked, Structure, record
from cnncalc.search.space import own_shape
from cnncalc.source import build_graph, input_shapes, open_source
from cnncalc.values.diagnostics import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.graph.graph import Graph
    from cnncalc.results.report import Report
    from cnncalc.source import Source

EXTENTS = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}
CHANNELS, BATCH, SQUARE, STEPS = "C", "N", "R", "k"
LARGEST = 2**16
"""Formulas are for sizes and variables of 1 to this."""
DIGITS = 100
"""A variable that has a fraction is taken in hundredths, or finer where its value is."""
OTHERS = ("receptive_field", "output")
"""What can be written besides totals."""
FRACTIONAL = ("width", "depth", "alpha", "multiplier")
"""Variables that are taken in hundredths even where the spec has a whole number for them that is at most 4."""
PARTS = ("", "layer", "block")


@dataclass(frozen=True, slots=True, kw_only=True)
class FormulaLetter:
    """One letter of a formula.

    Attributes:
        name: the letter or variable.
        value: what it is in the design that was recorded.
        under: what its whole number is divided by: 1, or 100 for a variable in hundredths.
        meaning: what it stands for.
    """

    name: str
    value: int | Fraction
    under: int
    meaning: str

    def whole(self, value: Fraction | float) -> int:
        """Return the whole number that is recorded for a value.

        Raises:
            ValueError: it is none that the formula is for.
        """
        exact = Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
        number = exact * self.under
        if number.denominator != 1 or not 1 <= number <= LARGEST * self.under:
            what = "a whole number" if self.under == 1 else f"a multiple of 1/{self.under}"
            raise ValueError(f"{self.name} is {what} above 0 and up to {LARGEST:,}, got {value}")
        return int(number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Formulas:
    """The totals of a network in letters.

    Attributes:
        name: the network.
        letters: the unknowns, in the order in which they were asked for.
        network: the recording.
        of: what is written, in order.
        parts: for the formulas of layers or blocks, the name of each; the whole network's is "".
        unknown: totals that are lower bounds, for a layer of unknown cost.
    """

    name: str
    letters: tuple[FormulaLetter, ...]
    network: Structure
    of: tuple[str, ...]
    parts: tuple[str, ...]

    @property
    def unknown(self) -> tuple[str, ...]:
        """Totals that are lower bounds, because a layer cannot say its own."""
        return self.network.unknown

    @property
    def names(self) -> tuple[str, ...]:
        """The results of the whole network, in order."""
        return tuple(name for name in self.network.outputs if ":" not in name)

    def at(self, **values: Fraction | float) -> dict[str, int] | None:
        """Return the results for values of the letters; None where the conditions do not hold.

        Raises:
            ValueError: a letter is missing, or a value is none that the formula is for.
        """
        missing = [letter.name for letter in self.letters if letter.name not in values]
        if missing or len(values) != len(self.letters):
            raise ValueError(f"the formula is in {', '.join(letter.name for letter in self.letters)}")
        return self.network.totals({letter.name: letter.whole(values[letter.name]) for letter in self.letters})

    @property
    def conditions(self) -> tuple[str, ...]:
        """What must hold for the formula to be right, as text."""
        from cnncalc.numbers.words import Words

        return tuple(Words(self.network, {one.name: one.under for one in self.letters}).requirements())

    def to_text(self) -> str:
        """Return the formulas as text."""
        from cnncalc.render.formula import to_text

        return to_text(self)

    def to_latex(self) -> str:
        """Return the formulas as LaTeX."""
        from cnncalc.render.formula import to_latex

        return to_latex(self)

    def to_python(self) -> str:
        """Return a module of Python functions that needs no other."""
        from cnncalc.render.formula import to_python

        return to_python(self)

    def to_numpy(self) -> str:
        """Return a module of functions of NumPy arrays."""
        from cnncalc.render.formula import to_numpy

        return to_numpy(self)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        from cnncalc.render.formula import to_dict

        return to_dict(self)

    def __str__(self) -> str:
        return self.to_text()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002 - as IPython calls it
        printer.text(self.to_text().rstrip("\n"))

    def _repr_latex_(self) -> str:
        return self.to_latex()


def formula(
    spec: Source, letters: Sequence[str] = (), of: Sequence[str] = ("macs", "params"), *, per: str = "",
    input: Any = None, variant: str | None = None, variables: Mapping[str, object] | None = None,  # noqa: A002
    convention: str = "exact", dtype: str = "fp32", batch: int = 1, fold_bn: bool = False, deploy: bool = False,
    runtime: str | None = None, max_layers: int | None = None,
) -> Formulas:  # fmt: skip
    """Return totals of a network as exact formulas.

    Args:
        spec: as for `analyze`.
        letters: what is unknown: H, W (L or D too) of the input, R for all extents alike, k for sizes a whole number of
            network steps apart, C channels, N images, and variables of the spec; the extents where nothing is said.
        of: totals, `output` for the extents of the outputs, `receptive_field`.
        per: "" for the whole network, or `layer` or `block`, for each besides.
        input: as for `analyze`.
        variant: as for `analyze`.
        variables: as for `analyze`.
        convention: as for `analyze`.
        dtype: as for `analyze`.
        batch: as for `analyze`.
        fold_bn: as for `analyze`.
        deploy: as for `analyze`.
        runtime: the network as it is given to this one; includes `deploy`.
        max_layers: as for `analyze`.

    Raises:
        SpecError: the spec is wrong.
        ValueError: a letter or a total is not one of the right ones.
    """
    read, collector = open_source(spec)
    collector.raise_if_errors()
    of = [column(name, (*TOTALS, *OTHERS)) for name in of]
    if per not in PARTS:
        raise ValueError(f"formulas are per layer or per block, not per {per}")
    graph, _, found = build_graph(read, input=input, variant=variant, variables=variables)
    found.raise_if_errors()
    recorder = Recorder(holes=True)
    made = Lettering(graph, recorder, dict(variables or {}), graph.batch if batch == 1 else batch)
    chosen = tuple(dict.fromkeys(letters)) or made.extents()
    unknowns = tuple(made.letter(letter, chosen) for letter in chosen)
    inputs = made.inputs() if made.varied or input is not None else input_shapes(input)
    setting = Asked(variables=made.variables, inputs=inputs, variant=variant, convention=convention, dtype=dtype,
                    batch=made.images, fold_bn=fold_bn, deploy=deploy or runtime is not None,
                    pads=runtime is not None and find_runtime(runtime).pads, max_layers=max_layers)  # fmt: skip
    network = record(read, recorder, setting, of, per=per, axes=True)
    if network.refusal is not None:
        raise ValueError("the network is not one at the size that it was recorded at: " + network.refusal)
    return Formulas(name=read.title(variant), letters=unknowns, network=network, of=tuple(of), parts=network.layers)


def of_report(report: Report, letters: Sequence[str], of: Sequence[str], per: str) -> Formulas:
    """Return totals of a report's network as formulas.

    Raises:
        ValueError: as `formula`; or the report does not know its network.
    """
    asked = network_of(report).question
    return formula(
        asked.spec, letters, of, per=per, input=asked.input, variant=asked.variant, variables=asked.variables,
        convention=asked.convention, dtype=asked.dtype, batch=asked.batch, fold_bn=asked.fold_bn, deploy=asked.deploy,
        runtime=asked.runtime, max_layers=asked.max_layers,
    )  # fmt: skip


def in_letters(
    spec: Source,
    shape: str,
    *,
    depth: int | None = None,
    form: str = "table",
    width: int | None = None,
    **options: Any,
) -> str:
    """Return the table of a network in the letters of the extents that are `?` in a shape such as `3x?x?`.

    Args:
        spec: as for `formula`.
        shape: the input's shape.
        depth: the parts of paths that are rows, deeper layers summed; None for every layer.
        form: table, json, csv or markdown.
        width: the characters of a line of the table; None where it may be as long as it is.
        **options: as for `formula`.

    Raises:
        SpecError: the spec is wrong.
        ValueError: the shape is none, or the network has several inputs.
    """
    from cnncalc.render.letters import FORMS, WIDE, LetterTable

    read, collector = open_source(spec)
    collector.raise_if_errors()
    own = own_shape(read, options.get("variant"))
    given = shape.replace(" ", "").lower().split("x")
    letters = (CHANNELS, *EXTENTS.get(len(own) - 1, ()))
    if len(given) != len(own) or not all(part == "?" or part.isdigit() for part in given):
        raise ValueError(f"the input is {'x'.join(map(str, own))}; write ? for what is a letter: 3x?x?, got '{shape}'")
    base = tuple(n if part == "?" else int(part) for part, n in zip(given, own, strict=True))
    chosen = [letter for letter, part in zip(letters, given, strict=True) if part == "?"]
    found = formula(read, chosen, ("output", "params", "macs"), per="layer", input=base, **options)
    graph, _, _ = build_graph(read, input=base, variant=options.get("variant"), variables=options.get("variables"),
                              max_layers=options.get("max_layers"))  # fmt: skip
    if options.get("fold_bn"):
        graph = fold_batch_norm(graph)
    table = LetterTable(found, [(node.path, node.op.name) for node in graph.nodes], depth)
    return FORMS[form](table, width or WIDE)


class Lettering:
    """Puts letters into the place of a network's numbers.

    Attributes:
        variables: the values of the spec's variables, some of them recorded.
        images: the batch, or its letter.
        varied: whether an input has letters.
    """

    def __init__(self, graph: Graph, recorder: Recorder, variables: dict[str, Any], images: int) -> None:
        self.graph = graph
        self.recorder = recorder
        self.variables = variables
        self.images: Any = images
        self.varied = False
        self._shapes: dict[str, list[Any]] = {name: list(shape) for name, shape in graph.inputs.items()}
        self._places = _places(self._shapes)

    def extents(self) -> tuple[str, ...]:
        """Return the letters of the inputs' extents."""
        return tuple(letter for letter in self._places if not letter.startswith(CHANNELS))

    def inputs(self) -> dict[str, tuple[Any, ...]]:
        """Return the shapes of the inputs."""
        return {name: tuple(shape) for name, shape in self._shapes.items()}

    def letter(self, name: str, others: Sequence[str]) -> FormulaLetter:
        """Put one letter into its place.

        Raises:
            ValueError: nothing is called so, or it does not go with the others.
        """
        if name in self.graph.variables:
            return self._variable(name, self.graph.variables[name])
        if name in self._places:
            label, axis, meaning = self._places[name]
            made = FormulaLetter(name=name, value=self._shapes[label][axis], under=1, meaning=meaning)
            self._shapes[label][axis] = self.recorder.input(name, int(made.value), 1, LARGEST)
            self.varied = True
            return made
        if name == BATCH:
            made = FormulaLetter(name=BATCH, value=self.images, under=1, meaning="images at once")
            self.images = self.recorder.input(BATCH, int(made.value), 1, LARGEST)
            return made
        if name in (SQUARE, STEPS):
            alike = (*self.extents(), SQUARE, STEPS)
            clash = [other for other in others if other != name and other in alike]
            if clash:
                raise ValueError(f"{name} stands for every extent of the input, so it does not go with {clash[0]}")
            return self._alike(name)
        known = [*self._places, SQUARE, STEPS, BATCH, *self.graph.variables]
        raise ValueError(f"nothing is called '{name}'; {did_you_mean(name, known) or 'there is ' + ', '.join(known)}")

    def _alike(self, name: str) -> FormulaLetter:
        """Put one letter into the place of all extents: R for r x r, or k for sizes a step of the network apart."""
        sizes = {size for shape in self._shapes.values() for size in shape[1:]}
        if len(sizes) != 1:
            raise ValueError(f"{name} is for square inputs; give --input with equal extents")
        (size,) = sizes
        step, rest = 1, 0
        if name == STEPS:
            from cnncalc.analysis.shift import motion

            step = lcm(*motion(self.graph).steps)
            rest = size % step
            if size < step:
                raise ValueError(f"the input of {size} is below the network's step, {step}; give a larger --input")
        number = self.recorder.input(name, size // step, 1, LARGEST)
        for shape in self._shapes.values():
            shape[1:] = [number * step + rest] * len(shape[1:])
        self.varied = True
        meaning = "height and width of the input" if step == 1 and name == SQUARE else \
            f"the input is {step}*{name}{f' + {rest}' if rest else ''} along each axis"  # fmt: skip
        return FormulaLetter(name=name, value=size // step, under=1, meaning=meaning)

    def _variable(self, name: str, value: object) -> FormulaLetter:
        if isinstance(value, bool) or not isinstance(value, int | Fraction):
            raise ValueError(f"variable '{name}' is no number, so no formula has it as a letter")  # noqa: TRY004
        if value <= 0:
            raise ValueError(f"variable '{name}' is {value}; formulas are for numbers above 0")
        under = 1
        if isinstance(value, Fraction) or (name in FRACTIONAL and value <= 4):
            under = lcm(DIGITS, Fraction(value).denominator)
        number = self.recorder.input(name, int(value * under), 1, LARGEST * under)
        self.variables[name] = number if under == 1 else RecordedFraction(self.recorder, number, under)
        meaning = "variable of the spec" + (f", a multiple of {1 / under:g}" if under > 1 else "")
        return FormulaLetter(name=name, value=value, under=under, meaning=meaning)


def _places(shapes: Mapping[str, Sequence[int]]) -> dict[str, tuple[str, int, str]]:
    """Return the letters of the inputs' extents: the input, the axis, and what it means."""
    found = {}
    words = {"L": "length", "H": "height", "W": "width", "D": "depth", CHANNELS: "channels"}
    for number, (name, shape) in enumerate(shapes.items(), 1):
        mark = "" if len(shapes) == 1 else f"_{number}"
        whose = "the input" if len(shapes) == 1 else f"the input '{name}'"
        for axis, letter in enumerate((CHANNELS, *EXTENTS.get(len(shape) - 1, ()))):
            found[letter + mark] = (name, axis, f"{words[letter]} of {whose}")
    return found
