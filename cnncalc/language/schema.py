"""The JSON Schema (draft-07) of the spec language, from the operator classes: completion and hover for editors."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from cnncalc.language.slots import CONDITION, DENSITY, EXTENTS, REPEAT, WIDTHS
from cnncalc.language.template import FORMAT, MODIFIERS
from cnncalc.language.write import ordered
from cnncalc.ops import base as ops
from cnncalc.ops.arguments import shown
from cnncalc.results.measures import MEASURES

if TYPE_CHECKING:
    from collections.abc import Iterable

Json = dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"
NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
LABEL = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*(:[0-9]+)?$"
NOTHING: Json = {"type": "null"}


def limited(*, of_layers: bool) -> tuple[str, ...]:
    """Return what budgets can limit of layers, or of a network alone; `layers` has another meaning there, too."""
    each = {"model_size"}  # no number of a report's layers, but one that follows from them
    found = (entry for entry in MEASURES if entry.budget and (entry.each or entry.name in each) is of_layers)
    names = ((entry.budget, entry.also) if entry.budget != "layers" else (entry.also,) for entry in found)
    return tuple(name for pair in names for name in pair if name)


LAYER_METRICS = limited(of_layers=True)
METRICS = (*LAYER_METRICS, *limited(of_layers=False))
"""What budgets can limit; `layers` too, beside its other meaning."""


def schema(*, plugins: bool = True) -> Json:
    """Return the JSON Schema of a spec; without plug-ins only the operators that come with cnncalc."""
    classes = [cls for cls in ops.operators() if plugins or builtin(cls)]
    return {
        "$schema": DRAFT,
        "title": "cnncalc network spec",
        "description": "A convolutional network in the spec language of cnncalc.",
        "type": "object",
        "additionalProperties": False,
        "anyOf": [
            {"required": ["input", "layers"]},
            {"required": ["inputs", "layers"]},
            {
                "description": "A file of blocks, for use: in others.",
                "required": ["blocks"],
                "not": {"anyOf": [{"required": [key]} for key in ("input", "inputs", "layers")]},
            },
        ],
        "properties": _file(classes),
        "if": {"not": {"anyOf": [{"required": ["blocks"]}, {"required": ["use"]}]}},
        "then": {"properties": {"layers": {"items": ref("known_layer")}}},
        "definitions": {**_shared(classes), **_operators(classes)},
    }


def builtin(cls: type[ops.Operator]) -> bool:
    """Return whether an operator comes with cnncalc."""
    return cls.__module__.partition(".")[0] == __name__.partition(".")[0]


def ref(name: str) -> Json:
    """Return a reference to a definition."""
    return {"$ref": f"#/definitions/{name}"}


def hidden(form: Json) -> Json:
    """Return a form that editors take and do not offer: another name of what they offer already."""
    return {"doNotSuggest": True, "allOf": [form]}


def described(text: str, form: Json) -> Json:
    """Return a form with a description; a bare reference is wrapped, because nothing counts beside `$ref`."""
    return {"description": text, **({"allOf": [form]} if "$ref" in form else form)}


def _file(classes: Iterable[type[ops.Operator]]) -> Json:
    values: Json = {"type": "object", "propertyNames": {"pattern": NAME}}
    several, *written = EXTENTS.schema()["anyOf"]
    shape = {"anyOf": [several | {"maxItems": 4}, *written]}
    used: Json = {"anyOf": [{"enum": ["std"]}, {"type": "string", "pattern": r"\.[yY][aA]?[mM][lL]$"}]}
    return {
        "cnncalc": {"description": "The format's number: this file is a cnncalc spec.", "enum": [FORMAT]},
        "name": described("The network's name; the file's name without its ending by default.", ref("text")),
        "source": described("The citation: where the design is from.", ref("text")),
        "input": described("The input's shape without the batch: [C, H, W], [C, L] or [C, D, H, W].", shape),
        "inputs": {
            "description": "Several inputs by name, each with its shape.",
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": NAME},
            "additionalProperties": shape,
        },
        "use": described("Where further blocks are from: std, the shipped ones, and files beside or below this one.", {
            "anyOf": [used, {"type": "array", "items": used}],
        }),
        "vars": {
            "description": "Named values, or expressions over earlier ones; --set name=value changes one.",
            "anyOf": [values, NOTHING],
        },
        "variants": {
            "description": "Named sets of values for some of the vars; --variant name chooses one.",
            "anyOf": [{"type": "object", "additionalProperties": {"anyOf": [values, NOTHING]}}, NOTHING],
        },
        "defaults": {
            "description": "Arguments by operator that hold wherever they are not given.",
            "anyOf": [
                {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        word: described(_summary(cls), {"anyOf": [ref(f"{cls.name}_arguments"), NOTHING]})
                        for cls in classes
                        for word in (cls.name, *cls.aliases)
                    },
                },
                NOTHING,
            ],
        },
        "blocks": {
            "description": "Named lists of layers with parameters; a layer with the block's name calls it.",
            "anyOf": [
                {"type": "object", "propertyNames": {"pattern": NAME}, "additionalProperties": ref("block")},
                NOTHING,
            ],
        },
        "layers": described("The network: each layer reads the one before it.", ref("layers")),
        "outputs": {
            "description": "The labels of the outputs, or {name: label}; the last layer by default.",
            "anyOf": [
                ref("labels"),
                {"type": "object", "minProperties": 1, "additionalProperties": ref("label")},
            ],
        },
        "accept": described("Codes of warnings that are meant.", ref("codes")),
        "bits": described("Widths of the network's numbers.", ref("bits")),
        "budgets": described("Limits that cnncalc check holds the network to.", ref("budgets")),
    }


def _shared(classes: list[type[ops.Operator]]) -> Json:
    """Return the definitions that are not operators."""
    label: Json = {"type": "string", "pattern": LABEL, "description": "a layer's label"}
    item_keys = {cls.name: ref(f"{cls.name}_call") for cls in classes}
    item_keys |= {word: hidden(ref(f"{cls.name}_call")) for cls in classes for word in cls.aliases}
    every = "|".join(item_keys)
    layers: Json = {"type": "array", "items": ref("layer"), "minItems": 1}
    modifiers: Json = {
        "as": described("Names the output, or each of several outputs; $name labels each row of each by its word.", {
            "anyOf": [ref("labels"), {"type": "string", "pattern": r"^\$[A-Za-z_][A-Za-z0-9_]*$"}]
        }),
        "from": described("What the layer reads, by label; `prev` is the layer before it.", ref("labels")),
        "repeat": described("Chains the layer this many times; i counts from 0 inside.", REPEAT.schema()),
        "each": {
            "description": "Once for each row of these lists, chained; a key with several names is a table.",
            "type": "object", "minProperties": 1, "additionalProperties": ref("walked"),
        },
        "tied": {"description": "All repetitions use the weights of the first.", "type": "boolean"},
        "accept": described("Codes of warnings that are meant here.", ref("codes")),
        "bits": described("Widths of the layer's numbers.", ref("bits")),
        "density": described("The share of its weights that is not zero.", DENSITY.schema()),
        "first": {"description": "Arguments that differ in the first repetition.", "type": ["object", "null"]},
        "when": described("Leaves the layer out where this is false.", CONDITION.schema()),
        "share": described("Uses the weights of this layer or block call; none keeps them apart.", ref("label")),
    }
    joining = [arg for cls in classes if cls.sources is None for arg in cls.args.values() if not arg.main]
    joined = {arg.name: described(arg.doc, arg.kind.schema()) for arg in joining}
    has_operator: Json = {"not": {"propertyNames": {"not": {"enum": list(item_keys)}}}}
    block: Json = {
        "type": "object",
        "required": ["layers"],
        "additionalProperties": False,
        "properties": {
            "params": {
                "description": "Parameters with their defaults; one without a value must be given by the caller.",
                "anyOf": [{"type": "object", "propertyNames": {"pattern": NAME}}, NOTHING],
            },
            "inputs": described("Names of the block's inputs; x by default.", ref("labels")),
            "outputs": described("Labels of its outputs; the last layer by default.", ref("labels")),
            "accept": described("Codes of warnings that are meant in this block.", ref("codes")),
            "layers": described("The block's layers.", ref("layers")),
        },
    }
    return {
        "text": {"type": ["string", "number", "boolean"]},
        "bits": {
            "type": "object", "additionalProperties": False,
            "properties": {name: kind.schema() for name, kind in WIDTHS.items()},
        },
        "label": label,
        "labels": {"anyOf": [label, {"type": "array", "items": label, "minItems": 1}]},
        "layers": layers,
        "layer": {
            "description": "An operator's name, or {operator: arguments} with modifiers beside it.",
            "anyOf": [
                *({"type": "string", "pattern": f"^({'|'.join((cls.name, *cls.aliases))})$", "description": _help(cls)}
                  for cls in classes),
                {"type": "string", "pattern": rf"^(?!({every})$)[A-Za-z_]\w*$", "description": "a block's name"},
                {"type": "string", "pattern": r"^\$[A-Za-z_][A-Za-z0-9_]*$", "description": "a parameter's word"},
                {
                    "type": "object",
                    "minProperties": 1,
                    "properties": {**item_keys, **modifiers, **joined},
                    "additionalProperties": {"description": "a block with its parameters"},
                    "if": has_operator,
                    "then": {"propertyNames": {"enum": [*item_keys, *joined, *MODIFIERS]}},
                },
            ],
        },
        "known_layer": {
            "not": {"type": "string", "pattern": rf"^(?!({every}|\$.*)$)"},
            "propertyNames": {"pattern": rf"^({'|'.join((*item_keys, *joined, *MODIFIERS))}|\$.*)$"},
        },
        "sources": {
            "description": "The labels of the sources, or a label or list of layers for each named path.",
            "anyOf": [
                {"type": "array", "items": label, "minItems": 2},
                {
                    "type": "object",
                    "minProperties": 1,
                    "propertyNames": {"pattern": NAME},
                    "additionalProperties": {"anyOf": [label, {"type": "array", "items": ref("layer")}, ref("path")]},
                },
            ],
        },
        "block": block,
        "walked": {
            "description": "A list of values, or the name of one.",
            "anyOf": [{"type": "array"}, {"type": "string"}],
        },
        "codes": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
        "path": _path(modifiers),
        **{role: _nested(role, classes) for role in ("norm", "act")},
        **_budgets(),
    }


def _path(modifiers: Json) -> Json:
    """Return the definition of a merge's path with modifiers."""
    own = {name: modifiers[name] for name in ("when", "from", "repeat", "tied", "accept")}
    return {
        "type": "object",
        "required": ["layers"],
        "additionalProperties": False,
        "properties": {
            "layers": {"type": "array", "items": ref("layer")},
            "branches": {**modifiers["each"], "description": "One path for each row of these lists, side by side."},
            "keep": {"description": "Every repetition is a source, the path's input before them.", "enum": ["all"]},
            **own,
        },
    }


