"""What a model's settings say of its layers: their names, what each call reads, and what comes out.

Keras 3 writes tensors as `__keras_tensor__` with the layer, its call and its result; Keras 2 as lists of these three.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from cnncalc.interop.keras.first_version import of_today

NAME_LENGTH = 200


class Malformed(Exception):  # noqa: N818 - said of a file
    """What the settings hold is not what Keras writes."""


class KerasHistory(NamedTuple):
    """Where a tensor comes from: a layer's name, which of its calls, and which result."""

    layer: str
    call: int
    port: int


@dataclass(slots=True)
class CallReads:
    """What one call of a layer reads, in order, and by name."""

    plain: list[KerasHistory] = field(default_factory=list)
    named: dict[str, list[KerasHistory]] = field(default_factory=dict)
    constants: list[Any] = field(default_factory=list)
    keys: list[Any] | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    """What else a call of Keras 2 is given by name."""

    def all(self) -> Iterator[KerasHistory]:
        """Every tensor that it reads."""
        yield from self.plain
        for items in self.named.values():
            yield from items


@dataclass(slots=True, eq=False)
class KerasLayer:
    """One layer of a model: what its file says of it.

    Attributes:
        name: unique in its model.
        kind: its class.
        config: its settings.
        module: where the class stands in Keras, empty if the file does not say.
        calls: what each of its calls reads.
        built: the extents that the file says it was built for.
        base: the path of its first call, once there was one.
        registered: the name that a class of somebody's own is registered by, with its package.
    """

    name: str
    kind: str
    config: dict[str, Any]
    module: str
    calls: list[CallReads]
    built: Any = None
    base: str | None = None
    inner: Any = None
    registered: str = ""


Stated = dict[tuple[str, int], dict[int, list[Any]]]
"""By layer and call, the extents of each result that the file writes, batch first; None is open."""


def layer_of(entry: Any, stated: Stated) -> KerasLayer:
    """Return a layer from its entry in a file."""
    if not isinstance(entry, dict) or not isinstance(entry.get("config"), dict | list):
        raise Malformed("has a layer without a config")
    raw = entry["config"]
    config = raw if isinstance(raw, dict) else {"layers": raw}
    kind, name = entry.get("class_name"), entry.get("name") or config.get("name") or entry.get("class_name")
    if not isinstance(kind, str) or not isinstance(name, str) or not 0 < len(name) <= NAME_LENGTH:
        raise Malformed("has a layer without a name")
    kind, config = of_today(kind, config)
    nodes = entry.get("inbound_nodes") or []
    if not isinstance(nodes, list):
        raise Malformed(f"has inbound_nodes of '{name}' that are no list")
    built = entry.get("build_config")
    module, registered = entry.get("module"), entry.get("registered_name")
    return KerasLayer(
        name, kind, config, module if isinstance(module, str) else "", [reading(n, stated) for n in nodes],
        built.get("input_shape") if isinstance(built, dict) else None,
        registered=registered if isinstance(registered, str) else "",
    )  # fmt: skip


def reading(node: Any, stated: Stated) -> CallReads:
    """Return what one call reads."""
    found = CallReads()
    if isinstance(node, dict):
        tensors(node.get("args") or [], found.plain, stated, found.constants)
        found.keys = indices(node.get("args"))
        given = node.get("kwargs") or {}
        if not isinstance(given, dict):
            raise Malformed("has a call with kwargs that are no mapping")
        for key, value in given.items():
            held: list[KerasHistory] = []
            tensors(value, held, stated, [])
            if held:
                found.named[key] = held
    else:
        found.plain = histories(node)
        for key, value in by_name(node).items():
            if is_history(value):
                found.named[key] = histories(value)
            else:
                found.settings[key] = value
    return found


def is_history(value: Any) -> bool:
    """Whether a value of Keras 2 names a tensor: its layer, the call, the result."""
    return (isinstance(value, list) and len(value) in (3, 4) and isinstance(value[0], str)
            and all(isinstance(n, int) and not isinstance(n, bool) for n in value[1:3]))  # fmt: skip


def by_name(node: Any) -> dict[str, Any]:
    """Return what a call of Keras 2 is given by name: the fourth entry of its first tensor."""
    while isinstance(node, list) and node and isinstance(node[0], list):
        node = node[0]
    found = node[3] if isinstance(node, list) and len(node) == 4 else None
    return found if isinstance(found, dict) else {}


