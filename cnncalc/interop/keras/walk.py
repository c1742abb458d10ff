"""Through the layers of a model in order: every call of a layer becomes operators, nested models their layers."""

from __future__ import annotations

from dataclasses import replace
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any, NoReturn

from cnncalc.graph.build import GraphBuilder
from cnncalc.interop.foreign import failure
from cnncalc.interop.keras.call import KerasMisfitError, LayerCall
from cnncalc.interop.keras.declared import opaque
from cnncalc.interop.keras.first_version import ORDERS
from cnncalc.interop.keras.inputs import bind
from cnncalc.interop.keras.layers import entry_of
from cnncalc.interop.keras.structure import KerasHistory, Malformed, Model, is_model, model_of
from cnncalc.interop.keras.tensorflow_calls import KINDS, of_today
from cnncalc.interop.making import warn
from cnncalc.interop.naming import unique
from cnncalc.language.settings import MAX_LAYERS, Overrides
from cnncalc.values.diagnostics import ArgumentError, Collector, SpecError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.graph.graph import Graph, Ref
    from cnncalc.interop.keras.structure import CallReads, KerasLayer
    from cnncalc.ops.operator import Operator

MAX_CALLS = 20_000
"""A network has at most this many calls of layers, unless more layers are asked for."""
DEEPEST = 40
"""How many models may stand in each other."""
SIZES = "check the input's size; --input sets another"
FOLLOWS = "it follows a layer whose extents are not known"
MASKS = frozenset(("mask", "attention_mask", "query_mask", "value_mask", "key_mask", "training", "initial_state"))
"""Tensors that a layer is given by these names do not enter its result's elements."""


