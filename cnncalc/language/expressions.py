"""The expression language of numeric slots: exact arithmetic over names, compiled once to nested closures.

    conditional    a if c else b
    disjunction    or
    conjunction    and
    negation       not
    comparison     == != < <= > >=      chained as in mathematics
    sum            + -
    product        * / // %
    sign           + -
    atom           number, true, false, name, label.c, label.h, label.w, function(...), (...)

From the weakest binding to the strongest. Nothing rounds unless asked to: `0.7` is 7/10, and `/` gives the exact
quotient. Booleans are values of their own and no numbers.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple, NoReturn, Protocol, TypeAlias

from cnncalc.language.literals import BOOLEANS, LiteralError, Number, exact, parse_number
from cnncalc.values.diagnostics import did_you_mean

__all__ = [
    "ATTRIBUTES", "FUNCTIONS", "MAX_BITS", "MAX_CHARACTERS", "MAX_NESTING", "RESERVED", "Expression", "ExpressionError",
    "Number", "Scope", "Value", "compile_expression", "require_whole", "round8", "show",
]

MAX_CHARACTERS = 200
MAX_NESTING = 32
MAX_BITS = 4096
"""Numerators and denominators of intermediate values have at most this many bits."""

Value: TypeAlias = int | Fraction | bool
_Run: TypeAlias = "Callable[[Scope], Value]"

ATTRIBUTES: Mapping[str, str] = MappingProxyType({"c": "channels", "h": "height", "w": "width"})
"""What may follow a label and a dot."""

FUNCTIONS: Mapping[str, str] = MappingProxyType({
    "min": "min(a, b, ...): the smallest",
    "max": "max(a, b, ...): the largest",
    "abs": "abs(x): x without its sign",
    "floor": "floor(x): rounded down",
    "ceil": "ceil(x): rounded up",
    "round": "round(x): to the nearest whole number, halves to the even one",
    "round8": "round8(x, divisor=8): to a multiple of the divisor as MobileNet does, never below 90 % of x",
})
"""Every function with its signature and what it gives."""

RESERVED: frozenset[str] = frozenset({
    "prev", "input", "i", "c_in", "and", "or", "not", "if", "else", "true", "false", "none", *FUNCTIONS,
})
"""Words that cannot be labels, variables or parameters."""

_LIMIT = 2**MAX_BITS
_OPERATOR_WORDS = frozenset({"and", "or", "not", "if", "else"})

_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<number>(?:[0-9]|\.[0-9])(?:[eE][-+](?=[0-9])|[0-9A-Za-z_.])*)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)"
    r"|(?P<operator>\*\*|//|<<|>>|==|!=|<=|>=|&&|\|\||[-+*/%()<>,=!&|^~])"
)

_REFUSED = {
    "**": ("no-power", "there is no power operator", "multiply instead: x*x"),
    "^": ("no-power", "there is no power operator", "multiply instead: x*x"),
    "<<": ("no-shift", "there are no shifts", "multiply by a power of two instead"),
    ">>": ("no-shift", "there are no shifts", "divide with // instead"),
    "&&": ("expression-syntax", "'&&' is not an operator", "write 'and'"),
    "&": ("expression-syntax", "'&' is not an operator", "write 'and'"),
    "||": ("expression-syntax", "'||' is not an operator", "write 'or'"),
    "|": ("expression-syntax", "'|' is not an operator", "write 'or'"),
    "!": ("expression-syntax", "'!' is not an operator", "write 'not'"),
    "~": ("expression-syntax", "'~' is not an operator", "write 'not'"),
    "'": ("no-strings", "there are no strings in expressions", "compare numbers or booleans"),
    '"': ("no-strings", "there are no strings in expressions", "compare numbers or booleans"),
    "[": ("no-subscripts", "there are no subscripts in expressions", "use label.c, label.h or label.w"),
    "]": ("no-subscripts", "there are no subscripts in expressions", "use label.c, label.h or label.w"),
    "$": ("dollar-in-expression", "'$name' stands alone in a word slot", "write the name without '$'"),
    "?": ("expression-syntax", "'?' is not an operator", "write 'a if condition else b'"),
    "\N{MULTIPLICATION SIGN}": ("expression-syntax", "'\N{MULTIPLICATION SIGN}' is not an operator", "write '*'"),
    "\N{MINUS SIGN}": ("expression-syntax", "'\N{MINUS SIGN}' is not an operator", "write '-'"),
    "÷": ("expression-syntax", "'÷' is not an operator", "write '/' or '//'"),
    "≤": ("expression-syntax", "'≤' is not an operator", "write '<='"),
    "≥": ("expression-syntax", "'≥' is not an operator", "write '>='"),
    "≠": ("expression-syntax", "'≠' is not an operator", "write '!='"),
}


class ExpressionError(ValueError):
    """An expression that cannot be read or has no value.

    Attributes:
        message: one line: what is wrong, with the value received.
        offset: where in the expression's text, counted from 0.
        length: how many characters are concerned; 0 when the place is not known.
        hint: how to repair it.
        code: kebab-case name of the kind of error.
    """

    def __init__(self, message: str, *, offset: int = 0, length: int = 0, hint: str | None = None,
                 code: str = "expression-syntax") -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.length = length
        self.hint = hint
        self.code = code


class Scope(Protocol):
    """What names mean. Both methods raise KeyError for what is unknown, or an ExpressionError that knows more."""

    def name(self, name: str, /) -> Value:
        """Return the value of a variable, a parameter, `i` or `c_in`."""

    def attribute(self, label: str, attribute: str, /) -> Number:
        """Return the channels (`c`), height (`h`) or width (`w`) of the layer with this label."""


class Expression:
    """A compiled expression.

    Attributes:
        text: as written.
        names: the bare names in it, without functions and words of the language.
        attributes: the labels whose size it uses, each with `c`, `h` or `w`.
    """

    __slots__ = ("_run", "attributes", "names", "text")

    def __init__(self, text: str, names: frozenset[str], attributes: frozenset[tuple[str, str]], run: _Run) -> None:
        self.text = text
        self.names = names
        self.attributes = attributes
        self._run = run

    def evaluate(self, scope: Scope) -> Value:
        """Return the value: a boolean, or an exact number, which is an int when it is whole.

        Raises:
            ExpressionError: a name is unknown, an operand has the wrong kind, a divisor is zero, or a number exceeds
                `MAX_BITS`.
        """
        return self._run(scope)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


@lru_cache(maxsize=4096)
def compile_expression(text: str) -> Expression:
    """Return the expression that a text means; the same text is compiled once.

    Raises:
        ExpressionError: it is longer than 200 characters, nested too deep, or not an expression.
    """
    if len(text) > MAX_CHARACTERS:
        raise ExpressionError(f"the expression has {len(text)} characters, more than {MAX_CHARACTERS}",
                              offset=MAX_CHARACTERS, length=len(text) - MAX_CHARACTERS,
                              hint="name its parts under 'vars:'", code="expression-too-long")
    return _Parser(text).parse()


def round8(x: Number, divisor: int = 8) -> int:
    """Round channels to a multiple of the divisor: the nearest one, halves up, but not below the divisor nor 90 % of x.

    The channel rounding of the MobileNet family (arXiv:1801.04381), in exact arithmetic.
    """
    numerator, denominator = x.numerator, x.denominator
    nearest = (2 * numerator + divisor * denominator) // (2 * divisor * denominator) * divisor
    rounded = max(divisor, nearest)
    return rounded + divisor if 10 * rounded * denominator < 9 * numerator else rounded


def require_whole(value: Value) -> int:
    """Return a value that must be a whole number as int.

    Raises:
        ExpressionError: it is a boolean or has a fraction.
    """
    if type(value) is int:
        return value
    if isinstance(value, bool):
        raise ExpressionError(f"a whole number is needed here, not {show(value)}", hint="write a number",
                              code="not-a-number")
    if value.denominator == 1:
        return int(value)
    raise ExpressionError(f"{show(value)} is not a whole number",
                          hint="round it: round8(...) for channels, floor(...) or ceil(...) elsewhere",
                          code="not-whole")


def show(value: Value) -> str:
    """Return a value as one would write it: `64`, `22.4`, `1/3`, `true`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > 256:
        return f"a number of {max(value.numerator.bit_length(), value.denominator.bit_length())} bits"
    if value.denominator == 1:
        return str(int(value))
    for digits in range(1, 7):
        scaled = value * 10**digits
        if scaled.denominator == 1:
            whole = f"{abs(int(scaled)):0{digits + 1}d}"
            return f"{'-' if value < 0 else ''}{whole[:-digits]}.{whole[-digits:]}"
    return f"{value.numerator}/{value.denominator}"


