"""Two reports side by side: totals with their deltas, layers paired by path."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from cnncalc.gate.metrics import METRICS, Measured, Metric
from cnncalc.results.layer import Layer
from cnncalc.results.measures import counted, summed
from cnncalc.results.views import view
from cnncalc.values.diagnostics import one_line

if TYPE_CHECKING:
    from collections.abc import Collection

    from cnncalc.language.literals import Number
    from cnncalc.results.report import Report

FURTHER = tuple(entry.name for entry in counted() if entry.name not in Layer._fields)
"""Measures that stand in `Layer.more`."""
RANK = ("macs", "params", "flops", "memory_access", "activations")
LAYER_METRICS = tuple(
    entry.budget
    for entry in summed(first=RANK)
    if entry.budget and (entry.name in RANK or entry.name in FURTHER)
)
"""What a changed layer is described by, the first outranking the later ones in the order of layers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """One metric before and after; None where there is no such layer or the number cannot be known."""

    metric: str
    before: Number | None
    after: Number | None

    @property
    def subject(self) -> Metric:
        """The metric itself."""
        return METRICS[self.metric]

    @property
    def change(self) -> Number | None:
        """After less before; None where either is not known."""
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def ratio(self) -> Fraction | None:
        """The change as a part of before; None where that is not known or 0."""
        change = self.change
        return None if change is None or not self.before else Fraction(change) / Fraction(self.before)

    def to_dict(self) -> dict[str, Any]:
        """Return the delta as JSON has it; shares and percentages are floats."""
        ratio = self.ratio
        return {
            "before": as_json(self.before),
            "after": as_json(self.after),
            "delta": as_json(self.change),
            "percent": None if ratio is None else float(ratio * 100),
        }


def as_json(value: Number | None) -> int | float | None:
    """Return an integer as it is, at any size, and a fraction as a float."""
    return value if value is None or isinstance(value, int) else float(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerChange:
    """One layer of one path in either version.

    Attributes:
        path: the path that pairs them.
        before: the layer in the old version, None when it was added.
        after: the layer in the new version, None when it was removed.
        what: what differs: operator, arguments, inputs, shapes, or a metric.
        deltas: its metrics, both versions; an absent layer counts nothing.
    """

    path: str
    before: Layer | None
    after: Layer | None
    what: tuple[str, ...]
    deltas: tuple[Delta, ...]

    @property
    def kind(self) -> str:
        """`added`, `removed` or `changed`."""
        return "added" if self.before is None else "removed" if self.after is None else "changed"

    @property
    def weight(self) -> tuple[Number, ...]:
        """How much it moved, for sorting."""
        changes: list[Number] = [delta.change or 0 for delta in self.deltas]
        return tuple(-change if change < 0 else change for change in changes)

    def to_dict(self) -> dict[str, Any]:
        """Return the change as JSON has it."""
        return {
            "path": self.path,
            "op": {"before": self.before and self.before.op, "after": self.after and self.after.op},
            "out_shape": {
                "before": list(self.before.out_shape) if self.before else None,
                "after": list(self.after.out_shape) if self.after else None,
            },
            "what": list(self.what),
            "line": self.after.line if self.after else None,
            **{delta.metric: delta.to_dict() for delta in self.deltas},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What became of a network.

    Attributes:
        totals: every metric of the network, before and after.
        layers: the layers that differ, those that moved most first.
        same: how many layers did not change.
        names: the networks' names, before and after.
        convention: the rule behind FLOPs, after.
    """

    totals: tuple[Delta, ...]
    layers: tuple[LayerChange, ...]
    same: int
    names: tuple[str, str] = ("before", "after")
    convention: str = "exact"

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(self.of_kind(kind)):,} {kind}" for kind in ("added", "removed", "changed"))
        return one_line(f"<Comparison {' -> '.join(self.names)}: layers {counts}, {self.same:,} unchanged>")

    def of_kind(self, kind: str) -> list[LayerChange]:
        """Return the layers that were `added`, `removed` or `changed`, those that moved most first."""
        return [layer for layer in self.layers if layer.kind == kind]

    @property
    def changed(self) -> bool:
        """Whether anything differs."""
        return bool(self.layers) or any(delta.before != delta.after for delta in self.totals)

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON has it."""
        return {
            "totals": {delta.metric: delta.to_dict() for delta in self.totals},
            **{kind: [layer.to_dict() for layer in self.of_kind(kind)] for kind in ("added", "removed", "changed")},
            "unchanged": self.same,
        }

    def to_html(self) -> str:
        """Return the comparison as HTML: inline style, light and dark, no script, names escaped."""
        text: str = view("comparison.html")(self)
        return text

    def to_markdown(self) -> str:
        """Return the comparison as two Markdown tables, of totals and of layers."""
        text: str = view("comparison.markdown")(self)
        return text

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        forms: dict[str, Any] = view("mimebundle")(self, include, exclude)
        return forms


def exactly(measured: Measured) -> Number | None:
    """Return a number that is known, else None."""
    return measured.low if measured.known else None


def compare(before: Report, after: Report) -> Comparison:
    """Return everything that differs between two reports; layers are paired by path."""
    totals = tuple(
        Delta(metric=name, before=exactly(metric.total(before)), after=exactly(metric.total(after)))
        for name, metric in METRICS.items()
        if (not metric.planned or (before.memory and after.memory))
        and (not metric.widths or (before.totals.precision and after.totals.precision))
    )
    old = {layer.path: layer for layer in before.layers}
    new = {layer.path: layer for layer in after.layers}
    changes = []
    for path in (*new, *(path for path in old if path not in new)):
        first, second = old.get(path), new.get(path)
        what = _differences(first, second) if first and second else ()
        if first is None or second is None or what:
            deltas = tuple(_delta(name, first, second, before, after) for name in LAYER_METRICS)
            changes.append(LayerChange(path=path, before=first, after=second, what=what, deltas=deltas))
    changes.sort(key=lambda change: tuple(-n for n in change.weight))
    same = len(new) - sum(change.after is not None for change in changes)
    return Comparison(totals=totals, layers=tuple(changes), same=same, names=(before.name, after.name),
                      convention=after.convention)  # fmt: skip


def _delta(name: str, first: Layer | None, second: Layer | None, before: Report, after: Report) -> Delta:
    measure = METRICS[name].layer
    if measure is None:
        return Delta(metric=name, before=None, after=None)
    return Delta(
        metric=name,
        before=0 if first is None else exactly(measure(first, before)),
        after=0 if second is None else exactly(measure(second, after)),
    )


def _differences(first: Layer, second: Layer) -> tuple[str, ...]:
    """Return what differs between two layers of one path."""
    pairs = {
        "op": (first.op, second.op),
        "arguments": (first.arguments, second.arguments),
        "inputs": (first.inputs, second.inputs),
        "in_shapes": (first.in_shapes, second.in_shapes),
        "out_shapes": (first.out_shapes, second.out_shapes),
        "params": (first.params, second.params),
        "macs": (first.macs, second.macs),
        "flops": (first.flops, second.flops),
        "memory_access": (first.memory_access, second.memory_access),
        "receptive_field": (first.receptive_field, second.receptive_field),
        **{name: (first.number(name), second.number(name)) for name in FURTHER},
    }
    return tuple(name for name, (old, new) in pairs.items() if old != new)
