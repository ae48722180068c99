"""Figures computed exactly agree with density matrices on every branch of every measurement."""

import dataclasses

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit.classical import expr

from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.backends.simulation.twin import noisy_program
from qnet_circuits.compiling.compiler import compile_program
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.errors import NoShotsError
from qnet_circuits.programs.expressions import parity, population
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.instructions import entangle, transmit
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.program import Item, Program
from tests.backends.simulation.density import figure_value, outcomes
from tests.devices.calibrations import rough
from tests.support.conditions import random_condition
from tests.support.programs import random_program

MODES = ("frame", "feedforward", "postselect", "none", "coherent")
EVERYTHING = DeviceNoise(
    zz={"0-1": -2e5, "1-2": 1e5, "2-3": 2e5, "4-5": 3e5},
    charge_parity=5e4,
    t2_star={2: 4e-6},
    t2_star_fraction=0.4,
    measurement_dephasing=0.1,
    post_measure_fraction=0.6,
)


def random_figures(rng, item, count=6):
    """Return random parities and populations, half of them conditioned."""
    bits = [(register.name, k) for register in item.circuit.cregs for k in range(register.size)]
    figures = []
    for number in range(count):
        chosen = [bits[k] for k in rng.permutation(len(bits))[: rng.integers(1, 5)]]
        given = []
        if number % 2:
            picked = rng.permutation(len(bits))[: rng.integers(1, 3)]
            given = [(*bits[k], int(rng.integers(2))) for k in picked]
        if number % 3 == 2:
            given.append(random_condition(rng, bits))
        if rng.random() < 0.5:
            asked = parity(item.name, chosen, given)
        else:
            every = [f"{k:0{len(chosen)}b}" for k in range(2 ** len(chosen))]
            patterns = [every[k] for k in rng.permutation(len(every))[: rng.integers(1, len(every) + 1)]]
            asked = population(item.name, chosen, patterns, given)
        figures.append(Figure(f"figure{number}", asked))
    whole = sum((figure.expression for figure in figures[::2]), 0.25)
    return [*figures, Figure("sum", whole / 3)]


def random_link(rng):
    return lambda: Link(pauli=tuple(map(float, rng.dirichlet([8, 1, 1, 1]))))


def check(compiled, device, noise):
    """Compare every figure; return how many were compared, and how many had no chance."""
    backend = ExactBackend("exact", device, noise)
    circuits = noisy_program(compiled, device, noise).circuits
    found = {
        item.name: outcomes(noisy, item.lowered.forms)[0]
        for item, noisy in zip(compiled, circuits, strict=True)
    }
    compared = impossible = 0
    for figure in compiled.program.figures:
        expected = figure_value(figure, found)
        if expected is None:
            impossible += 1
            if figure.conditioned:
                assert backend.evaluate(compiled, [figure]).empty.keys() == {figure.name}
                continue
            with pytest.raises(NoShotsError, match="'random'"):
                backend.evaluate(compiled, [figure])
        else:
            compared += 1
            value = backend.evaluate(compiled, [figure]).values[figure.name].value
            assert value == pytest.approx(expected, abs=1e-9), figure
    return compared, impossible


def random_compiled(rng, mode, device=None, emulate=False, most_nodes=3, length=14, **options):
    """Return a random program with random figures, compiled; None where the mode cannot take it."""
    circuit = random_program(rng, length=length, most_nodes=most_nodes, link=random_link(rng))
    item = Item("random", circuit)
    program = Program([item], random_figures(rng, item))
    compiled = compile_program(program, device, corrections=mode, emulate_links=emulate, **options)
    return compiled if compiled.items[0].circuit.num_qubits <= 8 else None


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", range(6))
def test_random_programs_without_a_device(case, mode, rng):
    compiled = random_compiled(rng, mode)
    if compiled is not None:
        assert sum(check(compiled, None, DeviceNoise())) == 7


@pytest.mark.parametrize("mode", ["frame", "feedforward", "postselect", "none"])
@pytest.mark.parametrize("case", range(6))
def test_random_programs_with_emulated_links(case, mode, rng):
    compiled = random_compiled(rng, mode, emulate=True)
    assert sum(check(compiled, None, DeviceNoise())) == 7


