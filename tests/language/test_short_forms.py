"""Sharing, several outputs, lists, paths with modifiers, words as items: numbers worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

import cnncalc

HEADER = "cnncalc: 1\ninput: [3, 16, 16]\n"


def analyze(body: str, **settings: Any) -> cnncalc.Report:
    return cnncalc.analyze(cnncalc.parse(body if body.startswith("cnncalc:") else HEADER + body), **settings)


def same(one: str, other: str) -> None:
    """Hold that two specs are the same network, row by row, but for the names of the rows."""
    first, second = analyze(one), analyze(other)
    assert [(r.op, r.out_shape, r.params, r.macs) for r in first.layers] == [
        (r.op, r.out_shape, r.params, r.macs) for r in second.layers
    ]


def paths(report: cnncalc.Report) -> list[str]:
    return [row.path for row in report.layers]


TRUNK = """
      - conv: {out: 96, kernel: 11, stride: 2, norm: batch_norm, act: relu}
      - max_pool: {kernel: 3, stride: 2}
      - conv: {out: 256, kernel: 5, groups: 2, norm: batch_norm, act: relu}
      - max_pool: {kernel: 3, stride: 2}
      - conv: {out: 384, kernel: 3, norm: batch_norm, act: relu}
      - conv: {out: 384, kernel: 3, groups: 2, norm: batch_norm, act: relu}
      - conv: {out: 256, kernel: 3, groups: 2}
"""


def test_a_shared_block_call_counts_its_weights_once() -> None:
    """The trunk of SiamFC (arXiv:1606.09549): 460,172,064 MACs at 127 pixels and 2,719,701,792 at 255."""
    report = analyze(
        f"cnncalc: 1\ninputs: {{z: [3, 127, 127], x: [3, 255, 255]}}\nblocks:\n  trunk:\n    layers:{TRUNK}"
        "layers:\n  - {trunk: , from: z, as: fz}\n  - {trunk: , from: x, share: fz, as: fx}\noutputs: [fz, fx]\n"
    )
    assert report.totals.params == 2_335_200
    assert report.totals.macs == 460_172_064 + 2_719_701_792
    assert [tuple(row.out_shape) for row in report.layers if row.path in ("fz.conv5", "fx.conv5")] == [
        (256, 6, 6), (256, 22, 22),
    ]  # fmt: skip
    assert report.totals.buffers == 2 * (96 + 256 + 384 + 384)


def test_a_recurrent_cell_with_two_outputs() -> None:
    """Two steps of a ConvLSTM: 65 channels in, 256 gates, 5x5: 416,256 parameters, 1,703,936,000 MACs a step."""
    report = analyze("""cnncalc: 1
inputs: {x1: [1, 64, 64], x2: [1, 64, 64], h0: [64, 64, 64], c0: [64, 64, 64]}
blocks:
  cell:
    inputs: [x, h, c]
    outputs: [hidden, cell]
    layers:
      - concat: [x, h]
      - conv: {out: 256, kernel: 5, padding: half}
      - {split: 4, as: [gi, gf, go, gg]}
      - {sigmoid: , from: gi, as: si}
      - {sigmoid: , from: gf, as: sf}
      - {sigmoid: , from: go, as: so}
      - {tanh: , from: gg, as: tg}
      - {mul: [sf, c], as: keep}
      - {mul: [si, tg], as: new}
      - {add: [keep, new], as: cell}
      - tanh
      - {mul: [prev, so], as: hidden}
layers:
  - {cell: , from: [x1, h0, c0], as: [h1, c1]}
  - {cell: , from: [x2, h1, c1], share: h1, as: [h2, c2]}
outputs: [h2, c2]
""")
    assert report.totals.params == 416_256
    assert report.totals.macs == 3_407_872_000


BLOCKS = """blocks:
  head:
    params: {out: 8, d: 1}
    layers:
      - {conv: {out: out, kernel: 3, padding: d, dilation: d, bias: false}}
      - {batch_norm: , share: none}
