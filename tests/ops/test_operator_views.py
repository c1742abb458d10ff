"""Operators that cnncalc does not know are right in every view, or unknown; nothing outside goes by their names."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from modules import parsed, parts_of

import cnncalc
from cnncalc.ops.arguments import Integer
from cnncalc.ops.operator import INPUTS, OUTPUT, POSITIONS, Operator, Shapes, arg
from cnncalc.ops.registry import find, names, operators, register
from cnncalc.values.shape import Shape
from cnncalc.values.tensor import BIAS, Tensor
from cnncalc.values.work import Work

PACKAGE = Path(__file__).parents[2] / "cnncalc"


class ChannelMin(Operator):
    """Minimum over channels, `[C, *S] -> [1, *S]` (a test)."""

    keeps = (POSITIONS,)

    def out_shape(self, x: Shape) -> Shape:
        return Shape((1, *x[1:]))


class SilentPool(Operator):
    """Every second position, `[C, *S] -> [C, *S/2]`; says nothing of training (a test)."""

    def out_shape(self, x: Shape) -> Shape:
        return Shape((x.channels, *(n // 2 for n in x.spatial)))


class Squash(Operator):
    """An activation that its result alone can undo, `[C, *S] -> [C, *S]` (a test)."""

    keeps = (OUTPUT,)
    in_place = True


class Mystery(Operator):
    """Weights that nobody knows, `[C, *S] -> [C, *S]` (a test)."""

    keeps = (INPUTS,)

    def tensors(self, ins: Shapes) -> None:  # noqa: ARG002
        return None


class Mixing(Operator):
    """A matrix over the channels, `[C, *S] -> [out, *S]` (a test)."""

    weighted = True
    keeps = (INPUTS,)
    out: int = arg(Integer(1), main=True, doc="channels")
    shift: int = arg(Integer(0), default=0, doc="1 for a bias")

    def out_shape(self, x: Shape) -> Shape:
        return Shape((self.out, *x[1:]))

    def tensors(self, ins: Shapes) -> tuple[Tensor, ...]:
        weight = Tensor("weight", (self.out, ins[0].channels), entering=1)
        return (weight, Tensor("bias", (self.out,), BIAS)) if self.shift else (weight,)

    def macs(self, ins: Shapes, outs: Shapes) -> int:
        return ins[0].channels * outs[0].elements

    def work(self, ins: Shapes, outs: Shapes) -> Work:
        return Work(multiplications=self.macs(ins, outs))

    def absorbing(self, outs: Shapes) -> Operator:  # noqa: ARG002
        return self.replace(shift=1)


@pytest.fixture(autouse=True)
def _plugged() -> None:
    for name, cls in (
        ("views_channel_min", ChannelMin),
        ("views_silent_pool", SilentPool),
        ("views_squash", Squash),
        ("views_mystery", Mystery),
        ("views_mixing", Mixing),
    ):
        if find(name) is None:
            register(name)(cls)


def spec(*layers: Any, size: tuple[int, ...] = (3, 8, 6)) -> dict[str, Any]:
    return {"input": list(size), "layers": list(layers)}


def test_a_new_pool_keeps_its_positions_in_training() -> None:
    ours = cnncalc.memory(spec({"conv": {"out": 4, "kernel": 1}}, "views_channel_min"))
    theirs = cnncalc.memory(spec({"conv": {"out": 4, "kernel": 1}}, "channel_max"))
    assert ours.training is not None
    assert theirs.training is not None
    assert ours.training.positions == theirs.training.positions == 8 * 6
    assert ours.training.lower_bounds == ()


def test_an_operator_that_does_not_say_what_training_keeps_is_unknown_there() -> None:
    report = cnncalc.memory(spec({"conv": {"out": 4, "kernel": 1}}, "views_silent_pool"))
    assert report.training is not None
    assert {"activations", "activation_bytes", "bytes"} <= set(report.training.lower_bounds)
    assert report.layers[-1].training_activations is None


def test_before_anything_learns_even_an_unknown_operator_keeps_nothing() -> None:
    report = cnncalc.memory(spec("views_silent_pool", {"conv": {"out": 4, "kernel": 1}}))
    assert report.training is not None
    assert report.training.lower_bounds == ()


def test_a_new_activation_works_in_place_and_keeps_its_output() -> None:
    report = cnncalc.memory(spec({"conv": {"out": 4, "kernel": 1}}, "views_squash"))
    # Plain: the squash reads 4*8*6 and writes as many. In place: the conv reads 3*8*6 and writes 4*8*6.
    assert report.peak.elements == 2 * 4 * 8 * 6
    assert report.peak_in_place.elements == (3 + 4) * 8 * 6
    assert report.layers[-1].training_activations == 4 * 8 * 6


def test_a_norm_folds_into_a_new_layer_that_can_take_it() -> None:
    report = cnncalc.analyze(spec({"views_mixing": 5}, "batch_norm"), fold_bn=True)
    (layer,) = report.layers
    assert (layer.op, layer.params) == ("views_mixing", 3 * 5 + 5)
    assert layer.memory_access is not None
    assert (layer.memory_access.weights, layer.memory_access.bias) == (15, 5)


def test_a_norm_stays_behind_a_layer_that_cannot_take_it() -> None:
    report = cnncalc.analyze(spec("views_squash", "batch_norm"), fold_bn=True)
    assert [layer.op for layer in report.layers] == ["views_squash", "batch_norm"]


def test_unknown_weights_are_unknown_in_every_view() -> None:
    report = cnncalc.analyze(spec("views_mystery", {"conv": {"out": 4, "kernel": 1, "bias": False}}))
    mystery, conv = report.layers
    assert (mystery.params, mystery.memory_access, mystery.bytes) == (None, None, None)
    assert {"params", "memory_access", "bytes"} <= set(mystery.unknown)
    assert conv.params == 12
    assert report.totals.params == 12
    assert {"params", "memory_access"} <= set(report.totals.lower_bounds)
    memory = cnncalc.memory(spec("views_mystery", {"conv": {"out": 4, "kernel": 1, "bias": False}}))
    assert (memory.params, memory.lower_bounds) == (12, ("model_size", "params"))
    assert memory.training is not None
    assert "parameter_bytes" in memory.training.lower_bounds
    assert ">= 12 |" in memory.to_markdown()


# Nothing outside the operators and the counting rules goes by their names.

NAMED = {"name", "family", "group", "op"}


def _strings(node: ast.AST) -> set[str]:
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def _asks_for_a_name(node: ast.AST) -> bool:
    """Whether an expression is `x.op`, `x.op.name`, `count.family` and the like."""
    return isinstance(node, ast.Attribute) and node.attr in NAMED


def by_name(tree: ast.AST, known: set[str]) -> list[int]:
    """Return the lines on which an operator's name, family or group is compared or looked up in a table."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(map(_asks_for_a_name, sides)) and any(_strings(side) & known for side in sides):
                found.append(node.lineno)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            found += [node.lineno for a in node.args[:1] if isinstance(a, ast.Attribute) and _is_operators(a)]
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Attribute) and _is_operators(node.slice):
            found.append(node.lineno)
    return found


