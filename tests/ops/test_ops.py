"""Every operator: what it says about itself, and its case file `tests/ops/NAME.yaml`.

A case states shapes and counts as numbers or as the arithmetic that gives them (`64*8*8 * (2*27 - 1)`), and under
`source` where they come from: a PyTorch record, a paper, a count by hand. Omitted counts are 0.
"""

from __future__ import annotations

import copy
import pickle
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from operator_cases import FOLDER, OPERATORS, build, exact, load, number, shapes

from cnncalc.ops import Operator, find
from cnncalc.ops.operator import REQUIRED, expanded
from cnncalc.values.diagnostics import ArgumentError
from cnncalc.values.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator



def cases(kind: str) -> Iterator[Any]:
    """Every entry of one kind of all case files."""
    for cls in OPERATORS:
        for i, case in enumerate(load(cls).get(kind, [])):
            yield pytest.param(cls.name, case, id=f"{cls.name}-{case.get('name', i)}")


COUNTS = ("params", "buffers", "macs", "flops", "connections")
MOVED = ("read", "written", "weights", "bias")


@pytest.mark.parametrize(("name", "case"), list(cases("cases")))
def test_case(name: str, case: dict[str, Any]) -> None:
    assert case["source"], "a case says where its numbers come from"
    layers = expanded(build(name, case["args"]), shapes(case, "input", "inputs"))
    assert layers[-1].outs == shapes(case, "out", "outs")
    if "layers" in case:
        assert {layer.suffix: list(layer.outs[0]) for layer in layers} == case["layers"]
    counts = [layer.op.count(layer.ins, layer.outs) for layer in layers]
    if case["flops"] is None:
        assert [(c.params, c.macs, c.work, c.memory, c.connections) for c in counts] == [(None, None, None, None, None)]
        return
    found = {
        "params": sum(c.params or 0 for c in counts),
        "buffers": sum(c.buffers for c in counts),
        "macs": sum(c.macs or 0 for c in counts),
        "flops": sum(c.work.total for c in counts if c.work),
        "connections": sum(c.connections or 0 for c in counts),
    }
    assert found == {key: number(case.get(key, 0)) for key in COUNTS}
    moved = {key: sum(getattr(c.memory, key) for c in counts) for key in MOVED}
    assert moved == {key: number(case["memory"].get(key, 0)) for key in MOVED}
    for count in counts:
        assert count.memory is not None
        assert count.memory.total == sum(count.memory.to_dict().values()) - count.memory.total
    (layer, *_) = layers
    for x, first, last in case.get("reads", []):
        reach = layer.op.reach(layer.ins, layer.outs)[0][0]
        taps = reach.taps(x)  # type: ignore[union-attr]
        assert (taps[0], taps[-1]) == (first, last), f"position {x}"


@pytest.mark.parametrize(("name", "case"), list(cases("errors")))
def test_refusal(name: str, case: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=re.escape(case["message"])) as refused:
        expanded(build(name, case["args"]), shapes(case, "input", "inputs"))
    assert (refused.value.code, refused.value.argument) == (case["code"], case.get("argument"))


@pytest.mark.parametrize("cls", OPERATORS, ids=lambda cls: cls.name)
class TestContract:
    def test_has_a_case_file(self, cls: type[Operator]) -> None:
        path = FOLDER / f"{cls.name}.yaml"
        assert path.exists(), (
            f"the operator {cls.name} has no case file: write {path.relative_to(FOLDER.parent.parent)}"
        )
        content = load(cls)
        assert content["operator"] == cls.name
        assert content["cases"]
        assert content["errors"]

    def test_docstring_has_a_shape_and_a_source(self, cls: type[Operator]) -> None:
        doc = cls.__doc__ or ""
        assert doc, "no docstring of its own"
        assert re.search(r"`\[[^`]*\][^`]*`", doc), "the docstring states no shape"
        assert re.search(r"arXiv:\d{4}\.\d{4,5}|doi:10\.|PyTorch|Source: none", doc), "the docstring names no source"

    def test_example_works(self, cls: type[Operator]) -> None:
        (key, given), *rest = _item(cls.example).items()
        assert not rest
        assert find(key) is cls
        if cls.sources is None or given is None:
            op = cls()
        elif isinstance(given, dict):
            op = build(key, given)
        else:
            assert cls.main is not None
            op = build(key, {cls.main: given})
        layers = expanded(op, tuple(Shape(s) for s in cls.example_input))
        assert all(n >= 1 for layer in layers for out in layer.outs for n in out)
        for layer in layers:
            assert layer.op.count(layer.ins, layer.outs).op == layer.op.name
            assert len(layer.op.reach(layer.ins, layer.outs)) == len(layer.ins)

    def test_is_a_value(self, cls: type[Operator]) -> None:
        op = _smallest(cls)
        assert op == _smallest(cls)
        assert hash(op) == hash(_smallest(cls))
        assert pickle.loads(pickle.dumps(op)) == op  # noqa: S301 - our own bytes
        assert copy.deepcopy(op) == op
        assert op.replace() == op
        assert op.arguments().keys() == cls.args.keys()
        for attribute in ["anything", *(declared.attribute for declared in cls.args.values())]:
            with pytest.raises(AttributeError, match="immutable"):
                setattr(op, attribute, 1)
        with pytest.raises(AttributeError, match="immutable"):
            del op.anything  # type: ignore[attr-defined]

    def test_arguments_are_documented(self, cls: type[Operator]) -> None:
        for name, declared in cls.args.items():
            assert declared.name == name
            assert declared.doc, f"argument {name} has no doc"
            assert declared.kind.describe()
            assert declared.kind.schema()
        taken = [word for name, declared in cls.args.items() for word in (name, *declared.aliases)]
        assert len(taken) == len(set(taken))
        assert sum(declared.main for declared in cls.args.values()) <= 1

    def test_unknown_argument_is_refused(self, cls: type[Operator]) -> None:
        with pytest.raises(ArgumentError, match="has no argument 'nonsense'"):
            cls(**_needed(cls), nonsense=1)


def test_names_and_aliases_are_unique() -> None:
    words = [word for cls in OPERATORS for word in (cls.name, *cls.aliases)]
    assert len(words) == len(set(words))


def test_every_case_file_belongs_to_an_operator() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {cls.name for cls in OPERATORS}


def _item(text: str) -> dict[str, Any]:
    found = yaml.safe_load(text)
    return {found: None} if isinstance(found, str) else found


def _first(cls: type[Operator]) -> dict[str, Any]:
    """The arguments of an operator's first case."""
    found = load(cls).get("cases")
    assert found, f"tests/ops/{cls.name}.yaml has no cases, or is not there"
    return dict(found[0]["args"])


def _needed(cls: type[Operator]) -> dict[str, Any]:
    """The least that an operator must be given, from its first case."""
    given = _first(cls)
    return {key: exact(given[key]) for key, declared in cls.args.items() if declared.default is REQUIRED}


def _smallest(cls: type[Operator]) -> Operator:
    return build(cls.name, _first(cls))


def test_a_missing_case_file_is_a_failing_test_and_no_error_of_collection() -> None:
    """What collects cases asks `load`, which has nothing to say; the contract test names the file."""
    assert load(type("Unwritten", (), {"name": "unwritten"})) == {}
    tests = Path(__file__).parents[1].rglob("*.py")
    ask = sorted(file.name for file in tests if '/ "ops"' in file.read_text(encoding="utf-8"))
    assert ask == ["operator_cases.py", Path(__file__).name]
