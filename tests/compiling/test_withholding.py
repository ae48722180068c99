"""Messages of a program's own control flow: withheld in mode ``none`` and in control experiments, and never called software."""

from dataclasses import dataclass
from typing import ClassVar

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit.classical import expr

import qnet_circuits as qn
from qnet_circuits.compiling.lowering import lower
from qnet_circuits.compiling.withholding import withheld
from qnet_circuits.errors import UnsupportedError
from qnet_circuits.programs.expressions import population
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.instructions import correct, entangle
from qnet_circuits.programs.locality import check_circuit
from qnet_circuits.programs.program import Item, Program


def started():
    """Return a circuit: Alice has measured 1 into m[0] and m[1], Bob 1 into m[2]; a qubit of Bob's is in |0⟩."""
    circuit = QuantumCircuit(
        QuantumRegister(2, "alice"), QuantumRegister(2, "bob"), ClassicalRegister(3, "m"), ClassicalRegister(1, "out")
    )  # fmt: skip
    circuit.x([0, 1, 2])
    circuit.measure([0, 1, 2], [0, 1, 2])
    return circuit


def _if(condition, otherwise=None):
    def act(circuit):
        with circuit.if_test(condition(circuit)) as orelse:
            circuit.x(3)
        if otherwise:
            with orelse:
                circuit.h(3)

    return act


def _switch(target, *cases):
    def act(circuit):
        with circuit.switch(target(circuit)) as case, case(*cases):
            circuit.x(3)

    return act


def _switch_or_else(circuit):
    with circuit.switch(circuit.cregs[0]) as case:
        with case(4):
            circuit.x(3)
        with case(5):
            circuit.id(3)
        with case(case.DEFAULT):
            circuit.h(3)


def _nested(circuit):
    with circuit.if_test((2, 1)):
        circuit.x(3)
        with circuit.if_test((0, 1)):
            circuit.x(3)


def _nested_in_a_message(circuit):
    with circuit.if_test((0, 0)), circuit.if_test((2, 1)):
        circuit.x(3)


def _measured_anew(circuit):
    """In the branch Bob's own 1 takes the place of Alice's bit."""
    with circuit.if_test((2, 1)):
        circuit.measure(2, 0)
        with circuit.if_test((0, 1)):
            circuit.x(3)


def _measured_at_bob(circuit):
    circuit.measure(2, 0)
    with circuit.if_test((0, 1)):
        circuit.x(3)


#: What Bob does, and how often his qubit is read as 1 where Alice's bits arrive, and where they read as 0.
CASES = {
    "a bit": (_if(lambda c: (0, 1)), 1, 0),
    "a bit that is 0": (_if(lambda c: (0, 0)), 0, 1),
    "or else": (_if(lambda c: (0, 1), otherwise=True), 1, 0.5),
    "a parity": (_if(lambda c: expr.bit_xor(c.clbits[0], expr.bit_not(c.clbits[1]))), 1, 1),
    "a parity with his own": (_if(lambda c: expr.bit_xor(c.clbits[0], c.clbits[2])), 0, 1),
    "and his own": (_if(lambda c: expr.logic_and(c.clbits[0], c.clbits[2])), 1, 0),
    "a register": (_if(lambda c: (c.cregs[0], 7)), 1, 0),
    "a register at 4": (_if(lambda c: (c.cregs[0], 4)), 0, 1),
    "a comparison": (_if(lambda c: expr.less(c.cregs[0], 5)), 0, 1),
    "a switch on a bit": (_switch(lambda c: c.clbits[0], 0), 0, 1),
    "a switch on a register": (_switch(lambda c: c.cregs[0], 4, 5), 0, 1),
    "a switch with another case": (_switch_or_else, 0.5, 1),
    "nested": (_nested, 0, 1),
    "nested in a message": (_nested_in_a_message, 0, 1),
    "measured anew": (_measured_anew, 1, 1),
    "measured at bob": (_measured_at_bob, 1, 1),
    "his own": (_if(lambda c: (2, 1)), 1, 1),
}


