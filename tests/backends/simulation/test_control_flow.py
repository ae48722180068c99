"""Control flow of the user's own: every kind of condition agrees with its evaluation branch by branch, or is refused."""

from itertools import product

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit.classical import expr, types
from qiskit.circuit.library import GlobalPhaseGate

from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.backends.simulation.contraction import Contractor, Question
from qnet_circuits.backends.simulation.tensors import skeleton_of
from qnet_circuits.backends.simulation.twin import Twin
from qnet_circuits.classical import choice_of
from qnet_circuits.compiling.compiler import compile_program
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.errors import UnsupportedError
from qnet_circuits.programs.expressions import parity, population
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.program import Item, Program
from tests.backends.simulation.density import distribution, expression_value
from tests.backends.simulation.test_against_branches import check
from tests.devices.calibrations import rough

BITS = 4


def conditions(circuit):
    """Return conditions of every kind on a circuit's register ``m`` and its bits."""
    register = circuit.cregs[0]
    a, b, c, d = register
    xor, both, either, no = expr.bit_xor, expr.bit_and, expr.bit_or, expr.bit_not
    return {
        "bit": (a, True),
        "bit is 0": (b, False),
        "register": (register, 6),
        "xor": xor(xor(a, c), d),
        "xor of a bit with itself": xor(xor(a, c), a),
        "xor is 0": no(xor(a, b)),
        "xor of negations": xor(expr.logic_not(a), no(d)),
        "equal bits": expr.equal(a, d),
        "different bits": expr.not_equal(xor(a, b), c),
        "xor with a constant": xor(a, True),
        "and": both(a, b),
        "or": expr.logic_or(a, xor(b, c)),
        "mixed": both(either(a, no(b)), xor(c, d)),
        "logic": expr.logic_and(expr.logic_not(a), expr.logic_or(b, d)),
        "less": expr.less(register, 5),
        "at most": expr.less_equal(register, 5),
        "greater": expr.greater(register, 9),
        "at least": expr.greater_equal(register, 9),
        "equal": expr.equal(register, 11),
        "not equal": expr.not_equal(register, 11),
        "masked": expr.equal(expr.bit_and(register, 5), 4),
        "turned": expr.less(expr.bit_not(register), 5),
        "flipped": expr.equal(expr.bit_xor(register, 3), expr.bit_or(register, 2)),
        "cast": expr.cast(expr.bit_and(register, 3), types.Bool()),
        "index": expr.index(register, 2),
        "always": expr.lift(True),
        "never": expr.lift(False),
    }


NAMES = tuple(conditions(QuantumCircuit(ClassicalRegister(BITS, "m"))))
#: Those that are parities of bits, whatever their form.
PARITIES = (
    *("bit", "bit is 0", "xor", "xor of a bit with itself", "xor is 0", "xor of negations", "equal bits"),
    *("different bits", "xor with a constant", "index", "always", "never", "flipped"),
)


def user_program(rng, decide, width=3, written=range(BITS)):
    """Return a program of one node that measures correlated bits, decides, and is asked for correlations."""
    node, bits = QuantumRegister(width, "alice"), ClassicalRegister(BITS, "m")
    out = ClassicalRegister(width, "out")
    circuit = QuantumCircuit(node, bits, out)
    for k in written:
        circuit.ry(float(rng.uniform(0.5, 2.5)), node[0])
        circuit.cx(node[0], node[1])
        circuit.measure(node[k % 2], bits[k])
    for qubit in node:
        circuit.ry(float(rng.uniform(0.5, 2.5)), qubit)
    decide(circuit, node)
    circuit.ry(0.4, node[0])
    circuit.measure(node, out)
    every = [("m", k) for k in range(BITS)] + [("out", k) for k in range(width)]
    patterns = [f"{k:0{len(every)}b}" for k in rng.permutation(2 ** len(every))[:40]]
    given = [("m", 1, 1 if 1 in written else 0)]
    figures = [
        Figure("many", population("it", every, patterns)),
        Figure("odd", parity("it", [("out", 0), ("out", 1)])),
        Figure("conditioned", population("it", [("out", 0), ("out", 2), ("m", 3)], ["000", "011"], given)),
        Figure("last", parity("it", [("out", width - 1)])),
    ]
    return Program([Item("it", circuit)], figures)


