"""Source for Keras: a function for each block of the spec, loops where a block stands in a row, and `build()`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from cnncalc.interop.exporting.keras_helpers import HELPERS
from cnncalc.interop.exporting.keras_layers import keras_layer
from cnncalc.interop.exporting.keras_sharing import Sharing
from cnncalc.interop.exporting.scopes import CallScope
from cnncalc.interop.exporting.source import KEYWORDS, Attribute, kind, pythonic, repr_of, wrapped
from cnncalc.interop.exporting.source_writer import SourceWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnncalc.graph.graph import Graph, Node
    from cnncalc.interop.exporting.source import Body, Class, LayerCode, TensorNames, Written
    from cnncalc.ops.operator import Shapes
    from cnncalc.values.diagnostics import Span

MARK = "\0"
"""Around the number of a layer, in a line that has it."""
SHARED = "shared"
"""What holds the layers that several calls of a block share, and gives the one of a name."""


def keras_source(graph: Graph, *, name: str, file: str | None, line: Callable[[Span | None], str | None]) -> Written:
    """Return the source of a network.

    Args:
        graph: the network.
        name: what it is called.
        file: the spec's, for errors.
        line: returns a line of the spec.

    Raises:
        SpecError: a layer has no form in Keras.
    """
    return KerasWriter(graph, name, file, line).write()


class KerasWriter(SourceWriter):
    """The way to Keras' functional form: layers are made where they are called, and bear their paths as names."""

    reserved: frozenset[str] = KEYWORDS | {"keras", "layers", "ops", "name", "i", "build", "inputs", "Any",
                                                     "KerasTensor", "like", SHARED}  # fmt: skip
    ready: ClassVar[Mapping[str, str]] = HELPERS

    def __init__(self, graph: Graph, name: str, file: str | None, line: Callable[[Span | None], str | None]) -> None:
        super().__init__(graph, name, file, line)
        self.used |= self.reserved
        self.sharing: Sharing

    def write(self) -> Written:
        written = super().write()
        nodes = self.graph.nodes
        for index in self.borrowed:
            lender = nodes[index].shares
            if lender is not None and nodes[index].path in written.modules:
                written.modules[nodes[index].path] = written.modules[nodes[lender].path]
        return written

    def lenders(self, root: CallScope) -> None:
        """Let blocks lend: their calls are given the layers made so far, and the name of the call that made them."""
        self.sharing = Sharing(self.graph, self.file, root)
        self.borrowed |= self.sharing.borrowed

    def lender(self, body: Body, index: int) -> int | None:
        return self.sharing.twins.get(index)

    def prepare(self, root: CallScope) -> None:
        """Keep the names of blocks' functions from tensors."""
        counts: dict[str, int] = {}
        todo = list(root.children)
        while todo:
            child = todo.pop()
            if isinstance(child, CallScope):
                word = self.titled(self.word(child))
                counts[word] = counts.get(word, 1) + 1
                todo += child.children
        self.reserved |= {word if n == 1 else f"{word}{n}" for word, most in counts.items() for n in range(1, most)}

    def titled(self, name: str) -> str:
        found = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
        found = re.sub(r"\W+", "_", found).strip("_").lower()
        return pythonic(found, KerasWriter.reserved)

    def safe(self, name: str) -> str:
        return under(name)

    def free(self, name: str, attributes: set[str]) -> str:
        found, number = name, 1
        while found in attributes:
            number += 1
            found = f"{name}_{number}"
        attributes.add(found)
        return found

    def input_name(self, number: int) -> str:
        alone = len(self.graph.inputs) == 1
        return "inputs" if alone else f"{under(list(self.graph.inputs)[number])}_input"

    def say(self, node: Node, ins: Shapes, before: list[Node | None]) -> list[LayerCode]:
        first = before[0] if before else None
        return keras_layer(node.op, ins, node.out_shapes, first.op if first else None)

    def module(self, body: Body, index: int, relative: str, code: LayerCode, attributes: set[str]) -> str:
        short = under(self.short(relative, attributes))
        attribute = self.free(f"{short}_{code.part}" if code.part else short, attributes)
        number = len(body.made)
        around = SHARED if index in self.sharing.involved and not code.part else ""
        body.made.append(Attribute(attribute, code.module, code.args, defaults=code.defaults, around=around))
        place = f"{MARK}{number}{MARK}"
        if code.part:
            return place
        body.inner[index] = attribute
        if index in self.sharing.twins.values():
            body.lines.append(f"{self.lent(body, index)} = {place}")
            return self.lent(body, index)
        return place

    def lent(self, body: Body, index: int) -> str:
        return self.safe(f"{body.inner[index]}_layer")

    def calls(self, body: Body, run: list[CallScope], prefix: str, names: TensorNames, attributes: set[str]) -> None:
        super().calls(body, run, prefix, names, attributes)
        made = body.made[-1]
        for number, scope in enumerate(run):
            own = self.inside(made.attribute, number if len(run) > 1 else None)
            made.likes.append(self.sharing.like(scope, prefix, own))

    def call_line(self, number: int, made: Attribute) -> str:
        return f"{MARK}{number}{MARK}"

    def inside(self, attribute: str, number: int | None) -> str:
        return attribute if number is None else f"{attribute}_{number}"

    def joined(self, outer: str, inner: str) -> str:
        return f"{outer}_{inner}"

    def text(self, top: Class) -> str:
        """Return the whole file."""
        blocks = [HELPERS[name] for name in (*self.helpers, *(["Shared"] if self.sharing.involved else []))]
        blocks += [self.block_text(cls) for cls in self.classes]
        blocks.append(self.network_text(top))
        body = "\n\n".join(blocks)
        head = [self.title(", channels last here"), "", "from __future__ import annotations", ""]
        if "math." in body:
            head += ["import math"] if "Any]" in body or ": Any" in body else ["import math", ""]
        if "Any]" in body or ": Any" in body:
            head += ["from typing import Any", ""]
        names = ["KerasTensor"] if "KerasTensor" in body else []
        names += ["layers"] if "layers." in body else []
        names += ["ops"] if "ops." in body else []
        head += ["import keras", *(["import numpy as np"] if re.search(r"\bnp\.", body) else [])]
        head.append(f"from keras import {', '.join(names)}")
        return "\n".join(head) + "\n\n\n" + body

    def block_text(self, cls: Class) -> str:
        """Return the function of a block."""
        body = cls.bodies[0]
        ins = ", ".join(f"{name}: KerasTensor" for name in body.inputs)
        params = "".join(f", {name}: {kind(values)}" for name, values in cls.params)
        params += f", {SHARED}: Shared, like: str" if shares(body) else ""
        lines = wrapped(f"def {cls.name}({ins}{params}, name: str) -> {body.result('KerasTensor')}:", 0)
        for line in body.returning(self.lines(cls, inner=True)):
            lines += wrapped(f"    {line}", 4 + len(line) - len(line.lstrip()))
        return "\n".join(lines) + "\n"

    def network_text(self, top: Class) -> str:
        """Return the function that builds the network."""
        body = top.bodies[0]
        lines = ["def build() -> keras.Model:", '    """Return the network with fresh weights."""']
        lines += [f"    {SHARED} = Shared()"] if shares(body) else []
        for variable, (name, shape) in zip(body.inputs, self.graph.inputs.items(), strict=True):
            extents = (*shape[1:], shape[0])
            lines.append(f"    {variable} = keras.Input({extents}, name={repr_of(under(name))})")
        for line in self.lines(top, inner=False):
            lines += wrapped(f"    {line}", 4 + len(line) - len(line.lstrip()))
        ins = ", ".join(body.inputs) if len(body.inputs) == 1 else f"[{', '.join(body.inputs)}]"
        outs = body.returns if "," not in body.returns else f"[{body.returns}]"
        lines += wrapped(f"    return keras.Model({ins}, {outs}, name={repr_of(under(self.name))})", 4)
        return "\n".join(lines) + "\n"

    def lines(self, cls: Class, *, inner: bool) -> list[str]:
        """Return the lines of a function, with their layers in them."""
        body = cls.bodies[0]
        said = cls.given()
        found: list[str] = []
        for line in body.lines:
            match = re.search(f"{MARK}(\\d+){MARK}", line)
            if match is None:
                found.append(line)
                continue
            made, given = body.made[int(match[1])], said[int(match[1])]
            if made.comment:
                found.append(f"# {made.comment}")
            if made.calls:
                found += self.row_lines(made, given, inner=inner)
            else:
                outer = "like" if made.around and inner else "name" if inner else ""
                text = made.text(given, f"name={titled_name(made.attribute, outer)}")
                found.append(line.replace(match[0], text))
        return found

    @staticmethod
    def row_lines(made: Attribute, said: list[str], *, inner: bool) -> list[str]:
        """Return the calls of a block, those that are equal in a loop."""
        found: list[str] = []
        reads = made.reads
        alone = len(made.calls) == 1
        names = [made.attribute if alone else f"{made.attribute}_{number}" for number in range(len(made.calls))]
        for function, given, number, count in rows(made, said, names):
            like = made.likes[number + count - 1]
            own = names[number] if count == 1 else f"{made.attribute}_{{i}}"
            if like == names[number + count - 1]:
                like = own
            more = [] if like is None else [SHARED, f"like={titled_name(like, 'like' if inner else '')}"]
            more.append(f"name={titled_name(own, 'name' if inner else '')}")
            if count == 1:
                found.append(f"{made.outs} = {function}({', '.join((reads, *given, *more))})")
            else:
                span = f"{count}" if not number else f"{number}, {number + count}"
                if reads != made.outs:
                    found.append(f"{made.outs} = {reads}")
                call = f"{function}({', '.join((made.outs, *given, *more))})"
                found += [f"for i in range({span}):", f"    {made.outs} = {call}"]
            reads = made.outs
        return found


