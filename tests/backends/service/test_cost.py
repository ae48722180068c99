"""The cost of a run: the published formula, the device's durations, the budget."""

import json
import math

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

import qnet_circuits as qn
from qnet_circuits.backends.service.cost import RunCost, check_budget, cost_of, shot_seconds
from qnet_circuits.backends.service.splitting import JobPlan
from qnet_circuits.compiling.compiler import compile_program
from qnet_circuits.errors import ParameterError, UnsupportedError

DEVICE = qn.Device.from_calibration(qn.line_device(4))


def duration(name, *qubits):
    return DEVICE.calibration.duration(name, qubits)


def program(shots=None, delay=None):
    circuit = QuantumCircuit(QuantumRegister(1, "alice"), ClassicalRegister(1, "out"))
    circuit.x(0)
    if delay is not None:
        circuit.delay(delay, 0)
    circuit.measure(0, 0)
    return qn.Program(
        [qn.Item("one", circuit, shots=shots)], [qn.Figure("p", qn.population("one", [("out", 0)], ["1"]))]
    )


def test_a_shot_is_the_delay_the_reset_and_the_schedule():
    compiled = compile_program(program(), DEVICE, layout=[1])
    assert None not in (duration("x", 1), duration("measure", 1))
    (seconds,), notes = shot_seconds(compiled, rep_delay=1e-3)
    expected = 1e-3 + duration("x", 1) + duration("measure", 1)
    reset = duration("reset", 1)
    assert seconds == pytest.approx(expected + (reset or 4e-6), rel=1e-12)
    assert bool(notes) == (reset is None)


def test_a_decision_adds_the_wait_for_its_measurement_and_the_latency():
    chain = qn.RepeaterChain(hops=2)
    times = {}
    for mode, latency in (("frame", 0.0), ("feedforward", 0.0), ("feedforward", 1e-4)):
        compiled = qn.compile(chain, DEVICE, corrections=mode)
        noise = qn.DeviceNoise(feedforward_latency=latency)
        times[mode, latency] = shot_seconds(compiled, 0.0, noise)[0][0]
    assert times["feedforward", 1e-4] - times["feedforward", 0.0] == pytest.approx(1e-4)
    assert times["feedforward", 0.0] - times["frame", 0.0] > 0.9 * duration("measure", 0)


def test_noise_that_is_off_in_a_simulation_costs_time_all_the_same():
    quick = qn.estimate_cost(qn.RepeaterChain(hops=2), DEVICE, noise={"idle": False})
    assert quick == qn.estimate_cost(qn.RepeaterChain(hops=2), DEVICE)


def test_the_formula():
    jobs = [JobPlan((0, 1), 1000, (1000, 900)), JobPlan((1,), 50, (50,))]
    cost = cost_of(jobs, [1e-3, 2e-3], remaining=51.0, notes=["said"])
    assert cost.seconds == pytest.approx(2 * 2 + 1000 * 3e-3 + 50 * 2e-3)
    assert (cost.circuits, cost.jobs, cost.shots, cost.executions, cost.waste) == (2, 2, 1000, 2050, 100)
    assert cost.share == pytest.approx(7.1 / 51)


def test_plain_form_and_table():
    cost = RunCost(3, 1, 4000, 12_000, 5.25, 250e-6, 525.0, 7, ("said",))
    plain = cost.to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain == {
        "circuits": 3, "jobs": 1, "shots": 4000, "executions": 12_000, "seconds": 5.25, "rep_delay": 250e-6,
        "remaining": 525.0, "waste": 7, "notes": ["said"], "share": 0.01,
    }  # fmt: skip
    text = str(cost)
    for part in ("executions", "12,000", "of which 7 are surplus", "525  s (this takes 1.00%)", "note: said"):
        assert part in text
    assert (
        "left" not in str(RunCost(1, 1, 1, 1, 2.0, 0.0))
        and RunCost(1, 1, 1, 1, 2.0, 0.0).to_dict()["share"] is None
    )
    empty = RunCost(1, 1, 1, 1, 2.0, 0.0, remaining=0.0)
    assert empty.share == math.inf and empty.to_dict()["share"] is None and "inf" in str(empty)


# -- the budget ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("budget", "remaining", "message"),
    [
        (
            None,
            None,
            r"max_qpu_seconds \(--max-qpu-seconds\).* 5\.2 s .* 6 ",
        ),
        (5, None, r"5\.2 s .*max_qpu_seconds .*5.* 6 "),
        (60, 5.0, r"5\.2 s .* 5 s "),
        (0, None, "max_qpu_seconds .* 0$"),
        (-1, None, "max_qpu_seconds .*-1$"),
        (math.nan, None, "max_qpu_seconds .*nan$"),
        (math.inf, None, "max_qpu_seconds .*inf$"),
        ("many", None, "max_qpu_seconds .*'many'$"),
        (True, None, "max_qpu_seconds .*True$"),
    ],
)
def test_a_budget_that_is_missing_wrong_or_too_small(budget, remaining, message):
    with pytest.raises(ParameterError, match=message) as error:
        check_budget(RunCost(3, 1, 4000, 12_000, 5.2, 250e-6, remaining), budget)
    assert "\n" not in str(error.value)


