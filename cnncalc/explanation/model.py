"""What an explanation is: frozen values that renderers print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnncalc.results.layer import plain
from cnncalc.results.views import view

if TYPE_CHECKING:
    from fractions import Fraction

    from cnncalc.explanation.letters import Letter
    from cnncalc.values.shape import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """One quantity: `name = letters = numbers = step = value`.

    Attributes:
        name: the quantity's letter or words.
        letters: its formula; None where there is none to show, and for a letter that stands for itself.
        numbers: the same with the numbers put in; None where it says no more than the value.
        step: all worked out but roundings and the last sum; None where it says no more than its neighbours.
        value: the result; None if it cannot be known.
        note: what else there is to say, or why the value is unknown.
    """

    name: str
    letters: str | None = None
    numbers: str | None = None
    step: str | None = None
    value: int | Fraction | None = None
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the formula as JSON has it."""
        return {
            "name": self.name,
            "letters": self.letters,
            "numbers": self.numbers,
            "step": self.step,
            "value": plain(self.value),
            "note": self.note or None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The formulas of one subject, and sentences about it."""

    key: str
    title: str
    formulas: tuple[Formula, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the section as JSON has it."""
        return {
            "key": self.key,
            "title": self.title,
            "formulas": [formula.to_dict() for formula in self.formulas],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerOrigin:
    """Where a layer comes from.

    Attributes:
        file: the spec's name as given; None for a mapping.
        line: the item's line, 1-based; None without text.
        column: its column, 1-based.
        text: the source line.
        calls: the block calls around it, outermost first, as (path, line, file where it is one that the spec uses).
        values: what the item's expressions came to, as (argument, expression, value).
        shares: path of the layer whose weights it uses.
    """

    file: str | None
    line: int | None
    column: int | None
    text: str | None
    calls: tuple[tuple[str, int | None, str], ...]
    values: tuple[tuple[str, str, str], ...]
    shares: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return the place as JSON has it."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "text": self.text,
            "calls": [
                {"path": path, "line": line, **({"file": file} if file else {})} for path, line, file in self.calls
            ],
            "values": [{"argument": name, "expression": text, "value": value} for name, text, value in self.values],
            "shares": self.shares,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything about one layer, with its formulas.

    Attributes:
        path: the layer.
        op: its operator's name.
        text: the operator's arguments in a few words.
        inputs: what it reads, as (name, shape).
        out_shapes: what it makes.
        origin: where it comes from.
        letters: what the letters of its formulas stand for.
        sections: output size, receptive field, parameters, ..., comparisons.
    """

    path: str
    op: str
    text: str
    inputs: tuple[tuple[str, Shape], ...]
    out_shapes: tuple[Shape, ...]
    origin: LayerOrigin
    letters: tuple[Letter, ...]
    sections: tuple[Section, ...]

    def __getitem__(self, key: str) -> Section:
        """Return the section of this key.

        Raises:
            KeyError: there is none.
        """
        for section in self.sections:
            if section.key == key:
                return section
        raise KeyError(key)

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as JSON has it."""
        return {
            "path": self.path,
            "op": self.op,
            "arguments": self.text,
            "inputs": [{"name": name, "shape": list(shape)} for name, shape in self.inputs],
            "out_shapes": [list(shape) for shape in self.out_shapes],
            "origin": self.origin.to_dict(),
            "letters": {letter.name: {"value": letter.value, "meaning": letter.meaning} for letter in self.letters},
            "sections": [section.to_dict() for section in self.sections],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """The explained layers of one network.

    Attributes:
        version: the version of cnncalc.
        name: the network.
        file: the spec's name as given.
        convention: the rule behind `flops`.
        rule: that rule in one sentence.
        dtype: what an element is stored as.
        batch: images at once.
        layers: the explanations, in execution order.
        rank: spatial axes of the first input: of an image 2.
    """

    version: str
    name: str
    file: str | None
    convention: str
    rule: str
    dtype: str
    batch: int
    layers: tuple[Explanation, ...]
    rank: int = 2

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002 - as IPython calls it
        printer.text(repr(self))

    def __repr__(self) -> str:
        text: str = view("explained.text")(self)
        return text

    def _repr_html_(self) -> str:
        text: str = view("explained.html")(self)
        return text

    def __getitem__(self, path: str) -> Explanation:
        """Return the explanation of the layer of this path.

        Raises:
            KeyError: there is none.
        """
        for layer in self.layers:
            if layer.path == path:
                return layer
        raise KeyError(view("layer.missing")(path, [layer.path for layer in self.layers]))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data: what `explain --format json` prints."""
        return {
            "schema": 1,
            "cnncalc": self.version,
            "name": self.name,
            "file": self.file,
            "convention": self.convention,
            "dtype": self.dtype,
            "batch": self.batch,
            "layers": [layer.to_dict() for layer in self.layers],
        }