class _Token(NamedTuple):
    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


class _Part(NamedTuple):
    """A compiled piece of the text: how to evaluate it and where it stands."""

    run: _Run
    start: int
    end: int

    def fail(self, message: str, code: str, hint: str | None = None) -> NoReturn:
        raise ExpressionError(message, offset=self.start, length=self.end - self.start, hint=hint, code=code)


def _tokens(text: str) -> list[_Token]:
    tokens = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        found = match[0] if match else text[position]
        if not match or found in _REFUSED:
            code, message, hint = _REFUSED.get(
                found, ("expression-syntax", f"character {found!r} has no meaning in an expression", None))
            raise ExpressionError(message, offset=position, length=len(found), hint=hint, code=code)
        if match.lastgroup != "space":
            tokens.append(_Token(match.lastgroup or "", found, position))
        position = match.end()
    return tokens


class _Parser:
    """Precedence climbing over the tokens of one text; every method returns a compiled part."""

    __slots__ = ("_attributes", "_depth", "_names", "_position", "_text", "_tokens")

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._position = 0
        self._depth = 0
        self._names: set[str] = set()
        self._attributes: set[tuple[str, str]] = set()

    def parse(self) -> Expression:
        if not self._tokens:
            raise ExpressionError("the expression is empty", offset=0, length=len(self._text),
                                  hint="write a number or a name", code="expression-syntax")
        part = self._conditional()
        if token := self._peek():
            self._unexpected(token)
        return Expression(self._text, frozenset(self._names), frozenset(self._attributes), part.run)

    def _peek(self) -> _Token | None:
        return self._tokens[self._position] if self._position < len(self._tokens) else None

    def _accept(self, *texts: str) -> _Token | None:
        token = self._peek()
        if token and token.text in texts:
            self._position += 1
            return token
        return None

    def _expect(self, text: str, opening: _Token, hint: str) -> _Token:
        token = self._peek()
        if token is None:
            self._fail(opening, f"'{opening.text}' has no '{text}'", hint)
        if token.text != text:
            self._unexpected(token, hint)
        self._position += 1
        return token

    def _fail(self, token: _Token, message: str, hint: str | None = None, code: str = "expression-syntax") -> NoReturn:
        raise ExpressionError(message, offset=token.start, length=len(token.text), hint=hint, code=code)

    def _unexpected(self, token: _Token, hint: str | None = None) -> NoReturn:
        """Refuse a token where a value has ended."""
        if token.text == "=":
            self._fail(token, "'=' is not an operator", "compare with '=='")
        if token.text == ")":
            self._fail(token, "')' closes nothing", "remove it, or add the '('")
        if token.text == ",":
            self._fail(token, "',' stands outside a function call", hint or "one slot takes one value")
        if token.text == "else":
            self._fail(token, "'else' without 'if'", "write 'a if condition else b'")
        self._fail(token, f"expected an operator, found '{token.text}'", hint or "write '*' for a product")

    def _enter(self, token: _Token) -> None:
        self._depth += 1
        if self._depth > MAX_NESTING:
            self._fail(token, f"the expression is nested more than {MAX_NESTING} deep", "name its parts under 'vars:'",
                       "expression-too-deep")

    def _conditional(self) -> _Part:
        part = self._disjunction()
        if not (word := self._accept("if")):
            return part
        self._enter(word)
        condition = self._disjunction()
        self._expect("else", word, "write 'a if condition else b'")
        otherwise = self._conditional()
        self._depth -= 1
        return _Part(_choice(condition.run, part.run, otherwise.run), part.start, otherwise.end)

    def _disjunction(self) -> _Part:
        part = self._conjunction()
        while self._accept("or"):
            right = self._conjunction()
            part = _Part(_either(part.run, right.run), part.start, right.end)
        return part

    def _conjunction(self) -> _Part:
        part = self._negation()
        while self._accept("and"):
            right = self._negation()
            part = _Part(_both(part.run, right.run), part.start, right.end)
        return part

    def _negation(self) -> _Part:
        if not (word := self._accept("not")):
            return self._comparison()
        self._enter(word)
        part = self._negation()
        self._depth -= 1
        return _Part(_negated(part.run), word.start, part.end)

    def _comparison(self) -> _Part:
        first = self._arithmetic(0)
        links = []
        while token := self._accept(*_COMPARISONS):
            links.append((token.text, self._arithmetic(0)))
        return _Part(_compared(first, links), first.start, links[-1][1].end) if links else first

    def _arithmetic(self, level: int) -> _Part:
        """Parse sums (level 0) or products (level 1), grouped from the left."""
        if level == len(_ARITHMETIC):
            return self._sign()
        part = self._arithmetic(level + 1)
        while token := self._accept(*_ARITHMETIC[level]):
            right = self._arithmetic(level + 1)
            run = _calculated(_ARITHMETIC[level][token.text], part, right)
            part = _Part(run, part.start, right.end)
        return part

    def _sign(self) -> _Part:
        if not (token := self._accept(*_SIGNS)):
            return self._atom()
        self._enter(token)
        part = self._sign()
        self._depth -= 1
        return _Part(_applied(_SIGNS[token.text], part), token.start, part.end)

    def _atom(self) -> _Part:
        token = self._peek()
        if token is None:
            last = self._tokens[-1]
            self._fail(last, f"a value is missing after '{last.text}'", "complete the expression")
        self._position += 1
        if token.kind == "number":
            return self._number(token)
        if token.kind == "name":
            return self._name(token)
        if token.text != "(":
            self._fail(token, f"a value is missing before '{token.text}'",
                       "compare with '=='" if token.text == "=" else None)
        self._enter(token)
        inner = self._conditional()
        closing = self._expect(")", token, "close the parenthesis")
        self._depth -= 1
        return _Part(inner.run, token.start, closing.end)

    def _number(self, token: _Token) -> _Part:
        try:
            value = parse_number(token.text)
        except LiteralError as error:
            self._fail(token, error.message, error.hint, error.code)
        if value is None:
            product = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([A-Za-z_][A-Za-z0-9_]*(?:\.[chw])?)", token.text)
            hint = None
            if product:
                hint = f"write {product[1]}{' ' if product[2] in _OPERATOR_WORDS else '*'}{product[2]}"
            self._fail(token, f"'{token.text}' is not a number", hint)
        return _Part(_constant(value), token.start, token.end)

    def _name(self, token: _Token) -> _Part:
        name = token.text
        if name in BOOLEANS:
            return _Part(_constant(BOOLEANS[name]), token.start, token.end)
        if name in _OPERATOR_WORDS:
            self._fail(token, f"a value is missing before '{name}'",
                       "put parentheses around the negation" if name == "not" else None)
        if (following := self._peek()) and following.text == "(":
            return self._call(token, following)
        if name in FUNCTIONS:
            self._fail(token, f"'{name}' is a function", f"call it: {_signature(name)}")
        if name in {"none", "null"}:
            self._fail(token, f"'{name}' is not a number", "use a number or a boolean", "not-a-number")
        if "." in name:
            return self._attribute(token)
        self._names.add(name)
        return _Part(_named(name, token), token.start, token.end)

    def _attribute(self, token: _Token) -> _Part:
        label, _, attribute = token.text.partition(".")
        if attribute in ATTRIBUTES:
            self._attributes.add((label, attribute))
            return _Part(_sized(label, attribute, token), token.start, token.end)
        if "." in attribute or attribute[0].isdigit():
            self._fail(token, f"the dotted label '{token.text}' cannot be used in an expression",
                       "name the layer with 'as:' and write label.c, label.h or label.w", "dotted-label")
        hint = _ATTRIBUTE_HINTS.get(attribute.lower(), "a dotted label cannot stand in an expression")
        raise ExpressionError(f"'{label}' has no '.{attribute}': a label has .c, .h and .w", hint=hint,
                              offset=token.start + len(label), length=len(attribute) + 1, code="unknown-attribute")

    def _call(self, name: _Token, opening: _Token) -> _Part:
        if name.text not in FUNCTIONS:
            self._fail(name, f"there is no function '{name.text}'",
                       did_you_mean(name.text, FUNCTIONS, f"the functions are {', '.join(FUNCTIONS)}"),
                       "unknown-function")
        self._enter(opening)
        self._position += 1
        arguments: list[_Part] = []
        divisor: _Part | None = None
        closing = self._accept(")")
        while not closing:
            keyword = self._keyword(name.text)
            argument = self._conditional()
            if keyword is None:
                if divisor is not None:
                    self._refuse_arguments(name, "takes its divisor last")
                arguments.append(argument)
            elif divisor is not None:
                self._fail(keyword, "the divisor is given twice", "remove one", "function-arguments")
            else:
                divisor = argument
            if not self._accept(","):
                closing = self._expect(")", opening, "close the call, and separate its arguments by commas")
        self._depth -= 1
        if divisor is not None:
            if len(arguments) != 1:
                self._refuse_arguments(name, "takes x and divisor=")
            arguments.append(divisor)
        self._check_arity(name, len(arguments))
        return _Part(_called(name.text, arguments), name.start, closing.end)

    def _keyword(self, function: str) -> _Token | None:
        """Accept `divisor=` and refuse every other keyword."""
        token = self._peek()
        following = self._tokens[self._position + 1] if self._position + 1 < len(self._tokens) else None
        if not (token and token.kind == "name" and following and following.text == "="):
            return None
        if function != "round8" or token.text != "divisor":
            self._fail(token, f"{function} has no argument '{token.text}='", f"write {_signature(function)}",
                       "function-arguments")
        self._position += 2
        return token

    def _check_arity(self, name: _Token, count: int) -> None:
        least, most, wanted = _ARITIES.get(name.text, (1, 1, "one argument"))
        if count < least or (most is not None and count > most):
            self._refuse_arguments(name, f"takes {wanted}, not {count}")

    def _refuse_arguments(self, name: _Token, message: str) -> NoReturn:
        self._fail(name, f"{name.text} {message}", f"write {_signature(name.text)}", "function-arguments")


