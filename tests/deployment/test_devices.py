"""Devices, rooflines and what fits, with numbers worked out by hand on a toy device and measured ones from outside."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cnncalc import analyze
from cnncalc.analysis.roofline import roofline
from cnncalc.cli import run
from cnncalc.devices import NUMBERS, Device, DeviceError, find, load, mapped, quantity
from cnncalc.render.devices import duration, roofline_text, size, to_json, to_table, with_sources
from cnncalc.render.memory import memory_text

TOY = Device(name="toy", title="Toy", kind="other", peak=(("fp32", 1000), ("int8", 4000)), bandwidth=100, sram=500,
             flash=100, memory=560)  # fmt: skip
MEASURED = json.loads((Path(__file__).parents[1] / "data" / "timm_inference.json").read_text(encoding="utf-8"))


def toy_network(**more: Any) -> Any:
    """1x4x4 -> 3x3 convolution without bias to 2 channels -> relu: 16 and 32 elements, 18 weights."""
    layers = [{"conv": {"out": 2, "kernel": 3, "padding": 1, "bias": False}}, "relu"]
    return analyze({"cnncalc": 1, "input": [1, 4, 4], "layers": layers}, **more)


# The roofline.


def test_a_layer_takes_the_longer_of_its_arithmetic_and_its_memory_access() -> None:
    """32 outputs of 9 products: 32*17 operations; (16 + 32 + 18)*4 bytes. ReLU: 32 comparisons, 64*4 bytes."""
    found = roofline(toy_network(), TOY)
    conv, relu = found.layers
    assert (conv.operations, conv.bytes) == (544, 264)
    assert conv.seconds == pytest.approx(2.64)
    assert conv.bound == "memory"
    assert (relu.operations, relu.bytes, relu.bound) == (32, 256, "memory")
    assert found.seconds == pytest.approx(2.64 + 2.56)
    assert found.ridge == pytest.approx(10)
    assert found.fused_seconds == pytest.approx((18 + 16 + 32) * 4 / 100)
    assert found.lower_bounds == ()


def test_narrow_types_move_less_and_compute_faster() -> None:
    found = roofline(toy_network(dtype="int8"), TOY)
    conv = found.layers[0]
    assert (found.computed_in, found.peak) == ("int8", 4000)
    assert conv.bytes == 66
    assert conv.seconds == pytest.approx(max(544 / 4000, 66 / 100))
    mixed = roofline(toy_network(dtype="w:int8,a:fp16"), TOY)
    assert mixed.computed_in == "fp32"
    assert mixed.layers[0].bytes == 2 * 48 + 18


def test_work_bounds_a_device_of_unknown_bandwidth() -> None:
    blind = Device(name="blind", title="Blind", kind="other", peak=(("fp32", 1000),))
    found = roofline(toy_network(), blind)
    assert [layer.bound for layer in found.layers] == ["compute", "compute"]
    assert found.seconds == pytest.approx(0.576)
    assert found.ridge is None
    assert found.fits == ()


def test_views_take_no_time_and_unknown_work_makes_the_sums_partial() -> None:
    layers = ["flatten", {"reshape": [1, 4, 4]}, {"opaque": [1, 4, 4]}]
    found = roofline(analyze({"cnncalc": 1, "input": [1, 4, 4], "layers": layers}), TOY)
    assert [(layer.seconds, layer.bound) for layer in found.layers] == [(0.0, None), (0.0, None), (None, None)]
    assert found.lower_bounds == ("seconds", "fused_seconds")
    assert set(found.to_dict()["lower_bounds"]) < set(found.to_dict())
    assert found.images_per_second is None


def test_layers_that_only_move_elements_are_memory_bound() -> None:
    layers = [{"conv": {"out": 4, "kernel": 1}}, {"channel_shuffle": 2}]
    found = roofline(analyze({"cnncalc": 1, "input": [1, 4, 4], "layers": layers}), TOY)
    assert (found.layers[1].operations, found.layers[1].bound) == (0, "memory")


@pytest.mark.parametrize("name", ["resnet50", "mobilenet_v2", "unet"])
@pytest.mark.parametrize("convention", ["exact", "mac", "thop"])
def test_bounds_do_not_depend_on_the_counting_rule_and_add_up(name: str, convention: str) -> None:
    report = analyze(name, convention=convention, dtype="fp16")
    found = report.roofline("t4")
    assert found.seconds == analyze(name, dtype="fp16").roofline("t4").seconds
    assert found.seconds == pytest.approx(sum(layer.seconds or 0 for layer in found.layers))
    assert found.seconds == pytest.approx(found.compute_seconds + found.memory_seconds)
    assert found.fused_seconds <= found.seconds
    assert {layer.bound for layer in found.layers if layer.seconds} <= {"compute", "memory"}
    for layer in found.layers:
        if layer.intensity is not None and layer.bound == "compute":
            assert layer.intensity >= (found.ridge or 0)


def test_what_fits_compares_the_live_peak_with_sram_and_the_model_with_flash() -> None:
    """Live at the relu: 2*32 elements of 4 bytes; 18 weights of 4 bytes."""
    fits = {fit.what: fit for fit in roofline(toy_network(), TOY).fits}
    assert (fits["activations"].needed, fits["activations"].available, fits["activations"].fits) == (256, 500, True)
    assert (fits["weights"].needed, fits["weights"].fits) == (72, True)
    assert (fits["weights and activations"].needed, fits["weights and activations"].fits) == (328, True)
    batch = {fit.what: fit for fit in roofline(toy_network(batch=2), TOY).fits}
    assert (batch["activations"].needed, batch["activations"].fits) == (512, False)
    assert not batch["weights and activations"].fits


def test_mobilenet_v2_overflows_a_microcontroller_and_lenet_does_not() -> None:
    assert not any(fit.fits for fit in analyze("mobilenet_v2", dtype="int8").roofline("stm32h743").fits)
    assert all(fit.fits for fit in analyze("lenet5", dtype="int8").roofline("stm32f746").fits)


# Against measurements.


def ranks(values: list[float]) -> list[float]:
    """Return the place of each value in ascending order, from 1; equal values share the mean of their places."""
    return [sum(other < value for other in values) + (values.count(value) + 1) / 2 for value in values]


def correlation(a: list[float], b: list[float]) -> float:
    """Return Spearman's rank correlation: Pearson's of the ranks."""
    x, y = ranks(a), ranks(b)
    mean = (len(a) + 1) / 2
    above = sum((p - mean) * (q - mean) for p, q in zip(x, y, strict=True))
    return float(above / (sum((p - mean) ** 2 for p in x) * sum((q - mean) ** 2 for q in y)) ** 0.5)


@pytest.mark.parametrize("count", [6, pytest.param(None, marks=pytest.mark.long)])
def test_the_order_of_the_bounds_is_the_order_of_measured_speeds(count: int | None) -> None:
    """56 networks that timm measured on an RTX 3090; parameters say that they are the same networks."""
    measured, bounds = [], []
    for entry in MEASURED["networks"][:count]:
        report = analyze(entry["network"], input=[3, entry["size"], entry["size"]], dtype="fp16", batch=1024)
        assert report.totals.params / 1e6 == pytest.approx(entry["millions_of_params"], abs=0.011)
        most = report.roofline("rtx3090").images_per_second
        assert most is not None
        assert entry["images_per_second"] < most
        measured.append(entry["images_per_second"])
        bounds.append(most)
    if count is not None:
        return
    found = correlation(measured, bounds)
    assert len(bounds) >= 20
    page = (Path(__file__).parents[2] / "docs" / "devices.md").read_text(encoding="utf-8")
    assert f"correlation is {found:.3f} over {len(bounds)} networks" in page


# The table of devices.


def test_every_built_in_number_names_its_source_and_when_it_was_read() -> None:
    devices = load()
    assert len(devices) >= 44
    assert sum(device.clock is not None and bool(device.sram and device.flash) for device in devices.values()) >= 30
    assert {device.kind for device in devices.values()} == {"gpu", "edge", "microcontroller", "accelerator"}
    for device in devices.values():
        numbers = [f"peak.{dtype}" for dtype, _ in device.peak]
        numbers += [name for name in NUMBERS if getattr(device, name) is not None]
        assert sorted(numbers) == sorted(what for what, _ in device.sources)
        for _, source in device.sources:
            assert source.title
            assert source.url.startswith("https://")
            assert source.read[:2] == "20"
        if device.kind == "microcontroller":
            assert device.sram
            assert device.flash


def test_a_type_without_a_rate_computes_as_a_wider_one() -> None:
    assert find("v100").rate("int8") == ("fp16", 125 * 10**12)
    assert find("a100").rate("int4") == ("int4", 1248 * 10**12)
    assert find("pi4").rate("fp16") == ("fp32", 96 * 10**9)
    assert find("rp2040").rate("fp32") == ("int8", 266 * 10**6)


@pytest.mark.parametrize(
    ("text", "number"),
    [("19.5T", 19_500_000_000_000), ("320Ki", 327_680), ("1 Mi", 1_048_576), (400, 400), (1e9, 10**9), ("7", 7)],
)
def test_quantities_are_exact(text: object, number: int) -> None:
    assert quantity(text) == number


@pytest.mark.parametrize("text", ["19.5", "0", "-3", "1e9", "5 TB", "", True, -1, 0, 1.5, float("inf"), None, [1]])
def test_what_is_no_quantity_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="positive whole number"):
        quantity(text)


def test_a_file_of_ones_own_merges_number_by_number(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        '[sources.bench]\ntitle = "our own measurement"\nread = 2026-05-01\n'
        "[devices.a100]\nbandwidth = {value = '1400G', source = 'bench'}\npeak.fp16 = '250T'\n"
        "[devices.board]\nkind = 'microcontroller'\npeak.int8 = 1000000\nsram = '64Ki'\n",
        encoding="utf-8",
    )
    devices = load(file)
    a100 = devices["a100"]
    assert a100.bandwidth == 1_400_000_000_000
    assert a100.rate("fp16") == ("fp16", 250_000_000_000_000)
    assert a100.rate("fp32") == ("fp32", 19_500_000_000_000)
    sources = dict(a100.sources)
    assert (sources["bandwidth"].title, sources["bandwidth"].read) == ("our own measurement", "2026-05-01")
    assert sources["peak.fp16"].title == str(file)
    assert "whitepaper" in sources["peak.fp32"].title
    assert (devices["board"].title, devices["board"].sram, devices["board"].flash) == ("board", 65_536, None)
    assert analyze("lenet5", dtype="int8").roofline("board", devices=file).fits[0].available == 65_536
    assert load()["a100"].bandwidth == 1_555_000_000_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("[device.x]\npeak.fp32 = 1", "no section 'device'", id="section"),
        pytest.param("devices = 3", "must be tables", id="not-a-table"),
        pytest.param("[devices.x]\ntitle = 'x'", "needs a peak", id="no-peak"),
        pytest.param("[devices.x]\npeak = 3", "needs a peak", id="peak-is-a-number"),
        pytest.param("[devices.x]\npeak.fp8 = 1", "a peak for 'fp8'", id="type"),
        pytest.param("[devices.x]\npeak.fp32 = 'fast'", "positive whole number", id="quantity"),
        pytest.param("[devices.x]\npeak.fp32 = 1\nspeed = 3", "has no 'speed'", id="key"),
        pytest.param("[devices.x]\npeak.fp32 = {value = 1, source = 'no'}", "a source 'no' that is not", id="source"),
        pytest.param("[devices.x]\npeak.fp32 = {source = 'ada'}", "is a number or", id="no-value"),
        pytest.param("[sources.x]\nurl = 'u'", "has title, url and read", id="source-title"),
        pytest.param("[devices.x", "mine.toml: ", id="toml"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DeviceError, match=message):
        load(file)


def test_unknown_names_and_missing_files_say_what_there_is() -> None:
    with pytest.raises(DeviceError, match="did you mean 'rtx3090'"):
        find("rtx3080")
    with pytest.raises(DeviceError, match="choose one of a100, h100"):
        analyze("lenet5").roofline("abacus")
    with pytest.raises(DeviceError, match=r"cannot read 'nowhere\.toml'"):
        load("nowhere.toml")


# Output.


def test_the_table_leaves_out_columns_and_says_so_rather_than_shorten_a_number() -> None:
    devices = list(load().values())
    wide = to_table(devices)
    for width in range(40, 200, 7):
        text = to_table(devices, width=width)
        assert "…" not in text
        titles = text.splitlines()[0].split()
        assert ("Bandwidth" in titles) is (width >= 70)
        if "left out for the width" not in text:
            assert text.replace("─", "").split() == wide.replace("─", "").split()
        assert max(map(len, text.splitlines()[:10])) <= width
    assert "left out for the width: int4 op/s" in to_table(devices, width=170)
    assert json.loads(to_json(devices))[0]["sources"]["peak.fp32"]["url"].startswith("https://")


def test_sources_are_listed_beside_exact_numbers() -> None:
    text = with_sources([find("a100")])
    assert "312,000,000,000,000 op/s" in text
    assert "whitepaper V1.0, 2020, table 4" in text
    assert "(read 2026-11-21)" in text


def test_times_are_called_lower_bounds_and_names_are_data() -> None:
    hostile = Device(name="x", title="[red]x[/red]\x1b[31m\n", kind="k", peak=(("fp32", 1000),), bandwidth=100)
    text = roofline_text(roofline(toy_network(), hostile), width=60) + to_table([hostile]) + with_sources([hostile])
    assert "\x1b" not in text
    assert "[red]x[/red]" in text
    assert "Lower bound" in text
    assert "latency" not in text
    assert "images/s" in text
    shown = roofline_text(analyze("mobilenet_v2", dtype="int8").roofline("stm32h743"), top=2)
    assert "weights: 3,504,872 bytes, flash has 2,097,152 (1,407,720 more)" in shown
    assert "live peak of activations: " in shown
    assert "fits" not in shown.replace("what fits", "")
    assert "does not fit" not in shown
    assert "149 layers more below these" in shown


def test_plain_data_is_json_and_names_the_bounds() -> None:
    data = analyze("resnet50", dtype="fp16").roofline("a100").to_dict()
    assert json.loads(json.dumps(data)) == data
    assert data["lower_bound_seconds"] == pytest.approx(sum(layer["lower_bound_seconds"] for layer in data["layers"]))
    assert {"upper_bound_images_per_second", "fused_lower_bound_seconds", "fits"} <= set(data)


def test_memory_reads_as_a_few_exact_lines() -> None:
    from cnncalc import memory

    text = memory_text(memory("resnet50"))
    assert "37,710,312 elements" in text
    assert "2,408,448 elements" in text
    assert "layer1.0.add1.skip.conv1.norm" in text
    assert "training" not in memory_text(memory("resnet50", fold_bn=True))


def test_durations_and_sizes() -> None:
    assert [duration(t) for t in (2.5, 0.0123, 4.5e-6, 3e-9, 0, 5000)] == [
        "2.5 s", "12.3 ms", "4.5 us", "3 ns", "0 s", "5,000 s",
    ]  # fmt: skip
    assert [size(n) for n in (327_680, 1_048_576, 40 * 10**9, 12_345, None)] == [
        "320 KiB", "1 MiB", "40.0 GB", "12.3 kB", "-",
    ]  # fmt: skip


def command(*words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "cnncalc", "devices", *words]
    return subprocess.run(line, capture_output=True, text=True, check=False)


@pytest.mark.process
def test_the_command_lists_devices_and_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    listed = command()
    assert listed.returncode == 0
    assert "rtx3090" in listed.stdout
    one = command("a100", "--format", "json")
    assert [device["name"] for device in json.loads(one.stdout)] == ["a100"]
    for words, message in ((["a10"], "did you mean"), (["--format", "xml"], "choose one of table, json")):
        refused = command(*words)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert message in refused.stderr
    file = tmp_path / "mine.toml"
    file.write_text("[devices.mine]\npeak.fp32 = '1T'\n", encoding="utf-8")
    assert "1,000,000,000,000 op/s" in command("mine", "--devices", str(file)).stdout


# What accelerators ask for, and what no rate is known of.


def test_a_board_without_rates_has_sizes_and_no_roofline() -> None:
    board = find("esp32-c3")
    assert (board.clock, board.sram, board.flash, board.peak) == (160_000_000, 327_680, 4_194_304, ())
    with pytest.raises(DeviceError, match="no peak rate of esp32-c3 is known"):
        analyze("lenet5").roofline("esp32-c3")


def test_operators_that_a_compiler_maps() -> None:
    found = mapped(find("ethos-u55-128"))
    assert found is not None
    assert found.version == "5.2.0"
    assert {"CONV_2D", "TRANSPOSE_CONV", "MEAN"} <= found.operators
    assert "L2_NORMALIZATION" not in found.operators
    assert mapped(find("stm32f412")) is None


def test_constraints_stand_below_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", "lenet5", "--dtype", "int8", "--runtime", "tflm", "--device", "ethos-u55-128"]) == 0
    shown = capsys.readouterr().out
    assert "padded to multiples of 16" in shown
    assert "every operator is mapped (Vela 5.2.0)" in shown
    assert run(["show", "vgg16", "--dtype", "int8", "--runtime", "tflm", "--device", "coral"]) == 0
    assert "bytes are streamed in every inference" in capsys.readouterr().out
    assert run(["show", "lenet5", "--dtype", "int8", "--runtime", "tflm", "--device", "stm32f412"]) == 0
    assert "an upper bound on this 32-bit chip" in capsys.readouterr().out


@pytest.mark.parametrize(("text", "said"), [
    ("[devices.b]\nsram = 8\noperators = 3", "operators must be text"),
    ("[devices.b]\nclock = -1", "clock: -1 is not a positive whole number"),
    ("[devices.b]\ntitle = 'x'", "needs a peak"),
    ("[devices.b]\nsram = '1Ki'\noperators = 'mine'", "no list of operators 'mine'"),
    ("devices = 3", "must be tables"),
    ("[devices.b]\nsram = {source = 'x'}", "sram is a number or"),
    ("[devices.b", "Expected"),
])  # fmt: skip
def test_a_wrong_file_is_one_line_and_exit_code_2(text: str, said: str, tmp_path: Path,
                                                   capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    (tmp_path / "own.toml").write_text(text)
    arguments = ["--dtype", "int8", "--runtime", "tflm", "--device", "b", "--devices", str(tmp_path / "own.toml")]
    assert run(["show", "lenet5", *arguments]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert said in lines[0]
    assert len([line for line in lines if line.startswith("error")]) == 1
