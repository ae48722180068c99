import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.errors import ParameterError
from qnet_circuits.plotting.rates import plot_rates
from qnet_circuits.plotting.style import PAPER
from qnet_circuits.programs.link import Link
from qnet_circuits.repeaters.rates import rates_over_distance
from tests.plotting.pictures import check_legible, with_gid

LENGTHS = [50, 150, 250, 800]


@pytest.fixture(scope="module")
def table():
    link = Link(length_km=1, scheme="sender", efficiency=0.3)
    return rates_over_distance(LENGTHS, [0, 1, 3], link, memory_t2=0.2, rounds=300, seed=2)


def _line(ax, gid):
    (line,) = with_gid(ax, gid)
    return line.get_xdata(), line.get_ydata()


@pytest.mark.parametrize("quantity", ["key_per_use", "key_per_second", "pairs_per_second", "fidelity"])
def test_lines_show_the_rates(table, quantity):
    ax = plot_rates(table, quantity)
    for stations, name in ((0, "direct link"), (1, "1 station"), (3, "3 stations")):
        values = [getattr(each, quantity).value for each in table[stations]]
        xs, ys = _line(ax, name)
        assert list(xs) == [length for length, value in zip(LENGTHS, values, strict=True) if value > 0]
        assert list(ys) == [value for value in values if value > 0]
    assert ax.get_yscale() == ("linear" if quantity == "fidelity" else "log")
    assert "direct link from" in qn.alt_text(ax) and "over 50 to 800 km" in qn.alt_text(ax)
    check_legible(ax)


def test_bound_and_what_lies_above_it(table):
    ax = plot_rates(table)
    xs, ys = _line(ax, "plob")
    assert list(xs) == LENGTHS
    assert ys == pytest.approx([-np.log2(1 - 10 ** (-0.02 * length)) for length in LENGTHS], rel=1e-6)
    assert with_gid(ax, "direct link below")[0].get_markerfacecolor() == PAPER
    below, _ = _line(ax, "direct link below")
    assert list(below) == LENGTHS
    below, _ = _line(ax, "3 stations below")
    assert list(below) == [
        each.length_km for each in table[3] if not each.beats_plob and each.key_per_use.value
    ]
    assert any(each.beats_plob for each in table[3])
    assert not with_gid(plot_rates(table, "fidelity"), "plob")


@pytest.mark.one_in(2)
@pytest.mark.parametrize("stations", [2, 10, 30, 100])
def test_any_number_of_stations_is_legible(table, stations):
    ax = plot_rates({k: table[3] for k in range(stations)})
    assert len(with_gid(ax, "stations=9")) == (stations > 9)
    check_legible(ax)


def test_intervals_are_drawn(table):
    ax = plot_rates(table, "pairs_per_second")
    (band,) = with_gid(ax, "1 station interval")
    box = band.get_datalim(ax.transData)
    found = [each.pairs_per_second for each in table[1]]
    assert (box.y0, box.y1) == pytest.approx(
        (min(each.low for each in found), max(each.high for each in found))
    )


def test_bad_input(table):
    with pytest.raises(ParameterError, match="'speed'"):
        plot_rates(table, "speed")
    with pytest.raises(ParameterError, match="no rates"):
        plot_rates({})
