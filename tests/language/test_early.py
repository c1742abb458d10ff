"""Mistakes that need no shape are told at once, whatever stands before them; what only follows from one is silent."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import pytest

import cnncalc
from cnncalc.values.diagnostics import SpecError

ROOT = Path(__file__).parents[2]
HEAD = """cnncalc: 1
input: [3, 32, 32]
vars: {w: 10}
blocks:
  b:
    params: {o: }
    layers:
      - conv: {out: o, kernel: 3}
"""
RIGHT = "conv: {out: 8, kernel: 3}"
MISTAKES = {
    "kernel below one": "conv: {out: 8, kernel: -3}",
    "half a channel": "conv: {out: 16.5, kernel: 3}",
    "an expression of a variable": "conv: {out: w/3, kernel: 3}",
    "padding above half the window": "max_pool: {kernel: 3, padding: 2}",
    "a list of paddings": "avg_pool: {kernel: 3, padding: [1, 2]}",
    "a misspelt word": "conv: {out: 8, kernel: 3, padding: sme}",
    "a missing argument": "conv: {out: 8}",
    "an unknown argument": "conv: {out: 8, kernel: 3, strde: 2}",
    "an unknown operator": "convv: 8",
    "an unknown label": "{relu: , from: nobody}",
    "two unknown labels of a merge": "add: [one, two]",
    "an unknown label beside a path": "add: {x: [relu], y: three}",
    "a mistake inside a path": "add: {x: [{conv: {out: 8, kernel: 0}}], y: []}",
    "a missing parameter": "b",
    "a wrong activation": "conv: {out: 8, kernel: 3, act: reluu}",
    "an ambiguous number": "conv: {out: 010, kernel: 3}",
    "a number that is too large": "linear: 99999999999999999999",
}  # fmt: skip


def errors(lines: list[str], tail: str = "") -> list[tuple[int, int, str, str]]:
    """Return what a spec of these layers is told, each with its place."""
    text = HEAD + "layers:\n" + "".join(f"  - {line}\n" for line in lines) + tail
    try:
        cnncalc.analyze(cnncalc.parse(text))
    except SpecError as error:
        return [(d.span.line, d.span.column, d.code, d.message) for d in error.diagnostics if d.span is not None]
    return []


@pytest.mark.parametrize(("first", "second"), list(combinations(MISTAKES, 2)))
def test_two_mistakes_are_told_together_as_each_is_alone(first: str, second: str) -> None:
    one, two = MISTAKES[first], MISTAKES[second]
    alone = errors([one, "relu"]) + [(line + 2, *rest) for line, *rest in errors([two, "relu"])]
    together = errors([one, "relu", two, "relu"])
    assert [(line, column, code) for line, column, code, _ in together] == [e[:3] for e in sorted(alone)]


def test_six_mistakes_in_five_layers_take_one_run() -> None:
    found = errors(["conv: {out: 8, kernel: -3}", "conv: {out: 16.5, kernel: 3, strde: 2}",
                    "max_pool: {kernel: 3, padding: 2}", "conv: {out: 8, kernel: 3, act: Relu}", "{relu: , from: x}"])
    assert [line - 9 for line, *_ in found] == [1, 2, 2, 3, 4, 5]


def test_a_shape_error_does_not_hide_what_needs_no_shape() -> None:
    found = errors(["conv: {out: 8, kernel: 99}", RIGHT, "conv: {out: 8, kernel: 0}", "linear: 10"])
    assert [(line - 9, code) for line, _, code, _ in found] == [(1, "window-does-not-fit"), (3, "bad-argument")]


def test_a_merge_names_all_its_unknown_labels() -> None:
    found = errors([RIGHT, "add: [a, b, c]"])
    assert [re.findall(r"label '(\w)'", message) for *_, message in found] == [["a"], ["b"], ["c"]]


@pytest.mark.parametrize("label", ["stem", "steem"])
def test_a_label_among_the_arguments_is_one_mistake(label: str) -> None:
    wrong = "conv: {out: 8, kernel: 3, as: stem}"
    assert [code for *_, code, _ in errors([wrong, f"{{relu: , from: {label}}}", f"add: [prev, {label}]"],
                                           f"outputs: [{label}]\n")] == ["unknown-argument"]  # fmt: skip


def test_what_may_not_be_there_is_not_looked_at() -> None:
    found = errors(["{conv: {out: 8, kernel: 0}, when: w > 99}", "{conv: {out: 8, kernel: 0}, repeat: 0}",
                    "add: {x: {layers: [{conv: {out: 0, kernel: 1}}], when: w > 99}, y: [], z: []}", "nobody"])
    assert [code for *_, code, _ in found] == ["unknown-operator"]


NUMBER = re.compile(r"(?<![\w.$/+*-])[1-9][0-9]*(?![\w.%/:*+-])")


def codes(text: str) -> list[str]:
    """Return the codes of a spec's errors."""
    try:
        cnncalc.analyze(cnncalc.parse(text))
    except SpecError as error:
        return [d.code for d in error.diagnostics if d.severity == "error"]
    return []


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet50", "unet", "googlenet"])
def test_one_bad_number_is_one_error(name: str) -> None:
    text = (ROOT / "specs" / f"{name}.yaml").read_text(encoding="utf-8")
    spots = [m for m in NUMBER.finditer(text) if "#" not in text[text.rfind("\n", 0, m.start()) : m.start()]]
    tried = 0
    for spot in spots[:: max(1, len(spots) // 12)]:
        changed = f"{text[: spot.start()]}0{text[spot.start() :]}"
        found = codes(changed)
        tried += "leading-zero" in found
        assert "leading-zero" not in found or found == ["leading-zero"], changed.count("\n", 0, spot.start()) + 1
    assert tried > 3
