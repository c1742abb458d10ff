"""The shape of one image's feature map: `[C, H, W]`, `[C, L]`, `[C, D, H, W]` or `[C]`; never with the batch."""

from __future__ import annotations

from math import prod


class Shape(tuple[int, ...]):
    """Extents of one tensor, channels first, no batch axis."""

    __slots__ = ()

    @property
    def channels(self) -> int:
        """The number of channels, C."""
        return self[0]

    @property
    def spatial(self) -> tuple[int, ...]:
        """The spatial extents: `(H, W)` for a 2-D map, empty for a vector."""
        return self[1:]

    @property
    def positions(self) -> int:
        """The number of spatial positions, H*W; 1 for a vector."""
        return prod(self[1:])

    @property
    def elements(self) -> int:
        """The number of elements, C*H*W."""
        return prod(self)

    def __str__(self) -> str:
        return "x".join(map(str, self))
