"""BB84 with a laser: photons that arrive, labels of all pulses, a key by decoy states, and photons that are split."""

import json
from math import exp

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.errors import ParameterError, QnetError, UnsupportedError
from qnet_circuits.programs.protocol import Analysis
from qnet_circuits.protocols.bb84 import BB84
from qnet_circuits.protocols.bbm92 import BBM92
from qnet_circuits.protocols.six_state import SixState
from qnet_circuits.qkd.distilling import played
from qnet_circuits.theory.estimate import proportion
from tests.protocols.distributions import LEVEL, analyzed, outcomes_of, reaches, root
from tests.qkd.test_expecting import lengths_of_counts

NOISE = qn.NoiseParameters()
#: Pulses whose photons can all be split without fewer clicks, and enough of them for a key.
STRONG = {
    "decoy": True, "pulses": 600_000, "key_basis_probability": 0.6, "intensities": (1.3, 0.3, 2e-4),
    "intensity_probabilities": (0.3, 0.4, 0.3), "detector_efficiency": 0.28,
}  # fmt: skip
DARK = {"decoy": True, "dark_counts": 0.05, "intensities": (0.8, 0.3, 0.1), "detector_efficiency": 0.5}
LINES = {
    "plain": {"decoy": True},
    "far": {"decoy": True, "length_km": 80, "link_fidelity": 0.97},
    "dark": {**DARK, "hops": 2, "link_fidelity": 0.95},
    "biased": {**DARK, "key_basis_probability": 0.8},
    "intercepted": {**DARK, "eve": "intercept-resend:0.3"},
    "probed": {**DARK, "eve": "entangling-probe:0.1"},
    "split": {**DARK, "eve": "photon-splitting", "link_fidelity": 0.95},
    "all split": {**STRONG, "eve": "photon-splitting"},
}


@pytest.fixture(scope="module")
def honest():
    return analyzed(BB84(**STRONG))


@pytest.fixture(scope="module")
def split():
    return analyzed(BB84(**STRONG, eve="photon-splitting"))


# -- theory ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", LINES)
def test_what_engines_compute_is_the_theory(line):
    protocol = BB84(**LINES[line])
    theory, exact = protocol.theory(NOISE), qn.predict(protocol)
    assert {"qber", "qber_z", "qber_x"} <= set(exact.figures)
    for name, estimate in exact.figures.items():
        if name == "key_length":
            continue
        assert estimate.value == pytest.approx(theory[name], abs=1e-12), name


@pytest.mark.parametrize("line", ["dark", "biased", "intercepted", "probed", "split"])
def test_what_is_counted_reaches_the_theory(line):
    protocol = BB84(**LINES[line], pulses=150_000)
    figures, theory = analyzed(protocol).figures, protocol.theory(NOISE)
    names = {"qber", "qber_z", "qber_x", *(f"{what}_mu{k}" for what in ("gain", "qber") for k in (1, 2, 3))}
    for name in names | ({"eve_guess"} if protocol.eve else set()):
        assert reaches(figures[name], theory[name], 0.2), name


def test_gains_are_those_of_threshold_detectors():
    theory = BB84(**DARK, length_km=10).theory(NOISE)
    seen = 0.5 * 10**-0.2
    for k, intensity in enumerate((0.8, 0.3, 0.1), 1):
        arrives = 1 - exp(-seen * intensity)
        assert theory[f"gain_mu{k}"] == pytest.approx(1 - 0.9 * (1 - arrives))
        assert theory[f"qber_mu{k}"] == pytest.approx(0.05 / theory[f"gain_mu{k}"])


@pytest.mark.parametrize("efficiency", [0.05, 0.28, 0.6, 1.0])
def test_who_splits_photons_keeps_the_number_of_clicks(efficiency):
    given = {**STRONG, "detector_efficiency": efficiency}
    gains = [
        sum(p * theory[f"gain_mu{k}"] for k, p in enumerate(STRONG["intensity_probabilities"], 1))
        for theory in (BB84(**given, eve=eve).theory(NOISE) for eve in (None, "photon-splitting"))
    ]
    assert gains[0] == pytest.approx(gains[1], rel=1e-9)
    assert BB84(**given, eve="photon-splitting").theory(NOISE)["qber"] < 1e-4


def test_she_knows_all_if_the_loss_hides_the_single_photons():
    known = [
        BB84(**{**STRONG, "detector_efficiency": efficiency}, eve="photon-splitting").theory(NOISE)[
            "eve_information"
        ]
        for efficiency in (0.05, 0.28, 0.6, 1.0)
    ]
    assert known[0] == pytest.approx(known[1], abs=1e-4) == pytest.approx(1, abs=1e-4)
    assert known[1] > known[2] > known[3] > 0.3


