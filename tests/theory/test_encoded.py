"""Chains of encoded links: reference values, plain chains, distillation by the same code, and what is refused."""

from itertools import product

import numpy as np
import pytest

from qnet_circuits.errors import ParameterError, UnknownNameError
from qnet_circuits.theory.bell_diagonal import werner
from qnet_circuits.theory.distillation_codes import Code, from_code
from qnet_circuits.theory.encoded import BARE, CODES, code_of, encoded_chain
from qnet_circuits.theory.swapping import chain_fidelity, chain_weights

LINKS = [(0.85, 0.08, 0.02, 0.05), (0.9, 0.01, 0.04, 0.05), (0.8, 0.1, 0.05, 0.05)]
REPETITION = CODES["repetition-3"]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_code_of_one_qubit_is_a_plain_chain(size):
    made = encoded_chain(BARE, LINKS[:size])
    assert made.weights == pytest.approx(chain_weights(LINKS[:size]), abs=1e-12)
    assert made.success == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("hops", "gate", "readout"), [(2, 0.995, 0.99), (2, 0.9, 0.8), (4, 0.98, 1.0), (1, 0.5, 0.7)]
)
def test_errors_of_plain_swaps_are_those_of_bdcz(hops, gate, readout):
    made = encoded_chain(BARE, [werner(0.95)] * hops, gate=gate, readout=readout)
    assert made.weights[0] == pytest.approx(chain_fidelity(0.95, hops, gate, readout), abs=1e-12)


def test_repetition_of_one_link_is_distillation_by_its_stabilizers():
    code = Code(("ZZI", "IZZ"), "XXX", "ZII")
    for link in LINKS:
        made, expected = encoded_chain(REPETITION, [link]), from_code(code, [link] * 3)
        assert made.weights == pytest.approx(expected.weights, abs=1e-12)
        assert made.success == pytest.approx(expected.success, abs=1e-12)


@pytest.mark.parametrize("name", CODES)
def test_perfect_swaps_join_links_that_are_kept_one_by_one(name):
    made, each = encoded_chain(CODES[name], LINKS), [encoded_chain(CODES[name], [link]) for link in LINKS]
    assert made.weights == pytest.approx(chain_weights([one.weights for one in each]), abs=1e-12)
    assert made.success == pytest.approx(each[0].success * each[1].success * each[2].success, abs=1e-12)


@pytest.mark.parametrize(("hops", "value"), [(1, 0.00265), (2, 0.00528), (4, 0.0105), (8, 0.0208)])
def test_reference_values_of_majorities_along_a_chain(hops, value):
    made = encoded_chain(REPETITION, [(0.97, 0.03, 0, 0)] * hops, detect=False)
    assert made.weights[1] == pytest.approx(value, abs=6e-6 if value < 0.01 else 6e-5)
    assert made.success == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("detect", [True, False])
def test_two_links_and_a_noisy_swap_one_error_after_another(detect):
    """All bit errors of both links with all errors of the swap's gates and readouts, summed one by one."""
    first, second, gate, readout = 0.08, 0.05, 0.97, 0.96
    mixed, wrong = (1 - gate) / 4, 1 - readout
    # For each qubit of the swap: is the result that bit errors flip wrong, and the one that phase errors flip?
    single = np.zeros((2, 2))
    for (a, b), (m, n) in product(product((0, 1), repeat=2), repeat=2):
        by_gate = 1 - 3 * mixed if (a, b) == (0, 0) else mixed
        single[a ^ m, b ^ n] += by_gate * [1 - wrong, wrong][m] * [1 - wrong, wrong][n]
    weights, bits = np.zeros(4), list(product((0, 1), repeat=3))

    def chance(error, probability):
        return np.prod([probability if bit else 1 - probability for bit in error])

    def read(error):
        """Return whether an error is discarded, and whether it flips the pair."""
        seen = len(set(error)) > 1
        return (seen, error[0]) if detect else (False, int(sum(error) > 1))

    for one, other, flips, phases in product(bits, repeat=4):
        gone, flipped = read(tuple(np.bitwise_xor(one, flips)))
        gone_too, flipped_too = read(other)
        if not gone and not gone_too:
            swap = np.prod([single[flip, phase] for flip, phase in zip(flips, phases, strict=True)])
            x, z = flipped ^ flipped_too, sum(phases) % 2
            weights[x ^ 3 * z] += chance(one, first) * chance(other, second) * swap
    made = encoded_chain(
        REPETITION, [(1 - first, first, 0, 0), (1 - second, second, 0, 0)], detect, gate, readout
    )
    assert made.success == pytest.approx(weights.sum(), abs=1e-12)
    assert made.weights == pytest.approx(weights / weights.sum(), abs=1e-12)


def test_422_sees_every_single_error_and_readouts_of_swaps_too():
    """Errors of order e in links, and in readouts of swaps, cost fidelity of order e² alone."""

    def lost(error, readout):
        return 1 - encoded_chain(CODES["422"], [werner(1 - error)] * 3, readout=1 - readout).weights[0]

    for error, readout in ((1e-3, 0), (0, 1e-3), (1e-3, 1e-3)):
        assert lost(error / 2, readout / 2) == pytest.approx(lost(error, readout) / 4, rel=0.01)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: code_of("steane"), UnknownNameError, "steane"),
        (lambda: code_of("422", detect=False), ParameterError, "422.*repetition-3"),
        (lambda: code_of("422", detect=1), ParameterError, "detect.* 1$"),
        (lambda: encoded_chain(BARE, []), ParameterError, "at least one link"),
        (lambda: encoded_chain(BARE, [werner(1)], gate=1.1), ParameterError, "gate"),
        (lambda: encoded_chain(BARE, [werner(1)], readout=-1), ParameterError, "readout"),
    ],
)
def test_what_is_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()
