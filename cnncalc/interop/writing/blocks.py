"""Repeated structure becomes blocks: the same layers at several places, with parameters for the numbers that differ."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.interop.writing.draft import Block, Item, Path, Text
from cnncalc.interop.writing.windows import Window, lists, main, reading, shortcut, shortcuts, slots, windows
from cnncalc.language.expressions import RESERVED
from cnncalc.ops.registry import find

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnncalc.interop.writing.draft import Draft, Tensor

MOST_ITEMS = 4000
"""In larger networks no blocks are looked for."""
MOST_PARAMS = 6
"""A block has at most this many parameters."""
CHANNELS = frozenset(("out", "mid"))
"""Arguments that are numbers of channels: each may be a multiple of another."""
WORDS = frozenset(("x", *RESERVED))


def lines(items: Iterable[Item]) -> int:
    """Return how many lines items take."""
    total = 0
    for item in items:
        total += 1
        for path in item.paths:
            total += 1 + lines(path.items)
    return total


class Guess(NamedTuple):
    """A block and how it is called: the windows that it stands for, and the parameters of each."""

    saved: int
    block: Block
    places: list[Window]
    values: list[dict[str, Any]]


def find_blocks(draft: Draft) -> None:
    """Take the block that saves most lines out of a draft, again and again."""
    if sum(1 for item in draft.items for _ in item.inside()) > MOST_ITEMS:
        return
    refused: set[Any] = set()
    while (guess := best(draft, refused)) is not None:
        call(draft, guess)


def best(draft: Draft, refused: set[Any]) -> Guess | None:
    """Return the block that saves most lines; `refused` are kinds of windows of which none can be made."""
    outputs = set(draft.outputs.values())
    ids: dict[Any, int] = {}
    found: dict[tuple[int, ...], list[Window]] = {}
    bodies: dict[int, Item] = {}
    for place in lists(draft):
        if place.owner is not None and identity(place.owner) is place.items:
            bodies[id(place.items)] = place.owner
        for kinds, window in windows(place, outputs, ids):
            found.setdefault(kinds, []).append(window)
    names = {number: kind for kind, number in ids.items()}
    ranked = []
    for kinds, group in found.items():
        size = lines(group[0].part)
        if len(group) > 1 and size > 1:
            ranked.append((len(group) * (size - 1) - size - 3, kinds, group))
    ranked.sort(key=lambda entry: (-entry[0], entry[1]))
    chosen: Guess | None = None
    for bound, kinds, group in ranked:
        if bound <= 0 or (chosen is not None and bound + 2 * len(group) <= chosen.saved):
            break
        key = tuple(names[k] for k in kinds)
        if key in refused:
            continue
        made = guesses(draft, group, bodies)
        if not made:
            refused.add(key)
        for guess in made:
            if guess.saved > 0 and (chosen is None or guess.saved > chosen.saved):
                chosen = guess
    return chosen


def identity(merge: Item) -> list[Item] | None:
    """Return the body of a sum with what enters it, if the merge is no more than that."""
    if merge.key != "add" or len(merge.paths) != 2 or len(merge.sources or ()) != 2:
        return None
    body, skip = merge.paths
    if body.items and not skip.items and not any(merge.args.get(name) for name in merge.args):
        return body.items
    return None


def guesses(draft: Draft, group: list[Window], bodies: dict[int, Item]) -> list[Guess]:
    """Return the blocks that windows of one kind may be."""
    by_reading: dict[Any, list[Window]] = {}
    for window in group:
        read = reading(window)
        if read is not None:
            by_reading.setdefault(read, []).append(window)
    made: list[Guess] = []
    for same in by_reading.values():
        for kept in by_shortcut(same):
            places = apart(kept)
            if len(places) < 2:
                continue
            added = [is_body(w, bodies) for w in places]
            with_sum = any(added) and not all(added)
            guess = Parameters(draft, places, added if with_sum else None).guess()
            if guess is not None:
                made.append(guess)
    return made


def is_body(window: Window, bodies: dict[int, Item]) -> bool:
    """Return whether a window is all of the body of a sum with what enters it."""
    return id(window.items) in bodies and window.start == 0 and window.stop == len(window.items)


def by_shortcut(group: list[Window]) -> list[list[Window]]:
    """Return windows that differ only in whether they have shortcuts' layers, apart by what these layers are."""
    from cnncalc.interop.writing.windows import skeleton

    kinds: dict[Any, list[Window]] = {}
    empty: list[Window] = []
    for window in group:
        found = tuple(None if item is None else skeleton(item) for item in shortcuts(window))
        if any(found):
            kinds.setdefault(found, []).append(window)
        else:
            empty.append(window)
    if not kinds:
        return [empty]
    largest = max(kinds.values(), key=len)
    return [largest + empty, *(k for k in kinds.values() if k is not largest)]


def apart(group: list[Window]) -> list[Window]:
    """Return the windows that do not overlap, first come first."""
    used: set[int] = set()
    kept: list[Window] = []
    for window in group:
        numbers = {item.number for item in window.inside}
        if not used & numbers:
            used |= numbers
            kept.append(window)
    return kept


