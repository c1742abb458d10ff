"""Two hundred networks are as they were when they were recorded; `goldens` says what is compared, what is let pass."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from goldens import (
    GROUPS,
    MOST,
    Entry,
    differences,
    dumps,
    entries,
    moved,
    recorded,
    report_of,
    shown,
    views_of,
    warnings_of,
)

import cnncalc

if TYPE_CHECKING:
    from pathlib import Path

CHUNKS = {"zoo": 14, "cases": 4, "docs": 2, "random": 8}
RENEW = "if this is meant, `python tools/renew.py goldens` renews it, and the commit says why"


def changed(entry: Entry) -> list[str]:
    """Return how a network differs from what is recorded of it."""
    try:
        report = entry.analyze()
    except cnncalc.SpecError as error:
        return [f"{entry.name}: was a good spec, is refused: {error}"]
    positions = not moved(entry)
    found = {f"reports.{entry.name.partition('/')[0]}": report_of(report), "warnings": warnings_of(report),
             "views": views_of(entry, report)}  # fmt: skip
    lines: list[str] = []
    for file, text in found.items():
        if text is not None:
            lines += differences(entry.name, recorded(file)[entry.name], text, positions=positions)[:MOST]
    return lines


@pytest.mark.parametrize(("group", "chunk"), [
    pytest.param(group, chunk, marks=pytest.mark.long if chunk else ())
    for group in GROUPS
    for chunk in range(CHUNKS[group])
])  # fmt: skip
def test_networks_are_as_recorded(group: str, chunk: int) -> None:
    lines = [line for entry in entries(group)[chunk :: CHUNKS[group]] if entry.name in recorded(f"reports.{group}")
             for line in changed(entry)]  # fmt: skip
    assert not lines, "\n".join([f"{len(lines)} differences, {RENEW}", *lines[:40]])


@pytest.mark.parametrize("group", GROUPS)
def test_every_network_that_is_recorded_is_there(group: str) -> None:
    assert set(recorded(f"reports.{group}")) <= {entry.name for entry in entries(group)}
    assert len(recorded(f"reports.{group}")) >= {"zoo": 93, "cases": 30, "docs": 5, "random": 100}[group]


def test_what_show_prints_is_as_recorded(tmp_path: Path) -> None:
    lines = differences("show", recorded("views")["show"], dumps(shown(tmp_path)))
    assert not lines, "\n".join([f"{len(lines)} differences, {RENEW}", *lines[:40]])


def sample() -> Any:
    return json.loads(recorded("reports.zoo")["zoo/resnet50"])


def test_a_key_more_passes_and_a_layer_less_does_not() -> None:
    old, new = sample(), sample()
    new["new"] = new["layers"][3]["new"] = new["totals"]["new"] = new["layers"][0]["attributes"]["new"] = 1
    assert not differences("r", dumps(old), dumps(new))
    gone = new["layers"].pop(4)["path"]
    assert differences("r", dumps(old), dumps(new)) == [f"r: layers: gone ['{gone}'], new []"]


@pytest.mark.parametrize("change", [
    lambda d: d["layers"][7].update(params=1), lambda d: d["layers"][7].pop("macs"), lambda d: d["layers"].reverse(),
    lambda d: d["variables"].update(more=1), lambda d: d["totals"].update(params=float(d["totals"]["params"])),
    lambda d: d["layers"][2]["receptive_field"].append(1), lambda d: d["layers"][0]["attributes"].pop("kernel"),
])  # fmt: skip
def test_a_change_is_found(change: Any) -> None:
    old = sample()
    new = copy.deepcopy(old)
    change(new)
    assert len(differences("r", dumps(old), dumps(new))) == 1


def test_a_changed_layer_is_told_by_its_path_and_key() -> None:
    old, new = sample(), sample()
    new["layers"][0]["params"] += 1
    assert differences("r", dumps(old), dumps(new)) == ["r: layers[conv1].params: 9408 -> 9409"]
    new["layers"][0].update(params=9408, line=1)
    assert differences("r", dumps(old), dumps(new), positions=False) == []
    assert len(differences("r", dumps(old), dumps(new))) == 1


def test_a_column_more_passes_and_a_cell_that_changes_does_not() -> None:
    old = dumps({"csv": "path,macs\na,1\nb,2\n"})
    assert not differences("r", old, dumps({"csv": "path,new,macs\na,x,1\nb,y,2\n"}))
    assert differences("r", old, dumps({"csv": "path,macs\na,1\nb,3\n"}))[1:] == ["r: csv: -b,2", "r: csv: +b,3"]
    assert differences("r", old, dumps({"csv": "path\na\nb\n"}))
    assert differences("r", old, dumps({"csv": "macs,path\n1,a\n2,b\n"}))
    assert differences("r", dumps({"markdown": "a\n"}), dumps({"markdown": "a\nb\n"}))
