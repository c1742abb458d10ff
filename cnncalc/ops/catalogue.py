"""What every operator says about itself, as plain values: for `cnncalc ops`, the docs page and editors.

`python -m cnncalc.ops.catalogue > docs/operators.md` writes the page.
"""

from __future__ import annotations

import inspect
import sys
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from cnncalc.ops.arguments import Nested, shown
from cnncalc.ops.hints import operator_hint
from cnncalc.ops.operator import Operator
from cnncalc.ops.registry import find, operators

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncalc.ops.operator import Arg

GROUPS = (
    "convolution",
    "linear",
    "attention",
    "recurrent",
    "pooling",
    "normalisation",
    "activation",
    "merge",
    "shape",
    "channels",
    "regularisation",
    "other",
)
"""The families in the order in which they are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgumentEntry:
    """One argument of an operator.

    Attributes:
        name: its canonical name.
        form: what a spec may write, in a few words.
        default: its default as a spec would write it; None where it has none or follows from other arguments.
        required: whether a spec must give it.
        main: whether it takes the bare value of `op: value`.
        like: whether `like: label` fills it with the size of that layer's map.
        aliases: other names, PyTorch's among them.
        doc: what it means.
    """

    name: str
    form: str
    default: str | None
    required: bool
    main: bool
    like: bool
    aliases: tuple[str, ...]
    doc: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorEntry:
    """One operator.

    Attributes:
        name: its canonical name.
        aliases: other names that a spec may use.
        group: its family, one of `GROUPS` for a built-in one.
        summary: one line with its shapes.
        doc: everything its class says.
        arguments: its arguments, the main one first.
        sources: how many tensors it reads; None for two or more.
        defaults_from: operators whose entries under `defaults:` hold for it too.
        example: an item of a spec.
        builtin: whether it comes with cnncalc.
    """

    name: str
    aliases: tuple[str, ...]
    group: str
    summary: str
    doc: str
    arguments: tuple[ArgumentEntry, ...]
    sources: int | None
    defaults_from: tuple[str, ...]
    example: str
    builtin: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as plain data."""
        return asdict(self)


def entry(cls: type[Operator]) -> OperatorEntry:
    """Return what one operator class says about itself."""
    doc = inspect.cleandoc(cls.__doc__ or "")
    return OperatorEntry(
        name=cls.name,
        aliases=cls.aliases,
        group=cls.group,
        summary=" ".join(doc.split("\n\n")[0].split()),
        doc=doc,
        arguments=tuple(map(_argument, sorted(cls.args.values(), key=_place))),
        sources=cls.sources,
        defaults_from=cls.defaults_from,
        example=cls.example,
        builtin=_builtin(cls),
    )


def entries(*, plugins: bool = True) -> tuple[OperatorEntry, ...]:
    """Return every operator, by family; without plug-ins only those that come with cnncalc."""
    order = {group: place for place, group in enumerate(GROUPS)}
    chosen = [entry(cls) for cls in operators() if plugins or _builtin(cls)]
    return tuple(sorted(chosen, key=lambda e: order.get(e.group, len(order))))


def lookup(name: str) -> OperatorEntry:
    """Return the operator of a name or alias.

    Raises:
        ValueError: there is none; the message names the nearest.
    """
    cls = find(name)
    if cls is None:
        raise ValueError(f"no operator is called '{name}'; {operator_hint(name)}")
    return entry(cls)


def _builtin(cls: type[Operator]) -> bool:
    return cls.__module__.partition(".")[0] == Operator.__module__.partition(".")[0]


def _place(declared: Arg) -> tuple[bool, bool, bool]:
    """Sort the main argument first, then required ones, and last what stands for a layer of its own."""
    return not declared.main, not declared.required, isinstance(declared.kind, Nested)


def _argument(declared: Arg) -> ArgumentEntry:
    absent = "none" if isinstance(declared.kind, Nested) else None
    return ArgumentEntry(
        name=declared.name,
        form=declared.kind.describe(),
        default=absent if declared.required or declared.default is None else shown(declared.default),
        required=declared.required,
        main=declared.main,
        like=declared.like,
        aliases=declared.aliases,
        doc=declared.doc,
    )


def markdown(shown_entries: Iterable[OperatorEntry]) -> str:
    """Return the documentation page of some operators."""
    parts = [HEAD]
    for group, members in groupby(shown_entries, key=lambda e: e.group):
        parts.append(f"## {group.capitalize()}\n")
        parts += map(_section, members)
    return "\n".join(parts).rstrip() + "\n"


HEAD = """\
# Operators

Every operator of the spec language, written from its class by `python -m cnncalc.ops.catalogue > docs/operators.md`.

The argument marked `*` takes the bare value: `conv: 64` is `conv: {out: 64}`. Sizes, strides and the like take one
number or one per axis. Shapes are `[C, H, W]`, without the batch; `*S` stands for the spatial axes of any rank. What
each operator costs is in [counting.md](counting.md).
"""


def _section(e: OperatorEntry) -> str:
    lines = [f"### `{e.name}`\n"]
    if e.aliases:
        lines.append("Also: " + ", ".join(f"`{a}`" for a in e.aliases) + ".\n")
    lines.append(f"{e.doc}\n")
    if e.sources is None:
        lines.append("Its argument is the sources: `[label, label]`, or named paths.\n")
    elif e.arguments:
        lines += ["| argument | form | default | meaning |", "| --- | --- | --- | --- |", *map(_row, e.arguments), ""]
    else:
        lines.append("No arguments.\n")
    if e.defaults_from:
        lines.append(f"`defaults:` of {', '.join(f'`{d}`' for d in e.defaults_from)} hold for it too.\n")
    lines.append(f"```yaml\n- {e.example}\n```\n")
    return "\n".join(lines)


def _row(a: ArgumentEntry) -> str:
    name = f"`{a.name}`{'*' if a.main else ''}" + "".join(f", `{alias}`" for alias in a.aliases)
    if a.like:
        name += ", or `like: label`"
    default = "required" if a.required else f"`{a.default}`" if a.default is not None else ""
    cells = (name, a.form, default, a.doc)
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


if __name__ == "__main__":
    sys.stdout.write(markdown(entries(plugins=False)))
