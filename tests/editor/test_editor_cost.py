"""What a key stroke costs, and that memory stays: measured in a process of its own, as benchmarks/editor.py does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def measured() -> str:
    line = [sys.executable, "benchmarks/editor.py", "--edits", "100", "--timed", "20"]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.mark.process
def test_the_cost_of_a_key_stroke_is_measured_for_short_and_for_long_specs(measured: str) -> None:
    found = re.findall(r"(one layer|three layers) a line: median ([\d.]+) ms, p95 ([\d.]+) ms", measured)
    assert [name for name, _, _ in found] == ["one layer", "three layers"], measured
    assert all(0 < float(median) <= float(p95) for _, median, p95 in found), measured


@pytest.mark.process
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not say what a process holds")
def test_memory_is_flat_after_ten_thousand_edits(measured: str) -> None:
    found = re.search(r"after 1,000 edits ([\d,]+) KiB, after 10,000 ([\d,]+) KiB", measured)
    assert found is not None
    early, late = (int(text.replace(",", "")) for text in found.groups())
    assert early > 0
    assert late < early * 1.08, measured
