import gc

import pytest

from qnet_circuits.backends.exact import collecting_later


@collecting_later()
def _fails():
    assert not gc.isenabled()
    raise ZeroDivisionError


def test_the_collector_is_back_after_an_error():
    with pytest.raises(ZeroDivisionError):
        _fails()
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    try:
        assert not collecting_later()(gc.isenabled)()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_calls_inside_one_another_switch_it_on_only_at_the_end():
    inner = collecting_later()(int)
    assert collecting_later()(lambda: (inner(), gc.isenabled())[1])() is False
    assert gc.isenabled()
