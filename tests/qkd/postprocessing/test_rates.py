import math

import numpy as np
import pytest

from qnet_circuits.errors import ParameterError
from qnet_circuits.theory import attacks
from qnet_circuits.theory import key_rates as rates
from qnet_circuits.theory.entropy import binary_entropy, shannon_entropy, threshold
from tests.theory.devetak_winter import devetak_winter, pauli_channel

#: Half a unit of the last printed digit of the reference values.
EIGHT = {"abs": 6e-9}
ZERO, ONE = np.diag([1.0, 0.0]), np.diag([0.0, 1.0])
PLUS, MINUS = np.full((2, 2), 0.5), np.array([[0.5, -0.5], [-0.5, 0.5]])


@pytest.mark.parametrize(
    ("q", "rate"),
    [
        (0.01, 0.83841373), (0.02, 0.71711891), (0.03, 0.61121628),
        (0.05, 0.42720609), (0.08, 0.19564162), (0.10, 0.06200881),
    ],
)  # fmt: skip
def test_bb84(q, rate):
    assert rates.bb84_rate(q) == pytest.approx(rate, **EIGHT)


def test_bb84_threshold():
    assert threshold(rates.bb84_rate, 0.01, 0.3) == pytest.approx(0.11002786443820864, abs=1e-12)


@pytest.mark.parametrize(
    ("f", "zero"),
    [(1.05, 0.10602383), (1.1, 0.10228282), (1.16, 0.09810604), (1.2, 0.09549354), (1.22, 0.09423517)],
)
def test_bb84_threshold_with_real_error_correction(f, zero):
    assert threshold(lambda q: rates.bb84_rate(q, efficiency=f), 0.01, 0.3) == pytest.approx(zero, **EIGHT)


def test_bb84_takes_the_phase_errors_from_the_other_basis():
    assert rates.bb84_rate(0.01, phase=0.05) == 1 - binary_entropy(0.01) - binary_entropy(0.05)
    assert rates.bb84_rate(0.01, phase=0.05, efficiency=1.2) < rates.bb84_rate(
        0.05, phase=0.01, efficiency=1.0
    )


@pytest.mark.parametrize(
    ("q", "rate"),
    [
        (0.01, 0.86386485), (0.02, 0.75805927), (0.03, 0.66391165),
        (0.05, 0.49681627), (0.08, 0.28044363), (0.10, 0.15241532),
    ],
)  # fmt: skip
def test_six_state(q, rate):
    assert rates.six_state_rate(q) == pytest.approx(rate, **EIGHT)


def test_six_state_threshold():
    assert threshold(rates.six_state_rate, 0.01, 0.3) == pytest.approx(0.12619308327682116, abs=1e-14)


