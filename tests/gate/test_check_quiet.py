"""What a check says is said once, in words that editors see: warnings, errors, growth as growth."""

from __future__ import annotations

import json
import re
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from check_repository import Repository, spec
from hypothesis import given
from hypothesis import strategies as st

from cnncalc.gate.quantity import percentage

if TYPE_CHECKING:
    from pathlib import Path

FORMS = ("text", "json", "github", "junit", "sarif", "markdown", "gitlab")
LOST = spec(budgets="{macs: 1G}").replace("layers:\n", "layers:\n  - {conv: 2, from: input, as: lost}\n", 1).replace(
    "as: stem}", "from: input, as: stem}")  # fmt: skip
"""The layer on line 6 is used by nobody."""
MATCHER = re.compile(r"\s*(?P<file>[^:]+):(?P<line>\d+):\d+: (?P<severity>error|warning): (?P<message>.+)")
"""What problem matchers of editors look for."""


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


@pytest.mark.parametrize("form", FORMS)
def test_the_specs_warnings_stand_in_every_form(repo: Repository, form: str) -> None:
    repo.write("net.yaml", LOST)
    done = repo.run("check", "net.yaml", "--format", form)
    assert done.code == 0, done.out
    if form == "junit":
        text = ET.fromstring(done.out).find(  # noqa: S314 - what we wrote
            ".//testcase[@name='unused-result']/system-out")
        assert text is not None
        assert "warning: net.yaml:6:6: " in (text.text or "")
        return
    assert "'lost'" in done.out.replace("&#39;", "'")
    if form == "sarif":
        (result,) = json.loads(done.out)["runs"][0]["results"]
        (rule,) = json.loads(done.out)["runs"][0]["tool"]["driver"]["rules"]
        assert (result["level"], rule["defaultConfiguration"]["level"]) == ("warning", "warning")
        assert {"shortDescription", "fullDescription", "help"} <= set(rule)
    if form == "text":
        (found,) = filter(None, map(MATCHER.match, done.out.splitlines()))
        assert (found["file"], found["line"], found["severity"]) == ("net.yaml", "6", "warning")


@pytest.mark.parametrize("form", FORMS)
def test_strict_makes_them_errors(repo: Repository, form: str) -> None:
    repo.write("net.yaml", LOST)
    assert repo.run("check", "net.yaml", "--strict", "--format", form).code == 2
    assert repo.run("check", "net.yaml", "--strict", "--accept", "unused-result", "--format", form).code == 0


def test_accept_without_strict_is_for_what_fails_a_check(repo: Repository) -> None:
    repo.write("net.yaml", LOST)
    done = repo.run("check", "net.yaml", "--accept", "unused-result")
    assert done.code == 2
    assert "--strict" in done.err


@pytest.mark.parametrize(
    ("text", "code"), [(spec().replace("global_avg_pool", "global_pool"), "unknown-operator"),
                       (spec(budgets="{layers: [{match: nobody, macs: 1}]}"), "no-such-layer"),
                       (spec(), "nothing-to-check"), (spec(budgets="{macs: 1}"), "over-budget")],
)  # fmt: skip
def test_what_fails_is_an_error_that_editors_see(repo: Repository, text: str, code: str) -> None:
    repo.write("net.yaml", text)
    lines = repo.run("check", "net.yaml").out.splitlines()
    found = [match for line in lines if (match := MATCHER.match(line))]
    assert [match["severity"] for match in found] == ["error"]
    assert f"[{code}]" in found[0]["message"]


