"""Computing with what the file says itself: shapes, indices, sizes; so that every extent downstream is a number.

The operators that exporters write for this are here in numpy; any other goes to the package's reference evaluator.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import helper

from cnncalc.interop.onnx.tensors import MOST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import onnx

    from cnncalc.interop.onnx.tensors import Array

Attributes = dict[str, Any]


def fold(node: onnx.NodeProto, attributes: Attributes, ins: list[Array | None], versions: Mapping[str, int]) -> (
        list[Array] | None):  # fmt: skip
    """Return the values that a node makes of known ones, or None where they cannot be computed."""
    quick = QUICK.get(node.op_type) if not node.domain else None
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if quick is not None:
                return [np.asarray(quick(attributes, *ins))]
            return referenced(node, ins, versions)
        except Exception:  # noqa: BLE001 - whatever a damaged or unusual node makes of it, its values are unknown
            return None


def referenced(node: onnx.NodeProto, ins: list[Array | None], versions: Mapping[str, int]) -> list[Array] | None:
    """Return what onnx's reference evaluator makes of a node."""
    from onnx.reference.ops import load_op

    domain = node.domain
    implementation = load_op(domain, node.op_type, versions.get(domain, 1))
    parameters = {"log": lambda *_: None, "opsets": dict(versions), "verbose": 0, "new_ops": None}
    made = implementation(node, parameters).run(*ins)
    results = [x for x in made if isinstance(x, np.ndarray | np.generic)]
    return [np.asarray(x) for x in results] if len(results) == len(made) else None


def axes_of(a: Attributes, axes: Array | None) -> tuple[int, ...] | None:
    """Return the axes that an operator is given, as attribute or as input."""
    if axes is not None:
        return tuple(map(int, np.atleast_1d(axes)))
    return tuple(a["axes"]) if a.get("axes") else None


def unsqueeze(a: Attributes, x: Array, axes: Array | None = None) -> Array:
    """Put in axes of extent 1."""
    return np.expand_dims(x, axes_of(a, axes) or ())


def squeeze(a: Attributes, x: Array, axes: Array | None = None) -> Array:
    """Take out axes of extent 1."""
    return np.squeeze(x, axes_of(a, axes))


def sliced(a: Attributes, x: Array, *bounds: Array) -> Array:
    """Cut along axes; both forms of the operator: starts, ends, axes, steps as inputs, or as attributes."""
    given: list[Array | None] = [*bounds, None, None, None, None]
    starts, ends, axes, steps = given[:4]
    first = list(map(int, a["starts"] if starts is None else starts))
    last = list(map(int, a["ends"] if ends is None else ends))
    along = axes_of(a, axes) or tuple(range(len(first)))
    step = [1] * len(first) if steps is None else list(map(int, steps))
    cut = [slice(None)] * x.ndim
    for axis, lo, hi, by in zip(along, first, last, step, strict=True):
        beyond = by < 0 and hi < -x.shape[axis]
        cut[axis] = slice(lo, None if beyond else hi, by)
    return x[tuple(cut)]


def reshape(a: Attributes, x: Array, shape: Array | None = None) -> Array:
    """Give other extents; 0 keeps one unless `allowzero` says otherwise."""
    wanted = list(map(int, a["shape"] if shape is None else shape))
    if not a.get("allowzero"):
        wanted = [x.shape[k] if n == 0 else n for k, n in enumerate(wanted)]
    return x.reshape(wanted)


def cast(a: Attributes, x: Array) -> Array:
    """Change the type."""
    return x.astype(helper.tensor_dtype_to_np_dtype(a["to"]))


def filled(a: Attributes, shape: Array) -> Array:
    """Make a tensor of one value."""
    from onnx import numpy_helper

    extents = tuple(map(int, shape))
    limited(extents)
    value = numpy_helper.to_array(a["value"]) if "value" in a else np.zeros(1, np.float32)
    return np.full(extents, value.reshape(-1)[0], value.dtype)


