"""What protocols refuse, how many circuits they have, what they cost, and their exact figures on every link error."""

from itertools import product

import numpy as np
import pytest
from qiskit import QuantumCircuit

import qnet_circuits as qn
from qnet_circuits.errors import ParameterError, UnknownNameError
from qnet_circuits.programs.blocks import bloch_vector, eigenstates
from qnet_circuits.programs.cnot_protocol import SETTINGS, process_fidelity, settings, truth_table
from qnet_circuits.programs.expressions import parity
from qnet_circuits.programs.instructions import LINK_OPERATIONS
from tests.support.conditions import meets
from tests.support.enumerator import PAULIS, distribution

LINK = qn.Link(0.9)
CNOT = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]])


def _program(protocol, seed=0):
    return protocol.program(np.random.default_rng(seed))


# -- what is refused ------------------------------------------------------------------------------------------------

REFUSED = [
    (lambda: qn.Teleportation(state="2"), "state .*'2'"),
    (lambda: qn.Teleportation(state=(1.0,)), r"state .*\(1\.0,\)"),
    (lambda: qn.Teleportation(state=(float("nan"), 0.0)), "state.*nan"),
    (lambda: qn.Teleportation(state=(0.6, 0.8)), r"amplitudes.*theta=0\.6, phi=0\.8.*theta=1\.85459"),
    (lambda: qn.Teleportation(state="0.6, -0.8"), r"amplitudes.*theta=1\.85459.*phi=3\.1415"),
    (lambda: qn.Teleportation(state=(0.71, 0.71)), "amplitudes"),
    (lambda: qn.Teleportation(state=(1, 0)), "amplitudes"),
    (lambda: qn.Teleportation(hops=0), "hops .*1 to 1000.* 0$"),
    (lambda: qn.Teleportation(link_fidelity=1.2), r"link fidelity .*1\.2"),
    (lambda: qn.Teleportation(hops=2, network=qn.Network.chain(2)), "network and hops"),
    (lambda: qn.Teleportation(network=qn.Network.star(3)), "chain from centre"),
    (lambda: qn.SuperdenseCoding(link_fidelity=0.2), r"link fidelity .*0\.2$"),
    (
        lambda: qn.SuperdenseCoding(link_fidelity=0.9, network=qn.Network.two_nodes()),
        "network and link_fidelity",
    ),
    (lambda: qn.SuperdenseCoding(network=qn.Network.chain(2)), "one link"),
    (lambda: qn.SuperdenseCoding(network="alice-bob"), "one link"),
    (
        lambda: qn.EntanglementSwapping(link_fidelity=0.9, network=qn.Network.chain(2)),
        "network and link_fidelity",
    ),
    (lambda: qn.EntanglementSwapping(network=qn.Network.chain(3)), "two links"),
    (lambda: qn.EntanglementSwapping(network=qn.Network.star(2)), "chain from centre"),
    (lambda: qn.TeleportedCnot(hops=1.5), r"hops .*1\.5$"),
    (lambda: qn.TeleportedCnot(hops=1, network=qn.Network.two_nodes()), "network and hops"),
    (lambda: qn.LongRangeCnot(hops=True), "hops .*True$"),
    (lambda: qn.LongRangeCnot(network=qn.Network.star(3)), "chain from centre"),
    (lambda: qn.Ghz(parties=1), "parties .* 2, .* 1$"),
    (lambda: qn.Ghz(parties=1, topology="chain"), "parties .* 2, .* 1$"),
    (lambda: qn.Ghz(parties=3, network=qn.Network.star(3)), "network and parties"),
    (lambda: qn.Ghz(network=qn.Network.star(1)), "star around centre .*2 parties"),
    (lambda: qn.Ghz(network=qn.Network.chain(2)), "star around alice .*2 parties"),
    (lambda: qn.Ghz(topology="chain", network=qn.Network.star(3)), "chain from centre"),
    (lambda: qn.Chsh(link_fidelity=0.1), r"link fidelity .*0\.1$"),
    (lambda: qn.Chsh(network=3), "network .*3"),
    (lambda: qn.SwapTransport(hops=0), "hops .*1 to 1000.* 0$"),
    (lambda: qn.SwapTransport(hops=2, network=qn.Network.chain(2)), "network and hops"),
    (lambda: qn.SwapTransport(state="0"), "'bell'.* state"),
    (lambda: qn.SwapTransport(task="state", state="2"), "state .*'2'"),
]


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_bad_values_are_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


