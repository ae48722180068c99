"""Encoded links as circuits: Pauli errors on the raw pairs, one by one, exact figures, samples, and what is refused."""

from itertools import combinations, product

import numpy as np
import pytest
import stim

import qnet_circuits as qn
from qnet_circuits.errors import ParameterError, UnknownNameError
from qnet_circuits.programs.encoding import Encoding
from qnet_circuits.testing import check_protocol
from qnet_circuits.theory.encoded import CODES

NOISE = qn.NoiseParameters()
LINKS = [qn.Link(pauli=(0.85, 0.08, 0.02, 0.05)), qn.Link(pauli=(0.9, 0.01, 0.04, 0.05))]
CASES = [("repetition-3", True), ("repetition-3", False), ("422", True)]


def protocol_of(hops, code, detect=True):
    return qn.EncodedLink(network=qn.Network.chain(hops, LINKS[:hops]), code=code, detect=detect)


def flips_of(circuit, errors):
    """Return which classical bits each list of Paulis, a letter for each raw pair, flips, with corrections applied."""
    place = {bit: k for k, bit in enumerate([*circuit.qubits, *circuit.clbits])}
    tracked = stim.FlipSimulator(batch_size=len(errors), disable_stabilizer_randomization=True)
    flips, made = np.zeros((circuit.num_clbits, len(errors)), dtype=bool), 0
    for instruction in circuit.data:
        name, qubits = instruction.name, [place[qubit] for qubit in instruction.qubits]
        bits = [place[bit] - circuit.num_qubits for bit in instruction.clbits]
        if name == "entangle":
            for k, error in enumerate(errors):
                tracked.set_pauli_flip(error[made], qubit_index=qubits[1], instance_index=k)
            made += 1
        elif name == "measure":
            tracked.do(stim.Circuit(f"M {qubits[0]}"))
            flips[bits[0]] = tracked.get_measurement_flips(record_index=tracked.num_measurements - 1)
        elif name == "correct":
            codes = instruction.operation.params
            for pauli, value in (("X", 1), ("Z", 2)):
                chosen = [bit for bit, code in zip(bits, codes, strict=True) if int(code) & value]
                mask = np.zeros((circuit.num_qubits, len(errors)), dtype=bool)
                mask[qubits[0]] = np.logical_xor.reduce(flips[chosen])
                tracked.broadcast_pauli_errors(pauli=pauli, mask=mask)
        else:
            gate = {"sdg": "S_DAG"}.get(name, name.upper())
            tracked.do(stim.Circuit(f"{gate} {' '.join(map(str, qubits))}"))
    assert made == len(errors[0])
    first, registers = 0, {}
    for register in circuit.cregs:
        registers[register.name] = flips[first : first + register.size].T
        first += register.size
    return registers


def what_errors_do(hops, name, detect, errors):
    """Return of each error whether the pair is kept, and the Pauli, 0 to 3, that it suffers, by the circuits."""
    kept, wrong = [], {}
    for item in protocol_of(hops, name).program(np.random.default_rng(0)):
        flips = flips_of(item.circuit, errors)
        encoding = Encoding(name, hops)

        def odd(check, flips=flips):
            return np.logical_xor.reduce([flips[register][:, index] for register, index in check])

        seen = [[odd(check) for check in place] for place in encoding.bit_checks]
        kept.append(~np.any([odd(check) for check in encoding.all_checks], axis=0))
        wrong[item.name] = flips["out"][:, 0] ^ flips["out"][:, 1]
        if not detect and item.name != "xx":
            for place in seen:  # the first qubit of three is wrong if it alone differs from the second
                wrong[item.name] ^= place[0] & ~place[1]
    assert all((each == kept[0]).all() for each in kept)
    right = kept[0] if detect else np.ones(len(errors), dtype=bool)
    assert (wrong["yy"] == wrong["xx"] ^ wrong["zz"])[right].all()
    return right, wrong["zz"] * 1 ^ wrong["xx"] * 3


