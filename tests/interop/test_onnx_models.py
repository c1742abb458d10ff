"""ONNX models as networks: small ones made here with onnx's own helper, counted by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

import cnncalc
from cnncalc.api import build_graph
from cnncalc.cli import app
from cnncalc.values.diagnostics import SpecError

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph

pytestmark = pytest.mark.extra
onnx = pytest.importorskip("onnx")
np = pytest.importorskip("numpy")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

ROOT = Path(__file__).parents[2]


def model(nodes: list[Any], weights: dict[str, Any], shape: list[Any] | None = None, *, opset: int = 17,
          out: str = "y", inputs: dict[str, list[Any]] | None = None) -> Any:  # fmt: skip
    """Return a model of some nodes; `weights` are arrays, or extents of random numbers."""
    given = inputs or {"x": shape or [1, 3, 8, 8]}
    rng = np.random.default_rng(0)
    stored = [
        numpy_helper.from_array(w if isinstance(w, np.ndarray) else rng.random(w).astype(np.float32), name)
        for name, w in weights.items()
    ]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in given.items()],
        [helper.make_tensor_value_info(out, TensorProto.FLOAT, None)], stored)  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def write(tmp_path: Path, made: Any, name: str = "model.onnx") -> str:
    file = tmp_path / name
    file.write_bytes(made.SerializeToString())
    return str(file)


def graph_of(tmp_path: Path, made: Any, **options: Any) -> Graph:
    return build_graph(write(tmp_path, made), **options)[0]


def node(kind: str, ins: str, out: str = "y", **attributes: Any) -> Any:
    names = [n if n != "-" else "" for n in ins.split()]
    return helper.make_node(kind, names, out.split(), name=f"/{out.split(maxsplit=1)[0]}/{kind}", **attributes)


SMALL = [
    node("Conv", "x w b", "a", pads=[1, 1, 1, 1], strides=[2, 2]),
    node("Relu", "a", "r"),
    node("GlobalAveragePool", "r", "p"),
    node("Flatten", "p", "f"),
    node("Gemm", "f v c", "y", transB=1),
]
SMALL_WEIGHTS = {"w": (8, 3, 3, 3), "b": (8,), "v": (10, 8), "c": (10,)}


def test_a_small_network_is_counted(tmp_path: Path) -> None:
    # 8*3*9 + 8 + 10*8 + 10 = 314;  216*16 positions + 80 = 3,536
    report = cnncalc.analyze(write(tmp_path, model(SMALL, SMALL_WEIGHTS)))
    assert (report.totals.params, report.totals.macs) == (314, 3536)
    assert [layer.path for layer in report.layers] == ["a.Conv", "r.Relu", "p.GlobalAveragePool", "f.Flatten", "y.Gemm"]
    assert [layer.op for layer in report.layers] == ["conv", "relu", "global_avg_pool", "flatten", "linear"]
    assert report.name == "model"
    json.dumps(report.to_dict())


def test_a_file_is_known_by_what_it_holds(tmp_path: Path) -> None:
    report = cnncalc.analyze(write(tmp_path, model(SMALL, SMALL_WEIGHTS), "network.yaml"))
    assert report.totals.params == 314


def test_the_input_sets_what_the_file_leaves_open(tmp_path: Path) -> None:
    file = write(tmp_path, model(SMALL, SMALL_WEIGHTS, ["n", 3, "h", "w"]))
    with pytest.raises(SpecError, match="leaves h, w open") as caught:
        cnncalc.analyze(file)
    assert "--input 3x224x224" in str(caught.value)
    assert cnncalc.analyze(file, input="3x16x10").totals.macs == 216 * 8 * 5 + 80
    batch = cnncalc.analyze(file, input="4x3x16x10")
    assert (batch.batch, batch.totals.macs, batch.totals.params) == (4, 4 * (216 * 8 * 5 + 80), 314)


def test_a_fixed_batch_is_taken_out_of_the_shapes(tmp_path: Path) -> None:
    report = cnncalc.analyze(write(tmp_path, model(SMALL, SMALL_WEIGHTS, [5, 3, 8, 8])))
    assert (report.batch, report.layers[0].out_shape, report.totals.macs) == (5, (8, 4, 4), 5 * 3536)


def test_computed_shapes_are_followed(tmp_path: Path) -> None:
    """Shape, Gather, Cast, Div, Concat, Reshape: what exporters write for x.view(n, c // 2, -1)."""
    nodes = [
        node("Shape", "x", "s"),
        node("Gather", "s one", "c"),
        node("Cast", "c", "cf", to=TensorProto.FLOAT),
        node("Div", "cf two", "half"),
        node("Floor", "half", "fl"),
        node("Cast", "fl", "ci", to=TensorProto.INT64),
        node("Unsqueeze", "ci axis", "cu"),
        node("Concat", "n cu rest", "to", axis=0),
        node("Reshape", "x to", "y"),
    ]
    weights = {"one": np.array(1), "two": np.array(2, np.float32), "axis": np.array([0]), "n": np.array([1]),
               "rest": np.array([-1])}  # fmt: skip
    graph = graph_of(tmp_path, model(nodes, weights, [1, 6, 8, 8]))
    assert [n.out_shapes for n in graph.nodes] == [((3, 128),)]


@pytest.mark.parametrize(
    ("auto_pad", "size", "stride", "kernel", "expected"),
    [("SAME_UPPER", 7, 2, 3, 4), ("SAME_LOWER", 8, 3, 4, 3), ("VALID", 7, 2, 3, 3), ("NOTSET", 7, 2, 3, 3)],
)
def test_automatic_padding(  # noqa: PLR0917 - one row of a table
    tmp_path: Path, auto_pad: str, size: int, stride: int, kernel: int, expected: int
) -> None:
    made = model([node("Conv", "x w", auto_pad=auto_pad, strides=[stride, stride])], {"w": (4, 3, kernel, kernel)},
                 [1, 3, size, size])  # fmt: skip
    assert graph_of(tmp_path, made).nodes[0].out_shapes == ((4, expected, expected),)


def test_weights_count_once_wherever_they_are(tmp_path: Path) -> None:
    constant = helper.make_node("Constant", [], ["v"], value=numpy_helper.from_array(np.ones((3, 3, 1, 1), np.float32)))
    nodes = [
        constant,
        node("Conv", "x w", "a", pads=[1, 1, 1, 1]),
        node("Identity", "w", "same"),
        node("Conv", "a same", "b", pads=[1, 1, 1, 1]),
        node("Conv", "b v", "c"),
        node("Add", "c eps", "y"),
    ]
    made = model(nodes, {"w": (3, 3, 3, 3), "eps": np.array(1e-5, np.float32)})
    graph = graph_of(tmp_path, made)
    assert [n.shares for n in graph.nodes] == [None, 0, None, None]
    assert cnncalc.analyze(write(tmp_path, made)).totals.params == 81 + 9  # the scalar is arithmetic


def test_a_bias_of_two_layers_counts_once_and_both_stay_convolutions(tmp_path: Path) -> None:
    """Two convolutions 3 -> 3 of 81 weights with one bias of 3 between them."""
    nodes = [node("Conv", "x v b", "a", pads=[1, 1, 1, 1]), node("Conv", "a w b", "y", pads=[1, 1, 1, 1])]
    made = model(nodes, {"v": (3, 3, 3, 3), "w": (3, 3, 3, 3), "b": (3,)})
    graph = graph_of(tmp_path, made)
    assert [n.op.name for n in graph.nodes] == ["conv", "conv", "opaque"]
    report = cnncalc.analyze(write(tmp_path, made))
    assert (report.totals.params, report.totals.macs) == (81 + 3 + 81, 2 * 81 * 64)
    assert report.to_dict()["layers"][-1]["receptive_field"] == [5, 5]


def test_vectors_that_an_exporter_merged_are_as_many_as_the_model_had(tmp_path: Path) -> None:
    """TorchScript's exporter stores equal vectors once, with an Identity where each of the others was."""
    nodes = [
        node("Conv", "x v b", "a", pads=[1, 1, 1, 1]), node("Identity", "b", "c"),
        node("Conv", "a w c", "y", pads=[1, 1, 1, 1]),
    ]  # fmt: skip
    made = model(nodes, {"v": (3, 3, 3, 3), "w": (3, 3, 3, 3), "b": (3,)})
    assert [n.op.name for n in graph_of(tmp_path, made).nodes] == ["conv", "conv"]
    assert cnncalc.analyze(write(tmp_path, made)).totals.params == 2 * (81 + 3)


def test_running_statistics_are_buffers(tmp_path: Path) -> None:
    made = model([node("BatchNormalization", "x g b m v")], dict.fromkeys("gbmv", (3,)))
    totals = cnncalc.analyze(write(tmp_path, made)).totals
    assert (totals.params, totals.buffers) == (6, 6)


def test_quantised_weights_behind_dequantize_are_parameters(tmp_path: Path) -> None:
    nodes = [
        node("QuantizeLinear", "x s z", "q"),
        node("DequantizeLinear", "q s z", "d"),
        node("DequantizeLinear", "w s wz", "wd"),
        node("Conv", "d wd", "y"),
    ]
    weights = {"w": np.ones((4, 3, 3, 3), np.int8), "s": np.array(0.1, np.float32), "z": np.array(0, np.uint8),
               "wz": np.array(0, np.int8)}  # fmt: skip
    report = cnncalc.analyze(write(tmp_path, model(nodes, weights)))
    assert (report.totals.params, report.totals.macs) == (108, 108 * 36)


def test_products_of_activations_and_recurrent_layers(tmp_path: Path) -> None:
    made = model([node("MatMul", "x z")], {}, inputs={"x": [1, 4, 6, 8], "z": [1, 4, 8, 5]})
    report = cnncalc.analyze(write(tmp_path, made))
    assert (report.totals.macs, report.totals.params) == (4 * 6 * 5 * 8, 0)
    lstm = model([node("LSTM", "x w r b", "y", hidden_size=6)], {"w": (1, 24, 5), "r": (1, 24, 6), "b": (1, 48)},
                 [7, 1, 5])  # fmt: skip
    report = cnncalc.analyze(write(tmp_path, lstm), input={"x": (7, 1, 5)})
    assert report.totals.params == 24 * 5 + 24 * 6 + 48


def test_what_is_not_known_is_opaque_and_makes_lower_bounds(tmp_path: Path) -> None:
    conv = node("Conv", "x w", "a")
    own = helper.make_node("Mystery", ["a"], ["y"], name="/odd/Mystery", domain="my.domain")
    made = model([conv, own], {"w": (4, 3, 3, 3)})
    made.opset_import.append(helper.make_opsetid("my.domain", 1))
    report = cnncalc.analyze(write(tmp_path, made))
    assert report.totals.macs == 108 * 36
    assert "macs" in report.totals.lower_bounds
    assert report.layers[-1].macs is None
    assert "my.domain.Mystery" in report.warnings[0].message


def test_what_an_unknown_layer_reads_is_unknown_in_the_written_spec_too(tmp_path: Path) -> None:
    """The convolution sees 3x3; of the layer behind it and of what follows nobody knows."""
    own = helper.make_node("Mystery", ["a"], ["m"], name="/odd/Mystery", domain="my.domain")
    made = model([node("Conv", "x w", "a"), own, node("Relu", "m")], {"w": (4, 3, 3, 3)})
    made.opset_import.append(helper.make_opsetid("my.domain", 1))
    made.graph.value_info.append(helper.make_tensor_value_info("m", TensorProto.FLOAT, [1, 4, 6, 6]))
    file = write(tmp_path, made)
    spec = tmp_path / "written.yaml"
    assert CliRunner().invoke(app, ["import", file, "-o", str(spec)]).exit_code == 0
    for source in (file, str(spec)):
        fields = [layer["receptive_field"] for layer in cnncalc.analyze(source).to_dict()["layers"]]
        assert fields == [[3, 3], [None, None], [None, None]]


def test_a_branch_with_a_known_condition_is_put_in(tmp_path: Path) -> None:
    then = helper.make_graph([node("Relu", "x", "t")], "then", [],
                             [helper.make_tensor_value_info("t", TensorProto.FLOAT, None)])  # fmt: skip
    other = helper.make_graph([node("Conv", "x w", "e")], "else", [],
                              [helper.make_tensor_value_info("e", TensorProto.FLOAT, None)],
                              [numpy_helper.from_array(np.ones((4, 3, 3, 3), np.float32), "w")])  # fmt: skip
    made = model([node("If", "cond", "y", then_branch=then, else_branch=other)], {"cond": np.array(False)})
    report = cnncalc.analyze(write(tmp_path, made))
    assert [layer.op for layer in report.layers] == ["conv"]
    assert report.totals.params == 108


def test_local_functions_are_put_in(tmp_path: Path) -> None:
    function = helper.make_function("mine", "Twice", ["a"], ["c"], [node("Relu", "a", "b"), node("Sigmoid", "b", "c")],
                                    [helper.make_opsetid("", 17)])  # fmt: skip
    made = model([helper.make_node("Twice", ["x"], ["y"], domain="mine")], {})
    made.functions.append(function)
    made.opset_import.append(helper.make_opsetid("mine", 1))
    assert [n.op.name for n in graph_of(tmp_path, made).nodes] == ["relu", "sigmoid"]


def test_missing_external_data_is_fine_and_nothing_is_opened(tmp_path: Path) -> None:
    made = model(SMALL, SMALL_WEIGHTS)
    for tensor in made.graph.initializer:
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="../../../../etc/passwd")
    assert cnncalc.analyze(write(tmp_path, made)).totals.params == 314


