"""Many conditions and decisions that share bits: the parities that tie them together are made of one another."""

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.classical import expr

from qnet_circuits.backends.simulation.contraction import Contractor, Question
from qnet_circuits.backends.simulation.tensors import skeleton_of
from qnet_circuits.backends.simulation.twin import Twin
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
