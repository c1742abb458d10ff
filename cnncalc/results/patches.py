"""A network whose first stage runs patch by patch: frozen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Patches:
    """What splitting the first stage of a network does to memory and work (MCUNetV2, arXiv:2110.15352); bytes.

    The map that the stage gives is put together whole; inside, only the parts that one patch needs are alive. The
    network's input is read patch by patch from where it is kept, and does not count while patches run.

    Attributes:
        split: patches on each axis.
        layer: the layer whose map is put together.
        map: its extents.
        patch: extents of the largest patch of that map.
        input_patch: extents of the largest part of the input that a patch reads.
        peak: most bytes alive at once.
        peak_layer: where that is.
        peak_stage: the same while patches run.
        peak_rest: the same behind them.
        peak_whole: of the network without patches.
        peak_whole_layer: where that is.
        peak_in_place: most bytes alive at once where elementwise layers and depthwise convolutions write over their
            input, as TinyEngine does.
        peak_whole_in_place: the same without patches.
        macs: multiply-accumulates with patches: what they share is computed anew in each.
        macs_whole: without.
        profile: bytes alive during each layer with patches.
        profile_whole: without.
    """

    split: tuple[int, ...]
    layer: str
    map: tuple[int, ...]
    patch: tuple[int, ...]
    input_patch: tuple[int, ...]
    peak: int
    peak_layer: str
    peak_stage: int
    peak_rest: int
    peak_whole: int
    peak_whole_layer: str
    peak_in_place: int
    peak_whole_in_place: int
    macs: int
    macs_whole: int
    profile: tuple[int, ...]
    profile_whole: tuple[int, ...]

    @property
    def extra(self) -> float:
        """The share of multiply-accumulates that patches add."""
        return self.macs / self.macs_whole - 1 if self.macs_whole else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON has them."""
        return {
            "split": list(self.split),
            "layer": self.layer,
            "map": list(self.map),
            "patch": list(self.patch),
            "input_patch": list(self.input_patch),
            "peak": self.peak,
            "peak_layer": self.peak_layer,
            "peak_stage": self.peak_stage,
            "peak_rest": self.peak_rest,
            "peak_whole": self.peak_whole,
            "peak_whole_layer": self.peak_whole_layer,
            "peak_in_place": self.peak_in_place,
            "peak_whole_in_place": self.peak_whole_in_place,
            "macs": self.macs,
            "macs_whole": self.macs_whole,
            "extra": self.extra,
        }
