"""Budgets: limits on metrics, who set them, and what holds when several sources are laid over each other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from cnncalc.gate.metrics import METRICS, Metric
from cnncalc.values.record import record

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction

    from cnncalc.language.literals import Number
    from cnncalc.values.diagnostics import Span

Bound = Literal["max", "min", "max_increase", "max_decrease"]
DEFAULT_CONVENTION = "exact"
DEFAULT_DTYPE = "fp32"


@record(kw_only=True)
class Origin:
    """Who set a limit.

    Attributes:
        kind: `spec`, `config`, `file`, `command line`, `baseline` or `call`.
        name: the file's name, or the option.
    """

    kind: str
    name: str

    def words(self, line: int | None = None) -> str:
        """Return where a limit stands, as sentences say it."""
        if self.kind == "spec":
            return f"the spec, line {line}" if line else "the spec"
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit on one metric.

    Attributes:
        metric: the metric's name.
        bound: `max`, `min`, or by how much it may grow (`max_increase`) or shrink (`max_decrease`).
        value: the limit, inclusive, in the metric's unit; of a relative one, a fraction.
        relative: a share of the total (layers), or of the earlier value (changes).
        origin: who set it.
        span: its place in the spec; None for a limit from elsewhere.
        match: glob of layer paths; None for the network as a whole.
        together: the matching layers' sum is limited, not each of them.
        convention: the rule behind FLOPs.
        dtype: what an element is stored as.
        deploy: whether the deployed network is measured.
        runtime: the runtime whose memory planner is asked, or None.
        replaced: the limits of lower sources that it stands for, the lowest first.
    """

    metric: str
    bound: Bound
    value: Number
    origin: Origin
    relative: bool = False
    span: Span | None = None
    match: str | None = None
    together: bool = False
    convention: str = DEFAULT_CONVENTION
    dtype: str = DEFAULT_DTYPE
    deploy: bool = False
    runtime: str | None = None
    replaced: tuple[Limit, ...] = ()

    @property
    def subject(self) -> Metric:
        """The metric itself."""
        return METRICS[self.metric]

    @property
    def key(self) -> tuple[object, ...]:
        """What two limits have in common when the higher source replaces the lower."""
        share = self.relative if self.match is not None else None
        return self.metric, self.bound, self.match, self.together, share

    @property
    def reading(self) -> tuple[object, ...]:
        """Under which rules its metric is read."""
        return self.convention, self.dtype, self.deploy, self.runtime

    @property
    def is_change(self) -> bool:
        """Whether it limits a change and so needs something to compare with."""
        return self.bound in {"max_increase", "max_decrease"}

    def loosens(self, other: Limit) -> bool:
        """Return whether it allows what the other did not, or whether nobody can tell."""
        if self.relative != other.relative or self.reading != other.reading:
            return True
        return self.value < other.value if self.bound == "min" else self.value > other.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one source says.

    Attributes:
        origin: who says it.
        limits: the limits, in the order written.
        convention: the rule that it fixes, or None.
        dtype: the element type that it fixes, or None.
        deploy: whether it is for the deployed network, or None where it does not say.
        runtime: the runtime that it names, or None.
        warn_at: part of a limit from which on a warning is given, or None.
        variants: what holds on top for a variant of the spec.
    """

    origin: Origin
    limits: tuple[Limit, ...] = ()
    convention: str | None = None
    dtype: str | None = None
    deploy: bool | None = None
    runtime: str | None = None
    warn_at: Fraction | None = None
    variants: dict[str, Budget] = field(default_factory=dict)

    @property
    def limits_something(self) -> bool:
        """Whether there is a limit in it, for any variant."""
        return bool(self.limits) or any(budget.limits_something for budget in self.variants.values())


class _Reading(NamedTuple):
    """Under which rules limits are read, as far as the sources say it."""

    convention: str
    dtype: str
    deploy: bool
    runtime: str | None

    def under(self, budget: Budget) -> _Reading:
        """Return the rules after what a source says."""
        return _Reading(
            budget.convention or self.convention, budget.dtype or self.dtype,
            self.deploy if budget.deploy is None else budget.deploy, budget.runtime or self.runtime,
        )  # fmt: skip

    def of(self, limit: Limit) -> Limit:
        """Return a limit with the rules under which its metric is read."""
        kind = limit.subject.rule
        return replace(
            limit, convention=self.convention if kind == "convention" else DEFAULT_CONVENTION,
            dtype=self.dtype if kind == "dtype" else DEFAULT_DTYPE,
            deploy=self.deploy or self.runtime is not None, runtime=self.runtime,
        )  # fmt: skip


def layered(
    budgets: Iterable[Budget], *, variant: str | None = None, convention: str | None = None, dtype: str | None = None,
    deploy: bool = False, runtime: str | None = None,
) -> list[Limit]:  # fmt: skip
    """Return the limits that hold when sources are laid over each other, the lowest first.

    A source judges its limits by the rule that it fixes, else by that of the nearest lower source that is no spec, else
    by the flags, else by the defaults: what a spec under review says is for its own limits alone.

    Args:
        budgets: the sources, the lowest first.
        variant: the variant that is judged.
        convention: the rule that a flag asks for.
        dtype: the element type that a flag asks for.
        deploy: whether a flag asks for the deployed network.
        runtime: the runtime that a flag names.
    """
    trusted = _Reading(convention or DEFAULT_CONVENTION, dtype or DEFAULT_DTYPE, deploy, runtime)
    held: dict[tuple[object, ...], Limit] = {}
    for source in budgets:
        overlay = source.variants.get(variant) if variant is not None else None
        reading = trusted
        for budget in (source, overlay) if overlay is not None else (source,):
            reading = reading.under(budget)
            if budget.origin.kind != "spec":
                trusted = reading
            for limit in budget.limits:
                mine = reading.of(limit)
                lower = held.get(limit.key)
                held[limit.key] = mine if lower is None else replace(mine, replaced=(*lower.replaced, lower))
    return list(held.values())


def warning_level(budgets: Iterable[Budget], flag: Fraction | None) -> Fraction | None:
    """Return from which part of a limit on a warning is given: the flag, else the highest source that says so."""
    level = None
    for budget in budgets:
        level = budget.warn_at if budget.warn_at is not None else level
    return flag if flag is not None else level
