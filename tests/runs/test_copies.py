"""Several copies of a program in the same shots: on a device that differs from copy to copy, exact, sampled and by hand."""

import json
from dataclasses import replace

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.errors import LayoutError, ParameterError, RecordError, UnsupportedError
from qnet_circuits.runs.results.result import Result

CHAIN = qn.RepeaterChain(hops=2)
PAIR = qn.RepeaterChain(hops=1)
#: Beyond this level an interval holds its value but once in a million times.
LEVEL = 1 - 1e-6


@pytest.fixture(scope="module")
def device():
    """Return a line of ten qubits, whose second half has worse gates and readout than its first."""
    calibration = qn.line_device(10, two_qubit_error=0.002, readout_error=0.005)
    bad = [
        replace(each, error=20 * each.error) if min(each.qubits) > 4 and each.error else each
        for each in calibration.entries
    ]
    return replace(calibration, entries=tuple(bad))


BY_HAND = [[0, 1, 2, 3], [6, 7, 8, 9]]


@pytest.fixture(scope="module")
def found(device):
    return qn.run(
        CHAIN, device, copies=2, layout=BY_HAND, shots=4000, seed=1, predict=True, level=LEVEL,
        corrections="postselect",
    )  # fmt: skip


def test_each_copy_and_all_together_agree_with_what_is_exact(found, device):
    exact = qn.predict(CHAIN, device, copies=2, layout=BY_HAND, corrections="postselect")
    for name, estimate in found.figures.items():
        assert exact[name].value in estimate, name
        assert exact[name].value == pytest.approx(found.predicted[name], abs=1e-12)
        each = found.copies["figures"][name]
        assert each["predicted"] == pytest.approx(exact.copies["figures"][name]["value"], abs=1e-12)
        for low, high, value in zip(each["low"], each["high"], each["predicted"], strict=True):
            assert low <= value <= high, name
    one, other = found.copies["figures"]["fidelity"]["value"]
    assert one - other > 0.1
    assert found.copies["figures"]["fidelity"]["standard_deviation"] == pytest.approx((one - other) / 2**0.5)


def test_a_copy_is_what_the_program_is_on_its_qubits_alone(found, device):
    for number, layout in enumerate(BY_HAND):
        alone = qn.predict(CHAIN, device, layout=layout, corrections="postselect")
        for name, estimate in alone.figures.items():
            assert found.copies["figures"][name]["predicted"][number] == pytest.approx(
                estimate.value, abs=1e-9
            )


def test_all_together_count_by_the_shots_that_are_kept(device):
    """Distillation keeps fewer pairs on bad qubits: those of good ones then count for more than in a plain mean."""
    asked = dict(copies=2, layout=BY_HAND)
    found = qn.run(qn.Distillation(), device, shots=2000, seed=1, predict=True, level=LEVEL, **asked)
    each = {name: values["predicted"] for name, values in found.copies["figures"].items()}
    assert found.predicted["acceptance"] == pytest.approx(np.mean(each["acceptance"]), abs=1e-9)
    assert np.mean(each["fidelity"]) + 0.001 < found.predicted["fidelity"] < max(each["fidelity"])
    for name in ("fidelity", "acceptance"):
        assert found.predicted[name] in found[name], name


def test_blocks_are_of_all_copies_and_a_kept_run_is_the_same_again(device, tmp_path):
    asked = dict(copies=2, layout=BY_HAND, shots=200, seed=3, repeats=3)
    result = qn.run(CHAIN, device, path=tmp_path / "run", **asked)
    assert len(result.blocks["fidelity"]["values"]) == 3
    assert result.fidelity.n == 3 * 2 * 3 * 200
    run = qn.open_run(tmp_path / "run")
    assert run.outcomes()["zz"]["out"].shape == (1200, 2)
    assert [block["zz"]["out"].shape for block in run.blocks()] == [(400, 2)] * 3
    again = qn.replay(tmp_path / "run")
    assert (again.figures, again.copies, again.blocks) == (result.figures, result.copies, result.blocks)
    plain = json.loads(json.dumps(result.to_dict()))
    assert Result.from_dict(plain).copies == result.copies == plain["copies"]
    assert plain["copies"]["qubits"] == BY_HAND


