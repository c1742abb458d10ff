"""The arena of TensorFlow Lite Micro: what its greedy planner and its reference kernels ask for, to the byte.

Source: the public source of TensorFlow Lite Micro (`greedy_memory_planner.cc`, `micro_allocator.cc` and the reference
kernels), and the allocations that its 64-bit interpreter (`tflite-micro` 0.dev20261023) prints. The head holds
activations and scratch, the tail what lives as long as the interpreter. Optimised kernels ask for other scratch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cnncalc.deployment.program import Cell, Program, Step

VERSION = "tflite-micro 0.dev20261023, reference kernels, 64-bit"
ALIGNMENT = 16
POINTER = 8


class Need(NamedTuple):
    """One buffer of the arena.

    Attributes:
        name: the tensor, or the layer that asks for scratch.
        bytes: its size as asked for.
        first: the step at which it is written; step 0 feeds the inputs.
        last: the last step that reads it.
        scratch: whether a kernel asked for it.
    """

    name: str
    bytes: int
    first: int
    last: int
    scratch: bool = False

    @property
    def aligned(self) -> int:
        """Its size in the arena."""
        return aligned(self.bytes)


class Allocation(NamedTuple):
    """Where one buffer lies in the arena, in bytes."""

    need: Need
    offset: int

    @property
    def end(self) -> int:
        """The first byte behind it."""
        return self.offset + self.need.aligned


class ArenaPlan(NamedTuple):
    """An arena: its parts, and where every buffer lies.

    Attributes:
        head: bytes of activations and scratch.
        tail: bytes that the interpreter keeps, on a 64-bit build; an upper bound on a 32-bit chip.
        places: the buffers in order of placement.
        steps: the steps, the feeding of the inputs included.
    """

    head: int
    tail: int
    places: tuple[Allocation, ...]
    steps: int

    def live(self, step: int) -> int:
        """Return the bytes alive at a step, aligned."""
        return sum(place.need.aligned for place in self.places if place.need.first <= step <= place.need.last)

    @property
    def busiest(self) -> int:
        """The first of the steps at which most bytes are alive."""
        return max(range(self.steps), key=self.live, default=0)


def aligned(size: int, to: int = ALIGNMENT) -> int:
    """Return the size rounded up to a multiple."""
    return -(-size // to) * to


def plan(program: Program, scratch: int | None = None) -> ArenaPlan:
    """Return the arena of a program.

    Args:
        program: what the interpreter runs.
        scratch: bytes that the kernels of a board ask for in every step, in place of the reference kernels' own.
    """
    places = placed(needs(program, scratch))
    return ArenaPlan(
        head=max((place.end for place in places), default=0), tail=tail(program), places=tuple(places),
        steps=len(program.steps) + 1,
    )  # fmt: skip


def needs(program: Program, scratch: int | None = None) -> list[Need]:
    """Return the buffers: tensors without data in the order of the file, then scratch in the order of asking."""
    cells = program.cells
    first = dict.fromkeys(program.inputs, 0)
    last = dict.fromkeys(program.inputs, 0)
    extra: list[Need] = []
    for number, step in enumerate(program.steps, 1):
        for index in step.outputs:
            first.setdefault(index, number)
        for index in (*step.inputs, *step.outputs):
            last[index] = number
        asked = requests(step, cells) if scratch is None else (scratch,)
        extra.extend(Need(step.path, size, number, number, scratch=True) for size in asked)
    for index in program.outputs:
        first.setdefault(index, len(program.steps))
        last[index] = len(program.steps)
    found = [
        Need(cell.name, cell.bytes, first.get(index, -1), last.get(index, -1))
        for index, cell in enumerate(cells)
        if not cell.constant and cell.bytes
    ]
    return found + extra


def placed(wanted: list[Need]) -> list[Allocation]:
    """Place the largest first, of equal ones the later first, each into the lowest gap that is free while it lives."""
    order = sorted(range(len(wanted)), key=lambda k: (-wanted[k].aligned, -k))
    done: list[Allocation] = []
    for need in (wanted[k] for k in order):
        offset = 0
        beside = [p for p in done if p.need.first <= need.last and need.first <= p.need.last]
        for place in sorted(beside, key=lambda p: (p.offset, p.end)):
            if place.offset - offset >= need.aligned:
                break
            offset = max(offset, place.end)
        done.append(Allocation(need, offset))
    return done


def requests(step: Step, cells: list[Cell]) -> tuple[int, ...]:
    """Return the bytes of scratch that the reference kernel of one operator asks for, in order."""
    given = [cells[index] for index in step.inputs if index >= 0]
    out = cells[step.outputs[0]]
    rank = len(given[0].shape) if given else 0
    quantised = out.dtype in ("int8", "int16")
    match step.code:
        case "MEAN" | "SUM":
            sums = (4 * out.elements,) if quantised else ()
            return (*sums, 4 * rank, 4 * given[1].elements)
        case "REDUCE_MAX" | "REDUCE_MIN":
            return (4 * rank, 4 * given[1].elements)
        case "TRANSPOSE_CONV":
            return {"int8": (4 * out.elements,), "int16": (8 * out.elements,)}.get(out.dtype, ())
        case "MIRROR_PAD":
            return (4 * rank, 4 * rank)
        case "CONV_2D" | "DEPTHWISE_CONV_2D" | "FULLY_CONNECTED" if given[1].dtype == "int4":
            return (given[1].elements,)
    return ()


FIXED = 488
"""Bytes before a model's own: allocators, recorder, planner, the list of subgraphs."""

