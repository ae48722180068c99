"""The declared terms from a protocol to its figures: closed formulas, exactly and sampled, in the budget too."""

import math
from cmath import exp, phase
from dataclasses import dataclass, replace
from math import cos, pi
from typing import ClassVar

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

import qnet_circuits as qn
from qnet_circuits.programs.expressions import parity
from qnet_circuits.programs.program import Item, Program

US = 1e-6
T1, T2, MEASURE, LATENCY = 100 * US, 80 * US, 1 * US, 1.5 * US
WAIT = 4 * US
#: The typical numbers of the family Eagle, ζ and δ in Hz.
ZETA, DELTA = 66e3, 7.2e3
LEVEL = 1 - 1e-6


def device(t1=T1):
    """Return a line of four qubits of an Eagle on which nothing errs and only measurements take time."""
    line = qn.line_device(
        4, t1=t1, t2=T2, one_qubit_error=0, two_qubit_error=0, readout_error=0,
        one_qubit_duration=0, two_qubit_duration=0, measurement_duration=MEASURE,
    )  # fmt: skip
    return replace(line, family="Eagle r3")


def _wait(circuit):
    circuit.h([0, 1, 2])
    circuit.barrier()
    circuit.delay(WAIT * 1e6, [0, 1, 2], unit="us")
    circuit.barrier()


def _wait_in_branch(circuit, taken):
    if taken:
        circuit.x(3)
    circuit.measure(3, 3)
    circuit.h([0, 1, 2])
    with circuit.if_test((3, 1)):
        circuit.delay(WAIT * 1e6, [0, 1, 2], unit="us")


def _wait_for_decision(circuit, taken):
    if taken:
        circuit.x(3)
    circuit.h([0, 1, 2])
    circuit.barrier()
    circuit.measure(3, 3)
    with circuit.if_test((3, 1)):
        circuit.x(1)
    circuit.barrier()


KINDS = {
    "wait": _wait,
    "branch": lambda circuit: _wait_in_branch(circuit, True),
    "branch not taken": lambda circuit: _wait_in_branch(circuit, False),
    "decision": lambda circuit: _wait_for_decision(circuit, True),
    "decision not taken": lambda circuit: _wait_for_decision(circuit, False),
}


@dataclass(frozen=True)
class Ramsey(qn.Protocol):
    """Three coupled qubits in |+⟩ wait, and X and Y of the middle one are read."""

    name: ClassVar[str] = ""
    kind: str = "wait"

    def program(self, rng):
        items, figures = [], []
        for axis in "xy":
            circuit = QuantumCircuit(QuantumRegister(4, "a"), ClassicalRegister(4, "m"))
            KINDS[self.kind](circuit)
            if axis == "y":
                circuit.sdg(1)
            circuit.h([0, 1, 2])
            circuit.measure([0, 1, 2], [0, 1, 2])
            items.append(Item(axis, circuit, layout=(0, 1, 2, 3)))
            figures.append(qn.Figure(axis, parity(axis, [("m", 1)]), ideal=1.0 if axis == "x" else 0.0))
        return Program(items, figures)


def product(seconds, zz=ZETA, delta=DELTA, slow=math.inf):
    """Return ⟨X⟩ + i⟨Y⟩ of the middle one of three in |+⟩."""
    neighbours = ((1 + exp(-2j * pi * zz * seconds)) / 2) ** 2
    assert abs(neighbours) == pytest.approx(cos(pi * zz * seconds) ** 2)
    return neighbours * cos(pi * delta * seconds) * exp(-seconds / T2 - (seconds / slow) ** 2)


