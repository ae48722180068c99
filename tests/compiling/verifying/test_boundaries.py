"""Compilation keeps the parties apart, and the verifier notices where it would not."""

import warnings
from functools import cache

import numpy as np
import pytest
import qiskit_ibm_runtime.fake_provider as devices
import stim
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import CircuitInstruction, IfElseOp
from qiskit.circuit.classical import expr
from qiskit.circuit.library import CZGate, RZGate, XGate, YGate, ZGate

from qnet_circuits.compiling.building import fence_label, fence_labels
from qnet_circuits.compiling.clifford import NotClifford
from qnet_circuits.compiling.lowering import lower
from qnet_circuits.compiling.routing import Router
from qnet_circuits.compiling.verifying.boundaries import verify_boundaries
from qnet_circuits.compiling.verifying.instrument import Reader
from qnet_circuits.compiling.verifying.matrices import differing_branch
from qnet_circuits.compiling.verifying.stabilizer import differing_flow
from qnet_circuits.errors import UnsupportedError, VerificationError
from qnet_circuits.programs.blocks import bell_measurement, measure_pauli, prepare
from qnet_circuits.programs.chains import chain_registers, distribute, entangled_ends
from qnet_circuits.programs.instructions import correct, transmit
from qnet_circuits.programs.network import Network
from tests.support.enumerator import distribution
from tests.support.programs import put_fence, random_program
from tests.support.stabilizers import to_stim

LEVELS = (0, 1, 2, 3)
BASIS = ["rz", "sx", "x", "cz"]


@cache
def device(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one stand-in says that its errors are not typical
        return getattr(devices, name)()


def couplings(name):
    return {frozenset(pair) for pair in device(name).coupling_map.get_edges()}


def line(name, length):
    """Return the first line of coupled qubits of a device."""
    near = {}
    for a, b in device(name).coupling_map.get_edges():
        near.setdefault(a, set()).add(b)
        near.setdefault(b, set()).add(a)

    def extend(path):
        if len(path) == length:
            return path
        grown = (extend([*path, q]) for q in sorted(near[path[-1]] - set(path)))
        return next((path for path in grown if path), None)

    return next(path for path in (extend([q]) for q in sorted(near)) if path)


def compiled_on(name, circuit, level, layout=None):
    return transpile(
        circuit, device(name), optimization_level=level, initial_layout=layout, seed_transpiler=1
    )


def bb84():
    """Alice sends |+⟩, Bob measures X."""
    alice, bob = QuantumRegister(1, "alice"), QuantumRegister(1, "bob")
    circuit = QuantumCircuit(alice, bob, ClassicalRegister(1, "out"))
    prepare(circuit, alice[0], "+")
    transmit(circuit, alice[0], bob[0])
    measure_pauli(circuit, bob[0], "X", circuit.clbits[0])
    return lower(circuit).circuit


def repeater(hops=3, pauli="Y"):
    registers = chain_registers(network := Network.chain(hops))
    out = ClassicalRegister(2, "out")
    circuit = QuantumCircuit(*registers, out)
    ends = registers[0][0], registers[-1][0]
    entangled_ends(circuit, network, ends)
    for qubit, bit in zip(ends, out, strict=True):
        measure_pauli(circuit, qubit, pauli, bit)
    return circuit


def teleportation(state="+i", hops=1):
    registers = chain_registers(network := Network.chain(hops), first=2)
    bits, out = ClassicalRegister(2, "bits"), ClassicalRegister(1, "out")
    circuit = QuantumCircuit(*registers, bits, out)
    (data, half), bob = registers[0], registers[-1][0]
    prepare(circuit, data, state)
    x, z = distribute(circuit, network, (half, bob))
    bell_measurement(circuit, data, half, bits[0], bits[1])
    correct(circuit, bob, x=[*x, bits[1]], z=[*z, bits[0]])
    measure_pauli(circuit, bob, "Y", out[0])
    return circuit


# -- what compilers do ---------------------------------------------------------------------------------------------------


@pytest.mark.one_in(3)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    "name", ["FakeTorino", "FakeBrisbane", "FakeBoston", "FakeKingston", "FakeNighthawk"]
)
def test_fences_hold_on_every_device_at_every_level(name, level):
    for source, regions in ((bb84(), 3), (lower(repeater(2), "feedforward").circuit, 9)):
        compiled = compiled_on(name, source, level, line(name, source.num_qubits))
        assert fence_labels(compiled) == fence_labels(source)
        assert verify_boundaries(source, compiled) == regions


