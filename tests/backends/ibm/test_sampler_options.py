"""Options of the Sampler: each one reaches the job or is refused before anything is sent."""

import json
from math import pi

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ClassicalRegister, QuantumRegister
from qiskit.circuit.library import HGate, SGate, SXGate
from qiskit.quantum_info import Clifford

import qnet_circuits as qn
from qnet_circuits.backends.ibm.client import client_program
from qnet_circuits.backends.ibm.sampler_options import (
    ON_A_PROCESSOR,
    TWIRLING,
    check_options,
    executed_shots,
    for_twirling,
)
from qnet_circuits.backends.registry import backend_of
from qnet_circuits.errors import ParameterError, UnknownNameError, UnsupportedError
from qnet_circuits.programs.program import Item, Program
from tests.platform.execution import decoded
from tests.platform.server import PlatformServer

CHAIN = qn.RepeaterChain(hops=2)
GATES = {"twirling.enable_gates": True}
MEASURE = {"twirling.enable_measure": True}
BOTH = {**GATES, **MEASURE}
#: Each honoured option, what else it needs, and what the client's own record of the job then says.
HONOURED = {
    "twirling.enable_gates": (True, {}),
    "twirling.enable_measure": (True, {}),
    "twirling.group": ("balanced_pauli", GATES),
    "twirling.num_randomizations": (5, GATES),
    "twirling.shots_per_randomization": (50, MEASURE),
    "twirling.strategy": ("active", GATES),
    "environment.log_level": ("DEBUG", {}),
    "execution.init_qubits": (True, {}),
    "execution.meas_type": ("classified", {}),
    "execution.rep_delay": (4e-4, {}),
}
REFUSED = {
    "dynamical_decoupling.enable": (True, r"decoupling=True \(--decoupling\)"),
    "dynamical_decoupling.sequence_type": ("XX", "decoupling=True"),
    "max_execution_time": (60, r"max_qpu_seconds \(--max-qpu-seconds\)"),
    "environment.max_execution_time": (60, r"max_qpu_seconds \(--max-qpu-seconds\)"),
    "default_shots": (100, r"shots \(--shots\)"),
    "environment.job_tags": (["mine"], "tag"),
    "environment.private": (True, "private"),
    "environment.image": ("a:b", "image"),
    "simulator.seed_simulator": (3, r"seed \(--seed\)"),
    "execution.meas_type": ("kerneled", "'classified'"),
    "execution.init_qubits": (False, "True"),
    "execution.scheduler_timing": (True, None),
    "execution.stretch_values": (True, None),
    "experimental": ({"a": 1}, None),
    "experimental.execution": ({}, None),
}
WRONG = [
    ("twirling.enable_gates", "maybe", r".*'maybe'$"),
    ("twirling.num_randomizations", 0, r".*1 or 'auto'.* 0$"),
    ("twirling.num_randomizations", 2.5, r".*'auto'.* 2\.5$"),
    ("twirling.strategy", "x", r".*'active', 'active-accum', 'active-circuit' or 'all'.* 'x'$"),
    ("execution.rep_delay", "fast", r".*'fast'$"),
    ("execution.rep_delay", float("nan"), r".*\[0, 0\.1\].* nan$"),
    ("execution.rep_delay", 250, r".*\[0, 0\.1\].* 250\.0$"),
    ("environment.log_level", "loud", r".*'DEBUG', 'INFO'"),
    ("twirling.enable_gates", None, r".*no value"),
]


@pytest.fixture(scope="module")
def perfect():
    with PlatformServer(["FakeManilaV2"], noisy=False).in_environment() as platform:
        yield platform


def ran(perfect, path, options, backend="ibm:ibm_manila", **more):
    chosen = {"shots": 130, "corrections": "frame", "max_qpu_seconds": 60, **more}
    run = qn.submit(CHAIN, backend, path=path, options=options, **chosen)
    return run, run.result(), list(perfect.jobs.records.values())[-1]


