"""Networks built in Python are exactly specs, read as if written by hand, and are checked by type checkers."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

import cnncalc
from cnncalc import Network
from cnncalc.builder import Branches, Handle, word
from cnncalc.builder_stub import stub
from cnncalc.language.write import plain_data
from cnncalc.language.yaml_text import read
from cnncalc.ops import operators

PAGE = Path(__file__).parents[2] / "docs" / "builder.md"
STUB = Path(__file__).parents[2] / "cnncalc" / "builder_ops.pyi"


def _resnet50() -> Network:
    net = Network("resnet50", input=[3, 224, 224], source="He et al. 2015, arXiv:1512.03385",
                  vars={"width": 64, "classes": 1000},
                  defaults={"conv": {"bias": False, "padding": "half", "norm": "batch_norm", "act": "relu"}},
                  budgets={"macs": "4.1G", "params": "25.6M"})  # fmt: skip
    with net.block("bottleneck", mid=None, out="4*mid", stride=1) as bottleneck:
        with net.add() as paths:
            with paths("body"):
                net.conv("mid", kernel=1)
                net.conv("mid", kernel=3, stride="stride")
                net.conv("out", kernel=1, act="none")
            with paths("skip"):
                net.conv("out", kernel=1, stride="stride", act="none", when="stride != 1 or c_in != out")
        net.relu()
    net.conv("width", kernel=7, stride=2)
    net.max_pool(3, stride=2, padding=1)
    bottleneck("width", repeat=3, label="layer1")
    bottleneck("2*width", repeat=4, first={"stride": 2}, label="layer2")
    bottleneck("4*width", repeat=6, first={"stride": 2}, label="layer3")
    bottleneck("8*width", repeat=3, first={"stride": 2}, label="layer4")
    net.global_avg_pool()
    net.flatten()
    net.linear("classes")
    return net


RESNET50 = """\
cnncalc: 1
name: resnet50
source: He et al. 2015, arXiv:1512.03385
input: [3, 224, 224]
vars: {width: 64, classes: 1000}
defaults:
  conv: {bias: false, padding: half, norm: batch_norm, act: relu}
blocks:
  bottleneck:
    params: {mid: , out: 4*mid, stride: 1}
    layers:
      - add:
          body:
            - conv: {out: mid, kernel: 1}
            - conv: {out: mid, kernel: 3, stride: stride}
            - conv: {out: out, kernel: 1, act: none}
          skip:
            - {conv: {out: out, kernel: 1, stride: stride, act: none}, when: stride != 1 or c_in != out}
      - relu
layers:
  - conv: {out: width, kernel: 7, stride: 2}
  - max_pool: {kernel: 3, stride: 2, padding: 1}
  - {bottleneck: width, repeat: 3, as: layer1}
  - {bottleneck: 2*width, repeat: 4, first: {stride: 2}, as: layer2}
  - {bottleneck: 4*width, repeat: 6, first: {stride: 2}, as: layer3}
  - {bottleneck: 8*width, repeat: 3, first: {stride: 2}, as: layer4}
  - global_avg_pool
  - flatten
  - linear: classes
