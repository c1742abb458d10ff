"""A TensorFlow Lite file from a program: tables by their slots, weights of zeros, the same bytes each time.

Source: the public schema of TensorFlow Lite, version 3 (`schema.fbs`). Needs the `flatbuffers` package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncalc.deployment.program import Cell, Program, Step

VERSION = 3
IDENTIFIER = b"TFL3"
DESCRIPTION = "cnncalc: zero weights"
TYPES = {"float32": 0, "int32": 2, "int64": 4, "bool": 6, "int16": 7, "int8": 9, "int4": 17}
CODES = {
    "ADD": 0, "AVERAGE_POOL_2D": 1, "CONCATENATION": 2, "CONV_2D": 3, "DEPTHWISE_CONV_2D": 4, "DEPTH_TO_SPACE": 5,
    "FULLY_CONNECTED": 9, "L2_NORMALIZATION": 11, "LOGISTIC": 14, "MAX_POOL_2D": 17, "MUL": 18, "RELU": 19,
    "RELU6": 21, "RESHAPE": 22, "RESIZE_BILINEAR": 23, "SOFTMAX": 25, "SPACE_TO_DEPTH": 26, "TANH": 28, "PAD": 34,
    "TRANSPOSE": 39, "MEAN": 40, "SUB": 41, "STRIDED_SLICE": 45, "SPLIT": 49, "LOG_SOFTMAX": 50, "PRELU": 54,
    "MAXIMUM": 55, "MINIMUM": 57, "PADV2": 60, "SLICE": 65, "TRANSPOSE_CONV": 67, "SUM": 74, "REDUCE_MAX": 82,
    "RESIZE_NEAREST_NEIGHBOR": 97, "LEAKY_RELU": 98, "MIRROR_PAD": 100, "SPLIT_V": 102, "ELU": 111, "QUANTIZE": 114,
    "HARD_SWISH": 117, "BATCH_MATMUL": 126,
}  # fmt: skip
"""The operators' numbers in the schema."""

WINDOW = {"padding": (0, "Int8", 0), "stride_w": (1, "Int32", 0), "stride_h": (2, "Int32", 0)}
ACT = "fused_activation_function"
TABLES: dict[str, tuple[int, dict[str, tuple[int, str, Any]]]] = {
    "Conv2DOptions": (1, {**WINDOW, ACT: (3, "Int8", 0), "dilation_w_factor": (4, "Int32", 1),
                          "dilation_h_factor": (5, "Int32", 1)}),
    "DepthwiseConv2DOptions": (2, {**WINDOW, "depth_multiplier": (3, "Int32", 0), ACT: (4, "Int8", 0),
                                   "dilation_w_factor": (5, "Int32", 1), "dilation_h_factor": (6, "Int32", 1)}),
    "Pool2DOptions": (5, {**WINDOW, "filter_width": (3, "Int32", 0), "filter_height": (4, "Int32", 0),
                          ACT: (5, "Int8", 0)}),
    "FullyConnectedOptions": (8, {ACT: (0, "Int8", 0), "keep_num_dims": (2, "Bool", 0)}),
    "SoftmaxOptions": (9, {"beta": (0, "Float32", 0.0)}),
    "ConcatenationOptions": (10, {"axis": (0, "Int32", 0), ACT: (1, "Int8", 0)}),
    "AddOptions": (11, {ACT: (0, "Int8", 0)}),
    "L2NormOptions": (12, {ACT: (0, "Int8", 0)}),
    "ResizeBilinearOptions": (15, {"align_corners": (2, "Bool", 0), "half_pixel_centers": (3, "Bool", 0)}),
    "ReshapeOptions": (17, {"new_shape": (0, "vector", ())}),
    "SpaceToDepthOptions": (19, {"block_size": (0, "Int32", 0)}),
    "MulOptions": (21, {ACT: (0, "Int8", 0)}),
    "PadOptions": (22, {}),
    "TransposeOptions": (26, {}),
    "ReducerOptions": (27, {"keep_dims": (0, "Bool", 0)}),
    "SubOptions": (28, {ACT: (0, "Int8", 0)}),
    "SplitOptions": (35, {"num_splits": (0, "Int32", 0)}),
    "LogSoftmaxOptions": (36, {}),
    "MaximumMinimumOptions": (39, {}),
    "PadV2Options": (43, {}),
    "SliceOptions": (48, {}),
    "TransposeConvOptions": (49, {**WINDOW, ACT: (3, "Int8", 0)}),
    "ResizeNearestNeighborOptions": (74, {"align_corners": (0, "Bool", 0), "half_pixel_centers": (1, "Bool", 0)}),
    "LeakyReluOptions": (75, {"alpha": (0, "Float32", 0.0)}),
    "MirrorPadOptions": (77, {}),
    "SplitVOptions": (79, {"num_splits": (0, "Int32", 0)}),
    "QuantizeOptions": (89, {}),
    "HardSwishOptions": (91, {}),
    "DepthToSpaceOptions": (94, {"block_size": (0, "Int32", 0)}),
    "BatchMatMulOptions": (101, {"adj_x": (0, "Bool", 0), "adj_y": (1, "Bool", 0)}),
}
"""Each table of options: its number in the union, and its fields as slot, kind and default."""

