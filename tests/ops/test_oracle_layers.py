"""Single layers against PyTorch 2.13: numbers where it gives numbers, an error where it refuses."""

from __future__ import annotations

from collections import Counter

import pytest
from oracles import LayerRecord, layers
from oracles.convert import LABEL, Kind, LayerCase, layer_case, mismatch_summary

import cnncalc

FAMILIES = sorted({record.op for record in layers()})

# PyTorch's ground for a refusal, and the code that says the same here; the last one holds for single bad values.
GROUNDS = (
    ("divisible by groups", "groups-do-not-divide"),
    ("divisible by num_groups", "groups-do-not-divide"),
    ("divisible by", "does-not-divide"),
    ("Kernel size can't be greater", "window-does-not-fit"),
    ("Output size is too sma", "window-does-not-fit"),  # the record cuts long messages off
    ("could not construct a memory descriptor", "window-does-not-fit"),
    ("only one of size or scale_factor", "conflicting-arguments"),
    ("either size or scale_factor", "missing-argument"),
    ("", "bad-argument"),
)


def _analyzed(case: LayerCase) -> cnncalc.Report:
    assert case.spec is not None
    return cnncalc.analyze(dict(case.spec))


def _wrong_numbers(record: LayerRecord, case: LayerCase) -> str | None:
    try:
        row = _analyzed(case)[LABEL]
    except cnncalc.SpecError as error:
        return f"refused: {error}"
    found = (row.out_shape, row.params, row.buffers, row.macs)
    expected = (case.out_shape, record.params, record.buffers, record.macs)
    return None if found == expected else f"(shape, params, buffers, macs) is {found}, recorded {expected}"


def _wrong_refusal(record: LayerRecord, case: LayerCase) -> str | None:
    said = record.error or record.quirk or case.reason
    ground = next(code for words, code in GROUNDS if words in said)
    try:
        row = _analyzed(case)[LABEL]
    except cnncalc.SpecError as error:
        codes = [diagnostic.code for diagnostic in error.diagnostics]
        return None if codes == [ground] else f"refused as {codes}, not {ground}: {said}"
    return f"gives {row.out_shape}, recorded: {said}"


def _wrong_shape(_: LayerRecord, case: LayerCase) -> str | None:
    try:
        row = _analyzed(case)[LABEL]
    except cnncalc.SpecError as error:
        return f"refused: {error}"
    return None if row.out_shape == case.out_shape else f"gives {row.out_shape}, not {case.out_shape}"


CHECKS = {
    Kind.NUMBERS: _wrong_numbers,
    Kind.REFUSED: _wrong_refusal,
    Kind.REFUSED_ON_PURPOSE: _wrong_refusal,
    Kind.ACCEPTED_ON_PURPOSE: _wrong_shape,
}


@pytest.mark.few
@pytest.mark.parametrize("own_names", [True, False], ids=["own_names", "torch_names"])
@pytest.mark.parametrize("family", FAMILIES)
def test_layers_agree_with_pytorch(family: str, own_names: bool) -> None:
    mismatches, total = [], 0
    for record in layers():
        if record.op != family:
            continue
        case = layer_case(record, own_names=own_names)
        if case.kind is Kind.UNWRITABLE:
            continue
        total += 1
        wrong = CHECKS[case.kind](record, case)
        if wrong:
            mismatches.append(f"{record}: {wrong}")
    assert not mismatches, mismatch_summary(family, mismatches, total)


def test_every_record_is_in_a_counted_class() -> None:
    """The record has 1,741 layers with numbers and 259 without; nothing is left out unseen."""
    cases = [layer_case(record) for record in layers()]
    assert Counter(case.kind for case in cases) == {
        Kind.NUMBERS: 1721,
        Kind.REFUSED: 197,
        Kind.REFUSED_ON_PURPOSE: 22,
        Kind.ACCEPTED_ON_PURPOSE: 16,
        Kind.UNWRITABLE: 44,
    }
    assert Counter(case.reason for case in cases if case.kind is Kind.UNWRITABLE) == {
        "in_channels contradicts the input": 17,
        "in_features contradicts the input": 10,
        "flattens the batch axis": 9,
        "num_features contradicts the input": 5,
        "num_channels contradicts the input": 1,
        "normalized_shape contradicts the input": 1,
        "the operator's rank contradicts the input": 1,
    }
    assert Counter(case.reason for case in cases if case.kind is Kind.REFUSED_ON_PURPOSE) == {
        "a negative amount is a crop": 19,
        "an empty map": 3,
    }
