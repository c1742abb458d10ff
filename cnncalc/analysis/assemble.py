"""From a graph to a Report: counts, fields, conventions and totals brought together, one layer at a time."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.analysis.findings import report_misalignments, report_suspicions, set_accepted_apart
from cnncalc.analysis.liveness import peak_activation
from cnncalc.analysis.precision import own_widths, precision, stored_bits
from cnncalc.graph.structure import longest_path, odd_channels, power_of_two, reaching_outputs, widest
from cnncalc.numbers.doors import known, occurs
from cnncalc.ops.operator import Called, Operator
from cnncalc.results.arguments import Argument
from cnncalc.results.layer import Axis, Layer
from cnncalc.results.measures import counted as counted_measures
from cnncalc.results.measures import measure
from cnncalc.results.report import Report
from cnncalc.results.totals import SUMS, Depth, PeakActivation, Summary, Totals
from cnncalc.values.dtypes import DTYPES, Dtypes, tensor_bytes
from cnncalc.values.shape import Shape
from cnncalc.values.work import Count, MemoryAccess, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncalc.analysis.receptive import Misalignment, NodeField
    from cnncalc.graph.graph import Graph, Node
    from cnncalc.results.measures import Counted, Measure
    from cnncalc.rules.base import Convention
    from cnncalc.study import Question
    from cnncalc.values.diagnostics import Collector, Diagnostic

__all__ = ["DTYPES", "build_report", "tensor_bytes"]


class Facts:
    """What is the same for every layer with the same operator and input shapes."""

    __slots__ = (
        "bytes", "count", "flops", "memory", "more", "numbers", "terms", "unknown", "weighted_memory", "work",
    )  # fmt: skip

    def __init__(
        self, node: Node, convention: Convention, dtypes: Dtypes, batch: int, widths: Sequence[int] = ()
    ) -> None:
        """Count a layer; `widths` are the bits of each input's elements and of the outputs', where a spec says them."""
        count = node.op.count(node.in_shapes, node.out_shapes)
        self.count = count
        self.terms = convention.terms(count)
        """What the rule counts in one image, by label; None where it does not know."""
        self.flops = None if self.terms is None else sum(self.terms.values())
        self.numbers = {entry.name: of_images(entry, self, batch) for entry in counted_measures()}
        self.flops = self.numbers["flops"]
        memory = count.memory
        self.weighted_memory = memory.read + memory.written + memory.weights if memory and count.weighted else 0
        self.work = count.work
        self.bytes: int | None = None
        if memory is not None:
            self.bytes = 0
            if occurs(memory.total):
                tensors = [s.elements * batch for s in (*node.in_shapes, *node.out_shapes)]
                bits = list(widths) or [dtypes.activation_bits] * len(tensors)
                if sum(tensors) != batch * (memory.read + memory.written):
                    tensors, bits = [memory.read * batch, memory.written * batch], [bits[0], bits[-1]]
                self.bytes = sum(map(tensor_bytes, tensors, bits))
                width = (node.bits and node.op.weighted and node.bits.weights) or dtypes.weight_bits
                self.bytes += tensor_bytes(memory.weights, width) + tensor_bytes(memory.bias, dtypes.weight_bits)
        if batch > 1:
            count = scaled(count, batch)
            if memory is not None:
                read, written = memory.read * batch, memory.written * batch
                memory = replace(memory, read=read, written=written)
                if count.weighted:
                    self.weighted_memory = read + written + memory.weights
            self.work = count.work
        self.count = count
        self.memory = memory
        found = {**self.numbers, "work": self.work, "memory_access": memory, "bytes": self.bytes}
        self.more = tuple((name, value) for name, value in self.numbers.items() if name not in Layer._fields)
        self.unknown = tuple(name for name in (*SAID_FIRST, *dict(self.more)) if found[name] is None)

    @property
    def intensity(self) -> float | None:
        """FLOPs per byte moved; None where one of them is unknown or nothing moves."""
        return self.flops / self.bytes if self.flops is not None and self.bytes else None


SAID_FIRST = ("params", "macs", "flops", "work", "memory_access", "bytes", "connections", "activations")
"""The order in which a layer names what is unknown of it; further measures follow."""


def of_images(entry: Measure, fact: Counted, batch: int) -> int | None:
    """Return a measure of a layer for a batch."""
    assert entry.of is not None  # noqa: S101 - only what is counted is asked
    value = entry.of(fact)
    return value if value is None or not entry.batch else value * batch


def scaled(count: Count, batch: int) -> Count:
    """Return a count for several images: work and activations times the batch, weights as they are."""
    work = count.work
    return replace(
        count,
        in_elements=count.in_elements * batch,
        out_elements=count.out_elements * batch,
        bias_outputs=count.bias_outputs * batch,
        macs=None if count.macs is None else count.macs * batch,
        work=None if work is None else Work(**{kind: n * batch for kind, n in work.to_dict().items()}),
    )


def worth_saying(op: Operator) -> tuple[Argument, ...]:
    """Return the arguments that say what an operator is, the main one first.

    Left out are defaults, and whether code calls a module or a function, which only some counting rules ask.
    """
    found = []
    given = op.arguments()
    for name, declared in sorted(op.args.items(), key=lambda entry: not entry[1].main):
        value = given[name]
        usual = value is True and declared.default is None  # a bias where no normalisation follows
        uncounted = name in Called.args and isinstance(op, Called)
        if value == declared.default or usual or uncounted or isinstance(value, Operator):
            continue
        # before and after each axis, shapes and channel numbers stay lists
        axes = isinstance(value, tuple) and len(value) <= 3 and "per axis" in declared.kind.describe()
        found.append(Argument(name, value, declared.main, axes, name in op.declared))
    return tuple(found)


class FieldText:
    """The receptive field of one layer as the report has it."""

    __slots__ = ("is_global", "jump", "largest", "others", "smallest", "start", "true", "unknown")

    def __init__(self, field: NodeField) -> None:
        axes = field.spatial
        times = 1
        if axes and all(axis is axes[0] for axis in axes):  # alike on every axis: asked once
            axes, times = axes[:1], len(axes)
        self.largest = tuple([axis.size for axis in axes]) * times
        smallest = tuple([axis.smallest for axis in axes]) * times
        self.smallest = self.largest if smallest == self.largest else smallest
        self.jump: tuple[Axis, ...] = tuple([axis.jump for axis in axes]) * times
        self.start = tuple([axis.start for axis in axes]) * times
        self.true = self.largest if field.true is field.spatial else tuple(axis.size for axis in field.true)
        self.is_global = bool(axes) and all([axis.is_global for axis in axes])  # noqa: C419 - quicker, and few
        self.others = tuple((name, tuple(a.size for a in other)) for name, other in field.others.items())
        self.unknown = ("receptive_field",) if any([axis.unknown for axis in axes]) else ()  # noqa: C419 - likewise


def build_report(
    graph: Graph,
    *,
    name: str,
    source: str | None,
    file: str | None,
    variant: str | None,
    version: str,
    convention: Convention,
    dtypes: Dtypes,
    batch: int,
    collector: Collector,
    fields: tuple[Sequence[NodeField], Sequence[Misalignment]],
    counts: Counts,
    fold_bn: bool = False,
    deploy: bool = False,
    question: Question | None = None,
) -> Report:
    """Return the report of a graph; misaligned merges are added to the collector as warnings.

    `fields` are the receptive fields of its layers and the misaligned merges, as `receptive_fields` gives them, and
    `counts` what `count` gives for the same rule, dtypes and batch; `question` is what was asked.
    """
    of_layers, misaligned = fields
    report_misalignments(graph, misaligned, collector)
    report_suspicions(graph, collector)
    accepted = set_accepted_apart(graph, collector)
    peak, per_node, totals = counts
    return Report(
        version=version,
        name=name,
        source=source,
        file=file,
        batch=batch,
        input=tuple(graph.inputs.items()),
        variant=variant,
        variables=tuple(graph.variables.items()),
        convention=convention.name,
        dtype=str(dtypes),
        fold_bn=fold_bn,
        deploy=deploy,
        question=question,
        layers=layers(graph, per_node, of_layers, totals, peak.profile),
        totals=totals,
        summary=summarise(graph, of_layers, per_node, totals, peak),
        outputs=tuple((label, graph.shape(ref)) for label, ref in graph.outputs.items()),
        output_tensors=tuple(map(graph.name, graph.outputs.values())),
        warnings=warnings_of(collector),
        accepted=accepted,
    )


class Counts(NamedTuple):
    """What is counted of a graph: its peak, what each layer comes to, and the sums."""

    peak: PeakActivation
    of: list[Facts]
    totals: Totals


def count(graph: Graph, convention: Convention, dtypes: Dtypes, batch: int) -> Counts:
    """Return what is counted of a graph by a rule."""
    peak = peak_of(graph, dtypes, batch)
    return Counts(peak, *counted(graph, convention, dtypes, batch, peak))


def counted(  # noqa: PLR0917 - what a report is counted with
    graph: Graph, convention: Convention, dtypes: Dtypes, batch: int, peak: PeakActivation,
    tell: Callable[[Any], Any] | None = None,
) -> tuple[list[Facts], Totals]:  # fmt: skip
    """Return the counts of every layer, and their sums; layers that are alike share theirs.

    `tell` gives what tells shapes apart where their numbers record, which are equal in one design alone.
    """
    facts: dict[Any, Facts] = {}
    per_node: list[Facts] = []
    found = precision(graph, dtypes, batch)
    for node in graph.nodes:
        widths: tuple[int, ...] = ()
        if found is not None:
            made = node.bits.output if node.bits is not None else None
            widths = (*(stored_bits(graph, ref, dtypes) for ref in node.inputs),
                      *((made or dtypes.activation_bits,) * len(node.out_shapes)))  # fmt: skip
        shapes = node.in_shapes if tell is None else tell(node.in_shapes)
        key = (node.op, shapes, node.bits, widths) if widths else (node.op, shapes)
        fact = facts.get(key)
        if fact is None:
            fact = facts[key] = Facts(node, convention, dtypes, batch, widths)
        per_node.append(fact)
    totals = total(graph.nodes, per_node, dtypes.weight_bits, peak)
    if found is not None:
        totals = replace(totals, model_size=-(-found.model_bits // 8), precision=found)
    return per_node, totals


def warnings_of(collector: Collector) -> tuple[Diagnostic, ...]:
    """Return the warnings found so far, by place."""
    found = [d for d in collector.found if d.severity == "warning"]
    return tuple(sorted(found, key=lambda d: (d.span.file, d.span.line, d.span.column) if d.span else ("", 0, 0)))


def layers(
    graph: Graph, facts: Sequence[Facts], fields: Sequence[NodeField], totals: Totals, live: Sequence[int]
) -> tuple[Layer, ...]:
    """Return the rows of the report."""
    texts: dict[Operator, tuple[tuple[tuple[str, Any], ...], tuple[Argument, ...]]] = {}
    seen: dict[int, FieldText] = {}
    names = graph.name
    whole_params, whole_macs = whole(totals, "params"), whole(totals, "macs")
    rows = []
    for node, fact, field, alive in zip(graph.nodes, facts, fields, live, strict=True):
        op = node.op
        text = texts.get(op)
        if text is None:
            text = texts[op] = (tuple(op.arguments().items()), worth_saying(op))
        axes = seen.get(id(field))
        if axes is None:
            axes = seen[id(field)] = FieldText(field)
        count = fact.count
        params = 0 if node.shares is not None else count.params
        macs = count.macs
        span = node.place
        rows.append(
            Layer(
                node.path,
                op.name,
                tuple(map(names, node.inputs)),
                node.in_shapes,
                node.out_shapes,
                params,
                0 if node.shares is not None else count.buffers,
                macs,
                fact.flops,
                fact.work,
                fact.memory,
                fact.bytes,
                fact.intensity,
                count.activations,
                fact.numbers["connections"],
                share(params, whole_params),
                share(macs, whole_macs),
                axes.largest,
                axes.smallest,
                axes.true,
                axes.others,
                axes.jump,
                axes.start,
                axes.is_global,
                text[0],
                text[1],
                (*fact.unknown, *axes.unknown) if axes.unknown else fact.unknown,
                span.line if span else None,
                span.column if span else None,
                tuple(path for path, _ in node.trace) if node.trace else (),
                None if node.shares is None else graph.nodes[node.shares].path,
                op.weighted,
                alive,
                node.fused,
                op.declared,
                node.bits,
                fact.more if node.shares is None or not fact.more else lent(fact.more),
            )
        )
    return tuple(rows)


def lent(numbers: tuple[tuple[str, int | None], ...]) -> tuple[tuple[str, int | None], ...]:
    """Return the numbers of a layer with another's weights: what is counted once is counted there."""
    return tuple((name, 0 if measure(name).once else value) for name, value in numbers)


