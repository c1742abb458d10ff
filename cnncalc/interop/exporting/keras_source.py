"""Source for Keras: a function for each block of the spec, loops where a block stands in a row, and `build()`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from cnncalc.interop.exporting.keras_helpers import HELPERS
from cnncalc.interop.exporting.keras_layers import keras_layer
from cnncalc.interop.exporting.scopes import CallScope
from cnncalc.interop.exporting.source import KEYWORDS, Attribute, kind, pythonic, repr_of, wrapped
from cnncalc.interop.exporting.source_writer import SourceWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnncalc.graph.graph import Graph, Node
    from cnncalc.interop.exporting.source import Body, Class, LayerCode, Written
    from cnncalc.ops.operator import Shapes
    from cnncalc.values.diagnostics import Span

MARK = "\0"
"""Around the number of a layer, in a line that has it."""


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
                                                     "KerasTensor"}  # fmt: skip
    ready: ClassVar[Mapping[str, str]] = HELPERS

    def __init__(self, graph: Graph, name: str, file: str | None, line: Callable[[Span | None], str | None]) -> None:
        super().__init__(graph, name, file, line)
        self.used |= self.reserved

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
        body.made.append(Attribute(attribute, code.module, code.args, defaults=code.defaults))
        place = f"{MARK}{number}{MARK}"
        if code.part:
            return place
        body.inner[index] = attribute
        if any(node.shares == index for node in self.graph.nodes):
            body.lines.append(f"{self.lent(body, index)} = {place}")
            return self.lent(body, index)
        return place

    def lent(self, body: Body, index: int) -> str:
        return self.safe(f"{body.inner[index]}_layer")

    def call_line(self, number: int, made: Attribute) -> str:
        return f"{MARK}{number}{MARK}"

    def inside(self, attribute: str, number: int | None) -> str:
        return attribute if number is None else f"{attribute}_{number}"

    def joined(self, outer: str, inner: str) -> str:
        return f"{outer}_{inner}"

    def text(self, top: Class) -> str:
        """Return the whole file."""
        blocks = [HELPERS[name] for name in self.helpers]
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
        head += ["import keras", f"from keras import {', '.join(names)}"]
        return "\n".join(head) + "\n\n\n" + body

    def block_text(self, cls: Class) -> str:
        """Return the function of a block."""
        body = cls.bodies[0]
        ins = ", ".join(f"{name}: KerasTensor" for name in body.inputs)
        params = "".join(f", {name}: {kind(values)}" for name, values in cls.params)
        lines = wrapped(f"def {cls.name}({ins}{params}, name: str) -> {body.result('KerasTensor')}:", 0)
        for line in body.returning(self.lines(cls, inner=True)):
            lines += wrapped(f"    {line}", 4 + len(line) - len(line.lstrip()))
        return "\n".join(lines) + "\n"

    def network_text(self, top: Class) -> str:
        """Return the function that builds the network."""
        body = top.bodies[0]
        lines = ["def build() -> keras.Model:", '    """Return the network with fresh weights."""']
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
                text = made.text(given, f"name={titled_name(made.attribute, inner=inner)}")
                found.append(line.replace(match[0], text))
        return found

    @staticmethod
    def row_lines(made: Attribute, said: list[str], *, inner: bool) -> list[str]:
        """Return the calls of a block, those that are equal in a loop."""
        found: list[str] = []
        number, reads = 0, made.reads
        alone = len(made.calls) == 1
        for function, given, count in made.rows(said):
            if count == 1:
                label = titled_name(made.attribute if alone else f"{made.attribute}_{number}", inner=inner)
                found.append(f"{made.outs} = {function}({', '.join((reads, *given, f'name={label}'))})")
            else:
                span = f"{count}" if not number else f"{number}, {number + count}"
                label = titled_name(f"{made.attribute}_{{i}}", inner=inner, always=True)
                call = f"{function}({', '.join((made.outs, *given, f'name={label}'))})"
                if reads != made.outs:
                    found.append(f"{made.outs} = {reads}")
                found += [f"for i in range({span}):", f"    {made.outs} = {call}"]
            number += count
            reads = made.outs
        return found


def under(path: str) -> str:
    """Return a path as a name in Keras, which has no dots and no slashes."""
    return re.sub(r"\W", "_", path)


def titled_name(attribute: str, *, inner: bool, always: bool = False) -> str:
    """Return the name of a layer as it is written: inside a block it begins with the block's."""
    if inner:
        return f'f"{{name}}_{attribute}"'
    return f'f"{attribute}"' if always else f'"{attribute}"'
