"""What PyTorch says of a model: its operations in order, exported on the meta device, without weights.

Everything that touches torch is here; what leaves is plain data: `Step` for every operation.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

torch: Any = None
"""The module, once it is imported."""


class ExportedTensor(NamedTuple):
    """A tensor of the model: the name of what makes it, its extents with the batch, whether it holds real numbers."""

    name: str
    shape: tuple[int, ...]
    real: bool = True


class StateEntry(NamedTuple):
    """A parameter or buffer: what it is the same as, its elements, whether it is learned, whether it is real."""

    same: str
    elements: int
    learned: bool
    real: bool


@dataclass(slots=True)
class ExportedStep:
    """One operation.

    Attributes:
        kind: its name without `aten::` and without the `_` of one that works in place.
        given: its arguments by name: numbers, words, `Tensor`s, lists of them.
        unusual: names of the arguments that are not what they are where nobody gives them.
        outs: what it makes.
        used: which of its results anything reads.
        path: the module that it belongs to, "" for the whole model.
        module: the class of that module.
    """

    kind: str
    given: dict[str, Any]
    unusual: set[str]
    outs: list[ExportedTensor]
    used: set[int] = field(default_factory=set)
    path: str = ""
    module: str = ""

    def tensors(self) -> list[ExportedTensor]:
        """Return every tensor that it reads, in order."""
        found: list[ExportedTensor] = []
        for value in self.given.values():
            if isinstance(value, ExportedTensor):
                found.append(value)
            elif isinstance(value, list):
                found += [entry for entry in value if isinstance(entry, ExportedTensor)]
        return found


class ExportedProgram(NamedTuple):
    """A model as it is exported: the names and extents of its inputs, its weights, its steps, its results."""

    inputs: list[ExportedTensor]
    stored: dict[str, StateEntry]
    steps: list[ExportedStep]
    outputs: list[str]
    names: dict[str, str]


def load_torch() -> Any:
    """Return the module torch."""
    global torch  # noqa: PLW0603 - imported once, when it is needed
    if torch is None:
        torch = import_module("torch")
    return torch


def weightless(model: Any) -> Any:
    """Return a copy of a model in evaluation mode whose parameters and buffers are on the meta device."""
    memo: dict[int, Any] = {}
    for tensor in model.parameters():
        memo[id(tensor)] = torch.nn.Parameter(tensor.detach().to("meta"), requires_grad=tensor.requires_grad)
    for tensor in model.buffers():
        memo[id(tensor)] = tensor.detach().to("meta")
    return copy.deepcopy(model, memo).eval()


def made(factory: Any) -> Any:
    """Return the model that a factory makes, on the meta device where it can be made there."""
    try:
        with torch.device("meta"):
            return factory()
    except (NotImplementedError, RuntimeError, TypeError, ValueError):
        return factory()


def exported(model: Any, inputs: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
    """Return the exported program of a model; by the compiler's front end or FX where tracing cannot."""
    attempts: tuple[Callable[[], Any], ...] = (
        lambda: torch.export.export(model, tuple(inputs), dict(keywords), strict=False),
        lambda: torch.export.export(model, tuple(inputs), dict(keywords), strict=True),
        lambda: torch.export.export(torch.fx.symbolic_trace(model), tuple(inputs), dict(keywords), strict=False),
    )
    first: Exception | None = None
    for attempt in attempts:
        try:
            with torch.no_grad():
                return attempt()
        except Exception as error:  # noqa: BLE001 - whatever a model's own code raises
            first = first or error
    assert first is not None
    raise first


def program(model: Any, inputs: Mapping[str, tuple[int, ...]]) -> ExportedProgram:
    """Return what a model does with inputs of some extents, batch included."""
    load_torch()
    bare = weightless(model)
    examples = {name: torch.empty(shape, device="meta") for name, shape in inputs.items()}
    keywords = {name: value for name, value in examples.items() if name and not name.startswith("input")}
    positional = [value for name, value in examples.items() if name not in keywords]
    return read(exported(bare, positional, keywords), bare)


def read(found: Any, model: Any) -> ExportedProgram:
    """Return the plain data of an exported program."""
    signature = found.graph_signature
    stored: dict[str, StateEntry] = {}
    same: dict[int, str] = {}
    learned, kept = signature.inputs_to_parameters, signature.inputs_to_buffers
    constants = getattr(signature, "inputs_to_lifted_tensor_constants", {})
    state = dict(model.named_parameters(remove_duplicate=False))
    state.update(model.named_buffers(remove_duplicate=False))
    inputs: list[ExportedTensor] = []
    steps: list[ExportedStep] = []
    outputs: list[str] = []
    made_by: dict[str, tuple[ExportedStep, int]] = {}
    names: dict[str, str] = {}
    for node in found.graph.nodes:
        value = node.meta.get("val")
        if node.op == "placeholder":
            target = learned.get(node.name) or kept.get(node.name) or constants.get(node.name)
            if target is None:
                if shaped(value):
                    inputs.append(ExportedTensor(node.name, extents(value), value.is_floating_point()))
                continue
            tensor = state.get(target)
            owner = target if tensor is None else same.setdefault(id(tensor), target)
            stored[node.name] = StateEntry(owner, int(value.numel()), node.name in learned, value.is_floating_point())
            names[node.name] = target
        elif node.op == "call_function" and getattr(node.target, "__name__", "") == "getitem":
            source = made_by.get(node.args[0].name)
            if source is not None:
                if node.users:
                    source[0].used.add(int(node.args[1]))
                made_by[node.name] = source[0], int(node.args[1])
                names[node.name] = f"{node.args[0].name}:{node.args[1]}"
        elif node.op == "call_function":
            step = step_of(node, value)
            if step is not None:
                steps.append(step)
                made_by[node.name] = step, 0
        elif node.op == "output":
            outputs = [spec.arg.name for spec in signature.output_specs if hasattr(spec.arg, "name")
                       and spec.kind.name == "USER_OUTPUT"]  # fmt: skip
    return ExportedProgram(inputs, stored, steps, outputs, names)


