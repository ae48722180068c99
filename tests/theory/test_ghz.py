from itertools import product

import numpy as np
import pytest

from qnet_circuits.errors import ParameterError
from qnet_circuits.theory import bell_diagonal as bd
from qnet_circuits.theory import ghz as theory

from .states import (
    BITS,
    CNOT,
    NAMES,
    apply,
    bell,
    bell_measurement,
    corrected,
    ghz,
    joined,
    overlap,
    pauli,
    project,
    random_weights,
    weighted,
)


def distributions(count, seed):
    rng = np.random.default_rng(seed)
    return [random_weights(rng) for _ in range(count)]


@pytest.mark.parametrize(
    ("fidelity", "parties", "value"),
    [
        (0.99, 3, 0.97033),
        (0.95, 3, 0.85819),
        (0.9, 3, 0.73215),
        (0.99, 4, 0.96066),
        (0.95, 4, 0.81601),
        (0.9, 4, 0.66151),
    ],
)
def test_werner_star_against_the_reference(fidelity, parties, value):
    found = theory.star_fidelity([bd.werner(fidelity)] * parties)
    assert found == pytest.approx(value, abs=5.1e-6)
    g = (1 - fidelity) / 3
    closed = ((fidelity + g) ** parties + (fidelity - g) ** parties + (2 * g) ** parties) / 2
    assert found == pytest.approx(closed, abs=1e-14)


@pytest.mark.parametrize("parties", [2, 3, 4, 5])
def test_star_is_the_sum_over_all_errors(parties):
    arms = distributions(parties, parties)
    total = 0.0
    for errors, probability in weighted(arms):
        state = ghz(parties)
        for qubit, error in enumerate(errors):
            state = pauli(state, error, qubit)
        total += probability * overlap(state, ghz(parties), range(parties))
    assert theory.star_fidelity(arms) == pytest.approx(total, abs=1e-12)


@pytest.mark.parametrize("errors", list(product(NAMES, repeat=3)))
def test_star_against_the_circuit_error_by_error(errors):
    # the centre's GHZ state on 0-2, the arms on (3, 4), (5, 6) and (7, 8)
    state = joined(ghz(3), *(bell(error) for error in errors))
    for qubit, outcomes in enumerate([(0, 1), (1, 0), (1, 1)]):
        half = 3 + 2 * qubit
        state = corrected(bell_measurement(state, qubit, half, outcomes), half + 1, *outcomes)
    found = 64 * overlap(state, ghz(3), (4, 6, 8))
    arms = [tuple(float(error == name) for name in NAMES) for error in errors]
    assert theory.star_fidelity(arms) == pytest.approx(found, abs=1e-12)


def test_flipped_arms_leave_the_state_only_together():
    flip, both, none = (0, 1, 0, 0), (0, 0, 1, 0), (1, 0, 0, 0)
    assert theory.star_fidelity([flip] * 3) == 1
    assert theory.star_fidelity([both, both, flip]) == 1
    assert theory.star_fidelity([both] * 3) == 0
    assert theory.star_fidelity([flip, flip, none]) == 0


def test_two_arms_are_one_swap():
    arms = distributions(2, 1)
    assert theory.star_fidelity(arms) == pytest.approx(bd.fidelity(bd.convolve(*arms)))


def fused(errors, outcomes):
    """Return the fidelity of a chain's links, fused at every inner party, on one branch of outcomes."""
    state = joined(*(bell(error) for error in errors))
    parties = [0]
    flip = 0
    for link, outcome in enumerate(outcomes, start=1):
        kept, measured = 2 * link - 1, 2 * link
        state = pauli(state, "X", kept) if flip else state
        state = project(apply(state, CNOT, kept, measured), measured, outcome)
        parties.append(kept)
        flip = outcome
    parties.append(2 * len(errors) - 1)
    state = pauli(state, "X", parties[-1]) if flip else state
    return overlap(state, ghz(len(parties)), parties)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_chain_against_the_circuit(count):
    links = distributions(count, 10 + count)
    total = 0.0
    for errors, probability in weighted(links):
        for outcomes in product((0, 1), repeat=count - 1):
            total += probability * fused(errors, outcomes)
    assert theory.fusion_fidelity(links) == pytest.approx(total, abs=1e-12)


@pytest.mark.parametrize("outcomes", BITS)
def test_perfect_chain_on_every_branch(outcomes):
    assert 4 * fused(("I", "I", "I"), outcomes) == pytest.approx(1.0)


def test_one_link_is_its_own_bell_state():
    (link,) = distributions(1, 3)
    assert theory.fusion_fidelity([link]) == pytest.approx(bd.fidelity(link))


@pytest.mark.parametrize("arms", [[], [(1, 0, 0, 0)]])
def test_a_star_needs_two_arms(arms):
    with pytest.raises(ParameterError, match="arms "):
        theory.star_fidelity(arms)


def test_bad_input_is_refused():
    with pytest.raises(ParameterError, match="links "):
        theory.fusion_fidelity([])
    for function in (theory.star_fidelity, theory.fusion_fidelity):
        with pytest.raises(ParameterError, match=r"pauli .*\(0\.5, 0, 0, 0\)"):
            function([(1, 0, 0, 0), (0.5, 0, 0, 0)])
