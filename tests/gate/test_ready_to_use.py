"""The gate where teams already look: the pre-commit hook, the action's steps, pytest, and the documents about them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_repository import Repository, spec

ROOT = Path(__file__).parents[2]
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")


def action() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    return found


def step(name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(step for step in action()["runs"]["steps"] if step["name"] == name)
    return found


def run_step(
    name: str, repo: Repository, inputs: dict[str, str], **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the shell step of the action as the runner does: its own text, its `env` with the inputs put in."""
    declared = {key: entry.get("default", "") for key, entry in action()["inputs"].items()}
    values = {f"inputs.{key}": value for key, value in {**declared, **inputs}.items()}
    values["github.action_path"] = str(ROOT)
    body = step(name)
    filled = {
        key: re.sub(r"\$\{\{ *([\w.-]+) *\}\}", lambda match: values[match[1]], text)
        for key, text in body["env"].items()
    }
    assert body["shell"] == "bash"
    assert "${{" not in body["run"]
    script = repo.write(".step.sh", body["run"])
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)], cwd=repo.root, capture_output=True,
        text=True, env={**os.environ, "PATH": path, "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(repo.root),
             "GITHUB_OUTPUT": str(repo.root / "output.txt"), "GITHUB_STEP_SUMMARY": str(repo.root / "summary.md"),
             **filled, **environment},
        check=False, timeout=300,
    )  # fmt: skip


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


@pytest.mark.process
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_the_check_step_of_the_action(repo: Repository) -> None:
    repo.write("specs/net.yaml", spec(budgets="{macs: 1G, max_increase: {macs: 0}}"))
    repo.write("my designs/other net.yaml", spec(budgets="{macs: 1G, max_increase: {macs: 0}}"))
    repo.commit()
    inputs = {"against": "main", "sarif": "out.sarif", "args": "--warn-at=95%\n\n--format\njunit=a b.xml\n",
              "specs": "specs/\nmy designs/\n"}  # fmt: skip
    done = run_step("Check budgets", repo, inputs)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("::notice title=cnncalc check::2 specs, 4 limits: 4 within")
    assert (repo.root / "output.txt").read_text() == "exit-code=0\n"
    assert (repo.root / "out.sarif").is_file()
    assert (repo.root / "a b.xml").is_file()
    assert (repo.root / "summary.md").read_text().startswith("<!-- cnncalc-check -->")
    repo.write("specs/net.yaml", spec(5, budgets="{macs: 1G, max_increase: {macs: 0}}"))
    done = run_step("Check budgets", repo, inputs)
    assert done.returncode == 1
    assert "::error file=specs/net.yaml,line=6" in done.stdout
    assert (repo.root / "output.txt").read_text() == "exit-code=0\nexit-code=1\n"


@pytest.mark.process
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize("specs", ["", "\n", "gone.yaml", "$(touch hacked)", "; touch hacked", "--help\n"])
def test_the_check_step_never_passes_a_doubt_nor_runs_its_inputs(repo: Repository, specs: str) -> None:
    done = run_step("Check budgets", repo, {"specs": specs, "args": "`touch hacked`" if "touch" in specs else ""})
    assert done.returncode == 2, done.stdout
    assert not (repo.root / "hacked").exists()


@pytest.mark.process
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_the_check_step_imports_nothing_from_the_repository(repo: Repository) -> None:
    """A pull request that brings modules of the gate's names must not replace the gate."""
    repo.write("specs/net.yaml", spec(budgets="{macs: 1}"))
    repo.write("cnncalc/__init__.py", "")
    repo.write("cnncalc/__main__.py", "print('all is well')")
    repo.write("yaml.py", "raise SystemExit(0)")
    done = run_step("Check budgets", repo, {"specs": "specs/"})
    assert done.returncode == 1
    assert "all is well" not in done.stdout


@pytest.mark.process
@pytest.mark.network
def test_the_install_step_of_the_action(repo: Repository) -> None:
    python = fresh_environment(repo.root / "venv")
    done = run_step("Install cnncalc", repo, {}, PATH=f"{python.parent}{os.pathsep}{os.environ['PATH']}")
    if done.returncode and "No matching distribution" in done.stderr:
        pytest.skip("no package index answers: the install step of the action is NOT tested")
    assert done.returncode == 0, done.stderr
    repo.write("specs/net.yaml", spec(budgets="{macs: 1}"))
    done = run_step("Check budgets", repo, {}, PATH=f"{python.parent}{os.pathsep}{os.environ['PATH']}")
    assert done.returncode == 1, done.stderr


