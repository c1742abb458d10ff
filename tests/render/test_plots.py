"""Every plot, drawn for small, large, 1-D and partly unknown networks, and its data held against the report."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

import cnncalc
from cnncalc.analysis import series
from cnncalc.cli import run
from cnncalc.render import plot
from cnncalc.render.plot_axes import THEMES
from cnncalc.study import Study

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from cnncalc.results.report import Report

pytestmark = pytest.mark.extra
matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")

CONV = {"conv": {"out": 8, "kernel": 3}}
WAVE = {
    "cnncalc": 1,
    "name": "wave",
    "input": [1, 16000],
    "layers": [
        {"conv": {"out": 16, "kernel": 80, "stride": 4, "norm": "batch_norm", "act": "relu"}},
        {"max_pool": 4},
        {"conv": {"out": 32, "kernel": 3}},
        "global_avg_pool",
        "flatten",
        {"linear": 10},
    ],
}
MYSTERY = {"cnncalc": 1, "name": "my$tery_", "input": [3, 32, 32], "layers": [CONV, {"opaque": [8, 10, 10]}, CONV]}
LONG = {"cnncalc": 1, "name": "long", "input": [4, 64, 64], "layers": [{"conv": 4}] * 500}
REPORTS: dict[str, Report] = {
    "lenet5": cnncalc.analyze("lenet5"),
    "efficientnet_b7": cnncalc.analyze("efficientnet_b7"),
    "wave": cnncalc.analyze(WAVE),
    "mystery": cnncalc.analyze(MYSTERY),
    "long": cnncalc.analyze(LONG | {"defaults": {"conv": {"kernel": 3, "padding": "half"}}}),
}
PATCHED: dict[str, Report] = {
    "lenet5": Study.of("lenet5").with_patches("2x2"),
    "efficientnet_b7": Study.of("efficientnet_b7").with_patches("3x2"),
}
EVERY = pytest.mark.parametrize("name", REPORTS)
BOTH = pytest.mark.parametrize("theme", THEMES)
OPTIONS: dict[str, dict[str, Any]] = {"roofline": {"device": "a100"}}


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    matplotlib.pyplot.close("all")


def drawn(name: str, kind: str, **options: Any) -> Any:
    """Return the Axes of a plot, laid out and rendered."""
    report = PATCHED[name] if kind == "patches" else REPORTS[name]
    ax = report.plot(kind, **OPTIONS.get(kind, {}), **options)
    ax.figure.canvas.draw()
    return ax


def levels(ax: Any) -> list[list[float]]:
    """Return the values of every stepped line of a plot."""
    steps = [patch for patch in ax.patches if hasattr(patch, "get_data")]
    return [list(patch.get_data().values) for patch in steps]


@BOTH
@EVERY
@pytest.mark.parametrize("kind", plot.KINDS)
def test_every_plot_has_labels_that_can_be_read_and_the_colours_of_its_theme(name: str, kind: str, theme: str) -> None:
    if kind == "patches" and name not in PATCHED:
        with pytest.raises(ValueError, match="ask for them with --patches"):
            REPORTS[name].plot(kind)
        return
    ax = drawn(name, kind, theme=theme)
    report = REPORTS[name]
    assert ax.get_title(loc="left").startswith(report.name.replace("$", r"\$"))
    labels = [ax.get_xlabel(), ax.get_ylabel()]
    units = r"parameters|accumulates|FLOPs|elements|pixels|positions|per second|in %|bytes"
    assert any(re.search(units, text) for text in labels)
    assert ax.get_facecolor() == matplotlib.colors.to_rgba(THEMES[theme]["paper"])
    ink = matplotlib.colors.to_rgba(THEMES[theme]["ink"])
    ticks = [*ax.get_xticklabels(), *ax.get_yticklabels()]
    assert all(matplotlib.colors.to_rgba(text.get_color()) == ink for text in ticks)
    for names, low, high in ((ax.get_xticklabels(), "x0", "x1"), (ax.get_yticklabels(), "y0", "y1")):
        boxes = [text.get_window_extent() for text in names if text.get_text()]
        boxes.sort(key=lambda box: getattr(box, low))
        for first, second in pairwise(boxes):
            assert getattr(first, high) <= getattr(second, low) + 1, "no two names overlap"


@EVERY
@pytest.mark.parametrize("metric", series.UNITS)
@pytest.mark.parametrize("by", ["layer", "block"])
def test_bars_are_the_numbers_of_the_report(name: str, metric: str, by: str) -> None:
    report = REPORTS[name]
    ax = drawn(name, metric, by=by)
    data = series.bars(report, metric, by)
    shown: Sequence[float] = [b.get_width() if len(data.values) <= plot.HORIZONTAL_UP_TO else b.get_height()
                              for b in ax.patches if hasattr(b, "get_width")] or levels(ax)[0]  # fmt: skip
    assert list(shown) == [value or 0 for value in data.values]
    totals = report.totals
    whole = totals.memory_access.total if metric == "memory_access" else getattr(totals, metric)
    assert sum(shown) == whole
    if by == "layer":
        named = {layer.path: layer for layer in report.layers}
        for label, value in zip(data.labels, data.values, strict=True):
            layer = named[label]
            found = (layer.memory_access and layer.memory_access.total) if metric == "memory_access" else None
            assert value == (found if metric == "memory_access" else getattr(layer, metric))
    texts = [text.get_text().strip() for text in ax.texts]
    assert sum(text in {"unknown", "?"} for text in texts) == sum(value is None for value in data.values)


def test_blocks_are_those_of_the_spec() -> None:
    # Tan and Le 2019, table 1 and section 4: seven stages of 4, 7, 7, 10, 10, 13, 4 blocks at depth 3.1.
    labels = series.bars(REPORTS["efficientnet_b7"], "macs").labels
    counts = [sum(label.startswith(f"stage{stage}.") for label in labels) for stage in range(2, 9)]
    assert counts == [4, 7, 7, 10, 10, 13, 4]


@EVERY
def test_the_field_grows_as_the_report_says(name: str) -> None:
    report = REPORTS[name]
    ax = drawn(name, "receptive_field")
    maps = [layer for layer in report.layers if not layer.is_global]
    every = [float("nan") if f is None else f for f in (layer.receptive_field[0] for layer in maps)]
    main = series.main_path(maps, report.summary.last_map_path)
    expected: list[float] = []
    for value, along in zip(every, main, strict=True):
        expected.append(value if along or not expected else expected[-1])
    shown = levels(ax)[0]
    assert [a for a in shown if not math.isnan(a)] == [a for a in expected if not math.isnan(a)]
    assert len(shown) == len(expected)
    extent = report.input[0][1].spatial[0]
    assert extent in [line.get_ydata()[0] for line in ax.lines]
    assert ax.get_ylim()[1] >= extent
    assert ax.get_ylabel() == ("input pixels" if len(report.input[0][1].spatial) == 2 else "input positions")


def test_the_field_with_gates_stands_beside() -> None:
    report = REPORTS["efficientnet_b7"]
    ax = drawn("efficientnet_b7", "receptive_field")
    maps = [layer for layer in report.layers if not layer.is_global]
    assert levels(ax)[1] == [layer.receptive_field_true[0] for layer in maps]
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["receptive field", "with gates", "input size"]


def test_axes_that_differ_are_lines_of_their_own() -> None:
    report = cnncalc.analyze({"cnncalc": 1, "input": [1, 9, 30], "layers": [{"conv": {"out": 2, "kernel": [3, 5]}}]})
    ax = report.plot("receptive_field")
    assert levels(ax) == [[3], [5]]
    assert [text.get_text() for text in ax.get_legend().get_texts()][::2] == ["receptive field H", "receptive field W"]


@EVERY
def test_the_memory_profile_peaks_where_the_report_says(name: str) -> None:
    report = REPORTS[name]
    ax = drawn(name, "memory")
    peak = report.summary.peak_activation
    assert levels(ax)[0] == levels(ax)[1] == list(peak.profile)
    ((position,), (top,)) = ax.lines[0].get_data()
    assert report.layers[position].path == peak.path
    assert top == peak.elements == max(peak.profile)
    bound = ">= " if "peak_activation" in report.totals.lower_bounds else ""
    assert f"peak {bound}{peak.elements:,} elements, {peak.bytes:,} bytes as fp32" in ax.texts[0].get_text()


@EVERY
def test_shares_by_operator_add_up_to_the_whole(name: str) -> None:
    report = REPORTS[name]
    ax = drawn(name, "operators")
    groups = {group.get_label(): [bar.get_width() for bar in group] for group in ax.containers}
    assert set(groups) == {"parameters", "multiply-accumulates", "memory access"}
    for widths in groups.values():
        assert sum(widths) == pytest.approx(100)
    labels = [text.get_text() for text in ax.get_yticklabels()]
    work = sum(layer.macs or 0 for layer in report.layers if layer.op == "conv")
    shown = groups["multiply-accumulates"][labels.index("conv")]
    assert shown == pytest.approx(100 * work / report.totals.macs)


@EVERY
@pytest.mark.parametrize("device", ["a100", "stm32f746"])
def test_points_lie_on_the_roof(name: str, device: str) -> None:
    report = REPORTS[name]
    ax = report.plot("roofline", device=device)
    bounds = report.roofline(device)
    counted = [layer for layer in bounds.layers if layer.operations and layer.bytes]
    shown = [(float(x), float(y)) for group in ax.collections for x, y in group.get_offsets()]
    assert len(shown) == len(counted)
    expected = {(layer.operations / layer.bytes, layer.operations / layer.seconds)
                for layer in counted if layer.operations and layer.bytes and layer.seconds}  # fmt: skip
    for x, y in shown:
        assert any(x == pytest.approx(a) and y == pytest.approx(b) for a, b in expected)
    sizes = sorted(float(size) for group in ax.collections for size in group.get_sizes())
    most = max(layer.operations or 0 for layer in counted)
    assert sizes == pytest.approx(sorted(14 + 340 * (layer.operations or 0) / most for layer in counted))
    if bounds.ridge is not None:
        assert any(line.get_xdata()[0] == line.get_xdata()[-1] == bounds.ridge for line in ax.lines)
        assert any(f"ridge, {bounds.ridge:,.3g} operations per byte" in text.get_text() for text in ax.texts)
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert all("of the lower bound" in text for text in legend)
    assert "at least" in ax.get_title(loc="left") or ">= " in ax.get_title(loc="left")
    assert ("unknown layer" in ax.get_xlabel()) == (name == "mystery")


MEMORY_NETWORKS = ("lenet5", "unet", "efficientnet_b7")


@BOTH
@pytest.mark.parametrize("name", MEMORY_NETWORKS)
def test_live_memory_is_that_of_the_report(name: str, theme: str) -> None:
    memory = cnncalc.memory(name, batch=2)
    ax = memory.plot(theme=theme)
    shown = levels(ax)
    assert shown[0] == [layer.live for layer in memory.layers]
    assert shown[-1] == [layer.live_in_place for layer in memory.layers]
    assert f"{2 * memory.peak.elements:,} elements, {memory.peak_bytes:,} bytes" in ax.texts[0].get_text()


@pytest.mark.parametrize("kind", ["arena", "arena_in_place"])
@pytest.mark.parametrize("name", MEMORY_NETWORKS)
def test_no_two_boxes_of_an_arena_overlap(name: str, kind: str) -> None:
    memory = cnncalc.memory(name)
    arena = getattr(memory, kind)
    ax = memory.plot(kind)
    boxes = [path.get_extents() for path in ax.collections[0].get_paths()]
    assert len(boxes) == sum(bool(placement.bytes) for placement in arena.placements)
    assert max(box.y1 for box in boxes) == arena.bytes
    for index, one in enumerate(boxes):
        for other in boxes[:index]:
            apart = one.x1 <= other.x0 or other.x1 <= one.x0 or one.y1 <= other.y0 or other.y1 <= one.y0
            assert apart
    assert f"arena of {arena.bytes:,} bytes" in ax.texts[0].get_text()


def test_plots_go_on_given_axes() -> None:
    _, (left, right) = matplotlib.pyplot.subplots(1, 2)
    assert REPORTS["lenet5"].plot("params", ax=left) is left
    assert cnncalc.memory("lenet5").plot(ax=right) is right


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("mac", {}, "there is no plot 'mac'; did you mean 'macs'?"),
        ("params", {"theme": "blue"}, "there is no theme 'blue'; choose one of light, dark"),
        ("params", {"by": "operator"}, "bars are by layer or by block, got 'operator'"),
        ("memory", {"by": "layer"}, "a plot of memory takes no option 'by'"),
        ("roofline", {}, "a roofline needs a device; choose one of a100, "),
        ("roofline", {"device": "a10"}, "there is no device 'a10'; did you mean 'a100'?"),
    ],
)
def test_a_wrong_name_is_refused_with_the_right_ones(kind: str, options: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        REPORTS["lenet5"].plot(kind, **options)


def test_what_cannot_be_drawn_is_said() -> None:
    vector = cnncalc.analyze({"cnncalc": 1, "name": "vector", "input": [7], "layers": ["relu"]})
    with pytest.raises(ValueError, match="vector has a vector as input"):
        vector.plot("receptive_field")
    with pytest.raises(ValueError, match="no layer of vector has parameters"):
        vector.plot("params")
    whole = cnncalc.analyze({"cnncalc": 1, "name": "whole", "input": [7, 3, 3], "layers": ["global_avg_pool"]})
    with pytest.raises(ValueError, match="every layer of whole sees the whole input"):
        whole.plot("receptive_field")
    with pytest.raises(ValueError, match=r"there is no plot of memory 'lives'; did you mean 'live'\?"):
        cnncalc.memory("lenet5").plot("lives")


def test_a_name_is_no_formula_of_matplotlib() -> None:
    name = r"$\frac{"
    report = cnncalc.analyze({"cnncalc": 1, "name": name, "input": [1, 8, 8], "layers": [CONV]})
    ax = report.plot("params")
    ax.figure.canvas.draw()
    assert ax.get_title(loc="left").startswith(name.replace("$", r"\$"))


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_the_command_writes_a_file(tmp_path: Path, ending: str, start: bytes) -> None:
    file = tmp_path / f"plot.{ending}"
    assert run(["plot", "lenet5", "--kind", "receptive_field", "-o", str(file)]) == 0
    first = file.read_bytes()
    assert first.startswith(start)
    assert run(["plot", "lenet5", "--kind", "receptive_field", "-o", str(file)]) == 0
    assert file.read_bytes() == first, "the same plot is the same file"


def test_a_name_without_glyphs_is_written_without_a_warning(tmp_path: Path) -> None:
    report = cnncalc.analyze({"cnncalc": 1, "name": "网络", "input": [1, 8, 8], "layers": [CONV]})
    plot.save(report, "macs", str(tmp_path / "plot.png"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--kind", "nope", "-o", "x.png"], "there is no plot 'nope'"),
        (["-o", "x.gif"], "a plot is written as .png, .svg, .pdf, got 'x.gif'"),
        (["-o", "plot"], "a plot is written as .png, .svg, .pdf, got 'plot'"),
        (["-o", "missing/x.png"], "cannot write 'missing/x.png': No such file or directory"),
        (["--kind", "memory", "--by", "layer", "-o", "x.png"], "a plot of memory takes no option 'by'"),
        (["--kind", "roofline", "-o", "x.png"], "a roofline needs a device"),
        (["--kind", "roofline", "--device", "a10", "-o", "x.png"], "there is no device 'a10'; did you mean 'a100'?"),
        (["--theme", "pink", "-o", "x.png"], "there is no theme 'pink'"),
        ([], "missing option '--output' / '-o'"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["plot", "lenet5", *arguments]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert message in err.splitlines()[0]
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


@pytest.mark.process
def test_without_matplotlib_the_command_names_the_extra(tmp_path: Path) -> None:
    program = f"""
import sys
sys.modules["matplotlib"] = None
from cnncalc.cli import run
sys.exit(run(["plot", "lenet5", "-o", {str(tmp_path / "x.png")!r}]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: matplotlib is not installed; pip install 'cnncalc[plot]'\n"
