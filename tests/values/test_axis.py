"""The formulas of one axis against counting one by one."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import ceil, floor, gcd
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cnncalc.values.axis import (
    Broadcast,
    Interpolate,
    Nearest,
    Slide,
    Table,
    Transpose,
    Window,
    adaptive_total,
    adaptive_window,
    effective_kernel,
    extent,
    extent_ceil,
    extent_transposed,
    reached,
    resampled,
    same_padding,
    scaled,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = st.integers(1, 40)
SMALL = st.integers(1, 7)
PADS = st.integers(0, 5)
WINDOWS = st.builds(Window, SMALL, SMALL, st.integers(1, 4), PADS, PADS)


def starts(size: int, window: Window) -> Iterator[int]:
    """The first position of every window, counted from the first padding position, that lies inside the padded map."""
    kernel, stride, dilation, before, after = window
    first = 0
    while first + dilation * (kernel - 1) < size + before + after:
        yield first
        first += stride


def starts_ceil(size: int, window: Window) -> Iterator[int]:
    """As `starts`, and one that overhangs where the last has not reached the end, unless it starts behind the map."""
    kernel, stride, dilation, before, after = window
    span = dilation * (kernel - 1) + 1
    first = 0
    while first + span < size + before + after + stride and (first == 0 or first < size + before):
        yield first
        first += stride


@given(SIZES, WINDOWS)
def test_extent_is_the_number_of_windows(size: int, window: Window) -> None:
    count = len(list(starts(size, window)))
    assert max(extent(size, window), 0) == count


@given(SIZES, SMALL, SMALL, st.integers(1, 4), PADS)
def test_extent_ceil_is_the_number_of_windows(size: int, kernel: int, stride: int, dilation: int, pad: int) -> None:
    """PyTorch allows padding up to half the window; beyond that it has no ceil rule."""
    window = Window(kernel, stride, dilation, pad, pad)
    span = effective_kernel(kernel, dilation)
    assume(pad <= span // 2)
    assume(span <= size + 2 * pad)
    assert extent_ceil(size, window) == len(list(starts_ceil(size, window)))


def test_plain_ceiling_is_wrong_in_76_of_324_cases() -> None:
    """The window that would start in the padding behind the map; PyTorch drops it, plain ceiling counts it.

    Inputs 1..11, kernel and stride 1..4, padding 0..kernel//2, where the window fits.
    """
    total = wrong = 0
    for size, kernel, stride in product(range(1, 12), range(1, 5), range(1, 5)):
        for pad in range(kernel // 2 + 1):
            if size + 2 * pad < kernel:
                continue
            total += 1
            plain = ceil(Fraction(size + 2 * pad - kernel, stride)) + 1
            wrong += extent_ceil(size, Window(kernel, stride, 1, pad, pad)) != plain
    assert (wrong, total) == (76, 324)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "pad", "dilation", "expected"),
    [
        (5, 2, 2, 1, 1, 3),
        (9, 4, 4, 2, 1, 3),
        (32, 1, 2, 0, 1, 16),
        (5, 3, 3, 1, 1, 2),
        (8, 1, 3, 0, 1, 3),
        (112, 3, 2, 0, 1, 56),
        (224, 3, 2, 1, 1, 113),
        (10, 3, 2, 0, 2, 4),
        (10, 3, 2, 1, 2, 5),
        (11, 3, 3, 1, 2, 4),
    ],
)
def test_ceil_as_measured_in_pytorch(  # noqa: PLR0917 - one column of the table each
    size: int, kernel: int, stride: int, pad: int, dilation: int, expected: int
) -> None:
    assert extent_ceil(size, Window(kernel, stride, dilation, pad, pad)) == expected


@given(st.integers(1, 12), WINDOWS, st.integers(0, 3))
def test_transposed_extent_spans_all_sums(size: int, window: Window, extra: int) -> None:
    """Input i writes to i*s + d*t; the map spans these, less the padding, plus the output padding."""
    kernel, stride, dilation, before, after = window
    sums = {i * stride + dilation * t for i in range(size) for t in range(kernel)}
    assert extent_transposed(size, window, extra) == max(sums) + 1 - before - after + extra


@given(st.integers(1, 12), WINDOWS, st.integers(0, 3))
def test_reached_counts_the_outputs_with_a_tap(size: int, window: Window, extra: int) -> None:
    out = extent_transposed(size, window, extra)
    assume(out >= 1)
    kernel, stride, dilation, before, _ = window
    sums = {i * stride + dilation * t - before for i in range(size) for t in range(kernel)}
    assert reached(size, *window, out) == len(sums & set(range(out)))


@given(st.integers(1, 12), WINDOWS, st.integers(0, 3))
def test_transposed_taps_are_the_inputs_that_write_there(size: int, window: Window, extra: int) -> None:
    out = extent_transposed(size, window, extra)
    assume(out >= 1)
    kernel, stride, dilation, before, _ = window
    reach = Transpose(kernel, stride, dilation, before)
    for x in range(out):
        writers = {i for i in range(size) for t in range(kernel) if i * stride + dilation * t - before == x}
        assert {i for i in reach.taps(x) if 0 <= i < size} == writers


def test_reached_needs_no_loop_over_a_huge_kernel() -> None:
    """Distinct sums of i + t, i < 10, t < 10**15, are 10**15 + 9; with every second input, i*2 + t, 10**15 + 18."""
    assert reached(10, *Window(10**15, 1), 10**15 + 9) == 10**15 + 9
    assert reached(10, *Window(10**15, 2), 10**15 + 18) == 10**15 + 18


@given(SIZES, SMALL, SMALL, st.integers(1, 4))
def test_same_padding_is_the_least_that_gives_the_ceiling(size: int, kernel: int, stride: int, dilation: int) -> None:
    total = same_padding(size, kernel, stride, dilation)
    wanted = ceil(Fraction(size, stride))
    needed = [p for p in range(200) if extent(size, Window(kernel, stride, dilation, 0, p)) >= wanted]
    assert total == needed[0]


@given(SIZES, st.integers(1, 40))
def test_adaptive_windows(size: int, out: int) -> None:
    """floor(j*in/out) to ceil((j+1)*in/out) - 1 with exact fractions: they cover the map in order and read so much."""
    windows = [adaptive_window(j, size, out) for j in range(out)]
    assert windows == [(floor(Fraction(j * size, out)), ceil(Fraction((j + 1) * size, out)) - 1) for j in range(out)]
    assert {i for first, last in windows for i in range(first, last + 1)} == set(range(size))
    assert adaptive_total(size, out) == sum(last - first + 1 for first, last in windows)


@given(SIZES, WINDOWS)
def test_extent_never_grows_with_stride_kernel_or_dilation(size: int, window: Window) -> None:
    here = extent(size, window)
    assert extent(size, window._replace(kernel=window.kernel + 1)) <= here
    assert extent(size, window._replace(dilation=window.dilation + 1)) <= here
    if here >= 1:
        assert extent(size, window._replace(stride=window.stride + 1)) <= here


@given(SIZES, SMALL, SMALL)
def test_dilation_one_is_the_plain_kernel(size: int, kernel: int, stride: int) -> None:
    assert effective_kernel(kernel, 1) == kernel
    assert extent(size, Window(kernel, stride)) == (size - kernel) // stride + 1


@given(st.integers(1, 30), WINDOWS)
def test_a_window_reads_where_it_stands(size: int, window: Window) -> None:
    kernel, stride, dilation, before, _ = window
    reach = Slide(kernel, stride, dilation, before)
    for x, first in enumerate(starts(size, window)):
        assert list(reach.taps(x)) == [first - before + dilation * t for t in range(kernel)]


@given(st.one_of(WINDOWS.map(lambda w: Transpose(*w[:4])), WINDOWS.map(lambda w: Slide(*w[:4]))), st.integers(-9, 9))
def test_cycles_repeat(reach: Slide | Transpose, x: int) -> None:
    every, advance = reach.cycle
    assert [i + advance for i in reach.taps(x)] == list(reach.taps(x + every))


SCALES = st.fractions(min_value=Fraction(1, 8), max_value=6, max_denominator=8)


@given(st.integers(1, 5000), st.floats(0.01, 16, allow_nan=False))
def test_scaled_is_the_floor_of_the_double_product(size: int, scale: float) -> None:
    """PyTorch multiplies two doubles and takes the floor; the spec's decimal stands for the nearest double."""
    assert scaled(size, Fraction(repr(scale))) == floor(float(size) * scale)