_ATTRIBUTE_HINTS = {
    "channels": "write .c", "height": "write .h", "width": "write .w", "shape": "write .c, .h or .w",
    "out": "write .c for its channels", "c_out": "write .c", "d": "depths cannot be used in expressions",
}

_ARITIES: dict[str, tuple[int, int | None, str]] = {
    "min": (1, None, "at least one argument"),
    "max": (1, None, "at least one argument"),
    "round8": (1, 2, "one or two arguments"),
}


def _signature(function: str) -> str:
    return FUNCTIONS[function].partition(":")[0]


def _quotient(a: Number, b: Number) -> Number:
    if type(a) is int and type(b) is int and a % b == 0:
        return a // b
    return Fraction(a) / Fraction(b)


def _absolute(x: Number) -> Number:
    return -x if x < 0 else x


def _unchanged(x: Number) -> Number:
    return x


def _negative(x: Number) -> Number:
    return -x


_Binary: TypeAlias = Callable[[Number, Number], Number]
_ARITHMETIC: tuple[dict[str, _Binary], ...] = (
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": _quotient, "//": operator.floordiv, "%": operator.mod},
)
_COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}
_UNARY_FUNCTIONS: dict[str, Callable[[Number], Number]] = {
    "abs": _absolute, "floor": math.floor, "ceil": math.ceil, "round": round,
}
_SIGNS: dict[str, Callable[[Number], Number]] = {"+": _unchanged, "-": _negative}