def whole(totals: Totals, key: str) -> int | None:
    """Return a total that parts can be shares of: None where something unknown is missing from it."""
    if key in totals.lower_bounds:
        return None
    total: int = getattr(totals, key)
    return total


def share(part: int | None, of: int | None) -> float | None:
    """Return a part of a total, 0 of an empty one; None where either is unknown."""
    if part is None or of is None:
        return None
    return part / of if of else 0.0


def peak_of(graph: Graph, dtypes: Dtypes, batch: int) -> PeakActivation:
    """Return the moment at which the most activations are alive, for a batch and a width of element."""
    peak = peak_activation(graph)
    own = own_widths(graph)
    live = tuple((name, elements * batch) for name, elements in peak.live)
    return PeakActivation(
        elements=peak.elements * batch,
        bytes=sum(tensor_bytes(elements, own.get(name, dtypes.activation_bits)) for name, elements in live),
        path=peak.path,
        live=live,
        profile=peak.profile if batch == 1 else tuple(elements * batch for elements in peak.profile),
    )


def total(nodes: Sequence[Node], facts: Sequence[Facts], bits: int, peak: PeakActivation) -> Totals:
    """Return the sums; what is unknown in a layer makes a sum a lower bound."""
    counts = counted_measures()
    sums = dict.fromkeys((entry.name for entry in counts), 0)
    weighted = moved = 0
    read = written = weights = bias = 0
    kinds: dict[str, int] = {}
    unknown: set[str] = set()
    occurrences: dict[int, list[Any]] = {}
    for node, fact in zip(nodes, facts, strict=True):
        tally = occurrences.setdefault(id(fact), [fact, 0, 0])
        tally[1] += 1
        tally[2] += node.shares is None
    for fact, times, own in occurrences.values():
        unknown.update(fact.unknown)
        for entry in counts:
            sums[entry.name] += (own if entry.once else times) * known(fact.numbers[entry.name])
        weighted += times * fact.weighted_memory
        moved += times * known(fact.bytes)
        if fact.memory is not None:
            memory: MemoryAccess = fact.memory
            read += times * memory.read
            written += times * memory.written
            weights += times * memory.weights
            bias += times * memory.bias
        if fact.work is not None:
            for kind, n in fact.work.to_dict().items():
                kinds[kind] = kinds.get(kind, 0) + times * n
    if "params" in unknown:
        unknown.add("model_size")
    if not unknown.isdisjoint(("memory_access", "activations")):
        unknown.add("peak_activation")
    own_places: dict[str, Any] = {name: sums.pop(name) for name in SUMS if name in sums}
    return Totals(
        **own_places,
        more=tuple(sums.items()),
        layers=len(nodes),
        work=Work(**kinds),
        memory_access=MemoryAccess(read=read, written=written, weights=weights, bias=bias),
        memory_access_weighted=weighted,
        bytes=moved,
        model_size=tensor_bytes(own_places["params"], bits),
        peak_activation=peak.elements,
        lower_bounds=tuple(sorted(unknown)),
    )


