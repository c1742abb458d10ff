"""What exporters take apart, put together again: an activation, a norm, a bias, a shuffle that is several nodes.

A rule looks at the last node of such a group and says which operator it all is, of which tensor, and which nodes it
takes; these must have no other reader. `RULES` is the table.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.graph.rewrite import Rewrite
from cnncalc.interop.foreign import Declared
from cnncalc.interop.onnx.axes import split_into
from cnncalc.interop.onnx.call import make
from cnncalc.values.diagnostics import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cnncalc.graph.graph import Graph, Node, Ref
    from cnncalc.ops.operator import Operator


class Group(NamedTuple):
    """What a group of nodes is: the operator, what it reads, and the nodes that it takes besides the last."""

    op: Operator
    reads: tuple[Ref, ...]
    nodes: set[int]


def joined(graph: Graph) -> Graph:
    """Return the network with groups of nodes as the operators that they are."""
    for rule in RULES:
        graph = applied(graph, rule)
    return splits(graph)


def applied(graph: Graph, rule: Callable[[Readers, int], Group | None]) -> Graph:
    """Return the network after one rule."""
    view = Readers(graph)
    changed: dict[int, Group] = {}
    gone: set[int] = set()
    for index, node in enumerate(graph.nodes):
        if index in gone or node.shares is not None:
            continue
        found = rule(view, index)
        if found is None or found.nodes & (gone | changed.keys()) or not view.inside(found.nodes, index):
            continue
        shapes = tuple(graph.shape(ref) for ref in found.reads)
        try:
            if found.op.infer(shapes) != node.out_shapes or not same_params(view, found, index, shapes):
                continue
        except ArgumentError:
            continue
        changed[index] = found
        gone |= found.nodes
    return rebuilt(graph, changed, gone) if changed else graph


def same_params(view: Readers, found: Group, last: int, shapes: tuple[object, ...]) -> bool:
    """Return whether the operator has the parameters of the nodes that it stands for."""
    nodes = [view.graph.nodes[k] for k in (*found.nodes, last)]
    counts = [n.op.params(n.in_shapes) for n in nodes]
    return None not in counts and sum(c or 0 for c in counts) == found.op.params(shapes)  # type: ignore[arg-type]


def rebuilt(graph: Graph, changed: dict[int, Group], gone: set[int]) -> Graph:
    """Return the network without the nodes that are gone; what is left keeps its paths."""
    made = Rewrite(graph)
    for index, node in enumerate(graph.nodes):
        if index in gone:
            continue
        found = changed.get(index)
        if found is None:
            made.keep(index)
            continue
        ins = tuple(graph.shape(ref) for ref in found.reads)
        bits = next((b for k in found.nodes if (b := graph.nodes[k].bits) is not None and b.widths), node.bits)
        if bits is not None:
            bits = bits._replace(output=None if node.bits is None else node.bits.output)
        made.keep(index, reads=found.reads, op=found.op, in_shapes=ins, bits=bits)
    return made.done()


def splits(graph: Graph) -> Graph:
    """Return the network with slices that part an axis of a tensor between them as one split."""
    groups: dict[tuple[Ref, int], list[int]] = {}
    for index, node in enumerate(graph.nodes):
        if node.op.name == "slice" and len(node.inputs) == 1:
            given = node.op.arguments()
            axis = given["axis"]
            groups.setdefault((node.inputs[0], axis if isinstance(axis, int) else 0), []).append(index)
    first: dict[int, list[int]] = {}
    for (ref, axis), members in groups.items():
        bounds = [bounds_of(graph.nodes[k]) for k in members]
        order = sorted(range(len(members)), key=lambda k: bounds[k])
        ends = [0, *(bounds[k][1] for k in order)]
        if len(members) > 1 and [bounds[k][0] for k in order] == ends[:-1] and ends[-1] == graph.shape(ref)[axis]:
            first[min(members)] = [members[k] for k in order]
    return parted(graph, first) if first else graph


def bounds_of(node: Node) -> tuple[int, int]:
    """Return where a slice starts and stops."""
    given = node.op.arguments()
    start, stop = given["range"] if given.get("range") is not None else given["channels"]
    return int(start), int(stop)


def parted(graph: Graph, first: dict[int, list[int]]) -> Graph:
    """Return the network with a split at the first of some slices in place of all of them."""
    made = Rewrite(graph)
    inside = {k for members in first.values() for k in members}
    for index, node in enumerate(graph.nodes):
        if index in first:
            parts = [graph.nodes[k] for k in first[index]]
            axis = next(k for k, (a, b) in enumerate(zip(node.in_shapes[0], node.out_shapes[0], strict=True)) if a != b)
            sizes = [part.out_shapes[0][axis] for part in parts]
            at = made.keep(index, op=split_into(sizes, axis), out_shapes=tuple(part.out_shapes[0] for part in parts),
                           shares=None)  # fmt: skip
            for port, k in enumerate(first[index]):
                made.stand((k, 0), (at, port))
        elif index not in inside:
            made.keep(index)
    return made.done()


class Readers:
    """A graph with who reads what."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.readers: dict[int, set[int]] = {}
        for index, node in enumerate(graph.nodes):
            for source, _ in node.inputs:
                self.readers.setdefault(source, set()).add(index)
        self.out = {index for index, _ in graph.outputs.values()}
        self.lent = {node.shares for node in graph.nodes if node.shares is not None}

    def inside(self, nodes: set[int], last: int) -> bool:
        """Return whether nothing but the group itself reads its nodes."""
        group = nodes | {last}
        return not any(
            n in self.out or n in self.lent or self.graph.nodes[n].shares is not None
            or not self.readers.get(n, set()) <= group
            for n in nodes
        )  # fmt: skip

    def node(self, ref: Ref) -> Node | None:
        """Return the node that makes a tensor."""
        return self.graph.nodes[ref[0]] if ref[0] >= 0 else None

    def kind(self, ref: Ref) -> str:
        """Return what makes a tensor: the operator's name, ONNX's with a capital where there is none."""
        node = self.node(ref)
        if node is None:
            return ""
        return node.op.kind if isinstance(node.op, Declared) else node.op.name

    def scalar(self, ref: Ref, *kinds: str) -> Ref | None:
        """Return what a node reads that does arithmetic with one stored number; None for every other node."""
        node = self.node(ref)
        if node is None or not isinstance(node.op, Declared) or node.op.kind not in kinds or len(node.inputs) != 1:
            return None
        return node.inputs[0] if not node.op.cost.params and node.in_shapes[0] == node.out_shapes[0] else None

    def scaled(self, ref: Ref) -> Iterator[tuple[Ref, set[int]]]:
        """Yield a tensor and what it was before factors, with the nodes of the factors."""
        taken: set[int] = set()
        here: Ref | None = ref
        while here is not None:
            yield here, set(taken)
            taken.add(here[0])
            here = self.scalar(here, "Mul", "Div")

    def pairs(self, ref: Ref, name: str) -> Iterator[tuple[Ref, Ref]]:
        """Yield the two sources of a merge of two, both ways round."""
        node = self.node(ref)
        if node is not None and node.op.name == name and len(node.inputs) == 2:
            yield node.inputs[0], node.inputs[1]
            yield node.inputs[1], node.inputs[0]


