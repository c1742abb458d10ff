"""What PyTorch's functions call inside: counters that patch functions see it too."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncalc.values.work import Count


def inside_lp_pool(count: Count) -> int:
    """Return avg_pool's input, the ReLU's and the product's elements inside torch.nn.functional.lp_pool."""
    return count.in_elements + 2 * count.out_elements


def inside_response_norm(count: Count) -> int:
    """Return the square, the window sum over padded channels, the scale and the offset inside local_response_norm."""
    channels, *spatial = count.in_shapes[0]
    padded = (channels + count.taps - 1) * prod(spatial)
    return 3 * count.in_elements + padded


def area(count: Count) -> int:
    """Return the input elements of the adaptive pooling that interpolate calls in mode area."""
    return count.in_elements if count.arguments.get("mode") == "area" else 0
