"""Graphs hold together however they were made, and equal runs of their layers are found."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cnncalc import api, parse, zoo
from cnncalc.graph import deploy, fold
from cnncalc.graph.build import GraphBuilder
from cnncalc.graph.deploy import deployed, padded_apart
from cnncalc.graph.fold import fold_batch_norm
from cnncalc.graph.repeats import RepeatedRun, repeats
from cnncalc.graph.verify import GraphError, problems, verify
from cnncalc.interop.foreign import ForeignSpec
from cnncalc.language.settings import Overrides
from cnncalc.ops.activation import ReLU
from cnncalc.ops.conv import Conv
from cnncalc.ops.norm import BatchNorm
from cnncalc.ops.operator import Operator
from cnncalc.values.diagnostics import Collector
from cnncalc.values.shape import Shape
from cnncalc.values.work import MemoryAccess

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.graph.graph import Graph
    from cnncalc.ops.operator import Shapes

NETWORKS = [str(file) for file in zoo.files()]
CHANGES: dict[str, Callable[[Graph], Graph]] = {
    "expanded": lambda graph: graph,
    "folded": fold_batch_norm,
    "deployed": deployed,
    "padded apart": lambda graph: padded_apart(deployed(graph)),
}


def made(text: str) -> Graph:
    graph, _, collector = api.build_graph(parse(text))
    collector.raise_if_errors()
    return graph


@pytest.mark.few
@pytest.mark.parametrize("network", NETWORKS, ids=lambda name: name.rpartition("/")[2])
def test_networks_of_the_zoo_hold_together_after_every_transformation(network: str) -> None:
    graph, _, collector = api.build_graph(network)
    collector.raise_if_errors()
    for name, change in CHANGES.items():
        assert list(problems(change(graph))) == [], name


def test_graphs_built_by_hand_hold_together() -> None:
    build = GraphBuilder()
    x = build.input("x", Shape((3, 16, 16)))
    layer = Conv(out=8, kernel=3, padding=1, norm=BatchNorm(), act=ReLU())
    (first,) = build.add(layer, [x], "a")
    (second,) = build.add(layer.replace(out=3), [first], "b")
    build.add(layer, [second], "c", shares="a")
    assert [node.path for node in verify(build.graph()).nodes] == [
        f"{path}{part}" for path in "abc" for part in ("", ".norm", ".act")
    ]


SMALL = """
cnncalc: 1
input: [3, 8, 8]
layers:
  - conv: {out: 4, kernel: 3}
    as: a
  - conv: {out: 4, kernel: 1}
    as: b
  - relu
