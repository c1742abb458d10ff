"""What widths of numbers and zeros among the weights come to: binary operations, bits of a model, effective work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """Sums over all layers of a network in which a layer says its `bits:` or `density:`; for the batch.

    Attributes:
        bops: macs x bits of a weight x bits of an activation, over the layers with `bits:`.
        ops: macs of the other layers, and a 64th of those between 1-bit weights and 1-bit activations, as papers on
            binary networks count; None where a layer has other widths.
        model_bits: bits of all parameters.
        weights: weights of layers with products.
        nonzero: those of them that are not zero, ceil(density x weights) in each layer.
        effective_macs: macs with weights that are not zero.
        sparse_bits: bits of all parameters, zeros left out.
        sparse_bits_indexed: the same with one bit for each weight of a layer with zeros, which says whether it is kept.
        lower_bounds: names of the sums that leave out an unknown part.
    """

    bops: int
    ops: int | float | None
    model_bits: int
    weights: int
    nonzero: int
    effective_macs: int
    sparse_bits: int
    sparse_bits_indexed: int
    lower_bounds: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the sums as JSON has them, among the totals."""
        return {
            "bops": self.bops,
            "ops": self.ops,
            "model_bits": self.model_bits,
            "weights": self.weights,
            "nonzero": self.nonzero,
            "effective_macs": self.effective_macs,
            "sparse_bits": self.sparse_bits,
            "sparse_bits_indexed": self.sparse_bits_indexed,
        }
