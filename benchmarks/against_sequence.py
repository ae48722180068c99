"""End-to-end pairs per second of wall clock: sampled schedules beside SeQUeNCe, which follows every photon and message."""

from __future__ import annotations

import math
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from numpy.typing import NDArray

import qnet_circuits as qn
from benchmarks.measuring import Row, best, in_turns
from benchmarks.schedules import apart
from qnet_circuits.repeaters.storage import memory_factors, storage_channel
from qnet_circuits.theory.bell_diagonal import convolve, correlators
from qnet_circuits.theory.fibre import LIGHT_KM_PER_S

TIMES = 100.0
ABSENT = "not measured: sequence 0.8.5 is not installed; pip install --no-deps sequence==0.8.5"
MODE = "Bell-diagonal, single heralded, protocols paired directly"
LINK = qn.Link(length_km=10, scheme="midpoint", source_fidelity=0.99)
MEMORY_T2 = 5e-3
#: SeQUeNCe waits for so long after a herald may have come.
_GAP_S = 1e-11
#: Means of the two sides that are further apart than this many standard errors are no means of one model.
_APART = 5.0


def release() -> str | None:
    """Return which SeQUeNCe is installed."""
    try:
        return version("sequence")
    except PackageNotFoundError:
        return None


def schedule_of(links: int) -> qn.Schedule:
    """Return the schedule of SeQUeNCe's protocols.

    An attempt takes 3 L/c: one node asks, the other answers and both send, and photons and herald take L/2c each. Segments are
    joined by doubling, since a station knows with whom its qubits are entangled only when it was told.
    """
    assert LINK.length_km is not None
    period = 3 * LINK.length_km / LIGHT_KM_PER_S + _GAP_S
    return qn.Schedule((LINK.success,) * links, (period,) * links, (LINK.length_km,) * links, "doubling")


def chain_of(links: int) -> qn.Network:
    """Return the chain, whose pairs have dephased at both ends from the photons' start to the herald, L/c later."""
    assert LINK.length_km is not None
    flight = LINK.length_km / LIGHT_KM_PER_S + _GAP_S
    lost = storage_channel(math.exp(-2 * flight / MEMORY_T2), 1.0).weights
    plain = qn.Network.chain(links, qn.Link(pauli=convolve(LINK.weights, lost)))
    return qn.Network([qn.Node(name, memory_t2=MEMORY_T2) for name in plain.nodes], plain.links)


def ours(links: int, rounds: int, seed: int) -> NDArray[np.float64]:
    """Return for each round when both end nodes knew, and the fidelity of their pair."""
    network, times = chain_of(links), schedule_of(links).sample(rounds, seed)
    phases, bits = memory_factors(network, network.path(), times, "stored")
    start = correlators(network.weights)
    fidelity = (1 + (start["xx"] - start["yy"]) * phases + start["zz"] * bits) / 4
    return np.array([times.delivered_s, fidelity])


def theirs(links: int, rounds: int, seed: int) -> NDArray[np.float64]:
    """Return the same of SeQUeNCe."""
    from benchmarks.baselines.sequence_chain import Chain, simulate

    assert LINK.length_km is not None and LINK.attenuation_db_per_km is not None
    chain = Chain(
        links, LINK.length_km, LINK.weights[0], 1.0, LINK.attenuation_db_per_km, MEMORY_T2
    )  # fmt: skip
    return np.array(simulate(chain, rounds, 1000 * seed)).T


def measure(links: int, rounds: int, stepped: int, repeats: int) -> Row:
    """Pairs for each second of wall clock over those of SeQUeNCe, if rate and fidelity are the same."""
    title = f"{links}-link chain over SeQUeNCe"
    if release() is None:
        return Row(title, None, "x", TIMES, ABSENT)
    tasks = {
        "ours": lambda number: ours(links, rounds, number),
        "theirs": lambda number: theirs(links, stepped, number),
    }
    in_turns(tasks, 1)
    found = in_turns(tasks, repeats, first=1)
    values = {side: np.concatenate([each.answer for each in found[side]], axis=1) for side in tasks}
    distances = [apart(mine, other) for mine, other in zip(values["ours"], values["theirs"], strict=True)]
    assert max(distances) < _APART, f"the two sides differ by {distances} standard errors"
    fast, slow = rounds / best(found["ours"]), stepped / best(found["theirs"])
    means = {side: each.mean(axis=1) for side, each in values.items()}
    detail = (
        f"{fast:.3g} and {slow:.3g} pairs a second; SeQUeNCe {release()}, {MODE}; network's rate "
        f"{1 / means['ours'][0]:.1f} and {1 / means['theirs'][0]:.1f} Hz, fidelity {means['ours'][1]:.4f} and "
        f"{means['theirs'][1]:.4f}, {distances[0]:.1f} and {distances[1]:.1f} standard errors apart"
    )
    return Row(title, fast / slow, "x", TIMES, detail)


def rows(repeats: int = 3) -> list[Row]:
    return [measure(links, 10**6, 500, repeats) for links in (2, 4)]
