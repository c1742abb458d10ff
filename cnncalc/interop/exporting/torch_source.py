"""Source for PyTorch: a class for each block of the spec, loops where a block stands in a row, and `build()`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from cnncalc.interop.exporting.source import KEYWORDS, Attribute, camel, kind, wrapped
from cnncalc.interop.exporting.source_writer import SourceWriter
from cnncalc.interop.exporting.torch_helpers import HELPERS
from cnncalc.interop.exporting.torch_layers import torch_layer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cnncalc.graph.graph import Graph, Node
    from cnncalc.interop.exporting.scopes import CallScope
    from cnncalc.interop.exporting.source import Body, Class, LayerCode, TensorNames, Written
    from cnncalc.ops.operator import Shapes
    from cnncalc.values.diagnostics import Span

OF_MODULES = frozenset((
    "T_destination", "add_module", "apply", "bfloat16", "buffers", "call_super_init", "children", "compile", "cpu",
    "cuda", "double", "dump_patches", "eval", "extra_repr", "float", "forward", "half", "ipu", "modules", "mtia",
    "parameters", "share_memory", "state_dict", "to", "to_empty", "train", "training", "type", "xpu", "zero_grad",
))  # fmt: skip
"""What every `nn.Module` has, so that no attribute of a block may be called so."""


def torch_source(graph: Graph, *, name: str, file: str | None, line: Callable[[Span | None], str | None]) -> Written:
    """Return the source of a network.

    Args:
        graph: the network.
        name: what it is called.
        file: the spec's, for errors.
        line: returns a line of the spec.

    Raises:
        SpecError: a layer has no form in PyTorch.
    """
    return TorchWriter(graph, name, file, line).write()


class TorchWriter(SourceWriter):
    """The way to PyTorch: modules are made in `__init__`, and called in `forward`.

    A block whose weights are all another's is called again; other modules that share weights are tied at the end.
    """

    def __init__(self, graph: Graph, name: str, file: str | None, line: Callable[[Span | None], str | None]) -> None:
        super().__init__(graph, name, file, line)
        self.made: dict[str, tuple[Body, CallScope, Body, str]] = {}

    reserved: frozenset[str] = KEYWORDS | {"self", "nn", "torch", "F", "Tensor", *OF_MODULES}
    ready: ClassVar[Mapping[str, str]] = HELPERS

    def titled(self, name: str) -> str:
        return camel(name)

    def say(self, node: Node, ins: Shapes, before: list[Node | None]) -> list[LayerCode]:
        return [torch_layer(node.op, ins, node.out_shapes)]

    def module(self, body: Body, index: int, relative: str, code: LayerCode, attributes: set[str]) -> str:
        attribute = self.free(self.safe(self.short(relative, attributes)), attributes)
        body.made.append(Attribute(attribute, code.module, code.args, defaults=code.defaults, around=code.around))
        body.inner[index] = attribute
        return f"self.{attribute}"

    def lent(self, body: Body, index: int) -> str:
        return f"self.{body.inner[index]}"

    def call_line(self, number: int, made: Attribute) -> str:
        return f"{made.outs} = self.{made.attribute}({made.reads})"

    def calls(self, body: Body, run: list[CallScope], prefix: str, names: TensorNames, attributes: set[str]) -> None:
        """Add a call of a block, or a row of them; one that has another's weights and is as it calls that one again."""
        nodes = self.graph.nodes
        lender = next((nodes[nodes[n].shares or 0].trace for n in run[0].nodes() if nodes[n].shares is not None), ())
        scope = run[0]
        other = next((made for path, _ in lender if (made := self.made.get(path)) and made[0] is body), None)
        if len(run) == 1 and other and self.all_lent(scope, other[1]):
            inner = self.instance(scope)[2]
            if alike(inner, other[2]):
                attribute = other[3]
                self.borrowed |= set(scope.nodes())
                body.inner.update({index: f"{attribute}.{name}" for index, name in inner.inner.items()})
                reads = ", ".join(names.known[ref] for ref in scope.reads)
                outs = ", ".join([names.new(ref, attribute) for ref in scope.makes]) or "_"
                body.lines.append(f"{outs} = self.{attribute}({reads})")
                return
        super().calls(body, run, prefix, names, attributes)
        if len(run) == 1:
            cls, number = body.made[-1].calls[0]
            self.made[scope.path] = (body, scope, cls.bodies[number], body.made[-1].attribute)

    def all_lent(self, scope: CallScope, other: CallScope) -> bool:
        """Whether every layer with weights has those of the layer that stands at its place in another call."""
        nodes = self.graph.nodes
        holding = [n for n in scope.nodes() if nodes[n].op.tensors(nodes[n].in_shapes)]
        there = [n for n in other.nodes() if nodes[n].op.tensors(nodes[n].in_shapes)]
        return [nodes[n].shares for n in holding] == there

    def ties(self, body: Body) -> list[str]:
        """Return the lines that let modules be those whose weights they have, once for all calls where it is equal."""
        nodes = self.graph.nodes
        found: dict[str, list[tuple[str, str]]] = {}
        for index, node in enumerate(nodes):
            if node.shares is None or index in self.borrowed or body.inner[index] == body.inner[node.shares]:
                continue
            root, _, rest = body.inner[index].partition(".")
            found.setdefault(root, []).append((indexed(rest), indexed(body.inner[node.shares])))
        equal: dict[tuple[tuple[str, str], ...], list[str]] = {}
        for root, ends in found.items():
            equal.setdefault(tuple(ends), []).append(root)
        lines = []
        for pairs, roots in equal.items():
            if len(roots) == 1:
                lines += [f"self.{'.'.join(filter(None, (roots[0], rest)))} = self.{source}" for rest, source in pairs]
            else:
                lines.append(f"for block in ({', '.join(f'self.{root}' for root in roots)}):")
                lines += [f"    block.{rest} = self.{source}" for rest, source in pairs]
        return lines

    def inside(self, attribute: str, number: int | None) -> str:
        return attribute if number is None else f"{attribute}.{number}"

    def joined(self, outer: str, inner: str) -> str:
        return f"{outer}.{inner}"

    def text(self, top: Class) -> str:
        """Return the whole file."""
        head = [self.title(), "", "from __future__ import annotations", "", "import torch"]
        blocks = [HELPERS[name] for name in self.helpers]
        blocks += [self.class_text(cls) for cls in self.classes]
        blocks.append(self.class_text(top, self.ties(top.bodies[0])))
        blocks.append(f'def build() -> {top.name}:\n    """Return the network with fresh weights."""\n'
                      f"    return {top.name}()\n")  # fmt: skip
        body = "\n\n".join(blocks)
        if "F." in body:
            head.append("import torch.nn.functional as F")
        head.append("from torch import Tensor, nn")
        if "OrderedDict(" in body:
            head[4:4] = ["from collections import OrderedDict", ""]
        if "torch." not in body:
            head.remove("import torch")
        return "\n".join(head) + "\n\n\n" + body

    @staticmethod
    def made_text(made: Attribute, said: list[str]) -> str:
        """Return how an attribute is made; blocks in a row are a `Sequential`."""
        if made.parts:
            return sequence_text(made, said)
        if not made.calls:
            return made.text(said)
        calls = [(f"{name}({', '.join(given)})", count) for name, given, count in made.rows(said)]
        if len(made.calls) == 1:
            return calls[0][0]
        rows = [text if count == 1 else f"*({text} for _ in range({count}))" for text, count in calls]
        return f"nn.Sequential({', '.join(rows)})"

    def class_text(self, cls: Class, ties: Sequence[str] = ()) -> str:
        """Return one class; ties are the last lines of its `__init__`."""
        body = cls.bodies[0]
        lines = [f"class {cls.name}(nn.Module):"]
        params = "".join(f", {name}: {kind(values)}" for name, values in cls.params)
        lines += wrapped(f"    def __init__(self{params}) -> None:", 4)
        lines.append("        super().__init__()")
        for made, said in zip(body.made, cls.given(), strict=True):
            if made.comment:
                lines.append(f"        # {made.comment}")
            lines += wrapped(f"        self.{made.attribute} = {self.made_text(made, said)}", 8)
        for line in ties:
            lines += wrapped(f"        {line}", 8 + len(line) - len(line.lstrip()))
        ins = ", ".join(f"{name}: Tensor" for name in body.inputs)
        lines += ["", *wrapped(f"    def forward(self, {ins}) -> {body.result('Tensor')}:", 4)]
        for line in body.returning(body.lines):
            lines += wrapped(f"        {line}", 8)
        return "\n".join(lines) + "\n"


