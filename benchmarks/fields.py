"""What receptive fields cost for each connection: chains, full concatenations, periodic upsampling.

    python benchmarks/fields.py

prints microseconds of processor time and their ratio to a chain's, whose fields are the cheapest, each with its target.
"""

from __future__ import annotations

import time

from cnncalc import Graph, Study
from cnncalc.analysis.assemble import FieldText
from cnncalc.analysis.receptive import receptive_fields


def chain(count: int) -> dict[str, object]:
    """Return convolutions one after another."""
    return {"input": [8, 64, 64], "layers": [{"conv": {"out": 8, "kernel": 3, "padding": 1}, "repeat": count}]}


def dense(count: int) -> dict[str, object]:
    """Return convolutions of which each reads the input and all before it."""
    layers: list[object] = []
    for index in range(count):
        if index:
            layers.append({"concat": ["input", *(f"l{before}" for before in range(index))]})
        layers.append({"conv": {"out": 4, "kernel": 3, "padding": 1}, "as": f"l{index}"})
    return {"input": [8, 16, 16], "layers": layers}


def enlarged(count: int) -> dict[str, object]:
    """Return convolutions of stride 2, an enlargement by interpolation behind each."""
    halved = {"conv": {"out": 8, "kernel": 3, "stride": 2, "padding": 1}}
    layers = [halved, {"upsample": {"scale": 2, "mode": "bilinear"}}]
    return {"input": [8, 64, 64], "blocks": {"b": {"layers": layers}}, "layers": [{"b": None, "repeat": count}]}


def per_edge(graph: Graph, runs: int = 15) -> float:
    """Return the least seconds per connection for all fields and their numbers."""
    best = float("inf")
    for _ in range(runs):
        start = time.process_time()
        fields, _ = receptive_fields(graph)
        for field in {id(field): field for field in fields}.values():
            FieldText(field)
        best = min(best, time.process_time() - start)
    return best / sum(len(node.inputs) for node in graph.nodes)


def main() -> None:
    graphs = {name: Study.of({"cnncalc": 1, **spec}).graph for name, spec in (
        ("chain", chain(4_000)), ("full concatenations", dense(120)), ("periodic upsampling", enlarged(2_000)),
    )}  # fmt: skip
    costs = {name: per_edge(graph) for name, graph in graphs.items()}
    for name, target in (("full concatenations", 1), ("periodic upsampling", 1.5)):
        ratio = costs[name] / costs["chain"]
        print(f"{name:<24}{costs[name] * 1e6:6.1f} us   {ratio:.2f} of a chain's  target {target:g}  "
              f"{'ok' if ratio <= target else 'MISSED'}")  # fmt: skip
    print(f"{'chain':<24}{costs['chain'] * 1e6:6.1f} us")


if __name__ == "__main__":
    main()
