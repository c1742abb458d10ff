"""Blocks as a spec declares them: parameters, inputs, bodies; a block cannot contain itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.language.slots import as_map, clip, words_in
from cnncalc.language.template import BLOCK_KEYS, MAX_SCOPES, Block
from cnncalc.language.tree import Map, Node, Scalar, Seq
from cnncalc.ops import base as ops
from cnncalc.values.diagnostics import did_you_mean

if TYPE_CHECKING:
    from cnncalc.language.items import ItemReader
    from cnncalc.language.reading import Reading
    from cnncalc.language.template import Template


class BlockReader:
    """Reads the blocks of a file."""

    def __init__(self, reading: Reading, items: ItemReader, home: Template) -> None:
        self.at = reading
        self.reader = items
        self.home = home
        self.own: list[Block] = []
        self.origins: dict[Block, str] = {}

    def declare_blocks(self, node: Node | None) -> None:
        """Make every block known by name, with its parameters and inputs."""
        if node is None:
            return
        table = as_map(node)
        if table is None:
            self.at.error("wrong-type", "blocks must be a mapping of names to blocks", node)
            return
        for key, value in table.entries:
            if not self.at.name_ok(key, "block"):
                continue
            if ops.built_in(key.text) is not None:
                self.at.error("name-taken", f"block '{key.text}' has the name of an operator", key,
                              "choose another name")
                continue
            body = as_map(value)
            if body is None:
                self.at.error("wrong-type", f"block '{key.text}' must be a mapping with layers", value,
                           "write {params: .., layers: [..]}")  # fmt: skip
                body = Map({})
            block = Block(key.text, key, body, home=self.home)
            self.at.blocks[key.text] = block
            self.own.append(block)
            self.at.unknown_keys(body, BLOCK_KEYS, f"block '{key.text}'")
            self.block_params(block, body)
            block.failed = body is not value

    def declare_used(self, file: Template, name: str, entry: Scalar) -> None:
        """Make the own blocks of a file that is used known by name; those of this file outrank them."""
        self.home.uses.append(file)
        for block in file.blocks.values():
            if block.home is not file:
                continue
            there = self.at.blocks.get(block.name)
            if there is None:
                self.at.blocks[block.name] = block
                self.origins[block] = name
            elif there in self.origins and there is not block:
                self.at.error("duplicate-block", f"block '{block.name}' is in '{clip(name)}' and in "
                              f"'{clip(self.origins[there])}'", entry,
                              "rename one of them, or write one of this file's own")  # fmt: skip

    def block_params(self, block: Block, body: Map) -> None:
        """Read the parameters and inputs of a block."""
        params = as_map(body.get("params")) if "params" in body else Map({})
        if params is None:
            self.at.error("wrong-type", f"params of block '{block.name}' must be a mapping", body.get("params"),
                       "write {required: , optional: default}")  # fmt: skip
            params = Map({})
        if "inputs" in body:
            named = self.at.labels(body.get("inputs"), "inputs")
            block.inputs = tuple(label.text for label in named if self.at.name_ok(label, "block input")) or ("x",)
            if len(set(block.inputs)) < len(block.inputs):
                self.at.error("duplicate-label", f"block '{block.name}' names an input twice", body.key("inputs"))
        block.accept = self.at.codes(body.get("accept"))
        if "outputs" in body:
            block.outputs = self.at.labels(body.get("outputs"), "outputs")
            if len({label.text for label in block.outputs}) < len(block.outputs):
                self.at.error("duplicate-label", f"block '{block.name}' names an output twice", body.key("outputs"),
                              "name it once, or label a second one: {identity: , from: it, as: other}")
        for key, value in params.entries:
            if self.at.name_ok(key, "parameter"):
                if key.text in block.inputs:
                    self.at.error("duplicate-label", f"parameter '{key.text}' has the name of an input", key)
                empty = isinstance(value, Scalar) and value.value is None and value.plain
                block.params[key.text] = None if empty else value
        parts = [part for part in (body.get("layers"), body.get("params")) if part is not None]
        block.words = frozenset(set().union(*map(words_in, parts)) & block.params.keys())

    def compile_params(self) -> None:
        """Make the defaults of every block's parameters ready; which are words is known of all blocks by now."""
        for block in self.own:
            self.at.who = f"block '{block.name}'"
            block.slots = {
                name: self.reader.parameter(block, name, node) for name,
                    node in block.params.items() if node is not None
            }
        self.at.who = ""

    def block_body(self, block: Block) -> None:
        """Read the layers of a block."""
        layers = block.node.get("layers")
        if layers is None:
            if not block.failed:
                self.at.error("missing-key", f"block '{block.name}' has no layers", block.key, "add layers:")
            block.failed = True
            return
        self.at.block, self.at.names_used = block, {}
        self.reader.items(layers, block.body, f"layers of block '{block.name}'", taken=block.inputs)
        for name in sorted(block.words & self.at.names_used.keys()):
            block.failed = True
            self.at.error("word-and-number", f"parameter '{name}' of block '{block.name}' is used as a word (${name}) "
                       "and in an expression", self.at.names_used[name], "use two parameters")  # fmt: skip
        self.at.block = None
        for label in block.outputs:
            if not block.body.tagged and label.text.partition(":")[0] not in {*block.body.labels, *block.inputs}:
                block.failed = True
                self.at.error("unknown-label", f"block '{block.name}' has no label '{label.text}' for an output", label,
                              did_you_mean(label.text, [*block.body.labels, *block.inputs],
                                           "label the layer with as: name"))  # fmt: skip
        block.failed |= not isinstance(layers, Seq)
        if isinstance(layers, Seq) and not layers.items:
            self.at.error("no-layers", f"block '{block.name}' has no layers", block.key, "list at least one layer")

    def refuse_recursion(self) -> None:
        """Report blocks that contain themselves, and calls that are nested too deep; nothing is expanded then."""
        depths: dict[Block, int] = {b: b.depth for b in self.at.blocks.values() if b.home is not self.home}
        for root in self.own:
            chain: dict[Block, None] = {}
            pending = [] if root in depths else [(root, iter(self.at.calls.get(root, ())))]
            while pending:
                name, callees = pending[-1]
                chain[name] = None
                callee = next((c for c in callees if c not in depths), None)
                if callee is None:
                    depths[name] = name.depth = 1 + max((depths[c] for c in self.at.calls.get(name, ())), default=0)
                    del chain[name]
                    pending.pop()
                elif callee in chain:
                    names = [*chain]
                    cycle = " -> ".join(call.name for call in (*names[names.index(callee) :], callee))
                    self.at.error("recursive-block", f"block '{callee.name}' calls itself: {clip(cycle, 200)}",
                               self.at.calls[name][callee], "a block cannot contain itself; use repeat")  # fmt: skip
                    self.at.collector.raise_if_errors()
                else:
                    pending.append((callee, iter(self.at.calls.get(callee, ()))))
            if depths[root] > MAX_SCOPES:
                self.at.error("too-deep", f"blocks call each other more than {MAX_SCOPES} deep",
                              root.key, "flatten some of them")  # fmt: skip
                self.at.collector.raise_if_errors()
