"""Perfect readout, fusing and wires used again change no outcome's probability, on every branch of random circuits."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from qiskit import QuantumCircuit

import qnet_circuits as qn
from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.backends.simulation.aer_circuits import perfect_readout
from qnet_circuits.backends.simulation.aer_methods import Plan, fused_steps, plan_of
from qnet_circuits.backends.simulation.fusing import thinned
from qnet_circuits.backends.simulation.narrowing import recycled
from qnet_circuits.backends.simulation.steps import Decision, Measurement, Relax, Transfer, Unitary
from qnet_circuits.backends.simulation.telling import told
from qnet_circuits.backends.simulation.twin import Twin, noisy_program
from qnet_circuits.compiling.compiler import compile_program
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.devices.repaired import Usable
from qnet_circuits.programs.program import Item, Program
from tests.backends.simulation.density import distribution
from tests.backends.simulation.random_circuits import random_noisy
from tests.devices.calibrations import US, perfect, rough
from tests.support.programs import random_program

EVERYTHING = DeviceNoise(
    zz=-2e5, charge_parity=5e4, t2_star_fraction=0.4, measurement_dephasing=0.1, post_measure_fraction=0.6
)


def inside(steps):
    for step in steps:
        yield step
        if isinstance(step, Decision):
            for block in step.blocks:
                yield from inside(block)


def of_registers(noisy):
    """Return {bits of the registers: probability}; a bit in no register is nobody's outcome."""
    found = Counter()
    for bits, chance in distribution(noisy).items():
        found[bits[: noisy.num_bits]] += chance
    return found


def same(one, other):
    """Check that two circuits give every outcome with the same probability."""
    assert one.num_bits == other.num_bits
    first, second = of_registers(one), of_registers(other)
    assert sum(first.values()) == pytest.approx(1, abs=1e-9)
    assert all(
        first.get(bits, 0) == pytest.approx(second.get(bits, 0), abs=1e-9)
        for bits in first.keys() | second.keys()
    )


def check(noisy):
    """Check each transformation, their combinations, and the plans made of them."""
    few = thinned(noisy)
    assert len(list(inside(few))) <= len(list(inside(noisy)))
    read = perfect_readout(noisy)
    assert all(not (step.p10 or step.p01) for step in inside(read) if isinstance(step, Measurement))
    fused = replace(read, steps=tuple(fused_steps(read.steps)))
    assert all(
        isinstance(step, Transfer | Measurement | Decision) or len(step.wires) == 1 for step in inside(fused)
    )
    narrow = recycled(fused)
    for before, after in (
        (noisy, recycled(noisy)),
        (read, recycled(read)),
        (fused, narrow),
        (narrow, recycled(narrow)),
    ):
        assert after.num_wires <= before.num_wires
        used = {wire for step in after for wire in step.wires}
        assert used == set(range(after.num_wires))
    plan = plan_of(few)
    variants = [
        read, fused, narrow, recycled(noisy), replace(noisy, steps=tuple(fused_steps(noisy.steps))), recycled(read),
        few, told(few), plan.noisy, plan.for_shots(1).noisy,
    ]  # fmt: skip
    for variant in variants:
        same(noisy, variant)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("case", range(8))
def test_random_circuits_on_a_rough_device(case, rng):
    check(random_noisy(rng, noise=EVERYTHING if case % 2 else None))


@pytest.mark.parametrize("case", range(4))
def test_random_circuits_without_noise(case, rng):
    check(random_noisy(rng, device=False))


@pytest.mark.parametrize("case", range(3))
def test_random_static_circuits(case, rng):
    check(random_noisy(rng, wires=4, static=True))


@pytest.mark.slow
@pytest.mark.parametrize("case", range(150))
def test_many_random_circuits(case, rng):
    check(
        random_noisy(
            rng,
            device=bool(case % 4),
            noise=EVERYTHING if case % 2 else None,
            length=int(rng.integers(5, 11)),
        )
    )


@pytest.mark.parametrize("mode", ["frame", "feedforward", "postselect", "none"])
def test_random_programs(mode, rng):
    """Of two nodes, so that following every branch takes no minutes."""
    device = Device.from_calibration(rough(rng, 7))
    compiled = compile_program(
        Program([Item("it", random_program(rng, most_nodes=2))]), device, corrections=mode
    )
    check(noisy_program(compiled, device, DeviceNoise()).circuits[0])


# -- how many wires ----------------------------------------------------------------------------------------------------


