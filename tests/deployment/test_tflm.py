"""TensorFlow Lite Micro's arena: our plan against its own interpreter, to the byte, over the zoo and random networks.

The interpreter comes with the `tflite-micro` package (`pip install 'cnncalc[chip]'`). The figures of `KNOWN` were
printed by it for shells that another program wrote; the one of MobileNetV2 is also what users of ExecuTorch report.
"""

from __future__ import annotations

import os
import random
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest
from networks import SAMPLE

from cnncalc import SpecError, analyze, zoo
from cnncalc.api import build_graph
from cnncalc.deployment.lower import lowered
from cnncalc.deployment.tflm import plan
from cnncalc.graph.fold import fold_batch_norm
from cnncalc.interop.tflite_out import to_tflite

if TYPE_CHECKING:
    from cnncalc.deployment.program import Program, Step

KNOWN = [
    ("mobilenet_v1_x0_25", "1x96x96", 55_296), ("mobilenet_v1_x0_25", "3x224x224", 401_408),
    ("mobilenet_v2_x0_35", "3x96x96", 138_240), ("mobilenet_v2", "3x224x224", 1_505_280),
    ("resnet18", "3x96x96", 184_320), ("resnet50", "3x96x96", 442_368), ("squeezenet1_0", "3x224x224", 1_492_992),
    ("googlenet", "3x96x96", 184_320), ("inception_v3", "3x139x139", 430_944), ("mnasnet1_0", "3x96x96", 147_456),
]  # fmt: skip
ARENA = 1 << 26
LARGE = 16_000_000
"""Programs with more bytes of weights are planned but not run: the reference kernels are slow."""
BUSY = 2_000_000_000
"""So are those with more multiply-accumulates."""


def program(source: Any, size: str | None = None, dtype: str = "int8") -> Program:
    graph, _, found = build_graph(source, input=size)
    found.raise_if_errors()
    return lowered(fold_batch_norm(graph), dtype)


def measured(data: bytes, arena: int = ARENA, *, invoke: bool = True) -> tuple[int, int, bool, str]:
    """Head and tail that the interpreter prints, whether the program ran, and all its words; in a child of its own."""
    from tflite_micro.python.tflite_micro import runtime

    read, write = os.pipe()
    child = os.fork()
    if not child:  # pragma: no cover - the child never returns
        os.dup2(write, 1)
        os.dup2(write, 2)
        try:
            interpreter = runtime.Interpreter.from_bytes(data, arena_size=arena)
            interpreter.print_allocations()
            if invoke:
                interpreter.invoke()
                os.write(2, b"INVOKED\n")
        except Exception as error:  # noqa: BLE001 - its words are the result
            os.write(2, f"{error}\n".encode())
        sys.stdout.flush()
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        text = pipe.read().decode(errors="replace")
    os.waitpid(child, 0)
    head, tail = re.search(r"head (\d+)", text), re.search(r"tail (\d+)", text)
    assert head, text[-400:]
    assert tail, text[-400:]
    return int(head[1]), int(tail[1]), "INVOKED" in text, text


def same(made: Program, macs: int | None = 0) -> None:
    """The plan of a program is what the interpreter does with its file, and the file runs."""
    ours = plan(made)
    stops = any(step.code == "SOFTMAX" and flat(made, step) for step in made.steps)
    runs = made.flash < LARGE and (macs or 0) < BUSY and not stops
    head, tail, ran, text = measured(to_tflite(made), max(ARENA, ours.head + ours.tail + (1 << 20)), invoke=runs)
    assert (ours.head, ours.tail) == (head, tail), text[-400:]
    assert ran or not runs, text[-400:]


def flat(made: Program, step: Step) -> bool:
    """A softmax over more than 511 equal values, as zero weights make them, stops a debug build of the interpreter."""
    return made.cells[step.inputs[0]].shape[-1] > 511


@pytest.mark.parametrize(("name", "size", "arena"), KNOWN)
def test_the_arena_is_what_others_measured(name: str, size: str, arena: int) -> None:
    assert plan(program(name, size)).head == arena


ALL = [entry.name for entry in zoo.entries()]
SMALL = [name for name in SAMPLE if re.match(r"mobilenet|resnet\d|shuffle|squeeze|mnas|dense", name)]
HUGE = 120_000_000
"""Weights that fill no chip and no machine of a test: 480 MB as float."""


def expressible(name: str, size: str | None = None) -> Program:
    """The program of a network, or a skip that names the layer that the runtime has no operator for."""
    try:
        made = program(name, size)
    except SpecError as error:
        first = error.diagnostics[0]
        assert first.code == "not-expressible"
        assert first.span is not None
        pytest.skip(f"{name}: {first.message}")
    if made.flash > HUGE:
        pytest.skip(f"{name}: {made.flash:,} bytes of weights")
    return made


@pytest.mark.chip
@pytest.mark.parametrize("name", SAMPLE)
def test_every_network_of_the_zoo_plans_as_it_runs(name: str) -> None:
    pytest.importorskip("tflite_micro")
    same(expressible(name), analyze(name).totals.macs)


