"""Comparisons: one row for each figure, with controls, prediction, ideal, theory and bounds."""

import json

import matplotlib.pyplot as plt
import pytest

import qnet_circuits as qn
from qnet_circuits.runs.results.comparison import Comparison, FigureResult
from qnet_circuits.runs.results.result import Result
from qnet_circuits.theory.estimate import Estimate, proportion

CHAIN = qn.RepeaterChain(hops=3, link_fidelity=0.95)


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "chain"
    qn.run(CHAIN, "aer:fake_kingston", shots=500, seed=3, controls=True, path=path)
    return path


def estimate(value=0.9, low=0.88, high=0.93):
    return Estimate(value, low, high, 0.95, "Clopper-Pearson", 1000)


POSITIONS = [
    (0.95, "below", "below by 0.0500 (-3.3 sd)"),
    (0.93, "inside", "inside (-2.0 sd)"),
    (0.90, "inside", "inside (+0.0 sd)"),
    (0.88, "inside", "inside (+2.0 sd)"),
    (0.85, "above", "above by 0.0500 (+4.9 sd)"),
]


@pytest.mark.parametrize(("predicted", "position", "words"), POSITIONS)
def test_where_the_measured_value_lies(predicted, position, words):
    reading = FigureResult(estimate(), predicted)
    assert reading.position == position
    assert reading.difference == pytest.approx(0.9 - predicted)
    assert reading.against() == words


def test_standard_deviations_are_those_of_a_large_sample():
    found = proportion(900_000, 1_000_000, 0.99)
    sigma = (0.9 * 0.1 / 1_000_000) ** 0.5
    for predicted in (0.899, 0.901):
        assert FigureResult(found, predicted).deviations == pytest.approx((0.9 - predicted) / sigma, rel=0.01)


def test_standard_deviations_are_standard_errors_unless_the_interval_knows_more():
    wide = Estimate(0.9, 0.872, 0.928, 0.95, "wide", 1000, standard_error=0.01)
    assert FigureResult(wide, 0.93).deviations == pytest.approx(-3)
    few_blocks = Estimate(0.9, 0.857, 0.943, 0.95, "Student over 3 blocks", 1000, standard_error=0.01)
    assert FigureResult(few_blocks, 0.943).deviations == pytest.approx(-1.96, abs=0.01)
    one_of_100 = proportion(1, 100)
    assert abs(FigureResult(one_of_100, one_of_100.high - 1e-6).deviations) < 1.97
    cut = Estimate(0.995, 0.975, 1.0, 0.95, "cut", 1000, standard_error=0.01)
    assert FigureResult(cut, 1.0).deviations == pytest.approx(-0.5)


def test_a_comparison_says_how_many_intervals_would_miss_by_chance():
    figures = [FigureResult(estimate(), predicted, figure="f") for predicted in (0.9, 0.95, 0.91, None)]
    control = FigureResult(Estimate(0.25, 0.2, 0.3, 0.99, "m", 100), 0.24)
    exact = FigureResult(Estimate(0.9, 0.9, 0.9, 1.0), 0.8)
    found = Comparison(
        "title", (*figures, exact, FigureResult(estimate(), controls={"uncorrected": control}))
    )
    assert found.chance() == {"intervals": 4, "outside": 1, "outside_by_chance": pytest.approx(0.16)}
    assert found.chance().items() <= found.to_dict().items()
    assert any("1 of 4" in line and "0.16" in line for line in str(found).splitlines())
    assert "note" not in str(Comparison("title", (figures[3],)))


def test_without_prediction_or_sampling_nothing_is_counted_in_deviations():
    assert FigureResult(estimate()).against() == "" and FigureResult(estimate()).position is None
    exact = FigureResult(Estimate(0.9, 0.9, 0.9, 1.0, "exact"), 0.8)
    assert exact.deviations is None and exact.against() == "above by 0.1000"
    certain = FigureResult(proportion(100, 100), 1.0)
    assert certain.position == "inside" and certain.deviations is None


def test_one_row_for_each_figure_of_the_protocol(directory):
    result = qn.replay(directory)
    comparison = result.compare()
    assert [compared.figure for compared in comparison.figures] == ["fidelity", "xx", "yy", "zz"]
    first = comparison.figures[0]
    assert first.measured == result.fidelity
    assert first.predicted == result.predicted["fidelity"]
    assert first.bounds == {"entangled": 0.5}
    assert list(first.controls) == ["uncorrected", "swap_transport"]
    for control, ideal in (("uncorrected", 0.25), ("swap_transport", 1.0)):
        reading, name = first.controls[control], f"fidelity_{control}"
        assert reading == FigureResult(result[name], result.predicted[name], ideal, range=(0.0, 1.0))
    rows = comparison.rows()
    assert len(rows) == 4
    assert list(rows[0]) == [
        "figure", "value", "predicted", "against prediction",
        "uncorrected", "uncorrected, predicted", "uncorrected, against prediction",
        "swap transport", "swap transport, predicted", "swap transport, against prediction", "ideal", "bounds",
    ]  # fmt: skip
    assert rows[0]["predicted"] == f"{result.predicted['fidelity']:.4f}"
    assert float(rows[2]["uncorrected, predicted"]) == pytest.approx(0, abs=1e-6)


def test_text_and_html_say_where_it_comes_from(directory):
    comparison = qn.replay(directory).compare()
    text, page = str(comparison), comparison._repr_html_()
    assert text.startswith("repeater-chain on aer:fake_kingston (simulated)\n")
    lines = text.splitlines()
    assert [line.split()[0] for line in lines[2:8]] == [
        "fidelity", "uncorrected", "swap", "xx", "uncorrected", "swap",
    ]  # fmt: skip
    assert "note: simulated on fake_kingston's calibration" in text
    assert page.count("<tr>") == 5 and "(simulated)" in page
    assert max(map(len, lines[1:14])) < 120


