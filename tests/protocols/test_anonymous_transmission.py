"""Anonymous transmission: the pair of a hidden sender and receiver, and a curious party who learns nothing."""

from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.errors import ParameterError, UnknownNameError

NOISE = qn.NoiseParameters()
LINKS = [qn.Link(pauli=(0.85, 0.08, 0.02, 0.05)), qn.Link(pauli=(0.9, 0.01, 0.04, 0.05)), qn.Link(0.9)]
UNEQUAL = qn.Network.from_edges([("s", "abc"[k], link) for k, link in enumerate(LINKS)])
FOUR = qn.Network.from_edges([("s", "abcd"[k], LINKS[k % 3]) for k in range(4)])
#: Party d is reached over b.
ROUTED = qn.Network.from_edges(
    [("s", "a", LINKS[0]), ("s", "b", LINKS[1]), ("b", "d", LINKS[2]), ("a", "b", LINKS[2])]
)


def dephasing(parties, error):
    return qn.Network.star(parties, qn.Link(pauli=(1 - error, 0, 0, error)))


def program_of(protocol):
    return protocol.program(np.random.default_rng(0))


@pytest.mark.parametrize(
    "protocol",
    [
        qn.AnonymousTransmission(network=UNEQUAL, sender=2, receiver=3, cheater="curious:1"),
        qn.AnonymousTransmission(network=UNEQUAL, scheme="w", sender=3, receiver=1, cheater="curious:2"),
        qn.AnonymousTransmission(("d", "a", "b"), network=ROUTED),
    ],
    ids=["ghz", "w", "routed"],
)
def test_exact_figures_are_those_of_theory(protocol):
    theory, found = protocol.theory(NOISE), qn.run(protocol, "exact").figures
    assert set(found) == set(theory)
    assert {name: found[name].value for name in theory} == pytest.approx(theory, abs=1e-9)


@pytest.mark.parametrize(("scheme", "four", "eight"), [("ghz", 0.9247, 0.8607), ("w", 0.9608, 0.9608)])
def test_dephasing_reaches_the_reference(scheme, four, eight):
    for parties, value in ((4, four), (8, eight)):
        protocol = qn.AnonymousTransmission(network=dephasing(parties, 0.02), scheme=scheme)
        theory = protocol.theory(NOISE)
        assert theory["pair_fidelity"] == pytest.approx(value, abs=5e-5)
        if scheme == "w":
            assert theory["acceptance"] == pytest.approx(2 / parties, abs=1e-12)
        if parties == 4:
            program = program_of(protocol)
            result = qn.run(qn.Program(program.items[:3], program.figures[:1]), "exact")
            assert result.pair_fidelity.value == pytest.approx(theory["pair_fidelity"], abs=1e-9)


@pytest.mark.parametrize("end", ["a", "b"])
@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_white_noise_leaves_a_werner_pair(kept, end):
    """A share v of perfect states among noise gives (1 + 3v)/4, since pure noise gives 1/4."""
    fidelity = (1 + 3 * kept) / 4
    links = [("s", party, qn.Link(fidelity if party == end else 1.0)) for party in "abc"]
    protocol = qn.AnonymousTransmission(network=qn.Network.from_edges(links))
    program = program_of(protocol)
    found = qn.run(qn.Program(program.items[:3], program.figures[:1]), "exact")
    assert found.pair_fidelity.value == pytest.approx(fidelity, abs=1e-12)
    assert protocol.theory(NOISE)["pair_fidelity"] == pytest.approx(fidelity, abs=1e-12)


def views(protocols, bits):
    """Return the exact distribution of some bits in a circuit of each protocol, in which a state is teleported."""
    items = [replace(program_of(each).items[3], name=f"p{k}") for k, each in enumerate(protocols)]
    patterns = ["".join(digits) for digits in product("01", repeat=len(bits))]
    figures = [
        qn.Figure(f"f{k}", qn.population(item.name, bits, [pattern]))
        for k, (item, pattern) in enumerate(product(items, patterns))
    ]
    found = [each.value for each in qn.run(qn.Program(items, figures), "exact").figures.values()]
    return np.reshape(found, (len(items), len(patterns)))


def variation(views):
    """Return the largest total variation between two distributions."""
    return max(abs(one - other).sum() / 2 for one in views for other in views)


def choices(**given):
    return [
        qn.AnonymousTransmission(sender=sender, receiver=receiver, cheater="curious:3", **given)
        for sender, receiver in permutations((1, 2, 4), 2)
    ]


def test_announcements_and_the_own_result_do_not_depend_on_who_sends_and_receives():
    found = views(choices(network=FOUR), [*(("told", k) for k in range(4)), ("heard", 0)])
    assert variation(found) <= 1e-12
    assert found.sum(axis=1) == pytest.approx(1) and np.count_nonzero(found[0] > 1e-12) == 16


def test_the_veto_and_the_own_result_do_not_depend_on_who_sends_and_receives():
    protocols = choices(parties=4, scheme="w", link_fidelity=0.97)
    seen = views(protocols, [*(("told", k) for k in range(4)), ("heard", 0)]).reshape(6, 16, 2)
    # The curious party hears the own result, and from the veto whether anybody has read 1.
    known = np.stack([seen[:, 0], seen[:, 1:].sum(axis=1)], axis=1).reshape(6, 4)
    assert variation(known) <= 1e-12 < variation(seen.reshape(6, 32))


@pytest.mark.parametrize("scheme", ["ghz", "w"])
def test_the_guess_of_a_curious_party_is_chance(scheme):
    protocol = qn.AnonymousTransmission(parties=4, scheme=scheme, cheater=qn.CuriousParty(4))
    guess = [each for each in program_of(protocol).figures if each.name == "cheater_guess"]
    items = [item for item in program_of(protocol).items if item.name.startswith("from")]
    result = qn.run(qn.Program(items, guess), "exact")
    assert len(items) == 3 and result.cheater_guess.value == pytest.approx(1 / 3, abs=1e-12)
    assert protocol.bounds["cheater_guess"]["chance"] == pytest.approx(1 / 3)


def test_unequal_links_give_a_curious_party_a_hint_in_w_alone():
    hint = qn.AnonymousTransmission(network=FOUR, scheme="w", cheater="curious:4")
    assert hint.theory(NOISE)["cheater_guess"] != pytest.approx(1 / 3, abs=1e-4)
    assert "cheater_guess" not in hint.bounds
    none = qn.AnonymousTransmission(network=FOUR, cheater="curious:4")
    assert none.theory(NOISE)["cheater_guess"] == 1 / 3


def test_a_sampled_run_reaches_theory():
    protocol = qn.AnonymousTransmission(link_fidelity=0.95, scheme="w")
    result = qn.run(protocol, shots=1000, seed=1, level=1 - 1e-6)
    for name, value in result.theory.items():
        assert value in result[name] and result[name].high - result[name].low < 0.2


def test_everybody_announces_one_bit_and_no_honest_run_is_overheard():
    program = program_of(qn.AnonymousTransmission())
    assert program.resources["announced_bits"] == 6
    assert all("heard" not in item.widths for item in program)


@pytest.mark.parametrize(
    "given",
    [{"parties": 2}, {"sender": 2}, {"sender": 4}, {"receiver": 0}, {"cheater": "curious:1"}, {"cheater": "curious:4"},
     {"cheater": "curious:x"}, {"cheater": "disrupt"}, {"scheme": "bell"}, {"sender": 1.5}],
)  # fmt: skip
def test_what_cannot_be_is_refused(given):
    with pytest.raises(UnknownNameError if "scheme" in given else ParameterError):
        qn.AnonymousTransmission(**given)