GATED = {"sigmoid": "silu", "hardsigmoid": "hardswish"}


def gated(view: Readers, index: int) -> Group | None:
    """x*sigmoid(x), x*hardsigmoid(x), x*tanh(softplus(x))."""
    for x, gate in view.pairs((index, 0), "mul"):
        node = view.node(gate)
        if node is None or not node.inputs:
            continue
        if node.op.name in GATED and node.inputs == (x,):
            return Group(make(GATED[node.op.name]), (x,), {gate[0]})
        inner = node.inputs[0]
        if node.op.name == "tanh" and view.kind(inner) == "softplus" and view.node(inner).inputs == (x,):  # type: ignore[union-attr]
            return Group(make("mish"), (x,), {gate[0], inner[0]})
    return None


def clipped(view: Readers, index: int) -> Group | None:
    """relu6(x + 3)/6 and x*relu6(x + 3)/6."""
    six = view.scalar((index, 0), "Div", "Mul")
    if six is None:
        return None
    plain = below(view, six)
    if plain is not None:
        return Group(make("hardsigmoid"), (plain[0],), plain[1] | {six[0]})
    for x, other in view.pairs(six, "mul"):
        found = below(view, other)
        if found is not None and found[0] == x:
            return Group(make("hardswish"), (x,), found[1] | {six[0], other[0]})
    return None


def below(view: Readers, ref: Ref) -> tuple[Ref, set[int]] | None:
    """Return x of relu6(x + 3) and the node of the sum."""
    node = view.node(ref)
    if node is None or node.op.name != "relu6":
        return None
    x = view.scalar(node.inputs[0], "Add")
    return None if x is None else (x, {node.inputs[0][0]})


def gelu(view: Readers, index: int) -> Group | None:
    """x/2*(1 + erf(x/sqrt(2))), the factors in any order; or with tanh of x + 0.044715*x^3."""
    for outer, taken in view.scaled((index, 0)):
        for u, v in view.pairs(outer, "mul"):
            for x, first in view.scaled(u):
                for inner, second in view.scaled(v):
                    found = error_function(view, inner, x)
                    if found is not None and taken | first | second:  # one of them is the half
                        word, nodes = found
                        every = taken | first | second | nodes | {outer[0]}
                        return Group(make("gelu", approximate=word), (x,), every - {index})
    return None


