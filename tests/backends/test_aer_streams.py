"""No two shots share random numbers: not those of chunks, batches or circuits, and runs of one seed are alike."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit_aer import AerSimulator
from scipy.stats import chi2

import qnet_circuits as qn
from qnet_circuits.backends.aer import AerBackend, on_aer
from qnet_circuits.backends.simulation import sampling
from qnet_circuits.backends.simulation.aer_methods import plan_of
from qnet_circuits.backends.simulation.sampling import Call
from qnet_circuits.backends.simulation.twin import Twin
from qnet_circuits.compiling.compiler import compile_program
from qnet_circuits.devices.device import Device
from qnet_circuits.programs.program import Item, Program
from tests.devices.calibrations import rough


@pytest.fixture
def calls(monkeypatch):
    """Watch Aer: (shots, seed, whether each circuit's shots were drawn from one evolution) of every call."""
    seen, real = [], AerSimulator.run

    def watched(self, circuits, shots, seed_simulator):
        job = real(self, circuits, shots=shots, seed_simulator=seed_simulator)
        at_once = [bool(found.metadata.get("measure_sampling")) for found in job.result().results]
        seen.append((shots, seed_simulator, at_once))
        return job

    monkeypatch.setattr(AerSimulator, "run", watched)
    return seen


def streams(calls):
    """Return the streams (first, last) that Aer uses: seed + 2113 circuit + shot, or one alone for an evolution."""
    found = []
    for shots, seed, at_once in calls:
        for k, sampled in enumerate(at_once):
            first = seed + 2113 * k
            found.append((first, first if sampled else first + shots - 1))
    return sorted(found)


def apart(calls):
    return all(last < first for (_, last), (first, _) in itertools.pairwise(streams(calls)))


def with_resets(width=12):
    """Return a circuit without noise and without decisions that resets a qubit in the middle."""
    circuit = QuantumCircuit(QuantumRegister(width, "alice"), ClassicalRegister(width, "out"))
    circuit.rx(0.8, range(width))
    circuit.cx(range(width - 1), range(1, width))
    circuit.reset(0)
    circuit.rx(0.8, 0)
    circuit.cx(0, 1)
    circuit.measure(range(width), range(width))
    return circuit


def programs():
    """Return programs of several circuits that are simulated in every way there is: name, program, device, shots."""
    device = Device.from_calibration(rough(np.random.default_rng(5)))
    chain = qn.RepeaterChain(hops=2).program(np.random.default_rng(0))
    resets = Program([Item(name, with_resets()) for name in "ab"])
    scan = qn.Ghz(parties=4, method="parity-scan").program(np.random.default_rng(0))
    lines = [(0, 1), (1, 2), (2, 3), (5, 6), (6, 7), (7, 8)]
    parts = qn.LinkBenchmark(edges=lines, kind="swap").program(np.random.default_rng(0))
    return {
        "independent parts": (parts, Device.from_calibration(qn.line_device(9)), "frame", 2500),
        "independent parts with decisions": (
            parts,
            Device.from_calibration(qn.line_device(9)),
            "feedforward",
            2500,
        ),
        "density matrix": (chain, device, "frame", 5000),
        "few shots of a density matrix": (chain, device, "frame", 3),
        "decisions": (chain, device, "feedforward", 2500),
        "post-selection": (chain, device, "postselect", 2500),
        "stabilizer": (chain, None, "feedforward", 2500),
        "state vector with resets": (resets, None, "frame", 2500),
        "state vector with decisions": (scan, None, "feedforward", 2200),
    }


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", programs())
@pytest.mark.parametrize("small", [False, True])
def test_circuits_chunks_and_batches_share_no_random_numbers(name, small, calls, monkeypatch):
    program, device, mode, shots = programs()[name]
    if small:
        monkeypatch.setattr(sampling, "CALL", 5e6)
        shots = min(shots, 800)
    compiled = compile_program(program, device, corrections=mode)
    backend = AerBackend("aer", device)
    for seed in (1, 2):
        raws = backend.fetch(backend.submit(compiled, [shots] * len(program.items), seed))
        assert all(len(bits) == shots for raw in raws for bits in raw.values())
    plans = [plan.for_shots(shots) for plan in backend.planned(compiled)[0]]
    parts = len(plans)
    # Of a density matrix Aer tells probabilities, and draws nothing that counts.
    expected = sum(1 if plan.method == "density_matrix" else shots for plan in plans)
    assert sum(count * len(at_once) for count, _, at_once in calls) == 2 * expected
    assert parts == len(program.items) * (2 if "parts" in name else 1)
    if small and name == "decisions":
        assert len(calls) > 2 * len(program.items)
    assert apart(calls)


@pytest.mark.parametrize("name", programs())
def test_one_evolution_serves_all_shots_exactly_where_the_plan_says_so(name, calls):
    """Else Aer would begin every shot anew, with a stream each, in calls that were cut for one stream."""
    program, device, mode, shots = programs()[name]
    compiled = compile_program(program, device, corrections=mode)
    backend = AerBackend("aer", device)
    plans = [plan.for_shots(shots) for plan in backend.planned(compiled)[0]]
    backend.fetch(backend.submit(compiled, [shots] * len(program.items), 1))
    if any(plan.at_once for plan in plans):
        assert all(all(at_once) for _, _, at_once in calls)
    assert all(count <= sampling.CHUNK or all(at_once) for count, _, at_once in calls)


@pytest.mark.parametrize("mode", ["frame", "feedforward"])
def test_the_same_seed_gives_the_same_outcomes_in_pieces_of_any_kind_of_run(mode):
    device = Device.from_calibration(rough(np.random.default_rng(5)))
    chain = qn.RepeaterChain(hops=2)
    first, again, other = (
        qn.submit(chain, device, shots=2200, seed=seed, corrections=mode).outcomes() for seed in (3, 3, 4)
    )
    for item, registers in first.items():
        for name, bits in registers.items():
            assert np.array_equal(bits, again[item][name])
        assert any(not np.array_equal(bits, other[item][name]) for name, bits in registers.items())


@pytest.mark.parametrize("mode", ["frame", "feedforward"])
def test_shots_are_independent_of_the_one_before(mode):
    """Counts of an evolution come sorted; what is handed on is in random order: pairs of neighbours are as chance has it."""
    device = Device.from_calibration(rough(np.random.default_rng(5)))
    shots = 20_000
    outcomes = qn.submit(qn.RepeaterChain(hops=1), device, shots=shots, seed=9, corrections=mode).outcomes()
    for registers in outcomes.values():
        bits = registers["out"][:, 0]
        table = np.histogram2d(bits[:-1].astype(int), bits[1:].astype(int), bins=2)[0]
        expected = np.outer(table.sum(1), table.sum(0)) / table.sum()
        assert ((table - expected) ** 2 / expected).sum() < chi2.ppf(1 - 1e-6, 1)


def test_outcomes_of_a_seed_do_not_depend_on_rounding():
    """A seed gives the same outcomes on machines that round otherwise, so impossible outcomes take no random numbers."""
    found = []
    for angles in itertools.permutations((0.3, 0.7, 1.1)):
        circuit = QuantumCircuit(3, 3)
        for turn in (1, -1):  # Whatever the angles are, nothing happens.
            for wire, angle in enumerate(angles):
                circuit.rx(turn * angle, wire)
            circuit.cx([0, 1, 1, 0], [1, 2, 2, 1])
        circuit.ry(0.8, 0)
        circuit.cx([0, 1], [1, 2])
        circuit.measure(range(3), range(3))
        plan = plan_of(Twin().noisy(circuit))
        assert plan.method == "density_matrix"
        found += on_aer(Call((0,), plan.method, 300, 5), [plan.circuit()])
    for raw in found:
        (bits,) = raw.values()
        assert np.array_equal(bits, next(iter(found[0].values()))) and (bits == bits[:, :1]).all()


def test_circuits_of_one_call_are_independent_on_a_device():
    device = Device.from_calibration(rough(np.random.default_rng(5)))
    (first, *_) = qn.RepeaterChain(hops=1).program(np.random.default_rng(0))
    twice = Program([replace(first, name=name) for name in "ab"])
    backend, shots, pairs = AerBackend("aer", device), 200, 20
    compiled = compile_program(twice, device)
    squares = 0.0
    for seed in range(pairs):
        one, other = (
            int(raw["out"][:, 0].sum()) for raw in backend.fetch(backend.submit(compiled, [shots] * 2, seed))
        )
        squares += (one - other) ** 2
    low, high = chi2.ppf([5e-7, 1 - 5e-7], pairs)
    assert low < squares / (2 * shots * 0.25) < high


def test_runs_with_neighbouring_seeds_are_independent_on_a_device():
    device = Device.from_calibration(rough(np.random.default_rng(5)))
    chain, shots, pairs = qn.RepeaterChain(hops=1), 200, 20
    backend = AerBackend("aer", device)
    compiled = qn.compile(chain, backend)
    squares = 0.0
    for seed in range(0, 2 * pairs, 2):
        raws = [backend.fetch(backend.submit(compiled, [shots] * 3, s))[0] for s in (seed, seed + 1)]
        one, other = (int(raw["out"][:, 0].sum()) for raw in raws)
        squares += (one - other) ** 2
    low, high = chi2.ppf([5e-7, 1 - 5e-7], pairs)
    assert low < squares / (2 * shots * 0.25) < high
