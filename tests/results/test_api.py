"""The library: every way in, what comes out, and what it leaves alone."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

import cnncalc
from cnncalc import zoo

ROOT = Path(__file__).parents[2]
TEXT = (
    "cnncalc: 1\nname: tiny\ninput: [3, 8, 8]\nlayers:\n  - conv: {out: 4, kernel: 3, act: relu}\n  - {max_pool: 2}\n"
)
TREE: dict[str, object] = {
    "cnncalc": 1,
    "name": "tiny",
    "input": [3, 8, 8],
    "layers": [{"conv": {"out": 4, "kernel": 3, "act": "relu"}}, {"max_pool": 2}],
}

RESNET50 = """\
cnncalc: 1
name: resnet50
source: He et al. 2015, arXiv:1512.03385
input: [3, 224, 224]
vars: {width: 64, classes: 1000}
defaults:
  conv: {bias: false, padding: half, norm: batch_norm, act: relu}
blocks:
  bottleneck:
    params: {mid: , out: 4*mid, stride: 1}
    layers:
      - add:
          body:
            - conv: {out: mid, kernel: 1}
            - conv: {out: mid, kernel: 3, stride: stride}
            - conv: {out: out, kernel: 1, act: none}
          skip:                             # an empty path is the identity
            - conv: {out: out, kernel: 1, stride: stride, act: none}
              when: stride != 1 or c_in != out
      - relu
layers:
  - conv: {out: width, kernel: 7, stride: 2}
  - max_pool: {kernel: 3, stride: 2, padding: 1}
  - {bottleneck: width, repeat: 3, as: layer1}
  - {bottleneck: 2*width, repeat: 4, first: {stride: 2}, as: layer2}
  - {bottleneck: 4*width, repeat: 6, first: {stride: 2}, as: layer3}
  - {bottleneck: 8*width, repeat: 3, first: {stride: 2}, as: layer4}
  - global_avg_pool
  - flatten
  - linear: classes
