"""From a file's tree to its names. The located tree is enough, so that a file with mistakes still has its names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnncalc.editor.names import BlockName, NameScope, Occurrence, Symbol, SymbolTable
from cnncalc.language.expressions import ATTRIBUTES, FUNCTIONS, RESERVED, ExpressionError, tokens
from cnncalc.language.slots import CONDITION, REFERENCE, REPEAT, VALUE
from cnncalc.language.template import DOTTED, LABEL, MODIFIERS
from cnncalc.language.tree import Map, Node, Scalar, Seq
from cnncalc.ops import base as ops
from cnncalc.ops.arguments import Kind, Nested
from cnncalc.values.diagnostics import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PORT = re.compile(r":[0-9]+$")


def read_names(
    root: Map, file: str, library: Callable[[str], tuple[Map, str] | None], lines: Sequence[str]
) -> SymbolTable:
    """Return the names of a file.

    Args:
        root: the file's tree.
        file: its absolute path.
        library: the tree and the absolute path of a file that it uses, by what it writes under `use:`.
        lines: its text.
    """
    names = SymbolTable(file, root, NameScope(None, opaque=False, first=1, last=len(lines)), own_blocks(root, file))
    names.scopes.append(names.whole)
    for entry in entries(root.get("use")):
        found = library(entry.text) if isinstance(entry, Scalar) else None
        if found is not None and isinstance(entry, Scalar):
            names.used[entry.text] = found[1]
            names.blocks = {**own_blocks(*found), **names.blocks}
    _NameWalk(names, lines).file()
    names.occurrences.sort(key=lambda one: (one.span.line, one.span.column))
    return names


def own_blocks(root: Map, file: str) -> dict[str, BlockName]:
    """Return the blocks that a file declares."""
    blocks = root.get("blocks")
    found = {}
    for key, body in blocks.entries if isinstance(blocks, Map) else ():
        node = body if isinstance(body, Map) else Map({})
        params = node.get("params")
        given = {
            name.text: (name, None if isinstance(value, Scalar) and value.value is None and value.plain else value)
            for name, value in (params.entries if isinstance(params, Map) else ())
        }
        found[key.text] = BlockName(Symbol("block", key.text, file), key, given, node)
    return found

class _NameWalk:
    """One walk over a tree; what it finds goes to the names."""

    def __init__(self, names: SymbolTable, lines: Sequence[str]) -> None:
        self.names = names
        self._lines = lines

    def _note(self, symbol: Symbol | None, node: Scalar, *, declares: bool = False, length: int | None = None,
              offset: int = 0) -> None:  # fmt: skip
        if symbol is None or not node.line or node.file:
            return
        start = node.column + (0 if node.plain else 1) + offset
        size = len(node.text) if length is None else length
        if self._lines[node.line - 1][start - 1 : start - 1 + size] != node.text[offset : offset + size]:
            self.names.hidden.add(symbol)
            return
        self.names.occurrences.append(Occurrence(symbol, Span(node.line, start, size), declares))

    def _declare(self, table: dict[str, Symbol], kind: str, key: Scalar, scope: str = "") -> None:
        symbol = table.setdefault(key.text, Symbol(kind, key.text, self.names.file, scope))
        self._note(symbol, key, declares=True)

    def file(self) -> None:
        root, whole = self.names.root, self.names.whole
        for key, _ in pairs(root.get("vars")):
            self._declare(whole.values, "variable", key)
        for key, _ in pairs(root.get("inputs")):
            self._declare(whole.labels, "input", key)
        if "input" in root:
            whole.labels["input"] = Symbol("input", "input", self.names.file)
            single = root.key("input")
            if single is not None:
                self._note(whole.labels["input"], single, declares=True)
        for shape in (root.get("input"), *(value for _, value in pairs(root.get("inputs")))):
            if shape is not None:
                self._value(shape, VALUE, whole)
        for block in self.names.blocks.values():
            if block.symbol.file == self.names.file:
                self._note(block.symbol, block.key, declares=True)
        for _, value in pairs(root.get("vars")):
            self._value(value, VALUE, whole)
        for _, variant in pairs(root.get("variants")):
            for key, value in pairs(variant):
                self._note(whole.value(key.text), key)
                self._value(value, VALUE, whole)
        for key, value in pairs(root.get("defaults")):
            cls = ops.find(key.text)
            if cls is not None:
                self._note_operator(key)
                self._arguments(value, cls, whole)
        for block in list(self.names.blocks.values()):
            if block.symbol.file == self.names.file:
                self._block(block)
        layers = root.get("layers")
        if layers is not None:
            self._layers(layers, whole, inner=False)
        outputs = root.get("outputs")
        for label in (value for _, value in outputs.entries) if isinstance(outputs, Map) else entries(outputs):
            self._reference(label, whole)
        self._patterns(root.get("budgets"))

    def _patterns(self, node: Node | None) -> None:
        """Read the patterns of budgets for layers, which begin with a label of the file where they do not with `*`."""
        for key, value in pairs(node):
            if key.text == "match" and isinstance(value, Scalar):
                label = value.text.partition(".")[0]
                self._note(self.names.whole.labels.get(label), value, length=len(label))
            else:
                self._patterns(value)
        for entry in node.items if isinstance(node, Seq) else ():
            self._patterns(entry)

    def _block(self, block: BlockName) -> None:
        last = last_line(block.node, block.key.line)
        scope = NameScope(self.names.whole, opaque=True, first=block.key.line, last=last, block=block.symbol.name)
        self.names.scopes.append(scope)
        named = [node for node in entries(block.node.get("inputs")) if isinstance(node, Scalar)]
        for node in named:
            self._declare(scope.labels, "input", node, block.symbol.name)
        if not named:
            scope.labels["x"] = Symbol("input", "x", self.names.file, block.symbol.name)
        for name, (key, _) in block.params.items():
            scope.values[name] = block.parameter(name)
            self._note(scope.values[name], key, declares=True)
        for _, default in block.params.values():
            if default is not None:
                self._value(default, VALUE, scope)
        layers = block.node.get("layers")
        if layers is not None:
            self._layers(layers, scope, inner=False)
        for output in entries(block.node.get("outputs")):
            self._reference(output, scope)

    def _layers(self, node: Node, around: NameScope, *, inner: bool = True) -> None:
        """Read a list of layers; `inner`: it is a scope of its own within the one around it."""
        if not isinstance(node, Seq):
            return
        scope = around
        if inner:
            last = last_line(node, node.line)
            scope = NameScope(around, opaque=False, first=node.line, last=last, block=around.block)
            self.names.scopes.append(scope)
        place = f"{node.line}:{node.column}" if inner else around.block
        for entry in node.items:
            for label in entries(entry.get("as")) if isinstance(entry, Map) else ():
                if isinstance(label, Scalar) and DOTTED.fullmatch(label.text):
                    self._declare(scope.labels, "label", label, place)
        for entry in node.items:
            if isinstance(entry, Scalar):
                self._call(entry, None, scope)
            elif isinstance(entry, Map):
                self._item(entry, scope)

    def _means(self, key: Scalar) -> bool:
        return key.text in self.names.blocks or ops.find(key.text) is not None or bool(REFERENCE.fullmatch(key.text))

    def _item(self, entry: Map, scope: NameScope) -> None:
        keys = [key for key, _ in entry.entries if key.text not in MODIFIERS]
        chosen = next((key for key in keys if self._means(key)), None)
        each = entry.get("each")
        if isinstance(each, Map):
            scope = self._walked(each, scope, entry)
        for name in ("from", "share"):
            for label in entries(entry.get(name)):
                self._reference(label, scope)
        for name, kind in (("repeat", REPEAT), ("when", CONDITION)):
            value = entry.get(name)
            if value is not None:
                self._value(value, kind, scope)
        for name in ("bits", "density"):
            given = entry.get(name)
            for node in (v for _, v in given.entries) if isinstance(given, Map) else entries(given):
                self._value(node, VALUE, scope)
        tag = entry.get("as")
        if isinstance(tag, Scalar) and (word := REFERENCE.fullmatch(tag.text)):
            self._note(scope.value(word[1]), tag, offset=1, length=len(word[1]))
        if chosen is None:
            return
        self._call(chosen, entry.get(chosen.text), scope)
        cls = None if chosen.text in self.names.blocks else ops.find(chosen.text)
        first = entry.get("first")
        if isinstance(first, Map):
            self._given(first, chosen, scope)
        if cls is not None and cls.sources is None:
            self._arguments(Map({k.text: (k, v) for k, v in entry.entries if k.text in cls.spellings}), cls, scope)

    def _walked(self, each: Map, around: NameScope, inside: Node) -> NameScope:
        """Return a scope with the columns of `each:` or `branches:`."""
        last = last_line(inside, inside.line)
        scope = NameScope(around, opaque=False, first=inside.line, last=last, block=around.block)
        self.names.scopes.append(scope)
        for key, rows in each.entries:
            offset = 0
            for name in key.text.split():
                offset = key.text.index(name, offset)
                symbol = Symbol("value", name, self.names.file, f"{key.line}:{key.column}")
                scope.values[name] = symbol
                self._note(symbol, key, declares=True, offset=offset, length=len(name))
                offset += len(name)
            self._value(rows, VALUE, around)
        return scope

    def _call(self, key: Scalar, value: Node | None, scope: NameScope) -> None:
        """Read what an item calls, and what it is given."""
        word = REFERENCE.fullmatch(key.text)
        if word is not None:
            self._note(scope.value(word[1]), key, offset=1, length=len(word[1]))
            if isinstance(value, Map):
                for _, node in value.entries:
                    self._value(node, VALUE, scope)
            return
        block = self.names.blocks.get(key.text)
        if block is not None:
            self._note(block.symbol, key)
        elif ops.find(key.text) is not None:
            self._note_operator(key)
        if value is not None:
            self._given(value, key, scope)

    def _note_operator(self, key: Scalar) -> None:
        if key.line and not key.file:
            self.names.operators[key.line, key.column] = key.text

    def _given(self, value: Node, key: Scalar, scope: NameScope) -> None:
        """Read the arguments of a call."""
        block, cls = self.names.blocks.get(key.text), ops.find(key.text)
        if block is not None:
            if isinstance(value, Map):
                for name, node in value.entries:
                    if name.text in block.params:
                        self._note(block.parameter(name.text), name)
                    self._word(node, scope)
            else:
                self._word(value, scope)
        elif cls is not None and cls.sources is None:
            self._sources(value, scope)
        elif cls is not None:
            self._arguments(value, cls, scope)

    def _word(self, node: Node, scope: NameScope) -> None:
        """Read a parameter's value, which may be the name of a block."""
        if isinstance(node, Scalar) and node.text in self.names.blocks and scope.value(node.text) is None:
            self._note(self.names.blocks[node.text].symbol, node)
        elif isinstance(node, Map):
            for key, value in node.entries:
                self._call(key, value, scope)
        else:
            self._value(node, VALUE, scope)

    def _sources(self, value: Node, scope: NameScope) -> None:
        """Read the sources of a merge."""
        if isinstance(value, Seq):
            for entry in value.items:
                self._reference(entry, scope)
            return
        for key, path in pairs(value):
            if isinstance(path, Scalar):
                self._reference(path, scope)
            elif isinstance(path, Seq):
                self._layers(path, scope)
            else:
                self._path(key, path, scope)

    def _path(self, key: Scalar, path: Map, scope: NameScope) -> None:
        branches = path.get("branches")
        for label in entries(path.get("from")):
            self._reference(label, scope)
        if isinstance(branches, Map):
            scope = self._walked(branches, scope, Map({}, key.line, key.column, 1)
                                 if not path.entries else path)  # fmt: skip
        for name, kind in (("repeat", REPEAT), ("when", CONDITION)):
            value = path.get(name)
            if value is not None:
                self._value(value, kind, scope)
        layers = path.get("layers")
        if layers is not None:
            self._layers(layers, scope)

    def _arguments(self, value: Node, cls: type[ops.Operator], scope: NameScope) -> None:
        if not isinstance(value, Map):
            if cls.main is not None:
                self._value(value, cls.args[cls.main].kind, scope)
            return
        for key, node in value.entries:
            name = cls.spellings.get(key.text)
            if name is None:
                continue
            if key.text == "like" and cls.args[name].like:
                self._reference(node, scope)
            else:
                self._value(node, cls.args[name].kind, scope)

    def _reference(self, node: Node, scope: NameScope) -> None:
        if isinstance(node, Scalar) and isinstance(node.value, str):
            name = PORT.sub("", node.text)
            self._note(scope.label(name), node, length=len(name))

    def _value(self, node: Node, kind: Kind, scope: NameScope) -> None:
        """Read a value: an expression, a `$name`, a list of these, or an operator inside an argument."""
        if isinstance(node, Seq):
            for entry in node.items:
                self._value(entry, kind, scope)
        elif isinstance(node, Map):
            for key, value in node.entries:
                cls = ops.find(key.text)
                if cls is not None:
                    self._note_operator(key)
                    self._arguments(value, cls, scope)
        elif isinstance(node.value, str):
            word = REFERENCE.fullmatch(node.text)
            if word is not None:
                self._note(scope.value(word[1]), node, offset=1, length=len(word[1]))
            elif isinstance(kind, Nested):
                self._note_operator(node)
            elif is_expression(node, kind):
                if node.line and not node.file:
                    self.names.expressions.append(node)
                for name, offset, attribute in names_of(node.text):
                    symbol = scope.label(name) if attribute else scope.value(name)
                    self._note(symbol, node, offset=offset, length=len(name))

