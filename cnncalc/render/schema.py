"""The JSON Schema (draft-07) of a report: what `show --format json` prints and `Report.to_dict()` returns."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

from cnncalc.results.layer import COUNTS, Layer
from cnncalc.results.measures import counted, meanings
from cnncalc.results.precision import Precision
from cnncalc.results.report import SCHEMA
from cnncalc.results.runtime import Alive, RuntimeMemory
from cnncalc.results.totals import SUMS, Depth, PeakActivation, Summary, Totals
from cnncalc.values.work import MemoryAccess, Work

if TYPE_CHECKING:
    from collections.abc import Sequence

Json = dict[str, Any]

COUNT: Json = {"type": "integer"}
UNKNOWABLE: Json = {"type": ["integer", "null"]}
RATIO: Json = {"type": ["number", "null"]}
TEXT: Json = {"type": "string"}
OPTIONAL: Json = {"type": ["string", "null"]}
FLAG: Json = {"type": "boolean"}
SHAPE: Json = {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1}
SHAPES: Json = {"type": "array", "items": SHAPE, "minItems": 1}
STRINGS: Json = {"type": "array", "items": TEXT}
FIELD: Json = {"type": "array", "items": UNKNOWABLE, "maxItems": 3}
STEPS: Json = {"type": "array", "items": RATIO, "maxItems": 3}
GROUPED = ("work", "memory_access")
"""The numbers that are several."""
NAMED_SHAPES: Json = {"type": "object", "additionalProperties": SHAPE}


def report_schema() -> Json:
    """Return the JSON Schema of a report. Keys may be added within one number of `schema`; readers ignore them."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "cnncalc report",
        "description": "The analysis of one network. Counts are exact integers; an unknown number is null.",
        **_object(
            {
                "schema": ({"enum": [SCHEMA]}, "number of this form; keys are only added within one number"),
                "cnncalc": (TEXT, "version of the program"),
                "name": (TEXT, "the network's name"),
                "source": (OPTIONAL, "the spec's citation"),
                "file": (OPTIONAL, "path of the spec"),
                "batch": ({"type": "integer", "minimum": 1}, "images at once"),
                "input": (NAMED_SHAPES, "shape of each input without the batch"),
                "variant": (OPTIONAL, "the variant of the spec"),
                "variables": ({"type": "object"}, "values of the spec's variables"),
                "convention": (TEXT, "the counting rule behind flops"),
                "dtype": (TEXT, "what an element is stored as"),
                "layers": ({"type": "array", "items": {"$ref": "#/definitions/layer"}}, "layers in execution order"),
                "totals": ({"$ref": "#/definitions/totals"}, "sums over all layers"),
                "outputs": (NAMED_SHAPES, "shape of each output"),
                "summary": ({"$ref": "#/definitions/summary"}, "the network as designers speak of it"),
                "warnings": ({"type": "array", "items": {"$ref": "#/definitions/finding"}}, "what looks wrong"),
            },
            {
                "fold_bn": (FLAG, "whether each BatchNorm is folded into the layer before it"),
                "deploy": (FLAG, "whether the network is counted as a runtime gets it"),
                "memory": ({"$ref": "#/definitions/memory"}, "what a runtime needs; of a deployed network only"),
                "patches": ({"type": "object"}, "what running the first stage patch by patch does"),
            },
        ),
        "definitions": {
            "work": _object(dict.fromkeys(Work().to_dict(), (COUNT, "")), {"declared": (COUNT, "")})
            | {"description": _summary(Work)},
            "memory_access": _object(dict.fromkeys(MemoryAccess().to_dict(), (COUNT, "elements")))
            | {"description": _summary(MemoryAccess)},
            "layer": _layer(),
            "totals": _totals(),
            "summary": _network(),
            "peak": _peak(),
            "memory": _memory(),
            "finding": _finding(),
        },
    }


def _object(keys: dict[str, tuple[Json, str]], optional: dict[str, tuple[Json, str]] | None = None) -> Json:
    """Return the form of a mapping, each key with its form and what it means."""
    properties = {name: _described(*entry) for name, entry in {**keys, **(optional or {})}.items()}
    return {"type": "object", "required": list(keys), "properties": properties}


def _described(form: Json, text: str) -> Json:
    if not text:
        return form
    return {"description": text, "allOf": [form]} if "$ref" in form else {"description": text, **form}


def _summary(cls: type) -> str:
    return " ".join(inspect.cleandoc(cls.__doc__ or "").split("\n\n")[0].split())


def _attributes(cls: type) -> dict[str, str]:
    """Return what a class's docstring says about each attribute."""
    _, _, listed = inspect.cleandoc(cls.__doc__ or "").partition("Attributes:\n")
    entries = re.findall(r"^    (\w+): (.+(?:\n {8,}.+)*)", listed, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in entries}


def _documented(forms: dict[str, Json], *classes: type) -> dict[str, tuple[Json, str]]:
    meant = {name: f"{text}." for name, text in meanings().items()}
    for cls in classes:
        meant.update(_attributes(cls))
    return {name: (form, meant.get(name, "")) for name, form in forms.items()}