@pytest.mark.one_in(3)
@pytest.mark.parametrize("mode", ["frame", "feedforward", "postselect", "none"])
@pytest.mark.parametrize("case", range(4))
def test_random_programs_on_a_rough_device(case, mode, rng):
    device = Device.from_calibration(rough(rng, variant=bool(case % 2)))
    compiled = random_compiled(rng, mode, device)
    assert sum(check(compiled, device, DeviceNoise())) == 7


@pytest.mark.one_in(3)
@pytest.mark.parametrize("mode", ["frame", "feedforward", "postselect", "none", "coherent"])
@pytest.mark.parametrize("decoupling", [False, True])
@pytest.mark.parametrize("case", range(2))
def test_random_programs_with_every_declared_term(case, decoupling, mode, rng):
    device = Device.from_calibration(rough(rng, 7))
    one_hop = {"most_nodes": 2, "length": 10} if mode == "coherent" else {}
    compiled = dataclasses.replace(random_compiled(rng, mode, device, **one_hop), decoupling=decoupling)
    assert sum(check(compiled, device, EVERYTHING)) == 7


@pytest.mark.parametrize("mode", ["frame", "feedforward", "postselect", "none"])
def test_random_programs_on_a_stand_in_device(mode, rng):
    device = fake_device("fake_manila")
    compiled = random_compiled(rng, mode, device, emulate=mode == "frame", most_nodes=2)
    assert sum(check(compiled, device, DeviceNoise())) == 7


@pytest.mark.parametrize("source", ["gates", "readout", "idle"])
def test_random_programs_with_one_source_only(source, rng):
    device = Device.from_calibration(rough(rng))
    noise = DeviceNoise(**{name: name == source for name in ("gates", "readout", "idle")})
    compiled = random_compiled(rng, "feedforward", device)
    assert sum(check(compiled, device, noise)) == 7


@pytest.mark.parametrize("carrier", ["relabel", "swap", "teleport"])
@pytest.mark.parametrize("mode", ["frame", "feedforward"])
def test_carriers(mode, carrier, rng):
    device = Device.from_calibration(rough(rng, 8))
    compiled = random_compiled(rng, mode, device, carrier=carrier, most_nodes=2, length=10)
    assert sum(check(compiled, device, DeviceNoise())) == 7


@pytest.mark.slow
@pytest.mark.parametrize("case", range(150))
def test_many_random_programs(case, rng):
    mode = MODES[case % 4]
    device = Device.from_calibration(rough(rng, 7, variant=bool(rng.integers(2)))) if case % 3 else None
    noise = EVERYTHING if case % 2 else DeviceNoise()
    compiled = random_compiled(rng, mode, device, emulate=rng.random() < 0.3, length=int(rng.integers(8, 22)))
    assert sum(check(compiled, device, noise)) == 7


def decision(circuit, rng, bits, qubits, depth):
    """Append a random decision whose branches hold others; some read a bit that decides already, or is written later."""
    first, second = (bits[k] for k in rng.permutation(len(bits))[:2])
    condition = [(first, int(rng.integers(2))), expr.bit_or(first, expr.logic_not(second))][
        int(rng.integers(2))
    ]
    with circuit.if_test(condition) as otherwise:
        circuit.rx(rng.uniform(0, 3), qubits[0])
        if depth:
            decision(circuit, rng, bits, qubits, depth - 1)
        circuit.cx(*qubits)
    if rng.random() < 0.5:
        with otherwise:
            circuit.ry(rng.uniform(0, 3), qubits[1])
            if depth:
                decision(circuit, rng, bits, qubits, depth - 1)
            circuit.reset(qubits[0])


