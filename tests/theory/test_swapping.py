from itertools import product

import numpy as np
import pytest

from qnet_circuits.errors import ParameterError
from qnet_circuits.theory import bell_diagonal as bd
from qnet_circuits.theory import swapping

from .states import (
    BITS,
    CNOT,
    HADAMARD,
    NAMES,
    apply,
    bell,
    bell_measurement,
    corrected,
    joined,
    overlap,
    pauli,
    project,
    random_weights,
    weighted,
)

PERFECT = {
    0.99: (0.99, 0.98013, 0.97040, 0.96079, 0.95132, 0.92364),
    0.98: (0.98, 0.96053, 0.94159, 0.92314, 0.90519, 0.85416),
    0.95: (0.95, 0.90333, 0.85978, 0.81913, 0.78118, 0.68187),
    0.90: (0.90, 0.81333, 0.73822, 0.67313, 0.61671, 0.48871),
    0.85: (0.85, 0.73000, 0.63400, 0.55720, 0.49576, 0.37583),
}
NOISY = {  # gate 0.995, readout 0.99
    0.99: (0.99, 0.95721, 0.92587, 0.89592, 0.86729, 0.78881),
    0.95: (0.95, 0.88282, 0.82208, 0.76718, 0.71754, 0.59543),
    0.90: (0.90, 0.79564, 0.70804, 0.63451, 0.57277, 0.44094),
}
HOPS = (1, 2, 3, 4, 5, 8)


@pytest.mark.parametrize("fidelity", PERFECT)
def test_perfect_chain_against_the_reference(fidelity):
    values = [swapping.chain_fidelity(fidelity, hops) for hops in HOPS]
    assert values == pytest.approx(PERFECT[fidelity], abs=5.1e-6)


@pytest.mark.parametrize("fidelity", NOISY)
def test_noisy_chain_against_the_reference(fidelity):
    values = [swapping.chain_fidelity(fidelity, hops, gate=0.995, readout=0.99) for hops in HOPS]
    assert values == pytest.approx(NOISY[fidelity], abs=5.1e-6)


@pytest.mark.parametrize("hops", [1, 2, 7, 400])
def test_formula_is_the_convolution_for_werner_links(hops):
    weights = swapping.chain_weights([bd.werner(0.97)] * hops)
    assert bd.fidelity(weights) == pytest.approx(swapping.chain_fidelity(0.97, hops), abs=1e-12)
    assert sum(weights) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("hops", [1, 2, 5])
def test_dephased_links(hops):
    weights = swapping.chain_weights([(0.9, 0, 0, 0.1)] * hops)
    assert weights == pytest.approx(((1 + 0.8**hops) / 2, 0, 0, (1 - 0.8**hops) / 2))


@pytest.mark.parametrize("outcomes", BITS)
@pytest.mark.parametrize("errors", list(product(NAMES, repeat=2)))
def test_swapping_multiplies_errors_on_every_branch(errors, outcomes):
    state = bell_measurement(joined(bell(errors[0]), bell(errors[1])), 1, 2, outcomes)
    state = corrected(state, 3, *outcomes)
    links = [tuple(float(error == name) for name in NAMES) for error in errors]
    expected = swapping.chain_weights(links)
    found = [4 * overlap(state, bell(name), (0, 3)) for name in NAMES]
    assert found == pytest.approx(expected, abs=1e-12)


def test_three_random_links():
    rng = np.random.default_rng(5)
    links = [random_weights(rng) for _ in range(3)]
    expected = [0.0] * 4
    for errors, probability in weighted(links):
        state = joined(*(bell(error) for error in errors))
        state = bell_measurement(bell_measurement(state, 1, 2, (1, 0)), 3, 4, (0, 1))
        state = corrected(state, 5, 1, 1)
        for index, name in enumerate(NAMES):
            expected[index] += 16 * probability * overlap(state, bell(name), (0, 5))
    assert swapping.chain_weights(links) == pytest.approx(tuple(expected))


def noisy_swap(fidelity, gate, readout):
    """Return the fidelity of one swap, summed over all errors of links, gate and readout."""
    total = 0.0
    for errors, probability in weighted([bd.werner(fidelity)] * 2):
        pairs = joined(bell(errors[0]), bell(errors[1]))
        for after in product(NAMES, repeat=2):
            chance = (1 - gate) / 16 + (gate if after == ("I", "I") else 0.0)
            state = pauli(pauli(apply(pairs, CNOT, 1, 2), after[0], 1), after[1], 2)
            total += probability * chance * read(apply(state, HADAMARD, 1), readout)
    return total


def read(state, readout):
    total = 0.0
    for outcomes in BITS:
        branch = project(project(state, 1, outcomes[0]), 2, outcomes[1])
        for told in BITS:
            wrong = sum(a != b for a, b in zip(outcomes, told, strict=True))
            chance = (1 - readout) ** wrong * readout ** (2 - wrong)
            total += chance * overlap(corrected(branch, 3, *told), bell(), (0, 3))
    return total


@pytest.mark.parametrize(("gate", "readout"), [(1, 1), (0.9, 1), (1, 0.93), (0.97, 0.98), (0, 1), (0.9, 0)])
def test_noisy_formula_is_the_sum_over_all_errors(gate, readout):
    expected = noisy_swap(0.92, gate, readout)
    assert swapping.chain_fidelity(0.92, 2, gate, readout) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("fidelity", "bound", "longest"),
    [(0.99, 0.5, 81), (0.98, 0.5, 40), (0.95, 0.5, 15), (0.9, 0.5, 7), (0.95, 0.78033, 5), (0.9, 0.78033, 2)],
)
def test_longest_useful_chain_against_the_reference(fidelity, bound, longest):
    assert swapping.chain_fidelity(fidelity, longest) > bound > swapping.chain_fidelity(fidelity, longest + 1)


@pytest.mark.parametrize("hops", [0, -1, 2.0, True, None])
def test_bad_hops_are_refused(hops):
    with pytest.raises(ParameterError, match=rf"hops .* 1, .*{hops!r}$"):
        swapping.chain_fidelity(0.9, hops)


@pytest.mark.parametrize("name", ["gate", "readout"])
@pytest.mark.parametrize("value", [-0.1, 1.1])
def test_bad_noise_is_refused(name, value):
    with pytest.raises(ParameterError, match=rf"{name} .*\[0, 1\].* {value}$"):
        swapping.chain_fidelity(0.9, 2, **{name: value})


def test_bad_links_are_refused():
    with pytest.raises(ParameterError, match="links "):
        swapping.chain_weights([])
    for links in ([(0.5, 0, 0, 0)], [(1, 0, 0, 0), (0.5, 0, 0, 0)]):
        with pytest.raises(ParameterError, match=r"pauli .*\(0\.5, 0, 0, 0\)"):
            swapping.chain_weights(links)
    with pytest.raises(ParameterError, match=r"fidelity .*\[0\.25, 1\].* 0\.1$"):
        swapping.chain_fidelity(0.1, 2)
