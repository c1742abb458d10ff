"""Through the operations of an exported model: which layer stands for each, whose weights count where."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cnncalc.graph.build import GraphBuilder
from cnncalc.interop.foreign import Cost, Declared
from cnncalc.interop.making import warn
from cnncalc.interop.naming import unique
from cnncalc.interop.pytorch.call import TorchCall, TorchPlan, TorchValue, image
from cnncalc.interop.pytorch.declared import CONSTANT, PRODUCTS, DeclaredShare, declared, macs_of
from cnncalc.interop.pytorch.export import ExportedStep
from cnncalc.interop.pytorch.operators import TABLE, attention, named
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from cnncalc.graph.graph import Graph, Ref
    from cnncalc.interop.pytorch.export import ExportedProgram
    from cnncalc.values.diagnostics import Collector
    from cnncalc.values.shape import Shape

class TorchWalk:
    """One way through one model."""

    def __init__(self, program: ExportedProgram, collector: Collector) -> None:
        self.program = program
        self.collector = collector
        self.build = GraphBuilder()
        self.graph = self.build.so_far
        self.values: dict[str, TorchValue] = {}
        self.owner: dict[str, int] = {}
        self.products: dict[str, int] = {}
        self.paths: set[str] = set()
        self.unknown: dict[str, list[str]] = {}

    def run(self, inputs: list[str]) -> Graph:
        """Return the network; `inputs` are the names of its inputs."""
        program = self.program
        for number, tensor in enumerate(program.inputs):
            name = inputs[number] if number < len(inputs) else tensor.name
            self.values[tensor.name] = TorchValue(tensor.shape, self.build.input(name, image(tensor.shape)))
        for step in program.steps:
            self.step(step)
        for name in program.outputs:
            value = self.values.get(self.program.names.get(name, name))
            if value is not None and value.ref is not None:
                number = len(self.graph.outputs)
                self.build.output(f"output{number}" if len(program.outputs) > 1 else "output", value.ref)
        warn(self.collector, self.unknown)
        return self.graph

    def value(self, name: str, shape: tuple[int, ...]) -> TorchValue:
        """Return a tensor by the name that the program gives it."""
        known = self.values.get(self.program.names.get(name, name)) if name not in self.program.stored else None
        if known is not None:
            return known
        stored = self.program.stored.get(name)
        return TorchValue(shape, origins=() if stored is None else (name,))

    def step(self, step: ExportedStep) -> None:
        """Take in one operation."""
        if step.kind in LIKE and len(step.tensors()) > 1:
            step = replace(step, given={"self": step.tensors()[0]})
        if step.kind in INDEXED and step.used == {0}:
            step = replace(step, outs=step.outs[:1])
        call = TorchCall(step, {t.name: self.value(t.name, t.shape) for t in step.tensors()})
        if not call.moving or step.kind in CONSTANT:
            self.constant(call)
            return
        if step.kind == "unbind" and self.unbound(call):
            return
        if step.kind == "scaled_dot_product_attention" and self.attention(call):
            return
        outs = tuple(image(out.shape) for out in step.outs)
        plan = self.planned(call, outs)
        if plan is not None and not plan.ops:
            self.values[step.outs[0].name] = TorchValue(step.outs[0].shape, plan.reads[0].ref)
            return
        share, said = self.share(call), plan
        shares: int | None = None
        if plan is not None:
            plan, shares = self.fitting(plan, share)
        if plan is None:
            plan = TorchPlan((declared(call, outs, share, said),), tuple(call.moving))
        self.add(call, plan, shares)

    def constant(self, call: TorchCall) -> None:
        """Take in what no input enters: its weights and products are those of the first layer that reads it."""
        step = call.step
        origins = tuple(dict.fromkeys(o for v in call.tensors for o in v.origins))
        products = tuple(dict.fromkeys(p for v in call.tensors for p in v.products))
        if step.kind in PRODUCTS and call.tensors:
            self.products[step.outs[0].name] = macs_of(call) or 0
            products = (*products, step.outs[0].name)
        for out in step.outs:
            self.values[out.name] = TorchValue(out.shape, origins=origins, products=products)

    def fitting(self, plan: TorchPlan, share: DeclaredShare) -> tuple[TorchPlan | None, int | None]:
        """Return a plan that has the stored numbers of an operation, and the layer whose weights it uses.

        A bias that is not the layer's alone, or is put together from others, is a sum of its own behind it.
        """
        op, shapes = plan.ops[plan.main], plan.shapes()
        entering = shapes[plan.main]
        if share.macs:
            return None, None
        if (op.params(entering) or 0, op.buffers(entering)) == (share.params, share.buffers):
            return plan, None
        if len(share.first) == 1 and not share.params + share.buffers:
            lender = self.graph.nodes[share.first[0]]
            if type(lender.op) is type(op) and lender.op.params(lender.in_shapes) == op.params(entering):
                return plan, share.first[0]
        if op.arguments().get("bias") is True:
            bare, out = op.replace(bias=False), shapes[plan.main + 1]
            rest = share.params - (bare.params(entering) or 0)
            if rest >= 0 and not bare.buffers(entering):
                added = Cost(outs=out, params=rest, biases=rest, buffers=share.buffers, same=True,
                             work=Work(additions=out[0].elements))  # fmt: skip
                ops = (*plan.ops[: plan.main], bare, Declared.of(added, "add"), *plan.ops[plan.main + 1 :])
                return plan._replace(ops=ops), None
        return None, None

    def planned(self, call: TorchCall, outs: tuple[Shape, ...]) -> TorchPlan | None:
        """Return the operators of the spec language that say an operation, if their shapes are PyTorch's."""
        entry = TABLE.get(call.step.kind, named)
        try:
            plan = entry(call)
            return plan if plan is not None and (plan.shapes()[-1] == outs or not plan.ops) else None
        except ArgumentError:
            return None

    def share(self, call: TorchCall) -> DeclaredShare:
        """Return what an operation has of its own: the learned values, biases, buffers and products of constants."""
        found = DeclaredShare()
        bias = call.tensor("bias")
        for value in call.tensors:
            found.macs += sum(self.products.pop(name, 0) for name in value.products)
            for origin in value.origins:
                stored = self.program.stored[origin]
                if not stored.real:
                    continue
                if stored.same in self.owner:
                    if self.owner[stored.same] not in found.first:
                        found.first.append(self.owner[stored.same])
                    continue
                self.owner[stored.same] = len(self.graph.nodes)
                if stored.learned:
                    found.params += stored.elements
                    found.biases += stored.elements if bias is not None and origin in bias.origins else 0
                else:
                    found.buffers += stored.elements
        return found

    def add(self, call: TorchCall, plan: TorchPlan, shares: int | None) -> None:
        """Append the layers of a plan; the last of them makes the results."""
        path = self.path(call.step)
        inputs = tuple(v.ref for v in plan.reads if v.ref is not None)
        moved = plan.main
        for origin, owner in self.owner.items():
            if owner == len(self.graph.nodes):
                self.owner[origin] = owner + moved
        for number, op in enumerate(plan.ops):
            name = path if number == plan.main else self.unique(f"{path}.{op.name}")
            lent = shares if number == plan.main else None
            made = self.build.append(name, op, inputs, shares=lent, origin=call.step.path)
            inputs = (made[0],)
            if isinstance(op, Declared) and op.reason:
                self.unknown.setdefault(op.reason, []).append(name)
        for out, ref in zip(call.step.outs, made, strict=True):
            self.values[out.name] = TorchValue(out.shape, ref)

    def path(self, step: ExportedStep) -> str:
        """Return a layer's path: its module's, with the operation where the module has several."""
        plain = step.path and step.module in LAYERS and step.path not in self.paths
        return self.unique(step.path if plain else f"{step.path}.{step.kind}".strip("."))

    def unique(self, path: str) -> str:
        """Return a path that no layer has yet."""
        return unique(path, self.paths)

    def attention(self, call: TorchCall) -> bool:
        """Put in attention as its products."""
        parts = attention(call)
        if parts is None:
            return False
        path = self.path(call.step)
        made: list[Ref] = []
        shapes: list[Shape] = []
        try:
            for _, op, reads in parts:
                ins = tuple(shapes[r] if isinstance(r, int) else image(r.shape) for r in reads)
                shapes.append(op.infer(ins)[0])
        except ArgumentError:
            return False
        if shapes[-1] != image(call.out):
            return False
        for name, op, reads in parts:
            refs = tuple(made[r] if isinstance(r, int) else r.ref for r in reads)
            made += self.build.append(self.unique(f"{path}.{name}"), op, refs, origin=path)
        self.values[call.step.outs[0].name] = TorchValue(call.out, made[-1])
        return True

    def unbound(self, call: TorchCall) -> bool:
        """Put in unbind as one cut for each result."""
        axis = call.given("dim", 0)
        first = call.step.tensors()[0]
        for number, out in enumerate(call.step.outs):
            part = ExportedStep("select", {"self": first, "dim": axis, "index": number}, set(), [out], {0},
                                call.step.path, call.step.module)  # fmt: skip
            self.step(part)
        return True


