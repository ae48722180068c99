"""Space-time diagrams: messages are slanted by their latency, and any number of nodes is legible."""

import pytest

import qnet_circuits as qn
from tests.plotting.pictures import check_legible, texts, with_gid


@pytest.fixture(scope="module")
def chain():
    return qn.tell(qn.RepeaterChain(hops=2), corrections="feedforward", seed=1, shots=10)


def test_messages_leave_when_measured_and_arrive_a_latency_later(chain):
    ax = chain.plot()
    (message,) = [event for event in chain.events if event.kind == "message"]
    (arrow,) = [text for text in ax.texts if text.get_gid() == "message"]
    assert arrow.xyann[1] == pytest.approx(1e6 * message.time_s) and arrow.xy[1] == pytest.approx(
        1e6 * message.end_s
    )
    assert arrow.xy[0] > arrow.xyann[0]
    low, high = sorted(ax.get_ylim())
    assert ax.get_ylim()[0] == high and low <= 0 <= 1e6 * chain.duration_s <= high
    assert any("bob hears" in text for text in texts(ax))


def test_each_lane_has_what_happens_to_its_qubit(chain):
    ax = chain.plot()
    for kind in ("measure", "link", "wait", "gate"):
        bars = [bar for bar in ax.patches if bar.get_gid() == kind]
        assert len(bars) == sum(len(event.qubits) for event in chain.events if event.kind == kind)
    assert [text for text in texts(ax) if text in ("0", "1")] == [
        str(value) for event in chain.events if event.kind == "measure" for value in event.bits.values()
    ]


def test_software_corrects_without_a_bar():
    ax = qn.tell(qn.Teleportation(state="+"), corrections="frame", seed=1, shots=10).plot()
    assert with_gid(ax, "reading") and not [bar for bar in ax.patches if bar.get_gid() == "correction"]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("hops", [1, 2, 10, 100])
def test_any_number_of_nodes_is_legible(hops):
    story = qn.tell(qn.RepeaterChain(hops=hops), corrections="feedforward", seed=1, shots=4)
    ax = story.plot()
    check_legible(ax)
    shown = [text for text in texts(ax) if text in {node.name for node in story.nodes}]
    assert len(shown) == (hops + 1 if hops < 8 else 4)
    assert any(f"{hops + 1 - 4} more" in text for text in texts(ax)) is (hops >= 8)


def test_what_is_no_story_is_refused():
    with pytest.raises(qn.ParameterError, match="story"):
        qn.plot_story(qn.Teleportation())
