"""`--patches`: the first stage patch by patch, against the published patch of MobileNetV2 and by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import cnncalc
from cnncalc.analysis.patches import parts, patched
from cnncalc.cli import run
from cnncalc.study import Study

if TYPE_CHECKING:
    from cnncalc.results.patches import Patches


def split(spec: Any, asked: str, dtype: str = "int8", **options: Any) -> Patches:
    study = Study.of(spec, deploy=True, dtype=dtype, **options)
    return patched(study.graph, study.dtypes, asked)


def test_the_published_patch_of_mobilenet_v2() -> None:
    """MCUNetV2 (arXiv:2110.15352) has 4x4 patches of 75x75 up to a map of 28x28 (field 27, jump 8), and peaks of 1372
    and 172 kB: 112x112x(16+96) and 28x28x(32+192) bytes, with depthwise convolutions in place.

    The second leaves out that the shortcut of that block is alive at its last layer: 28x28x(32+192+32), which we count.
    """
    found = split("mobilenet_v2", "4x4@inverted3.0")
    assert (found.map, found.patch, found.input_patch) == ((28, 28), (7, 7), (75, 75))
    layer = next(x for x in cnncalc.analyze("mobilenet_v2", deploy=True).layers if x.path == found.layer)
    assert (layer.receptive_field, layer.jump) == ((27, 27), (8, 8))
    assert (7 - 1) * 8 + 27 == 75
    assert found.peak_whole_in_place == 112 * 112 * (16 + 96) == 1372 * 1024
    assert found.peak_in_place == 28 * 28 * (32 + 192 + 32)
    assert round(28 * 28 * (32 + 192) / 1024) == 172
    assert found.peak_stage == 35 * 35 * 96 + 17 * 17 * 96 + 28 * 28 * 32


CHAIN: dict[str, Any] = {
    "input": [2, 20],
    "layers": [
        {"conv": {"out": 4, "kernel": 3, "padding": 1, "bias": False}, "as": "a"},
        {"max_pool": 2, "as": "b"},
        {"conv": {"out": 2, "kernel": 1, "bias": False}, "as": "c"},
    ],
}


def test_a_chain_by_hand() -> None:
    """Two patches of five positions each read ten of `a`, which reads eleven of the input: the edge is padding."""
    found = split(CHAIN, "2@b")
    assert (found.patch, found.input_patch) == ((5,), (11,))
    assert found.peak_stage == max(2 * 11 + 4 * 10, 4 * 10) + 4 * 10
    assert found.peak_rest == 4 * 10 + 2 * 10
    assert found.macs == found.macs_whole == 20 * 3 * 2 * 4 + 10 * 4 * 2
    last: list[Any] = [{"conv": {"out": 1, "kernel": 3, "padding": 1}}, {"conv": {"out": 1, "kernel": 1}}]
    doubled = split({**CHAIN, "layers": [*CHAIN["layers"][:1], *last]}, "2@conv2")
    assert doubled.macs - doubled.macs_whole == 2 * 3 * 2 * 4, "each patch computes a position of the other's half anew"


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet18", "unet"])
@pytest.mark.parametrize("count", [2, 3, 5])
def test_a_patch_needs_what_its_positions_read(name: str, count: int) -> None:
    """Against sets of positions, followed back one by one."""
    graph = Study.of(name, deploy=True).graph
    cut = 8
    for part, number in zip(parts(graph, cut, 0, count), range(count), strict=True):
        extent = graph.nodes[cut].out_shapes[0].spatial[0]
        needed = {cut: set(range(number * extent // count, (number + 1) * extent // count))}
        for index in range(cut, -1, -1):
            node = graph.nodes[index]
            reaches = node.op.reach(node.in_shapes, node.out_shapes)
            for (before, _), shape, reach in zip(node.inputs, node.in_shapes, reaches, strict=True):
                read = {t for x in needed.get(index, ()) for t in reach[0].taps(x)}  # type: ignore[union-attr]
                needed.setdefault(before, set()).update(t for t in read if 0 <= t < shape.spatial[0])
        assert part.of == {k: (min(found), max(found)) for k, found in needed.items() if found}


def test_the_best_has_the_least_peak_within_the_overhead() -> None:
    spec = cnncalc.parse("cnncalc: 1\nname: net\n" + """\
input: [3, 32, 32]
defaults: {conv: {kernel: 3, padding: half, bias: false}}
layers: [{conv: {out: 16, stride: 2}}, {conv: 16}, {conv: {out: 32, stride: 2}}, {conv: {out: 8, kernel: 1}}, relu]
""")
    every = []
    for layer in ("conv1", "conv2", "conv3", "conv4"):
        for n in range(2, 9):
            try:
                every.append(split(spec, f"{n}x{n}@{layer}"))
            except ValueError:
                continue
    for asked, most in (("best", 0.25), ("best@5%", 0.05), ("best@80%", 0.8)):
        allowed = [found for found in every if found.extra <= most]
        assert (split(spec, asked).peak, split(spec, asked).macs) == min((found.peak, found.macs) for found in allowed)
    assert split(spec, "2x2").peak == min(found.peak for found in every if found.split == (2, 2))


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", "mobilenet_v2", "--patches", "4x4@inverted3.0", "--dtype", "int8", "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["patches"]["input_patch"] == [75, 75]
    assert data["deploy"] is True
    assert run(["show", "mobilenet_v2", "--patches", "4x4@inverted3.0", "--dtype", "int8"]) == 0
    assert "7x7 of the map 28x28, from 75x75 of the input" in capsys.readouterr().out


def test_the_picture(tmp_path: Any) -> None:
    pytest.importorskip("matplotlib")
    file = str(tmp_path / "p.svg")
    assert run(["plot", "lenet5", "--kind", "patches", "--patches", "2x2", "-o", file]) == 0
    assert run(["plot", "lenet5", "--kind", "macs", "--patches", "2x2", "-o", file]) == 2


@pytest.mark.parametrize(("asked", "said"), [
    ("2x2@nope", "there is no layer or block 'nope'"),
    ("2x2@inverted3.1.conv1", "is no place to put patches together"),
    ("3x3x3", "a split here has 2 numbers, as 2x2"),
    ("900x2", "no map that could be put together"),
    ("best@x", "best@10% allows"),
    ("two", "patches are written like"),
])  # fmt: skip
def test_what_cannot_be_split_is_one_line(asked: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", "mobilenet_v2", "--patches", asked]) == 2
    assert said in capsys.readouterr().err
