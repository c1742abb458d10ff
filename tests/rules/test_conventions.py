"""The counting rules against the tools themselves.

`data/conventions.json` was recorded by running each tool (`versions`) on PyTorch modules and on torchvision's networks:
`layers` are single modules, `networks` whole ones with every tool, `totals` are fvcore and FlopCounterMode on 50
networks. The networks' numbers are also those that the field quotes: ResNet-50 is 4.11 G for fvcore, 4.13 G for thop.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import cnncalc
import cnncalc.api
from cnncalc.ops import operators
from cnncalc.ops.factorised import Factorised
from cnncalc.render.rules import rules
from cnncalc.rules import CONVENTIONS, convention
from cnncalc.rules.base import MACS
from cnncalc.values.shape import Shape
from cnncalc.values.work import Count, Work

RECORDED = json.loads((Path(__file__).parents[1] / "data" / "conventions.json").read_text(encoding="utf-8"))
TOOLS = ("flopcounter", "fvcore", "thop", "ptflops", "torchinfo", "calflops", "torchscan")

# Two encoder steps, a bottom, two decoder steps: what shows how tools count transposed convolutions.
SMALL_UNET = """
name: small_unet
input: [3, 224, 224]
defaults:
  conv: {kernel: 3, padding: half, act: relu}
blocks:
  double:
    params: {out: }
    layers: [conv: out, conv: out]
  up:
    inputs: [x, skip]
    params: {out: }
    layers:
      - conv_transpose: {out: out, kernel: 2, stride: 2}
      - concat: [prev, skip]
      - double: out
layers:
  - {double: 16, as: fine}
  - max_pool: 2
  - {double: 32, as: middle}
  - max_pool: 2
  - double: 64
  - {up: 32, from: [prev, middle]}
  - {up: 16, from: [prev, fine]}
  - conv: {out: 2, kernel: 1, act: none}
"""

# torchvision's LayerNorm2d and timm's norms are subclasses: hooks that go by a module's exact type pass them over.
# ptflops has a hook of its own for timm's module of attention, and MobileViT's groups of positions are a batch.
NOT_SEEN = {
    ("convnext_tiny", "ptflops"), ("convnext_tiny", "thop"),
    ("vit_tiny_patch16_224", "ptflops"), ("vit_tiny_patch16_224", "thop"),
    ("mobilevit_xxs", "ptflops"), ("mobilevit_xxs", "thop"), ("mobilevit_xxs", "torchscan"),
    ("mobilevit_xxs", "torchinfo"),
}  # fmt: skip


def spec_of(record: dict[str, Any]) -> dict[str, Any]:
    ((name, value),) = record["item"].items()
    if name in ("add", "sub", "mul", "max", "concat"):
        return {"input": record["input"], "layers": [{name: ["input"] * value}]}
    return {"input": record["input"], "layers": [{name: value}]}


def total(source: Any, rule: str, size: list[int]) -> int | None:
    return cnncalc.analyze(source, input=size, convention=rule).totals.flops


@pytest.mark.parametrize("record", RECORDED["layers"], ids=lambda r: f"{json.dumps(r['item'])}-{r['input']}")
def test_single_layers_as_the_tools_count_them(record: dict[str, Any]) -> None:
    spec = spec_of(record)
    ours = {tool: cnncalc.analyze(spec, convention=tool).layers[0].flops for tool in TOOLS}
    assert ours == {tool: record["numbers"][tool] for tool in TOOLS}


OPERATORS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "oracles" / "tools.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("record", OPERATORS, ids=lambda r: f"{json.dumps(r['item'])}-{r['code'][:40]}")
def test_products_of_activations_and_kin_as_the_tools_count_them(record: dict[str, Any]) -> None:
    names = [f"x{k}" for k in range(len(record["inputs"]))]
    layers = [{**record["item"], "from": names if len(names) > 1 else names[0]}]
    spec = {"inputs": dict(zip(names, record["inputs"], strict=True)), "layers": layers}
    ours = {tool: cnncalc.analyze(spec, convention=tool).totals.flops for tool in TOOLS}
    assert ours == record["numbers"]


@pytest.mark.few
@pytest.mark.parametrize("record", RECORDED["networks"], ids=lambda r: f"{r['network']}-{r['input'][1]}")
def test_networks_as_the_tools_count_them(record: dict[str, Any]) -> None:
    name = record["network"]
    source = cnncalc.parse(SMALL_UNET) if name == "small_unet" else name
    tools = [tool for tool in TOOLS if (name, tool) not in NOT_SEEN]
    ours = {tool: total(source, tool, record["input"]) for tool in tools}
    assert ours == {tool: record["numbers"][tool] for tool in tools}


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "mobilevit_xxs"])
def test_ptflops_counts_timms_attention_by_a_hook_of_its_own(name: str) -> None:
    """Its products, softmax and scaling, not the linear layers inside; of timm's norms only plain ones have a hook."""
    (printed,) = (row["numbers"]["ptflops"] for row in RECORDED["networks"] if row["network"] == name)
    report = cnncalc.analyze(name, convention="ptflops")
    number = report.totals.flops or 0
    for layer in report.layers:
        inside = layer.path.rpartition(".")[0].endswith((".attend", ".self_attention1")) and layer.op == "linear"
        norm = layer.op == ("layer_norm" if name.startswith("vit") else "batch_norm")
        if inside or norm:
            number -= layer.flops or 0
        if layer.op == "attention_scores":
            number += (layer.macs or 0) + layer.in_shapes[0].elements  # the queries are scaled
        elif layer.op == "attention":
            number += layer.macs or 0
        elif layer.op == "attention_softmax":
            number += layer.in_shapes[0].elements
    assert number == printed


