"""The receptive field of a chain of windows, from its end to its beginning: an oracle that knows no field."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.values.axis import Window


def recursion(windows: Sequence[Window]) -> tuple[int, ...]:
    """Return the sizes F(0), F(1), ... F(n) = 1 that one unit behind n windows sees before each of them.

    F(i) = (F(i+1) - 1)*stride + dilation*(kernel - 1) + 1, from the last window back to the input: Araujo, Norris and
    Sim 2019, doi:10.23915/distill.00021, equation 1.
    """
    sizes = [1]
    for window in reversed(windows):
        sizes.append((sizes[-1] - 1) * window.stride + window.dilation * (window.kernel - 1) + 1)
    return tuple(reversed(sizes))
