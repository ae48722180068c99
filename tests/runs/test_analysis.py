"""Protocols that analyse their outcomes themselves: what they find, what stays secret, and the exit status of a refusal."""

import copy
import json
import pickle
import resource
import stat

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.cli.options import save_key
from qnet_circuits.programs.registry import registered
from qnet_circuits.qkd.postprocessing.keys import SecretKey
from qnet_circuits.runs.directory import Record
from tests.support.secret_coin import SecretCoin

FILE = "tests/support/secret_coin.py:SecretCoin"


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """The protocol's class is found by its name, in these tests alone."""
    monkeypatch.setitem(registered, SecretCoin.name, SecretCoin)


def mode(file):
    return stat.S_IMODE(file.stat().st_mode)


def test_what_a_protocol_finds_joins_the_result(tmp_path):
    result = qn.run(SecretCoin(), shots=64, seed=1, path=tmp_path / "run")
    assert result.heads.value == result["heads"].value == result.ones.value
    assert result.ledger == {"flips": 64} and result.refused is None
    plain = result.to_dict()
    assert plain["ledger"] == {"flips": 64} and "secret_key" not in json.dumps(plain)
    again = type(result).from_dict(json.loads(json.dumps(plain)))
    assert again.ledger == {"flips": 64} and again.figures == result.figures
    key = result.secret_key.to_bytes()
    assert key.hex() not in repr(result) + str(result) + json.dumps(plain)
    with pytest.raises(AttributeError, match=r"'tails'.*ones, heads, ledger, demonstration"):
        _ = result.tails


def test_a_protocol_receives_the_outcomes_that_a_run_returns(monkeypatch):
    received = []
    monkeypatch.setattr(
        SecretCoin, "analyze", lambda self, outcomes, analysis: received.append(outcomes) or qn.Analyzed({})
    )
    run = qn.submit(SecretCoin(), shots=8, seed=3)
    run.result()
    outcomes = run.outcomes()
    assert isinstance(received[0], qn.Outcomes) and [*received[0]] == [*outcomes] == ["coin"]
    assert np.array_equal(received[0]["coin"]["out"], outcomes["coin"]["out"])


def test_a_seed_makes_the_same_secrets_and_the_operating_system_other_ones(tmp_path):
    seeded = [qn.run(SecretCoin(), shots=8, seed=3) for _ in range(2)]
    assert seeded[0].secret_key == seeded[1].secret_key and seeded[0].demonstration
    assert qn.run(SecretCoin(), shots=8, seed=4).secret_key != seeded[0].secret_key
    free = [qn.run(SecretCoin(), shots=8) for _ in range(2)]
    assert free[0].secret_key != free[1].secret_key and not free[0].demonstration


def test_an_unseeded_run_is_analysed_again_to_the_same_secret_which_only_its_owner_reads(tmp_path):
    first = qn.run(SecretCoin(), shots=8, path=tmp_path / "run")
    assert qn.replay(tmp_path / "run").secret_key == first.secret_key
    assert {mode(tmp_path / "run" / name) for name in ("secret.bin", "outcomes.npz", "result.json")} == {
        0o600
    }
    for file in (tmp_path / "run").iterdir():
        assert first.secret_key.to_bytes() not in file.read_bytes()
    assert not any("secret.bin" in note for note in qn.replay(tmp_path / "run").notes)
    for damaged in (b"short", bytes(32)):
        (tmp_path / "run" / "secret.bin").write_bytes(damaged)
        with pytest.raises(qn.RecordError, match=r"secret\.bin.*32"):
            qn.replay(tmp_path / "run")
    with pytest.raises(qn.RecordError, match=r"secret\.bin.*32"):
        qn.replay(tmp_path / "run")


def test_replay_draws_no_secret_that_nobody_keeps(tmp_path):
    qn.submit(SecretCoin(), shots=8, path=tmp_path / "run").wait()
    with pytest.raises(qn.RecordError, match="qnet fetch"):
        qn.replay(tmp_path / "run")
    assert not (tmp_path / "run" / "secret.bin").exists()
    assert qn.open_run(tmp_path / "run").result().secret_key == qn.replay(tmp_path / "run").secret_key


def test_the_seed_that_an_unseeded_run_shows_does_not_give_its_secret(tmp_path):
    for path in (None, tmp_path / "run"):
        first = qn.run(SecretCoin(), shots=8, path=path)
        again = qn.run(SecretCoin(), shots=8, seed=first.provenance["seed"])
        assert again.figures["ones"] == first.figures["ones"]  # the outcomes it does give
        assert again.secret_key != first.secret_key


def test_another_secret_in_place_of_a_lost_one_is_said(tmp_path):
    first = qn.run(SecretCoin(), shots=8, path=tmp_path / "run")
    (tmp_path / "run" / "secret.bin").unlink()
    for _ in range(2):
        again = qn.replay(tmp_path / "run")
        assert again.secret_key != first.secret_key
        assert any("secret.bin is missing" in note for note in again.notes)
    assert not (tmp_path / "run" / "secret.bin").exists()


def test_processes_that_analyse_a_run_first_at_the_same_time_have_one_secret(tmp_path, monkeypatch):
    qn.run(SecretCoin(), shots=8, path=tmp_path / "run")
    record = Record(tmp_path / "run")
    (tmp_path / "run" / "secret.bin").unlink()
    there = Record.has
    # Each of them looked before the other wrote.
    monkeypatch.setattr(Record, "has", lambda self, name: name != "secret.bin" and there(self, name))
    first = record.secret()
    assert record.secret() == first
    assert not list((tmp_path / "run").glob(".secret.bin.*"))


