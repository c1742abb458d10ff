"""The receptive field of one axis: for every unit x, the hull of the input pixels it depends on.

A field is a function from a unit's position to the first and last pixel it sees (negative in the padding before the
map), or to nothing where no tap of a transposed convolution reaches. Four forms are enough:

- on the unbounded axis it is periodic, F(x + P) = F(x) + J: `AffineField` for P = 1, the ordinary chain, else
  `Periodic`;
- where only the actual map says what a unit reads, it is one entry per position: `Finite`;
- a unit that sees the whole axis is `Global`; a period beyond all bounds is `Unknown`.

All arithmetic is on whole numbers; a `Fraction` appears only in a mean step or a mean centre that is not whole.
Only hulls are carried, and that is exact: the hull of a union is the hull of the hulls.
Source of the recursion: Araujo, Norris and Sim 2019, doi:10.23915/distill.00021.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import chain, pairwise
from math import gcd, lcm
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from cnncalc.analysis.ranges import Ranges
from cnncalc.values.axis import Broadcast, Interpolate, Nearest, Parts, Slide, Table, Transpose
from cnncalc.values.primes import primes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


Hull: TypeAlias = tuple[int, int] | None
"""First and last pixel, or None for a unit that depends on no pixel."""

Periodically: TypeAlias = Slide | Transpose | Nearest | Parts | Interpolate | Broadcast
Local: TypeAlias = Periodically | Table
"""Every reach but `Whole`, behind which any field is `Global`."""

PERIOD_LIMIT = 65_536
TAP_LIMIT = 4_194_304
MAP_LIMIT = 131_072
STEP_LIMIT = 2**2048
MANY = 16
"""From so many taps on, a hull is looked up."""
FEW = 64
"""Of periods up to so many positions it is kept what each reads: layers that repeat ask the same again."""


class AxisField:
    """The receptive field of every unit along one axis, in input pixels.

    Attributes:
        size: the largest field over all positions, unclipped; the axis' extent when global; None when unknown.
        smallest: the smallest, where an empty field counts as 0.
        jump: the mean step from one unit to the next, an int or an exact fraction; None when global or unknown.
        start: the left edge of unit 0; None when that unit is empty, or when global or unknown.
        centre: the mean over positions of the middle of unit x less x*jump; None where there is no such thing.
        is_global: every unit sees the whole axis.
        unknown: the field exists but is too irregular to be written down, or a layer does not say what it reads.
        why: the reason for that, in words.
    """

    __slots__ = ()
    is_global = False
    unknown = False
    why = ""

    @property
    def size(self) -> int | None:
        """Pixels, the largest over positions."""
        return None

    @property
    def smallest(self) -> int | None:
        """Pixels, the smallest over positions."""
        return self.size

    @property
    def jump(self) -> int | Fraction | None:
        """Pixels per unit."""
        return None

    @property
    def start(self) -> int | None:
        """The first pixel of unit 0."""
        return None

    @property
    def centre(self) -> Fraction | None:
        """Pixels, of unit 0 on the mean."""
        return None

    def at(self, x: int) -> Hull:
        """Return the first and last pixel of unit x, or None when it is empty.

        Raises:
            ValueError: the field is unknown.
        """
        raise NotImplementedError

    def hull(self, taps: range) -> Hull:
        """Return the hull of the fields of several units."""
        return _hull(self.at(x) for x in taps)


class AffineField(AxisField):
    """[lo + x*step, hi + x*step]: the field of a chain of windows."""

    __slots__ = ("hi", "lo", "step")

    def __init__(self, lo: int, hi: int, step: int) -> None:
        self.lo = lo
        self.hi = hi
        self.step = step

    @property
    def size(self) -> int:
        """The same at every position."""
        return self.hi - self.lo + 1

    @property
    def jump(self) -> int:
        """The step."""
        return self.step

    @property
    def start(self) -> int:
        """The left edge of unit 0."""
        return self.lo

    @property
    def centre(self) -> Fraction:
        """The middle of unit 0."""
        return Fraction(self.lo + self.hi, 2)

    def at(self, x: int) -> Hull:
        """Return the interval of unit x."""
        return self.lo + x * self.step, self.hi + x * self.step

    def hull(self, taps: range) -> Hull:
        """Return the interval from the first tap to the last."""
        return (self.lo + taps[0] * self.step, self.hi + taps[-1] * self.step) if taps else None


class _Listed(AxisField):
    """One entry per position, of a period or of a map."""

    __slots__ = ("entries",)

    def __init__(self, entries: tuple[Hull, ...]) -> None:
        self.entries = entries

    @property
    def size(self) -> int:
        """The largest entry."""
        return max(map(_length, self.entries), default=0)

    @property
    def smallest(self) -> int:
        """The smallest entry."""
        return min(map(_length, self.entries), default=0)

    @property
    def start(self) -> int | None:
        """The left edge of entry 0, if it has one."""
        first = self.entries[0] if self.entries else None
        return None if first is None else first[0]

    @property
    def centre(self) -> Fraction | None:
        """The mean over the entries that are not empty."""
        jump = self.jump
        present = [(x, hull) for x, hull in enumerate(self.entries) if hull is not None]
        if jump is None or not present:
            return None
        middles = Fraction(sum(lo + hi for _, (lo, hi) in present), 2)
        return (middles - jump * sum(x for x, _ in present)) / len(present)


class Periodic(_Listed):
    """F(x + P) = F(x) + shift, P the number of entries and the least possible, shift >= 0."""

    __slots__ = ("shift",)

    def __init__(self, entries: tuple[Hull, ...], shift: int) -> None:
        super().__init__(entries)
        self.shift = shift

    @property
    def jump(self) -> int | Fraction:
        """The shift of a period over its length."""
        whole, rest = divmod(self.shift, len(self.entries))
        return Fraction(self.shift, len(self.entries)) if rest else whole

    def at(self, x: int) -> Hull:
        """Return the entry of the phase of x, moved by the periods before it."""
        periods, phase = divmod(x, len(self.entries))
        return _moved(self.entries[phase], periods * self.shift)

    def hull(self, taps: range) -> Hull:
        """Return the hull of the taps; of those in one phase only the first and the last matter."""
        entries, shift = self.entries, self.shift
        period = len(entries)
        few: Iterable[int] = taps
        if len(taps) > 2:
            phases = period // gcd(period, taps.step)
            if len(taps) > 2 * phases:
                few = chain(taps[:phases], taps[-phases:])
        edges: list[int] = []
        for x in few:
            periods, phase = divmod(x, period)
            entry = entries[phase]
            if entry is not None:
                edges += entry[0] + periods * shift, entry[1] + periods * shift
        return (min(edges), max(edges)) if edges else None


class Finite(_Listed):
    """One entry for each position of the actual map; a tap outside it reads padding, which has no field."""

    __slots__ = ("_ranges",)

    def __init__(self, entries: tuple[Hull, ...]) -> None:
        super().__init__(entries)
        self._ranges: Ranges | None = None

    @property
    def jump(self) -> int | Fraction | None:
        """The step between middles, on the mean from the first unit that is not empty to the last.

        None where they do not advance from unit to unit, as behind a concatenation along the axis.
        """
        present = [(x, hull) for x, hull in enumerate(self.entries) if hull is not None]
        if len(present) < 2 or any(sum(one) > sum(other) for (_, one), (_, other) in pairwise(present)):
            return None
        (first, (lo, hi)), (last, (low, high)) = present[0], present[-1]
        return _whole(Fraction(low + high - lo - hi, 2 * (last - first)))

    def at(self, x: int) -> Hull:
        """Return the entry of x, None outside the map."""
        return self.entries[x] if 0 <= x < len(self.entries) else None

    def hull(self, taps: range) -> Hull:
        """Return the hull of the taps that lie on the map."""
        if not taps:
            return None
        skipped = max(-(taps[0] // taps.step), 0)
        there = range(taps[0] + skipped * taps.step, min(taps.stop, len(self.entries)), taps.step)
        if len(there) < MANY:
            return _hull(map(self.at, there))
        self._ranges = self._ranges or Ranges(self.entries)
        return self._ranges.hull(there)


class Global(AxisField):
    """Every unit sees the whole axis."""

    __slots__ = ("extent",)
    is_global = True

    def __init__(self, extent: int) -> None:
        self.extent = extent

    @property
    def size(self) -> int:
        """The extent of the network input's axis."""
        return self.extent

    def at(self, x: int) -> Hull:  # noqa: ARG002 - the same for every x
        """Return the whole axis."""
        return 0, self.extent - 1


