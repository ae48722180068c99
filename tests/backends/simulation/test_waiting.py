"""What waiting costs, against closed formulas: who waits, for how long, and what a wait does."""

from math import exp

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.classical import expr
from qiskit.quantum_info import Kraus, Pauli, SuperOp

from qnet_circuits.backends.simulation.contraction import Contractor, Question
from qnet_circuits.backends.simulation.pauli_transfer import kraus, transfer
from qnet_circuits.backends.simulation.steps import (
    Decision,
    Measurement,
    Relax,
    Unitary,
)
from qnet_circuits.backends.simulation.tensors import skeleton_of
from qnet_circuits.backends.simulation.twin import Twin
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.devices.repaired import Usable
from qnet_circuits.errors import UnsupportedError
from tests.backends.simulation.density import distribution, relaxation_kraus
from tests.devices.calibrations import US, perfect
from tests.support.programs import put_fence

T1, T2 = 50 * US, 40 * US
MEASURE, RESET, LATENCY, SERIES = 1 * US, 0.5 * US, 1.5 * US, 0.7 * US
#: So that what is prepared before a decision waits for nothing but its branch.
PROMPT = {"feedforward_latency": 0.0}


def noisy(circuit, calibration=None, decoupling=False, **noise):
    """Return a circuit on the qubits 0, 1, ... of a device, with its noise."""
    usable = Usable(calibration or perfect(circuit.num_qubits, T1, T2))
    return Twin(usable, DeviceNoise(**noise), decoupling).noisy(circuit, range(circuit.num_qubits))


def mean(circuit, *bits, calibration=None, decoupling=False, **noise):
    """Return the mean of (-1) to the parity of bits, exactly; the enumerator of branches must agree."""
    made = noisy(circuit, calibration, decoupling, **noise)
    skeleton = skeleton_of(made)
    value = Contractor().value(skeleton, (), Question(frozenset(skeleton.last[bit] for bit in bits)))
    counted = sum(p * (-1) ** sum(read[bit] for bit in bits) for read, p in distribution(made).items())
    assert value == pytest.approx(counted, abs=1e-9)
    return value


def excited(circuit, bit=0, **options):
    """Return the probability that a bit is read as 1."""
    return (1 - mean(circuit, bit, **options)) / 2


def one_waits(width=2):
    """Return a circuit on which qubits 0 and 1 are excited, and qubit 1 is measured while qubit 0 waits."""
    circuit = QuantumCircuit(width, width)
    circuit.x([0, 1])
    circuit.barrier()
    circuit.measure(1, 1)
    return circuit


def near(value):
    return pytest.approx(value, abs=1e-9)


# -- one wait -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "unit"), [(7e-6, "s"), (0.007, "ms"), (7, "us"), (7000, "ns"), (7e6, "ps"), (1750, "dt")]
)
def test_an_excited_qubit_decays_with_t1_in_every_unit_of_time(length, unit):
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.delay(length, 0, unit=unit)
    circuit.measure(0, 0)
    assert excited(circuit) == near(exp(-7 * US / T1))


def test_a_superposition_dephases_with_t2():
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    circuit.delay(7, 0, unit="us")
    circuit.h(0)
    circuit.measure(0, 0)
    assert mean(circuit, 0) == near(exp(-7 * US / T2))


def test_a_delay_in_units_that_the_device_does_not_have_is_refused():
    calibration = perfect(1)
    object.__setattr__(calibration, "dt", None)
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.delay(10, 0, unit="dt")
    circuit.measure(0, 0)
    with pytest.raises(UnsupportedError, match=" 10 dt "):
        noisy(circuit, calibration)


# -- who waits for whom ---------------------------------------------------------------------------------------------


def _beside(act, first="x", joined=True):
    """Return a circuit on which qubit 0 is prepared, then waits while something happens to the others."""
    circuit = QuantumCircuit(3, 3)
    getattr(circuit, first)(0)
    if joined:
        circuit.barrier()
    act(circuit)
    circuit.barrier()
    if first == "h":
        circuit.h(0)
    circuit.measure(0, 0)
    return circuit


