"""Source for PyTorch: a class for each block of the spec, loops where a block stands in a row, and `build()`."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cnncalc.interop.exporting.refusing import NotSaidError, refused
from cnncalc.interop.exporting.scopes import Scope, scopes
from cnncalc.interop.exporting.torch_layers import HELPERS, PARTS, torch_layer

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.graph.graph import Graph, Ref
    from cnncalc.values.diagnostics import Span

RESERVED = frozenset((*keyword.kwlist, "self", "x", "nn", "torch", "F", "Tensor", "forward", "training"))
WIDTH = 100


@dataclass(slots=True)
class Written:
    """What came of a network.

    Attributes:
        text: the source.
        modules: for the path of each layer that is a module, that module's name.
    """

    text: str
    modules: dict[str, str]


@dataclass(slots=True)
class Made:
    """An attribute of a class: a module with its arguments, or calls of blocks, several in a row."""

    attribute: str
    module: str = ""
    args: list[tuple[str, Any]] = field(default_factory=list)
    calls: list[tuple[Class, int]] = field(default_factory=list)
    defaults: dict[str, Any] = field(default_factory=dict)

    def shape(self) -> tuple[Any, ...]:
        """Return what is equal among calls of one class."""
        return self.attribute, self.module, tuple(name for name, _ in self.args), tuple(c.name for c, _ in self.calls)

    def values(self) -> list[Any]:
        """Return the arguments, of all calls one after the other."""
        return [v for cls, n in self.calls for v in cls.arguments(n)] if self.calls else [v for _, v in self.args]

    def names(self) -> list[str]:
        """Return what each argument is called as a parameter."""
        if self.calls:
            return [name for cls, _ in self.calls for name, _ in cls.params]
        words = UNNAMED.get(self.module.rstrip("123d"), ("channels",) if "Norm" in self.module else ("size",))
        found, place = [], 0
        for name, _ in self.args:
            word = name or words[min(place, len(words) - 1)]
            place += not name
            found.append(word if word.startswith("in_") or word == "stride" else f"{self.attribute}_{word}")
        return found

    def text(self, said: list[str]) -> str:
        """Return how it is made, for its arguments as they are written; one that is as if left out is left out."""
        if not self.calls:
            given = [f"{name}={text}" if name else text for (name, _), text in zip(self.args, said, strict=True)
                     if name not in self.defaults or text != repr_of(self.defaults[name])]  # fmt: skip
            return f"{self.module}({', '.join(given)})"
        made, at = [], 0
        for cls, _ in self.calls:
            count = len(cls.params)
            made.append(f"{cls.name}({', '.join(said[at : at + count])})")
            at += count
        if len(made) == 1:
            return made[0]
        rows: list[str] = []
        at = 0
        while at < len(made):
            count = 1
            while at + count < len(made) and made[at + count] == made[at]:
                count += 1
            rows.append(made[at] if count == 1 else f"*({made[at]} for _ in range({count}))")
            at += count
        return f"nn.Sequential({', '.join(rows)})"


UNNAMED = {
    "nn.Conv": ("in_channels", "channels", "kernel"), "nn.ConvTranspose": ("in_channels", "channels", "kernel"),
    "nn.Linear": ("in_features", "features"), "nn.MaxPool": ("kernel",), "nn.AvgPool": ("kernel",),
    "LayerScale": ("channels", "axes"),
}  # fmt: skip
"""What arguments without a name are called."""


@dataclass(slots=True)
class Body:
    """A class in the making: its attributes, the lines of `forward`, and the modules that hold layers, by index."""

    made: list[Made] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    inner: dict[int, str] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)
    returns: str = ""

    def shape(self) -> tuple[Any, ...]:
        """Return what is equal among calls of one class."""
        return tuple(m.shape() for m in self.made), tuple(self.lines), tuple(self.inputs), self.returns


@dataclass(slots=True)
class Class:
    """A class: its name, the calls that it stands for, and the parameters of its `__init__`."""

    name: str
    bodies: list[Body]
    params: list[tuple[str, list[Any]]] = field(default_factory=list)
    slots: list[int | None] = field(default_factory=list)

    def settle(self) -> None:
        """Find which arguments are parameters: those that differ among the calls, equal ones once."""
        columns = list(zip(*([v for m in body.made for v in m.values()] for body in self.bodies), strict=True))
        names = [name for made in self.bodies[0].made for name in made.names()]
        known: dict[tuple[Any, ...], int] = {}
        taken: set[str] = set()
        for column, name in zip(columns, names, strict=True):
            key = tuple((type(v), repr(v)) for v in column)
            if len(set(key)) == 1:
                self.slots.append(None)
                continue
            if key not in known:
                free, number = name, 1
                while free in taken or free in RESERVED:
                    number += 1
                    free = f"{name}_{number}"
                taken.add(free)
                known[key] = len(self.params)
                self.params.append((free, list(column)))
            self.slots.append(known[key])

    def arguments(self, number: int) -> list[Any]:
        """Return the arguments of one of the calls."""
        return [values[number] for _, values in self.params]


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
    return _Writer(graph, name, file, line).write()


SHORT = ("x", "y", "z")
"""Names of tensors, while nothing that is read later goes by them."""


@dataclass(slots=True)
class Names:
    """What tensors are called in `forward`, at one place of it: by tensor, and until which place each is read."""

    known: dict[Ref, str]
    later: dict[Ref, int]
    now: int

    def new(self, ref: Ref, wanted: str) -> str:
        """Return a name for a new tensor."""
        held = {name for other, name in self.known.items() if self.later.get(other, -1) > self.now}
        name = next((short for short in SHORT if short not in held), "")
        if not name:
            base = name = pythonic(wanted)
            number = 1
            while name in held:
                number += 1
                name = f"{base}_{number}"
        for other in [other for other, had in self.known.items() if had == name]:
            del self.known[other]
        self.known[ref] = name
        return name


def pythonic(path: str) -> str:
    """Return a path as a name of Python."""
    text = re.sub(r"\W", "_", path)
    text = f"_{text}" if not text or text[0].isdigit() else text
    return f"{text}_" if text in RESERVED else text


def camel(text: str) -> str:
    """Return a name as that of a class."""
    found = "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", text) if part)
    return f"N{found}" if not found or found[0].isdigit() else found


class _Writer:
    """One way through a network."""

    def __init__(self, graph: Graph, name: str, file: str | None, line: Callable[[Span | None], str | None]) -> None:
        self.graph = graph
        self.name = name
        self.file = file
        self.line = line
        self.classes: list[Class] = []
        self.by_shape: dict[Any, tuple[Class, int]] = {}
        self.helpers: dict[str, None] = {}
        self.used: set[str] = set(HELPERS)

    def write(self) -> Written:
        root = scopes(self.graph)
        self.lenders(root)
        top = Class(self.class_name(camel(self.name)), [])
        body = self.body(root, network=True)
        top.bodies.append(body)
        for one in (*self.classes, top):
            one.settle()
        text = self.text(top)
        modules = {self.graph.nodes[index].path: name for index, name in body.inner.items()}
        return Written(text, modules)

    def lenders(self, root: Scope) -> None:
        """Refuse a layer that uses the weights of one in another block."""
        homes: dict[int, str] = {}
        todo = [root]
        while todo:
            scope = todo.pop()
            homes.update({child: scope.path for child in scope.children if isinstance(child, int)})
            todo += [child for child in scope.children if isinstance(child, Scope)]
        for index, node in enumerate(self.graph.nodes):
            if node.shares is not None and homes[node.shares] != homes[index]:
                raise refused(node, "it uses the weights of a layer in another block", self.file)

    def class_name(self, wanted: str) -> str:
        found, number = wanted, 1
        while found in self.used:
            number += 1
            found = f"{wanted}{number}"
        self.used.add(found)
        return found

    def word(self, scope: Scope) -> str:
        """Return the name of the block that a call is of, as the spec has it."""
        text = self.line(scope.span)
        if text is not None and scope.span is not None:
            match = re.match(r"[\"']?([A-Za-z_][\w-]*)", text[scope.span.column - 1 :])
            if match:
                return match[1]
        return re.sub(r"[.\d]+$", "", scope.path).rsplit(".", 1)[-1] or "block"

    def body(self, scope: Scope, *, network: bool = False) -> Body:
        """Return the class that a call needs."""
        body = Body()
        names: dict[Ref, str] = {}
        prefix = f"{scope.path}." if scope.path else ""
        attributes: set[str] = set()
        inputs = [(-k - 1, 0) for k in range(len(self.graph.inputs))]
        for number, ref in enumerate(inputs if network else scope.reads):
            name = "x" if not number else pythonic(list(self.graph.inputs)[number]) if network else f"x{number + 1}"
            names[ref] = name
            body.inputs.append(name)
        later = self.uses(scope)
        children = scope.children
        at = 0
        while at < len(children):
            child = children[at]
            if isinstance(child, Scope):
                run = self.row(children, at, scope)
                at += len(run)
                self.calls(body, run, prefix, Names(names, later, at - 1), attributes)
            else:
                self.layer(body, child, prefix, Names(names, later, at), attributes)
                at += 1
        makes = [names[ref] for ref in scope.makes]
        body.returns = ", ".join(makes) if len(makes) != 1 else makes[0]
        return body

    def uses(self, scope: Scope) -> dict[Ref, int]:
        """Return, for each tensor, the place of the last child that reads it; beyond the end for what goes out."""
        last: dict[Ref, int] = {}
        for place, child in enumerate(scope.children):
            reads = child.reads if isinstance(child, Scope) else self.reads(child)
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
            else:
                found.append(ref)
        return found

    def row(self, children: list[Any], at: int, scope: Scope) -> list[Scope]:
        """Return the calls from a place on that are a row: `name.0`, `name.1`, .., each reading the one before."""
        first: Scope = children[at]
        run = [first]
        base, _, number = first.path.rpartition(".")
        if number != "0" or len(first.makes) != 1 or len(first.reads) != 1:
            return run
        while at + len(run) < len(children):
            following = children[at + len(run)]
            if not isinstance(following, Scope) or following.path != f"{base}.{len(run)}":
                break
            before = run[-1].makes[0]
            outside = sum(1 for c in children for ref in (c.reads if isinstance(c, Scope) else self.reads(c))
                          if ref == before)  # fmt: skip
            if following.reads != [before] or len(following.makes) != 1 or outside != 1 or before in scope.makes:
                break
            run.append(following)
        return run

    def calls(self, body: Body, run: list[Scope], prefix: str, names: Names, attributes: set[str]) -> None:
        """Add a call of a block, or a row of them."""
        path = run[0].path
        base = path.rpartition(".")[0] if len(run) > 1 else path
        attribute = self.free(pythonic(base.removeprefix(prefix)), attributes)
        made = [self.instance(scope) for scope in run]
        for number, (_, _, inner) in enumerate(made):
            where = f"{attribute}.{number}" if len(run) > 1 else attribute
            body.inner.update({index: f"{where}.{name}" for index, name in inner.inner.items()})
        body.made.append(Made(attribute, calls=[(cls, number) for cls, number, _ in made]))
        reads = ", ".join(names.known[ref] for ref in run[0].reads)
        outs = [names.new(ref, attribute) for ref in run[-1].makes]
        body.lines.append(f"{', '.join(outs) or '_'} = self.{attribute}({reads})")

    def instance(self, scope: Scope) -> tuple[Class, int, Body]:
        """Return the class of a call, and which of the calls of that class it is."""
        body = self.body(scope)
        word = self.word(scope)
        key = (word, body.shape())
        known = self.by_shape.get(key)
        if known is None:
            made = Class(self.class_name(camel(word)), [])
            self.classes.append(made)
            self.by_shape[key] = known = (made, 0)
        cls = known[0]
        cls.bodies.append(body)
        return cls, len(cls.bodies) - 1, body

    def layer(self, body: Body, index: int, prefix: str, names: Names, attributes: set[str]) -> None:
        """Add one layer."""
        node = self.graph.nodes[index]
        if node.op.name in PARTS:
            return
        try:
            said = torch_layer(node.op, node.in_shapes, node.out_shapes)
        except NotSaidError as error:
            raise refused(node, str(error), self.file) from None
        attribute = ""
        if said.module and node.shares is not None:
            attribute = body.inner[node.shares]
        elif said.module:
            attribute = self.free(pythonic(self.short(node.path.removeprefix(prefix), attributes)), attributes)
            body.made.append(Made(attribute, said.module, said.args, defaults=said.defaults))
            body.inner[index] = attribute
        if said.helper:
            self.helpers[said.helper] = None
        inputs = [names.known[ref] for ref in self.reads(index)]
        text = said.call.format(*inputs, m=f"self.{attribute}")
        wanted = attribute or node.path.rsplit(".", 1)[-1]
        outs = [names.new((index, port), wanted) for port in range(len(node.out_shapes))]
        body.lines.append(f"{', '.join(outs)} = {text}")

    def short(self, path: str, attributes: set[str]) -> str:
        """Return the last part of a path where that says enough: a norm or activation keeps what it belongs to."""
        parts = path.split(".")
        for count in range(1, len(parts) + 1):
            tail = parts[-count:]
            if tail[0] in ("norm", "act") or tail[0].isdigit():
                continue
            found = pythonic("_".join(tail))
            if found not in attributes:
                return found
        return "_".join(parts)

    def free(self, name: str, attributes: set[str]) -> str:
        found, number = name, 1
        while found in attributes or found in RESERVED:
            number += 1
            found = f"{name}_{number}"
        attributes.add(found)
        return found

    # Text.

    def text(self, top: Class) -> str:
        """Return the whole file."""
        inputs = ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in self.graph.inputs.items())
        head = [f'"""{self.name.replace(chr(34), chr(39)).replace(chr(92), "/")}: {inputs}."""', "",
                "from __future__ import annotations", "", "import torch"]  # fmt: skip
        blocks = [HELPERS[name] for name in self.helpers]
        blocks += [self.class_text(cls) for cls in self.classes]
        blocks.append(self.class_text(top))
        blocks.append(f'def build() -> {top.name}:\n    """Return the network with fresh weights."""\n'
                      f"    return {top.name}()\n")  # fmt: skip
        body = "\n\n".join(blocks)
        if "F." in body:
            head.append("import torch.nn.functional as F")
        head.append("from torch import Tensor, nn")
        if "torch." not in body:
            head.remove("import torch")
        return "\n".join(head) + "\n\n\n" + body

    def class_text(self, cls: Class) -> str:
        """Return one class."""
        body = cls.bodies[0]
        lines = [f"class {cls.name}(nn.Module):"]
        params = "".join(f", {name}: {kind(values)}" for name, values in cls.params)
        lines += wrapped(f"    def __init__(self{params}) -> None:", 4)
        lines.append("        super().__init__()")
        at = 0
        for made in body.made:
            said = []
            for value in made.values():
                slot = cls.slots[at]
                said.append(cls.params[slot][0] if slot is not None else repr_of(value))
                at += 1
            lines += wrapped(f"        self.{made.attribute} = {made.text(said)}", 8)
        ins = ", ".join(f"{name}: Tensor" for name in body.inputs)
        count = body.returns.count(",") + 1
        result = "Tensor" if count == 1 else f"tuple[{', '.join(['Tensor'] * count)}]"
        lines += ["", *wrapped(f"    def forward(self, {ins}) -> {result}:", 4)]
        rest = list(body.lines)
        last = f"return {body.returns}"
        if rest and rest[-1].startswith(f"{body.returns} = ") and count == 1:
            last = "return " + rest.pop()[len(body.returns) + 3 :]
        for line in (*rest, last):
            lines += wrapped(f"        {line}", 8)
        return "\n".join(lines) + "\n"


def repr_of(value: Any) -> str:
    """Return a value as Python writes it, text in double quotes."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)


def kind(values: list[Any]) -> str:
    """Return the annotation of a parameter."""
    kinds = {type(v) for v in values}
    if kinds <= {int}:
        return "int"
    if kinds <= {bool}:
        return "bool"
    if kinds <= {int, float}:
        return "float"
    if kinds <= {str}:
        return "str"
    return "int | tuple[int, ...]" if kinds <= {int, tuple} else "tuple[int, ...] | None"


def wrapped(line: str, indent: int) -> list[str]:
    """Return a line, broken after the bracket that it opens where it is too long."""
    if len(line) <= WIDTH:
        return [line]
    at = line.find("(", indent + 4)
    end = line.rfind(")")
    if at < 0 or end < at:
        return [line]
    inner, depth, parts, start = line[at + 1 : end], 0, [], 0
    for place, letter in enumerate(inner):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth:
            parts.append(inner[start:place].strip())
            start = place + 1
    parts.append(inner[start:].strip())
    pad = " " * (indent + 4)
    rows: list[str] = []
    for part in parts:
        if rows and len(rows[-1]) + len(part) + 2 < WIDTH:
            rows[-1] += f" {part},"
        else:
            rows.append(f"{pad}{part},")
    return [line[: at + 1], *rows, " " * indent + line[end:]]
