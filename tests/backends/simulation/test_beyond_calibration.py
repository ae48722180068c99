"""The terms beyond the calibration, against closed formulas: exactly, by the enumerator of branches, and on Aer."""

import math
from math import cos, exp, pi, sin

import pytest
from qiskit import QuantumCircuit

from qnet_circuits.backends.aer import on_aer
from qnet_circuits.backends.simulation.aer_methods import plan_of
from qnet_circuits.backends.simulation.sampling import Call
from qnet_circuits.backends.simulation.steps import PauliError, Unitary
from qnet_circuits.theory.estimate import proportion
from tests.backends.simulation.test_waiting import MEASURE, T1, T2, excited, mean, near, noisy
from tests.devices.calibrations import US, perfect

ALPHA, SHOTS = 1e-6, 20_000
ZZ, PARITY = 3e4, 5e4
WAIT = 4 * US
TURN = 2 * pi * ZZ * WAIT
MEASURED = 2 * pi * ZZ * MEASURE
#: Two neighbours of qubit 0.
TWO = {"pairs": [(0, 1), (0, 2)]}
#: One neighbour, and no coupling to the third.
LINE = {"pairs": [(0, 1)]}
ENDLESS = {"t1": None, "t2": None}


def waiting(others="", seconds=WAIT, axis="X", between=None, measured=True):
    """Return a circuit on which qubit 0 waits in |+⟩ beside others, each prepared by a gate, and its X or Y is read.

    ``between`` is done to the circuit half way.
    """
    circuit = QuantumCircuit(1 + len(others), 1 + len(others))
    circuit.h(0)
    for k, name in enumerate(others, 1):
        getattr(circuit, {"0": "id", "1": "x", "+": "h"}[name])(k)
    circuit.barrier()
    parts = [seconds] if between is None else [seconds / 2, seconds / 2]
    for number, part in enumerate(parts):
        if number:
            between(circuit)
            circuit.barrier()
        for k in range(1 + len(others)):
            circuit.delay(part * 1e6, k, unit="us")
        circuit.barrier()
    if axis == "Y":
        circuit.sdg(0)
    circuit.h(0)
    circuit.measure(range(1 + len(others)) if measured else [0], range(1 + len(others)) if measured else [0])
    return circuit


def beside(act, axis="X", prepared="x"):
    """Return a circuit on which something happens to qubit 1, then qubit 0 waits in |+⟩ beside it, and X or Y of 0 is read."""
    circuit = QuantumCircuit(2, 3)
    circuit.h(0)
    for name in prepared:
        getattr(circuit, name)(1)
    circuit.barrier()
    act(circuit)
    circuit.barrier()
    circuit.delay(WAIT * 1e6, 0, unit="us")
    if axis == "Y":
        circuit.sdg(0)
    circuit.h(0)
    circuit.measure(0, 0)
    return circuit


def reset_at_the_end():
    """Return a circuit on which qubit 0 waits beside one in |1⟩ that is reset when that is over."""
    circuit = beside(lambda circuit: None)
    circuit.barrier()
    circuit.reset(1)
    return circuit


def in_branch(body, taken, prepared=("h", "x"), axis="X", orelse=None):
    """Return a circuit on which qubits 0 and 1 wait in a branch on the outcome of qubit 2, and X or Y of 0 is read."""
    circuit = QuantumCircuit(3, 3)
    if taken:
        circuit.x(2)
    circuit.measure(2, 2)
    circuit.barrier()
    for k, name in enumerate(prepared):
        getattr(circuit, name)(k)
    with circuit.if_test((2, 1)) as otherwise:
        body(circuit)
    if orelse is not None:
        with otherwise:
            orelse(circuit)
    if axis == "Y":
        circuit.sdg(0)
    circuit.h(0)
    circuit.measure([0, 1], [0, 1])
    return circuit


def beside_branch(taken, after=None, prepared="x", axis="X", kind="if"):
    """Return a circuit on which qubit 0 waits in a branch on the outcome of qubit 2, beside qubit 1, which is not in it."""
    circuit = QuantumCircuit(3, 3)
    getattr(circuit, prepared)(1)
    if taken:
        circuit.x(2)
    circuit.barrier()
    if after == "measured":
        circuit.measure(1, 1)
    circuit.measure(2, 2)
    circuit.barrier()
    circuit.h(0)
    if kind == "if":
        with circuit.if_test((2, 1)):
            circuit.delay(WAIT * 1e6, 0, unit="us")
    else:
        with circuit.switch(circuit.clbits[2]) as case:
            with case(0):
                circuit.delay(WAIT / 2 * 1e6, 0, unit="us")
            with case(1):
                circuit.x(0)
                circuit.delay(WAIT * 1e6, 0, unit="us")
                circuit.x(0)
    if after == "reset":
        circuit.reset(1)
    if after == "used":
        circuit.measure(1, 1)
    if axis == "Y":
        circuit.sdg(0)
    circuit.h(0)
    circuit.measure(0, 0)
    return circuit


