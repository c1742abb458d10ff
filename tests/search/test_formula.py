"""Formulas of whole networks: equal to plain runs at random settings, as data, as Python and as NumPy functions."""

from __future__ import annotations

import json
import pickle
import random
import re
from fractions import Fraction
from typing import Any

import pytest
from typer.testing import CliRunner

import cnncalc
from cnncalc.cli import app
from cnncalc.search.formula import formula, in_letters

OF = ("macs", "params", "flops", "memory_access")


def run(*words: str) -> Any:
    return CliRunner().invoke(app, ["formula", *words])


def truth(spec: Any, **options: Any) -> dict[str, int] | None:
    """Return the totals of the ordinary run, None where the network is refused."""
    try:
        totals = cnncalc.analyze(spec, **options).totals
    except (cnncalc.SpecError, ValueError):
        return None
    return {"macs": totals.macs, "params": totals.params, "flops": totals.flops,
            "memory_access": totals.memory_access.total}  # fmt: skip


def module(text: str) -> dict[str, Any]:
    scope: dict[str, Any] = {}
    exec(compile(text, "formula.py", "exec"), scope)  # noqa: S102 - what was written
    return scope


def settings(values: dict[str, Any], channels: int) -> dict[str, Any]:
    """Return values of letters as options of `analyze`."""
    sizes = [values[name] for name in ("H", "W") if name in values] or [values["R"]] * 2
    variables = {name: value for name, value in values.items() if name not in {"H", "W", "R", "N"}}
    return {"input": [channels, *sizes], "variables": variables or None, "batch": values.get("N", 1)}


CASES = [
    ("resnet50", ("H", "W"), 3), ("mobilenet_v2", ("width", "R"), 3), ("mobilenet_v1", ("H", "W", "width"), 3),
    ("lenet5", ("R",), 1), ("unet", ("H", "W"), 1), ("vgg16", ("H", "W"), 3), ("densenet121", ("R", "N"), 3),
    ("shufflenet_v2_x1_0", ("R",), 3), ("googlenet", ("H", "W"), 3), ("resnet50", ("base", "groups", "R"), 3),
]  # fmt: skip


@pytest.mark.few
@pytest.mark.parametrize(("spec", "letters", "channels"), CASES)
def test_a_formula_equals_the_plain_run(spec: str, letters: tuple[str, ...], channels: int) -> None:
    """Where the conditions hold, every total is that of `analyze`; they hold at the recorded design and nearby."""
    found = formula(spec, letters, OF)
    own = {one.name: one.value for one in found.letters}
    rng = random.Random(repr(letters))  # noqa: S311
    python = module(found.to_python())
    held = 0
    for number in range(24):
        values: dict[str, Any] = dict(own)
        for one in found.letters if number else ():
            if one.under > 1:
                values[one.name] = Fraction(rng.randint(10, 200), 100)
            else:
                values[one.name] = max(1, int(one.value) + rng.choice([rng.randint(-160, 200), rng.randint(-4, 4)]))
        got = found.at(**values)
        if got is None:
            with pytest.raises(ValueError, match="holds for"):
                python["macs"](*(float(value) for value in values.values()))
            continue
        held += 1
        assert got == truth(spec, **settings(values, channels)), values
        assert {name: python[name](*(float(value) for value in values.values())) for name in OF} == got
    assert found.at(**own) is not None
    assert held > 2 or "base" in letters


@pytest.mark.parametrize("options", [
    {}, {"batch": 3, "dtype": "int8", "convention": "thop"}, {"fold_bn": True, "input": [3, 160, 96]},
    {"deploy": True, "variables": {"width": 0.5}}, {"runtime": "tflm", "dtype": "int8"},
])  # fmt: skip
def test_a_report_has_formulas_of_its_network(options: dict[str, Any]) -> None:
    report = cnncalc.analyze("mobilenet_v1", **options)
    found = report.formula(("H", "W"), ("macs", "params", "flops", "peak_activation", "bytes", "layers"), per="block")
    totals = report.totals
    _, height, width = report.input[0][1]
    values = found.at(H=height, W=width)
    assert values is not None
    assert (values["macs"], values["params"], values["flops"]) == (totals.macs, totals.params, totals.flops)
    assert (values["peak_activation"], values["bytes"]) == (totals.peak_activation, totals.bytes)
    assert values["layers"] == totals.layers
    other = {**options, "input": [3, 192, 256]}
    values = found.at(H=192, W=256)
    assert values is not None
    assert values["macs"] == cnncalc.analyze("mobilenet_v1", **other).totals.macs


def test_a_report_without_its_network_has_none() -> None:
    report = pickle.loads(pickle.dumps(cnncalc.analyze("lenet5")))  # noqa: S301 - our own
    with pytest.raises(ValueError, match="does not know its network"):
        report.formula()