budgets: {macs: 4.1G, params: 25.6M}
"""


def test_reads_as_if_written_by_hand() -> None:
    assert _resnet50().to_yaml() == RESNET50


def test_is_exactly_the_spec() -> None:
    net = _resnet50()
    assert net.to_dict() == plain_data(read(RESNET50)[0])
    built, zoo = net.analyze(), cnncalc.analyze("resnet50")
    assert built.totals == zoo.totals
    assert [layer.path for layer in built.layers] == [layer.path for layer in zoo.layers]
    assert cnncalc.analyze(net.spec()).totals == zoo.totals
    assert net.analyze(input="3x192x192", variables={"width": 32}).totals.macs < zoo.totals.macs


def test_save_and_load(tmp_path: Path) -> None:
    _resnet50().save(tmp_path / "mine.yaml")
    assert (tmp_path / "mine.yaml").read_text(encoding="utf-8") == RESNET50


def _unet() -> Network:
    """Plain Python in place of blocks: loops, functions and handles."""
    net = Network("unet", input=[1, 572, 572], defaults={"conv": {"kernel": 3, "act": "relu"}})

    def double(out: int) -> Handle:
        net.conv(out)
        return net.conv(out)

    encoder = []
    for out in (64, 128, 256, 512):
        encoder.append(double(out))
        net.max_pool(2)
    double(1024)
    for out, skip in zip((512, 256, 128, 64), reversed(encoder), strict=True):
        fine = net.conv_transpose(out, kernel=2, stride=2)
        cropped = net.crop(like=fine, from_=skip)
        net.concat(cropped, fine)
        double(out)
    net.conv(2, kernel=1, act="none")
    return net


def test_handles_of_a_u_net() -> None:
    """Totals of the recorded U-Net: 31,030,658 parameters and 150,428,424,448 multiply-accumulates."""
    net = _unet()
    totals = net.analyze().totals
    assert (totals.params, totals.macs) == (31_030_658, 150_428_424_448)
    assert (
        "  - {conv_transpose: {out: 512, kernel: 2, stride: 2}, as: conv_transpose1}\n"
        "  - {crop: {like: conv_transpose1}, from: conv8}\n"
        "  - concat: [prev, conv_transpose1]\n"
    ) in net.to_yaml()


def test_a_label_of_its_own_leaves_the_path_as_it_was() -> None:
    net = Network(input=[8, 9, 9])
    net.conv(8, kernel=1)
    second = net.conv(8, kernel=1)
    net.relu()
    paths = [layer.path for layer in net.analyze().layers]
    net.add(second, "prev")
    assert [layer.path for layer in net.analyze().layers][:3] == paths
    assert second.label == "conv2"


def test_residuals_branches_gates_and_blocks_with_inputs() -> None:
    net = Network("parts", inputs={"left": [8, 9, 9], "right": [12, 9, 9]})
    with net.block("gate", squeeze=4, act="relu") as gate, net.mul() as paths:
        paths.identity("map")
        with paths("gate"):
            net.global_avg_pool()
            net.conv("squeeze", kernel=1, act=word("act"))
            net.conv("x.c", kernel=1, act="sigmoid")
    with net.block("join", inputs=("x", "skip")) as join:
        net.add("prev", "skip")
    with net.residual():
        net.conv(8, kernel=3, padding=1)
        gate()
        gate(2, act="silu")
    halves = net.split(2)
    low = net.relu(from_=halves[0])
    with net.concat() as paths:
        with paths("fine"), net.residual(label="inner"):
            net.conv(4, kernel=1)
        paths.source("low", low)
        paths.source("rest", halves[1])
    join(from_=["prev", "right"], label="joined")
    net.leaky_relu(0.2)
    net.outputs("joined", last=net.relu())
    assert net.to_yaml() == """\
cnncalc: 1
name: parts
inputs: {left: [8, 9, 9], right: [12, 9, 9]}
blocks:
  gate:
    params: {squeeze: 4, act: relu}
    layers:
      - mul:
          map: []
          gate:
            - global_avg_pool
            - conv: {out: squeeze, kernel: 1, act: $act}
            - conv: {out: x.c, kernel: 1, act: sigmoid}
  join:
    inputs: [x, skip]
    layers:
      - add: [prev, skip]
layers:
  - add:
      body:
        - conv: {out: 8, kernel: 3, padding: 1}
        - gate
        - gate: {squeeze: 2, act: silu}
      skip: []
  - {split: 2, as: split1}
  - {relu: , from: split1:0, as: relu1}
  - concat:
      fine:
        - add:
            body:
              - conv: {out: 4, kernel: 1}
            skip: []
          as: inner
      low: relu1
      rest: split1:1
  - {join: , from: [prev, right], as: joined}
  - leaky_relu: 0.2
  - {relu: , as: relu2}