TYPICAL = {"zz": "typical", "charge_parity": "typical"}
OWN = {"zz": {"0-1": -3e4, "1-2": 8e4}, "charge_parity": {"1": 2e4}, "t2_star": {"1": 40 * US}}
#: T of exp(-(t/T)²) that makes T2* of T2.
SLOW = 40 * US / math.sqrt(1 - 40 / 80)
WHOLE = MEASURE + LATENCY
CASES = {
    "zz alone": ("wait", {"zz": "typical", "charge_parity": 0}, product(WAIT, delta=0)),
    "charge parity alone": ("wait", {"zz": 0, "charge_parity": "typical"}, product(WAIT, zz=0)),
    "slow dephasing alone": (
        "wait", {"zz": 0, "charge_parity": 0, "t2_star": {1: 40 * US}}, product(WAIT, 0, 0, SLOW),
    ),
    "typical": ("wait", TYPICAL, product(WAIT)),
    "each its own": (
        "wait", OWN,
        (1 + exp(2j * pi * 3e4 * WAIT)) * (1 + exp(-2j * pi * 8e4 * WAIT)) / 4 * product(WAIT, 0, 2e4, SLOW),
    ),
    "in a branch": ("branch", {**TYPICAL, "feedforward_latency": 0}, product(WAIT)),
    "beside a branch that is not taken": (
        "branch not taken", {**TYPICAL, "feedforward_latency": 0}, product(WAIT),
    ),
    "while a decision is on its way": ("decision not taken", TYPICAL, product(WHOLE)),
    "and the decision flips": ("decision", TYPICAL, product(WHOLE).conjugate()),
}  # fmt: skip
NAMED = [pytest.param(*case, id=name) for name, case in CASES.items()]


def means(result):
    return complex(result["x"].value, result["y"].value)


@pytest.mark.parametrize(("kind", "noise", "expected"), NAMED)
def test_figures_follow_the_product_of_the_terms(kind, noise, expected):
    found = means(qn.predict(Ramsey(kind), device(), noise=noise))
    assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("kind", "noise", "expected"), NAMED)
def test_sampled_figures_follow_the_product_of_the_terms(kind, noise, expected):
    result = qn.run(Ramsey(kind), device(), noise=noise, shots=4000, seed=5, level=LEVEL)
    assert expected.real in result["x"] and expected.imag in result["y"]


def test_decoupling_leaves_what_t2_takes():
    """Without decay in between, which would spoil the echo of a neighbour."""
    options = {"noise": {**TYPICAL, "t2_star_fraction": 0.5}, "decoupling": True}
    kept = exp(-WAIT / T2)
    assert means(qn.predict(Ramsey(), device(1000), **options)) == pytest.approx(kept, abs=1e-6)
    sampled = qn.run(Ramsey(), device(1000), shots=4000, seed=5, level=LEVEL, **options)
    assert kept.real in sampled["x"] and 0 in sampled["y"]


def test_a_budget_says_what_each_term_costs_alone():
    """On top of relaxation, which all of them act beside; interaction is what is left of a product."""
    noise = {**TYPICAL, "t2_star": {"1": 40 * US}}
    budget = qn.error_budget(Ramsey(), device(), figure="x", noise=noise)
    relaxed = product(WAIT, 0, 0)
    expected = {
        "waiting": 1 - relaxed,
        "zz": relaxed - product(WAIT, ZETA, 0),
        "charge_parity": relaxed - product(WAIT, 0, DELTA),
        "t2_star": relaxed - product(WAIT, 0, 0, SLOW),
    }
    rows = {row.source: row.alone for row in budget.rows}
    for source, cost in expected.items():
        assert rows.pop(source) == pytest.approx(cost.real, abs=1e-6)
    assert not any(abs(cost) > 1e-9 for cost in rows.values())
    total = sum(row.alone for row in budget.rows) + budget.interaction
    assert total == pytest.approx(1 - product(WAIT, slow=SLOW).real, abs=1e-6)


def test_the_neighbours_turn_the_phase_and_nothing_else_does():
    assert phase(product(WAIT)) == pytest.approx(-2 * pi * ZETA * WAIT)
    assert phase(means(qn.predict(Ramsey(), device(), noise={"zz": 0}))) == pytest.approx(0, abs=1e-9)
