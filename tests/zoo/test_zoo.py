"""The zoo against what others publish and measured: torchvision, the papers' tables, gradients; and `cnncalc zoo`."""

from __future__ import annotations

import csv
import io
import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from oracles import models
from typer.testing import CliRunner

import cnncalc
from cnncalc import zoo
from cnncalc.cli import app
from cnncalc.language.yaml_text import read
from cnncalc.zoo import names
from cnncalc.zoo.totals import FILE, stored, totals_of

if TYPE_CHECKING:
    from fractions import Fraction

DATA = Path(__file__).parents[1] / "data"
MEASURED: dict[str, Any] = json.loads((DATA / "measured.json").read_text(encoding="utf-8"))
PUBLISHED: list[dict[str, Any]] = json.loads((zoo.folder() / "published.json").read_text(encoding="utf-8"))
TORCHVISION = [fact for fact in PUBLISHED if fact["source"].startswith("torchvision") and fact["certain"]]
NAMES = [entry.name for entry in zoo.entries()]

# torchvision publishes these with the head that only training uses; parameters and multiply-accumulates of that head,
# the difference of the recorded totals with and without it (oracles/models).
AUXILIARY = {
    name: {
        "params": model.totals["total_params_with_aux"] - model.params,
        "macs": model.totals["total_macs_with_aux"] - model.macs,
    }
    for name, model in models().items()
    if "total_params_with_aux" in model.totals
}

FROZEN = ("fasterrcnn_resnet50_fpn", "retinanet_resnet50_fpn")
FROZEN_NORMS = 53_120
"""Values of ResNet-50's norms, which torchvision freezes in its pretrained detectors and does not count."""

ASKED = """
lenet5 alexnet alexnet_2012 vgg11 vgg13 vgg16 vgg19 vgg11_bn vgg13_bn vgg16_bn vgg19_bn nin googlenet googlenet_2014
inception_v3 resnet18 resnet34 resnet50 resnet101 resnet152 resnet50_v1 resnet101_v1 resnet152_v1 resnext50_32x4d
resnext101_32x8d resnext101_64x4d wide_resnet50_2 wide_resnet101_2 se_resnet50 squeezenet1_0 squeezenet1_1 densenet121
densenet161 densenet169 densenet201 mobilenet_v1 mobilenet_v2 mobilenet_v3_small mobilenet_v3_large shufflenet_v1_g3
shufflenet_v1_g8 shufflenet_v2_x0_5 shufflenet_v2_x1_0 shufflenet_v2_x1_5 shufflenet_v2_x2_0 mnasnet0_5 mnasnet0_75
mnasnet1_0 mnasnet1_3 efficientnet_b0 efficientnet_b1 efficientnet_b2 efficientnet_b3 efficientnet_b4 efficientnet_b5
efficientnet_b6 efficientnet_b7 efficientnet_v2_s efficientnet_v2_m efficientnet_v2_l regnet_x_400mf regnet_x_800mf
regnet_x_1_6gf regnet_x_3_2gf regnet_x_8gf regnet_x_16gf regnet_x_32gf regnet_y_400mf regnet_y_800mf regnet_y_1_6gf
regnet_y_3_2gf regnet_y_8gf regnet_y_16gf regnet_y_32gf regnet_y_128gf convnext_tiny convnext_small convnext_base
convnext_large fcn8s fcn_resnet50 deeplabv3_resnet50 unet yolov2 yolov3
""".split()  # noqa: SIM905 - a list of ninety quoted words reads worse
FIRST_NINE = ("lenet5", "alexnet", "vgg16", "resnet18", "resnet50", "mobilenet_v2", "densenet121", "googlenet", "unet")


@cache
def _report(name: str, shape: str | None = None) -> cnncalc.Report:
    return cnncalc.analyze(name, input=shape)


def _shape(fact: dict[str, Any]) -> str | None:
    return "x".join(map(str, fact["input"])) if "input" in fact else None


@pytest.mark.long
def test_every_network_of_the_textbook_is_there_once() -> None:
    assert set(ASKED) <= set(NAMES)
    assert len(NAMES) == len(set(NAMES))
    assert all(_report(name).name == name for name in NAMES[::10])


