"""Sums over some layers of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.results.totals import Totals
from cnncalc.values.dtypes import parse_dtypes, tensor_bytes
from cnncalc.values.work import MemoryAccess, Work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.results.layer import Layer
    from cnncalc.results.report import Report


def totals_of(report: Report, layers: Sequence[Layer]) -> Totals:
    """Return the sums over some of a report's layers; weights that another layer owns count where that one is.

    The peak is the most that is alive while one of these layers runs.
    """
    kinds: dict[str, int] = {}
    for layer in layers:
        for kind, count in (layer.work.to_dict() if layer.work is not None else {}).items():
            kinds[kind] = kinds.get(kind, 0) + count
    memory = [layer.memory_access for layer in layers if layer.memory_access is not None]
    weighted = [layer.memory_access for layer in layers if layer.weighted and layer.memory_access is not None]
    params = sum(layer.params or 0 for layer in layers)
    unknown = {name for layer in layers for name in layer.unknown}
    unknown |= {"model_size"} if "params" in unknown else set()
    return Totals(
        layers=len(layers),
        params=params,
        buffers=sum(layer.buffers for layer in layers),
        macs=sum(layer.macs or 0 for layer in layers),
        flops=sum(layer.flops or 0 for layer in layers),
        work=Work(**kinds),
        memory_access=MemoryAccess(
            read=sum(access.read for access in memory), written=sum(access.written for access in memory),
            weights=sum(access.weights for access in memory), bias=sum(access.bias for access in memory),
        ),
        memory_access_weighted=sum(access.read + access.written + access.weights for access in weighted),
        bytes=sum(layer.bytes or 0 for layer in layers),
        model_size=tensor_bytes(params, parse_dtypes(report.dtype).weight_bits),
        activations=sum(layer.activations or 0 for layer in layers),
        connections=sum(layer.connections or 0 for layer in layers),
        peak_activation=max((layer.live for layer in layers), default=0),
        lower_bounds=tuple(sorted(unknown)),
    )  # fmt: skip
