"""A network held against another program's: output shapes, parameters and multiply-accumulates, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.graph.graph import Graph


class Numbers(NamedTuple):
    """What is compared of a layer; None is not known there."""

    shape: tuple[int, ...] | None
    params: int | None
    macs: int | None

    def differs(self, other: Numbers) -> list[str]:
        """Return the names of the numbers that both sides know and that are not equal."""
        return [name for name, mine, theirs in zip(self._fields, self, other, strict=True)
                if None not in (mine, theirs) and mine != theirs]  # fmt: skip


@dataclass(slots=True)
class Side:
    """The other program's network.

    Attributes:
        title: what messages call it.
        layers: its layers by our paths, where it was made from the spec; else by its own names, in order.
        ours: whether these are our paths.
        outputs: the shapes of its outputs, without the batch.
        params: learnable values in all.
        macs: multiply-accumulates of one image in all.
    """

    title: str
    layers: dict[str, Numbers]
    ours: bool
    outputs: list[tuple[int, ...]]
    params: int | None
    macs: int | None


class LayerRow(NamedTuple):
    """The verdict on a layer: its numbers here and there, and which of them differ, or on which side it is missing."""

    path: str
    there: str
    mine: Numbers | None
    theirs: Numbers | None
    differs: tuple[str, ...]


Box: TypeAlias = "tuple[tuple[int, int] | None, ...]"
"""The first and last pixel that a unit sees on each axis of a network input; None where it sees nothing."""


class FieldRow(NamedTuple):
    """What the unit in the middle of a layer sees of a network input, here and there, pixels outside left out."""

    path: str
    unit: tuple[int, ...]
    source: str
    mine: Box
    theirs: Box


@dataclass(slots=True)
class Verification:
    """What came of the comparison; `fields` is None where nobody asked for them."""

    title: str
    rows: list[LayerRow] = field(default_factory=list)
    totals: list[tuple[str, Any, Any]] = field(default_factory=list)
    fields: list[FieldRow] | None = None

    @property
    def wrong(self) -> list[LayerRow]:
        """The layers that differ."""
        return [row for row in self.rows if row.differs]

    @property
    def holds(self) -> bool:
        """Whether nothing differs."""
        return (not self.wrong and all(mine == theirs for _, mine, theirs in self.totals)
                and not self.wrong_fields)  # fmt: skip

    @property
    def wrong_fields(self) -> list[FieldRow]:
        """The fields that differ."""
        return [row for row in self.fields or () if row.mine != row.theirs]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""

        def numbers(found: Numbers | None) -> dict[str, Any] | None:
            return None if found is None else {**found._asdict(), "shape": found.shape and list(found.shape)}

        fields = {} if self.fields is None else {"fields": [
            {"path": f.path, "unit": list(f.unit), "input": f.source, "here": list(f.mine), "there": list(f.theirs)}
            for f in self.fields
        ]}  # fmt: skip
        return {
            "with": self.title, "holds": self.holds,
            "totals": {name: {"here": mine, "there": theirs} for name, mine, theirs in self.totals},
            "layers": [{"path": r.path, "there": r.there, "here": numbers(r.mine), "other": numbers(r.theirs),
                        "differs": list(r.differs)} for r in self.rows],
            **fields,
        }  # fmt: skip


def mine(graph: Graph) -> dict[str, Numbers]:
    """Return the numbers of every layer here; weights that another layer lends are none of its own."""
    return {
        node.path: Numbers(tuple(node.out_shapes[0]), 0 if node.shares is not None else node.op.params(node.in_shapes),
                           node.op.macs(node.in_shapes, node.out_shapes))
        for node in graph.nodes
    }  # fmt: skip


def compared(graph: Graph, side: Side) -> Verification:
    """Return the verdict on every layer and on the whole."""
    here = mine(graph)
    found = Verification(side.title)
    found.rows = by_path(here, side.layers) if side.ours else by_order(here, side.layers)
    outputs = [tuple(graph.shape(ref)) for ref in graph.outputs.values()]
    found.totals.append(("outputs", shown(outputs), shown(side.outputs)))
    for name, theirs in (("params", side.params), ("macs", side.macs)):
        known = [getattr(numbers, name) for numbers in here.values()]
        total = None if None in known else sum(known)
        if theirs is not None and total is not None:
            found.totals.append((name, total, theirs))
    return found


def shown(shapes: Sequence[tuple[int, ...]]) -> list[str]:
    """Return shapes as they are printed."""
    return ["x".join(map(str, shape)) for shape in shapes]


def by_path(here: dict[str, Numbers], there: dict[str, Numbers]) -> list[LayerRow]:
    """Compare layers of one name; what the other side has no layer for is an expression in it."""
    return [LayerRow(path, path, numbers, there[path], tuple(numbers.differs(there[path])))
            for path, numbers in here.items() if path in there]  # fmt: skip


def weighing(layers: dict[str, Numbers]) -> list[str]:
    """Return the layers that multiply or hold weights."""
    return [path for path, n in layers.items() if n.macs or n.params]


def by_order(here: dict[str, Numbers], there: dict[str, Numbers]) -> list[LayerRow]:
    """Compare the layers that weigh, in order; equal ones at another place of a branch are a pair as well."""
    left, right = weighing(here), weighing(there)
    keys = [here[p] for p in left], [there[p] for p in right]
    pairs: dict[str, str] = {}
    lost, spare = list[str](), list[str]()
    for kind, a, b, c, d in SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        if kind == "equal":
            pairs.update(zip(left[a:b], right[c:d], strict=True))
        else:
            lost += left[a:b]
            spare += right[c:d]
    for path in list(lost):
        twin = next((other for other in spare if not here[path].differs(there[other])), None)
        if twin is not None:
            pairs[path] = twin
            lost.remove(path)
            spare.remove(twin)
    rows = [LayerRow(path, pairs[path], here[path], there[pairs[path]], ()) for path in left if path in pairs]
    one_by_one = dict(zip(lost, spare, strict=True)) if len(lost) == len(spare) else {}
    for path in lost:
        near = next((other for other in spare if len(here[path].differs(there[other])) == 1), None)
        if near is None:
            near = next((other for other in (path, one_by_one.get(path)) if other in spare), None)
        if near is not None:
            spare.remove(near)
            rows.append(LayerRow(path, near, here[path], there[near], tuple(here[path].differs(there[near]))))
        else:
            rows.append(LayerRow(path, "", here[path], None, ("missing there",)))
    rows += [LayerRow("", other, None, there[other], ("missing here",)) for other in spare]
    return rows