def test_an_unknown_task_is_refused():
    with pytest.raises(UnknownNameError, match="task 'ghz'"):
        qn.SwapTransport(task="ghz")


def test_an_unknown_process_is_refused():
    with pytest.raises(UnknownNameError, match="process 'swap'"):
        qn.ProcessTomography(process="swap")


@pytest.mark.parametrize("field", ["topology", "method"])
def test_unknown_names_of_ghz_are_refused(field):
    with pytest.raises(UnknownNameError, match=f"{field} 'stars'"):
        qn.Ghz(**{field: "stars"})


# -- circuits, cost, names ------------------------------------------------------------------------------------------

#: Protocol, number of circuits, and bell_pairs, classical_bits, rounds, qubits, two_qubit_gates of one shot.
SHAPES = [
    (qn.RepeaterChain(hops=3), 3, (3, 4, 1, 6, 5)),
    (qn.Teleportation(), 6, (1, 2, 1, 3, 2)),
    (qn.Teleportation(hops=3), 6, (3, 6, 1, 7, 6)),
    (qn.Teleportation(state="+i"), 1, (1, 2, 1, 3, 2)),
    (qn.Teleportation(state=(0.7, 0.4)), 3, (1, 2, 1, 3, 2)),
    (qn.SuperdenseCoding(), 4, (1, 0, 0, 3, 2)),
    (qn.EntanglementSwapping(), 3, (2, 2, 1, 4, 3)),
    (qn.TeleportedCnot(), 36, (1, 2, 2, 4, 3)),
    (qn.TeleportedCnot(hops=3), 36, (3, 6, 2, 8, 7)),
    (qn.LongRangeCnot(hops=3), 36, (3, 6, 1, 8, 7)),
    (qn.Ghz(parties=3), 5, (3, 6, 1, 9, 8)),
    (qn.Ghz(parties=4, topology="chain"), 9, (3, 3, 1, 6, 5)),
    (qn.Ghz(parties=4, method="parity-scan"), 5, (4, 8, 1, 12, 11)),
    (qn.Chsh(), 4, (1, 0, 0, 2, 1)),
    (qn.Chsh(hops=3), 4, (3, 4, 1, 6, 5)),
    (qn.SwapTransport(hops=3), 3, (1, 0, 0, 6, 3)),
    (qn.SwapTransport(hops=3, task="chsh"), 4, (1, 0, 0, 6, 3)),
    (qn.SwapTransport(hops=3, task="state"), 6, (0, 0, 0, 7, 3)),
    (qn.StateTomography(hops=2), 9, (2, 2, 1, 4, 3)),
    (qn.ProcessTomography(), 12, (1, 2, 1, 3, 2)),
    (qn.ProcessTomography(process="cnot"), 144, (1, 2, 2, 4, 3)),
]


@pytest.mark.parametrize(("protocol", "items", "cost"), SHAPES, ids=lambda value: getattr(value, "id", None))
def test_circuits_and_cost(protocol, items, cost):
    program = _program(protocol)
    assert len(program.items) == items
    keys = ("bell_pairs", "classical_bits", "rounds", "qubits", "two_qubit_gates")
    assert tuple(program.resources[key] for key in keys) == cost


REPRS = [
    *(protocol for protocol, _, _ in SHAPES),
    qn.Teleportation(state="1.2, 0.5", network=qn.Network.chain(2, [LINK, qn.Link()])),
    qn.SuperdenseCoding(network=qn.Network.two_nodes(LINK)),
    qn.EntanglementSwapping(network=qn.Network.chain(2, LINK)),
    qn.Ghz(network=qn.Network.star(2, LINK)),
    qn.Chsh(network=qn.Network.chain(1, qn.Link(pauli=(0.9, 0, 0, 0.1)))),
]


@pytest.mark.parametrize("protocol", REPRS, ids=lambda protocol: protocol.id)
def test_repr_and_parameters_make_the_protocol_again(protocol):
    assert eval(repr(protocol), vars(qn)) == protocol
    assert type(protocol).from_parameters(**protocol.parameters) == protocol


def test_a_state_is_kept_in_its_standard_form():
    assert qn.Teleportation(state=0).state == "0"
    assert qn.Teleportation(state=[1, 0.5]).state == (1.0, 0.5)


