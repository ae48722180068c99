"""Eavesdroppers as circuits: the errors that they make and what their records tell, against theory."""

from math import sqrt

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.backends.simulation.aer_methods import is_static, plan_of
from qnet_circuits.backends.simulation.twin import noisy_program
from qnet_circuits.errors import ParameterError, UnknownNameError, UnsupportedError
from qnet_circuits.protocols.bb84 import BB84
from qnet_circuits.protocols.bbm92 import BBM92
from qnet_circuits.protocols.e91 import E91
from qnet_circuits.protocols.six_state import SixState
from qnet_circuits.qkd.eavesdroppers import (
    EntanglingProbe,
    InterceptResend,
    ManInTheMiddle,
    eavesdropper,
)
from qnet_circuits.qkd.observed import eve_figures, information
from qnet_circuits.qkd.postprocessing.randomness import Randomness
from qnet_circuits.qkd.postprocessing.sifting import PartyRecord
from qnet_circuits.qkd.rounds import NOTHING, Rounds
from qnet_circuits.qkd.settings import Setting
from qnet_circuits.theory import attacks
from tests.protocols.distributions import LEVEL, analyzed, reaches, root

NOISE = qn.NoiseParameters()
CROSSING = attacks.BB84_INDIVIDUAL_CROSSING


@pytest.mark.parametrize(("make", "bases"), [(BB84, "zx"), (SixState, "zxy")])
def test_intercept_resend_makes_a_quarter_or_a_third_of_errors_in_each_basis(make, bases):
    done = analyzed(make(pulses=60_000, eve=InterceptResend()))
    for basis in bases:
        expected = attacks.intercept_resend_qber(1.0, len(bases))
        assert reaches(done.figures[f"qber_{basis}"], expected, 0.07), basis
    assert reaches(done.figures["qber"], expected, 0.04)
    expected = attacks.intercept_resend_information(1.0, len(bases))
    assert reaches(done.figures["eve_information"], expected, 0.15)
    assert done.refused.startswith("qber")


@pytest.mark.parametrize("fraction", [0.2, 0.6])
def test_errors_and_information_grow_with_the_fraction(fraction):
    figures = analyzed(BB84(pulses=40_000, eve=InterceptResend(fraction))).figures
    assert reaches(figures["qber_z"], attacks.intercept_resend_qber(fraction), 0.05)
    assert reaches(figures["qber_x"], attacks.intercept_resend_qber(fraction), 0.05)
    expected = attacks.intercept_resend_information(fraction)
    assert reaches(figures["eve_information"], expected, 0.1)
    assert reaches(figures["eve_guess"], 0.5 + fraction / 4, 0.05)


def test_the_breidbart_basis():
    figures = analyzed(BB84(pulses=40_000, eve=InterceptResend(basis="breidbart"))).figures
    assert reaches(figures["qber_z"], 0.25, 0.05) and reaches(figures["qber_x"], 0.25, 0.05)
    assert reaches(figures["eve_guess"], attacks.BREIDBART_GUESS, 0.03)
    assert reaches(figures["eve_information"], attacks.breidbart_information(), 0.14)


@pytest.mark.parametrize("eve", [InterceptResend(), InterceptResend(basis="breidbart"), EntanglingProbe(0.1)])
def test_many_rounds_are_one_evolution(eve):
    for circuit in noisy_program(qn.compile(BB84(eve=eve)), None, qn.DeviceNoise()).circuits:
        assert is_static(plan_of(circuit).noisy.steps)


def test_a_fixed_basis_is_seen_in_the_other_alone():
    figures = analyzed(BB84(pulses=20_000, eve=InterceptResend(basis="z"))).figures
    assert figures["qber_z"].value == 0
    assert reaches(figures["qber_x"], 0.5, 0.08)


@pytest.mark.parametrize("disturbance", [0.03, CROSSING])
def test_the_probe_has_its_disturbance_and_its_guess(disturbance):
    figures = analyzed(BB84(pulses=40_000, eve=EntanglingProbe(disturbance))).figures
    for basis in "zx":
        assert reaches(figures[f"qber_{basis}"], disturbance, 0.04)
    assert reaches(figures["eve_guess"], attacks.probe_guess(disturbance), 0.05)
    assert reaches(figures["eve_information"], attacks.probe_information(disturbance), 0.14)


def test_at_the_crossing_the_probe_knows_as_much_as_bob():
    exact = qn.predict(BB84(pulses=1000, eve=EntanglingProbe(CROSSING)))
    assert exact.eve_guess.value == pytest.approx(1 - exact.qber.value, abs=1e-9)
    assert exact.eve_guess.value == pytest.approx(0.5 + 1 / sqrt(8), abs=1e-9)


