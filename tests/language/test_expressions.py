"""The expression language against Python's own grammar and rational arithmetic, and every way in which it says no."""

from __future__ import annotations

import ast
import math
import operator
import sys
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from share import part

from cnncalc.language.expressions import (
    FUNCTIONS,
    RESERVED,
    Expression,
    ExpressionError,
    Number,
    compile_expression,
    require_whole,
    round8,
    show,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BINARY = ["+", "-", "*", "/", "//", "%"]
COMPARISONS = ["==", "!=", "<", "<=", ">", ">="]


class Names:
    """A scope over two dictionaries that remembers what was asked."""

    def __init__(
        self, names: Mapping[str, Number | bool], sizes: Mapping[tuple[str, str], Number] | None = None,
    ) -> None:
        self.names = names
        self.sizes = sizes or {}
        self.asked: list[str] = []

    def name(self, name: str, /) -> Number | bool:
        self.asked.append(name)
        return self.names[name]

    def attribute(self, label: str, attribute: str, /) -> Number:
        self.asked.append(f"{label}.{attribute}")
        return self.sizes[label, attribute]


VALUES: dict[str, Number | bool] = {
    "mid": 64, "stride": 2, "c_in": 3, "i": 0, "width": Fraction(3, 4), "se": True, "plain": False, "minus": -7,
    "whole": Fraction(4, 2),
}
SIZES: dict[tuple[str, str], Number] = {("x", "c"): 128, ("x", "h"): 56, ("prev", "w"): 28}


def value(text: str) -> Number | bool:
    return compile_expression(text).evaluate(Names(VALUES, SIZES))


def refused(text: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        value(text)
    error = caught.value
    assert "\n" not in error.message
    assert error.length >= (1 if text else 0)
    assert 0 <= error.offset <= error.offset + error.length <= len(text)
    return error


# Worked by hand.
@pytest.mark.parametrize(("text", "expected"), [
    ("64", 64), ("0x1F", 31), ("0o17", 15), ("1e6", 10**6), ("1.5e3", 1500), (".5", Fraction(1, 2)), ("2.", 2),
    ("1e-3", Fraction(1, 1000)), ("2.5E+1", 25), ("true", True), ("false", False), ("True", True),
    ("4*mid", 256), ("  4\n * mid\t", 256), ("(mid)", 64), ("mid+1", 65), ("mid-1", 63), ("1-2-3", -4),
    ("0.7", Fraction(7, 10)), ("0.7*10", 7), ("0.1+0.2", Fraction(3, 10)), ("7/10", Fraction(7, 10)), ("64/4", 16),
    ("7//2", 3), ("-7//2", -4), ("7%3", 1), ("-7%3", 2), ("7%-3", -2), ("7.5//2", 3), ("7.5%2", Fraction(3, 2)),
    ("2+3*4", 14), ("(2+3)*4", 20), ("-2*3", -6), ("2*-3", -6), ("--3", 3), ("+-3", -3), ("24/4/3", 2), ("24//5*5", 20),
    ("mid*width", 48), ("width/2", Fraction(3, 8)), ("whole", 2), ("x.c", 128), ("x.c*2 + x.h", 312), ("prev.w", 28),
    ("stride != 1 or c_in != mid", True), ("stride == 1 and x.c == 128", False), ("not stride == 1", True),
    ("1 < 2 < 3", True), ("1 < 3 < 2", False), ("3 > 2 >= 2 == 2 != 1 <= 1", True), ("1 == 1.0", True),
    ("mid and se", True), ("mid or plain", True), ("0 or plain", False), ("not 0", True), ("not mid", False),
    ("se == true", True), ("se != plain", True), ("not se", False), ("not not se", True),
    ("1 if se else 2", 1), ("1 if plain else 2", 2), ("1 if 0 else 2 if 0 else 3", 3), ("(1 if se else 2)*3", 3),
    ("1 if se else 2*3", 1), ("0 if not se or plain else 5", 5),
    ("min(3, 1, 2)", 1), ("max(3)", 3), ("max(mid, 8)*2", 128), ("min(0.5, 1/3)", Fraction(1, 3)), ("abs(minus)", 7),
    ("floor(3.7)", 3), ("floor(-3.2)", -4), ("ceil(3.2)", 4), ("ceil(-3.7)", -3), ("floor(5)", 5),
    ("round(0.5)", 0), ("round(1.5)", 2), ("round(2.5)", 2), ("round(-2.5)", -2), ("round(2.6)", 3), ("round(7)", 7),
    ("round8(26)", 24), ("round8(27)", 32), ("round8(10)", 16), ("round8(3)", 8), ("round8(40, 16)", 48),
    ("round8(40, divisor=16)", 48), ("round8(32*width, divisor = 4)", 24), ("max(1 if se else 0, 0)", 1),
])
def test_values(text: str, expected: Number | bool) -> None:
    found = value(text)
    assert (type(found), found) == (type(expected), expected)


# The grammar of Python over rational numbers, as the oracle: `ast` gives the structure, this gives the values.
ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: lambda a, b: Fraction(a) / Fraction(b),
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Eq: operator.eq, ast.NotEq: operator.ne,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}
CALLS: dict[str, Callable[..., Any]] = {
    "min": min, "max": max, "abs": abs, "floor": math.floor, "ceil": math.ceil, "round": round,
}


def oracle(text: str, node: ast.expr) -> Any:
    match node:
        case ast.Constant():
            return Fraction(ast.get_source_segment(text, node) or "")
        case ast.Name():
            return VALUES[node.id]
        case ast.UnaryOp():
            operand = oracle(text, node.operand)
            if isinstance(node.op, ast.Not):
                return not operand
            return -operand if isinstance(node.op, ast.USub) else operand
        case ast.BinOp():
            return ARITHMETIC[type(node.op)](oracle(text, node.left), oracle(text, node.right))
        case ast.BoolOp(ast.And()):
            return all(oracle(text, part) for part in node.values)
        case ast.BoolOp():
            return any(oracle(text, part) for part in node.values)
        case ast.IfExp():
            return oracle(text, node.body) if oracle(text, node.test) else oracle(text, node.orelse)
        case ast.Compare():
            left = oracle(text, node.left)
            for compare, right_node in zip(node.ops, node.comparators, strict=True):
                right = oracle(text, right_node)
                if not ARITHMETIC[type(compare)](left, right):
                    return False
                left = right
            return True
        case ast.Call(func=ast.Name(id=name)):
            return CALLS[name](*[oracle(text, part) for part in node.args])
    raise AssertionError(ast.dump(node))


def chained(parts: tuple[str, list[tuple[str, str]]]) -> str:
    return parts[0] + "".join(f" {sign} {text}" for sign, text in parts[1])


def grammar(depth: int) -> tuple[st.SearchStrategy[str], st.SearchStrategy[str]]:
    """Texts of numbers and of conditions, with as few parentheses as chance leaves."""
    numbers = st.integers(0, 20).map(str) | st.sampled_from(
        ["0.7", "1.5", "3e1", ".25", "mid", "stride", "c_in", "width", "minus", "i"])
    if depth == 0:
        return numbers, st.sampled_from(["1 < 2", "mid == 64", "i", "mid", "0"])
    inner, conditions = grammar(depth - 1)
    joined = st.tuples(inner, st.lists(st.tuples(st.sampled_from(BINARY), inner), max_size=3)).map(chained)
    links = st.lists(st.tuples(st.sampled_from(COMPARISONS), joined), min_size=1, max_size=2)
    compared = st.tuples(joined, links).map(chained)
    number = (
        joined | joined.map(lambda text: f"({text})") | inner.map(lambda text: f"-{text}")
        | st.tuples(st.sampled_from(["abs", "floor", "ceil", "round"]), joined).map(lambda p: f"{p[0]}({p[1]})")
        | st.tuples(st.sampled_from(["min", "max"]), joined, inner).map(lambda p: f"{p[0]}({p[1]}, {p[2]})")
        | st.tuples(inner, conditions, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})")
    )
    condition = (
        compared | conditions.map(lambda text: f"not {text}") | compared.map(lambda text: f"({text})")
        | st.tuples(conditions, st.sampled_from(["and", "or"]), conditions).map(" ".join)
    )
    return number, condition


