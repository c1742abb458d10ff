"""Ways past the gate, by kind: each kind is enumerated, and each member of it is judged, refused or noticed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from check_repository import COMMAND, Repository, spec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEPT = "{max_increase: {macs: 0}}"
SMALL, WITHIN = "{macs: 1}", "{macs: 1M}"
BIG = 8
"""Channels of a network that grew; `spec()` has 4."""


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    folder = tmp_path / "repository"
    folder.mkdir()
    return Repository(folder)


def link(repo: Repository, path: str, to: str) -> None:
    place = repo.root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        place.symlink_to(to)
    except OSError:
        pytest.skip("no symbolic links here")


# what a name stands for changes: the growth is seen, whatever the name has become


def file_becomes_link(repo: Repository) -> None:
    repo.write("else/net.yaml", spec(BIG, budgets=KEPT))
    (repo.root / "specs/net.yaml").unlink()
    link(repo, "specs/net.yaml", "../else/net.yaml")


def file_becomes_hidden_link(repo: Repository) -> None:
    repo.write(".else/net.yaml", spec(BIG, budgets=KEPT))
    (repo.root / "specs/net.yaml").unlink()
    link(repo, "specs/net.yaml", "../.else/net.yaml")


def file_becomes_link_outside(repo: Repository) -> None:
    outside = repo.root.parent / "outside.yaml"
    outside.write_text(spec(BIG, budgets=KEPT))
    (repo.root / "specs/net.yaml").unlink()
    link(repo, "specs/net.yaml", str(outside))


def folder_becomes_link(repo: Repository) -> None:
    (repo.root / "specs").rename(repo.root / "gone")
    repo.write("gone/net.yaml", spec(BIG, budgets=KEPT))
    link(repo, "specs", "gone")


def folder_becomes_link_to_hidden(repo: Repository) -> None:
    (repo.root / "specs").rename(repo.root / ".gone")
    repo.write(".gone/net.yaml", spec(BIG, budgets=KEPT))
    link(repo, "specs", ".gone")


def folder_becomes_link_outside(repo: Repository) -> None:
    (repo.root / "specs").rename(repo.root.parent / "gone")
    (repo.root.parent / "gone/net.yaml").write_text(spec(BIG, budgets=KEPT))
    link(repo, "specs", "../gone")


def folder_becomes_link_to_another_repository(repo: Repository) -> None:
    other = Repository(repo.root / "vendor")
    other.write("specs/net.yaml", spec(BIG, budgets=KEPT))
    other.commit()
    (repo.root / "specs").rename(repo.root.parent / "gone")
    link(repo, "specs", "vendor/specs")


def suffix_changes_case(repo: Repository) -> None:
    (repo.root / "specs/net.yaml").rename(repo.root / "specs/net.YAML")
    repo.write("specs/net.YAML", spec(BIG, budgets=KEPT))


def suffix_changes(repo: Repository) -> None:
    (repo.root / "specs/net.yaml").rename(repo.root / "specs/net.Yml")
    repo.write("specs/net.Yml", spec(BIG, budgets=KEPT))


def style_changes(repo: Repository) -> None:
    repo.write("specs/net.yaml", textwrap.indent(spec(BIG, budgets=KEPT), " "))


def lines_end_in_carriage_returns(repo: Repository) -> None:
    (repo.root / "specs/net.yaml").write_bytes(spec(BIG, budgets=KEPT).replace("\n", "\r").encode())


BECOMES = [
    file_becomes_link, file_becomes_hidden_link, file_becomes_link_outside, folder_becomes_link,
    folder_becomes_link_to_hidden, folder_becomes_link_outside, folder_becomes_link_to_another_repository,
    suffix_changes_case, suffix_changes, style_changes, lines_end_in_carriage_returns,
]  # fmt: skip


@pytest.mark.parametrize("named", ["specs", "specs/", "./specs/../specs"])
@pytest.mark.parametrize("change", BECOMES, ids=lambda change: change.__name__)
def test_growth_is_seen_whatever_a_name_has_become(
    repo: Repository, change: Callable[[Repository], None], named: str
) -> None:
    repo.write("specs/net.yaml", spec(budgets=KEPT))
    repo.commit()
    change(repo)
    done = repo.run("check", named, "--against", "HEAD")
    assert done.code in {1, 2}, done
    assert "new since" not in done.out


@pytest.mark.parametrize("folder", [False, True], ids=["file", "folder"])
def test_a_link_that_is_pointed_elsewhere_keeps_its_history(repo: Repository, folder: bool) -> None:
    """What the link gave in the commit is what it is compared with."""
    repo.write("one/net.yaml", spec(budgets=KEPT))
    repo.write("one/other.yaml", spec(7, label="another", name="unlike"))
    name, to = ("specs", "{}") if folder else ("specs/net.yaml", "../{}/net.yaml")
    link(repo, name, to.format("one"))
    repo.commit()
    repo.write("two/net.yaml", spec(BIG, budgets=KEPT))
    (repo.root / name).unlink()
    link(repo, name, to.format("two"))
    done = repo.run("check", "specs", "--against", "HEAD")
    assert done.code == 1, done


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".YAML", ".Yml"])
def test_a_deleted_spec_is_named(repo: Repository, suffix: str) -> None:
    repo.write("specs/net.yaml", spec(budgets=KEPT))
    repo.write(f"specs/other{suffix}", spec(7, label="another", name="unlike"))
    repo.commit()
    (repo.root / f"specs/other{suffix}").unlink()
    done = repo.run("check", "specs", "--against", "HEAD")
    assert f"specs/other{suffix}" in done.out + done.err


# what a folder holds


def as_hidden_link(repo: Repository) -> None:
    repo.write("specs/.store/net.yaml", spec(budgets=SMALL))
    link(repo, "specs/mobile", ".store")


def as_link_through_hidden(repo: Repository) -> None:
    repo.write(".store/deep/net.yaml", spec(budgets=SMALL))
    link(repo, "specs/mobile", "../.store/deep")


def as_hidden_file_link(repo: Repository) -> None:
    repo.write("specs/.net.yaml", spec(budgets=SMALL))
    link(repo, "specs/net.yaml", ".net.yaml")


def as_link_to_a_pipe(repo: Repository) -> None:
    os.mkfifo(repo.root / "pipe")
    link(repo, "specs/n.yml", "../pipe")


def written(path: str, change: Callable[[str], str | bytes]) -> Callable[[Repository], None]:
    def write(repo: Repository) -> None:
        changed = change(spec(budgets=SMALL))
        file = repo.root / path
        file.write_bytes(changed if isinstance(changed, bytes) else changed.encode())

    return write


def flow(text: str) -> str:
    import yaml

    return str(yaml.safe_dump(yaml.safe_load(text), default_flow_style=True, width=10_000, sort_keys=False))


HELD: dict[str, Callable[[Repository], None]] = {
    "hidden folder by link": as_hidden_link,
    "below a hidden folder by link": as_link_through_hidden,
    "hidden file by link": as_hidden_file_link,
    **{f"suffix {name}": written(f"specs/net{name}", str) for name in (".YAML", ".Yml", ".YML", ".yMl")},
    "indented": written("specs/net.yaml", lambda text: textwrap.indent(text, " ")),
    "flow": written("specs/net.yaml", flow),
    "flow, signature last": written(
        "specs/net.yaml", lambda text: "{" + flow(text).strip()[1:-1].replace("cnncalc: 1, ", "") + ", cnncalc: 1}"
    ),
    "carriage returns": written("specs/net.yaml", lambda text: text.replace("\n", "\r")),
    "both line ends": written("specs/net.yaml", lambda text: text.replace("\n", "\r\n")),
    "escaped key": written("specs/net.yaml", lambda text: text.replace("cnncalc:", '"cnn\\u0063alc":', 1)),
    "escaped by number": written("specs/net.yaml", lambda text: text.replace("cnncalc:", '"\\x63nncalc":', 1)),
    "complex key": written("specs/net.yaml", lambda text: text.replace("cnncalc: 1", "? cnncalc\n: 1", 1)),
    "tagged key": written("specs/net.yaml", lambda text: text.replace("cnncalc:", "!!str cnncalc:", 1)),
    "anchored key": written("specs/net.yaml", lambda text: text.replace("cnncalc:", "&a cnncalc:", 1)),
    "quoted key": written("specs/net.yaml", lambda text: text.replace("cnncalc:", "'cnncalc' :", 1)),
    "document start": written("specs/net.yaml", lambda text: f"--- # first\n{text}"),
    "directive": written("specs/net.yaml", lambda text: f"%YAML 1.1\n---\n{text}"),
    "after the layers": written("specs/net.yaml", lambda text: text.removeprefix("cnncalc: 1\n") + "cnncalc: 1\n"),
    "byte order mark": written("specs/net.yaml", lambda text: b"\xef\xbb\xbf" + text.encode()),
    "UTF-16": written("specs/net.yaml", lambda text: text.encode("utf-16")),
    "second document": written("specs/net.yaml", lambda text: f"{text}---\nmore: 1\n"),
    "first document empty": written("specs/net.yaml", lambda text: f"---\n---\n{text}"),
    "broken at its end": written("specs/net.yaml", lambda text: f"{text}a: [\n"),
    "NUL": written("specs/net.yaml", lambda text: f"{text}# \0\n"),
    "no signature": written("specs/net.yaml", lambda text: text.removeprefix("cnncalc: 1\n")),
    "no signature, escaped budgets": written(
        "specs/net.yaml", lambda text: text.removeprefix("cnncalc: 1\n").replace("budgets:", '"bud\\u0067ets":')
    ),
    "no signature, flow": written("specs/net.yaml", lambda text: flow(text.removeprefix("cnncalc: 1\n"))),
    "no signature, UTF-16": written(
        "specs/net.yaml", lambda text: text.removeprefix("cnncalc: 1\n").encode("utf-16")
    ),
    "no signature, broken": written("specs/net.yaml", lambda text: text.removeprefix("cnncalc: 1\n") + "a: [\n"),
    "misspelt signature": written("specs/net.yaml", lambda text: text.replace("cnncalc:", "cnncalk:", 1)),
    "dangling": lambda repo: link(repo, "specs/net.yaml", "nowhere.yaml"),
    "link to itself": lambda repo: link(repo, "specs/net.yaml", "net.yaml"),
    "device": lambda repo: link(repo, "specs/net.yaml", "/dev/zero"),
    "pipe": lambda repo: os.mkfifo(repo.root / "specs/net.yaml"),
    "link to a pipe": as_link_to_a_pipe,
}  # fmt: skip


@pytest.mark.parametrize("kind", HELD)
def test_a_spec_of_a_folder_is_judged_or_a_doubt(repo: Repository, kind: str) -> None:
    repo.write("specs/ok.yaml", spec(budgets=WITHIN, name="ok"))
    HELD[kind](repo)
    done = repo.run("check", "specs")
    assert done.code in {1, 2}, done


CONFIGURATIONS: dict[str, Callable[[Repository], object]] = {
    "dangling pyproject": lambda repo: link(repo, "pyproject.toml", "nowhere.toml"),
    "dangling cnncalc.toml": lambda repo: link(repo, "cnncalc.toml", "nowhere.toml"),
    "a link to itself": lambda repo: link(repo, "cnncalc.toml", "cnncalc.toml"),
    "a pipe": lambda repo: os.mkfifo(repo.root / "cnncalc.toml"),
    "a folder": lambda repo: (repo.root / "cnncalc.toml").mkdir(),
    "escaped table": lambda repo: repo.write("pyproject.toml", '[tool."cnn\\u0063alc".budgets]\nmacs = 1\n'),
    "dotted and quoted": lambda repo: repo.write("pyproject.toml", "tool.'cnncalc'.budgets.macs = 1\n"),
    "inline": lambda repo: repo.write("pyproject.toml", '"t\\u006fol" = {cnncalc = {budgets = {macs = 1}}}\n'),
    "broken": lambda repo: repo.write("pyproject.toml", "[tool.cnncalc.budgets]\nmacs = \n"),
    "broken, with escapes": lambda repo: repo.write("pyproject.toml", '[tool."cnn\\u0063alc".budgets]\nmacs = \n'),
    "wrong bytes": lambda repo: (repo.root / "cnncalc.toml").write_bytes(b"[budgets]\nmacs = 1 # \xff\n"),
}


@pytest.mark.parametrize("kind", CONFIGURATIONS)
def test_a_configuration_is_read_or_a_doubt(repo: Repository, kind: str) -> None:
    repo.write("specs/net.yaml", spec(budgets=WITHIN))
    repo.commit()
    CONFIGURATIONS[kind](repo)
    assert repo.run("check", "specs").code in {1, 2}


# git


@pytest.mark.parametrize("name", subprocess.run(
    ["git", "rev-parse", "--local-env-vars"], capture_output=True, text=True, check=True).stdout.split())  # fmt: skip
def test_what_git_sets_for_hooks_does_not_reach_git(repo: Repository, name: str) -> None:
    repo.write("specs/net.yaml", spec(budgets=KEPT))
    repo.commit()
    repo.write("specs/net.yaml", spec(BIG, budgets=KEPT))
    value = {"GIT_DIR": ".git", "GIT_WORK_TREE": "/", "GIT_CONFIG_COUNT": "x"}.get(name, "nowhere")
    assert repo.run("check", "specs", "--against", "HEAD", **{name: value}).code == 1


@pytest.mark.process
def test_a_hook_of_a_linked_worktree_finds_earlier_versions(repo: Repository) -> None:
    repo.write("specs/net.yaml", spec(budgets=KEPT))
    repo.commit()
    hook = repo.write(".git/hooks/pre-commit", f'#!/bin/sh\n"{COMMAND[0]}" check specs --against HEAD > said\n')
    hook.chmod(0o755)
    repo.git("worktree", "add", "-q", "../worktree")
    worktree = Repository(repo.root.parent / "worktree")
    worktree.write("specs/net.yaml", flow(spec(BIG, budgets=KEPT)))
    with pytest.raises(subprocess.CalledProcessError):
        worktree.commit()
    assert "new since" not in (worktree.root / "said").read_text()


@pytest.mark.process
@pytest.mark.parametrize("through", ["path", "link"])
@pytest.mark.parametrize("kind", ["nested", "submodule"])
def test_a_repository_inside_another_is_named(repo: Repository, kind: str, through: str) -> None:
    repo.write("ok.yaml", spec())
    repo.commit()
    if kind == "submodule":
        other = Repository(repo.root.parent / "other")
        other.root.mkdir()
        other.write("net.yaml", spec(budgets=WITHIN))
        other.commit()
        repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.root), "inner")
    else:
        inner = Repository(repo.root / "inner")
        inner.write("net.yaml", spec(budgets=WITHIN))
        inner.commit()
    if through == "link":
        link(repo, "specs", "inner")
    done = repo.run("check", "specs" if through == "link" else "inner")
    assert "is a repository of its own inside" in done.err, done


def test_an_empty_git_folder_hides_no_configuration(repo: Repository) -> None:
    repo.write("cnncalc.toml", '[budgets."**/*.yaml"]\nmacs = 1\n')
    repo.write("inner/net.yaml", spec(budgets=WITHIN))
    repo.commit()
    (repo.root / "inner/.git").mkdir()
    assert repo.run("check", "inner").code == 1


# units: what a spec says of its own limits says nothing of limits above it

LOOSER = {
    "int4": ("dtype: int4", "model_size", "100"),  # 4 bytes for each of 128 weights are 512, half a byte is 64
    "mac": ("convention: mac", "flops", "8000"),  # two operations a multiply-accumulate
    "in a variant": ("variants: {v: {dtype: int4}}", "model_size", "100"),
}


@pytest.mark.parametrize("source", ["command line", "configuration", "budget file"])
@pytest.mark.parametrize("kind", LOOSER)
def test_a_spec_never_loosens_a_limit_above_it(repo: Repository, kind: str, source: str) -> None:
    said, metric, limit = LOOSER[kind]
    body = spec(budgets="{" + said + "}") if "variants" not in said else spec(budgets="{variants: {v: {dtype: int4}}}")
    body += "vars: {unused_width: 1}\nvariants: {v: {unused_width: 2}}\n" if "variants" in said else ""
    repo.write("specs/net.yaml", body)
    arguments = ["--variant", "v"] if "variants" in said else []
    if source == "command line":
        arguments += ["--max", f"{metric}={limit}"]
    elif source == "configuration":
        repo.write("cnncalc.toml", f'[budgets."specs/*.yaml"]\n{metric} = {limit}\n')
    else:
        repo.write("limits.yaml", f"{metric}: {limit}\n")
        arguments += ["--budget", "limits.yaml"]
    done = repo.run("check", "specs", *arguments)
    assert done.code == 1, done


@pytest.mark.parametrize("said", ["dtype: int4", "convention: mac"])
def test_a_spec_never_loosens_a_baseline(repo: Repository, said: str) -> None:
    repo.write("specs/net.yaml", spec())
    repo.run("check", "specs", "--baseline", "b.json", "--update-baseline")
    repo.write("specs/net.yaml", spec(6, budgets="{" + said + ", macs: 1G}"))
    assert repo.run("check", "specs", "--baseline", "b.json").code == 1


# baselines remember

VARIED = "vars: {width: 4}\nvariants: {big: {width: 6}}\n"


def varied(repo: Repository, tail: str = VARIED) -> Path:
    return repo.write("specs/net.yaml", spec().replace("conv: 4", 'conv: "width"') + tail)


@pytest.fixture
def recorded(repo: Repository) -> dict[str, object]:
    varied(repo)
    repo.write("specs/other.yaml", spec(5, name="other"))
    done = repo.run("check", "specs", "--all-variants", "--baseline", "b.json", "--update-baseline")
    assert done.code == 0, done
    data = json.loads((repo.root / "b.json").read_text())
    assert set(data["specs"]) == {"specs/net.yaml", "specs/net.yaml@big", "specs/other.yaml"}
    return dict(data)


def test_a_metric_line_that_is_missing_is_a_doubt(repo: Repository, recorded: dict[str, object]) -> None:
    for entry, metrics in recorded["specs"].items():  # type: ignore[attr-defined]
        for metric in metrics:
            kept = {name: value for name, value in metrics.items() if name != metric}
            repo.write("b.json", json.dumps({**recorded, "specs": {**recorded["specs"], entry: kept}}))  # type: ignore[dict-item]
            done = repo.run("check", "specs", "--all-variants", "--baseline", "b.json", "--max", "macs=1P")
            assert done.code == 2, (entry, metric, done)


FORGETS: dict[str, Callable[[Repository, dict[str, dict[str, int]]], object]] = {
    "a missing entry": lambda _, specs: specs.pop("specs/other.yaml"),
    "a missing variant": lambda _, specs: specs.pop("specs/net.yaml@big"),
    "a missing plain entry": lambda _, specs: specs.pop("specs/net.yaml"),
    "a renamed entry": lambda _, specs: specs.__setitem__("specs/wrong.yaml", specs.pop("specs/other.yaml")),
    "a renamed variant": lambda repo, _: varied(repo, VARIED.replace("big", "large")),
    "a deleted variant": lambda repo, _: varied(repo, "vars: {width: 4}\n"),
    "a lost signature": lambda repo, _: repo.write("specs/other.yaml", spec(50).removeprefix("cnncalc: 1\n")),
    "an emptied spec": lambda repo, _: repo.write("specs/other.yaml", ""),
    "a deleted spec": lambda repo, _: (repo.root / "specs/other.yaml").unlink(),
    "a hidden spec": lambda repo, _: (repo.root / "specs/other.yaml").rename(repo.root / "specs/.other.yaml"),
    "another suffix": lambda repo, _: (repo.root / "specs/other.yaml").rename(repo.root / "specs/other.txt"),
}


@pytest.mark.parametrize("kind", FORGETS)
@pytest.mark.parametrize("beside", [(), ("--max", "macs=1P")], ids=["alone", "beside a limit"])
def test_what_a_baseline_forgets_or_a_run_leaves_out_is_a_doubt(
    repo: Repository, recorded: dict[str, dict[str, dict[str, int]]], kind: str, beside: tuple[str, ...]
) -> None:
    FORGETS[kind](repo, recorded["specs"])
    repo.write("b.json", json.dumps(recorded))
    done = repo.run("check", "specs", "--all-variants", "--baseline", "b.json", *beside)
    assert done.code == 2, done


def test_a_recorded_variant_that_is_not_judged_is_a_doubt(repo: Repository, recorded: dict[str, object]) -> None:
    assert recorded
    varied(repo, VARIED.replace("6", "60"))
    for named in ("specs", "specs/net.yaml"):
        assert repo.run("check", named, "--baseline", "b.json").code == 2


@pytest.mark.process
def test_baselines_written_at_once_lose_nothing(repo: Repository) -> None:
    names = [f"net{number}" for number in range(6)]
    for number, name in enumerate(names):
        repo.write(f"{name}.yaml", spec(number + 1, name=name))
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda name: repo.installed("check", f"{name}.yaml", "--baseline", "b.json",
                                                         "--update-baseline"), names))  # fmt: skip
    assert [one.code for one in done] == [0] * 6
    assert set(json.loads((repo.root / "b.json").read_text())["specs"]) == {f"{name}.yaml" for name in names}
    assert not [file for file in repo.root.iterdir() if file.name.endswith(".part")]


# whatever ends a run, only a verdict passes

ENDS = {
    "sys.exit(0)": "import sys; sys.exit(0)",
    "sys.exit()": "import sys; sys.exit()",
    "SystemExit": "raise SystemExit",
    "typer.Exit": "import typer; raise typer.Exit",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "an error": "raise RuntimeError('planned')",
    "exhausted memory": "raise MemoryError",
    "recursion": "raise RecursionError",
    "a base exception": "raise BaseException('planned')",
    "a generator's end": "raise GeneratorExit",
}
PLACES = {
    "reading": "cnncalc.gate.subject:Judge.subjects",
    "judging": "cnncalc.gate.run:check",
    "a module": "cnncalc.gate.specs:targets",
    "printing": "cnncalc.render.check_text:render",
}


PROGRAM = """
import importlib, operator, os, sys
import cnncalc.api, cnncalc.study, rich.console
from cnncalc.cli import main

