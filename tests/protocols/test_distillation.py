"""Distillation as circuits: every Pauli error on every raw pair, exact figures, lines of qubits, and what is refused."""

from itertools import product

import numpy as np
import pytest
import stim

import qnet_circuits as qn
from qnet_circuits.errors import ParameterError, UnknownNameError
from qnet_circuits.theory.distillation_codes import CODES, enumerators

NOISE = qn.NoiseParameters()
LINK = qn.Link(pauli=(0.85, 0.08, 0.02, 0.05))
GATES = {"sx": "SQRT_X", "sxdg": "SQRT_X_DAG", "s": "S", "sdg": "S_DAG"}


def items(protocol):
    return {item.name: item.circuit for item in protocol.program(np.random.default_rng(0))}


def every_error(circuit, raw):
    """Return the flips of each classical bit, shape (4^raw, bits), for all Pauli errors of all raw pairs, in order IXYZ."""
    errors = np.array(list(product("IXYZ", repeat=raw)))
    place = {bit: k for k, bit in enumerate([*circuit.qubits, *circuit.clbits])}
    tracked = stim.FlipSimulator(batch_size=len(errors), disable_stabilizer_randomization=True)
    flips, made = np.zeros((len(errors), circuit.num_clbits), dtype=bool), 0
    for instruction in circuit.data:
        name, qubits = instruction.name, [place[qubit] for qubit in instruction.qubits]
        if name == "entangle":
            for error in range(len(errors)):
                tracked.set_pauli_flip(errors[error, made], qubit_index=qubits[1], instance_index=error)
            made += 1
        elif name == "measure":
            tracked.do(stim.Circuit(f"M {qubits[0]}"))
            flips[:, place[instruction.clbits[0]] - circuit.num_qubits] = tracked.get_measurement_flips(
                record_index=tracked.num_measurements - 1
            )
        else:
            name = {"reset": "R"}.get(name, GATES.get(name, name.upper()))
            tracked.do(stim.Circuit(f"{name} {' '.join(map(str, qubits))}"))
    assert made == raw
    return flips


def what_errors_do(protocol, raw):
    """Return of each error on all raw pairs whether all results agree, and the Pauli, 0 to 3, that the kept pair suffers."""
    circuits = items(protocol)
    flips = {name: every_error(circuits[name], raw) for name in ("xx", "yy", "zz")}
    agree = [~(each[:, 2::2] ^ each[:, 3::2]).any(axis=1) for each in flips.values()]
    assert all((each == agree[0]).all() for each in agree)
    wrong = {name: each[:, 0] ^ each[:, 1] for name, each in flips.items()}
    kept = agree[0]
    assert (wrong["yy"] == wrong["xx"] ^ wrong["zz"])[kept].all()
    return kept, wrong["zz"] * 1 ^ wrong["xx"] * 3


def chances(raw, weights):
    return np.array([np.prod(each) for each in product(weights, repeat=raw)])


def weights_of(raw):
    return np.array([sum(letter != "I" for letter in each) for each in product("IXYZ", repeat=raw)])


@pytest.mark.parametrize("scheme", CODES)
def test_circuits_of_codes_have_their_enumerators(scheme):
    """All 4^n errors: those that pass, and those that pass and do no harm, are as many of each weight as the code says."""
    raw = int(scheme[0])
    kept, pauli = what_errors_do(qn.Distillation(scheme=scheme), raw)
    harmless, unseen = enumerators(CODES[scheme].stabilizers)
    weights = weights_of(raw)
    assert tuple(np.bincount(weights[kept], minlength=raw + 1)) == unseen
    assert tuple(np.bincount(weights[kept & (pauli == 0)], minlength=raw + 1)) == harmless


CASES = [
    *[({"scheme": scheme}, int(scheme[0])) for scheme in CODES],
    ({"scheme": "bbpssw"}, 2),
    ({"scheme": "dejmps"}, 2),
    ({"scheme": "dejmps", "rounds": 2}, 4),
    ({"scheme": "pumping", "rounds": 3}, 4),
    ({"scheme": "double-selection"}, 3),
]


@pytest.mark.parametrize(("fields", "raw"), CASES, ids=str)
def test_all_errors_together_are_theory(fields, raw):
    """Each error weighs its probability; their sum is the theory of any Bell-diagonal link."""
    protocol = qn.Distillation(network=qn.Network.two_nodes(LINK), **fields)
    kept, pauli = what_errors_do(protocol, raw)
    chance = chances(raw, LINK.weights)
    theory = protocol.theory(NOISE)
    assert chance[kept].sum() == pytest.approx(theory["acceptance"], abs=1e-12)
    assert chance[kept & (pauli == 0)].sum() / chance[kept].sum() == pytest.approx(
        theory["fidelity"], abs=1e-12
    )


EXACT = [
    *[{"scheme": scheme} for scheme in CODES if scheme != "5-to-1"],
    {"scheme": "bbpssw"},
    {"scheme": "dejmps", "rounds": 2},
    {"scheme": "pumping", "rounds": 3},
    {"scheme": "double-selection"},
    {"hops": 2},
    {"hops": 2, "order": "swap-first"},
    {"hops": 3, "scheme": "2-to-1", "order": "swap-first"},
    {"hops": 2, "scheme": "3-to-1"},
]


@pytest.mark.parametrize(
    "fields", [*EXACT, pytest.param({"scheme": "5-to-1"}, marks=pytest.mark.slow)], ids=str
)
def test_exact_figures_are_theory(fields):
    hops = fields.get("hops", 1)
    links = [LINK, qn.Link(0.9), qn.Link(pauli=(0.9, 0, 0.04, 0.06))][:hops]
    rest = {name: value for name, value in fields.items() if name != "hops"}
    result = qn.predict(qn.Distillation(network=qn.Network.chain(hops, links), **rest))
    assert set(result.theory) == {"fidelity", "acceptance"}
    for name, value in result.theory.items():
        assert result[name].value == pytest.approx(value, abs=1e-9)