def both_wait(circuit):
    circuit.delay(WAIT * 1e6, 0, unit="us")
    circuit.delay(WAIT * 1e6, 1, unit="us")


#: What is exact without relaxation: circuit, mean of bit 0, description of noise, and the calibration's couplings.
CASES = {
    "beside |0>": (waiting("0"), 1, {"zz": ZZ}, {}),
    "beside nobody": (waiting(), 1, {"zz": ZZ}, {}),
    "beside |1>": (waiting("1"), cos(TURN), {"zz": ZZ}, {}),
    "beside |1>, Y": (waiting("1", axis="Y"), -sin(TURN), {"zz": ZZ}, {}),
    "beside |1>, the other sign": (waiting("1", axis="Y"), sin(TURN), {"zz": -ZZ}, {}),
    "a coupling by name": (waiting("11"), cos(TURN), {"zz": {"0-2": ZZ}}, TWO),
    "each its own": (waiting("11"), cos(TURN - 2 * TURN), {"zz": {"0-1": ZZ, "0-2": -2 * ZZ}}, TWO),
    "no coupling": (waiting("01"), 1, {"zz": ZZ}, {}),
    "beside |1> that is measured": (
        beside(lambda circuit: circuit.measure(1, 1)), cos(TURN + MEASURED), {"zz": ZZ}, {},
    ),
    "beside |1> that is measured, Y": (
        beside(lambda circuit: circuit.measure(1, 1), axis="Y"), -sin(TURN + MEASURED), {"zz": ZZ}, {},
    ),
    "beside |0> that is measured": (
        beside(lambda circuit: circuit.measure(1, 1), prepared=""), 1, {"zz": ZZ}, {},
    ),
    "beside an abandoned |+>": (beside(lambda circuit: None, prepared="h"), (1 + cos(TURN)) / 2, {"zz": ZZ}, {}),
    "beside |1> that is reset when all is over": (
        reset_at_the_end(), cos(TURN), {"zz": ZZ}, {},
    ),
    "beside |1> that was reset": (beside(lambda circuit: circuit.reset(1)), 1, {"zz": ZZ}, {}),
    "X half way beside |1>": (
        waiting("1", between=lambda circuit: circuit.x(0), axis="Y"), 0, {"zz": ZZ}, {},
    ),
    "X of the neighbour half way": (
        waiting("1", between=lambda circuit: circuit.x(1)), cos(TURN / 2), {"zz": ZZ}, {},
    ),
    "both in a branch": (in_branch(both_wait, True), cos(TURN), {"zz": ZZ}, {}),
    "both in a branch, Y": (in_branch(both_wait, True, axis="Y"), -sin(TURN), {"zz": ZZ}, {}),
    "both beside a branch not taken": (in_branch(both_wait, False), cos(TURN), {"zz": ZZ}, {}),
    "a neighbour in |+> in a branch": (
        in_branch(both_wait, True, prepared=("h", "h")), (1 + cos(TURN)) / 2, {"zz": ZZ}, {},
    ),
    **{
        f"one in a branch{'' if taken else ' not taken'}, one {after} beside it": (
            beside_branch(taken, after), cos(TURN), {"zz": ZZ}, LINE,
        )
        for taken in (True, False) for after in ("used", "measured", "reset", "abandoned")
    },
    "one in a branch, one in |+> beside it": (
        beside_branch(True, "used", prepared="h"), (1 + cos(TURN)) / 2, {"zz": ZZ}, LINE,
    ),
    "one in a branch, one in |0> beside it": (
        beside_branch(True, "used", prepared="id"), 1, {"zz": ZZ}, LINE,
    ),
    "one in a branch, one beside it that no coupling joins": (
        beside_branch(True, "used"), 1, {"zz": {"1-2": ZZ}}, {},
    ),
    "one in a branch, Y": (beside_branch(True, "used", axis="Y"), -sin(TURN), {"zz": ZZ}, LINE),
    "one in a case of a switch, Y": (
        beside_branch(True, "used", axis="Y", kind="switch"), sin(TURN), {"zz": ZZ}, LINE,
    ),
    "one in the shorter case of a switch, Y": (
        beside_branch(False, "used", axis="Y", kind="switch"), -sin(TURN), {"zz": ZZ}, LINE,
    ),
    "charge parity": (waiting(), cos(pi * PARITY * WAIT), {"charge_parity": PARITY}, {}),
    "charge parity by name": (waiting("0"), 1, {"charge_parity": {"1": PARITY}}, {}),
    "charge parity has no Y": (waiting(axis="Y"), 0, {"charge_parity": PARITY}, {}),
    "charge parity goes on through rz": (
        waiting(between=lambda circuit: circuit.rz(pi / 3, 0)), cos(pi / 3) * cos(pi * PARITY * WAIT),
        {"charge_parity": PARITY}, {},
    ),
    "charge parity is undone by X": (waiting(between=lambda circuit: circuit.x(0)), 1, {"charge_parity": PARITY}, {}),
    "charge parity is undone by Y": (waiting(between=lambda circuit: circuit.y(0)), -1, {"charge_parity": PARITY}, {}),
    "charge parity is drawn anew after other gates": (
        waiting(between=lambda circuit: (circuit.h(0), circuit.h(0))), cos(pi * PARITY * WAIT / 2) ** 2,
        {"charge_parity": PARITY}, {},
    ),
    "charge parity in a branch": (
        in_branch(both_wait, True), cos(pi * PARITY * WAIT), {"charge_parity": PARITY}, {},
    ),
    "charge parity beside a branch not taken": (
        in_branch(both_wait, False), cos(pi * PARITY * WAIT), {"charge_parity": PARITY}, {},
    ),
    "T2* by name": (waiting(seconds=WAIT), 1 / math.e, {"t2_star": {0: WAIT}}, {}),
    "T2* goes on through z": (
        waiting(between=lambda circuit: circuit.z(0)), -1 / math.e, {"t2_star": {0: WAIT}}, {},
    ),
    "all at once": (
        waiting("+1", seconds=WAIT),
        (cos(TURN) + cos(2 * TURN)) / 2 * cos(pi * PARITY * WAIT) * exp(-0.25),
        {"zz": ZZ, "charge_parity": PARITY, "t2_star": {"0": 2 * WAIT}}, TWO,
    ),
}  # fmt: skip
NAMES = [pytest.param(*case, id=name) for name, case in CASES.items()]


