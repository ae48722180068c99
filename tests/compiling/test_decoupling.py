"""Pulses in circuits for hardware: the same circuit but for waiting, in the windows that the twin treats too."""

import dataclasses
import math

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Barrier, ClassicalRegister, QuantumRegister
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import Operator

import qnet_circuits as qn
from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.backends.simulation.steps import Unitary
from qnet_circuits.backends.simulation.twin import Twin
from qnet_circuits.compiling.building import fence_labels
from qnet_circuits.compiling.compiler import compile_program
from qnet_circuits.compiling.decoupling import check_only_waiting_changed, with_pulses
from qnet_circuits.compiling.verifying.boundaries import verify_boundaries
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.devices.repaired import Usable, durations_of
from qnet_circuits.devices.schedule import makespan, rests, schedule, waits
from qnet_circuits.errors import UnsupportedError, VerificationError
from qnet_circuits.programs.program import Program
from tests.backends.service.one_job import check
from tests.devices.calibrations import US, perfect, rough

LATENCY, SERIES = DeviceNoise().feedforward_latency, DeviceNoise().decision_latency
PULSE = 60e-9
CASES = [
    (qn.RepeaterChain(hops=5), "feedforward", "fake_kingston"),
    (qn.RepeaterChain(hops=4), "frame", "fake_sherbrooke"),
    (qn.RepeaterChain(hops=3), "feedforward", "fake_sherbrooke"),
    (qn.Teleportation(), "feedforward", "fake_manila"),
    (qn.LongRangeCnot(hops=3), "feedforward", "fake_torino"),
]


def timeline(circuit, qubits, device, hold=True):
    usable = Usable(device.calibration)
    return schedule(circuit, durations_of(circuit, qubits, usable), LATENCY, SERIES, hold)


def quick(qubits=3, **durations):
    """Return a device on which an X lasts 60 ns, and a measurement 1 µs."""
    return Device.from_calibration(perfect(qubits, durations={"x": PULSE, **durations}))


def names(circuit, wire):
    return [i.name for i in circuit.data if circuit.qubits[wire] in i.qubits]


def random_static(rng, qubits=4, length=25):
    circuit = QuantumCircuit(qubits)
    for _ in range(length):
        kind, wire = rng.random(), int(rng.integers(qubits))
        if kind < 0.3:
            circuit.cz(wire, (wire + 1) % qubits)
        elif kind < 0.5:
            circuit.rz(float(rng.uniform(0, 6)), wire)
        elif kind < 0.6:
            circuit.append(Barrier(1, label=f"fence:{len(circuit.data)}"), [wire])
        elif kind < 0.7:
            circuit.barrier(*(int(k) for k in rng.permutation(qubits)[:2]))
        elif kind < 0.8:
            circuit.delay(int(rng.integers(1, 600)), wire)
        else:
            circuit.x(wire) if rng.random() < 0.5 else circuit.sx(wire)
    return circuit


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0].name}-{case[1]}-{case[2]}")
def compiled(request):
    """Give a program of some circuits, of which the others differ in their settings alone."""
    protocol, mode, device = request.param
    few = Program(protocol.program(np.random.default_rng(0)).items[:6])
    return compile_program(few, fake_device(device), corrections=mode, decoupling=True)