OPTIONS = {
    "ADD": (8, 4), "AVERAGE_POOL_2D": (40, 4), "BATCH_MATMUL": (3, 1), "CONCATENATION": (8, 4), "CONV_2D": (28, 4),
    "DEPTHWISE_CONV_2D": (28, 4), "DEPTH_TO_SPACE": (4, 4), "DIV": (4, 4), "FULLY_CONNECTED": (32, 8),
    "L2_NORMALIZATION": (4, 4), "LEAKY_RELU": (4, 4), "MAX_POOL_2D": (40, 4), "MEAN": (1, 1), "MIRROR_PAD": (4, 4),
    "MUL": (4, 4), "REDUCE_MAX": (1, 1), "RESHAPE": (36, 4), "RESIZE_BILINEAR": (2, 1),
    "RESIZE_NEAREST_NEIGHBOR": (2, 1), "SOFTMAX": (4, 4), "SPACE_TO_DEPTH": (4, 4), "SPLIT": (4, 4),
    "SPLIT_V": (4, 4), "SQUEEZE": (36, 4), "STRIDED_SLICE": (24, 4), "SUB": (8, 4), "SUM": (1, 1),
    "TRANSPOSE_CONV": (20, 4),
}  # fmt: skip
"""Bytes and alignment of an operator's parsed options; one that is missing has none."""

OWN = {
    "ABS": 20, "ADD": 60, "AVERAGE_POOL_2D": 32, "BATCH_MATMUL": 64, "CONCATENATION": 80, "CONV_2D": 80,
    "DEPTHWISE_CONV_2D": 80, "DEPTH_TO_SPACE": 20, "DEQUANTIZE": 20, "DIV": 20, "ELU": 244, "FULLY_CONNECTED": 72,
    "HARD_SWISH": 20, "L2_NORMALIZATION": 4, "LEAKY_RELU": 24, "LOGISTIC": 16, "MAX_POOL_2D": 32, "MEAN": 44,
    "MIRROR_PAD": 20, "MUL": 36, "PAD": 56, "PADV2": 52, "PRELU": 28, "QUANTIZE": 24, "REDUCE_MAX": 36, "RELU": 28,
    "RELU6": 4, "SOFTMAX": 80, "SPACE_TO_DEPTH": 20, "STRIDED_SLICE": 84, "SUB": 52, "SUM": 36, "TANH": 16,
    "TRANSPOSE_CONV": 88,
}  # fmt: skip
"""Bytes of an operator's own data, each 16-byte aligned."""


def tail(program: Program) -> int:
    """Return the bytes that the 64-bit interpreter keeps: a stack, grown in the order below."""
    cells, steps = program.cells, program.steps
    top = aligned(FIXED + 24 * len(cells), 8) + 64 * len(steps)
    for step in steps:
        size, to = OPTIONS.get(step.code, (0, 1))
        top = aligned(top + size, to) if size else top
    for step in steps:
        top = aligned(top + OWN[step.code]) if step.code in OWN else top
    asked = 0
    for step in steps:
        for size in kept(step, cells):
            top = aligned(top + size)
        asked += len(requests(step, cells))
    top = aligned(top + 8 * asked, 8) if asked else top
    for side in (program.inputs, program.outputs):
        top = aligned(top + POINTER * len(side)) if side else top
        for index in side:
            top = aligned(top + 64, 8)
            if cells[index].scales:
                top = aligned(top + 24, 8) + 4 + 4 * cells[index].scales
    return top


def kept(step: Step, cells: list[Cell]) -> tuple[int, ...]:
    """Return the bytes that one operator asks for while it prepares, each 16-byte aligned."""
    given = [cells[index] for index in step.inputs if index >= 0]
    match step.code:
        case "CONV_2D" | "TRANSPOSE_CONV":
            return (4 * given[1].shape[0],) * 2
        case "DEPTHWISE_CONV_2D":
            return (4 * given[1].shape[3],) * 2
        case "FULLY_CONNECTED" if given[1].scales > 1:
            return (4 * given[1].scales,) * 2
        case "BATCH_MATMUL":
            turned = [given[0]] if step.option("adj_x") else []
            turned += [] if step.option("adj_y") else [given[1]]
            parts = [size for cell in turned for size in (24, 4 + 4 * len(cell.shape), cell.bytes)]
            return tuple(parts if given[0].dtype == "float32" else [24, *parts])
        case "SOFTMAX" if given[0].dtype == "int16":
            return (1026, 1026)
        case "LOG_SOFTMAX" if given[0].dtype == "int8":
            return (48,)
    return ()