@pytest.mark.parametrize(("circuit", "expected", "noise", "places"), NAMES)
def test_a_term_follows_its_formula_exactly(circuit, expected, noise, places):
    calibration = perfect(circuit.num_qubits, **ENDLESS, **places)
    # The latency of decisions, in which qubits wait as well, is not what is asked here.
    assert mean(circuit, 0, calibration=calibration, feedforward_latency=0.0, **noise) == near(expected)


@pytest.mark.one_in(2)
@pytest.mark.parametrize(("circuit", "expected", "noise", "places"), NAMES)
def test_a_term_follows_its_formula_on_aer(circuit, expected, noise, places, rng):
    calibration = perfect(circuit.num_qubits, **ENDLESS, **places)
    plan = plan_of(noisy(circuit, calibration, feedforward_latency=0.0, **noise))
    call = Call((0,), plan.method, SHOTS, int(rng.integers(2**31)))
    (raw,) = on_aer(call, [plan.circuit()])
    zeros = SHOTS - int(next(iter(raw.values()))[:, 0].sum())
    assert (1 + expected) / 2 in proportion(zeros, SHOTS, 1 - ALPHA)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_neighbours_in_plus_multiply_and_relaxation_beside_them_is_exact(count):
    """|⟨X⟩ + i⟨Y⟩| is a product of cosines times exp(-t/T2), with T1 as it is."""
    star = {} if count == 1 else {"pairs": [(0, 1 + k) for k in range(count)]}
    options = {
        "calibration": perfect(1 + count, T1, T2, **star),
        "zz": ZZ,
        "charge_parity": PARITY,
    }
    x, y = (mean(waiting("+" * count, axis=axis), 0, **options) for axis in "XY")
    size = cos(TURN / 2) ** count * abs(cos(pi * PARITY * WAIT)) * exp(-WAIT / T2)
    phase = -count * TURN / 2
    sign = math.copysign(1, cos(pi * PARITY * WAIT))
    assert (x, y) == (near(sign * size * cos(phase)), near(sign * size * sin(phase)))


@pytest.mark.parametrize("gates", [0, 2, 3])
def test_a_neighbour_in_a_gate_turns_nobody(gates):
    """While qubit 1 is in gates, of a microsecond each, qubit 0 waits and does not turn; afterwards it does if it is in |1⟩."""
    circuit = beside(lambda circuit: [circuit.x(1) for _ in range(gates)])
    calibration = perfect(2, **ENDLESS, durations={"x": 1 * US})
    assert mean(circuit, 0, calibration=calibration, zz=ZZ) == near(1 if gates % 2 else cos(TURN))