@pytest.mark.parametrize("level", [2, 3])
def test_without_fences_nothing_would_be_sent(level):
    source = bb84()
    bare = source.copy_empty_like()
    for instruction in source.data:
        if instruction.operation.name != "barrier":
            bare.append(instruction)
    compiled = compiled_on("FakeTorino", bare, level)
    assert set(compiled.count_ops()) == {"measure"}
    with pytest.raises(VerificationError, match="lost fences"):
        verify_boundaries(source, compiled)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("mode", ["frame", "feedforward", "postselect", "coherent"])
@pytest.mark.parametrize("program", [repeater, teleportation], ids=lambda program: program.__name__)
def test_programs_verify_in_every_mode(program, mode, level):
    source = lower(program(), mode).circuit
    layout = line("FakeTorino", source.num_qubits)
    if mode == "coherent":
        routed = Router(couplings("FakeTorino")).route(source, layout)
        source, layout = routed.circuit, list(routed.qubits)
    assert verify_boundaries(source, compiled_on("FakeTorino", source, level, layout)) > 3


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("mode", ["frame", "feedforward"])
def test_a_state_that_is_not_clifford_verifies(mode, level):
    source = lower(teleportation((0.7, 0.4)), mode).circuit
    compiled = compiled_on("FakeTorino", source, level, line("FakeTorino", 3))
    assert verify_boundaries(source, compiled) == 5


# -- planted errors ------------------------------------------------------------------------------------------------------


def rebuilt(circuit, data):
    new = circuit.copy_empty_like()
    for instruction in data:
        new.append(instruction)
    return new


def position(circuit, wanted):
    """Return where the first instruction stands whose name or fence's label contains a text."""
    found = (k for k, i in enumerate(circuit.data) if wanted in (fence_label(i) or i.name))
    return next(found)


@pytest.fixture(scope="module")
def sent():
    source = bb84()
    return source, compiled_on("FakeTorino", source, 1, [0])


@pytest.fixture(scope="module")
def chained():
    source = lower(repeater(), "feedforward").circuit
    return source, compiled_on("FakeTorino", source, 1, line("FakeTorino", 6))


def assert_caught(source, compiled, match):
    with pytest.raises(VerificationError, match=match):
        verify_boundaries(source, compiled)


def test_a_lost_fence_is_caught(sent):
    source, compiled = sent
    data = list(compiled.data)
    del data[position(compiled, "alice[0]:in")]
    assert_caught(source, rebuilt(compiled, data), r"fences: transmit1:alice\[0\]:in")
    assert_caught(rebuilt(compiled, data), compiled, r"fences: transmit1:alice\[0\]:in")


def test_a_fence_that_stands_twice_is_caught(sent):
    source, compiled = sent
    data = list(compiled.data)
    data.insert(0, data[position(compiled, "alice[0]:in")])
    assert_caught(source, rebuilt(compiled, data), r"fences .*transmit1:alice\[0\]:in")


def test_a_wide_fence_is_caught():
    source, compiled = QuantumCircuit(2), QuantumCircuit(2)
    put_fence(source, source.qubits[0], "a")
    compiled.barrier(label="fence:a")
    assert_caught(source, compiled, "fence a .*2 wires")


def test_a_gate_that_crosses_a_fence_is_caught(sent):
    source, compiled = sent
    data = list(compiled.data)
    data.insert(position(compiled, "bob[0]:out"), data.pop(position(compiled, "sx")))
    message = r"region \[.*transmit1:alice\[0\]:in\].* 1 → X"
    assert_caught(source, rebuilt(compiled, data), message)


def test_two_hadamards_that_cancel_across_the_fences_are_caught(sent):
    source, compiled = sent
    data = [i for i in compiled.data if i.name in ("barrier", "measure")]
    assert_caught(source, rebuilt(compiled, data), r"region \[.*to transmit1")