"""


def change_node(graph: Graph, index: int, **changes: object) -> Graph:
    nodes = list(graph.nodes)
    nodes[index] = replace(nodes[index], **changes)  # type: ignore[arg-type]
    return replace(graph, nodes=nodes)


class Lying(Operator):
    """An operator whose counts do not agree with each other."""

    name = "lying"
    sources = 1
    keeps = ()
    counted: int | None = None

    def params(self, ins: Shapes) -> int | None:  # noqa: ARG002
        return self.counted

    def memory(self, ins: Shapes, outs: Shapes) -> MemoryAccess | None:  # noqa: ARG002
        return MemoryAccess(read=1, written=1)


class Negative(Lying):
    """An operator that counts less than nothing."""

    counted = -1


class Weightless(Operator):
    """A layer with weights that multiplies nothing."""

    name = "weightless"
    weighted = True


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"path": "b"}, "2 layers are called 'b'"),
        ({"path": ""}, "a layer has no path"),
        ({"inputs": ((2, 0),)}, "layer 'a' reads (2, 0), which is not made before it"),
        ({"inputs": ((0, 0),)}, "layer 'a' reads (0, 0), which is not made before it"),
        ({"inputs": ((-2, 0),)}, "layer 'a' reads (-2, 0), which is not made before it"),
        ({"in_shapes": (Shape((3, 9, 8)),)}, "layer 'a' says that it reads 3x9x8, and reads 3x8x8"),
        ({"out_shapes": (Shape((4, 8, 8)),)}, "layer 'a' (conv) has 4x8x8, and makes 4x6x6"),
        ({"op": Conv(out=4, kernel=9)}, "layer 'a' (conv): "),
        ({"op": Conv(out=4, kernel=3, act=ReLU())}, "stands for several layers, which are missing"),
        ({"shares": 1}, "layer 'a' shares the weights of layer 1, which is not before it"),
    ],
)
def test_what_does_not_hold_together_is_said(changes: dict[str, object], message: str) -> None:
    with pytest.raises(GraphError) as error:
        verify(change_node(made(SMALL), 0, **changes))
    assert any(message in problem for problem in error.value.problems)


@pytest.mark.parametrize(
    ("op", "message"),
    [
        (Negative(), "layer 'relu1' (lying): params is -1"),
        (Lying(), "layer 'relu1' (lying): its parameters are unknown and its memory access is not"),
        (Weightless(), "layer 'relu1' (weightless): it is a layer with weights and multiplies nothing"),
    ],
)
def test_counts_that_lie_are_said(op: Operator, message: str) -> None:
    assert message in list(problems(change_node(made(SMALL), 2, op=op)))


def test_borrowed_weights_are_those_of_a_layer_that_owns_them() -> None:
    graph = made(SMALL)
    assert "not as many" in next(problems(change_node(graph, 1, shares=0)))
    lost = replace(graph, outputs={"end": (3, 0)})
    assert list(problems(lost)) == ["output 'end' is (3, 0), which no layer makes"]


def found(network: str) -> list[tuple[str, int, int]]:
    graph, _, _ = api.build_graph(network)
    return [(graph.nodes[run.start].path, run.size, run.times) for run in repeats(graph)]


def test_stages_of_published_networks_are_found() -> None:
    """ResNet-50 has 3, 4, 6 and 3 blocks a stage (arXiv:1512.03385, table 1), MobileNetV2 1, 2, 3, 4, 3, 3 and 1
    (arXiv:1801.04381, table 2); the first of a stage differs from the rest."""
    stages = [("1", 3), ("2", 4), ("3", 6), ("4", 3)]
    assert found("resnet50") == [(f"layer{name}.1.add1.body.conv1", 10, blocks - 1) for name, blocks in stages]
    # the first blocks with a shortcut: conv, norm, act, depthwise, norm, act, conv, norm, add
    assert [(size, times) for _, size, times in found("mobilenet_v2")] == [(9, 2), (9, 3), (9, 2), (9, 2)]


HEAD = "cnncalc: 1\ninput: [8, 8, 8]\nlayers:\n"


def test_runs_are_whole_blocks() -> None:
    residual = "  - add: {body: [{conv: {out: 8, kernel: 1}}, relu], skip: []}\n    repeat: 5\n"
    assert repeats(made(HEAD + residual)) == [RepeatedRun(0, 3, 5)]
    assert repeats(made(HEAD + "  - {relu: , repeat: 7}\n")) == [RepeatedRun(0, 1, 7)]
    assert repeats(made(HEAD + "  - relu\n  - sigmoid\n  - relu\n")) == []


def test_what_is_read_from_elsewhere_ends_a_run() -> None:
    """A layer inside a run that is also read behind it is no inner layer of a block."""
    body = "".join(f"  - {{conv: {{out: 8, kernel: 1}}, as: c{n}}}\n  - {{relu: , as: r{n}}}\n" for n in range(4))
    assert repeats(made(HEAD + body)) == [RepeatedRun(0, 2, 4)]
    tapped = repeats(made(HEAD + body + "  - add: [r3, r1]\n"))
    assert all(run.start > 3 or run.stop <= 4 for run in tapped)
    assert RepeatedRun(0, 2, 2) in tapped
    inner = repeats(made(HEAD + body + "  - add: [r3, c3]\n"))
    assert RepeatedRun(0, 2, 3) in inner


def test_layers_that_read_one_source_by_name_agree_in_it() -> None:
    same = "  - {relu: , as: base}\n" + "  - add: [prev, base]\n  - sigmoid\n" * 3
    assert repeats(made(HEAD + same)) == [RepeatedRun(1, 2, 3)]


def test_long_chains_take_little_time() -> None:
    graph = made(HEAD + "  - mul: {gate: [{conv: {out: 8, kernel: 1}}, sigmoid], x: []}\n    repeat: 4000\n")
    assert repeats(graph) == [RepeatedRun(0, 3, 4000)]


def test_every_transformation_and_import_in_these_tests_is_verified() -> None:
    graph = GraphBuilder().graph()
    graph.inputs["x"] = Shape((0,))
    for change in (fold.fold_batch_norm, deploy.deployed, deploy.padded_apart):
        with pytest.raises(GraphError, match="input 'x' has the shape"):
            change(graph)
    with pytest.raises(GraphError, match="input 'x' has the shape"):
        ForeignSpec(lambda *_: graph, name=None, format="a test", file=None).expand(Overrides(), Collector())
