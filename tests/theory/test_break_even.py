"""Break-even of encoded links: the three contenders, where encoding pays, and what is refused."""

import pytest

from qnet_circuits.errors import ParameterError, UnknownNameError
from qnet_circuits.theory.bell_diagonal import hashing_yield, werner
from qnet_circuits.theory.break_even import break_even
from qnet_circuits.theory.encoded import CODES, encoded_chain
from qnet_circuits.theory.noise_parameters import NoiseParameters
from qnet_circuits.theory.recurrences import distilled
from qnet_circuits.theory.swapping import chain_fidelity

NOISE = NoiseParameters(gate_error=0.01, readout_error=0.02)


def test_contenders_at_a_scale():
    (found,) = break_even([2], [2.0], werner(0.98), NOISE)
    assert found.bare.fidelity == pytest.approx(chain_fidelity(0.96, 2, gate=0.98, readout=0.96), abs=1e-12)
    assert found.bare.acceptance == pytest.approx(1, abs=1e-12)
    made = encoded_chain(CODES["422"], [werner(0.96)] * 2, gate=0.98, readout=0.96)
    assert found.encoded.made == made
    assert found.encoded.pairs == pytest.approx(hashing_yield(made.weights) * made.success / 4)
    better = distilled("4-to-1", werner(0.96))
    assert found.distilled.acceptance == pytest.approx(better.success**2, abs=1e-12)
    assert found.gain() == pytest.approx(
        found.encoded.fidelity - max(found.bare.fidelity, found.distilled.fidelity)
    )
    assert found.gain("pairs") == pytest.approx(
        found.encoded.pairs - max(found.bare.pairs, found.distilled.pairs)
    )


@pytest.mark.parametrize(
    ("scheme", "raw"), [("dejmps", 2), ("double-selection", 3), ("5-to-1", 5), ("pumping", 2)]
)
def test_raw_pairs_of_distillation(scheme, raw):
    (found,) = break_even([1], [1.0], werner(0.9), NOISE, scheme=scheme)
    assert found.distilled.raw == raw
    made = distilled(scheme, werner(0.9))
    assert found.distilled.made.weights == pytest.approx(made.weights, abs=1e-12)
    assert found.distilled.acceptance == pytest.approx(made.success, abs=1e-12)


def test_errors_of_swaps_are_what_encoding_pays_for():
    """Distillation sees errors of links, and the better code of four pairs wins while swaps are perfect."""
    perfect = break_even([1, 4], [1.0], werner(0.95), NoiseParameters())
    noisy = break_even([1, 4], [1.0], werner(0.95), NOISE)
    assert [each.gain() > 0 for each in perfect] == [False, False]
    assert [each.gain() > 0 for each in noisy] == [False, True]


def test_repetition_pays_against_bit_errors_alone():
    (bit,) = break_even([3], [1.0], (0.95, 0.05, 0, 0), NoiseParameters(), "repetition-3", False, "dejmps")
    (phase,) = break_even([3], [1.0], (0.95, 0, 0, 0.05), NoiseParameters(), "repetition-3", False, "dejmps")
    assert bit.encoded.fidelity > bit.bare.fidelity
    assert phase.encoded.fidelity < phase.bare.fidelity


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"hops": []}, ParameterError, "at least one number of hops"),
        ({"hops": [0]}, ParameterError, "hops.* 0"),
        ({"scales": [60.0]}, ParameterError, "scale of the links' errors"),
        (
            {"scales": [45.0], "noise": NoiseParameters(readout_error=0.03)},
            ParameterError,
            "readout error at",
        ),
        ({"code": "steane"}, UnknownNameError, "steane"),
        ({"scheme": "magic"}, UnknownNameError, "magic"),
    ],
)
def test_what_is_refused(change, error, words):
    given = {"hops": [1], "scales": [1.0], "link": werner(0.98), "noise": NOISE, **change}
    with pytest.raises(error, match=words):
        break_even(**given)
    (found,) = break_even([1], [1.0], werner(0.98), NOISE)
    with pytest.raises(UnknownNameError, match="speed"):
        found.gain("speed")