PAIRS = {pairs}
for code, place in PAIRS:
    sys.stdout.flush()
    child = os.fork()
    if not child:
        def end(*_, **__):
            exec(code)
        module, _, path = place.partition(":")
        owner, _, name = path.rpartition(".")
        found = importlib.import_module(module)
        setattr(operator.attrgetter(owner)(found) if owner else found, name, end)
        os.dup2(2, 1)
        main()
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process cannot be copied here")
def test_only_a_verdict_passes(repo: Repository) -> None:
    """Processes that are the command, each with a function of it that ends the run, and one that ends as it should."""
    repo.write("net.yaml", spec(budgets=SMALL))
    pairs = [(code, place) for code in ENDS.values() for place in PLACES.values()]
    program = PROGRAM.format(pairs=[*pairs, ("pass", "cnncalc.gate.specs:nothing")])
    done = subprocess.run([sys.executable, "-", "check", "net.yaml"], input=program, cwd=repo.root, check=False,
                          capture_output=True, text=True, env={**os.environ, "GITHUB_ACTIONS": ""})  # fmt: skip
    *codes, plain = done.stdout.splitlines()
    assert plain == "1", done
    assert len(codes) == len(pairs)
    assert not [pair for pair, code in zip(pairs, codes, strict=True) if code in {"0", "1"}], done


