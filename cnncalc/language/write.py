"""From tree or graph to the text of a spec: as a person would write it, and as `cnncalc expand` flattens it."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

from cnncalc.language.evaluate import flat_parts
from cnncalc.language.literals import BOOLEANS, LiteralError, parse_number
from cnncalc.language.template import FORMAT, MODIFIERS
from cnncalc.language.tree import EXPANDED_MARKER, Map, Node, Scalar, Seq
from cnncalc.ops import base as ops
from cnncalc.ops.arguments import shown
from cnncalc.results.layer import operator_form
from cnncalc.values.keyed import Keyed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cnncalc.graph.graph import Graph, Ref
    from cnncalc.values.bits import Bits

WIDTH = 118
"""Lines are broken above this many characters where they can be."""

_PLAIN = re.compile("(?:[A-Za-z0-9_$(./+^;=~]|-(?=[A-Za-z0-9_(.]))[\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufdff]*")
_LAST = frozenset({"bias", "norm", "act", "call"})
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_FLOW_MARKS = frozenset(",[]{}")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def ordered(cls: type[ops.Operator]) -> tuple[ops.Arg, ...]:
    """Return an operator's arguments as one writes them: the main one, required ones, sizes, and then the rest."""
    return tuple(sorted(cls.args.values(), key=lambda arg: (not arg.main, not arg.required, arg.name in _LAST)))


def plain_data(node: Node) -> Any:
    """Return a tree as JSON has it: an exact number that is not whole becomes a float."""
    if isinstance(node, Map):
        return {key.text: plain_data(value) for key, value in node.entries}
    if isinstance(node, Seq):
        return [plain_data(entry) for entry in node.items]
    return float(node.value) if isinstance(node.value, Fraction) else node.value


# Scalars.


def text_of(value: str, *, flow: bool) -> str:
    """Return text as a YAML scalar that reads back as this text: bare where it can be, else in double quotes."""
    bare = value not in _NULLS and value not in BOOLEANS and _PLAIN.fullmatch(value) is not None
    torn = ": " in value or " #" in value or value.endswith((":", " ")) or (flow and not _FLOW_MARKS.isdisjoint(value))
    if bare and not torn and not _is_number(value):
        return value
    return '"' + "".join(map(_escaped, value)) + '"'


def _is_number(text: str) -> bool:
    try:
        return parse_number(text) is not None
    except LiteralError:
        return True


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    code = ord(character)
    if character.isprintable() and code != 0xFEFF:
        return character
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def scalar(node: Scalar, *, flow: bool = True) -> str:
    """Return a leaf as YAML; nothing stays nothing."""
    value = node.value
    if value is None:
        return node.text if node.text in _NULLS else "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return text_of(value, flow=flow)
    return node.text if _is_number(node.text) else shown(value)


def inline(node: Node) -> str:
    """Return a tree on one line, in YAML's flow style."""
    if isinstance(node, Scalar):
        return scalar(node)
    if isinstance(node, Seq):
        return "[" + ", ".join(_parts(node)) + "]"
    return "{" + ", ".join(_parts(node)) + "}"


# A whole spec, as a person would write it.


def to_yaml(root: Map, *, name: str | None = None, variables: Mapping[str, Node] | None = None) -> str:
    """Return the text of a spec: layers one to a line, arguments inside braces, blocks and paths indented.

    Args:
        root: the spec's tree.
        name: the name to write instead of its own.
        variables: what `vars:` holds instead; variants, which start from the old values, are left out then.
    """
    lines = [f"cnncalc: {FORMAT}"]
    if name is not None:
        lines.append(f"name: {text_of(name, flow=False)}")
    for key, value in root.entries:
        word = key.text
        if word == "cnncalc" or (word == "name" and name is not None):
            continue
        if variables is not None and word in ("vars", "variants"):
            if word == "vars":
                lines += _entry("vars", Map({n: (_word(n), v) for n, v in variables.items()}), 0)
        elif word == "layers":
            lines += _listed(word, value, 0)
        elif word == "blocks" and isinstance(value, Map) and len(value):
            lines.append("blocks:")
            for block, body in value.entries:
                lines += _block(block.text, body)
        elif word in ("defaults", "variants") and isinstance(value, Map) and len(value):
            lines += _spread(word, value, 0)
        else:
            lines += _entry(word, value, 0)
    return "\n".join(lines) + "\n"


