"""What to write instead of an operator, an argument or a word that there is not: somewhere true, or nowhere.

Names are compared in this order: without case, `_` and digits; as names of PyTorch, Keras, Caffe, Darknet, ONNX and
TensorFlow Lite, which the operators know of themselves (`Operator.elsewhere`), and of the tables here; at last by slips
of the hand. What the language lacks is said to be lacking, with the two ways out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnncalc.ops.foreign import SYSTEMS
from cnncalc.ops.registry import find, names, operators
from cnncalc.ops.vocabulary import ADVICE, LACKING, NO_MEANING, SAME_MEANING, TURNED, WAYS_OUT
from cnncalc.values.words import bare, fold, misspelt, same

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncalc.ops.operator import Operator

def plain(word: str) -> str:
    """Return the name in what may be a path or a call: `nn.Conv2d(3, 64, 3)` is `Conv2d`, `[maxpool]` is `maxpool`."""
    head = re.split(r"[(\s]", word.strip().strip("[]"), maxsplit=1)[0]
    return head.rsplit(".", 1)[-1] or word


def elsewhere(word: str, role: str | None = None) -> list[str]:
    """Return the operators that go by a name in some other system, those of a role where one is asked for."""
    for form in (fold, bare):
        wanted = form(word)
        found = [
            cls.name
            for cls in operators()
            if role in {None, cls.role}
            and any(form(name) == wanted for system in SYSTEMS for said in cls.elsewhere.get(system, ())
                    for name in said.names())
        ]  # fmt: skip
        if found:
            return list(dict.fromkeys(found))
    return []


def operator_hint(word: str, blocks: Iterable[str] = ()) -> str:
    """Return what to write instead of an operator or block that there is not."""
    name, own = plain(word), list(blocks)
    known = [*own, *names()]
    exact = name if name != word and name in known else same(name, known)
    if exact is not None and not (name != word and fold(name) in ADVICE):
        cls = None if exact in own else find(exact)
        return f"write {cls.name if cls else exact}"
    for form in (fold, bare):
        if form(name) in ADVICE:
            return ADVICE[form(name)]
    if form_of := elsewhere(name):
        return f"write {' or '.join(form_of[:3])}"
    if fold(name) in LACKING or bare(name) in LACKING:
        return f"'{name}' is not in the language: {WAYS_OUT}"
    near = misspelt(name, own + [cls.name for cls in operators()]) or misspelt(name, known)
    meant = {cls.name if word not in own and (cls := find(word)) else word for word in near}
    if len(meant) == 1:
        return f"did you mean '{near[0]}'?"
    return f"see cnncalc ops for the operators; for what the language lacks, {WAYS_OUT}"


def role_hint(word: str, role: str) -> str:
    """Return what to write instead of an activation or normalisation that there is not."""
    name = plain(word)
    known = [known for known in names() if (cls := find(known)) is not None and cls.role == role]
    if fold(name) in {"none", "linear", "identity", "null", "false"}:
        return "write none"
    exact = name if name != word and name in known else same(name, known)
    if exact is not None:
        cls = find(exact)
        return f"write {cls.name if cls else exact}"
    if found := elsewhere(name, role):
        return f"write {' or '.join(found[:3])}"
    advised = ADVICE.get(fold(name), "").removeprefix("write ")
    if advised in known:
        return f"write {advised}"
    near = misspelt(name, [*known, "none"])
    if len({cls.name if (cls := find(word)) else word for word in near}) == 1:
        return f"did you mean '{near[0]}'?"
    return f"write one of {', '.join(dict.fromkeys(cls.name for k in known if (cls := find(k)) is not None))}, or none"


def argument_hint(word: str, cls: type[Operator]) -> str | None:
    """Return what to write instead of an argument that an operator does not have; None where nothing is known of it."""
    spellings = cls.spellings
    exact = same(word, spellings)
    if exact is not None:
        return f"did you mean '{spellings[exact]}'?"
    folded = fold(word)
    if folded in {"dim", "dims"} and "axis" in cls.args:
        return "write axis: channel, last, or an axis without the batch: dim 1 of PyTorch is axis 0"
    ours, sentence = TURNED.get(folded, ("", ""))
    if ours in cls.args:
        return sentence
    for said in (said for names_ in cls.elsewhere.values() for said in names_):
        for ours, theirs in said.arguments.items():
            if fold(theirs) == folded and ours in cls.args:
                return f"write {ours}"
    for ours, words in SAME_MEANING.items():
        if ours in cls.args and any(fold(other) == folded for other in words):
            return f"write {ours}"
    if folded in {"dim", "axis"} and cls.role:
        return "leave it out: it is taken over the channels"
    if folded in NO_MEANING:
        return NO_MEANING[folded]
    near = {spellings[name] for name in misspelt(word, spellings, 3)}
    return f"did you mean '{near.pop()}'?" if len(near) == 1 else None
