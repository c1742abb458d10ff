"""Budgets as they are written: a mapping of metrics to limits, the same form in specs, files and configuration."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from cnncalc.gate.budget import Bound, Budget, Limit, Origin
from cnncalc.gate.metrics import ALIASES, METRICS, Metric, find_metric, in_unit
from cnncalc.gate.quantity import QuantityError, Unit, parse_percentage, parse_quantity
from cnncalc.language.tree import Map, Scalar, Seq
from cnncalc.rules import convention as find_convention
from cnncalc.values.diagnostics import did_you_mean
from cnncalc.values.dtypes import parse_dtypes

if TYPE_CHECKING:
    from cnncalc.language.literals import Number
    from cnncalc.language.tree import Node
    from cnncalc.values.diagnostics import Collector


def read_budget(tree: Map, origin: Origin, collector: Collector) -> Budget:
    """Return what a mapping in the form of `budgets:` says; findings go to the collector."""
    return _LimitReader(origin, collector).budget(tree)


_KEYS = ("convention", "dtype", "deploy", "runtime", "device", "layers", "max_increase", "max_decrease", "warn_at",
         "variants", "match", "sum")  # fmt: skip
_VARIANTS_HINT = "write variants: {small: {macs: 100M}}"


class _LimitReader:
    __slots__ = ("_found", "_limits", "_origin", "_seen")

    def __init__(self, origin: Origin, collector: Collector) -> None:
        self._origin = origin
        self._found = collector
        self._limits: list[Limit] = []
        self._seen: dict[tuple[object, ...], Limit] = {}

    def budget(self, tree: Map) -> Budget:
        convention = dtype = warn_at = runtime = None
        deploy: bool | None = None
        variants: dict[str, Budget] = {}
        for key, node in tree.entries:
            name = key.text
            if name == "convention":
                convention = self._convention(node)
            elif name == "dtype":
                dtype = self._dtype(node)
            elif name == "deploy":
                deploy = self._flag("deploy", node)
            elif name == "runtime":
                runtime = self._runtime(node)
            elif name == "device":
                self._device(key, node)
            elif name == "warn_at":
                warn_at = self._fraction(node)
            elif name == "variants":
                variants = self._variants(node)
            elif name == "layers" and isinstance(node, Seq):
                self._layers(node)
            elif name in {"max_increase", "max_decrease"}:
                self._changes(name, node)
            else:
                self._metric(key, node)
        return Budget(origin=self._origin, limits=tuple(self._limits), convention=convention, dtype=dtype,
                      deploy=deploy, runtime=runtime, warn_at=warn_at, variants=variants)  # fmt: skip

    def _error(self, code: str, message: str, node: Node, hint: str | None) -> None:
        self._found.add(code, message, node.span, hint=hint)

    def _text(self, node: Node) -> str | None:
        return node.text if isinstance(node, Scalar) and isinstance(node.value, str) else None

    def _convention(self, node: Node) -> str | None:
        name = self._text(node) or (node.text if isinstance(node, Scalar) else "")
        try:
            return find_convention(name).name
        except ValueError as error:
            self._error("bad-budget", str(error), node, "name one of these rules")
            return None

    def _dtype(self, node: Node) -> str | None:
        try:
            return str(parse_dtypes(node.text if isinstance(node, Scalar) else ""))
        except ValueError as error:
            self._error("bad-budget", str(error), node, "name one of these types")
            return None

    def _flag(self, name: str, node: Node) -> bool | None:
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        self._error("bad-budget", f"{name}: is true or false", node, f"write {name}: true")
        return None

    def _runtime(self, node: Node) -> str | None:
        from cnncalc.deployment.runtimes import find_runtime

        try:
            return find_runtime(node.text if isinstance(node, Scalar) else "").name
        except ValueError as error:
            self._error("bad-budget", str(error), node, "name one of these runtimes")
            return None

    def _device(self, key: Scalar, node: Node) -> None:
        """Limit flash and SRAM to what a device has."""
        from cnncalc.devices import DeviceError

        try:
            found = device_limits(node.text if isinstance(node, Scalar) else "", self._origin)
        except DeviceError as error:
            self._error("bad-budget", str(error), node, "cnncalc devices lists them")
            return
        for limit in found:
            self._add(replace(limit, span=key.span), key)

    def _fraction(self, node: Node) -> Fraction | None:
        try:
            return Fraction(parse_quantity(node.value if isinstance(node, Scalar) else node, Unit.SHARE))
        except QuantityError as error:
            self._error("bad-quantity", f"warn_at: {error.message}", node, error.hint)
            return None

    def _variants(self, node: Node) -> dict[str, Budget]:
        if not isinstance(node, Map):
            self._error("bad-budget", "variants: is a mapping of variants to budgets", node, _VARIANTS_HINT)
            return {}
        found = {}
        for key, inner in node.entries:
            if isinstance(inner, Map) and "variants" not in inner:
                found[key.text] = _LimitReader(self._origin, self._found).budget(inner)
            else:
                self._error("bad-budget", f"variant '{key.text}': its budgets are a mapping", inner, _VARIANTS_HINT)
        return found

    def _layers(self, node: Seq) -> None:
        for item in node.items:
            pattern = item.get("match") if isinstance(item, Map) else None
            text = pattern.text if isinstance(pattern, Scalar) else ""
            if not isinstance(item, Map) or not text:
                self._error("bad-budget", "layers: each entry names the layers that it is for", item,
                            'write - {match: "layer4.*", macs: {max: 60M}}')  # fmt: skip
                continue
            together = self._together(item.get("sum"))
            before = len(self._limits)
            for key, inner in item.entries:
                if key.text not in {"match", "sum"}:
                    self._metric(key, inner, text, together=together)
            if len(self._limits) == before and not self._found.errors:
                self._error("bad-budget", f"layers: the entry for '{text}' limits nothing", item, "add macs: 60M")

    def _together(self, node: Node | None) -> bool:
        if node is None:
            return False
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        self._error("bad-budget", "sum: is true or false", node, "write sum: true to limit the layers' sum")
        return False

    def _changes(self, bound: str, node: Node) -> None:
        if not isinstance(node, Map) or not len(node):
            self._error("bad-budget", f"{bound}: is a mapping of metrics to amounts", node,
                        f"write {bound}: {{macs: 2%, params: 0}}")  # fmt: skip
            return
        for key, inner in node.entries:
            metric = self._find(key, None)
            if metric is None:
                continue
            try:
                value, relative = read_change(inner.value if isinstance(inner, Scalar) else inner, metric)
            except QuantityError as error:
                self._error("bad-quantity", f"{bound} of {key.text}: {error.message}", inner, error.hint)
                continue
            self._add(Limit(metric=metric.name, bound="max_increase" if bound == "max_increase" else "max_decrease",
                            value=value, relative=relative, origin=self._origin, span=key.span), key)  # fmt: skip

    def _metric(self, key: Scalar, node: Node, match: str | None = None, *, together: bool = False) -> None:
        metric = self._find(key, match)
        if metric is None:
            return
        if isinstance(node, Map):
            inner = next((side for _, side in node.entries), node)
            metric = in_unit(metric, inner.value if isinstance(inner, Scalar) else None)
            if not len(node):
                self._error("bad-budget", f"{key.text}: the limit is missing", key, f"write {key.text}: {{max: 300M}}")
            for side, inner in node.entries:
                if side.text == "max":
                    self._limit(metric, "max", side, inner, match, together=together)
                elif side.text == "min":
                    self._limit(metric, "min", side, inner, match, together=together)
                else:
                    hint = _comma_hint(side) or did_you_mean(side.text, ("max", "min"), "write max or min")
                    self._error("bad-budget", f"{key.text}: there is no bound '{side.text}'", side, hint)
        else:
            metric = in_unit(metric, node.value if isinstance(node, Scalar) else None)
            self._limit(metric, "max", key, node, match, together=together)

    def _find(self, key: Scalar, match: str | None) -> Metric | None:
        name = key.text
        metric = find_metric(name)
        listed = [m.name for m in METRICS.values() if match is None or m.layer is not None]
        if metric is None:
            near = did_you_mean(name, (*listed, *ALIASES, *_KEYS), f"metrics are {', '.join(listed)}")
            self._error("unknown-metric", f"there is no metric '{name}'", key, _comma_hint(key) or near)
            return None
        if match is not None and metric.layer is None:
            self._error("unknown-metric", f"{metric.name} is of the whole network, not of one layer", key,
                        f"metrics of a layer are {', '.join(listed)}")  # fmt: skip
            return None
        return metric

    def _limit(
        self, metric: Metric, bound: Bound, key: Scalar, node: Node, match: str | None, *, together: bool
    ) -> None:
        written = node.value if isinstance(node, Scalar) else node
        if isinstance(node, Map | Seq):
            what = "list" if isinstance(node, Seq) else "mapping"
            self._error("bad-quantity", f"{metric.name}: a {what} is not a quantity", node,
                        "write a number such as 300M, or {max: 300M}")  # fmt: skip
            return
        try:
            value, relative = read_limit(written, metric, of_layer=match is not None)
        except QuantityError as error:
            self._error("bad-quantity", f"{metric.name}: {error.message}", node, error.hint)
            return
        self._add(Limit(metric=metric.name, bound=bound, value=value, relative=relative, origin=self._origin,
                        span=key.span, match=match, together=together), key)  # fmt: skip

    def _add(self, limit: Limit, key: Scalar) -> None:
        first = self._seen.get(limit.key)
        if first is not None:
            related = (("first given here", first.span),) if first.span else ()
            self._found.add("duplicate-key", f"the {limit.bound} of {limit.metric} is given twice", key.span,
                            hint="remove one of the two", related=related)  # fmt: skip
            return
        self._seen[limit.key] = limit
        self._limits.append(limit)


def _comma_hint(key: Scalar) -> str | None:
    """Return the hint for a key that is the rest of a number with commas: `{macs: 1,000}`."""
    return "a comma ends the entry: write 1000, not 1,000" if key.text[:1].isdigit() else None


def device_limits(name: str, origin: Origin) -> tuple[Limit, ...]:
    """Return the limits on flash and SRAM that a device sets.

    Raises:
        DeviceError: there is no such device, or it keeps no memories apart.
    """
    from cnncalc.devices import DeviceError
    from cnncalc.devices import find as find_device

    device = find_device(name)
    sizes = {"flash": device.flash, "sram": device.sram}
    found = tuple(
        Limit(metric=metric, bound="max", value=size, origin=origin)
        for metric, size in sizes.items()
        if size is not None
    )
    if not found:
        raise DeviceError(f"device '{name}' has neither flash nor SRAM of its own to fit into")
    return found


def read_limit(written: object, metric: Metric, *, of_layer: bool = False) -> tuple[Number, bool]:
    """Return a limit's value, and whether it is a share of the total.

    Raises:
        QuantityError: it is no quantity of the metric's unit.
    """
    if of_layer and metric.additive:
        part = parse_percentage(written)
        if part is not None:
            return parse_quantity(written, Unit.SHARE), True
    if metric.unit is not Unit.SHARE and parse_percentage(written) is not None:
        hint = "shares of the total are for additive metrics" if of_layer else "write a number, such as 300M"
        raise QuantityError(f"'{written}' is a percentage and {metric.name} is no share", hint)
    return parse_quantity(written, metric.unit), False


def read_change(written: object, metric: Metric) -> tuple[Number, bool]:
    """Return by how much a metric may change, and whether that is a fraction of its earlier value.

    Raises:
        QuantityError: it is neither a percentage nor a quantity of the metric's unit.
    """
    if metric.unit is Unit.SHARE:
        return parse_quantity(written, Unit.SHARE), False
    part = parse_percentage(written)
    return (part, True) if part is not None else (parse_quantity(written, metric.unit), False)
