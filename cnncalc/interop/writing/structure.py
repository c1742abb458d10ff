"""Merges get paths: what lies between a tensor and the merge of what was made of it belongs inside the merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.interop.writing.draft import DraftPath

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncalc.interop.writing.draft import Draft, DraftItem, Source, Tensor

ANY_ORDER = frozenset(("add", "mul", "max"))
"""Merges whose sources may change places."""
GATES = frozenset(("sigmoid", "hardsigmoid", "softmax"))
WORTH = 4
"""Beside sources that are labels, paths of fewer items stand better as labels too."""
MAX_DEPTH = 20
"""Paths are nested at most this deep."""


class Nesting:
    """Puts the items of a draft into the paths of its merges."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.maker: dict[int, DraftItem] = {item.number: item for item in draft.items}
        self.place = {item.number: k for k, item in enumerate(draft.items)}
        self.readers: dict[Tensor, list[DraftItem]] = {}
        self.above: dict[int, Tensor | None] = {}
        self.depth: dict[int, int] = {}
        self.nesting: dict[int, int] = {}
        self.out = set(draft.outputs.values())
        self.gone: set[int] = set()

    def run(self) -> None:
        """Nest every merge, inner ones first."""
        for item in self.draft.items:
            for tensor in dict.fromkeys(item.reads):
                self.readers.setdefault(tensor, []).append(item)
        for item in self.draft.items:
            if item.sources is not None and len(item.reads) > 1 and not item.lends:
                self.nest(item)
            self.above[item.number] = above = self.common(item.reads)
            self.depth[item.number] = 0 if above is None else self.depth.get(above[0], 0) + 1
        self.draft.items[:] = [item for item in self.draft.items if item.number not in self.gone]

    def common(self, tensors: Iterable[Tensor]) -> Tensor | None:
        """Return the nearest tensor through which everything that makes some tensors goes; one of them itself maybe."""
        found: Tensor | None = None
        for number, tensor in enumerate(tensors):
            found = tensor if not number else self.meet(found, tensor)
        return found

    def meet(self, one: Tensor | None, other: Tensor | None) -> Tensor | None:
        """Return the nearest tensor above both, themselves included."""
        while one != other:
            if one is None or other is None:
                return None
            if self.depth.get(one[0], -1) >= self.depth.get(other[0], -1):
                one = self.above.get(one[0])
            else:
                other = self.above.get(other[0])
        return one

    def nest(self, merge: DraftItem) -> None:
        """Give a merge the paths that start at one tensor and that nothing else reads from."""
        start = self.common(merge.reads)
        if start is None:
            return
        regions: list[list[DraftItem] | None] = []
        used: set[int] = set()
        for tensor in merge.reads:
            region = [] if tensor == start else self.region(tensor, start, merge)
            if region and (used & {item.number for item in region} or merge.reads.count(tensor) > 1):
                region = None
            if region:
                used.update(item.number for item in region)
            regions.append(region)
        deep = max((self.nesting.get(number, 0) for number in used), default=0) + 1
        lone = None in regions and len(used) < WORTH
        wider = merge.bits.output and any(not i.bits.output for region in regions for i in region or ())
        if wider or not used or deep > MAX_DEPTH or regions.count([]) > 1 or lone:
            return
        order = list(range(len(regions)))
        if merge.key in ANY_ORDER:
            order.sort(key=lambda k: self.rank(regions[k]))
        names = named(merge, [regions[k] for k in order])
        sources: list[Source] = []
        for k, name in zip(order, names, strict=True):
            region = regions[k]
            sources.append(merge.reads[k] if region is None else DraftPath(name, region))
        merge.sources = sources
        merge.reads = [start]
        self.nesting[merge.number] = deep
        for item in (item for region in regions for item in region or ()):
            self.gone.add(item.number)
            merge.layers.extend(item.layers)
            for tensor in item.needs():
                self.unread(tensor, item)
        for tensor in merge.needs():
            readers = self.readers.setdefault(tensor, [])
            if merge not in readers:
                readers.append(merge)

    def rank(self, region: list[DraftItem] | None) -> tuple[bool, bool, int]:
        """Return where a path stands among those whose order is free: as their layers do, empty ones last."""
        return not region, region is None, self.place[region[0].number] if region else 0

    def unread(self, tensor: Tensor, item: DraftItem) -> None:
        """Forget that an item, which is inside a merge now, reads a tensor."""
        readers = self.readers.get(tensor, [])
        if item in readers:
            readers.remove(item)

    def region(self, end: Tensor, start: Tensor, merge: DraftItem) -> list[DraftItem] | None:
        """Return what is made of one tensor for a merge alone, up to another tensor, in order; None if it is not."""
        last = self.maker.get(end[0])
        if last is None or last.ports > 1:
            return None
        found: dict[int, DraftItem] = {}
        waiting = [last]
        while waiting:
            item = waiting.pop()
            if item.number in found:
                continue
            if item.lends or item.shares is not None:
                return None
            found[item.number] = item
            for tensor in item.needs():
                if tensor == start:
                    continue
                maker = self.maker.get(tensor[0])
                if maker is None or maker.number in self.gone:
                    return None
                if self.depth.get(maker.number, -1) <= self.depth.get(start[0], -1):
                    return None
                waiting.append(maker)
        for item in found.values():
            for port in range(item.ports):
                tensor = item.number, port
                if tensor in self.out:
                    return None
                allowed = merge if tensor == end else None
                if any(r.number not in found and r is not allowed for r in self.readers.get(tensor, ())):
                    return None
                if tensor == end and any(r.number in found for r in self.readers.get(tensor, ())):
                    return None
        return sorted(found.values(), key=lambda item: self.place[item.number])


def named(merge: DraftItem, regions: list[list[DraftItem] | None]) -> list[str]:
    """Return a name for each path of a merge."""
    full = [k for k, region in enumerate(regions) if region]
    empty = [k for k, region in enumerate(regions) if region == []]
    names = [f"path{k + 1}" for k in range(len(regions))]
    if merge.key == "mul" and len(regions) == 2:
        gate = next((k for k in full if gates(regions[k])), None)
        if gate is not None:
            names[gate], names[1 - gate] = "gate", "map"
    elif merge.key == "add" and len(regions) == 2:
        if len(full) == 1:
            names[full[0]], names[1 - full[0]] = "body", "skip"
        elif len(full) == 2:
            sizes = [sum(len(list(item.inside())) for item in regions[k] or ()) for k in full]
            body = full[0] if sizes[0] >= sizes[1] else full[1]
            names[body], names[1 - body] = "body", "skip"
    elif empty:
        names[empty[0]] = "same"
    return names


def gates(region: list[DraftItem] | None) -> bool:
    """Return whether a path ends in what makes a gate."""
    if not region:
        return False
    last = region[-1]
    act = last.args.get("act")
    return last.key in GATES or getattr(act, "name", None) in GATES
