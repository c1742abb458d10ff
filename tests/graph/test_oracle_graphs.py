"""Random networks against PyTorch 2.13, node by node."""

from __future__ import annotations

from oracles import Graph, graphs, receptive_fields
from oracles.convert import graph_case, label, mismatch_summary

import cnncalc


def _wrong(graph: Graph) -> list[str]:
    try:
        report = cnncalc.analyze(graph_case(graph))
    except cnncalc.SpecError as error:
        return [f"{graph.id}: refused: {error}"]
    found = []
    for node in graph.nodes:
        row = report[label(node.name)]
        numbers = (row.out_shape, row.params, row.macs)
        recorded = (node.out_shape, node.params, node.macs)
        if numbers != recorded:
            found.append(f"{graph.id} {node.name}: (shape, params, macs) is {numbers}, recorded {recorded}")
    totals = (report.totals.params, report.totals.macs)
    if totals != (graph.total_params, graph.total_macs):
        found.append(f"{graph.id}: totals are {totals}, recorded {(graph.total_params, graph.total_macs)}")
    return found


def _compare(what: str, chosen: list[Graph]) -> None:
    mismatches = [line for graph in chosen for line in _wrong(graph)]
    assert not mismatches, mismatch_summary(what, mismatches, sum(len(graph.nodes) for graph in chosen))


def test_random_networks_agree_with_pytorch() -> None:
    _compare("nodes of random networks", list(graphs().values()))


def test_named_networks_agree_with_pytorch() -> None:
    _compare("nodes of named networks", [r.graph for key, r in receptive_fields().items() if key not in graphs()])


def test_the_record_is_whole() -> None:
    assert len(graphs()) == 100
    assert sum(len(graph.nodes) for graph in graphs().values()) == 2487
    for graph in graphs().values():
        assert sum(node.params for node in graph.nodes) == graph.total_params
        assert sum(node.macs for node in graph.nodes) == graph.total_macs
