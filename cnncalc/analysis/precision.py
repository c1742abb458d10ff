"""Widths of numbers in a network: what a tensor is stored as, and the sums of `results.precision`."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from cnncalc.results.precision import Precision
from cnncalc.values.bits import Bits
from cnncalc.values.tensor import WEIGHT, elements

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph, Node, Ref
    from cnncalc.values.dtypes import Dtypes

BINARY_PER_OP = 64
"""Products of single bits that count as one operation (XNOR-Net, arXiv:1603.05279; Bi-Real Net, arXiv:1808.00278)."""
NOTHING = Bits()


def stored_bits(graph: Graph, ref: Ref, dtypes: Dtypes) -> int:
    """Return the bits of one element of a tensor: its producer's `output`, else those of the network's type."""
    node = graph.nodes[ref[0]] if ref[0] >= 0 else None
    own = node.bits.output if node is not None and node.bits is not None else None
    return dtypes.activation_bits if own is None else own


def own_widths(graph: Graph) -> dict[str, int]:
    """Return the bits of an element of every tensor, by name, whose producer says its `output`."""
    return {
        graph.name((index, port)): node.bits.output
        for index, node in enumerate(graph.nodes)
        if node.bits is not None and node.bits.output is not None
        for port in range(len(node.out_shapes))
    }


def weights_of(node: Node) -> int:
    """Return the weights of a layer with products, without biases; 0 of any other and where they are unknown."""
    return elements(node.op.tensors(node.in_shapes) or (), WEIGHT) if node.op.weighted else 0


def parameter_bits(node: Node, dtypes: Dtypes) -> int:
    """Return the bits of a layer's known parameters: its weights in their own width, the rest in the network's type."""
    params, weights = node.op.params(node.in_shapes) or 0, weights_of(node)
    own = node.bits.weights if node.bits is not None else None
    width = dtypes.weight_bits if own is None else own
    return weights * width + (params - weights) * dtypes.weight_bits


def nonzero_of(node: Node) -> int:
    """Return how many weights of a layer with products are not zero: ceil(density x weights)."""
    weights = weights_of(node)
    density = node.bits.density if node.bits is not None else None
    return weights if density is None else ceil(density * weights)


def precision(graph: Graph, dtypes: Dtypes, batch: int) -> Precision | None:
    """Return the sums, or None where no layer says `bits:` or `density:`."""
    if all(node.bits is None for node in graph.nodes):
        return None
    bops = binary = other = effective = 0
    weights = nonzero = model = sparse = index = 0
    mixed, unknown = False, set[str]()
    for node in graph.nodes:
        own = node.bits or NOTHING
        macs = node.op.macs(node.in_shapes, node.out_shapes)
        if macs is None:
            unknown |= {"bops", "ops", "effective_macs"}
            macs = 0
        held, kept = weights_of(node), nonzero_of(node)
        if macs and own.widths:
            width = own.weights or dtypes.weight_bits, own.activations or dtypes.activation_bits
            bops += macs * width[0] * width[1]
            binary += macs
            mixed |= width != (1, 1)
        else:
            other += macs
        effective += macs if kept == held else -(-macs * kept // held)
        if node.shares is None:
            if node.op.params(node.in_shapes) is None:
                unknown |= {"model_bits", "sparse_bits", "sparse_bits_indexed", "weights", "nonzero"}
            bits = parameter_bits(node, dtypes)
            weights, nonzero, model = weights + held, nonzero + kept, model + bits
            sparse += bits - (held - kept) * (own.weights or dtypes.weight_bits)
            index += held if own.density is not None else 0
    ops = Fraction(batch * binary, BINARY_PER_OP) + batch * other
    return Precision(
        bops=batch * bops,
        ops=None if mixed else ops.numerator if ops.denominator == 1 else float(ops),
        model_bits=model,
        weights=weights,
        nonzero=nonzero,
        effective_macs=batch * effective,
        sparse_bits=sparse,
        sparse_bits_indexed=sparse + index,
        lower_bounds=tuple(sorted(unknown)),
    )
