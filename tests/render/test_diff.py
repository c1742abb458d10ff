"""`cnncalc diff`: two networks side by side."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from check_repository import Repository, spec

import cnncalc
from cnncalc.gate.compare import compare
from cnncalc.render.diff import Sides
from cnncalc.render.diff_text import to_text

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def diff(repo: Repository, *arguments: str) -> dict[str, Any]:
    done = repo.run("diff", *arguments, "--format", "json")
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


@pytest.mark.process
def test_two_zoo_networks_by_their_published_parameters(repo: Repository) -> None:
    """11,689,512 and 25,557,032 are the parameters that torchvision documents for ResNet-18 and ResNet-50."""
    found = diff(repo, "resnet18", "resnet50")
    assert found["totals"]["params"] == {
        "before": 11_689_512, "after": 25_557_032, "delta": 13_867_520, "percent": pytest.approx(118.632148)
    }  # fmt: skip
    assert found["totals"]["receptive_field"]["delta"] == 427 - 435
    text = repo.installed("diff", "resnet18", "resnet50", "--top", "3").out
    assert "+13,867,520 (13.9M)  +118.63 %" in text
    assert "more layers; --all shows them" in text


def test_layers_by_path_the_most_moved_first(repo: Repository) -> None:
    """The convolution goes from 4 to 6 channels: 8*8*27*2 more operations; the linear layer has 10 more."""
    repo.write("a.yaml", spec(4))
    repo.write("b.yaml", spec(6).replace("  - global_avg_pool\n", "  - global_avg_pool\n  - relu\n"))
    found = diff(repo, "a.yaml", "b.yaml")
    assert [(c["path"], c["macs"]["delta"]) for c in found["changed"]] == [
        ("stem", 3456), ("head", 10), ("global_avg_pool1", 0)
    ]  # fmt: skip
    assert [c["path"] for c in found["added"]] == ["relu1"]
    assert found["removed"] == []
    assert found["unchanged"] == 0
    assert diff(repo, "b.yaml", "a.yaml")["removed"][0]["path"] == "relu1"


def test_the_same_network_twice(repo: Repository) -> None:
    repo.write("a.yaml", spec())
    found = diff(repo, "a.yaml", "a.yaml")
    assert not found["added"] + found["removed"] + found["changed"]
    assert found["unchanged"] == 3
    assert all(total["delta"] == 0 for total in found["totals"].values())


def test_versions_in_git(repo: Repository) -> None:
    repo.write("specs/net.yaml", spec(4))
    repo.commit()
    repo.write("specs/net.yaml", spec(5))
    assert diff(repo, "main:specs/net.yaml", "specs/net.yaml")["totals"]["params"]["delta"] == 32
    assert diff(repo, "HEAD:specs/net.yaml", "main:specs/net.yaml")["totals"]["params"]["delta"] == 0
    inner = Repository(repo.root / "specs")
    assert diff(inner, "main:./net.yaml", "net.yaml")["totals"]["params"]["delta"] == 32
    wrong = inner.run("diff", "main:net.yaml", "net.yaml")
    assert wrong.code == 2
    assert "did you mean 'main:specs/net.yaml'?" in wrong.err
    for name in ("gone:specs/net.yaml", "main:specs/gone.yaml", "--upload-pack=x:specs/net.yaml"):
        assert repo.run("diff", "--", name, "specs/net.yaml").code == 2


def test_what_is_wrong_is_exit_2(repo: Repository) -> None:
    repo.write("a.yaml", spec())
    repo.write("broken.yaml", "cnncalc: 1\n")
    for arguments in (
        ("a.yaml",),
        ("a.yaml", "gone.yaml"),
        ("a.yaml", "broken.yaml"),
        ("a.yaml", "a.yaml", "--format", "yaml"),
        ("a.yaml", "a.yaml", "--variant", "gone"),
        ("a.yaml", "a.yaml", "--flops", "guess"),
        ("a.yaml", "a.yaml", "--output", "missing/folder/x"),
        ("-", "-"),
    ):
        done = repo.run("diff", *arguments)
        assert done.code == 2, arguments
        assert done.err


def test_unknown_numbers_have_no_delta(repo: Repository) -> None:
    repo.write("a.yaml", spec())
    repo.write("b.yaml", spec().replace("- global_avg_pool", "- {opaque: {out: [4, 1, 1]}, as: box}"))
    found = diff(repo, "a.yaml", "b.yaml")
    assert found["totals"]["macs"] == {"before": 6932, "after": None, "delta": None, "percent": None}
    assert "?" in repo.run("diff", "a.yaml", "b.yaml").out


def test_variants_and_standard_input(repo: Repository) -> None:
    text = spec().replace("conv: 4,", "conv: width,")
    repo.write("a.yaml", text.replace("layers:", "vars: {width: 4}\nvariants: {wide: {width: 8}}\nlayers:"))
    assert diff(repo, "a.yaml", "a.yaml", "--variant-after", "wide")["totals"]["params"]["delta"] == 128
    assert diff(repo, "a.yaml", "a.yaml", "--variant", "wide")["totals"]["params"]["delta"] == 0
    done = repo.run("diff", "a.yaml", "-", "--format", "json", stdin=spec(5))
    assert json.loads(done.out)["totals"]["params"]["delta"] == 32


def test_markdown_and_text_keep_hostile_names_as_text(repo: Repository) -> None:
    name = "specs/[red]`|<b>@x.yaml"
    repo.write(name, spec(6))
    repo.write("a.yaml", spec())
    markdown = repo.run("diff", "a.yaml", name, "--format", "markdown").out
    assert {line.count("|") for line in markdown.splitlines() if line.startswith("| ") and "<code>" in line} == {12}
    assert "<b>" not in markdown
    assert "@x" not in markdown
    assert name in repo.run("diff", "a.yaml", name).out


def test_output_goes_to_a_file(repo: Repository) -> None:
    repo.write("a.yaml", spec())
    assert repo.run("diff", "a.yaml", "a.yaml", "--format", "json", "-o", "x.json").out == ""
    assert json.loads((repo.root / "x.json").read_text())["kind"] == "diff"


KWS = """cnncalc: 1
input: [1, 49, 10]
layers:
  - {conv: {out: OUT, kernel: [10, 4], stride: 2, padding: same, norm: batch_norm, act: relu}, as: c}
  - {depthwise: {kernel: 3, padding: same, norm: batch_norm, act: relu}, repeat: TIMES, as: d}
  - global_avg_pool
  - flatten
  - {linear: 12, as: fc}
