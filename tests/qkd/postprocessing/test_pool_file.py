"""A pool on disk: each change is there before it counts, one process holds it, and what is no pool is refused."""

import json
import os
import shutil
import stat
import subprocess
import sys

import numpy as np
import pytest

from qnet_circuits.errors import HeldError, ParameterError, RecordError
from qnet_circuits.qkd.postprocessing.authentication import SESSION_BYTES
from qnet_circuits.qkd.postprocessing.key_pool import KeyPool
from qnet_circuits.qkd.postprocessing.pool_state import STAMP_BYTES
from qnet_circuits.qkd.postprocessing.sifting import PartyRecord

from .test_survival import assert_in_step, assert_next_session_succeeds, keys_of, meet, record, two_pools


@pytest.fixture
def paths(tmp_path, rng):
    """The files of a pair of pools."""
    secret, files = (
        rng.bytes(STAMP_BYTES + 6 * SESSION_BYTES),
        [tmp_path / "alice.pool", tmp_path / "bob.pool"],
    )
    for file in files:
        KeyPool.create(file, secret, file.stem).close()
    return files


def opened(paths):
    return [KeyPool.open(path) for path in paths]


def closed(pools):
    for pool in pools:
        pool.close()


def on_disk(path):
    return json.loads(path.read_text())["pool"]


def test_pools_go_on_where_they_were(paths, rng):
    def mute(message):
        if message.kind == "confirm":
            raise TimeoutError
        return message

    for tamper in (None, mute, lambda m: m):
        pools = opened(paths)
        before = [pool._to_dict() for pool in pools]
        alice, bob, _ = meet(rng, pools, tamper)
        assert bob.result.key is not None and (alice.result.alarm == "held") == (tamper is mute)
        assert [pool._to_dict() for pool in pools] != before
        closed(pools)
        assert [on_disk(path) for path in paths] == [pool._to_dict() for pool in pools]
    pools = opened(paths)
    assert_in_step(pools)
    assert len(keys_of(pools[0])) == 3 and pools[0].epsilon == alice.result.pool_epsilon
    assert_next_session_succeeds(rng, pools)
    pools[0].release(alice.result.session)
    closed(pools)
    assert len(on_disk(paths[0])["keys"]) == 3 and len(on_disk(paths[1])["keys"]) == 4


def test_the_offset_is_on_disk_before_bytes_are_used(paths):
    for path in paths:
        with KeyPool.open(path) as pool:
            pool.begin("a session", pool.stamps, 0, 1e-20)
            now = on_disk(path)
            assert now["used"] == SESSION_BYTES and now["epsilon"] == 1e-20
            assert list(now["verdicts"]) == (["a session"] if path.stem == "bob" else [])


def test_a_change_reaches_the_disk_before_the_old_content_is_gone(paths, monkeypatch):
    done, sync, replace = [], os.fsync, os.replace

    def fsync(descriptor):
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", lambda *names: done.append("replace") or replace(*names))
    with KeyPool.open(paths[0]) as pool:
        assert done == []
        pool.begin("a session", pool.stamps, 0, 0.0)
        assert done == ["file", "replace", "folder"]


def test_a_disk_that_is_full_gives_no_bytes_and_loses_nothing(paths, monkeypatch, rng):
    pools = opened(paths)
    meet(rng, pools)
    before = paths[0].read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RecordError, match=r"alice.pool: No space left on device; .*no key was used"):
        pools[0].begin("a session", pools[0].stamps, 0, 0.0)
    monkeypatch.undo()
    closed(pools)
    assert paths[0].read_bytes() == before
    pools = opened(paths)
    assert_next_session_succeeds(rng, pools)
    closed(pools)


def test_one_process_holds_a_pool(paths):
    with KeyPool.open(paths[0]):
        code = (
            f"from qnet_circuits.qkd.postprocessing.key_pool import KeyPool; KeyPool.open({str(paths[0])!r})"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.returncode == 1 and done.stderr.splitlines()[-1].endswith("used by one process at a time")
        with pytest.raises(HeldError, match=r"another process holds .*alice.pool"):
            KeyPool.open(paths[0])
    pool = KeyPool.open(paths[0])
    pool.close()
    with pytest.raises(RecordError, match="closed"):
        pool.begin("a session", pool.stamps, 0, 0.0)


def test_a_pool_is_its_owners_alone(paths, rng):
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in paths)
    pools = opened(paths)
    meet(rng, pools)
    closed(pools)
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in paths)
    for mode in (0o640, 0o604, 0o660):
        paths[0].chmod(mode)
        with pytest.raises(RecordError, match="others may read"):
            KeyPool.open(paths[0])


