"""Exact arithmetic of expressions: values, and the closures that compute them. Nothing rounds unless asked to."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple, NoReturn, Protocol, TypeAlias

from cnncalc.language.literals import Number, exact
from cnncalc.numbers.doors import alongside, over_under, quotient_of, recorded, recording, whole_part
from cnncalc.numbers.functions import rounded_channels

MAX_EXPONENT = 64
MAX_ASKED = 50
"""How many lists may be evaluated at once, each for an entry of the one before."""
MAX_BITS = 4096
"""Numerators and denominators of intermediate values have at most this many bits."""


class Entries(Protocol):
    """What evaluates the entries of lists.

    Attributes:
        asked: how many lists are being evaluated, each for an entry of the one before.
    """

    asked: int

    @property
    def around(self) -> object:
        """What `c_in` is here, None outside the layers."""

    def listed(self, node: Any, frame: Any, /) -> Any:
        """Return the value of one entry in the frame where its list is written."""


class Listed:
    """A list of a spec: it is walked or handed on; in expressions only its length and its sum mean something.

    Its values are computed once for one `c_in`, so that lists of sums of lists cost no more than they have entries.

    Attributes:
        nodes: its entries as they are written.
        summed: the values that were summed last, and their sum.
    """

    __slots__ = ("_at", "_known", "_open", "entries", "frame", "nodes", "summed")

    def __init__(self, nodes: tuple[Any, ...], frame: Any, entries: Entries) -> None:
        self.nodes = nodes
        self.frame = frame
        self.entries = entries
        self._known: tuple[Any, ...] | None = None
        self._at: object = None
        self.summed: tuple[tuple[Any, ...], Number] = (), 0
        self._open = False

    def values(self) -> tuple[Any, ...]:
        """Return the values of the entries; a list inside is again a list.

        Raises:
            ExpressionError: an entry asks for the values of this list.
        """
        around = self.entries.around
        if self._known is not None and (self._at is None or self._at is around):
            return self._known
        if self._open:
            raise ExpressionError("a list asks for its own values", code="not-a-number",
                                  hint="an entry is made of other variables")  # fmt: skip
        if self.entries.asked == MAX_ASKED:
            raise ExpressionError(f"lists ask for one another more than {MAX_ASKED} deep", code="not-a-number",
                                  hint="write a list behind those that it is made of")  # fmt: skip
        self._open = True
        self.entries.asked += 1
        try:
            self._known = tuple(self.entries.listed(node, self.frame) for node in self.nodes)
        finally:
            self._open = False
            self.entries.asked -= 1
        self._at = around
        return self._known

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        return f"a list of {len(self.nodes)}"


Value: TypeAlias = int | Fraction | bool
Run: TypeAlias = "Callable[[NameSpace], Value]"
LIMIT = 2**MAX_BITS


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


class NameSpace(Protocol):
    """What names mean. Both methods raise KeyError for what is unknown, or an ExpressionError that knows more."""

    def name(self, name: str, /) -> Value:
        """Return the value of a variable, a parameter, `i` or `c_in`."""

    def attribute(self, label: str, attribute: str, /) -> Number:
        """Return the channels (`c`), height (`h`) or width (`w`) of the layer with this label."""


def round8(x: Number, divisor: int = 8) -> int:
    """Round channels to a multiple of the divisor: the nearest one, halves up, but not below the divisor nor 90 % of x.

    The channel rounding of the MobileNet family (arXiv:1801.04381), in exact arithmetic.
    """
    return recorded(rounded_channels, *over_under(x), divisor)


def require_whole(value: Value) -> int:
    """Return a value that must be a whole number as int.

    Raises:
        ExpressionError: it is a boolean or has a fraction.
    """
    value = value if isinstance(value, bool) else whole_part(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, bool):
        raise ExpressionError(f"a whole number is needed here, not {show(value)}", hint="write a number",
                              code="not-a-number")
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


class Token(NamedTuple):
    """A piece of an expression's text, with its place."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)


class Piece(NamedTuple):
    """A compiled piece of the text: how to evaluate it and where it stands."""

    run: Run
    start: int
    end: int

    def fail(self, message: str, code: str, hint: str | None = None) -> NoReturn:
        """Refuse the piece."""
        raise ExpressionError(message, offset=self.start, length=self.end - self.start, hint=hint, code=code)


def quotient(a: Number, b: Number) -> Number:
    """Return the exact quotient."""
    if type(a) is int and type(b) is int and a % b == 0:
        return a // b
    if recording(a) or recording(b):
        return quotient_of(a, b)
    return Fraction(a) / Fraction(b)


