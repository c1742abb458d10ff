"""The shipped blocks against numbers recorded from torchvision 0.28, timm 1.0.31 and ultralytics 8.4.190."""

from __future__ import annotations

import pytest

import cnncalc

RECORDED = [
    ("[64, 28, 20]", "squeeze_excite", 580, 512),
    ("[64, 28, 20]", "eca", 3, 192),
    ("[64, 28, 20]", "cbam", 612, 55_904),
    ("[64, 28, 20]", "basic: {out: 128, stride: 2}", 230_144, 32_112_640),
    ("[64, 28, 20]", "basic: 64", 73_984, 41_287_680),
    ("[64, 28, 20]", "bottleneck: {mid: 32, stride: 2}", 24_192, 4_157_440),
    ("[256, 28, 20]", "bottleneck: {mid: 128, out: 256, groups: 32}", 71_168, 39_280_640),
    ("[24, 28, 20]", "inverted_residual: 24", 8_832, 4_596_480),
    ("[24, 28, 20]", "inverted_residual: {out: 32, stride: 2}", 10_000, 2_761_920),
    ("[32, 28, 20]", "inverted_residual: {out: 16, t: 1}", 896, 448_000),
    ("[96, 14, 10]", "convnext", 79_296, 10_980_480),
    ("[64, 28, 20]", "c2f: {out: 64, n: 2, shortcut: true}", 49_664, 27_525_120),
    ("[96, 28, 20]", "c2f: 64", 31_104, 17_203_200),
    ("[96, 28, 20]", "c3: {out: 64, n: 2}", 31_232, 17_203_200),
    ("[64, 84]", "dfl", 16, 5_376),
    ("[256, 20, 14]", "sppf: 256", 164_608, 45_875_200),
    ("[512, 28, 20]", "aspp", 4_131_840, 2_238_840_832),
    ("[24, 28, 20]", "mbconv: {out: 40, kernel: 5, stride: 2}", 15_350, 3_247_488),
    ("[32, 28, 20]", "mbconv: {out: 32, t: 1}", 1_992, 735_232),
    ("[96, 50]", "self_attention: 3", 37_248, 2_323_200),
    ("[96, 50]", "vit_block: 3", 111_840, 6_009_600),
    ("[96, 28, 14]", "window_block: {heads: 3, shift: 3}", 112_347, 47_040_000),
]


def report(shape: str, item: str, more: str = "", use: str = "[std]") -> cnncalc.Report:
    text = f"cnncalc: 1\nuse: {use}\ninput: {shape}\n{more}layers:\n  - {item}\n"
    return cnncalc.analyze(cnncalc.parse(text))


@pytest.mark.parametrize(("shape", "item", "params", "macs"), RECORDED)
def test_numbers(shape: str, item: str, params: int, macs: int) -> None:
    """Parameters and multiply-accumulates are the framework's; the file's defaults change nothing."""
    for more in ("", "defaults: {conv: {norm: batch_norm, padding: 1, bias: true}}\n"):
        totals = report(shape, item, more).totals
        assert (totals.params, totals.macs) == (params, macs)


def test_norm_and_act_are_parameters() -> None:
    """Without norms a basic block has the convolutions' 73,728 weights."""
    rows = report("[64, 28, 20]", "basic: {out: 64, norm: none, act: gelu}").layers
    assert sum(row.params or 0 for row in rows) == 73_728
    assert [row.op for row in rows if row.op in ("gelu", "relu", "batch_norm")] == ["gelu", "gelu"]


def test_own_blocks_outrank_used_ones() -> None:
    """A block of the file's own by the same name is the one that is meant."""
    own = "blocks: {basic: {layers: [{conv: {out: 1, kernel: 1}}]}}\n"
    assert report("[64, 28, 20]", "basic", own).totals.params == 65


def test_a_mistake_in_a_call_is_located_at_the_call() -> None:
    """Also where it only shows inside the shipped block."""
    with pytest.raises(cnncalc.SpecError) as caught:
        report("[64, 28, 20]", "bottleneck: {mid: 32, groups: 5}")
    found = caught.value.diagnostics[0]
    assert (found.span.line, found.source) == (5, "  - bottleneck: {mid: 32, groups: 5}") if found.span else False


def test_what_cannot_be_used() -> None:
    """Another name is an error at its place."""
    with pytest.raises(cnncalc.SpecError, match=r":2:7: error: .*\[bad-use\]"):
        report("[64, 28, 20]", "relu", use="[stad]")
