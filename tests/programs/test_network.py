import json
from itertools import pairwise

import numpy as np
import pytest
import rustworkx

import qnet_circuits as qn
from qnet_circuits.errors import ParameterError
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.node import Node
from qnet_circuits.qkd.tapping import tapped
from qnet_circuits.theory import bell_diagonal
from qnet_circuits.theory.swapping import chain_weights


def test_link_weights():
    assert Link(fidelity=0.97).weights == pytest.approx((0.97, 0.01, 0.01, 0.01))
    assert sum(Link(fidelity=0.9).weights) == pytest.approx(1, abs=1e-12)
    assert Link(pauli=(0.9, 0, 0, 0.1)).weights == (0.9, 0, 0, 0.1)
    assert Link().ideal
    assert not Link(0.9).ideal


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Link(fidelity=1.2), r"link fidelity must be in \[0.25, 1\], got 1.2"),
        (lambda: Link(fidelity=float("nan")), "link fidelity must be in"),
        (lambda: Link(fidelity="high"), "fidelity .*'high'"),
        (lambda: Link(fidelity=0.9, pauli=(1, 0, 0, 0)), "fidelity or pauli"),
        (lambda: Link(pauli=(0.9, 0.2, 0, 0)), "pauli"),
        (lambda: Link(pauli=(1.1, -0.1, 0, 0)), "pauli"),
        (lambda: Link.from_dict({"fidelty": 0.9}), "fidelty"),
        (lambda: Link(fidelity=0.9, length_km=20), "fidelity and length_km"),
        (lambda: Link(pauli=(1, 0, 0, 0), length_km=20), "pauli and length_km"),
        (lambda: Link(scheme="sender"), "scheme .*length_km"),
        (lambda: Link(0.9, efficiency=0.5), "efficiency .*length_km"),
        (lambda: Link(length_km=0), "length_km"),
        (lambda: Link(length_km="far"), "'far'"),
        (lambda: Link(length_km=20, scheme="pigeon"), "'pigeon'"),
        (lambda: Link(length_km=20, efficiency=0), "never succeeds"),
        (lambda: Link(length_km=20, scheme="single-click"), "source_fidelity below 1"),
        (lambda: Link(0.9).success, r"Link\(fidelity=0.9\) has no length_km"),
        (lambda: Node(" alice"), "' alice'"),
        (lambda: Node("alice", memory_t1=1, memory_t2=2.5), "T2 .* 2 T1.*2.5 s"),
        (lambda: Node("alice", memory_t2=0), "greater than 0"),
        (lambda: Node("alice", communication=0), "communication of node alice"),
        (lambda: Node("alice", memories=1.5), "memories of node alice"),
        (lambda: Node.from_dict({"name": "alice", "memory": 3}), "memory$"),
        (lambda: Node.from_dict({"memories": 3}), "no name"),
        (lambda: Network(("a", "b"), (), (Node("c", data=1),)), r"Node\(name='c', data=1\)"),
        (lambda: Network(("a", Node("b", data=1)), (), (Node("b", data=2),)), "b is described twice"),
        (lambda: Network((Node("a", data=1), "a"), ()), "node names .* a, a$"),
        (lambda: Network.two_nodes().node("carol"), "'carol'"),
        (lambda: Network.from_json("{"), "JSON"),
        (lambda: Network.from_json("3"), "a network is"),
        (lambda: Network.from_json('{"nodes": ["a", {"name": "b", "t2": 1}], "links": []}'), "t2"),
        (lambda: Network.from_json('{"nodes": ["a", "b"], "links": [["a", "b", {"length": 3}]]}'), "length"),
        (lambda: Network.from_json('{"nodes": ["a", "b"], "links": [["a", "b", 0.9]]}'), "a network is"),
        (lambda: Network.from_edges([("alice", "")]), "''"),
        (lambda: Network.from_edges([("alice", "bob ")]), "'bob '"),
        (lambda: Network.from_edges([("alice", "bob\n1")]), r"'bob\\n1'"),
        (lambda: Network.from_edges([("alice", 3)]), "got 3"),
        (lambda: Network(("alice",), ()), "2 nodes.* 1$"),
        (lambda: Network(("a", "a"), ()), "node names .* a, a$"),
        (lambda: Network(("a", "b"), (("a", "c", Link()),)), "'a', 'c'"),
        (lambda: Network(("a", "b"), (("a", "b", Link()), ("b", "a", Link()))), "b and a"),
        (lambda: Network.chain(0), "hops .* 1, .* 0$"),
        (lambda: Network.chain(2.5), r"hops .*2\.5$"),
        (lambda: Network.chain(2, [Link()]), "2 links.* 1$"),
        (lambda: Network.chain(2).link("alice", "bob"), "alice and bob"),
        (lambda: Network.star(3).path(), "centre"),
        (lambda: Network.from_dict({"nodes": ["a", "b"]}), "a network is"),
        (lambda: Network.from_dict({"nodes": ["a", "b"], "links": [["a", "b"]]}), "a network is"),
        (lambda: Network.from_dict({"nodes": "ab", "links": [["a", "b", {}]]}), "a network is"),
        (lambda: Network.from_dict({"nodes": ["a", "b"], "links": [], "extra": 3}), "a network is"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


def test_shapes():
    assert Network.chain(3).nodes == ("alice", "station1", "station2", "bob")
    assert Network.chain(3).path() == ("alice", "station1", "station2", "bob")
    assert Network.star(2).nodes == ("centre", "party1", "party2")
    assert Network.two_nodes().hops == 1
    assert Network.star(3).neighbours("centre") == ("party1", "party2", "party3")


def test_plain_form_and_repr_make_it_again():
    network = Network.chain(2, [Link(0.9), Link(pauli=(0.5, 0.5, 0, 0))])
    assert Network.from_dict(network.to_dict()) == network
    assert eval(repr(network)) == network


def test_a_link_over_a_distance():
    link = Link(length_km=50, efficiency=0.5, source_fidelity=0.9)
    assert link.scheme == "midpoint" and link.attenuation_db_per_km == 0.2
    assert link.success == pytest.approx(0.5 * 0.25 * 0.1, rel=1e-12)
    assert link.period_s == pytest.approx(2.5e-4, rel=1e-12)
    assert link.weights[0] == pytest.approx(0.9**2 + 0.1**2 / 3, abs=1e-12)
    assert Network.chain(2, link).weights[0] < link.weights[0]
    assert Link(length_km=50).ideal and not link.ideal


def test_a_circuit_begins_with_the_heralded_pair():
    link = Link(length_km=20, scheme="single-click", source_fidelity=0.9, efficiency=0.1)
    found = qn.predict(qn.RepeaterChain(network=Network.chain(2, link)))
    expected = sum(weight**2 for weight in link.weights)
    assert found.fidelity.value == pytest.approx(expected, abs=1e-9)


def test_plain_forms_of_before_stay_readable():
    plain = {"nodes": ["alice", "bob"], "links": [["alice", "bob", {"fidelity": 0.9}]]}
    assert Network.from_dict(plain) == Network.two_nodes(Link(0.9))
    assert Network.two_nodes(Link(0.9)).to_dict() == plain
    assert Link(pauli=(0.5, 0.5, 0, 0)).to_dict() == {"pauli": [0.5, 0.5, 0.0, 0.0]}


def test_nodes_with_hardware():
    known = Node("station1", communication=2, memories=2, memory_t1=2.0, memory_t2=0.5)
    chain = Network.chain(2, Link(length_km=np.float64(20)))
    network = Network(("alice", known, Node("bob")), chain.links)
    assert network.nodes == chain.nodes and network.path() == chain.path()
    assert network.node("station1") is known and network.node("alice") == Node("alice")
    assert network.hardware == (known,) and network != chain
    assert Network(chain.nodes, chain.links, (known,)) == network
    assert eval(repr(network)) == network == Network.from_json(network.to_json())
    assert "bob" in network.to_dict()["nodes"]
    longer = Network((*network.nodes, "carol"), (*network.links, ("bob", "carol", Link())), network.hardware)
    assert longer.route("bob", "alice").node("station1") is known
    assert longer.route("bob", "carol").hardware == ()
    assert tapped(network, 0).node("station1") is known


def test_a_route_has_the_fewest_links_and_among_those_the_best():
    good, bad = Link(fidelity=0.99), Link(fidelity=0.9)
    network = Network.from_edges(
        [
            ("alice", "north", bad), ("north", "bob", good), ("alice", "south", good), ("south", "bob", good),
            ("alice", "west", good), ("west", "far", good), ("far", "bob", Link()),
        ]
    )  # fmt: skip
    route = network.route("alice", "bob")
    assert route == Network.from_edges([("alice", "south", good), ("south", "bob", good)])
    assert route.hops == 2 and network.route("bob", "alice").path() == ("bob", "south", "alice")
    assert network.route("far", "bob").links == (("far", "bob", Link()),)


def test_the_best_route_is_found_whatever_the_order_in_which_nodes_are_met():
    """Two stations on the way, and a detour of the same length that begins badly and ends well."""
    edges = [
        ("a", "b1", Link(0.9)), ("a", "b2", Link(0.8)), ("b1", "c", Link(0.8)), ("b2", "c", Link(0.95)),
        ("c", "d", Link(0.9)),
    ]  # fmt: skip
    assert Network.from_edges(edges).route("a", "d").path() == ("a", "b2", "c", "d")
    worse = [*edges[:3], ("b2", "c", Link(0.85)), edges[4]]
    assert Network.from_edges(worse).route("a", "d").path() == ("a", "b1", "c", "d")


def test_routes_by_fidelity_and_by_rate_are_the_best_of_all_paths(rng):
    """On a grid of links of any kind, whatever a search of all paths finds."""
    for _ in range(10):
        links = [
            (a, b, Link(length_km=rng.uniform(5, 40), source_fidelity=rng.uniform(0.9, 1), scheme="sender"))
            for a, b, _ in Network.grid(3, 3).links
        ]
        network = Network.from_edges(links)
        graph = rustworkx.PyGraph(multigraph=False)
        graph.add_nodes_from(network.nodes)
        graph.add_edges_from([(network.nodes.index(a), network.nodes.index(b), link) for a, b, link in links])
        first, last = network.nodes.index("r1c1"), network.nodes.index("r3c3")
        paths = [
            [graph.get_edge_data(*pair) for pair in pairwise(path)]
            for path in rustworkx.all_simple_paths(graph, first, last)
        ]
        assert len(paths) == 12
        best = max(bell_diagonal.fidelity(chain_weights([link.weights for link in path])) for path in paths)
        route = network.route("r1c1", "r3c3", by="fidelity")
        assert bell_diagonal.fidelity(route.weights) == pytest.approx(best, abs=1e-12)
        least = min(sum(link.period_s / link.success for link in path) for path in paths)
        route = network.route("r1c1", "r3c3", by="rate")
        assert sum(link.period_s / link.success for *_, link in route.links) == pytest.approx(least)


def test_equally_good_routes_have_the_fewest_links():
    edges = [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")]
    assert Network.from_edges(edges).route("a", "d", by="fidelity").hops == 1


def test_grids():
    grid = Network.grid(2, 3, Link(0.9))
    assert grid.nodes == ("r1c1", "r1c2", "r1c3", "r2c1", "r2c2", "r2c3") and grid.hops == 7
    assert grid.neighbours("r1c2") == ("r1c1", "r1c3", "r2c2") and grid.link("r2c3", "r1c3") == Link(0.9)
    assert Network.grid(1, 2).hops == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Network.grid(1, 1), "at least 2 nodes"),
        (lambda: Network.grid(0, 3), "rows"),
        (lambda: Network.chain(1).route("alice", "bob", by="luck"), "'luck'"),
        (lambda: Network.chain(1).route("alice", "bob", by="rate"), "alice-bob has none"),
    ],
)
def test_grids_and_criteria_are_checked(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


@pytest.mark.parametrize(
    ("ends", "message"),
    [(("a", "z"), "'z'"), (("a", "a"), "'a'"), (("a", "c"), "a and c")],
)
def test_there_is_no_such_route(ends, message):
    network = Network.from_edges([("a", "b"), ("c", "d")])
    with pytest.raises(ParameterError, match=message):
        network.route(*ends)


def test_nodes_are_called_as_people_call_them(tmp_path):
    odd = Network.from_edges([("Alice's lab", "class [x]: a, b"), ("class [x]: a, b", '0 naïve "q" <b>&')])
    assert Network.from_dict(json.loads(json.dumps(odd.to_dict()))) == odd
    values = {}
    for key, network in (("odd", odd), ("plain", Network.chain(2))):
        protocol = qn.RepeaterChain(network=network)
        qn.run(
            protocol,
            "aer:fake_manila",
            corrections="feedforward",
            shots=50,
            seed=1,
            predict=False,
            path=tmp_path / key,
        )
        found = qn.open_run(tmp_path / key).result()
        assert list(found.resources["qubits_per_node"]) == list(network.nodes)
        values[key] = found.to_dict()["figures"]
    assert values["odd"] == values["plain"]
