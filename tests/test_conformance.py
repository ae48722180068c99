"""Every protocol and every backend passes the public battery."""

from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import pytest

import qnet_circuits as qn
from qnet_circuits.backends.aer import AerBackend
from qnet_circuits.backends.registry import backend_of
from qnet_circuits.protocols.bb84 import BB84
from qnet_circuits.protocols.bbm92 import BBM92
from qnet_circuits.protocols.e91 import E91
from qnet_circuits.protocols.repeater_chain import bell_program
from qnet_circuits.protocols.six_state import SixState
from qnet_circuits.qkd import eavesdroppers
from qnet_circuits.testing import check_backend, check_protocol
from tests.support.programs import own_protocols

NOISY = {"link_fidelity": 0.9}
CASES = [
    qn.Teleportation(),
    qn.Teleportation(hops=2, **NOISY),
    qn.Teleportation(state="+i", hops=3),
    qn.Teleportation(state=(0.7, 0.4), **NOISY),
    qn.SuperdenseCoding(),
    qn.SuperdenseCoding(**NOISY),
    qn.EntanglementSwapping(),
    qn.EntanglementSwapping(**NOISY),
    qn.RepeaterChain(hops=1),
    qn.RepeaterChain(hops=4, **NOISY),
    qn.RepeaterChain(network=qn.Network.chain(2, [qn.Link(0.95), qn.Link(pauli=(0.9, 0, 0, 0.1))])),
    qn.TeleportedCnot(),
    qn.TeleportedCnot(hops=2, **NOISY),
    qn.LongRangeCnot(),
    qn.LongRangeCnot(hops=2, **NOISY),
    qn.Ghz(),
    qn.Ghz(**NOISY),
    qn.Ghz(parties=4, topology="chain", **NOISY),
    qn.Ghz(method="parity-scan"),
    qn.GhzVerification(parties=2, **NOISY),
    qn.GhzVerification(parties=2, cheater="w"),
    qn.GhzVerification(parties=2, cheater="plus", **NOISY),
    qn.GhzVerification(parties=2, cheater="mixed"),
    qn.GhzVerification(cheater="liar", **NOISY),
    qn.GraphState(graph="line:3", **NOISY),
    qn.GraphState(graph="a-b,b-c,c-a", method="edges"),
    qn.LeaderElection(parties=2, **NOISY),
    qn.LeaderElection(cheater="claim:2"),
    qn.WState(parties=2),
    qn.WState(method="collective", **NOISY),
    qn.Chsh(),
    qn.Chsh(hops=3, **NOISY),
    qn.GhzGame(),
    qn.GhzGame(**NOISY),
    qn.GhzGame(cheater="classical"),
    qn.MagicSquare(),
    qn.MagicSquare(**NOISY),
    qn.MagicSquare(cheater="classical"),
    qn.CertifiedRandomness(hops=2, **NOISY),
    qn.CertifiedRandomness(cheater="classical"),
    BB84(pulses=10_000),
    BB84(pulses=10_000, hops=2, eve="intercept-resend:0.4", **NOISY),
    BB84(pulses=10_000, eve="man-in-the-middle", **NOISY),
    SixState(pulses=10_000, eve="entangling-probe:0.1"),
    qn.MdiQkd(pulses=10_000, hops=3, cheater="announce", **NOISY),
    qn.MdiQkd(pulses=10_000, bell="optics", eve="intercept-resend:1.0:z"),
    BBM92(pairs=10_000, hops=2, eve="intercept-resend:0.5:z", **NOISY),
    E91(pairs=10_000, hops=2, **NOISY),
    qn.Voting(cheater=qn.DisruptingVoter(2), **NOISY),
    qn.Voting(votes=(0, 1, 0), scheme="veto", rounds=3),
    qn.CoinFlip(),
    qn.CoinFlip(scheme="qutrit", hops=2, **NOISY),
    qn.CoinFlip(scheme="qutrit", cheater="alice:1", **NOISY),
    qn.CoinFlip(cheater="bob", **NOISY),
    qn.AnonymousTransmission(scheme="w", cheater=qn.CuriousParty()),
    qn.QuantumMoney(hops=2, **NOISY),
    qn.QuantumMoney(cheater="cloner", **NOISY),
    qn.QuantumMoney(cheater="measure:breidbart", length=3),
    qn.Sensing(phase=0.3, **NOISY),
    qn.LinkBenchmark(edges=((0, 1), (1, 2), (2, 3))),
    qn.LinkBenchmark(edges=((0, 1), (2, 3)), **NOISY),
    qn.LinkBenchmark(edges=((0, 1), (1, 2), (2, 3), (5, 6), (6, 7), (7, 8)), kind="swap", **NOISY),
    qn.Distillation(),
    qn.Distillation(scheme="double-selection", **NOISY),
    qn.Distillation(hops=2, scheme="2-to-1", **NOISY),
    qn.DistillationMap(edges=((0, 1), (1, 2), (2, 3))),
    qn.EncodedLink(**NOISY),
    qn.QuantumRepeater(length_km=20, memory_t2=1e-3, memory_t1=2e-3, source_fidelity=0.97, rounds=1000),
    qn.QuantumRepeater(length_km=20, stations=2, memory_t2=1e-3, storage="frames", rounds=1000),
    qn.QuantumRepeater(length_km=20, memory_t2=1e-3, storage="delays", rounds=1000, circuits=2),
    qn.SwapTransport(),
    qn.SwapTransport(hops=2, **NOISY),
    qn.SwapTransport(task="chsh", **NOISY),
    qn.SwapTransport(task="state", state=(0.7, 0.4), **NOISY),
    qn.StateTomography(**NOISY),
    qn.ProcessTomography(**NOISY),
    qn.BlindComputing(angles=(2, 1), circuits=1),
    qn.BlindComputing(graph="line:2", angles=(2,), circuits=1, cheater="curious", **NOISY),
    qn.BlindComputing(
        graph="line:2",
        angles=(2,),
        circuits=1,
        cheater="flip:2",
        network=qn.Network.two_nodes(qn.Link(pauli=(0.9, 0, 0, 0.1))),
    ),
    qn.BlindComputing(graph="line:2", angles=(2,), circuits=1, cheater="rotate:1:1.5"),
    qn.ConferenceKey(rounds=4000, cheater="source:0.1", **NOISY),
    qn.SecretSharing(**NOISY),
    qn.SecretSharing(cheater="fake-signal:2", **NOISY),
    qn.CircuitOverNodes(),
    qn.CircuitOverNodes("qft:3", rename_swaps=True),
    qn.NetworkRequests(requests=[qn.Request("r1c1", "r3c1", 2, keep=True)], policy="turns"),
]
#: What the repr of a protocol is made of.
NAMES = {name: getattr(qn, name) for name in qn.__all__} | {
    **vars(eavesdroppers),
    "BB84": BB84,
    "SixState": SixState,
    "BBM92": BBM92,
    "E91": E91,
}