def _is_operators(node: ast.Attribute) -> bool:
    """Whether an attribute is certainly an operator's: `.op.name`, `.family`."""
    return node.attr == "family" or (
        node.attr in {"name", "group"} and isinstance(node.value, ast.Name | ast.Attribute)
        and (node.value.attr if isinstance(node.value, ast.Attribute) else node.value.id) == "op"
    )  # fmt: skip


def vocabulary() -> set[str]:
    return {*names(), *(cls.family for cls in operators()), *(cls.group for cls in operators())} - {""}


TRANSLATORS = {
    "interop/exporting/keras_layers.py", "interop/exporting/onnx_nodes.py", "interop/exporting/simulators.py",
    "interop/exporting/torch_layers.py", "interop/onnx/idioms.py",
}  # fmt: skip
"""Modules that translate some operators one by one; no further one may.

In `idioms` that is the form it takes: each of its rules is a figure of several nodes and their order (x*sigmoid(x), the
eight nodes of a GELU), which no operator can say of itself. The exporters write statements for what has no counterpart
of one name and one set of arguments.
"""


def test_no_module_outside_the_operators_and_rules_goes_by_operator_names() -> None:
    known = vocabulary()
    wrong = [
        f"{file.relative_to(PACKAGE)}:{line}"
        for file in sorted(PACKAGE.rglob("*.py"))
        if file.relative_to(PACKAGE).parts[0] not in {"ops", "rules"}
        and str(file.relative_to(PACKAGE)) not in TRANSLATORS
        for line in by_name(parsed(file), known)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "node.op.name == 'flatten'",
        "count.family in {'linear', 'conv'}",
        "TABLE.get(op.name)",
        "TABLE[node.op.name]",
        "layer.op != 'conv'",
    ],
)
def test_the_search_finds_names(text: str) -> None:
    assert by_name(ast.parse(text), vocabulary()) == [1]


def test_a_class_name_has_one_owner() -> None:
    owners: dict[str, list[str]] = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in parts_of(file):
            if isinstance(node, ast.ClassDef):
                owners.setdefault(node.name, []).append(str(file.relative_to(PACKAGE)))
    doubled = {name: files for name, files in owners.items() if len(files) > 1}
    assert not doubled, "a class name has one owner; give the newer one a name that says what it is"