def test_an_error_names_the_node(tmp_path: Path) -> None:
    made = model([node("Conv", "x w", "a"), node("Relu", "a", "y")], {"w": (4, 5, 3, 3)})
    with pytest.raises(SpecError) as caught:
        cnncalc.analyze(write(tmp_path, made))
    assert str(caught.value).startswith(f"{tmp_path}/model.onnx: node '/a/Conv': error: (Conv) ")


def test_a_circle_is_an_error(tmp_path: Path) -> None:
    made = model([node("Add", "x b", "a"), node("Relu", "a", "b"), node("Relu", "b", "y")], {})
    with pytest.raises(SpecError, match="circle"):
        cnncalc.analyze(write(tmp_path, made))


def test_unsorted_nodes_are_sorted(tmp_path: Path) -> None:
    made = model([node("Sigmoid", "a", "y"), node("Relu", "x", "a")], {})
    assert [n.op.name for n in graph_of(tmp_path, made).nodes] == ["relu", "sigmoid"]


def test_a_truncated_file_is_one_error(tmp_path: Path) -> None:
    data = model(SMALL, SMALL_WEIGHTS).SerializeToString()
    file = tmp_path / "cut.onnx"
    for length in range(2, len(data), 97):
        file.write_bytes(data[:length])
        with pytest.raises(SpecError) as caught:
            cnncalc.analyze(str(file))
        assert len(caught.value.diagnostics) == 1


