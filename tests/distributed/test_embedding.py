"""Copies that outlast a stretch in which their qubit is the target of CNOTs: fewer pairs, the same circuit."""

from dataclasses import replace
from math import pi

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction
from qiskit.circuit.library import CPhaseGate, CXGate, CZGate, HGate, RYGate, XGate

import qnet_circuits as qn
from qnet_circuits.distributed.building import built
from qnet_circuits.distributed.distribute import distributed
from qnet_circuits.distributed.nodes import Equipment
from qnet_circuits.distributed.ordering import Close, Open, ordered
from qnet_circuits.distributed.plan import Plan
from qnet_circuits.distributed.proof import proof_of
from qnet_circuits.distributed.steps import steps_of
from tests.distributed.circuits import changed, moved, mutants, random_circuit

HALVES = ["node1", "node1", "node2", "node2"]


def target(rounds, phase=False, idle=0):
    """Return a circuit in which qubit 0 meets qubit 2 in rounds between which it is the target of CNOTs from qubit 1."""
    circuit = QuantumCircuit(4 + idle)
    for k in range(rounds):
        if k and phase:
            # CZ between turns of another kind: CNOT and S on the target, and a flip.
            circuit.ry(pi / 2, 0)
            circuit.cp(-pi, 1, 0)
            circuit.s(0)
            circuit.u(pi / 2, 0.3, -pi / 2, 0)
        elif k:
            circuit.cx(1, 0)
        if k:
            circuit.x(1)
            circuit.cp(0.3, 1, 3)
            circuit.rx(0.9, 3)
        circuit.cp(0.7, 0, 2)
        circuit.rx(0.4, 2)
    return circuit


def follows(built):
    """Return the places of the CNOTs by which copies follow."""
    inside = {k for claim in built.claims for k in range(claim.start, claim.end)}
    return [k for k, each in enumerate(built.circuit.data) if each.name == "cx" and k not in inside]


@pytest.mark.parametrize("phase", [False, True])
@pytest.mark.parametrize("rounds", [2, 4])
def test_a_packet_goes_on_while_its_qubit_is_a_target(rounds, phase):
    """One pair serves qubit 0, one qubit 1, however many rounds there are; without it each round needs a pair, or moves."""
    found = distributed(target(rounds, phase), 2, HALVES)
    ledger = found.resources
    assert ledger["bell_pairs"] == ledger["packets"] == 2 and ledger["moves"] == 0
    assert len(follows(found.built)) == rounds - 1
    proof = found.verify()
    assert proof.method == "unitary" and proof.branches


def test_only_gates_cz_between_matching_turns_are_flips():
    for gate, turn in ((CXGate(), 0.4), (None, 0.0)):
        circuit = QuantumCircuit(4)
        circuit.cp(0.7, 0, 2)
        circuit.rx(0.4, 2)
        if gate is None:
            circuit.h(0)
            circuit.cp(0.8 * pi, 1, 0)
            circuit.h(0)
        else:
            circuit.ry(turn, 0)
            circuit.append(gate, [1, 0])
            circuit.ry(-turn, 0)
        circuit.cp(0.3, 1, 3)
        circuit.rx(0.9, 3)
        circuit.cp(0.7, 0, 2)
        found = distributed(circuit, 2, HALVES)
        assert found.resources["bell_pairs"] == 3 and not follows(found.built)
        found.verify()


@pytest.mark.parametrize("seed", [1, 4, 19])
def test_random_circuits_with_copies_that_last_are_proven(seed):
    found = distributed(random_circuit(seed), 2 + seed % 2)
    assert found.plan.outlasting and found.verify().method == "unitary"


def test_copies_that_last_are_proven_over_a_chain():
    found = distributed(target(3), qn.Network.chain(2), ["alice", "alice", "bob", "bob"])
    assert found.resources["bell_pairs"] == 4 and found.plan.outlasting
    found.verify()


