"""The spec language, rule by rule. Expected paths, shapes and parameters are worked out by hand beside each test."""

from __future__ import annotations

from typing import Any

import pytest

import cnncalc

HEADER = "cnncalc: 1\ninput: [3, 32, 32]\n"


def analyze(body: str, **settings: Any) -> cnncalc.Report:
    return cnncalc.analyze(cnncalc.parse(body if body.startswith("cnncalc:") else HEADER + body), **settings)


def layers(items: str, before: str = "", **settings: Any) -> cnncalc.Report:
    return analyze(f"{before}layers:\n{items}", **settings)


def chain(report: cnncalc.Report) -> list[tuple[str, str, tuple[str, ...], tuple[int, ...]]]:
    return [(row.path, row.op, row.inputs, tuple(row.out_shape)) for row in report.layers]


def shapes(report: cnncalc.Report) -> list[tuple[int, ...]]:
    return [tuple(row.out_shape) for row in report.layers]


def paths(report: cnncalc.Report) -> list[str]:
    return [row.path for row in report.layers]


def refusal(body: str, **settings: Any) -> cnncalc.Diagnostic:
    """Return the only finding of a spec that must be refused."""
    with pytest.raises(cnncalc.SpecError) as caught:
        analyze(body, **settings)
    assert len(caught.value.diagnostics) == 1, str(caught.value)
    return caught.value.diagnostics[0]


# The file.


def test_the_format_number_may_be_left_out() -> None:
    assert len(cnncalc.analyze(cnncalc.parse("input: [3, 8, 8]\nlayers: [relu]\n")).layers) == 1


def test_a_newer_format_is_refused_whatever_else_it_says() -> None:
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.parse("cnncalc: 2\ninput: [3, 8, 8]\nlayers: [warp_drive]\nnew_key: 1\n")
    assert "newer-format" in {finding.code for finding in caught.value.diagnostics}


def test_name_and_source_are_text() -> None:
    report = analyze(
        "cnncalc: 1\nname: tiny\nsource: A. Body 2020,\n  arXiv:2001.00001\ninput: [1, 4, 4]\nlayers: [relu]\n"
    )
    assert (report.name, report.source) == ("tiny", "A. Body 2020, arXiv:2001.00001")


def test_items_are_chained() -> None:
    report = layers("  - conv: {out: 8, kernel: 3}\n  - relu\n  - max_pool: 2\n")
    assert chain(report) == [
        ("conv1", "conv", ("input",), (8, 30, 30)),
        ("relu1", "relu", ("conv1",), (8, 30, 30)),
        ("max_pool1", "max_pool", ("relu1",), (8, 15, 15)),
    ]


@pytest.mark.parametrize(
    ("item", "same"),
    [
        ("relu", "{relu: }"),
        ("relu", "{relu: {}}"),
        ("{linear: 10, from: v}", "{linear: {out: 10}, from: v}"),
        ("{max_pool: 2}", "{max_pool: {kernel: 2}}"),
        ("{max_pool: 2}", "{max_pool: {kernel: 2, stride: 2}}"),
        ("{max_pool: [2, 4]}", "{max_pool: {kernel: [2, 4], stride: [2, 4]}}"),
        ("{upsample: 2}", "{upsample: {scale: 2, mode: nearest}}"),
        ("{conv: {out: 4, kernel: 3}}", "{conv: {out_channels: 4, kernel_size: 3, stride: 1, padding: valid}}"),
        ("{conv: {out: 4, kernel: 3}}", "{conv: {out: 4, kernel: [3, 3], padding: [0, 0], dilation: [1, 1]}}"),
        ("{conv: {out: 4, kernel: 3, padding: 1}}", "{conv: {out: 4, kernel: 3, padding: [1, 1, 1, 1]}}"),
        ("{mydouble: 6}", "{mydouble: {c: 6}}"),
    ],
)
def test_equal_ways_to_write_an_item(item: str, same: str) -> None:
    before = "blocks: {mydouble: {params: {c: }, layers: [{conv: {out: c, kernel: 1}, repeat: 2}]}}\n"
    one, other = (
        layers(f"  - {{flatten: , as: v}}\n  - {{identity: , from: input}}\n  - {text}\n", before)
        for text in (item, same)
    )
    assert [row.to_dict() | {"column": 0} for row in one.layers[2:]] == [
        {**row.to_dict(), "column": 0, "attributes": mine.to_dict()["attributes"]}
        for row, mine in zip(other.layers[2:], one.layers[2:], strict=True)
    ]


def test_a_list_twice_the_rank_is_before_and_after_each_axis() -> None:
    report = layers("  - conv: {out: 4, kernel: 1, padding: [1, 2, 3, 4]}\n")
    assert shapes(report) == [(4, 35, 39)]  # 32 + 1 + 2 rows, 32 + 3 + 4 columns


@pytest.mark.parametrize(
    ("word", "kernel", "stride", "size"),
    [
        ("valid", 3, 2, 15),
        ("half", 3, 2, 16),
        ("same", 3, 2, 16),
        ("same_lower", 2, 3, 11),
        ("half", 4, 1, 33),
        ("same", 4, 1, 32),
    ],
)
def test_padding_words(word: str, kernel: int, stride: int, size: int) -> None:
    """valid: (32 - k)//s + 1; half: k//2 on both sides; same: ceil(32 / s)."""
    report = layers(f"  - conv: {{out: 1, kernel: {kernel}, stride: {stride}, padding: {word}}}\n")
    assert shapes(report) == [(1, size, size)]


