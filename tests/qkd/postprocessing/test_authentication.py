import math
import pickle

import pytest

from qnet_circuits.errors import ParameterError
from qnet_circuits.qkd.postprocessing.authentication import (
    SESSION_BITS,
    KeyPool,
    check_tag,
    forgery_probability,
    make_tag,
)
from qnet_circuits.qkd.postprocessing.refusals import Refusal

from .records import held


def test_vector_of_rfc_8439():
    key = bytes.fromhex("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b")
    message = b"Cryptographic Forum Research Group"
    tag = bytes.fromhex("a8061dc1305136c6c22b8baf0c0127a9")
    assert make_tag(key, message) == tag and check_tag(key, message, tag)


def test_every_flipped_bit_is_seen():
    key, message = bytes(range(32)), b"who says what"
    tag = make_tag(key, message)
    for at in range(8 * len(tag)):
        forged = bytearray(tag)
        forged[at // 8] ^= 1 << at % 8
        assert not check_tag(key, message, bytes(forged))
    for at in range(8 * len(message)):
        changed = bytearray(message)
        changed[at // 8] ^= 1 << at % 8
        assert not check_tag(key, bytes(changed), tag)
    assert not check_tag(key, message, tag[:-1]) and not check_tag(key, message, b"")
    with pytest.raises(ParameterError, match=r"32 bytes.* 31$"):
        make_tag(key[:31], message)


def test_tags_are_compared_in_constant_time(monkeypatch):
    compared = []
    monkeypatch.setattr("hmac.compare_digest", lambda a, b: compared.append(1) or a == b)
    assert check_tag(bytes(range(32)), b"", make_tag(bytes(range(32)), b"")) and compared == [1]


@pytest.mark.parametrize(("length", "bits"), [(1000, -97.0), (1_000_000, -87.1), (10_000_000, -83.7)])
def test_forgery_probability(length, bits):
    assert math.log2(forgery_probability(length)) == pytest.approx(bits, abs=0.06)
    assert forgery_probability(0) > 0


def test_no_byte_of_a_pool_serves_twice():
    pool = KeyPool(bytes(range(100)))
    assert pool.take(32) == (0, bytes(range(32)))
    assert pool.take(32) == (32, bytes(range(32, 64)))
    with pytest.raises(Refusal, match=r"^authentication: .*byte 0 "):
        pool.take(32, 0)
    with pytest.raises(Refusal, match=r"^authentication: .*byte 63"):
        pool.take(2, 63)
    with pytest.raises(Refusal, match=r"^pool: 40 bytes"):
        pool.take(40)
    assert pool.take(10, 80) == (80, bytes(range(80, 90)))  # what is skipped is lost
    assert pool.used == 90 and pool.left == 10
    assert held(pool) == bytes(90) + bytes(range(90, 100))


def test_pools_grow_at_the_end():
    pool = KeyPool(bytes(4))
    pool.deposit(b"abcd")
    pool.deposit(b"wxyz")
    pool.withdraw(4)
    assert pool.take(4, 4) == (4, b"abcd") and pool.left == 0
    with pytest.raises(ParameterError, match=r"bytes .*\d+ "):
        pool.withdraw(1)


def test_pools_show_and_copy_nothing():
    pool = KeyPool(b"a secret that must stay one......")
    assert repr(pool) == str(pool) == "<KeyPool: 33 bytes left, 0 used>"
    with pytest.raises(TypeError, match="pool"):
        pickle.dumps(pool)
    with pytest.raises(ParameterError, match=r"bytes.*str$"):
        KeyPool("text")
    assert SESSION_BITS == 512
