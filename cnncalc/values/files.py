"""Files are written whole or not at all, and never over what a run reads or writes elsewhere."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from os import PathLike


def write_file(file: str | PathLike[str], data: bytes | str | Iterable[str]) -> None:
    """Write a file in one step: readers see the old content or the new, a full disk leaves the old.

    A link keeps pointing at its file, which is replaced; a device or pipe is written to as it is. Text is UTF-8; in
    pieces, it is written as they come.

    Raises:
        OSError: it cannot be written; nothing is left beside it.
    """
    pieces = (data,) if isinstance(data, bytes | str) else gathered(data)
    content = (piece.encode("utf-8", "backslashreplace") if isinstance(piece, str) else piece for piece in pieces)
    path = Path(os.path.realpath(file))
    try:
        mode = path.stat().st_mode
    except OSError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):
        with path.open("wb") as target:  # a folder raises, a device takes it
            target.writelines(content)
        return
    if mode is not None and not os.access(path, os.W_OK):
        raise PermissionError(13, "Permission denied", str(file))
    import tempfile

    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as target:
            target.writelines(content)
            target.flush()
            os.fsync(target.fileno())
        if mode is None:
            mask = os.umask(0)
            os.umask(mask)
            mode = 0o666 & ~mask
        Path(name).chmod(stat.S_IMODE(mode))
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def gathered(pieces: Iterable[str], enough: int = 65_536) -> Iterator[str]:
    """Yield text in pieces of at least so many characters, the last as long as it is."""
    held: list[str] = []
    length = 0
    for piece in pieces:
        held.append(piece)
        length += len(piece)
        if length >= enough:
            yield "".join(held)
            held, length = [], 0
    if held:
        yield "".join(held)


def same_file(file: str | PathLike[str], others: Iterable[str | PathLike[str]]) -> str | None:
    """Return which of some files a file is, through links and other spellings too, or None."""
    mine = os.path.realpath(file)
    for other in others:
        if os.path.realpath(other) == mine:
            return os.fspath(other)
        with suppress(OSError):
            if Path(mine).samefile(other):
                return os.fspath(other)
    return None
