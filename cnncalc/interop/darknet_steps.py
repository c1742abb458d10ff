"""Darknet's layers over time (rnn, lstm, gru, crnn, conv_lstm): one step, as the program counts them."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from cnncalc.interop.foreign import Cost
from cnncalc.values.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.graph.graph import Ref
    from cnncalc.interop.darknet import CfgReader

REASON = "what one step computes beside its products is not known"


def stepped(reader: CfgReader, x: Ref, products: Sequence[tuple[int, int]], out: Shape, window: int = 1) -> Ref:
    """Add products (inputs, outputs) of one step, at every place of the result, each with its own normalisation.

    `window` is how many values each output sees of each input, over the groups.
    """
    normed, places = bool(reader.number("batch_normalize")), prod(out[1:])
    weights = sum(n * m for n, m in products) * window
    shifts = sum(m for _, m in products)
    cost = Cost(
        outs=(out,), params=weights + shifts * (2 if normed else 1), biases=shifts,
        buffers=2 * shifts if normed else 0, macs=weights * places, work=None,
    )  # fmt: skip
    return reader.declare([x], cost, REASON, product=True)


def flat(gates: int) -> Callable[[CfgReader, Ref], Ref]:
    """Return the maker of a layer with so many gates, each a product with what enters and one with the state."""

    def made(reader: CfgReader, x: Ref) -> Ref:
        inputs, out = reader.builder.shape(x).elements, reader.at_least("output", 1)
        return stepped(reader, reader.vector(x), [(inputs, out)] * gates + [(out, out)] * gates, Shape((out,)))

    return made


def rnn(reader: CfgReader, x: Ref) -> Ref:
    """The simple layer: what enters to the state, the state to itself, and to the result."""
    inputs, hidden, out = reader.builder.shape(x).elements, reader.at_least("hidden", 1), reader.at_least("output", 1)
    return stepped(reader, reader.vector(x), [(inputs, hidden), (hidden, hidden), (hidden, out)], Shape((out,)))


def over_maps(reader: CfgReader, x: Ref, products: Sequence[tuple[int, int]], out: int) -> Ref:
    """Add convolutions of one step, all with the section's window; each reads a map of the same extents."""
    shape = reader.builder.shape(x)
    size, groups = reader.at_least("size", 3), reader.at_least("groups", 1)
    stride, dilation = reader.at_least("stride", 1), reader.at_least("dilation", 1) if size > 1 else 1
    first = "output_filters" in reader.section.values  # the first program's name; its windows are padded
    padding = (size // 2 if reader.number("pad") or first else reader.at_least("padding", 0, 0)) * dilation
    extents = [(n + 2 * padding - dilation * (size - 1) - 1) // stride + 1 for n in shape[1:]]
    if min(extents) < 1:
        reader.fail(f"a window of {size} does not fit the input {shape}", code="window-does-not-fit")
    if tuple(extents) != tuple(shape[1:]):
        reader.fail(f"makes {extents} of {list(shape[1:])}: the state of a step has the extents of what enters",
                    hint="write stride=1 and pad=1")  # fmt: skip
    lost = next((n for pair in products for n in pair if n % groups), None)
    if lost is not None:
        reader.fail(f"groups={groups} do not part {lost} channels", key="groups")
    parts = [(n // groups, m) for n, m in products]
    return stepped(reader, x, parts, Shape((out, *extents)), size * size)


def crnn(reader: CfgReader, x: Ref) -> Ref:
    """The simple layer, of convolutions; on a vector it is that of matrices."""
    shape = reader.builder.shape(x)
    hidden = reader.at_least("hidden", reader.at_least("hidden_filters", 1))
    out = reader.at_least("output", reader.at_least("output_filters", 1))
    if prod(shape[1:]) == 1 and reader.at_least("size", 3) == 1 and reader.at_least("groups", 1) == 1:
        return rnn(reader, x)
    return over_maps(reader, reader.map(x), [(shape[0], hidden), (hidden, hidden), (hidden, out)], out)


def conv_lstm(reader: CfgReader, x: Ref) -> Ref:
    """Four gates of two convolutions; with `peephole` three of them look at the cell too."""
    x = reader.map(x)
    channels, out = reader.builder.shape(x)[0], reader.at_least("output", 1)
    if reader.number("bottleneck"):
        reader.fail("bottleneck is not known here", key="bottleneck", hint="leave it out")
    seen = 3 if reader.number("peephole") else 0
    return over_maps(reader, x, [(channels, out)] * 4 + [(out, out)] * (4 + seen), out)


STEPS: dict[str, Callable[[CfgReader, Ref], Ref]] = {
    "rnn": rnn, "lstm": flat(4), "gru": flat(3), "crnn": crnn, "conv_lstm": conv_lstm,
}  # fmt: skip
"""The sections that work step by step."""