LIKE = frozenset(("reshape_as", "view_as", "expand_as", "type_as"))
"""Operations that take nothing but extents or a type from the second tensor."""

INDEXED = frozenset(f"adaptive_max_pool{n}d" for n in (1, 2, 3))
"""Operations whose second result says where the first is from; most models do not read it."""

LAYERS = frozenset((
    "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d", "Linear", "BatchNorm1d",
    "BatchNorm2d", "BatchNorm3d", "LayerNorm", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d",
    "ReLU", "ReLU6", "LeakyReLU", "PReLU", "ELU", "SELU", "CELU", "GELU", "SiLU", "Mish", "Sigmoid", "Tanh",
    "Hardsigmoid", "Hardswish", "Hardtanh", "Softplus", "Softsign", "Softmax", "LogSoftmax", "MaxPool1d", "MaxPool2d",
    "MaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d", "LPPool2d", "AdaptiveAvgPool1d", "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d", "AdaptiveMaxPool2d", "Flatten", "Unflatten", "Identity", "Dropout", "Dropout2d", "Dropout3d",
    "Upsample", "PixelShuffle", "PixelUnshuffle", "ChannelShuffle", "ZeroPad2d", "ReflectionPad2d", "ReplicationPad2d",
    "LSTM", "GRU", "Embedding", "LocalResponseNorm", "BatchNormAct2d", "FrozenBatchNorm2d",
))  # fmt: skip
"""The modules of PyTorch that are one layer; a layer then has its module's path alone."""