def test_strings_of_many_parties_are_drawn():
    whole, drawn = _program(qn.Ghz(parties=7)), _program(qn.Ghz(parties=8))
    assert len(whole.items) == len(drawn.items) == 65
    assert [figure.drawn_from for figure in whole.figures] == [0, 0, 0]
    assert [figure.drawn_from for figure in drawn.figures] == [128, 0, 128]
    names = [item.name for item in drawn.items[1:]]
    assert len(set(names)) == 64
    assert all(len(name) == 8 and name.count("y") % 2 == 0 for name in names)
    assert names != [item.name for item in _program(qn.Ghz(parties=8), seed=1).items[1:]]


def test_chsh_has_its_null_and_ideal_value():
    (figure,) = _program(qn.Chsh()).figures
    assert figure.null == 2.0
    assert figure.ideal == pytest.approx(2 * 2**0.5)


# -- the process fidelity against a CNOT matrix ---------------------------------------------------------------------

VECTORS = {
    "0": (1, 0), "1": (0, 1), "+": (2**-0.5, 2**-0.5),
    "-": (2**-0.5, -(2**-0.5)), "+i": (2**-0.5, 1j * 2**-0.5), "-i": (2**-0.5, -1j * 2**-0.5),
}  # fmt: skip


def _projector(paulis, values):
    """Return the projector on the joint eigenstate of two Paulis."""
    one = [
        (np.eye(2) + (-1) ** value * PAULIS[pauli]) / 2 for pauli, value in zip(paulis, values, strict=True)
    ]
    return np.kron(*one)


def _gate_outcomes(gate):
    """Return the distributions of ``out`` of the 36 settings for a gate on control and target."""
    outcomes = {}
    for setting in settings():
        vector = gate @ np.kron(*(VECTORS[state] for state in setting.states))
        outcomes[setting.name] = {
            values: float(np.real(vector.conj() @ _projector(setting.measured, values) @ vector))
            for values in product((0, 1), repeat=2)
        }
    return outcomes


def _of_gate(expression, gate):
    outcomes = _gate_outcomes(gate)
    return _value(expression, {name: _named(dist) for name, dist in outcomes.items()})


def _named(dist):
    return [({("out", k): value for k, value in enumerate(values)}, p) for values, p in dist.items()]


def test_settings_are_all_pairs_of_bases_and_their_eigenstates():
    listed = list(settings())
    assert set(SETTINGS) == {a + b for a in "XYZ" for b in "XYZ"}
    assert len({setting.name for setting in listed}) == len(listed) == 36
    assert "xz_01" in {setting.name for setting in listed}
    for paulis, values in product(SETTINGS, product((0, 1), repeat=2)):
        vector = np.kron(*(VECTORS[state] for state in eigenstates(paulis, values)))
        assert np.allclose(_projector(paulis, values) @ vector, vector)


def test_signs_of_the_settings_against_a_cnot_matrix():
    for bases, measured in SETTINGS.items():
        image = CNOT @ np.kron(PAULIS[bases[0]], PAULIS[bases[1]]) @ CNOT
        overlaps = [
            abs(np.trace(image @ np.kron(a, b))) / 4
            for a in (np.eye(2), PAULIS[measured[0]])
            for b in (np.eye(2), PAULIS[measured[1]])
        ]
        assert max(overlaps) == pytest.approx(1), f"{measured} does not read the image of {bases}"
    assert _of_gate(process_fidelity(), CNOT) == pytest.approx(1)
    assert _of_gate(truth_table(), CNOT) == pytest.approx(1)


@pytest.mark.parametrize("error", [a + b for a in "IXYZ" for b in "IXYZ" if a + b != "II"])
def test_process_fidelity_sees_every_pauli_error(error):
    gate = np.kron(PAULIS[error[0]], PAULIS[error[1]]) @ CNOT
    assert _of_gate(process_fidelity(), gate) == pytest.approx(0)
    assert _of_gate(truth_table(), gate) == pytest.approx(float(set(error) <= {"I", "Z"}))


def test_process_fidelity_is_that_of_the_matrix(rng):
    for _ in range(20):
        gate, _ = np.linalg.qr(rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4)))
        assert _of_gate(process_fidelity(), gate) == pytest.approx(abs(np.trace(CNOT @ gate)) ** 2 / 16)


# -- exact figures: every Pauli on every link -----------------------------------------------------------------------