"""


def test_share_none_keeps_a_norm_apart_and_what_shapes_no_weight_may_differ() -> None:
    """8*3*9 weights once, a scale and a shift of 8 twice; the dilation of the second call is its own (TridentNet)."""
    report = analyze(
        BLOCKS + "layers:\n  - {head: , as: a, from: input}\n  - {head: {d: 2}, share: a, from: input, as: b}\n"
        "outputs: [a, b]\n"
    )
    assert report.totals.params == 8 * 3 * 9 + 2 * 16
    assert [row.params for row in report.layers] == [216, 16, 0, 16]


def test_a_shared_call_inherits_its_parameters() -> None:
    report = analyze(
        BLOCKS + "layers:\n  - {head: 4, as: a, from: input}\n  - {head: , share: a, from: input, as: b}\n"
        "outputs: [a, b]\n"
    )
    assert [tuple(row.out_shape) for row in report.layers] == [(4, 16, 16)] * 4


def test_tied_repetitions_use_the_weights_of_the_first() -> None:
    report = analyze("layers:\n  - {conv: {out: 3, kernel: 3, padding: 1}, repeat: 3, tied: true}\n")
    assert [row.params for row in report.layers] == [84, 0, 0]
    tied = analyze(
        "blocks: {b: {layers: [{conv: {out: 3, kernel: 1}}, relu]}}\nlayers:\n  - {b: , repeat: 2, tied: true}\n"
    )
    assert [row.params for row in tied.layers] == [12, 0, 0, 0]


def test_share_beside_repeat_pairs_repetition_with_repetition() -> None:
    """Growing channels, so that only the same repetition has the same weights."""
    report = analyze(
        "blocks: {b: {params: {c: }, layers: [{conv: {out: c, kernel: 1}}]}}\nlayers:\n"
        "  - {b: 4*(i + 1), repeat: 3, as: a}\n  - {b: 4*(i + 1), repeat: 3, from: input, share: a, as: c}\n"
        "outputs: [a, c]\n"
    )
    assert [row.params for row in report.layers] == [16, 40, 108, 0, 0, 0]


def test_blocks_with_several_outputs_are_chained() -> None:
    report = analyze("""cnncalc: 1
inputs: {a: [4, 8, 8], b: [6, 8, 8]}
blocks:
  swap:
    inputs: [x, y]
    outputs: [q, p]
    layers:
      - {conv: {out: x.c, kernel: 1}, from: y, as: p}
      - {conv: {out: y.c, kernel: 1}, from: x, as: q}
layers:
  - {swap: , from: [a, b], repeat: 2, as: [u, v]}