@pytest.mark.parametrize("most", [8, pytest.param(120, marks=pytest.mark.long)])
def test_most_networks_of_the_zoo_can_be_exported(most: int) -> None:
    lacking = {}
    exported = 0
    for name in ALL:
        try:
            program(name)
            exported += 1
        except SpecError as error:
            lacking[name] = error.diagnostics[0].code
        if exported == most:
            break
    assert exported == most, lacking
    assert set(lacking.values()) <= {"not-expressible"}
    assert lacking or most < 120


@pytest.mark.chip
@pytest.mark.parametrize("name", SMALL)
def test_and_at_another_size(name: str) -> None:
    pytest.importorskip("tflite_micro")
    same(expressible(name, "3x96x128"))


@pytest.mark.parametrize("name", ["convnext_tiny", "alexnet_2012"])
def test_what_the_runtime_lacks_is_named_with_its_layer(name: str) -> None:
    with pytest.raises(SpecError) as caught:
        program(name)
    first = caught.value.diagnostics[0]
    assert first.code == "not-expressible"
    assert first.message.startswith("layer '")
    assert first.span is not None


def test_the_same_network_is_the_same_file() -> None:
    pytest.importorskip("flatbuffers")
    assert to_tflite(program("lenet5")) == to_tflite(program("lenet5"))


def network(seed: int) -> dict[str, Any]:
    """A random network over what can be exported: maps on two axes or one, forks that meet again, odd sizes."""
    r = random.Random(seed)  # noqa: S311 - a seeded case, no secret
    flat = r.random() < 0.2
    channels = r.choice((2, 4, 8, 12))
    extents = [r.randint(9, 24)] if flat else [r.randint(9, 24), r.randint(9, 24)]
    layers: list[Any] = [{"conv": {"out": channels, "kernel": 3, "padding": "same"}, "as": "start"}]
    for number in range(r.randint(3, 9)):
        label = f"l{number}"
        keep = {"out": channels, "kernel": r.choice((1, 3, 5)), "padding": r.choice(("same", "half"))}
        choices: list[Any] = [
            {"conv": {**keep, "act": r.choice(("relu", "relu6", "sigmoid", "tanh", "hardswish", "silu", "none"))}},
            {"conv": {**keep, "stride": r.choice((1, 2)), "norm": "batch_norm"}},
            {"conv": {**keep, "groups": 2, "bias": False}},
            {"depthwise": {"kernel": 3, "padding": r.choice(("same", "half")), "stride": r.choice((1, 2)),
                           "act": "relu", "bias": r.random() < 0.5}},
            {"add": {"body": [{"conv": {**keep, "act": "relu"}}], "skip": []}},
            {"mul": {"gate": ["global_avg_pool", {"conv": {"out": channels, "kernel": 1, "act": "sigmoid"}}], "x": []}},
            {"concat": {"a": [{"conv": {**keep, "out": 3}}, "tanh"], "b": [{"conv": {**keep, "out": 1}}], "c": []}},
            {"max_pool": {"kernel": 3, "stride": 1, "padding": 1}},
            {"avg_pool": {"kernel": 2, "stride": 1}},
            {"pad": [1, 2] if flat else [1, 2, 0, 3]},
            {"permute": [0, 1]} if flat else {"permute": [0, 2, 1]},
            {"concat": {"a": [{"conv": keep}], "b": []}, "axis": "last"},
            {"leaky_relu": 0.1}, "prelu", "relu", "hardsigmoid", "softmax", "batch_norm",
        ]  # fmt: skip
        if not flat:
            choices += [
                {"upsample": {"scale": 2, "mode": r.choice(("nearest", "bilinear"))}},
                {"conv_transpose": {"out": channels, "kernel": r.choice((2, 3)), "stride": 2}},
                {"conv_transpose": {"out": channels, "kernel": 4, "stride": 2, "padding": 1}},
                {"channel_shuffle": 2},
                {"mul": {"gate": ["channel_mean", "sigmoid"], "x": []}},
            ]
        chosen = r.choice(choices)
        layers.append({"identity": {}, "as": label} if r.random() < 0.1 else chosen)
        if isinstance(chosen, dict) and "concat" in chosen:
            layers.append({"conv": {"out": channels, "kernel": 1}})
    if r.random() < 0.5:
        layers += ["global_avg_pool", "flatten", {"linear": r.randint(2, 12)}, *r.choice(([], ["softmax"]))]
    elif r.random() < 0.3:
        layers += ["flatten", {"linear": 5}]
    return {"input": [r.choice((1, 3, 4)), *extents], "layers": layers}


def attempt(spec: dict[str, Any], dtype: str) -> Program | None:
    """The program of a random network; None where a window does not fit or the runtime has no form for a layer."""
    try:
        return program(spec, dtype=dtype)
    except SpecError as error:
        if {finding.code for finding in error.diagnostics} <= {"not-expressible", "window-does-not-fit"}:
            return None
        raise


@pytest.mark.chip
@pytest.mark.parametrize("dtype", ["int8", "float32"])
@pytest.mark.parametrize("block", range(6 if os.environ.get("CNNCALC_ZOO") == "all" else 2))
def test_random_networks_plan_as_they_run(block: int, dtype: str) -> None:
    pytest.importorskip("tflite_micro")
    tried = 0
    for seed in range(block * 60, block * 60 + 60):
        made = attempt(network(seed), dtype)
        if made is not None:
            same(made)
            tried += 1
    assert tried >= 40
