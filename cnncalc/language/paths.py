"""Sources of a merge as a spec writes them: labels, and paths with the modifiers that these carry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.language.slots import CONDITION, REPEAT, clip, clipped
from cnncalc.language.template import LABEL, PATH_MODIFIERS, Items, Path
from cnncalc.language.tree import Map, Scalar, Seq

if TYPE_CHECKING:
    from cnncalc.language.items import ItemReader
    from cnncalc.language.template import Item
    from cnncalc.language.tree import Node
    from cnncalc.ops import base as ops


class PathReader:
    """Reads the sources of merges."""

    def __init__(self, items: ItemReader) -> None:
        self.at = items.at
        self.items = items
        self.beside = items.modified

    def merge_sources(self, item: Item, cls: type[ops.Operator], value: Node | None) -> None:
        """Read the sources of a merge."""
        item.sources = []
        if isinstance(value, Seq) and value.items:
            for entry in value.items:
                if isinstance(entry, Scalar) and isinstance(entry.value, str):
                    item.sources.append((None, entry))
                else:
                    self.at.error("wrong-type", f"{self.at.who}: a source is a label, got {clipped(entry)}", entry,
                               f"name paths: {cls.name}: {{body: [..], skip: []}}")  # fmt: skip
        elif isinstance(value, Map) and len(value):
            for key, path in value.entries:
                self.merge_path(item, cls, key, path)
        else:
            where = value if value is not None else item.key_node
            self.at.error("missing-argument", f"{self.at.who} needs its sources", where,
                       f"write {cls.name}: [label, label] or {cls.name}: {{path: [..], path: [..]}}")  # fmt: skip
        item.cost += 2 * len(item.sources)

    def merge_path(self, item: Item, cls: type[ops.Operator], key: Scalar, path: Node) -> None:
        """Read one named source of a merge."""
        assert item.sources is not None
        if self.at.too_long(key):
            return
        if not LABEL.fullmatch(key.text):
            self.at.error("bad-name", f"'{clip(key.text)}' is not a name for a path", key,
                          "use letters, digits and _, not starting with a digit")  # fmt: skip
        elif isinstance(path, Scalar) and isinstance(path.value, str):
            item.sources.append((key.text, path))
        elif key.text == "sources" and isinstance(path, Seq) and self.only_labels(path):
            self.at.error("wrong-type", f"{self.at.who}: path 'sources' is a list of layers, got {clipped(path)}", path,
                          f"the labels alone are the sources: {cls.name}: {clipped(path)}")  # fmt: skip
        elif isinstance(path, Seq):
            item.sources.append((key.text, Path(self.path_items(key, path), key.span)))
        elif isinstance(path, Map) and isinstance(path.get("layers"), Seq):
            self.path_with_modifiers(item, key, path)
        else:
            hint = f"write {key.text}: [] for the input itself"
            if isinstance(path, Map):
                hint = f"write {key.text}: {{layers: [..], when: ..}}"
            if isinstance(path, Map) and len(path) and self.items.means_something(path.entries[0][0]):
                hint = f"a path is a list of layers: write {key.text}: [{{{clip(path.entries[0][0].text)}: ..}}]"
            if key.text in cls.spellings:
                hint = f"{key.text} stands beside the sources: {{{cls.name}: .., {key.text}: ..}}"
            elif key.text in PATH_MODIFIERS:
                hint = f"name the path that {key.text} belongs to: body: {{layers: [..], {key.text}: ..}}"
            self.at.error("wrong-type", f"{self.at.who}: path '{key.text}' must be a label or a list, got "
                          f"{clipped(path)}", path, hint)  # fmt: skip

    def only_labels(self, path: Seq) -> bool:
        """Return whether a list holds words alone, none of which is an operator or block."""
        words = [entry for entry in path.items if isinstance(entry, Scalar) and isinstance(entry.value, str)]
        return len(words) == len(path.items) > 0 and not any(map(self.items.means_something, words))

    def path_items(self, key: Scalar, path: Seq) -> Items:
        """Read the layers of a path, a scope of its own."""
        inner = Items()
        outer = self.at.failures, self.at.who, self.at.path, self.at.prefix
        self.at.prefix += f"{key.text}."
        self.items.items(path, inner, "a path")
        self.at.failures, self.at.who, self.at.path, self.at.prefix = outer
        return inner

    def path_with_modifiers(self, item: Item, key: Scalar, node: Map) -> None:
        """Read a path that carries modifiers beside its layers."""
        assert item.sources is not None
        if (each := node.key("each")) is not None:
            self.at.error("unknown-key", f"path '{key.text}' has no key 'each': its rows are side by side", each,
                          "write branches:")  # fmt: skip
        rest = Map({k.text: (k, value) for k, value in node.entries if k.text != "each"})
        self.at.unknown_keys(rest, PATH_MODIFIERS, f"path '{key.text}'")
        layers = node.get("layers")
        assert isinstance(layers, Seq)
        with self.at.walking(node.get("branches")):
            path = Path(self.path_items(key, layers), key.span)
        path.from_ = self.at.labels(node.get("from"), "from") if "from" in node else ()
        if (repeat := node.get("repeat")) is not None:
            path.repeat = self.at.slot("repeat", repeat, REPEAT)
        if (when := node.get("when")) is not None:
            path.when = self.at.slot("when", when, CONDITION)
        if (branches := node.get("branches")) is not None:
            path.branches = self.beside.columns(branches, "branches", layers)
        if (keep := node.get("keep")) is not None:
            path.keep = self.kept(keep, path)
        path.tied = self.beside.tied(node, f"path '{key.text}'")
        path.accept = self.at.codes(node.get("accept"))
        item.sources.append((key.text, path))

    def kept(self, node: Node, path: Path) -> bool:
        """Read `keep: all`."""
        if not isinstance(node, Scalar) or node.text != "all":
            self.at.error("bad-argument", f"{self.at.who}: 'keep' must be all, got {clipped(node)}", node,
                          "write keep: all, or leave it out")  # fmt: skip
        elif path.repeat is None:
            self.at.error("keep-without-repeat", f"{self.at.who}: 'keep' is for repetitions, there is no repeat", node,
                          "add repeat: n")  # fmt: skip
        return True