def test_same_puts_the_surplus_after_and_same_lower_before() -> None:
    """A total of one pixel of padding: the left edge of unit 0 is pixel 0, or one pixel before the map."""
    after, before = (layers(f"  - conv: {{out: 1, kernel: 2, padding: {word}}}\n") for word in ("same", "same_lower"))
    assert (after.layers[0].start, before.layers[0].start) == ((0, 0), (-1, -1))


def test_same_on_a_transposed_convolution_multiplies_the_size() -> None:
    assert shapes(layers("  - conv_transpose: {out: 2, kernel: 3, stride: 2, padding: same}\n")) == [(2, 64, 64)]


# as, from, repeat, first, when.


def test_labels_and_from() -> None:
    report = layers(
        "  - {conv: {out: 4, kernel: 1}, as: stem}\n  - relu\n  - {sigmoid: , from: stem}\n  - {add: [prev, stem]}\n"
    )
    assert [row.inputs for row in report.layers] == [("input",), ("stem",), ("stem",), ("sigmoid1", "stem")]
    assert [w.code for w in report.warnings] == ["unused-result"]
    assert report.warnings[0].path == "relu1"


def test_prev_and_the_input_can_be_named() -> None:
    report = layers(
        "  - relu\n  - {sigmoid: , from: prev}\n  - {tanh: , from: input}\n  - add: [sigmoid, prev]\n".replace(
            "sigmoid: ,", "sigmoid: , as: sigmoid,"
        )
    )
    assert [row.inputs for row in report.layers] == [("input",), ("relu1",), ("input",), ("sigmoid", "tanh1")]


def test_a_label_may_equal_an_operators_name() -> None:
    assert paths(layers("  - {relu: , as: conv}\n  - {tanh: , from: conv}\n")) == ["conv", "tanh1"]


def test_repeat_chains_and_counts_from_zero() -> None:
    report = layers("  - {conv: {out: 8*(i + 1), kernel: 1}, repeat: 3, as: c}\n  - {add: [c, c]}\n")
    assert chain(report)[:3] == [
        ("c.0", "conv", ("input",), (8, 32, 32)),
        ("c.1", "conv", ("c.0",), (16, 32, 32)),
        ("c.2", "conv", ("c.1",), (24, 32, 32)),
    ]
    assert report.layers[3].inputs == ("c.2", "c.2")


def test_repeat_one_still_has_an_index_and_zero_leaves_the_item_out() -> None:
    report = layers("  - {relu: , repeat: 1}\n  - {tanh: , repeat: 0, as: gone}\n  - {sigmoid: , from: gone}\n")
    assert chain(report) == [
        ("relu1.0", "relu", ("input",), (3, 32, 32)),
        ("sigmoid1", "sigmoid", ("relu1.0",), (3, 32, 32)),
    ]


def test_repeat_may_be_an_expression() -> None:
    assert len(layers("  - {relu: , repeat: c_in + n}\n", "vars: {n: 2}\n").layers) == 5


def test_first_overrides_the_first_repetition_only() -> None:
    report = layers("  - {conv: {out: 4, kernel: 1}, repeat: 3, first: {stride: 2, out: 8}}\n")
    assert shapes(report) == [(8, 16, 16), (4, 16, 16), (4, 16, 16)]


def test_first_overrides_a_blocks_parameters() -> None:
    before = "blocks: {b: {params: {c: , s: 1}, layers: [{conv: {out: c, kernel: 1, stride: s}}]}}\n"
    report = layers("  - {b: 4, repeat: 2, first: {s: 4}}\n", before)
    assert shapes(report) == [(4, 8, 8), (4, 8, 8)]


def test_i_is_not_known_outside_repeat_and_not_inside_a_called_block() -> None:
    assert refusal(HEADER + "layers:\n  - conv: {out: i, kernel: 1}\n").code == "unknown-name"
    text = HEADER + "blocks: {b: {layers: [{conv: {out: i + 1, kernel: 1}}]}}\nlayers:\n  - {b: , repeat: 2}\n"
    assert "parameter" in str(refusal(text).hint)


def test_i_reaches_into_paths_and_call_arguments() -> None:
    before = "blocks: {b: {params: {c: }, layers: [{conv: {out: c, kernel: 1}}]}}\n"
    items = "  - {add: {a: [{b: 3 + 0*i}], b: [{conv: {out: 3, kernel: 1 + 2*i, padding: half}}]}, repeat: 2}\n"
    report = layers(items, before)
    assert report["add1.1.b.conv1"].params == 3 * 3 * 9 + 3


def test_when_leaves_an_item_out_and_its_label_stands_for_its_input() -> None:
    report = layers(
        "  - {conv: {out: 4, kernel: 1}, as: a}\n  - {relu: , when: a.c == 5, as: b}\n  - {tanh: , from: b}\n"
    )
    assert chain(report)[1] == ("tanh1", "tanh", ("a",), (4, 32, 32))


def test_when_may_leave_out_single_repetitions() -> None:
    report = layers("  - {relu: , repeat: 4, when: i % 2 == 1}\n")
    assert [(row.path, row.inputs) for row in report.layers] == [("relu1.1", ("input",)), ("relu1.3", ("relu1.1",))]


def test_a_split_that_is_left_out_gives_its_input_under_every_label() -> None:
    report = layers("  - {split: 3, as: [a, b, c], when: false}\n  - add: [a, c]\n")
    assert report.layers[0].inputs == ("input", "input")


