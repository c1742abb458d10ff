"""What comes out of the functions of `keras.ops` that a model calls on its tensors: extents, in Keras' order."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

from cnncalc.interop.keras.call import KerasMisfitError, integer

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.interop.keras.call import LayerCall
    from cnncalc.values.shape import Shape

Full: TypeAlias = list[int]
"""Extents with the batch in front, which is 1 here."""
REDUCED = ("Mean", "Sum", "Max", "Min", "Amax", "Amin", "Prod", "Any", "All", "Var", "Std", "Logsumexp", "Norm",
           "CountNonzero", "Argmax", "Argmin")  # fmt: skip


def outs_of(call: LayerCall) -> list[Shape] | None:
    """Return the extents of what a function gives, without the batch; None where they cannot be told.

    Raises:
        KerasMisfitError: its settings do not go with what it reads.
    """
    entry = FUNCTIONS.get(call.kind)
    if entry is None or not call.ins:
        return None
    full = [[1, *call.keras(call.shape(ref))] for ref in call.ins]
    found = entry(call, full)
    if found is None or any(not out or out[0] != 1 or min(out) < 1 for out in found):
        return None
    return [call.ours(out[1:]) for out in found]


def axis_of(value: Any, rank: int) -> int:
    """Return an axis counted with the batch, from the front."""
    at = integer(value, "axis", -rank)
    at = at + rank if at < 0 else at
    if at >= rank:
        raise KerasMisfitError(f"has the axis {value} on a tensor of {rank} axes with the batch")
    return at


def axes_of(value: Any, rank: int) -> list[int]:
    """Return axes; of None, all."""
    if value is None:
        return list(range(rank))
    return sorted({axis_of(v, rank) for v in (value if isinstance(value, list) else [value])})


def reduced(call: LayerCall, full: list[Full]) -> list[Full] | None:
    """Sums, means and the like along axes."""
    x = full[0]
    axes = axes_of(call.config.get("axis"), len(x))
    if 0 in axes:
        return None
    keep = call.flag("keepdims", default=False)
    return [[1 if at in axes else n for at, n in enumerate(x) if keep or at not in axes]]


def reshaped(call: LayerCall, full: list[Full]) -> list[Full] | None:
    """Reshape, whose first extent is the batch's."""
    wanted = call.config.get("newshape", call.config.get("shape"))
    if not isinstance(wanted, list) or not wanted or any(not isinstance(n, int) for n in wanted[1:]):
        return None
    rest, elements = list(wanted[1:]), prod(full[0])
    if -1 in rest:
        known = -prod(rest)
        rest[rest.index(-1)] = elements // known if known > 0 else 0
    return [[1, *rest]] if prod(rest) == elements else None


def transposed(call: LayerCall, full: list[Full]) -> list[Full] | None:
    """Axes in another order."""
    x = full[0]
    axes = call.config.get("axes", call.config.get("perm"))
    order = [axis_of(a, len(x)) for a in axes] if isinstance(axes, list) else list(reversed(range(len(x))))
    if sorted(order) != list(range(len(x))):
        raise KerasMisfitError(f"has the order {str(axes)[:40]} for {len(x)} axes")
    return [[x[a] for a in order]] if order[0] == 0 else None


def swapped(call: LayerCall, full: list[Full]) -> list[Full] | None:
    """Two axes in each other's place, or one in another place."""
    x = list(full[0])
    names = ("axis1", "axis2") if call.kind == "Swapaxes" else ("source", "destination")
    a, b = (axis_of(call.config[name], len(x)) for name in names)
    if call.kind == "Swapaxes":
        x[a], x[b] = x[b], x[a]
    else:
        x.insert(b, x.pop(a))
    return [x] if a and b else None


def joined(call: LayerCall, full: list[Full]) -> list[Full] | None:
    """Concatenate along an axis."""
    x = list(full[0])
    at = axis_of(call.config.get("axis", -1), len(x))
    if any(len(y) != len(x) or (*y[:at], *y[at + 1 :]) != (*x[:at], *x[at + 1 :]) for y in full):
        raise KerasMisfitError(f"cannot join {' and '.join(str(y[1:]) for y in full)}: the other extents differ")
    x[at] = sum(y[at] for y in full)
    return [x] if at else None


