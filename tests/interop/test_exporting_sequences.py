"""Attention in parts, recurrent layers, gains and shared weights, as exported, run by other programs."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import pytest
from networks import ATTENDING

from cnncalc import analyze, parse
from cnncalc.interop.exporting.torch_source import torch_source
from cnncalc.study import Study

if TYPE_CHECKING:
    from pathlib import Path

    from cnncalc.interop.exporting.source import Written

SPECS = {
    f"attention {what}": ATTENDING.replace("WHAT", what)
    for what in ("window: [2, 3], bias: true", "window: 3", "tokens_per_group: 12", "bias: 36", "bias: true")
} | {
    "causal": "input: [8, 6]\nlayers:\n  - {linear: {out: 8, axis: channel}, as: q}\n"
              "  - {attention: {heads: 4, causal: true}, from: [q, q, q]}\n",
    "gain": "input: [4, 9]\nlayers:\n  - conv: {out: 6, kernel: 3, gain: true}\n",
    "roll": "input: [4, 9, 8]\nlayers:\n  - roll: [-2, 3]\n  - conv: {out: 2, kernel: 1}\n",
    "repeat": "input: [2, 5]\nlayers:\n  - repeat_channels: 3\n  - conv: {out: 2, kernel: 1}\n",
    "elu": "input: [2, 5]\nlayers:\n  - conv: {out: 2, kernel: 1}\n  - elu: 1\n",
    "lstm": "input: [8, 10]\nlayers:\n  - lstm: 4\n",
    "lstm both ways": "input: [8, 10]\nlayers:\n  - lstm: {hidden: 4, layers: 2, bidirectional: true}\n",
    "lstm, the last": "input: [8, 10]\nlayers:\n  - lstm: {hidden: 4, bidirectional: true, last: true}\n",
    "gru": "input: [8, 10]\nlayers:\n  - gru: {hidden: 4, layers: 3}\n",
    "gru, the last": "input: [8, 10]\nlayers:\n  - gru: {hidden: 4, last: true}\n  - linear: 3\n",
}  # fmt: skip
GATES = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2)}
"""PyTorch's gates in ONNX's order."""


def written(study: Study) -> Written:
    return torch_source(study.graph, name="net", file=None, line=study.line)


def weight(state: dict[str, Any], module: str, name: str, shape: tuple[int, ...], op: str) -> Any:
    """Return what PyTorch has for a weight of the ONNX model."""
    torch = pytest.importorskip("torch")
    if name == "bias_table":
        return state[f"{module}.table"]
    if op not in GATES:
        if f"{module}.{name}" in state:
            return state[f"{module}.{name}"]
        return state[f"{module}.parametrizations.weight.original{int(name == 'weight')}"]

    def gates(key: str) -> Any:
        parts = state[f"{module}.{key}"].chunk(len(GATES[op]))
        return torch.cat([parts[n] for n in GATES[op]])

    held = []
    for way in ("", "_reverse")[: shape[0]]:
        names = [name] if name.startswith("weight") else [f"bias_{kind}_{name[-2:]}" for kind in ("ih", "hh")]
        held.append(torch.cat([gates(f"{one}{way}") for one in names]))
    return torch.stack(held)


@pytest.mark.parametrize("name", list(SPECS))
def test_onnx_runtime_gives_what_pytorch_gives(name: str) -> None:
    torch = pytest.importorskip("torch")
    onnx = pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    from cnncalc.interop.exporting.onnx_model import onnx_model
    from cnncalc.interop.exporting.running import loaded

    study = Study.of(parse(SPECS[name]))
    source = written(study)
    net = loaded(source.text)().eval()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    state = dict(net.named_parameters())
    model = onnx_model(study.graph, name="net", file=None, zeros=True).model
    ops = {node.path: node.op.name for node in study.graph.nodes}
    for tensor in model.graph.initializer:
        if not tensor.name.startswith("constant_"):
            path, _, key = tensor.name.rpartition(".")
            value = weight(state, source.modules[path], key, tuple(tensor.dims), ops[path])
            tensor.CopyFrom(onnx.numpy_helper.from_array(value.detach().numpy().reshape(tensor.dims), tensor.name))
    x = torch.rand(1, *next(iter(study.graph.inputs.values())))
    (found,) = runtime.InferenceSession(model.SerializeToString()).run(None, {model.graph.input[0].name: x.numpy()})
    torch.testing.assert_close(torch.from_numpy(found), net(x).detach(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", list(SPECS))
def test_onnx_says_the_same_and_comes_back(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    from cnncalc.interop.exporting.onnx_model import onnx_model
    from cnncalc.matching import matched

    study = Study.of(parse(SPECS[name]))
    assert matched(study, "onnx").holds
    file = tmp_path / "net.onnx"
    file.write_bytes(onnx_model(study.graph, name="net", file=None).model.SerializeToString())
    here, there = study.report, analyze(file)
    assert (there.totals.params, there.totals.macs) == (here.totals.params, here.totals.macs)
    assert [shape for _, shape in there.outputs] == [shape for _, shape in here.outputs]


@pytest.mark.parametrize("name", list(SPECS))
def test_pytorch_says_the_same(name: str) -> None:
    pytest.importorskip("torch")
    from cnncalc.matching import matched

    assert matched(Study.of(parse(SPECS[name])), "torch").holds


SHARED = """\
input: [4, 8, 8]
blocks:
  head:
    layers:
      - {conv: {out: 6, kernel: 3, padding: 1}}
      - reshape: [6, -1]
  normed:
    layers:
      - {conv: {out: 4, kernel: 1}}
      - {batch_norm: , share: none}