CURVES = [
    (BB84, InterceptResend(f), attacks.intercept_resend_qber(f), attacks.intercept_resend_information(f))
    for f in (0.1, 1.0)
] + [
    (SixState, InterceptResend(0.3), attacks.intercept_resend_qber(0.3, 3), 0.1),
    (BB84, InterceptResend(1.0, "breidbart"), 0.25, attacks.breidbart_information()),
    *((BB84, EntanglingProbe(d), d, attacks.probe_information(d)) for d in (0.0, 0.01, 0.11, CROSSING, 0.5)),
]


@pytest.mark.parametrize(("make", "eve", "qber", "known"), CURVES)
def test_theory_and_the_exact_engine_are_on_the_curve(make, eve, qber, known):
    protocol = make(eve=eve)
    theory, exact = protocol.theory(NOISE), qn.predict(protocol)
    for name in ["qber", *(f"qber_{basis}" for basis in protocol.bases)]:
        assert theory[name] == pytest.approx(qber, abs=1e-9)
        assert exact[name].value == pytest.approx(qber, abs=1e-9)
    assert theory["eve_information"] == pytest.approx(known, abs=1e-9)
    assert exact.eve_guess.value == pytest.approx(theory["eve_guess"], abs=1e-9)


MIXED = [
    BB84(eve=InterceptResend(0.4), link_fidelity=0.93, key_basis_probability=0.8),
    BB84(eve=EntanglingProbe(0.1), hops=2, link_fidelity=0.95),
    BB84(eve=ManInTheMiddle(), link_fidelity=0.9),
    SixState(eve=EntanglingProbe(0.2), link_fidelity=0.95),
    SixState(eve=InterceptResend(0.7, "breidbart")),
    BBM92(eve=InterceptResend(0.5), hops=2, link_fidelity=0.95),
    BBM92(eve=InterceptResend(1.0, "breidbart"), key_basis_probability=0.3),
    E91(eve=InterceptResend(0.5, "x"), hops=2, link_fidelity=0.95),
    E91(eve=EntanglingProbe(0.05), network=qn.Network.two_nodes(qn.Link(pauli=(0.8, 0.1, 0.07, 0.03)))),
]


@pytest.mark.parametrize("protocol", MIXED, ids=lambda protocol: f"{protocol.name} {protocol.eve}")
def test_links_and_eavesdropper_together_are_exact(protocol):
    theory, exact = protocol.theory(NOISE), qn.predict(protocol)
    assert {*exact.figures} - {"key_length"} == {*theory} - {"eve_information"}
    for name in {*theory} & {*exact.figures}:
        assert exact[name].value == pytest.approx(theory[name], abs=1e-9), name


def test_on_pairs_her_record_is_on_the_curve():
    figures = analyzed(BBM92(pairs=40_000, hops=2, eve=InterceptResend(0.5))).figures
    assert reaches(figures["qber"], 0.125, 0.03)
    assert reaches(figures["eve_information"], 0.25, 0.1)


# -- what she knows, by hand ----------------------------------------------------------------------------------------


def _rounds(alice, heard, kinds, line):
    bases = np.array([("z", "x").index(line[kind].alice) for kind in kinds])
    record = PartyRecord(bases, np.array(alice))
    return Rounds(line, np.array(kinds), record, record, np.array(heard, np.uint8))


def test_her_information_is_counted_by_what_she_can_tell_apart():
    line = (
        Setting("right", 0.25, "z", "z", 0, "z", ("heard", 0)),
        Setting("wrong", 0.25, "x", "x", 0, "z", ("heard", 0)),
        Setting("passed", 0.5, "z", "z", 0, "none"),
    )
    kinds = np.repeat([0, 1, 2], [10_000, 10_000, 20_000])
    alice = np.tile([0, 1, 1, 0], 10_000)
    heard = alice.copy()
    heard[10_000:20_000] = np.tile([0, 0, 1, 1], 2500)  # half of them right
    heard[20_000:] = NOTHING
    figures = eve_figures(_rounds(alice, heard, kinds, line), LEVEL, Randomness(1, "eve"))
    assert reaches(figures["eve_information"], 0.25, 0.05)
    # Pooled over the cases, her guesses are right with 0.625, which is worth five times less.
    assert reaches(figures["eve_guess"], 0.625, 0.03)
    assert information([(20_000, 20_000), (20_000, 10_000)], 40_000, 0.95).value == 0.5
    assert information([], 100, 0.95).high == 0.0


def test_the_interval_of_her_information_reaches_down_to_nothing():
    estimate = information([(1000, 510)], 1000, LEVEL)
    assert estimate.low == 0.0 < estimate.value < estimate.high < 0.05


# -- a man in the middle --------------------------------------------------------------------------------------------