def indices(args: Any) -> list[Any] | None:
    """Return what a tensor is indexed by, where a call's second argument is that: `x[:, 1, ...]`."""
    if not isinstance(args, list) or len(args) != 2:
        return None
    found: list[Any] = []
    for key in args[1] if isinstance(args[1], list) else [args[1]]:
        if isinstance(key, dict) and key.get("class_name") == "__slice__":
            ends = [key["config"].get(name) for name in ("start", "stop", "step")]
            if any(isinstance(n, bool) or not (n is None or isinstance(n, int)) for n in ends) or ends[2] == 0:
                return None
            found.append(slice(*ends))
        elif isinstance(key, dict):
            found.append("..." if key.get("class_name") == "__ellipsis__" else object())
        elif key is None or (isinstance(key, int) and not isinstance(key, bool)):
            found.append(key)
        else:
            return None
    return found


def tensors(value: Any, into: list[KerasHistory], stated: Stated, others: list[Any]) -> None:
    """Collect the tensors of Keras 3 in a value, depth first, and what is none of them."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            config = value["config"]
            history = KerasHistory(*config["keras_history"])
            into.append(checked(history))
            if isinstance(config.get("shape"), list):
                stated.setdefault((history.layer, history.call), {})[history.port] = config["shape"]
            return
        for key in sorted(value):
            tensors(value[key], into, stated, others)
    elif isinstance(value, list):
        for item in value:
            tensors(item, into, stated, others)
    else:
        others.append(value)


def histories(value: Any) -> list[KerasHistory]:
    """Return the tensors in lists of layer, call and result, whatever they stand in."""
    if isinstance(value, Mapping):
        return [h for key in sorted(value) for h in histories(value[key])]
    if not isinstance(value, list):
        raise Malformed(f"names a tensor by {str(value)[:40]!r}")
    if len(value) in (3, 4) and isinstance(value[0], str) and not isinstance(value[1], list | str):
        return [checked(KerasHistory(*value[:3]))]
    return [h for item in value for h in histories(item)]


def checked(history: KerasHistory) -> KerasHistory:
    """Return a tensor's place; raise Malformed where it is none."""
    layer, call, port = history
    if not isinstance(layer, str) or not isinstance(call, int) or not isinstance(port, int) or min(call, port) < 0:
        raise Malformed("names a tensor by something else than layer, call and result")
    return history


@dataclass(slots=True, eq=False)
class Model:
    """One model: its layers in the file's order, what it takes and gives, and the extents that the file writes."""

    layers: dict[str, KerasLayer]
    inputs: list[KerasHistory]
    outputs: list[KerasHistory]
    stated: Stated


def is_model(kind: str, config: Mapping[str, Any]) -> bool:
    """Whether settings are those of a model whose layers are in them."""
    return isinstance(config.get("layers"), list) and (
        kind in ("Sequential", "Functional", "Model") or "input_layers" in config
    )


def model_of(kind: str, config: Mapping[str, Any]) -> Model:
    """Return a model from its settings.

    Raises:
        Malformed: Keras writes no such settings.
    """
    stated: Stated = {}
    listed = [layer_of(entry, stated) for entry in config["layers"]]
    layers = {layer.name: layer for layer in listed}
    if len(layers) < len(listed):
        twice = next(layer.name for n, layer in enumerate(listed) if layer.name in {x.name for x in listed[:n]})
        raise Malformed(f"has two layers '{twice}'")
    if not layers:
        raise Malformed("has no layers")
    if kind == "Sequential":
        return chained(layers, config)
    return Model(layers, histories(config.get("input_layers") or []), histories(config.get("output_layers") or []),
                 stated)  # fmt: skip


def chained(layers: dict[str, KerasLayer], config: Mapping[str, Any]) -> Model:
    """Return a Sequential as the model that it is: every layer reads the one before it."""
    listed = list(layers.values())
    if listed[0].kind != "InputLayer":
        first = listed[0].config
        shape = (first.get("batch_input_shape") or first.get("batch_shape") or config.get("build_input_shape")
                 or listed[0].built)  # fmt: skip
        name = "input_layer"
        while name in layers:
            name += "_"
        listed.insert(0, KerasLayer(name, "InputLayer", {"batch_shape": shape, "name": name}, "", []))
    stated: Stated = {}
    for before, layer in pairwise(listed):
        last = KerasHistory(before.name, 0, 0)
        layer.calls = [CallReads([last])]
        if isinstance(layer.built, list) and not any(isinstance(n, list) for n in layer.built):
            stated[last.layer, 0] = {0: layer.built}
    return Model({layer.name: layer for layer in listed}, [KerasHistory(listed[0].name, 0, 0)],
                 [KerasHistory(listed[-1].name, 0, 0)], stated)  # fmt: skip
