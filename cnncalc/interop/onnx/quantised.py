"""Quantised models: operators on whole numbers are those on real ones, and the types of tensors become `bits`.

QuantizeLinear and DequantizeLinear are no layers: what reads them reads the tensor behind them, with the width that it
has there. A layer with products has the widths of its weights and of what it multiplies them with; a layer whose result
is quantised before anything reads it has that width as its output's. Scales and zero points say what the whole numbers
mean and count nowhere.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from onnx import NodeProto, TensorProto

from cnncalc.graph.rewrite import Rewrite
from cnncalc.interop.foreign import Declared
from cnncalc.values.bits import Bits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.graph.graph import Graph, Node, Ref
    from cnncalc.interop.onnx.tensors import Value

MICROSOFT = "com.microsoft"
"""The domain of ONNX Runtime's own operators, which its quantiser writes."""
CASTS = frozenset(("QuantizeLinear", "DequantizeLinear"))
WIDTHS = {
    **dict.fromkeys((TensorProto.INT8, TensorProto.UINT8, TensorProto.FLOAT8E4M3FN, TensorProto.FLOAT8E4M3FNUZ,
                     TensorProto.FLOAT8E5M2, TensorProto.FLOAT8E5M2FNUZ), 8),
    **dict.fromkeys((TensorProto.INT16, TensorProto.UINT16), 16),
    **dict.fromkeys((TensorProto.INT4, TensorProto.UINT4, getattr(TensorProto, "FLOAT4E2M1", -1)), 4),
    **dict.fromkeys((getattr(TensorProto, "INT2", -2), getattr(TensorProto, "UINT2", -2)), 2),
}  # fmt: skip
"""Bits of the types that numbers are quantised to."""


class Inner(NamedTuple):
    """The operator on real numbers inside a quantised one: its type, its inputs among those of the quantised one.

    `zero` is the input that has the type of the result (its zero point); where it is left out, or -1, the result has
    the type `elem`.
    """

    type: str
    places: tuple[int, ...] | slice
    zero: int = -1
    elem: int = TensorProto.FLOAT


INNER = {
    ("", "QLinearConv"): Inner("Conv", (0, 3, 8), zero=7),
    ("", "QLinearMatMul"): Inner("MatMul", (0, 3), zero=7),
    ("", "ConvInteger"): Inner("Conv", (0, 1), elem=TensorProto.INT32),
    ("", "MatMulInteger"): Inner("MatMul", (0, 1), elem=TensorProto.INT32),
    (MICROSOFT, "QLinearConv"): Inner("Conv", (0, 3, 8), zero=7),
    (MICROSOFT, "QGemm"): Inner("Gemm", (0, 3, 6), zero=8),
    (MICROSOFT, "MatMulIntegerToFloat"): Inner("MatMul", (0, 1)),
    (MICROSOFT, "DynamicQuantizeMatMul"): Inner("MatMul", (0, 1)),
    (MICROSOFT, "QLinearAdd"): Inner("Add", (0, 3), zero=7),
    (MICROSOFT, "QLinearMul"): Inner("Mul", (0, 3), zero=7),
    (MICROSOFT, "QLinearConcat"): Inner("Concat", slice(2, None, 3), zero=1),
    (MICROSOFT, "QLinearGlobalAveragePool"): Inner("GlobalAveragePool", (0,), zero=4),
    (MICROSOFT, "QLinearAveragePool"): Inner("AveragePool", (0,), zero=4),
    (MICROSOFT, "QLinearReduceMean"): Inner("ReduceMean", (0,), zero=4),
    (MICROSOFT, "QLinearSigmoid"): Inner("Sigmoid", (0,), zero=4),
    (MICROSOFT, "QLinearLeakyRelu"): Inner("LeakyRelu", (0,), zero=4),
    (MICROSOFT, "QLinearSoftmax"): Inner("Softmax", (0,), zero=4),
    (MICROSOFT, "QuantizeLinear"): Inner("QuantizeLinear", (0, 1, 2), zero=2, elem=TensorProto.UINT8),
    (MICROSOFT, "DequantizeLinear"): Inner("DequantizeLinear", (0, 1, 2)),
}  # fmt: skip
"""Quantised operators, by domain and name."""
OWN = frozenset(("channels_last", "opset"))
"""Attributes that the operators on real numbers do not have."""
WITH_BIAS = {"MatMulIntegerToFloat": 6, "DynamicQuantizeMatMul": 4}
"""Products with a bias that is added in the type of the result, which MatMul has not."""