def test_authentication_finds_the_man_in_the_middle():
    done = analyzed(BB84(pulses=60_000, eve=ManInTheMiddle()))
    assert done.figures["qber"].value == 0
    assert done.refused.startswith("authentication") and done.more["aborted"] == done.refused
    assert done.figures["key_length"].value == 0 and done.more["eve_holds_key"] is False
    assert done.secrets == {"secret_key": None}


def test_both_ends_find_the_man_in_the_middle():
    from qnet_circuits.programs.protocol import Analysis
    from qnet_circuits.qkd.distilling import sessions
    from qnet_circuits.qkd.rounds import arrange
    from tests.protocols.distributions import outcomes_of

    protocol = BB84(pulses=60_000, eve=ManInTheMiddle())
    outcomes = outcomes_of(protocol)
    played = [arrange(line, outcomes, protocol.rounds, Randomness(1)) for line in protocol.lines()]
    first, second = sessions(protocol, played, Analysis(0.95, root(), False))
    assert first.run().alarm == second.run().alarm == "authentication"
    assert not first.alice.informed and first.bob.informed  # Alice sees it herself,
    assert (
        not second.bob.informed
    )  # and so does Bob; his verdict tells her nothing, since she does not have the pool.
    assert second.alice.result.key is None and second.alice.result.alarm == "held"


def test_without_authentication_the_man_in_the_middle_holds_what_would_be_the_keys():
    done = analyzed(BB84(pulses=60_000, eve="man-in-the-middle", authentication=False))
    assert done.figures["qber"].value == 0 and done.more["eve_holds_key"] is True
    assert done.refused.startswith("unauthenticated") and done.more["aborted"] == done.refused
    assert done.secrets == {"secret_key": None} and done.figures["key_length"].value == 0
    assert done.more["ledger"]["epsilon"] == 1
    assert reaches(done.figures["eve_information"], 1.0, 0.05)
    assert any("man in the middle" in note for note in done.notes)


def test_a_session_that_ends_well_for_one_party_alone_is_no_key():
    # Eve is at Alice's door, so that only her session with Bob crosses the bad link.
    done = analyzed(
        BB84(pulses=60_000, eve="man-in-the-middle", authentication=False, link_fidelity=0.85),
    )
    assert done.refused.startswith("qber") and done.more["aborted"] == done.refused
    assert done.figures["key_length"].value == 0 == done.more["ledger"]["net_key"]
    assert done.secrets == {"secret_key": None} and done.more["fingerprint"] is None
    assert done.more["eve_holds_key"] is False


# -- input ----------------------------------------------------------------------------------------------------------

TEXTS = {
    "intercept-resend": InterceptResend(),
    "intercept-resend:0.1": InterceptResend(0.1),
    "intercept-resend:0.1:breidbart": InterceptResend(0.1, "breidbart"),
    "entangling-probe:0.05": EntanglingProbe(0.05),
    "man-in-the-middle": ManInTheMiddle(),
}


@pytest.mark.parametrize("text", TEXTS)
def test_text_forms(text):
    assert eavesdropper(text) == TEXTS[text] == eavesdropper(str(TEXTS[text])) == eval(repr(TEXTS[text]))
    protocol = BB84(eve=text)
    assert protocol.eve == TEXTS[text]
    assert BB84.from_parameters(**protocol.parameters) == protocol


@pytest.mark.parametrize(
    "given",
    ["eve", "intercept-resend:much", "intercept-resend:2", "intercept-resend:0.1:w", "entangling-probe",
     "entangling-probe:0.6", "man-in-the-middle:1", "intercept-resend:0.1:z:z", "", 3, "intercept-resend:nan"],
)  # fmt: skip
def test_bad_eavesdroppers(given):
    with pytest.raises(ParameterError):
        BB84(eve=given)


def test_an_unknown_eavesdropper_is_told_the_names():
    with pytest.raises(UnknownNameError, match="intercept-resend"):
        BB84(eve="intercept:0.1")


def test_who_cannot_be_played():
    with pytest.raises(UnsupportedError, match=r"bbm92.*bb84.*intercept-resend"):
        BBM92(eve=ManInTheMiddle())
    with pytest.raises(ParameterError, match="eve"):
        BB84(network=qn.Network.from_edges([("alice", "eve"), ("eve", "bob")]), eve=InterceptResend())


def test_she_is_a_node_with_a_register_of_her_own():
    program = BB84(eve=EntanglingProbe(0.1)).program(np.random.default_rng(1))
    assert program.network.path() == ("alice", "eve", "bob")
    assert {register.name: register.size for register in program.items[0].circuit.qregs}["eve"] == 2
    assert program.items[0].widths == {"out": 1, "heard": 1}