def expected(hops, name, detect, errors):
    """Return the same by the code alone: each link by itself, bit errors and phase errors apart."""
    code, size = CODES[name], CODES[name].size
    kept, pauli = np.ones(len(errors), dtype=bool), np.zeros(len(errors), dtype=int)
    for k, error in enumerate(errors):
        for link in range(hops):
            own = error[size * link : size * (link + 1)]
            bit, phase = [letter in "XY" for letter in own], [letter in "ZY" for letter in own]
            if not detect and sum(bit) > 1:
                bit = [True] * 3
            elif not detect:
                bit = [False] * 3
            for checks, part in ((code.z_checks, bit), (code.x_checks, phase)):
                kept[k] &= not any(sum(part[i] for i in check) % 2 for check in checks)
            pauli[k] ^= sum(bit[i] for i in code.z) % 2 ^ 3 * (sum(phase[i] for i in code.x) % 2)
    return kept, pauli


def all_errors(pairs, weight):
    """Return all Paulis of at most a weight on the raw pairs."""
    found = []
    for many in range(weight + 1):
        for places in combinations(range(pairs), many):
            for letters in product("XYZ", repeat=many):
                error = ["I"] * pairs
                for place, letter in zip(places, letters, strict=True):
                    error[place] = letter
                found.append("".join(error))
    return found


@pytest.mark.parametrize(("hops", "weight"), [(1, 4), (2, 2)])
@pytest.mark.parametrize(("name", "detect"), CASES)
def test_each_error_is_seen_and_does_what_the_code_says(hops, weight, name, detect):
    """All errors of one link, and all of two links on up to two pairs."""
    pairs = hops * CODES[name].size
    errors = all_errors(pairs, min(weight, pairs))
    assert len(errors) == {(1, 3): 64, (1, 4): 256, (2, 6): 154, (2, 8): 277}[hops, pairs]
    kept, pauli = what_errors_do(hops, name, detect, errors)
    right, true = expected(hops, name, detect, errors)
    assert (kept == right).all()
    assert (pauli == true)[kept].all()
    if hops == 1:  # each error weighs its probability, and their sum is the theory
        weights = LINKS[0].weights
        chances = np.array([np.prod([weights["IXYZ".index(letter)] for letter in error]) for error in errors])
        theory = protocol_of(1, name, detect).theory(NOISE)
        success = chances[kept].sum()
        assert theory.get("acceptance", 1.0) == pytest.approx(success, abs=1e-12)
        assert theory["fidelity"] == pytest.approx(chances[kept & (pauli == 0)].sum() / success, abs=1e-12)


@pytest.mark.parametrize("hops", [1, 2])
@pytest.mark.parametrize(("name", "detect"), CASES)
def test_exact_figures_are_theory(hops, name, detect):
    protocol = protocol_of(hops, name, detect)
    result = qn.run(protocol, "exact")
    assert set(result.figures) == set(result.theory) == {"fidelity", *(["acceptance"] if detect else [])}
    for figure, value in protocol.theory(NOISE).items():
        assert result[figure].value == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(("name", "detect"), CASES)
def test_sampled_figures_of_two_links_hold_theory(name, detect):
    result = qn.run(protocol_of(2, name, detect), "ideal", shots=2000, seed=3, level=1 - 1e-6)
    for figure, value in result.theory.items():
        assert value in result[figure]
        assert result[figure].high - result[figure].low < 0.25


@pytest.mark.slow
@pytest.mark.parametrize(("name", "detect"), CASES[1:])
def test_two_links_pass_the_battery_in_every_mode(name, detect):
    check_protocol(protocol_of(2, name, detect), shots=4000)


@pytest.mark.parametrize("hops", [2, 3])
def test_422_sees_each_single_wrong_readout_of_a_swap_or_a_check(hops):
    """A wrong bit turns an odd number of times in some check."""
    encoding = Encoding("422", hops)
    for register in ("swap", "code", "ends"):
        for index in range(encoding.registers[register]):
            assert any(check.count((register, index)) % 2 for check in encoding.all_checks), (register, index)


def test_a_code_may_be_named_by_its_number():
    """A command line reads 422 as a number."""
    assert qn.EncodedLink(code=422) == qn.EncodedLink(code="422")
    assert qn.EncodedLink(code=422).parameters["code"] == "422"


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"code": "steane"}, UnknownNameError, "steane"),
        ({"detect": False}, ParameterError, "repetition-3"),
        ({"hops": 4}, ParameterError, "1 to 3 .* 4;"),
        ({"link_fidelity": 0.1}, ParameterError, r"0\.1"),
    ],
)
def test_what_is_refused(fields, error, words):
    with pytest.raises(error, match=words):
        qn.EncodedLink(**fields)
