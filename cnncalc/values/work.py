"""What a layer costs, as values that add: arithmetic by kind, memory access, and the count that conventions read."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Scalar operations by kind, for one image, forward.

    A multiply-accumulate is one multiplication and one addition here; the first product of a sum needs no addition.
    `special` are functions counted as one operation each: exponentials, logarithms, roots, powers, error functions;
    `declared` are operations that a spec states of an opaque layer, of unknown kinds.
    """

    multiplications: int = 0
    additions: int = 0
    comparisons: int = 0
    divisions: int = 0
    special: int = 0
    declared: int = 0

    def __add__(self, other: Work) -> Work:
        return Work(
            multiplications=self.multiplications + other.multiplications,
            additions=self.additions + other.additions,
            comparisons=self.comparisons + other.comparisons,
            divisions=self.divisions + other.divisions,
            special=self.special + other.special,
            declared=self.declared + other.declared,
        )

    @property
    def total(self) -> int:
        """All operations, each kind counted as one: the convention `exact`."""
        return self.multiplications + self.additions + self.comparisons + self.divisions + self.special + self.declared

    def to_dict(self) -> dict[str, int]:
        """Return the numbers by kind; `declared` only where there are some."""
        numbers = {f.name: getattr(self, f.name) for f in fields(self)}
        if not self.declared:
            del numbers["declared"]
        return numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryAccess:
    """Elements moved, each operand once: the "MAC" of ShuffleNet V2 (arXiv:1807.11164), extended to K x K."""

    read: int = 0
    written: int = 0
    weights: int = 0
    bias: int = 0

    def __add__(self, other: MemoryAccess) -> MemoryAccess:
        return MemoryAccess(
            read=self.read + other.read,
            written=self.written + other.written,
            weights=self.weights + other.weights,
            bias=self.bias + other.bias,
        )

    @property
    def total(self) -> int:
        """Read + written + weights + bias."""
        return self.read + self.written + self.weights + self.bias

    def to_dict(self) -> dict[str, int]:
        """Return the four parts and their total."""
        return {
            "read": self.read,
            "written": self.written,
            "weights": self.weights,
            "bias": self.bias,
            "total": self.total,
        }


NO_WORK = Work()


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Everything countable about one layer on given shapes, for one image, forward; what a convention may read.

    `params`, `macs`, `work` and `memory` are None where they cannot be known (an opaque layer); never a silent 0.

    Attributes:
        op: the operator's canonical name.
        family: the key under which conventions look up their formula.
        in_elements: elements of all inputs together.
        out_elements: elements of all outputs together.
        channels: channels entering the layer.
        taps: window positions that meet in one output element (K_h*K_w of a convolution or pool; 1 elsewhere).
        macs: multiply-accumulates.
        params: learnable values; `biases` of them are added to outputs.
        buffers: values kept but not learned.
        bias_outputs: output elements that receive a bias.
        affine: whether a normalisation scales and shifts.
        weighted: convolution, transposed convolution or linear.
        dense: linear.
        work: operations by kind.
        memory: elements moved.
        in_shapes: the shape of each input; for rules that look at single axes or ranks.
        out_shapes: the shape of each output.
        arguments: the operator's arguments as written, for rules of tools that look at those ("kernel: 3" is not
            "kernel: [3, 3]" to one of them).
    """

    op: str
    family: str
    in_elements: int
    out_elements: int
    channels: int
    out_channels: int
    taps: int
    macs: int | None
    params: int | None
    biases: int
    buffers: int
    bias_outputs: int
    affine: bool
    weighted: bool
    work: Work | None
    memory: MemoryAccess | None
    in_shapes: tuple[tuple[int, ...], ...] = ()
    out_shapes: tuple[tuple[int, ...], ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict, compare=False)
    dense: bool = False
    hides: bool = False

    @property
    def activations(self) -> int | None:
        """Output elements of a weighted layer ("macts"), 0 elsewhere; None for a layer of unknown work."""
        if self.macs is None or self.hides:
            return None
        return self.out_elements if self.weighted else 0

    @property
    def connections(self) -> int | None:
        """One for each multiply-accumulate and each added bias of a weighted layer; None for one of unknown work."""
        if self.macs is None or self.hides:
            return None
        return self.macs + self.bias_outputs if self.weighted else 0
