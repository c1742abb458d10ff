"""Receptive fields of a whole network: what every layer sees of every network input, and merges that are misaligned.

Each layer has two fields: along the spatial path, where multiplicative `C x 1 x 1` gates (squeeze-and-excite) are
ignored, and the true one with them. They are the same objects until a gate occurs.
"""

from __future__ import annotations

from fractions import Fraction
from operator import is_
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from cnncalc.analysis.field import (
    UNSAID,
    AffineField,
    AxisField,
    Finite,
    Global,
    Hull,
    disagreement,
    entries,
    map_field,
    source_field,
    through,
    union,
    unknown_field,
)
from cnncalc.numbers.doors import alike
from cnncalc.values.axis import IDENTITY, Nearest, Parts, Slide, Table, Whole
from cnncalc.values.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.graph.graph import Graph, Node, Ref
    from cnncalc.values.axis import Reach
    from cnncalc.values.shape import Shape

__all__ = ["AxisField", "Misalignment", "NodeField", "receptive_fields", "unit_box"]

Axes: TypeAlias = tuple[AxisField, ...]
Origin: TypeAlias = "tuple[int | None, ...]"

LISTED_LIMIT = 262_144
"""Over all layers, fields list at most about this many positions one by one; further irregular ones are unknown."""


class NodeField(NamedTuple):
    """The receptive field of one layer's units, one `AxisField` per axis.

    The axes are those of the layer's output. Where they do not correspond to the network input's (a vector after
    `flatten`, a reshape to another rank) there is one global field per axis of the network input; a vector input has
    no axes at all.

    Attributes:
        spatial: along the spatial path, of the first network input that the layer depends on.
        true: the same with the gates.
        others: the fields of the further network inputs, by name.
        source: the name of the first network input.
        origins: by network input, which of its axes each axis here is, None for one of extent 1 that was added; only
            where that is not axis by axis.
    """

    spatial: Axes
    true: Axes
    others: Mapping[str, Axes]
    source: str
    origins: Mapping[str, Origin] = MappingProxyType({})


@record(kw_only=True)
class Misalignment:
    """Two paths into one merge that do not look at the same place.

    Attributes:
        node: index of the merge.
        axis: the spatial axis, from 0.
        source: the network input whose pixels are meant.
        kind: `jump` when the paths advance at different rates, `centre` when one is shifted against the other.
        inputs: which inputs of the merge, the first and the one that differs from it.
        jumps: pixels per unit on either path.
        offset: pixels from the centre of the first path's field to the other's, at unit 0 when the jumps differ.
    """

    node: int
    axis: int
    source: str
    kind: Literal["jump", "centre"]
    inputs: tuple[int, int]
    jumps: tuple[int | Fraction, int | Fraction]
    offset: Fraction


def receptive_fields(graph: Graph) -> tuple[list[NodeField], list[Misalignment]]:
    """Return the field of every node, in order, and the merges whose paths are misaligned.

    Fields are those of the unbounded plane wherever the operators allow, so they do not depend on the map's size.
    """
    walk = _Walk(graph, on_map=False)
    for index, node in enumerate(graph.nodes):
        walk.visit(index, node)
    return walk.fields(), walk.misalignments


def unit_box(
    graph: Graph, node_index: int, position: Sequence[int], *, gates: bool = True, on_map: bool = False
) -> dict[str, tuple[Hull, ...]]:
    """Return what one unit sees: per network input the first and last pixel on each axis, None where it sees nothing.

    Args:
        graph: the network.
        node_index: the layer.
        position: the unit's position, one number per spatial axis of the layer's output; empty for a vector.
        gates: include what multiplicative gates see; without them, the spatial path alone.
        on_map: leave out what is only reached through units beyond a map's edge, which in the actual network are
            padding; the box then lies inside the input. By default the box is that of the unbounded plane, unclipped.

    Raises:
        ValueError: the field is unknown, or the position has another rank than the map.
    """
    rank = len(graph.nodes[node_index].out_shapes[0].spatial)
    if len(position) != rank:
        raise ValueError(f"a position in this layer has {rank} coordinates, received {len(position)}")
    walk = _Walk(graph, on_map=on_map)
    for index in _ancestors(graph, node_index):
        walk.visit(index, graph.nodes[index])
    paths = (walk.true if gates else walk.spatial)[node_index]
    return {
        name: tuple(field.at(position[axis] if len(axes) == rank else 0) for axis, field in enumerate(axes))
        for name, axes in paths.items()
    }


