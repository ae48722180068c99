"""Coin flips are fair, and the best cheaters reach their optimum and do not exceed it."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.quantum_info import Operator, Statevector, partial_trace

import qnet_circuits as qn
from qnet_circuits.protocols.coin_flip import commit, examine
from qnet_circuits.theory import coin_flipping

BEST = {"qubit": 0.853553, "qutrit": 0.75}
UNEVEN = qn.Network.chain(2, [qn.Link(pauli=(0.8, 0.1, 0.03, 0.07)), qn.Link(pauli=(0.9, 0.02, 0.03, 0.05))])
EVERYBODY = list(product(BEST, (None, "alice", "bob:1")))


def exact(protocol):
    return {name: estimate.value for name, estimate in qn.run(protocol, "exact").figures.items()}


def test_reference_values():
    for scheme, best in BEST.items():
        pair = coin_flipping.message(scheme, 0), coin_flipping.message(scheme, 1)
        for found in (coin_flipping.best_guess(*pair), coin_flipping.best_opening(*pair)):
            assert found == pytest.approx(best, abs=5e-7)
    assert pytest.approx(0.70711, abs=5e-6) == coin_flipping.KITAEV


@pytest.mark.parametrize(("scheme", "cheater"), EVERYBODY)
def test_exact_values(scheme, cheater):
    perfect = exact(qn.CoinFlip(scheme=scheme, cheater=cheater))
    if cheater is None:
        assert perfect == pytest.approx({"heads": 0.5, "abort": 0.0}, abs=1e-9)
    else:
        best = coin_flipping.cheating(scheme)
        assert (
            perfect["cheater_wins"] == pytest.approx(best, abs=1e-9) == pytest.approx(BEST[scheme], abs=1e-6)
        )
        assert perfect["cheater_wins"] <= best + 1e-9
    noisy = qn.CoinFlip(scheme=scheme, cheater=cheater, network=UNEVEN)
    theory = noisy.theory(qn.NoiseParameters())
    assert exact(noisy) == pytest.approx(theory, abs=1e-9)
    assert theory != pytest.approx(perfect, abs=1e-2)


def random_unitary(dimension, rng):
    return np.linalg.qr(rng.normal(size=(2, dimension, dimension)).T @ [1, 1j])[0]


def projector(scheme, opening):
    """Return the matrix of the pure state for which Bob does not abort, from the circuit of his test."""
    qubits = QuantumRegister(1 if scheme == "qubit" else 4, "bob")
    circuit = QuantumCircuit(qubits, ClassicalRegister(qubits.size, "out"))
    right = int(examine(circuit, qubits, *opening, circuit.clbits)[::-1], 2)
    # All of Bob's measurements come last.
    passes = Operator(circuit.remove_final_measurements(inplace=False)).data[right].conj()
    return np.outer(passes, passes.conj())


def test_no_alice_beats_the_best_one():
    """For two openings the best message is an eigenvector of the mean of both tests, whatever is done to what she keeps."""
    rng = np.random.default_rng(3)
    openings = {"qubit": list(product("ZX", repeat=2)), "qutrit": [("", "")] * 8}
    for scheme, pairs in openings.items():
        largest = []
        for k, bases in enumerate(pairs):
            both = [projector(scheme, (a, basis)) for a, basis in enumerate(bases)]
            if scheme == "qutrit" and k:
                turns = [np.kron(random_unitary(4, rng), np.eye(4)) for _ in both]
                both = [turn.conj().T @ each @ turn for turn, each in zip(turns, both, strict=True)]
            largest.append(np.linalg.eigvalsh(sum(both) / 2)[-1])
        assert max(largest) == pytest.approx(coin_flipping.cheating(scheme), abs=1e-9)
        if scheme == "qutrit":
            assert largest[0] > max(largest[1:])


def test_no_alice_beats_the_best_one_by_naming_the_basis_at_the_end():
    """She measures what purifies her qubit as Helstrom does, to choose the basis of the more likely test."""
    rng = np.random.default_rng(6)
    tests = [[projector("qubit", (a, basis)) for basis in "ZX"] for a in (0, 1)]

    def wins(root):
        mean, state = 0.0, root.conj().T @ root
        for one, other in tests:
            gain = np.abs(np.linalg.eigvalsh(root @ (one - other) @ root.conj().T)).sum()
            mean += (np.trace(state @ (one + other)).real + gain) / 4
        return mean

    best = coin_flipping.cheating("qubit")
    assert wins(np.eye(2) / np.sqrt(2)) == pytest.approx(best, abs=1e-9)
    for size in (1, 2) * 20:
        root = rng.normal(size=(2, size, 2)).T @ [1, 1j]
        root = np.atleast_2d(root.T / np.linalg.norm(root))
        assert wins(root) <= best + 1e-9


def test_no_bob_beats_the_best_one():
    """What Alice's circuits send is told apart by Helstrom's measurement at best, and by a random one less often."""
    rng = np.random.default_rng(4)
    for scheme, best in BEST.items():
        states = []
        for a in (0, 1):
            kept = [] if scheme == "qubit" else [2, 3]
            mean = 0
            for basis in "ZX":
                circuit = QuantumCircuit(QuantumRegister(1 if scheme == "qubit" else 4, "alice"))
                commit(circuit, circuit.qubits, a, basis)
                mean = mean + partial_trace(Statevector(circuit), kept).data / 2
            states.append(mean)
        assert coin_flipping.best_guess(*states) == pytest.approx(best, abs=1e-6)
        for _ in range(20):
            basis = random_unitary(len(states[0]), rng)
            seen = [np.real(np.diag(basis.conj().T @ state @ basis)) for state in states]
            assert np.maximum(*seen).sum() / 2 < coin_flipping.cheating(scheme)


@dataclass(frozen=True)
class Another(qn.OptimalAlice):
    """An Alice whose message is any state of the same circuit."""

    angles: tuple[float, ...] = (0.0, 0.0, 0.0)

    def commit(self, circuit, qubits):
        circuit.ry(self.angles[0], qubits[0])
        if len(qubits) > 1:
            circuit.ry(self.angles[1], qubits[1])
            circuit.cx(qubits[0], qubits[1])
            circuit.ry(self.angles[2], qubits[0])
            circuit.cx(qubits[0], qubits[2])
            circuit.cx(qubits[1], qubits[3])


def test_other_circuits_of_the_same_form_win_less():
    rng = np.random.default_rng(5)
    for scheme, best in BEST.items():
        found = set()
        for _ in range(3):
            other = Another(angles=tuple(rng.uniform(0, 2 * np.pi, 3)))
            found.add(exact(qn.CoinFlip(scheme=scheme, cheater=other))["cheater_wins"])
        assert len(found) == 3 and max(found) < best


def test_a_sample_agrees():
    result = qn.run(qn.CoinFlip(scheme="qutrit", cheater="alice"), shots=50_000, seed=1, level=1 - 1e-6)
    assert result.cheater_wins.n == 100_000
    assert 0.75 in result.cheater_wins and 0.25 in result.abort
    assert result.refused is None


@pytest.mark.parametrize("target", [1.0, True, 2])
def test_a_target_that_is_no_coin_is_refused(target):
    with pytest.raises(qn.ParameterError, match="target"):
        qn.OptimalAlice(target)


def test_the_target_decides_what_answers_bob():
    for target in (0, 1):
        program = qn.CoinFlip(cheater=qn.OptimalAlice(target)).program(np.random.default_rng(0))
        assert all(item.tags["alice"] ^ item.tags["bob"] == target for item in program)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"cheater": "charlie"}, qn.errors.UnknownNameError),
        ({"cheater": "alice:2"}, qn.errors.ParameterError),
        ({"cheater": "bob:1:1"}, qn.errors.ParameterError),
        ({"cheater": 3}, qn.errors.ParameterError),
        ({"scheme": "ququart"}, qn.errors.UnknownNameError),
        ({"network": qn.Network.star(3)}, qn.errors.ParameterError),
    ],
)
def test_bad_input(wrong, error):
    with pytest.raises(error):
        qn.CoinFlip(**wrong)
