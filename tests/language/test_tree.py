"""Text to located tree: what YAML 1.2 says, what is refused, where it points, and that nothing else ever escapes."""

from __future__ import annotations

import enum
import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from share import part

from cnncalc.language import yaml_text
from cnncalc.language.python_data import from_python
from cnncalc.language.tree import EXPANDED_MARKER, Map, Node, Scalar, Seq
from cnncalc.language.yaml_text import read
from cnncalc.values.diagnostics import MAX_REPORTED, Collector, Diagnostic, Span, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator

LOADERS = [yaml.Loader, *([yaml.CLoader] if yaml.__with_libyaml__ else [])]

SPEC = """\
cnncalc: 1
name: "réseau"      # a comment
input: [3, 224, 224]
vars: {width: 64, ratio: 0.25, note: on}
blocks:
  bottleneck:
    params: {mid: , out: 4*mid, stride: 1}
    layers:
      - add:
          body:
            - conv: {out: mid, kernel: 1}
          skip:
            - conv: {out: out, kernel: 1, stride: stride, act: none}
              when: stride != 1 or c_in != out
      - relu
layers:
  - conv: {out: width, kernel: 7, stride: 2}
  - {bottleneck: 2*width, repeat: 4, first: {stride: 2}, as: layer2}
  - linear: 'classes'
budgets: {macs: 4.1G, params: 25.6M}
"""


@pytest.fixture(params=LOADERS, ids=lambda loader: str(loader.__name__))
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_text, "_LOADER", request.param)


def plain(node: Node | None) -> Any:
    """The tree as Python data, numbers with their type."""
    if isinstance(node, Map):
        return {key.text: plain(value) for key, value in node.entries}
    if isinstance(node, Seq):
        return [plain(item) for item in node.items]
    assert isinstance(node, Scalar)
    return (type(node.value), node.value)


def located(node: Node) -> list[tuple[object, ...]]:
    """Every node in order with its place."""
    if isinstance(node, Scalar):
        return [("scalar", type(node.value), node.value, node.plain, node.text, node.span)]
    if isinstance(node, Seq):
        return [("seq", node.span), *(row for item in node.items for row in located(item))]
    return [("map", node.span), *(row for key, value in node.entries for row in [*located(key), *located(value)])]


def value_of(text: str) -> object:
    node = read(f"a: {text}\n")[0].get("a")
    assert isinstance(node, Scalar)
    return node.value


def refused(text: str | bytes) -> Diagnostic:
    """The one error of a text."""
    with pytest.raises(SpecError) as caught:
        read(text, "f.yaml")
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


# Readings of the YAML 1.2.2 core schema, section 10.3.2, and its examples.
SCALARS: list[tuple[str, object]] = [
    ("", None), ("~", None), ("null", None), ("Null", None), ("NULL", None),
    ("true", True), ("True", True), ("TRUE", True), ("false", False), ("False", False), ("FALSE", False),
    ("0", 0), ("-0", 0), ("-19", -19), ("+7", 7), ("0o7", 7), ("0o17", 15), ("0x3A", 58), ("0x1f", 31),
    ("9223372036854775807", 2**63 - 1), ("-9223372036854775807", -(2**63) + 1),
    ("0.", 0), ("-0.0", 0), (".5", Fraction(1, 2)), ("+12e03", 12000), ("-2E+05", -200000), ("1e6", 10**6),
    ("1.5e3", 1500), ("0.7", Fraction(7, 10)), ("64.0", 64), ("1e-3", Fraction(1, 1000)), ("2.5E-1", Fraction(1, 4)),
    ("on", "on"), ("off", "off"), ("yes", "yes"), ("no", "no"), ("y", "y"), ("nULL", "nULL"), ("tRUE", "tRUE"),
    ("16:9", "16:9"), ("190:20:30", "190:20:30"), ("0b11", "0b11"), ("0o8", "0o8"), ("0xg", "0xg"), ("-0x1", "-0x1"),
    ("-0o7", "-0o7"), ("1e", "1e"), (".", "."), ("+", "+"), ("...5", "...5"), ("1.2.3", "1.2.3"),
    ("2015-12-10", "2015-12-10"), ("4*mid", "4*mid"), ("4.1G", "4.1G"), ("1 000", "1 000"), (".inf.", ".inf."),
    ("3x224x224", "3x224x224"), ("'64'", "64"), ('"64"', "64"), ("'true'", "true"), ("''", ""), ('"~"', "~"),
    ('"a\\tb"', "a\tb"), ("arXiv:1512.03385", "arXiv:1512.03385"), ("_1", "_1"), ("٣", "٣"),
]


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(("text", "expected"), SCALARS)
def test_scalars_follow_the_core_schema(text: str, expected: object) -> None:
    value = value_of(text)
    assert (type(value), value) == (type(expected), expected)


