"""Drawings: nothing overlaps, no line runs through a box, every layer is in one box, the same bytes each time."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from share import part

import cnncalc
from cnncalc.cli import run
from cnncalc.drawing.layout import DIRECTIONS, Layout, Rectangle, layout
from cnncalc.drawing.mermaid import MOST_CHARACTERS, MOST_EDGES
from cnncalc.drawing.picture import SUFFIXES
from cnncalc.drawing.scene import BlockFrame, Box, Edge, Scene, scene
from cnncalc.results.arguments import Argument
from cnncalc.values.shape import Shape

if TYPE_CHECKING:
    from cnncalc.results.report import Report

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.yaml"))
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</title><script>alert(1)</script>\"'&]]>"


def report_of(text: str) -> Report:
    return cnncalc.analyze(cnncalc.parse(f"cnncalc: 1\n{text}"))


RESIDUAL = report_of("""
input: [8, 16, 16]
blocks:
  unit:
    layers:
      - add:
          body:
            - conv: {out: 8, kernel: 3, padding: half, norm: batch_norm, act: relu}
            - conv: {out: 8, kernel: 3, padding: half}
          skip: []
layers:
  - {unit: , repeat: 5, as: stage}
  - global_avg_pool
  - flatten
  - linear: 10
""")


def parsed(svg: str) -> ET.Element:
    """Return the picture as XML."""
    return ET.fromstring(svg)  # noqa: S314 - our own


def random_scene(seed: int) -> Scene:
    """Return boxes in order with edges between them, dense or sparse, near or far, and some frames."""
    draw = random.Random(seed)  # noqa: S311
    count, density, far = draw.randint(2, 70), draw.choice((0.05, 0.2, 0.5)), draw.choice((3, 10, 70))
    made = Scene("random", RESIDUAL)
    for number in range(count):
        shape = Shape(draw.randint(1, 99) for _ in range(draw.choice((2, 3, 3))))
        kind = draw.choice(("block", "block", "output")) if number else "input"
        made.boxes.append(Box(kind=kind, path=f"b{number}" + "x" * draw.randint(0, 30), shape=shape))
    for target in range(1, count):
        sources = {target - 1 if draw.random() < 0.7 else draw.randint(max(0, target - far), target - 1)}
        while draw.random() < density:
            sources.add(draw.randint(max(0, target - far), target - 1))
        if draw.random() < 0.03:
            sources = set()
        made.edges.extend(Edge(source, target, made.boxes[source].shape or Shape((1,))) for source in sorted(sources))
    for level in range(draw.randint(0, 3)):
        start = draw.randint(0, count - 1)
        made.frames.append(BlockFrame(start, min(count, start + draw.randint(1, 8)), "f", 2, level))
    return made


def problems(made: Layout) -> list[str]:
    """Return what is wrong with a picture, by comparing everything with everything."""
    found = []
    for (one, here), (other, there) in combinations(enumerate(made.places), 2):
        if min(here.right, there.right) - max(here.x, there.x) > 0 < min(here.bottom, there.bottom) - max(
            here.y, there.y
        ):
            found.append(f"boxes {one} and {other} overlap")
    for number, path in enumerate(made.paths):
        edge = made.scene.edges[number]
        if not on_border(path[0], made.places[edge.source]) or not on_border(path[-1], made.places[edge.target]):
            found.append(f"edge {number} does not lead from its source to its target")
        for (x0, y0), (x1, y1) in pairwise(path):
            if abs(x0 - x1) > 0.01 and abs(y0 - y1) > 0.01:
                found.append(f"edge {number} is slanted")
            for box, place in enumerate(made.places):
                if (min(x0, x1) < place.right - 0.01 and max(x0, x1) > place.x + 0.01
                        and min(y0, y1) < place.bottom - 0.01 and max(y0, y1) > place.y + 0.01):  # fmt: skip
                    found.append(f"edge {number} runs through box {box}")
    corners = [corner for place in made.places for corner in ((place.x, place.y), (place.right, place.bottom))]
    everywhere = [*corners, *(point for path in made.paths for point in path)]
    outside = any(not 0 <= x <= made.width or not 0 <= y <= made.height for x, y in everywhere)
    return [*found, "something is outside"] if outside else found


def on_border(point: tuple[float, float], place: Rectangle) -> bool:
    x, y = point
    inside = place.x - 0.01 <= x <= place.right + 0.01 and place.y - 0.01 <= y <= place.bottom + 0.01
    near = min(abs(x - place.x), abs(x - place.right), abs(y - place.y), abs(y - place.bottom)) < 0.01
    return inside and near


@pytest.mark.parametrize("start", range(0, 300, 50))
def test_random_graphs_have_no_overlaps_and_no_lines_through_boxes(start: int) -> None:
    for seed in range(start, start + part(50)):
        made = random_scene(seed)
        for direction in DIRECTIONS:
            assert not problems(layout(made, direction)), (seed, direction)


@pytest.mark.few
@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_the_zoo_is_drawn_whole_and_without_overlaps(spec: Path) -> None:
    report = cnncalc.analyze(spec)
    for options in ({}, {"depth": 1}) if len(report.layers) > 250 else ({}, {"depth": 1}, {"whole": True}):
        made = scene(report, **options)
        drawn = [layer.path for box in made.boxes for layer in box.layers]
        assert sorted(drawn) == sorted(layer.path for layer in report.layers)
        assert sum(box.total("macs") or 0 for box in made.boxes) == report.totals.macs
        assert all(edge.source < edge.target for edge in made.edges)
        read = {edge.target for edge in made.edges}
        assert all(number in read for number, box in enumerate(made.boxes) if box.kind != "input")
        assert not problems(layout(made)), options


def test_a_layer_is_followed_by_its_norm_and_its_activation_in_one_box() -> None:
    """ResNet-50: stem, pool, four stages of a first block (3 + 1 convolutions, add) and a repeated one (3, add)."""
    made = scene(cnncalc.analyze("resnet50"))
    assert [box.kind for box in made.boxes].count("layer") == 1 + 1 + 4 * (5 + 4) + 1 + 1
    assert [frame.times for frame in made.frames] == [1, 2, 1, 3, 1, 5, 1, 2]
    assert [frame.label for frame in made.frames][:2] == ["layer1.0", "layer1.1-2"]
    assert len(scene(cnncalc.analyze("resnet50"), whole=True).boxes) == 175 + 2


def test_a_repeated_block_is_drawn_once_with_the_work_of_all() -> None:
    made = scene(RESIDUAL)
    assert [(frame.label, frame.times) for frame in made.frames] == [("stage.0-4", 5)]
    convs = [box for box in made.boxes if box.group == "convolution"]
    assert [box.total("macs") for box in convs] == [5 * 8 * 8 * 9 * 16 * 16] * 2
    folded = scene(RESIDUAL, 1).boxes[1]
    assert (folded.kind, folded.path, folded.times, len(folded.layers)) == ("block", "stage.0-4", 5, 25)


def test_what_differs_is_not_drawn_as_a_repetition() -> None:
    report = report_of("""
