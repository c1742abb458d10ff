"""A graph that is made anew from another keeps what its layers say of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import cnncalc
from cnncalc import api, parse
from cnncalc.graph.fold import fold_batch_norm
from cnncalc.graph.rewrite import Rewrite, part
from cnncalc.graph.verify import problems

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph

def network(text: str) -> Graph:
    graph, _, collector = api.build_graph(parse(text))
    collector.raise_if_errors()
    return graph


@pytest.fixture
def sharing() -> Graph:
    return network("""
input: [3, 9, 7]
layers:
  - conv: {out: 8, kernel: 1}
  - relu
  - split: 2
    as: [left, right]
  - conv: {out: 4, kernel: 1}
    from: left
    as: d
  - conv: {out: 4, kernel: 1}
    from: right
    share: d
    as: e
  - add: [d, e]
""")


def test_a_layer_that_is_left_out_is_read_through(sharing: Graph) -> None:
    made = Rewrite(sharing)
    for index, node in enumerate(sharing.nodes):
        if node.op.name == "relu":
            made.drop(index)
        else:
            made.keep(index)
    graph = made.done()
    assert list(problems(graph)) == []
    assert [node.path for node in graph.nodes] == ["conv1", "split1", "d", "e", "add1"]
    assert [node.inputs for node in graph.nodes] == [((-1, 0),), ((0, 0),), ((1, 0),), ((1, 1),), ((2, 0), (3, 0))]
    assert [node.shares for node in graph.nodes] == [None, None, None, 2, None]
    assert list(graph.outputs.values()) == [(4, 0)]


def test_a_layer_comes_after_what_it_reads_and_whose_weights_it_has(sharing: Graph) -> None:
    made = Rewrite(sharing)
    with pytest.raises(KeyError):
        made.keep(1)  # what it reads is not there yet
    for index in (0, 1, 2):
        made.keep(index)
    with pytest.raises(KeyError):
        made.keep(4)  # the layer whose weights it has is not there yet
    for index in (3, 4, 5):
        made.keep(index)
    assert list(problems(made.done())) == []


def test_a_layer_is_put_in_before_another(sharing: Graph) -> None:
    made = Rewrite(sharing)
    for index, node in enumerate(sharing.nodes):
        changes = {}
        if node.op.name == "add":
            changes = {"inputs": (made.put(index, path="sum", op=node.op), made.ref(node.inputs[1]))}
        made.keep(index, **changes)
    graph = made.done()
    assert list(problems(graph)) == []
    assert [node.inputs for node in graph.nodes[-2:]] == [((3, 0), (4, 0)), ((5, 0), (4, 0))]


def test_a_part_is_a_network_of_its_own(sharing: Graph) -> None:
    graph = part(sharing, [3, 4], {"x": (2, 0), "y": (2, 1)}, {"one": (3, 0), "two": (4, 0)})
    assert list(problems(graph)) == []
    assert graph.inputs == {"x": (4, 9, 7), "y": (4, 9, 7)}
    assert [node.inputs for node in graph.nodes] == [((-1, 0),), ((-2, 0),)]
    assert graph.nodes[1].shares == 0
    with pytest.raises(KeyError):
        part(sharing, [3, 4], {"x": (2, 0)}, {"one": (3, 0)})


ACCEPTING = """
input: [3, 33, 31]
layers:
  - conv: {out: 8, kernel: 3, bias: false}
  - batch_norm
  - conv: {out: 8, kernel: 1, padding: 1}
    accept: [wide-padding]
"""


@pytest.mark.parametrize("fold_bn", [False, True])
def test_warnings_that_are_meant_are_so_after_a_norm_is_folded(fold_bn: bool) -> None:
    report = cnncalc.analyze(parse(ACCEPTING), fold_bn=fold_bn)
    assert ([w.code for w in report.warnings], [w.code for w in report.accepted]) == ([], ["wide-padding"])


def test_accepted_warnings_stay_with_their_layers() -> None:
    graph = network(ACCEPTING)
    (before,), (after,) = graph.accepts, fold_batch_norm(graph).accepts
    assert (before.start, before.stop) == (2, 3)
    assert (after.start, after.stop) == (1, 2)