ACTS = {
    "measurement": (lambda circuit: circuit.measure(1, 1), MEASURE),
    "reset": (lambda circuit: (circuit.x(1), circuit.reset(1)), RESET),
    "gate on two": (lambda circuit: circuit.cz(1, 2), 0.3 * US),
    "gate on one": (lambda circuit: (circuit.sx(1), circuit.sx(1)), 0.4 * US),
    "delay": (lambda circuit: circuit.delay(2, 1, unit="us"), 2 * US),
    "several": (lambda circuit: (circuit.cz(1, 2), circuit.measure(1, 1), circuit.sx(2)), 0.3 * US + MEASURE),
}


@pytest.mark.parametrize("name", ACTS)
def test_a_qubit_waits_while_something_happens_to_others(name):
    act, seconds = ACTS[name]
    calibration = perfect(3, T1, T2, durations={"cz": 0.3 * US, "sx": 0.2 * US})
    assert excited(_beside(act), calibration=calibration) == near(exp(-seconds / T1))
    assert mean(_beside(act, "h"), 0, calibration=calibration) == near(exp(-seconds / T2))


def test_what_can_happen_later_happens_later():
    """Without a barrier that holds it, qubit 0 is excited only when it is needed, and does not wait."""
    act, _ = ACTS["measurement"]
    assert excited(_beside(act, joined=False)) == near(1)
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    circuit.x(1)
    circuit.measure(1, 1)
    circuit.cx(1, 0)
    circuit.measure(0, 0)
    # Only the measured qubit relaxes, for its own measurement.
    assert excited(circuit) == near(1 - exp(-MEASURE / T1))


def test_fences_make_nobody_wait_and_a_joint_barrier_does():
    for joint in (False, True):
        circuit = QuantumCircuit(2, 2)
        circuit.x([0, 1])
        circuit.barrier()
        circuit.delay(3, 1, unit="us")
        if joint:
            circuit.barrier(0, 1)
        else:
            put_fence(circuit, circuit.qubits[0], "a")
            put_fence(circuit, circuit.qubits[1], "b")
        circuit.delay(2, 0, unit="us")
        circuit.measure([0, 1], [0, 1])
        # With fences alone both are measured at the same time, 3 µs after their begin.
        assert excited(circuit, 0) == near(exp(-(5 if joint else 3) * US / T1))
        assert excited(circuit, 1) == near(exp(-(5 if joint else 3) * US / T1))


def test_a_qubit_in_its_ground_state_does_not_relax():
    circuit = QuantumCircuit(2, 1)
    circuit.x(1)
    circuit.barrier()
    circuit.delay(3, 0, unit="us")
    circuit.barrier()
    circuit.x(0)
    circuit.barrier()
    circuit.delay(4, 1, unit="us")
    circuit.barrier()
    circuit.reset(0)
    circuit.barrier()
    circuit.delay(5, 1, unit="us")
    circuit.barrier()
    circuit.h(0)
    circuit.measure(0, 0)
    steps = [step for step in noisy(circuit) if 0 in step.wires]
    assert [type(step).__name__ for step in steps] == ["Unitary", "Reset", "Unitary", "Measurement"]


def test_a_qubit_that_is_not_used_again_does_not_wait():
    circuit = QuantumCircuit(2, 2)
    circuit.x([0, 1])
    circuit.measure(0, 0)
    circuit.barrier()
    circuit.delay(5, 0, unit="us")
    circuit.delay(5, 1, unit="us")
    circuit.measure(1, 1)
    steps = noisy(circuit).steps
    assert isinstance([step for step in steps if 0 in step.wires][-1], Measurement)
    assert excited(circuit, 0) == near(1)
    assert excited(circuit, 1) == near(exp(-5 * US / T1))


