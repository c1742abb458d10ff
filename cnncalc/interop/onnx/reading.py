"""An ONNX file as its message, read within bounds: no weights, and nothing beside the file is opened."""

from __future__ import annotations

from mmap import ACCESS_READ, mmap
from typing import TYPE_CHECKING, NamedTuple

import onnx
from google.protobuf.message import DecodeError

from cnncalc.interop.foreign import failure
from cnncalc.interop.formats import varint

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from google.protobuf.descriptor import Descriptor

Bytes = bytes | mmap
KEPT = 65536
"""A field of raw values longer than this is weights and is not kept, bytes; no shape is computed from so many."""
SMALL = 1 << 20
"""A message of this many bytes takes no more than some hundred times as many in memory."""
MAX_FIELDS = 400_000
"""A message has at most this many fields; five hundred layers have some fifteen thousand."""
PACKED = frozenset(("int32_data", "int64_data", "uint64_data", "ints", "dims"))
"""Fields of whole numbers, which take up to eight times their bytes in memory; sixteen bytes count as a field."""
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
        model = onnx.ModelProto()
        model.ParseFromString(bounded(source))
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

        if grown(model) > MAX_FIELDS:
            raise failure(file, f"its functions stand for more than {MAX_FIELDS:,} nodes", code="too-large",
                          hint="give the model in parts")  # fmt: skip
        try:
            model = inline_local_functions(model)
        except Exception as error:  # noqa: BLE001 - the package raises bare RuntimeErrors of its C++ part
            reason = str(error).strip().splitlines()[0]
            raise failure(file, f"has functions that cannot be put in: {reason}", code="unreadable-model",
                          hint="export it without local functions") from None  # fmt: skip
    return model


def bounded(source: Path | bytes) -> bytes:
    """Return a file's bytes; of a large one only what is not weights, without reading these."""
    if isinstance(source, bytes):
        return source if len(source) <= SMALL else slim(source, onnx.ModelProto.DESCRIPTOR, [MAX_FIELDS])
    with source.open("rb") as file:
        if source.stat().st_size <= SMALL:
            return file.read()
        with mmap(file.fileno(), 0, access=ACCESS_READ) as whole:
            return slim(whole, onnx.ModelProto.DESCRIPTOR, [MAX_FIELDS])


def grown(model: onnx.ModelProto) -> int:
    """Return how many nodes a model has once its functions are put in; of functions in a circle, any number."""
    bodies = {(f.domain, f.name): f.node for f in model.functions}
    sizes: dict[tuple[str, str], int] = {}

    def size(nodes: Iterable[onnx.NodeProto], depth: int) -> int:
        total = 0
        for node in nodes:
            key = (node.domain, node.op_type)
            if key in bodies and key not in sizes and depth < DEEPEST:
                sizes[key] = 1
                sizes[key] = size(bodies[key], depth + 1)
            total += sizes.get(key, 1)
            total += sum(size(a.g.node, depth + 1) for a in node.attribute if a.type == a.GRAPH and depth < DEEPEST)
        return total

    return size(model.graph.node, 0)


class Field(NamedTuple):
    """What is to be known of a field: the message in it, whether it is weights, whether it is many small numbers."""

    inside: Descriptor | None
    payload: bool
    packed: bool


UNKNOWN = Field(None, payload=False, packed=True)
"""A field that the format does not have."""
_FIELDS: dict[str, dict[int, Field]] = {}


def known_fields(message: Descriptor) -> dict[int, Field]:
    """Return the fields of a message by number."""
    found = _FIELDS.get(message.full_name)
    if found is None:
        found = _FIELDS[message.full_name] = {
            number: Field(field.message_type, field.name in PAYLOAD, field.name in PACKED)
            for number, field in message.fields_by_number.items()
        }
    return found


def slim(data: Bytes, message: Descriptor, budget: list[int], span: tuple[int, int] | None = None,
         depth: int = 0) -> bytes:  # fmt: skip
    """Return a message without the tensors' large payloads.

    Args:
        data: the bytes of the file.
        message: what it is a message of.
        budget: how many fields may still come; one list for the whole file.
        span: where in the file the message stands; None: all of it.
        depth: how many messages it stands in.

    Raises:
        Excess: it has more fields, or is deeper, than a network can be.
        IndexError: it ends early.
    """
    at, stop = span or (0, len(data))
    if depth > DEEPEST:
        raise Excess(f"its messages stand more than {DEEPEST} deep in each other")
    fields = known_fields(message)
    kept: list[bytes] = []
    copied = at
    while at < stop:
        start = at
        tag = data[at]
        if tag < 0x80:
            at += 1
        else:
            tag, at = varint(data, at)
        wire = tag & 7
        spent = 1
        if wire == LENGTH:
            length = data[at]
            if length < 0x80:
                at += 1
            else:
                length, at = varint(data, at)
            end = at + length
            if end > stop:
                raise IndexError
            field = fields.get(tag >> 3, UNKNOWN)
            inside: Descriptor | None = field.inside
            if inside is not None and length:
                inner = slim(data, inside, budget, (at, end), depth + 1)
                if len(inner) != length:
                    kept += (data[copied:start], encoded(tag), encoded(len(inner)), inner)
                    copied = end
            elif field.payload and length > KEPT:
                kept.append(data[copied:start])
                copied = end
            elif field.packed:
                spent += length // 16
            at = end
        else:
            at = skipped(data, at, wire)
        budget[0] -= spent
        if budget[0] < 0:
            raise Excess(f"has more than {MAX_FIELDS:,} fields")
    kept.append(data[copied:stop])
    return b"".join(kept)


def skipped(data: Bytes, at: int, wire: int) -> int:
    """Return where a field of a fixed or variable width ends."""
    if wire == 0:
        return varint(data, at)[1]
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
