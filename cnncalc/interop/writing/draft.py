"""Drafts of a spec: items that read tensors, merges with paths, calls of blocks; made from the layers of a graph."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from cnncalc.interop.writing.widths import NOTHING, beside, network_of, together
from cnncalc.language.write import sources_of, whole_of
from cnncalc.ops.registry import find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.graph.graph import Graph, Ref
    from cnncalc.ops.operator import Operator
    from cnncalc.values.bits import Bits
    from cnncalc.values.shape import Shape

Tensor: TypeAlias = "tuple[int, int]"
"""What an item makes: its number and which of its results; of the network's inputs -1, -2, .. and 0."""


@dataclass(slots=True, eq=False)
class DraftPath:
    """A path of a merge: its name and its items; without items the tensor that the merge starts from."""

    name: str
    items: list[DraftItem]
    when: str = ""


Source: TypeAlias = "Tensor | DraftPath"


@dataclass(slots=True, eq=False)
class DraftItem:
    """One entry of a list of layers.

    Attributes:
        number: which tensors it makes; those of a block call are those of its last item.
        key: the operator's name, or the block's.
        args: every argument with its value; of a block call those that are given.
        reads: the tensors that it reads; of a merge with paths the one that they start from, if there are any.
        sources: of a merge, its tensors and paths.
        ports: how many results it has.
        layers: the layers of the graph that it stands for, those of its paths included.
        shares: the item whose weights it uses.
        label: its name, where it has one.
        repeat: how often it stands in a row.
        first: arguments of the first time that differ.
        when: the condition under which it stands there.
        bits: the widths of its numbers that are not the network's.
    """

    number: int
    key: str
    args: dict[str, Any]
    reads: list[Tensor]
    sources: list[Source] | None = None
    ports: int = 1
    layers: list[int] = field(default_factory=list)
    shares: DraftItem | None = None
    lends: bool = False
    label: str = ""
    repeat: int = 1
    first: dict[str, Any] = field(default_factory=dict)
    when: str = ""
    bits: Bits = NOTHING

    @property
    def paths(self) -> list[DraftPath]:
        """The paths of a merge."""
        return [s for s in self.sources if isinstance(s, DraftPath)] if self.sources is not None else []

    def inside(self) -> Iterator[DraftItem]:
        """Yield it and the items of its paths, in the order in which they are written."""
        if self.sources is not None:
            for path in self.paths:
                for item in path.items:
                    yield from item.inside()
        yield self

    def own(self) -> list[Tensor]:
        """Return the tensors that it reads itself, its paths' items not."""
        if self.sources is None:
            return self.reads
        return [*(self.reads if self.paths else ()), *(s for s in self.sources if not isinstance(s, DraftPath))]

    def needs(self) -> list[Tensor]:
        """Return the tensors from outside that it reads, its paths included, each once."""
        if self.sources is None:
            return list(dict.fromkeys(self.reads))
        made = {item.number for item in self.inside()}
        found: dict[Tensor, None] = {}
        for item in self.inside():
            found.update(dict.fromkeys(t for t in item.own() if t[0] not in made))
        return list(found)


@dataclass(slots=True, eq=False)
class DraftBlock:
    """A block: its parameters with their defaults (None: required) and its items, whose arguments may be `Verbatim`."""

    name: str
    params: dict[str, Any]
    items: list[DraftItem]


class Verbatim(str):
    """An expression, or a word that is not one of its operator's."""

    __slots__ = ()


@dataclass(slots=True, eq=False)
class Draft:
    """A whole spec: its items in order, its blocks, the shape of every tensor, the outputs, the network's widths.

    `standard` are the shipped blocks that it calls.
    """

    graph: Graph
    items: list[DraftItem]
    shapes: dict[Tensor, Shape]
    outputs: dict[str, Tensor]
    bits: Bits
    blocks: list[DraftBlock] = field(default_factory=list)
    standard: list[DraftBlock] = field(default_factory=list)