@pytest.mark.parametrize("fraction", [0.0, 0.3, 1.0])
def test_a_measured_qubit_that_is_used_again_relaxes_from_its_measured_state(fraction):
    circuit = QuantumCircuit(1, 2)
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.delay(2, 0, unit="us")
    circuit.measure(0, 1)
    options = {"post_measure_fraction": fraction}
    kept = exp(-(fraction * MEASURE + 2 * US) / T1)
    assert mean(circuit, 0, **options) == near(0)
    assert excited(circuit, 1, **options) == near(kept / 2)
    assert mean(circuit, 0, 1, **options) == near(kept)


@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize("fraction", [0.3, 1.0])
def test_a_qubit_measured_in_a_branch_relaxes_for_its_measurement_as_outside(fraction, value):
    """If the branch is not taken the qubit waits as long."""
    circuit = QuantumCircuit(2, 3)
    if value:
        circuit.x(1)
    circuit.measure(1, 1)
    circuit.x(0)
    with circuit.if_test((1, 1)):
        circuit.measure(0, 0)
    circuit.measure(0, 2)
    made = noisy(circuit, post_measure_fraction=fraction, **PROMPT)
    ones = sum(p for read, p in distribution(made).items() if read[2])
    assert ones == near(exp(-(fraction if value else 1) * MEASURE / T1))


# -- decisions ------------------------------------------------------------------------------------------------------


def _decided(value, body, orelse=None):
    """Return a circuit on which qubit 0 is excited just before a decision on a bit of a given value."""
    circuit = QuantumCircuit(3, 3)
    if value:
        circuit.x(1)
    circuit.measure(1, 1)
    circuit.x(0)
    with circuit.if_test((1, 1)) as otherwise:
        body(circuit)
    if orelse:
        with otherwise:
            orelse(circuit)
    circuit.measure(0, 0)
    return circuit


def _wait(seconds, qubit=0):
    return lambda circuit: circuit.delay(seconds * 1e6, qubit, unit="us")


@pytest.mark.parametrize("value", [0, 1])
def test_a_branch_takes_its_time_whether_it_is_taken_or_not(value):
    assert excited(_decided(value, _wait(4 * US)), **PROMPT) == near(exp(-4 * US / T1))


@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize(("first", "second"), [(1, 6), (6, 1)])
def test_branches_of_different_length_last_as_long_as_the_longest(first, second, value):
    circuit = _decided(value, _wait(first * US), _wait(second * US))
    assert excited(circuit, **PROMPT) == near(exp(-6 * US / T1))


@pytest.mark.parametrize("value", [0, 1])
def test_all_qubits_of_a_branch_wait_for_one_another(value):
    """Qubit 2 waits; what qubit 0 does in the branch is done as late as possible, and the end is common."""
    calibration = perfect(3, T1, T2, durations={"sx": 2 * US})

    def body(circuit):
        circuit.sx(2)
        circuit.cz(0, 2)

    circuit = _decided(value, body)
    assert excited(circuit, calibration=calibration, gates=False, **PROMPT) == near(exp(-2 * US / T1))


@pytest.mark.parametrize("value", [0, 1])
def test_a_qubit_waits_for_a_measurement_and_for_the_decision_on_its_way(value):
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    if value:
        circuit.x(1)
    circuit.barrier()
    circuit.measure(1, 1)
    with circuit.if_test((1, 1)):
        circuit.x(0)
    circuit.measure(0, 0)
    for latency in (0.0, LATENCY, 20 * US):
        kept = exp(-(MEASURE + latency) / T1)
        assert excited(circuit, feedforward_latency=latency) == near(1 - kept if value else kept)


def test_the_latency_is_1_5_microseconds_unless_said():
    circuit = QuantumCircuit(1, 2)
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.id(0)
    circuit.measure(0, 1)
    assert excited(circuit, 1) == near(exp(-(MEASURE + 1.5 * US) / T1))


