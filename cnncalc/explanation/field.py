"""The recursion of the receptive field, one layer: the same code that computes it, on an input field in letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.analysis.field import AffineField, AxisField, through
from cnncalc.explanation.letters import axis_letters
from cnncalc.explanation.term import letter, tree_of
from cnncalc.numbers.doors import recorded, recording
from cnncalc.numbers.tree import Tree, in_letters
from cnncalc.ops.arguments import shown
from cnncalc.values.axis import Broadcast, Interpolate, Nearest, Parts, Slide, Table, Transpose, Whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from fractions import Fraction

    from cnncalc.analysis.field import Hull
    from cnncalc.analysis.receptive import NodeField
    from cnncalc.explanation.form import LayerForm
    from cnncalc.graph.graph import Graph, Node, Ref
    from cnncalc.values.axis import Reach


class Quantity(NamedTuple):
    """A number to print: its name, as computed on letters (None: not), as the report has it, and a remark.

    `values` are those of its letters where they are not the layer's.
    """

    name: str
    term: int | None
    plain: int | Fraction | None
    note: str = ""
    values: Mapping[str, int] | None = None


class Arrival(NamedTuple):
    """One axis of a layer: the paths into it, their fields, the field that it makes.

    Attributes:
        node: the layer.
        paths: the inputs that the spatial path follows.
        before: the fields of these inputs, all axes; None for an input that does not see the network input.
        axis: the axis, from 0.
        after: the field that the layer makes on it.
        form: the layer in letters; None where its code does not run on them.
        values: what its letters stand for; None where they stand for what was recorded.
        mark: what distinguishes the letters of this axis, "" where one formula speaks for all.
    """

    node: Node
    paths: list[int]
    before: list[tuple[AxisField, ...] | None]
    axis: int
    after: AxisField
    form: LayerForm | None
    values: Mapping[str, int] | None
    mark: str


class FieldStep:
    """What one layer does to the receptive field.

    Attributes:
        quantities: its numbers.
        notes: sentences about it.
        values: what the letters of the field that arrives stand for.
        own: whether its formulas were recorded for this layer.
    """

    __slots__ = ("notes", "own", "quantities", "values")

    def __init__(self, *, own: bool) -> None:
        self.quantities: list[Quantity] = []
        self.notes: list[str] = []
        self.values: dict[str, int] = {}
        self.own = own


def field_step(
    graph: Graph, index: int, fields: Sequence[NodeField], form: LayerForm | None, values: Mapping[str, int] | None
) -> FieldStep:
    """Return the step of one layer on each axis of its spatial path, and sentences about it."""
    node, field = graph.nodes[index], fields[index]
    step = FieldStep(own=form is None or values is None or values is form.own)
    axes = field.spatial
    if len(graph.inputs) > 1:
        step.notes.append(f"with respect to the network input '{field.source}'")
    if not axes:
        step.notes.append("the network's input is a vector: there is no receptive field")
        return step
    if all(axis.is_global for axis in axes):
        step.notes.append("every unit sees the whole input")
    gates = set(node.op.gates(node.in_shapes, node.out_shapes))
    whole = axis_letters(len(axes))
    paths = [k for k in range(len(node.inputs)) if k not in gates] or list(range(len(node.inputs)))
    before = [_axes(graph, node.inputs[k], fields, field.source) for k in paths]
    for axis, after in enumerate(axes):
        mark = f"_{whole[axis].lower()}" if not _alike(axes, before) else ""
        if mark == "" and axis:
            break
        on = f"on {whole[axis]}, " if mark else ""
        arrival = Arrival(node, paths, before, axis, after, form, values, mark)
        step.quantities.extend(_recorded(arrival, step) or _plain(after, mark))
        if after.unknown:
            step.notes.append(f"{on}the field is unknown: {after.why}")
        elif not after.is_global:
            step.notes.extend(_sentences(arrival, on))
    if gates:
        names = ", ".join(f"'{graph.name(node.inputs[k])}'" for k in sorted(gates))
        seen = "x".join(str(a.size) for a in field.true)
        step.notes.append(f"the spatial path ignores the gate {names}; with it a unit sees {seen}")
    for name, others in field.others.items():
        seen = "x".join("?" if a.size is None else str(a.size) for a in others)
        step.notes.append(f"of the network input '{name}' it sees {seen}")
    return step


def _axes(graph: Graph, ref: Ref, fields: Sequence[NodeField], source: str) -> tuple[AxisField, ...] | None:
    """Return the field of a layer's input with respect to one network input, None where it does not see that one."""
    if ref[0] < 0:
        name = list(graph.inputs)[-ref[0] - 1]
        return tuple(AffineField(0, 0, 1) for _ in graph.inputs[name].spatial) if name == source else None
    found = fields[ref[0]]
    return found.spatial if found.source == source else found.others.get(source)


