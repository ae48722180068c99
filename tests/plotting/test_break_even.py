from dataclasses import replace

import pytest

from qnet_circuits.errors import ParameterError, UnknownNameError
from qnet_circuits.plotting.break_even import plot_break_even
from qnet_circuits.theory.bell_diagonal import werner
from qnet_circuits.theory.break_even import break_even
from qnet_circuits.theory.noise_parameters import NoiseParameters
from tests.plotting.pictures import check_legible, texts, with_gid


@pytest.fixture(scope="module")
def places():
    noise = NoiseParameters(gate_error=0.01, readout_error=0.01)
    return break_even([1, 2, 4], [0.5, 2.0], werner(0.98), noise)


@pytest.mark.parametrize("quantity", ["fidelity", "pairs"])
def test_fields_show_who_wins(places, quantity):
    ax = plot_break_even(places[::-1], quantity)
    won = {(each.hops, each.scale) for each in places if each.gain(quantity) > 0}
    shown = {
        ([1, 2, 4][round(field.get_x() + 0.5)], [0.5, 2.0][round(field.get_y() + 0.5)])
        for field in with_gid(ax, "encoded")
    }
    assert shown == won
    assert len(with_gid(ax, "encoded")) + len(with_gid(ax, "other")) == 6
    assert 0 < len(won) < 6
    assert sorted(texts(ax)) == sorted(f"{each.encoded.acceptance:.0%}" for each in places)
    check_legible(ax)


def test_a_line_runs_where_the_winner_changes(places):
    """With perfect links of one hop the contenders draw; from two hops on the code wins here."""
    lines = with_gid(plot_break_even(places), "border")
    assert [list(line.get_xdata()) for line in lines] == [[0.5, 0.5]] * 2


def test_what_is_refused(places):
    with pytest.raises(UnknownNameError, match="speed"):
        plot_break_even(places, "speed")
    with pytest.raises(ParameterError, match="nothing to draw"):
        plot_break_even([])


@pytest.mark.parametrize("count", [2, 10, 30, 100])
def test_any_number_of_links_is_legible(places, count):
    ax = plot_break_even(
        [replace(places[0], hops=hops, scale=scale) for hops in range(1, count + 1) for scale in (1, 2)]
    )
    assert len(texts(ax)) == (2 * count if count <= 12 else 0)
    check_legible(ax)
