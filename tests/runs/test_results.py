"""What a result can be asked: outcomes, rounds, tables for other tools."""

import math

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.runs.handed_in import raws_of
from qnet_circuits.runs.results.sampled import joint_counts


@pytest.fixture(scope="module")
def teleported():
    return qn.run(qn.Teleportation(state="1"), shots=200, seed=1)


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "bb84"
    qn.run(qn.BB84(pulses=3000, link_fidelity=0.95), seed=4, path=path)
    return path


def test_joint_counts_are_those_of_the_outcomes(tmp_path):
    run = qn.submit(qn.Teleportation(state="+", link_fidelity=0.9), shots=200, seed=1, path=tmp_path / "run")
    (counts,), (registers,) = run.result().counts().values(), run.outcomes().values()
    again = raws_of([counts], {"c": {name: bits.shape[1] for name, bits in registers.items()}})["c"]
    rows = [
        np.array(sorted(np.concatenate([np.asarray(bits) for bits in each.values()], axis=1).tolist()))
        for each in (again, registers)
    ]
    assert np.array_equal(*rows) and len(counts) > 4
    assert (
        qn.open_run(tmp_path / "run").result().counts()
        == run.result().counts()
        == qn.replay(tmp_path / "run").counts()
    )


@pytest.mark.parametrize("width", [1, 30, 100])
def test_joint_counts_of_any_width_count_rows(rng, width):
    bits = rng.random((60, width)) < 0.5
    bits[30:] = bits[:30]
    text = ["".join("01"[int(bit)] for bit in row[::-1]) for row in bits]
    assert joint_counts({"out": bits}) == {row: text.count(row) for row in sorted(set(text))}


def test_keys_of_counts_have_the_last_register_first(teleported):
    (counts,) = teleported.counts().values()
    assert {len(key) for key in counts} == {len("1 00")}
    assert {key[0] for key in counts} == {"1"} and sum(counts.values()) == 200


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (lambda: qn.predict(qn.Teleportation(state="1")), "without sampling"),
        (lambda: qn.run(qn.Teleportation(state="1"), "stim", shots=10, seed=1), "submit"),
        (lambda: qn.run(qn.BB84(pulses=1000)), "key material"),
        (lambda: qn.Result.from_dict(qn.run(qn.Chsh(), shots=10, seed=1).to_dict()), "open_run"),
    ],
    ids=["exact", "counted", "secret", "read"],
)
def test_outcomes_that_are_not_there_or_secret_are_refused(result, said):
    found = result()
    for ask in (found.counts, found.rounds):
        with pytest.raises(qn.UnsupportedError, match=said if ask == found.counts else "."):
            ask()


def test_rounds_are_those_that_the_figures_are_of(directory):
    result = qn.open_run(directory).result()
    table = result.rounds()
    rows = list(table)
    assert (
        len(rows) == len(table) == 3000
        and rows[7] == table[7]
        and [row["round"] for row in rows[:2]] == [1, 2]
    )
    sifted = [row for row in rows if row["use"] in ("key", "test")]
    assert all((row["alice_basis"] == row["bob_basis"]) == (row["use"] != "dropped") for row in rows)
    assert {(row["alice_basis"], row["use"]) for row in sifted} == {("Z", "key"), ("X", "test")}
    wrong = sum(row["alice_bit"] != row["bob_bit"] for row in sifted)
    assert wrong > 0 and result.qber.n == len(sifted) and math.isclose(result.qber.value, wrong / len(sifted))
    assert list(qn.replay(directory).rounds()) == rows
    assert table.to_csv().splitlines()[1] == ",".join(str(value) for value in rows[0].values())


def test_rounds_of_other_key_distributions():
    bell = qn.run(qn.E91(pairs=2000), seed=2)
    uses = [row["use"] for row in bell.rounds()]
    assert uses.count("bell") == bell.s_value.n and uses.count("key") > 0
    caught = qn.run(qn.SixState(pulses=2000, eve="intercept-resend"), seed=2)
    heard = [row for row in caught.rounds() if row["use"] in ("key", "test")]
    right = sum(str(row["alice_bit"]) == row["eve_bit"] for row in heard)
    assert math.isclose(right / len(heard), caught.eve_guess.value)
    middle = qn.run(qn.BB84(pulses=500, eve="man-in-the-middle"), seed=2).rounds()
    assert len(middle) == 1000 and {row["line"] for row in middle} == {"alice-eve", "eve-bob"}


def test_no_other_protocol_has_rounds(teleported):
    with pytest.raises(qn.UnsupportedError, match=r"counts\(\)"):
        teleported.rounds()


def test_a_secret_run_keeps_no_outcome_in_its_result():
    sampled = qn.run(qn.BB84(pulses=1000)).sampled.stored
    assert sampled.blocks is None and sampled.root == b""


def test_records_and_frames_have_a_row_for_each_figure(teleported):
    pandas = pytest.importorskip("pandas")
    (record,) = teleported.records()
    assert (record["figure"], record["value"], record["ideal"]) == (
        "fidelity",
        1.0,
        1.0,
    ) and "id" not in record
    frame = teleported.to_dataframe()
    assert isinstance(frame, pandas.DataFrame) and frame["low"].tolist() == [teleported.fidelity.low]
    rounds = qn.run(qn.BB84(pulses=50), seed=1).rounds()
    assert rounds.to_dataframe().to_dict("records") == list(rounds)


def test_latex_has_intervals_their_level_and_theory():
    result = qn.run(qn.RepeaterChain(hops=2, link_fidelity=0.9), shots=500, seed=1)
    lines = result.to_latex().splitlines()
    assert r"95 \% interval" in lines[2] and "theory" in lines[2] and lines[0] == r"\begin{tabular}{llll}"
    shown = result.fidelity.with_interval().replace("±", r"$\pm$")
    assert f"fidelity & {shown} & 1.0000 & 0.8133" in lines[4]
