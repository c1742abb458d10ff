"""What is known of a tensor while a model is walked: its extents, its values where they are few, the weights in it."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from cnncalc.graph.graph import Ref

Extents = tuple[int, ...]
Array = Any
"""A numpy array."""

MOST = 4096
"""Values of a tensor are computed with while it has at most this many elements."""
FLOATS = frozenset(
    n for n in map(int, TensorProto.DataType.values())
    if any(word in TensorProto.DataType.Name(n) for word in ("FLOAT", "DOUBLE", "COMPLEX"))
)  # fmt: skip
"""The types whose tensors are weights; whole numbers are so only behind a quantised operator."""


@dataclass(slots=True, eq=False)
class Value:
    """A tensor of the model.

    Attributes:
        shape: its extents as the file has them, batch included.
        elem: its type, a number of TensorProto.DataType.
        data: its values, where they are known and few.
        ref: the tensor of the graph; None for what does not depend on the network's inputs.
        origins: the stored tensors in it, each counted once.
        items: the tensors of a sequence.
        guessed: an extent depends on the data, and stands as 1.
    """

    shape: Extents
    elem: int = TensorProto.FLOAT
    data: Array | None = None
    ref: Ref | None = None
    origins: tuple[str, ...] = ()
    items: tuple[Value, ...] | None = None
    guessed: bool = False

    @property
    def static(self) -> bool:
        """Whether it is the same for every input."""
        return self.ref is None

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor that the file holds: how many numbers, whether they are real numbers, whether it is a bare constant."""

    elements: int
    real: bool
    scalar: bool


def stored(tensor: onnx.TensorProto) -> Value:
    """Return a tensor of the file; its values only where they are there and few."""
    shape = tuple(tensor.dims)
    data = None
    if prod(shape) <= MOST and tensor.data_location != TensorProto.EXTERNAL:
        try:
            data = numpy_helper.to_array(tensor)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
            data = None
    return Value(shape, tensor.data_type, data)


def typed(value: Value) -> onnx.TypeProto:
    """Return a tensor's type and shape as onnx's inference takes them."""
    if value.items is not None:
        inner = typed(value.items[0]) if value.items else helper.make_tensor_type_proto(TensorProto.FLOAT, None)
        return helper.make_sequence_type_proto(inner)
    return helper.make_tensor_type_proto(value.elem, list(value.shape))


def elem_of(data: Array) -> int:
    """Return the TensorProto type of an array."""
    return int(helper.np_dtype_to_tensor_dtype(data.dtype))


def constant(data: Array, origins: tuple[str, ...] = ()) -> Value:
    """Return known values as a tensor."""
    data = np.asarray(data)
    return Value(tuple(map(int, data.shape)), elem_of(data), data, origins=origins)