outputs: {joined: joined, last: relu2}
"""
    assert net.analyze().outputs == (("joined", (12, 9, 9)), ("last", (12, 9, 9)))


def test_numbers_and_sequences_of_any_kind() -> None:
    net = Network(input=(3, 20, 20))
    net.conv(8, kernel=(3, 5), padding=[1, 2], act={"leaky_relu": Fraction(1, 5)}, bias=True)
    net.upsample(1.5)
    net.dropout(Fraction(1, 4))
    text = net.to_yaml()
    assert "conv: {out: 8, kernel: [3, 5], padding: [1, 2], act: {leaky_relu: 0.2}, bias: true}" in text
    assert "dropout: 0.25" in text
    assert cnncalc.parse(text).to_yaml() == text


def test_aliases_and_names_that_are_known_only_at_run_time() -> None:
    net = Network(input=[3, 20, 20])
    net.layer("conv2d", 8, kernel_size=3)
    net.dwconv(3)  # type: ignore[attr-defined]
    assert [layer.op for layer in net.analyze().layers] == ["conv", "depthwise"]


def test_wrong_calls_are_refused_at_once() -> None:
    net = Network(input=[3, 20, 20])
    with pytest.raises(TypeError, match="conv has no argument 'kernal'; did you mean 'kernel'"):
        net.conv(8, kernal=3)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="relu takes no value without a name"):
        net.relu(3)  # type: ignore[call-arg, arg-type]
    with pytest.raises(TypeError, match="conv takes one value without a name, got 2"):
        net.conv(8, 3)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="conv is given 'out' twice"):
        net.conv(8, out=8)  # type: ignore[misc]
    with pytest.raises(TypeError, match="no operator is called 'cnv'; did you mean"):
        net.layer("cnv", 8)
    with pytest.raises(AttributeError, match="a network has no 'convv'; did you mean 'conv'"):
        net.convv(8)  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="a source is a layer or a label"):
        net.add(3, 4)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="add has no argument 'body'"):
        net.add(body=[])  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="input="):
        Network("none")
    assert net.to_dict()["layers"] == []


def test_layers_inside_cannot_be_seen_from_outside() -> None:
    net = Network(input=[8, 20, 20])
    outer = net.relu()
    with net.add() as paths:
        with paths("one"):
            inner = net.conv(8, kernel=1)
            net.add(inner, outer)
        paths.identity("two")
    with pytest.raises(ValueError, match="conv cannot be seen from here"):
        net.add(inner, outer)
    with net.block("b"), pytest.raises(ValueError, match="relu cannot be seen from here"):
        net.add(outer, "x")
    with pytest.raises(ValueError, match="two paths 'two'"):
        paths.identity("two")
    with pytest.raises(ValueError, match="two blocks 'b'"), net.block("b"):
        pass
    with net.block("c"), pytest.raises(ValueError, match="inside another block"), net.block("d"):
        pass
    with pytest.raises(TypeError, match="takes 0 value"), net.block("e") as block:
        block(3)


def test_an_exception_inside_closes_what_was_open() -> None:
    net = Network(input=[8, 20, 20])
    with pytest.raises(ZeroDivisionError), net.residual():
        net.dropout(1 / 0)
    net.conv(3, kernel=1)
    layers = net.to_dict()["layers"]
    assert isinstance(layers, list)
    assert layers[-1] == {"conv": {"out": 3, "kernel": 1}}


def test_what_is_wrong_with_the_spec_is_a_spec_error() -> None:
    net = Network(input=[8, 20, 20])
    net.conv(3, kernel=30)
    with pytest.raises(cnncalc.SpecError, match="does not fit"):
        net.analyze()
    net.add()
    with pytest.raises(cnncalc.SpecError, match="needs its sources"):
        net.spec()


def test_help_and_completion_at_run_time() -> None:
    net = Network(input=[8, 20, 20])
    assert {cls.name for cls in operators()} <= set(dir(net))
    assert list(inspect.signature(net.conv).parameters)[:3] == ["out", "kernel", "stride"]
    assert "cross-correlation" in (net.conv.__doc__ or "")
    assert not {cls.name for cls in operators()} & {name for name in vars(Network) if not name.startswith("__")}
    assert isinstance(net.concat(), Branches)
    assert repr(net) == "<Network unnamed: 1 items>"


def test_stub_is_what_the_classes_say() -> None:
    written = STUB.read_text(encoding="utf-8")
    assert written == stub(), "run: python tools/renew.py builder"


@pytest.mark.process
def test_importing_the_package_leaves_the_builder_out() -> None:
    code = "import sys, cnncalc; print('cnncalc.builder' in sys.modules); cnncalc.Network; print('rich' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


WRONG = """\
from cnncalc import Network
net = Network(input=[3, 8, 8])
net.conv(8, kernel=3, padding="half", act="relu", norm="batch_norm", label="a")
net.conv(8, kernal=3)
net.conv([8], kernel=3)
net.conv(8, kernel=3, act="rellu")
net.upsample(2, mode="bilinaer")
net.convv(8)
net.add("a")
net.add("a", "b", first={})
with net.add() as paths, paths("body"):
    net.relu(repeat=2.5)
