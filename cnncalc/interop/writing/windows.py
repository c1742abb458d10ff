"""Parts of lists of items that could be blocks: what is inside them alone, and what is the same at several places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.interop.writing.draft import DraftPath

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.interop.writing.draft import Draft, DraftItem, Tensor

LONGEST = 16
"""Blocks have at most this many items, what is inside their paths not counted."""
SHORTCUT = "skip"


class ItemWindow(NamedTuple):
    """Some items in a row that one tensor enters and one leaves: their list, from where to where, and what enters."""

    items: list[DraftItem]
    start: int
    stop: int
    entry: Tensor

    @property
    def part(self) -> list[DraftItem]:
        """Its items."""
        return self.items[self.start : self.stop]

    @property
    def inside(self) -> list[DraftItem]:
        """Its items and those of their paths, as they are written."""
        return [inner for item in self.part for inner in item.inside()]


class ItemList(NamedTuple):
    """A list of items, what enters it, and the merge that it is a path of."""

    items: list[DraftItem]
    entry: Tensor | None
    owner: DraftItem | None


def lists(draft: Draft) -> Iterator[ItemList]:
    """Yield every list of items: that of the network, and the paths inside it."""

    def within(items: list[DraftItem]) -> Iterator[ItemList]:
        for item in items:
            for path in item.paths:
                if path.items:
                    yield ItemList(path.items, item.reads[0], item)
                    yield from within(path.items)

    yield ItemList(draft.items, (-1, 0), None)
    yield from within(draft.items)


FIXED = frozenset(("opaque", "permute"))
"""Operators whose numbers are no parameters."""


def numeric(value: Any) -> bool:
    """Return whether an argument may become a parameter."""
    return isinstance(value, int) and not isinstance(value, bool)


def listed(value: Any) -> bool:
    """Return whether an argument is a list of numbers, each of which may become a parameter."""
    return isinstance(value, tuple) and bool(value) and all(map(numeric, value))


def mark(item: DraftItem, name: str, value: Any) -> str:
    """Return what of an argument must be the same wherever a block stands."""
    if item.key in FIXED or (name in {"kernel", "axis", "parts"} and (value == 1 or name != "kernel")):
        return repr(value)
    if listed(value):
        return f"#{len(value)}"
    return "#" if numeric(value) else repr(value)


def fixed(item: DraftItem) -> tuple[Any, ...]:
    """Return what must be the same of an item wherever its block stands."""
    words = tuple((name, mark(item, name, value)) for name, value in item.args.items())
    return item.key, words, item.ports, item.repeat, item.when, item.bits, tuple(sorted(item.first.items()))


def skeleton(item: DraftItem) -> tuple[Any, ...]:
    """Return what makes two items alike, whatever they read: paths with theirs, shortcuts whatever they are."""
    sources = None
    if item.sources is not None:
        sources = tuple(
            (s.name, *(() if shortcut(item, s) else map(skeleton, s.items))) if isinstance(s, DraftPath) else ()
            for s in item.sources
        )
    return fixed(item), sources


def shortcut(item: DraftItem, path: DraftPath) -> bool:
    """Return whether a path is the second of an `add`, empty or one layer: one block may have it or not."""
    return item.key == "add" and path.name == SHORTCUT and len(item.paths) == 2 and (
        not path.items or (len(path.items) == 1 and path.items[0].sources is None))  # fmt: skip


def reading(window: ItemWindow) -> tuple[Any, ...] | None:
    """Return what each item of a window reads, by place; None where it reads more than what enters the window."""
    place = {item.number: k for k, item in enumerate(window.part)}
    inner: dict[int, int] = {}
    found: list[Any] = []

    def name(tensor: Tensor) -> Any:
        if tensor == window.entry:
            return "x"
        if tensor[0] in inner:
            return "in", inner[tensor[0]], tensor[1]
        if tensor[0] in place:
            return "at", place[tensor[0]], tensor[1]
        raise LookupError

    def walk(items: list[DraftItem]) -> None:
        for item in items:
            if item.sources is None:
                found.append(tuple(map(name, item.reads)))
            else:
                if item.paths:
                    found.append(name(item.reads[0]))
                for source in item.sources:
                    if isinstance(source, DraftPath):
                        if shortcut(item, source):
                            if source.items and source.items[0].reads != item.reads:
                                raise LookupError
                        else:
                            walk(source.items)
                    else:
                        found.append(name(source))
            inner[item.number] = len(inner)

    try:
        for item in window.part:
            walk([item])
    except LookupError:
        return None
    return tuple(found)


def last_reads(place: ItemList, outputs: set[Tensor]) -> list[int]:
    """Return, for each item of a list, the last position that reads it; the list's length for what leaves it."""
    where = {item.number: k for k, item in enumerate(place.items)}
    last = list(range(len(place.items)))
    for k, item in enumerate(place.items):
        for tensor in item.needs():
            if tensor[0] in where:
                last[where[tensor[0]]] = k
    for number, _ in outputs:
        if number in where:
            last[where[number]] = len(last)
    last[-1] = len(last)
    return last


def windows(place: ItemList, outputs: set[Tensor], ids: dict[Any, int]) -> Iterator[tuple[tuple[int, ...], ItemWindow]]:
    """Yield every window of a list with what its items are; `ids` numbers the kinds."""
    last = last_reads(place, outputs)
    kinds = [ids.setdefault(skeleton(item), len(ids)) for item in place.items]
    mixed = [any(i.lends or i.shares is not None for i in item.inside()) for item in place.items]
    for start, item in enumerate(place.items):
        needs = item.needs()
        if len(needs) != 1:
            continue
        end = start
        for stop in range(start + 1, min(start + LONGEST, len(place.items)) + 1):
            if mixed[stop - 1]:
                break
            end = max(end, *(last[start : stop - 1] or [start]))
            if end >= stop:
                if end >= len(last):
                    break
                continue
            if place.items[stop - 1].ports == 1:
                yield tuple(kinds[start:stop]), ItemWindow(place.items, start, stop, needs[0])


def shortcuts(window: ItemWindow) -> list[DraftItem | None]:
    """Return the layer of each shortcut of a window, in order; None where the shortcut has none."""
    return [next(iter(p.items), None) for item in window.inside for p in item.paths if shortcut(item, p)]


def main(window: ItemWindow) -> list[DraftItem]:
    """Return a window's items in the order in which they are written, without those of its shortcuts."""
    apart = {item.number for item in shortcuts(window) if item is not None}
    return [item for item in window.inside if item.number not in apart]


def slots(items: list[DraftItem]) -> list[tuple[int, str, int]]:
    """Return the numbers that may differ: the place of the item, the argument, the value; of a list one by one."""
    found: list[tuple[int, str, int]] = []
    for k, item in enumerate(items):
        for name, value in item.args.items():
            if not mark(item, name, value).startswith("#"):
                continue
            if numeric(value):
                found.append((k, name, value))
            else:
                found += [(k, f"{name}.{n}", inner) for n, inner in enumerate(value)]
    return found
