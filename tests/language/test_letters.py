"""One axis has one letter, and pixels are of images alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from check_repository import Repository

if TYPE_CHECKING:
    from pathlib import Path

SOUND = """cnncalc: 1
input: [1, 16000]
layers:
  - {conv: {out: 8, kernel: 80, stride: 4}, as: c1}
  - {max_pool: {kernel: 4, padding: [1, 2]}, as: p}
  - {conv: {out: 8, kernel: 3, padding: half}, as: c2}
  - {add: {body: [{conv: {out: 8, kernel: 3, padding: 1}}], skip: []}, as: a}
  - {lstm: 8, as: l}
  - global_avg_pool
  - flatten
  - {linear: 10, as: fc}
"""
COMMANDS = (
    "show net.yaml", "show net.yaml --columns all", "show net.yaml --input 1x50", "explain net.yaml c1",
    "explain net.yaml p", "explain net.yaml l", "explain net.yaml *", "rf net.yaml", "rf net.yaml c2",
    "rf net.yaml c2 --at 3", "rf net.yaml a --format svg", "check net.yaml --min rf=2000", "sizes net.yaml",
    "show net.yaml --memory", "show net.yaml --device a100", "reconcile net.yaml --claim macs=10G",
    "compare net.yaml", "diff net.yaml net.yaml", "graph net.yaml --by rf", "formula net.yaml",
    "tile net.yaml --tile 4000",
)  # fmt: skip


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_sound_has_a_length_and_no_pixels(repo: Repository, command: str) -> None:
    repo.write("net.yaml", SOUND)
    done = repo.run(*command.split(), COLUMNS="200")
    text = re.sub(r"<style>.*?</style>", "", done.out + done.err, flags=re.DOTALL)
    text = re.sub(r'class="\w+"', "", text)
    assert not re.search(r"\bW'?\b|[a-z]_w\b", text), text
    assert not re.search(r"pixel|image|\bpx\b", text), text


def test_tiles_of_a_sound_are_no_images(repo: Repository) -> None:
    repo.write("net.yaml", SOUND[: SOUND.index("  - {lstm")].replace("padding: [1, 2]", "padding: 0"))
    seen = repo.run("tile", "net.yaml", "--tile", "4096", "--image", "65536")
    assert "positions are kept" in seen.out
    assert not re.search("pixel|image", seen.out + seen.err)


def test_memory_and_devices_count_images_and_other_inputs(repo: Repository) -> None:
    repo.write("net.yaml", SOUND)
    assert "1 input, fp32" in repo.run("show", "net.yaml", "--memory").out
    assert re.search(r"for 1 input, .* inputs/s", repo.run("show", "net.yaml", "--device", "a100").out)
    assert "1 image, fp32" in repo.run("show", "lenet5", "--memory").out
    assert re.search(r"for 1 image, .* images/s", repo.run("show", "lenet5", "--device", "a100").out)


def test_an_image_has_height_width_and_pixels(repo: Repository) -> None:
    text = SOUND.replace("[1, 16000]", "[1, 400, 400]").replace("[1, 2]", "1")
    repo.write("net.yaml", text.replace("  - {lstm: 8, as: l}\n", ""))
    assert "pixels" in repo.run("show", "net.yaml").out
    seen = repo.run("rf", "net.yaml", "c2", "--at", "3,3").out
    assert "H, W: field 124 pixels" in seen
    assert "share of the image" in seen
    assert "W' = floor(" in repo.run("explain", "net.yaml", "c1").out


def test_what_is_unknown_alone_is_a_question_mark(repo: Repository) -> None:
    repo.write("net.yaml", SOUND)
    table = repo.run("show", "net.yaml", "--columns", "all", COLUMNS="400").out
    assert "?" not in table
    repo.write("net.yaml", SOUND.replace("  - flatten\n", "  - {opaque: [8]}\n"))
    assert "?" in repo.run("show", "net.yaml").out
