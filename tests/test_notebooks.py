"""The notebooks run from top to bottom, and keep outputs that can be read offline."""

import os
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
PROCESSOR = NOTEBOOKS[0].with_name("on_a_processor.ipynb")
#: What takes most of a notebook's time, and what stands in its place if each line shall only be run once.
SHORTER = {
    "repeater_chain": {"range(1, 9)": "range(1, 4)"},
    "ten_minutes": {"more = [0, 5, 10, 20, 40, 60, 80, 100, 150, 200, 300, 400]": "more = [0, 400]"},
    "waiting": {
        "shots=2000": "shots=200",
        "latencies = [0, 1, 2, 3, 4, 5]": "latencies = [0, 5]",
        "hops = [2, 5, 10, 20, 50, 100]": "hops = [2, 5]",
        '{"fake_marrakesh": "C0", "fake_torino": "C2"}': '{"fake_torino": "C2"}',
    },
    "beyond_calibrations": {
        "np.linspace(0, 80e-6, 41)": "np.linspace(0, 80e-6, 3)",
        "swaps = range(6)": "swaps = range(2)",
    },
    "myths": {
        "for shots in (100, 1000, 10000)": "for shots in (100, 200)",
        "range(10))": "range(2))",
        "pulses=60_000": "pulses=30_000",
    },
    "why_repeaters": {"rounds=400": "rounds=100"},
    "a_cloud_that_cannot_look": {
        "draws=8000": "draws=80",
        "np.linspace(0, 8, 81)": "np.linspace(0, 8, 3)",
        "for s in (1, 3, 4.5)": "for s in (1,)",
        '("fake_kingston", "fake_torino")': '("fake_kingston",)',
        'for graph in ("line:2", "line:3")': 'for graph in ("line:2",)',
        "* 4)": ")",
    },
    "promises_and_cheaters": {
        "noted = [1, 10, 20, 30, 40, 50]": "noted = [1]",
        "np.linspace(0.9, 1, 201)": "np.linspace(0.9, 1, 3)",
        '(None, "source:0.02", "source")': '("source",)',
        "rounds=60_000": "rounds=4_000",
        '("ghz", "w")': '("w",)',
        "tried = [2, 3, 4, 5, 6]": "tried = [2]",
        "in PROMISES:": "in PROMISES[3:6]:",
    },
    "one_circuit_many_processors": {
        "range(4, 17, 2)": "(4, 6)",
        "links = [0.8, 0.85, 0.9, 0.95, 1.0]": "links = [0.9]",
        '(("ghz:4", "C0o-"), ("qft:4", "C1s-"))': '(("ghz:4", "C0o-"),)',
        'CircuitOverNodes("ghz:4"), "aer': 'CircuitOverNodes("ghz:2"), "aer',
        "for n in (2, 4, 6, 8)": "for n in (2,)",
        '"qft:6", 2, rename': '"qft:4", 2, rename',
    },
    "a_secret_key": {
        "BB84(pulses=200_000)": "BB84(pulses=40_000)",
        "fractions = [0, 0.05, 0.1, 0.15, 0.25, 0.5, 0.75, 1]": "fractions = [0, 0.25, 1]",
        "pulses=100_000, eve": "pulses=10_000, eve",
        "disturbances = [0.005, 0.02, 0.05, 0.08, 0.11, ": "disturbances = [0.05, ",
        "0.2, 0.3, 0.4, 0.5]": "0.3]",
        "pulses=40_000, eve": "pulses=10_000, eve",
        "pulses = [4_000, 10_000, 20_000, 50_000, 200_000, 1_000_000]": "pulses = [4_000, 50_000]",
        "(1.0, 0.97, 0.92, 0.85, 0.8)": "(1.0, 0.85)",
        "pairs=90_000": "pairs=10_000",
    },
    "keys_for_two_hosts": {
        "decoy=True, length_km=10": "decoy=True, pulses=100_000, length_km=10",
        "np.linspace(0, 160, 161)": "np.linspace(0, 160, 5)",
        "fractions = [0, 0.02, 0.05, 0.08, 0.12, 0.2]": "fractions = [0, 0.2]",
    },
    "beyond_direct_transmission": {
        "far = [25, 50, 100, 150, 200, 300, 400]": "far = [25, 100]",
        "rounds=2000": "rounds=200",
        "rounds=5000": "rounds=200",
        "t2 = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]": "t2 = [0.05, 0.5]",
        "times = [0.01, 0.03, 0.1, 0.3, 1, 3]": "times = [0.1]",
        "cutoffs = [0.002, 0.004, 0.006, 0.008, 0.012, 0.016, 0.024, 0.032, None]": "cutoffs = [0.008, 0.032, None]",
        '"circuits": 40': '"circuits": 3',
        '"aer:fake_torino"': '"aer:fake_manila"',
        '("exact", "fake_boston", "fake_torino")': '("exact",)',
    },
    "a_full_chip": {
        "range(128)": "range(5)",
        'copies="max", shots=shots': "copies=3, shots=shots",
        "numbers = [1, 3, 6, 9, 12, 15, 17]": "numbers = [1, 2]",
        "for n in (1, 10):": "for n in (1, 3):",
        "copies=10, worst_copy": "copies=3, worst_copy",
        "pulses=100_000": "pulses=20_000",
    },
    "distillation_and_codes": {
        "raw = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]": "raw = [0.4, 0.9]",
        "for r in (1, 2, 3)]": "for r in (1, 2)]",
        '(("bbpssw", "C0"), ("dejmps", "C1"), ("double-selection", "C2"))': '(("bbpssw", "C0"),)',
        "(0, 0.001, 0.003, 0.01)": "(0.01,)",
        '("3-to-1", 3, {}), ("4-to-1", 4, {}), ("5-to-1", 5, {}),': "",
        '("pumping", 4, {"rounds": 3}), ("double-selection", 3, {}),': "",
        "hops = [1, 2, 3, 4]": "hops = [1, 2]",
        "short = [1, 2]": "short = [1]",
        '("fake_boston", "fake_kingston", "fake_torino")': '("fake_boston",)',
        "links = [0.75, 0.8, 0.85, 0.9, 0.95, 1.0]": "links = [0.85]",
    },
}
#: The two marked lines, as a reader with an account changes them; what is submitted here is thrown away.
REAL = {
    'backend = "local:fake_manila"': 'backend = "ibm:ibm_manila"',
    "max_qpu_seconds = None": "max_qpu_seconds = 60",
    'if backend.startswith("local:")': "if True",
}


