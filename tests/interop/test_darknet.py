"""Darknet networks, held against Darknet's own parser (AlexeyAB/darknet, commit 59596d78, built for the CPU).

The files in `data/darknet` are of that repository, in the public domain by its licence; `truth.json` holds, for each
layer, its type, output values, shape, numbers saved to a weights file and multiply-accumulates as the program has them.
"""

from __future__ import annotations

import json
import random
from math import prod
from pathlib import Path
from typing import Any

import pytest

from cnncalc import SpecError, analyze
from cnncalc.cli import run

DATA = Path(__file__).parents[1] / "data" / "darknet"
TRUTH: dict[str, Any] = json.loads((DATA / "truth.json").read_text(encoding="utf-8"))
SMALL = "[net]\nheight=16\nwidth=16\nchannels=3\n"


def network(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "net.cfg"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("name", TRUTH)
def test_every_layer_is_as_the_program_has_it(name: str) -> None:
    report = analyze(DATA / f"{name}.cfg")
    parts: dict[int, list[Any]] = {}
    for layer in report:
        parts.setdefault(int(layer.path.partition(".")[0].rpartition("_")[2]), []).append(layer)
    for index, (kind, values, shape, saved, macs) in enumerate(TRUTH[name]["layers"]):
        layers = parts.get(index, [])
        assert layers, (index, kind)
        out = layers[-1].out_shape
        assert prod(out) == values, (index, kind)
        assert len(out) == 1 or not all(shape) or list(out) == shape, (index, kind)
        assert sum(layer.params + layer.buffers for layer in layers) == saved, (index, kind)
        assert macs is None or sum(layer.macs for layer in layers) == macs, (index, kind)
    assert report.totals.params + report.totals.buffers == TRUTH[name]["total"]


def test_the_command_takes_it_and_another_size(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", str(DATA / "yolov3-tiny.cfg"), "--input", "3x320x320", "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["name"] == "yolov3-tiny"
    assert data["outputs"] == {"yolo_16": [255, 10, 10], "yolo_23": [255, 20, 20]}


def test_a_folder_search_leaves_it_alone(tmp_path: Path) -> None:
    network(tmp_path, SMALL + "[convolutional]\nfilters=4\nactivation=linear\n")
    assert run(["check", str(tmp_path), "--max", "macs=1"]) == 2


def test_remarks_behind_numbers_are_not_read(tmp_path: Path) -> None:
    text = (
        SMALL
        + "[convolutional]\nfilters=12 #96\nsize=3\npad=1 # half\nactivation=leaky\n[route]\nlayers = -1, 0 ###S7\n"
    )
    assert analyze(network(tmp_path, text))["route_1"].out_shape == (24, 16, 16)


def test_the_flat_spec_has_the_same_numbers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    flat = tmp_path / "flat.yaml"
    assert run(["expand", str(DATA / "yolov4-tiny.cfg"), "-o", str(flat)]) == 0
    ours, theirs = analyze(DATA / "yolov4-tiny.cfg"), analyze(flat)
    assert [(x.path, x.params, x.macs, x.out_shapes) for x in ours] == [
        (x.path, x.params, x.macs, x.out_shapes) for x in theirs
    ]  # fmt: skip
    assert run(["import", str(DATA / "yolov4-tiny.cfg"), "-o", str(flat), "--force"]) == 0
    assert analyze(flat).totals == theirs.totals
    assert run(["import", str(flat)]) == 2
    assert "is a spec already" in capsys.readouterr().err
    assert run(["expand", str(DATA / "crnn.train.cfg")]) == 0
    assert "opaque: {out: [1024], params: 2365440" in capsys.readouterr().out


def test_shared_weights_count_once(tmp_path: Path) -> None:
    one = "[convolutional]\nfilters=3\nsize=3\npad=1\nbatch_normalize=1\nactivation=relu\n"
    report = analyze(network(tmp_path, SMALL + one + one + "share_index=0\n"))
    assert report.totals.params == 3 * 3 * 9 + 6
    assert report["convolutional_1"].shares == "convolutional_0"
    assert report.totals.macs == 2 * 3 * 3 * 9 * 256


def test_a_strided_shortcut_is_refused_as_the_program_refuses_it(tmp_path: Path) -> None:
    body = "[convolutional]\nfilters=8\nsize=3\nstride={}\npad=1\nactivation=leaky\n"
    file = network(tmp_path, SMALL + body.format(1) + body.format(2) + "[shortcut]\nfrom=-2\nactivation=linear\n")
    with pytest.raises(SpecError) as caught:
        analyze(file)
    (finding,) = caught.value.diagnostics
    assert (finding.code, finding.span and finding.span.line) == ("shape-mismatch", 18)


def test_what_nobody_knows_is_unknown_and_said(tmp_path: Path) -> None:
    report = analyze(network(tmp_path, SMALL + "[convolutional]\nfilters=4\nactivation=linear\n[wavelet]\nsize=3\n"))
    assert "macs" in report.totals.lower_bounds
    assert [warning.code for warning in report.warnings] == ["unknown-cost"]
    assert report.warnings[0].span is not None
    assert report.warnings[0].span.line == 8


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[net]\n", 1, "neither width"),
        (SMALL, 1, "has no layers"),
        (SMALL + "[convolutional]\nfilters=0\n", 6, "filters is at least 1"),
        (SMALL + "[maxpool]\nsize=99999999999999999\n", 6, "too large"),
        (SMALL + "[route]\nlayers=-3\n", 6, "not before layer"),
        (SMALL + "[route]\n", 5, "says no layers"),
        (SMALL + "filters\n", 5, "no 'key=value'"),
        (SMALL + "[convolutional]\nsize=33\nactivation=linear\n", 5, "does not fit"),
        (SMALL + "[connected]\noutput=4\nactivation=linear\n[upsample]\nstride=2\n", 8, ""),
    ],
)
def test_a_bad_file_is_one_located_error(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        analyze(network(tmp_path, text))
    (finding,) = caught.value.diagnostics
    assert finding.span is not None
    assert finding.span.line == line
    assert words in finding.message


def test_damaged_files_raise_nothing_else() -> None:
    r = random.Random(7)  # noqa: S311 - a seeded case
    texts = [file.read_text(encoding="utf-8") for file in sorted(DATA.glob("*.cfg"))]
    for _ in range(300):
        lines = r.choice(texts).splitlines()
        for _ in range(r.randint(1, 4)):
            at = r.randrange(1, len(lines))
            lines[at : at + r.randint(0, 2)] = [r.choice((
                "size=0", "stride=-1", "layers=-1,-9999", "[route]", "[shortcut]", "from=x", "groups=7", "filters=1e9",
                "=", "[", "[convolutional]", "padding=999", "output=0", lines[r.randrange(len(lines))], "\x00", "é",
            ))]  # fmt: skip
        try:
            analyze_text("\n".join(lines))
        except SpecError as error:
            assert error.diagnostics  # noqa: PT017 - any finding will do


def analyze_text(text: str) -> Any:
    from cnncalc.api import Text

    return analyze(Text(text.encode(), "net.cfg"))
