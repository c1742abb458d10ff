"""Numbers that record: one run gives formulas, and conditions under which they hold; nothing is believed in silence.

The oracle is the ordinary run with plain numbers.
"""

from __future__ import annotations

import os
import random
from fractions import Fraction
from math import gcd
from typing import TYPE_CHECKING, Any

import pytest

import cnncalc
from cnncalc import zoo
from cnncalc.api import load
from cnncalc.numbers.doors import exactly, identity, occurs, over_under, quotient_of, recorded, recording, whole_part
from cnncalc.numbers.recorded import RecordedFraction
from cnncalc.numbers.recorder import Recorder
from cnncalc.numbers.recording import Recording
from cnncalc.ops.conv import Conv
from cnncalc.search.network import Asked, record
from cnncalc.values.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnncalc.api import Source

WHAT = ("macs", "params", "flops", "memory_access")


def plain(spec: Source, **options: Any) -> dict[str, int] | None:
    """Return the totals of an ordinary run, None where the network is refused."""
    try:
        totals = cnncalc.analyze(spec, **options).totals
    except (cnncalc.SpecError, ValueError):
        return None
    return {"macs": totals.macs, "params": totals.params, "flops": totals.flops,
            "memory_access": totals.memory_access.total}  # fmt: skip


def chain(*layers: object, **more: object) -> cnncalc.Spec:
    return cnncalc.Spec({"input": [3, 32, 32], **more, "layers": list(layers)})


def at(spec: cnncalc.Spec, variables: Mapping[str, int | Fraction], values: Mapping[str, int | Fraction],
       under: int = 1) -> dict[str, int] | None:  # fmt: skip
    """Return what a recording at `variables` gives for `values`; fractions are over `under`."""
    recorder = Recorder()
    given: dict[str, Any] = {}
    for name, value in variables.items():
        number = recorder.input(name, int(value * under), 0, 2**20)
        given[name] = number if under == 1 else RecordedFraction(recorder, number, under)
    made = record(spec, recorder, Asked(variables=given), WHAT)
    return made.totals({name: int(value * under) for name, value in values.items()})


# Numbers by themselves.


def ratio(a: int, b: int) -> int | Fraction:
    return quotient_of(a, b) if recording(a) else Fraction(a, b)