def _nested(role: str, classes: list[type[ops.Operator]]) -> Json:
    """Return the forms of an operator inside an argument: a word, {word: arguments}, or none."""
    words = {word: ref(f"{cls.name}_call") for cls in classes if cls.role == role for word in (cls.name, *cls.aliases)}
    return {
        "anyOf": [
            {"enum": [*words, "none", None]},
            {"type": "string", "pattern": r"^\$[A-Za-z_][A-Za-z0-9_]*$", "description": "a parameter's word"},
            {
                "type": "object",
                "properties": words,
                "additionalProperties": False,
                "minProperties": 1,
                "maxProperties": 1,
            },
        ]
    }


def _budgets() -> Json:
    quantity: Json = {
        "description": "A whole number, or one with a unit: 300M, 4.1G, 12 MiB, 10%.",
        "type": ["number", "string"],
    }
    limit = ref("limit")
    metrics = dict.fromkeys(METRICS, limit)
    changes: Json = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": dict.fromkeys((*METRICS, "layers"), quantity),
    }
    layer: Json = {
        "type": "object",
        "required": ["match"],
        "minProperties": 2,
        "additionalProperties": False,
        "properties": {
            "match": {"description": "A glob over layer paths, such as layer4.*.", "type": "string"},
            "sum": {"description": "Limit the layers together, not each of them.", "type": "boolean"},
            **dict.fromkeys(LAYER_METRICS, limit),
        },
    }
    return {
        "limit": {
            "description": "A maximum, or {max: , min: }.",
            "anyOf": [
                quantity,
                {
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": False,
                    "properties": {"max": quantity, "min": quantity},
                },
            ],
        },
        "budget": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                **metrics,
                "layers": {
                    "description": "A limit on the number of layers, or limits for layers by path.",
                    "anyOf": [limit, {"type": "array", "items": layer}],
                },
                "max_increase": described("By how much a metric may grow: 2%, or a number.", changes),
                "max_decrease": described("By how much a metric may shrink: 2%, or a number.", changes),
                "warn_at": described("Warn from this part of a limit on.", quantity),
                "convention": {"description": "The counting rule behind flops.", "type": "string"},
                "dtype": {"description": "What an element is stored as.", "type": "string"},
                "deploy": {"description": "Whether the deployed network is measured.", "type": "boolean"},
                "runtime": {"description": "Whose memory planner is asked.", "type": "string"},
                "device": {"description": "Flash and SRAM of this device are limits.", "type": "string"},
                "variants": {
                    "description": "What holds on top for a variant.",
                    "type": "object",
                    "additionalProperties": ref("budget"),
                },
            },
        },
        "budgets": {"anyOf": [ref("budget"), NOTHING]},
    }


