"""`cnncalc sizes` and the sizes that errors name, against networks whose extents are computed here a second time."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from share import part

import cnncalc
from cnncalc.cli import run
from cnncalc.language import trials
from cnncalc.search.sizes import input_sizes, next_size

UNET = {
    "input": [1, 96, 96],
    "defaults": {"conv": {"kernel": 3, "padding": "same"}},
    "layers": [
        {"conv": 4, "as": "s0"}, {"max_pool": 2}, {"conv": 4, "as": "s1"}, {"max_pool": 2}, {"conv": 4},
        {"upsample": 2}, {"concat": ["prev", "s1"]}, {"conv": 4}, {"upsample": 2}, {"concat": ["prev", "s0"]},
    ],
}  # fmt: skip
MONODEPTH = """\
cnncalc: 1
name: decoder
input: [3, 192, 640]
defaults: {conv: {kernel: 3, padding: half}}
layers:
  - {conv: {out: 8, kernel: 7, stride: 2}, as: f0}
  - {max_pool: {kernel: 3, stride: 2, padding: 1}, as: f1}
  - {conv: {out: 8, stride: 2}, as: f2}
  - {conv: {out: 8, stride: 2}, as: f3}
  - {conv: {out: 8, stride: 2}}
  - upsample: 2
  - concat: [prev, f3]
  - upsample: 2
  - concat: [prev, f2]