def _settled(value: Number, part: _Part) -> Number:
    """Return a result in its one form, an int when it is whole, unless it is out of bounds."""
    if value.denominator >= _LIMIT or not -_LIMIT < value.numerator < _LIMIT:
        part.fail(f"the value has more than {MAX_BITS} bits", "number-too-large", "check the factors")
    return exact(value)


def _refuse_boolean(value: Value, part: _Part, use: str) -> Number:
    if isinstance(value, bool):
        part.fail(f"{show(value)} is a boolean and cannot be {use}", "not-a-number",
                  "choose a number by it: '1 if condition else 0'")
    return value


def _placed(token: _Token, error: ExpressionError) -> ExpressionError:
    """Return the error of a scope, which does not know places, with the place of the name."""
    return ExpressionError(error.message, offset=token.start, length=len(token.text), hint=error.hint, code=error.code)


def _constant(value: Value) -> _Run:
    return lambda _scope: value


def _named(name: str, token: _Token) -> _Run:
    def run(scope: Scope) -> Value:
        try:
            value = scope.name(name)
        except KeyError:
            raise ExpressionError(f"'{name}' is not known here", offset=token.start, length=len(name),
                                  code="unknown-name") from None
        except ExpressionError as error:
            raise _placed(token, error) from None
        return value if type(value) is int or type(value) is bool else exact(value)

    return run


