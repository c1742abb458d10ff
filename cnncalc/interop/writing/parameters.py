"""Which numbers of a block are parameters, which follow from others, and when a part of it is there."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.interop.writing.draft import DraftBlock, DraftItem, DraftPath, Verbatim
from cnncalc.interop.writing.windows import ItemWindow, listed, main, shortcut, shortcuts, slots
from cnncalc.language.expressions import RESERVED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnncalc.interop.writing.draft import Draft
    from cnncalc.values.shape import Shape

MOST_PARAMS = 6
"""A block has at most this many parameters."""
CHANNELS = frozenset(("out", "mid"))
"""Arguments that are numbers of channels: each may be a multiple of another."""
WORDS = frozenset(("x", *RESERVED))


def lines(items: Iterable[DraftItem]) -> int:
    """Return how many lines items take."""
    total = 0
    for item in items:
        total += 1
        if item.sources is not None:
            for path in item.paths:
                total += 1 + lines(path.items)
    return total


class Guess(NamedTuple):
    """A block and how it is called: the windows that it stands for, and the parameters of each."""

    saved: int
    block: DraftBlock
    places: list[ItemWindow]
    values: list[dict[str, Any]]


class Parameters:
    """Finds which numbers of a block are parameters and which follow from others."""

    def __init__(self, draft: Draft, places: list[ItemWindow], added: list[bool] | None) -> None:
        self.draft = draft
        self.places = places
        self.added = added
        self.entering = [draft.shapes[w.entry].channels for w in places]
        self.bases = bases([draft.shapes[w.entry] for w in places])
        self.leaving = [draft.shapes[w.part[-1].number, 0].channels for w in places]
        self.params: dict[str, list[Any]] = {}
        self.kinds: dict[str, str] = {}
        self.texts: dict[tuple[int, str], Any] = {}
        self.conditions: list[str] = []

    def guess(self) -> Guess | None:
        """Return the block, or None where no few parameters say it."""
        rows = [slots(main(w)) for w in self.places]
        for column in zip(*rows, strict=True):
            place, name, _ = column[0]
            self.texts[place, name] = self.said(name, [value for _, _, value in column])
        late = [shortcuts(w) for w in self.places]
        extra: list[dict[str, Any]] = []
        for k in range(len(late[0])):
            said = self.shortcut([row[k] for row in late])
            if said is None:
                return None
            extra.append(said[0])
            self.conditions.append(said[1])
        when = ""
        if self.added is not None:
            when = self.condition(self.added, "add", inside=False)
        if len(self.params) > MOST_PARAMS:
            return None
        return self.block(extra, when)

    def said(self, name: str, values: list[Any], *, new: bool = True) -> Any:
        """Return what stands for a number: itself where it is always the same, else an expression or a parameter."""
        if len(set(values)) == 1:
            return values[0]
        for param, column in self.params.items():
            if column == values and (self.kinds[param] == name or name not in {"kernel", "stride", "groups"}):
                return Verbatim(param)
        if name in CHANNELS or self.channels_of(name):
            for param, column in (*self.bases.items(), *self.params.items()):
                if param in self.bases or self.kinds[param] in CHANNELS:
                    text = multiple(param, column, values)
                    if text:
                        return Verbatim(text)
        return Verbatim(self.new(name, values)) if new else None

    @staticmethod
    def channels_of(name: str) -> bool:
        """Return whether an argument is a number of channels or positions."""
        return name.startswith(("out", "mid", "channels.", "range.", "shape.", "sizes."))

    def new(self, name: str, values: list[Any]) -> str:
        """Return a parameter that is not there yet."""
        word = name
        if name == "out" and values != self.leaving:
            word = "mid"
        if "." in name or name == "size":
            word = "n"
        base, number = word if word not in WORDS else f"{word}_", 1
        word = base
        while word in self.params or word in WORDS:
            number += 1
            word = f"{base}{number}"
        self.params[word] = values
        self.kinds[word] = "out" if name in CHANNELS or self.channels_of(name) else name
        return word

    def shortcut(self, items: Sequence[DraftItem | None]) -> tuple[dict[str, Any], str] | None:
        """Return the arguments of a shortcut's layer and the condition under which it is there."""
        there = [item is not None for item in items]
        if not any(there):
            return {}, ""
        rows = [k for k, is_there in enumerate(there) if is_there]
        given: dict[str, Any] = {}
        every = [items[k] for k in rows]
        first = every[0]
        assert first is not None
        for name, value in first.args.items():
            if not isinstance(value, int) or isinstance(value, bool):
                continue
            column = [item.args[name] for item in every if item is not None]
            said = self.partial(name, column, rows)
            if said is None:
                return None
            given[name] = said
        return given, "" if all(there) else self.condition(there, "project", inside=True)

    def partial(self, name: str, values: list[Any], rows: list[int]) -> Any:
        """Return what stands for a number that only some places have."""
        for param, column in self.params.items():
            if self.kinds[param] == ("out" if name in CHANNELS else name) and [column[k] for k in rows] == values:
                return Verbatim(param)
        if name in CHANNELS:
            for param, column in (*self.bases.items(), *self.params.items()):
                if param in self.bases or self.kinds[param] == "out":
                    text = multiple(param, [column[k] for k in rows], values)
                    if text:
                        return Verbatim(text)
        return values[0] if len(set(values)) == 1 else None

    def condition(self, there: list[bool], word: str, *, inside: bool) -> str:
        """Return the condition that is true where something is there; where none is found, of a parameter."""
        strides = [p for p in self.params if self.kinds[p] == "stride"]
        out = self.said_out()
        entering = "c_in" if inside else "x.c"
        tests: list[tuple[str, list[bool]]] = []
        differs = [a != b for a, b in zip(self.entering, self.leaving, strict=True)]
        for stride in strides:
            steps = [n != 1 for n in self.params[stride]]
            tests.append((f"{stride} != 1", steps))
            if out:
                either = [a or b for a, b in zip(steps, differs, strict=True)]
                tests.append((f"{stride} != 1 or {entering} != {out}", either))
        if out:
            tests.append((f"{entering} != {out}", differs))
        for text, values in tests:
            if values == there:
                return text
            if [not v for v in values] == there:
                return negated(text)
        if word in self.params:
            word = f"{word}{len(self.params)}"
        self.params[word] = list(there)
        self.kinds[word] = "flag"
        return word

    def said_out(self) -> str:
        """Return an expression of the channels that leave the block."""
        if len(set(self.leaving)) == 1:
            return str(self.leaving[0])
        for param, column in self.params.items():
            if self.kinds[param] == "out":
                text = multiple(param, column, self.leaving)
                if text:
                    return text
        return multiple("x.c", self.entering, self.leaving)

    def text(self, place: int, name: str, value: Any) -> Any:
        """Return what stands for an argument in the block; of a list, for each of its numbers."""
        if listed(value):
            return tuple(self.texts.get((place, f"{name}.{n}"), inner) for n, inner in enumerate(value))
        return self.texts.get((place, name), value)

    def block(self, extra: list[dict[str, Any]], when: str) -> Guess:
        """Return the block and its calls."""
        template = max(self.places, key=lambda w: sum(s is not None for s in shortcuts(w)))
        order = {item.number: k for k, item in enumerate(main(template))}
        late = iter(zip(extra, self.conditions, strict=True))

        def copy(items: list[DraftItem]) -> list[DraftItem]:
            return [copied(item) for item in items]

        def copied(item: DraftItem) -> DraftItem:
            sources = None
            if item.sources is not None:
                sources = [s if not isinstance(s, DraftPath) else
                           DraftPath(s.name, short(s) if shortcut(item, s) else copy(s.items)) for s in item.sources]
            given = {name: self.text(order.get(item.number, -1), name, value) for name, value in item.args.items()}
            return replace(item, sources=sources, args=given, label="")

        def short(path: DraftPath) -> list[DraftItem]:
            said, condition = next(late)
            return [replace(item, args={**item.args, **said}, when=condition, label="") for item in path.items]

        items = copy(template.part)
        if when:
            last = items[-1]
            total = DraftItem(-1, "add", {}, [], sources=[(last.number, 0), template.entry], when=when)
            items.append(total)
        defaults = {name: common(self.kinds[name], values) for name, values in self.params.items()}
        values = [{name: column[k] for name, column in self.params.items() if column[k] != defaults[name]
                   or kind(column[k]) != kind(defaults[name])} for k in range(len(self.places))]  # fmt: skip
        params = {name: defaults[name] for name in sorted(self.params, key=lambda n: defaults[n] is not None)}
        block = DraftBlock("", params, items)
        size = lines(self.places[0].part)
        saved = len(self.places) * (size - 1) - lines(items) - 3 - 2 * max(len(params) - 3, 0)
        if self.added:
            saved += 3 * sum(self.added)
        return Guess(saved, block, self.places, values)


