"""Every rule of a job on a processor, with circuits that break just it and circuits that just do not."""

import functools
import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, IfElseOp, Parameter
from qiskit.circuit.classical import expr, types
from qiskit.circuit.library import RZZGate
from qiskit.transpiler import Target

import qnet_circuits as qn
from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.backends.ibm.submission import circuits_for
from qnet_circuits.backends.service.loads import broadcasts, load_of
from qnet_circuits.backends.service.violations import Limits, Violation, refuse
from qnet_circuits.errors import ParameterError, UnsupportedError
from tests.backends.service.one_job import RULES, check

MANILA = fake_device("fake_manila").described.target  # cx on neighbours of five, delays of 16 dt


def without_control_flow(target):
    """Return a target that decides nothing in real time."""
    less = Target(num_qubits=target.num_qubits, dt=target.dt)
    for name in target.operation_names:
        if name not in ("if_else", "for_loop", "switch_case"):
            less.add_instruction(target.operation_from_name(name), target[name], name=name)
    return less


STATIC = without_control_flow(MANILA)


def circuit(qubits=2, bits=2, name="c"):
    return QuantumCircuit(QuantumRegister(qubits, "q"), ClassicalRegister(bits, "m"), name=name)


def deciding(condition_of, bits=2, *, also=None):
    """Return a circuit with one decision, whose condition is made of the circuit."""
    made = circuit(2, bits)
    if also is not None:
        made.add_register(also)
    made.measure(0, 0)
    with made.if_test(condition_of(made)):
        made.x(1)
    return made


def plain():
    made = circuit()
    made.measure(0, 0)
    return made


def loop(kind):
    made = circuit()
    if kind == "for":
        with made.for_loop(range(2)):
            made.x(0)
    elif kind == "while":
        with made.while_loop((made.clbits[0], True)):
            made.x(0)
    elif kind == "switch":
        with made.switch(made.cregs[0]) as case, case(1):
            made.x(0)
    else:
        with made.box():
            made.x(0)
    return made


def both_branches():
    made = circuit()
    with made.if_test((made.clbits[0], True)) as otherwise:
        made.delay(16, 0)
        made.x(0)
    with otherwise:
        made.barrier(0, 1)
        made.cx(0, 1)
    return made


def two_decisions(nested):
    made = circuit()
    with made.if_test((made.clbits[0], True)):
        made.x(0)
        if nested:
            with made.if_test((made.clbits[1], True)):
                made.x(1)
    if not nested:
        with made.if_test((made.clbits[1], True)):
            made.x(1)
    return made


def in_branch(what, otherwise=False):
    made = circuit()
    with made.if_test((made.clbits[0], True)) as other:
        made.x(0)
        if not otherwise:
            what(made)
    if otherwise:
        with other:
            what(made)
    return made


def parity(bits):
    def condition(made):
        terms = expr.lift(made.clbits[0])
        for bit in made.clbits[1:bits]:
            terms = expr.bit_xor(terms, bit)
        return terms

    return condition


def with_variable(width, use):
    made = circuit()
    variable = made.add_var("v", expr.lift(0, types.Uint(width)))
    use(made, variable)
    return made


def compared(made, variable):
    with made.if_test(expr.equal(variable, 1)):
        made.x(0)


def delayed(length, unit="dt"):
    made = plain()
    made.delay(length, 1, unit)
    return made


def stretched():
    made = plain()
    made.delay(made.add_stretch("s"), 1)
    return made


def gate(what):
    made = plain()
    what(made)
    return made


def register(*registers):
    made = QuantumCircuit(1, name="c")
    for each in registers:
        made.add_register(each) if isinstance(each, ClassicalRegister) else made.add_bits([each])
    return made


def rotated(angle):
    made = plain()
    made.rzz(angle, 0, 1)
    return made


def fractional():
    target = Target(num_qubits=2)
    for name in ("cx", "measure"):
        target.add_instruction(
            MANILA.operation_from_name(name), {(0, 1): None} if name == "cx" else {(0,): None}
        )
    target.add_instruction(RZZGate(Parameter("t")), {(0, 1): None})
    return target