NUMBERS, CONDITIONS = grammar(2)
CHOICES = st.tuples(NUMBERS, CONDITIONS, NUMBERS).map(lambda p: f"{p[0]} if {p[1]} else {p[2]}")


@settings(max_examples=part(500), deadline=None)
@given(st.one_of(NUMBERS, CONDITIONS, CHOICES))
def test_values_are_those_of_python_over_rationals(text: str) -> None:
    if len(text) > 200:
        assert refused(text).code == "expression-too-long"
        return
    try:
        expected = oracle(text, ast.parse(text, mode="eval").body)
    except ZeroDivisionError:
        assert refused(text).code == "division-by-zero"
        return
    found = value(text)
    assert found == expected
    if isinstance(expected, bool):
        assert type(found) is bool
    elif Fraction(expected).denominator == 1:
        assert type(found) is int
    else:
        assert type(found) is Fraction


@settings(max_examples=part(300), deadline=None)
@given(st.one_of(
    st.text(max_size=30),
    st.lists(st.sampled_from([
        "(", ")", ",", "=", "==", "<", "+", "-", "*", "**", "//", "/", "%", ".", " ", "1", "0.5", "1e9", "010", "mid",
        "x.c", "x.d", "a.b.c", "if", "else", "and", "or", "not", "true", "none", "min", "round8(", "divisor=", "foo(",
        "$p", "'", "[",
    ]), max_size=25).map(" ".join),
))
def test_every_text_has_a_value_or_a_placed_error(text: str) -> None:
    try:
        value(text)
    except ExpressionError:
        assert refused(text).code