layers:
  - {normed: , as: a}
  - {normed: , from: a, share: a, as: b}
  - {max_pool: 2, as: small}
  - {head: , from: a, as: h1}
  - {head: , from: small, share: h1, as: h2}
outputs: [h1, h2, b]
"""


def test_a_block_with_anothers_weights_is_called_again_or_tied() -> None:
    text = written(Study.of(parse(SHARED))).text
    ast.parse(text)
    network = text[text.index("class Net(") :]
    assert network.count("Head()") == 1
    assert network.count("self.h1(") == 2
    assert "self.b.conv1 = self.a.conv1\n" in network
    assert "len(x), 6, -1" in text


def test_shared_weights_count_once_and_move_together() -> None:
    torch = pytest.importorskip("torch")
    from cnncalc.interop.exporting.running import loaded
    from cnncalc.matching import matched

    study = Study.of(parse(SHARED))
    assert matched(study, "torch").holds
    net = loaded(written(study).text)().eval()
    assert sum(p.numel() for p in net.parameters()) == study.report.totals.params == 4 * 4 + 4 + 2 * 8 + 4 * 6 * 9 + 6
    x = torch.rand(1, 4, 8, 8)
    with torch.no_grad():
        net.a.conv1.weight.zero_()
        net.a.conv1.bias.zero_()
        _, _, b = net(x)
    assert not b.any()


MAPS = """\
inputs: {q: [8, 6, 6], k: [4, 6, 6], v: [12, 6, 6]}
layers:
  - {attention: {heads: 4, kv_heads: 2, WHAT}, from: [q, k, v]}
"""
IN_KERAS = {
    "windows": MAPS.replace("WHAT", "window: [2, 3]"), "groups": MAPS.replace("WHAT", "tokens_per_group: 12"),
    "all": MAPS.replace("WHAT", "causal: false"),
    "fewer keys": MAPS.replace("WHAT", "causal: false").replace("4, 6, 6", "4, 3, 2").replace("12, 6, 6", "12, 3, 2"),
    "lrn": "input: [8, 6, 6]\nlayers:\n  - local_response_norm: 5\n",
    "even lrn": "input: [8, 6, 6]\nlayers:\n  - local_response_norm: 4\n",
}  # fmt: skip


@pytest.mark.parametrize("name", list(IN_KERAS))
def test_keras_gives_what_pytorch_gives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    pytest.importorskip("keras")
    from cnncalc.interop.exporting.keras_source import keras_source
    from cnncalc.interop.exporting.running import loaded
    from cnncalc.matching import matched

    study = Study.of(parse(IN_KERAS[name]))
    given = [torch.rand(2, *shape) * 9 for shape in study.graph.inputs.values()]
    last = [x.permute(0, 2, 3, 1) for x in given]
    source = keras_source(study.graph, name="net", file=None, line=study.line)
    found = loaded(source.text)()(last if last[1:] else last[0])
    expected = loaded(written(study).text)()(*given)
    torch.testing.assert_close(found.permute(0, 3, 1, 2), expected, rtol=1e-3, atol=1e-4)
    assert matched(study, "keras").holds