def shaped(value: Any) -> bool:
    """Return whether a value is a tensor."""
    return hasattr(value, "shape") and hasattr(value, "is_floating_point")


def extents(value: Any) -> tuple[int, ...]:
    """Return a tensor's extents."""
    return tuple(int(n) for n in value.shape)


def step_of(node: Any, value: Any) -> ExportedStep | None:
    """Return the step of one operation; None for a check or anything else that makes no tensor."""
    schema = getattr(node.target, "_schema", None)
    several = isinstance(value, list | tuple)
    values = list(value) if several else [value]
    if schema is None or not any(shaped(v) for v in values):
        return None
    given: dict[str, Any] = {}
    unusual: set[str] = set()
    for argument, entry in zip(schema.arguments, node.args, strict=False):
        given[argument.name] = plain(entry)
    given.update((name, plain(entry)) for name, entry in node.kwargs.items())
    for argument in schema.arguments:
        if argument.name in given and argument.has_default_value() and given[argument.name] != argument.default_value:
            unusual.add(argument.name)
    outs = [ExportedTensor(f"{node.name}:{k}" if several else node.name, extents(v) if shaped(v) else (), True)
            for k, v in enumerate(values)]  # fmt: skip
    path, module = place_of(node)
    kind = schema.name.rpartition("::")[2]
    kind = kind.rstrip("_") if not kind.startswith("_") or kind.endswith("_") else kind
    return ExportedStep(kind, given, unusual, outs, {0} if not several else set(), path, module)


def plain(entry: Any) -> Any:
    """Return an argument as plain data."""
    if hasattr(entry, "meta") and hasattr(entry, "op"):
        value = entry.meta.get("val")
        if shaped(value):
            return ExportedTensor(entry.name, extents(value), bool(value.is_floating_point()))
        several = value if isinstance(value, tuple | list) else ()
        return [ExportedTensor(f"{entry.name}:{k}", extents(v)) for k, v in enumerate(several)]
    if isinstance(entry, list | tuple):
        return [plain(inner) for inner in entry]
    return entry if isinstance(entry, bool | int | float | str) or entry is None else str(entry)


def place_of(node: Any) -> tuple[str, str]:
    """Return the path and the class of the module that an operation belongs to."""
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    if not stack:
        return "", ""
    path, module = stack[-1]
    path = str(path).replace("L['self'].", "").replace("L['self']", "").replace("[", ".").replace("]", "")
    return path.strip("."), str(module).rpartition(".")[2].rstrip("'>")


def to_data(program: ExportedProgram) -> dict[str, Any]:
    """Return a program as JSON has it."""

    def data(value: Any) -> Any:
        if isinstance(value, ExportedTensor):
            return {"tensor": [value.name, list(value.shape), value.real]}
        return [data(entry) for entry in value] if isinstance(value, list) else value

    return {
        "inputs": [data(t)["tensor"] for t in program.inputs],
        "stored": {name: list(entry) for name, entry in program.stored.items()},
        "steps": [
            [s.kind, {k: data(v) for k, v in s.given.items()}, sorted(s.unusual),
             [data(t)["tensor"] for t in s.outs], sorted(s.used), s.path, s.module] for s in program.steps
        ],
        "outputs": program.outputs,
        "names": program.names,
    }  # fmt: skip


def from_data(found: Mapping[str, Any]) -> ExportedProgram:
    """Return the program that was written as JSON."""

    def tensor(entry: Sequence[Any]) -> ExportedTensor:
        return ExportedTensor(entry[0], tuple(entry[1]), entry[2])

    def value(entry: Any) -> Any:
        if isinstance(entry, dict):
            return tensor(entry["tensor"])
        return [value(inner) for inner in entry] if isinstance(entry, list) else entry

    steps = [
        ExportedStep(kind, {k: value(v) for k, v in given.items()}, set(unusual), [tensor(t) for t in outs], set(used),
                     path, module)
        for kind, given, unusual, outs, used, path, module in found["steps"]
    ]  # fmt: skip
    stored = {name: StateEntry(*entry) for name, entry in found["stored"].items()}
    inputs = [tensor(t) for t in found["inputs"]]
    return ExportedProgram(inputs, stored, steps, list(found["outputs"]), dict(found["names"]))
