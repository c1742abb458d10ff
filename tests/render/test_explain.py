"""Explanations: the printed formulas, worked out by an evaluator of this file's own, give the layer's numbers.

The evaluator reads `+ - * /`, `floor`, `ceil`, `max`, `min`, `gcd`, `[a >= b]` and `reached(..)` (counted here tap by
tap) with exact fractions; it shares no code with the package.
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from explained import Value, check_network, evaluate
from operator_cases import load

import cnncalc
from cnncalc.explanation import term as numbers
from cnncalc.explanation.network import NoSuchLayer, explain
from cnncalc.explanation.term import tree_of
from cnncalc.numbers.doors import exactly, named, recorded
from cnncalc.numbers.recorder import Recorder
from cnncalc.numbers.tree import Applied, Let, Num, Rounded, in_letters, in_numbers, value, walk, worked_out
from cnncalc.ops import operators
from cnncalc.ops.arguments import PerAxis
from cnncalc.ops.operator import Operator, arg
from cnncalc.render.explain import number, parts, to_json, to_markdown, to_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncalc.explanation.model import Explained


@pytest.mark.parametrize(
    ("text", "result"),
    [("2 - 3*4/6 - 1", -1), ("-(2 - 5)*2", 6), ("floor(223/2) + 1", 112), ("ceil((5 + 2*1 - 1)/2) - [3*2 >= 6]", 2),
     ("max(3 - 5, 0) + min(-9, -5)", -9), ("reached(2, 3, 4, 1, 0, 0, 7)", 6), ("0.5*3", Fraction(3, 2))],
)  # fmt: skip
def test_the_evaluator_knows_arithmetic(text: str, result: Value) -> None:
    assert evaluate(text) == result


NETWORKS = ["alexnet", "nin", "googlenet_2014", "mobilenet_v1", "resnet18", "se_resnet50", "shufflenet_v2_x1_0", "unet",
            "fcn8s", "deeplabv3_resnet50", "convnext_tiny", "yolov3"]  # fmt: skip


@pytest.mark.few
@pytest.mark.parametrize("name", NETWORKS)
def test_the_printed_formulas_give_the_numbers_of_the_report(name: str) -> None:
    check_network(explain(name), cnncalc.analyze(name))


@pytest.mark.few
@pytest.mark.parametrize("convention", ["2mac", "mac", "flopcounter", "fvcore", "thop", "ptflops", "torchinfo",
                                        "calflops", "torchscan"])  # fmt: skip
@pytest.mark.parametrize("name", ["mobilenet_v2", "unet"])
def test_every_rule_is_told_term_by_term(name: str, convention: str) -> None:
    found = explain(name, convention=convention, dtype="int4", batch=3)
    check_network(found, cnncalc.analyze(name, convention=convention, dtype="int4", batch=3))


CASES = [
    pytest.param(cls.name, case, id=f"{cls.name}-{number}")
    for cls in operators()
    if cls.__module__.startswith("cnncalc.")
    for number, case in enumerate(load(cls).get("cases", []))
    if "error" not in case and "refused" not in case and "input" in case
]


def spec_of(item: Any, shapes: list[list[int]]) -> dict[str, Any]:
    """A network of one item on inputs of these shapes."""
    if len(shapes) == 1:
        return {"input": shapes[0], "layers": [item]}
    names = [f"in{k}" for k in range(len(shapes))]
    (op, argument), = item.items()
    return {"inputs": dict(zip(names, shapes, strict=True)), "layers": [{op: argument or names, "from": names}]
            if argument else [{op: names}]}  # fmt: skip


@pytest.mark.parametrize(("name", "case"), CASES)
def test_every_operator_explains_its_cases(name: str, case: dict[str, Any]) -> None:
    """The networks of one layer out of every operator's case file."""
    given = case["input"]
    shapes = given if isinstance(given[0], list) else [given]
    arguments = case.get("args") or None
    spec = spec_of({name: arguments}, shapes)
    if len(shapes) > 1 and arguments:
        pytest.skip("a merge has no arguments in a mapping of this form")
    try:
        report = cnncalc.analyze(spec)
    except cnncalc.SpecError:
        pytest.skip("a refusal, or a case that needs a layer before it")
    found = explain(spec)
    check_network(found, report)
    notes = [f.note for layer in found.layers for s in layer.sections for f in s.formulas]
    assert not any("does not run" in note for layer in found.layers for s in layer.sections for note in s.notes)
    assert not any("no formula was recorded" in note for note in notes)