class Said(NamedTuple):
    """What an operator says of its shapes: what its units read, whether that drifts, axes that it keeps, its gates."""

    reaches: tuple[tuple[Reach, ...], ...]
    drifting: bool
    kept: Origin | None
    gates: tuple[int, ...]


def map_fields(graph: Graph) -> list[dict[str, Axes]]:
    """Return the field of every node on its actual map, gates included, by network input.

    What is only reached through units beyond a map's edge is left out, as in `unit_box`: a field lies inside the input.
    """
    walk = _Walk(graph, on_map=True)
    for index, node in enumerate(graph.nodes):
        walk.visit(index, node)
    return [walk.true[index] for index in range(len(graph.nodes))]


class _Walk:
    """One pass over the nodes: per node, the axes' fields by network input, along the spatial path and truly."""

    def __init__(self, graph: Graph, *, on_map: bool) -> None:
        self.graph = graph
        self.spatial: dict[int, dict[str, Axes]] = {}
        self.true: dict[int, dict[str, Axes]] = {}
        self.misalignments: list[Misalignment] = []
        self._on_map = on_map
        self._left = LISTED_LIMIT
        self._drift: dict[int, tuple[Fraction, ...]] = {}
        self._whole: dict[str, Axes] = {}
        self._origins: dict[int, dict[str, Origin]] = {}
        self._ports: dict[tuple[Ref, bool], dict[str, Axes]] = {}
        self._said: dict[tuple[int, int, int], Said] = {}
        for index, (name, shape) in enumerate(graph.inputs.items()):
            self._whole[name] = tuple(Global(extent) for extent in shape.spatial)
            axes = tuple(map_field(extent) if on_map else source_field() for extent in shape.spatial)
            self.spatial[-index - 1] = self.true[-index - 1] = {name: axes}

    def visit(self, index: int, node: Node) -> None:
        """Compute the fields of a node whose inputs are known."""
        reaches, drifting, kept, gates = self._what(node)
        extents = node.out_shapes[0].spatial
        if drifting or self._drift:
            self._drifts(index, node, reaches)
        if len(node.inputs) == 1:
            before = node.inputs[0][0]
            spatial = self._of(node.inputs[0], self.spatial)
            true = self._of(node.inputs[0], self.true)
            true = spatial if self.true[before] is self.spatial[before] else true
            if kept is not None:
                self.spatial[index] = self._moved(index, spatial, kept, node)
                self.true[index] = (
                    self.spatial[index] if true is spatial else self._moved(index, true, kept, node)
                )
                return
            if node.op.unsaid(node.in_shapes, node.out_shapes):
                self.spatial[index] = self.true[index] = self._unsaid(spatial)
                return
            if self._origins:
                self._origin(index, node, reaches)
            after = self._advance(spatial, reaches[0], node.in_shapes[0], extents, before)
            self.spatial[index] = after
            self.true[index] = (
                after if true is spatial else self._advance(true, reaches[0], node.in_shapes[0], extents, before)
            )
            self._measured(index, node)
            return
        if self._origins:
            self._origin(index, node, reaches)
        every = range(len(node.inputs))
        path = [k for k in every if k not in gates] or every
        arriving = {
            k: self._through(k, node, self.spatial, reaches[k]) for k in path
        }
        self._compare(index, node, arriving, reaches)
        self.spatial[index] = self.true[index] = self._merged(list(arriving.values()), extents)
        if len(path) < len(every) or any(self.true[before] is not self.spatial[before] for before, _ in node.inputs):
            truly = [
                self._through(k, node, self.true, reaches[k]) for k in every
            ]
            self.true[index] = self._merged(truly, extents)

    def _what(self, node: Node) -> Said:
        """Return what an operator says of its shapes; it is asked once where layers have both in common."""
        op, ins, outs = node.op, node.in_shapes, node.out_shapes
        single = len(ins) == 1
        key = id(op), id(ins[0]), id(outs)
        said = self._said.get(key) if single else None
        if said is None:
            reaches = op.reach(ins, outs)
            distinct = {id(reach): reach for axes in reaches for reach in axes}
            drifting = any(isinstance(reach, Nearest | Parts) for reach in distinct.values())
            kept = op.kept_axes(ins, outs) if single else None
            said = Said(reaches, drifting, kept, () if single else op.gates(ins, outs))
            if single:
                self._said[key] = said
        return said

    def _through(self, k: int, node: Node, known: Mapping[int, dict[str, Axes]], reach: tuple[Reach, ...]
                 ) -> dict[str, Axes]:  # fmt: skip
        """Return the fields behind one input of a merge."""
        paths = self._of(node.inputs[k], known)
        if k in node.op.unsaid(node.in_shapes, node.out_shapes):
            return self._unsaid(paths)
        return self._advance(paths, reach, node.in_shapes[k], node.out_shapes[0].spatial, node.inputs[k][0])

    def _unsaid(self, paths: dict[str, Axes]) -> dict[str, Axes]:
        """Return the fields behind a layer that does not say what it reads of the network inputs that it sees."""
        return {name: (UNSAID,) * len(self._whole[name]) for name in paths}

    def _of(self, ref: Ref, known: Mapping[int, dict[str, Axes]]) -> dict[str, Axes]:
        """Return the fields of one output of a node: a part of an axis starts further on in the node's input."""
        before, port = ref
        if not port:
            return known[before]
        node = self.graph.nodes[before]
        begins = node.op.begins(node.in_shapes, port)
        if not any(begins):
            return known[before]
        key = (ref, known is self.true)
        if key not in self._ports:
            source = node.inputs[0]
            reaches = tuple(Slide(before=-first) for first in begins)
            extents = node.out_shapes[port].spatial
            self._ports[key] = self._advance(
                self._of(source, known), reaches, node.in_shapes[0], extents, source[0]
            )
        return self._ports[key]

    def _moved(self, index: int, paths: dict[str, Axes], kept: Origin, node: Node) -> dict[str, Axes]:
        """Return the fields behind a view that only drops, adds or moves extents of 1."""
        before = node.inputs[0][0]
        found: dict[str, Axes] = {}
        for name, axes in paths.items():
            if len(axes) != len(node.in_shapes[0].spatial):
                found[name] = self._whole[name]
                continue
            known = self._origins.get(before, {}).get(name, tuple(range(len(axes))))
            found[name] = tuple(Global(1) if axis is None else axes[axis] for axis in kept)
            origin = tuple(None if axis is None else known[axis] for axis in kept)
            if origin != tuple(range(len(self._whole[name]))):
                self._origins.setdefault(index, {})[name] = origin
        return found

    def _origin(self, index: int, node: Node, reaches: tuple[tuple[Reach, ...], ...]) -> None:
        """Note which axes of the network inputs those of a node are, where they are not the same ones."""
        for k, (before, _) in enumerate(node.inputs):
            for name, origin in self._origins.get(before, {}).items():
                if len(origin) == len(reaches[k]):
                    self._origins.setdefault(index, {}).setdefault(name, origin)

    def _ends(self, before: int, name: str) -> Axes:
        """Return the whole axes of a network input, as many and in the order that a node's axes are."""
        whole = self._whole[name]
        origin = self._origins.get(before, {}).get(name)
        return whole if origin is None else tuple(Global(1) if axis is None else whole[axis] for axis in origin)

    def _measured(self, index: int, node: Node) -> None:
        """Let the true field of a normalisation by its own statistics be the whole axis that they are taken over."""
        over = node.op.statistics(node.in_shapes)
        if any(over):
            self.true[index] = {
                name: tuple(whole if over[axis] else axes[axis] for axis, whole in enumerate(self._ends(index, name)))
                if len(axes) == len(over) == len(self._ends(index, name))
                else axes
                for name, axes in self.true[index].items()
            }

    def _drifts(self, index: int, node: Node, reaches: tuple[tuple[Reach, ...], ...]) -> None:
        """Note by how much nearest upsampling and windows move the mean centre of a node's units, on each axis.

        Unit x of an enlargement by f reads floor(x/f), on the mean (f - 1)/(2f) units before the centred place x/f. As
        every decoder does it, paths that differ by no more than that are aligned. A unit in a window of n lies up to
        (n - 1)/2 units beside its middle; the union of windows and windows rolled by some of it is lopsided.
        """
        rank = len(node.out_shapes[0].spatial)
        drift = [Fraction(0)] * rank
        for k, (before, _) in enumerate(node.inputs):
            known = self._drift.get(before, ())
            axes = next(iter(self.spatial[before].values()), ())
            for axis in range(min(rank, len(reaches[k]))):
                moved = known[axis] if axis < len(known) else Fraction(0)
                reach = reaches[k][axis]
                jump = axes[axis].jump if axis < len(axes) else None
                if isinstance(reach, Nearest) and jump is not None:
                    moved += Fraction(reach.factor - 1, 2 * reach.factor) * Fraction(jump)
                if isinstance(reach, Parts) and jump is not None:
                    moved += Fraction(reach.size - 1, 2) * Fraction(jump)
                drift[axis] = max(drift[axis], moved)
        if any(drift):
            self._drift[index] = tuple(drift)

    def _by_nearest(self, node: Node, axis: int, inputs: tuple[int, int], offset: Fraction) -> bool:
        """Return whether nearest upsampling or windows on one of two paths explain an offset."""
        slack = Fraction(0)
        for k in inputs:
            drift = self._drift.get(node.inputs[k][0], ())
            slack = max(slack, drift[axis] if axis < len(drift) else Fraction(0))
        return abs(offset) <= slack

    def fields(self) -> list[NodeField]:
        """Return the results in the order of the nodes; layers that change nothing share one."""
        fields: list[NodeField] = []
        nothing: Mapping[str, Axes] = MappingProxyType({})
        nothing_moved: Mapping[str, Origin] = MappingProxyType({})
        for index in range(len(self.graph.nodes)):
            spatial, true = self.spatial[index], self.true[index]
            if index and spatial is self.spatial[index - 1] and true is self.true[index - 1]:
                fields.append(fields[-1])
                continue
            source = next(name for name in self.graph.inputs if name in spatial)
            others = nothing
            if len(true) > 1:
                others = {
                    name: spatial.get(name, true[name]) for name in self.graph.inputs if name in true and name != source
                }
            origins = self._origins.get(index, nothing_moved)
            fields.append(NodeField(spatial[source], true[source], others, source, origins))
        return fields

    def _advance(
        self,
        paths: dict[str, Axes],
        reaches: tuple[Reach, ...],
        in_shape: Shape,
        extents: tuple[int, ...],
        before: int,
    ) -> dict[str, Axes]:
        """Return the fields behind one input of a node; the same object where nothing changes."""
        if reaches and reaches[0] == IDENTITY and reaches == (IDENTITY,) * len(reaches) and in_shape[1:] == extents:
            return paths
        listing = self._left > 0
        return self._spent(
            {
                name: _step(axes, reaches, extents, ends, listing=listing)
                if len(axes) == len(reaches) == len(ends := self._ends(before, name))
                else self._whole[name]
                if before in self._origins or not all(field.is_global or field is UNSAID for field in axes)
                else axes
                for name, axes in paths.items()
            }
        )

    def _merged(self, arriving: Sequence[dict[str, Axes]], extents: tuple[int, ...]) -> dict[str, Axes]:
        """Return the union of several paths, network input by network input."""
        first = arriving[0]
        if all(paths is first for paths in arriving):
            return first
        merged = _merge(arriving, extents, listing=self._left > 0)
        same = next((paths for paths in arriving if _equal(paths, merged)), None)
        return self._spent(merged) if same is None else same

    def _spent(self, paths: dict[str, Axes]) -> dict[str, Axes]:
        """Count the positions that new fields list one by one."""
        if not self._on_map:
            for axes in paths.values():
                for axis, field in enumerate(axes):
                    if type(field) is not AffineField and (not axis or field is not axes[axis - 1]):
                        self._left -= entries(field)
        return paths

    def _compare(self, index: int, node: Node, arriving: Mapping[int, dict[str, Axes]],
                 reaches: tuple[tuple[Reach, ...], ...]) -> None:  # fmt: skip
        """Hold the paths of a merge against the first that has a place to compare, per network input and axis.

        An axis of which positions have windows of their own (causal attention, a concatenation along it) has none.
        """
        rank = len(node.out_shapes[0].spatial)
        for source in self._whole:
            paths = [
                (k, fields[source])
                for k, fields in arriving.items()
                if source in fields and len(fields[source]) == len(node.in_shapes[k].spatial) == rank
            ]
            for axis in range(rank):
                base: tuple[int, AxisField] | None = None
                for k, axes in paths:
                    field = axes[axis]
                    if field.is_global or field.unknown or isinstance(reaches[k][axis], Table):
                        continue
                    base = base or (k, field)
                    found = None if field is base[1] else disagreement(base[1], field)
                    if found and found.kind == "centre" and self._by_nearest(node, axis, (base[0], k), found.offset):
                        continue
                    if found:
                        self.misalignments.append(
                            Misalignment(
                                node=index,
                                axis=axis,
                                source=source,
                                kind=found.kind,
                                inputs=(base[0], k),
                                jumps=found.jumps,
                                offset=found.offset,
                            )
                        )


