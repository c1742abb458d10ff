"""ONNX files that are damaged or made to hurt: one error that names the file, in bounded time and memory."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

import cnncalc
from cnncalc.api import Text
from cnncalc.values.diagnostics import SpecError

pytestmark = pytest.mark.extra
onnx = pytest.importorskip("onnx")
np = pytest.importorskip("numpy")
from onnx import TensorProto, helper  # noqa: E402

DATA = Path(__file__).parents[1] / "data" / "onnx"
HEAD = b"\x08\x08\x42\x02\x10\x11"
"""A model's version and its operator set."""


def field(number: int, data: bytes) -> bytes:
    """Return a protobuf field with a length."""
    return bytes([number << 3 | 2]) + varint(len(data)) + data


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def model(nodes: list[Any], stored: list[Any] | None = None, shape: list[int] | None = None) -> bytes:
    info = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, "g", [info("x", TensorProto.FLOAT, shape or [1, 3, 8, 8])],
                              [info("y", TensorProto.FLOAT, None)], stored or [])  # fmt: skip
    made: bytes = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()
    return made


def functions() -> bytes:
    """Return a model whose functions each call the one before twice: 2^29 nodes."""
    bodies = [helper.make_function("d", "F0", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["b"])],
                                   [helper.make_opsetid("", 17)])]  # fmt: skip
    for k in range(1, 30):
        calls = [helper.make_node(f"F{k - 1}", [a], [b], domain="d") for a, b in (("a", "c"), ("c", "b"))]
        bodies.append(helper.make_function("d", f"F{k}", ["a"], ["b"], calls,
                                           [helper.make_opsetid("", 17), helper.make_opsetid("d", 1)]))  # fmt: skip
    made = onnx.ModelProto.FromString(model([helper.make_node("F29", ["x"], ["y"], domain="d")]))
    made.functions.extend(bodies)
    made.opset_import.add(domain="d", version=1)
    data: bytes = made.SerializeToString()
    return data


def ints(name: str, values: list[int], shape: list[int] | None = None) -> Any:
    return helper.make_tensor(name, TensorProto.INT64, [len(values)] if shape is None else shape, values)


