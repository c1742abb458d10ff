"""The colours of a picture: of operators by family, of amounts by their part of the largest; light and dark."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.render import format as fmt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.drawing.scene import Box

COLOUR_BY = ("op", "macs", "params", "memory", "rf")
STEPS = 6
"""Shades of an amount."""


class Tone(NamedTuple):
    """A colour in both themes: of lines and bars, and of the ground of a box."""

    line: str
    ground: str
    dark_line: str
    dark_ground: str


TONES = {
    "convolution": Tone("#2f6bd6", "#eef4ff", "#6ea2ff", "#16243d"),
    "linear": Tone("#7a4fd0", "#f5f0ff", "#b08cff", "#251b3d"),
    "attention": Tone("#b8368a", "#fdeff8", "#f07cc6", "#361830"),
    "recurrent": Tone("#8a5a2b", "#faf3ea", "#d9a468", "#33261a"),
    "pooling": Tone("#c9711a", "#fff5e9", "#f2a65a", "#362516"),
    "normalisation": Tone("#1b8a7e", "#eaf8f6", "#4fc9bb", "#12302c"),
    "activation": Tone("#9a8200", "#fbf8e2", "#d9c24a", "#2f2a10"),
    "merge": Tone("#2b8a45", "#ecf9ef", "#61c97d", "#14301c"),
    "shape": Tone("#5f6b7a", "#f3f5f7", "#9aa7b5", "#20262d"),
    "channels": Tone("#1f86a8", "#eaf7fb", "#5cc0e0", "#122c36"),
    "regularisation": Tone("#5f6b7a", "#f3f5f7", "#9aa7b5", "#20262d"),
    "other": Tone("#5f6b7a", "#f3f5f7", "#9aa7b5", "#20262d"),
    "block": Tone("#48566a", "#f4f6f9", "#a9b7c9", "#1c232c"),
    "input": Tone("#48566a", "#ffffff", "#a9b7c9", "#14181d"),
    "output": Tone("#48566a", "#ffffff", "#a9b7c9", "#14181d"),
}
"""By the families of operators, and by the kinds of boxes that have none."""
CHANGES = {
    "added": Tone("#1d7a3a", "#dff5e5", "#6fd08c", "#143320"),
    "removed": Tone("#b42318", "#fde6e3", "#ff8a80", "#3d1613"),
    "dearer": Tone("#b4541a", "#ffebd2", "#f2a65a", "#3d2810"),
    "cheaper": Tone("#2f6bd6", "#e6f0ff", "#6ea2ff", "#152a4a"),
    "changed": Tone("#7a4fd0", "#f1eaff", "#b08cff", "#291c47"),
    "same": Tone("#8d99a8", "#fafbfc", "#6d7987", "#171c22"),
}
"""What became of a box between two networks."""
SHADES = tuple(
    Tone("#b4541a", light, "#f2a65a", dark)
    for light, dark in (
        ("#ffffff", "#14181d"), ("#fff7e3", "#241f16"), ("#ffebc0", "#3a2d14"), ("#ffd994", "#523b12"),
        ("#ffc26b", "#6e470f"), ("#ffa64d", "#8c4f0c"),
    )
)  # fmt: skip
"""From nothing to the most."""


class Colouring(NamedTuple):
    """What gives boxes their colour: its name, the class of each box, and what the classes mean."""

    name: str
    classes: list[str]
    legend: list[tuple[str, str]]


def amount_of(by: str) -> Callable[[Box], int | None]:
    """Return the number that boxes are coloured by."""
    if by in {"macs", "params"}:
        return lambda box: box.total(by)
    if by == "memory":
        return lambda box: max((layer.live for layer in box.layers), default=None)

    def field(box: Box) -> int | None:
        known = [size for layer in box.layers[-1:] for size in layer.receptive_field if size is not None]
        return max(known, default=None)

    return field


def colouring(boxes: Sequence[Box], by: str) -> Colouring:
    """Return the colours of boxes by operator or by an amount.

    Raises:
        ValueError: there is no such colouring.
    """
    if by not in COLOUR_BY:
        raise ValueError(f"cannot colour by '{by}'; choose one of {', '.join(COLOUR_BY)}")
    if by == "op":
        classes = [box.group if box.group in TONES else "other" for box in boxes]
        seen = [name for name in TONES if name in classes and name not in {"input", "output", "block"}]
        return Colouring(by, classes, [(name, name) for name in seen])
    amounts = [amount_of(by)(box) if box.layers else None for box in boxes]
    most = max((amount for amount in amounts if amount), default=0)
    classes = ["input" if not box.layers else f"s{shade(amount, most)}"
               for box, amount in zip(boxes, amounts, strict=True)]  # fmt: skip
    unit = {"macs": "MACs", "params": "parameters", "memory": "elements alive", "rf": "positions of the input"}[by]
    legend = [(f"s{step}", f"≤ {fmt.human(most * step // (STEPS - 1))}") for step in range(1, STEPS)] if most else []
    return Colouring(by, classes, [*legend[:-1], (legend[-1][0], f"{legend[-1][1]} {unit}")] if legend else [])


def shade(amount: int | None, most: int) -> int:
    """Return the shade of an amount: 0 for nothing, else 1 for up to a fifth of the most, and so on."""
    if not amount or not most:
        return 0
    return min(STEPS - 1, -(-amount * (STEPS - 1) // most))


def tone(name: str) -> Tone:
    """Return the tone of a class."""
    found = TONES.get(name) or CHANGES.get(name)
    return found or SHADES[int(name[1:])]