# -- labels ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["dark", "split"])
def test_labels_are_distributed_as_photons_are(line):
    """Each intensity with each photon number: how many there are, and how many of them were seen."""
    protocol = BB84(**LINES[line], pulses=150_000)
    (rounds,) = played(protocol, outcomes_of(protocol), Analysis(LEVEL, root(), False))
    seen = 0.5 if line == "dark" else None
    for k, (intensity, share) in enumerate(zip((0.8, 0.3, 0.1), (0.6, 0.3, 0.1), strict=True)):
        level = rounds.alice.intensities == k
        assert reaches(proportion(int(level.sum()), 150_000, LEVEL), share, 0.02)
        one = intensity * exp(-intensity)
        for n, often in enumerate((exp(-intensity), one, 1 - exp(-intensity) - one)):
            rows = level & (rounds.photons == n)
            assert reaches(proportion(int(rows.sum()), int(level.sum()), LEVEL), often, 0.1)
            clicks = proportion(int((rows & rounds.bob.seen).sum()), int(rows.sum()), LEVEL)
            if n == 0:
                assert reaches(clicks, 0.1, 0.05)
            elif n == 1 and seen:
                assert reaches(clicks, 0.1 + 0.9 * seen, 0.15)


def test_bits_after_dark_counts_are_random_and_in_all_bases():
    protocol = BB84(
        decoy=True, pulses=100_000, dark_counts=0.2, detector_efficiency=1e-6, key_basis_probability=0.7
    )
    (rounds,) = played(protocol, outcomes_of(protocol), Analysis(LEVEL, root(), False))
    seen = rounds.bob.seen
    assert reaches(proportion(int(seen.sum()), 100_000, LEVEL), 0.4, 0.02)
    for record in (rounds.alice, rounds.bob):
        assert reaches(proportion(int((record.bases[seen] == 0).sum()), int(seen.sum()), LEVEL), 0.7, 0.03)
        assert reaches(proportion(int(record.bits[seen].sum()), int(seen.sum()), LEVEL), 0.5, 0.03)
    assert reaches(proportion(int(rounds.wrong[seen].sum()), int(seen.sum()), LEVEL), 0.5, 0.03)
    assert np.isin(rounds.photons, (0, 1, 2)).all()


def test_only_photons_that_arrive_are_run(rng):
    protocol = BB84(decoy=True, pulses=1_000_000)
    items = protocol.program(rng).items
    assert len(items) == 8
    share = sum(setting.probability for setting in protocol.lines()[0])
    assert share == pytest.approx(0.6 * (1 - exp(-0.045)) + 0.3 * (1 - exp(-0.02)) + 0.1 * (1 - exp(-2e-5)))
    assert reaches(proportion(sum(item.shots for item in items), 1_000_000, LEVEL), share, 0.002)


def test_the_second_photon_stays_with_her(rng):
    program = BB84(**STRONG, eve="photon-splitting").program(rng)
    circuits = {item.name: item.circuit for item in program.items}
    assert len(circuits) == 8 and all("split" in name for name in circuits)
    (sizes,) = {tuple((r.name, r.size) for r in circuit.qregs) for circuit in circuits.values()}
    assert sizes == (("alice", 2), ("eve", 2), ("bob", 1))
    weak = BB84(**{**STRONG, "detector_efficiency": 0.9}, eve="photon-splitting").program(rng)
    assert len(weak.items) == 16  # those that she lets pass, too


def test_a_table_shows_the_labels():
    rounds = qn.run(BB84(decoy=True, pulses=3000, detector_efficiency=1.0), seed=1).rounds()
    assert {row["photons"] for row in rounds} == {"0", "1", "2+"}
    assert {row["intensity"] for row in rounds} == {1, 2, 3}
    assert any(row["use"] == "lost" for row in rounds)
    assert "photons" not in qn.run(BB84(pulses=10), seed=1).rounds()[0]


# -- a key, and none ------------------------------------------------------------------------------------------------


def test_an_honest_line_gives_a_key(honest):
    assert honest.refused is None and honest.secrets["secret_key"] == honest.secrets["bob_key"]
    assert len(honest.secrets["secret_key"]) > 500
    true, bound = honest.figures["single_photons"].value, honest.figures["single_photon_bound"].value
    assert 0.1 * true < bound < true
    ledger = {entry["cause"]: entry["bits"] for entry in honest.more["ledger"]["entries"]}
    key_bits = honest.more["ledger"]["sifted"] - ledger["test bits"]
    assert ledger["several photons"] == pytest.approx(key_bits - bound, abs=1)
    assert honest.more["ledger"]["pulses"] == 600_000
    assert any("drawn at random" in note for note in honest.notes)