def _step(axes: Axes, reaches: tuple[Reach, ...], extents: tuple[int, ...], whole: Axes, *, listing: bool) -> Axes:
    """Return the fields behind one operator; equal axes share one object, so that they are computed once."""
    out: list[AxisField] = []
    for axis, field in enumerate(axes):
        reach = reaches[axis]
        if isinstance(reach, Whole):
            out.append(field if field is UNSAID else whole[axis])
        elif (
            axis
            and field is axes[axis - 1]
            and type(reach) is type(reaches[axis - 1])
            and all(map(alike, reach, reaches[axis - 1]))
            and (alike(extents[axis], extents[axis - 1]) or not isinstance(out[-1], Finite))
        ):
            out.append(out[-1])
        elif (
            listing or field.is_global or field.unknown or (isinstance(reach, Slide) and isinstance(field, AffineField))
        ):
            out.append(through(field, reach, extents[axis]))
        else:
            out.append(unknown_field())
    return tuple(out)


def _equal(one: dict[str, Axes], other: dict[str, Axes]) -> bool:
    """Return whether two layers have the same fields, object by object."""
    return len(one) == len(other) and all(axes is other.get(name) for name, axes in one.items())


def _merge(arriving: Sequence[dict[str, Axes]], extents: tuple[int, ...], *, listing: bool) -> dict[str, Axes]:
    merged: dict[str, Axes] = {}
    for paths in arriving:
        for name, axes in paths.items():
            merged[name] = _joined(merged[name], axes, extents, listing=listing) if name in merged else axes
    return merged


def _joined(one: Axes, other: Axes, extents: tuple[int, ...], *, listing: bool) -> Axes:
    if one is other or len(one) != len(extents):
        return one
    if len(other) != len(extents):
        return other
    out: list[AxisField] = []
    for axis, pair in enumerate(zip(one, other, strict=True)):
        again = axis and pair[0] is one[axis - 1] and pair[1] is other[axis - 1]
        if again and (alike(extents[axis], extents[axis - 1]) or not isinstance(out[-1], Finite)):
            out.append(out[-1])
        elif listing or all(isinstance(field, AffineField | Global) for field in pair):
            out.append(union(pair, extents[axis]))
        else:
            out.append(unknown_field())
    if all(map(is_, out, one)):
        return one
    return other if all(map(is_, out, other)) else tuple(out)


def _ancestors(graph: Graph, node_index: int) -> list[int]:
    """Return a node and everything it depends on, in execution order."""
    needed = {node_index}
    for index in range(node_index, -1, -1):
        if index in needed:
            needed.update(before for before, _ in graph.nodes[index].inputs if before >= 0)
    return sorted(needed)
