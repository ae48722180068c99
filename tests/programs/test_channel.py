import math
from dataclasses import replace

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit.library import CXGate, SwapGate
from qiskit.quantum_info import Operator

import qnet_circuits as qn
from qnet_circuits.errors import FrameError, LocalityError, ParameterError, ProgramError, UnsupportedError
from qnet_circuits.programs.channel import CHANNEL, channel_of
from qnet_circuits.programs.locality import check_circuit
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


def correlated(rng, count=3):
    """Return Kraus operators of a random channel of two qubits that leaves most of a state as it is."""
    isometry = np.linalg.qr(rng.normal(size=(4 * count, 4)) + 1j * rng.normal(size=(4 * count, 4)))[0]
    return [math.sqrt(0.8) * np.eye(4), *(math.sqrt(0.2) * isometry[4 * k : 4 * k + 4] for k in range(count))]


def linked(happens, hops, turned=False):
    """Return a chain whose first pair suffers a channel of both halves, in either order, as its link made it."""

    def join(circuit, network, ends):
        qn.entangled_ends(circuit, network, ends)

    program = bell_program(qn.Network.chain(hops), join)

    def noisy(circuit):
        made = circuit.copy_empty_like()
        for k, instruction in enumerate(circuit.data):
            made.append(instruction)
            if k == 0:
                qn.channel(made, instruction.qubits[:: -1 if turned else 1], happens)
        return made

    return replace(program, items=tuple(replace(each, circuit=noisy(each.circuit)) for each in program.items))


@pytest.mark.parametrize(("hops", "corrections"), [(1, "auto"), (2, "frame"), (2, "feedforward")])
def test_halves_of_a_pair_suffer_together(hops, corrections, rng):
    operators = correlated(rng)
    pair = np.array([1, 0, 0, 1]) / math.sqrt(2)
    expected = sum(abs(pair @ each @ pair) ** 2 for each in operators)
    program = linked(qn.Channel.kraus(operators), hops)
    assert qn.run(program, "exact", corrections=corrections)["fidelity"].value == pytest.approx(
        expected, abs=1e-12
    )


def test_a_channel_of_two_qubits_is_written_as_gates_are(rng):
    """The first qubit is the least significant; so CX, as a channel, is CX, and not one the other way round."""
    node, out = QuantumRegister(2, "node"), ClassicalRegister(2, "out")
    angles = rng.uniform(0, math.pi, 2)
    for control, target in ((0, 1), (1, 0)):
        seen = []
        for happens in (
            lambda c, *at: c.cx(*at),
            lambda c, *at: qn.channel(c, at, qn.Channel.kraus([CXGate().to_matrix()])),
        ):
            circuit = QuantumCircuit(node, out)
            for qubit, angle in zip(node, angles, strict=True):
                circuit.ry(angle, qubit)
            happens(circuit, node[control], node[target])
            circuit.measure(node, out)
            means = [qn.Figure(f"m{k}", qn.parity("a", [("out", k)])) for k in (0, 1)]
            result = qn.run(qn.Program([qn.Item("a", circuit)], means), "exact")
            seen.append([result[name].value for name in ("m0", "m1")])
        assert seen[0] == pytest.approx(seen[1], abs=1e-12) and abs(seen[0][0] - seen[0][1]) > 1e-3


def test_correlated_noise_on_a_device_is_one_for_all_engines(rng):
    program, quiet = linked(qn.Channel.kraus(correlated(rng)), 1), linked(qn.Channel.pauli((1, 0, 0, 0)), 1)
    seed = int(rng.integers(2**31))
    sampled = qn.run(program, "aer:fake_manila", shots=4000, seed=seed, level=1 - ALPHA, predict=False)
    for name in ("fidelity", "xx", "yy", "zz"):
        assert qn.predict(program, "fake_manila")[name].value in sampled[name]
    assert qn.predict(quiet, "fake_manila")["fidelity"].value not in sampled["fidelity"]