@pytest.mark.parametrize("line", ["dark", "split"])
def test_the_true_number_of_single_photons_is_that_of_the_source(line):
    protocol = BB84(**LINES[line], pulses=150_000)
    found = int(analyzed(protocol).figures["single_photons"].value)
    expected = protocol.theory(NOISE)["single_photons"] / 150_000
    assert reaches(proportion(found, 150_000, LEVEL), expected, 0.02)


def test_a_run_has_a_key_about_as_long_as_expected(honest, rng):
    protocol = BB84(**STRONG)
    wide = 4.9 * np.std(lengths_of_counts(protocol, 400, rng))
    expected = qn.predict(protocol).key_length.value
    assert abs(honest.figures["key_length"].value - expected) < wide < expected


def test_the_bound_is_near_that_of_mean_counts(honest):
    """Over twelve seeds the bound has a standard deviation of 190."""
    theory = BB84(**STRONG).theory(NOISE)
    assert honest.figures["single_photon_bound"].value == pytest.approx(
        theory["single_photon_bound"], abs=1000
    )
    assert theory["single_photon_bound"] < theory["single_photons"]
    assert BB84(**STRONG, eve="photon-splitting").theory(NOISE)["single_photon_bound"] == 0


def test_who_splits_photons_knows_the_bits_and_decoys_tell(split, honest):
    assert split.refused.startswith("decoys") and split.secrets["secret_key"] is None
    figures = split.figures
    assert figures["qber"].value < 1e-4 and figures["eve_guess"].value > 0.999
    assert figures["single_photons"].value == figures["single_photon_bound"].value == 0
    clicks = [done.more["ledger"]["detected"] for done in (split, honest)]
    assert clicks[0] == pytest.approx(clicks[1], rel=0.05)
    assert figures["gain_mu2"].high < honest.figures["gain_mu2"].low


def test_the_same_root_gives_the_same_key_and_labels():
    protocol = BB84(**STRONG)
    outcomes = outcomes_of(protocol)
    first, second = (protocol.analyze(outcomes, Analysis(LEVEL, root(), False)) for _ in range(2))
    assert first.secrets["secret_key"] == second.secrets["secret_key"]
    assert dict(first.figures) == dict(second.figures)


def test_an_eavesdropper_who_measures_is_found_by_the_errors():
    assert analyzed(BB84(decoy=True, pulses=100_000, eve="intercept-resend")).refused.startswith("qber")


def test_a_run_at_the_command_line_ends_in_a_reason(qnet):
    status, out, _ = qnet(
        "run", "bb84", "--set", "decoy=true", "--set", "pulses=20000", "--set", "intensities=[0.5, 0.1, 0]", "--json"
    )  # fmt: skip
    made = json.loads(out)
    assert status == 1 and made["aborted"].startswith("decoys")
    assert made["theory"]["gain_mu1"] == pytest.approx(0.0488, abs=1e-4)


# -- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("given", "error", "says"), [
    ({"decoy": 1}, ParameterError, "decoy"),
    ({"length_km": 10}, ParameterError, "decoy=True"),
    ({"intensities": (0.4, 0.2, 0.0), "dark_counts": 0.1}, ParameterError, "intensities, dark_counts"),
    ({"decoy": True, "intensities": (0.1, 0.2, 0.0)}, ParameterError, "intensities"),
    ({"decoy": True, "intensity_probabilities": (1.0, 0.0, 0.0)}, ParameterError, "probabilities"),
    ({"decoy": True, "dark_counts": 0.6}, ParameterError, "dark_counts"),
    ({"decoy": True, "length_km": -1}, ParameterError, "length_km"),
    ({"decoy": True, "length_km": 5000}, ParameterError, "no photon arrives"),
    ({"decoy": True, "detector_efficiency": 0}, ParameterError, "no photon arrives"),
    ({"decoy": True, "detector_efficiency": "high"}, ParameterError, "detector_efficiency"),
    ({"eve": "photon-splitting"}, UnsupportedError, "decoy=True"),
    ({"decoy": True, "eve": "man-in-the-middle"}, UnsupportedError, "man in the middle"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused(given, error, says):
    with pytest.raises(error, match=says):
        BB84(**given)


@pytest.mark.parametrize("make", [SixState, BBM92])
def test_only_pulses_with_several_photons_can_be_split(make):
    with pytest.raises(QnetError, match="single photon"):
        make(eve="photon-splitting")


def test_parameters_go_through_text_and_json():
    protocol = BB84(decoy=True, intensities=[0.5, 0.1, 0.0], length_km=20, eve="photon-splitting")
    assert protocol.pulses == 10_000_000 and BB84().pulses == 100_000
    assert BB84.from_parameters(**json.loads(json.dumps(protocol.parameters))) == protocol
    assert "length_km" not in BB84().parameters
