"""Which tensors are alive while a network runs layer by layer, and how large they are together.

A layer that moves nothing (flatten, split, crop, dropout at inference, ...) is a view of its input's storage.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from operator import add, sub
from typing import TYPE_CHECKING

from cnncalc.values.record import record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.graph.graph import Graph, Node, Ref


@record(kw_only=True)
class Peak:
    """The moment of a forward pass at which the most elements are alive; one image, weights not among them.

    Attributes:
        elements: elements alive at that moment.
        index: the layer that runs then, in execution order; -1 for a network without layers.
        path: its path; "" for a network without layers.
        live: what is alive then, by the name of the layer or input that made it, in the order of making.
        profile: elements alive during each layer.
    """

    elements: int
    index: int
    path: str
    live: tuple[tuple[str, int], ...]
    profile: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """One stretch of activation memory and how long it is needed.

    Attributes:
        name: the layer (or network input) that fills it first.
        elements: its size.
        first: index of the layer during which it comes to be; -1 for a network input.
        last: index of the last layer that needs it; the number of layers for an output of the network.
        bits: of one element, where the spec says it.
    """

    name: str
    elements: int
    first: int
    last: int
    bits: int | None = None


class Lifetimes:
    """Birth, last use and size of every storage of a graph, found in one pass.

    Storages are numbered: the network inputs first, then the outputs of each layer that is no view.

    Attributes:
        sizes: elements of each storage.
        last: the last layer that needs it; the number of layers if an output of the network is in it.
        refs: the tensor that fills it first.
        home: for each layer, the storage of its first output.
        inputs: the number of network inputs.
    """

    __slots__ = ("graph", "home", "inputs", "last", "refs", "several", "sizes")

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.inputs = len(graph.inputs)
        self.sizes = sizes = [shape.elements for shape in graph.inputs.values()]
        self.last = last = [-1] * self.inputs
        self.refs: list[Ref] = [(-k - 1, 0) for k in range(self.inputs)]
        self.home: list[int] = []
        home = self.home
        self.several: set[int] = set()
        refs = self.refs
        for k, node in enumerate(graph.nodes):
            for index, port in node.inputs:
                source = ~index if index < 0 else home[index]
                if port and index in self.several:
                    source += port
                last[source] = k
            if not node.op.moves:
                home.append(source)
                continue
            home.append(len(sizes))
            outs = node.out_shapes
            if len(outs) > 1:
                self.several.add(k)
            for port, shape in enumerate(outs):
                sizes.append(shape.elements)
                last.append(k)
                refs.append((k, port))
        for ref in graph.outputs.values():
            last[self.storage(ref)] = len(graph.nodes)

    def storage(self, ref: Ref) -> int:
        """Return the number of the storage that holds a tensor."""
        index, port = ref
        if index < 0:
            return ~index
        return self.home[index] + port if index in self.several else self.home[index]

    def bits(self, ref: Ref) -> int | None:
        """Return the bits of one element of a tensor, where its producer says them."""
        own = self.graph.nodes[ref[0]].bits if ref[0] >= 0 else None
        return None if own is None else own.output

    def storages(self) -> tuple[Storage, ...]:
        """Return every storage by name, in the order of making."""
        return tuple(
            Storage(name=self.graph.name(ref), elements=size, first=max(ref[0], -1), last=last, bits=self.bits(ref))
            for ref, size, last in zip(self.refs, self.sizes, self.last, strict=True)
        )

    def reused(self, index: int, node: Node) -> int | None:
        """Return the storage over which a layer can write its result: an operand of that size, last used here."""
        if not (node.op.moves and len(node.out_shapes) == 1 and node.op.in_place):
            return None
        size = node.out_shapes[0].elements
        for ref in node.inputs:
            source = self.storage(ref)
            if self.last[source] == index and self.sizes[source] == size:
                return source
        return None


def alive(lives: Lifetimes, spared: Sequence[int] = ()) -> tuple[int, ...]:
    """Return the elements alive during each layer; `spared` are those that a layer does not add."""
    count = len(lives.graph.nodes)
    born, dying = [0] * count, [0] * count
    for (index, _), size, last in zip(lives.refs, lives.sizes, lives.last, strict=True):
        if index >= 0:
            born[index] += size
        if 0 <= last < count:
            dying[last] += size
    given = sum(size for size, last in zip(lives.sizes[: lives.inputs], lives.last, strict=False) if last >= 0)
    after = accumulate(map(sub, born, dying), initial=given)
    return tuple(map(add, after, map(sub, born, spared) if spared else born))


def peak_activation(graph: Graph, *, in_place: bool = False) -> Peak:
    """Return the most activation elements alive at once when the layers run in order.

    A tensor is alive from the layer that makes it to the last layer that reads it, both included; a network input from
    the start, an output of the network to the end. A view holds its input's storage. Ties go to the first layer.

    Args:
        graph: the network.
        in_place: activations, normalisations and elementwise merges (add, sub, mul, max) write over an operand of the
            same size whose last use they are; a network input may be written over too.
    """
    lives = Lifetimes(graph)
    count = len(graph.nodes)
    if not count:
        held = [(name, shape.elements) for name, shape in graph.inputs.items()]
        return Peak(elements=sum(n for _, n in held), index=-1, path="", live=tuple(held), profile=())
    spared = [0] * count
    taken: dict[int, int] = {}
    if in_place:
        for k, node in enumerate(graph.nodes):
            storage = lives.reused(k, node)
            if storage is not None:
                taken[k] = storage
                spared[k] = lives.sizes[storage]
    profile = alive(lives, spared)
    elements = max(profile)
    index = profile.index(elements)
    over = taken.get(index)
    live = tuple(
        (graph.name(ref), size)
        for number, (ref, size, last) in enumerate(zip(lives.refs, lives.sizes, lives.last, strict=True))
        if ref[0] <= index <= last and number != over
    )
    return Peak(elements=elements, index=index, path=graph.nodes[index].path, live=live, profile=profile)
