"""What a place in a spec is for: from the keys that lead to it, whatever else is wrong with the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.language.schema import schema
from cnncalc.language.slots import CONDITION, DENSITY, EXTENTS, REPEAT, VALUE, WIDTHS
from cnncalc.language.template import MODIFIERS, PATH_MODIFIERS
from cnncalc.ops import base as ops
from cnncalc.ops.arguments import Nested

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.editor.cursor import Cursor, CursorFrame
    from cnncalc.editor.names import BlockName
    from cnncalc.ops.arguments import Kind

Json = dict[str, Any]
_SCHEMA: list[Json] = []
LABELS = {"from", "share"}
EXPRESSIONS: Mapping[str, Kind] = {"repeat": REPEAT, "when": CONDITION, "density": DENSITY}


class CompletionContext(NamedTuple):
    """What a place is for.

    Attributes:
        what: item, layers, call, value, label, new, walk, merge, source, block-call, blocks, block, params, form,
            variants, variant, defaults, use, codes, word, flag, keep or nothing.
        of: what it belongs to: an operator, a block's name, the form of a mapping in the schema.
        kind: what kind of value is wanted, of a value.
        block: the name of the block that is being written.
    """

    what: str
    of: Any = None
    kind: Kind | None = None
    block: str = ""


NOTHING = CompletionContext("nothing")


def forms() -> Json:
    """Return the JSON Schema of specs; it is made once."""
    if not _SCHEMA:
        _SCHEMA.append(schema())
    return _SCHEMA[0]


def resolved(form: Json) -> Json:
    """Return the form of a mapping behind references and alternatives."""
    seen = form
    for _ in range(8):
        if "$ref" in seen:
            seen = forms()["definitions"][seen["$ref"].rsplit("/", 1)[1]]
        elif "properties" in seen or "enum" in seen:
            return seen
        else:
            inner = [*seen.get("allOf", ()), *seen.get("anyOf", ())]
            seen = next((part for part in inner if "$ref" in part or part.get("type") == "object"), {})
    return seen


def mapping_of(name: str) -> Json:
    """Return the keys of a mapping that the schema defines, each with its form."""
    found = forms()["definitions"][name]
    form = next(part for part in (found, *found.get("anyOf", ())) if "properties" in part)
    properties: Json = form["properties"]
    return properties


def place_of(cursor: Cursor, blocks: Mapping[str, BlockName]) -> CompletionContext:
    """Return what the place of a cursor is for."""
    place = CompletionContext("form", forms())
    for frame in cursor.frames:
        if frame.kind == "seq":
            place = entry_of(place)
        elif frame.key is not None and not (frame is cursor.frames[-1] and cursor.on_key):
            place = value_of(place, frame, blocks)
    return place


def entry_of(place: CompletionContext) -> CompletionContext:
    """Return what an entry of a list is for."""
    if place.what in {"layers", "source"}:
        return place._replace(what="item")
    if place.what == "merge":
        return place._replace(what="label")
    if place.what == "form" and isinstance(place.of, dict):
        inner = [part for part in place.of.get("anyOf", ()) if part.get("type") == "array"]
        return place._replace(of=resolved(inner[0].get("items", {})) if inner else {})
    return place


def value_of(place: CompletionContext, frame: CursorFrame, blocks: Mapping[str, BlockName]) -> CompletionContext:
    """Return what the value of a key is for."""
    key = frame.key or ""
    if place.what == "form":
        return _of_form(place, key)
    if place.what == "item":
        return _of_item(place, key, frame, blocks)
    if place.what == "call":
        cls: type[ops.Operator] = place.of
        name = cls.spellings.get(key)
        if name is None:
            return NOTHING
        if key == "like" and cls.args[name].like:
            return place._replace(what="label")
        return place._replace(what="value", of=cls.args[name], kind=cls.args[name].kind)
    if place.what == "value" and isinstance(place.kind, Nested):
        nested = ops.find(key)
        return NOTHING if nested is None else place._replace(what="call", of=nested)
    if place.what in {"merge", "source"}:
        if place.what == "source" and key in PATH_MODIFIERS:
            return _of_modifier(place, key)
        return place._replace(what="source") if place.what == "merge" else NOTHING
    if place.what == "block-call":
        return place._replace(what="value", of=None, kind=VALUE)
    if place.what == "blocks":
        return place._replace(what="block", of=resolved({"$ref": "#/definitions/block"}), block=key)
    if place.what == "block":
        if key == "layers":
            return place._replace(what="layers")
        if key == "params":
            return place._replace(what="params")
        return place._replace(what="label" if key == "outputs" else "codes" if key == "accept" else "new")
    if place.what in {"params", "variant"}:
        return place._replace(what="value", of=None, kind=VALUE)
    if place.what == "variants":
        return place._replace(what="variant")
    if place.what == "walk":
        return place._replace(what="value", of=None, kind=VALUE)
    if place.what == "defaults":
        cls_ = ops.find(key)
        return NOTHING if cls_ is None else place._replace(what="call", of=cls_)
    return NOTHING


TOP = {"layers": "layers", "blocks": "blocks", "defaults": "defaults", "variants": "variants", "vars": "variant",
       "outputs": "label", "accept": "codes", "use": "use"}  # fmt: skip


def _of_form(place: CompletionContext, key: str) -> CompletionContext:
    """Return what a key of the file, or of a mapping that the schema alone knows, is for."""
    if place.of is forms() and key in TOP:
        if key == "vars":
            return place._replace(what="params")
        return place._replace(what=TOP[key])
    if place.of is forms() and key in {"input", "inputs"}:
        return place._replace(what="value", of=None, kind=EXTENTS) if key == "input" else NOTHING
    form = place.of.get("properties", {}).get(key) if isinstance(place.of, dict) else None
    if form is None and isinstance(place.of, dict) and isinstance(place.of.get("additionalProperties"), dict):
        form = place.of["additionalProperties"]
    if form is None:
        return NOTHING
    if key in {"convention", "dtype", "runtime", "device"}:
        return place._replace(what="word", of=key)
    return place._replace(of=_form_of(form))


def _form_of(form: Json) -> Json:
    """Return a form with the alternatives that may be typed: one mapping, or a list."""
    inner = form.get("anyOf", ())
    return form if any(part.get("type") == "array" for part in inner) else resolved(form)


def _of_item(
    place: CompletionContext, key: str, frame: CursorFrame, blocks: Mapping[str, BlockName]
) -> CompletionContext:
    """Return what a key of an item is for."""
    if key in blocks:
        return place._replace(what="block-call", of=key)
    if key in MODIFIERS:
        if key == "first":
            called = next((name for name in frame.keys if name in blocks or ops.find(name)), "")
            return _of_item(place, called, frame, blocks) if called else NOTHING
        return _of_modifier(place, key)
    cls = ops.find(key)
    if cls is not None:
        return place._replace(what="merge" if cls.sources is None else "call", of=cls)
    for name in frame.keys:
        merge = ops.find(name)
        if merge is not None and merge.sources is None and key in merge.spellings:
            return place._replace(what="value", of=None, kind=merge.args[merge.spellings[key]].kind)
    return NOTHING


def _of_modifier(place: CompletionContext, key: str) -> CompletionContext:
    """Return what a modifier of an item, or of a path, is for."""
    if key in LABELS:
        return place._replace(what="label")
    if key in EXPRESSIONS:
        return place._replace(what="value", of=None, kind=EXPRESSIONS[key])
    if key == "layers":
        return place._replace(what="layers")
    if key in {"each", "branches"}:
        return place._replace(what="walk")
    if key == "bits":
        return place._replace(what="form", of={"properties": {name: {} for name in WIDTHS}})
    return place._replace(what={"accept": "codes", "tied": "flag", "keep": "keep"}.get(key, "new"))
