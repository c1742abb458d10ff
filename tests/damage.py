"""Specs that are damaged at random."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

ROOT = Path(__file__).parent.parent
GOOD = sorted((ROOT / "specs").glob("*.yaml"))
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