def _series(conditions, *, wires=(0,), branch=0.0, again=False):
    """Return a circuit on which qubit 0 is in |1⟩ while others are measured and decisions are made, the last of them on it."""
    circuit = QuantumCircuit(6, 6)
    circuit.x([0, 3, 4, 5])
    circuit.barrier()
    circuit.measure(3, 3), circuit.measure(4, 4), circuit.measure(5, 5)
    for k, bits in enumerate(conditions):
        condition = expr.lift(circuit.clbits[bits[0]])
        for bit in bits[1:]:
            condition = expr.bit_xor(condition, circuit.clbits[bit])
        wire = 0 if k == len(conditions) - 1 else wires[k % len(wires)]
        with circuit.if_test(condition):
            circuit.id(wire)
            if branch:
                circuit.delay(branch * 1e6, wire, unit="us")
    circuit.measure(0, 0)
    return circuit


SERIAL = [(3,), (4,), (5,), (3, 4), (4, 5)]


@pytest.mark.parametrize("wires", [(0,), (1, 2)], ids=["one qubit", "several"])
@pytest.mark.parametrize("branch", [0.0, 0.5 * US])
@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_each_further_decision_takes_its_time(count, branch, wires):
    waited = MEASURE + LATENCY + (count - 1) * SERIES + branch
    circuit = _series(SERIAL[:count], wires=wires, branch=branch)
    assert excited(circuit) == near(exp(-waited / T1))
    if not branch:
        assert excited(circuit, decision_latency=0.0) == near(exp(-(MEASURE + LATENCY) / T1))


@pytest.mark.parametrize("wires", [(0,), (1, 2)], ids=["one qubit", "several"])
def test_decisions_on_the_same_bits_share_the_latency(wires):
    same = _series([(3, 4), (4, 3), (3, 4)], wires=wires)
    assert excited(same) == near(exp(-(MEASURE + LATENCY) / T1))
    between = _series([(3, 4), (5,), (3, 4)], wires=wires)
    # On one qubit the order stays; on several the first is made with the last.
    further = 2 if wires == (0,) else 1
    assert excited(between) == near(exp(-(MEASURE + LATENCY + further * SERIES) / T1))


def test_the_same_bit_of_another_measurement_is_decided_on_anew():
    """Both decisions read bit 1; another measurement wrote it in between."""
    circuit = QuantumCircuit(4, 2)
    circuit.x([0, 1, 2])
    circuit.barrier()
    circuit.measure(1, 1)
    with circuit.if_test((1, 1)):
        circuit.id(3)
    circuit.measure(2, 1)
    with circuit.if_test((1, 1)):
        circuit.id(0)
    circuit.measure(0, 0)
    quick = perfect(4, T1, T2, durations={"measure": 0.1 * US})
    for latency in (0.0, 0.2 * US):
        # The second measurement begins no sooner than the first decision, and both decisions are apart.
        waited = 0.1 * US + latency + max(0.1 * US + latency, SERIES)
        assert excited(circuit, calibration=quick, feedforward_latency=latency) == near(exp(-waited / T1))


# -- what a block holds -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("latency", [0.0, LATENCY])
@pytest.mark.parametrize("value", [0, 1])
def test_what_precedes_a_decision_is_done_before_it_is_on_its_way(value, latency):
    """Qubit 0 is prepared as late as its block allows: it waits for the latency, however long the measurement lasts."""
    for prepared, t in (("x", T1), ("h", T2)):
        circuit = QuantumCircuit(2, 2)
        if value:
            circuit.x(1)
        circuit.measure(1, 1)
        getattr(circuit, prepared)(0)
        with circuit.if_test((1, 1)):
            circuit.id(0)
        if prepared == "h":
            circuit.h(0)
            circuit.x(0)
        circuit.measure(0, 0)
        kept = exp(-latency / t)
        assert excited(circuit, feedforward_latency=latency) == near(
            kept if prepared == "x" else (1 + kept) / 2
        )