def error_function(view: Readers, ref: Ref, x: Ref) -> tuple[str, set[int]] | None:
    """Return how 1 + f(x) of GELU is made of a tensor, and its nodes; None where it is not."""
    curve = view.scalar(ref, "Add")
    node = view.node(curve) if curve is not None else None
    if node is None or curve is None:
        return None
    if view.kind(curve) == "Erf":
        for inner, taken in view.scaled(node.inputs[0]):
            if inner == x:
                return "none", taken | {ref[0], curve[0]}
    if node.op.name == "tanh":
        for inner, taken in view.scaled(node.inputs[0]):
            for same, cube in view.pairs(inner, "add"):
                for power, more in view.scaled(cube):
                    if same == x and view.scalar(power, "Pow") == x:
                        return "tanh", taken | more | {ref[0], curve[0], inner[0], power[0]}
    return None


def bias(view: Readers, index: int) -> Group | None:
    """A product with weights and a sum with one stored number for each of its outputs: its bias."""
    node = view.graph.nodes[index]
    adds = (isinstance(node.op, Declared) and node.op.kind == "Add") or (
        node.op.name == "affine" and node.op.arguments()["scale"] == "none")  # fmt: skip
    if not adds or len(node.inputs) != 1 or node.inputs[0][0] < 0:
        return None
    source = node.inputs[0]
    layer = view.node(source)
    given = layer.op.arguments() if layer is not None else {}
    if layer is None or layer.shares is not None or given.get("bias") is not False or "out" not in given:
        return None
    if given.get("norm") is not None or given.get("act") is not None:
        return None
    if node.op.params(node.in_shapes) != given["out"] or prod(node.out_shapes[0]) != prod(layer.out_shapes[0]):
        return None
    return Group(layer.op.replace(bias=True), layer.inputs, {source[0]})


def shuffle(view: Readers, index: int) -> Group | None:
    """[g, C/g, *S] of [C, *S], the first two axes turned, [C, *S] again."""
    last = view.graph.nodes[index]
    turned = view.node(last.inputs[0]) if last.op.name == "reshape" else None
    first = view.node(turned.inputs[0]) if turned is not None and turned.op.name == "permute" else None
    if turned is None or first is None or first.op.name != "reshape":
        return None
    axes = turned.op.arguments()["axes"]
    whole, parted = first.in_shapes[0], first.out_shapes[0]
    if tuple(axes[:2]) != (1, 0) or tuple(axes[2:]) != tuple(range(2, len(axes))) or last.out_shapes[0] != whole:
        return None
    if tuple(parted[2:]) != tuple(whole[1:]):
        return None
    return Group(make("channel_shuffle", groups=parted[0]), first.inputs, {last.inputs[0][0], turned.inputs[0][0]})


MEANS = frozenset(("channel_mean", "global_avg_pool"))


def layer_norm(view: Readers, index: int) -> Group | None:
    """(x - mean)/sqrt(mean((x - mean)^2) + eps), times a stored number for each value and plus one, along one axis."""
    here: Ref = (index, 0)
    taken: set[int] = set()
    learned = []
    for kind in ("Add", "Mul"):
        node = view.node(here)
        name = view.kind(here)
        if node is None or len(node.inputs) != 1 or not (name == kind or name in {"affine", "layer_scale"}):
            return None
        learned.append(node.op.params(node.in_shapes))
        taken.add(here[0])
        here = node.inputs[0]
    quotient = view.node(here)
    if quotient is None or view.kind(here) != "Div" or len(quotient.inputs) != 2:
        return None
    centred, root = quotient.inputs
    inner = followed(view, root, ("Sqrt", "Add", "mean", "Pow"))
    difference = view.node(centred)
    if inner is None or inner[0] != centred or difference is None or view.kind(centred) not in {"Sub", "sub"}:
        return None
    x, mean = difference.inputs if len(difference.inputs) == 2 else (centred, centred)
    middle = view.node(mean)
    if middle is None or middle.op.name not in MEANS or middle.inputs != (x,):
        return None
    shape = view.graph.shape(x)
    changed = [k for k, (n, kept) in enumerate(zip(shape, middle.out_shapes[0], strict=True)) if n != kept]
    axis = changed[0] if len(changed) == 1 else -1
    if axis not in {0, len(shape) - 1} or set(learned) != {shape[axis]}:
        return None
    op = make("layer_norm", over=1 if axis else "channel")
    return Group(op, (x,), (taken | inner[1] | {here[0], centred[0], mean[0]}) - {index})


def followed(view: Readers, ref: Ref, kinds: tuple[str, ...]) -> tuple[Ref, set[int]] | None:
    """Return what is before a row of nodes of one source each, and these nodes."""
    taken: set[int] = set()
    for kind in kinds:
        node = view.node(ref)
        named = "mean" if node is not None and node.op.name in MEANS else view.kind(ref)
        if node is None or named != kind or len(node.inputs) != 1:
            return None
        taken.add(ref[0])
        ref = node.inputs[0]
    return ref, taken


RULES: tuple[Callable[[Readers, int], Group | None], ...] = (bias, clipped, gated, gelu, layer_norm, shuffle)
