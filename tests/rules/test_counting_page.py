"""The exact table of docs/counting.md against the operators' case files: every formula, on every case."""

from __future__ import annotations

import re
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from operator_cases import OPERATORS, build, load, number, shapes

from cnncalc.ops.operator import expanded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.ops.operator import Operator, PlacedPart

PAGE = Path(__file__).parents[2] / "docs" / "counting.md"
LETTERS = ("N", "X", "T", "K", "M", "B", "R", "W", "n", "A", "S", "m", "Q", "O", "V", "G")
COMPOSITE = "its parts"
PARTS = {
    "attention_scores": "`attention` scores",
    "attention_bias": "`attention` bias",
    "attention_softmax": "`attention` softmax",
    "attention": "`attention` mix",
}
"""The rows of layers that only stand inside another operator."""


def rows() -> list[tuple[str, str]]:
    """Heading and formula of every row of the exact table."""
    section = PAGE.read_text(encoding="utf-8").split("## The exact table")[1].split("\n## ")[0]
    table = section.split("| operator |")[1].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table if line.startswith("|")]
    return [(row[0], row[1].strip("`| ")) for row in cells]


def formula(name: str, op: Operator) -> str:
    """The formula that the table gives for an operator with its arguments."""
    found = [(heading, text) for heading, text in rows() if PARTS.get(name, f"`{name}`") in heading]
    assert found, f"docs/counting.md has no row for {name}"
    for heading, text in found:
        if name == "upsample" and op.arguments()["mode"] not in re.split(r"[ ,`]+", heading):
            continue
        statistics = op.arguments().get("running_stats") if name in {"batch_norm", "instance_norm"} else None
        if statistics is not None and heading.endswith("without running statistics") == statistics:
            continue
        if name == "opaque" and (op.arguments()["flops"] is None) == heading.endswith("declared operations"):
            continue
        return text
    raise AssertionError(f"docs/counting.md has no row for {op}")


def letters(layer: PlacedPart) -> dict[str, Any]:
    """The letters of the table for one layer, from its shapes and arguments."""
    op, x, y = layer.op, layer.ins[0], layer.outs[0]
    given = op.arguments()
    count = op.count(layer.ins, layer.outs)
    kernel = given.get("kernel", 1)
    rank = len(x) - 1
    taps = prod(kernel) if isinstance(kernel, tuple) else kernel**rank
    if op.name == "upsample":
        taps = {"bicubic": 4, "linear": 2, "bilinear": 2, "trilinear": 2}.get(given["mode"], 1) ** rank
    if op.name == "grid_sample":
        taps = {"bilinear": 2, "bicubic": 4, "nearest": 0}[given["mode"]] ** rank
    if op.name == "roi_align":
        taps = given["samples"] ** 2
    if op.name == "local_response_norm":
        taps = given["size"]
    values: dict[str, Any] = dict.fromkeys(LETTERS, 0)
    values |= {"N": sum(o.elements for o in layer.outs), "X": sum(i.elements for i in layer.ins), "T": taps}
    values |= {"M": count.macs, "m": len(layer.ins), "n": _together(layer)}
    values["K"] = count.macs // y.elements if count.macs else 0
    values["B"] = y.elements if getattr(op, "has_bias", False) else 0
    values["A"] = y.elements if given.get("affine") else 0
    values["S"] = values["A"] if given.get("bias", True) else 0
    if op.name in {"lstm", "gru"}:
        values["V"] = x[1] * given["hidden"] * given["layers"] * (2 if given["bidirectional"] else 1)
    if op.name == "grid_sample":
        values["G"] = layer.ins[1].elements
    if op.name == "opaque":
        values["D"] = given["flops"]
    if op.name == "affine":
        values["A"], values["S"] = (y.elements * (given[part] != "none") for part in ("scale", "offset"))
    if op.name == "attention_softmax":
        values["n"] = y.channels // given["heads"]
    if op.name == "deform_conv":
        values["Q"] = x.channels * taps * y.positions
        values["O"] = given["offset_groups"] * taps * y.positions if given["mask"] else 0
    values["R"] = y.channels * prod(len(_written(axis, layer)) for axis in range(rank) if op.name == "conv_transpose")
    if len(x) == len(y):
        values["W"] = x.channels * prod(
            sum(-(-(j + 1) * n // o) - j * n // o for j in range(o)) for n, o in zip(x.spatial, y.spatial, strict=True)
        )
    return values


def _together(layer: PlacedPart) -> int:
    given, x = layer.op.arguments(), layer.ins[0]
    if layer.op.name in {"batch_norm", "instance_norm", "grn"}:
        return x.positions
    if layer.op.name == "group_norm":
        return x.elements // int(given["groups"])
    if layer.op.name in {"softmax", "log_softmax"}:
        return int(x[{"channel": 0, "last": -1}.get(given["axis"], given["axis"])])
    over = given.get("over", "channel")
    trailing = {"all": len(x), "last": 1}.get(over, over)
    return x.channels if over == "channel" else prod(x[len(x) - trailing :])


def _written(axis: int, layer: PlacedPart) -> set[int]:
    """The output positions of a transposed convolution that an input writes to, one by one."""
    (window, n, o) = (
        layer.op.windows(layer.ins[0])[axis],  # type: ignore[attr-defined]
        layer.ins[0].spatial[axis],
        layer.outs[0].spatial[axis],
    )
    sums = {i * window.stride + window.dilation * t - window.before for i in range(n) for t in range(window.kernel)}
    return sums & set(range(o))


def all_cases() -> Iterator[Any]:
    for cls in OPERATORS:
        for case in load(cls).get("cases", []):
            yield pytest.param(cls.name, case, id=f"{cls.name}-{case['name']}")


@pytest.mark.parametrize(("name", "case"), list(all_cases()))
def test_the_table_gives_the_operations_of_every_case(name: str, case: dict[str, Any]) -> None:
    op = build(name, case["args"])
    if case["flops"] is None:
        assert formula(name, op) == "unknown"
        return
    if case["args"].get("axis", "channel") != "channel":
        pytest.skip("the page's formulas are for channels; the case file has the number of another axis")
    total = 0
    for layer in expanded(op, shapes(case, "input", "inputs")):
        text = formula(layer.op.name, layer.op)
        total += int(eval(text, {}, letters(layer)))  # noqa: S307 - a formula of our own page
    assert total == number(case["flops"])
    if op.parts() and name in {"separable", "spatially_separable"}:
        assert formula(name, op) == COMPOSITE


def test_every_operator_has_a_row() -> None:
    listed = {name for heading, _ in rows() for name in re.findall(r"`(\w+)`", heading)}
    assert listed == {cls.name for cls in OPERATORS}
