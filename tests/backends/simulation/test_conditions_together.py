"""Many conditions and decisions that share bits: the parities that tie them together are made of one another."""

from itertools import combinations
from multiprocessing import active_children

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.classical import expr
from qiskit.quantum_info import Pauli, Statevector

from qnet_circuits.backends.simulation.contraction import Contractor, Question
from qnet_circuits.backends.simulation.tensors import skeleton_of
from qnet_circuits.backends.simulation.twin import Twin
from qnet_circuits.errors import UnsupportedError
from tests.backends.simulation.density import distribution

BITS = 6


def entangled(rng):
    """Return a circuit of correlated bits, some of which decide, each decision on a parity of several."""
    circuit = QuantumCircuit(4, BITS)
    for bit in range(BITS):
        for k in range(3):
            circuit.ry(float(rng.uniform(0, 3)), k)
            circuit.cx(k, (k + 1) % 3)
        circuit.measure(bit % 3, bit)
        if bit >= 2:
            condition = expr.lift(circuit.clbits[bit])
            for other in rng.permutation(bit)[: rng.integers(1, bit + 1)]:
                condition = expr.bit_xor(condition, circuit.clbits[other])
            with circuit.if_test(condition):
                circuit.ry(0.8, 3)
                circuit.x((bit + 1) % 3)
    circuit.measure(3, 0)
    return circuit


@pytest.mark.one_in(2)
@pytest.mark.parametrize("case", range(10))
def test_conditions_on_shared_bits(case, rng):
    noisy = Twin().noisy(entangled(rng))
    exact, skeleton, contractor = distribution(noisy), skeleton_of(noisy), Contractor()
    for count in (1, 4, 7):
        bits = [list(map(int, np.flatnonzero(rng.random(BITS) < 0.7))) for _ in range(count)]
        values = [int(value) for value in rng.integers(0, 2, count)]
        asked = list(map(int, np.flatnonzero(rng.random(BITS) < 0.5)))
        expected = sum(
            p * (-1) ** sum(read[bit] for bit in asked)
            for read, p in exact.items()
            if all(
                sum(read[bit] for bit in each) % 2 == value for each, value in zip(bits, values, strict=True)
            )
        )
        sets = [frozenset(skeleton.last[bit] for bit in each) for each in bits]
        question = Question(
            frozenset(skeleton.last[bit] for bit in asked), tuple(zip(sets, values, strict=True))
        )
        assert contractor.value(skeleton, (), question) == pytest.approx(expected, abs=1e-12)


def test_a_condition_on_no_bit_holds_for_0_and_never_for_1(rng):
    skeleton = skeleton_of(Twin().noisy(entangled(rng)))
    nothing = frozenset()
    assert Contractor().value(skeleton, (), Question(nothing, ((nothing, 0),))) == pytest.approx(1)
    assert Contractor().value(skeleton, (), Question(nothing, ((nothing, 1),))) == pytest.approx(0)


def test_a_wide_contraction_starts_no_process():
    """The tree, and with it what is predicted and chosen, depends on no number of cores."""
    wires, before = 7, active_children()
    circuit = QuantumCircuit(wires, wires)
    for layer in range(3):
        for k in range(wires):
            circuit.ry(0.3 + 0.1 * k + layer, k)
        for pair in combinations(range(wires), 2):
            circuit.cz(*pair)
    expected = Statevector(circuit).expectation_value(Pauli("Z" * wires)).real
    circuit.measure(range(wires), range(wires))
    skeleton, contractor = skeleton_of(Twin().noisy(circuit)), Contractor()
    question = Question(frozenset(skeleton.last.values()))
    assert contractor.value(skeleton, (), question) == pytest.approx(expected, abs=1e-12)
    assert contractor.width > 12 and active_children() == before


def test_what_is_refused_once_is_refused_again_and_what_is_sure_takes_no_memory(rng):
    skeleton, contractor = skeleton_of(Twin().noisy(entangled(rng))), Contractor(memory=2**6)
    for _ in range(2):
        with pytest.raises(UnsupportedError):
            contractor.value(skeleton, (), Question(frozenset(skeleton.last.values())))
    assert contractor.value(skeleton, (), Question(frozenset())) == 1.0