"""


@pytest.fixture
def grown(repo: Repository) -> Repository:
    repo.write("a.yaml", KWS.replace("OUT", "64").replace("TIMES", "4"))
    repo.write("b.yaml", KWS.replace("OUT", "72").replace("TIMES", "5"))
    return repo


def numbers(text: str) -> set[str]:
    return set(re.findall(r"[-+]?\d[\d,.]*", text))


@pytest.mark.parametrize("width", range(40, 201, 8))
def test_it_fits_the_width_and_breaks_no_number(grown: Repository, width: int) -> None:
    wide = grown.run("diff", "a.yaml", "b.yaml").out
    narrow = grown.run("diff", "a.yaml", "b.yaml", COLUMNS=str(width)).out
    assert numbers(narrow) <= numbers(wide)
    assert max(map(len, narrow.splitlines())) <= width
    # c: 72*10*4*1*25*5, five depthwise: 72*9*25*5, fc: 72*12
    macs = 72 * 40 * 125 + 5 * 72 * 9 * 125 + 72 * 12
    assert f"{macs:,}" in narrow


def test_shapes_are_meant_and_not_the_names_of_fields(grown: Repository) -> None:
    text = grown.run("diff", "a.yaml", "b.yaml").out
    rows = {line.split()[1]: line for line in text.splitlines() if line.startswith("~")}
    assert "conv 64 -> 72, 64x25x5 -> 72x25x5" in rows["c"]
    assert "linear" not in rows["fc"]
    assert rows["fc"].endswith("from 64 -> 72")
    for name in ("in_shapes", "out_shapes", "memory_access,", "arguments"):
        assert name not in text[text.index("layers:") :]


def test_layers_that_are_alike_are_one_row(grown: Repository) -> None:
    lines = grown.run("diff", "a.yaml", "b.yaml").out.splitlines()
    assert [line.split()[1] for line in lines if re.match(r"~ +d\.", line)] == ["d.0-3,", "d.0-3.norm,", "d.0-3.act,"]
    assert len([line for line in lines if re.match(r"\+ +d\.4", line)]) == 3
    data = diff(grown, "a.yaml", "b.yaml")
    assert [row["path"] for row in data["changed"] if row["path"].startswith("d.")][:4] == ["d.0", "d.1", "d.2", "d.3"]


def test_colour_is_the_cost(grown: Repository) -> None:
    comparison = {}
    for first, second in (("a.yaml", "b.yaml"), ("b.yaml", "a.yaml")):
        old, new = (cnncalc.analyze(grown.root / name) for name in (first, second))
        sides = Sides(names=(first, second), before=old, after=new, comparison=compare(old, new))
        comparison[first] = to_text(sides, top=None, colour=True).splitlines()
    dearer, cheaper = comparison["a.yaml"], comparison["b.yaml"]

    def style(lines: list[str], start: str) -> str:
        line = next(line for line in lines if re.sub(r"\x1b\[[0-9;]*m", "", line).startswith(start))
        return "".join(re.findall(r"\x1b\[([0-9;]*)m", line)[:1])

    for start in ("macs", "params", "memory_access ", "~  c ", "+  d.4 "):
        assert style(dearer, start) == "31", start
    for start in ("macs", "params", "~  c ", "-  d.4 "):
        assert style(cheaper, start) == "32", start
    assert style(dearer, "receptive_field") == ""
