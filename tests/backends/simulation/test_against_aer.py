"""Figures computed exactly agree with Aer's density matrix, with Aer's own channels for every step."""

import math

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit_aer import AerSimulator
from qiskit_aer.noise import depolarizing_error, pauli_error, thermal_relaxation_error

from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.backends.simulation.steps import Depolarise, Measurement, PauliError, Relax, Reset, Unitary
from qnet_circuits.backends.simulation.twin import noisy_program
from qnet_circuits.compiling.compiler import compile_program
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.programs.expressions import population
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.instructions import entangle, transmit
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.program import Item, Program
from tests.devices.calibrations import rough

ONE = ("h", "s", "sx", "t", "x", "y")


def aer_distribution(noisy):
    """Return {read bits: probability} of a noisy circuit whose measurements are all at the end of their wires."""
    circuit = QuantumCircuit(noisy.num_wires)
    measured = []
    for step in noisy:
        if isinstance(step, Unitary):
            circuit.append(step.operation, step.wires)
        elif isinstance(step, Reset):
            circuit.reset(step.wire)
        elif isinstance(step, Measurement):
            measured.append(step)
        else:
            for channel in aer_channels(step):
                circuit.append(channel.to_instruction(), step.wires)
    circuit.save_probabilities([step.wire for step in measured])
    simulator = AerSimulator(method="density_matrix", max_parallel_threads=1)
    found = simulator.run(circuit, shots=1).result().data()["probabilities"]
    # Axes come last wire first; each is multiplied by its confusion of read-out.
    found = np.asarray(found).reshape((2,) * len(measured)).transpose()
    for axis, step in enumerate(measured):
        confusion = np.array([[1 - step.p10, step.p01], [step.p10, 1 - step.p01]])
        found = np.moveaxis(np.tensordot(confusion, found, (1, axis)), 0, axis)
    total = {}
    for values in np.ndindex(*found.shape):
        bits = [0] * noisy.num_bits
        for step, value in zip(measured, values, strict=True):
            bits[step.bit] = value
        total[tuple(bits)] = total.get(tuple(bits), 0) + float(found[values])
    return total


def aer_channels(step):
    """Return Aer's errors for a step that is no gate."""
    if isinstance(step, Depolarise):
        return [depolarizing_error(step.probability, len(step.wires))]
    if isinstance(step, PauliError):
        return [pauli_error(list(zip("IXYZ", step.weights, strict=True)))]
    assert isinstance(step, Relax)
    assert math.isfinite(step.t1)
    return [thermal_relaxation_error(step.t1, step.t2, step.seconds)]


def random_program(rng, nodes=3):
    """Return a program without measurements in mid-circuit, and the populations of all its outcomes."""
    registers = [QuantumRegister(2, name) for name in ("alice", "bob", "carol")[:nodes]]
    circuit = QuantumCircuit(*registers, ClassicalRegister(2 * nodes, "out"))

    def link():
        return Link(pauli=tuple(map(float, rng.dirichlet([8, 1, 1, 1]))))

    entangle(circuit, registers[0][1], registers[1][0], link())
    if nodes > 2:
        circuit.h(registers[1][1])
        transmit(circuit, registers[1][1], registers[2][0], link())
    alive = [qubit for register in registers for qubit in register if nodes < 3 or qubit != registers[1][1]]
    for _ in range(12):
        qubit = alive[rng.integers(len(alive))]
        node = [other for register in registers if qubit in register for other in register if other in alive]
        kind = rng.random()
        if kind < 0.5:
            getattr(circuit, str(rng.choice(ONE)))(qubit)
        elif kind < 0.6:
            circuit.reset(qubit)
        elif kind < 0.7:
            circuit.ry(float(rng.uniform(0, 3)), qubit)
        elif len(node) == 2:
            circuit.cx(*node) if rng.random() < 0.5 else circuit.cz(*node)
    for k, qubit in enumerate(alive):
        circuit.measure(qubit, k)
    item = Item("it", circuit)
    bits = [("out", k) for k in range(len(alive))]
    figures = [Figure(f"p{k}", population("it", bits, [f"{k:0{len(bits)}b}"])) for k in range(2 ** len(bits))]
    return Program([item], figures)


def compare(program, device, noise):
    compiled = compile_program(program, device, corrections="frame")
    (noisy,) = noisy_program(compiled, device, noise).circuits
    expected = aer_distribution(noisy)
    width = len(program.figures[0].expression.terms[0][1].bits)
    found = ExactBackend("exact", device, noise).evaluate(compiled, program.figures).values
    assert sum(estimate.value for estimate in found.values()) == pytest.approx(1, abs=1e-9)
    for k in range(2**width):
        pattern = tuple(int(digit) for digit in f"{k:0{width}b}")
        meant = sum(weight for bits, weight in expected.items() if bits[:width] == pattern)
        assert found[f"p{k}"].value == pytest.approx(meant, abs=1e-9)


@pytest.mark.parametrize("case", range(4))
def test_links_alone(case, rng):
    compare(random_program(rng), None, DeviceNoise())


@pytest.mark.parametrize(
    "extra",
    [{}, {"zz": -3e5, "charge_parity": 8e4, "t2_star_fraction": 0.5}, {"readout": False}, {"idle": False}],
)
@pytest.mark.parametrize("case", range(2))
def test_a_rough_device(case, extra, rng):
    compare(random_program(rng), Device.from_calibration(rough(rng)), DeviceNoise(**extra))


@pytest.mark.parametrize("case", range(2))
def test_a_stand_in_device(case, rng):
    compare(random_program(rng, nodes=2), fake_device("fake_manila"), DeviceNoise())
