"""Pairs and secret bits per second of a repeater chain, beside the bound without repeaters."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any

import numpy as np

from qnet_circuits.errors import ParameterError, check_count
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.node import Node
from qnet_circuits.repeaters.schedule import Schedule
from qnet_circuits.repeaters.storage import memory_factors
from qnet_circuits.repeaters.times import Seconds
from qnet_circuits.theory.bell_diagonal import correlators
from qnet_circuits.theory.bounds import plob
from qnet_circuits.theory.entropy import binary_entropy
from qnet_circuits.theory.estimate import Estimate
from qnet_circuits.theory.fibre import transmission
from qnet_circuits.theory.fieller import fieller
from qnet_circuits.theory.key_rates import bb84_rate
from qnet_circuits.theory.means import Reals, correlations, mean, summed

#: The parameters of ``Schedule.of`` beside the network.
_POLICY = ("swapping", "swap_success", "cutoff_s", "modes", "messages")


@dataclass(frozen=True)
class Rates:
    """The rates of a repeater chain.

    Attributes:
        length_km: Length of the chain in km.
        stations: Number of stations.
        pairs_per_second: Pairs of the end nodes per second.
        fidelity: Their mean fidelity with Φ+.
        key_per_second: Secret bits per second.
        key_per_use: Secret bits for each use of the fibre, in which every link sends one mode; compare it with ``plob``.
        plob: The largest number of secret bits for each use of the whole fibre without a station
            (``qnet_circuits.theory.bounds.plob``).
        ends: Whether the end qubits were ``measured`` at once or ``stored`` until the pair was delivered.
    """

    length_km: float
    stations: int
    pairs_per_second: Estimate
    fidelity: Estimate
    key_per_second: Estimate
    key_per_use: Estimate
    plob: float
    ends: str

    @property
    def beats_plob(self) -> bool:
        """Whether the whole interval of ``key_per_use`` lies above the bound."""
        return self.key_per_use.above(self.plob)

    @property
    def over_plob(self) -> Estimate:
        """``key_per_use`` over the bound."""
        return _scaled(self.key_per_use, 1 / self.plob)

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form that goes into JSON."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: value.to_dict() if isinstance(value, Estimate) else value for name, value in values.items()
        }


def repeater_rates(
    network: Network,
    schedule: Schedule | None = None,
    rounds: int = 20_000,
    seed: int | np.random.Generator | None = None,
    ends: str = "measured",
    level: float = 0.95,
) -> Rates:
    """Return the rates of a chain whose links have lengths, from sampled schedules.

    Rounds follow one another. Links begin with heralded pairs, and swaps are perfect. A memory with T1 and T2 multiplies <XX>
    and <YY> by e^(-t/T2), and <ZZ> by e^(-t/T1), for each stored qubit. This is exact for dephasing, and the Pauli twirl of
    relaxation. Secret bits come from BBM92 in the limit of many pairs, with one basis for the key and perfect error correction:
    1 - h(Q_Z) - h(Q_X) for each pair.

    The PLOB bound holds without any station. A single-click link has a station in its middle, and each photon crosses only half
    of the link, so such a link can beat the bound by itself.

    Args:
        network: The chain. Its nodes say how long their memories last (``Node``).
        schedule: The schedule of the chain. Default ``Schedule.of(network)``.
        rounds: Number of rounds to sample, at least 100.
        seed: Seed of the random numbers, or their generator.
        ends: ``measured``, if end qubits are measured at once, or ``stored`` until the pair is delivered.
        level: Confidence level of the intervals, Student's over the rounds; those of keys are joined by square-and-add.

    Raises:
        ParameterError: If a value is out of range, the network is not a chain with lengths, or the schedule belongs to another
            chain.

    Example:
        >>> ends, link = ("alice", "bob"), Link(length_km=100, scheme="sender")
        >>> links = (("alice", "relay", link), ("relay", "bob", link))
        >>> found = repeater_rates(Network(("alice", Node("relay", memory_t2=1.0), "bob"), links), seed=1)
        >>> print(round(found.pairs_per_second.value, 1), found.beats_plob)
        6.7 True
    """
    schedule = Schedule.of(network) if schedule is None else schedule
    path = network.path()
    if schedule.links != len(path) - 1:
        raise ParameterError(f"the schedule has {schedule.links} links and the network {len(path) - 1}")
    _ = plob_of(network)
    times = schedule.sample(check_count("rounds", rounds, 100), seed)
    phases, bits = memory_factors(network, path, times, ends)
    start = correlators(network.weights)
    fidelities = (1 + (start["xx"] - start["yy"]) * phases + start["zz"] * bits) / 4
    xx, zz = _scaled(mean(phases, level), start["xx"]), _scaled(mean(bits, level), start["zz"])
    shared = correlations(phases, bits, times.delivered_s)
    return delivered(
        network, schedule, times.delivered_s, mean(fidelities, level), xx, zz, level, ends, shared
    )


def delivered(
    network: Network,
    schedule: Schedule,
    seconds: Seconds | float,
    fidelity: Estimate,
    xx: Estimate,
    zz: Estimate,
    level: float,
    ends: str = "measured",
    shared: Reals | None = None,
) -> Rates:
    """Return the rates of a chain whose pairs are known, from formulas or from circuits.

    Args:
        network: The chain, whose links have lengths.
        schedule: How it is run.
        seconds: Durations of sampled rounds, or the exact mean duration.
        fidelity: Fidelity of the pairs.
        xx: Their correlator <XX>.
        zz: Their correlator <ZZ>.
        level: Confidence level of all of them, and of the rates.
        ends: Treatment of the end qubits: ``measured`` or ``stored``.
        shared: Correlations of the sizes of both correlators and of the seconds, (3, 3). Default: they are independent.
    """
    time = _mean_of(seconds, level)
    key = _key(xx, zz, time, np.eye(3) if shared is None else shared)
    fibres = _fibres(network)
    length = round(math.fsum(length for length, _ in fibres), 9)  # thirds of a distance make it again
    return Rates(
        length, len(fibres) - 1, _inverse(time), fidelity, key,
        _scaled(key, min(schedule.period_s) / schedule.modes), plob_of(network), ends,
    )  # fmt: skip


def _key(xx: Estimate, zz: Estimate, time: Estimate, shared: Reals) -> Estimate:
    """Return the secret bits per second: those of a pair over the time that it takes, and none if they are negative."""
    parts = _secret_part(xx), _secret_part(zz)
    bits = summed(parts, shared[:2, :2])
    if time.level < 1:
        unit = _scaled(time, 1 / time.value)  # bits over a number near 1, whatever the unit of time

        def difference(ratio: float) -> Estimate:
            signs = np.array([1.0, 1.0, math.copysign(1.0, -ratio)])
            return summed((*parts, _scaled(unit, -ratio)), shared * np.outer(signs, signs))

        bits = fieller(bits, unit, difference)
    value, low, high = (max(0.0, each) for each in (bits.value, bits.low, bits.high))
    return _scaled(replace(bits, value=value, low=low, high=high), 1 / time.value)


def _secret_part(correlator: Estimate) -> Estimate:
    """Return 1/2 - h(Q) for the errors Q of a basis, which rises with the correlator's size; both make the secret bits."""
    errors = [(1 - min(size, 1.0)) / 2 for size in _sizes(correlator)]
    value, low, high = (0.5 - binary_entropy(each) for each in errors)
    error = correlator.standard_error
    if error:
        error *= math.log2((1 - errors[0]) / errors[0]) / 2 if errors[0] > 0 else 0.0
    return replace(correlator, value=value, low=low, high=high, p_value=None, standard_error=error)


