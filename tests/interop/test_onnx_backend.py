"""ONNX's own node tests, which its package makes in memory: the extents that we give are those of their results.

What a test feeds beside its first input stands in the file as a stored tensor here, as exporters write it.
"""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import pytest

from cnncalc.language.settings import Overrides
from cnncalc.values.diagnostics import Collector, SpecError

pytestmark = pytest.mark.extra
onnx = pytest.importorskip("onnx")
np = pytest.importorskip("numpy")

DEPENDS_ON_VALUES = {
    "Compress", "ImageDecoder", "NonMaxSuppression", "NonZero", "StringNormalizer", "StringSplit", "Unique",
    "Loop", "Scan",  # with results stacked round by round: not put in
}  # fmt: skip
"""Operators whose results have as many elements as the first input's values say."""
FROM_FIRST = {"BlackmanWindow", "HammingWindow", "HannWindow", "ConstantOfShape", "MelWeightMatrix", "Range"}
"""Operators whose first input is the extent of the result: it is stored as well."""


def cases() -> list[Any]:
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(collect_testcases(None))


def extents_of(value: Any) -> tuple[int, ...]:
    """Return the extents of what a case feeds or expects: an array, or a message for types that numpy lacks."""
    return tuple(value.dims) if isinstance(value, onnx.TensorProto) else tuple(np.asarray(value).shape)


def reason_to_skip(model: Any, ins: list[Any], outs: list[Any]) -> str:
    """Return why a case says nothing of extents, or nothing."""
    if not model.graph.input:
        return "nothing is fed"
    if not all(i.type.HasField("tensor_type") for i in model.graph.input):
        return "a sequence or nothing (optional) is fed"
    if not all(isinstance(x, np.ndarray | np.generic | int | float | onnx.TensorProto) for x in (*ins, *outs)):
        return "a result is a sequence or optional"
    if any(isinstance(x, np.ndarray) and x.dtype == object for x in ins):
        return "strings"
    if 0 in extents_of(ins[0]):
        return "an empty tensor is fed"
    return ""


def judged(case: Any) -> str:
    """Return "equal", why the case was skipped, or what differs after an exclamation mark."""
    from onnx import numpy_helper

    from cnncalc.interop.onnx.reading import load
    from cnncalc.interop.onnx.walk import Walk

    ins, outs = case.data_sets[0]
    reason = reason_to_skip(case.model, ins, outs)
    if reason:
        return reason
    model = load(case.model.SerializeToString(), case.name)
    feeds = list(zip(model.graph.input, ins, strict=False))
    from_first = any(case.name.startswith(f"test_{kind.lower()}") for kind in FROM_FIRST)
    for info, value in feeds if from_first else feeds[1:]:
        stored = value if isinstance(value, onnx.TensorProto) else numpy_helper.from_array(np.asarray(value))
        model.graph.initializer.add().CopyFrom(stored)
        model.graph.initializer[-1].name = info.name
    if from_first:
        model.graph.input.append(onnx.helper.make_tensor_value_info("unread", 1, [1]))
    extents = extents_of(ins[0])
    wanted = {model.graph.input[0].name: extents} if extents and not from_first else None
    walk = Walk(model, case.name, Overrides(inputs=wanted), Collector(), whole=True)
    try:
        walk.run()
    except SpecError as error:
        if "no layer depends" not in str(error):
            return f"! {error}"
    kinds = {n.op_type for n in case.model.graph.node}
    for info, value in zip(model.graph.output, outs, strict=True):
        found = walk.values[info.name]
        if found.guessed:
            return "extents depend on values" if kinds & DEPENDS_ON_VALUES else "! not known"
        if found.shape != extents_of(value):
            return f"! {found.shape}, not {extents_of(value)}"
    return "equal"


def test_the_extents_are_those_of_onnx(capsys: pytest.CaptureFixture[str]) -> None:
    found = {case.name: judged(case) for case in cases() if case.model is not None}
    tally = Counter(verdict for verdict in found.values() if not verdict.startswith("!"))
    with capsys.disabled():
        print(f"\nONNX's node tests: {dict(tally.most_common())}")  # noqa: T201 - the count is part of the result
    assert {name: verdict for name, verdict in found.items() if verdict.startswith("!")} == {}
    assert tally["equal"] > 0.85 * len(found)
