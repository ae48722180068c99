"""What Aer samples follows closed formulas, by each of its methods that circuits are handed to, at alpha = 1e-6."""

from collections import Counter
from dataclasses import replace
from math import exp

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.classical import expr

from qnet_circuits.backends.aer import on_aer
from qnet_circuits.backends.simulation import sampling
from qnet_circuits.backends.simulation.aer_circuits import perfect_readout
from qnet_circuits.backends.simulation.aer_methods import Plan, fused_steps, is_clifford, is_static, plan_of
from qnet_circuits.backends.simulation.fusing import thinned
from qnet_circuits.backends.simulation.narrowing import recycled
from qnet_circuits.backends.simulation.steps import Decision
from qnet_circuits.backends.simulation.telling import told
from qnet_circuits.backends.simulation.twin import Twin
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.devices.repaired import Usable
from qnet_circuits.programs.channel import Channel
from qnet_circuits.theory.estimate import proportion
from tests.backends.simulation.density import distribution
from tests.backends.simulation.random_circuits import random_noisy
from tests.devices.calibrations import US, perfect
from tests.support.programs import put_fence

ALPHA = 1e-6
SHOTS = 2000
METHODS = (
    "density_matrix",
    "statevector",
    "statevector, wide",
    "stabilizer",
    "matrix_product_state",
    "matrices of mixtures",
)


def forced(noisy, method):
    """Return the plan that simulates a circuit by a method, or None where the method cannot."""
    read = perfect_readout(noisy)
    fused = replace(read, steps=tuple(fused_steps(read.steps)))
    # Mixtures of Paulis, Z and resets are drawn from as they are; other relaxation has to be fused.
    clifford = all(map(is_clifford, read.steps))
    if method == "density_matrix":
        return Plan(fused, method, at_once=True) if is_static(fused.steps) else None
    if method == "statevector":
        return Plan(recycled(fused), method, at_once=False)
    if method == "statevector, wide":
        return Plan(fused, "statevector", at_once=False)
    if method == "matrix_product_state":
        return Plan(recycled(fused), method, at_once=False)
    if not clifford:
        return None
    if method == "stabilizer":
        return Plan(recycled(read), method, at_once=False)
    return Plan(recycled(read), "matrix_product_state", at_once=False)


def sampled(plan, shots, seed):
    """Return the bits of all shots, in the order of the circuit's registers."""
    rng, circuit = np.random.default_rng(seed), plan.circuit()
    (raw,) = sampling.sampled([plan], [shots], rng, lambda call: on_aer(call, [circuit]))
    return np.concatenate([raw[register.name] for register in plan.noisy.source.cregs], axis=1)


def device(t2, **options):
    """Return a calibration on which relaxation is strong: T2 below T1 is a mixture, above it is none."""
    return perfect(3, T1, t2, durations={"reset": 3 * US, "measure": MEASURE}, **options)


T1, MEASURE, LATENCY, RESET = 10 * US, 4 * US, 1.5 * US, 3 * US
SHORT, LONG = 6 * US, 18 * US
READOUT = {"readout": (0.05, 0.25)}


def _wait(first):
    def build(circuit):
        getattr(circuit, first)(0)
        circuit.delay(5, 0, unit="us")
        if first == "h":
            circuit.h(0)
        circuit.measure(0, 0)

    return build


def _beside(first, act):
    def build(circuit):
        getattr(circuit, first)(0)
        circuit.barrier()
        act(circuit)
        circuit.barrier()
        if first == "h":
            circuit.h(0)
        circuit.measure(0, 0)

    return build


def _in_branch(first, value):
    def build(circuit):
        if value:
            circuit.x(1)
        circuit.measure(1, 1)
        getattr(circuit, first)(0)
        with circuit.if_test((1, 1)):
            circuit.delay(5, 0, unit="us")
        if first == "h":
            circuit.h(0)
        circuit.measure(0, 0)

    return build


def _latency(circuit):
    circuit.x([0, 1])
    circuit.barrier()
    circuit.measure(1, 1)
    with circuit.if_test(expr.lift(circuit.clbits[1])):
        circuit.x(0)
    circuit.measure(0, 0)


def _again(circuit):
    circuit.x(0)
    circuit.measure(0, 1)
    circuit.measure(0, 0)


def _again_in_branch(circuit):
    circuit.measure(1, 1)
    circuit.x(0)
    with circuit.if_test((1, 0)):
        circuit.measure(0, 2)
    circuit.measure(0, 0)


def _misread(value):
    def build(circuit):
        if value:
            circuit.x(0)
        circuit.measure(0, 0)

    return build


