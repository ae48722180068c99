import json

import pytest

import qnet_circuits as qn
from qnet_circuits.errors import ParameterError
from qnet_circuits.programs.network import Link, Network


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