# operators of others


LIES = {
    "negative parameters": ("params", "-1"),
    "negative multiply-accumulates": ("macs", "-5"),
    "a fraction": ("macs", "1.5"),
    "text": ("buffers", "'many'"),
    "a truth value": ("params", "True"),
    "no count of buffers": ("buffers", "None"),
    "negative work": ("work", "cnncalc.Work(additions=-1)"),
    "work that is none": ("work", "7"),
    "no shapes": ("infer", "None"),
    "an empty tuple": ("infer", "()"),
    "a list of numbers": ("infer", "([1, 2, 3],)"),
    "an extent below 1": ("out_shape", "cnncalc.Shape((4, 0, 2))"),
    "one shape that is none": ("out_shape", "None"),
    "an error": ("infer", "1 / 0"),
    "a number that does not print": ("params", "10**5000"),
    "no reach": ("reach", "None"),
    "a reach of no input": ("reach", "()"),
    "a reach as a list": ("reach", "[(SLIDE, SLIDE)]"),
    "a reach of one axis": ("reach", "((SLIDE,),)"),
    "a reach of numbers": ("reach", "((3, 3),)"),
    "a stride of nothing": ("reach", "((SLIDE._replace(stride=0),) * 2,)"),
    "a kernel of a half": ("reach", "((SLIDE._replace(kernel=0.5),) * 2,)"),
}