@pytest.mark.one_in(2)
def test_every_long_window_is_filled_and_the_circuit_lasts_no_longer(compiled):
    device = compiled.device
    target = device.own_target
    step = math.lcm(target.pulse_alignment, target.acquire_alignment) * target.dt
    # What a window leaves free, less than a step, moves the windows before it.
    slack = 2 * step
    filled = 0
    for item, played in zip(compiled, compiled.scheduled_circuits, strict=True):
        usable = Usable(device.calibration)
        # Pulses are played while decisions are on their way.
        before = timeline(item.circuit, item.qubits, device)
        after = timeline(played, item.qubits, device, hold=False)
        assert makespan(after) == pytest.approx(makespan(before), abs=1e-12)
        for window in waits(rests(before)):
            pulse = usable.duration("x", (item.qubits[window.wire],))
            inside = [
                each
                for each in after
                if each.wires == (window.wire,)
                and each.name in ("x", "delay")
                and window.start - slack <= each.start
                and each.end <= window.end + slack
                and each.end > each.start
            ]
            if window.seconds <= 8 * pulse:
                assert not any(each.name == "delay" for each in inside)
                continue
            filled += 1
            assert [each.name for each in inside].count("x") == 2
            left = window.seconds - sum(each.end - each.start for each in inside)
            assert -1e-12 < left < step
            # The time before the first pulse, between both, and after: both signs of a slow error weigh the same.
            signs = np.cumsum([each.name == "x" for each in inside]) % 2
            turned = sum(
                (each.end - each.start) * (1 - 2 * sign)
                for each, sign in zip(inside, signs, strict=True)
                if each.name == "delay"
            )
            assert abs(turned) < 1.5 * step
    assert filled


def test_the_rest_of_the_circuit_is_as_it_was(compiled):
    for item, played in zip(compiled, compiled.scheduled_circuits, strict=True):
        others = [i for i in item.circuit.data if i.name not in ("x", "delay")]
        assert [i for i in played.data if i.name not in ("x", "delay")] == others
        assert fence_labels(played) == fence_labels(item.circuit)
        assert verify_boundaries(item.routed, played) > 0
        added = played.count_ops().get("x", 0) - item.circuit.count_ops().get("x", 0)
        assert added % 2 == 0 and added > 0


def test_pulses_keep_to_the_limits_of_a_job(compiled):
    assert check(compiled.circuits, compiled.device.own_target, 100) == []
    for wide, played in zip(compiled.circuits, compiled.scheduled_circuits, strict=True):
        assert dict(wide.count_ops()) == dict(played.count_ops())
    assert compiled.verify() > 0


def test_without_decoupling_nothing_is_put_in():
    plain = qn.compile(qn.Teleportation(), "local:fake_manila", corrections="feedforward")
    assert not any("delay" in circuit.count_ops() for circuit in plain.circuits)


def test_random_circuits_do_what_they_did(rng):
    found = 0
    for _ in range(30):
        device = Device.from_calibration(rough(rng, 4))
        circuit = random_static(rng)
        made = with_pulses(circuit, range(4), device)
        same = [QuantumCircuit(4), QuantumCircuit(4)]
        for source, bare in zip((circuit, made), same, strict=True):
            for instruction in source.data:
                if instruction.name not in ("delay", "barrier"):
                    bare.append(instruction.operation, [source.find_bit(q).index for q in instruction.qubits])
        assert Operator(same[0]) == Operator(same[1])
        added = made.count_ops().get("x", 0) - circuit.count_ops().get("x", 0)
        found += added > 0
    assert found > 20


def test_the_twin_models_the_same_pulses(rng):
    """As many, on the same wires, and not further apart in time than a pulse lasts: the twin's take no time."""
    total = 0
    for _ in range(20):
        calibration = rough(rng, 4)
        circuit = random_static(rng)
        circuit.add_register(*QuantumCircuit(0, 4).cregs)
        circuit.measure(range(4), range(4))
        made = with_pulses(circuit, range(4), Device.from_calibration(calibration))
        usable = Usable(calibration)
        steps = [
            Twin(usable, DeviceNoise(gates=False), on).noisy(circuit, range(4)).steps for on in (False, True)
        ]
        counts = [
            [
                sum(isinstance(s, Unitary) and s.operation.name == "x" and s.wires == (k,) for s in each)
                for k in range(4)
            ]
            for each in steps
        ]
        pulses = [names(made, k).count("x") - names(circuit, k).count("x") for k in range(4)]
        assert pulses == [with_them - without for without, with_them in zip(*counts, strict=True)]
        total += sum(pulses)
    assert total > 50