def test_fences_in_another_order_are_caught(sent):
    source, compiled = sent
    data = list(compiled.data)
    a, b = (position(compiled, end) for end in ("alice[0]:in", "bob[0]:out"))
    data[a], data[b] = data[b], data[a]
    assert_caught(source, rebuilt(compiled, data), "joined regions|changed the region")


def test_fences_that_change_wires_are_caught(chained):
    source, compiled = chained
    data = list(compiled.data)
    a, b = (position(compiled, end) for end in ("station1[0]:out", "station1[1]:out"))
    data[a], data[b] = data[a].replace(qubits=data[b].qubits), data[b].replace(qubits=data[a].qubits)
    assert_caught(source, rebuilt(compiled, data), "changed the region|joined regions")


@pytest.mark.parametrize("place", ["entangle0:station1[0]:in", "measure"])
def test_a_gate_between_two_regions_is_caught(chained, place):
    source, compiled = chained
    data = list(compiled.data)
    wires = [data[position(compiled, f"entangle{k}:station{k + 1}[0]:in")].qubits[0] for k in (0, 1)]
    data.insert(position(compiled, place), CircuitInstruction(CZGate(), wires))
    assert_caught(source, rebuilt(compiled, data), r"regions .*\[.* and \[")


def decisions(circuit):
    return [k for k, i in enumerate(circuit.data) if i.name == "if_else"]


def test_a_correction_that_is_dropped_is_caught(chained):
    source, compiled = chained
    for which in (0, 1):
        data = list(compiled.data)
        del data[decisions(compiled)[which]]
        assert_caught(source, rebuilt(compiled, data), r"source .* ⊕ swap\[0\]")


def replaced_decision(compiled, which, condition=None, gate=None):
    data = list(compiled.data)
    place = decisions(compiled)[which]
    old = data[place].operation
    body = old.blocks[0].copy_empty_like()
    for inside in old.blocks[0].data:
        body.append(gate or inside.operation, inside.qubits)
    new = IfElseOp(old.condition if condition is None else condition, body)
    data[place] = CircuitInstruction(new, data[place].qubits, data[place].clbits)
    return rebuilt(compiled, data)


def test_a_decision_on_other_bits_is_caught(chained):
    source, compiled = chained
    swap = next(register for register in compiled.cregs if register.name == "swap")
    for condition in ((swap[1], True), expr.bit_xor(swap[1], swap[2])):
        assert_caught(
            source, replaced_decision(compiled, 0, condition), "source takes|compiled circuit takes"
        )
    same = expr.bit_xor(swap[3], swap[1])
    assert verify_boundaries(source, replaced_decision(compiled, 0, same))
    assert_caught(source, replaced_decision(compiled, 0, expr.bit_not(same)), "takes")


def test_another_pauli_is_caught(chained):
    source, compiled = chained
    assert verify_boundaries(source, replaced_decision(compiled, 1, gate=RZGate(-np.pi)))
    assert_caught(source, replaced_decision(compiled, 1, gate=YGate()), r"region \[")
    assert_caught(source, replaced_decision(compiled, 1, gate=RZGate(np.pi + 0.1)), "matrices")
    # X and Z do the same to the Y that is measured there, but not to Z.
    source = lower(repeater(pauli="Z"), "feedforward").circuit
    compiled = compiled_on("FakeTorino", source, 1, line("FakeTorino", 6))
    assert_caught(source, replaced_decision(compiled, 1, gate=XGate()), r"region \[")
    assert_caught(source, replaced_decision(compiled, 0, gate=ZGate()), r"region \[")


def test_a_lost_or_added_measurement_is_caught(sent):
    source, compiled = sent
    data = list(compiled.data)
    measure = data.pop(position(compiled, "measure"))
    assert_caught(source, rebuilt(compiled, data), r"lost .*out\[0\]")
    again = rebuilt(compiled, [*data, measure, measure])
    assert_caught(source, again, r"added .*out\[0\] \(write 2\)")


