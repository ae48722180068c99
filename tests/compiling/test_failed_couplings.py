"""Couplings whose calibration failed are used only if they are named, or if there is no room without them."""

from dataclasses import replace

import pytest

import qnet_circuits as qn
from qnet_circuits.compiling.prices import Prices
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.entries import OperationCalibration

CHAIN = qn.RepeaterChain(hops=2)


def with_errors(device, errors):
    """Return a device with other errors of its cz, by coupling."""
    entries = [
        replace(entry, error=errors.get(tuple(sorted(entry.qubits)), entry.error))
        if entry.name == "cz"
        else entry
        for entry in device.entries
    ]
    return replace(device, entries=tuple(entries))


def line(*failed, qubits=9, error=1.0):
    return with_errors(qn.line_device(qubits, two_qubit_error=0.01), dict.fromkeys(failed, error))


def doubts(compiled):
    return [note for note in compiled.notes if "failed" in note]


@pytest.mark.one_in(3)
@pytest.mark.parametrize("error", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("protocol", [CHAIN, qn.Ghz(parties=3)], ids=lambda p: p.id)
def test_failed_couplings_are_avoided(error, protocol):
    """With SWAPs, too: three parties around a centre need some on a line."""
    compiled = qn.compile(protocol, line((1, 2), (10, 11), qubits=12, error=error))
    used = {qubit for item in compiled for qubit in item.qubits}
    assert used <= set(range(2, 11))
    assert doubts(compiled) == []
    assert compiled.verify() > 0


@pytest.mark.parametrize("error", [0.0, 1.0])
def test_a_layout_by_hand_takes_them_and_says_so(error):
    device = line((1, 2), error=error)
    compiled = qn.compile(CHAIN, device, layout=[0, 1, 2, 3])
    assert compiled.layout == [[0, 1, 2, 3]]
    (note,) = doubts(compiled)
    assert note.endswith(" 1-2")
    healthy = qn.predict(CHAIN, line(), layout=[0, 1, 2, 3], seed=1)
    predicted = qn.predict(CHAIN, device, layout=[0, 1, 2, 3], seed=1)
    assert predicted.fidelity.value == pytest.approx(healthy.fidelity.value, abs=1e-12)
    budgets = [qn.error_budget(CHAIN, each, layout=[0, 1, 2, 3], seed=1) for each in (device, line())]
    assert budgets[0].value == pytest.approx(budgets[1].value, abs=1e-12)


def test_a_layout_by_hand_is_not_led_around_them():
    grid = with_errors(qn.grid_device(2, 3), {(0, 1): 1.0})
    compiled = qn.compile(CHAIN, grid, layout=[0, 1, 2, 5])
    assert compiled.layout == [[0, 1, 2, 5]]
    assert compiled.resources["routing_swaps"] == 0
    assert len(doubts(compiled)) == 1


def test_swaps_of_a_layout_by_hand_avoid_them():
    grid = with_errors(qn.grid_device(2, 3), {(1, 4): 1.0})
    compiled = qn.compile(CHAIN, grid, layout=[0, 1, 3, 4])
    assert compiled.resources["routing_swaps"] > 0
    assert doubts(compiled) == []


def test_where_there_is_no_room_without_them_they_are_used_and_named():
    compiled = qn.compile(CHAIN, line((1, 2), (3, 4), qubits=5))
    assert len(doubts(compiled)) == 1
    assert qn.compile(CHAIN, line(*((k, k + 1) for k in range(4)), qubits=5)).verify() > 0


def test_a_protocol_that_names_them_has_them():
    device = line((1, 2))
    compiled = qn.compile(qn.LinkBenchmark(edges=[(1, 2), (3, 4)]), device)
    assert len(doubts(compiled)) == 1
    assert doubts(qn.compile(qn.LinkBenchmark(), device)) == []


def test_a_device_on_which_nothing_failed_is_trusted_as_it_is():
    for device in map(Device.from_calibration, (line(), qn.line_device(4, two_qubit_error=0))):
        trusted, whole = Prices.of(device), Prices.of(device, doubtful=True)
        assert (trusted.couplings, trusted.qubits) == (whole.couplings, whole.qubits)


@pytest.mark.parametrize(
    "failing",
    [
        {"t1": None},
        {"t2": 0.0},
        {"one_from_zero": 0.6, "zero_from_one": 0.5},
        {"one_from_zero": None, "zero_from_one": None},
    ],
    ids=["no t1", "t2 of 0", "a coin", "no readout"],
)
def test_failed_qubits_are_avoided_unless_they_are_named(failing):
    device = line()
    qubits = [replace(qubit, **failing) if k == 4 else qubit for k, qubit in enumerate(device.qubits)]
    entries = [
        replace(entry, error=None) if (entry.name, entry.qubits) == ("measure", (4,)) else entry
        for entry in device.entries
    ]
    check_avoided(replace(device, qubits=tuple(qubits), entries=tuple(entries)))


@pytest.mark.parametrize("gate", ["sx", "measure"])
def test_qubits_with_failed_operations_are_avoided_unless_they_are_named(gate):
    device = line()
    qubits = [replace(q, one_from_zero=None, zero_from_one=None) for q in device.qubits]
    readout = [OperationCalibration("measure", (k,), 0.01, 1e-6) for k in range(9)]
    entries = [entry for entry in device.entries if entry.name != "measure"] + readout
    entries = [replace(e, error=0.7) if (e.name, e.qubits) == (gate, (4,)) else e for e in entries]
    check_avoided(replace(device, qubits=tuple(qubits), entries=tuple(entries)))


def check_avoided(device):
    assert device.failed_qubits == {4}
    compiled = qn.compile(CHAIN, device)
    assert 4 not in compiled.layout[0] and doubts(compiled) == []
    (note,) = doubts(qn.compile(CHAIN, device, layout=[3, 4, 5, 6]))
    assert "qubits 4" in note


def test_a_doubt_is_better_than_very_many_swaps():
    """A chain of 12 wires on a line of 12: without the coupling in its middle it would have to be carried to and fro."""
    device = line((5, 6), qubits=12)
    compiled = qn.compile(qn.RepeaterChain(hops=6), device)
    assert compiled.resources["routing_swaps"] == 0
    assert len(doubts(compiled)) == 1


def test_prediction_tries_no_failed_coupling():
    device = line((4, 5))
    found = qn.submit(CHAIN, device, layout="predicted", seed=1, dry_run=True)
    assert doubts(found.compiled) == []