outputs: [u, v]
""")
    # The first call gives q from a (6 channels) and p from b (4); the second reads q as x and p as y.
    assert [(row.path, row.inputs) for row in report.layers] == [
        ("swap1.0.p", ("b",)), ("swap1.0.q", ("a",)), ("swap1.1.p", ("swap1.0.p",)), ("swap1.1.q", ("swap1.0.q",)),
    ]  # fmt: skip
    assert [row.out_shape[0] for row in report.layers] == [4, 6, 6, 4]


def test_lists_are_walked() -> None:
    same(
        "vars: {w: [4, 8], k: [1, 3]}\nlayers:\n  - {conv: {out: c, kernel: n}, each: {c: w, n: k}}\n",
        "layers:\n  - conv: {out: 4, kernel: 1}\n  - conv: {out: 8, kernel: 3}\n",
    )
    same(
        "layers:\n  - {conv: {out: c, kernel: k, stride: i + 1, padding: 2}, each: {c k n: [[4, 1, 1], [8, [3, 5], 2]]}"
        ", repeat: n}\n",
        "layers:\n  - conv: {out: 4, kernel: 1, padding: 2}\n  - conv: {out: 8, kernel: [3, 5], padding: 2}\n"
        "  - conv: {out: 8, kernel: [3, 5], stride: 2, padding: 2}\n",
    )


def test_paths_of_rows_and_repetitions() -> None:
    body = "layers:\n  - {{conv: {{out: c, kernel: 1}}, each: {{c n: [[4, 1], [5, 0], [6, 2]]}}{more}, as: a}}\n"
    assert paths(analyze(body.format(more=""))) == ["a.0", "a.1", "a.2"]
    assert paths(analyze(body.format(more=", repeat: n"))) == ["a.0.0", "a.2.0", "a.2.1"]
    assert paths(analyze(body.format(more=", when: row != 1"))) == ["a.0", "a.2"]
    assert paths(analyze(body.format(more=", when: false") + "  - relu\n")) == ["relu1"]


def test_first_holds_for_each_rows_first_repetition() -> None:
    report = analyze(
        "layers:\n  - {conv: {out: c, kernel: 1}, each: {c: [4, 8]}, repeat: 2, first: {stride: 2}}\n"
    )
    assert [row.out_shape[1] for row in report.layers] == [8, 8, 4, 4]


def test_a_variant_replaces_a_list_and_words_may_stand_in_one() -> None:
    body = (
        "vars: {acts: [relu, silu]}\nvariants: {one: {acts: [{leaky_relu: 0.2}]}}\n"
        "layers:\n  - {conv: {out: 4, kernel: 1, act: $a}, each: {a: acts}}\n"
    )
    assert [row.op for row in analyze(body).layers] == ["conv", "relu", "conv", "silu"]
    assert [row.op for row in analyze(body, variant="one").layers] == ["conv", "leaky_relu"]


def test_a_list_is_handed_to_a_block_and_walked_there() -> None:
    same(
        "blocks: {s: {params: {w: }, layers: [{conv: {out: c, kernel: len(w)}, each: {c: w}}]}}\n"
        "layers:\n  - {s: {w: [4, 2**3, sum(v)]}}\nvars: {v: [1, 2]}\n",
        "layers:\n  - conv: {out: 4, kernel: 3}\n  - conv: {out: 8, kernel: 3}\n  - conv: {out: 3, kernel: 3}\n",
    )


def test_branches_are_sources_side_by_side() -> None:
    report = analyze(
        "layers:\n  - concat:\n"
        "      p: {layers: [{conv: {out: 2, kernel: k, padding: half}}], branches: {k: [1, 3, 5]}}\n"
        "      q: {layers: [relu], when: false}\n"
    )
    assert paths(report) == ["concat1.p.0.conv1", "concat1.p.1.conv1", "concat1.p.2.conv1", "concat1"]
    assert report.layers[-1].out_shape[0] == 6
    assert [row.params for row in report.layers[:3]] == [2 * 3 * k * k + 2 for k in (1, 3, 5)]


def test_keep_all_joins_the_input_and_every_repetition() -> None:
    report = analyze("layers:\n  - concat:\n      p: {layers: [{conv: {out: 2, kernel: 1}}], repeat: 3, keep: all}\n")
    assert report.layers[-1].inputs == ("input", "concat1.p.0.conv1", "concat1.p.1.conv1", "concat1.p.2.conv1")
    assert report.layers[-1].out_shape[0] == 3 + 2 + 2 + 2
    alone = analyze("layers:\n  - concat:\n      p: {layers: [relu], repeat: 0, keep: all}\n  - tanh\n")
    assert paths(alone) == ["tanh1"]


def test_a_merge_with_one_path_left_is_that_path() -> None:
    body = (
        "layers:\n  - add:\n      wide: [{conv: {out: 3, kernel: 3, padding: 1}}]\n"
        "      point: {layers: [{conv: {out: 3, kernel: 1}}], when: train}\n      skip: {layers: [], when: train}\n"
        "  - relu\nvars: {train: true}\n"
    )
    assert len(analyze(body).layers) == 4
    deployed = analyze(body, variables={"train": False})
    assert paths(deployed) == ["add1.wide.conv1", "relu1"]
    assert deployed.layers[1].inputs == ("add1.wide.conv1",)


def test_tied_paths_use_the_weights_of_the_first_repetition() -> None:
    report = analyze(
        "layers:\n  - concat:\n"
        "      p: {layers: [{conv: {out: 3, kernel: 1}}, relu], repeat: 2, keep: all, tied: true}\n"
    )
    assert [row.params for row in report.layers] == [12, 0, 0, 0, 0]


def test_a_merge_whose_paths_start_by_themselves_follows_a_split() -> None:
    report = analyze(
        "layers:\n  - conv: {out: 4, kernel: 1}\n  - {split: 2, as: [a, b]}\n"
        "  - concat: {p: [{relu: , from: a}], q: [{tanh: , from: b}], r: {layers: [], from: a}}\n"
    )
    assert report.layers[-1].inputs == ("concat1.p.relu1", "concat1.q.tanh1", "split1:0")


def test_words_name_operators_and_blocks() -> None:
    body = (
        "vars: {act: relu, block: b}\nvariants: {bare: {act: none}, slope: {act: {leaky_relu: 0.2}}}\n"
        "blocks: {b: {params: {c: }, layers: [{conv: {out: c, kernel: 1}}]}}\n"
        "layers:\n  - {$block: 4, repeat: 2, first: {c: 8}, as: s}\n  - $act\n"
    )
    report = analyze(body)
    assert paths(report) == ["s.0.conv1", "s.1.conv1", "act1"]
    assert [row.out_shape[0] for row in report.layers] == [8, 4, 4]
    assert paths(analyze(body, variant="bare")) == ["s.0.conv1", "s.1.conv1"]
    assert analyze(body, variant="slope").layers[-1].op == "leaky_relu"


def test_sizes_of_inputs_in_the_defaults_of_parameters() -> None:
    report = analyze(
        "blocks: {b: {params: {g: x.c//3, h: x.h, k: c_in}, layers: [{conv: {out: g*h, kernel: k}}]}}\nlayers: [b]\n"
    )
    assert (tuple(report.layers[0].out_shape), report.layers[0].params) == ((16, 14, 14), 16 * (27 + 1))


@pytest.mark.parametrize(("text", "value"), [("2**3**2", 512), ("-2**2 + 8", 4), ("(2**2)**3", 64), ("10**0", 1)])
def test_powers(text: str, value: int) -> None:
    assert analyze(f"layers:\n  - conv: {{out: {text}, kernel: 1}}\n").layers[0].out_shape[0] == value


def test_len_and_sum_may_name_variables_still() -> None:
    same("vars: {sum: 4, len: 1}\nlayers:\n  - conv: {out: sum, kernel: len}\n",
         "layers:\n  - conv: {out: 4, kernel: 1}\n")  # fmt: skip


def test_a_residual_that_is_thrown_away_is_told() -> None:
    """A left-out item with from: passes on what it reads, so the sum before it is lost."""
    report = analyze(
        "blocks:\n  res:\n    layers:\n      - conv: {out: 3, kernel: 1}\n      - add: [prev, x]\n"
        "      - {conv: {out: 3, kernel: 1}, from: x, when: false}\n      - relu\nlayers: [res, res]\n"
    )
    assert [warning.code for warning in report.warnings] == ["lost-branch"]


def test_to_yaml_keeps_every_form() -> None:
    text = (
        "cnncalc: 1\ninput: [3, 16, 16]\nvars: {w: [4, 8], act: relu}\n"
        "blocks:\n  b:\n    outputs: [y]\n    layers:\n      - {conv: {out: 3, kernel: 1}, as: y}\n"
        "layers:\n  - {b: , as: one}\n  - {b: , share: one, as: two}\n"
        "  - {conv: {out: c, kernel: 1}, each: {c: w}, accept: [unused-result]}\n"
        "  - concat:\n      p:\n        layers: [{conv: {out: 2, kernel: k, padding: half}}]\n"
        "        branches: {k: [1, 3]}\n"
        "      q: {layers: [relu], repeat: 2, keep: all}\n  - $act\n"
    )
    again = cnncalc.parse(text).to_yaml()
    assert cnncalc.parse(again).to_yaml() == again
    same(text, again)


def codes(report: cnncalc.Report) -> list[str]:
    return [warning.code for warning in report.warnings]


def test_a_causal_network_is_aligned() -> None:
    """Two causal convolutions of kernel 2: field 1 + 2*(1 + 2 + 4 + 8) = 31, and `causal` is [k_eff - 1, 0]."""
    body = (
        "cnncalc: 1\ninput: [16, 200]\nblocks:\n  res:\n    params: {d: }\n    layers:\n      - add:\n"
        "          body: [{conv: {out: 16, kernel: 2, dilation: d, padding: PAD}, repeat: 2}]\n          skip: []\n"
        "layers:\n  - {res: d, each: {d: [1, 2, 4, 8]}}\n"
    )
    for padding in ("causal", "[d, 0]"):
        report = analyze(body.replace("PAD", padding))
        assert codes(report) == []
        assert report.summary.receptive_field == (31,)
        assert tuple(report.layers[-1].out_shape) == (16, 200)


def test_a_line_of_the_spec_has_one_warning_with_the_largest_offset() -> None:
    """Half of the even kernel's surplus is on one side: half a pixel, times the stride before it."""
    report = analyze(
        "cnncalc: 1\ninput: [3, 64, 64]\n"
        "blocks:\n  b:\n    layers:\n      - conv: {out: 3, kernel: 3, stride: 2, padding: 1}"
        "\n      - add: {p: [{conv: {out: 3, kernel: 2, padding: [0, 1, 0, 1]}}], q: []}\n"
        "layers:\n  - {b: , repeat: 3}\n"
    )
    assert codes(report) == ["misaligned-merge"]
    assert "-4 pixels" in report.warnings[0].message
    assert "and 2 more at this line" in report.warnings[0].message