input: [4, 9, 9]
blocks:
  unit:
    params: {k: }
    layers:
      - {conv: {out: 4, kernel: k, padding: half}}
      - {max_pool: {kernel: 3, stride: 1, padding: 1}}
      - {conv: {out: 4, kernel: 1}}
layers: [{unit: 3}, {unit: 5}, {unit: 3}]
""")
    assert [frame.times for frame in scene(report).frames] == [1, 1, 1]


def test_a_tensor_read_from_inside_a_repetition_forbids_it() -> None:
    report = report_of("""
input: [4, 9, 9]
layers:
  - {conv: {out: 4, kernel: 1}, as: a}
  - {conv: {out: 4, kernel: 1}, as: b}
  - {conv: {out: 4, kernel: 1}, as: c}
  - {add: [c, a]}
""")
    assert [box.times for box in scene(report).boxes if box.head and box.head.op == "conv"] == [1, 1, 1]


def test_the_paths_of_a_merge_stand_side_by_side_in_the_order_of_the_spec() -> None:
    report = report_of("""
input: [4, 9, 9]
layers:
  - concat:
      first: [{conv: {out: 4, kernel: 1}}]
      second: [{conv: {out: 4, kernel: 1}}, {conv: {out: 4, kernel: 3, padding: 1}}]
      third: [{max_pool: {kernel: 3, stride: 1, padding: 1}}]
