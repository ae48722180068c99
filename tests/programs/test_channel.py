import math

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.quantum_info import Operator

import qnet_circuits as qn
from qnet_circuits.errors import FrameError, ParameterError, ProgramError, UnsupportedError
from qnet_circuits.programs.channel import CHANNEL, channel_of
from qnet_circuits.protocols.repeater_chain import bell_program
from qnet_circuits.theory.waiting import stored_fidelity

T1, T2 = 200e-6, 120e-6
ALPHA = 1e-6


def stored(happens, both=False, hops=1, **how):
    """Return the fidelity of a chain's pair of which one qubit, or both, suffers a channel."""

    def join(circuit, network, ends):
        qn.entangled_ends(circuit, network, ends)
        qn.channel(circuit, ends if both else ends[1], happens, **how)

    return bell_program(qn.Network.chain(hops), join)


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("hops", [1, 2])
def test_pairs_in_memories_fade_as_the_formula_says(both, hops, rng):
    program = stored(qn.Channel.memory(50e-6, T1, T2), both, hops)
    formula = stored_fidelity(50e-6, T1, T2, both)
    assert qn.run(program, "exact")["fidelity"].value == pytest.approx(formula, abs=1e-12)
    sampled = qn.run(program, "aer", shots=4000, seed=int(rng.integers(2**31)), level=1 - ALPHA)
    assert formula in sampled["fidelity"]


def test_frames_do_not_pass_what_tells_0_from_1():
    damped = stored(qn.Channel.damping(0.3), hops=2)
    with pytest.raises(FrameError, match="feedforward"):
        qn.run(damped, "exact", corrections="frame")
    assert qn.run(damped, "exact").provenance["corrections"] == "feedforward"
    assert qn.run(stored(qn.Channel.pauli((0.9, 0.1, 0, 0)), hops=2), "exact", corrections="frame")[
        "fidelity"
    ].value == pytest.approx(0.9, abs=1e-12)


@pytest.mark.parametrize("corrections", ["frame", "feedforward", "postselect"])
def test_emulated_errors_are_those_of_the_channel(corrections, rng):
    happens = qn.Channel.pauli((0.7, 0.15, 0.05, 0.1))
    program = stored(happens, hops=2, emulated=True)
    exact = qn.run(program, "exact", corrections=corrections)
    assert exact["fidelity"].value == pytest.approx(0.7, abs=1e-12)
    assert any("emulated" in note for note in exact.notes)
    sampled = qn.run(
        program, "ideal", shots=4000, seed=int(rng.integers(2**31)), corrections=corrections, level=1 - ALPHA
    )
    made = qn.run(stored(happens, hops=2), "exact")
    for name in ("xx", "yy", "zz"):
        assert made[name].value == pytest.approx(exact[name].value, abs=1e-12)
        assert made[name].value in sampled[name]


def test_any_kraus_channel(rng):
    """A random channel, against its operators' own effect on a state."""
    isometry = np.linalg.qr(rng.normal(size=(8, 8)) + 1j * rng.normal(size=(8, 8)))[0][:, :2]
    operators = [isometry[2 * k : 2 * k + 2] for k in range(4)]
    happens = qn.Channel.kraus(operators)
    state = np.array([[0.5, 0.5], [0.5, 0.5]])
    after = sum(k @ state @ k.conj().T for k in operators)
    node, out = QuantumRegister(1, "node"), ClassicalRegister(1, "out")
    for pauli, basis in (("X", [[0, 1], [1, 0]]), ("Y", [[0, -1j], [1j, 0]]), ("Z", [[1, 0], [0, -1]])):
        circuit = QuantumCircuit(node, out)
        circuit.h(node[0])
        qn.channel(circuit, node, happens)
        qn.measure_pauli(circuit, node[0], pauli, out[0])
        program = qn.Program([qn.Item("a", circuit)], [qn.Figure("mean", qn.parity("a", [("out", 0)]))])
        assert qn.run(program, "exact")["mean"].value == pytest.approx(
            np.trace(after @ np.array(basis)).real, abs=1e-12
        )


def test_what_channels_are():
    assert eval(repr(qn.Channel.damping(0.2)), {"Channel": qn.Channel}) == qn.Channel.damping(0.2)
    assert qn.Channel.pauli((0.4, 0.3, 0.2, 0.1)).weights == (0.4, 0.3, 0.2, 0.1)
    assert qn.Channel.damping(0.2).weights is None
    left = math.sqrt(0.8)
    twirled = ((1.8 + 2 * left) / 4, 0.05, 0.05, (1.8 - 2 * left) / 4)
    assert qn.Channel.damping(0.2).twirled.weights == pytest.approx(twirled, abs=1e-15)
    phase = qn.Channel.kraus([Operator.from_label("S").data])
    assert phase.weights is None and phase.passes("Z") and not phase.passes("X")
    assert qn.Channel.memory(3.0) == qn.Channel.pauli((1, 0, 0, 0))
    circuit = QuantumCircuit(QuantumRegister(1, "a"))
    qn.channel(circuit, circuit.qubits, qn.Channel.damping(0.25), emulated=False)
    assert circuit.data[0].name == CHANNEL and channel_of(circuit.data[0]) == (
        qn.Channel.damping(0.25),
        False,
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: qn.Channel(((1, 0, 0, 0), (0, 1.2, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))),
        lambda: qn.Channel(((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, -1, 0), (0, 0, 0, 1))),
        lambda: qn.Channel(((0.9, 0, 0, 0), (0, 0.9, 0, 0), (0, 0, 0.9, 0), (0, 0, 0, 0.9))),
        lambda: qn.Channel("x"),
        lambda: qn.Channel(np.full((4, 4), math.nan)),
        lambda: qn.Channel.kraus([np.eye(2) / 2]),
        lambda: qn.Channel.kraus([np.eye(4)]),
        lambda: qn.Channel.kraus(3),
        lambda: qn.Channel.damping(1.1),
        lambda: qn.Channel.memory(-1.0),
        lambda: qn.Channel.memory(1.0, t1=1.0, t2=3.0),
        lambda: qn.Channel.pauli((0.5, 0.5, 0.5, 0)),
    ],
)
def test_what_is_no_channel(make):
    with pytest.raises(ParameterError):
        make()


def test_what_a_circuit_refuses():
    circuit = QuantumCircuit(QuantumRegister(1, "a"), ClassicalRegister(1, "c"))
    with pytest.raises(ProgramError, match="Channel"):
        qn.channel(circuit, circuit.qubits[0], 0.3)
    with pytest.raises(ProgramError, match="twirled"):
        qn.channel(circuit, circuit.qubits[0], qn.Channel.damping(0.3), emulated=True)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        qn.channel(circuit, circuit.qubits[0], qn.Channel.damping(0.3))
    with pytest.raises(ProgramError, match="inside"):
        qn.Program([qn.Item("a", circuit)])


def test_what_machines_refuse():
    damped, paulis = stored(qn.Channel.damping(0.3)), stored(qn.Channel.pauli((0.9, 0, 0, 0.1)))
    for program, option in ((damped, {}), (paulis, {}), (damped, {"emulate_links": True})):
        with pytest.raises(UnsupportedError, match="simulator"):
            qn.submit(program, "local:fake_torino", dry_run=True, **option)
    emulated = qn.submit(paulis, "local:fake_torino", dry_run=True, emulate_links=True)
    assert emulated.compiled.items[0].lowered.forms.emulated == ((0.9, 0.0, 0.0, 0.1),)
