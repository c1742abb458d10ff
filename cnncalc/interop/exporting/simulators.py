"""Workloads for simulators of accelerators: the layers that multiply, each as the loops that it is.

Every layer with products is a nest of loops over groups, channels out and in, positions and taps: an attention's two
products and a matrix product too. Timeloop, SCALE-Sim and ZigZag each write such nests in a form of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

from cnncalc.interop.exporting.refusing import NotSaidError, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.graph.graph import Graph, Node
    from cnncalc.values.shape import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Nest:
    """The loops of one layer, `out[g][k][y][x] += weight[g][k][c][r][s] * in[g][c][y*stride + r*dilation][..]`.

    Attributes:
        path: the layer.
        groups: G; what is in one group meets nothing of another.
        outs: K, channels out in a group.
        ins: C, channels in in a group.
        out: the map that is made, height and width.
        kernel: the taps, vertically and horizontally.
        stride: of the window.
        dilation: of the taps.
        pad: rows and columns of padding, all in all.
        map: the map that is read, without padding.
        index: of the layer in the network.
    """

    path: str
    groups: int
    outs: int
    ins: int
    out: tuple[int, int] = (1, 1)
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    pad: tuple[int, int] = (0, 0)
    map: tuple[int, int] = (1, 1)
    index: int = 0

    @property
    def macs(self) -> int:
        """The multiply-accumulates of the nest."""
        return self.groups * self.outs * self.ins * prod(self.out) * prod(self.kernel)


def nests(graph: Graph, file: str | None) -> list[Nest]:
    """Return the nests of all layers that multiply, in their order.

    Raises:
        SpecError: a layer multiplies in a way that is no such nest.
    """
    found: list[Nest] = []
    for index, node in enumerate(graph.nodes):
        macs = node.op.macs(node.in_shapes, node.out_shapes)
        if macs == 0:
            continue
        try:
            nest = nest_of(node)
        except NotSaidError as error:
            raise refused(node, str(error), file) from None
        if nest.macs != macs:
            raise refused(node, "its products are not those of one nest of loops", file)
        found.append(replace(nest, index=index))
    return found


def nest_of(node: Node) -> Nest:
    """Return the nest of a layer; raise NotSaidError for none."""
    op: Any = node.op
    ins, out = node.in_shapes, node.out_shapes[0]
    if op.name in FORMS:
        return FORMS[op.name](node.path, op, ins, out)
    raise NotSaidError("these simulators have no loops for it")


def square(values: tuple[int, ...]) -> tuple[int, int]:
    """Return numbers of one or two axes as those of two, and none as one of a single position."""
    if len(values) > 2:
        raise NotSaidError("these simulators know maps of two axes")
    found = (1, *values)[-2:] if values else (1, 1)
    return found[0], found[1]


def convolution(path: str, op: Any, ins: tuple[Shape, ...], out: Shape) -> Nest:
    """A convolution, depthwise ones as groups of one channel in."""
    x, used = ins[0], op.windows(ins[0])
    groups = x[0] if op.name == "depthwise" else op.groups
    more = (0,) * (2 - len(used))
    return Nest(path=path, groups=groups, outs=out[0] // groups, ins=x[0] // groups, out=square(out.spatial),
                kernel=square(tuple(w.kernel for w in used)), stride=square(tuple(w.stride for w in used)),
                dilation=square(tuple(w.dilation for w in used)), map=square(x.spatial),
                pad=square((*more, *(w.before + w.after for w in used))))  # fmt: skip


def transposed(path: str, op: Any, ins: tuple[Shape, ...], out: Shape) -> Nest:
    """A transposed convolution, as the product of every position that is read with every tap, before they are added."""
    x = ins[0]
    taps = prod(w.kernel for w in op.windows(x))
    return Nest(path=path, groups=op.groups, outs=out[0] // op.groups * taps, ins=x[0] // op.groups,
                out=square(x.spatial), map=square(x.spatial))  # fmt: skip


def linear(path: str, op: Any, ins: tuple[Shape, ...], out: Shape) -> Nest:
    """A linear layer: one tap, at every position of the axes that it leaves alone."""
    x = ins[0]
    into = x[0] if len(x) == 1 or op.axis == "channel" else x[-1]
    places = x.elements // into
    return Nest(path=path, groups=1, outs=op.out, ins=into, out=(1, places), map=(1, places))


def product(path: str, op: Any, ins: tuple[Shape, ...], out: Shape) -> Nest:
    """The product of two matrices, `[M, K] [K, N]`: N channels out for M positions."""
    left = ins[0]
    rows, shared = (left[-1], left[-2]) if op.transpose in ("left", "both") else (left[-2], left[-1])
    batch = prod(left[:-2])
    return Nest(path=path, groups=batch, outs=out[-1], ins=shared, out=(1, rows), map=(1, rows))


def scores(path: str, op: Any, ins: tuple[Shape, ...], out: Shape) -> Nest:
    """Queries times keys, head by head: a channel out for every key that is seen."""
    q = ins[0]
    return Nest(path=path, groups=op.heads, outs=out[0] // op.heads, ins=q[0] // op.heads,
                out=(1, q.positions), map=(1, q.positions))  # fmt: skip


def mixed(path: str, op: Any, ins: tuple[Shape, ...], out: Shape) -> Nest:
    """Weights times values, head by head: a channel in for every key that is seen."""
    weights = ins[0]
    return Nest(path=path, groups=op.heads, outs=out[0] // op.heads, ins=weights[0] // op.heads,
                out=(1, out.positions), map=(1, out.positions))  # fmt: skip


FORMS: dict[str, Callable[[str, Any, tuple[Shape, ...], Shape], Nest]] = {
    "conv": convolution, "depthwise": convolution, "conv_transpose": transposed, "linear": linear, "matmul": product,
    "attention_scores": scores, "attention": mixed,
}  # fmt: skip
"""The nests of the operators that multiply."""


def scalesim(graph: Graph, name: str, file: str | None, bits: int = 8) -> dict[str, str]:
    """Return a topology file of SCALE-Sim: a convolution for each group, a map as the extent that its windows span.

    SCALE-Sim knows no padding, of groups depthwise ones alone, whose rows have DP in their name, and no dilation.

    Raises:
        SpecError: a layer has no form there.
    """
    del bits
    rows = ["Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"]
    for nest in nests(graph, file):
        node = graph.nodes[nest.index]
        if nest.dilation != (1, 1):
            raise refused(node, "SCALE-Sim has no dilation", file)
        if nest.stride[0] != nest.stride[1] and 1 not in nest.out:
            raise refused(node, "SCALE-Sim has one stride for both axes", file)
        stride = nest.stride[1] if nest.out[0] == 1 else nest.stride[0]
        extents = [(o - 1) * stride + k for o, k in zip(nest.out, nest.kernel, strict=True)]
        label = nest.path.replace("DP", "D_P")  # the mark of a depthwise layer there: a row is each of its channels
        sizes = f"{extents[0]}, {extents[1]}, {nest.kernel[0]}, {nest.kernel[1]}"
        if nest.ins == 1 and nest.groups > 1:
            rows.append(f"{label}.DP, {sizes}, {nest.groups}, {nest.outs}, {stride},")
            continue
        rows += [f"{label if nest.groups == 1 else f'{label}:{group}'}, {sizes}, {nest.ins}, {nest.outs}, {stride},"
                 for group in range(nest.groups)]  # fmt: skip
    return {f"{name}.csv": "\n".join(rows) + "\n"}


def zigzag(graph: Graph, name: str, file: str | None, bits: int = 8) -> dict[str, str]:
    """Return a workload file of ZigZag: a loop nest for each layer, and which layers feed it.

    Raises:
        SpecError: a layer has no form there.
    """
    made = nests(graph, file)
    numbers = {nest.index: number for number, nest in enumerate(made)}
    blocks = [f"# {name}: the layers that multiply"]
    for number, nest in enumerate(made):
        both = graph.nodes[nest.index].op.sources == 2
        sources = [source(graph, ref[0], numbers) for ref in graph.nodes[nest.index].inputs[: 1 + both]]
        relations = ", ".join(
            f"i{a}={s}*o{a}+{d}*f{a}"
            for a, s, d in zip("xy", reversed(nest.stride), reversed(nest.dilation), strict=True)
        )
        weights = "W[b][g][k][c]" if both else "W[g][k][c][fy][fx]"
        inputs = "I[b][g][c][iy][ix]"
        sizes = [1, nest.groups, nest.outs, nest.ins, *nest.out, *nest.kernel]
        first = sources[0] if sources[0] is not None else number
        second = sources[1] if both and sources[1] is not None else number
        blocks.append("\n".join((
            f"- id: {number}", f"  name: {quoted(nest.path)}", f"  operator_type: {'Gemm' if both else 'Conv'}",
            f"  equation: O[b][g][k][oy][ox]+={weights}*{inputs}", f"  dimension_relations: [{relations}]",
            "  loop_dims: [B, G, K, C, OY, OX, FY, FX]", f"  loop_sizes: {sizes}", "  operand_precision:",
            f"    W: {bits}", f"    I: {bits}",
            f"    O: {min(2 * bits, 32)}", f"    O_final: {bits}", "  operand_source:", f"    I: {first}",
            f"    W: {second}",
        )))  # fmt: skip
    return {f"{name}.yaml": "\n\n".join(blocks) + "\n"}


def source(graph: Graph, index: int, numbers: dict[int, int]) -> int | None:
    """Return the number of the last layer that multiplies before a tensor, None where it is the network's input."""
    while index >= 0 and index not in numbers:
        index = max((ref[0] for ref in graph.nodes[index].inputs), default=-1)
    return numbers.get(index)


