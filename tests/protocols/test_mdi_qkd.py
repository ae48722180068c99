"""MDI-QKD reaches its error rates for any links and stations, and ends with a key or with the reason why not."""

import json

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.errors import ParameterError, UnknownNameError, UnsupportedError
from qnet_circuits.programs.protocol import Analysis
from qnet_circuits.qkd.postprocessing.finite_key import counts_chance, phase_cost
from qnet_circuits.qkd.postprocessing.settling import count_bits
from qnet_circuits.theory.estimate import proportion
from tests.protocols.distributions import LEVEL, analyzed, outcomes_of, reaches, root

IDEAL = qn.NoiseParameters()
#: Links of three kinds of errors; the station is the second node from the right.
UNEVEN = qn.Network.chain(
    3, [qn.Link(pauli=(0.85, 0.05, 0.03, 0.07)), qn.Link(pauli=(0.9, 0.02, 0.05, 0.03)), qn.Link(0.95)]
)


def exact(protocol):
    figures = qn.predict(protocol, "exact").figures
    return {name: estimate.value for name, estimate in figures.items() if name != "key_length"}


@pytest.mark.parametrize(
    "given",
    [
        {"bell": "optics"},
        {"cheater": "announce:0.3"},
        {"cheater": "measure", "bell": "optics"},
        {"cheater": "measure:0.4"},
        {"eve": "entangling-probe:0.1", "bell": "optics"},
        {"eve": "intercept-resend:1.0:z"},
    ],
    ids=str,
)
def test_theory_is_exact_over_uneven_links(given):
    protocol = qn.MdiQkd(network=UNEVEN, key_basis_probability=0.7, **given)
    theory = protocol.theory(IDEAL)
    assert exact(protocol) == pytest.approx({name: theory[name] for name in exact(protocol)}, abs=1e-9)


def test_error_rates_of_lying_stations():
    """Two Werner links make the errors of their product; a random announcement is right by half, and a look at Z spoils X."""
    left = (4 * 0.95 - 1) / 3
    link = (1 - left**2) / 2
    found = {
        kind: exact(qn.MdiQkd(link_fidelity=0.95, cheater=kind)) for kind in (None, "announce:0.2", "measure")
    }
    assert found[None] == pytest.approx(dict.fromkeys(("qber", "qber_z", "qber_x"), link), abs=1e-9)
    told = 0.8 * link + 0.1
    assert found["announce:0.2"] == pytest.approx(
        {"qber": told, "qber_z": told, "qber_x": told, "eve_guess": 0.5}, abs=1e-9
    )
    spoilt = {
        "qber": (link + 0.5) / 2,
        "qber_z": link,
        "qber_x": 0.5,
        "eve_guess": 0.5 + (1 + left) / 4 - 0.25,
    }
    assert found["measure"] == pytest.approx(spoilt, abs=1e-9)


def announcements(protocol, together):
    """Return the probabilities of the four results, averaged over settings that have the same label."""
    program, totals = protocol.program(np.random.default_rng(1)), {}
    settings = protocol.lines()[0]
    labels = [together(setting) for setting in settings]
    for setting, label in zip(settings, labels, strict=True):
        for k in range(4):
            share = qn.population(setting.name, [("out", 0), ("out", 1)], [f"{k:02b}"]) / labels.count(label)
            totals[f"{label}_{k}"] = totals.get(f"{label}_{k}", 0.0) + share
    figures = [qn.Figure(name, total) for name, total in totals.items()]
    found = qn.predict(qn.Program(program.items, figures, program.network), "exact").figures
    return [each.value for each in found.values()]


def test_the_results_alone_tell_no_bit():
    seen = announcements(qn.MdiQkd(link_fidelity=0.9), lambda one: f"{one.alice}{one.sent}_{one.bob}")
    assert seen == pytest.approx([0.25] * 32, abs=1e-9)