def summarise(
    graph: Graph, fields: Sequence[NodeField], facts: Sequence[Facts], totals: Totals, peak: PeakActivation
) -> Summary:
    """Return depth, width, the last map and what it sees."""
    index = last_map(graph, fields)
    axes = FieldText(fields[index]) if index is not None else None
    stride = total_stride(graph, index, fields[index]) if index is not None else ()
    exponents = tuple(power_of_two(step) for step in stride)
    extents = next(iter(graph.inputs.values()), Shape(())).spatial if axes else ()
    factors = tuple(
        r >> n if n is not None and r % (1 << n) == 0 else None for r, n in zip(extents, exponents, strict=False)
    )
    linear_params = linear_macs = 0
    for node, fact in zip(graph.nodes, facts, strict=True):
        if fact.count.dense:
            linear_params += known(fact.count.params) * (node.shares is None)
            linear_macs += known(fact.count.macs)
    return Summary(
        depth=Depth(
            layers=longest_path(graph),
            weighted_layers=sum(node.op.weighted for node in graph.nodes),
            blocks=len(graph.calls),
        ),
        width=widest(graph),
        stride=stride,
        resolution_k=factors,
        resolution_n=exponents,
        last_map=graph.nodes[index].out_shapes[0] if index is not None else None,
        last_map_path=graph.nodes[index].path if index is not None else None,
        receptive_field=axes.largest if axes else (),
        receptive_field_min=axes.smallest if axes else (),
        receptive_field_true=axes.true if axes else (),
        peak_activation=peak,
        fc_params=linear_params,
        fc_macs=linear_macs,
        fc_share_params=share(linear_params, whole(totals, "params")) if totals.params else None,
        fc_share_macs=share(linear_macs, whole(totals, "macs")) if totals.macs else None,
        odd_channels=odd_channels(graph),
    )