def fresh_environment(folder: Path) -> Path:
    """Return the Python of a new virtual environment."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=600)
    return folder / ("Scripts" if os.name == "nt" else "bin") / "python"


def copy_of_this_repository(folder: Path) -> Repository:
    """Return a git repository with the files that this one tracks, as they are now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    if listed.returncode:
        pytest.skip("this is no checkout")
    copy = Repository(folder)
    for name in listed.stdout.split("\0"):
        if name and (ROOT / name).is_file() and not name.startswith("tests/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    copy.commit()
    return copy


@pytest.mark.process
@pytest.mark.network
def test_the_pre_commit_hook(tmp_path: Path) -> None:
    python = fresh_environment(tmp_path / "venv")
    done = subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "pre-commit"],
                          capture_output=True, text=True, check=False, timeout=300)  # fmt: skip
    if done.returncode:
        pytest.skip("no package index answers: the pre-commit hook is NOT tested")
    tool = copy_of_this_repository(tmp_path / "tool")
    work = Repository(tmp_path / "work")
    work.write("specs/net.yaml", spec(budgets="{macs: 1G}"))
    work.write("compose.yaml", "services: {}\n")
    revision = tool.git("rev-parse", "HEAD")
    hooks = [{"id": "cnncalc-check"}]
    work.write(".pre-commit-config.yaml",
               yaml.safe_dump({"repos": [{"repo": str(tool.root), "rev": revision, "hooks": hooks}]}))  # fmt: skip
    work.commit()

    def hook() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(python), "-m", "pre_commit", "run", "--all-files", "--verbose"], cwd=work.root, capture_output=True,
            text=True, check=False, timeout=500, env={**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "home")},
        )  # fmt: skip

    done = hook()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 spec, 1 limit: 1 within" in done.stdout
    work.write("specs/net.yaml", spec(budgets="{macs: 1}"))
    done = hook()
    assert done.returncode == 1
    assert "over its maximum by" in done.stdout
    work.write("specs/net.yaml", spec())
    assert hook().returncode == 0
    work.write("specs/net.yaml", spec().replace("global_avg_pool", "global_pool"))
    done = hook()
    assert done.returncode == 1
    assert "exit code: 2" in done.stdout


def test_the_hook_is_declared_as_pre_commit_wants_it() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hook["id"] == "cnncalc-check"
    assert hook["language"] == "python"
    assert hook["entry"] == "cnncalc check"
    assert re.match(hook["files"], "specs/a/b.yaml")
    assert not re.match(hook["files"], "compose.yaml")


def test_the_hook_lets_the_first_commit_pass(repo: Repository) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    repo.write("specs/net.yaml", spec())
    repo.commit()
    done = repo.run(*hook["entry"].split()[1:], *hook["args"], "specs/net.yaml")
    assert done.code == 0, done.out
    repo.write("specs/net.yaml", spec().replace("global_avg_pool", "global_pool"))
    assert repo.run(*hook["entry"].split()[1:], *hook["args"], "specs/net.yaml").code == 2


GH = r"""#!{python}
import json, pathlib, re, sys
given = sys.argv[1:]
file = pathlib.Path({store!r})
comments = json.loads(file.read_text()) if file.exists() else []
body = next((pathlib.Path(word[6:]).read_text() for word in given if word.startswith("body=@")), None)
target = next(word for word in given if word.startswith("repos/"))
if "--jq" in given:
    assert target == "repos/o/r/issues/7/comments", given
    wanted = re.fullmatch(r'\.\[\] \| select\(\.body \| startswith\("(.*)"\)\) \| \.id', given[given.index("--jq") + 1])
    print(*(c["id"] for c in comments if c["body"].startswith(wanted[1])), sep="\n")
elif "POST" in given:
    assert target == "repos/o/r/issues/7/comments", given
    comments.append({{"id": 40 + len(comments), "body": body}})
else:
    assert "PATCH" in given
    (comment,) = [c for c in comments if target == f"repos/o/r/issues/comments/{{c['id']}}"]
    comment["body"] = body
file.write_text(json.dumps(comments))
"""
"""A `gh` that keeps the comments of one pull request in a file."""


def test_the_recipe_writes_one_comment_and_rewrites_it(repo: Repository) -> None:
    (script,) = [block for block in blocks("bash") if "cnncalc-check" in block]
    store = repo.root / "comments.json"
    store.write_text(json.dumps([{"id": 39, "body": "not ours <!-- cnncalc-check -->"}]), encoding="utf-8")
    gh = repo.write("bin/gh", GH.format(python=sys.executable, store=str(store)))
    gh.chmod(0o755)
    path = f"{gh.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "GITHUB_REPOSITORY": "o/r", "PR": "7"}
    for budget in ("1G", "1"):
        repo.write("specs/net.yaml", spec(budgets=f"{{macs: {budget}}}"))
        repo.run("check", "specs", "--format=markdown=cnncalc.md")
        bash = ["bash", "-euo", "pipefail", "-c", script]
        subprocess.run(bash, cwd=repo.root, check=True, env=environment, timeout=60)
    found = json.loads(store.read_text(encoding="utf-8"))
    assert [comment["id"] for comment in found] == [39, 41]
    assert found[1]["body"].startswith("<!-- cnncalc-check -->\n")
    assert "over budget" in found[1]["body"]