def _memory() -> Json:
    sizes = dict.fromkeys(("arena", "tail", "sram"), UNKNOWABLE)
    alive = _object(_documented({"name": TEXT, "bytes": COUNT, "scratch": FLAG}, Alive))
    keys = {
        "runtime": OPTIONAL, "version": OPTIONAL, **sizes,
        **dict.fromkeys(("flash", "largest_tensor", "live_peak"), COUNT), "peak_layer": TEXT,
        "alive": {"type": "array", "items": alive},
        "kernels": {"enum": ["reference", "given", "none"]}, "notes": STRINGS,
    }  # fmt: skip
    operators = _documented({"operators": {"type": "object", "additionalProperties": COUNT}}, RuntimeMemory)
    return _object(_documented(keys, RuntimeMemory), operators) | {"description": _summary(RuntimeMemory)}


def _precision() -> dict[str, tuple[Json, str]]:
    """Return the totals that are there where a layer says its bits or density."""
    counts = ("bops", "model_bits", "weights", "nonzero", "effective_macs", "sparse_bits", "sparse_bits_indexed")
    return _documented({"ops": RATIO, **dict.fromkeys(counts, COUNT)}, Precision)


def _layer() -> Json:
    keys = _documented(
        {
            "path": TEXT,
            "op": TEXT,
            "inputs": STRINGS,
            "in_shapes": SHAPES,
            "out_shape": SHAPE,
            "out_shapes": SHAPES,
            **dict.fromkeys(COUNTS, UNKNOWABLE),
            **{name: {"anyOf": [{"$ref": f"#/definitions/{name}"}, {"type": "null"}]} for name in GROUPED},
            "buffers": COUNT,
            "intensity": RATIO,
            **dict.fromkeys(_further(COUNTS), UNKNOWABLE),
            "live": COUNT,
            "share_params": RATIO,
            "share_macs": RATIO,
            "receptive_field": FIELD,
            "receptive_field_min": FIELD,
            "receptive_field_true": FIELD,
            "receptive_fields": {"type": "object", "additionalProperties": FIELD},
            "jump": STEPS,
            "start": FIELD,
            "global": FLAG,
            "attributes": {"type": "object"},
            "unknown": STRINGS,
            "line": UNKNOWABLE,
            "column": UNKNOWABLE,
            "calls": STRINGS,
            "shares": OPTIONAL,
        },
        Layer,
    )
    keys["out_shape"] = (SHAPE, "the shape it makes, `[C, *S]`; of several, the first")
    keys["global"] = (FLAG, _attributes(Layer)["is_global"])
    keys["attributes"] = ({"type": "object"}, _attributes(Layer)["arguments"])
    optional = _documented({"fused": STRINGS, "declared": STRINGS, "bits": {"type": "object"}}, Layer)
    return _object(keys, {**optional, "density": (RATIO, "the share of its weights that is not zero")})


def _further(own: Sequence[str]) -> list[str]:
    """Return the measures that have no place of their own there."""
    return [entry.name for entry in counted() if entry.name not in own]


def _totals() -> Json:
    keys = _documented(
        {
            **dict.fromkeys(SUMS, COUNT),
            **{name: {"$ref": f"#/definitions/{name}"} for name in GROUPED},
            **dict.fromkeys(_further(SUMS), COUNT),
            "lower_bounds": STRINGS,
        },
        Layer,
        Totals,
    )
    return _object(keys, _precision())


def _network() -> Json:
    depth = _object(_documented(dict.fromkeys(("layers", "weighted_layers", "blocks"), COUNT), Depth))
    odd = _object({"path": (TEXT, ""), "channels": (COUNT, "")})
    resolution = _object({"k": (FIELD, _attributes(Summary)["resolution_k"]), "n": (FIELD, "n in the same")})
    keys = _documented(
        {
            "depth": depth,
            "weighted_layers": COUNT,
            "width": UNKNOWABLE,
            "stride": STEPS,
            "resolution": resolution,
            "last_map": {"anyOf": [SHAPE, {"type": "null"}]},
            "last_map_path": OPTIONAL,
            "receptive_field": FIELD,
            "receptive_field_min": FIELD,
            "receptive_field_true": FIELD,
            "peak_activation": {"anyOf": [{"$ref": "#/definitions/peak"}, {"type": "null"}]},
            "fc_params": COUNT,
            "fc_macs": COUNT,
            "fc_share_params": RATIO,
            "fc_share_macs": RATIO,
            "odd_channels": {"type": "array", "items": odd},
        },
        Depth,
        Layer,
        Summary,
    )
    keys["depth"] = (depth, "how deep the network is")
    keys["resolution"] = (resolution, "k and n in r = k*2^n, per axis")
    return _object(keys)


def _peak() -> Json:
    live = _object({"name": (TEXT, "the layer that made it, or an input"), "elements": (COUNT, "")})
    forms: dict[str, Json] = {
        "elements": COUNT,
        "bytes": COUNT,
        "path": OPTIONAL,
        "live": {"type": "array", "items": live},
    }
    return _object(_documented(forms, PeakActivation))


def _finding() -> Json:
    return _object(
        {
            "code": (TEXT, "kebab-case name of the kind of finding"),
            "severity": ({"enum": ["error", "warning"]}, ""),
            "message": (TEXT, "who, what is wrong, the value received"),
            "path": (OPTIONAL, "the layer concerned"),
            "line": (UNKNOWABLE, "line of the spec, 1-based"),
            "column": (UNKNOWABLE, "column of the spec, 1-based"),
            "hint": (OPTIONAL, "how to repair it"),
        }
    )
