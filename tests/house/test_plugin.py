"""A user's own operator: registered in one session, or installed as a package that announces it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import cnncalc
from cnncalc.ops import base

EXAMPLE = Path(__file__).parents[2] / "examples" / "cnncalc-blurpool"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a program that finds the example package, installed by pip into a folder of its own."""
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(EXAMPLE)]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"the example package cannot be installed here: {done.stderr.strip().splitlines()[-1:]}")
    return {**os.environ, "PYTHONPATH": str(target), "NO_COLOR": "1"}


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cnncalc", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.process
def test_an_installed_operator_counts_like_a_built_in_one(installed: dict[str, str]) -> None:
    done = run(installed, "show", str(EXAMPLE / "antialiased.yaml"), "--format", "json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    rows = {row["path"]: row for row in report["layers"]}
    blur = rows["blur_pool1"]
    # By hand: [16, 95, 63] padded by 1, 3 taps, stride 2 gives 48 x 32; nothing is learned, 9 filter values are kept;
    # 9 products and 8 additions for each of 16*48*32 outputs; the field grows from 4 to 6 and the step doubles.
    assert (blur["out_shape"], blur["params"], blur["buffers"], blur["macs"]) == ([16, 48, 32], 0, 9, 0)
    assert blur["flops"] == 17 * 16 * 48 * 32
    assert (blur["receptive_field"], blur["jump"]) == ([6, 6], [2, 2])
    assert rows["blur_pool2"]["attributes"] == {"kernel": 5, "stride": 2, "padding": "half"}


@pytest.mark.process
def test_an_installed_operator_has_located_errors(installed: dict[str, str], tmp_path: Path) -> None:
    spec = tmp_path / "typo.yaml"
    spec.write_text("input: [3, 8, 8]\nlayers:\n  - blur_pool: {kernal: 3}\n")
    done = run(installed, "show", str(spec))
    assert done.returncode == 2
    assert f"{spec}:3:17: error:" in done.stderr
    assert "did you mean 'kernel'?" in done.stderr


@pytest.mark.process
def test_an_installed_operator_is_documented(installed: dict[str, str]) -> None:
    listed = run(installed, "ops", "blur_pool")
    assert listed.returncode == 0, listed.stderr
    assert "arXiv:1904.11486" in listed.stdout
    schema = json.loads(run(installed, "schema").stdout)
    assert "blur_pool" in json.dumps(schema)


def test_an_operator_registered_in_the_session() -> None:
    class Doubled(cnncalc.Operator):
        """Twice the channels, `[C, *S] -> [2*C, *S]` (a test)."""

        def out_shape(self, x: cnncalc.Shape) -> cnncalc.Shape:
            return cnncalc.Shape((2 * x.channels, *x.spatial))

    name = "doubled_in_a_test"
    if base.find(name) is None:
        cnncalc.register(name)(Doubled)
    report = cnncalc.analyze({"input": [3, 5, 4], "layers": [name, {name: None, "as": "again"}]})
    assert [layer.out_shape for layer in report.layers] == [(6, 5, 4), (12, 5, 4)]


def test_a_built_in_operator_cannot_be_replaced() -> None:
    class Conv(cnncalc.Operator):
        """Not the real one, `[C, *S] -> [C, *S]`."""

    with pytest.raises(ValueError, match="'conv' is taken by cnncalc"):
        cnncalc.register("conv")(Conv)