def test_too_many_nodes_are_refused(tmp_path: Path) -> None:
    nodes = [helper.make_node("Relu", [f"t{n}" if n else "x"], [f"t{n + 1}"]) for n in range(30_000)]
    with pytest.raises(SpecError, match="nodes"):
        cnncalc.analyze(write(tmp_path, model(nodes, {}, out="t30000")))


def test_the_page_lists_every_code() -> None:
    """Every `code="..."` of the readers stands on the page of formats or in the manual of diagnostics."""
    pages = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("formats.md", "diagnostics.md"))
    source = "".join(f.read_text(encoding="utf-8") for f in (ROOT / "cnncalc" / "interop" / "onnx").glob("*.py"))
    codes = set(re.findall(r'code="([a-z-]+)"', source))
    assert codes
    assert [c for c in sorted(codes) if f"`{c}`" not in pages] == []


def test_what_exporters_take_apart_is_put_together(tmp_path: Path) -> None:
    """silu and gelu, a bias behind the product, a norm in nine nodes, a shuffle of channels."""
    nodes = [
        node("Conv", "x w", "a"),
        node("Add", "a b", "c"),
        node("Sigmoid", "c", "s"),
        node("Mul", "c s", "t"),
        node("Div", "t root", "d"),
        node("Erf", "d", "e"),
        node("Add", "e one", "f"),
        node("Mul", "t f", "g"),
        node("Mul", "g half", "h"),
        node("Reshape", "h parted", "i"),
        node("Transpose", "i", "j", perm=[0, 2, 1, 3, 4]),
        node("Reshape", "j whole", "y"),
    ]
    weights = {"w": (4, 3, 1, 1), "b": np.ones((1, 4, 1, 1), np.float32), "root": np.array(1.4142, np.float32),
               "one": np.array(1, np.float32), "half": np.array(0.5, np.float32),
               "parted": np.array([1, 2, 2, 8, 8]), "whole": np.array([1, 4, 8, 8])}  # fmt: skip
    graph = graph_of(tmp_path, model(nodes, weights))
    assert [n.op.name for n in graph.nodes] == ["conv", "silu", "gelu", "channel_shuffle"]
    assert graph.nodes[0].op.params(graph.nodes[0].in_shapes) == 12 + 4