def timeloop(graph: Graph, name: str, file: str | None, bits: int = 8) -> dict[str, str]:
    """Return problems of Timeloop, a file for each layer: the shape of a convolution in groups, and its sizes.

    Raises:
        SpecError: a layer has no form there.
    """
    del bits
    made = nests(graph, file)
    digits = len(str(len(made)))
    files = {}
    for number, nest in enumerate(made, start=1):
        sizes = {"G": nest.groups, "C": nest.ins, "M": nest.outs, "R": nest.kernel[1], "S": nest.kernel[0], "N": 1,
                 "P": nest.out[1], "Q": nest.out[0], "Wstride": nest.stride[1], "Hstride": nest.stride[0],
                 "Wdilation": nest.dilation[1], "Hdilation": nest.dilation[0]}  # fmt: skip
        instance = "".join(f"    {key}: {value}\n" for key, value in sizes.items())
        files[f"{number:0{digits}}_{nest.path}.yaml"] = f"# {name}: {nest.path}\n{PROBLEM}{instance}"
    return files


def quoted(text: str) -> str:
    """Return a text of YAML between quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


PROBLEM = """\
problem:
  version: 0.4
  shape:
    name: grouped_convolution
    dimensions: [G, C, M, R, S, N, P, Q]
    coefficients:
      - {name: Wstride, default: 1}
      - {name: Hstride, default: 1}
      - {name: Wdilation, default: 1}
      - {name: Hdilation, default: 1}
    data_spaces:
      - name: Weights
        projection: [[[G]], [[C]], [[M]], [[R]], [[S]]]
      - name: Inputs
        projection: [[[N]], [[G]], [[C]], [[R, Wdilation], [P, Wstride]], [[S, Hdilation], [Q, Hstride]]]
      - name: Outputs
        projection: [[[N]], [[G]], [[M]], [[Q]], [[P]]]
        read_write: true
  instance:
"""
"""What every problem says of its shape; width is R and P, height S and Q, as in Timeloop's own exercises."""

SIMULATORS: dict[str, Callable[[Graph, str, str | None, int], dict[str, str]]] = {
    "scalesim": scalesim, "timeloop": timeloop, "zigzag": zigzag,
}  # fmt: skip
"""The simulators by name: the files that a network is there, by name and text."""
