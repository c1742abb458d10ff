"""Published figures and what they counted: the claims were printed by somebody else, the source stands beside them."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

import cnncalc
from cnncalc.cli import app
from cnncalc.reconciliation.claims import parse_claim
from cnncalc.reconciliation.reconcile import reconcile
from cnncalc.reconciliation.search import Search
from cnncalc.reconciliation.verdict import coverage
from cnncalc.render.reconcile import markdown, table, to_json
from cnncalc.rules import CONVENTIONS
from cnncalc.rules.base import MACS
from cnncalc.values.diagnostics import SpecError
from cnncalc.zoo import HEADS, RELATIVES, find, folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.language.document import Spec
    from cnncalc.reconciliation.tally import Tally
    from cnncalc.reconciliation.verdict import Match, Verdict

RECORDED = json.loads((Path(__file__).parents[1] / "data" / "conventions.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True, scope="module")
def networks_of_the_zoo_are_expanded_once() -> Iterator[None]:
    """Keep what claims on one network search in: fifty expansions, each counted by every rule."""
    known: dict[tuple[str, str | None, str], Tally | None] = {}
    expanded = Search.expanded

    def kept(self: Search, source: Spec, **changes: Any) -> Tally | None:
        if source.file is None or Path(source.file).parent != folder():
            return expanded(self, source, **changes)
        key = source.file, source.variant, repr(sorted(changes.items()))
        if key not in known:
            known[key] = expanded(self, source, **changes)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Search, "expanded", kept)
        yield


def verdict(network: Any, claim: str, **options: Any) -> Verdict:
    return reconcile(network, claims=[claim], **options).verdicts[0]


def best(network: str, claim: str) -> Match:
    return verdict(network, claim).matches[0]


@pytest.mark.few
@pytest.mark.parametrize(
    ("network", "claim", "rule", "steps"),
    [
        ("resnet50", "macs=4.09G", "mac", 0),  # torchvision's `_ops`
        ("resnet50", "macs=4.11G", "fvcore", 1),  # timm's benchmark table
        ("resnet50", "flops=8.178G", "2mac", 0),  # FlopCounterMode's rule
        ("resnet50", "flops=8.211G", "calflops", 0),  # calflops
        ("resnet50", "macs=4.134G", "thop", 1),  # thop
        ("resnet50", "flops=4,111,512,576", "fvcore", 0),  # fvcore, to the digit
        ("vgg16", "macs=15.5G", "mac", 0),  # the SE paper's table has 15.47
        ("mobilenet_v1", "macs=569M", "mac", 0),  # MobileNet's paper
        ("mobilenet_v2", "macs=300M", "mac", 0),  # MobileNetV2's paper: 300.8, cut
        ("mobilenet_v2", "macs=320.3M", "ptflops", 1),  # ptflops
        ("efficientnet_b0", "flops=0.39B", "mac", 0),  # EfficientNet's paper
    ],
)
def test_the_rule_behind_a_figure(network: str, claim: str, rule: str, steps: int) -> None:
    match = best(network, claim)
    assert (match.rule, match.steps, match.network, match.variant, match.input) == (rule, steps, None, None, None)


def test_resnet50s_paper_has_the_stride_on_the_first_1x1() -> None:
    # arXiv:1512.03385, table 1: 3.8 x 10^9, which is 3.858 cut off
    match = best("resnet50", "macs=3.8G")
    assert match.network == "resnet50_v1"
    assert match.cut
    assert match.number == 3_857_973_248
    assert "first 1x1" in match.words


@pytest.mark.few
@pytest.mark.parametrize(
    ("network", "claim", "relative"),
    [
        ("resnet101", "macs=7.6G", "resnet101_v1"),  # arXiv:1512.03385, table 1
        ("resnet152", "macs=11.3G", "resnet152_v1"),  # the same
        ("resnet50_v1", "macs=4.089G", "resnet50"),  # torchvision's `_ops`
        ("alexnet", "macs=724M", "alexnet_2012"),  # convnet-burden: 724 to 727 M
    ],
)
def test_relatives_that_go_by_the_same_name(network: str, claim: str, relative: str) -> None:
    assert best(network, claim).network == relative


def test_another_resolution() -> None:
    # TF-slim's table: MobileNetV2 1.0 at 160 has 154 M
    match = best("mobilenet_v2", "macs=154M")
    assert (match.input, match.number) == ((3, 160, 160), 154_083_200)


def test_another_variant() -> None:
    # TF-slim's table: MobileNetV1 0.75 at 224 has 325 M
    match = best("mobilenet_v1", "macs=325M")
    assert (match.variant, match.number) == ("mobilenet_v1_x0_75", 325_400_448)


@pytest.mark.long
def test_a_variant_knows_its_siblings_and_the_files_own_network() -> None:
    assert best("resnet101", "macs=4.089G").variant == "resnet50"
    assert best("resnet101", "macs=11.51G").variant == "resnet152"


def test_two_operations_for_each() -> None:
    match = best("resnet50", "macs=8.27G")  # thop's 4,133,742,592 doubled
    assert (match.rule, match.factor) == ("thop", 2)
    match = best("resnet50", "macs=2.0446G")
    assert (match.rule, match.factor) == ("mac", Fraction(1, 2))


def test_a_batch() -> None:
    match = best("resnet18", "macs=58.05G")  # 32 x 1,814,073,344
    assert match.factor == 32
    assert "batch of 32" in match.words


def test_linear_layers_left_out() -> None:
    # torchvision's 15,470,264,320 less 25088*4096 + 4096*4096 + 4096*1000
    assert "without linear layers" in best("vgg16", "macs=15.35G").words


def test_bias_added() -> None:
    # ptflops' aten backend on ResNet-50: 4,089,185,256
    assert "bias" in best("resnet50", "macs=4089185256").words


@pytest.mark.parametrize(
    ("network", "claim", "words"),
    [
        ("resnet50", "params=25.6M", "all parameters"),  # torchvision: 25,557,032
        ("googlenet", "params=13.0M", "training-only head"),  # torchvision: 13,004,888 with its auxiliary classifiers
        ("inception_v3", "params=27161264", "training-only head"),  # torchvision
        ("fcn_resnet50", "params=35322218", "training-only head"),  # torchvision
        ("deeplabv3_resnet50", "params=42004074", "training-only head"),  # torchvision
        ("resnet50", "params=23.51M", "without linear layers"),  # the trunk that detectors use
    ],
)
@pytest.mark.long
def test_parameters(network: str, claim: str, words: str) -> None:
    assert words in best(network, claim).words


def test_nothing_matches_and_says_so() -> None:
    found = verdict("resnet50", "macs=9.99G")
    assert found.matches == ()
    assert found.nearest is not None
    text = table(reconcile("resnet50", claims=["macs=9.99G"]))
    assert "nothing matches" in text
    assert "nearest is input 3x331x331" in text
    assert "6.8 % less" in text


@pytest.mark.long
def test_a_match_has_as_few_differences_as_possible() -> None:
    for claim in ("macs=4.11G", "macs=3.8G", "macs=8.27G"):
        steps = {match.steps for match in verdict("resnet50", claim).matches}
        assert len(steps) == 1


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("macs=4.11G", "4105000000", "4115000000"),
        ("macs=4G", "3500000000", "4500000000"),
        ("params=25.6M", "25550000", "25650000"),
        ("flops=0.39B", "385000000", "395000000"),
        ("flops=61 k", "60500", "61500"),
        ("macs=4111512576", "4111512576", "4111512576"),
        ("macs=4,111,512,576", "4111512576", "4111512576"),
        ("macs = 1.8T", "1750000000000", "1850000000000"),
        ("flops=4.111512576G", "4111512576", "4111512576"),
        ("macs=4.11e9", "4105000000", "4115000000"),
        ("macs=4E+9", "3500000000", "4500000000"),
    ],
)
def test_a_figure_has_the_precision_it_is_written_with(text: str, low: str, high: str) -> None:
    claim = parse_claim(text)
    assert (claim.low, claim.high) == (Fraction(low), Fraction(high))


def test_cutting_is_not_rounding() -> None:
    claim = parse_claim("macs=3.8G")
    assert claim.rounds(3_849_999_999)
    assert not claim.rounds(3_857_973_248)
    assert claim.cuts(3_857_973_248)
    assert not claim.cuts(3_900_000_000)
    assert not parse_claim("macs=3857973248").cuts(3_857_973_249)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("4.11G", "written like macs=4.11G"),
        ("macs=fast", "written like 4.11G"),
        ("macs=", "written like 4.11G"),
        ("macs=-4G", "written like 4.11G"),
        ("macs=4.11", "below one thousand is whole"),
        ("macs=4e-9", "written like 4.11G"),
        ("macs=4e9G", "written like 4.11G"),
        ("macs=0", "above zero"),
        ("params=0.0M", "above zero"),
        ("mac=4G", "did you mean 'macs'"),
        ("speed=4G", "macs, flops, params"),
    ],
)
def test_what_is_no_claim(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        parse_claim(text)


@pytest.mark.parametrize("record", RECORDED["networks"], ids=lambda r: f"{r['network']}-{r['input'][1]}")
def test_the_terms_add_up_to_what_the_tools_print(record: dict[str, Any]) -> None:
    if record["network"] in ("small_unet", "convnext_tiny", "vit_tiny_patch16_224", "mobilevit_xxs"):
        pytest.skip("no network of the zoo, or one that two tools see only in part")
    result = reconcile(record["network"], input=record["input"])
    printed = {total.rule.name: total.number for total in result.rules}
    assert {tool: printed[tool] for tool in record["numbers"]} == record["numbers"]
    for total in result.rules:
        assert sum(term.number for term in total.terms) == total.number
        if total.rule.name != "exact":
            assert total.terms[0].label == MACS.label
        assert dict.fromkeys(t.label for t in total.terms).keys() == {t.label for t in total.terms}


HYBRIDS = ("vit_tiny_patch16_224", "swin_t", "mobilevit_xxs", "deeplabv3_resnet50", "efficientdet_d0")


@pytest.mark.parametrize("name", [*HYBRIDS, "recurrent"])
def test_what_a_rule_adds_and_leaves_out_is_the_whole_difference(name: str) -> None:
    product = {"matmul": {"transpose": "right"}, "from": ["prev", "prev"]}
    recurrent = {"input": [8, 20], "layers": [{"lstm": 5}, {"gru": 4}, product]}
    result = reconcile(recurrent if name == "recurrent" else name)
    for total in result.rules:
        more = sum(term.number for term in total.terms if term.label != MACS.label)
        less = sum(term.number for term in total.missed)
        assert total.number - result.macs == more - less - total.unknown_macs, total.rule.name


def test_products_of_activations_are_what_tools_with_hooks_leave_out() -> None:
    # timm's vit_tiny: 1,253,683,200 multiply-accumulates under FlopCounterMode, 178,831,872 of them in attention
    result = reconcile("vit_tiny_patch16_224", claims=["macs=1.0749G"])
    missed = {total.rule.name: [term.number for term in total.missed] for total in result.rules}
    tools = ("thop", "ptflops", "calflops", "torchinfo", "torchscan")
    assert {tool: missed[tool] for tool in tools} == {tool: [178_831_872] for tool in tools}
    assert missed["flopcounter"] == missed["fvcore"] == missed["mac"] == missed["exact"] == []
    assert "- multiply-accumulates of attention: functions are not seen" in table(result)
    assert "without those of activations with each other" in result.verdicts[0].matches[0].words


def test_batch_norm_of_resnet50_in_fvcore() -> None:
    # 2 x 11,113,984 elements
    (fvcore,) = (total for total in reconcile("resnet50").rules if total.rule.name == "fvcore")
    terms = {term.label: (term.number, term.layers) for term in fvcore.terms}
    assert terms["2 per BatchNorm element"] == (22_227_968, 53)


def test_an_unknown_layer_makes_lower_bounds_and_no_claims() -> None:
    spec = {"name": "part", "input": [3, 8, 8], "layers": [{"conv": {"out": 4, "kernel": 3}}, {"opaque": [4, 2, 2]}]}
    result = reconcile(spec, claims=["macs=3.9K", "params=112"])
    assert result.lower_bounds == ("macs", "params")
    assert all(total.unknown == ("opaque1",) for total in result.rules)
    assert all(found.matches == () and found.nearest is None for found in result.verdicts)
    text = table(result)
    assert ">= 3,888 multiply-accumulates" in text
    assert "the network has at least 3,888 multiply-accumulates" in text
    assert text.count("cannot be told") == 2


CRNN = """
name: crnn
input: [1, 32, 100]
defaults: {conv: {kernel: 3, padding: 1, act: relu}}
layers:
  - conv: 64
  - max_pool: 2
  - conv: 128
  - max_pool: 2
  - conv: 256
  - conv: 256
  - max_pool: {kernel: [2, 1]}
  - conv: {out: 512, norm: batch_norm}
  - conv: {out: 512, norm: batch_norm}
  - max_pool: {kernel: [2, 1]}
  - conv: {out: 512, kernel: 2, padding: 0}
  - reshape: [512, -1]
  - linear: {out: 37, axis: channel}
