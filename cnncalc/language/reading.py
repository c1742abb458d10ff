"""What every part of reading a spec needs: where it is, what went wrong, and the arguments of operators."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cnncalc.language.expressions import RESERVED
from cnncalc.language.sizes import torn_tuple
from cnncalc.language.slots import (
    DENSITY,
    FAILED,
    WIDTHS,
    Args,
    Like,
    Slot,
    SlotError,
    clip,
    clipped,
    compile_slot,
)
from cnncalc.language.template import LABEL, MAX_FAILURES, MAX_LABEL, MODIFIERS
from cnncalc.language.tree import Map, Node, Scalar, Seq
from cnncalc.ops.hints import argument_hint
from cnncalc.values.diagnostics import Collector, Span, did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnncalc.language.expressions import Expression
    from cnncalc.language.template import Block, Template
    from cnncalc.ops import base as ops
    from cnncalc.ops.arguments import Kind

TORN = re.compile(r"[()\"' ]")


def is_empty(node: Node) -> bool:
    """Return whether nothing is written for a key."""
    return isinstance(node, Scalar) and node.value is None


class Reading:
    """One walk over a tree: the place that is being read, what is known so far, and findings.

    Attributes:
        blocks: the file's blocks by name.
        calls: by block, or None for the file, the blocks that it calls, each with the first call.
        file: the file's name where a spec uses it.
        incomplete: a file that is used cannot be read, so that an unknown name may be one of its blocks.
        block: the block that is being read.
        names_used: the names that its expressions use.
        walked: the names of the lists that are walked around it.
        who: how messages name what is being read.
        prefix: the scopes around it, as paths have them.
        dotted: whether a label with a dot has been seen.
        lost: labels that were written among the arguments of a layer.
    """

    def __init__(self, collector: Collector, defaults: dict[str, Args] | None = None) -> None:
        self.collector = collector
        self.blocks: dict[str, Block] = {}
        self.defaults: dict[str, Args] = defaults or {}
        self.resolved_defaults: dict[str, Args] = {}
        self.calls: dict[Block | None, dict[Block, Scalar]] = {}
        self.file = ""
        self.incomplete = False
        self.block: Block | None = None
        self.names_used: dict[str, Scalar] = {}
        self.walked: frozenset[str] = frozenset()
        self.failures = 0
        self.prefix = ""
        self.who = ""
        self.path: str | None = None
        self.dotted = False
        self.lost: set[str] = set()

    def error(self, code: str, message: str, node: Node | None, hint: str | None = None,
              related: tuple[tuple[str, Span], ...] = ()) -> None:  # fmt: skip
        """Report a mistake at a node."""
        self.failures += 1
        if self.failures > MAX_FAILURES:
            self.collector.raise_if_errors()
        span = node.span if node is not None else self.whole
        self.collector.add(code, message, span, hint=hint, related=related, path=self.path)

    @property
    def whole(self) -> Span | None:
        """Where a mistake of the whole file is."""
        return Span(1, 1, 1, self.file) if self.file or self.collector.lines is not None else None

    def unknown_keys(self, node: Map, known: Iterable[str], what: str) -> None:
        """Report the keys that are not known."""
        known = list(known)
        for key, _ in node.entries:
            if key.text not in known:
                self.unknown_key(key, known, what)

    def unknown_key(self, key: Scalar, known: list[str], what: str) -> None:
        """Report one key that is not known."""
        hint = did_you_mean(key.text, known, f"write one of {listed(sorted(known))}")
        self.error("unknown-key", f"{what} has no key '{clip(key.text)}'", key, hint)

    def unknown_argument(self, key: Scalar, known: Iterable[str], what: str, kind: str = "argument",
                         advice: str | None = None, *, near: bool = True) -> None:  # fmt: skip
        """Report an argument or parameter that is not known."""
        known = list(known)
        names = f"its {kind}s are {listed(sorted(known))}" if known else f"it has no {kind}s"
        hint = advice or (did_you_mean(key.text, known, names) if near else names)
        if key.text in MODIFIERS:
            hint = f"write {key.text}: beside the operator, not inside its arguments"
        self.error("unknown-argument", f"{what} has no {kind} '{clip(key.text)}'", key, hint)

    def torn(self, args: Map, known: Iterable[str], what: str) -> bool:
        """Report an expression that a comma inside { } has torn into keys without values, if there is one."""
        pieces: list[str] = []
        name = ""
        for number, (key, value) in enumerate(args.entries):
            if key.text in known or not is_empty(value):
                name, pieces = key.text, [value.text if isinstance(value, Scalar) else ""]
                continue
            following = [other.text for other, nothing in args.entries[number:] if is_empty(nothing)]
            tuples = (torn_tuple([*pieces, *following[:n]]) for n in range(1, len(following) + 1))
            size = next((found for found in tuples if found), None)
            advice = 'put quotes around an expression with a comma: {out: "max(mid, 8)"}'
            if size is not None or TORN.search(key.text):
                self.error("unknown-argument", f"{what} has no argument '{clip(key.text)}'", key,
                           f"write {name}: {size}" if size is not None else advice)  # fmt: skip
                return True
        return False

    def too_long(self, name: Scalar) -> bool:
        """Return whether a name is longer than one may be, which is reported; every path below would repeat it."""
        if len(name.text) <= MAX_LABEL:
            return False
        self.error("name-too-long", f"'{clip(name.text)}' has {len(name.text):,} characters, a name has at most "
                   f"{MAX_LABEL}", name, "choose a shorter name")  # fmt: skip
        return True

    def name_ok(self, key: Scalar, what: str) -> bool:
        """Return whether a name can be one; report it otherwise."""
        if self.too_long(key):
            return False
        if key.text in RESERVED:
            message = f"'{key.text}' is reserved and cannot name a {what}"
            self.error("reserved-name", message, key, "choose another name")
        elif not LABEL.fullmatch(key.text):
            self.error("bad-name", f"'{key.text}' is not a name for a {what}", key,
                       "use letters, digits and _, not starting with a digit")  # fmt: skip
        else:
            return True
        return False

    def labels(self, node: Node | None, what: str) -> tuple[Scalar, ...]:
        """Return a label or a list of labels."""
        entries = node.items if isinstance(node, Seq) else [node]
        result = []
        for entry in entries:
            if isinstance(entry, Scalar) and isinstance(entry.value, str) and entry.text:
                result.append(entry)
            else:
                self.error("wrong-type", f"{what} must be a label or a list of labels, got {clipped(entry)}",
                           entry if entry is not None else node)  # fmt: skip
        return tuple(result)

    def main_or_arguments(self, value: Node | None, cls: type[ops.Operator]) -> Args:
        """Return the arguments of an operator, written as a bare value or as a mapping."""
        if value is None or (isinstance(value, Scalar) and value.value is None):
            return {}
        if isinstance(value, Map):
            return self.arguments(value, cls)
        if self.names_sources(value, cls):
            return {}
        if cls.main is None:
            hint = f"name one of its arguments: {', '.join(cls.args)}" if cls.args else "write it without a value"
            self.error("unexpected-argument", f"{self.who} takes no bare value, got {clipped(value)}", value, hint)
            return {}
        return {cls.main: self.slot(cls.main, value, cls.args[cls.main].kind)}

    def names_sources(self, value: Node, cls: type[ops.Operator]) -> bool:
        """Report labels that stand as the argument of an operator with several sources; return whether they do."""
        if cls.sources is None or cls.sources < 2 or not isinstance(value, Seq) or not value.items:
            return False
        if not all(isinstance(entry, Scalar) and isinstance(entry.value, str) for entry in value.items):
            return False
        needed = next((f"{name}: .." for name, a in cls.args.items() if a.required and name == cls.main), None)
        argument = f" {{{needed}}}" if needed else ""
        self.error("unexpected-argument", f"{self.who} takes its sources beside it, got {clipped(value)}", value,
                   f"write {{{cls.name}:{argument or ' '}, from: {clipped(value)}}}")  # fmt: skip
        return True

    def arguments(self, args: Map, cls: type[ops.Operator]) -> Args:
        """Return the arguments in a mapping."""
        known = cls.spellings
        result: Args = {}
        if self.torn(args, known, self.who):
            return result
        for key, value in args.entries:
            name = known.get(key.text)
            if name is None:
                advice = cls.advice.get(key.text) or argument_hint(key.text, cls)
                self.unknown_argument(key, known, self.who, advice=advice, near=False)
            elif name in result:
                self.error("duplicate-key", f"{self.who} is given '{name}' twice", key, "keep one of the two")
            elif key.text == "like" and cls.args[name].like:
                result[name] = self.like(name, value, cls.args[name].kind)
            else:
                result[name] = self.slot(key.text, value, cls.args[name].kind)
        return result

    def like(self, name: str, value: Node, kind: Kind) -> Slot:
        """Return the slot of `like: label`."""
        if not isinstance(value, Scalar) or not isinstance(value.value, str):
            self.error("wrong-type", f"{self.who}: 'like' must be a label, got {clipped(value)}", value)
            return Slot(name, value, kind, FAILED, constant=True)
        return Slot(name, value, kind, Like(value), constant=False)

    def defaults_of(self, cls: type[ops.Operator]) -> Args:
        """Return the file's defaults that hold for an operator."""
        found = self.resolved_defaults.get(cls.name)
        if found is None:
            found = {}
            for name in (*cls.defaults_from, cls.name):
                found.update({k: v for k, v in self.defaults.get(name, {}).items() if k in cls.args})
            self.resolved_defaults[cls.name] = found
        return found

    def codes(self, node: Node | None) -> tuple[str, ...]:
        """Return the codes of warnings that `accept:` lists."""
        if node is None:
            return ()
        entries = node.items if isinstance(node, Seq) else [node]
        found = []
        for entry in entries:
            if isinstance(entry, Scalar) and isinstance(entry.value, str) and entry.text:
                found.append(entry.text)
            else:
                self.error("wrong-type", f"accept must be a list of the codes of warnings, got {clipped(entry)}", entry,
                           "write accept: [misaligned-merge]")  # fmt: skip
        return tuple(found)

    def bits(self, entry: Map) -> Args:
        """Return what `bits:` and `density:` beside a layer say, by name."""
        found: Args = {}
        node, density = entry.get("bits"), entry.get("density")
        if isinstance(node, Map):
            self.unknown_keys(node, tuple(WIDTHS), "bits")
            found.update({key.text: self.slot(key.text, value, WIDTHS[key.text])
                          for key, value in node.entries if key.text in WIDTHS})  # fmt: skip
        elif node is not None:
            self.error("wrong-type", f"bits must say which numbers are meant, got {clipped(node)}", node,
                       "write bits: {weights: 8, activations: 8}")  # fmt: skip
        if density is not None:
            found["density"] = self.slot("density", density, DENSITY)
        return found

    def slot(self, name: str, node: Node, kind: Kind) -> Slot:
        """Return the slot of a value; what cannot be read is reported."""
        try:
            return compile_slot(name, node, kind, self)
        except SlotError as error:
            hint = error.hint
            if error.code == "unknown-operator" and isinstance(node, Scalar) and self.holds(node.text):
                hint = f"write ${node.text} for what '{node.text}' stands for"
            self.failures += 1
            self.collector.add(error.code, f"{self.who}: {error}" if self.who else str(error), error.span,
                               hint=hint, path=self.path)  # fmt: skip
            return Slot(name, node, kind, FAILED, constant=True)

    def holds(self, name: str) -> bool:
        """Return whether a parameter of the block, or a list that is walked here, has a name."""
        return name in self.walked or (self.block is not None and name in self.block.params)

    @contextmanager
    def walking(self, node: Node | None) -> Iterator[None]:
        """Know the names of the lists that are walked."""
        outer = self.walked
        if isinstance(node, Map):
            self.walked = outer.union(*(key.text.split() for key, _ in node.entries))
        try:
            yield
        finally:
            self.walked = outer

    def note_names(self, expression: Expression, node: Scalar) -> None:
        """Remember the names that a block's expressions use."""
        for name in expression.names:
            self.names_used.setdefault(name, node)

    def nested_arguments(self, value: Node | None, cls: type[ops.Operator]) -> Args:
        """Return the arguments of an operator inside an argument, its defaults first."""
        who = self.who
        self.who = f"{who}: '{cls.name}'" if who else f"'{cls.name}'"
        given = self.main_or_arguments(value, cls)
        self.who = who
        return {**self.defaults_of(cls), **given}



def compile_value(name: str, node: Node, kind: Kind, spec: Template, collector: Collector) -> Slot:
    """Return a node outside any layer ready to be evaluated; raise SlotError like `compile_slot`."""
    return compile_slot(name, node, kind, Reading(collector, spec.defaults))
