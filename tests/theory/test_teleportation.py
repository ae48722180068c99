import numpy as np
import pytest

from qnet_circuits.errors import ParameterError
from qnet_circuits.theory import bell_diagonal as bd
from qnet_circuits.theory import teleportation

from .states import (
    BITS,
    CNOT,
    HADAMARD,
    NAMES,
    PAULIS,
    apply,
    bell,
    bell_measurement,
    corrected,
    joined,
    overlap,
    pauli,
    project,
    random_weights,
)

RANDOM = [random_weights(np.random.default_rng(seed)) for seed in range(5)]


def teleported(qubit, weights):
    """Return the fidelity of one teleported state, summed over all errors and outcomes."""
    total = 0.0
    for error, weight in zip(NAMES, weights, strict=True):
        for outcomes in BITS:
            state = bell_measurement(joined(qubit, bell(error)), 0, 1, outcomes)
            total += weight * overlap(corrected(state, 2, *outcomes), qubit, (2,))
    return total


def bloch_of(qubit):
    return tuple(float((qubit.conj() @ PAULIS[name] @ qubit).real) for name in "XYZ")


@pytest.mark.parametrize("weights", RANDOM)
def test_any_state_against_the_circuit(weights):
    rng = np.random.default_rng(11)
    for _ in range(3):
        qubit = rng.normal(size=2) + 1j * rng.normal(size=2)
        qubit /= np.linalg.norm(qubit)
        found = teleportation.state_fidelity(weights, bloch_of(qubit))
        assert found == pytest.approx(teleported(qubit, weights), abs=1e-12)


@pytest.mark.parametrize("weights", RANDOM)
def test_axes_against_the_circuit_and_the_average(weights):
    fidelities = teleportation.axis_fidelities(weights)
    for name, value in fidelities.items():
        vectors = np.linalg.eigh(PAULIS[name.upper()])[1].T
        assert [teleported(v, weights) for v in vectors] == pytest.approx([value, value])
    assert np.mean(list(fidelities.values())) == pytest.approx(teleportation.average_fidelity(weights))


def test_axes_are_one_minus_the_anticommuting_errors():
    _, x, y, z = weights = RANDOM[0]
    expected = {"x": 1 - y - z, "y": 1 - x - z, "z": 1 - x - y}
    assert teleportation.axis_fidelities(weights) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("fidelity", "average"),
    [(0.95, 0.96667), (0.9, 0.93333), (0.8, 0.86667), (0.75, 0.83333), (0.5, 0.66667), (0.25, 0.5)],
)
def test_average_against_the_reference(fidelity, average):
    assert teleportation.average_fidelity(bd.werner(fidelity)) == pytest.approx(average, abs=5.1e-6)


@pytest.mark.parametrize("weights", RANDOM)
def test_dense_coding_against_the_circuit(weights):
    total = 0.0
    for error, weight in zip(NAMES, weights, strict=True):
        for message in BITS:
            state = corrected(bell(error), 0, *message)
            total += weight * np.sum(np.abs(bell_measurement(state, 0, 1, message)) ** 2) / 4
    assert teleportation.dense_coding_success(weights) == pytest.approx(total, abs=1e-12)


def cnot_choi():
    """Return CNOT on halves of two Bell pairs: reference, control, target, reference."""
    return apply(joined(bell(), bell()), CNOT, 1, 2)


@pytest.mark.parametrize("weights", RANDOM)
def test_teleported_cnot_against_the_circuit(weights):
    total = 0.0
    for error, weight in zip(NAMES, weights, strict=True):
        start = joined(bell(), bell(error), bell())  # reference, control | a, b | target, reference
        start = apply(start, CNOT, 1, 2)
        for first, second in BITS:
            state = project(start, 2, first)
            state = pauli(state, "X", 3) if first else state
            state = apply(apply(state, CNOT, 3, 4), HADAMARD, 3)
            state = project(state, 3, second)
            state = pauli(state, "Z", 1) if second else state
            total += weight * overlap(state, cnot_choi(), (0, 1, 4, 5))
    assert teleportation.gate_process_fidelity(weights) == pytest.approx(total, abs=1e-12)


@pytest.mark.parametrize(
    ("bloch", "message"),
    [
        ((0, 0, 0.5), r"bloch .* 1 .*\(0, 0, 0\.5\)"),
        ((1, 1, 0), r"bloch .* 1 .*\(1, 1, 0\)"),
        ((2, 0, 0), r"bloch component .*\[-1, 1\].* 2$"),
        ((float("nan"), 0, 0), r"bloch component .*\[-1, 1\].* nan$"),
        ((1, 0), r"bloch .*\(x, y, z\).*\(1, 0\)$"),
        ((1, 0, 0, 0), r"bloch .*\(x, y, z\).*\(1, 0, 0, 0\)$"),
        ("xyz", r"bloch .*\(x, y, z\).* 'xyz'$"),
        (("up", 0, 0), "bloch component .* 'up'$"),
        (None, r"bloch .*\(x, y, z\).* None$"),
        (0.5, r"bloch .*\(x, y, z\).* 0\.5$"),
    ],
)
def test_bad_bloch_vectors_are_refused(bloch, message):
    with pytest.raises(ParameterError, match=message):
        teleportation.state_fidelity((1, 0, 0, 0), bloch)


@pytest.mark.parametrize(
    "function",
    [
        teleportation.average_fidelity,
        teleportation.axis_fidelities,
        teleportation.dense_coding_success,
        teleportation.gate_process_fidelity,
        lambda weights: teleportation.state_fidelity(weights, (0, 0, 1)),
    ],
)
def test_bad_weights_are_refused(function):
    with pytest.raises(ParameterError, match="pauli "):
        function((0.5, 0, 0, 0))
