import pytest
from qiskit import QuantumCircuit

import qnet_circuits as qn
from qnet_circuits.runs.options import RunOptions
from qnet_circuits.runs.preparing import prepare
from qnet_circuits.runs.story.curves import curves_of

PROTOCOL, DEVICE = qn.Teleportation(state="+", link_fidelity=0.9), "aer:fake_kingston"
#: A device on which few chains fit, so that few are compiled.
SMALL = "aer:fake_manila"


def curves(protocol=PROTOCOL, backend=DEVICE, corrections="feedforward", **options):
    asked = RunOptions(corrections=corrections, seed=1, **options)
    found = curves_of(prepare(protocol, backend, asked, shared=True))
    return {curve.quantity: curve for curve in found}


@pytest.fixture(scope="module")
def found():
    return curves()


def predicted(latency_us=1.5, **parameters):
    noise = {"feedforward_latency": latency_us * 1e-6}
    protocol = qn.Teleportation(**{"state": "+", "link_fidelity": 0.9, **parameters})
    return qn.predict(protocol, DEVICE, corrections="feedforward", noise=noise).fidelity.value


def test_lines_are_off_by_no_more_than_is_said(found, rng):
    curve = found["feed-forward latency"]
    off = [abs(curve.at(each) - predicted(each)) for each in map(float, rng.uniform(0, 20, 5))]
    assert 0 < max(off) <= curve.error < 1e-3
    assert (
        list(curve.values) == sorted(curve.values, reverse=True) and curve.values[0] - curve.values[-1] > 0.01
    )
    links = found["fidelity of each link"]
    assert abs(links.at(0.83) - predicted(link_fidelity=0.83)) <= links.error


def test_points_are_what_predict_gives(found):
    assert found["feed-forward latency"].at(6.0) == pytest.approx(predicted(6.0), abs=1e-12)
    assert found["fidelity of each link"].at(0.75) == pytest.approx(predicted(link_fidelity=0.75), abs=1e-12)
    assert found["number of hops"].at(2) == pytest.approx(predicted(hops=2), abs=1e-12)
    coherence = found["factor of all T1 and T2"]
    assert coherence.at(1.0) == pytest.approx(predicted(), abs=1e-12)
    assert list(coherence.values) == sorted(coherence.values)


def test_twice_the_coherence_is_half_the_wait():
    """With no other noise, waits alone decay, by exp(-t/T1) and exp(-t/T2)."""
    noise = {"gates": False, "readout": False, "zz": 0.0, "charge_parity": 0.0}
    curve = curves(qn.Teleportation(state="+"), noise=noise)["factor of all T1 and T2"]
    lost = [1 - value for value in curve.values]
    assert lost[6] == pytest.approx(lost[4] / 2, rel=0.05) and lost[2] == pytest.approx(lost[4] * 2, rel=0.05)


def test_a_page_asks_for_a_point_of_the_grid_that_the_story_does_not_have(found):
    for curve in found.values():
        plain = curve.to_dict()
        assert plain["asked"] != plain["chosen"]
        points = dict(map(tuple, plain["points"]))
        assert points[round(plain["asked"], 6)] == pytest.approx(curve.at(curve.asked), abs=1e-8)


def test_the_grid_reaches_beyond_the_latency_of_the_story_and_says_where_it_ends(found):
    curve = curves(noise={"feedforward_latency": 30e-6})["feed-forward latency"]
    assert curve.chosen == 30 and curve.grid[-1] == 60
    assert curve.at(30) == pytest.approx(predicted(30), abs=1e-12)
    with pytest.raises(qn.ParameterError):
        curve.at(61)
    with pytest.raises(qn.ParameterError):
        found["number of hops"].at(1.5)


def test_what_changes_nothing_has_no_curve():
    assert "feed-forward latency" in curves(backend=SMALL)
    assert "feed-forward latency" not in curves(backend=SMALL, corrections="frame")
    assert curves(qn.Teleportation(state="+"), "ideal").keys() == {"fidelity of each link"}
    assert "number of hops" not in curves(qn.Teleportation(state="+", network=qn.Network.chain(2)), "ideal")


def test_there_is_no_curve_without_a_figure():
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(0)
    asked = RunOptions(corrections="feedforward", seed=1)
    assert curves_of(prepare(circuit, DEVICE, asked, figures=[], figures_needed=False)) == ()


def test_curves_end_where_a_protocol_refuses_or_no_exact_value_exists():
    encoded = curves(qn.EncodedLink(link_fidelity=0.95), "ideal", corrections="auto")["number of hops"]
    assert encoded.grid == (1, 2, 3)
    assert "number of hops" not in curves(qn.RepeaterChain(hops=2), "aer:fake_manila")
    pumping = qn.Distillation(scheme="pumping", rounds=2, link_fidelity=0.9)
    found = curves(pumping, "ideal", corrections="auto")
    assert "fidelity of each link" in found and found["number of hops"].grid[-1] < 8
