"""What is wrong in layers that an expansion did not reach: mistakes that need no shape, told with all others.

A layer that fails silences those behind it. Their arguments can be looked at all the same where the text alone says
what they come to, so that whoever mends a spec sees these mistakes at once. Only layers that the network has for
certain are looked at: none under `when:`, in a path with `branches:`, repeated zero times or in a block nobody calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.language.expressions import Expression, ExpressionError
from cnncalc.language.scope import AXES, AXIS_AS_LABEL, WORD_AS_LABEL, Silent
from cnncalc.language.slots import FAILED, Slot, SlotError
from cnncalc.language.template import Block, Path
from cnncalc.language.tree import Scalar
from cnncalc.ops import base as ops
from cnncalc.values.diagnostics import ArgumentError, did_you_mean, listed, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from cnncalc.language.evaluate import Evaluator
    from cnncalc.language.template import Item, Items, Template

    Report = Callable[[SlotError | ArgumentError | ExpressionError, str, Item], None]


VARYING = frozenset({"c_in", "i", "row"})
"""Names of values that depend on where a layer is."""


class Place(NamedTuple):
    """A list of layers, with the path before their names, and the labels that they see from around it.

    Attributes:
        own: its expressions see the file's variables and nothing else.
        home: the file that it is in.
    """

    items: Items
    prefix: str
    around: tuple[Collection[str], ...]
    own: bool
    home: Template


class Early:
    """One walk over the layers of a spec, each looked at once."""

    def __init__(self, spec: Template, values: Evaluator, report: Report) -> None:
        self.spec = spec
        self.values = values
        self.report = report
        self.seen: set[Block] = set()

    def run(self) -> None:
        """Look at every layer of the file that the network has for certain."""
        for place, item in self.certain():
            path = place.prefix + item.name
            self.labels(item, path, place)
            self.look(item, path, own=place.own)

    def certain(self) -> Iterator[tuple[Place, Item]]:
        """Yield the layers that the network has for certain, each with the list that it is in.

        A stack stands in for recursion: blocks are nested as deep as their author likes.
        """
        pending = [Place(self.spec.body, "", (frozenset(self.spec.inputs or ("input",)),), own=True, home=self.spec)]
        while pending:
            place = pending.pop()
            for item in place.items.items:
                if item.when is not None or item.each or never(item.repeat):
                    continue
                yield place, item
                path = place.prefix + item.name
                block = item.key
                if isinstance(block, Block):
                    if block not in self.seen:
                        self.seen.add(block)
                        home = block.home or self.spec
                        pending.append(Place(block.body, f"{path}.", (frozenset(block.inputs),), own=False, home=home))
                    continue
                for name, source in item.sources or ():
                    if isinstance(source, Path) and source.plain and not never(source.repeat):
                        around = (*place.around, place.items.labels)
                        pending.append(Place(source.items, f"{path}.{name}.", around, place.own, place.home))

    def labels(self, item: Item, path: str, place: Place) -> None:
        """Report every label that a layer reads and that is nowhere in sight."""
        scopes = (*place.around, place.items.labels)
        for label in (*item.from_, *(source for _, source in item.sources or () if isinstance(source, Scalar))):
            name = label.text.partition(":")[0]
            if name == "prev" or place.items.tagged or any(name in scope for scope in scopes):
                continue
            if name in place.home.lost or suggest(name, place.home.lost):
                continue
            known = sorted({known for scope in scopes for known in scope})
            hint = AXIS_AS_LABEL if name in AXES else did_you_mean(name, known, f"labels here: {listed(known)}")
            hint = WORD_AS_LABEL if name.startswith("$") else hint
            self.report(SlotError("unknown-label", f"there is no label '{label.text}'", label.span, hint), path, item)

    def look(self, item: Item, path: str, *, own: bool) -> None:
        """Report what is wrong with one layer whatever reaches it."""
        if isinstance(item.key, Block):
            missing = [name for name, node in item.key.params.items() if node is None and name not in item.args]
            if missing and item.share is None:
                name = missing[0]
                self.report(ArgumentError(f"{item.key.name} needs '{name}'", code="missing-argument",
                                          hint=f"add {name}: to the call"), path, item)  # fmt: skip
            return
        cls = item.key
        if item.key is None and item.key_node.text not in self.spec.blocks:
            cls = ops.find(item.key_node.text)
        if not isinstance(cls, type):
            return
        found: dict[str, Any] = {}
        slots = self.values.slots(item, first=False)
        for name, slot in slots.items():
            try:
                found[name] = cls.args[name].kind.check(self.value(slot, own=own and name in item.args), name)
            except (ArgumentError, SlotError, ExpressionError) as error:
                self.report(error, path, item)
            except Silent:
                pass
        if item.key is cls and item.share is None and len(found) == len(slots):
            try:
                cls(**found)
            except ArgumentError as error:
                self.report(error, path, item)

    def value(self, slot: Slot, *, own: bool) -> object:
        """Return what a slot comes to by the text and the file's variables alone.

        Raises:
            SlotError: it cannot be evaluated.
            Silent: it depends on more.
        """
        if slot.constant and slot.value is not FAILED:
            return slot.value
        value = slot.value
        if own and isinstance(value, Expression) and not value.attributes and not value.names & VARYING:
            self.values.scope.frame, self.values.scope.index = self.values.scope.file_frame, None
            return self.values.evaluate(slot)
        raise Silent


def never(repeat: Slot | None) -> bool:
    """Return whether a number of repetitions is zero, or not known from the text alone."""
    return repeat is not None and not (repeat.constant and isinstance(repeat.value, int) and repeat.value > 0)