@functools.cache
def deciding_anew(times, width, measured=True):
    """Return a circuit that decides again and again, on fresh data or on the same."""
    made = circuit(1, width)
    body = QuantumCircuit(made.qubits, made.clbits)
    body.x(0)
    decision = IfElseOp(parity(width)(made) if width > 1 else (made.clbits[0], True), body)
    for _ in range(times):
        if measured:
            made.measure(0, 0)
        made.append(decision, made.qubits, made.clbits)
    return made


@functools.cache
def pairs(number):
    made = plain()
    for _ in range(number):
        made.cx(0, 1)
    return made


def all_weights():
    """Return a circuit with 93 control instructions on qubit 0: begin, rz, delay, sx, x, cx, measure, and reset."""
    made = circuit()
    made.rz(0.1, 0)
    made.delay(16, 0)
    made.sx(0)
    made.cx(0, 1)
    made.measure(0, 0)
    made.reset(0)
    with made.if_test((made.clbits[0], True)) as otherwise:
        made.x(0)
    with otherwise:
        made.cx(0, 1)
    return made


SIZE = load_of(plain()).input_bytes
#: A tenth of what a job may have, since it takes long to write circuits of the full size; and any width of a condition.
FEW = Limits(condition_bits=64, broadcast_memory=14_160, two_qubit_gates=999)


def made(job):
    """Return a job whose large circuits, which are there as functions, are made."""
    return {**job, "circuits": [each() if callable(each) else each for each in job["circuits"]]}


def job(circuits, target=MANILA, shots=100, **more):
    return {
        "circuits": circuits if isinstance(circuits, list) else [circuits],
        "target": target,
        "shots": shots,
        **more,
    }