def drafted(graph: Graph) -> Draft:
    """Return an item for each layer of a graph, an operator of several layers and the norm and act after it as one."""
    follow, widths = followers(graph), network_of(graph)
    items: list[DraftItem] = []
    shapes: dict[Tensor, Shape] = {(-k - 1, 0): shape for k, shape in enumerate(graph.inputs.values())}
    place: dict[int, DraftItem] = {}
    lenders = {node.shares for node in graph.nodes if node.shares is not None}
    starts: list[tuple[int, DraftItem]] = []

    def tensor(ref: Ref) -> Tensor:
        return ref if ref[0] < 0 else (place[ref[0]].number, ref[1])

    skip = -1
    for index, node in enumerate(graph.nodes):
        if index <= skip:
            continue
        op, first, inputs, last = node.op, index, node.inputs, index
        if find(op.name) is None:
            starts.append((index, DraftItem(-1, "", {}, [])))
            continue
        if find(op.name) is not type(op):
            op, first = whole_of(graph, index)
            inputs = sources_of(graph, op, first)
            while starts and starts[-1][0] >= first:
                gone = starts.pop()[1]
                if items and items[-1] is gone:
                    items.pop()
        else:
            op, last = folded(graph, index, follow, lenders)
            op = op.plainest(node.in_shapes) if index not in lenders and node.shares is None else op
            skip = last
        reads = [tensor(ref) for ref in inputs]
        own = op if op.sources is not None else None
        item = DraftItem(
            last, op.name, normal(op, graph, first), reads, sources=None if own is not None else list(reads),
            ports=len(graph.nodes[last].out_shapes), layers=list(range(first, last + 1)), lends=first in lenders,
            bits=beside(graph.nodes[first : last + 1], widths),
        )  # fmt: skip
        if node.shares is not None:
            item.shares = place.get(node.shares)
        for k in range(first, last + 1):
            place[k] = item
        for port, shape in enumerate(graph.nodes[last].out_shapes):
            shapes[last, port] = shape
        items.append(item)
        starts.append((first, item))
    outputs = {name: tensor(ref) for name, ref in graph.outputs.items()}
    return Draft(graph, items, shapes, outputs, widths)


def followers(graph: Graph) -> dict[int, int]:
    """Return, for each layer that one other reads and that is no output, that other."""
    readers: dict[int, list[int]] = {}
    for index, node in enumerate(graph.nodes):
        for source, _ in node.inputs:
            readers.setdefault(source, []).append(index)
    out = {index for index, _ in graph.outputs.values()}
    return {source: found[0] for source, found in readers.items() if len(found) == 1 and source not in out}


def folded(graph: Graph, index: int, follow: dict[int, int], lenders: set[int]) -> tuple[Operator, int]:
    """Return the operator of a layer with the norm and act behind it inside, and the last layer that it stands for."""
    op, last = graph.nodes[index].op, index
    if "norm" not in op.args or "act" not in op.args or graph.nodes[index].shares is not None or index in lenders:
        return op, last
    for role in ("norm", "act"):
        following = last + 1
        if follow.get(last) != following:
            continue
        node = graph.nodes[following]
        said = find(node.op.name)
        if node.op.role != role or said is not type(node.op) or node.shares is not None or len(node.inputs) != 1:
            continue
        if following in lenders or not together(graph.nodes[index], node):
            continue
        kept = {"bias": op.arguments()["bias"] is not False} if role == "norm" else {}
        op, last = op.replace(**{role: node.op}, **kept), following
    return op, last


def normal(op: Operator, graph: Graph, index: int) -> dict[str, Any]:
    """Return an operator's arguments as one would write them: `half` for paddings that are, no bias that is implied."""
    given = op.arguments()
    if "bias" in given and "norm" in given:
        bias, implied = given["bias"], given["norm"] is None
        given["bias"] = None if bias is None or bias == implied else bias
    x = graph.nodes[index].in_shapes[0] if graph.nodes[index].in_shapes else None
    if x is not None and "padding" in given and "kernel" in given and not isinstance(given["padding"], str):
        rank = len(x) - 1
        kernel, dilation, padding = (spread(given.get(name, 1), rank) for name in ("kernel", "dilation", "padding"))
        if padding == tuple((d * (k - 1) + 1) // 2 for k, d in zip(kernel, dilation, strict=False)):
            given["padding"] = "half"
    return given


def spread(value: Any, rank: int) -> tuple[int, ...]:
    """Return one value per axis; a list that is as long as it says something else is returned as it is."""
    return tuple(value) if isinstance(value, tuple) else (value,) * rank
