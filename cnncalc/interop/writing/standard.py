"""The shipped blocks found again: items that are what `use: [std]` has under a name become calls of it.

`PATTERNS` says where a block may be and which of its parameters stand where; that it is the block says its expansion,
which is held against the layers that it would stand for.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from cnncalc.graph.rewrite import part as part_of
from cnncalc.interop.writing.draft import DraftBlock, DraftItem, Verbatim
from cnncalc.interop.writing.equal import same
from cnncalc.interop.writing.windows import lists
from cnncalc.language.document import Spec
from cnncalc.language.file import template
from cnncalc.language.python_data import from_python
from cnncalc.language.settings import Overrides
from cnncalc.language.standard import standard, standard_block
from cnncalc.language.tree import Map, Scalar
from cnncalc.ops.operator import Operator
from cnncalc.ops.registry import find
from cnncalc.results.layer import operator_form
from cnncalc.values.diagnostics import Collector, SpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cnncalc.graph.graph import Graph
    from cnncalc.interop.writing.draft import Draft, Tensor

MOST_ITEMS = 4000
"""In larger networks no shipped blocks are looked for."""
Form: TypeAlias = "str | tuple[str, Mapping[str, Sequence[Form] | None]]"
"""An item: its key (`act` for any activation), of a merge with the items of its paths, None for any."""
Read: TypeAlias = "Callable[[list[DraftItem], int], dict[str, Any]]"
"""Returns a block's arguments from its items and the channels that enter."""


class Pattern(NamedTuple):
    """What a shipped block may look like: its items, and how its arguments are read from them."""

    name: str
    items: tuple[Form, ...]
    read: Read


def path(item: DraftItem, name: str) -> list[DraftItem]:
    """Return the items of a merge's path."""
    return next(p.items for p in item.paths if p.name == name)


