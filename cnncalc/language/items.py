"""Lists of layers as a spec writes them: what each item means, its arguments, sources and modifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.language.expressions import RESERVED
from cnncalc.language.slots import (
    CONDITION,
    REFERENCE,
    REPEAT,
    VALUE,
    Args,
    Slot,
    SlotError,
    as_map,
    clip,
    clipped,
    words_in,
)
from cnncalc.language.standard import standard_block
from cnncalc.language.template import DOTTED, LABEL, MODIFIERS, PATH_MODIFIERS, Block, Item, Items, Path, Walked
from cnncalc.language.tree import Map, Node, Scalar, Seq
from cnncalc.ops import base as ops
from cnncalc.ops.hints import argument_hint, operator_hint
from cnncalc.values.diagnostics import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cnncalc.language.reading import Reading


class ItemReader:
    """Reads lists of layers."""

    def __init__(self, reading: Reading) -> None:
        self.at = reading

    def items(self, node: Node, into: Items, what: str, taken: Iterable[str] = ()) -> None:
        """Read a list of layers into a scope."""
        if not isinstance(node, Seq):
            self.at.error("wrong-type", f"{what} must be a list, got {clipped(node)}", node,
                          "start each layer with '- '")
            return
        into.labels.update(dict.fromkeys(taken))
        counters: dict[str, int] = {}
        automatic: dict[str, Item] = {}
        for entry in node.items:
            failures, self.at.who, self.at.path = self.at.failures, "the layer", None
            item = self.item(entry)
            into.items.append(item)
            counters[item.counter] = number = counters.get(item.counter, 0) + 1
            for label in item.labels:
                self.declare(label, into)
            item.name = item.labels[0].text if len(item.labels) == 1 else f"{item.counter}{number}"
            if len(item.labels) != 1:
                if item.name in automatic:
                    self.at.error("duplicate-label", f"two layers have the automatic name '{item.name}'", item.key_node,
                               "label one of them with as: name")  # fmt: skip
                automatic[item.name] = item
            if self.at.failures == failures:
                self.contents(item, entry)
            if self.at.failures > failures:
                item.key = None
                self.lost_label(item, entry)
            if item.tag is not None:
                item.within, into.tagged = into, True
        into.automatic.update(automatic)
        self.at.who, self.at.path = "", None
        for name, item in automatic.items():
            if name in into.labels:
                self.at.error("duplicate-label", f"label '{name}' is the automatic name of another layer",
                              item.key_node,
                           f"label this layer too, or rename '{name}'")  # fmt: skip

    def lost_label(self, item: Item, entry: Node) -> None:
        """Remember a label that stands among the arguments, so that what reads it fails in silence."""
        value = entry.get(item.key_node.text) if isinstance(entry, Map) else None
        label = value.get("as") if isinstance(value, Map) else None
        if isinstance(label, Scalar):
            self.at.lost.add(label.text)

    def declare(self, label: Scalar, into: Items) -> None:
        """Check a label and make it known in its scope."""
        text = label.text
        if self.at.too_long(label):
            return
        if text in RESERVED or (self.at.block is not None and text in self.at.block.inputs):
            self.at.error("reserved-name", f"'{text}' is reserved and cannot be a label", label, "choose another name")
        elif not DOTTED.fullmatch(text):
            self.at.error("bad-name", f"'{clip(text)}' is not a label", label,
                          "as: $name labels each row of each: by a word" if text.startswith("$")
                          else "use letters, digits and _, not starting with a digit")  # fmt: skip
        elif text in into.labels:
            first = into.labels[text]
            self.at.error("duplicate-label", f"label '{text}' is used twice", label, "choose another label",
                       (("first used here", first),) if first else ())  # fmt: skip
        else:
            self.at.dotted |= "." in text
            into.labels[text] = label.span

    def item(self, entry: Node) -> Item:
        """Return an entry with what it is and its labels; its arguments and other modifiers come once it has a name."""
        if isinstance(entry, Scalar) and isinstance(entry.value, str):
            item = Item(entry)
            item.entry = entry
            self.meaning(item)
            return item
        if not isinstance(entry, Map) or not len(entry):
            self.at.error("wrong-type", f"a layer is a name or a mapping, got {clipped(entry)}", entry,
                       "write 'relu' or {conv: {out: 64, kernel: 3}}")  # fmt: skip
            return Item(Scalar("", plain=False, text=""))
        keys = [key for key, _ in entry.entries if key.text not in MODIFIERS]
        known = [key for key in keys if self.means_something(key)]
        taken = {key.text for key in keys if known and key is not known[0] and key.text in stray_arguments(known[0])}
        keys = [key for key in keys if key.text not in taken]
        if not keys:
            self.at.error("missing-operator", "the layer has modifiers but no operator", entry,
                       "add one, for example identity")  # fmt: skip
            return Item(Scalar("", plain=False, text=""))
        chosen = known[0] if known else keys[0]
        for key in keys:
            if key is not chosen:
                self.stray_key(key, chosen, known=key in known)
        item = Item(chosen)
        item.entry = entry
        self.meaning(item)
        given = entry.get("as")
        if isinstance(given, Scalar) and "each" in entry and REFERENCE.fullmatch(given.text):
            item.tag = given
        elif given is not None:
            item.labels = self.at.labels(given, "as")
        return item

    def meaning(self, item: Item) -> None:
        """Find out what an item's key means."""
        key = item.key_node
        if key.text in self.at.blocks:
            item.key = self.at.blocks[key.text]
            self.at.calls.setdefault(self.at.block, {}).setdefault(item.key, key)
            return
        word = REFERENCE.fullmatch(key.text)
        if word is not None:
            item.key, item.word, item.counter = key.text, word[1], word[1]
            return
        cls = ops.find(key.text)
        if cls is not None:
            item.key = cls
            item.counter = cls.name
            return
        if self.at.incomplete:
            self.at.failures += 1
            return
        hint = operator_hint(key.text, self.at.blocks)
        if standard_block(key.text) is not None:
            hint = "write use: [std] in the file, which has a block of this name"
        if key.text in MODIFIERS:
            hint = "write modifiers beside an operator: {conv: 64, as: stem}"
        if (reason := ops.broken_plugins().get(key.text)) is not None:
            hint = f"an installed package announces it and does not load: {clip(reason, 200)}"
        self.at.error("unknown-operator", f"there is no operator or block '{clip(key.text)}'", key, hint)

    def contents(self, item: Item, entry: Node) -> None:
        """Read an item's arguments and modifiers; what is wrong there is told with the item's name."""
        path = self.at.prefix + item.name
        outer = self.at.prefix
        kind = "layer" if isinstance(item.key, type) else "block"
        self.at.who = f"{kind} '{path}' ({item.counter})" + (f" of block "
                                                             f"'{self.at.block.name}'" if self.at.block else "")
        self.at.path = None if self.at.block else path
        self.at.prefix = f"{path}."
        with self.at.walking(entry.get("each") if isinstance(entry, Map) else None):
            self.arguments_of(item, entry.get(item.key_node.text) if isinstance(entry, Map) else None)
        self.at.prefix = outer
        if isinstance(entry, Map):
            self.modifiers(item, entry)
            item.bits = self.at.bits(entry)

    def arguments_of(self, item: Item, value: Node | None) -> None:
        """Read the arguments of an operator, the parameters of a block call or the sources of a merge."""
        if item.word is not None:
            item.cost += 4
        elif isinstance(item.key, Block):
            block = item.key
            item.args = self.parameters(block, value)
            item.cost += 4 + 2 * len(block.params) + len(block.inputs)
        elif isinstance(item.key, type) and item.key.sources is None:
            self.merge_sources(item, item.key, value)
            self.beside(item, item.key)
        elif isinstance(item.key, type):
            item.defaults = self.at.defaults_of(item.key)
            item.args = self.at.main_or_arguments(value, item.key)

    def beside(self, item: Item, cls: type[ops.Operator]) -> None:
        """Read the arguments of a merge, which stand beside its sources."""
        item.defaults = self.at.defaults_of(cls)
        if isinstance(item.entry, Map):
            for key, value in item.entry.entries:
                if key.text in cls.spellings:
                    name = cls.spellings[key.text]
                    item.args[name] = self.at.slot(name, value, cls.args[name].kind)

    def means_something(self, key: Scalar) -> bool:
        """Return whether a key is an operator, a block, or a word that names one."""
        return key.text in self.at.blocks or ops.find(key.text) is not None or bool(REFERENCE.fullmatch(key.text))

    def stray_key(self, key: Scalar, chosen: Scalar, *, known: bool) -> None:
        """Report a key beside an operator that is no modifier."""
        cls = ops.find(chosen.text)
        if known:
            message, hint = f"a layer has one operator, got '{chosen.text}' and '{key.text}'", "make two layers of it"
        elif cls is not None and key.text in cls.spellings:
            message = f"'{key.text}' stands beside '{chosen.text}', not inside its arguments"
            hint = f"indent it: {{{chosen.text}: {{.., {key.text}: ..}}}}"
        elif key.text in PATH_MODIFIERS:
            message = f"'{key.text}' stands on a path of a merge, not beside '{chosen.text}'"
            hint = f"write {{concat: {{body: {{layers: [..], {key.text}: ..}}}}}}"
        else:
            message = f"a layer has no modifier '{key.text}'"
            words = argument_hint(key.text, cls) if cls is not None and cls.sources is None else None
            hint = words or did_you_mean(key.text, MODIFIERS) or f"modifiers are {', '.join(MODIFIERS)}"
        self.at.error("unknown-key", message, key, hint)

    def parameters(self, block: Block, value: Node | None) -> Args:
        """Read the parameters of a block call."""
        args = as_map(value) if value is not None else Map({})
        if args is None:
            assert value is not None
            if not block.params:
                self.at.error("unexpected-argument", f"{self.at.who} has no parameters, got {clipped(value)}", value,
                           "write it without a value")  # fmt: skip
                return {}
            first = next(iter(block.params))
            return {first: self.parameter(block, first, value)}
        if self.at.torn(args, block.params, self.at.who):
            return {}
        result: Args = {}
        for key, node in args.entries:
            if key.text in block.params:
                result[key.text] = self.parameter(block, key.text, node)
            else:
                self.at.unknown_argument(key, block.params, self.at.who, "parameter")
        return result

    def parameter(self, block: Block, name: str, node: Node) -> Slot:
        """Read one parameter, a word or a value."""
        return Slot(name, node, VALUE, node, constant=True) if name in block.words else self.at.slot(name, node, VALUE)

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
            if isinstance(path, Map) and len(path) and self.means_something(path.entries[0][0]):
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
        return len(words) == len(path.items) > 0 and not any(map(self.means_something, words))

    def path_items(self, key: Scalar, path: Seq) -> Items:
        """Read the layers of a path, a scope of its own."""
        inner = Items()
        outer = self.at.failures, self.at.who, self.at.path, self.at.prefix
        self.at.prefix += f"{key.text}."
        self.items(path, inner, "a path")
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
            path.branches = self.columns(branches, "branches", layers)
        if (keep := node.get("keep")) is not None:
            path.keep = self.kept(keep, path)
        path.tied = self.tied(node, f"path '{key.text}'")
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
            item.first = self.parameters(item.key, args)
        elif isinstance(item.key, type):
            item.first = self.at.arguments(args, item.key)

    def word_item(self, template: Item, node: Node, blocks: Mapping[str, Block]) -> Item:
        """Return the item that an entry with a `$word` as its operator means.

        Args:
            template: the entry.
            node: what the word is.
            blocks: those of the file where the word is written.
        """
        entry = template.entry
        key = node if isinstance(node, Scalar) else node.entries[0][0] if isinstance(node, Map) and len(node) else None
        item = Item(template.key_node)
        for name in ("name", "counter", "labels", "tag", "within"):
            setattr(item, name, getattr(template, name))
        self.at.who = f"layer '{template.name}' ({template.key_node.text})"
        cls = ops.find(key.text) if key is not None else None
        if key is None or (key.text not in blocks and cls is None):
            known = [*ops.names(), *blocks]
            raise SlotError("unknown-operator", f"there is no operator or block '{clipped(node)}'", node.span,
                            did_you_mean(key.text if key else "", known,
                                         "see cnncalc ops for the operators"))  # fmt: skip
        item.key = blocks.get(key.text, cls)
        item.entry = entry
        value = entry.get(template.key_node.text) if isinstance(entry, Map) else None
        given = node.entries[0][1] if isinstance(node, Map) else None
        empty = value is None or (isinstance(value, Scalar) and value.value is None)
        if given is not None and not empty:
            raise SlotError("wrong-type", f"{template.key_node.text} brings its own arguments", template.span,
                            f"write {template.key_node.text} without a value")  # fmt: skip
        before = self.at.failures
        self.arguments_of(item, given if given is not None else None if empty else value)
        if isinstance(entry, Map):
            self.modifiers(item, entry)
        if self.at.failures > before:
            item.key = None
        return item


def stray_arguments(key: Scalar) -> frozenset[str]:
    """Return the arguments that stand beside an operator: those of a merge."""
    cls = ops.find(key.text)
    return frozenset(cls.spellings) if cls is not None and cls.sources is None else frozenset()