#: Protocols of many circuits, which take fewer shots of each.
MANY_CIRCUITS = (qn.TeleportedCnot, qn.LongRangeCnot, qn.WState, qn.GraphState, qn.GhzGame, qn.MagicSquare)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("protocol", CASES, ids=lambda protocol: protocol.id)
def test_protocol(protocol):
    check_protocol(protocol, shots=300 if isinstance(protocol, MANY_CIRCUITS) else 2000)
    assert eval(repr(protocol), NAMES) == protocol


@pytest.mark.slow
@pytest.mark.parametrize(
    "protocol", [qn.LongRangeCnot(hops=3, **NOISY), qn.Ghz(parties=4, **NOISY)], ids=lambda each: each.id
)
def test_protocol_of_many_qubits(protocol):
    check_protocol(protocol, shots=300)


def test_every_registered_protocol_is_a_case():
    assert {type(protocol).name for protocol in CASES} >= own_protocols()


@pytest.mark.parametrize(
    "backend",
    [AerBackend(), backend_of("aer:fake_torino"), backend_of("stim:fake_torino"), qn.MockBackend(polls=2)],
    ids=lambda backend: backend.name,
)
def test_backend(backend):
    check_backend(backend)


FIDELITIES = (0.99, 0.95, 0.90, 0.85)
WERNER = {
    "chain1": lambda f: qn.RepeaterChain(hops=1, link_fidelity=f),
    "chain3": lambda f: qn.RepeaterChain(hops=3, link_fidelity=f),
    "chain5": lambda f: qn.RepeaterChain(hops=5, link_fidelity=f),
    "teleportation": lambda f: qn.Teleportation(link_fidelity=f),
    "ghz3": lambda f: qn.Ghz(parties=3, link_fidelity=f),
    "ghz4": lambda f: qn.Ghz(parties=4, link_fidelity=f),
    "chsh": lambda f: qn.Chsh(link_fidelity=f),
}


