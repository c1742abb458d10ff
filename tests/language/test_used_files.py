"""Blocks from other files: what holds in them, where mistakes are located, what the gate compares."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

import cnncalc
from cnncalc.cli import app
from cnncalc.explanation.network import explain

if TYPE_CHECKING:
    from cnncalc.values.diagnostics import Diagnostic

NET = """\
cnncalc: 1
input: [3, 32, 32]
use: [blocks/unit.yaml]
vars: {mid: 5}
defaults: {conv: {bias: false, padding: half, norm: group_norm}}
layers:
  - {unit: 8, as: u}
  - {unit: , share: u, from: input}
  - conv: {out: mid, kernel: 1, norm: none}
outputs: [u, conv]
"""
UNIT = """\
cnncalc: 1
vars: {mid: 7, act: relu}
defaults: {conv: {kernel: 1, norm: batch_norm}}
use: [deeper/inner.yaml]
blocks:
  unit:
    params: {out: }
    layers:
      - {conv: {out: mid, act: $act}}
      - inner: out
"""
INNER = """\
blocks:
  inner:
    params: {out: }
    layers:
      - conv: {out: out, kernel: 1}
"""


def spread(folder: Path, net: str = NET, unit: str = UNIT, inner: str = INNER) -> str:
    """Write the spec and the files that it uses, and return the spec's name."""
    (folder / "blocks" / "deeper").mkdir(parents=True, exist_ok=True)
    (folder / "net.yaml").write_text(net.replace("outputs: [u, conv]\n", ""))
    (folder / "blocks" / "unit.yaml").write_text(unit)
    (folder / "blocks" / "deeper" / "inner.yaml").write_text(inner)
    return str(folder / "net.yaml")


def findings(folder: Path, **texts: str) -> list[Diagnostic]:
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.analyze(spread(folder, **texts))
    return list(caught.value.diagnostics)


def test_each_file_has_its_own_variables_and_defaults(tmp_path: Path) -> None:
    """unit: 3 to 7 channels, no bias, batch norm; inner: 7 to 8 with bias, no norm; the spec: 8 to 5 without bias."""
    report = cnncalc.analyze(spread(tmp_path))
    assert [(row.path, row.params) for row in report.layers if row.params] == [
        ("u.conv1", 3 * 7), ("u.conv1.norm", 2 * 7), ("u.inner1.conv1", 7 * 8 + 8), ("conv1", 8 * 5),
    ]  # fmt: skip
    assert report.totals.params == 21 + 14 + 64 + 40
    assert [row.line for row in report.layers if row.path.endswith("inner1.conv1")] == [7, 8]


def test_a_mistake_is_located_in_the_file_that_it_is_in(tmp_path: Path) -> None:
    """Of text and of shapes; the calls that lead there are named with their files."""
    found = findings(tmp_path, inner=INNER.replace("kernel: 1", "kernl: 1"))
    assert [(d.code, Path(d.file or "").name, d.span and d.span[:2]) for d in found] == [
        ("unknown-argument", "inner.yaml", (5, 26))
    ]
    found = findings(tmp_path, inner=INNER.replace("kernel: 1", "kernel: 99"))
    text = found[0].render()
    here = tmp_path.as_posix()
    assert text.startswith(f"{here}/blocks/deeper/inner.yaml:5:34: error: layer 'u.inner1.conv1' (conv) does not fit")
    assert "5 |       - conv: {out: out, kernel: 99}" in text
    assert f"= note: in block call 'u', {here}/net.yaml:7" in text
    assert f"= note: in block call 'u.inner1', {here}/blocks/unit.yaml:10" in text
    found = findings(tmp_path, inner=INNER.replace("blocks:", "blocks: ["))
    assert [(d.code, Path(d.file or "").name) for d in found] == [("yaml-syntax", "inner.yaml")]