def test_a_network_of_left_out_items_is_the_identity() -> None:
    report = layers("  - {relu: , when: false}\n")
    assert (len(report.layers), dict(report.outputs)) == (0, {"input": (3, 32, 32)})
    assert report.totals.params == report.totals.macs == 0


# Merges.


def test_a_merge_of_references() -> None:
    report = layers("  - {conv: {out: 3, kernel: 1}, as: a}\n  - {tanh: , as: b}\n  - add: [a, b, input]\n")
    assert report.layers[2].inputs == ("a", "b", "input")


def test_a_merge_of_paths_opens_scopes_and_an_empty_path_is_the_identity() -> None:
    report = layers(
        "  - relu\n"
        "  - add:\n"
        "      body:\n"
        "        - {conv: {out: 3, kernel: 3, padding: 1}, as: first}\n"
        "        - conv: {out: 3, kernel: 1}\n"
        "      skip: []\n"
    )
    assert [(row.path, row.inputs) for row in report.layers] == [
        ("relu1", ("input",)),
        ("add1.body.first", ("relu1",)),
        ("add1.body.conv2", ("add1.body.first",)),
        ("add1", ("add1.body.conv2", "relu1")),
    ]


def test_paths_and_references_mix_and_a_bare_string_is_a_label() -> None:
    report = layers("  - {relu: , as: tanh}\n  - concat: {a: [tanh], b: tanh}\n")
    assert report.layers[-1].inputs == ("concat1.a.tanh1", "tanh")


def test_labels_of_outer_scopes_are_seen_inside_a_path_and_may_be_hidden_there() -> None:
    report = layers(
        "  - {relu: , as: a}\n  - tanh\n  - add: {p: [{sigmoid: , from: a}], q: [{mish: , as: a}, {elu: , from: a}]}\n"
    )
    assert report["add1.p.sigmoid1"].inputs == ("a",)
    assert report["add1.q.elu1"].inputs == ("add1.q.a",)


def test_labels_of_a_path_are_private_to_it() -> None:
    items = "  - add: {p: [{relu: , as: inner}], q: []}\n  - {tanh: , from: inner}\n"
    assert refusal(HEADER + "layers:\n" + items).code == "unknown-label"


def test_a_merge_starts_its_paths_from_from() -> None:
    report = layers("  - {relu: , as: a}\n  - tanh\n  - {add: {p: [sigmoid], q: []}, from: a}\n")
    assert report["add1.p.sigmoid1"].inputs == ("a",)
    assert report["add1"].inputs == ("add1.p.sigmoid1", "a")


def test_a_repeated_merge_chains() -> None:
    report = layers("  - {add: {p: [relu], q: []}, repeat: 2}\n")
    assert [(row.path, row.inputs) for row in report.layers] == [
        ("add1.0.p.relu1", ("input",)),
        ("add1.0", ("add1.0.p.relu1", "input")),
        ("add1.1.p.relu1", ("add1.0",)),
        ("add1.1", ("add1.1.p.relu1", "add1.0")),
    ]


def test_a_merge_of_labels_needs_no_single_layer_before_it() -> None:
    report = layers("  - {split: 3, as: [a, b, c]}\n  - {add: [a, b], when: false}\n  - concat: [c, b, a]\n")
    assert report["concat1"].inputs == ("split1:2", "split1:1", "split1:0")


def test_c_in_of_several_sources_is_that_of_the_first() -> None:
    items = "  - {conv: {out: 5, kernel: 1}, as: a}\n  - {conv: {out: 7, kernel: 1}, as: b}\n"
    for sources, kept in (("[a, b]", True), ("[b, a]", False)):
        report = layers(items + f"  - {{concat: {sources}, when: c_in == 5}}\n")
        assert ("concat1" in paths(report)) == kept


def test_add_wants_equal_shapes_and_mul_broadcasts_gates() -> None:
    gate = "  - {relu: , as: x}\n  - global_avg_pool\n  - {GATE: [x, prev]}\n"
    assert shapes(layers(gate.replace("GATE", "mul")))[-1] == (3, 32, 32)
    assert refusal(HEADER + "layers:\n" + gate.replace("GATE", "add")).code == "shape-mismatch"
    assert shapes(layers("  - {relu: , as: x}\n  - channel_mean\n  - mul: [x, prev]\n"))[-1] == (3, 32, 32)


def test_concat_wants_equal_maps() -> None:
    items = "  - {relu: , as: x}\n  - max_pool: 2\n  - concat: [x, prev]\n"
    finding = refusal(HEADER + "layers:\n" + items)
    assert (finding.code, finding.path) == ("shape-mismatch", "concat1")
    assert "3x32x32" in finding.message
    assert "3x16x16" in finding.message


# Several inputs and outputs.

TWO = "cnncalc: 1\ninputs: {left: [3, 8, 8], right: [4, 8, 8]}\n"


def test_several_inputs_are_named_and_the_first_is_where_the_chain_starts() -> None:
    items = "  - {relu: , as: l}\n  - {tanh: , from: right}\n  - {concat: [l, prev], as: both}\n"
    report = analyze(f"{TWO}layers:\n{items}outputs: [l, both]\n")
    assert [row.inputs for row in report.layers] == [("left",), ("right",), ("l", "tanh1")]
    assert dict(report.outputs) == {"l": (3, 8, 8), "both": (7, 8, 8)}


