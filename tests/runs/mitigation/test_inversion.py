"""Inverted readout against the dense inverse, against M3, and on more bits than either can take."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from mthree import M3Mitigation
from scipy.stats import binom, norm

from qnet_circuits.compiling.frames import OutcomeMap
from qnet_circuits.errors import UnsupportedError
from qnet_circuits.programs.events import Event
from qnet_circuits.programs.expressions import Expression, parity, population
from qnet_circuits.programs.figures import Figure
from qnet_circuits.runs.mitigation.inversion import evaluate, signs, weights
from qnet_circuits.runs.mitigation.mitigated import mitigated
from qnet_circuits.runs.mitigation.part import Sampled
from qnet_circuits.runs.mitigation.readout import Readout
from tests.support.conditions import meets, random_condition

LEVEL = 1 - 1e-6


def matrix(errors):
    a, b = errors
    return np.array([[1 - a, b], [a, 1 - b]])


def all_outcomes(count):
    return np.array(list(product((False, True), repeat=count))).reshape(-1, count)


def random_forms(rng, count, bits):
    forms = [tuple(int(k) for k in np.flatnonzero(rng.integers(0, 2, count))) for _ in range(bits)]
    accept = [tuple(int(k) for k in np.flatnonzero(rng.integers(0, 2, count)))] if rng.integers(2) else []
    return OutcomeMap(tuple(("raw", k) for k in range(count)), {"out": tuple(forms)}, tuple(accept))


def direct(forms, event, outcomes):
    """What happens in each outcome, and what counts, by the forms alone."""
    happened, counted = [], []
    for row in outcomes:
        out = [sum(row[k] for k in form) % 2 for form in forms.registers["out"]]
        bits = {("out", k): value for k, value in enumerate(out)}
        met = all(meets(condition, bits) for condition in event.given)
        met = met and all(sum(row[k] for k in form) % 2 == 0 for form in forms.accept)
        read = [out[k] for _, k in event.bits]
        hit = "".join(map(str, read)) in event.patterns if event.patterns else sum(read) % 2 == 0
        happened.append(hit and met)
        counted.append(met)
    return np.array(happened, float), np.array(counted, float)


def test_weights_are_those_of_the_dense_inverse(rng):
    for _ in range(60):
        count, bits = int(rng.integers(1, 5)), int(rng.integers(1, 5))
        forms, outcomes = random_forms(rng, count, bits), all_outcomes(count)
        read = tuple(("out", int(k)) for k in rng.permutation(bits)[: rng.integers(1, bits + 1)])
        patterns = {"".join(rng.choice(["0", "1"], len(read))) for _ in range(rng.integers(0, 4))}
        given = [random_condition(rng, [("out", k) for k in range(bits)]) for _ in range(rng.integers(3))]
        event = Event("c", read, tuple(patterns), tuple(given))
        errors = rng.uniform(0, 0.4, (count, 2))
        inverse = np.ones((1, 1))
        for pair in errors:
            inverse = np.kron(inverse, np.linalg.inv(matrix(pair)))
        table = np.array([signs(pair) for pair in errors])
        each = np.where(outcomes, table[:, 1], table[:, 0])
        for weight, wanted in zip(weights(forms, event), direct(forms, event, outcomes), strict=True):
            found = evaluate(weight, lambda form, each=each: each[:, list(form)].prod(axis=1))
            assert np.allclose(found, wanted @ inverse, atol=1e-9)


def sampled(bits, qubits=None):
    count = bits.shape[1]
    forms = OutcomeMap(tuple(("out", k) for k in range(count)), {"out": tuple((k,) for k in range(count))})
    return {"c": Sampled(forms, bits, tuple(range(count)) if qubits is None else qubits)}


def read(rng, truth, errors):
    errors = np.asarray(errors)
    return truth ^ (rng.random(truth.shape) < np.where(truth, errors[:, 1], errors[:, 0]))


def measured(rng, errors, shots):
    return {
        k: Readout(tuple(int(n) for n in rng.binomial(shots, e)), (shots, shots))
        for k, e in enumerate(errors)
    }


def known(errors, shots=10**9):
    return {
        k: Readout(tuple(round(e * shots) for e in pair), (shots, shots)) for k, pair in enumerate(errors)
    }


def correlator(count):
    return Figure("zz", parity("c", [("out", k) for k in range(count)]))


def bell(rng, shots, count=2):
    """Random bits of even parity."""
    free = rng.integers(0, 2, (shots, count - 1)).astype(bool)
    return np.column_stack([free, np.logical_xor.reduce(free, axis=1)])


def test_two_qubits_agree_with_m3_and_with_the_inverse_matrix(rng):
    errors = [(0.03, 0.11), (0.07, 0.02)]
    bits = read(rng, bell(rng, 3000), errors)
    names = ["00", "01", "10", "11"]
    counts = {name: int(sum((bits == [name[1] == "1", name[0] == "1"]).all(axis=1))) for name in names}
    m3 = M3Mitigation()
    m3.cals_from_matrices([matrix(pair).astype(np.float32) for pair in errors])
    quasi = m3.apply_correction(counts, [0, 1], distance=-1)
    inverse = np.linalg.inv(np.kron(matrix(errors[1]), matrix(errors[0])))
    dense = inverse @ [counts[name] / 3000 for name in names]
    for k, name in enumerate(names):
        figure = Figure("p", population("c", [("out", 1), ("out", 0)], [name]))
        value = mitigated(figure, sampled(bits), known(errors)).value
        assert value == pytest.approx(dense[k], abs=1e-8)
        assert value == pytest.approx(quasi[name], abs=1e-5)  # M3 calculates in single precision


def test_random_bits_are_corrected_however_many_and_m3_leaves_them(rng):
    count, errors = 20, [(0.01, 0.03)] * 20
    bits = read(rng, bell(rng, 1500, count), errors)
    raw = 1 - 2 * np.logical_xor.reduce(bits, axis=1).mean()
    found = mitigated(correlator(count), sampled(bits), known(errors), LEVEL)
    assert raw < 0.6 and found.low < 1 < found.high and found.low > raw
    texts = ["".join("1" if bit else "0" for bit in row[::-1]) for row in bits]
    m3 = M3Mitigation()
    m3.cals_from_matrices([matrix(pair).astype(np.float32) for pair in errors])
    quasi = m3.apply_correction(
        {text: texts.count(text) for text in set(texts)}, list(range(count)), distance=-1
    )
    assert sum(value * (-1) ** text.count("1") for text, value in quasi.items()) == pytest.approx(
        raw, abs=0.02
    )


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("errors", "truth", "shots", "calibration"),
    [
        ([(0.02, 0.08), (0.05, 0.01)], 1.0, 300, 300),
        ([(0.02, 0.08), (0.05, 0.01)], 0.8, 300, 300),
        ([(0.002, 0.004)] * 2, 0.99, 100, 100),
        ([(0.02, 0.08), (0.05, 0.01)], 0.0, 3000, 100),
        ([(0.0, 0.0)] * 2, 0.99, 100, 10**6),
        ([(0.01, 0.01)] * 2, 1.0, 3000, 50),
    ],
)
def test_intervals_cover_and_are_no_wider_than_they_must(rng, errors, truth, shots, calibration):
    """Coverage at 95% over 400 experiments, with the shots of the readout circuits drawn anew in each."""
    estimates = []
    for _ in range(400):
        bits = bell(rng, shots)
        bits[:, 0] ^= rng.random(shots) < (1 - truth) / 2
        estimates.append(
            mitigated(correlator(2), sampled(read(rng, bits, errors)), measured(rng, errors, calibration))
        )
    covered = sum(e.low <= truth <= e.high for e in estimates)
    assert covered >= binom.ppf(1e-6, 400, 0.95)
    halves = np.mean([(e.high - e.low) / 2 for e in estimates])
    spread = 1.96 * np.std([e.value for e in estimates])
    if min(map(min, errors)) * calibration >= 1:
        assert halves < 1.5 * spread
    assert np.mean([e.value for e in estimates]) == pytest.approx(
        truth, abs=norm.isf(5e-7) * spread / 1.96 / 400**0.5
    )


@pytest.mark.parametrize("wrong", [0, 1, 5, 120])
def test_intervals_are_no_shorter_than_the_counts_allow(rng, wrong):
    """Arms of the raw interval, times what correction amplifies: also where no shot went wrong, or the value is cut."""
    bits = bell(rng, 400)
    bits[:wrong, 0] ^= True
    errors = [(0.005, 0.01)] * 2
    figure = Figure("zz", parity("c", [("out", 0), ("out", 1)]), physical=(-1.0, 1.0))
    free = Figure("zz", figure.expression)
    raw = free.estimate({"c": {"out": bits}})
    found, loose = (mitigated(each, sampled(bits), known(errors)) for each in (figure, free))
    assert loose.value - loose.low >= (raw.value - raw.low) / 0.985**2 - 1e-6
    assert loose.high - loose.value >= (raw.high - raw.value) / 0.985**2 - 1e-6
    assert found.value - found.low == pytest.approx(loose.value - loose.low)
    assert found.value == min(loose.value, 1) and (loose.value > 1) == (wrong < 10)
    same = mitigated(free, sampled(bits), known([(0.0, 0.0)] * 2))
    assert (same.low, same.high) == pytest.approx((raw.low, raw.high), abs=1e-5)


def test_errors_of_preparation_are_in_the_interval_and_leave_the_value(rng):
    """Qubit 0 is left in |0⟩ by 0.03 where it is prepared in |1⟩, so that P(0|1) is 0.03 too large, to first order."""
    bits = read(rng, bell(rng, 4000), [(0.0, 0.0), (0.0, 0.0)])
    right = {0: Readout((0, 10**8), (10**9, 10**9)), 1: Readout((0, 0), (10**9, 10**9))}
    unsure = {**right, 0: replace(right[0], gates=0.03)}
    known_, found = (mitigated(correlator(2), sampled(bits), each) for each in (right, unsure))
    assert found.value == known_.value and found.high == known_.high
    assert known_.low - found.low == pytest.approx(found.value * 0.03, rel=0.1)


def test_conditions_are_ratios(rng):
    """P(c1 = 0 | c0 = 1) is 1 for equal bits; c0 is 1 in a fifth of the shots."""
    ones = rng.random(4000) < 0.2
    errors = [(0.05, 0.1), (0.08, 0.02)]
    bits = read(rng, np.column_stack([ones, ones]), errors)
    expression = population("c", [("out", 1)], ["1"], [("out", 0, 1)])
    found = mitigated(Figure("p", expression), sampled(bits), known(errors), LEVEL)
    raw = bits[bits[:, 0], 1].mean()
    assert raw < 0.9 and found.low < 1 < found.high and found.low > raw
    with pytest.raises(UnsupportedError, match="condition"):
        mitigated(Figure("p", expression), sampled(bits & [False, True]), known(errors), LEVEL)


def test_bits_without_a_qubit_stay_as_they_are(rng):
    errors = [(0.1, 0.2), (0.1, 0.2)]
    bits = read(rng, bell(rng, 2000), errors)
    raw = 1 - 2 * np.logical_xor.reduce(bits, axis=1).mean()
    samples = sampled(bits, (None, None))
    assert mitigated(correlator(2), samples, known(errors)).value == pytest.approx(raw, abs=1e-12)
    half = mitigated(correlator(2), sampled(bits, (0, None)), known(errors), LEVEL)
    assert raw + 0.05 < half.value < 0.95


def test_what_cannot_be_inverted_is_refused(rng):
    bits = bell(rng, 100)
    with pytest.raises(UnsupportedError, match="qubit 1 "):
        mitigated(
            correlator(2), sampled(bits), {0: Readout((0, 0), (100, 100)), 1: Readout((50, 45), (100, 100))}
        )
    shared = tuple((0, k) for k in range(1, 12))
    forms = OutcomeMap(tuple(("raw", k) for k in range(12)), {"out": shared})
    event = Event("c", tuple(("out", k) for k in range(11)), ("0" * 11,))
    with pytest.raises(UnsupportedError, match="11 bits"):
        weights(forms, event)


def test_many_bits_of_their_own_are_no_matter():
    forms = OutcomeMap(tuple(("out", k) for k in range(30)), {"out": tuple((k,) for k in range(30))})
    event = Event("c", tuple(("out", k) for k in range(30)), ("0" * 30, "1" * 30))
    samples = {"c": Sampled(forms, np.zeros((50, 30), bool), tuple(range(30)))}
    errors = [(0.01, 0.02)] * 30
    found = mitigated(Figure("p", Expression(terms=((1.0, event),))), samples, known(errors))
    assert found.value == pytest.approx((0.98 / 0.97) ** 30 + (-0.01 / 0.97) ** 30)
    assert (
        mitigated(
            Figure("p", Expression(terms=((1.0, event),)), physical=(0.0, 1.0)), samples, known(errors)
        ).value
        == 1
    )


def test_settings_drawn_at_random_have_students_interval_as_raw_ones_have(rng):
    """Without readout errors both are the same; one setting alone says nothing of the others."""
    names, errors = [f"c{k}" for k in range(5)], [(0.0, 0.0)] * 2
    bits = [bell(rng, 400) ^ (rng.random((400, 1)) < 0.02 * k) * [True, False] for k in range(5)]
    samples = {name: sampled(each)["c"] for name, each in zip(names, bits, strict=True)}
    expression = sum(0.2 * parity(name, [("out", 0), ("out", 1)]) for name in names)
    figure = Figure("c", expression, drawn_from=100)
    raw = figure.estimate({name: {"out": each} for name, each in zip(names, bits, strict=True)})
    found = mitigated(figure, samples, known(errors))
    assert [found.value, found.low, found.high] == pytest.approx([raw.value, raw.low, raw.high], abs=1e-6)
    fixed = mitigated(Figure("c", expression), samples, known(errors))
    assert found.high - found.low > 1.5 * (fixed.high - fixed.low)
    with pytest.raises(UnsupportedError, match="single setting"):
        mitigated(Figure("c", correlator(2).expression, drawn_from=100), sampled(bits[0]), known(errors))
