"""A draft as the text of a spec: labels for what is read from afar, defaults for what most layers have, YAML."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from cnncalc.interop.writing.draft import DraftPath, Verbatim
from cnncalc.interop.writing.names import Labels
from cnncalc.interop.writing.widths import modifiers
from cnncalc.language.python_data import from_python
from cnncalc.language.write import ordered, text_of, to_yaml
from cnncalc.ops.operator import Operator
from cnncalc.ops.registry import find
from cnncalc.results.layer import operator_form, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnncalc.interop.writing.draft import Draft, DraftBlock, DraftItem, Tensor

DEFAULTED = frozenset(("conv", "depthwise"))
"""Operators that the defaults of `conv` hold for."""


def spec_text(draft: Draft, *, name: str, source: str | None, notes: Iterable[str]) -> str:
    """Return the text of a spec."""
    writer = Writer(draft)
    data = writer.data()
    head = "".join(f"# {' '.join(note.split())}\n" for note in notes)
    citation = "" if source is None else f"source: {text_of(source, flow=False)}\n"
    body = to_yaml(from_python(data), name=name)
    first, rest = body.split("\n", 2)[:2], body.split("\n", 2)[2]
    return f"{head}{first[0]}\n{first[1]}\n{citation}{rest}"


class Writer:
    """Writes one draft."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.names = Labels(draft)
        self.defaults = common(draft)

    def data(self) -> dict[str, Any]:
        """Return the spec as Python data."""
        draft, graph = self.draft, self.draft.graph
        found: dict[str, Any] = {"cnncalc": 1}
        if draft.standard:
            found["use"] = ["std"]
        if len(graph.inputs) == 1:
            found["input"] = list(next(iter(graph.inputs.values())))
        else:
            found["inputs"] = {name: list(shape) for name, shape in graph.inputs.items()}
        found.update(modifiers(draft.bits))
        if self.defaults:
            found["defaults"] = {"conv": {k: shown(v) for k, v in self.defaults.items()}}
        for block in draft.blocks:
            params = {name: shown(value) for name, value in block.params.items()}
            body: dict[str, Any] = {"params": params} if params else {}
            self.names.enter(block)
            body["layers"] = self.listed(block.items, None, block)
            self.names.leave()
            found.setdefault("blocks", {})[block.name] = body
        found["layers"] = self.listed(draft.items, (-1, 0), None)
        outputs = draft.outputs
        last = draft.items[-1]
        if list(outputs.values()) != [(last.number, 0)] or last.ports > 1:
            labels = {label: self.names.of(tensor) for label, tensor in outputs.items()}
            same = all(label == text for label, text in labels.items())
            found["outputs"] = list(labels) if same else labels
        return found

    def listed(self, items: list[DraftItem], entry: Tensor | None, block: DraftBlock | None) -> list[Any]:
        """Return a list of layers; `entry` is what the first reads without saying so."""
        found: list[Any] = []
        previous = entry if block is None else block_entry(items)
        for item in items:
            found.append(self.entry(item, previous))
            previous = (item.number, 0) if item.ports == 1 else None
        return found

    def entry(self, item: DraftItem, previous: Tensor | None) -> Any:
        """Return one entry of a list of layers."""
        found: dict[str, Any] = {}
        if item.sources is None:
            found[item.key] = self.arguments(item)
            reads = [] if item.reads == [previous] else item.reads
        else:
            found[item.key] = self.sources(item, previous)
            cls = find(item.key)
            for name, value in item.args.items():
                if cls is not None and value != cls.args[name].default:
                    found[name] = shown(value)
            reads = item.reads if item.paths and item.reads != [previous] else []
        label = self.names.labels(item)
        if label:
            found["as"] = label[0] if len(label) == 1 else label
        if reads:
            names = [self.names.of(tensor) for tensor in reads]
            found["from"] = names[0] if len(names) == 1 else names
        if item.repeat > 1:
            found["repeat"] = item.repeat
        if item.first:
            found["first"] = {name: shown(value) for name, value in item.first.items()}
        if item.when:
            found["when"] = item.when
        if item.shares is not None:
            found["share"] = self.names.of((item.shares.number, 0))
        found.update(modifiers(item.bits))
        return found if len(found) > 1 or found[item.key] is not None else item.key

    def sources(self, item: DraftItem, previous: Tensor | None) -> Any:
        """Return the sources of a merge."""
        assert item.sources is not None
        if not item.paths:
            return ["prev" if s == previous else self.names.of(s) for s in item.sources if not isinstance(s, DraftPath)]
        found: dict[str, Any] = {}
        for number, source in enumerate(item.sources, 1):
            if isinstance(source, DraftPath):
                found[source.name] = self.listed(source.items, item.reads[0], None)
            else:
                found[f"path{number}"] = self.names.of(source)
        return found

    def arguments(self, item: DraftItem) -> Any:
        """Return the arguments of an operator or the parameters of a call; None where there are none to give."""
        cls = find(item.key)
        block = next((b for b in (*self.draft.blocks, *self.draft.standard) if b.name == item.key), None)
        if cls is None or block is not None:
            names = item.args if block is None else [name for name in block.params if name in item.args]
            given = {name: shown(item.args[name]) for name in names}
            first = next(iter(block.params), "") if block is not None else ""
            return None if not given else given[first] if list(given) == [first] else given
        defaults = self.defaults if item.key in DEFAULTED else {}
        lender = item.shares.args if item.shares is not None else {}
        given = {}
        for arg in ordered(cls):
            value = item.args[arg.name]
            if arg.name == "padding" and item.args.get("kernel") == 1 and value == "half":
                continue
            if arg.name == "bias" and "bias" in defaults:
                value = item.args["norm"] is None if value is None else value
            default = defaults.get(arg.name, arg.default)
            lent = item.shares is not None and value != lender.get(arg.name, arg.default)
            if differs(value, default) or lent:
                given[arg.name] = "none" if value is None else shown(value)
        return None if not given else given[cls.main] if cls.main and list(given) == [cls.main] else given


