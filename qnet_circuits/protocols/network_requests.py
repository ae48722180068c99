"""Users of a network ask for pairs: the service of each request, and the circuit that makes such pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from qnet_circuits.errors import ParameterError, check_count
from qnet_circuits.programs.chains import measured_ends
from qnet_circuits.programs.expressions import parity
from qnet_circuits.programs.figures import Figure, Outcomes
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.node import Node
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.protocol import Analysis, Analyzed, Protocol
from qnet_circuits.programs.registry import register
from qnet_circuits.repeaters.requests import Request, Served
from qnet_circuits.repeaters.serving import serve_requests
from qnet_circuits.theory import bell_diagonal, bounds
from qnet_circuits.theory.estimate import Estimate
from qnet_circuits.theory.noise_parameters import NoiseParameters

_SETTINGS = ("xx", "yy", "zz")
_LEVEL = 0.95
_SAID = "links begin with heralded pairs, and what memories lose on the average is a Pauli error of each route's last link"


@register
@dataclass(frozen=True)
class NetworkRequests(Protocol):
    """Several pairs of users ask one network for entanglement, and share its links and its memories.

    ``serve_requests`` samples how requests wait for memories and for links, by routes and a policy. For each request, a circuit
    makes the average pair of its users: links begin with heralded pairs, every station of the route swaps, and the losses of
    all memories are a Pauli error of the last link, which is exact for perfect swaps. The figures ``fidelity_1``,
    ``fidelity_2``, ... come from these circuits and include the errors of swaps on a machine. The figures ``served_1``,
    ``pairs_per_second_1`` and ``latency_s_1`` come from the schedules; the machine does not change them, since its time is not
    the network's time.

    On hardware: two qubits for each link of a route, as in a repeater chain, one request after another.

    Args:
        network: A network whose links have lengths. Default: a grid of three rows and columns, links of 20 km by ``sender``
            with an efficiency of 0.5 and sources of fidelity 0.99, and two memories with a T2 of 10 ms at each node.
        requests: The requests: each a ``Request``, [node, node], [node, node, pairs], or an object with the fields of a
            ``Request``. Default: two pairs for each of the two pairs of opposite corners of the default grid.
        route: How routes are chosen, as of ``Network.route``: ``links``, ``fidelity`` or ``rate``.
        policy: Who comes first: ``first-come``, ``deadline`` or ``turns``, as of ``serve_requests``.
        swapping: ``asap`` or ``doubling``, as of ``Schedule``.
        swap_success: Probability that a swap succeeds, in (0, 1].
        cutoff_s: Longest time in seconds that a qubit waits at a station. Default: no limit.
        modes: Attempts of a link at the same time, at least 1.
        rounds: Rounds that are sampled, 100 to 10^6.
        schedule_seed: Seed of the schedules, from which the circuits follow too. The seed of a run decides only on its
            outcomes.

    Raises:
        ParameterError: If a value is out of range, a network comes without requests, or a request cannot be served.
        UnknownNameError: If there is no such route, policy or swapping.

    Example:
        >>> asked = NetworkRequests()
        >>> for each in asked.service():
        ...     print(each.request.users, each.latency_s)
        r1c1-r3c3 0.00454 ± 0.00007 (95 %)
        r3c1-r1c3 0.00907 ± 0.00009 (95 %)
        >>> {name: round(value, 3) for name, value in asked.theory(NoiseParameters()).items()}
        {'fidelity_1': 0.855, 'fidelity_2': 0.855}
    """

    name: ClassVar[str] = "network-requests"
    stage: ClassVar[str] = "quantum memory"
    network: Network | None = None
    requests: tuple[Request, ...] | None = None
    route: str = "links"
    policy: str = "first-come"
    swapping: str = "asap"
    swap_success: float = 1.0
    cutoff_s: float | None = None
    modes: int = 1
    rounds: int = 2000
    schedule_seed: int = 1

    def __post_init__(self) -> None:
        if self.network is not None and not isinstance(self.network, Network):
            raise ParameterError(f"network must be a Network, got {self.network!r}")
        check_count("schedule_seed", self.schedule_seed, 0)
        if self.requests is not None:
            object.__setattr__(self, "requests", _requests(self.requests))
        elif self.network is not None:
            raise ParameterError(
                "a network needs requests: give requests=[[node, node, pairs], ...] of its nodes"
            )
        for each in self._service:
            if each.chain is None:
                raise ParameterError(
                    f"{each.request.users} got no pair in {self.rounds} rounds: give it a later deadline, or more memories"
                )

    @property
    def parameters(self) -> dict[str, Any]:
        """The fields in plain form, without those that were not given."""
        plain = [each.to_dict() for each in self.requests or ()]
        return {**super().parameters, **({"requests": plain} if plain else {})}

    def service(self, level: float = _LEVEL) -> tuple[Served, ...]:
        """Return the service of each request, with intervals of this level."""
        return serve_requests(
            self._network, self.requests or _CORNERS, self.route, self.policy, self.rounds, self.schedule_seed, level,
            swapping=self.swapping, swap_success=self.swap_success, cutoff_s=self.cutoff_s, modes=self.modes,
        )  # fmt: skip

    @property
    def _network(self) -> Network:
        return _grid() if self.network is None else self.network

    @cached_property
    def _service(self) -> tuple[Served, ...]:
        return self.service()

    @property
    def _chains(self) -> dict[int, Network]:
        """The chain of each request, by its number."""
        return {k: each.chain for k, each in enumerate(self._service, 1) if each.chain is not None}

    def program(self, rng: np.random.Generator) -> Program:
        """Return three circuits for each request, one for each setting XX, YY and ZZ."""
        items, figures, bits = [], [], [("out", 0), ("out", 1)]
        for k, chain in self._chains.items():
            for setting in _SETTINGS:
                circuit = measured_ends(chain, setting.upper())
                items.append(Item(f"{setting}_{k}", circuit, {"setting": setting, "request": k}))
            xx, yy, zz = (parity(f"{setting}_{k}", bits) for setting in _SETTINGS)
            silent = 0.25 if chain.hops > 1 else 1.0
            fidelity = (1 + xx - yy + zz) / 4
            figures.append(Figure(f"fidelity_{k}", fidelity, 1.0, silent, physical=(0.0, 1.0)))
        return Program(items, figures, self._network, notes=(_SAID,))

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the fidelity of the pairs that the schedules gave."""
        if not noise.ideal:
            return {}
        return {f"fidelity_{k}": bell_diagonal.fidelity(chain.weights) for k, chain in self._chains.items()}

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """A fidelity above 1/2 proves entanglement."""
        return {f"fidelity_{k}": {"entangled": bounds.BELL_ENTANGLED} for k in self._chains}

    def analyze(self, outcomes: Outcomes, analysis: Analysis) -> Analyzed:
        """Return the figures of each request that come from the schedules."""
        return self._scheduled(analysis.level)

    def deduce(self, figures: Mapping[str, Estimate], analysis: Analysis) -> Analyzed:
        """Return the same as ``analyze``: schedules are sampled on every backend."""
        return self._scheduled(analysis.level)

    def _scheduled(self, level: float) -> Analyzed:
        figures, lines = {}, []
        found = self._service if level == _LEVEL else self.service(level)
        for k, each in enumerate(found, 1):
            figures[f"served_{k}"] = each.served
            figures[f"pairs_per_second_{k}"] = each.pairs_per_second
            if each.latency_s is not None:
                figures[f"latency_s_{k}"] = each.latency_s
            asked = f"{each.request.pairs} pair{'s' * (each.request.pairs > 1)}"
            lines.append(f"request {k}: {asked} for {each.request.users} by {' '.join(each.route)}")
        note = f"served, pairs_per_second and latency_s are of {self.rounds} sampled schedules, whatever the backend"
        more = {"requests": [{**each.request.to_dict(), "route": list(each.route)} for each in found]}
        return Analyzed(figures, more, (note,), report="\n".join(lines))


def _requests(given: Any) -> tuple[Request, ...]:
    """Return the requests that were given, as objects."""
    if isinstance(given, str | Mapping) or not isinstance(given, Sequence) or not given:
        raise ParameterError(f"requests must be a list such as [[node, node, pairs], ...], got {given!r}")
    return tuple(each if isinstance(each, Request) else Request.from_dict(each) for each in given)


def _grid() -> Network:
    link = Link(length_km=20, scheme="sender", efficiency=0.5, source_fidelity=0.99)
    plain = Network.grid(3, 3, link)
    return Network([Node(name, memories=2, memory_t2=0.01) for name in plain.nodes], plain.links)


#: Opposite corners of the grid.
_CORNERS = (Request("r1c1", "r3c3", 2), Request("r3c1", "r1c3", 2))
