"""Checks the certificate of a fit or a front: a tree of cuts with a reason at each leaf, in at most 60 lines of code.

It believes that the recorded formulas are those of the network, and what `totals_of` says of single designs. A range is
its least and its greatest number; an expression is a name, a whole number, or a list of a function and its parts.
"""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from itertools import permutations, product
from operator import add, floordiv, mul, sub
from typing import Any

WIDE = (-(2**63), 2**63)
FUNCTIONS: dict[str, Any] = {"+": add, "-": sub, "*": mul, "//": floordiv, "max": max, "min": min,
    "quotient": lambda a, b: Fraction(a) / b, "not_below": lambda a, b: int(a >= b),
    "rounded_channels": lambda o, u, d: (r := max(d, (2 * o + d * u) // (2 * d * u) * d)) + d * (10 * r * u < 9 * o),
    "floor_product": lambda size, scale: int(size * float(scale))}  # fmt: skip
"""Each rises or falls in every argument, so that its range is that of the corners."""
CHAINED, FIXED = {"+", "*", "max", "min"}, {"rounded_channels": 1, "floor_product": 1}
"""Those of any number of parts, and those that need one number above 0 for that, from which argument on."""


def called(name: str, args: Any) -> tuple[Any, Any]:
    """Return the range of a function; nothing is known of one that is not here, or may have no value."""
    if name in {"//", "%", "quotient"} and args[1][0] <= 0 <= args[1][1]:
        return WIDE
    if name == "%":
        (low, high), (least, most) = args
        same = (least == most and low // most == high // most) or 0 <= low <= high < least
        return (low % most, high % most) if same else (min(least + 1, 0), max(most - 1, 0))
    if name == "gcd":
        return (1, min(high for low, high in args if low > 0)) if any(low > 0 for low, _ in args) else WIDE
    fixed = all(low == high > 0 for low, high in args[FIXED.get(name, len(args)) :])
    ends = sorted(FUNCTIONS[name](*point) for point in product(*args)) if fixed and name in FUNCTIONS else WIDE
    return ends[0], ends[-1]


def value(expression: Any, known: Any) -> Any:
    """Return the range of an expression."""
    if isinstance(expression, list):
        ranges, name = [value(part, known) for part in expression[1:]], expression[0]
        return reduce(lambda a, b: called(name, (a, b)), ranges) if name in CHAINED else called(name, ranges)
    return known.get(expression, (expression, expression))


def reach(proof: Any, totals: Any) -> Any:
    """Return the ranges of the goals, which are made large; None where a limit is surely passed."""
    passed = [totals[name][0] > most if sign > 0 else totals[name][1] < most for name, sign, most in proof["limits"]]
    return None if any(passed) else [value(goal, totals) for goal in proof["goals"]]


def exact(proof: Any, totals: Any) -> Any:
    """Return the goals of one design as ranges of a single number; None where it is none, or passes a limit."""
    return reach(proof, {name: (number, number) for name, number in totals.items()}) if totals else None


def reached(goals: Any, best: Any) -> bool:
    """Return whether one of the best designs is as good in every goal, whatever numbers these are in their ranges."""
    return any(all(high <= top for (_, high), (top, _) in zip(goals, tops, strict=True)) for tops in best)


def sure(known: Any, less: Any, difference: Any, truth: Any) -> Any:
    """Return whether `difference < 0`, or `== 0`, is surely true, or surely not where that is the condition."""
    low, high = value(difference, known)
    return (high < 0 if truth else low >= 0) if less else (low == high == 0 if truth else low > 0 or high < 0)


def proved(proof: Any, number: int, box: Any, best: Any, totals_of: Any) -> bool:
    """Return whether every design of a box is beyond a limit, or no better than one of the best."""
    node = proof["nodes"][number]
    if "cut" in node:
        axis, at, *parts = node["cut"]
        halves = [[*box[:axis], ends, *box[axis + 1 :]] for ends in ((box[axis][0], at), (at, box[axis][1]))]
        inside = box[axis][0] < at < box[axis][1]
        return inside and all(proved(proof, *half, best, totals_of) for half in zip(parts, halves, strict=True))
    if node["why"] == "computed":
        found = [exact(proof, totals_of(places)) for places in product(*(range(*ends) for ends in box))]
        return all(any(low != high for low, high in one) or reached(one, best) for one in filter(None, found))
    structure = proof["structures"][node["structure"]]
    known = {name: (min(n[slice(*box[axis])]), max(n[slice(*box[axis])])) for name, axis, n in proof["given"]}
    for name, expression in structure["steps"]:
        known[name] = value(expression, known)
    totals = {name: value(expression, known) for name, expression in structure["totals"].items()}
    holds = all(sure(known, *condition) for condition in structure["conditions"])
    return holds and bool(structure["refused"] or not (goals := reach(proof, totals)) or reached(goals, best))


def accepts(proof: Any, totals_of: Any) -> bool:
    """Return whether the best designs are within the limits, none beats another, and the proof leaves no other.

    `totals_of` says what a design comes to, None for one that is no network.
    """
    best = [exact(proof, totals_of(design["places"])) for design in proof["best"]]
    apart = all(best) and not any(reached(one, [other]) for one, other in permutations(best, 2))
    return apart and proved(proof, 0, [(0, len(texts)) for _, _, texts in proof["axes"]], best, totals_of)
