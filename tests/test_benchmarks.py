import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

import qnet_circuits as qn
from benchmarks import promises, run
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


@pytest.mark.slow
def test_library_and_baseline_agree_on_the_noise_that_both_know():
    from qiskit_aer import AerSimulator

    device, hops, shots = fake_provider.FakeTorino(), 3, 4000
    simulator = AerSimulator.from_backend(device)
    by_hand = chain.chain_fidelity(hops, device, run.frame_chain.LAYOUTS[hops], shots, 1, simulator)
    row = run.frame_chain.same_physics("chain", hops, by_hand, shots)
    assert row.passed and "fidelity" in row.detail
    # Whoever forgets the readout, or the correction, is found out at this number of shots.
    assert not run.frame_chain.same_physics("chain", hops, by_hand + 0.05, shots).passed


def test_the_baselines_seconds_are_scaled_on_a_line():
    assert run.feedforward_chain.scaled(2.0, 4.0, (100, 200), 1000) == pytest.approx(20.0)


def test_long_chains_on_stim_are_those_that_are_written_by_hand():
    *speed, deviation = run.stim_chain.with_link_noise(shots=4000, repeats=1, aer_shots=2)
    assert [row.bar for row in speed] == [2.0, 1.2, 1.0, 500.0] and all(row.value > 0 for row in speed)
    assert deviation.passed


def test_each_benchmark_gives_rows_with_its_bars():
    rows = run.exact_chain.measure("frame", short=2, long=4, repeats=1)
    assert [row.bar for row in rows] == [10.0, None, 1.5]
    assert run.exact_chain.on_processor(hops=3, repeats=1).bar == 5.0
    assert run.declared_terms.growth("frame", short=2, long=4, repeats=1).bar == 1.5
    row = run.declared_terms.slower(
        "chain", run.declared_terms.exact(2, "feedforward", "fake_torino"), repeats=1
    )
    assert row.value > 0 and row.bar == 1.3
    rows = run.copies.measure(hops=1, device="fake_manila")
    assert [row.bar for row in rows] == [12.0, 12.0] and [row.value for row in rows] == [
        2.0,
        pytest.approx(2.0),
    ]
    row = run.overhead.measure("3-hop chain", "feedforward", shots=5, repeats=1)
    assert row.value > 0 and row.bar == 0.5


def test_placements_are_timed_and_the_programs_are_graph_states():
    network = run.placing.ring(3)
    ideal = qn.predict(run.placing.graph_state(network), "exact").stabilizers
    assert ideal.value == pytest.approx(1.0)
    shapes = {"ring of 3": (lambda: run.placing.graph_state(network), 5.0)}
    rows = list(run.placing.timed(shapes, ["fake_guadalupe"], ["frame"]))
    assert [row.bar for row in rows] == [5.0] and rows[0].value > 0


def test_a_search_sees_the_same_device_with_other_numbers():
    one, other = qn.RepeaterChain(hops=2), run.placement.renumbered("fake_guadalupe", 1)
    found, again = (qn.predict(one, device, corrections="frame") for device in ("fake_guadalupe", other))
    assert again.fidelity.value == pytest.approx(found.fidelity.value, abs=0.005)
    assert again.provenance["layout"] != found.provenance["layout"]


def test_a_commit_that_is_not_there_gives_no_number():
    row = run.repeated_runs.against("no-such-commit", runs=1, repeats=1)
    assert (row.value, row.bar, row.passed) == (None, 2.0, None) and "history" in row.detail


@pytest.mark.slow
def test_runs_that_come_again_are_measured_on_both_sides():
    for row in (
        run.repeated_runs.against("HEAD", runs=1, repeats=1),
        run.repeated_runs.by_hand(runs=1, repeats=1),
    ):
        assert row.value > 0 and "processor" in row.detail


@pytest.mark.slow
def test_a_sweep_and_a_loop_are_measured_only_if_they_have_the_same_figures(monkeypatch):
    faster, again = run.sweep.measure(points=3, shots=50, repeats=1)
    assert faster.bar == 1.7 and faster.value > 0 and again.bar == 3.0 and again.value > 0
    sides = iter(run.sweep.Side(1.0, 1.0, (1.0, 0.0), [value]) for value in (0.5, 0.6, 0.5))
    monkeypatch.setattr(run.sweep, "in_new_process", lambda *_: next(sides))
    with pytest.raises(AssertionError, match="other figures"):
        run.sweep.measure(points=3)


def test_schedules_are_measured_only_if_both_sides_say_the_same(monkeypatch):
    row = run.schedules.whole(rounds=2000, repeats=1)
    assert row.bar == 1.0 and row.name == "2e3 schedules of 8 links"
    chain = run.schedules.FAILING
    row = run.schedules.against_events("schedules", chain, 2000, 200, repeats=1)
    assert row.bar == 100.0 and row.value > 0
    slower = run.schedules.Chain(0.05, chain.period_s, chain.link_km, chain.links, chain.swap_success)
    honest = run.schedules.simulate
    monkeypatch.setattr(run.schedules, "simulate", lambda _, rounds, seed: honest(slower, rounds, seed))
    with pytest.raises(AssertionError, match="standard errors"):
        run.schedules.against_events("schedules", chain, 2000, 200, repeats=1)