def test_explain_names_the_file_of_a_layer(tmp_path: Path) -> None:
    """Where the item is written, and the calls with their lines."""
    origin = explain(spread(tmp_path), "u.inner1.conv1").layers[0].origin
    assert (Path(origin.file or "").name, origin.line, origin.text) == (
        "inner.yaml", 5, "- conv: {out: out, kernel: 1}",
    )  # fmt: skip
    assert [(path, line, Path(file).name) for path, line, file in origin.calls] == [
        ("u", 7, ""), ("u.inner1", 10, "unit.yaml"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "code", "words"),
    [
        ("../unit.yaml", "bad-use", "nothing to use by the name of '../unit.yaml'"),
        ("/etc/passwd", "bad-use", "nothing to use by the name of '/etc/passwd'"),
        ("blocks/../net.yaml", "bad-use", "nothing to use"),
        ("blocks", "bad-use", "nothing to use"),
        ("other.yaml", "bad-use", "'other.yaml' cannot be used: does not exist"),
        ("folder.yaml", "bad-use", "'folder.yaml' cannot be used: is a folder"),
        ("out.yaml", "bad-use", "'out.yaml' cannot be used: leads out of the spec's folder"),
        ("net.yaml", "no-blocks", "this one has none"),
        ("[1]", "bad-use", "use lists files with blocks, got [1]"),
    ],
)
def test_what_cannot_be_used(tmp_path: Path, entry: str, code: str, words: str) -> None:
    """Only plain files beside or below the spec; links out of its folder are not followed."""
    folder = tmp_path / "specs"
    folder.mkdir()
    (tmp_path / "secret.yaml").write_text(INNER)
    (folder / "out.yaml").symlink_to(tmp_path / "secret.yaml")
    (folder / "folder.yaml").mkdir()
    found = findings(folder, net=f"cnncalc: 1\nuse: [{entry}]\ninput: [3, 8, 8]\nlayers: [relu]\n")
    assert found[0].code == code
    assert words in found[0].message


def test_a_text_without_a_folder_uses_shipped_blocks_alone() -> None:
    """There is nothing beside it."""
    with pytest.raises(cnncalc.SpecError, match="this spec is in no folder"):
        cnncalc.parse(NET)
    with pytest.raises(cnncalc.SpecError, match="this spec is in no folder"):
        cnncalc.analyze({"use": ["a.yaml"], "input": [3, 8, 8], "layers": ["relu"]})


def test_cycles_are_refused(tmp_path: Path) -> None:
    """A file that uses itself by way of another."""
    found = findings(tmp_path, inner=INNER + "use: [unit.yaml]\n", net=NET)
    assert found[0].code == "bad-use"  # deeper/unit.yaml is another file
    (tmp_path / "blocks" / "deeper" / "unit.yaml").write_text(UNIT.replace("deeper/", ""))
    found = findings(tmp_path, inner=INNER + "use: [unit.yaml]\n")
    assert [d.code for d in found] == ["use-cycle"]
    assert "blocks/deeper/inner.yaml -> blocks/deeper/unit.yaml -> blocks/deeper/inner.yaml" in found[0].message


def test_one_name_from_two_files(tmp_path: Path) -> None:
    """An error, unless a block of the file's own outranks both; the same file twice is once."""
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks" / "other.yaml").write_text(INNER.replace("inner", "unit"))
    net = NET.replace("[blocks/unit.yaml]", "[blocks/unit.yaml, blocks/other.yaml]")
    found = findings(tmp_path, net=net)
    assert (found[0].code, found[0].span and found[0].span[:2]) == ("duplicate-block", (3, 25))
    own = "blocks: {unit: {params: {out: }, layers: [{conv: {out: out, kernel: 1, norm: none}}]}}\nlayers:"
    report = cnncalc.analyze(spread(tmp_path, net=net.replace("layers:", own)))
    assert report.totals.params == 3 * 8 + 8 * 5
    twice = NET.replace("[blocks/unit.yaml]", "[blocks/unit.yaml, blocks/unit.yaml]")
    assert cnncalc.analyze(spread(tmp_path, net=twice)).totals.params == 139


def test_what_a_file_uses_is_not_passed_on(tmp_path: Path) -> None:
    """The spec does not know `inner`."""
    found = findings(tmp_path, net=NET.replace("- conv: {out: mid", "- inner: {out: mid"))
    assert "there is no operator or block 'inner'" in found[0].message