@pytest.mark.one_in(3)
@pytest.mark.parametrize("mode", ["frame", "feedforward", "none"])
@pytest.mark.parametrize("device", [None, "fake_torino"])
@pytest.mark.parametrize("hops", [1, 2, 3, 7, 20])
def test_chains_of_any_length_take_at_most_four_wires(hops, device, mode):
    where = None if device is None else fake_device(device)
    compiled = qn.compile(
        qn.RepeaterChain(hops=hops, link_fidelity=0.9),
        "ideal" if device is None else f"aer:{device}",
        corrections=mode,
    )
    for noisy in noisy_program(compiled, where, DeviceNoise()).circuits:
        read = perfect_readout(noisy)
        for circuit in (noisy, read, replace(read, steps=tuple(fused_steps(read.steps)))):
            assert recycled(circuit).num_wires <= 4


def test_a_wire_that_nobody_measures_is_left_out_and_one_that_is_used_again_is_reset():
    circuit = QuantumCircuit(4, 2)
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.x(3)
    circuit.h(2)
    circuit.measure(2, 1)
    narrow = recycled(Twin().noisy(circuit))
    assert [type(step).__name__ for step in narrow] == [
        "Unitary",
        "Measurement",
        "Reset",
        "Unitary",
        "Measurement",
    ]
    assert narrow.num_wires == 1
    assert distribution(narrow) == pytest.approx({(a, b): 0.25 for a in (0, 1) for b in (0, 1)})


@pytest.mark.parametrize("mode", ["frame", pytest.param("feedforward", marks=pytest.mark.slow)])
def test_a_star_takes_few_wires(mode):
    """Its 18 wires rest beside each other; in order of time it takes eleven and more."""
    whole = qn.Ghz(parties=5).program(np.random.default_rng(0))
    star = qn.compile(Program(whole.items[:1], (), whole.network), "aer:fake_kingston", corrections=mode)

    def few(zz):
        return thinned(noisy_program(star, fake_device("fake_kingston"), DeviceNoise(zz=zz)).circuits[0])

    assert plan_of(few(0)).noisy.num_wires <= 6
    assert plan_of(few("typical")).noisy.num_wires <= 6
    by_bits = perfect_readout(told(few("typical")))
    narrow = recycled(replace(by_bits, steps=tuple(fused_steps(by_bits.steps))))
    assert narrow.num_wires <= 6


# -- what changes no outcome -------------------------------------------------------------------------------------------


def _resting(circuit):
    """Return a circuit on a line of qubits that turn beside each other while they rest."""
    count = circuit.num_qubits
    calibration = perfect(
        count, 30 * US, 25 * US, readout=(0.1, 0.3), durations={"measure": 2 * US, "cx": 1 * US, "h": 1 * US}
    )
    twin = Twin(Usable(calibration), DeviceNoise(zz=2e5, charge_parity=5e4))
    return twin.noisy(circuit, range(count))


def _turns(noisy):
    return [set(step.wires) for step in inside(noisy) if len(step.wires) == 2 and step.operation.name == "cp"]


def test_measured_and_abandoned_neighbours_turn_a_live_qubit_and_not_each_other():
    """Qubit 1 waits for the outcome of 0; 2 waits to be read after its last gate, and 3 is left behind."""
    circuit = QuantumCircuit(4, 3)
    circuit.h([0, 1, 2, 3])
    circuit.cx(2, 3)
    circuit.cx(1, 2)
    circuit.cx(0, 1)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.x(1)
    circuit.h(1)
    circuit.barrier()
    circuit.measure([1, 2], [1, 2])
    noisy = _resting(circuit)
    assert {frozenset(pair) for pair in _turns(noisy)} == {
        frozenset(pair) for pair in ((0, 1), (1, 2), (2, 3))
    }
    few = _turns(thinned(noisy))
    assert {0, 1} in few and {1, 2} in few and {2, 3} not in few
    assert not _turns(told(thinned(noisy)))
    check(noisy)


def test_a_measured_neighbour_that_is_flipped_in_a_branch_turns_as_it_is_then():
    circuit = QuantumCircuit(2, 2)
    circuit.h([0, 1])
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.x(0)
        circuit.delay(3, [0, 1], unit="us")
    circuit.h(1)
    circuit.measure(1, 1)
    noisy = _resting(circuit)
    assert _turns(told(thinned(noisy)))
    check(noisy)


def test_gates_on_a_qubit_that_nobody_reads_are_left_out_and_so_is_what_turned_it_before():
    circuit = QuantumCircuit(3, 2)
    circuit.h([0, 1, 2])
    circuit.cx(0, 1)
    circuit.barrier()
    circuit.delay(3, [0, 1, 2], unit="us")
    circuit.barrier()
    circuit.h(0)
    circuit.measure(1, 0)
    circuit.measure(2, 1)
    noisy = _resting(circuit)
    assert {0, 1} in _turns(noisy) and {1, 2} in _turns(noisy)
    assert not _turns(thinned(noisy))
    check(noisy)


