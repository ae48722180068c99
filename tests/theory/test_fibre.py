import math
from itertools import product

import numpy as np
import pytest

from qnet_circuits.errors import ParameterError
from qnet_circuits.theory import bounds, fibre

BOUNDS = {  # km: transmission, PLOB, TGW, one repeater
    10: (6.3096e-1, 1.4381, 2.1439, 2.2816),
    20: (3.9811e-1, 7.3242e-1, 1.2159, 1.4381),
    50: (1.0e-1, 1.5200e-1, 2.8951e-1, 5.4841e-1),
    100: (1.0e-2, 1.4500e-2, 2.8855e-2, 1.5200e-1),
    150: (1.0e-3, 1.4434e-3, 2.8854e-3, 4.6359e-2),
    200: (1.0e-4, 1.4428e-4, 2.8854e-4, 1.4500e-2),
    300: (1.0e-6, 1.4427e-6, 2.8854e-6, 1.4434e-3),
    500: (1.0e-10, 1.4427e-10, 2.8854e-10, 1.4427e-5),
    1000: (1.0e-20, 1.4427e-20, 2.8854e-20, 1.4427e-10),
}


@pytest.mark.parametrize("length", BOUNDS)
def test_bounds_over_distance(length):
    eta = fibre.transmission(length)
    assert (eta, bounds.plob(eta), bounds.tgw(eta), bounds.repeater_bound(eta)) == pytest.approx(
        BOUNDS[length], rel=5e-5
    )


def test_bounds_at_the_ends():
    assert bounds.plob(0) == bounds.tgw(0) == 0
    assert bounds.plob(1) == bounds.tgw(1) == math.inf
    assert bounds.repeater_bound(1e-6, 2) == pytest.approx(bounds.plob(1e-2), rel=1e-12)


def test_midpoint():
    made = fibre.attempt(20, "midpoint", source_fidelity=0.9, efficiency=0.5)
    assert made.success == pytest.approx(0.5 * 0.25 * 10 ** (-0.02 * 20), rel=1e-12)
    assert made.period_s == pytest.approx(1e-4, rel=1e-12)
    assert made.weights[0] == pytest.approx(0.9**2 + 0.1**2 / 3, abs=1e-12)


def test_sender():
    made = fibre.attempt(20, "sender", source_fidelity=0.9, efficiency=0.5, attenuation_db_per_km=0.3)
    assert made.success == pytest.approx(0.5 * 10**-0.6, rel=1e-12)
    assert made.period_s == pytest.approx(2e-4, rel=1e-12)
    assert made.weights == pytest.approx((0.9, 0.1 / 3, 0.1 / 3, 0.1 / 3), abs=1e-12)


def by_photons(bright, detected):
    """Return success and Bell-diagonal weights of a single click, from amplitudes of emitters and photons.

    Two emitters send, each photon is lost with probability 1 - detected, and what is left meets on a beam splitter. A herald is
    one detector that clicks, whatever the number of its photons.
    """
    success, rho = 0.0, np.zeros((4, 4), complex)
    amplitude = [math.sqrt(1 - bright), math.sqrt(bright)]
    for lost in product((0, 1), repeat=2):  # which photons the environment has
        for sign, photons in product((1, -1), (1, 2)):
            state = np.zeros(4, complex)
            for a, b in product((0, 1), repeat=2):
                left = (a - lost[0], b - lost[1])
                if min(left) < 0 or sum(left) != photons:
                    continue
                weight = amplitude[a] * amplitude[b]
                for sent, gone in zip((a, b), lost, strict=True):
                    if sent:
                        weight *= math.sqrt(1 - detected if gone else detected)
                # a -> (c + d)/√2, b -> (c - d)/√2: one photon goes to c or d, two (one each) both to c or both to d
                if photons == 1:
                    weight *= (1 if left[0] or sign > 0 else -1) / math.sqrt(2)
                else:
                    weight *= sign / math.sqrt(2)
                state[2 * a + b] += weight
            # Alice flips her qubit, and its phase for the other detector: Ψ± becomes Φ+
            state = np.kron(np.diag([1, sign]) @ np.array([[0, 1], [1, 0]]), np.eye(2)) @ state
            success += np.vdot(state, state).real
            rho += np.outer(state, state.conj())
    bells = [np.array(b) / math.sqrt(2) for b in ([1, 0, 0, 1], [0, 1, 1, 0], [0, 1, -1, 0], [1, 0, 0, -1])]
    return success, [(b @ rho @ b).real / success for b in bells]


@pytest.mark.parametrize(("bright", "detected"), [(0.05, 0.3), (0.2, 1.0), (0.7, 0.01)])
def test_single_click_agrees_with_photons(bright, detected):
    made = fibre.attempt(
        20, "single-click", source_fidelity=1 - bright, efficiency=detected, attenuation_db_per_km=0
    )
    success, weights = by_photons(bright, detected)
    assert made.success == pytest.approx(success, rel=1e-12)
    assert made.weights == pytest.approx(weights, abs=1e-12)


def test_single_click_of_few_photons():
    made = fibre.attempt(100, "single-click", source_fidelity=0.95, efficiency=0.01)
    assert made.success == pytest.approx(2 * 0.05 * 0.01 * 0.1, rel=1e-4)
    assert made.weights[0] == pytest.approx(0.95, abs=1e-4)
    assert made.period_s == pytest.approx(5e-4, rel=1e-12)


def test_multiplexing():
    assert fibre.multiplexed(0.3, 3) == pytest.approx(1 - 0.7**3, rel=1e-12)
    assert fibre.multiplexed(1e-12, 10) == pytest.approx(1e-11, rel=1e-9)
    assert fibre.multiplexed(1, 5) == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fibre.attempt(20, efficiency=0), "never succeeds"),
        (lambda: fibre.attempt(20, "single-click"), "source_fidelity below 1"),
        (lambda: fibre.attempt(100000), "never succeeds"),
        (lambda: fibre.attempt(0), "length_km"),
        (lambda: fibre.attempt(-1), "length_km"),
        (lambda: fibre.attempt(20, "pigeon"), "'pigeon'"),
        (lambda: fibre.attempt(20, source_fidelity=0.1), "source_fidelity"),
        (lambda: fibre.transmission(1, -0.2), "attenuation_db_per_km"),
        (lambda: fibre.multiplexed(0.1, 0), "modes"),
        (lambda: bounds.plob(1.1), "transmission"),
        (lambda: bounds.repeater_bound(0.1, -1), "stations"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(ParameterError, match=message):
        make()
