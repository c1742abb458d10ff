"""Every size that a spec can grow has a limit, and what follows from many mistakes stays as short as from few.

The limits are those of the language page: 200 characters for a name, 2,000 for a path; each way to write a name is
tried at the limit and one beyond it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

import cnncalc
from cnncalc.cli import run
from cnncalc.values.diagnostics import MAX_REPORTED, did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAD = "cnncalc: 1\ninput: [3, 32, 32]\n"

NAMES: dict[str, Callable[[str], str]] = {
    "label": lambda name: f"layers: [{{relu: , as: {name}}}]\n",
    "one of several": lambda name: f"layers: [{{split: {{parts: 3}}, as: [a, b, {name}]}}, {{relu: , from: a}}]\n",
    "label of a block call": lambda name: f"blocks: {{b: {{layers: [relu]}}}}\nlayers: [{{b: , as: {name}}}]\n",
    "label inside a block": lambda name: f"blocks: {{b: {{layers: [{{relu: , as: {name}}}]}}}}\nlayers: [b]\n",
    "block": lambda name: f"blocks: {{{name}: {{layers: [relu]}}}}\nlayers: [relu]\n",
    "parameter": lambda name: f"blocks: {{b: {{params: {{{name}: 3}}, layers: [relu]}}}}\nlayers: [b]\n",
    "path of a merge": lambda name: f"layers: [add: {{{name}: [relu], other: []}}]\n",
    "path with modifiers": lambda name: f"layers: [add: {{{name}: {{layers: [relu]}}, other: []}}]\n",
    "variable": lambda name: f"vars: {{{name}: 3}}\nlayers: [conv: {{out: 3, kernel: 1}}]\n",
}


def codes(text: str, max_layers: int | None = None) -> set[str]:
    try:
        cnncalc.analyze(cnncalc.parse(text), max_layers=max_layers)
    except cnncalc.SpecError as error:
        return {finding.code for finding in error.diagnostics if finding.severity == "error"}
    return set()


@pytest.mark.parametrize("kind", NAMES)
def test_every_name_may_have_200_characters_and_no_more(kind: str) -> None:
    assert codes(HEAD + NAMES[kind]("n" * 200)) == set()
    assert codes(HEAD + NAMES[kind]("n" * 201)) == {"name-too-long"}


def nested(depth: int, label: str) -> str:
    """Return blocks in blocks, each call labelled: a path of `depth` labels and what is innermost."""
    blocks = "".join(f"  b{n}: {{layers: [{{b{n + 1}: , as: {label}}}]}}\n" for n in range(depth - 1))
    return f"{HEAD}blocks:\n{blocks}  b{depth - 1}: {{layers: [relu]}}\nlayers: [{{b0: , as: {label}}}]\n"


def test_a_path_may_have_2000_characters_and_no_more() -> None:
    fits = nested(10, "n" * 198)  # ten times 198 characters and a dot, and relu1
    assert max(len(layer.path) for layer in cnncalc.analyze(cnncalc.parse(fits)).layers) == 1995
    assert codes(nested(10, "n" * 199)) == {"path-too-long"}


def test_a_path_may_have_300_parts_and_no_more() -> None:
    assert codes(nested(10, ".".join("n" * 29))) == set()
    assert codes(nested(10, ".".join("n" * 30))) == {"path-too-long"}


def test_the_deepest_paths_can_be_shown() -> None:
    report = cnncalc.analyze(cnncalc.parse(nested(10, ".".join("n" * 29))))
    assert "n.n.n" in report.to_markdown()
    assert report.layers[0].path.count(".") == 290


def test_long_paths_of_many_layers_are_refused_together() -> None:
    block = "blocks: {b: {layers: [{relu: , repeat: 9999}]}}\n"
    text = f"{HEAD}{block}layers: [{{b: , as: {'n' * 200}, repeat: 10}}]\n"
    assert codes(text) == {"path-too-long"}


WRITTEN: dict[str, Callable[[int], str]] = {
    "numbers in one list": lambda n: f"{HEAD}layers: [relu]\nvars: {{v: [{', '.join(['1'] * (n // 2 - 10))}]}}\n",
    "lines": lambda n: f"{HEAD}name: n\nlayers:\n" + "- relu\n" * (n // 2 - 8),
    "empty lists": lambda n: f"{HEAD}name: n\nlayers: [{', '.join(['[]'] * (n // 2 - 8))}]\n",
    "words": lambda n: f"{HEAD}layers: [relu]\nvars:\n" + "".join(f"  v{k}: 1\n" for k in range(n // 2 - 9)),
    "expressions": lambda n: f"{HEAD}layers: [relu]\nvars:\n"
                             + "".join(f"  w{k}: {'+'.join('v' * 49)}\n" for k in range(20))
                             + "".join(f"  v{k}: 1\n" for k in range(n // 2 - 509)),
}


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind == "words" else pytest.mark.long) for kind in WRITTEN]
)
def test_a_file_holds_100000_values_and_no_more(kind: str) -> None:
    """Beside what recurs, which counts two each, stand 19, 15, 15 and 17 values."""
    assert "too-many-values" not in codes(WRITTEN[kind](100_000))
    assert codes(WRITTEN[kind](100_002)) == {"too-many-values"}
    assert "too-many-values" not in codes("# cnncalc expand\n" + WRITTEN[kind](100_002))


def differing(count: int) -> str:
    return f"{HEAD}layers:\n- {{conv: {{out: i % {count} + 1, kernel: 1}}, repeat: {count}}}\n"


@pytest.mark.long
def test_a_fifth_of_the_layers_may_all_differ(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A layer is told from another by what it is and by what enters it: each of the 3,999 differs from the others."""
    text = differing(3_999)
    more = text + "- {conv: {out: i + 20000, kernel: 1}, repeat: 3}\n"
    assert codes(text, max_layers=20_000) == set()
    assert codes(more, max_layers=20_000) == {"too-many-layers"}
    assert codes(more) == set()
    file = tmp_path / "net.yaml"
    file.write_text(more, encoding="utf-8")
    assert run(["check", str(file), "--max", "depth=20k"]) == 2
    assert "4,000 layers that all differ" in " ".join(capsys.readouterr().out.split())
    assert run(["check", str(file), "--max", "depth=20k", "--max-layers", "20005"]) == 2
    assert run(["check", str(file), "--max", "depth=20k", "--max-layers", "20010"]) == 0