def test_a_norm_in_nine_nodes_is_one(tmp_path: Path) -> None:
    nodes = [
        node("ReduceMean", "x", "m", axes=[-1]),
        node("Sub", "x m", "c"),
        node("Pow", "c two", "p"),
        node("ReduceMean", "p", "v", axes=[-1]),
        node("Add", "v eps", "e"),
        node("Sqrt", "e", "r"),
        node("Div", "c r", "n"),
        node("Mul", "n g", "k"),
        node("Add", "k b", "y"),
    ]
    weights = {"two": np.array(2, np.float32), "eps": np.array(1e-5, np.float32), "g": (8,), "b": (8,)}
    graph = graph_of(tmp_path, model(nodes, weights, [1, 5, 8]))
    assert [n.op.name for n in graph.nodes] == ["layer_norm"]
    assert graph.nodes[0].op.params(graph.nodes[0].in_shapes) == 16


def test_what_another_reads_is_not_taken_in(tmp_path: Path) -> None:
    nodes = [node("Sigmoid", "x", "s"), node("Mul", "x s", "t"), node("Add", "t s", "y")]
    assert [n.op.name for n in graph_of(tmp_path, model(nodes, {})).nodes] == ["sigmoid", "mul", "add"]


def test_slices_that_part_an_axis_are_one_split(tmp_path: Path) -> None:
    nodes = [node("Slice", "x zero two one", "a"), node("Slice", "x two five one", "b"), node("Concat", "b a", axis=1)]
    weights = {"zero": np.array([0]), "one": np.array([1]), "two": np.array([2]), "five": np.array([5])}
    graph = graph_of(tmp_path, model(nodes, weights, [1, 5, 4, 4]))
    assert (graph.nodes[0].op.name, graph.nodes[0].out_shapes) == ("split", ((2, 4, 4), (3, 4, 4)))
    assert graph.nodes[1].inputs == ((0, 1), (0, 0))