def test_an_input_that_nobody_uses_is_a_warning() -> None:
    assert [w.code for w in analyze(TWO + "layers: [relu]\n").warnings] == ["unused-input"]


def test_outputs_are_labels_and_keep_their_layers_from_the_unused_warning() -> None:
    text = HEADER + "layers:\n  - {relu: , as: a}\n  - {tanh: , as: b, from: input}\noutputs: [a, b]\n"
    report = analyze(text)
    assert (list(dict(report.outputs)), report.warnings) == (["a", "b"], ())


def test_the_last_item_is_the_output_by_default() -> None:
    assert dict(layers("  - relu\n  - {max_pool: 2, as: p}\n").outputs) == {"p": (3, 16, 16)}


def test_prev_after_split_is_an_error_until_a_label_is_chosen() -> None:
    assert refusal(HEADER + "layers:\n  - {split: 3}\n  - relu\n").code == "several-outputs"
    report = layers("  - {split: {sizes: [1, 2]}, as: [a, b]}\n  - {relu: , from: b}\n")
    assert chain(report)[1] == ("relu1", "relu", ("split1:1",), (2, 32, 32))


def test_the_outputs_of_a_final_split_are_the_networks() -> None:
    assert len(layers("  - split: 3\n").outputs) == 3


def test_a_block_may_hand_on_several_outputs() -> None:
    before = "blocks: {b: {layers: [{split: 3}]}}\n"
    report = layers("  - {b: , as: [p, q, r]}\n  - add: [p, r]\n", before)
    assert report.layers[-1].inputs == ("b1.split1:0", "b1.split1:2")


# Blocks.


def test_a_block_has_required_and_optional_parameters_and_defaults_see_earlier_ones_and_vars() -> None:
    before = "vars: {k: 3}\nblocks: {b: {params: {mid: , out: 2*mid + k}, layers: [{conv: {out: out, kernel: mid}}]}}\n"
    assert shapes(layers("  - b: 5\n", before)) == [(13, 28, 28)]
    assert shapes(layers("  - b: {mid: 5, out: 4}\n", before)) == [(4, 28, 28)]
    finding = refusal(HEADER + before + "layers:\n  - b: {out: 4}\n")
    assert (finding.code, finding.message) == ("missing-argument", "block 'b1' (b) needs 'mid'")


def test_a_default_does_not_see_later_parameters() -> None:
    text = HEADER + "blocks: {b: {params: {a: z, z: 1}, layers: [{conv: {out: a, kernel: 1}}]}}\nlayers: [b]\n"
    assert refusal(text).code == "unknown-name"


def test_a_block_with_several_inputs() -> None:
    items = "[{conv: {out: c, kernel: 1}}, {concat: [prev, skip]}]"
    before = f"blocks: {{join: {{inputs: [x, skip], params: {{c: 4}}, layers: {items}}}}}\n"
    report = layers("  - {relu: , as: a}\n  - tanh\n  - {join: 6, from: [prev, a]}\n", before)
    assert report["join1.conv1"].inputs == ("tanh1",)
    assert chain(report)[-1] == ("join1.concat1", "concat", ("join1.conv1", "a"), (9, 32, 32))


def test_a_repeated_block_chains_its_first_input_and_the_others_stay() -> None:
    before = "blocks: {join: {inputs: [x, skip], layers: [{add: [x, skip]}]}}\n"
    report = layers("  - {relu: , as: a}\n  - tanh\n  - {join: , from: [prev, a], repeat: 3}\n", before)
    assert [row.inputs for row in report.layers[2:]] == [("tanh1", "a"), ("join1.0.add1", "a"), ("join1.1.add1", "a")]


def test_the_number_of_inputs_must_be_right() -> None:
    before = "blocks: {join: {inputs: [x, skip], layers: [{add: [x, skip]}]}}\n"
    finding = refusal(HEADER + before + "layers:\n  - join\n")
    assert (finding.code, finding.message) == ("source-count", "block 'join1' (join) has 2 inputs (x, skip), got 1")
    assert refusal(HEADER + "layers:\n  - {relu: , from: [input, input]}\n").code == "source-count"


def test_the_input_of_a_block_is_x_and_its_labels_are_private() -> None:
    before = "blocks: {b: {layers: [{relu: , as: inner}, {add: [prev, x], when: x.c == 3}]}}\n"
    assert paths(layers("  - b\n", before)) == ["b1.inner", "b1.add1"]
    assert refusal(HEADER + before + "layers:\n  - b\n  - {tanh: , from: inner}\n").code == "unknown-label"


def test_a_block_does_not_see_the_labels_of_its_caller() -> None:
    text = HEADER + "blocks: {b: {layers: [{add: [prev, a]}]}}\nlayers:\n  - {relu: , as: a}\n  - b\n"
    assert refusal(text).code == "unknown-label"


def test_blocks_may_call_blocks_whatever_their_order() -> None:
    outer = "outer: {params: {c: }, layers: [{inner: c}, {inner: 2*c}]}"
    before = f"blocks:\n  {outer}\n  inner: {{params: {{c: }}, layers: [{{conv: {{out: c, kernel: 1}}}}]}}\n"
    report = layers("  - {outer: 4, as: o}\n", before)
    assert [(row.path, row.out_shape[0]) for row in report.layers] == [("o.inner1.conv1", 4), ("o.inner2.conv1", 8)]


