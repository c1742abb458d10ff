"""Sizes as people write them: `3x3` is read wherever a size is, what only looks like one is refused with the list."""

from __future__ import annotations

import pytest

import cnncalc

FORM = "cnncalc: 1\ninput: {shape}\nlayers:\n  - {layer}\n"


def report(shape: str, layer: str) -> cnncalc.Report:
    return cnncalc.analyze(cnncalc.parse(FORM.format(shape=shape, layer=layer)))


def finding(shape: str, layer: str) -> cnncalc.Diagnostic:
    with pytest.raises(cnncalc.SpecError) as caught:
        report(shape, layer)
    (found,) = caught.value.diagnostics
    return found


@pytest.mark.parametrize(
    ("shape", "layer", "same"),
    [
        ("[3, 32, 32]", "conv: {out: 8, kernel: 3x5}", "conv: {out: 8, kernel: [3, 5]}"),
        ("[3, 32, 32]", 'conv: {out: 8, kernel: "3x5"}', "conv: {out: 8, kernel: [3, 5]}"),
        ("[3, 32, 32]", "conv: {out: 8, kernel: 3, padding: 1x0x2x1}",
         "conv: {out: 8, kernel: 3, padding: [1, 0, 2, 1]}"),
        ("[3, 32, 32]", "max_pool: 2x1", "max_pool: {kernel: [2, 1]}"),
        ("[3, 32, 32]", "upsample: {size: 48x50}", "upsample: {size: [48, 50]}"),
        ("[3, 32, 32]", "adaptive_avg_pool: 6x7", "adaptive_avg_pool: {size: [6, 7]}"),
        ("[3, 32, 32]", "reshape: 6x16x32", "reshape: [6, 16, 32]"),
        ("1x49x10", "conv: {out: 8, kernel: 10x4, stride: 2x1}", "conv: {out: 8, kernel: [10, 4], stride: [2, 1]}"),
        ("3x8x16x16", "conv: {out: 8, kernel: 1x3x3}", "conv: {out: 8, kernel: [1, 3, 3]}"),
    ],
)
def test_what_the_tool_prints_could_not_be_written(shape: str, layer: str, same: str) -> None:
    assert report(shape, layer).layers[0].out_shape == report(shape, same).layers[0].out_shape


def test_sizes_reach_a_block_and_come_from_a_variable() -> None:
    text = """cnncalc: 1
input: 3x32x32
vars: {k: 3x5}
blocks: {b: {params: {size: }, layers: [{conv: {out: 8, kernel: size}}]}}
layers: [{b: 1x3}, {b: k}]
"""
    assert [layer.out_shape for layer in cnncalc.analyze(cnncalc.parse(text)).layers] == [(8, 32, 30), (8, 30, 26)]


@pytest.mark.parametrize(
    ("shape", "layer", "hint"),
    [
        ("[3, 32, 32]", "conv: {out: 8, kernel: (3, 3)}", "write kernel: [3, 3]"),
        ("[3, 32, 32]", "conv: {out: 8, kernel: (3, 3), stride: 1}", "write kernel: [3, 3]"),
        ("[3, 32, 32]", 'conv: {out: 8, kernel: "(3, 3)"}', "write [3, 3]"),
        ("[3, 32, 32]", 'conv: {out: 8, kernel: "[3, 3]"}', "write [3, 3]"),
        ("[3, 32, 32]", "conv: {out: 8, kernel: 3, padding: 0x1}", "write [0, 1]"),
        ("[3, 32, 32]", "max_pool: (2, 1)", "write [2, 1]"),
        ("(3, 32, 32)", "relu", "write [3, 32, 32]"),
        ("[3, 32, 32]", "conv: {out: 3x3, kernel: 3}", "write one number here"),
        ("[3, 32, 32]", "conv: {out: max(3, 4), kernel: 3}", "put quotes around an expression with a comma"),
    ],
)
def test_what_looks_like_a_size_had_a_hint_that_led_astray(shape: str, layer: str, hint: str) -> None:
    assert (finding(shape, layer).hint or "").startswith(hint)


@pytest.mark.parametrize("size", ["'?'", "None", "null", "~", "-1"])
def test_an_open_size_says_which_sizes_work(size: str) -> None:
    found = finding(f"[3, {size}, {size}]", "conv: {out: 8, kernel: 31}")
    assert found.code == "unknown-size"
    assert "sizes from 32 on work" in (found.hint or "")


OPEN = {
    "a list": ("input: [3, ?, ?]", 8, "[3, ?, ?]"),
    "tight": ("input: [3,?,?]  # sizes [?, ?]", 8, "[3, ?, ?]"),
    "one axis": ("input: [3, ?, 64]", 8, "[3, ?, 64]"),
    "first": ("input: [?, 64, 64]", 8, "[?, 64, 64]"),
    "times": ("input: 3x?x?", 8, "[3, ?, ?]"),
    "items": ("input:\n  - 3\n  - ?\n  - ?", 3, "[3, ?, ?]"),
    "nothing but a mark": ("input: ?", 8, "?"),
    "nothing": ("input: None", 8, "None"),
}


@pytest.mark.parametrize("case", OPEN)
def test_a_question_mark_was_a_yaml_error(case: str) -> None:
    text, column, shape = OPEN[case]
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.analyze(cnncalc.parse(f"{text}\nlayers: [{{conv: {{out: 8, kernel: 31}}}}]\n"))
    (found,) = caught.value.diagnostics
    assert (found.code, found.span and found.span.column) == ("unknown-size", column)
    assert f"got {shape}" in found.message
    assert (found.hint or "").startswith("write numbers, for example [3, ")


def test_a_question_mark_stays_what_it_is_elsewhere() -> None:
    text = 'name: "[?, ?]"\nsource: what is it, ?\ninput: {}\nlayers: [relu]  # [?, ?]\n'
    report = cnncalc.analyze(cnncalc.parse(text.format("[3, ?, ?]")), input="3x4x5")
    assert (report.name, report.source, report.layers[0].out_shape) == ("[?, ?]", "what is it, ?", (3, 4, 5))
    shield = "\ue03f"
    assert cnncalc.analyze(cnncalc.parse(f'name: "{shield} ?"\n{text.format("3x4x5")[15:]}')).name == f"{shield} ?"
    found = finding("[3, 4, 5]", "conv: {out: ?, kernel: 3}")
    assert found.hint == "write the number: what is not known cannot be counted"


def test_the_input_of_an_open_size_is_named_where_there_are_several() -> None:
    text = "inputs: {left: [3, ?, ?], right: [3, 8, 8]}\nlayers: [{add: [left, right]}]\n"
    with pytest.raises(cnncalc.SpecError, match="--input left=3x224x224"):
        cnncalc.analyze(cnncalc.parse(text))


def test_an_open_size_may_be_given() -> None:
    spec = cnncalc.parse(FORM.format(shape="[3, '?', '?']", layer="conv: {out: 8, kernel: 3}"))
    assert cnncalc.analyze(spec, input="3x20x30").layers[0].out_shape == (8, 18, 28)
    assert not cnncalc.analyze(spec, input="3x20x30").warnings
    with pytest.raises(ValueError, match="leave the batch out"):
        cnncalc.analyze(spec, input="1x3x20x30")
