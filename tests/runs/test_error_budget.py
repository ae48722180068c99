"""The error budget: its definitions against the exact engine, closed formulas and devices with one source only."""

import csv
import io
import json
from dataclasses import dataclass, replace
from math import exp
from typing import ClassVar

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

import qnet_circuits as qn
from qnet_circuits.backends.registry import backend_of
from qnet_circuits.compiling import compiler as compiling
from qnet_circuits.devices.synthetic import line_device
from qnet_circuits.errors import ParameterError, UnknownNameError, UnsupportedError
from qnet_circuits.programs.expressions import population
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.runs.error_budget import error_budget
from qnet_circuits.runs.results.costs import Budget, Cost
from qnet_circuits.runs.verbs import predict
from qnet_circuits.theory.noise_parameters import NoiseParameters

CHAIN = qn.RepeaterChain(hops=2, link_fidelity=0.95)
TERMS = {"zz": 2e4, "charge_parity": 9e3, "t2_star_fraction": 0.3, "measurement_dephasing": 0.02}
UNDECLARED = {"zz": 0.0, "charge_parity": 0.0}
EXACT = 1e-12
US = 1e-6
FLAWLESS = {"one_qubit_error": 0, "two_qubit_error": 0, "readout_error": 0, "t1": 1000, "t2": 2000}
INSTANT = {"one_qubit_duration": 0, "two_qubit_duration": 0}
DECAYING = {"t1": 100 * US, "t2": 80 * US, **INSTANT}


def value(noise=None, protocol=CHAIN, device="fake_kingston", figure="fidelity", corrections="feedforward"):
    given = {**UNDECLARED, **(noise or {})}
    return predict(protocol, device, noise=given, corrections=corrections)[figure].value


def near(number):
    return pytest.approx(number, abs=EXACT)


@dataclass(frozen=True)
class MeasuredTwice(Protocol):
    """A qubit in |1⟩ that is measured twice; its second bit, and the chance that it is wrong."""

    name: ClassVar[str] = ""

    def program(self, rng):
        register, bits = QuantumRegister(1, "a"), ClassicalRegister(2, "m")
        circuit = QuantumCircuit(register, bits)
        circuit.x(0)
        circuit.measure(0, 0)
        circuit.measure(0, 1)
        right = population("twice", [("m", 1)], ["1"])
        figures = {
            "right": (right, 1.0),
            "wrong": (1 - right, 0.0),
            "five": (qn.Expression(5.0), 5.0),
            "fidelity": (right, 1.0),
        }
        return Program([Item("twice", circuit)], [qn.Figure(name, *about) for name, about in figures.items()])


# -- definitions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("figure", ["fidelity", "yy"])
def test_rows_are_differences_of_predictions(figure):
    budget = error_budget(CHAIN, "fake_kingston", figure=figure, corrections="feedforward", noise=UNDECLARED)
    sign = -1 if figure == "yy" else 1
    quiet = {"gates": False, "readout": False, "idle": False}
    prompt = {"decision_latency": 0.0}
    still = {"feedforward_latency": 0.0, **prompt}
    whole = value(figure=figure)
    assert budget.value == whole
    assert budget.ideal == near(sign)

    def gain(**noise):
        return sign * (value(noise, figure=figure) - whole)

    assert budget["gates"].without == near(gain(gates=False))
    assert budget["readout"].without == near(gain(readout=False))
    assert budget["decisions"].without == near(gain(**prompt))
    assert budget["latency"].without == near(gain(**still) - gain(**prompt))
    assert budget["waiting"].without == near(gain(idle=False) - gain(**still))

    perfect = replace(CHAIN, link_fidelity=1.0)

    def cost(**noise):
        return 1 - sign * value({**quiet, **noise}, perfect, figure=figure)

    assert budget["gates"].alone == near(cost(gates=True))
    assert budget["readout"].alone == near(cost(readout=True))
    assert budget["waiting"].alone == near(cost(idle=True, **still))
    assert budget["latency"].alone == near(cost(idle=True, **prompt) - cost(idle=True, **still))
    assert budget["decisions"].alone == near(cost(idle=True) - cost(idle=True, **prompt))
    assert budget["links"].alone == near(1 - sign * value(quiet, figure=figure))
    assert budget["links"].without == near(sign * (value(protocol=perfect, figure=figure) - whole))
    assert all(row.alone > 0 and row.without > 0 for row in budget.rows)


