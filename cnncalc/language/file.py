"""A whole file: from its tree to the checked template.

Everything that can be known without shapes is decided here, once per item however often it is repeated: which operator
a key means, which argument a name means, automatic names, reserved words, duplicate labels, recursion.
"""

from __future__ import annotations

from cnncalc.language.blocks import BlockReader
from cnncalc.language.items import ItemReader
from cnncalc.language.reading import Reading
from cnncalc.language.sizes import open_axes
from cnncalc.language.slots import EXTENTS, FAILED, Slot, as_map, words_in, written
from cnncalc.language.template import FILE_KEYS, FORMAT, Template
from cnncalc.language.tree import Map, Node, Scalar, Seq
from cnncalc.ops import base as ops
from cnncalc.ops.hints import operator_hint
from cnncalc.values.diagnostics import Collector, did_you_mean


def template(root: Map, collector: Collector) -> Template:
    """Return the checked form of a spec's tree; what is wrong goes to the collector."""
    return FileReader(collector).file(root)


class FileReader:
    """Reads the keys of a file, each by its own rules."""

    def __init__(self, collector: Collector) -> None:
        self.at = Reading(collector)
        self.reader = ItemReader(self.at)
        self.block_reader = BlockReader(self.at, self.reader)

    def file(self, root: Map) -> Template:
        """Read all keys."""
        result = Template(self.at.collector, root)
        self.version(root)
        self.at.unknown_keys(root, FILE_KEYS, "the spec")
        result.accept = self.at.codes(root.get("accept"))
        key = root.key("accept")
        result.accept_span = key.span if key is not None else None
        result.reader = self.reader
        result.name = self.text(root, "name")
        result.source = self.text(root, "source")
        self.inputs(root, result)
        self.block_reader.declare_blocks(root.get("blocks"))
        self.block_reader.declare_used(root.get("use"))
        self.variables(root, result)
        self.read_defaults(root.get("defaults"))
        self.block_reader.compile_params()
        result.blocks = self.at.blocks
        result.defaults = self.at.defaults
        for block in self.at.blocks.values():
            self.block_reader.block_body(block)
        self.block_reader.refuse_recursion()
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
        for block in self.at.blocks.values():
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
        """Read the inputs."""
        single, several = root.get("input"), root.get("inputs")
        if single is not None and several is not None:
            self.at.error("duplicate-key", "the spec has input and inputs", root.key("inputs"), "keep one of them")
            return
        result.inputs_span = next((k.span for k in (root.key("input"), root.key("inputs")) if k), None)
        if single is not None:
            result.inputs["input"] = self.shape("input", single)
        elif isinstance(several, Map) and len(several):
            for key, node in several.entries:
                if key.text == "input" or self.at.name_ok(key, "network input"):
                    result.inputs[key.text] = self.shape(key.text, node)
        elif several is not None:
            self.at.error("wrong-type", "inputs must be a mapping of names to shapes", several,
                       "write inputs: {left: [3, 64, 64], right: [3, 64, 64]}")  # fmt: skip
        else:
            self.at.error("missing-key", "the spec has no input", None, "add input: [C, H, W], without the batch")

    def shape(self, name: str, node: Node) -> Slot:
        """Read the shape of an input; where it leaves sizes open, whoever expands the spec must give them."""
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