@pytest.mark.parametrize("form", ["text", "markdown", "github", "junit", "gitlab"])
def test_no_text_says_doubt(repo: Repository, form: str) -> None:
    repo.write("net.yaml", spec())
    done = repo.run("check", "net.yaml", "--format", form)
    assert done.code == 2
    assert "doubt" not in done.out + done.err
    assert '"status": "doubt"' in repo.run("check", "net.yaml", "--format", "json").out


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_growth_is_growth_and_no_share_of_the_limit(repo: Repository, form: str) -> None:
    repo.write("net.yaml", spec(4))
    repo.commit()
    repo.write("net.yaml", spec(6, budgets="{max_increase: {macs: 2%}}"))
    done = repo.run("check", "net.yaml", "--against", "HEAD", "--format", form)
    assert done.code == 1
    assert "+50 %" in done.out  # 6 channels where there were 4: 10,398 of 6,932
    assert re.search(r"allowed 2 %", done.out)
    assert not re.search(r"[0-9],[0-9]{3}(\.[0-9]+)? %", done.out)


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_one_change_has_one_percentage(repo: Repository, form: str) -> None:
    repo.write("net.yaml", spec(3))
    repo.commit()
    repo.write("net.yaml", spec(7, budgets="{max_increase: {params: 2%}}"))
    text = repo.run("check", "net.yaml", "--against", "HEAD", "--format", form).out
    text += repo.run("check", "net.yaml", "--against", "HEAD", "--format", "gitlab").out
    text += repo.run("diff", "HEAD:net.yaml", "net.yaml").out
    # 27*3 + 15 = 96 parameters became 27*7 + 35 = 224: 133.333.. %
    rows = [line for line in text.splitlines() if re.search(r"\b(params|stem)\b", line)]
    assert set(re.findall(r"\+133[.0-9]* %", "\n".join(rows))) == {"+133.33 %"}


@given(st.integers(1, 10**9), st.integers(0, 10**9))
def test_a_percentage_is_the_nearest_and_never_hides_a_change(before: int, after: int) -> None:
    change = Fraction(after - before, before)
    said = percentage(change, signed=True)
    number = Decimal(said.removesuffix(" %").replace(",", ""))
    exact = Decimal(change.numerator * 100) / Decimal(change.denominator)
    places = max(2, -int(number.as_tuple().exponent))
    assert number == exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) or abs(number - exact) < Decimal("1e-5")
    assert said[0] in "+-" or not change
    whole = number == number.to_integral_value()
    assert not whole or abs(number - exact) <= Decimal("5e-7")


def test_a_spec_in_which_nothing_moved_is_one_line(repo: Repository) -> None:
    repo.write("a.yaml", spec(4, budgets="{macs: 1G}"))
    repo.write("b.yaml", spec(4, budgets="{macs: 1G}"))
    repo.commit()
    repo.write("b.yaml", spec(5, budgets="{macs: 1G}"))
    against = repo.run("check", "a.yaml", "b.yaml", "--against", "HEAD").out.splitlines()
    assert [line for line in against if "a.yaml" in line] == ["✓ a.yaml  net  as in HEAD, 1 limit within"]
    assert against.index("✓ a.yaml  net  as in HEAD, 1 limit within") + 1 == next(
        number for number, line in enumerate(against) if "b.yaml" in line)  # fmt: skip
    repo.run("check", "a.yaml", "--baseline", "base.json", "--update-baseline")
    held = repo.run("check", "a.yaml", "--baseline", "base.json").out.splitlines()
    assert len(held) == 2
    assert "as in the baseline" in held[0]


def test_each_number_stands_once(repo: Repository) -> None:
    repo.write("net.yaml", spec(400))
    repo.commit()
    repo.write("net.yaml", spec(500, budgets="{max_increase: {macs: 2%}}"))
    for form in ("text", "markdown"):
        text = repo.run("check", "net.yaml", "--against", "HEAD", "--format", form).out
        for number in ("693,200", "866,500"):  # (27*64 + 5)*400 and *500
            assert sum(number in line for line in text.splitlines() if "macs" in line) == 1, (form, number, text)


def test_the_heaviest_layer_is_named_once(repo: Repository) -> None:
    repo.write("net.yaml", spec(budgets="{macs: 1}"))
    for form in ("text", "github", "gitlab"):
        text = repo.run("check", "net.yaml", "--format", form).out
        assert len(re.findall(r"\bstem\b", text)) == 1, (form, text)


@pytest.mark.parametrize("line", ['"params":', '"macs":'])
def test_a_metric_that_was_deleted_from_a_baseline_is_an_error(repo: Repository, line: str) -> None:
    repo.write("net.yaml", spec())
    repo.run("check", "net.yaml", "--baseline", "base.json", "--update-baseline")
    file = repo.root / "base.json"
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join(text for text in lines if line not in text), encoding="utf-8")
    done = repo.run("check", "net.yaml", "--baseline", "base.json")
    assert done.code == 2
    assert "[nothing-to-compare]" in done.out
