"""TensorFlow Lite files: real ones against the interpreter's shapes, our own exports, and files that are broken."""

from __future__ import annotations

import contextlib
import gzip
import json
import random
import struct
from pathlib import Path
from typing import Any

import pytest
from share import part
from typer.testing import CliRunner

from cnncalc import analyze
from cnncalc.api import Text, build_graph
from cnncalc.cli import app
from cnncalc.interop import formats
from cnncalc.values.diagnostics import SpecError

DATA = Path(__file__).parents[1] / "data" / "tflite"
NAMES = ("basic_pitch_nmp", "face_detection_short_range")


def bytes_of(name: str) -> bytes:
    return gzip.decompress((DATA / f"{name}.tflite.gz").read_bytes())


def truth(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    return found


def image(extents: list[int]) -> tuple[int, ...]:
    rest = extents[1:] if len(extents) > 1 else extents
    return (rest[-1], *rest[:-1])


@pytest.mark.parametrize("name", NAMES)
def test_every_operator_has_the_interpreters_shape_and_products(name: str) -> None:
    said = truth(name)
    graph, _, _ = build_graph(Text(bytes_of(name), f"{name}.tflite"))
    by_origin: dict[str, list[Any]] = {}
    for node in graph.nodes:
        by_origin.setdefault(node.origin, []).append(node)
    for index, (kind, outs, macs) in enumerate(said["operators"]):
        nodes = by_origin.get(f"operator {index} ({kind})")
        if nodes is None:  # computed from constants, or extents alone
            assert not macs
            continue
        assert tuple(nodes[-1].out_shapes[0]) == image(outs[0])
        assert sum(n.op.macs(n.in_shapes, n.out_shapes) or 0 for n in nodes) == macs
    report = analyze(graph)
    assert report.totals.macs == said["macs"]


def test_every_weight_counts_once() -> None:
    face = analyze(Text(bytes_of("face_detection_short_range"), "f.tflite"))
    assert face.totals.params == truth("face_detection_short_range")["constant_elements"]["FLOAT16"]
    music = analyze(Text(bytes_of("basic_pitch_nmp"), "b.tflite"))
    scalars = 4  # numbers without axes, which elementwise operators take
    assert music.totals.params == truth("basic_pitch_nmp")["constant_elements"]["FLOAT32"] - scalars


@pytest.mark.parametrize(("name", "dtype"), [
    ("mobilenet_v2", "int8"), ("mobilenet_v3_small", "int8"), ("unet", "int8"), ("shufflenet_v1_g3", "int8"),
    ("mobilenet_v2", "fp32"), ("resnet18", "fp32"),
])  # fmt: skip
def test_what_is_exported_comes_back(tmp_path: Path, name: str, dtype: str) -> None:
    pytest.importorskip("flatbuffers")
    file = tmp_path / "net.tflite"
    result = CliRunner().invoke(app, ["export", "tflite", name, "--dtype", dtype, "-o", str(file)])
    assert result.exit_code == 0, result.output
    there, here = analyze(file), analyze(name, fold_bn=True)
    assert (there.totals.params, there.totals.macs) == (here.totals.params, here.totals.macs)
    assert [layer.macs for layer in there.layers if layer.macs] == [layer.macs for layer in here.layers if layer.macs]


def test_batch_and_extents_of_the_input() -> None:
    source = Text(bytes_of("face_detection_short_range"), "face.tflite")
    graph, _, _ = build_graph(source, input="4x3x128x128")
    assert graph.batch == 4
    with pytest.raises(ValueError, match="its file fixes it"):
        build_graph(source, input="3x96x96")


def test_activations_inside_operators_are_layers() -> None:
    graph, _, _ = build_graph(Text(bytes_of("basic_pitch_nmp"), "b.tflite"))
    fused = [node for node in graph.nodes if node.path.endswith(".act")]
    assert fused
    assert all(graph.nodes[node.inputs[0][0]].path == node.path.removesuffix(".act") for node in fused)


def test_truncated_at_every_place_is_one_error() -> None:
    data = bytes_of("face_detection_short_range")
    for end in (8, 12, 40, 100, len(data) // 2, len(data) - 40):
        with pytest.raises(SpecError) as caught:
            analyze(Text(data[:end], "cut.tflite"))
        assert len(caught.value.diagnostics) == 1


def test_a_table_that_leads_to_itself_ends() -> None:
    data = bytearray(bytes_of("face_detection_short_range"))
    struct.pack_into("<I", data, 0, 0)
    with pytest.raises(SpecError):
        analyze(Text(bytes(data), "self.tflite"))


def test_mutations_end_in_one_error() -> None:
    rng = random.Random(3)  # noqa: S311 - not a secret
    data = bytes_of("face_detection_short_range")
    head = len(data) - 60_000
    for _ in range(part(150)):
        changed = bytearray(data)
        for _ in range(rng.choice((1, 3, 8))):
            at = rng.randrange(8, len(changed)) if rng.random() < 0.5 else rng.randrange(max(head, 8), len(changed))
            changed[at] = rng.choice((0, 1, 127, 255, rng.randrange(256)))
        assert formats.find(bytes(changed[:64])) is not None
        with contextlib.suppress(SpecError):
            analyze(Text(bytes(changed), "m.tflite"))
