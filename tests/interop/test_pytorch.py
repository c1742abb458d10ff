"""PyTorch models against PyTorch: FlopCounterMode's count (attention by plain products), parameters, paths.

`data/torch/programs.json.xz` holds what `data/torch/record.py` recorded with torch 2.13: exported programs as plain
data and the counts; the tests marked `torch` ask an installed torch itself.
"""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

import pytest

import cnncalc
from cnncalc.graph.verify import verify
from cnncalc.interop.pytorch.export import ExportedProgram as Program
from cnncalc.interop.pytorch.export import ExportedStep as Step
from cnncalc.interop.pytorch.export import ExportedTensor as Tensor
from cnncalc.interop.pytorch.export import StateEntry, from_data, to_data
from cnncalc.interop.pytorch.walk import TorchWalk
from cnncalc.interop.writing import readable_spec
from cnncalc.language.tree import EXPANDED_MARKER
from cnncalc.values.diagnostics import Collector, SpecError

FILE = Path(__file__).parents[1] / "data" / "torch" / "programs.json.xz"
with lzma.open(FILE, "rt", encoding="utf-8") as opened:
    RECORDS: dict[str, dict[str, Any]] = json.load(opened)["models"]


UNUSED = {"inception_v3": 768 * 128 + 2 * 128 + 128 * 768 * 25 + 2 * 768 + 768 * 1000 + 1000}
"""Parameters that a model holds and its forward pass does not use: the second head, for training."""


@pytest.mark.few
@pytest.mark.parametrize("name", RECORDS)
def test_a_recorded_program_has_the_counts_of_pytorch(name: str) -> None:
    record = RECORDS[name]
    graph = TorchWalk(from_data(record["program"]), Collector()).run(["input"])
    verify(graph)
    totals = cnncalc.analyze(graph).totals
    assert (totals.macs, totals.params + UNUSED.get(name, 0)) == (record["macs"], record["params"])
    assert set(totals.lower_bounds) <= {"activations", "connections", "peak_activation"}


@pytest.mark.parametrize(
    ("name", "lines"), [("resnet18", 40), ("efficientnet_b0", 60), ("shufflenet_v2_x0_5", 60)]
)
def test_its_spec_is_short(name: str, lines: int) -> None:
    graph = TorchWalk(from_data(RECORDS[name]["program"]), Collector()).run(["input"])
    text = readable_spec(graph, name=name)
    assert not text.startswith(EXPANDED_MARKER)
    assert text.count("\n") <= lines
    assert cnncalc.analyze(cnncalc.parse(text)).totals.macs == RECORDS[name]["macs"]


def test_the_families_of_timm_are_read_as_the_page_says() -> None:
    folder = Path(__file__).parents[1]
    record = json.loads((folder / "data" / "torch" / "families.json").read_text(encoding="utf-8"))
    rows = record["models"].values()
    assert [name for name, row in record["models"].items() if row["ours"] != [row["params"], row["macs"]]] == []
    assert [name for name, row in record["models"].items() if row["bounds"]] == []
    page = (folder.parent / "docs" / "formats.md").read_text(encoding="utf-8")
    assert f"each of timm's {len(rows)} model families (timm {record['timm']}, torch 2.13.0)" in page


def test_paths_are_those_of_the_modules() -> None:
    graph = TorchWalk(from_data(RECORDS["resnet18"]["program"]), Collector()).run(["input"])
    paths = [node.path for node in graph.nodes]
    assert paths[:7] == ["conv1", "bn1", "relu", "maxpool", "layer1.0.conv1", "layer1.0.bn1", "layer1.0.relu"]
    assert paths[-3:] == ["avgpool", "flatten", "fc"]


def test_programs_are_plain_data() -> None:
    data = RECORDS["resnet18"]["program"]
    assert json.loads(json.dumps(to_data(from_data(data)))) == data


def linear(name: str, x: Tensor, w: Tensor, b: Tensor | None, out: tuple[int, ...]) -> Step:
    return Step("linear", {"input": x, "weight": w, "bias": b}, set(), [Tensor(name, out)], {0}, name, "Linear")


def test_a_bias_that_is_put_together_is_a_sum_of_its_own() -> None:
    """A linear layer 4 -> 6 whose bias is three learned numbers and three that are kept: 24 + 3, and 3 buffers."""
    x, w, q, k = Tensor("x", (1, 4)), Tensor("w", (6, 4)), Tensor("q", (3,)), Tensor("k", (3,))
    learned = {"w": StateEntry("w", 24, True, True), "q": StateEntry("q", 3, True, True)}
    stored = {**learned, "k": StateEntry("k", 3, False, True)}
    bias = Tensor("b", (6,))
    steps = [Step("cat", {"tensors": [q, k]}, set(), [bias], {0}), linear("y", x, w, bias, (1, 6))]
    graph = TorchWalk(Program([x], stored, steps, ["y"], {}), Collector()).run(["input"])
    verify(graph)
    totals = cnncalc.analyze(graph).totals
    assert [node.op.name for node in graph.nodes] == ["linear", "opaque"]
    assert (totals.params, totals.buffers, totals.macs) == (27, 3, 24)
    assert totals.work.additions == 24


