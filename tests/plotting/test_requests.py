import matplotlib.pyplot as plt
import pytest

import qnet_circuits as qn
from qnet_circuits.errors import ParameterError
from qnet_circuits.plotting.requests import plot_requests
from tests.plotting.pictures import check_legible

STAR = qn.Network.star(4, qn.Link(length_km=20, scheme="sender", efficiency=0.5))
ASKED = [qn.Request("party1", "party2", 2), qn.Request("party3", "party4", deadline_s=2.1e-4)]
FOUND = qn.serve_requests(STAR, ASKED, rounds=200, seed=1)


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def marks(ax):
    """Return the values that each series shows."""
    return [list(each.lines[0].get_xdata()) for each in ax.containers]


def test_marks_stand_at_the_values_with_their_intervals():
    ax = plot_requests(FOUND)
    assert marks(ax) == [[each.pairs_per_second.value for each in FOUND]]
    (bars,) = ax.containers[0].lines[2]
    ends = [[point[0] for point in segment] for segment in bars.get_segments()]
    for each, drawn in zip(FOUND, ends, strict=True):
        assert drawn == pytest.approx([each.pairs_per_second.low, each.pairs_per_second.high])
    check_legible(ax)
    assert ax.get_xlim()[0] == 0 and ax.get_ylim()[0] > ax.get_ylim()[1]


def test_what_has_no_value_is_said_to_have_none():
    ax = plot_requests(FOUND, "latency_s")
    assert FOUND[1].latency_s is None
    assert marks(ax) == [[FOUND[0].latency_s.value]]
    assert [text.get_text() for text in ax.texts] == ["none"]
    assert "party3-party4 none" in qn.alt_text(ax)
    check_legible(ax)


def test_policies_stand_side_by_side():
    other = qn.serve_requests(STAR, ASKED, policy="turns", rounds=200, seed=1)
    ax = plot_requests({"first-come": FOUND, "turns": other}, "served")
    assert marks(ax) == [[each.served.value for each in row] for row in (FOUND, other)]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["first-come", "turns"]
    check_legible(ax)
    heights = [list(each.lines[0].get_ydata()) for each in ax.containers]
    assert all(one < two for one, two in zip(*heights, strict=True))


@pytest.mark.parametrize("count", [2, 10, 30, 100])
def test_any_number_of_requests_is_legible(count):
    check_legible(plot_requests({name: FOUND[:1] * count for name in ("first-come", "deadline", "turns")}))


@pytest.mark.parametrize(
    ("found", "quantity", "message"),
    [
        ((), "served", "no requests"),
        ({}, "served", "no requests"),
        (FOUND, "luck", "'luck'"),
        ({"a": FOUND, "b": FOUND[:1]}, "served", "the same"),
    ],
)
def test_bad_input(found, quantity, message):
    with pytest.raises(ParameterError, match=message):
        plot_requests(found, quantity)
