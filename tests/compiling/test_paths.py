"""Long chains lie on a path with little calibrated error."""

from itertools import pairwise

import pytest
from qiskit import QuantumCircuit
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.transpiler import CouplingMap

import qnet_circuits as qn
from qnet_circuits.backends.ibm.client import fake_device
from qnet_circuits.compiling.chain_placement import Errors, Uses, best_window, find_path
from qnet_circuits.compiling.compiled import compile_program
from qnet_circuits.compiling.lowering import lower
from qnet_circuits.compiling.placement import VF2_CALLS, VF2_CALLS_LONG, find_layout, fits, search_layout
from qnet_circuits.devices.device import Device
from tests.compiling.test_placement import DEVICES


def chain(hops):
    return lower(qn.RepeaterChain(hops=hops).program(None).items[0].circuit).circuit


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("hops", [3, 7])
def test_no_layout_of_a_short_chain_is_worse_than_that_of_a_thorough_general_search(device, hops):
    circuit, target = chain(hops), fake_device(device).target
    uses, errors = Uses.of(circuit), Errors.of(target)
    general = search_layout(circuit, target, 1, VF2_CALLS)
    found = find_layout(circuit, target, 1)
    assert fits(circuit, found, target)
    assert uses.error(found, errors) <= uses.error(general, errors) + 1e-12


@pytest.mark.parametrize("device", ["fake_torino", "fake_kingston", "fake_boston"])
def test_the_beam_search_alone_finds_what_a_general_search_finds_for_ten_hops(device):
    circuit, target = chain(10), fake_device(device).target
    uses, errors = Uses.of(circuit), Errors.of(target)
    found = find_path(uses, uses.path(20), errors)
    assert (
        uses.error(found, errors) <= uses.error(search_layout(circuit, target, 1, VF2_CALLS), errors) + 1e-12
    )


def test_a_chain_of_thirty_hops_is_placed_well_and_alike_for_the_same_seed():
    device, program = fake_device("fake_torino"), qn.RepeaterChain(hops=30).program(None)
    first = compile_program(program, device, seed=5)
    second = compile_program(program, device, seed=5)
    assert first.layout == second.layout and first.resources["routing_swaps"] == 0
    assert first.verify() == second.verify() > 0
    uses, errors = Uses.of(first.items[0].lowered.circuit), Errors.of(device.target)
    hasty = search_layout(first.items[0].lowered.circuit, device.target, 5, VF2_CALLS_LONG)
    assert uses.error(first.layout[0], errors) < 0.97 * uses.error(hasty, errors)


def test_wires_lie_on_the_path_in_the_order_in_which_they_meet():
    circuit = QuantumCircuit(14, 1)
    order = [3, 0, 7, 5, 9, 1, 2, 8, 4, 6, 13, 10, 12, 11]
    for a, b in pairwise(order):
        circuit.cx(a, b)
    circuit.measure(7, 0)
    uses = Uses.of(circuit)
    assert uses.path(14) in (order, order[::-1])
    target = fake_device("fake_torino").target
    found = find_path(uses, uses.path(14), Errors.of(target))
    assert len(set(found)) == 14 and fits(circuit, found, target)


@pytest.mark.parametrize(
    "pairs",
    [[(0, 1), (1, 2), (1, 3)], [(0, 1), (1, 2), (2, 0)], [(0, 1), (2, 3)], [(0, 1), (2, 3), (3, 4), (4, 2)]],
)
def test_stars_rings_and_pieces_are_no_path(pairs):
    circuit = QuantumCircuit(max(map(max, pairs)) + 1)
    for a, b in pairs:
        circuit.cx(a, b)
    assert Uses.of(circuit).path(circuit.num_qubits) is None


def test_gates_and_readouts_count_as_often_as_they_are_used():
    circuit = QuantumCircuit(3, 2)
    circuit.cx(0, 1)
    circuit.cx(1, 0)
    circuit.cx(1, 2)
    circuit.measure([2, 2], [0, 1])
    errors = Errors({frozenset((4, 5)): 1.0, frozenset((5, 6)): 10.0}, {4: 100.0, 6: 1000.0})
    assert Uses.of(circuit).error([4, 5, 6], errors) == 2012.0
    assert Uses.of(circuit).error([6, 5, 4], errors) == 221.0


def line_device(length):
    backend = GenericBackendV2(
        length,
        coupling_map=CouplingMap.from_line(length),
        basis_gates=["cz", "id", "rz", "sx", "x"],
        seed=1,
    )
    return Device("line", backend)


def test_a_line_as_long_as_the_chain_is_taken():
    compiled = compile_program(qn.RepeaterChain(hops=20).program(None), line_device(40), seed=1)
    assert compiled.layout[0] in (list(range(40)), list(range(40))[::-1])


def test_the_best_window_of_a_line_is_taken():
    circuit, target = chain(8), line_device(60).target
    uses, errors = Uses.of(circuit), Errors.of(target)
    order = uses.path(16)
    found = []
    for first in range(45):
        for window in (range(first, first + 16), range(first + 15, first - 1, -1)):
            place = dict(zip(order, window, strict=True))
            found.append((uses.error([place[k] for k in range(16)], errors), [place[k] for k in range(16)]))
    assert list(find_layout(circuit, target, 1)) == min(found)[1]


def test_no_window_is_looked_for_where_there_are_branches():
    circuit = chain(8)
    uses = Uses.of(circuit)
    assert best_window(uses, uses.path(16), Errors.of(fake_device("fake_torino").target)) is None
    assert best_window(uses, uses.path(16), Errors.of(line_device(15).target)) is None
