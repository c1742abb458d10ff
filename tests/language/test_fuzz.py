"""Whatever a text says, only SpecError comes out. Good specs, mutated at random with fixed seeds.

`CNNCALC_FUZZ` sets how many mutants of each spec are tried, 40 by default.
"""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest
from damage import GOOD, mutant

import cnncalc

if TYPE_CHECKING:
    from pathlib import Path

MUTANTS = int(os.environ.get("CNNCALC_FUZZ", "40"))


def survives(text: str | bytes) -> bool:
    """Analyse a text and return whether it still was a spec; anything but SpecError escapes."""
    try:
        report = cnncalc.analyze(cnncalc.api.Text(text, "fuzz.yaml"), max_layers=2000)
    except cnncalc.SpecError as error:
        refusal = error
    else:
        return bool(report.to_json())
    assert refusal.diagnostics
    assert str(refusal).replace("\n", "").isprintable()
    assert refusal.partial is None or refusal.partial.to_dict()
    return False


@pytest.mark.few
@pytest.mark.parametrize("file", GOOD, ids=[file.stem for file in GOOD])
def test_mutants_of_a_good_spec(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    rng = random.Random(file.stem)  # noqa: S311
    for number in range(MUTANTS):
        changed = mutant(text, rng, rng.choice(GOOD).read_text(encoding="utf-8"))
        try:
            survives(changed)
        except Exception as error:
            error.add_note(f"mutant {number} of {file.name}:\n{changed}")
            raise


def test_random_bytes() -> None:
    rng = random.Random(0)  # noqa: S311
    for _ in range(300):
        assert not survives(rng.randbytes(rng.randint(0, 40)))


def test_good_specs_survive_what_changes_nothing() -> None:
    for file in GOOD[:5]:
        text = file.read_text(encoding="utf-8")
        assert survives(text + "\n# end\n")
        assert survives(text.replace("\n", "\r\n"))
        assert survives(b"\xef\xbb\xbf" + text.encode())
