"""The rules that are no tool's: every operation, multiply-accumulates, and twice those."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.conventions.base import Convention, Entry, Term

if TYPE_CHECKING:
    from cnncalc.work import Count


def macs(count: Count) -> int | None:
    """Return the multiply-accumulates."""
    return count.macs


MACS = Term(label="multiply-accumulates", formula=macs, shared=True)


def _beyond_macs(count: Count) -> int | None:
    if count.work is None or count.macs is None:
        return None
    return count.work.total - count.macs - count.bias_outputs


_WEIGHTED = Entry(
    terms=(
        MACS,
        Term(label="additions of the products, one less per output", formula=_beyond_macs),
        Term(label="bias, 1 per output element", formula=lambda count: count.bias_outputs),
    )
)

EXACT = Convention(
    name="exact",
    unit="FLOPs",
    source="docs/counting.md",
    version="",
    summary="every scalar operation of every layer, each kind counted as one",
    table={"conv": _WEIGHTED, "conv_transpose": _WEIGHTED, "linear": _WEIGHTED},
    otherwise=Entry(
        terms=(
            Term(
                label="operations of all other layers",
                formula=lambda count: None if count.work is None else count.work.total,
            ),
        )
    ),
)

TWO_PER_MAC = Convention(
    name="2mac",
    unit="FLOPs",
    source="docs/counting.md",
    version="",
    summary="2 per multiply-accumulate, nothing else",
    otherwise=Entry(terms=(MACS, Term(label="1 more per multiply-accumulate", formula=macs))),
)

MAC = Convention(
    name="mac",
    unit="FLOPs",
    source="torchvision 0.28, the `_ops` of its weights; most papers",
    version="",
    summary="1 per multiply-accumulate, nothing else: what papers mostly call FLOPs",
    otherwise=Entry(terms=(MACS,)),
)
