"""Nodes, and the links between them: what the network is, with no word of circuits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from qnet_circuits.errors import ParameterError, check_count, check_range
from qnet_circuits.theory.bell_diagonal import Weights, check_weights
from qnet_circuits.theory.swapping import chain_weights

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Link:
    """The physics of one elementary link.

    A link delivers a Bell-diagonal pair: the state Φ+ to which I, X, Y or Z happened with the given weights. A fidelity F
    stands for the Werner state, whose three errors are equally likely, (1 - F)/3 each. A qubit that is transmitted over
    the link suffers the same Pauli errors.

    Args:
        fidelity: Overlap of the pair with Φ+, in [0.25, 1]. Default 1 where ``pauli`` is not given.
        pauli: The weights of (I, X, Y, Z) instead, nonnegative, sum 1.

    Raises:
        ParameterError: If both are given, or one is out of range.

    Example:
        >>> Link(fidelity=0.97).weights
        (0.97, 0.01, 0.01, 0.01)
        >>> Link(pauli=(0.9, 0, 0, 0.1))
        Link(fidelity=None, pauli=(0.9, 0.0, 0.0, 0.1))
    """

    fidelity: float | None = None
    pauli: Weights | None = None

    def __post_init__(self) -> None:
        if self.fidelity is not None and self.pauli is not None:
            raise ParameterError("a link takes fidelity or pauli, not both")
        if self.pauli is not None:
            object.__setattr__(self, "pauli", check_weights(self.pauli))
            return
        fidelity = 1.0 if self.fidelity is None else self.fidelity
        object.__setattr__(self, "fidelity", check_range("link fidelity", fidelity, 0.25, 1.0))

    @property
    def weights(self) -> Weights:
        """Weights of the errors (I, X, Y, Z) of this link."""
        if self.pauli is not None:
            return self.pauli
        assert self.fidelity is not None
        rest = round((1 - self.fidelity) / 3, 15)
        return round(self.fidelity, 15), rest, rest, rest

    @property
    def ideal(self) -> bool:
        """Whether the link makes no error."""
        return self.weights[0] == 1.0

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form, with only what was given."""
        return {"fidelity": self.fidelity} if self.pauli is None else {"pauli": list(self.pauli)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Link:
        """Make a link of its plain form."""
        unknown = set(plain) - {"fidelity", "pauli"}
        if unknown:
            raise ParameterError(f"a link takes fidelity or pauli, got {', '.join(sorted(unknown))}")
        pauli = plain.get("pauli")
        return cls(plain.get("fidelity"), None if pauli is None else tuple(pauli))


@dataclass(frozen=True)
class Network:
    """Nodes and the links between them, a simple connected graph.

    Args:
        nodes: Names, at least two: printable text, spaces inside of it too. They become names of quantum registers.
        links: Triples (node, node, Link), at most one for each pair of nodes.

    Raises:
        ParameterError: If a name is not printable or occurs twice, or a link has an unknown end.

    Example:
        >>> network = Network.chain(2, Link(fidelity=0.95))
        >>> network.nodes
        ('alice', 'station1', 'bob')
        >>> network.link("bob", "station1").fidelity
        0.95
    """

    nodes: tuple[str, ...]
    links: tuple[tuple[str, str, Link], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "nodes", tuple(self.nodes))
        object.__setattr__(self, "links", tuple((a, b, link) for a, b, link in self.links))
        if len(self.nodes) < 2:
            raise ParameterError(f"a network needs at least 2 nodes, got {len(self.nodes)}")
        for node in self.nodes:
            check_node_name(node)
        names = set(self.nodes)
        if len(names) < len(self.nodes):
            raise ParameterError(f"node names must differ, got {', '.join(self.nodes)}")
        seen: set[frozenset[str]] = set()
        for a, b, link in self.links:
            ends = {end for end in (a, b) if isinstance(end, str) and end in names}
            if len(ends) != 2 or not isinstance(link, Link):
                raise ParameterError(f"a link joins two nodes of the network, got ({a!r}, {b!r}, {link!r})")
            if frozenset((a, b)) in seen:
                raise ParameterError(f"there are two links between {a} and {b}; one is allowed")
            seen.add(frozenset((a, b)))

    @property
    def hops(self) -> int:
        """Number of links."""
        return len(self.links)

    @property
    def weights(self) -> Weights:
        """Weights of the errors (I, X, Y, Z) of the pair that the links of a chain make together."""
        return chain_weights([link.weights for _, _, link in self.links])

    def link(self, a: str, b: str) -> Link:
        """Return the link between two nodes, in either order, or raise ParameterError."""
        if b not in self._near.get(a, {}):
            raise ParameterError(f"there is no link between {a} and {b}; there are {self._listed()}")
        return self._near[a][b]

    @cached_property
    def _near(self) -> dict[str, dict[str, Link]]:
        """The links of each node, by their other ends, in the order of the links."""
        near: dict[str, dict[str, Link]] = {node: {} for node in self.nodes}
        for a, b, link in self.links:
            near[a][b] = near[b][a] = link
        return near

    def _listed(self) -> str:
        return ", ".join(f"{a}-{b}" for a, b, _ in self.links) or "none"

    def neighbours(self, node: str) -> tuple[str, ...]:
        """Return the nodes at the other ends of a node's links, in the order of the links."""
        return tuple(self._near.get(node, ()))

    def path(self) -> tuple[str, ...]:
        """Return the nodes of a chain from the first node to the other end.

        Raises:
            ParameterError: If the network is no chain that begins at its first node.
        """
        path, passed = [self.nodes[0]], {self.nodes[0]}
        while len(path) < len(self.nodes):
            onward = [node for node in self.neighbours(path[-1]) if node not in passed]
            if len(onward) != 1:
                break
            path.append(onward[0])
            passed.add(onward[0])
        if len(path) < len(self.nodes) or len(self.links) != len(self.nodes) - 1:
            raise ParameterError(
                f"a chain from {self.nodes[0]} to its other end is needed, got the links {self._listed()}"
            )
        return tuple(path)

    def route(self, first: str, last: str) -> Network:
        """Return the chain between two nodes: of the fewest links, and among those of the greatest product of fidelities.

        Whatever runs over a chain runs over any network so: swapping stations on the way, everybody else left alone.

        Args:
            first: The node where the chain begins.
            last: The node where it ends.

        Raises:
            ParameterError: If a node is unknown, both are the same, or nothing joins them.

        Example:
            >>> square = Network.from_edges([("a", "b"), ("b", "c"), ("c", "d"), ("d", "a"), ("d", "e")])
            >>> square.route("b", "e").path()
            ('b', 'a', 'd', 'e')
        """
        for node in (first, last):
            if node not in self._near:
                raise ParameterError(f"there is no node {node!r}; there are {', '.join(self.nodes)}")
        if first == last:
            raise ParameterError(f"a route joins two nodes, got {first!r} twice")
        waiting: list[tuple[int, float, tuple[str, ...]]] = [(0, 0.0, (first,))]
        reached: set[str] = set()
        while waiting:
            hops, loss, path = heappop(waiting)
            if path[-1] == last:
                return Network.from_edges((a, b, self.link(a, b)) for a, b in pairwise(path))
            if path[-1] in reached:
                continue
            reached.add(path[-1])
            for onward, link in self._near[path[-1]].items():
                if onward not in reached:
                    heappush(waiting, (hops + 1, loss - math.log(link.weights[0] or 1e-300), (*path, onward)))
        raise ParameterError(f"nothing joins {first} and {last}; the links are {self._listed()}")

    def draw(self, ax: Axes | None = None) -> Axes:
        """Draw the nodes and their links, with each link's fidelity, and return the Matplotlib axes."""
        from qnet_circuits.plotting.network import draw_network

        return draw_network(self, ax)

    @classmethod
    def chain(cls, hops: int, link: Link | Sequence[Link] | None = None) -> Network:
        """Return alice, the stations 1 to hops - 1, and bob, in a row.

        Args:
            hops: Number of links, at least 1.
            link: One link for all, or one for each hop; ideal by default.
        """
        check_count("hops", hops)
        nodes = ("alice", *(f"station{k}" for k in range(1, hops)), "bob")
        return cls.from_edges(zip(nodes, nodes[1:], _each(link, hops), strict=False))

    @classmethod
    def star(cls, parties: int, link: Link | Sequence[Link] | None = None) -> Network:
        """Return a centre that has a link to each of the parties 1 to ``parties``."""
        check_count("parties", parties)
        names = [f"party{k}" for k in range(1, parties + 1)]
        edges = zip(["centre"] * parties, names, _each(link, parties), strict=True)
        return cls.from_edges(edges)

    @classmethod
    def two_nodes(cls, link: Link | None = None) -> Network:
        """Return alice and bob with one link."""
        return cls.chain(1, link)

    @classmethod
    def from_edges(cls, edges: Iterable[tuple[str, str] | tuple[str, str, Link]]) -> Network:
        """Return the network of these links; nodes come in the order in which they are first named."""
        links = [(edge[0], edge[1], edge[2] if len(edge) == 3 else Link()) for edge in edges]
        nodes = dict.fromkeys(node for a, b, _ in links for node in (a, b))
        return cls(tuple(nodes), tuple(links))

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form."""
        links = [[a, b, link.to_dict()] for a, b, link in self.links]
        return {"nodes": list(self.nodes), "links": links}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Network:
        """Make a network of its plain form, or raise ParameterError."""
        try:
            if set(plain) != {"nodes", "links"} or isinstance(plain["nodes"], str):
                raise TypeError("nodes is a list, and there is nothing else but links")
            links = tuple((a, b, Link.from_dict(link)) for a, b, link in plain["links"])
            return cls(tuple(plain["nodes"]), links)
        except ParameterError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ParameterError(
                'a network is {"nodes": [names], "links": [[node, node, {"fidelity": F}]]}, '
                f"got {plain!r} ({error})"
            ) from None


def _each(link: Link | Sequence[Link] | None, count: int) -> tuple[Link, ...]:
    """Return one link for each of ``count`` places."""
    if link is None or isinstance(link, Link):
        return (link or Link(),) * count
    links = tuple(link)
    if len(links) != count:
        raise ParameterError(f"one link or {count} links are needed, got {len(links)}")
    return links


def check_node_name(name: str) -> str:
    """Return a name that can be a node's, or raise ParameterError."""
    if not isinstance(name, str) or not name.isprintable() or name != name.strip() or not name:
        raise ParameterError(
            f"a node name must be printable text that begins and ends with no space, got {name!r}"
        )
    return name