@pytest.mark.parametrize("corrections", ["frame", "feedforward", "postselect", "none"])
def test_what_sources_cost_alone_and_the_interaction_are_the_whole_cost(corrections):
    budget = error_budget(CHAIN, "fake_kingston", corrections=corrections)
    assert sum(row.alone for row in budget.rows) + budget.interaction == near(budget.ideal - budget.value)
    assert budget.corrections == corrections
    assert budget.ideal == near(0.25 if corrections == "none" else 1.0)


def test_declared_terms_are_counted_on_top_of_waiting():
    budget = error_budget(CHAIN, "fake_kingston", corrections="feedforward", noise=TERMS)
    assert [row.source for row in budget.rows] == [
        "gates", "readout", "waiting", "latency", "decisions", "zz", "charge_parity", "t2_star",
        "measurement_dephasing", "links",
    ]  # fmt: skip
    perfect = replace(CHAIN, link_fidelity=1.0)
    still = {"feedforward_latency": 0.0, "decision_latency": 0.0}
    alone = {"gates": False, "readout": False, **still}
    off = {"zz": 0.0, "charge_parity": 0.0, "t2_star_fraction": 1.0, "measurement_dephasing": 0.0}
    waiting = value({**alone, **off}, perfect)
    named = {"t2_star_fraction": "t2_star"}
    for field in off:
        source = named.get(field, field)
        assert budget[source].alone == near(waiting - value({**alone, **off, field: TERMS[field]}, perfect))
        assert budget[source].without == near(value({**TERMS, field: off[field]}) - value(TERMS))
    assert budget["t2_star"].alone > 1e-6
    assert budget["waiting"].without == near(value({"idle": False}) - value({**still, **off}))
    assert any("T2*" in note for note in budget.notes)


def test_terms_that_a_device_does_not_have_have_no_row():
    """A synthetic device has no family, so that nothing is typical of it; T2* of a qubit is the source t2_star too."""
    device = line_device(5, t1=100 * US, t2=80 * US)
    typical = {"zz": "typical", "charge_parity": "typical"}
    plain = error_budget(qn.Teleportation(), device, corrections="feedforward", noise=typical)
    assert not {"zz", "charge_parity", "t2_star"} & {row.source for row in plain.rows}
    measured = {"t2_star": {str(qubit): 20e-6 for qubit in range(5)}, "zz": {"0-1": 0.0}}
    budget = error_budget(qn.Teleportation(), device, corrections="feedforward", noise=measured)
    assert "t2_star" in [row.source for row in budget.rows] and "zz" not in [
        row.source for row in budget.rows
    ]
    assert budget["t2_star"].without == near(plain.value - budget.value)
    assert budget["t2_star"].without > 1e-4
    assert sum(row.alone for row in budget.rows) + budget.interaction == near(budget.ideal - budget.value)


def test_gains_of_waiting_latency_and_decisions_sum_to_those_of_never_waiting():
    budget = error_budget(CHAIN, "fake_kingston", corrections="feedforward", noise=UNDECLARED)
    never = value({"idle": False}) - budget.value
    assert sum(budget[source].without for source in ("waiting", "latency", "decisions")) == near(never)


def test_decisions_are_counted_on_top_of_waiting_where_nothing_else_takes_time():
    noise = {"feedforward_latency": 0.0, **UNDECLARED}
    budget = error_budget(CHAIN, "fake_kingston", corrections="feedforward", noise=noise)
    alone = {"gates": False, "readout": False, **noise}
    perfect = replace(CHAIN, link_fidelity=1.0)
    gain = value({**alone, "decision_latency": 0.0}, perfect) - value(alone, perfect)
    assert budget["decisions"].alone == near(gain) and gain > 1e-4


# -- physics --------------------------------------------------------------------------------------------------------


def test_latency_costs_nothing_where_nothing_waits_for_messages():
    frame = error_budget(qn.Teleportation(), "fake_kingston", corrections="frame")
    feedforward = error_budget(qn.Teleportation(), "fake_kingston", corrections="feedforward")
    for source in ("latency", "decisions"):
        assert frame[source] == Cost(source, 0.0, 0.0)
        assert feedforward[source].alone > 5e-4