#: The rule, what breaks just it, and what just does not.
TABLE = [
    ("dynamic", job(both_branches(), STATIC), job(plain(), STATIC)),
    *(("control_flow", job(loop(kind)), job(both_branches())) for kind in ("for", "while", "switch", "box")),
    ("nesting", job(two_decisions(True)), job(two_decisions(False))),
    ("branch", job(in_branch(lambda c: c.measure(1, 1))), job(in_branch(lambda c: c.x(1)))),
    ("branch", job(in_branch(lambda c: c.reset(1))), job(in_branch(lambda c: c.delay(16, 1)))),
    ("branch", job(in_branch(lambda c: c.measure(1, 1), True)), job(in_branch(lambda c: c.x(1), True))),
    ("operand", job(deciding(lambda c: (c.cregs[0], 3), 33)), job(deciding(lambda c: (c.cregs[0], 3), 32))),
    ("operand", job(deciding(lambda c: (c.cregs[0], 3), 33)), job(deciding(lambda c: (c.clbits[30], True), 50))),
    (
        "operand",
        job(deciding(lambda c: expr.less(c.cregs[0], 3), 33)),
        job(deciding(lambda c: expr.index(c.cregs[0], 30), 50)),
    ),
    ("operand", job(with_variable(33, compared)), job(with_variable(32, compared))),
    ("condition", job(deciding(parity(33), 33)), job(deciding(parity(32), 33))),
    ("condition", job(deciding(parity(33), 33)), job(deciding(parity(33), 33), limits=Limits(condition_bits=33))),
    (
        "condition",
        job(deciding(lambda c: expr.less(c.cregs[0], c.cregs[1]), 17, also=ClassicalRegister(16, "n"))),
        job(deciding(lambda c: expr.less(c.cregs[0], c.cregs[1]), 16, also=ClassicalRegister(16, "n"))),
    ),
    (
        "arithmetic",
        job(deciding(lambda c: expr.equal(expr.add(c.cregs[0], 1), 1))),
        job(deciding(lambda c: expr.logic_not(expr.equal(expr.bit_and(c.cregs[0], 1), 1)))),
    ),
    (
        "arithmetic",
        job(deciding(lambda c: expr.equal(expr.shift_left(c.cregs[0], 1), 1))),
        job(deciding(lambda c: expr.greater(c.cregs[0], 1))),
    ),
    (
        "arithmetic",
        job(with_variable(8, lambda c, v: c.store(v, expr.mul(v, 2)))),
        job(with_variable(8, lambda c, v: c.store(v, expr.bit_xor(v, 2)))),
    ),
    ("store", job(gate(lambda c: c.store(c.cregs[0], 1))), job(with_variable(2, lambda c, v: c.store(v, c.cregs[0])))),
    ("store", job(gate(lambda c: c.store(c.clbits[0], True))), job(plain())),
    ("input", job(gate(lambda c: c.add_input("a", types.Bool()))), job(gate(lambda c: c.add_var("a", False)))),
    (
        "parameter",
        job(gate(lambda c: c.rz(Parameter("t"), 0))),
        job(gate(lambda c: c.rz(Parameter("t"), 0)).assign_parameters([1.0])),
    ),
    ("delay", job(delayed(24)), job(delayed(32))),
    ("delay", job(delayed(10, "ns")), job(delayed(16 * MANILA.dt, "s"))),
    ("delay", job(in_branch(lambda c: c.delay(8, 0))), job(stretched())),
    ("gate", job(gate(lambda c: c.h(0))), job(gate(lambda c: c.sx(0)))),
    ("gate", job(gate(lambda c: c.cz(0, 1))), job(gate(lambda c: c.cx(1, 0)))),
    ("gate", job(in_branch(lambda c: c.h(0))), job(in_branch(lambda c: c.rz(0.1, 0)))),
    ("angle", job(rotated(-0.1), fractional()), job(rotated(0.0), fractional())),
    ("angle", job(rotated(1.6), fractional()), job(rotated(math.pi / 2), fractional())),
    ("qubits", job(circuit(6)), job(circuit(5))),
    ("register", job(register()), job(register(ClassicalRegister(1, "match")))),
    ("register", job(register(ClassicalRegister(1, "class"))), job(register(ClassicalRegister(1, "klass")))),
    ("register", job(register(ClassicalRegister(1, "1x"))), job(register(ClassicalRegister(1, "x1")))),
    ("register", job(register(ClassicalRegister(0, "x"))), job(register(ClassicalRegister(1, "x")))),
    ("register", job(register(ClassicalRegister(1, "items"))), job(register(ClassicalRegister(1, "item")))),
    ("register", job(register(ClassicalRegister(1, "x"), Clbit())), job(register(ClassicalRegister(1, "x")))),
    ("shots", job(plain(), shots=0), job(plain(), shots=1)),
    ("shots", job(plain(), shots=True), job(plain(), shots=np.int64(3))),
    ("shots", job(plain(), shots=[2.5]), job(plain(), shots=None)),
    ("shots", job([plain(), plain()], shots=[2, 3]), job([plain(), plain()], shots=[2, 2])),
    ("broadcasts", job(partial(deciding_anew, 241, 1), limits=FEW), job(partial(deciding_anew, 240, 1), limits=FEW)),
    ("broadcasts", job(partial(deciding_anew, 31, 60), limits=FEW), job(partial(deciding_anew, 30, 60), limits=FEW)),
    (
        "broadcasts",
        job(partial(deciding_anew, 241, 1), limits=FEW),
        job(partial(deciding_anew, 241, 1, measured=False), limits=FEW),
    ),
    (
        "broadcasts",
        job([partial(deciding_anew, 121, 1)] * 2, limits=FEW),
        job([partial(deciding_anew, 120, 1)] * 2, limits=FEW),
    ),
    (
        "control_instructions",
        job(all_weights(), limits=Limits(control_instructions=92)),
        job(all_weights(), limits=Limits(control_instructions=93)),
    ),
    (
        "control_instructions",
        job([all_weights()] * 2, limits=Limits(control_instructions=185)),
        job([all_weights()] * 2, limits=Limits(control_instructions=186)),
    ),
    ("two_qubit_gates", job(partial(pairs, 1_000), limits=FEW), job(partial(pairs, 999), limits=FEW)),
    (
        "two_qubit_gates",
        job([partial(pairs, 500)] * 2, limits=FEW),
        job([partial(pairs, 500), partial(pairs, 499)], limits=FEW),
    ),
    ("executions", job(plain(), shots=5_000_001), job(plain(), shots=5_000_000)),
    ("executions", job([plain()] * 2, shots=2_500_001), job([plain()] * 2, shots=2_500_000)),
    (
        "input_bytes",
        job(plain(), limits=Limits(input_bytes=SIZE - 1)),
        job(plain(), limits=Limits(input_bytes=SIZE)),
    ),
    ("seconds", job(plain(), seconds=[108.0]), job(plain(), seconds=[107.9])),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "broken", "kept"), TABLE, ids=[f"{k}-{row[0]}" for k, row in enumerate(TABLE)]
)
def test_every_rule_is_broken_alone_and_just_kept(rule, broken, kept):
    found = check(**made(broken))
    assert {each.rule for each in found} == {rule}
    assert check(**made(kept)) == []
    for each in found:
        assert each.message and each.way_out and "\n" not in str(each)
    with pytest.raises(UnsupportedError):
        refuse(found)