@pytest.mark.parametrize("fact", TORCHVISION, ids=lambda f: f"{f['network']}-{f['metric']}-{_shape(f)}")
def test_totals_are_torchvisions_to_its_digits(fact: dict[str, Any]) -> None:
    found = getattr(_report(fact["network"], _shape(fact)).totals, fact["metric"])
    head = AUXILIARY.get(fact["network"], {}).get(fact["metric"], 0)
    if fact["metric"] == "params" and fact["network"] in FROZEN:
        head = -FROZEN_NORMS
    if fact["network"] == "googlenet" or (fact["network"], fact["metric"]) == ("inception_v3", "macs"):
        head = 0  # published without the auxiliary classifiers
    assert abs(found + head - fact["value"]) * 2 <= fact["unit"]


def test_every_network_of_torchvision_is_compared() -> None:
    compared = {fact["network"] for fact in TORCHVISION}
    others = {
        "lenet5", "alexnet_2012", "nin", "googlenet_2014", "resnet50_v1", "resnet101_v1", "resnet152_v1",
        "se_resnet50", "fcn8s", "unet", "yolov2", "yolov2_voc", "yolov3", "repvgg_a0_deployed", "mobileone_s0_deployed",
        *json.loads((DATA / "frameworks.json").read_text(encoding="utf-8"))["networks"],
    }  # fmt: skip
    missing = {name for name in set(NAMES) - compared - others if not name.startswith(("mobilenet_v", "shufflenet_v1"))}
    assert not missing


@pytest.mark.parametrize("row", MEASURED["totals"], ids=lambda r: f"{r['network']}-{r.get('input')}")
def test_totals_are_those_measured_in_pytorch(row: dict[str, Any]) -> None:
    totals = _report(row["network"], row.get("input")).totals
    keys = [key for key in ("params", "macs", "activations", "memory_access_weighted") if key in row]
    assert {key: getattr(totals, key) for key in keys} == {key: row[key] for key in keys}


@pytest.mark.parametrize("row", MEASURED["receptive_fields"], ids=lambda r: r["network"])
def test_receptive_field_is_the_one_measured_by_gradients(row: dict[str, Any]) -> None:
    summary = _report(row["network"]).summary
    assert summary.receptive_field == (row["receptive_field"],) * 2
    assert summary.stride == (row["stride"],) * 2


@pytest.mark.parametrize("file", zoo.files(), ids=lambda file: file.stem)
def test_spec_opens_with_its_source(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    keys = list(read(text)[0].keys())
    assert keys[:3] == ["cnncalc", "name", "source"]
    spec = cnncalc.load(file)
    assert spec.name == file.stem
    assert re.search(r"arXiv:\d{4}\.\d{4,5}|doi:10\.|NIPS|NeurIPS|github\.com/", spec.source or "")


@pytest.mark.parametrize("name", FIRST_NINE)
def test_the_first_nine_are_short(name: str) -> None:
    entry = zoo.find(name)
    assert entry is not None
    assert len(entry.file.read_text(encoding="utf-8").splitlines()) <= 70


@pytest.mark.parametrize("name", NAMES)
def test_nothing_in_the_zoo_is_unknown_or_warned_of(name: str) -> None:
    report = _report(name)
    assert report.totals.lower_bounds == ()
    assert [w for w in report.warnings if w.code != "misaligned-merge"] == []


def test_other_names_are_of_networks_and_hide_none() -> None:
    spelt = {names.plain(name) for name in NAMES}
    assert len(spelt) == len(NAMES)
    assert set(names.OTHER_NAMES.values()) <= set(NAMES)
    assert not spelt & {names.plain(name) for name in names.OTHER_NAMES}


@pytest.mark.parametrize(("said", "meant"), [
    ("vit_base", "vit_base_patch16_224"), ("deit_small", "deit_small_patch16_224"), ("ResNet-50", "resnet50"),
    ("mobilenetv2", "mobilenet_v2"), ("unet++", "unet_plus_plus"), ("resnest50", "resnest50d"),
    ("PANet", "panet_resnet50"), ("efficientnet-lite4", "tf_efficientnet_lite4"), ("yolov8", None), ("./unet", None),
    ("unet.yaml", None), ("-", None), ("", None), ("+", None), ("unet\n", None),
])  # fmt: skip
def test_a_network_is_found_by_what_people_call_it(said: str, meant: str | None) -> None:
    entry = zoo.find(said)
    assert (entry.name if entry else None) == meant


def test_the_first_of_a_family_is_proposed() -> None:
    with pytest.raises(cnncalc.SpecError, match="did you mean 'hrnet_w18'"):
        cnncalc.analyze("hrnet")


# The command.


def _run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["zoo", *arguments])
    return result.exit_code, result.stdout, result.stderr


