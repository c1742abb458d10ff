"""What ONNX Runtime's optimiser joins counts as its parts: numbers by hand, and those of the same network in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cnncalc import analyze
from cnncalc.api import Text, build_graph
from cnncalc.values.diagnostics import SpecError

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.extra
onnx = pytest.importorskip("onnx")
np = pytest.importorskip("numpy")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

MICROSOFT, BLOCKED = "com.microsoft", "com.microsoft.nchwc"


def model(nodes: list[Any], weights: Mapping[str, tuple[int, ...]], x: list[int], *more: list[int]) -> Text:
    """Return a model with stored weights; the inputs are `x`, `x1`, ..; the output is that of the last node."""
    names = ["x", *(f"x{n}" for n in range(1, len(more) + 1))]
    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in zip(names, [x, *more], strict=True)]
    held = [numpy_helper.from_array(np.full(shape, n + 1, np.float32), name)
            for n, (name, shape) in enumerate(weights.items())]  # fmt: skip
    last = helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "g", inputs, [last], held)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1),
                                                   helper.make_opsetid(BLOCKED, 1)])  # fmt: skip
    return Text(made.SerializeToString(), "m.onnx")


def node(kind: str, reads: str, makes: str = "y", domain: str = MICROSOFT, **attributes: Any) -> Any:
    return helper.make_node(kind, [name if name != "_" else "" for name in reads.split()], makes.split(), name=kind,
                            domain=domain, **attributes)  # fmt: skip


def facts(source: Text) -> tuple[tuple[int, ...], int, int]:
    """Return the shape of the output, the parameters and the products; nothing of it is a bound."""
    graph, _, _ = build_graph(source)
    ref = next(iter(graph.outputs.values()))
    totals = analyze(source).totals
    assert not totals.lower_bounds
    return tuple(graph.nodes[ref[0]].out_shapes[ref[1]]), totals.params, totals.macs


@pytest.mark.parametrize("domain", [MICROSOFT, BLOCKED])
@pytest.mark.parametrize(("activation", "params"), [
    ("Relu", []), ("Clip", [0.0, 6.0]), ("LeakyRelu", [0.1]), ("HardSigmoid", [0.2, 0.5]), ("", []),
])  # fmt: skip
def test_a_fused_convolution_is_a_sum_and_an_activation_behind_one(domain: str, activation: str, params: Any) -> None:
    carried: dict[str, Any] = {"activation": activation} if activation else {}
    carried |= {"activation_params": params} if params else {}
    conv = node("FusedConv" if domain == MICROSOFT else "Conv", "x w b x1", domain=domain, kernel_shape=[3, 3],
                pads=[1, 1, 1, 1], **carried)  # fmt: skip
    source = model([conv], {"w": (8, 3, 3, 3), "b": (8,)}, [1, 3, 6, 5], [1, 8, 6, 5])
    assert facts(source) == ((8, 6, 5), 8 * 27 + 8, 8 * 27 * 30)
    kinds = [type(n.op).name for n in build_graph(source)[0].nodes]
    assert kinds[:2] == ["conv", "add"]
    assert len(kinds) == 2 + bool(activation)


@pytest.mark.parametrize(("attributes", "a", "b"), [
    ({}, [1, 2, 4, 5], [1, 2, 5, 6]), ({"transA": 1}, [1, 2, 5, 4], [1, 2, 5, 6]),
    ({"transB": 1, "alpha": 0.5}, [1, 2, 4, 5], [1, 2, 6, 5]),
    ({"transBatchA": 1, "transBatchB": 1, "transB": 1}, [2, 1, 4, 5], [2, 1, 6, 5]),
])  # fmt: skip
def test_a_fused_product_turns_its_matrices(attributes: Any, a: Any, b: Any) -> None:
    """Twice 4 x 5 times 5 x 6; with their batches turned these would be 4 and 6."""
    source = model([node("FusedMatMul", "x x1", **attributes)], {}, a, b)
    if "transBatchA" in attributes:
        with pytest.raises(SpecError):  # 4 and 6 are no equal batches
            facts(source)
    else:
        assert facts(source)[2] == 2 * 4 * 5 * 6


@pytest.mark.parametrize("joined", [True, False])
def test_attention_is_its_products(joined: bool) -> None:
    """7 tokens of 12 values, 3 heads of 4: three projections unless they are given, scores and mixes."""
    if joined:
        source = model([node("Attention", "x w b", num_heads=3)], {"w": (12, 36), "b": (36,)}, [1, 7, 12])
        assert facts(source)[1:] == (12 * 36 + 36, 7 * 12 * 36 + 2 * 7 * 7 * 12)
    else:
        source = model([node("MultiHeadAttention", "x x1 x2 b", num_heads=3)], {"b": (36,)}, *[[1, 7, 12]] * 3)
        assert facts(source)[1:] == (36, 2 * 7 * 7 * 12)


def test_sums_before_a_norm_are_a_result_too() -> None:
    nodes = [node("SkipLayerNormalization", "x x1 g b c", "y _ _ s"), node("Add", "y s", "z", domain="")]
    nodes[0].output[1] = nodes[0].output[2] = ""
    shape, params, macs = facts(model(nodes, {"g": (12,), "b": (12,), "c": (12,)}, [1, 7, 12], [1, 7, 12]))
    assert (shape, params, macs) == ((7, 12), 36, 0)


@pytest.mark.parametrize(("kind", "reads", "params"), [
    ("Gelu", "x", 0), ("BiasGelu", "x b", 12), ("FastGelu", "x b", 12), ("QuickGelu", "x", 0),
    ("BiasAdd", "x b x1", 12),
])  # fmt: skip
def test_biases_inside_activations_count(kind: str, reads: str, params: int) -> None:
    source = model(
        [node(kind, reads)], {"b": (12,)} if params else {}, [1, 7, 12], *([[1, 7, 12]] if "x1" in reads else [])
    )
    assert facts(source)[1:] == (params, 0)


def test_channels_out_of_blocks_are_those_that_there_are() -> None:
    nodes = [node("ReorderInput", "x", "a", BLOCKED), node("Conv", "a w", "c", BLOCKED, kernel_shape=[1, 1]),
             node("ReorderOutput", "c", "y", BLOCKED, channels=4)]  # fmt: skip
    assert facts(model(nodes, {"w": (8, 16, 1, 1)}, [1, 16, 3, 3])) == ((4, 3, 3), 128, 128 * 9)


def test_a_quantised_recurrent_layer_has_its_matrices_turned() -> None:
    """Two directions of 5 values on 6 steps of 7: W is [2, 7, 20] and R [2, 5, 20], whole numbers; B is [2, 40]."""
    held = {"w": (2, 7, 20), "r": (2, 5, 20), "b": (2, 40), "ws": (2,), "wz": (2,), "rs": (2,), "rz": (2,)}
    lstm = node("DynamicQuantizeLSTM", "x w r b _ _ _ _ ws wz rs rz", direction="bidirectional", hidden_size=5)
    made = onnx.load_model_from_string(model([lstm], held, [6, 1, 7]).data)
    for tensor in made.graph.initializer:
        if tensor.name in ("w", "r", "wz", "rz"):
            tensor.CopyFrom(numpy_helper.from_array(np.full(held[tensor.name], 1, np.int8), tensor.name))
    source = Text(made.SerializeToString(), "m.onnx")
    totals = analyze(source).totals
    assert (totals.params, totals.macs) == (2 * 20 * 12 + 2 * 40, 6 * 2 * 20 * 12)
    assert not totals.lower_bounds


def test_a_quantised_softmax_has_the_opset_as_an_attribute() -> None:
    """ONNX Runtime's quantiser writes `opset` beside `axis`."""
    held = {"s": (), "z": ()}
    quantised = node("QuantizeLinear", "x s z", "q", domain="")
    source = model([quantised, node("QLinearSoftmax", "q s z s z", "y", axis=-1, opset=17)], held, [1, 7, 12])
    made = onnx.load_model_from_string(source.data)
    made.graph.initializer[1].CopyFrom(numpy_helper.from_array(np.asarray(0, np.uint8), "z"))
    graph, _, _ = build_graph(Text(made.SerializeToString(), "m.onnx"))
    assert [type(n.op).name for n in graph.nodes if n.out_shapes[0].elements == 84][-1] == "softmax"


def test_products_of_constants_count_beside_the_input() -> None:
    """A table of positions through a convolution, added to the map, as EdgeNeXt has it."""
    nodes = [node("Conv", "t w b", "p", "", kernel_shape=[1, 1]), node("Add", "x p", "y", "")]
    source = model(nodes, {"t": (1, 5, 6, 4), "w": (3, 5, 1, 1), "b": (3,)}, [1, 3, 6, 4])
    assert facts(source) == ((3, 6, 4), 5 * 24 + 15 + 3, 15 * 24)
    graph, _, _ = build_graph(source)
    assert graph.nodes[0].path == "Conv"
    assert list(graph.outputs) == ["y"]
