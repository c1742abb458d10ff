"""Rows from the layers of a report: the tree of their scopes, blocks as one row, groups, order. Formats nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.results.layer import Layer
from cnncalc.results.measures import summed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cnncalc.results.totals import Totals

SUMMED = tuple(entry.name for entry in summed(first=Layer._fields))
"""The numbers of a layer that add up over layers."""

RANKED = {name: name for name in SUMMED} | {
    "layers": "layers",
    "receptive_field": "receptive_field",
    "share_macs": "macs",
    "share_params": "params",
}
"""What rows can be sorted by, the largest first, and the number behind it."""


class RowKind(Enum):
    """What a row stands for."""

    HEADING = "heading"
    LAYER = "layer"
    BLOCK = "block"
    GROUP = "group"
    REST = "rest"


class Amount(NamedTuple):
    """A sum of counts: its known part (None where nothing is known), and whether an unknown part is missing from it."""

    value: int | None
    lower_bound: bool


def add_up(values: Iterable[int | None]) -> Amount:
    """Return the sum of counts, some of which may be unknown (None)."""
    found = list(values)
    known = [value for value in found if value is not None]
    if found and not known:
        return Amount(None, lower_bound=False)
    return Amount(sum(known), lower_bound=len(known) < len(found))


def total(totals: Totals, key: str) -> Amount:
    """Return one of the `SUMMED` numbers of the whole network."""
    return Amount(totals.number(key), key in totals.lower_bounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table: a layer, or several that are shown as one.

    Attributes:
        kind: what it stands for; a heading opens a scope and has no numbers.
        path: dotted path; of folded repetitions `layer1.1-2`.
        name: the path below the row that it stands under.
        level: how many rows it stands under.
        layers: the layers in it, in order.
        times: repetitions that it stands for.
        head: the layer that the path names, where that is a layer.
    """

    kind: RowKind
    path: str
    name: str
    level: int = 0
    layers: tuple[Layer, ...] = ()
    times: int = 1
    head: Layer | None = None

    def amount(self, key: str) -> Amount:
        """Return the sum of one of the `SUMMED` numbers over its layers."""
        if len(self.layers) == 1:
            return Amount(self.layers[0].number(key), lower_bound=False)
        return add_up(layer.number(key) for layer in self.layers)


@dataclass(slots=True)
class _Node:
    """A scope or a layer of the path tree; `before` counts the children that came before its own layer."""

    name: str
    layer: Layer | None = None
    before: int = 0
    children: dict[str, _Node] = field(default_factory=dict)

    @property
    def repeats(self) -> bool:
        """Whether it only holds numbered repetitions."""
        return self.layer is None and bool(self.children) and all(name.isdecimal() for name in self.children)

    @property
    def dressed(self) -> bool:
        """Whether it is a layer with nothing but what stands on it: its norm and activation, each fed by the last."""
        if self.layer is None or not self.children or self.before:
            return False
        last = self.layer
        for child in self.children.values():
            layer = child.layer
            if layer is None or child.children or layer.inputs != (last.path,) or layer.weighted:
                return False
            last = layer
        return True

    def layers(self) -> Iterator[Layer]:
        """Yield the layers in it, in order."""
        for index, child in enumerate(self.children.values()):
            if self.layer is not None and index == self.before:
                yield self.layer
            yield from child.layers()
        if self.layer is not None and self.before == len(self.children):
            yield self.layer

    def signature(self) -> tuple[object, ...]:
        """Return what two repetitions must have in common to be folded into one row."""
        own = self.layer and (
            self.layer.op, self.layer.arguments, self.layer.in_shapes, self.layer.out_shapes,
            *map(self.layer.number, SUMMED), self.layer.is_global,
        )  # fmt: skip
        return own, self.before, tuple((name, child.signature()) for name, child in self.children.items())


def _tree(layers: Iterable[Layer]) -> _Node:
    root = _Node("")
    for layer in layers:
        node = root
        for part in layer.path.split("."):
            child = node.children.get(part)
            if child is None:
                child = node.children[part] = _Node(part)
            node = child
        node.layer = layer
        node.before = len(node.children)
    return root


def tree(layers: Iterable[Layer], depth: int | None = None, *, dressed: bool = False) -> tuple[Row, ...]:
    """Return the rows of a network, indented by scope.

    Args:
        layers: the layers of a report.
        depth: show paths of at most so many parts; what is deeper is summed in the row of its scope, and repetitions
            that follow each other and do not differ become one row. None: every layer has its row.
        dressed: a layer and the norm and activation that stand on it are one row, at any depth.
    """
    return _rows(_tree(layers), depth, dressed=dressed)


class TreeRows:
    """The rows of `tree` for every layer, made as they are asked for, each time anew: a large network has many."""

    def __init__(self, layers: Iterable[Layer], depth: int | None = None) -> None:
        self._root = _tree(layers)
        self._depth = depth

    def __iter__(self) -> Iterator[Row]:
        writer = _RowWriter(fold=self._depth is not None, dressed=False)
        return writer.inside([self._root], _Place("", "", 0, self._depth))


def _rows(root: _Node, depth: int | None, *, dressed: bool) -> tuple[Row, ...]:
    return tuple(_RowWriter(fold=depth is not None, dressed=dressed).inside([root], _Place("", "", 0, depth)))