def test_what_the_action_and_the_documents_use_is_pinned() -> None:
    uses = [step["uses"] for step in action()["runs"]["steps"] if "uses" in step]
    assert uses
    text = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
    uses += [name for name in re.findall(r"uses: (\S+)", text) if not name.startswith("OWNER/")]
    assert len(uses) >= 3
    assert all(PINNED.fullmatch(name) for name in uses), uses


def blocks(language: str) -> list[str]:
    text = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_documents_are_true(repo: Repository) -> None:
    documents = [yaml.safe_load(block) for block in blocks("yaml")]
    assert all(isinstance(document, dict) for document in documents)
    workflow = next(document for document in documents if "jobs" in document)
    given = next(step for step in workflow["jobs"]["check"]["steps"] if "cnncalc@" in step.get("uses", ""))["with"]
    assert set(given) <= set(action()["inputs"])
    (config,) = blocks("toml")
    assert tomllib.loads(config)["tool"]["cnncalc"]["budgets"]
    budgets = next(block for block in blocks("yaml") if block.startswith("budgets:\n  macs"))
    repo.write("pyproject.toml", config)
    repo.write("specs/mobile/net.yaml", spec(budgets="{params: 3}"))
    done = repo.run("check", "specs", "--format", "json")
    found = json.loads(done.out)["specs"][0]["budgets"]
    assert {b["metric"]: (b["source"]["name"], b["status"]) for b in found} == {
        "params": ("pyproject.toml", "within"), "macs": ("pyproject.toml", "within"),
        "receptive_field": ("pyproject.toml", "over"),
    }  # fmt: skip
    repo.write("budgets.yaml", budgets)
    network = "cnncalc: 1\nname: x\ninput: [3, 224, 224]\nvariants: {half: {w: 32}}\nvars: {w: 64}\nlayers:\n"
    layers = "  - {conv: {out: w, stride: 2}}\n  - {conv: w, repeat: 2, as: layer4}\n"
    repo.write("specs/mobile/net.yaml", f"{network}{layers}defaults: {{conv: {{kernel: 3}}}}\n")
    done = repo.run("check", "specs", "--budget", "budgets.yaml", "--no-compare")
    assert done.code == 1, done.out
    assert "layer4.1" in done.out


def test_every_option_and_metric_stands_in_the_documents() -> None:
    from cnncalc.cli import load_command
    from cnncalc.gate.metrics import ALIASES, METRICS

    text = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
    for name in (*METRICS, *ALIASES):
        assert f"`{name}`" in text, name
    general = {"--help", "--input", "--set", "--max-layers", "--variant"}
    for parameter in load_command("check").params:
        for option in parameter.opts:
            if option.startswith("--") and option not in general:
                assert option in text, option


def test_every_code_of_the_gate_stands_in_the_documents() -> None:
    text = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `([a-z-]+)` \|", text.partition("### Codes")[2].partition("##")[0], re.MULTILINE))
    sources = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "cnncalc" / "gate").glob("*.py"))
    used = re.findall(r'(?:code=|_error\(\s*|\.add\(\s*|code: str = )"([a-z-]+)"', sources)
    used += re.findall(r'Status\.\w+: "([a-z]+-[a-z]+)"', sources) + re.findall(
        r'_refuse\([^)]*"([a-z]+-[a-z]+)"\)', sources
    )
    assert set(used) == listed


@pytest.mark.process
def test_pytest_collects_specs(repo: Repository) -> None:
    repo.write("specs/good.yaml", spec(budgets="{macs: 1G, max_increase: {macs: 0}}"))
    repo.write("specs/over.yaml", spec(budgets="{macs: 1}"))
    repo.write("specs/doubt.yaml", spec())
    repo.write("specs/other.yaml", "services: {}\n")
    arguments = [sys.executable, "-m", "pytest", "-q", "-p", "cnncalc.pytest_plugin", "-p", "no:cacheprovider", "specs"]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}

    def collected(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*arguments, *more], cwd=repo.root, capture_output=True, text=True, env=environment,
                              check=False, timeout=120)  # fmt: skip

    done = collected("--cnncalc")
    assert done.returncode == 1
    assert "2 failed, 1 passed" in done.stdout
    assert "over its maximum of 1" in done.stdout
    assert "has no budget" in done.stdout
    assert collected().returncode == 5
