"""One way through a network that makes source of it: the blocks, their parameters, and a line for each layer."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from cnncalc.interop.exporting.refusing import NotSaidError, refused
from cnncalc.interop.exporting.scopes import CallScope, scopes
from cnncalc.interop.exporting.source import (
    KEYWORDS,
    Attribute,
    Body,
    Class,
    TensorNames,
    Written,
    comment_of,
    pythonic,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnncalc.graph.graph import Graph, Node, Ref
    from cnncalc.interop.exporting.source import LayerCode
    from cnncalc.ops.operator import Shapes
    from cnncalc.values.diagnostics import Span

PARTS = frozenset(("attention_scores", "attention_softmax"))
"""Layers that the one after them says too."""
BIAS = "attention_bias"
"""A layer that the one after them reads beside what it reads itself."""


class SourceWriter(ABC):
    """One way through a network; a system's own writer says what its layers and its text are.

    Attributes:
        reserved: what nothing may be called.
        ready: the helpers of the system, by name.
    """

    reserved: frozenset[str] = KEYWORDS
    ready: ClassVar[Mapping[str, str]] = {}

    def __init__(self, graph: Graph, name: str, file: str | None, line: Callable[[Span | None], str | None]) -> None:
        self.graph = graph
        self.name = name
        self.file = file
        self.line = line
        self.classes: list[Class] = []
        self.by_shape: dict[Any, tuple[Class, int]] = {}
        self.helpers: dict[str, None] = {}
        self.used: set[str] = set(self.ready)
        self.borrowed: set[int] = set()

    def title(self, further: str = "") -> str:
        """Return the first line of the file: the network and its inputs."""
        sizes = ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in self.graph.inputs.items())
        name = self.name.replace('"', "'").replace("\\", "/")
        return f'"""{name}: {sizes}{further}."""'

    def write(self) -> Written:
        root = scopes(self.graph)
        self.lenders(root)
        self.prepare(root)
        top = Class(self.class_name(self.titled(self.name)), [])
        body = self.body(root, network=True)
        top.bodies.append(body)
        for one in (*self.classes, top):
            one.settle(self.reserved)
        modules = {self.graph.nodes[index].path: name for index, name in body.inner.items()}
        self.apart(modules)
        text = self.text(top)
        return Written(text, modules)

    def apart(self, modules: Mapping[str, str]) -> None:
        """Refuse two modules of one name."""
        owners: dict[str, str] = {}
        for index, node in enumerate(self.graph.nodes):
            name = modules.get(node.path) if index not in self.borrowed else None
            if name is not None and owners.setdefault(name, node.path) != node.path:
                raise refused(node, f"'{owners[name]}' has the same name there, '{name}'", self.file)

    def class_name(self, wanted: str) -> str:
        found, number = wanted, 1
        while found in self.used:
            number += 1
            found = f"{wanted}{number}"
        self.used.add(found)
        return found

    def word(self, scope: CallScope) -> str:
        """Return the name of the block that a call is of, as the spec has it."""
        text = self.line(scope.span)
        if text is not None and scope.span is not None:
            match = re.match(r"[\"']?([A-Za-z_][\w-]*)", text[scope.span.column - 1 :])
            if match:
                return match[1]
        return re.sub(r"[.\d]+$", "", scope.path).rsplit(".", 1)[-1] or "block"

    def body(self, scope: CallScope, *, network: bool = False) -> Body:
        """Return the class that a call needs."""
        body = Body()
        names: dict[Ref, str] = {}
        prefix = f"{scope.path}." if scope.path else ""
        attributes: set[str] = set()
        inputs = [(-k - 1, 0) for k in range(len(self.graph.inputs))]
        for number, ref in enumerate(inputs if network else scope.reads):
            name = self.input_name(number) if network else "x" if not number else f"x{number + 1}"
            names[ref] = name
            body.inputs.append(name)
        later = self.uses(scope)
        children = scope.children
        at = 0
        while at < len(children):
            child = children[at]
            if isinstance(child, CallScope):
                run = self.row(children, at, scope)
                at += len(run)
                self.calls(body, run, prefix, TensorNames(names, later, at - 1, self.reserved), attributes)
            else:
                self.layer(body, child, prefix, TensorNames(names, later, at, self.reserved), attributes)
                at += 1
        makes = [names[ref] for ref in scope.makes]
        body.returns = ", ".join(makes) if len(makes) != 1 else makes[0]
        return body

    def uses(self, scope: CallScope) -> dict[Ref, int]:
        """Return, for each tensor, the place of the last child that reads it; beyond the end for what goes out."""
        last: dict[Ref, int] = {}
        for place, child in enumerate(scope.children):
            reads = child.reads if isinstance(child, CallScope) else self.reads(child)
            last.update(dict.fromkeys(reads, place))
        last.update(dict.fromkeys(scope.makes, len(scope.children)))
        return last

    def reads(self, index: int) -> list[Ref]:
        """Return what the call of a layer reads: of the last of several that are one call, what all of them do."""
        node = self.graph.nodes[index]
        found: list[Ref] = []
        for ref in node.inputs:
            if ref[0] >= 0 and self.graph.nodes[ref[0]].op.name in PARTS:
                found += self.reads(ref[0])
            elif ref[0] >= 0 and self.graph.nodes[ref[0]].op.name == BIAS:
                found += [*self.reads(ref[0]), ref]
            else:
                found.append(ref)
        return found

    def row(self, children: list[Any], at: int, scope: CallScope) -> list[CallScope]:
        """Return the calls from a place on that are a row: `name.0`, `name.1`, .., each reading the one before."""
        first: CallScope = children[at]
        run = [first]
        base, _, number = first.path.rpartition(".")
        if number != "0" or len(first.makes) != 1 or len(first.reads) != 1:
            return run
        while at + len(run) < len(children):
            following = children[at + len(run)]
            if not isinstance(following, CallScope) or following.path != f"{base}.{len(run)}":
                break
            before = run[-1].makes[0]
            outside = sum(1 for c in children for ref in (c.reads if isinstance(c, CallScope) else self.reads(c))
                          if ref == before)  # fmt: skip
            if following.reads != [before] or len(following.makes) != 1 or outside != 1 or before in scope.makes:
                break
            run.append(following)
        return run

    def calls(self, body: Body, run: list[CallScope], prefix: str, names: TensorNames, attributes: set[str]) -> None:
        """Add a call of a block, or a row of them."""
        path = run[0].path
        base = path.rpartition(".")[0] if len(run) > 1 else path
        attribute = self.free(self.safe(base.removeprefix(prefix)), attributes)
        made = [self.instance(scope) for scope in run]
        for number, (_, _, inner) in enumerate(made):
            where = self.inside(attribute, number if len(run) > 1 else None)
            body.inner.update({index: self.joined(where, name) for index, name in inner.inner.items()})
        reads = ", ".join(names.known[ref] for ref in run[0].reads)
        outs = ", ".join([names.new(ref, attribute) for ref in run[-1].makes]) or "_"
        body.made.append(Attribute(attribute, calls=[(cls, number) for cls, number, _ in made], reads=reads, outs=outs,
                              comment=comment_of(self.line(run[0].span))))  # fmt: skip
        body.lines.append(self.call_line(len(body.made) - 1, body.made[-1]))

    def instance(self, scope: CallScope) -> tuple[Class, int, Body]:
        """Return the class of a call, and which of the calls of that class it is."""
        body = self.body(scope)
        word = self.word(scope)
        key = (word, body.shape())
        known = self.by_shape.get(key)
        if known is None:
            made = Class(self.class_name(self.titled(word)), [])
            self.classes.append(made)
            self.by_shape[key] = known = (made, 0)
        cls = known[0]
        cls.bodies.append(body)
        return cls, len(cls.bodies) - 1, body

    def layer(self, body: Body, index: int, prefix: str, names: TensorNames, attributes: set[str]) -> None:
        """Add one layer."""
        node = self.graph.nodes[index]
        if node.op.name in PARTS:
            return
        reads = self.reads(index)
        shapes = tuple(self.graph.shape(ref) for ref in reads)
        try:
            codes = self.say(node, shapes, [self.graph.nodes[ref[0]] if ref[0] >= 0 else None for ref in node.inputs])
        except NotSaidError as error:
            raise refused(node, str(error), self.file) from None
        relative = node.path.removeprefix(prefix)
        inputs = [names.known[ref] for ref in reads]
        outs: list[str] = []
        for code in codes:
            place = ""
            lender = self.lender(body, index)
            if code.module and lender is not None and not code.part:
                place = self.lent(body, lender)
            elif code.module:
                place = self.module(body, index, relative, code, attributes)
            self.helpers.update(dict.fromkeys(code.helper.split()))
            if body.made and code.module and not node.path.endswith((".norm", ".act")):
                body.made[-1].comment = comment_of(self.line(node.span))
            text = code.call.format(*inputs, m=place)
            if not outs:
                wanted = body.inner.get(index) or node.path.rsplit(".", 1)[-1]
                outs = [names.new((index, port), wanted) for port in range(len(node.out_shapes))]
            last = code is codes[-1]
            body.lines.append(f"{', '.join(outs) if last else outs[0]} = {text}")
            inputs = outs[:1]

    def free(self, name: str, attributes: set[str]) -> str:
        found, number = name, 1
        while found in attributes or found in self.reserved:
            number += 1
            found = f"{name}_{number}"
        attributes.add(found)
        return found

    def safe(self, name: str) -> str:
        """Return a name that is none of the reserved ones."""
        return pythonic(name, self.reserved)

    def short(self, path: str, attributes: set[str]) -> str:
        """Return the last part of a path where that says enough: a norm or activation keeps what it belongs to."""
        parts = path.split(".")
        for count in range(1, len(parts) + 1):
            tail = parts[-count:]
            if tail[0] in ("norm", "act") or tail[0].isdigit():
                continue
            found = self.safe("_".join(tail))
            if found not in attributes:
                return found
        return "_".join(parts)

    # What a system says in its own way.

    def lenders(self, root: CallScope) -> None:  # noqa: B027 - who lends stands in the network
        """Look for the layers that lend their weights."""

    def lender(self, body: Body, index: int) -> int | None:
        """Return the layer whose module a layer uses, of those that are made already."""
        shares = self.graph.nodes[index].shares
        return shares if shares in body.inner else None

    def prepare(self, root: CallScope) -> None:  # noqa: B027 - most have nothing to look for
        """Look at the whole network before the first line is written."""

    def input_name(self, number: int) -> str:
        """Return what an input of the network is called."""
        return self.safe(list(self.graph.inputs)[number]) if number else "x"

    @abstractmethod
    def titled(self, name: str) -> str:
        """Return what a block is called, for its name in the spec."""

    @abstractmethod
    def say(self, node: Node, ins: Shapes, before: list[Node | None]) -> list[LayerCode]:
        """Return the steps that a layer is, for what its call reads and the layers before it.

        Raises:
            NotSaidError: it has no form there.
        """

    @abstractmethod
    def module(self, body: Body, index: int, relative: str, code: LayerCode, attributes: set[str]) -> str:
        """Add a module and return how it is called."""

    @abstractmethod
    def lent(self, body: Body, index: int) -> str:
        """Return how the module of another layer is called."""

    @abstractmethod
    def call_line(self, number: int, made: Attribute) -> str:
        """Return the line that calls a block."""

    @abstractmethod
    def inside(self, attribute: str, number: int | None) -> str:
        """Return what the layers inside a call of a block begin with, where calls stand in a row with its number."""

    @abstractmethod
    def joined(self, outer: str, inner: str) -> str:
        """Return the name of a module inside another."""

    @abstractmethod
    def text(self, top: Class) -> str:
        """Return the whole file."""
