"""Every form of a check, read back by a real parser, with names that try to be something else."""

from __future__ import annotations

import json
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
from check_repository import Done, Repository, spec
from jsonschema import Draft202012Validator

HOSTILE = (
    "100%", "a::b", "::error::x", "##[error]x", "%0A::error::x", 'quo"te', "apo'strophe", "a&b<c>d",
    "<script>x</script>", "[bold red]x[/]", "[link=https://example.org]x[/link]", ":smile:", "`code`", "| cell |",
    "@everyone", "#1", "]]>", "<!--", "=1+1", "漢字", "naïve", "a,b", "a=b", "*.*", "![x](y)", "$HOME", "a b",
)  # fmt: skip
"""Names of files; each is a folder's spec, each is over its budget."""

WORSE = (
    "new\\nline", "esc\\u001b[31mape", "carriage\\rreturn", "bi\\u202edi", "bell\\u0007", "null\\u0000",
    "back\\\\slash", "tab\\tb",
)  # fmt: skip
"""Names inside a spec, as YAML escapes."""


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


@pytest.fixture
def hostile(repo: Repository) -> Repository:
    """Return a folder of specs over their budgets, one broken, one whose layer budget matches nothing."""
    for number, name in enumerate(HOSTILE):
        try:
            repo.write(f"specs/{name.replace('/', '_')}.yaml", spec(budgets="{macs: 1}", name=f"n{number}"))
        except OSError:
            continue
    for number, name in enumerate(WORSE):
        budgets = f'{{macs: 1, layers: [{{match: "{name}", macs: 1}}]}}'
        repo.write(f"specs/worse{number}.yaml", spec(budgets=budgets, name=f'"{name}"'))
        repo.write(f"specs/broken{number}.yaml", spec().replace("global_avg_pool", f'"{name}"'))
    return repo


class Command(NamedTuple):
    """One workflow command."""

    kind: str
    properties: dict[str, str]
    message: str