def test_resnets_macs_are_a_line_of_a_paper() -> None:
    """He et al. 2016, arXiv:1512.03385: five maps, each half of the one before, and a classifier of 2048 x 1000."""
    text = run("resnet50", "--in", "H,W", "--of", "macs").stdout
    line = "macs = 9408*H_1*W_1 + 245760*H_2*W_2 + 1310720*H_3*W_3 + 7471104*H_4*W_4 + 14417920*H_5*W_5 + 2048000"
    assert line in text
    assert "H_5 = floor((H + 31)/32)" in text
    assert "for all sizes" in text


def test_steps_of_a_network_leave_no_floors() -> None:
    found = formula("mobilenet_v2", ("width", "k"), ("macs",))
    assert "floor" not in found.to_text()
    assert found.at(width=0.5, k=3) == {"macs": cnncalc.analyze("mobilenet_v2", variables={"width": 0.5},
                                                                input=[3, 96, 96]).totals.macs}  # fmt: skip


def test_conditions_say_where_a_formula_holds() -> None:
    assert formula("lenet5", ("H", "W"), ("macs",)).conditions == ("H >= 32", "W >= 32")
    spec = {"input": [3, 8, 8], "vars": {"c": 32}, "layers": [
        {"conv": {"out": "c", "kernel": 1, "groups": 1}}, {"conv": {"out": "2*c", "kernel": 3, "groups": "4"}},
        {"conv": {"out": 8, "kernel": 1}, "when": "c < 48"}]}  # fmt: skip
    found = formula(spec, ("c",))
    assert set(found.conditions) == {"c <= 47", "2 divides c", "4 divides c"}
    assert found.at(c=40) == {k: v for k, v in (truth(spec, variables={"c": 40}) or {}).items() if k in found.of}
    assert found.at(c=48) is found.at(c=42) is None


def test_parts_add_up() -> None:
    found = formula("resnet18", ("H", "W"), ("macs", "params"), per="block")
    values = found.at(H=200, W=120)
    assert values is not None
    report = cnncalc.analyze("resnet18", input=[3, 200, 120])
    blocks: dict[str, int] = {}
    for layer in report.layers:
        blocks[layer.path.partition(".")[0]] = blocks.get(layer.path.partition(".")[0], 0) + (layer.macs or 0)
    assert {name.removesuffix(":macs"): n for name, n in values.items() if name.endswith(":macs")} == blocks
    first = next(iter(blocks))
    assert module(found.to_python())["parts"](200, 120)[first]["macs"] == blocks[first]
    layers = formula("lenet5", ("H", "W"), ("macs",), per="layer").at(H=40, W=44)
    assert layers is not None
    assert [layers[f"{row.path}:macs"] for row in cnncalc.analyze("lenet5", input=[1, 40, 44]).layers] == [
        row.macs for row in cnncalc.analyze("lenet5", input=[1, 40, 44]).layers]  # fmt: skip


def test_extents_and_fields() -> None:
    found = formula("unet", ("R",), ("output", "receptive_field"))
    values = found.at(R=572)
    report = cnncalc.analyze("unet")
    assert values is not None
    assert tuple(values[f"output.{axis}"] for axis in range(3)) == tuple(report.outputs[0][1])
    assert values["receptive_field.0"] == (report.summary.receptive_field or (0,))[0]


@pytest.mark.parametrize("layers", [
    [{"max_pool": 2}, {"conv": {"out": 4, "kernel": 3, "padding": "half"}}],
    [{"add": {"a": [{"conv": {"out": 3, "kernel": 3, "padding": 1}}], "b": []}}],
    [{"conv": {"out": 4, "kernel": 3, "stride": 2}}, {"crop": {"size": 10}}],
])  # fmt: skip
def test_a_field_asks_for_no_square_input(layers: list[Any]) -> None:
    spec = {"input": [3, 64, 64], "layers": layers}
    found = formula(spec, ("H", "W"), ("receptive_field",))
    assert found.at(H=64, W=96) == found.at(H=70, W=44) == found.at(H=64, W=64)
    assert found.at(H=70, W=44) is not None


def test_rounding_up_reads_like_rounding_down() -> None:
    """It stood as floor(-D/2), with a minus before it in every sum."""
    spec = {"input": [1, 16], "layers": [{"max_pool": {"kernel": 2, "stride": 2, "ceil_mode": True}},
                                         {"conv": {"out": 4, "kernel": 1, "bias": False}}]}  # fmt: skip
    text = formula(spec, ("L",), ("macs",)).to_text()
    assert "macs = 4*L_1" in text
    assert "L_1 = floor((L + 1)/2)" in text


