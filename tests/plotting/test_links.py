import itertools
import math
from dataclasses import replace

import matplotlib.pyplot as plt
import pytest

import qnet_circuits as qn
from qnet_circuits.backends.registry import device_of
from qnet_circuits.errors import ParameterError
from qnet_circuits.plotting.chip import chip_places
from qnet_circuits.plotting.links import plot_links
from qnet_circuits.plotting.style import LINK_COLOUR
from qnet_circuits.theory.estimate import Estimate
from tests.plotting.pictures import check_legible, texts, with_gid


def edges_of(device):
    return sorted(tuple(sorted(pair)) for pair in device_of(device).calibration.couplings)


@pytest.mark.parametrize(
    "device",
    [
        "fake_torino",
        "fake_kingston",
        "fake_nighthawk",
        "fake_brisbane",
        "fake_manila",
        "fake_lagos",
        "fake_hanoi",
    ],
)
def test_neighbours_stand_beside_each_other_on_lattices(device):
    edges = edges_of(device)
    places = chip_places(edges)
    assert set(places) == {qubit for edge in edges for qubit in edge}
    assert len(set(places.values())) == len(places)
    assert {math.dist(places[a], places[b]) for a, b in edges} == {1.0}


def test_chips_that_are_numbered_otherwise_are_drawn_by_distance():
    ring = [(0, 3), (3, 1), (1, 4), (4, 2), (2, 0)]
    places = chip_places(ring)
    lengths = [math.dist(places[a], places[b]) for a, b in ring]
    apart = [math.dist(places[a], places[b]) for a, b in itertools.combinations(range(5), 2)]
    assert sum(lengths) / 5 == pytest.approx(1.0)
    assert min(apart) > 0.5 and max(apart) > 1.3


def test_parts_that_no_coupling_joins_stand_below_each_other():
    places = chip_places([(0, 1), (5, 6)])
    assert {y for _, y in (places[0], places[1])} != {y for _, y in (places[5], places[6])}


def some(**fidelities):
    figures = {
        f"fidelity_{name}": Estimate(value, value - 0.01, value + 0.01, 0.95, "made up", 100)
        for name, value in fidelities.items()
    }
    about = {"protocol": "link-benchmark", "backend": "aer:fake_manila"}
    return qn.Result(figures, provenance=about, notes=("simulated on fake_manila's calibration",))


def test_links_have_the_colours_of_their_fidelities_and_the_title_says_simulated():
    ax = plot_links(some(**{"0_1": 0.96, "1_2": 0.81, "2_3": 0.505, "3_4": 0.2}))
    links, unproven = with_gid(ax, "link"), with_gid(ax, "unproven")
    assert [list(line.get_xdata()) for line in links] == [[0, 1], [1, 2]]
    assert [list(line.get_xdata()) for line in unproven] == [[2, 3], [3, 4]]
    colours = plt.get_cmap("viridis")
    assert links[0].get_color() == colours((0.96 - 0.8) / 0.2)
    assert links[1].get_color() == colours((0.81 - 0.8) / 0.2)
    assert all(line.get_color() == LINK_COLOUR and line.get_linestyle() == "--" for line in unproven)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["no entanglement proven"]
    assert texts(ax) == ["0", "1", "2", "3", "4"]
    assert ax.get_title() == "link-benchmark on aer:fake_manila (simulated)"
    assert ax.figure.axes[1].get_ylabel() == "Bell fidelity"
    check_legible(ax)


def test_swapped_pairs_colour_the_middle_of_their_lines():
    ax = qn.plot_links(some(**{"0_1_2_3": 0.9, "1_2_3_4": 0.7}))
    assert [list(line.get_xdata()) for line in with_gid(ax, "link")] == [[1, 2], [2, 3]]
    assert [list(line.get_xdata()) for line in with_gid(ax, "unmeasured")] == [[0, 1], [3, 4]]


def test_a_whole_chip_is_legible_and_is_what_its_result_plots():
    edges = edges_of("fake_torino")
    result = some(**{f"{a}_{b}": 0.6 + 0.3 * (k / len(edges)) for k, (a, b) in enumerate(edges)})
    ax = result.plot()
    assert len(with_gid(ax, "link")) == len(edges) == 150
    assert len(texts(ax)) == 133 and ax.get_legend() is None
    check_legible(ax)


def test_few_links_are_plotted_one_by_one():
    assert [label.get_text() for label in some(**{"0_1": 0.9}).plot().get_xticklabels()] == ["fidelity_0_1"]


def test_a_result_without_links_is_refused():
    with pytest.raises(ParameterError, match="links"):
        plot_links(qn.run(qn.RepeaterChain(hops=1), shots=10, seed=1))


@pytest.fixture(scope="module")
def torino():
    """Links of all couplings of a device that work, but one."""
    failed = device_of("fake_torino").calibration.failed_couplings
    edges = [edge for edge in edges_of("fake_torino") if frozenset(edge) not in failed and edge != (0, 1)]
    found = some(**{f"{a}_{b}": 0.9 for a, b in edges})
    return replace(found, provenance={**found.provenance, "backend": "exact:fake_torino"})


def test_what_failed_is_crossed_out_and_what_was_not_measured_is_grey(torino):
    ax = plot_links(torino)
    calibration = device_of("fake_torino").calibration
    crosses = len(with_gid(ax, "failed")) // 2
    assert crosses == len(calibration.failed_couplings) + len(calibration.failed_qubits) == 12
    assert len(with_gid(ax, "unmeasured")) == len(calibration.failed_couplings) + 1
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["failed calibration", "not measured"]
    assert "12 couplings of the device not measured; 11 failed couplings" in qn.alt_text(ax)
    check_legible(ax)


def test_a_device_can_be_given():
    found = replace(some(**{"0_1": 0.9, "1_2": 0.9}), provenance={"backend": "ibm:ibm_somewhere"})
    assert len(texts(plot_links(found))) == 3
    assert len(texts(plot_links(found, device=qn.line_device(5)))) == 5


@pytest.mark.parametrize("hops", [2, 10, 30])
def test_the_place_of_a_run_is_drawn_on_the_chip(torino, hops):
    row = [*range(14, -1, -1), 15, 19, *range(20, 34), 37, *range(52, 37, -1), 53, 57, *range(58, 72)]
    chain = row[: 2 * hops]
    run = qn.Result({}, provenance={"layout": [chain, chain]})
    ax = plot_links(torino, placed=chain if hops == 2 else run)
    assert len(with_gid(ax, "placed qubit")) == 2 * hops and len(with_gid(ax, "placed")) == 2 * hops - 1
    check_legible(ax)


@pytest.mark.parametrize("placed", [[0, 200], [], qn.Result({})])
def test_a_place_elsewhere_is_refused(torino, placed):
    with pytest.raises(ParameterError, match="placed="):
        plot_links(torino, placed=placed)
    assert not plt.get_fignums()
