"""Source of a network as a person would write it: which blocks are one, what their parameters are, tensors' names.

What the lines themselves say is a system's own: `torch_source` and `keras_source` say theirs.
"""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnncalc.graph.graph import Ref

KEYWORDS = frozenset((*keyword.kwlist, "x"))
WIDTH = 88


@dataclass(slots=True)
class LayerCode:
    """A layer, or a step of one, in another system's words.

    Attributes:
        module: the class of the module, "" where it is an expression alone.
        args: its arguments, with "" for those without a name.
        call: the expression; `{m}` is the module, `{0}`, `{1}`, .. what the layer reads.
        helper: a function or class that the expression needs, by name.
        defaults: arguments with the value that they have where they are left out.
        part: what a step beside the layer itself is called, `pad` or `crop`.
        around: a function that is given the module, and gives the one that is used.
    """

    module: str = ""
    args: list[tuple[str, Any]] = field(default_factory=list)
    call: str = "{m}({0})"
    helper: str = ""
    defaults: dict[str, Any] = field(default_factory=dict)
    part: str = ""
    around: str = ""


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
class Attribute:
    """An attribute of a class: a module with its arguments, or calls of blocks, several in a row.

    Attributes:
        attribute: what it is called.
        module: its class, "" for calls of blocks.
        args: the module's arguments.
        calls: the classes of the blocks, and which of its calls each is.
        defaults: arguments that are left out at these values.
        reads: what the calls of blocks read, as it is written.
        outs: what their results are called.
        comment: what the spec says beside the item.
        around: a function that the module is given to.
        parts: the modules of a `Sequential`, each with its name in it.
        likes: for each call of a block the call whose weights it has, None where it shares none.
    """

    attribute: str
    module: str = ""
    args: list[tuple[str, Any]] = field(default_factory=list)
    calls: list[tuple[Class, int]] = field(default_factory=list)
    defaults: dict[str, Any] = field(default_factory=dict)
    reads: str = ""
    outs: str = ""
    comment: str = ""
    around: str = ""
    parts: list[tuple[str, Attribute]] = field(default_factory=list)
    likes: list[str | None] = field(default_factory=list)

    def shape(self) -> tuple[Any, ...]:
        """Return what is equal among calls of one class."""
        return (
            self.attribute,
            self.module,
            self.around,
            tuple(name for name, _ in self.args),
            tuple(c.name for c, _ in self.calls),
            tuple((name, part.shape()) for name, part in self.parts),
            tuple(self.likes),
        )

    def values(self) -> list[Any]:
        """Return the arguments, of all calls or parts one after the other."""
        if self.parts:
            return [v for _, part in self.parts for v in part.values()]
        return [v for cls, n in self.calls for v in cls.arguments(n)] if self.calls else [v for _, v in self.args]

    def names(self) -> list[str]:
        """Return what each argument is called as a parameter."""
        if self.parts:
            return [name for _, part in self.parts for name in part.names()]
        if self.calls:
            return [name for cls, _ in self.calls for name, _ in cls.params]
        kind = re.sub(r"[123][dD]", "", self.module)
        words = UNNAMED.get(kind, ("channels",) if "Norm" in self.module else ("size",))
        found, place = [], 0
        for name, _ in self.args:
            word = name or words[min(place, len(words) - 1)]
            place += not name
            found.append(word if word.startswith("in_") or word == "stride" else f"{self.attribute}_{word}")
        return found

    def text(self, said: list[str], *more: str) -> str:
        """Return how it is made, for its arguments as they are written; one that is as if left out is left out."""
        given = [f"{name}={text}" if name else text for (name, _), text in zip(self.args, said, strict=True)
                 if name not in self.defaults or text != repr_of(self.defaults[name])]  # fmt: skip
        text = f"{self.module}({', '.join((*given, *more))})"
        return f"{self.around}({text})" if self.around else text

    def rows(self, said: list[str]) -> list[tuple[str, list[str], int]]:
        """Return the calls of blocks as name, arguments and how many that are equal follow each other."""
        found: list[tuple[str, list[str], int]] = []
        at = 0
        for cls, _ in self.calls:
            given = said[at : at + len(cls.params)]
            at += len(given)
            if found and found[-1][:2] == (cls.name, given):
                found[-1] = (cls.name, given, found[-1][2] + 1)
            else:
                found.append((cls.name, given, 1))
        return found


UNNAMED = {
    "nn.Conv": ("in_channels", "channels", "kernel"), "nn.ConvTranspose": ("in_channels", "channels", "kernel"),
    "nn.Linear": ("in_features", "features"), "nn.MaxPool": ("kernel",), "nn.AvgPool": ("kernel",),
    "LayerScale": ("channels", "axes"), "channel_factors": ("channels", "axes"),
    "ChannelLinear": ("in_features", "features"),
    "layers.Conv": ("filters", "kernel"), "layers.ConvTranspose": ("filters", "kernel"),
    "layers.DepthwiseConv": ("kernel",), "layers.Dense": ("units",), "layers.MaxPooling": ("pool",),
    "layers.AveragePooling": ("pool",), "layers.ZeroPadding": ("padding",), "layers.Cropping": ("cropping",),
    "layers.Dropout": ("rate",), "layers.Reshape": ("shape",), "layers.GroupNormalization": ("groups",),
}  # fmt: skip
"""What arguments without a name are called."""


