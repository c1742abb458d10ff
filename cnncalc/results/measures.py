"""The table of measures: one entry for every number that is said of a layer or of a network.

`Layer`, `Totals`, their JSON and its schema, the schema of budgets, data frames, `--columns`, `--sort`, what a budget
limits, `diff` and the sections of `explain` read it; what shows a number keeps headings and order alone. A new number
is one entry here and one heading in `render.headings`.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from cnncalc.values.work import Count

    class Counted(Protocol):
        """A layer as it is counted, for one image."""

        @property
        def count(self) -> Count:
            """Everything countable about it."""

        @property
        def flops(self) -> int | None:
            """Its operations under the counting rule."""


class Basis(Enum):
    """Where a number is from."""

    COUNT = "the count of an operator"
    FIELD = "receptive fields"
    ORDER = "the order in which the layers run"
    GRAPH = "the graph"
    PLAN = "a runtime's planner"
    WIDTHS = "layers that say bits or density"


class Measure(NamedTuple):
    """One number.

    Attributes:
        name: its attribute of a layer, of the totals or both, and its key in JSON.
        unit: elements, bytes, pixels or share; "" for a plain number of things.
        title: what it is in a few words, for sentences.
        meaning: what it is, exactly.
        source: where it is from.
        of: its value for a layer as counted, for one image; None where it is made of other numbers.
        each: a layer has it, not a network alone.
        adds: that of a network is the sum over its layers.
        batch: it is multiplied by the images at once.
        once: weights that layers share are counted where they are owned.
        rule: `convention` or `dtype` where it depends on that.
        budget: its name in budgets; "" where none limits it.
        also: another name of it there.
        ratchet: a baseline records it.
        more_is_better: the smaller value is the worse one.
        in_bytes: the budget on the same in bytes, for a limit that is written in them.
        section: where `explain` works it out; "" nowhere.
        aside: words beside it there; with them, a layer that has none of it says nothing.
        column: its column in data frames, where that is not its name and its unit.
    """

    name: str
    unit: str
    title: str
    meaning: str
    source: Basis
    of: Callable[[Counted], int | None] | None = None
    each: bool = False
    adds: bool = False
    batch: bool = False
    once: bool = False
    rule: str = ""
    budget: str = ""
    also: str = ""
    ratchet: bool = False
    more_is_better: bool = False
    in_bytes: str = ""
    section: str = ""
    aside: str = ""
    column: str = ""

    @property
    def header(self) -> str:
        """Its column in data frames, the unit in its name."""
        return self.column or (f"{self.name}_{self.unit}" if self.unit else self.name)


MEASURES: list[Measure] = [
    Measure(
        "macs", "", "multiply-accumulates", "multiply-accumulates", Basis.COUNT, lambda x: x.count.macs,
        each=True, adds=True, batch=True, budget="macs", ratchet=True, section="macs",
    ),
    Measure(
        "flops", "", "floating-point operations", "floating-point operations under the report's convention",
        Basis.COUNT, lambda x: x.flops, each=True, adds=True, batch=True, rule="convention", budget="flops",
        ratchet=True,
    ),
    Measure(
        "params", "", "parameters", "learnable values; 0 where the weights are another layer's", Basis.COUNT,
        lambda x: x.count.params, each=True, adds=True, once=True, budget="params", ratchet=True, section="params",
    ),
    Measure(
        "buffers", "", "buffers", "values kept but not learned", Basis.COUNT, lambda x: x.count.buffers, each=True,
        adds=True, once=True, section="params", aside="kept, not learned",
    ),
    Measure(
        "model_size", "bytes", "model size", "the parameters in bytes", Basis.COUNT, adds=True, once=True,
        rule="dtype", budget="model_size", ratchet=True,
    ),
    Measure(
        "memory_access", "elements", "elements moved", "elements read, written, and of weights and bias", Basis.COUNT,
        each=True, adds=True, batch=True, budget="memory_access", ratchet=True, in_bytes="memory_access_bytes",
        column="moved_elements",
    ),
    Measure(
        "memory_access_weighted", "elements", "elements moved by weighted layers",
        "read + written + weights of convolutions, transposed convolutions and linear layers", Basis.COUNT, adds=True,
        batch=True,
    ),
    Measure(
        "bytes", "bytes", "bytes moved", "all elements moved, in bytes of the report's dtype", Basis.COUNT, each=True,
        adds=True, batch=True, rule="dtype", budget="memory_access_bytes", column="moved_bytes",
    ),
    Measure(
        "intensity", "share", "FLOPs per byte", "flops per byte moved", Basis.COUNT, each=True, rule="dtype",
        column="intensity_flops_per_byte",
    ),
    Measure(
        "activations", "elements", "activations",
        "output elements of a convolution, transposed convolution or linear layer; 0 elsewhere", Basis.COUNT,
        lambda x: x.count.activations, each=True, adds=True, batch=True, budget="activations", ratchet=True,
        section="connections", aside="output elements",
    ),
    Measure(
        "peak_activation", "elements", "elements alive at once",
        "most activation elements alive at once, nothing in place; the largest moment, not a sum", Basis.ORDER,
        batch=True, budget="peak_activation", ratchet=True, in_bytes="peak_activation_bytes",
    ),
    Measure(
        "peak_activation_bytes", "bytes", "bytes alive at once", "the same in bytes of the report's dtype",
        Basis.ORDER, batch=True, rule="dtype", budget="peak_activation_bytes",
    ),
    Measure(
        "arena", "bytes", "bytes of the runtime's arena", "bytes that the runtime's planner needs for activations",
        Basis.PLAN, batch=True, rule="dtype", budget="arena",
    ),
    Measure(
        "sram", "bytes", "bytes of arena and interpreter", "the arena and what the interpreter keeps", Basis.PLAN,
        batch=True, rule="dtype", budget="sram",
    ),
    Measure(
        "flash", "bytes", "bytes of weights, biases and scales", "weights, biases and scales as they are stored",
        Basis.PLAN, once=True, rule="dtype", budget="flash",
    ),
    Measure(
        "largest_tensor", "bytes", "bytes of the largest activation", "the largest activation", Basis.PLAN, batch=True,
        rule="dtype", budget="largest_tensor",
    ),
    Measure(
        "bops", "", "binary operations: macs by bits of weight and activation",
        "macs by the bits of weight and activation, over the layers with bits:", Basis.WIDTHS, adds=True, batch=True,
        rule="dtype", budget="bops",
    ),
    Measure(
        "ops", "", "operations as binary networks count them",
        "operations as papers on binary networks count them", Basis.WIDTHS, adds=True, batch=True, rule="dtype",
        budget="ops",
    ),
    Measure(
        "effective_macs", "", "multiply-accumulates with weights that are not zero",
        "multiply-accumulates with weights that are not zero", Basis.WIDTHS, adds=True, batch=True,
        budget="effective_macs",
    ),
    Measure(
        "receptive_field", "pixels", "receptive field, its smaller axis",
        "largest over positions, along the spatial path", Basis.FIELD, each=True, budget="receptive_field", also="rf",
        ratchet=True, more_is_better=True,
    ),
    Measure(
        "depth", "", "convolutions and linear layers on the longest path",
        "most convolutions, transposed convolutions and linear layers on any path from input to output", Basis.GRAPH,
        budget="depth",
    ),
    Measure(
        "width", "", "most channels of a hidden layer",
        "most channels of any weighted layer's output, the network's outputs left out", Basis.GRAPH, each=True,
        budget="width",
    ),
    Measure("layers", "", "layers", "the number of layers", Basis.GRAPH, budget="layers", also="layer_count"),
    Measure(
        "connections", "", "connections", "output positions times parameters per position", Basis.COUNT,
        lambda x: x.count.connections, each=True, adds=True, budget="connections", section="connections",
    ),
    Measure(
        "live", "elements", "elements alive while it runs",
        "activation elements alive while it runs, nothing in place; the batch multiplied", Basis.ORDER, each=True,
        batch=True,
    ),
    Measure(
        "fc_share", "share", "share of the parameters in linear layers",
        "part of the parameters in linear layers; None where the whole is unknown or nothing", Basis.COUNT,
        budget="fc_share",
    ),
    Measure(
        "share_params", "share", "share of the parameters",
        "part of the network's parameters; None where the whole is unknown", Basis.COUNT, each=True,
        column="share_params",
    ),
    Measure(
        "share_macs", "share", "share of the multiply-accumulates",
        "part of the network's multiply-accumulates; None where the whole is unknown", Basis.COUNT, each=True,
        column="share_macs",
    ),
]  # fmt: skip
"""Every measure, in the order in which budgets list them."""


def measure(name: str) -> Measure:
    """Return the measure of this name.

    Raises:
        KeyError: there is none.
    """
    for entry in MEASURES:
        if entry.name == name:
            return entry
    raise KeyError(name)


def counted() -> tuple[Measure, ...]:
    """Return the measures that an operator's count says of a layer and that add up."""
    return tuple(entry for entry in MEASURES if entry.of is not None)


def summed(first: tuple[str, ...] = ()) -> tuple[Measure, ...]:
    """Return the measures of a layer that add up: those of `first` in its order, then the rest."""
    found = [entry for entry in MEASURES if entry.each and entry.adds]
    return tuple(sorted(found, key=lambda entry: first.index(entry.name) if entry.name in first else len(first)))


def meanings() -> dict[str, str]:
    """Return what each measure is, by name."""
    return {entry.name: entry.meaning for entry in MEASURES}
