"""Exported source under torchvision's names, held against state dicts that torchvision itself made."""

from __future__ import annotations

import ast
import json
import lzma
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from cnncalc import parse
from cnncalc.cli import app
from cnncalc.interop.exporting.naming import Scheme, renamed
from cnncalc.interop.exporting.torch_named import torchvision_source
from cnncalc.interop.exporting.torchvision_names import SCHEMES
from cnncalc.study import Study
from cnncalc.values.diagnostics import SpecError

if TYPE_CHECKING:
    from cnncalc.interop.exporting.source import Written

RECORDED = Path(__file__).parents[1] / "oracles" / "torchvision_keys.json.xz"
KEYS: dict[str, dict[str, list[int]]] = json.loads(lzma.decompress(RECORDED.read_bytes()))
WITHOUT = frozenset((
    "fasterrcnn_resnet50_fpn", "retinanet_resnet50_fpn", "ssd300_vgg16", "swin_b", "swin_s", "swin_t",
))  # fmt: skip
"""Networks of torchvision whose layers are not those of the spec one by one: fused projections, heads in lists."""
NAMED = sorted(KEYS.keys() - WITHOUT)


def written(name: str) -> tuple[Study, Written]:
    study = Study.of(name)
    made = torchvision_source(study.graph, network=study.spec.name or "", name=study.name, file=study.spec.file,
                              line=study.line)  # fmt: skip
    return study, made


@pytest.mark.parametrize("name", NAMED)
def test_the_names_are_torchvisions(name: str) -> None:
    study, made = written(name)
    graph = renamed(study.graph, SCHEMES[study.spec.name or ""], "torchvision", None)
    mine: dict[str, list[int]] = {}
    for node in graph.nodes:
        for tensor in node.op.tensors(node.in_shapes) or ():
            module = made.modules[node.path]
            if node.op.name == "layer_scale":
                mine[module] = [*tensor.shape, *(1 for _ in node.in_shapes[0].spatial)]
            else:
                mine[f"{module}.{tensor.name}"] = list(tensor.shape)
        if node.op.name == "batch_norm":
            mine[f"{made.modules[node.path]}.num_batches_tracked"] = []
    assert mine == KEYS[name]
    ast.parse(made.text)


def test_what_has_no_names_is_an_error(tmp_path: Path) -> None:
    for name in sorted(WITHOUT):
        with pytest.raises(SpecError, match="torchvision has no names for"):
            written(name)
    done = CliRunner().invoke(app, ["export", "torch", "yolov8n", "--names", "torchvision", "-o", str(tmp_path / "a")])
    assert isinstance(done.exception, SpecError)
    (found,) = done.exception.diagnostics
    assert (found.code, found.message) == ("not-expressible", "torchvision has no names for 'yolov8n'")
    assert all(name in (found.hint or "") for name in SCHEMES)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(("form", "names"), [("keras", "torchvision"), ("torch", "timm")])
def test_other_names_are_refused(form: str, names: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["export", form, "resnet18", "--names", names, "-o", str(tmp_path / "a")])
    assert (done.exit_code, f"there are no names of '{names}' for {form}" in done.stderr) == (2, True)


def test_a_layer_that_torchvision_has_not_is_an_error_at_its_place() -> None:
    spec = "name: alexnet\ninput: [3, 224, 224]\nlayers:\n  - conv: {out: 8, kernel: 3, act: relu}\n  - batch_norm\n"
    study = Study.of(parse(spec))
    with pytest.raises(SpecError) as caught:
        torchvision_source(study.graph, network="alexnet", name="alexnet", file="net.yaml", line=study.line)
    assert "net.yaml:5:5: error: layer 'batch_norm1' (batch_norm): it has no name in torchvision" in str(caught.value)


def test_units_are_counted_where_they_stand() -> None:
    scheme = Scheme(r"""
        (conv@)          all.#1.{0,1,2}
        (block@.@).in@   all.#1.in.{#0,,#0}
        (block@).(@)     more.+1.part\2
    """)
    paths = ("conv1", "conv1.norm", "conv1.act", "block2.0.in1", "block2.0.in1.act", "block2.0.in5", "conv2.act",
             "block3.7", "block3.8", "block9.1", "relu1")  # fmt: skip
    assert [scheme.key(path) for path in paths] == [
        "all.0.0", "all.0.1", "all.0.2", "all.1.in.0", "all.1.in.1", "all.1.in.2", "all.2.2",
        "more.1.part7", "more.1.part8", "more.2.part1", None,
    ]  # fmt: skip


SIZES = {"inception_v3": (3, 75, 75), "mc3_18": (3, 8, 32, 32), "r2plus1d_18": (3, 8, 32, 32), "r3d_18": (3, 8, 32, 32)}
FEW = ("alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "efficientnet_v2_s", "googlenet", "inception_v3",
       "mc3_18", "mnasnet0_5", "mobilenet_v2", "mobilenet_v3_small", "r2plus1d_18", "regnet_x_400mf", "regnet_y_400mf",
       "resnet18", "resnet50", "shufflenet_v2_x0_5", "squeezenet1_1", "vgg11", "vgg11_bn")  # fmt: skip


@pytest.mark.parametrize("name", FEW)
def test_torchvisions_weights_give_its_outputs(name: str) -> None:
    torch = pytest.importorskip("torch")
    models = pytest.importorskip("torchvision.models")
    from cnncalc.interop.exporting.running import loaded

    given: dict[str, Any] = {"aux_logits": False, "init_weights": False} if "ception" in name or "goog" in name else {}
    theirs = models.get_model(name, **given).eval()
    state = theirs.state_dict()
    for key, value in state.items():
        if key.endswith(("running_mean", "layer_scale")):
            value.uniform_(0.1, 0.2)
    with torch.device("meta"):
        mine = loaded(written(name)[1].text)().eval()
    mine.load_state_dict(state, assign=True)
    assert {k: list(v.shape) for k, v in mine.state_dict().items()} == KEYS[name]
    x = torch.rand(1, *SIZES.get(name, (3, 64, 64)))
    with torch.no_grad():
        torch.testing.assert_close(mine(x), theirs(x), rtol=1e-4, atol=1e-5)
