"""`show` says in one line how the network stands to its spec's own budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from check_repository import Repository, spec

if TYPE_CHECKING:
    from pathlib import Path

# With 4 channels: 128 parameters (512 bytes as fp32), 6,932 multiply-accumulates, a field of 3.
LINES = {
    "{params: 256}": "params 50 % of 256",
    "{params: 127}": "params 100.79 % of 127",
    "{params: 128}": "params 100 % of 128",
    "{params: 100}": "params 128 % of 100",
    "{macs: 10k}": "macs 69 % of 10k",
    "{macs: 6933}": "macs 99.98 % of 6.93k",
    "{model_size: 0.5 KiB, params: 80k}": "model size 100 % of 512 bytes, params 0 % of 80k",
    "{receptive_field: {min: 2}}": "receptive field 150 % of at least 2",
    "{receptive_field: {min: 6}}": "receptive field 50 % of at least 6, which is too little",
    "{sram: 1 KiB}": "sram unknown, of 1 KiB",
    "{layers: [{match: stem, params: {max: 50%}}]}": "params of stem 169 % of 50 %",
    "{variants: {wide: {params: 640}}, params: 320}": "params 40 % of 320",
    "{max_increase: {params: 0}}": None,
    "{params: nonsense}": "not of their form: cnncalc check says where",
}


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def wide(budgets: str) -> str:
    """Return the spec with its channels as a variable, twice as many in a variant."""
    text = spec(budgets=budgets).replace("layers:\n", "vars: {c: 4}\nvariants: {wide: {c: 8}}\nlayers:\n", 1)
    return text.replace("conv: 4", "conv: c")


def line(out: str) -> str | None:
    """Return what the summary says of budgets, its lines joined."""
    rows = [row.strip("│ ") for row in out.splitlines() if row.startswith("│")]
    at = next((number for number, row in enumerate(rows) if row.startswith("budgets")), None)
    return None if at is None else " ".join(" ".join(rows[at:]).split()[1:])


@pytest.mark.parametrize(("budgets", "said"), LINES.items())
def test_the_summary_mentions_the_specs_own_budgets(repo: Repository, budgets: str, said: str | None) -> None:
    repo.write("net.yaml", wide(budgets))
    done = repo.run("show", "net.yaml")
    assert done.code == 0
    assert line(done.out) == said


def test_it_judges_what_is_shown(repo: Repository) -> None:
    repo.write("net.yaml", wide("{params: 320, model_size: 1 KiB, variants: {wide: {params: 640}}}"))
    said = {
        "--dtype int8": "params 40 % of 320, model size 13 % of 1 KiB",
        "--variant wide": "params 40 % of 640, model size 100 % of 1 KiB",
        "--set c=40": "params 400 % of 320, model size 500 % of 1 KiB",
    }
    assert {given: line(repo.run("show", "net.yaml", *given.split()).out) for given in said} == said


def test_a_spec_without_budgets_says_nothing(repo: Repository) -> None:
    repo.write("net.yaml", spec())
    assert line(repo.run("show", "net.yaml").out) is None
    repo.write("net.yaml", spec(budgets="{params: 256}"))
    assert "budgets" not in repo.run("show", "net.yaml", "--no-summary").out
    repo.run("show", "net.yaml", "--output", "out.txt")
    assert "50 % of 256" in (repo.root / "out.txt").read_text(encoding="utf-8")
