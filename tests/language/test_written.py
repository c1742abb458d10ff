"""Reports as text that is written as it comes: it is the text of `to_dict()`, of which no more is held than needed."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from networks import SAMPLE

import cnncalc
from cnncalc.analysis.assemble import FieldText
from cnncalc.analysis.field import AffineField, Periodic, through, union
from cnncalc.values.axis import Broadcast, Interpolate, Nearest, Parts, Slide, Transpose
from cnncalc.values.files import gathered, write_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POINT = {"out": 3, "kernel": 1}
DECLARED = {"out": [5, 8, 8], "params": 1, "macs": 2}
SPECIAL: dict[str, list[Any]] = {
    "unknown": [{"conv": POINT}, {"opaque": [5, 8, 8]}, {"opaque": DECLARED}, "flatten"],
    "shared": [{"conv": POINT, "as": "a"}, {"conv": POINT, "share": "a"}, {"add": ["a", "prev"]}],
    "bits": [{"conv": POINT, "bits": {"weights": 1, "activations": 2}}, "relu", {"conv": POINT}],
    "steps": [{"upsample": {"scale": 3, "mode": "bilinear"}}, {"max_pool": 2}, {"conv": POINT}],
}


def lines(data: dict[str, Any]) -> str:
    """Return a mapping as JSON by the library: a key a line, and an entry of a list a line."""
    rows = []
    for key, value in data.items():
        entries = [json.dumps(entry, ensure_ascii=False) for entry in value] if isinstance(value, list) else []
        text = "[\n    " + ",\n    ".join(entries) + "\n  ]" if entries else json.dumps(value, ensure_ascii=False)
        rows.append(f"  {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(rows) + "\n}"


@pytest.mark.few
@pytest.mark.parametrize("name", SAMPLE[::7])
def test_json_of_a_network_is_the_text_of_its_dictionary(name: str) -> None:
    report = cnncalc.analyze(name, batch=2)
    assert report.to_json() == lines(report.to_dict())


@pytest.mark.parametrize("name", SPECIAL)
@pytest.mark.parametrize("batch", [1, 3])
def test_json_of_what_is_rare(name: str, batch: int) -> None:
    report = cnncalc.analyze({"input": [3, 8, 8], "layers": SPECIAL[name]}, batch=batch)
    assert report.to_json() == lines(report.to_dict())


def test_json_of_a_deployed_network_and_of_one_without_layers() -> None:
    deployed = cnncalc.analyze("lenet5", deploy=True, runtime="plain")
    assert deployed.to_json() == lines(deployed.to_dict())
    empty = replace(deployed, layers=())
    assert empty.to_json() == lines(empty.to_dict())


def of_layers(count: int) -> cnncalc.Report:
    block = {"conv": {"out": 8, "kernel": 3, "padding": 1, "norm": "batch_norm", "act": "relu"}, "repeat": count // 3}
    return cnncalc.analyze({"input": [8, 32, 32], "layers": [block]})


def taken(pieces: Iterator[str]) -> int:
    """Return the most memory that stands at once while text is written and thrown away."""
    tracemalloc.start()
    try:
        for _ in pieces:
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_the_whole_text_is_never_held_while_json_is_written() -> None:
    report = of_layers(900)
    assert taken(report.json_pieces()) < len(report.to_json()) // 2


def test_csv_is_written_to_a_file_as_it_is_returned(tmp_path: Path) -> None:
    report = of_layers(300)
    assert report.to_csv(tmp_path / "layers.csv") is None
    text = (tmp_path / "layers.csv").read_text(encoding="utf-8")
    assert text == report.to_csv()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["path"] for row in rows] == [layer.path for layer in report.layers]
    assert [row["macs"] for row in rows] == [str(layer.macs) for layer in report.layers]


def test_pieces_are_gathered_and_a_failure_among_them_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    assert list(gathered(["ab", "cd", "e"], 3)) == ["abcd", "e"]
    assert list(gathered([])) == []

    def broken() -> Iterator[str]:
        yield "new" * 50_000
        raise ZeroDivisionError

    file = tmp_path / "file"
    file.write_text("old", encoding="utf-8")
    with pytest.raises(ZeroDivisionError):
        write_file(file, broken())
    assert file.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("reach", [
    Slide(3, 2, 1, 1), Transpose(3, 2, 1, 1), Transpose(4, 2, 1, 1), Transpose(2, 3), Transpose(3, 1, 2), Nearest(3),
    Parts(4), Interpolate(2), Interpolate(3, 1), Broadcast(),
])  # fmt: skip
@pytest.mark.parametrize("field", [AffineField(0, 0, 1), AffineField(-3, 5, 4), AffineField(-1, 0, 6)])
def test_a_field_behind_a_rhythm_is_the_hull_of_what_each_unit_reads(reach: Any, field: AffineField) -> None:
    found = through(field, reach, 40)
    for x in range(40):
        seen = [hull for unit in reach.taps(x) if (hull := field.at(unit)) is not None]
        wanted = (min(lo for lo, _ in seen), max(hi for _, hi in seen)) if seen else None
        assert found.at(x) == wanted
    if isinstance(found, Periodic):  # and no shorter period would do
        entries = len(found.entries)
        for period in range(1, entries):
            if entries % period == 0 and found.shift * period % entries == 0:
                by = found.shift * period // entries
                pairs = [(found.at(x), found.at(x + period)) for x in range(entries)]
                assert any(later != (one and (one[0] + by, one[1] + by)) for one, later in pairs)


def test_a_union_that_changes_nothing_is_the_field_itself() -> None:
    wide, narrow = AffineField(-3, 3, 2), AffineField(-1, 1, 2)
    assert union([narrow, wide, narrow], 8) is wide
    assert union([wide, AffineField(-3, 3, 2)], 8) is wide


def test_layers_behind_full_concatenations_share_their_fields() -> None:
    layers: list[Any] = [{"conv": {"out": 4, "kernel": 3, "padding": 1}, "as": "l0"}]
    for index in range(1, 6):
        layers += [{"concat": ["input", *(f"l{before}" for before in range(index))]},
                   {"conv": {"out": 4, "kernel": 3, "padding": 1}, "as": f"l{index}"}]  # fmt: skip
    study = cnncalc.Study.of({"input": [3, 16, 16], "layers": layers})
    fields = study.fields.of
    for index in range(1, 6):
        concat, widest = fields[2 * index - 1], fields[2 * index - 2]
        assert concat is widest or concat.spatial is widest.spatial
        assert FieldText(concat).largest == (2 * index + 1,) * 2