def installed(folder: Path, operators: str, body: str) -> dict[str, str]:
    """Return the environment of a program in which a package with operators is installed."""
    site = folder / "site"
    info = site / "liar-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: liar\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[cnncalc.operators]\n{operators}\n")
    (site / "liar_package.py").write_text(body)
    return {"PYTHONPATH": str(site)}


@pytest.mark.process
@pytest.mark.parametrize("kind", LIES)
def test_an_operator_that_lies_is_named(repo: Repository, kind: str) -> None:
    method, value = LIES[kind]
    body = "import cnncalc\nfrom cnncalc.values.axis import Slide\nSLIDE = Slide()\n"
    body += f"class Liar(cnncalc.Operator):\n    def {method}(self, *_):\n        return {value}\n"
    environment = installed(repo.root.parent, "liar = liar_package:Liar", body)
    repo.write("net.yaml", "cnncalc: 1\ninput: [3, 8, 8]\nlayers: [{liar: , as: odd}]\n")
    done = repo.installed("check", "net.yaml", "--max", "macs=1M", **environment)
    assert done.code == 2, done
    assert "net.yaml:3:" in done.out
    assert "of operator 'liar', from 'liar_package'" in done.out


@pytest.mark.process
@pytest.mark.parametrize("body", ["raise RuntimeError('planned')", "import nothing_of_this_name", "x = 1"])
def test_an_operator_that_does_not_load_is_named_with_the_reason(repo: Repository, body: str) -> None:
    environment = installed(repo.root.parent, "evil = liar_package:Evil", body)
    repo.write("net.yaml", "cnncalc: 1\ninput: [3, 8, 8]\nlayers: [evil]\n")
    done = repo.installed("show", "net.yaml", **environment)
    assert done.code == 2
    assert "an installed package announces it and does not load: " in done.err
    assert any(word in done.err for word in ("planned", "nothing_of_this_name", "no attribute 'Evil'"))