def test_the_order_of_the_halves_is_that_of_the_channel(rng):
    operators = correlated(rng)
    swap = SwapGate().to_matrix()
    turned = linked(qn.Channel.kraus([swap @ each @ swap for each in operators]), 1, turned=True)
    program = linked(qn.Channel.kraus(operators), 1)
    device = qn.line_device(2)  # a Bell pair made by CZ ends later at one half
    found = [qn.predict(each, device) for each in (program, turned)]
    for name in ("fidelity", "xx", "yy", "zz"):
        assert found[0][name].value == pytest.approx(found[1][name].value, abs=1e-9)
    assert qn.compile(program, device).verify() > 0


def test_two_qubits_that_suffer_each_by_itself(rng):
    """On a device whose waits do nothing, since both wait for one another if they suffer together."""
    once = [np.array([[1, 0], [0, math.sqrt(0.7)]]), np.array([[0, math.sqrt(0.3)], [0, 0]])]
    options = {"corrections": "feedforward", "noise": {"idle": False}}
    together = linked(qn.Channel.kraus([np.kron(a, b) for a in once for b in once]), 2)
    found = [
        qn.predict(each, "fake_manila", **options) for each in (together, linked(qn.Channel.kraus(once), 2))
    ]
    assert [found[0][name].value for name in ("fidelity", "xx", "yy", "zz")] == pytest.approx(
        [found[1][name].value for name in ("fidelity", "xx", "yy", "zz")], abs=1e-9
    )
    assert (
        abs(
            found[0]["zz"].value
            - qn.predict(linked(qn.Channel.damping(0), 2), "fake_manila", **options)["zz"].value
        )
        > 0.1
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
    cx = qn.Channel.kraus([CXGate().to_matrix()])
    assert [cx.passes(pauli, k) for pauli in "XZ" for k in (0, 1)] == [False, True, True, False]
    assert eval(repr(cx), {"Channel": qn.Channel}) == cx and cx.qubits == 2 and cx.weights is None
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
        lambda: qn.Channel.kraus([np.eye(8)]),
        lambda: qn.Channel.kraus([np.eye(4) / 2]),
        lambda: qn.Channel(np.diag([1.0] * 8)),
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
    swap = qn.Channel.kraus([SwapGate().to_matrix()])
    with pytest.raises(ProgramError, match="two"):
        qn.channel(circuit, circuit.qubits, swap)
    with pytest.raises(ProgramError, match="single"):
        qn.channel(circuit, circuit.qubits, swap.twirled, emulated=True)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        qn.channel(circuit, circuit.qubits[0], qn.Channel.damping(0.3))
    with pytest.raises(ProgramError, match="inside"):
        qn.Program([qn.Item("a", circuit)])


@pytest.mark.parametrize("between", ["nothing", "a gate", "a new pair"])
def test_nodes_share_the_noise_of_their_link_alone(between):
    """Otherwise a channel could be a gate of two nodes."""
    alice, bob = QuantumRegister(1, "alice"), QuantumRegister(2, "bob")
    circuit = QuantumCircuit(alice, bob)
    happens = qn.Channel.kraus([CXGate().to_matrix()])
    if between != "nothing":
        qn.entangle(circuit, alice[0], bob[0])
        qn.channel(circuit, [bob[0], alice[0]], happens)
    check_circuit(circuit)
    if between == "a gate":
        circuit.x(bob[0])
    if between == "a new pair":
        circuit.reset(alice[0])
        qn.entangle(circuit, alice[0], bob[1])
    qn.channel(circuit, [alice[0], bob[0]], happens)
    with pytest.raises(LocalityError, match="link"):
        check_circuit(circuit)


def test_what_machines_refuse():
    damped, paulis = stored(qn.Channel.damping(0.3)), stored(qn.Channel.pauli((0.9, 0, 0, 0.1)))
    both = linked(qn.Channel.kraus([CXGate().to_matrix()]), 1)
    for program, option in (
        (damped, {}),
        (paulis, {}),
        (both, {}),
        (both, {"emulate_links": True}),
        (damped, {"emulate_links": True}),
    ):
        with pytest.raises(UnsupportedError, match="simulator"):
            qn.submit(program, "local:fake_torino", dry_run=True, **option)
    emulated = qn.submit(paulis, "local:fake_torino", dry_run=True, emulate_links=True)
    assert emulated.compiled.items[0].lowered.forms.emulated == ((0.9, 0.0, 0.0, 0.1),)