def test_a_perfect_device_costs_nothing():
    budget = error_budget(qn.Teleportation(), line_device(5, **FLAWLESS), corrections="feedforward")
    assert len(budget.rows) == 5
    for number in (budget.cost, budget.interaction, *(row.alone for row in budget.rows)):
        assert number == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize(
    ("source", "medians", "noise"),
    [
        ("gates", {"one_qubit_error": 1e-3, "two_qubit_error": 1e-2}, {}),
        ("readout", {"readout_error": (0.01, 0.03)}, {}),
        ("waiting", DECAYING, {"feedforward_latency": 0.0, "decision_latency": 0.0}),
        ("latency", DECAYING | {"measurement_duration": 0}, {"decision_latency": 0.0}),
        ("decisions", DECAYING | {"measurement_duration": 0}, {"feedforward_latency": 0.0}),
    ],
)
def test_a_device_with_one_source_has_no_interaction(source, medians, noise):
    device = line_device(5, **{**FLAWLESS, **medians})
    budget = error_budget(qn.Teleportation(), device, corrections="feedforward", noise=noise)
    assert budget.cost > 1e-3
    assert budget[source].alone == pytest.approx(budget.cost, abs=1e-7)
    assert budget[source].without == pytest.approx(budget.cost, abs=1e-7)
    assert budget.interaction == pytest.approx(0, abs=1e-7)


def test_waiting_latency_and_decisions_cost_what_relaxation_costs_in_their_time():
    t1, t2, measurement, latency, series = 100 * US, 80 * US, 2 * US, 3 * US, 0.9 * US
    device = line_device(
        5, **{**FLAWLESS, **INSTANT, "t1": t1, "t2": t2, "measurement_duration": measurement}
    )

    def fidelity(measuring, deciding=0.0):
        # Average over all states of what stays after relaxation. Only the receiver's qubit waits: for the measurement before
        # its last gate, which is a Hadamard, and for the decisions after it.
        x, y, z = (exp(-measuring / t) for t in (t1, t2, t2))
        return (3 + (x + y) * exp(-deciding / t2) + z * exp(-deciding / t1)) / 6

    noise = {"feedforward_latency": latency, "decision_latency": series}
    budget = error_budget(qn.Teleportation(), device, corrections="feedforward", noise=noise)
    first, second, third = (
        fidelity(measurement),
        fidelity(measurement, latency),
        fidelity(measurement, latency + series),
    )
    assert budget["waiting"].alone == near(1 - first)
    assert budget["latency"].alone == near(first - second)
    assert budget["decisions"].alone == near(second - third)


@pytest.mark.parametrize("emulate_links", [False, True])
def test_links_alone_cost_what_theory_says(emulate_links):
    chain = qn.RepeaterChain(hops=3, link_fidelity=0.93)
    budget = error_budget(chain, "fake_kingston", emulate_links=emulate_links)
    assert budget["links"].alone == near(1 - chain.theory(NoiseParameters())["fidelity"])
    assert 0 < budget["links"].without < budget["links"].alone
    assert any("emulated" in note for note in budget.notes) == emulate_links


def test_a_measured_qubit_that_is_used_again_relaxes_as_one_that_waits():
    t1 = 50 * US
    device = line_device(1, **{**FLAWLESS, **INSTANT, "t1": t1, "t2": t1, "measurement_duration": 2 * US})
    lost = 1 - exp(-2 * US / t1)
    budget = error_budget(MeasuredTwice(), device)
    assert budget["waiting"].alone == near(lost)
    assert budget.cost == near(lost)
    off = error_budget(MeasuredTwice(), device, noise={"idle": False})
    assert [row.source for row in off.rows] == ["gates", "readout"] and off.cost == near(0)


def test_an_error_rate_costs_what_it_rises():
    device = line_device(1, **FLAWLESS | {"readout_error": (0.01, 0.03)})
    wrong = error_budget(MeasuredTwice(), device, figure="wrong")
    assert (wrong.ideal, wrong.value) == (near(0), pytest.approx(0.03, abs=1e-7))
    assert wrong["readout"].alone == pytest.approx(0.03, abs=1e-7)
    assert wrong.cost == wrong.value - wrong.ideal


