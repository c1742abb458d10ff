"""Limits judged on networks: every metric, layers by glob, shares, unknown parts, changes.

Numbers of ResNet-50 are those of torchvision's network as PyTorch counts them (25,557,032 parameters, of which the last
layer has 2048*1000 + 1000); those of the small networks are worked out beside them.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

import cnncalc
from cnncalc.gate.budget import Limit, Origin, layered
from cnncalc.gate.compare import Delta, compare
from cnncalc.gate.config import read_call
from cnncalc.gate.judge import Judgement, Status, judge_change, judge_layers, judge_total, standing
from cnncalc.gate.metrics import METRICS, Measured, at_least, declared_note, heaviest, known
from cnncalc.gate.places import moved_most
from cnncalc.testing import BudgetDoubtError, assert_within
from cnncalc.values.diagnostics import SpecError

if TYPE_CHECKING:
    from cnncalc.gate.budget import Bound
    from cnncalc.results.report import Report

TINY: dict[str, Any] = {
    "cnncalc": 1,
    "input": [3, 8, 8],
    "layers": [
        {"conv": {"out": 4, "kernel": 3, "bias": False}, "as": "a"},
        "relu",
        {"conv": {"out": 2, "kernel": 3, "bias": False}, "as": "b"},
        "flatten",
        {"linear": 5, "as": "head"},
    ],
}
HIDDEN: dict[str, Any] = {
    "cnncalc": 1,
    "input": [3, 8, 8],
    "layers": [{"conv": {"out": 4, "kernel": 3}, "as": "a"}, {"opaque": {"out": [4, 6, 6]}, "as": "box"}],
}


def report(spec: Any = TINY, **options: Any) -> Report:
    return cnncalc.analyze(spec, **options)


def judged(budget: dict[str, object], spec: Any = TINY, warn_at: Fraction | None = None) -> Judgement:
    (limit,) = layered([read_call(budget, "test")])
    found = report(spec, convention=limit.convention, dtype=limit.dtype)
    if limit.match is not None:
        return judge_layers(limit, found, warn_at)
    return judge_total(limit, found, lambda wanted: wanted.subject.total(found), warn_at)


def test_every_metric_of_a_small_network() -> None:
    """Conv a: 6*6*4 outputs of 27 taps; b: 4*4*2 of 36; head: 32 to 5, with 5 biases. Field 3, then 5."""
    macs = 144 * 27 + 32 * 36 + 32 * 5
    params = 108 + 72 + 165
    read = 192 + 144 + 144 + 32
    written = 144 + 144 + 32 + 5
    moved = read + written + params
    expected = {
        "macs": macs,
        "flops": 144 * 53 + 144 + 32 * 71 + 5 * 64,
        "params": params,
        "model_size": 4 * params,
        "memory_access": moved,
        "memory_access_bytes": 4 * moved,
        "activations": 144 + 32 + 5,
        "peak_activation": 192 + 144,
        "peak_activation_bytes": 4 * (192 + 144),
        **dict.fromkeys(("bops", "ops", "effective_macs"), 0),  # of a network with bits or density; unknown otherwise
        "receptive_field": 5,
        "depth": 3,
        "width": 4,
        "layers": 5,
        "connections": 144 * 27 + 32 * 36 + 5 * 33,
        "fc_share": Fraction(165, params),
    }
    found = report()
    assert {name: metric.total(found).low for name, metric in METRICS.items() if not metric.planned} == expected
    assert all(metric.total(found).known != (metric.planned or metric.widths) for metric in METRICS.values())


def test_resnet_50_as_published() -> None:
    found = report("resnet50")
    share = METRICS["fc_share"].total(found)
    assert share.low == Fraction(2_049_000, 25_557_032)
    assert share.part == (2_049_000, 25_557_032)
    assert METRICS["depth"].total(found).low == 50
    assert METRICS["receptive_field"].total(found).low == 427
    assert METRICS["model_size"].total(found).low == 4 * 25_557_032


def test_the_receptive_field_is_the_smaller_axis() -> None:
    spec = {"cnncalc": 1, "input": [1, 9, 9], "layers": [{"conv": {"out": 1, "kernel": [3, 7]}}]}
    assert METRICS["receptive_field"].total(report(spec)).low == 3


@pytest.mark.parametrize(
    ("limit", "status"),
    [(5200, Status.WITHIN), (5201, Status.WITHIN), (5199, Status.OVER), (0, Status.OVER)],
)
def test_a_limit_is_inclusive(limit: int, status: Status) -> None:
    assert 144 * 27 + 32 * 36 + 32 * 5 == 5200
    assert judged({"macs": limit}).status is status
    mirrored = {Status.WITHIN: Status.OVER, Status.OVER: Status.WITHIN}
    assert judged({"macs": {"min": limit}}).status is (Status.WITHIN if limit == 5200 else mirrored[status])


def test_a_warning_needs_to_be_asked_for() -> None:
    assert judged({"macs": 5300}).status is Status.WITHIN
    assert judged({"macs": 5300}, warn_at=Fraction(95, 100)).status is Status.NEAR
    assert judged({"macs": 6000}, warn_at=Fraction(95, 100)).status is Status.WITHIN
    assert judged({"macs": {"min": 5100}}, warn_at=Fraction(95, 100)).status is Status.NEAR
    assert judged({"macs": 0}, {**TINY, "layers": ["relu"]}, warn_at=Fraction(1, 2)).status is Status.WITHIN


def test_layers_by_glob_each_together_and_as_shares() -> None:
    each = judged({"layers": [{"match": "[ab]", "macs": 3000}]})
    assert (each.status, each.matched, each.path) == (Status.OVER, 2, "a")
    assert [finding.path for finding in each.findings] == ["a"]
    together = judged({"layers": [{"match": "[ab]", "macs": 5040, "sum": True}]})
    assert (together.status, together.measured.low) == (Status.WITHIN, 5040)
    share = judged({"layers": [{"match": "a", "macs": "74%"}]})
    assert share.status is Status.OVER
    assert share.measured.part == (3888, 5200)
    assert judged({"layers": [{"match": "a", "macs": {"min": "74%"}}]}).status is Status.WITHIN


def test_a_glob_without_a_layer_is_a_doubt_with_a_proposal() -> None:
    found = judged({"layers": [{"match": "haed", "macs": 3000}]})
    assert found.status is Status.DOUBT
    assert found.findings[0].code == "no-such-layer"
    assert found.findings[0].hint == "did you mean 'head'?"


@pytest.mark.parametrize(
    ("budget", "status"),
    [
        ({"macs": "1G"}, Status.DOUBT),
        ({"macs": 3887}, Status.OVER),
        ({"macs": {"min": 3888}}, Status.WITHIN),
        ({"macs": {"min": 3889}}, Status.DOUBT),
        ({"params": "1G"}, Status.DOUBT),
        ({"flops": "1T"}, Status.DOUBT),
        ({"model_size": "1 GiB"}, Status.DOUBT),
        ({"memory_access": "1G"}, Status.DOUBT),
        ({"memory_access_bytes": "1G"}, Status.DOUBT),
        ({"activations": "1G"}, Status.DOUBT),
        ({"peak_activation": "1G"}, Status.DOUBT),
        ({"receptive_field": 1000}, Status.DOUBT),
        ({"receptive_field": {"min": 1}}, Status.DOUBT),
        ({"layers": [{"match": "box", "receptive_field": {"min": 1}}]}, Status.DOUBT),
        ({"layers": [{"match": "a", "receptive_field": {"min": 3}}]}, Status.WITHIN),
        ({"depth": 100}, Status.DOUBT),
        ({"connections": "1G"}, Status.DOUBT),
        ({"fc_share": "100%"}, Status.DOUBT),
        ({"layers": 2}, Status.WITHIN),
        ({"layers": [{"match": "a", "macs": 3888}]}, Status.WITHIN),
        ({"layers": [{"match": "box", "macs": "1G"}]}, Status.DOUBT),
        ({"layers": [{"match": "*", "macs": "1G", "sum": True}]}, Status.DOUBT),
        ({"layers": [{"match": "a", "macs": "100%"}]}, Status.WITHIN),
        ({"layers": [{"match": "a", "macs": "99%"}]}, Status.DOUBT),
    ],
)
def test_what_an_opaque_layer_hides_never_passes(budget: dict[str, object], status: Status) -> None:
    """The known convolution has 6*6*4*27 = 3,888 multiply-accumulates; nobody knows how many the box has."""
    assert judged(budget, HIDDEN).status is status


@pytest.mark.parametrize(
    ("bound", "measured", "status"),
    [
        ("max", known(10), Status.WITHIN),
        ("max", known(11), Status.OVER),
        ("max", at_least(11, ""), Status.OVER),
        ("max", at_least(0, ""), Status.DOUBT),
        ("max", Measured(low=0, high=10), Status.WITHIN),
        ("max", Measured(low=0, high=11), Status.DOUBT),
        ("min", known(10), Status.WITHIN),
        ("min", known(9), Status.OVER),
        ("min", at_least(10, ""), Status.WITHIN),
        ("min", at_least(9, ""), Status.DOUBT),
        ("min", Measured(low=0, high=9), Status.OVER),
    ],
)
def test_intervals(bound: Any, measured: Measured, status: Status) -> None:
    limit = Limit(metric="macs", bound=bound, value=10, origin=Origin(kind="call", name="test"))
    assert standing(limit, measured, None)[0] is status


@pytest.mark.parametrize(
    ("bound", "value", "relative", "before", "after", "status"),
    [
        ("max_increase", Fraction(2, 100), True, known(100), known(102), Status.WITHIN),
        ("max_increase", Fraction(2, 100), True, known(100), known(103), Status.OVER),
        ("max_increase", Fraction(2, 100), True, known(0), known(1), Status.OVER),
        ("max_increase", 0, False, known(100), known(100), Status.WITHIN),
        ("max_increase", 0, False, known(100), known(101), Status.OVER),
        ("max_increase", 5, False, known(100), known(50), Status.WITHIN),
        ("max_increase", 5, False, known(100), at_least(106, ""), Status.OVER),
        ("max_increase", 5, False, known(100), at_least(50, ""), Status.DOUBT),
        ("max_increase", 5, False, at_least(100, ""), known(100), Status.WITHIN),
        ("max_increase", 5, False, at_least(100, ""), known(200), Status.DOUBT),
        ("max_decrease", 0, False, known(100), known(99), Status.OVER),
        ("max_decrease", Fraction(1, 10), True, known(100), known(90), Status.WITHIN),
    ],
)
def test_changes(  # noqa: PLR0917 - one column of the table each
    bound: Any, value: Any, relative: bool, before: Measured, after: Measured, status: Status
) -> None:
    limit = Limit(metric="macs", bound=bound, value=value, relative=relative, origin=Origin(kind="call", name="test"))
    assert judge_change(limit, before, after, "main").status is status


def test_the_peak_says_where_and_what_is_alive() -> None:
    """While conv a runs, its input (3*8*8) and its output (4*6*6) are alive; the activation holds only 2*144."""
    found = judged({"peak_activation": 300})
    assert found.status is Status.OVER
    assert found.measured.where == "a"
    assert dict(found.measured.live) == {"input": 192, "a": 144}
    assert "the peak is at layer 'a'" in found.findings[0].message


def test_the_heaviest_layers_are_named() -> None:
    assert [(layer.path, value) for layer, value in heaviest(report(), METRICS["macs"])] == [
        ("a", 3888), ("b", 1152), ("head", 160)
    ]  # fmt: skip
    assert "the heaviest layer is 'a' with 3,888" in judged({"macs": 1}).findings[0].message


def test_layers_are_paired_by_path() -> None:
    wider = {**TINY, "layers": [*TINY["layers"][:2], {"conv": {"out": 3, "kernel": 3, "bias": False}, "as": "b2"},
                                *TINY["layers"][3:]]}  # fmt: skip
    found = compare(report(), report(wider))
    assert [(change.path, change.kind) for change in found.layers] == [
        ("b2", "added"), ("b", "removed"), ("head", "changed"), ("flatten1", "changed")
    ]  # fmt: skip
    assert found.same == 2
    macs = next(delta for delta in found.totals if delta.metric == "macs")
    assert (macs.before, macs.after, macs.change) == (5200, 3888 + 48 * 36 + 48 * 5, 576 + 80)
    assert macs.ratio == Fraction(656, 5200)
    assert not compare(report(), report()).changed
    assert found.changed
    assert compare(report(), report(dtype="fp16")).changed  # bytes alone


def test_a_number_that_is_not_known_on_one_side_has_no_change() -> None:
    found = Delta(metric="macs", before=None, after=7)
    assert (found.change, found.ratio) == (None, None)
    assert found.to_dict() == {"before": None, "after": 7, "delta": None, "percent": None}
    assert Delta(metric="macs", before=7, after=None).change is None
    assert Delta(metric="fc_share", before=Fraction(1, 2), after=Fraction(1, 4)).to_dict() == {
        "before": 0.5, "after": 0.25, "delta": -0.25, "percent": -50.0
    }  # fmt: skip
    assert Delta(metric="macs", before=10**20, after=10**20 + 1).to_dict()["delta"] == 1


def test_growth_is_traced_to_the_layer_that_grew_most_and_shrinking_to_the_one_that_shrank() -> None:
    """Layer a goes from 3888 to 1944 MACs, b from 1152 to 2304 (twice the outputs, half the inputs), head doubles."""
    layers = TINY["layers"]
    other = {**TINY, "layers": [{"conv": {"out": 2, "kernel": 3, "bias": False}, "as": "a"}, layers[1],
                                {"conv": {"out": 8, "kernel": 3, "bias": False}, "as": "b"}, *layers[3:]]}  # fmt: skip
    both = compare(report(), report(other))
    cases: list[tuple[str, Bound, str]] = [
        ("macs", "max_increase", "b"), ("macs", "max_decrease", "a"), ("params", "max_increase", "head"),
        ("receptive_field", "max_increase", "a"),
    ]  # fmt: skip
    for metric, bound, path in cases:
        layer = moved_most(Limit(metric=metric, bound=bound, value=0, origin=Origin(kind="call", name="test")), both)
        assert layer is not None
        assert layer.path == path, (metric, bound)


def test_a_minimum_says_how_much_of_it_there_is() -> None:
    assert judged({"macs": {"min": 10_400}}).fill == Fraction(1, 2)
    assert judged({"macs": {"min": 0}}).fill is None
    assert judged({"receptive_field": {"min": 10}}).fill == Fraction(1, 2)


def test_a_finding_on_a_layer_stands_on_its_line_and_column() -> None:
    spec = cnncalc.parse(
        "cnncalc: 1\ninput: [3, 8, 8]\nlayers:\n  - relu\n  - {conv: {out: 4, kernel: 3}, as: a}\n"
    )
    found = cnncalc.analyze(spec)
    (limit,) = layered([read_call({"layers": [{"match": "a", "macs": 1}]}, "test")])
    (finding,) = judge_layers(limit, found, None).findings
    assert (finding.line, finding.column) == (5, 6)
    made = judged({"layers": [{"match": "a", "macs": 1}]}).findings[0]  # of Python data, which has no lines
    assert (made.line, made.column) == (1, 1)


def test_assert_within_returns_the_report() -> None:
    assert assert_within(TINY, macs=5200, fc_share="50%").totals.macs == 5200
    assert assert_within("resnet50", macs="4.1G").name == "resnet50"
    assert assert_within(cnncalc.load("resnet50"), params={"min": 1}).totals.params == 25_557_032


def test_assert_within_says_everything_that_is_over() -> None:
    with pytest.raises(AssertionError) as failed:
        assert_within(TINY, macs=100, params=3, layers=[{"match": "head", "macs": 160}])
    message = str(failed.value)
    assert "macs is 5,200 (5.2k), over its maximum of 100 by 5,100 (5.1k), 52 times as much" in message
    assert "params is 345, over its maximum of 3 by 342" in message
    assert "layer 'head'" not in message.replace("heaviest layer is 'head'", "")


def test_assert_within_never_passes_a_doubt() -> None:
    for spec, budget in (
        (TINY, {}),
        (HIDDEN, {"macs": "1G"}),
        (TINY, {"layers": [{"match": "gone", "macs": 1}]}),
        ({**TINY, "budgets": {"mcas": 3}}, {"macs": "1G"}),
    ):
        with pytest.raises(BudgetDoubtError):
            assert_within(spec, **budget)
    with pytest.raises(SpecError, match="unknown-metric"):
        assert_within(TINY, mcas=3)


def test_assert_within_keeps_the_specs_own_budgets() -> None:
    own = {**TINY, "budgets": {"macs": 10}}
    with pytest.raises(AssertionError, match="over its maximum of 10"):
        assert_within(own, params=1000)
    assert assert_within(own, macs=6000)


def test_in_place_reuses_an_operand() -> None:
    """In place the activation needs no second 4*16*16; the convolution before it then needs the most."""
    spec = {"cnncalc": 1, "input": [1, 16, 16], "layers": [{"conv": {"out": 4, "kernel": 1}}, "relu"]}
    with pytest.raises(AssertionError, match=r"peak_activation is 2,048"):
        assert_within(spec, peak_activation=1300)
    assert assert_within(spec, peak_activation=1280, in_place=True)


def test_a_change_says_how_far_it_goes_and_which_way() -> None:
    def change(bound: Any, before: int, after: int, value: int = 5) -> Judgement:
        limit = Limit(metric="macs", bound=bound, value=value, origin=Origin(kind="call", name="test"))
        return judge_change(limit, known(before), known(after), "main")

    grown, shrunk = change("max_increase", 100, 120), change("max_decrease", 100, 80)
    assert grown.fill == shrunk.fill == 4
    assert grown.findings[0].excess == Fraction(6, 5)
    assert shrunk.findings[0].excess == Fraction(4, 5)
    assert grown.findings[0].brief == "macs grew by more than it may"
    assert shrunk.findings[0].brief == "macs shrank by more than it may"
    assert change("max_increase", 0, 9).findings[0].excess is None
    assert change("max_increase", 100, 90).fill == change("max_increase", 100, 100, 0).fill == 0
    assert change("max_increase", 100, 101, 0).fill is None
    assert (grown.findings[0].line, grown.findings[0].column) == (1, 1)


def test_the_layer_shown_is_the_one_that_is_farthest() -> None:
    """Convolution a has 3,888 multiply-accumulates, b 1,152."""
    least = judged({"layers": [{"match": "[ab]", "macs": {"min": 5000}}]})
    assert (least.path, least.measured.low) == ("b", 1152)
    most = judged({"layers": [{"match": "[ab]", "macs": 5000}]})
    assert (most.path, most.measured.low) == ("a", 3888)


def test_shares_of_heavy_layers_are_of_the_whole() -> None:
    """3,888 + 1,152 + 160 = 5,200."""
    rows = {row.path: (row.value, row.share) for row in judged({"macs": 1}).heaviest}
    assert list(rows) == ["a", "b", "head"]
    assert all(share * 5200 == value for value, share in rows.values())


@pytest.mark.parametrize(("count", "words"), [
    (1, "layer 'box0' is unknown"),
    (2, "layer 'box0' and 1 more are unknown"),
    (3, "layer 'box0' and 2 more are unknown"),
])  # fmt: skip
def test_layers_that_hide_a_number_are_counted(count: int, words: str) -> None:
    boxes = [{"opaque": {"out": [4, 6, 6]}, "as": f"box{k}"} for k in range(count)]
    assert words in judged({"macs": "1G"}, {"cnncalc": 1, "input": [3, 8, 8], "layers": boxes}).findings[0].message


def test_a_field_behind_an_opaque_layer_names_it_and_one_beside_it_does_not() -> None:
    box: dict[str, Any] = {"opaque": {"out": [4, 8, 8]}, "as": "box"}
    conv = {"conv": {"out": 4, "kernel": 3, "padding": 1}}
    spec: dict[str, Any] = {"cnncalc": 1, "input": [3, 8, 8], "layers": [
        box, {**conv, "as": "beside", "from": "input"}, {"add": ["box", "beside"], "as": "sum"}, {**conv, "as": "end"},
    ]}  # fmt: skip

    def said(path: str, *, spec: Any = spec) -> Judgement:
        return judged({"layers": [{"match": path, "receptive_field": 100}]}, spec)

    for path in ("box", "sum", "end"):
        assert "layer 'box' is unknown inside" in said(path).findings[0].message
    assert said("beside").status is Status.WITHIN
    declared = {**spec, "layers": [{**box, "opaque": {"out": [4, 8, 8], "field": "same"}}, *spec["layers"][1:]]}
    assert said("end", spec=declared).measured.low == 5


def test_the_peak_in_bytes_says_what_is_alive_in_bytes() -> None:
    """Four bytes for each of the input's 192 elements and the 144 of convolution a; one of these where bits say so."""
    found = judged({"peak_activation": "1 KiB"})
    assert (found.measured.low, dict(found.measured.live)) == (4 * 336, {"input": 768, "a": 576})
    narrow = {**TINY, "bits": {"output": 8}}
    assert judged({"peak_activation": "1 KiB"}, narrow).measured.low == 4 * 192 + 144


