"""Edges of operators: axes counted from the end, hints of merges, windows of SAME, reaches along every axis."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

import cnncalc
from cnncalc.ops import find, operators
from cnncalc.ops.arguments import Axis
from cnncalc.ops.merge import SPREAD, gate_hint, mismatch_hint
from cnncalc.ops.registry import register
from cnncalc.ops.windows import axis_of, padding_apart, starts_earlier
from cnncalc.values.axis import WHOLE, Window
from cnncalc.values.diagnostics import ArgumentError, SpecError
from cnncalc.values.shape import Shape

MAP = Shape((4, 8, 6))


def built(name: str, **arguments: Any) -> Any:
    cls = find(name)
    assert cls is not None
    return cls(**arguments)


def test_an_axis_is_one_of_the_shape() -> None:
    assert [axis_of(axis, MAP, "softmax") for axis in (-3, -1, 0, 2)] == [0, 2, 0, 2]
    assert (axis_of("channel", MAP, "softmax"), axis_of("last", MAP, "softmax")) == (0, 2)
    for axis in (-4, 3):
        with pytest.raises(ArgumentError, match=f"softmax along axis {axis} of an input with 3 axes, 4x8x6"):
            axis_of(axis, MAP, "softmax")


def test_the_first_and_the_last_axis_have_one_name() -> None:
    assert [Axis().check(axis, "axis") for axis in (0, -1, 1, -2, "last")] == ["channel", "last", 1, -2, "last"]
    for wrong in ("lst", 99, -99):
        with pytest.raises(ArgumentError, match="'axis' must be"):
            Axis().check(wrong, "axis")


@pytest.mark.parametrize(("a", "b", "hint"), [
    ((4, 8, 6), (4,), "flatten or reshape one of them"),
    ((4, 8, 6), (5, 8, 6), "give both the same number of channels"),
    ((4, 8, 6), (4, 1, 1), SPREAD),
    ((4, 8, 1), (4, 1, 6), SPREAD),
    ((4, 8, 6), (5, 1, 1), "give both the same height and width"),
    ((4, 8, 6), (4, 4, 6), "give both the same height and width"),
])  # fmt: skip
def test_the_hint_of_shapes_that_differ(a: tuple[int, ...], b: tuple[int, ...], hint: str) -> None:
    assert mismatch_hint(Shape(a), Shape(b)).startswith(hint)


@pytest.mark.parametrize(("ins", "hint"), [
    (((4, 8, 6), (4,)), "reshape a vector gate to [C, 1, 1]"),
    (((4, 8, 6), (4, 8, 1)), SPREAD),
    (((4, 8, 6), (5, 1, 1)), "check the gate's channels against the map's"),
])  # fmt: skip
def test_the_hint_of_gates_that_do_not_fit(ins: tuple[tuple[int, ...], ...], hint: str) -> None:
    assert gate_hint(tuple(map(Shape, ins))) == hint


@pytest.mark.parametrize(("before", "after", "kernel", "stride", "apart", "earlier"), [
    (0, 0, 3, 1, False, False),  # VALID
    (1, 1, 3, 1, False, False),  # SAME of a stride of 1
    (2, 0, 3, 1, False, True),  # its sizes, two positions earlier than its one
    (1, 1, 3, 2, False, True),  # 8 -> 4: SAME pads 0 and 1
    (0, 1, 3, 2, False, False),
    (3, 0, 3, 1, True, False),  # 9 positions: a padding of its own
])  # fmt: skip
def test_paddings_of_same(  # noqa: PLR0917 - one column of the table each
    before: int, after: int, kernel: int, stride: int, apart: bool, earlier: bool
) -> None:
    """TensorFlow's SAME: out = ceil(in/stride), of the padding that this needs the smaller half stands before."""
    window = Window(kernel, stride, 1, before, after)
    out = (8 + before + after - kernel) // stride + 1
    x, y = Shape((4, 8)), Shape((4, out))
    assert (padding_apart((window,), x, y) is not None) == apart
    assert starts_earlier((window,), x, y) == earlier


