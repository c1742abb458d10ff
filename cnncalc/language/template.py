"""A spec as its text says it, checked but not yet expanded: items, blocks, variables, and slots for values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnncalc.language.tree import Map, Node, Scalar

if TYPE_CHECKING:
    from cnncalc.language.slots import Args, Slot
    from cnncalc.ops import base as ops
    from cnncalc.values.diagnostics import Collector, Span

FORMAT = 1
FILE_KEYS = (
    "cnncalc", "name", "source", "input", "inputs", "vars", "variants", "defaults", "blocks", "layers", "outputs",
    "budgets",
)  # fmt: skip
MODIFIERS = ("as", "from", "repeat", "first", "when", "share")
LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
DOTTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*")
MAX_SCOPES = 100
"""Block calls and merge paths may be nested this deep."""
MAX_REPEAT = 10_000
MAX_FAILURES = 200
"""A spec with more mistakes than this is not read any further."""
MAX_DIMENSIONS = 4


class Item:
    """One entry of a list of layers.

    Attributes:
        name: its name in its scope, automatic or its label.
        key: what its key means: an operator class, a block's name, or None where the item is wrong.
        counter: the canonical name that it counts under.
        args: arguments of an operator or parameters of a block call.
        first: those of the first repetition that differ.
        sources: a merge's sources: (path name or None, label scalar or list of items).
        cost: roughly how long one repetition takes to look at, whether it is left out or not.
    """

    __slots__ = ("args", "cost", "counter", "defaults", "first", "from_", "key", "key_node", "labels", "name",
                 "repeat", "share", "sources", "span", "when")  # fmt: skip

    def __init__(self, key_node: Scalar) -> None:
        self.key_node = key_node
        self.span = key_node.span
        self.cost = 4
        self.key: type[ops.Operator] | str | None = None
        self.counter = key_node.text
        self.name = ""
        self.args: dict[str, Slot] = {}
        self.first: dict[str, Slot] = {}
        self.defaults: dict[str, Slot] = {}
        self.labels: tuple[Scalar, ...] = ()
        self.from_: tuple[Scalar, ...] = ()
        self.repeat: Slot | None = None
        self.when: Slot | None = None
        self.share: Scalar | None = None
        self.sources: list[tuple[str | None, Scalar | Items]] | None = None

    @property
    def joins_labels(self) -> bool:
        """Whether it is a merge whose sources are all labels, so that the layer before need not be one of them."""
        return self.sources is not None and not self.from_ and all(isinstance(s, Scalar) for _, s in self.sources)


class Items:
    """A list of items: one scope for names and labels."""

    __slots__ = ("items", "labels")

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.labels: dict[str, Span | None] = {}


@dataclass(slots=True)
class Block:
    """A named list of layers with parameters.

    Attributes:
        params: parameter names with their default node, or None for a required one.
        slots: the defaults, ready to evaluate.
        words: the parameters that are passed on as words.
        inputs: names of its inputs.
        failed: its body cannot be read, so that calls of it fail in silence.
    """

    name: str
    key: Scalar
    node: Map
    params: dict[str, Node | None] = field(default_factory=dict)
    slots: dict[str, Slot] = field(default_factory=dict)
    words: frozenset[str] = frozenset()
    inputs: tuple[str, ...] = ("x",)
    body: Items = field(default_factory=Items)
    failed: bool = False


@dataclass(slots=True)
class Template:
    """A whole spec, checked as far as text goes."""

    collector: Collector
    root: Map
    name: str | None = None
    source: str | None = None
    inputs: dict[str, Slot] = field(default_factory=dict)
    inputs_span: Span | None = None
    vars: dict[str, tuple[Scalar, Node]] = field(default_factory=dict)
    words: frozenset[str] = frozenset()
    variants: dict[str, dict[str, tuple[Scalar, Node]]] = field(default_factory=dict)
    blocks: dict[str, Block] = field(default_factory=dict)
    body: Items = field(default_factory=Items)
    outputs: tuple[tuple[str, Scalar], ...] = ()
    budgets: Map | None = None
    defaults: dict[str, Args] = field(default_factory=dict)
    dotted: bool = False
