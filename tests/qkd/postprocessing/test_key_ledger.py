import json
import pickle

import numpy as np
import pytest

from qnet_circuits.errors import ParameterError
from qnet_circuits.qkd.postprocessing.accounts import Account, SessionParameters
from qnet_circuits.qkd.postprocessing.comparing import Compared
from qnet_circuits.qkd.postprocessing.finite_key import counts_chance, key_length, phase_cost
from qnet_circuits.qkd.postprocessing.key_ledger import Entry, KeyResult, Ledger
from qnet_circuits.qkd.postprocessing.keys import SecretKey
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.settling import count_bits, refuse_hopeless, settle

LEDGER = Ledger(
    100, 90, 50, (Entry("test bits", 20, 40), Entry("authentication", 20)), 10, (("a", 0.1), ("b", 0.2)), 20
)


def test_sums_must_be_right():
    assert (LEDGER.spent, LEDGER.revealed, LEDGER.bits("test bits"), LEDGER.bits("nothing")) == (
        40,
        40,
        20,
        0,
    )
    assert LEDGER.epsilon == pytest.approx(0.3)
    for wrong in (
        lambda: Ledger(100, 90, 50, LEDGER.entries, 11, (), 20),
        lambda: Ledger(100, 90, 51, LEDGER.entries, 10, (), 20),
        lambda: Ledger(80, 90, 50, LEDGER.entries, 10, (), 20),
        lambda: Ledger(100, 40, 50, LEDGER.entries, 10, (), 20),
        lambda: Ledger(100, 90, 50, LEDGER.entries, 10, (), 0),  # the pool was not paid back
        lambda: Ledger(100, 90, 40, LEDGER.entries[:1], 20, (), 20),
        lambda: Entry("x", -1), lambda: Entry("x", 1, -1), lambda: Entry("x", float("nan")),
    ):  # fmt: skip
        with pytest.raises(ParameterError):
            wrong()


def test_results_are_a_key_or_a_reason():
    key = SecretKey(np.ones(10, np.uint8))
    assert KeyResult(key, None, LEDGER).alarm is None
    empty = Ledger(100, 90, 50, (Entry("discarded after the alarm", 50),), 0)
    assert KeyResult(None, "qber: too much", empty).alarm == "qber"
    for wrong in (
        lambda: KeyResult(key, "qber: too much", LEDGER),
        lambda: KeyResult(None, None, empty),
        lambda: KeyResult(None, "qber: too much", LEDGER),
        lambda: KeyResult(key, None, empty),
        lambda: KeyResult(SecretKey(np.ones(9, np.uint8)), None, LEDGER),
    ):
        with pytest.raises(ParameterError):
            wrong()


def test_plain_forms_hold_no_key():
    key = SecretKey(np.ones(10, np.uint8))
    plain = KeyResult(key, None, LEDGER, notes=("why",)).to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["key_length"] == 10 and plain["aborted"] is None and plain["notes"] == ["why"]
    assert set(plain) == {
        "key_length", "aborted", "ledger", "qber", "demonstration", "notes", "fingerprint", "session", "pool_epsilon",
    }  # fmt: skip
    assert "net key" in str(LEDGER) and "test bits" in str(LEDGER)


def test_keys_do_not_show_themselves():
    key = SecretKey(np.array([1, 0, 1, 1, 0, 0, 0, 1, 1], np.uint8))
    for text in (repr(key), str(key), f"{key}", f"{key!r:>5}"):
        assert text == "<SecretKey of 9 bits>"
    with pytest.raises(TypeError, match="truth value"):
        bool(key)
    for copied in (pickle.dumps, hash):
        with pytest.raises(TypeError):
            copied(key)
    assert key.to_bytes() == b"\xb1\x80" and key.bits().tolist() == [1, 0, 1, 1, 0, 0, 0, 1, 1]
    key.bits()[0] = 0
    assert key.bits()[0] == 1
    with pytest.raises(AttributeError):
        key.more = 1


