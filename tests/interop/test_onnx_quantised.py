"""Quantised ONNX models: the same network as the float one, with widths where the file has narrow types.

`data/onnx_quantised` holds one network as ONNX Runtime's quantiser writes it in three forms, and what PyTorch counts of
it before it is quantised.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import cnncalc
from cnncalc.api import build_graph
from cnncalc.graph.verify import verify
from cnncalc.interop.writing import readable_spec

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph

pytestmark = pytest.mark.extra
onnx = pytest.importorskip("onnx")
np = pytest.importorskip("numpy")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

FOLDER = Path(__file__).parents[1] / "data" / "onnx_quantised"
TRUTH: dict[str, Any] = json.loads((FOLDER / "truth.json").read_text(encoding="utf-8"))
FORMS = ("qdq", "qoperator", "dynamic")


@pytest.mark.parametrize("form", FORMS)
def test_a_quantised_network_is_the_float_one_with_widths(form: str) -> None:
    totals = cnncalc.analyze(str(FOLDER / f"{form}.onnx")).totals
    assert (totals.params, totals.macs, totals.lower_bounds) == (TRUTH["params"], TRUTH["macs"], ())
    assert totals.bops == TRUTH["macs"] * 8 * 8
    assert totals.model_bits == TRUTH["weights"] * 8 + (TRUTH["params"] - TRUTH["weights"]) * 32
    assert totals.buffers == 0


def test_the_results_that_are_quantised_are_stored_so() -> None:
    static, dynamic = (build_graph(str(FOLDER / f"{form}.onnx"))[0] for form in ("qdq", "dynamic"))
    assert {None if node.bits is None else node.bits.output for node in static.nodes} == {8}
    assert {None if node.bits is None else node.bits.output for node in dynamic.nodes} == {None}
    assert not any(getattr(node.op, "kind", "") for node in (*static.nodes, *dynamic.nodes))  # every one is known


@pytest.mark.parametrize("form", FORMS)
def test_the_spec_says_the_widths_once(form: str) -> None:
    graph = build_graph(str(FOLDER / f"{form}.onnx"))[0]
    verify(graph)
    text = readable_spec(graph, name="n")
    assert text.count("bits:") == 1
    after, before = cnncalc.analyze(cnncalc.parse(text)).totals, cnncalc.analyze(str(FOLDER / f"{form}.onnx")).totals
    assert (after.bops, after.model_bits, after.macs) == (before.bops, before.model_bits, before.macs)


def made(nodes: list[Any], weights: dict[str, Any], shape: tuple[int, ...] = (1, 3, 8, 8), opset: int = 21) -> Any:
    stored = [w if isinstance(w, TensorProto) else numpy_helper.from_array(np.asarray(w), n)
              for n, w in weights.items()]  # fmt: skip
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], stored)  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def graph_of(tmp_path: Path, model: Any) -> Graph:
    file = tmp_path / "model.onnx"
    file.write_bytes(model.SerializeToString())
    return build_graph(str(file))[0]


def node(kind: str, ins: str, out: str) -> Any:
    return helper.make_node(kind, ins.split(), out.split(), name=f"/{out}/{kind}")


def test_weights_alone_may_be_quantised(tmp_path: Path) -> None:
    four = helper.make_tensor("w", TensorProto.INT4, (4, 3, 3, 3), [1] * 108)
    model = made([node("DequantizeLinear", "w s", "d"), node("Conv", "x d", "y")], {"w": four, "s": np.float32(0.1)})
    (conv,) = graph_of(tmp_path, model).nodes
    assert (conv.op.name, conv.op.params(conv.in_shapes)) == ("conv", 108)
    assert conv.bits is not None
    assert conv.bits.to_dict() == {"weights": 4, "activations": None, "output": None}


def test_float_weights_that_the_graph_quantises_are_as_wide_as_it_makes_them(tmp_path: Path) -> None:
    model = made(
        [node("QuantizeLinear", "w s z", "q"), node("DequantizeLinear", "q s z", "d"), node("Conv", "x d", "y")],
        {"w": np.ones((4, 3, 3, 3), np.float32), "s": np.float32(0.1), "z": np.int8(0)},
    )
    (conv,) = graph_of(tmp_path, model).nodes
    assert conv.op.params(conv.in_shapes) == 108
    assert conv.bits is not None
    assert conv.bits.weights == 8


def test_a_result_that_is_also_read_unquantised_is_stored_as_it_is(tmp_path: Path) -> None:
    model = made(
        [
            node("Conv", "x w", "c"), node("QuantizeLinear", "c s z", "q"), node("DequantizeLinear", "q s z", "d"),
            node("Sigmoid", "c", "g"), node("Mul", "d g", "y"),
        ],
        {"w": np.ones((4, 3, 3, 3), np.float32), "s": np.float32(0.1), "z": np.uint8(0)},
    )  # fmt: skip
    graph = graph_of(tmp_path, model)
    assert [n.op.name for n in graph.nodes] == ["conv", "silu"]  # x*sigmoid(x)
    assert [n.bits for n in graph.nodes] == [None, None]


def test_both_factors_of_a_product_of_activations_have_widths(tmp_path: Path) -> None:
    turn = helper.make_node("Transpose", ["d"], ["t"], perm=[0, 2, 1], name="/t/Transpose")
    casts = [node("QuantizeLinear", "x s z", "q"), node("DequantizeLinear", "q s z", "d"), turn]
    weights = {"s": np.float32(0.1), "z": np.uint8(0)}
    product = graph_of(tmp_path, made([*casts, node("MatMul", "d t", "y")], weights, (1, 6, 5))).nodes[-1]
    assert product.op.macs(product.in_shapes, product.out_shapes) == 6 * 5 * 6
    assert product.bits is None  # the turned one is real again
    again = [node("QuantizeLinear", "t s z", "r"), node("DequantizeLinear", "r s z", "u"), node("MatMul", "d u", "y")]
    product = graph_of(tmp_path, made([*casts, *again], weights, (1, 6, 5))).nodes[-1]
    assert product.bits is not None
    assert product.bits.to_dict() == {"weights": 8, "activations": 8, "output": None}


def test_an_operator_with_its_channels_last_is_not_taken_for_another(tmp_path: Path) -> None:
    pool = helper.make_node("QLinearGlobalAveragePool", ["q", "s", "z", "s", "z"], ["p"], domain="com.microsoft",
                            channels_last=1)  # fmt: skip
    model = made([node("QuantizeLinear", "x s z", "q"), pool, node("DequantizeLinear", "p s z", "y")],
                 {"s": np.float32(0.1), "z": np.uint8(0)})  # fmt: skip
    graph = graph_of(tmp_path, model)
    assert any(getattr(n.op, "kind", "") == "com.microsoft.QLinearGlobalAveragePool" for n in graph.nodes)


def test_a_network_that_only_quantises_keeps_its_layers(tmp_path: Path) -> None:
    model = made([node("QuantizeLinear", "x s z", "q"), node("DequantizeLinear", "q s z", "y")],
                 {"s": np.float32(0.1), "z": np.uint8(0)})  # fmt: skip
    assert len(graph_of(tmp_path, model).nodes) == 1
