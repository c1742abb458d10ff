"""How near two words are: first without case, `_` and digits of a dimension, then by single slips of the hand.

Similar spelling is no ground to propose something else: `matmul` is not `mul`, `einsum` not `sum`. So the threshold is
one slip for words from four letters, two from eight behind the same first letter, and where two words are equally near,
neither is proposed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORT = 4
"""A word with fewer letters than this is not proposed, unless the words are few."""
LONG = 8
"""From this many letters on, two slips are forgiven."""
DIMENSION = re.compile(r"[123]d(?=transpose$|$)")
MAX_WORD = 100
VALUES = {
    "sameupper": "same", "zero": "zeros", "constant": "zeros", "reflection": "reflect", "symmetric": "reflect",
    "replication": "replicate", "edge": "replicate", "wrap": "circular", "nearestneighbor": "nearest",
    "cubic": "bicubic",
}  # fmt: skip
"""By folded word of PyTorch, Keras or ONNX, our word for it where an argument takes a few words."""


def fold(word: str) -> str:
    """Return a word without case, `_`, `-` and spaces: `Batch_Norm` and `BatchNorm` are one."""
    return re.sub(r"[_\-\s]", "", word).lower()


def bare(word: str) -> str:
    """Return a folded word without the number of axes in its name: `Conv2d` is `conv`."""
    return DIMENSION.sub("", fold(word))


def slips(one: str, other: str, most: int) -> int:
    """Return how many letters must be put in, left out, replaced or swapped; `most + 1` where it is more than that."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        new = [i]
        for j, b in enumerate(other, 1):
            cost = min(row[j] + 1, new[j - 1] + 1, row[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            new.append(cost)
        before, row = row, new
    return min(row[-1], most + 1)


def same(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that differs in case, `_` or the number of axes only."""
    known = list(known)
    for form in (fold, bare):
        wanted = form(word)
        for other in known:
            if form(other) == wanted:
                return other
    return None


def misspelt(word: str, known: Iterable[str], shortest: int = SHORT) -> list[str]:
    """Return the known words that are nearest to a word by slips of the hand, all equally near; mostly one or none."""
    folded = fold(word)
    if not 3 <= len(folded) <= MAX_WORD:
        return []
    most = 2 if len(folded) >= LONG else 1
    best: list[str] = []
    for other in known:
        target = fold(other)
        if len(target) < shortest or re.sub(r"\D", "", target) != re.sub(r"\D", "", folded):
            continue
        distance = slips(folded, target, most)
        if distance > 1 and target[0] != folded[0]:
            continue
        if distance < most or (distance == most and not best):
            most, best = distance, [other]
        elif distance == most:
            best.append(other)
    return best


def value_hint(word: str, known: Iterable[str]) -> str | None:
    """Return what to write instead of a word that an argument does not take; None where nothing is near."""
    known = list(known)
    exact = same(word, known)
    if exact is None and VALUES.get(fold(word)) in known:
        exact = VALUES[fold(word)]
    if exact is not None:
        return f"write {exact}"
    near = misspelt(word, known)
    return f"did you mean '{near[0]}'?" if len(near) == 1 else None
