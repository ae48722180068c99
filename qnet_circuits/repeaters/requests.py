"""Requests of users for entangled pairs of a network, and the service of each request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from qnet_circuits.errors import ParameterError, check_count, check_range
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.node import check_node_name
from qnet_circuits.theory.estimate import Estimate

#: Every pair takes a turn of its own, and turns are followed one by one.
_MOST_PAIRS = 10_000


@dataclass(frozen=True)
class Request:
    """Two end nodes that ask a network for entangled pairs.

    Args:
        a: One end node.
        b: The other end node.
        pairs: Number of pairs, 1 to 10,000.
        deadline_s: Seconds after which the request is given up, greater than 0. Default: never.
        fidelity: The least fidelity of a pair, in [0.25, 1]. The network knows when each link was made and each station
            swapped, and therefore the fidelity of each delivered pair. Pairs with a lower fidelity are discarded. Default: no
            limit.
        start_s: Seconds from the start of a round until the request is made. Default 0.
        keep: Whether the end nodes store all pairs until the last pair is there, as for a computation that needs all at once.
            Default False: they measure each half as soon as its link is there, as for a key.

    Raises:
        ParameterError: If a value is out of range, or both ends are the same.

    Example:
        >>> Request("alice", "bob", pairs=3, deadline_s=0.1)
        Request(a='alice', b='bob', pairs=3, deadline_s=0.1, fidelity=0.25, start_s=0.0, keep=False)
    """

    a: str
    b: str
    pairs: int = 1
    deadline_s: float | None = None
    fidelity: float = 0.25
    start_s: float = 0.0
    keep: bool = False

    def __post_init__(self) -> None:
        if check_node_name(self.a) == check_node_name(self.b):
            raise ParameterError(f"a request joins two nodes, got {self.a!r} twice")
        object.__setattr__(self, "pairs", check_count("pairs of a request", self.pairs, 1, _MOST_PAIRS))
        object.__setattr__(self, "fidelity", check_range("fidelity of a request", self.fidelity, 0.25, 1))
        object.__setattr__(self, "start_s", check_range("start_s", self.start_s, 0, 1e12))
        if not isinstance(self.keep, bool):
            raise ParameterError(f"keep of a request is true or false, got {self.keep!r}")
        if self.deadline_s is not None:
            deadline = check_range("deadline_s", self.deadline_s, 0, 1e12)
            if deadline == 0:
                raise ParameterError("deadline_s of a request must be greater than 0, got 0")
            object.__setattr__(self, "deadline_s", deadline)

    @property
    def users(self) -> str:
        """The names of both ends in one word."""
        return f"{self.a}-{self.b}"

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form, without values that are defaults."""
        values = {field.name: (getattr(self, field.name), field.default) for field in fields(self)}
        return {name: value for name, (value, default) in values.items() if value != default}

    @classmethod
    def from_dict(cls, plain: Any) -> Request:
        """Make a request of its plain form: an object with its fields, or a list of two nodes and a number of pairs."""
        known = [field.name for field in fields(cls)]
        if isinstance(plain, Mapping):
            given = dict(plain)
        elif isinstance(plain, Sequence) and not isinstance(plain, str) and 2 <= len(plain) <= 3:
            given = dict(zip(known, plain, strict=False))
        else:
            given = {}
        if not {"a", "b"} <= set(given) <= set(known):
            raise ParameterError(
                f"a request is [node, node], [node, node, pairs] or an object with {', '.join(known)}, got {plain!r}"
            )
        return cls(**given)


@dataclass(frozen=True)
class Served:
    """The service that the users of a request get.

    Attributes:
        request: The request.
        route: The nodes from end to end.
        served: Probability that all pairs are there by the deadline.
        pairs_per_second: Delivered pairs divided by the seconds from the request until its last pair or its deadline: the
            throughput of users who ask again at once.
        latency_s: Mean seconds until the last pair is there, over rounds in which it comes in time; None for fewer than two
            rounds.
        fidelity: Mean fidelity of the pairs with Φ+ at their delivery; for stored pairs (``keep``), at the end of the request.
            None if there were too few pairs.
        chain: The route with links that make the average pair, for circuits (``RepeaterChain(network=...)``). The Pauli weights
            of the last link include the losses of memories. None if there was no pair.
    """

    request: Request
    route: tuple[str, ...]
    served: Estimate
    pairs_per_second: Estimate
    latency_s: Estimate | None
    fidelity: Estimate | None
    chain: Network | None

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form that goes into JSON."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        plain = (Request, Estimate, Network)
        return {
            name: value.to_dict() if isinstance(value, plain) else value for name, value in values.items()
        }
