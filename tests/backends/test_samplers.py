"""Users' own backends and samplers: what a result says of them, whose seed they take, and what their figures agree with."""

import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.primitives import BackendSamplerV2, BaseSamplerV2, StatevectorSampler
from qiskit.providers import BackendV2, Options
from qiskit.providers.basic_provider import BasicSimulator
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, ReadoutError
from qiskit_aer.primitives import SamplerV2 as AerSampler
from qiskit_ibm_runtime import IBMBackend, SamplerV2
from qiskit_ibm_runtime.executor_sampler import Sampler
from qiskit_ibm_runtime.fake_provider import FakeKingston, FakeManilaV2

import qnet_circuits as qn
from qnet_circuits.backends.base import Work
from qnet_circuits.backends.registry import backend_of
from qnet_circuits.backends.sampler import SamplerBackend
from qnet_circuits.errors import ParameterError, UnsupportedError
from qnet_circuits.runs.options import RunOptions
from qnet_circuits.runs.preparing import prepare
from qnet_circuits.runs.run import Run

CHAIN = qn.RepeaterChain(hops=2)
LEVEL = 1 - 1e-6
LINE = [[0, 1], [1, 0], [1, 2], [2, 1], [2, 3], [3, 2]]
EPSILON = 0.04
#: A correlator is the parity of both ends' bits, and of the one or two bits that correct it.
MISREAD = (1 + 2 * (1 - 2 * EPSILON) ** 3 + (1 - 2 * EPSILON) ** 4) / 4


def line(**options):
    return GenericBackendV2(4, coupling_map=LINE, seed=3, **{"control_flow": True, **options})


def misreading():
    model = NoiseModel()
    model.add_all_qubit_readout_error(ReadoutError([[1 - EPSILON, EPSILON], [EPSILON, 1 - EPSILON]]))
    return model


def old_client(backend):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return SamplerV2(mode=backend)


@dataclass(frozen=True)
class One(qn.Protocol):
    """A qubit in |1⟩, which is read."""

    name = "one-for-a-test"

    def program(self, rng):
        circuit = QuantumCircuit(QuantumRegister(1, "alice"), ClassicalRegister(1, "out"))
        circuit.x(0)
        circuit.measure(0, 0)
        return qn.Program(
            [qn.Item("one", circuit)], [qn.Figure("one", qn.population("one", [("out", 0)], "1"), 1.0)]
        )


class Unknown(BackendV2):
    """A user's backend: nobody can tell whether it simulates."""

    def __init__(self):
        super().__init__(name="mine")
        self.jobs = 0

    target = property(lambda self: line().target)
    max_circuits = None

    @classmethod
    def _default_options(cls):
        return Options(shots=1024)

    def run(self, run_input, **options):
        self.jobs += 1
        return AerSimulator().run(run_input, **{**options, "seed_simulator": None})


class UnknownWithASeed(Unknown):
    @classmethod
    def _default_options(cls):
        return Options(shots=1024, seed_simulator=None)

    def run(self, run_input, **options):
        return AerSimulator().run(run_input, **options)


class OverridingAer(AerSimulator):
    def run(self, circuits, **options):
        return super().run(circuits, **options)


class UnknownSampler(BaseSamplerV2):
    def run(self, pubs, *, shots=None):
        return AerSampler().run(pubs, shots=shots)


class OverridingSampler(StatevectorSampler):
    pass


class Declared(qn.Backend):
    """A user's backend of this library's contract, which says of itself that it simulates, and with what noise."""

    name = "declared"
    device = qn.Device("mine", line())
    noise = qn.DeviceNoise(idle=False)
    simulated = True
    expected_noise = noise

    def submit(self, compiled, shots, seed, tag=""):
        return Work(compiled, tuple(shots), seed)

    def fetch(self, ticket, progress=None, keep=None):
        seeds = np.random.default_rng(ticket.seed)
        made = AerSimulator.from_backend(line())
        found = []
        for circuit, count in zip(ticket.compiled.circuits, ticket.shots, strict=True):
            sampler = AerSampler.from_backend(made, seed=int(seeds.integers(2**31)))
            found.append(sampler.run([circuit], shots=count).result()[0].data)
        return [{name: bits.to_bool_array(order="little") for name, bits in data.items()} for data in found]


