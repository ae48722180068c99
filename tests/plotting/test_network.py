import itertools

import matplotlib.pyplot as plt
import pytest
from matplotlib.axes import Axes

import qnet_circuits as qn
from qnet_circuits.plotting.network import chain_order, plot_network, star_centre
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.network import Network
from tests.plotting.pictures import check_legible, texts, with_gid

COMPLETE = Network.from_edges(itertools.combinations("abcde", 2))
RING = Network.from_edges([("north_station", "b"), ("b", "c"), ("c", "north_station")])
NETWORKS = {
    "two": Network.two_nodes(Link(fidelity=0.5)),
    "chain3": Network.chain(3, [Link(fidelity=0.97), Link(fidelity=0.9), Link()]),
    "chain8": Network.chain(8),
    "chain2": Network.chain(2),
    "chain10": Network.chain(10),
    "chain30": Network.chain(30),
    "chain100": Network.chain(100),
    "star5": Network.star(5, Link(fidelity=0.95)),
    "star12": Network.star(12),
    "star2": Network.star(2),
    "complete": COMPLETE,
    "ring": RING,
    "grid": Network.grid(3, 4, Link(fidelity=0.99)),
    "signs": Network.from_edges([(r"a $\frac$ b", "R $1$"), ("R $1$", "c d")]),
    "ring40": Network.from_edges([(f"n{k}", f"n{(k + 1) % 40}") for k in range(40)]),
    "apart": Network(("a", "b", "c"), (("b", "c", Link()),)),
}


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", NETWORKS)
def test_nodes_and_fidelities_are_shown_and_legible(name):
    network = NETWORKS[name]
    ax = plot_network(network)
    assert isinstance(ax, Axes)
    fidelities = [f"F = {link.weights[0]:.3f}" for _, _, link in network.links]
    shown = [text for text in texts(ax) if text.startswith("F = ")]
    assert sorted({*texts(ax)} - {*shown}) == sorted(network.nodes)
    # Of the forty of a ring, some have no room.
    assert sorted(shown) == sorted(fidelities) or name == "ring40"
    assert len(with_gid(ax, "link")) == network.hops
    check_legible(ax)


def _place(ax, text):
    return next(found.get_position() for found in ax.texts if found.get_text() == text)


def test_chain_is_a_row_in_order():
    network = Network.from_edges([("b", "a"), ("b", "c"), ("c", "d")])
    ax = plot_network(network)
    places = [_place(ax, node) for node in "abcd"]
    assert len({y for _, y in places}) == 1
    assert [x for x, _ in places] == sorted(x for x, _ in places)


def test_star_is_around_its_centre():
    network = Network.star(5)
    ax = plot_network(network)
    assert _place(ax, "centre") == (0, 0)
    radii = {round(x * x + y * y, 9) for x, y in (_place(ax, f"party{k}") for k in range(1, 6))}
    assert len(radii) == 1


def test_grid_is_a_grid():
    """So that no two links cross."""
    network = Network.grid(3, 4)
    ax = plot_network(network)
    places = {node: _place(ax, node) for node in network.nodes}
    xs, ys = (sorted({round(place[axis], 9) for place in places.values()}) for axis in (0, 1))
    assert len(xs) == 4 and len(ys) == 3
    step = xs[1] - xs[0]
    assert places["r1c1"] == pytest.approx((xs[0], ys[-1])) and places["r3c4"] == pytest.approx(
        (xs[-1], ys[0])
    )
    for a, b, _ in network.links:
        assert sum(abs(places[a][axis] - places[b][axis]) for axis in (0, 1)) == pytest.approx(step)


def test_fidelity_stands_nearest_to_its_own_link():
    network = Network.chain(3, [Link(fidelity=0.97), Link(fidelity=0.9), Link()])
    ax = plot_network(network)
    for a, b, link in network.links:
        middle = (_place(ax, a)[0] + _place(ax, b)[0]) / 2
        assert _place(ax, f"F = {link.weights[0]:.3f}")[0] == pytest.approx(middle)


def test_pauli_link_shows_its_weight_of_identity():
    assert "F = 0.800" in texts(plot_network(Network.two_nodes(Link(pauli=(0.8, 0.1, 0, 0.1)))))


def test_shapes_are_told_apart():
    assert chain_order(NETWORKS["star5"]) == ()
    assert chain_order(RING) == ()
    # Two ends and as many links as a chain, yet a ring and a pair.
    apart = Network.from_edges([("a", "b"), ("c", "d"), ("d", "e"), ("e", "c")])
    assert chain_order(apart) == ()
    assert star_centre(NETWORKS["star5"]) == "centre"
    assert star_centre(NETWORKS["chain8"]) is None


def test_given_axes_are_used_and_network_draws_itself():
    figure, ax = plt.subplots()
    assert Network.chain(2).draw(ax) is ax
    assert plt.get_fignums() == [figure.number]


def test_most_of_many_nodes_around_a_centre_are_one():
    links = [Link(fidelity=0.9 + 0.001 * k) for k in range(100)]
    network = Network.from_edges([("hub", f"p{k}", link) for k, link in enumerate(links)])
    ax = plot_network(network)
    assert {"hub", "p0", "p9", "89\nmore", "p99", "F = 0.910\nto 0.998"} <= {*texts(ax)}
    assert len(with_gid(ax, "link")) == 12
    assert "101 nodes and 100 links" in qn.alt_text(ax) and "F = 0.900 to 0.999" in qn.alt_text(ax)
    check_legible(ax)


def test_long_names_are_continued_on_a_new_line():
    network = Network.from_edges([("the observatory on the southern hill", "a"), ("a", "b")])
    ax = plot_network(network)
    assert "the observatory on\nthe southern hill" in texts(ax)
    check_legible(ax)