@pytest.mark.parametrize("cls", [cls for cls in operators() if cls.__module__.startswith("cnncalc.")])
def test_every_operator_explains_its_example(cls: type[Operator]) -> None:
    item = yaml.safe_load(cls.example)
    shapes = [list(shape) for shape in cls.example_input]
    if len(shapes) > 1 and cls.sources is not None:
        names = [f"in{k}" for k in range(len(shapes))]
        spec: dict[str, Any] = {"inputs": dict(zip(names, shapes, strict=True)), "layers": [{**item, "from": names}]}
    elif len(shapes) > 1:
        spec = {"inputs": {f"in{k}": s for k, s in enumerate(shapes)},
                "layers": [{cls.name: [f"in{k}" for k in range(len(shapes))]}]}  # fmt: skip
    else:
        spec = {"input": shapes[0], "layers": [item]}
    check_network(explain(spec), cnncalc.analyze(spec))


def formulas(found: Explained, key: str) -> dict[str, str]:
    """The printed formulas of one section of the first layer, by name."""
    return {f.name: " = ".join(parts(f)) for f in found.layers[0][key].formulas}


def test_the_first_layer_of_resnet50_as_every_textbook_has_it() -> None:
    size = formulas(explain("resnet50", "conv1"), "size")
    for axis in "HW":
        assert size[f"{axis}'"] == (
            f"{axis}' = floor(({axis} + 2*p - d*(k - 1) - 1)/s) + 1"
            " = floor((224 + 2*3 - 1*(7 - 1) - 1)/2) + 1 = floor(223/2) + 1 = 112"
        )
    assert formulas(explain("resnet50", "conv1"), "receptive_field") == {
        "r'": "r' = r + d*(k - 1)*j = 1 + 1*(7 - 1)*1 = 1 + 6 = 7",
        "j'": "j' = j*s = 1*2 = 2",
        "start'": "start' = start - p*j = 0 - 3*1 = 0 - 3 = -3",
    }
    assert formulas(explain("resnet50", "conv1"), "macs") == {
        "macs": "macs = k*k*C_in/g*C_out*H'*W' = 7*7*3/1*64*112*112 = 118,013,952"
    }


def test_axes_that_differ_have_letters_of_their_own() -> None:
    spec = {"input": [3, 20, 31], "layers": [{"conv": {"out": 4, "kernel": [3, 5], "stride": [1, 2],
                                                       "padding": [1, 0, 2, 3], "bias": False}}]}  # fmt: skip
    size = formulas(explain(spec), "size")
    assert size["H'"].startswith("H' = floor((H + p_top + p_bottom - d*(k_h - 1) - 1)/s_h) + 1")
    assert size["W'"].startswith("W' = floor((W + p_left + p_right - d*(k_w - 1) - 1)/s_w) + 1")
    assert formulas(explain(spec), "params")["params"] == "params = k_h*k_w*C_in/g*C_out = 3*5*3/1*4 = 180"
    field = formulas(explain(spec), "receptive_field")
    assert field["r'_w"].startswith("r'_w = r_w + d*(k_w - 1)*j_w")


