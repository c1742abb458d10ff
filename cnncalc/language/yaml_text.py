"""From text to a located tree: YAML as plain data, scalars by the YAML 1.2 core schema, every node with its place.

The tree is built from parser events, so limits and refused features end the work at the event where they show.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

import yaml

from cnncalc.language.literals import BOOLEANS, LiteralError, parse_number
from cnncalc.language.open_marks import MARK, SHIELD, shielded
from cnncalc.language.tree import EXPANDED_MARKER, MAX_NESTING, SURROGATE, Map, Node, Refused, Scalar, Seq, Value
from cnncalc.values.diagnostics import MAX_REPORTED, Collector, Diagnostic, Span, SpecError

MAX_BYTES = 2**20
MAX_EXPANDED_BYTES = 64 * 2**20
MAX_VALUES = 100_000
"""A spec holds no more values than this: words, numbers, keys, lists and mappings; an entry of a list counts twice.

What an expression of more than 32 characters joins counts again: reading expressions costs no more than values do.
"""
_SHORT, _OPERATORS = 32, "+-*/%(,<>="
_LOADER: Any = getattr(yaml, "CLoader", yaml.Loader)
_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
# What only unusual files need stays text: `re` compiles it, and keeps it, at the first use.
_FORBIDDEN = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
_FORBIDDEN_ASCII = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINE_BREAK = "\r\n|[\n\r\x85\u2028\u2029]"
_CONSTANTS: dict[str, Value] = {"": None, "~": None, "null": None, "Null": None, "NULL": None, **BOOLEANS}
_NUMBER_STARTS = frozenset("0123456789+-.")
_START_HINT = "start with 'cnncalc: 1', 'input:' and 'layers:'"
_SYNTAX_HINTS = (
    ("tag handle", "remove the tag: a spec is plain data"),
    ("values are not allowed", "check the indentation, and quote text that contains ': '"),
    ("cannot start any token", "quote text that starts with this character"),
    ("expected <block end>", "items of one list and keys of one mapping start in the same column"),
    ("did not find expected key", "items of one list and keys of one mapping start in the same column"),
    ("did not find expected '-'", "items of one list start in the same column"),
    ("could not find expected ':'", "write 'key: value', with a space after the colon"),
    ("expected ',' or", "close the bracket, and separate the items by commas"),
    ("unexpected end of stream", "close the quotes"),
    ("unknown escape character", "write text with backslashes in single quotes"),
)


def read(text: str | bytes, file: str | None = None, *, used: bool = False,
         go_on: bool = False) -> tuple[Map, Collector]:  # fmt: skip
    """Read the text of a spec, UTF-8 with or without a byte-order mark, into its top-level mapping.

    Args:
        text: the text.
        file: its name for diagnostics.
        used: a spec uses this file, so that the places of its nodes name it.
        go_on: ambiguous numbers are left in the collector, and in the tree as `Refused`, so that the rest can be read.

    Returns:
        The tree, and a collector that knows the file and its lines for whatever is found later.

    Raises:
        SpecError: it is no YAML, exceeds a limit, or uses what a spec must not: anchors, aliases, tags, merge keys,
            duplicate or non-scalar keys, several documents, directives, ambiguous numbers.
    """
    limit = _check_size(text, file)
    clean = _decode(text, file) if isinstance(text, bytes) else text
    clean = clean.removeprefix(_BOM)
    _check_characters(clean, file)
    found = Collector(file=file, lines=tuple(clean.splitlines()))
    _check_directives(found)
    values = MAX_VALUES if limit == MAX_BYTES else MAX_EXPANDED_BYTES
    return _EventReader(clean, found, file if used and file else "", values).document(go_on=go_on), found


def top_level_keys(data: bytes) -> tuple[frozenset[str], bool]:
    """Return the keys of a text's top-level mappings, in every document, and whether it could be read to its end.

    The keys before a place that no YAML reader gets beyond are among them.
    """
    found: set[str] = set()
    try:
        following = _LOADER(shielded(data.decode().removeprefix(_BOM))).get_event
        depth, key = 0, True
        while (event := following()) is not None:
            kind = type(event)
            if kind in {yaml.MappingEndEvent, yaml.SequenceEndEvent}:
                depth -= 1
            if kind is yaml.ScalarEvent and depth == 1 and key:
                found.add(event.value)
            if depth == 1 and kind in {yaml.ScalarEvent, yaml.AliasEvent, yaml.MappingEndEvent, yaml.SequenceEndEvent}:
                key = not key
            if kind is yaml.SequenceStartEvent and not depth:
                return frozenset(), True
            if kind in {yaml.MappingStartEvent, yaml.SequenceStartEvent}:
                depth += 1
                key = key if depth > 1 else True
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError):
        return frozenset(found), False
    return frozenset(found), True


def _fail(file: str | None, code: str, message: str, hint: str, place: tuple[Span, str | None] = (Span(1, 1), None),
          ) -> NoReturn:
    span, source = place
    raise SpecError([Diagnostic(code=code, message=message, hint=hint, span=span, file=file, source=source)])


def _check_size(text: str | bytes, file: str | None) -> int:
    """Return how many bytes a text may have; refuse one that has more."""
    marker: str | bytes
    if isinstance(text, bytes):
        marker, bom = EXPANDED_MARKER.encode(), _BOM.encode()
        expanded = text[: len(bom) + len(marker)].removeprefix(bom).startswith(marker)
    else:
        expanded = text[: 1 + len(EXPANDED_MARKER)].removeprefix(_BOM).startswith(EXPANDED_MARKER)
    limit = MAX_EXPANDED_BYTES if expanded else MAX_BYTES
    size = len(text)
    if size <= limit and isinstance(text, str) and not text.isascii():
        size = len(text.encode("utf-8", "surrogatepass"))
    if size > limit:
        _fail(file, "file-too-large", f"a spec has at most {limit // 2**20} MiB, this one has more",
              "use blocks and repeat for what recurs")
    return limit


def _decode(data: bytes, file: str | None) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        _fail(file, "not-utf8", "the file is UTF-16", "save it as UTF-8")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode().removeprefix(_BOM)
        place = _place(before + data[error.start :].decode("utf-8", "replace"), len(before))
        _fail(file, "not-utf8", f"byte 0x{data[error.start]:02x} is not UTF-8", "save the file as UTF-8", place)


def _check_characters(text: str, file: str | None) -> None:
    match = _FORBIDDEN_ASCII.search(text) if text.isascii() else re.search(_FORBIDDEN, text)
    if match:
        hint = "save the file as UTF-8" if match[0] == "\0" else "remove it; inside double quotes it can be escaped"
        _fail(file, "control-character", f"character U+{ord(match[0]):04X} is not allowed in a spec", hint,
              _place(text, match.start()))


def _place(text: str, offset: int) -> tuple[Span, str | None]:
    """Return the place of a character, and its line."""
    line, start = 1, 0
    for match in re.compile(_LINE_BREAK).finditer(text, 0, offset):
        if match.end() <= offset:
            line, start = line + 1, match.end()
    end = re.compile(_LINE_BREAK).search(text, offset)
    return Span(line, offset - start + 1), text[start : end.start() if end else len(text)]


def _check_directives(found: Collector) -> None:
    for number, line in enumerate(found.lines or (), 1):
        if line.startswith("%"):
            if not re.fullmatch(r"%YAML[ \t]+1\.[12][ \t]*(#.*)?", line):
                found.add("directive", f"directive {line.rstrip()[:40]} is not supported",
                          Span(number, 1, len(line.rstrip())), hint="remove the line; '%YAML 1.2' alone may stand here")
                found.raise_if_errors()
        elif line.strip() and not line.lstrip().startswith("#"):
            return


class _EventReader:
    """One pass over the events of one text; every method consumes exactly its own node."""

    __slots__ = ("_file", "_found", "_left", "_lines", "_next", "_numbers", "_resolved", "_shielded")

    def __init__(self, text: str, found: Collector, file: str, values: int) -> None:
        self._file = file
        self._found = found
        self._left = values
        self._lines = found.lines or ()
        text, bare = shielded(text), text
        self._shielded = text is not bare
        self._next = _LOADER(text).get_event
        self._resolved: dict[str, Value] = dict(_CONSTANTS)
        self._numbers = 0

    def document(self, *, go_on: bool = False) -> Map:
        try:
            root = self._document()
        except yaml.MarkedYAMLError as error:
            self._syntax_error(error)
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            self._stop("yaml-syntax", f"not YAML: {_first_line(str(error))}", Span(1, 1), None)
        if not go_on or len(self._found.found) > self._numbers:
            self._found.raise_if_errors()
        return root

    def _document(self) -> Map:
        self._next()
        event = self._next()
        if type(event) is yaml.StreamEndEvent:
            self._stop("empty-document", "the spec is empty", Span(1, 1), _START_HINT)
        event = self._next()
        kind = type(event)
        if kind is yaml.ScalarEvent and not event.value and not event.style and not event.tag and not event.anchor:
            self._stop("empty-document", "the spec is empty", Span(1, 1), _START_HINT)
        root = self._node(event, 1)
        self._next()
        event = self._next()
        if type(event) is not yaml.StreamEndEvent:
            self._stop("multiple-documents", "a spec is one YAML document, a second one starts here", self._span(event),
                       "put each network into a file of its own")
        if not isinstance(root, Map):
            name = "a list" if isinstance(root, Seq) else "a single value"
            self._stop("not-a-mapping", f"a spec is a mapping at its top level, this is {name}", root.span,
                       _START_HINT)
        return root

    def _node(self, event: Any, depth: int) -> Node:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            return self._scalar(event)
        if kind is yaml.AliasEvent:
            self._error("alias", f"alias *{event.anchor} is not supported", self._span(event),
                        "name the value under 'vars:' or the layers under 'blocks:'; no expression starts with '*'")
            return Scalar(None, False, "", event.start_mark.line + 1, event.start_mark.column + 1, 1, self._file)
        if event.anchor is not None or event.tag is not None:
            self._refuse_properties(event)
        if depth > MAX_NESTING:
            self._too_deep(self._span(event))
        self._left -= 1
        if self._left < 0:
            self._too_many(event)
        return self._map(event, depth) if kind is yaml.MappingStartEvent else self._seq(event, depth)

    def _seq(self, start: Any, depth: int) -> Seq:
        following = self._next
        items: list[Node] = []
        while type(event := following()) is not yaml.SequenceEndEvent:
            self._left -= 1
            items.append(self._scalar(event) if type(event) is yaml.ScalarEvent else self._node(event, depth + 1))
        return Seq(items, *self._extent(start, event), self._file)

    def _map(self, start: Any, depth: int) -> Map:
        following, scalar = self._next, self._scalar
        by_text: dict[str, tuple[Scalar, Node]] = {}
        while type(event := following()) is not yaml.MappingEndEvent:
            if type(event) is not yaml.ScalarEvent:
                self._bad_key(event)
            key = scalar(event)
            text = key.text
            if text == "<<" and key.plain:
                self._error("merge-key", "merge keys are not supported", key.span,
                            "put what is shared under 'defaults:' or into a block")
            elif text in by_text:
                first = by_text[text][0].span
                self._error("duplicate-key", f"key {_quoted(text)} is given twice", key.span, "remove one of the two",
                            (("first given here", first),) if first else ())
            event = following()
            if type(event) is not yaml.ScalarEvent:
                by_text[text] = (key, self._node(event, depth + 1))
                continue
            value = scalar(event)
            if not value.text and value.plain:
                value.line, value.column, value.length = key.line, key.column, key.length
            by_text[text] = (key, value)
        return Map(by_text, *self._extent(start, event), self._file)

    def _scalar(self, event: Any) -> Scalar:
        if event.anchor is not None or event.tag is not None:
            self._refuse_properties(event)
        self._left -= 1
        if self._left < 0:
            self._too_many(event)
        text: str = event.value.replace(SHIELD, MARK) if self._shielded else event.value
        start, end = event.start_mark, event.end_mark
        line, column = start.line, start.column
        length = (end.column if line == end.line else len(self._lines[line].rstrip())) - column or 1
        if event.style:
            if event.style == '"' and not text.isascii() and re.search(SURROGATE, text):
                self._error("yaml-syntax", "a surrogate is not a character", Span(line + 1, column + 1, length),
                            "escape characters above U+FFFF as \\U and eight digits")
                text = re.sub(SURROGATE, "\N{REPLACEMENT CHARACTER}", text)
            return Scalar(text, False, text, line + 1, column + 1, length, self._file)
        if len(text) > _SHORT:
            self._left -= sum(map(text.count, _OPERATORS))
        resolved = self._resolved
        try:
            value = resolved[text]
        except KeyError:
            try:
                value = _resolve(text)
            except LiteralError as error:
                self._error(error.code, error.message, Span(line + 1, column + 1, length),
                            f"{error.hint}; quote it if it is text")
                self._numbers += 1
                value = Refused(text)
            else:
                resolved[text] = value
        return Scalar(value, True, text, line + 1, column + 1, length, self._file)

    def _extent(self, start: Any, end: Any) -> tuple[int, int, int]:
        """Return line, column and length on the first line of a collection."""
        first, last = start.start_mark, end.end_mark
        line, column = first.line, first.column
        same_line = start.flow_style and last.line == line
        length = (last.column if same_line else len(self._lines[line].rstrip())) - column
        return line + 1, column + 1, length if length > 0 else 1

    def _refuse_properties(self, event: Any) -> None:
        if event.anchor is not None:
            self._error("anchor", f"anchor &{event.anchor} is not supported", self._span(event),
                        "name the value under 'vars:' or the layers under 'blocks:'")
        if event.tag is not None:
            self._error("tag", f"tag {_quoted(event.tag)} is not supported", self._span(event),
                        "remove the tag: a spec is plain data")

    def _bad_key(self, event: Any) -> NoReturn:
        if type(event) is yaml.AliasEvent:
            self._stop("alias", f"alias *{event.anchor} is not supported", self._span(event), "write the key itself")
        kind = "list" if type(event) is yaml.SequenceStartEvent else "mapping"
        self._stop("non-scalar-key", f"a key is a word, not a {kind}", self._span(event),
                   "write 'key: value'; quote text that starts with a bracket or brace")

    def _span(self, event: Any) -> Span:
        """Return the place of an event, to the end of its first line."""
        start, end = event.start_mark, event.end_mark
        line = self._lines[start.line] if start.line < len(self._lines) else ""
        stop = end.column if end.line == start.line else len(line.rstrip())
        return Span(start.line + 1, start.column + 1, max(stop - start.column, 1))

    def _error(self, code: str, message: str, span: Span | None, hint: str,
               related: tuple[tuple[str, Span], ...] = ()) -> None:
        self._found.add(code, message, span, hint=hint, related=related)
        if len(self._found.found) >= MAX_REPORTED:
            self._found.raise_if_errors()

    def _stop(self, code: str, message: str, span: Span | None, hint: str | None) -> NoReturn:
        self._found.add(code, message, span, hint=hint)
        raise SpecError(self._found.errors)

    def _too_deep(self, span: Span) -> NoReturn:
        self._stop("too-deep", f"lists and mappings are nested more than {MAX_NESTING} deep", span,
                   "name the inner parts under 'blocks:'")

    def _too_many(self, event: Any) -> NoReturn:
        self._stop("too-many-values", f"a spec holds at most {MAX_VALUES:,} values, and the entries of lists again",
                   self._span(event), "use blocks and repeat for what recurs")

    def _syntax_error(self, error: yaml.MarkedYAMLError) -> NoReturn:
        if "nesting depth" in (error.problem or ""):
            # The parser reads ahead of its events, so its own limit on nesting, where it has one, can show before ours.
            self._too_deep(self._mark_span(error.problem_mark))
        problem = _first_line(error.problem or error.context or "not YAML")
        if error.problem and error.context:
            problem += f", {_first_line(error.context)}"
        span = self._mark_span(error.problem_mark or error.context_mark)
        related: tuple[tuple[str, Span], ...] = ()
        if error.problem_mark and error.context_mark:
            context = self._mark_span(error.context_mark)
            related = (("it starts here", context),) if context.line != span.line else ()
        line = self._lines[span.line - 1] if span.line <= len(self._lines) else ""
        if "\t" in line[: len(line) - len(line.lstrip())]:
            hint: str | None = "indent with spaces: YAML does not allow tabs there"
        elif re.search(r"[A-Za-z0-9_]\[[^\]]*\]", line[: span.column + 10]) and "flow mapping" in problem:
            hint = "there are no subscripts: walk a list with each:"
        else:
            hint = next((hint for words, hint in _SYNTAX_HINTS if words in problem), None)
        self._found.add("yaml-syntax", f"not YAML: {problem}", span, hint=hint, related=related)
        raise SpecError(self._found.errors)

    def _mark_span(self, mark: Any) -> Span:
        """Return the place of a parser's mark; the end of the text counts as the end of its last line."""
        if mark is None:
            return Span(1, 1)
        if mark.line < len(self._lines):
            return Span(mark.line + 1, mark.column + 1)
        last = len(self._lines)
        return Span(last, len(self._lines[-1]) + 1) if last else Span(1, 1)


def _resolve(text: str) -> Value:
    if text[0] not in _NUMBER_STARTS:
        return text
    number = parse_number(text)
    return text if number is None else number


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