def test_a_qubit_that_is_reset_is_read_by_nobody_and_one_that_is_measured_in_a_branch_is():
    circuit = QuantumCircuit(2, 2)
    circuit.h([0, 1])
    circuit.measure(1, 0)
    with circuit.if_test((0, 1)):
        circuit.measure(0, 1)
    circuit.h(0)
    circuit.reset(0)
    circuit.h(0)
    circuit.measure(0, 1)
    noisy = _resting(circuit)
    kinds = [step.operation.name for step in thinned(noisy) if isinstance(step, Unitary) and 0 in step.wires]
    assert kinds == ["h", "h"]
    check(noisy)


# -- readout of a wire that goes on ------------------------------------------------------------------------------------


def _misread(circuit, p10=0.1, p01=0.3):
    usable = Usable(perfect(circuit.num_qubits, None, None, readout=(p10, p01)))
    return Twin(usable).noisy(circuit, range(circuit.num_qubits))


@pytest.mark.parametrize("value", [0, 1])
def test_a_wire_that_is_measured_twice_is_misread_twice_and_goes_on_as_it_was(value):
    circuit = QuantumCircuit(1, 2)
    if value:
        circuit.x(0)
    circuit.measure(0, 0)
    circuit.measure(0, 1)
    noisy = _misread(circuit)
    wrong = 0.3 if value else 0.1
    chance = [1 - wrong, wrong] if value == 0 else [wrong, 1 - wrong]
    expected = {(a, b): chance[a] * chance[b] for a in (0, 1) for b in (0, 1)}
    read = perfect_readout(noisy)
    assert read.num_wires == 2
    assert distribution(read) == pytest.approx(expected)
    check(noisy)


def test_a_wire_that_is_reset_next_needs_no_copy():
    circuit = QuantumCircuit(1, 2)
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.reset(0)
    circuit.x(0)
    circuit.measure(0, 1)
    noisy = _misread(circuit)
    assert perfect_readout(noisy).num_wires == 1
    check(noisy)


def test_measurements_in_branches_are_misread_where_they_happen():
    circuit = QuantumCircuit(2, 4)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)) as otherwise:
        circuit.measure(0, 1)
    with otherwise:
        circuit.x(1)
        circuit.measure(1, 2)
        circuit.measure(1, 3)
    noisy = _misread(circuit)
    check(noisy)
    found = distribution(perfect_readout(noisy))
    # The qubit is 1 and read as 1, then read again; or read as 0 from either value.
    assert found[1, 1, 0, 0] == pytest.approx(0.5 * 0.7 * 0.7 + 0.5 * 0.1 * 0.1)
    assert found[1, 0, 0, 0] == pytest.approx(0.5 * 0.7 * 0.3 + 0.5 * 0.1 * 0.9)
    assert found[0, 0, 1, 1] == pytest.approx((0.5 * 0.9 + 0.5 * 0.3) * 0.7**2)


# -- fusing ------------------------------------------------------------------------------------------------------------


def test_a_gate_on_three_wires_fuses_with_what_surrounds_it():
    circuit = QuantumCircuit(3, 3)
    for k in range(3):
        circuit.ry(0.3 + k, k)
    circuit.ccx(2, 0, 1)
    circuit.cx(1, 2)
    circuit.ry(0.4, 1)
    circuit.measure(range(3), [2, 0, 1])
    usable = Usable(
        perfect(
            3, 20 * US, 30 * US, durations={"cx": 2 * US, "ccx": 3 * US, "ry": 1 * US}, errors={"cx": 0.05}
        )
    )
    check(Twin(usable).noisy(circuit, range(3)))


def test_what_happens_to_a_wire_alone_after_its_measurement_is_left_out_and_inside_a_branch_is_not():
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.x(0)
    with circuit.if_test((0, 1)):
        circuit.h(1)
        circuit.h(1)
        circuit.x(1)
    circuit.measure(1, 1)
    noisy = Twin().noisy(circuit)
    fused = fused_steps(noisy.steps)
    assert [type(step) for step in fused] == [Transfer, Measurement, Decision, Measurement]
    (decision,) = (step for step in fused if isinstance(step, Decision))
    assert [len(block) for block in decision.blocks] == [1, 0]
    check(noisy)


def test_a_plan_for_few_shots_is_played_on_few_wires():
    chain = qn.compile(qn.RepeaterChain(hops=4), "aer:fake_torino", corrections="frame")
    noisy = noisy_program(chain, fake_device("fake_torino"), DeviceNoise()).circuits[0]
    assert any(isinstance(step, Relax) for step in noisy)
    plan = plan_of(noisy)
    assert (plan.method, plan.at_once, plan.noisy.num_wires) == ("density_matrix", True, 8)
    few = plan.for_shots(2)
    assert few == Plan(few.noisy, "statevector", False) and few.noisy.num_wires <= 4
    assert plan.for_shots(10_000) is plan
    assert np.isfinite(few.cost) and few.cost < plan.cost
