"""Angles of fractional gates are folded into the range that processors take."""

import math
from dataclasses import replace

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import Operator

import qnet_circuits as qn
from qnet_circuits.backends.service.circuit_rules import circuit_violations
from qnet_circuits.backends.service.violations import Limits
from qnet_circuits.compiling.optimisation import with_folded_angles
from qnet_circuits.devices.entries import OperationCalibration

ANGLES = [*np.linspace(-7.1, 7.1, 23), -math.pi, math.pi, -math.pi / 2, 2 * math.pi, 30.0, -1e-9]


def angles_in(circuit):
    return [each.params[0] for each in circuit.data if each.name == "rzz"]


@pytest.mark.parametrize("angle", ANGLES)
def test_a_folded_turn_is_the_same(angle):
    circuit = QuantumCircuit(3)
    circuit.h([0, 1, 2])
    circuit.rzz(angle, 2, 0)
    folded = with_folded_angles(circuit)
    assert np.allclose(Operator(folded).data, Operator(circuit).data)
    assert all(0 <= each <= math.pi / 2 for each in angles_in(folded))


def test_what_is_in_range_or_unknown_stays():
    circuit = QuantumCircuit(2)
    circuit.rzz(0.3, 0, 1)
    circuit.rzz(Parameter("a"), 0, 1)
    assert with_folded_angles(circuit) is circuit


def test_turns_in_decisions_are_folded():
    circuit = QuantumCircuit(2, 1)
    circuit.measure(0, 0)
    with circuit.if_test((0, True)):
        circuit.rzz(-0.4, 0, 1)
    (block,) = with_folded_angles(circuit).data[-1].operation.blocks
    assert angles_in(block) == [0.4]


@pytest.mark.parametrize("level", range(4))
def test_a_processor_with_fractional_gates_takes_large_and_negative_angles(level):
    device = qn.line_device(4)
    pairs = [(k, k + 1) for k in range(3)]
    rzz = [OperationCalibration("rzz", pair, 0.003, 7e-8) for pair in pairs]
    device = replace(device, operations=(*device.operations, "rzz"), entries=(*device.entries, *rzz))
    circuit = QuantumCircuit(QuantumRegister(2, "alice"), ClassicalRegister(2, "out"))
    for angle in ANGLES:
        circuit.h([0, 1])
        circuit.rzz(angle, 0, 1)
    circuit.measure([0, 1], [0, 1])
    compiled = qn.compile(
        circuit,
        device,
        optimization_level=level,
        figures=[qn.Figure("zz", qn.parity("circuit", [("out", 0), ("out", 1)]))],
    )
    (item,) = compiled.items
    assert compiled.verify() > 0
    assert all(0 <= each <= math.pi / 2 for each in angles_in(item.circuit))
    assert not [
        each
        for each in circuit_violations(compiled.circuits[0], compiled.device.target, Limits())
        if each.rule == "angle"
    ]


def test_a_device_that_has_no_gates_to_fold_with_keeps_its_angles():
    """Other makers' devices have ranges of their own, and a gate that they lack must not come in."""
    backend = GenericBackendV2(
        2, basis_gates=["rx", "ry", "rz", "rzz"], coupling_map=[[0, 1], [1, 0]], control_flow=True, seed=1
    )
    circuit = QuantumCircuit(QuantumRegister(2, "alice"), ClassicalRegister(2, "out"))
    circuit.h([0, 1])
    circuit.rzz(-0.4, 0, 1)
    circuit.h([0, 1])
    circuit.measure([0, 1], [0, 1])
    figures = [qn.Figure("zz", qn.parity("circuit", [("out", 0), ("out", 1)]))]
    compiled = qn.compile(circuit, backend, figures=figures)
    assert set(compiled.items[0].circuit.count_ops()) <= set(compiled.device.target.operation_names)
    assert compiled.verify() > 0