def test_scaled_is_no_exact_product_where_doubles_reach() -> None:
    """200*0.29 is 58; of doubles it is 57.99999999999999, so PyTorch makes 57 positions of 200."""
    assert scaled(200, Fraction("0.29")) == 57


def test_scaled_is_exact_where_doubles_end() -> None:
    assert scaled(2**60 + 1, 2) == 2**61 + 2
    assert scaled(3 * 2**60 + 1, Fraction(1, 3)) == 2**60
    assert scaled(10**400, Fraction(1, 2)) == 5 * 10**399


def positions(mode: str, x: int, size: int, out: int, step: Fraction, *, aligned: bool) -> tuple[int, int]:
    """First and last pixel that output x of a resized axis needs, by PyTorch's definitions, in fractions."""
    if mode == "nearest":
        return (min(floor(x * step), size - 1),) * 2
    if mode == "nearest_exact":
        return (min(floor((x + Fraction(1, 2)) * step), size - 1),) * 2
    half = Fraction(1, 2)
    u = Fraction(x * (size - 1), max(out - 1, 1)) if aligned else (x + half) * step - half
    around = (
        [floor(u), ceil(u)] if mode == "linear" or u == floor(u) else [floor(u) - 1, floor(u), ceil(u), ceil(u) + 1]
    )
    kept = [min(max(i, 0), size - 1) for i in around]
    return min(kept), max(kept)