#: Backend, value of the fidelity (None: as predicted), whether it decides in real time.
KNOWN = {
    "stand-in": (FakeManilaV2, None, True),
    "stand-in of today": (FakeKingston, None, False),
    "generic": (line, None, True),
    "generic without decisions": (lambda: line(control_flow=False), None, False),
    "generic without noise": (lambda: line(noise_info=False), None, True),
    "generic without couplings": (lambda: GenericBackendV2(4, seed=3), None, False),
    "aer": (AerSimulator, 1.0, True),
    "aer with a model": (lambda: AerSimulator(noise_model=misreading()), MISREAD, True),
    "aer with an empty model": (lambda: AerSimulator(noise_model=NoiseModel()), 1.0, False),
    "aer from a backend": (lambda: AerSimulator.from_backend(line()), None, True),
    "aer from a backend, noiseless": (lambda: AerSimulator.from_backend(line(), noise_model=None), 1.0, False),
    "aer from a backend, other noise": (
        lambda: AerSimulator.from_backend(line(), noise_model=misreading()), MISREAD, False,
    ),
    "basic": (BasicSimulator, 1.0, False),
    "statevector sampler": (StatevectorSampler, 1.0, False),
    "statevector sampler with a seed": (lambda: StatevectorSampler(seed=1), 1.0, False),
    "aer's sampler": (AerSampler, 1.0, True),
    "aer's sampler from a backend": (lambda: AerSampler.from_backend(line(), seed=1), None, False),
    "client's older sampler": (lambda: old_client(FakeManilaV2()), None, False),
    "client's older sampler on aer": (lambda: old_client(AerSimulator()), 1.0, False),
    "client's sampler": (lambda: Sampler(mode=line()), None, True),
    "client's sampler on aer": (lambda: Sampler(mode=AerSimulator()), 1.0, False),
    "backend sampler": (lambda: BackendSamplerV2(backend=line()), None, True),
    "backend sampler, other noise": (
        lambda: BackendSamplerV2(backend=line(), options={"run_options": {"noise_model": misreading()}}), MISREAD, False,
    ),
    "of this library's contract": (Declared, None, True),
}  # fmt: skip
#: One of each kind; the others take seconds.
QUICK = (
    "stand-in", "generic", "generic without noise", "aer", "aer with a model", "aer from a backend, noiseless",
    "aer from a backend, other noise", "basic", "statevector sampler", "aer's sampler from a backend",
    "client's older sampler on aer", "client's sampler", "backend sampler, other noise", "of this library's contract",
)  # fmt: skip
#: Backend, and whether a seed reaches it.
UNKNOWN = {
    "backend": (Unknown, False),
    "backend that takes a seed": (UnknownWithASeed, True),
    "subclass of aer": (OverridingAer, True),
    "sampler": (UnknownSampler, False),
    "subclass of a known sampler": (OverridingSampler, False),
    "sampler on an unknown backend": (lambda: BackendSamplerV2(backend=Unknown()), False),
}


def prepared(backend, **options):
    where = backend_of(backend)
    options = {"shots": 60, "seed": 5, "corrections": "frame", "optimization_level": 1, **options}
    return prepare(CHAIN, where, RunOptions(layout=where.device and [0, 1, 2, 3], **options))


def bits(raws):
    return [np.concatenate([raw[name] for name in sorted(raw)], axis=1) for raw in raws]


def drawn(prepared, seed):
    """Return what a prepared run's backend draws with a seed."""
    ticket = prepared.backend.submit(prepared.compiled, (20,) * 3, seed)
    return bits(prepared.backend.fetch(ticket))


def same(first, other):
    return all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def check_figure(result, exact):
    expected = result.predicted["fidelity"] if exact is None else exact
    assert result.fidelity.low - 1e-9 <= expected <= result.fidelity.high + 1e-9
    assert result.fidelity.level == LEVEL


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name not in QUICK)) for name in KNOWN]
)
def test_a_known_simulator_is_called_one_takes_the_seed_and_is_predicted(name):
    make, exact, decides = KNOWN[name]
    where = prepared(make(), shots=150)
    run = Run.of(where, None)
    result = run.result(LEVEL)
    assert run.manifest["simulated"] is True
    assert any("wait" in note for note in result.notes) == (name != "of this library's contract")
    check_figure(result, exact)
    if exact is None and name != "generic without noise":
        assert result.predicted["fidelity"] < 0.999
    assert result.predicted == {} or exact in (None, 1.0)
    raw = bits(run.raw()[0])
    assert not any(np.array_equal(raw[k], raw[j]) for k in range(3) for j in range(k))
    first, again, other = (drawn(where, seed) for seed in (7, 7, 8))
    assert same(first, again) and not same(first, other)
    if decides and name in ("generic", "aer"):
        decided = Run.of(prepared(where.backend, shots=60, corrections="feedforward"), None)
        check_figure(decided.result(LEVEL), exact)