@pytest.mark.parametrize(("text", "code", "hint"), [
    ("010", "leading-zero", "write 10, or 0o10 if it is octal; quote it if it is text"),
    ("-007", "leading-zero", "write -7; quote it if it is text"),
    ("00", "leading-zero", "write 0; quote it if it is text"),
    ("089", "leading-zero", "write 89; quote it if it is text"),
    ("010.5", "leading-zero", "write 10.5; quote it if it is text"),
    ("1_000", "number-separator", "write 1000; quote it if it is text"),
    ("1_0.5_0", "number-separator", "write 10.50; quote it if it is text"),
    ("0x_ff", "number-separator", "write 0xff; quote it if it is text"),
    ("1,000", "number-separator", "write 1000, or [a, b, c] for a list; quote it if it is text"),
    ("3,224,224", "number-separator", "write 3224224, or [a, b, c] for a list; quote it if it is text"),
    (".inf", "not-finite", None), ("-.Inf", "not-finite", None), (".NaN", "not-finite", None),
    ("9223372036854775808", "number-too-large", None), ("-9223372036854775808", "number-too-large", None),
    ("1e19", "number-too-large", None), ("0xFFFFFFFFFFFFFFFF", "number-too-large", None),
    ("1e999999999", "number-too-large", None), ("1e-999999999", "number-too-large", None),
    ("1" * 10_000, "number-too-large", None), ("0." + "1" * 10_000, "number-too-large", None),
    ("0x" + "1" * 10_000, "number-too-large", None), ("0" * 10_000, "leading-zero", None),
    ("1e" + "9" * 10_000, "number-too-large", None),
])
def test_ambiguous_and_outsized_numbers_are_refused(text: str, code: str, hint: str | None) -> None:
    finding = refused(f"layers:\n  - x: {text}\n")
    assert (finding.code, finding.span) == (code, Span(2, 8, len(text)))
    assert finding.hint
    assert hint in {None, finding.hint}
    assert len(finding.message) < 200


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(("text", "code", "span", "words"), [
    ("a: &x 1", "anchor", (1, 4), "&x"),
    ("a: &x [1]", "anchor", (1, 4), "&x"),
    ("&x a: 1", "anchor", (1, 1), "&x"),
    ("a: *x", "alias", (1, 4), "*x"),
    ("a: [1, *mid]", "alias", (1, 8), "*mid"),
    ("{*x : 1}", "alias", (1, 2), "*x"),
    ("a: !!str 1", "tag", (1, 4), "str"),
    ("a: ! 1", "tag", (1, 4), "!"),
    ("a: !foo {b: 1}", "tag", (1, 4), "!foo"),
    ("!!map {a: 1}", "tag", (1, 1), "map"),
    ("a: 1\n<<: {b: 1}", "merge-key", (2, 1), "merge"),
    ("a: 1\nb: 2\na: 3", "duplicate-key", (3, 1), "'a'"),
    ('1: x\n"1": y', "duplicate-key", (2, 1), "'1'"),
    ("a: {b: 1, c: 2, b: 3}", "duplicate-key", (1, 17), "'b'"),
    ("a: 1\n---\nb: 1", "multiple-documents", (2, 1), "second"),
    ("a: 1\n...\n---\n", "multiple-documents", (3, 1), "second"),
    ("[1, 2]: x", "non-scalar-key", (1, 1), "list"),
    ("a:\n  ? {b: 1}\n  : x", "non-scalar-key", (2, 5), "mapping"),
    ("", "empty-document", (1, 1), "empty"),
    ("# only a comment\n\n", "empty-document", (1, 1), "empty"),
    ("---\n", "empty-document", (1, 1), "empty"),
    ("- a\n- b\n", "not-a-mapping", (1, 1), "list"),
    ("conv", "not-a-mapping", (1, 1), "single value"),
    ("%TAG !e! tag:x,2000:\n---\na: 1", "directive", (1, 1), "%TAG"),
    ("# c\n%FOO bar\n---\na: 1", "directive", (2, 1), "%FOO"),
    ("%YAML 3.0\n---\na: 1", "directive", (1, 1), "%YAML"),
    ("a: [1, 2", "yaml-syntax", (1, 9), "expected ',' or ']'"),
    ("a: [1, 2\n", "yaml-syntax", (1, 9), "expected ',' or ']'"),
    ("a: b: c", "yaml-syntax", (1, 5), "mapping values are not allowed"),
    ("a:\n\t- b", "yaml-syntax", (2, 1), "cannot start any token"),
    ('a: "b', "yaml-syntax", (1, 6), "end of stream"),
    ("a: @b", "yaml-syntax", (1, 4), "cannot start any token"),
    ("a: !e!x y", "yaml-syntax", (1, 4), "tag handle"),
    ("a:\n  - b\n  c: d\n", "yaml-syntax", (3, 3), "expected"),
    ("é: \0", "control-character", (1, 4), "U+0000"),
    ("a: b\r\nc: \x1b[31m", "control-character", (2, 4), "U+001B"),
    ("a: \x85\u2028é: \x9f", "control-character", (3, 4), "U+009F"),
    ("a: \ufeff", "control-character", (1, 4), "U+FEFF"),
    ("a: \ud800", "control-character", (1, 4), "U+D800"),
    (b"a: 1\n\xc3\xa9: \xe9", "not-utf8", (2, 4), "0xe9"),
    (b"\xef\xbb\xbf\xe9", "not-utf8", (1, 1), "0xe9"),
    ("a: 1".encode("utf-16"), "not-utf8", (1, 1), "UTF-16"),
    ("a: 1".encode("utf-16-le"), "control-character", (1, 2), "U+0000"),
])
def test_refusals_say_what_and_where(text: str | bytes, code: str, span: tuple[int, int], words: str) -> None:
    with pytest.raises(SpecError) as caught:
        read(text, "f.yaml")
    finding = caught.value.diagnostics[0]
    assert finding.code == code
    assert finding.span is not None
    assert (finding.span.line, finding.span.column) == span
    assert words in finding.message
    assert "\n" not in finding.message
    assert finding.hint
    assert finding.file == "f.yaml"
    assert str(caught.value).startswith(f"f.yaml:{span[0]}:{span[1]}: error: ")