def _block(name: str, body: Node) -> list[str]:
    if not isinstance(body, Map) or not len(body):
        return _entry(name, body, 2)
    lines = [f"  {text_of(name, flow=False)}:"]
    for key, value in body.entries:
        if key.text == "layers":
            lines += _listed("layers", value, 4)
        elif key.text == "params" and isinstance(value, Map):
            lines += _entry("params", _blank(value), 4)
        else:
            lines += _entry(key.text, value, 4)
    return lines


def _blank(node: Map) -> Map:
    """Return a mapping in which what has no value has nothing after the colon."""
    return Map({w.text: (w, Scalar(None, True, "") if _empty(inner) else inner) for w, inner in node.entries})


def _empty(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None and node.plain


def _entry(key: str, value: Node, indent: int) -> list[str]:
    """Return `key: value`, on one line if it fits."""
    start = " " * indent + text_of(key, flow=False) + ":"
    if isinstance(value, Scalar):
        return [f"{start} {scalar(value, flow=False)}".rstrip(" ")]
    line = f"{start} {inline(value)}"
    if len(line) <= WIDTH or not len(value.items if isinstance(value, Seq) else value):
        return [line]
    parts = _parts(value)
    if max(map(len, parts)) <= WIDTH // 2:
        return [start, *_filled(parts, "[]" if isinstance(value, Seq) else "{}", indent + 2)]
    if isinstance(value, Map):
        return _spread(key, value, indent)
    lines = [start]
    for entry in value.items:
        lines += _dashed(entry, indent + 2)
    return lines


def _parts(value: Seq | Map) -> list[str]:
    """Return the entries of a collection, each on one line."""
    if isinstance(value, Seq):
        return [inline(entry) or "null" for entry in value.items]
    return [f"{text_of(key.text, flow=True)}: {inline(inner)}" for key, inner in value.entries]


def _filled(parts: list[str], brackets: str, indent: int) -> list[str]:
    """Return the lines of a collection in flow style, each as full as fits."""
    lines: list[str] = []
    line = " " * indent + brackets[0]
    for number, part in enumerate(parts, 1):
        piece = part + ("," if number < len(parts) else brackets[1])
        if len(line) + len(piece) >= WIDTH:
            lines.append(line.rstrip())
            line = " " * (indent + 1)
        line += piece + " "
    return [*lines, line.rstrip()]


def _spread(key: str, value: Map, indent: int) -> list[str]:
    """Return a mapping with one line for each of its keys."""
    lines = [" " * indent + text_of(key, flow=False) + ":"]
    for inner, node in value.entries:
        lines += _entry(inner.text, node, indent + 2)
    return lines


def _listed(key: str, value: Node, indent: int) -> list[str]:
    """Return `key:` with a list of layers under it."""
    if not isinstance(value, Seq) or not value.items:
        return _entry(key, value, indent)
    lines = [" " * indent + text_of(key, flow=False) + ":"]
    for entry in value.items:
        lines += _dashed(entry, indent + 2)
    return lines


def _dashed(entry: Node, indent: int) -> list[str]:
    """Return one entry of a list of layers."""
    dash = " " * indent + "- "
    if isinstance(entry, Map) and len(entry):
        entry = _blank(entry)
        keys = entry.entries
        if len(keys) == 1 and _empty(keys[0][1]):
            return [dash + text_of(keys[0][0].text, flow=False)]
        if not _has_paths(entry):
            bare = inline(entry)
            line = dash + (bare[1:-1] if len(keys) == 1 else bare)
            if len(line) <= WIDTH:
                return [line]
        lines: list[str] = []
        for key, value in keys:
            if isinstance(value, Map) and key.text not in MODIFIERS and _has_paths(value):
                lines.append(" " * (indent + 2) + text_of(key.text, flow=False) + ":")
                for path, layers in value.entries:
                    lines += _listed(path.text, layers, indent + 4)
            else:
                lines += _entry(key.text, value, indent + 2)
        lines[0] = dash + lines[0][indent + 2 :]
        return lines
    if isinstance(entry, Scalar):
        return [dash + (scalar(entry, flow=False) or "null")]
    return [dash + inline(entry)]


def _has_paths(node: Node) -> bool:
    """Return whether a list with layers is inside a node."""
    if isinstance(node, Map):
        return any(_has_paths(value) for _, value in node.entries)
    return isinstance(node, Seq) and any(isinstance(entry, Map) for entry in node.items)


# The flat network.


def expanded(graph: Graph, *, name: str, source: str | None = None, notes: Iterable[str] = ()) -> str:
    """Return a network without blocks, repetitions, variables and defaults, as a spec with the same layers.

    Every layer is labelled by its path. `from:` stands where a layer does not read the one before it.

    Args:
        graph: the network.
        name: its name.
        source: its citation.
        notes: lines for the comment at the top, such as the variant.
    """
    lines = [EXPANDED_MARKER, *("# " + " ".join(note.split()) for note in notes), f"cnncalc: {FORMAT}",
             f"name: {text_of(name, flow=False)}"]  # fmt: skip
    if source is not None:
        lines.append(f"source: {text_of(source, flow=False)}")
    if list(graph.inputs) == ["input"]:
        lines.append(f"input: {_flow(list(graph.inputs['input']))}")
    else:
        shapes = ", ".join(f"{label}: {_flow(list(shape))}" for label, shape in graph.inputs.items())
        lines.append(f"inputs: {{{shapes}}}")
    if whole := sorted({code for accept in graph.accepts if accept.stop is None for code in accept.codes}):
        lines.append(f"accept: {_flow(whole)}")
    lines.append("layers:")
    items, last, labels = _items(graph)
    lines += items or ["  - {identity: , when: false}"]
    outputs = {label: _name(graph, ref, labels) for label, ref in graph.outputs.items()}
    moved = any(label not in (name, graph.name(ref)) for (label, name), ref in zip(
        outputs.items(), graph.outputs.values(), strict=True))  # fmt: skip
    if list(graph.outputs.values()) != last or moved:
        listed = [label for label, ref in outputs.items() if label == ref]
        lines.append(f"outputs: {_flow(listed if len(listed) == len(outputs) else outputs)}")
    return "\n".join(lines) + "\n"


def _name(graph: Graph, ref: Ref, labels: Mapping[int, str]) -> str:
    """Return what a later item calls a tensor: the label of an item of several layers stands for its last."""
    return labels.get(ref[0]) or graph.name(ref)


def _items(graph: Graph) -> tuple[list[str], list[Ref], dict[int, str]]:
    """Return a line for each layer, the outputs of the last, and labels of items that stand for several layers."""
    lines: list[str] = []
    labels: dict[int, str] = {}
    previous: list[Ref] = [(-1, 0)]
    starts: list[int] = []
    for index, node in enumerate(graph.nodes):
        op, inputs, first = node.op, node.inputs, index
        if ops.find(op.name) is None:
            starts.append(index)
            lines.append("")
            continue
        if ops.find(op.name) is not type(op):
            op, first = whole_of(graph, index)
            inputs = sources_of(graph, op, first)
            if parts := flat_parts(op):
                labels[index] = node.path.removesuffix(f".{parts[-1].suffix}")
            while starts and starts[-1] >= first:
                starts.pop()
                lines.pop()
            previous = _outputs(graph, first - 1)
        starts.append(first)
        here = [code for accept in graph.accepts if accept.stop is not None and accept.start == first
                for code in accept.codes]  # fmt: skip
        lines.append(_item(graph, index, op, inputs, previous, labels, here))
        previous = _outputs(graph, index)
    return lines, previous, labels


def _outputs(graph: Graph, index: int) -> list[Ref]:
    return [(index, port) for port in range(len(graph.nodes[index].out_shapes))] if index >= 0 else [(-1, 0)]


def whole_of(graph: Graph, index: int) -> tuple[ops.Operator, int]:
    """Return the operator that a layer is the last part of, and the index of its first part; often it is all of it."""
    op = graph.nodes[index].op
    whole = cast("type[ops.Operator]", ops.find(op.name))(**op.arguments())
    return whole, index + 1 - max(len(flat_parts(whole)), 1)


def sources_of(graph: Graph, op: ops.Operator, first: int) -> tuple[Ref, ...]:
    """Return what an item reads that stands for the layers from `first` on, in the order of its sources."""
    if op.sources == 1:
        return graph.nodes[first].inputs
    found: dict[int, Ref] = {}
    for offset, part in enumerate(flat_parts(op)):
        read = zip(part.reads or (), graph.nodes[first + offset].inputs, strict=False)
        found |= {-k: ref for k, ref in read if k <= 0}
    return tuple(found[k] for k in sorted(found))


def _item(graph: Graph, index: int, op: ops.Operator, inputs: tuple[Ref, ...], previous: list[Ref],
          labels: Mapping[int, str], accepted: Iterable[str] = ()) -> str:  # fmt: skip
    node, names = graph.nodes[index], [_name(graph, ref, labels) for ref in inputs]
    if op.sources is None:
        call, reads = f"{op.name}: {_flow(names)}", names[:1] if len(previous) > 1 else []
        values = op.arguments()
        beside = {arg.name: values[arg.name] for arg in ordered(type(op)) if values[arg.name] != arg.default}
        call = ", ".join((call, *(f"{name}: {_flow(value)}" for name, value in beside.items())))
    else:
        lender = None if node.shares is None else whole_of(graph, node.shares)[0]
        call = f"{op.name}: {_arguments(op, lender)}"
        reads = names if list(inputs) != previous or len(previous) > 1 else []
    modifiers = [f"as: {labels.get(index, node.path)}"]
    if reads:
        modifiers.append(f"from: {_flow(reads if len(reads) > 1 else reads[0])}")
    if node.shares is not None:
        modifiers.append(f"share: {labels.get(node.shares, graph.nodes[node.shares].path)}")
    if node.bits is not None:
        modifiers += _widths(node.bits)
    if accepted:
        modifiers.append(f"accept: {_flow(list(accepted))}")
    return f"  - {{{', '.join((call, *modifiers))}}}"


def _widths(bits: Bits) -> list[str]:
    """Return the modifiers for the widths of a layer's numbers and the density of its weights."""
    said = {name: value for name, value in bits.to_dict().items() if value is not None}
    found = [f"bits: {{{', '.join(f'{name}: {value}' for name, value in said.items())}}}"] if said else []
    return found + ([f"density: {_flow(bits.density)}"] if bits.density is not None else [])


def _arguments(op: ops.Operator, lender: ops.Operator | None = None) -> str:
    """Return what an operator's arguments differ in from their defaults; a main argument that is alone stands bare.

    What is not given is that of the layer whose weights it uses, if there is one.
    """
    values, theirs = op.arguments(), {} if lender is None else lender.arguments()
    given = {
        arg.name: values[arg.name]
        for arg in ordered(type(op))
        if values[arg.name] != arg.default or values[arg.name] != theirs.get(arg.name, arg.default)
    }
    if not given:
        return ""
    return _flow(given[op.main] if op.main and list(given) == [op.main] else given)


def _flow(value: Any) -> str:
    """Return a value of an argument as a spec writes it on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, Keyed):
        value = dict(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, ops.Operator):
        return _flow(operator_form(value))
    return text_of(value, flow=True) if isinstance(value, str) else shown(value)


def _word(text: str) -> Scalar:
    return Scalar(text, True, text)
