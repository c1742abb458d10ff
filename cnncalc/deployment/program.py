"""A network as TensorFlow Lite has it: tensors, channels last, and operators in order of execution."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import NamedTuple

WIDTHS = {"int8": 8, "int16": 16, "float32": 32, "int32": 32, "int64": 64, "int4": 4, "bool": 8}
"""Bits of one element of each type that a program holds."""


class Cell(NamedTuple):
    """One tensor of a program.

    Attributes:
        name: what the file calls it.
        shape: its extents, with the batch, channels last.
        dtype: the type of its elements.
        constant: whether its data stand in the file.
        values: the data of a constant of indices; other constants are zeros.
        scale: of a quantised tensor; 0 where it is not quantised.
        zero: the zero point.
        scales: how many scales it has: 1, or one per channel.
        axis: the axis of these channels.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    constant: bool = False
    values: tuple[int, ...] = ()
    scale: float = 0.0
    zero: int = 0
    scales: int = 0
    axis: int = 0

    @property
    def elements(self) -> int:
        """How many elements it has."""
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        """Its size, rounded up to whole bytes."""
        return -(-self.elements * WIDTHS[self.dtype] // 8)


class Step(NamedTuple):
    """One operator of a program.

    Attributes:
        code: TensorFlow Lite's name of the operator.
        inputs: its operands as indices of cells; -1 for one that is left out.
        outputs: what it writes.
        table: the name of its options' table, empty for none.
        options: the fields of that table which are not at their defaults.
        path: the layer of the network that it stands for.
    """

    code: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    table: str = ""
    options: tuple[tuple[str, int | float | bool | tuple[int, ...]], ...] = ()
    path: str = ""

    def option(self, name: str) -> int | float | bool | tuple[int, ...]:
        """Return a field of the options, 0 where it stands at its default."""
        return dict(self.options).get(name, 0)


@dataclass(slots=True)
class Program:
    """A program of one subgraph.

    Attributes:
        dtype: the type of its activations: int8, int16 or float32.
        cells: the tensors.
        steps: the operators in order of execution.
        inputs: the cells that are fed.
        outputs: the cells that are read at the end.
        notes: what differs from the network and was accepted, as sentences.
    """

    dtype: str
    cells: list[Cell] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def flash(self) -> int:
        """Bytes of weights, biases and indices, and four for each scale."""
        return sum(cell.bytes + 4 * cell.scales for cell in self.cells if cell.constant)