def test_rates_refuse_what_is_no_probability():
    calls = [
        lambda: rates.bb84_rate(0.6), lambda: rates.bb84_rate(0.1, efficiency=0.9), lambda: rates.six_state_rate(-0.1),
        lambda: attacks.intercept_resend_qber(0.5, bases=4),
        lambda: threshold(rates.bb84_rate, 0.2, 0.3), lambda: shannon_entropy((-0.1, 1.1)),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(ParameterError):
            call()


def depolarizing(q):
    return pauli_channel((1 - 1.5 * q, q / 2, q / 2, q / 2))


def independent_errors(q):
    """The channel that BB84 cannot exclude: bit and phase errors that know nothing of each other."""
    return pauli_channel(((1 - q) ** 2, q * (1 - q), q * q, q * (1 - q)))


def z_basis(kraus, flip=0.0):
    return devetak_winter([(0.5, 0, ZERO), (0.5, 1, ONE)], kraus, [ZERO, ONE], flip)


@pytest.mark.parametrize("q", [0.01, 0.05, 0.1])
def test_the_generic_routine_gives_six_state_and_bb84(q):
    for channel, rate in ((depolarizing, rates.six_state_rate), (independent_errors, rates.bb84_rate)):
        figures = z_basis(channel(q))
        assert (figures.kept, figures.qber) == pytest.approx((1.0, q))
        assert figures.rate == pytest.approx(rate(q), abs=1e-9)


def test_six_state_numbers_from_bb84_states():
    signals = [(0.25, 0, ZERO), (0.25, 1, ONE)], [(0.25, 0, PLUS), (0.25, 1, MINUS)]
    for pair, effects in zip(signals, ([ZERO, ONE], [PLUS, MINUS]), strict=True):
        figures = devetak_winter([(2 * p, bit, state) for p, bit, state in pair], depolarizing(0.05), effects)
        assert figures.rate == pytest.approx(0.49681627, **EIGHT)


def test_noisy_preprocessing_moves_the_thresholds():
    bb84 = threshold(lambda q: z_basis(independent_errors(q), flip=0.49).rate, 0.05, 0.2)
    assert bb84 == pytest.approx(0.124118, abs=1e-6)
    six = threshold(lambda q: z_basis(depolarizing(q), flip=0.49).rate, 0.05, 0.2)
    assert six == pytest.approx(0.1411, abs=1e-4)


def sarg_or_b92(d):
    """|0> and |+>, and Bob in a random basis keeps what excludes one of them."""
    return devetak_winter([(0.5, 0, ZERO), (0.5, 1, PLUS)], depolarizing(d), [0.5 * MINUS, 0.5 * ONE])


@pytest.mark.parametrize(
    ("d", "rate"), [(0.01, 0.75747452), (0.02, 0.58984458), (0.03, 0.45212837), (0.05, 0.23130045)]
)
def test_the_generic_routine_does_protocols_that_drop_rounds(d, rate):
    figures = sarg_or_b92(d)
    assert figures.kept == pytest.approx(0.25 + d / 2) and figures.qber == pytest.approx(2 * d / (1 + 2 * d))
    assert figures.rate == pytest.approx(rate, **EIGHT)


def test_threshold_with_dropped_rounds():
    d = threshold(lambda d: sarg_or_b92(d).rate, 0.01, 0.2)
    assert d == pytest.approx(0.0779904417, abs=1e-9)
    assert (sarg_or_b92(d).qber, sarg_or_b92(d).kept) == pytest.approx((0.1349337918, 0.2889952210), abs=1e-9)


def test_the_generic_routine_refuses_what_is_no_protocol():
    good = [(0.5, 0, ZERO), (0.5, 1, ONE)]
    for signals, kraus, effects, what in [
        ([(0.5, 0, ZERO)], depolarizing(0.1), [ZERO, ONE], "probability"),
        ([(1.0, 2, ZERO)], depolarizing(0.1), [ZERO, ONE], "0 or 1"),
        (good, [0.9 * np.eye(2)], [ZERO, ONE], "K†K"),
        (good, depolarizing(0.1), [2 * ZERO, ONE], "identity"),
        (good, depolarizing(0.1), [0 * ZERO, 0 * ONE], "kept"),
    ]:
        with pytest.raises(ParameterError, match=what):
            devetak_winter(signals, kraus, effects)
    with pytest.raises(ParameterError, match="sum 1"):
        pauli_channel((0.5, 0.1, 0.1, 0.1))


def test_intercept_resend():
    assert attacks.intercept_resend_qber(1.0) == 0.25 and attacks.intercept_resend_qber(0.1) == pytest.approx(
        0.025
    )
    assert attacks.intercept_resend_qber(1.0, 3) == pytest.approx(1 / 3)
    assert attacks.intercept_resend_information(0.4) == 0.2


def test_breidbart():
    assert pytest.approx(0.8535533906, abs=1e-10) == attacks.BREIDBART_GUESS
    assert attacks.breidbart_information() == pytest.approx(0.3991239633, abs=1e-10)


@pytest.mark.parametrize(
    ("d", "information"), [(0.01, 0.02875694), (0.03, 0.08567471), (0.05, 0.14176412), (0.11, 0.30461298)]
)
def test_phase_covariant_probe(d, information):
    assert attacks.probe_information(d) == pytest.approx(information, **EIGHT)
    assert attacks.probe_information(d) < binary_entropy(d)  # the collective bound is always above


def test_where_the_probes_know_as_much_as_bob():
    assert attacks.probe_guess(0.1464466094) == pytest.approx(0.8535533906, abs=1e-10)
    crossing = threshold(lambda d: 1 - binary_entropy(d) - attacks.probe_information(d), 0.01, 0.3)
    assert (
        crossing == pytest.approx(attacks.BB84_INDIVIDUAL_CROSSING) == pytest.approx(0.1464466094, abs=1e-10)
    )
    six = threshold(lambda d: 1 - binary_entropy(d) - attacks.six_state_probe_information(d), 0.01, 0.3)
    assert six == pytest.approx(0.1563734633, abs=1e-10)


def test_the_universal_cloner():
    assert attacks.six_state_probe_guess(1 / 6) == pytest.approx(5 / 6, abs=1e-12)
    assert attacks.six_state_probe_guess(0.0) == 0.5 and attacks.probe_guess(0.0) == 0.5
    for d in (0.01, 0.05, 0.15):  # three bases tell more of her, and so she less of them
        assert attacks.six_state_probe_guess(d) < attacks.probe_guess(d)
    for wrong in (-0.01, 0.4):
        with pytest.raises(ParameterError):
            attacks.six_state_probe_guess(wrong)


@pytest.mark.parametrize("d", [0.01, 0.05, 0.11])
def test_the_collective_bound_is_the_entropy_of_the_disturbance(d):
    known = 1 - z_basis(independent_errors(d)).hidden
    assert known == pytest.approx(binary_entropy(d), abs=1e-9)
    assert known > attacks.probe_information(d)


def turned(angle):
    """The two states of a basis at an angle to Z on the great circle of Z and X."""
    half = angle / 2
    kets = np.array([[math.cos(half), math.sin(half)], [-math.sin(half), math.cos(half)]])
    return [np.outer(ket, ket) for ket in kets]


def measured_and_sent_on(projectors, angle):
    """What Eve's measurement does to a bit that both parties take in the basis at an angle."""
    states = turned(angle)
    return devetak_winter([(0.5, 0, states[0]), (0.5, 1, states[1])], projectors, states)


@pytest.mark.parametrize("angle", [0.0, math.pi / 2])
def test_intercept_resend_from_the_states_themselves(angle):
    figures = [measured_and_sent_on(turned(eve), angle) for eve in (0.0, math.pi / 2)]
    assert np.mean([each.qber for each in figures]) == pytest.approx(attacks.intercept_resend_qber(1.0))
    known = np.mean([1 - each.hidden for each in figures])
    assert known == pytest.approx(attacks.intercept_resend_information(1.0), abs=1e-9)


def test_intercept_resend_in_three_bases_from_the_states_themselves():
    circular = [np.array([[0.5, -0.5j], [0.5j, 0.5]]), np.array([[0.5, 0.5j], [-0.5j, 0.5]])]
    figures = [measured_and_sent_on(eve, 0.0) for eve in (turned(0.0), turned(math.pi / 2), circular)]
    qber = np.mean([each.qber for each in figures])
    assert qber == pytest.approx(attacks.intercept_resend_qber(1.0, 3)) == pytest.approx(1 / 3)
    assert np.mean([1 - each.hidden for each in figures]) == pytest.approx(
        attacks.intercept_resend_information(1.0, 3), abs=1e-9
    )


@pytest.mark.parametrize("angle", [0.0, math.pi / 2])
def test_the_breidbart_basis_from_the_states_themselves(angle):
    figures = measured_and_sent_on(turned(math.pi / 4), angle)
    assert figures.qber == pytest.approx(0.25)
    assert 1 - figures.hidden == pytest.approx(attacks.breidbart_information(), abs=1e-9)
    guess = np.trace(turned(0.0)[0] @ turned(math.pi / 4)[0])
    assert guess == pytest.approx(attacks.BREIDBART_GUESS, abs=1e-12)
