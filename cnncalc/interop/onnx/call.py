"""One node of a model as the table of operators sees it: its attributes, what it reads, what extents it makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from cnncalc.ops.registry import find
from cnncalc.values.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.interop.onnx.tensors import Extents, Value
    from cnncalc.ops.operator import Operator


class MisfitError(Exception):
    """What a node reads does not go together."""


def agree(found: int, wanted: int, what: str) -> None:
    """Raise MisfitError unless two extents are equal."""
    if found != wanted:
        raise MisfitError(f"has {what} for {wanted} channels, and its input has {found}")


class Plan(NamedTuple):
    """What stands for a node: an operator, and which of the node's inputs it reads, in its order.

    `before` and `after` are views around it, each of one source and one result.
    """

    op: Operator
    reads: tuple[Value, ...]
    before: tuple[Operator, ...] = ()
    after: tuple[Operator, ...] = ()

    def shapes(self) -> list[tuple[Shape, ...]]:
        """Return what enters each layer of it, and last what leaves it.

        Raises:
            ArgumentError: an operator does not take what enters it.
        """
        found = [tuple(image(v.shape) for v in self.reads)]
        for op in (*self.before, self.op, *self.after):
            found.append(op.infer(found[-1]))
        return found


Entry: TypeAlias = "Callable[[Call], Plan | None]"
"""What returns the plan of a node of one type, None where the language cannot say it."""


def image(extents: Extents) -> Shape:
    """Return a tensor's extents without the batch: a leading 1 where others follow; a scalar is one number."""
    if len(extents) > 1 and extents[0] == 1:
        return Shape(extents[1:])
    return Shape(extents or (1,))


@dataclass(slots=True)
class Call:
    """A node.

    Attributes:
        type: its operator.
        version: the version of the operator set.
        attributes: its attributes; tensors and graphs as messages.
        ins: what it reads; None for an input that is left out.
        outs: the extents of what it makes, batch included.
    """

    type: str
    version: int
    attributes: dict[str, Any]
    ins: list[Value | None]
    outs: list[Extents]

    def given(self, index: int) -> Value | None:
        """Return an input, None if it is left out."""
        return self.ins[index] if index < len(self.ins) else None

    def value(self, index: int, attribute: str = "") -> list[Any] | None:
        """Return the known values of an input, or an attribute of older versions; None where they are not known."""
        found = self.given(index)
        if found is not None:
            return None if found.data is None else found.data.reshape(-1).tolist()
        older = self.attributes.get(attribute)
        return older if isinstance(older, list) else None if older is None else [older]

    @property
    def x(self) -> Value:
        """The first input."""
        found = self.ins[0]
        assert found is not None
        return found

    @property
    def moving(self) -> list[Value]:
        """The inputs that depend on the network's inputs."""
        return [v for v in self.ins if v is not None and v.ref is not None]

    @property
    def fixed(self) -> list[Value]:
        """The inputs that do not."""
        return [v for v in self.ins if v is not None and v.ref is None]

    @property
    def elements(self) -> int:
        """The elements of the first result."""
        total = 1
        for n in self.outs[0]:
            total *= n
        return total

    def alone(self) -> bool:
        """Whether only the first input depends on the network's inputs."""
        return self.x.ref is not None and len(self.moving) == 1

    def axis(self, default: int, rank: int | None = None) -> int:
        """Return the attribute `axis`, counted from the front."""
        rank = len(self.x.shape) if rank is None else rank
        axis = int(self.attributes.get("axis", default))
        return axis + rank if axis < 0 else axis


def make(name: str, **arguments: Any) -> Operator:
    """Return an operator of the spec language by its name."""
    found = find(name)
    assert found is not None
    return found(**arguments)
