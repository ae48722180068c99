"""Each bit of a key is given to one application pair, once, whoever asks and in whatever order."""

import os
import sqlite3
import stat

import pytest

from qnet_circuits.errors import NoKeyError, NotNamedError, ParameterError, RecordError, UnknownKeyError
from qnet_circuits.qkd.delivery import database
from qnet_circuits.qkd.delivery.key_ids import Audience
from qnet_circuits.qkd.delivery.store import KeyStore
from tests.qkd.delivery.stock import ONE, TWO, halves, numbered, numbers, pair

KEY = numbered(0, 2500)


def drained(store, audience, size):
    keys = store.take(audience, store.left(size, audience.master), size)
    with pytest.raises(NoKeyError):
        store.take(audience, 1, size)
    return keys


def test_two_masters_who_take_all_share_no_bit_and_lose_none(tmp_path):
    a, b = pair(tmp_path, KEY)
    taken = [drained(a, ONE, 32), drained(b, TWO, 32)]
    assert [sum(len(key.key) for key in keys) for keys in taken] == [
        len(half) // 4096 * 4096 + len(half) % 4096 // 32 * 32 for half in halves(KEY)
    ]
    given = numbers(key.key for keys in taken for key in keys)
    assert len(set(given)) == len(given)


def test_the_other_host_finds_the_same_bits_in_any_order_of_keys_and_sessions(tmp_path):
    a, b = pair(tmp_path)
    for store, order in ((a, (1, 2)), (b, (2, 1))):
        for session in order:
            store.add(f"session {session}", numbered(1000 * session, 600), 1e-10 * session)
    for here, there, audience in ((a, b, ONE), (b, a, TWO)):
        sizes = (32, 8, 4, 100, 32, 500, 16, 900)
        made = [key for size in sizes for key in here.take(audience, 1, size)]
        names = [key.key_id for key in reversed(made)]
        found = there.fetch(audience.master, audience.slaves[0], audience.known, names)
        assert [(key.key_id, key.key, key.epsilon) for key in reversed(found)] == [
            (key.key_id, key.key, key.epsilon) for key in made
        ]
        assert [len(key.key) for key in made] == list(sizes)
        assert {key.epsilon for key in made} == {1e-10, 2e-10}
    assert a.epsilon == b.epsilon == pytest.approx(3e-10)


def test_a_slave_gets_a_key_once_and_nobody_else_gets_it(tmp_path):
    a, b = pair(tmp_path, KEY)
    known = ("app-b", "app-c")
    [key] = a.take(Audience("app-a", ("app-b",), known))
    with pytest.raises(NotNamedError):
        b.fetch("app-a", "app-c", known, [key.key_id])
    for master, slave, names in (("app-x", "app-b", known), ("app-a", "app-0", ("app-0", "app-b"))):
        with pytest.raises(UnknownKeyError):
            b.fetch(master, slave, names, [key.key_id])
    assert b.fetch("app-a", "app-b", known, [key.key_id.upper()])[0].key == key.key
    with pytest.raises(UnknownKeyError):
        b.fetch("app-a", "app-b", known, [key.key_id])


def test_slaves_who_share_a_key_get_it_once_each(tmp_path):
    a, b = pair(tmp_path, KEY)
    known = ("app-b", "app-c", "app-d")
    [key] = a.take(Audience("app-a", ("app-d", "app-b"), known))
    for slave in ("app-d", "app-b"):
        assert b.fetch("app-a", slave, known, [key.key_id])[0].key == key.key
        with pytest.raises(UnknownKeyError):
            b.fetch("app-a", slave, known, [key.key_id])
    with pytest.raises(NotNamedError):
        b.fetch("app-a", "app-c", known, [key.key_id])


def test_a_name_with_any_bit_changed_gives_nothing(tmp_path):
    a, b = pair(tmp_path, KEY)
    [key] = a.take(Audience("app-a", ("app-b",), ("app-b", "app-c")))
    digits = key.key_id.replace("-", "")
    for bit in range(128):
        changed = f"{int(digits, 16) ^ 1 << bit:032x}"
        name = "-".join(changed[i:j] for i, j in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))
        for slave in ("app-b", "app-c"):
            with pytest.raises(UnknownKeyError):
                b.fetch("app-a", slave, ("app-b", "app-c"), [name])
    assert b.fetch("app-a", "app-b", ("app-b", "app-c"), [key.key_id])[0].key == key.key


def test_a_request_is_fulfilled_as_a_whole_or_not_at_all(tmp_path):
    a, b = pair(tmp_path, numbered(0, 100))
    before = a.left(32, "app-a")
    with pytest.raises(NoKeyError):
        a.take(ONE, before + 1)
    assert a.left(32, "app-a") == before == 5
    one, two = a.take(ONE, 2)
    for names in ([one.key_id, two.key_id, one.key_id], [two.key_id, one.key_id[:-1] + "x"]):
        with pytest.raises((UnknownKeyError, ParameterError)):
            b.fetch("app-a", "app-b", ("app-b",), names)
    assert len(b.fetch("app-a", "app-b", ("app-b",), [two.key_id, one.key_id])) == 2