def _names(*arguments: str) -> list[str]:
    code, text, _ = _run(*arguments, "--format", "json")
    assert code == 0
    return [row["name"] for row in json.loads(text)]


def test_all_of_it_is_listed_with_params_macs_and_source() -> None:
    code, text, _ = _run()
    assert code == 0
    assert text.splitlines()[-1] == f"{len(NAMES)} networks"
    row = next(line for line in text.splitlines() if line.startswith("resnet50 "))
    assert re.split(r"\s{2,}", row)[:4] == ["resnet50", "25,557,032", "4,089,184,256", "3x224x224"]
    assert "arXiv:1512.03385" in row


def test_a_list_analyses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnncalc.api.analyze", None)
    assert _names("--max", "fc_share=0.01", "--sort=-connections")[0] == "edsr_x2"


def test_a_spec_that_was_changed_is_analysed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is stored of another text, or without a metric that is asked for, is not told."""
    lenet = zoo.folder() / "lenet5.yaml"
    for name in ("lenet5.yaml", FILE):
        (tmp_path / name).write_bytes((zoo.folder() / name).read_bytes())
    monkeypatch.setattr("cnncalc.zoo.folder", lambda: tmp_path)
    (own,) = zoo.entries()
    assert stored(own) is not None
    (tmp_path / "lenet5.yaml").write_bytes(lenet.read_bytes().replace(b"\n", b"\r\n"))
    assert stored(own) is not None
    text = lenet.read_text(encoding="utf-8")
    (tmp_path / "lenet5.yaml").write_text(text.replace("out: 84", "out: 85"), encoding="utf-8")
    assert stored(own) is None
    (row,) = json.loads(_run("lenet", "--format", "json")[1])
    assert row["params"] == 61706 + (120 + 1) + 10


def test_query_finds_names_and_citations() -> None:
    assert _names("mobilenet") == [name for name in NAMES if name.startswith("mobilenet")]
    assert _names("1512.03385", "_v1") == ["resnet50_v1", "resnet101_v1", "resnet152_v1"]
    assert _names("HE", "resnet34") == ["resnet34"]


def test_limits_and_order() -> None:
    small = _names("mobile", "--max", "macs=100M", "--sort", "macs")
    assert small == ["mobilenet_v1_x0_25", "mobilenet_v3_small", "mobilenet_v2_x0_35", "mobilenet_v2_x0_5"]
    assert _names("mobile", "--max", "macs=100M", "--sort=-macs") == small[::-1]
    assert _names("vgg", "--min", "params=143.7M") == []
    assert _names("densenet", "--min", "rf=2500", "--sort", "name") == ["densenet161", "densenet169", "densenet201"]


def test_a_limit_or_order_adds_its_column() -> None:
    code, text, _ = _run("densenet", "--sort", "depth", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert code == 0
    assert list(rows[0]) == ["name", "params", "macs", "depth", "input", "source", "task", "year"]
    assert [row["depth"] for row in rows] == ["121", "161", "169", "201"]


def test_markdown_and_human() -> None:
    _, text, _ = _run("lenet5", "--sort", "name", "--format", "markdown", "--human")
    assert text.splitlines()[2].startswith("| `lenet5` | 61,706 | 417 k | 1x32x32 | LeCun")


def test_nothing_found_says_so_and_proposes() -> None:
    code, text, notice = _run("resnt50")
    assert (code, text) == (0, "0 networks\n")
    assert "did you mean 'resnet50'?" in notice
    assert _run("zzz", "--format", "json")[1] == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--max", "mac=3"), "did you mean 'macs'?"),
        (("--max", "macs"), "wants METRIC=QUANTITY"),
        (("--min", "macs=3K"), "did you mean 'k'?"),
        (("--sort", "speed"), "no metric 'speed'"),
        (("--format", "xml"), "choose one of"),
        (("--task", "detecton"), "did you mean 'detection'?"),
        (("--year", "201"), "wants a year or a period"),
        (("--year", "20172019"), "wants a year or a period"),
    ],
)
def test_wrong_options_exit_with_2(arguments: tuple[str, ...], words: str) -> None:
    code, text, error = _run(*arguments)
    assert (code, text) == (2, "")
    assert words in error


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_no_number_is_cut_by_a_narrow_terminal(width: int) -> None:
    from cnncalc.render.format import NumberFormat
    from cnncalc.render.zoo import ZooRow, to_table

    totals = _report("vgg16").totals
    numbers: dict[str, int | Fraction] = {"params": totals.params, "macs": totals.macs}
    rows = [ZooRow(network=totals_of(_report("vgg16"), numbers), numbers=numbers, task="x", year=2014)]
    text = to_table(rows, NumberFormat.EXACT, width=width)
    assert "138,357,544" in text
    assert "15,470,264,320" in text
    lines = text.splitlines()[:-1]
    assert max(map(len, lines)) <= width
    assert ("Input" in text) == (width >= 60)
    assert width > 40 or text.endswith("1 network; input, task, year and source need a wider terminal\n")


def test_tasks_and_years_narrow_it() -> None:
    small = _names("--task", "detection", "--max", "params=5M", "--sort", "year")
    assert {"yolov5n", "yolov8n", "yolo11n", "efficientdet_d0"} <= set(small)
    assert not {"yolov8s", "resnet18", "unet"} & set(small)
    assert _names("vgg", "--year", "-1998") == []
    assert _names("--year", "-1998") == ["lenet5"]
    assert "vgg16" in _names("vgg", "--year", "2014")
    assert _names("resnet18", "--year", "2014") == []
    assert set(_names("resnet", "--year", "2014-2016")) >= {"resnet18", "resnet50_v1"}
    assert {"r3d_18", "mc3_18", "r2plus1d_18"} <= set(_names("--task", "video", "--year=2018-"))


def test_each_network_has_a_year_and_each_task_its_networks() -> None:
    stems = {file.stem for file in zoo.files()}
    assert all(1989 <= zoo.year(file) <= 2026 for file in zoo.files())
    assert all(names <= stems for names in zoo.TASKS.values())
    assert sum(map(len, zoo.TASKS.values())) == len(set().union(*zoo.TASKS.values()))


@pytest.mark.parametrize("file", zoo.files(), ids=lambda file: file.stem)
def test_only_classifiers_are_said_to_classify_images(file: Path) -> None:
    """A classifier has one vector for an image of two axes; it is no proof of the other tasks."""
    if zoo.task(file) == zoo.CLASSIFICATION:
        report = _report(file.stem)
        assert [len(shape) for _, shape in report.input] == [3]
        assert [len(shape) for _, shape in report.outputs] == [1]


@pytest.mark.parametrize("file", zoo.files(), ids=lambda file: file.stem)
def test_variants_are_read_from_the_lines_as_from_the_spec(file: Path) -> None:
    assert zoo.variants(file) == list(cnncalc.load(file).variants)


def test_a_name_alone_shows_its_page() -> None:
    code, text, _ = _run("regnet_y_8gf")
    assert code == 0
    table, _, told = text.partition("\nregnet_y_8gf: classification, 2020\n")
    assert "39,381,472" in table
    assert told.startswith("Radosavovic et al. 2020")
    assert "specs/regnet_y_400mf.yaml, with regnet_y_400mf, " in told
    assert re.search(
        r"MACs: 8\.0B published, 8,473,070,592 here, \+473,070,592 \(\+5\.91 %\)\n +pycls .*168 channels", told
    )
    assert "the stride of a stage sits on the first 1x1" in _run("resnet50")[1]


def test_a_page_as_data_and_as_markdown() -> None:
    (row,) = json.loads(_run("resnet50", "--format", "json")[1])
    assert (row["name"], row["task"], row["year"], row["params"]) == ("resnet50", "classification", 2015, 25557032)
    assert {fact["value"] for fact in row["published"] if fact["where"].startswith("torchvision")} >= {25557032}
    assert all(fact["agrees"] for fact in row["published"])
    markdown = _run("resnet50", "--format", "markdown")[1]
    assert "| params | 25557032 | 25,557,032 | equal | torchvision" in markdown


@pytest.mark.parametrize(
    ("begun", "complete", "found"),
    [
        ("yolov8", "complete_network", ["yolov8n", "yolov8s", "yolov8m", "yolov8l", "yolov8x"]),
        ("det", "complete_task", ["detection"]),
        ("para", "complete_metric", ["params="]),
        ("-yea", "complete_sort", ["-year"]),
    ],
)
def test_a_shell_completes_names_tasks_and_metrics(begun: str, complete: str, found: list[str]) -> None:
    from cnncalc.cli import zoo as command

    assert getattr(command, complete)(begun) == found
