"""The pictures of a sweep: every design a point at its own numbers, the front as brute force has it, maps by design."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import cnncalc
from cnncalc.search.sweep import Sweep

if TYPE_CHECKING:
    from collections.abc import Iterator

VARY = {"width": "0.25..1:0.25", "input": "96..224:32"}


@pytest.fixture
def axes() -> Iterator[Any]:
    pytest.importorskip("matplotlib").use("agg")
    from matplotlib import pyplot as plt

    yield plt.figure().add_subplot()
    plt.close("all")


@pytest.mark.parametrize("signs", [(1, 1), (1, -1), (-1, -1)])
def test_every_design_is_a_point_and_the_front_is_that_of_brute_force(axes: Any, signs: tuple[int, int]) -> None:
    names = [("+" if sign < 0 else "") + name for name, sign in zip(("macs", "params"), signs, strict=True)]
    sweep = Sweep("mobilenet_v1", VARY)
    assert sweep.plot("front", ax=axes, x=names[0], y=names[1]) is axes
    rows = [(row["macs"], row["params"]) for row in sweep]
    (dots,), (line,) = axes.collections, axes.lines
    assert sorted(map(tuple, dots.get_offsets().tolist())) == sorted(rows)
    front = {p for p in rows if not any(
        q != p and all(s * a <= s * b for s, a, b in zip(signs, q, p, strict=True)) for q in rows)}  # fmt: skip
    assert set(zip(*line.get_data(), strict=True)) == front
    assert axes.get_xlabel() == "macs"
    texts = {text.get_text() for text in axes.texts}
    assert len(texts) == (len(front) if len(front) <= 12 else 0)


def test_a_map_has_each_design_in_its_cell(axes: Any) -> None:
    spec = {"input": [3, 16, 16], "vars": {"k": 3}, "layers": [{"conv": {"out": 4, "kernel": "k"}}]}
    Sweep(spec, {"k": "3,5,9", "input": "3x6x6,3x12x12,3x12x20"}).plot("map", ax=axes)
    (image,) = axes.images
    cells = image.get_array()
    for row, kernel in enumerate((3, 5, 9)):
        for column, shape in enumerate(([3, 6, 6], [3, 12, 12], [3, 12, 20])):
            if kernel == 9 and column == 0:
                assert cells.mask[row][column], "no network, no colour"
            else:
                macs = cnncalc.analyze(spec, input=shape, variables={"k": kernel}).totals.macs
                assert cells[row][column] == macs
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("input", "k")
    assert "none" in {text.get_text() for text in axes.texts}


@pytest.mark.parametrize(("options", "part"), [
    ({"kind": "fron"}, "did you mean 'front'"),
    ({"x": "mac"}, "did you mean 'macs'"),
    ({"kind": "map", "x": "widht"}, "did you mean 'width'"),
    ({"kind": "map", "value": "layers"}, "there is no column 'layers'"),
    ({"kind": "map", "x": "width", "y": "width"}, "twice"),
    ({"kind": "map", "z": 1}, "takes no option 'z'"),
    ({"theme": "drak"}, "did you mean 'dark'"),
])  # fmt: skip
def test_mistakes_say_what_there_is(options: dict[str, Any], part: str) -> None:
    pytest.importorskip("matplotlib").use("agg")
    with pytest.raises(ValueError, match=part):
        Sweep("mobilenet_v1", VARY).plot(**options)


def test_a_map_is_over_two_axes_and_points_are_not_millions() -> None:
    pytest.importorskip("matplotlib").use("agg")
    with pytest.raises(ValueError, match="'batch' varies too"):
        Sweep("mobilenet_v1", {**VARY, "batch": [1, 2]}).plot("map", x="width", y="input")
    with pytest.raises(ValueError, match="sample"):
        Sweep("mobilenet_v1", {"width": "0.001..1:0.001", "input": "32..332"}).plot()
