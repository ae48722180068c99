import math

import pytest

from qnet_circuits.errors import ParameterError
from qnet_circuits.qkd.postprocessing.authentication import (
    SESSION_BITS,
    check_tag,
    forgery_probability,
    make_tag,
)


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


def test_a_session_uses_two_tags_and_two_passwords():
    assert SESSION_BITS == 8 * (32 + 32 + 16 + 16)