def test_the_table_has_every_rule():
    assert {row[0] for row in TABLE} == set(RULES)


def test_the_numbers_are_the_documented_ones():
    assert Limits() == Limits(32, 141_600, 32_000_000, 5_000_000, 9_999, 50_000_000, 10_800)
    with pytest.raises(ParameterError, match=r"executions .* 0$"):
        Limits(executions=0)


def test_a_violation_names_circuit_instruction_and_way_out():
    made = both_branches()
    made.name = "mine"
    [found] = check([made], STATIC)
    assert (found.rule, found.circuit) == ("dynamic", "mine")
    assert found.instruction == "if_else on qubits 0, 1 (instruction 0)"
    assert 'corrections="frame"' in found.way_out
    [found] = check([in_branch(lambda c: c.measure(1, 1))], MANILA)
    assert found.instruction == "measure on qubit 1 inside if_else on qubits 0, 1 (instruction 0)"
    [found] = check([plain(), plain()], MANILA, [2, 3])
    assert found.circuit is None and "several jobs" in found.way_out
    [found] = check([delayed(24)], MANILA)
    assert found.way_out == "make it 16 or 32 dt"
    for length, unit in ((1e-5, "s"), (0.01, "ms"), (10, "us"), (10_000, "ns")):
        [found] = check([delayed(length, unit)], MANILA)
        assert "lasts 45000 dt" in found.message


def test_what_one_circuit_breaks_is_not_said_again_of_the_job():
    assert [each.circuit for each in check([pairs(10_000), plain()], MANILA)] == ["c"]


def test_in_a_branch_qubits_are_those_of_the_device():
    made = circuit(4)
    with made.if_test((made.clbits[0], True)):
        made.cx(3, 1)
    [found] = check([made], MANILA)
    assert found.rule == "gate" and found.instruction.startswith("cx on qubits 3, 1 inside if_else on qubits")


def test_the_error_is_one_line_that_says_how_many_more():
    first = Violation("gate", "c", "h on qubit 0", "h on\nqubit 0", "compile")
    for number, tail in ((1, "compile"), (3, r"compile \(and 2 more\)")):
        with pytest.raises(UnsupportedError, match=f"^h on qubit 0; {tail}$"):
            refuse([first] * number)
    refuse([])


def test_there_is_one_number_of_shots_for_each_circuit():
    with pytest.raises(ValueError, match="argument"):
        check([plain()], MANILA, [1, 2])


# -- broadcasts ----------------------------------------------------------------------------------------------------


def test_broadcasts_are_those_of_the_guide():
    c0, c1 = ClassicalRegister(3, "c0"), ClassicalRegister(5, "c1")
    made = QuantumCircuit(QuantumRegister(1, "q"), c0, c1)
    for condition in ((c0, 1), (c0, 3), (c1[2], 1)):
        with made.if_test(condition):
            made.x(0)
    assert broadcasts(made) == (2, 4)


def test_data_is_sent_again_after_it_was_rewritten():
    made = circuit(2, 3)
    sent = []
    for change in (lambda: None, lambda: made.measure(0, 2), lambda: made.measure(0, 1), lambda: made.x(0)):
        change()
        with made.if_test(expr.bit_xor(made.clbits[0], made.clbits[1])):
            made.x(0)
        sent.append(broadcasts(made))
    assert sent == [(1, 2), (1, 2), (2, 4), (2, 4)]


def test_a_stored_variable_counts_once_where_it_is_computed_and_once_where_it_decides():
    made = circuit(2, 3)
    variable = made.add_var("v", expr.bit_xor(made.clbits[0], made.clbits[1]))
    for _ in range(2):
        with made.if_test(variable):
            made.x(0)
    assert broadcasts(made) == (2, 3)