def test_functions_of_arrays_are_exact_beyond_64_bits() -> None:
    np = pytest.importorskip("numpy")
    found = formula("mobilenet_v1", ("width", "R"), ("macs", "params"))
    made = module(found.to_numpy())
    sizes = np.arange(64, 321, 16)
    macs = made["macs"](np.full(len(sizes), 0.75), sizes)
    assert macs.tolist() == [(found.at(width=0.75, R=int(n)) or {})["macs"] for n in sizes]
    layers = [{"conv": {"out": "c**3", "kernel": 3}}, {"conv": {"out": "c**3", "kernel": 1}}]
    large = formula({"input": [3, 8, 8], "vars": {"c": 8}, "layers": layers}, ("c",))
    values = module(large.to_numpy())["macs"](np.array([8, 3001, 60_000]))
    assert values.tolist() == [(large.at(c=c) or {})["macs"] for c in (8, 3001, 60_000)]
    assert max(values.tolist()) > 2**63
    with pytest.raises(ValueError, match="multiple of"):
        made["macs"](np.array([0.123]), np.array([64]))


def test_the_forms_of_the_command(tmp_path: Any) -> None:
    file = tmp_path / "lenet.py"
    assert run("lenet5", "--in", "H,W", "--of", "macs", "--format", "python", "-o", str(file)).exit_code == 0
    assert "def macs(H, W):" in file.read_text()
    assert module(file.read_text())["macs"](32, 32) == cnncalc.analyze("lenet5").totals.macs
    data = json.loads(run("lenet5", "--of", "macs", "--format", "json").stdout)
    assert data["conditions"] == ["H >= 32", "W >= 32"]
    assert set(data["steps"]) == set(re.findall(r"[HW]_\d", data["formulas"]["macs"])) == {"H_1", "H_2", "W_1", "W_2"}
    latex = run("lenet5", "--of", "macs", "--format", "latex").stdout
    assert latex.startswith("\\begin{align*}")
    assert r"H_{1} &= \left\lfloor \frac{H}{2} \right\rfloor" in latex


@pytest.mark.parametrize(("words", "part"), [
    (["--in", "X"], "nothing is called 'X'"),
    (["--in", "widht"], "did you mean 'width'"),
    (["--in", "H,R"], "does not go with H"),
    (["--of", "mac"], "did you mean 'macs'"),
    (["--per", "net"], "per layer or per block"),
    (["--format", "c"], "choose one of"),
    (["--in", "k", "--input", "3x20x20"], "below the network's step"),
    (["--in", "R", "--input", "3x20x40"], "square"),
])  # fmt: skip
def test_mistakes_are_one_line(words: list[str], part: str) -> None:
    done = run("mobilenet_v2", *words)
    assert done.exit_code == 2
    assert part in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.parametrize(("name", "shape", "options"), [
    ("lenet5", "1x?x?", {}), ("resnet18", "3x?x224", {}), ("mobilenet_v1", "?x96x?", {"fold_bn": True}),
])  # fmt: skip
def test_a_table_in_letters_is_the_table_of_every_size(name: str, shape: str, options: dict[str, Any]) -> None:
    table = in_letters(name, shape, **options)
    rows, _, below = table.partition("\n\n")
    values: dict[str, Any] = {"C": 5, "H": 97 if shape != "1x?x?" else 45, "W": 131, "floor": lambda x: x // 1}
    given = [values[letter] if part == "?" else int(part)
             for letter, part in zip(("C", "H", "W"), shape.split("x"), strict=True)]  # fmt: skip
    report = cnncalc.analyze(name, input=given, **options)
    for line in below.splitlines():
        if " = " in line and not line.startswith("for"):
            letter, _, text = line.partition(" = ")
            values[letter] = int(eval(text.replace("/", "//"), {}, values))  # noqa: S307 - our own
    lines = [re.split(r"  +", line) for line in rows.splitlines()[1:]]
    assert len(lines) == len(report.layers) + 1
    for (path, operator, output, params, macs), layer in zip(lines, report.layers, strict=False):
        assert (path, operator) == (layer.path, layer.op)
        extents = re.split(r" x |(?<=\d)x(?=\d)", output)
        assert [eval(extent, {}, values) for extent in extents] == list(layer.out_shape)  # noqa: S307
        assert (eval(params, {}, values), eval(macs, {}, values)) == (layer.params, layer.macs)  # noqa: S307
    total, count, *sums = lines[-1]
    assert [eval(text, {}, values) for text in sums if text] == [report.totals.params, report.totals.macs]  # noqa: S307
    assert (total, count) == ("Total", f"{len(report.layers)} layers")


def test_show_prints_letters_where_sizes_are_question_marks() -> None:
    done = CliRunner().invoke(app, ["show", "lenet5", "--input", "1x?x?"])
    assert done.exit_code == 0, done.output
    assert done.stdout == in_letters("lenet5", "1x?x?")
    assert "for H >= 32, W >= 32" in done.stdout
    for words, part in ((["--input", "?x?"], "write ? for what is a letter"), (["--input", "1xax?"], "write ? for"),
                        *((["--input", "1x?x?", *more], "--variant") for more in (
                            ["--human"], ["--no-summary"], ["--dtype", "int8"], ["--flops", "mac"], ["--by", "op"],
                            ["--format", "latex"],
                        ))):  # fmt: skip
        done = CliRunner().invoke(app, ["show", "lenet5", *words])
        assert done.exit_code == 2
        assert part in done.stderr