LAST_OF_ONE_BYTE = 127
LARGEST = 2**31 - 1
"""Bytes that offsets of 32 bits reach, and the largest number."""


def to_tflite(program: Program) -> bytes:
    """Return the file of a program, one subgraph, weights of zeros.

    Raises:
        ImportError: the `flatbuffers` package is missing.
        ValueError: the file would be too large, or a number in it.
    """
    import flatbuffers

    check_room(program)
    return _File(flatbuffers.Builder(1 << 16)).of(program)


def check_room(program: Program) -> None:
    """Refuse what a file cannot hold: 2 GiB of weights, numbers of more than 32 bits.

    Raises:
        ValueError: the program has that; the message says where.
    """
    weights = sum(cell.bytes for cell in program.cells if cell.constant)
    if weights > LARGEST:
        raise ValueError(f"its weights take {weights:,} bytes, and a TensorFlow Lite file holds less than 2 GiB")
    numbers = [(cell.name, number) for cell in program.cells for number in cell.shape]
    numbers += [(step.path, number) for step in program.steps for _, value in step.options
                for number in (value if isinstance(value, tuple) else (value,)) if isinstance(number, int)]  # fmt: skip
    numbers += [(cell.name, number) for cell in program.cells for number in cell.values]
    wide = next(((name, number) for name, number in numbers if number > LARGEST), None)
    if wide is not None:
        raise ValueError(f"'{wide[0]}' has the number {wide[1]:,}, and those of a TensorFlow Lite file have 32 bits")