COMMAND_LINE = re.compile(r"::(error|warning|notice)(?: ([^:\r\n]*))?::([^\r\n]*)")
ESCAPES = {"%25": "%", "%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ","}


def commands(text: str) -> list[Command]:
    """Parse the lines of the `github` form; anything that is no command, or is not escaped, is refused."""
    found = []
    for line in text.removesuffix("\n").split("\n"):
        match = COMMAND_LINE.fullmatch(line)
        assert match, f"no workflow command: {line!r}"
        properties = {}
        for pair in (match[2] or "").split(","):
            if pair:
                key, equals, value = pair.partition("=")
                assert equals
                assert key in {"file", "line", "endLine", "col", "endColumn", "title"}
                assert not re.search(r"%(?!25|0D|0A|3A|2C)", value)
                properties[key] = unescaped(value)
        assert not re.search(r"%(?!25|0D|0A)", match[3])
        assert "##[" not in line
        found.append(Command(match[1], properties, unescaped(match[3])))
    return found


def unescaped(text: str) -> str:
    return re.sub("%(25|0D|0A|3A|2C)", lambda match: ESCAPES[match[0]], text)


@cache
def sarif_schema() -> Draft202012Validator:
    file = Path(__file__).parents[1] / "data" / "sarif-2.1.0" / "schema.json"
    return Draft202012Validator(json.loads(file.read_text(encoding="utf-8")))


def check(repo: Repository, form: str, *arguments: str, **environment: str) -> Done:
    return repo.run("check", "specs", "--format", form, *arguments, **environment)


def harmless(text: str) -> None:
    """Refuse what a terminal, a log or a reader could take for more than text."""
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


def names(repo: Repository) -> set[str]:
    return {f"specs/{file.name}" for file in (repo.root / "specs").iterdir()}


def test_text(hostile: Repository) -> None:
    done = check(hostile, "text")
    assert done.code == 2
    harmless(done.out)
    for name in names(hostile):
        assert name.replace("##[", "# #[") in done.out
    assert "[bold red]x[_]" in done.out
    assert ":smile:" in done.out
    assert not any(line.lstrip().startswith(("::", "##[")) for line in done.out.splitlines())


def test_standard_error_is_no_command_either(repo: Repository) -> None:
    repo.write("::error file=a::b.yaml", "cnncalc: 1\n")
    repo.write("##[error]x.yaml", "cnncalc: 1\n")
    for arguments in ((".",), ("::error file=a::b.yaml",), ("##[error]x.yaml",)):
        done = repo.run("check", *arguments, "--format", "json", GITHUB_ACTIONS="true")
        assert done.code == 2
        assert done.err
        assert "##[" not in done.err
        assert not any(line.lstrip().startswith("::") for line in done.err.splitlines())


def test_json(hostile: Repository) -> None:
    done = check(hostile, "json")
    found = json.loads(done.out)
    assert {subject["file"] for subject in found["specs"]} == names(hostile)
    assert found["exit_code"] == done.code == 2
    assert found["counts"]["doubt"] == 2 * len(WORSE)


def test_github(hostile: Repository) -> None:
    done = check(hostile, "github", GITHUB_WORKSPACE=str(hostile.root))
    found = commands(done.out)
    harmless(done.out)
    assert len(found) == 11
    assert [command.kind for command in found] == ["error"] * 10 + ["notice"]
    for command in found[:-1]:
        assert command.properties["file"] in names(hostile)
        assert int(command.properties["line"]) >= 1
    assert "more findings" in found[-1].message


def test_github_names_survive_their_escapes(repo: Repository) -> None:
    for number, name in enumerate(HOSTILE):
        if "/" in name:
            continue
        folder = Repository(repo.root / str(number))
        folder.write(f"specs/{name}.yaml", spec(budgets="{macs: 1}"))
        (found, _) = commands(check(folder, "github").out)
        assert found.properties["file"] == f"specs/{name}.yaml".replace("##[", "# #[")
        assert found.properties["line"] == "9"
        assert found.message.startswith("macs is 6,932 (6.93k), over its maximum of 1 by 6,931 (6.93k)")


@pytest.mark.process
def test_github_is_chosen_inside_actions_and_writes_the_summary(repo: Repository) -> None:
    repo.write("net.yaml", spec(budgets="{macs: 1}"))
    summary = repo.write("summary.md", "before\n")
    done = repo.installed("check", "net.yaml", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    assert done.code == 1
    assert [command.kind for command in commands(done.out)] == ["error", "notice"]
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("before\n<!-- cnncalc-check -->\n")
    assert "over its maximum" in text
    assert "::" not in repo.run("check", "net.yaml", "--format", "text", GITHUB_ACTIONS="true").out


def test_github_annotations_are_from_the_workspace(repo: Repository) -> None:
    repo.write("deep/net.yaml", spec(budgets="{macs: 1}"))
    inner = Repository(repo.root / "deep")
    done = inner.run("check", "net.yaml", "--format", "github", GITHUB_WORKSPACE=str(repo.root))
    assert commands(done.out)[0].properties["file"] == "deep/net.yaml"


def test_the_worst_come_first(repo: Repository) -> None:
    repo.write("specs/a.yaml", spec(budgets="{macs: 6931, params: 130, warn_at: 95%}"))
    repo.write("specs/b.yaml", spec(budgets="{macs: 1}"))
    repo.write("specs/c.yaml", spec(budgets="{mcas: 1}"))
    found = commands(check(repo, "github").out)
    assert [Path(command.properties["file"]).stem for command in found[:-1]] == ["c", "b", "a", "a"]
    assert [command.kind for command in found] == ["error", "error", "error", "warning", "notice"]


def test_junit(hostile: Repository) -> None:
    done = check(hostile, "junit")
    harmless(done.out)
    root = ET.fromstring(done.out)  # noqa: S314 - our own output
    assert root.tag == "testsuites"
    suites = {suite.get("name"): suite for suite in root}
    assert {name.replace("##[", "# #[") for name in names(hostile)} == set(suites)
    for suite in (root, *root):
        cases = suite.findall(".//testcase")
        assert len(cases) == int(suite.get("tests", "-1"))
        assert len(suite.findall(".//failure")) == int(suite.get("failures", "-1"))
        assert len(suite.findall(".//error")) == int(suite.get("errors", "-1"))
        assert all(case.get("name") and case.get("classname") for case in cases)
    assert len(root.findall(".//failure")) == len(names(hostile)) - len(WORSE)
    assert len(root.findall(".//error")) == 2 * len(WORSE)


def test_sarif(hostile: Repository) -> None:
    done = check(hostile, "sarif")
    log = json.loads(done.out)
    errors = list(sarif_schema().iter_errors(log))
    assert not errors, errors[:3]
    (run,) = log["runs"]
    assert run["invocations"][0] == {"executionSuccessful": False, "exitCode": 2, "toolExecutionNotifications": []}
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    found = set()
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        (location,) = result["locations"]
        artifact = location["physicalLocation"]["artifactLocation"]
        assert artifact["uriBaseId"] == "%SRCROOT%"
        assert re.fullmatch(r"(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+", artifact["uri"])
        found.add(unquote(artifact["uri"]))
        harmless(result["message"]["text"])
    assert found == names(hostile)
    prints = [result["partialFingerprints"]["cnncalcFinding/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)


def test_sarif_of_a_run_with_trouble_of_its_own(repo: Repository) -> None:
    repo.write("specs/net.yaml", spec(budgets="{macs: 1G}"))
    log = json.loads(check(repo, "sarif", "--against", "main").out)
    assert not list(sarif_schema().iter_errors(log))
    (notification,) = log["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert notification["descriptor"]["id"] == "git"
    assert log["runs"][0]["results"] == []


def test_the_sarif_schema_refuses_what_is_wrong() -> None:
    assert list(sarif_schema().iter_errors({"version": "2.1.0"}))
    assert list(sarif_schema().iter_errors({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": 3}}}]}))


def test_fingerprints_outlive_numbers_and_lines(repo: Repository) -> None:
    def prints() -> list[str]:
        log = json.loads(check(repo, "sarif").out)
        return [result["partialFingerprints"]["cnncalcFinding/v1"] for result in log["runs"][0]["results"]]

    repo.write("specs/net.yaml", spec(budgets="{macs: 1, params: 1}"))
    first = prints()
    repo.write("specs/net.yaml", "# a comment\n" + spec(9, budgets="{macs: 2, params: 2}"))
    assert sorted(prints()) == sorted(first)


def test_gitlab(hostile: Repository) -> None:
    rows = json.loads(check(hostile, "gitlab").out)
    assert len({row["fingerprint"] for row in rows}) == len(rows)
    assert {row["location"]["path"].replace("# #[", "##[") for row in rows} == names(hostile)
    for row in rows:
        assert set(row) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert row["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert isinstance(row["location"]["lines"]["begin"], int)
        harmless(row["description"])


class Tags(HTMLParser):
    """Collects the tags and the text of a piece of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not attrs
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_markdown(hostile: Repository) -> None:
    done = check(hostile, "markdown")
    lines = done.out.splitlines()
    harmless(done.out)
    assert lines[0] == "<!-- cnncalc-check -->"
    assert len(done.out) < 60_000
    parser = Tags()
    parser.feed("\n".join(lines[1:]))
    assert parser.tags <= {"code", "details", "summary"}
    for name in names(hostile):
        assert name.replace("##[", "# #[") in parser.text
    bare = re.sub(r"<code>.*?</code>", "", done.out)
    assert not re.search(r"@everyone|\[bold red\]|!\[x\]", bare)
    for inside in re.findall(r"<code>(.*?)</code>", done.out):
        assert not re.search(r"[`|*_<>\[\]@:]", inside)
    table = [line for line in lines if line.startswith("|")]
    assert {line.count("|") for line in table} == {7}


def test_markdown_stays_small(repo: Repository) -> None:
    layers = "\n".join(f'    - {{match: "{"*" * 50}{number}*", macs: 1}}' for number in range(40))
    for number in range(60):
        text = spec(name=f"n{number}").replace("outputs: [head]", f"budgets:\n  macs: 1\n  layers:\n{layers}")
        repo.write(f"specs/{'`|' * 60}{number}.yaml", text)
    done = check(repo, "markdown")
    assert done.code == 2
    assert 30_000 < len(done.out) < 60_000
    assert "more specs, which have no room here" in done.out
    assert done.out.startswith("<!-- cnncalc-check -->")


@pytest.mark.process
def test_several_forms_in_one_run(repo: Repository) -> None:
    repo.write("specs/net.yaml", spec(budgets="{macs: 1}"))
    forms = ("text", "json=a.json", "sarif=a.sarif", "junit=a.xml", "markdown=a.md", "gitlab=g.json", "github=a.txt")
    done = repo.installed("check", "specs", *(f"--format={form}" for form in forms))
    assert done.code == 1
    assert "over its maximum" in done.out
    assert json.loads((repo.root / "a.json").read_text())["exit_code"] == 1
    assert json.loads((repo.root / "a.sarif").read_text())["version"] == "2.1.0"
    assert ET.parse(repo.root / "a.xml").getroot().tag == "testsuites"  # noqa: S314
    assert (repo.root / "a.md").read_text().startswith("<!-- cnncalc-check -->")
    assert len(json.loads((repo.root / "g.json").read_text())) == 1
    assert len(commands((repo.root / "a.txt").read_text())) == 2
    assert repo.run("check", "specs", "--format", "junit", "--output", "b.xml").out == ""
    assert (repo.root / "b.xml").read_text() == (repo.root / "a.xml").read_text()


def test_files_are_written_where_a_spec_is_in_doubt(repo: Repository) -> None:
    repo.write("specs/net.yaml", "cnncalc: 1\n")
    assert check(repo, "sarif", "--output", "a.sarif").code == 2
    log = json.loads((repo.root / "a.sarif").read_text())
    assert not list(sarif_schema().iter_errors(log))
    assert log["runs"][0]["results"]


def test_text_has_a_bar_and_names_the_heaviest(repo: Repository) -> None:
    repo.write("specs/net.yaml", spec(budgets="{macs: 13864, params: 1, peak_activation: 1}"))
    lines = check(repo, "text").out.splitlines()
    assert lines[1].split() == [
        "✓", "macs", "6,932", "(6.93k)", "at", "most", "13,864", "(13.9k)", "████████░░░░░░░░", "50", "%", "the",
        "spec,", "line", "9",
    ]  # fmt: skip
    text = "\n".join(lines)
    assert "heaviest: stem 108, 84.37 % (line 6); head 20, 15.62 % (line 8)" in text
    assert "live then: input 192, stem 256" in text
    assert lines[-1] == "✗ 1 spec, 3 limits: 1 within, 0 near, 2 over, 0 errors"


@pytest.mark.parametrize("width", range(20, 200, 12))
def test_no_number_is_cut_on_a_narrow_terminal(repo: Repository, width: int) -> None:
    from cnncalc.gate.outcome import Options
    from cnncalc.gate.run import check as judge
    from cnncalc.render.check_text import render

    file = repo.write("specs/net.yaml", spec(budgets="{macs: 13864, params: 1}"))
    run = judge([str(file)], Options())
    text = render(run, width=width, colour=True)
    assert "6,932 (6.93k)" in text
    assert "13,864 (13.9k)" in text
    assert "…" not in text
    narrow = "(the terminal is narrow" in text
    assert narrow == (width < 100)
    assert not narrow or "░" not in text


@pytest.mark.process
def test_rich_is_imported_by_the_text_form_alone(repo: Repository) -> None:
    import subprocess
    import sys

    file = repo.write("net.yaml", spec(budgets="{macs: 1G}"))
    code = (
        "import sys\n"
        "from cnncalc.gate.outcome import Options\nfrom cnncalc.gate.run import check\n"
        "from cnncalc.render import check_json, check_markdown, github, gitlab, junit, sarif\n"
        f"run = check([{str(file)!r}], Options())\n"
        "for form in (check_json, check_markdown, github, gitlab, junit, sarif): form.render(run)\n"
        "sys.exit('rich' in sys.modules or 'typer' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def payload(repo: Repository) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(check(repo, "json").out)
    return found


def test_json_has_everything(repo: Repository) -> None:
    repo.write("specs/net.yaml", spec(budgets="{fc_share: 10%, peak_activation: 447, rf: {min: 3}}"))
    found = payload(repo)
    assert found["kind"] == "check"
    share, peak, field = found["specs"][0]["budgets"]
    assert (share["limit_text"], share["of"]) == ("10 %", {"part": 20, "whole": 128})
    assert (peak["value"], peak["path"], peak["live"]) == (
        448, "stem", [{"name": "input", "elements": 192}, {"name": "stem", "elements": 256}]
    )  # fmt: skip
    assert (field["metric"], field["bound"], field["status"], field["value"]) == ("receptive_field", "min", "within", 3)