def test_the_edges_that_a_union_joins_have_letters_of_their_axis() -> None:
    """By hand: a 3x5 window padded to keep the map, beside the map itself: 3 and 5 pixels from -1 and -2 on."""
    body = [{"conv": {"out": 3, "kernel": [3, 5], "padding": "half"}}]
    found = explain({"cnncalc": 1, "input": [3, 9, 9], "layers": [{"add": {"body": body, "skip": []}}]}, "add1")
    (layer,) = found.layers
    texts = formulas(found, "receptive_field")
    assert texts["r'_h"].endswith("max(1, 0) - min(-1, 0) + 1 = 3")
    assert texts["r'_w"].endswith("max(2, 0) - min(-2, 0) + 1 = 5")
    meanings = {letter.name: letter.value for letter in layer.letters}
    assert (meanings["end_1_h"], meanings["end_1_w"]) == (1, 2)


def test_a_dropped_window_is_shown() -> None:
    """PyTorch gives 3 where the plain ceiling gives 4 (size 5, kernel 2, stride 2, padding 1)."""
    spec = {"input": [1, 5, 5], "layers": [{"max_pool": {"kernel": 2, "padding": 1, "ceil": True}}]}
    found = explain(spec)
    assert formulas(found, "size")["H'"].endswith("= ceil(5/2) + 1 - [ceil(5/2)*2 >= 6] = 3")
    assert any("past the map" in note for note in found.layers[0]["size"].notes)


def test_padding_words_are_resolved_in_formulas_of_their_own() -> None:
    spec = {"input": [3, 224, 112], "layers": [{"conv": {"out": 8, "kernel": 3, "stride": 2, "padding": "same"}}]}
    size = formulas(explain(spec), "size")
    assert list(size) == ["C_out", "P_h", "H'", "P_w", "W'"]
    assert size["P_h"].startswith("P_h = max((ceil(H/s) - 1)*s + d*(k - 1) + 1 - H, 0) = max((ceil(224/2) - 1)*2")
    assert size["H'"].startswith("H' = floor((H + P_h - d*(k - 1) - 1)/s) + 1")


def test_unknown_numbers_have_a_question_mark_and_the_reason() -> None:
    text = to_text(explain({"input": [3, 8, 8], "layers": [{"opaque": [4, 8, 8]}]}))
    assert "params = ?" in text
    assert "the operator cannot say" in text


def test_shared_weights_are_counted_where_they_belong() -> None:
    spec = {"input": [3, 8, 8], "layers": [{"conv": {"out": 3, "kernel": 3, "padding": 1}, "as": "a"},
                                           {"conv": 3, "share": "a", "as": "b"}]}  # fmt: skip
    layer = explain(spec, "b").layers[0]
    assert layer["params"].formulas[0].value == 0
    assert "those of a" in layer["params"].formulas[0].note
    assert layer.origin.shares == "a"


def test_where_a_layer_comes_from() -> None:
    origin = explain("resnet50", "layer2.0.add1.body.conv2").layers[0].origin
    assert origin.text is not None
    assert origin.text.startswith("- conv: {out: mid, kernel: 3, stride: stride")
    assert [path for path, *_ in origin.calls] == ["layer2.0"]
    assert ("out", "mid", "128") in origin.values
    assert ("stride", "stride", "2") in origin.values


def test_comparisons_come_from_the_same_counts() -> None:
    """MobileNets, arXiv:1704.04861, section 3.1: 1/N + 1/K^2; two 3x3 for a 5x5: 18/25; VGG-16's first linear layer."""
    separable = explain("mobilenet_v1", "separable2.pointwise").layers[0]["comparison"].notes
    assert "= 1/N + 1/K^2 = 1/128 + 1/9 = 0.1189" in separable[2]
    equal = {"input": [8, 9, 9], "layers": [{"conv": {"out": 8, "kernel": 5, "padding": 2, "bias": False}}]}
    assert "1152/1600 = 0.7200" in explain(equal).layers[0]["comparison"].notes[2]
    pair = {"input": [8, 9, 9], "layers": [{"conv": {"out": 8, "kernel": 3, "bias": False}},
                                           "relu", {"conv": {"out": 8, "kernel": 3, "bias": False}}]}  # fmt: skip
    assert "1152/1600 = 0.7200" in explain(pair, "conv2").layers[0]["comparison"].notes[2]
    dense = explain("vgg16", "linear1").layers[0]["comparison"].notes
    assert "102,764,544 params" in dense[0]
    assert "2,101,248 params" in dense[1]


