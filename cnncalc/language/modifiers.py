"""Modifiers as a spec writes them beside a layer or on a path: repetitions, rows, conditions, shared weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.language.slots import CONDITION, REPEAT, as_map, clipped, words_in
from cnncalc.language.template import Block, Walked
from cnncalc.language.tree import Map, Scalar, Seq

if TYPE_CHECKING:
    from cnncalc.language.items import ItemReader
    from cnncalc.language.template import Item
    from cnncalc.language.tree import Node


class ModifierReader:
    """Reads what stands beside an operator."""

    def __init__(self, items: ItemReader) -> None:
        self.at = items.at
        self.items = items

    def tied(self, entry: Map, who: str) -> bool:
        """Read `tied: true`."""
        node = entry.get("tied")
        if node is None:
            return False
        if not isinstance(node, Scalar) or not isinstance(node.value, bool):
            self.at.error("wrong-type", f"{who}: 'tied' must be true or false, got {clipped(node)}", node,
                          "write tied: true")  # fmt: skip
            return False
        if node.value and "repeat" not in entry:
            self.at.error("tied-without-repeat", f"{who}: 'tied' is for repetitions, there is no repeat", node,
                          "add repeat: n, or write share: label")  # fmt: skip
        return node.value

    def columns(self, node: Node, what: str, inside: Node) -> tuple[Walked, ...]:
        """Read the lists that are walked, each with the names that its values get."""
        table = as_map(node)
        if table is None or not len(table):
            self.at.error("wrong-type", f"{self.at.who}: '{what}' must be a mapping of names to lists, got "
                          f"{clipped(node)}", node,
                              f"write {what}: {{w: widths}} or {what}: {{w: [64, 128]}}")  # fmt: skip
            return ()
        columns = []
        words = words_in(inside)
        seen: set[str] = set()
        for key, value in table.entries:
            names = [Scalar(name, True, name, key.line, key.column, key.length, key.file) for name in key.text.split()]
            for name in names:
                if not self.at.name_ok(name, "value"):
                    return ()
                if name.text in seen:
                    self.at.error("duplicate-key", f"'{name.text}' is walked twice", key, "choose another name")
                seen.add(name.text)
            if not names or not (isinstance(value, Seq) or (isinstance(value, Scalar) and isinstance(value.value,
                                                                                                     str))):
                self.at.error("wrong-type", f"{self.at.who}: '{key.text}' must walk a list, got {clipped(value)}",
                              value,
                              f"write {key.text}: [64, 128], or the name of a list")  # fmt: skip
                continue
            columns.append(Walked(tuple(names), len(names) > 1, value, frozenset(words & {n.text for n in names})))
        return tuple(columns)

    def modifiers(self, item: Item, entry: Map) -> None:
        """Read what stands beside the operator."""
        item.from_ = self.at.labels(entry.get("from"), "from") if "from" in entry else ()
        repeat, when, share, first, each = (entry.get(key) for key in ("repeat", "when", "share", "first", "each"))
        if repeat is not None:
            item.repeat = self.at.slot("repeat", repeat, REPEAT)
        if each is not None:
            inside = Map({key.text: (key, value) for key, value in entry.entries if key.text != "each"})
            item.each = self.columns(each, "each", inside)
        item.tied = self.tied(entry, self.at.who)
        item.accept = self.at.codes(entry.get("accept"))
        if when is not None:
            item.when = self.at.slot("when", when, CONDITION)
        if share is not None:
            self.share(item, share)
        if first is not None and item.word is None:
            self.first(item, first, entry)
        item.cost += len(item.labels) + len(item.from_)

    def share(self, item: Item, node: Node) -> None:
        """Read whose weights an item uses, or that it keeps its own."""
        if isinstance(node, Scalar) and node.text == "none":
            item.apart = True
            return
        labels = self.at.labels(node, "share")
        item.share = labels[0] if len(labels) == 1 else None
        if item.sources is not None:
            self.at.error("bad-share", f"{self.at.who}: only a layer with weights can share them", node,
                          "put it into a block, and share a call of that: {BLOCK: , share: label}")  # fmt: skip
        elif len(labels) > 1:
            self.at.error("bad-share", f"{self.at.who}: a layer shares the weights of one layer", node,
                          "name one label")  # fmt: skip

    def first(self, item: Item, node: Node, entry: Map) -> None:
        """Read what differs in the first repetition."""
        args = as_map(node)
        if "repeat" not in entry:
            self.at.error("first-without-repeat", f"{self.at.who}: 'first' is for the first repetition, there is no "
                          f"repeat",
                       node, "add repeat: n")  # fmt: skip
        elif args is None:
            self.at.error("wrong-type", f"{self.at.who}: 'first' must be a mapping of arguments, got "
                          f"{clipped(node)}", node,
                       "write first: {argument: value}")  # fmt: skip
        elif item.sources is not None:
            self.at.error("wrong-type", f"{self.at.who}: 'first' changes arguments, a merge has none", node,
                       "use when: i == 0 inside its paths")  # fmt: skip
        elif isinstance(item.key, Block):
            item.first = self.items.parameters(item.key, args)
        elif isinstance(item.key, type):
            item.first = self.at.arguments(args, item.key)
