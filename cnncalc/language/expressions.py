"""The expression language of numeric slots: exact arithmetic over names, compiled once to nested closures.

    conditional    a if c else b
    disjunction    or
    conjunction    and
    negation       not
    comparison     == != < <= > >=      chained as in mathematics
    sum            + -
    product        * / // %
    sign           + -
    power          **                    of a whole exponent, from the right
    atom           number, true, false, name, label.c, label.h, label.w, function(...), (...)

From the weakest binding to the strongest. Nothing rounds unless asked to: `0.7` is 7/10, and `/` gives the exact
quotient. Booleans are values of their own and no numbers.
"""

from __future__ import annotations

import re
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn

from cnncalc.language.arithmetic import (
    ARITHMETIC,
    COMPARISONS,
    MAX_BITS,
    SIGNS,
    ExpressionError,
    NameSpace,
    Piece,
    Run,
    Token,
    Value,
    applied,
    both,
    calculated,
    called,
    choice,
    compared,
    constant,
    either,
    named,
    negated,
    power,
    require_whole,
    round8,
    show,
    sized,
)
from cnncalc.language.literals import BOOLEANS, LiteralError, Number, parse_number
from cnncalc.values.diagnostics import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ATTRIBUTES",
    "FUNCTIONS",
    "MAX_BITS",
    "MAX_CHARACTERS",
    "MAX_NESTING",
    "RESERVED",
    "Expression",
    "ExpressionError",
    "NameSpace",
    "Number",
    "Value",
    "compile_expression",
    "require_whole",
    "round8",
    "show",
    "tokens",
]