def test_arithmetic_is_that_of_plain_numbers() -> None:
    """Random expressions: the recorded value, and the recording at other inputs, against the same code on ints."""
    rng = random.Random(5)  # noqa: S311
    makers: list[Callable[[Any, Any], Any]] = [
        lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a // (b * b + 1),
        lambda a, b: a % (b * b + 3), lambda a, b: -a + 2 * b, lambda a, b: recorded(max, a, b), lambda a, _: a // 8,
        lambda a, _: a % 4, lambda a, _: 4 * a // 8, lambda a, b: (8 * a + 4 * b + 3) // 4,
        lambda a, b: a if a < b else 3 * b,
        lambda a, b: 5 - a if a == b else b, lambda a, _: (a // 2 - 3) // 4, lambda a, b: abs(a - b),
        lambda a, b: recorded(gcd, a, b), lambda a, b: exactly(6 * a * b, 3), lambda a, _: a**2 >> 1,
        lambda a, b: ratio(a, 6) * 6 + b, lambda a, b: a + b if whole_part(ratio(a, 2)) != 0 else a,
    ]  # fmt: skip
    held = 0
    for _ in range(400):
        steps = [(rng.choice(makers), rng.randrange(8), rng.randrange(8)) for _ in range(8)]

        def run(x: Any, y: Any, steps: Any = steps) -> Any:
            numbers = [x, y, 1, 2]
            for make, a, b in steps:
                left, right = numbers[a % len(numbers)], numbers[b % len(numbers)]
                numbers.append(whole_part(make(left, right)))
            return numbers[-1]

        recorder = Recorder()
        x, y = rng.randint(-20, 20), rng.randint(-20, 20)
        result = run(recorder.input("x", x, -40, 40), recorder.input("y", y, -40, 40))
        assert getattr(getattr(result, "node", None), "value", result) == run(x, y)
        made = Recording(recorder, {"result": result})
        for _ in range(10):
            x, y = rng.randint(-40, 40), rng.randint(-40, 40)
            found = made.run({"x": x, "y": y})
            if found is not None:
                held += 1
                assert found["result"] == run(x, y)
    assert held > 1500


def test_what_the_interpreter_asks_pins_a_number() -> None:
    """An index, a hash, a float and bits are taken from the one value, so they are conditions."""
    for ask in (range, hash, float, lambda x: x.bit_length(), lambda x: x / 2, lambda x: [0] * x, lambda x: {x: 1}):
        recorder = Recorder()
        ask(recorder.input("x", 7))
        made = Recording(recorder, {"one": 1})
        assert made.run({"x": 7}) == {"one": 1}
        assert made.run({"x": 8}) is None


def test_what_is_no_question_keeps_nothing() -> None:
    recorder = Recorder()
    x, y = recorder.input("x", 7), recorder.input("y", 7)
    assert x + y == y + x
    assert x + 2 - 2 is x or x + 2 - 2 == x
    assert x * y >= 1
    assert (32 * x) % 8 == 0
    assert occurs(x - y)
    assert 2 * x // 2 == x
    assert -(-x // 2) * 2 >= x
    assert not recorder.guards


def test_numbers_that_are_equal_are_told_apart() -> None:
    recorder = Recorder()
    x, y = recorder.input("x", 7), recorder.input("y", 7)
    assert identity((x, 3)) != identity((y, 3))
    assert not recorder.guards
    assert {x: "x"}.get(y) == "x"
    assert Recording(recorder, {"one": 1}).run({"x": 7, "y": 8}) is None


def test_a_number_outside_its_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"outside 1\.\."):
        Recorder().input("x", 0)


def test_a_fraction_is_no_argument_of_a_call() -> None:
    recorder = Recorder()
    half = RecordedFraction(recorder, recorder.input("x", 7), 2)
    with pytest.raises(TypeError, match="give its parts"):
        recorded(max, half, 3)
    with pytest.raises(TypeError):
        round(half, 1)  # type: ignore[call-overload]
    assert over_under(half)[1] == 2
    assert over_under(Fraction(3, 4)) == (3, 4)


# The traps.


def test_two_inputs_of_one_size_keep_their_letters() -> None:
    spec = cnncalc.Spec({
        "inputs": {"a": [3, 32, 32], "b": [3, 32, 32]},
        "layers": [{"conv": {"out": 4, "kernel": 3}, "from": "a", "as": "x"},
                   {"conv": {"out": 4, "kernel": 3}, "from": "b", "as": "y"}],
        "outputs": {"x": "x", "y": "y"},
    })  # fmt: skip
    recorder = Recorder()
    shapes = {name: (3, recorder.input(name, 32), 32) for name in ("a", "b")}
    made = record(spec, recorder, Asked(inputs=shapes), WHAT)
    for a, b in ((32, 32), (40, 12), (3, 64), (2, 9)):
        assert made.totals({"a": a, "b": b}) == plain(spec, input={"a": [3, a, 32], "b": [3, b, 32]})


def test_a_condition_is_not_taken_from_one_candidate() -> None:
    spec = chain({"conv": {"out": "width", "kernel": 1, "bias": False}, "as": "a"},
                 {"conv": {"out": "width", "kernel": 1, "bias": False}, "when": "width < 48"},
                 vars={"width": 32})  # fmt: skip
    assert at(spec, {"width": 32}, {"width": 40}) == plain(spec, variables={"width": 40})
    assert at(spec, {"width": 32}, {"width": 64}) is None
    assert at(spec, {"width": 64}, {"width": 64}) == plain(spec, variables={"width": 64})
    assert at(spec, {"width": 64}, {"width": 47}) is None


def test_a_division_keeps_its_number() -> None:
    spec = chain({"conv": {"out": "64*base*groups/64", "kernel": 3, "groups": 1}}, vars={"base": 64, "groups": 1})
    for base, groups in ((64, 2), (128, 1), (32, 4)):
        values = {"base": base, "groups": groups}
        assert at(spec, {"base": 64, "groups": 1}, values) == plain(spec, variables=values)
    thirds = chain({"conv": {"out": "width/3", "kernel": 3}}, vars={"width": 24})
    assert at(thirds, {"width": 24}, {"width": 33}) == plain(thirds, variables={"width": 33})
    assert at(thirds, {"width": 24}, {"width": 32}) is None is plain(thirds, variables={"width": 32})


def test_numbers_beyond_64_bits_stay_exact() -> None:
    spec = chain({"conv": {"out": "width*width*width", "kernel": 3}}, {"conv": {"out": "width**3", "kernel": 1}},
                 vars={"width": 8})  # fmt: skip
    found = at(spec, {"width": 8}, {"width": 3001})
    assert found == plain(spec, variables={"width": 3001})
    assert found is not None
    assert found["params"] > 2**63


def test_a_symbolic_copy_is_another_operator() -> None:
    op = Conv(out=8, kernel=5)
    recorder = Recorder(asking=False)
    copy = op.symbolic({"kernel": recorder.input("k", 3)})
    assert copy.arguments()["kernel"] == 3
    assert copy != op
    assert len({op, copy}) == 2
    same = op.symbolic({"kernel": recorder.input("k", 5, 1, 9)})
    assert same != op


@pytest.mark.few
@pytest.mark.parametrize("text", [
    "round8(32*width)", "round8(32*width, 4)", "floor(10*width)", "ceil(10*width)", "round(10*width)",
    "max(8, 4*width) * 5", "min(8, 7) + 8/width", "32*width", "abs(3 - width*8)*4", "1/width*64",
    "0.5 + width - 1/2 + floor(width) * 3",
    "(8 if width > 0.6 else 16)", "16 * width ** 2", "floor(9 % width * 100) + 1", "9 // width", "1.5*2*width",
])  # fmt: skip
def test_fractions_are_recorded(text: str) -> None:
    """Every value of the grid is right, or another structure, or refused as the plain run refuses it."""
    spec = chain({"conv": {"out": text, "kernel": 3}}, vars={"width": 1})
    grid = [Fraction(k, 20) for k in range(1, 41)]
    held = 0
    for start in (Fraction(3, 4), Fraction(1), Fraction(1, 2), Fraction(1, 20)):
        if plain(spec, variables={"width": start}) is None:
            continue
        for width in grid:
            found = at(spec, {"width": start}, {"width": width}, under=20)
            if found is not None:
                held += 1
                assert found == plain(spec, variables={"width": width}), width
    assert held >= 2


def test_a_repeat_is_a_number_of_its_own() -> None:
    spec = chain({"conv": {"out": 8, "kernel": 3, "padding": 1}, "repeat": "n"}, vars={"n": 3})
    assert at(spec, {"n": 3}, {"n": 3}) == plain(spec, variables={"n": 3})
    assert at(spec, {"n": 3}, {"n": 4}) is None


def test_a_refusal_is_recorded_with_its_numbers() -> None:
    spec = chain({"conv": {"out": 8, "kernel": 7}})
    recorder = Recorder(holes=True)
    made = record(spec, recorder, Asked(inputs={"input": (3, recorder.input("H", 5), 9)}), WHAT)
    assert made.refusal is not None
    for size in (5, 6, 3):
        with pytest.raises(cnncalc.SpecError) as caught:
            cnncalc.analyze(spec, input=[3, size, 9])
        assert made.reason({"H": size}) == caught.value.diagnostics[0].message
    assert made.reason({"H": 7}) is None


# Whole networks.

FAST = ["alexnet", "lenet5", "mobilenet_v1", "mobilenet_v2", "unet", "googlenet", "squeezenet1_0", "shufflenet_v2_x1_0",
        "resnet18", "nin", "vgg11", "fcn8s", "yolov2"]  # fmt: skip


def check_sizes(name: str, settings: int) -> None:
    spec = load(name)
    rng = random.Random(name)  # noqa: S311
    recorder = Recorder()
    own = cnncalc.analyze(spec).input
    shapes = {}
    for label, shape in own:
        extents = [recorder.input(f"{label}.{k}", n) for k, n in enumerate(shape[1:])]
        shapes[label] = Shape((shape[0], *extents))
    made = record(spec, recorder, Asked(inputs=shapes), WHAT)
    agreed = 0
    for _ in range(settings):
        given = {name: max(1, node.value + rng.choice([rng.randint(-220, 220), rng.randint(-8, 8)]))
                 for name, node in recorder.inputs.items()}  # fmt: skip
        inputs = {label: [shape[0], *(given[f"{label}.{k}"] for k in range(len(shape) - 1))] for label, shape in own}
        truth, found = plain(spec, input=inputs), made.totals(given)
        agreed += found == truth
        assert found is None or found == truth, given
    assert agreed > settings // 2


@pytest.mark.few
@pytest.mark.parametrize("name", FAST)
def test_a_network_is_one_formula_in_its_extents(name: str) -> None:
    check_sizes(name, 4)


@pytest.mark.skipif(not os.environ.get("CNNCALC_SLOW"), reason="five minutes; set CNNCALC_SLOW=1")
@pytest.mark.parametrize("name", [entry.name for entry in zoo.entries()])
def test_every_network_is_one_formula_in_its_extents(name: str) -> None:
    check_sizes(name, 20)
