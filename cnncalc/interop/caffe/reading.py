"""From a text to layers in the form of today: the two older forms are brought to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnncalc.interop.caffe.prototext import Message, PrototextValue, parse
from cnncalc.values.diagnostics import Diagnostic, Span, SpecError

if TYPE_CHECKING:
    from typing import NoReturn

MAX_BYTES = 16 * 2**20
V1_NAMES = {
    "ABSVAL": "AbsVal", "ACCURACY": "Accuracy", "ARGMAX": "ArgMax", "BNLL": "BNLL", "CONCAT": "Concat",
    "CONTRASTIVE_LOSS": "ContrastiveLoss", "CONVOLUTION": "Convolution", "DATA": "Data", "DECONVOLUTION":
    "Deconvolution", "DROPOUT": "Dropout", "DUMMY_DATA": "DummyData", "EUCLIDEAN_LOSS": "EuclideanLoss", "ELTWISE":
    "Eltwise", "EXP": "Exp", "FLATTEN": "Flatten", "HDF5_DATA": "HDF5Data", "HDF5_OUTPUT": "HDF5Output", "HINGE_LOSS":
    "HingeLoss", "IM2COL": "Im2col", "IMAGE_DATA": "ImageData", "INFOGAIN_LOSS": "InfogainLoss", "INNER_PRODUCT":
    "InnerProduct", "LRN": "LRN", "MEMORY_DATA": "MemoryData", "MULTINOMIAL_LOGISTIC_LOSS": "MultinomialLogisticLoss",
    "MVN": "MVN", "POOLING": "Pooling", "POWER": "Power", "RELU": "ReLU", "SIGMOID": "Sigmoid",
    "SIGMOID_CROSS_ENTROPY_LOSS": "SigmoidCrossEntropyLoss", "SILENCE": "Silence", "SOFTMAX": "Softmax",
    "SOFTMAX_LOSS": "SoftmaxWithLoss", "SPLIT": "Split", "SLICE": "Slice", "TANH": "TanH", "WINDOW_DATA": "WindowData",
    "THRESHOLD": "Threshold",
}  # fmt: skip
"""Types of the second form, and what they are called today."""
V0_NAMES = {
    "conv": "Convolution", "pool": "Pooling", "innerproduct": "InnerProduct", "relu": "ReLU", "lrn": "LRN", "dropout":
    "Dropout", "softmax": "Softmax", "softmax_loss": "SoftmaxWithLoss", "concat": "Concat", "data": "Data", "flatten":
    "Flatten", "sigmoid": "Sigmoid", "tanh": "TanH", "accuracy": "Accuracy", "split": "Split", "bnll": "BNLL",
    "euclidean_loss": "EuclideanLoss", "images": "ImageData", "hdf5_data": "HDF5Data", "im2col": "Im2col", "padding":
    "Padding",
}  # fmt: skip
"""Types of the first form; its settings stand in the layer itself."""


@dataclass(slots=True)
class CaffeLayer:
    """A layer: its name and type, the blobs that it reads and makes, its settings, the names of its weights."""

    name: str
    kind: str
    bottoms: list[str]
    tops: list[str]
    settings: Message
    weights: tuple[str, ...] = ()
    span: Span = field(default_factory=lambda: Span(1, 1))


@dataclass(slots=True)
class CaffeNet:
    """What a file says: its name, its inputs with their extents, its layers."""

    name: str | None
    inputs: dict[str, tuple[list[int], Span]]
    layers: list[CaffeLayer]
    root: Message

    def stages(self) -> set[str]:
        """Return the stages that rules of its layers name."""
        rules = [rule for layer in self.layers for key in ("include", "exclude")
                 for rule in layer.settings.messages(key)]  # fmt: skip
        return {word.text for rule in rules for key in ("stage", "not_stage") for word in rule.words(key)}


def load(data: bytes, file: str | None) -> CaffeNet:
    """Return what a file says.

    Raises:
        SpecError: it cannot be read.
    """
    if len(data) > MAX_BYTES:
        raise SpecError([Diagnostic(code="file-too-large", message=f"a network has at most {MAX_BYTES // 2**20} MiB",
                                    span=Span(1, 1), file=file, hint="name a .prototxt file")])  # fmt: skip
    root = parse(data.decode("utf-8-sig", "replace"), file)
    made = [modern(message) for message in root.messages("layers")] + [layer(m) for m in root.messages("layer")]
    return CaffeNet(root.word("name") or None, inputs(root, file), made, root)


def fail(file: str | None, message: str, span: Span) -> NoReturn:
    """Give the file up, at a place of it."""
    raise SpecError([Diagnostic(code="bad-model", message=message, span=span, file=file)])


def whole(word: PrototextValue, file: str | None, what: str) -> int:
    """Return a whole number."""
    text = word.text.rstrip("f")
    if not text.lstrip("-+").isdecimal() or len(text) > 12:
        fail(file, f"'{what}' is a whole number, got {word.text[:40]}", word.span)
    return int(text)


def inputs(root: Message, file: str | None) -> dict[str, tuple[list[int], Span]]:
    """Return the inputs that stand before the layers, each with its extents."""
    names = root.words("input")
    dims = [whole(word, file, "input_dim") for word in root.words("input_dim")]
    shapes = [[whole(word, file, "dim") for word in shape.words("dim")] for shape in root.messages("input_shape")]
    if not shapes and len(names):
        each = len(dims) // len(names)
        shapes = [dims[n * each : (n + 1) * each] for n in range(len(names))]
    return {word.text: (shape, word.span) for word, shape in zip(names, [*shapes, *[[]] * len(names)], strict=False)}


def layer(message: Message) -> CaffeLayer:
    """Return a layer of the form of today."""
    weights = tuple(param.word("name") for param in message.messages("param"))
    return CaffeLayer(message.word("name"), message.word("type"), [w.text for w in message.words("bottom")],
                      [w.text for w in message.words("top")], message, weights, message.span)  # fmt: skip


def modern(message: Message) -> CaffeLayer:
    """Return a layer of one of the two older forms."""
    if message.messages("layer"):
        return first_form(message)
    kind = message.word("type")
    weights = tuple(word.text for word in message.words("param"))
    return CaffeLayer(message.word("name"), V1_NAMES.get(kind, kind), [w.text for w in message.words("bottom")],
                      [w.text for w in message.words("top")], message, weights, message.span)  # fmt: skip


def first_form(message: Message) -> CaffeLayer:
    """Return a layer whose settings stand in an inner `layer`, under the names of today."""
    inner = message.message("layer")
    kind = inner.word("type")
    plain = dict(inner.fields)
    for before, after in (("kernelsize", "kernel_size"), ("biasterm", "bias_term"), ("cropsize", "crop_size"),
                          ("batchsize", "batch_size"), ("concat_dim", "axis")):  # fmt: skip
        if before in plain:
            plain[after] = plain.pop(before)
    settings = Message(inner.span, plain)
    made = Message(message.span, {**message.fields, "include": inner.fields.get("include", [])})
    for name in ("convolution_param", "pooling_param", "inner_product_param", "lrn_param", "concat_param", "data_param",
                 "transform_param", "dropout_param"):  # fmt: skip
        made.fields[name] = [settings]
    return CaffeLayer(inner.word("name"), V0_NAMES.get(kind, kind), [w.text for w in message.words("bottom")],
                      [w.text for w in message.words("top")], made, (), inner.span)  # fmt: skip
