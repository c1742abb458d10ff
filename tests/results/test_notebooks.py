"""The notebooks in `examples/` run from top to bottom in a real kernel, and are stored without outputs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))


def test_there_are_six() -> None:
    assert [path.stem for path in NOTEBOOKS] == [
        "designs_under_a_budget", "first_look", "receptive_field", "search_with_optuna", "tiles_of_a_large_image",
        "work_and_memory"]  # fmt: skip


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert code
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
    assert path.stat().st_size < 20_000


def executed(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return the code cells of a notebook with the outputs of a kernel."""
    pytest.importorskip("ipykernel")
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("matplotlib")
    pytest.importorskip("pandas")
    pytest.importorskip("numpy")
    if "optuna" in path.stem:
        pytest.importorskip("optuna")
    for name in ("IPYTHONDIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"):
        (folder / name).mkdir()
        monkeypatch.setenv(name, str(folder / name))
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    client = nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    client.execute()
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.extra
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = executed(path, tmp_path, monkeypatch)
    assert all(cell["execution_count"] == index + 1 for index, cell in enumerate(cells))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    shown = [output["data"] for output in outputs if "data" in output]
    plots = sum(".plot(" in "".join(cell["source"]) for cell in cells)
    assert sum("image/png" in data for data in shown) == plots
    results = [data for data in shown if 'class="cnncalc"' in data.get("text/html", "")]
    for data in results:
        assert {"text/html", "text/markdown", "text/plain"} <= set(data)
        assert re.match(r"<MemoryReport |[\w-]+  input ", data["text/plain"])
    texts = "".join(output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in outputs)
    for known in KNOWN[path.stem]:
        assert known in texts


# ResNet-50 as torchvision publishes it, VGG-16's 212 pixels by the formula, U-Net's fields as gradients measure them;
# U-Net's halo of 92 is half of 572 - 388.
KNOWN = {
    "first_look": ["(25557032, 4089184256, (427, 427))", "did you mean 'kernel'?", "'thop': 41"],
    "receptive_field": ["(212, 32)", "((427, 427), (224, 224))", "((204, 204), (188, 188), (1, 1))"],
    "designs_under_a_budget": ["208", "9620000", "Fraction(7, 10)}, True)",
                               "6112128*k^2 + 1280000"],
    "search_with_optuna": ["{'macs': 153941888, 'params': 2636424}", "(True, True)"],
    "tiles_of_a_large_image": ["((92, 92), 16, 64, 3721)", "True", "[(16, 188), (16, 188)]"],
    "work_and_memory": ["0.89", "13.5", "at least"],
}


DOCUMENT = EXAMPLES.parent / "docs" / "notebook.md"


@pytest.mark.extra
def test_every_block_of_the_page_runs_and_shows_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pandas")
    pytest.importorskip("matplotlib").use("agg")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    checked = 0
    for block in blocks:
        exec(block, names)  # noqa: S102 - the page's own lines
        for line in block.splitlines():
            code, mark, expected = line.partition("  # ")
            if mark:
                assert repr(eval(code, names)) == expected, code  # noqa: S307
                checked += 1
    assert checked >= 15
    assert (tmp_path / "resnet50.csv").exists()
    assert len(names["report"].to_html()) < 80_000, "about 70 kB"


def test_the_page_names_every_kind_of_plot() -> None:
    plot = pytest.importorskip("cnncalc.render.plot")
    page = DOCUMENT.read_text(encoding="utf-8")
    for kind in (*plot.KINDS, *plot.MEMORY_KINDS):
        assert f"`{kind}`" in page or f'"{kind}"' in page or kind == "arena_in_place"
