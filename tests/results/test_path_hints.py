"""A glob that matches nothing was told of the path that is spelt most like it, stars and all."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

import cnncalc
from cnncalc.cli import run
from cnncalc.results.paths import path_hint

PATHS = [layer.path for layer in cnncalc.analyze("resnet18").layers]


@pytest.mark.parametrize(("pattern", "hint"), [
    ("layer1.*.conv", "did you mean 'layer1.*.conv*'?"), ("add1.*", "did you mean '*add1.*'?"),
    ("layer1.7.*", "in 'layer1' are 0, 1"), ("layer3.1.sub1.*", "in 'layer3.1' are add1, relu1"),
    ("layr1.*", "at the top are conv1, max_pool1, layer1, layer2, layer3"), ("*.dense*", "at the top are conv1"),
    ("layer2.9", "'layer2' has 0..1"), ("layer2", "'layer2' is a block; its layers are 'layer2.*'"),
    ("conv99", "did you mean 'conv1'?"), ("frobnicate", "the layers are conv1, conv1.norm, conv1.act, ..."),
])  # fmt: skip
def test_what_a_pattern_without_a_layer_is_told(pattern: str, hint: str) -> None:
    found = path_hint(pattern, PATHS)
    assert found is not None
    assert found.startswith(hint)
    if found.startswith("did you mean '") and "*" in found:
        assert any(fnmatchcase(path, found.split("'")[1]) for path in PATHS), "a hint is true"


def test_the_commands_say_it(capsys: pytest.CaptureFixture[str], tmp_path: object) -> None:
    assert run(["explain", "resnet18", "layer1.*.conv"]) == 2
    assert capsys.readouterr().err.splitlines()[1] == "  = hint: did you mean 'layer1.*.conv*'?"
    file = f"{tmp_path}/b.yaml"
    with open(file, "w", encoding="utf-8") as budget:  # noqa: PTH123 - a text of one line
        budget.write("layers: [{match: 'layer1.*.conv', macs: 1}]\n")
    assert run(["check", "resnet18", "--budget", file]) == 2
    assert "did you mean 'layer1.*.conv*'?" in capsys.readouterr().out