@pytest.mark.parametrize("name", sorted(cls.name for cls in operators() if cls.name.startswith("global_")))
def test_a_global_pool_reads_every_axis(name: str) -> None:
    for rank in (1, 2, 3):
        x, y = Shape((4, *(5,) * rank)), Shape((4, *(1,) * rank))
        assert built(name).reach((x,), (y,)) == ((WHOLE,) * rank,)


@pytest.mark.parametrize(("name", "message"), [
    ("no name", "is not of the form"), ("3d", "is not of the form"), ("conv", "is taken by cnncalc.ops"),
])  # fmt: skip
def test_a_name_that_cannot_be_registered(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        register(name)(type("Mine", (cnncalc.Operator,), {}))


@pytest.mark.parametrize(("layer", "fits"), [
    ("elu", True), ({"elu": 2}, False),
    ({"adaptive_avg_pool": [2, 4]}, True), ({"adaptive_avg_pool": [2, 3]}, False),
    ({"adaptive_max_pool": [3, 4]}, False),
])  # fmt: skip
def test_a_runtime_refuses_what_its_operators_do_not_compute(layer: Any, fits: bool) -> None:
    """TensorFlow Lite has ELU of alpha 1 alone, and pools of equal windows."""
    spec = {"cnncalc": 1, "input": [3, 8, 8], "layers": [layer]}
    if fits:
        assert cnncalc.analyze(spec, deploy=True, runtime="tflm", dtype="int8").memory is not None
    else:
        with pytest.raises(SpecError, match="TensorFlow Lite Micro has no operator for"):
            cnncalc.analyze(spec, deploy=True, runtime="tflm", dtype="int8")


def test_shapes_and_numbers_are_not_mixed() -> None:
    with pytest.raises(ArgumentError):
        built("opaque", out=((4, 8, 8), 3))
    with pytest.raises(ArgumentError):
        built("opaque", out=(3, (4, 8, 8)))


class Recording:
    """What an operator asks of a writer of TensorFlow Lite files: layouts with channels last, and one transposition."""

    def layout(self, shape: Shape) -> tuple[int, ...]:
        return (1, *shape[1:], shape[0])

    def transpose(self, tensor: int, order: list[int]) -> tuple[int, list[int]]:
        return tensor, order


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_permutation_with_channels_last(order: tuple[int, ...]) -> None:
    """By what a permutation is: position p of the result is position p[order] of the source, in either layout."""
    where = (3, 1, 2)  # of channels, height and width in a map of N, H, W, C
    op = built("permute", axes=order)
    ((tensor, moved),) = op.tflite(Recording(), (7,), (MAP,), op.infer((MAP,)))
    assert tensor == 7
    assert [moved[where[axis]] for axis in range(3)] == [where[source] for source in order]
    assert moved[0] == 0


@pytest.mark.parametrize(("axis", "out", "folds"), [
    ("channel", (4, 8, 6), True), ("channel", (4,), True), ("last", (4,), True), ("last", (4, 8, 4), False),
])  # fmt: skip
def test_a_norm_of_channels_folds_into_a_layer_that_makes_them(axis: str, out: tuple[int, ...], folds: bool) -> None:
    """A linear layer along the last axis has weights for that axis, where a norm has them for the first."""
    linear = built("linear", out=4, axis=axis, bias=False)
    absorbed = linear.absorbing((Shape(out),))
    assert (absorbed is not None) == folds
    assert absorbed is None or absorbed.has_bias


@pytest.mark.parametrize("name", ["separable", "spatially_separable"])
def test_an_item_of_several_layers_has_the_shape_of_the_last(name: str) -> None:
    op = built(name, out=5, kernel=3)
    assert op.infer((MAP,)) == (Shape((5, 6, 4)),)
