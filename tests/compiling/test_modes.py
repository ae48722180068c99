"""The correction modes agree, exactly, with the program's own meaning on every branch."""

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

from qnet_circuits.compiling.lowering import lower
from qnet_circuits.errors import FrameError, UnknownNameError, UnsupportedError
from qnet_circuits.programs.blocks import bell_measurement
from qnet_circuits.programs.instructions import correct, entangle, transmit
from qnet_circuits.programs.locality import check_circuit
from tests.support.enumerator import corrected, distribution, registers_of, same
from tests.support.programs import random_program


@pytest.mark.parametrize("case", range(40))
def test_modes_agree_on_random_local_programs(case, rng):
    circuit = random_program(rng)
    check_circuit(circuit)
    meant = distribution(circuit)
    everything, _ = registers_of(meant)
    for mode in ("frame", "feedforward", "coherent"):
        found, accepted = corrected(lower(circuit, mode))
        assert accepted == pytest.approx(1)
        assert same(everything, found), mode
    kept, share = registers_of(meant, lambda parities: not any(parities))
    if share > 1e-9:
        found, accepted = corrected(lower(circuit, "postselect"))
        assert accepted == pytest.approx(share)
        assert same(kept, found)
    silent, _ = registers_of(distribution(circuit, "none"))
    assert same(silent, corrected(lower(circuit, "none"))[0])


@pytest.mark.parametrize("carrier", ["relabel", "swap", "teleport"])
@pytest.mark.parametrize("case", range(8))
def test_carriers_agree(case, carrier, rng):
    circuit = random_program(rng, length=8)
    meant, _ = registers_of(distribution(circuit))
    width = circuit.num_clbits
    for mode in ("frame", "feedforward"):
        lowered = lower(circuit, mode, carrier)
        found, _ = corrected(lowered)
        cut = {}
        for bits, weight in found.items():
            cut[bits[:width]] = cut.get(bits[:width], 0) + weight
        assert same(meant, cut)


def _teleport(swapped=False):
    alice, bob = QuantumRegister(2, "alice"), QuantumRegister(1, "bob")
    bits, out = ClassicalRegister(2, "bits"), ClassicalRegister(1, "out")
    circuit = QuantumCircuit(alice, bob, bits, out)
    circuit.h(alice[0])
    entangle(circuit, alice[1], bob[0])
    bell_measurement(circuit, alice[0], alice[1], bits[0], bits[1])
    x, z = (bits[0], bits[1]) if swapped else (bits[1], bits[0])
    correct(circuit, bob[0], x=[x], z=[z])
    return circuit, bob[0], out[0]


def test_frame_refuses_what_it_cannot_pass_and_auto_takes_feedforward():
    circuit, bob, out = _teleport()
    circuit.t(bob)
    circuit.h(bob)
    circuit.measure(bob, out)
    with pytest.raises(FrameError, match=r"\bt\b"):
        lower(circuit, "frame")
    lowered = lower(circuit, "auto")
    assert lowered.mode == "feedforward"
    assert "cannot pass t" in lowered.notes[0]
    meant, _ = registers_of(distribution(circuit))
    assert same(meant, corrected(lowered)[0])


def test_a_diagonal_gate_passes_where_only_z_is_carried():
    alice, bob = QuantumRegister(1, "alice"), QuantumRegister(1, "bob")
    bits = ClassicalRegister(2, "m")
    circuit = QuantumCircuit(alice, bob, bits)
    circuit.h(alice[0])
    circuit.measure(alice[0], bits[0])
    circuit.h(bob[0])
    correct(circuit, bob[0], z=[bits[0]])
    circuit.t(bob[0])
    circuit.h(bob[0])
    circuit.measure(bob[0], bits[1])
    assert lower(circuit, "auto").mode == "frame"
    meant, _ = registers_of(distribution(circuit))
    assert same(meant, corrected(lower(circuit, "frame"))[0])


def test_feedforward_takes_one_decision_for_each_pauli():
    circuit, bob, out = _teleport()
    circuit.measure(bob, out)
    lowered = lower(circuit, "feedforward")
    assert [i.operation.name for i in lowered.circuit.data].count("if_else") == 2


def test_swapped_correction_bits_are_noticed():
    results = []
    for swapped in (False, True):
        circuit, bob, out = _teleport(swapped)
        circuit.h(bob)
        circuit.measure(bob, out)
        found, _ = corrected(lower(circuit, "frame"))
        results.append(sum(weight for bits, weight in found.items() if bits[2] == 0))
    assert results[0] == pytest.approx(1)
    assert results[1] == pytest.approx(0.5)