def _misread_again(value):
    """Measured, misread and used again: the second outcome follows from the true one."""

    def build(circuit):
        if value:
            circuit.x(0)
        circuit.measure(0, 1)
        circuit.cx(0, 1)
        circuit.measure(1, 0)

    return build


def _misread_in_branch(circuit):
    circuit.x([0, 1])
    circuit.measure(1, 1)
    with circuit.if_test((1, 1)) as otherwise:
        circuit.measure(0, 0)
        circuit.x(0)
        circuit.measure(0, 2)
    with otherwise:
        circuit.x(0)
        circuit.measure(0, 0)


def _reset(circuit):
    circuit.x(1)
    circuit.barrier()
    circuit.reset(1)


def _measure(circuit):
    circuit.measure(1, 1)


def population(seconds):
    return lambda t2: exp(-seconds / T1)


def coherence(seconds):
    """Return the probability to read 1 at the end of |+⟩ that waited, after h."""
    return lambda t2: (1 - exp(-seconds / t2)) / 2


#: Name: circuit, the probability that bit 0 is read as 1, options of the calibration, and the noise.
CASES = {
    "an excited qubit decays": (_wait("x"), population(5 * US), {}),
    "a superposition dephases": (_wait("h"), coherence(5 * US), {}),
    "decay in a branch": (_in_branch("x", 1), population(LATENCY + 5 * US), {}),
    "decay beside a branch that is not taken": (_in_branch("x", 0), population(LATENCY + 5 * US), {}),
    "dephasing in a branch": (_in_branch("h", 1), coherence(LATENCY + 5 * US), {}),
    "dephasing beside a branch that is not taken": (_in_branch("h", 0), coherence(LATENCY + 5 * US), {}),
    "decay during a measurement": (_beside("x", _measure), population(MEASURE), {}),
    "dephasing during a measurement": (_beside("h", _measure), coherence(MEASURE), {}),
    "decay during a reset": (_beside("x", _reset), population(RESET), {}),
    "dephasing during a reset": (_beside("h", _reset), coherence(RESET), {}),
    "decay while a decision is on its way": (_latency, lambda t2: 1 - exp(-(MEASURE + LATENCY) / T1), {}),
    "a measured qubit decays for its measurement": (_again, population(MEASURE), {}),
    "a qubit measured in a branch decays for its measurement": (
        _again_in_branch,
        population(LATENCY + MEASURE),
        {},
    ),
    "0 is misread": (_misread(0), lambda t2: 0.05, READOUT),
    "1 is misread": (_misread(1), lambda t2: 0.75, READOUT),
    "0 is misread and used again": (_misread_again(0), lambda t2: 0.05, READOUT),
    "1 is misread and used again": (
        _misread_again(1),
        lambda t2: 0.75 * exp(-MEASURE / T1) + 0.05 * (1 - exp(-MEASURE / T1)),
        READOUT,
    ),
}


def made(build, t2, options, **noise):
    circuit = QuantumCircuit(3, 3)
    build(circuit)
    return Twin(Usable(device(t2, **options)), DeviceNoise(**noise)).noisy(circuit, range(3))


@pytest.mark.one_in(3)
@pytest.mark.parametrize("method", ["density_matrix", "statevector", "stabilizer", "matrix_product_state"])
@pytest.mark.parametrize("t2", [SHORT, LONG], ids=["mixture", "no mixture"])
@pytest.mark.parametrize("name", CASES)
def test_probabilities_follow_closed_formulas(name, t2, method, rng):
    build, expected, options = CASES[name]
    noisy = made(build, t2, options)
    enumerated = sum(p for bits, p in distribution(noisy).items() if bits[0])
    assert expected(t2) == pytest.approx(enumerated, abs=1e-9)
    plan = forced(noisy, method)
    if plan is None:
        return
    ones = int(sampled(plan, SHOTS, int(rng.integers(2**32)))[:, 0].sum())
    assert expected(t2) in proportion(ones, SHOTS, 1 - ALPHA)


@pytest.mark.parametrize("method", METHODS[1:])
def test_qubits_are_misread_in_branches(method, rng):
    """Bits 1, 0 and 2: read 1 and taken, with probability 3/4, then |1⟩ is read, turned, and read as |0⟩."""
    noisy = made(_misread_in_branch, None, READOUT, idle=False)
    bits = sampled(forced(noisy, method), SHOTS, int(rng.integers(2**32)))
    taken, other = bits[bits[:, 1]], bits[~bits[:, 1]]
    level = 1 - ALPHA / 4
    assert 0.75 in proportion(len(taken), SHOTS, level)
    assert 0.75 in proportion(int(taken[:, 0].sum()), len(taken), level)
    assert 0.05 in proportion(int(taken[:, 2].sum()), len(taken), level)
    assert 0.05 in proportion(int(other[:, 0].sum()), len(other), level)