class Unknown(AxisField):
    """Beyond bounds: a period above 65,536, 4,194,304 taps in one, a list of above 131,072, a step above 2^2048."""

    __slots__ = ()
    unknown = True
    why = "too many positions differ"

    def at(self, x: int) -> Hull:
        """Refuse: there is no answer to give.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"the receptive field of unit {x} is unknown: {self.why}")


class Unsaid(Unknown):
    """Behind a layer that does not say what it reads."""

    __slots__ = ()
    why = "an opaque layer on the way has no field"


class Disagreement(NamedTuple):
    """How two paths into a merge differ on one axis: in mean step (`jumps`), or in mean centre by `offset` pixels."""

    kind: Literal["jump", "centre"]
    jumps: tuple[int | Fraction, int | Fraction]
    offset: Fraction


_SOURCE = AffineField(0, 0, 1)
_UNKNOWN = Unknown()
UNSAID = Unsaid()
"""The field behind a layer that does not say what it reads."""


def unknown_field() -> AxisField:
    """Return the field that is too irregular to be written down."""
    return _UNKNOWN


def entries(field: AxisField) -> int:
    """Return how many positions a field lists one by one."""
    return len(field.entries) if isinstance(field, _Listed) else 0


def source_field() -> AxisField:
    """Return the field of the network input itself: unit x is pixel x."""
    return _SOURCE


def map_field(extent: int) -> AxisField:
    """Return the field of a network input of which only the actual pixels count, 0..extent-1."""
    return Finite(tuple((x, x) for x in range(extent))) if extent <= MAP_LIMIT else _UNKNOWN


def through(field: AxisField, reach: Local, extent: int) -> AxisField:
    """Return the field of the units that read units of `field` as `reach` says.

    Args:
        field: the field of the layer's input.
        reach: what an output unit reads.
        extent: positions of the output map, which the finite form lists.
    """
    if isinstance(reach, Slide) and isinstance(field, AffineField):
        kernel, stride, dilation, before = reach
        step = field.step
        if step > STEP_LIMIT:
            return _UNKNOWN
        lo = field.lo - before * step
        return AffineField(lo, field.hi + (dilation * (kernel - 1) - before) * step, step * stride)
    if field.is_global or field.unknown:
        return field
    if isinstance(reach, Table) or isinstance(field, Finite):
        return Finite(tuple(field.hull(reach.taps(x)) for x in range(extent))) if extent <= MAP_LIMIT else _UNKNOWN
    every, advance = reach.cycle
    if isinstance(field, AffineField) and every <= FEW:
        edges, advance = _rhythm(reach)
        return _at_edges(field, edges, advance)
    entries, shift = _period(field)
    rounds = entries // gcd(advance, entries)
    period = every * rounds
    if period == 1 and (hull := field.hull(reach.taps(0))) is not None:
        return AffineField(*hull, shift * (advance // entries))
    if period > PERIOD_LIMIT or period * min(len(reach.taps(0)), 2 * entries) > TAP_LIMIT:
        return _UNKNOWN
    hulls = [field.hull(reach.taps(x)) for x in range(period)]
    return _reduced(hulls, shift * (advance * rounds // entries))


def _at_edges(field: AffineField, edges: Sequence[Hull], advance: int) -> AxisField:
    """Return the field of units that read from one unit to another, unit x + len(edges) `advance` units further."""
    lo, hi, step = field.lo, field.hi, field.step
    hulls = [None if edge is None else (lo + edge[0] * step, hi + edge[1] * step) for edge in edges]
    first = hulls[0]
    shift = advance * step
    return AffineField(*first, shift) if len(hulls) == 1 and first is not None else Periodic(tuple(hulls), shift)


@lru_cache(maxsize=1024, typed=True)
def _rhythm(reach: Periodically) -> tuple[tuple[Hull, ...], int]:
    """Return the first and last unit that each unit of the least period reads, and the advance of a period.

    The step of the field that is read multiplies all of it, so the least period is the same before every field.
    """
    every, advance = reach.cycle
    taps = map(reach.taps, range(every))
    least = _reduced([(units[0], units[-1]) if units else None for units in taps], advance)
    if isinstance(least, Periodic):
        return least.entries, least.shift
    assert isinstance(least, AffineField)  # noqa: S101 - narrows for the type checker: the other of two forms
    return ((least.lo, least.hi),), least.step


def union(fields: Sequence[AxisField], extent: int) -> AxisField:
    """Return the field of units that read the unit at their own position in each of several maps.

    Fields that advance at different rates have no common period: their union lists the positions of the actual map.

    Args:
        fields: at least one.
        extent: positions of the map.
    """
    merged = fields[0]
    for field in fields[1:]:
        merged = _pair(merged, field, extent)
    return merged


def disagreement(one: AxisField, other: AxisField) -> Disagreement | None:
    """Return how two paths into a merge are shifted against each other, or None when they are aligned.

    Two causal chains, which look no further than their own place, are aligned by that edge. Global, unknown and empty
    fields, and maps of one position, have no step or no centre and agree with everything.
    """
    if isinstance(one, AffineField) and isinstance(other, AffineField) and one.step == other.step:
        twice = other.lo + other.hi - one.lo - one.hi
        meant = not twice or one.hi == other.hi <= 0
        return None if meant else Disagreement("centre", (one.step, one.step), Fraction(twice, 2))
    if _by_edge(one, other):
        return None
    jumps = one.jump, other.jump
    centres = one.centre, other.centre
    if jumps[0] is None or jumps[1] is None or centres[0] is None or centres[1] is None:
        return None
    offset = centres[1] - centres[0]
    if jumps[0] != jumps[1]:
        return Disagreement("jump", (jumps[0], jumps[1]), offset)
    return Disagreement("centre", (jumps[0], jumps[1]), offset) if offset else None


def _by_edge(one: AxisField, other: AxisField) -> bool:
    """Return whether two fields of an actual map end at the same pixel everywhere, as those of causal layers do."""
    finite = one if isinstance(one, Finite) else other
    if not isinstance(finite, Finite) or (isinstance(other, Finite) and len(other.entries) != len(finite.entries)):
        return False
    pairs = ((one.at(x), other.at(x)) for x in range(len(finite.entries)))
    return all(a is not None and b is not None and a[1] == b[1] for a, b in pairs)


def _pair(one: AxisField, other: AxisField, extent: int) -> AxisField:
    if one is other or one.is_global:
        return one
    if other.is_global:
        return other
    if one.unknown or other.unknown:
        return UNSAID if UNSAID in {one, other} else _UNKNOWN
    if isinstance(one, AffineField) and isinstance(other, AffineField) and one.step == other.step:
        lo, hi = min(one.lo, other.lo), max(one.hi, other.hi)
        for field in (one, other):
            if field.lo == lo and field.hi == hi:
                return field
        return AffineField(lo, hi, one.step)
    if not isinstance(one, Finite) and not isinstance(other, Finite):
        (period, shift), (period2, shift2) = _period(one), _period(other)
        if shift * period2 == shift2 * period:
            common = lcm(period, period2)
            if common > PERIOD_LIMIT:
                return _UNKNOWN
            hulls = [_hull((one.at(x), other.at(x))) for x in range(common)]
            return _reduced(hulls, shift * (common // period))
    if extent > MAP_LIMIT:
        return _UNKNOWN
    return Finite(tuple(_hull((one.at(x), other.at(x))) for x in range(extent)))


def _period(field: AxisField) -> tuple[int, int]:
    """Return the number of entries of a field on the unbounded axis, and its shift."""
    if isinstance(field, Periodic):
        return len(field.entries), field.shift
    assert isinstance(field, AffineField)  # noqa: S101 - narrows for the type checker: every other form is gone by now
    return 1, field.step


def _reduced(entries: Sequence[Hull], shift: int) -> AxisField:
    """Return the periodic field with its least period."""
    for prime in primes(len(entries)):
        part, rest = divmod(shift, prime)
        if rest:
            continue
        period = len(entries) // prime
        if all(entries[x + period] == _moved(entries[x], part) for x in range(len(entries) - period)):
            entries, shift = entries[:period], part
    first = entries[0]
    return AffineField(*first, shift) if len(entries) == 1 and first is not None else Periodic(tuple(entries), shift)


def _hull(parts: Iterable[Hull]) -> Hull:
    present = [part for part in parts if part is not None]
    return (min(lo for lo, _ in present), max(hi for _, hi in present)) if present else None


def _moved(hull: Hull, by: int) -> Hull:
    return None if hull is None else (hull[0] + by, hull[1] + by)


def _length(hull: Hull) -> int:
    return 0 if hull is None else hull[1] - hull[0] + 1


def _whole(value: Fraction) -> int | Fraction:
    return value.numerator if value.denominator == 1 else value
