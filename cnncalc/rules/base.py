"""What a counting rule is: a table from operator family to named terms over a layer's Count.

A rule is data. It knows no operator class, no file and no network; it reads the features that an operator declares
(`cnncalc.values.work.Count`) and returns integers, or None where the rule has no entry: unknown, never a silent 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cnncalc.numbers.doors import occurs
from cnncalc.values.record import record
from cnncalc.values.work import Count

Formula = Callable[[Count], int | None]


@record(kw_only=True)
class RuleTerm:
    """One named part of what a rule counts in a layer.

    Attributes:
        label: what is counted, as it reads after a plus sign ("2 per BatchNorm element").
        formula: how many, for one layer, one image, forward; negative where a rule counts too little, None if unknown.
    """

    label: str
    formula: Formula


@record(kw_only=True)
class FamilyRule:
    """What a rule counts in one family of operators; without terms the family is ignored, for the reason in `note`."""

    terms: tuple[RuleTerm, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """A named way to turn a layer's Count into one number.

    Attributes:
        name: what `--flops` takes.
        unit: what the tool calls its number ("FLOPs", "MACs", "mult-adds"), also where that is not what it counts.
        source: where the rule was read.
        version: the release of the tool that it reproduces, "" for a rule that is no tool's.
        summary: the rule in one sentence.
        table: from operator name or family to what is counted; a name goes before its family.
        otherwise: the entry of every operator that the table does not name; None: unknown.
        mistakes: where the number is not what its name says.
    """

    name: str
    unit: str
    source: str
    version: str
    summary: str
    table: Mapping[str, FamilyRule] = field(default_factory=dict)
    otherwise: FamilyRule | None = None
    mistakes: tuple[str, ...] = ()

    def entry(self, count: Count) -> FamilyRule | None:
        """Return what the rule says about this operator, None if nothing."""
        return self.table.get(count.op) or self.table.get(count.family) or self.otherwise

    def terms(self, count: Count) -> dict[str, int] | None:
        """Return label and number of each term that is not zero, for one layer, one image, forward; None if unknown."""
        entry = self.entry(count)
        if entry is None:
            return None
        numbers: dict[str, int] = {}
        for term in entry.terms:
            number = term.formula(count)
            if number is None:
                return None
            if occurs(number):
                numbers[term.label] = numbers.get(term.label, 0) + number
        return numbers

    def flops(self, count: Count) -> int | None:
        """Return the layer's number under this rule, for one image, forward; None if the rule does not know it."""
        numbers = self.terms(count)
        return None if numbers is None else sum(numbers.values())


def ignored(note: str, *names: str) -> dict[str, FamilyRule]:
    """Return the entries of families that a rule leaves out, all for the same reason."""
    return dict.fromkeys(names, FamilyRule(note=note))


def counted(*terms: RuleTerm, note: str = "") -> FamilyRule:
    """Return the entry of a family from its terms."""
    return FamilyRule(terms=terms, note=note)


def macs(count: Count) -> int | None:
    """Return the multiply-accumulates."""
    return count.macs


def bias_outputs(count: Count) -> int:
    """Return the outputs that receive a bias."""
    return count.bias_outputs


def inputs(count: Count) -> int:
    """Return the elements of the inputs."""
    return count.in_elements


def outputs(count: Count) -> int:
    """Return the elements of the outputs."""
    return count.out_elements


def positions(count: Count) -> tuple[int, int]:
    """Return the spatial positions of the first input and of the first output."""
    return count.in_elements // count.channels, count.out_elements // count.out_channels


def along(count: Count) -> int:
    """Return the extent of the axis that the layer works along, by default the channels."""
    axis = count.arguments.get("axis", "channel")
    place: int = {"channel": 0, "last": -1}.get(axis, axis)
    return count.in_shapes[0][place]


def rank(count: Count) -> int:
    """Return the spatial axes of the first input: 2 for a map, 0 for a vector."""
    return len(count.in_shapes[0]) - 1