"""


def after(n: int, chain: list[tuple[int, int, int]]) -> int:
    """The extent behind windows (kernel, stride, padding), 0 where one does not fit."""
    for kernel, stride, padding in chain:
        if n + 2 * padding < kernel:
            return 0
        n = (n + 2 * padding - kernel) // stride + 1
    return n


WINDOW = st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(0, 1)).map(
    lambda w: (*w[:2], min(w[2], w[0] // 2))
)


@settings(max_examples=part(40), deadline=None)
@given(st.lists(WINDOW, min_size=1, max_size=4), st.integers(1, 70))
def test_a_chain_takes_every_size_from_the_smallest_on(chain: list[tuple[int, int, int]], around: int) -> None:
    spec = {"input": [1, 200], "layers": [{"conv": {"out": 1, "kernel": k, "stride": s, "padding": p}}
                                          for k, s, p in chain]}  # fmt: skip
    (axis,) = input_sizes(spec, around=around).axes
    step = 1
    for _, stride, _ in chain:
        step *= stride
    assert axis.step == step
    assert axis.smallest == next(n for n in range(1, 400) if after(n, chain))
    assert axis.works == bool(after(around, chain))
    assert axis.remainders == tuple(range(step))
    assert axis.above == next(n for n in range(around + 1, 400) if after(n, chain))


@settings(max_examples=part(25), deadline=None)
@given(st.integers(1, 3), st.integers(1, 60), st.booleans())
def test_a_decoder_takes_the_sizes_at_which_its_maps_meet(depth: int, around: int, rounded: bool) -> None:
    """Unrounded pools halve and drop a rest; convolutions with stride 2 and padding round up."""
    down: dict[str, Any] = {"conv": {"out": 1, "kernel": 3, "stride": 2, "padding": 1}} if rounded else {"max_pool": 2}
    layers: list[dict[str, Any]] = [{"conv": {"out": 1, "kernel": 1}, "as": "s0"}]
    for level in range(1, depth + 1):
        layers += [down, {"conv": {"out": 1, "kernel": 1}, "as": f"s{level}"}]
    for level in reversed(range(depth)):
        layers += [{"upsample": 2}, {"add": ["prev", f"s{level}"]}]

    def works(n: int) -> bool:
        sizes = [n]
        for _ in range(depth):
            sizes.append(after(sizes[-1], [(3, 2, 1) if rounded else (2, 2, 0)]))
        return 0 not in sizes and all(2 * sizes[k + 1] == sizes[k] for k in range(depth))

    (axis,) = input_sizes({"input": [1, 64], "layers": layers}, around=around).axes
    assert axis.step == 2**depth
    assert axis.works == works(around)
    assert axis.smallest == next(n for n in range(1, 200) if works(n)) == 2**depth
    assert axis.remainders == (0,)
    assert axis.below == next((n for n in range(around - 1, 0, -1) if works(n)), None)


@pytest.mark.parametrize(("name", "step", "smallest", "whole"), [
    ("unet", 16, 188, (12,)), ("vgg16", 32, 32, (0,)), ("resnet50", 32, 1, tuple(range(32))),
])  # fmt: skip
def test_networks_of_the_zoo(name: str, step: int, smallest: int, whole: tuple[int, ...]) -> None:
    """U-Net prints a total stride of 1, and its published input of 572 is 12 more than a multiple of 16."""
    found = input_sizes(name)
    assert {(axis.step, axis.smallest, axis.whole) for axis in found.axes} == {(step, smallest, whole)}


def test_axes_are_asked_one_by_one() -> None:
    found = input_sizes(cnncalc.parse(MONODEPTH), around=(720, 1280))
    assert [(axis.works, axis.step) for axis in found.axes] == [(False, 32), (True, 32)]
    assert (found.axes[0].below, found.axes[0].above) == (704, 736)


@pytest.mark.parametrize(("spec", "given_", "said"), [
    ({"input": [4, 84, 84], "layers": [{"conv": {"out": 32, "kernel": 8, "stride": 4}},
                                       {"conv": {"out": 64, "kernel": 4, "stride": 2}},
                                       {"conv": {"out": 64, "kernel": 3}}, "flatten", {"linear": 6}]},
     [4, 35, 35], "the smallest input that works is 36x36"),
    (UNET, [1, 358, 358], "an input of 356x356 or 360x360 works"),
    (UNET, [1, 100, 30], "width 28 or 32 works"),
    ({"input": [4, 10], "layers": [{"conv": {"out": 4, "kernel": 9, "stride": 3}}, {"conv": {"out": 4, "kernel": 2}}]},
     None, "the smallest length that works is 12"),
])  # fmt: skip
def test_errors_about_a_size_name_the_two_nearest_that_work(spec: dict[str, Any], given_: list[int] | None, said: str
                                                            ) -> None:  # fmt: skip
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.analyze(spec, input=given_)
    for error in caught.value.diagnostics:
        assert (error.hint or "").endswith(said)


def test_a_mistake_that_no_size_repairs_names_none() -> None:
    spec = {"input": [3, 32, 32], "layers": [{"conv": {"out": 4, "kernel": 3}, "as": "a"}, {"max_pool": 2},
                                             {"add": ["prev", "a"]}]}  # fmt: skip
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.analyze(spec)
    assert "works" not in (caught.value.diagnostics[0].hint or "")


def test_a_very_large_network_is_not_tried_again() -> None:
    """6,000 layers and a window that fits at another size: the error comes at once, without sizes."""
    spec = {"input": [1, 4], "layers": [{"relu": None, "repeat": 6_000}, {"conv": {"out": 1, "kernel": 9}}]}
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.analyze(spec)
    assert "works" not in (caught.value.diagnostics[0].hint or "")


def test_a_network_far_too_small_on_both_axes_is_told_the_smallest() -> None:
    """Ronneberger's network takes 188 and more: less 4 and halved, four times, 92, 44, 20, 8, and 4 are left."""
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.analyze("unet", input=[1, 96, 160])
    assert "the smallest input that works is 188x188" in (caught.value.diagnostics[0].hint or "")


def test_trials_of_a_spec_with_many_variables_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Any] = []
    expanded = trials.Trials.expanded

    def counted(self: trials.Trials, extents: tuple[int, ...]) -> Any:
        tried.append(extents)
        return expanded(self, extents)

    monkeypatch.setattr(trials.Trials, "expanded", counted)
    layers = [{"conv": {"out": 1, "kernel": 3, "stride": 2}}, {"conv": {"out": 1, "kernel": 180}}]
    spec = {"input": [1, 150, 700], "vars": {f"v{n}": n for n in range(20_000)}, "layers": layers}
    with pytest.raises(cnncalc.SpecError):
        cnncalc.analyze(spec)
    assert len(tried) <= trials.BUDGET * trials.VARIABLES // 20_000 + 1


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sizes", "unet", "--around", "512", "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["step"], data["smallest"]) == ([16, 16], [188, 188])
    assert [(axis["axis"], axis["step"], axis["smallest"]) for axis in data["axes"]] == [
        ("height", 16, 188), ("width", 16, 188)]  # fmt: skip
    assert run(["sizes", "unet", "--around", "512"]) == 0
    text = capsys.readouterr().out
    assert "multiples of 16, plus 12" in text
    assert "with 508 or 524 none does" in text