def chosen(which: Callable[..., Number], values: list[Number]) -> Number:
    """Return the least or the greatest of some numbers; of whole ones that record, as one call."""
    if len(values) > 1 and any(map(recording, values)) and all(isinstance(value, int) for value in values):
        return recorded(which, *values)  # type: ignore[arg-type]
    return which(values)


def absolute(x: Number) -> Number:
    """Return a number without its sign."""
    return -x if x < 0 else x


def unchanged(x: Number) -> Number:
    """Return a number as it is."""
    return x


def negative(x: Number) -> Number:
    """Return a number with the other sign."""
    return -x
Binary: TypeAlias = Callable[[Number, Number], Number]
ARITHMETIC: tuple[dict[str, Binary], ...] = (
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": quotient, "//": operator.floordiv, "%": operator.mod},
)
COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}
UNARY_FUNCTIONS: dict[str, Callable[[Number], Number]] = {
    "abs": absolute, "floor": math.floor, "ceil": math.ceil, "round": round,
}
SIGNS: dict[str, Callable[[Number], Number]] = {"+": unchanged, "-": negative}


KINDS = frozenset({bool, Listed})
"""What is no number."""
KNOWN = frozenset({int, bool, Listed})
"""What is in its one form."""


def settled(value: Number, part: Piece) -> Number:
    """Return a result in its one form, an int when it is whole, unless it is out of bounds."""
    if recording(value):
        return value
    if value.denominator >= LIMIT or not -LIMIT < value.numerator < LIMIT:
        part.fail(f"the value has more than {MAX_BITS} bits", "number-too-large", "check the factors")
    return exact(value)


def refuse_boolean(value: Value, part: Piece, use: str) -> Number:
    """Return a value that is a number; refuse a truth value."""
    if isinstance(value, Listed):
        part.fail(f"a list cannot be {use}", "not-a-number", "walk it with each:, or use len(..) or sum(..)")
    if isinstance(value, bool):
        part.fail(f"{show(value)} is a boolean and cannot be {use}", "not-a-number",
                  "choose a number by it: '1 if condition else 0'")
    return value


def placed(token: Token, error: ExpressionError) -> ExpressionError:
    """Return the error of a scope, which does not know places, with the place of the name."""
    return ExpressionError(error.message, offset=token.start, length=len(token.text), hint=error.hint, code=error.code)


def constant(value: Value) -> Run:
    """Compute the same value always."""
    return lambda _scope: value


def named(name: str, token: Token) -> Run:
    """Compute what a name means."""
    def run(scope: NameSpace) -> Value:
        try:
            value = scope.name(name)
        except KeyError:
            raise ExpressionError(f"'{name}' is not known here", offset=token.start, length=len(name),
                                  code="unknown-name") from None
        except ExpressionError as error:
            raise placed(token, error) from None
        return value if type(value) in KNOWN else exact(value)

    return run


def sized(label: str, attribute: str, token: Token) -> Run:
    """Compute a size of a labelled layer."""
    def run(scope: NameSpace) -> Value:
        try:
            return exact(scope.attribute(label, attribute))
        except KeyError:
            raise ExpressionError(f"there is no label '{label}' here", offset=token.start, length=len(label),
                                  code="unknown-label") from None
        except ExpressionError as error:
            raise placed(token, error) from None

    return run


def choice(condition: Run, then: Run, otherwise: Run) -> Run:
    """Compute one of two values."""
    return lambda scope: then(scope) if condition(scope) else otherwise(scope)


def either(left: Run, right: Run) -> Run:
    """Compute `or`."""
    return lambda scope: bool(left(scope)) or bool(right(scope))


def both(left: Run, right: Run) -> Run:
    """Compute `and`."""
    return lambda scope: bool(left(scope)) and bool(right(scope))


def negated(part: Run) -> Run:
    """Compute `not`."""
    return lambda scope: not part(scope)


def calculated(first: Piece, links: list[tuple[Binary, Piece]]) -> Run:
    """Compute a chain of sums and differences, or of products and quotients, from the left.

    One function computes the whole chain, so that a long sum takes little memory and is no deep recursion.
    """
    steps = tuple((calculate, part.run, part) for calculate, part in links)
    run_first = first.run

    def run(scope: NameSpace) -> Value:
        value = run_first(scope)
        if type(value) in KINDS:
            steps[0][1](scope)
            refuse_boolean(value, first, "used as a number")
        for calculate, run_part, part in steps:
            operand = run_part(scope)
            if type(operand) in KINDS:
                refuse_boolean(operand, part, "used as a number")
            if type(value) is Fraction and recording(operand):
                value = alongside(value, operand)
            try:
                value = calculate(value, operand)
            except ZeroDivisionError:
                part.fail("division by zero", "division-by-zero", "check the divisor")
            if type(value) is not int or not -LIMIT < value < LIMIT:
                value = settled(value, Piece(run_first, first.start, part.end))
        return value

    return run


