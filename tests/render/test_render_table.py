"""The table of `show`, its forms, and what must hold at every width."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

import cnncalc
from cnncalc import zoo
from cnncalc.analysis.group import RowKind, by_operator, first, ranked, total, tree
from cnncalc.render.cells import guarded
from cnncalc.render.columns import COLUMNS, DEFAULT, LEAVE_FIRST, chosen
from cnncalc.render.data import csv_text, json_text
from cnncalc.render.format import NumberFormat
from cnncalc.render.latex import latex
from cnncalc.render.markdown import code, escape, markdown
from cnncalc.render.table import NetworkTable, TableView, render

GOLDEN = Path(__file__).parents[1] / "data" / "show"
WIDE = 10_000
SPECS = [file.stem for file in zoo.files()]
CUT = re.compile(r"\d…|…\d")
COUNTS = ("params", "macs", "flops", "memory_access")


def table(report: cnncalc.Report, width: int = WIDE, *, depth: int | None = None, **look: Any) -> str:
    ascii_only = look.pop("ascii_only", False)
    return render(report, TableView(rows=tree(report.layers, depth), **look), width=width, ascii_only=ascii_only)


def body(text: str) -> list[str]:
    """Return the lines of the rows, and the footer, without the rules."""
    lines = text.split("\n")
    rules = [index for index, line in enumerate(lines) if line and set(line) == {"─"}]
    return lines[rules[0] + 1 : rules[1]] + lines[rules[1] + 1 : rules[1] + 2]


@pytest.mark.parametrize("name", SPECS)
def test_each_printed_column_adds_up_to_its_printed_total(name: str) -> None:
    report = cnncalc.analyze(name)
    for depth in (None, 1, 2, 3):
        lines = body(table(report, depth=depth, columns=chosen(("layer", *COUNTS))))
        numbers = [[int(cell.replace(",", "")) for cell in line.split()[-4:]] for line in lines if line[-1].isdigit()
                   and len(line.split()) >= 5]  # fmt: skip
        *rows, footer = numbers
        assert [sum(column) for column in zip(*rows, strict=True)] == footer
        totals = report.totals
        assert footer == [totals.params, totals.macs, totals.flops, totals.memory_access.total]


@pytest.mark.few
@pytest.mark.parametrize("name", SPECS)
def test_no_width_cuts_a_number(name: str) -> None:
    report = cnncalc.analyze(name)
    grouped = re.compile(r"\d+(?:,\d+)+")
    numbers = set(grouped.findall(table(report, depth=2)))
    every = name in {"resnet50", "googlenet", "unet", "hrnet_w18"}
    for width in range(40, 201) if every else range(40 + crc32(name.encode()) % 8, 201, 8):
        text = table(report, width, depth=2)
        assert not CUT.search(text)
        lines = text.split("\n")
        assert max(map(len, lines)) <= width
        assert set(grouped.findall(text)) <= numbers
    for width in range(40, 201, 40):
        text = table(report, width)
        assert not CUT.search(text)
        assert max(map(len, text.split("\n"))) <= width


def test_counts_stand_whole_or_not_at_all_at_every_width() -> None:
    report = cnncalc.analyze("vgg16")
    for width in range(20, 201):
        left_out = set(re.findall(r"[a-z_]+", "".join(re.findall(r"left out at this width: ([^(]*)", " ".join(
            table(report, width, depth=1).split())))))  # fmt: skip
        footer = body(table(report, width, depth=1))[-1].split()
        for key in COUNTS:
            value = total(report.totals, key).value
            assert (f"{value:,}" in footer) == (key not in left_out)


def test_columns_go_in_one_order_and_a_line_says_which() -> None:
    report = cnncalc.analyze("resnet50")
    seen: list[str] = []
    for width in range(200, 19, -1):
        found = re.search(r"left out at this width: ([^(]*) \(", " ".join(table(report, width, depth=1).split()))
        names = found[1].split(", ") if found else []
        assert names[: len(seen)] == seen
        seen = names
    assert seen == [name for name in LEAVE_FIRST if name in seen]
    assert set(seen) <= set(DEFAULT) - {"layer"}
    assert set(LEAVE_FIRST) | {"layer"} == set(COLUMNS)


def test_names_give_way_before_lines_become_too_long() -> None:
    label = "a_rather_long_label_that_somebody_wrote_12345"
    report = cnncalc.analyze({"input": [3, 8, 8], "layers": [{"conv": {"out": 4, "kernel": 3}, "as": label}]})
    text = table(report, 40)
    assert max(map(len, text.split("\n")[:6])) <= 40
    assert "…" in text
    assert not CUT.search(text)
    assert label in table(report)


@pytest.mark.parametrize(
    ("golden", "name", "depth"),
    [("lenet5", "lenet5", None), ("resnet50-depth1", "resnet50", 1), ("unet-depth2", "unet", 2)],
)
def test_tables_look_as_they_did(golden: str, name: str, depth: int | None) -> None:
    assert table(cnncalc.analyze(name), depth=depth) == (GOLDEN / f"{golden}.txt").read_text(encoding="utf-8")


def test_narrow_human_table_looks_as_it_did() -> None:
    text = table(cnncalc.analyze("resnet50"), 80, depth=1, numbers=NumberFormat.HUMAN)
    assert text == (GOLDEN / "resnet50-depth1-human-80.txt").read_text(encoding="utf-8")


def test_fields_are_one_number_if_square_and_global_if_whole() -> None:
    report = cnncalc.analyze(
        {"input": [3, 20, 30], "layers": [{"conv": {"out": 8, "kernel": [3, 5]}}, {"conv": {"out": 8, "kernel": 3}},
                                          "global_avg_pool"]}
    )  # fmt: skip
    lines = body(table(report, columns=chosen(("layer", "receptive_field"))))
    assert [line.split() for line in lines[:-1]] == [["conv1", "3x5"], ["conv2", "5x7"], ["global_avg_pool1", "global"]]


def test_unknown_numbers_and_lower_bounds_are_marked() -> None:
    report = cnncalc.analyze(
        {"input": [3, 8, 8], "layers": [{"conv": {"out": 4, "kernel": 1}}, {"opaque": {"out": [4, 8, 8]}}]}
    )
    lines = body(table(report, columns=chosen(("layer", "params", "macs"))))
    assert [line.split() for line in lines] == [
        ["conv1", "16", "768"], ["opaque1", "?", "?"], ["Total", ">=", "16", ">=", "768"],
    ]  # fmt: skip
    assert ">= 64 bytes" in table(report)
    assert "? of params, ? of MACs" in table(report)
    assert re.search(r"network +>= 16", table(report, depth=1)) is None


def test_a_share_of_a_lower_bound_is_an_upper_bound() -> None:
    report = cnncalc.analyze(
        {"input": [3, 8, 8], "layers": [{"conv": {"out": 4, "kernel": 1}}, {"opaque": {"out": [4, 8, 8]}}]}
    )
    view = TableView(rows=tree(report.layers), columns=chosen(("layer", "share_macs")))
    cells = [line.split()[1:] for line in body(render(report, view, width=WIDE))]
    assert [cell[:3] for cell in cells] == [["<=", "100.0", "%"], ["?"], []]
    assert r"$\leq$ 100.0 \%" in latex(report, view.rows, view.columns, NumberFormat.EXACT)
    assert "conv1,?" in "".join(csv_text([(report, view.rows, view.columns)], several=False))
    assert [(layer.share_params, layer.share_macs) for layer in report.layers] == [(None, None)] * 2
    assert (report.summary.fc_share_params, report.summary.fc_share_macs) == (None, None)


def test_a_table_that_just_fits_wraps_on_no_terminal() -> None:
    report = cnncalc.analyze("lenet5")
    for width in range(40, 140):
        lines = NetworkTable(report, TableView(rows=tree(report.layers))).lines(width)
        assert max(sum(len(segment.text) for segment in line) for line in lines) <= width


def test_partial_reports_have_no_totals_no_shares_and_no_summary() -> None:
    text = table(cnncalc.analyze("lenet5"), partial=True)
    assert "Total" not in text
    assert "Share" not in text
    assert "depth" not in text


def test_operator_groups_and_the_rest() -> None:
    report = cnncalc.analyze("resnet50")
    text = render(report, TableView(rows=ranked(by_operator(report.layers), "macs")), width=WIDE)
    lines = body(text)
    assert lines[0].split()[:4] == ["conv", "53", "layers", "23,454,912"]
    assert "Output" not in text
    top = body(render(report, TableView(rows=first(ranked(tree(report.layers), "macs"), 2)), width=WIDE))
    assert len(top) == 4
    assert top[2].startswith("173 more")


def test_no_escape_without_colour_and_ascii_where_asked() -> None:
    report = cnncalc.analyze("resnet18")
    assert "\x1b" not in table(report)
    assert table(report, ascii_only=True).isascii()
    coloured = render(report, TableView(rows=tree(report.layers)), width=200, colour=True)
    assert "\x1b[" in coloured
    plain = "\n".join(line.rstrip() for line in re.sub(r"\x1b\[[\d;]*m", "", coloured).split("\n"))
    assert plain == table(report, 200)


def test_names_are_data() -> None:
    evil = "[bold red]=cmd|'/c calc'!A1 \x1b[2J<b>$x_1$ `@you`\u202e"
    report = cnncalc.analyze({"name": evil, "source": evil, "input": [3, 8, 8], "layers": ["relu"]})
    rows, columns = tree(report.layers), chosen(DEFAULT)
    shown = render(report, TableView(rows=rows), width=WIDE)
    assert shown.startswith("[bold red]=cmd")
    exact = NumberFormat.EXACT
    for text in (shown, markdown(report, rows, columns, exact), latex(report, rows, columns, exact),
                 csv_text([(report, rows, columns)], several=True)):  # fmt: skip
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "\x1b[2J" not in render(report, TableView(rows=rows), width=WIDE, colour=True)


def test_csv_guards_formulas_and_keeps_numbers() -> None:
    assert [guarded(text) for text in ("=1+1", "+x", "-x", "@x", "-5", "-0.5", "12", "-", "\ta")] == [
        "'=1+1", "'+x", "'-x", "'@x", "-5", "-0.5", "12", "-", "\\ta",
    ]  # fmt: skip
    report = cnncalc.analyze("resnet50")
    rows, columns = tree(report.layers), chosen(list(COLUMNS))
    found = list(csv.DictReader(csv_text([(report, rows, columns)], several=False)))
    assert [row["layer"] for row in found] == [layer.path for layer in report.layers]
    assert sum(int(row["params"]) for row in found) == 25_557_032
    assert sum(int(row["macs"]) for row in found) == 4_089_184_256
    assert abs(sum(float(row["share_macs"]) for row in found) - 1) < 1e-9


def test_markdown_and_latex_say_the_same_numbers() -> None:
    report = cnncalc.analyze("lenet5")
    rows, columns = tree(report.layers), chosen(DEFAULT)
    for form, write in (("md", markdown), ("tex", latex)):
        text = write(report, rows, columns, NumberFormat.EXACT)
        assert text == (GOLDEN / f"lenet5.{form}").read_text(encoding="utf-8")
    assert escape("a|b_c*") == "a\\|b\\_c\\*"
    assert code("a`b|c") == "``a`b\\|c``"
    assert not any(row.kind is RowKind.HEADING for row in rows)


def test_json_is_the_report() -> None:
    one, two = cnncalc.analyze("lenet5"), cnncalc.analyze("alexnet")
    import json

    assert json.loads("".join(json_text([one]))) == one.to_dict()
    assert json.loads("".join(json_text([one, two]))) == [one.to_dict(), two.to_dict()]


def test_a_table_is_a_rich_renderable() -> None:
    from rich.console import Console

    report = cnncalc.analyze("lenet5")
    console = Console(file=io.StringIO(), width=150, record=True, color_system=None)
    console.print(NetworkTable(report, TableView(rows=tree(report.layers))))
    assert "61,706" in console.export_text()


def test_columns_are_named_in_the_error() -> None:
    with pytest.raises(ValueError, match=r"did you mean 'params'.*memory_access"):
        chosen(["parms"])
    with pytest.raises(ValueError, match="twice"):
        chosen(["params", "params"])