def limited(extents: tuple[int, ...]) -> None:
    """Raise ValueError where more would be made than is computed with."""
    total = 1
    for n in extents:
        total *= n
    if total > MOST:
        raise ValueError


def expand(a: Attributes, x: Array, shape: Array) -> Array:  # noqa: ARG001
    """Spread extents of 1."""
    extents = np.broadcast_shapes(x.shape, tuple(map(int, shape)))
    limited(extents)
    return np.broadcast_to(x, extents)


def counted(a: Attributes, start: Array, limit: Array, delta: Array) -> Array:  # noqa: ARG001
    """Count from start to limit."""
    first, last, step = start.item(), limit.item(), delta.item()
    limited((int(np.ceil((last - first) / step)),))
    return np.arange(first, last, step, dtype=start.dtype)


def divided(a: Attributes, x: Array, y: Array) -> Array:  # noqa: ARG001
    """Divide; whole numbers towards zero."""
    if np.issubdtype(x.dtype, np.integer):
        quotient = np.abs(x) // np.abs(y)
        return (np.sign(x) * np.sign(y) * quotient).astype(x.dtype)
    return x / y


def reduced(function: Callable[..., Array]) -> Callable[..., Array]:
    """Return the reduction by a numpy function, along attribute or input axes."""

    def reduce(a: Attributes, x: Array, axes: Array | None = None) -> Array:
        along = axes_of(a, axes)
        if along is None and a.get("noop_with_empty_axes"):
            return x
        return function(x, axis=along, keepdims=bool(a.get("keepdims", 1)))

    return reduce


def plain(function: Callable[..., Array]) -> Callable[..., Array]:
    """Return a numpy function of the inputs alone, in the type of the first."""

    def apply(a: Attributes, *xs: Array) -> Array:  # noqa: ARG001
        return function(*xs)

    return apply


def typed(function: Callable[..., Array]) -> Callable[..., Array]:
    """Return a numpy function whose result has the type of its first input."""

    def apply(a: Attributes, *xs: Array) -> Array:  # noqa: ARG001
        return np.asarray(function(*xs)).astype(xs[0].dtype)

    return apply


QUICK: dict[str, Callable[..., Array]] = {
    "Unsqueeze": unsqueeze,
    "Squeeze": squeeze,
    "Slice": sliced,
    "Reshape": reshape,
    "Cast": cast,
    "CastLike": lambda a, x, y: x.astype(y.dtype),  # noqa: ARG005
    "ConstantOfShape": filled,
    "Expand": expand,
    "Range": counted,
    "Div": divided,
    "Gather": lambda a, x, i: np.take(x, i.astype(np.int64), axis=a.get("axis", 0)),
    "Concat": lambda a, *xs: np.concatenate(xs, axis=a.get("axis", 1)),
    "Transpose": lambda a, x: np.transpose(x, a.get("perm")),
    "ReduceProd": reduced(np.prod),
    "ReduceSum": reduced(np.sum),
    "ReduceMax": reduced(np.max),
    "ReduceMin": reduced(np.min),
    "Identity": plain(lambda x: x),
    "Add": plain(np.add),
    "Sub": plain(np.subtract),
    "Mul": plain(np.multiply),
    "Max": plain(lambda *xs: np.max(np.broadcast_arrays(*xs), axis=0)),
    "Min": plain(lambda *xs: np.min(np.broadcast_arrays(*xs), axis=0)),
    "Pow": typed(np.power),
    "Sqrt": plain(np.sqrt),
    "Neg": plain(np.negative),
    "Abs": plain(np.abs),
    "Floor": plain(np.floor),
    "Ceil": plain(np.ceil),
    "Round": plain(np.rint),
    "Equal": plain(np.equal),
    "Greater": plain(np.greater),
    "GreaterOrEqual": plain(np.greater_equal),
    "Less": plain(np.less),
    "LessOrEqual": plain(np.less_equal),
    "Not": plain(np.logical_not),
    "And": plain(np.logical_and),
    "Or": plain(np.logical_or),
    "Where": plain(np.where),
}
"""What exporters write around shapes, by type, over attributes and values."""