def _probability(event, outcomes):
    """Return an event's probability of {item: [({(register, index): bit}, probability)]}."""
    counted = happened = 0.0
    for bits, p in outcomes[event.item]:
        if not all(meets(condition, bits) for condition in event.given):
            continue
        counted += p
        seen = "".join(str(bits[bit]) for bit in event.bits)
        happened += p * (seen in event.patterns if event.patterns else seen.count("1") % 2 == 0)
    return happened / counted


def _value(expression, outcomes):
    """Return an expression's exact value."""
    return expression.value(lambda event: _probability(event, outcomes))


def _with_errors(circuit, errors):
    """Return the circuit with the k-th error on the far half of the k-th Bell pair, or the k-th qubit that crosses a link."""
    changed, left = QuantumCircuit(*circuit.qregs, *circuit.cregs), list(errors)
    for instruction in circuit.data:
        changed.append(instruction)
        if instruction.operation.name in LINK_OPERATIONS and left:
            error = left.pop(0)
            if error != "I":
                getattr(changed, error.lower())(instruction.qubits[1])
    assert not left
    return changed


def _outcomes(program, errors=None, mode="feedforward"):
    outcomes = {}
    for item in program:
        circuit = _with_errors(item.circuit, errors) if errors else item.circuit
        places = [(register.name, k) for register in circuit.cregs for k in range(register.size)]
        found = distribution(circuit, mode)
        outcomes[item.name] = [(dict(zip(places, bits, strict=True)), p) for (bits, _), p in found.items()]
    return outcomes


def _exact(program, errors=None, mode="feedforward"):
    outcomes = _outcomes(program, errors, mode)
    return {figure.name: _value(figure.expression, outcomes) for figure in program.figures}


#: How to make each protocol over a network, the network's maker, and its number of links.
EXACT = {
    "teleportation": (lambda network: qn.Teleportation(network=network), qn.Network.chain, 1),
    "teleportation-chain": (lambda network: qn.Teleportation(network=network), qn.Network.chain, 2),
    "one-state": (lambda network: qn.Teleportation(state=(0.7, 0.4), network=network), qn.Network.chain, 1),
    "superdense-coding": (lambda network: qn.SuperdenseCoding(network=network), qn.Network.chain, 1),
    "entanglement-swapping": (lambda network: qn.EntanglementSwapping(network=network), qn.Network.chain, 2),
    "repeater-chain": (lambda network: qn.RepeaterChain(network=network), qn.Network.chain, 3),
    "teleported-cnot": (lambda network: qn.TeleportedCnot(network=network), qn.Network.chain, 1),
    "long-range-cnot": (lambda network: qn.LongRangeCnot(network=network), qn.Network.chain, 1),
    "ghz-star": (lambda network: qn.Ghz(network=network), qn.Network.star, 2),
    "ghz-chain": (lambda network: qn.Ghz(network=network, topology="chain"), qn.Network.chain, 3),
    "ghz-scan": (
        lambda network: qn.Ghz(network=network, topology="chain", method="parity-scan"), qn.Network.chain, 2,
    ),
    "chsh": (lambda network: qn.Chsh(network=network), qn.Network.chain, 1),
    "chsh-chain": (lambda network: qn.Chsh(network=network), qn.Network.chain, 2),
    "swaps-bell": (lambda network: qn.SwapTransport(network=network), qn.Network.chain, 2),
    "swaps-one-link": (lambda network: qn.SwapTransport(network=network), qn.Network.chain, 1),
    "swaps-chsh": (lambda network: qn.SwapTransport(network=network, task="chsh"), qn.Network.chain, 2),
    "swaps-state": (lambda network: qn.SwapTransport(network=network, task="state"), qn.Network.chain, 2),
    "swaps-one-state": (
        lambda network: qn.SwapTransport(network=network, task="state", state=(0.7, 0.4)), qn.Network.chain, 1,
    ),
    "state-tomography": (lambda network: qn.StateTomography(network=network), qn.Network.chain, 1),
    "process-tomography": (lambda network: qn.ProcessTomography(network=network), qn.Network.chain, 1),
}  # fmt: skip


def _sure(error):
    return qn.Link(pauli=tuple(float(error == pauli) for pauli in "IXYZ"))


