"""From a file's bytes to the settings of its model, within bounds."""

from __future__ import annotations

import json
import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

from cnncalc.interop.foreign import failure

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 64 * 2**20
"""A model's settings have at most this many bytes."""
DIGITS = 18
"""The digits of the longest number that a size may have; longer ones are read as text, which no setting takes."""
ARCHIVE = b"PK\x03\x04"
CONFIG = "config.json"


def load(source: Path | bytes, file: str | None) -> dict[str, Any]:
    """Return the settings of the model in a file: its class, and under `config` its own.

    Raises:
        SpecError: it cannot be read, is too large, or holds no model.
    """
    data = source if isinstance(source, bytes) else source.read_bytes()
    text = unpacked(data, file) if data.startswith(ARCHIVE) else data
    if len(text) > LARGEST:
        raise failure(file, f"its settings have more than {LARGEST // 2**20} MiB", code="too-large",
                      hint="name a file that model.to_json() or model.save() wrote")  # fmt: skip
    try:
        found = json.loads(text.decode("utf-8-sig"), parse_int=whole)
    except json.JSONDecodeError as error:
        raise failure(file, f"is not JSON: {error.msg}", code="unreadable-model", place=f"line {error.lineno}",
                      hint="write it again with model.to_json()") from None  # fmt: skip
    except (ValueError, RecursionError) as error:
        why = "its lists stand too deep in each other" if isinstance(error, RecursionError) else "is not UTF-8 text"
        raise failure(file, why, code="unreadable-model", hint="write it again with model.to_json()") from None
    if not isinstance(found, dict) or not isinstance(found.get("config"), dict | list):
        raise failure(file, "holds no Keras model: there is no 'config'", code="unreadable-model",
                      hint="write it with model.to_json()")  # fmt: skip
    if isinstance(found["config"], list):  # a Sequential of Keras 2.1 and before
        found["config"] = {"layers": found["config"]}
    return found


def whole(text: str) -> int | str:
    """Return a whole number, or the text of one that is longer than any size."""
    return int(text) if len(text.lstrip("-")) <= DIGITS else text


def unpacked(data: bytes, file: str | None) -> bytes:
    """Return `config.json` out of a `.keras` file; of one that expands without end, no more than the limit and 1."""
    try:
        with ZipFile(BytesIO(data)) as archive, archive.open(CONFIG) as member:
            return member.read(LARGEST + 1)
    except KeyError:
        raise failure(file, f"has no {CONFIG} in it", code="unreadable-model",
                      hint="write it with model.save('name.keras')") from None  # fmt: skip
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise failure(file, f"cannot be unpacked: {reason}", code="unreadable-model",
                      hint="write it with model.save('name.keras')") from None  # fmt: skip
