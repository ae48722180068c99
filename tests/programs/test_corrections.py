"""Corrections by any Clifford gate on one qubit: what they mean in every mode, and what is refused."""

import io

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qpy
from qiskit.circuit import Parameter
from qiskit.circuit.library import (
    CXGate,
    HGate,
    IGate,
    Measure,
    RZGate,
    SdgGate,
    SGate,
    SXGate,
    TGate,
    UnitaryGate,
    XGate,
    YGate,
    ZGate,
)  # fmt: skip
from qiskit.quantum_info import Clifford, random_clifford

from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.compiling.compiler import compile_program
from qnet_circuits.compiling.lowering import lower
from qnet_circuits.errors import FrameError, ProgramError, UnsupportedError
from qnet_circuits.plotting.layout import arrange
from qnet_circuits.programs.expressions import parity
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.instructions import conditioned, correct, entangle
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.locality import check_circuit
from qnet_circuits.programs.program import Item, Program
from tests.support.enumerator import corrected, distribution, registers_of, same
from tests.support.programs import random_program


def with_cliffords(circuit, rng):
    """Return a program's circuit in which each correction is by a random Clifford gate on the parity of its bits."""
    changed = circuit.copy_empty_like()
    for each in circuit.data:
        gate = random_clifford(1, seed=int(rng.integers(2**31))) if each.name == "correct" else None
        if gate is None or gate == Clifford(IGate()):
            changed.append(each)
        else:
            correct(changed, each.qubits[0], gate=gate, when=each.clbits)
    return changed


@pytest.mark.parametrize("case", range(20))
def test_modes_agree_with_the_meaning_on_every_branch(case, rng):
    circuit = with_cliffords(random_program(rng), rng)
    check_circuit(circuit)
    meant = distribution(circuit)
    everything, _ = registers_of(meant)
    gates = [found for each in circuit.data if each.name == "correct" for _, found in conditioned(each)]
    if any(gate.name not in ("x", "z") for found in gates for gate in found):
        with pytest.raises(FrameError):
            lower(circuit, "frame")
        assert lower(circuit, "auto").mode == "feedforward"
    assert same(everything, corrected(lower(circuit, "feedforward"))[0])
    try:
        assert same(everything, corrected(lower(circuit, "coherent"))[0])
    except UnsupportedError:
        assert any(
            len(bits) > 1 for each in circuit.data if each.name == "correct" for bits, _ in conditioned(each)
        )
    kept, share = registers_of(meant, lambda parities: not any(parities))
    if share > 1e-9:
        found, accepted = corrected(lower(circuit, "postselect"))
        assert accepted == pytest.approx(share)
        assert same(kept, found)
    silent, _ = registers_of(distribution(circuit, "none"))
    assert same(silent, corrected(lower(circuit, "none"))[0])


def injected(basis):
    """Return the program that does T to |+> by a magic state, at another node: S X there, if a parity of bits is odd."""
    alice, bob = QuantumRegister(3, "alice"), QuantumRegister(1, "bob")
    bits, out = ClassicalRegister(2, "m"), ClassicalRegister(1, "out")
    circuit = QuantumCircuit(alice, bob, bits, out)
    entangle(circuit, alice[1], bob[0])
    circuit.t(alice[1])  # (|00> + e^(i pi/4) |11>)/sqrt(2): the magic state, encoded
    circuit.h(alice[0])
    circuit.cx(alice[1], alice[0])
    circuit.measure(alice[0], bits[0])
    circuit.h(alice[1])
    circuit.measure(alice[1], bits[1])
    correct(circuit, bob[0], z=[bits[1]])
    both = QuantumCircuit(1)
    both.x(0)
    both.s(0)
    correct(circuit, bob[0], gate=Clifford(both), when=[bits[0]])
    if basis == "Y":
        circuit.sdg(bob[0])
    circuit.h(bob[0])
    circuit.measure(bob[0], out[0])
    return Program([Item("only", circuit)], [Figure("out", parity("only", [("out", 0)]))])


@pytest.mark.parametrize("mode", ["feedforward", "coherent", "postselect"])
@pytest.mark.parametrize("basis", "XY")
def test_a_t_gate_by_a_magic_state_is_exact_and_proved(basis, mode):
    program = injected(basis)
    compiled = compile_program(program, corrections=mode)
    assert compiled.verify() > 0
    value = ExactBackend("exact").evaluate(compiled, program.figures).values["out"].value
    assert value == pytest.approx(np.sqrt(0.5))
    assert (program.resources["classical_bits"], program.resources["rounds"]) == (2, 1)