# nothing is overwritten

OVER = {
    "show": ["show", "net.yaml", "-o", "FILE"],
    "expand": ["expand", "net.yaml", "-o", "FILE"],
    "diff": ["diff", "net.yaml", "other.yaml", "-o", "FILE"],
    "rf": ["rf", "net.yaml", "-o", "FILE"],
    "explain": ["explain", "net.yaml", "-o", "FILE"],
    "reconcile": ["reconcile", "net.yaml", "-o", "FILE"],
    "schema": ["schema", "-o", "FILE"],
    "check": ["check", "net.yaml", "--max", "macs=1M", "-o", "FILE"],
    "check json": ["check", "net.yaml", "--max", "macs=1M", "--format", "json=FILE"],
}


@pytest.mark.parametrize("file", ["net.yaml", "./net.yaml", "link.yaml", "hard.yaml", "other.yaml", "b.json"])
@pytest.mark.parametrize("command", OVER)
def test_specs_and_baselines_are_not_overwritten(repo: Repository, command: str, file: str) -> None:
    repo.write("net.yaml", spec())
    repo.write("other.yaml", spec(5))
    repo.run("check", "net.yaml", "--baseline", "b.json", "--update-baseline")
    link(repo, "link.yaml", "net.yaml")
    os.link(repo.root / "net.yaml", repo.root / "hard.yaml")
    before = {path.name: path.read_bytes() for path in repo.root.iterdir()}
    done = repo.run(*(argument.replace("FILE", file) for argument in OVER[command]))
    assert done.code == 2, done
    assert {path.name: path.read_bytes() for path in repo.root.iterdir()} == before


