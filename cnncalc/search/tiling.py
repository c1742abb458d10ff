"""An image in tiles, as it was found: the tiles of each axis, the plan, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any, NamedTuple

LISTED = 100_000
"""A plan lists at most this many tiles one by one; the tiles of each axis are always listed."""


class AxisSpan(NamedTuple):
    """Positions from `start` to before `stop`."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """One tile on one axis: what it takes of the image, what is kept of its outputs, and where that goes.

    Attributes:
        taken: pixels of the image.
        kept: for each output of the network, units of the tile's own output.
        placed: for each output, units of the whole output.
    """

    taken: AxisSpan
    kept: tuple[AxisSpan, ...]
    placed: tuple[AxisSpan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TileAxis:
    """The tiles of one axis.

    Attributes:
        axis: what the axis is called.
        tile: pixels of a tile.
        halo: pixels of a tile before and after what is kept of it.
        align: a tile starts at a multiple of it.
        step: pixels from the start of a tile to the next one's.
        image: pixels of the image, None where none was named.
        strips: the tiles; empty without an image.
    """

    axis: str
    tile: int
    halo: tuple[int, int]
    align: int
    step: int
    image: int | None
    strips: tuple[Strip, ...]

    @property
    def overlap(self) -> Fraction:
        """The share of a tile that the next one takes again."""
        return 1 - Fraction(self.step, self.tile)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiling:
    """A network on tiles of an image.

    Attributes:
        name: the network's.
        input: the name of its input.
        outputs: the names of its outputs.
        dtype: what an element is stored as.
        axes: one entry per spatial axis.
        tiles: how many tiles; None without an image.
        macs_tile: multiply-accumulates of a full tile; None where a layer's are unknown.
        macs_tiles: of all tiles; without an image of a tile far from the edges.
        macs_whole: of the image; without one, of the part of a large image that a tile far from the edges adds.
        live_peak: bytes of the activations alive at once on a tile, every layer writing a tensor of its own.
        weights: bytes of the parameters.
    """

    name: str
    input: str
    outputs: tuple[str, ...]
    dtype: str
    axes: tuple[TileAxis, ...]
    tiles: int | None
    macs_tile: int | None
    macs_tiles: int | None
    macs_whole: Fraction | None
    live_peak: int
    weights: int

    @property
    def extra_macs(self) -> Fraction | None:
        """The share of work that tiles add to that of the whole."""
        return self.macs_tiles / self.macs_whole - 1 if self.macs_tiles is not None and self.macs_whole else None

    @property
    def overlap(self) -> Fraction:
        """The pixels that are taken more than once, as a share of the image's: of a large one without an image."""
        if self.tiles is None:
            return prod((Fraction(axis.tile, axis.step) for axis in self.axes), start=Fraction(1)) - 1
        taken = prod(sum(s.taken.stop - s.taken.start for s in axis.strips) for axis in self.axes)
        return Fraction(taken, prod(axis.image or 1 for axis in self.axes)) - 1

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data; `halo`, `align` and `step` per axis also as lists."""
        return {
            "schema": 1,
            "name": self.name,
            "input": self.input,
            "outputs": list(self.outputs),
            "dtype": self.dtype,
            "tile": [axis.tile for axis in self.axes],
            "image": None if self.tiles is None else [axis.image for axis in self.axes],
            "halo": [list(axis.halo) for axis in self.axes],
            "align": [axis.align for axis in self.axes],
            "step": [axis.step for axis in self.axes],
            "overlap": float(self.overlap),
            "macs": {
                "tile": self.macs_tile,
                "tiles": self.macs_tiles,
                "whole": None if self.macs_whole is None else _number(self.macs_whole),
                "extra": None if self.extra_macs is None else float(self.extra_macs),
            },
            "memory": {"live_peak": self.live_peak, "weights": self.weights},
            "axes": [self._axis(axis) for axis in self.axes],
            "tiles": self.tiles,
            "plan": self._plan(),
        }

    def _axis(self, axis: TileAxis) -> dict[str, Any]:
        return {
            "axis": axis.axis,
            "tile": axis.tile,
            "halo": list(axis.halo),
            "align": axis.align,
            "step": axis.step,
            "overlap": float(axis.overlap),
            "image": axis.image,
            "tiles": [
                {"in": list(strip.taken), "keep": self._spans(strip.kept), "out": self._spans(strip.placed)}
                for strip in axis.strips
            ],
        }

    def _spans(self, spans: tuple[AxisSpan, ...]) -> dict[str, list[int]]:
        return {name: list(span) for name, span in zip(self.outputs, spans, strict=True)}

    def _plan(self) -> list[dict[str, Any]] | None:
        """Return every tile with its start and end on each axis, None where there is no image or there are too many."""
        if self.tiles is None or self.tiles > LISTED:
            return None
        return [
            {
                "in": [list(strip.taken) for strip in strips],
                "keep": {name: [list(strip.kept[k]) for strip in strips] for k, name in enumerate(self.outputs)},
                "out": {name: [list(strip.placed[k]) for strip in strips] for k, name in enumerate(self.outputs)},
            }
            for strips in product(*(axis.strips for axis in self.axes))
        ]


def _number(value: Fraction) -> int | float:
    return value.numerator if value.denominator == 1 else float(value)
