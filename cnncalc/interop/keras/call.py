"""One call of one layer at work: its settings, what it reads, and the operators that it becomes in the graph."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from cnncalc.interop.foreign import Cost, Declared, DeclaredProduct
from cnncalc.ops.registry import find
from cnncalc.values.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.graph.graph import Ref
    from cnncalc.interop.keras.structure import KerasLayer
    from cnncalc.interop.keras.walk import KerasWalk
    from cnncalc.ops.operator import Operator
    from cnncalc.values.work import Work


class KerasMisfitError(Exception):
    """A layer's settings do not go with what it reads, or are none."""


Extents = tuple[int, ...]
"""A tensor's extents in Keras' order, without the batch."""


def make(name: str, **arguments: Any) -> Operator:
    """Return an operator of the spec language by its name."""
    found = find(name)
    assert found is not None
    return found(**arguments)


def fraction(number: float) -> Fraction:
    """Return a floating-point number as the decimal that was meant."""
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise KerasMisfitError(f"has {str(number)[:40]!r} where a number belongs")
    return Fraction(f"{number:.9g}")


def integer(value: Any, name: str, least: int = 1) -> int:
    """Return a whole number of at least `least`; raise KerasMisfitError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise KerasMisfitError(f"needs a whole number of at least {least} for '{name}', got {str(value)[:40]}")
    return value


def integers(value: Any, name: str, least: int = 1) -> tuple[int, ...]:
    """Return a list of whole numbers."""
    if not isinstance(value, list | tuple):
        raise KerasMisfitError(f"needs a list of whole numbers for '{name}', got {str(value)[:40]}")
    return tuple(integer(v, name, least) for v in value)


@dataclass(slots=True, eq=False)
class LayerCall:
    """One call.

    Attributes:
        walk: the way through the file that it stands on.
        layer: the layer with its settings.
        ins: the tensors that it reads, in order.
        named: those that it reads by name.
        base: the path of what it becomes.
        lender: the path of the layer's first call, whose weights it uses; None for the first.
        constants: what stands among its arguments besides tensors.
        stated: the extents of its results that the file writes, where these hold.
    """

    walk: KerasWalk
    layer: KerasLayer
    ins: list[Ref]
    named: dict[str, Ref]
    base: str
    lender: str | None
    constants: list[Any]
    stated: dict[int, list[Any]]
    keys: list[Any] | None = None
    """What a tensor is indexed by: slices, numbers, None, and "..."."""

    @property
    def kind(self) -> str:
        """The layer's class."""
        return self.layer.kind

    @property
    def config(self) -> dict[str, Any]:
        """The layer's settings."""
        return self.layer.config

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a setting that is true or false."""
        found = self.config.get(name, default)
        return bool(default if found is None else found)

    @property
    def x(self) -> Ref:
        """The first tensor."""
        if not self.ins:
            raise KerasMisfitError("reads nothing")
        return self.ins[0]

    def shape(self, ref: Ref) -> Shape:
        """Return a tensor's extents as `[C, *S]`."""
        return self.walk.builder.shape(ref)

    @property
    def extents(self) -> Extents:
        """The first tensor's extents in Keras' order."""
        return self.keras(self.shape(self.x))

    @property
    def rank(self) -> int:
        """How many spatial axes the first tensor has."""
        return len(self.shape(self.x)) - 1

    # Between Keras' order and [C, *S].

    def keras(self, shape: Shape) -> Extents:
        """Return extents `[C, *S]` in Keras' order."""
        return tuple(shape) if self.walk.first else (*shape[1:], shape[0])

    def ours(self, extents: Sequence[int]) -> Shape:
        """Return extents in Keras' order as `[C, *S]`; of no axis, one number."""
        found = tuple(extents) or (1,)
        return Shape(found if self.walk.first else (found[-1], *found[:-1]))

    def place(self, axis: Any, rank: int, *, batch: bool = True) -> int:
        """Return where an axis of Keras stands in `[C, *S]`; with `batch` it is counted with the batch as 0."""
        if isinstance(axis, bool) or not isinstance(axis, int):
            raise KerasMisfitError(f"has the axis {str(axis)[:40]!r}")
        at = axis + rank if axis < 0 else axis - batch
        if not 0 <= at < rank:
            raise KerasMisfitError(f"has the axis {axis} on a tensor of {rank} axes besides the batch")
        return at if self.walk.first else (at + 1) % rank

    # What it becomes.

    def add(self, op: Operator, *ins: Ref, suffix: str = "") -> Ref:
        """Add an operator and return its result; its path is the layer's with a suffix."""
        return self.many(op, *ins, suffix=suffix)[0]

    def many(self, op: Operator, *ins: Ref, suffix: str = "") -> tuple[Ref, ...]:
        """Add an operator and return its results."""
        path = self.base + suffix
        lender = None if self.lender is None else self.lender + suffix
        return self.walk.put(op, ins or (self.x,), path, lender, self.layer.name)

    def declare(
        self, *outs: Shape, ins: Sequence[Ref] | None = None, product: bool = False, reason: str = "",
        params: int | None = 0, biases: int = 0, buffers: int = 0, macs: int | None = 0, work: Work | None = None,
        same: bool = False, suffix: str = "",
    ) -> tuple[Ref, ...]:  # fmt: skip
        """Add a layer with declared numbers; see `Cost`."""
        if any(n < 1 for out in outs for n in out):
            raise KerasMisfitError(f"gives {' and '.join(map(str, outs))}: nothing is left")
        cost = Cost(outs=outs, params=params, biases=biases, buffers=buffers, macs=macs, work=work,
                    same=same)  # fmt: skip
        cls = DeclaredProduct if product else Declared
        given = tuple(self.ins if ins is None else ins)
        if reason:
            self.walk.unknown(self.base + suffix, reason)
        return self.many(cls.of(cost, self.kind, reason), *given, suffix=suffix)