def test_nothing_is_played_while_a_decision_of_others_is_on_its_way():
    """Qubit 0 meets qubit 2 after a decision on that one, so its gate belongs to the block before."""
    circuit = QuantumCircuit(3, 2)
    circuit.x(0)
    circuit.measure(1, 1)
    with circuit.if_test((1, 1)):
        circuit.id(2)
    circuit.cz(0, 2)
    circuit.measure(0, 0)
    assert excited(circuit, calibration=perfect(3, T1, T2, pairs=[(0, 2)])) == near(exp(-LATENCY / T1))
    later = QuantumCircuit(3, 2)
    later.measure(1, 1)
    with later.if_test((1, 1)):
        later.id(2)
    later.barrier(0, 2)
    later.x(0)
    later.cz(0, 2)
    later.measure(0, 0)
    assert excited(later, calibration=perfect(3, T1, T2, pairs=[(0, 2)])) == near(1)


def test_between_two_decisions_a_gate_ends_before_the_next_is_on_its_way():
    circuit = QuantumCircuit(3, 3)
    circuit.x([0, 1, 2])
    circuit.barrier()
    circuit.measure([1, 2], [1, 2])
    with circuit.if_test((1, 1)):
        circuit.id(0)
    circuit.x(0)
    circuit.x(0)
    with circuit.if_test((2, 1)):
        circuit.id(0)
    circuit.measure(0, 0)
    calibration = perfect(3, T1, T2, durations={"x": 0.2 * US})
    made = noisy(circuit, calibration)
    # The gates take 0.4 µs, and only then is the second decision on its way.
    assert made.seconds == near(2 * 0.1 * US + MEASURE + LATENCY + 0.4 * US + SERIES + MEASURE)


@pytest.mark.parametrize("barrier", [False, True])
def test_measurements_of_a_block_begin_together_unless_a_barrier_holds_one_back(barrier):
    """Qubit 0 could be measured last; it is measured with qubit 1, on which a decision depends."""
    circuit = one_waits(3)
    with circuit.if_test((1, 1)):
        circuit.x(2)
    if barrier:
        circuit.barrier()
    circuit.measure([0, 2], [0, 2])
    assert excited(circuit) == near(exp(-(MEASURE + LATENCY) / T1) if barrier else 1)


def test_a_qubit_that_is_measured_with_a_slower_one_does_not_wait_unmeasured():
    """All three are measured together; the slow one delays the decision, and nobody waits in a state that decays."""
    slow = perfect(3, T1, T2, durations={"measure_2": 0.5 * US}, also=("measure_2",))
    circuit = QuantumCircuit(3, 3)
    circuit.x([0, 1, 2])
    circuit.barrier()
    circuit.measure([1, 2], [1, 2])
    with circuit.if_test((1, 1)):
        circuit.x(0)
    circuit.measure(0, 0)
    for bit in (1, 2):
        assert excited(circuit, bit, calibration=slow) == near(1)
    assert excited(circuit, calibration=slow) == near(1 - exp(-(0.5 * US + LATENCY) / T1))


def test_decisions_in_sequence_pay_it_each():
    circuit = one_waits(3)
    with circuit.if_test((1, 1)):
        circuit.x(2)
    circuit.measure(2, 2)
    with circuit.if_test((2, 0)):
        circuit.x(0)
    circuit.measure(0, 0)
    assert excited(circuit) == near(exp(-2 * (MEASURE + LATENCY) / T1))


@pytest.mark.parametrize(("seconds", "latest"), [(5 * US, 5 * US), (0.5 * US, LATENCY)])
def test_a_bit_that_was_measured_long_ago_costs_nothing_more(seconds, latest):
    circuit = one_waits()
    circuit.barrier()
    circuit.delay(seconds * 1e6, 0, unit="us")
    with circuit.if_test((1, 1)):
        circuit.x(0)
    circuit.measure(0, 0)
    assert excited(circuit) == near(1 - exp(-(MEASURE + latest) / T1))