# -- whole distributions -----------------------------------------------------------------------------------------------


def check_counts(noisy, plan, shots, seed):
    """Check the count of every outcome that is expected, and of none at all where none is."""
    expected = distribution(noisy)
    counts = Counter(map(tuple, sampled(plan, shots, seed).astype(int).tolist()))
    assert set(counts) <= set(expected)
    level = 1 - ALPHA / len(expected)
    for bits, chance in expected.items():
        found = proportion(counts[bits], shots, level)
        assert found.low - 1e-9 <= chance <= found.high + 1e-9, (bits, chance, found)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("method", [*METHODS, "as planned", "as planned for few"])
@pytest.mark.parametrize("kind", ["dynamic", "static", "clifford", "static clifford"])
def test_distributions_of_random_circuits(kind, method, rng):
    options = {"clifford": "clifford" in kind, "static": "static" in kind}
    noisy = random_noisy(rng, length=6, **options)
    if "clifford" in kind:
        # T2 up to T1, so that relaxation is a mixture.
        short = lambda step: replace(step, t2=min(step.t2, step.t1)) if hasattr(step, "t1") else step  # noqa: E731
        noisy = replace(noisy, steps=tuple(_everywhere(noisy.steps, short)))
    planned = {"as planned": plan_of(noisy), "as planned for few": plan_of(noisy).for_shots(1)}
    plan = planned.get(method) or forced(noisy, method)
    if plan is not None:
        check_counts(noisy, plan, SHOTS, int(rng.integers(2**32)))


def _told_in_branches(circuit, choose):
    """Qubits 0 and 2 are measured, and turn 1 while it waits, in the branches too."""
    circuit.h([0, 1, 2])
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    circuit.measure([0, 2], [0, 2])
    if choose == "switch":
        with circuit.switch(circuit.cregs[0]) as case:
            with case(0, 5):
                circuit.delay(3, 1, unit="us")
            with case(case.DEFAULT):
                circuit.x(1)
    else:
        with circuit.if_test((0, 1)) as otherwise:
            circuit.delay(3, 1, unit="us")
        with otherwise:
            circuit.x(1)
    circuit.h(1)
    circuit.measure(1, 1)


@pytest.mark.parametrize("method", ["statevector", "matrix_product_state"])
@pytest.mark.parametrize("choose", ["if", "switch"])
def test_measured_neighbours_turn_a_qubit_by_their_true_outcomes(choose, method, rng):
    noisy = made(lambda circuit: _told_in_branches(circuit, choose), LONG, READOUT, zz=6e4)
    by_bits = told(thinned(noisy))
    inner = [
        inside for step in by_bits if isinstance(step, Decision) for block in step.blocks for inside in block
    ]
    assert any(isinstance(inside, Decision) for inside in inner)
    check_counts(noisy, forced(by_bits, method), 2 * SHOTS, int(rng.integers(2**32)))


def _everywhere(steps, change):
    for step in steps:
        if hasattr(step, "blocks"):
            yield replace(step, blocks=tuple(tuple(_everywhere(block, change)) for block in step.blocks))
        else:
            yield change(step)


def test_every_method_is_tried_on_something():
    noisy = made(_latency, SHORT, {})
    static = made(_wait("x"), SHORT, {})
    assert all(forced(noisy, method) for method in METHODS[1:]) and forced(static, "density_matrix")
    assert forced(made(_latency, LONG, {}), "stabilizer") is None


@pytest.mark.parametrize("method", METHODS)
def test_a_links_own_errors_happen_with_their_weights(method, rng):
    """Bits of a Bell pair in Z differ after X or Y; in X after Z or Y."""
    weights = (0.5, 0.25, 0.1, 0.15)
    for basis, odd in (("z", 0.35), ("x", 0.25), ("y", 0.4)):
        circuit = QuantumCircuit(2, 2)
        circuit.h(0)
        circuit.cx(0, 1)
        put_fence(circuit, circuit.qubits[0], "link")
        for qubit in (0, 1) if basis != "z" else ():
            if basis == "y":
                circuit.sdg(qubit)
            circuit.h(qubit)
        circuit.measure([0, 1], [0, 1])
        noisy = Twin().noisy(circuit, link_noise={"link": Channel.pauli(weights)})
        bits = sampled(forced(noisy, method), SHOTS, int(rng.integers(2**32)))
        differ = int((bits[:, 0] ^ bits[:, 1]).sum())
        # ⟨YY⟩ = -1 in a perfect pair: its bits differ without an error.
        assert (1 - odd if basis == "y" else odd) in proportion(differ, SHOTS, 1 - ALPHA / 3), basis