""")
    made = layout(scene(report))
    x = {box.path.split(".")[1]: place.x for box, place in zip(made.scene.boxes, made.places, strict=True)
         if box.path.count(".") == 2}  # fmt: skip
    assert x["first"] < x["second"] < x["third"]


def test_a_u_is_drawn_as_one() -> None:
    """What goes across in U-Net is level; the decoder runs upwards on the right."""
    made = layout(scene(cnncalc.analyze("unet"), 1))
    where = {box.path: place for box, place in zip(made.scene.boxes, made.places, strict=True)}
    for down, up in (("e1", "up4"), ("e2", "up3"), ("e3", "up2"), ("e4", "up1")):
        assert where[down].y + where[down].height / 2 == pytest.approx(where[up].y + where[up].height / 2)
        assert where[down].right < where[up].x
    assert where["bottom"].y > where["e4"].y > where["e3"].y
    assert where["up4"].y < where["up3"].y < where["up2"].y
    classifier = layout(scene(cnncalc.analyze("resnet18")))
    spine = [place.y for place in classifier.places if abs(place.x - classifier.places[1].x) < 1]
    assert spine == sorted(spine)


def test_the_svg_says_what_each_box_costs() -> None:
    text = cnncalc.analyze("lenet5").graph(field=True).to_svg()
    words = ["".join(node.itertext()) for node in parsed(text).iter(f"{SVG}text")]
    assert "conv 16, kernel 5" in words
    assert "16\N{MULTIPLICATION SIGN}10\N{MULTIPLICATION SIGN}10" in words
    assert "58 %" in words  # 240,000 of 416,520
    assert "14" in words  # the field of c3: 5, 6, 14


def test_lines_are_as_thick_as_their_tensors_are_large() -> None:
    report = cnncalc.analyze("vgg16")
    picture = report.graph()
    root = parsed(picture.to_svg())
    widths = []
    for group in root.iter(f"{SVG}g"):
        ends = group.get("data-e")
        if ends:
            line = group.find(f"{SVG}path")
            assert line is not None
            source, target = map(int, ends.split())
            (edge,) = (e for e in picture.scene.edges if (e.source, e.target) == (source, target))
            widths.append((edge.shape.elements, float(line.get("stroke-width", ""))))
    widths.sort()
    assert len(widths) == len(picture.scene.edges)
    assert [width for _, width in widths] == sorted(width for _, width in widths)
    assert widths[0][1] < widths[-1][1]


def test_the_svg_of_resnet50_is_small() -> None:
    report = cnncalc.analyze("resnet50")
    assert len(report.graph().to_svg()) < 60_000
    assert len(report.graph(whole=True).to_svg()) < 200_000


def hostile(report: Report) -> Report:
    """Return a report whose every name is an attack; files of other formats may have such names."""

    def named(path: str) -> str:
        return f"{HOSTILE}\n\x07\u202e{path}"

    layers = tuple(
        layer._replace(path=named(layer.path), inputs=tuple(map(named, layer.inputs)),
                       given=(Argument(HOSTILE, value=True),),
                       calls=tuple(map(named, layer.calls)))
        for layer in report.layers
    )  # fmt: skip
    return replace(
        report, name=HOSTILE, layers=layers, output_tensors=tuple(map(named, report.output_tensors)),
        input=tuple((named(name), shape) for name, shape in report.input),
        outputs=tuple((named(name), shape) for name, shape in report.outputs),
    )  # fmt: skip


@pytest.mark.parametrize("options", [{}, {"depth": 1}, {"whole": True}, {"direction": "right"}])
def test_names_do_nothing_in_any_form(options: dict[str, Any]) -> None:
    report = hostile(RESIDUAL)
    picture = report.graph(**options)
    root = parsed(picture.to_svg())
    known = {"svg", "title", "style", "rect", "g", "path", "text", "tspan"}
    assert {node.tag.removeprefix(SVG) for node in root.iter()} <= known
    for text in (picture.to_html(), picture.to_svg()):
        assert "<script" not in text
    lines = picture.to_mermaid().splitlines()
    known_lines = re.compile(r"flowchart (TD|LR)|\s+(n\d+(\(\[|\[).*|n\d+ --> n\d+|classDef \w+ [\w:#,]+|"
                             r"subgraph .*|end)")  # fmt: skip
    assert all(map(known_lines.fullmatch, lines)), lines
    strings = re.sub(r'"(\\.|[^"\\])*"', '""', picture.to_dot())
    assert re.fullmatch(r'[\w\s{}\[\]=;,.>"-]*', strings), strings


@pytest.mark.few
@pytest.mark.parametrize("name", ["resnet152", "densenet201", "hrnet_w18", "yolov8x", "efficientdet_d0", "lenet5"])
def test_mermaid_keeps_within_what_github_draws(name: str) -> None:
    text = cnncalc.analyze(name).graph().to_mermaid()
    assert len(text) <= MOST_CHARACTERS
    assert text.count(" --> ") <= MOST_EDGES


def test_mermaid_says_when_it_cannot() -> None:
    layers = [{"conv": {"out": k + 1, "kernel": 1}} for k in range(400)]
    report = cnncalc.analyze({"cnncalc": 1, "input": [4, 8, 8], "layers": layers})
    with pytest.raises(ValueError, match="GitHub"):
        report.graph(whole=True).to_mermaid()


@pytest.mark.parametrize("options", [{"color_by": "work"}, {"direction": "up"}, {"theme": "page"}, {"depth": 0}])
def test_what_cannot_be_drawn_is_a_value_error(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"choose one of|at least 1"):
        RESIDUAL.graph(**options)


@pytest.mark.parametrize("by", ["op", "macs", "params", "memory", "rf"])
def test_every_colouring_has_a_legend(by: str) -> None:
    root = parsed(RESIDUAL.graph(color_by=by, theme="light").to_svg())
    style = root.find(f"{SVG}style")
    assert style is not None
    used = {name for node in root.iter(f"{SVG}g") for name in (node.get("class") or "").split()} - {"b"}
    assert all(f".{name} .g{{" in (style.text or "") for name in used), used
    assert len(used) > 1


def test_two_networks_are_drawn_with_what_changed(tmp_path: Path) -> None:
    text = """