def test_nearest_upsampling_is_no_misalignment_and_a_shift_beside_it_is() -> None:
    decoder = (
        "cnncalc: 1\ninput: [3, 64, 64]\nlayers:\n  - {conv: {out: 8, kernel: 3, padding: 1}, as: e}\n"
        "  - conv: {out: 8, kernel: 3, stride: 2, padding: PAD}\n  - upsample: 2\n  - add: [prev, e]\n"
    )
    assert codes(analyze(decoder.replace("PAD", "1"))) == []
    assert codes(analyze(decoder.replace("PAD", "[2, 0, 2, 0]"))) == ["misaligned-merge"]


def test_a_warning_that_is_meant_is_accepted() -> None:
    body = "layers:\n  - {conv: {out: 3, kernel: 1, padding: 1}MORE}\n  - {conv: {out: 3, kernel: 1, padding: 1}}\n"
    assert codes(analyze(body.replace("MORE", ""))) == ["wide-padding"] * 2
    report = analyze(body.replace("MORE", ", accept: [wide-padding]"))
    assert codes(report) == ["wide-padding"]
    assert [(finding.code, finding.path) for finding in report.accepted] == [("wide-padding", "conv1")]
    assert report.to_dict()["accepted"][0]["severity"] == "accepted"
    assert codes(analyze("accept: [wide-padding]\n" + body.replace("MORE", ""))) == []


