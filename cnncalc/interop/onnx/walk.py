"""Through the nodes of a model in order: extents, folded values, and the layer that stands for each node."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, helper

from cnncalc.graph.build import GraphBuilder
from cnncalc.interop.foreign import Declared, failure
from cnncalc.interop.making import warn
from cnncalc.interop.onnx.aside import aside
from cnncalc.interop.onnx.bare import weight_inputs
from cnncalc.interop.onnx.call import Call, MisfitError, Plan, image
from cnncalc.interop.onnx.folding import QUICK, fold
from cnncalc.interop.onnx.fused import parts_of
from cnncalc.interop.onnx.inference import STANDARD, Inference, attributes_of
from cnncalc.interop.onnx.inlined import FOLLOWS, INLINED, Visit
from cnncalc.interop.onnx.inputs import bind
from cnncalc.interop.onnx.order import ordered
from cnncalc.interop.onnx.planning import Planning, tabled
from cnncalc.interop.onnx.quantised import CASTS, inner_of, narrowed, real
from cnncalc.interop.onnx.tensors import FLOATS, MOST, Extents, Value, constant, stored
from cnncalc.interop.onnx.weights import StoredWeights
from cnncalc.language.settings import MAX_LAYERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.graph.graph import Graph, Ref
    from cnncalc.interop.onnx.inference import Inferred
    from cnncalc.language.settings import Overrides
    from cnncalc.values.diagnostics import Collector

MAX_NODES = 20_000
"""A model has at most this many nodes, unless more layers are asked for."""
MAX_AXES = 8
"""A tensor has at most this many axes besides the batch."""
DATA = "an extent depends on the data, and stands as 1"
OPEN_SIZE = frozenset(("NonZero", "Unique", "Compress"))
"""Operators whose results have as many elements as their values say, and no more than their inputs."""


class Walk:
    """One way through one model.

    With `whole` a batch that the file fixes stays in the shapes, as any other extent.
    """

    def __init__(self, model: onnx.ModelProto, file: str | None, overrides: Overrides, collector: Collector, *,
                 whole: bool = False) -> None:  # fmt: skip
        self.model = model
        self.file = file
        self.overrides = overrides
        self.collector = collector
        self.versions = {("" if o.domain in STANDARD else o.domain): o.version for o in model.opset_import} or {"": 1}
        self.inference = Inference(model, self.versions, self.fail)
        self.weights = StoredWeights()
        self.values: dict[str, Value] = {}
        self.build = GraphBuilder(file)
        self.graph = self.build.so_far
        self.paths: dict[str, int] = {}
        self.results: set[str] = set()
        self.batch = 1
        self.whole = whole
        self.opaque: dict[str, list[str]] = {}
        self.elems: dict[Ref, int] = {}
        self.planning = Planning(self.graph, self.weights)
        self.steps = overrides.max_layers if overrides.max_layers != MAX_LAYERS else MAX_NODES

    def fail(self, message: str, *, node: onnx.NodeProto | None = None, code: str = "bad-model",
             hint: str | None = None) -> NoReturn:  # fmt: skip
        """Give the model up, at one of its nodes."""
        place = f"node '{self.label(node)}'" if node is not None else None
        text = f"({node.op_type}) {message}" if node is not None else message
        raise failure(self.file, text, code=code, hint=hint, place=place) from None

    def label(self, node: onnx.NodeProto) -> str:
        """Return what a node is called: its name, or its first result's."""
        return str(node.name or next((o for o in node.output if o), node.op_type))

    def run(self) -> Graph:
        """Return the network."""
        graph = self.model.graph
        self.initialisers(graph)
        self.inputs(graph)
        self.results = {output.name for output in graph.output}
        self.nodes(graph.node, "")
        for output in graph.output:
            value = self.values.get(output.name)
            if value is None:
                self.fail(f"no node makes the output '{output.name}'", hint="export the model again")
            for number, item in enumerate(value.items or (value,)):
                if item.ref is not None:
                    self.build.output(output.name if value.items is None else f"{output.name}.{number}", item.ref)
        if not self.graph.nodes:
            self.fail("no layer depends on the network's inputs", code="no-layers", hint="name a model with layers")
        warn(self.collector, self.opaque)
        self.graph.batch = self.batch
        return narrowed(self.graph, self.elems, self.planning.bits)

    def initialisers(self, graph: onnx.GraphProto) -> None:
        """Take in the stored tensors of a graph."""
        for tensor in graph.initializer:
            if any(n < 0 for n in tensor.dims):
                self.fail(f"the stored tensor '{tensor.name}' has the extents {list(tensor.dims)}",
                          hint="export the model again")  # fmt: skip
            value = self.values[tensor.name] = stored(tensor)
            self.weights.keep(tensor.name, value, scalar=not tensor.dims)
        for sparse in graph.sparse_initializer:
            value = Value(tuple(sparse.dims), sparse.values.data_type)
            self.values[sparse.values.name] = value
            self.weights.keep(sparse.values.name, value, scalar=False)
        for name, value in weight_inputs(graph).items() if graph is self.model.graph else ():
            self.values[name] = value
            self.weights.keep(name, value, scalar=not value.shape)

    def inputs(self, graph: onnx.GraphProto) -> None:
        """Give the network's inputs their extents."""
        real = [i for i in graph.input if i.name not in self.values]
        bound = bind(real, self.overrides.inputs, self.fail, whole=self.whole)
        self.batch = bound.batch
        for info in real:
            extents = bound.extents[info.name]
            elem = info.type.tensor_type.elem_type or TensorProto.FLOAT
            self.values[info.name] = Value(extents, elem, ref=self.build.input(info.name, image(extents)))
        if not real:
            self.fail("has no inputs", hint="name a model with an input")

    def nodes(self, nodes: Sequence[onnx.NodeProto], prefix: str) -> None:
        """Go through the nodes of a graph."""
        self.steps -= len(nodes)
        if self.steps < 0:
            self.fail(f"has more than {MAX_NODES:,} nodes", code="too-many-layers",
                      hint="raise the limit with --max-layers")  # fmt: skip
        for node in ordered(nodes, self.values, self.fail):
            try:
                self.node(node, prefix)
            except MisfitError as error:
                self.fail(str(error), node=node, code="shape-mismatch",
                          hint="check the input's size; --input sets another")  # fmt: skip
            except (LookupError, ValueError, TypeError, AssertionError, ArithmeticError) as error:
                if type(error).__name__ == "SpecError":
                    raise
                self.fail("has attributes or inputs that do not go together", node=node, hint="export the model again")

    def node(self, node: onnx.NodeProto, prefix: str) -> None:
        """Take in one node."""
        kind, standard = node.op_type, node.domain in STANDARD
        ins = [self.values[name] if name else None for name in node.input]
        if standard and kind == "Constant":
            self.constant(node)
            return
        domain, elem = "" if standard else node.domain, 0
        if (parts := parts_of(node, domain, ins)) is not None:
            self.steps -= len(parts)
            for part in parts:
                self.node(part, prefix)
            return
        inner = inner_of(node, domain, ins)
        if inner is not None:
            node, ins, elem = inner
            kind, standard = node.op_type, True
            for value in ins if kind not in CASTS else ():
                if value is not None and value.static and value.elem not in FLOATS:
                    self.weights.quantise(value, value.elem)
            ins = ins if kind in CASTS else [real(value) for value in ins]
        attributes = attributes_of(node)
        if standard and kind in INLINED and INLINED[kind](self, Visit(node, attributes, ins, prefix)):
            return
        if kind == "Identity" and standard and ins[0] is not None and ins[0].static:
            value = self.values[node.output[0]] = replace(ins[0])
            if node.input[0] in value.origins and len(value.shape) == 1:
                self.weights.keep(node.output[0], value, scalar=False)  # merged with an equal one by the exporter
            return
        if kind in TO_SHAPE and self.batch > 1:
            one_image(ins, self.batch)
        inferred = [(elem or own, dims) for own, dims in self.inference.of(node, ins)]
        results = self.folded(node, attributes, ins, inferred)
        if results is None and all(v is None or v.static for v in ins):
            results = self.unread(node, ins, inferred)
        if results is not None:
            aside(self, node, ins, results)
            for name, value in zip(node.output, results, strict=False):
                if name:
                    self.values[name] = value
            return
        self.layer(node, attributes, ins, inferred, prefix)

    def constant(self, node: onnx.NodeProto) -> None:
        """Take in a Constant node."""
        given = node.attribute[0]
        if given.type == AttributeProto.TENSOR:
            value = stored(given.t)
        elif given.type == AttributeProto.SPARSE_TENSOR:
            value = Value(tuple(given.sparse_tensor.dims), given.sparse_tensor.values.data_type)
        else:
            number = helper.get_attribute_value(given)
            kind = np.float32 if given.type in (AttributeProto.FLOAT, AttributeProto.FLOATS) else None
            value = constant(np.asarray(number, kind))
        self.values[node.output[0]] = value
        self.weights.keep(node.output[0], value, scalar=True)

    def folded(self, node: onnx.NodeProto, attributes: dict[str, Any], ins: list[Value | None],
               inferred: list[Inferred]) -> list[Value] | None:  # fmt: skip
        """Return the results of a node whose values can be computed."""
        kind = node.op_type
        if kind in ("Shape", "Size") and node.domain in STANDARD and ins[0] is not None:
            shape = ins[0].shape
            if ins[0].guessed:
                return None
            rank = len(shape)
            first, last = attributes.get("start", 0), attributes.get("end", rank)
            part = shape[slice(first, last)] if kind == "Shape" else (prod(shape),)
            if any(n >= 2**63 for n in part):
                self.fail("gives a number that a tensor cannot hold", node=node)
            return [constant(np.asarray(part if kind == "Shape" else part[0], np.int64))]
        if any(v is not None and (v.data is None or v.items is not None) for v in ins) or kind in RANDOM:
            return None
        sizes = [prod(x for x in dims if x is not None) if dims is not None and None not in dims else None
                 for _, dims in inferred]  # fmt: skip
        if any(n is not None and n > MOST for n in sizes) or (
            None in sizes and kind not in OPEN_SIZE and kind not in QUICK
        ):
            return None
        made = fold(node, attributes, [None if v is None else v.data for v in ins], self.versions)
        if made is None or any(x.size > MOST for x in made):
            return None
        results = [constant(x) for x in made]
        sources = [v for v in ins if v is not None]
        for name, value in zip([n for n in node.output if n], results, strict=False):
            self.weights.derived(name, value, sources, kind)
        return results

    def unread(self, node: onnx.NodeProto, ins: list[Value | None],
               inferred: list[Inferred]) -> list[Value] | None:  # fmt: skip
        """Return the results of a node that only stored tensors enter, whose values nobody needs."""
        results = []
        sources = [v for v in ins if v is not None]
        for name, (elem, dims) in zip([n for n in node.output if n], inferred, strict=True):
            if dims is None or None in dims:
                return None
            value = Value(tuple(n for n in dims if n is not None), elem, guessed=any(v.guessed for v in sources))
            self.weights.derived(name, value, sources, node.op_type)
            results.append(value)
        return results

    def layer(self, node: onnx.NodeProto, attributes: dict[str, Any], ins: list[Value | None],
              inferred: list[Inferred], prefix: str) -> None:  # fmt: skip
        """Add the layer of a node that depends on the network's inputs."""
        kind = node.op_type if node.domain in STANDARD else f"{node.domain}.{node.op_type}"
        guess = FOLLOWS if any(v is not None and v.guessed for v in ins) else ""
        outs: list[Extents] = []
        for _, dims in inferred:
            if dims is None:
                guess = guess or f"cnncalc does not know {kind}, and the file not the extents of what it makes"
            elif None in dims:
                guess = guess or DATA
            first = next((v.shape for v in ins if v is not None and v.ref is not None), (1,))
            outs.append(tuple(1 if n is None else n for n in dims) if dims is not None else first)
        version = self.versions.get("" if node.domain in STANDARD else node.domain, 1)
        call = Call(kind, version, attributes, ins, outs)
        if outs and all(0 in o for o in outs):
            for name, (elem, _), extents in zip([n for n in node.output if n], inferred, outs, strict=True):
                self.values[name] = constant(np.zeros(extents, helper.tensor_dtype_to_np_dtype(elem)))
            return
        if all(v is None or v.static for v in ins):  # the same for every input, and of no known extents
            for name, (elem, _), extents in zip([n for n in node.output if n], inferred, outs, strict=True):
                self.values[name] = Value(extents, elem, guessed=True)
            return
        if any(len(o) > MAX_AXES + 1 for o in outs):
            self.fail(f"gives a tensor of more than {MAX_AXES} axes", node=node, code="too-deep")
        plan, shares = self.planning.of(call, guess)
        if plan.op.inert and plan.op.keeps == () and not plan.after and node.output[0] not in self.results:
            self.values[node.output[0]] = Value(outs[0], inferred[0][0], ref=plan.reads[0].ref)
            return
        if kind == "Split" and isinstance(plan.op, Declared) and self.apart(node, call, inferred, prefix):
            return
        refs = self.add(node, plan, shares, prefix)
        names = [n for n in node.output if n]
        for name, (elem, _), extents, ref in zip(names, inferred, outs, refs, strict=True):
            self.values[name] = Value(extents, elem, ref=ref, guessed=bool(guess))
            self.elems[ref] = elem

    def apart(self, node: onnx.NodeProto, call: Call, inferred: list[Inferred],
              prefix: str) -> bool:  # fmt: skip
        """Cut a tensor at its first axis, each part a tensor without it."""
        axis = call.axis(0)
        names = [n for n in node.output if n]
        plans: list[tuple[Plan, Extents]] = []
        start = 0
        for out in call.outs:
            places = np.arange(start, start + out[axis])
            part = Call("Gather", call.version, {"axis": axis}, [call.x, constant(places)], [out])
            plan = tabled(part, (image(out),))
            if plan is None or not call.alone():
                return False
            plans.append((plan, out))
            start += out[axis]
        for name, (elem, _), (plan, out) in zip(names, inferred, plans, strict=True):
            refs = self.add(node, plan, None, prefix)
            self.values[name] = Value(out, elem, ref=refs[0])
        return True

    def add(self, node: onnx.NodeProto, plan: Plan, shares: int | None, prefix: str) -> list[Ref]:
        """Append a layer and return its results."""
        path = self.path(node, prefix)
        inputs = tuple(v.ref for v in plan.reads if v.ref is not None)
        layers = (*plan.before, plan.op, *plan.after)
        made: list[Ref] = []
        for number, op in enumerate(layers):
            main, last = op is plan.op, number == len(layers) - 1
            name = path if main else self.unique(f"{path}.{op.name}")
            made = self.build.append(name, op, inputs, shares=shares if main else None,
                                     origin=self.label(node) if last else "")  # fmt: skip
            inputs = (made[0],)
        if isinstance(plan.op, Declared) and plan.op.reason:
            self.opaque.setdefault(plan.op.reason, []).append(path)
        return made

    def unique(self, path: str) -> str:
        """Return a path that no layer has yet."""
        found, number = path, 1
        while found in self.paths:
            number += 1
            found = f"{path}{number}"
        self.paths[found] = 0
        return found

    def path(self, node: onnx.NodeProto, prefix: str) -> str:
        """Return a layer's path: the node's name with dots between its scopes, made unique."""
        name = str(node.name or node.op_type.lower()).strip("/").replace("/", ".").strip(".") or node.op_type.lower()
        path = (prefix + name)[:2000]
        seen = self.paths.get(path)
        self.paths[path] = 0 if seen is None else seen + 1
        if seen is None and (node.name or prefix):
            return path
        numbered = f"{path}{'_' if node.name else ''}{self.paths[path] + 1}"
        while numbered in self.paths:
            self.paths[path] += 1
            numbered = f"{path}{'_' if node.name else ''}{self.paths[path] + 1}"
        self.paths[numbered] = 0
        return numbered


TO_SHAPE = frozenset(("Reshape", "Expand"))
"""Nodes that are given the extents of their result."""

RANDOM = frozenset(("RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial",
                    "Bernoulli", "Loop", "Scan", "If"))  # fmt: skip
"""Nodes whose results are not computed."""


def one_image(ins: list[Value | None], batch: int) -> None:
    """Take the file's fixed batch out of the extents that a node is given as numbers."""
    x, to = ins[0], ins[1] if len(ins) > 1 else None
    if x is None or x.static or to is None or to.data is None or not to.data.size or to.data[0] != batch:
        return
    rest = [int(n) for n in to.data[1:]]
    if -1 in rest or prod(rest) == x.elements or x.shape[0] == 1:
        ins[1] = Value(to.shape, to.elem, np.asarray([1, *rest], to.data.dtype), origins=to.origins)