def _sized(label: str, attribute: str, token: _Token) -> _Run:
    def run(scope: Scope) -> Value:
        try:
            return exact(scope.attribute(label, attribute))
        except KeyError:
            raise ExpressionError(f"there is no label '{label}' here", offset=token.start, length=len(label),
                                  code="unknown-label") from None
        except ExpressionError as error:
            raise _placed(token, error) from None

    return run


def _choice(condition: _Run, then: _Run, otherwise: _Run) -> _Run:
    return lambda scope: then(scope) if condition(scope) else otherwise(scope)


def _either(left: _Run, right: _Run) -> _Run:
    return lambda scope: bool(left(scope)) or bool(right(scope))


def _both(left: _Run, right: _Run) -> _Run:
    return lambda scope: bool(left(scope)) and bool(right(scope))


def _negated(part: _Run) -> _Run:
    return lambda scope: not part(scope)


def _calculated(calculate: _Binary, left: _Part, right: _Part) -> _Run:
    left_run, right_run = left.run, right.run
    whole = _Part(left_run, left.start, right.end)

    def run(scope: Scope) -> Value:
        a, b = left_run(scope), right_run(scope)
        if type(a) is bool or type(b) is bool:
            _refuse_boolean(a, left, "used as a number")
            _refuse_boolean(b, right, "used as a number")
        try:
            value = calculate(a, b)
        except ZeroDivisionError:
            right.fail("division by zero", "division-by-zero", "check the divisor")
        if type(value) is int and -_LIMIT < value < _LIMIT:
            return value
        return _settled(value, whole)

    return run


