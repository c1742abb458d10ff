"""Checks the certificate of a fit on its own: a tree of cuts with a reason at each leaf, in at most 60 lines of code.

It believes that the recorded formulas are those of the network, and what `totals_of` says of single designs. A range is
its least and its greatest number; an expression is a name, a whole number, or a list of a function and its parts.
"""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from itertools import product
from operator import add, floordiv, mul, sub
from typing import Any

WIDE = (-(2**63), 2**63)
FUNCTIONS: dict[str, Any] = {
    "+": add, "-": sub, "*": mul, "//": floordiv, "quotient": lambda a, b: Fraction(a) / b, "max": max, "min": min,
    "not_below": lambda a, b: int(a >= b), "floor_product": lambda size, scale: int(size * float(scale)),
    "rounded_channels": lambda o, u, d: (r := max(d, (2 * o + d * u) // (2 * d * u) * d)) + d * (10 * r * u < 9 * o),
}  # fmt: skip
"""Each rises or falls in every argument, so that its range is that of the corners."""
CHAINED = {"+", "*", "max", "min"}
FIXED = {"rounded_channels": 1, "floor_product": 1}
"""From which argument on they must be one number above 0 for that."""


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
    """Return the range of the objective, None where a limit is surely passed."""
    passed = [totals[name][0] > most if sign > 0 else totals[name][1] < most for name, sign, most in proof["limits"]]
    return None if any(passed) else value(proof["objective"], totals)


def sure(condition: Any, known: Any) -> Any:
    """Return whether `difference < 0`, or `== 0`, is surely true, or surely not where that is the condition."""
    less, difference, truth = condition
    low, high = value(difference, known)
    return (high < 0 if truth else low >= 0) if less else (low == high == 0 if truth else low > 0 or high < 0)


def proved(proof: Any, number: int, box: Any, top: Any, totals_of: Any) -> bool:
    """Return whether no design of a box is within the limits and better than `top`."""
    node = proof["nodes"][number]
    if "cut" in node:
        axis, at, *parts = node["cut"]
        halves = [[*box[:axis], ends, *box[axis + 1 :]] for ends in ((box[axis][0], at), (at, box[axis][1]))]
        good = box[axis][0] < at < box[axis][1]
        return good and all(proved(proof, *half, top, totals_of) for half in zip(parts, halves, strict=True))
    if node["why"] == "computed":
        designs = filter(None, map(totals_of, product(*(range(*ends) for ends in box))))
        found = [reach(proof, {name: (number, number) for name, number in totals.items()}) for totals in designs]
        return all(low != high or high <= top for low, high in filter(None, found))
    structure = proof["structures"][node["structure"]]
    known = {name: (min(n[slice(*box[axis])]), max(n[slice(*box[axis])])) for name, axis, n in proof["given"]}
    for name, expression in structure["steps"]:
        known[name] = value(expression, known)
    totals = {name: value(expression, known) for name, expression in structure["totals"].items()}
    holds = all(sure(condition, known) for condition in structure["conditions"])
    return holds and bool(structure["refused"] or not (found := reach(proof, totals)) or found[1] <= top)


def accepts(proof: Any, totals_of: Any) -> bool:
    """Return whether a certificate proves its best design; `totals_of` says what a design comes to, None for none."""
    totals = totals_of(proof["best"]["places"]) if proof["best"] else None
    best = reach(proof, {name: (number, number) for name, number in totals.items()}) if totals else None
    whole = [(0, len(texts)) for _, _, texts in proof["axes"]]
    return bool(best or not proof["best"]) and proved(proof, 0, whole, best[0] if best else float("-inf"), totals_of)