def test_a_pool_whose_places_nobody_reads_is_the_pool_alone() -> None:
    """PyTorch's adaptive maximum gives the places too: 2 x 4 x 4 maxima of windows of 9, and nothing unknown."""
    x, outs = Tensor("x", (1, 2, 12, 12)), [Tensor("p:0", (1, 2, 4, 4)), Tensor("p:1", (1, 2, 4, 4))]
    given = {"self": x, "output_size": [4, 4]}
    pool = Step("adaptive_max_pool2d", given, set(), outs, {0}, "pool", "AdaptiveMaxPool2d")
    graph = TorchWalk(Program([x], {}, [pool], ["p:0"], {}), Collector()).run(["input"])
    verify(graph)
    report = cnncalc.analyze(graph)
    assert [(layer.path, layer.op) for layer in report.layers] == [("pool", "adaptive_max_pool")]
    assert report.totals.lower_bounds == ()


def test_products_that_no_input_enters_count_with_what_reads_them() -> None:
    """A table of 5 x 2 through a linear layer 2 -> 3, added to two results: 30 products, once."""
    x, table, w = Tensor("x", (1, 5, 3)), Tensor("t", (5, 2)), Tensor("w", (3, 2))
    stored = {"t": StateEntry("t", 10, False, True), "w": StateEntry("w", 6, True, True)}
    made = Tensor("p", (5, 3))
    steps = [
        linear("p", table, w, None, (5, 3)),
        Step("add", {"self": x, "other": made}, set(), [Tensor("a", (1, 5, 3))], {0}),
        Step("add", {"self": Tensor("a", (1, 5, 3)), "other": made}, set(), [Tensor("y", (1, 5, 3))], {0}),
    ]
    graph = TorchWalk(Program([x], stored, steps, ["y"], {}), Collector()).run(["input"])
    totals = cnncalc.analyze(graph).totals
    assert (totals.params, totals.buffers, totals.macs) == (6, 10, 30)
    assert [node.op.macs(node.in_shapes, node.out_shapes) for node in graph.nodes] == [30, 0]


def test_without_torch_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnncalc.interop.pytorch.find_spec", lambda _: None)
    with pytest.raises(SpecError, match="needs the package torch"):
        cnncalc.analyze("torch:somewhere:model", input="3x32x32")


@pytest.mark.parametrize("text", ["torch:", "torch:module", "torch::model"])
def test_what_names_no_model_is_an_error(text: str) -> None:
    with pytest.raises(SpecError, match=r"write torch:package\.module:factory|names no model"):
        cnncalc.analyze(text, input="3x32x32")


@pytest.mark.torch
class TestWithTorch:
    def test_a_model_with_shared_weights_and_a_branch(self) -> None:
        torch = pytest.importorskip("torch")
        nn = torch.nn

        class Net(nn.Module):  # type: ignore[misc, name-defined]
            def __init__(self) -> None:
                super().__init__()
                self.stem = nn.Conv2d(3, 8, 3, padding=1)
                self.twice = nn.Conv2d(8, 8, 3, padding=1)
                self.act = nn.SiLU()
                self.head = nn.Linear(8, 5)

            def forward(self, x: Any) -> Any:
                x = self.act(self.stem(x))
                x = x + self.act(self.twice(self.twice(x)))
                return self.head(x.mean((2, 3)))

        model = Net()
        report = cnncalc.analyze(cnncalc.from_torch(model, "3x12x10"))
        assert report.totals.params == sum(p.numel() for p in model.parameters())
        assert report.totals.macs == 120 * (8 * 27 + 2 * 8 * 72) + 40
        assert report["twice.conv2d"].shares == "twice"
        assert model.stem.weight.device.type == "cpu"

    def test_a_factory_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("torch")
        (tmp_path / "mynet.py").write_text(
            "from torch import nn\n\n\ndef small():\n    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())\n"
        )
        monkeypatch.chdir(tmp_path)
        report = cnncalc.analyze("torch:mynet:small", input="3x10x8")
        assert [(x.path, x.op) for x in report.layers] == [("0", "conv"), ("1", "relu")]
        assert report.layers[-1].out_shape == (4, 8, 6)
        with pytest.raises(SpecError, match="does not say the size"):
            cnncalc.analyze("torch:mynet:small")
        with pytest.raises(SpecError, match="gives no model"):
            cnncalc.analyze("torch:mynet:missing", input="3x10x8")
        with pytest.raises(SpecError, match="torch cannot export it"):
            cnncalc.analyze("torch:mynet:small", input="4x10x8")