def plob_of(network: Network) -> float:
    """Return the most secret bits for each use of a chain's fibre without a station.

    Raises:
        ParameterError: If links have no lengths, or so much is lost that no number is small enough to say what is left.
    """
    fibres = _fibres(network)
    bound = plob(math.prod(transmission(*each) for each in fibres))
    if bound < sys.float_info.min:
        lost = math.fsum(length * loss for length, loss in fibres)
        raise ParameterError(
            f"the fibre loses {lost:g} dB from end to end, and no photon ever arrives: make it shorter, below 3000 dB"
        )
    return bound


def rates_over_distance(
    lengths_km: Sequence[float],
    stations: Sequence[int],
    link: Link,
    memory_t2: float | None = None,
    memory_t1: float | None = None,
    rounds: int = 5_000,
    seed: int | None = None,
    **policy: Any,
) -> dict[int, list[Rates]]:
    """Return the rates of chains of equal links, by number of stations, for each distance.

    Without a station the chain is the direct link, with the same sources and detectors. A repeater must beat the direct link in
    practice, and the PLOB bound in principle.

    Args:
        lengths_km: Distances between the end nodes in km.
        stations: Numbers of stations, at least 0 each.
        link: Fibre, source, efficiency and scheme of each link; its own length does not matter.
        memory_t2: T2 of all memories in seconds. Default: no loss.
        memory_t1: T1 of all memories in seconds.
        rounds: Number of rounds for each point, at least 100.
        seed: Seed of the random numbers.
        **policy: Parameters of ``Schedule.of``: swapping, swap_success, cutoff_s, modes, messages.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> link = Link(length_km=1, scheme="sender", efficiency=0.5)
        >>> table = rates_over_distance([25, 300], [0, 1], link, memory_t2=1.0, seed=1, rounds=500)
        >>> [each.beats_plob for each in table[0]], [each.beats_plob for each in table[1]]
        ([False, False], [False, True])
    """
    if unknown := sorted(set(policy) - set(_POLICY)):
        raise ParameterError(f"schedules take {', '.join(_POLICY)}; got {', '.join(unknown)}")
    rng = np.random.default_rng(seed)
    table: dict[int, list[Rates]] = {}
    for number in stations:
        links = check_count("stations", number, 0) + 1
        # A direct link waits for nobody, so there is nothing to cut off and nothing to swap.
        asked = {name: value for name, value in policy.items() if number or name in ("modes", "messages")}
        table[number] = []
        for length in lengths_km:
            network = chain_with_memories(
                links, replace(link, length_km=length / links), memory_t1, memory_t2
            )
            table[number].append(repeater_rates(network, Schedule.of(network, **asked), rounds, rng))
    return table