@pytest.mark.parametrize(("text", "code", "marked", "words", "hint"), [
    ("", "expression-syntax", "", "empty", "write a number or a name"),
    ("   ", "expression-syntax", "   ", "empty", "write a number or a name"),
    ("mid ^ 2", "no-power", "^", "no operator", "x**2"),
    ("2**65", "bad-exponent", "65", "0 to 64", "multiply"),
    ("1 << 3", "no-shift", "<<", "shift", "multiply"),
    ("8 >> 1", "no-shift", ">>", "shift", "//"),
    ("mid && se", "expression-syntax", "&&", "'&&'", "'and'"),
    ("mid || se", "expression-syntax", "||", "'||'", "'or'"),
    ("!se", "expression-syntax", "!", "'!'", "'not'"),
    ("act == 'relu'", "no-strings", "'", "strings", ""),
    ('"mid"', "no-strings", '"', "strings", ""),
    ("x[0]", "no-subscripts", "[", "subscripts", "label.c"),
    ("2*$mid", "dollar-in-expression", "$", "$name", "without '$'"),
    ("se ? 1 : 2", "expression-syntax", "?", "'?'", "if condition else"),
    ("2 × mid", "expression-syntax", "×", "'×'", "'*'"),
    ("mid; 2", "expression-syntax", ";", "';'", None),
    ("é", "expression-syntax", "é", "'é'", None),
    (".", "expression-syntax", ".", "'.'", None),
    ("mid = 64", "expression-syntax", "=", "'='", "'=='"),
    ("4mid", "expression-syntax", "4mid", "not a number", "write 4*mid"),
    ("2x.c", "expression-syntax", "2x.c", "not a number", "write 2*x.c"),
    ("1if se else 2", "expression-syntax", "1if", "not a number", "write 1 if"),
    ("1.2.3", "expression-syntax", "1.2.3", "not a number", None),
    ("1e", "expression-syntax", "1e", "not a number", "write 1*e"),
    ("010 + 1", "leading-zero", "010", "starts with a zero", "write 10, or 0o10 if it is octal"),
    ("1_000*2", "number-separator", "1_000", "underscores", "write 1000"),
    ("1e999999999", "number-too-large", "1e999999999", "exponent", "400"),
    ("9223372036854775808", "number-too-large", "9223372036854775808", "too large", "2^63"),
    ("mid mid", "expression-syntax", "mid", "expected an operator, found 'mid'", "'*'"),
    ("2 (mid)", "expression-syntax", "(", "expected an operator", "'*'"),
    ("mid is 2", "expression-syntax", "is", "found 'is'", ""),
    ("1 +", "expression-syntax", "+", "missing after '+'", ""),
    ("* 2", "expression-syntax", "*", "missing before '*'", None),
    ("2 + * 2", "expression-syntax", "*", "missing before '*'", None),
    ("(mid", "expression-syntax", "(", "'(' has no ')'", "close"),
    ("mid)", "expression-syntax", ")", "closes nothing", ""),
    ("()", "expression-syntax", ")", "missing before ')'", None),
    ("64, 2", "expression-syntax", ",", "','", "one value"),
    ("1 if se", "expression-syntax", "if", "'if' has no 'else'", "if condition else"),
    ("1 else 2", "expression-syntax", "else", "without 'if'", "if condition else"),
    ("1 if else 2", "expression-syntax", "else", "missing before 'else'", None),
    ("mid == not se", "expression-syntax", "not", "missing before 'not'", "parentheses"),
    ("none", "not-a-number", "none", "'none'", ""),
    ("min + 1", "expression-syntax", "min", "is a function", "min(a, b, ...)"),
    ("layer1.0.add1", "dotted-label", "layer1.0.add1", "dotted label", "as:"),
    ("c3.0 + 1", "dotted-label", "c3.0", "dotted label", "as:"),
    ("x.c.h", "dotted-label", "x.c.h", "dotted label", "as:"),
    ("2*x.channels", "unknown-attribute", ".channels", "'x' has no '.channels'", "write .c"),
    ("x.conv1", "unknown-attribute", ".conv1", "no '.conv1'", "dotted label"),
    ("rond8(3)", "unknown-function", "rond8", "'rond8'", "did you mean 'round8'?"),
    ("log2(4)", "unknown-function", "log2", "'log2'",
     "the functions are min, max, abs, floor, ceil, round, len, sum, round8"),
    ("sqrt(4)", "unknown-function", "sqrt", "'sqrt'", "an exponent is a whole number"),
    ("min()", "function-arguments", "min", "min takes at least one argument, not 0", "min(a, b, ...)"),
    ("abs(1, 2)", "function-arguments", "abs", "abs takes one argument, not 2", "write abs(x)"),
    ("round(2.5, 1)", "function-arguments", "round", "round takes one argument, not 2", "write round(x)"),
    ("round8()", "function-arguments", "round8", "one or two arguments, not 0", "round8(x, divisor=8)"),
    ("round8(1, 2, 3)", "function-arguments", "round8", "one or two arguments, not 3", "round8(x, divisor=8)"),
    ("round8(1, 2, divisor=3)", "function-arguments", "round8", "x and divisor=", ""),
    ("round8(divisor=3)", "function-arguments", "round8", "x and divisor=", ""),
    ("round8(divisor=3, 8)", "function-arguments", "round8", "divisor last", ""),
    ("round8(1, divisor=3, divisor=4)", "function-arguments", "divisor", "twice", ""),
    ("round8(1, base=3)", "function-arguments", "base", "no argument 'base='", "round8(x, divisor=8)"),
    ("max(1, divisor=3)", "function-arguments", "divisor", "max has no argument", "max(a, b, ...)"),
    ("round8(mid, 0)", "function-arguments", "0", "divisor of round8 is 0", "at least 1"),
    ("round8(mid, divisor=width)", "function-arguments", "width", "divisor of round8 is 0.75", "at least 1"),
    ("min(1, 2", "expression-syntax", "(", "'(' has no ')'", "close"),
    ("min(1 2)", "expression-syntax", "2", "expected an operator", "commas"),
    ("min(1,)", "expression-syntax", ")", "missing before ')'", None),
    ("2 + unknown*3", "unknown-name", "unknown", "'unknown'", None),
    ("2 + prev", "unknown-name", "prev", "'prev'", None),
    ("2 + y.c*3", "unknown-label", "y", "'y'", None),
    ("2 * mid/(stride - 2)", "division-by-zero", "(stride - 2)", "zero", ""),
    ("mid // i", "division-by-zero", "i", "zero", ""),
    ("mid % 0", "division-by-zero", "0", "zero", ""),
    ("2 * se", "not-a-number", "se", "true is a boolean and cannot be used as a number", "if condition else"),
    ("(mid == 64) + 1", "not-a-number", "(mid == 64)", "true is a boolean", ""),
    ("-se", "not-a-number", "se", "true is a boolean", ""),
    ("max(1, plain)", "not-a-number", "plain", "false is a boolean and cannot be an argument of max", ""),
    ("round8(se)", "not-a-number", "se", "argument of round8", ""),
    ("floor(se)", "not-a-number", "se", "true is a boolean", ""),
    ("se < 2", "not-a-number", "se", "compared by '<'", ""),
    ("1 < mid > se", "not-a-number", "se", "compared by '>'", ""),
    ("se == 1", "not-a-number", "se", "compared with a number", ""),
    ("1 != plain", "not-a-number", "plain", "compared with a number", ""),
    ("1 + " * 52 + "1", "expression-too-long", "1 + 1 + 1", "209 characters", "vars"),
])
def test_errors_say_what_and_where(text: str, code: str, marked: str, words: str, hint: str | None) -> None:
    error = refused(text)
    assert error.code == code
    assert text[error.offset : error.offset + error.length] == marked
    assert words in error.message
    if hint is None:
        assert error.hint is None
    else:
        assert error.hint
        assert hint in error.hint