budgets: {macs: 4.1G, params: 25.6M}
"""


def python(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout


# Ways in.


def test_a_spec_comes_as_a_path_a_name_a_text_or_a_mapping(tmp_path: Path) -> None:
    file = tmp_path / "tiny.yaml"
    file.write_text(TEXT, encoding="utf-8")
    reports = [
        cnncalc.analyze(file),
        cnncalc.analyze(str(file)),
        cnncalc.analyze(cnncalc.load(file)),
        cnncalc.analyze(cnncalc.parse(TEXT)),
        cnncalc.analyze(cnncalc.parse(TEXT.encode())),
        cnncalc.analyze(cnncalc.parse(b"\xef\xbb\xbf" + TEXT.encode())),
        cnncalc.analyze(cnncalc.Spec(TREE)),
        cnncalc.analyze(TREE),
        cnncalc.analyze(MappingProxyType(TREE)),
    ]
    assert {report.file for report in reports[:3]} == {str(file)}
    assert {report.totals for report in reports} == {reports[0].totals}
    assert reports[0] == reports[1] == reports[2]
    assert reports[3] == reports[4] == reports[5]
    assert reports[6] == reports[7] == reports[8]


def test_a_mapping_has_no_lines() -> None:
    assert {(row.line, row.column) for row in cnncalc.analyze(TREE).layers} == {(None, None)}
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.analyze({**TREE, "layers": [{"conv": {"out": 4, "kernal": 3}}]})
    (finding,) = caught.value.diagnostics
    assert (finding.span, finding.to_dict()["line"], finding.hint) == (None, None, "did you mean 'kernel'?")
    assert finding.render().startswith("<spec>:1:1: error: layer 'conv1' (conv) has no argument 'kernal'")


def test_a_zoo_name_gives_the_network_and_an_existing_path_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cnncalc.load("resnet50").name == "resnet50"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "resnet50").write_text(TEXT, encoding="utf-8")
    assert cnncalc.analyze("resnet50").name == "tiny"


def test_a_variant_of_the_zoo_is_a_network_of_its_own() -> None:
    assert cnncalc.analyze("resnet101") == cnncalc.analyze(cnncalc.load("resnet101"))
    assert cnncalc.analyze("resnet101").variant == "resnet101"
    assert cnncalc.analyze("resnet101").totals == cnncalc.analyze("resnet50", variant="resnet101").totals
    assert len({entry.name for entry in zoo.entries()}) == len(zoo.entries())


def test_the_name_defaults_to_the_files_stem(tmp_path: Path) -> None:
    file = tmp_path / "my_net.yaml"
    file.write_text(TEXT.replace("name: tiny\n", ""), encoding="utf-8")
    assert cnncalc.analyze(file).name == "my_net"


@pytest.mark.parametrize("source", [None, 5, [TREE], TEXT.encode()])
def test_what_is_no_spec_at_all_is_a_type_error(source: Any) -> None:
    with pytest.raises(TypeError, match="a spec is a path"):
        cnncalc.analyze(source)


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        ({"convention": "macs"}, ("macs", "did you mean 'mac'", "exact", "fvcore")),
        ({"dtype": "fp31"}, ("fp31", "fp32", "int4")),
        ({"variant": "resnet51"}, ("resnet51", "did you mean", "resnet101")),
        ({"variables": {"widht": 1}}, ("widht", "did you mean 'width'?", "classes")),
        ({"variables": {"width": "1_0"}}, ("width", "underscores")),
        ({"variables": {"width": "relu"}}, ("width", "relu")),
        ({"variables": {"width": object()}}, ("width",)),
        ({"input": "3x"}, ("3x224x224", "3x")),
        ({"input": [3, 2.5]}, ("2.5",)),
        ({"input": [3, 0, 5]}, ("0",)),
        ({"input": {"image": [3, 8, 8]}}, ("image", "input")),
        ({"batch": 0}, ("batch", "0")),
        ({"max_layers": -1}, ("max_layers", "-1")),
    ],
)
def test_a_wrong_setting_is_a_value_error_that_names_the_right_ones(
    settings: dict[str, Any], parts: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        cnncalc.analyze("resnet50", **settings)
    assert not isinstance(caught.value, cnncalc.SpecError)
    for part in parts:
        assert part in str(caught.value)


def test_a_broken_spec_is_told_before_a_wrong_setting() -> None:
    with pytest.raises(cnncalc.SpecError):
        cnncalc.analyze(cnncalc.api.Text("input: [3, 8, 8]\nvariants: 5\nlayers: [relu]\n", "a.yaml"), variant="s")


@pytest.mark.parametrize("shape", ["3x64x32", "3,64,32", [3, 64, 32], (3, 64, 32), {"input": "3x64x32"}])
def test_forms_of_an_input_shape(shape: Any) -> None:
    assert cnncalc.analyze(TREE, input=shape).layers[0].in_shapes == ((3, 64, 32),)


# What comes out.


def test_the_report_has_exactly_the_documented_numbers() -> None:
    """The manual's example: the first 1x1 convolution of ResNet-50, worked out there by hand."""
    report = cnncalc.analyze(cnncalc.parse(RESNET50, "resnet50.yaml"))
    row = report["layer1.0.add1.body.conv1"].to_dict()
    expected = {
        "path": "layer1.0.add1.body.conv1", "op": "conv", "inputs": ["max_pool1"], "in_shapes": [[64, 56, 56]],
        "out_shape": [64, 56, 56], "out_shapes": [[64, 56, 56]], "params": 4096, "buffers": 0, "macs": 12845056,
        "flops": 25489408,
        "memory_access": {"read": 200704, "written": 200704, "weights": 4096, "bias": 0, "total": 405504},
        "bytes": 4 * 405504, "activations": 200704, "connections": 12845056, "receptive_field": [11, 11],
        "receptive_field_min": [11, 11], "receptive_field_true": [11, 11], "jump": [4, 4], "start": [-5, -5],
        "global": False, "unknown": [], "line": 14, "column": 15,
    }  # fmt: skip
    assert {key: row[key] for key in expected} == expected
    assert row["intensity"] == 25489408 / (4 * 405504)
    assert row["share_params"] == 4096 / 25557032
    assert row["share_macs"] == 12845056 / 4089184256
    totals = report.to_dict()["totals"]
    assert (totals["params"], totals["macs"]) == (25557032, 4089184256)
    summary = report.to_dict()["summary"]
    assert summary["stride"] == [32, 32]
    assert summary["last_map"] == [2048, 7, 7]
    assert summary["receptive_field"] == [427, 427]
    assert summary["depth"] == {"layers": 50, "weighted_layers": 54, "blocks": 16}
    assert report["flatten1"].to_dict()["global"] is True
    assert report["global_avg_pool1"].to_dict()["receptive_field"] == [224, 224]