class _File:
    """One file while it is written, leaves first, as the format wants it."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder

    def of(self, program: Program) -> bytes:
        codes = sorted({CODES[step.code] for step in program.steps})
        place = {code: index for index, code in enumerate(codes)}
        buffers = [self.table(0)]
        numbers: list[int] = []
        for cell in program.cells:
            numbers.append(len(buffers) if cell.constant else 0)
            if cell.constant:
                buffers.append(self.buffer(cell))
        tensors = [self.tensor(cell, number) for cell, number in zip(program.cells, numbers, strict=True)]
        operators = [self.operator(step, place) for step in program.steps]
        graph = self.table(
            5, (0, self.offsets(tensors)), (1, self.ints(program.inputs)), (2, self.ints(program.outputs)),
            (3, self.offsets(operators)), (4, self.builder.CreateString("main")),
        )  # fmt: skip
        names = [self.code(code) for code in codes]
        model = self.table(
            5, (1, self.offsets(names)), (2, self.offsets([graph])), (3, self.builder.CreateString(DESCRIPTION)),
            (4, self.offsets(buffers)), plain=((0, "Uint32", VERSION, 0),),
        )  # fmt: skip
        self.builder.Finish(model, IDENTIFIER)
        return bytes(self.builder.Output())

    def table(self, slots: int, *offsets: tuple[int, int | None],
              plain: Sequence[tuple[int, str, Any, Any]] = ()) -> int:
        """Return a table: fields that point elsewhere, and fields that hold their value."""
        made = [(slot, offset() if callable(offset) else offset) for slot, offset in offsets]
        self.builder.StartObject(slots)
        for slot, offset in made:
            if offset is not None:
                self.builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
        for slot, kind, value, default in plain:
            getattr(self.builder, f"Prepend{kind}Slot")(slot, value, default)
        return int(self.builder.EndObject())

    def offsets(self, items: Sequence[int]) -> int:
        self.builder.StartVector(4, len(items), 4)
        for item in reversed(items):
            self.builder.PrependUOffsetTRelative(item)
        return int(self.builder.EndVector())

    def ints(self, items: Sequence[int]) -> int:
        self.builder.StartVector(4, len(items), 4)
        for item in reversed(items):
            self.builder.PrependInt32(item)
        return int(self.builder.EndVector())

    def buffer(self, cell: Cell) -> int:
        data = b"".join(value.to_bytes(4, "little", signed=True) for value in cell.values) or bytes(cell.bytes)
        self.builder.StartVector(1, len(data), 16)
        self.builder.head = self.builder.head - len(data)
        self.builder.Bytes[self.builder.head : self.builder.head + len(data)] = data
        return self.table(1, (0, int(self.builder.EndVector())))

    def code(self, code: int) -> int:
        return self.table(4, plain=((0, "Int8", min(code, LAST_OF_ONE_BYTE), 0), (2, "Int32", 1, 1),
                                    (3, "Int32", code, 0)))  # fmt: skip

    def tensor(self, cell: Cell, buffer: int) -> int:
        name, shape, scales = self.builder.CreateString(cell.name), self.ints(cell.shape), self.scales(cell)
        return self.table(5, (0, shape), (3, name), (4, scales),
                          plain=((1, "Int8", TYPES[cell.dtype], 0), (2, "Uint32", buffer, 0)))  # fmt: skip

    def scales(self, cell: Cell) -> int | None:
        if not cell.scales:
            return None
        self.builder.StartVector(4, cell.scales, 4)
        for _ in range(cell.scales):
            self.builder.PrependFloat32(cell.scale)
        scale = int(self.builder.EndVector())
        self.builder.StartVector(8, cell.scales, 8)
        for _ in range(cell.scales):
            self.builder.PrependInt64(cell.zero)
        zero = int(self.builder.EndVector())
        return self.table(7, (2, scale), (3, zero), plain=((6, "Int32", cell.axis, 0),))

    def operator(self, step: Step, place: dict[int, int]) -> int:
        number, options = self.options(step)
        inputs, outputs = self.ints(step.inputs), self.ints(step.outputs)
        return self.table(5, (1, inputs), (2, outputs), (4, options),
                          plain=((0, "Uint32", place[CODES[step.code]], 0), (3, "Uint8", number, 0)))  # fmt: skip

    def options(self, step: Step) -> tuple[int, int | None]:
        if not step.table:
            return 0, None
        number, fields = TABLES[step.table]
        plain: list[tuple[int, str, Any, Any]] = []
        offsets: list[tuple[int, int | None]] = []
        for name, value in step.options:
            slot, kind, default = fields[name]
            if kind == "vector":
                offsets.append((slot, self.ints(value)))  # type: ignore[arg-type]
            else:
                plain.append((slot, kind, value, default))
        return number, self.table(max((slot for slot, _, _ in fields.values()), default=-1) + 1, *offsets,
                                  plain=plain)  # fmt: skip