COMMANDS = ("show", "show --format json", "show --depth 1", "expand", "explain relu1.0", "reconcile", "rf relu1.0",
            "compare", "plot -o out.svg", "export tflite -o out.tflite", "check --max macs=1G", "diff")  # fmt: skip


@pytest.mark.few
@pytest.mark.parametrize("line", COMMANDS)
def test_commands_take_20000_layers(line: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(f"{HEAD}layers: [{{relu: , repeat: 9999}}, {{relu: , repeat: 9999}}, relu, relu, relu]\n",
                    encoding="utf-8")  # fmt: skip
    command, *options = line.split()
    files = [*options[:1], str(file)] if command == "export" else [str(file)] * (2 if command == "diff" else 1)
    assert run([command, *files, *options[command == "export" :]]) == 2
    said = capsys.readouterr()
    assert "net.yaml:3:70: error: the network has more than 20,000 layers [too-many-layers]" in said.err or (
        command == "check" and "the network has more than 20,000 layers" in " ".join(said.out.split())
    )


def test_2000_layers_are_explained_at_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(f"{HEAD}layers: [{{relu: , repeat: 2001}}]\n", encoding="utf-8")
    assert run(["explain", str(file)]) == 2
    said = capsys.readouterr().err
    assert "'*' matches 2,001 layers, more than 2,000 to explain at once" in said
    assert "= hint: name fewer, or raise --max-layers to ten times as many" in said
    assert run(["explain", str(file), "relu1.2*"]) == 0
    file.write_text(f"{HEAD}layers: [{{relu: , repeat: 51}}]\n", encoding="utf-8")
    assert run(["explain", str(file), "--max-layers", "509"]) == 2
    assert run(["explain", str(file), "--max-layers", "510"]) == 0


MANY: dict[str, Callable[[int, int], str]] = {
    "unknown labels": lambda known, wrong: (
        "layers:\n"
        + "".join(f"- {{relu: , as: label_k{n}}}\n" for n in range(known))
        + "".join(f"- {{relu: , from: label_w{n}}}\n" for n in range(wrong))
    ),
    "unknown variables": lambda known, wrong: (
        "vars:\n"
        + "".join(f"  name_k{n}: 1\n" for n in range(known))
        + "layers:\n"
        + "".join(f"- conv: {{out: name_w{n}, kernel: 1}}\n" for n in range(wrong))
    ),
    "unknown blocks": lambda known, wrong: (
        "blocks:\n"
        + "".join(f"  block_k{n}: {{layers: [relu]}}\n" for n in range(known))
        + "layers:\n"
        + "".join(f"- block_w{n}\n" for n in range(wrong))
    ),
    "unknown arguments": lambda known, wrong: (
        "layers:\n" + "- relu\n" * known
        + "- conv: {out: 3, kernal: 1}\n" * wrong
    ),
    "unknown outputs": lambda known, wrong: (
        "layers:\n"
        + "".join(f"- {{relu: , as: label_k{n}}}\n" for n in range(known))
        + f"outputs: [{', '.join(f'label_w{n}' for n in range(wrong))}]\n"
    ),
    "variants that set nothing": lambda known, wrong: (
        "vars:\n"
        + "".join(f"  name_k{n}: 1\n" for n in range(known))
        + f"variants: {{v: {{{', '.join(f'name_w{n}: 2' for n in range(wrong))}}}}}\nlayers: [relu]\n"
    ),
}


def seconds(text: str) -> float:
    start = time.process_time()
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.analyze(cnncalc.parse(text))
    assert len(caught.value.diagnostics) <= MAX_REPORTED
    assert all(len(finding.render()) < 5_000 for finding in caught.value.diagnostics)
    return time.process_time() - start


@pytest.mark.parametrize("kind", MANY)
@pytest.mark.long
def test_many_mistakes_among_many_names_cost_no_product_of_the_two(kind: str) -> None:
    """Four times as many of both is 16 times as much where each mistake is compared with each name."""
    small, large = seconds(HEAD + MANY[kind](1_100, 350)), seconds(HEAD + MANY[kind](4_400, 1_400))
    assert large < 9 * small + 1, (small, large)


@pytest.mark.parametrize("kind", MANY)
def test_the_hint_is_there_among_few_names(kind: str) -> None:
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.analyze(cnncalc.parse(HEAD + MANY[kind](5, 1)))
    assert "did you mean" in (caught.value.diagnostics[0].hint or "")


def test_no_hint_compares_thousands_of_words_or_lists_them() -> None:
    names = [f"name{n}" for n in range(1_001)]
    assert did_you_mean("nome7", names[:1_000]) == "did you mean 'name7'?"
    assert did_you_mean("nome7", names, "otherwise") == "otherwise"
    assert did_you_mean("n" * 101, ["n" * 100], "otherwise") == "otherwise"
    assert listed(names).endswith("name19 and 981 more")
    assert listed(names[:3]) == "name0, name1, name2"


LISTS: dict[str, tuple[Callable[[int], str], str]] = {
    "sums of sums": (lambda n: f'["sum(a{n - 1})", "sum(a{n - 1})"]', "sum(a25)"),
    "lists of lists": (lambda n: f"[a{n - 1}, a{n - 1}]", "len(a25)"),
}


@pytest.mark.parametrize("order", [1, -1], ids=["forwards", "backwards"])
@pytest.mark.parametrize("kind", LISTS)
def test_lists_made_of_lists_twice_cost_no_power_of_two(kind: str, order: int) -> None:
    """Twenty-five lists that double would have 2^26 entries: each is computed once, and told as it is written."""
    entry, used = LISTS[kind]
    written = [f"  a{n}: {entry(n) if n else '[1, 1]'}\n" for n in range(26)][::order]
    text = HEAD + "vars:\n" + "".join(written) + f"layers:\n- conv: {{out: {used}, kernel: 1}}\n"
    report = cnncalc.analyze(cnncalc.parse(text))
    assert report.layers[0].out_shape[0] == {"sum(a25)": 2**26, "len(a25)": 2}[used]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('a: ["sum(a)", 2]', "a list asks for its own values"),
        ('a: ["sum(b)", 2], b: ["sum(a)", 2]', "a list asks for its own values"),
        ("a: [a, 2]", "summed"),
        ("a: [b, 2], b: [a]", "summed"),
        (", ".join(f'a{n}: ["sum(a{n + 1})"]' for n in range(200)) + ', a: ["sum(a0)"], a200: [1]',
         "lists ask for one another more than 50 deep"),
    ],
)  # fmt: skip
def test_lists_that_hold_themselves_are_errors(written: str, message: str) -> None:
    text = HEAD + f"vars: {{{written}}}\nlayers:\n- conv: {{out: sum(a), kernel: 1}}\n"
    with pytest.raises(cnncalc.SpecError, match=message) as caught:
        cnncalc.analyze(cnncalc.parse(text))
    assert "object at" not in str(caught.value)