def if_else(name):
    def decide(circuit, node):
        with circuit.if_test(conditions(circuit)[name]) as orelse:
            circuit.h(node[0])
            circuit.cx(node[0], node[1])
        with orelse:
            circuit.sx(node[1])
            circuit.reset(node[2])
            circuit.x(node[2])

    return decide


@pytest.mark.parametrize("name", NAMES)
def test_conditions_without_a_device(name, rng):
    compiled = compile_program(user_program(rng, if_else(name)))
    assert check(compiled, None, DeviceNoise()) == (4, 0)


@pytest.mark.parametrize("name", ["bit is 0", "xor is 0", "mixed", "less", "never"])
def test_conditions_on_a_rough_device(name, rng):
    device = Device.from_calibration(rough(rng, 4))
    compiled = compile_program(user_program(rng, if_else(name)), device)
    assert check(compiled, device, DeviceNoise()) == (4, 0)


@pytest.mark.parametrize("written", [(), (1,), (0, 2), (3,)])
@pytest.mark.parametrize("name", ["mixed", "less", "xor", "register"])
def test_bits_that_are_not_written_are_zero(name, written, rng):
    # The rules of programs ask for measured bits, so this circuit is none.
    circuit = QuantumCircuit(3)
    circuit.add_register(ClassicalRegister(BITS, "m"), ClassicalRegister(3, "out"))
    node = circuit.qubits
    for k in written:
        circuit.ry(1.0 + k, 0)
        circuit.measure(0, k)
    circuit.ry(0.7, range(3))
    if_else(name)(circuit, node)
    circuit.measure(node, circuit.cregs[1])
    noisy = Twin().noisy(circuit)
    exact = distribution(noisy)
    skeleton = skeleton_of(noisy)
    for subset in product((0, 1), repeat=3):
        bits = [BITS + k for k in range(3) if subset[k]]
        expected = sum(p * (-1) ** sum(read[b] for b in bits) for read, p in exact.items())
        asked = Question(frozenset(skeleton.last[bit] for bit in bits))
        assert Contractor().value(skeleton, (), asked) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_which_branch_is_taken(name):
    """For all values of the bits, without any qubit."""
    circuit = QuantumCircuit(QuantumRegister(1, "q"), ClassicalRegister(BITS, "m"))
    condition = conditions(circuit)[name]
    with circuit.if_test(condition):
        circuit.x(0)
    choice = choice_of(circuit.data[-1].operation)
    assert choice.parity == (name in PARITIES)
    for values in product((0, 1), repeat=BITS):
        value_of = dict(zip(circuit.clbits, values, strict=True))
        if isinstance(condition, tuple):
            meant = expression_value(condition[0], value_of.get) == int(condition[1])
        else:
            meant = expression_value(condition, value_of.get)
        mine = [value_of[bit] for bit in choice.bits]
        key = sum(mine) % 2 if choice.parity else int("0" + "".join(map(str, mine)), 2)
        assert choice.table[key] == (0 if meant else 1)


@pytest.mark.parametrize("bits", [(3,), (2, 14)])
def test_of_a_wide_register_only_the_bits_that_count_are_tabulated(bits):
    register = ClassicalRegister(16, "m")
    circuit = QuantumCircuit(QuantumRegister(1, "q"), register)
    mask = sum(1 << bit for bit in bits)
    with circuit.if_test(expr.equal(expr.bit_and(register, mask), mask)):
        circuit.x(0)
    choice = choice_of(circuit.data[-1].operation)
    assert choice.bits == tuple(register[bit] for bit in bits)
    assert choice.table.count(0) == 1 and choice.table[-1] == 0
    assert choice.parity == (len(bits) == 1)


