"""From a file's bytes to its tensors and operators (the public schema of TensorFlow Lite, version 3)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from cnncalc.interop.foreign import failure
from cnncalc.interop.tflite.flat import FlatTable, TruncatedError

if TYPE_CHECKING:
    from typing import NoReturn

MAX_TENSORS = 200_000
MAX_OPERATORS = 100_000
MAX_AXES = 8
LARGEST = 2**40
"""The most elements of a tensor."""
KEPT = 64
"""A constant of whole numbers is kept where it has at most this many elements: such ones are extents and axes."""
IDENTIFIER = b"TFL3"
TYPES = (
    "float32", "float16", "int32", "uint8", "int64", "string", "bool", "int16", "complex64", "int8", "float64",
    "complex128", "uint64", "resource", "variant", "uint32", "uint16", "int4", "bfloat16",
)  # fmt: skip
"""The types of elements, by number."""
OPERATORS = tuple("""
ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE EMBEDDING_LOOKUP FLOOR
FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION LSTM
MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS
SKIP_GRAM CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND
SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE BIDIRECTIONAL_SEQUENCE_RNN
EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2
GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG
SUM SQRT RSQRT SHAPE POW ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT
UNPACK REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR LEAKY_RELU
SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS WHERE RANK ELU REVERSE_SEQUENCE
MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5
SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM BATCH_MATMUL PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM CALL_ONCE BROADCAST_TO
RFFT2D CONV_3D IMAG REAL COMPLEX_ABS HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL
CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE BROADCAST_ARGS RANDOM_STANDARD_NORMAL BUCKETIZE
RANDOM_UNIFORM MULTINOMIAL GELU DYNAMIC_UPDATE_SLICE RELU_0_TO_1
""".split())  # noqa: SIM905 - as one list it is read
"""The operators' names, by number."""
CUSTOM = 32


@dataclass(frozen=True, slots=True)
class TfliteTensor:
    """A tensor of a file.

    Attributes:
        name: what the file calls it.
        shape: its extents, batch included.
        dtype: the type of its elements.
        constant: whether the file holds its elements.
        values: its elements, where it is a short list of whole numbers.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    constant: bool
    values: tuple[int, ...] | None

    @property
    def elements(self) -> int:
        """How many elements it has."""
        return prod(self.shape)

    @property
    def real(self) -> bool:
        """Whether its elements are real numbers."""
        return "float" in self.dtype


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator of a file: its name, tensors by number (-1: left out), and the table of its options."""

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: FlatTable | None


@dataclass(frozen=True, slots=True)
class TfliteModel:
    """The first subgraph of a file."""

    tensors: tuple[TfliteTensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operations: tuple[Operation, ...]


def load(data: bytes, file: str | None) -> TfliteModel:
    """Return what a file holds.

    Raises:
        SpecError: it ends early, or its tables do not go together.
    """
    try:
        return _ReadingFile(data, file).model()
    except (TruncatedError, struct.error):
        raise failure(file, "ends early, or its offsets lead out of it", code="unreadable-model",
                      hint="convert the network again") from None  # fmt: skip


class _ReadingFile:
    """One way through the tables of a file."""

    def __init__(self, data: bytes, file: str | None) -> None:
        self.data = data
        self.file = file

    def fail(self, message: str, *, code: str = "bad-model", place: str | None = None) -> NoReturn:
        raise failure(self.file, message, code=code, hint="convert the network again", place=place)

    def model(self) -> TfliteModel:
        if self.data[4:8] != IDENTIFIER:
            self.fail("is no TensorFlow Lite model", code="unreadable-model")
        root = FlatTable(self.data, 0)
        model = FlatTable(self.data, root.target(0))
        graphs = model.tables(2, 1)
        if not graphs:
            self.fail("has no subgraph", code="no-layers")
        codes = [self.code(table) for table in model.tables(1, MAX_OPERATORS)]
        buffers = model.tables(4, MAX_TENSORS)
        tensors = graphs[0].tables(0, MAX_TENSORS)
        operators = graphs[0].tables(3, MAX_OPERATORS)
        if len(tensors) > MAX_TENSORS or len(operators) > MAX_OPERATORS or len(buffers) > MAX_TENSORS:
            self.fail(f"has more than {MAX_OPERATORS:,} operators or {MAX_TENSORS:,} tensors", code="too-large")
        if 64 * (len(tensors) + len(operators)) > 64 * 1024 + 8 * len(self.data):
            self.fail("names its tables again and again", code="too-large")
        made = tuple(self.tensor(n, table, buffers) for n, table in enumerate(tensors))
        inputs, outputs = (self.known(graphs[0].integers(slot), made, "the subgraph") for slot in (1, 2))
        return TfliteModel(made, inputs, outputs, tuple(self.operation(n, t, codes, made)
                                                        for n, t in enumerate(operators)))  # fmt: skip

    def code(self, table: FlatTable) -> str:
        number = max(int(table.field(0, "Int8", 0)), int(table.field(3, "Int32", 0)))
        if number == CUSTOM:
            return table.text(1, 64) or "CUSTOM"
        return OPERATORS[number] if 0 <= number < len(OPERATORS) else f"operator {number}"

    def tensor(self, number: int, table: FlatTable, buffers: list[FlatTable]) -> TfliteTensor:
        shape, name = table.integers(0), table.text(3)
        if len(shape) > MAX_AXES or any(n < 0 for n in shape) or prod(shape) > LARGEST:
            self.fail(f"has the extents {list(shape[:9])}", place=f"tensor '{name[:60] or number}'")
        kind, at = int(table.field(1, "Int8", 0)), int(table.field(2, "Uint32", 0))
        dtype = TYPES[kind] if 0 <= kind < len(TYPES) else f"type {kind}"
        if not 0 <= at < max(len(buffers), 1):
            self.fail(f"has its elements in buffer {at}, which is not there", place=f"tensor '{name[:60] or number}'")
        start, count = buffers[at].vector(0, 1) if buffers else (0, 0)
        far = bool(buffers) and int(buffers[at].field(2, "Uint64", 0)) > 1
        values = None
        size = {"int32": 4, "int64": 8}.get(dtype)
        if size and 0 < count <= KEPT * size and count == prod(shape) * size:
            values = struct.unpack_from(f"<{count // size}{'i' if size == 4 else 'q'}", self.data, start)
        return TfliteTensor(name, shape, dtype, bool(count) or far, values)

    def known(self, numbers: tuple[int, ...], tensors: tuple[TfliteTensor, ...], what: str, *, gaps: bool = False
              ) -> tuple[int, ...]:  # fmt: skip
        lost = next((n for n in numbers if not (0 <= n < len(tensors) or (gaps and n == -1))), None)
        if lost is not None:
            self.fail(f"names tensor {lost}, which is not there", place=what)
        return numbers

    def operation(
        self, number: int, table: FlatTable, codes: list[str], tensors: tuple[TfliteTensor, ...]
    ) -> Operation:
        at = int(table.field(0, "Uint32", 0))
        if not 0 <= at < len(codes):
            self.fail(f"has code {at}, which is not there", place=f"operator {number}")
        where = f"operator {number} ({codes[at]})"
        inputs, outputs = (self.known(table.integers(slot), tensors, where, gaps=slot == 1) for slot in (1, 2))
        return Operation(codes[at], inputs, outputs, table.table(4))