def test_a_run_that_another_process_finishes_has_the_same_copies(tmp_path):
    asked = dict(copies="max", shots=50, seed=4)
    qn.submit(PAIR, "aer:fake_manila", path=tmp_path / "run", **asked)
    assert qn.open_run(tmp_path / "run").result().copies == qn.run(PAIR, "aer:fake_manila", **asked).copies
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    manifest["copies"]["count"] = 3
    (tmp_path / "run" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RecordError, match="copies"):
        qn.open_run(tmp_path / "run")


@pytest.mark.parametrize("backend", ["stim:fake_manila", "auto:fake_manila", "local:fake_manila"])
def test_every_simulation_runs_each_copy_by_itself(backend):
    result = qn.run(PAIR, backend, copies=2, shots=300, seed=1, level=LEVEL, predict=True)
    for name, each in result.copies["figures"].items():
        assert result.predicted[name] in result[name]
        for low, high, value in zip(each["low"], each["high"], each["predicted"], strict=True):
            assert low <= value <= high, name


def test_a_run_without_copies_says_nothing_of_any(device):
    result = qn.run(PAIR, device, shots=10, seed=1)
    assert result.copies == {} and result.to_dict()["copies"] is None


def test_copies_are_found_where_the_figure_is_good_enough(device):
    whole = qn.predict(PAIR, device, copies="max")
    assert whole.copies["count"] == 5 and len(whole.copies["touching"]) == 4
    good = qn.predict(PAIR, device, copies="max", worst_copy=0.97)
    assert good.copies["count"] == 2 and good.copies["touching"] == []
    assert all(max(qubits) < 6 for qubits in good.copies["qubits"])
    assert min(good.copies["figures"]["fidelity"]["value"]) >= 0.97
    assert any("touch" in note for note in whole.notes) and not any("touch" in note for note in good.notes)


def test_of_an_error_rate_the_worst_is_the_most(device):
    found = qn.predict(qn.BB84(pulses=1000), device, copies="max", worst_copy=0.008)
    assert sorted(qubit for (qubit,) in found.copies["qubits"]) == [0, 1, 2, 3, 4]
    assert max(found.copies["figures"]["qber"]["value"]) <= 0.008


def test_a_copy_of_which_nothing_is_kept_has_no_value(device):
    asked = dict(copies=2, layout=BY_HAND, corrections="postselect", predict=False)
    found = next(
        result
        for result in (qn.run(CHAIN, device, shots=6, seed=seed, **asked) for seed in range(20))
        if None in result.copies["figures"]["fidelity"]["value"]
    )
    assert found.fidelity.n > 0