@pytest.mark.parametrize("second", ["a.out", "./a.out", "link.out"])
def test_two_forms_do_not_share_a_file(repo: Repository, second: str) -> None:
    repo.write("net.yaml", spec(budgets=WITHIN))
    link(repo, "link.out", "a.out")
    done = repo.run("check", "net.yaml", "--format", "json=a.out", "--format", f"sarif={second}")
    assert done.code == 2, done


@pytest.mark.process
def test_a_full_disk_leaves_the_old_file(repo: Repository) -> None:
    repo.write("net.yaml", spec())
    old = repo.write("report.json", "{}\n")
    program = """
import resource, signal, sys
sys.dont_write_bytecode = True  # Python keeps half of a compiled module where a disk is full
from cnncalc.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
main()
"""
    done = subprocess.run([sys.executable, "-c", program, "show", "net.yaml", "--format", "json", "-o", "report.json"],
                          cwd=repo.root, capture_output=True, check=False)  # fmt: skip
    assert done.returncode == 2
    assert old.read_text() == "{}\n"
    assert not [file for file in repo.root.iterdir() if file.name.endswith(".part")]


# names are data, streams may be missing


@pytest.mark.parametrize(
    "name", ["::error::x", "##[error]x", " ::error::x", "\u00a0::set-env::x", "a\u202eb\u009bc\x7fd"]
)
@pytest.mark.parametrize("command", [
    ["show"], ["show", "--format", "csv"], ["show", "--format", "json"], ["expand"], ["reconcile"], ["explain", "stem"],
    ["explain", "stem", "--format", "json"], ["rf"], ["check", "--max", "macs=1M", "--format", "json"],
], ids=" ".join)  # fmt: skip
def test_no_line_is_a_command_and_json_stays_the_same(repo: Repository, command: list[str], name: str) -> None:
    repo.write("net.yaml", spec(name=json.dumps(name)))
    done = repo.run(command[0], "net.yaml", *command[1:])
    assert done.code == 0, done
    for line in (done.out + done.err).splitlines():
        assert not line.strip().startswith(("::", "##[")), line
    assert not set("\u202e\u009b\x7f") & set(done.out + done.err)
    if "json" in command and command[0] == "show":
        assert json.loads(done.out)["name"] == name.strip()


@pytest.mark.process
@pytest.mark.parametrize("closing", ["show - <&-", "check - --max macs=1 <&-", "diff - net.yaml <&-",
                                     "show nowhere.yaml 2>/dev/full",
                                     "check nowhere.yaml 2>/dev/full", "show net.yaml >/dev/full",
                                     "check net.yaml --max macs=1M >/dev/full"])  # fmt: skip
def test_streams_that_are_closed_or_full_are_a_doubt(repo: Repository, closing: str) -> None:
    repo.write("net.yaml", spec())
    done = subprocess.run(["/bin/sh", "-c", f'"$0" {closing}', COMMAND[0]], cwd=repo.root, capture_output=True,
                          check=False)  # fmt: skip
    assert done.returncode == 2, done
