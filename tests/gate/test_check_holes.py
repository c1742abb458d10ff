"""Ways in which a gate could stop gating without anybody noticing: each must be seen, or exit with 2."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from check_repository import COMMAND, Repository, spec

from cnncalc.gate import run as gate
from cnncalc.gate.config import read_config
from cnncalc.testing import BudgetDoubtError, assert_within
from cnncalc.values.diagnostics import SpecError

if TYPE_CHECKING:
    from pathlib import Path

SMALL, WITHIN = "{macs: 1}", "{macs: 1M}"


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def link(repo: Repository, path: str, to: str) -> None:
    place = repo.root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        place.symlink_to(to)
    except OSError:
        pytest.skip("no symbolic links here")


# which specs are judged


def test_an_empty_argument_is_no_folder(repo: Repository) -> None:
    """A variable of a CI job that is not set must not check the current folder instead."""
    repo.write("net.yaml", spec(budgets=WITHIN))
    assert repo.run("check", "").code == 2
    done = repo.run("check", "net.yaml", "", "--allow-empty")
    assert done.code == 2
    assert "an argument is empty" in done.out


def test_a_linked_folder_is_searched_too(repo: Repository) -> None:
    repo.write("shared/big.yaml", spec(budgets=SMALL))
    repo.write("specs/net.yaml", spec(budgets=WITHIN))
    link(repo, "specs/more", "../shared")
    done = repo.run("check", "specs")
    assert done.code == 1
    assert "specs/more/big.yaml:9" in done.out


@pytest.mark.parametrize("to", [".", "..", "loop"])
def test_links_in_circles_end(repo: Repository, to: str) -> None:
    repo.write("specs/net.yaml", spec(budgets=WITHIN))
    link(repo, "specs/loop", to)
    assert repo.run("check", "specs").code == 0


def test_a_folder_that_cannot_be_read_is_a_doubt(repo: Repository) -> None:
    repo.write("specs/net.yaml", spec(budgets=WITHIN))
    repo.write("specs/closed/big.yaml", spec(budgets=SMALL))
    scandir = os.scandir

    def refuse(path: Any) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    with mock.patch("os.scandir", refuse):
        done = repo.run("check", "specs")
    assert done.code == 2
    assert "specs/closed' cannot be searched: Permission denied" in done.out


@pytest.mark.process
def test_files_that_nobody_judges_are_named(repo: Repository) -> None:
    repo.write("specs/net.yaml", spec(budgets=WITHIN))
    repo.write("specs/empty.yaml", "")
    repo.write("specs/unsigned.yml", spec().removeprefix("cnncalc: 1\n"))
    done = repo.run("check", "specs")
    assert done.code == 0
    assert "2 YAML files without 'cnncalc: 1' not judged: 'specs/empty.yaml', 'specs/unsigned.yml'" in done.err
    repo.write("specs/unsigned.yml", spec(budgets=SMALL).removeprefix("cnncalc: 1\n"))
    done = repo.run("check", "specs")
    assert done.code == 2
    assert "has layers and budgets, and no 'cnncalc: 1'" in done.out + done.err
    assert "specs/empty.yaml" in repo.run("check", "specs", "--format", "github").out
    assert repo.run("check", "specs/empty.yaml").code == 2
    assert repo.run("check", "specs/unsigned.yml").code == 1


@pytest.mark.parametrize("text", ["", spec(budgets=SMALL).removeprefix("cnncalc: 1\n")])
def test_a_spec_that_stops_being_one_is_a_doubt(repo: Repository, text: str) -> None:
    repo.write("specs/net.yaml", spec(budgets=WITHIN))
    repo.write("specs/big.yaml", spec(budgets=WITHIN))
    repo.commit()
    repo.write("specs/big.yaml", text)
    done = repo.run("check", "specs", "--against", "main")
    assert done.code == 2
    assert "'specs/big.yaml' is a spec in main and has no 'cnncalc: 1' now" in done.out


# which budgets are read


def test_a_glob_for_a_file_that_is_no_spec_is_a_doubt(repo: Repository) -> None:
    repo.write("specs/net.yaml", spec(budgets=WITHIN))
    repo.write("specs/big.yaml", "")
    repo.write("cnncalc.toml", '[budgets."specs/big.yaml"]\nmacs = 1\n')
    done = repo.run("check", "specs")
    assert done.code == 2
    assert "the budgets for 'specs/big.yaml' match no spec" in done.out


def test_a_configuration_that_is_for_other_files_is_a_doubt(repo: Repository) -> None:
    repo.write("specs/net.yaml", spec(budgets=WITHIN))
    repo.write("ci/other.yaml", "a: 1")
    repo.write("ci/cnncalc.toml", '[budgets."*.yaml"]\nmacs = 1\n')
    assert repo.run("check", "specs", "--config", "ci/cnncalc.toml").code == 2


@pytest.mark.parametrize("glob", ["specs/*.yaml", "shared/*.yaml"])
def test_a_glob_holds_for_a_link_and_for_what_it_points_at(repo: Repository, glob: str) -> None:
    repo.write("shared/net.yaml", spec(budgets=WITHIN))
    link(repo, "specs/net.yaml", "../shared/net.yaml")
    repo.write("cnncalc.toml", f'[budgets."{glob}"]\nmacs = 1\n')
    assert repo.run("check", "specs").code == 1


def test_a_nearer_configuration_hides_no_farther_one(repo: Repository) -> None:
    repo.write("specs/net.yaml", spec())
    repo.write("cnncalc.toml", '[budgets."specs/*.yaml"]\nmacs = 1\nparams = 1\n')
    repo.write("specs/cnncalc.toml", '[budgets."*.yaml"]\nparams = 1000\n')
    (repo.root / ".git").mkdir()
    done = repo.run("check", "specs", "--format", "json")
    judged = {b["metric"]: (b["limit"], b["source"]["name"]) for b in json.loads(done.out)["specs"][0]["budgets"]}
    assert judged == {"macs": (1, "cnncalc.toml"), "params": (1000, os.path.join("specs", "cnncalc.toml"))}  # noqa: PTH118
    assert done.code == 1


def test_budgets_for_another_variant_are_named(repo: Repository) -> None:
    text = spec(budgets="{params: 1M, variants: {half: {macs: 1}}}")
    repo.write("net.yaml", text.replace("input:", "vars: {w: 1}\nvariants: {half: {w: 2}}\ninput:"))
    done = repo.run("check", "net.yaml")
    assert done.code == 0
    assert "budgets for variant 'half' are not judged here" in done.out
    assert repo.run("check", "net.yaml", "--all-variants").code == 1


@pytest.mark.parametrize("number", ["1_000", "1_000.0", "+1_000", "0x10", "0o17", "0b1", "inf", "nan", "-1", "1.5"])
def test_numbers_of_toml_are_read_as_quantities(repo: Repository, number: str) -> None:
    file = repo.write("cnncalc.toml", f'[budgets."*.yaml"]\nmacs = {number} # 1_000\n')
    with pytest.raises(SpecError) as caught:
        read_config(file)
    assert [d.code for d in caught.value.diagnostics] == ["bad-quantity"]


def test_other_numbers_of_toml_stay(repo: Repository) -> None:
    text = '[budgets."a_1_000.yaml"]\nmacs = 1000\n[budgets.\'x 1_000\']\nparams = "2k"\nflops = {max = 3.0}\n'
    config = read_config(repo.write("cnncalc.toml", text))
    assert [glob for glob, _ in config.budgets] == ["a_1_000.yaml", "x 1_000"]
    assert [limit.value for _, budget in config.budgets for limit in budget.limits] == [1000, 2000, 3]


def test_a_project_file_of_another_form_is_no_trouble(repo: Repository) -> None:
    repo.write("net.yaml", spec(budgets=WITHIN))
    repo.write("pyproject.toml", "tool = 3 # cnncalc\n")
    assert repo.run("check", "net.yaml").code == 0


# baselines


def test_a_limit_on_shrinking_leaves_the_baseline_a_limit_on_growth(repo: Repository) -> None:
    budgets = "{max_decrease: {macs: 5%, params: 5%}, max_increase: {params: 5000%, flops: 5000%}}"
    repo.write("net.yaml", spec(4, budgets=budgets))
    assert repo.run("check", "net.yaml", "--baseline", "b.json", "--update-baseline").code == 0
    repo.write("net.yaml", spec(40, budgets=budgets))
    done = repo.run("check", "net.yaml", "--baseline", "b.json", "--format", "json")
    rows = json.loads(done.out)["specs"][0]["budgets"]
    over = {(row["metric"], row["bound"]) for row in rows if row["status"] == "over"}
    assert ("macs", "max_increase") in over
    assert not {metric for metric, _ in over} & {"params", "flops"}
    assert done.code == 1


def test_a_baseline_of_other_variables_is_another_rule(repo: Repository) -> None:
    text = spec().replace("conv: 4", "conv: w").replace("input:", "vars: {w: 4}\ninput:")
    repo.write("net.yaml", text)
    assert repo.run("check", "net.yaml", "--baseline", "b.json", "--update-baseline").code == 0
    done = repo.run("check", "net.yaml", "--baseline", "b.json", "--set", "w=2")
    assert done.code == 2
    assert "this run has FLOPs by 'exact', fp32, w=2" in done.out


@pytest.mark.parametrize("change", [{"in_place": "yes"}, {"input": 3}, {"variables": []}, {"schema": True}])
def test_a_baseline_whose_rule_is_no_rule(repo: Repository, change: dict[str, object]) -> None:
    repo.write("net.yaml", spec())
    assert repo.run("check", "net.yaml", "--baseline", "b.json", "--update-baseline").code == 0
    file = repo.root / "b.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    assert repo.run("check", "net.yaml", "--baseline", "b.json").code == 2


@pytest.mark.parametrize("budgets", [{"max_increase": {"macs": 0}}, {"variants": {"a": {"max_decrease": {"macs": 0}}}}])
def test_assert_within_refuses_what_it_would_not_judge(repo: Repository, budgets: dict[str, Any]) -> None:
    file = repo.write("net.yaml", spec(budgets=WITHIN))
    with pytest.raises(BudgetDoubtError, match="nothing to compare with"):
        assert_within(str(file), **budgets)


@pytest.mark.process
@pytest.mark.parametrize("arguments", [("-",), ("-", "--max", "macs=1")])
def test_a_closed_standard_input_is_an_empty_spec(repo: Repository, arguments: tuple[str, ...]) -> None:
    done = subprocess.run(f"exec {shlex.join([*COMMAND, 'check', *arguments])} <&-", shell=True, cwd=repo.root,  # noqa: S602
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 2
    assert "the spec is empty" in done.stdout


# mistakes of our own


def test_a_limit_of_zero_is_missed_by_most(repo: Repository) -> None:
    repo.write("net.yaml", spec(budgets="{macs: 1, params: 0, flops: 5}"))
    rows = repo.run("check", "net.yaml", "--format", "github").out.splitlines()
    assert "params is" in rows[0]


def test_a_mistake_of_our_own_is_no_verdict(repo: Repository) -> None:
    repo.write("net.yaml", spec(budgets=SMALL))
    with mock.patch.object(gate, "targets", side_effect=RuntimeError("boom")):
        done = repo.run("check", "net.yaml")
    assert done.code == 70
    assert "boom" in done.err


@pytest.mark.process
@pytest.mark.parametrize("module", ["typer", "rich.console", "cnncalc.cli.common", "cnncalc.gate.run", "yaml"])
def test_what_cannot_be_imported_is_no_verdict(repo: Repository, module: str) -> None:
    """A broken installation, as a process meets it: the import fails in the middle."""
    repo.write("net.yaml", spec(budgets=SMALL))
    code = (
        "import sys\n"
        f"sys.modules[{module!r}] = None\n"
        "from cnncalc.__main__ import main\n"
        "sys.argv = ['cnncalc', 'check', 'net.yaml', '--format', 'text']\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=repo.root, capture_output=True, text=True, check=False)
    assert done.returncode in {2, 70}, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.process
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")  # noqa: PTH110
@pytest.mark.parametrize("arguments", [("gone.yaml",), ("net.yaml", "--max", "nothing"), ("net.yaml", "--nothing")])
def test_a_full_standard_error_is_no_verdict(repo: Repository, arguments: tuple[str, ...]) -> None:
    repo.write("net.yaml", spec(budgets=WITHIN))
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run([*COMMAND, "check", *arguments], cwd=repo.root, stdout=subprocess.DEVNULL, stderr=full,
                              check=False)  # fmt: skip
    assert done.returncode not in {0, 1}
