"""Announcements: what nodes say aloud to compare is in the ledger, and delays and decides nothing."""

import dataclasses
import json

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Qubit

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
        (qn.MdiQkd(pulses=100), 8, 0),  # the station tells both its two bits
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
NAMED = qn.Announcement("bob", "alice", 1, "outcome", [("out", 1)])


def test_announcements_delay_and_decide_nothing():
    silent, loud = sampled(), sampled(SAID, SAID)
    assert silent.id == loud.id
    assert loud.resources == {**silent.resources, "announced_bits": 2}
    lowered = [lower(program.items[0].circuit, "feedforward").circuit for program in (silent, loud)]
    assert lowered[0] == lowered[1]


@pytest.mark.parametrize("said", [SAID, NAMED])
def test_a_program_that_is_kept_still_announces(said):
    made = sampled(said)
    kept = json.loads(json.dumps(Given(made).parameters))
    again = Given.again(kept, [item.circuit for item in made], made.figures).made
    assert again.items[0].announced == (said,) and again.id == made.id == sampled().id


def test_an_announcement_without_results_is_kept_as_before_there_were_any():
    (kept,) = Given(sampled(SAID)).parameters["circuits"]["zz"]["announced"]
    assert kept == {"source": "bob", "target": "alice", "bits": 1, "what": "outcome"}


@pytest.mark.parametrize(
    "protocol",
    [
        qn.Chsh(hops=2),
        qn.E91(pairs=500),
        qn.BBM92(pairs=500, hops=2),
        qn.BB84(pulses=500, eve="man-in-the-middle"),
        qn.Distillation(hops=2, rounds=2, link_fidelity=0.9),
        qn.Distillation(hops=2, link_fidelity=0.9, order="swap-first"),
        qn.EncodedLink(hops=3),
        qn.EncodedLink(hops=2, code="repetition-3"),
    ],
    ids=lambda protocol: protocol.id,
)
def test_checks_and_outcomes_are_announced_by_name_by_who_measures_them(protocol):
    """Each bit of a figure's condition, and each outcome that is compared, is announced once by its own node."""
    for item in of(protocol):
        owner = {
            (item.circuit.find_bit(each.clbits[0]).registers[0][0].name, item.circuit.find_bit(each.clbits[0]).registers[0][1]):
            item.circuit.find_bit(each.qubits[0]).registers[0][0].name
            for each in item.circuit.data if each.name == "measure"
        }  # fmt: skip
        named = [(bit, said.source) for said in item.announced for bit in said.results]
        assert len({*named}) == len(named) and all(owner[bit] == source for bit, source in named)
        compared = [said for said in item.announced if said.what in ("outcome", "check")]
        prepared = {item.circuit.qregs[0].name} if item.widths["out"] == 1 else set()
        assert all(said.bits == len(said.results) for said in compared if said.source not in prepared)
        checks = {(name, k) for name in ("checks", "code") for k in range(item.widths.get(name, 0))}
        assert checks <= {bit for bit, _ in named}


def test_a_node_may_pass_on_what_it_heard():
    alone = qn.Announcement("alice", "bob", 1, "outcome", [("out", 1)])
    assert sampled(NAMED, alone).items[0].announced[1] == alone
    with pytest.raises(ProgramError):
        sampled(alone, NAMED)


def test_one_announcement_needs_no_list():
    item = sampled().items[0]
    assert dataclasses.replace(item, announced=SAID).announced == (SAID,)
    with pytest.raises(ProgramError):
        dataclasses.replace(item, announced=5)


def test_results_of_a_circuit_with_loose_bits_are_refused_like_the_circuit():
    for loose in (Qubit(), Clbit()):
        circuit = sampled().items[0].circuit.copy()
        circuit.add_bits([loose])
        circuit.measure(*((loose, 1) if isinstance(loose, Qubit) else (1, loose)))
        with pytest.raises(ProgramError):
            qn.Program([qn.Item("zz", circuit, announced=NAMED)])


@pytest.mark.parametrize(
    "announced",
    [
        lambda: (qn.Announcement("carol", "alice", 1, "basis"),),
        lambda: (qn.Announcement("bob", "bob", 1, "basis"),),
        lambda: (qn.Announcement("bob", "alice", 0, "basis"),),
        lambda: (qn.Announcement("bob", "alice", "one", "basis"),),
        lambda: (qn.Announcement("bob", "alice", 1, "outcome", [("out", 0)]),),
        lambda: (qn.Announcement("bob", "alice", 1, "outcome", [("out", 2)]),),
        lambda: (qn.Announcement("bob", "alice", 1, "outcome", [("in", 1)]),),
        lambda: (qn.Announcement("bob", "alice", 1, "outcome", [("out", 1), ("out", 0)]),),
        lambda: (qn.Announcement("bob", "alice", 2, "outcome", [("out", 1), ("out", 1)]),),
        lambda: (qn.Announcement("bob", "alice", 1, "outcome", ["out[1]"]),),
        lambda: (qn.Announcement("bob", "alice", 1, "outcome", ["out"]),),
        lambda: (qn.Announcement("bob", "alice", 1, "outcome", 1),),
        lambda: (qn.Announcement(1, 2, 1, "basis"),),
        lambda: ("basis",),
        lambda: (("bob", "alice", 1, "basis"),),
    ],
)
def test_what_is_no_announcement_between_nodes_is_refused(announced):
    with pytest.raises((ProgramError, ParameterError)) as refused:
        sampled(*announced())
    assert "\n" not in str(refused.value)
