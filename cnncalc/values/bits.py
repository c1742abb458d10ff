"""Widths of a layer's numbers and the share of its weights that is not zero, where a spec says them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from fractions import Fraction

WIDEST = 64
"""Bits of the widest number."""


class Bits(NamedTuple):
    """What `bits:` and `density:` say of a layer; None where they do not.

    Attributes:
        weights: bits of a weight of a layer with products; biases and norms keep the type of the network.
        activations: bits of an input as the product sees it.
        output: bits of an element of the result as it is stored.
        density: the share of the weights that is not zero.
    """

    weights: int | None = None
    activations: int | None = None
    output: int | None = None
    density: Fraction | int | None = None

    def over(self, outer: Bits) -> Bits:
        """Return the same with what it does not say taken from around it."""
        return outer._replace(**{name: own for name, own in self._asdict().items() if own is not None})

    @property
    def widths(self) -> bool:
        """Whether it says a width of the product's numbers."""
        return self.weights is not None or self.activations is not None

    def to_dict(self) -> dict[str, Any]:
        """Return the widths as JSON has them."""
        return {"weights": self.weights, "activations": self.activations, "output": self.output}
