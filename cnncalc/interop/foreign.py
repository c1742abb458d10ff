"""What other formats hold that no operator of the spec language says: layers with declared numbers, and their network.

`Declared` is a layer whose reader knows what it costs; where it does not know, the number is None and the totals are
lower bounds. `ForeignSpec` stands wherever a spec does: it can be expanded, named and analysed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, Self

from cnncalc.language.document import Spec
from cnncalc.language.file import template
from cnncalc.language.python_data import from_python
from cnncalc.language.settings import unknown
from cnncalc.ops.arguments import Kind
from cnncalc.ops.operator import Operator, Shapes, arg
from cnncalc.values.axis import IDENTITY, WHOLE, Reach
from cnncalc.values.diagnostics import Collector, Diagnostic, SpecError
from cnncalc.values.shape import Shape
from cnncalc.values.work import NO_WORK, Count, MemoryAccess, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cnncalc.graph.graph import Graph
    from cnncalc.language.settings import Overrides


def einsum_macs(equation: str, shapes: Sequence[Sequence[int]]) -> int | None:
    """Return the products of an einsum of two tensors, as `bhid,bhjd->bhij`; None for others: the order decides."""
    terms = equation.replace(" ", "").split("->")[0].split(",")
    if len(terms) != 2 or len(shapes) != 2 or any("." in letters for letters in terms):
        return None
    extents: dict[str, int] = {}
    for letters, shape in zip(terms, shapes, strict=True):
        extents.update(zip(letters, shape, strict=False))
    return prod(extents.values())


class Given(Kind):
    """The kind of a value that a reader gives; it is not written in specs."""

    def check(self, value: Any, name: str) -> Any:
        return value

    def describe(self) -> str:
        return "given by the file"

    def schema(self) -> dict[str, Any]:
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the reader of a file knows of a layer; None is unknown.

    Attributes:
        outs: the shapes of its results.
        params: learnable values; `biases` of them are added.
        buffers: values kept but not learned.
        macs: multiply-accumulates, per image.
        work: operations by kind, per image.
        moved: whether elements are read and written.
        same: whether every output position reads its own position of each input.
    """

    outs: Shapes
    params: int | None = 0
    biases: int = 0
    buffers: int = 0
    macs: int | None = 0
    work: Work | None = NO_WORK
    moved: bool = True
    same: bool = False


class Declared(Operator):
    """A layer of another format with the numbers that its reader knows, `[C, *S], .. -> out`."""

    name = "opaque"
    sources = None
    of_file = True

    kind: str = arg(Given(), default="", main=True, doc="the layer's type in its file")
    reason: str = arg(Given(), default="", doc="why a number is unknown")
    cost: ClassVar[Cost]

    @classmethod
    def of(cls, cost: Cost, kind: str, reason: str = "") -> Self:
        """Return the layer of a type in its file, with its cost and the reason why some of it is unknown."""
        made = cls(kind=kind, reason=reason)
        made.__dict__["cost"] = cost
        made.__dict__["_hash"] = hash((cls, made._values, cost))
        return made

    def __eq__(self, other: object) -> bool:
        return super().__eq__(other) and isinstance(other, Declared) and self.cost == other.cost

    __hash__ = Operator.__hash__

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).of, (self.cost, self.kind, self.reason)

    def infer(self, ins: Shapes) -> Shapes:
        return self.cost.outs

    def params(self, ins: Shapes) -> int | None:
        return self.cost.params

    def biases(self, ins: Shapes) -> int:
        return self.cost.biases

    def buffers(self, ins: Shapes) -> int:
        return self.cost.buffers

    def macs(self, ins: Shapes, outs: Shapes) -> int | None:
        return self.cost.macs

    def work(self, ins: Shapes, outs: Shapes) -> Work | None:
        return self.cost.work

    def memory(self, ins: Shapes, outs: Shapes) -> MemoryAccess | None:
        cost = self.cost
        if cost.params is None or cost.macs is None:
            return None
        if not cost.moved:
            return MemoryAccess()
        return MemoryAccess(
            read=sum(x.elements for x in ins),
            written=sum(y.elements for y in outs),
            weights=cost.params - cost.biases + cost.buffers,
            bias=cost.biases,
        )

    def reach(self, ins: Shapes, outs: Shapes) -> tuple[tuple[Reach, ...], ...]:
        y = outs[0]
        return tuple((IDENTITY if self.in_place_of(ins, outs) else WHOLE,) * (len(y) - 1) for _ in ins)

    def unsaid(self, ins: Shapes, outs: Shapes) -> frozenset[int]:
        """Return the sources whose reading nobody knows: all of a layer whose products nobody knows."""
        return frozenset(range(len(ins))) if self.cost.macs is None else frozenset()

    def in_place_of(self, ins: Shapes, outs: Shapes) -> bool:
        """Whether every output position reads its own position of each input, all of the output's extents."""
        return self.cost.same and all(x[1:] == outs[0][1:] for x in ins)

    def count(self, ins: Shapes, outs: Shapes) -> Count:
        found = super().count(ins or (Shape((1,)),), outs)
        return found if ins else replace(found, in_elements=0, in_shapes=())


