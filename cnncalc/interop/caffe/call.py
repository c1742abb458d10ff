"""One layer of a Caffe network as the table of operators sees it: its settings, what it reads, and where it adds."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from cnncalc.interop.foreign import Cost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.graph.graph import Ref
    from cnncalc.interop.caffe.prototext import PrototextValue
    from cnncalc.interop.caffe.reading import CaffeLayer
    from cnncalc.interop.caffe.walk import CaffeWalk
    from cnncalc.values.shape import Shape

LARGEST = 2**31


class CaffeMisfitError(Exception):
    """A layer's settings do not go with what it reads."""


@dataclass(slots=True, eq=False)
class CaffeCall:
    """One layer at work: its settings, what it reads, and the operators that it becomes."""

    walk: CaffeWalk
    layer: CaffeLayer
    path: str = ""
    lead: tuple[int, ...] | None = None
    """The extents that are the batch in what it makes, where others than in what it reads."""

    # Settings.

    def whole(self, word: PrototextValue, what: str, least: int = -LARGEST) -> int:
        """Return a whole number."""
        text = word.text.rstrip("f").removesuffix(".0")
        if not text.lstrip("-+").isdecimal() or len(text) > 12 or not least <= int(text) < LARGEST:
            self.walk.fail(f"'{what}' is a whole number{f' of at least {least}' if least > -LARGEST else ''}, got "
                           f"{word.text[:40]}", word.span)  # fmt: skip
        return int(text)

    def number(self, group: str, name: str, default: int, least: int = -LARGEST) -> int:
        """Return a whole number of a group of settings."""
        found = self.layer.settings.message(group).words(name)
        return self.whole(found[-1], name, least) if found else default

    def numbers(self, group: str, name: str) -> list[int]:
        """Return every value of a setting that may stand several times."""
        return [self.whole(word, name) for word in self.layer.settings.message(group).words(name)]

    def flag(self, group: str, name: str, *, default: bool) -> bool:
        """Return a setting that is true or false."""
        return self.layer.settings.message(group).word(name, str(default)).lower() in ("true", "1")

    def word(self, group: str, name: str, default: str) -> str:
        """Return a word."""
        return self.layer.settings.message(group).word(name, default)

    def decimal(self, group: str, name: str, default: str) -> Fraction:
        """Return a number."""
        found = self.layer.settings.message(group).words(name)
        try:
            return Fraction(found[-1].text.rstrip("f") if found else default)
        except (ValueError, ZeroDivisionError):
            self.walk.fail(f"'{name}' is a number, got {found[-1].text[:40]}", found[-1].span)

    def sides(self, group: str, name: str, default: int, least: int, old: str = "") -> int | tuple[int, ...]:
        """Return a size for each spatial axis: by axis, by height and width, or one for all."""
        prefix = old or name.removesuffix("_size")
        high, wide = (self.number(group, f"{prefix}_{side}", -1) for side in "hw")
        found = [max(high, 0), max(wide, 0)] if max(high, wide) >= 0 else self.numbers(group, name) or [default]
        if min(found) < least:
            raise CaffeMisfitError(f"needs at least {least} for '{name}', got {min(found)}")
        return found[0] if len(set(found)) == 1 else tuple(found)

    # What it reads and becomes.

    @property
    def ins(self) -> list[Ref]:
        """What it reads."""
        return [self.walk.blobs[name] for name in self.layer.bottoms]

    @property
    def x(self) -> Ref:
        """What it reads first."""
        return self.ins[0]

    def shape(self, ref: Ref) -> Shape:
        """Return a blob's shape without its batch."""
        return self.walk.maker.shape(ref)

    def place(self, suffix: str = "") -> str:
        """Return the path of the layer, or of one inside it."""
        if not self.path:
            name = self.layer.name or self.layer.kind.lower() or "layer"
            self.path = self.walk.maker.builder.free(".".join(p for p in name.replace("/", ".").split(".") if p) or "l")
        return f"{self.path}.{suffix}" if suffix else self.path

    def add(self, name: str, *refs: Ref, suffix: str = "", shared: bool = False, **arguments: Any) -> Ref:
        """Add an operator of the language."""
        path = self.place(suffix)
        key = tuple(n for n in self.layer.weights if n) if shared else ()
        lender = self.walk.lenders.get(key) if key else None
        if key and lender is None:
            self.walk.lenders[key] = path
        return self.walk.maker.add(name, refs or [self.x], path, lender, **arguments)

    def declare(self, out: Shape, refs: Sequence[Ref] = (), suffix: str = "", *, reason: str = "",
                product: bool = False, **cost: Any) -> Ref:  # fmt: skip
        """Add a layer with declared numbers."""
        return self.walk.maker.declare(self.layer.kind, refs or self.ins, self.place(suffix),
                                       Cost(outs=(out,), **cost), reason, product=product)[0]  # fmt: skip

    def axis(self, group: str, default: int = 1, name: str = "axis") -> int:
        """Return an axis counted from the front, with one axis for the batch."""
        lead = len(self.walk.lead(self.layer.bottoms[0]))
        rank = len(self.shape(self.x)) + 1
        found = self.number(group, name, default)
        found = found + rank if found < 0 else found + 1 - lead
        if not 0 < found < rank:
            raise CaffeMisfitError(f"has {name} {found} on {rank} axes")
        return found
