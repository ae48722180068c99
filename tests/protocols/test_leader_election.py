"""Leader election: one leader, alike chances, and what a party that always claims reaches."""

from itertools import product

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.theory import leader_election as theory
from tests.support.networks import SQUARE
from tests.theory.states import random_weights

NOISE = qn.NoiseParameters()


def exact(protocol):
    return {name: figure.value for name, figure in qn.run(protocol, "exact").figures.items()}


@pytest.mark.parametrize("n", [2, 3, 5])
def test_there_is_one_leader_and_each_party_leads_as_often(n):
    item = qn.LeaderElection(parties=n).program(np.random.default_rng(0)).items[0]
    bits = [("out", k) for k in range(n)]
    elected = ["".join("1" if k == leader else "0" for k in range(n)) for leader in range(n)]
    figures = [
        qn.Figure(f"elected_{k}", qn.population("election", bits, [who])) for k, who in enumerate(elected)
    ]
    figures += [
        qn.Figure(f"reads_{k}", qn.population("election", [bit], ["1"])) for k, bit in enumerate(bits)
    ]
    found = qn.run(qn.Program([item], figures), "exact").figures.values()
    assert [figure.value for figure in found] == pytest.approx([1 / n] * (2 * n), abs=1e-9)
    assert exact(qn.LeaderElection(parties=n))["one_leader"] == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(("n", "party"), [(2, 2), (4, 1)])
def test_a_party_that_always_claims_reaches_its_bound_and_conflicts(n, party):
    protocol = qn.LeaderElection(parties=n, cheater=f"claim:{party}")
    found = exact(protocol)
    bound = protocol.bounds["cheater_elected"]["optimal"]
    assert found == pytest.approx(
        {"one_leader": 1 / n, "conflict": 1 - 1 / n, "cheater_elected": bound, "cheater_share": 1}, abs=1e-9
    )
    assert found["cheater_elected"] <= bound + 1e-9


def test_the_cheater_knows_from_its_record_whether_another_claims():
    (item,) = qn.LeaderElection(cheater="claim:2").program(np.random.default_rng(0)).items
    others = [("out", 0), ("out", 2)]
    told = {"0": ["10", "01"], "1": ["00"]}
    figures = [
        qn.Figure(
            f"told_{heard}", qn.keep_if(qn.population("election", others, reads), [("heard", 0)], [heard])
        )
        for heard, reads in told.items()
    ]
    found = qn.run(qn.Program([item], figures), "exact").figures.values()
    assert [figure.value for figure in found] == pytest.approx([1, 1], abs=1e-9)


def test_no_strategy_of_one_party_beats_claiming_always():
    """Any operation on the own qubit with a claim at its end is one effect; a random one and its best are tried."""
    rng = np.random.default_rng(2)
    for n in (2, 3, 4):
        state = np.zeros(2**n)
        state[[2**k for k in range(n)]] = n**-0.5
        others_read_0 = np.zeros(2 ** (n - 1))
        others_read_0[0] = 1
        bound = qn.LeaderElection(parties=n, cheater="claim").bounds["cheater_elected"]["optimal"]
        for _ in range(50):
            basis, _ = np.linalg.qr(rng.normal(size=(2, 2)) + 1j * rng.normal(size=(2, 2)))
            claims = basis @ np.diag(rng.uniform(size=2)) @ basis.conj().T
            won = state @ np.kron(claims, np.diag(others_read_0)) @ state
            assert won.real <= bound + 1e-12
        assert state @ np.kron(np.eye(2), np.diag(others_read_0)) @ state == pytest.approx(bound)


def test_theory_counts_every_flip():
    """Each pattern of flipped bits happens with its probability, from each leader."""
    rng = np.random.default_rng(3)
    arms = [random_weights(rng) for _ in range(4)]
    flips = [x + y for _, x, y, _ in arms]
    found = {"nobody": 0.0, "elected": 0.0, "alone": 0.0}
    for leader, flipped in product(range(4), product((0, 1), repeat=4)):
        p = np.prod([f if flip else 1 - f for f, flip in zip(flips, flipped, strict=True)]) / 4
        reads = [(k == leader) ^ flip for k, flip in enumerate(flipped)]
        found["nobody"] += p * (sum(reads) == 0)
        found["elected"] += p * (reads == [0, 1, 0, 0])
        found["alone"] += p * (sum(reads) == reads[1])
    assert theory.nobody(arms) == pytest.approx(found["nobody"])
    assert theory.elected(arms, 1) == pytest.approx(found["elected"])
    assert theory.alone(arms, 1) == pytest.approx(found["alone"])


@pytest.mark.parametrize(
    "given",
    [{}, {"parties": ("c", "d", "b")}, {"cheater": "claim:3"}, {"parties": ("d", "a"), "cheater": "claim"}],
)
def test_exact_figures_are_those_of_theory_over_any_routes(given):
    protocol = qn.LeaderElection(network=SQUARE, **given)
    assert exact(protocol) == pytest.approx(protocol.theory(NOISE), abs=1e-9)


def test_without_errors_more_parties_elect_one_leader_than_coins_do():
    for n in (2, 3, 6):
        best = max(n * p * (1 - p) ** (n - 1) for p in np.linspace(0, 1, 1001))
        bound = qn.LeaderElection(parties=n).bounds["one_leader"]["classical"]
        assert best <= bound + 1e-12 and bound == pytest.approx(best, abs=1e-5)


def test_what_cannot_be_elected_is_refused():
    for given in ({"parties": 1}, {"cheater": "claim:4"}, {"cheater": "claim:0"}, {"cheater": "claim:a"}):
        with pytest.raises(qn.ParameterError):
            qn.LeaderElection(**given)
    with pytest.raises(qn.UnknownNameError):
        qn.LeaderElection(cheater="source")
