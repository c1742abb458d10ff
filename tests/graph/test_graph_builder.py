"""Graphs built by hand: the page about them, and what the builder refuses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cnncalc
from cnncalc import GraphBuilder, Shape, SpecError, analyze
from cnncalc.ops.registry import find
from cnncalc.values.diagnostics import Span

PAGE = Path(__file__).parents[2] / "docs" / "graph.md"


def make(name: str, **arguments: object) -> cnncalc.Operator:
    cls = find(name)
    assert cls is not None
    return cls(**arguments)


def test_the_page_runs() -> None:
    found = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(found) == 2
    for code in found:
        exec(compile(code, str(PAGE), "exec"), {})  # noqa: S102 - our own page


def test_a_norm_is_a_layer_of_its_own() -> None:
    """3*8*9 weights and 2*8 of the norm: one node would count 216 parameters."""
    build = GraphBuilder()
    x = build.input("x", Shape((3, 9, 7)))
    build.add(make("conv", out=8, kernel=3, norm=make("batch_norm")), [x], "c")
    assert analyze(build.graph()).totals.params == 3 * 8 * 9 + 16 == 232


def test_the_spec_and_the_graph_are_the_same_network() -> None:
    spec = {"input": [4, 12, 10], "layers": [{"separable": {"out": 6, "kernel": 3, "act": "relu"}}, {"max_pool": 2}]}
    build = GraphBuilder()
    x = build.input("input", Shape((4, 12, 10)))
    (x,) = build.add(make("separable", out=6, kernel=3, act=make("relu")), [x], "separable1")
    build.add(make("max_pool", kernel=2), [x], "max_pool1")
    ours, theirs = analyze(build.graph()), analyze(spec)
    assert [(a.path, a.op, a.in_shapes, a.out_shapes, a.params, a.macs, a.receptive_field) for a in ours] == [
        (b.path, b.op, b.in_shapes, b.out_shapes, b.params, b.macs, b.receptive_field) for b in theirs
    ]  # fmt: skip


def test_shared_weights_count_once_and_must_agree() -> None:
    build = GraphBuilder()
    x = build.input("x", Shape((3, 9, 7)))
    (y,) = build.add(make("conv", out=3, kernel=3, padding=1), [x], "a")
    build.add(make("conv", out=3, kernel=3, padding=2, dilation=2), [y], "b", shares="a")
    report = analyze(build.graph())
    assert report.totals.params == 3 * 3 * 9 + 3
    assert report["b"].shares == "a"
    with pytest.raises(SpecError, match="cannot share"):
        build.add(make("conv", out=4, kernel=3), [y], "c", shares="a")
    with pytest.raises(SpecError, match="cannot share"):
        build.add(make("conv", out=4, kernel=3), [y], "d", shares="nobody")


def test_what_does_not_fit_is_refused_at_its_place() -> None:
    build = GraphBuilder("net.txt")
    x = build.input("x", Shape((3, 4, 4)))
    with pytest.raises(SpecError) as caught:
        build.add(make("conv", out=3, kernel=9), [x], "wide", span=Span(7, 3))
    (finding,) = caught.value.diagnostics
    assert (finding.code, finding.file, finding.span) == ("window-does-not-fit", "net.txt", Span(7, 3))
    assert "layer 'wide' (conv)" in finding.message


def test_paths_and_tensors_are_checked() -> None:
    build = GraphBuilder()
    x = build.input("x", Shape((3, 4, 4)))
    build.add(make("relu"), [x], "a")
    for wrong in ([(5, 0)], [(0, 1)], [(-2, 0)]):
        with pytest.raises(ValueError, match="not there"):
            build.add(make("relu"), wrong, "b")
    with pytest.raises(ValueError, match="two layers"):
        build.add(make("relu"), [x], "a")
    with pytest.raises(ValueError, match="inputs come before"):
        build.input("y", Shape((3, 4, 4)))
    assert build.free("a") == "a_2"


def test_a_graph_keeps_its_size() -> None:
    build = GraphBuilder()
    build.add(make("relu"), [build.input("x", Shape((3, 4, 4)))], "a")
    with pytest.raises(ValueError, match="built with"):
        analyze(build.graph(), input=[3, 8, 8])
