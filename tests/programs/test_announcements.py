"""Announcements: what nodes say aloud to compare is in the ledger, and delays and decides nothing."""

import dataclasses
import json

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

import qnet_circuits as qn
from qnet_circuits.compiling.lowering import lower
from qnet_circuits.errors import ParameterError, ProgramError
from qnet_circuits.programs.given import Given


def of(protocol):
    return protocol.program(np.random.default_rng(1))


@pytest.mark.parametrize(
    ("protocol", "announced", "needed"),
    [
        (qn.BB84(pulses=100), 4, 0),  # Bob's basis, whether it counts, and both outcomes of a test round
        (qn.SixState(pulses=100), 5, 0),  # one of three bases takes two bits
        (qn.BBM92(pairs=100, hops=2), 4, 2),
        (qn.E91(pairs=100), 5, 0),  # in a CHSH round Alice's basis, too
        (qn.Chsh(hops=3), 2, 4),
        (qn.SwapTransport(hops=2, task="chsh"), 2, 0),
        (qn.RepeaterChain(hops=3), 0, 4),
    ],
    ids=lambda value: getattr(value, "id", None),
)
def test_the_ledger_counts_what_is_said_aloud_apart_from_what_is_waited_for(protocol, announced, needed):
    resources = of(protocol).resources
    assert (resources["announced_bits"], resources["classical_bits"]) == (announced, needed)


def test_rounds_of_the_key_tell_no_outcome():
    said = {
        item.name: [(each.source, each.what) for each in item.announced] for item in of(qn.BB84(pulses=100))
    }
    bases = [("bob", "basis"), ("alice", "whether the round counts")]
    assert said["z0_z"] == said["z1_x"] == said["x0_z"] == bases
    assert said["x0_x"] == [*bases, ("bob", "outcome"), ("alice", "outcome")]


@pytest.mark.parametrize("eve", ["intercept-resend:0.5", "entangling-probe:0.5", "man-in-the-middle"])
def test_parties_speak_past_an_eavesdropper_and_with_one_between(eve):
    ends = {
        (each.source, each.target) for item in of(qn.BB84(pulses=500, eve=eve)) for each in item.announced
    }
    if eve == "man-in-the-middle":
        assert ends == {("alice", "eve"), ("eve", "alice"), ("eve", "bob"), ("bob", "eve")}
    else:
        assert ends == {("alice", "bob"), ("bob", "alice")}


def sampled(*announced):
    circuit = QuantumCircuit(
        QuantumRegister(1, "alice"), QuantumRegister(1, "bob"), ClassicalRegister(2, "out")
    )
    qn.entangle(circuit, *circuit.qubits)
    circuit.measure([0, 1], [0, 1])
    item = qn.Item("zz", circuit, announced=announced)
    return qn.Program([item], [qn.Figure("zz", qn.parity("zz", [("out", 0), ("out", 1)]), ideal=1.0)])


SAID = qn.Announcement("bob", "alice", 1, "outcome")


def test_announcements_delay_and_decide_nothing():
    silent, loud = sampled(), sampled(SAID, SAID)
    assert silent.id == loud.id
    assert loud.resources == {**silent.resources, "announced_bits": 2}
    lowered = [lower(program.items[0].circuit, "feedforward").circuit for program in (silent, loud)]
    assert lowered[0] == lowered[1]


def test_a_program_that_is_kept_still_announces():
    made = sampled(SAID)
    kept = json.loads(json.dumps(Given(made).parameters))
    again = Given.again(kept, [item.circuit for item in made], made.figures).made
    assert again.items[0].announced == (SAID,)


def test_one_announcement_needs_no_list():
    item = sampled().items[0]
    assert dataclasses.replace(item, announced=SAID).announced == (SAID,)
    with pytest.raises(ProgramError):
        dataclasses.replace(item, announced=5)


@pytest.mark.parametrize(
    "announced",
    [
        lambda: (qn.Announcement("carol", "alice", 1, "basis"),),
        lambda: (qn.Announcement("bob", "bob", 1, "basis"),),
        lambda: (qn.Announcement("bob", "alice", 0, "basis"),),
        lambda: (qn.Announcement("bob", "alice", "one", "basis"),),
        lambda: (qn.Announcement(1, 2, 1, "basis"),),
        lambda: ("basis",),
        lambda: (("bob", "alice", 1, "basis"),),
    ],
)
def test_what_is_no_announcement_between_nodes_is_refused(announced):
    with pytest.raises((ProgramError, ParameterError)) as refused:
        sampled(*announced())
    assert "\n" not in str(refused.value)
