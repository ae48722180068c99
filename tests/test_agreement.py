"""Exact and sampled figures agree on every protocol in every mode, and feed-forward latency costs what it must."""

import itertools

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.backends.ibm.stand_ins import fake_device, fake_device_names
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.errors import UnsupportedError
from qnet_circuits.protocols.bb84 import BB84
from qnet_circuits.protocols.bbm92 import BBM92
from qnet_circuits.protocols.e91 import E91
from qnet_circuits.protocols.six_state import SixState
from qnet_circuits.testing import applicable_modes
from tests.support.programs import own_protocols

LEVEL = 1 - 1e-6
SMALL = [
    qn.Teleportation(link_fidelity=0.95),
    qn.SuperdenseCoding(link_fidelity=0.95),
    qn.EntanglementSwapping(link_fidelity=0.95),
    qn.RepeaterChain(hops=3, link_fidelity=0.95),
    qn.Distillation(link_fidelity=0.95),
    qn.TeleportedCnot(),
    qn.LongRangeCnot(),
    qn.Ghz(),
    qn.Ghz(method="parity-scan"),
    qn.WState(parties=2, method="collective"),
    qn.LeaderElection(parties=2, cheater="claim"),
    qn.GraphState(graph="line:2", method="edges"),
    qn.GhzVerification(parties=2, cheater="liar"),
    qn.Chsh(hops=2, link_fidelity=0.95),
    qn.Voting(link_fidelity=0.95),
    qn.AnonymousTransmission(link_fidelity=0.95),
    qn.Sensing(dephasing=0.02, link_fidelity=0.95),
    qn.GhzGame(cheater="classical"),  # the circuits of the entangled players are those of ghz
    qn.MagicSquare(cheater="classical"),
    qn.CertifiedRandomness(link_fidelity=0.95),
    BB84(pulses=6000, eve="intercept-resend:0.5"),
    SixState(pulses=6000, eve="entangling-probe:0.1"),
    qn.MdiQkd(pulses=6000, bell="optics", cheater="measure"),
    BBM92(pairs=2400, hops=2, eve="intercept-resend:0.5:x"),
    E91(pairs=4800),
    qn.CoinFlip(cheater="alice", link_fidelity=0.95),
    qn.QuantumMoney(cheater="measure", link_fidelity=0.95),
    qn.LinkBenchmark(edges=((0, 1), (2, 3), (3, 4)), link_fidelity=0.95),
    qn.LinkBenchmark(edges=((0, 1), (1, 2), (2, 3)), kind="swap"),
    qn.DistillationMap(edges=((0, 1), (1, 2), (2, 3)), link_fidelity=0.95),
    qn.EncodedLink(code="repetition-3", link_fidelity=0.95),
    qn.SwapTransport(hops=2, link_fidelity=0.95),
    qn.StateTomography(link_fidelity=0.95),
    qn.ProcessTomography(link_fidelity=0.95),
    qn.QuantumRepeater(length_km=40.0, rounds=500),
    qn.NetworkRequests(rounds=100),
    qn.ConferenceKey(parties=2, rounds=2400, cheater="source"),
    qn.SecretSharing(link_fidelity=0.95),
    qn.CircuitOverNodes("ghz:2", link_fidelity=0.95),
    qn.BlindComputing(graph="line:2", angles=(2,), circuits=1, link_fidelity=0.95),
]
#: Post-selection keeps one shot in 512 of these.
RARE = (qn.AnonymousTransmission,)
LARGE = [
    qn.Teleportation(state=(0.7, 0.4), hops=3),
    qn.RepeaterChain(hops=8),
    qn.TeleportedCnot(hops=2, link_fidelity=0.9),
    qn.LongRangeCnot(hops=3, link_fidelity=0.9),
    qn.Ghz(parties=4, topology="chain", link_fidelity=0.9),
    qn.Ghz(parties=4),
    qn.Chsh(hops=5),
]
#: The strongest noise that the description has, besides the default.
EVERYTHING = DeviceNoise(
    zz=1e5,
    charge_parity=2e4,
    t2_star_fraction=0.5,
    measurement_dephasing=0.05,
    feedforward_latency=5e-6,
    decision_latency=1e-6,
)


def modes(protocol):
    """Return the modes of a protocol: computed for each, they would take every worker seconds before it begins."""
    every = ("frame", "feedforward", "postselect", "coherent", "none")
    return every[1:] if getattr(protocol, "method", "") == "parity-scan" else every


def cases(protocols):
    return [pytest.param(p, mode, id=f"{p.id}-{mode}") for p in protocols for mode in modes(p)]


def check(protocol, mode, device, shots, **options):
    program = protocol.program(np.random.default_rng(0))
    if any(item.shots for item in program):
        shots = None
    try:
        result = qn.run(
            protocol,
            f"aer:{device}",
            corrections=mode,
            shots=shots,
            seed=11,
            level=LEVEL,
            predict=True,
            **options,
        )
    except UnsupportedError as error:
        if mode != "coherent" or "one hop" not in str(error):
            raise
        return
    # A ratio has no value if its denominator may be 0.
    ratios = {figure.name for figure in program.figures if isinstance(figure.expression, qn.Ratio)}
    names = set(result.figures)
    # A protocol's own analysis may add figures that no engine computes.
    own = type(protocol).analyze is not qn.Protocol.analyze
    predicted = set(result.predicted) - (ratios - names)
    assert predicted <= names if own else predicted == names
    for name in predicted:
        estimate, exact = result[name], result.predicted[name]
        assert estimate.low - 1e-9 <= exact <= estimate.high + 1e-9, f"{name}: {exact} is not in {estimate}"


