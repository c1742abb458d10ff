"""A tensor that a layer holds: a weight, a bias or a buffer, with its shape."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

WEIGHT, BIAS, BUFFER = "weight", "bias", "buffer"
"""Roles. A bias is added to outputs and counted apart from the weights; a norm's shift is a weight. A buffer is kept
but not learned."""


class Tensor(NamedTuple):
    """One tensor of a layer.

    Attributes:
        name: as PyTorch calls it: weight, bias, running_mean.
        shape: its extents in PyTorch's order; `()` for a single number.
        role: weight, bias or buffer.
        entering: the axis of the channels that enter, 0 or 1, of filters and matrices; None for others.
    """

    name: str
    shape: tuple[int, ...]
    role: str = WEIGHT
    entering: int | None = None

    @property
    def elements(self) -> int:
        """How many values it holds; those of filters in the field's order: taps, channels in, channels out."""
        if self.entering is None:
            return prod(self.shape)
        return prod((*self.shape[2:], self.shape[self.entering], self.shape[1 - self.entering]))


def elements(tensors: Iterable[Tensor], *roles: str) -> int:
    """Return the values of all tensors of some roles together."""
    return sum(tensor.elements for tensor in tensors if tensor.role in roles)