def applied(calculate: Callable[[Number], Number], part: Piece) -> Run:
    """Compute a function of one number."""
    run_part = part.run

    def run(scope: NameSpace) -> Value:
        return exact(calculate(refuse_boolean(run_part(scope), part, "used as a number")))

    return run


def compared(first: Piece, links: list[tuple[str, Piece]]) -> Run:
    """Compare neighbours from the left until one comparison fails; every operand is evaluated at most once."""
    steps = tuple((symbol, COMPARISONS[symbol], part, part.run) for symbol, part in links)
    run_first = first.run

    def run(scope: NameSpace) -> Value:
        left, left_part = run_first(scope), first
        for symbol, compare, part, run_part in steps:
            right = run_part(scope)
            if type(left) in KINDS or type(right) in KINDS:
                check_boolean_comparison(symbol, (left, left_part), (right, part))
            if not compare(left, right):
                return False
            left, left_part = right, part
        return True

    return run


def check_boolean_comparison(symbol: str, left: tuple[Value, Piece], right: tuple[Value, Piece]) -> None:
    """Allow two booleans to be equal or not, and nothing else."""
    if symbol not in {"==", "!="} or isinstance(left[0], Listed) or isinstance(right[0], Listed):
        refuse_boolean(*left, f"compared by '{symbol}'")
        refuse_boolean(*right, f"compared by '{symbol}'")
    elif isinstance(left[0], bool) != isinstance(right[0], bool):
        refuse_boolean(*left, "compared with a number")
        refuse_boolean(*right, "compared with a number")


def called(name: str, arguments: list[Piece]) -> Run:
    """Compute a function by its name."""
    if name in UNARY_FUNCTIONS:
        return applied(UNARY_FUNCTIONS[name], arguments[0])

    def values(scope: NameSpace) -> list[Number]:
        return [refuse_boolean(part.run(scope), part, f"an argument of {name}") for part in arguments]

    if name in ("len", "sum"):
        return listed(name, arguments[0])
    if name == "min":
        return lambda scope: chosen(min, values(scope))
    if name == "max":
        return lambda scope: chosen(max, values(scope))

    def rounded(scope: NameSpace) -> Value:
        x, *rest = values(scope)
        divisor = whole_part(rest[0]) if rest else 8
        if not isinstance(divisor, int) or divisor < 1:
            arguments[1].fail(f"the divisor of {name} is {show(divisor)}", "function-arguments",
                              "use a whole number of at least 1")
        return settled(round8(x, divisor), arguments[0])

    return rounded


def listed(name: str, part: Piece) -> Run:
    """Compute the length or the sum of a list."""

    def run(scope: NameSpace) -> Value:
        value: Any = part.run(scope)
        if not isinstance(value, Listed):
            part.fail(f"{name} takes a list, not {show(value)}", "not-a-list", f"write {name}(widths) with vars: "
                      "{widths: [64, 128]}")  # fmt: skip
        if name == "len":
            return len(value)
        entries = value.values()
        if value.summed[0] is not entries:
            total: Number = 0
            for entry in entries:
                total += refuse_boolean(entry, part, "summed")
            value.summed = entries, total
        return settled(value.summed[1], part)

    return run


def power(base: Piece, exponent: Piece) -> Run:
    """Compute a power with a whole exponent from 0 to 64."""
    whole = Piece(base.run, base.start, exponent.end)

    def run(scope: NameSpace) -> Value:
        value = refuse_boolean(base.run(scope), base, "used as a number")
        times = whole_part(refuse_boolean(exponent.run(scope), exponent, "used as a number"))
        if not isinstance(times, int) or isinstance(times, bool) or not 0 <= times <= MAX_EXPONENT:
            exponent.fail(f"an exponent is a whole number from 0 to {MAX_EXPONENT}, got {show(times)}", "bad-exponent",
                          "divide by a power instead of using a negative one"
                          if times < 0 else "multiply two powers for a larger one" if times > MAX_EXPONENT
                          else "use floor(..), or a whole number")  # fmt: skip
        return settled(value**times, whole)

    return run
