"""What can be typed at the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.deployment.runtimes import RUNTIMES
from cnncalc.devices import load as load_devices
from cnncalc.editor.cursor import cursor, keys_behind
from cnncalc.editor.names import STD
from cnncalc.editor.slots import CompletionContext, mapping_of, place_of
from cnncalc.editor.text import Edit, TextRange
from cnncalc.gate.metrics import find_metric
from cnncalc.language.expressions import ATTRIBUTES, FUNCTIONS
from cnncalc.language.slots import written
from cnncalc.language.template import BLOCK_KEYS, MODIFIERS, PATH_MODIFIERS
from cnncalc.language.tree import Map
from cnncalc.language.write import ordered
from cnncalc.manual import codes
from cnncalc.ops import base as ops
from cnncalc.ops.arguments import Boolean, Nested, shown
from cnncalc.ops.catalogue import GROUPS, entry
from cnncalc.rules import CONVENTIONS
from cnncalc.values.dtypes import DTYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.editor.cursor import Cursor
    from cnncalc.editor.document import Document
    from cnncalc.editor.names import BlockName, NameScope, SymbolTable
    from cnncalc.editor.slots import Json
    from cnncalc.editor.text import Position


class Completion(NamedTuple):
    """One thing that can be typed.

    Attributes:
        label: what is shown in the list.
        kind: operator, block, argument, modifier, key, word, label, variable, function, metric or code.
        detail: a few words beside it.
        text: what is said of it, as Markdown.
        edit: what is put in.
    """

    label: str
    kind: str
    detail: str
    text: str
    edit: Edit


class Offer(NamedTuple):
    """A completion before it has a place; `insert` is what is typed in its stead where that is more."""

    label: str
    kind: str
    detail: str = ""
    text: str = ""
    insert: str | None = None


def completions(document: Document, at: Position) -> list[Completion]:
    """Return what can be typed at a position, in the order in which it is to be shown."""
    lines = document.now.lines
    found = cursor(lines, at)
    if found is None:
        return []
    names = document.names(without=at.line)
    blocks = names.blocks if names is not None else {}
    place = place_of(found, blocks)
    chooser = _Chooser(document, at, found, place, names)
    word = chooser.word
    here = TextRange(at.line, at.column - len(word), at.line, at.column)
    offers = {offer.label: offer for offer in chooser.offers() if _fits(offer.label, word)}
    return [
        Completion(o.label, o.kind, o.detail, o.text, Edit(here, o.label if o.insert is None else o.insert))
        for o in offers.values()
    ]


def _fits(label: str, word: str) -> bool:
    """Return whether a word may be the start of a label: its letters stand in it in this order, the first in front."""
    if not word:
        return True
    if label[:1].lower() != word[:1].lower():
        return False
    rest = iter(label.lower())
    return all(letter in rest for letter in word.lower())


class _Chooser:
    """What is offered at one place."""

    def __init__(
        self, document: Document, at: Position, found: Cursor, place: CompletionContext, names: SymbolTable | None
    ) -> None:
        self.document = document
        self.at = at
        self.cursor = found
        self.place = place
        self.names = names
        self.word = found.word
        frame = found.frames[-1] if found.frames else None
        taken = [] if frame is None else [*frame.keys, *keys_behind(document.now.lines, at, frame)]
        self.taken = set(taken)

    @property
    def on_key(self) -> bool:
        """Whether a key is wanted, or something that may become one."""
        return self.cursor.on_key

    def scope(self) -> NameScope | None:
        """Return the scope of the cursor, by the text that the names are of."""
        if self.names is None:
            return None
        before = self.document.before(self.at)
        if before is None:
            line = next((old for line in range(self.at.line - 1, 0, -1)
                         if (old := self.document.before(self.at._replace(line=line))) is not None), None)  # fmt: skip
            return self.names.whole if line is None else self.names.scope_at(line.line)
        return self.names.scope_at(before.line)

    def offers(self) -> Iterator[Offer]:
        """Yield what can be typed."""
        what = self.place.what
        chosen = getattr(self, f"_{what.replace('-', '_')}", None)
        if chosen is not None:
            yield from chosen()

    # Mappings.

    def _form(self) -> Iterator[Offer]:
        form: Json = self.place.of
        if self.on_key:
            yield from self._properties(form)
        else:
            yield from (Offer(str(word), "word") for word in form.get("enum", ()))

    def _properties(self, form: Json) -> Iterator[Offer]:
        for name, inner in form.get("properties", {}).items():
            if name not in self.taken:
                title = metric_title(name) if "macs" in form["properties"] else ""
                yield Offer(name, "key", title, inner.get("description", ""), f"{name}: ")

    def _block(self) -> Iterator[Offer]:
        if self.on_key or self.cursor.bare:
            forms: Json = self.place.of["properties"]
            yield from (Offer(key, "key", "", forms[key].get("description", ""), f"{key}: ")
                        for key in BLOCK_KEYS if key not in self.taken)  # fmt: skip

    def _variant(self) -> Iterator[Offer]:
        if self.on_key and self.names is not None:
            yield from (Offer(name, "variable", "", "", f"{name}: ")
                        for name in self.names.whole.values if name not in self.taken)  # fmt: skip

    def _defaults(self) -> Iterator[Offer]:
        if self.on_key or self.cursor.bare:
            for cls in ops.operators():
                if cls.args and cls.name not in self.taken:
                    yield Offer(cls.name, "operator", cls.group, about(cls), f"{cls.name}: {{")

    # Items and what is called in them.

    def _item(self) -> Iterator[Offer]:
        called = self._called()
        if called is None:
            yield from self._callable()
        if self.on_key and self.taken:
            merge = ops.find(called) if called else None
            if merge is not None and merge.sources is None:
                yield from (Offer(a.name, "argument", a.kind.describe(), a.doc, f"{a.name}: ")
                            for a in merge.args.values() if not a.main and a.name not in self.taken)  # fmt: skip
            modifiers = mapping_of("layer")
            for name in MODIFIERS:
                if name not in self.taken:
                    yield Offer(name, "modifier", "", modifiers.get(name, {}).get("description", ""), f"{name}: ")
        scope = self.scope()
        if called is None and scope is not None:
            yield from (Offer(f"${name}", "variable") for name in scope.all_values())

    def _called(self) -> str | None:
        blocks = self.names.blocks if self.names is not None else {}
        return next((key for key in self.taken if self.on_key and (key in blocks or ops.find(key))), None)

    def _callable(self) -> Iterator[Offer]:
        """Yield blocks, then operators, each with what must follow it."""
        for name, block in (self.names.blocks if self.names is not None else {}).items():
            yield Offer(name, "block", parameters(block), "", name + self._given(_block_needs(block)))
        for cls in by_family():
            yield Offer(cls.name, "operator", cls.group, about(cls), cls.name + self._given(self._needs(cls)))
        for cls in ops.operators():
            for alias in cls.aliases:
                if self.word and alias.lower().startswith(self.word.lower()):
                    yield Offer(alias, "operator", cls.name, about(cls), cls.name + self._given(self._needs(cls)))

    def _given(self, needs: str) -> str:
        """Return what follows a name that needs this: nothing where it is there, or where the name may stand alone."""
        lines = self.document.now.lines
        behind = lines[self.at.line - 1][self.at.column - 1 :] if self.at.line <= len(lines) else ""
        if behind.lstrip().startswith(":"):
            return ""
        return needs or (": " if self.on_key else "")

    def _needs(self, cls: type[ops.Operator]) -> str:
        """Return what must follow an operator's name: nothing, a bare value, arguments, or sources."""
        if cls.sources is None:
            return ": ["
        tree = self.names.root.get("defaults") if self.names is not None else None
        words = (*cls.defaults_from, cls.name, *cls.aliases) if isinstance(tree, Map) else ()
        tables = [table for word in words if isinstance(tree, Map) and isinstance(table := tree.get(word), Map)]
        given = {cls.spellings.get(key.text) for table in tables for key, _ in table.entries}
        required = [declared for declared in ordered(cls) if declared.required and declared.name not in given]
        return _colon([declared.name for declared in required], bare=len(required) == 1 and required[0].main)

    def _call(self) -> Iterator[Offer]:
        cls: type[ops.Operator] = self.place.of
        if self.on_key or self.cursor.bare:
            for declared in ordered(cls):
                if declared.name in self.taken:
                    continue
                said = [declared.kind.describe()]
                if declared.required:
                    said.append("required")
                elif declared.default is not None:
                    said.append(f"default {shown(declared.default)}")
                yield Offer(declared.name, "argument", ", ".join(said), declared.doc, f"{declared.name}: ")
                if declared.like and "like" not in self.taken:
                    yield Offer("like", "argument", "a label", f"{declared.name} is the size of that layer's map.",
                                "like: ")  # fmt: skip
        if not self.on_key and cls.main is not None:
            yield from self._of_kind(CompletionContext("value", cls.args[cls.main], cls.args[cls.main].kind))

    def _block_call(self) -> Iterator[Offer]:
        block = self.names.blocks.get(self.place.of) if self.names is not None else None
        if block is not None and (self.on_key or self.cursor.bare):
            for name, (_, default) in block.params.items():
                if name not in self.taken:
                    detail = "required" if default is None else f"default {written(default)}"
                    yield Offer(name, "argument", detail, "", f"{name}: ")
        if not self.on_key:
            yield from self._names()

    # Values.

    def _value(self) -> Iterator[Offer]:
        if not self.on_key or isinstance(self.place.kind, Nested):
            yield from self._of_kind(self.place)

    def _of_kind(self, place: CompletionContext) -> Iterator[Offer]:
        kind = place.kind
        if kind is None:
            return
        if isinstance(kind, Nested):
            for cls in ops.operators():
                if cls.role == kind.role:
                    yield Offer(cls.name, "operator", cls.group, about(cls))
            yield Offer("none", "word")
        yield from (Offer(word, "word") for word in kind.words)
        if isinstance(kind, Boolean):
            yield from (Offer("true", "word"), Offer("false", "word"))
        yield from self._names(words=not kind.numeric, expression=kind.numeric)

    def _names(self, *, words: bool = True, expression: bool = True) -> Iterator[Offer]:
        """Yield what an expression may name, and what a word may be taken from."""
        scope = self.scope()
        values = scope.all_values() if scope is not None else {}
        labels = list(scope.all_labels()) if scope is not None else []
        if expression:
            label, dot, _ = self.word.rpartition(".")
            if dot and label in labels:
                yield from (Offer(f"{label}.{key}", "word", what) for key, what in ATTRIBUTES.items())
                return
            yield from (Offer(name, "variable", symbol.kind) for name, symbol in values.items())
            yield Offer("c_in", "variable", "channels of what the layer reads")
            yield Offer("i", "variable", "the repetition, from 0")
            yield from (Offer(label, "label", "write .c, .h or .w behind it") for label in labels)
            yield from (Offer(name, "function", text.partition(":")[0], text.partition(":")[2].strip(), f"{name}(")
                        for name, text in FUNCTIONS.items())  # fmt: skip
        if words or self.word.startswith("$"):
            yield from (Offer(f"${name}", "variable", symbol.kind) for name, symbol in values.items())

    def _label(self) -> Iterator[Offer]:
        scope = self.scope()
        yield Offer("prev", "label", "the layer before")
        shapes = self._shapes()
        for name, symbol in scope.all_labels().items() if scope is not None else ():
            yield Offer(name, "label", shapes.get(name, symbol.kind))

    def _source(self) -> Iterator[Offer]:
        if self.on_key:
            pages = mapping_of("path")
            yield from (Offer(key, "modifier", "", pages.get(key, {}).get("description", ""), f"{key}: ")
                        for key in PATH_MODIFIERS if key not in self.taken)  # fmt: skip
        else:
            yield from self._label()

    def _shapes(self) -> dict[str, str]:
        """Return the shapes of labelled layers of the file's own list."""
        report = self.document.numbered()
        found = report.report if report is not None else None
        return {layer.path: str(layer.out_shape) for layer in found.layers} if found is not None else {}

    def _merge(self) -> Iterator[Offer]:
        if not self.on_key:
            yield from self._label()

    def _word(self) -> Iterator[Offer]:
        known = {"convention": CONVENTIONS, "dtype": DTYPES, "runtime": RUNTIMES, "device": load_devices()}
        yield from (Offer(name, "word") for name in known[self.place.of])

    def _codes(self) -> Iterator[Offer]:
        yield from (Offer(code, "code", "", page.summary) for code, page in codes().items()
                    if ": warning: " in page.text)  # fmt: skip

    def _use(self) -> Iterator[Offer]:
        yield Offer(STD, "word", "the shipped blocks")
        for path in self.document.beside():
            yield Offer(path, "word", "a file beside this one")

    def _flag(self) -> Iterator[Offer]:
        yield Offer("true", "word")

    def _keep(self) -> Iterator[Offer]:
        yield Offer("all", "word")


