"""A layer in letters: its operator and its shapes with every number replaced by one that formulas call by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from cnncalc.explanation import term
from cnncalc.explanation.term import plain_of, tree_of
from cnncalc.numbers.tree import Num, Sym
from cnncalc.ops.arguments import Padding
from cnncalc.ops.windows import AXES
from cnncalc.values.keyed import Keyed
from cnncalc.values.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.graph.graph import Node
    from cnncalc.numbers.recorder import Recorder
    from cnncalc.ops.operator import Arg, Operator

SIDES = {1: ("before", "after"), 2: ("top", "bottom", "left", "right"),
         3: ("front", "back", "top", "bottom", "left", "right")}  # fmt: skip


class Letter(NamedTuple):
    """One letter: its name, its value and what it stands for."""

    name: str
    value: int
    meaning: str


Pen: TypeAlias = "Callable[[str, int], Any]"
"""What stands for a number in a layer in letters, given its letter."""


class Lettered(NamedTuple):
    """An operator and its shapes in letters.

    Attributes:
        op: a copy of the operator whose whole-number arguments are terms.
        ins: the shapes of its inputs in letters.
        outs: the shapes of its outputs in letters, for what is computed from them.
        formulas: the shapes of its outputs as the operator computes them from `ins`, in terms where it can.
        letters: every letter, with what it stands for.
        recorder: where its numbers are recorded.
    """

    op: Operator
    ins: tuple[Shape, ...]
    outs: tuple[Shape, ...]
    formulas: tuple[tuple[int, ...], ...]
    letters: dict[str, Letter]
    recorder: Recorder


def axis_letters(rank: int) -> tuple[str, ...]:
    """Return the letters of a map's spatial axes."""
    return AXES.get(rank) or tuple(f"S_{axis + 1}" for axis in range(rank))


def lettered(node: Node, recorder: Recorder) -> Lettered:
    """Return a layer in letters.

    Raises:
        Exception: the operator's code does not run on terms; the caller falls back to its plain numbers.
    """
    book: dict[str, Letter] = {}

    def pen(name: str, number: int) -> int:
        return term.letter(recorder, name, number)

    ins = tuple(map(Shape, _inputs(node, book, pen)))
    op = node.op.symbolic(_arguments(node.op, len(node.in_shapes[0]) - 1, book, pen))
    formulas = op.infer(ins)
    outs = tuple(
        Shape(_output(node, k, axis, number, book, recorder) for axis, number in enumerate(shape))
        for k, shape in enumerate(formulas)
    )
    return Lettered(op, ins, outs, formulas, book, recorder)


class Naming(NamedTuple):
    """What a layer in letters is before anything is computed.

    Attributes:
        key: what layers have in common whose letters are the same, with the same meanings.
        values: what the letters of its inputs and arguments stand for.
    """

    key: Any
    values: dict[str, int]


def naming(node: Node) -> Naming | None:
    """Return how a layer is put into letters, None where one letter would stand for two numbers."""
    values: dict[str, int] = {}
    twice = False

    def pen(name: str, number: int) -> Any:
        nonlocal twice
        twice = twice or values.setdefault(name, number) != number
        return "a letter", name

    op = node.op
    ins = tuple(map(tuple, _inputs(node, None, pen)))
    arguments = _arguments(op, len(node.in_shapes[0]) - 1, None, pen)
    given = tuple((type(value), value) for value in arguments.values())
    return None if twice else Naming((type(op), op.weighted, ins, given, tuple(map(len, node.out_shapes))), values)


def output_names(node: Node, port: int) -> tuple[str, ...]:
    """Return the letters of one output's extents, channels first."""
    several = len(node.out_shapes) > 1
    channels = "C_out" if node.op.weighted else f"C_{port + 1}'" if several else "C'"
    return channels, *(f"{letter}'" for letter in axis_letters(len(node.out_shapes[port]) - 1))


def _inputs(node: Node, book: dict[str, Letter] | None, pen: Pen) -> list[list[Any]]:
    shapes = node.in_shapes
    channels = "C_in" if node.op.weighted else "C"
    same_channels = len({shape[0] for shape in shapes}) == 1
    ins = []
    for k, shape in enumerate(shapes):
        names = [channels if same_channels else f"{channels}_{k + 1}"]
        for axis, letter in enumerate(axis_letters(len(shape) - 1), 1):
            others = {other[axis] for other in shapes if len(other) == len(shape)} - {1}
            names.append(letter if len(others) < 2 else f"{letter}_{k + 1}")
        whose = "" if len(shapes) == 1 or same_channels else f" of input {k + 1}"
        extents = []
        for axis, (name, extent) in enumerate(zip(names, shape, strict=True)):
            if axis and extent == 1 and len(shapes) > 1:
                extents.append(1)
                continue
            if book is not None:
                what = f"input {'channels' if axis == 0 else 'extent'}{whose}"
                book.setdefault(name, Letter(name, extent, what))
            extents.append(pen(name, extent))
        ins.append(extents)
    return ins


def _arguments(op: Operator, rank: int, book: dict[str, Letter] | None, pen: Pen) -> dict[str, Any]:
    values: dict[str, Any] = {}
    symbols = {declared.symbol for declared in op.args.values()}
    for argument, declared in op.args.items():
        value = getattr(op, declared.attribute or argument)
        name = argument if argument not in symbols else next(iter(declared.aliases), f"{op.name}_{argument}")
        if isinstance(value, Keyed):
            values[argument] = value
        elif isinstance(value, tuple) and value:
            names = _tuple_names(declared, name, value, rank)
            pairs = zip(names, value, strict=True)
            values[argument] = tuple(_argument(n, v, declared, book, pen) for n, v in pairs)
        else:
            values[argument] = _argument(declared.symbol or name, value, declared, book, pen)
    return values


def _argument(name: str, value: Any, declared: Arg, book: dict[str, Letter] | None, pen: Pen) -> Any:
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    if book is not None:
        book[name] = Letter(name, value, (declared.doc or declared.name).partition(";")[0])
    return pen(name, value)


def _tuple_names(declared: Arg, name: str, value: tuple[Any, ...], rank: int) -> list[str]:
    letter = declared.symbol
    if letter and len(set(value)) == 1:
        return [letter] * len(value)
    if letter and len(value) == rank:
        return [f"{letter}_{axis.lower()}" for axis in axis_letters(rank)]
    if letter and isinstance(declared.kind, Padding) and len(value) == 2 * rank and rank in SIDES:
        return [f"{letter}_{side}" for side in SIDES[rank]]
    return [f"{letter or name}[{place}]" for place in range(len(value))]


def _output(  # noqa: PLR0917 - one place
    node: Node, port: int, axis: int, number: int, book: dict[str, Letter], recorder: Recorder
) -> int:
    """Return the letter of one extent of an output: that of the input or argument it equals, or one of its own."""
    name = output_names(node, port)[axis]
    tree = tree_of(number)
    own = name.rstrip("'")
    if isinstance(tree, Num) and number == 1:
        return 1
    if isinstance(tree, Sym) and tree.name in {own, "C", "C_in", "C_out"}:
        return number
    extent = plain_of(number)
    book[name] = Letter(name, extent, f"output {'channels' if axis == 0 else 'extent'}")
    return term.letter(recorder, name, extent)
