"""Pictures in detail: names on a roofline apart, a field along the main path, themes, the weight of a field."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

import cnncalc
from cnncalc.analysis import series
from cnncalc.devices import load
from cnncalc.explanation.unit import view_unit
from cnncalc.render import plot, rf
from cnncalc.render.plot_axes import THEMES

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.extra
matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.text import Annotation, Text  # noqa: E402

DEVICES = [name for name, device in load().items() if device.peak][::12]


@pytest.mark.parametrize("name", ["resnet50", "mobilenet_v2", "vgg16", "unet"])
@pytest.mark.parametrize("device", DEVICES)
def test_names_on_a_roofline_do_not_overprint(name: str, device: str) -> None:
    report = cnncalc.analyze(name)
    ax = report.plot("roofline", device=device)
    ax.figure.canvas.draw()
    names = [text for text in ax.texts if isinstance(text, Annotation) and text.arrow_patch is not None]
    boxes = [Text.get_window_extent(text) for text in names]
    boxes.append(ax.get_legend().get_window_extent())
    plt.close("all")
    assert len(boxes) > 1
    for one, other in combinations(boxes, 2):
        assert not one.overlaps(other)


def test_the_field_of_a_u_net_follows_its_main_path() -> None:
    data = series.growth(cnncalc.analyze("unet"))
    beside = [label for label, main in zip(data.labels, data.main, strict=True) if not main]
    assert beside == [f"up{k}.crop1" for k in (1, 2, 3, 4)]
    line = [size or 0 for size in data.along(data.sizes[0])]
    assert all(earlier <= later for earlier, later in pairwise(line))
    assert line[-1] == data.sizes[0][-1]


@pytest.mark.parametrize("name", ["resnet50", "googlenet", "densenet121", "mobilenet_v2"])
def test_a_main_path_is_a_path(name: str) -> None:
    report = cnncalc.analyze(name)
    data = series.growth(report)
    on = [report[label] for label, main in zip(data.labels, data.main, strict=True) if main]
    assert on[-1].path == report.summary.last_map_path
    assert all(earlier.path in later.inputs for earlier, later in pairwise(on))


@pytest.mark.parametrize("kind", ["macs", "receptive_field", "memory", "operators"])
def test_an_svg_picture_has_a_dark_theme(tmp_path: Path, kind: str) -> None:
    report = cnncalc.analyze("lenet5")
    file = tmp_path / "a.svg"
    plot.save(report, kind, str(file))
    text = file.read_text(encoding="utf-8")
    ET.fromstring(text)  # noqa: S314 - what we wrote
    (rules,) = re.findall(r"@media \(prefers-color-scheme: dark\) \{(.*?)\n  \}", text, re.DOTALL)
    painted = set(re.findall(r"(?:fill|stroke): (#[0-9a-f]{6})", text.replace(rules, "")))
    light, dark = THEMES["light"], THEMES["dark"]
    for name, colour in light.items():
        if colour in painted:
            assert f"fill: {dark[name]} !important" in rules
    assert light["paper"] in painted
    assert light["ink"] in painted
    for theme in ("light", "dark"):
        plot.save(report, kind, str(file), theme=theme)
        assert "prefers-color-scheme" not in file.read_text(encoding="utf-8")


def test_the_text_picture_shows_the_effective_field() -> None:
    view = view_unit("resnet50", "layer2", None)
    (seen,) = view.inputs
    down, across = seen.axes
    assert down.effective is not None
    assert across.effective is not None
    lines = rf.to_text(view, 80).splitlines()
    drawn = [line for line in lines if line.startswith("  ") and set(line.strip()) <= set("░▒█●") and line.strip()]
    scale = across.extent / len(drawn[0].strip())
    rows = [row for row in drawn if "█" in row]
    wide = max(row.count("█") + row.count("●") for row in rows)
    assert abs(wide * scale - across.effective.width) <= 2 * scale
    assert abs(len(rows) * 2 * scale - down.effective.width) <= 4 * scale
    assert sum("▒" in row for row in drawn) > len(rows)
    assert any("█ 95 % of the weight" in line for line in lines)