@given(
    st.integers(1, 20),
    SCALES,
    st.sampled_from(["nearest", "nearest_exact", "linear", "bicubic"]),
    st.booleans(),
    st.booleans(),
)
def test_resampled_reads_what_the_definition_says(
    size: int, scale: Fraction, mode: str, by_size: bool, aligned: bool
) -> None:
    out = floor(size * scale)
    assume(out >= 1)
    aligned = aligned and not mode.startswith("nearest")
    step = Fraction(size, out) if by_size else 1 / scale
    reach = resampled(size, out, step, mode, align_corners=aligned)
    for x in range(out):
        taps = [min(max(i, 0), size - 1) for i in reach.taps(x)]  # type: ignore[union-attr]
        assert (taps[0], taps[-1]) == positions(mode, x, size, out, step, aligned=aligned)


@pytest.mark.parametrize("mode", ["nearest", "nearest_exact", "linear", "bicubic"])
@pytest.mark.parametrize("step", range(2, 8))
def test_whole_steps_read_what_the_definition_says(step: int, mode: str) -> None:
    size, out = 4 * step, 4
    reach = resampled(size, out, Fraction(step), mode)
    assert isinstance(reach, Slide)
    for x in range(out):
        taps = [min(max(i, 0), size - 1) for i in reach.taps(x)]
        assert (taps[0], taps[-1]) == positions(mode, x, size, out, Fraction(step), aligned=False)


def test_whole_factors_have_a_formula_for_the_unbounded_axis() -> None:
    assert resampled(5, 15, Fraction(1, 3), "nearest") == Nearest(3)
    assert resampled(5, 10, Fraction(1, 2), "linear") == Interpolate(2)
    assert resampled(5, 10, Fraction(1, 2), "bicubic") == Interpolate(2, 1)
    assert isinstance(resampled(5, 7, Fraction(5, 7), "linear"), Table)
    assert isinstance(resampled(5, 10, Fraction(1, 2), "linear", align_corners=True), Table)


@given(SMALL, SMALL, st.integers(1, 4), PADS, st.integers(-30, 30))
def test_transposed_units_without_taps_are_those_of_other_residues(
    kernel: int, stride: int, dilation: int, before: int, x: int
) -> None:
    """Only d*t = x + p (mod s) reaches x; the kernel has t = 0..k-1."""
    hit = any((dilation * t - x - before) % stride == 0 for t in range(kernel))
    assert bool(Transpose(kernel, stride, dilation, before).taps(x)) == hit
    if gcd(dilation, stride) == 1 and kernel >= stride:
        assert hit


def test_a_double_ends_where_it_skips_a_number() -> None:
    """2**53 + 1 is the first whole number that no double is; times 3/2 it is 3*2**52 + 1 and a half."""
    assert scaled(2**53 + 1, Fraction(3, 2)) == 3 * 2**52 + 1


def test_a_broadcast_position_reads_the_one_there_is() -> None:
    assert [list(Broadcast().taps(x)) for x in range(3)] == [[0]] * 3
    assert Broadcast().cycle == (1, 0)
