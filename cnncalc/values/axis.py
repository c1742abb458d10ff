"""The formulas of one spatial axis, in integers: window, extent, padding, and what an output unit reads.

Every sliding-window operator uses these, once per axis; none of them knows about rank, channels or layers. They are
plain `+ - * //` on whole numbers, so the same code runs on numbers that record how they came about.
Source of the extents: Dumoulin and Visin 2016, arXiv:1603.07285; of the ceil rule: PyTorch's `pooling_output_shape`.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd
from typing import NamedTuple, Protocol, TypeAlias

from cnncalc.numbers.doors import recorded
from cnncalc.numbers.functions import floor_product, not_below
from cnncalc.values.record import record


class Window(NamedTuple):
    """A sliding window on one axis: kernel, stride, dilation, and the padding before and after the map."""

    kernel: int
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0


def ceil_div(a: int, b: int) -> int:
    """Return a / b rounded up."""
    return -(-a // b)


def effective_kernel(kernel: int, dilation: int) -> int:
    """Return the span of a dilated kernel, d*(k - 1) + 1."""
    return dilation * (kernel - 1) + 1


def extent(size: int, window: Window) -> int:
    """Return the number of windows that fit: floor((in + p + p' - k_eff)/s) + 1; less than 1 when none does."""
    kernel, stride, dilation, before, after = window
    return (size + before + after - dilation * (kernel - 1) - 1) // stride + 1


def extent_ceil(size: int, window: Window) -> int:
    """Return the number of windows with the quotient rounded up; a window that would start past the map is dropped."""
    kernel, stride, dilation, before, after = window
    count = ceil_div(size + before + after - dilation * (kernel - 1) - 1, stride) + 1
    return count - recorded(not_below, (count - 1) * stride, size + before)


def extent_transposed(size: int, window: Window, output_padding: int) -> int:
    """Return the extent of a transposed convolution: (in - 1)*s - p - p' + k_eff + output_padding."""
    kernel, stride, dilation, before, after = window
    return (size - 1) * stride - before - after + dilation * (kernel - 1) + output_padding + 1


def same_padding(size: int, kernel: int, stride: int, dilation: int) -> int:
    """Return the total padding with which out = ceil(in/stride): max((out - 1)*s + k_eff - in, 0)."""
    return recorded(max, (ceil_div(size, stride) - 1) * stride + effective_kernel(kernel, dilation) - size, 0)


def reached(  # noqa: PLR0917 - a window's order
    size: int, kernel: int, stride: int, dilation: int, before: int, after: int, out: int  # noqa: ARG001 - a window's
) -> int:
    """Return how many of the `out` positions of a transposed convolution receive at least one tap.

    These are the distinct sums i*s + d*t, i < size and t < kernel, that lie in p..p + out - 1. The sums with one
    remainder of i (or of t, whichever has fewer) form equal runs at equal distances, which are counted at once.
    """
    common = gcd(stride, dilation)
    if min(size, dilation // common) <= min(kernel, stride // common):
        step, many, unit, run = stride, size, dilation, kernel
    else:
        step, many, unit, run = dilation, kernel, stride, size
    period, distance = unit // common, step // common
    count = 0
    for i in range(min(many, period)):
        runs = (many - 1 - i) // period + 1
        below, last = ceil_div(before - i * step, unit) - 1, (before + out - 1 - i * step) // unit
        count += _in_runs(last, runs, run, distance) - _in_runs(below, runs, run, distance)
    return count


def _in_runs(last: int, runs: int, run: int, distance: int) -> int:
    """Return how many of 0..last lie in one of `runs` intervals of `run` numbers that start `distance` apart."""
    if last < 0:
        return 0
    if run >= distance:
        return min(last + 1, (runs - 1) * distance + run)
    whole = min((last + 1) // distance, runs)
    return whole * run + (min(last + 1 - whole * distance, run) if whole < runs else 0)


def adaptive_window(position: int, size: int, out: int) -> tuple[int, int]:
    """Return the first and last input position of an adaptive pool's window: floor(j*in/out), ceil((j+1)*in/out)-1."""
    return position * size // out, ceil_div((position + 1) * size, out) - 1


def adaptive_total(size: int, out: int) -> int:
    """Return the elements that all windows of an adaptive pool read together: in + out - gcd(in, out)."""
    return size + out - recorded(gcd, size, out)


def scaled(size: int, scale: int | Fraction) -> int:
    """Return floor(in*scale) with the product in IEEE doubles, as PyTorch has it: the one float among the formulas.

    A whole scale, and an extent that no double holds, are multiplied exactly.
    """
    if scale.denominator == 1:
        return size * scale.numerator
    if size >= 2**53:
        return size * scale.numerator // scale.denominator
    return recorded(floor_product, size, scale)


def resampled(size: int, out: int, step: Fraction, mode: str, *, align_corners: bool = False) -> Reach:
    """Return what each position of a resized axis reads; `step` is the input's advance per output position.

    Source position of x: nearest floor(x*step), nearest_exact floor((x + 1/2)*step), interpolation
    u = (x + 1/2)*step - 1/2, or x*(in - 1)/(out - 1) with aligned corners: floor(u)..ceil(u), one more on each side for
    cubic where u is fractional. Whole factors, up and down, have one formula for the unbounded axis; all else is the
    table of the actual map, held inside it.
    """
    margin = 1 if mode == "bicubic" else 0
    if align_corners:
        return Table(ResampledWindows(size, Fraction(size - 1, max(out - 1, 1)), Fraction(0), margin))
    if step.numerator == 1:
        factor = step.denominator
        return Nearest(factor) if mode.startswith("nearest") else Interpolate(factor, margin)
    if step.denominator == 1:
        every = step.numerator
        if mode == "nearest":
            return Slide(stride=every)
        if mode == "nearest_exact" or every % 2:
            return Slide(stride=every, before=-(every // 2))
        return Slide(kernel=2 + 2 * margin, stride=every, before=margin + 1 - every // 2)
    if mode.startswith("nearest"):
        return Table(ResampledWindows(size, step, Fraction(0) if mode == "nearest" else step / 2, None))
    return Table(ResampledWindows(size, step, (step - 1) / 2, margin))


# What one output unit reads of the input axis, for receptive fields. x is the output position. `taps(x)` are the
# positions read, ascending; `cycle` is (q, a) with taps(x + q) = taps(x) moved by a, the rhythm of the unbounded axis.


class Slide(NamedTuple):
    """Convolution, pool, crop, pad: x reads x*stride - before + dilation*t for t in 0..kernel-1."""

    kernel: int = 1
    stride: int = 1
    dilation: int = 1
    before: int = 0

    @property
    def cycle(self) -> tuple[int, int]:
        """One output step is a stride of the input."""
        return 1, self.stride

    def taps(self, x: int) -> range:
        """Return one position per kernel element."""
        first = x * self.stride - self.before
        return range(first, first + self.dilation * (self.kernel - 1) + 1, self.dilation)


class Transpose(NamedTuple):
    """Transposed convolution: x reads every i with x = i*stride - before + dilation*t for a t in 0..kernel-1."""

    kernel: int
    stride: int = 1
    dilation: int = 1
    before: int = 0

    @property
    def cycle(self) -> tuple[int, int]:
        """A stride of the output is one input step."""
        return self.stride, 1

    def taps(self, x: int) -> range:
        """Return every i whose kernel reaches x: d*t = x + p (mod s) has no solution, or one t in every s/gcd(d, s)."""
        target = x + self.before
        common = gcd(self.dilation, self.stride)
        step, every = self.dilation // common, self.stride // common
        if target % common:
            return range(0)
        t = target // common * pow(step, -1, every) % every
        if t >= self.kernel:
            return range(0)
        nearest = (target - self.dilation * t) // self.stride
        return range(nearest - (self.kernel - 1 - t) // every * step, nearest + 1, step)


class Nearest(NamedTuple):
    """Nearest-neighbour enlargement and pixel shuffle: x reads floor(x/factor)."""

    factor: int

    @property
    def cycle(self) -> tuple[int, int]:
        """`factor` outputs stand on one input."""
        return self.factor, 1

    def taps(self, x: int) -> range:
        """Return the one position under x."""
        return range(x // self.factor, x // self.factor + 1)


class Parts(NamedTuple):
    """Windowed attention: the axis is cut into parts of `size`, x reads all of its own part."""

    size: int

    @property
    def cycle(self) -> tuple[int, int]:
        """Part follows part."""
        return self.size, self.size

    def taps(self, x: int) -> range:
        """Return the part that x lies in."""
        first = x // self.size * self.size
        return range(first, first + self.size)


class Interpolate(NamedTuple):
    """Half-pixel interpolation by a whole factor, u = (x + 1/2)/factor - 1/2: x reads floor(u)..ceil(u).

    `margin` is the number of further neighbours on each side where u is fractional: 0 for linear, 1 for cubic.
    """

    factor: int
    margin: int = 0

    @property
    def cycle(self) -> tuple[int, int]:
        """`factor` outputs advance by one input."""
        return self.factor, 1

    def taps(self, x: int) -> range:
        """Return floor(u) - margin .. ceil(u) + margin, or u alone where it is whole; u = (2x + 1 - f)/(2f)."""
        below, rest = divmod(2 * x + 1 - self.factor, 2 * self.factor)
        return range(below - self.margin, below + self.margin + 2) if rest else range(below, below + 1)


class Windows(Protocol):
    """First and last position that each position of the actual map reads."""

    def __getitem__(self, x: int, /) -> tuple[int, int]:
        """Return the window of x."""


@record
class AdaptiveWindows:
    """The windows of an adaptive pool."""

    size: int
    out: int

    def __getitem__(self, x: int) -> tuple[int, int]:
        return adaptive_window(x, self.size, self.out)


@record
class ResampledWindows:
    """What a resized axis reads around position u = x*step + shift of the input, held inside the map.

    Without a margin it is floor(u) alone, else floor(u) - margin .. ceil(u) + margin, or u alone where it is whole.
    """

    size: int
    step: Fraction
    shift: Fraction
    margin: int | None

    def __getitem__(self, x: int) -> tuple[int, int]:
        step, shift = self.step, self.shift
        below, rest = divmod(x * step.numerator * shift.denominator + shift.numerator * step.denominator,
                             step.denominator * shift.denominator)  # fmt: skip
        first, last = below, below
        if self.margin is not None and rest:
            first, last = below - self.margin, below + self.margin + 1
        return min(max(first, 0), self.size - 1), min(max(last, 0), self.size - 1)


class Table(NamedTuple):
    """Windows of the actual map, for what no formula over x describes."""

    windows: Windows

    def taps(self, x: int) -> range:
        """Return the window of x, a position of the actual map."""
        first, last = self.windows[x]
        return range(first, last + 1)


class Broadcast(NamedTuple):
    """Every x reads position 0 of an axis of extent 1."""

    @property
    def cycle(self) -> tuple[int, int]:
        """The input stands still."""
        return 1, 0

    def taps(self, x: int) -> range:  # noqa: ARG002 - the same for every x
        """Return the one position there is."""
        return range(1)


class Whole(NamedTuple):
    """Every x reads the whole axis, or axes do not correspond: global pool, flatten, linear, reshape."""


Reach: TypeAlias = Slide | Transpose | Nearest | Parts | Interpolate | Table | Broadcast | Whole

IDENTITY = Slide()
WHOLE = Whole()
BROADCAST = Broadcast()