class Odd(Operator):
    """An operator whose code leaves whole numbers behind."""

    name = "odd"
    size: int = arg(PerAxis(1), main=True)

    def params(self, ins: Any) -> int:  # noqa: ARG002
        return int(str(self.size)) * 2

    def macs(self, ins: Any, outs: Any) -> int:  # noqa: ARG002
        return int(f"{ins[0].channels:d}") + self.size


class Stubborn(Odd):
    """An operator that does not run on anything but plain integers."""

    name = "stubborn"

    def out_shape(self, x: Any) -> Any:
        if type(x[0]) is not int:
            raise TypeError("plain integers only")
        return x


@pytest.mark.parametrize(("cls", "params"), [(Odd, 14), (Stubborn, 14)])
def test_code_that_leaves_no_formula_keeps_its_numbers(cls: type[Operator], params: int) -> None:
    from cnncalc.analysis.assemble import count
    from cnncalc.analysis.receptive import receptive_fields
    from cnncalc.explanation.layer import explain_layer, setting_of
    from cnncalc.graph.graph import Graph, Node
    from cnncalc.rules import convention
    from cnncalc.values.diagnostics import Collector
    from cnncalc.values.dtypes import parse_dtypes
    from cnncalc.values.shape import Shape

    x = Shape((3, 8, 8))
    graph = Graph({"input": x}, [Node("odd1", cls(size=7), ((-1, 0),), (x,), (x,))])
    row = cnncalc.analyze({"input": [3, 8, 8], "layers": ["relu"]}).layers[0]._replace(params=params, macs=10)
    fields, line = receptive_fields(graph)[0], Collector().line
    setting = setting_of(graph, fields, line, None, convention("mac"), parse_dtypes("fp32"), 1)
    found = explain_layer(setting, 0, row, count(graph, convention("mac"), parse_dtypes("fp32"), 1).of[0])
    assert found["params"].formulas[0].value == params
    assert found["params"].formulas[0].letters is None
    assert found["macs"].formulas[0].value == 10
    assert any("does not run on letters" in note for note in found["size"].notes) == (cls is Stubborn)


class Deciding(Operator):
    """An operator whose formulas differ from one argument to another, in ways that a comparison does not show."""

    name = "deciding"
    size: int = arg(PerAxis(1), main=True)

    def params(self, ins: Any) -> int:
        found: int = {3: 30}.get(self.size, self.size * self.size) + ins[0].channels
        return found

    def macs(self, ins: Any, outs: Any) -> int:  # noqa: ARG002
        return self.size * 10 if self.size > 4 else self.size + int(f"{self.size}")


def alone_and_together(graph: Any, rows: list[Any]) -> None:
    """Layers explained in one go say what each of them says by itself."""
    from cnncalc.analysis.assemble import count
    from cnncalc.analysis.receptive import receptive_fields
    from cnncalc.explanation.layer import explain_layer, setting_of
    from cnncalc.rules import convention
    from cnncalc.values.diagnostics import Collector
    from cnncalc.values.dtypes import parse_dtypes

    def setting() -> Any:
        fields, line = receptive_fields(graph)[0], Collector().line
        return setting_of(graph, fields, line, None, convention("exact"), parse_dtypes("fp32"), 1)

    together, facts = setting(), count(graph, convention("exact"), parse_dtypes("fp32"), 1).of
    for index, (row, fact) in enumerate(zip(rows, facts, strict=True)):
        assert explain_layer(together, index, row, fact) == explain_layer(setting(), index, row, fact)


