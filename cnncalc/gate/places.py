"""Where a finding of the gate stands: at its limit, at the layer that a number is due to most, or at the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.gate.metrics import heaviest
from cnncalc.ops.registry import find

if TYPE_CHECKING:
    from cnncalc.gate.budget import Limit
    from cnncalc.gate.compare import Comparison
    from cnncalc.results.layer import Layer
    from cnncalc.results.report import Report


def place(limit: Limit, layer: Layer | None = None) -> tuple[int, int]:
    """Return the line and column of a limit in the spec, else of the layer that weighs most in it, else the start."""
    if limit.span is not None and limit.origin.kind == "spec":
        return limit.span.line, limit.span.column
    return spot(layer) or (1, 1)


def spot(layer: Layer | None) -> tuple[int, int] | None:
    """Return the line and column of a layer that stands in the spec."""
    return (layer.line, layer.column or 1) if layer is not None and layer.line else None


def moved_most(limit: Limit, comparison: Comparison) -> Layer | None:
    """Return the layer that a number's growth (or its shrinking) is due to most, in the later version.

    Of a number that is no sum of layers it is the layer that changed most.
    """
    sign = 1 if limit.bound == "max_increase" else -1
    rows = [
        (sign * delta.change, change.after)
        for change in comparison.layers if change.after is not None
        for delta in change.deltas if delta.metric == limit.metric and delta.change is not None
    ]  # fmt: skip
    most, layer = max(rows, key=lambda row: row[0], default=(0, None))
    if most > 0:
        return layer
    return next((change.after for change in comparison.layers if change.after is not None), None)


def dense(layer: Layer) -> bool:
    """Whether a layer's weights are one matrix."""
    operator = find(layer.op)
    return operator is not None and operator.dense


def bearer(limit: Limit, report: Report) -> Layer | None:
    """Return the layer that a number without a layer of its own follows from: the first past the limit, or the last.

    Of a share of linear layers it is the heaviest of them, of what a device stores the heaviest layer.
    """
    metric, layers = limit.metric, report.layers
    if metric in {"fc_share", "flash"}:
        chosen = [layer for layer in layers if layer.params and (metric == "flash" or dense(layer))]
        return max(chosen, key=lambda layer: layer.params or 0, default=None)
    if metric == "receptive_field":
        seen = [layer for layer in layers if layer.path == report.summary.last_map_path]
        over = [layer for layer in layers if None not in layer.receptive_field
                and min((n for n in layer.receptive_field if n is not None), default=0) > limit.value]  # fmt: skip
        return next(iter((over if limit.bound == "max" else []) + seen), None)
    weighted = [layer for layer in layers if layer.activations]
    if metric == "width":
        width = report.summary.width
        return next((layer for layer in weighted if layer.out_shape[0] == width), None)
    return next(reversed(weighted or list(layers)), None)


def weighs_most(limit: Limit, report: Report) -> Layer | None:
    """Return the layer with the most of an additive metric, where what grew cannot be known."""
    return next((layer for layer, _ in heaviest(report, limit.subject)), None)