def per(number: int, what: Formula) -> Formula:
    """Return the formula of `number` operations for each of something."""

    def formula(count: Count) -> int | None:
        found = what(count)
        return None if found is None else number * found

    return formula


def when(condition: Callable[[Count], bool], formula: Formula) -> Formula:
    """Return a formula that is 0 where the condition does not hold."""
    return lambda count: formula(count) if condition(count) else 0


def has_scale(count: Count) -> bool:
    """Whether a normalisation has a learnable scale."""
    return count.affine


def has_no_scale(count: Count) -> bool:
    """Whether a normalisation has no learnable scale."""
    return not count.affine


def per_element(name: str, scaled: int, plain: int) -> tuple[RuleTerm, RuleTerm]:
    """Return the terms of a normalisation that costs `scaled` per element with a learnable scale, else `plain`."""
    return (
        RuleTerm(label=f"{scaled} per {name} element", formula=when(has_scale, per(scaled, inputs))),
        RuleTerm(label=f"{plain} per {name} element without scale", formula=when(has_no_scale, per(plain, inputs))),
    )


def is_module(count: Count) -> bool:
    """Whether the reference code has the layer as a module, which counters that hook modules see."""
    return bool(count.arguments.get("call", "module") == "module")


def is_called(count: Count) -> bool:
    """Whether the reference code uses PyTorch's operator for the layer, as module or function, not a plain mean."""
    return count.arguments.get("call") != "mean"


def is_function(count: Count) -> bool:
    """Whether a product of activations is a call of a function, which can be patched, not the operator @."""
    return bool(count.arguments.get("call") == "function")


def is_fused(count: Count) -> bool:
    """Whether attention is one call, scaled_dot_product_attention."""
    return bool(count.arguments.get("call") == "fused")


def has_gain(count: Count) -> bool:
    """Whether a convolution has a gain: in PyTorch it is a class of its own then."""
    return bool(count.arguments.get("gain"))


def has_no_gain(count: Count) -> bool:
    """Whether a convolution is a plain one."""
    return not count.arguments.get("gain")


def standardised(count: Count) -> int | None:
    """Return the weights of a convolution that are standardised at every call, 0 without a gain."""
    if count.params is None or not has_gain(count):
        return 0
    return count.params - count.biases - count.out_channels


def from_output(count: Count) -> int | None:
    """Return how many multiply-accumulates more a transposed convolution gets when output positions are counted."""
    if count.macs is None:
        return None
    before, after = positions(count)
    return count.macs // before * after - count.macs


def states(count: Count) -> int:
    """Return the values of all states of a recurrent layer: steps x hidden x layers x directions."""
    given = count.arguments
    directions = 2 if given["bidirectional"] else 1
    return int(count.in_shapes[0][1] * given["hidden"] * given["layers"] * directions)


MACS = RuleTerm(label="multiply-accumulates", formula=macs)
TWICE = RuleTerm(label="1 more per multiply-accumulate", formula=macs)
BIAS = RuleTerm(label="bias, 1 per output element", formula=bias_outputs)
STANDARDISED = RuleTerm(label="5 per standardised weight", formula=per(5, standardised))
FROM_OUTPUT = RuleTerm(label="transposed convolutions counted at output positions", formula=from_output)

WEIGHTED = ("conv", "conv_transpose", "linear")
NORMS = ("batch_norm", "instance_norm", "layer_norm", "group_norm")
ACTIVATIONS = ("activation", "softmax", "log_softmax")
MAX_POOLS = ("max_pool", "min_pool", "adaptive_max_pool", "global_max_pool")
MEAN_POOLS = ("avg_pool", "adaptive_avg_pool", "global_avg_pool")
MOVES = ignored("moves elements, computes nothing", "view", "shuffle", "concat", "pad", "max_unpool")
COPIES = ignored("moves elements, computes nothing", "tokens", "unfold", "roll", "repeat_channels")
PLAIN_NORMS = ("rms_norm", "l2_norm", "grn")