def test_extents_of_one_are_spread_on_demand() -> None:
    report = analyze(
        "layers:\n  - {conv: {out: 4, kernel: 1}, as: a}\n  - {global_avg_pool: , as: g}\n"
        "  - {add: [a, g], broadcast: true}\n"
    )
    assert tuple(report.layers[-1].out_shape) == (4, 16, 16)


def test_a_norm_by_its_own_statistics_sees_the_whole_map() -> None:
    """Oracle: PyTorch's gradient of one output pixel behind instance_norm is nowhere zero on the 4,096 input pixels."""
    body = "cnncalc: 1\ninput: [4, 64, 64]\nlayers:\n  - conv: {out: 8, kernel: 3, padding: 1}\n  - NORM\n  - relu\n"
    for norm, true in (
        ("instance_norm", (64, 64)), ("group_norm: 2", (64, 64)), ("layer_norm: all", (64, 64)), ("layer_norm", (3, 3)),
        ("layer_norm: last", (3, 64)), ("batch_norm", (3, 3)), ("instance_norm: {running_stats: true}", (3, 3)),
    ):  # fmt: skip
        row = analyze(body.replace("NORM", norm)).layers[-1]
        assert (tuple(row.receptive_field), tuple(row.receptive_field_true)) == ((3, 3), true), norm