@pytest.mark.parametrize("text", [
    "(" * 100 + "1" + ")" * 99, "(" * 200, "-" * 199 + "1", "not " * 49 + "1", "min(" * 39 + "1" + ")" * 39,
    "- (" * 60 + "1", "1 if 1 else " * 15 + "(" * 9 + "-" * 10,
])
def test_deep_nesting_is_an_error_even_on_a_short_stack(text: str) -> None:
    depth, frame = 0, sys._getframe()
    while frame.f_back:
        depth, frame = depth + 1, frame.f_back
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(depth + 500)
    try:
        assert refused(text).code == "expression-too-deep"
    finally:
        sys.setrecursionlimit(limit)


def test_nesting_up_to_the_limit_has_a_value() -> None:
    assert value("(" * 32 + "mid" + ")" * 32) == 64
    assert refused("(" * 33 + "mid" + ")" * 33).code == "expression-too-deep"
    assert value(" + ".join(["1"] * 50)) == 50


def test_only_what_is_needed_is_evaluated() -> None:
    for text, expected, asked in [
        ("1 if se else unknown", 1, ["se"]), ("unknown if plain else 2", 2, ["plain"]), ("se or unknown", True, ["se"]),
        ("plain and unknown", False, ["plain"]), ("2 < i < unknown", False, ["i"]), ("0 < mid < 65", True, ["mid"]),
        ("1/0 if plain else 3", 3, ["plain"]),
    ]:
        scope = Names(VALUES)
        assert compile_expression(text).evaluate(scope) == expected
        assert scope.asked == asked


