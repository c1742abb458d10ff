"""`cnncalc check` in temporary folders and git repositories; the installed command where it matters most."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from check_repository import COMMAND, Done, Repository, spec

MACS = 8 * 8 * 27 * 4 + 4 * 5
PARAMS = 27 * 4 + 4 * 5


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def data(done: Done) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.out)
    assert found["schema"] == 1
    assert found["exit_code"] == done.code
    return found


def findings(done: Done) -> list[dict[str, Any]]:
    return [f for s in data(done)["specs"] for b in s["budgets"] for f in b["findings"]]


def doubts(done: Done) -> list[str]:
    found = data(done)
    return [d["code"] for d in found["doubts"]] + [d["code"] for s in found["specs"] for d in s["doubts"]]


# exit codes


@pytest.mark.process
@pytest.mark.parametrize(("limit", "code"), [(MACS, 0), (MACS + 1, 0), (MACS - 1, 1)])
def test_within_and_over(repo: Repository, limit: int, code: int) -> None:
    repo.write("net.yaml", spec())
    done = repo.installed("check", "net.yaml", "--max", f"macs={limit}")
    assert done.code == code
    assert f"{MACS:,}" in done.out
    assert repo.run("check", "net.yaml", "--min", f"params={PARAMS + 1}").code == 1
    assert repo.run("check", "net.yaml", "--max", f"macs={limit}", "--exit-zero").code == 0


@pytest.mark.process
@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("gone.yaml",),
        ("net.yaml",),
        ("net.yaml", "--max", "mcas=3"),
        ("net.yaml", "--max", "macs"),
        ("net.yaml", "--max", "macs=1_000"),
        ("net.yaml", "--max", "macs=1,000"),
        ("net.yaml", "--max", "macs=nan"),
        ("net.yaml", "--max", "macs=inf"),
        ("net.yaml", "--max", "macs=-1"),
        ("net.yaml", "--max", "macs=12 MiB"),
        ("net.yaml", "--max", "macs=1G", "--max", "macs=2G"),
        ("net.yaml", "--max", "rf=1G", "--max", "receptive_field=2G"),
        ("net.yaml", "--max", "macs=1G", "--budget", "gone.yaml"),
        ("net.yaml", "--max", "macs=1G", "--budget", "empty.yaml"),
        ("net.yaml", "--max", "macs=1G", "--config", "gone.toml"),
        ("net.yaml", "--max", "macs=1G", "--against", "main"),
        ("net.yaml", "--max", "macs=1G", "--baseline", "gone.json"),
        ("net.yaml", "--max", "macs=1G", "--variant", "gone"),
        ("net.yaml", "--max", "macs=1G", "--input", "3by4"),
        ("net.yaml", "--max", "macs=1G", "--flops", "guess"),
        ("net.yaml", "--max", "macs=1G", "--dtype", "fp31"),
        ("net.yaml", "--max", "macs=1G", "--format", "yaml"),
        ("net.yaml", "--max", "macs=1G", "--format", "json", "--format", "sarif"),
        ("net.yaml", "--max", "macs=1G", "--format", "json=a", "--format", "sarif=./a"),
        ("net.yaml", "--max", "macs=1G", "--output", "missing/folder/out.txt"),
        ("net.yaml", "--max", "macs=1G", "--warn-at", "200%"),
        ("net.yaml", "--max", "macs=1G", "--update-baseline"),
        ("net.yaml", "--max-increase", "macs=2%"),
        ("net.yaml", "--max", "macs=1G", "--variant", "a", "--all-variants"),
        ("net.yaml", "--max", "macs=1G", "--against", "main", "--no-compare"),
        ("empty", "--max", "macs=1G"),
        ("net.yaml", "--max", "macs=1G", "--nonsense"),
    ],
)
def test_every_doubt_is_exit_2(repo: Repository, arguments: tuple[str, ...]) -> None:
    repo.write("net.yaml", spec())
    repo.write("empty.yaml", "convention: exact\n")
    (repo.root / "empty").mkdir()
    done = repo.run("check", *arguments)
    assert done.code == 2
    assert done.err or " error" in done.out
    assert repo.run("check", *arguments, "--exit-zero").code == 2


@pytest.mark.parametrize(
    ("budgets", "code"),
    [
        ("{mcas: 3}", "unknown-metric"),
        ("{macs: 1,000}", "leading-zero"),
        ("{macs: 1,500}", "unknown-metric"),
        ("{macs: -1}", "bad-quantity"),
        ("{macs: 1_000}", "number-separator"),
        ("{macs: .nan}", "not-finite"),
        ("{macs: .inf}", "not-finite"),
        ("{macs: 1.5}", "bad-quantity"),
        ("{}", "nothing-to-check"),
        ("{convention: exact}", "nothing-to-check"),
        ('{layers: [{match: "stm*", macs: 1G}]}', "no-such-layer"),
        ("{macs: 1G, max_increase: {macs: 2%}}", "nothing-to-compare"),
        ("{macs: 1G, variants: {small: {macs: 3}}}", "budget-unread"),
    ],
)
def test_doubtful_budgets_in_the_spec(repo: Repository, budgets: str, code: str) -> None:
    repo.write("net.yaml", spec(budgets=budgets))
    done = repo.run("check", "net.yaml", "--format", "json")
    assert done.code == 2
    assert code in doubts(done) + [finding["code"] for finding in findings(done)]


@pytest.mark.process
def test_a_renamed_layer_makes_its_budget_a_doubt(repo: Repository) -> None:
    budgets = '{layers: [{match: "stem", macs: 1G}]}'
    repo.write("net.yaml", spec(budgets=budgets))
    assert repo.installed("check", "net.yaml").code == 0
    repo.write("net.yaml", spec(budgets=budgets, label="stems"))
    done = repo.installed("check", "net.yaml")
    assert done.code == 2
    assert "matches no layer" in done.out
    assert "did you mean 'stems'?" in done.out
    assert "net.yaml:9:" in done.out


@pytest.mark.process
def test_a_broken_spec_keeps_no_other_from_being_judged(repo: Repository) -> None:
    repo.write("specs/a_broken.yaml", "cnncalc: 1\ninput: [3, 8, 8]\nlayers: [{conv: {out: 3, kernal: 3}}]\n")
    repo.write("specs/b_over.yaml", spec(budgets="{macs: 1}"))
    repo.write("specs/c_within.yaml", spec(budgets="{macs: 1G}"))
    done = repo.installed("check", "specs", "--format", "json")
    assert done.code == 2
    assert [(Path(s["file"]).name, s["status"]) for s in data(done)["specs"]] == [
        ("a_broken.yaml", "doubt"), ("b_over.yaml", "over"), ("c_within.yaml", "within")
    ]  # fmt: skip
    assert "kernal" in done.err
    text = repo.installed("check", "specs").out
    assert text.index("c_within") < text.index("b_over") < text.index("a_broken")
    assert "macs is over its maximum by" in text


def test_an_unknown_part_is_a_doubt_unless_already_over(repo: Repository) -> None:
    opaque = spec().replace("- global_avg_pool", "- {opaque: {out: [4, 1, 1]}, as: box}")
    repo.write("net.yaml", opaque)
    assert repo.run("check", "net.yaml", "--max", "macs=1G").code == 2
    assert repo.run("check", "net.yaml", "--max", "macs=10").code == 1
    assert repo.run("check", "net.yaml", "--min", "macs=10").code == 0
    assert "layer 'box' is unknown" in repo.run("check", "net.yaml", "--max", "macs=1G").out


def test_nothing_to_check(repo: Repository) -> None:
    repo.write("specs/a.yaml", spec())
    repo.write("specs/b.yaml", spec(budgets="{macs: 1G}"))
    (repo.root / "empty").mkdir()
    done = repo.run("check", "specs")
    assert done.code == 2
    assert "'specs/a.yaml' has no budget" in done.out
    assert repo.run("check", "specs", "--allow-empty").code == 0
    assert repo.run("check", "empty").code == 2
    assert repo.run("check", "empty", "--allow-empty").code == 0
    assert repo.run("check", "--allow-empty").code == 0


@pytest.mark.process
def test_an_output_that_cannot_be_written_is_a_doubt(repo: Repository) -> None:
    repo.write("net.yaml", spec())
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full here")
    assert repo.installed("check", "net.yaml", "--max", "macs=1G", "--output", str(full)).code == 2


# folders


def test_a_folder_is_searched_for_the_signature(repo: Repository) -> None:
    repo.write("specs/deep/er/a.yml", spec(budgets="{macs: 1G}"))
    repo.write("specs/b.yaml", spec(budgets="{macs: 1G}"))
    repo.write("specs/compose.yaml", "services: {cnncalc: {image: x}}\n")
    repo.write("specs/notes.txt", spec())
    repo.write("specs/.hidden/c.yaml", spec())
    done = repo.run("check", "specs", "specs/b.yaml", "./specs", "--format", "json")
    assert [s["file"] for s in data(done)["specs"]] == ["specs/b.yaml", "specs/deep/er/a.yml"]
    assert done.code == 0


def test_a_newer_format_is_refused_and_not_skipped(repo: Repository) -> None:
    repo.write("specs/a.yaml", spec(budgets="{macs: 1G}").replace("cnncalc: 1", "cnncalc: 2"))
    repo.write("specs/b.yaml", spec(budgets="{macs: 1G}"))
    assert repo.run("check", "specs").code == 2


def test_standard_input_and_zoo_names(repo: Repository) -> None:
    assert repo.run("check", "-", "--max", f"macs={MACS}", stdin=spec()).code == 0
    assert repo.run("check", "-", stdin=spec(budgets="{macs: 1}")).code == 1
    assert repo.run("check", "resnet50", "--max", "params=25557032").code == 0
    assert repo.run("check", "resnet50", "--max", "params=25557031").code == 1


# sources


def test_precedence_and_who_set_the_limit(repo: Repository) -> None:
    repo.write("specs/net.yaml", spec(budgets="{macs: 1, params: 1000, depth: 9}"))
    repo.write("pyproject.toml", '[tool.cnncalc.budgets."specs/*.yaml"]\nmacs = 2\nparams = "2k"\n')
    repo.write("team.yaml", "params: 3k\n")
    done = repo.run("check", "specs", "--budget", "team.yaml", "--max", f"macs={MACS}", "--format", "json")
    assert done.code == 0
    found = {b["metric"]: b for b in data(done)["specs"][0]["budgets"]}
    assert found["macs"]["source"] == {"kind": "command line", "name": f"--max macs={MACS}", "line": None}
    assert [(r["source"]["kind"], r["limit"]) for r in found["macs"]["replaced"]] == [("spec", 1), ("config", 2)]
    assert found["params"]["source"]["name"] == "team.yaml"
    assert found["params"]["limit"] == 3000
    assert found["depth"]["source"] == {"kind": "spec", "name": "specs/net.yaml", "line": 9}
    assert f"notice: specs/net.yaml: --max macs={MACS} loosens macs from at most 2 (pyproject.toml)" in done.err
    assert "team.yaml loosens params from at most 2,000 (2k)" in done.err
    assert done.err.count("loosens") == 2
    assert "loosens" not in repo.run("check", "specs", "--max", "macs=1").err


def test_configuration_files(repo: Repository) -> None:
    repo.write("specs/net.yaml", spec())
    repo.write("specs/deep/net.yaml", spec())
    repo.write("cnncalc.toml", '[budgets."specs/*.yaml"]\nmacs = 1\n[budgets."deep/**"]\nmacs = 2\n')
    done = repo.run("check", "specs")
    assert done.code == 2
    assert "the budgets for 'deep/**' match no spec" in done.out
    repo.write("cnncalc.toml", '[budgets."*.yaml"]\nmacs = "1G"\n[budgets."specs/deep/**"]\nmacs = 2\n')
    done = repo.run("check", "specs", "--format", "json")
    assert done.code == 1
    assert [s["status"] for s in data(done)["specs"]] == ["within", "over"]
    assert Repository(repo.root / "specs").run("check", ".").code == 1
    repo.write("pyproject.toml", '[tool.cnncalc.budgets."*.yaml"]\nmacs = 1\n')
    assert repo.run("check", "specs").code == 2
    (repo.root / "cnncalc.toml").unlink()
    assert repo.run("check", "specs").code == 1
    for text in (
        "[tool.cnncalc]\nmacs = 1\n",
        '[tool.cnncalc.budgets."*.yaml"]\nmacs = nan\n',
        '[tool.cnncalc.budgets."*.yaml"]\nmcas = 1\n',
        "[tool.cnncalc\n",
        "[tool.cnncalc.budgets]\nmacs = 1\n",
    ):
        repo.write("pyproject.toml", text)
        assert repo.run("check", "specs", "--max", "params=1G").code == 2, text


def test_configuration_stops_at_the_top_of_the_repository(repo: Repository) -> None:
    repo.write("cnncalc.toml", '[budgets."*.yaml"]\nmacs = 1\n')
    inner = Repository(repo.root / "inner")
    inner.write("net.yaml", spec())
    assert inner.run("check", "net.yaml", "--max", "params=1G").code == 1
    inner.commit()
    assert inner.run("check", "net.yaml", "--max", "params=1G").code == 0


def test_a_zoo_network_is_looked_after_where_the_command_runs(repo: Repository) -> None:
    repo.write("cnncalc.toml", '[budgets."*.yaml"]\nmacs = 1\n')
    repo.write("net.yaml", spec())
    assert repo.run("check", "resnet50", "--max", "macs=5G").code == 0
    assert repo.run("check", "net.yaml").code == 1


def test_conventions_in_budgets_outrank_flags(repo: Repository) -> None:
    """The rule `mac` counts 1 per multiply-accumulate and nothing else; `2mac` counts 2."""
    repo.write("net.yaml", spec(budgets=f"{{convention: mac, flops: {MACS}}}"))
    assert repo.run("check", "net.yaml", "--flops", "2mac").code == 0
    repo.write("net.yaml", spec(budgets=f"{{flops: {2 * MACS}}}"))
    done = repo.run("check", "net.yaml", "--flops", "2mac", "--format", "json")
    assert done.code == 0
    assert data(done)["specs"][0]["budgets"][0]["convention"] == "2mac"
    assert "judged by '2mac', as the command line says" in done.err
    assert repo.run("check", "net.yaml", "--max", f"model_size={PARAMS}", "--dtype", "int8").code == 0
    assert repo.run("check", "net.yaml", "--max", f"model_size={PARAMS}").code == 1


def test_variants(repo: Repository) -> None:
    text = spec(budgets="{macs: 7k, variants: {wide: {macs: 20k}}}").replace("conv: 4,", "conv: width,")
    repo.write(
        "net.yaml",
        text.replace("layers:", "vars: {width: 4}\nvariants: {wide: {width: 8}, huge: {width: 64}}\nlayers:"),
    )
    assert repo.run("check", "net.yaml").code == 0
    assert repo.run("check", "net.yaml", "--variant", "wide").code == 0
    assert repo.run("check", "net.yaml", "--variant", "huge").code == 1
    done = repo.run("check", "net.yaml", "--all-variants", "--format", "json")
    assert [(s["variant"], s["status"]) for s in data(done)["specs"]] == [
        (None, "within"), ("wide", "within"), ("huge", "over")
    ]  # fmt: skip
    assert repo.run("check", "net.yaml", "--set", "width=64").code == 1
    assert repo.run("check", "net.yaml", "--input", "3x16x16").code == 1


def test_warnings_do_not_fail(repo: Repository) -> None:
    repo.write("net.yaml", spec())
    done = repo.run("check", "net.yaml", "--max", f"macs={MACS}", "--warn-at", "95%", "--format", "json")
    assert done.code == 0
    assert data(done)["specs"][0]["status"] == "near"
    repo.write("net.yaml", spec(budgets=f"{{macs: {MACS}, warn_at: 95%}}"))
    assert "warning:" in repo.run("check", "net.yaml").out
    assert repo.run("check", "net.yaml", "--warn-at", "100%").code == 0


# places


def test_a_finding_has_the_line_that_caused_it(repo: Repository) -> None:
    repo.write("net.yaml", spec(budgets="{macs: 1, layers: [{match: 'st*', params: 3}]}"))
    done = repo.run("check", "net.yaml", "--max", "params=2", "--format", "json")
    assert [(f["line"], f["path"]) for f in findings(done)] == [(9, None), (6, "stem"), (6, None)]


def test_limits_on_sums_and_shares(repo: Repository) -> None:
    layers = f"{{layers: [{{match: '*', macs: 99%}}, {{match: '*', sum: true, macs: {MACS}}}]}}"
    repo.write("net.yaml", spec(budgets=layers))
    done = repo.run("check", "net.yaml", "--format", "json")
    assert done.code == 1
    share, total = data(done)["specs"][0]["budgets"]
    assert (share["path"], share["of"]) == ("stem", {"part": MACS - 20, "whole": MACS})
    assert (total["value"], total["status"]) == (MACS, "within")


# git


@pytest.mark.process
def test_comparison_with_a_branch(repo: Repository) -> None:
    repo.write("specs/net.yaml", spec(budgets="{macs: 1G, max_increase: {macs: 10%, params: 200}}"))
    repo.commit()
    repo.git("checkout", "-q", "-b", "wider")
    assert repo.installed("check", "specs", "--against", "main").code == 0
    repo.write("specs/net.yaml", spec(5, budgets="{macs: 1G, max_increase: {macs: 10%, params: 200}}"))
    done = repo.installed("check", "specs", "--against", "main", "--format", "json")
    assert done.code == 1
    subject = data(done)["specs"][0]
    comparison = subject["comparison"]
    assert comparison["state"] == "changed"
    assert comparison["totals"]["params"] == {"before": PARAMS, "after": 160, "delta": 32, "percent": 25.0}
    assert [change["path"] for change in comparison["changed"]] == ["stem", "head", "global_avg_pool1"]
    by_metric = {b["metric"]: b["status"] for b in subject["budgets"] if b["bound"] == "max_increase"}
    assert by_metric == {"macs": "over", "params": "within"}
    repo.git("commit", "-aqm", "wider")
    text = repo.installed("check", "specs", "--against", "main").out
    assert "6,932 (6.93k) -> 8,665 (8.67k)  +25 %, allowed 10 % since main" in text
    assert repo.installed("check", "specs", "--against", "HEAD").code == 0
    assert repo.git("status", "--porcelain") == ""


def test_an_increase_is_never_averaged_away(repo: Repository) -> None:
    repo.write("net.yaml", spec())
    repo.commit()
    text = spec().replace("as: head", "as: head, when: false").replace("conv: 4", "conv: 5")
    repo.write("net.yaml", text.replace("outputs: [head]", ""))
    arguments = ("--against", "main", "--max-increase", "layers=0", "--max-increase", "macs=0")
    done = repo.run("check", "net.yaml", *arguments, "--format", "json")
    assert done.code == 1
    assert {b["metric"]: b["status"] for b in data(done)["specs"][0]["budgets"]} == {"layers": "within", "macs": "over"}


@pytest.mark.process
def test_new_renamed_and_removed_specs(repo: Repository) -> None:
    repo.write("specs/old.yaml", spec(budgets="{max_increase: {params: 0}, macs: 1G}"))
    repo.write("specs/gone.yaml", spec(name="other").replace("conv: 4, as: stem", "conv: 64, as: much, repeat: 9"))
    repo.commit()
    (repo.root / "specs/gone.yaml").unlink()
    (repo.root / "specs/old.yaml").rename(repo.root / "specs/renamed.yaml")
    repo.write(
        "specs/fresh.yaml",
        "cnncalc: 1\ninput: [1, 28, 28]\n\n\nlayers: [flatten, {linear: 10}]\nbudgets: {params: 3}\n",
    )
    done = repo.installed("check", "specs", "--against", "main", "--format", "json")
    assert done.code == 1
    found = data(done)
    states = {
        Path(s["file"]).name: (s["comparison"]["state"], s["comparison"]["file"], s["status"]) for s in found["specs"]
    }
    assert states == {"fresh.yaml": ("new", None, "over"), "renamed.yaml": ("renamed", "specs/old.yaml", "within")}
    assert found["removed"] == ["specs/gone.yaml"]
    assert "gone since main: specs/gone.yaml" in repo.installed("check", "specs", "--against", "main").out
    wider = spec(5, budgets="{max_increase: {params: 0}, macs: 1G}")
    repo.write("specs/renamed.yaml", wider)
    assert repo.installed("check", "specs/renamed.yaml", "--against", "main").code == 1
    assert repo.installed("check", "specs/gone.yaml", "--against", "main").code == 2


def test_a_branch_that_removes_its_budget_is_told_on(repo: Repository) -> None:
    repo.write("net.yaml", spec(budgets="{macs: 7k, params: 200}"))
    repo.commit()
    repo.write("net.yaml", spec(budgets="{macs: 9k}"))
    done = repo.run("check", "net.yaml", "--against", "main")
    assert done.code == 0
    assert "limit on params (at most 200 in main) is gone" in done.out
    assert "limit on macs is looser than in main: at most 7,000 (7k) there, at most 9,000 (9k) now" in done.out


@pytest.mark.process
def test_git_trouble_prints_the_fix(repo: Repository, tmp_path: Path) -> None:
    repo.write("net.yaml", spec(budgets="{macs: 1G}"))
    first = repo.commit("first")
    repo.commit("second")
    unknown = repo.installed("check", "net.yaml", "--against", "origin/gone")
    assert unknown.code == 2
    assert "git knows no commit 'origin/gone'" in unknown.out
    assert "git fetch origin gone" in unknown.out
    assert repo.installed("check", "net.yaml", "--against=--all").code == 2
    clone = Repository(tmp_path / "shallow")
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.root}", str(clone.root))
    assert clone.installed("check", "net.yaml", "--against", "HEAD").code == 0
    shallow = clone.installed("check", "net.yaml", "--against", first)
    assert shallow.code == 2
    assert "shallow" in shallow.out
    assert "git fetch --unshallow" in shallow.out
    assert clone.installed("check", "net.yaml", "--against", "HEAD~1").code == 2
    outside = Repository(tmp_path / "outside")
    outside.write("net.yaml", spec(budgets="{macs: 1G}"))
    none = outside.installed("check", "net.yaml", "--against", "main", GIT_CEILING_DIRECTORIES=str(tmp_path))
    assert none.code == 2
    assert "not in a git repository" in none.out


def test_without_git(repo: Repository, tmp_path: Path) -> None:
    repo.write("net.yaml", spec(budgets="{macs: 1G}"))
    (tmp_path / "nothing").mkdir()
    done = repo.run("check", "net.yaml", "--against", "main", PATH=str(tmp_path / "nothing"))
    assert done.code == 2
    assert "git is not installed" in done.out


def test_an_old_version_that_is_broken(repo: Repository) -> None:
    repo.write("net.yaml", "cnncalc: 1\ninput: [3, 8, 8]\nlayers: [nonsense]\n")
    repo.commit()
    repo.write("net.yaml", spec(budgets="{macs: 1G}"))
    done = repo.run("check", "net.yaml", "--against", "main")
    assert done.code == 0
    assert "the version in main cannot be analysed" in done.out
    assert repo.run("check", "net.yaml", "--against", "main", "--max-increase", "macs=0").code == 2


# baselines


def test_baseline(repo: Repository) -> None:
    repo.write("specs/net.yaml", spec())
    repo.write("specs/other.yaml", spec(8))
    file = repo.root / "budgets.json"
    assert repo.run("check", "specs", "--baseline", "budgets.json").code == 2
    done = repo.run("check", "specs", "--baseline", "budgets.json", "--update-baseline")
    assert done.code == 0, done.err
    assert "is written" in done.err
    text = file.read_text()
    recorded = json.loads(text)
    assert (recorded["schema"], recorded["convention"]) == (1, "exact")
    assert recorded["cnncalc"]
    assert recorded["specs"]["specs/net.yaml"]["params"] == PARAMS
    assert f'\n      "params": {PARAMS},\n' in text
    assert repo.run("check", "specs", "--baseline", "budgets.json").code == 0
    assert Repository(repo.root / "specs").run("check", ".", "--baseline", "../budgets.json").code == 0
    repo.write("specs/net.yaml", spec(5))
    repo.write("specs/other.yaml", spec(7))
    done = repo.run("check", "specs", "--baseline", "budgets.json")
    assert done.code == 1
    assert any(row.split()[1:6] == ["params", "128", "->", "160", "+25"] for row in done.out.splitlines())
    assert "better than the baseline: params 256 -> 224; --update-baseline records it" in done.out
    assert file.read_text() == text
    assert repo.run("check", "specs", "--baseline", "budgets.json", "--max-increase", "params=30%").code == 1
    every = [f"--max-increase={metric}=30%" for metric in recorded["specs"]["specs/net.yaml"]]
    assert repo.run("check", "specs", "--baseline", "budgets.json", *every).code == 0
    assert repo.run("check", "specs", "--baseline", "budgets.json", "--update-baseline").code == 0
    assert json.loads(file.read_text())["specs"]["specs/net.yaml"]["params"] == 160


def test_a_baseline_that_cannot_be_trusted(repo: Repository) -> None:
    repo.write("net.yaml", spec())
    assert repo.run("check", "net.yaml", "--baseline", "b.json", "--update-baseline").code == 0
    good = json.loads((repo.root / "b.json").read_text())
    assert repo.run("check", "net.yaml", "--baseline", "b.json", "--flops", "2mac").code == 2
    assert repo.run("check", "net.yaml", "--baseline", "b.json", "--dtype", "int8").code == 2
    assert repo.run("check", "net.yaml", "--baseline", "b.json", "--in-place").code == 2
    assert repo.run("check", "net.yaml", "--baseline", "b.json", "--input", "3x9x9").code == 2
    changes: tuple[dict[str, Any], ...] = (
        {"schema": 2}, {"schema": None}, {"convention": 3}, {"specs": []}, {"specs": {"net.yaml": {}}},
        {"specs": {"net.yaml": {"mcas": 3}}}, {"specs": {"net.yaml": {"macs": -3}}},
        {"specs": {"net.yaml": {"macs": "3"}}}, {"specs": {"net.yaml": {"macs": 3.5}}},
        {"specs": {**good["specs"], "x.yaml": {"macs": 3}}},
        {"convention": "2mac"},
    )  # fmt: skip
    for change in changes:
        repo.write("b.json", json.dumps({**good, **change}))
        assert repo.run("check", "net.yaml", "--baseline", "b.json").code == 2, change
    for text in ("", "{", "[]", '{"schema": 1, "schema": 1}', "\0"):
        repo.write("b.json", text)
        assert repo.run("check", "net.yaml", "--baseline", "b.json").code == 2, text
        assert repo.run("check", "net.yaml", "--baseline", "b.json", "--update-baseline").code == 2, text
        assert (repo.root / "b.json").read_text() == text


def test_a_spec_that_is_not_in_the_baseline_has_nothing_to_check(repo: Repository) -> None:
    repo.write("net.yaml", spec())
    repo.run("check", "net.yaml", "--baseline", "b.json", "--update-baseline")
    repo.write("new.yaml", spec())
    done = repo.run("check", "net.yaml", "new.yaml", "--baseline", "b.json")
    assert done.code == 2
    assert "--update-baseline adds it" in done.out
    (repo.root / "net.yaml").unlink()
    assert repo.run("check", "new.yaml", "--baseline", "b.json", "--max", "macs=1G").code == 2
    assert repo.run("check", "new.yaml", "--baseline", "b.json", "--update-baseline").code == 0
    assert list(json.loads((repo.root / "b.json").read_text())["specs"]) == ["new.yaml"]


def test_the_receptive_field_may_not_shrink(repo: Repository) -> None:
    repo.write("net.yaml", spec())
    repo.run("check", "net.yaml", "--baseline", "b.json", "--update-baseline")
    repo.write("net.yaml", spec().replace("kernel: 3, padding: 1", "kernel: 1, padding: 0"))
    done = repo.run("check", "net.yaml", "--baseline", "b.json")
    assert done.code == 1
    assert any(row.split()[1:5] == ["receptive_field", "3", "->", "1"] for row in done.out.splitlines())


@pytest.mark.long
def test_the_zoo_is_within_its_budgets() -> None:
    repo = Repository(Path(__file__).parents[2])
    done = repo.run("check", "specs", "--format", "json")
    found = data(done)
    assert done.code == 0
    assert found["counts"]["specs"] == len(list((repo.root / "specs").glob("*.yaml")))
    assert found["counts"]["within"] >= found["counts"]["specs"]


@pytest.mark.process
def test_a_terminal_without_unicode(repo: Repository) -> None:
    repo.write("net.yaml", spec(name='"\u6f22"'))
    script = [*COMMAND, "check", "net.yaml", "--max", "macs=1G"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(script, cwd=repo.root, capture_output=True, env=environment, check=True, timeout=60)
    assert done.stdout.isascii()
    assert b"ok macs" in done.stdout


@pytest.mark.process
def test_a_closed_pipe_keeps_the_verdict(repo: Repository) -> None:
    repo.write("net.yaml", spec(budgets="{macs: 1}"))
    reader, writer = os.pipe()
    os.close(reader)
    script = [*COMMAND, "check", "net.yaml"]
    done = subprocess.run(script, cwd=repo.root, stdout=writer, stderr=subprocess.PIPE, check=False, timeout=60)
    os.close(writer)
    assert done.returncode == 1, done.stderr