def _alike(axes: tuple[AxisField, ...], before: list[tuple[AxisField, ...] | None]) -> bool:
    """Whether all axes went through the same, so that one formula speaks for them."""
    return all(_same(axis, axes[0]) for axis in axes) and all(
        path is None or all(_same(axis, path[0]) for axis in path) for path in before
    )


def _same(one: AxisField, other: AxisField) -> bool:
    return one is other or (type(one) is type(other) and _numbers(one) == _numbers(other))


def _numbers(field: AxisField) -> tuple[object, ...]:
    return field.size, field.smallest, field.jump, field.start


def _plain(after: AxisField, mark: str) -> list[Quantity]:
    if after.unknown:
        return [Quantity(f"r'{mark}", None, None, after.why)]
    found = [Quantity(f"r'{mark}", None, after.size, "the input's extent" if after.is_global else "")]
    if after.jump is not None:
        found.append(Quantity(f"j'{mark}", None, after.jump, "" if isinstance(after, AffineField) else "mean step"))
    if after.start is not None:
        found.append(Quantity(f"start'{mark}", None, after.start))
    return found


def _recorded(arrival: Arrival, step: FieldStep) -> list[Quantity] | None:
    """Return the recursion in letters where the field is that of a chain of windows, else None."""
    node, paths, before, axis, after, form, _, mark = arrival
    if not isinstance(after, AffineField) or form is None:
        return None
    if isinstance(form.reach, Exception):
        raise form.reach
    recorder = form.found.recorder
    arriving = [path[axis] for path in before if path is not None and len(path) > axis]
    if len(node.inputs) == 1 and len(arriving) == 1:
        came, reach = arriving[0], form.reach[0][axis] if axis < len(form.reach[0]) else None
        if not (isinstance(came, AffineField) and isinstance(reach, Slide)):
            return None
        given = {f"r{mark}": came.size, f"j{mark}": came.step, f"start{mark}": came.lo}

        def moved() -> tuple[int, ...]:
            r, j, start = (letter(recorder, name, number) for name, number in given.items())
            found = through(AffineField(start, start + r - 1, j), reach, node.out_shapes[0].spatial[axis])
            assert isinstance(found, AffineField)  # noqa: S101 - a line through a window is a line
            return found.size, found.step, found.lo

        terms = _once(arrival, step, (axis, mark), given, moved)
    else:
        lines = [field for field in arriving if isinstance(field, AffineField)]
        reaches = node.op.reach(node.in_shapes, node.out_shapes)
        if len(lines) < 2 or len(lines) < len(paths) or any(reaches[k][axis : axis + 1] != (Slide(),) for k in paths):
            return None
        given = {f"start_{k}{mark}": line.lo for k, line in enumerate(lines, 1)}
        given |= {f"end_{k}{mark}": line.hi for k, line in enumerate(lines, 1)}

        def joined() -> tuple[int | None, ...]:
            edges = [letter(recorder, name, number) for name, number in given.items()]
            first, last = recorded(min, *edges[: len(lines)]), recorded(max, *edges[len(lines) :])
            return last - first + 1, None, first

        terms = _once(arrival, step, (axis, mark, len(lines)), given, joined)
    names = f"r'{mark}", f"j'{mark}", f"start'{mark}"
    return list(map(Quantity, names, terms, (after.size, after.jump, after.start)))


