"""Functions of a state without readout errors."""

import numpy as np
import pytest
from qiskit import QuantumCircuit, QuantumRegister

import qnet_circuits as qn
from qnet_circuits.compiling.frames import OutcomeMap
from qnet_circuits.errors import UnsupportedError
from qnet_circuits.programs.state_functions import StateFunction
from qnet_circuits.runs.mitigation.mitigated import mitigated
from qnet_circuits.runs.mitigation.part import Sampled
from qnet_circuits.runs.mitigation.readout import Readout
from qnet_circuits.runs.mitigation.states import CorrectedState

NODE = QuantumCircuit(QuantumRegister(1, "node"))
(PURITY,) = qn.Tomography(NODE, NODE.qubits).figures("purity")
FORMS = OutcomeMap((("out", 0),), {"out": ((0,),)}, (), ())
#: Probabilities of reading 1 in X, Y and Z, and of reading 1 from |0⟩ and 0 from |1⟩.
ONES, WRONG = (0.5, 0.5, 0.1), (0.04, 0.1)


def _samples(rng, shots, wrong=WRONG):
    read = [one * (1 - wrong[1]) + (1 - one) * wrong[0] for one in ONES]
    return {
        name: Sampled(FORMS, rng.random((shots, 1)) < p, (3,)) for name, p in zip("xyz", read, strict=True)
    }


def _readouts(rng, shots):
    return {3: Readout(tuple(int(n) for n in rng.binomial(shots, WRONG)), (shots, shots))}


def test_a_run_without_its_readout_errors_holds_the_state():
    noise = {"gates": False, "idle": False}
    protocol = qn.StateTomography(link_fidelity=0.95)
    result = qn.run(
        protocol, "aer:fake_manila", shots=3000, seed=1, noise=noise, mitigate=True, level=0.999999
    )
    truth = protocol.theory(qn.NoiseParameters())
    for name in ("negativity", "concurrence", "entropy", "purity"):
        assert truth[name] in result.mitigated[name], name
    assert result.negativity.high < truth["negativity"] and result.purity.high < truth["purity"]
    clean = qn.density_matrix(result, mitigated=True).data
    assert abs(clean[0, 3] - 0.4667) < abs(qn.density_matrix(result).data[0, 3] - 0.4667)


def test_without_readout_errors_it_is_the_raw_state(rng):
    samples = _samples(rng, 400, (0.0, 0.0))
    outcomes = {name: {"out": each.variables} for name, each in samples.items()}
    raw = PURITY.estimate(outcomes, rng=np.random.default_rng(1))
    found = mitigated(PURITY, samples, {3: Readout((0, 0), (400, 400))}, rng=np.random.default_rng(1))
    assert found.value == pytest.approx(raw.value)
    assert (found.high - found.low) == pytest.approx(raw.high - raw.low, rel=0.2)


def test_the_covariance_of_the_means_is_their_spread(rng):
    """That of the shots, and that of the readout circuits' shots, which all settings share."""
    assert isinstance(PURITY.expression, StateFunction)
    states = [CorrectedState(PURITY.expression, _samples(rng, 300), _readouts(rng, 300)) for _ in range(200)]
    spread = np.cov(np.array([state.means for state in states]).T)
    expected = np.mean([state.covariance for state in states[:20]], axis=0)
    assert expected == pytest.approx(spread, abs=0.35 * spread.max())
    assert np.mean([state.means for state in states], axis=0) == pytest.approx([1, 0, 0, 0.8], abs=0.03)
    anew = states[0].anew(np.diag([0.9, 0.1]).astype(complex), 3000, rng)
    assert np.cov(anew.T) == pytest.approx(states[0].covariance, abs=0.15 * spread.max())


def test_parts_of_the_shots_are_all_of_them(rng):
    state = CorrectedState(PURITY.expression, _samples(rng, 100), _readouts(rng, 1000))
    parts, rest, halves = state.dealt(10, rng)
    assert parts.mean(axis=0) == pytest.approx(state.means) and halves.mean(axis=0) == pytest.approx(
        state.means
    )
    assert (9 * rest + parts) / 10 == pytest.approx(np.tile(state.means, (10, 1)))


def test_errors_of_preparation_are_in_the_interval(rng):
    samples, shots = _samples(rng, 2000), (1000, 1000)
    sure, unsure = (
        mitigated(PURITY, samples, {3: Readout((40, 100), shots, gates)}, rng=np.random.default_rng(1))
        for gates in (0.0, 0.05)
    )
    assert unsure.value == sure.value
    assert unsure.low < sure.low or unsure.high > sure.high


def test_too_few_shots_are_not_corrected(rng):
    with pytest.raises(UnsupportedError, match="fewer than 10 shots"):
        mitigated(PURITY, _samples(rng, 9), {3: Readout((0, 0), (400, 400))})