def rows(made: Attribute, said: list[str], names: list[str]) -> list[tuple[str, list[str], int, int]]:
    """Return the calls of blocks as function, arguments, the first and how many; equal ones that follow each other."""
    calls = [(function, given) for function, given, count in made.rows(said) for _ in range(count)]
    found: list[tuple[str, list[str], int, int]] = []
    for number, (function, given) in enumerate(calls):
        if found and found[-1][:2] == (function, given):
            first, count = found[-1][2:]
            likes = made.likes[first : number + 1]
            if len(set(likes)) == 1 or likes == names[first : number + 1]:
                found[-1] = (function, given, first, count + 1)
                continue
        found.append((function, given, number, 1))
    return found


def shares(body: Body) -> bool:
    """Whether a block's layers are shared with other calls, so that it is given those that are there."""
    return any(made.around == SHARED or any(made.likes) for made in body.made)


def under(path: str) -> str:
    """Return a path as a name in Keras, which has no dots and no slashes."""
    return re.sub(r"\W", "_", path)


def titled_name(attribute: str, outer: str) -> str:
    """Return the name of a layer as it is written, behind the value of a parameter: that of the block's call."""
    text = f"{{{outer}}}_{attribute}" if outer else attribute
    return f'f"{text}"' if "{" in text else f'"{text}"'
