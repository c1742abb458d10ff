"""Forty places where counting tools go wrong, one test each, with the right answer from somewhere else.

The numbers were measured in PyTorch 2.13 (FlopCounterMode, layer by layer), printed by the tools named, or are written
out beside the assertion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import cnncalc
from cnncalc.gate.quantity import Unit, parse_quantity
from cnncalc.ops import Operator, find
from cnncalc.render.format import human
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.shape import Shape
from cnncalc.values.work import MemoryAccess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.values.axis import Window
    from cnncalc.values.work import Count

RULES = ("exact", "2mac", "mac", "flopcounter", "fvcore", "thop", "ptflops", "torchinfo", "calflops", "torchscan")


def op(name: str, **arguments: Any) -> Operator:
    cls = find(name)
    assert cls is not None
    return cls(**arguments)


def out(layer: Operator, *shape: int) -> tuple[int, ...]:
    return tuple(layer.infer((Shape(shape),))[0])


def count(layer: Operator, *shape: int) -> Count:
    ins = (Shape(shape),)
    return layer.count(ins, layer.infer(ins))


def operations(layer: Operator, *shape: int) -> int:
    work = count(layer, *shape).work
    assert work is not None
    return work.total


def padding(layer: Operator, size: int) -> tuple[int, int]:
    """The padding before and after a square map."""
    window: Window = layer.windows(Shape((1, size, size)))[0]  # type: ignore[attr-defined]
    return window.before, window.after


def network(*layers: Any, shape: tuple[int, ...] = (3, 32, 32), **more: Any) -> cnncalc.Report:
    return cnncalc.analyze({"cnncalc": 1, "input": list(shape), "layers": list(layers), **more})


def test_trap_01_transposed_work_counts_from_the_input() -> None:
    layer = op("conv_transpose", out=8, kernel=2, stride=2)
    assert count(layer, 16, 8, 8).macs == 32_768
    assert count(layer, 16, 8, 8).bias_outputs == 8 * 16 * 16
    assert count(op("conv_transpose", out=8, kernel=3, stride=2, padding=1, output_padding=1), 16, 8, 8).macs == 73_728


def test_trap_02_grouped_transposed_work_is_divided_once() -> None:
    layer = op("conv_transpose", out=8, kernel=3, stride=2, groups=4, bias=False)
    assert count(layer, 8, 8, 8).macs == 9_216
    assert count(layer, 8, 8, 8).params == 8 * 2 * 9


def test_trap_03_transposed_size_knows_dilation_output_padding_and_same() -> None:
    arguments = {"out": 1, "kernel": 3, "stride": 2, "padding": 1, "output_padding": 1}
    assert out(op("conv_transpose", **arguments), 1, 8, 8) == (1, 16, 16)
    assert out(op("conv_transpose", **arguments, dilation=2), 1, 8, 8) == (1, 18, 18)
    assert out(op("conv_transpose", out=1, kernel=5, stride=3, padding="same"), 1, 8, 7) == (1, 24, 21)


def test_trap_04_ceil_drops_the_window_that_starts_in_the_trailing_padding() -> None:
    for size, kernel, stride, pad, expected in [
        (5, 2, 2, 1, 3),
        (9, 4, 4, 2, 3),
        (32, 1, 2, 0, 16),
        (5, 3, 3, 1, 2),
        (8, 1, 3, 0, 3),
        (112, 3, 2, 0, 56),
        (224, 3, 2, 1, 113),
    ]:
        layer = op("max_pool", kernel=kernel, stride=stride, padding=pad, ceil=True)
        assert out(layer, 1, size, size) == (1, expected, expected)


def test_trap_05_rounding_is_an_attribute_of_the_layer_and_floor_by_default() -> None:
    assert out(op("max_pool", kernel=3, stride=2), 1, 112, 112) == (1, 55, 55)
    ported = network(
        {"max_pool": {"kernel": 3, "stride": 2}},
        {"conv": {"out": 1, "kernel": 2, "stride": 2}},
        shape=(1, 114, 114),
        defaults={"max_pool": {"ceil": True}},
    )
    assert [row.out_shape for row in ported] == [(1, 57, 57), (1, 28, 28)]
    with pytest.raises(ArgumentError, match="has no argument 'ceil'"):
        op("conv", out=1, kernel=3, ceil=True)


def test_trap_06_ceil_with_dilation() -> None:
    for size, stride, pad, floored, ceiled in [(10, 2, 0, 3, 4), (10, 2, 1, 4, 5), (11, 3, 1, 3, 4)]:
        arguments = {"kernel": 3, "stride": stride, "padding": pad, "dilation": 2}
        assert out(op("max_pool", **arguments), 1, size, size) == (1, floored, floored)
        assert out(op("max_pool", **arguments, ceil=True), 1, size, size) == (1, ceiled, ceiled)


def test_trap_07_same_padding_is_not_half_the_kernel() -> None:
    for size, kernel, expected, pads in [
        (224, 3, 112, (0, 1)),
        (224, 7, 112, (2, 3)),
        (225, 3, 113, (1, 1)),
        (7, 2, 4, (0, 1)),
    ]:
        layer = op("conv", out=1, kernel=kernel, stride=2, padding="same")
        assert out(layer, 1, size, size) == (1, expected, expected)
        assert padding(layer, size) == pads


def test_trap_08_same_lower_moves_the_field_and_nothing_else() -> None:
    upper, lower = (
        network({"conv": {"out": 1, "kernel": 3, "stride": 2, "padding": word}}, shape=(1, 8, 8))["conv1"]
        for word in ("same", "same_lower")
    )
    assert (upper.out_shape, upper.receptive_field) == (lower.out_shape, lower.receptive_field) == ((1, 4, 4), (3, 3))
    assert (upper.start, lower.start) == ((0, 0), (-1, -1))


def test_trap_09_same_padding_follows_the_input_size() -> None:
    even, odd = (
        network({"conv": {"out": 1, "kernel": 3, "stride": 2, "padding": "same"}}, shape=(1, n, n))["conv1"]
        for n in (224, 225)
    )
    assert even.receptive_field == odd.receptive_field == (3, 3)
    assert even.jump == odd.jump == (2, 2)
    assert (even.start, odd.start) == ((0, 0), (-1, -1))


def test_trap_10_same_with_a_stride_is_accepted() -> None:
    assert out(op("conv", out=1, kernel=5, stride=3, padding="same"), 1, 11, 12) == (1, 4, 4)


def test_trap_11_valid_padding_uses_the_dilated_kernel() -> None:
    assert out(op("conv", out=1, kernel=3, dilation=2), 1, 8, 8) == (1, 4, 4)
    assert out(op("conv", out=1, kernel=3, dilation=2, padding="valid"), 1, 8, 8) == (1, 4, 4)


def test_trap_12_a_kernel_beyond_the_padded_input_is_an_error_that_names_the_layer() -> None:
    with pytest.raises(cnncalc.SpecError, match=r"conv2.*the window spans 5 but the padded input has 3 \+ 0 \+ 0"):
        network({"conv": {"out": 1, "kernel": 3}}, {"conv": {"out": 1, "kernel": 5}}, shape=(1, 5, 5))


def test_trap_13_shared_weights_are_counted_once_and_their_work_every_time() -> None:
    conv = {"out": 4, "kernel": 3, "padding": 1, "bias": False}
    twice = network({"conv": conv, "as": "first"}, {"conv": {}, "share": "first"}, shape=(4, 8, 8))
    assert (twice.totals.macs, twice.totals.params) == (18_432, 144)
    assert twice.totals.memory_access == MemoryAccess(read=2 * 256, written=2 * 256, weights=2 * 144)
    tied = network({"linear": {"out": 10, "bias": False}, "as": "a"}, {"linear": {}, "share": "a"}, shape=(10,))
    assert (tied.totals.macs, tied.totals.params) == (200, 100)


def test_trap_14_a_spec_has_no_hidden_operations() -> None:
    report = network(
        {"conv": {"out": 3, "kernel": 3, "padding": 1}, "as": "body"},
        {"add": ["body", "input"], "as": "sum"},
        {"concat": ["sum", "input"], "as": "both"},
        {"upsample": {"scale": 2, "mode": "bilinear"}, "as": "up"},
    )
    assert (report["sum"].flops, report["both"].flops, report["up"].flops) == (3 * 1024, 0, 6 * 4096 * 7)
    assert report["both"].memory_access == MemoryAccess(read=6 * 1024, written=6 * 1024)


@pytest.mark.parametrize("rule", RULES)
def test_trap_15_the_layers_add_up_to_the_total(rule: str) -> None:
    report = cnncalc.analyze("mobilenet_v2", convention=rule)
    assert sum(row.flops or 0 for row in report) == report.totals.flops
    assert sum(row.macs or 0 for row in report) == report.totals.macs == 300_774_272
    assert sum(row.params or 0 for row in report) == report.totals.params == 3_504_872
    assert len({row.path for row in report}) == len(report)


def test_trap_16_batch_norm_costs_what_the_rule_says_and_keeps_its_buffers_apart() -> None:
    elements, channels = 64 * 112 * 112, 64
    expected = {
        "mac": 0,
        "2mac": 0,
        "flopcounter": 0,
        "exact": 2 * elements,
        "fvcore": 2 * elements,
        "thop": 4 * elements,
        "torchinfo": 2 * channels,
    }
    spec = {"cnncalc": 1, "input": [64, 112, 112], "layers": ["batch_norm"]}
    for rule, flops in expected.items():
        assert cnncalc.analyze(spec, convention=rule).totals.flops == flops
    totals = cnncalc.analyze(spec).totals
    assert (totals.params, totals.buffers, totals.macs) == (2 * channels, 2 * channels, 0)


def test_trap_17_a_bias_is_a_parameter_everywhere_and_work_by_rule() -> None:
    spec = {"cnncalc": 1, "input": [3, 6, 6], "layers": [{"conv": {"out": 5, "kernel": 3}}]}
    report = cnncalc.analyze(spec)
    assert (report.totals.macs, report.totals.params) == (2_160, 140)
    counted = {rule: cnncalc.analyze(spec, convention=rule).totals.flops for rule in RULES}
    assert counted["thop"] == counted["fvcore"] == counted["mac"] == 2_160
    assert counted["ptflops"] == 2_160 + 80
    assert counted["calflops"] == 2 * 2_160 + 80
    assert counted["exact"] == 2 * 2_160 - 80 + 80


def test_trap_18_grouped_and_depthwise_work_and_groups_that_do_not_divide() -> None:
    assert count(op("conv", out=16, kernel=3, padding=1, groups=4), 8, 8, 8).macs == 18_432
    assert count(op("depthwise", kernel=3, padding=1), 8, 8, 8).macs == 4_608
    for channels, filters in ((8, 6), (6, 8)):
        with pytest.raises(ArgumentError, match="groups=4, which does not divide"):
            out(op("conv", out=filters, kernel=3, groups=4), channels, 8, 8)


def test_trap_19_a_linear_layer_acts_at_every_leading_position() -> None:
    assert count(op("linear", out=20, axis="last"), 5, 10).macs == 1_000


def test_trap_20_pooling_work_follows_the_window_and_the_channels() -> None:
    pooled = 4 * 3 * 3
    assert operations(op("max_pool", kernel=3), 4, 9, 9) == pooled * (9 - 1)
    assert operations(op("avg_pool", kernel=3), 4, 9, 9) == pooled * 9
    assert operations(op("max_pool", kernel=3), 8, 9, 9) == 2 * pooled * (9 - 1)
    assert count(op("max_pool", kernel=3), 4, 9, 9).macs == 0


def test_trap_21_adaptive_pools_have_windows_of_their_own() -> None:
    assert operations(op("adaptive_avg_pool", size=[3, 1]), 1, 10, 1) == 12
    assert operations(op("adaptive_avg_pool", size=[13, 1]), 1, 224, 1) == 236
    (reach, _) = op("adaptive_avg_pool", size=[13, 1]).reach((Shape((1, 224, 1)),), (Shape((1, 13, 1)),))[0]
    lengths = {len(reach.taps(x)) for x in range(13)}  # type: ignore[union-attr]
    assert lengths == {18, 19}


def test_trap_22_nothing_is_square() -> None:
    layer = {"out": 6, "kernel": [3, 5], "stride": [1, 2], "padding": [1, 0], "dilation": [2, 1], "bias": False}
    row = network({"conv": layer}, shape=(2, 9, 12))["conv1"]
    assert row.out_shape == (6, 7, 4)
    assert (row.params, row.macs) == (6 * 2 * 15, 6 * 28 * 2 * 15)
    assert (row.receptive_field, row.jump, row.start) == ((5, 5), (1, 2), (-1, 0))


def test_trap_23_a_merge_sees_the_union_of_its_paths() -> None:
    """Three pixels to the left and three to the right: five together, and a finding, for two pixels of offset."""
    report = network(
        {
            "concat": {
                "left": [{"conv": {"out": 1, "kernel": 3, "padding": [1, 1, 2, 0]}}],
                "right": [{"conv": {"out": 1, "kernel": 3, "padding": [1, 1, 0, 2]}}],
            },
            "as": "both",
        }
    )
    assert report["both"].receptive_field == (3, 5)
    assert report["both"].start == (-1, -2)
    assert [(finding.path, finding.severity) for finding in report.warnings] == [("both", "warning")]


def test_trap_24_global_layers_see_everything_and_gates_do_not_hide_the_spatial_path() -> None:
    report = network(
        {"conv": {"out": 8, "kernel": 3, "padding": 1}, "as": "before"},
        {
            "mul": {
                "map": [],
                "gate": ["global_avg_pool", {"conv": {"out": 8, "kernel": 1}}, "sigmoid"],
            },
            "as": "excited",
        },
        {"conv": {"out": 8, "kernel": 3, "padding": 1}, "as": "after"},
        {"global_avg_pool": {}, "as": "pooled"},
        "flatten",
        {"linear": 10, "as": "classes"},
        shape=(3, 32, 40),
    )
    assert (report["after"].receptive_field, report["after"].receptive_field_true) == ((5, 5), (32, 40))
    assert not report["after"].is_global
    for name in ("pooled", "classes"):
        assert report[name].is_global
        assert report[name].receptive_field == (32, 40)


def test_trap_25_fields_behind_enlargements() -> None:
    """After a pool by two a pixel stands for two; a unit of the enlarged map needs one or two of them."""

    def field(layer: dict[str, Any]) -> tuple[tuple[int | None, ...], tuple[int | None, ...], object]:
        row = network({"max_pool": 2}, {**layer, "as": "up"})["up"]
        return row.receptive_field, row.receptive_field_min, row.jump[0]

    assert field({"conv_transpose": {"out": 1, "kernel": 4, "stride": 2, "padding": 1}}) == ((4, 4), (4, 4), 1)
    assert field({"conv_transpose": {"out": 1, "kernel": 3, "stride": 2, "padding": 1}}) == ((4, 4), (2, 2), 1)
    assert field({"upsample": 2}) == ((2, 2), (2, 2), 1)
    assert field({"upsample": {"scale": 2, "mode": "bilinear"}}) == ((4, 4), (4, 4), 1)
    assert network({"upsample": 2})["upsample1"].to_dict()["jump"] == [0.5, 0.5]


def test_trap_26_another_size_is_computed_not_extrapolated() -> None:
    """Recorded at 192 pixels; scaling the number at 224 by the area gives another."""
    at_192 = cnncalc.analyze("mobilenet_v2", input=[3, 192, 192]).totals.macs
    assert at_192 == 221_316_608
    assert at_192 * 224**2 != 300_774_272 * 192**2


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)


def test_trap_27_no_key_is_a_bare_mac() -> None:
    keys = set(_keys(network({"conv": {"out": 1, "kernel": 3}}).to_dict()))
    assert {"macs", "memory_access"} <= keys
    assert not {"mac", "MAC", "Mac"} & keys


def test_trap_28_networks_have_no_training_only_heads() -> None:
    """With auxiliary heads GoogLeNet has 13,004,888 parameters and Inception-v3 27,161,264."""
    assert cnncalc.analyze("googlenet").totals.params == 13_004_888 - 6_379_984 == 6_624_904
    assert cnncalc.analyze("inception_v3").totals.params == 27_161_264 - 3_326_696 == 23_834_568


def test_trap_29_googlenet_has_five_by_five_convolutions_in_the_paper() -> None:
    paper, torchvision = cnncalc.analyze("googlenet_2014").totals, cnncalc.analyze("googlenet").totals
    assert (paper.params, paper.macs) == (6_998_552, 1_582_671_872)
    assert torchvision.macs == 1_498_376_192


def test_trap_30_the_stride_of_a_bottleneck_has_two_places() -> None:
    first, second = cnncalc.analyze("resnet50_v1"), cnncalc.analyze("resnet50")
    assert (first.totals.macs, second.totals.macs) == (3_857_973_248, 4_089_184_256)
    assert (first.summary.receptive_field, second.summary.receptive_field) == ((483, 483), (427, 427))


@pytest.mark.parametrize(
    ("width", "size", "macs"),
    [
        ("1", 224, 568_740_352),
        ("1", 192, 418_121_728),
        ("1", 160, 290_675_200),
        ("1", 128, 186_400_768),
        ("0.75", 224, 325_400_448),
        ("0.75", 192, 239_273_472),
        ("0.75", 160, 166_396_800),
        ("0.75", 128, 106_770_432),
        ("0.25", 192, 30_212_608),
    ],
)
def test_trap_31_published_tables_can_be_wrong(width: str, size: int, macs: int) -> None:
    """Keras prints 529 M for MobileNet at every resolution, TF-Slim 317/233/162/104 M for 0.75, 34 M for 0.25@192."""
    report = cnncalc.analyze("mobilenet_v1", input=[3, size, size], variables={"width": float(width)})
    assert report.totals.macs == macs


def test_trap_32_the_batch_multiplies_work_never_weights() -> None:
    one, eight = (cnncalc.analyze("alexnet", batch=n) for n in (1, 8))
    assert eight.totals.macs == 8 * one.totals.macs == 8 * 714_188_480
    assert eight.totals.params == one.totals.params == 61_100_840
    assert [row.out_shape for row in eight] == [row.out_shape for row in one]


def test_trap_33_the_first_extent_is_the_channels() -> None:
    row = network({"conv": {"out": 2, "kernel": 3}}, shape=(4, 8, 8))["conv1"]
    assert (row.params, row.macs) == (2 * 4 * 9 + 2, 2 * 36 * 4 * 9)


def test_trap_34_nothing_is_left_behind_by_a_call() -> None:
    first = cnncalc.analyze("squeezenet1_0")
    with pytest.raises(cnncalc.SpecError):
        network({"conv": {"out": 1, "kernel": 99}})
    assert cnncalc.analyze("squeezenet1_0") == first


def test_trap_35_units_are_powers_of_a_thousand_and_the_integer_is_always_there() -> None:
    assert [human(n) for n in (1_024, 1_000_000, 4_089_184_256)] == ["1.02 k", "1.00 M", "4.09 G"]
    assert (parse_quantity("1M", Unit.COUNT), parse_quantity("4.1G", Unit.COUNT)) == (10**6, 4_100_000_000)
    assert cnncalc.analyze("resnet50").to_dict()["totals"]["macs"] == 4_089_184_256


def test_trap_36_counts_are_integers_of_any_size() -> None:
    report = network({"linear": {"out": 2**62, "bias": False}}, {"linear": 2**61}, shape=(2**62,))
    assert report.totals.macs == 2**124 + 2**123
    assert report.totals.params == 2**124 + 2**123 + 2**61
    assert {type(row.flops) for row in report} == {int}


def test_trap_37_taps_on_padding_are_counted() -> None:
    assert count(op("conv", out=1, kernel=3, padding=1), 1, 1, 1).macs == 9


def test_trap_38_an_activation_reads_and_writes_everything() -> None:
    assert count(op("relu"), 8, 5, 3).memory == MemoryAccess(read=120, written=120)


def test_trap_39_views_move_nothing_shuffles_and_concat_do() -> None:
    for view in (op("dropout"), op("flatten"), op("reshape", shape=[-1]), op("identity")):
        assert count(view, 8, 5, 3).memory == MemoryAccess()
        assert (count(view, 8, 5, 3).macs, operations(view, 8, 5, 3)) == (0, 0)
    assert count(op("channel_shuffle", groups=2), 8, 5, 3).memory == MemoryAccess(read=120, written=120)
    pair = (Shape((8, 5, 3)), Shape((2, 5, 3)))
    assert op("concat").count(pair, op("concat").infer(pair)).memory == MemoryAccess(read=150, written=150)


def test_trap_40_widths_are_rounded_as_the_spec_says() -> None:
    """6.9 M in the paper and 6.06 M in TF-Slim; torchvision's rounding gives this, and channels can be written out."""
    wide = cnncalc.analyze("mobilenet_v2", variables={"width": 1.4})
    assert (wide.totals.params, wide.totals.macs) == (6_108_776, 582_195_824)
    rounded = network({"conv": {"out": "round8(24*width)", "kernel": 1}}, vars={"width": 1.4})
    assert rounded["conv1"].out_shape[0] == 32
    with pytest.raises(cnncalc.SpecError, match="round8"):
        network({"conv": {"out": "24*width", "kernel": 1}}, vars={"width": 1.4})
    assert out(op("depthwise", kernel=3, multiplier=2), 8, 9, 9) == (16, 7, 7)


def test_two_layers_by_opposite_conditions_lose_a_branch() -> None:
    """The second, left out with from:, passes on what it reads: a warning; as paths of a merge one of them is left."""
    text = "cnncalc: 1\ninput: [4, 8, 8]\nlayers:\n  - {conv: {out: 4, kernel: 1}, as: x}\n"
    chained = "  - {conv: {out: 4, kernel: 5, padding: half}, from: x, when: x.h <= 32}\n"
    chained += "  - {tanh: , from: x, when: x.h > 32}\n"
    report = cnncalc.analyze(cnncalc.parse(text + chained))
    assert [(warning.code, warning.path) for warning in report.warnings] == [("lost-branch", "conv2")]
    paths = "  - add:\n      a: {layers: [{conv: {out: 4, kernel: 5, padding: half}}], when: x.h <= 32}\n"
    paths += "      b: {layers: [tanh], when: x.h > 32}\n"
    report = cnncalc.analyze(cnncalc.parse(text + paths))
    assert [row.path for row in report.layers] == ["x", "add1.a.conv1"]
    assert not report.warnings
