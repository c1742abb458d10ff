"""Whatever a text says, only SpecError comes out. Good specs, mutated at random with fixed seeds.

`CNNCALC_FUZZ` sets how many mutants of each spec are tried, 40 by default.
"""

from __future__ import annotations

import os
import random
import re
from pathlib import Path

import pytest

import cnncalc

ROOT = Path(__file__).parent.parent
GOOD = sorted((ROOT / "specs").glob("*.yaml"))
MUTANTS = int(os.environ.get("CNNCALC_FUZZ", "40"))
TOKEN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|\d+(?:\.\d+)?|\s+|.")
NUMBERS = "0 1 -1 2 3 7 0.5 1e9 99999999999 9223372036854775807 c_in i x.c x.h/2 true null [1,2] [] {} '' 010 $act 1/0"
WORDS = (
    "conv relu add concat split prev input x as from repeat first when share layers blocks params inputs norm act none "
    "same like flatten upsample linear max_pool crop pad opaque label &a *a !!int ? - : # | > % @ ` ; , ("
)
MARKS = ("\N{SNOWMAN}", "\t", "\0", "\x85", "\ufeff", ": ", "- ", "\n", "'", '"')


def tokens_changed(text: str, rng: random.Random) -> str:
    tokens = TOKEN.findall(text) or [""]
    for _ in range(rng.randint(1, 4)):
        at, other = rng.randrange(len(tokens)), rng.randrange(len(tokens))
        match rng.randrange(6):
            case 0:
                tokens[at] = ""
            case 1:
                tokens[at] *= 2
            case 2:
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case 3:
                tokens[at] = rng.choice(NUMBERS.split())
            case 4:
                tokens[at] = rng.choice((*WORDS.split(), *MARKS))
            case _:
                numbers = [n for n, token in enumerate(tokens) if token[:1].isdigit()]
                if numbers:
                    tokens[rng.choice(numbers)] = rng.choice(NUMBERS.split())
    return "".join(tokens)


def lines_changed(text: str, rng: random.Random, other: str) -> str:
    lines, foreign = text.splitlines(keepends=True), other.splitlines(keepends=True)
    for _ in range(rng.randint(1, 3)):
        if not lines:
            break
        at = rng.randrange(len(lines))
        match rng.randrange(5):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, lines[at])
            case 2:
                lines.insert(at, lines.pop(rng.randrange(len(lines))))
            case 3:
                lines.insert(at, rng.choice(foreign))
            case _:
                lines[at] = " " * rng.randint(0, 6) + lines[at].lstrip()
    return "".join(lines)


def mutant(text: str, rng: random.Random, other: str) -> str:
    match rng.randrange(4):
        case 0:
            return lines_changed(text, rng, other)
        case 1:
            cut = rng.randrange(len(text))
            return text[:cut] + other[rng.randrange(len(other)) :]
        case _:
            return tokens_changed(text, rng)


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
