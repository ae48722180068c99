import pytest
from qiskit import QuantumCircuit

import qnet_circuits as qn
from qnet_circuits.runs.options import RunOptions
from qnet_circuits.runs.preparing import prepare
from qnet_circuits.runs.story.latency import latency_curve

PROTOCOL, DEVICE = qn.Teleportation(state="+"), "aer:fake_kingston"


def curve_of(protocol=PROTOCOL, backend=DEVICE, corrections="feedforward", **options):
    asked = RunOptions(corrections=corrections, seed=1, **options)
    return latency_curve(prepare(protocol, backend, asked, shared=True))


def predicted(latency):
    noise = {"feedforward_latency": latency}
    return qn.predict(PROTOCOL, DEVICE, corrections="feedforward", noise=noise).fidelity.value


def test_points_are_exact_and_lines_between_them_are_off_by_no_more_than_is_said(rng):
    curve = curve_of()
    assert curve.at(curve.latencies_s[3]) == pytest.approx(predicted(curve.latencies_s[3]), abs=1e-12)
    latencies = [float(each) for each in rng.uniform(0, 20e-6, 5)]
    off = [abs(curve.at(each) - predicted(each)) for each in latencies]
    assert 0 < max(off) <= curve.error < 1e-3
    assert (
        list(curve.values) == sorted(curve.values, reverse=True) and curve.values[0] - curve.values[-1] > 0.01
    )


def test_a_page_asks_for_a_value_of_the_grid():
    curve = curve_of()
    plain = curve.to_dict()
    assert plain["asked"] == 10 and plain["chosen"] == 1.5
    assert dict(map(tuple, plain["points"]))[10] == pytest.approx(curve.at(10e-6), abs=1e-8)


def test_the_grid_reaches_beyond_the_latency_of_the_story():
    curve = curve_of(noise={"feedforward_latency": 30e-6})
    assert curve.latency_s == 30e-6 and curve.latencies_s[-1] == 60e-6
    assert curve.at(30e-6) == pytest.approx(predicted(30e-6), abs=1e-9)
    with pytest.raises(qn.ParameterError):
        curve.at(61e-6)


def test_there_is_no_curve_where_nothing_waits_for_a_decision():
    assert curve_of(corrections="frame") is None
    assert curve_of(backend="ideal") is None


def test_there_is_no_curve_without_a_figure():
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(0)
    asked = RunOptions(corrections="feedforward", seed=1)
    assert latency_curve(prepare(circuit, DEVICE, asked, figures=[], figures_needed=False)) is None