def bared(made: Any) -> Any:
    """Return a model whose stored tensors are inputs instead, behind its own, as `export_params=False` leaves them."""
    bare = onnx.ModelProto()
    bare.CopyFrom(made)
    for tensor in bare.graph.initializer:
        bare.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims)))
    del bare.graph.initializer[:]
    return bare


BARE_NODES = [
    node("Conv", "x w b", "a", pads=[1, 1, 1, 1]),
    node("BatchNormalization", "a s t m v", "n"),
    node("Mul", "n gamma", "g"),
    node("Add", "g x", "r"),
    node("Flatten", "r", "f"),
    node("Transpose", "u", "ut", perm=[1, 0]),
    node("MatMul", "f ut", "h"),
    node("Add", "h c", "y"),
]
BARE_WEIGHTS: dict[str, Any] = {
    "w": (3, 3, 3, 3), "b": (3,), "s": (3,), "t": (3,), "m": (3,), "v": (3,), "gamma": (3, 1, 1), "u": (5, 192),
    "c": (5,),
}  # fmt: skip


def test_a_model_without_weights_is_the_one_with_them(tmp_path: Path) -> None:
    """The same numbers as with stored tensors; 3*27 + 3 + 3 + 3, gamma's 3, 5*192 + 5 of them learnable."""
    made = model(BARE_NODES, BARE_WEIGHTS)
    with_them, without = (cnncalc.analyze(write(tmp_path, one)) for one in (made, bared(made)))
    assert with_them.to_dict()["layers"] == without.to_dict()["layers"]
    assert with_them.totals == without.totals
    assert without.totals.params == 3 * 27 + 3 + 3 + 3 + 3 + 5 * 192 + 5
    assert [name for name, _ in without.input] == ["x"]


