"""What one unit of a layer sees of the network's inputs: the box, the field's numbers, and where its weight lies."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

from cnncalc._version import __version__
from cnncalc.analysis.receptive import AxisField, unit_box
from cnncalc.explanation.effective import Effective, effective_fields
from cnncalc.explanation.letters import axis_letters
from cnncalc.explanation.network import NoSuchLayer
from cnncalc.results.layer import plain
from cnncalc.results.views import view
from cnncalc.study import Study

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.graph.graph import Graph
    from cnncalc.source import Input, Source
    from cnncalc.values.shape import Shape

Hull: TypeAlias = tuple[int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisView:
    """What a unit sees along one axis of a network input, in pixels.

    Attributes:
        letter: the axis.
        extent: pixels of the input.
        size: the layer's largest field over all positions.
        smallest: its smallest.
        jump: mean step between neighbouring units.
        start: left edge of unit 0.
        box: first and last pixel that this unit sees, negative in the padding; None where it sees nothing.
        inside: the same within the image: what the actual network lets through.
        true: the box with multiplicative gates, where it differs.
        effective: the estimate of where its weight lies.
        is_global: every unit sees the whole axis.
        unknown: it cannot be said.
        why: the reason, in words.
    """

    letter: str
    extent: int
    size: int | None
    smallest: int | None
    jump: int | Fraction | None
    start: int | None
    box: Hull
    inside: Hull
    true: Hull
    effective: Effective | None
    is_global: bool
    unknown: bool
    why: str = ""

    @property
    def centre(self) -> Fraction | None:
        """The middle of the box, in pixels."""
        return None if self.box is None else Fraction(self.box[0] + self.box[1], 2)

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON has them."""
        effective = self.effective
        return {
            "axis": self.letter,
            "extent": self.extent,
            "size": self.size,
            "smallest": self.smallest,
            "jump": plain(self.jump),
            "start": self.start,
            "centre": plain(self.centre),
            "box": plain(self.box),
            "inside": plain(self.inside),
            "true_box": plain(self.true),
            "global": self.is_global,
            "unknown": self.unknown,
            "effective": {
                "mean": round(effective.mean, 6),
                "deviation": round(effective.deviation, 6),
                "interval": [effective.first, effective.last],
                "width": effective.width,
            }
            if effective
            else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class InputView:
    """What a unit sees of one network input.

    Attributes:
        name: the network input.
        shape: its shape.
        axes: what it sees on each spatial axis; empty for a vector.
        gated: it is seen through a gate alone.
    """

    name: str
    shape: Shape
    axes: tuple[AxisView, ...]
    gated: bool

    @property
    def share(self) -> float | None:
        """Part of the input inside the box, None where that is not known."""
        if not self.axes or any(axis.unknown for axis in self.axes):
            return None
        seen = prod(0 if axis.inside is None else axis.inside[1] - axis.inside[0] + 1 for axis in self.axes)
        return seen / prod(axis.extent for axis in self.axes)

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON has them."""
        return {
            "input": self.name,
            "shape": list(self.shape),
            "gated": self.gated,
            "share": self.share,
            "axes": [axis.to_dict() for axis in self.axes],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitView:
    """What one unit of a layer sees.

    Attributes:
        version: the version of cnncalc.
        network: the network's name.
        path: the layer.
        op: its operator's name.
        out_shape: the shape of its output.
        position: the unit, one number per spatial axis of that.
        inputs: what it sees, per network input.
    """

    version: str
    network: str
    path: str
    op: str
    out_shape: Shape
    position: tuple[int, ...]
    inputs: tuple[InputView, ...]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002 - as IPython calls it
        printer.text(repr(self))

    def __repr__(self) -> str:
        text: str = view("unit.text")(self)
        return text

    def _repr_html_(self) -> str:
        text: str = view("unit.html")(self)
        return text

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data: what `rf --format json` prints."""
        return {
            "schema": 1,
            "cnncalc": self.version,
            "name": self.network,
            "path": self.path,
            "op": self.op,
            "out_shape": list(self.out_shape),
            "position": list(self.position),
            "inputs": [view.to_dict() for view in self.inputs],
        }


def view_unit(
    spec: Source | Study,
    layer: str,
    at: Sequence[int] | None = None,
    *,
    input: Input | None = None,  # noqa: A002 - the spec's own word
    variant: str | None = None,
    variables: Mapping[str, object] | None = None,
    max_layers: int | None = None,
) -> UnitView:
    """Return what one unit of a layer sees.

    Args:
        spec: as for `analyze`.
        layer: a layer's path, a glob that matches one, or a block, whose last layer is meant.
        at: the unit's position, one number per spatial axis; by default the centre of the map.
        input: as for `analyze`.
        variant: as for `analyze`.
        variables: as for `analyze`.
        max_layers: as for `analyze`.

    Raises:
        SpecError: the spec is wrong.
        NoSuchLayer: there is no such layer, or several; a ValueError with a hint.
        ValueError: there is no such unit, or an argument is not one of the right ones.
    """
    study = Study.of(spec, input=input, variant=variant, variables=variables, max_layers=max_layers)
    graph = study.graph
    index = find_layer(graph, layer)
    node = graph.nodes[index]
    shape = node.out_shapes[0]
    position = _position(shape, at, node.path)
    field = study.fields.of[index]
    axes = {field.source: field.spatial, **field.others}
    estimate = effective_fields(graph, index, position)
    boxes = _boxes(graph, index, position)
    views = []
    for name, extents in graph.inputs.items():
        if name in axes:
            plane, actual, true = (found.get(name) for found in boxes)
            letters = axis_letters(len(extents) - 1)
            views.append(
                InputView(
                    name=name,
                    shape=extents,
                    axes=tuple(
                        _axis(letters[a], extents.spatial[a], axes[name][k], k, (plane, actual, true),
                              None if name in field.origins else estimate.get(name))
                        if k is not None
                        else _all_of(letters[a], extents.spatial[a])
                        for a, k in _own_axes(field.origins.get(name), len(axes[name]), len(extents) - 1)
                    ),
                    gated=plane is None and true is not None,
                )
            )
    return UnitView(
        version=__version__, network=study.name, path=node.path, op=node.op.name, out_shape=shape,
        position=position, inputs=tuple(views),
    )  # fmt: skip


def find_layer(graph: Graph, name: str) -> int:
    """Return the index of the layer of this path, of the one that a glob matches, or of a block's last layer.

    Raises:
        NoSuchLayer: there is none, or there are several.
    """
    paths = [node.path for node in graph.nodes]
    if name in paths:
        return paths.index(name)
    inside = [k for k, path in enumerate(paths) if path.startswith(f"{name}.")]
    if inside:
        return inside[-1]
    matching = [k for k, path in enumerate(paths) if fnmatchcase(path, name)]
    if len(matching) == 1:
        return matching[0]
    error = NoSuchLayer(name, paths)
    if matching:
        error.args = (f"'{name}' matches {len(matching)} layers",)
        error.hint = f"name one of them, for example '{paths[matching[0]]}'"
    raise error


def _position(shape: Shape, at: Sequence[int] | None, path: str) -> tuple[int, ...]:
    extents = shape.spatial
    if at is None:
        return tuple((n - 1) // 2 for n in extents)
    if len(at) != len(extents):
        wanted = ",".join(axis_letters(len(extents))) if extents else "none: it is a vector"
        raise ValueError(f"a position in '{path}' ({shape}) has {len(extents)} coordinates ({wanted}), got {len(at)}")
    for letter, x, n in zip(axis_letters(len(extents)), at, extents, strict=True):
        if not 0 <= x < n:
            raise ValueError(f"'{path}' ({shape}) has {letter} 0..{n - 1}, got {x}")
    return tuple(at)


Boxes: TypeAlias = "dict[str, tuple[Hull, ...]]"


def _boxes(graph: Graph, index: int, position: tuple[int, ...]) -> tuple[Boxes, Boxes, Boxes]:
    """Return the box on the plane, within the image, and on the plane with gates; empty where too much differs."""
    found: list[Boxes] = []
    for gates, on_map in ((False, False), (False, True), (True, False)):
        try:
            found.append(unit_box(graph, index, position, gates=gates, on_map=on_map))
        except ValueError:
            found.append({})
    return found[0], found[1], found[2]


def _axis(  # noqa: PLR0917 - one place
    letter: str, extent: int, field: AxisField, k: int,
    boxes: tuple[tuple[Hull, ...] | None, ...], estimate: tuple[Effective, ...] | None,
) -> AxisView:  # fmt: skip
    plane, actual, true = (None if found is None else found[k] for found in boxes)
    plane = true if boxes[0] is None else plane
    return AxisView(
        letter=letter,
        extent=extent,
        size=field.size,
        smallest=field.smallest,
        jump=field.jump,
        start=field.start,
        box=plane,
        inside=_within(plane, extent) if boxes[1] is None else actual,
        true=true if true != plane else None,
        effective=estimate[k] if estimate and not field.unknown else None,
        is_global=field.is_global,
        unknown=field.unknown or (boxes[0] is None and boxes[2] is None),
        why=field.why,
    )


def _own_axes(origin: tuple[int | None, ...] | None, rank: int, whole: int) -> list[tuple[int, int | None]]:
    """Return each axis of a network input with the axis of the layer that it is, None for one that was dropped."""
    if origin is None:
        return [(k, k) for k in range(rank)]
    return [(a, origin.index(a) if a in origin else None) for a in range(whole)]


def _all_of(letter: str, extent: int) -> AxisView:
    """Return the view of an axis that the layer no longer has."""
    box = (0, extent - 1)
    return AxisView(letter=letter, extent=extent, size=extent, smallest=extent, jump=None, start=None, box=box,
                    inside=box, true=None, effective=None, is_global=True, unknown=False)  # fmt: skip


def _within(hull: Hull, extent: int) -> Hull:
    if hull is None or hull[1] < 0 or hull[0] >= extent:
        return None
    return max(hull[0], 0), min(hull[1], extent - 1)