def bases(shapes: Sequence[Shape]) -> dict[str, list[int]]:
    """Return the extents that enter a block, by the names that its expressions have for them."""
    names = {1: ("x.c",), 2: ("x.c", "x.w"), 3: ("x.c", "x.h", "x.w"), 4: ("x.c", "x.d", "x.h", "x.w")}
    ranks = {len(shape) for shape in shapes}
    known = names.get(ranks.pop(), ("x.c",)) if len(ranks) == 1 else ("x.c",)
    return {name: [shape[k] for shape in shapes] for k, name in enumerate(known)}


def kind(value: Any) -> bool:
    """Return whether a value is a truth value, which equals a number and is none."""
    return isinstance(value, bool)


def common(sort: str, values: list[Any]) -> Any:
    """Return a parameter's default: 1 for strides, false for flags, what most places have of sizes; else none."""
    if sort == "flag":
        return False
    if sort == "out":
        return None
    if sort in {"stride", "dilation", "groups"} and 1 in values:
        return 1
    value, count = Counter(values).most_common(1)[0]
    return value if 2 * count > len(values) else None


def multiple(word: str, column: Sequence[int], values: Sequence[int]) -> str:
    """Return the expression that makes values of others by one factor; "" where there is none."""
    if not all(column):
        return ""
    factors = {Fraction(v, c) for v, c in zip(values, column, strict=True)}
    if len(factors) != 1:
        return ""
    factor = factors.pop()
    if factor == 1:
        return word
    if factor.denominator == 1 and factor.numerator <= 64:
        return f"{factor.numerator}*{word}"
    if factor.numerator == 1 and factor.denominator <= 64:
        return f"{word}//{factor.denominator}"
    return f"{factor.numerator}*{word}//{factor.denominator}" if max(factor.as_integer_ratio()) <= 16 else ""


def negated(text: str) -> str:
    """Return the condition that is true where another is not."""
    return " and ".join(part.replace("!=", "==") for part in text.split(" or "))