def test_the_keys_of_the_report() -> None:
    data = cnncalc.analyze(cnncalc.parse(RESNET50)).to_dict()
    assert set(data) >= {
        "schema", "cnncalc", "name", "source", "file", "batch", "input", "variant", "variables", "convention", "dtype",
        "layers", "totals", "outputs", "summary", "warnings",
    }  # fmt: skip
    assert data["schema"] == 1
    assert data["cnncalc"] == cnncalc.__version__
    assert data["source"] == "He et al. 2015, arXiv:1512.03385"
    assert data["file"] is None
    assert data["batch"] == 1
    assert data["input"] == {"input": [3, 224, 224]}
    assert data["variables"] == {"width": 64, "classes": 1000}
    assert (data["variant"], data["convention"], data["dtype"]) == (None, "exact", "fp32")
    assert data["outputs"] == {"linear1": [1000]}
    assert set(data["totals"]) >= {"layers", "params", "buffers", "macs", "flops", "memory_access", "lower_bounds"}
    assert "attributes" in data["layers"][0]
    warning = cnncalc.analyze({"input": [3, 8, 8], "layers": [{"relu": {}, "as": "a"}, {"tanh": {}, "from": "input"}]})
    assert set(warning.to_dict()["warnings"][0]) >= {"code", "message", "path", "line", "column", "hint"}


def test_json_is_the_dictionary_and_integers_stay_integers() -> None:
    report = cnncalc.analyze({"input": [3, 8, 8], "layers": [{"conv": {"out": 2**62, "kernel": 3}}]})
    assert json.loads(report.to_json()) == report.to_dict()
    assert json.loads(report.to_json())["totals"]["params"] == 28 * 2**62


def test_lookup_by_path_and_by_glob() -> None:
    report = cnncalc.analyze(cnncalc.parse(RESNET50))
    assert report["layer4.2.relu1"].out_shape == (2048, 7, 7)
    assert [row.path for row in report.match("layer?.0.add1.skip.conv1")] == [
        f"layer{n}.0.add1.skip.conv1" for n in (1, 2, 3, 4)
    ]
    assert report.match("nothing.*") == ()
    with pytest.raises(KeyError):
        report["layer5"]
    assert len(report) == len(report.layers) == len(list(report))


def test_a_report_can_be_pickled_and_compares_by_value() -> None:
    report = cnncalc.analyze("googlenet")
    again = pickle.loads(pickle.dumps(report))  # noqa: S301
    assert again == report
    assert hash(again) == hash(report)
    assert again != cnncalc.analyze("googlenet", batch=2)
    assert (report == 5) is False


def test_an_error_can_be_pickled_with_all_it_carries() -> None:
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.analyze(cnncalc.parse("input: [3, 8, 8]\nlayers:\n  - relu\n  - conv: {out: 3, kernel: 99}\n"))
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert again.diagnostics == caught.value.diagnostics
    assert again.partial == caught.value.partial
    assert str(again) == str(caught.value)


def test_values_are_frozen() -> None:
    report = cnncalc.analyze(TREE)
    for value, name in ((report, "layers"), (report.totals, "params"), (report.layers[0], "params")):
        with pytest.raises(AttributeError):
            setattr(value, name, 0)


# What it leaves alone.


def test_analysing_twice_gives_equal_reports_and_changes_nothing() -> None:
    tree = json.loads(json.dumps(TREE))
    spec = cnncalc.parse(RESNET50)
    one = cnncalc.analyze(spec)
    cnncalc.analyze(spec, variables={"width": 32}, input="3x64x64", batch=4, convention="mac")
    assert cnncalc.analyze(spec) == one
    cnncalc.analyze(tree)
    assert tree == TREE


def test_threads_get_the_same_result_from_one_spec() -> None:
    spec = cnncalc.load("inception_v3")
    expected = [cnncalc.analyze(spec, batch=n + 1) for n in range(4)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: cnncalc.analyze(spec, batch=n % 4 + 1), range(16)))
    assert all(report == expected[n % 4] for n, report in enumerate(found))


@pytest.mark.process
def test_importing_loads_neither_rich_nor_typer_nor_the_interface() -> None:
    program = "import sys, cnncalc; cnncalc.analyze('lenet5').to_json(); print(*sys.modules)"
    loaded = set(python(program).split())
    assert not {"rich", "typer", "click", "cnncalc.cli", "cnncalc.render"} & loaded
    assert not {name for name in loaded if name.startswith("cnncalc.render.")}


def test_all_is_true() -> None:
    for name in cnncalc.__all__:
        assert getattr(cnncalc, name) is not None
    public = {
        name
        for name, value in vars(cnncalc).items()
        if not name.startswith("_")
        and not isinstance(value, type(sys))
        and name not in {"annotations", "TYPE_CHECKING"}
    }
    assert public <= set(cnncalc.__all__)
    assert len(set(cnncalc.__all__)) == len(cnncalc.__all__)


def test_the_zoo_is_a_mapping_of_files_to_networks() -> None:
    for entry in zoo.entries():
        found = zoo.find(entry.name)
        assert found == entry
    assert zoo.find("no_such_network") is None
    assert zoo.find("../specs/resnet50") is None
    assert isinstance(TREE, Mapping)