def within(layers: Sequence[Layer], most: int) -> tuple[tuple[Row, ...], int | None]:
    """Return the fullest rows that are at most so many, norm and activation in their layer's row, and their depth.

    The depth is None where no block had to be folded, else the largest that fits; at depth 1 there may be more rows.
    """
    root = _tree(layers)
    rows = _rows(root, None, dressed=True)
    depth = max((layer.path.count(".") + 1 for layer in layers), default=1)
    if len(rows) <= most or depth == 1:
        return rows, None
    while True:
        rows = _rows(root, depth, dressed=True)
        if len(rows) <= most or depth == 1:
            return rows, depth
        depth -= 1


class _Place(NamedTuple):
    """Where rows are written: the scope's path, how names in it begin, their level, the parts of paths still shown."""

    path: str
    prefix: str
    level: int
    left: int | None


class _RowWriter:
    """Writes the rows of a tree. It is given nodes that are alike: a single one, or the repetitions of a folded row."""

    def __init__(self, *, fold: bool, dressed: bool) -> None:
        self.fold = fold
        self.dressed = dressed

    def inside(self, alike: Sequence[_Node], place: _Place) -> Iterator[Row]:
        """Yield what is in nodes, in order; a merge's own layer comes after the scopes of its paths."""
        node = alike[0]
        inside = [tuple(each.children.values()) for each in alike]
        left = None if place.left is None else place.left - 1
        for start, stop in self.runs(inside[0]):
            if node.layer is not None and start == node.before:
                yield self.own(alike, place)
            nodes = [child for children in inside for child in children[start:stop]]
            label = nodes[0].name if stop == start + 1 else f"{nodes[0].name}-{inside[0][stop - 1].name}"
            path = f"{place.path}.{label}" if place.path else label
            yield from self.node(nodes, path, _Place(path, place.prefix + label, place.level, left))
        if node.layer is not None and node.before == len(node.children):
            yield self.own(alike, place)

    def runs(self, nodes: Sequence[_Node]) -> Iterator[tuple[int, int]]:
        """Yield the stretches [start, stop) of children that become one row each."""
        start = 0
        while start < len(nodes):
            stop = start + 1
            if self.fold and nodes[start].name.isdecimal():
                like = nodes[start].signature()
                while stop < len(nodes) and nodes[stop].name.isdecimal() and nodes[stop].signature() == like:
                    stop += 1
            yield start, stop
            start = stop

    def node(self, nodes: Sequence[_Node], path: str, place: _Place) -> Iterator[Row]:
        """Yield nodes that are alike, named `place.prefix`, and what is in them."""
        node, name, level = nodes[0], place.prefix, place.level
        if place.left == 0 or not node.children or (self.dressed and node.dressed):
            yield Row(
                kind=RowKind.BLOCK if node.children else RowKind.LAYER,
                path=path,
                name=name,
                level=level,
                layers=tuple(layer for each in nodes for layer in each.layers()),
                times=len(nodes) * (len(node.children) if node.repeats else 1),
                head=node.layer,
            )
        elif node.layer is not None and not node.before:
            yield self.layer(nodes, path, name, level)
            below = [replace(each, layer=None) for each in nodes]
            yield from self.inside(below, place._replace(prefix="", level=level + 1))
        elif node.layer is not None or node.repeats:
            yield from self.inside(nodes, place._replace(prefix=f"{name}."))
        else:
            yield Row(kind=RowKind.HEADING, path=path, name=name, level=level, times=len(nodes))
            yield from self.inside(nodes, place._replace(prefix="", level=level + 1))

    def own(self, alike: Sequence[_Node], place: _Place) -> Row:
        """Return the layer of a merge, beside the scopes of its paths."""
        return self.layer(alike, place.path, place.prefix.removesuffix("."), place.level)

    def layer(self, nodes: Sequence[_Node], path: str, name: str, level: int) -> Row:
        """Return the own layer of nodes that are alike."""
        layers = tuple(node.layer for node in nodes if node.layer is not None)
        times = len(nodes)
        return Row(kind=RowKind.LAYER, path=path, name=name, level=level, layers=layers, times=times, head=layers[0])


def by_operator(layers: Iterable[Layer]) -> tuple[Row, ...]:
    """Return one row per operator, in order of first use."""
    groups: dict[str, list[Layer]] = {}
    for layer in layers:
        groups.setdefault(layer.op, []).append(layer)
    return tuple(Row(kind=RowKind.GROUP, path=op, name=op, layers=tuple(found)) for op, found in groups.items())


def ranked(rows: Iterable[Row], key: str) -> tuple[Row, ...]:
    """Return rows without headings, under their whole paths, the largest first; the unknown last, ties in order.

    Args:
        rows: rows of any kind.
        key: one of `RANKED`.
    """
    flat = [replace(row, name=row.path, level=0) for row in rows if row.kind is not RowKind.HEADING]
    return tuple(sorted(flat, key=lambda row: _rank(row, RANKED[key]), reverse=True))


def _rank(row: Row, key: str) -> int:
    if key == "layers":
        return len(row.layers)
    if key == "receptive_field":
        product = 1
        for size in row.layers[-1].receptive_field:
            product *= size or 0
        return product
    value = row.amount(key).value
    return -1 if value is None else value


def first(rows: Sequence[Row], count: int) -> tuple[Row, ...]:
    """Return the first rows and one more for the rest, so that columns still add up."""
    rest = tuple(layer for row in rows[count:] for layer in row.layers)
    if not rest:
        return tuple(rows[:count])
    return (*rows[:count], Row(kind=RowKind.REST, path="", name=f"{len(rows) - count:,} more", layers=rest))
