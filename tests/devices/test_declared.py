"""What is declared beyond a calibration, and what it means on a device."""

import json
import math
from dataclasses import replace

import pytest

from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.devices.declared import Declared
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.devices.repaired import Usable
from qnet_circuits.errors import ParameterError, UnknownNameError
from tests.devices.calibrations import US, perfect

T1, T2 = 50 * US, 40 * US
BOTH = [frozenset((0, 1)), frozenset((1, 2))]


def declared(calibration=None, **noise):
    return Declared.of(DeviceNoise(**noise), Usable(calibration or perfect(3, T1, T2)))


def of_family(family):
    return replace(perfect(3, T1, T2), family=family)


# -- the description ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ({"zz": {"1-0": 5e4, (1, 2): -3}}, {"zz": {"0-1": 5e4, "1-2": -3.0}}),
        ({"charge_parity": {"2": 7e3, 0: 1}}, {"charge_parity": {"0": 1.0, "2": 7e3}}),
        ({"t2_star": {1: 2e-5}}, {"t2_star": {"1": 2e-5}}),
        ({"zz": -5e4, "charge_parity": "typical"}, {"zz": -5e4, "charge_parity": "typical"}),
        ({"zz": {}}, {"zz": {}}),
    ],
)
def test_a_description_has_a_plain_form_and_a_hash(given, plain):
    noise = DeviceNoise(**given)
    found = json.loads(json.dumps(noise.to_dict()))
    assert {name: found[name] for name in plain} == plain
    assert DeviceNoise.from_parameters(**found) == noise == replace(noise)
    assert hash(DeviceNoise.from_stored(found)) == hash(noise)


def test_a_run_that_was_stored_without_a_term_did_without():
    noise = DeviceNoise.from_stored({"gates": True, "feedforward_latency": 1e-6, "t2_star_fraction": 0.5})
    assert (noise.decision_latency, noise.zz, noise.charge_parity, noise.t2_star) == (0, 0, 0, None)
    assert (noise.feedforward_latency, noise.t2_star_fraction) == (1e-6, 0.5)


@pytest.mark.parametrize(
    "given",
    [
        {"zz": math.nan}, {"zz": 2e7}, {"zz": "strong"}, {"zz": None}, {"zz": {"0-1": math.nan}}, {"zz": {"0": 5e4}},
        {"zz": {"0-0": 5e4}}, {"zz": {"0-1": 5e4, (1, 0): 5e4}}, {"zz": {"a-b": 5e4}}, {"zz": {-1.5: 1}}, {"zz": [[0, 1, 5e4]]},
        {"zz": (0, 1)}, {"zz": {"0-1-2": 1}}, {"charge_parity": -1}, {"charge_parity": 2e6}, {"charge_parity": {"0-1": 5}},
        {"charge_parity": {0: -5}}, {"t2_star": 5e-5}, {"t2_star": {0: 0}}, {"t2_star": {0: None}}, {"t2_star": {0: 5.0}},
        {"zz": {"3_4-5": 1}}, {"zz": {(True, 2): 1}}, {"zz": {"٣-4": 1}}, {"charge_parity": {True: 5}},
        {"t2_star": "typical"}, {"decision_latency": -1e-9}, {"decision_latency": 2e-3},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(given):
    with pytest.raises(ParameterError, match=next(iter(given))):
        DeviceNoise(**given)


def test_a_source_that_does_not_exist_is_refused_in_a_stored_run_too():
    with pytest.raises(UnknownNameError):
        DeviceNoise.from_stored({"zy": 3})


# -- on a device ----------------------------------------------------------------------------------------------------


def test_a_number_is_every_couplings_and_a_mapping_names_those_that_have_one():
    assert declared(zz=-5e4).zz == dict.fromkeys(BOTH, -5e4)
    assert declared(zz={"1-2": 5e4, "0-1": 0}).zz == {BOTH[1]: 5e4}
    assert declared(charge_parity=7e3).charge_parity == dict.fromkeys(range(3), 7e3)
    assert declared(charge_parity={"1": 7e3}).charge_parity == {1: 7e3}


@pytest.mark.parametrize(
    ("family", "zz", "charge_parity"),
    [("Eagle r3", 66e3, 7.2e3), ("Falcon r5.11", 66e3, None), ("Heron r2", 3e3, None), ("Nighthawk r1", None, None),
     (None, None, None)],
)  # fmt: skip
def test_what_is_typical_is_so_of_a_family(family, zz, charge_parity):
    found = declared(of_family(family), zz="typical", charge_parity="typical")
    assert found.zz == (dict.fromkeys(BOTH, zz) if zz else {})
    assert found.charge_parity == (dict.fromkeys(range(3), charge_parity) if charge_parity else {})
    said = " ".join(found.notes())
    assert ("ZZ of" in said, "charge parity" in said) == (zz is not None, charge_parity is not None)


def test_stand_ins_have_a_family():
    for name, strength in (("fake_manila", 66e3), ("fake_kingston", 3e3), ("fake_sherbrooke", 66e3)):
        found = declared(fake_device(name).calibration, zz="typical")
        assert set(found.zz.values()) == {strength}


def test_t2_star_of_a_qubit_wins_over_the_fraction():
    found = declared(t2_star={"1": 20 * US, "2": 90 * US}, t2_star_fraction=0.75)
    for qubit, t2_star in ((0, 0.75 * T2), (1, 20 * US)):
        slow = found.slow(qubit)
        assert math.exp(-t2_star / T2 - (t2_star / slow) ** 2) == pytest.approx(1 / math.e)
    # T2* above T2 is no more than what T2 says.
    assert found.slow(2) == math.inf
    assert declared(t2_star={"1": 20 * US}).slow(0) == math.inf


def test_without_a_time_t2_the_slow_part_is_all_there_is():
    found = declared(perfect(3, None, None), t2_star={1: 20 * US}, t2_star_fraction=0.5)
    assert (found.slow(1), found.slow(0)) == (20 * US, math.inf)


@pytest.mark.parametrize(
    ("noise", "named"),
    [({"zz": {"0-2": 5e4}}, "0-2"), ({"zz": {"2-3": 5e4}}, "qubit 3"), ({"charge_parity": {"7": 1}}, "qubit 7"),
     ({"t2_star": {3: 1e-5}}, "qubit 3"), ({"t2_star": {0: 100.1 * US}}, "qubit 0 .*2 T1")],
)  # fmt: skip
def test_what_a_device_does_not_have_is_refused(noise, named):
    with pytest.raises(ParameterError, match=named):
        declared(**noise)
    with pytest.raises(ParameterError, match=named):
        declared(idle=False, **noise)


TERMS = {"zz": 5e4, "charge_parity": 7e3, "t2_star_fraction": 0.75}


def test_a_term_acts_and_is_named_if_somebody_waits_with_it():
    for term in ("zz", "charge_parity", "t2_star"):
        assert not declared(zz=0.0, charge_parity=0.0).acts(term) and declared(**TERMS).acts(term)
        assert not declared(idle=False, **TERMS).acts(term)
    assert len(declared(**TERMS, t2_star={0: T2 / 2}, measurement_dephasing=0.1).notes()) == 5
    assert declared(idle=False, measurement_dephasing=0.1, **TERMS).notes() == ()
    many = declared(perfect(20), charge_parity={qubit: 7e3 for qubit in range(20)}).notes()
    assert len(many) == 1 and "14 more" in many[0]