# -- decoupling -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("noise", [{"zz": ZZ}, {"zz": -ZZ, "charge_parity": PARITY, "t2_star": {0: 1 * US}}])
@pytest.mark.parametrize("neighbour", ["0", "1", "+"])
@pytest.mark.parametrize("axis", ["X", "Y"])
def test_decoupling_undoes_every_term(neighbour, axis, noise):
    options = {"calibration": perfect(2, **ENDLESS), "decoupling": True, **noise}
    assert mean(waiting(neighbour, axis=axis), 0, **options) == near(1 if axis == "X" else 0)


@pytest.mark.parametrize(("last", "turned"), [("x", 1 * US), ("id", 1 * US + MEASURE + WAIT)])
def test_a_neighbour_is_in_the_state_in_which_it_is_measured(last, turned):
    """In |1⟩ at first, it may come to be in |0⟩ in no time, is measured, and turns nobody any more."""
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.x(1)
    circuit.barrier()
    circuit.delay(1, 1, unit="us")
    getattr(circuit, last)(1)
    circuit.measure(1, 1)
    circuit.barrier()
    circuit.delay(WAIT * 1e6, 0, unit="us")
    circuit.h(0)
    circuit.measure(0, 0)
    expected = cos(2 * pi * ZZ * turned)
    assert mean(circuit, 0, calibration=perfect(2, **ENDLESS), zz=ZZ) == near(expected)


def test_decoupling_beside_a_measured_neighbour_undoes_zz():
    """Its pulses turn the sign of what a measured neighbour does, which may come before the measurement then."""
    options = {"calibration": perfect(2, **ENDLESS), "decoupling": True, "zz": ZZ}
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.x(1)
    circuit.barrier()
    circuit.delay(1, 1, unit="us")
    circuit.measure(1, 1)
    circuit.delay(4, 0, unit="us")
    circuit.barrier(0)
    circuit.h(0)
    circuit.measure(0, 0)
    assert mean(circuit, 0, calibration=perfect(2, **ENDLESS), zz=ZZ) != near(1)
    assert mean(circuit, 0, **options) == near(1)


def test_zz_and_relaxation_with_decoupling_multiply():
    # The neighbour is excited for half the time: its own decay would spoil the echo.
    lasting = perfect(2, 1e6, T2)
    assert mean(waiting("0"), 0, calibration=lasting, zz=ZZ, decoupling=True) == near(exp(-WAIT / T2))


def test_the_last_pulse_of_a_wait_comes_before_what_follows():
    """Of two coupled qubits, one has its second pulse at the very end of its wait."""
    circuit = QuantumCircuit(2, 2)
    circuit.x([0, 1])
    circuit.barrier()
    circuit.delay(5, 0, unit="us")
    circuit.barrier()
    circuit.measure([0, 1], [0, 1])
    lasting = perfect(2, t1=None, t2=None)
    steps = noisy(circuit, lasting, decoupling=True).steps
    assert [step.operation.name for step in steps if isinstance(step, Unitary)] == ["x"] * 6
    for bit in (0, 1):
        assert excited(circuit, bit, calibration=lasting, decoupling=True) == near(1)


def test_decoupling_leaves_short_waits_alone():
    calibration = perfect(1, t1=None, t2=None, durations={"x": 0.1 * US})
    for seconds, pulses in ((0.7 * US, 0), (0.9 * US, 2)):
        circuit = QuantumCircuit(1, 1)
        circuit.h(0)
        circuit.delay(seconds * 1e6, 0, unit="us")
        circuit.h(0)
        circuit.measure(0, 0)
        steps = noisy(circuit, calibration, decoupling=True).steps
        assert [step.operation.name for step in steps if isinstance(step, Unitary)].count("x") == pulses


# -- slow dephasing -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fraction", [0.2, 0.7])
def test_slow_dephasing_reaches_1_over_e_at_t2_star(fraction):
    at_t2_star = waiting(seconds=fraction * T2)
    assert mean(at_t2_star, 0, t2_star_fraction=fraction) == near(1 / math.e)
    slow = fraction * T2 / math.sqrt(1 - fraction)
    expected = exp(-5 * US / T2 - (5 * US / slow) ** 2)
    assert mean(waiting(seconds=5 * US), 0, t2_star_fraction=fraction) == near(expected)


def test_slow_dephasing_leaves_populations_alone():
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.delay(5, 0, unit="us")
    circuit.measure(0, 0)
    assert excited(circuit, t2_star_fraction=0.3) == near(exp(-5 * US / T1))


