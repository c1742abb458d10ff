"""What an operator says of itself besides shapes and counts: tensors, what training keeps, its names elsewhere."""

from __future__ import annotations

import importlib
from fractions import Fraction
from typing import Any

import pytest

from cnncalc.ops import operators
from cnncalc.ops.foreign import SYSTEMS, Foreign, known_as
from cnncalc.ops.operator import INPUTS, MASK, OUTPUT, POSITIONS, Operator, expanded
from cnncalc.ops.registry import by_foreign_name, find
from cnncalc.values.shape import Shape
from cnncalc.values.tensor import BIAS, BUFFER, WEIGHT, Tensor

MAP = Shape((8, 14, 10))
OPERATORS = list(operators())


def made(name: str, **arguments: Any) -> Operator:
    cls = find(name)
    assert cls is not None
    return cls(**arguments)


HELD = [
    ("conv", {"out": 6, "kernel": (3, 5), "groups": 2}, {"weight": (6, 4, 3, 5), "bias": (6,)}),
    ("conv", {"out": 6, "kernel": 3, "bias": False}, {"weight": (6, 8, 3, 3)}),
    ("depthwise", {"kernel": (3, 1), "multiplier": 2}, {"weight": (16, 1, 3, 1), "bias": (16,)}),
    ("conv_transpose", {"out": 6, "kernel": (2, 3), "groups": 2}, {"weight": (8, 3, 2, 3), "bias": (6,)}),
    ("linear", {"out": 5, "axis": "channel"}, {"weight": (5, 8), "bias": (5,)}),
    ("linear", {"out": 5, "axis": "last"}, {"weight": (5, 10), "bias": (5,)}),
    ("batch_norm", {}, {"weight": (8,), "bias": (8,), "running_mean": (8,), "running_var": (8,)}),
    ("batch_norm", {"affine": False}, {"running_mean": (8,), "running_var": (8,)}),
    ("instance_norm", {"affine": True}, {"weight": (8,), "bias": (8,)}),
    ("layer_norm", {"over": "all"}, {"weight": (8, 14, 10), "bias": (8, 14, 10)}),
    ("layer_norm", {"over": 2, "bias": False}, {"weight": (14, 10)}),
    ("group_norm", {"groups": 4}, {"weight": (8,), "bias": (8,)}),
    ("prelu", {"parameters": "channel"}, {"weight": (8,)}),
    ("prelu", {}, {"weight": (1,)}),
    ("relu", {}, {}),
    ("max_pool", {"kernel": 2}, {}),
]  # fmt: skip
"""Shapes as PyTorch's state_dict has them, without the count of batches."""


@pytest.mark.parametrize(("name", "arguments", "shapes"), HELD)
def test_tensors_are_those_of_the_reference(
    name: str, arguments: dict[str, Any], shapes: dict[str, tuple[int, ...]]
) -> None:
    held = made(name, **arguments).tensors((MAP,))
    assert held is not None
    assert {tensor.name: tensor.shape for tensor in held} == shapes


@pytest.mark.parametrize("cls", OPERATORS, ids=lambda cls: cls.name)
def test_counts_are_sums_of_tensors(cls: type[Operator]) -> None:
    """Whatever formula an operator has: parameters, biases and buffers are what its tensors hold."""
    import yaml

    written = yaml.safe_load(cls.example)
    given: Any = {} if isinstance(written, str) or cls.sources is None else written[next(iter(written))]
    given = Fraction(str(given)) if isinstance(given, float) else given
    arguments: dict[str, Any] = given if isinstance(given, dict) else {str(cls.main): given}
    for _, op, ins, outs in expanded(cls(**arguments), tuple(map(Shape, cls.example_input))):
        held, count = op.tensors(ins), op.count(ins, outs)
        if held is None:
            assert count.params is None
            assert count.memory is None
            continue
        sums = {role: sum(t.elements for t in held if t.role == role) for role in (WEIGHT, BIAS, BUFFER)}
        assert {t.role for t in held} <= set(sums)
        assert (count.params, count.biases, count.buffers) == (sums[WEIGHT] + sums[BIAS], sums[BIAS], sums[BUFFER])
        if op.moves:
            assert count.memory is not None
            assert count.memory.weights + count.memory.bias == sum(t.elements for t in held)
        assert len({t.name for t in held}) == len(held)


def test_an_operator_that_counts_parameters_without_saying_tensors_holds_unknown_ones() -> None:
    class Counted(Operator):
        name = "counted"

        def params(self, ins: tuple[Shape, ...]) -> int:
            return 7 * ins[0].channels

    assert Counted().tensors((MAP,)) is None
    assert Counted().count((MAP,), (MAP,)).params == 56


def test_unknown_parameters_make_memory_access_unknown() -> None:
    class Unknown(Operator):
        name = "unknown_weights"

        def tensors(self, ins: tuple[Shape, ...]) -> None:  # noqa: ARG002
            return None

    count = Unknown().count((MAP,), (MAP,))
    assert count.params is None
    assert count.memory is None


