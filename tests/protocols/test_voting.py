"""Anonymous voting: the parity of votes and nothing else is announced, vetoes, and the disrupting voter."""

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.errors import ParameterError, UnknownNameError

NOISE = qn.NoiseParameters()
LINKS = [qn.Link(pauli=(0.85, 0.08, 0.02, 0.05)), qn.Link(pauli=(0.9, 0.01, 0.04, 0.05)), qn.Link(0.9)]
UNEQUAL = qn.Network.from_edges([("s", "abc"[k], link) for k, link in enumerate(LINKS)])
#: Voter d is reached over b.
ROUTED = qn.Network.from_edges(
    [("s", "a", LINKS[0]), ("s", "b", LINKS[1]), ("b", "d", LINKS[2]), ("a", "b", LINKS[2])]
)


def program_of(protocol):
    return protocol.program(np.random.default_rng(0))


def announced_parities(protocols):
    """Return for each protocol of one circuit the exact mean parity of every set of announced bits."""
    voters = range(len(protocols[0].members))
    sets = [each for size in range(1, len(voters) + 1) for each in combinations(voters, size)]
    items = [replace(*program_of(protocol).items, name=f"p{k}") for k, protocol in enumerate(protocols)]
    figures = [
        qn.Figure(f"f{k}", qn.parity(item.name, [("out", bit) for bit in each]))
        for k, (item, each) in enumerate(product(items, sets))
    ]
    found = iter(qn.run(qn.Program(items, figures), "exact").figures.values())
    return [{each: next(found).value for each in sets} for _ in items]


@pytest.mark.parametrize(
    ("cheater", "sign", "ballots"),
    [
        (None, 1, list(product((0, 1), repeat=3))),
        ("disrupt:2", -1, [(0, 1, 0), (1, 1, 0)]),
        ("disrupt:2:random", 0, [(0, 1, 0)]),
    ],
)
def test_all_bits_but_one_are_uniform_whoever_voted_what(cheater, sign, ballots):
    """All parities of some of the bits vanish, and that of all depends on the parity of the votes alone."""
    for network, contrast in ((None, 1.0), (UNEQUAL, 0.86 * 0.82 * (1 - 4 * 0.1 / 3))):
        tried = ballots if network is None else ballots[-1:]
        protocols = [qn.Voting(network=network, votes=votes, cheater=cheater) for votes in tried]
        for votes, found in zip(tried, announced_parities(protocols), strict=True):
            whole = found.pop((0, 1, 2))
            assert whole == pytest.approx((-1) ** sum(votes) * sign * contrast, abs=1e-12)
            assert all(abs(value) < 1e-12 for value in found.values())


@pytest.mark.parametrize(
    "protocol",
    [
        qn.Voting(votes=(1, 1, 1), network=UNEQUAL),
        qn.Voting(("d", "a"), network=ROUTED),
        qn.Voting(network=UNEQUAL, cheater="disrupt:3"),
        qn.Voting(network=UNEQUAL, cheater="disrupt:1:random"),
        qn.Voting(network=UNEQUAL, votes=(0, 0, 0), scheme="veto", rounds=3),
        qn.Voting(network=UNEQUAL, votes=(0, 0, 0), scheme="veto", cheater="disrupt"),
        qn.Voting(network=UNEQUAL, votes=(1, 0, 1), scheme="veto", cheater="disrupt:3"),
    ],
    ids=range(7),
)
def test_exact_figures_are_those_of_theory(protocol):
    theory = protocol.theory(NOISE)
    found = qn.run(protocol, "exact").figures
    assert {name: found[name].value for name in theory} == pytest.approx(theory, abs=1e-9)
    assert set(found) == set(theory)


def test_the_parity_of_werner_links_is_right_by_the_contrast():
    theory = qn.Voting(parties=4, link_fidelity=0.94).theory(NOISE)
    assert theory["correct"] == pytest.approx((1 + 0.92**4) / 2, abs=1e-12)


def test_a_disrupting_voter_alone_knows_the_parity():
    for bit, correct in (("opposite", 0.0), ("random", 0.5)):
        result = qn.run(qn.Voting(votes=(1, 1, 1), cheater=qn.DisruptingVoter(2, bit)), "exact")
        assert result.correct.value == pytest.approx(correct, abs=1e-12)
        assert result.cheater_correct.value == pytest.approx(1, abs=1e-12)


def test_a_veto_is_missed_by_chance_and_never_raised_by_nobody():
    for votes in ((0, 1, 0), (1, 1, 0)):
        result = qn.run(qn.Voting(votes=votes, scheme="veto", rounds=4), "exact")
        assert result.correct.value == pytest.approx(1 - 2.0**-4, abs=1e-12)
        assert len(program_of(qn.Voting(votes=votes, scheme="veto")).items) == 2 ** sum(votes)
    assert qn.run(qn.Voting(votes=(0, 0, 0), scheme="veto"), "exact").correct.value == pytest.approx(1)
    # A disrupting voter raises a veto that nobody has, and cannot hide one.
    cheated = qn.Voting(votes=(0, 0, 0), scheme="veto", cheater="disrupt", rounds=2)
    assert qn.run(cheated, "exact").correct.value == pytest.approx(0, abs=1e-12)


def test_a_sampled_veto_reaches_theory():
    protocol = qn.Voting(link_fidelity=0.97, votes=(0, 0, 0), scheme="veto", rounds=2)
    result = qn.run(protocol, shots=3000, seed=1, level=1 - 1e-6)
    correct = result.correct
    assert result.theory["correct"] in correct and correct.high - correct.low < 0.1


def test_coins_of_many_are_drawn(rng):
    protocol = qn.Voting(parties=7, votes=[1] * 7, scheme="veto", rounds=1)
    program = program_of(protocol)
    assert len(program.items) == 64 and program.figures[0].drawn_from == 128
    outcomes = {item.name: {"out": rng.integers(0, 2, (50, 7)) == 1} for item in program}
    odd = program.figures[0].estimate(outcomes)
    correct = protocol.analyze(outcomes, qn.Analysis(0.95, bytes(32), True)).figures["correct"]
    assert (correct.low, correct.high) == pytest.approx((odd.low, odd.high), abs=1e-12)


def test_every_voter_tells_all_others_one_bit():
    resources = program_of(qn.Voting(parties=4)).resources
    assert (resources["announced_bits"], resources["classical_bits"], resources["rounds"]) == (12, 8, 1)


@pytest.mark.parametrize(
    "given",
    [{"parties": 1}, {"votes": (1, 0)}, {"votes": (1, 0, 2)}, {"votes": "1,x,0"}, {"votes": 3}, {"rounds": 2},
     {"scheme": "veto", "rounds": 0}, {"cheater": "disrupt:4"}, {"cheater": "disrupt:0"}, {"cheater": "disrupt:1:x"},
     {"scheme": "ranked"}, {"cheater": "thief"}],
)  # fmt: skip
def test_what_cannot_be_is_refused(given):
    with pytest.raises(
        UnknownNameError if given.keys() & {"scheme"} and "rounds" not in given else ParameterError
    ):
        qn.Voting(**given)


def test_votes_may_be_text():
    assert qn.Voting(votes="1, 0,1").ballots == (1, 0, 1)