"""

CARN_M = """
name: carn-m-x4
input: [3, 180, 320]
vars: {g: 4}
defaults: {conv: {kernel: 3, padding: half, act: relu}}
layers:
  - conv: {out: 64, act: none}
  - {conv: {out: 64, groups: g}, repeat: 18}
  - {conv: {out: 64, kernel: 1}, repeat: 12}
  - conv: {out: 256, groups: g}
  - pixel_shuffle: 2
  - conv: {out: 256, groups: g}
  - pixel_shuffle: 2
  - conv: {out: 3, act: none}
"""

VIDEO = """
name: video
input: [3, 16, 224, 224]
defaults: {conv: {kernel: 3, padding: half, stride: 2}}
layers: [conv: 16, conv: 32, conv: 64]
"""

TWINS = """
name: twins
inputs: {left: [3, 64, 64], right: [3, 64, 64]}
layers:
  - {conv: {out: 8, kernel: 3, padding: half}, from: left, as: a}
  - {conv: {out: 8, kernel: 3, padding: half}, from: right, as: b}
  - add: [a, b]
"""


def test_another_width_of_a_line_of_text() -> None:
    # the fork of a text-recognition benchmark measured 1x32x200: 1,235,642,880
    match = verdict(cnncalc.parse(CRNN), "macs=1.2356G").matches[0]
    assert (match.input, match.number, match.rule) == ((1, 32, 200), 1_235_642_880, "mac")


def test_an_input_keeps_its_aspect() -> None:
    found = verdict(cnncalc.parse(CARN_M), f"macs={4 * reconcile(cnncalc.parse(CARN_M)).macs}")
    assert found.matches[0].input in {(3, 360, 640), None}
    assert {match.input for match in found.matches} <= {None, (3, 360, 640), (3, 180, 1280), (3, 720, 320)}


def test_frames_and_sides_of_a_video_change_apart() -> None:
    # k3 s2 thrice: counted at 16x112x112 -> 8.., of 256: (128, 64, 32)^2
    macs = 27 * (3 * 16 * 8 * 128**2 + 16 * 32 * 4 * 64**2 + 32 * 64 * 2 * 32**2)
    assert verdict(cnncalc.parse(VIDEO), f"macs={macs}").matches[0].input == (3, 16, 256, 256)
    macs = 27 * (3 * 16 * 16 * 112**2 + 16 * 32 * 8 * 56**2 + 32 * 64 * 4 * 28**2)
    assert (3, 32, 224, 224) in {match.input for match in verdict(cnncalc.parse(VIDEO), f"macs={macs}").matches}


def test_several_inputs_change_together() -> None:
    found = verdict(cnncalc.parse(TWINS), f"macs={2 * 27 * 8 * 96 * 96}")
    assert found.matches[0].inputs == (("left", (3, 96, 96)), ("right", (3, 96, 96)))
    assert found.matches[0].input is None
    assert "inputs left 3x96x96, right 3x96x96" in found.matches[0].words


@pytest.mark.few
@pytest.mark.parametrize("claim", [f"macs={n}G" for n in (20, 25, 30, 35, 40, 45, 55, 60, 70, 75, 80, 85, 90, 95)])
def test_an_arbitrary_figure_is_not_matched(claim: str) -> None:
    # ten of these had a reading before; each reading that is left gives few of all two-digit figures
    found = verdict(cnncalc.parse(CARN_M), claim)
    assert all(match.chance <= Fraction(1, 12) for match in found.matches)
    assert all(match.chance > Fraction(1, 12) for match in found.weak)
    assert len(found.matches) <= 1


def test_a_match_no_better_than_chance_is_called_so() -> None:
    result = reconcile("resnet50", claims=["macs=5.4G"])
    (found,) = result.verdicts
    assert found.matches == ()
    assert found.weak[0].input == (3, 256, 256)
    text = table(result)
    assert "nothing plausible" in text
    assert "~ input 3x256x256, by the rule" in text
    assert "  = " not in text
    assert run("resnet50", "--claim", "macs=5.4G")[0] == 1


def test_chance_is_the_share_of_figures_that_are_met() -> None:
    # brute force: of the 4,501 whole figures of 1,500 to 6,000 k, those within half a unit of a number
    numbers = [1_600_000, 1_600_400, 2_999_500, 5_999_900, 9_000_000]
    claim = parse_claim("macs=3.000M")
    met = sum(any(abs(n - figure) <= 500 for n in numbers) for figure in range(1_500_000, 6_000_000, 10))
    assert abs(coverage(numbers, claim, cut=False) - Fraction(met, 450_000)) < Fraction(1, 10_000)


def test_vectors_have_no_other_inputs() -> None:
    result = reconcile({"input": [10], "layers": [{"linear": 10}]}, claims=["macs=100", "macs=999"])
    assert result.verdicts[0].matches[0].rule == "mac"
    assert result.verdicts[1].matches == ()


def test_a_wrong_spec_is_a_spec_error() -> None:
    with pytest.raises(SpecError):
        reconcile({"input": [3, 8, 8], "layers": [{"conv": {"out": 4}}]})
    with pytest.raises(SpecError):
        reconcile("resnet5O")


def test_relatives_and_heads_name_networks_of_the_zoo() -> None:
    for name, relatives in RELATIVES.items():
        assert find(name), name
        assert all(find(relative) for relative, _ in relatives)
    assert all(find(name) for name in HEADS)


def test_no_number_is_cut_at_any_width() -> None:
    result = reconcile("resnet50", claims=["macs=3.8G"])
    for width in range(40, 201, 8):
        text = table(result, width=width)
        assert "\N{HORIZONTAL ELLIPSIS}" not in text, width
        for total in result.rules:
            assert f"{total.number:,}" in text, width
            assert all(f"{abs(term.number):,}" in text for term in total.terms if term.label != MACS.label), width


def test_the_table() -> None:
    lines = table(reconcile("resnet50")).splitlines()
    assert lines[0] == "resnet50, input 3x224x224: 4,089,184,256 multiply-accumulates, 25,557,032 parameters"
    row = next(i for i, line in enumerate(lines) if line.startswith("fvcore"))
    assert lines[row].split() == ["fvcore", "(0.1.5.post20221221)", "FLOPs", "4,111,512,576", "+22,328,320"]
    assert lines[row + 1].split() == ["+", "2", "per", "BatchNorm", "element", "22,227,968"]
    assert re.fullmatch(r" +\+ 1 per input element of adaptive average pooling +100,352", lines[row + 2])


def test_names_are_data() -> None:
    spec = {"name": "[red]\x1b[31m|x", "input": [3, 8, 8], "layers": [{"conv": {"out": 4, "kernel": 3}}]}
    result = reconcile(spec)
    assert "[red]\\x1b[31m|x" in table(result, colour=False)
    assert "\x1b[31m" not in table(result, colour=True)
    assert "\\[red\\]" in markdown(result)
    assert json.loads(to_json(result))["name"] == "[red]\x1b[31m|x"


def test_json_has_everything() -> None:
    data = json.loads(to_json(reconcile("resnet50", claims=["macs=3.8G", "macs=9.99G"])))
    assert [rule["rule"] for rule in data["rules"]] == list(CONVENTIONS)
    assert data["claims"][0]["matches"][0]["network"] == "resnet50_v1"
    assert data["claims"][0]["from"] == 3_750_000_000
    assert data["claims"][1]["matches"] == []
    assert data["claims"][1]["nearest"]["input"] == [3, 331, 331]


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["reconcile", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_the_command() -> None:
    code, out, err = run("resnet50", "--claim", "macs=3.8G", "--claim", "flops=8.211G")
    assert (code, err) == (0, "")
    assert "resnet50_v1" in out
    assert "by the rule calflops: 8,211,108,352" in out


def test_the_command_ends_with_1_where_nothing_matches() -> None:
    code, out, err = run("resnet50", "--claim", "macs=9.99G", "--format", "json")
    assert (code, err) == (1, "")
    assert json.loads(out)["claims"][0]["matches"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("resnet50", "--claim", "mac=3G"), "did you mean 'macs'"),
        (("resnet50", "--format", "xml"), "choose one of table, markdown, json"),
        (("resnet50", "--variant", "tiny"), "tiny"),
    ],
)
def test_a_wrong_option_ends_with_2(arguments: tuple[str, ...], message: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_output_goes_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "rules.md"
    assert run("resnet18", "--format", "markdown", "-o", str(file)) == (0, "", "")
    assert "| mac (torchvision 0.28) | FLOPs | 1,814,073,344 |" in file.read_text(encoding="utf-8")
