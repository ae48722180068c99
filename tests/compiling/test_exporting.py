"""Exported circuits: what other tools read back does what was compiled."""

from itertools import product

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qasm3, qpy, transpile
from qiskit.circuit.classical import expr
from qiskit_aer import AerSimulator

import qnet_circuits as qn
from qnet_circuits.compiling.exporting import qasm3_of
from qnet_circuits.errors import ParameterError, RecordError, UnsupportedError
from tests.support.enumerator import distribution, registers_of, same

pytestmark = pytest.mark.usefixtures("any_place")
CHAIN = qn.RepeaterChain(hops=2)


def used(circuit):
    """Return a circuit on the qubits that it uses, without barriers and delays, and their total time."""
    data = [each for each in circuit.data if each.name not in ("barrier", "delay")]
    wires = list(dict.fromkeys(qubit for each in data for qubit in each.qubits))
    small = QuantumCircuit(wires, *circuit.cregs)
    for each in data:
        small.append(each)
    return small, sum(each.operation.duration for each in circuit.data if each.name == "delay")


def alike(one, other):
    (one, waited), (other, waits) = used(one), used(other)
    assert [each.size for each in one.cregs] == [each.size for each in other.cregs]
    assert waited == waits
    return same(registers_of(distribution(one))[0], registers_of(distribution(other))[0])


@pytest.mark.one_in(2)
@pytest.mark.parametrize("mode", ["frame", "feedforward", "postselect", "coherent", "none"])
@pytest.mark.parametrize("where", ["ideal", "aer:fake_kingston"])
def test_qasm_of_every_mode_has_the_same_distribution(mode, where):
    protocol = qn.Teleportation() if mode == "coherent" else qn.RepeaterChain(hops=3)
    compiled = qn.compile(protocol, where, corrections=mode)
    again = {name: qasm3.loads(text) for name, text in compiled.to_qasm3().items()}
    assert list(again) == [item.name for item in compiled]
    assert alike(compiled.circuits[0], again[compiled.items[0].name])
    if mode == "feedforward":
        assert any(each.is_control_flow() for each in again[compiled.items[0].name].data)


def test_qasm_keeps_the_delays_of_decoupling():
    compiled = qn.compile(CHAIN, "aer:fake_kingston", corrections="feedforward", decoupling=True)
    assert used(compiled.circuits[0])[1] > 0
    assert alike(compiled.circuits[0], qasm3.loads(compiled.to_qasm3()["xx"]))


def test_qpy_keeps_circuits_as_they_are(tmp_path):
    compiled = qn.compile(
        CHAIN, "aer:fake_kingston", corrections="feedforward", decoupling=True, mitigate=True
    )
    (file,) = compiled.export(tmp_path / "chain.qpy")
    with file.open("rb") as opened:
        again = qpy.load(opened)
    assert tuple(again) == compiled.circuits and again[-1].name == "readout_1"
    labels = [each.label for each in again[0].data if each.name == "barrier"]
    assert labels == [each.label for each in compiled.circuits[0].data if each.name == "barrier"]


def test_qpy_keeps_the_length_of_a_delay(tmp_path):
    circuit = QuantumCircuit(1, 1)
    circuit.delay(1.5, 0, unit="us")
    circuit.measure(0, 0)
    (file,) = qn.compile(circuit).export(tmp_path / "wait.qpy")
    with file.open("rb") as opened:
        (again,) = qpy.load(opened)
    (delay,) = (each.operation for each in again.data if each.name == "delay")
    assert delay.duration.value.unit() == "s" and delay.duration.value.value() == pytest.approx(1.5e-6)
    assert AerSimulator().run(transpile(again, AerSimulator())).result().success


def decided(condition):
    """Return a circuit whose target is turned on a condition of three bits, for each of their values."""
    for values in product((0, 1), repeat=3):
        circuit = QuantumCircuit(
            QuantumRegister(4, "a"), ClassicalRegister(3, "c"), ClassicalRegister(1, "out")
        )
        for k, value in enumerate(values):
            _ = circuit.x(k) if value else None
        circuit.measure([0, 1, 2], [0, 1, 2])
        condition(circuit, *circuit.cregs[0])
        circuit.measure(3, 3)
        yield circuit


