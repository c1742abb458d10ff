"""Equal items in a row become one with `repeat:`, what differs in the first under `first:`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.interop.writing.windows import ItemList, last_reads

if TYPE_CHECKING:
    from cnncalc.interop.writing.draft import DraftBlock, DraftItem, Tensor


def repeat(items: list[DraftItem], blocks: dict[str, DraftBlock], outputs: set[Tensor]) -> None:
    """Join equal items of a list and of the paths inside."""
    for item in items:
        for path in item.paths:
            repeat(path.items, blocks, outputs)
    if not items:
        return
    last = last_reads(ItemList(items, None, None), outputs)
    kept: list[DraftItem] = []
    start = 0
    while start < len(items):
        stop = start + 1
        while stop < len(items) and follows(items, stop, last) and joins(items, start, stop, blocks):
            stop += 1
        kept.append(joined(items[start:stop], blocks) if stop > start + 1 else items[start])
        start = stop
    items[:] = kept


def follows(items: list[DraftItem], at: int, last: list[int]) -> bool:
    """Return whether an item reads the one before it and nothing else, and nothing else reads that."""
    before, item = items[at - 1], items[at]
    chain = item.reads == [(before.number, 0)] and before.ports == item.ports == 1 and last[at - 1] == at
    plain = item.sources is None and before.sources is None
    apart = item.when or before.when or item.lends or before.lends or item.shares or before.shares
    return chain and plain and not apart and item.repeat == before.repeat == 1


def joins(items: list[DraftItem], start: int, at: int, blocks: dict[str, DraftBlock]) -> bool:
    """Return whether an item goes on what began at another: equal to all of it but the first, of a block maybe."""
    first, item = items[start], items[at]
    if item.key != first.key or item.bits != first.bits:
        return False
    if item.key not in blocks:
        return item.args == first.args and any(name in item.args for name in ("kernel", "out"))
    mine, theirs, named = given(item, blocks), given(first, blocks), blocks[item.key].params
    width = "out" if "out" in named and named["out"] is None else next(iter(named), "")
    if mine.get(width) != theirs.get(width):
        return False
    return at == start + 1 or mine == given(items[start + 1], blocks)


def given(item: DraftItem, blocks: dict[str, DraftBlock]) -> dict[str, Any]:
    """Return every argument of a call of a block, defaults too."""
    return {**blocks[item.key].params, **item.args}


def joined(run: list[DraftItem], blocks: dict[str, DraftBlock]) -> DraftItem:
    """Return one item for several in a row."""
    first, made = run[0], run[-1]
    made.repeat = len(run)
    made.reads = first.reads
    made.layers = [n for item in run for n in item.layers]
    if first.key in blocks:
        mine, theirs = given(first, blocks), given(made, blocks)
        made.first = {name: value for name, value in mine.items() if value != theirs[name]}
    return made