def test_coupled_neighbours_are_staggered():
    circuit = QuantumCircuit(2, 2)
    circuit.sx([0, 1])
    circuit.delay(1000, 0)
    circuit.delay(1000, 1)
    circuit.sx([0, 1])
    circuit.measure([0, 1], [0, 1])
    made = with_pulses(circuit, range(2), quick(2))
    lengths = [
        [i.params[0] if i.name == "delay" else i.name for i in made.data if made.qubits[k] in i.qubits][1:-2]
        for k in (0, 1)
    ]
    assert sorted(lengths, key=len) == [[485, "x", 485, "x"], [242, "x", 485, "x", 243]]


def test_waiting_for_a_measurement_and_a_decision_gets_pulses_and_branches_do_not():
    circuit = QuantumCircuit(3, 2)
    circuit.sx([0, 1])
    circuit.cz(0, 1)
    circuit.measure(1, 0)
    with circuit.if_test((0, 1)):
        circuit.x(0)
        circuit.delay(2000, 0)
    circuit.sx(0)
    circuit.sx(2)
    circuit.measure(0, 1)
    made = with_pulses(circuit, range(3), quick())
    assert names(made, 0) == [
        "sx",
        "cz",
        "delay",
        "x",
        "delay",
        "x",
        "delay",
        "if_else",
        "sx",
        "measure",
    ] or names(made, 0) == ["sx", "cz", "delay", "x", "delay", "x", "if_else", "sx", "measure"]
    waited = sum(i.params[0] for i in made.data if i.name == "delay") + 2 * 15
    assert waited == round((1 * US + LATENCY) / 4e-9)
    # Qubit 1 is measured and not used again, qubit 2 is in |0> until late.
    assert names(made, 1) == ["sx", "cz", "measure"] and names(made, 2) == ["sx"]
    before, after = (next(i for i in c.data if i.name == "if_else") for c in (circuit, made))
    assert before.operation == after.operation


def test_a_wait_beside_a_branch_gets_pulses():
    circuit = QuantumCircuit(2, 3)
    circuit.sx([0, 1])
    circuit.cz(0, 1)
    circuit.measure(1, 0)
    with circuit.if_test((0, 1)):
        circuit.delay(1000, 1)
    circuit.cz(0, 1)
    circuit.measure([0, 1], [1, 2])
    made = with_pulses(circuit, range(2), quick(2))
    waited = sum(i.params[0] for i in made.data if i.name == "delay" and i.qubits[0] == made.qubits[0])
    assert names(made, 0).count("x") == 2
    assert waited + 2 * 15 == round((1 * US + LATENCY) / 4e-9) + 1000


def test_a_barrier_that_joins_qubits_divides_a_wait():
    circuit = QuantumCircuit(3, 1)
    circuit.sx([0, 1])
    circuit.barrier(0, 1)
    circuit.delay(1000, 1)
    circuit.barrier(0, 1)
    circuit.delay(700, 1)
    circuit.cz(0, 1)
    circuit.measure(0, 0)
    device = quick()
    made = with_pulses(circuit, range(3), device)
    assert names(made, 0).count("x") == names(made, 1).count("x") == 4
    kept = [name for name in names(made, 0) if name != "delay"]
    assert kept == ["sx", "barrier", *"xx", "barrier", *"xx", "cz", "measure"]
    assert makespan(timeline(made, range(3), device)) <= makespan(timeline(circuit, range(3), device)) + 1e-12


def test_short_waits_and_qubits_in_their_ground_state_are_left_alone():
    circuit = QuantumCircuit(2, 2)
    circuit.delay(5000, 0)
    circuit.sx(0)
    circuit.delay(100, 0)
    circuit.sx(0)
    circuit.reset(0)
    circuit.delay(5000, 0)
    circuit.measure([0, 1], [0, 1])
    assert with_pulses(circuit, range(2), quick(2)) is circuit