def test_emulated_links_are_theory():
    """Errors of links in software pass the moves into memories, and the qubits that are used again."""
    device = qn.line_device(4)
    protocol = qn.Distillation(network=qn.Network.two_nodes(LINK), scheme="pumping", rounds=2)
    noise = dict.fromkeys(("gates", "readout", "idle"), False)
    result = qn.predict(protocol, device, emulate_links=True, noise=noise)
    for name, value in protocol.theory(NOISE).items():
        assert result[name].value == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(("hops", "order"), [(1, "distil-first"), (2, "distil-first"), (2, "swap-first")])
def test_order_and_reference_values(hops, order):
    theory = qn.Distillation(hops=hops, link_fidelity=0.9, order=order).theory(NOISE)
    expected = {
        (1, "distil-first"): (0.92640, 0.87556),
        (2, "distil-first"): (0.86292, 0.7666),
        (2, "swap-first"): (0.85078, 0.7821),
    }[hops, order]
    assert (theory["fidelity"], theory["acceptance"]) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(
    ("fields", "qubits", "gates"),
    [
        ({}, 4, 8),
        ({"scheme": "2-to-1"}, 4, 8),
        ({"scheme": "double-selection"}, 6, 19),
        ({"scheme": "3-to-1"}, 6, 19),
        ({"rounds": 2}, 6, 26),
        ({"scheme": "pumping", "rounds": 3}, 4, 14),
        ({"hops": 2}, 8, 17),
    ],
)
def test_circuits_lie_on_a_line(fields, qubits, gates):
    """No SWAP is needed on a device that is a line, so none on one that has a line of as many qubits."""
    compiled = qn.compile(qn.Distillation(**fields), qn.line_device(qubits))
    assert compiled.resources["qubits"] == qubits and compiled.resources["two_qubit_gates"] == gates
    assert compiled.resources["routing_swaps"] == 0
    assert compiled.verify() > 0


def test_two_qubit_layers_of_two_pairs():
    circuit = items(qn.Distillation(scheme="2-to-1"))["zz"]
    two = {"cx", "cz", "entangle"}
    assert circuit.depth(lambda instruction: instruction.name in two) == 5


def test_qubits_are_reset_only_to_be_used_again():
    for fields, resets in (
        ({}, 0),
        ({"scheme": "5-to-1"}, 0),
        ({"rounds": 2}, 2),
        ({"rounds": 3}, 8),
        ({"scheme": "pumping", "rounds": 3}, 4),
    ):
        assert items(qn.Distillation(**fields))["zz"].count_ops().get("reset", 0) == resets


def test_messages_are_announced():
    ledger = qn.Distillation(scheme="4-to-1").program(None).resources
    assert ledger["bell_pairs"] == 4 and ledger["announced_bits"] == 6 and ledger["rounds"] == 0
    swapped = qn.Distillation(hops=3, scheme="3-to-1", order="swap-first").program(None).resources
    assert swapped["bell_pairs"] == 9 and swapped["announced_bits"] == 4 and swapped["classical_bits"] == 12


def test_a_device_stands_beside_the_raw_pair():
    result = qn.run(
        qn.Distillation(link_fidelity=0.9), "aer:fake_boston", seed=5, level=1 - 1e-6, controls=True
    )
    assert set(result.figures) >= {"fidelity", "acceptance", "fidelity_swap_transport"}
    for name in ("fidelity", "acceptance"):
        assert result.predicted[name] in result[name] and result.predicted[name] < result.ideal[name]
    assert result.bounds["fidelity"]["raw pair"] == 0.9
    assert result.ideal["fidelity"] == pytest.approx(0.9264, abs=5e-5)


def test_acceptance_stays_that_of_the_checks_under_post_selection():
    protocol = qn.Distillation(hops=2, order="swap-first", link_fidelity=0.9)
    result = qn.run(protocol, corrections="postselect", shots=1000, seed=3, level=1 - 1e-6)
    assert protocol.theory(NOISE)["acceptance"] in result.acceptance and result.acceptance.n < 500


@pytest.mark.parametrize(
    ("fields", "error", "said"),
    [
        ({"scheme": "bbpsw"}, UnknownNameError, "bbpssw"),
        ({"scheme": "6-to-1"}, UnknownNameError, "6-to-1"),
        ({"rounds": 0}, ParameterError, "rounds"),
        ({"rounds": 1.5}, ParameterError, "rounds"),
        ({"rounds": 2, "scheme": "bbpssw"}, ParameterError, "one round"),
        ({"rounds": 2, "scheme": "5-to-1"}, ParameterError, "one round"),
        ({"rounds": 4}, ParameterError, "15 checks"),
        ({"hops": 7, "rounds": 2}, ParameterError, "21 checks"),
        ({"order": "swap"}, UnknownNameError, "swap-first"),
        ({"link_fidelity": 1.2}, ParameterError, "1.2"),
        ({"link_fidelity": 0.9, "network": qn.Network.two_nodes()}, ParameterError, "network"),
        ({"network": qn.Network.star(3)}, ParameterError, "chain"),
    ],
)
def test_wrong_fields_are_one_clear_line(fields, error, said):
    with pytest.raises(error) as caught:
        qn.Distillation(**fields)
    assert said in str(caught.value) and "\n" not in str(caught.value)
