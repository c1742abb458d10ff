"""The manual runs: every block of YAML in `docs/` is a spec, or part of one, that means what it says.

A whole spec is analysed as it is, a list as layers of a small network, other keys in front of one layer. The examples
of `diagnostics.md`, which must fail, and of `operators.md`, which have inputs of their own, are tested with what they
document.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cnncalc
from cnncalc.graph import build
from cnncalc.language import expressions, settings, template, tree, yaml_text
from cnncalc.ops import base as ops

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
LANGUAGE = (DOCS / "language.md").read_text(encoding="utf-8")
PAGES = [file for file in sorted(DOCS.glob("*.md")) if file.name not in {"diagnostics.md", "operators.md"}]
BLOCKS = [
    pytest.param(match[1], id=f"{file.stem}:{text[: match.start()].count(chr(10)) + 1}")
    for file in PAGES
    for text in [file.read_text(encoding="utf-8")]
    for match in BLOCK.finditer(text)
]


def whole(block: str) -> str:
    """Return a spec with a block in its place."""
    if re.search(r"^layers:", block, re.MULTILINE):
        return block if re.search(r"^inputs?:", block, re.MULTILINE) else f"input: [3, 64, 64]\n{block}"
    if block.lstrip().startswith("- "):
        return f"cnncalc: 1\ninput: [3, 64, 64]\nlayers:\n{block}"
    return f"cnncalc: 1\ninput: [3, 64, 64]\n{block}layers: [relu]\n"


def is_spec(block: str) -> bool:
    """Say whether a block shows a spec, and no configuration of another program."""
    keys = re.findall(r"^([A-Za-z_]+):", block, re.MULTILINE)
    return set(keys) <= set(template.FILE_KEYS) and bool(keys or block.lstrip().startswith("- "))


@pytest.mark.parametrize("block", [param for param in BLOCKS if is_spec(str(param.values[0]))])
def test_the_manuals_examples_run(block: str) -> None:
    report = cnncalc.analyze(cnncalc.parse(whole(block)))
    assert report.layers
    for variant in cnncalc.parse(whole(block)).variants:
        assert cnncalc.analyze(cnncalc.parse(whole(block)), variant=variant).layers


def test_the_paths_of_the_example_are_those_beside_it() -> None:
    block = LANGUAGE.split("## Paths")[1].split("```yaml\n")[1].split("```")[0]
    named = [path.strip().removesuffix("...") for path in ",".join(re.findall(r"\]?\}  +# (.*)", block)).split(",")]
    found = [row.path for row in cnncalc.analyze(cnncalc.parse(block)).layers]
    assert len(named) == 7
    assert set(named) <= set(found)


def test_every_key_modifier_function_and_reserved_word_is_there() -> None:
    for word in (*template.FILE_KEYS, *template.MODIFIERS, *expressions.FUNCTIONS, *expressions.RESERVED):
        assert re.search(rf"`[^`\n]*\b{word}\b[^`\n]*`", LANGUAGE), word


def test_the_operators_named_with_norm_and_act_have_them() -> None:
    sentence = LANGUAGE.split("## norm, act, bias")[1].split("become layers")[0]
    named = set(re.findall(r"`([a-z_]+)`", sentence))
    assert {"conv", "linear"} < named
    assert all("norm" in cls.args and "act" in cls.args for cls in ops.operators() if cls.name in named)


def test_the_limits_are_those_of_the_program() -> None:
    limits = LANGUAGE.split("## Limits")[1]
    numbers = [yaml_text.MAX_BYTES // 2**20, yaml_text.MAX_EXPANDED_BYTES // 2**20, tree.MAX_NESTING]
    numbers += [template.MAX_SCOPES, template.MAX_REPEAT, expressions.MAX_CHARACTERS, expressions.MAX_NESTING]
    numbers += [settings.MAX_LAYERS, build.MAX_EXTENT_BITS, build.MAX_AXES]
    for number in numbers:
        assert re.search(rf"(?<![\d,]){number:,}(?!\d|,\d)", limits), number