def test_a_run_without_controls_compares_what_it_has():
    comparison = qn.run(CHAIN, shots=200, seed=1).compare()
    assert all(not compared.controls for compared in comparison.figures)
    assert list(comparison.rows()[0]) == ["figure", "value", "ideal", "theory", "bounds"]
    assert Comparison("nothing", ()).rows() == [] and "(no figures)" in str(Comparison("nothing", ()))


def test_figures_that_are_called_like_controls_are_none_without_them():
    figures = {"fidelity": estimate(), "fidelity_uncorrected": estimate()}
    assert len(Result(figures).compare().figures) == 2
    assert len(Result(figures, provenance={"controls": True}).compare().figures) == 1


def test_exact_values_are_not_called_measured():
    text = str(qn.predict(CHAIN, "fake_kingston", controls=True).compare())
    assert "exact" in text.splitlines()[2] and "measured" not in text


def test_mitigated_figures_stand_beside_raw_ones_without_their_prediction():
    raw, better, silent = estimate(), estimate(0.97, 0.95, 0.98), estimate(0.26, 0.24, 0.27)
    result = Result(
        {"fidelity": raw, "fidelity_uncorrected": raw},
        predicted={"fidelity": 0.9},
        ideal={"fidelity": 1.0},
        provenance={"controls": True},
    )
    object.__setattr__(result, "mitigated", {"fidelity": better, "fidelity_uncorrected": silent})
    comparison = result.compare()
    (compared,) = comparison.figures
    assert (compared.measured, compared.mitigated) == (raw, better)
    (row,) = comparison.rows()
    assert row["mitigated"] == "0.9700 [0.9500, 0.9800]"
    assert row["uncorrected, mitigated"] == "0.2600 [0.2400, 0.2700]"
    lines = compared.lines()
    assert [line[""] for line in lines] == ["measured", "mitigated", "uncorrected", "uncorrected, mitigated"]
    assert [line["predicted"] for line in lines] == ["0.9000", "", "", ""]
    assert lines[1]["ideal"] == "1.0000"
    plain = comparison.to_dict()["figures"][0]
    assert (plain["mitigated"]["value"], plain["uncorrected"]["mitigated"]["value"]) == (0.97, 0.26)


def test_results_keep_their_controls_in_plain_form(directory):
    result = qn.replay(directory)
    again = Result.from_dict(json.loads(json.dumps(result.to_dict())))
    assert str(again.compare()) == str(result.compare())


# -- command line --------------------------------------------------------------------------------------------------

READING = {"measured", "predicted", "position", "difference", "standard_deviations", "ideal"}


def test_keys_of_the_json_object(qnet, directory):
    status, out, err = qnet("replay", directory, "--compare", "--json")
    assert (status, err) == (0, "")
    plain = json.loads(out)
    first = plain["comparison"]["figures"][0]
    assert set(plain["comparison"]) == {"title", "figures", "intervals", "outside", "outside_by_chance"}
    assert set(first) == {"figure", *READING, "uncorrected", "swap_transport", "bounds"}
    assert set(first["uncorrected"]) == set(first["swap_transport"]) == READING
    assert first["measured"] == plain["figures"]["fidelity"]
    assert plain["controls"] is True
    assert set(plain["resources"]["controls"]) == {"uncorrected", "swap_transport"}
    without = json.loads(qnet("replay", directory, "--json")[1])
    assert set(plain) - set(without) == {"comparison"}


def test_objects_of_runs_without_controls_have_the_keys_that_they_had(qnet):
    plain = json.loads(qnet("run", "repeater-chain", "--shots", "10", "--seed", "1", "--json")[1])
    assert set(plain) == {
        "schema", "version", "protocol", "parameters", "backend", "corrections", "shots", "seed", "noise", "figures",
        "ideal", "theory", "predicted", "bounds", "resources", "layout", "copies", "provenance", "notes", "seconds",
    }  # fmt: skip
    assert "controls" not in plain["resources"]


def test_the_table_and_the_picture_from_the_command_line(qnet, directory, tmp_path):
    picture = tmp_path / "comparison.png"
    status, out, err = qnet("replay", directory, "--compare", "--plot", picture)
    assert (status, err) == (0, "")
    assert out == f"{qn.replay(directory).compare()}\n"
    assert picture.read_bytes()[:4] == b"\x89PNG"
    plt.close("all")


@pytest.mark.parametrize("command", [("run", "--shots", "20"), ("predict",)], ids=lambda command: command[0])
def test_controls_from_the_command_line(qnet, command):
    verb, *rest = command
    status, out, _ = qnet(verb, "repeater-chain", "--controls", "--compare", "--seed", "1", *rest)
    assert status == 0 and "swap transport" in out and "uncorrected" in out
    status, out, err = qnet(verb, "superdense-coding", "--controls", *rest)
    assert status == 2 and out == "" and len(err.splitlines()) == 1 and "controls" in err


def test_fetching_compares(qnet, directory, tmp_path):
    qn.submit(CHAIN, path=tmp_path / "run", shots=20, seed=1, controls=True)
    status, out, _ = qnet("fetch", tmp_path / "run", "--compare")
    assert status == 0 and "swap transport" in out


def test_cost_with_controls(qnet):
    plain = json.loads(qnet("cost", "repeater-chain", "--controls", "--on", "aer:fake_kingston", "--json")[1])
    assert plain["cost"]["circuits"] == 9
