"""Sums over some layers of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.results.measures import summed
from cnncalc.results.totals import SUMS, Totals
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
    sums = {
        entry.name: sum(layer.number(entry.name) or 0 for layer in layers)
        for entry in summed() if entry.name != "memory_access"
    }  # fmt: skip
    own_places: dict[str, Any] = {name: sums.pop(name) for name in SUMS if name in sums}
    unknown = {name for layer in layers for name in layer.unknown}
    unknown |= {"model_size"} if "params" in unknown else set()
    return Totals(
        **own_places,
        more=tuple(sums.items()),
        layers=len(layers),
        work=Work(**kinds),
        memory_access=MemoryAccess(
            read=sum(access.read for access in memory), written=sum(access.written for access in memory),
            weights=sum(access.weights for access in memory), bias=sum(access.bias for access in memory),
        ),
        memory_access_weighted=sum(access.read + access.written + access.weights for access in weighted),
        model_size=tensor_bytes(own_places["params"], parse_dtypes(report.dtype).weight_bits),
        peak_activation=max((layer.live for layer in layers), default=0),
        lower_bounds=tuple(sorted(unknown)),
    )  # fmt: skip