def test_rows_labelled_by_words() -> None:
    """`as: $tag`: each row has its label, which is its path too; with repeat its repetitions follow."""
    report = analyze(
        "blocks: {u: {params: {o: }, layers: [{conv: {out: o, kernel: 1}}]}}\n"
        "layers:\n"
        "  - {conv: {out: c, kernel: 1}, each: {tag c: [[p3, 8], [p4, 16]]}, as: $tag}\n"
        "  - {u: c, each: {tag c n: [[p5, 4, 2], [p6, 2, 1]]}, repeat: n, as: $tag}\n"
        "  - {conv: , share: p3, from: input}\n"
        "  - {conv: {out: p4.c + p5.c, kernel: 1}, from: p5}\n"
        "  - concat: [prev, p3, p4, p6]\n"
    )
    assert paths(report) == ["p3", "p4", "p5.0.conv1", "p5.1.conv1", "p6.0.conv1", "conv2", "conv3", "concat1"]
    by_path = {row.path: row for row in report.layers}
    assert by_path["conv2"].params == 0
    assert by_path["conv3"].out_shape == (20, 16, 16)
    assert by_path["concat1"].out_shape == (20 + 8 + 16 + 2, 16, 16)


def test_a_row_with_a_label_that_is_left_out() -> None:
    """Its label stands for what passes it."""
    report = analyze(
        "layers:\n  - {conv: {out: 8, kernel: 1}, each: {tag n: [[a, 0], [b, 1]]}, when: n > 0, as: $tag}\n"
        "  - concat: [a, b]\n"
    )
    assert [(row.path, row.out_shape and row.out_shape[0]) for row in report.layers] == [("b", 8), ("concat1", 11)]


def test_outputs_of_a_block_may_be_labelled_rows() -> None:
    """The labels are known when the block is called."""
    block = "blocks:\n  b: {outputs: [m, n], layers: [{relu: , each: {tag: [m, n]}, as: $tag}]}\n"
    report = analyze(block + "layers:\n  - {b: , as: [y, z]}\n  - add: [y, z]\n")
    assert paths(report) == ["b1.m", "b1.n", "add1"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("[a, a]", r"6:\d+: error: .*label 'a' is used twice \[duplicate-label\]"),
        ("[a, taken]", r"label 'taken' is used twice \[duplicate-label\]"),
        ("[a, relu2]", r"label 'relu2' is used twice \[duplicate-label\]"),
        ("[a, 3]", r"'3' is not a label \[bad-name\]"),
        ("[a, prev]", r"'prev' is not a label \[bad-name\]"),
        ("[a, [b]]", r"'\[b\]' is not a label \[bad-name\]"),
    ],
)
def test_labels_of_rows_are_labels(words: str, message: str) -> None:
    """Each is unique and no reserved word; the mistake is located at the word."""
    text = f"layers:\n  - {{tanh: , as: taken}}\n  - relu\n  - {{relu: , each: {{tag: {words}}}, as: $tag}}\n"
    with pytest.raises(cnncalc.SpecError, match=message):
        analyze(text)


def test_a_tag_without_rows() -> None:
    """`$name` labels rows."""
    with pytest.raises(cnncalc.SpecError, match=r"as: \$name labels each row of each: by a word"):
        analyze("layers:\n  - {relu: , as: $tag}\n")


def test_a_path_that_vanishes_does_not_read_the_layer_before() -> None:
    """Sources of a merge are counted after `when`: behind a split, only what is left says where it starts."""
    text = "layers:\n  - {{conv: {{out: 4, kernel: 1}}}}\n  - {{split: 2, as: [a, b]}}\n  - concat:\n"
    text += "      one: {{layers: [relu], from: a}}\n      two: {{layers: [relu], from: b}}\n"
    text += "      three: {{layers: [tanh], when: {}}}\n"
    assert analyze(text.format("false")).layers[-1].out_shape == (4, 16, 16)
    with pytest.raises(cnncalc.SpecError, match=r"the layer before has 2 outputs, choose one \[several-outputs\]"):
        analyze(text.format("true"))