def said(record):
    """Return the options that the job has, by dotted name, as the client wrote them down; and what the platform was told."""
    data = decoded(record["params"]).passthrough_data["post_processor"]["options"]
    flat = {
        f"{group}.{name}": value
        for group in ("twirling", "execution", "environment")
        for name, value in data[group].items()
    }
    told = {f"execution.{k}": v for k, v in record["params"]["options"].items() if f"execution.{k}" in flat}
    return {**flat, **told, "environment.log_level": record["log_level"]}


@pytest.mark.parametrize("name", HONOURED)
def test_an_honoured_option_reaches_the_job(perfect, tmp_path, name):
    value, needed = HONOURED[name]
    run, result, record = ran(perfect, tmp_path / "run", {**needed, name: value})
    assert said(record)[name] == value
    assert result.fidelity.value == 1
    written = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert written["options"]["options"] == {**needed, name: value}
    assert all(len(bits) == 130 for registers in run.outcomes().values() for bits in registers.values())


def test_every_option_of_the_client_is_honoured_or_refused():
    """A new version's options are met here first."""
    from qiskit_ibm_runtime.options_models.sampler import SamplerOptions

    assert set(HONOURED) == set(ON_A_PROCESSOR)
    for group, field in SamplerOptions.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None)
        for name in [group] if inner is None else [f"{group}.{option}" for option in inner]:
            try:
                check_options({name: object()}, "ibm:x")
            except UnknownNameError:
                pytest.fail(f"nobody decided on {name}")
            except (ParameterError, UnsupportedError):
                pass


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_option_names_the_way_out_and_nothing_is_sent(platform, tmp_path, name):
    value, way_out = REFUSED[name]
    with pytest.raises(UnsupportedError, match=way_out) as caught:
        qn.submit(CHAIN, "ibm:ibm_manila", path=tmp_path / "run", max_qpu_seconds=60, options={name: value})
    assert name in str(caught.value) and "\n" not in str(caught.value)
    assert not platform.log and not (tmp_path / "run").exists()


