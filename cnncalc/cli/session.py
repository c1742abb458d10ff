"""One run of the command line: what it reads, whether it may overwrite, whether a check came to a verdict."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field

__all__ = ["CURRENT", "Session"]


@dataclass(slots=True)
class Session:
    """What holds for one command line.

    Attributes:
        reads: the files that it reads, as named.
        force: whether files that it reads, specs and baselines may be overwritten.
        verdict: whether a check has judged and said so, so that exit code 0 means that it passed.
    """

    reads: list[str] = field(default_factory=list)
    force: bool = False
    verdict: bool = False


CURRENT: ContextVar[Session] = ContextVar("CURRENT", default=Session())  # noqa: B039 - outside a run nothing is read