def gate(part: list[DraftItem], entering: int) -> dict[str, Any]:
    """Squeeze-and-excite: the width between, what is behind the first convolution and behind the second."""
    _, down, up = path(part[0], "gate")
    return {**differs("mid", down.args["out"], entering // 16), **norm_of(down, None), **act_of(down, "relu"),
            **act_of(up, "sigmoid", "gate")}  # fmt: skip


def basic(part: list[DraftItem], _entering: int) -> dict[str, Any]:
    """A residual of two 3x3 convolutions."""
    first, second = path(part[0], "body")
    return {"out": second.args["out"], **differs("stride", first.args["stride"], 1), **norm_of(first), **act_of(first)}


def bottleneck(part: list[DraftItem], _entering: int) -> dict[str, Any]:
    """A residual of 1x1, 3x3 and 1x1 convolutions."""
    first, middle, last = path(part[0], "body")
    mid = first.args["out"]
    return {"mid": mid, **differs("out", last.args["out"], 4 * mid), **differs("stride", middle.args["stride"], 1),
            **differs("groups", middle.args.get("groups", 1), 1), **norm_of(middle), **act_of(middle)}  # fmt: skip


def inverted(act: str) -> Read:
    """Return what reads a block of 1x1, depthwise and 1x1 convolutions, the first of which may be left out."""

    def read(part: list[DraftItem], entering: int) -> dict[str, Any]:
        body = path(part[0], "body") if part[0].paths and part[0].key == "add" else part
        deep = next(item for item in body if item.key == "depthwise")
        wide = body[0].args["out"] if body[0] is not deep else entering
        return {"out": body[-1].args["out"], **differs("t", wide // entering, 6),
                **differs("kernel", deep.args["kernel"], 3), **differs("stride", deep.args["stride"], 1),
                **norm_of(deep), **act_of(deep, act)}  # fmt: skip

    return read


def split_blocks(part: list[DraftItem], _entering: int) -> dict[str, Any]:
    """YOLOv8's block: half of the channels through n small blocks, each half and each result joined."""
    first, last = part[0], part[-1]
    small = [item for item in part[2:-2] if item.key == "add"]
    out, count = last.args["out"], len(small) or len(part[2:-2]) // 2
    return {"out": out, **differs("n", count, 1), **differs("shortcut", bool(small), usual=False),
            **differs("hidden", first.args["out"] // 2, out // 2), **norm_of(first),
            **act_of(first, "silu")}  # fmt: skip


def pools(part: list[DraftItem], _entering: int) -> dict[str, Any]:
    """Pools one after another, all of them joined, between two convolutions."""
    return {"out": part[-1].args["out"], **differs("kernel", part[1].args["kernel"], 5), **norm_of(part[0]),
            **act_of(part[0], "silu")}  # fmt: skip


def bins(part: list[DraftItem], _entering: int) -> dict[str, Any]:
    """The means of distributions over bins."""
    shape = part[0].args["shape"]
    return {**differs("bins", shape[1], 16), **differs("sides", shape[0], 4)} if len(shape) == 3 else {}


def differs(name: str, value: Any, usual: Any) -> dict[str, Any]:
    """Return an argument that is not its default."""
    return {} if value == usual else {name: value}


def norm_of(item: DraftItem, default: str | None = "batch_norm") -> dict[str, Any]:
    """Return the norm behind a layer."""
    return word("norm", item.args.get("norm"), default)


def act_of(item: DraftItem, default: str = "relu", name: str = "act") -> dict[str, Any]:
    """Return the activation behind a layer."""
    return word(name, item.args.get("act"), default)


def word(name: str, value: Operator | None, default: str | None) -> dict[str, Any]:
    """Return an operator inside another that is not the default."""
    cls = None if default is None else find(default)
    usual = None if cls is None else cls()
    return {} if value == usual else {name: Verbatim("none") if value is None else value}


SE: Form = ("mul", {"gate": ("global_avg_pool", "conv", "conv"), "map": ()})
CALLED = ("squeeze_excite",)
"""Shipped blocks that others call."""
GATED = ("conv", "depthwise", "squeeze_excite", "conv")
RESIDUAL: Form = ("add", {"body": ("conv", "conv"), "skip": ()})
MOST_SMALL = 6
"""Small blocks of YOLOv8's block, at most."""
PATTERNS = (
    Pattern("squeeze_excite", (SE,), gate),
    Pattern("bottleneck", (("add", {"body": ("conv", "conv", "conv"), "skip": None}), "act"), bottleneck),
    Pattern("basic", (("add", {"body": ("conv", "conv"), "skip": None}), "act"), basic),
    Pattern("mbconv", (("add", {"body": GATED, "skip": ()}),), inverted("silu")),
    Pattern("mbconv", GATED, inverted("silu")),
    Pattern("mbconv", ("depthwise", "squeeze_excite", "conv"), inverted("silu")),
    Pattern("inverted_residual", (("add", {"body": ("conv", "depthwise", "conv"), "skip": ()}),), inverted("relu6")),
    Pattern("inverted_residual", ("conv", "depthwise", "conv"), inverted("relu6")),
    Pattern("inverted_residual", ("depthwise", "conv"), inverted("relu6")),
    *(Pattern("c2f", ("conv", "split", *small, "concat", "conv"), split_blocks) for n in range(1, MOST_SMALL + 1)
      for small in (("conv", "conv") * n, (RESIDUAL,) * n)),
    Pattern("sppf", ("conv", *("max_pool",) * 3, "concat", "conv"), pools),
    Pattern("dfl", ("reshape", "permute", "softmax", "conv", "reshape"), bins),
)  # fmt: skip


def find_standard(draft: Draft) -> None:
    """Put calls of the shipped blocks where a draft has what they are, the widest after what is inside it."""
    if sum(1 for item in draft.items for _ in item.inside()) > MOST_ITEMS:
        return
    finder = Finder(draft)
    for name in dict.fromkeys(pattern.name for pattern in PATTERNS):
        patterns = [pattern for pattern in PATTERNS if pattern.name == name]
        params = standard_block(name)
        found = sum(finder.replaced(place.items, patterns) for place in list(lists(draft)))
        if found and params is not None:
            draft.standard.append(DraftBlock(name, {key: default(text) for key, text in params.items()}, []))


def default(text: str) -> Any:
    """Return a parameter's default; None where it has to be given."""
    return int(text) if text.isdigit() else Verbatim(text) if text else None


class Finder:
    """Finds the shipped blocks in one draft; `readers` are how often the results of each item are read."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.known: dict[Any, bool] = {}
        every = [inner for item in draft.items for inner in item.inside()]
        self.readers = Counter(tensor[0] for item in every for tensor in item.own())
        self.readers.update(number for number, _ in draft.outputs.values())

    def replaced(self, items: list[DraftItem], patterns: list[Pattern]) -> int:
        """Replace what is a block in one list, and return how often."""
        count = start = 0
        while start < len(items):
            for pattern in patterns:
                made = self.called(items[start : start + len(pattern.items)], pattern)
                if made is not None:
                    items[start : start + len(pattern.items)] = [made]
                    count += 1
                    break
            start += 1
        return count

    def called(self, part: list[DraftItem], pattern: Pattern) -> DraftItem | None:
        """Return the call of a block that stands for some items in a row, if they are the block."""
        if len(part) < len(pattern.items) or not all(map(fits, pattern.items, part)):
            return None
        inside = [item for top in part for item in top.inside()]
        made = {item.number for item in inside}
        entries = {tensor for item in part for tensor in item.needs() if tensor[0] not in made}
        apart = any(i.lends or i.shares is not None or i.when or i.bits != part[0].bits for i in inside)
        own = Counter(tensor[0] for item in inside for tensor in item.own())
        last, graph = part[-1].number, self.draft.graph
        if len(entries) != 1 or apart or any(self.readers[n] > own[n] for n in made - {last}):
            return None
        (entry,) = entries
        args = pattern.read(part, self.draft.shapes[entry].channels)
        layers = sorted({n for item in inside for n in item.layers})
        network = inner(graph, layers, entry, (last, 0))
        if network is None or not is_block(network, pattern.name, args, self.known):
            return None
        self.readers.subtract(own)
        self.readers[entry[0]] += 1
        return DraftItem(last, pattern.name, args, [entry], layers=layers, bits=part[0].bits)


def fits(form: Form, item: DraftItem) -> bool:
    """Return whether an item looks like one of a pattern."""
    if item.repeat != 1 or item.when:
        return False
    if isinstance(form, str):
        cls = find(item.key)
        return item.key == form or (form == "act" and cls is not None and cls.role == "act")
    key, paths = form
    named = {p.name: p.items for p in item.paths}
    if item.key != key or item.sources is None or len(item.sources) != len(named) or set(named) != set(paths):
        return False
    return all(wanted is None or (len(wanted) == len(named[name]) and all(map(fits, wanted, named[name])))
               for name, wanted in paths.items())  # fmt: skip


def is_block(part: Graph, name: str, args: Mapping[str, Any], known: dict[Any, bool]) -> bool:
    """Return whether a block's expansion is a network of some layers."""
    call = {name: {key: given(value) for key, value in args.items()} or None}
    shape = part.inputs["x"]
    key = (repr(call), tuple(shape), *((n.op, n.inputs) for n in part.nodes))
    if key not in known:
        data = {"input": list(shape), "layers": [call if call[name] else name]}
        try:
            spec = Spec(template(with_block(from_python(data), name), Collector()))
            found = spec.collector()
            made = spec.expand(Overrides(None, None, None, len(part.nodes) + 8), found)
            known[key] = not found.errors and same(part, made)
        except (SpecError, ValueError):
            known[key] = False
    return known[key]


def with_block(spec: Map, name: str) -> Map:
    """Return a spec that has a shipped block, and what this one calls, as its own."""
    blocks = standard().get("blocks")
    assert isinstance(blocks, Map)
    needed = {key.text: (key, body) for key, body in blocks.entries if key.text in {name, *CALLED}}
    word = Scalar("blocks", plain=True, text="blocks")
    return Map({**{key.text: (key, node) for key, node in spec.entries}, "blocks": (word, Map(needed))})


def inner(graph: Graph, layers: list[int], entry: Tensor, leaving: Tensor) -> Graph | None:
    """Return some layers of a graph as a network of its own, without widths; None where more enters them."""
    try:
        return part_of(graph, layers, {"x": entry}, {"y": leaving}, bits=None)
    except KeyError:
        return None


def given(value: Any) -> Any:
    """Return an argument as Python data of a spec."""
    if isinstance(value, Verbatim):
        return str(value)
    return operator_form(value) if isinstance(value, Operator) else list(value) if isinstance(value, tuple) else value
