"""What names mean while a spec is expanded: frames of values, words and labels, and the tensors behind labels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from cnncalc.graph.build import GraphBuilder
from cnncalc.graph.graph import Ref
from cnncalc.language.expressions import ExpressionError
from cnncalc.language.slots import FAILED, SlotError
from cnncalc.language.template import Block
from cnncalc.language.tree import Scalar
from cnncalc.values.diagnostics import MAX_REPORTED, Span, did_you_mean, listed, suggest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cnncalc.language.template import Item, Template
    from cnncalc.language.tree import Node as TreeNode
    from cnncalc.ops.operator import Operator

Tensor: TypeAlias = Ref | list[Ref] | None
"""One tensor, the several outputs of a split, or None where its layer failed."""


WORD_AS_LABEL = "no word stands for a label: write a path for each source, or hand it to a block as one of its inputs:"


AXES = ("channel", "last")
AXIS_AS_LABEL = "an axis stands beside the sources, not among them: {concat: .., axis: last}"


class Made(NamedTuple):
    """What one repetition of an item made, for `share:` and `tied:`.

    Attributes:
        path: its path.
        start: index of its first node.
        stop: index after its last.
        op: the operator as the item has it; None for a block call.
        block: the block; None for an operator.
        frame: the parameters of the call.
    """

    path: str
    start: int
    stop: int
    op: Operator | None = None
    block: Block | None = None
    frame: Frame | None = None


class Silent(Exception):  # noqa: N818 - not an error of its own
    """A value depends on something that has already been reported."""


class Frame:
    """One lexical scope: values, words and labels. A block's frame sees its file's values but not its labels.

    Attributes:
        home: the file that it is in.
        params: the parameters of the block whose call it is.
    """

    __slots__ = ("declared", "home", "labels", "made", "opaque", "params", "parent", "values", "words")

    def __init__(self, parent: Frame | None, declared: Mapping[str, Span | None], *, opaque: bool = False,
                 params: Collection[str] = (), home: Template | None = None) -> None:  # fmt: skip
        self.parent = parent
        self.home: Template = parent.home if parent is not None else home  # type: ignore[assignment]
        self.declared = declared
        self.opaque = opaque
        self.params: Collection[str] = params
        self.values: dict[str, Any] = {}
        self.words: dict[str, tuple[TreeNode, Frame]] = {}
        self.labels: dict[str, Tensor] = {}
        self.made: dict[str, tuple[Made, ...]] = {}

    def later(self) -> Collection[str]:
        """Return the variables of the file, or the parameters of the block, that have no value yet."""
        names = self.home.vars if self.parent is None else self.params
        return [name for name in names if name not in self.values and name not in self.words]

    def visible_labels(self) -> dict[str, Tensor]:
        """Return every label that can be referred to from here."""
        outer = self.parent.visible_labels() if self.parent is not None and not self.opaque else {}
        return {**outer, **self.labels}


BEFORE_LAYERS = "variables are computed before the layers: write it in an argument, or as a parameter of a block"
"""What to do about a variable that asks for what a layer gives or reads."""


class Scope:
    """Where expansion is: the current frame, what `c_in`, `i` and `prev` are, and the graph so far."""

    def __init__(self, spec: Template, *, recording: bool = False) -> None:
        self.build = GraphBuilder(recording=recording)
        self.graph = self.build.so_far
        self.shape = self.build.shape
        self.file_frame = Frame(None, spec.body.labels, home=spec)
        self.file_frames: dict[Template, Frame] = {spec: self.file_frame}
        self.frame = self.file_frame
        self.c_in: int | None = None
        self.index: int | None = None
        self.previous: Tensor = None
        self.repetition = 0
        self.hints = 4 * MAX_REPORTED

    # What names mean in expressions (the Scope of language.expressions).

    def name(self, name: str, /) -> Any:
        """Return the value of a name in an expression."""
        if name == "c_in" and self.c_in is not None:
            return self.c_in
        if name == "i" and self.index is not None:
            return self.index
        frame: Frame | None = self.frame
        while frame is not None:
            if name in frame.values:
                value = frame.values[name]
                if value is FAILED:
                    raise Silent
                return value
            if name in frame.words:
                raise ExpressionError(f"'{name}' is a word here, not a number", code="word-and-number",
                                      hint=f"pass it as ${name}")  # fmt: skip
            frame = frame.parent
        raise ExpressionError(f"there is no '{name}'", code="unknown-name", hint=self.name_hint(name))

    def _hinting(self) -> bool:
        """Return whether one more hint is made: looking for one takes as long as there are names."""
        self.hints -= 1
        return self.hints >= 0

    def name_hint(self, name: str) -> str:
        """Return what to do about an unknown name; of more of them than are printed, nothing."""
        if not self._hinting():
            return ""
        if name == "i":
            return "i counts the repetitions of an item with repeat; pass it to a block as a parameter"
        if name.lower() in ("yes", "no", "on", "off"):
            return "write true or false"
        if name in self.frame.visible_labels():
            return f"a label is not a number: write {name}.c, {name}.h or {name}.w"
        if name == "c_in" and not self.graph.nodes:
            return BEFORE_LAYERS
        if name in self.frame.later():
            return f"'{name}' is defined further down; move it up, before what uses it"
        known: list[str] = [] if self.c_in is None else ["c_in"]
        frame: Frame | None = self.frame
        while frame is not None:
            known += frame.values
            frame = frame.parent
        return did_you_mean(name, known) or (f"known here: {listed(sorted(set(known)))}" if known else "")

    def attribute(self, label: str, attribute: str, /) -> int:
        """Return an extent of what a label stands for."""
        tensor = self.find(label)
        if tensor is None:
            raise Silent
        if isinstance(tensor, list):
            raise ExpressionError(f"'{label}' is several outputs", code="several-outputs", hint="label each of them")
        shape = self.shape(tensor)
        if attribute == "c":
            return shape.channels
        position = {"w": -1, "h": -2, "d": -3}[attribute]
        if len(shape) <= -position:
            raise ExpressionError(f"'{label}' has shape {shape}, which has no {attribute}", code="wrong-rank",
                                  hint=f"it has {', '.join(['c', *'dhw'[4 - len(shape) :]])}")
        return shape[position]

    def find(self, label: str) -> Tensor:
        """Return what a label stands for."""
        frame: Frame | None = self.frame
        while frame is not None:
            if label in frame.labels:
                return frame.labels[label]
            if frame.opaque:
                break
            frame = frame.parent
        lost = self.frame.home.lost
        if label in lost or suggest(label, lost):
            raise Silent
        raise ExpressionError(f"there is no label '{label}'", code="unknown-label", hint=self.label_hint(label))

    def label_hint(self, label: str) -> str:
        """Return what to do about an unknown label; of more of them than are printed, nothing."""
        if not self._hinting():
            return ""
        if label.startswith("$"):
            return WORD_AS_LABEL
        frame: Frame | None = self.frame
        while frame is not None:
            if label in frame.declared:
                return f"'{label}' is defined further down; move this layer behind it"
            frame = None if frame.opaque else frame.parent
        if label in AXES:
            return AXIS_AS_LABEL
        known = self.frame.visible_labels()
        hint = did_you_mean(label, known)
        if hint:
            return hint
        if any(node.path == label or node.path.startswith(label + ".") for node in self.graph.nodes[-1000:]):
            return f"only labels can be referred to: give that layer as: {label.replace('.', '_')}"
        if any(node.path.endswith(f".{label}") for node in self.graph.nodes[-1000:]):
            return f"'{label}' is private to the path or block that it is in"
        return f"labels here: {listed(sorted(known))}" if known else BEFORE_LAYERS

    def sources_of(self, item: Item, previous: Tensor, *, chained: bool = False) -> tuple[Ref, ...]:
        """Return what an item reads; chained, what came before in place of its first source, or of all of them."""
        if chained and isinstance(previous, list) and len(previous) == self.wanted(item):
            return tuple(previous)
        if not item.from_:
            if type(previous) is tuple:
                return (previous,)
            return (self.single(previous, item.key_node),)
        if chained:
            others = (self.refer(label, self.previous) for label in item.from_[1:])
            return (self.single(previous, item.key_node), *others)
        return tuple(self.refer(label, self.previous) for label in item.from_)

    def wanted(self, item: Item) -> int:
        """Return how many tensors an item reads."""
        if isinstance(item.key, Block):
            return len(item.key.inputs)
        return (item.key.sources if isinstance(item.key, type) else None) or 1

    def gives(self, item: Item) -> int:
        """Return how many tensors a block call gives, 1 for anything else."""
        return len(item.key.outputs) or 1 if isinstance(item.key, Block) else 1

    def first_source(self, item: Item, previous: Tensor) -> Ref:
        """Return what `c_in` means in an item: of several sources, the first."""
        if item.joins_labels:
            assert item.sources is not None
            label = item.sources[0][1]
            assert isinstance(label, Scalar)
            return self.refer(label, previous)
        return self.sources_of(item, previous)[0]

    def refer(self, label: Scalar, previous: Tensor) -> Ref:
        """Return the one tensor that a label or `prev` stands for."""
        if label.text == "prev":
            return self.single(previous, label)
        try:
            return self.single(self.tensor(label.text), label, f"'{label.text}'")
        except ExpressionError as error:
            raise SlotError(error.code, str(error), label.span, error.hint) from None

    def tensor(self, reference: str) -> Tensor:
        """Return what `label` stands for, or `label:n`, its n-th output."""
        name, colon, port = reference.partition(":")
        tensor = self.find(name)
        if not colon or tensor is None:
            return tensor
        outputs = tensor if isinstance(tensor, list) else [tensor]
        if not re.fullmatch("[0-9]{1,9}", port) or int(port) >= len(outputs):
            many = f"outputs 0 to {len(outputs) - 1}" if len(outputs) > 1 else "one output"
            raise ExpressionError(f"'{name}' has no output '{port}'", code="unknown-label", hint=f"it has {many}")
        return outputs[int(port)]

    def resolved(self, label: Scalar, previous: Tensor) -> Ref | None:
        """Return what a label stands for, or None where that failed."""
        try:
            return self.refer(label, previous)
        except Silent:
            return None

    def single(self, tensor: Tensor, where: Scalar, whose: str = "the layer before") -> Ref:
        """Return the one tensor that a name stands for."""
        if tensor is None:
            raise Silent
        if isinstance(tensor, list):
            raise SlotError("several-outputs", f"{whose} has {len(tensor)} outputs, choose one", where.span,
                            "label them with as: [a, b] and name one with from:")  # fmt: skip
        return tensor
