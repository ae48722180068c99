"""Independent parts of a circuit: found where nothing joins them, and sampled alone to the same outcomes."""

import itertools

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit.classical import expr
from qiskit.circuit.library import RZZGate, XGate
from scipy.stats import chi2_contingency

import qnet_circuits as qn
from qnet_circuits.backends import aer
from qnet_circuits.backends.aer import AerBackend
from qnet_circuits.backends.simulation.aer_methods import Part, components
from qnet_circuits.backends.simulation.narrowing import bits_of
from qnet_circuits.backends.simulation.steps import Measurement, NoisyCircuit, Unitary
from qnet_circuits.backends.simulation.twin import noisy_program
from qnet_circuits.compiling.compiler import compile_program
from tests.devices.calibrations import rough

ALPHA = 1e-6
FLIPS = (Unitary(XGate(), (0,)), Unitary(XGate(), (2,)))
READ = tuple(Measurement(wire, wire) for wire in range(3))


def circuit(*steps, bits=3):
    return NoisyCircuit("it", 3, (("out", bits),), steps, QuantumCircuit(3, bits))


def wires(parts):
    return [part.circuit.num_wires for part in parts]


def test_wires_that_nothing_joins_are_parts_of_their_own():
    whole = circuit(*FLIPS, *READ)
    parts = components(whole)
    assert wires(parts) == [1, 1, 1]
    assert [part.bits for part in parts] == [(0,), (2,), (1,)]
    assert [len(part.circuit.steps) for part in parts] == [2, 2, 1]
    assert all(bits_of(step) in ((), (0,)) for part in parts for step in part.circuit)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((*FLIPS, Unitary(RZZGate(0.1), (0, 2)), *READ), [2, 1]),
        ((Measurement(0, 0), Measurement(1, 1), Measurement(2, 0)), [2, 1]),
        ((Unitary(RZZGate(0.1), (0, 1)), Unitary(RZZGate(0.1), (1, 2)), *READ), [3]),
        ((*FLIPS, READ[1]), [3]),
    ],
    ids=["a gate joins", "a bit joins", "one part", "one part that measures"],
)
def test_what_joins_wires(steps, expected):
    assert wires(components(circuit(*steps))) == expected


def noisy(protocol, device, noise=None, **options):
    compiled = qn.compile(protocol, device, **options)
    return noisy_program(compiled, compiled.device, noise or qn.DeviceNoise()).circuits


@pytest.mark.parametrize(("kind", "width"), [("edge", 2), ("swap", 4)])
@pytest.mark.parametrize("mode", ["frame", "feedforward"])
def test_every_link_of_a_benchmark_is_a_part(kind, width, mode):
    device = qn.heavy_hex_device(2, 6)
    for whole in noisy(qn.LinkBenchmark(kind=kind), device, corrections=mode):
        parts = components(whole)
        assert wires(parts) == [width] * (whole.num_wires // width)


def test_noise_that_couples_neighbours_keeps_them_together():
    device, benchmark = qn.line_device(9), qn.LinkBenchmark(kind="swap")
    apart = [wires(components(whole)) for whole in noisy(benchmark, device)]
    joined = [wires(components(whole)) for whole in noisy(benchmark, device, qn.DeviceNoise(zz=1e5))]
    assert apart[0] == [4, 4]
    assert joined[0] == [8]


def joint_counts(compiled, shots, seed):
    """Return how often each outcome of all bits of the first circuit came."""
    backend = AerBackend("aer", compiled.device)
    raw = backend.fetch(backend.submit(compiled, [shots] * len(compiled.items), seed))[0]
    bits = np.concatenate([raw[name] for name in sorted(raw)], axis=1)
    return np.bincount(bits @ (1 << np.arange(bits.shape[1])), minlength=2 ** bits.shape[1])


@pytest.mark.one_in(3)
@pytest.mark.parametrize("mode", ["frame", "feedforward"])
@pytest.mark.parametrize("kind", ["edge", "swap"])
@pytest.mark.parametrize("shots", [900, 5000], ids=["one call", "in chunks"])
def test_parts_and_the_whole_have_the_same_outcomes(kind, mode, shots, monkeypatch):
    device = qn.line_device(9, two_qubit_error=0.05, readout_error=(0.02, 0.08), t1=2e-5, t2=2e-5)
    lines = ((0, 1), (5, 6)) if kind == "edge" else ((0, 1, 2, 3), (5, 6, 7, 8))
    edges = tuple(edge for line in lines for edge in itertools.pairwise(line))
    compiled = qn.compile(qn.LinkBenchmark(edges=edges, kind=kind), device, corrections=mode)
    assert len(AerBackend("aer", compiled.device).planned(compiled)[0]) == 2 * len(compiled.items)
    split = joint_counts(compiled, shots, 1)
    monkeypatch.setattr(aer, "components", lambda whole: [Part(whole)])
    table = np.stack([split, joint_counts(compiled, shots, 2)])
    assert chi2_contingency(table[:, table.sum(axis=0) >= 10]).pvalue > ALPHA


@pytest.mark.parametrize("how", ["value", "expression", "switch"])
def test_a_part_decides_on_a_register_as_a_number(how):
    registers = [ClassicalRegister(size, name) for name, size in (("first", 1), ("both", 2), ("last", 2))]
    made = QuantumCircuit(QuantumRegister(1, "alice"), QuantumRegister(3, "bob"), *registers)
    made.x([0, 1, 2])
    made.measure([0, 1, 2], [0, 1, 2])
    if how == "switch":
        with made.switch(registers[1]) as case, case(3):
            made.x(3)
    else:
        with made.if_test((registers[1], 3) if how == "value" else expr.less(2, registers[1])):
            made.x(3)
    made.measure(3, registers[2][1])
    program = qn.Program([qn.Item("it", made)])
    backend = AerBackend()
    compiled = compile_program(program)
    assert len(backend.planned(compiled)[0]) == 2
    raw = backend.fetch(backend.submit(compiled, [5], 1))[0]
    assert {name: bits.tolist() for name, bits in raw.items()} == {
        "first": [[True]] * 5, "both": [[True, True]] * 5, "last": [[False, True]] * 5,
    }  # fmt: skip


def test_figures_of_parts_agree_with_the_exact_ones_on_a_rough_device():
    calibration = rough(np.random.default_rng(3))
    result = qn.run(qn.LinkBenchmark(), calibration, shots=3000, seed=4, level=1 - ALPHA)
    exact = qn.predict(qn.LinkBenchmark(), calibration)
    for name, estimate in result.figures.items():
        assert exact[name].value in estimate


def test_progress_counts_shots_of_circuits():
    told = []
    device = qn.line_device(9)
    qn.run(qn.LinkBenchmark(), device, shots=100, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (600, 600)
    assert all(done <= total for done, total in told)