def is_expression(node: Scalar, kind: Kind) -> bool:
    """Return whether text stands for an expression where a value of this kind is wanted."""
    word = node.text in kind.words or node.text.startswith("$")
    return isinstance(node.value, str) and kind.numeric and not word


def names_of(text: str) -> Iterator[tuple[str, int, bool]]:
    """Yield the names in an expression, each with its place and whether it is a label with a size behind it."""
    try:
        found = tokens(text)
    except ExpressionError:
        return
    for token in found:
        if token.kind != "name":
            continue
        label, dot, attribute = token.text.rpartition(".")
        if dot and attribute in ATTRIBUTES:
            yield label, token.start, True
        elif not dot and token.text not in FUNCTIONS and token.text not in RESERVED and LABEL.fullmatch(token.text):
            yield token.text, token.start, False


def entries(node: Node | None) -> list[Node]:
    """Return the entries of a list, or the one value that stands for a list of one."""
    return [] if node is None else node.items if isinstance(node, Seq) else [node]


def pairs(node: Node | None) -> list[tuple[Scalar, Node]]:
    """Return the keys of a mapping, each with its value; none of anything else."""
    return node.entries if isinstance(node, Map) else []


def last_line(node: Node, least: int) -> int:
    """Return the last line on which something of a tree starts."""
    if isinstance(node, Scalar):
        return max(least, node.line)
    parts = node.items if isinstance(node, Seq) else [part for entry in node.entries for part in entry]
    for part in parts:
        least = max(least, last_line(part, least))
    return max(least, node.line)