MAX_CHARACTERS = 200
MAX_NESTING = 32
ATTRIBUTES: Mapping[str, str] = MappingProxyType({"c": "channels", "h": "height", "w": "width", "d": "depth"})
"""What may follow a label and a dot."""
FUNCTIONS: Mapping[str, str] = MappingProxyType({
    "min": "min(a, b, ...): the smallest",
    "max": "max(a, b, ...): the largest",
    "abs": "abs(x): x without its sign",
    "floor": "floor(x): rounded down",
    "ceil": "ceil(x): rounded up",
    "round": "round(x): to the nearest whole number, halves to the even one",
    "len": "len(list): how many entries it has",
    "sum": "sum(list): of its entries",
    "round8": "round8(x, divisor=8): to a multiple of the divisor as MobileNet does, never below 90 % of x",
})
"""Every function with its signature and what it gives."""
RESERVED: frozenset[str] = frozenset({
    "prev", "input", "i", "c_in", "and", "or", "not", "if", "else", "true", "false", "none",
        *(FUNCTIONS.keys() - {"len", "sum"}),
})
"""Words that cannot be labels, variables or parameters."""
_OPERATOR_WORDS = frozenset({"and", "or", "not", "if", "else"})
_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<number>(?:[0-9]|\.[0-9])(?:[eE][-+](?=[0-9])|[0-9A-Za-z_.])*)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)"
    r"|(?P<operator>\*\*|//|<<|>>|==|!=|<=|>=|&&|\|\||[-+*/%()<>,=!&|^~])"
)
_REFUSED = {
    "^": ("no-power", "'^' is no operator", "write x**2"),
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
    "[": ("no-subscripts", "there are no subscripts in expressions",
          "walk a list with each:, write label.c for a size"),
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


class Expression:
    """A compiled expression.

    Attributes:
        text: as written.
        names: the bare names in it, without functions and words of the language.
        attributes: the labels whose size it uses, each with `c`, `h` or `w`.
    """

    __slots__ = ("_run", "attributes", "names", "text")

    def __init__(self, text: str, names: frozenset[str], attributes: frozenset[tuple[str, str]], run: Run) -> None:
        self.text = text
        self.names = names
        self.attributes = attributes
        self._run = run

    def evaluate(self, scope: NameSpace) -> Value:
        """Return the value: a boolean, or an exact number, which is an int when it is whole.

        Raises:
            ExpressionError: a name is unknown, an operand has the wrong kind, a divisor is zero, or a number exceeds
                `MAX_BITS`.
        """
        return self._run(scope)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


@lru_cache(maxsize=1024)
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


def tokens(text: str) -> list[Token]:
    """Return the pieces of an expression, without the space between them.

    Raises:
        ExpressionError: a character has no meaning in an expression.
    """
    found = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        piece = match[0] if match else text[position]
        if not match or piece in _REFUSED:
            code, message, hint = _REFUSED.get(
                piece, ("expression-syntax", f"character {piece!r} has no meaning in an expression", None))
            raise ExpressionError(message, offset=position, length=len(piece), hint=hint, code=code)
        if match.lastgroup != "space":
            found.append(Token(match.lastgroup or "", piece, position))
        position = match.end()
    return found


class _Parser:
    """Precedence climbing over the tokens of one text; every method returns a compiled part."""

    __slots__ = ("_attributes", "_depth", "_names", "_position", "_text", "_tokens")

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
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

    def _peek(self) -> Token | None:
        return self._tokens[self._position] if self._position < len(self._tokens) else None

    def _accept(self, *texts: str) -> Token | None:
        token = self._peek()
        if token and token.text in texts:
            self._position += 1
            return token
        return None

    def _expect(self, text: str, opening: Token, hint: str) -> Token:
        token = self._peek()
        if token is None:
            self._fail(opening, f"'{opening.text}' has no '{text}'", hint)
        if token.text != text:
            self._unexpected(token, hint)
        self._position += 1
        return token

    def _fail(self, token: Token, message: str, hint: str | None = None, code: str = "expression-syntax") -> NoReturn:
        raise ExpressionError(message, offset=token.start, length=len(token.text), hint=hint, code=code)

    def _unexpected(self, token: Token, hint: str | None = None) -> NoReturn:
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

    def _enter(self, token: Token) -> None:
        self._depth += 1
        if self._depth > MAX_NESTING:
            self._fail(token, f"the expression is nested more than {MAX_NESTING} deep", "name its parts under 'vars:'",
                       "expression-too-deep")

    def _conditional(self) -> Piece:
        part = self._disjunction()
        if not (word := self._accept("if")):
            return part
        self._enter(word)
        condition = self._disjunction()
        self._expect("else", word, "write 'a if condition else b'")
        otherwise = self._conditional()
        self._depth -= 1
        return Piece(choice(condition.run, part.run, otherwise.run), part.start, otherwise.end)

    def _disjunction(self) -> Piece:
        part = self._conjunction()
        while self._accept("or"):
            right = self._conjunction()
            part = Piece(either(part.run, right.run), part.start, right.end)
        return part

    def _conjunction(self) -> Piece:
        part = self._negation()
        while self._accept("and"):
            right = self._negation()
            part = Piece(both(part.run, right.run), part.start, right.end)
        return part

    def _negation(self) -> Piece:
        if not (word := self._accept("not")):
            return self._comparison()
        self._enter(word)
        part = self._negation()
        self._depth -= 1
        return Piece(negated(part.run), word.start, part.end)

    def _comparison(self) -> Piece:
        first = self._arithmetic(0)
        links = []
        while token := self._accept(*COMPARISONS):
            links.append((token.text, self._arithmetic(0)))
        return Piece(compared(first, links), first.start, links[-1][1].end) if links else first

    def _arithmetic(self, level: int) -> Piece:
        """Parse sums (level 0) or products (level 1), grouped from the left."""
        if level == len(ARITHMETIC):
            return self._sign()
        first = self._arithmetic(level + 1)
        links = []
        while token := self._accept(*ARITHMETIC[level]):
            links.append((ARITHMETIC[level][token.text], self._arithmetic(level + 1)))
        return Piece(calculated(first, links), first.start, links[-1][1].end) if links else first

    def _sign(self) -> Piece:
        if not (token := self._accept(*SIGNS)):
            return self._power()
        self._enter(token)
        part = self._sign()
        self._depth -= 1
        return Piece(applied(SIGNS[token.text], part), token.start, part.end)

    def _power(self) -> Piece:
        base = self._atom()
        if not (token := self._accept("**")):
            return base
        self._enter(token)
        exponent = self._sign()
        self._depth -= 1
        return Piece(power(base, exponent), base.start, exponent.end)

    def _atom(self) -> Piece:
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
        return Piece(inner.run, token.start, closing.end)

    def _number(self, token: Token) -> Piece:
        try:
            value = parse_number(token.text)
        except LiteralError as error:
            self._fail(token, error.message, error.hint, error.code)
        if value is None:
            product = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([A-Za-z_][A-Za-z0-9_]*(?:\.[chwd])?)", token.text)
            hint = "write one number here" if re.fullmatch(r"[0-9]+(x[0-9]+)+", token.text) else None
            if product and hint is None:
                hint = f"write {product[1]}{' ' if product[2] in _OPERATOR_WORDS else '*'}{product[2]}"
            self._fail(token, f"'{token.text}' is not a number", hint)
        return Piece(constant(value), token.start, token.end)

    def _name(self, token: Token) -> Piece:
        name = token.text
        if name in BOOLEANS:
            return Piece(constant(BOOLEANS[name]), token.start, token.end)
        if name in _OPERATOR_WORDS:
            self._fail(token, f"a value is missing before '{name}'",
                       "put parentheses around the negation" if name == "not" else None)
        if (following := self._peek()) and following.text == "(":
            return self._call(token, following)
        if name in FUNCTIONS and name in RESERVED:
            self._fail(token, f"'{name}' is a function", f"call it: {_signature(name)}")
        if name in {"none", "null"}:
            self._fail(token, f"'{name}' is not a number", "use a number or a boolean", "not-a-number")
        if "." in name:
            return self._attribute(token)
        self._names.add(name)
        return Piece(named(name, token), token.start, token.end)

    def _attribute(self, token: Token) -> Piece:
        label, _, attribute = token.text.partition(".")
        if attribute in ATTRIBUTES:
            self._attributes.add((label, attribute))
            return Piece(sized(label, attribute, token), token.start, token.end)
        if "." in attribute or attribute[0].isdigit():
            self._fail(token, f"the dotted label '{token.text}' cannot be used in an expression",
                       "name the layer with 'as:' and write label.c, label.h or label.w", "dotted-label")
        hint = _ATTRIBUTE_HINTS.get(attribute.lower(), "a dotted label cannot stand in an expression")
        raise ExpressionError(f"'{label}' has no '.{attribute}': a label has .c, .h, .w and .d", hint=hint,
                              offset=token.start + len(label), length=len(attribute) + 1, code="unknown-attribute")

    def _call(self, name: Token, opening: Token) -> Piece:
        if name.text not in FUNCTIONS:
            self._fail(name, f"there is no function '{name.text}'",
                       _FUNCTION_HINTS.get(name.text.lower().lstrip("_")) or
                       did_you_mean(name.text, FUNCTIONS, f"the functions are {', '.join(FUNCTIONS)}"),
                       "unknown-function")
        self._enter(opening)
        self._position += 1
        arguments: list[Piece] = []
        divisor: Piece | None = None
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
        return Piece(called(name.text, arguments), name.start, closing.end)

    def _keyword(self, function: str) -> Token | None:
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

    def _check_arity(self, name: Token, count: int) -> None:
        least, most, wanted = _ARITIES.get(name.text, (1, 1, "one argument"))
        if count < least or (most is not None and count > most):
            self._refuse_arguments(name, f"takes {wanted}, not {count}")

    def _refuse_arguments(self, name: Token, message: str) -> NoReturn:
        self._fail(name, f"{name.text} {message}", f"write {_signature(name.text)}", "function-arguments")
_FUNCTION_HINTS = {
    **dict.fromkeys(("make_divisible", "round_filters", "round_channels"), "write round8(x, divisor=8)"),
    **dict.fromkeys(("int", "trunc"), "write floor(x), or x // y"),
    "pow": "write x**2",
    "sqrt": "write the number: an exponent is a whole number",
    "range": "walk a list with each:, or repeat with repeat: n and i",
}
"""By function of Python or of a framework, what to write instead."""
_ATTRIBUTE_HINTS = {
    "channels": "write .c", "height": "write .h", "width": "write .w", "shape": "write .c, .h or .w",
    "out": "write .c for its channels", "c_out": "write .c", "depth": "write .d",
}
_ARITIES: dict[str, tuple[int, int | None, str]] = {
    "min": (1, None, "at least one argument"),
    "max": (1, None, "at least one argument"),
    "round8": (1, 2, "one or two arguments"),
}


def _signature(function: str) -> str:
    return FUNCTIONS[function].partition(":")[0]