def _once(
    arrival: Arrival, step: FieldStep, key: object, given: dict[str, int], record: Callable[[], tuple[int | None, ...]]
) -> tuple[int | None, ...]:
    """Return numbers recorded for letters of the field that arrives, once for all layers of a form."""
    step.values |= given
    form, values = arrival.form, arrival.values
    if form is None or values is None:
        return record()
    terms, fresh = form.step(key, record, {**values, **given})
    step.own = step.own and fresh
    return terms


def _sentences(arrival: Arrival, on: str) -> list[str]:
    node, paths, before, axis, after, form, _, _ = arrival
    notes = []
    if len(paths) == 1 and form is not None and not isinstance(after, AffineField):
        if isinstance(form.reach, Exception):
            raise form.reach
        reaches = node.op.reach(node.in_shapes, node.out_shapes)[paths[0]]
        if axis < len(reaches) and reaches[axis] != Slide() and not isinstance(reaches[axis], Whole):
            notes.append(f"{on}unit x reads {reads(form.reach[paths[0]][axis])}")
    elif len(paths) > 1:
        hulls = [(k + 1, _first(node, k, axis, path)) for k, path in zip(paths, before, strict=True)]
        seen = ", ".join(f"path {k} [{hull[0]}, {hull[1]}]" for k, hull in hulls if hull is not None)
        notes.append(f"{on}the union of what the paths see, of unit 0: {seen}")
    if after.smallest != after.size:
        notes.append(f"{on}it differs from unit to unit, between {after.smallest} and {after.size}")
    return notes


def _first(node: Node, k: int, axis: int, path: tuple[AxisField, ...] | None) -> Hull:
    """Return what unit 0 of a layer sees through its input k, None where that is nothing, everything or unknown."""
    if path is None or len(path) <= axis or path[axis].is_global or path[axis].unknown:
        return None
    reach = node.op.reach(node.in_shapes, node.out_shapes)[k][axis]
    if isinstance(reach, Whole):
        return None
    after = through(path[axis], reach, node.out_shapes[0].spatial[axis])
    return None if after.unknown else after.at(0)


def reads(reach: Reach) -> str:
    """Return what one output unit x reads of its input axis, in words and letters."""
    if isinstance(reach, Slide):
        kernel, stride, dilation, padding = (_letter(number) for number in reach)
        return f"x*{stride} - {padding} + {dilation}*t for t = 0..{kernel} - 1"
    if isinstance(reach, Transpose):
        kernel, stride, dilation, padding = (_letter(number) for number in reach)
        return f"every i with i*{stride} - {padding} + {dilation}*t = x for a t = 0..{kernel} - 1"
    if isinstance(reach, Nearest):
        return f"floor(x/{_letter(reach.factor)})"
    if isinstance(reach, Parts):
        return f"its part of {_letter(reach.size)} positions"
    if isinstance(reach, Interpolate):
        more = f", and {reach.margin} more on each side" if reach.margin else ""
        return f"floor(u)..ceil(u), u = (x + 1/2)/{_letter(reach.factor)} - 1/2{more}"
    if isinstance(reach, Table):
        return "the window that its position has on the actual map"
    return "position 0" if isinstance(reach, Broadcast) else "the whole axis"


def _letter(number: int) -> str:
    if not recording(number):
        return shown(number)
    tree: Tree = tree_of(number)
    text = in_letters(tree, _Written())
    return f"({text})" if " " in text else text


class _Written(dict):  # type: ignore[type-arg]
    """Names of quantities with formulas of their own, outside the listing that defines them."""

    def __missing__(self, key: object) -> str:
        return str(getattr(key, "name", key))