"""


@pytest.mark.process
def test_type_checkers_find_what_is_wrong(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    file = tmp_path / "wrong.py"
    file.write_text(WRONG, encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(file)],
                          capture_output=True, text=True, check=False, cwd=STUB.parents[1])  # fmt: skip
    lines = sorted({int(line.split(":")[1]) for line in done.stdout.splitlines()
                    if line.split(":")[0].endswith(file.name) and ": error:" in line})  # fmt: skip
    assert lines == [4, 5, 6, 7, 8, 9, 10, 12], done.stdout


def test_every_short_form_can_be_built() -> None:
    """Lists, tied and shared weights, several outputs, paths with modifiers, words as items, shipped blocks."""
    net = cnncalc.Network("short", input=[16, 32, 32], use=["std"], accept=["misaligned-merge"], vars={"act": "silu"})
    with net.block("pair", inputs=("a", "b"), outputs=("y", "z"), out=None) as pair:
        first = net.conv("out", kernel=1, from_="a", label="y")
        net.conv("out", kernel=1, from_="b", label="z")
    net.conv("w", kernel=1, each={"w": [16, 16]})
    net.conv(16, kernel=3, padding="half", repeat=2, tied=True, label="t")
    net.layer("$act")
    both = pair(8, from_=["t", "prev"], label=["m", "n"])
    with net.concat() as paths:
        with paths("pools", from_=both[0], repeat=2, keep="all"):
            net.max_pool(5, stride=1, padding="half")
        with paths("kernels", from_=both[1], branches={"k": [1, 3]}):
            net.conv(4, kernel="k", padding="half")
        with paths("never", from_="m", when=False):
            net.relu()
    gated = net.layer("squeeze_excite", r=4)
    whole = net.global_avg_pool()
    net.add(gated, whole, broadcast=True)
    assert isinstance(first, Handle)
    written = net.to_yaml()
    report = net.analyze()
    again = cnncalc.analyze(cnncalc.parse(written))
    assert [(row.path, row.text, row.inputs) for row in again.layers] == [
        (row.path, row.text, row.inputs) for row in report.layers
    ]
    assert again.totals == report.totals
    by_path = {row.path: row for row in report.layers}
    assert by_path["t.1"].params == 0
    assert by_path["concat1"].out_shape == (3 * 8 + 2 * 4, 32, 32)
    assert by_path["squeeze_excite1.mul1.gate.conv1"].out_shape == (8, 1, 1)
    for part in ("use: [std]", "accept: [misaligned-merge]", "outputs: [y, z]", "tied: true", "each: {w: [16, 16]}",
                 "- $act", "as: [m, n]", "keep: all", "branches: {k: [1, 3]}", "when: false"):  # fmt: skip
        assert part in written


def test_a_path_refuses_what_it_cannot_have() -> None:
    """With the nearest modifier."""
    net = cnncalc.Network(input=[3, 8, 8])
    paths = net.concat()
    with pytest.raises(TypeError, match="a path has no 'brances'; did you mean 'branches'"):
        paths("a", brances={"k": [1]}).__enter__()


def test_widths_and_shared_calls_can_be_built() -> None:
    """A call with several labels is shared by its handle; widths and density stand beside a layer or for the file."""
    net = cnncalc.Network("widths", inputs={"p3": [8, 16, 16], "p4": [8, 8, 8]}, bits={"weights": 8, "activations": 8})
    with net.block("head", outputs=("a", "b")) as head:
        net.conv(8, kernel=3, label="a", bits={"weights": 4}, density=0.5)
        net.conv(4, kernel=1, label="b")
    one = head(from_="p3", label=["a3", "b3"])
    two = head(from_="p4", share=one, label=["a4", "b4"])
    net.outputs(one[0], one[1], two[0], two[1])
    report = net.analyze()
    assert [row.shares for row in report.layers] == [None, None, "head1.a", "head1.b"]
    assert cnncalc.analyze(cnncalc.parse(net.to_yaml())).totals == report.totals
    for part in ("bits: {weights: 8, activations: 8}", "bits: {weights: 4}", "density: 0.5", "share: a3"):
        assert part in net.to_yaml()


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    page = PAGE.read_text(encoding="utf-8")
    found = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(found) == 3
    for code in found:
        exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102 - our own page
        net = names["net"]
        assert isinstance(net, Network)
        if net.name == "tiny":
            assert net.to_yaml() in page