@pytest.mark.parametrize("state", ["+i", (0.7, 0.4)])
def test_a_rotation_that_turns_too_far_is_caught(state):
    source = lower(teleportation(state), "frame").circuit
    compiled = compiled_on("FakeTorino", source, 1, line("FakeTorino", 3))
    caught = 0
    for k, instruction in enumerate(compiled.data):
        if instruction.name == "rz":
            data = list(compiled.data)
            data[k] = CircuitInstruction(RZGate(instruction.params[0] + 0.1), instruction.qubits)
            try:
                verify_boundaries(source, rebuilt(compiled, data))
            except VerificationError as error:
                assert "matrices" in str(error)  # noqa: PT017
                caught += 1
    # A rotation about Z of |0⟩, or before a measurement of Z, is nothing at all.
    assert caught >= 5


# -- the two routes ------------------------------------------------------------------------------------------------------


def whole(circuit):
    return Reader(circuit, cut=False).read()


@pytest.mark.parametrize("mode", ["frame", "feedforward", "none"])
@pytest.mark.parametrize("case", range(8))
def test_random_programs_verify(case, mode, rng):
    source = lower(random_program(rng), mode).circuit
    for level in LEVELS:
        compiled = transpile(source, basis_gates=BASIS, optimization_level=level, seed_transpiler=1)
        assert verify_boundaries(source, compiled)


@pytest.mark.parametrize("case", range(30))
def test_flows_and_matrices_give_the_same_verdict(case, rng):
    source = lower(random_program(rng, length=10), "feedforward").circuit
    steps = [k for k, i in enumerate(source.data) if i.name not in ("barrier", "measure")]
    for _ in range(4):
        data = list(source.data)
        del data[steps[rng.integers(len(steps))]]
        mutant = rebuilt(source, data)
        by_flows = differing_flow(whole(source), whole(mutant)) is None
        by_matrices = differing_branch(whole(source), whole(mutant)) is None
        assert by_flows == by_matrices
        same = distribution(source) == pytest.approx(distribution(mutant))
        assert same == by_matrices


@pytest.mark.parametrize("case", range(20))
def test_stabilizer_circuits_have_the_branches_of_the_circuit(case, rng):
    circuit = lower(random_program(rng, reuse=False), "feedforward").circuit
    built, record = to_stim(circuit)
    index = {k: circuit.find_bit(bit).index for bit, k in record.items()}
    found = [bits for (bits, _), weight in distribution(circuit).items() if weight > 1e-9]
    checks = [f for f in built.flow_generators() if set(str(f.output_copy())[1:]) <= {"_"}]
    for flow in checks:
        parity = flow.output_copy().sign == -1
        assert all(sum(bits[index[k]] for k in flow.measurements_copy()) % 2 == parity for bits in found)
    assert len(found) == 2 ** (len(record) - len(checks))
    assert built.num_measurements == len(record)


def test_the_conversion_to_stabilizers_does_not_round():
    circuit = QuantumCircuit(1)
    circuit.rz(1e-4, 0)
    with pytest.raises(UnsupportedError, match="stabilizer"):
        to_stim(circuit)
    circuit.rz(-1e-4, 0)
    assert to_stim(circuit)[0].has_flow(stim.Flow("1 -> Z"))


def test_gates_that_are_clifford_only_together_are_read_as_one():
    plain, turned = QuantumCircuit(2, 2), QuantumCircuit(2, 2)
    for circuit, angle in ((plain, 0.0), (turned, 0.3)):
        circuit.h([0, 1])
        circuit.rz(angle, 0)
        circuit.cx(0, 1)
        circuit.rz(-angle, 0)
        circuit.h(0)
        circuit.rx(angle, 1)
        circuit.cx(0, 1)
        circuit.rx(-angle, 1)
        circuit.rz(angle, 0)
        circuit.measure([0, 1], [0, 1])
    assert to_stim(plain)[0].num_measurements == 2
    assert differing_flow(whole(plain), whole(turned)) is None
    turned.data[2] = CircuitInstruction(RZGate(0.4), [turned.qubits[0]])
    with pytest.raises(NotClifford):
        differing_flow(whole(plain), whole(turned))