def test_recursion_shows_the_cycle() -> None:
    blocks = "  a: {layers: [b]}\n  b: {layers: [relu, c]}\n  c: {layers: [{add: {p: [a], q: []}}]}\n"
    finding = refusal(f"{HEADER}blocks:\n{blocks}layers: [a]\n")
    assert finding.code == "recursive-block"
    assert "a -> b -> c -> a" in finding.message


def test_a_block_cannot_have_an_operators_name() -> None:
    assert refusal(HEADER + "blocks: {conv: {layers: [relu]}}\nlayers: [relu]\n").code == "name-taken"


# Words.

ACTED = "blocks: {b: {params: {c: 4, act: relu}, layers: [{conv: {out: c, kernel: 1, act: $act}}]}}\n"


@pytest.mark.parametrize(
    ("call", "op", "arguments"),
    [
        ("b", "relu", {}),
        ("{b: {act: silu}}", "silu", {}),
        ("{b: {act: {leaky_relu: 0.1}}}", "leaky_relu", {"slope": 0.1}),
    ],
)
def test_a_parameter_used_as_a_word_is_passed_through(call: str, op: str, arguments: dict[str, Any]) -> None:
    row = layers(f"  - {call}\n", ACTED).layers[-1]
    assert (row.path, row.op) == ("b1.conv1.act", op)
    assert arguments.items() <= row.attributes.items()


def test_a_word_can_be_none() -> None:
    assert paths(layers("  - b: {act: none}\n", ACTED)) == ["b1.conv1"]


def test_words_pass_through_several_blocks_and_from_variables() -> None:
    before = "vars: {kind: tanh}\n" + ACTED.replace(
        "}\n", ", top: {params: {act: $kind}, layers: [{b: {act: $act}}]}}\n"
    )
    before = before.replace("}]}, top", "}]}, top")
    report = layers("  - top\n  - top: {act: elu}\n", before)
    assert [row.op for row in report.layers] == ["conv", "tanh", "conv", "elu"]


def test_a_word_may_hold_a_list_or_a_padding() -> None:
    before = "blocks: {b: {params: {k: , p: valid}, layers: [{conv: {out: 1, kernel: $k, padding: $p}}]}}\n"
    assert shapes(layers("  - b: {k: [3, 5], p: [0, 2]}\n", before)) == [(1, 30, 32)]
    assert shapes(layers("  - b: {k: [3, 5], p: half}\n", before)) == [(1, 32, 32)]


def test_an_expression_in_a_word_means_what_it_means_where_it_was_written() -> None:
    before = "vars: {n: 5}\nblocks: {b: {params: {n: 7, k: }, layers: [{conv: {out: n, kernel: $k}}]}}\n"
    assert layers("  - b: {k: n}\n", before).layers[0].attributes["kernel"] == 5


def test_a_parameter_cannot_be_a_word_and_a_number() -> None:
    text = HEADER + "blocks: {b: {params: {a: relu}, layers: [{conv: {out: a, kernel: 1, act: $a}}]}}\nlayers: [b]\n"
    assert refusal(text).code == "word-and-number"


def test_a_blocks_word_does_not_make_a_variable_of_that_name_a_word() -> None:
    before = "vars: {c: 4}\nblocks: {b: {params: {c: relu}, layers: [{conv: {out: 2, kernel: 1, act: $c}}]}}\n"
    assert shapes(layers("  - b: tanh\n  - conv: {out: c, kernel: 1}\n", before))[-1] == (4, 32, 32)


# Variables, variants, defaults.


def test_variables_may_be_expressions_over_earlier_ones() -> None:
    before = "vars: {a: 2, b: a*3, c: b / 4, on: b == 6}\n"
    report = layers("  - {conv: {out: 4*c, kernel: 1}, when: on}\n", before)
    assert shapes(report) == [(6, 32, 32)]
    assert report.to_dict()["variables"] == {"a": 2, "b": 6, "c": 1.5, "on": True}


def test_a_variable_does_not_see_later_ones() -> None:
    assert refusal(HEADER + "vars: {a: b, b: 1}\nlayers: [relu]\n").code == "unknown-name"


VARIED = "vars: {w: 1, c: 8*w}\nvariants: {big: {w: 2}, odd: {c: 5}}\n"


def test_variants_change_variables_before_the_others_are_computed() -> None:
    item = "  - conv: {out: c, kernel: 1}\n"
    sizes = [layers(item, VARIED, variant=name).layers[0].out_shape[0] for name in (None, "big", "odd")]
    assert sizes == [8, 16, 5]
    report = layers(item, VARIED, variant="big")
    assert (report.variant, dict(report.variables)) == ("big", {"w": 2, "c": 16})


def test_variables_can_be_set_and_win_over_a_variant() -> None:
    item = "  - conv: {out: c, kernel: 1}\n"
    assert layers(item, VARIED, variables={"w": 3}).layers[0].out_shape[0] == 24
    assert layers(item, VARIED, variables={"w": "4/2"}, variant="odd").layers[0].out_shape[0] == 5
    assert layers(item, VARIED, variables={"w": 3}, variant="big").layers[0].out_shape[0] == 24


def test_the_input_can_be_changed_and_may_be_an_expression() -> None:
    text = "cnncalc: 1\nvars: {r: 16}\ninput: [3, r, 2*r]\nlayers: [relu]\n"
    assert shapes(analyze(text)) == [(3, 16, 32)]
    assert shapes(analyze(text, input="1x7x9")) == [(1, 7, 9)]
    assert shapes(analyze(text, variables={"r": 4})) == [(3, 4, 8)]
    assert shapes(analyze(TWO + "layers: [relu]\n", input={"left": [2, 5, 5]}))[0] == (2, 5, 5)