def test_a_random_announcement_depends_on_nothing():
    seen = announcements(qn.MdiQkd(cheater="announce"), lambda one: one.name)
    assert seen == pytest.approx([0.25] * 64, abs=1e-9)


def test_linear_optics_loses_half_of_the_rounds():
    done = analyzed(qn.MdiQkd(pulses=60_000, bell="optics", link_fidelity=0.99))
    ledger = done.more["ledger"]
    assert done.refused is None and len(done.secrets["secret_key"]) > 100
    assert done.secrets["secret_key"] == done.secrets["bob_key"]
    assert 0.5 in proportion(ledger["detected"], 60_000, LEVEL)
    assert reaches(done.figures["qber"], qn.MdiQkd(link_fidelity=0.99).theory(IDEAL)["qber"], 0.02)
    assert qn.MdiQkd(bell="optics").sifted_share == qn.MdiQkd().sifted_share / 2 == 0.25


def test_a_station_that_reports_nothing_leaves_nothing():
    protocol = qn.MdiQkd(pulses=2000, bell="optics")
    failed = {
        name: {**bits, "out": np.zeros_like(bits["out"])} for name, bits in outcomes_of(protocol).items()
    }
    done = protocol.analyze(failed, Analysis(LEVEL, root(), False))
    assert done.refused.startswith("lost") and done.secrets["secret_key"] is None


def test_bits_of_both_parties_are_on_record_and_paid_for():
    protocol = qn.MdiQkd(pulses=40_000)
    ledger = analyzed(protocol).more["ledger"]
    paid = {entry["cause"]: entry for entry in ledger["entries"]}
    k = paid["test bits"]["revealed"] // 2
    n = ledger["sifted"] - k
    assert paid["counts of bits"]["bits"] == 3 * count_bits(n)
    assert paid["phase errors"]["bits"] == pytest.approx(
        phase_cost(n, k, 0.05, 1e-10, counts_chance(40_000, 3)), abs=1e-6
    )
    assert qn.MdiQkd(cheater="measure:0.1").rules.public_counts == 6


@pytest.mark.parametrize(
    ("given", "wrong"), [({}, ""), ({"cheater": "measure"}, "x"), ({"cheater": "announce"}, "zx")]
)
def test_a_run_ends_in_a_key_or_in_the_reason(given, wrong, qnet):
    settings = [
        part for name, value in {"pulses": "30000", **given}.items() for part in ("--set", f"{name}={value}")
    ]
    status, out, _ = qnet("run", "mdi-qkd", *settings, "--level", "0.999999", "--json")
    plain = json.loads(out)
    for basis in "zx":
        figure = plain["figures"][f"qber_{basis}"]
        assert figure["low"] <= (0.5 if basis in wrong else 0.0) <= figure["high"]
    assert status == (1 if given else 0)
    if given:
        assert plain["aborted"].startswith("qber") and plain["figures"]["key_length"]["value"] == 0
    else:
        assert plain["aborted"] is None and plain["figures"]["key_length"]["value"] > 100


def test_a_station_that_seldom_looks_knows_little_and_is_paid_for():
    done = analyzed(qn.MdiQkd(cheater=qn.MeasuringStation(0.02)))
    assert done.refused is None and 0.01 in done.figures["qber_x"] and done.figures["qber_z"].value == 0
    assert 0.505 in done.figures["eve_guess"]


def test_bad_input():
    for wrong in (
        {"hops": 1},
        {"network": qn.Network.chain(1)},
        {"cheater": "measure:1.5"},
        {"cheater": "measure", "eve": "intercept-resend"},
        {"pulses": 0},
    ):
        with pytest.raises(ParameterError):
            qn.MdiQkd(**wrong)
    for unknown in ({"bell": "half"}, {"cheater": "source"}, {"eve": "measure"}):
        with pytest.raises(UnknownNameError):
            qn.MdiQkd(**unknown)
    with pytest.raises(UnsupportedError):
        qn.MdiQkd(eve="man-in-the-middle")