# -- what is computed -----------------------------------------------------------------------------------------------


def test_the_program_is_compiled_once(monkeypatch):
    from qnet_circuits.runs import preparing

    seen = []

    def once(*arguments, **options):
        seen.append(options)
        return compiling.compile_program(*arguments, **options)

    monkeypatch.setattr(preparing, "compile_program", once)
    budget = error_budget(CHAIN, "fake_kingston", layout="auto")
    assert len(seen) == 1
    assert len(budget.layout[0]) == 4


def test_options_are_those_of_predict():
    options = {
        "layout": [5, 4, 3, 2], "optimization_level": 1, "decoupling": True, "corrections": "feedforward",
        "noise": qn.DeviceNoise(feedforward_latency=1e-5, zz=0), "seed": 3,
    }  # fmt: skip
    budget = error_budget(CHAIN, "fake_kingston", **options)
    assert budget.value == predict(CHAIN, "fake_kingston", **options).fidelity.value
    assert budget.layout == [[5, 4, 3, 2]]
    assert any("decoupled" in note for note in budget.notes)
    plain = error_budget(CHAIN, "fake_kingston", **options | {"decoupling": False})
    # Pulses err, and nothing that they could undo is on.
    assert plain.value > budget.value


def test_the_fidelity_is_the_default_and_else_the_first_figure():
    assert error_budget(CHAIN, "fake_torino").figure == "fidelity"
    assert error_budget(MeasuredTwice(), line_device(1)).figure == "fidelity"
    chsh = error_budget(qn.Chsh(), "fake_torino")
    assert chsh.figure == "s_value" and chsh.ideal == near(8**0.5)


def test_a_constant_costs_nothing():
    budget = error_budget(MeasuredTwice(), line_device(1), figure="five")
    assert (budget.ideal, budget.cost) == (5.0, 0.0)


def test_sources_that_are_off_have_no_row_and_are_named():
    noise = {"gates": False, "idle": False}
    budget = error_budget(qn.Teleportation(), "fake_kingston", noise=noise)
    assert [row.source for row in budget.rows] == ["readout"]
    assert "off, so these have no row: gates, waiting, latency, decisions, links" in budget.notes
    still = error_budget(CHAIN, "fake_kingston", noise={"feedforward_latency": 0.0})
    assert "off, so these have no row: latency" in still.notes
    assert not any("without a row" in note for note in error_budget(CHAIN, "fake_kingston").notes)


def test_gaps_of_the_calibration_are_said():
    device = replace(line_device(5), qubits=tuple(replace(q, t1=None) for q in line_device(5).qubits))
    assert any("T1" in note for note in error_budget(qn.Teleportation(), device).notes)


def test_a_backend_is_a_device_with_its_own_noise():
    backend = backend_of("aer:fake_torino").with_noise(qn.DeviceNoise(readout=False))
    assert [row.source for row in error_budget(qn.Teleportation(), backend).rows] == [
        "gates",
        "waiting",
        "latency",
        "decisions",
        "zz",
    ]


def test_a_long_chain():
    budget = error_budget(qn.RepeaterChain(hops=12, link_fidelity=0.97), "fake_kingston")
    assert 0.25 < budget.value < 0.6
    assert budget.interaction < -0.1


# -- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("device", "options", "error", "message"),
    [
        (None, {}, ParameterError, "needs a device, such as fake_kingston"),
        ("ideal", {}, ParameterError, "got 'ideal'"),
        ("fake_kingstn", {}, UnknownNameError, "did you mean: fake_kingston"),
        ("fake_torino", {"figure": "fidelty"}, UnknownNameError, "unknown figure 'fidelty'; did you mean"),
        ("fake_torino", {"figure": 3}, ParameterError, "figure must be"),
        ("fake_torino", {"noise": {"gate": False}}, UnknownNameError, "unknown source of noise 'gate'"),
        ("fake_torino", {"noise": 3}, ParameterError, "noise must be a DeviceNoise"),
        ("fake_torino", {"corrections": "prayer"}, UnknownNameError, "unknown correction mode"),
        ("fake_torino", {"decoupling": 1}, ParameterError, "decoupling must be True or False, got 1"),
        ("fake_torino", {"emulate_links": "no"}, ParameterError, "emulate_links must be True or False"),
        ("fake_torino", {"seed": -1}, ParameterError, "seed"),
        ("fake_torino", {"memory": 10}, UnsupportedError, "allow more with memory="),
    ],
)
def test_bad_input(device, options, error, message):
    with pytest.raises(error) as raised:
        error_budget(CHAIN, device, **options)
    assert message in str(raised.value)