def test_the_rendered_error_shows_the_line_and_the_first_of_two_keys() -> None:
    finding = refused("layers:\n  - conv: {out: 64, kernel: 3, out: 32}\n")
    assert finding.related == (("first given here", Span(2, 12, 3)),)
    assert finding.render().splitlines() == [
        "f.yaml:2:32: error: key 'out' is given twice [duplicate-key]",
        "2 |   - conv: {out: 64, kernel: 3, out: 32}",
        "  |                                ^^^",
        "  = note: first given here, line 2",
        "2 |   - conv: {out: 64, kernel: 3, out: 32}",
        "  |            ^^^",
        "  = hint: remove one of the two",
    ]


def test_tabs_as_indentation_are_named() -> None:
    hint = refused("a:\n\tb: 1\n").hint
    assert hint is not None
    assert "tabs" in hint


def test_independent_errors_come_together_and_sorted() -> None:
    with pytest.raises(SpecError) as caught:
        read("a: 010\nb: &x 1\nc: *x\na: 2\nd: [\n")
    assert [d.code for d in caught.value.diagnostics] == [
        "leading-zero", "anchor", "alias", "duplicate-key", "yaml-syntax",
    ]


def test_reading_ends_when_enough_errors_are_found() -> None:
    with pytest.raises(SpecError) as caught:
        read("".join(f"k{i}: 010\n" for i in range(10_000)))
    assert len(caught.value.diagnostics) == MAX_REPORTED


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(("text", "code"), [
    ("a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]\n" for i in range(1, 60)), "anchor"),
    ("[" * 10_000, "too-deep"),
    ("a: " + "[" * 10_000 + "]" * 10_000, "too-deep"),
    ("a: " + "{a: " * 10_000, "too-deep"),
    ("- " * 10_000, "too-deep"),
    ("a:\n" + "".join(" " * i + "a:\n" for i in range(1, 300)), "too-deep"),
    ("? " * 10_000, "non-scalar-key"),
    ("{{" + "a: b}: " + "{" * 900 + "}" * 900, "non-scalar-key"),
    ("a: b\n" * 500_000, "file-too-large"),
    ("é" * (2**19 + 1), "file-too-large"),
    (b"\xff" * (2**20 + 1), "file-too-large"),
    ("a:\n# cnncalc expand\n" + " " * 2**20, "file-too-large"),
    (EXPANDED_MARKER + "\n" + " " * 2**26, "file-too-large"),
])
def test_limits_end_the_work_early(text: str | bytes, code: str) -> None:
    with pytest.raises(SpecError) as caught:
        read(text)
    assert caught.value.diagnostics[0].code == code
    assert caught.value.diagnostics[0].span is not None