def test_gates_are_not_joined_across_a_decision():
    def circuit(gate, angle=0.3):
        made = QuantumCircuit(3, 2)
        made.h(0)
        made.measure(0, 0)
        made.ry(angle, 1)
        with made.if_test((made.clbits[0], True)):
            gate(made)
        made.ry(-angle, 1)
        made.measure(1, 1)
        return made

    def y(c):
        return c.y(1)

    def z(c):
        return c.z(1)

    assert verify_boundaries(circuit(y, 0.0), circuit(y)) == 2
    assert_caught(circuit(z, 0.0), circuit(z), r"matrices .*c\[0\] = 1")
    assert_caught(circuit(lambda c: c.id(1)), circuit(y), r"matrices .*c\[0\] = 1")
    both = circuit(lambda c: c.cx(1, 2))
    assert verify_boundaries(both, both) == 2
    assert verify_boundaries(circuit(lambda c: c.cx(1, 2), 0.0), circuit(lambda c: c.cx(1, 2), 0.0)) == 2
    assert_caught(both, circuit(lambda c: c.cx(2, 1)), "matrices")


def test_a_turn_before_a_reset_does_not_matter():
    turned, plain = QuantumCircuit(1, 1), QuantumCircuit(1, 1)
    turned.ry(0.3, 0)
    for circuit in (turned, plain):
        circuit.reset(0)
        circuit.measure(0, 0)
    assert differing_flow(whole(plain), whole(turned)) is None
    assert differing_branch(whole(plain), whole(turned)) is None


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", ["FakeBrisbane", "FakeBoston"])
def test_random_programs_verify_on_devices_by_both_routes(name, level, rng):
    for _ in range(3):
        source = lower(random_program(rng, length=16), "feedforward").circuit
        routed = Router(couplings(name)).route(source, line(name, source.num_qubits))
        source = routed.circuit
        compiled = compiled_on(name, source, level, list(routed.qubits))
        assert verify_boundaries(source, compiled)
        assert differing_branch(whole(source), whole(compiled)) is None
        if name == "FakeBoston":
            # With ECR, rotations that only cancel together may end up on both sides of a decision.
            assert differing_flow(whole(source), whole(compiled)) is None
            assert to_stim(compiled)[1].keys() == to_stim(source)[1].keys()


# -- what is read as the same --------------------------------------------------------------------------------------------


def decided(condition, gate="x", other=None):
    """Return a circuit in which a condition on two random bits decides on a gate."""
    circuit = QuantumCircuit(QuantumRegister(3), ClassicalRegister(2, "m"), ClassicalRegister(1, "out"))
    circuit.h([0, 1])
    for k in (0, 1):
        circuit.measure(k, k)
    for k in range(2):
        put_fence(circuit, circuit.qubits[k], f"{k}")
    body, alternative = QuantumCircuit(1), QuantumCircuit(1)
    getattr(body, gate)(0)
    if other is not None:
        getattr(alternative, other)(0)
    circuit.if_else(condition(circuit), body, alternative if other else None, [2], [])
    circuit.measure(2, 2)
    return circuit


def _m(circuit):
    return circuit.cregs[0]


SAME = {
    "not": (lambda c: (_m(c)[0], False), lambda c: expr.bit_not(_m(c)[0])),
    "different": (lambda c: expr.bit_xor(*_m(c)), lambda c: expr.not_equal(*_m(c))),
    "equal": (lambda c: expr.bit_not(expr.bit_xor(*_m(c))), lambda c: expr.equal(*_m(c))),
    "register": (lambda c: (_m(c), 3), lambda c: expr.logic_and(*_m(c))),
    "value": (lambda c: (_m(c), 1), lambda c: expr.equal(_m(c), 1)),
    "or": (lambda c: expr.bit_or(*_m(c)), lambda c: expr.logic_not(expr.equal(_m(c), 0))),
}


@pytest.mark.parametrize("name", SAME)
def test_conditions_are_compared_by_their_meaning(name):
    first, second = (decided(condition) for condition in SAME[name])
    assert verify_boundaries(first, second) == 5
    for other in SAME:
        if other != name:
            with pytest.raises(VerificationError, match=r"out\[0\]"):
                verify_boundaries(first, decided(SAME[other][0]))