def _operators(classes: Iterable[type[ops.Operator]]) -> Json:
    """Return two definitions for each operator: its arguments in braces, and whatever may follow its name."""
    found: Json = {}
    for cls in classes:
        if cls.sources is None:
            found[f"{cls.name}_arguments"] = {"type": "object", "additionalProperties": False}
            found[f"{cls.name}_call"] = described(_help(cls), ref("sources"))
            continue
        found[f"{cls.name}_arguments"] = {
            "type": "object",
            "additionalProperties": False,
            "properties": _arguments(cls),
        }
        forms = [ref(f"{cls.name}_arguments")]
        if cls.main is not None:
            forms.append(_argument(cls.args[cls.main]))
        found[f"{cls.name}_call"] = {"description": _help(cls), "anyOf": [*forms, NOTHING]}
    return found


def _arguments(cls: type[ops.Operator]) -> Json:
    found: Json = {}
    for declared in ordered(cls):
        form = _argument(declared)
        found[declared.name] = form
        for alias in declared.aliases:
            found[alias] = {**form, "description": f"{declared.name}: {form['description']}", "doNotSuggest": True}
        if declared.like:
            found["like"] = described(f"A label: {declared.name} is the size of that layer's map.", ref("label"))
    return found


def _argument(declared: ops.Arg) -> Json:
    parts = [declared.doc or declared.name, declared.kind.describe()]
    if not declared.required and declared.default is not None:
        parts.append(f"default {shown(declared.default)}")
    return described("; ".join(parts), declared.kind.schema())


def _summary(cls: type[ops.Operator]) -> str:
    return " ".join(inspect.cleandoc(cls.__doc__ or cls.name).split("\n\n")[0].split())


def _help(cls: type[ops.Operator]) -> str:
    return f"{_summary(cls)} Example: {cls.example}" if cls.example else _summary(cls)
