"""One operation of an exported model as the table of operators sees it, and what stands for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from cnncalc.interop.pytorch.export import ExportedTensor
from cnncalc.ops.registry import find
from cnncalc.values.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.graph.graph import Ref
    from cnncalc.interop.pytorch.export import ExportedStep
    from cnncalc.ops.operator import Operator

Extents: TypeAlias = tuple[int, ...]


class TorchValue(NamedTuple):
    """A tensor: its extents with the batch, what makes it (None: the same for every input), whose weights it is.

    `products` are the operations that multiply and sum for it and that no input enters.
    """

    shape: Extents
    ref: Ref | None = None
    origins: tuple[str, ...] = ()
    products: tuple[str, ...] = ()

    @property
    def elements(self) -> int:
        """How many numbers it has."""
        total = 1
        for n in self.shape:
            total *= n
        return total


class TorchPlan(NamedTuple):
    """What stands for an operation: operators one after the other, and what the first reads.

    `main` says which of them is the operation itself; the others are views around it.
    """

    ops: tuple[Operator, ...]
    reads: tuple[TorchValue, ...]
    main: int = 0

    def shapes(self) -> list[tuple[Shape, ...]]:
        """Return what enters each operator, and last what leaves them.

        Raises:
            ArgumentError: one does not take what enters it.
        """
        found = [tuple(image(v.shape) for v in self.reads)]
        for op in self.ops:
            found.append(op.infer(found[-1]))
        return found


def image(extents: Extents) -> Shape:
    """Return a tensor's extents without the batch: a leading 1 where others follow; a scalar is one number."""
    if len(extents) > 1 and extents[0] == 1:
        return Shape(extents[1:])
    return Shape(extents or (1,))


def place(extents: Extents, axis: int) -> int | None:
    """Return where an axis of a tensor is in its image; None for the batch."""
    axis = axis + len(extents) if axis < 0 else axis
    if len(extents) > 1 and extents[0] == 1:
        return axis - 1 if axis else None
    return axis


def make(name: str, **arguments: Any) -> Operator:
    """Return an operator of the spec language by its name."""
    found = find(name)
    assert found is not None
    return found(**arguments)


def along(axis: int) -> dict[str, int]:
    """Return the argument that says an axis; nothing for channels."""
    return {"axis": axis} if axis else {}


@dataclass(slots=True)
class TorchCall:
    """An operation with the tensors that it reads."""

    step: ExportedStep
    values: dict[str, TorchValue]

    def given(self, name: str, default: Any = None) -> Any:
        """Return an argument: a number, a word, a list; `default` where it is not given."""
        found = self.step.given.get(name)
        return default if found is None else found

    def tensor(self, name: str) -> TorchValue | None:
        """Return a tensor among the arguments, None if it is left out."""
        found = self.step.given.get(name)
        return self.values.get(found.name) if isinstance(found, ExportedTensor) else None

    @property
    def tensors(self) -> list[TorchValue]:
        """Every tensor that it reads, in order."""
        return [self.values[t.name] for t in self.step.tensors()]

    @property
    def moving(self) -> list[TorchValue]:
        """Those that depend on the inputs."""
        return [v for v in self.tensors if v.ref is not None]

    @property
    def x(self) -> TorchValue:
        """The first tensor."""
        return self.tensors[0]

    @property
    def out(self) -> Extents:
        """The extents of the first result."""
        return self.step.outs[0].shape

    def alone(self) -> bool:
        """Whether the first tensor is the only one that depends on the inputs."""
        return self.x.ref is not None and len(self.moving) == 1

    def view(self, made: Extents) -> tuple[Operator, ...]:
        """Return the view that gives the result its extents, where an operator's own are others."""
        wanted = tuple(image(self.out))
        if wanted == tuple(made):
            return ()
        return (make("flatten"),) if len(wanted) == 1 else (make("reshape", shape=wanted),)


Entry: TypeAlias = "Callable[[TorchCall], TorchPlan | None]"
"""What returns the plan of an operation of one name, None where the language cannot say it."""