def test_defaults_fill_arguments_that_are_not_given() -> None:
    before = "defaults: {conv: {kernel: 3, padding: half, bias: false}, max_pool: {ceil: true}}\n"
    report = layers("  - conv: 4\n  - conv: {out: 4, kernel: 5, bias: true}\n  - max_pool: 3\n", before)
    assert [row.params for row in report.layers] == [3 * 4 * 9, 4 * 4 * 25 + 4, 0]
    assert shapes(report)[-1] == (4, 11, 11)  # ceil((32 - 3)/3) + 1


def test_defaults_of_conv_hold_for_depthwise_and_separable_where_they_have_the_argument() -> None:
    before = "defaults: {conv: {kernel: 3, padding: half, bias: false, groups: 1, act: relu}}\n"
    report = layers("  - depthwise\n  - separable: 8\n", before)
    assert paths(report) == [
        "depthwise1", "depthwise1.act",
        "separable1.depthwise", "separable1.depthwise.act", "separable1.pointwise", "separable1.pointwise.act",
    ]  # fmt: skip
    assert [row.params for row in report.layers] == [27, 0, 27, 0, 24, 0]


def test_own_defaults_win_over_those_of_conv() -> None:
    before = "defaults: {conv: {kernel: 3, bias: false}, depthwise: {kernel: 5}}\n"
    assert layers("  - depthwise\n", before).layers[0].params == 75


def test_defaults_of_an_operator_hold_where_it_is_a_norm_or_an_act_whatever_their_order() -> None:
    """batch_norm without scale and shift has no parameters."""
    for order in ("conv: {kernel: 1, norm: batch_norm}, batch_norm: {affine: false}",
                  "batch_norm: {affine: false}, conv: {kernel: 1, norm: batch_norm}"):  # fmt: skip
        report = layers("  - conv: 4\n", f"defaults: {{{order}}}\n")
        assert [row.params for row in report.layers] == [12, 0]


def test_defaults_see_variables_and_c_in() -> None:
    report = layers("  - conv: {}\n  - conv: {}\n", "vars: {n: 2}\ndefaults: {conv: {kernel: 1, out: n*c_in}}\n")
    assert shapes(report) == [(6, 32, 32), (12, 32, 32)]


def test_norm_and_act_become_nodes_and_bias_follows_norm() -> None:
    report = layers(
        "  - conv: {out: 4, kernel: 1, norm: batch_norm, act: {leaky_relu: 0.1}}\n  - conv: {out: 4, kernel: 1}\n"
    )
    assert paths(report) == ["conv1", "conv1.norm", "conv1.act", "conv2"]
    assert [row.params for row in report.layers] == [12, 8, 0, 20]
    report = layers("  - conv: {out: 4, kernel: 1, norm: batch_norm, bias: true}\n")
    assert report.layers[0].params == 16


def test_norm_and_act_stand_on_linear_and_transposed_too() -> None:
    report = layers("  - conv_transpose: {out: 4, kernel: 2, stride: 2, norm: {group_norm: 2}, act: relu}\n"
                    "  - flatten\n  - linear: {out: 6, norm: batch_norm, act: tanh}\n")  # fmt: skip
    assert [row.op for row in report.layers] == [
        "conv_transpose",
        "group_norm",
        "relu",
        "flatten",
        "linear",
        "batch_norm",
        "tanh",
    ]


def test_none_takes_a_default_norm_or_act_away() -> None:
    before = "defaults: {conv: {kernel: 1, norm: batch_norm, act: relu}}\n"
    assert paths(layers("  - conv: {out: 4, act: none}\n", before)) == ["conv1", "conv1.norm"]
    assert paths(layers("  - conv: {out: 4, act: none, norm: null}\n", before)) == ["conv1"]


# Expressions.


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 + 3*4", 14), ("7 // 2", 3), ("-7 // 2 + 10", 6), ("7 % 4", 3), ("3/4*8", 6), ("0.7*10", 7),
        ("4 if c_in == 3 else 5", 4), ('"max(2, c_in, 5)"', 5), ('"min(2, 9)"', 2), ("abs(-4)", 4),
        ("floor(7/2)", 3), ("ceil(7/2)", 4), ("round(5/2)", 2), ("round(7/2)", 4), ("round8(30)", 32),
        ('"round8(10, 4)"', 12), ('"round8(10, divisor=4)"', 12), ("a.c + a.h - a.w", 3), ("n", 6),
        ("2 if not (1 < 2 and 2 >= 3 or false) else 1", 2),
    ],
)  # fmt: skip
def test_expressions_stand_in_numeric_slots(text: str, value: int) -> None:
    report = layers(f"  - {{relu: , as: a}}\n  - conv: {{out: {text}, kernel: 1}}\n", "vars: {n: 6}\n")
    assert report.layers[1].out_shape[0] == value


def test_round8_is_never_below_nine_tenths() -> None:
    """11 rounds to 8, which is less than 9.9: one step up."""
    assert shapes(layers("  - conv: {out: round8(11), kernel: 1}\n")) == [(16, 32, 32)]


