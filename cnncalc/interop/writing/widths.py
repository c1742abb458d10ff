"""Widths of numbers in a draft: what each layer's `bits:` come to, and which of them the whole network has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.analysis.precision import weights_of
from cnncalc.results.layer import plain
from cnncalc.values.bits import Bits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncalc.graph.graph import Graph, Node

NOTHING = Bits()


def said_of(node: Node) -> Bits:
    """Return the widths of a layer that say something of it: of factors only where it multiplies and sums."""
    own = node.bits or NOTHING
    products = node.op.macs(node.in_shapes, node.out_shapes) != 0
    density = own.density if weights_of(node) else None
    return Bits(own.weights if products else None, own.activations if products else None, own.output, density)


def network_of(graph: Graph) -> Bits:
    """Return the widths that every layer which could say them says alike."""
    if all(node.bits is None for node in graph.nodes):
        return NOTHING
    found: dict[str, set[Any]] = {name: set() for name in Bits._fields[:3]}
    for node in graph.nodes:
        own = said_of(node)
        found["output"].add(own.output)
        if node.op.macs(node.in_shapes, node.out_shapes) != 0:
            found["weights"].add(own.weights)
            found["activations"].add(own.activations)
    return Bits(**{name: values.pop() for name, values in found.items() if len(values) == 1})


def beside(nodes: Iterable[Node], network: Bits) -> Bits:
    """Return the widths that one item says for its layers, those of the whole network left out."""
    found = NOTHING
    for node in nodes:
        found = found.over(said_of(node))
    return found._replace(**{name: None for name, n in network._asdict().items() if n == getattr(found, name)})


def together(one: Node, other: Node) -> bool:
    """Return whether two layers can stand in one item: their results have the same width."""
    return said_of(one).output == said_of(other).output


def modifiers(bits: Bits) -> dict[str, Any]:
    """Return the keys beside a layer that say widths and zeros."""
    said = {name: value for name, value in bits.to_dict().items() if value is not None}
    found: dict[str, Any] = {"bits": said} if said else {}
    return found if bits.density is None else {**found, "density": plain(bits.density)}
