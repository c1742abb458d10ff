"""What a layer's arguments are worth saying: values, with what tells how they read. Words are a renderer's business."""

from __future__ import annotations

from typing import Any, NamedTuple


class Argument(NamedTuple):
    """One argument that is not what it usually is.

    Attributes:
        name: its name in specs.
        value: its value.
        main: it is what the layer is mainly asked for, which needs no name.
        per_axis: the value is one for each spatial axis, which reads 3x5.
        declared: the spec says it of a layer whose inside it does not describe.
    """

    name: str
    value: Any
    main: bool = False
    per_axis: bool = False
    declared: bool = False
