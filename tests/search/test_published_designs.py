"""Published tables of whole families, each from one sweep."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

import cnncalc
from cnncalc.search.sweep import Sweep

EXAMPLES = Path(__file__).parents[2] / "examples"

# tensorflow/models, research/slim/nets/mobilenet_v1.md: millions of MACs by width and input
MOBILENET_V1 = {
    1: {224: 569, 192: 418, 160: 291, 128: 186}, 0.5: {224: 150, 192: 110, 160: 77, 128: 49},
    0.75: {224: 317, 192: 233, 160: 162, 128: 104}, 0.25: {224: 41, 192: 34, 160: 21, 128: 14},
}  # fmt: skip
MOBILENET_V1_PARAMS = {1: 4.24, 0.75: 2.59, 0.5: 1.34, 0.25: 0.47}
OTHERWISE = {(0.75, 224): 325.4, (0.75, 192): 239.3, (0.75, 160): 166.4, (0.75, 128): 106.8, (0.25, 192): 30.2}
"""Where the page disagrees with the paper, which has 325 at 0.75 (arXiv:1704.04861, table 6), or with its own rule."""

# tensorflow/models, research/slim/nets/mobilenet/README.md: whole millions, rounded down; parameters without norms
MOBILENET_V2 = {
    1.4: {224: 582}, 1.3: {224: 509}, 1: {224: 300, 192: 221, 160: 154, 128: 99, 96: 56},
    0.75: {224: 209, 192: 153, 160: 107, 128: 69, 96: 39}, 0.5: {224: 97, 192: 71, 160: 50, 128: 32, 96: 18},
    0.35: {224: 59, 192: 43, 160: 30, 128: 20, 96: 11},
}  # fmt: skip
MOBILENET_V2_PARAMS = {1.4: 6.06, 1.3: 5.34, 1: 3.47, 0.75: 2.61, 0.5: 1.95, 0.35: 1.66}

# torchvision 0.28, weights' meta: num_params, and _ops in billions
EFFICIENTNET = {
    "efficientnet_b1": (7_794_184, 0.687), "efficientnet_b2": (9_109_994, 1.088),
    "efficientnet_b3": (12_233_232, 1.827), "efficientnet_b4": (19_341_616, 4.394),
    "efficientnet_b5": (30_389_784, 10.266), "efficientnet_b6": (43_040_704, 19.068),
    "efficientnet_b7": (66_347_960, 37.746),
}  # fmt: skip

# The benchmark's own API, the least and the greatest over its 15,625 cells: millions of parameters and of "FLOPs",
# which are multiply-accumulates and the additions of the last layer's biases.
NAS_BENCH_201 = {
    (10, 32): ((0.073306, 7.78305), (1.531546, 220.11969)),
    (100, 32): ((0.079156, 7.7889), (1.537396, 220.12554)),
    (120, 16): ((0.080456, 1.9534), (1.538696, 55.03756)),
}  # fmt: skip
EDGES = ("e10", "e20", "e21", "e30", "e31", "e32")


def test_the_sixteen_settings_of_mobilenet() -> None:
    rows = list(Sweep("mobilenet_v1", {"width": "1,0.75,0.5,0.25", "input": "224,192,160,128"}))
    assert len(rows) == 16
    for row in rows:
        width, size = float(row["width"]), row["input"][1]
        macs = OTHERWISE.get((width, size))
        if macs is None:
            assert round(row["macs"] / 1e6) == pytest.approx(MOBILENET_V1[width][size], abs=1)
        else:
            assert row["macs"] / 1e6 == pytest.approx(macs, abs=0.05)
        assert row["params"] / 1e6 == pytest.approx(MOBILENET_V1_PARAMS[width], abs=0.01)


def test_width_and_resolution_of_mobilenet_v2() -> None:
    rows = list(Sweep("mobilenet_v2", {"width": list(MOBILENET_V2), "input": "96,128,160,192,224"}))
    checked = 0
    for row in rows:
        width, size = float(row["width"]), row["input"][1]
        if size not in MOBILENET_V2[width]:
            continue
        assert row["macs"] // 10**6 == MOBILENET_V2[width][size]
        norms = sum(layer.params or 0 for layer in cnncalc.analyze("mobilenet_v2", variables={"width": width}).layers
                    if layer.op == "batch_norm") if size == 224 else None  # fmt: skip
        if norms is not None:
            assert (row["params"] - norms) / 1e6 == pytest.approx(MOBILENET_V2_PARAMS[width], abs=0.006)
        checked += 1
    assert checked == 22


def test_the_scaling_of_efficientnet() -> None:
    rows = list(Sweep("efficientnet_b0", {"variant": list(EFFICIENTNET)}, of=("macs", "params")))
    assert {row["variant"]: (row["params"], round(row["macs"] / 1e9, 3)) for row in rows} == EFFICIENTNET


@pytest.mark.parametrize("setting", NAS_BENCH_201)
def test_the_least_and_the_greatest_cell_of_nas_bench_201(setting: tuple[int, int]) -> None:
    classes, size = setting
    for operation, (params, flops) in zip(("0", "3"), NAS_BENCH_201[setting], strict=True):
        vary = {**dict.fromkeys(EDGES, operation), "input": [size], "classes": [classes]}
        (row,) = Sweep(EXAMPLES / "nas_bench_201.yaml", vary, of=("params", "macs"))
        assert row["params"] == round(params * 1e6)
        assert row["macs"] + classes == round(flops * 1e6)


def test_cells_of_nas_bench_201_cost_what_their_convolutions_cost() -> None:
    """Costs of a cell are those of its convolutions: 5 cells each of 16, 32 and 64 channels, norms besides."""
    (least, _), (_, _) = NAS_BENCH_201[10, 32]
    cells = dict.fromkeys(EDGES, "0..4")
    found = Sweep(EXAMPLES / "nas_bench_201.yaml", cells, of=("params", "macs"), sample=20, seed=2)
    assert found.space.size == 15_625
    for row in found:
        taps = [{2: 1, 3: 9}.get(row[edge], 0) for edge in EDGES]
        params = sum(5 * (t * c * c + 2 * c) for t, c in product(taps, (16, 32, 64)) if t)
        macs = sum(5 * t * c * c * (512 // c) ** 2 for t, c in product(taps, (16, 32, 64)))
        assert row["params"] == round(least * 1e6) + params
        assert row["macs"] == 7_783_040 + macs