def test_a_limit_of_communication_qubits_is_kept():
    """Copies of qubits 1 and 2 at the other node would need a third one there beside that of qubit 0, which is turned."""
    circuit = QuantumCircuit(6)
    for k in range(3):
        for a in range(3):
            circuit.cp(0.3, a, 3 + (a + k) % 3)
            circuit.rx(0.9, 3 + (a + k) % 3)
        circuit.cx(1, 0)
        circuit.cx(2, 0)
    for limit in (1, 2, 3):
        nodes = [qn.Node(name, data=3, communication=limit) for name in ("node1", "node2")]
        network = qn.Network(nodes, [("node1", "node2", qn.Link())])
        found = distributed(circuit, network, ["node1"] * 3 + ["node2"] * 3)
        assert max(found.resources["communication_qubits"].values()) == limit
        found.verify()


def test_a_copy_stays_open_during_its_stretch_even_if_room_is_needed():
    """Between the CNOTs onto qubit 0 its copy is not used, and yet that of qubit 1 makes room for that of qubit 2."""
    circuit = QuantumCircuit(6)
    for a, b in ((0, 3), (1, 0), (1, 3), (2, 5), (2, 3), (2, 0), (1, 5), (0, 4)):
        (circuit.cx if b == 0 else circuit.cz)(a, b)
        # The qubits 1 and 2 have gates that wait for one of the other, and qubit 2 is turned before its CNOT.
        for turned in {(1, 3): [3], (2, 5): [5], (2, 3): [2]}.get((a, b), []):
            circuit.ry(0.3, turned)
    steps = steps_of(circuit)
    spots = {k: int(joint.b > 2) for k, joint in steps.joints}
    home = (0, 0, 0, 1, 1, 1)
    stations = tuple((node,) * (count + 1) for node, count in zip(home, steps.segments, strict=True))
    plan = Plan(steps, stations, spots, {(0, 1): frozenset({0, 1})})
    equipment = Equipment(home, (None, 2), {(0, 1): (0, 1), (1, 0): (1, 0)})
    network = qn.Network(["node1", "node2"], [("node1", "node2", qn.Link())])
    actions = ordered(plan, equipment)
    assert [action.qubit for action in actions if isinstance(action, Open)].count(0) == 1
    assert proof_of(circuit, steps, built(network, equipment, actions)).branches


def spoiled(found):
    """Yield programs in which a copy does not follow as it should."""
    made, data = found.built, list(found.built.circuit.data)
    for at in follows(made):
        follow = data[at]
        control, copy = follow.qubits
        others = [each for each in made.circuit.qubits if each not in follow.qubits]
        yield from (changed(made, at, new) for new in ([], [follow, follow]))
        yield changed(made, at, [follow.replace(qubits=(copy, control))])
        yield changed(made, at, [CircuitInstruction(XGate(), [copy])])
        yield from (changed(made, at, [follow.replace(qubits=(other, copy))]) for other in others)
        yield from (
            changed(made, at, [follow, CircuitInstruction(CXGate(), (control, each))]) for each in others
        )
        # The control is flipped, and its copy with it, before the copy follows.
        flipped = next(
            k for k, each in enumerate(data) if k > at and each.name == "x" and control in each.qubits
        )
        yield moved(made, at, flipped)
    for at, each in enumerate(data):
        if each.name in ("h", "u") and made.data[0] in each.qubits:
            yield changed(made, at, [])


@pytest.mark.parametrize("phase", [False, True])
def test_programs_in_which_a_copy_does_not_follow_are_refused(phase):
    """With more than 6 qubits no branch is played, so that the circuit that is read back must differ."""
    found = distributed(target(3, phase, idle=3), 2, [*HALVES, "node1", "node2", "node2"])
    assert not found.verify().branches
    listed = [*spoiled(found), *(built for _, built in mutants(found.built))]
    assert len(listed) > 40
    for each in listed:
        with pytest.raises(qn.VerificationError):
            proof_of(found.original, found.steps, each)


