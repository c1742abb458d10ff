"""The case files `tests/ops/NAME.yaml`: reading them, and operators and shapes as they state them."""

from __future__ import annotations

import ast
import operator as arithmetic
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from cnncalc.ops import Operator, find, operators
from cnncalc.ops.arguments import Nested
from cnncalc.values.shape import Shape

if TYPE_CHECKING:

    from cnncalc.ops.operator import Shapes



FOLDER = Path(__file__).parent / "ops"
OPERATORS = [cls for cls in operators() if cls.__module__.startswith("cnncalc.")]
BINARY = {
    ast.Add: arithmetic.add,
    ast.Sub: arithmetic.sub,
    ast.Mult: arithmetic.mul,
    ast.FloorDiv: arithmetic.floordiv,
}


def number(text: int | str) -> int:
    """The value of a number or of a sum and product of numbers."""

    def value(node: ast.expr) -> int:
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return node.value
        if isinstance(node, ast.BinOp):
            return int(BINARY[type(node.op)](value(node.left), value(node.right)))
        raise ValueError(f"not arithmetic: {text}")

    return value(ast.parse(str(text), mode="eval").body)


def exact(value: Any) -> Any:
    """A value as the parser hands it to an operator: decimals exact, lists as tuples."""
    if isinstance(value, float):
        return Fraction(str(value))
    return tuple(exact(v) for v in value) if isinstance(value, list) else value


def build(name: str, given: dict[str, Any]) -> Operator:
    """An operator from arguments as a spec writes them."""
    cls = find(name)
    assert cls is not None, name
    values = {}
    for key, value in given.items():
        nested = key in cls.args and isinstance(cls.args[key].kind, Nested)
        values[key] = build(value, {}) if nested and isinstance(value, str) else exact(value)
    return cls(**values)


def shapes(case: dict[str, Any], one: str, many: str) -> Shapes:
    """The shapes under either of two keys."""
    return tuple(Shape(s) for s in case.get(many, [case.get(one)]))


def load(cls: type[Operator]) -> dict[str, Any]:
    """The case file of an operator, or nothing where the contract test reports that there is none."""
    path = FOLDER / f"{cls.name}.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