cnncalc: 1
input: [4, 9, 9]
layers:
  - {conv: {out: 4, kernel: 1}, as: kept}
  - {conv: {out: OUT, kernel: 3}, as: grown}
  - {conv: {out: 4, kernel: 1}, as: NAME}
  - {conv: {out: 4, kernel: SIZE}, as: shrunk}
"""
    files = [tmp_path / name for name in ("one.yaml", "two.yaml", "out.svg")]
    files[0].write_text(text.replace("OUT", "4").replace("NAME", "gone").replace("SIZE", "3"), encoding="utf-8")
    files[1].write_text(text.replace("OUT", "8").replace("NAME", "here").replace("SIZE", "1"), encoding="utf-8")
    assert run(["diff", str(files[0]), str(files[1]), "--format", "svg", "-o", str(files[2])]) == 0
    pictures = parsed(files[2].read_text(encoding="utf-8")).findall(f"{SVG}svg")
    classes = [[(g.get("class") or "").removeprefix("b ") for g in picture.iter(f"{SVG}g") if g.get("data-n")]
               for picture in pictures]  # fmt: skip
    assert classes == [["input", "same", "dearer", "removed", "cheaper", "output"],
                       ["input", "same", "dearer", "added", "cheaper", "output"]]  # fmt: skip


def test_a_notebook_is_shown_the_drawing() -> None:
    shown = RESIDUAL.graph()._repr_mimebundle_()
    assert shown["text/html"].count("<svg") == 1
    assert set(RESIDUAL.graph()._repr_mimebundle_(include=["text/plain"])) == {"text/plain"}


def test_part_of_a_network_is_drawn_too() -> None:
    deployed = cnncalc.analyze("mobilenet_v2", deploy=True)
    assert not problems(layout(scene(deployed)))


def test_the_command_writes_what_the_suffix_says(tmp_path: Path) -> None:
    for suffix, form in SUFFIXES.items():
        if form == "png":
            continue
        file = tmp_path / f"net{suffix}"
        assert run(["graph", "lenet5", "-o", str(file)]) == 0
        assert file.read_text(encoding="utf-8") == cnncalc.analyze("lenet5").graph().render(form)
    assert run(["graph", "lenet5", "-o", str(tmp_path / "net.doc")]) == 2
    assert run(["graph", "lenet5", "--format", "png"]) == 2
    assert run(["graph", "lenet5", "--format", "bmp"]) == 2


def test_a_png_has_twice_the_pixels(tmp_path: Path) -> None:
    pytest.importorskip("resvg_py")
    file = tmp_path / "net.png"
    picture = cnncalc.analyze("lenet5").graph()
    picture.save(file)
    data = file.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width = float(parsed(picture.to_svg()).get("width", ""))
    assert int.from_bytes(data[16:20], "big") == pytest.approx(2 * width, abs=2)
    assert len(data) > 5_000


@pytest.mark.process
def test_the_same_network_gives_the_same_bytes() -> None:
    program = "import cnncalc; print(cnncalc.analyze('hrnet_w18').graph().to_svg())"
    outputs = {
        subprocess.run([sys.executable, "-c", program], env={"PYTHONHASHSEED": seed, "PATH": ""}, capture_output=True,
                       check=True).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(outputs) == 1
