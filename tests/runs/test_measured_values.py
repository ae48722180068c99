"""Errors of two-qubit gates that explain what a link benchmark measured."""

from dataclasses import replace

import pytest

import qnet_circuits as qn
from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.backends.simulation.operations import relaxation_error
from qnet_circuits.devices.repaired import Usable
from qnet_circuits.errors import ParameterError
from qnet_circuits.programs.figures import link_figure
from qnet_circuits.theory.estimate import Estimate

#: The real device: errors that differ from one coupling to the next. Its calibration says 0.01 of all of them.
REAL = qn.line_device(6, spread=0.8, two_qubit_error=0.02, readout_error=0.03, seed=3)
BENCHMARK = qn.LinkBenchmark()


def with_error(device, error):
    """Return a device with one error of all its two-qubit gates."""
    return device.with_values({tuple(pair): {"two_qubit_error": error} for pair in device.couplings})


def errors(values):
    return {pair: each["two_qubit_error"] for pair, each in values.items()}


SAID = with_error(REAL, 0.01)


@pytest.mark.parametrize(
    ("benchmark", "noise"),
    [
        (BENCHMARK, None),
        (qn.LinkBenchmark(link_fidelity=0.9), None),
        (qn.LinkBenchmark(edges=[(1, 2), (3, 4)]), None),
        (BENCHMARK, {"idle": False, "readout": False}),
    ],
    ids=["all links", "links with errors of their own", "some links", "another noise"],
)
def test_an_exact_benchmark_gives_the_errors_back(benchmark, noise):
    measured = qn.predict(benchmark, REAL, noise=noise)
    found = errors(qn.measured_values(measured, SAID))
    assert len(found) == (5 if benchmark.edges is None else 2)
    assert found == {pair: pytest.approx(REAL.error("cz", pair), abs=1e-6) for pair in found}


def test_a_calibration_with_the_values_predicts_what_was_measured():
    measured = qn.predict(BENCHMARK, REAL)
    today = SAID.with_values(qn.measured_values(measured, SAID), "a benchmark")
    again = qn.predict(BENCHMARK, today)
    for name, estimate in measured.figures.items():
        assert again[name].value == pytest.approx(estimate.value, abs=1e-6)


def test_an_error_below_that_of_relaxation_alone_is_given_back_nearly():
    """The twin shortens relaxation there, so that the line is another one; the direction that is used counts."""
    device = fake_device("fake_jakarta").calibration
    found = errors(qn.measured_values(qn.predict(BENCHMARK, "fake_jakarta"), with_error(device, 0.01)))
    usable = Usable(device)
    assert any(device.error("cx", pair) < relaxation_error(usable, "cx", pair) - 2e-3 for pair in found)
    assert found == {pair: pytest.approx(device.error("cx", pair), abs=1e-5) for pair in found}


def test_a_failed_calibration_is_healed():
    said = SAID.with_values({(2, 3): {"two_qubit_error": 1.0}})
    found = qn.measured_values(qn.predict(qn.LinkBenchmark(edges=[(2, 3)]), REAL), said)
    assert not said.with_values(found).failed_couplings


@pytest.mark.parametrize(("fidelity", "low", "high"), [(0.2, 0.49, 0.5), (1.0, 0.0, 0.01)])
def test_no_error_that_is_given_counts_as_a_failed_calibration(fidelity, low, high):
    measured = qn.predict(qn.LinkBenchmark(edges=[(2, 3)]), SAID)
    measured = replace(measured, figures={"fidelity_2_3": Estimate(fidelity, fidelity, fidelity, 1.0)})
    found = qn.measured_values(measured, SAID)
    assert low < errors(found)[2, 3] < high
    assert not SAID.with_values(found).failed_couplings


def test_a_device_without_relaxation_gets_no_error_of_zero():
    ideal = qn.line_device(3, two_qubit_error=0, one_qubit_error=0, readout_error=0, t1=1000, t2=1000)
    found = errors(qn.measured_values(qn.predict(BENCHMARK, ideal), ideal))
    assert set(found) == {(0, 1), (1, 2)} and all(0 < error < 1e-5 for error in found.values())


def test_a_link_that_says_nothing_of_its_gate_is_left_out():
    coin = SAID.with_values({0: {"readout": 0.5}})
    assert set(qn.measured_values(qn.predict(BENCHMARK, coin), coin)) == {(1, 2), (2, 3), (3, 4), (4, 5)}


def test_a_run_that_was_sampled(tmp_path):
    qn.run(BENCHMARK, REAL, shots=4000, seed=1, path=tmp_path / "run", level=1 - 1e-6)
    for measured in (tmp_path / "run", str(tmp_path / "run"), qn.replay(tmp_path / "run")):
        found = errors(qn.measured_values(measured, SAID))
        intervals = qn.replay(tmp_path / "run", level=1 - 1e-6).figures
        for pair, error in found.items():
            half = intervals[link_figure(pair)]
            assert abs(error - REAL.error("cz", pair)) < 1.3 * (half.high - half.low)


def test_what_is_no_benchmark_of_this_device():
    for measured in (
        qn.predict(qn.RepeaterChain(hops=1), REAL),
        qn.predict(qn.LinkBenchmark(kind="swap"), REAL),
        qn.predict(qn.LinkBenchmark(edges=[(0, 1)])),
        qn.predict(qn.LinkBenchmark(edges=[(0, 1)]), "fake_manila"),
    ):
        with pytest.raises(ParameterError):
            qn.measured_values(measured, SAID)
