"""The verdict on a network and the same one in another program, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncalc.interop.exporting.verifying import Box, Numbers, Verification


def told(verdict: Verification, *, differing: bool = False) -> str:
    """Return a verdict as text: every layer, or those that differ alone, then the whole."""

    def numbers(found: Numbers | None) -> list[str]:
        if found is None:
            return ["-"] * 3
        shape = "-" if found.shape is None else "x".join(map(str, found.shape))
        return [shape, *("-" if n is None else f"{n:,}" for n in (found.params, found.macs))]

    rows = [["Layer", "Output", "Params", "MACs", ""]]
    for row in verdict.wrong if differing else verdict.rows:
        name = row.path or f"({row.there})"
        if not row.differs:
            rows.append([name, *numbers(row.mine), "ok"])
            continue
        rows.append([name, *numbers(row.mine), f"differs: {', '.join(row.differs)}"])
        rows.append([f"  there {row.there if row.there != row.path else ''}".rstrip(), *numbers(row.theirs), ""])
    widths = [max(len(said[k]) for said in rows) for k in range(4)]
    lines = [f"against {verdict.title}", ""]
    for said in rows:
        cells = [said[0].ljust(widths[0]), *(said[k].rjust(widths[k]) for k in (1, 2, 3)), said[4]]
        lines.append("  ".join(cells).rstrip())
    lines.append("")
    for name, mine, theirs in verdict.totals:
        here, there = (", ".join(v) if isinstance(v, list) else f"{v:,}" for v in (mine, theirs))
        lines.append(f"{name}: {here}, the same there" if mine == theirs else f"{name}: {here} here, {there} there")
    wrong = len(verdict.wrong)
    if verdict.fields is not None:
        every = len(verdict.fields)
        lines.append(f"fields: {every - len(verdict.wrong_fields)} of {every} that were measured are the same there")
    lines += [f"  {f.path} at {spots(f.unit)} sees {boxed(f.mine)} of {f.source} here, {boxed(f.theirs)} there"
              for f in verdict.wrong_fields]  # fmt: skip
    if verdict.holds:
        lines.append(f"no difference in {len(verdict.rows)} layers")
    else:
        some = f"{wrong} of {len(verdict.rows)} layers differ"
        fields = "the layers are equal, their fields are not" if verdict.wrong_fields else ""
        lines.append(some if wrong else fields or "the layers are equal, the whole is not")
    return "\n".join(lines) + "\n"


def spots(unit: tuple[int, ...]) -> str:
    """Return a unit's place."""
    return ",".join(map(str, unit)) or "its only unit"


def boxed(box: Box) -> str:
    """Return what a unit sees."""
    return " x ".join("nothing" if side is None else f"{side[0]}..{side[1]}" for side in box)