def test_data_that_a_branch_rewrites_is_sent_again():
    made = circuit(2, 2)
    for _ in range(2):
        with made.if_test((made.clbits[1], True)):
            made.x(0)
        with made.if_test((made.clbits[0], True)):
            made.store(made.clbits[1], True)
    assert broadcasts(made) == (3, 3)


# -- protocols -----------------------------------------------------------------------------------------------------

#: One device is tried by default: limits are those of jobs, whatever the device.
DEVICES = (
    "fake_kingston",
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("fake_torino", "fake_boston")),
)


#: Protocols whose corrections are more than Paulis, so that no Pauli frame passes them.
IN_REAL_TIME = ("blind-computing",)


#: Protocols of so many qubits that the search for their places takes long.
SEARCHED = (
    "anonymous-transmission", "blind-computing", "conference-key", "distillation-map", "distributed-circuit", "encoded-link",
    "ghz-game", "ghz-verification", "graph-state", "leader-election", "sensing", "voting", "w-state",
)  # fmt: skip


def _named(name):
    return pytest.param(name, marks=pytest.mark.slow if name in SEARCHED else ())


@pytest.mark.one_in(3)
@pytest.mark.parametrize("corrections", ["frame", "feedforward"])
@pytest.mark.parametrize("name", [_named(name) for name in qn.protocol_names()])
@pytest.mark.parametrize("device", DEVICES)
def test_every_protocol_keeps_to_the_limits(device, name, corrections):
    if corrections == "frame" and name in IN_REAL_TIME:
        pytest.skip("it needs corrections in real time")
    protocol = qn.protocol_class(name)()
    compiled = qn.compile(protocol, f"aer:{device}", corrections=corrections)
    target = compiled.device.described.target
    assert check(compiled.circuits, target, 4096) == []
    assert check(circuits_for(compiled, target), target, 4096) == []


def test_the_measurement_for_the_middle_counts_as_one():
    target = fake_device("fake_kingston").described.target
    compiled = chain(3, "feedforward")
    submitted = circuits_for(compiled, target)[0]
    assert submitted.count_ops()["measure_2"] == 4
    # The size differs, since the file describes an operation that is not Qiskit's.
    assert replace(load_of(submitted), input_bytes=0) == replace(load_of(compiled.circuits[0]), input_bytes=0)
    made = circuit(2, 2)
    for _ in range(2):
        made.append(target.operation_from_name("measure_2"), [0], [0])
        with made.if_test((made.clbits[0], True)):
            made.x(0)
            made.append(target.operation_from_name("measure_2"), [1], [1])
    assert broadcasts(made) == (2, 2)
    assert [each.rule for each in check([made], target)] == ["branch", "branch"]


def chain(hops, corrections, device="fake_kingston"):
    return qn.compile(qn.RepeaterChain(hops=hops), f"aer:{device}", corrections=corrections)


def test_a_chain_of_5_hops_takes_two_broadcasts():
    compiled = chain(5, "feedforward")
    assert [broadcasts(each) for each in compiled.circuits] == [(2, 8)] * 3
    assert check(compiled.circuits, compiled.device.described.target, 4096) == []


def test_a_chain_of_40_hops_is_refused_with_the_reason_and_passes_in_frame_mode():
    compiled = chain(40, "feedforward")
    found = check(compiled.circuits, compiled.device.described.target, 4096)
    assert {each.rule for each in found} == {"condition"} and len(found) == 6
    with pytest.raises(UnsupportedError) as error:
        refuse(found)
    said = str(error.value)
    for part in (
        "circuit 'xx'",
        "if_else on qubit",
        "39 bits",
        "at most 32",
        'corrections="frame"',
        "(and 5 more)",
    ):
        assert part in said
    compiled = chain(40, "frame")
    assert check(compiled.circuits, compiled.device.described.target, 4096) == []


def test_the_longest_chain_with_feedforward_has_33_hops():
    for hops, number in ((33, 0), (34, 6)):
        compiled = chain(hops, "feedforward")
        assert len(check(compiled.circuits, compiled.device.described.target)) == number


def test_a_device_without_real_time_decisions_refuses_feedforward():
    compiled = chain(2, "feedforward", "fake_nighthawk")
    found = check(compiled.circuits, fake_device("fake_berlin").described.target)
    assert "dynamic" in {each.rule for each in found}