def test_a_session_is_added_once(tmp_path):
    a, _ = pair(tmp_path, KEY)
    keys = drained(a, ONE, 32)
    assert a.add("session 1", KEY, 1e-10) is False and a.left(32, "app-a") == 0 and keys
    with pytest.raises(ParameterError, match="another key"):
        a.add("session 1", KEY[:-2], 1e-10)
    assert a.add("session 2", KEY, 1e-10) is True and a.left(32, "app-a") == len(keys)
    for key in (b"short", "text", bytes(2**25 + 1)):
        with pytest.raises(ParameterError, match="34 to"):
            a.add("session 3", key, 1e-10)


def test_sessions_with_the_same_mark_are_told_apart(tmp_path, monkeypatch):
    monkeypatch.setattr("qnet_circuits.qkd.delivery.store.mark_of", lambda _: 7)
    a, b = pair(tmp_path)
    for store in (a, b):
        for session in (1, 2):
            store.add(f"session {session}", numbered(1000 * session, 60), 1e-10)
    keys = drained(a, ONE, 16)
    assert len({key.key_id for key in keys}) == len(keys) == 12
    found = b.fetch("app-a", "app-b", ("app-b",), [key.key_id for key in keys])
    assert [key.key for key in found] == [key.key for key in keys]


def test_given_bits_are_in_no_file(tmp_path):
    a, b = pair(tmp_path, KEY)
    known = ("app-b", "app-c")
    [alone] = a.take(Audience("app-a", ("app-b",), known))
    [shared] = a.take(Audience("app-a", ("app-b", "app-c"), known))
    # The middle of the key shows whether the search finds anything.
    files = lambda *hosts: b"".join(f.read_bytes() for host in hosts for f in (tmp_path / host).iterdir())  # noqa: E731
    assert alone.key in files("b") and shared.key in files("b")
    assert (
        alone.key not in files("a")
        and shared.key not in files("a")
        and halves(KEY)[0][4096:4160] in files("a")
    )
    b.fetch("app-a", "app-b", known, [alone.key_id, shared.key_id])
    assert alone.key not in files("b") and shared.key in files("b")
    b.fetch("app-a", "app-c", known, [shared.key_id])
    assert shared.key not in files("b")


def test_a_quota_bounds_an_hour_of_one_master(tmp_path, monkeypatch):
    a, _ = pair(tmp_path, KEY)
    now = [1e9]
    monkeypatch.setattr(database.time, "time", lambda: now[0])
    other = Audience("app-o", ("app-b",), ("app-b",))
    a.take(ONE, 3, 32, quota=100)
    assert a.left(32, "app-a", 100) == 0 and a.left(4, "app-a", 100) == 1 and a.left(32, "app-o", 100) == 3
    with pytest.raises(NoKeyError, match="quota"):
        a.take(ONE, 1, 32, quota=100)
    assert len(a.take(ONE, 1, 4, quota=100)) == len(a.take(other, 1, 32, quota=100)) == 1
    now[0] += 3601
    assert len(a.take(ONE, 3, 32, quota=100)) == 3


def test_the_reason_of_the_last_session_is_kept_until_a_key_comes(tmp_path):
    a, _ = pair(tmp_path)
    a.refuse("qber: 0.25 of 400 test bits differ")
    a.close()
    a = KeyStore(tmp_path / "a", "A", "B")
    assert a.refusal == "qber: 0.25 of 400 test bits differ"
    a.add("session 2", KEY, 1e-10)
    assert a.refusal is None


def test_only_its_owner_reads_a_store(tmp_path):
    old = os.umask(0)
    try:
        a, _ = pair(tmp_path, KEY)
    finally:
        os.umask(old)
    assert [stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "a").iterdir()] == [0o600] * len(
        list((tmp_path / "a").iterdir())
    )
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700
    a.close()
    (tmp_path / "a" / "keys.sqlite").chmod(0o640)
    with pytest.raises(RecordError, match="0600"):
        KeyStore(tmp_path / "a", "A", "B")


def test_stores_that_are_not_this_one_are_refused(tmp_path):
    a, _ = pair(tmp_path, KEY)
    with pytest.raises(RecordError, match="A with B, not of A with C"):
        KeyStore(tmp_path / "a", "A", "C")
    a.close()
    file = tmp_path / "a" / "keys.sqlite"
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA user_version=2")
    db.close()
    with pytest.raises(RecordError, match="version 2"):
        KeyStore(tmp_path / "a", "A", "B")
    file.write_bytes(b"no database, but long enough to be one" * 100)
    with pytest.raises(RecordError, match="cannot be"):
        KeyStore(tmp_path / "a", "A", "B")
    for names in (("A", "A"), ("", "B")):
        with pytest.raises(ParameterError, match="two names"):
            KeyStore(tmp_path / "c", *names)


def test_nothing_shows_bits(tmp_path):
    a, _ = pair(tmp_path, KEY)
    [key] = a.take(ONE)
    assert repr(key.key)[2:-1] not in repr(key) and key.key.hex() not in f"{key}{a!r}"
