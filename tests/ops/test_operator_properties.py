"""What must hold for operators on any shape, not only in examples."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cnncalc.ops import find, operators
from cnncalc.ops.operator import expanded
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.shape import Shape

if TYPE_CHECKING:
    from cnncalc.ops import Operator
    from cnncalc.ops.operator import PlacedPart
    from cnncalc.values.work import Count

EXTENT = st.integers(1, 24)
MAPS = st.tuples(st.sampled_from([4, 8, 12]), EXTENT, EXTENT).map(Shape)
SLIDING = ["conv", "depthwise", "max_pool", "avg_pool", "lp_pool", "min_pool", "separable", "spatially_separable"]
WITH_OUT = {"conv", "conv_transpose", "separable", "spatially_separable", "deform_conv"}


def build(name: str, **given_: Any) -> Operator:
    cls = find(name)
    assert cls is not None
    return cls(**given_, **({"out": 4} if name in WITH_OUT else {}))


def fit(op: Operator, *ins: Shape) -> list[PlacedPart]:
    """The layers of an operator; shapes that it refuses are no example."""
    try:
        return expanded(op, ins)
    except ArgumentError:
        assume(False)
        raise


def total(layers: list[PlacedPart]) -> tuple[int, int, int]:
    """Parameters, multiply-accumulates and operations."""
    counts = [layer.op.count(layer.ins, layer.outs) for layer in layers]
    return (
        sum(c.params or 0 for c in counts),
        sum(c.macs or 0 for c in counts),
        sum(c.work.total for c in counts if c.work),
    )


@given(st.sampled_from(SLIDING), MAPS, st.integers(1, 5), st.integers(1, 5))
def test_output_never_grows_with_stride(name: str, x: Shape, kernel: int, stride: int) -> None:
    near = fit(build(name, kernel=kernel, stride=stride), x)[-1].outs[0]
    far = fit(build(name, kernel=kernel, stride=stride + 1), x)[-1].outs[0]
    assert all(a >= b for a, b in zip(near, far, strict=True))


@given(MAPS, st.integers(1, 5), st.integers(0, 2), st.booleans())
def test_one_group_is_the_plain_convolution(x: Shape, kernel: int, padding: int, bias: bool) -> None:
    layers = fit(build("conv", kernel=kernel, padding=padding, groups=1, bias=bias), x)
    positions = layers[-1].outs[0].positions
    macs = positions * 4 * kernel * kernel * x.channels
    assert total(layers)[:2] == (4 * kernel * kernel * x.channels + 4 * bias, macs)


@given(MAPS, st.sampled_from([2, 4]), st.integers(1, 4))
def test_groups_divide_weights_and_work(x: Shape, groups: int, kernel: int) -> None:
    for name in ("conv", "conv_transpose"):
        plain = total(fit(build(name, kernel=kernel, bias=False), x))
        grouped = total(fit(build(name, kernel=kernel, groups=groups, bias=False), x))
        assert [n * groups for n in grouped[:2]] == list(plain[:2])


@given(MAPS, st.integers(1, 5), st.integers(0, 2), st.integers(1, 3))
def test_depthwise_is_a_convolution_with_as_many_groups_as_channels(
    x: Shape, kernel: int, padding: int, multiplier: int
) -> None:
    depthwise = fit(build("depthwise", kernel=kernel, padding=padding, multiplier=multiplier), x)[0]
    conv = find("conv")
    assert conv is not None
    grouped = conv(out=multiplier * x.channels, kernel=kernel, padding=padding, groups=x.channels)
    assert depthwise.outs == grouped.infer((x,))
    assert _numbers(depthwise.op.count(depthwise.ins, depthwise.outs)) == _numbers(grouped.count((x,), depthwise.outs))


def _numbers(count: Count) -> tuple[object, ...]:
    return (count.params, count.macs, count.work, count.memory, count.connections, count.taps)


@given(st.sampled_from(["conv", "conv_transpose", "deform_conv", "separable", "batch_norm", "prelu"]), MAPS, MAPS)
def test_parameters_do_not_depend_on_height_and_width(name: str, x: Shape, y: Shape) -> None:
    arguments: dict[str, Any] = {"parameters": "channel"} if name == "prelu" else {}
    if name in WITH_OUT:
        arguments = {"kernel": 3, "padding": 1}
    op = build(name, **arguments)
    other = Shape((x.channels, *y.spatial))
    assert total(fit(op, x))[0] == total(fit(op, other))[0]


@given(
    st.sampled_from([*SLIDING, "conv_transpose", "deform_conv"]),
    MAPS,
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(0, 2),
)
def test_a_number_is_a_list_of_equal_numbers(name: str, x: Shape, kernel: int, stride: int, padding: int) -> None:
    assume(padding <= kernel // 2)
    one = fit(build(name, kernel=kernel, stride=stride, padding=padding), x)
    for spelling in ([padding] * 2, [padding] * 4):
        many = fit(build(name, kernel=[kernel] * 2, stride=[stride] * 2, padding=spelling), x)
        assert [layer.outs for layer in one] == [layer.outs for layer in many]
        assert total(one) == total(many)


@given(st.sampled_from([*SLIDING, "conv_transpose", "deform_conv"]), MAPS, st.integers(1, 4), st.integers(1, 4))
def test_axes_do_not_mix(name: str, x: Shape, rows: int, columns: int) -> None:
    """Turning the map and the kernel by a right angle turns the output."""
    upright = fit(build(name, kernel=[rows, columns], stride=[columns, rows]), x)
    turned = fit(build(name, kernel=[columns, rows], stride=[rows, columns]), Shape((x[0], x[2], x[1])))
    c, h, w = upright[-1].outs[0]
    assert turned[-1].outs[0] == (c, w, h)
    if name != "spatially_separable":
        assert total(upright) == total(turned)


@given(MAPS, st.integers(1, 4), st.integers(1, 4), st.integers(0, 2))
def test_transposed_convolution_undoes_the_size(x: Shape, kernel: int, stride: int, padding: int) -> None:
    """The output padding that PyTorch asks for is what the division of the convolution dropped."""
    down = fit(build("conv", kernel=kernel, stride=stride, padding=padding), x)[-1].outs[0]
    lost = [(n + 2 * padding - kernel) % stride for n in x.spatial]
    up = build("conv_transpose", kernel=kernel, stride=stride, padding=padding, output_padding=lost)
    assert fit(up, down)[-1].outs[0].spatial == x.spatial


@given(MAPS, st.integers(1, 4), st.integers(1, 4))
def test_same_padding_gives_the_ceiling_everywhere(x: Shape, kernel: int, stride: int) -> None:
    wanted = tuple(-(-n // stride) for n in x.spatial)
    for name, word in product(["conv", "max_pool", "avg_pool", "depthwise"], ["same", "same_lower"]):
        assert fit(build(name, kernel=kernel, stride=stride, padding=word), x)[-1].outs[0].spatial == wanted
    up = fit(build("conv_transpose", kernel=kernel, stride=stride, padding="same"), x)[-1].outs[0]
    assert up.spatial == tuple(n * stride for n in x.spatial)


@given(MAPS, st.sampled_from(["conv", "conv_transpose", "deform_conv", "linear"]))
def test_a_bias_costs_one_addition_per_output(x: Shape, name: str) -> None:
    if name == "linear":
        with_bias, without = (find("linear")(out=4, axis="channel", bias=b) for b in (True, False))  # type: ignore[misc]
    else:
        with_bias, without = (build(name, kernel=3, padding=1, bias=b) for b in (True, False))
    layers, bare = fit(with_bias, x), fit(without, x)
    outputs = layers[-1].outs[0].elements
    assert total(layers)[2] - total(bare)[2] == outputs
    assert total(layers)[0] - total(bare)[0] == 4
    assert total(layers)[1] == total(bare)[1]


@given(MAPS, st.integers(1, 30), st.integers(1, 30))
def test_adaptive_pools_read_every_pixel(x: Shape, rows: int, columns: int) -> None:
    """Additions and the division of all windows are as many as the elements they read, counted one by one."""
    op = build("adaptive_avg_pool", size=[rows, columns])
    read = 1
    for n, o in zip(x.spatial, (rows, columns), strict=True):
        read *= sum(1 for j in range(o) for i in range(n) if j * n // o <= i < -(-(j + 1) * n // o))
    assert total(fit(op, x))[2] == x.channels * read


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), EXTENT)
def test_concat_and_split_are_inverse(sizes: list[int], extent: int) -> None:
    x = Shape((sum(sizes), extent, 3))
    split = find("split")
    concat = find("concat")
    assert split is not None
    assert concat is not None
    parts = split(sizes=sizes).infer((x,))
    assert [p.channels for p in parts] == sizes
    if len(parts) > 1:
        assert concat().infer(parts) == (x,)


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 5), st.integers(1, 5))
def test_pixel_shuffle_and_its_inverse_keep_every_element(factor: int, channels: int, height: int, width: int) -> None:
    x = Shape((channels * factor * factor, height, width))
    (y,) = build("pixel_shuffle", factor=factor).infer((x,))
    assert y.elements == x.elements
    assert build("pixel_unshuffle", factor=factor).infer((y,)) == (x,)


@pytest.mark.parametrize("cls", list(operators()), ids=lambda cls: cls.name)
def test_views_and_only_views_move_nothing(cls: type[Operator]) -> None:
    views = {"flatten", "reshape", "identity", "dropout", "drop_path", "split", "slice", "crop", "permute"}
    assert (not cls.moves) == (cls.name in views)