@pytest.mark.few
@pytest.mark.parametrize("name", RECORDED["totals"])
def test_totals_of_fvcore_and_flop_counter(name: str) -> None:
    size, fvcore, counter = RECORDED["totals"][name]
    assert [total(name, "fvcore", size), total(name, "flopcounter", size)] == [fvcore, counter]


def test_terms_explain_fvcore_on_resnet50() -> None:
    # 2 x 11,113,984 BatchNorm elements; global average pooling reads 2048 x 7 x 7.
    rule = convention("fvcore")
    sums: dict[str, int] = {}
    graph, _, _ = cnncalc.api.build_graph("resnet50")
    for node in graph.nodes:
        count = node.op.count(node.in_shapes, node.out_shapes)
        for label, number in (rule.terms(count) or {}).items():
            sums[label] = sums.get(label, 0) + number
    assert sums == {
        MACS.label: 4_089_184_256,
        "2 per BatchNorm element": 22_227_968,
        "1 per input element of adaptive average pooling": 100_352,
    }


@pytest.mark.parametrize("rule", CONVENTIONS.values(), ids=lambda rule: rule.name)
def test_every_rule_says_where_it_is_from(rule: Any) -> None:
    assert rule.unit
    assert rule.source
    assert rule.summary
    assert (rule.version != "") == (rule.name not in ("exact", "2mac"))
    for entry in rule.table.values():
        assert entry.terms or entry.note, "a family that counts 0 needs a reason"


FOREIGN = ("darknet", "keras")
"""Rules of programs that know other layers than PyTorch; what they have no layer for is unknown."""


@pytest.mark.parametrize("rule", CONVENTIONS.values(), ids=lambda rule: rule.name)
def test_every_built_in_operator_has_an_entry(rule: Any) -> None:
    x = Shape((8, 14, 10))
    for cls in operators():
        if not cls.__module__.startswith("cnncalc.") or cls.name == "opaque" or issubclass(cls, Factorised):
            continue  # opaque is unknown to every rule, a factorised convolution stands for two convolutions
        if rule.name in FOREIGN:
            continue
        count = _bare(cls.name, cls.family or cls.name, x)
        assert rule.entry(count) is not None, cls.name


@pytest.mark.parametrize("name", CONVENTIONS)
def test_an_unknown_operator_is_unknown_never_zero(name: str) -> None:
    spec = {"input": [3, 8, 8], "layers": [{"opaque": [4, 8, 8]}]}
    assert cnncalc.analyze(spec, convention=name).layers[0].flops is None


