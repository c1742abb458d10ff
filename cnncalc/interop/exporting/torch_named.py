"""Source for PyTorch under another library's names: modules nest as there, and the state dict has their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.interop.exporting.naming import renamed
from cnncalc.interop.exporting.refusing import refused
from cnncalc.interop.exporting.scopes import CallScope
from cnncalc.interop.exporting.source import Attribute, LayerCode, TensorNames, comment_of
from cnncalc.interop.exporting.torch_source import TorchWriter
from cnncalc.interop.exporting.torchvision_names import EPSILONS, SCHEMES
from cnncalc.values.diagnostics import Diagnostic, SpecError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.graph.graph import Graph, Node, Ref
    from cnncalc.interop.exporting.source import Body, Written
    from cnncalc.ops.operator import Shapes
    from cnncalc.values.diagnostics import Span

CALL = "{m}({0})"
MATRIX = 2
"""Axes of a matrix of weights."""


class NamedTorchWriter(TorchWriter):
    """The way to PyTorch for a network that bears another library's names (`naming.renamed`).

    Modules whose names are no names of Python stand in a `Sequential`, in whose state dict they have those names.
    """

    def __init__(self, graph: Graph, name: str, file: str | None, line: Callable[[Span | None], str | None],
                 epsilon: float | None = None) -> None:  # fmt: skip
        super().__init__(graph, name, file, line)
        self.epsilon = epsilon
        self.used |= {"F", "Tensor", "OrderedDict"}

    def say(self, node: Node, ins: Shapes, before: list[Node | None]) -> list[LayerCode]:
        """Return what a layer is, as other libraries hold it: factors as a parameter, matrices as such."""
        (code,) = super().say(node, ins, before)
        held = node.op.tensors(ins) or ()
        if held and code.module.startswith("nn.Conv") and len(held[0].shape) == MATRIX:
            args = [arg for place, arg in enumerate(code.args) if place != MATRIX]
            return [LayerCode("ChannelLinear", args, helper="ChannelLinear")]
        if code.module == "LayerScale":
            return [LayerCode("channel_factors", code.args, "{0} * {m}", helper="channel_factors")]
        if self.epsilon is not None and "Norm" in code.module:
            code.args = [*code.args, ("eps", self.epsilon)]
        return [code]

    def short(self, path: str, attributes: set[str]) -> str:
        return self.safe(path) if self.safe(path) not in attributes else path

    def safe(self, name: str) -> str:
        return name if name.isidentifier() and name not in self.reserved else super().safe(name)

    def calls(self, body: Body, run: list[CallScope], prefix: str, names: TensorNames, attributes: set[str]) -> None:
        """Add a call of a block; one whose parts have no names of Python is a `Sequential`."""
        scope = run[0]
        if len(run) > 1 or not numbered(scope, self):
            super().calls(body, run, prefix, names, attributes)
            return
        attribute = self.free(self.safe(scope.path.removeprefix(prefix)), attributes)
        side = len(scope.children) > 1 and all(reads_of(child, self) == scope.reads for child in scope.children)
        made, inner = self.sequence(scope, attribute, side=side)
        body.inner.update({index: f"{attribute}.{name}" for index, name in inner.items()})
        made.comment = comment_of(self.line(scope.span))
        body.made.append(made)
        reads = ", ".join(names.known[ref] for ref in scope.reads)
        if not side:
            made.reads, made.outs = reads, names.new(scope.makes[0], attribute)
            body.lines.append(self.call_line(len(body.made) - 1, made))
            return
        kept = TensorNames(names.known, names.later, names.now - 1, names.reserved)
        for place, child in enumerate(scope.children):
            (out,) = makes_of(child)
            body.lines.append(f"{kept.new(out, attribute)} = self.{attribute}[{place}]({reads})")

    def sequence(self, scope: CallScope, attribute: str, *, side: bool = False) -> tuple[Attribute, dict[int, str]]:
        """Return a `Sequential`, or a list of what stands side by side, and what the modules in it are called there.

        Raises:
            SpecError: its parts do not read one another in a row.
        """
        made, inner = Attribute(attribute, "nn.ModuleList" if side else "nn.Sequential"), dict[int, str]()
        before = scope.reads[:1]
        for child in scope.children:
            first = child.nodes()[0] if isinstance(child, CallScope) else child
            makes = makes_of(child)
            if reads_of(child, self) != before or len(makes) != 1:
                raise refused(self.graph.nodes[first], f"it is not one of a row in '{scope.path}'", self.file)
            before = before if side else makes
            name = last_name(child, self)
            called = f"{attribute}_{name}"
            if isinstance(child, int):
                part = self.alone(child, called)
                inner[child] = name
            elif numbered(child, self):
                part, within = self.sequence(child, called)
                inner.update({index: f"{name}.{there}" for index, there in within.items()})
            else:
                cls, number, within_body = self.instance(child)
                part = Attribute(called, calls=[(cls, number)])
                inner.update({index: f"{name}.{there}" for index, there in within_body.inner.items()})
            made.parts.append((name, part))
        return made, inner

    def alone(self, index: int, attribute: str) -> Attribute:
        """Return a layer as a module that stands for itself."""
        node = self.graph.nodes[index]
        (code,) = self.say(node, node.in_shapes, [])
        if code.call == "torch.flatten({0}, 1)":
            code = LayerCode("nn.Flatten", [("", 1)])
        if not code.module or code.call != CALL:
            raise refused(node, "it is no module that could stand in a row", self.file)
        self.helpers.update(dict.fromkeys(code.helper.split()))
        return Attribute(attribute, code.module, code.args, defaults=code.defaults, around=code.around)


def last_name(child: int | CallScope, writer: TorchWriter) -> str:
    """Return the last part of the path of a layer or call."""
    return (child.path if isinstance(child, CallScope) else writer.graph.nodes[child].path).rpartition(".")[2]


def reads_of(child: int | CallScope, writer: TorchWriter) -> list[Ref]:
    """Return the tensors that a layer or call reads."""
    return child.reads if isinstance(child, CallScope) else writer.reads(child)


def makes_of(child: int | CallScope) -> list[Ref]:
    """Return the tensors that a layer or call makes."""
    return child.makes if isinstance(child, CallScope) else [(child, 0)]


def numbered(scope: CallScope, writer: TorchWriter) -> bool:
    """Whether the parts of a call have numbers for names, or others that are no names of Python."""
    return any(not last_name(child, writer).isidentifier() for child in scope.children)


def torchvision_source(graph: Graph, *, network: str, name: str, file: str | None,
                       line: Callable[[Span | None], str | None]) -> Written:  # fmt: skip
    """Return the source of a network of the zoo under torchvision's names.

    Args:
        graph: the network.
        network: what its spec is called.
        name: what it is called, a variant by its own name.
        file: the spec's, for errors.
        line: returns a line of the spec.

    Raises:
        SpecError: torchvision has no names for it, or not for a layer, or a layer has no form in PyTorch.
    """
    if network not in SCHEMES:
        known = ", ".join(sorted(SCHEMES))
        raise SpecError([Diagnostic(code="not-expressible", message=f"torchvision has no names for '{network or name}'",
                                    file=file, hint=f"it has for these, and their variants: {known}")])  # fmt: skip
    named = renamed(graph, SCHEMES[network], "torchvision", file)
    return NamedTorchWriter(named, name, file, line, EPSILONS.get(name)).write()
