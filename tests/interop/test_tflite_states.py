"""TensorFlow Lite files that keep something between two calls, and MediaPipe's own operators: made here, by table."""

from __future__ import annotations

from typing import Any

import pytest

from cnncalc import analyze
from cnncalc.api import Text, build_graph

flatbuffers = pytest.importorskip("flatbuffers")

FLOAT, RESOURCE = 0, 13
CONCATENATION, FULLY_CONNECTED, CUSTOM, VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE = 2, 9, 32, 142, 143, 144

Tensor = tuple[str, list[int], int, int]
"""Name, extents, type of the elements, bytes that are stored."""
Step = tuple[int | str, list[int], list[int]]
"""Number of the operator, or the name of one's own; what it reads and makes."""


def file(tensors: list[Tensor], steps: list[Step], inputs: list[int], outputs: list[int]) -> Text:
    """Return a file of one subgraph (schema of TensorFlow Lite, version 3)."""
    b = flatbuffers.Builder(1024)

    def whole(numbers: list[int]) -> int:
        b.StartVector(4, len(numbers), 4)
        for n in reversed(numbers):
            b.PrependInt32(n)
        return int(b.EndVector())

    def tables(made: list[int]) -> int:
        b.StartVector(4, len(made), 4)
        for at in reversed(made):
            b.PrependUOffsetTRelative(at)
        return int(b.EndVector())

    def table(slots: dict[int, tuple[str, Any]], size: int) -> int:
        b.StartObject(size)
        for slot, (kind, value) in slots.items():
            getattr(b, f"Prepend{kind}Slot")(slot, value, 0)
        return int(b.EndObject())

    buffers, made, codes, operators = [table({}, 3)], [], [], []
    for name, extents, dtype, count in tensors:
        held = b.CreateByteVector(bytes(count)) if count else 0
        if count:
            buffers.append(table({0: ("UOffsetTRelative", held)}, 3))
        shape, called = whole(extents), b.CreateString(name)
        made.append(table({0: ("UOffsetTRelative", shape), 1: ("Int8", dtype), 3: ("UOffsetTRelative", called),
                           2: ("Uint32", len(buffers) - 1 if count else 0)}, 4))  # fmt: skip
    for number, (kind, reads, makes) in enumerate(steps):
        own = b.CreateString(kind) if isinstance(kind, str) else 0
        code = CUSTOM if isinstance(kind, str) else kind
        codes.append(table({0: ("Int8", min(code, 127)), 1: ("UOffsetTRelative", own), 3: ("Int32", code)}, 4))
        a, z = whole(reads), whole(makes)
        operators.append(table({0: ("Uint32", number), 1: ("UOffsetTRelative", a), 2: ("UOffsetTRelative", z)}, 5))
    parts = tables(made), whole(inputs), whole(outputs), tables(operators)
    graph = table({slot: ("UOffsetTRelative", at) for slot, at in enumerate(parts)}, 5)
    ends = tables(codes), tables([graph]), tables(buffers)
    model = table({0: ("Uint32", 3), 1: ("UOffsetTRelative", ends[0]), 2: ("UOffsetTRelative", ends[1]),
                   4: ("UOffsetTRelative", ends[2])}, 5)  # fmt: skip
    b.Finish(model, b"TFL3")
    return Text(bytes(b.Output()), "made.tflite")


def test_what_is_kept_between_calls_is_an_input_and_an_output() -> None:
    """A step of a recurrent network: the state through a matrix of its own, though no input enters it."""
    source = file(
        [("x", [1, 4], FLOAT, 0), ("state", [], RESOURCE, 0), ("old", [1, 6], FLOAT, 0), ("u", [6, 6], FLOAT, 144),
         ("turned", [1, 6], FLOAT, 0), ("both", [1, 10], FLOAT, 0), ("w", [6, 10], FLOAT, 240),
         ("new", [1, 6], FLOAT, 0)],
        [(VAR_HANDLE, [], [1]), (READ_VARIABLE, [1], [2]), (FULLY_CONNECTED, [2, 3], [4]),
         (CONCATENATION, [0, 4], [5]), (FULLY_CONNECTED, [5, 6], [7]), (ASSIGN_VARIABLE, [1, 7], [])],
        [0], [7],
    )  # fmt: skip
    graph, _, _ = build_graph(source)
    assert {name: tuple(shape) for name, shape in graph.inputs.items()} == {"x": (4,), "state": (6,)}
    assert set(graph.outputs) == {"new", "state_next"}
    totals = analyze(graph).totals
    assert (totals.macs, totals.params) == (6 * 6 + 6 * 10, 6 * 6 + 6 * 10)


@pytest.mark.parametrize(("kernel", "out"), [(2, 8), (3, 9), (4, 8)])
def test_a_transposed_convolution_of_mediapipe_is_one(kernel: int, out: int) -> None:
    """Each of 4 x 4 positions gives a window of each result: 16 * 3 * kernel ** 2 * 5 products, whatever the stride."""
    source = file(
        [("x", [1, 4, 4, 3], FLOAT, 0), ("w", [5, kernel, kernel, 3], FLOAT, 60 * kernel**2), ("b", [5], FLOAT, 20),
         ("y", [1, out, out, 5], FLOAT, 0)],
        [("Convolution2DTransposeBias", [0, 1, 2], [3])], [0], [3],
    )  # fmt: skip
    graph, _, _ = build_graph(source)
    (node,) = graph.nodes
    assert (type(node.op).name, tuple(node.out_shapes[0])) == ("conv_transpose", (5, out, out))
    totals = analyze(graph).totals
    assert (totals.macs, totals.params) == (16 * 3 * kernel**2 * 5, 15 * kernel**2 + 5)
