"""The network, independent of circuits: nodes, and the links between them."""

from __future__ import annotations

import json
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

from qnet_circuits.errors import ParameterError, check_count
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.node import Node, check_node_name
from qnet_circuits.programs.routes import best_path
from qnet_circuits.theory.bell_diagonal import Weights
from qnet_circuits.theory.swapping import chain_weights

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Network:
    """Nodes and the links between them, a simple connected graph.

    In the terms of RFC 9340, the ends of a path are end nodes and the nodes between them are quantum repeaters. Links make link
    pairs, and swapping joins these to one pair of the end nodes.

    Args:
        nodes: At least two names, which become names of quantum registers: printable text, also with spaces inside. A ``Node``
            instead of a name describes the node's hardware; it goes to ``hardware``.
        links: Triples (node, node, Link), at most one for each pair of nodes.
        hardware: A ``Node`` for each node whose hardware is known.

    Raises:
        ParameterError: If a name is not printable or occurs twice, or a link or a ``Node`` of ``hardware`` names an unknown
            node.

    Example:
        >>> network = Network.chain(2, Link(fidelity=0.95))
        >>> network.nodes
        ('alice', 'station1', 'bob')
        >>> network.link("bob", "station1").fidelity
        0.95
        >>> far = Network(["alice", Node("bob", memory_t2=1.5)], [("alice", "bob", Link(length_km=20))])
        >>> far.nodes, far.node("bob").memory_t2
        (('alice', 'bob'), 1.5)
    """

    nodes: tuple[str, ...]
    links: tuple[tuple[str, str, Link], ...]
    hardware: tuple[Node, ...] = ()

    if TYPE_CHECKING:  # names in place of nodes are kept, so the fields are narrower than what is taken

        def __init__(
            self,
            nodes: Iterable[str | Node],
            links: Iterable[tuple[str, str, Link]],
            hardware: Iterable[Node] = (),
        ) -> None: ...

    def __post_init__(self) -> None:
        described = [*(node for node in self.nodes if isinstance(node, Node)), *self.hardware]
        names_given = (node.name if isinstance(node, Node) else node for node in self.nodes)
        object.__setattr__(self, "nodes", tuple(names_given))
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
        self._set_hardware(described)

    def _set_hardware(self, described: Sequence[Node]) -> None:
        """Store the known hardware in the order of the nodes."""
        known: dict[str, Node] = {}
        for node in described:
            if not isinstance(node, Node) or node.name not in self.nodes:
                raise ParameterError(
                    f"hardware describes nodes of the network, {', '.join(self.nodes)}; got {node!r}"
                )
            if known.setdefault(node.name, node) != node:
                raise ParameterError(
                    f"node {node.name} is described twice: {known[node.name]!r} and {node!r}"
                )
        kept = (known[name] for name in self.nodes if name in known)
        object.__setattr__(self, "hardware", tuple(node for node in kept if node != Node(node.name)))

    def node(self, name: str) -> Node:
        """Return the hardware of a node; a node whose hardware is unknown has no limits."""
        if name not in self._near:
            raise ParameterError(f"there is no node {name!r}; there are {', '.join(self.nodes)}")
        return next((node for node in self.hardware if node.name == name), Node(name))

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

    def route(self, first: str, last: str, by: str = "links") -> Network:
        """Return the best chain between two nodes.

        With a route, protocols over a chain run over any network: the stations on the way swap, and all other nodes stay
        unused.

        Args:
            first: The node where the chain begins.
            last: The node where it ends.
            by: ``links`` (fewest links, and among those the greatest product of fidelities), ``fidelity`` (greatest fidelity of
                the swapped pair), or ``rate`` (least sum of the seconds for a pair of each link); see ``programs.routes``.

        Raises:
            ParameterError: If a node is unknown, both nodes are the same, no path joins them, or ``by`` is ``rate`` and a link
                has no length.
            UnknownNameError: If ``by`` is something else.

        Example:
            >>> square = Network.from_edges([("a", "b"), ("b", "c"), ("c", "d"), ("d", "a"), ("d", "e")])
            >>> square.route("a", "e").path()
            ('a', 'd', 'e')
        """
        _ = self.node(first), self.node(last)
        if first == last:
            raise ParameterError(f"a route joins two nodes, got {first!r} twice")
        path = best_path(self.links, first, last, by)
        if not path:
            raise ParameterError(f"no path joins {first} and {last}; the links are {self._listed()}")
        return self._along(path)

    def _along(self, path: Sequence[str]) -> Network:
        """Return the chain over these nodes."""
        links = [(a, b, self.link(a, b)) for a, b in pairwise(path)]
        return Network(path, links, [node for node in self.hardware if node.name in path])

    def draw(self, ax: Axes | None = None) -> Axes:
        """Draw the nodes and their links, with each link's fidelity, and return the Matplotlib axes."""
        from qnet_circuits.plotting.network import plot_network

        return plot_network(self, ax)

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
    def grid(cls, rows: int, columns: int, link: Link | None = None) -> Network:
        """Return a square lattice of at least two nodes and of equal links; ``r2c1`` is the first node of the second row.

        Example:
            >>> Network.grid(2, 2).links[0][:2], Network.grid(3, 3).hops
            (('r1c1', 'r1c2'), 12)
        """
        places = list(
            product(range(1, check_count("rows", rows) + 1), range(1, check_count("columns", columns) + 1))
        )
        name = {(r, c): f"r{r}c{c}" for r, c in places}
        near = [(a, b) for a in places for b in ((a[0], a[1] + 1), (a[0] + 1, a[1])) if b in name]
        return cls(name.values(), [(name[a], name[b], link or Link()) for a, b in near])

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
        known = {node.name: node.to_dict() for node in self.hardware}
        links = [[a, b, link.to_dict()] for a, b, link in self.links]
        return {"nodes": [known.get(name, name) for name in self.nodes], "links": links}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Network:
        """Make a network of its plain form, or raise ParameterError."""
        try:
            if set(plain) != {"nodes", "links"} or isinstance(plain["nodes"], str):
                raise TypeError("it has the keys nodes, a list, and links, and no others")
            links = tuple((a, b, Link.from_dict(link)) for a, b, link in plain["links"])
            nodes = [Node.from_dict(node) if isinstance(node, Mapping) else node for node in plain["nodes"]]
            return cls(nodes, links)
        except ParameterError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ParameterError(
                'a network is {"nodes": [names], "links": [[node, node, {"fidelity": F}]]}, '
                f"got {reprlib.repr(plain)} ({error})"
            ) from None

    def to_json(self) -> str:
        """Return the network as JSON text, for a file that ``from_json`` reads.

        A node is its name, or an object with the fields of ``Node``; a link is [node, node, object with the fields of
        ``Link``].

        Example:
            >>> print(Network.two_nodes(Link(length_km=20, efficiency=0.5)).to_json())
            {
              "nodes": [
                "alice",
                "bob"
              ],
              "links": [
                [
                  "alice",
                  "bob",
                  {
                    "length_km": 20.0,
                    "attenuation_db_per_km": 0.2,
                    "source_fidelity": 1.0,
                    "efficiency": 0.5,
                    "scheme": "midpoint"
                  }
                ]
              ]
            }
        """
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Network:
        """Make a network of JSON text, or raise ParameterError.

        Example:
            >>> Network.from_json('{"nodes": ["alice", "bob"], "links": [["alice", "bob", {"fidelity": 0.9}]]}').hops
            1
        """
        try:
            plain = json.loads(text)
        except (TypeError, ValueError) as error:
            raise ParameterError(f"a network is read from JSON text; {error}") from None
        return cls.from_dict(plain)


def _each(link: Link | Sequence[Link] | None, count: int) -> tuple[Link, ...]:
    """Return one link for each of ``count`` places."""
    if link is None or isinstance(link, Link):
        return (link or Link(),) * count
    links = tuple(link)
    if len(links) != count:
        raise ParameterError(f"one link or {count} links are needed, got {len(links)}")
    return links
