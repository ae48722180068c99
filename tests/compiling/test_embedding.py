"""Wires of any shape lie where least is lost."""

from collections import Counter
from itertools import pairwise, permutations
from time import process_time

import pytest
from qiskit import QuantumCircuit

import qnet_circuits as qn
from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.compiling.embedding import embed
from qnet_circuits.compiling.lowering import lower
from qnet_circuits.compiling.prices import Prices, Uses, loss
from qnet_circuits.devices.device import Device

NOTHING = (0.0, 0.0, 0.0, 0.0)


def joined(pairs, wires=None):
    circuit = QuantumCircuit(wires or max(map(max, pairs)) + 1)
    for a, b in pairs:
        circuit.cz(a, b)
    return circuit


def grid(rows, columns, rng):
    """Return prices of a grid whose couplings differ."""
    at = {(r, c): r * columns + c for r in range(rows) for c in range(columns)}
    pairs = [(at[r, c], at[p]) for r, c in at for p in ((r + 1, c), (r, c + 1)) if p in at]
    couplings = {frozenset(pair): float(rng.uniform(0.01, 0.1)) for pair in pairs}
    qubits = {q: (0.0, float(rng.uniform(0.01, 0.1)), 0.0, 0.0) for q in at.values()}
    return Prices(couplings, qubits)


@pytest.mark.parametrize(
    "pairs",
    [
        [(0, 1), (1, 2), (2, 3)],
        [(0, 1), (0, 2), (0, 3)],
        [(0, 1), (1, 2), (2, 3), (3, 0)],
        [(0, 1), (1, 2), (3, 4), (0, 3), (1, 4)],
        [(0, 1), (2, 3)],
        [(0, 1), (1, 2), (1, 3), (3, 4)],
    ],
    ids=["line", "star", "ring", "grid", "pieces", "tree"],
)
def test_no_layout_loses_less(pairs, rng):
    """Compared with all there are."""
    prices, circuit = grid(2, 3, rng), joined(pairs)
    circuit.measure_all()
    uses = Uses.of(circuit, prices)
    all_of_them = [
        uses.cost(layout, prices)
        for layout in permutations(range(6), circuit.num_qubits)
        if all(frozenset((layout[a], layout[b])) in prices.couplings for a, b in pairs)
    ]
    cost, layout = embed(uses, prices)[0]
    assert cost == pytest.approx(min(all_of_them), abs=1e-12)
    assert cost == pytest.approx(uses.cost(layout, prices), abs=1e-12)


def test_what_does_not_fit_has_no_layout(rng):
    prices = grid(2, 3, rng)
    assert embed(Uses.of(joined([(0, 1), (1, 2), (2, 0)]), prices), prices) == []
    assert embed(Uses.of(joined([(0, k) for k in range(1, 5)]), prices), prices) == []


def test_many_wires_that_meet_nobody_take_the_best_qubits_at_once():
    """Each of them may lie anywhere, so that there are far more layouts than for wires that hold together."""
    prices = Prices.of(fake_device("fake_torino"))
    circuit = QuantumCircuit(30)
    circuit.measure_all()
    uses = Uses.of(circuit, prices)
    begin = process_time()
    cost = embed(uses, prices)[0][0]
    assert process_time() - begin < 3
    assert cost == pytest.approx(sum(sorted(price[1] for price in prices.qubits.values())[:30]))


def test_wires_in_reach_lie_apart_at_the_price_of_swaps(rng):
    prices = grid(2, 3, rng)
    triangle = Uses.of(joined([(0, 1), (1, 2), (2, 0)]), prices)
    (cost, layout), *_ = embed(triangle, prices, reach=2)
    near = [pair for pair in triangle.meetings if frozenset(layout[w] for w in pair) in prices.couplings]
    assert len(near) == 2
    assert cost > min(prices.couplings.values()) * 5


def test_a_ring_of_twelve_is_found_on_a_heavy_hexagon_and_none_of_ten():
    prices = Prices.of(fake_device("fake_brisbane"))
    for wires, fits in ((12, True), (10, False)):
        ring = joined([(k, (k + 1) % wires) for k in range(wires)])
        assert bool(embed(Uses.of(ring, prices), prices)) == fits


@pytest.mark.parametrize("length", [40, pytest.param(300, marks=pytest.mark.slow)])
def test_a_line_as_long_as_the_chain_is_taken(length):
    prices = Prices.of(Device.from_calibration(qn.line_device(length)))
    chain = joined(list(pairwise(range(length))))
    assert sorted(embed(Uses.of(chain, prices), prices)[0][1]) == list(range(length))


