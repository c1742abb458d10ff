"""Ultralytics' model files: every module and every released model against numbers of the built models."""

from __future__ import annotations

import contextlib
import json
import random
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cnncalc import analyze
from cnncalc.api import Text
from cnncalc.cli import app
from cnncalc.interop import formats
from cnncalc.values.diagnostics import SpecError

RECORDED = json.loads((Path(__file__).parents[1] / "data" / "ultralytics.json").read_text(encoding="utf-8"))
SCALES = "scales:\n  n: [0.34, 0.5, 96]\n  x: [1.5, 1.25, 128]\n"
WHEEL = find_spec("ultralytics")

SMALL = """\
nc: 5
scales:
  n: [0.5, 0.25, 64]
  s: [1.0, 0.5, 128]
backbone:
  - [-1, 1, Conv, [32, 3, 2]]
  - [-1, 1, Conv, [64, 3, 2]]
  - [-1, 4, C2f, [64, True]]
  - [-1, 1, Conv, [128, 3, 2]]
  - [-1, 1, SPPF, [128, 5]]
head:
  - [-1, 1, nn.Upsample, [None, 2, "nearest"]]
  - [[-1, 2], 1, Concat, [1]]
  - [-1, 2, C2f, [64]]
  - [[7, 4], 1, Detect, [nc]]
"""


def text(source: str, name: str = "model.yaml") -> Text:
    return Text(source.encode(), name)


@pytest.mark.parametrize(("row", "scale", "numbers"), [(row, scale, rest) for row, scale, *rest in RECORDED["rows"]])
def test_modules(row: str, scale: str, numbers: list[Any]) -> None:
    params, buffers, macs, shape = numbers
    source = f"nc: 7\n{SCALES if scale else ''}backbone:\n  - [-1, 1, Conv, [32, 3, 2]]\n  - {row}\nhead:\n"
    report = analyze(text(source), input="3x32x32", variant=scale or None)
    assert (report.totals.params, report.totals.buffers, report.totals.macs) == (params, buffers, macs)
    assert list(report.layers[-1].out_shape) == shape


@pytest.mark.skipif(WHEEL is None, reason="the model files come with the package ultralytics")
@pytest.mark.parametrize("key", RECORDED["models"])
def test_released_models(key: str) -> None:
    assert WHEEL is not None
    assert WHEEL.origin is not None
    file, _, scale = key.partition("@")
    report = analyze(Path(WHEEL.origin).parent / "cfg" / "models" / file, variant=scale or None)
    params, buffers, macs = RECORDED["models"][key]
    assert (report.totals.params, report.totals.buffers) == (params, buffers)
    assert macs is None or report.totals.macs == macs


def test_detection_has_its_outputs() -> None:
    report = analyze(text(SMALL), input="3x64x64")
    assert [tuple(shape) for _, shape in report.outputs] == [(9, 16 * 16 + 8 * 8)]
    twice = analyze(text(f"end2end: True\n{SMALL}"), input="3x64x64")
    assert [label for label, _ in twice.outputs] == ["model.8.one2many.boxes", "model.8.one2many.scores", "model.8"]
    assert twice.totals.params > report.totals.params


def test_scale_comes_from_the_file_name_and_from_the_variant(tmp_path: Path) -> None:
    for name in ("yolov8s.yaml", "yolov8.yaml"):
        (tmp_path / name).write_text(SMALL, encoding="utf-8")
    by_name = analyze(tmp_path / "yolov8s.yaml").totals.params
    assert by_name == analyze(tmp_path / "yolov8.yaml", variant="s").totals.params
    first = analyze(tmp_path / "yolov8.yaml").totals.params
    assert first == analyze(tmp_path / "yolov8s.yaml", variant="n").totals.params
    assert by_name > first
    assert analyze(tmp_path / "yolov8.yaml", variables={"nc": 6}).totals.params > first
    with pytest.raises(ValueError, match="no variant 'q'; this spec has n, s"):
        analyze(tmp_path / "yolov8.yaml", variant="q")


def test_input_is_640_and_224_for_classes() -> None:
    assert analyze(text(SMALL)).layers[0].out_shape[1:] == (320, 320)
    classify = SMALL.split("head:", maxsplit=1)[0] + "head:\n  - [-1, 1, Classify, [nc]]\n"
    assert analyze(text(classify)).layers[0].out_shape[1:] == (112, 112)


@pytest.mark.parametrize(("before", "after", "place", "says"), [
    ("SPPF", "SPPG", "10:5", "a module that nobody here knows"),
    ("[-1, 2]", "[-1, 12]", "13:5", "reads row 12, which is not before row 6"),
    ("[-1, 4, C2f, [64, True]]", "[-1, 0, C2f, [64, True]]", "8:10", "stands 1 to"),
    ("[64, 3, 2]", "[sixty, 3, 2]", "7:5", "whole number of channels"),
    ("nc: 5", "nc: none", "1:5", "whole number of classes"),
    ("  n: [0.5, 0.25, 64]", "  n: [0.5, 0.25]", "3:6", "depth, width, most channels"),
    ("[[7, 4], 1, Detect", "[[7, 40], 1, Detect", "15:5", "reads row 40"),
    ("[-1, 1, Conv, [128, 3, 2]]", "[-1, 1, Conv]", "9:5", "a row is"),
])  # fmt: skip
def test_errors_have_their_place(before: str, after: str, place: str, says: str) -> None:
    source = SMALL.replace(before, after, 1)
    with pytest.raises(SpecError) as caught:
        analyze(text(source), input="3x64x64")
    (found,) = caught.value.diagnostics
    assert f"model.yaml:{place}: error" in caught.value.diagnostics[0].render()
    assert says in found.message


def test_command_line(tmp_path: Path) -> None:
    (tmp_path / "yolov8n.yaml").write_text(SMALL, encoding="utf-8")
    result = CliRunner().invoke(app, ["show", str(tmp_path / "yolov8n.yaml"), "--input", "3x64x64", "--format", "json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["name"] == "yolov8n"


def test_a_spec_is_not_taken_for_one() -> None:
    assert formats.find(b"input: [3, 8, 8]\nlayers:\n  - conv: {out: 8, kernel: 3}\n") is None
    assert formats.find(b"blocks:\n  head:\n    layers: []\n  backbone:\n    layers: []\n") is None


def test_mutations_end_in_one_error() -> None:
    rng = random.Random(11)  # noqa: S311 - not a secret
    data = SMALL.encode()
    for _ in range(150):
        changed = bytearray(data)
        for _ in range(rng.choice((1, 2, 4))):
            at = rng.randrange(len(changed))
            piece = rng.choice((b"9999999", b"-1", b"[", b"]", b"nc", b"None", b"\n", b""))
            changed[at : at + rng.randrange(4)] = piece
        format_ = formats.find(bytes(changed))
        if format_ is None:
            continue
        with contextlib.suppress(SpecError):
            analyze(Text(bytes(changed), "m.yaml"), input="3x64x64")
