"""Rows of `each:` and `branches:`: a frame for each, with the values and words of the lists that are walked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.language.arithmetic import Listed
from cnncalc.language.expressions import RESERVED
from cnncalc.language.reading import compile_value
from cnncalc.language.scope import Frame
from cnncalc.language.slots import VALUE, SlotError, clipped
from cnncalc.language.template import LABEL, MAX_LABEL
from cnncalc.language.tree import Scalar, Seq

if TYPE_CHECKING:
    from cnncalc.language.evaluate import Evaluator
    from cnncalc.language.template import Item, Walked
    from cnncalc.language.tree import Node as TreeNode


class RowWalker:
    """Walks lists side by side, in the frame where the scope is."""

    def __init__(self, values: Evaluator) -> None:
        self.values = values
        self.scope = values.scope

    def rows(self, columns: tuple[Walked, ...]) -> list[Frame]:
        """Return a frame for each row of the lists that are walked."""
        outer = self.scope.frame
        lists = [self.entries(column) for column in columns]
        first = len(lists[0][0]) if lists else 0
        for column, (nodes, _) in zip(columns, lists, strict=True):
            for name in column.names:
                self.not_hidden(name)
            if len(nodes) != first:
                raise SlotError("list-lengths", f"lists walked together have equal length: "
                                f"'{columns[0].names[0].text}' "
                                f"has {first}, '{column.names[0].text}' {len(nodes)}", column.names[0].span,
                                "give each list one entry for every row")  # fmt: skip
        counted = not self.visible("row")
        frames = []
        for row in range(first):
            frame = Frame(outer, {})
            if counted:
                frame.values["row"] = row
            for column, (nodes, where) in zip(columns, lists, strict=True):
                for name, cell in zip(column.names, self.cells(column, nodes[row]), strict=True):
                    if name.text in column.words:
                        frame.words[name.text] = self.values.word_at(cell, where)
                    else:
                        frame.values[name.text] = self.row_value(name.text, cell, where)
            frames.append(frame)
        return frames

    def tag(self, item: Item, taken: Frame) -> str:
        """Return the label of the row where the scope is, by the word of its column.

        Args:
            item: the item that is walked.
            taken: the frame that gets the label.
        """
        assert item.tag is not None
        assert item.within is not None
        node, frame = self.values.lookup_word(item.tag.text[1:], self.scope.frame, item.tag)
        node, _ = self.values.word_at(node, frame)
        text = node.text if isinstance(node, Scalar) and isinstance(node.value, str) else ""
        if text in RESERVED or not LABEL.fullmatch(text) or len(text) > MAX_LABEL:
            raise SlotError("bad-name", f"'{clipped(node)}' is not a label", node.span or item.tag.span,
                            "use letters, digits and _, not starting with a digit")  # fmt: skip
        if text in taken.labels or text in taken.declared or text in item.within.automatic:
            raise SlotError("duplicate-label", f"label '{text}' is used twice", node.span or item.tag.span,
                            "choose another label")  # fmt: skip
        return text

    def entries(self, column: Walked) -> tuple[tuple[TreeNode, ...], Frame]:
        """Return the entries of a list that is walked, and the frame where they are written."""
        node, frame = self.values.word_at(column.node, self.scope.frame)
        if isinstance(node, Seq):
            return tuple(node.items), frame
        slot = compile_value(column.names[0].text, node, VALUE, frame.home, self.values.collector)
        outer, self.scope.frame = self.scope.frame, frame
        try:
            value = self.values.evaluate(slot)
        finally:
            self.scope.frame = outer
        if not isinstance(value, Listed):
            raise SlotError("not-a-list", f"'{slot.text}' is no list, so it cannot be walked", node.span,
                            "write a list: [64, 128]")  # fmt: skip
        return value.nodes, value.frame

    def cells(self, column: Walked, node: TreeNode) -> list[TreeNode]:
        """Return the values of one row, one for each name."""
        if not column.table:
            return [node]
        cells: list[TreeNode] = node.items if isinstance(node, Seq) else [node]
        if len(cells) != len(column.names):
            raise SlotError("list-lengths", f"this row has {len(cells)} value{'s' * (len(cells) != 1)} for the "
                            f"{len(column.names)} names "
                            f"'{' '.join(name.text for name in column.names)}'", node.span,
                            "give one value for every name")  # fmt: skip
        return cells

    def row_value(self, name: str, cell: TreeNode, where: Frame) -> Any:
        """Return the value of a row's name that is no word."""
        try:
            return self.values.listed(cell, where)
        except SlotError as error:
            if error.code == "unknown-name" and not (error.hint or "").startswith("did you mean"):
                hint = f"a word of a list is used as ${name}"
                raise SlotError(error.code, str(error), error.span, hint) from None
            raise

    def visible(self, name: str) -> bool:
        """Return whether a variable, a parameter or a label has a name here."""
        frame: Frame | None = self.scope.frame
        labels = True
        while frame is not None:
            named = labels and (name in frame.labels or name in frame.declared)
            if named or name in frame.values or name in frame.words:
                return True
            labels = labels and not frame.opaque
            frame = frame.parent
        return False

    def not_hidden(self, name: Scalar) -> None:
        """Refuse a row's name that would hide another."""
        if self.visible(name.text):
            raise SlotError("hidden-name", f"'{name.text}' is already a variable, a parameter or a label here",
                            name.span,
                            "choose another name for the row's value")  # fmt: skip
