"""A spec as its text says it, checked but not yet expanded: items, blocks, variables, and slots for values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.language.tree import Map, Node, Scalar

if TYPE_CHECKING:
    from cnncalc.language.items import ItemReader
    from cnncalc.language.scope import Frame
    from cnncalc.language.slots import Args, Slot
    from cnncalc.ops import base as ops
    from cnncalc.values.diagnostics import Collector, Span

FORMAT = 1
FILE_KEYS = (
    "cnncalc", "name", "source", "input", "inputs", "vars", "variants", "defaults", "blocks", "layers", "outputs",
    "budgets", "accept", "use", "bits",
)  # fmt: skip
MODIFIERS = ("as", "from", "repeat", "each", "first", "tied", "when", "share", "accept", "bits", "density")
PATH_MODIFIERS = ("layers", "when", "from", "repeat", "branches", "keep", "tied", "accept")
BLOCK_KEYS = ("params", "inputs", "outputs", "accept", "layers")
LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
DOTTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*")
MAX_LABEL = 200
"""Characters of a label, and of a name of a block, parameter, variable or path of a merge."""
MAX_PATH = 2_000
"""Characters of a layer's path."""
MAX_PARTS = 300
"""Parts of a path, between dots."""
MEAN_PATH = 200
"""Characters of a path on average, over as many layers as a network may have."""
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
        key: what its key means: an operator class, a block, the text of a `$word`, or None where the item is wrong.
        counter: the canonical name that it counts under.
        args: arguments of an operator or parameters of a block call.
        first: those of the first repetition that differ.
        sources: a merge's sources: (path name or None, label scalar or path).
        each: the lists that it walks.
        tag: the name of the column of `each` whose words are the labels of the rows.
        within: the list of layers that it is in, of an item with a tag.
        tied: all repetitions use the weights of the first.
        apart: it keeps its own weights where the block call around it shares those of another.
        accept: codes of warnings that are meant here.
        bits: widths of its numbers and the density of its weights, by name.
        word: the parameter or variable whose word is its operator or block.
        entry: what it is written as; kept where its meaning depends on a word.
        bound: the frame in which the arguments of such a word are evaluated.
        cost: roughly how long one repetition takes to look at, whether it is left out or not.
    """

    __slots__ = ("accept", "apart", "args", "bits", "bound", "cost", "counter", "defaults", "each", "entry", "first",
                 "from_", "key", "key_node", "labels", "name", "repeat", "share", "sources", "span", "tag", "tied",
                 "when", "within", "word")  # fmt: skip

    def __init__(self, key_node: Scalar) -> None:
        self.key_node = key_node
        self.span = key_node.span
        self.cost = 4
        self.key: type[ops.Operator] | Block | str | None = None
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
        self.sources: list[tuple[str | None, Scalar | Path]] | None = None
        self.each: tuple[Walked, ...] = ()
        self.tag: Scalar | None = None
        self.within: Items | None = None
        self.tied = False
        self.apart = False
        self.accept: tuple[str, ...] = ()
        self.bits: Args = {}
        self.word: str | None = None
        self.entry: Node | None = None
        self.bound: Frame | None = None

    @property
    def joins_labels(self) -> bool:
        """Whether it is a merge whose sources are all labels, so that the layer before need not be one of them."""
        return self.sources is not None and not self.from_ and all(isinstance(s, Scalar) for _, s in self.sources)


class Walked(NamedTuple):
    """A list that an item or a path walks: the names that a row's values get, and the list as it is written."""

    names: tuple[Scalar, ...]
    table: bool
    node: Node
    words: frozenset[str]


class Path:
    """A named source of a merge: a list of layers, and what may stand beside it.

    Attributes:
        branches: the lists of which each row is a path of its own.
        keep: every repetition is a source, and its input before them.
    """

    __slots__ = ("accept", "branches", "from_", "items", "keep", "repeat", "span", "tied", "when")

    def __init__(self, items: Items, span: Span | None) -> None:
        self.items = items
        self.span = span
        self.when: Slot | None = None
        self.from_: tuple[Scalar, ...] = ()
        self.repeat: Slot | None = None
        self.branches: tuple[Walked, ...] = ()
        self.keep = False
        self.tied = False
        self.accept: tuple[str, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether it is one source whatever its modifiers come to."""
        return self.when is None and not self.branches and not self.keep


class Items:
    """A list of items: one scope for names and labels.

    Attributes:
        automatic: the names of the items without a label of their own.
        tagged: rows in it are labelled by words, so that not all labels are known before.
    """

    __slots__ = ("automatic", "items", "labels", "tagged")

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.labels: dict[str, Span | None] = {}
        self.automatic: set[str] = set()
        self.tagged = False


@dataclass(slots=True, eq=False)
class Block:
    """A named list of layers with parameters.

    Attributes:
        params: parameter names with their default node, or None for a required one.
        slots: the defaults, ready to evaluate.
        words: the parameters that are passed on as words.
        inputs: names of its inputs.
        outputs: labels of its outputs; the last layer is the only one where there are none.
        accept: codes of warnings that are meant in it.
        home: the file that it is in, whose variables, defaults and blocks hold in it.
        depth: how deep the calls in it are nested.
        failed: its body cannot be read, so that calls of it fail in silence.
    """

    name: str
    key: Scalar
    node: Map
    params: dict[str, Node | None] = field(default_factory=dict)
    slots: dict[str, Slot] = field(default_factory=dict)
    words: frozenset[str] = frozenset()
    inputs: tuple[str, ...] = ("x",)
    outputs: tuple[Scalar, ...] = ()
    accept: tuple[str, ...] = ()
    body: Items = field(default_factory=Items)
    failed: bool = False
    home: Template | None = None
    depth: int = 0


@dataclass(slots=True, eq=False)
class Template:
    """A whole spec, checked as far as text goes; or a file whose blocks a spec uses.

    Attributes:
        blocks: by name, those of the file itself and those that it uses.
        uses: the files that it uses.
        lost: labels that were written among the arguments of a layer, where they are none.
        texts: the text of every used file by its path from the spec's folder; only of the spec itself.
    """

    collector: Collector
    root: Map
    uses: list[Template] = field(default_factory=list)
    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
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
    lost: set[str] = field(default_factory=set)
    accept: tuple[str, ...] = ()
    accept_span: Span | None = None
    bits: Args = field(default_factory=dict)
    reader: ItemReader | None = None
