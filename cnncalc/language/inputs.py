"""Another input than the spec's own: it must be of the same rank, and its channels are hardly others.

Shapes are without the batch and channels first, `[C, *S]`. What a PyTorch user types first has the batch, what a
TensorFlow user types has the channels last: both are another network, so neither is analysed in silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from cnncalc.language.sizes import open_axes
from cnncalc.language.slots import Slot, SlotError, clipped, written
from cnncalc.language.tree import Scalar, Seq
from cnncalc.numbers.doors import recording
from cnncalc.values.diagnostics import ArgumentError, Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FEW = ("1", "3", "4")
"""How many channels an image mostly has."""
MOST_AXES = 4
"""Entries of a shape with a batch, or of a map with a depth."""
LEAST_SIDE = 16
RGB = 3


def size(shape: Sequence[int]) -> str:
    """Return a shape as the command line takes it: `3x224x224`."""
    return "x".join(map(str, shape))


def own_shape(slot: Slot, given: Sequence[int], evaluate: Callable[[Slot], object]) -> tuple[int, ...] | None:
    """Return the shape that a spec gives an input itself, what it leaves open as given; None where it says none."""
    if open_axes(slot.node):
        assert isinstance(slot.node, Seq)
        entries = [entry.value if isinstance(entry, Scalar) else None for entry in slot.node.items]
        said = [entry if isinstance(entry, int) and entry > 0 else None for entry in entries]
        padded = [*given, *[1] * len(said)]
        return tuple(entry if entry is not None else padded[place] for place, entry in enumerate(said))
    try:
        shape = evaluate(slot)
    except (SlotError, ArgumentError):
        return None
    whole = isinstance(shape, tuple) and all(isinstance(n, int) and not isinstance(n, bool) for n in shape)
    return shape if whole else None  # type: ignore[return-value]


def refuse_open(slot: Slot, axes: Sequence[int]) -> NoReturn:
    """Refuse a shape whose extents are not known.

    Raises:
        SlotError: always.
    """
    assert isinstance(slot.node, Seq)
    example = [written(entry) for entry in slot.node.items]
    for place in axes:
        example[place] = "224" if place else "3"
    if axes[0] == 0 and len(slot.node.items) > MOST_AXES - 1 and 1 not in axes:
        rest = example[1:] if example[1] in FEW or example[-1] not in FEW else [example[-1], *example[1:-1]]
        raise SlotError("unknown-size", f"'{slot.name}' has no batch, got {clipped(slot.node)}", slot.span,
                        f"leave the batch out: [{', '.join(rest)}]")  # fmt: skip
    which = "channels and sizes" if len(axes) > 1 and 0 in axes else "channels" if axes[0] == 0 else "sizes"
    given = f"{slot.name}=" if slot.name != "input" else ""
    raise SlotError("unknown-size", f"'{slot.name}' must say its {which}, got {clipped(slot.node)}", slot.span,
                    f"write numbers, for example [{', '.join(example)}], or give --input {given}{'x'.join(example)}")


def refuse_rank(name: str, own: Sequence[int], given: Sequence[int], network: str) -> None:
    """Refuse a shape of another rank than the spec's own, with what the network takes.

    Raises:
        ValueError: the ranks differ.
    """
    if len(own) == len(given):
        return
    which = f" for '{name}'" if name != "input" else ""
    message = f"{network} takes {size(own)}{which}, got {size(given)}"
    raise ValueError(f"{message}: {_repair(own, given)}")


def warn_channels(slot: Slot, own: Sequence[int], given: Sequence[int], collector: Collector) -> None:
    """Warn of other channels than the own ones, unless the spec makes them a variable, or they are a letter."""
    if recording(given[0]):
        return
    if len(own) != len(given) or own[0] == given[0] or channels_vary(slot):
        return
    if len(own) > 1 and given[-1] == own[0]:
        hint = f"put the channels first: {size([given[-1], *given[:-1]])}"
    else:
        hint = f"keep the channels ({size([own[0], *given[1:]])}), or make them a variable of the spec"
    many = f"{given[0]} channel{'s' * (given[0] != 1)}"
    collector.add("input-channels", f"'{slot.name}' has {many} here, {own[0]} in the spec", slot.span,
                  severity="warning", hint=hint)  # fmt: skip


def warn_order(slot: Slot, shape: Sequence[object], collector: Collector) -> None:
    """Warn of an input that looks like one with its batch in front, or with its channels at the end.

    `[1, 3, 224, 224]` is a map of depth 3 with one channel, `[224, 224, 3]` 224 channels of a narrow map: both may be
    meant, so the numbers stay what the spec says.
    """
    if any(type(extent) is not int for extent in shape):
        return
    extents: list[int] = list(shape)  # type: ignore[arg-type]
    *sides, last = extents
    if len(extents) == MOST_AXES and extents[0] == 1 and min(extents[2:]) >= LEAST_SIDE and extents[1] == RGB:
        found, meant = f"one channel of a map of {size(extents[1:])}", extents[1:]
    elif len(extents) == MOST_AXES - 1 and last == RGB and min(sides) >= LEAST_SIDE:
        found, meant = f"{sides[0]} channels of a map of {size(extents[1:])}", [last, *sides]
    else:
        return
    collector.add("input-order", f"'{slot.name}' is {found}", slot.span, severity="warning",
                  hint=f"for an image write [{', '.join(map(str, meant))}]: channels first, no batch")  # fmt: skip


def channels_vary(slot: Slot) -> bool:
    """Return whether an input's channels are an expression over variables of the spec."""
    node = slot.node
    first = node.items[0] if isinstance(node, Seq) and node.items else None
    return isinstance(first, Scalar) and isinstance(first.value, str) and any(c.isalpha() for c in first.value)


def _repair(own: Sequence[int], given: Sequence[int]) -> str:
    """Return what to write instead: the shape that was most likely meant."""
    channels, axes = own[0], len(own) - 1
    if len(given) == len(own) + 1:
        rest = list(given[1:])
        if axes and rest[0] != channels and rest[-1] == channels:
            rest = [rest[-1], *rest[:-1]]
        return f"leave the batch out, write {size(rest)}"
    if axes and len(given) == axes:
        return f"write {size([channels, *given])}"
    if axes and len(given) == 1 and given[0] != channels:
        return f"write {size([channels, *[given[0]] * axes])}"
    return f"write it like {size(own)}"
