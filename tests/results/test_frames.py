"""A report as data frames, CSV, Markdown and LaTeX: the same numbers in each, integers as integers."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import cnncalc
from cnncalc.render import frames
from cnncalc.results.arguments import Argument

if TYPE_CHECKING:
    from pathlib import Path

    from cnncalc.results.report import Report

HUGE = 2**62


def spec(input_shape: list[int], layers: list[Any], **rest: Any) -> Report:
    return cnncalc.analyze({"cnncalc": 1, "name": "net", "input": input_shape, "layers": layers, **rest})


CONV = {"conv": {"out": 4, "kernel": 3}}
UP = {"conv_transpose": {"out": 2, "kernel": 2, "stride": 2}}
OPAQUE = spec([3, 16, 16], [CONV, {"opaque": [8, 4, 4]}, CONV])
WAVE = spec([2, 400], [{"conv": {"out": 4, "kernel": 8, "stride": 4}}, "relu", UP])
VOLUME = spec([1, 8, 9, 10], [{"conv": {"out": 2, "kernel": [1, 2, 3]}}])
VECTOR = spec([7], [{"linear": 10}, "relu"])
# 2^62 channels in and out: 2^124 weights need more than 64 bits.
WIDE = spec([HUGE, 1, 1], [{"conv": {"out": HUGE, "kernel": 1, "bias": False}}, "relu"])
# 2^310 multiply-accumulates, more than any decimal of Arrow.
WIDER = spec([HUGE, HUGE, HUGE, HUGE], [{"conv": {"out": HUGE, "kernel": 1, "bias": False}}, "relu"])
MIXED = cnncalc.analyze(
    {
        "cnncalc": 1,
        "inputs": {"picture": [3, 16, 12], "sound": [1, 100]},
        "layers": [
            {"conv": {"out": 4, "kernel": [3, 5]}, "from": "picture", "as": "a"},
            {"conv": {"out": 4, "kernel": 9}, "from": "sound", "as": "b"},
        ],
        "outputs": ["a", "b"],
    }
)
REPORTS = {"opaque": OPAQUE, "wave": WAVE, "volume": VOLUME, "vector": VECTOR, "wide": WIDE, "mixed": MIXED,
           "resnet50": cnncalc.analyze("resnet50"), "unet": cnncalc.analyze("unet")}  # fmt: skip
EVERY = pytest.mark.parametrize("name", REPORTS)


def test_records_agree_with_the_report() -> None:
    # ResNet-50's stem: 64x112x112 outputs of 147 taps; He et al. 2015, table 1.
    report = REPORTS["resnet50"]
    records = report.to_dicts()
    assert [record["path"] for record in records] == [layer.path for layer in report]
    stem = records[0]
    assert stem["macs"] == 147 * 64 * 112 * 112
    assert (stem["read_elements"], stem["written_elements"], stem["weights_elements"]) == (150_528, 802_816, 9_408)
    assert stem["moved_elements"] == 150_528 + 802_816 + 9_408
    assert stem["moved_bytes"] == 4 * stem["moved_elements"]
    assert stem["out_elements"] == 802_816
    assert stem["receptive_field_h_px"] == stem["receptive_field_w_px"] == 7
    assert stem["jump_h_px"] == 2.0
    assert stem["start_w_px"] == -3
    assert sum(record["params"] for record in records) == 25_557_032
    assert sum(record["share_macs"] for record in records) == pytest.approx(1)
    assert records[-1]["global"] is True
    assert {record["block"] for record in records if record["path"].startswith("layer1.0.")} == {"layer1.0"}


def test_an_unknown_number_is_missing_not_zero() -> None:
    conv, opaque, _ = OPAQUE.to_dicts()
    for name in ("params", "macs", "flops", "moved_elements", "moved_bytes", "read_elements"):
        assert opaque[name] is None
        assert conv[name]


def test_the_axes_are_those_of_the_inputs() -> None:
    def axes(report: Report) -> list[str]:
        return [name.split("_")[1] for name in frames.columns(report) if name.startswith("jump_")]

    assert axes(WAVE) == ["l"]
    assert axes(VOLUME) == ["d", "h", "w"]
    assert not [name for name in frames.columns(VECTOR) if name.endswith("_px")]
    record = VOLUME.to_dicts()[0]
    assert [record[f"receptive_field_{letter}_px"] for letter in "dhw"] == [1, 2, 3]
    assert WAVE.to_dicts()[-1]["jump_l_px"] == 2.0


def test_inputs_of_different_rank_keep_their_axes_apart() -> None:
    picture, sound = MIXED.to_dicts()
    assert [picture[f"receptive_field_{letter}_px"] for letter in "hwl"] == [3, 5, None]
    assert [sound[f"receptive_field_{letter}_px"] for letter in "hwl"] == [None, None, 9]


@EVERY
def test_every_record_has_every_column_and_a_unit_in_its_name(name: str) -> None:
    report = REPORTS[name]
    columns = frames.columns(report)
    for record in report.to_dicts():
        assert list(record) == list(columns)
    units = ("elements", "bytes", "px", "channels", "per_byte")
    plain = {
        *("path", "op", "arguments", "block", "inputs", "in_shapes", "out_shape", "params", "buffers", "macs", "flops"),
        *("connections", "share_params", "share_macs", "global", "weighted", "shares", "line", "column"),
    }
    assert all(column in plain or column.endswith(units) for column in columns)
    kinds = {"integer": int, "fraction": float, "boolean": bool, "text": str}
    for record in report.to_dicts():
        for column, value in record.items():
            assert value is None or type(value) is kinds[columns[column]], column


def values(report: Report, column: str) -> list[Any]:
    return [record[column] for record in report.to_dicts()]


@pytest.mark.extra
@EVERY
def test_pandas(name: str) -> None:
    pd = pytest.importorskip("pandas")
    report = REPORTS[name]
    frame = report.to_pandas()
    for column, kind in frames.columns(report).items():
        found = [None if pd.isna(value) else value for value in frame[column]]
        assert found == values(report, column), column
        if kind == "integer":
            wide = any(v is not None and abs(v) >= 2**63 for v in values(report, column))
            assert str(frame[column].dtype) == ("object" if wide else "Int64"), column
    assert int(frame["params"].sum()) == report.totals.params


@pytest.mark.extra
@EVERY
def test_polars(name: str) -> None:
    pl = pytest.importorskip("polars")
    report = REPORTS[name]
    frame = report.to_polars()
    for column, kind in frames.columns(report).items():
        assert frame[column].to_list() == values(report, column), column
        if kind == "integer":
            assert frame[column].dtype in {pl.Int64, pl.Int128}, column
        if kind == "text":
            assert frame[column].dtype == pl.String


@pytest.mark.extra
@EVERY
def test_arrow(name: str) -> None:
    pa = pytest.importorskip("pyarrow")
    report = REPORTS[name]
    table = report.to_arrow()
    for column, kind in frames.columns(report).items():
        assert table[column].to_pylist() == values(report, column), column
        if kind == "integer":
            found = table.schema.field(column).type
            assert pa.types.is_int64(found) or pa.types.is_decimal(found)


@pytest.mark.extra
def test_the_arrow_stream_is_read_by_other_libraries() -> None:
    pa = pytest.importorskip("pyarrow")
    report = REPORTS["unet"]
    table = pa.table(report)
    assert table.equals(report.to_arrow())
    pl = pytest.importorskip("polars")
    assert pl.DataFrame(report)["macs"].to_list() == values(report, "macs")


@pytest.mark.extra
def test_no_digit_is_lost_where_no_type_holds_it() -> None:
    assert WIDER.layers[0].macs == HUGE**5
    pytest.importorskip("polars")
    assert WIDER.to_polars()["macs"].to_list() == [str(HUGE**5), "0"]
    pytest.importorskip("pyarrow")
    assert WIDER.to_arrow()["macs"].to_pylist() == [str(HUGE**5), "0"]
    pytest.importorskip("pandas")
    assert list(WIDER.to_pandas()["macs"]) == [HUGE**5, 0]


@pytest.mark.process
@pytest.mark.parametrize(
    ("call", "library", "extra"),
    [
        ("to_pandas()", "pandas", "pandas"),
        ("to_polars()", "polars", "polars"),
        ("to_arrow()", "pyarrow", "arrow"),
        ("__arrow_c_stream__()", "pyarrow", "arrow"),
        ("plot()", "matplotlib", "plot"),
    ],
)
def test_a_missing_library_is_one_line_that_names_the_extra(call: str, library: str, extra: str) -> None:
    program = f"""