def _applied(calculate: Callable[[Number], Number], part: _Part) -> _Run:
    run_part = part.run

    def run(scope: Scope) -> Value:
        return exact(calculate(_refuse_boolean(run_part(scope), part, "used as a number")))

    return run


def _compared(first: _Part, links: list[tuple[str, _Part]]) -> _Run:
    """Compare neighbours from the left until one comparison fails; every operand is evaluated at most once."""
    steps = tuple((symbol, _COMPARISONS[symbol], part, part.run) for symbol, part in links)
    run_first = first.run

    def run(scope: Scope) -> Value:
        left, left_part = run_first(scope), first
        for symbol, compare, part, run_part in steps:
            right = run_part(scope)
            if type(left) is bool or type(right) is bool:
                _check_boolean_comparison(symbol, (left, left_part), (right, part))
            if not compare(left, right):
                return False
            left, left_part = right, part
        return True

    return run


def _check_boolean_comparison(symbol: str, left: tuple[Value, _Part], right: tuple[Value, _Part]) -> None:
    """Allow two booleans to be equal or not, and nothing else."""
    if symbol not in {"==", "!="}:
        _refuse_boolean(*left, f"compared by '{symbol}'")
        _refuse_boolean(*right, f"compared by '{symbol}'")
    elif isinstance(left[0], bool) != isinstance(right[0], bool):
        _refuse_boolean(*left, "compared with a number")
        _refuse_boolean(*right, "compared with a number")


def _called(name: str, arguments: list[_Part]) -> _Run:
    if name in _UNARY_FUNCTIONS:
        return _applied(_UNARY_FUNCTIONS[name], arguments[0])

    def values(scope: Scope) -> list[Number]:
        return [_refuse_boolean(part.run(scope), part, f"an argument of {name}") for part in arguments]

    if name == "min":
        return lambda scope: min(values(scope))
    if name == "max":
        return lambda scope: max(values(scope))

    def rounded(scope: Scope) -> Value:
        x, *rest = values(scope)
        divisor = rest[0] if rest else 8
        if not isinstance(divisor, int) or divisor < 1:
            arguments[1].fail(f"the divisor of {name} is {show(divisor)}", "function-arguments",
                              "use a whole number of at least 1")
        return _settled(round8(x, divisor), arguments[0])

    return rounded
