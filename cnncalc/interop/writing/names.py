"""Labels: after the names that the file gives, where a layer is read from afar or its name says something."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnncalc.interop.naming import unique
from cnncalc.interop.writing.draft import DraftPath
from cnncalc.language.expressions import RESERVED
from cnncalc.ops.registry import find

if TYPE_CHECKING:
    from cnncalc.interop.writing.draft import Draft, DraftBlock, DraftItem, Tensor

_AUTOMATIC = re.compile(r"([a-z_0-9]*?[a-z_])[0-9]+")
LONGEST = 40
"""A label is at most this long."""


class Labels:
    """The labels of a draft, scope by scope."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.inputs = {(-k - 1, 0): name for k, name in enumerate(draft.graph.inputs)}
        if len(self.inputs) == 1:
            self.inputs = {(-1, 0): "input"}
        self.keys = {item.key for item in draft.items} | {block.name for block in draft.blocks}
        self.scopes = [self.named(draft.items, None)]
        self.entry: list[Tensor | None] = [None]

    def enter(self, block: DraftBlock) -> None:
        """Go into a block."""
        self.scopes.append(self.named(block.items, block))
        self.entry.append(block.items[0].reads[0] if block.items[0].reads else None)

    def leave(self) -> None:
        """Leave the block."""
        self.scopes.pop()
        self.entry.pop()

    def of(self, tensor: Tensor) -> str:
        """Return the name of a tensor where it is read."""
        if len(self.scopes) > 1 and tensor == self.entry[-1]:
            return "x"
        if tensor in self.inputs:
            return self.inputs[tensor]
        return self.scopes[-1][tensor[0]][tensor[1]]

    def labels(self, item: DraftItem) -> list[str]:
        """Return the labels of an item."""
        return self.scopes[-1].get(item.number, [])

    def named(self, items: list[DraftItem], block: DraftBlock | None) -> dict[int, list[str]]:
        """Return the labels of the items of a scope, its paths included."""
        needed: dict[int, DraftItem] = {}
        entry = block.items[0].reads[0] if block is not None and block.items[0].reads else None
        self.walk(items, entry if block is not None else (-1, 0), needed)
        if block is None:
            makers = {item.number: item for item in items}
            last = items[-1]
            if list(self.draft.outputs.values()) != [(last.number, 0)] or last.ports > 1:
                needed.update({t[0]: makers[t[0]] for t in self.draft.outputs.values() if t[0] in makers})
        taken = set(RESERVED) | {"x", "row", *self.inputs.values()}
        taken |= set(block.params) if block is not None else set()
        found: dict[int, list[str]] = {}
        for item in self.all_of(items):
            wanted = self.word(item) if block is None else ""
            if item.number in needed:
                base = wanted or item.key
                names = [base] if item.ports == 1 else [f"{base}_{k}" for k in range(item.ports)]
                found[item.number] = [self.free(name, taken) for name in names]
            elif wanted and find(item.key) is None and any(item is top for top in items):
                found[item.number] = [self.free(wanted, taken)]
        return found

    def all_of(self, items: list[DraftItem]) -> list[DraftItem]:
        """Return items with those of their paths."""
        return [inner for item in items for inner in item.inside()]

    def walk(self, items: list[DraftItem], entry: Tensor | None, needed: dict[int, DraftItem]) -> None:
        """Note which items are read other than by the one behind them."""
        makers = {item.number: item for item in self.all_of(items)}

        def need(tensor: Tensor) -> None:
            if tensor[0] in makers:
                needed[tensor[0]] = makers[tensor[0]]

        def within(items: list[DraftItem], previous: Tensor | None) -> None:
            for item in items:
                if item.sources is None:
                    for tensor in item.reads if item.reads != [previous] else ():
                        need(tensor)
                else:
                    if item.paths and item.reads != [previous]:
                        need(item.reads[0])
                    for source in item.sources:
                        if isinstance(source, DraftPath):
                            within(source.items, item.reads[0])
                        elif source != previous or item.paths:
                            need(source)
                if item.shares is not None:
                    need((item.shares.number, 0))
                previous = (item.number, 0) if item.ports == 1 else None

        within(items, entry)

    def word(self, item: DraftItem) -> str:
        """Return what the file calls an item: the scopes that its layers have in common."""
        scopes = [short(self.draft.graph.nodes[n].path) for n in item.layers if n < len(self.draft.graph.nodes)]
        if not scopes:
            return ""
        found = scopes[0]
        for other in scopes[1:]:
            size = 0
            while size < min(len(found), len(other)) and found[size] == other[size]:
                size += 1
            found = found[:size]
        while found and found[0] in {"m", "model", "net", "module", "backbone"} and len(found) > 1:
            found = found[1:]
        if len(item.layers) > 1 and len(item.layers) == len(scopes) and len(scopes) > 1 and not found:
            return ""
        text = "_".join(found)
        if not text or text[0].isdigit() or len(text) > LONGEST:
            return ""
        return text

    def free(self, name: str, taken: set[str]) -> str:
        """Return a label that is not taken and that no layer has by itself."""
        automatic = _AUTOMATIC.fullmatch(name)
        if automatic and (automatic[1] in self.keys or find(automatic[1]) is not None):
            name = f"{automatic[1]}_{name[len(automatic[1]) :]}"
        return unique(name, taken)


def short(path: str) -> list[str]:
    """Return the scopes of a path, without those that repeat the one before and without the operator at the end."""
    parts = path.split(".")
    if len(parts) > 1 and parts[-1][:1].isupper():
        parts = parts[:-1]
    kept: list[str] = []
    k = 0
    while k < len(parts):
        part = parts[k]
        kept.append(part)
        # TorchScript writes layer1.layer1.0 for layer1.0: the scope before is written again in front of the index
        if k + 1 < len(parts) and parts[k + 1] == part:
            k += 1
        k += 1
    return kept