def _werner():
    """Yield each case; those of the star of four, which take seconds, are slow."""
    for name, fidelity in product(WERNER, FIDELITIES):
        yield pytest.param(name, fidelity, marks=[pytest.mark.slow] if name == "ghz4" else [])


@pytest.mark.parametrize(("name", "fidelity"), list(_werner()))
def test_werner_links_reach_theory(name, fidelity):
    protocol = WERNER[name](fidelity)
    result = qn.run(protocol, shots=10_000, seed=11, level=1 - 1e-6)
    assert result.theory
    for figure, value in result.theory.items():
        assert value in result[figure], f"{protocol.id}: {figure}"


@pytest.mark.parametrize(("hops", "value"), [(1, 0.95), (3, 0.85978), (5, 0.78118)])
def test_reference_values_of_chains(hops, value):
    theory = qn.RepeaterChain(hops=hops, link_fidelity=0.95).theory(qn.NoiseParameters())
    assert theory["fidelity"] == pytest.approx(value, abs=6e-6)


def test_reference_values_of_others():
    noise = qn.NoiseParameters()
    assert qn.Teleportation(link_fidelity=0.9).theory(noise)["fidelity"] == pytest.approx(0.93333, abs=6e-6)
    assert qn.Ghz(parties=3, link_fidelity=0.9).theory(noise)["fidelity"] == pytest.approx(0.73215, abs=6e-6)
    assert qn.Ghz(parties=4, link_fidelity=0.95).theory(noise)["fidelity"] == pytest.approx(0.81601, abs=6e-6)
    assert qn.Chsh(link_fidelity=0.95).theory(noise)["s_value"] == pytest.approx(2.6398, abs=1e-4)


def test_messages_withheld():
    assert 0.5 in qn.run(qn.Teleportation(), corrections="none", seed=1, level=1 - 1e-6).fidelity
    assert 0.25 in qn.run(qn.RepeaterChain(hops=3), corrections="none", seed=1, level=1 - 1e-6).fidelity


@dataclass(frozen=True)
class Wrong(qn.Protocol):
    """Claims a fidelity that its links do not have."""

    name: ClassVar[str] = "wrong"

    def program(self, rng):
        return bell_program(qn.Network.two_nodes(qn.Link(0.8)))

    def theory(self, noise):
        return {"fidelity": 0.9}


def test_the_battery_catches_a_wrong_protocol():
    with pytest.raises(AssertionError, match=r"fidelity .* 0\.9"):
        check_protocol(Wrong())


class Garbled(qn.MockBackend):
    """Returns too few shots."""

    def fetch(self, ticket):
        return [{name: bits[:-1] for name, bits in raw.items()} for raw in super().fetch(ticket)]


def test_the_battery_catches_a_wrong_backend():
    with pytest.raises(qn.errors.BackendError, match="expected"):
        check_backend(Garbled())
