from itertools import combinations, product

import numpy as np
import pytest

from qnet_circuits.theory import bell_diagonal as bd
from qnet_circuits.theory import bounds, chsh, teleportation

from .states import BITS, CNOT, apply, bell, ghz, joined, overlap


def largest_schmidt(state, side):
    """Return the largest squared Schmidt coefficient between some qubits and the rest."""
    matrix = np.moveaxis(state, side, range(len(side))).reshape(2 ** len(side), -1)
    return np.linalg.svd(matrix, compute_uv=False)[0] ** 2


def test_entangled_bell_pairs():
    assert largest_schmidt(bell(), (0,)) == pytest.approx(bounds.BELL_ENTANGLED)
    assert bd.negativity(bd.werner(bounds.BELL_ENTANGLED)) == 0.0
    assert bd.negativity(bd.werner(bounds.BELL_ENTANGLED + 1e-6)) > 0.0


@pytest.mark.parametrize("parties", [2, 3, 5])
def test_entangled_ghz_states(parties):
    cuts = [cut for size in range(1, parties) for cut in combinations(range(parties), size)]
    largest = [largest_schmidt(ghz(parties), cut) for cut in cuts]
    assert largest == pytest.approx([bounds.GHZ_ENTANGLED] * len(cuts))


def test_classical_teleportation():
    assert teleportation.average_fidelity(bd.werner(0.5)) == pytest.approx(bounds.TELEPORTATION_CLASSICAL)
    outcomes = (1.0, 0.5, 0.5)  # measuring Z and telling the result, on the axes Z, X and Y
    assert np.mean(outcomes) == pytest.approx(bounds.TELEPORTATION_CLASSICAL)


def test_classical_dense_coding():
    # a classical bit is the first bit of the message, the second is guessed
    told = [message[0] == sent and message[1] == 0 for message in BITS for sent in (message[0],)]
    assert np.mean(told) == bounds.DENSE_CODING_CLASSICAL
    assert teleportation.dense_coding_success(bd.werner(0.5)) == bounds.DENSE_CODING_CLASSICAL


def test_classical_cnot():
    # reference, control, target, reference; the cut is between the control's party and the target's
    choi = apply(joined(bell(), bell()), CNOT, 1, 2)
    assert largest_schmidt(choi, (0, 1)) == pytest.approx(bounds.CNOT_LOCAL)
    start = joined(bell(), bell())
    total = 0.0
    for outcome in (0, 1):
        branch = np.zeros_like(start)
        branch[:, outcome] = start[:, outcome]
        branch = branch[:, :, ::-1] if outcome else branch
        total += overlap(branch, choi, range(4))
    assert total == pytest.approx(bounds.CNOT_LOCAL)


def test_classical_chsh():
    values = [a0 * b0 + a0 * b1 + a1 * b0 - a1 * b1 for a0, a1, b0, b1 in product((-1, 1), repeat=4)]
    assert max(values) == bounds.CHSH_CLASSICAL


def test_quantum_chsh():
    assert chsh.s_value((1, 0, 0, 0)) == pytest.approx(bounds.CHSH_QUANTUM)