def test_schedules_are_those_of_sequence(monkeypatch):
    pytest.importorskip("sequence", reason=run.against_sequence.ABSENT)
    theirs = run.against_sequence.theirs
    row = run.against_sequence.measure(4, 20_000, 100, repeats=1)
    assert row.bar == 100.0 and row.value > 0 and "SeQUeNCe 0.8.5, Bell-diagonal" in row.detail
    times, fidelities = theirs(4, 50, 3)
    # At least one attempt, 3 L/c, and messages to the station in the middle, L/c, and from there to the ends, 2 L/c.
    assert times.min() >= 3e-4 and fidelities.max() < run.against_sequence.chain_of(4).weights[0]
    for wrong in (np.array([[2.0], [1.0]]), np.array([[1.0], [0.95]])):
        monkeypatch.setattr(run.against_sequence, "theirs", lambda *given, by=wrong: theirs(*given) * by)
        with pytest.raises(AssertionError, match="standard errors"):
            run.against_sequence.measure(2, 20_000, 100, repeats=1)


#: Cascade as qkdpy takes it: parities of slices of both lists, no way back; of one pass without halving here.
STAND_IN = """
class ErrorCorrection:
    @staticmethod
    def cascade(alice_key, bob_key, block_sizes=(4,)):
        assert type(alice_key) is type(bob_key) is list
        corrected = bob_key.copy()
        for start in range(0, len(alice_key), block_sizes[0]):
            end = start + block_sizes[0]
            if int(sum(alice_key[start:end]) % 2) != int(sum(corrected[start:end]) % 2):
                corrected[start] ^= 1
        return alice_key, corrected
"""