def switch(target, *cases):
    def decide(circuit, node):
        register = circuit.cregs[0]
        aim = {"register": register, "bit": register[1], "expression": expr.bit_xor(register, 5)}[target]
        with circuit.switch(aim) as case:
            for k, values in enumerate(cases):
                with case(*(case.DEFAULT if value == "default" else value for value in values)):
                    circuit.ry(0.3 + k, node[k % 3])
                    circuit.cx(node[0], node[1])

    return decide


@pytest.mark.parametrize(
    ("target", "cases"),
    [
        ("register", [(0, 3), (7,), ("default",)]),
        ("register", [(1, 2, 5, 12)]),
        ("bit", [(1,), (0,)]),
        ("bit", [(True,)]),
        ("expression", [(1,), (2, 9), ("default",)]),
    ],
)
def test_switches(target, cases, rng):
    compiled = compile_program(user_program(rng, switch(target, *cases)))
    assert check(compiled, None, DeviceNoise()) == (4, 0)


def _loop(circuit, node):
    with circuit.while_loop((circuit.clbits[0], 1)):
        circuit.h(node[0])
        circuit.measure(node[0], 0)


def _measured_inside(circuit, node):
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.measure(node[1], 1)


def _wide(circuit, node):
    with circuit.if_test((circuit.clbits[0], 1)):
        for k in range(5):
            circuit.cx(node[k], node[k + 1])


@pytest.mark.parametrize(
    ("decide", "message"),
    [
        (_loop, "'while_loop'.*if_else"),
        (
            _measured_inside,
            "branch",
        ),
        (_wide, "6 qubits.* 5 "),
    ],
)
def test_what_is_refused_is_refused_in_one_clear_line(decide, message, rng):
    compiled = compile_program(user_program(rng, decide, width=6))
    with pytest.raises(UnsupportedError, match=message) as caught:
        ExactBackend().evaluate(compiled, compiled.program.figures)
    assert "\n" not in str(caught.value)


def test_a_table_over_too_many_bits_is_refused_and_a_parity_of_them_is_not():
    node, bits = QuantumRegister(2, "alice"), ClassicalRegister(14, "m")
    for parity_only in (False, True):
        circuit = QuantumCircuit(node, bits, ClassicalRegister(1, "out"))
        for bit in bits:
            circuit.h(0)
            circuit.measure(0, bit)
        condition = (bits, 5)
        if parity_only:
            condition = expr.lift(bits[0])
            for bit in bits[1:]:
                condition = expr.bit_xor(condition, bit)
        with circuit.if_test(condition):
            circuit.x(1)
        circuit.measure(1, 14)
        item = Item("it", circuit)
        whole = parity("it", [("out", 0), *(("m", k) for k in range(14))])
        compiled = compile_program(Program([item], [Figure("f", whole)]))
        if parity_only:
            found = ExactBackend().evaluate(compiled, compiled.program.figures).values
            assert found["f"].value == pytest.approx(1)
        else:
            with pytest.raises(UnsupportedError, match=r"14 bits.* 12"):
                ExactBackend().evaluate(compiled, compiled.program.figures)


def test_a_decision_uses_the_bit_as_it_is_then():
    """A bit that is measured anew after the decision does not change what was decided."""
    circuit = QuantumCircuit(
        QuantumRegister(3, "alice"), ClassicalRegister(1, "m"), ClassicalRegister(2, "out")
    )
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.x(1)
    circuit.measure(2, 0)
    with circuit.if_test((0, 1)):
        circuit.x(1)
    circuit.measure([1, 2], [1, 2])
    figure = Figure("f", population("it", [("m", 0), ("out", 0), ("out", 1)], ["010"]))
    compiled = compile_program(Program([Item("it", circuit)], [figure]))
    assert ExactBackend().evaluate(compiled, [figure]).values["f"].value == pytest.approx(1)


def test_a_phase_that_belongs_to_no_qubit_changes_nothing():
    circuit = QuantumCircuit(1, 1)
    circuit.append(GlobalPhaseGate(0.3), [])
    with circuit.if_test((0, 0)):
        circuit.append(GlobalPhaseGate(0.3), [])
        circuit.x(0)
    circuit.measure(0, 0)
    assert skeleton_of(Twin().noisy(circuit)).variables == 1
