"""Through the operators of a file in order: what is constant, and the layer that stands for each of the others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from cnncalc.interop.foreign import failure
from cnncalc.interop.making import Maker
from cnncalc.interop.tflite.declared import declared
from cnncalc.interop.tflite.flat import TruncatedError
from cnncalc.interop.tflite.operators import TfliteCall, TfliteMisfitError, entry_of
from cnncalc.language.settings import MAX_LAYERS
from cnncalc.values.diagnostics import SpecError
from cnncalc.values.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.graph.graph import Graph, Ref
    from cnncalc.interop.tflite.reading import Operation, TfliteModel, TfliteTensor
    from cnncalc.language.settings import Overrides
    from cnncalc.ops.operator import Operator
    from cnncalc.values.diagnostics import Collector
    from cnncalc.values.tensor import Tensor

MAX_NODES = 20_000
"""A model has at most this many operators, unless more layers are asked for."""
FUSED = {1: "relu", 2: "hardtanh", 3: "relu6", 4: "tanh"}
"""The activations inside other operators, by number."""
ALIKE = frozenset(("DEQUANTIZE", "CAST", "RESHAPE", "TRANSPOSE", "SQUEEZE", "EXPAND_DIMS", "QUANTIZE", "DENSIFY"))
"""What makes of a constant the same constant in another form."""
PORT = re.compile(r":\d+$")


class TfliteWalk:
    """One way through one file."""

    def __init__(self, model: TfliteModel, file: str | None, overrides: Overrides, collector: Collector) -> None:
        self.model = model
        self.file = file
        self.overrides = overrides
        self.maker = Maker(file, collector)
        self.refs: dict[int, Ref] = {}
        self.constants: dict[int, int | None] = {}
        self.lenders: dict[int, str] = {}
        self.held: dict[str, tuple[Tensor, ...] | None] = {}
        self.batch = 1
        self.limit = overrides.max_layers if overrides.max_layers != MAX_LAYERS else MAX_NODES

    def fail(self, message: str, *, place: str | None = None, code: str = "bad-model",
             hint: str = "convert the network again") -> NoReturn:  # fmt: skip
        """Give the file up, at one of its operators."""
        raise failure(self.file, message, code=code, hint=hint, place=place) from None

    def run(self) -> Graph:
        """Return the network."""
        model = self.model
        if len(model.operations) > self.limit:
            self.fail(f"has more than {self.limit:,} operators", code="too-many-layers",
                      hint="raise the limit with --max-layers")  # fmt: skip
        for number, tensor in enumerate(model.tensors):
            if tensor.constant:
                self.constants[number] = number
        self.inputs()
        for number, operation in enumerate(model.operations):
            self.operation(number, operation)
        for number in model.outputs:
            if number in self.refs:
                self.maker.results[self.label(model.tensors[number], f"output_{number}")] = self.refs[number]
            elif number not in self.constants:
                self.fail(f"no operator makes the output '{model.tensors[number].name[:60]}'")
        graph = self.maker.finished(named=True)
        graph.batch = self.batch
        return graph

    def label(self, tensor: TfliteTensor, otherwise: str) -> str:
        """Return what a tensor is called: the first of the names that its file joins, without its port."""
        name = PORT.sub("", tensor.name.split(";", maxsplit=1)[0]).strip("/")
        parts = [part for part in re.split(r"[/.]", name) if part]
        return ".".join(parts) or otherwise

    def inputs(self) -> None:
        """Give the network its inputs; the extents are the file's, the batch may be another."""
        model, given = self.model, dict(self.overrides.inputs or {})
        numbers = [n for n in model.inputs if n not in self.constants]
        if not numbers:
            self.fail("has no inputs", code="no-layers")
        batches = {model.tensors[n].shape[0] for n in numbers if len(model.tensors[n].shape) > 1}
        self.batch = batches.pop() if len(batches) == 1 else 1
        names = {n: self.label(model.tensors[n], f"input_{n}") for n in numbers}
        if len(set(names.values())) < len(names):
            names = {n: f"{name}_{n}" for n, name in names.items()}
        if "" in given and len(numbers) == 1:
            given[names[numbers[0]]] = given.pop("")
        lost = next((name for name in given if name not in names.values()), None)
        if lost is not None:
            raise ValueError(f"there is no input '{lost}'; this model has {', '.join(names.values())}")
        for n in numbers:
            shape = self.image(model.tensors[n].shape)
            wanted = given.get(names[n], tuple(shape))
            if len(wanted) == len(shape) + 1 and len(model.tensors[n].shape) > 1:
                self.batch, wanted = wanted[0], wanted[1:]
            if tuple(wanted) != tuple(shape):
                raise ValueError(f"the input '{names[n]}' is {shape}, and its file fixes it; convert the network again")
            self.refs[n] = self.maker.builder.input(names[n], shape)
        self.states()

    def states(self) -> None:
        """Give the network what it keeps between two calls: an input where it is read, an output where it is set."""
        handles = {op.outputs[0] for op in self.model.operations if op.kind == "VAR_HANDLE" and op.outputs}
        for operation in self.model.operations:
            if operation.kind == "READ_VARIABLE" and set(operation.inputs) <= handles and operation.outputs:
                n = operation.outputs[0]
                name = self.maker.builder.free(self.label(self.model.tensors[operation.inputs[0]], f"state_{n}"))
                self.refs[n] = self.maker.builder.input(name, self.image(self.model.tensors[n].shape))

    def image(self, extents: tuple[int, ...]) -> Shape:
        """Return extents as `[C, *S]` without the batch; one that does not lead them stays."""
        if any(n == 0 for n in extents):
            self.fail("has a tensor without elements")
        rest = extents[1:] if len(extents) > 1 and extents[0] in (self.batch, 1) else extents
        return Shape((rest[-1], *rest[:-1])) if rest else Shape((1,))

    def operation(self, number: int, operation: Operation) -> None:
        """Take in one operator."""
        tensors = self.model.tensors
        where = f"operator {number} ({operation.kind})"
        read = [n for n in operation.inputs if n >= 0]
        lost = next((n for n in read if n not in self.refs and n not in self.constants), None)
        if lost is not None:
            self.fail(f"reads '{tensors[lost].name[:60]}', which nothing before it makes", place=where)
        if operation.kind == "READ_VARIABLE" and operation.outputs[:1] and operation.outputs[0] in self.refs:
            return
        if operation.kind == "ASSIGN_VARIABLE" and len(read) == 2:
            if read[1] in self.refs:
                self.maker.results[f"{self.label(tensors[read[0]], f'state_{read[0]}')}_next"] = self.refs[read[1]]
            return
        if operation.kind in ("SHAPE", "RANK") or all(n in self.constants for n in read):
            source = self.constants[read[0]] if operation.kind in ALIKE and read and read[0] in self.constants else None
            self.constants.update(dict.fromkeys(operation.outputs, source))
            return
        if not operation.outputs:
            self.fail("makes nothing", place=where)
        self.maker.origin = where
        path = self.maker.builder.free(self.label(tensors[operation.outputs[0]], f"{operation.kind.lower()}_{number}"))
        outs = tuple(self.image(tensors[n].shape) for n in operation.outputs)
        call = TfliteCall(self, operation, path, outs)
        try:
            refs = self.made(call)
        except SpecError:
            raise
        except (TfliteMisfitError, TruncatedError, LookupError, TypeError, ValueError, ArithmeticError) as error:
            reason = str(error) if isinstance(error, TfliteMisfitError) else "has options or tensors that do not fit"
            self.fail(reason, place=where)
        for n, ref in zip(operation.outputs, refs, strict=True):
            self.refs[n] = ref
            self.constants.pop(n, None)

    def made(self, call: TfliteCall) -> tuple[Ref, ...]:
        """Return what an operator becomes: operators of the language, or one with declared numbers."""
        entry = entry_of(call.kind)
        refs = entry(call) if entry is not None else None
        if refs is None:
            refs = declared(call)
        word = FUSED.get(call.fused)
        return (self.maker.add(word, [refs[0]], f"{call.path}.act"),) if word else refs

    def put(self, call: TfliteCall, op: Operator, inputs: Sequence[Ref], weights: Sequence[int]
            ) -> tuple[Ref, ...] | None:  # fmt: skip
        """Add an operator of the language; weights that an earlier layer reads are its.

        Returns:
            Its results; None where some of its weights are its own and others are not.
        """
        shapes = tuple(self.maker.shape(ref) for ref in inputs)
        sources = [found for n in weights if (found := self.constants.get(n)) is not None]
        lenders = {self.lenders.get(source) for source in sources}
        lender = lenders.pop() if len(lenders) == 1 else None
        if lenders - {None} or (lender and lender not in self.held) or (lender is None and lenders):
            return None
        if lender is not None and self.held[lender] != op.tensors(shapes):
            return None
        if lender is None and sources:
            self.lenders.update(dict.fromkeys(sources, call.path))
            self.held[call.path] = op.tensors(shapes)
        return self.maker.put(op, inputs, call.path, lender)
