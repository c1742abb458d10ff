"""A sign of life on standard error, where that is a terminal: from the first second on, until something is printed."""

from __future__ import annotations

import time
from contextvars import ContextVar
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, TextIO, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

T = TypeVar("T")
PATIENCE, STEP = 1.0, 0.5
"""Seconds until the first sign, and between two."""
CLEAR = "\r\x1b[K"


class Progress:
    """One line that says how long a run has been at work, and at what.

    Attributes:
        doing: what the run is at, where it says so: `34 of 93 networks`.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self.doing = ""
        self._stream = stream
        self._ended = Event()
        self._lock = Lock()
        self._shown = False
        self._start = time.monotonic()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to watch the clock, where anybody looks at standard error."""
        try:
            watched = self._stream is not None and self._stream.isatty()
        except ValueError:  # a closed stream
            watched = False
        if watched:
            self._thread = Thread(target=self._run, name="cnncalc-progress", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Take the line away for good: what follows is the run's own."""
        if self._thread is None:
            return
        self._ended.set()
        with self._lock:
            if self._shown:
                self._shown = False
                self._write(CLEAR)
        self._thread = None

    def _run(self) -> None:
        pause = PATIENCE
        while not self._ended.wait(pause):
            pause = STEP
            with self._lock:
                if not self._ended.is_set():
                    self._shown = True
                    at = f", {self.doing}" if self.doing else ""
                    self._write(f"{CLEAR}working, {time.monotonic() - self._start:.0f} s{at}")

    def _write(self, text: str) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._ended.set()


CURRENT: ContextVar[Progress | None] = ContextVar("PROGRESS", default=None)


def counted(items: Sequence[T], noun: str) -> Iterator[T]:
    """Yield items, and let a sign of life say how many of them are done."""
    progress = CURRENT.get()
    for number, item in enumerate(items, 1):
        if progress is not None:
            progress.doing = f"{number:,} of {len(items):,} {noun}"
        yield item