def test_delays_outside_of_windows_stay():
    circuit = QuantumCircuit(2, 2)
    circuit.sx(0)
    circuit.delay(4000, 0)
    circuit.sx(0)
    circuit.delay(1000, 1)
    circuit.sx(1)
    circuit.delay(100, 1)
    circuit.sx(1)
    circuit.measure([0, 1], [0, 1])
    made = with_pulses(circuit, range(2), quick(2))
    assert [i.params[0] for i in made.data if i.name == "delay" and i.qubits[0] == made.qubits[1]] == [
        1000,
        100,
    ]
    assert names(made, 0).count("x") == 2 and names(made, 1).count("x") == 0


def test_a_device_without_x_or_clock():
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    circuit.delay(10, 0, unit="us")
    circuit.h(0)
    circuit.measure(0, 0)
    bare = Device("bare", GenericBackendV2(2, ["sx", "rz", "cz"], seed=1))
    with pytest.raises(UnsupportedError, match=r"bare .* x on qubit 0"):
        with_pulses(circuit, [0], bare)
    timeless = Device.from_calibration(dataclasses.replace(perfect(1, durations={"x": PULSE}), dt=None))
    made = with_pulses(circuit, [0], timeless)
    lengths = [(i.params[0], i.operation.unit) for i in made.data if i.name == "delay"]
    assert {unit for _, unit in lengths} == {"s"}
    assert sum(seconds for seconds, _ in lengths) == pytest.approx(10 * US - 2 * PULSE)
    # Whatever it is compiled for, the twin too: pulses that no machine could play raise at once.
    waiting = QuantumCircuit(QuantumRegister(1, "alice"), ClassicalRegister(1, "a"))
    waiting.compose(circuit, waiting.qubits, waiting.clbits, inplace=True)
    with pytest.raises(UnsupportedError, match=r"x on qubit.*decoupling"):
        qn.compile(qn.Program([qn.Item("waiting", waiting)]), "aer:fake_burlington", decoupling=True)
    old = fake_device("fake_burlington")
    assert old.own_target.dt is None
    with pytest.raises(UnsupportedError, match=r"fake_burlington.* x on qubit 0"):
        with_pulses(circuit, [0], old)


def test_what_is_not_only_waiting_is_found_out():
    circuit = QuantumCircuit(2, 1, name="it")
    circuit.sx(0)
    circuit.append(Barrier(1, label="fence:a"), [0])
    circuit.cz(0, 1)
    circuit.measure(0, 0)
    good = QuantumCircuit(2, 1)
    good.sx(0)
    good.x(0)
    good.delay(10, 0)
    good.x(0)
    good.append(Barrier(1, label="fence:a"), [0])
    good.cz(0, 1)
    good.measure(0, 0)
    check_only_waiting_changed(circuit, good)

    def changed(edit):
        other = good.copy()
        edit(other.data)
        return other

    label = next(i for i in good.data if i.name == "barrier").replace(operation=Barrier(1, label="fence:b"))
    for edit, message in (
        (lambda data: data.pop(), "measure "),
        (lambda data: data.pop(3), "barrier .*pulses"),
        (lambda data: data.__setitem__(4, label), "barrier .*next"),
        (lambda data: data.insert(5, data.pop(6)), "measure .*next"),
        (lambda data: data.append(data[1]), ".*second pulse"),
    ):
        with pytest.raises(VerificationError, match=f"decoupling .*'it': {message}"):
            check_only_waiting_changed(circuit, changed(edit))


def test_pulses_pay_where_noise_is_slow():
    """The twin's pulses are those that circuits carry: a chain with feed-forward gains by them."""
    chain, options = (
        qn.RepeaterChain(hops=3),
        {"corrections": "feedforward", "noise": {"t2_star_fraction": 0.05}},
    )
    without, with_them = (
        qn.predict(chain, "fake_kingston", decoupling=on, **options).fidelity.value for on in (False, True)
    )
    assert with_them > without + 0.005
