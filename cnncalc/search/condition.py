"""What `--where` and `--maximise` say of a design: an expression over its columns, for one design or for arrays."""

from __future__ import annotations

import ast
import math
import operator
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from cnncalc.values.diagnostics import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

BINARY: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
}  # fmt: skip
COMPARED: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}  # fmt: skip
PREFIXES = {"k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
QUANTITY = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)([kKMGT])(?!\w)")
MOST = 2_000


class Criterion:
    """A checked expression; `names` are what it asks about.

    Raises:
        ValueError: it is none; the message says where.
    """

    def __init__(self, text: str, known: Iterable[str]) -> None:
        self.text = text
        self.names: set[str] = set()
        if len(text) > MOST:
            raise ValueError(f"the expression has {len(text):,} characters, more than {MOST:,}")
        try:
            self.tree = ast.parse(QUANTITY.sub(_quantity, text.strip()), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise ValueError(f"'{text}' is no expression: write it like 'macs < 300e6 and width >= 0.5'") from None
        self._check(self.tree, tuple(known))

    def _check(self, node: ast.AST, known: tuple[str, ...]) -> None:
        if isinstance(node, ast.Name):
            if node.id not in known:
                hint = did_you_mean(node.id, known) or f"there is {', '.join(known)}"
                raise ValueError(f"'{self.text}' asks for '{node.id}'; {hint}")
            self.names.add(node.id)
            return None
        if isinstance(node, ast.Constant):
            if isinstance(node.value, int | float | str):
                return None
        elif isinstance(node, ast.BinOp) and type(node.op) in BINARY:
            return self._all((node.left, node.right), known)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd | ast.Not):
            return self._check(node.operand, known)
        elif isinstance(node, ast.BoolOp):
            return self._all(node.values, known)
        elif isinstance(node, ast.Compare) and all(type(op) in COMPARED for op in node.ops):
            return self._all((node.left, *node.comparators), known)
        raise ValueError(f"'{self.text}' has '{ast.unparse(node)}' in it: numbers, names, + - * / // %, comparisons, "
                         "and, or, not are allowed")  # fmt: skip

    def _all(self, nodes: Iterable[ast.AST], known: tuple[str, ...]) -> None:
        for node in nodes:
            self._check(node, known)

    def of(self, columns: Mapping[str, Any]) -> Any:
        """Return its value for one design, or for arrays of them."""
        return _value(self.tree, columns)

    def about(self, names: Iterable[str]) -> Criterion | None:
        """Return what of `a and b` asks about these names alone; None where nothing does."""
        parts = self.tree.values if isinstance(self.tree, ast.BoolOp) and isinstance(self.tree.op, ast.And) else \
            [self.tree]  # fmt: skip
        known = set(names)
        kept = [part for part in parts if {n.id for n in ast.walk(part) if isinstance(n, ast.Name)} <= known]
        return Criterion(" and ".join(f"({ast.unparse(part)})" for part in kept), known) if kept else None

    def as_data(self) -> Any:
        """Return an expression in + - * / as lists of a function and its parts, names and whole numbers.

        Raises:
            ValueError: it has something else in it.
        """
        return self._data(self.tree)

    def _data(self, node: ast.AST) -> Any:
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            number = Fraction(repr(node.value))
            return number.numerator if number.denominator == 1 else ["quotient", number.numerator, number.denominator]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            return ["*", -1 if isinstance(node.op, ast.USub) else 1, self._data(node.operand)]
        signs = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "quotient"}
        if isinstance(node, ast.BinOp) and type(node.op) in signs:
            return [signs[type(node.op)], self._data(node.left), self._data(node.right)]
        raise ValueError(f"'{self.text}' has '{ast.unparse(node)}' in it: what is largest is made of totals, numbers "
                         "and + - * /")  # fmt: skip

    def exact(self, columns: Mapping[str, int]) -> Fraction:
        """Return the value of an expression in + - * / for one design.

        Raises:
            ZeroDivisionError: it has none.
        """
        return _exactly(self.as_data(), columns)


def _exactly(data: Any, columns: Mapping[str, int]) -> Fraction:
    if not isinstance(data, list):
        return Fraction(columns[data] if isinstance(data, str) else data)
    a, b = (_exactly(part, columns) for part in data[1:])
    if data[0] in ("+", "-"):
        return a + b if data[0] == "+" else a - b
    return a * b if data[0] == "*" else a / b


def _quantity(match: re.Match[str]) -> str:
    whole = float(match[1]) * PREFIXES[match[2]]
    return str(int(whole)) if whole.is_integer() else repr(whole)


def _computed(function: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """Return what a function makes of two values; of plain numbers divided by 0 what arrays of them have there.

    Raises:
        ZeroDivisionError: a range is divided by one that holds 0.
    """
    try:
        return function(left, right)
    except ZeroDivisionError:
        if not isinstance(left, int | float | Fraction):
            raise
        return math.copysign(math.inf, left) if function is operator.truediv and left else math.nan


def _value(node: ast.AST, columns: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        return columns[node.id]
    if isinstance(node, ast.Constant):
        value = node.value
        return int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(node, ast.BinOp):
        return _computed(BINARY[type(node.op)], _value(node.left, columns), _value(node.right, columns))
    if isinstance(node, ast.UnaryOp):
        inner = _value(node.operand, columns)
        if isinstance(node.op, ast.Not):
            return inner == False  # noqa: E712 - of arrays, each
        return -inner if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.BoolOp):
        result = _value(node.values[0], columns)
        for part in node.values[1:]:
            other = _value(part, columns)
            result = result & other if isinstance(node.op, ast.And) else result | other
        return result
    assert isinstance(node, ast.Compare)  # noqa: S101 - nothing else was let in
    left = _value(node.left, columns)
    result = True
    for op, comparator in zip(node.ops, node.comparators, strict=True):
        right = _value(comparator, columns)
        result = COMPARED[type(op)](left, right) & result
        left = right
    return result