def test_an_echo_undoes_slow_dephasing_and_nothing_else():
    """T1 and T2 stay, and each of two pulses costs its gate error."""
    calibration = perfect(1, T1, T2, errors={"x": 0.01})
    options = {"calibration": calibration, "decoupling": True}
    pulses = (1 - 2 * 0.01) ** 2
    for fraction in (1.0, 0.3):
        options["t2_star_fraction"] = fraction
        assert mean(waiting(seconds=5 * US), 0, **options) == near(exp(-5 * US / T2) * pulses)
    assert mean(waiting(seconds=5 * US), 0, gates=False, **options) == near(exp(-5 * US / T2))
    # Pulses at 1/4 and 3/4: of the excited state, half the wait is spent in the ground state.
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.delay(5, 0, unit="us")
    circuit.measure(0, 0)
    quarter = exp(-1.25 * US / T1)
    excited_between = (1 - quarter) * quarter**2
    expected = (1 - excited_between) * quarter
    assert excited(circuit, calibration=perfect(1, T1, T2), decoupling=True) == near(expected)


def test_pulses_take_their_time_from_the_wait():
    """A wait with pulses relaxes as long as one without: T1 and T2 during a pulse are part of its gate error."""
    calibration = perfect(1, T1, T2, durations={"x": 0.2 * US}, errors={"x": None})
    expected = exp(-5 * US / T2)
    assert mean(waiting(seconds=5 * US), 0, calibration=calibration, decoupling=True) == near(expected)


@pytest.mark.parametrize("value", [0, 1])
def test_slow_dephasing_acts_in_branches_too(value):
    circuit = QuantumCircuit(2, 2)
    if value:
        circuit.x(1)
    circuit.measure(1, 1)
    circuit.h(0)
    with circuit.if_test((1, 1)):
        circuit.delay(5, 0, unit="us")
    circuit.h(0)
    circuit.measure(0, 0)
    slow = 0.3 * T2 / math.sqrt(0.7)
    found = mean(circuit, 0, t2_star_fraction=0.3, feedforward_latency=0.0)
    assert found == near(exp(-5 * US / T2 - (5 * US / slow) ** 2))


# -- beside measurements --------------------------------------------------------------------------------------------


def _watched(again=True, neighbour=1, extra=0.0):
    """Return a circuit on which qubit 0 waits in |+⟩ while another is measured."""
    circuit = QuantumCircuit(3, 3)
    circuit.h(0)
    circuit.barrier()
    circuit.measure(neighbour, 1)
    if extra:
        circuit.delay(extra * 1e6, neighbour, unit="us")
    circuit.barrier()
    circuit.h(0)
    circuit.measure(0, 0)
    if again:
        circuit.measure(neighbour, 2)
    return circuit


def test_a_measurement_in_mid_circuit_dephases_the_neighbours_that_wait():
    p, kept = 0.1, exp(-MEASURE / T2)
    assert mean(_watched(), 0, measurement_dephasing=p) == near((1 - 2 * p) * kept)
    assert mean(_watched(again=False), 0, measurement_dephasing=p) == near(kept)
    assert mean(_watched(neighbour=2), 0, measurement_dephasing=p) == near(kept)
    longer = exp(-(MEASURE + 2 * US) / T2)
    assert mean(_watched(extra=2 * US), 0, measurement_dephasing=p) == near((1 - 2 * p) * longer)


def test_a_wait_beside_part_of_a_measurement_dephases_in_part():
    calibration = perfect(2, T1, T2, durations={"sx": 0.4 * US})
    circuit = QuantumCircuit(2, 3)
    circuit.z(0)
    circuit.barrier()
    circuit.measure(1, 1)
    circuit.sx(0)
    circuit.delay(0.6, 0, unit="us")
    circuit.barrier()
    circuit.sx(0)
    circuit.measure([0, 1], [0, 2])
    p = 0.1
    made = noisy(circuit, calibration, measurement_dephasing=p, gates=False)
    (error,) = [step for step in made if isinstance(step, PauliError)]
    assert error.weights == pytest.approx((1 - 0.6 * p, 0, 0, 0.6 * p))


def test_a_measured_neighbour_turns_before_it_is_measured_and_takes_no_wire_of_its_own():
    """Nothing happens to its wire after the measurement, so that one evolution serves all shots."""
    circuit = beside(lambda circuit: circuit.measure(1, 1))
    plan = plan_of(noisy(circuit, perfect(2, **ENDLESS, readout=(0.1, 0.2)), zz=ZZ))
    assert plan.at_once and plan.noisy.num_wires == 2