def test_how_much_a_layer_moved_is_a_size() -> None:
    wider = {**TINY, "layers": [{"conv": {"out": 6, "kernel": 3, "bias": False}, "as": "a"}, *TINY["layers"][1:]]}
    there, back = (compare(report(old), report(new)) for old, new in ((TINY, wider), (wider, TINY)))
    moved = {change.path: change.weight for change in there.layers}
    assert moved == {change.path: change.weight for change in back.layers}
    for change in there.layers:
        assert change.weight == tuple(abs(delta.change or 0) for delta in change.deltas)
    assert any(0 in weight for weight in moved.values())


@pytest.mark.parametrize(("budget", "status"), [
    ({"macs": 10_400}, Status.NEAR), ({"macs": 10_401}, Status.WITHIN),
    ({"macs": {"min": 2600}}, Status.NEAR), ({"macs": {"min": 2599}}, Status.WITHIN),
])  # fmt: skip
def test_a_warning_begins_at_its_part(budget: dict[str, object], status: Status) -> None:
    """The network has 5,200 multiply-accumulates; the warning is asked for at a half."""
    assert judged(budget, warn_at=Fraction(1, 2)).status is status


@pytest.mark.parametrize(("before", "after", "status"), [
    (at_least(100, ""), known(99), Status.DOUBT), (known(100), at_least(96, ""), Status.WITHIN),
    (known(100), at_least(50, ""), Status.DOUBT), (at_least(100, ""), known(90), Status.OVER),
])  # fmt: skip
def test_shrinking_of_what_is_known_in_part(before: Measured, after: Measured, status: Status) -> None:
    limit = Limit(metric="macs", bound="max_decrease", value=5, origin=Origin(kind="call", name="test"))
    assert judge_change(limit, before, after, "main").status is status


