"""Sliding windows and what goes with them: one value per axis, paddings resolved, ranks, axes that do not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.numbers.doors import named
from cnncalc.ops.arguments import shown
from cnncalc.values.axis import Window, effective_kernel, same_padding
from cnncalc.values.diagnostics import ArgumentError

if TYPE_CHECKING:
    from cnncalc.values.shape import Shape

AxisValue = int | tuple[int, ...]


def per_axis(value: AxisValue, rank: int, name: str) -> tuple[int, ...]:
    """Return one value per axis; raise ArgumentError for a list of another length."""
    if not isinstance(value, tuple):
        return (value,) * rank
    if len(value) != rank:
        raise ArgumentError(
            f"'{name}' has {len(value)} values for {rank} spatial ax{'is' if rank == 1 else 'es'}, got {shown(value)}",
            argument=name,
            hint="give one number for all axes, or one per axis",
        )
    return value


def pads(value: AxisValue, rank: int, name: str = "padding") -> tuple[tuple[int, int], ...]:
    """Return (before, after) per axis of a padding written as numbers."""
    if isinstance(value, tuple) and len(value) == 2 * rank:
        return tuple(zip(value[::2], value[1::2], strict=True))
    if isinstance(value, tuple) and len(value) != rank:
        raise ArgumentError(
            f"'{name}' has {len(value)} values for {rank} spatial ax{'is' if rank == 1 else 'es'}, got {shown(value)}",
            argument=name,
            hint=f"give 1, {rank} or {2 * rank} numbers",
        )
    return tuple((p, p) for p in per_axis(value, rank, name))


def axis_of(axis: int | str, x: Shape, op: str) -> int:
    """Return the axis of a shape that `axis:` means, counted from the front; raise ArgumentError if there is none."""
    rank = len(x)
    found = {"channel": 0, "last": rank - 1}.get(axis, axis) if isinstance(axis, str) else axis
    assert isinstance(found, int)  # noqa: S101 - narrows for the type checker: the words are the two above
    if not -rank <= found < rank:
        raise ArgumentError(
            f"{op} along axis {axis} of an input with {rank} ax{'is' if rank == 1 else 'es'}, {x}",
            argument="axis",
            hint=f"axes are counted without the batch: 0 (channel) to {rank - 1} (last)",
        )
    return int(found) % rank


def spatial_rank(x: Shape, op: str) -> int:
    """Return the number of spatial axes of a map; raise ArgumentError for a vector."""
    if len(x) < 2:
        raise ArgumentError(
            f"{op} wants a map, got a vector of {x.channels} values",
            code="wrong-rank",
            hint=f"reshape it first, for example reshape: [{x.channels}, 1, 1]",
        )
    if len(x) > 4:
        raise ArgumentError(
            f"{op} wants a map of at most 3 spatial axes, got {x}",
            code="wrong-rank",
            hint="flatten some of its axes first",
        )
    return len(x) - 1


def only_rank(rank: int, x: Shape, op: str) -> None:
    """Raise ArgumentError unless a map has this many spatial axes."""
    if spatial_rank(x, op) != rank:
        raise ArgumentError(
            f"{op} acts on {'x'.join(('C', *AXES[rank]))} maps, got {x}",
            code="wrong-rank",
            hint="reshape the map to that rank first",
        )


def windows(  # noqa: PLR0917 - the field's order
    x: Shape,
    op: str,
    kernel: AxisValue,
    stride: AxisValue,
    dilation: AxisValue,
    padding: AxisValue | str,
) -> tuple[Window, ...]:
    """Return the sliding window of each spatial axis of x, padding words resolved against the map's size."""
    rank = spatial_rank(x, op)
    kernels = per_axis(kernel, rank, "kernel")
    strides = per_axis(stride, rank, "stride")
    dilations = per_axis(dilation, rank, "dilation")
    if padding == "causal" and rank != 1:
        raise ArgumentError(f"{op} with padding=causal is for one spatial axis, got {x}", argument="padding",
                            hint="name the axes: padding: [before, after, before, after]")  # fmt: skip
    if isinstance(padding, str):
        amounts = tuple(
            _padding_word(padding, n, k, s, d, axis_name(axis, rank))
            for axis, (n, k, s, d) in enumerate(zip(x.spatial, kernels, strides, dilations, strict=True))
        )
    else:
        amounts = pads(padding, rank)
    return tuple(
        Window(k, s, d, before, after)
        for k, s, d, (before, after) in zip(kernels, strides, dilations, amounts, strict=True)
    )


def _padding_word(  # noqa: PLR0917 - the field's order
    word: str, size: int, kernel: int, stride: int, dilation: int, axis: str
) -> tuple[int, int]:
    if word == "valid":
        return 0, 0
    if word == "causal":
        return named("p", dilation * (kernel - 1), axis), 0
    if word == "half":
        half = named("p", (dilation * (kernel - 1) + 1) // 2, axis)
        return half, half
    total = named("P", same_padding(size, kernel, stride, dilation), axis)
    small, large = total // 2, total - total // 2
    return (small, large) if word == "same" else (large, small)


AXES = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}


def padding_apart(used: tuple[Window, ...], x: Shape, out: Shape, *, exact: bool = False) -> tuple[int, ...] | None:
    """Return the padding that neither VALID nor SAME of TensorFlow Lite gives, before and after on each axis, or None.

    SAME stands for every padding with its sizes, although it puts the odd position after; unless `exact`.
    """
    axes = list(zip(used, x.spatial, out.spatial, strict=True))
    if all(not w.before and not w.after for w in used):
        return None
    if not exact and all(o == -(-n // w.stride) for w, n, o in axes):
        return None
    needed = (max((o - 1) * w.stride + effective_kernel(w.kernel, w.dilation) - n - w.before, 0) for w, n, o in axes)
    amounts = [(w.before, after) for (w, _, _), after in zip(axes, needed, strict=True)]
    return tuple(n for pair in amounts for n in pair) if any(map(any, amounts)) else None


def starts_earlier(used: tuple[Window, ...], x: Shape, out: Shape) -> bool:
    """Return whether SAME of TensorFlow Lite has the sizes of a padding, but starts at another position."""
    if padding_apart(used, x, out) is not None or padding_apart(used, x, out, exact=True) is None:
        return False
    axes = zip(used, x.spatial, out.spatial, strict=True)
    return any(
        w.before != max((o - 1) * w.stride + effective_kernel(w.kernel, w.dilation) - n, 0) // 2 for w, n, o in axes
    )


def axis_name(axis: int, rank: int) -> str:
    """Return the usual letter of a spatial axis."""
    return AXES[rank][axis] if rank in AXES else f"axis {axis}"


def axis_word(axis: int, rank: int) -> str:
    """Return what people call a spatial axis."""
    words = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
    return words[rank][axis] if rank in words else f"axis {axis}"


def fitting(sizes: tuple[int, ...], x: Shape, used: tuple[Window, ...], op: str) -> tuple[int, ...]:
    """Return the output extents, or raise ArgumentError naming the axis on which no window fits."""
    for axis, (out, window) in enumerate(zip(sizes, used, strict=True)):
        if out < 1:
            size = x.spatial[axis]
            span = window.dilation * (window.kernel - 1) + 1
            raise ArgumentError(
                f"{op} does not fit: on {axis_name(axis, len(used))} the window spans {span} "
                f"but the padded input has {size} + {window.before} + {window.after} = "
                f"{size + window.before + window.after}, input {x}",
                argument="kernel",
                code="window-does-not-fit",
                hint="use a smaller kernel or dilation, more padding, or a larger input",
            )
    return sizes