def test_a_long_chain_lies_on_a_path_that_is_better_than_most(rng):
    """Thirty hops on a crowded device: the best of many paths that random walks find is worse."""
    prices = Prices.of(fake_device("fake_torino"))
    circuit = lower(qn.RepeaterChain(hops=10).program(None).items[0].circuit).circuit
    uses = Uses.of(circuit, prices)
    around = {q: [p for p in prices.qubits if frozenset((p, q)) in prices.couplings] for q in prices.qubits}
    walked = []
    for _ in range(3000):
        path = [int(rng.choice(list(around)))]
        while len(path) < 20 and (ahead := [q for q in around[path[-1]] if q not in path]):
            path.append(int(rng.choice(ahead)))
        if len(path) == 20:
            walked.append(uses.cost(path, prices))
    assert len(walked) > 100
    assert embed(uses, prices)[0][0] < min(walked)


def test_waiting_counts_in_the_mode_that_waits():
    """In real time the far end of a chain waits for messages, so that its lifetimes decide."""
    prices = Prices.of(fake_device("fake_kingston"))
    source = qn.RepeaterChain(hops=2).program(None).items[0].circuit
    frame, real = (Uses.of(lower(source, mode).circuit, prices) for mode in ("frame", "feedforward"))
    assert sum(wire[3] for wire in frame.wires) < 0.3e-6
    assert max(wire[3] for wire in real.wires) > 2.2e-6
    assert frame.meetings == real.meetings


def test_uses_are_counted():
    circuit = QuantumCircuit(3, 2)
    circuit.h(0)
    circuit.rz(0.1, 0)
    circuit.cx(0, 1)
    circuit.cx(1, 0)
    circuit.cx(1, 2)
    circuit.measure(0, 0)
    circuit.x(0)
    circuit.measure([0, 2], [0, 1])
    prices = Prices(
        {frozenset((4, 5)): 1.0, frozenset((5, 6)): 10.0}, dict.fromkeys((4, 5, 6), (1e2, 1e3, 1e4, 0.0))
    )
    uses = Uses.of(circuit, prices)
    assert uses.meetings == Counter({frozenset((0, 1)): 2, frozenset((1, 2)): 1})
    assert uses.cost([4, 5, 6], prices) == 12212.0
    assert uses.cost([6, 5, 4], prices) == 12221.0


def test_losses_are_those_of_a_parity():
    assert loss(None, 2) == 0.0
    assert loss(0.1, 2) == pytest.approx(0.22314355, abs=1e-8)
    assert loss(0.75, 4 / 3) == loss(1.0, 2) == 20.0


def test_what_failed_has_a_price_only_with_a_doubt():
    device = fake_device("fake_kingston")
    calibration = device.calibration
    trusted, whole = Prices.of(device), Prices.of(device, doubtful=True)
    assert trusted.qubits.keys() == set(range(156)) - calibration.failed_qubits
    assert not trusted.couplings.keys() & calibration.failed_couplings
    assert whole.qubits.keys() == set(range(156))
    assert all(whole.couplings[pair] > 1 for pair in calibration.failed_couplings)
    assert all(whole.couplings[pair] == price for pair, price in trusted.couplings.items())


def test_wires_to_which_nothing_happens_take_no_layout_from_the_others(rng):
    """As those that a SWAP of two qubits in |0⟩ leaves; there must be room for them."""
    prices = grid(3, 3, rng)
    pairs = [(1, 2), (2, 4), (4, 5)]
    alone = embed(Uses.of(joined([(0, 1), (1, 2), (2, 3)]), prices), prices)
    beside = embed(Uses.of(joined(pairs, wires=8), prices), prices)
    assert [cost for cost, _ in beside] == [cost for cost, _ in alone]
    assert [tuple(layout[wire] for wire in (1, 2, 4, 5)) for _, layout in beside] == [
        layout for _, layout in alone
    ]
    assert all(len(set(layout)) == 8 for _, layout in beside)
    assert embed(Uses.of(joined(pairs, wires=10), prices), prices) == []


def test_a_wire_that_meets_no_other_lies_where_its_own_loss_is_least(rng):
    prices, circuit = grid(2, 3, rng), joined([(1, 2)], wires=3)
    circuit.measure_all()
    uses = Uses.of(circuit, prices)
    cost, _ = embed(uses, prices)[0]
    assert cost == pytest.approx(
        min(
            uses.cost(layout, prices)
            for layout in permutations(range(6), 3)
            if frozenset(layout[1:]) in prices.couplings
        )
    )