import sys
sys.modules["{library}"] = None
import cnncalc
try:
    cnncalc.analyze("lenet5").{call}
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == f"{library} is not installed; pip install 'cnncalc[{extra}]'\n"


@pytest.mark.process
def test_importing_and_showing_needs_no_optional_library() -> None:
    program = """
import sys
for name in ("pandas", "polars", "pyarrow", "matplotlib", "numpy", "IPython"):
    sys.modules[name] = None
import cnncalc
report = cnncalc.analyze("lenet5")
report._repr_mimebundle_(), report.to_csv(), report.to_latex(), report.to_dicts(), cnncalc.memory("lenet5").to_html()
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@EVERY
def test_csv_holds_the_records(name: str, tmp_path: Path) -> None:
    report = REPORTS[name]
    text = report.to_csv()
    assert text is not None
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == list(frames.columns(report))
    for row, record in zip(rows, report.to_dicts(), strict=True):
        for column, value in record.items():
            assert row[column] == ("" if value is None else str(value)), column
    file = tmp_path / "layers.csv"
    assert report.to_csv(file) is None
    assert file.read_bytes() == text.encode()


def test_csv_holds_no_formula() -> None:
    layer = REPORTS["wave"].layers[0]._replace(given=(Argument("=cmd|' /C calc'!A0", value=True),), path="@SUM(1)")
    values = {key: getattr(WAVE, key) for key in WAVE.__slots__} | {"layers": (layer,)}
    text = type(WAVE)(**values).to_csv()
    assert text is not None
    row = next(csv.DictReader(io.StringIO(text)))
    assert row["arguments"] == "'=cmd|' /C calc'!A0"
    assert row["path"] == "'@SUM(1)"


@pytest.mark.extra
def test_csv_is_read_back_as_the_frame() -> None:
    pd = pytest.importorskip("pandas")
    report = REPORTS["unet"]
    read = pd.read_csv(io.StringIO(report.to_csv()))
    assert read["macs"].sum() == report.totals.macs
    assert list(read.columns) == list(report.to_pandas().columns)


def test_markdown_and_latex_are_the_table_of_show() -> None:
    report = REPORTS["resnet50"]
    markdown = report.to_markdown(depth=1, human=True, columns=["layer", "params", "macs"])
    assert "| Layer | Params | MACs |" in markdown
    assert "| `layer4 x 3` | 15.0 M | 809 M |" in markdown
    assert "| **Total** | **25.6 M** | **4.09 G** |" in markdown
    latex = report.to_latex(columns=["layer", "macs"])
    assert latex.startswith("% resnet50")
    assert r"\begin{tabular}{lr}" in latex
    assert r"Total & 4,089,184,256 \\" in latex
    assert latex.count(r"\\") == len(report) + 2
    for convert in (report.to_markdown, report.to_latex):
        with pytest.raises(ValueError, match="there is no column 'mac'"):
            convert(columns=["mac"])
        with pytest.raises(ValueError, match="depth must be at least 1"):
            convert(depth=0)
