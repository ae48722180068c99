"""Placements by prediction: never worse than the least calibrated error, and better where waiting or SWAPs decide."""

import dataclasses

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.backends.registry import backend_of
from qnet_circuits.errors import LayoutError, ParameterError, UnsupportedError
from qnet_circuits.runs import layouts as ranking
from qnet_circuits.runs.options import RunOptions
from qnet_circuits.runs.preparing import compile_for, program_of

CHAIN = qn.RepeaterChain(hops=3)
KINGSTON = {"corrections": "feedforward", "seed": 1}


def test_a_chain_that_waits_is_placed_where_waiting_costs_less():
    chain = qn.RepeaterChain(hops=5)
    usual = qn.predict(chain, "fake_kingston", **KINGSTON)
    best = qn.predict(chain, "fake_kingston", layout="predicted", **KINGSTON)
    assert best.fidelity.value > usual.fidelity.value + 0.03
    (said,) = [note for note in best.notes if note.startswith("placed by prediction: the best of ")]
    assert f"fidelity off its ideal by {1 - best.fidelity.value:.4f}" in said
    assert f"would be off by {1 - usual.fidelity.value:.4f}" in said
    (layout,) = best.provenance["layout"]
    again = qn.predict(chain, "fake_kingston", layout=layout, **KINGSTON)
    assert again.fidelity.value == pytest.approx(best.fidelity.value, abs=1e-12)


@pytest.mark.parametrize("protocol", [qn.Teleportation(hops=2), qn.Chsh(), qn.Ghz(parties=3)])
def test_it_is_never_worse_than_the_least_calibrated_error(protocol):
    name = next(iter(protocol.program(None).figures)).name if not isinstance(protocol, qn.Ghz) else "fidelity"
    usual, best = (
        qn.predict(protocol, "fake_torino", layout=layout, seed=2)[name] for layout in (None, "predicted")
    )
    assert best.value >= usual.value - 1e-12


def test_routings_are_compared_too(monkeypatch):
    """Six parties around one centre need SWAPs, and it is chance that finds few."""
    monkeypatch.setattr(ranking, "TRIALS", 4)
    star = qn.Ghz(parties=5)
    usual, best = (
        qn.predict(star, "fake_kingston", layout=layout, seed=1).fidelity.value
        for layout in (None, "predicted")
    )
    assert best >= usual


def test_a_run_that_was_prepared_is_opened_with_the_same_placement(tmp_path):
    run = qn.submit(
        CHAIN, "aer:fake_kingston", shots=50, layout="predicted", path=tmp_path / "run", **KINGSTON
    )
    assert run.status == "PREPARED"
    opened = qn.open_run(tmp_path / "run")
    result = opened.result()
    assert result.provenance["layout"] == run.manifest["layout"]
    assert opened.manifest["options"]["layout"] == run.manifest["layout"][0]
    assert result.figures == run.result().figures


def test_control_experiments_lie_on_the_same_qubits():
    run = qn.submit(CHAIN, "aer:fake_kingston", layout="predicted", controls=True, mitigate=True, **KINGSTON)
    (layout,) = run.manifest["layout"]
    compiled = qn.compile(CHAIN, "aer:fake_kingston", layout="predicted", **KINGSTON)
    assert compiled.layout == [layout]


def test_the_noise_of_the_run_decides():
    """Where waiting costs nothing, the placement with the least error of gates and readout is hard to beat."""
    quiet = {**KINGSTON, "noise": qn.DeviceNoise(idle=False)}
    usual, best = (
        qn.predict(CHAIN, "fake_kingston", layout=layout, **quiet).fidelity.value
        for layout in (None, "predicted")
    )
    assert usual <= best < usual + 0.01
    (said,) = [
        note
        for note in qn.predict(CHAIN, "fake_kingston", layout="predicted", **quiet).notes
        if note.startswith("placed by prediction")
    ]
    assert f"off its ideal by {1 - best:.4f};" in said


def test_trials_count_waiting_by_the_lifetimes_of_qubits(monkeypatch):
    monkeypatch.setattr(ranking, "SPREAD", 0.0)
    device = backend_of("exact:fake_kingston").device
    _, without, short, long = (
        layout and {(a, b): lack for a, b, lack in layout["links"]}
        for layout, _ in zip(
            ranking.candidate_layouts(device, np.random.default_rng(1)), range(4), strict=False
        )
    )
    calibration = device.calibration
    for (a, b), lack in without.items():
        decay = sum(1 / (4 * calibration.t1(q)) + 1 / (2 * calibration.t2(q)) for q in (a, b))
        for found, wait in ((short, 1e-6), (long, 3e-6)):
            assert 1 - found[a, b] == pytest.approx((1 - lack) * np.exp(-wait * decay), rel=1e-9)


def test_each_trial_routes_in_its_own_way():
    star, backend = qn.Ghz(parties=5), backend_of("exact:fake_kingston")
    program, options = program_of(star, 1), RunOptions(corrections="frame", optimization_level=1)

    def routed_in(attempt):
        return compile_for(program, backend, 1, dataclasses.replace(options, attempt=attempt)).items[0]

    routed = [routed_in(attempt) for attempt in range(4)]
    assert len({(item.qubits, item.swaps) for item in routed}) > 1
    again = routed_in(3)
    assert (again.qubits, again.swaps) == (routed[3].qubits, routed[3].swaps)


def test_what_cannot_be_placed_by_prediction():
    with pytest.raises(UnsupportedError, match=r"layout .*device"):
        qn.run(CHAIN, layout="predicted")
    with pytest.raises(LayoutError, match="wires"):
        qn.predict(qn.RepeaterChain(hops=20), "fake_manila", layout="predicted")
    with pytest.raises(ParameterError, match=r"'auto', 'predicted'.*'best'"):
        qn.predict(CHAIN, "fake_kingston", layout="best")