def _shortened(path, shorter):
    notebook = nbformat.read(path, as_version=4)
    for long in shorter:
        assert any(long in cell.source for cell in notebook.cells), long
        for cell in notebook.cells:
            cell.source = cell.source.replace(long, shorter[long])
    return notebook


def _executed(path):
    """Run a notebook in its own folder and in a kernel of its own, as a reader does."""
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": str(path.parent)}}
    with warnings.catch_warnings():
        # The kernel's own transport warns of sockets and loops; what the cells print is looked at by nbclient.
        warnings.simplefilter("ignore")
        NotebookClient(notebook, timeout=600, kernel_name="python3", resources=where).execute()


def _run_here(path, shorter, shell):
    """Run the cells in this process: a kernel takes three seconds to import what is imported here already."""
    for cell in _shortened(path, shorter).cells:
        if cell.cell_type == "code":
            shell.run_cell(cell.source).raise_error()


@pytest.fixture
def shell(monkeypatch, tmp_path):
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    monkeypatch.chdir(PROCESSOR.parent)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    shell = InteractiveShell(config=Config(HistoryManager={"enabled": False}))
    yield shell
    shell.reset()
    plt.close("all")


@pytest.fixture
def drawing(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")


@pytest.mark.parametrize(
    "path", [path for path in NOTEBOOKS if path != PROCESSOR], ids=lambda path: path.stem
)
def test_notebook_runs(path, shell):
    _run_here(path, SHORTER.get(path.stem, ()), shell)


@pytest.mark.slow
@pytest.mark.parametrize("name", SHORTER)
def test_notebook_runs_at_full_length(name, drawing):
    _executed(PROCESSOR.with_stem(name))


def test_the_notebook_on_a_processor_makes_a_job_for_the_links_and_one_for_each_block(
    shell, capsys, platform
):
    platform.jobs.queue_seconds = 1.0
    _run_here(PROCESSOR, REAL, shell)
    said = capsys.readouterr().out
    assert "QUEUED" in said and "COLLECTED" in said
    assert "repeater-chain on ibm:ibm_manila (simulated)" in said
    assert len(platform.jobs.records) == 4


def test_the_notebook_on_a_processor_runs_where_there_is_no_platform(shell, capsys, monkeypatch):
    for name in [name for name in os.environ if name.startswith("QISKIT_IBM_")]:
        monkeypatch.delenv(name)
    _run_here(PROCESSOR, (), shell)
    said = capsys.readouterr().out
    assert "COLLECTED" in said and "repeater-chain on local:fake_manila (simulated)" in said


def test_the_notebook_on_a_processor_marks_the_two_lines_that_change_and_keeps_what_is_simulated():
    notebook = nbformat.read(PROCESSOR, as_version=4)
    lines = [line for cell in notebook.cells for line in cell.source.splitlines()]
    marked = [
        line.partition("# for the real thing: ")[2] for line in lines if "# for the real thing: " in line
    ]
    assert marked == ['backend = "ibm:ibm_kingston"', "max_qpu_seconds = 60"]
    shown = [output.data["text/html"] for cell in notebook.cells for output in cell.get("outputs", ())
             if "text/html" in output.get("data", {})]  # fmt: skip
    assert len(shown) == 1 and all("(simulated)</b>" in table for table in shown)
    printed = "".join(
        output.text for cell in notebook.cells for output in cell.get("outputs", ()) if "text" in output
    )
    assert printed.count("repeater-chain on ") == printed.count("(simulated)\nf") == 2


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
