"""Wires that move once: every way does what the circuit does, and costs few gates on sparse chips."""

from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import CircuitInstruction
from qiskit.circuit.library import CXGate
from qiskit.quantum_info import Statevector

import qnet_circuits as qn
from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.backends.simulation.twin import Twin
from qnet_circuits.compiling import routing
from qnet_circuits.compiling.building import fence
from qnet_circuits.compiling.compiler import compile_program
from qnet_circuits.compiling.moving import moving
from qnet_circuits.compiling.prices import Prices, Uses
from qnet_circuits.compiling.routing import Router, follow
from qnet_circuits.compiling.swaps import left_by, undo_routing
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.devices.repaired import Usable
from qnet_circuits.errors import VerificationError
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.runs.shared import forget
from tests.devices.calibrations import perfect

#: A part of a heavy-hexagon lattice, and a line.
SPARSE = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (1, 7), (5, 8), (3, 9), (9, 10)]


def circuit_of(rng, wires=5, gates=6):
    circuit = QuantumCircuit(wires)
    for _ in range(gates):
        a, b = (int(each) for each in rng.choice(wires, 2, replace=False))
        circuit.ry(float(rng.uniform(0.3, 2.8)), a)
        circuit.cx(a, b)
    return circuit


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("pairs", [SPARSE, [(k, k + 1) for k in range(8)]], ids=["lattice", "line"])
def test_every_way_does_what_the_circuit_does(rng, pairs, seed):
    circuit = circuit_of(rng)
    prices = Prices.of(Device.from_calibration(perfect(1 + max(max(pair) for pair in pairs), pairs=pairs)))
    meant = Statevector(circuit).probabilities(range(5))
    for way in moving(circuit, prices)[:6]:
        routed = follow(circuit, way)
        wire = {qubit: k for k, qubit in enumerate(routed.layout)}
        begins = [wire.get(qubit) for qubit in routed.qubits]
        assert undo_routing(routed.circuit, begins) == undo_routing(circuit, range(5))
        assert all(
            frozenset(routed.qubits[routed.circuit.find_bit(q).index] for q in each.qubits)
            in prices.couplings
            for each in routed.circuit.data
            if len(each.qubits) == 2
        )
        ends = list(routed.qubits)
        holds = {qubit: wire.get(qubit) for qubit in ends}
        for a, b in way.swaps:
            holds[a], holds[b] = holds[b], holds[a]
        at = {held: ends.index(qubit) for qubit, held in holds.items() if held is not None}
        found = Statevector(routed.circuit).probabilities([at[k] for k in range(5)])
        assert found == pytest.approx(meant, abs=1e-9)


def test_a_wire_moves_to_a_free_qubit_by_two_gates():
    compiled = qn.compile(qn.Ghz(parties=4), "aer:fake_torino", corrections="frame", layout=[*range(12)])
    for item in compiled.items[:3]:
        gates, meant = (
            sum(each.name == "cx" for each in circuit.data) for circuit in (item.routed, item.lowered.circuit)
        )
        assert gates - meant < 3 * item.swaps
    assert compiled.verify() > 0


@pytest.mark.parametrize("dropped", [1, 2, 3])
def test_a_swap_of_wires_in_use_takes_three_gates(dropped):
    circuit = QuantumCircuit(QuantumRegister(3, "alice"), ClassicalRegister(3, "out"))
    circuit.cx([0, 1, 0], [1, 2, 2])
    circuit.measure(range(3), range(3))
    device = Device.from_calibration(perfect(3))
    compiled = compile_program(Program([Item("ring", circuit)]), device, layout=[0, 1, 2])
    (item,) = compiled.items
    assert item.swaps == 1 and compiled.verify() > 0
    wrong = item.routed.copy_empty_like()
    inside = 0
    for each in item.routed.data:
        label = each.label or ""
        inside = 1 if label.endswith(":b:in") else 0 if label.endswith("out") else inside + bool(inside)
        if inside != 1 + dropped:
            wrong.append(each)
    assert len(wrong.data) == len(item.routed.data) - 1
    broken = replace(compiled, items=(replace(item, routed=wrong, circuit=wrong),))
    with pytest.raises(VerificationError, match="routing "):
        broken.verify()