def chain_with_memories(links: int, link: Link, t1: float | None, t2: float | None) -> Network:
    """Return a chain of equal links, all of whose nodes have memories with this T1 and T2 in seconds."""
    plain = Network.chain(links, link)
    return Network([Node(name, memory_t1=t1, memory_t2=t2) for name in plain.nodes], plain.links)


def _mean_of(seconds: Seconds | float, level: float) -> Estimate:
    """Return the mean of sampled seconds, or the exact mean as it is."""
    return Estimate(seconds, seconds, seconds, 1.0) if isinstance(seconds, float) else mean(seconds, level)


def _sizes(correlator: Estimate) -> tuple[float, float, float]:
    """Return the size of a correlator, and its least and greatest possible value."""
    ends = abs(correlator.low), abs(correlator.high)
    least = 0.0 if correlator.low <= 0 <= correlator.high else min(ends)
    return abs(correlator.value), least, max(ends)


def secret_bits(xx: float, zz: float) -> float:
    """Return the secret bits of a pair with these correlators; an interval may reach beyond what correlators can be."""
    phase, bit = ((1 - min(abs(correlator), 1.0)) / 2 for correlator in (xx, zz))
    return max(0.0, bb84_rate(bit, phase))


def _fibres(network: Network) -> list[tuple[float, float]]:
    """Return the length of each link's fibre in km, and its loss in dB/km."""
    found = []
    for link in (network.link(a, b) for a, b in pairwise(network.path())):
        if link.length_km is None or link.attenuation_db_per_km is None:
            raise ParameterError(f"{link!r} has no length_km: rates are those of links over distances")
        found.append((link.length_km, link.attenuation_db_per_km))
    return found


def _inverse(mean: Estimate) -> Estimate:
    """Return 1 over a positive mean."""
    error = None if mean.standard_error is None else mean.standard_error / mean.value / mean.value
    return replace(mean, value=1 / mean.value, low=1 / mean.high, high=1 / mean.low, standard_error=error)


def _scaled(estimate: Estimate, factor: float) -> Estimate:
    low, high = sorted((estimate.low * factor, estimate.high * factor))
    error = None if estimate.standard_error is None else estimate.standard_error * abs(factor)
    return replace(estimate, value=estimate.value * factor, low=low, high=high, standard_error=error)
