"""Which stored numbers are whose: every tensor of a file counts once, with the first layer that reads it.

The rule: real numbers that a layer reads are learnable, wherever they are stored (initialisers, Constant nodes, behind
casts, transpositions and DequantizeLinear), and whole numbers where a quantised operator multiplies with them. Running
means and variances are buffers; scales and zero points of quantised numbers count nowhere. A single number without
axes, or in a Constant node, that an elementwise operator takes is arithmetic and counts nowhere; nor do indices,
shapes, the factors of a Resize, and what the graph fills with one value. What an exporter folded into a
convolution is that convolution's. A table that is looked up at fixed places, as biases of attention are, is stored
however large what comes of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnncalc.interop.onnx.declared import BIAS_AT, PER_ELEMENT
from cnncalc.interop.onnx.quantised import CASTS, WIDTHS
from cnncalc.interop.onnx.tensors import FLOATS, StoredTensor, Value

if TYPE_CHECKING:
    from cnncalc.interop.onnx.call import Call

BUFFERS_AT = {"BatchNormalization": (3, 4)}
"""Which inputs hold buffers, by ONNX's name."""

ARGUMENTS = frozenset(("Resize", "Upsample", "Clip", "Pad", "Slice", "Tile", "Range", "OneHot", "Trilu",
                       "QuantizeLinear", "DequantizeLinear"))  # fmt: skip
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
        bits: of a weight that is not a bias, where it is quantised.
    """

    params: int = 0
    biases: int = 0
    buffers: int = 0
    first: set[int] = field(default_factory=set)
    known: bool = True
    bits: int | None = None


class StoredWeights:
    """The stored tensors of a model, and which layer has each."""

    def __init__(self) -> None:
        self.stored: dict[str, StoredTensor] = {}
        self.owner: dict[str, int] = {}
        self.tables: set[str] = set()
        self.widths: dict[str, int] = {}

    def keep(self, name: str, value: Value, *, scalar: bool) -> None:
        """Note a stored tensor under its name, which becomes its origin."""
        self.stored[name] = StoredTensor(value.elements, value.elem in FLOATS, scalar and value.elements == 1)
        value.origins = (name,)

    def forget(self, layer: int) -> None:
        """Take back what layers from this one on were given."""
        self.owner = {origin: owner for origin, owner in self.owner.items() if owner < layer}

    def derived(self, name: str, value: Value, sources: list[Value], kind: str) -> None:
        """Note what the graph makes of stored tensors: the same numbers, or where it takes some of them, a new one."""
        origins = tuple(dict.fromkeys(o for v in sources for o in v.origins))
        if kind == "Gather":
            self.tables.update(o for o in origins if self.stored[o].real)
        if value.elements > sum(self.stored[o].elements for o in origins) and not self.tables.intersection(origins):
            value.origins = ()  # filled, not stored
            return
        taken = len(origins) == 1 and value.elements < self.stored[origins[0]].elements
        if kind in CASTS and sources:
            self.quantise(sources[0], sources[0].elem if kind == "DequantizeLinear" else value.elem)
            origins = sources[0].origins
        if taken and kind in PARTS:
            source = self.stored[origins[0]]
            self.stored[name] = StoredTensor(value.elements, source.real, scalar=False)
            if origins[0] in self.widths:
                self.widths[name] = self.widths[origins[0]]
            origins = (name,)
        value.origins = origins

    def quantise(self, value: Value, elem: int) -> None:
        """Note that the stored tensors in one are whole numbers of a type that stand for real ones."""
        self.widths.update(dict.fromkeys(value.origins, WIDTHS.get(elem, 32)))

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
                if (tensor.scalar and call.type in ARITHMETIC) or not (tensor.real or origin in self.widths):
                    continue
                if BIAS_AT.get(call.type) != index:
                    found.bits = self.widths.get(origin, found.bits)
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