@pytest.mark.usefixtures("parser")
def test_a_parser_with_a_limit_of_its_own_says_the_same_of_depth() -> None:
    """Some parsers read ahead and give up at a thousand brackets, before the first of them shows as a bad key."""
    assert refused("{" * 10_000).code in {"non-scalar-key", "too-deep"}


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}")])
def test_nesting_up_to_the_limit_is_read(opening: str, closing: str) -> None:
    read("a: " + opening * 63 + closing * 63)
    assert refused("a: " + opening * 64 + closing * 64).code == "too-deep"


def test_large_files_are_read_when_they_were_written_by_expand() -> None:
    padding = "#" + "x" * 2**20 + "\n"
    for text in (f"{EXPANDED_MARKER} specs/x.yaml\n{padding}a: 1", f"\ufeff{EXPANDED_MARKER}\n{padding}a: 1"):
        for form in (text, text.encode()):
            assert plain(read(form)[0]) == {"a": (int, 1)}


def test_a_file_of_exactly_the_limit_is_read() -> None:
    assert plain(read("a: 1 #" + "x" * (2**20 - 6))[0]) == {"a": (int, 1)}


@pytest.mark.usefixtures("parser")
def test_the_tree_and_its_places() -> None:
    root, found = read(SPEC, "specs/net.yaml")
    assert isinstance(found, Collector)
    assert (found.file, found.found) == ("specs/net.yaml", [])
    assert found.lines == tuple(SPEC.split("\n")[:-1])
    assert list(root.keys()) == ["cnncalc", "name", "input", "vars", "blocks", "layers", "budgets"]
    assert root.get("nothing") is None
    assert root.key("nothing") is None
    layers = root.get("layers")
    assert isinstance(layers, Seq)
    assert layers.span == Span(17, 3, 42)
    conv, bottleneck, linear = layers.items
    assert isinstance(conv, Map)
    assert isinstance(bottleneck, Map)
    assert isinstance(linear, Map)
    key, arguments = conv.key("conv"), conv.get("conv")
    assert key is not None
    assert isinstance(arguments, Map)
    assert key.span == Span(17, 5, 4)
    assert conv.span == Span(17, 5, 40)
    assert arguments.span == Span(17, 11, 34)
    assert plain(arguments) == {"out": (str, "width"), "kernel": (int, 7), "stride": (int, 2)}
    assert bottleneck.span == Span(18, 5, 64)
    classes = linear.get("linear")
    assert isinstance(classes, Scalar)
    assert (classes.value, classes.plain, classes.span) == ("classes", False, Span(19, 13, 9))
    variables = root.get("vars")
    assert isinstance(variables, Map)
    assert plain(variables) == {"width": (int, 64), "ratio": (Fraction, Fraction(1, 4)), "note": (str, "on")}
    name = root.get("name")
    assert isinstance(name, Scalar)
    assert (name.value, name.span) == ("réseau", Span(2, 7, 8))


@pytest.mark.usefixtures("parser")
def test_columns_count_characters_after_a_mark_and_wide_text() -> None:
    text = '{α: x, "é😀": b}'
    for form in (text, "\ufeff" + text, text.encode(), b"\xef\xbb\xbf" + text.encode()):
        (x, b) = (node for _, node in read(form)[0].entries)
        assert x.span == Span(1, 5, 1)
        assert b.span == Span(1, 14, 1)
        key = read(form)[0].key("é😀")
        assert key is not None
        assert key.span == Span(1, 8, 4)


@pytest.mark.usefixtures("parser")
def test_an_empty_value_is_pointed_at_by_its_key() -> None:
    root = read("params: {mid: , out: 1}\nlast:\n")[0]
    params = root.get("params")
    assert isinstance(params, Map)
    mid, last = params.get("mid"), root.get("last")
    assert mid is not None
    assert last is not None
    assert (mid.span, last.span) == (Span(1, 10, 3), Span(2, 1, 4))