def last_map(graph: Graph, fields: Sequence[NodeField]) -> int | None:
    """Return the last layer, in execution order, that makes a map and that an output depends on.

    A map has more than one position. Where there is none, a map of one position is taken, unless it sees the whole
    input by construction.
    """
    reaching = reaching_outputs(graph)
    single = None
    for index in range(len(graph.nodes) - 1, -1, -1):
        shape = graph.nodes[index].out_shapes[0]
        if reaching[index] and len(shape) > 1:
            if shape.positions > 1:
                return index
            if single is None and not all(axis.is_global for axis in fields[index].spatial):
                single = index
    return single


def total_stride(graph: Graph, index: int, field: NodeField) -> tuple[Axis, ...]:
    """Return the input pixels per unit of a layer's map; where it sees the whole input, the ratio of the extents."""
    shape = graph.nodes[index].out_shapes[0]
    before = graph.inputs[field.source].spatial
    if len(shape.spatial) != len(before):
        return tuple(axis.jump for axis in field.spatial)
    ratios = (Fraction(extent, size) for extent, size in zip(before, shape.spatial, strict=True))
    return tuple(
        axis.jump if not axis.is_global else ratio.numerator if ratio.denominator == 1 else ratio
        for axis, ratio in zip(field.spatial, ratios, strict=True)
    )
