"""Repeated structure becomes blocks: the same layers at several places, with parameters for the numbers that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.interop.writing.draft import DraftItem
from cnncalc.interop.writing.parameters import Guess, Parameters, lines
from cnncalc.interop.writing.windows import ItemWindow, lists, reading, shortcut, shortcuts, skeleton, windows
from cnncalc.language.standard import standard_block
from cnncalc.ops.registry import find

if TYPE_CHECKING:
    from cnncalc.interop.writing.draft import Draft, DraftBlock

MOST_ITEMS = 4000
"""In larger networks no blocks are looked for."""


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
    found: dict[tuple[int, ...], list[ItemWindow]] = {}
    bodies: dict[int, DraftItem] = {}
    for place in lists(draft):
        if place.owner is not None and identity(place.owner) is place.items:
            bodies[id(place.items)] = place.owner
        for kinds, window in windows(place, outputs, ids):
            found.setdefault(kinds, []).append(window)
    names = {number: kind for kind, number in ids.items()}
    ranked = []
    for kinds, group in found.items():
        size = lines(group[0].part)
        if len(group) > 1 and size > 1 and not periodic(kinds) and not only_calls(group[0]):
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


def only_calls(window: ItemWindow) -> bool:
    """Return whether all of a window is calls of blocks, which stand better one by one."""
    return all(find(item.key) is None for item in window.part)


def periodic(kinds: tuple[int, ...]) -> bool:
    """Return whether a row of kinds is a shorter row several times."""
    count = len(kinds)
    return any(count % size == 0 and kinds == kinds[:size] * (count // size) for size in range(1, count // 2 + 1))


def identity(merge: DraftItem) -> list[DraftItem] | None:
    """Return the body of a sum with what enters it, if the merge is no more than that."""
    if merge.key != "add" or len(merge.paths) != 2 or len(merge.sources or ()) != 2:
        return None
    body, skip = merge.paths
    if body.items and not skip.items and not any(merge.args.get(name) for name in merge.args):
        return body.items
    return None


def guesses(draft: Draft, group: list[ItemWindow], bodies: dict[int, DraftItem]) -> list[Guess]:
    """Return the blocks that windows of one kind may be."""
    by_reading: dict[Any, list[ItemWindow]] = {}
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


def is_body(window: ItemWindow, bodies: dict[int, DraftItem]) -> bool:
    """Return whether a window is all of the body of a sum with what enters it."""
    return id(window.items) in bodies and window.start == 0 and window.stop == len(window.items)


def by_shortcut(group: list[ItemWindow]) -> list[list[ItemWindow]]:
    """Return windows that differ only in whether they have shortcuts' layers, apart by what these layers are."""
    kinds: dict[Any, list[ItemWindow]] = {}
    empty: list[ItemWindow] = []
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


def apart(group: list[ItemWindow]) -> list[ItemWindow]:
    """Return the windows that do not overlap, first come first."""
    used: set[int] = set()
    kept: list[ItemWindow] = []
    for window in group:
        numbers = {item.number for item in window.inside}
        if not used & numbers:
            used |= numbers
            kept.append(window)
    return kept


def call(draft: Draft, guess: Guess) -> None:
    """Put the block into the draft and its calls where its windows are."""
    block = guess.block
    block.name = name_of(block, {b.name for b in draft.blocks}, shipped=bool(draft.standard))
    draft.blocks.append(block)
    owners = {id(p.items): item for item in all_items(draft.items) for p in item.paths}
    changes: list[tuple[ItemWindow, DraftItem]] = []
    with_sum = block.items[-1].number == -1
    for window, values in zip(guess.places, guess.values, strict=True):
        last = window.part[-1]
        layers = [n for item in window.part for n in item.layers]
        made = DraftItem(last.number, block.name, dict(values), [window.entry], ports=1, layers=layers, label="")
        changes.append((window, made))
    by_list: dict[int, list[tuple[ItemWindow, DraftItem]]] = {}
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


def all_items(items: list[DraftItem]) -> list[DraftItem]:
    """Return items and everything inside their paths."""
    return [inner for item in items for inner in item.inside()]


def name_of(block: DraftBlock, taken: set[str], *, shipped: bool) -> str:
    """Return a name for a block, after what it does; none of the shipped blocks' where these are used."""
    items = [inner for item in block.items for inner in item.inside()]
    keys = [item.key for item in items]
    late = {id(i) for item in items for path in item.paths if shortcut(item, path) for i in path.items}
    convs = [item.args.get("kernel") for item in items if item.key == "conv" and id(item) not in late]
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
    if "squeeze_excite" in keys:
        name = f"se_{name}"
    found, number = name, 1
    while found in taken or find(found) is not None or (shipped and standard_block(found) is not None):
        number += 1
        found = f"{name}{number}"
    return found
