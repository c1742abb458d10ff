"""An ONNX file as its message, read within bounds: no weights, and nothing beside the file is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx
from google.protobuf.message import DecodeError

from cnncalc.interop.foreign import failure
from cnncalc.interop.formats import varint

if TYPE_CHECKING:
    from pathlib import Path

    from google.protobuf.descriptor import Descriptor

KEPT = 65536
"""A field of raw values longer than this is weights and is not kept, bytes; no shape is computed from so many."""
SMALL = 1 << 20
"""A message of this many bytes takes no more than some hundred times as many in memory."""
MAX_FIELDS = 600_000
"""A message has at most this many fields; five hundred layers have some fifteen thousand."""
DEEPEST = 64
"""Messages stand at most this deep in each other."""
PAYLOAD = frozenset(("raw_data", "float_data", "int32_data", "int64_data", "double_data", "uint64_data"))
LENGTH = 2
"""The wire type of a field with a length; only those hold messages."""


class Excess(Exception):  # noqa: N818 - not an error of this program
    """A file holds more than any network does."""


def load(source: Path | bytes, file: str | None) -> onnx.ModelProto:
    """Return the message of a file without its large tensors.

    Raises:
        SpecError: it cannot be read, or is no ONNX model.
    """
    try:
        data = source if isinstance(source, bytes) else source.read_bytes()
        budget = [MAX_FIELDS]
        if len(data) > SMALL:
            data = slim(memoryview(data), onnx.ModelProto.DESCRIPTOR, budget)
        model = onnx.ModelProto()
        model.ParseFromString(data)
    except OSError as error:
        raise failure(file, f"cannot be read: {error.strerror or error}", code="unreadable-file",
                      hint="name a readable file") from None  # fmt: skip
    except Excess as error:
        raise failure(file, str(error), code="too-large", hint="give the model in parts") from None
    except (DecodeError, IndexError, ValueError):
        raise failure(file, "is a damaged ONNX model: it ends early, or its bytes are no message",
                      code="unreadable-model", hint="export or download it again") from None  # fmt: skip
    if not model.HasField("graph"):
        raise failure(file, "is an ONNX model without a graph", code="unreadable-model", hint="export it again")
    if model.functions:
        from onnx.inliner import inline_local_functions

        try:
            model = inline_local_functions(model)
        except Exception as error:  # noqa: BLE001 - the package raises bare RuntimeErrors of its C++ part
            reason = str(error).strip().splitlines()[0]
            raise failure(file, f"has functions that cannot be put in: {reason}", code="unreadable-model",
                          hint="export it without local functions") from None  # fmt: skip
    return model


def slim(data: memoryview, message: Descriptor, budget: list[int], depth: int = 0) -> bytes:
    """Return a message without the tensors' large payloads.

    Args:
        data: its bytes.
        message: what it is a message of.
        budget: how many fields may still come; one list for the whole file.
        depth: how many messages it stands in.

    Raises:
        Excess: it has more fields, or is deeper, than a network can be.
        IndexError: it ends early.
    """
    if depth > DEEPEST:
        raise Excess(f"its messages stand more than {DEEPEST} deep in each other")
    fields = message.fields_by_number
    kept: list[bytes] = []
    at = copied = 0
    while at < len(data):
        start = at
        tag, at = varint(data, at)  # type: ignore[arg-type]
        wire = tag & 7
        budget[0] -= 1
        if budget[0] < 0:
            raise Excess(f"has more than {MAX_FIELDS:,} fields")
        if wire == LENGTH:
            length, at = varint(data, at)  # type: ignore[arg-type]
            end = at + length
            if end > len(data):
                raise IndexError
            field = fields.get(tag >> 3)
            if field is not None and field.message_type is not None and length:
                inner = slim(data[at:end], field.message_type, budget, depth + 1)
                if len(inner) != length:
                    kept += (bytes(data[copied:start]), encoded(tag), encoded(len(inner)), inner)
                    copied = end
            elif field is not None and length > KEPT:
                if field.name in PAYLOAD:
                    kept.append(bytes(data[copied:start]))
                    copied = end
                else:
                    budget[0] -= length // 64
            at = end
        else:
            at = skipped(data, at, wire)
    kept.append(bytes(data[copied:]))
    return b"".join(kept)


def skipped(data: memoryview, at: int, wire: int) -> int:
    """Return where a field of a fixed or variable width ends."""
    if wire == 0:
        return varint(data, at)[1]  # type: ignore[arg-type]
    width = {1: 8, 5: 4}.get(wire)
    if width is None:
        raise IndexError
    return at + width


def encoded(number: int) -> bytes:
    """Return a number as protobuf writes it."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