def test_a_result_that_must_be_whole_names_round8_or_floor() -> None:
    finding = refusal(HEADER + "layers:\n  - conv: {out: 5/2, kernel: 1}\n")
    assert finding.code == "not-whole"
    assert "round8" in str(finding.hint)
    assert "2.5" in finding.message


def test_expressions_in_lists_and_in_conditions() -> None:
    report = layers("  - {conv: {out: 1, kernel: [c_in, 2*c_in + 1]}, when: 2 > 1}\n")
    assert shapes(report) == [(1, 30, 26)]


def test_a_dotted_label_can_be_referred_to_but_not_used_in_an_expression() -> None:
    report = layers("  - {relu: , as: a.0.b}\n  - tanh\n  - {add: [prev, a.0.b]}\n")
    assert report.layers[2].inputs == ("tanh1", "a.0.b")
    items = "  - {relu: , as: a.b}\n  - conv: {out: a.b.c, kernel: 1}\n"
    assert refusal(HEADER + "layers:\n" + items).path == "conv1"


# Ranks.


@pytest.mark.parametrize(
    ("shape", "params", "out"),
    [
        ("[3, 32]", 3 * 4 * 3 + 4, (4, 30)),
        ("[3, 32, 16]", 3 * 4 * 9 + 4, (4, 30, 14)),
        ("[3, 8, 32, 16]", 3 * 4 * 27 + 4, (4, 6, 30, 14)),
    ],
)
def test_the_same_conv_follows_the_inputs_rank(shape: str, params: int, out: tuple[int, ...]) -> None:
    report = analyze(
        f"cnncalc: 1\ninput: {shape}\nlayers:\n  - conv: {{out: 4, kernel: 3, norm: batch_norm, bias: true}}\n"
    )
    assert (report.layers[0].params, tuple(report.layers[1].out_shape)) == (params, out)


def test_sizes_of_a_one_dimensional_map() -> None:
    text = (
        "cnncalc: 1\ninput: [3, 20]\nlayers:\n  - {relu: , as: a}\n  - conv: {out: a.w, kernel: 1, padding: [1, 2]}\n"
    )
    assert shapes(analyze(text))[-1] == (20, 23)
    assert refusal(text.replace("a.w", "a.h")).code == "wrong-rank"


# Shared weights.


def test_shared_parameters_are_counted_once_and_work_and_memory_every_time() -> None:
    report = layers("  - {conv: {out: 3, kernel: 3, padding: 1}, as: a}\n  - {conv: , share: a}\n")
    one, two = report.layers
    assert (one.params, two.params, report.totals.params) == (84, 0, 84)
    assert (one.macs, two.macs) == (81 * 1024, 81 * 1024)
    assert one.memory_access == two.memory_access
    assert (two.shares, one.shares) == ("a", None)


def test_what_is_not_given_is_inherited_and_what_is_given_must_agree() -> None:
    one = "  - {conv: {out: 3, kernel: 3, padding: 1}, as: a}\n"
    assert layers(one + "  - {conv: {out: 3, padding: [1, 1]}, share: a}\n".replace("[1, 1]", "1")).totals.params == 84
    finding = refusal(HEADER + "layers:\n" + one + "  - {conv: {kernel: 5}, share: a}\n")
    assert finding.code == "share-mismatch"
    assert (finding.span.column if finding.span else 0) == 21
    assert refusal(HEADER + "layers:\n" + one + "  - {conv_transpose: , share: a}\n").code == "share-mismatch"


def test_defaults_do_not_speak_against_sharing() -> None:
    before = "defaults: {conv: {kernel: 5, act: relu}}\n"
    report = layers("  - {conv: {out: 3, kernel: 1, act: none}, as: a}\n  - {conv: , share: a}\n", before)
    assert paths(report) == ["a", "conv2"]


def test_norm_and_act_are_shared_with_their_layer() -> None:
    report = layers("  - {conv: {out: 3, kernel: 1, norm: batch_norm, act: relu}, as: a}\n  - {conv: , share: a}\n")
    assert [row.params for row in report.layers] == [9, 6, 0, 0, 0, 0]
    assert [row.buffers for row in report.layers] == [0, 6, 0, 0, 0, 0]
    assert [row.shares for row in report.layers[3:]] == ["a", "a.norm", "a.act"]


def test_shared_layers_must_see_the_same_channels() -> None:
    items = "  - {conv: {out: 4, kernel: 1}, as: a}\n  - {conv: , share: a}\n"
    assert refusal(HEADER + "layers:\n" + items).code == "share-mismatch"


def test_a_chain_of_sharing_leads_to_the_first() -> None:
    report = layers("  - {conv: {out: 3, kernel: 1}, as: a}\n  - {conv: , share: a, as: b}\n  - {conv: , share: b}\n")
    assert report.layers[2].shares == "a"


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ("  - {relu: , as: a}\n  - {add: {p: [], q: []}, share: a}\n", "bad-share"),
        ("  - {conv: {out: 3, kernel: 1}, as: a}\n  - {conv: , share: b}\n", "unknown-label"),
        ("  - {conv: {out: 3, kernel: 1}}\n  - {conv: , share: input}\n", "bad-share"),
    ],
)
def test_what_cannot_be_shared(items: str, code: str) -> None:
    assert refusal(HEADER + "layers:\n" + items).code == code


# like.