def alike(one: Body, other: Body) -> bool:
    """Whether two calls are made and called alike, with equal arguments down to the last module."""
    return one.shape() == other.shape() and all(
        all(alike(a[0].bodies[a[1]], b[0].bodies[b[1]]) for a, b in zip(mine.calls, theirs.calls, strict=True))
        if mine.calls else mine.values() == theirs.values()
        for mine, theirs in zip(one.made, other.made, strict=True)
    )  # fmt: skip


def indexed(name: str) -> str:
    """Return the name of a module as Python has it: what is numbered has an index."""
    return re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", name)


def sequence_text(made: Attribute, said: list[str]) -> str:
    """Return a `Sequential` of parts with names: numbers, in whose gaps is nothing, or others in a dictionary."""
    texts, at = list[tuple[str, str, bool]](), 0
    for name, part in made.parts:
        count = len(part.values())
        texts.append((name, TorchWriter.made_text(part, said[at : at + count]), bool(part.calls)))
        at += count
    if not all(name.isdigit() for name, _, _ in texts):
        pairs = ", ".join(f'("{name}", {text})' for name, text, _ in texts)
        return f"nn.Sequential(OrderedDict([{pairs}]))"
    rows: list[tuple[str, int]] = []
    places = 0
    for name, text, block in texts:
        while places < int(name):
            rows.append(("nn.Identity()", 1))
            places += 1
        if block and rows and rows[-1][0] == text:
            rows[-1] = (text, rows[-1][1] + 1)
        else:
            rows.append((text, 1))
        places += 1
    row = f"{', '.join(t if n == 1 else f'*({t} for _ in range({n}))' for t, n in rows)}"
    return f"{made.module}([{row}])" if made.module == "nn.ModuleList" else f"{made.module}({row})"
