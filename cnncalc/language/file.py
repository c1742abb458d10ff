"""A whole file: from its tree to the checked template.

Everything that can be known without shapes is decided here, once per item however often it is repeated: which operator
a key means, which argument a name means, automatic names, reserved words, duplicate labels, recursion.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cnncalc.language.blocks import BlockReader
from cnncalc.language.items import ItemReader
from cnncalc.language.reading import Reading
from cnncalc.language.sizes import OPEN, as_list, open_axes
from cnncalc.language.slots import EXTENTS, FAILED, Slot, as_map, clip, clipped, words_in, written
from cnncalc.language.standard import standard
from cnncalc.language.template import FILE_KEYS, FORMAT, Template
from cnncalc.language.tree import Map, Node, Refused, Scalar, Seq
from cnncalc.language.used import MAX_USED, path_from
from cnncalc.language.yaml_text import read
from cnncalc.ops import base as ops
from cnncalc.ops.hints import operator_hint
from cnncalc.values.diagnostics import Collector, Span, SpecError, did_you_mean

if TYPE_CHECKING:
    from cnncalc.language.used import Beside


def template(root: Map, collector: Collector, beside: Beside | None = None) -> Template:
    """Return the checked form of a spec's tree; what is wrong goes to the collector.

    Args:
        root: the tree.
        collector: of the spec's file.
        beside: where files that it uses are read from.
    """
    return FileReader(root, Library(collector, beside)).file()


class Library:
    """The files that a spec uses, each read once.

    Attributes:
        collector: of the spec's file.
        texts: of the files so far, by their path from the spec's folder.
    """

    def __init__(self, collector: Collector, beside: Beside | None) -> None:
        self.collector = collector
        self.beside = beside
        self.texts: dict[str, tuple[str, ...]] = {}
        self._read: dict[str, Template | None] = {}
        self._open: list[str] = []

    def standard(self) -> Template | None:
        """Return the shipped blocks."""
        if "std" not in self._read:
            self._read["std"] = FileReader(standard(), self, "std").used()
        return self._read["std"]

    def find(self, entry: Scalar, user: str, at: Reading) -> Template | None:
        """Return a file that is used; None, which is reported, where it cannot be."""
        text = clip(entry.text)
        path = path_from(user, entry.text)
        if path is None:
            at.error("bad-use", f"there is nothing to use by the name of '{text}'", entry,
                     "write use: [std], or a file beside or below this one: use: [blocks.yaml]")  # fmt: skip
            return None
        if self.beside is None:
            at.error("bad-use", f"'{text}' cannot be used: this spec is in no folder", entry,
                     "write the spec to a file beside it; use: [std] works everywhere")  # fmt: skip
            return None
        if path in self._open:
            cycle = " -> ".join((*self._open[self._open.index(path) :], path))
            at.error("use-cycle", f"'{text}' uses itself: {clip(cycle, 200)}", entry,
                     "move what both need to a third file")  # fmt: skip
            return None
        if path not in self._read:
            if len(self._read) >= MAX_USED:
                at.error("too-many-files", f"a spec uses at most {MAX_USED} files", entry,
                         "put their blocks into fewer files")  # fmt: skip
                return None
            self._read[path] = self.load(path, entry, at)
        return self._read[path]

    def load(self, path: str, entry: Scalar, at: Reading) -> Template | None:
        """Read one file."""
        assert self.beside is not None
        name = self.beside.name(path)
        try:
            data = self.beside.read(path)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            at.error("bad-use", f"'{clip(path)}' cannot be used: {clip(why, 200)}", entry,
                     "name a file beside or below this one")  # fmt: skip
            return None
        try:
            root, found = read(data, name, used=True)
        except SpecError as error:
            at.failures += 1
            spans = ((d, d.span or Span(1, 1)) for d in error.diagnostics)
            self.collector.found += [
                replace(d, span=s._replace(file=name), spec=self.collector.file,
                        related=tuple((label, place._replace(file=name)) for label, place in d.related))
                for d, s in spans
            ]  # fmt: skip
            return None
        self.texts[path] = self.collector.used[name] = found.lines or ()
        self._open.append(path)
        try:
            return FileReader(root, self, path, name).used()
        finally:
            self._open.pop()


class FileReader:
    """Reads the keys of a file, each by its own rules."""

    def __init__(self, root: Map, library: Library, path: str = "", name: str = "") -> None:
        """Start to read a tree.

        Args:
            root: the tree.
            library: the files that are used.
            path: the file's path from the spec's folder; empty for the spec itself.
            name: what the places in a used file call it.
        """
        self.at = Reading(library.collector)
        self.at.file = name
        self.library = library
        self.path = path
        self.root = root
        self.result = Template(library.collector, root, lost=self.at.lost)
        self.reader = ItemReader(self.at)
        self.result.reader = self.reader
        self.block_reader = BlockReader(self.at, self.reader, self.result)

    def use(self) -> None:
        """Read the files whose blocks are used."""
        node = self.root.get("use")
        if node is None:
            return
        known = set()
        for entry in node.items if isinstance(node, Seq) else [node]:
            if not isinstance(entry, Scalar) or not isinstance(entry.value, str):
                self.at.error("bad-use", f"use lists files with blocks, got {clipped(entry)}", entry,
                              "write use: [std], or a file beside or below this one: use: [blocks.yaml]")  # fmt: skip
            elif entry.text not in known:
                known.add(entry.text)
                std = entry.text == "std"
                file = self.library.standard() if std else self.library.find(entry, self.path, self.at)
                if file is None:
                    self.at.incomplete = True
                else:
                    self.block_reader.declare_used(file, entry.text, entry)

    def used(self) -> Template:
        """Read what a file has for those that use it: blocks, with the variables and defaults that hold in them."""
        root, result = self.root, self.result
        self.version(root)
        self.at.unknown_keys(root, FILE_KEYS, "the file")
        self.block_reader.declare_blocks(root.get("blocks"))
        if not self.block_reader.own and not self.at.failures:
            self.at.error("no-blocks", "a file that is used has blocks, this one has none", None, "add blocks:")
        self.use()
        self.variables(root, result)
        self.bodies()
        return result

    def bodies(self) -> None:
        """Read defaults and the layers of the file's own blocks."""
        self.read_defaults(self.root.get("defaults"))
        self.block_reader.compile_params()
        self.result.blocks = self.at.blocks
        self.result.defaults = self.at.defaults
        for block in self.block_reader.own:
            self.block_reader.block_body(block)
        self.block_reader.refuse_recursion()

    def file(self) -> Template:
        """Read all keys."""
        root, result = self.root, self.result
        self.version(root)
        self.at.unknown_keys(root, FILE_KEYS, "the spec")
        result.accept = self.at.codes(root.get("accept"))
        result.bits = self.at.bits(root)
        key = root.key("accept")
        result.accept_span = key.span if key is not None else None
        result.name = self.text(root, "name")
        result.source = self.text(root, "source")
        self.inputs(root, result)
        self.block_reader.declare_blocks(root.get("blocks"))
        self.use()
        self.variables(root, result)
        self.bodies()
        result.texts = self.library.texts
        layers = root.get("layers")
        if layers is None:
            self.at.error("missing-key", "the spec has no layers", None, "add layers: with a list of layers")
        else:
            self.reader.items(layers, result.body, "layers", taken=result.inputs)
            if isinstance(layers, Seq) and not layers.items:
                self.at.error("no-layers", "the spec has no layers", root.key("layers"), "list at least one layer")
        result.outputs = self.outputs(root.get("outputs")) if "outputs" in root else ()
        result.dotted = self.at.dotted
        budgets = root.get("budgets")
        if budgets is not None:
            result.budgets = as_map(budgets)
            if result.budgets is None:
                self.at.error("wrong-type", "budgets must be a mapping", budgets, "write budgets: {macs: 300M}")
        return result

    def outputs(self, node: Node | None) -> tuple[tuple[str, Scalar], ...]:
        """Return the outputs, each with its name: the label itself, or a key of `outputs: {name: label}`."""
        if isinstance(node, Map):
            named = ((key.text, self.at.labels(value, "outputs")[:1]) for key, value in node.entries)
            return tuple((name, label) for name, labels in named for label in labels)
        return tuple((label.text, label) for label in self.at.labels(node, "outputs"))

    def version(self, root: Map) -> None:
        """Check the number of the format."""
        node = root.get("cnncalc")
        if node is None:
            return
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, Refused):
            return
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            self.at.error("bad-format", f"cnncalc must be the format's number, got {written(node)}", node,
                       f"write cnncalc: {FORMAT}")  # fmt: skip
        elif value > FORMAT:
            self.at.error("newer-format", f"this spec is of format {value}, this program reads format {FORMAT}", node,
                       "upgrade cnncalc")  # fmt: skip
            self.at.collector.raise_if_errors()

    def text(self, root: Map, key: str) -> str | None:
        """Return a text of the file."""
        node = root.get(key)
        if node is None:
            return None
        if not isinstance(node, Scalar) or node.value is None:
            self.at.error("wrong-type", f"{key} must be text, got {written(node)}", node)
            return None
        return " ".join(node.text.split())

    def variables(self, root: Map, result: Template) -> None:
        """Read variables and variants."""
        declared = as_map(root.get("vars")) if "vars" in root else Map({})
        if declared is None:
            self.at.error("wrong-type", "vars must be a mapping of names to numbers or words", root.get("vars"))
            declared = Map({})
        for key, value in declared.entries:
            if self.at.name_ok(key, "variable"):
                result.vars[key.text] = (key, value)
        words: set[str] = set()
        for part_name in ("layers", "defaults", "vars", "variants"):
            if (part := root.get(part_name)) is not None:
                words |= words_in(part)
        for block in self.block_reader.own:
            words |= words_in(block.node) - block.params.keys()
        result.words = frozenset(words & result.vars.keys())
        variants = as_map(root.get("variants")) if "variants" in root else Map({})
        if variants is None:
            self.at.error("wrong-type", "variants must be a mapping of names to variables", root.get("variants"))
            return
        for name, node in variants.entries:
            changes = as_map(node)
            if changes is None:
                self.at.error("wrong-type", f"variant '{name.text}' must be a mapping of variables", node)
                continue
            for key, _ in changes.entries:
                if key.text not in result.vars:
                    self.at.error("unknown-variable",
                                  f"variant '{name.text}' sets '{key.text}', which vars does not have",
                               key, did_you_mean(key.text, result.vars, "declare it under vars:"))  # fmt: skip
            result.variants[name.text] = {key.text: (key, value) for key, value in changes.entries}

    def inputs(self, root: Map, result: Template) -> None:
        """Read the inputs; a spec without one takes what whoever expands it gives."""
        single, several = root.get("input"), root.get("inputs")
        result.inputs_span = next((k.span for k in (root.key("input"), root.key("inputs")) if k), None)
        if single is not None and several is not None:
            self.at.error("duplicate-key", "the spec has input and inputs", root.key("inputs"), "keep one of them")
            return
        if single is not None:
            result.inputs["input"] = self.shape("input", single)
        elif isinstance(several, Map) and len(several):
            for key, node in several.entries:
                if key.text == "input" or self.at.name_ok(key, "network input"):
                    result.inputs[key.text] = self.shape(key.text, node)
        elif several is not None:
            self.at.error("wrong-type", "inputs must be a mapping of names to shapes", several,
                       "write inputs: {left: [3, 64, 64], right: [3, 64, 64]}")  # fmt: skip

    def shape(self, name: str, node: Node) -> Slot:
        """Read the shape of an input; where it leaves sizes open, whoever expands the spec must give them."""
        if isinstance(node, Scalar):
            node = as_list(node, may_be_open=True) or node
            if node.span and isinstance(node, Scalar) and (node.value is None or node.text in OPEN):
                hint = "write numbers, for example [3, 224, 224], or leave the key out and give --input 3x224x224"
                self.at.error("unknown-size", f"'{name}' must say its shape, got {written(node)}", node, hint)
                return Slot(name, node, EXTENTS, FAILED, constant=True)
        if open_axes(node):
            return Slot(name, node, EXTENTS, FAILED, constant=True)
        return self.at.slot(name, node, EXTENTS)

    def read_defaults(self, node: Node | None) -> None:
        """Read the arguments that hold where none are given."""
        if node is None:
            return
        table = as_map(node)
        if table is None:
            self.at.error("wrong-type", "defaults must be a mapping of operators to arguments", node)
            return
        entries = [(key, value, ops.find(key.text)) for key, value in table.entries]
        for key, value, cls in sorted(entries, key=lambda entry: not (entry[2] and entry[2].role)):
            args = as_map(value)
            if cls is None:
                self.at.error("unknown-operator", f"defaults name no operator '{key.text}'", key,
                           operator_hint(key.text))  # fmt: skip
            elif args is None:
                self.at.error("wrong-type", f"defaults of {key.text} must be a mapping, got {written(value)}", value)
            else:
                self.at.who = f"'{key.text}' under defaults"
                self.at.defaults.setdefault(cls.name, {}).update(self.at.arguments(args, cls))
                self.at.who = ""
