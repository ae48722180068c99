"""The device's noise is what its calibration says, on the qubits used only."""

import math

import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import average_gate_fidelity
from qiskit_aer.noise import depolarizing_error

import qnet_circuits as qn
from qnet_circuits.backends.aer import AerBackend
from qnet_circuits.backends.runtime import fake_device, fake_device_names
from qnet_circuits.estimate import proportion
from qnet_circuits.noise.aer import depolarising_parameter, noise_model
from tests.compiling.test_placement import DEVICES


@pytest.mark.parametrize(("error", "qubits"), [(0.001, 1), (0.004, 2), (0.1, 2)])
def test_depolarisation_has_the_calibrated_infidelity(error, qubits):
    channel = depolarizing_error(depolarising_parameter(error, qubits), qubits)
    assert 1 - average_gate_fidelity(channel.to_quantumchannel()) == pytest.approx(error)


def test_a_failed_calibration_counts_as_total_depolarisation():
    assert depolarising_parameter(1.0, 2) == 1.0


def test_readout_errs_in_both_directions():
    """The target has only the mean of the two; the calibration has both."""
    one_from_zero, zero_from_one = fake_device("fake_sherbrooke").readout(5)
    assert one_from_zero == pytest.approx(0.0684, abs=1e-4)
    assert zero_from_one == pytest.approx(0.0527, abs=1e-4)


def test_only_the_qubits_used_are_in_the_noise():
    circuit = QuantumCircuit(2, 2)
    circuit.sx(0)
    circuit.cz(0, 1)
    circuit.measure([0, 1], [0, 1])
    model = noise_model(fake_device("fake_kingston"), [circuit], [148, 149])
    assert sorted(model.noise_qubits) == [0, 1]
    assert sorted(model.noise_instructions) == ["cz", "measure", "sx"]


def test_measured_figures_follow_from_readout_alone():
    """A transmitted |0⟩ or |1⟩ meets one readout and at most one x: the counts agree with the calibration."""
    device = fake_device("fake_sherbrooke")
    low, high = device.readout(5)
    from qiskit import ClassicalRegister, QuantumRegister

    from qnet_circuits.program import Item, Program
    from qnet_circuits.manifest import stream_seed

    items = []
    for value in (0, 1):
        circuit = QuantumCircuit(QuantumRegister(1, "alice"), ClassicalRegister(1, "out"))
        if value:
            circuit.x(0)
        circuit.measure(0, 0)
        items.append(Item(str(value), circuit))
    backend = AerBackend("aer:fake_sherbrooke", device)
    compiled = qn.compile(Program(items), backend, layout=[5])
    zero, one = backend.fetch(backend.submit(compiled, [40_000, 40_000], stream_seed(5, 0)))
    gate = 2 * device.error("x", [5]) / 2
    found = proportion(int(zero["out"].sum()), 40_000, 1 - 1e-6)
    assert low in found
    found = proportion(int(one["out"].sum()), 40_000, 1 - 1e-6)
    assert (1 - gate) * (1 - high) + gate * low in found


@pytest.mark.parametrize("device", DEVICES)
def test_protocols_run_on_every_device(device):
    result = qn.run(qn.Teleportation(hops=2), f"aer:{device}", shots=300, seed=1)
    assert 0.5 < result.fidelity.value < 1
    assert result.resources["routing_swaps"] == 0


def test_device_names_are_snake_case():
    names = fake_device_names()
    assert {"fake_torino", "fake_kingston", "fake_manila", "fake_boston"} <= set(names)
    assert all(name == name.lower() for name in names)


def test_methods_fit_the_circuit():
    small, wide, dynamic = (QuantumCircuit(n, n) for n in (4, 30, 30))
    for circuit in (small, wide, dynamic):
        circuit.rz(0.3, 0)
        circuit.measure(0, 0)
    dynamic.x(0)
    assert [_method(circuit) for circuit in (small, wide)] == ["density_matrix", "matrix_product_state"]
    assert _method(dynamic) == "matrix_product_state"
    clifford = QuantumCircuit(30, 30)
    clifford.rz(math.pi / 2, 0)
    clifford.measure(0, 0)
    assert _method(clifford) == "stabilizer"


def test_ghz_above_64_strings_draws_them_and_widens_the_interval():
    protocol = qn.Ghz(parties=8, topology="chain")
    result = qn.run(protocol, shots=100, seed=3)
    assert result.coherence.value == 1.0
    assert "Serfling, 64 of 128" in result.coherence.method
    assert result.coherence.low < 0.9
    assert qn.run(protocol, shots=100, seed=3).figures == result.figures
