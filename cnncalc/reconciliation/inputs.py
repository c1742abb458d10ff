"""The inputs on which a network may have been measured, the likeliest first: its own aspect and rank are kept."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncalc.values.shape import Shape

USUAL = (32, 64, 96, 128, 160, 192, 224, 256, 288, 299, 300, 320, 384, 416, 448, 512, 600, 608, 640, 800, 1024)
"""Sides of square inputs that papers and tools measure at."""
RARE = (28, 112, 227, 231, 240, 260, 331, 380, 400, 456, 480, 520, 528, 560, 572, 768)
"""Sides of single networks."""
HEIGHTS = (128, 180, 240, 256, 270, 288, 320, 360, 480, 512, 540, 600, 720, 800, 1080)
"""Shorter sides of images that are no squares."""
FACTORS = tuple(Fraction(a, b) for a, b in ((1, 2), (2, 1), (1, 4), (3, 4), (3, 2), (4, 1), (1, 3), (2, 3), (3, 1)))
HALF_OR_TWICE = 2


def other_inputs(shapes: Mapping[str, Shape]) -> Iterator[tuple[int, dict[str, tuple[int, ...]]]]:
    """Yield a rank (the smaller the likelier) and the shape of every input: `[C, L]`, `[C, H, W]` or `[C, D, H, W]`.

    All inputs change together. First the whole map is scaled, so that its aspect stays; then extents that differ
    from the others change alone: the frames of a video, the length of a line of text.
    """
    own = {name: tuple(shape) for name, shape in shapes.items()}
    seen = {tuple(own.values())}
    for rank, change in changes(shapes):
        changed = {
            name: (shape[0], *(change.get(extent, extent) for extent in shape[1:])) for name, shape in own.items()
        }
        if tuple(changed.values()) not in seen:
            seen.add(tuple(changed.values()))
            yield rank, changed


def changes(shapes: Mapping[str, Shape]) -> Iterator[tuple[int, dict[int, int]]]:
    """Yield a rank and, for every extent of the inputs, another one."""
    extents = sorted({extent for shape in shapes.values() for extent in tuple(shape)[1:]})
    if not extents:
        return
    map_ = sorted({extent for shape in shapes.values() for extent in plane(tuple(shape)[1:])})
    for rank, factor in scales(map_):
        scaled = {extent: extent * factor for extent in map_}
        if all(extent.denominator == 1 for extent in scaled.values()):
            yield rank, {old: int(new) for old, new in scaled.items()}
    for extent in extents if len(extents) > 1 else ():
        for factor in FACTORS:
            if (extent * factor).denominator == 1:
                yield (2 if doubled(factor) else 4), {extent: int(extent * factor)}


def plane(extents: tuple[int, ...]) -> tuple[int, ...]:
    """Return the extents that are scaled together: of `[D, H, W]` the last two, frames are another matter."""
    return extents[-2:]


def scales(extents: list[int]) -> Iterator[tuple[int, Fraction]]:
    """Yield a rank and a factor for the whole map: the usual sides of squares, the usual heights of wide images."""
    shortest, longest = extents[0], extents[-1]
    for rank, sides in ((2, USUAL), (3, RARE)) if shortest == longest else ((3, HEIGHTS),):
        for side in sides:
            yield rank, Fraction(side, shortest)
    for factor in FACTORS:
        yield (2 if doubled(factor) else 4), factor


def doubled(factor: Fraction) -> bool:
    """Whether a factor is two or a half."""
    return factor.numerator * factor.denominator == HALF_OR_TWICE