def test_what_is_left_behind_is_in_its_ground_state_before_the_other_goes_on():
    """A gate at the end of the circuit would leave it in |1⟩ meanwhile, beside qubits that turn with it."""
    device = fake_device("fake_sherbrooke")
    circuit = QuantumCircuit(QuantumRegister(4, "alice"), ClassicalRegister(4, "out"))
    circuit.h([0, 2])
    circuit.cx([0, 2, 0], [1, 3, 2])
    circuit.measure(range(4), range(4))
    (item,) = compile_program(Program([Item("line", circuit)]), device, layout=[1, 0, 3, 4]).items
    assert item.swaps == 1
    timed = [
        each
        for each in Twin(Usable(device.calibration)).timed(item.circuit, item.qubits)
        if not each.transparent
    ]
    ((position, place),) = ((k, each) for k, each in enumerate(item.circuit.data) if left_by(each))
    wire, other = (item.circuit.find_bit(qubit).index for qubit in place.qubits)
    ends = [each.end for each in timed if wire in each.wires and each.position < position]
    begins = [each.start for each in timed if other in each.wires and each.position > position]
    assert max(ends) <= min(begins) + 1e-12
    assert all(each.position < position for each in timed if wire in each.wires)


def test_nothing_is_drawn_where_each_wire_moves_once():
    found = []
    for seed in (0, 1000):
        forget()
        with mock.patch.object(routing, "FIRST_SEED", seed):
            compiled = qn.compile(qn.Ghz(parties=4), "aer:fake_montreal", corrections="frame")
        found.append([each.layout for each in compiled.items])
    assert found[0] == found[1]
    quiet = DeviceNoise(gates=False, readout=False, idle=False)
    value = qn.predict(qn.Ghz(parties=4), "fake_montreal", corrections="frame", noise=quiet).fidelity.value
    assert value == pytest.approx(1, abs=1e-9)


def test_the_loss_by_turns_is_that_of_random_pauli_errors():
    """exp(-2πi ζ t |11⟩⟨11|), as random Pauli errors, does nothing with probability (5 + 3 cos 2πζt)/8."""
    circuit = QuantumCircuit(2)
    circuit.cx(0, 1)
    circuit.delay(2, 0, unit="us")
    circuit.delay(2, 1, unit="us")
    circuit.cx(0, 1)
    turn = np.diag([1, 1, 1, np.exp(-2j * np.pi * 66e3 * 2e-6)])
    assert Uses.of(circuit, Prices.of(Device.from_calibration(perfect(2)))).turned == 0
    eagle = Prices.of(fake_device("fake_sherbrooke"))
    assert np.exp(-Uses.of(circuit, eagle).turned) == pytest.approx(abs(np.trace(turn) / 4) ** 2)


@pytest.mark.slow
@pytest.mark.parametrize(("device", "least"), [("fake_sherbrooke", 0.5), ("fake_marrakesh", 0.78)])
def test_a_star_loses_less_than_with_a_router_from_layouts_without_swaps(device, least):
    """SABRE's best of many seeds, with three gates for each SWAP, came to 0.46 and 0.77."""
    assert qn.predict(qn.Ghz(parties=6), device, corrections="frame").fidelity.value > least


def test_a_channel_on_unused_wires_is_not_lost_by_a_swap():
    """A wire that a channel may have flipped is no longer in |0⟩, so that a SWAP with it takes three CX."""
    circuit = QuantumCircuit(QuantumRegister(4, "alice"), ClassicalRegister(4, "out"))
    qn.channel(
        circuit,
        [circuit.qubits[1], circuit.qubits[2]],
        qn.Channel.kraus([np.kron([[0, 1], [1, 0]], np.eye(2))]),
    )
    circuit.x(0)
    circuit.cx([0, 0, 0, 2], [1, 2, 3, 1])
    circuit.measure(range(4), range(4))
    figures = [qn.Figure(f"bit{k}", qn.parity("star", [("out", k)])) for k in range(4)]
    program = Program([Item("star", circuit)], figures)
    exact = qn.predict(program, "exact").figures
    device = Device.from_calibration(perfect(4, t1=1.0, t2=1.0))
    for layout in ([0, 1, 2, 3], [1, 0, 3, 2], [3, 1, 0, 2]):
        found = qn.predict(program, device, layout=layout).figures
        for name, one in exact.items():
            assert found[name].value == pytest.approx(one.value, abs=1e-4)