def test_what_an_expression_uses() -> None:
    expression = compile_expression("max(t*c_in, x.c, prev.h) if stride != 1 and true else round8(c*width, divisor=d)")
    assert isinstance(expression, Expression)
    assert expression.names == {"t", "c_in", "stride", "c", "width", "d"}
    assert expression.attributes == {("x", "c"), ("prev", "h")}
    assert expression.text.startswith("max(t*c_in")
    assert compile_expression(expression.text) is expression


def test_the_error_of_a_scope_gets_its_place() -> None:
    class Later(Names):
        def name(self, name: str, /) -> Number | bool:
            raise ExpressionError(f"'{name}' is defined later", hint="move it up", code="used-before-definition")

        def attribute(self, label: str, attribute: str, /) -> Number:
            raise ExpressionError(f"{label} has no {attribute}", code="no-height")

    for text, code, offset, length, hint in [
        ("2 * mid", "used-before-definition", 4, 3, "move it up"), ("1 + x.h", "no-height", 4, 3, None),
    ]:
        with pytest.raises(ExpressionError) as caught:
            compile_expression(text).evaluate(Later({}))
        error = caught.value
        assert (error.code, error.offset, error.length, error.hint) == (code, offset, length, hint)


@pytest.mark.parametrize("text", [
    "big*big", "big*big/3", "1/big/big", "-big*big", "tiny*tiny", "tiny - 1/(big - 1)", "2*(big*big)",
])
def test_numbers_cannot_grow_without_bound(text: str) -> None:
    big = 2**4000
    scope = Names({"big": big, "tiny": Fraction(1, big + 1)})
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text).evaluate(scope)
    assert caught.value.code == "number-too-large"
    assert caught.value.length >= 1


