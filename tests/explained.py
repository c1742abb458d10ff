"""Formulas of explanations, evaluated by a reader of their own and held against a report."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.explanation.model import Explained, Explanation, Formula
    from cnncalc.results.layer import Layer
    from cnncalc.results.report import Report



Value = Fraction
TOKEN = re.compile(r"\s*(\d+\.\d+|\d+|[A-Za-z_][A-Za-z_0-9]*(?:\[\d+\])?'*|>=|[-+*/(),\[\]])")


class Reader:
    """A recursive-descent evaluator of one printed formula."""

    def __init__(self, text: str, letters: dict[str, Value]) -> None:
        self.letters = letters
        self.tokens = TOKEN.findall(text)
        assert "".join(self.tokens) == text.replace(" ", ""), f"cannot read {text!r}"
        self.place = 0

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, *expected: str) -> str:
        token = self.peek()
        assert not expected or token in expected, f"{token!r} where one of {expected} should be"
        self.place += 1
        return token

    def whole(self) -> Value:
        result = self.sum()
        assert self.peek() == "", self.tokens[self.place :]
        return result

    def sum(self) -> Value:
        result = self.product()
        while self.peek() in {"+", "-"}:
            result = result + self.product() if self.take() == "+" else result - self.product()
        return result

    def product(self) -> Value:
        result = self.atom()
        while self.peek() in {"*", "/"}:
            result = result * self.atom() if self.take() == "*" else result / self.atom()
        return result

    def atom(self) -> Value:
        mark = self.take()
        if mark == "-":
            return -self.product()
        if mark == "(":
            result = self.sum()
            self.take(")")
            return result
        if mark == "[":
            left = self.sum()
            self.take(">=")
            right = self.sum()
            self.take("]")
            return Fraction(left >= right)
        if mark[0].isdigit():
            return Fraction(mark)
        if self.peek() == "(":
            return self.call(mark)
        return self.letters[mark]

    def call(self, name: str) -> Value:
        self.take("(")
        arguments = [self.sum()]
        while self.take(",", ")") == ",":
            arguments.append(self.sum())
        functions: dict[str, Callable[..., Any]] = {
            "floor": math.floor, "ceil": math.ceil, "max": max, "min": min, "reached": reached,
            "gcd": lambda a, b: math.gcd(int(a), int(b)),
        }  # fmt: skip
        return Fraction(functions[name](*arguments))


def reached(*numbers: Value) -> int:
    """Positions of a transposed convolution's output that receive at least one tap, one by one."""
    size, kernel, stride, dilation, before, _, out = numbers
    touched = {i * stride - before + dilation * t for i in range(int(size)) for t in range(int(kernel))}
    return sum(0 <= x < out for x in touched)


def evaluate(text: str, letters: dict[str, Value] | None = None) -> Value:
    return Reader(text, letters or {}).whole()


def check_formula(formula: Formula, letters: dict[str, Value]) -> None:
    """Every printed piece comes to the value: in letters, in numbers, worked out."""
    if formula.value is None:
        assert formula.letters is None
        return
    for text in (formula.letters, formula.numbers, formula.step):
        if text is not None:
            known = letters if text is formula.letters else {}
            assert evaluate(text, known) == formula.value, (formula.name, text, formula.value)


def check_layer(found: Explanation, row: Layer, convention_flops: int | None) -> None:
    letters = {letter.name: Fraction(letter.value) for letter in found.letters}
    for section in found.sections:
        for formula in section.formulas:
            check_formula(formula, letters)
            if formula.value is not None:
                letters.setdefault(formula.name, Fraction(formula.value))
    told = {f.name: f.value for section in found.sections for f in section.formulas}
    assert told["params"] == row.params
    assert told["macs"] == row.macs
    assert told["flops"] == row.flops == convention_flops
    assert told["connections"] == row.connections
    sizes = [f.value for f in found["size"].formulas if f.name.endswith("'") or f.name == "C_out"]
    assert sizes == [extent for shape in row.out_shapes for extent in shape]
    if row.memory_access is None:
        assert told["total"] is None
    else:
        expected = {name: n for name, n in row.memory_access.to_dict().items() if n or name == "total"}
        shown = {f.name: f.value for f in found["memory_access"].formulas if f.name in row.memory_access.to_dict()}
        assert shown == expected
        assert next(f.value for f in found["memory_access"].formulas if f.name.startswith("bytes")) == row.bytes
    terms = [f.value for f in found["flops"].formulas if f.name != "flops"]
    assert not terms or sum(term for term in terms if term is not None) == row.flops
    fields = [told[name] for name in ("r'", "r'_d", "r'_h", "r'_w") if name in told]
    assert set(fields) == set(row.receptive_field)


def check_network(found: Explained, report: Report) -> None:
    assert [layer.path for layer in found.layers] == [layer.path for layer in report.layers]
    for layer, row in zip(found.layers, report.layers, strict=True):
        check_layer(layer, row, report[row.path].flops)