def inner_of(node: NodeProto, domain: str, ins: list[Value | None]) -> tuple[NodeProto, list[Value | None], int] | None:
    """Return the node on real numbers in a quantised one, what it reads, and the type of its result.

    None for what is no such node, has its channels last, or adds a bias that its inner form does not have.
    """
    found = INNER.get((domain, node.op_type))
    if found is None or any(a.name == "channels_last" and a.i for a in node.attribute):
        return None
    bias = WITH_BIAS.get(node.op_type, len(ins))
    if any(v is not None for v in ins[bias:]):
        return None
    places = found.places
    kept = list(range(len(ins)))[places] if isinstance(places, slice) else [k for k in places if k < len(ins)]
    made = NodeProto(name=node.name, op_type=found.type, output=node.output,
                     attribute=[a for a in node.attribute if a.name not in OWN])  # fmt: skip
    names = [node.input[k] for k in kept]
    while names and not names[-1]:
        names.pop()
        kept.pop()
    made.input.extend(names)
    zero = ins[found.zero] if 0 <= found.zero < len(ins) else None
    elem = found.elem if zero is None else zero.elem
    return made, [ins[k] for k in kept], elem


def real(value: Value | None) -> Value | None:
    """Return a tensor of whole numbers as what it stands for: real numbers, whose values are not known."""
    if value is None or value.elem == TensorProto.FLOAT:
        return value
    return replace(value, elem=TensorProto.FLOAT, data=None)


def narrowed(graph: Graph, types: Mapping[Ref, int], weights: Mapping[int, int]) -> Graph:
    """Return a network without the layers that quantise and dequantise, with the widths of its numbers.

    Args:
        graph: the network.
        types: the type of each tensor, a number of TensorProto.DataType.
        weights: the bits of the weights of layers, by number, where they are quantised.
    """
    readers = readers_of(graph)
    gone = {n for n, node in enumerate(graph.nodes) if casts(node)}
    gone |= dynamic(graph, types, readers)
    behind = roots(graph, gone)
    gone -= {source for source, _ in graph.outputs.values() if behind.get(source, (0, 0))[0] < 0}
    if not gone and not weights:
        return graph
    stored = stored_widths(graph, types, gone, readers)
    made = Rewrite(graph)
    for index in range(len(graph.nodes)):
        if index in gone:
            made.drop(index)
        else:
            made.keep(index, bits=bits_of(graph, index, types, weights, stored.get(index)))
    return made.done()


def casts(node: Node) -> bool:
    """Return whether a layer only quantises or dequantises."""
    return kind_of(node) in CASTS and len(node.inputs) == 1


def roots(graph: Graph, gone: set[int]) -> dict[int, Ref]:
    """Return the tensor behind each layer that is gone and those before it that are."""
    found: dict[int, Ref] = {}
    for index in sorted(gone):
        source = graph.nodes[index].inputs[0]
        found[index] = found.get(source[0], source)
    return found


def readers_of(graph: Graph) -> dict[Ref, list[int]]:
    """Return who reads each tensor."""
    readers: dict[Ref, list[int]] = {}
    for index, node in enumerate(graph.nodes):
        for ref in node.inputs:
            readers.setdefault(ref, []).append(index)
    return readers