class KerasWalk:
    """One way through one file."""

    def __init__(self, model: dict[str, Any], file: str | None, overrides: Overrides, collector: Collector) -> None:
        self.model = model
        self.file = file
        self.overrides = overrides
        self.collector = collector
        self.builder = GraphBuilder(file)
        self.first = channels_first(model)
        self.depth = 0
        self.steps = overrides.max_layers if overrides.max_layers != MAX_LAYERS else MAX_CALLS
        self.reasons: dict[str, list[str]] = {}
        self.guessed: set[Ref] = set()
        self.taken: set[str] = set()
        self.lent: list[tuple[str, str]] = []
        self.labels: set[str] = set()
        self.stated_hold = True

    def fail(self, message: str, *, layer: str = "", code: str = "bad-model", hint: str | None = None) -> NoReturn:
        """Give the file up, at one of its layers."""
        place = f"layer '{layer}'" if layer else None
        raise failure(self.file, message, code=code, hint=hint or "write it again with model.to_json()",
                      place=place) from None  # fmt: skip

    def run(self) -> Graph:
        """Return the network."""
        kind, config = self.model.get("class_name"), self.model["config"]
        if not isinstance(kind, str) or not is_model(kind, config):
            self.fail(f"is a {str(kind)[:60]}, which does not say its layers", code="subclassed-model",
                      hint="only Functional and Sequential models do; build it as one of them")  # fmt: skip
        model = self.parsed(kind, config, "")
        bound = bind([(h.layer, model.layers[h.layer].config) for h in self.entries(model)], self.overrides.inputs,
                     self.fail, first=self.first)  # fmt: skip
        self.stated_hold = not bound.changed
        refs = [self.builder.input(name, shape) for name, shape in bound.shapes.items()]
        self.taken.update(bound.shapes)
        made = self.through(model, refs, "", self.depth)
        for history, ref in zip(model.outputs, made, strict=True):
            self.builder.output(self.label(history.layer), ref)
        graph = self.builder.graph()
        if not graph.nodes:
            self.fail("has no layers behind its inputs", code="no-layers")
        self.share(graph)
        graph.batch = bound.batch
        warn(self.collector, self.reasons)
        return graph

    def label(self, name: str) -> str:
        """Return the label of an output: its layer's name, with a number behind it where there are several."""
        return unique(name, self.labels)

    def share(self, graph: Graph) -> None:
        """Record whose weights a layer with declared numbers uses."""
        at = {node.path: index for index, node in enumerate(graph.nodes)}
        for path, lender in self.lent:
            if path in at and lender in at:
                node, source = graph.nodes[at[path]], graph.nodes[at[lender]]
                if node.op.params(node.in_shapes) != 0 or node.op.buffers(node.in_shapes):
                    node.shares = at[lender] if source.shares is None else source.shares

    def unknown(self, path: str, reason: str) -> None:
        """Remember that a layer's costs are unknown."""
        self.reasons.setdefault(reason, []).append(path)

    def step(self, inner: dict[str, Any], extents: Sequence[int]) -> Graph:
        """Return the network of one layer on its own, for an input in Keras' order without the batch."""
        entry = {**inner, "inbound_nodes": []}
        shape = {"batch_shape": [None, *extents]}
        first = {"class_name": "InputLayer", "name": "step_input", "config": shape}
        model = {"class_name": "Sequential", "config": {"layers": [first, entry]}}
        walk = KerasWalk(model, self.file, Overrides(), Collector(file=self.file))
        walk.depth, walk.steps, walk.first = self.depth + 1, self.steps, self.first
        graph = walk.run()
        self.steps = walk.steps
        return graph

    # Models.

    def parsed(self, kind: str, config: dict[str, Any], where: str) -> Model:
        """Return a model from its settings."""
        try:
            model = model_of(kind, config)
        except Malformed as error:
            self.fail(str(error), layer=where)
        except (LookupError, TypeError, ValueError, AttributeError):
            self.fail("has settings that do not go together", layer=where)
        for history in (*model.inputs, *model.outputs):
            if history.layer not in model.layers:
                self.fail(f"names '{history.layer}' as an input or output, and has no such layer", layer=where)
        return model

    def entries(self, model: Model) -> list[KerasHistory]:
        """Return a model's inputs; of one that does not list them, its input layers."""
        inputs = model.inputs or [
            KerasHistory(n, 0, 0) for n, layer in model.layers.items() if layer.kind == "InputLayer"
        ]
        if not inputs:
            self.fail("has no inputs", code="no-layers")
        if len(set(inputs)) < len(inputs):
            self.fail(f"names the input '{inputs[-1].layer}' twice")
        return inputs

    def through(self, model: Model, refs: Sequence[Ref], prefix: str, depth: int) -> list[Ref]:
        """Go through a model and return the tensors that it gives."""
        if depth > DEEPEST:
            self.fail(f"has more than {DEEPEST} models in each other", layer=prefix, code="too-deep")
        inputs = self.entries(model)
        if len(inputs) != len(refs):
            self.fail(f"takes {len(inputs)} inputs, and is given {len(refs)}", layer=prefix.rstrip("."))
        made: dict[KerasHistory, Ref] = dict(zip(inputs, refs, strict=True))
        for layer, number in self.ordered(model, made, prefix):
            reads = layer.calls[number]
            for port, ref in enumerate(self.call(layer, reads, number, model, made, prefix, depth)):
                made[KerasHistory(layer.name, number, port)] = ref
        if not model.outputs:
            last = next(reversed(model.layers.values()))
            model.outputs = [KerasHistory(last.name, max(len(last.calls) - 1, 0), 0)]
        lost = next((h for h in model.outputs if h not in made), None)
        if lost is not None:
            self.fail(f"no layer makes the output '{lost.layer}'", layer=prefix.rstrip("."))
        return [made[h] for h in model.outputs]

    def ordered(self, model: Model, made: dict[KerasHistory, Ref], prefix: str) -> list[tuple[KerasLayer, int]]:
        """Return every call of a layer, each behind those whose results it reads, else in the file's order."""
        calls = [(layer, n) for layer in model.layers.values() for n in range(len(layer.calls))
                 if layer.kind != "InputLayer"]  # fmt: skip
        self.steps -= len(calls)
        if self.steps < 0:
            self.fail(f"has more than {MAX_CALLS:,} calls of layers", code="too-many-layers",
                      hint="raise the limit with --max-layers")  # fmt: skip
        index = {(layer.name, n): at for at, (layer, n) in enumerate(calls)}
        given = {(h.layer, h.call) for h in made}
        waiting: list[int] = []
        readers: dict[int, list[int]] = {}
        for at, (layer, n) in enumerate(calls):
            needs = set[int]()
            for history in layer.calls[n].all():
                source = (history.layer, history.call)
                if source in given:
                    continue
                if source not in index:
                    self.fail(f"reads '{history.layer}', call {history.call}, which the model does not have",
                              layer=prefix + layer.name)  # fmt: skip
                needs.add(index[source])
            waiting.append(len(needs))
            for need in needs:
                readers.setdefault(need, []).append(at)
        ready = [at for at, count in enumerate(waiting) if not count]
        heapify(ready)
        order: list[tuple[KerasLayer, int]] = []
        while ready:
            at = heappop(ready)
            order.append(calls[at])
            for reader in readers.get(at, ()):
                waiting[reader] -= 1
                if not waiting[reader]:
                    heappush(ready, reader)
        if len(order) < len(calls):
            stuck = next(layer for at, (layer, _) in enumerate(calls) if waiting[at])
            self.fail("reads its own result: the layers form a circle", layer=prefix + stuck.name, code="cyclic-model")
        return order

    # Layers.

    def call(  # noqa: PLR0917 - where it stands
        self,
        layer: KerasLayer,
        reads: CallReads,
        number: int,
        model: Model,
        made: dict[KerasHistory, Ref],
        prefix: str,
        depth: int,
    ) -> Sequence[Ref]:
        """Take in one call of a layer and return its results."""
        base = self.free(prefix + layer.name)
        where = prefix + layer.name
        lender = layer.base
        if layer.base is None:
            layer.base = base
        lost = next((h for h in reads.all() if h not in made), None)
        if lost is not None:
            self.fail(f"reads result {lost.port} of '{lost.layer}', which does not have it", layer=where)
        named = {key: made[items[0]] for key, items in reads.named.items() if len(items) == 1}
        ins = [made[h] for h in reads.plain]
        for key, items in reads.named.items():
            if key not in MASKS and key not in ("value", "key", "query"):
                ins += [made[h] for h in items]
        if is_model(layer.kind, layer.config):
            if layer.inner is None:
                layer.inner = self.parsed(layer.kind, layer.config, where)
            return self.through(layer.inner, ins, f"{base}.", depth + 1)
        stated = model.stated.get((layer.name, number), {})
        said, keys = of_today(layer, reads) if layer.kind in KINDS else (layer, reads.keys)
        call = LayerCall(self, said, ins, named, base, lender, reads.constants, stated, keys)
        try:
            return self.made(call)
        except SpecError:
            raise
        except (KerasMisfitError, Malformed) as error:
            self.fail(f"({layer.kind}) {error}", layer=where, code="bad-argument",
                      hint=SIZES)  # fmt: skip
        except ArgumentError as error:
            self.fail(f"({layer.kind}) {error}", layer=where, code=error.code,
                      hint=SIZES)  # fmt: skip
        except (LookupError, TypeError, ValueError, AttributeError, AssertionError, ArithmeticError):
            self.fail(f"({layer.kind}) has settings that do not go together", layer=where)

    def made(self, call: LayerCall) -> Sequence[Ref]:
        """Return what a call becomes."""
        if any(ref in self.guessed for ref in call.ins):
            return opaque(call, FOLLOWS)
        entry = entry_of(call.layer)
        if entry is None:
            return opaque(call, f"what a {call.kind} computes is not known")
        found = entry(call)
        return found if isinstance(found, list | tuple) and not isinstance(found[0], int) else [found]

    def free(self, path: str) -> str:
        """Return a path that no layer has yet."""
        return unique(path, self.taken)

    def put(self, op: Operator, ins: Sequence[Ref], path: str, lender: str | None, name: str) -> tuple[Ref, ...]:
        """Add an operator to the graph."""
        if lender is not None:
            self.lent.append((path, lender))
        given = tuple(self.builder.shape(ref) for ref in ins)
        shares = lender if lender is not None and not op.parts() and op.tensors(given) else None
        try:
            return self.builder.add(op, ins, path, origin=f"layer '{name}'", shares=shares)
        except SpecError as error:
            raise SpecError([replace(d, hint=d.hint or SIZES) for d in error.diagnostics]) from None


def channels_first(model: Any) -> bool:
    """Whether the layers of a file hold channels before the spatial axes."""
    formats: set[str] = set()
    todo = [model["config"]]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            word = value.get("data_format", value.get("dim_ordering"))
            if isinstance(word, str):
                formats.add(ORDERS.get(word, word))
            todo.extend(value.values())
        elif isinstance(value, list):
            todo.extend(value)
    return formats == {"channels_first"}