def test_an_input_that_is_a_map_stays_one(tmp_path: Path) -> None:
    nodes = [node("Conv", "x w", "a"), node("Conv", "z w2", "b"), node("Add", "a b", "c"), node("Mul", "c k")]
    shapes: dict[str, list[Any]] = {"x": [1, 3, 8, 8], "z": [1, 3, 8, 8], "k": ["n", 1, 1, 1]}
    made = bared(model(nodes, {"w": (4, 3, 3, 3), "w2": (4, 3, 3, 3)}, inputs=shapes))
    report = cnncalc.analyze(write(tmp_path, made))
    assert [name for name, _ in report.input] == ["x", "z", "k"]
    assert report.totals.params == 2 * 4 * 27


@pytest.mark.parametrize("nodes", [
    [node("MatMul", "x z")], [node("Add", "x z")], [node("Conv", "x w", "a"), node("Add", "a z")],
])  # fmt: skip
def test_inputs_of_a_model_that_stores_weights_or_needs_none_are_its_inputs(nodes: list[Any], tmp_path: Path) -> None:
    weights = {"w": (3, 3, 1, 1)} if len(nodes) > 1 else {}
    made = model(nodes, weights, inputs={"x": [1, 3, 8, 8], "z": [1, 3, 8, 8]})
    assert [name for name, _ in cnncalc.analyze(write(tmp_path, made)).input] == ["x", "z"]


def test_nodes_that_differ_in_names_alone_are_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = onnx.shape_inference.infer_node_outputs
    asked: list[str] = []

    def counted(schema: Any, *given: Any, **options: Any) -> Any:
        asked.append(schema.name)
        return rules(schema, *given, **options)

    monkeypatch.setattr(onnx.shape_inference, "infer_node_outputs", counted)
    nodes, weights, x = [], {}, "x"
    for k in range(20):
        nodes += [node("Conv", f"{x} w{k}", f"c{k}", pads=[1, 1, 1, 1]), node("Relu", f"c{k}", f"r{k}")]
        weights[f"w{k}"] = (3, 3, 3, 3)
        x = f"r{k}"
    # The same node but for the values of what it reads, and one whose extents nobody but the file knows.
    nodes += [node("Reshape", f"{x} s", "a"), node("Reshape", f"{x} t", "b"), node("Flatten", "a", "d"),
              node("Flatten", "b", "e"), node("Add", "d e")]  # fmt: skip
    shapes = {"s": np.array([1, 3, 64], np.int64), "t": np.array([1, 64, 3], np.int64)}
    graph = graph_of(tmp_path, model(nodes, {**weights, **shapes}))
    assert asked == ["Conv", "Relu", "Reshape", "Reshape", "Flatten", "Flatten", "Add"]
    assert [one.out_shapes[0] for one in graph.nodes if one.op.name == "reshape"] == [(3, 64), (64, 3)]


def test_extents_that_the_file_alone_states_are_each_its_own(tmp_path: Path) -> None:
    """Two nodes of an unknown domain that read the same extents and make others."""
    nodes = [helper.make_node("Odd", ["x"], ["a"], domain="own"), helper.make_node("Odd", ["x"], ["b"], domain="own"),
             node("GlobalAveragePool", "a", "p"), node("GlobalAveragePool", "b", "q"), node("Concat", "p q", axis=1)]
    made = model(nodes, {})
    made.opset_import.append(helper.make_opsetid("own", 1))
    for name, extents in (("a", [1, 5, 8, 8]), ("b", [1, 7, 4, 4])):
        made.graph.value_info.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, extents))
    assert graph_of(tmp_path, made).nodes[-1].out_shapes[0] == (12, 1, 1)