@pytest.mark.parametrize("name", TOOLS)
def test_a_plug_in_without_an_entry_is_unknown_to_tools(name: str) -> None:
    assert convention(name).flops(_bare("fourier", "fourier", Shape((8, 14, 10)))) is None


def test_a_plug_in_without_an_entry_is_known_to_the_plain_rules() -> None:
    count = _bare("fourier", "fourier", Shape((8, 14, 10)))
    assert [convention(name).flops(count) for name in ("exact", "2mac", "mac")] == [7, 6, 3]


def test_exact_is_the_work() -> None:
    for record in RECORDED["layers"]:
        layer = cnncalc.analyze(spec_of(record)).layers[0]
        assert layer.work is not None
        assert layer.flops == layer.work.total


def test_mac_and_2mac_are_the_multiply_accumulates() -> None:
    macs = cnncalc.analyze("mobilenet_v3_large").totals.macs
    assert macs == 216_589_760  # torchvision's `_ops` says 0.217 G
    assert total("mobilenet_v3_large", "mac", [3, 224, 224]) == macs
    assert total("mobilenet_v3_large", "2mac", [3, 224, 224]) == 2 * macs


def test_batch_multiplies_every_rule() -> None:
    for name in CONVENTIONS:
        one = cnncalc.analyze("resnet18", convention=name).totals.flops
        three = cnncalc.analyze("resnet18", convention=name, batch=3).totals.flops
        assert one is not None
        assert three == 3 * one


def test_macs_never_depend_on_the_rule() -> None:
    macs = {cnncalc.analyze("resnet18", convention=name).totals.macs for name in CONVENTIONS}
    assert macs == {1_814_073_344}  # torchvision's `_ops` says 1.814 G


@pytest.mark.parametrize(("wrong", "right"), [("2macs", "2mac"), ("FVCore", "fvcore"), ("torch-info", "torchinfo")])
def test_a_misspelt_name_gets_a_proposal(wrong: str, right: str) -> None:
    with pytest.raises(ValueError, match=f"did you mean '{right}'") as caught:
        convention(wrong)
    assert all(name in str(caught.value) for name in CONVENTIONS)


def test_a_name_like_no_other_gets_the_list() -> None:
    with pytest.raises(ValueError, match="one of exact, 2mac, mac, calflops") as caught:
        convention("zzz")
    assert "did you mean" not in str(caught.value)


def test_a_called_layer_changes_no_number_of_ours() -> None:
    module = cnncalc.analyze({"input": [8, 8, 8], "layers": [{"relu": {}}, {"global_avg_pool": {}}]})
    called = cnncalc.analyze(
        {"input": [8, 8, 8], "layers": [{"relu": {"call": "function"}}, {"global_avg_pool": {"call": "mean"}}]}
    )
    assert called.totals == module.totals


def test_what_pytorch_has_no_number_for_is_unknown() -> None:
    # a factor per axis stops calflops with a TypeError; it cannot pad a transposed convolution on one side
    spec = {"input": [8, 8, 8], "layers": [{"upsample": {"scale": [2, 3]}}]}
    assert cnncalc.analyze(spec, convention="calflops").layers[0].flops is None
    spec = {"input": [8, 8, 8], "layers": [{"conv_transpose": {"out": 4, "kernel": 3, "stride": 2, "padding": "same"}}]}
    assert cnncalc.analyze(spec, convention="calflops").layers[0].flops is None


def _bare(op: str, family: str, x: Shape) -> Count:
    return Count(
        op=op, family=family, in_elements=x.elements, out_elements=x.elements, channels=x.channels,
        out_channels=x.channels, taps=1, macs=3, params=0, biases=0, buffers=0, bias_outputs=0, affine=False,
        weighted=False, work=Work(multiplications=4, additions=3), memory=None, in_shapes=(x,), out_shapes=(x,),
    )  # fmt: skip


def test_the_documented_rules_are_the_rules() -> None:
    page = (Path(__file__).parents[2] / "docs" / "counting.md").read_text(encoding="utf-8")
    start, end = "<!-- rules: from cnncalc.render.rules -->\n\n", "\n<!-- end of rules -->"
    assert page.partition(start)[2].partition(end)[0] == rules(), "run: python tools/renew.py counting"
