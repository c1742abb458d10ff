"""What an expansion starts from: variables after variant and overrides, and the shapes of the inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cnncalc.language.arithmetic import Listed
from cnncalc.language.inputs import own_shape, refuse_open, refuse_rank, warn_channels, warn_order
from cnncalc.language.literals import LiteralError, parse_number
from cnncalc.language.python_data import from_python
from cnncalc.language.reading import compile_value
from cnncalc.language.scope import Frame, Silent
from cnncalc.language.sizes import open_axes
from cnncalc.language.slots import EXTENTS, FAILED, VALUE, SlotError, written
from cnncalc.language.template import MAX_DIMENSIONS
from cnncalc.language.tree import Scalar, Seq
from cnncalc.language.yaml_text import MAX_VALUES
from cnncalc.numbers.doors import recording
from cnncalc.ops.arguments import shown
from cnncalc.values.diagnostics import ArgumentError, SpecError, did_you_mean, listed
from cnncalc.values.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnncalc.language.evaluate import Evaluator
    from cnncalc.language.slots import Slot
    from cnncalc.language.template import Template
    from cnncalc.language.tree import Node as TreeNode

MAX_LAYERS = 100_000
MAX_DEPTH = 100
"""How deep lists of lists of variables are told."""
MOST_DIFFERENT = 4_000
"""Layers that all differ, where `max_layers` does not ask for more than five times as many."""


class Overrides:
    """What a caller sets besides the file: a variant, variables, the input, the limit on layers.

    Variables and extents of inputs may be numbers that record; `recording` says whether any is.
    """

    __slots__ = ("inputs", "max_layers", "recording", "variables", "variant")

    def __init__(
        self,
        variant: str | None = None,
        variables: Mapping[str, object] | None = None,
        inputs: Mapping[str, tuple[int, ...]] | None = None,
        max_layers: int | None = None,
    ) -> None:
        self.variant = variant
        if variables is not None and not isinstance(variables, Mapping):
            raise ValueError(f"variables are a mapping of names to values, got {variables!r}")
        self.variables = dict(variables or {})
        self.inputs = inputs
        self.max_layers = max_layers or MAX_LAYERS
        extents = (n for shape in (inputs or {}).values() for n in shape)
        self.recording = any(map(recording, extents)) or any(map(recording, self.variables.values()))


def set_variables(values: Evaluator, overrides: Overrides) -> None:
    """Give every variable of the file its value, and record it with the graph."""
    spec, scope = values.spec, values.scope
    chosen = {name: node for name, (_, node) in spec.vars.items()}
    if overrides.variant is not None:
        known = spec.variants
        if overrides.variant not in known:
            raise ValueError(unknown("variant", overrides.variant, known))
        chosen.update({name: node for name, (_, node) in known[overrides.variant].items()})
    for name, value in overrides.variables.items():
        if name not in chosen:
            raise ValueError(unknown("variable", name, chosen))
        chosen[name] = override(name, value) if not recording(value) else Scalar(value, True, str(value))  # type: ignore[arg-type]
    frame = scope.file_frame
    told = Told()
    for name, node in chosen.items():
        value = set_variable(values, spec, frame, name, node, given=name in overrides.variables)
        if name in spec.words:
            scope.graph.variables[name] = written(node)
        elif value is not FAILED:
            scope.graph.variables[name] = told.plain(value, node)


def set_used(values: Evaluator, spec: Template) -> None:
    """Give the variables of every file that is used their values, each file in a frame of its own."""
    scope = values.scope
    for file in spec.uses:
        if file in scope.file_frames:
            continue
        frame = scope.file_frames[file] = Frame(None, {}, home=file)
        outer, scope.frame = scope.frame, frame
        for name, (_, node) in file.vars.items():
            set_variable(values, file, frame, name, node)
        scope.frame = outer
        set_used(values, file)


def set_variable(values: Evaluator, spec: Template, frame: Frame, name: str, node: TreeNode, *,
                 given: bool = False) -> object:  # fmt: skip
    """Give one variable its value, or remember it as a word; return the value, FAILED for one without.

    Args:
        values: what evaluates it.
        spec: the file that it is in.
        frame: the frame of that file.
        name: its name.
        node: its value as it is written.
        given: the caller sets it, so that a mistake is the caller's.
    """
    if name in spec.words:
        frame.words[name] = (node, frame)
        return FAILED
    try:
        value = VALUE.check(values.evaluate(compile_value(name, node, VALUE, spec, values.collector)), name)
    except (SlotError, ArgumentError) as error:
        if given:
            raise ValueError(f"variable '{name}': {error}") from None
        span = error.span if isinstance(error, SlotError) else node.span
        values.collector.add(error.code, f"variable '{name}': {error}", span, hint=error.hint)
        value = FAILED
    except Silent:
        value = FAILED
    frame.values[name] = value
    return value


def set_inputs(values: Evaluator, overrides: Overrides) -> bool:
    """Give every input its shape and label; return whether all have one."""
    spec = values.spec
    given = dict(overrides.inputs or {})
    if not spec.inputs:
        return set_only_input(values, given)
    if len(given) == 1 and "" in given and len(spec.inputs) == 1:
        given = {next(iter(spec.inputs)): given[""]}
    for name in given:
        if name not in spec.inputs:
            if not name:
                listed = ", ".join(spec.inputs)
                raise ValueError(f"the spec has several inputs: say which the shape is for, one of {listed}")
            raise ValueError(unknown("input", name, spec.inputs))
    for name, slot in spec.inputs.items():
        try:
            if name not in given and (axes := open_axes(slot.node)):
                refuse_open(slot, axes)
            if name in given:
                shape = EXTENTS.check(tuple(given[name]), name)
                compare_input(name, slot, given[name], values)
            else:
                shape = EXTENTS.check(values.evaluate(slot), name)
                if isinstance(shape, tuple):
                    warn_order(slot, shape, values.collector)
            if not isinstance(shape, tuple) or len(shape) > MAX_DIMENSIONS:
                raise ArgumentError(  # noqa: TRY301 - told like every other mistake
                    f"'{name}' must be [C], [C, L], [C, H, W] or [C, D, H, W], got {shown(shape)}",
                    hint="leave the batch out",
                )
        except (SlotError, ArgumentError) as error:
            if name in given and isinstance(error, ArgumentError):
                raise ValueError(str(error)) from None
            span = error.span if isinstance(error, SlotError) else slot.span
            number = "write a number, or a variable of vars:; there is no batch in a shape"
            hint = error.hint or (number if error.code == "unknown-name" else None)
            values.collector.add(error.code, str(error), span, hint=hint)
            continue
        except Silent:
            continue
        add_input(values, name, shape)
    return len(values.scope.graph.inputs) == len(spec.inputs)


def add_input(values: Evaluator, name: str, shape: object) -> None:
    """Give the network an input of a shape `[C, *S]`, under its name."""
    scope = values.scope
    scope.file_frame.labels[name] = scope.build.input(name, Shape(shape))  # type: ignore[arg-type]


def set_only_input(values: Evaluator, given: Mapping[str, Sequence[int]]) -> bool:
    """Give a spec that has no input of its own the one that is given; return whether there is one."""
    if values.spec.inputs_span is not None:
        return False  # what is wrong with it is said already
    if not given:
        values.collector.add("missing-key", "the spec has no input", None,
                             hint="add input: [C, H, W], without the batch, or give --input 3x224x224")  # fmt: skip
        return False
    (name, *others) = given
    if others or name not in {"", "input"}:
        raise ValueError("the spec has no input of its own and takes one: give a single shape")
    try:
        shape = EXTENTS.check(tuple(given[name]), "input")
    except ArgumentError as error:
        raise ValueError(str(error)) from None
    if not isinstance(shape, tuple) or len(shape) > MAX_DIMENSIONS:
        raise ValueError(f"'input' must be [C], [C, L], [C, H, W] or [C, D, H, W], got {shown(shape)}")
    add_input(values, "input", shape)
    return True


def compare_input(name: str, slot: Slot, given: tuple[int, ...], values: Evaluator) -> None:
    """Hold another input against the spec's own.

    Raises:
        ValueError: it is of another rank.
    """
    try:
        own = own_shape(slot, given, values.evaluate)
    except Silent:
        return
    if own is not None:
        refuse_rank(name, own, given, values.spec.name or "this network")
        warn_channels(slot, own, given, values.collector)


class Told:
    """Values of variables as reports have them, of all lists together as many entries as a file has values."""

    def __init__(self) -> None:
        self.left = MAX_VALUES

    def plain(self, value: object, node: TreeNode) -> object:
        """Return a value: of a list its values, or what is written where they are words, too many, or itself."""
        try:
            return self._plain(value, ())
        except (SlotError, Silent):
            return written(node)

    def _plain(self, value: object, inside: tuple[Listed, ...]) -> object:
        if not isinstance(value, Listed):
            return value
        self.left -= len(value)
        if self.left < 0 or len(inside) == MAX_DEPTH or value in inside:
            raise Silent
        return tuple(self._plain(entry, (*inside, value)) for entry in value.values())


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Return the message for a name that is none of the spec's."""
    known = list(known)
    nearest = did_you_mean(str(name), known)
    names = f"this spec has {listed(known)}" if known else f"this spec has no {what}s"
    return f"there is no {what} '{name}'; {nearest + ' ' if nearest else ''}{names}"


def override(name: str, value: object) -> TreeNode:
    """Return the value of `--set name=value` as it would stand in the file."""
    if isinstance(value, str):
        try:
            number = parse_number(value)
        except LiteralError as error:
            raise ValueError(f"variable '{name}': {error}") from None
        words = {"true": True, "false": False}
        return Scalar(words.get(value, number if number is not None else value), True, value)
    try:
        node = from_python({name: value}).get(name)
    except SpecError:
        node = None
    if node is None or not isinstance(node, Scalar | Seq):
        raise ValueError(f"variable '{name}' must be a number or a word, got {value!r}")
    return node
