import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import exact_chain, feedforward_chain, frame_chain, overhead, run
from benchmarks.baselines import chain, feedforward
from benchmarks.measuring import Row, seconds_in_aer

fake_provider = pytest.importorskip("qiskit_ibm_runtime.fake_provider")


@pytest.mark.parametrize("hops", [2, 3])
def test_the_baselines_chain_is_a_perfect_bell_pair_without_noise(hops):
    from qiskit_aer import AerSimulator

    ideal = AerSimulator()
    layout = list(range(2 * hops))
    assert chain.chain_fidelity(hops, ideal, layout, 200, 1, ideal) == 1.0
    assert feedforward.feedforward_fidelity(hops, ideal, layout, 200, 1, ideal) == 1.0


def test_library_and_baseline_agree_on_the_noise_that_both_know():
    from qiskit_aer import AerSimulator

    device, hops, shots = fake_provider.FakeTorino(), 3, 4000
    simulator = AerSimulator.from_backend(device)
    by_hand = chain.chain_fidelity(hops, device, frame_chain.LAYOUTS[hops], shots, 1, simulator)
    row = frame_chain.same_physics("chain", hops, by_hand, shots)
    assert row.passed and "fidelity" in row.detail
    # Whoever forgets the readout, or the correction, is found out at this number of shots.
    assert not frame_chain.same_physics("chain", hops, by_hand + 0.05, shots).passed


def test_the_baselines_seconds_are_scaled_on_a_line():
    assert feedforward_chain.scaled(2.0, 4.0, (100, 200), 1000) == pytest.approx(20.0)


def test_each_benchmark_gives_rows_with_its_bars():
    rows = exact_chain.measure("frame", short=2, long=4, repeats=1)
    assert [row.bar for row in rows] == [10.0, None, 1.5]
    assert exact_chain.on_processor(hops=3, repeats=1).bar == 5.0
    row = overhead.measure("3-hop chain", "feedforward", shots=5, repeats=1)
    assert row.value > 0 and row.bar == 0.5


def test_time_inside_aer_is_counted_and_the_simulator_left_as_it_was():
    from qiskit_aer import AerSimulator

    before = AerSimulator.run
    with seconds_in_aer() as spent:
        overhead.beyond_aer(overhead.PROTOCOLS["3-hop chain"], "frame", 5, 0)
    assert spent and min(spent) > 0
    assert AerSimulator.run is before


@pytest.mark.parametrize(
    ("row", "passed"),
    [
        (Row("a", 9.9, "x", 10.0), False),
        (Row("a", 10.0, "x", 10.0), True),
        (Row("a", 0.6, "s", 0.5), False),
        (Row("a", 0.6, "s", None), None),
    ],
)
def test_a_ratio_is_at_least_its_bar_and_seconds_are_at_most_theirs(row, passed):
    assert row.passed is passed
    assert ("MISSED" in run.line_of(row)) == (passed is False)


def test_the_exit_status_says_whether_a_bar_was_missed(monkeypatch, tmp_path, capsys):
    file = tmp_path / "numbers.json"
    monkeypatch.setitem(run.BENCHMARKS, "exact", lambda repeats: [Row("slow", 2.0, "s", 1.0)])
    assert run.main(["--only", "exact", "--json", str(file)]) == 1
    assert '"passed": false' in file.read_text()
    monkeypatch.setitem(run.BENCHMARKS, "exact", lambda repeats: [Row("quick", 0.5, "s", 1.0)])
    assert run.main(["--only", "exact"]) == 0
    assert "quick" in capsys.readouterr().out


def test_an_unknown_benchmark_is_refused():
    root = Path(__file__).parents[1]
    command = [sys.executable, "-m", "benchmarks.run", "--only", "nothing"]
    done = subprocess.run(
        command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True
    )
    assert done.returncode == 2 and "there is no benchmark nothing" in done.stderr