def test_what_is_no_pool_is_refused(paths, tmp_path):
    whole = paths[0].read_text()
    other = json.loads(whole)
    wrong = {
        "": "whole JSON",
        whole[:-3]: "whole JSON",
        whole[: len(whole) // 2]: "whole JSON",
        "[1, 2]": "is no pool",
        "{}": "is no pool",
        json.dumps({**other, "version": 2}): "version 2, and this library reads 1",
        json.dumps({**other, "pool": {**other["pool"], "used": 5}}): "edited",
        json.dumps({**other, "sha256": "0"}): "edited",
        json.dumps({**other, "pool": [1]}): "edited",
    }
    for content, message in wrong.items():
        paths[0].write_text(content)
        with pytest.raises(RecordError, match=message) as caught:
            KeyPool.open(paths[0])
        assert len(str(caught.value).splitlines()) == 1
    for path in (tmp_path, tmp_path / "none.pool"):
        with pytest.raises(RecordError, match="no such file"):
            KeyPool.open(path)
    paths[0].write_text(whole)
    KeyPool.open(paths[0]).close()


def test_new_pools_are_new_files_of_a_party(paths, rng, tmp_path):
    before = paths[0].read_bytes()
    with pytest.raises(RecordError, match="exists"):
        KeyPool.create(paths[0], rng.bytes(200), "alice")
    assert paths[0].read_bytes() == before
    with pytest.raises(ParameterError, match="owner"):
        KeyPool.create(tmp_path / "carol.pool", rng.bytes(200), "carol")
    with pytest.raises(ParameterError, match=r"32 bytes.*got 31"):
        KeyPool.create(tmp_path / "short.pool", rng.bytes(31), "alice")
    with pytest.raises(RecordError, match="cannot lock"):
        KeyPool.create(tmp_path / "no folder" / "a.pool", rng.bytes(200), "alice")
    with pytest.raises(ParameterError, match=r"alice's copy"), KeyPool.open(paths[0]) as pool:
        meet(rng, (two_pools(rng)[0], pool))


def test_what_a_killed_process_left_beside_a_pool_is_not_read(paths, rng):
    paths[0].with_name("alice.pool.new").write_text("half a")
    pools = opened(paths)
    assert_next_session_succeeds(rng, pools)
    closed(pools)


def test_a_restored_file_is_found(paths, tmp_path, rng):
    shutil.copy(paths[1], tmp_path / "backup")
    pools = opened(paths)
    meet(rng, pools)
    closed(pools)
    shutil.copy(tmp_path / "backup", paths[1])
    before = [path.read_bytes() for path in paths]
    pools = opened(paths)
    alice, bob, _ = meet(rng, pools)
    closed(pools)
    assert alice.result.alarm == bob.result.alarm == "copied"
    assert [path.read_bytes() for path in paths] == before


@pytest.mark.parametrize("last", ["sample", "confirm"])
def test_rounds_take_part_in_one_session(last, paths, rng):
    """A second key from the same bits would tell about the first; what a session that was cut revealed is paid for nowhere."""

    def cut(message):
        if message.kind == last:
            raise TimeoutError
        return message

    own = record(rng)
    pools = opened(paths)
    meet(rng, pools, cut, own=own)
    closed(pools)
    pools = opened(paths)
    alice, bob, messages = meet(rng, pools, own=own)
    assert alice.result.alarm == bob.result.alarm == "record"
    assert {message.kind for message in messages} <= {"hello", "ready", "detections", "abort"}
    assert_next_session_succeeds(rng, pools)
    closed(pools)


def test_records_that_differ_have_digests_that_differ():
    """What a round without a result holds is no part of a record."""
    bases, bits, seen = [0, 1, 0], [1, 0, 1], np.array([True, True, False])
    whole = PartyRecord(bases, bits, seen)
    assert PartyRecord(bases, [1, 0, 0], seen).digest == whole.digest
    others = PartyRecord(bases, [0, 0, 1], seen), PartyRecord(bases, bits), PartyRecord([0, 0, 0], bits, seen)
    assert len({whole.digest, *(other.digest for other in others)}) == 4