@dataclass(slots=True)
class Body:
    """A class in the making: its attributes, the lines of `forward`, and the modules that hold layers, by index."""

    made: list[Attribute] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    inner: dict[int, str] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)
    returns: str = ""

    def shape(self) -> tuple[Any, ...]:
        """Return what is equal among calls of one class."""
        return tuple(m.shape() for m in self.made), tuple(self.lines), tuple(self.inputs), self.returns

    def result(self, tensor: str) -> str:
        """Return what the function returns, as an annotation over the class of a tensor."""
        count = self.returns.count(",") + 1
        return tensor if count == 1 else f"tuple[{', '.join([tensor] * count)}]"

    def returning(self, lines: list[str]) -> list[str]:
        """Return lines with the return behind them, which takes in a last line that only names what is returned."""
        if "," not in self.returns and lines and lines[-1].startswith(f"{self.returns} = "):
            return [*lines[:-1], "return " + lines[-1][len(self.returns) + 3 :]]
        return [*lines, f"return {self.returns}"]


@dataclass(slots=True)
class Class:
    """A class: its name, the calls that it stands for, and the parameters of its `__init__`."""

    name: str
    bodies: list[Body]
    params: list[tuple[str, list[Any]]] = field(default_factory=list)
    slots: list[int | None] = field(default_factory=list)

    def settle(self, reserved: frozenset[str]) -> None:
        """Find which arguments are parameters: those that differ among the calls, equal ones once."""
        columns = list(zip(*([v for m in body.made for v in m.values()] for body in self.bodies), strict=True))
        names = [name for made in self.bodies[0].made for name in made.names()]
        keys = [tuple((type(v), repr(v)) for v in column) for column in columns]
        known: dict[tuple[Any, ...], int] = {}
        taken: set[str] = set()
        for place, (column, key) in enumerate(zip(columns, keys, strict=True)):
            if len(set(key)) == 1:
                self.slots.append(None)
                continue
            if key not in known:
                wanted = [name for name, other in zip(names[place:], keys[place:], strict=True) if other == key]
                free = next((name for name in wanted if name not in taken and name not in reserved), "")
                number = 1
                while not free:
                    number += 1
                    name = f"{names[place]}_{number}"
                    free = name if name not in taken and name not in reserved else ""
                taken.add(free)
                known[key] = len(self.params)
                self.params.append((free, list(column)))
            self.slots.append(known[key])

    def given(self) -> list[list[str]]:
        """Return what each attribute is given, as written: parameters, and the values that all calls share."""
        slots = iter(self.slots)
        return [
            [repr_of(value) if (slot := next(slots)) is None else self.params[slot][0] for value in made.values()]
            for made in self.bodies[0].made
        ]

    def arguments(self, number: int) -> list[Any]:
        """Return the arguments of one of the calls."""
        return [values[number] for _, values in self.params]


SHORT = ("x", "y", "z")
"""Names of tensors, while nothing that is read later goes by them."""


@dataclass(slots=True)
class TensorNames:
    """What tensors are called in `forward`, at one place of it: by tensor, and until which place each is read."""

    known: dict[Ref, str]
    later: dict[Ref, int]
    now: int
    reserved: frozenset[str] = KEYWORDS

    def new(self, ref: Ref, wanted: str) -> str:
        """Return a name for a new tensor."""
        held = {name for other, name in self.known.items() if self.later.get(other, -1) > self.now}
        name = next((short for short in SHORT if short not in held), "")
        if not name:
            base = name = pythonic(wanted, self.reserved)
            number = 1
            while name in held:
                number += 1
                name = f"{base}_{number}"
        for other in [other for other, had in self.known.items() if had == name]:
            del self.known[other]
        self.known[ref] = name
        return name


def pythonic(path: str, reserved: frozenset[str]) -> str:
    """Return a path as a name of Python."""
    text = re.sub(r"\W", "_", path)
    text = f"_{text}" if not text or text[0].isdigit() else text
    return f"{text}_" if text in reserved else text


def camel(text: str) -> str:
    """Return a name as that of a class."""
    found = "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", text) if part)
    return f"N{found}" if not found or found[0].isdigit() else found


def comment_of(line: str | None) -> str:
    """Return the comment behind an item of a spec; a number sign in quotes is none."""
    match = re.match(r"""(?:[^#"']|"[^"]*"|'[^']*'|(?<=\S)#)*?\s#\s*(.*)$""", line or "")
    return match[1].strip() if match else ""


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
    """Return a line; one that is too long is broken inside its longest bracket, as formatters do."""
    if len(line) <= WIDTH:
        return [line]
    found = longest(line)
    if found is None:
        return [line]
    start, end = found
    pad = " " * (indent + 4)
    parts = parted(line[start + 1 : end])
    rows = [pad + ", ".join(parts)]
    body, many, count = parts[0].partition(" for _ in ")
    if len(parts) == 1 and many:
        rows = rows if len(rows[0]) <= WIDTH else [*wrapped(pad + body, indent + 4), f"{pad}for _ in {count}"]
    elif len(rows[0]) > WIDTH:
        rows = [row for part in parts for row in wrapped(f"{pad}{part},", indent + 4)]
    return [line[: start + 1], *rows, " " * indent + line[end:]]


def longest(line: str) -> tuple[int, int] | None:
    """Return where the longest bracket of a line that stands in no other begins and ends."""
    open_, found = list[int](), list[tuple[int, int]]()
    quoted = ""
    for place, letter in enumerate(line):
        if letter in "\"'" and quoted in ("", letter):
            quoted = "" if quoted else letter
        elif quoted:
            continue
        elif letter in "([{":
            open_.append(place)
        elif letter in ")]}" and open_:
            start = open_.pop()
            if not open_ and place > start + 1:
                found.append((start, place))
    return max(found, key=lambda pair: pair[1] - pair[0], default=None)


def parted(inner: str) -> list[str]:
    """Return what stands between the commas of a bracket."""
    parts, depth, start = list[str](), 0, 0
    for place, letter in enumerate(inner):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth:
            parts.append(inner[start:place].strip())
            start = place + 1
    return [*parts, inner[start:].strip()]