def by_family() -> list[type[ops.Operator]]:
    """Return every operator, convolutions first, as `cnncalc ops` lists them."""
    order = {group: place for place, group in enumerate(GROUPS)}
    return sorted(ops.operators(), key=lambda cls: order.get(cls.group, len(order)))


def _block_needs(block: BlockName) -> str:
    """Return what must follow a block's name."""
    required = [name for name, (_, default) in block.params.items() if default is None]
    return _colon(required, bare=required == list(block.params)[:1])


def _colon(required: list[str], *, bare: bool) -> str:
    if not required:
        return ""
    return ": " if bare else ": {" + ", ".join(f"{name}: " for name in required) + "}"


def metric_title(name: str) -> str:
    """Return what a metric of budgets is, in a few words; nothing for another word."""
    metric = find_metric(name)
    return "" if metric is None else metric.title


def about(cls: type[ops.Operator]) -> str:
    """Return what an operator is, with an example."""
    page = entry(cls)
    return f"{page.summary}\n\n```yaml\n- {page.example}\n```" if page.example else page.summary


def parameters(block: BlockName) -> str:
    """Return a block's parameters as its page has them."""
    return ", ".join(name if default is None else f"{name}: {written(default)}"
                     for name, (_, default) in block.params.items())  # fmt: skip