def test_measurements_in_mid_circuit_last_as_long_as_the_device_says_for_them():
    quick = perfect(2, T1, T2, durations={"measure_2": 0.6 * US}, also=("measure_2",))
    circuit = one_waits()
    final = circuit.copy()
    with circuit.if_test((1, 1)):
        circuit.x(0)
    circuit.measure(0, 0)
    assert excited(circuit, calibration=quick) == near(1 - exp(-(0.6 * US + LATENCY) / T1))
    final.barrier()
    final.measure(0, 0)
    assert excited(final, calibration=quick) == near(exp(-MEASURE / T1))


def test_a_bit_that_decided_before_and_is_measured_last_is_measured_at_the_end():
    """Its last measurement is a final one: nothing reads it any more."""
    quick = perfect(2, T1, T2, durations={"measure_2": 0.25 * US}, also=("measure_2",))
    circuit = QuantumCircuit(2, 2)
    circuit.measure(1, 1)
    with circuit.if_test((1, 1)):
        circuit.x(1)
    circuit.x(0)
    circuit.barrier()
    circuit.measure(1, 1)
    circuit.barrier()
    circuit.measure(0, 0)
    assert excited(circuit, calibration=quick, **PROMPT) == near(exp(-MEASURE / T1))


def test_a_measurement_whose_bit_is_overwritten_before_the_decision_is_a_final_one():
    quick = perfect(3, T1, T2, durations={"measure_2": 0.25 * US}, also=("measure_2",))
    circuit = QuantumCircuit(3, 2)
    circuit.x(2)
    circuit.barrier()
    circuit.measure(1, 1)
    circuit.barrier()
    circuit.measure(0, 1)
    with circuit.if_test((1, 1)):
        circuit.x(0)
    circuit.measure(2, 0)
    # Qubit 2 waits for the first measurement, and is measured with the second.
    assert excited(circuit, calibration=quick) == near(exp(-MEASURE / T1))


# -- operations with an error of their own ---------------------------------------------------------------------------


def _flipped_if_read(prepared):
    """Return a circuit on which qubit 0 is flipped if qubit 1 is read as 1."""
    circuit = QuantumCircuit(2, 2)
    if prepared:
        circuit.x(1)
    circuit.measure(1, 1)
    with circuit.if_test((1, 1)):
        circuit.x(0)
    circuit.measure(0, 0)
    return circuit


@pytest.mark.parametrize("prepared", [0, 1])
@pytest.mark.parametrize(
    ("error", "wrong", "notes"), [(0.1, (0.1, 0.1), 0), (None, (0.02, 0.06), 1), (0.7, (0.5, 0.5), 1)]
)
def test_a_measurement_in_mid_circuit_reads_with_its_own_error(error, wrong, notes, prepared):
    device = perfect(2, 1.0, 1.0, errors={"measure_2": error}, readout=(0.02, 0.06), also=("measure_2",))
    circuit = _flipped_if_read(prepared)
    usable = Usable(device)
    made = Twin(usable, DeviceNoise(idle=False)).noisy(circuit, range(2))
    first, last = [step for step in made if isinstance(step, Measurement)]
    assert (first.p10, first.p01) == wrong and (last.p10, last.p01) == (0.02, 0.06)
    assert len(usable.notes()) == notes and all("qubit 1" in note for note in usable.notes())
    read = 1 - wrong[1] if prepared else wrong[0]
    assert mean(circuit, 1, calibration=device, idle=False) == near(1 - 2 * read)
    assert excited(circuit, calibration=device, idle=False) == near(read * (1 - 0.06) + (1 - read) * 0.02)
    assert excited(circuit, calibration=device, idle=False, readout=False) == near(prepared)


def test_a_measurement_inside_a_branch_is_the_plain_one():
    device = perfect(2, 1.0, 1.0, errors={"measure_2": 0.1}, readout=(0.02, 0.06), also=("measure_2",))
    circuit = QuantumCircuit(2, 2)
    circuit.measure(1, 1)
    with circuit.if_test((1, 0)):
        circuit.measure(0, 0)
    branches = next(step for step in noisy(circuit, device) if isinstance(step, Decision)).blocks
    assert [(s.p10, s.p01) for s in branches[0] if isinstance(s, Measurement)] == [(0.02, 0.06)]


