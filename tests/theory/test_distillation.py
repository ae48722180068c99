"""Rounds of distillation and recurrences against published values, and against their closed forms."""

import numpy as np
import pytest

from qnet_circuits.errors import ParameterError, UnknownNameError
from qnet_circuits.theory.bell_diagonal import convolve, hashing_yield, werner
from qnet_circuits.theory.distillation import bbpssw, dejmps, double_selection, parity_check
from qnet_circuits.theory.recurrences import fixed_points, iterated, pumping, raw_pairs, recurrence


def printed(value, digits):
    """Return what a value of so many digits, printed or cut off, may be."""
    return pytest.approx(value, abs=1.001 * 10.0**-digits)


def rounded(value, digits):
    return pytest.approx(value, abs=0.501 * 10.0**-digits)


def pairs(rng, count):
    return [tuple(weights) for weights in rng.dirichlet([8, 1, 1, 1], size=count)]


ROUNDS = [
    (0.55, 0.56034, 0.58000, 0.59475, 0.53805, 0.64080, 0.56251),
    (0.60, 0.62044, 0.60889, 0.68862, 0.56396, 0.77193, 0.61813),
    (0.70, 0.73529, 0.68000, 0.84595, 0.64014, 0.93439, 0.76625),
    (0.75, 0.78846, 0.72222, 0.90236, 0.68935, 0.97002, 0.83952),
    (0.80, 0.83815, 0.76889, 0.94364, 0.74460, 0.98797, 0.90131),
    (0.85, 0.88415, 0.82000, 0.97163, 0.80458, 0.99602, 0.94783),
    (0.90, 0.92640, 0.87556, 0.98876, 0.86797, 0.99907, 0.97856),
    (0.95, 0.96496, 0.93556, 0.99750, 0.93349, 0.99991, 0.99510),
]


@pytest.mark.parametrize(("start", "first", "chance", *"abcd"), ROUNDS)
def test_rounds_of_dejmps(start, first, chance, a, b, c, d):
    made = iterated(recurrence("dejmps"), werner(start), 3)
    found = [number for each in made for number in (each.weights[0], each.success)]
    assert found == rounded(np.array([first, chance, a, b, c, d]), 5)
    assert bbpssw(start) == rounded(np.array([first, chance]), 5)


def test_rounds_of_bbpssw():
    made = iterated(recurrence("bbpssw"), werner(0.75), 6)
    assert [each.weights[0] for each in made] == rounded(
        np.array([0.78846, 0.82701, 0.86346, 0.89589, 0.92306, 0.94463]), 5
    )
    assert (1 - bbpssw(1 - 1e-6)[0]) / 1e-6 == pytest.approx(2 / 3, abs=1e-5)


@pytest.mark.parametrize(
    ("start", "costs"), [(0.7, (2.94, 9.19, 23.98)), (0.8, (2.60, 6.99, 15.50)), (0.9, (2.28, 5.26, 10.76))]
)
def test_raw_pairs(start, costs):
    made = iterated(recurrence("dejmps"), werner(start), 3)
    assert [raw_pairs(made[:k]) for k in (1, 2, 3)] == rounded(np.array(costs), 2)


def test_raw_pairs_by_simulation(rng):
    """Pumping that begins anew where a step fails, and nesting, play by play."""
    steps, rounds = pumping(werner(0.8), 2), iterated(recurrence("dejmps"), werner(0.8), 2)

    def pumped():
        used = 1
        for step in steps:
            used += 1
            if rng.random() > step.success:
                return used + pumped()
        return used

    def nested(level):
        if level == 0:
            return 1
        used = nested(level - 1) + nested(level - 1)
        return used if rng.random() < rounds[level - 1].success else used + nested(level)

    for plays, expected in (
        ([pumped() for _ in range(4000)], raw_pairs(steps, pumped=True)),
        ([nested(2) for _ in range(4000)], raw_pairs(rounds)),
    ):
        assert np.mean(plays) == pytest.approx(expected, abs=4.9 * np.std(plays) / np.sqrt(4000))


@pytest.mark.parametrize(
    ("start", "values", "end"),
    [
        (0.7, (0.7353, 0.7857, 0.7990, 0.8086, 0.8119, 0.8137), 0.815),
        (0.8, (0.8382, 0.8874, 0.8954, 0.9005), 0.9023),
        (0.9, (0.9264, 0.9565, 0.9588, 0.9600), 0.9602),
    ],
)
def test_pumping_saturates(start, values, end):
    made = [each.weights[0] for each in pumping(werner(start), 100)]
    assert made[: len(values)] == printed(np.array(values), 4)
    assert made[-1] == rounded(end, 4)