@pytest.mark.one_in(2)
@pytest.mark.parametrize("case", EXACT)
def test_theory_is_exact_for_every_pauli_on_every_link(case):
    make, network, links = EXACT[case]
    for errors in product("IXYZ", repeat=links):
        protocol = make(network(links, [_sure(error) for error in errors]))
        found, theory = _exact(_program(protocol), errors), protocol.theory(qn.NoiseParameters())
        assert theory
        for name, value in theory.items():
            assert found[name] == pytest.approx(value, abs=1e-9), f"{errors}: {name}"


@pytest.mark.one_in(3)
@pytest.mark.parametrize("errors", ["XI", "IZ", "ZX", "YY"])
@pytest.mark.parametrize("make", [qn.TeleportedCnot, qn.LongRangeCnot])
def test_theory_of_cnots_over_a_chain(make, errors):
    protocol = make(network=qn.Network.chain(2, [_sure(error) for error in errors]))
    found = _exact(_program(protocol), errors)
    assert found == pytest.approx(protocol.theory(qn.NoiseParameters()), abs=1e-9)


UNCORRECTED = [
    *(qn.Teleportation(hops=hops) for hops in (1, 2)),
    qn.Teleportation(state=(0.7, 0.4)),
    qn.SuperdenseCoding(),
    qn.EntanglementSwapping(),
    *(qn.RepeaterChain(hops=hops) for hops in (1, 2)),
    *(make(hops=hops) for make in (qn.TeleportedCnot, qn.LongRangeCnot) for hops in (1, 2)),
    *(qn.Ghz(parties=2, method=method) for method in ("xy-strings", "parity-scan")),
    *(qn.Ghz(parties=parties, topology="chain") for parties in (2, 3, 5)),
    qn.Ghz(parties=4, topology="chain", method="parity-scan"),
    *(qn.Chsh(hops=hops) for hops in (1, 2)),
    *(qn.SwapTransport(hops=2, task=task) for task in ("bell", "chsh", "state")),
    *(qn.StateTomography(hops=hops) for hops in (1, 2)),
    *(qn.ProcessTomography(process=process) for process in ("teleportation", "cnot")),
]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("protocol", UNCORRECTED, ids=lambda protocol: protocol.id)
def test_ideal_values_and_those_without_messages_are_exact(protocol):
    program = _program(protocol)
    assert all(figure.ideal is not None and figure.without_messages is not None for figure in program.figures)
    with_messages, without = _exact(program), _exact(program, mode="none")
    for figure in program.figures:
        assert with_messages[figure.name] == pytest.approx(figure.ideal, abs=1e-9), figure.name
        assert without[figure.name] == pytest.approx(figure.without_messages, abs=1e-9), figure.name


def test_fidelities_of_swapping_carry_the_label_of_their_bell_state():
    program = _program(qn.EntanglementSwapping())
    uncorrected = _outcomes(program, mode="none")
    out = [("out", 0), ("out", 1)]
    for z, x in product((0, 1), repeat=2):
        (figure,) = (figure for figure in program.figures if figure.name == f"fidelity_{z}{x}")
        (given,) = {event.given for _, event in figure.expression.terms}
        # The ends hold Φ+ after Z to the z and X to the x: Z turns the sign of XX, X that of ZZ.
        for setting, sign in (("xx", (-1) ** z), ("zz", (-1) ** x)):
            assert _value(parity(setting, out, given), uncorrected) == pytest.approx(sign)


def test_angles_that_could_be_amplitudes_are_taken_as_text_and_stay_text():
    protocol = qn.Teleportation(state=" theta = 0.6,phi=0.8 ")
    assert eval(repr(protocol), {"Teleportation": qn.Teleportation}) == protocol
    assert qn.Teleportation.from_parameters(**protocol.parameters) == protocol
    assert qn.Teleportation(state="theta=0.7, phi=0.4") == qn.Teleportation(state=(0.7, 0.4))
    bloch = (np.sin(0.6) * np.cos(0.8), np.sin(0.6) * np.sin(0.8), np.cos(0.6))
    assert np.allclose(bloch_vector(protocol.state), bloch)
    assert qn.predict(protocol).fidelity.value == pytest.approx(1.0)


def test_amplitudes_are_told_the_angles_that_they_mean():
    with pytest.raises(qn.ParameterError) as refused:
        qn.Teleportation(state=(0.6, -0.8))
    told = str(refused.value).split("'")[-2]
    assert np.allclose(
        bloch_vector(qn.Teleportation(state=told).state), (2 * 0.6 * -0.8, 0.0, 0.6**2 - 0.8**2)
    )