class Parameters:
    """Finds which numbers of a block are parameters and which follow from others."""

    def __init__(self, draft: Draft, places: list[Window], added: list[bool] | None) -> None:
        self.draft = draft
        self.places = places
        self.added = added
        self.entering = [draft.shapes[w.entry].channels for w in places]
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
        extra: list[dict[str, Any] | None] = []
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
                return Text(param)
        if name in CHANNELS or self.channels_of(name):
            for param, column in (("x.c", self.entering), *self.params.items()):
                if param == "x.c" or self.kinds[param] in CHANNELS:
                    text = multiple(param, column, values)
                    if text:
                        return Text(text)
        return Text(self.new(name, values)) if new else None

    @staticmethod
    def channels_of(name: str) -> bool:
        return name.startswith(("out", "mid"))

    def new(self, name: str, values: list[Any]) -> str:
        """Return a parameter that is not there yet."""
        word = name
        if name == "out" and values != self.leaving:
            word = "mid"
        if name == "size":
            word = "extent"
        base, number = word if word not in WORDS else f"{word}_", 1
        word = base
        while word in self.params or word in WORDS:
            number += 1
            word = f"{base}{number}"
        self.params[word] = values
        self.kinds[word] = "out" if name in CHANNELS or self.channels_of(name) else name
        return word

    def shortcut(self, items: Sequence[Item | None]) -> tuple[dict[str, Any], str] | None:
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
                return Text(param)
        if name in CHANNELS:
            for param, column in (("x.c", self.entering), *self.params.items()):
                if param == "x.c" or self.kinds[param] == "out":
                    text = multiple(param, [column[k] for k in rows], values)
                    if text:
                        return Text(text)
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

    def block(self, extra: list[dict[str, Any]], when: str) -> Guess:
        """Return the block and its calls."""
        template = max(self.places, key=lambda w: sum(s is not None for s in shortcuts(w)))
        order = {item.number: k for k, item in enumerate(main(template))}
        late = iter(zip(extra, self.conditions, strict=True))

        def copy(items: list[Item]) -> list[Item]:
            return [copied(item) for item in items]

        def copied(item: Item) -> Item:
            sources = None
            if item.sources is not None:
                sources = [s if not isinstance(s, Path) else
                           Path(s.name, short(s) if shortcut(item, s) else copy(s.items)) for s in item.sources]
            given = {name: self.texts.get((order.get(item.number, -1), name), value)
                     for name, value in item.args.items()}  # fmt: skip
            return replace(item, sources=sources, args=given, label="")

        def short(path: Path) -> list[Item]:
            said, condition = next(late)
            return [replace(item, args={**item.args, **said}, when=condition, label="") for item in path.items]

        items = copy(template.part)
        if when:
            last = items[-1]
            total = Item(-1, "add", {}, [], sources=[(last.number, 0), template.entry], when=when)
            items.append(total)
        defaults = {name: common(name, self.kinds[name], values) for name, values in self.params.items()}
        values = [{name: column[k] for name, column in self.params.items() if column[k] != defaults[name]
                   or kind(column[k]) != kind(defaults[name])} for k in range(len(self.places))]  # fmt: skip
        params = {name: defaults[name] for name in sorted(self.params, key=lambda n: defaults[n] is not None)}
        block = Block("", params, items)
        size = lines(self.places[0].part)
        saved = len(self.places) * (size - 1) - lines(items) - 3
        if self.added:
            saved += 3 * sum(self.added)
        return Guess(saved, block, self.places, values)


def kind(value: Any) -> bool:
    """Return whether a value is a truth value, which equals a number and is none."""
    return isinstance(value, bool)


def common(name: str, sort: str, values: list[Any]) -> Any:
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


def call(draft: Draft, guess: Guess) -> None:
    """Put the block into the draft and its calls where its windows are."""
    block = guess.block
    block.name = name_of(block, {b.name for b in draft.blocks})
    draft.blocks.append(block)
    owners = {id(p.items): item for item in all_items(draft.items) for p in item.paths}
    changes: list[tuple[Window, Item]] = []
    with_sum = block.items[-1].number == -1
    for window, values in zip(guess.places, guess.values, strict=True):
        last = window.part[-1]
        layers = [n for item in window.part for n in item.layers]
        made = Item(last.number, block.name, dict(values), [window.entry], ports=1, layers=layers, label="")
        changes.append((window, made))
    by_list: dict[int, list[tuple[Window, Item]]] = {}
    for window, made in changes:
        by_list.setdefault(id(window.items), []).append((window, made))
    for found in by_list.values():
        items = found[0][0].items
        owner = owners.get(id(items))
        for window, made in sorted(found, key=lambda entry: -entry[0].start):
            whole = with_sum and owner is not None and identity(owner) is items and len(window.part) == len(items)
            if whole and owner is not None:
                owner.key, owner.args, owner.sources, owner.reads = made.key, made.args, None, made.reads
            else:
                items[window.start : window.stop] = [made]


def all_items(items: list[Item]) -> list[Item]:
    """Return items and everything inside their paths."""
    return [inner for item in items for inner in item.inside()]


def name_of(block: Block, taken: set[str]) -> str:
    """Return a name for a block, after what it does."""
    items = [inner for item in block.items for inner in item.inside()]
    keys = [item.key for item in items]
    convs = [item.args.get("kernel") for item in items if item.key == "conv"]
    if any(item.key == "mul" and any(p.name == "gate" for p in item.paths) for item in block.items[:1]):
        name = "gate"
    elif "depthwise" in keys and "conv" in keys:
        name = "inverted" if "add" in keys else "depthwise_unit"
    elif "add" in keys and len(convs) >= 3:
        name = "bottleneck"
    elif "add" in keys:
        name = "residual"
    elif "concat" in keys:
        name = "branches" if any(item.paths for item in items if item.key == "concat") else "joined"
    else:
        name = "unit"
    found, number = name, 1
    while found in taken or find(found) is not None:
        number += 1
        found = f"{name}{number}"
    return found