def test_layers_of_one_form_share_no_formula_that_decided_otherwise() -> None:
    from cnncalc.graph.graph import Graph, Node
    from cnncalc.values.shape import Shape

    x = Shape((4, 8, 8))
    sizes = (2, 3, 4, 5, 6, 3, 2, 9)
    nodes = [Node(f"deciding{k}", Deciding(size=n), ((k - 1, 0),), (x,), (x,)) for k, n in enumerate(sizes)]
    row = cnncalc.analyze({"input": [4, 8, 8], "layers": ["relu"]}).layers[0]
    rows = [
        row._replace(params=(30 if n == 3 else n * n) + 4, macs=10 * n if n > 4 else 2 * n, bytes=None) for n in sizes
    ]
    alone_and_together(Graph({"input": x}, nodes), rows)


@pytest.mark.few
@pytest.mark.parametrize("name", ["alexnet", "squeezenet1_0", "mobilenet_v3_small", "shufflenet_v2_x1_0", "unet",
                                  "fcn8s", "tcn_pixels", "c3d"])  # fmt: skip
def test_layers_explained_together_say_what_each_says_by_itself(name: str) -> None:
    from cnncalc.study import Study

    study = Study.of(name)
    alone_and_together(study.graph, list(study.report.layers))


RECORDER = Recorder(asking=False)


def letter(name: str, number: int) -> Any:
    return numbers.letter(RECORDER, name, number)


def terms() -> Iterator[tuple[Any, str]]:
    a, b, c = letter("a", 7), letter("b", 3), letter("c", -2)
    yield a + a, "2*a"
    yield 1 * a + 0, "a"
    yield a - a + b, "b"
    yield (a + b) * c, "(a + b)*c"
    yield a - (b - c), "a - b + c"
    yield -(-a // b), "ceil(a/b)"
    yield a // b + 1, "floor(a/b) + 1"
    yield a * b // b, "a"
    yield exactly(a * b * b, b), "a*b"
    yield exactly(letter("e", 6), b) * a, "e/b*a"
    yield sum([a, b, a]), "2*a + b"
    yield math.prod([a, b, 1]), "a*b"
    yield (a - b) * c + b * c, "a*c"
    yield 2 * (a - 1), "2*(a - 1)"


@pytest.mark.parametrize(("term", "text"), [pytest.param(t, text, id=text) for t, text in terms()])
def test_arithmetic_leaves_short_formulas(term: int, text: str) -> None:
    tree = tree_of(term)
    assert in_letters(tree, {}) == text
    assert value(tree) == term
    assert evaluate(in_numbers(tree)) == term
    assert evaluate(worked_out(tree)) == term


def test_a_term_is_its_number() -> None:
    a = letter("a", 7)
    assert a == 7
    assert hash(a) == hash(7)
    assert {7: "seven"}[a] == "seven"
    assert f"{a:03d}" == "007"
    assert a * Fraction(1, 2) == Fraction(7, 2)
    assert type(a / 2) is float
    assert list(range(a))[-1] == 6
    assert -(+a) == -7
    assert 20 // a == 2
    assert divmod(20, a) == (2, 6)
    assert tree_of(recorded(max, 5, 3)) == Num(5)
    with pytest.raises(TypeError):
        a + "x"


def test_trees_can_be_walked() -> None:
    half = named("p", letter("a", 7), "H") // 2
    assert isinstance(tree_of(recorded(max, half, letter("b", 1), 2)), Applied)
    whole = tree_of(half)
    assert isinstance(whole, Rounded)
    assert any(isinstance(part, Let) for part in walk(whole))
    assert number(Fraction(1, 2)) == "0.5"
    assert number(Fraction(1, 3)) == "1/3"
    assert number(Fraction(1234567)) == "1,234,567"


# The text.


@pytest.mark.parametrize("width", [40, 60, 100, 10_000])
def test_no_number_is_ever_cut(width: int) -> None:
    found = explain("googlenet_2014", "inception_4a*")
    text = to_text(found, width)
    whole = re.sub(r"\s+", " ", to_text(found, 10_000))
    assert re.sub(r"\s+", " ", text) == whole
    assert "…" not in text
    if width >= 60:
        assert all(len(line) <= width or " " not in line.strip() for line in text.splitlines())


def test_the_json_form_holds_every_piece() -> None:
    data = json.loads(to_json(explain("unet", "up1.fine", batch=2)))
    assert data["batch"] == 2
    layer = data["layers"][0]
    assert layer["letters"]["N"]["value"] == 2
    sections = {section["key"]: section for section in layer["sections"]}
    assert set(sections) == {"size", "receptive_field", "params", "macs", "flops", "memory_access", "connections"}
    assert sections["macs"]["formulas"][0]["value"] == 2 * 1_644_167_168
    assert layer["origin"]["calls"][0]["path"] == "up1"


def test_markdown_keeps_names_as_data() -> None:
    spec = {"name": "<b>|_x_", "input": [3, 8, 8], "layers": [{"conv": {"out": 4, "kernel": 3}}]}
    text = to_markdown(explain(spec))
    assert text.startswith("# &lt;b\\>\\|\\_x\\_")
    assert "```text" in text
    assert "H' = floor((H + 2*p" in text


def test_a_glob_that_matches_nothing_names_the_nearest() -> None:
    with pytest.raises(NoSuchLayer, match="no layer matches 'conv9'") as caught:
        explain("resnet50", "conv9")
    assert caught.value.hint == "did you mean 'conv1'?"
    with pytest.raises(NoSuchLayer) as caught:
        explain("resnet50", "layer4")
    assert "layer4.*" in (caught.value.hint or "")


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cnncalc", *arguments], capture_output=True, text=True, check=False, encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
    )  # fmt: skip