def test_dejmps_is_its_closed_form(rng):
    for first, second in (pairs(rng, 2) for _ in range(20)):
        (a, c, b, d), (e, g, f, h) = first, second
        chance = (a + b) * (e + f) + (c + d) * (g + h)
        weights, success = dejmps(first, second)
        assert success == pytest.approx(chance, abs=1e-12)
        assert np.array(weights) * chance == pytest.approx(
            np.array([a * e + b * f, c * g + d * h, c * h + d * g, a * f + b * e]), abs=1e-12
        )


def test_bbpssw_with_noise():
    """The closed form of Dür and others is what the propagation of all errors gives."""
    assert bbpssw(0.9, 0.99, 1) == rounded(np.array([0.91864305, 0.86808200]), 8)
    assert bbpssw(0.9, 1, 0.99) == rounded(np.array([0.92445953, 0.86068356]), 8)
    assert bbpssw(0.9, 0, 0.9) == pytest.approx((0.25, 0.5))
    for fidelity, gate, readout in [(0.8, 0.98, 0.985), (0.6, 0.9, 0.7), (1, 0.99, 0.5)]:
        weights, success = parity_check(werner(fidelity), werner(fidelity), gate, readout)
        assert (weights[0], success) == pytest.approx(bbpssw(fidelity, gate, readout), abs=1e-12)


@pytest.mark.parametrize(
    ("gate", "readout", "values"),
    [
        (0.995, 0.99, (0.72715, 0.83074, 0.92053, 0.96008)),
        (0.99, 0.985, (0.72129, 0.82506, 0.91556, 0.95559)),
        (0.98, 0.98, (0.71185, 0.81544, 0.90650, 0.94702)),
    ],
)
def test_one_noisy_round(gate, readout, values):
    starts = (0.7, 0.8, 0.9, 0.95)
    for found in (
        [bbpssw(start, gate, readout)[0] for start in starts],
        [dejmps(werner(start), werner(start), gate, readout).weights[0] for start in starts],
    ):
        assert found == rounded(np.array(values), 5)


@pytest.mark.parametrize(
    ("scheme", "noise", "least", "most"),
    [
        ("bbpssw", 0.999, 0.5042, 0.9976), ("bbpssw", 0.995, 0.5222, 0.9879),
        ("bbpssw", 0.99, 0.5468, 0.9738), ("bbpssw", 0.98, 0.6064, 0.9360), ("bbpssw", 0.97, 0.6984, 0.8674),
        ("dejmps", 0.999, 0.5026, 0.9987), ("dejmps", 0.995, 0.5132, 0.9934),
        ("dejmps", 0.99, 0.5275, 0.9860), ("dejmps", 0.98, 0.5599, 0.9680), ("dejmps", 0.97, 0.5993, 0.9440),
        ("dejmps", 0.96, 0.6506, 0.9091),
    ],
)  # fmt: skip
def test_fixed_points(scheme, noise, least, most):
    found = fixed_points(recurrence(scheme, noise, noise))
    # The published ones are cut off after four digits.
    assert [1e4 * value for value in found] == pytest.approx([1e4 * least, 1e4 * most], abs=1.2)


@pytest.mark.parametrize(
    ("scheme", "noise", "most"),
    [
        ("dejmps", 0.95, 0.8422),
        ("double-selection", 0.999, 0.9995), ("double-selection", 0.995, 0.9973),
        ("double-selection", 0.99, 0.9943), ("double-selection", 0.98, 0.9870),
        ("double-selection", 0.97, 0.9773), ("double-selection", 0.96, 0.9642),
        ("double-selection", 0.95, 0.9457), ("double-selection", 0.94, 0.9161),
    ],
)  # fmt: skip
def test_many_rounds_come_to_the_upper_fixed_point(scheme, noise, most):
    made = iterated(recurrence(scheme, noise, noise), (1, 0, 0, 0), 150)
    assert made[-1].weights[0] == pytest.approx(most, abs=1.001e-4)