def test_a_chain_of_squares_ends_in_an_error() -> None:
    number: Number | bool = 3
    square = compile_expression("x*x")
    for _ in range(11):
        number = square.evaluate(Names({"x": number}))
    assert number == 3**2048
    with pytest.raises(ExpressionError, match="4096 bits"):
        square.evaluate(Names({"x": number}))


def make_divisible(v: float, divisor: int) -> int:
    """The published definition, in floating point (MobileNet's `_make_divisible`)."""
    new = max(divisor, int(v + divisor / 2) // divisor * divisor)
    return new + divisor if new < 0.9 * v else new


@settings(max_examples=part(300))
@given(st.integers(1, 40_000), st.sampled_from([1, 2, 4, 8, 16, 32]))
def test_round8_is_the_published_rounding(eighths: int, divisor: int) -> None:
    x = Fraction(eighths, 8)
    assert round8(x, divisor) == make_divisible(eighths / 8, divisor)
    assert 10 * round8(x, divisor) >= 9 * x


def test_require_whole() -> None:
    assert require_whole(64) == 64
    whole = require_whole(Fraction(6, 2))
    assert (type(whole), whole) == (int, 3)
    with pytest.raises(ExpressionError) as caught:
        require_whole(Fraction(112, 5))
    assert caught.value.message == "22.4 is not a whole number"
    assert caught.value.code == "not-whole"
    hint = caught.value.hint
    assert hint is not None
    assert "round8" in hint
    assert "floor" in hint
    with pytest.raises(ExpressionError, match="not true"):
        require_whole(True)


@pytest.mark.parametrize(("number", "text"), [
    (64, "64"), (-3, "-3"), (Fraction(112, 5), "22.4"), (Fraction(-1, 8), "-0.125"), (Fraction(1, 3), "1/3"),
    (True, "true"), (False, "false"), (Fraction(4, 2), "2"), (Fraction(1, 100), "0.01"),
    (2**5000, "a number of 5001 bits"),
])
def test_show(number: Number | bool, text: str) -> None:
    assert show(number) == text


def test_reserved_words_hold_the_functions() -> None:
    assert set(FUNCTIONS) - {"len", "sum"} < RESERVED  # new functions are words only before a parenthesis
    assert RESERVED - set(FUNCTIONS) == {
        "prev", "input", "i", "c_in", "and", "or", "not", "if", "else", "true", "false", "none",
    }
    for name, text in FUNCTIONS.items():
        assert text.startswith(f"{name}(")