def test_every_registered_protocol_is_tried():
    tried = {type(protocol).name for protocol in SMALL}
    assert tried >= own_protocols()
    assert {mode for protocol in SMALL for mode in modes(protocol)} == {
        "frame", "feedforward", "postselect", "coherent", "none",
    }  # fmt: skip
    for protocol in SMALL:
        assert modes(protocol) == applicable_modes(protocol.program(np.random.default_rng(0)))


@pytest.mark.usefixtures("any_place")
@pytest.mark.one_in(4)
@pytest.mark.parametrize(("protocol", "mode"), cases(SMALL))
def test_exact_and_sampled_figures_agree(protocol, mode):
    rare = mode == "postselect" and isinstance(protocol, RARE)
    check(protocol, mode, "fake_kingston", 6000 if rare else 600)


@pytest.mark.usefixtures("any_place")
@pytest.mark.one_in(2)
@pytest.mark.parametrize("protocol", [pytest.param(each, id=each.id) for each in SMALL])
def test_exact_and_sampled_figures_agree_with_every_term_on(protocol):
    # In this mode most qubits wait.
    check(protocol, "feedforward", "fake_kingston", 200, noise=EVERYTHING)


@pytest.mark.slow
@pytest.mark.parametrize("device", ["fake_torino", "fake_sherbrooke"])
@pytest.mark.parametrize(("protocol", "mode"), cases([*SMALL, *LARGE]))
def test_exact_and_sampled_figures_agree_on_more_devices_and_shots(protocol, mode, device):
    check(protocol, mode, device, 6000)
    check(protocol, mode, device, 2000, noise=EVERYTHING, decoupling=True)


def test_the_agreement_is_sharp_enough_to_see_one_source_of_noise():
    """Samples without readout errors are no samples of the whole noise."""
    chain = qn.RepeaterChain(hops=3)
    whole = qn.predict(chain, "fake_kingston").fidelity.value
    part = qn.run(chain, "aer:fake_kingston", noise={"readout": False}, shots=5000, seed=1, level=LEVEL)
    assert whole not in part.fidelity and part.predicted["fidelity"] in part.fidelity


# -- latency -----------------------------------------------------------------------------------------------------------

LATENCIES = (0.0, 0.5e-6, 1e-6, 2e-6, 5e-6)


def dynamic_devices():
    """Return all stand-ins that decide in real time and are wide enough."""
    names = []
    for name in fake_device_names():
        device = fake_device(name)
        if device.num_qubits >= 3 and device.dynamic:
            names.append(name)
    return names


def fidelities(device, mode, layout):
    # A longer wait may undo how far neighbours have turned one another; what relaxation takes is gone.
    noise = [{"feedforward_latency": latency, "zz": 0.0} for latency in LATENCIES]
    return [
        qn.predict(qn.Teleportation(), device, corrections=mode, noise=each, layout=layout).fidelity.value
        for each in noise
    ]


SOME = ("fake_kingston", "fake_torino", "fake_boston", "fake_manila", "fake_sherbrooke", "fake_peekskill")


def check_latency(device):
    layout = qn.compile(qn.Teleportation(), f"aer:{device}").layout[0]
    found = fidelities(device, "feedforward", layout)
    assert all(later < earlier for earlier, later in itertools.pairwise(found)), found
    frame = fidelities(device, "frame", layout)
    assert max(frame) - min(frame) < 1e-12
    # Even without latency a correction in time waits for the measurement, which one in software does not.
    assert found[0] < frame[0]


@pytest.mark.usefixtures("any_place")
@pytest.mark.parametrize("device", SOME)
def test_teleportation_loses_fidelity_with_latency_and_not_in_software(device):
    check_latency(device)


@pytest.mark.slow
def test_teleportation_loses_fidelity_with_latency_on_every_device_that_decides():
    names = dynamic_devices()
    assert len(names) > 20
    for name in names:
        if name != "fake_kyoto":  # All its two-qubit gates are failed calibrations: nothing is left to lose.
            check_latency(name)


def test_on_a_device_of_failed_calibrations_latency_has_nothing_to_take():
    assert fidelities("fake_kyoto", "feedforward", [0, 1, 2]) == pytest.approx([0.5] * len(LATENCIES))


@pytest.mark.usefixtures("any_place")
def test_latency_costs_sampled_fidelity_too():
    exact, sampled = [], []
    for latency in (0.0, 1e-4):
        result = qn.run(
            qn.Teleportation(), "aer:fake_kingston", corrections="feedforward", shots=1500, seed=2, level=LEVEL,
            noise={"feedforward_latency": latency},
        )  # fmt: skip
        exact.append(result.predicted["fidelity"])
        sampled.append(result.fidelity)
        assert exact[-1] in sampled[-1]
    assert sampled[1].high < sampled[0].low
