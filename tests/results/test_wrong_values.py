"""Values of a wrong kind in Python: each is told what is wanted, where some were taken or failed inside."""

from __future__ import annotations

from typing import Any

import pytest

import cnncalc

SPEC = {"input": [3, 8, 8], "vars": {"w": 4}, "layers": [{"conv": {"out": "w", "kernel": 3}}]}


@pytest.mark.parametrize(("options", "words"), [
    ({"input": {9, 8, 3}}, "an input shape is a list of whole numbers, got {"),
    ({"input": b"3x9x9"}, "an input shape is a list of whole numbers, got b'3x9x9'"),
    ({"input": 9}, "an input shape is a list of whole numbers, got 9"),
    ({"variant": 3}, "there is no variant '3'; this spec has no variants"),
    ({"convention": None}, "unknown convention None"),
    ({"convention": "Exact"}, "did you mean 'exact'?"),
    ({"variables": ["w"]}, "variables are a mapping of names to values, got ['w']"),
    ({"variables": {"ww": 1}}, "did you mean 'w'?"),
    ({"dtype": "float32"}, "did you mean 'fp32'?"),
    ({"dtype": "torch.bfloat16"}, "did you mean 'bf16'?"),
    ({"dtype": "torch.int8"}, "did you mean 'int8'?"),
    ({"dtype": "FP16"}, "did you mean 'fp16'?"),
    ({"dtype": "uint8"}, "did you mean 'int8'?"),
    ({"dtype": "complex"}, "choose one of fp32, fp16, bf16, int8, int4"),
    ({"dtype": None}, "choose one of fp32"),
])  # fmt: skip
def test_an_option_of_a_wrong_kind(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the words are looked at
        cnncalc.analyze(SPEC, **options)
    assert words in str(caught.value)


@pytest.mark.parametrize("key", [0, -1, slice(0, 1), None])
def test_a_report_is_asked_for_a_layer_by_its_place(key: Any) -> None:
    with pytest.raises(TypeError, match=r"a layer is named by its path, got .*report\.layers has them in order"):
        cnncalc.analyze(SPEC)[key]


def test_a_pattern_and_a_text_that_are_none() -> None:
    none: Any = None
    with pytest.raises(TypeError, match="a layer is named by its path, got None"):
        cnncalc.analyze(SPEC).match(none)
    with pytest.raises(TypeError, match="the text of a spec is str or bytes, got NoneType"):
        cnncalc.parse(none)