@pytest.mark.parametrize(
    ("scheme", "gate", "readout"),
    [("bbpssw", 0.9666, 0.9666), ("dejmps", 0.9478, 0.9478), ("bbpssw", 0.9487, 1), ("dejmps", 0.9102, 1)],
)
def test_thresholds(scheme, gate, readout):
    """Noise beyond the threshold mixes even a perfect pair; short of it, one stays good for any number of rounds."""
    for off, good in ((-1e-3, False), (1e-3, True)):
        noisy = recurrence(scheme, gate + off, min(readout + off, 1) if readout < 1 else 1)
        assert (iterated(noisy, (1, 0, 0, 0), 200)[-1].weights[0] > 0.5) is good


def test_noise_beyond_the_threshold_has_no_fixed_points():
    assert fixed_points(recurrence("double-selection", 0.92, 0.92)) is None


def test_readout_errors_alone_leave_a_perfect_pair():
    """It draws others to itself if readout is right with more than (1 + 1/√2)/2."""
    edge = (1 + 2**-0.5) / 2
    for readout, rises in ((edge - 1e-3, False), (edge + 1e-3, True)):
        assert bbpssw(1, readout=readout)[0] == pytest.approx(1)
        assert (bbpssw(1 - 1e-7, readout=readout)[0] > 1 - 1e-7) is rises


def test_double_selection():
    """It keeps pairs where single selection keeps none, and what the three-to-one code does without noise."""
    starts = (0.7, 0.8, 0.9, 0.95)
    made = [double_selection(*[werner(start)] * 3) for start in starts]
    assert [each.weights[0] for each in made] == rounded(np.array([0.78571, 0.88742, 0.95652, 0.98096]), 5)
    assert [each.success for each in made] == rounded(np.array([0.4480, 0.5816, 0.7633, 0.8743]), 4)


def test_dephased_pairs_need_the_other_check():
    """A check for bit errors finds no phase errors, and makes them more; turned, it finds nearly all."""
    phase, bit = (0.9, 0, 0, 0.1), (0.9, 0.1, 0, 0)
    weights, success = parity_check(bit, bit)
    assert (weights[0], success) == rounded(np.array([0.98780, 0.82]), 5)
    assert parity_check(phase, phase).weights[0] == pytest.approx(0.82)


@pytest.mark.parametrize(("start", "first", "last"), [(0.9, 0.86292, 0.85078), (0.8, 0.72201, 0.68290)])
def test_distilling_before_swapping_is_better(start, first, last):
    pair = werner(start)
    before, after = dejmps(pair, pair), dejmps(convolve(pair, pair), convolve(pair, pair))
    assert convolve(before.weights, before.weights)[0] == rounded(first, 5)
    assert after.weights[0] == rounded(last, 5)
    if start == 0.9:
        assert (before.success**2, after.success) == rounded(np.array([0.767, 0.782]), 3)


@pytest.mark.parametrize(
    ("start", "value"), [(0.82, 0.03463), (0.85, 0.15242), (0.9, 0.37251), (0.95, 0.63435), (0.99, 0.90336)]
)
def test_hashing(start, value):
    assert hashing_yield(werner(start)) == rounded(value, 5)
    assert hashing_yield(werner(0.8107)) == 0 < hashing_yield(werner(0.8108))


@pytest.mark.parametrize(
    ("start", "best", "rounds"),
    [(0.6, 0.00201, 5), (0.7, 0.02355, 3), (0.75, 0.05042, 2), (0.8, 0.09319, 1), (0.85, 0.16984, 1), (0.9, 0.37251, 0)],
)  # fmt: skip
def test_dejmps_before_hashing(start, best, rounds):
    made = iterated(recurrence("dejmps"), werner(start), 8)
    yields = [hashing_yield(werner(start))]
    yields += [hashing_yield(each.weights) / raw_pairs(made[: k + 1]) for k, each in enumerate(made)]
    assert np.argmax(yields) == rounds and max(yields) == rounded(best, 5)


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: recurrence("bbpsw"), UnknownNameError, "bbpssw"),
        (lambda: iterated(recurrence("dejmps"), werner(0.9), 0), ParameterError, "rounds"),
        (lambda: bbpssw(0.2), ParameterError, "0.2"),
        (lambda: bbpssw(0.9, gate=1.1), ParameterError, "gate"),
        (lambda: dejmps((1, 0, 0, 0), (0, 1, 0, 0)), ParameterError, "never agree"),
        (lambda: raw_pairs([], 1), ParameterError, "pairs"),
    ],
)
def test_wrong_values_are_one_clear_line(call, error, said):
    with pytest.raises(error) as caught:
        call()
    assert said in str(caught.value) and "\n" not in str(caught.value)