@pytest.mark.usefixtures("parser")
def test_text_over_several_lines() -> None:
    root = read('a: |\n  x\n  y\nb: >-\n  x\n  y\nc: x\n  y\nd: "x\n  y"\ne: 4 *\n  mid\n')[0]
    assert [value for _, value in plain(root).values()] == ["x\ny\n", "x y", "x y", "x y", "4 * mid"]
    assert [node.span for _, node in root.entries] == [
        Span(1, 4, 1), Span(4, 4, 2), Span(7, 4, 1), Span(9, 4, 2), Span(11, 4, 3),
    ]


@pytest.mark.usefixtures("parser")
def test_line_breaks_of_every_kind_count_alike() -> None:
    root, found = read("a: 1\r\nb: 2\rc: 3\x85d: 4\u2028e: 5\n")
    assert [node.span for _, node in root.entries] == [Span(line, 4, 1) for line in range(1, 6)]
    assert found.lines == ("a: 1", "b: 2", "c: 3", "d: 4", "e: 5")


def attempt(loader: Any, text: str | bytes) -> list[tuple[object, ...]] | None:
    """The located tree that one parser gives, or None when it refuses the text; no other exception may pass."""
    before, yaml_text._LOADER = yaml_text._LOADER, loader
    try:
        return located(read(text)[0])
    except SpecError as error:
        refusal = error
    finally:
        yaml_text._LOADER = before
    assert refusal.diagnostics
    for finding in refusal.diagnostics:
        assert finding.span is not None
        assert min(finding.span.line, finding.span.column, finding.span.length) >= 1
    assert str(refusal)
    return None


def both(text: str | bytes) -> None:
    trees = [result for loader in LOADERS if (result := attempt(loader, text)) is not None]
    assert all(result == trees[0] for result in trees)


def test_both_parsers_give_the_same_tree() -> None:
    for text in (SPEC, "\ufeff" + SPEC, SPEC.replace("\n", "\r\n"), SPEC.encode(),
                 "{a: , b: {c: , d: []}, e: [[], {}]}", "%YAML 1.2\n---\na: 1",
                 "a:\n- \n- x\n-\n  - y\n", "? a\n: b\n? c\n", "--- # c\na: 1\n...\n", "a: 'it''s'\nb: \"\\u00e9\\n\"",
                 "a: [x:y, {b: c}]", "a: - b", "? - a\n", "a: |2\n   x\n", "a: >+\n  x\n\n\nb: 1"):
        assert len({str(attempt(loader, text)) for loader in LOADERS}) == 1, text


ALPHABET = st.sampled_from(
    [*"{}[]:,-?#&*!|>'\"%@`\\~ \n\t.=", "\r\n", "\x85", "\ufeff", "\0", "é", "😀", "a", "conv", "0", "1e6", "010",
     ": ", "- ", "\n  ", "\n- ", "---\n", "...\n", "<<", "\\U", "\\x", "FFFFFFFF", "D800", "null", "%YAML 1.2\n",
     "!!str ", "!e!"],
)


@settings(max_examples=part(400), deadline=None)
@given(st.lists(ALPHABET, max_size=30).map("".join) | st.text(max_size=60))
def test_no_text_raises_anything_else(text: str) -> None:
    both(text)


@settings(max_examples=part(200), deadline=None)
@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    both(data)
    both(b"\xef\xbb\xbfa: " + data)


@settings(max_examples=part(300), deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(SPEC)), st.integers(0, 12), ALPHABET), min_size=1, max_size=4))
def test_damaged_specs_raise_nothing_else(edits: list[tuple[int, int, str]]) -> None:
    text = SPEC
    for start, length, inserted in edits:
        text = text[:start] + inserted + text[start + length :]
    both(text)


WORDS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=8)
NUMBERS = st.integers(-(2**63) + 1, 2**63 - 1) | st.decimals(-10**6, 10**6, places=3).map(float)
DATA = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


def expected_plain(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: expected_plain(value) for key, value in data.items()}
    if isinstance(data, list):
        return [expected_plain(item) for item in data]
    if isinstance(data, float):
        data = Fraction(repr(data))
        data = int(data) if data.denominator == 1 else data
    return (type(data), data)