@pytest.mark.parametrize(
    ("error", "left", "notes"), [(0.1, 0.1, 0), (0.0, 0.0, 0), (0.8, 0.5, 1), (None, 0.0, 1)]
)
def test_a_reset_leaves_one_as_often_as_it_errs(error, left, notes):
    device = perfect(1, 1.0, 1.0, errors={"reset": error})
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.reset(0)
    circuit.measure(0, 0)
    usable = Usable(device)
    Twin(usable, DeviceNoise(idle=False)).noisy(circuit, range(1))
    assert excited(circuit, calibration=device) == near(left)
    assert excited(circuit, calibration=device, gates=False) == near(0)
    assert len(usable.notes()) == notes and all("reset(0)" in note for note in usable.notes())


# -- sources one by one ---------------------------------------------------------------------------------------------


def _everything():
    circuit = one_waits()
    with circuit.if_test((1, 1)):
        circuit.z(0)
    circuit.measure(0, 0)
    return circuit


@pytest.mark.parametrize("off", ["", "gates", "readout", "idle"])
def test_each_source_switched_off_takes_its_effect_away_and_no_other(off):
    error, readout = 0.02, (0.03, 0.07)
    calibration = perfect(2, T1, T2, errors={"x": error}, readout=readout)
    options = {off: False} if off else {}
    gate = 1.0 if off == "gates" else 1 - 2 * error
    kept = 1.0 if off == "idle" else exp(-(MEASURE + LATENCY) / T1)
    p10, p01 = (0.0, 0.0) if off == "readout" else readout
    # After x with depolarisation, P(1) is (1 + gate) / 2; then it decays; then it is misread.
    one = (1 + gate) / 2 * kept
    assert excited(_everything(), calibration=calibration, **options) == near(
        one * (1 - p01) + (1 - one) * p10
    )


def test_everything_off_is_perfect():
    calibration = perfect(2, T1, T2, errors={"x": 0.02}, readout=(0.1, 0.2))
    made = noisy(_everything(), calibration, gates=False, readout=False, idle=False)
    kinds = {type(step) for step in made if not isinstance(step, Decision)}
    assert kinds == {Unitary, Measurement}
    assert made.seconds == 0.0


# -- gates ----------------------------------------------------------------------------------------------------------


def test_gates_in_branches_err_only_where_they_happen():
    calibration = perfect(2, t1=None, t2=None, errors={"x": 0.1})
    for value in (0, 1):
        circuit = QuantumCircuit(2, 2)
        if value:
            circuit.h(1)
            circuit.z(1)
            circuit.h(1)
        circuit.measure(1, 1)
        with circuit.if_test((1, 1)):
            circuit.x(0)
        circuit.measure(0, 0)
        assert excited(circuit, calibration=calibration) == near(0.9 if value else 0.0)


@pytest.mark.parametrize("seconds", [0.0, 3e-6, 1.0])
@pytest.mark.parametrize("t2", [T2, 2 * T1, T1 / 5])
def test_kraus_operators_and_transfer_matrix_of_relaxation_agree(seconds, t2):
    step = Relax(0, seconds, T1, t2)
    operators = kraus(transfer(step))
    assert sum(k.conj().T @ k for k in operators) == pytest.approx(np.eye(2))
    assert SuperOp(Kraus(operators)).data == pytest.approx(SuperOp(Kraus(relaxation_kraus(step))).data)
    paulis = [Pauli(letter).to_matrix() for letter in "IXYZ"]
    images = [sum(k @ pauli @ k.conj().T for k in operators) for pauli in paulis]
    found = [[np.trace(left @ image).real / 2 for image in images] for left in paulis]
    assert transfer(step) == pytest.approx(np.array(found))