@pytest.mark.parametrize(
    ("protocol", "options", "error", "says"),
    [
        (PAIR, {"copies": 0}, ParameterError, "copies"),
        (PAIR, {"copies": "all"}, ParameterError, "'max'"),
        (PAIR, {"copies": 6}, LayoutError, "5"),
        (PAIR, {"copies": 3, "worst_copy": 0.97}, LayoutError, "2"),
        (PAIR, {"copies": 2, "worst_copy": 0.9999}, LayoutError, "worst"),
        (PAIR, {"copies": 2, "layout": [[0, 2], [5, 6]]}, LayoutError, "qubit 1"),
        (PAIR, {"copies": 2, "layout": [[0, 1], [1, 2]]}, LayoutError, "qubit 1"),
        (PAIR, {"copies": 3, "layout": [[0, 1], [2, 3]]}, ParameterError, "2"),
        (PAIR, {"copies": 2, "layout": [0, 1]}, ParameterError, "layout"),
        (PAIR, {"copies": 2, "controls": True}, UnsupportedError, "controls"),
        (PAIR, {"copies": 2, "mitigate": True}, UnsupportedError, "mitigate"),
        (PAIR, {"worst_copy": 0.6}, UnsupportedError, "copies"),
        (PAIR, {"copies": "max", "worst_copy": 1.1}, ParameterError, r"worst_copy.*fidelity.*\[0, 1\].*1\.1"),
        (qn.StateTomography(), {"copies": "max", "worst_copy": 1.0}, LayoutError, "worst"),
        (PAIR, {"layout": [[0, 1], [3, 4]]}, ParameterError, "copies"),
        (PAIR, {"copies": 2, "layout": [[0, 1], [3, 4]], "worst_copy": 0.6}, UnsupportedError, "layout"),
        (qn.LinkBenchmark(), {"copies": 2}, UnsupportedError, "copies"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(protocol, options, error, says, device):
    with pytest.raises(error, match=says):
        qn.run(protocol, device, shots=10, seed=1, **options)


def test_copies_need_a_device():
    with pytest.raises(UnsupportedError, match="device"):
        qn.run(PAIR, copies=2)


def test_a_machine_runs_all_copies_in_one_circuit():
    device = qn.line_device(8)
    compiled = qn.compile(PAIR, device, copies=2, layout=[[0, 1], [4, 5]])
    assert [circuit.num_qubits for circuit in compiled.circuits] == [8] * 3
    assert [register.name for register in compiled.circuits[0].cregs] == ["copy1_out", "copy2_out"]
    assert compiled.layout == [[0, 1], [4, 5]] and compiled.verify() > 0
    shots = np.zeros((50, 2), bool)
    flipped = shots.copy()
    flipped[:, 0] = True
    # XX and ZZ are even and YY is odd in the first copy, the wanted pair; ZZ is odd and the others even in the second.
    xx, yy, zz = ((shots, shots), (flipped, shots), (shots, flipped))
    outcomes = [dict(zip(("copy1_out", "copy2_out"), bits, strict=True)) for bits in (xx, yy, zz)]
    result = compiled.analyze(outcomes)
    assert result.copies["figures"]["zz"]["value"] == [1.0, -1.0]
    assert result.copies["figures"]["fidelity"]["value"] == [1.0, 0.0]
    assert result["zz"].value == 0.0 and result["zz"].n == 100


def test_a_machine_corrects_each_copy_by_its_own_bits(rng):
    """All copies in one circuit, with decisions in real time, on a simulator without noise: every copy teleports."""
    from qiskit_aer import AerSimulator

    compiled = qn.compile(
        qn.Teleportation(),
        qn.line_device(8),
        copies=2,
        layout=[[0, 1, 2], [5, 6, 7]],
        corrections="feedforward",
    )
    simulator = AerSimulator(seed_simulator=int(rng.integers(2**31)))
    counts = [simulator.run(circuit, shots=40).result().get_counts() for circuit in compiled.circuits]
    result = compiled.analyze(counts)
    assert result.copies["figures"]["fidelity"]["value"] == [1.0, 1.0]


def test_copies_share_the_rounds_that_a_key_distribution_counts(device):
    protocol = qn.BB84(pulses=1001, tolerance=0.2)
    run = qn.submit(protocol, device, copies=3, layout=[[0], [2], [4]], seed=2)
    rounds = {name: len(next(iter(registers.values()))) for name, registers in run.outcomes().items()}
    alone = qn.submit(protocol, device, seed=2)
    assert rounds == {name: len(next(iter(each.values()))) for name, each in alone.outcomes().items()}
    assert sum(rounds.values()) == 1001
    (job,) = run.manifest["jobs"]
    assert max(job["kept"]) <= max(rounds.values()) / 3 + 1
    result = run.result()
    assert len(result.copies["figures"]["qber"]["value"]) == 3
    assert result["sifted"].value == alone.result()["sifted"].value


def test_copies_cost_the_time_of_one(device):
    one, five = (qn.estimate_cost(PAIR, device, copies=copies, shots=1000) for copies in (1, 5))
    assert five.circuits == one.circuits and five.executions == one.executions
    assert five.seconds == pytest.approx(one.seconds, rel=0.01)