def test_unknown_mode():
    circuit, *_ = _teleport()
    with pytest.raises(UnknownNameError, match=r"correction mode 'fram'.*: frame"):
        lower(circuit, "fram")


def test_a_measurement_forgets_the_frame_of_z():
    alice, bits = QuantumRegister(1, "alice"), ClassicalRegister(3, "m")
    circuit = QuantumCircuit(alice, bits)
    circuit.h(alice[0])
    circuit.measure(alice[0], bits[0])
    correct(circuit, alice[0], z=[bits[0]])
    circuit.measure(alice[0], bits[1])
    circuit.h(alice[0])
    circuit.t(alice[0])
    circuit.h(alice[0])
    circuit.measure(alice[0], bits[2])
    meant, _ = registers_of(distribution(circuit))
    assert same(meant, corrected(lower(circuit, "frame"))[0])


def test_a_nested_decision_is_looked_into():
    """The inner decision reads a bit that is corrected in software alone, which the machine cannot know."""
    alice, bits = QuantumRegister(3, "alice"), ClassicalRegister(4, "m")
    circuit = QuantumCircuit(alice, bits)
    circuit.h([0, 1])
    circuit.measure(0, 0)
    correct(circuit, alice[1], x=[bits[0]])
    circuit.measure(1, 1)
    circuit.measure(2, 2)
    with circuit.if_test((bits[2], False)), circuit.if_test((bits[1], True)):
        circuit.x(2)
    circuit.measure(2, 3)
    check_circuit(circuit)
    with pytest.raises(FrameError, match=r"'if_else'.*feedforward"):
        lower(circuit, "frame")
    meant, _ = registers_of(distribution(circuit))
    assert same(meant, corrected(lower(circuit, "auto"))[0])


@pytest.mark.parametrize("mode", ["frame", "feedforward", "coherent"])
@pytest.mark.parametrize(("node", "register"), [("deferred", "m"), ("alice", "earlier")])
def test_a_node_or_register_may_have_the_name_of_what_lowering_adds(node, register, mode):
    near, far = QuantumRegister(1, node), QuantumRegister(1, "bob")
    bits, out = (
        ClassicalRegister(3, register),
        ClassicalRegister(1, "deferred" if node != "deferred" else "out"),
    )
    circuit = QuantumCircuit(near, far, bits, out)
    circuit.h(near[0])
    circuit.measure(near[0], bits[2])
    correct(circuit, far[0], x=[bits[2]])
    circuit.h(near[0])
    circuit.measure(near[0], bits[2])
    circuit.measure(far[0], out[0])
    meant, _ = registers_of(distribution(circuit))
    assert same(meant, corrected(lower(circuit, mode))[0])


def test_a_carrier_may_be_a_register_of_the_program():
    circuit = QuantumCircuit(
        QuantumRegister(1, "alice"), QuantumRegister(1, "bob"), ClassicalRegister(1, "carrier")
    )
    transmit(circuit, circuit.qubits[0], circuit.qubits[1])
    circuit.measure(1, 0)
    found, _ = corrected(lower(circuit, "frame", "teleport"))
    assert {bits[0] for bits in found} == {0}


@pytest.mark.parametrize("overwritten", [False, True])
def test_coherent_mode_refuses_corrections_by_bits_that_a_branch_measures(overwritten):
    alice, bob = QuantumRegister(2, "alice"), QuantumRegister(1, "bob")
    bits, out = ClassicalRegister(2, "m"), ClassicalRegister(1, "out")
    circuit = QuantumCircuit(alice, bob, bits, out)
    circuit.h(alice[0])
    circuit.measure(alice[0], bits[1])
    if overwritten:
        circuit.measure(alice[1], bits[0])
        correct(circuit, bob[0], x=[bits[0]])
    with circuit.if_test((bits[1], True)):
        circuit.x(alice[1])
        circuit.measure(alice[1], bits[0])
    if not overwritten:
        correct(circuit, bob[0], x=[bits[0]])
    circuit.measure(bob[0], out[0])
    with pytest.raises(UnsupportedError, match=r"m\[0\].*feedforward"):
        lower(circuit, "coherent")
    meant, _ = registers_of(distribution(circuit))
    assert same(meant, corrected(lower(circuit, "feedforward"))[0])