def test_a_budget_that_is_just_enough():
    assert check_budget(RunCost(3, 1, 4000, 12_000, 5.0, 250e-6, 5.0), 5) == 5.0


# -- the verb ------------------------------------------------------------------------------------------------------


def test_estimate_cost_on_a_named_device():
    cost = qn.estimate_cost(
        qn.RepeaterChain(hops=5), "aer:fake_kingston", corrections="feedforward", remaining=600
    )
    assert (cost.circuits, cost.jobs, cost.shots, cost.executions, cost.waste) == (3, 1, 4096, 12_288, 0)
    assert cost.remaining == 600 and cost.share == cost.seconds / 600
    # The guide's quick formula takes 350 µs for a shot; a measurement, a decision and a reset are less than that.
    assert 2 + 12_288 * 250e-6 < cost.seconds < 2 + 12_288 * 350e-6
    assert qn.Cost is RunCost


def test_longer_repetition_and_more_shots_cost_more():
    chain = qn.RepeaterChain(hops=2)
    first = qn.estimate_cost(chain, DEVICE, shots=1000, rep_delay=0.0)
    second = qn.estimate_cost(chain, DEVICE, shots=1000, rep_delay=1e-3)
    assert second.seconds - first.seconds == pytest.approx(3000 * 1e-3)
    assert qn.estimate_cost(chain, DEVICE, shots=2000, rep_delay=1e-3).seconds > second.seconds + 3


def test_shots_beyond_one_job_are_several_jobs():
    cost = qn.estimate_cost(qn.RepeaterChain(hops=2), DEVICE, shots=5_000_000)
    assert (cost.jobs, cost.executions, cost.waste) == (3, 15_000_000, 0)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((qn.RepeaterChain(hops=2), "ideal"), {}, UnsupportedError, "ideal .*aer:fake_kingston"),
        (("chain", DEVICE), {}, ParameterError, "protocol .*'chain'"),
        ((qn.RepeaterChain(hops=2), DEVICE), {"shots": 0}, ParameterError, "shots .* 0$"),
        ((qn.RepeaterChain(hops=2), DEVICE), {"rep_delay": -1}, ParameterError, "rep_delay .*-1$"),
        ((qn.RepeaterChain(hops=2), DEVICE), {"rep_delay": 250}, ParameterError, "rep_delay .*250$"),
        ((qn.RepeaterChain(hops=2), DEVICE), {"remaining": -1}, ParameterError, "remaining .*-1$"),
        ((qn.RepeaterChain(hops=2), DEVICE), {"seed": -1}, ParameterError, "seed .*-1$"),
        (
            (qn.RepeaterChain(hops=40), "aer:fake_kingston"), {"corrections": "feedforward"}, UnsupportedError,
            "39 bits.*corrections=\"frame\"",
        ),
    ],
)  # fmt: skip
def test_wrong_input_is_said(arguments, options, error, message):
    with pytest.raises(error, match=message):
        qn.estimate_cost(*arguments, **options)


class Counted(qn.Protocol):
    """A protocol that counts its own rounds, unequally."""

    def program(self, rng):
        items = [*program(shots=100_000), *program(shots=10)]
        named = [qn.Item(f"i{k}", item.circuit, shots=item.shots) for k, item in enumerate(items)]
        return qn.Program(named, [qn.Figure("p", qn.population("i0", [("out", 0)], ["1"]))])


def test_a_protocol_that_counts_its_own_rounds():
    cost = qn.estimate_cost(Counted(), DEVICE)
    assert (cost.jobs, cost.shots, cost.executions, cost.waste) == (2, 100_000, 100_010, 0)
    with pytest.raises(ParameterError, match="shots"):
        qn.estimate_cost(Counted(), DEVICE, shots=10)
    # Without a repetition delay, surplus shots are cheaper than a second job.
    quick = qn.estimate_cost(Counted(), DEVICE, rep_delay=0.0)
    assert (quick.jobs, quick.executions, quick.waste) == (1, 200_000, 99_990)


def test_a_delay_that_the_device_cannot_keep_is_refused():
    class Delayed(qn.Protocol):
        def program(self, rng):
            return program(delay=24)

    assert qn.estimate_cost(Delayed(), DEVICE).jobs == 1
    with pytest.raises(UnsupportedError, match=r"delay.* 24 dt.* 16 dt"):
        qn.estimate_cost(Delayed(), "aer:fake_manila")


def test_without_a_device_nothing_takes_time():
    with pytest.raises(UnsupportedError, match="device"):
        shot_seconds(qn.compile(qn.RepeaterChain(hops=2)))