HOSTILE: dict[str, tuple[bytes, str]] = {
    "millions of empty nodes": (HEAD + field(7, b"\x0a\x00" * 1_000_000), "fields"),
    "millions of empty attributes": (HEAD + field(7, field(1, b"\x2a\x00" * 1_000_000)), "fields"),
    "numbers of one byte each": (HEAD + field(7, field(1, field(5, field(8, b"\x01" * 20_000_000)))), "fields"),
    "functions that double": (functions(), "functions stand for more"),
    "a sequence of a billion": (
        model([helper.make_node("SplitToSequence", ["x"], ["s"], axis=2),
               helper.make_node("SequenceAt", ["s", "n"], ["y"])], [ints("n", [0], [])], [1, 3, 10**9, 8]),
        "splits 1000000000"),
    "a tensor of a million million": (
        model([helper.make_node("ConstantOfShape", ["s"], ["c"]), helper.make_node("Add", ["x", "c"], ["y"])],
              [ints("s", [1, 3, 10**6, 10**6])]),
        "does not fit"),
    "a range without end": (
        model([helper.make_node("Range", ["a", "b", "d"], ["c"]), helper.make_node("Add", ["x", "c"], ["y"])],
              [ints("a", [0], []), ints("b", [10**12], []), ints("d", [1], [])]),
        "does not fit"),
    "negative extents": (
        model([helper.make_node("Conv", ["x", "w"], ["y"])], [TensorProto(name="w", data_type=1, dims=[-1, 3, 3, 3])]),
        "extents"),
    "a graph without nodes": (model([]), "no node makes"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_one_error(name: str, tmp_path: Path) -> None:
    data, words = HOSTILE[name]
    file = tmp_path / "model.onnx"
    file.write_bytes(data)
    with pytest.raises(SpecError, match=words) as caught:
        cnncalc.analyze(str(file))
    assert len(caught.value.diagnostics) == 1
    assert str(caught.value).startswith(str(file))


def test_extents_of_any_size_are_exact() -> None:
    made = model([helper.make_node("Conv", ["x", "w"], ["y"])],
                 [TensorProto(name="w", data_type=1, dims=[2**20, 3, 3, 3])], [1, 3, 2**30, 2**30])  # fmt: skip
    report = cnncalc.analyze(Text(made, "model.onnx"))
    assert report.totals.macs == 2**20 * 27 * (2**30 - 2) ** 2


def test_large_weights_are_not_read(tmp_path: Path) -> None:
    """A file of 36 MB is read into some kilobytes of message."""
    from cnncalc.interop.onnx.reading import bounded

    weights = TensorProto(name="w", data_type=1, dims=[1024, 1024, 3, 3], raw_data=bytes(1024 * 1024 * 36))
    made = model([helper.make_node("Conv", ["x", "w"], ["y"])], [weights], [1, 1024, 8, 8])
    file = tmp_path / "model.onnx"
    file.write_bytes(made)
    assert len(bounded(file)) < 1000
    assert cnncalc.analyze(str(file)).totals.params == 1024 * 1024 * 9


EXTREMES = [0, 1, -1, 2, 3, 7, 10**6, 2**31, 2**62, -(2**63)]
TYPES = ["Conv", "Reshape", "MaxPool", "Gemm", "LSTM", "If", "Loop", "Scan", "Constant", "Resize", "Split", "Pad"]
TYPES += ["Slice", "Gather", "ConstantOfShape", "Range", "Tile", "SequenceAt", "SplitToSequence", "Einsum", "Foo"]
TYPES += ["Attention", "TopK", "NonZero", "DepthToSpace"]


def mutate(made: Any, rng: random.Random) -> None:
    """Change one thing of a model."""
    graph = made.graph
    node = rng.choice(graph.node)
    attribute = rng.choice(node.attribute) if node.attribute else None
    tensor = rng.choice(graph.initializer) if graph.initializer else None
    kind = rng.randrange(11)
    if kind == 0 and node.input:
        node.input[rng.randrange(len(node.input))] = rng.choice([rng.choice(graph.node).output[0], "", "nowhere"])
    elif kind == 1:
        del node.input[-1:]
    elif kind == 2:
        node.op_type = rng.choice(TYPES)
    elif kind == 3 and attribute is not None and attribute.ints:
        attribute.ints[rng.randrange(len(attribute.ints))] = rng.choice(EXTREMES)
    elif kind == 4 and attribute is not None:
        attribute.i, attribute.f = rng.choice(EXTREMES), rng.choice([0.0, float("nan"), 1e30])
    elif kind == 5 and node.attribute:
        del node.attribute[0]
    elif kind == 6 and tensor is not None and tensor.dims:
        tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice(EXTREMES)
    elif kind == 7 and tensor is not None:
        tensor.data_type = rng.randrange(24)
    elif kind == 8:
        made.opset_import[0].version = rng.choice([1, 5, 7, 9, 11, 13, 18, 22, 24, 99, -1])
    elif kind == 9 and node.output:
        node.output[0] = rng.choice(["", graph.node[0].output[0], "elsewhere"])
    elif kind == 10:
        node.domain = rng.choice(["ai.onnx.ml", "com.microsoft", "ai.onnx"])


@pytest.mark.parametrize("name", ["resnest14d_ts17", "silero_vad_openvino_16k", "shufflenet_v2_x1_5_dy18"])
def test_changed_models_are_counted_or_one_error(name: str) -> None:
    original = onnx.load(DATA / f"{name}.onnx", load_external_data=False)
    rng = random.Random(name)  # noqa: S311
    for _ in range(60):
        made = onnx.ModelProto()
        made.CopyFrom(original)
        for _ in range(rng.choice([1, 1, 2, 4])):
            mutate(made, rng)
        try:
            cnncalc.analyze(Text(made.SerializeToString(), "model.onnx")).to_dict()
        except SpecError as error:
            assert len(error.diagnostics) == 1  # noqa: PT017 - either way is right, a traceback is not


@pytest.mark.parametrize("name", ["resnest14d_ts17", "silero_vad_openvino_16k"])
def test_changed_bytes_are_counted_or_one_error(name: str) -> None:
    original = (DATA / f"{name}.onnx").read_bytes()
    rng = random.Random(name)  # noqa: S311
    for _ in range(150):
        data = bytearray(original)
        for _ in range(rng.choice([1, 2, 8])):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            cnncalc.analyze(Text(bytes(data), "model.onnx")).to_dict()
        except SpecError as error:
            assert error.diagnostics  # noqa: PT017