def test_what_has_no_budget():
    with pytest.raises(ParameterError, match=r"protocol .*'teleportation'"):
        error_budget("teleportation", "fake_torino")
    with pytest.raises(UnsupportedError, match="shots"):
        error_budget(CHAIN, "fake_torino", shots=100)
    silent = type("Silent", (MeasuredTwice,), {"program": lambda self, rng: Program(_twice().items, [])})
    with pytest.raises(UnsupportedError, match="figure"):
        error_budget(silent(), "fake_torino")
    drawn = replace(_twice().figures[0], drawn_from=9)
    some = type("Some", (MeasuredTwice,), {"program": lambda self, rng: Program(_twice().items, [drawn])})
    with pytest.raises(UnsupportedError, match="random"):
        error_budget(some(), "fake_torino")


def _twice():
    return MeasuredTwice().program(None)


# -- the value ------------------------------------------------------------------------------------------------------

MADE = Budget(
    "a<b", "fake_x", "frame", "fidelity", 1.0, 0.875, (Cost("gates", 0.125, 0.0625), Cost("zz", -1e-9, 0.0)),
    notes=("1 < 2",),
)  # fmt: skip


def test_signs():
    assert (MADE.sign, MADE.cost, MADE.interaction) == (1, 0.125, near(1e-9))
    assert replace(MADE, ideal=-1.0, value=-0.875, rows=()).cost == 0.125
    assert replace(MADE, ideal=0.0, value=0.125).cost == 0.125
    assert replace(MADE, ideal=1e-17, value=-0.125).cost == near(0.125)
    assert replace(MADE, ideal=1e-17, value=0.125).cost == near(0.125)
    assert replace(MADE, ideal=0.25, value=0.5).cost == -0.25


def test_it_prints_as_a_table():
    lines = str(MADE).splitlines()
    assert lines == [
        "fidelity of a<b on fake_x, corrections: frame",
        "ideal 1.00000, predicted 0.87500",
        "source       cost alone  gain without",
        "gates          +0.12500      +0.06250",
        "zz              0.00000       0.00000",
        "interaction     0.00000",
        "total          +0.12500",
        "note: 1 < 2",
    ]


def test_html_escapes_what_it_shows():
    shown = MADE._repr_html_()
    assert "a&lt;b" in shown and "1 &lt; 2" in shown and "a<b" not in shown
    assert "<td>a&lt;</td>" in replace(MADE, rows=(Cost("a<", 0.0, 0.0),))._repr_html_()
    assert "<td>gates</td><td>+0.12500</td><td>+0.06250</td>" in shown


def test_csv_and_plain_form_hold_every_digit():
    rows = list(csv.reader(io.StringIO(MADE.to_csv())))
    assert rows[0] == ["source", "alone", "without"]
    assert rows[1:3] == [["gates", "0.125", "0.0625"], ["zz", "-1e-09", "0.0"]]
    assert [row[0] for row in rows[3:]] == ["interaction", "total"] and float(rows[4][1]) == 0.125
    budget = error_budget(qn.Teleportation(state="+i"), "fake_torino")
    plain = json.loads(json.dumps(budget.to_dict()))
    assert plain["parameters"]["state"] == "+i" and plain["backend"] == "exact:fake_torino"
    assert [Cost(**row) for row in plain["rows"]] == list(budget.rows)
    assert plain["noise"] == qn.DeviceNoise().to_dict()


def test_repr_evaluates_back_and_rows_are_found_by_name():
    assert eval(repr(MADE)) == MADE
    assert MADE["gates"].alone == 0.125
    with pytest.raises(KeyError, match=r"'links'.*gates, zz"):
        MADE["links"]
    with pytest.raises(ParameterError, match="nan"):
        Cost("gates", float("nan"), 0.0)


def test_public_names():
    assert qn.error_budget is error_budget and qn.Budget is Budget