def test_every_operator_says_what_training_keeps_or_that_it_does_not_know() -> None:
    known = {INPUTS, OUTPUT, POSITIONS, MASK}
    silent = [cls.name for cls in OPERATORS if cls.keeps is None]
    assert sorted(silent) == ["gru", "lstm", "opaque"]
    assert all(set(cls.keeps or ()) <= known for cls in OPERATORS)


# Names elsewhere.


@pytest.mark.parametrize("cls", OPERATORS, ids=lambda cls: cls.name)
def test_foreign_names_speak_of_arguments_and_tensors_that_exist(cls: type[Operator]) -> None:
    for system, said in cls.elsewhere.items():
        assert system in SYSTEMS
        for foreign in said:
            assert foreign.arguments.keys() <= cls.args.keys()
            assert foreign.when.keys() <= cls.args.keys()
            assert foreign.name or foreign.recipe
            for step, (_, *reads) in enumerate(foreign.recipe):
                assert all(read == "x" or int(read) < step for read in reads)


@pytest.mark.parametrize(
    ("system", "name", "found"),
    [
        ("torch", "Conv2d", {"conv"}),
        ("torch", "MaxPool3d", {"max_pool"}),
        ("torch", "AdaptiveAvgPool2d", {"adaptive_avg_pool", "global_avg_pool"}),
        ("onnx", "Clip", {"relu6", "hardtanh"}),
        ("onnx", "Gemm", {"linear"}),
        ("tflite", "RELU_N1_TO_1", {"hardtanh"}),
        ("darknet", "reorg", {"pixel_unshuffle"}),
        ("caffe", "InnerProduct", {"linear"}),
        ("keras", "Dense", {"linear"}),
        ("onnx", "NoSuchOperator", set()),
    ],
)
def test_operators_are_found_by_foreign_names(system: str, name: str, found: set[str]) -> None:
    assert {cls.name for cls, _ in by_foreign_name(system, name)} == found


def test_a_name_holds_where_its_conditions_do() -> None:
    (first, *_, last) = made("pad", amount=1, mode="circular").elsewhere["torch"]
    assert first.named(2) == "ZeroPad2d"
    assert not first.holds({"mode": "circular"})
    assert last.holds({"mode": "circular"})
    (leaky,) = made("leaky_relu").elsewhere["darknet"]
    assert leaky.holds({"slope": Fraction(1, 10)})
    assert not leaky.holds(made("leaky_relu").arguments())


def test_an_unknown_system_is_refused() -> None:
    with pytest.raises(ValueError, match="no system 'onxx'"):
        by_foreign_name("onxx", "Conv")
    with pytest.raises(ValueError, match="no system 'onxx'"):
        known_as(onxx="Conv")


OF_TORCHVISION = {"roi_align", "RoIAlign", "deform_conv2d", "DeformConv2d"}
"""What `torchvision.ops` has."""


@pytest.mark.parametrize(("system", "module"), [
    pytest.param("torch", "torch.nn", marks=pytest.mark.torch), ("keras", "keras.layers"),
])  # fmt: skip
def test_names_exist_in_the_real_thing(system: str, module: str) -> None:
    """Run where the library is installed; a name that misses a rank there is none of ours for that rank."""
    library = pytest.importorskip(module)
    for said in _all(system):
        there = any(hasattr(library, name) for name in said.names())
        assert not said.name or there != (system == "torch" and said.name in OF_TORCHVISION), said


def _all(system: str) -> list[Foreign]:
    return [said for cls in OPERATORS for said in cls.elsewhere.get(system, ())]


def test_functions_exist_in_torch() -> None:
    torch: Any = pytest.importorskip("torch")
    functional = importlib.import_module("torch.nn.functional")
    for said in _all("torch_function"):
        found = any(hasattr(functional, name) or hasattr(torch, name) for name in said.names())
        assert found != (said.name in OF_TORCHVISION), said


def test_operators_and_attributes_exist_in_onnx() -> None:
    defs: Any = pytest.importorskip("onnx.defs")
    for said in _all("onnx"):
        for step in said.recipe:
            assert defs.has(step[0])
        if not said.name:
            continue
        schema = defs.get_schema(said.name)
        known = {*schema.attributes, *(item.name for item in schema.inputs)}
        assert {*said.arguments.values(), *said.constants, *said.tensors.values()} <= known, said


def test_argument_names_exist_in_torch() -> None:
    import inspect

    nn: Any = pytest.importorskip("torch.nn")

    def taken(name: str) -> set[str]:
        """Return what a class takes: what it hands on, its bases say."""
        return {word for base in getattr(nn, name).__mro__ for word in inspect.signature(base.__init__).parameters}

    for said in _all("torch"):
        wanted = {*said.arguments.values(), *said.constants}
        there = [name for name in said.names() if hasattr(nn, name)]
        assert not there or any(taken(name) >= wanted for name in there), said


def test_tensor_order_is_the_fields() -> None:
    assert Tensor("weight", (6, 4, 3, 5), entering=1).elements == 360
    assert Tensor("scale", ()).elements == 1
