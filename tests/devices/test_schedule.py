"""Schedules: what must come before what, nothing twice at once, and nothing that could be later."""

import itertools

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.classical import expr

from qnet_circuits.devices.schedule import makespan, rests, schedule, waits
from qnet_circuits.errors import UnsupportedError

LATENCY, SERIES = 0.7, 0.45
SECONDS = {"h": 0.1, "cx": 0.3, "measure": 1.0, "reset": 0.6, "rz": 0.0, "x": 0.2}


def seconds_of(_, instruction, wires):
    """Return a duration by name, a little different on each wire; that of a delay is its own."""
    operation = instruction.operation
    if operation.name == "delay":
        return float(operation.duration)
    return SECONDS[operation.name] * (1 + 0.13 * wires[0])


def random_circuit(rng, qubits=4, bits=3, length=25):
    circuit = QuantumCircuit(qubits, bits)
    for _ in range(length):
        a, b = (int(k) for k in rng.permutation(qubits)[:2])
        bit = int(rng.integers(bits))
        kind = str(
            rng.choice(["h", "cx", "cx", "rz", "measure", "reset", "barrier", "fence", "delay", "if", "xor"])
        )
        if kind in ("h", "reset"):
            getattr(circuit, kind)(a)
        elif kind == "rz":
            circuit.rz(0.1, a)
        elif kind == "cx":
            circuit.cx(a, b)
        elif kind == "measure":
            circuit.measure(a, bit)
        elif kind == "barrier":
            circuit.barrier(a, b)
        elif kind == "fence":
            circuit.barrier(a)
        elif kind == "delay":
            circuit.delay(float(rng.uniform(0, 1)), a, unit="s")
        elif kind == "if":
            with circuit.if_test((bit, 1)) as orelse:
                circuit.x(a)
            with orelse:
                circuit.x(a)
                circuit.x(a)
        else:
            other = (bit + 1) % bits
            with circuit.if_test(expr.bit_xor(circuit.clbits[bit], circuit.clbits[other])):
                circuit.x(b)
    return circuit


class Rules:
    """What the schedule promises, stated pair by pair."""

    def __init__(self, circuit):
        self.timed = sorted(schedule(circuit, seconds_of, LATENCY, SERIES), key=lambda each: each.position)
        self.whole = makespan(self.timed)
        self.levels, self.measured, self.messages = [], [], []
        for k, each in enumerate(self.timed):
            before = [j for j in range(k) if set(each.wires) & set(self.timed[j].wires)]
            before += [j for j in range(k) if set(each.bits) & set(self.timed[j].bits)]
            ends = [
                (self.levels[j] + 1, not decides(self.timed[j])) for j in before if blocking(self.timed[j])
            ]
            ends += [(self.levels[j], self.measured[j]) for j in before]
            level, measured = max(ends, default=(0, False))
            self.levels.append(level)
            self.measured.append(measured)
            writers = {bit: [j for j in range(k) if bit in writes(self.timed[j])] for bit in each.bits}
            self.messages.append({(bit, max(found, default=-1)) for bit, found in writers.items()})

    def on_its_way(self, *levels):
        """Return when the first decision of some levels is on its way."""
        return min(
            (
                each.start - (LATENCY if self.measured[k] else SERIES)
                for k, each in enumerate(self.timed)
                if decides(each) and self.levels[k] in levels
            ),
            default=self.whole,
        )

    def latest_end(self, k):
        """Return by when an operation must have ended, but for what else of its kind is tied to it."""
        each = self.timed[k]
        found = [self.whole]
        needed = set(each.wires)
        for j in range(k + 1, len(self.timed)):
            later = self.timed[j]
            found += limits(each, self.timed[k + 1 : j], later)
            if each.transparent or decides(each) or later.transparent:
                continue
            if needed & set(later.wires):
                above = self.levels[j] > self.levels[k]
                if above and (decides(later) or not blocking(each)):
                    found.append(self.on_its_way(*range(self.levels[k] + 1, max(self.levels) + 1)))
                elif decides(later):
                    found.append(self.on_its_way(*range(self.levels[k], max(self.levels) + 1)))
            needed -= set(later.wires)
        return min(found)

    def latest_start(self, k):
        """Return the latest begin, with what is tied to an operation."""
        each = self.timed[k]
        own = self.latest_end(k) - (each.end - each.start)
        if decides(each):
            order = [(self.levels[j], j) for j in range(len(self.timed)) if decides(self.timed[j])]
            later = [j for level, j in order if (level, j) > (self.levels[k], k)]
            return self.in_series(k, own, later)
        tied = [
            j
            for j, other in enumerate(self.timed)
            if other.name in ("measure", "reset") and self.levels[j] == self.levels[k]
        ]
        if k not in tied:
            return own
        return min(self.latest_end(j) - (self.timed[j].end - self.timed[j].start) for j in tied)

    def in_series(self, k, own, later):
        first = min((self.timed[j].start for j in later), default=None)
        same = [self.timed[j].start for j in later if self.messages[j] == self.messages[k]]
        if first is None or (same and min(same) == pytest.approx(first) and own <= first):
            return own
        if same and min(same) <= own:
            return min(same)
        return min(own, first - SERIES)


def decides(each):
    return each.name == "if_else"


def blocking(each):
    return each.name in ("measure", "reset", "if_else")


def writes(each):
    return each.bits if each.name == "measure" else ()


