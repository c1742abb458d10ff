"""One module at work: its path in the state dict, and the layers that it is made of."""

from __future__ import annotations

from math import gcd, prod
from typing import TYPE_CHECKING, Any, NoReturn

from cnncalc.interop.foreign import Cost
from cnncalc.values.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.graph.graph import Ref
    from cnncalc.interop.making import Maker
    from cnncalc.values.shape import Shape


class ModulePlace:
    """A path under which layers are added.

    Attributes:
        maker: the network in the making.
        path: where it stands.
        act: the activation of a convolution that says none.
    """

    def __init__(self, maker: Maker, path: str, act: str) -> None:
        self.maker = maker
        self.path = path
        self.act = act

    def at(self, name: str | int) -> ModulePlace:
        """Return a place inside this one."""
        return ModulePlace(self.maker, f"{self.path}.{name}", self.act)

    def fail(self, message: str) -> NoReturn:
        """Give the file up, at the row being read."""
        self.maker.fail(message)

    def shape(self, x: Ref) -> Shape:
        """Return the shape of a tensor."""
        return self.maker.shape(x)

    def channels(self, x: Ref) -> int:
        """Return the channels of a tensor."""
        return self.maker.shape(x)[0]

    def add(self, name: str, inputs: Ref | Sequence[Ref], suffix: str = "", **arguments: Any) -> Ref:
        """Add an operator of the language."""
        refs: Sequence[Ref] = [inputs] if isinstance(inputs[0], int) else inputs  # type: ignore[list-item,assignment]
        return self.maker.add(name, refs, f"{self.path}.{suffix}" if suffix else self.path, **arguments)

    def conv(self, name: str | int, x: Ref, out: int, k: int = 1, s: int = 1, p: int | None = None, g: int = 1,
             d: int = 1, act: str | bool = True) -> Ref: # fmt: skip
        """Add a convolution without a bias, its normalisation, and an activation; padded to keep the size."""
        padding = (d * (k - 1) + 1) // 2 if p is None else p
        word = (self.act if act is True else act) or None
        path = f"{self.path}.{name}" if name != "" else self.path
        return self.maker.add("conv", [x], path, out=out, kernel=k, stride=s, padding=padding, dilation=d, groups=g,
                              norm=self.maker.make("batch_norm"),
                              act=self.maker.make(word) if word else None)  # fmt: skip

    def depthwise(self, name: str | int, x: Ref, out: int, k: int = 1, s: int = 1, d: int = 1,
                  act: str | bool = True) -> Ref: # fmt: skip
        """Add a convolution with as many groups as input and output channels share."""
        return self.conv(name, x, out, k, s, None, gcd(self.channels(x), out), d, act)

    def plain(self, name: str | int, x: Ref, out: int, k: int = 1, s: int = 1, *, bias: bool = True) -> Ref:
        """Add a convolution alone."""
        return self.maker.add("conv", [x], f"{self.path}.{name}", out=out, kernel=k, stride=s, padding=k // 2,
                              bias=bias)  # fmt: skip

    def sum(self, refs: Sequence[Ref], name: str = "add") -> Ref:
        """Add a sum."""
        return self.add("add", refs, name)

    def joined(self, refs: Sequence[Ref], name: str = "concat") -> Ref:
        """Add a concatenation of channels; of one tensor it is that."""
        return self.add("concat", refs, name) if len(refs) > 1 else refs[0]

    def halves(self, x: Ref, name: str = "chunk") -> tuple[Ref, ...]:
        """Add a split into two halves."""
        op = self.maker.make("split", parts=2)
        return self.maker.put(op, [x], f"{self.path}.{name}")

    def parts(self, x: Ref, sizes: Sequence[int], name: str = "split") -> tuple[Ref, ...]:
        """Add a split into parts of these channels."""
        if len(sizes) == 1:
            return (x,)
        return self.maker.put(self.maker.make("split", sizes=tuple(sizes)), [x], f"{self.path}.{name}")

    def positions_joined(self, refs: Sequence[Ref], name: str) -> Ref:
        """Add the maps of several levels as one sequence `[C, A]`: all positions behind each other."""
        turned = []
        for level, ref in enumerate(refs):
            shape = self.shape(ref)
            flat = self.add("reshape", ref, f"{name}.{level}.flat", shape=(shape[0], prod(shape[1:])))
            turned.append(self.add("permute", flat, f"{name}.{level}.turn", axes=(1, 0)))
        return self.add("permute", self.joined(turned, f"{name}.concat"), f"{name}.back", axes=(1, 0))

    def each(self, x: Ref | Sequence[Ref], name: str, kind: str, out: Shape, **operations: int) -> Ref:
        """Add elementwise work that no operator of the language is: so many operations in all."""
        refs: Sequence[Ref] = [x] if isinstance(x[0], int) else x  # type: ignore[list-item,assignment]
        cost = Cost(outs=(out,), work=Work(**operations))
        return self.maker.declare(kind, refs, f"{self.path}.{name}", cost)[0]

    def idle(
        self, name: str, x: Ref, branch: Callable[[ModulePlace, Ref], object], entering: Shape | None = None
    ) -> None:
        """Add the weights of a branch that does not run at inference: parameters without work.

        Args:
            name: the branch.
            x: the tensor beside which it stands.
            branch: adds its layers, given a place and what it would read.
            entering: the shape of what it would read, where that is not `x`.
        """
        scratch = type(self.maker)(self.maker.file, self.maker.collector)
        scratch.span, scratch.who = self.maker.span, self.maker.who
        branch(ModulePlace(scratch, name, self.act), scratch.builder.input("x", entering or self.shape(x)))
        made = scratch.builder.graph().nodes
        cost = Cost(
            outs=(self.shape(x),), params=sum(n.op.params(n.in_shapes) or 0 for n in made), moved=False, same=True,
            biases=sum(n.op.biases(n.in_shapes) for n in made), buffers=sum(n.op.buffers(n.in_shapes) for n in made),
        )  # fmt: skip
        self.maker.declare("idle", [x], f"{self.path}.{name}", cost)