@settings(max_examples=part(150), deadline=None)
@given(st.dictionaries(WORDS, DATA, max_size=4))
def test_python_data_and_the_same_data_as_json_give_the_same_tree(data: dict[str, Any]) -> None:
    expected = expected_plain(data)
    assert plain(from_python(data)) == expected
    text = json.dumps(data, ensure_ascii=False)
    for loader in LOADERS:
        result = attempt(loader, text)
        assert result is not None
        assert [(row[1], row[2]) for row in result if row[0] == "scalar"] == list(scalars(expected))


def scalars(data: Any) -> Iterator[object]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield (str, key)
            yield from scalars(value)
    elif isinstance(data, list):
        for item in data:
            yield from scalars(item)
    else:
        yield data


class Channels(enum.IntEnum):
    RGB = 3


class Word(str):
    __slots__ = ()


def test_python_data_has_the_same_types_and_no_places() -> None:
    root = from_python({
        "input": (Channels.RGB, 224, 224), "width": 0.1, "whole": 2.0, "tiny": 5e-324, "ratio": Fraction(6, 4),
        "two": Fraction(2), "none": None, "flag": True, "text": "64", Word("word"): Word("relu"), "e": {}, "l": [],
    })
    assert plain(root) == {
        "input": [(int, 3), (int, 224), (int, 224)], "width": (Fraction, Fraction(1, 10)), "whole": (int, 2),
        "tiny": (Fraction, Fraction(5, 10**324)), "ratio": (Fraction, Fraction(3, 2)), "two": (int, 2),
        "none": (type(None), None), "flag": (bool, True), "text": (str, "64"), "word": (str, "relu"), "e": {}, "l": [],
    }
    assert root.span is None
    key, items = root.key("width"), root.get("input")
    assert key is not None
    assert items is not None
    assert key.span is None
    assert items.span is None


def nested(levels: int) -> dict[str, Any]:
    data: Any = []
    for _ in range(levels - 2):
        data = [data]
    return {"a": data}


def cyclic() -> dict[str, Any]:
    data: dict[str, Any] = {"layers": [{"add": {}}]}
    data["layers"][0]["add"]["body"] = data["layers"]
    return data


def bomb() -> dict[str, Any]:
    data: Any = ["relu"]
    for _ in range(60):
        data = [data, data]
    return {"layers": data}


@pytest.mark.parametrize(("data", "code", "message"), [
    ({"a": {"b": [1, {2}]}}, "bad-type", "a.b[1]: a spec cannot contain a value of type set"),
    ({"a": b"x"}, "bad-type", "a: a spec cannot contain a value of type bytes"),
    ({"a": 1j}, "bad-type", "a: a spec cannot contain a value of type complex"),
    ({"a": [{1: 2}]}, "bad-key", "a[0]: keys are strings, this one is a value of type int"),
    ({None: 2}, "bad-key", "the spec: keys are strings, this one is a value of type NoneType"),
    ({"a": float("inf")}, "not-finite", "a: inf is not a finite number"),
    ({"a": float("nan")}, "not-finite", "a: nan is not a finite number"),
    ({"a": 2**63}, "number-too-large", "a: number given here is too large"),
    ({"a": 10**100_000}, "number-too-large", "a: number given here is too large"),
    ({"a": 1e300}, "number-too-large", "a: number 1e+300 is too large"),
    ({"a": Fraction(1, 10**10_000)}, "number-too-large", "a: the denominator of a fraction is too large"),
    ({"a": "\ud800"}, "control-character", "a: a surrogate is not a character"),
    (cyclic(), "cycle", "layers[0].add.body contains itself"),
    (nested(65), "too-deep", "is nested more than 64 deep"),
    (nested(5000), "too-deep", "is nested more than 64 deep"),
    (bomb(), "file-too-large", "has more than 2,000,000 values"),
    ([1], "not-a-mapping", "a spec is a mapping at its top level, this is a list"),
])
def test_python_data_that_is_no_spec(data: Any, code: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        from_python(data)
    (finding,) = caught.value.diagnostics
    assert finding.code == code
    assert message in finding.message
    assert finding.span is None
    assert finding.hint
    assert len(finding.message) < 200


def test_python_data_may_share_parts_and_be_as_deep_as_a_file() -> None:
    conv = {"conv": 64}
    assert plain(from_python({"layers": [conv, conv]})) == {"layers": [{"conv": (int, 64)}] * 2}
    from_python(nested(64))
    deep = nested(40)["a"]
    with pytest.raises(SpecError):
        from_python({"a": deep, "b": {"c": [[[[[[[[[[[[[[[[[[[[[[[[[deep]]]]]]]]]]]]]]]]]]]]]]]]]}})
