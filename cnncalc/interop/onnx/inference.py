"""What a model says of its nodes and tensors: attributes, and types and extents by ONNX's own rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from onnx import AttributeProto, TensorProto, defs, helper, numpy_helper, shape_inference

from cnncalc.interop.onnx.tensors import typed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import onnx

    from cnncalc.interop.onnx.inputs import Fail
    from cnncalc.interop.onnx.tensors import Value

STANDARD = ("", "ai.onnx")
Inferred: TypeAlias = "tuple[int, list[int | None] | None]"
"""A tensor's type and extents; None for an open extent, and for an open number of them."""

MOST_COMPARED = 64
"""Elements of the longest stored vector whose values are compared."""
AS_FIRST = frozenset(("GroupNormalization", "MeanVarianceNormalization", "ThresholdedRelu", "Shrink"))
"""Nodes that give the extents of their first input, where ONNX's rules say nothing."""
ALIKE = frozenset(("Gelu", "LayerNormalization", "RMSNormalization"))
"""Nodes that give the extents of their first input, in opsets that do not have them yet."""


class Inference:
    """Types and extents of what the nodes of a model make.

    Args:
        model: the model.
        versions: the version of each domain's operators.
        fail: gives the model up, at one of its nodes.
    """

    def __init__(self, model: onnx.ModelProto, versions: Mapping[str, int], fail: Fail) -> None:
        self.versions = versions
        self.imports = [helper.make_opsetid(domain, version) for domain, version in versions.items()]
        self.version = model.ir_version or 8
        self.declared = {v.name: v for v in (*model.graph.value_info, *model.graph.output)}
        self.types: dict[Any, onnx.TypeProto] = {}
        self.known: dict[Any, list[Inferred]] = {}
        self.fail = fail

    def of(self, node: onnx.NodeProto, ins: list[Value | None]) -> list[Inferred]:
        """Return the type and extents of each result by ONNX's own rules; None for what these leave open.

        Nodes that differ in nothing but names are asked once.
        """
        key = asked(node, ins)
        found = None if key is None else self.known.get(key)
        if found is None:
            found, by_rules = self.ruled(node, ins)
            if key is not None and by_rules:
                self.known[key] = found
        return [(elem, None if dims is None else list(dims)) for elem, dims in found]

    def ruled(self, node: onnx.NodeProto, ins: list[Value | None]) -> tuple[list[Inferred], bool]:
        """Return the same by asking the package, and whether all of it comes from its rules."""
        names = [name for name in node.output if name]
        domain = "" if node.domain in STANDARD else node.domain
        try:
            schema = defs.get_schema(node.op_type, self.versions.get(domain, 1), domain)
        except defs.SchemaError:
            if node.op_type in ALIKE and not domain and ins and ins[0] is not None:  # newer than the model's opset
                return [(ins[0].elem, list(ins[0].shape)) for _ in names], False
            return [self.stated(name) for name in names], False
        types, known = {}, {}
        for name, value in zip(node.input, ins, strict=True):
            if value is None:
                continue
            key = (value.elem, value.shape, value.items is not None and name)
            proto = self.types.get(key)
            if proto is None:
                proto = self.types[key] = typed(value)
            types[name] = proto
            if value.data is not None and value.data.dtype.kind in "iufb":
                known[name] = numpy_helper.from_array(value.data, name)
        try:
            found = shape_inference.infer_node_outputs(schema, node, types, known, opset_imports=self.imports,
                                                       ir_version=self.version)  # fmt: skip
        except Exception as error:  # noqa: BLE001 - the package raises errors of its C++ part
            if len(known) == len(types):  # the values may say what the rules refuse: one number for a scalar
                return [(TensorProto.FLOAT, None) for _ in names], False
            if any(v is not None and v.guessed for v in ins):  # nobody knows what it reads
                return [self.stated(name) for name in names], False
            reason = str(error).strip().splitlines()[0].rpartition("] ")[2] or "its inputs do not fit"
            self.fail(f"does not fit its inputs {shown(ins)}: {reason}", node=node, code="shape-mismatch",
                      hint="check the input's size; --input sets another")  # fmt: skip
        made = [extents_of(found[name]) if name in found else self.stated(name) for name in names]
        if made[0][1] is None and node.op_type in AS_FIRST and not domain and ins[0] is not None:
            made[0] = ins[0].elem, list(ins[0].shape)
        if node.op_type == "MaxUnpool" and len(ins) > 2 and ins[2] is not None and ins[2].data is not None:
            made[0] = made[0][0], [int(n) for n in ins[2].data]
        if node.op_type == "STFT" and made[0][1] is not None:
            self.one_sided(node, ins, made[0][1])
        return made, all(name in found for name in names)

    def one_sided(self, node: onnx.NodeProto, ins: list[Value | None], dims: list[int | None]) -> None:
        """Give STFT the bins that it has by default, half and one more; ONNX's rules give all (onnx 1.23)."""
        window, frame = (ins[k] if len(ins) > k else None for k in (2, 3))
        length = int(frame.data) if frame is not None and frame.data is not None else window.elements if window else 0
        if length and attributes_of(node).get("onesided", 1):
            dims[2] = length // 2 + 1

    def stated(self, name: str) -> Inferred:
        """Return the type and extents that the file states of a tensor."""
        info = self.declared.get(name)
        return (TensorProto.FLOAT, None) if info is None else extents_of(info.type)


def asked(node: onnx.NodeProto, ins: list[Value | None]) -> Any:
    """Return what the types and extents of a node's results depend on; None where that is long, or has a name in it.

    Of the values of stored tensors those of vectors and single numbers: no rule asks for more.
    """
    given: list[Any] = []
    for value in ins:
        if value is None:
            given.append(None)
        elif value.items is not None or value.guessed:
            return None
        elif value.data is None or len(value.shape) > 1 or value.data.dtype.kind not in "iufb":
            given.append((value.elem, value.shape, value.data is None))
        elif value.data.size > MOST_COMPARED:
            return None
        else:
            given.append((value.elem, value.shape, value.data.dtype.str, value.data.tobytes()))
    attributes = tuple(a.SerializeToString() for a in node.attribute)
    return node.op_type, node.domain, attributes, tuple(given), tuple(map(bool, node.output))


def shown(ins: Iterable[Value | None]) -> str:
    """Return the extents of some tensors as text."""
    return ", ".join("x".join(map(str, v.shape)) or "scalar" for v in ins if v is not None)


def attributes_of(node: onnx.NodeProto) -> dict[str, Any]:
    """Return a node's attributes; tensors and graphs as messages."""
    found: dict[str, Any] = {}
    for a in node.attribute:
        if a.type == AttributeProto.INT:
            found[a.name] = a.i
        elif a.type == AttributeProto.FLOAT:
            found[a.name] = a.f
        elif a.type == AttributeProto.STRING:
            found[a.name] = a.s.decode(errors="replace")
        elif a.type == AttributeProto.INTS:
            found[a.name] = list(a.ints)
        elif a.type == AttributeProto.FLOATS:
            found[a.name] = list(a.floats)
        else:
            found[a.name] = helper.get_attribute_value(a) if a.type else None
    return found


def extents_of(proto: onnx.TypeProto) -> Inferred:
    """Return the type and extents of a tensor; None for an open extent, and for an open number of them."""
    tensor = proto.tensor_type
    elem = tensor.elem_type or TensorProto.FLOAT
    if not proto.HasField("tensor_type") or not tensor.HasField("shape"):
        return elem, None
    return elem, [d.dim_value if d.HasField("dim_value") and d.dim_value >= 0 else None for d in tensor.shape.dim]