def test_a_refusal_is_printed_and_exits_with_1(qnet, tmp_path):
    arguments = ("run", FILE, "--set", "refuse=true", "--shots", "8", "--seed", "1")
    status, out, err = qnet(*arguments, "--json", "--out", tmp_path / "run")
    assert (status, err) == (1, "") and json.loads(out)["aborted"] == "rigged: the coin was told to refuse"
    assert json.loads(out)["figures"]["ones"]["n"] == 8
    status, out, _ = qnet(*arguments)
    assert status == 1 and "refused: rigged" in out
    assert qnet("run", FILE, "--shots", "8")[0] == 0


def test_a_key_is_written_to_a_new_file_that_only_its_owner_reads(qnet, tmp_path):
    file, directory = tmp_path / "key", tmp_path / "run"
    arguments = ("run", FILE, "--shots", "8", "--out", directory, "--key-out", file)
    status, out, _ = qnet(*arguments)
    assert status == 0 and mode(file) == 0o600
    key = qn.replay(directory).secret_key.to_bytes()
    assert file.read_bytes() == key and key.hex() not in out
    status, out, err = qnet(*arguments)
    assert (status, out) == (2, "") and "--key-out" in err
    status, out, err = qnet(*arguments[:-1], "")
    assert (status, out) == (2, "") and "--key-out" in err
    status, out, err = qnet(*arguments[:-1], tmp_path / "nowhere" / "key")
    assert (status, out) == (2, "") and "--key-out" in err
    refusing = tmp_path / "refused"
    assert qnet("run", FILE, "--set", "refuse=true", "--shots", "8", "--key-out", refusing)[0] == 1
    assert not refusing.exists()
    kept = tmp_path / "kept"
    status, out, err = qnet("run", "repeater-chain", "--shots", "8", "--key-out", refusing, "--out", kept)
    assert status == 2 and "key" in err and not kept.exists()


@pytest.mark.parametrize("command", ["run", "replay", "fetch"])
def test_the_key_of_a_seed_is_refused_before_anything_runs(qnet, tmp_path, monkeypatch, command):
    file, kept, fresh = tmp_path / "key", tmp_path / "kept", tmp_path / "fresh"
    qn.run(SecretCoin(), shots=8, seed=3, path=kept)
    monkeypatch.setattr(SecretCoin, "analyze", None)
    given = (
        ("run", FILE, "--shots", "8", "--seed", "3", "--out", fresh) if command == "run" else (command, kept)
    )
    status, out, err = qnet(*given, "--key-out", file)
    assert (status, out) == (2, "") and "seed" in err
    assert not file.exists() and not fresh.exists()


def test_a_key_is_not_written_through_a_link_that_leads_nowhere(qnet, tmp_path):
    link, directory = tmp_path / "link", tmp_path / "run"
    link.symlink_to(tmp_path / "nothing")
    status, out, err = qnet("run", FILE, "--shots", "8", "--out", directory, "--key-out", link)
    assert (status, out) == (2, "") and "--key-out" in err
    assert not directory.exists() and not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(("bits", "size"), [(16, 2), (17, 2), (23, 2), (24, 3)])
def test_a_key_file_holds_bits_of_the_key_alone(tmp_path, bits, size):
    key = SecretKey(np.ones(bits, np.uint8))
    save_key(qn.Result({}, secrets={"secret_key": key}), str(tmp_path / "key"))
    assert (tmp_path / "key").read_bytes() == b"\xff" * size


def test_without_authentication_there_is_no_key_file(qnet, tmp_path):
    file = tmp_path / "key"
    given = ("pulses=30000", "eve=man-in-the-middle", "authentication=false")
    settings = [word for one in given for word in ("--set", one)]
    status, out, _ = qnet("run", "bb84", *settings, "--json", "--key-out", file)
    plain = json.loads(out)
    assert status == 1 and not file.exists()
    assert plain["ledger"]["epsilon"] == 1 and plain["aborted"].startswith("unauthenticated")


def test_other_parameters_than_those_of_the_run_make_no_secret(tmp_path):
    qn.run(SecretCoin(refuse=True), shots=8, path=tmp_path / "run")
    result = qn.open_run(tmp_path / "run", protocol=SecretCoin()).result()
    assert result.secret_key is None and result.refused == result.aborted is not None
    assert result.heads.n == 8  # its figures are there


def test_a_run_is_not_pickled_with_its_secret():
    run = qn.submit(SecretCoin(), shots=8)
    run.result()
    for copied in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError):
            copied(run)


def test_no_part_of_a_key_is_left_where_the_disk_is_full(tmp_path):
    result = qn.run(SecretCoin(), shots=8, seed=3)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, before[1]))
    try:
        with pytest.raises(qn.RecordError, match=r"--key-out .*key"):
            save_key(result, str(tmp_path / "key"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not (tmp_path / "key").exists()


def test_outcomes_that_are_key_material_are_not_printed(qnet):
    status, out, err = qnet("run", FILE, "--shots", "8", "--keep-outcomes", "--json")
    assert (status, out) == (2, "") and "key material" in err


def test_blocks_are_refused_where_outcomes_are_analysed_as_a_whole():
    with pytest.raises(qn.UnsupportedError, match="repeats"):
        qn.submit(SecretCoin(), repeats=2)


def test_an_exact_run_has_the_declared_figures_alone():
    result = qn.predict(SecretCoin())
    assert set(result.figures) == {"ones"} and result.refused is None
    assert any(note.startswith("nothing was sampled") for note in result.notes)