@pytest.mark.parametrize(("arguments", "said"), [
    (["vgg16", "--around", "3x"], "wants a size like"),
    (["vgg16", "--around", "3x4x5"], "a size here has 2 numbers"),
    (["vgg16", "--format", "csv"], "no format"),
])  # fmt: skip
def test_what_is_no_size_is_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sizes", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_step_of_billions_costs_no_more_than_one_of_two() -> None:
    """A stride as large as it may be, before another: what lies near is computed, not looked for one by one."""
    strides = [{"conv": {"out": 4, "kernel": 1, "stride": stride}} for stride in (10**9, 16)]
    found = input_sizes({"cnncalc": 1, "input": [3, 64, 64], "layers": strides}, around=30)
    assert [axis.step for axis in found.axes] == [16 * 10**9] * 2
    assert [axis.above for axis in found.axes] == [30 + 16 * 10**9] * 2


@given(st.integers(1, 9), st.integers(-3, 40), st.sampled_from([1, -1]), st.sets(st.integers(0, 8)),
       st.sets(st.integers(0, 70)))  # fmt: skip
def test_the_next_size_is_the_first_that_a_search_finds(
    step: int, start: int, by: int, remainders: set[int], known: set[int]
) -> None:
    """Held against looking at every size of two steps."""
    classes = {remainder for remainder in remainders if remainder < step}
    near = range(start, start + by * 2 * (step + 1), by)
    first = next((n for n in near if n > 0 and n % step in classes and n in known), None)
    assert next_size(start, by, step, classes, known.__contains__) == first


def chained(chain: list[tuple[int, int, int]]) -> dict[str, Any]:
    layers = [{"conv": {"out": 1, "kernel": k, "stride": s, "padding": p}} for k, s, p in chain]
    return {"input": [1, 30_000], "layers": layers}


@pytest.mark.parametrize("chain", [
    [(9, 5, 0), (8, 4, 1), (3, 4, 0), (4, 2, 1), (8, 4, 0)], [(10, 5, 0), *[(3, 2, 0)] * 4, *[(2, 2, 0)] * 2],
    [(2, 2, 0), (1, 5, 0), (7, 8, 1), (3, 8, 1)],
])  # fmt: skip
def test_a_large_step_has_the_smallest_size_of_all_remainders(chain: list[tuple[int, int, int]]) -> None:
    """It was the smallest of the remainder of the size asked about."""
    (axis,) = input_sizes(chained(chain)).axes
    assert axis.smallest == next(n for n in range(1, 30_000) if after(n, chain))
    assert axis.remainders == tuple(range(axis.step))
    whole = []
    for n in range(30_000, 30_000 + axis.step):
        sizes, left = [n], []
        for kernel, stride, padding in chain:
            sizes.append(after(sizes[-1], [(kernel, stride, padding)]))
            read = (sizes[-1] - 1) * stride - padding + kernel
            left.append(sizes[-2] - read - max(stride - kernel, 0))
        if max(left) <= 0:
            whole.append(n % axis.step)
    assert axis.whole == tuple(sorted(whole))


def test_a_deep_decoder_has_one_remainder_of_a_thousand() -> None:
    layers: list[dict[str, Any]] = [{"conv": {"out": 1, "kernel": 1}, "as": "s0"}]
    for level in range(1, 12):
        layers += [{"max_pool": 2}, {"conv": {"out": 1, "kernel": 1}, "as": f"s{level}"}]
    for level in reversed(range(11)):
        layers += [{"upsample": 2}, {"add": ["prev", f"s{level}"]}]
    (axis,) = input_sizes({"input": [1, 4096], "layers": layers}, around=3000).axes
    assert (axis.step, axis.smallest, axis.remainders, axis.whole) == (2048, 2048, (0,), (0,))
    assert (axis.works, axis.below, axis.above) == (False, 2048, 4096)


def test_what_does_not_record_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnncalc.search.recorded_sizes.RECORDINGS", 0)
    chain = [(3, 3, 0), (5, 5, 0), (7, 7, 0)]
    (axis,) = input_sizes(chained(chain)).axes
    assert (axis.step, axis.smallest, axis.remainders) == (105, 105, tuple(range(105)))
