"""The only way for a layer to enter a graph: what it reads is there, shapes are inferred, sharing is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.graph.graph import Graph, Node, Ref, Trace, Values
from cnncalc.graph.verify import inferred
from cnncalc.numbers.doors import identity
from cnncalc.ops.operator import Part
from cnncalc.values.diagnostics import ArgumentError, Diagnostic, SpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.ops.operator import Operator
    from cnncalc.values.bits import Bits
    from cnncalc.values.diagnostics import Span
    from cnncalc.values.shape import Shape

MAX_EXTENT_BITS = 512
"""The extents of a shape stay below 2 to this power; what is counted on them is exact."""
MAX_AXES = 8
"""A shape has at most this many axes."""


class GraphBuilder:
    """Makes a graph: inputs first, then layers in execution order, then outputs.

    An operator that stands for several layers (a `conv` with `norm:`, a `separable`) becomes these, with the paths that
    a spec gives them. Shapes are inferred, never given.

    Attributes:
        so_far: the network as it stands, to look at.
    """

    def __init__(self, file: str | None = None, *, recording: bool = False) -> None:
        self.file = file
        self.so_far = Graph({}, [])
        self._recording = recording
        self._inputs: list[Shape] = []
        self._nodes = self.so_far.nodes
        self._paths: dict[str, list[int]] = {}
        self._known: dict[Any, tuple[Shape, ...]] = {}

    def input(self, name: str, shape: Shape) -> Ref:
        """Add an input `[C, *S]` of the network."""
        if self._nodes:
            raise ValueError("inputs come before the layers")
        self.so_far.inputs[name] = shape
        self._inputs = list(self.so_far.inputs.values())
        return -len(self._inputs), 0

    def shape(self, ref: Ref) -> Shape:
        """Return the shape of a tensor."""
        index, port = ref
        return self._inputs[-index - 1] if index < 0 else self._nodes[index].out_shapes[port]

    def free(self, name: str) -> str:
        """Return a path that no layer has yet: the name, with a number behind it where it is taken."""
        path, number = name, 1
        while path in self._paths or path in self.so_far.inputs:
            number += 1
            path = f"{name}_{number}"
        return path

    @property
    def different(self) -> int:
        """How many layers differ from each other, in operator or shapes read."""
        return len(self._known)

    def knows(self, op: Operator, refs: Sequence[Ref]) -> bool:
        """Return whether an operator has acted on tensors of these shapes before."""
        return self._key(op, tuple(map(self.shape, refs))) in self._known

    def _key(self, op: Operator, ins: tuple[Shape, ...]) -> tuple[Operator, Any]:
        return op, identity(ins) if self._recording else ins

    def infer(self, op: Operator, refs: Sequence[Ref]) -> tuple[Shape, ...]:
        """Return the shapes that an operator makes of some tensors; equal operators are asked once for equal shapes.

        Raises:
            ArgumentError: it cannot act on these shapes, or makes what is beyond counting.
        """
        return self._inferred(op, tuple(map(self.shape, refs)))

    def _inferred(self, op: Operator, ins: tuple[Shape, ...]) -> tuple[Shape, ...]:
        key = self._key(op, ins)
        outs = self._known.get(key)
        if outs is None:
            refuse_sources(op, len(ins))
            outs = inferred(op, ins)
            check_bounds(op, outs)
            self._known[key] = outs
        return outs

    def append(
        self, path: str, op: Operator, refs: tuple[Ref, ...], *, span: Span | None = None, trace: Trace = (),
        shares: int | None = None, values: Values = (), origin: str = "",
    ) -> list[Ref]:  # fmt: skip
        """Add one layer, as far as that is one layer and not several, and return its results.

        Args:
            path: its name, which the caller knows to be free.
            op: the operator with its arguments.
            refs: the tensors that it reads, made before.
            span: its place in the file.
            trace: the block calls around it, outermost first.
            shares: the number of the layer whose weights it uses, one that has weights of its own.
            values: what expressions in its arguments came to.
            origin: what the file calls it, where it has no place in a text.

        Raises:
            ArgumentError: it cannot act on these shapes, or has not as many weights as the layer that it shares.
        """
        ins = tuple(map(self.shape, refs))
        outs = self._known.get((op, ins)) if not self._recording else None
        if outs is None:
            outs = self._inferred(op, ins)
        if shares is not None:
            own, other = op.params(ins), self._nodes[shares]
            theirs = other.op.params(other.in_shapes)
            if own != theirs:
                raise ArgumentError(f"needs {own} parameters, '{other.path}' has {theirs}", argument=None,
                                    code="share-mismatch", hint="shared layers must see the same channels")  # fmt: skip
        index = len(self._nodes)
        self._nodes.append(Node(path, op, refs, ins, outs, span, trace, shares, values, origin))
        return [(index, 0)] if len(outs) == 1 else [(index, port) for port in range(len(outs))]

    def add(
        self, op: Operator, inputs: Sequence[Ref], path: str, *, span: Span | None = None, origin: str = "",
        shares: str | None = None,
    ) -> tuple[Ref, ...]:  # fmt: skip
        """Add an operator, with all the layers that it stands for, and return its results.

        Args:
            op: the operator with its arguments.
            inputs: the tensors that it reads, made before.
            path: its name, which no other layer has.
            span: its place in the file.
            origin: what the file calls it, where it has no place in a text.
            shares: the path of the layer whose weights it uses.

        Raises:
            SpecError: it cannot act on these shapes, or its weights are not those of the layer that it shares.
            ValueError: the path is taken, or a tensor is not there.
        """
        if path in self._paths:
            raise ValueError(f"there are two layers '{path}'")
        try:
            for ref in inputs:
                self.shape(ref)
        except IndexError:
            raise ValueError(f"layer '{path}' reads a tensor that is not there") from None
        declared = op.parts() or (Part("", op),)
        lenders = self._lenders(path, shares, len(declared), span, origin)
        first = len(self._nodes)

        def put(name: str, part: Operator, refs: tuple[Ref, ...], number: int) -> list[Ref]:
            owner: int | None = None
            if lenders:
                lender, held = self._nodes[lenders[number]], part.tensors(tuple(map(self.shape, refs)))
                if lender.op.tensors(lender.in_shapes) != held:
                    raise self.refused(f"layer '{name}' and '{lender.path}' cannot share weights: their shapes differ",
                                       "bad-share", None, span, origin)  # fmt: skip
                if held:
                    owner = lenders[number] if lender.shares is None else lender.shares
            return self.append(name, part, refs, span=span, shares=owner, origin=origin)

        try:
            made = put_together(declared, tuple(inputs), path, put)
        except ArgumentError as error:
            self.take_back(first)
            raise self.refused(f"layer '{path}' ({op.name}): {error}", error.code, error.hint, span, origin) from None
        except SpecError:
            self.take_back(first)
            raise
        for index in range(first, len(self._nodes)):
            self._paths.setdefault(self._nodes[index].path, [index])
        self._paths[path] = list(range(first, len(self._nodes)))
        return tuple(made)

    def _lenders(self, path: str, shares: str | None, parts: int, span: Span | None, origin: str) -> list[int]:
        if shares is None:
            return []
        found = self._paths.get(shares)
        if found is None or len(found) != parts:
            raise self.refused(
                f"layer '{path}' cannot share the weights of '{shares}'", "bad-share", None, span, origin
            )
        return found

    def refused(self, message: str, code: str, hint: str | None, span: Span | None, origin: str) -> SpecError:
        """Return the error of a layer at its place."""
        return SpecError([Diagnostic(code=code, message=message, hint=hint, span=span, file=self.file,
                                     place=origin or None)])  # fmt: skip

    def widen(self, given: Bits, start: int) -> None:
        """Give the layers from `start` on the widths and the density that they have not themselves."""
        for node in self._nodes[start:]:
            node.bits = given if node.bits is None else node.bits.over(given)

    def take_back(self, start: int) -> None:
        """Take the layers from `start` on away again."""
        del self._nodes[start:]

    def output(self, label: str, ref: Ref) -> None:
        """Name an output of the network."""
        self.so_far.outputs[label] = ref

    def graph(self) -> Graph:
        """Return the network; without outputs the last layer is its output."""
        graph = self.so_far
        if not graph.outputs and graph.nodes:
            last = len(graph.nodes) - 1
            for port in range(len(graph.nodes[last].out_shapes)):
                graph.outputs[graph.name((last, port))] = (last, port)
        return graph


def put_together(
    parts: Sequence[Part], inputs: tuple[Ref, ...], path: str,
    put: Callable[[str, Operator, tuple[Ref, ...], int], list[Ref]],
) -> list[Ref]:  # fmt: skip
    """Put in the layers that an operator stands for, one after the other, and return the results of the last.

    Args:
        parts: the layers, with what each reads.
        inputs: the tensors that the operator reads.
        path: its path.
        put: puts in one of them, given its path, operator, tensors and number.

    Raises:
        ArgumentError: one of them cannot act on what it reads; it names that layer as the argument.
    """
    firsts: list[Ref] = [inputs[0] if inputs else (0, 0)]
    made: list[Ref] = []
    for number, (suffix, op, reads) in enumerate(parts):
        if reads is not None:
            refs = tuple(firsts[k] if k > 0 else inputs[-k] for k in reads)
        else:
            refs = (made[0],) if number else inputs
        try:
            made = put(f"{path}.{suffix}" if suffix else path, op, refs, number)
        except ArgumentError as error:
            if number:
                error.argument = suffix.rpartition(".")[2]
            raise
        firsts.append(made[0])
    return made


def refuse_sources(op: Operator, given: int) -> None:
    """Raise ArgumentError unless an operator gets as many tensors as it reads."""
    if op.sources and op.sources != given:
        wanted = "1 source" if op.sources == 1 else f"{op.sources} sources"
        hint = "join them first, with add or concat" if given > op.sources else f"write from: with {op.sources} labels"
        raise ArgumentError(f"{op.name} wants {wanted}, got {given}", code="source-count", hint=hint)


def check_bounds(op: Operator, outs: tuple[Shape, ...]) -> None:
    """Raise ArgumentError for shapes beyond what can sensibly be counted."""
    for shape in outs:
        if len(shape) > MAX_AXES:
            raise ArgumentError(f"{op.name} makes a shape of {len(shape)} axes, more than {MAX_AXES}",
                                code="wrong-rank", hint="merge some axes")  # fmt: skip
        if any(extent >> MAX_EXTENT_BITS for extent in shape):
            raise ArgumentError(f"{op.name} makes a map of more than 2^{MAX_EXTENT_BITS} values along one axis",
                                code="number-too-large", hint="repeat it fewer times")  # fmt: skip
