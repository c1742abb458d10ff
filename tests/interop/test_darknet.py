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


CONV = "[convolutional]\nfilters={}\nsize=3\nstride={}\npad=1\nactivation=leaky\n"


def test_a_strided_shortcut_is_added_as_the_first_program_adds_it_and_said(tmp_path: Path) -> None:
    """The sizes are those that pjreddie/darknet (61c9d02e) prints for this file; AlexeyAB's refuses it."""
    file = network(
        tmp_path, SMALL + CONV.format(8, 1) + CONV.format(12, 2) + "[shortcut]\nfrom=-2\nactivation=linear\n"
    )
    report = analyze(file)
    assert report["shortcut_2"].out_shape == (12, 8, 8)
    work = report["shortcut_2"].work
    assert work is not None
    assert work.additions == 8 * 8 * 8
    (warning,) = report.warnings
    assert (warning.code, warning.span and warning.span.line) == ("strided-shortcut", 18)


def test_a_shortcut_of_no_whole_stride_is_refused(tmp_path: Path) -> None:
    text = SMALL.replace("width=16", "width=18") + CONV.format(8, 1) + "[avgpool]\n[shortcut]\nfrom=-2\n"
    with pytest.raises(SpecError) as caught:
        analyze(network(tmp_path, text))
    (finding,) = caught.value.diagnostics
    assert (finding.code, finding.span and finding.span.line) == ("shape-mismatch", 13)


def test_layers_over_time_work_on_maps(tmp_path: Path) -> None:
    """Three convolutions of a crnn, eight of a conv_lstm, eleven with peepholes; each is normed by itself."""
    places, window = 16 * 16, 9
    text = SMALL + "[crnn]\nbatch_normalize=1\npad=1\nhidden=4\noutput=6\nactivation=leaky\n"
    crnn = analyze(network(tmp_path, text))["crnn_0"]
    weights = window * (3 * 4 + 4 * 4 + 4 * 6)
    assert (crnn.out_shape, crnn.macs) == ((6, 16, 16), weights * places)
    assert (crnn.params, crnn.buffers) == (weights + 2 * 14, 2 * 14)
    lstm = "[conv_lstm]\npad=1\noutput=5\nactivation=linear\n"
    plain = analyze(network(tmp_path, SMALL + lstm))["conv_lstm_0"]
    assert (plain.out_shape, plain.params) == ((5, 16, 16), 4 * window * (3 * 5 + 5 * 5) + 8 * 5)
    peeping = analyze(network(tmp_path, SMALL + lstm + "peephole=1\n"))["conv_lstm_0"]
    assert (peeping.macs or 0) - (plain.macs or 0) == 3 * window * 5 * 5 * places


def test_what_is_rare_has_its_shape_and_its_numbers(tmp_path: Path) -> None:
    """Blurred strides, pools over channels, sums of windows, other names of sections, activations without a name."""
    text = (
        SMALL + CONV.format(8, 2) + "antialiasing=1\n[maxpool]\nmaxpool_depth=1\nout_channels=3\n[lrn]\n"
        "[upsample]\nstride=-2\n[activation]\nactivation=ramp\n[local_avg]\nsize=2\nstride=2\n"
    )  # fmt: skip
    report = analyze(network(tmp_path, text))
    shapes = {layer.path: tuple(layer.out_shape) for layer in report}
    assert shapes["convolutional_0"] == (8, 16, 16)
    assert shapes["convolutional_0.blur"] == (8, 8, 8)
    assert shapes["maxpool_1"] == shapes["normalization_2"] == (3, 8, 8)
    assert (shapes["upsample_3"], shapes["local_avgpool_5"]) == ((3, 4, 4), (3, 2, 2))
    assert report.totals.macs == 8 * 27 * 256 + 8 * 64 * 9
    assert report.totals.params == 8 * 27 + 8
    assert not report.totals.lower_bounds


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
