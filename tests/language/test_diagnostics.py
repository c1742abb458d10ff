"""Errors and warnings: every file of `specs/bad` says on the offending line what must be found there, and nothing else.

The form of an expectation is `# error: COLUMN CODE: part of the message => part of the hint`, the hint optional;
several on one line are separated by ` ## `; `# warning:` likewise.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

import cnncalc
from cnncalc.language.tree import EXPANDED_MARKER
from cnncalc.values.diagnostics import Collector, Diagnostic, Span

ROOT = Path(__file__).parents[2]
BAD = sorted((Path(__file__).parents[1] / "specs" / "bad").glob("*.yaml"))
HEADER = "cnncalc: 1\ninput: [3, 32, 32]\n"
EXPECTATION = re.compile(r"# (error|warning): (\d+) ([a-z0-9-]+): (.*?)(?: => (.*?))?(?= ## |$)")

Found = tuple[str, int, int, str]


def expectations(text: str) -> dict[Found, tuple[str, str]]:
    return {
        (match[1], number, int(match[2]), match[3]): (match[4].strip(), (match[5] or "").strip())
        for number, line in enumerate(text.splitlines(), 1)
        for match in EXPECTATION.finditer(line)
    }


def findings(text: str | bytes, **settings: Any) -> tuple[Diagnostic, ...]:
    """Return what is found in a text, whichever way it comes out."""
    try:
        spec = cnncalc.parse(text, "bad.yaml")
    except cnncalc.SpecError:
        pass
    else:
        try:
            return cnncalc.analyze(spec, **settings).warnings
        except cnncalc.SpecError as error:
            return error.diagnostics
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.analyze(cnncalc.api.Text(text, "bad.yaml"), **settings)
    return caught.value.diagnostics


def place(finding: Diagnostic) -> Found:
    span = finding.span or Span(1, 1)
    return finding.severity, span.line, span.column, finding.code


@pytest.mark.parametrize("file", BAD, ids=[file.stem for file in BAD])
def test_bad_spec(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    expected = expectations(text)
    assert expected, "say what is wrong on the offending line"
    every = findings(text)
    found = {place(finding): finding for finding in every}
    assert sorted(map(place, every)) == sorted(expected), "\n".join(finding.render() for finding in every)
    for key, (message, hint) in expected.items():
        assert message in found[key].message
        assert hint in (found[key].hint or "")


@pytest.mark.parametrize("file", BAD, ids=[file.stem for file in BAD])
def test_every_message_is_one_printable_line_with_a_hint_that_fits(file: Path) -> None:
    for finding in findings(file.read_text(encoding="utf-8")):
        first = finding.render().splitlines()[0]
        assert re.fullmatch(r"bad\.yaml:\d+:\d+: (error|warning): .+ \[[a-z0-9-]+\]", first)
        assert finding.message.isprintable()
        assert len(finding.message) <= 300
        assert finding.hint is None or (finding.hint.isprintable() and not finding.hint.endswith("."))


def test_the_form_of_an_error() -> None:
    """The example of the manual, to the letter."""
    text = "cnncalc: 1\ninput: [3, 32, 32]\nlayers:\n  - conv: {out: 64, kernal: 7, stride: 2}\n"
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.parse(text, "specs/tiny.yaml")
    assert str(caught.value) == (
        "specs/tiny.yaml:4:21: error: layer 'conv1' (conv) has no argument 'kernal' [unknown-argument]\n"
        "4 |   - conv: {out: 64, kernal: 7, stride: 2}\n"
        "  |                     ^^^^^^\n"
        "  = hint: did you mean 'kernel'?"
    )


def test_a_shape_error_gives_both_shapes_and_shows_both_layers() -> None:
    text = HEADER + "layers:\n  - {conv: {out: 8, kernel: 3}, as: a}\n  - {max_pool: 2, as: b}\n  - add: [a, b]\n"
    (finding,) = findings(text)
    assert finding.render() == (
        "bad.yaml:6:5: error: layer 'add1' (add) needs equal shapes, got 8x30x30 and 8x15x15 [shape-mismatch]\n"
        "6 |   - add: [a, b]\n"
        "  |     ^^^\n"
        "  = note: 'a' gives 8x30x30, line 4\n"
        "4 |   - {conv: {out: 8, kernel: 3}, as: a}\n"
        "  |      ^^^^\n"
        "  = note: 'b' gives 8x15x15, line 5\n"
        "5 |   - {max_pool: 2, as: b}\n"
        "  |      ^^^^^^^^\n"
        f"  = hint: {finding.hint}"
    )


def test_an_error_inside_a_block_shows_the_chain_of_calls() -> None:
    text = (
        HEADER
        + "blocks:\n"
        + "  inner: {layers: [{conv: {out: 8, kernel: 99}}]}\n"
        + "  outer: {layers: [{add: {p: [inner], q: []}}]}\n"
        + "layers:\n"
        + "  - {outer: , repeat: 2, as: stage}\n"
    )
    (finding,) = findings(text)
    assert finding.path == "stage.0.add1.p.inner1.conv1"
    assert [label for label, _ in finding.trace] == [
        "in block call 'stage.0'",
        "in block call 'stage.0.add1.p.inner1'",
    ]
    assert [span.line for _, span in finding.trace] == [7, 5]


def test_findings_are_sorted_and_at_most_twenty() -> None:
    text = HEADER + "layers:\n" + "".join(f"  - {{relu: , from: nobody{n}}}\n" for n in range(50))
    found = findings(text)
    assert len(found) == 20
    assert [finding.span.line for finding in found if finding.span] == list(range(4, 24))


def test_rows_before_the_broken_layer_are_kept_in_the_order_of_execution() -> None:
    text = (
        HEADER
        + "blocks: {b: {layers: [{conv: {out: 8, kernel: 99}}]}}\nlayers:\n  - relu\n  - tanh\n  - b\n  - sigmoid\n"
    )
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.analyze(cnncalc.parse(text))
    assert caught.value.partial is not None
    assert [row.path for row in caught.value.partial.layers] == ["relu1", "tanh1"]


def test_of_a_very_long_line_the_part_around_the_mark_is_shown() -> None:
    layers = ", ".join(["relu"] * 200)
    text = f"cnncalc: 1\ninput: [3, 8, 8]\nlayers: [{layers}, rely, {layers}]\n"
    (finding,) = findings(text)
    _, line, mark, *_ = finding.render().splitlines()
    assert len(line) < 200
    start = mark.index("^")
    assert line[start : start + 4] == "rely"
    assert mark[start:] == "^^^^"


def test_marks_stand_under_wide_characters_and_escapes() -> None:
    """Two Chinese characters take four columns, and a tab is shown as two."""
    found = Collector(file="a.yaml", lines=("名字: x\ty",))
    found.add("wrong-type", "no", Span(1, 7, 1))
    _, line, mark, *_ = found.found[0].render().splitlines()
    assert line == "1 | 名字: x\\ty"
    assert mark == "  | " + " " * 9 + "^"


def test_text_of_a_spec_cannot_reach_the_terminal_as_an_escape() -> None:
    text = HEADER + 'layers:\n  - {relu: , from: "\\e[31mred\\u202e"}\n'
    rendered = "\n".join(finding.render() for finding in findings(text))
    assert rendered.replace("\n", "").isprintable()


# Limits: a clear error at once. The guards are far above what the work takes; they only catch what would hang.

NESTED = "".join(f"  b{n}: {{layers: [{{b{n + 1}: , repeat: 10000}}]}}\n" for n in range(4))
BOMBS = {
    "aliases": ("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n" + HEADER, "anchor"),
    "brackets": ("[" * 10_000, "too-deep"),
    "closed brackets": (HEADER + "layers: " + "[" * 10_000 + "]" * 10_000, "too-deep"),
    "repeat": (HEADER + "layers: [{relu: , repeat: 1e9}]\n", "repeat-too-large"),
    "2 MiB": (HEADER + "# " + "x" * 2**21 + "\nlayers: [relu]\n", "file-too-large"),
    "power": (HEADER + "layers: [{conv: {out: 9**9**9, kernel: 1}}]\n", "bad-exponent"),
    "product": (HEADER + f"vars: {{a: {2**62}}}\nlayers: [{{relu: , repeat: {'a*' * 90}1}}]\n", "number-too-large"),
    "nested repeat": (HEADER + f"blocks:\n{NESTED}  b4: {{layers: [relu]}}\nlayers: [b0]\n", "too-many-layers"),
    "nested repeat of nothing": (
        HEADER + f"blocks:\n{NESTED}  b4: {{layers: [{{relu: , repeat: 0}}, {{relu: , when: false}}]}}\nlayers: [b0]\n",
        "too-many-layers",
    ),
    "doubling": (HEADER + "layers: [{concat: [prev, prev], repeat: 10000}]\n", "number-too-large"),
    "growing": (HEADER + "layers: [{upsample: 1000000000000, repeat: 10000}]\n", "number-too-large"),
    "sources": (HEADER + f"layers: [{{add: [{', '.join(['prev'] * 40_000)}], repeat: 10000}}]\n", "too-many-layers"),
    "axes": (HEADER + f"layers: [{{reshape: [3072{', 1' * 40_000}], repeat: 10000}}]\n", "wrong-rank"),
    "mistakes": (HEADER + "layers:\n" + "  - cnov: {out: 3}\n" * 16_000, "unknown-operator"),
}  # fmt: skip


@pytest.mark.process
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_in_a_clear_error_and_takes_no_memory(name: str) -> None:
    text, code = BOMBS[name]
    program = (
        "import resource, sys, cnncalc\n"
        "from cnncalc.api import Text\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (60, 60))\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n"
        "    cnncalc.analyze(Text(sys.stdin.buffer.read(), 'bomb.yaml'))\n"
        "except cnncalc.SpecError as error:\n"
        "    print(error.diagnostics[0].code)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=text.encode(), capture_output=True, check=True, timeout=120
    )
    found, grown = done.stdout.decode().split()
    assert found == code
    assert int(grown) < 200_000 * (1 if sys.platform != "darwin" else 1024)


@pytest.mark.parametrize(
    "items",
    [
        "{max_pool: {kernel: 1, stride: 4611686018427387904}, repeat: 1000}",
        "{conv: {out: 1, kernel: 3, padding: 1, stride: 4611686018427387904}, repeat: 1000}",
        pytest.param("{upsample: 251}, {upsample: 257}, {conv: {out: 1, kernel: 3, padding: 1}, repeat: 20}",
                     marks=pytest.mark.long),
    ],
)
def test_fields_beyond_all_bounds_are_unknown_and_take_no_memory(items: str) -> None:
    spec = cnncalc.parse(f"cnncalc: 1\ninput: [1, 1, 1]\nlayers: [{items}]\n")
    tracemalloc.start()
    report = cnncalc.analyze(spec)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50_000_000
    assert "receptive_field" in report.layers[-1].unknown
    assert report.to_json()


def test_a_file_that_expand_wrote_may_be_larger() -> None:
    text = HEADER + "# " + "x" * 2**20 + "\nlayers: [relu]\n"
    assert findings(text)[0].code == "file-too-large"
    assert len(cnncalc.analyze(cnncalc.parse(f"{EXPANDED_MARKER}\n{text}")).layers) == 1


# Files that are no text, and mappings.


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff\xfea\x00", "not-utf8"),
        (b"cnncalc: 1\nname: \xe9\n", "not-utf8"),
        (b"cnncalc: 1\nname: a\x00b\n", "control-character"),
        (b"", "empty-document"),
    ],
)
def test_bytes_that_are_no_spec(data: bytes, code: str) -> None:
    assert [finding.code for finding in findings(data)] == [code]


CYCLE: dict[str, object] = {}
CYCLE["layers"] = [CYCLE]


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ({1: 2}, "bad-key"),
        ({"input": [3, 8, 8], "layers": [{"conv": {"out": object(), "kernel": 1}}]}, "bad-type"),
        (CYCLE, "cycle"),
    ],
)
def test_mappings_that_are_no_spec(spec: Any, code: str) -> None:
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.analyze(spec)
    assert code in {finding.code for finding in caught.value.diagnostics}
    assert all(finding.span is None for finding in caught.value.diagnostics)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    for source, code in (
        (tmp_path / "none.yaml", "no-such-spec"),
        ("resnet5", "no-such-spec"),
        (tmp_path, "unreadable-file"),
    ):
        with pytest.raises(cnncalc.SpecError) as caught:
            cnncalc.analyze(source)
        assert [finding.code for finding in caught.value.diagnostics] == [code]
    with pytest.raises(cnncalc.SpecError, match="did you mean 'resnet50'"):
        cnncalc.analyze("resnet5")
    with pytest.raises(cnncalc.SpecError, match=r"cnncalc\.parse"):
        cnncalc.analyze("cnncalc: 1\nlayers: [relu]\n")


# The codes.

ELSEWHERE = {"bad-key", "bad-type", "cycle", "no-such-spec", "unreadable-file"}
ELSEWHERE |= {"not-utf8", "control-character", "file-too-large", "too-many-values"}
ELSEWHERE |= {"input-channels", "bad-operator", "no-spec"}
ELSEWHERE |= {"duplicate-block", "no-blocks", "too-many-files", "use-cycle"}
"""What no text file of the folder can show: tests of this file do."""

FINDERS = {"add", "error", "limit", "fail", "_fail", "_stop", "_error", "_refuse", "ArgumentError", "SlotError",
           "LiteralError", "ExpressionError", "Diagnostic"}  # fmt: skip
CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
SPEC_LEVEL = ("language", "ops", "analysis", "api.py", "graph", "values", "zoo")


def codes_in(file: Path) -> set[str]:
    """Return the codes that a module gives to findings: under `code`, or as one whole argument of what reports them."""
    found: set[str] = set()

    def take(node: ast.expr | None, *, hyphen: bool = False) -> None:
        if isinstance(node, ast.IfExp):
            take(node.body, hyphen=hyphen)
            take(node.orelse, hyphen=hyphen)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
            found.update({node.value} if "-" in node.value or not hyphen else ())

    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for keyword in node.keywords:
                if keyword.arg == "code":
                    take(keyword.value)
            if name in FINDERS:
                for position, argument in enumerate(node.args):
                    take(argument, hyphen=position > 0 or len(node.args) == 1)
                if name in {"_error", "_stop"} and node.args:
                    take(node.args[0])
        elif isinstance(node, ast.arguments):
            plain = zip(reversed(node.args), reversed(node.defaults), strict=False)
            for parameter, default in (*plain, *zip(node.kwonlyargs, node.kw_defaults, strict=True)):
                if parameter.arg == "code":
                    take(default)
        elif isinstance(node, ast.Tuple) and len(node.elts) == 3:
            take(node.elts[0], hyphen=True)
    return found


def source_codes(*parts: str) -> set[str]:
    files = [
        file
        for part in parts
        for file in ([ROOT / "cnncalc" / part] if part.endswith(".py") else (ROOT / "cnncalc" / part).rglob("*.py"))
    ]
    return set().union(*map(codes_in, files))


def folder_codes() -> set[str]:
    return {key[3] for file in BAD for key in expectations(file.read_text(encoding="utf-8"))}


def test_the_folder_shows_every_code_that_a_spec_can_cause() -> None:
    assert source_codes(*SPEC_LEVEL) - ELSEWHERE - folder_codes() == set()
    assert folder_codes() <= source_codes(*SPEC_LEVEL)


MANUAL = (ROOT / "docs" / "diagnostics.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"### `([a-z0-9-]+)`\n(?:(?!### ).)*?```yaml\n(.*?)```\n\n```\n(.*?)\n```", MANUAL, re.DOTALL)


def test_the_manual_lists_every_code() -> None:
    listed = re.findall(r"^### `([a-z0-9-]+)`$", MANUAL, re.MULTILINE)
    assert len(set(listed)) == len(listed)
    assert set(listed) >= source_codes(*SPEC_LEVEL)


@pytest.mark.parametrize(("code", "text", "shown"), EXAMPLES, ids=[example[0] for example in EXAMPLES])
def test_the_manuals_examples_say_what_the_program_says(code: str, text: str, shown: str) -> None:
    (finding,) = findings(text)
    assert finding.code == code
    assert finding.render().replace("bad.yaml", "spec.yaml") == shown


def test_a_mistake_in_a_mapping_is_said_once() -> None:
    layers = [{"conv": {"out": 4, "kernel": 1}, "as": "a"}, "global_avg_pool", {"mul": ["a", "global_avg_pool1"]}]
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.analyze({"cnncalc": 1, "input": [3, 8, 8], "layers": layers})
    (finding,) = caught.value.diagnostics
    assert finding.hint == "only labels can be referred to: give that layer as: global_avg_pool1"
