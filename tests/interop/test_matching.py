"""Specs held against models of one's own, and receptive fields against gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from cnncalc import parse
from cnncalc.cli import app
from cnncalc.interop.exporting.verifying import FieldRow, Verification
from cnncalc.matching import matched
from cnncalc.render.verdict import told
from cnncalc.study import Study
from cnncalc.testing import assert_matches

if TYPE_CHECKING:
    from pathlib import Path

NET = """\
input: [3, 20, 24]
layers:
  - conv: {out: 8, kernel: 3, stride: 2, padding: 1}
  - relu
  - max_pool: {kernel: 3, stride: 2, padding: 1}
  - {conv: {out: 16, kernel: 3, padding: 1, groups: 2}, as: c}
  - upsample: 2
  - conv: {out: 4, kernel: 5, padding: 2}
  - global_avg_pool
  - flatten
  - linear: 5
"""
HOURGLASS = """\
input: [1, 33, 40]
layers:
  - conv: {out: 2, kernel: 3, dilation: 2}
  - max_pool: 3
  - conv_transpose: {out: 2, kernel: 5, stride: 3, padding: 1}
  - avg_pool: {kernel: 2, stride: 3}
  - upsample: {scale: 3, mode: bilinear}
  - conv: {out: 1, kernel: 3, padding: same}
"""


def spec(text: str = NET) -> Any:
    return parse(text)


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def torch_net(bias: bool = True) -> Any:
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.MaxPool2d(3, 2, 1), nn.Conv2d(8, 16, 3, 1, 1, groups=2, bias=bias),
        nn.Upsample(scale_factor=2), nn.Conv2d(16, 4, 5, 1, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5),
    )  # fmt: skip


def test_a_file_matches_itself_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(NET, encoding="utf-8")
    (tmp_path / "other.yaml").write_text(NET.replace("groups: 2", "groups: 4"), encoding="utf-8")
    assert assert_matches(tmp_path / "net.yaml", str(tmp_path / "net.yaml")).totals.params == 224 + 592 + 1604 + 25
    with pytest.raises(AssertionError, match=r"c .*differs: params, macs") as caught:
        assert_matches(tmp_path / "net.yaml", str(tmp_path / "other.yaml"))
    assert "conv1" not in str(caught.value)


def test_what_is_no_model_is_said() -> None:
    with pytest.raises(ValueError, match="'int' is neither a model"):
        assert_matches(spec(), 3)


def test_a_model_of_pytorch_matches_and_stays() -> None:
    torch = pytest.importorskip("torch")
    model = torch_net()
    assert_matches(spec(), model)
    assert next(model.parameters()).device.type == "cpu"
    assert torch.is_tensor(model(torch.zeros(1, 3, 20, 24)))
    assert_matches(spec(), torch_net)
    with pytest.raises(AssertionError, match="differs: params"):
        assert_matches(spec(), torch_net(bias=False))


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_model_of_keras_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")

    def make(units: int = 5) -> Any:
        layers = keras.layers
        return keras.Sequential([
            keras.Input((20, 24, 3)), layers.ZeroPadding2D(1), layers.Conv2D(8, 3, 2), layers.ReLU(),
            layers.ZeroPadding2D(1), layers.MaxPooling2D(3, 2), layers.Conv2D(16, 3, padding="same", groups=2),
            layers.UpSampling2D(), layers.Conv2D(4, 5, padding="same"), layers.GlobalAveragePooling2D(),
            layers.Dense(units),
        ])  # fmt: skip

    assert_matches(spec(), make())
    assert_matches(spec(), make)
    with pytest.raises(AssertionError):
        assert_matches(spec(), make(6))


def test_fields_are_those_of_gradients(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "net.yaml").write_text(NET, encoding="utf-8")
    result = run("verify", tmp_path / "net.yaml", "--with", "torch", "--field")
    assert result.exit_code == 0, result.output
    assert "fields: 6 of 6 that were measured are the same there" in result.stdout


@pytest.mark.parametrize("name", ["resnet18", "lenet5", "tiny-hourglass"])
def test_fields_of_networks_are_those_of_gradients(name: str) -> None:
    pytest.importorskip("torch")
    study = Study.of(parse(HOURGLASS) if name == "tiny-hourglass" else name)
    verdict = matched(study, "torch", field=True)
    assert verdict.fields
    assert not verdict.wrong_fields


def test_a_wrong_field_is_found_and_said() -> None:
    pytest.importorskip("torch")
    from cnncalc.interop.exporting.running import loaded
    from cnncalc.interop.exporting.torch_field import measured_fields
    from cnncalc.interop.exporting.torch_source import torch_source

    other = Study.of(
        spec(
            NET.replace("kernel: 5, padding: 2", "kernel: 5, padding: 2").replace(
                "{out: 16, kernel: 3, padding: 1", "{out: 16, kernel: 3, padding: 2, dilation: 2"
            )
        )
    )
    written = torch_source(other.graph, name="net", file=None, line=other.line)
    rows = measured_fields(Study.of(spec()).graph, loaded(written.text)(), written.modules)
    wrong = [row for row in rows if row.mine != row.theirs]
    assert wrong[0].path == "c"
    text = told(Verification("PyTorch", fields=rows))
    assert f"fields: {len(rows) - len(wrong)} of {len(rows)}" in text
    assert "c at 2,3 sees" in text
    assert "the layers are equal, their fields are not" in text


def test_a_unit_that_sees_nothing_is_said() -> None:
    text = told(Verification("PyTorch", fields=[FieldRow("a", (), "input", (None,), ((0, 3),))]))
    assert "a at its only unit sees nothing of input here, 0..3 there" in text


def test_fields_are_of_pytorch_alone() -> None:
    result = run("verify", "lenet5", "--with", "onnx", "--field")
    assert result.exit_code == 2
    assert "write --with torch --field" in result.stderr