def limits(first, between, second):
    """Return by when the first of two operations, in the circuit's order, must have ended, for each reason there is."""
    decided = set(second.bits) if decides(second) else set()
    overwritten = {bit for each in between for bit in writes(each)}
    if set(first.wires) & set(second.wires):
        yield second.start
    if (set(writes(first)) - overwritten) & decided:
        yield second.start - LATENCY
    if set(writes(second)) & (set(writes(first)) | (set(first.bits) if decides(first) else set())):
        yield second.start + first.end - first.start


@pytest.mark.parametrize("case", range(25))
def test_every_operation_is_as_late_as_the_rules_allow(case, rng):
    circuit = random_circuit(rng)
    rules = Rules(circuit)
    assert [each.position for each in rules.timed] == list(range(len(circuit.data)))
    for k, each in enumerate(rules.timed):
        instruction = circuit.data[k]
        if decides(each):
            seconds = max(len(block.data) for block in instruction.operation.blocks)
            assert each.end - each.start == pytest.approx(seconds * SECONDS["x"] * (1 + 0.13 * each.wires[0]))
        else:
            expected = 0.0 if each.name == "barrier" else seconds_of(k, instruction, each.wires)
            assert each.end - each.start == pytest.approx(expected)
        assert each.start == pytest.approx(rules.latest_start(k)), (k, each.name)
    assert min(each.start for each in rules.timed) == pytest.approx(0)


@pytest.mark.parametrize("case", range(10))
def test_operations_come_in_order_of_time_and_of_what_they_depend_on(case, rng):
    circuit = random_circuit(rng, length=40)
    timed = schedule(circuit, seconds_of, LATENCY, SERIES)
    assert [each.start for each in timed] == sorted(each.start for each in timed)
    for k, earlier in enumerate(timed):
        for later in timed[k + 1 :]:
            if later.position < earlier.position:
                assert not set(later.wires) & set(earlier.wires)
                assert not set(later.bits) & set(earlier.bits) or {later.name, earlier.name} == {"if_else"}


@pytest.mark.parametrize("case", range(10))
def test_a_wire_does_one_thing_at_a_time_and_waits_for_the_rest(case, rng):
    circuit = random_circuit(rng)
    timed = schedule(circuit, seconds_of, LATENCY, SERIES)
    idle = waits(rests(timed))
    for wire in range(circuit.num_qubits):
        mine = [each for each in timed if wire in each.wires and not each.transparent]
        spans = sorted(
            [(each.start, each.end) for each in mine] + [(w.start, w.end) for w in idle if w.wire == wire]
        )
        assert all(second[0] >= first[1] - 1e-9 for first, second in itertools.pairwise(spans))
        for first, second in itertools.pairwise(mine):
            gap = second.start - first.end
            waited = [w.seconds for w in idle if w.wire == wire and w.start == first.end]
            if gap > 1e-12:
                expected = [] if "reset" in (first.name, second.name) else [pytest.approx(gap)]
                assert waited == expected


def test_overwriting_a_bit_keeps_its_place_however_times_round(rng):
    """Operations that must not change places, and lie at the same time, are not swapped by the last digit of a float."""
    for _ in range(500):
        a, b = rng.uniform(1e-7, 1e-5, 2)
        circuit = QuantumCircuit(3, 1)
        circuit.measure(0, 0)
        with circuit.if_test((0, 1)):
            circuit.x(1)
        circuit.measure(2, 0)
        timed = schedule(circuit, lambda _, instruction, wires, a=a, b=b: (a, a / 3, b)[wires[0]], 1.5e-6)
        assert [each.position for each in timed] == [0, 1, 2]
        circuit = QuantumCircuit(2, 1)
        circuit.measure([0, 1], [0, 0])
        timed = schedule(circuit, lambda _, instruction, wires, a=a, b=b: (a, b)[wires[0]])
        assert [each.position for each in timed] == [0, 1]


def test_a_nested_decision_waits_for_its_bits_too():
    circuit = QuantumCircuit(3, 2)
    circuit.measure([0, 1], [0, 1])
    with circuit.if_test((0, 1)), circuit.if_test((1, 1)):
        circuit.x(2)
    first, second, decision = schedule(circuit, seconds_of, LATENCY, SERIES)
    assert max(first.end, second.end) + LATENCY == pytest.approx(decision.start)
    assert second.end == pytest.approx(decision.start - LATENCY)


def test_a_loop_cannot_be_timed_and_need_not_be_where_nothing_takes_time():
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    with circuit.while_loop((circuit.clbits[0], 1)):
        circuit.x(0)
        circuit.measure(0, 0)
    with pytest.raises(UnsupportedError, match=r"'while_loop'.*idle=False"):
        schedule(circuit, seconds_of)
    assert [each.end for each in schedule(circuit, None)] == [0.0, 0.0]


def test_every_branch_of_a_switch_counts_for_how_long_it_lasts():
    circuit = QuantumCircuit(1, 1)
    with circuit.switch(0) as case:
        with case(0):
            circuit.h(0)
        with case(1):
            circuit.x(0)
            circuit.x(0)
    (only,) = schedule(circuit, seconds_of)
    assert only.end == pytest.approx(2 * SECONDS["x"])


def test_a_measurement_that_is_overwritten_before_it_is_read_owes_no_latency():
    circuit = QuantumCircuit(4, 1)
    circuit.measure([3, 0], [0, 0])
    with circuit.if_test((0, 1)):
        circuit.x(1)
    timed = {each.wires: each for each in schedule(circuit, seconds_of, LATENCY, SERIES)}
    assert timed[0,].end == pytest.approx(timed[1,].start - LATENCY)
    assert timed[3,].start == timed[0,].start
    assert timed[3,].end > timed[0,].end