def test_a_word_names_a_block_of_the_file_where_it_is_written(tmp_path: Path) -> None:
    """The spec hands a block of its own to a block of another file."""
    spread(tmp_path, unit="blocks: {twice: {params: {what: }, layers: [$what, {$what: , repeat: 2}]}}\n")
    net = "cnncalc: 1\nuse: [blocks/unit.yaml]\ninput: [4, 8, 8]\n"
    net += "blocks: {mine: {layers: [{conv: {out: 4, kernel: 1}}]}}\n"
    (tmp_path / "net.yaml").write_text(net + "layers: [{twice: mine}]\n")
    assert cnncalc.analyze(str(tmp_path / "net.yaml")).totals.params == 3 * (4 * 4 + 4)


def test_a_flat_spec_needs_no_other_file(tmp_path: Path) -> None:
    """`expand` gives the same numbers; `to_yaml` keeps `use`."""
    spec = spread(tmp_path)
    flat = CliRunner().invoke(app, ["expand", spec]).stdout
    assert "use" not in flat
    assert cnncalc.analyze(cnncalc.parse(flat)).totals == cnncalc.analyze(spec).totals
    written = cnncalc.load(spec).to_yaml()
    (tmp_path / "again.yaml").write_text(written)
    assert cnncalc.analyze(str(tmp_path / "again.yaml")).totals == cnncalc.analyze(spec).totals


def test_a_search_leaves_files_with_nothing_but_blocks_out(tmp_path: Path) -> None:
    """They are read by those that use them."""
    spread(tmp_path, net=NET + "budgets: {params: 139}\n")
    done = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "unit.yaml" not in done.output


def git(folder: Path, *arguments: str) -> None:
    command = ["git", "-C", str(folder), "-c", "user.name=n", "-c", "user.email=e@x", *arguments]
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.process
def test_the_gate_reads_used_files_at_the_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change in a used file alone is a change of the spec, and is named."""
    spread(tmp_path, net=NET + "budgets: {params: 1k}\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    monkeypatch.chdir(tmp_path)
    run = CliRunner()
    done = run.invoke(app, ["check", "net.yaml", "--against", "HEAD", "--max-increase", "params=0"])
    assert done.exit_code == 0, done.output
    assert "which is changed" not in done.stdout
    (tmp_path / "blocks" / "deeper" / "inner.yaml").write_text(INNER.replace("kernel: 1", "kernel: 3"))
    done = run.invoke(app, ["check", "net.yaml", "--against", "HEAD", "--max-increase", "params=0"])
    assert done.exit_code == 1, done.output
    assert "uses 'blocks/deeper/inner.yaml', which is changed since HEAD" in done.stdout
    difference = 7 * 8 * (9 - 1)
    assert f"{difference:,}" in done.stdout
    done = run.invoke(app, ["diff", "HEAD:net.yaml", "net.yaml"])
    assert f"{difference:,}" in done.stdout
    (tmp_path / "blocks" / "deeper" / "inner.yaml").write_text(INNER.replace("kernel: 1", "kernl: 1"))
    done = run.invoke(app, ["check", "net.yaml", "--against", "HEAD", "--max-increase", "params=0"])
    assert (done.exit_code, "blocks/deeper/inner.yaml:5:26" in done.output) == (2, True)


def test_many_files(tmp_path: Path) -> None:
    """As many as there may be, and one more."""
    for number in range(101):
        (tmp_path / f"f{number}.yaml").write_text(f"blocks: {{b{number}: {{layers: [relu]}}}}\n")
    for count in (100, 101):
        files = ", ".join(f"f{number}.yaml" for number in range(count))
        net = f"cnncalc: 1\ninput: [3, 8, 8]\nuse: [{files}]\nlayers: [b99]\n"
        (tmp_path / "net.yaml").write_text(net)
        if count == 100:
            assert len(cnncalc.analyze(str(tmp_path / "net.yaml")).layers) == 1
    with pytest.raises(cnncalc.SpecError, match="at most 100 files"):
        cnncalc.analyze(str(tmp_path / "net.yaml"))
