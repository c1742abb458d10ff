"""Findings that said something else than what was wrong, each with the words that it must have."""

from __future__ import annotations

import pytest

import cnncalc


def finding(text: str) -> tuple[str, str]:
    """Return the message and the hint of the only finding of a spec."""
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.analyze(cnncalc.parse(f"cnncalc: 1\n{text}\n"))
    (found,) = caught.value.diagnostics
    return found.message, found.hint or ""


@pytest.mark.parametrize(
    ("operator", "sources", "shape"),
    [("matmul", "[input, input]", "8, 8"), ("attention", "[input, input, input]", "8, 4, 4"),
     ("correlation", "[input, input]", "8, 4, 4"), ("grid_sample", "[input, input]", "8, 4, 4")],
)  # fmt: skip
def test_labels_in_the_place_of_arguments_were_called_a_bad_argument(operator: str, sources: str, shape: str) -> None:
    message, hint = finding(f"input: [{shape}]\nlayers: [{{{operator}: {sources}}}]")
    assert "takes its sources beside it" in message
    assert hint == f"write {{{operator}: , from: {sources}}}"


def test_the_form_that_the_hint_proposes_is_read() -> None:
    report = cnncalc.analyze(cnncalc.parse("input: [8, 8]\nlayers: [{matmul: , from: [input, input]}]"))
    assert report.totals.macs == 8**3


IN_A_BLOCK = """blocks: {q: {params: {a: b + 1, b: 2}, layers: [{conv: {out: a, kernel: 3}}]}}
layers: [q]"""


@pytest.mark.parametrize("text", ["vars: {a: b + 1, b: 2}\nlayers: [{conv: {out: a, kernel: 3}}]", IN_A_BLOCK])
def test_a_name_that_is_defined_further_down_was_merely_unknown(text: str) -> None:
    message, hint = finding(f"input: [3, 8, 8]\n{text}")
    assert message.endswith("there is no 'b'")
    assert hint == "'b' is defined further down; move it up, before what uses it"


def test_an_axis_among_the_paths_was_a_label_that_is_not_there() -> None:
    _, hint = finding("input: [3, 8, 8]\nlayers: [{concat: {a: [], b: [], axis: last}}]")
    assert hint == "an axis stands beside the sources, not among them: {concat: .., axis: last}"
    _, hint = finding("input: [3, 8, 8]\nlayers: [{concat: [input, input], dim: 1}]")
    assert hint.startswith("write axis:")


def test_a_path_named_axis_stays_a_path() -> None:
    spec = "input: [3, 8, 8]\nlayers: [{relu: , as: last}, {concat: {a: [], axis: last}}]"
    assert cnncalc.analyze(cnncalc.parse(spec)).layers[-1].out_shape == (6, 8, 8)


def test_several_outputs_of_a_label_were_said_to_be_those_of_the_layer_before() -> None:
    message, _ = finding("input: [4, 8, 8]\nlayers: [{split: 2, as: u}, {relu: , from: u}]")
    assert message.endswith("'u' has 2 outputs, choose one")
    message, _ = finding("input: [4, 8, 8]\nlayers: [{split: 2}, relu]")
    assert message.endswith("the layer before has 2 outputs, choose one")


@pytest.mark.parametrize(("shape", "meant"), [("[-1, 3, 224, 224]", "[3, 224, 224]"), ("[?, 3, 64, 48]", "[3, 64, 48]"),
                                              ("[null, 64, 48, 3]", "[3, 64, 48]"), ("[None, 1, 8, 8]", "[1, 8, 8]")])
def test_a_batch_that_is_open_was_taken_for_channels(shape: str, meant: str) -> None:
    message, hint = finding(f"input: {shape}\nlayers: [relu]")
    assert message == f"'input' has no batch, got {shape}"
    assert hint == f"leave the batch out: {meant}"


def test_a_letter_as_the_batch_had_no_hint() -> None:
    _, hint = finding("input: [N, 3, 224, 224]\nlayers: [relu]")
    assert hint == "write a number, or a variable of vars:; there is no batch in a shape"


@pytest.mark.parametrize(("shape", "meant"), [("[1, 3, 224, 224]", "[3, 224, 224]"), ("[64, 48, 3]", "[3, 64, 48]")])
def test_the_shape_of_an_image_in_another_order_was_read_in_silence(shape: str, meant: str) -> None:
    spec = "input: {shape}\nlayers: [{{conv: {{out: 2, kernel: 1}}}}]"
    (warning,) = cnncalc.analyze(cnncalc.parse(spec.format(shape=shape))).warnings
    assert warning.code == "input-order"
    assert warning.hint == f"for an image write {meant}: channels first, no batch"
    accepted = cnncalc.analyze(cnncalc.parse("accept: [input-order]\n" + spec.format(shape=shape)))
    assert accepted.warnings == ()
    assert [found.code for found in accepted.accepted] == ["input-order"]


@pytest.mark.parametrize("shape", ["[3, 224, 224]", "[1, 16, 112, 112]", "[64, 3, 3]", "[1, 3, 8, 8]", "[40, 3]"])
def test_a_shape_that_is_meant_is_not_warned_of(shape: str) -> None:
    assert cnncalc.analyze(cnncalc.parse(f"input: {shape}\nlayers: [relu]")).warnings == ()


def test_a_variant_behind_an_at_sign_was_told_of_another_network() -> None:
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.analyze("resnet50@resnet101")
    (found,) = caught.value.diagnostics
    assert found.hint == (
        "compare alone takes NAME@VARIANT: write resnet50 --variant resnet101, in Python variant='resnet101'"
    )
    assert cnncalc.analyze("resnet50", variant="resnet101").totals.params == 44_549_160


@pytest.mark.parametrize(
    ("expression", "hint"),
    [("make_divisible(17, 8)", "write round8(x, divisor=8)"), ("_make_divisible(17, 8)", "write round8(x, divisor=8)"),
     ("int(7/2)", "write floor(x), or x // y"), ("pow(2, 3)", "write x**2"), ("rond8(3)", "did you mean 'round8'?")],
)  # fmt: skip
def test_a_function_of_a_framework_was_told_the_list_of_ours(expression: str, hint: str) -> None:
    assert finding(f'input: [3, 8, 8]\nlayers: [{{conv: {{out: "{expression}", kernel: 1}}}}]')[1] == hint