@pytest.mark.parametrize("name", UNKNOWN)
def test_of_any_other_nobody_says_what_it_is(name):
    make, takes_seed = UNKNOWN[name]
    where = prepared(make())
    run = Run.of(where, None)
    result = run.result(LEVEL)
    assert run.manifest["simulated"] is None and "simulated" not in result.title
    assert result.fidelity.value == 1.0 and result.predicted == {}
    assert same(drawn(where, 7), drawn(where, 7)) == takes_seed
    assert any("seed" in note for note in result.notes) != takes_seed


def test_a_runs_seed_reaches_the_sampler_in_place_of_its_own():
    first, again, other = (
        qn.submit(CHAIN, StatevectorSampler(seed=1), shots=60, seed=seed).raw()[0] for seed in (3, 3, 4)
    )
    assert same(bits(first), bits(again)) and not same(bits(first), bits(other))
    named = qn.run(CHAIN, GenericBackendV2(4, coupling_map=LINE, seed=3), shots=60, seed=3)
    assert named.title == "repeater-chain on backend:generic_backend_4q (simulated)"


def test_what_may_be_a_processor_gets_all_circuits_in_one_job():
    backend = Unknown()
    drawn(prepared(backend), 1)
    assert backend.jobs == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name for name, (_, exact, _) in KNOWN.items() if exact is None and "contract" not in name]
)
@pytest.mark.parametrize("corrections", ["frame", "feedforward"])
def test_predictions_agree_closely(name, corrections):
    make, exact, decides = KNOWN[name]
    if decides or corrections == "frame":
        check_figure(qn.run(CHAIN, make(), shots=20_000, seed=9, corrections=corrections, level=LEVEL), exact)


def test_noise_that_nothing_predicts_is_not_predicted():
    unknown = AerSimulator.from_backend(line(), noise_model=misreading())
    assert qn.run(CHAIN, unknown, shots=10, seed=1).predicted == {}
    with pytest.raises(UnsupportedError, match="predict"):
        qn.run(CHAIN, unknown, shots=10, seed=1, predict=True)
    known = qn.run(CHAIN, AerSimulator(), shots=10, seed=1, predict=True)
    assert known.predicted["fidelity"] == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    "make", [FakeManilaV2, lambda: Sampler(mode=FakeManilaV2())], ids=["itself", "target"]
)
def test_readout_errs_in_the_directions_that_the_simulator_has(make):
    """A stand-in reads 1 as 0 more often than 0 as 1; from its target alone, Aer reads both with the mean."""
    result = qn.run(One(), make(), shots=20_000, seed=3, level=LEVEL, layout=[2])
    assert result.predicted["one"] in result.one
    assert result.one.value < 0.89 if make is FakeManilaV2 else result.one.value > 0.89


class SamplerOnOne(BaseSamplerV2):
    def __init__(self, processor):
        self._processor = processor

    def backend(self):
        return self._processor

    def run(self, pubs, *, shots=None):
        raise AssertionError("it would have to be paid")


@pytest.mark.parametrize(
    "handed_in",
    [lambda processor: processor, SamplerOnOne, lambda processor: SamplerBackend(SamplerOnOne(processor))],
    ids=["backend", "sampler", "made by hand"],
)
def test_a_processor_as_an_object_is_to_be_named_since_it_costs_money(handed_in):
    processor = IBMBackend.__new__(IBMBackend)
    processor.name = "ibm_somewhere"
    with pytest.raises(UnsupportedError, match="'ibm:ibm_somewhere'"):
        qn.run(CHAIN, handed_in(processor))


@pytest.mark.parametrize("wrong", [AerSimulator, StatevectorSampler, object(), None, ["ideal"]])
def test_what_is_no_backend_is_one_clear_line(wrong):
    with pytest.raises(ParameterError, match="BackendV2"):
        qn.run(CHAIN, wrong)