def test_a_field_of_the_network_behind_an_opaque_layer_names_it() -> None:
    assert "layer 'box' is unknown inside" in judged({"receptive_field": 100}, HIDDEN).findings[0].message
    assert heaviest(report(), METRICS["depth"]) == heaviest(report(), METRICS["receptive_field"]) == []


def test_what_rests_on_a_declared_number_says_so() -> None:
    box = {"opaque": {"out": [4, 6, 6], "macs": 7}, "as": "box"}
    found = report({"cnncalc": 1, "input": [3, 8, 8], "layers": [box]}, convention="mac")
    words = "holds only by a number that layer 'box' declares"
    assert declared_note(METRICS["macs"], found, ["box"]) == f"macs {words}"
    assert declared_note(METRICS["flops"], found, ["box"]) == f"flops {words}"
    assert declared_note(METRICS["params"], found, ["box"]) is declared_note(METRICS["macs"], found, ["a"]) is None


def test_a_layer_in_one_version_only_counts_nothing_in_the_other() -> None:
    shorter = {**TINY, "layers": TINY["layers"][:-1]}
    for old, new, ends in ((TINY, shorter, (160, 0)), (shorter, TINY, (0, 160))):
        (moved,) = (change for change in compare(report(old), report(new)).layers if change.path == "head")
        (macs,) = (delta for delta in moved.deltas if delta.metric == "macs")
        assert (macs.before, macs.after) == ends


def test_a_share_of_nothing_is_nothing() -> None:
    found = judged({"layers": [{"match": "relu1", "macs": "50%"}]}, {**TINY, "layers": ["relu"]})
    assert (found.status, found.measured.low, found.measured.known) == (Status.WITHIN, 0, True)


def test_a_share_of_what_is_not_known_is_a_doubt() -> None:
    found = judged({"layers": [{"match": "box", "macs": "50%"}]}, HIDDEN)
    assert (found.status, found.measured.known) == (Status.DOUBT, False)


def test_the_width_of_a_layer_is_its_channels() -> None:
    found = judged({"layers": [{"match": "a", "width": 4}]})
    assert (found.status, found.measured.low) == (Status.WITHIN, 4)