def test_an_else_branch_is_read():
    def first(c):
        return (_m(c)[0], True)

    assert verify_boundaries(decided(first, "id", "x"), decided(lambda c: (_m(c)[0], False)))
    assert verify_boundaries(decided(first, "x", "x"), decided(first, "y", "x"))
    with pytest.raises(VerificationError):
        verify_boundaries(decided(first, "x", "x"), decided(first, "x", "z"))
    assert verify_boundaries(decided(first, "h", "x"), decided(first, "h", "x"))
    with pytest.raises(VerificationError, match=r"region .*matrices"):
        verify_boundaries(decided(first, "h", "x"), decided(first, "h", "z"))


def test_a_region_may_fall_apart_but_none_may_join():
    joined, apart = (QuantumCircuit(2, 2) for _ in range(2))
    joined.cz(0, 1)
    for circuit in (joined, apart):
        circuit.measure([0, 1], [0, 1])
    assert verify_boundaries(joined, apart) == 1
    assert_caught(apart, joined, "regions ")


def test_a_bit_written_again_is_another_bit():
    def circuit(early):
        made = QuantumCircuit(QuantumRegister(3), ClassicalRegister(1, "m"), ClassicalRegister(1, "out"))
        made.h([0, 1])
        body = QuantumCircuit(1)
        body.x(0)
        made.measure(0, 0)
        if early:
            made.if_else((made.clbits[0], True), body, None, [2], [])
        made.measure(1, 0)
        if not early:
            made.if_else((made.clbits[0], True), body, None, [2], [])
        made.measure(2, 1)
        return made

    assert verify_boundaries(circuit(True), circuit(True)) == 3
    assert_caught(circuit(True), circuit(False), r"m\[0\]")


def test_delays_plain_barriers_phases_and_wires_do_not_matter():
    source = QuantumCircuit(2, 1)
    source.h(0)
    put_fence(source, source.qubits[0], "a")
    source.measure(0, 0)
    other = QuantumCircuit(3, 1, global_phase=1.0)
    other.barrier()
    other.delay(100, 2)
    other.h(2)
    put_fence(other, other.qubits[2], "a")
    other.measure(2, 0)
    other.x(0)
    assert verify_boundaries(source, other) == 2


# -- what cannot be verified ---------------------------------------------------------------------------------------------


def test_a_region_that_is_neither_clifford_nor_small_is_refused():
    circuit = QuantumCircuit(24, 24)
    circuit.h(0)
    for k in range(23):
        circuit.cx(k, k + 1)
    circuit.ry(0.3, 5)
    circuit.measure(range(24), range(24))
    with pytest.raises(UnsupportedError, match="24 wires"):
        verify_boundaries(circuit, circuit)


def test_a_loop_is_refused():
    circuit = QuantumCircuit(1, 1)
    with circuit.while_loop((circuit.clbits[0], False)):
        circuit.measure(0, 0)
    with pytest.raises(UnsupportedError, match="'while_loop'"):
        verify_boundaries(circuit, circuit)
    circuit = QuantumCircuit(1, 2)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], True)):
        circuit.measure(0, 1)
    with pytest.raises(UnsupportedError, match="'measure'"):
        verify_boundaries(circuit, circuit)


def test_flows_refuse_what_is_not_clifford():
    circuit = QuantumCircuit(1, 1)
    circuit.ry(0.3, 0)
    circuit.measure(0, 0)
    with pytest.raises(NotClifford):
        differing_flow(whole(circuit), whole(circuit))
    circuit = QuantumCircuit(2, 2)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], True)):
        circuit.h(1)
    circuit.measure(1, 1)
    with pytest.raises(NotClifford):
        differing_flow(whole(circuit), whole(circuit))
    assert verify_boundaries(circuit, circuit) == 2


def test_many_bits_that_decide_on_a_gate_that_is_not_clifford_are_refused():
    circuit = QuantumCircuit(QuantumRegister(17), ClassicalRegister(16, "m"))
    circuit.h(range(16))
    circuit.measure(range(16), range(16))
    parity = expr.lift(circuit.clbits[0])
    for bit in circuit.clbits[1:]:
        parity = expr.bit_xor(parity, bit)
    with circuit.if_test(parity):
        circuit.rx(0.3, 16)
    put_fence(circuit, circuit.qubits[16], "a")
    with pytest.raises(UnsupportedError, match=r"\bto a\b.*\b1\b"):
        verify_boundaries(circuit, circuit)
