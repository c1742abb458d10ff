"""An ONNX model of a network: its nodes and shapes, and weights that are left out or zeros."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.interop.exporting.onnx_nodes import onnx_nodes
from cnncalc.interop.exporting.refusing import NotSaidError, refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnncalc.graph.graph import Graph, Ref

OPSET = 21
IR = 10
ELSEWHERE = "weights-left-out"
LARGEST = 2**31 - 1
"""Bytes of a message that protobuf reads."""
"""The file that the weights would lie in; it does not exist."""


class Nodes:
    """Nodes in the making; names of weights and results follow the layer at work."""

    def __init__(self, batch: int, *, zeros: bool) -> None:
        from onnx import TensorProto, defs, helper

        self.proto, self.helper, self.schema = TensorProto, helper, defs.get_schema
        self.batch = batch
        self.zeros = zeros
        self.bytes = 0
        self.made: list[Any] = []
        self.stored: dict[str, Any] = {}
        self.layers: list[str] = []
        self.path = self.lender = ""
        self.count = 0
        self.constants: dict[Any, str] = {}
        self.stated: dict[str, tuple[int, ...]] = {}

    def start(self, path: str, lender: str) -> None:
        """Begin a layer, which may use the weights of another."""
        self.path, self.lender, self.count = path, lender or path, 0

    def nodes(self, kind: str, inputs: Sequence[str], results: int = 1, **attributes: Any) -> list[str]:
        """Add a node and return the names of its results."""
        self.count += 1
        name = self.path if self.count == 1 else f"{self.path}/{kind}_{self.count}"
        outs = [f"{name}:{n}" if n else name for n in range(results)]
        said = self.schema(kind, OPSET, "").attributes
        given = {k: float(v) if isinstance(v, int) and said[k].type == said[k].type.FLOAT else v
                 for k, v in attributes.items() if v is not None}  # fmt: skip
        self.made.append(self.helper.make_node(kind, list(inputs), outs, name=name, **given))
        self.layers.append(self.path)
        return outs

    def node(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add a node with one result and return its name."""
        return self.nodes(kind, inputs, **attributes)[0]

    def tensor(self, name: str, shape: Sequence[int]) -> str:
        """Return the name of a weight, which is stored once."""
        found = f"{self.lender}.{name}"
        if found not in self.stored:
            proto = self.proto(name=found, data_type=self.proto.FLOAT, dims=shape)
            if self.zeros:
                self.bytes += 4 * prod(shape)
                if self.bytes > LARGEST:
                    raise ValueError("its weights take more than an ONNX model holds, 2 GiB; leave them out")
                proto.raw_data = bytes(4 * prod(shape))
            else:
                proto.data_location = self.proto.EXTERNAL
                proto.external_data.add(key="location", value=ELSEWHERE)
            self.stored[found] = proto
        return found

    def weights(self, op: Any, kernel: Sequence[int], out: int) -> list[str]:
        """Return the names of a layer's weight and, where it has one, its bias."""
        return [self.tensor("weight", kernel), *([self.tensor("bias", (out,))] if op.has_bias else [])]

    def constant(self, kind: int, values: Sequence[Any], dims: Sequence[int]) -> str:
        """Return the name of a constant, which is stored once."""
        key = kind, tuple(values), tuple(dims)
        if key not in self.constants:
            name = f"constant_{len(self.constants)}"
            self.constants[key] = name
            self.stored[name] = self.helper.make_tensor(name, kind, list(dims), list(values))
        return self.constants[key]

    def whole(self, values: Iterable[int]) -> str:
        """Return the name of a list of whole numbers."""
        found = list(values)
        return self.constant(self.proto.INT64, found, [len(found)])

    def number(self, value: float) -> str:
        """Return the name of one number."""
        return self.constant(self.proto.FLOAT, [value], [])

    def filled(self, value: float, shape: Sequence[int]) -> str:
        """Return a tensor of one value everywhere, which is no weight."""
        return self.node("ConstantOfShape", [self.whole(shape)],
                         value=self.helper.make_tensor("v", self.proto.FLOAT, [1], [value]))  # fmt: skip


class OnnxWritten(NamedTuple):
    """What came of a network.

    Attributes:
        model: the message of the `onnx` package.
        layers: for each node the path of its layer, "" for none.
        results: for each layer the names of its results.
    """

    model: Any
    layers: list[str]
    results: dict[str, list[str]]


def onnx_model(graph: Graph, *, name: str, file: str | None, batch: int = 1, zeros: bool = False) -> OnnxWritten:
    """Return the model of a network.

    Args:
        graph: the network.
        name: what it is called.
        file: the spec's, for errors.
        batch: images at once.
        zeros: whether weights are there, as zeros; else they are left out, and only their shapes are said.

    Raises:
        SpecError: a layer has no form in ONNX.
        ValueError: zeros take more than a model holds.
    """
    from onnx import helper

    to = Nodes(batch, zeros=zeros)
    results: dict[str, list[str]] = {}
    names: dict[Ref, str] = {(-n - 1, 0): label for n, label in enumerate(graph.inputs)}
    for index, node in enumerate(graph.nodes):
        lender = graph.nodes[node.shares].path if node.shares is not None else ""
        path = node.path if node.path not in graph.inputs else f"{node.path}_"
        to.start(path, lender)
        try:
            made = onnx_nodes(to, node.op, [names[ref] for ref in node.inputs], node.in_shapes, node.out_shapes)
        except NotSaidError as error:
            raise refused(node, str(error), file) from None
        names.update({(index, port): result for port, result in enumerate(made)})
        results[node.path] = made
    inputs = [info(to, label, (batch, *shape)) for label, shape in graph.inputs.items()]
    outputs = []
    for label, ref in graph.outputs.items():
        free = label not in graph.inputs and all(label not in made.output for made in to.made)
        result = names[ref]
        if free or ref[0] < 0:
            label_ = label if free else f"{label}.output"
            to.start(label_, "")
            result = to.node("Identity", [result])
            to.layers[-1] = ""
        outputs.append(info(to, result, (batch, *graph.shape(ref))))
    stated = [info(to, result, shape) for result, shape in to.stated.items()]
    made_graph = helper.make_graph(to.made, name or "network", inputs, outputs, list(to.stored.values()),
                                   value_info=stated)  # fmt: skip
    model = helper.make_model(made_graph, producer_name="cnncalc", opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = IR
    return OnnxWritten(model, to.layers, results)


def info(to: Nodes, name: str, shape: Sequence[int]) -> Any:
    """Return the description of an input or output."""
    return to.helper.make_tensor_value_info(name, to.proto.FLOAT, list(shape))