@pytest.mark.parametrize("device", [None, "rough"])
@pytest.mark.parametrize("case", range(3))
def test_decisions_inside_branches(case, device, rng):
    node = QuantumRegister(4, "node")
    circuit = QuantumCircuit(node, ClassicalRegister(3, "m"), ClassicalRegister(2, "out"))
    for k in (0, 1):
        circuit.rx(rng.uniform(0.5, 2.5), node[k])
        circuit.measure(node[k], k)
    circuit.h(node[2])
    decision(circuit, rng, circuit.clbits[:3], (node[2], node[3]), 2)
    circuit.measure([1, 2, 3], [2, 3, 4])
    item = Item("random", circuit)
    where = Device.from_calibration(rough(rng)) if device else None
    compiled = compile_program(Program([item], random_figures(rng, item)), where, optimization_level=1)
    assert sum(check(compiled, where, DeviceNoise())) == 7


@pytest.mark.parametrize("asked", [0, 1])
def test_a_decision_inside_a_branch_on_the_same_bit(asked):
    circuit = QuantumCircuit(QuantumRegister(2, "node"), ClassicalRegister(2, "m"))
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)), circuit.if_test((circuit.clbits[0], asked)):
        circuit.x(1)
    circuit.measure(1, 1)
    item = Item("same", circuit)
    same = Figure("same", population("same", [("m", 0), ("m", 1)], ["00", "11"]))
    compiled = compile_program(Program([item], [same]))
    value = ExactBackend("exact").evaluate(compiled, [same]).values["same"].value
    assert value == pytest.approx((1 + asked) / 2)


def test_an_emulated_error_that_shows_in_both_its_parts_at_once():
    """A bit that an emulated Y flips twice, conditioned on itself: both parts of the error share one sum."""
    alice, bob = QuantumRegister(1, "alice"), QuantumRegister(1, "bob")
    circuit = QuantumCircuit(alice, bob, ClassicalRegister(2, "out"))
    entangle(circuit, alice[0], bob[0], Link(pauli=(0.5, 0.2, 0.1, 0.2)))
    for qubit in circuit.qubits:
        circuit.sdg(qubit)
        circuit.h(qubit)
    circuit.measure([0, 1], [0, 1])
    bits = [("out", 0), ("out", 1)]
    figure = Figure("f", population("yy", bits, ["01"], [("out", 1, 1)]))
    compiled = compile_program(Program([Item("yy", circuit)], [figure]), emulate_links=True)
    assert ExactBackend().evaluate(compiled, [figure]).values["f"].value == pytest.approx(0.5 + 0.1)
    assert check(compiled, None, DeviceNoise()) == (1, 0)


@pytest.mark.parametrize("emulate", [False, True])
def test_a_links_errors_happen_with_their_weights(emulate):
    """The correlators of a Bell pair, and a transmitted |0⟩ and |+⟩, follow from the weights alone."""
    i, x, y, z = weights = (0.6, 0.05, 0.15, 0.2)
    items, figures = [], []
    for basis in "XYZ":
        circuit = QuantumCircuit(
            QuantumRegister(1, "alice"), QuantumRegister(1, "bob"), ClassicalRegister(2, "out")
        )
        entangle(circuit, *circuit.qubits, Link(pauli=weights))
        for qubit in circuit.qubits:
            if basis == "Y":
                circuit.sdg(qubit)
            if basis != "Z":
                circuit.h(qubit)
        circuit.measure([0, 1], [0, 1])
        items.append(Item(basis, circuit))
        figures.append(Figure(basis, parity(basis, [("out", 0), ("out", 1)])))
    for name in ("zero", "plus"):
        circuit = QuantumCircuit(
            QuantumRegister(1, "alice"), QuantumRegister(1, "bob"), ClassicalRegister(1, "out")
        )
        if name == "plus":
            circuit.h(0)
        transmit(circuit, *circuit.qubits, Link(pauli=weights))
        if name == "plus":
            circuit.h(1)
        circuit.measure(1, 0)
        items.append(Item(name, circuit))
        figures.append(Figure(name, population(name, [("out", 0)], ["1"])))
    compiled = compile_program(Program(items, figures), emulate_links=emulate)
    values = ExactBackend().evaluate(compiled, figures).values
    found = {name: estimate.value for name, estimate in values.items()}
    expected = {"X": i + x - y - z, "Y": -(i - x + y - z), "Z": i - x - y + z, "zero": x + y, "plus": y + z}
    assert found == pytest.approx(expected, abs=1e-12)
