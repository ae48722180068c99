"""The device's noise is what its calibration says, on the qubits used only."""

import pytest
from qiskit import QuantumCircuit

import qnet_circuits as qn
from qnet_circuits.backends.aer import AerBackend
from qnet_circuits.backends.ibm.stand_ins import fake_device, fake_device_names
from qnet_circuits.theory.estimate import proportion
from tests.compiling.test_placement import DEVICES


def test_readout_errs_in_both_directions():
    """The target has only the mean of the two; the calibration has both."""
    one_from_zero, zero_from_one = fake_device("fake_sherbrooke").calibration.readout(5)
    assert one_from_zero == pytest.approx(0.0684, abs=1e-4)
    assert zero_from_one == pytest.approx(0.0527, abs=1e-4)


def test_measured_figures_follow_from_readout_alone():
    """A transmitted |0⟩ or |1⟩ meets one readout and at most one x: the counts agree with the calibration."""
    device = fake_device("fake_sherbrooke")
    low, high = device.calibration.readout(5)
    from qiskit import ClassicalRegister, QuantumRegister

    from qnet_circuits.programs.program import Item, Program
    from qnet_circuits.runs.options import stream_seed

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
    gate = 2 * device.calibration.error("x", [5]) / 2
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


def _plan(protocol, device=None, noise=None, **options):
    backend = AerBackend("aer", device and fake_device(device), noise)
    compiled = qn.compile(protocol, backend, **options)
    return backend.planned(compiled)[0][0]


@pytest.mark.parametrize(
    ("protocol", "device", "mode", "method", "most_wires"),
    [
        (qn.RepeaterChain(hops=3), "fake_torino", "frame", "density_matrix", 6),
        (qn.RepeaterChain(hops=3), "fake_torino", "feedforward", "statevector", 4),
        (qn.RepeaterChain(hops=20), "fake_torino", "frame", "statevector", 4),
        (qn.RepeaterChain(hops=20), "fake_torino", "feedforward", "statevector", 4),
        (qn.RepeaterChain(hops=20), None, "frame", "stabilizer", 40),
        (qn.Ghz(parties=10, method="parity-scan"), None, "feedforward", "statevector", 8),
    ],
)
def test_methods_fit_the_circuit(protocol, device, mode, method, most_wires):
    """Dynamic circuits are never density matrices shot by shot, and wide ones are played on few wires."""
    plan = _plan(protocol, device, corrections=mode)
    assert plan.method == method
    assert plan.noisy.num_wires <= most_wires
    assert plan.at_once == (method == "density_matrix")


def test_ghz_above_64_strings_draws_them_and_says_so():
    protocol = qn.Ghz(parties=8, topology="chain")
    result = qn.run(protocol, shots=100, seed=3)
    assert result.coherence.value == 1.0
    assert "64 of 128" in result.coherence.method and "approximate" in result.coherence.method
    # Nothing failed in 6400 shots.
    assert result.coherence.low == pytest.approx(2 * proportion(6400, 6400).low - 1)
    assert qn.run(protocol, shots=100, seed=3).figures == result.figures
