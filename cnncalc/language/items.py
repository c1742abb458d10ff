"""Lists of layers as a spec writes them: what each item means, its arguments, sources and modifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.language.expressions import RESERVED
from cnncalc.language.modifiers import ModifierReader
from cnncalc.language.paths import PathReader
from cnncalc.language.slots import (
    REFERENCE,
    VALUE,
    Args,
    Slot,
    SlotError,
    as_map,
    clip,
    clipped,
)
from cnncalc.language.standard import standard_block
from cnncalc.language.template import DOTTED, MODIFIERS, PATH_MODIFIERS, Block, Item, Items
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
        self.modified = ModifierReader(self)
        self.sources = PathReader(self)

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
            self.modified.modifiers(item, entry)
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
            self.sources.merge_sources(item, item.key, value)
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
            self.modified.modifiers(item, entry)
        if self.at.failures > before:
            item.key = None
        return item


def stray_arguments(key: Scalar) -> frozenset[str]:
    """Return the arguments that stand beside an operator: those of a merge."""
    cls = ops.find(key.text)
    return frozenset(cls.spellings) if cls is not None and cls.sources is None else frozenset()
