"""Through the nodes of a model in order: extents, folded values, and the layer that stands for each node."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, defs, helper, numpy_helper, shape_inference

from cnncalc.graph.build import GraphBuilder
from cnncalc.interop.foreign import Cost, Declared, failure
from cnncalc.interop.making import warn
from cnncalc.interop.onnx.bare import weight_inputs
from cnncalc.interop.onnx.call import Call, MisfitError, Plan, image
from cnncalc.interop.onnx.declared import declared
from cnncalc.interop.onnx.folding import QUICK, fold
from cnncalc.interop.onnx.inputs import bind
from cnncalc.interop.onnx.operators import TABLE
from cnncalc.interop.onnx.quantised import CASTS, inner_of, narrowed, real
from cnncalc.interop.onnx.tensors import FLOATS, MOST, Extents, Value, constant, stored, typed
from cnncalc.interop.onnx.weights import StoredWeights
from cnncalc.language.settings import MAX_LAYERS
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnncalc.graph.graph import Graph, Ref
    from cnncalc.interop.onnx.weights import Share
    from cnncalc.language.settings import Overrides
    from cnncalc.ops.operator import Operator
    from cnncalc.values.diagnostics import Collector
    from cnncalc.values.shape import Shape

MAX_NODES = 20_000
"""A model has at most this many nodes, unless more layers are asked for."""
MAX_AXES = 8
"""A tensor has at most this many axes besides the batch."""
MAX_ROUNDS = 1000
"""A loop is put in at most this often."""
STANDARD = ("", "ai.onnx")
DATA = "an extent depends on the data, and stands as 1"
FOLLOWS = "it follows a layer whose extents are not known"
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
        self.imports = [helper.make_opsetid(domain, version) for domain, version in self.versions.items()]
        self.weights = StoredWeights()
        self.values: dict[str, Value] = {}
        self.build = GraphBuilder(file)
        self.graph = self.build.so_far
        self.paths: dict[str, int] = {}
        self.types: dict[Any, onnx.TypeProto] = {}
        self.declared: dict[str, onnx.ValueInfoProto] = {}
        self.results: set[str] = set()
        self.batch = 1
        self.whole = whole
        self.opaque: dict[str, list[str]] = {}
        self.elems: dict[Ref, int] = {}
        self.weight_bits: dict[int, int] = {}
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
        self.declared = {v.name: v for v in (*graph.value_info, *graph.output)}
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
        return narrowed(self.graph, self.elems, self.weight_bits)

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
        ordered = nodes if self.in_order(nodes) else self.sort(nodes)
        for node in ordered:
            try:
                self.node(node, prefix)
            except MisfitError as error:
                self.fail(str(error), node=node, code="shape-mismatch",
                          hint="check the input's size; --input sets another")  # fmt: skip
            except (LookupError, ValueError, TypeError, AssertionError, ArithmeticError) as error:
                if type(error).__name__ == "SpecError":
                    raise
                self.fail("has attributes or inputs that do not go together", node=node, hint="export the model again")

    def in_order(self, nodes: Sequence[onnx.NodeProto]) -> bool:
        """Whether every node reads only what stands before it."""
        made = set(self.values)
        for node in nodes:
            if any(name and name not in made for name in node.input):
                return False
            made.update(node.output)
        return True

    def sort(self, nodes: Sequence[onnx.NodeProto]) -> list[onnx.NodeProto]:
        """Return the nodes in an order in which every one reads only what stands before it."""
        maker = {name: n for n, node in enumerate(nodes) for name in node.output if name}
        waiting: dict[int, int] = {}
        readers: dict[int, list[int]] = {}
        for n, node in enumerate(nodes):
            needs = set()
            for name in node.input:
                if name and name not in self.values:
                    if name not in maker:
                        self.fail(f"reads '{name}', which nothing makes", node=node, hint="export the model again")
                    needs.add(maker[name])
            waiting[n] = len(needs)
            for need in needs:
                readers.setdefault(need, []).append(n)
        ready = [n for n, count in waiting.items() if not count]
        order: list[int] = []
        for n in ready:
            order.append(n)
            for reader in readers.get(n, ()):
                waiting[reader] -= 1
                if not waiting[reader]:
                    ready.append(reader)
        if len(order) < len(nodes):
            stuck = next(n for n in range(len(nodes)) if waiting[n])
            self.fail("reads its own result: the nodes form a circle", node=nodes[stuck], code="cyclic-model",
                      hint="export the model again")  # fmt: skip
        return [nodes[n] for n in order]

    def node(self, node: onnx.NodeProto, prefix: str) -> None:
        """Take in one node."""
        kind = node.op_type
        standard = node.domain in STANDARD
        ins = [self.values[name] if name else None for name in node.input]
        if standard and kind == "Constant":
            self.constant(node)
            return
        domain, elem = "" if standard else node.domain, 0
        inner = inner_of(node, domain, ins)
        if inner is not None:
            node, ins, elem = inner
            kind, standard = node.op_type, True
            for value in ins if kind not in CASTS else ():
                if value is not None and value.static and value.elem not in FLOATS:
                    self.weights.quantise(value, value.elem)
            ins = ins if kind in CASTS else [real(value) for value in ins]
        attributes = attributes_of(node)
        if standard and kind in SPECIAL and SPECIAL[kind](self, node, attributes, ins, prefix):
            return
        if kind == "Identity" and standard and ins[0] is not None and ins[0].static:
            value = self.values[node.output[0]] = replace(ins[0])
            if node.input[0] in value.origins and len(value.shape) == 1:
                self.weights.keep(node.output[0], value, scalar=False)  # merged with an equal one by the exporter
            return
        if kind in TO_SHAPE and self.batch > 1:
            self.one_image(ins)
        inferred = [(elem or own, dims) for own, dims in self.infer(node, ins)]
        results = self.folded(node, attributes, ins, inferred)
        if results is None and all(v is None or v.static for v in ins):
            results = self.unread(node, ins, inferred)
        if results is not None:
            for name, value in zip(node.output, results, strict=False):
                if name:
                    self.values[name] = value
            return
        self.layer(node, attributes, ins, inferred, prefix)

    def one_image(self, ins: list[Value | None]) -> None:
        """Take the file's fixed batch out of the extents that a node is given as numbers."""
        x, to = ins[0], ins[1] if len(ins) > 1 else None
        if x is None or x.static or to is None or to.data is None or not to.data.size or to.data[0] != self.batch:
            return
        rest = [int(n) for n in to.data[1:]]
        if -1 in rest or prod(rest) == x.elements or x.shape[0] == 1:
            ins[1] = Value(to.shape, to.elem, np.asarray([1, *rest], to.data.dtype), origins=to.origins)

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

    def infer(self, node: onnx.NodeProto, ins: list[Value | None]) -> list[tuple[int, list[int | None] | None]]:
        """Return the type and extents of each result by ONNX's own rules; None for what these leave open."""
        names = [name for name in node.output if name]
        domain = "" if node.domain in STANDARD else node.domain
        try:
            schema = defs.get_schema(node.op_type, self.versions.get(domain, 1), domain)
        except defs.SchemaError:
            return [self.stated(name) for name in names]
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
                                                       ir_version=self.model.ir_version or 8)  # fmt: skip
        except Exception as error:  # noqa: BLE001 - the package raises errors of its C++ part
            if len(known) == len(types):  # the values may say what the rules refuse: one number for a scalar
                return [(TensorProto.FLOAT, None) for _ in names]
            if any(v is not None and v.guessed for v in ins):  # nobody knows what it reads
                return [self.stated(name) for name in names]
            reason = str(error).strip().splitlines()[0].rpartition("] ")[2] or "its inputs do not fit"
            self.fail(f"does not fit its inputs {self.shown(ins)}: {reason}", node=node, code="shape-mismatch",
                      hint="check the input's size; --input sets another")  # fmt: skip
        made = [extents_of(found[name]) if name in found else self.stated(name) for name in names]
        if made[0][1] is None and node.op_type in AS_FIRST and not domain and ins[0] is not None:
            made[0] = ins[0].elem, list(ins[0].shape)
        if node.op_type == "MaxUnpool" and len(ins) > 2 and ins[2] is not None and ins[2].data is not None:
            made[0] = made[0][0], [int(n) for n in ins[2].data]
        if node.op_type == "STFT" and made[0][1] is not None:
            self.one_sided(node, ins, made[0][1])
        return made

    def one_sided(self, node: onnx.NodeProto, ins: list[Value | None], dims: list[int | None]) -> None:
        """Give STFT the bins that it has by default, half and one more; ONNX's rules give all (onnx 1.23)."""
        window, frame = (ins[k] if len(ins) > k else None for k in (2, 3))
        length = int(frame.data) if frame is not None and frame.data is not None else window.elements if window else 0
        if length and attributes_of(node).get("onesided", 1):
            dims[2] = length // 2 + 1

    def shown(self, ins: Iterable[Value | None]) -> str:
        """Return the extents of some tensors as text."""
        return ", ".join("x".join(map(str, v.shape)) or "scalar" for v in ins if v is not None)

    def stated(self, name: str) -> tuple[int, list[int | None] | None]:
        """Return the type and extents that the file states of a tensor."""
        info = self.declared.get(name)
        return (TensorProto.FLOAT, None) if info is None else extents_of(info.type)

    def folded(self, node: onnx.NodeProto, attributes: dict[str, Any], ins: list[Value | None],
               inferred: list[tuple[int, list[int | None] | None]]) -> list[Value] | None:  # fmt: skip
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
               inferred: list[tuple[int, list[int | None] | None]]) -> list[Value] | None:  # fmt: skip
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
              inferred: list[tuple[int, list[int | None] | None]], prefix: str) -> None:  # fmt: skip
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
        plan, shares = self.planned(call, guess)
        if plan.op.name == "identity" and not plan.after and node.output[0] not in self.results:
            self.values[node.output[0]] = Value(outs[0], inferred[0][0], ref=plan.reads[0].ref)
            return
        if kind == "Split" and isinstance(plan.op, Declared) and self.apart(node, call, inferred, prefix):
            return
        refs = self.add(node, plan, shares, prefix)
        names = [n for n in node.output if n]
        for name, (elem, _), extents, ref in zip(names, inferred, outs, refs, strict=True):
            self.values[name] = Value(extents, elem, ref=ref, guessed=bool(guess))
            self.elems[ref] = elem

    def apart(self, node: onnx.NodeProto, call: Call, inferred: list[tuple[int, list[int | None] | None]],
              prefix: str) -> bool:  # fmt: skip
        """Cut a tensor at its first axis, each part a tensor without it."""
        axis = call.axis(0)
        names = [n for n in node.output if n]
        plans: list[tuple[Plan, Extents]] = []
        start = 0
        for out in call.outs:
            places = np.arange(start, start + out[axis])
            part = Call("Gather", call.version, {"axis": axis}, [call.x, constant(places)], [out])
            plan = self.tabled(part, (image(out),))
            if plan is None or not call.alone():
                return False
            plans.append((plan, out))
            start += out[axis]
        for name, (elem, _), (plan, out) in zip(names, inferred, plans, strict=True):
            refs = self.add(node, plan, None, prefix)
            self.values[name] = Value(out, elem, ref=refs[0])
        return True

    def planned(self, call: Call, guess: str) -> tuple[Plan, int | None]:
        """Return what stands for a node, and the layer whose weights it uses; `guess` says why extents are guesses."""
        layer = len(self.graph.nodes)
        share = self.weights.share(call, layer)
        outs = tuple(image(o) for o in call.outs)
        if guess:
            cost = Cost(outs=outs, params=share.params, biases=share.biases, buffers=share.buffers, macs=None,
                        work=None)  # fmt: skip
            return Plan(Declared.of(cost, call.type, guess), tuple(call.moving)), None
        plan = self.tabled(call, outs)
        if plan is not None:
            if not share.known:
                return plan, None
            if share.bits is not None:
                self.weight_bits[layer + len(plan.before)] = share.bits
            shapes = plan.shapes()[len(plan.before)]
            counted = (plan.op.params(shapes) or 0) + plan.op.buffers(shapes)
            if counted == share.params + share.buffers:
                return plan, None
            owner = self.owner(share, plan.op)
            if owner is not None:
                return plan, owner
            if (apart := without_bias(plan, share)) is not None:
                return apart, None
        if share.bits is not None:
            self.weight_bits[layer] = share.bits
        return Plan(declared(call, share.params, share.biases, share.buffers), tuple(call.moving)), None

    def owner(self, share: Share, op: Operator) -> int | None:
        """Return the layer whose weights one that has none of its own uses, if they are all of one such layer."""
        if share.params or share.buffers or len(share.first) != 1:
            return None
        first = next(iter(share.first))
        other = self.graph.nodes[first]
        return first if type(other.op) is type(op) and other.op.params(other.in_shapes) else None

    def tabled(self, call: Call, outs: tuple[Shape, ...]) -> Plan | None:
        """Return the operator of the spec language that says a node, if its shapes are those of ONNX."""
        entry = TABLE.get(call.type)
        if entry is None or not call.moving:
            return None
        try:
            plan = entry(call)
            return plan if plan is not None and plan.shapes()[-1] == outs else None
        except ArgumentError:
            return None

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

    # Nodes that are no layers of their own.

    def branch(self, node: onnx.NodeProto, attributes: dict[str, Any], ins: list[Value | None], prefix: str) -> bool:
        """Put in the branch of an If whose condition is known."""
        condition = ins[0]
        if condition is None or condition.data is None or condition.data.size != 1:
            return False
        graph = attributes["then_branch" if condition.data.reshape(-1)[0] else "else_branch"]
        outer = dict(self.values)
        self.initialisers(graph)
        self.nodes(graph.node, f"{prefix}{self.label(node).strip('/').replace('/', '.')}.")
        found = [self.values[o.name] for o in graph.output]
        self.values = outer
        for name, value in zip(node.output, found, strict=True):
            if name:
                self.values[name] = value
        return True

    def loop(self, node: onnx.NodeProto, attributes: dict[str, Any], ins: list[Value | None], prefix: str) -> bool:
        """Put in the rounds of a Loop whose number is known; each is a copy of its body, with the same weights."""
        trips, going = ins[0], ins[1] if len(ins) > 1 else None
        body = attributes["body"]
        if trips is None or trips.data is None or (going is not None and going.data is None):
            return False
        rounds = int(trips.data.reshape(-1)[0]) if going is None or going.data is None or going.data.all() else 0
        carried = list(ins[2:])
        if rounds > MAX_ROUNDS or len(body.output) != 1 + len(carried):
            return False
        outer, before = dict(self.values), len(self.graph.nodes)
        scope = f"{prefix}{self.label(node).strip('/').replace('/', '.')}."
        names = [i.name for i in body.input]
        for number in range(rounds):
            self.initialisers(body)
            self.values[names[0]] = constant(np.asarray(number, np.int64))
            self.values[names[1]] = constant(np.asarray(True))
            for name, value in zip(names[2:], carried, strict=True):
                if value is not None:
                    self.values[name] = value
            self.nodes(body.node, f"{scope}{number}.")
            made = [self.values[o.name] for o in body.output]
            carried = list(made[1:])
            if made[0].data is None:  # it goes on as long as the data say
                self.values = outer
                self.build.take_back(before)
                self.weights.forget(before)
                return False
            if not made[0].data.all():
                break
        self.values = outer
        for name, value in zip(node.output, carried, strict=True):
            if name and value is not None:
                self.values[name] = value
        return True

    def cast_like(self, node: onnx.NodeProto, attributes: dict[str, Any], ins: list[Value | None],
                  prefix: str) -> bool:  # fmt: skip
        """Cast a stored tensor to the type of one that depends on the inputs: still the same for every input."""
        x, like = ins
        if x is None or like is None or not x.static or like.static:
            return False
        data = None if x.data is None else x.data.astype(helper.tensor_dtype_to_np_dtype(like.elem))
        self.values[node.output[0]] = Value(x.shape, like.elem, data, origins=x.origins)
        return True

    def to_sequence(self, node: onnx.NodeProto, attributes: dict[str, Any], ins: list[Value | None],
                    prefix: str) -> bool:  # fmt: skip
        """Split into a sequence of tensors: a split whose results are known one by one."""
        x, sizes = ins[0], ins[1] if len(ins) > 1 else None
        if x is None or x.static or (sizes is not None and sizes.data is None):
            return False
        axis = attributes.get("axis", 0) % len(x.shape)
        extent = x.shape[axis]
        size = 1 if sizes is None or sizes.data is None or sizes.data.ndim else max(int(sizes.data), 1)
        if extent // size > MOST:
            self.fail(f"splits {extent} into {extent // size} tensors", node=node, code="too-large")
        if sizes is None:
            parts = [1] * extent
        elif sizes.data is not None and sizes.data.ndim:
            parts = [int(n) for n in sizes.data]
        else:
            parts = [size] * (extent // size) + ([extent % size] if extent % size else [])
        if sum(parts) != extent or len(parts) > MOST:
            self.fail(f"does not split {extent} into {parts[:9]}", node=node)
        outs = [(*x.shape[:axis], n, *x.shape[axis + 1 :]) for n in parts]
        if sizes is None and not attributes.get("keepdims", 1):
            outs = [(*o[:axis], *o[axis + 1 :]) for o in outs]
        call = Call("Split", self.versions.get("", 1), {**attributes, "axis": axis}, [x], outs)
        plan, shares = self.planned(call, FOLLOWS if x.guessed else "")
        refs = self.add(node, plan, shares, prefix)
        items = tuple(Value(o, x.elem, ref=r, guessed=x.guessed) for o, r in zip(outs, refs, strict=True))
        self.values[node.output[0]] = Value((len(items),), x.elem, ref=refs[0], items=items)
        return True

    def element(self, node: onnx.NodeProto, attributes: dict[str, Any], ins: list[Value | None],
                prefix: str) -> bool:  # fmt: skip
        """Take one tensor of a sequence: no layer, the tensor itself."""
        sequence, index = ins
        if sequence is None or sequence.items is None or index is None or index.data is None:
            return False
        self.values[node.output[0]] = sequence.items[int(index.data)]
        return True

    def gathered(self, node: onnx.NodeProto, attributes: dict[str, Any], ins: list[Value | None],
                 prefix: str) -> bool:  # fmt: skip
        """Make a sequence of tensors."""
        items = tuple(v for v in ins if v is not None)
        ref = next((v.ref for v in items if v.ref is not None), None)
        elem = items[0].elem if items else TensorProto.FLOAT
        self.values[node.output[0]] = Value((len(items),), elem, ref=ref, items=items)
        return True

    def joined(self, node: onnx.NodeProto, attributes: dict[str, Any], ins: list[Value | None], prefix: str) -> bool:
        """Join the tensors of a sequence: a concatenation."""
        sequence = ins[0]
        if sequence is None or not sequence.items:
            return False
        names = [f"{node.input[0]}\0{n}" for n in range(len(sequence.items))]
        self.values.update(zip(names, sequence.items, strict=True))
        items: list[Value | None] = list(sequence.items)
        if attributes.get("new_axis"):
            return False
        written = helper.make_node("Concat", names, list(node.output), name=node.name, axis=attributes["axis"])
        self.layer(written, {"axis": attributes["axis"]}, items, self.infer(written, items), prefix)
        return True


SPECIAL = {
    "If": Walk.branch,
    "Loop": Walk.loop,
    "CastLike": Walk.cast_like,
    "SplitToSequence": Walk.to_sequence,
    "SequenceAt": Walk.element,
    "SequenceConstruct": Walk.gathered,
    "ConcatFromSequence": Walk.joined,
}
"""Nodes that are no layers of their own, by ONNX's name; each says whether it could."""

AS_FIRST = frozenset(("GroupNormalization", "MeanVarianceNormalization", "ThresholdedRelu", "Shrink"))
"""Nodes that give the extents of their first input, where ONNX's rules say nothing."""

TO_SHAPE = frozenset(("Reshape", "Expand"))
"""Nodes that are given the extents of their result."""

RANDOM = frozenset(("RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial",
                    "Bernoulli", "Loop", "Scan", "If"))  # fmt: skip
"""Nodes whose results are not computed."""


def without_bias(plan: Plan, share: Share) -> Plan | None:
    """Return a layer whose bias another has counted as the layer without it and a sum behind it; None for no such."""
    if plan.op.arguments().get("bias") is not True:
        return None
    shapes, at = plan.shapes(), len(plan.before)
    bare = plan.op.replace(bias=False)
    if (bare.params(shapes[at]) or 0, bare.buffers(shapes[at])) != (share.params, share.buffers):
        return None
    out = shapes[at + 1]
    added = Cost(outs=out, same=True, work=Work(additions=out[0].elements))
    return plan._replace(op=bare, after=(Declared.of(added, "Add"), *plan.after))


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


def extents_of(proto: onnx.TypeProto) -> tuple[int, list[int | None] | None]:
    """Return the type and extents of a tensor; None for an open extent, and for an open number of them."""
    tensor = proto.tensor_type
    elem = tensor.elem_type or TensorProto.FLOAT
    if not proto.HasField("tensor_type") or not tensor.HasField("shape"):
        return elem, None
    return elem, [d.dim_value if d.HasField("dim_value") and d.dim_value >= 0 else None for d in tensor.shape.dim]