def dynamic(graph: Graph, types: Mapping[Ref, int], readers: Mapping[Ref, list[int]]) -> set[int]:
    """Return the layers around products whose activations are quantised as they come.

    Those are DynamicQuantizeLinear and, behind the product, the cast of its sums and the factor that gives them their
    scale, itself a product of the two scales.
    """
    found: set[int] = set()
    nodes = graph.nodes
    for index, node in enumerate(nodes):
        if kind_of(node) != "DynamicQuantizeLinear":
            continue
        scales = {index}
        for reader in readers.get((index, 1), []):
            if len(nodes[reader].inputs) == 1:
                scales.add(reader)
        group: set[int] = set(scales)
        for product in readers.get((index, 0), []):
            after = readers.get((product, 0), [])
            cast = after[0] if len(after) == 1 and kind_of(nodes[after[0]]) == "Cast" else -1
            last = readers.get((cast, 0), [])
            sums = types.get((product, 0)) == TensorProto.INT32 and len(last) == 1
            if sums and len(nodes[last[0]].inputs) == 2 and nodes[last[0]].out_shapes == nodes[cast].out_shapes:
                other = [ref[0] for ref in nodes[last[0]].inputs if ref[0] != cast]
                if len(other) == 1 and other[0] in scales and nodes[last[0]].inputs[0][0] == cast:
                    group |= {cast, last[0]}
        used = {r for n in scales for port in range(3) for r in readers.get((n, port), []) if (n, port) != (index, 0)}
        if used <= group and all(r in group or (r, 0) in types for r in readers.get((index, 0), [])):
            found |= group
    return found


def kind_of(node: Node) -> str:
    """Return what a file calls a layer that no operator of the language is."""
    return node.op.kind if isinstance(node.op, Declared) else ""


def stored_widths(graph: Graph, types: Mapping[Ref, int], gone: set[int],
                  readers: Mapping[Ref, list[int]]) -> dict[int, int]:  # fmt: skip
    """Return the bits of the results of layers: by their own type, or what all their readers quantise them to.

    What stands between a layer with products and the one behind it that is quantised, a norm or an activation, is not
    stored: both have the width.
    """
    out = {source for source, _ in graph.outputs.values()}
    found: dict[int, int] = {}
    for index in range(len(graph.nodes) - 1, -1, -1):
        node = graph.nodes[index]
        if index in gone:
            continue
        reading = readers.get((index, 0), [])
        casting = [r in gone and kind_of(graph.nodes[r]) == "QuantizeLinear" for r in reading]
        widths = {WIDTHS.get(types.get((r, 0), 0)) if to else None for r, to in zip(reading, casting, strict=True)}
        if len(reading) == 1 and reading[0] in found and index not in out and "act" in node.op.args:
            widths = {found[reading[0]]} if graph.nodes[reading[0]].op.role else widths
        own = WIDTHS.get(types.get((index, 0), 0))
        quantised = widths.pop() if len(widths) == 1 and index not in out else None
        width = own or quantised
        if width is not None:
            found[index] = width
    return found


def bits_of(graph: Graph, index: int, types: Mapping[Ref, int], weights: Mapping[int, int],
            output: int | None) -> Bits | None:  # fmt: skip
    """Return the widths of a layer's numbers; None where they are the network's."""
    node = graph.nodes[index]
    read: list[int | None] = []
    for source, port in node.inputs:
        dequantised = source >= 0 and kind_of(graph.nodes[source]) == "DequantizeLinear"
        ref = graph.nodes[source].inputs[0] if dequantised else (source, port)
        read.append(WIDTHS.get(types.get(ref, 0)))
    if not node.op.macs(node.in_shapes, node.out_shapes):
        return None if output is None else Bits(output=output)
    weight = weights.get(index)
    known = [n for n in read if n is not None]
    activation = max(known) if known and len(known) == len(read) else None
    if activation and len(read) == 2 and not node.op.params(node.in_shapes):
        activation, weight = known
    return Bits(weight, activation, output) if (weight, activation, output) != (None,) * 3 else None
