"""What an element is stored as, for weights and for activations."""

from __future__ import annotations

from typing import NamedTuple

DTYPES = {"fp32": 32, "fp16": 16, "bf16": 16, "int8": 8, "int4": 4}
"""Bits of one element."""

ELSEWHERE = {
    **dict.fromkeys(("float32", "float", "f32", "single"), "fp32"),
    **dict.fromkeys(("float16", "half", "f16"), "fp16"),
    **dict.fromkeys(("bfloat16", "bfloat"), "bf16"),
    **dict.fromkeys(("uint8", "qint8", "quint8", "i8", "u8", "byte", "char"), "int8"),
    **dict.fromkeys(("uint4", "i4", "u4", "nf4", "fp4"), "int4"),
}
"""By name of PyTorch, NumPy and others, our type of as many bits."""
ALIGNMENT = 16
"""Bytes; what TensorFlow Lite for Microcontrollers aligns its buffers to."""


class Dtypes(NamedTuple):
    """The types of a network's elements: one for weights, biases and buffers, one for activations."""

    weights: str
    activations: str

    @property
    def weight_bits(self) -> int:
        """Bits of one parameter."""
        return DTYPES[self.weights]

    @property
    def activation_bits(self) -> int:
        """Bits of one element of a feature map."""
        return DTYPES[self.activations]

    @property
    def wider(self) -> str:
        """The wider of the two: what a layer that reads both computes in."""
        return max(self.activations, self.weights, key=DTYPES.__getitem__)

    def __str__(self) -> str:
        return self.weights if self.weights == self.activations else f"w:{self.weights},a:{self.activations}"


def parse_dtypes(text: str) -> Dtypes:
    """Return the types of `int8` (both) or `w:int8,a:fp16` (weights and activations, in any order, both named).

    Raises:
        ValueError: there is no such type; the message lists them.
    """
    if text in DTYPES:
        return Dtypes(text, text)
    named = dict(part.strip().partition(":")[::2] for part in str(text).split(","))
    if set(named) == {"w", "a"}:
        found = Dtypes(named["w"].strip(), named["a"].strip())
        if found.weights in DTYPES and found.activations in DTYPES:
            return found
    name = str(text).rpartition(".")[2].lower()
    meant = name if name in DTYPES else ELSEWHERE.get(name)
    hint = f"; did you mean '{meant}'? (one of {', '.join(DTYPES)})" if meant else \
        f"; choose one of {', '.join(DTYPES)}, or w:int8,a:fp16 for two"  # fmt: skip
    raise ValueError(f"there is no dtype '{text}'{hint}")


def tensor_bytes(elements: int, bits: int) -> int:
    """Return the bytes of one tensor, rounded up to whole bytes."""
    return -(-elements * bits // 8)