def test_a_copy_cannot_close_before_it_follows():
    found = distributed(target(2, idle=3), 2, [*HALVES, "node1", "node2", "node2"])
    (at,) = follows(found.built)
    closes = [claim for claim in found.built.claims if claim.kind == "close"]
    late = moved(found.built, at, closes[-1].end - 1)
    with pytest.raises(qn.VerificationError):
        proof_of(found.original, found.steps, late)


def forged(before, after=()):
    """Return a program of 7 qubits that copies the qubits 0, 1 and 2 and takes the copies back, with gates in between.

    Gates act on wires by number, and on copies by the letters a, b and c.
    """
    network = qn.Network(["node1", "node2"], [("node1", "node2", qn.Link())])
    equipment = Equipment((0, 0, 0, 0, 1, 1, 1), (None, None), {(0, 1): (0, 1), (1, 0): (1, 0)})
    opens = [Open(qubit, 0, 1) for qubit in range(3)]
    made = built(network, equipment, [*opens, *(Close(qubit, 1, 0) for qubit in range(3))])
    on = dict(zip("abc0123456", [*(claim.copy for claim in made.claims[:3]), *made.data], strict=True))
    for at, gates in ((made.claims[3].end, after), (made.claims[3].start, before)):
        made = inserted(made, at, [CircuitInstruction(g, [on[q] for q in qubits]) for g, qubits in gates])
    return made


def inserted(made, at, new):
    """Return a program with instructions outside of remote operations."""
    circuit = made.circuit.copy_empty_like()
    circuit.data = [*made.circuit.data[:at], *new, *made.circuit.data[at:]]
    claims = tuple(
        replace(
            claim,
            start=claim.start + len(new) * (claim.start >= at),
            end=claim.end + len(new) * (claim.end > at),
        )
        for claim in made.claims
    )
    return replace(made, circuit=circuit, claims=claims)


H, X, CX, CZ, TILT, BACK = HGate(), XGate(), CXGate(), CZGate(), RYGate(0.4), RYGate(-0.4)
FLIP = [(H, "0"), (CZ, "10"), (H, "0")]


@pytest.mark.parametrize(
    ("before", "after", "meant"),
    [
        ([*FLIP, (X, "1"), (X, "b"), (CX, "ba")], [], [*FLIP, (X, "1")]),
        ([(X, "1"), *FLIP, (CX, "ba"), (X, "b")], [], [(X, "1"), *FLIP]),
        ([(TILT, "0"), (CZ, "10"), (BACK, "0"), (CX, "ba")], [], [(TILT, "0"), (CZ, "10"), (BACK, "0")]),
        (
            [(H, "0"), (CPhaseGate(2.5), "10"), (H, "0"), (CX, "ba")],
            [],
            [(H, "0"), (CPhaseGate(2.5), "10"), (H, "0")],
        ),
        ([(H, "0")], [(H, "0")], []),
        ([(H, "0"), (H, "a")], [], []),
        ([(CX, "13")], [], []),
        (
            [(H, "1"), (CX, "ba"), (CZ, "21"), (CX, "cb"), (CX, "ba"), (H, "1")],
            [],
            [(H, "1"), (CZ, "21"), (H, "1")],
        ),
    ],
)
def test_forged_flips_are_refused(before, after, meant):
    """Each program would pass as the circuit if the order, the kind or the place of its flips did not count."""
    assert proof_of(believed(), steps_of(believed()), forged([])).method == "unitary"
    honest = [*FLIP, (CX, "ba"), (X, "1"), (X, "b")]
    right = believed(*FLIP, (X, "1"))
    assert proof_of(right, steps_of(right), forged(honest)).method == "unitary"
    circuit = believed(*meant)
    with pytest.raises(qn.VerificationError):
        proof_of(circuit, steps_of(circuit), forged(before, after))


def believed(*gates):
    """Return the circuit that a forged program claims to be."""
    circuit = QuantumCircuit(7)
    for gate, qubits in gates:
        circuit.append(gate, [int(q) for q in qubits])
    return circuit
