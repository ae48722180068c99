import re
from dataclasses import FrozenInstanceError

import pytest

from qnet_circuits.errors import ParameterError
from qnet_circuits.theory.noise_parameters import NoiseParameters


def test_default_is_ideal():
    assert NoiseParameters().ideal
    assert NoiseParameters(0, 0) == NoiseParameters()


@pytest.mark.parametrize("noise", [NoiseParameters(gate_error=0.01), NoiseParameters(readout_error=0.01)])
def test_any_noise_is_not_ideal(noise):
    assert not noise.ideal


def test_values_are_floats_and_the_repr_evaluates_back():
    noise = NoiseParameters(gate_error=1, readout_error=0.02)
    assert repr(noise) == "NoiseParameters(gate_error=1.0, readout_error=0.02)"
    assert eval(repr(noise)) == noise


def test_it_is_frozen():
    with pytest.raises(FrozenInstanceError):
        NoiseParameters().readout_error = 0.1


@pytest.mark.parametrize("name", ["gate_error", "readout_error"])
@pytest.mark.parametrize("value", [-0.01, 1.01, "much", None, float("nan"), True])
def test_bad_values_are_refused(name, value):
    with pytest.raises(ParameterError, match=rf"{name} .*\[0, 1\].* {re.escape(repr(value))}$"):
        NoiseParameters(**{name: value})