def stacked(call: LayerCall, full: list[Full]) -> list[Full] | None:
    """Equal tensors along a further axis."""
    at = axis_of(call.config.get("axis", 0), len(full[0]) + 1)
    return [[*full[0][:at], len(full), *full[0][at:]]] if at else None


def expanded(call: LayerCall, full: list[Full]) -> list[Full] | None:
    """A further axis of extent 1."""
    at = axis_of(call.config.get("axis", 0), len(full[0]) + 1)
    return [[*full[0][:at], 1, *full[0][at:]]] if at else None


def squeezed(call: LayerCall, full: list[Full]) -> list[Full] | None:
    """Axes of extent 1 taken away."""
    axis = call.config.get("axis")
    axes = [n for n, m in enumerate(full[0]) if n and m == 1] if axis is None else axes_of(axis, len(full[0]))
    return [[n for at, n in enumerate(full[0]) if at not in axes]] if 0 not in axes else None


def parted(call: LayerCall, full: list[Full]) -> list[Full] | None:
    """Split into equal parts, or at indices."""
    x = full[0]
    at = axis_of(call.config.get("axis", 0), len(x))
    how = call.config.get("indices_or_sections", call.config.get("num_or_size_splits"))
    if isinstance(how, int) and 0 < how <= x[at] and not x[at] % how:
        ends = [x[at] // how * (k + 1) for k in range(how)]
    elif isinstance(how, list):
        ends = [*(integer(n, "indices", 0) for n in how), x[at]]
    else:
        return None
    return [[*x[:at], b - a, *x[at + 1 :]] for a, b in zip([0, *ends], ends, strict=False)] if at else None


def padded(call: LayerCall, full: list[Full]) -> list[Full] | None:
    """Elements before and after each axis."""
    given = call.config.get("pad_width", call.config.get("paddings"))
    if not isinstance(given, list):
        return None
    pairs = given * len(full[0]) if len(given) == 1 else given
    return [[n + sum(pair) for n, pair in zip(full[0], pairs, strict=True)]]


def taken(call: LayerCall, full: list[Full]) -> list[Full] | None:
    """Indexing by slices, numbers and None; an ellipsis stands for the axes that nothing is said of."""
    keys = call.keys
    if keys is None:
        return None
    x, out = list(full[0]), list[int]()
    said = sum(1 for key in keys if key not in (None, "..."))
    for key in keys:
        if key is None:
            out.append(1)
        elif key == "...":
            out += [x.pop(0) for _ in range(len(x) - said)]
        else:
            n = x.pop(0)
            said -= 1
            if isinstance(key, slice):
                out.append(len(range(*key.indices(n))))
            elif not isinstance(key, int):
                return None
    return [[*out, *x]]


def tiled(call: LayerCall, full: list[Full]) -> list[Full] | None:
    """Copies along axes."""
    x = full[0]
    if call.kind == "Repeat":
        at, n = call.config.get("axis"), call.config.get("repeats")
        if at is None or not isinstance(n, int):
            return None
        at = axis_of(at, len(x))
        return [[*x[:at], x[at] * n, *x[at + 1 :]]] if at else None
    times = call.config.get("repeats", call.config.get("multiples"))
    if not isinstance(times, list) or len(times) != len(x):
        return None
    return [[n * integer(m, "repeats") for n, m in zip(x, times, strict=True)]]


def kept(_call: LayerCall, full: list[Full]) -> list[Full]:
    """The extents that enter."""
    return [list(full[0])]


FUNCTIONS: dict[str, Callable[[LayerCall, list[Full]], list[Full] | None]] = {
    **dict.fromkeys(REDUCED, reduced), "Reshape": reshaped, "Transpose": transposed, "Swapaxes": swapped,
    "Moveaxis": swapped, "Concatenate": joined, "Stack": stacked, "ExpandDims": expanded, "Squeeze": squeezed,
    "Split": parted, "Pad": padded, "GetItem": taken, "Tile": tiled, "Repeat": tiled,
    **dict.fromkeys(("Flip", "Roll", "Cast"), kept),
}  # fmt: skip
"""What tells the extents of a function's results."""
