"""The error steps of a gate have its calibrated average infidelity, relaxation included, and time counts once."""

import math

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Kraus, Operator, SuperOp, average_gate_fidelity

from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.backends.simulation.contraction import Contractor, Question
from qnet_circuits.backends.simulation.operations import depolarising_parameter, gate_error, relaxation_error
from qnet_circuits.backends.simulation.pauli_transfer import transfer
from qnet_circuits.backends.simulation.steps import Depolarise, Relax, Unitary
from qnet_circuits.backends.simulation.tensors import skeleton_of
from qnet_circuits.backends.simulation.twin import Twin
from qnet_circuits.devices.repaired import Usable
from tests.backends.simulation.density import relaxation_kraus
from tests.devices.calibrations import US, perfect

T1, T2 = 50 * US, 40 * US
#: Operations of a calibration that are no gates with an error.
NO_GATES = ("measure", "measure_2", "reset", "delay", "rz")


def noisy(circuit, calibration):
    return Twin(Usable(calibration)).noisy(circuit, range(circuit.num_qubits))


def mean(circuit, calibration):
    """Return the mean of (-1) to the bit 0, exactly."""
    skeleton = skeleton_of(noisy(circuit, calibration))
    return Contractor().value(skeleton, (), Question(frozenset({skeleton.last[0]})))


def _channel(steps, wires):
    """Return the channel of the error steps of a gate as a superoperator, qubit k the kth wire."""
    total = SuperOp(np.eye(4 ** len(wires)))
    for step in steps:
        at = [wires.index(wire) for wire in step.wires]
        if isinstance(step, Relax):
            part = SuperOp(Kraus(relaxation_kraus(step)))
        else:
            assert isinstance(step, Depolarise)
            d = 2 ** len(at)
            mixed = np.outer(np.eye(d).reshape(-1), np.eye(d).reshape(-1)) / d
            part = SuperOp((1 - step.probability) * np.eye(d**2) + step.probability * mixed)
        total = total.compose(part, qargs=at)
    return total


def infidelity(steps, wires):
    return 1 - average_gate_fidelity(_channel(steps, list(wires)), Operator(np.eye(2 ** len(wires))))


@pytest.mark.parametrize("error", [0.0, 1e-4, 0.003, 0.02, 0.3, 0.49])
@pytest.mark.parametrize(
    ("name", "wires", "seconds"),
    [("sx", (0,), 35e-9), ("x", (1,), 2e-6), ("cz", (0, 1), 300e-9), ("cx", (1, 0), 1e-8)],
)
def test_a_gate_has_its_calibrated_average_infidelity_relaxation_included(name, wires, seconds, error):
    calibration = perfect(2, T1, T2, durations={name: seconds}, errors={name: error})
    circuit = QuantumCircuit(2, 1)
    getattr(circuit, name)(*wires)
    gate, *errors = noisy(circuit, calibration).steps
    assert isinstance(gate, Unitary) and gate.wires == wires
    assert infidelity(errors, wires) == pytest.approx(error, abs=1e-12)


def test_a_gate_relaxes_for_its_whole_time_if_its_error_allows_it():
    for seconds, error in ((1e-6, 0.3), (1e-6, 1e-3)):
        usable = Usable(perfect(1, T1, T2, durations={"x": seconds}, errors={"x": error}))
        relax, *rest = gate_error(usable, "x", (0,), (0,))
        least = relaxation_error(usable, "x", (0,))
        assert least == pytest.approx(0.5 - math.exp(-seconds / T2) / 3 - math.exp(-seconds / T1) / 6)
        assert (relax.seconds == seconds) == (len(rest) == 1) == (error > least)
        assert len(usable.notes()) == (error < least)


def test_a_gate_of_which_no_error_is_known_relaxes():
    usable = Usable(perfect(1, T1, T2, durations={"x": 1e-6}, errors={"x": None}))
    assert gate_error(usable, "x", (0,), (0,)) == [Relax(0, 1e-6, T1, T2)]


@pytest.mark.parametrize("device", ["fake_kingston", "fake_sherbrooke", "fake_manila"])
def test_every_gate_of_a_device_has_its_calibrated_infidelity(device):
    usable = Usable(fake_device(device).calibration)
    checked = 0
    for entry in fake_device(device).calibration.entries:
        if entry.name in NO_GATES or entry.error is None or not 0 < entry.error < 0.5:
            continue
        matrix = np.eye(4 ** len(entry.qubits))
        for step in gate_error(usable, entry.name, entry.qubits, entry.qubits):
            before, after = (entry.qubits.index(step.wires[0]), entry.qubits[::-1].index(step.wires[-1]))
            matrix = np.kron(np.kron(np.eye(4**before), transfer(step)), np.eye(4**after)) @ matrix
        size = 2 ** len(entry.qubits)
        fidelity = (np.trace(matrix) + size) / (size**2 + size)
        assert fidelity == pytest.approx(1 - entry.error, abs=1e-9)
        checked += 1
    assert checked > 10


def test_a_gate_that_relaxes_completely_is_no_division_by_zero():
    for name, wires in (("x", (0,)), ("cz", (0, 1))):
        calibration = perfect(2, 1e-12, 1e-12, durations={name: 1e-6}, errors={name: 0.1})
        steps = gate_error(Usable(calibration), name, wires, wires)
        assert infidelity(steps, wires) == pytest.approx(0.1, abs=1e-12)


def test_every_moment_counts_once(rng):
    """What a qubit relaxes for in its gates and in its waits is just the time from its first gate to its measurement."""
    names = {"x": 0.1 * US, "sx": 0.3 * US, "cz": 0.7 * US}
    calibration = perfect(3, T1, T2, durations=names, errors=dict.fromkeys(names, 0.4))
    circuit = QuantumCircuit(3, 3)
    circuit.x(range(3))
    circuit.barrier()
    for _ in range(12):
        if rng.integers(2):
            circuit.sx(int(rng.integers(3)))
        else:
            circuit.cz(*((0, 1), (1, 2))[rng.integers(2)])
    circuit.barrier()
    circuit.measure(range(3), range(3))
    made = noisy(circuit, calibration)
    for wire in range(3):
        relaxed = sum(step.seconds for step in made if isinstance(step, Relax) and step.wire == wire)
        assert relaxed == pytest.approx(made.seconds - 1 * US, abs=1e-15)


def test_a_wait_beside_a_gate_is_paid_once():
    seconds = 3 * US
    calibration = perfect(2, T1, T2, durations={"x": seconds}, errors={"x": 0.3})
    circuit = QuantumCircuit(2, 2)
    circuit.sx(0)
    circuit.sx(0)
    circuit.barrier()
    circuit.x(1)
    circuit.barrier()
    circuit.measure([0, 1], [0, 1])
    assert mean(circuit, calibration) == pytest.approx(1 - 2 * math.exp(-seconds / T1), abs=1e-9)


def test_total_depolarisation_stands_for_an_error_of_half_or_more():
    assert depolarising_parameter(0.5, 2) == depolarising_parameter(1.0, 2) == 1.0
