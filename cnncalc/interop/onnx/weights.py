"""Which stored numbers are whose: every tensor of a file counts once, with the first layer that reads it.

The rule: real numbers that a layer reads are learnable, wherever they are stored (initialisers, Constant nodes, behind
casts, transpositions and DequantizeLinear), and whole numbers where a quantised operator multiplies with them. Running
means and variances, scales and zero points are buffers. A single number without axes, or in a Constant node, that an
elementwise operator takes is arithmetic and counts nowhere; nor do indices, shapes, the factors of a Resize, and what
the graph fills with one value. What an exporter folded into a convolution is that convolution's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnncalc.interop.onnx.declared import BIAS_AT, PER_ELEMENT, QUANTISED
from cnncalc.interop.onnx.tensors import FLOATS, Stored, Value

if TYPE_CHECKING:
    from cnncalc.interop.onnx.call import Call

BUFFERS_AT = {
    "BatchNormalization": (3, 4),
    "DequantizeLinear": (1, 2),
    "QuantizeLinear": (1, 2),
    "DynamicQuantizeLinear": (),
    "ConvInteger": (2, 3),
    "MatMulInteger": (2, 3),
    "QLinearConv": (1, 2, 4, 5, 6, 7),
    "QLinearMatMul": (1, 2, 4, 5, 6, 7),
    "QGemm": (1, 2, 4, 5, 7, 8),
}
"""Which inputs hold buffers, by ONNX's name."""

ARGUMENTS = frozenset(("Resize", "Upsample", "Clip", "Pad", "Slice", "Tile", "Range", "OneHot", "Trilu"))
"""Operators whose stored inputs are arguments, not weights."""

ARITHMETIC = frozenset(PER_ELEMENT) - {"PRelu", "BatchNormalization"}
"""Operators for which a single number is arithmetic."""


@dataclass(slots=True)
class Share:
    """What one layer reads of the stored numbers.

    Attributes:
        params: learnable values that no layer before it has.
        biases: those of them that are a bias.
        buffers: other stored values that no layer before it has.
        first: the layers that counted what it reads besides.
        known: whether every weight it reads is stored; a tensor that the graph makes is not.
    """

    params: int = 0
    biases: int = 0
    buffers: int = 0
    first: set[int] = field(default_factory=set)
    known: bool = True


class StoredWeights:
    """The stored tensors of a model, and which layer has each."""

    def __init__(self) -> None:
        self.stored: dict[str, Stored] = {}
        self.owner: dict[str, int] = {}
        self.quantised: set[str] = set()

    def keep(self, name: str, value: Value, *, scalar: bool) -> None:
        """Note a stored tensor under its name, which becomes its origin."""
        self.stored[name] = Stored(value.elements, value.elem in FLOATS, scalar and value.elements == 1)
        value.origins = (name,)

    def forget(self, layer: int) -> None:
        """Take back what layers from this one on were given."""
        self.owner = {origin: owner for origin, owner in self.owner.items() if owner < layer}

    def derived(self, name: str, value: Value, sources: list[Value], kind: str) -> None:
        """Note what the graph makes of stored tensors: the same numbers, or where it takes some of them, a new one."""
        origins = tuple(dict.fromkeys(o for v in sources for o in v.origins))
        if value.elements > sum(self.stored[o].elements for o in origins):
            value.origins = ()  # filled, not stored
            return
        taken = len(origins) == 1 and value.elements < self.stored[origins[0]].elements
        if kind == "DequantizeLinear" and sources:
            self.quantised.update(sources[0].origins)
            for scale in sources[1:]:
                origins = tuple(o for o in origins if o not in scale.origins)
        if taken and kind in PARTS:
            source = self.stored[origins[0]]
            self.stored[name] = Stored(value.elements, source.real, scalar=False)
            if origins[0] in self.quantised:
                self.quantised.add(name)
            origins = (name,)
        value.origins = origins

    def share(self, call: Call, layer: int) -> Share:
        """Return what a layer reads of the stored numbers, and give it what is new."""
        found = Share()
        if call.type in ARGUMENTS:
            return found
        buffers = BUFFERS_AT.get(call.type, ())
        for index, value in enumerate(call.ins):
            if value is None or value.ref is not None:
                continue
            if not value.origins and (value.data is None or value.data.any()):
                found.known = False
            for origin in value.origins:
                tensor = self.stored[origin]
                whole = call.type in QUANTISED or origin in self.quantised
                if (tensor.scalar and call.type in ARITHMETIC) or not (tensor.real or whole):
                    continue
                if origin in self.owner:
                    found.first.add(self.owner[origin])
                    continue
                self.owner[origin] = layer
                if index in buffers:
                    found.buffers += tensor.elements
                else:
                    found.params += tensor.elements
                    found.biases += tensor.elements * (BIAS_AT.get(call.type) == index)
        return found


PARTS = frozenset(("Slice", "Split", "Gather", "GatherND", "GatherElements"))
"""Operators that take some of a tensor's numbers."""
