"""The picture of a circuit in time shows what happens when, and who waits."""

import pytest

import qnet_circuits as qn
from qnet_circuits.errors import UnknownNameError, UnsupportedError
from tests.plotting.pictures import check_legible, texts, with_gid


def bars(ax, gid):
    return sorted((bar.get_x(), bar.get_x() + bar.get_width()) for bar in with_gid(ax, gid))


def drawn(corrections, **noise):
    compiled = qn.compile(qn.Teleportation(state="+"), "aer:fake_kingston", corrections=corrections)
    return qn.plot_timeline(compiled, qn.DeviceNoise(**noise))


def test_bob_waits_for_the_message_only_if_he_decides_on_it():
    lengths = {mode: [b - a for a, b in bars(drawn(mode), "wait")] for mode in ("feedforward", "frame")}
    assert max(lengths["feedforward"]) > 1.76  # measure_2 of Kingston
    assert any(length == pytest.approx(1.5) for length in lengths["feedforward"])
    assert max(lengths["frame"]) < 1


def test_latency_is_what_lies_between_a_measurement_and_the_decision():
    for latency in (0.0, 4e-6):
        ax = drawn("feedforward", feedforward_latency=latency)
        arrows = with_gid(ax, "message")
        under_way = [arrow.xy[0] - arrow.xyann[0] for arrow in arrows]
        assert len(arrows) == 2
        assert sorted(under_way) == pytest.approx([latency * 1e6, latency * 1e6 + 0.7], abs=1e-6)


def test_rows_say_node_and_physical_qubit():
    ax = drawn("feedforward")
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert [label.split()[0] for label in labels] == ["alice[0]", "alice[1]", "bob[0]"]
    assert all(label.split()[1].startswith("q") for label in labels)
    assert ax.get_title() == "+_x on fake_kingston, corrections=feedforward"


def test_signs_of_formulas_in_names_are_signs():
    network = qn.Network.from_edges([(r"a $\frac$ b", "c")])
    ax = qn.plot_timeline(qn.compile(qn.Teleportation(network=network), "aer:fake_manila"))
    ax.figure.canvas.draw()
    assert ax.get_yticklabels()[0].get_text().startswith(r"a $\frac$ b[0]")


def test_a_circuit_is_chosen_by_name():
    compiled = qn.compile(qn.RepeaterChain(hops=2), "aer:fake_kingston")
    assert qn.plot_timeline(compiled, item="zz").get_title().startswith("zz on")
    with pytest.raises(UnknownNameError, match="'zx'"):
        qn.plot_timeline(compiled, item="zx")


@pytest.fixture(scope="module")
def chains():
    """Chains on a line, whose place is given: their compilation takes no time."""
    given = {"corrections": "feedforward", "optimization_level": 1}
    return {
        hops: qn.compile(
            qn.RepeaterChain(hops=hops), qn.line_device(2 * hops), layout=[*range(2 * hops)], **given
        )
        for hops in (2, 10, 30, 100)
    }


@pytest.mark.one_in(2)
@pytest.mark.parametrize("hops", [2, 10, 30, 100])
def test_timelines_of_any_size_are_legible(hops, chains):
    ax = qn.plot_timeline(chains[hops])
    check_legible(ax)
    assert ax.figure.get_figheight() < 6
    areas, arrows, more = (with_gid(ax, gid) for gid in ("messages", "message", "more"))
    if hops == 2:
        assert (len(areas), len(arrows), len(more)) == (0, 2, 0)
    else:
        assert (len(areas), len(arrows), len(more)) == (1, 0, 1)
        assert f"… {2 * hops - 6} more\nstation2 to station{hops - 2}" in [
            each.get_text() for each in ax.get_yticklabels()
        ]
        assert f"{2 * hops - 2} bits, 1.5 µs" in texts(ax)
    assert f"{2 * hops} qubits" in qn.alt_text(ax) and "bob[0] waits longest" in qn.alt_text(ax)


def test_the_area_of_messages_leads_from_the_last_measurement_to_the_first_decision(chains):
    (area,) = with_gid(qn.plot_timeline(chains[10]), "messages")
    (begin, first), (again, last), (end, bob), _ = area.get_xy()
    assert begin == again and end - begin == pytest.approx(1.5) and (first, last, bob) == (1, 5, 6)


def test_a_qubit_that_is_sent_has_a_row_at_each_node():
    ax = qn.plot_timeline(qn.compile(qn.BB84(), "aer:fake_manila"), item="x1_z")
    assert [label.get_text().split()[0] for label in ax.get_yticklabels()] == ["alice[0]", "bob[0]"]
    (arrow,) = with_gid(ax, "sent")
    (gate,), (measurement,) = bars(ax, "gate"), bars(ax, "measure")
    assert arrow.xy == (pytest.approx(gate[1]), 1) and arrow.xyann == (pytest.approx(measurement[0]), 0)
    assert len({bar.get_y() for gid in ("gate", "measure") for bar in with_gid(ax, gid)}) == 2
    check_legible(ax)
    check_legible(qn.plot_timeline(qn.compile(qn.BB84(hops=100), "aer:fake_manila"), item="x1_z"))


def test_a_wait_is_written_on_its_bar():
    ax = drawn("feedforward")
    longest = max(b - a for a, b in bars(ax, "wait"))
    assert f"waits {longest:.3g} µs" in texts(ax)
    check_legible(ax)


def test_a_protocol_is_no_compiled_program():
    with pytest.raises(qn.ParameterError, match="Teleportation"):
        qn.plot_timeline(qn.Teleportation())


def test_without_a_device_there_is_no_time():
    with pytest.raises(UnsupportedError, match="aer:fake_kingston"):
        qn.plot_timeline(qn.compile(qn.Teleportation()))