def test_cascade_is_measured_on_the_same_frame_with_the_parities_that_each_tells(monkeypatch, tmp_path):
    package = tmp_path / "qkdpy" / "key_management"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    (package / "error_correction.py").write_text(STAND_IN)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("qkdpy", "qkdpy.key_management", "qkdpy.key_management.error_correction"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    frames = run.key_distillation.Frames.random(2000, 0.03)
    rows = run.key_distillation.cascade(frames, repeats=1)
    from qkdpy.key_management import error_correction

    assert [row.bar for row in rows] == [20.0, None] and all(row.value > 0 for row in rows)
    left = frames.left(
        error_correction.ErrorCorrection.cascade(frames.alice.tolist(), frames.bob.tolist())[1]
    )
    assert f"f {frames.efficiency(500):.3f}, {left} bits left wrong; " in rows[0].detail
    assert f"f {frames.efficiency(80):.3f}, " in rows[1].detail  # ⌈0.73 / Q⌉ bits a block
    assert all(row.detail.endswith(", 0 left") for row in rows) and left > 0
    assert not hasattr(error_correction, "sum")


def test_what_is_not_installed_is_said_and_is_no_missed_bar(monkeypatch):
    monkeypatch.setattr(run.key_distillation, "find_spec", lambda name: None)
    (row,) = run.key_distillation.cascade(run.key_distillation.Frames.random(100, 0.03), repeats=1)
    assert row.value is None and row.passed is None and "MISSED" not in run.line_of(row)
    assert "not measured: qkdpy 0.8.0 is not installed; pip install -e '.[bench]'" in run.line_of(row)
    monkeypatch.setattr(run.against_sequence, "release", lambda: None)
    rows = run.against_sequence.rows(repeats=1)
    assert rows and all(row.passed is None and "is not installed" in run.line_of(row) for row in rows)


def test_hashes_are_measured_only_if_they_are_the_same(monkeypatch):
    row = run.key_distillation.toeplitz(3000, 1500, repeats=1)
    assert row.bar == 3.0 and row.value > 0 and "the same bits" in row.detail
    honest = run.key_distillation.scipy_hash
    monkeypatch.setattr(run.key_distillation, "scipy_hash", lambda *arguments: 1 - honest(*arguments))
    with pytest.raises(AssertionError, match="differ"):
        run.key_distillation.toeplitz(300, 150, repeats=1)


def test_each_schedule_has_its_speed_and_efficiency():
    rows = run.key_distillation.schedules(run.key_distillation.Frames.random(2000, 0.03), repeats=1)
    assert [row.name.split()[1].strip(",") for row in rows] == ["original", "opt(4)", "opt(7)", "opt(8)"]
    assert all(row.value > 0 and row.bar is None and "f 1." in row.detail for row in rows)


def test_frames_side_by_side_are_measured_by_their_round_trips():
    one, many = (
        run.key_distillation.side_by_side(repeats=1, n=4000 * parts, parts=parts) for parts in (1, 8)
    )
    assert one.bar == 300.0 and one.unit == "round trips" and one.value <= many.value < 3 * one.value
    assert "f 1.0" in many.detail and ", 0 bits left wrong, " in many.detail


def test_time_inside_aer_is_counted_and_the_simulator_left_as_it_was():
    from qiskit_aer import AerSimulator

    before = AerSimulator.run
    with seconds_in_aer() as spent:
        run.overhead.beyond_aer(run.overhead.PROTOCOLS["3-hop chain"], "frame", 5, 0)
    assert spent and min(spent) > 0
    assert AerSimulator.run is before


@pytest.mark.parametrize(
    ("row", "passed"),
    [
        (Row("a", 9.9, "x", 10.0), False),
        (Row("a", 10.0, "x", 10.0), True),
        (Row("a", 0.6, "s", 0.5), False),
        (Row("a", 0.6, "s", None), None),
        (Row("a", None, "x", 10.0), None),
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
    assert done.returncode == 2 and "nothing" in done.stderr


def test_a_script_sifts_the_pulses_that_the_library_makes_a_key_of():
    alice, bob = run.pulses.by_hand(3, 4000, "FakeManilaV2")
    assert len(alice) == len(bob) and binom.ppf(5e-7, 4000, 0.5) <= len(alice) <= binom.isf(5e-7, 4000, 0.5)
    # On another device, and qubit: only that both err little is compared.
    assert (alice != bob).mean() < 0.05
    result = run.pulses.run_to_key(3, 40_000)
    assert result.qber.value < 0.05 and result.key_length.value > 0


def test_bell_pairs_are_compared_with_the_better_of_two_methods(monkeypatch, tmp_path):
    from benchmarks import against_dqc

    monkeypatch.setattr(against_dqc, "PYTHON", tmp_path / "python")
    assert [row.value for row in against_dqc.rows(1)] == [None]
    (tmp_path / "python").touch()
    qasm = 'OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; cx q[0], q[1]; cz q[1], q[2]; swap q[0], q[2];'
    nodes = {name: (1, 2 * links) for name, links in (("a", 1), ("b", 2), ("c", 1))}

    def told(variant, seconds):
        for pairs in (
            {"one": 9, "other": 4},
            {"one": 9, "other": 5},
            {"one": None, "other": 5},
            {"one": None, "other": None},
        ):
            yield against_dqc.Task(
                "small", qasm, f"chain_{pairs['other']}", nodes, (("a", "b"), ("b", "c")), pairs
            )

    monkeypatch.setattr(against_dqc, "told", told)
    # If qubits 0 and 2 are neighbours, the swap takes two pairs, and the gates take three. With qubit 1 in the middle, gates
    # take two, and the swap, if it is carried out, four.
    found = against_dqc.rows(1)
    assert [(row.value, row.bar) for row in found] == [(5, 4), (5, 5), (5, None), (None, None)]
    # Where a method is not done in time, nothing is won.
    assert [row.passed for row in found] == [False, True, None, None]
    assert all(row.detail.startswith("2 with swaps renamed") for row in found[:3])
    assert "one not finished in 5 s, other 5" in found[2].detail


def test_a_promise_is_judged_by_the_whole_interval_on_the_side_of_the_ideal_value():
    def estimate(value):
        return qn.Estimate(value, value - 0.01, value + 0.01)

    above = [promises.verdict(estimate(value), 1.0, 0.75) for value in (0.9, 0.77, 0.755, 0.7)]
    below = [promises.verdict(estimate(value), 0.0, 0.25) for value in (0.1, 0.235, 0.245, 0.3)]
    assert above == below == ["survives", "survives narrowly", "undecided", "fails"]
    assert promises.left(0.85, 1.0, 0.75) == pytest.approx(0.4)
    assert promises.left(0.3, 0.0, 0.25) == pytest.approx(-0.2)


def test_the_row_of_a_promise_has_the_figures_of_both_devices(capsys):
    assert promises.main(["--only", "money", "--shots", "20"]) == 0
    line, teleported = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| `")]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    protocol = qn.QuantumMoney()
    exact = qn.run(protocol, "exact:fake_torino", seed=1)["valid"].value
    sampled = qn.run(protocol, "aer:fake_kingston", shots=20, seed=1)["valid"]
    assert cells[2:5] == ["1", "0.8536 (cloning)", f"{exact:.4f}"]
    assert cells[6] == str(sampled).removesuffix(" (95 %)")
    assert cells[8].startswith("survives") and "teleported" in teleported
    assert float(teleported.split(" | ")[4]) < exact


def test_the_page_on_promises_has_a_row_for_each_promise():
    page = (Path(__file__).parents[1] / "docs" / "promises.md").read_text()
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    for number, promise in enumerate(promises.PROMISES):
        name, figure, ideal, bound = (cell.strip("| ") for cell in rows[number][:4])
        assert name.split(",")[0] == f"`{promise.protocol.name}`" and figure == f"`{promise.figure}`"
        assert float(ideal) == pytest.approx(
            promise.protocol.theory(qn.NoiseParameters())[promise.figure], abs=1e-3
        )
        assert float(bound.split()[0]) == pytest.approx(promise.limit, abs=1e-4)
    assert len(rows) == len(promises.PROMISES)