@dataclass(frozen=True)
class Acting(qn.Protocol):
    """Bob acts by one of the cases."""

    name: ClassVar[str] = "acting"
    case: str = "a bit"

    def program(self, rng):
        act, arrived, silent = CASES[self.case]
        circuit = started()
        act(circuit)
        circuit.measure(3, 3)
        figure = Figure("one", population("c", [("out", 0)], ["1"]), float(arrived), float(silent))
        return Program([Item("c", circuit)], [figure])


@pytest.mark.parametrize("case", CASES)
def test_a_decision_never_learns_a_bit_of_another_node_that_is_withheld(case):
    _, arrived, silent = CASES[case]
    for mode, expected in (("none", silent), ("auto", arrived)):
        result = qn.run(Acting(case), corrections=mode, shots=200, seed=1, level=1 - 1e-6)
        assert result["one"].low <= expected <= result["one"].high
        assert abs(result["one"].value - expected) < (0.5 if expected == 0.5 else 1e-9)


@pytest.mark.parametrize(
    "case", ["a bit that is 0", "a parity with his own", "a register at 4", "a switch on a register"]
)
def test_control_experiments_withhold_it_too(case):
    _, arrived, silent = CASES[case]
    result = qn.run(
        Acting(case),
        "exact:fake_torino",
        controls=True,
        noise={"gates": False, "idle": False, "readout": False},
    )
    assert result["one"].value == pytest.approx(arrived, abs=1e-9)
    assert result["one_uncorrected"].value == pytest.approx(silent, abs=1e-9)


def test_without_anything_to_withhold_a_circuit_stays_itself():
    circuit = started()
    CASES["his own"][0](circuit)
    assert withheld(circuit) is circuit
    CASES["a bit"][0](circuit)
    assert [i.name for i in withheld(circuit).data].count("if_else") == 1


def test_what_waits_in_real_time_is_not_called_software():
    for corrections in ("auto", "frame"):
        result = qn.run(Acting(), shots=10, seed=1, corrections=corrections)
        assert not any("software" in note for note in result.notes)
        assert any("real time" in note for note in result.notes)
    assert qn.run(Acting(), shots=10, seed=1).provenance["corrections"] == "feedforward"
    assert qn.run(Acting("his own"), shots=10, seed=1).provenance["corrections"] == "frame"
    assert any("software" in note for note in qn.run(qn.Teleportation(), shots=10, seed=1).notes)


def test_corrections_beside_messages_of_its_own_are_withheld_with_them():
    alice, bob = QuantumRegister(1, "alice"), QuantumRegister(1, "bob")
    circuit = QuantumCircuit(alice, bob, ClassicalRegister(1, "m"), ClassicalRegister(1, "out"))
    entangle(circuit, alice[0], bob[0])
    circuit.measure(0, 0)
    correct(circuit, bob[0], x=[circuit.clbits[0]])
    with circuit.if_test((0, 1)):
        circuit.z(1)
    circuit.measure(1, 1)
    assert [i.name for i in lower(circuit, "none").circuit.data].count("if_else") == 0
    assert [i.name for i in lower(circuit, "auto").circuit.data].count("if_else") == 2


@pytest.mark.parametrize("kind", ["until it arrives", "measured in it"])
def test_a_loop_from_which_nothing_can_be_withheld_is_refused(kind):
    circuit = started()
    if kind == "until it arrives":
        with circuit.while_loop((0, 0)):
            circuit.x(3)
    else:
        with circuit.while_loop((2, 1)):
            with circuit.if_test((0, 1)):
                circuit.x(3)
            circuit.measure(3, 0)
    check_circuit(circuit)
    with pytest.raises(UnsupportedError, match="loop"):
        withheld(circuit)


def test_a_loop_that_waits_for_a_message_to_begin_never_begins():
    circuit = started()
    with circuit.while_loop((0, 1)):
        circuit.x(3)
    assert withheld(circuit).data == circuit.data[:-1]


def test_a_bit_that_a_branch_may_have_overwritten_is_a_message_still():
    circuit = started()
    with circuit.if_test((circuit.clbits[2], 0)):
        circuit.measure(3, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(3)
    assert [(each.source, each.target) for each in check_circuit(circuit)] == [("alice", "bob")]
    assert "waits" in lower(circuit, "auto").notes[0]
    with pytest.raises(UnsupportedError, match="'if_else'"):
        lower(circuit, "none")