def test_a_qubit_that_came_over_a_noisy_link_is_in_use():
    """Noise happens at the fence where it arrives, even if no gate was done to it."""
    alice, bob, out = QuantumRegister(1, "alice"), QuantumRegister(4, "bob"), ClassicalRegister(4, "out")
    circuit = QuantumCircuit(alice, bob, out)
    qn.transmit(circuit, alice[0], bob[0], qn.Link(pauli=(0.2, 0.8, 0, 0)))
    circuit.barrier(bob)
    circuit.cx([bob[1], bob[1], bob[0]], [bob[3], bob[2], bob[1]])
    circuit.measure(bob, out)
    figures = [qn.Figure(f"bit{k}", qn.parity("star", [("out", k)])) for k in range(4)]
    program = Program([Item("star", circuit)], figures)
    exact = qn.predict(program, "exact").figures
    device = Device.from_calibration(perfect(4, t1=1.0, t2=1.0))
    for layout in ([2, 1, 3, 0], [1, 0, 2, 3], None):
        found = qn.predict(program, device, layout=layout, noise=DeviceNoise(idle=False)).figures
        for name, one in exact.items():
            assert found[name].value == pytest.approx(one.value, abs=1e-9)


def ring_with_a_swap():
    """Return a compiled program with one SWAP of wires in use, and a function that verifies it with another circuit."""
    circuit = QuantumCircuit(QuantumRegister(3, "alice"), ClassicalRegister(3, "out"))
    circuit.cx([0, 1, 0], [1, 2, 2])
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], True)):
        circuit.cx(0, 2)
    circuit.measure([1, 2], [1, 2])
    device = Device.from_calibration(perfect(3))
    compiled = compile_program(Program([Item("ring", circuit)]), device, layout=[0, 1, 2])
    (item,) = compiled.items

    def verify(instructions):
        routed = item.routed.copy_empty_like()
        for each in instructions:
            routed.append(each)
        return replace(compiled, items=(replace(item, routed=routed, circuit=routed),)).verify()

    return item, verify


def fenced(qubits, number, gates):
    ends = {
        end: [fence(qubit, f"swap{number}:{side}:{end}") for qubit, side in zip(qubits, "ab", strict=False)]
        for end in ("in", "out")
    }
    return [*ends["in"], *gates, *ends["out"]]


def test_nothing_hides_between_the_fences_of_a_swap():
    item, verify = ring_with_a_swap()
    a, b, c = item.routed.qubits
    data = list(item.routed.data)
    assert verify(data) > 0
    gate = CircuitInstruction(CXGate(), (a, c))
    for qubits in [(a, b), (a,)]:
        for at in (0, len(data) // 2, len(data)):
            with pytest.raises(VerificationError, match="routing "):
                verify([*data[:at], *fenced(qubits, 7, [gate]), *data[at:]])


def test_a_swap_has_all_its_fences():
    item, verify = ring_with_a_swap()
    data = list(item.routed.data)
    of_swap = [k for k, each in enumerate(data) if (each.label or "").startswith("fence:swap")]
    assert len(of_swap) == 4
    for k in of_swap:
        with pytest.raises(VerificationError, match="routing "):
            verify([*data[:k], *data[k + 1 :]])


def test_a_decision_keeps_which_wire_controls_which():
    item, verify = ring_with_a_swap()
    data = list(item.routed.data)
    ((at, decision),) = ((k, each) for k, each in enumerate(data) if each.name == "if_else")
    (body,) = decision.operation.blocks
    turned = body.copy_empty_like()
    turned.cx(*body.data[0].qubits[::-1])
    data[at] = decision.replace(operation=decision.operation.replace_blocks([turned]))
    with pytest.raises(VerificationError, match="routing "):
        verify(data)


def test_swaps_around_a_loop_take_as_few_gates_as_others():
    circuit = QuantumCircuit(4, 1)
    circuit.measure(0, 0)
    with circuit.while_loop((circuit.clbits[0], True)):
        circuit.cx([0, 1], [1, 2])
        circuit.measure(0, 0)
    circuit.cx(2, 3)
    routed = Router([frozenset((k, k + 1)) for k in range(5)]).route(circuit, [0, 1, 2, 5])
    assert routed.swaps > 0
    wire = {qubit: k for k, qubit in enumerate(routed.layout)}
    begins = [wire.get(qubit) for qubit in routed.qubits]
    assert undo_routing(routed.circuit, begins) == undo_routing(circuit, range(4))
