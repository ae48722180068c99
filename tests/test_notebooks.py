"""The notebooks run from top to bottom, and keep outputs that can be read offline."""

import warnings
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path, monkeypatch):
    from nbclient import NotebookClient

    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    notebook = nbformat.read(path, as_version=4)
    with warnings.catch_warnings():
        # The kernel's own transport warns of sockets and loops; what the cells print is looked at by nbclient.
        warnings.simplefilter("ignore")
        NotebookClient(notebook, timeout=600, kernel_name="python3").execute()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_keeps_outputs_and_installs_first(path):
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert "pip install" in code[0].source
    assert any("image/png" in output.get("data", {}) for cell in code for output in cell.outputs)
    assert not any(output.output_type == "error" for cell in code for output in cell.outputs)
    text = nbformat.writes(notebook)
    assert "/root/" not in text and "/home/" not in text and "/tmp/" not in text


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 2