def if_x(circuit, condition):
    with circuit.if_test(condition):
        circuit.x(3)


def either_way(circuit, a, b, c):
    with circuit.if_test(expr.bit_xor(a, expr.bit_xor(b, c))) as otherwise:
        circuit.x(3)
    with otherwise:
        circuit.reset(3)


def even(circuit, a, b, c):
    if_x(circuit, expr.bit_not(expr.bit_xor(a, c)))


def quarter(circuit, a, b, c):
    """Turn by S on a parity, and back by its inverse on each bit: Z where both are 1."""
    circuit.h(3)
    with circuit.if_test(expr.bit_xor(a, b)):
        circuit.s(3)
    for bit in (a, b):
        with circuit.if_test((bit, True)):
            circuit.sdg(3)
    circuit.h(3)


def switched(circuit, a, b, c):
    with circuit.switch(circuit.cregs[0]) as case:
        with case(1, 6):
            circuit.x(3)
        with case(3), circuit.if_test((circuit.cregs[0], 3)), circuit.if_test(expr.logic_and(a, b)):
            circuit.x(3)
        with case(case.DEFAULT):
            circuit.id(3)


@pytest.mark.parametrize(
    "condition",
    [
        lambda circuit, a, b, c: if_x(circuit, expr.logic_or(a, expr.logic_and(b, c))),
        lambda circuit, a, b, c: if_x(circuit, expr.less(circuit.cregs[0], 3)),
        lambda circuit, a, b, c: if_x(circuit, (circuit.cregs[0], 5)),
        either_way, even, quarter, switched,
    ],
)  # fmt: skip
def test_any_decision_is_made_as_it_was_written(condition):
    simulator = AerSimulator(method="statevector")
    for circuit in decided(condition):
        again = qasm3.loads(qasm3_of(circuit))
        counts = [simulator.run(each, shots=20).result().get_counts() for each in (circuit, again)]
        assert len(counts[0]) == 1 and counts[0] == counts[1]


def test_a_long_parity_of_paulis_has_a_decision_for_each_bit():
    text = qn.compile(qn.RepeaterChain(hops=30), corrections="feedforward").to_qasm3()["zz"]
    assert text.count("if (") == 2 * 29


def test_a_loop_on_a_parity_cannot_be_written():
    circuit = QuantumCircuit(1, 2)
    with circuit.while_loop(expr.bit_xor(circuit.clbits[0], circuit.clbits[1])):
        circuit.measure(0, 0)
    with pytest.raises(UnsupportedError, match="while_loop"):
        qasm3_of(circuit)


def test_files_are_named_after_circuits_and_overwrite_nothing(tmp_path):
    compiled = qn.compile(CHAIN)
    files = compiled.export(tmp_path / "new" / "circuits")
    assert [file.name for file in files] == ["xx.qasm", "yy.qasm", "zz.qasm"]
    assert alike(qasm3.loads(files[2].read_text()), compiled.circuits[2])
    for taken in (tmp_path / "new" / "circuits", tmp_path / "there.qpy"):
        (tmp_path / "there.qpy").touch()
        with pytest.raises(RecordError, match="exists"):
            compiled.export(taken)
    with pytest.raises(ParameterError, match=r"FILE\.qpy"):
        compiled.export(tmp_path / "chain.qasm")
    with pytest.raises(RecordError, match="cannot write"):
        compiled.export(tmp_path / "missing" / "chain.qpy")


def test_names_of_circuits_and_registers_that_no_file_or_language_takes(tmp_path):
    circuit = QuantumCircuit(QuantumRegister(1, "alice"), ClassicalRegister(1, "bit"))
    circuit.x(0)
    circuit.measure(0, 0)
    program = qn.Program([qn.Item("../a b", circuit), qn.Item(".. a b", circuit)])
    files = qn.compile(program).export(tmp_path / "out")
    assert len({*files}) == 2 and all(file.parent == tmp_path / "out" for file in files)
    assert AerSimulator().run(qasm3.loads(files[0].read_text())).result().get_counts() == {"1": 1024}
