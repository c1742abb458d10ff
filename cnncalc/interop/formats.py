"""The formats besides the spec language that a network may be given in: how each is known, and who reads it.

A format is known by what the file holds, never by its suffix. A new one is an entry of `FORMATS` and a module with
`read(source: Path | bytes, file: str | None) -> ForeignSpec`, imported when such a file comes.
"""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from mmap import mmap
    from pathlib import Path

    from cnncalc.interop.foreign import ForeignSpec


class Format(NamedTuple):
    """One format.

    Attributes:
        title: what messages call it.
        known: whether the first bytes of a file (64 KiB at most) are of this format; cheap, and never raises.
        reader: the module that has `read`.
        extra: the optional extra that brings what it needs, "" if the core is enough.
        needs: the packages that it imports.
    """

    title: str
    known: Callable[[bytes], bool]
    reader: str
    extra: str = ""
    needs: tuple[str, ...] = ()


HEAD = 65536
"""How much of a file is looked at."""

ONNX_FIELDS = {1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2, 26: 2}
"""The wire type of each field of ONNX's ModelProto (onnx.proto3)."""


def varint(data: bytes | mmap, at: int) -> tuple[int, int]:
    """Return the number that starts at a position and where it ends; raise IndexError where it does not end."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise IndexError


def is_onnx(head: bytes) -> bool:
    """Whether it begins with fields of ONNX's ModelProto: its version first, or graph and operator sets among them."""
    at, seen = 0, list[int]()
    try:
        while at < len(head) and len(seen) < 16:
            tag, at = varint(head, at)
            field, wire = tag >> 3, tag & 7
            if ONNX_FIELDS.get(field) != wire:
                return bool(seen[1:]) and seen[0] == 1
            seen.append(field)
            number, at = varint(head, at)
            if field == 1 and number > 1000:
                return False
            if wire == 2:
                at += number
    except IndexError:
        pass
    return len(seen) > 1 and (seen[0] == 1 or (7 in seen and 8 in seen))


DARKNET = re.compile(rb"(?:\s*(?:[#;].*)?\n)*\s*\[\s*(?:net|network)\s*\]")
"""A first section as Darknet's networks have it, after empty lines and remarks."""


def is_darknet(head: bytes) -> bool:
    """Whether its first section is that of a Darknet network."""
    return DARKNET.match(head.removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"\n")) is not None


KERAS = re.compile(rb'\s*\{\s*"(module|class_name|config|registered_name|backend|keras_version)"\s*:')
"""How the settings of a Keras object begin."""


def is_keras(head: bytes) -> bool:
    """Whether it is a `.keras` archive, or begins with the settings of a Keras object: its class among them."""
    if head.startswith(b"PK\x03\x04"):
        return b"metadata.json" in head or b"config.json" in head
    return KERAS.match(head.removeprefix(b"\xef\xbb\xbf")) is not None and b'"class_name"' in head


ULTRALYTICS = re.compile(rb"^(?:backbone|head)[ \t]*:", re.MULTILINE)


def is_ultralytics(head: bytes) -> bool:
    """Whether it has a backbone and a head at the top level, as Ultralytics' model files have."""
    return len({match[0].rstrip(b" \t:") for match in ULTRALYTICS.finditer(head)}) == 2


def is_tflite(head: bytes) -> bool:
    """Whether it has TensorFlow Lite's identifier."""
    return head[4:8] == b"TFL3"


SPEC = re.compile(rb"^cnncalc[ \t]*:", re.MULTILINE)
"""The signature of a spec: with a slip of the hand, such as `layers: {`, it is one still."""
CAFFE = re.compile(rb"^\s*(?:layers?|input_param|input_shape)\s*:?\s*[{<]|^\s*input\s*:\s*[\"']", re.MULTILINE)


def is_caffe(head: bytes) -> bool:
    """Whether it has layers, or inputs, as the text form of protocol buffers writes them."""
    text = head.removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"\n")
    return CAFFE.search(text) is not None and SPEC.search(text) is None


FORMATS = (
    Format("a TensorFlow Lite model", is_tflite, "cnncalc.interop.tflite"),
    Format("an ONNX model", is_onnx, "cnncalc.interop.onnx", "onnx", ("onnx",)),
    Format("a Darknet network", is_darknet, "cnncalc.interop.darknet"),
    Format("a Keras model", is_keras, "cnncalc.interop.keras"),
    Format("an Ultralytics model", is_ultralytics, "cnncalc.interop.ultralytics"),
    Format("a Caffe network", is_caffe, "cnncalc.interop.caffe"),
)


def find(head: bytes) -> Format | None:
    """Return the format that the first bytes of a file are of, or None for what may be a spec."""
    return next((f for f in FORMATS if f.known(head)), None)


def read(format: Format, source: Path | bytes, file: str | None) -> ForeignSpec:  # noqa: A002
    """Return the network of a file.

    Raises:
        SpecError: it cannot be read, or the extra that it needs is not installed.
    """
    from cnncalc.interop.foreign import failure

    missing = [name for name in format.needs if find_spec(name) is None]
    if missing:
        raise failure(file, f"{format.title} needs the package {missing[0]}", code="missing-extra",
                      hint=f'pip install "cnncalc[{format.extra}]"')  # fmt: skip
    network: ForeignSpec = import_module(format.reader).read(source, file)
    return network