def differs(value: Any, default: Any) -> bool:
    """Return whether a value has to be written."""
    return type(value) is not type(default) or value != default


def block_entry(items: list[DraftItem]) -> Tensor | None:
    """Return what enters a block."""
    return items[0].reads[0] if items[0].reads else None


def shown(value: Any) -> Any:
    """Return a value as Python data of a spec."""
    if isinstance(value, Verbatim):
        return str(value)
    if isinstance(value, Operator):
        return operator_form(value)
    if isinstance(value, tuple | list):
        return [shown(v) for v in value]
    return plain(value) if not isinstance(value, bool | int | str) and value is not None else value


def every(draft: Draft) -> Iterator[DraftItem]:
    """Yield every item of the network and its blocks."""
    for items in (draft.items, *(block.items for block in draft.blocks)):
        for item in items:
            yield from item.inside()


def common(draft: Draft) -> dict[str, Any]:
    """Return the defaults of `conv` that save most."""
    convs = [item for item in every(draft) if item.key in DEFAULTED and item.shares is None]
    if len(convs) < 2 or any(item.shares is not None for item in every(draft)):
        return {}
    found: dict[str, Any] = {}
    wide = [item.args["padding"] for item in convs if item.args["kernel"] != 1]
    if 2 * wide.count("half") > len(wide) > 1:
        found["padding"] = "half"
    for name in ("norm", "act"):
        value, count = Counter(item.args[name] for item in convs).most_common(1)[0]
        if value is not None and 2 * count > len(convs):
            found[name] = value
    bare = [item for item in convs if item.args["bias"] is False and item.args["norm"] is None]
    if 2 * len(bare) > len(convs):
        found["bias"] = False
    return found