@pytest.mark.process
def test_the_command() -> None:
    done = command("explain", "resnet50", "conv1", COLUMNS="60")
    assert done.returncode == 0, done.stderr
    assert "= floor((224 + 2*3 - 1*(7 - 1) - 1)/2) + 1" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 200
    missing = command("explain", "resnet50", "conv9")
    assert missing.returncode == 2
    assert "did you mean 'conv1'?" in missing.stderr
    assert missing.stdout == ""
    assert command("explain", "resnet50", "conv1", "--format", "yaml").returncode == 2
    assert command("explain", "resnet50", "conv1", "--flops", "tea").returncode == 2
    data = json.loads(command("explain", "resnet50", "conv1*", "--format", "json", "--flops", "fvcore").stdout)
    assert data["convention"] == "fvcore"
    assert len(data["layers"]) == 3
    assert command("explain", "resnet50", "conv1", "--format", "markdown").stdout.startswith("# resnet50")


@pytest.mark.process
@pytest.mark.parametrize("page", ["explain.md", "receptive-fields.md"])
def test_the_documented_output_is_the_programs(page: str) -> None:
    """Places in the spec may move; everything else on the page is what the command prints at 100 columns."""

    def unplaced(text: str) -> str:
        return re.sub(r"(:|line )\d+(:\d+)?", r"\1N", text)

    root = Path(__file__).parents[2]
    shown = (root / "docs" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n\$ cnncalc ([^\n]+)\n(.*?)```", shown, flags=re.DOTALL)
    assert blocks
    for line, expected in blocks:
        done = subprocess.run(
            [sys.executable, "-m", "cnncalc", *line.split()], capture_output=True, text=True, check=True, cwd=root,
            encoding="utf-8", env={**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"},
        )  # fmt: skip
        assert unplaced(done.stdout) == unplaced(expected)


@pytest.mark.parametrize(("pattern", "hint"), [("layer3.9", "'layer3' has 0..5"), ("layer1.7", "'layer1' has 0..2")])
def test_a_repetition_that_there_is_not_is_told_from_those_that_there_are(pattern: str, hint: str) -> None:
    with pytest.raises(NoSuchLayer) as caught:
        explain("resnet50", pattern)
    assert caught.value.hint == hint