@pytest.mark.parametrize(
    ("gate", "given"),
    [
        (XGate(), "x"),
        (ZGate(), "z"),
        (YGate(), "xz"),
        (RZGate(np.pi), "z"),
        (UnitaryGate(-1j * np.diag([1, -1])), "z"),
    ],
)
def test_a_pauli_is_one_however_it_is_given(gate, given):
    circuit = QuantumCircuit(1, 2)
    correct(circuit, 0, gate=gate, when=circuit.clbits)
    same_circuit = QuantumCircuit(1, 2)
    correct(same_circuit, 0, **dict.fromkeys(given, same_circuit.clbits))
    assert conditioned(circuit.data[0]) == tuple(
        (tuple(circuit.clbits), gates) for _, gates in conditioned(same_circuit.data[0])
    )


def test_a_gate_is_kept_and_stored():
    circuit = QuantumCircuit(QuantumRegister(1, "a"), ClassicalRegister(2, "m"))
    circuit.measure([0, 0], [0, 1])
    for gate in (SGate(), SdgGate(), HGate(), SXGate(), RZGate(np.pi / 2)):
        correct(circuit, circuit.qubits[0], gate=gate, when=circuit.clbits)
    names = [[gate.name for gate in gates] for each in circuit.data[2:] for _, gates in conditioned(each)]
    assert names == [["s"], ["sdg"], ["h"], ["sx"], ["s"]]
    assert arrange(circuit).placed[2].label == "S^(m[0]⊕m[1])"
    file = io.BytesIO()
    qpy.dump(circuit, file)
    file.seek(0)
    assert Program([Item("one", qpy.load(file)[0])]).id == Program([Item("one", circuit)]).id
    assert Program([Item("one", circuit)]).resources["depth"] == 7


@pytest.mark.parametrize(
    "given",
    [
        {"gate": TGate(), "when": [0]},
        {"gate": CXGate(), "when": [0]},
        {"gate": Measure(), "when": [0]},
        {"gate": IGate(), "when": [0]},
        {"gate": "h", "when": [0]},
        {"gate": RZGate(Parameter("a")), "when": [0]},
        {"gate": SGate()},
        {"gate": SGate(), "when": [0, 0]},
        {"gate": SGate(), "when": [0], "x": [1]},
        {"gate": SGate, "when": [0]},
        {"when": [0]},
        {},
    ],
    ids=str,
)
def test_what_is_no_correction_is_refused(given):
    circuit = QuantumCircuit(1, 2)
    bits = {key: [circuit.clbits[k] for k in value] for key, value in given.items() if key != "gate"}
    with pytest.raises(ProgramError) as refused:
        correct(circuit, circuit.qubits[0], **{**given, **bits})
    assert "\n" not in str(refused.value)


def test_bits_come_in_lists():
    circuit = QuantumCircuit(1, 2)
    for given in ({"x": circuit.clbits[0]}, {"gate": SGate(), "when": 5}):
        with pytest.raises(ProgramError, match="lists"):
            correct(circuit, circuit.qubits[0], **given)


def test_coherent_mode_refuses_a_parity_that_controlled_gates_do_not_make():
    circuit = QuantumCircuit(QuantumRegister(2, "a"), ClassicalRegister(3, "m"))
    circuit.h([0, 1])
    circuit.measure([0, 1], [0, 1])
    correct(circuit, circuit.qubits[0], gate=SGate(), when=circuit.clbits[:2])
    circuit.measure(0, 2)
    with pytest.raises(UnsupportedError, match="feedforward"):
        lower(circuit, "coherent")


def test_emulated_errors_do_not_pass_a_correction_that_is_no_pauli():
    circuit = QuantumCircuit(QuantumRegister(1, "a"), QuantumRegister(1, "b"), ClassicalRegister(2, "m"))
    entangle(circuit, circuit.qubits[0], circuit.qubits[1], Link(0.9))
    circuit.measure(0, 0)
    correct(circuit, circuit.qubits[1], gate=HGate(), when=[circuit.clbits[0]])
    circuit.measure(1, 1)
    with pytest.raises(FrameError, match="emulate_links"):
        lower(circuit, "feedforward", emulate_links=True)
    assert lower(circuit, "feedforward").mode == "feedforward"