@pytest.mark.parametrize(("name", "value", "message"), WRONG)
def test_a_wrong_value_says_what_is_expected(platform, tmp_path, name, value, message):
    with pytest.raises(ParameterError, match=f"option {name}:? {message}") as caught:
        qn.submit(CHAIN, "ibm:ibm_manila", path=tmp_path / "run", max_qpu_seconds=60, options={name: value})
    assert "\n" not in str(caught.value)
    assert not platform.log and not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"twirling.gates": True}, UnknownNameError, r"option 'twirling\.gates'.*enable_gates"),
        ({"nothing": True}, UnknownNameError, r"option 'nothing'.*environment\.log_level, .*twirling"),
        ({"twirling": {"enable_gates": True}}, UnknownNameError, "option 'twirling'"),
        ({"twirling.strategy": "all"}, ParameterError, r"twirling\.strategy .*gates"),
        ({**MEASURE, "twirling.group": "pauli"}, ParameterError, r"twirling\.group .*gates"),
        ({"twirling.num_randomizations": 4}, ParameterError, r"twirling\.num_randomizations .*gates"),
        ({**GATES, "twirling.num_randomizations": 4, "twirling.shots_per_randomization": 3}, ParameterError,
         "4 .* 3 .* 12 .* 100 "),
        ([("twirling.enable_gates", True)], ParameterError, "options "),
        ({3: True}, ParameterError, "options "),
        ({"execution.rep_delay": 1e-3}, ParameterError, r"ibm:ibm_manila: .*execution\.rep_delay .*\[0, 0\.0005\]"),
    ],
)  # fmt: skip
def test_what_cannot_be_honoured_is_refused_before_a_job(platform, tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        qn.submit(
            CHAIN, "ibm:ibm_manila", path=tmp_path / "run", max_qpu_seconds=60, options=options, shots=100, corrections="frame"
        )  # fmt: skip
    assert not platform.requests("POST", "/jobs") and not (tmp_path / "run").exists()


def test_a_processor_with_one_delay_for_everybody(platform):
    platform.routes.processors["ibm_manila"].configuration["dynamic_reprate_enabled"] = False
    where = backend_of("ibm:ibm_manila").with_options({"execution.rep_delay": 3e-4})
    with pytest.raises(UnsupportedError, match="delay"):
        where.check(qn.compile(CHAIN, where))


@pytest.mark.parametrize("backend", ["ideal", "aer:fake_manila", "exact", "exact:fake_manila"])
def test_other_backends_submit_no_job(backend):
    assert qn.submit(CHAIN, backend, options={}).status == "PREPARED"
    with pytest.raises(UnsupportedError, match=r"options \(--option\)"):
        qn.submit(CHAIN, backend, options=GATES)


def test_a_backend_keeps_its_options():
    for name in ("ibm:ibm_manila", "local:fake_manila"):
        where = backend_of(name).with_options(GATES)
        assert where.with_options(None) is where and where.with_options({}) is where
        assert where.with_options(MEASURE).options == MEASURE and where.options == GATES
    assert backend_of("ibm:ibm_manila").with_options(GATES).limited(7).options == GATES


# -- twirling ---------------------------------------------------------------------------------------------------------


def test_decisions_cannot_be_twirled(platform, tmp_path):
    for options in (GATES, MEASURE):
        with pytest.raises(UnsupportedError, match=r"if_else on qubits \d+.*corrections=\"frame\""):
            qn.submit(
                CHAIN, "ibm:ibm_manila", path=tmp_path / "run", max_qpu_seconds=60, options=options, corrections="feedforward"
            )  # fmt: skip
        with pytest.raises(UnsupportedError, match=r"decoupling.*twirling"):
            qn.run(CHAIN, "local:fake_manila", options=options, corrections="frame", decoupling=True)
    assert not platform.requests("POST", "/jobs") and not (tmp_path / "run").exists()


def test_what_else_the_client_cannot_twirl_is_found_before_it_is_sent():
    circuit = QuantumCircuit(QuantumRegister(1, "alice"), ClassicalRegister(2, "a"), name="twice")
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.reset(0)
    circuit.measure(0, 1)
    where = backend_of("local:fake_manila").with_options(MEASURE)
    with pytest.raises(UnsupportedError, match=r"'twice'.*reset"):
        where.check(qn.compile(Program([Item("twice", circuit)]), where))
    where = backend_of("local:fake_torino").with_options({**GATES, "twirling.group": "local_c1"})
    with pytest.raises(UnsupportedError, match=r"twirling\.group"):
        where.check(qn.compile(CHAIN, where, corrections="frame"))


def test_shots_that_were_not_asked_for_are_left_out(perfect, tmp_path):
    """64 shots in each of 3 randomisations: 192 run, 130 are kept, the same ones at every fetch."""
    run, _, record = ran(perfect, tmp_path / "run", GATES)
    program = decoded(record["params"])
    assert program.shots == 64 and [item.shape for item in program.items] == [(3,)] * 3
    kept = [bits for registers in run.outcomes().values() for bits in registers.values()]
    assert {len(bits) for bits in kept} == {130}
    where = backend_of("ibm:ibm_manila")
    first, second = (where.fetch(record["id"]) for _ in range(2))
    assert all(np.array_equal(a[name], b[name]) for a, b in zip(first, second, strict=True) for name in a)
    # Some of each randomisation: a cut at 130 would leave only 2 of the third.
    assert executed_shots(130, GATES) == 192 and executed_shots(130, {}) == 130


def test_a_run_that_is_opened_again_submits_the_same(perfect, tmp_path, monkeypatch):
    """Whoever was killed before the job was created left the options on disk."""
    from qnet_circuits.backends.ibm.processor import RuntimeBackend
    from qnet_circuits.errors import RefusedError

    def refused(*_):
        raise RefusedError("not now")

    monkeypatch.setattr(RuntimeBackend, "submit", refused)
    with pytest.raises(RefusedError):
        ran(perfect, tmp_path / "run", {**BOTH, "execution.rep_delay": 3e-4})
    monkeypatch.undo()
    before = len(perfect.jobs.records)
    result = qn.open_run(tmp_path / "run").result()
    record = list(perfect.jobs.records.values())[-1]
    assert len(perfect.jobs.records) == before + 1 and result.fidelity.value == 1
    assert said(record)["twirling.enable_measure"] is True and said(record)["execution.rep_delay"] == 3e-4


def test_every_job_of_a_run_has_its_options(perfect, tmp_path):
    """Two blocks with readout calibration: two jobs, as many shots in each circuit, the surplus of all in the cost."""
    options = {**BOTH, "execution.rep_delay": 3e-4}
    _, result, _ = ran(perfect, tmp_path / "run", options, repeats=2, mitigate=True)
    records = list(perfect.jobs.records.values())[-2:]
    for record in records:
        assert said(record)["twirling.enable_gates"] is True and said(record)["execution.rep_delay"] == 3e-4
        assert [item.shape for item in decoded(record["params"]).items] == [(3,)] * 5
    assert result.fidelity.value == 1
    cost = json.loads((tmp_path / "run" / "manifest.json").read_text())["cost"]
    assert (cost["executions"], cost["waste"], cost["rep_delay"]) == (2 * 5 * 192, 2 * 5 * 62, 3e-4)


@pytest.mark.parametrize("options", [GATES, MEASURE])
def test_twirled_errors_are_those_of_the_processor(options):
    """On the offline mode: the figure without twirling, but for what the gates around each layer err, at 1 - 1e-6."""
    run = qn.submit(CHAIN, "local:fake_manila", shots=1000, seed=3, corrections="frame", options=options)
    twirled = run.result(1 - 1e-6)
    exact = qn.run(CHAIN, "exact:fake_manila", noise={"idle": False}, corrections="frame").fidelity.value
    compiled = qn.compile(
        CHAIN, "local:fake_manila", corrections="frame", layout=twirled.provenance["layout"][0]
    )
    added = 0.0
    for source in compiled.circuits:
        (made,) = client_program([for_twirling(source)], options, 1000).items
        for circuit, sign in ((made.circuit, 1), (source, -1)):
            for i in circuit.data:
                if i.name in ("sx", "x"):
                    error = compiled.device.calibration.error(i.name, (circuit.find_bit(i.qubits[0]).index,))
                    added += sign * 2 * error / len(compiled.circuits)
    # An error of one parity of three by p costs the Bell fidelity p/2.
    assert 0 < added < 0.05
    assert exact - 1.5 * added < twirled.fidelity.high and twirled.fidelity.low < exact
    assert any(note.startswith("twirled ") and "fences" in note for note in twirled.notes)


def test_a_seed_repeats_what_is_twirled():
    first, again, other = (
        dict(
            qn.submit(
                CHAIN, "local:fake_manila", shots=80, seed=seed, corrections="frame", options=BOTH
            ).outcomes()
        )
        for seed in (3, 3, 4)
    )
    assert all(np.array_equal(first[name][reg], again[name][reg]) for name in first for reg in first[name])
    assert not all(
        np.array_equal(first[name][reg], other[name][reg]) for name in first for reg in first[name]
    )


def test_the_offline_mode_knows_twirling_alone():
    for name, (value, _) in HONOURED.items():
        if name in TWIRLING:
            continue
        with pytest.raises(UnsupportedError, match=f"local:fake_manila .*{name}"):
            qn.run(CHAIN, "local:fake_manila", options={name: value})
    with pytest.raises(UnsupportedError, match=r"twirling\.num_randomizations=2"):
        qn.submit(
            CHAIN, "local:fake_manila", shots=4000, corrections="frame", options={**GATES, "twirling.num_randomizations": 1}
        )  # fmt: skip


def _probed(circuit, gates, as_fences):
    """Return a circuit with a gate in the place of each fence: nothing that was moved across one commutes with all of them."""
    probed = QuantumCircuit(circuit.num_qubits)
    left = {qubit: iter(gates[k]) for k, qubit in enumerate(circuit.qubits)}
    for instruction in circuit.data:
        where = [circuit.find_bit(qubit).index for qubit in instruction.qubits]
        fence = (
            instruction.name == "barrier" and len(where) == 1 if as_fences else instruction.name == "delay"
        )
        if fence:
            probed.append(next(left[instruction.qubits[0]]), where)
        elif instruction.name == "rz":
            probed.rz(round(float(instruction.params[0]) / (pi / 2)) * pi / 2, where[0])
        elif instruction.name not in ("barrier", "measure", "delay"):
            probed.append(instruction.operation, where)
    return Clifford(probed).symplectic_matrix


@pytest.mark.parametrize("options", [GATES, MEASURE, BOTH])
@pytest.mark.parametrize("protocol", [qn.RepeaterChain(hops=2), qn.SuperdenseCoding()])
def test_twirling_moves_nothing_across_a_fence(protocol, options, rng):
    """Every randomisation that goes out is the circuit up to Paulis, whatever happens at the fences."""
    compiled = qn.compile(protocol, "local:fake_manila", corrections="frame")
    for item in compiled:
        (made,) = client_program([for_twirling(item.circuit)], options, 256).items
        drawn = made.samplex.sample(made.samplex_arguments, num_randomizations=4, rng=rng)
        for values in drawn["parameter_values"]:
            probes = [
                [(SGate(), HGate(), SXGate())[rng.integers(3)] for _ in range(20)]
                for _ in item.circuit.qubits
            ]
            sent = _probed(made.circuit.assign_parameters(values), probes, False)
            assert np.array_equal(sent, _probed(item.circuit, probes, True))


def test_what_alice_and_bob_do_to_a_qubit_that_crosses_is_not_merged():
    """H and H would be nothing at all: both stay on their side of the delays of no length."""
    circuit = QuantumCircuit(
        QuantumRegister(1, "alice"), QuantumRegister(1, "bob"), ClassicalRegister(1, "b")
    )
    circuit.h(0)
    qn.transmit(circuit, circuit.qubits[0], circuit.qubits[1])
    circuit.h(1)
    circuit.measure(1, 0)
    compiled = qn.compile(Program([Item("bb84", circuit)]), "local:fake_manila")
    (made,) = client_program([for_twirling(compiled.circuits[0])], BOTH, 64).items
    names = [i.name for i in made.circuit.data if i.name in ("sx", "delay")]
    first, last = names.index("delay"), len(names) - 1 - names[::-1].index("delay")
    assert "sx" in names[:first] and "sx" in names[last:]


# -- cost -------------------------------------------------------------------------------------------------------------


def test_options_enter_the_cost(perfect):
    where = {"shots": 130, "corrections": "frame", "remaining": 600}
    plain, slow, twirled = (
        qn.estimate_cost(CHAIN, "ibm:ibm_manila", options=options, **where)
        for options in (None, {"execution.rep_delay": 5e-4}, GATES)
    )
    assert (plain.rep_delay, slow.rep_delay) == (pytest.approx(250e-6), 5e-4)
    assert slow.seconds - plain.seconds == pytest.approx(3 * 130 * 250e-6)
    assert (twirled.shots, twirled.executions, twirled.waste) == (130, 3 * 192, 3 * 62)
    assert twirled.seconds - 2 == pytest.approx((plain.seconds - 2) * 192 / 130)
    assert any("twirling adds" in note for note in twirled.notes) and not any(
        "twirling" in n for n in plain.notes
    )
    with pytest.raises(ParameterError, match=r"rep_delay .*execution\.rep_delay"):
        qn.estimate_cost(CHAIN, "ibm:ibm_manila", rep_delay=1e-4, options={"execution.rep_delay": 5e-4})
    with pytest.raises(UnsupportedError, match="twirl"):
        qn.estimate_cost(CHAIN, "ibm:ibm_manila", options=GATES, corrections="feedforward")


def test_the_budget_counts_the_delay_between_shots(perfect, tmp_path):
    where = {"max_qpu_seconds": 3, "shots": 2000, "path": tmp_path / "run", "corrections": "frame"}
    with pytest.raises(ParameterError, match=r"max_qpu_seconds .*3.* 6 "):
        qn.submit(CHAIN, "ibm:ibm_manila", options={"execution.rep_delay": 5e-4}, **where)
    assert not (tmp_path / "run").exists()