class DeclaredProduct(Declared):
    """A `Declared` layer that multiplies and sums: weights with activations, or activations with each other."""

    family = "linear"
    weighted = True


class ForeignSpec(Spec):
    """A network of another format, wherever a spec is taken; `build` makes its graph for some overrides.

    `variants` are the sizes that one file describes, `variables` what may be set besides, by name with its value.
    """

    __slots__ = ("_build", "_name", "_variables", "_variants", "format")

    def __init__(self, build: Callable[[Overrides, Collector], Graph], *, name: str | None, format: str,  # noqa: A002
                 file: str | None, variant: str | None = None, variants: tuple[str, ...] = (),
                 variables: Mapping[str, str] | None = None) -> None:  # fmt: skip
        super().__init__(EMPTY, file=file, variant=variant)
        self._variants = variants
        self._variables = dict(variables or {})
        self._build = build
        self._name = name
        self.format = format

    @property
    def name(self) -> str | None:
        return self._name

    @property
    def source(self) -> str | None:
        return None

    @property
    def variants(self) -> tuple[str, ...]:
        return self._variants

    @property
    def variables(self) -> dict[str, str]:
        return dict(self._variables)

    def to_yaml(self) -> str:
        raise SpecError([Diagnostic(code="no-spec", message=f"it is {self.format}, not a spec", file=self.file,
                                    hint="name a file of the spec language")])  # fmt: skip

    def with_variant(self, variant: str | None) -> ForeignSpec:
        return ForeignSpec(self._build, name=self._name, format=self.format, file=self.file, variant=variant,
                           variants=self._variants, variables=self._variables)  # fmt: skip

    def collector(self) -> Collector:
        return Collector(file=self.file)

    def expand(self, overrides: Overrides, collector: Collector) -> Graph:
        """Return the network; findings go to the collector.

        Raises:
            ValueError: a variant or variable is asked for that the file does not have.
        """
        if overrides.variant is not None and overrides.variant not in self._variants:
            if self._variants:
                raise ValueError(unknown("variant", overrides.variant, self._variants))
            raise ValueError(f"{self.format} has no variants, got '{overrides.variant}'")
        lost = next((name for name in overrides.variables if name not in self._variables), None)
        if lost is not None:
            if self._variables:
                raise ValueError(unknown("variable", lost, self._variables))
            raise ValueError(f"{self.format} has no variables, got '{lost}'")
        return self._build(overrides, collector)


def of_graph(graph: Graph) -> ForeignSpec:
    """Return a graph that was built by hand wherever a spec is taken; it is as large as it was built."""

    def build(overrides: Overrides, _collector: Collector) -> Graph:
        if overrides.inputs:
            raise ValueError("a graph has the inputs that it was built with; build it anew for another size")
        return graph

    return ForeignSpec(build, name=None, format="a graph", file=None)


EMPTY = template(from_python({"input": [1], "layers": ["identity"]}), Collector())
"""What a network of another format has of a spec's text: nothing that anyone reads."""


def failure(file: str | None, message: str, *, code: str, hint: str | None = None,
            place: str | None = None) -> SpecError:  # fmt: skip
    """Return the error of a file that cannot be read, at a place that the format has a name for."""
    text = f"{place}: {message}" if place else message
    return SpecError([Diagnostic(code=code, message=text, file=file, hint=hint, place=place)])
