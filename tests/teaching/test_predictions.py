"""Predictions are written down before a run, stay as they are, and are scored by the interval score."""

import json

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.teaching import Prediction, predict, predictions, score


def test_a_prediction_is_kept_and_scored(tmp_path):
    made = predict("lab/chain", low=0.78, high=np.float64(0.84), directory=tmp_path)
    assert (made.low, made.high, made.level, made.outcome, made.score, made.holds) == (
        0.78,
        0.84,
        0.9,
        None,
        None,
        None,
    )
    assert predictions(tmp_path) == (made,) and eval(repr(made)) == made
    scored = score("lab/chain", qn.Estimate(0.8, 0.79, 0.81), directory=tmp_path)
    assert predictions(tmp_path) == (scored,) and scored.made == made.made
    assert scored.holds and scored.score == pytest.approx(0.06) and "inside" in str(scored)


@pytest.mark.parametrize(
    ("level", "outcome", "wanted"),
    [
        (0.9, 0.8, 0.1),
        (0.9, 0.75, 0.1),
        (0.9, 0.65, 0.1 + 20 * 0.1),
        (0.9, 0.95, 0.1 + 20 * 0.1),
        (0.5, 0.95, 0.1 + 4 * 0.1),
    ],
)
def test_the_score_is_width_and_penalty(level, outcome, wanted):
    assert Prediction("a", 0.75, 0.85, level, outcome=outcome).score == pytest.approx(wanted)


def test_nobody_gains_by_another_interval_than_the_one_that_is_believed(rng):
    """On outcomes of a normal distribution, the central interval of the level has the best mean score."""
    outcomes = rng.normal(0, 1, 4000)

    def mean(half):
        return np.mean([Prediction("a", -half, half, 0.9, outcome=each).score for each in outcomes])

    assert mean(1.645) < min(mean(0.8), mean(3.0))


def test_a_prediction_stays(tmp_path):
    predict("a", 0.1, 0.2, directory=tmp_path)
    with pytest.raises(qn.ParameterError):
        predict("a", 0.1, 0.9, directory=tmp_path)
    score("a", 0.5, directory=tmp_path)
    with pytest.raises(qn.ParameterError):
        score("a", 0.15, directory=tmp_path)
    assert [each.outcome for each in predictions(tmp_path)] == [0.5]


def test_the_file_is_plain_json_in_a_stated_place(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert predictions() == ()
    predict("a", 0, 1, level=0.5)
    plain = json.loads((tmp_path / "qnet-circuits" / "predictions.json").read_text())
    assert (
        plain["schema"] == 1
        and plain["predictions"][0].items() >= {"name": "a", "low": 0.0, "level": 0.5}.items()
    )


@pytest.mark.parametrize(
    "values",
    [
        {"name": "two words"}, {"name": ""}, {"name": 3}, {"low": 2}, {"low": "0"}, {"high": float("inf")}, {"level": 1.0},
        {"level": 0.4}, {"outcome": float("nan")}, {"outcome": True},
    ],
)  # fmt: skip
def test_predictions_are_checked(values):
    with pytest.raises(qn.ParameterError):
        Prediction(**{"name": "a", "low": 0.0, "high": 1.0, **values})


def test_what_was_not_predicted_cannot_be_scored(tmp_path):
    predict("lab/chain", 0, 1, directory=tmp_path)
    with pytest.raises(qn.UnknownNameError) as error:
        score("lab/chian", 0.5, directory=tmp_path)
    assert "lab/chain" in str(error.value)
    with pytest.raises(qn.ParameterError):
        score("lab/chain", None, directory=tmp_path)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"schema": 2, "predictions": []}', '{"schema": 1, "predictions": [{"name": "a"}]}']
)
def test_a_damaged_file_is_refused_and_kept(tmp_path, text):
    file = tmp_path / "predictions.json"
    file.write_text(text)
    with pytest.raises(qn.RecordError):
        predict("a", 0, 1, directory=tmp_path)
    assert file.read_text() == text


def test_a_place_that_is_no_directory_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(qn.RecordError):
        predict("a", 0, 1, directory=tmp_path / "file")