def test_keys_are_compared_in_constant_time(monkeypatch):
    compared = []
    monkeypatch.setattr("hmac.compare_digest", lambda a, b: compared.append(1) or a == b)
    one, other = SecretKey(np.array([1, 0])), SecretKey(np.array([1, 1]))
    assert one == SecretKey(np.array([1, 0])) and one != other and compared == [1, 1]
    assert one != SecretKey(np.array([1, 0, 0])) and one != "a key"


@pytest.mark.parametrize("model", ["alice+pattern", "both"])
def test_settling_is_the_formula(model):
    rules, n, k, told = SessionParameters(tolerance=0.03, leak_model=model), 100_000, 90_000, 20_000
    account = Account(400_000)
    account.sift(400_000, n + k)
    account.spend("test bits", k, 2 * k)
    length, net = settle(account, rules, n, Compared({1: (k, 0)}), told)
    paid = told * (2 if model == "both" else 1)
    assert length == key_length(n, k, 0.03, paid + 17, 1e-10, 1e-15) and net == length - 768 - 64
    account.pool_used = 768
    ledger = account.settled(net)
    assert ledger.bits("reconciliation") == paid and ledger.bits("parity count") == 17
    assert ledger.bits("phase errors") == phase_cost(n, k, 0.03, 1e-10)
    assert ledger.revealed == 2 * k + paid + 17 + 50 + 64
    assert 0 <= ledger.bits("rounding") < 1


def test_hopeless_runs_reveal_no_more():
    rules = SessionParameters(tolerance=0.02)
    refuse_hopeless(rules, 50_000, Compared({1: (50_000, 0)}))
    for n, k in [(0, 100), (100, 0), (1500, 1500)]:
        with pytest.raises(Refusal, match=r"^short: "):
            refuse_hopeless(rules, n, Compared({1: (k, 0)}))


def test_refused_accounts_add_up_whatever_was_spent():
    account = Account(100)
    assert account.refused().net_key == 0
    account.sift(90, 50)
    account.spend("test bits", 30, 60)
    account.spend("phase errors", 100)
    ledger = account.refused()
    assert ledger.spent == 50 and ledger.revealed == 60 and ledger.bits("discarded after the alarm") == 0


def test_counts_cost_their_bits():
    assert [count_bits(n) for n in (1, 2, 3, 1023, 1024)] == [1, 2, 2, 10, 11]


@pytest.mark.parametrize(
    "wrong",
    [
        {"tolerance": 0.6}, {"epsilon_secrecy": 0.0}, {"epsilon_correctness": 0.9}, {"schedule": "fast"},
        {"key_basis": 1}, {"key_sample": 1.0}, {"leak_model": "alice"}, {"frame": 1},
        {"fingerprint_bits": -1}, {"test_basis": 300},
    ],
)  # fmt: skip
def test_parameters_are_checked(wrong):
    with pytest.raises(ParameterError):
        SessionParameters(**wrong)


def test_parameters_have_a_name_and_evaluate_back():
    rules = SessionParameters(tolerance=0.03)
    assert eval(repr(rules)) == rules and rules.digest == SessionParameters(tolerance=0.03).digest
    assert rules.digest != SessionParameters().digest


@pytest.mark.parametrize("many", [0, 1, 3])
def test_counts_of_bits_that_are_on_record_are_paid_for(many):
    rules, n, k, told = SessionParameters(tolerance=0.03, public_counts=many), 100_000, 90_000, 20_000
    account = Account(2 * (n + k))
    account.sift(n + k, n + k)
    account.spend("test bits", k, 2 * k)
    length, net = settle(account, rules, n, Compared({1: (k, 0)}), told)
    chance = counts_chance(2 * (n + k), many)
    assert length == key_length(n, k, 0.03, told + 17 + 17 * many, 1e-10, 1e-15, chance)
    account.pool_used = 768
    ledger = account.settled(net)
    assert ledger.bits("counts of bits") == 17 * many
    assert ledger.bits("phase errors") == phase_cost(n, k, 0.03, 1e-10, chance)
    assert any(entry.cause == "counts of bits" for entry in ledger.entries) == bool(many)