def test_like_takes_the_map_of_another_layer() -> None:
    items = "  - {conv: {out: 8, kernel: 5}, as: a}\n  - {crop: {like: a}, from: input}\n  - {concat: [prev, a]}\n"
    assert shapes(layers(items))[1:] == [(3, 28, 28), (11, 28, 28)]
    items = "  - {max_pool: 2, as: a}\n  - {upsample: {like: input}}\n"
    assert shapes(layers(items))[1] == (3, 32, 32)


def test_like_prev_is_the_layer_before_whatever_the_source() -> None:
    assert shapes(layers("  - max_pool: 2\n  - {crop: {like: prev}, from: input}\n"))[1] == (3, 16, 16)


def test_like_wants_a_map() -> None:
    items = "  - {flatten: , as: v}\n  - {crop: {like: v}, from: input}\n"
    assert refusal(HEADER + "layers:\n" + items).code == "wrong-rank"


# Names.


@pytest.mark.parametrize("word", ["prev", "input", "i", "c_in", "and", "if", "true", "none", "max", "round8"])
def test_reserved_words_cannot_be_labels_variables_or_parameters(word: str) -> None:
    assert refusal(HEADER + f"layers:\n  - {{relu: , as: {word!r}}}\n").code == "reserved-name"
    assert refusal(HEADER + f"vars: {{{word!r}: 1}}\nlayers: [relu]\n").code == "reserved-name"
    assert (
        refusal(HEADER + f"blocks: {{b: {{params: {{{word!r}: 1}}, layers: [relu]}}}}\nlayers: [b]\n").code
        == "reserved-name"
    )


def test_a_blocks_input_names_are_reserved_inside_it_at_every_depth_and_free_elsewhere() -> None:
    for inner in ("{relu: , as: skip}", "{add: {p: [{relu: , as: skip}], q: []}}"):
        text = HEADER + f"blocks: {{b: {{inputs: [skip], layers: [{inner}]}}}}\nlayers: [b]\n"
        assert refusal(text).code == "reserved-name"
    assert paths(layers("  - {relu: , as: x}\n")) == ["x"]


def test_a_label_cannot_be_a_network_inputs_name() -> None:
    assert refusal(TWO + "layers:\n  - {relu: , as: right}\n").code == "duplicate-label"


@pytest.mark.parametrize("label", ["2nd", "a-b", "a b", "ä", "a..b", ".a", "a."])
def test_labels_are_made_of_letters_digits_and_underscores(label: str) -> None:
    assert refusal(HEADER + f"layers:\n  - {{relu: , as: {label!r}}}\n").code == "bad-name"


def test_use_before_definition_is_an_error_that_says_so() -> None:
    finding = refusal(HEADER + "layers:\n  - {relu: , from: late}\n  - {tanh: , from: input, as: late}\n")
    assert finding.code == "unknown-label"
    assert "further down" in str(finding.hint)


def test_an_unknown_label_is_corrected_and_an_automatic_name_explained() -> None:
    finding = refusal(HEADER + "layers:\n  - {relu: , as: stem}\n  - {tanh: , from: stemm}\n")
    assert finding.hint == "did you mean 'stem'?"
    finding = refusal(HEADER + "layers:\n  - relu\n  - {tanh: , from: relu1}\n")
    assert "as:" in str(finding.hint)


# Warnings.


def test_a_result_that_nobody_uses_is_one_warning_for_one_place_in_the_spec() -> None:
    before = "blocks: {b: {layers: [{relu: , as: a}, {tanh: , from: x}]}}\n"
    report = layers("  - {b: , repeat: 5}\n", before)
    assert [(w.code, w.severity, w.path) for w in report.warnings] == [("unused-result", "warning", "b1.0.a")]


def test_misaligned_paths_are_one_warning_per_pair_of_paths() -> None:
    """An even kernel that is padded on one side only looks half a pixel beside the map it is added to."""
    items = "  - add: {p: [{conv: {out: 3, kernel: 2, padding: [0, 1, 0, 1]}}], q: []}\n"
    report = layers(items)
    assert [w.code for w in report.warnings] == ["misaligned-merge"]
    assert "on H and W" in report.warnings[0].message


# Limits.


def test_the_limit_on_layers_can_be_raised() -> None:
    text = HEADER + "layers:\n  - {relu: , repeat: 40}\n"
    assert len(analyze(text, max_layers=40).layers) == 40
    assert refusal(text, max_layers=39).code == "too-many-layers"


def test_ten_thousand_repetitions_are_allowed_and_one_more_is_not() -> None:
    assert len(analyze(HEADER + "layers:\n  - {relu: , repeat: 10000}\n").layers) == 10_000
    assert refusal(HEADER + "layers:\n  - {relu: , repeat: 10001}\n").code == "repeat-too-large"


@pytest.mark.long
def test_a_hundred_thousand_layers_are_allowed_and_one_more_is_not() -> None:
    text = HEADER + "blocks: {b: {layers: [{relu: , repeat: 10000}]}}\nlayers:\n  - {b: , repeat: 10}\n"
    assert len(analyze(text).layers) == 100_000
    assert refusal(text + "  - tanh\n").code == "too-many-layers"


def test_numbers_written_in_a_spec_stay_below_2_to_63_and_results_do_not() -> None:
    assert refusal(HEADER + f"layers:\n  - conv: {{out: {2**63}, kernel: 1}}\n").code == "number-too-large"
    row = layers(f"  - conv: {{out: {2**63 - 1}, kernel: 1, bias: false}}\n").layers[0]
    assert row.macs == (2**63 - 1) * 3 * 1024
